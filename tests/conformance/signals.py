# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""The signals of EBU Tech 3341 and 3342, made as those documents say, and what each must read. Signals are float32 [frames][channels]."""
import struct
from dataclasses import dataclass, field

import numpy as np

LU, RANGE, PEAK = (-0.1, 0.1), (-1, 1), (-0.4, 0.2)      # Tech 3341, 3342: tolerances
MASKS = {1: 0x4, 2: 0x3, 5: 0x607}                       # WAVEFORMATEXTENSIBLE; 5.0 with its surrounds at the sides


@dataclass
class Case:
    number: str                                          # of the document
    text: str
    make: object                                         # rate -> signal
    expect: list                                         # (what, value, tolerance); what: see read.py
    turns: float = 0                                     # s of each of the twenty parts of cases 11 and 14


@dataclass
class Row:
    case: Case
    worst: dict = field(default_factory=dict)            # (source, what) -> the reading farthest from what is expected


def tones(*steps, channels=2):
    """1 kHz at (dBFS peak, seconds); None is silence. The phase runs through."""
    def make(rate):
        edges = np.rint(np.cumsum([0] + [s for _, s in steps]) * rate).astype(int)
        level = np.concatenate([np.full(b - a, 0 if db is None else 10 ** (db / 20)) for (db, _), a, b in zip(steps, edges, edges[1:])])
        x = level * np.sin(2 * np.pi * 1000 / rate * np.arange(len(level)))
        return np.repeat(x[:, None], channels, axis=1).astype(np.float32)
    return make


def surround(rate):
    x = tones((0, 20), channels=5)(rate)
    return (x * 10 ** (np.array([-28, -28, -24, -30, -30]) / 20)).astype(np.float32)


def faded(x, rate):
    n = rate // 100
    w = np.ones(len(x))
    w[:n] = np.arange(n) / n
    w[-n:] = w[:n][::-1]
    return np.repeat((x * w)[:, None], 2, axis=1).astype(np.float32)


def peak_tone(of, degrees, amplitude):
    return lambda rate: faded(amplitude * np.sin(2 * np.pi * np.arange(rate) / of + np.radians(degrees)), rate)


def peak_between(offset):
    """At four times the rate a tone of fs / 6, amplitude .5, that holds one period of fs / 4, amplitude 1; low-passed (Kaiser, 255 taps) and decimated."""
    def make(rate):
        half = 4 * rate // 5 // 24 * 24
        tone = 0.5 * np.sin(2 * np.pi * np.arange(half) / 24)
        x = np.concatenate([tone, np.sin(2 * np.pi * np.arange(16) / 16), tone])
        h = np.sinc((np.arange(255) - 127) / 4) * np.kaiser(255, 8)
        return faded(np.convolve(x, h / h.sum(), "same")[offset::4], rate)
    return make


def cases(every):
    """every: of the twenty files of cases 10 and 13 each that many-th."""
    some = range(0, 20, every)
    out = [
        Case("1", "-23 dBFS", tones((-23, 20)), [("I", -23, LU), ("max M", -23, LU), ("max S", -23, LU)]),
        Case("2", "-33 dBFS", tones((-33, 20)), [("I", -33, LU), ("max M", -33, LU), ("max S", -33, LU)]),
        Case("3", "-36, -23, -36", tones((-36, 10), (-23, 60), (-36, 10)), [("I", -23, LU)]),
        Case("4", "-72, -36, -23, -36, -72", tones((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), [("I", -23, LU)]),
        Case("5", "-26, -20, -26", tones((-26, 20), (-20, 20.1), (-26, 20)), [("I", -23, LU)]),
        Case("6", "5.0", surround, [("I", -23, LU)]),
        Case("9", "S stands still", tones(*[(-20, 1.34), (-30, 1.66)] * 5), [("S", -23, LU)]),
        *[Case("10", "max S, tone begins anywhere", tones((None, i * 0.15), (-23, 3), (None, 1)), [("max S", -23, LU)]) for i in some],
        Case("11", "max S, -38 .. -19 in turn", tones(*[s for i in range(20) for s in ((None, i * 0.15), (i - 38, 3), (None, 3 - i * 0.15))]),
             [("max S in turn", 0, LU)], 6),
        Case("12", "M stands still", tones(*[(-20, 0.18), (-30, 0.22)] * 25), [("M", -23, LU)]),
        *[Case("13", "max M, tone begins anywhere", tones((None, i * 0.02), (-23, 0.4), (None, 1)), [("max M", -23, LU)]) for i in some],
        Case("14", "max M, -38 .. -19 in turn", tones(*[s for i in range(20) for s in ((None, i * 0.02), (i - 38, 0.4), (None, 0.4 - i * 0.02))]),
             [("max M in turn", 0, LU)], 0.8),
    ]
    for number, of, degrees, amplitude, want in ((15, 4, 0, 0.5, -6), (16, 4, 45, 0.5, -6), (17, 6, 60, 0.5, -6), (18, 8, 67.5, 0.5, -6), (19, 4, 45, 1.41, 3)):
        out.append(Case(str(number), f"fs/{of}, {degrees:g} degrees", peak_tone(of, degrees, amplitude), [("TP", want, PEAK)]))
    out += [Case(str(20 + i), f"fs/6 with a period of fs/4, offset {i}", peak_between(i), [("TP", 0, PEAK)]) for i in range(4)]
    for number, steps, want in ((1, (-20, -30), 10), (2, (-20, -15), 5), (3, (-40, -20), 20), (4, (-50, -35, -20, -35, -50), 15)):
        out.append(Case(f"3342-{number}", ", ".join(map(str, steps)), tones(*[(s, 20) for s in steps]), [("LRA", want, RANGE)]))
    return out


def write_wav(path, x, rate, mask=None):
    channels = x.shape[1]
    data = np.ascontiguousarray(x, "<f4").tobytes()
    form = struct.pack("<HHIIHHHHI", 0xFFFE, channels, rate, rate * channels * 4, channels * 4, 32, 22, 32, mask or MASKS[channels])
    form += bytes.fromhex("0300000000001000800000aa00389b71")                  # KSDATAFORMAT_SUBTYPE_IEEE_FLOAT
    with open(path, "wb") as f:
        f.write(b"RIFF" + struct.pack("<I", 20 + len(form) + len(data)) + b"WAVEfmt " + struct.pack("<I", len(form)) + form)
        f.write(b"data" + struct.pack("<I", len(data)) + data)
