# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""The limiter's figures. A job is (function, arguments) for a pool; every job measures one limiter on one thing."""
import numpy as np

import devices as d
import material as m
from meters import crest, db, kweight, lin, loudness, residual, smooth, smpte, thdn, true_peak

CEILING = -1
RATES = 44100, 48000, 96000
DRIVES = 6, 12, 20
TONES = 41.2, 50.3, 83.1, 203.7, 997.3
TARGETS = -11, -9
SHORT = [n for n in d.LIMITERS if n != "alimiter, level=1"]
SAMPLE_PEAK = "mdyn, sample peak"
DRUMS = ("mdyn", "mdyn low-latency", "mdyn louder", SAMPLE_PEAK, "alimiter", "LSP", "LSP, alr off", "x42 dpl", "x42 dpl, true peak")


def stereo(x):
    return np.stack([x, x], axis=1)


# ---- ceiling

def over_adversarial(name, rate):
    """dB over the ceiling: worst of all but noise, worst of noise."""
    gap = np.zeros((int(0.25 * rate), 2))
    corpus = m.adversarial(rate)
    y = d.LIMITERS[name](np.concatenate([p for _, x in corpus for p in (x, gap)]), rate)
    at, worst = 0, {}
    for kind, x in corpus:
        n = len(x) + len(gap)
        key = "noise" if kind == "noise" else "rest"
        worst[key] = max(worst.get(key, -99), db(true_peak(y[at:at + n])) - CEILING)
        at += n
    return worst["rest"], worst["noise"]


def over_programme(name, rate, what):
    """dB over the ceiling, worst of +6, +12, +20 dB; loudness out of each."""
    x = m.programme("speech", rate)[:16 * rate] if what == "speech" else np.concatenate([m.programme(t, rate, 3) for t in m.tracks()])
    over, loud = -99, []
    for drive in DRIVES:
        y = d.LIMITERS[name](x * lin(drive), rate)
        over = max(over, db(true_peak(y)) - CEILING)
        loud.append(loudness(y, rate))
    return over, loud


# ---- equal loudness

def search(run, x, rate, target, headroom):
    """The drive that brings the output to `target` LUFS; headroom: ... after the output has been turned down to a true peak of exactly the ceiling."""
    g, got, slope, last = target - loudness(x, rate), None, 0.8, None
    for _ in range(10):
        y = run(x * lin(g), rate)
        got = loudness(y, rate) - (max(0, db(true_peak(y)) - CEILING) if headroom else 0)
        if abs(got - target) < 0.03:
            break
        if last and last[0] != g:
            slope = (got - last[1]) / (g - last[0])
            if slope < 0.12:                          # will not get there
                break
            slope = min(1.2, slope)
        last = g, got
        g = min(g + (target - got) / slope, 70)
    return g, got, residual(x * lin(g), y, rate)


def equal_loudness(name, item, target, headroom):
    x = m.programme(item)[:20 * 48000]
    g, got, res = search(d.LIMITERS[name], x, 48000, target, headroom)
    return res if abs(got - target) < 0.1 else float("nan")


# ---- tones

