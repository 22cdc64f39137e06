#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""EBU Tech 3341 (2023), minimum requirements test signals 1 to 6, read from the filter's metadata and its stats file at three rates; and the stats file is
the document that the core writes. Usage: loudness.py FFMPEG CORE_RUN"""
import json
import re
import subprocess
import sys

import numpy as np

from tap import done, must, ok, path

core_run = sys.argv[2]
# Case: what the standard asks of I (of M and S too in 1 and 2), and (seconds, dBFS of the 1 kHz sine, by channel) in a row. All +-0.1 LU.
CASES = {
    1: (-23.0, [(20, [-23] * 2)]),
    2: (-33.0, [(20, [-33] * 2)]),
    3: (-23.0, [(10, [-36] * 2), (60, [-23] * 2), (10, [-36] * 2)]),
    4: (-23.0, [(10, [-72] * 2), (10, [-36] * 2), (60, [-23] * 2), (10, [-36] * 2), (10, [-72] * 2)]),
    5: (-23.0, [(20, [-26] * 2), (20.1, [-20] * 2), (20, [-26] * 2)]),
    6: (-23.0, [(20, [-28, -28, -24, -30, -30])]),
}


def signal(parts, rate):
    tone = np.sin(2 * np.pi * 1000 / rate * np.arange(int(sum(s for s, _ in parts) * rate)))
    gain = np.concatenate([np.repeat([10 ** (np.array(levels) / 20)], int(seconds * rate), axis=0) for seconds, levels in parts])
    return (tone[:len(gain), None] * gain).astype("<f4")


for rate in (44100, 48000, 96000):
    for case, (want, parts) in CASES.items():
        x = signal(parts, rate)
        raw, stats = path("x.raw"), path("stats.json")
        x.tofile(raw)
        layout = {2: "stereo", 5: "5.0"}[x.shape[1]]
        out = must("-f", "f32le", "-ar", rate, "-ac", x.shape[1], "-i", raw, "-af",
                   f"aformat=channel_layouts={layout},asetnsamples=n={rate // 10}:p=0,masternorm=mode=measure:metadata=1:stats_file={stats},"
                   "ametadata=print:file=-", "-f", "null", path("null")).decode()
        told = json.load(open(stats))
        read = {key: [float(v) for v in re.findall(rf"lavfi\.masternorm\.{key}=(\S+)", out)] for key in ("integrated", "momentary", "short_term", "true_peak")}
        name = f"Tech 3341 case {case} at {rate} Hz"
        ok(abs(told["integrated"] - want) <= 0.1 and abs(read["integrated"][-1] - want) <= 0.1, f"{name}: I in stats and metadata", told["integrated"], read["integrated"][-3:])
        ok(abs(told["integrated"] - read["integrated"][-1]) < 0.001, f"{name}: both say the same", told["integrated"], read["integrated"][-1])
        if case <= 2:
            ok(max(abs(v - want) for key in ("momentary", "short_term") for v in read[key]) <= 0.1 and len(read["short_term"]) > 100, f"{name}: M and S in every frame")
        if case == 5:
            r = subprocess.run([core_run, "masternorm", str(rate), "2", "4096", "mode=measure", f"stats-file={path('core.json')}"],
                               input=x.astype("<f8").tobytes(), capture_output=True)
            ok(r.returncode == 0 and open(path("core.json")).read() == open(stats).read(), f"{name}: the stats file is the core's", r.stderr)
done()
