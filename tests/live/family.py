# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""The programmes of the live mode: TUNE, by hand, for choosing constants, and REPORT, the same forms drawn by a seed with other voices and
music, at other levels and of other lengths. What was chosen on which of them, docs/loudness-live.md says.

A programme is a list of parts, one after another:
  (source, LUFS, s)              a section: its own gated loudness is brought to that level
  (source, from, to, s)          a section whose level drifts in a straight line of dB
  ("fade", s)                    the section before it goes on and fades by 40 dB
  ("pause", LUFS, s)             room noise of that loudness; -200: digital silence
A source is a voice or a piece of music, read on from where the programme left it.
"""
import functools
import glob
import os
import subprocess
import tempfile
import zlib

import numpy as np

import material
import meters

RATE = 48000
TARGET = -23
ASTERISK = "/usr/share/asterisk/sounds/"
BALL, FROZEN = "/usr/share/games/neverball/bgm/", "/usr/share/games/frozen-bubble/snd/"
TANKS, MOTO = "/usr/share/games/btanks/data/tunes/", "/usr/share/games/xmoto/Textures/Musics/"
PACKAGES = {"ffmpeg": "loudnorm, dynaudnorm, speechnorm and the meter", "espeak-ng": "voices", "neverball-common": "music", "gnuplot-nox": "pictures",
            "asterisk-core-sounds-en-g722": "a voice", "asterisk-prompt-fr-armelle": "a voice", "asterisk-prompt-es-co": "a voice", "asterisk-prompt-it-menardi-wav": "a voice",
            "frozen-bubble-data": "music", "btanks-data": "music", "xmoto-data": "music"}
TEXT = ("Good evening, here is the news at nine o'clock. The harbour was closed this morning after a storm broke two of its moorings, and ferries are late. "
        "In the council there was no majority for the new bridge; a second vote is planned for the spring. We asked people in the market what they think. "
        "And now the weather: rain from the west, heavy at first, clearing towards the evening. Tomorrow bright spells, with a strong breeze along the coast. ")

# name -> files joined, with .3 s between them; or a voice of espeak-ng and its words a minute
VOICES = {
    "allison": sorted(glob.glob(ASTERISK + "en_US_f_Allison/[cdv]*.g722")), "synth-gb": ("en-gb", 150), "synth-us": ("en-us+f3", 170), "synth-low": ("en-us+m7", 135),
    "armelle": sorted(glob.glob(ASTERISK + "fr/*.gsm")), "co": sorted(glob.glob(ASTERISK + "es/*.gsm")), "menardi": sorted(glob.glob(ASTERISK + "it_IT_f_Menardi/*.wav")),
    "synth-sv": ("sv", 150),
}
MUSIC = {
    "track1": BALL + "track1.ogg", "track2": BALL + "track2.ogg", "track4": BALL + "track4.ogg", "track5": BALL + "track5.ogg",
    "frozen": FROZEN + "introzik.ogg", "frozen2": FROZEN + "frozen-mainzik-2p.ogg",
    **{name: f"{TANKS}{name}.ogg" for name in ("batterie", "gameboy", "karbofos", "nostalgy", "utrennik")},
    **{name: f"{MOTO}{name}.ogg" for name in ("batcave", "foxrun", "legolodio", "MadeiraStew", "menu", "ridealong", "speeditup")},
}
REPORT_VOICES, REPORT_MUSIC = ("armelle", "co", "menardi", "synth-sv"), tuple(MUSIC)[6:]

TUNE = {
    "two speakers": [("allison", -20, 9), ("synth-gb", -30, 7), ("allison", -20, 12), ("synth-gb", -30, 9), ("allison", -20, 6), ("synth-gb", -30, 12)],
    "round table": [("synth-us", -29, 6), ("synth-low", -21, 6), ("allison", -25, 6), ("synth-us", -29, 6), ("synth-low", -21, 6), ("allison", -25, 6), ("synth-us", -29, 6)],
    "radio": [("synth-gb", -27, 14), ("track1", -14, 25), ("allison", -24, 10), ("track2", -12, 8), ("synth-gb", -27, 15), ("frozen", -17, 20)],
    "film": [("allison", -32, 15), ("pause", -52, 5), ("synth-low", -30, 10), ("track4", -20, 15), ("track5", -9, 8), ("pause", -50, 4), ("allison", -31, 15)],
    "pauses": [("synth-us", -28, 10), ("pause", -62, 5), ("synth-us", -28, 8), ("pause", -200, 4), ("synth-us", -28, 8), ("pause", -56, 8), ("allison", -26, 10), ("pause", -66, 3),
               ("allison", -26, 8)],
    "quiet": [("allison", -42, 15), ("track4", -38, 20), ("synth-gb", -44, 15)],
    "hot": [("track5", -7, 20), ("synth-us", -11, 12), ("track1", -8, 20), ("allison", -12, 10)],
    "advertisements": [("synth-gb", -24, 20), ("track2", -11, 10), ("synth-us", -13, 8), ("frozen2", -10, 10), ("synth-gb", -24, 20)],
    "jumps": [("track1", -36, 15), ("track1", -16, 15), ("track1", -36, 15), ("allison", -18, 10), ("allison", -38, 12)],
    "fades": [("track2", -18, 15), ("fade", 8), ("pause", -200, 2), ("track4", -20, 20), ("fade", 12), ("allison", -26, 12), ("frozen", -16, 15), ("fade", 6)],
    "music on target": [("track4", -23, 110)],
    "talk on target": [("allison", -23, 50), ("pause", -60, 3), ("synth-gb", -23, 50)],
    "drift": [("synth-gb", -27, -22, 50), ("track2", -22, -26, 40)],
    "steps": [("track1", -22, 15), ("track1", -18, 15), ("track1", -22, 15), ("track1", -26, 15), ("track1", -22, 15)],
    "noisy": [("noisy synth-low", -38, 15), ("pause", -54, 4), ("noisy synth-low", -38, 12), ("synth-us", -22, 10), ("noisy synth-low", -38, 14)],
    "concert": [("frozen2", -34, 15), ("track5", -15, 30), ("frozen2", -31, 15)],
    "podcast": [("track2", -16, 12), ("synth-us", -23, 20), ("allison", -21, 12), ("synth-us", -23, 15), ("track2", -16, 10)],
}
ON_TARGET = "music on target", "talk on target"
STEADY = "batcave", "foxrun", "legolodio", "MadeiraStew", "menu", "ridealong" # every half minute of the first 150 s within 1 LU of the whole


def drawn(seed):
    rng, out = np.random.default_rng(seed), {}
    for name, parts in TUNE.items():
        voices, music, chosen = list(rng.permutation(REPORT_VOICES)), list(rng.permutation(STEADY if name in ON_TARGET else REPORT_MUSIC)), {}
        loudest = max(max(part[1:-1]) for part in parts if part[0] not in ("pause", "fade"))
        shift, spread = (0, 0) if name in ON_TARGET else (rng.uniform(-3, min(3, -7 - loudest)), 1.5)
        out[name] = []
        for part in parts:
            seconds = round(part[-1] * rng.uniform(0.75, 1.35), 1)
            if part[0] in ("pause", "fade"):
                out[name].append((*part[:-1], seconds))
                continue
            noisy, _, source = part[0].rpartition(" ")
            if source not in chosen:
                chosen[source] = str((music if source in MUSIC else voices).pop())
            off = shift + rng.uniform(-spread, spread)
            out[name].append((f"{noisy} {chosen[source]}".strip(), *(round(v + off, 1) for v in part[1:-1]), seconds))
    return out


REPORT = drawn(20261129)
WHISPER = {"whisper to explosion": [("synth-gb", -42, 12), ("track5", -5, 6), ("synth-gb", -42, 14)]}
# of what tests/packages has
SHORT = {
    "talk on target": [("synth-gb", -23, 35), ("pause", -60, 3), ("synth-us", -23, 15)],
    "pauses": [("synth-us", -28, 10), ("pause", -60, 6), ("synth-us", -28, 8), ("pause", -200, 2), ("synth-gb", -26, 8), ("pause", -52, 7), ("synth-gb", -26, 8)],
    "jumps": [("track1", -36, 10), ("track1", -16, 10), ("synth-gb", -38, 12), ("synth-gb", -18, 10)],
    **WHISPER,
}


@functools.lru_cache(maxsize=None)
def source(name):
    if name in MUSIC:
        return material.decode(MUSIC[name], RATE, 190)
    noisy, _, voice = name.rpartition(" ")
    what = VOICES[voice]
    parts, seconds = [], 0
    if isinstance(what, tuple):
        with tempfile.TemporaryDirectory() as tmp:
            path = os.path.join(tmp, "voice.wav")
            subprocess.run(["espeak-ng", "-v", what[0], "-s", str(what[1]), "-w", path, TEXT * 3], check=True, capture_output=True)
            parts.append(material.decode(path, RATE))
    else:
        for path in what:
            x = material.decode(path, RATE)
            if len(x) < 1.5 * RATE:
                continue
            parts += [x, np.zeros((int(0.3 * RATE), 2))]
            seconds += len(x) / RATE + 0.3
            if seconds > 90:
                break
    if not parts:
        raise FileNotFoundError(f"no sound of {name}")
    x = np.concatenate(parts)
    if noisy:                                         # 16 LU under the voice
        x = x + at_level(noise(len(x), 5), meters.loudness(x, RATE) - 16)
    return x


def noise(n, seed):
    """Falls by 3 dB an octave from 40 Hz on, as rooms do; the same in both channels by two thirds."""
    rng, size = np.random.default_rng(seed), meters.fast_length(n)
    f = np.fft.rfftfreq(size, 1 / RATE)
    shape = 1 / np.sqrt(np.maximum(f, 40))
    one, two, both = (np.fft.irfft(np.fft.rfft(rng.normal(size=size)) * shape, size)[:n] for _ in range(3))
    return np.stack([one + 2 * both, two + 2 * both], axis=1)


def at_level(x, lufs):
    return x * meters.lin(lufs - meters.loudness(x, RATE))


class Programme:
    """x: float64 [frames][2]; sections: [(kind, from, to)] in s, kind section, pause, fade."""

    def __init__(self, parts):
        at, read, out, self.sections = 0.0, {}, [], []
        for k, part in enumerate(parts):
            name, seconds = part[0], part[-1]
            n = int(seconds * RATE)
            if name == "pause":
                y = np.zeros((n, 2)) if part[1] < -120 else at_level(noise(n, k + 1), part[1])
                kind = "pause"
            else:
                if name == "fade":
                    y, kind = self.read(last, read, n) * scale, "fade"
                    y *= meters.lin(np.linspace(0, -40, n))[:, None]
                else:
                    y, kind, last = self.read(name, read, n), "section", name
                    scale = meters.lin(part[1] - meters.loudness(y, RATE))
                    y = y * scale
                    if len(part) == 4:
                        y *= meters.lin(np.linspace(0, part[2] - part[1], n))[:, None]
                y = np.clip(y, -0.99, 0.99)           # no source is over full scale
                edge = RATE // 100
                ramp = np.linspace(0, 1, edge)[:, None]
                y[:edge] *= ramp if kind == "section" else 1
                y[-edge:] *= ramp[::-1]
            out.append(y)
            if len(part) == 4:                        # every 10 s of a drift are to be at the target
                steps = max(1, round(seconds / 10))
                self.sections += [(kind, at + i * seconds / steps, at + (i + 1) * seconds / steps) for i in range(steps)]
            else:
                self.sections.append((kind, at, at + seconds))
            at += seconds
        self.x = np.concatenate(out)

    @staticmethod
    def read(name, read, n):
        """n frames from where this programme left the source, from its start again where it ends."""
        x = source(name)
        at = read.get(name, zlib.crc32(name.encode()) % (8 * RATE))
        read[name] = at + n
        return x.take(range(at, at + n), axis=0, mode="wrap").copy()
