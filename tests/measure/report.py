# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""docs/measurements.md and its pictures."""
import os
import subprocess

import devices
import dynamics
import limiter
from pictures import plot

INTRO = """# Measurements

Written by `tests/measure/measure`, which measures everything below anew; nothing here is edited by hand. The peers run in the same minutes on the same signals:
FFmpeg's own filters, and the LV2 plugins in FFmpeg's `lv2` filter. Versions: {versions}.
All at their defaults with the ceiling at -1 dB; alimiter with `level=0` (its default, `level=1`, turns everything up to full scale and is shown once), LSP with its gain boost off
for the same reason and with its automatic level regulation on (default) and off, x42 dpl with its true-peak switch off (default) and on.{missing}

Signals: music of Debian's neverball-common (the limiter's constants were chosen on {tuned}, the others are only reported), speech of espeak-ng (chosen on other voices and
words), drum loops of lmms-common and a synthesised one (break02, jungle01 and house_loop01 only reported), an adversarial corpus (`tests/measure/material.py`). The meters (`tests/measure/meters.py`) share nothing with the library; they are checked on known signals before each run: true peak 16 times oversampled by
192 taps a phase, loudness after BS.1770-5.

What to know when reading: limiters that look at samples only (alimiter, LSP, x42 dpl by default) are louder by what their true peak stands over the ceiling, up to 2 dB on
drums. So like is compared with like, twice: *true peak each*, every output turned down until it makes -1 dBTP; and *samples each*, every ceiling at -1 dB for the samples, `true-peak=0` here.
The default, which holds the true peak, against limiters that let it pass is shown as well: what that costs is .2 LU on drums.

`louder` gives some of the residual for loudness, `low-latency` gives up the lookahead: at 1.5 ms none of the releases tried (20, 40, 60 and
100 ms, auto-release on and off) is cleaner than x42 dpl as set, which looks ahead as little; 40 ms is the longest of them that forgets a click within 60 ms.

What was tried, on the tuned-on pieces (with other speech and other synthesised drums), in a model of the gain alone:
- Lookahead lowers the residual at equal loudness the most: .3 dB a ms on music, .1 on speech. Hence 20 ms, the most that the row allows.
- Two gains of different width and a power mean of both: better than any one width; exponents 1, 0, -1, -2, -4, -8 each a little better than the one before. A release that is
  slow where limiting is rare and fast where it is dense: .5 to 1 dB on music, and loudness on drums.
- No better than these: a limiter of 2 or 4 ms behind a wide one, a third gain, a slow second stage of the release, releases that start faster or end sooner, filling the gaps between
  peaks before the narrow gain. Narrow gains under 5 ms splatter more than two boxes of 8 ms.
- A gain that knows all the future, smoothed over 15 ms, has 5 to 10 dB less residual on the same pieces at -11 LUFS: it begins to close 20 to 30 ms before a peak and bridges gaps of 20 to
  40 ms. What is left to gain is foresight, not another shape.
"""


def version(package):
    r = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return f"{package} {r.stdout}" if r.returncode == 0 and r.stdout else None


def picture_line(name, text):
    return f"![{text}](pictures/{name}.png)\n"


def limiter_pictures(folder, there, r):
    get = lambda what: {n: r[what, n] for n in limiter.PICTURED if n in there and (what == "transfer" or not n.startswith("LSP"))}
    plot(f"{folder}/limiter-transfer.png", "Limiters: a tone of 203.7 Hz, ceiling -1 dB", "level in, dBFS", "level out, dBFS", get("transfer"), ["set key bottom right", "set yrange [-12:1]", "set xrange [-12:12]"])
    plot(f"{folder}/limiter-spectrum.png", "Limiters: a tone of 50.3 Hz, 6 dB over", "Hz", "dBFS", get("spectrum"),
         ["set logscale x", "set xrange [20:1500]", "set yrange [-175:5]", "set key top right"])
    plot(f"{folder}/limiter-drums.png", "Limiters: gain over a drum loop, 9 dB over", "s", "gain, dB", get("loop_gain"), ["set key bottom right", "set yrange [*:0.5]", "set xrange [0:1.5]"])
    return [picture_line("limiter-transfer", "Limiter transfer"), picture_line("limiter-spectrum", "Spectra of a limited tone"), picture_line("limiter-drums", "Gain over a drum loop")]


def dynamics_pictures(folder, r):
    for group, title, low in (("comp", "Compressors: static curves; threshold -18 dB where not said", -66), ("gate", "Gates: static curves, threshold -45 dB", -66)):
        plot(f"{folder}/{group}-static.png", title, "level in, dBFS", "level out, dBFS", {n: r["static", group, n] for n in (dynamics.STATIC_COMP if group == "comp" else dynamics.STATIC_GATE)},
             [f"set yrange [{-66 if group == 'comp' else -110}:2]", f"set xrange [{low}:0]", "set key top left"])
    get = lambda what, *names: {n: r[what, n] for n in names}
    plot(f"{folder}/comp-step.png", "Compressors: a tone steps -30, -6, -30 dB; 4:1, 10 ms, 150 ms", "s", "gain, dB",
         get("step", *dynamics.STEPS[:3]), ["set key bottom right", "set yrange [*:1]", "set xrange [0:1.2]"])
    plot(f"{folder}/gate-step.png", "Gates: gain of a tone that steps -30, -6, -30 dB; threshold -20 dB", "s", "gain, dB", get("step", *dynamics.STEPS[3:]), ["set key top right", "set yrange [-65:5]", "set xrange [0:1.2]"])
    plot(f"{folder}/drums.png", "Gain over a drum loop", "s", "gain, dB", get("drum gain", *dynamics.LOOP),
         ["set key bottom right", "set yrange [-26:4]", "set xrange [0:2]"])
    return [picture_line("comp-static", "Static curves of compressors"), picture_line("comp-step", "Step responses of compressors"), picture_line("gate-static", "Static curves of gates"),
            picture_line("gate-step", "Step responses of gates"), picture_line("drums", "Compressor and gate over a drum loop")]


def write(out, there, missing, r, only):
    pictures = os.path.join(out, "pictures")
    os.makedirs(pictures, exist_ok=True)
    versions = ", ".join(v for v in map(version, devices.PACKAGES) if v)
    gone = "".join(f"\nNot there at this run and left out: {n}." for n in missing)
    text = [INTRO.format(versions=versions, missing=gone, tuned=", ".join(limiter.m.TUNED))]
    if only != "dynamics":
        text += ["## Limiter\n", limiter.verdict(there, r), limiter.report(there, r), *limiter_pictures(pictures, there, r)]
    if only != "limiter":
        text += ["## Compressor and gate\n", dynamics.report(r), *dynamics_pictures(pictures, r)]
    with open(os.path.join(out, "measurements.md"), "w", encoding="utf-8") as f:
        f.write("\n".join(text))
