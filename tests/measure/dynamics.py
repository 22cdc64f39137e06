# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""The compressor's and the gate's figures and curves."""
import os
import re

import numpy as np

import devices as d
import material as m
from limiter import gain_of, table
from meters import crest, db, lin, loudness, psr

RATE = 48000
DEFS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../core/include/mdyn")
FITTING = {"drums": "recorded drum loop", "bass": "bass line", "voice": "speech", "broadcast-voice": "speech", "speech": "speech"}


def presets(name):
    """[(nick, rows)] of a class, as its table has them."""
    with open(os.path.join(DEFS, f"{name}.def"), encoding="utf-8") as f:
        return re.findall(r'^PRESET\("([a-z-]+)",\s*"([^"]*)"', f.read(), re.M)


def bass(seconds=8):
    """Plucked notes of unlike loudness."""
    rng, x = np.random.default_rng(5), np.zeros(int(seconds * RATE))
    t = np.arange(int(0.5 * RATE)) / RATE
    for k in range(int(seconds / 0.25) - 2):
        f = 41.2 * 2 ** (rng.integers(0, 13) / 12)
        note = sum(np.sin(2 * np.pi * f * h * t) / h ** 1.3 * np.exp(-t * (3 + 2 * h)) for h in range(1, 9)) * np.minimum(1, t / 0.003)
        at = int(k * 0.25 * RATE)
        x[at:at + len(t)] += note * lin(-rng.uniform(0, 12))
    return np.stack([x, x], axis=1) / np.abs(x).max() * 0.7


def material(nick):
    kind = FITTING.get(nick, "music")
    loops = m.drum_loops()
    if kind == "speech":
        return kind, m.programme("speech")
    if kind == "recorded drum loop":
        name = "break01" if "break01" in loops else "synthesised"
        return ("recorded" if name == "break01" else "synthesised") + " drum loop", loops[name] / np.abs(loops[name]).max() * 0.9
    if kind == "bass line":
        return kind, bass()
    x = m.programme("track2")
    return "music", x * min(1, 0.95 / np.abs(x).max())


def like(rows):
    """acompressor's options for rows of mastercomp, as near as they come."""
    r = dict(x.split("=") for x in rows.split(":"))
    get = lambda k, v: float(r.get(k, v))
    return (f"acompressor=threshold={lin(get('threshold', -18)):.6f}:ratio={min(20, get('ratio', 3))}:attack={get('attack', 10)}:release={get('release', 150)}:"
            f"knee={min(8, max(1, lin(get('knee', 6)))):.4f}:makeup={max(1, lin(get('makeup', 0))):.4f}:link=maximum:"
            f"detection={'peak' if r.get('detector', 'peak') == 'peak' else 'rms'}")


def figures(x):
    return crest(x, RATE), psr(x, RATE), loudness(x, RATE)


def micro(nick, rows):
    what, x = material(nick)
    ours = d.through_core("mastercomp", [f"preset={nick}"], x, RATE)
    try:
        theirs = figures(d.aligned(like(rows), x, RATE))
    except d.Missing:
        theirs = (float("nan"),) * 3
    return what, figures(x), figures(ours), theirs


def steps(levels, seconds=0.8, f=997.0):
    t = np.arange(int(seconds * RATE)) / RATE
    x = np.concatenate([lin(v) * np.sin(2 * np.pi * f * t) for v in levels])
    return np.stack([x, x], axis=1)


def static(run, levels, seconds=0.8):
    """Level out for each level in, dB of the peak."""
    x = steps(levels, seconds)
    y = run(x)[:, 0]
    n = int(seconds * RATE)
    tail = int(0.1 * RATE)
    return [float(db(np.sqrt(2 * (y[(k + 1) * n - tail:(k + 1) * n] ** 2).mean()))) for k in range(len(levels))]


LEVELS = list(np.arange(-66, 0.1, 2.0))


def comp(*rows):
    return lambda x: d.through_core("mastercomp", rows, x, RATE)


def gate(*rows):
    return lambda x: d.through_core("mastergate", rows, x, RATE)


def other(graph):
    return lambda x: d.aligned(graph, x, RATE)


