# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""docs/loudness-live.md and its pictures."""
import os
import subprocess

import numpy as np

import family
import pictures
from runs import CEILING, LIMITED, PEERS, PICTURED, TARGET

INTRO = """# Live

Written by `tests/live/live`, which measures all of it anew; not edited by hand. masternorm in live mode beside FFmpeg's own levellers, target {target} LUFS, ceiling {ceiling} dBTP.
Versions: {versions}.

Two halves of {n} programmes each, made of speech and music (`tests/live/family.py`): one written by hand, for choosing constants; the other the same forms drawn by a seed with voices and
music that were first listened to when the constants stood (packages not unpacked before, and one more voice of espeak-ng), at other levels and of other lengths. The figures are of that half, except where the line says so; nothing was chosen by them.

Constants were chosen on 400 families drawn like that half, from the voices and music of the first one and of all that was ever measured here (35 voices, 60 pieces of game music; two
earlier reporting halves, which faults were understood on, among them), and on 120 programmes of ten minutes on target, the leveller alone riding on their blocks: one constant after
the other, as long as a family missed fewer of the aims without more movement of the gain within the sections.

How far it carries, from the same model of the leveller (not part of this command): share of families that meet an aim, and of sections that are more than 3 LU off.

| | mean | worst section | whole | pauses | fades | untouched | all at once | sections over 3 LU |
|---|---|---|---|---|---|---|---|---|
| 300 families more from the same sources | 99 % | 71 % | 91 % | 94 % | 88 % | 90 % | 50 % | 0.5 % |
| the same, before this choice | 93 % | 38 % | 42 % | 71 % | 85 % | 90 % | 11 % | 1.5 % |
| 200 families from the report half's sources | 94 % | 36 % | 64 % | 90 % | 88 % | 57 % | 11 % | 1.3 % |
| the same, before this choice | 66 % | 18 % | 26 % | 52 % | 96 % | 47 % | 1 % | 2.2 % |

So that the report half as drawn meets all aims at once is luck: of its four voices two are prompts of 8 kHz whose files lie up to 7 LU apart (`armelle`, `co`), which give nearly all of
the misses, and its talk on target drew the other two.

How it is read, by FFmpeg's ebur128 filter, momentary loudness ten times a second:
- *Section error*: a section is a stretch from one source at one level (of a drift every 10 s). Its gated loudness in the output from 2 s after its start to its end, less the target.
- *First 2 s*: the same of the two seconds left out there.
- *Whole*: the programme's integrated loudness less the target.
- *Pause lifted*, *fade lifted*: the largest gain within a pause (room noise of -50 to -66 LUFS) or a fade of 40 dB in 6 to 13 s, less the gain of the last 100 ms before it; a gain is
  the energy of 100 ms of output over that of the input.
- *Untouched*: share of the 100 ms blocks of the two programmes that are on target from the start whose samples have the bits of the input: 100 s of talk, and a whole piece of music,
  drawn from those whose every half minute is within 1 LU of it, as R 128 allows of a live programme.
- *True peak*: 16 times oversampled.

mdyn has all rows at their defaults (latency 400 ms, the limiter's in it). loudnorm `I={target}:TP={ceiling}`, dynaudnorm at its defaults, speechnorm `e=12.5:r=0.0001:l=1` (linked channels).
The last two know no loudness target: each gets the one gain, the same for all programmes, that brings the median of its sections to the target.

A cue (another item begins here) makes the leveller take the level from the item's own first blocks, as at the start of a stream. Riding the leveller alone over the tuning half and 630
random programmes, each section an item (not part of this command): mean error of the first 2 s 3.4 and 3.4 LU without a cue, 1.0 and 1.4 with one.

Weak: the first seconds of a speaker 4 LU under the one before, and where turns are as short as 6 s the whole of his turn; a speaker 10 LU and more under the one before whose phrases
die away between long gaps, who is found after 5 to 10 s (the fish of fillets-ng); music that swells over many seconds, of which each swell is a section (ambient pieces); a voice that
is faded out slowly between its pauses, drums alone that are faded, whose holes are those of talk, and music that is faded over 20 s and more, which is followed as a drift is: one fade of
25 is lifted by more than 3 dB, one of five with lookahead=0; what lies up to 2.5 LU off in a programme that was on target so far, after minutes of rest up to 4.25, which is left alone, and so
is a stream that begins as near, which may be the intro of something on target, for 22 s; a quiet voice over noise, which is lifted to 13 LU under the target and no further, and the voice with it;
a programme that is on target on the mean but has half minutes 2 LU off, or swells and sinks by 15 LU, which is touched: give it `preset=broadcast`, `initial-loudness` or mode=linear. Of
120 programmes of ten minutes on target 21 % keep less than 90 % of their blocks, on the mean 93 % are kept.
"""
WANTED = "| what is aimed at | 0.70 | 3.0 | | | 0.50 | 0 | +3 | 90 %, 90 % | -1 |"


