#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""masternorm in loudnorm's place: two-pass scripts as people write them, run with loudnorm and, but for the name unchanged, with masternorm; what is
printed is compared with what loudnorm of the same ffmpeg prints, loudness with FFmpeg's ebur128. Usage: loudnorm.py FFMPEG"""
import json
import os
import re
import subprocess

import numpy as np

from tap import FFMPEG, RATE, done, ffmpeg, must, ok, path, wav

SCRIPTS = {
    "sed and jq": """#!/bin/bash
json=$(ffmpeg -hide_banner -nostdin -i "$1" -af loudnorm=I=-16:TP=-1.5:LRA=11:print_format=json -f null - 2>&1 | sed -n '/^{$/,/^}$/p')
i=$(jq -r .input_i <<< "$json") tp=$(jq -r .input_tp <<< "$json") lra=$(jq -r .input_lra <<< "$json")
thresh=$(jq -r .input_thresh <<< "$json") offset=$(jq -r .target_offset <<< "$json")
ffmpeg -hide_banner -nostdin -y -i "$1" -af "loudnorm=I=-16:TP=-1.5:LRA=11:measured_I=$i:measured_TP=$tp:measured_LRA=$lra:measured_thresh=$thresh:\
offset=$offset:linear=true:print_format=summary" -ar 48000 "$2"
""",
    "tail and awk": """#!/bin/sh
stats=$(ffmpeg -nostdin -i "$1" -af loudnorm=i=-16:tp=-1.5:lra=11:print_format=json -f null /dev/null 2>&1 | tail -n 12)
get () { printf '%s\\n' "$stats" | awk -F'"' -v f="$1" '$2 == f { print $4 }'; }
[ -n "$(get input_i)" ] || exit 1
ffmpeg -nostdin -y -i "$1" -ar 48000 -af loudnorm=linear=true:i=-16:tp=-1.5:lra=11:measured_i=$(get input_i):measured_tp=$(get input_tp):\
measured_lra=$(get input_lra):measured_thresh=$(get input_thresh):offset=$(get target_offset):print_format=summary "$2"
""",
    "python": """#!/usr/bin/python3
import json, subprocess, sys
first = subprocess.run(["ffmpeg", "-nostdin", "-i", sys.argv[1], "-filter:a", "loudnorm=I=-16:TP=-1.5:LRA=11:dual_mono=false:print_format=json",
                        "-f", "null", "-"], stderr=subprocess.PIPE, text=True).stderr
at = first.index("[Parsed_loudnorm_0")
s = json.loads(first[first.index("{", at):first.rindex("}") + 1])
af = ("loudnorm=I=-16:TP=-1.5:LRA=11:measured_I={input_i}:measured_LRA={input_lra}:measured_TP={input_tp}:measured_thresh={input_thresh}"
      ":offset={target_offset}:linear=true:print_format=summary").format(**s)
sys.exit(subprocess.run(["ffmpeg", "-nostdin", "-y", "-i", sys.argv[1], "-filter:a", af, "-ar", "48000", sys.argv[2]]).returncode)
""",
}
os.mkdir(path("bin"))
os.symlink(os.path.realpath(FFMPEG), path("bin/ffmpeg"))
ENV = dict(os.environ, PATH=path("bin") + ":" + os.environ["PATH"])


def told(text):
    """What is printed behind the filter's prefix."""
    m = re.search(r"\[Parsed_(?:loud|master)norm_0 @ [^]]*\] \n(\{.*?\n\}\n|Input .*?Target Offset: .*?\n)", text, re.S)
    return m[1] if m else ""


def shape(text):
    """Without its numbers: the same words, decimals, widths and signs."""
    return re.sub(r"[0-9]+(\.[0-9]+)", lambda m: "9" + re.sub("[0-9]", "9", m[1]), re.sub(r" +(?=[+-]?[0-9])", " ", text).replace("+", "-")) if text else None


def heard(file):
    status, out, err = ffmpeg("-i", file, "-af", "ebur128=peak=true", "-f", "null", "-")
    return float(re.findall(r"I: +(\S+) LUFS", err)[-1]), float(re.findall(r"Peak: +(\S+) dBFS", err)[-1])


