# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""The linear mode on real programme, mono to 22.2, from a stats file to the target, by a meter that shares nothing with the library (tests/measure/meters.py,
weights by the formula of BS.1770-5)."""
import json
import os
import subprocess
import tempfile

import numpy as np

import material
import meters
from read import run

# Azimuth and elevation of each channel, in FFmpeg's order; None is LFE.
LAYOUTS = {
    "mono": [("FC", 0, 0)],
    "stereo": [("FL", 30, 0), ("FR", 30, 0)],
    "3.0": [("FL", 30, 0), ("FR", 30, 0), ("FC", 0, 0)],
    "4.0": [("FL", 30, 0), ("FR", 30, 0), ("FC", 0, 0), ("BC", 180, 0)],
    "5.1": [("FL", 30, 0), ("FR", 30, 0), ("FC", 0, 0), ("LFE", None, 0), ("SL", 110, 0), ("SR", 110, 0)],
    "7.1": [("FL", 30, 0), ("FR", 30, 0), ("FC", 0, 0), ("LFE", None, 0), ("BL", 135, 0), ("BR", 135, 0), ("SL", 90, 0), ("SR", 90, 0)],
    "7.1.4": [("FL", 30, 0), ("FR", 30, 0), ("FC", 0, 0), ("LFE", None, 0), ("BL", 135, 0), ("BR", 135, 0), ("SL", 90, 0), ("SR", 90, 0),
              ("TFL", 45, 45), ("TFR", 45, 45), ("TBL", 135, 45), ("TBR", 135, 45)],
    "22.2": [("FL", 60, 0), ("FR", 60, 0), ("FC", 0, 0), ("LFE", None, 0), ("BL", 135, 0), ("BR", 135, 0), ("FLC", 30, 0), ("FRC", 30, 0), ("BC", 180, 0),
             ("SL", 90, 0), ("SR", 90, 0), ("TC", 0, 90), ("TFL", 45, 45), ("TFC", 0, 45), ("TFR", 45, 45), ("TBL", 135, 45), ("TBC", 180, 45),
             ("TBR", 135, 45), ("LFE2", None, 0), ("TSL", 90, 45), ("TSR", 90, 45), ("BFC", 0, -30), ("BFL", 45, -30), ("BFR", 45, -30)],
}
PROGRAMMES = ("speech", "title", "track3", "track5")
RATES = (44100, 48000, 96000)
SECONDS, LEVEL, TARGET = 12, -35.6543, -27


def weights(layout):
    return np.array([0 if azimuth is None else 1.41 if abs(elevation) < 30 and 60 <= azimuth <= 120 else 1 for _, azimuth, elevation in LAYOUTS[layout]])


def spread(x, channels, rate):
    """A programme in `channels` channels: its two, later and softer in each further one; something loud and low where LFE is."""
    out = np.empty((len(x), channels), np.float32)
    for c in range(channels):
        out[:, c] = np.roll(x[:, c % 2], c * rate // 97) * 10 ** (-c * 0.7 / 20)
    return out


def loudness(x, rate, layout):
    return meters.loudness(x.astype(float) * np.sqrt(weights(layout)), rate)


def error(ffmpeg, name, rate, layout):
    """LU by which the output misses the target."""
    places = LAYOUTS[layout]
    x = spread(material.programme(name, rate)[:SECONDS * rate], len(places), rate)
    for c, (_, azimuth, _) in enumerate(places):
        if azimuth is None:
            x[:, c] = 0.5 * np.sin(2 * np.pi * 50 / rate * np.arange(len(x)))
    x *= 10 ** ((LEVEL - loudness(x, rate, layout)) / 20)
    mask = "+".join(p for p, _, _ in places)
    with tempfile.TemporaryDirectory() as tmp:
        src, stats = os.path.join(tmp, "in.f32"), os.path.join(tmp, "in.json")
        x.astype("<f4").tofile(src)
        inputs = [ffmpeg, "-v", "error", "-nostdin", "-f", "f32le", "-ar", str(rate), "-ac", str(len(places)), "-i", src]
        named = "channelmap=map=" + "|".join(map(str, range(len(places)))) + f":channel_layout={mask}"
        run(inputs + ["-af", f"{named},masternorm=mode=measure:stats_file={stats}", "-f", "null", "-"])
        out = run(inputs + ["-af", f"{named},masternorm=mode=linear:target={TARGET}:measured_file={stats},aformat=flt", "-f", "f32le", "pipe:1"])
        with open(stats) as f:
            warnings = json.load(f)["warnings"]
    if warnings:
        raise RuntimeError(f"{layout}: {warnings[0]}")
    y = np.frombuffer(out, "<f4").reshape(-1, len(places))
    if len(y) != len(x):
        raise RuntimeError(f"{layout}: {len(x)} frames in, {len(y)} out")
    return loudness(y, rate, layout) - TARGET


def gate_error(ffmpeg, seed):
    """The same of ten steps around the absolute gate, which the gain lifts over it; and by how much target less loudness would have missed."""
    rate, rng = 48000, np.random.default_rng(seed)
    t = np.arange(4 * rate) / rate
    levels = [-45] + list(-82 + 40 * rng.random(9) ** 2)
    x = np.concatenate([10 ** (db / 20) * np.sin(2 * np.pi * 997 * t) for db in levels])
    x = np.repeat(x[:, None], 2, axis=1).astype(np.float32)
    with tempfile.TemporaryDirectory() as tmp:
        src, stats = os.path.join(tmp, "in.f32"), os.path.join(tmp, "in.json")
        x.astype("<f4").tofile(src)
        inputs = [ffmpeg, "-v", "error", "-nostdin", "-f", "f32le", "-ar", str(rate), "-ac", "2", "-i", src]
        run(inputs + ["-af", f"masternorm=mode=measure:stats_file={stats}", "-f", "null", "-"])
        out = run(inputs + ["-af", f"masternorm=mode=linear:target=-20:measured_file={stats},aformat=flt", "-f", "f32le", "pipe:1"])
        with open(stats) as f:
            plain = -20 - json.load(f)["integrated"]
    y = np.frombuffer(out, "<f4").reshape(-1, 2).astype(float)
    return meters.loudness(y, rate) + 20, meters.loudness(x.astype(float) * 10 ** (plain / 20), rate) + 20


def jobs(whole):
    """(layout, rate, programme). Whole: every layout at 48 kHz with every programme, stereo and 22.2 at every rate; else every layout once."""
    if not whole:
        return [(layout, 48000, "title") for layout in LAYOUTS]
    return ([(layout, 48000, name) for layout in LAYOUTS for name in PROGRAMMES] +
            [("stereo", rate, name) for rate in RATES if rate != 48000 for name in PROGRAMMES] +
            [("22.2", rate, "title") for rate in RATES if rate != 48000])