def of(results, half, device):
    return {name: r for (h, name, d), r in results.items() if h == half and d == device}


def shift(found, device):
    """The constant gain of a peer without a target."""
    if device not in ("dynaudnorm", "speechnorm"):
        return 0.0
    return -float(np.median(np.concatenate([r["errors"] for r in found.values()])))


def collect(results, half, device):
    found = of(results, half, device)
    g = shift(found, device)
    join = lambda key: np.concatenate([r[key] for r in found.values()])
    errors, whole = np.abs(join("errors") + g), np.abs([r["integrated"] + g for r in found.values()])
    on_target = [found[n]["untouched"] * 100 for n in family.ON_TARGET]
    return {"mean": errors.mean(), "worst": errors.max(), "first": np.abs(join("onsets") + g).mean(), "whole": whole.mean(), "whole worst": whole.max(),
            "pause": max(join("pauses"), default=0), "fade": max(join("fades"), default=0), "untouched": on_target,
            "peak": max(r["true_peak"] + g for r in found.values())}


def summary(results, half, devices):
    lines = ["| | section error, mean | worst | first 2 s, mean | whole, mean | worst | pause lifted | fade lifted | untouched: music, talk | true peak |", "|---|" + "---|" * 9]
    for device in devices:
        c = collect(results, half, device)
        lines.append(f"| {device} | {c['mean']:.2f} | {c['worst']:.1f} | {c['first']:.1f} | {c['whole']:.2f} | {c['whole worst']:.2f} | {c['pause']:+.1f} | {c['fade']:+.1f} | "
                     f"{c['untouched'][0]:.0f} %, {c['untouched'][1]:.0f} % | {c['peak']:+.2f} |")
    return "\n".join(lines)


def programmes(results, half, devices):
    names = list(of(results, half, devices[0]))
    names.sort(key=list(family.TUNE).index)
    lines = ["| programme | " + " | ".join(f"{d}: mean, worst, whole" for d in devices) + " | mdyn, section by section |", "|---|" + "---|" * (len(devices) + 1)]
    for name in names:
        cells = []
        for d in devices:
            found = of(results, half, d)
            r, g = found[name], shift(found, d)
            e = np.abs(np.array(r["errors"]) + g)
            cells.append(f"{e.mean():.1f}, {e.max():.1f}, {r['integrated'] + g:+.1f}")
        mine = of(results, half, devices[0])[name]
        lines.append(f"| {name} | " + " | ".join(cells) + " | " + " ".join(f"{e:+.1f}" for e in mine["errors"]) + " |")
    return "\n".join(lines)


def limits(results):
    lines = ["| | max S over the target, limit | largest | max M over the target, limit | largest | section error, mean | whole, mean |", "|---|" + "---|" * 6]
    for device, (short, momentary) in LIMITED.items():
        found = {**of(results, "report", device), **of(results, "whisper", device)}
        c = collect(results, "report", device)
        most = [max(r["windows"][k] for r in found.values()) - TARGET for k in (0, 1)]
        lines.append(f"| {device} | {short} | {most[1]:.2f} | {momentary} | {most[0]:.2f} | {c['mean']:.2f} | {c['whole']:.2f} |")
    return "\n".join(lines)


