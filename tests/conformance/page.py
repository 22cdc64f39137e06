# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""docs/loudness.md."""
import os

import linear

ALBUM = """\
for n in 1 2 3; do ffmpeg -i $n.wav -af masternorm=mode=measure:stats_file=$n.json -f null -; done
for n in 1 2 3; do ffmpeg -i $n.wav -af "masternorm=mode=linear:preset=aes-td1008-album:measured_file=1.json|2.json|3.json" master-$n.wav; done"""

INTRO = """# Loudness

Written by `tests/conformance/conformance --write docs/loudness.md`, which measures all of it anew; not edited by hand.
The live mode has a page of its own, `docs/loudness-live.md`, which `tests/live/live` makes.
"""


def figure(v, digits=2):
    return f"{v:.{digits}f}".replace("-0." + "0" * digits, "0." + "0" * digits)


def conformance(rows):
    sources = ("core", "GStreamer, bus", "GStreamer, stats", "FFmpeg, metadata", "FFmpeg, stats")
    text = ["## Conformance", "",
            "EBU Tech 3341 cases 1 to 6 and 9 to 23 (7 and 8 are EBU's own recordings) and Tech 3342 cases 1 to 4, made by `tests/conformance/signals.py` at 44.1, "
            "48 and 96 kHz. Shown is the reading farthest from what is expected over the rates and, in cases 10 and 13, over the twenty files; a dash where that "
            "source does not tell it. \"In turn\": what the maximum differs from each of the twenty levels.", "",
            "| case | signal | reading | expected | " + " | ".join(sources) + " |", "|---|---|---|---|" + "---|" * len(sources)]
    for row in rows:
        for what, want, (low, high) in row.case.expect:
            tolerance = f"±{high:g}" if low == -high else f"+{high:g} / {low:g}"
            cells = [figure(row.worst[s, what], 3) if (s, what) in row.worst else "-" for s in sources]
            name = row.case.number if "-" in row.case.number else "3341-" + row.case.number
            text.append(f"| {name} | {row.case.text} | {what} | {want:g} {tolerance} | " + " | ".join(cells) + " |")
    return text + [""]


def lands(table, gate):
    names = linear.PROGRAMMES
    text = ["## Linear", "",
            f"Each programme ({linear.SECONDS} s; speech of espeak-ng, music of Debian's neverball-common) at {linear.LEVEL} LUFS is measured, then played by `mode=linear` "
            f"at {linear.TARGET} LUFS; LU by which the output misses it, read by the tests' own meter in numpy with channel weights by the formula of BS.1770-5. In the layouts "
            "with more than two channels the programme is spread over all, and a loud 50 Hz tone stands in each LFE. (A stats file rounds to 0.001.)", "",
            "| layout | rate | " + " | ".join(names) + " |", "|---|---|" + "---|" * len(names)]
    for (layout, rate), off in table.items():
        text.append(f"| {layout} | {rate / 1000:g} kHz | " + " | ".join(f"{off[n]:+.4f}" if n in off else "" for n in names) + " |")
    text += ["", "The loudness of a programme does not move by as many LU as the gain where it lifts blocks over the absolute gate. Ten steps between -82 and -42 LUFS after one at -45, "
             f"brought to -20: masternorm, which finds the gain from the blocks in the stats file, misses by at most {max(abs(o) for o, _ in gate):.4f} LU; target less loudness "
             f"would miss by up to {max(abs(p) for _, p in gate):.2f} LU ({len(gate)} programmes).", ""]
    return text


def album(before, after):
    levels = lambda v: ", ".join(f"{x:.1f}" for x in v)
    return ["## An album, a series", "",
            "Several stats files, `|` between them, are a group: one gain for all, so that the tracks keep their levels to each other. `group=together` (default) takes the "
            "loudness of all blocks of all members, as if they were one programme; `group=loudest` brings the loudest member to the target, as AES TD1008 asks of albums. The "
            "highest peak of all counts for `peak-policy`. A stats file carries the blocks it needs, so this is exact.", "",
            "```sh", ALBUM, "```", "",
            f"With three tracks at {levels(before)} LUFS that gives {levels(after)} LUFS (FFmpeg's ebur128).", ""]


