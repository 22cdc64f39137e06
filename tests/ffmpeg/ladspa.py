#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""The LADSPA plugin in the distribution's own ffmpeg: the bits of the filters of ours, listed by the SDK's tools. Usage: ladspa.py FFMPEG DUMP FOLDER"""
import json
import os
import re
import subprocess
import sys

import numpy as np

from tap import RATE, done, ffmpeg, must, noise, ok, path, wav

dump, folder = sys.argv[2:4]
ENV = dict(os.environ, LADSPA_PATH=folder)
READOUT = 4
CLASSES = {c["name"]: c for c in json.loads(subprocess.run([dump], capture_output=True, check=True).stdout)}
INPUTS = {name: [r for r in c["rows"] if r["type"] != "string" and r["flags"] != READOUT] for name, c in CLASSES.items()}


def stock(*args):
    r = subprocess.run(["/usr/bin/ffmpeg", "-hide_banner", "-nostdin", "-v", "error", *args], capture_output=True, env=ENV, timeout=60)
    return r.returncode, r.stdout, r.stderr.decode(errors="replace")


def controls(name, rows):
    """c=c0=..|c3=.. of {row: text}"""
    index = {r["name"]: i for i, r in enumerate(INPUTS[name])}
    number = {r["name"]: {c["nick"]: c["value"] for c in r["choices"]} for r in INPUTS[name]}
    return "|".join(f"c{index[row]}={number[row].get(text, text)}" for row, text in rows.items())


def equal(label, native, plugin):
    status, out, err = plugin
    ok(status == 0 and len(native) > 0 and out == native, label, status, f"{len(out)} bytes, {len(native)} of the filter", err,
       *[f"{n} samples differ, by up to {d:g}" for n, d in [(np.count_nonzero(a != b), np.abs(a - b).max())
         for a, b in [(np.frombuffer(out, "<f4"), np.frombuffer(native, "<f4"))] if len(a) == len(b)]])