# Speech-like: noise in syllables, quiet enough for a linear gain under the ceiling. Nothing above 6 kHz, where loudnorm's resampling to 192 kHz takes.
t = np.arange(8 * RATE) / RATE
bins = np.fft.rfft(np.random.default_rng(7).normal(0, 0.04, (len(t), 2)), axis=0)
bins[6000 * len(t) // RATE:] = 0
x = np.fft.irfft(bins, axis=0) * (0.3 + np.abs(np.sin(2 * np.pi * 1.7 * t)))[:, None]
source = wav("speech.wav", x, "pcm_s24le")
summaries = {}
for how, script in SCRIPTS.items():
    got = {}
    for name in ("loudnorm", "masternorm"):
        file, out = path("script"), path(name + ".wav")
        with open(file, "w") as f:
            f.write(script.replace("loudnorm", name))
        os.chmod(file, 0o755)
        got[name] = subprocess.run([file, source, out], capture_output=True, text=True, env=ENV, timeout=120)
        summaries[name] = told(got[name].stderr)
    if got["loudnorm"].returncode:  # from FFmpeg 7 on the filter's text is no longer the last
        ok(True, f"{how}: fails with loudnorm of this FFmpeg itself # SKIP")
        continue
    r = got["masternorm"]
    i, tp = heard(path("masternorm.wav")) if r.returncode == 0 else (0, 0)
    ok(r.returncode == 0 and abs(i + 16) <= 0.1 and tp <= -1.4, f"{how}: the script runs with the name swapped, and lands at -16 LUFS", r.returncode, i, tp, r.stderr[-800:])
    ok(bool(re.search(r"Normalization Type: +Linear\n", r.stderr)), f"{how}: by one gain", r.stderr[-800:])
    ok("offset=" in r.stderr and "is not used" in r.stderr, f"{how}: what has no meaning here is named", r.stderr[:1500])
ok(shape(summaries["masternorm"]) == shape(summaries["loudnorm"]) is not None, "the summary has loudnorm's form", summaries)

# The JSON of one pass, beside loudnorm's.
texts = {}
for name in ("loudnorm", "masternorm"):
    status, out, err = ffmpeg("-i", source, "-af", name + "=I=-20:TP=-2:print_format=json", "-f", "null", "-")
    texts[name] = told(err)
ok(shape(texts["masternorm"]) == shape(texts["loudnorm"]) is not None, "the JSON has loudnorm's form", texts)
theirs, ours = json.loads(texts["loudnorm"]), json.loads(texts["masternorm"])
ok(all(abs(float(theirs[k]) - float(ours[k])) <= 0.1 for k in ("input_i", "input_thresh", "input_lra")), "what is measured of the input is what loudnorm measures", theirs, ours)
ok(abs(float(theirs["input_tp"]) - float(ours["input_tp"])) <= 0.3, "its true peak too, within the two oversamplers", theirs["input_tp"], ours["input_tp"])
ok(ours["normalization_type"] == "dynamic" and float(ours["target_offset"]) == round(-20 - float(ours["output_i"]), 2), "without a measurement it is live, called dynamic", ours)


def one_pass(options, file=source):
    status, out, err = ffmpeg("-i", file, "-af", f"masternorm={options}:print_format=json", "-f", "f64le", "-")
    return json.loads(told(err) or "{}"), np.frombuffer(out, "<f8"), err


def samples(options):
    return must("-i", source, "-af", "masternorm=" + options, "-f", "f64le", "-")


ok(samples("I=-18:TP=-3") == samples("target=-18:ceiling=-3") == samples("i=-18:tp=-3:linear=true"), "I and TP are target and ceiling; linear=true alone changes nothing")
linear = samples("mode=linear:target=-18:measured_loudness=-30")
ok(samples("I=-18:measured_I=-30") == linear == samples("I=-18:measured_i=-30:linear=1:LRA=7:measured_LRA=20:measured_thresh=-40:offset=3"),
   "measured_I is mode=linear; LRA, measured_LRA, measured_thresh, offset change nothing")
ok(samples("I=-18:measured_I=-30:linear=false") == samples("target=-18") != linear, "linear=false is mode=live")
ok(samples("I=-5:measured_I=-30:measured_TP=-10:TP=-2") == samples("mode=linear:target=-5:ceiling=-2:measured_loudness=-30:measured_peak=-10"),
   "a peak over TP leaves the mode linear: peak_policy decides")
told_json, y, err = one_pass("measured_I=-30:I=-20:LRA=1")
ok(told_json.get("normalization_type") == "linear" and "masternorm: LRA=1 is not used. loudnorm's range target: linear keeps the range" in err, "LRA: named, the mode stays", err[-900:])
told_json, y, err = one_pass("mode=measure")
ok(told_json.get("normalization_type") == "none" and told_json["input_i"] == told_json["output_i"] and len(y) == x.size, "mode=measure: the output is the input", told_json)
mono = wav("mono.wav", x[:, :1])
loud = {word: float(one_pass("mode=measure:dual_mono=" + word, mono)[0].get("input_i", 0)) for word in ("true", "false", "1", "on", "off", "auto")}
ok(loud["true"] == loud["1"] == loud["on"] and loud["false"] == loud["off"] == loud["auto"] and abs(loud["on"] - loud["off"] - 3.01) < 0.02,
   "dual_mono takes a switch's words", loud)
silence = {}
for name in ("loudnorm", "masternorm"):
    status, out, err = ffmpeg("-f", "lavfi", "-i", f"anullsrc=r={RATE},atrim=end=4", "-af", name + "=I=-23:print_format=json", "-f", "null", "-")
    silence[name] = told(err)
ok(silence["masternorm"] == silence["loudnorm"] != "", "of silence they say the same", silence)
status, out, err = ffmpeg("-v", "error", "-i", source, "-af", "masternorm=print_format=json", "-f", "null", "-")
ok(status == 0 and not err, "-v error silences it, as it does loudnorm", err)

for options, words in (("I=loud", "target=loud: -60 .. 0 LUFS is allowed (given as I)"), ("TP=3", "ceiling=3: -40 .. 0 dBTP is allowed (given as TP)"),
                       ("linear=perhaps", "linear=perhaps: true or false is allowed"), ("LRA=wide", "LRA=wide: a number is allowed"),
                       ("measured_I=-inf", "measured-loudness=-inf: -120 .. 20 LUFS is allowed (given as measured_I)"),
                       ("print_format=xml", "print-format=xml: none, json, summary are allowed"), ("dual_mono=2", "dual-mono=2: auto, off, on are allowed")):
    status, out, err = ffmpeg("-i", source, "-af", "masternorm=" + options, "-f", "f64le", "-")
    ok(status != 0 and not out and "masternorm: " + words in err, f"{options}: refused in words", err[-600:])
done()