def dialogue(found):
    text = ["## Dialogue", "",
            "Deliveries that are anchored on dialogue (netflix, amazon-mgm, atsc-a85-long) need to know where it is. The row `dialogue` tells: `yes` and `no` while it plays, by an "
            "automation or a command, from a cue sheet, the gate of a dialogue track, a detector of your choice. Loudness is then that of all dialogue blocks of 100 ms, ungated (BS.1770-1); "
            "the stats have it beside the programme's, with its share and range. Nothing told, nothing judged: the verdict is null, not a guess from the full mix.", "",
            "`dialogue=auto` asks the voice activity detector of speexdsp (meson option `speech`), and the stats say so. It is not Dolby's Dialogue Intelligence. It tells speech from "
            "pauses and noise; music it takes for speech, so it fits talk without music, and films with a centre channel, of which it hears only that. A verdict that stands on it says `approximate`. Found, against what was put in:", ""]
    if not found:
        return text + ["(speexdsp was not in this build.)", ""]
    text += ["| programme | speech, % of blocks | found | its loudness, LUFS | found |", "|---|---|---|---|---|"]
    for name, _, share, found_share, real, loudness in found:
        number = lambda v: "-" if v is None else figure(v, 1)
        text.append(f"| {name} | {share:.0f} | {found_share:.0f} | {number(real)} | {number(loudness)} |")
    return text + ["", "The detector of WebRTC (libwebrtc-audio-processing) is no better with music: it called 77 to 99 % of seven tracks of neverball-common speech at its strictest setting, "
                   "speexdsp 93 to 100 %. There is no other in Debian 12.", ""]


def deliveries(judged):
    text = ["## Deliveries", "",
            "`preset=` sets target and ceiling, and the stats' `verdict` judges the output (in `mode=measure` the input), each criterion by the measured value to one decimal. "
            "In brackets: advised, does not fail. Where a specification widens its tolerance for live programmes, `mode=live` is judged by that. What has no published tolerance is "
            "reported, not judged. Sources: the documents and pages named, or what others quote of them; none was certified by its owner.", "",
            "| preset | target | ceiling | judged | source |", "|---|---|---|---|---|"]
    units = {"integrated": "LUFS", "dialogue": "LUFS", "max_short_term": "LUFS", "true_peak": "dBTP", "dialogue_range": "LU"}
    for nick, target, ceiling, verdict in judged:
        cells = []
        for c in verdict["criteria"]:
            bounds = f"at most {c['max']:g}" if c["min"] is None else f"{c['min']:g} .. {c['max']:g}"
            line = f"{c['name'].replace('_', ' ')} {bounds} {units.get(c['name'], 'dBFS')}"
            cells.append(line if c["required"] else f"({line})")
        text.append(f"| `{nick}` | {target:g} | {ceiling:g} | {'; '.join(cells)} | {verdict['source']} |")
    return text + [""]


def fields():
    with open(os.path.join(os.path.dirname(__file__), "../../core/stats.h")) as f:
        lines = [line[5:].rstrip() for line in f.read().split(" *   schema")[1].split("\n *\n")[0].split("\n")]
    return ["## The stats", "", "What `stats-file` gets, at the end and every `stats-interval`, and `mdyn_stats`, GStreamer's and FFmpeg's reports tell:", "", "```text",
            "schema            " + lines[0].lstrip(), *lines[1:], "```", ""]


def write(path, rows, table, gate, before, after, found, judged):
    text = [INTRO, *conformance(rows), *lands(table, gate), *album(before, after), *deliveries(judged), *dialogue(found), *fields()]
    with open(path, "w") as f:
        f.write("\n".join(text))
