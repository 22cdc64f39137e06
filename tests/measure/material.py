# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""What is measured with: an adversarial corpus, music and speech, drum loops. Stereo, float64."""
import functools
import glob
import os
import subprocess
import tempfile

import numpy as np

MUSIC = "/usr/share/games/neverball/bgm/"
BEATS = "/usr/share/lmms/samples/beats/"
TUNED = ("title", "track1", "track3")                # what the limiter's constants were chosen on; the others only reported
TEXT = ("A limiter must hold its ceiling, on plosives too. Peter Piper picked a peck of pickled peppers; a big black bug bit a big black bear. "
        "She sells sea shells, and sibilance is short, sharp, and surprisingly strong. Good evening, here is the news at nine o'clock.")


def decode(path, rate, seconds=None, start=0):
    args = ["/usr/bin/ffmpeg", "-v", "error", "-nostdin", "-ss", str(start), "-i", path, *(["-t", str(seconds)] if seconds else []),
            "-ac", "2", "-ar", str(rate), "-f", "f64le", "pipe:1"]
    return np.frombuffer(subprocess.run(args, capture_output=True, check=True).stdout).reshape(-1, 2).copy()


def faded(x, rate, ms=20):
    n = int(rate * ms / 1000)
    w = 0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)
    x[:n] *= w[:, None]
    x[-n:] *= w[::-1, None]
    return x


@functools.lru_cache(maxsize=None)
def speech(rate):
    """Two voices, a pause between them."""
    parts = []
    with tempfile.TemporaryDirectory() as tmp:
        for voice, speed in (("en-gb", 150), ("en-us+f3", 165)):
            path = os.path.join(tmp, "speech.wav")
            subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-w", path, TEXT], check=True, capture_output=True)
            parts += [decode(path, rate), np.zeros((rate // 2, 2))]
    x = np.concatenate(parts)
    return x / np.abs(x).max() * 0.5


def tracks():
    return sorted(os.path.splitext(os.path.basename(p))[0] for p in glob.glob(MUSIC + "t*.ogg"))


@functools.lru_cache(maxsize=None)
def programme(name, rate=48000, seconds=12, start=20):
    """A track or speech, as it is; music peaks near full scale."""
    x = speech(rate) if name == "speech" else faded(decode(f"{MUSIC}{name}.ogg", rate, seconds, start), rate)
    x.flags.writeable = False
    return x


def adversarial(rate):
    """[(kind, frames)]: what limiters go over the ceiling on. Two seconds at most each; to be driven by nothing more."""
    i = np.arange(int(0.4 * rate))
    rng = np.random.default_rng(7)
    out = []

    def add(kind, *planes):
        out.append((kind, np.stack([planes[0], planes[-1]], axis=1)))

    edge = np.minimum(1, np.minimum(i, i[::-1]) / (0.01 * rate))
    for f in (1 / 4, 1 / 3, 1 / 6, 1 / 8, .0213, .0707, .1871, .2347, .3171, .4127, .4499, 20 / rate, 41.2 / rate):
        for phase in (0.25, 0.6):
            add("tones", 2 * np.sin(2 * np.pi * f * i + np.pi * phase) * edge)
    for level in (1.4, 4):
        add("sweep", level * np.sin(np.pi * 0.45 * i * i / len(i)))
    s = np.sin(0.0731 * i + 0.3)
    add("bursts", np.where(i // 1000 % 3 == 1, 3 * np.sin(np.pi / 2 * i + np.pi / 4), 0.1 * s))
    add("bursts", np.where(i // 700 % 4 == 1, 4 * np.sin(0.413 * i), 0))
    add("bursts", np.where(i // 700 % 2 == 1, 2 * np.sin(0.413 * i), 0), np.where(i // 700 % 2 == 0, 2 * np.sin(1.1 * i), 0))
    for f, length, phase in ((3 / 8, 24, 5.265), (1 / 4, 20, 1.25)):                # edges that reach half the rate, displaced by a frame each time
        add("bursts", np.where(i % 521 < length, 3 * np.sin(2 * np.pi * f * (i % 521) + phase), 0))
    add("squares", np.clip(8 * s, -1, 1) * 1.5)
    add("squares", np.clip(8 * np.sin(2 * np.pi * 0.1682 * i), -1, 1) * 1.5)          # the third harmonic lies at .495 of the rate
    add("squares", np.where(i // 37 % 2, 1.2, -1.2) * 1.5)
    add("steps, clicks", np.where(i % 2001 < 3, 3, 0.3 * s))
    add("steps, clicks", np.where(i % 977 == 500, 4, 0))
    click = np.zeros(len(i))
    click[500::977], click[501::977], click[502::977] = 4, 4, -4
    add("steps, clicks", click)
    add("steps, clicks", np.where(i > len(i) // 2, 2.0, 0.0))
    add("one-sided", np.maximum(0, 3 * s) - 0.2, 0.1 * s)
    low, red = 0.0, np.empty(len(i))
    for k, v in enumerate(rng.uniform(-1, 1, len(i))):
        red[k] = low = 0.7 * low + v
    add("noise", 2 * red * np.where(i // 500 % 2, 1, 0.2))
    for level in (2, 10):
        add("noise", level * rng.uniform(-1, 1, len(i)), level * rng.uniform(-1, 1, len(i)))
    return out


def drums(rate, seconds=8, seed=3):
    """Two bars of kick, snare and hat at 120 a minute, again and again; left and right slightly apart."""
    rng = np.random.default_rng(seed)
    n = int(seconds * rate)
    x = np.zeros((n, 2))

    def hit(at, y, left, right):
        k = int(at * rate)
        y = y[:max(0, n - k)]
        x[k:k + len(y), 0] += left * y
        x[k:k + len(y), 1] += right * y

    t = np.arange(int(0.4 * rate)) / rate
    noise = lambda: rng.normal(size=len(t))
    bright = lambda v: np.diff(v, prepend=0)
    for beat in range(int(seconds / 0.5)):
        at = beat * 0.5
        if beat % 2 == 0 or beat % 8 == 5:
            kick = np.sin(2 * np.pi * (50 * t + 60 / 35 * (1 - np.exp(-35 * t)))) * np.exp(-9 * t) + 0.15 * noise() * np.exp(-400 * t)
            hit(at, 0.9 * kick, 1, 1)
        if beat % 2 == 1:
            snare = 0.5 * np.sin(2 * np.pi * 190 * t) * np.exp(-25 * t) + 0.35 * noise() * np.exp(-18 * t)
            hit(at, 0.8 * snare, 0.95, 1.05)
        for half in (0, 0.25):
            hit(at + half, 0.16 * bright(noise()) * np.exp(-(60 if half == 0 else 35) * t), 1.1, 0.9)
    return x


@functools.lru_cache(maxsize=None)
def drum_loops(rate=48000):
    """name -> loop, repeated to some 8 s; the recorded ones are LMMS's."""
    out = {"synthesised": drums(rate)}
    for name in ("break01", "break02", "break03", "jungle01", "909beat01", "house_loop01"):
        if os.path.exists(f"{BEATS}{name}.ogg"):
            one = decode(f"{BEATS}{name}.ogg", rate)
            out[name] = np.tile(one, (max(1, round(8 * rate / len(one))), 1))
    return out


def two_tones(low, high, level, seconds, rate):
    """SMPTE: 4:1."""
    t = np.arange(int(seconds * rate)) / rate
    x = 0.8 * np.sin(2 * np.pi * low * t) + 0.2 * np.sin(2 * np.pi * high * t)
    return np.stack([x, x], axis=1) * level
