#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""Links api.c as `system` links ffmpeg, and runs it. Usage: api.py FFMPEG API.C LIBMDYN.A TREE -lLIBRARY..."""
import os
import re
import subprocess
import sys

from tap import done, ok, path

source, mdyn, tree, *libs = sys.argv[2:]


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def needed(file):
    return ["-l:" + lib for lib in re.findall(r"\(NEEDED\).*\[(.*)\]", said("readelf", "-d", file)) if "libavfilter" not in lib]


libdir = said("pkg-config", "--variable=libdir", "libavfilter")
objects = [os.path.join(tree, "libavfilter", name) for name in ("allfilters.o", "af_master.o")]
r = subprocess.run(["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-no-pie", "-o", path("api"), source, *objects, libdir + "/libavfilter.a", mdyn,
                    *libs, *needed("/usr/bin/ffmpeg"), *needed(libdir + "/libavfilter.so"), "-lpthread"],
                   capture_output=True, text=True)
if r.returncode:
    ok(False, "api.c is linked", r.stderr)
    done()
sys.exit(subprocess.run([path("api")]).returncode)
