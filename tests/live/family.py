# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""The programmes of the live mode: two halves of other voices, other music, other levels. BLIND has
voices and music of packages of its own. What was chosen on which of them, docs/loudness-live.md says.

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
FILLETS = "/usr/share/games/fillets-ng/sound/*/cs/"
BALL, FROZEN, RACER = "/usr/share/games/neverball/bgm/", "/usr/share/games/frozen-bubble/snd/", "/usr/share/games/etr/music/"
ASC = "/usr/share/games/asc/music/"
PACKAGES = {"ffmpeg": "loudnorm, dynaudnorm, speechnorm and the meter", "espeak-ng": "voices", "neverball-common": "music", "gnuplot-nox": "pictures",
            "asterisk-core-sounds-en-g722": "a voice", "asterisk-core-sounds-fr-g722": "a voice", "asterisk-core-sounds-it-g722": "a voice",
            "fillets-ng-data-cs": "two voices", "frozen-bubble-data": "music", "extremetuxracer-data": "music", "flite": "voices", "asc-music": "music"}
TEXT = ("Good evening, here is the news at nine o'clock. The harbour was closed this morning after a storm broke two of its moorings, and ferries are late. "
        "In the council there was no majority for the new bridge; a second vote is planned for the spring. We asked people in the market what they think. "
        "And now the weather: rain from the west, heavy at first, clearing towards the evening. Tomorrow bright spells, with a strong breeze along the coast. ")

# name -> files joined, with .3 s between them; or a voice of espeak-ng and its words a minute; or flite and a voice of it
VOICES = {
    "allison": sorted(glob.glob(ASTERISK + "en_US_f_Allison/[cdv]*.g722")), "synth-gb": ("en-gb", 150), "synth-us": ("en-us+f3", 170), "synth-low": ("en-us+m7", 135),
    "june": sorted(glob.glob(ASTERISK + "fr_CA_f_June/[cdv]*.g722")), "carlo": sorted(glob.glob(ASTERISK + "it_IT_m_Carlo/[cdv]*.g722")),
    "awb": ("flite", "awb"), "kal": ("flite", "kal16"), "rms": ("flite", "rms"), "slt": ("flite", "slt"),
    "fish-small": sorted(glob.glob(FILLETS + "*m-*.ogg")), "fish-big": sorted(glob.glob(FILLETS + "*v-*.ogg")),
}
MUSIC = {
    "track1": BALL + "track1.ogg", "track2": BALL + "track2.ogg", "track4": BALL + "track4.ogg", "track5": BALL + "track5.ogg", "frozen": FROZEN + "introzik.ogg", "frozen2": FROZEN + "frozen-mainzik-2p.ogg",
    "calm": RACER + "calmrace-ks.ogg", "credits": RACER + "credits1-cp.ogg", "freezing": RACER + "freezingpoint.ogg", "race": RACER + "race1-jt.ogg",
    "spunky": RACER + "spunkyrace-ks.ogg", "start": RACER + "start1-jt.ogg",
    "frontiers": ASC + "frontiers.mp3", "machines": ASC + "machine_wars.mp3", "strike": ASC + "time_to_strike.mp3",
}

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
REPORT = {
    "two speakers": [("june", -31, 10), ("carlo", -21, 8), ("june", -31, 7), ("carlo", -21, 11), ("june", -31, 13), ("carlo", -21, 6)],
    "round table": [("carlo", -22, 6), ("june", -26, 6), ("fish-big", -30, 6), ("carlo", -22, 6), ("fish-big", -30, 6), ("june", -26, 6), ("carlo", -22, 6)],
    "radio": [("june", -25, 12), ("spunky", -13, 22), ("carlo", -28, 12), ("race", -11, 7), ("june", -25, 15), ("credits", -16, 22)],
    "film": [("fish-small", -30, 14), ("pause", -50, 6), ("fish-big", -33, 10), ("freezing", -21, 16), ("spunky", -8, 9), ("pause", -53, 4), ("fish-small", -30, 14)],
    "pauses": [("carlo", -27, 10), ("pause", -60, 6), ("carlo", -27, 9), ("pause", -200, 3), ("june", -29, 8), ("pause", -55, 7), ("june", -29, 8), ("pause", -64, 4), ("carlo", -27, 9)],
    "quiet": [("fish-big", -40, 15), ("freezing", -43, 20), ("june", -41, 15)],
    "hot": [("race", -8, 20), ("fish-small", -13, 12), ("start", -7, 20), ("carlo", -11, 12)],
    "advertisements": [("fish-big", -25, 18), ("race", -12, 8), ("june", -11, 9), ("spunky", -10, 10), ("fish-big", -25, 20)],
    "jumps": [("credits", -17, 14), ("credits", -37, 16), ("credits", -17, 15), ("june", -36, 12), ("june", -16, 12)],
    "fades": [("start", -17, 16), ("fade", 10), ("pause", -200, 2), ("credits", -21, 18), ("fade", 7), ("carlo", -27, 12), ("calm", -18, 15), ("fade", 12)],
    "music on target": [("calm", -23, 110)],
    "talk on target": [("carlo", -23, 50), ("pause", -62, 4), ("june", -23, 50)],
    "drift": [("carlo", -22, -27, 45), ("credits", -26, -22, 45)],
    "steps": [("calm", -24, 15), ("calm", -20, 15), ("calm", -24, 15), ("calm", -20, 15), ("calm", -16, 15)],
    "noisy": [("noisy carlo", -36, 14), ("pause", -52, 5), ("noisy carlo", -36, 12), ("fish-small", -20, 10), ("noisy carlo", -36, 14)],
    "concert": [("freezing", -33, 16), ("race", -14, 28), ("freezing", -30, 16)],
    "podcast": [("credits", -15, 12), ("fish-small", -22, 20), ("june", -24, 14), ("fish-small", -22, 14), ("credits", -15, 10)],
}
ON_TARGET = "music on target", "talk on target"
BLIND_VOICES, BLIND_MUSIC, BLIND_SEED = ("awb", "kal", "rms", "slt"), ("frontiers", "machines", "strike"), 20261128


def drawn(seed):
    """The forms of the report half with other voices and music, at other levels and of other lengths."""
    rng, out = np.random.default_rng(seed), {}
    for name, parts in REPORT.items():
        voices, music, chosen = list(rng.permutation(BLIND_VOICES)), list(rng.permutation(BLIND_MUSIC)), {}
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


BLIND = drawn(BLIND_SEED)
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
            speak = ["flite", "-voice", what[1], "-t", TEXT * 3, "-o", path] if what[0] == "flite" else ["espeak-ng", "-v", what[0], "-s", str(what[1]), "-w", path, TEXT * 3]
            subprocess.run(speak, check=True, capture_output=True)
            parts.append(material.decode(path, RATE))
    else:
        for path in what:
            if os.path.getsize(path) < 12000:
                continue
            parts += [material.decode(path, RATE), np.zeros((int(0.3 * RATE), 2))]
            seconds += len(parts[-2]) / RATE + 0.3
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
