#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""Every row of the core's tables is an option of the filter: same range, default, choices, presets, help. Usage: options.py FFMPEG DUMP"""
import json
import re
import subprocess
import sys

from tap import done, ffmpeg, ok

LIVE, SETUP, READOUT = 1, 2, 4
OPTION = re.compile(r"   (\w+) +<(\w+)> +(\S+) (.*)")
CONST = re.compile(r"     (\S+) +[.EDFVASXRBTP]{11} (.*)")


def listed(name):
    """{option: (type, flags, rest, [(nick, help)])} of -h filter=name"""
    status, out, err = ffmpeg("-h", "filter=" + name)
    options, last = {}, None
    for line in out.decode().splitlines() if status == 0 else []:
        if m := OPTION.match(line):
            last = options[m[1]] = (m[2], m[3], m[4], [])
        elif (m := CONST.match(line)) and last:
            last[3].append((m[1], m[2]))
    return options


def expected(row, presets):
    """What ffmpeg should say of a row: (type, flags, rest, consts)"""
    text = row["help"] + (f" [{row['unit']}]" if row["unit"] else "")
    choices = row["choices"]
    if row["type"] == "double":
        text += " (from %g to %g) (default %g)" % (row["min"], row["max"], row["def"])
    elif row["type"] == "choice":  # its range is its choices
        text += ' (default "%s")' % next(c["nick"] for c in choices if c["value"] == row["def"])
    elif row["type"] == "boolean":
        text += " (default %s)" % ("true" if row["def"] else "false")
    consts = [(c["nick"], c["help"]) for c in (presets if row["name"] == "preset" else choices)]
    flags = {LIVE: "..F.A....T.", SETUP: "..F.A......", READOUT: "..F.A.XR..."}[row["flags"]]
    return {"choice": "string"}.get(row["type"], row["type"]), flags, text, consts


classes = json.loads(subprocess.run([sys.argv[2]], capture_output=True, check=True).stdout)
ok(len(classes) == 4, "the core has four classes")
status, out, err = ffmpeg("-filters")
lines = out.decode().splitlines() if status == 0 else []
for cls in classes:
    line = [li for li in lines if re.search(rf" {cls['name']} +A->A ", li)]
    ok(len(line) == 1 and cls["long_name"] in line[0], f"-filters lists {cls['name']} once, with its long name", line)
    options = listed(cls["name"])
    for row in cls["rows"]:
        name = row["name"].replace("-", "_")
        want = expected(row, cls["presets"])
        ok(row["type"] != "choice" or [c["value"] for c in row["choices"]] == list(range(int(row["min"]), int(row["max"]) + 1)),
           f"{cls['name']} {name}: the choices fill the range", row)
        ok(options.get(name) == want, f"{cls['name']} {name}: type, flags, help, range, default, choices", options.get(name), want)
    for alias in cls["aliases"]:
        ok(options.get(alias["name"]) == ("string", "..F.A......", alias["help"], []), f"{cls['name']} {alias['name']}: an alias with its help", options.get(alias["name"]))
    extra = set(options) - {row["name"].replace("-", "_") for row in cls["rows"]} - {alias["name"] for alias in cls["aliases"]}
    ok(extra == {"metadata"} | ({"sidechain"} if cls["sidechain"] else set()), f"{cls['name']} has no option beside those and metadata, and sidechain with a key", extra)
done()
