#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""Float sources: the filters take double only, and give the bits that the core gives in float32. One difference: float32 processing makes 0 of
subnormal samples (below 2^-126, -758 dBFS) that it multiplies, double keeps them. Usage: float.py FFMPEG CORE32"""
import subprocess
import sys

import numpy as np

from tap import RATE, done, must, noise, ok, path

TINY = np.finfo("f4").tiny
# Loud and quiet by turns, down to subnormal floats, so that every gain changes all the time.
shape = 10.0 ** np.interp(np.arange(2 * RATE), np.linspace(0, 2 * RATE, 9), [-1, 0.3, -1, 0, -3, 0.2, -2, 0, -39])
x = (noise(2 * RATE, level=1) * shape[:, None]).astype("<f4")
ok(np.any((x != 0) & (np.abs(x) < TINY)) and np.abs(x).max() > 1.5, "the source has subnormal and over-full samples")
raw = path("x.f32")
x.tofile(raw)

for name, *settings in (
    ("masterlimit", "input_gain=12"), ("masterlimit", "input_gain=-7.3"), ("masterlimit", "input_gain=20", "true_peak=0", "link=30", "lookahead=2"),
    ("mastercomp", "threshold=-30", "ratio=4", "makeup=5", "mix=60"), ("mastercomp", "detector=loudness", "lookahead=5", "link=30"),
    ("mastercomp", "direction=up", "range=20"), ("mastergate", "threshold=-20", "lookahead=3"), ("mastergate", "ratio=2", "threshold=-10", "key_highpass=200"),
    ("masternorm", "target=-12"), ("masternorm", "mode=linear", "measured_loudness=-30", "target=-9"),
    ("mastercomp", "key_listen=1", "key_highpass=300"),
):
    label = name + " " + ":".join(settings)
    r = subprocess.run([sys.argv[2], name, *settings], input=x.tobytes(), capture_output=True)
    want = np.frombuffer(r.stdout, "<f4")
    ok(r.returncode == 0 and len(want) == x.size and np.mean(want != x.ravel()) > 0.1, f"{label}: the core in float32 does something", r.stderr)
    for fmt in ("fltp", "flt"):
        out = must("-f", "f32le", "-ar", RATE, "-ac", 2, "-i", raw, "-af", f"aformat={fmt},{name}={':'.join(settings)}", "-f", "f32le", "-c:a", "pcm_f32le", "-")
        got = np.frombuffer(out, "<f4")
        if not ok(len(got) == len(want), f"{label}: {fmt}: the length", len(got), len(want)):
            continue
        subnormal = (np.abs(x.ravel()) < TINY) | (np.abs(got) < TINY)
        apart = np.flatnonzero((got.view("<u4") != want.view("<u4")) & ~(subnormal & (want == 0)))
        ok(not len(apart), f"{label}: {fmt} gives the core's float32 bits", f"{len(apart)} samples differ",
           *[f"{i}: {got[i]!r}, core {want[i]!r}, of {x.ravel()[i]!r}" for i in apart[:5]])
done()