STATIC_COMP = {
    "mastercomp 2:1": comp("ratio=2", "knee=6"), "4:1": comp("ratio=4", "knee=6"), "inf:1, hard knee": comp("ratio=inf", "knee=0"), "4:1, knee 24 dB": comp("ratio=4", "knee=24"),
    "4:1 up from -30 dB, range 12 dB": comp("ratio=4", "threshold=-30", "direction=up", "range=12"),
    "acompressor 4:1": other("acompressor=threshold=0.125893:ratio=4:attack=10:release=150:knee=2:detection=peak"),
}
STATIC_GATE = {"mastergate, rising": gate(), "mastergate, falling": gate(), "2:1": gate("ratio=2"), "4:1, range 24 dB": gate("ratio=4", "range=24"),
               "agate 4:1": other("agate=threshold=0.005623:ratio=4:range=0.001:attack=1:release=150")}


def static_curve(group, name):
    run = (STATIC_COMP if group == "comp" else STATIC_GATE)[name]
    levels = LEVELS[::-1] if "falling" in name else LEVELS
    try:
        out = static(run, levels)
    except d.Missing:
        return []
    return sorted(zip(levels, out))


STEPS = "mastercomp", "mastercomp, auto-release", "acompressor", "mastergate", "agate"
LOOP = "mastercomp drums, auto-release off", "mastercomp drums", "acompressor", "mastergate"


def step_response(kind):
    """(time, gain) of a tone that steps -30, -6, -30 dB."""
    x = steps([-30, -30, -6, -30, -30], 0.5)
    run = {"mastercomp": comp("threshold=-18", "ratio=4", "knee=0"), "mastercomp, auto-release": comp("threshold=-18", "ratio=4", "knee=0", "auto-release=1"),
           "acompressor": other("acompressor=threshold=0.125893:ratio=4:attack=10:release=150:knee=1:detection=peak"),
           "mastergate": gate("threshold=-20", "lookahead=2"), "agate": other("agate=threshold=0.1:ratio=9000:range=0.001:attack=1:release=150")}[kind]
    try:
        return curve(x, run(x), 0.9, 2.1)
    except d.Missing:
        return []


def curve(x, y, start, end, ms=2, floor=-70):
    g = gain_of(x, y, RATE, ms)
    at = np.arange(int(start * RATE), int(end * RATE), RATE // 2000)
    return [(k / RATE - start, max(float(g[k]), floor)) for k in at]


def drum_gain(kind):
    x = material("drums")[1]
    run = {"mastercomp drums, auto-release off": comp("preset=drums", "auto-release=0"), "mastercomp drums": comp("preset=drums", "auto-release=1"),
           "acompressor": other(like(dict(presets("comp"))["drums"])), "mastergate": gate("threshold=-9", "hold=30", "release=60", "attack=0.3", "lookahead=2", "range=18")}[kind]
    try:
        return curve(x, run(x), 0.5, 2.5, floor=-40)
    except d.Missing:
        return []


def jobs():
    out = [(("micro", nick), micro, (nick, rows)) for nick, rows in presets("comp")]
    out += [(("static", g, n), static_curve, (g, n)) for g, t in (("comp", STATIC_COMP), ("gate", STATIC_GATE)) for n in t]
    out += [(("step", k), step_response, (k,)) for k in STEPS]
    out += [(("drum gain", k), drum_gain, (k,)) for k in LOOP]
    return out


def report(r):
    rows = []
    for nick, _ in presets("comp"):
        what, before, ours, theirs = r["micro", nick]
        rows.append([nick, what, *[f"{b:.1f} / {o:.1f} / " + ("-" if t != t else f"{t:.1f}") for b, o, t in zip(before, ours, theirs)]])
    return ("### Micro-dynamics of the presets\n\nBefore / mastercomp / acompressor with threshold, ratio, knee, times, makeup and detector set alike. Crest: median over 400 ms of sample "
            "peak over r.m.s.; PSR: median over 3 s of true peak over short-term loudness.\n\n" +
            table(["preset", "on", "crest, dB", "PSR, LU", "loudness, LUFS"], rows))
