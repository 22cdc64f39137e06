# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""How well masternorm's dialogue=auto finds speech of espeak-ng: alone, in noise, with music of neverball-common under it, beside it, or none at all."""
import json
import os
import subprocess
import tempfile

import numpy as np

import material
import meters

RATE, BLOCK = 48000, 4800
VOICES = ("en-gb", "en-us+f3", "de+m3", "fr+f2")
WORDS = "Good evening, here is the news at nine. The railways announced new trains for the west; and the weather will be mild, with rain later on."


def speech():
    """40 s or so: four voices at -23 dB RMS with pauses of 1.5 s."""
    parts = []
    with tempfile.TemporaryDirectory() as tmp:
        for voice in VOICES:
            path = os.path.join(tmp, "v.wav")
            subprocess.run(["espeak-ng", "-v", voice, "-w", path, WORDS], check=True, capture_output=True)
            x = material.decode(path, RATE)[:, 0]
            parts += [x * 10 ** (-23 / 20) / np.sqrt((x ** 2).mean()), np.zeros(RATE * 3 // 2)]
    return np.concatenate(parts)


def music(n, db):
    x = np.concatenate([material.programme(name, RATE)[:, 0] for name in ("title", "track2", "track4", "track6")])
    x = np.resize(x, n)
    return x * 10 ** (db / 20) / np.sqrt((x ** 2).mean())


def programmes():
    """[(text, signal, speech alone, whether it must be found)]: channels are mono, or 5.0 where speech is in the centre."""
    s = speech()
    noise = np.random.default_rng(3).standard_normal(len(s))
    silence = np.zeros_like(s)
    m = music(len(s), -23)
    films = np.zeros((2 * len(s), 5))
    films[:len(s), 2] = s
    films[:, 0] = films[:, 1] = np.concatenate([m * 10 ** (-15 / 20), m])
    films += 10 ** (-65 / 20) * np.random.default_rng(4).standard_normal(films.shape)
    one = lambda x: x[:, None]
    return [
        ("speech, room noise at -60 dB", one(s + noise * 10 ** (-60 / 20)), s, True),
        ("speech, noise at -45 dB", one(s + noise * 10 ** (-45 / 20)), s, True),
        ("5.0: speech in the centre, then none; music left and right", films, np.concatenate([s, silence]), True),
        ("mono: speech over music 20 dB below", one(s + m * 0.1), s, False),
        ("mono: speech over music 10 dB below", one(s + m * 10 ** -0.5), s, False),
        ("mono: speech, then as much music at its level", one(np.concatenate([s, m])), np.concatenate([s, silence]), False),
        ("mono: music alone", one(m), silence, False),
    ]


def measure(tool):
    """[(text, must, share, found share, loudness, found loudness)], in percent and LUFS; None where there is no dialogue."""
    out = []
    for text, x, alone, must in programmes():
        with tempfile.TemporaryDirectory() as tmp:
            stats = os.path.join(tmp, "stats.json")
            subprocess.run([tool, "masternorm", str(RATE), str(x.shape[1]), "4096", "mode=measure", "dialogue=auto", f"stats-file={stats}"],
                           input=x.astype("<f8").tobytes(), stdout=subprocess.DEVNULL, check=True, timeout=300)
            with open(stats) as f:
                found = json.load(f)
        n = len(x) // BLOCK
        weight = np.array([1, 1, 1, 1.41, 1.41])[:x.shape[1]]
        energy = ((meters.kweight(x, RATE)[:n * BLOCK] ** 2) * weight).sum(axis=1).reshape(n, BLOCK).mean(axis=1)
        talk = (alone[:n * BLOCK].reshape(n, BLOCK) ** 2).mean(axis=1) > 10 ** -5
        real = float(-0.691 + 10 * np.log10(energy[talk].mean())) if talk.any() else None
        out.append((text, must, 100 * talk.mean(), found["dialogue_share"], real, found["dialogue"]))
    return out