def tone(name, f, rate=48000):
    t = np.arange(2 * rate) / rate
    y = d.LIMITERS[name](stereo(lin(CEILING + 6) * np.sin(2 * np.pi * f * t)), rate)
    return thdn(y[rate:-rate // 10, 0], f, rate)


def intermodulation(name, rate=48000):
    y = d.LIMITERS[name](m.two_tones(60.3, 7000.7, lin(CEILING + 6), 3, rate), rate)
    return smpte(y[rate:2 * rate, 0], 60.3, 7000.7, rate)


# ---- transients

def click(name, burst_ms, rate=48000):
    """ms from a click or burst of +13 dB until the gain on a tone is within 1 dB for good; the worst of three places."""
    i, worst = np.arange(rate), 0.0
    n = max(1, int(burst_ms / 1000 * rate))
    for at in (12000, 12021, 12043):
        x = lin(-10) * np.sin(0.1 * i)
        x[at:at + n] = lin(CEILING + 13) * np.cos(0.7 * np.arange(n))
        y = d.LIMITERS[name](stereo(x), rate)[:, 0]
        level = np.sqrt(np.maximum(smooth(y * y, 63), 0))                              # over a period of the tone: its phase does not matter
        k = np.flatnonzero((i > at + n + 63) & (i < rate - 2000) & (level < lin(-10 - 1) / np.sqrt(2)))
        worst = max(worst, (k[-1] - at - n + 1) * 1000 / rate if len(k) else 0.0)
    return worst


def clicks(name, rate=48000):
    """A click of +13 dB over the ceiling every 500 ms in music below it: dB that the music loses 100 .. 480 ms after each."""
    x = m.programme("track4", rate, 8)
    x = x / true_peak(x) * lin(CEILING - 3)
    hit = x.copy()
    at = np.arange(rate // 2, len(x) - rate // 2, rate // 2)
    hit[at] = lin(CEILING + 13)
    y = d.LIMITERS[name](hit, rate)
    a, b = int(0.1 * rate), int(0.48 * rate)
    return 10 * np.log10(sum((y[k + a:k + b] ** 2).sum() for k in at) / sum((x[k + a:k + b] ** 2).sum() for k in at))


def drum(name, loop, rate=48000):
    """A loop 9 dB over: loudness lost and residual; both again with the ceiling lowered until the true peak is the ceiling's."""
    x = m.drum_loops()[loop]
    x = x / true_peak(x) * lin(CEILING + 9)
    lower, out = 0, []
    for _ in range(5):
        y = d.LIMITERS[name](x * lin(lower), rate) * lin(-lower)        # what a limiter does with a ceiling lower by that
        out.append((loudness(y, rate) - loudness(x, rate), residual(x, y, rate)))
        over = db(true_peak(y)) - CEILING
        if over < 0.02:
            break
        lower += over
    return *out[0], *out[-1]


def splatter(name, rate=48000):
    """A burst on the right of a gain-linked pair closes the gain on a 3 kHz tone on the left by 9 dB: what the tone shows .5 .. 3 kHz off, dB."""
    i = np.arange(rate)
    left, right = 0.05 * np.sin(2 * np.pi * 3000.3 / rate * i), np.zeros(rate)
    right[rate // 2:] = lin(CEILING + 9) * np.sin(2 * np.pi * 9100.7 / rate * i[rate // 2:])
    y = d.LIMITERS[name](np.stack([left, right], axis=1), rate)[:, 0]
    return off_tone(y, rate)


def off_tone(y, rate):
    n = int(0.1 * rate)
    part = y[rate // 2 - n:rate // 2 + n] * np.blackman(2 * n)
    e, f = np.abs(np.fft.rfft(part)) ** 2, np.fft.rfftfreq(2 * n, 1 / rate)
    near = np.abs(f - 3000.3)
    return 10 * np.log10(e[(near > 500) & (near < 2900)].sum() / e[near < 300].sum())


def splatter_of_boxes(shares, lookahead_ms, rate=48000):
    """The same change of gain through boxes of these shares of the lookahead."""
    n = int(lookahead_ms / 1000 * rate)
    h = np.ones(1)
    for s in shares:
        h = np.convolve(h, np.ones(round(n * s)) / round(n * s))
    i = np.arange(rate)
    step = np.where(i >= rate // 2 - n, 1 - lin(-9), 0.0)
    gain = 1 - np.convolve(step, h)[:rate]
    return off_tone(0.05 * np.sin(2 * np.pi * 3000.3 / rate * i) * gain, rate)


# ---- gain, for pictures

def gain_of(x, y, rate, ms=1):
    """dB, least squares within windows of some ms."""
    n = int(ms / 1000 * rate) | 1
    return 10 * np.log10(np.maximum(smooth((x * y).sum(axis=1), n), 1e-12) ** 2 / np.maximum(smooth((x * x).sum(axis=1), n), 1e-12) ** 2)


# ---- jobs and tables

def jobs(there, quick=False):
    """[(key, function, arguments)]"""
    out = []
    for name in there:
        for rate in RATES if not quick else RATES[1:2]:
            out.append((("adversarial", name, rate), over_adversarial, (name, rate)))
            for what in ("speech", "music"):
                out.append((("over", name, rate, what), over_programme, (name, rate, what)))
        if name not in SHORT:
            continue
        for f in TONES:
            out.append((("tone", name, f), tone, (name, f)))
        out.append((("smpte", name), intermodulation, (name,)))
        for ms in (0, 5):
            out.append((("click", name, ms), click, (name, ms)))
        out.append((("clicks", name), clicks, (name,)))
        out.append((("splatter", name), splatter, (name,)))
        if name in DRUMS:
            for loop in m.drum_loops():
                out.append((("drum", name, loop), drum, (name, loop)))
            for item in items():
                for target in TARGETS:
                    for headroom in (False, True):
                        out.append((("equal", name, item, target, headroom), equal_loudness, (name, item, target, headroom)))
    return out


def items():
    return [*m.TUNED, *[t for t in m.tracks() if t not in m.TUNED], "speech"]


def row(*cells):
    return "| " + " | ".join(c if isinstance(c, str) else "-" if c is None or c != c else f"{c + 0.0:.2f}".replace("-0.00", "0.00") if abs(c) < 10 else f"{c:.1f}" for c in cells) + " |"


def table(head, rows):
    return "\n".join([row(*head), "|" + "---|" * len(head), *[row(*r) for r in rows]]) + "\n"


def report(there, r):
    """Markdown. r: what the jobs gave, by key."""
    out = []
    rates = [x for x in RATES if ("adversarial", there[0], x) in r]
    khz = [f"{x / 1000:g} k" for x in rates]
    out.append("### True peak over the ceiling, dB\n\nCeiling -1 dB everywhere. Corpus: tones at bad phases, sweeps, bursts, squares, steps, clicks, one-sided peaks; "
               "speech and music driven by +6, +12 and +20 dB, the worst of the three. Zero or less is a promise kept.\n")
    head = ["", *[f"{k}, {z}" for k in ("corpus", "white and red noise", "speech", "music") for z in khz]]
    rows = []
    for n in there:
        rows.append([n, *[r["adversarial", n, x][0] for x in rates], *[r["adversarial", n, x][1] for x in rates],
                     *[r["over", n, x, "speech"][0] for x in rates], *[r["over", n, x, "music"][0] for x in rates]])
    out.append(table(head, rows))
    out.append("### Loudness out, LUFS, 48 kHz\n")
    out.append(table(["", *[f"{k} +{g} dB" for k in ("speech", "music") for g in DRIVES]],
                     [[n, *r["over", n, 48000, "speech"][1], *r["over", n, 48000, "music"][1]] for n in there]))
    drums = [n for n in there if n in DRUMS]
    for headroom in (False, True):
        out.append("### Residual at equal loudness" + (" and equal true peak" if headroom else "") + ", dB\n")
        out.append("What the output has that the input times a gain smoothed over 50 ms has not, K-weighted, against the output; lower is better. " +
                   ("Every output is turned down until its true peak is -1 dBTP, and driven until it is as loud as the others then.\n" if headroom else
                    "Each limiter with its ceiling at -1 dB, whatever true peak comes out.\n"))
        for target in TARGETS:
            get = lambda n, i: r["equal", n, i, target, headroom]
            out.append(table([f"at {target} LUFS", *[i + (" (tuned on)" if i in m.TUNED else "") for i in items()], "mean of the not tuned on"],
                             [[n, *[get(n, i) for i in items()], float(np.mean([get(n, i) for i in items() if i not in m.TUNED]))] for n in drums]))
    short = [n for n in there if n in SHORT]
    out.append("### Tones 6 dB over, dB\n\nTHD+N, and SMPTE intermodulation (60.3 Hz and 7 kHz, 4:1).\n")
    out.append(table(["", *[f"{f} Hz" for f in TONES], "SMPTE"], [[n, *[r["tone", n, f] for f in TONES], r["smpte", n]] for n in short]))
    out.append("### Transients\n\nms until a click or a burst of 5 ms, 13 dB over, is forgotten (gain within 1 dB for good); dB that music loses 100 .. 480 ms after a click that "
               "comes every 500 ms; splatter .5 .. 2.9 kHz off a tone when a burst in the other channel closes the gain by 9 dB.\n")
    rows = [[n, r["click", n, 0], r["click", n, 5], r["clicks", n], r["splatter", n]] for n in short]
    for label, shares in (("one box of 8 ms", (1,)), ("two boxes, 3/4 and 1/4", (.75, .25)), ("three boxes, 1/2, 1/3, 1/6", (1 / 2, 1 / 3, 1 / 6))):
        rows.append([label, None, None, None, splatter_of_boxes(shares, 8)])
    out.append(table(["", "click, ms", "burst, ms", "between clicks, dB", "splatter, dB"], rows))
    loops = list(m.drum_loops())
    out.append("### Drum loops 9 dB over\n\nLoudness lost, LU / residual, dB; in brackets the same with the ceiling lowered until the true peak is -1 dBTP. The synthesised loop and recorded ones.\n")
    cell = lambda lost, res, lost_tp, res_tp: f"{lost:.2f} / {res:.1f}" + (f" ({lost_tp:.2f} / {res_tp:.1f})" if (lost, res) != (lost_tp, res_tp) else "")
    out.append(table(["", *loops], [[n, *[cell(*r["drum", n, k]) for k in loops]] for n in drums]))
    return "\n".join(out)


def verdict(there, r):
    """The promises of masterlimit's defaults, each with its figure."""
    rows, ours = [], "mdyn"

    def line(what, figure, limit, below=True, promised=True):
        limits, met = f"{'at most' if below else 'at least'} {limit:g}", figure <= limit if below else figure >= limit
        rows.append([what, f"{figure:.2f}", limits, "yes" if met else "**no**"] if promised else [what, f"{figure:.2f}", f"({limits})", "(yes)" if met else "(no)"])

    mine = [n for n in there if n.startswith("mdyn") and n != SAMPLE_PEAK]
    line("true peak over the ceiling, all presets, corpus and programme, dB", max(v[0] for k, v in r.items() if k[0] in ("adversarial", "over") and k[1] in mine), 0.02)
    line("... noise, dB", max(v[1] for k, v in r.items() if k[0] == "adversarial" and k[1] in mine), 0.05)
    line("THD+N of 41.2 and 50.3 Hz, dB", max(r["tone", ours, f] for f in TONES[:2]), -105)
    line("THD+N of 83.1, 203.7 and 997.3 Hz, dB", max(r["tone", ours, f] for f in TONES[2:]), -90)
    line("SMPTE intermodulation, dB", r["smpte", ours], -100)
    line("click forgotten, ms", r["click", ours, 0], 60)
    line("programme between clicks, dB", r["clicks", ours], -0.2, below=False)
    line("splatter over that of two boxes of 8 ms in all, dB", r["splatter", ours] - splatter_of_boxes((.75, .25), 8), 0)
    readings = (("true peak each", ours, True), ("samples each", SAMPLE_PEAK, False), ("true peak against samples", ours, False))
    for peer in ("alimiter", "LSP", "LSP, alr off", "x42 dpl", "x42 dpl, true peak"):
        for state, own, headroom in readings if peer in there else ():
            if peer == "x42 dpl, true peak" and not headroom:
                continue
            pairs = [(r["equal", peer, i, t, headroom], r["equal", own, i, t, headroom]) for i in items() for t in TARGETS]
            got = [theirs - own if own == own else -np.inf for theirs, own in pairs if theirs == theirs]      # where only ours does not get there, it loses
            if got:
                line(f"less residual than {peer}, the least of {len(got)} cases (mean {np.mean(got):.2f}), {state}, dB", min(got), 1, below=False, promised=state != "true peak against samples")
    for state, own, headroom in readings if "alimiter" in there else ():
        at = 2 if headroom else 0
        for what, unit, k, sign, limit in (("loudness of drums under", "LU", 0, 1, 0.3), ("residual of drums over", "dB", 1, -1, 0)):
            diff = [sign * (r["drum", "alimiter", loop][at + k] - r["drum", own, loop][at + k]) for loop in m.drum_loops()]
            line(f"{what} alimiter's, the worst of {len(diff)} loops (mean {np.mean(diff):.2f}), {state}, {unit}", max(diff), limit, promised=state != "true peak against samples")
    return ("### What is promised\n\nResiduals: eight pieces at two loudnesses; where a peer does not reach the loudness there is nothing to compare. Like is compared with like: all "
            "turned to a true peak of -1 dBTP, or all with a ceiling of -1 dB for the samples (here `true-peak=0`). In brackets what is not promised: the default, which holds the true peak, "
            "against limiters that hold the samples only.\n\n" + table(["", "measured", "promised", "met"], rows))


# ---- curves for pictures

PICTURED = ("LSP, alr off", "x42 dpl, true peak", "alimiter", "mdyn")        # the last is drawn on top


def transfer(name, rate=48000):
    """[(level in, level out)] of 203.7 Hz, dB of the peak."""
    t = np.arange(rate // 2) / rate
    levels = np.arange(-12, 12.1, 1.5)
    y = d.LIMITERS[name](stereo(np.concatenate([lin(v) * np.sin(2 * np.pi * 203.7 * t) for v in levels])), rate)
    n = len(t)
    return [(float(v), float(db(np.sqrt(2 * (y[(k + 1) * n - n // 2:(k + 1) * n - n // 20, 0] ** 2).mean())))) for k, v in enumerate(levels)]


def spectrum(name, rate=48000):
    """[(Hz, dB)] of 50.3 Hz 6 dB over."""
    t = np.arange(3 * rate) / rate
    y = d.LIMITERS[name](stereo(lin(CEILING + 6) * np.sin(2 * np.pi * 50.3 * t)), rate)[rate:2 * rate, 0]
    e = db(np.abs(np.fft.rfft(y * np.kaiser(rate, 24))) / (np.kaiser(rate, 24).sum() / 2))
    return [(k, max(float(e[k:k + max(1, k // 40)].max()), -170)) for k in range(20, 1500) if k < 120 or k % (k // 40) == 0]


def loop_gain(name, rate=48000):
    """[(s, dB)] over a drum loop 9 dB over."""
    loops = m.drum_loops()
    x = loops.get("break01", loops["synthesised"])
    x = x / true_peak(x) * lin(CEILING + 9)
    g = gain_of(x, d.LIMITERS[name](x, rate), rate, 1.5)
    return [(k / rate - 1.5, float(g[k])) for k in range(int(1.5 * rate), int(3 * rate), rate // 1000)]


def picture_jobs(there):
    return [((f.__name__, n), f, (n,)) for f in (transfer, spectrum, loop_gain) for n in there if n in PICTURED]
