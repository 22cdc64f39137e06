# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""A slow, plain reference of mastercomp and mastergate, written from formulas alone; it shares no code with the core.

Sources of the formulas, named at each step:
  [D]   docs/dynamics.md, its section in quotes
  [K]   ITU-R BS.1770-5 annex 1, with the analogue prototype in numbers as used by De Man, "Evaluation of Implementations of the EBU R128
        Loudness Measurement" (AES 145, 2018)
  [GMR] Giannoulis, Massberg, Reiss: "Digital Dynamic Range Compressor Design", JAES 60 (2012), and "Parameter Automation in a Dynamic Range
        Compressor", JAES 61 (2013)

compressor (x, rate, rows) and gate (x, rate, rows) take x[frame, channel] in float64 and a dict of the rows in their units, and return
factor[frame, channel], by which the output differs from the input once the latency is taken out, and the key as heard while key-listen is on.
Two decisions hang on a comparison that rounding can turn over: whether a gate is open, and whether a compressor's hold is wound up. tie (in dB) moves
the level at which they are made down, so that who compares can see what either decision leads to.
Levels and reductions are in dB, times in seconds. The key is the input: an external one is not modelled, nor are rows that change while playing.
"""
import math

import numpy as np

# Values that take a stage out, for rows that a table does not (or does not yet) have.
OFF = {
    "bypass": 0, "key-highpass": 0, "key-lowpass": 0, "key-listen": 0, "link": 100, "lookahead": 0, "hold": 0, "knee": 0,
    "auto-release": 0, "auto-makeup": 0, "makeup": 0, "mix": 100, "range": 120, "direction": "down", "detector": "peak", "rms-window": 10,
    "duck": 0, "hysteresis": 0,
}
IDLE = 6e-7  # dB; [D] "Exactly idle"
SILENCE = 2.0 ** -100


def frames(seconds, rate):
    """[D] heading: a time as a whole number of samples."""
    return math.floor(seconds * rate + 0.5)


def k(seconds, rate):
    """[D] heading: the step of a one-pole that has made 1-1/e of its way after that time; [GMR 2012], time constant."""
    return 1 - math.exp(-1 / (seconds * rate))


# ---------------------------------------------------------------------------------------------- 1. key

def narrowed(x):
    """[D] "Key": what is no sane number is 0; the rest is float32."""
    with np.errstate(invalid="ignore"):
        sane = np.isfinite(x) & (np.abs(x) < 2.0 ** 60)
    return np.where(sane, x, 0).astype(np.float32).astype(np.float64)


def biquad(x, b, a):
    """y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2], from rest, of one channel."""
    (b0, b1, b2), (a1, a2) = b, a
    x1 = x2 = y1 = y2 = 0.0
    out = []
    for x0 in x.tolist():
        y0 = b0 * x0 + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
        out.append(y0)
        x2, x1, y2, y1 = x1, x0, y1, y0
    return np.array(out)


def butterworth(kind, frequency, rate):
    """[D] "Key filters": second order, by the bilinear transform prewarped to -3.01 dB at the frequency."""
    g = math.tan(math.pi * min(max(frequency, 1.0), 0.49 * rate) / rate)
    q = math.sqrt(2)
    norm = 1 + q * g + g * g
    b = (1 / norm, -2 / norm, 1 / norm) if kind == "high" else (g * g / norm, 2 * g * g / norm, g * g / norm)
    return b, (2 * (g * g - 1) / norm, (1 - q * g + g * g) / norm)


def filtered_key(x, rate, rows):
    """[D] "Key filters": the high-pass, then the low-pass, each only if its row is not 0."""
    y = narrowed(x)
    for kind, row in (("high", "key-highpass"), ("low", "key-lowpass")):
        if rows[row] > 0:
            b, a = butterworth(kind, rows[row], rate)
            y = np.stack([biquad(y[:, c], b, a) for c in range(y.shape[1])], axis=1)
    return y


# ---------------------------------------------------------------------------------------------- 2. level

def k_weighting(rate):
    """[K] the two biquads: a high shelf of +4 dB, and a high-pass whose numerator is 1, -2, 1 at every rate."""
    t = math.tan(math.pi * 1681.974450955533 / rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high ** 0.4996667741545416
    norm = 1 + t / q + t * t
    shelf = ((high + band * t / q + t * t) / norm, 2 * (t * t - high) / norm, (high - band * t / q + t * t) / norm)
    shelf_a = (2 * (t * t - 1) / norm, (1 - t / q + t * t) / norm)
    t, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    norm = 1 + t / q + t * t
    return (shelf, shelf_a), ((1.0, -2.0, 1.0), (2 * (t * t - 1) / norm, (1 - t / q + t * t) / norm))


def largest_of_last(x, count):
    """max of x[n-j], j = 0 .. count-1, along the first axis, nothing before the start; windows of 1, 2, 4 ... samples, then two that overlap."""
    y, width = x, 1
    while width < count:
        shift = min(width, count - width)
        y = np.concatenate([y[:shift], np.maximum(y[shift:], y[:-shift])]) if shift < len(y) else np.maximum.accumulate(y)
        width += shift
    return y


def mean_square(x, window, rate):
    """[D] "Level", rms: m[n] = m[n-1] + k (x[n]^2 - m[n-1]) of one channel."""
    step, m, out = k(window, rate), 0.0, []
    for square in (x * x).tolist():
        m += step * (square - m)
        out.append(m)
    return np.array(out)


def dB(level):
    return 20 * np.log10(np.maximum(level, SILENCE))


def lanes(values, rows):
    """[D] "Lanes": with link at 100 % the largest of all channels, in one lane; else each channel its own."""
    return values.max(axis=1, keepdims=True) if rows["link"] >= 100 else values


def linked(d, loudest, rows):
    """[D] "Link": l m + (1 - l) d, m the reduction of the loudest channel."""
    share = rows["link"] / 100
    return share * loudest(d, axis=1, keepdims=True) + (1 - share) * d


# ---------------------------------------------------------------------------------------------- 3. mastercomp

def static_reduction(X, rows):
    """[D] mastercomp "Static curve"; [GMR 2012], soft knee."""
    T, W, ratio = rows["threshold"], rows["knee"], rows["ratio"]
    S = 1 - 1 / ratio
    u = T - X if rows["direction"] == "up" else X - T
    y = np.where(u >= W / 2, u, 0.0)
    if W > 0:
        y = np.where(np.abs(u) < W / 2, (u + W / 2) ** 2 / (2 * W), y)
    d = np.minimum(S * y, rows["range"])
    return -np.minimum(d, 30.0) if rows["direction"] == "up" else d


def release_steps(m, M, rate, rows):
    """[D] "Auto-release"; [GMR 2013], crest factor: a one-pole step for each sample."""
    c, release = k(0.2, rate), rows["release"] / 1000
    p = r = 0.0
    out = []
    for square in (m * m).tolist():
        p = max(square, p + c * (square - p))
        r = r + c * (square - r)
        crest2 = p / r if r >= 1e-20 else 8.0
        tau = release * min(max(8 / crest2, 0.25), 4.0)
        out.append(1 / (0.5 + rate * tau - M))
    return out


def smoothed(d, attack, release, hold, tie):
    """[D] mastercomp "Ballistics" of one lane; release is a step for each sample."""
    s, left, before = 0.0, 0, 0.0
    out = []
    for target, back in zip(d.tolist(), release):
        e = target - s
        holds = e < 0 and left > 0
        if holds:
            left -= 1
        else:
            s += (attack if e >= 0 else back) * e
        if abs(target - s) < IDLE and target == before and not (holds and tie < 0):
            s = target
        if e >= -tie or (e == 0 and target == before):
            left = hold
        before = target
        out.append(s)
    return out


def compressor(x, rate, rows, tie=0.0):
    rows = {**OFF, **rows}
    N, C = x.shape
    delay = frames(rows["lookahead"] / 1000, rate)
    # 1. the key, and silence after its end for as long as the audio lies behind it: [D] "Delay"
    key = filtered_key(np.vstack([x, np.zeros((delay, C))]), rate, rows)
    if rows["bypass"]:
        return np.ones((N, C)), key[:N]

    # 2. its level, channel by channel: [D] mastercomp "Level"
    release, M = rows["release"] / 1000, 0
    if rows["detector"] == "peak":
        # a whole number but for rounding, as many releases give, is meant: hence the millionth of a sample
        M = math.floor(rate * min(0.025, release / (8 if rows["auto-release"] else 2)) + 1e-6)
        level = largest_of_last(np.abs(key), M + 1)
    else:
        heard = key
        if rows["detector"] == "loudness":
            shelf, highpass = k_weighting(rate)
            heard = np.stack([biquad(biquad(key[:, c], *shelf), *highpass) for c in range(C)], axis=1)
        level = np.sqrt(np.stack([mean_square(heard[:, c], rows["rms-window"] / 1000, rate) for c in range(C)], axis=1))

    # 3. lanes, 4. the reduction wanted, 5. link
    d = linked(static_reduction(dB(lanes(level, rows)), rows), np.max, rows)

    # 6. ballistics, the release shortened by what the window of the level holds
    attack, hold = k(rows["attack"] / 1000, rate), frames(rows["hold"] / 1000, rate)
    loudest = lanes(np.abs(key), rows)
    s = np.empty_like(d)
    for lane in range(d.shape[1]):
        steps = release_steps(loudest[:, lane], M, rate, rows) if rows["auto-release"] else [k(release - M / rate, rate)] * len(d)
        s[:, lane] = smoothed(d[:, lane], attack, steps, hold, tie)

    # 7. makeup and 8. mix: [D] "Makeup", "Mix"
    auto = 0.5 * float(static_reduction(np.zeros(1), rows)[0]) if rows["auto-makeup"] and rows["direction"] == "down" else 0.0
    gain = 10 ** ((rows["makeup"] + auto - s) / 20)
    factor = 1 + rows["mix"] / 100 * (gain - 1)
    return np.broadcast_to(factor[delay:], (N, C)), key[:N]


# ---------------------------------------------------------------------------------------------- 4. mastergate

def expansion(X, rows):
    """[D] mastergate "Static curve" of a closed gate."""
    T, W, R = rows["threshold"], rows["knee"], rows["range"]
    S = min(rows["ratio"] - 1, 2 * R / W if W > 0 else math.inf, 10000)
    v = T - X
    y = np.where(v >= W / 2, S * v, 0.0)
    if W > 0:
        y = np.where(np.abs(v) < W / 2, S * (v + W / 2) ** 2 / (2 * W), y)
    return np.minimum(y, R)


def is_open(X, M, rate, rows, tie):
    """[D] "Open or closed" and "Start", of one lane."""
    opens = rows["threshold"] + rows["knee"] / 2 - tie
    closes = opens - rows["hysteresis"]
    hold = frames(rows["hold"] / 1000, rate)
    now, left = (False, 0) if rows["duck"] else (True, max(hold, M))
    out = []
    for level in X.tolist():
        if level >= opens or (now and level >= closes):
            now, left = True, max(0, hold - M)
        elif now and left > 0:
            left -= 1
        else:
            now = False
        out.append(now)
    return np.array(out)


def two_poles(d, falling, rising, rate):
    """[D] mastergate "Ballistics" of one lane: a one-pole and a second one, eight times as fast, after it."""
    def steps(label):
        t1 = label / 1.133487
        return k(t1, rate), k(t1 / 8, rate)
    (fall1, fall2), (rise1, rise2) = steps(falling), steps(rising)
    s1 = s2 = before = 0.0
    out = []
    for target in d.tolist():
        s1 += (rise1 if target > s1 else fall1) * (target - s1)
        if abs(target - s1) < IDLE and target == before:
            s1 = target
        s2 += (rise2 if s1 > s2 else fall2) * (s1 - s2)
        if abs(s1 - s2) < IDLE and s1 == target == before:
            s2 = s1
        before = target
        out.append(s2)
    return out


def gate(x, rate, rows, tie=0.0):
    rows = {**OFF, **rows}
    N, C = x.shape
    delay = frames(rows["lookahead"] / 1000, rate)
    # 1. the key, 2. its level, 3. lanes
    key = filtered_key(np.vstack([x, np.zeros((delay, C))]), rate, rows)
    if rows["bypass"]:
        return np.ones((N, C)), key[:N]
    M = frames(0.025, rate)
    level = lanes(largest_of_last(np.abs(key), M + 1), rows)

    # 4. open or closed, the reduction wanted, 5. link, duck
    X = dB(level)
    closed = expansion(X, rows)
    y = np.stack([np.where(is_open(X[:, c], M, rate, rows, tie), 0.0, closed[:, c]) for c in range(X.shape[1])], axis=1)
    d = linked(y, np.min, rows)
    attack, release = rows["attack"] / 1000, rows["release"] / 1000
    if rows["duck"]:
        d = rows["range"] - d

    # 6. ballistics: the attack is what the key's arrival does
    falling, rising = (release, attack) if rows["duck"] else (attack, release)
    s = np.stack([two_poles(d[:, c], falling, rising, rate) for c in range(d.shape[1])], axis=1)
    return np.broadcast_to(10 ** (-s[delay:] / 20), (N, C)), key[:N]