def whisper(results):
    lines = ["| | section errors: whisper, explosion, whisper | first 2 s of each | max M over the target | true peak |", "|---|---|---|---|---|"]
    for device in ("mdyn", "lookahead=0", "night, lookahead=0", *PEERS):
        found = of(results, "whisper", device)
        g = shift(of(results, "report", device), device)
        for r in found.values():
            row = lambda key: " ".join(f"{e + g:+.1f}" for e in r[key])
            lines.append(f"| {device} | {row('errors')} | {row('onsets')} | {r['max_momentary'] + g - TARGET:+.1f} | {r['true_peak'] + g:+.2f} |")
    return "\n".join(lines)


def curves(results, name):
    source = of(results, "report", "mdyn")[name]["source"]
    at = lambda y: [(0.1 * (k + 1), v) for k, v in enumerate(y) if v > -75]
    found = {d: of(results, "report", d)[name]["reading"] for d in ("mdyn", "loudnorm")}
    gain = {}
    for d, r in found.items():
        n = min(len(r.momentary), len(source.momentary))
        gain[d] = [(0.1 * (k + 1), r.momentary[k] - source.momentary[k]) if source.momentary[k] > -65 else (0.1 * (k + 1), float("nan")) for k in range(4, n)]
    return {"input": at(source.short_term[9:]), **{d: at(r.short_term[9:]) for d, r in found.items()}}, gain


def draw(folder, results):
    lines = []
    for name in PICTURED:
        loud, gain = curves(results, name)
        kind, slug = ("loudness", "gain"), name.replace(" ", "-")
        style = {"input": "lines lw 1.5 lc rgb '#6d7580'", "loudnorm": "lines lw 2 lc rgb '#d04437'"}
        pictures.plot(f"{folder}/live-{slug}-loudness.png", f"{name}: short-term loudness, target {TARGET} LUFS", "s", "LUFS", loud, ["set key bottom right horizontal", "set yrange [-60:-5]"], style)
        pictures.plot(f"{folder}/live-{slug}-gain.png", f"{name}: gain (output less input, momentary)", "s", "dB", gain, ["set key bottom right horizontal"], style)
        lines += [f"![{name}, {k}](pictures/live-{slug}-{k}.png)" for k in kind] + [""]
    return "\n".join(lines)


def write(out, results):
    folder = os.path.join(out, "pictures")
    os.makedirs(folder, exist_ok=True)
    versions = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", *family.PACKAGES], capture_output=True, text=True).stdout.rstrip(", ")
    ahead = summary(results, "report", ("lookahead=0", "mdyn", "lookahead=3000")).replace("| mdyn |", "| lookahead=400, the default |")
    tuned = summary(results, "tune", ("mdyn",)).splitlines()[-1].replace("| mdyn |", "| mdyn on the half it was tuned on |")
    text = [INTRO.format(target=TARGET, ceiling=CEILING, versions=versions, n=len(family.REPORT)),
            "LU and dB.\n", "\n".join((summary(results, "report", ("mdyn", *PEERS)), tuned, WANTED)), "\n## Programmes\n", programmes(results, "report", ("mdyn", *PEERS)),
            "\n## Lookahead\n\nMore of it gets the first seconds right; what came out, which the make-up stands on, is then heard later.\n", ahead,
            "\n## Limits\n\nmax-short-term and max-momentary, read from windows that begin at any ms, over all programmes of the report half and the one below. Only max-short-term=5 set "
            "(EBU R 128 s1) means 8 for max M.\n", limits(results),
            "\n## Whisper to explosion\n\n-42 to -5 LUFS and back.\n", whisper(results),
            "\n## Four programmes\n\nThe gain is shown where the input is over -65 LUFS.\n", draw(folder, results)]
    with open(os.path.join(out, "loudness-live.md"), "w", encoding="utf-8") as f:
        f.write("\n".join(text))