level = 10 ** (np.repeat(np.random.default_rng(3).uniform(-60, 3, 21), RATE // 6)[:3 * RATE, None] / 20)
source = {n: wav(f"in{n}.wav", noise(3 * RATE, n, 1, 4) * level, "pcm_f32le") for n in (1, 2)}
SETTINGS = {
    "mastercomp": [{}, {"threshold": "-33.7", "ratio": "2.3", "attack": "0.3", "release": "71.25", "lookahead": "5", "detector": "rms", "makeup": "4.1"},
                   {"direction": "up", "threshold": "-20", "range": "9.9", "mix": "37.5", "link": "30"}],
    "masterlimit": [{}, {"input-gain": "11.3", "ceiling": "-2.05", "lookahead": "1.5", "true-peak": "0"}, {"input-gain": "18", "auto-release": "0", "release": "33.3"}],
    "mastergate": [{}, {"threshold": "-20.2", "ratio": "2.2", "range": "17", "lookahead": "3.3", "key-highpass": "120"}, {"duck": "1", "hysteresis": "0.7"}],
    "masternorm": [{}, {"mode": "linear", "measured-loudness": "-27.3", "target": "-16.1", "peak-policy": "limit"}, {"mode": "measure"},
                   {"target": "-19", "lookahead": "100", "dead-band": "0.3", "memory": "4.4", "dual-mono": "on"}],
}
for name, several in SETTINGS.items():
    for channels, suffix in ((2, ""), (1, "_mono")):
        for rows in several:
            options = ":".join(f"{row.replace('-', '_')}={text}" for row, text in rows.items())
            native = must("-i", source[channels], "-af", "aformat=fltp," + name + ("=" + options if options else ""), "-f", "f32le", "-c:a", "pcm_f32le", "-")
            ok(rows in ({}, {"mode": "measure"}) or native != must("-i", source[channels], "-f", "f32le", "-c:a", "pcm_f32le", "-"), f"{name} {rows}: does something")
            chain = f"ladspa=f=mdyn:p={name}{suffix}:l=1" + (f":c={controls(name, rows)}" if rows else "")
            equal(f"{name}{suffix} {rows or 'at its defaults'}: the bits of the filter", native, stock("-i", source[channels], "-af", chain, "-f", "f32le", "-"))
# Without lookahead: ffmpeg's ladspa asserts at the end where it compensates the latency of a plugin with more inputs than outputs.
name, rows = "mastergate", {"duck": "1", "threshold": "-30"}
key = wav("key.wav", noise(2 * RATE, 2, 0.5, 9) * (np.arange(2 * RATE) // 9000 % 2)[:, None], "pcm_f32le")
native = must("-i", source[2], "-i", key, "-filter_complex", "[0:a]aformat=fltp[m];[m][1:a]mastergate=sidechain=1:" + ":".join(f"{r}={t}" for r, t in rows.items()),
              "-f", "f32le", "-c:a", "pcm_f32le", "-")
equal("mastergate_key: the bits of the filter with its key", native,
      stock("-i", source[2], "-i", key, "-filter_complex", f"[1:a]apad=whole_len={3 * RATE}[k];[0:a][k]amerge,ladspa=f=mdyn:p=mastergate_key:c={controls(name, rows)}",
            "-f", "f32le", "-"))
bits = [stock("-i", source[2], "-af", f"asetnsamples=n={n}:p=0,ladspa=f=mdyn:p=masterlimit:l=1:c={controls('masterlimit', {'input-gain': '12'})}", "-f", "f32le", "-")[1]
        for n in (64, 1000, 4096)]
ok(len(bits[0]) == 3 * RATE * 8 and bits[0] == bits[1] == bits[2], "the bits do not depend on the size of the runs")
moved = "asetnsamples=n=480:p=0,aformat=fltp,asendcmd=c='1 %s -20'"
equal("a control may move while it runs", must("-i", source[2], "-af", moved % "masterlimit input_gain" + ",masterlimit", "-f", "f32le", "-c:a", "pcm_f32le", "-"),
      stock("-i", source[2], "-af", moved % "ladspa c1" + ",ladspa=f=mdyn:p=masterlimit:l=1", "-f", "f32le", "-"))

# The ports, as the SDK's tools tell of them.
listed = subprocess.run(["listplugins"], capture_output=True, text=True, env=ENV).stdout
for kind, name in enumerate(CLASSES):
    for variant, suffix in enumerate(("", "_mono", "_key", "_mono_key")):
        line = f"({7169100 + 10 * kind + variant}/{name}{suffix})"
        ok((line in listed) == (variant < 2 or CLASSES[name]["sidechain"]), f"listplugins: {line}, where there is a key", listed)
    told = subprocess.run(["analyseplugin", os.path.join(folder, "mdyn.so"), name], capture_output=True, text=True, env=ENV).stdout
    ports = {m[1]: m[2] for m in re.finditer(r'"([\w-]+)[^"]*" (input|output), control.*', told)}
    ok(list(ports) == [r["name"] for r in INPUTS[name]] + [r["name"] for r in CLASSES[name]["rows"] if r["flags"] == READOUT] + ["latency"],
       f"{name}: a control for each row, in order, and latency", told)
    for row in INPUTS[name]:
        m = re.search(rf'"{row["name"]}[ "].*default ([-\d.e+]+)', told)
        want = row["def"] if np.isfinite(row["max"]) else min(row["def"], 100)
        ok(bool(m) and abs(float(m[1]) - want) <= 1e-5 * max(1, abs(want)), f"{name} {row['name']}: the default is the table's", m and m[0], row)

# Bad input.
status, out, err = stock("-f", "f32le", "-ar", "4000", "-ac", "2", "-i", source[2], "-af", "ladspa=f=mdyn:p=masterlimit", "-f", "f32le", "-")
ok(status != 0 and not out and "Could not instantiate" in err, "a rate that cannot be is refused by the host", err)
status, out, err = stock("-i", source[2], "-af", f"ladspa=f=mdyn:p=masternorm:l=1:c={controls('masternorm', {'mode': 'linear'})}", "-f", "f32le", "-")
ok(status == 0 and out == must("-i", source[2], "-f", "f32le", "-c:a", "pcm_f32le", "-"), "a mode that lacks its values leaves the audio as it is", status, err)
equal("NaN leaves the default, the top of the ratio is infinity", must("-i", source[2], "-af", "aformat=fltp,mastercomp=ratio=inf", "-f", "f32le", "-c:a", "pcm_f32le", "-"),
      stock("-i", source[2], "-af", "ladspa=f=mdyn:p=mastercomp:c=c1=nan|c2=100", "-f", "f32le", "-"))
status, out, err = stock("-i", source[2], "-af", "ladspa=f=mdyn:p=mastercomp:c=c1=99", "-f", "f32le", "-")
ok(status != 0 and not out, "what lies beyond a port's bounds is refused by the host", err)
done()
