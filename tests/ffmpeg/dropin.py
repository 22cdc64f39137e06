#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""The drop-in libavfilter under the distribution's ffmpeg and ffprobe gives what the built ffmpeg gives. Usage: dropin.py FFMPEG WITH-MDYN"""
import json
import subprocess
import sys

from tap import RATE, done, must, noise, ok, path, wav

with_mdyn = sys.argv[2]


def stock(*command):
    r = subprocess.run([with_mdyn, *command], capture_output=True, timeout=60)
    return r.returncode, r.stdout, r.stderr.decode(errors="replace")


def filters(*command):
    status, out, err = stock(*command, "-hide_banner", "-filters")
    return {line.split()[1] for line in out.decode().splitlines() if "->" in line} if status == 0 else set()


source = wav("in.wav", noise(RATE, level=0.5))
for chain in ("mastercomp=preset=voice", "masterlimit=input_gain=12", "mastergate=preset=speech", "masternorm=target=-16", "highpass=f=200,masterlimit,volume=0.5"):
    status, out, err = stock("/usr/bin/ffmpeg", "-v", "error", "-nostdin", "-i", source, "-af", chain, "-f", "f64le", "-")
    ok(status == 0 and len(out) == RATE * 16 and out == must("-i", source, "-af", chain, "-f", "f64le", "-"), f"ffmpeg: {chain}: the bits of the built ffmpeg", status, err)
status, out, err = stock("/usr/bin/ffprobe", "-v", "error", "-f", "lavfi", "-i", f"amovie={source},masternorm=mode=measure:metadata=1", "-show_entries",
                         "frame_tags", "-of", "json")
tags = json.loads(out)["frames"][-1]["tags"] if status == 0 else {}
ok("lavfi.masternorm.integrated" in tags, "ffprobe reads the metadata", status, err)
status, out, err = stock("/usr/bin/ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=d=1", "-vf", "yadif,drawbox,scale=64:64", "-f", "framemd5", "-")
plain = subprocess.run(["/usr/bin/ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=d=1", "-vf", "yadif,drawbox,scale=64:64", "-f", "framemd5", "-"],
                       capture_output=True).stdout
ok(status == 0 and len(out) > 500 and out == plain, "other filters do what they did", status, err)
own = {"mastercomp", "masterlimit", "mastergate", "masternorm"}
here, there = filters("/usr/bin/ffmpeg"), filters("env", "-u", "LD_LIBRARY_PATH", "/usr/bin/ffmpeg")
lost = {f for f in there - here if not f.endswith("_vulkan") and f not in ("libplacebo", "vidstabdetect", "vidstabtransform")}
ok(len(there) > 100 and own <= here and not own & there and not lost, "none of the distribution's filters is lost but those on Vulkan and vid.stab", lost)
status, out, err = stock("sh", "-c", "ldd /usr/bin/ffprobe")
ok(status == 0 and b"libavfilter.so" in out and b"not found" not in out, "the library is found by its soname", out)
r = subprocess.run([with_mdyn], capture_output=True, text=True)
ok(r.returncode == 2 and r.stderr.count("\n") == 1 and "usage" in r.stderr, "without a program: a line of usage", r.stderr)
done()
