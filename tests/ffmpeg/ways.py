#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""The ways in: `integrate` on a tree, `system` where it cannot work. Usage: ways.py FFMPEG SOURCE-OF-FFMPEG/ LIBMDYN.A TREE"""
import os
import shutil
import subprocess
import sys

from tap import FFMPEG, done, ok, path

scripts, archive, tree = sys.argv[2:5]
FILES = ("configure", "libavfilter/allfilters.c", "libavfilter/Makefile")


def copy(name):
    for file in FILES:
        os.makedirs(os.path.dirname(path(f"{name}/{file}")), exist_ok=True)
        shutil.copy(os.path.join(tree, file), path(f"{name}/{file}"))
    return path(name)


def read(folder):
    return [open(os.path.join(folder, file)).read() for file in FILES]


def run(script, *args, **env):
    r = subprocess.run(["sh", os.path.join(scripts, script), *args], capture_output=True, text=True, env=dict(os.environ, **env))
    return r.returncode, r.stderr


def strip(folder):
    """The tree as it was before."""
    for file, text in zip(FILES, read(folder)):
        with open(os.path.join(folder, file), "w") as f:
            f.writelines(li for li in text.splitlines(True) if "libmdyn" not in li and "af_master" not in li)


twice = copy("twice")
ok(run("integrate", twice) == (0, "") and read(twice) == read(tree), "integrate: a second run changes nothing")
fresh = copy("fresh")
strip(fresh)
ok(read(fresh) != read(tree) and run("integrate", fresh) == (0, "") and read(fresh) == read(tree), "integrate: a fresh tree becomes the integrated one")
ok(os.path.exists(os.path.join(fresh, "libavfilter/af_master.c")), "integrate: the sources are there")
for file, anchor in ((FILES[0], "    libmp3lame\n"), (FILES[0], "sofalizer_filter_deps="), (FILES[1], "ff_af_volumedetect"), (FILES[2], "VOLUMEDETECT")):
    odd = copy("odd")
    strip(odd)
    text = open(os.path.join(odd, file)).read()
    with open(os.path.join(odd, file), "w") as f:
        f.write("".join(li for li in text.splitlines(True) if anchor not in li))
    before = read(odd)
    status, err = run("integrate", odd)
    ok(status == 1 and file in err and "anchor" in err and err.count("\n") == 1 and read(odd) == before,
       f"integrate: without {anchor.strip()} it says so in a line and writes nothing", status, err)
status, err = run("integrate", path(""))
ok(status == 1 and "no FFmpeg source tree" in err, "integrate: no tree", err)

os.makedirs(path("old"))
with open(path("old/RELEASE"), "w") as f:
    f.write("4.2\n")
status, err = run("system", path("w1"), path("o1"), archive, FFMPEG_SRC=path("old"))
ok(status == 1 and "versions differ: the source is FFmpeg 4.2" in err and err.count("\n") == 1, "system: another version is refused in a line", err)
status, err = run("system", path("w2"), path("o2"), archive, FFMPEG_SRC=path("nowhere"))
ok(status == 1 and "nowhere" in err and err.count("\n") == 1, "system: a source that is not there is refused in a line", err)
with open(path("tarball"), "w") as f:
    f.write("x")
status, err = run("system", path("w3"), path("o3"), archive, FFMPEG_SRC=path("tarball"), FFMPEG_SHA256="0" * 64)
ok(status == 1 and "SHA-256" in err and err.count("\n") == 1, "system: a tarball of another checksum is refused in a line", err)
status, err = run("system", path("w4"), path("o4"), path("libmdyn.a"))
ok(status == 1 and "libmdyn.a is missing" in err and err.count("\n") == 1, "system: a missing library is refused in a line", err)
ok(not any(os.path.exists(path(f"o{i}")) for i in (1, 2, 3, 4)), "system: nothing is left behind")
names, stock = ({li.split()[1] for li in subprocess.run([exe, "-hide_banner", "-filters"], capture_output=True, text=True).stdout.splitlines() if "->" in li}
                for exe in (FFMPEG, "/usr/bin/ffmpeg"))
lost = {n for n in stock - names if not n.endswith("_vulkan") and n != "libplacebo"}
ok(len(names) > 100 and not lost, "system: no other filter of the distribution is lost but those on Vulkan", lost)
version = subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout
stock = subprocess.run(["/usr/bin/ffmpeg", "-version"], capture_output=True, text=True).stdout
ok(version.split()[2] == stock.split()[2] + "+mdyn", "the version is the distribution's, with +mdyn", version.split()[2], stock.split()[2])
done()
