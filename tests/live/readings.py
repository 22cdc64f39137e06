# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""What the figures of the live mode are read with: FFmpeg's ebur128 filter, and arithmetic on its readings."""
import numpy as np

import devices
import meters
from family import RATE

STEP = 0.1


class Reading:
    """momentary, short_term: LUFS, the windows that end at 0.1, 0.2 ... s."""

    def __init__(self, x, rate):
        raw = devices.pipe([devices.FFMPEG, "-v", "error", "-nostdin", "-f", "f64le", "-ar", str(rate), "-ac", str(x.shape[1]), "-i", "pipe:0",
                            "-af", "ebur128=metadata=1,ametadata=print:file=-", "-f", "null", "-"], np.ascontiguousarray(x).tobytes()).decode()
        found = {"M": [], "S": [], "I": []}
        for line in raw.splitlines():
            key, _, value = line.partition("=")
            if key.startswith("lavfi.r128.") and key[11:] in found:
                found[key[11:]].append(float(value))
        self.momentary, self.short_term = np.array(found["M"]), np.array(found["S"])
        self.integrated = found["I"][-1]

    def inside(self, start, end):
        """Momentary readings whose whole window lies within."""
        first, last = int(np.ceil((start + 0.4) / STEP - 1e-6)) - 1, int(end / STEP + 1e-6) - 1
        return self.momentary[max(first, 0):last + 1]

    def loudness(self, start, end):
        """Gated loudness (BS.1770) of a stretch; None if it is all below the gate."""
        m = self.inside(start, end)
        e = 10 ** (m[m > -70] / 10)
        if not len(e):
            return None
        return float(10 * np.log10(e[e > e.mean() / 10].mean()))


def maxima(x, rate):
    """Largest loudness of any window of 400 ms and of 3 s, begun at any ms, LUFS."""
    energy = (meters.kweight(x, rate) ** 2).sum(axis=1)
    return tuple(float(-0.691 + 10 * np.log10(max(meters.windows(energy, rate, length, 0.001).max(), 1e-12))) for length in (0.4, 3))


def lift(x, y, start, end):
    """dB by which a pause or a fade is lifted: the largest gain of its 100 ms, less that of the last 100 ms before it that can be heard. The gain is
    energy out over energy in: where the gain stands still this is 0 whatever the programme, which is not so of loudness, with its gates."""
    n, first = int(RATE * STEP), int(round(start * RATE))
    gains = {}
    for k in range(max(-10, -(first // n)), int((end - start) / STEP + 1e-6)):
        a, b = ((z[first + k * n:first + (k + 1) * n] ** 2).sum() for z in (x, y))
        if a > n * 10 ** -7.5 and b > 0:
            gains[k] = 10 * np.log10(b / a)
    before, within = [g for k, g in gains.items() if k < 0], [g for k, g in gains.items() if k > 0]  # in the first, filters may ring with what was before
    return float(max(within) - before[-1]) if before and within else None


def figures(programme, y, target, settle=2.0):
    """Of one output."""
    out = Reading(y, RATE)
    r = {"integrated": out.integrated - target, "true_peak": meters.db(meters.true_peak(y)), "errors": [], "onsets": [], "pauses": [], "fades": [],
         "max_short_term": float(out.short_term[29:].max(initial=-120)), "max_momentary": float(out.momentary[3:].max(initial=-120)), "reading": out}
    for kind, start, end in programme.sections:
        if kind == "section":
            loud, onset = out.loudness(start + settle, end), out.loudness(start, start + settle)
            r["errors"].append((-120 if loud is None else loud) - target)
            r["onsets"].append((-120 if onset is None else onset) - target)
        else:
            value = lift(programme.x, y, start, end)
            if value is not None:
                r["pauses" if kind == "pause" else "fades"].append(value)
    n = int(RATE * STEP)
    same = [(y[k:k + n] == programme.x[k:k + n]).all() for k in range(0, len(y) - n + 1, n)]
    r["untouched"] = float(np.mean(same))
    return r
