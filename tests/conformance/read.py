# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""A file measured by masternorm, in three ways, as {"I", "LRA", "TP", "max M", "max S": a value, "momentary", ...: a list of readings every 100 ms}.

What is compared then: I, LRA, TP, max M, max S; M and S, the reading farthest from what is expected once a window is full; "max M in turn", "max S in
turn", the maximum at the end of each of twenty parts less what that part's tone reads."""
import json
import os
import re
import subprocess

STATS = {"I": "integrated", "LRA": "range", "TP": "true_peak", "max M": "max_momentary", "max S": "max_short_term"}
READOUTS = ("momentary", "short-term", "momentary-max", "short-term-max", "integrated", "loudness-range", "true-peak")


def run(args, **kw):
    r = subprocess.run(args, stdin=kw.pop("stdin", subprocess.DEVNULL), capture_output=True, timeout=300, **kw)
    if r.returncode:
        raise RuntimeError(f"{' '.join(args)}: exit {r.returncode}: {r.stderr.decode(errors='replace').strip()[-300:]}")
    return r.stdout


def of_stats(path):
    with open(path) as f:
        o = json.load(f)
    os.unlink(path)
    return {name: o[field] for name, field in STATS.items()} | {"document": o}


def core(tool, x, rate, stats, *more):
    subprocess.run([tool, "masternorm", str(rate), str(x.shape[1]), "4096", "mode=measure", f"stats-file={stats}", *more],
                   input=x.astype("<f8").tobytes(), stdout=subprocess.DEVNULL, check=True, timeout=300)
    return of_stats(stats)


def ffmpeg(tool, path, rate, stats):
    """Metadata of frames of 100 ms, and the stats file; where both tell, the metadata count."""
    text = run([tool, "-v", "error", "-nostdin", "-i", path, "-af",
                f"asetnsamples={rate // 10}:p=0,masternorm=mode=measure:metadata=1:stats_file={stats},ametadata=print:file=-", "-f", "null", "-"]).decode()
    found = {name: [] for name in READOUTS}
    for line in text.splitlines():
        if line.startswith("frame:"):
            for values in found.values():
                values.append(None)
        elif (m := re.match(r"lavfi\.masternorm\.([a-z_]+)=(.*)", line)) and m[1].replace("_", "-") in found:
            found[m[1].replace("_", "-")][-1] = float(m[2])
    return joined(found), of_stats(stats)


def gstreamer(tool, path, stats):
    """Messages on the bus every 100 ms, and the stats file."""
    text = run([tool, "-m", "filesrc", f"location={path}", "!", "wavparse", "!", "masternorm", "mode=measure", "post-messages=true", "interval=100000000",
                f"stats-file={stats}", "!", "fakesink"]).decode()
    found = {name: [] for name in READOUTS}
    for line in text.splitlines():
        if m := re.search(r"\(element\): masternorm, (.*)", line):
            values = dict(re.findall(r"([a-z-]+)=\(double\)([-+.e\d]+)", m[1]))
            for name in READOUTS:
                found[name].append(float(values[name]) if name in values else None)
    return joined(found), of_stats(stats)


def joined(found):
    last = {name: values[-1] if values else None for name, values in found.items()}
    found.update({"I": last["integrated"], "LRA": last["loudness-range"], "TP": last["true-peak"], "max M": last["momentary-max"],
                  "max S": last["short-term-max"]})
    return found


def reading(got, what, want, case):
    """The one number that is compared with `want`; None: this source does not tell."""
    if what in got:
        return got[what]
    if what in ("M", "S"):
        values = got.get("momentary" if what == "M" else "short-term", [])
        return max(values[10 if what == "M" else 30:], key=lambda v: abs((99 if v is None else v) - want), default=None)
    values, part = got.get("momentary-max" if what == "max M in turn" else "short-term-max", []), round(case.turns * 10)
    return max((values[(i + 1) * part - 1] - (i - 38) for i in range(20)), key=abs) if len(values) >= 20 * part else None
