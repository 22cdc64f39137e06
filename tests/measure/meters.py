# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""What the figures are read with; shares nothing with the library. Signals are float64 arrays [frames][channels]."""
import numpy as np

PHASES, TAPS = 16, 192


def db(x):
    return 20 * np.log10(np.maximum(x, 1e-30))


def lin(d):
    return 10 ** (np.asarray(d) / 20)


def fast_length(n):
    """The least 2^a 3^b >= n: lengths that FFTs like."""
    best = 1 << int(np.ceil(np.log2(max(n, 2))))
    for three in (3, 9):
        best = min(best, three << max(0, int(np.ceil(np.log2(max(n / three, 1))))))
    return best


# ---- true peak: 16 times oversampling, 192 taps a phase, Kaiser beta 8 (flat within .001 dB to .486 of the rate), silence around the signal

def _kernel():
    t = np.arange(TAPS)[None, :] - (TAPS // 2 - 1) - np.arange(PHASES)[:, None] / PHASES
    w = np.i0(8 * np.sqrt(np.maximum(1 - (t / (TAPS / 2)) ** 2, 0))) / np.i0(8) * (np.abs(t) <= TAPS / 2)
    h = np.sinc(t) * w
    return h / h.sum(axis=1, keepdims=True)


KERNEL = _kernel()
_CHUNK = 8192
_COARSE = np.fft.rfft(KERNEL[::4, ::-1], _CHUNK)     # every 4th phase as convolution kernels


def _true_peak(x):
    x = np.concatenate([np.zeros(TAPS), x, np.zeros(TAPS)])
    # 4x first; a peak of a signal below .475 of the rate shows there to cos (.475 pi / 4) = .931 at least: only around those is 16x needed
    step = _CHUNK - TAPS + 1
    tops, places = [], []
    for at in range(0, len(x) - TAPS, step):
        block = x[at:at + _CHUNK]
        y = np.abs(np.fft.irfft(np.fft.rfft(block, _CHUNK)[None, :] * _COARSE, _CHUNK)[:, TAPS - 1:]).max(axis=0)
        tops.append(y[:min(step, len(x) - TAPS + 1 - at)])
    tops = np.concatenate(tops)
    most = tops.max()
    if most == 0:
        return 0.0
    places = np.flatnonzero(tops > 0.925 * most)
    for part in np.array_split(places, len(places) // 20000 + 1):
        most = max(most, np.abs(np.lib.stride_tricks.sliding_window_view(x, TAPS)[part] @ KERNEL.T).max())
    return float(most)


def true_peak(x):
    """Linear, the largest of all channels."""
    return max(_true_peak(c) for c in np.atleast_2d(x.T))


# ---- loudness, ITU-R BS.1770-5

def _k_response(f, rate):
    z = np.exp(-2j * np.pi * f / rate)
    k, q, vh = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    vb, a0 = vh ** 0.4996667741545416, 1 + k / q + k * k
    shelf = ((vh + vb * k / q + k * k) + 2 * (k * k - vh) * z + (vh - vb * k / q + k * k) * z * z) / \
            (a0 + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z * z)
    k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    return shelf * (1 - 2 * z + z * z) / (1 + (2 * (k * k - 1) * z + (1 - k / q + k * k) * z * z) / a0)


def kweight(x, rate):
    n = fast_length(len(x) + rate // 2)
    h = _k_response(np.fft.rfftfreq(n, 1 / rate), rate)
    return np.fft.irfft(np.fft.rfft(x, n, axis=0) * h[:, None], n, axis=0)[:len(x)]


def windows(energy, rate, length, step=0.1):
    """Means over `length` s every `step` s."""
    total = np.concatenate([[0], np.cumsum(energy)])
    n = int(length * rate)
    at = np.arange(0, max(len(energy) - n, 0) + 1, int(step * rate))
    return (total[np.minimum(at + n, len(energy))] - total[at]) / n


def loudness(x, rate):
    """Integrated, LUFS."""
    e = windows((kweight(x, rate) ** 2).sum(axis=1), rate, 0.4)
    e = e[e > 10 ** ((-70 + 0.691) / 10)]
    if not len(e):
        return -np.inf
    e = e[e > e.mean() / 10]
    return -0.691 + 10 * np.log10(e.mean())


def smooth(x, n):
    """Hann window of n values, centred; what reaches over an end is left out."""
    w = np.hanning(n + 2)[1:-1]
    w /= w.sum()
    size = fast_length(len(x) + n)
    y = np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(w, size), size)
    return y[(n - 1) // 2:(n - 1) // 2 + len(x)]


def residual(x, y, rate, ms=50):
    """MN: what is in y and not in x times a gain that moves no faster than a window of 50 ms, K-weighted, dB against y. The gain is the one of least squares
    within the window, the same for all channels."""
    n = int(ms / 1000 * rate) | 1
    xy, xx = smooth((x * y).sum(axis=1), n), smooth((x * x).sum(axis=1), n)
    g = xy / np.maximum(xx, 1e-12 * xx.max() + 1e-30)
    e = kweight(y - g[:, None] * x, rate)
    return 10 * np.log10(max((e ** 2).sum(), 1e-30) / (kweight(y, rate) ** 2).sum())


def thdn(x, f, rate):
    """What a sine of f and a constant leave of x, dB against the sine."""
    t = 2 * np.pi * f / rate * np.arange(len(x))
    basis = np.stack([np.ones(len(x)), np.cos(t), np.sin(t)], axis=1)
    a = np.linalg.lstsq(basis, x, rcond=None)[0]
    return 10 * np.log10(max(((x - basis @ a) ** 2).sum(), 1e-30) / ((a[1] ** 2 + a[2] ** 2) / 2 * len(x)))


def smpte(x, low, high, rate):
    """Modulation of the high tone by the low one: side bands at multiples 1..5 of `low` around `high`, dB against `high`."""
    t = 2 * np.pi / rate * np.arange(len(x))
    w = np.hanning(len(x))
    level = lambda f: abs((x * w * np.exp(-1j * f * t)).sum())
    side = sum(level(high + s * k * low) ** 2 for k in range(1, 6) for s in (-1, 1))
    return 10 * np.log10(max(side, 1e-30) / level(high) ** 2)


def crest(x, rate):
    """Median over 400 ms windows that are louder than -50 dB of the loudest: sample peak over root mean square, dB."""
    n = int(0.4 * rate)
    parts = x[:len(x) // n * n].reshape(-1, n, x.shape[1])
    rms = np.sqrt((parts ** 2).mean(axis=(1, 2)))
    on = rms > rms.max() / 300
    return float(np.median(db(np.abs(parts).max(axis=(1, 2))[on] / rms[on])))


def psr(x, rate):
    """Peak to short-term loudness: median over 3 s windows of true peak (4x here: sample peak of the interpolated window) minus short-term loudness, LU."""
    n, e = 3 * rate, (kweight(x, rate) ** 2).sum(axis=1)
    out = []
    for at in range(0, len(x) - n + 1, rate):
        short = -0.691 + 10 * np.log10(max(e[at:at + n].mean(), 1e-30))
        if short > -60:
            out.append(db(true_peak(x[at:at + n])) - short)
    return float(np.median(out)) if out else float("nan")


def check():
    """The meters on signals whose figures are known."""
    n, worst = 4000, 0
    i = np.arange(n)
    for f in (1 / 4, 1 / 6, .0213, .1871, .3171, .4499):
        for phase in range(4):
            x = np.sin(2 * np.pi * f * i + np.pi / 4 * phase) * np.hanning(n)
            worst = max(worst, abs(db(true_peak(x[:, None]))))
    assert worst < 0.01, f"true-peak meter is off by {worst} dB"
    for rate in (44100, 48000, 96000):
        t = np.arange(10 * rate) / rate
        x = lin(-23) * np.sin(2 * np.pi * 997 * t)
        off = loudness(np.stack([x, x], axis=1), rate) + 23
        assert abs(off) < 0.05, f"loudness meter is off by {off} LU at {rate} Hz"
