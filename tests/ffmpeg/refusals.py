#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""What cannot be done is refused before any output, in words. Usage: refusals.py FFMPEG DUMP"""
import json
import os
import subprocess
import sys

import numpy as np

from tap import RATE, done, ffmpeg, noise, ok, path, wav

READOUT = 4
source = wav("in.wav", noise(RATE // 10))


def refused(name, chain, *words, args=("-i", source)):
    out = path("out.raw")
    if os.path.exists(out):
        os.remove(out)
    status, _, err = ffmpeg(*args, "-af", chain, "-f", "f64le", out)
    size = os.path.getsize(out) if os.path.exists(out) else 0
    ok(status != 0 and size == 0 and all(w in err for w in words), name, f"exit status {status}, {size} bytes, wanted {words}", err[-1500:])


refused("an unknown option is named", "masterlimit=loudness=3", "loudness", "not found")
refused("a value out of range is named, with the range", "masterlimit=ceiling=3", "ceiling", "-40 - 0")
refused("a bad choice is named, with those there are", "mastercomp=detector=ears", "mastercomp: detector=ears: peak, rms, loudness are allowed")
refused("a bad choice beside a preset", "mastercomp=preset=voice:direction=sideways", "direction=sideways: down, up are allowed")
refused("a bad number is named", "mastercomp=ratio=much", "much")
refused("NaN is named", "mastercomp=ratio=nan", "ratio", "nan")
refused("NaN as a result is named", "mastercomp=ratio=0/0", "ratio", "0/0")
refused("a bad preset is named, with those there are", "mastercomp=preset=loudest", "preset=loudest", "mix-bus", "are allowed")
refused("a dB suffix, which FFmpeg takes for a ratio, is out of range", "masterlimit=ceiling=-1dB", "ceiling")
refused("a measured value cannot be set", "masterlimit=gain_reduction=3", "gain_reduction")
refused("a mode that lacks its values", "masternorm=mode=linear", "masternorm", "measured")
refused("a file that cannot be read", "masternorm=mode=linear:measured_file=" + path("nowhere.json"), "nowhere.json")

# Every row, found by walking. The core speaks of choices, FFmpeg of numbers.
count = {"choice": 0, "double": 0, "boolean": 0}
for cls in json.loads(subprocess.run([sys.argv[2]], capture_output=True, check=True).stdout):
    for row in cls["rows"]:
        name, option = row["name"], f"{cls['name']}={row['name'].replace('-', '_')}"
        if row["flags"] == READOUT or row["type"] == "string":
            continue
        count[row["type"]] += 1
        bad = {"choice": ["ears", "1.5", "1", "nan", ""], "double": ["nan", "-inf"] + ["inf"] * bool(np.isfinite(row["max"])), "boolean": ["nan", "2", "0.5"]}
        allowed = ": " + ", ".join(c["nick"] for c in row["choices"]) + " are allowed"
        if {"on", "off"} <= {c["nick"] for c in row["choices"]}:
            bad["choice"].remove("1")  # a word for on
        for value in bad[row["type"]]:
            words = [f"{cls['name']}: {name}={value}{allowed}"] if row["choices"] else [option.split("=")[1], value]
            refused(f"{option}={value}", f"{option}={value}", *words)
ok(all(count.values()), "choices, numbers and switches were among them", count)

for name in ("mastercomp", "masterlimit", "mastergate", "masternorm"):
    raw = path("raw")
    np.zeros(65 * 1000).tofile(raw)
    refused(f"{name}: 65 channels", name, "65 channels", "1 .. 64", args=("-f", "f64le", "-ar", 48000, "-ac", 65, "-i", raw))
    refused(f"{name}: 4 kHz", name, "4000 Hz", "8000 .. 384000", args=("-f", "f32le", "-ar", 4000, "-ac", 1, "-i", raw))
    refused(f"{name}: 500 kHz", name, "500000 Hz", "8000 .. 384000", args=("-f", "f32le", "-ar", 500000, "-ac", 1, "-i", raw))

# What goes wrong at the end is an error too, and what is written is written.
stats = path("stats.json")
status, out, err = ffmpeg("-i", source, "-af", f"masternorm=mode=measure:stats_file={stats}", "-f", "f64le", "-")
ok(status == 0 and out and os.path.getsize(stats) > 2, "a stats file is written", err[-800:])
status, out, err = ffmpeg("-i", source, "-af", f"masternorm=mode=measure:stats_file={path('no/such/folder.json')}", "-f", "f64le", path("out2"))
ok(status != 0 and "folder.json" in err, "a stats file that cannot be written is an error", status, err[-800:])
done()
