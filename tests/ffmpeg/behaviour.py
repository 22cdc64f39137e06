#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""A filter at work: time, commands, timeline, presets, metadata, threads, non-finite samples. Usage: behaviour.py FFMPEG"""
import hashlib
import json
import re

import numpy as np

from tap import RATE, done, ffmpeg, must, noise, ok, path, through, wav

FILTERS = ("mastercomp", "masterlimit", "mastergate", "masternorm")
ACTIVE = ["mastercomp=threshold=-40:ratio=4:lookahead=20", "masterlimit=input_gain=20", "mastergate=threshold=-10:lookahead=5", "masternorm=target=-20"]


def db(ratio):
    return 20 * np.log10(max(ratio, 1e-12))


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


# Time: an impulse stays where it was, however the frames are cut, and the output is as long as the input.
click = np.zeros((30000, 2))
click[12345] = 0.5
source = wav("click.wav", click)
for chain in ACTIVE:
    for cut in ("asetnsamples=n=50:p=0", "asetnsamples=n=4096:p=0"):
        y = through(source, cut + "," + chain)
        ok(len(y) == 30000 and np.argmax(np.abs(y[:, 0])) == 12345, f"{chain}: an impulse stays at its sample ({cut})", len(y), np.argmax(np.abs(y[:, 0])))
one = wav("one.wav", noise(1))
for chain in ACTIVE:
    ok(len(through(one, chain)) == 1, f"{chain}: one sample in, one out")
pulses = noise(RATE) * (1 + 8 * (np.arange(RATE) // 6000 % 2))[:, None]
source = wav("pulses.wav", pulses)
for chain in ACTIVE:
    y = [through(source, f"asetnsamples=n={n}:p=0,{chain}") for n in (1024, 333)]
    ok(len(y[0]) == RATE and np.array_equal(y[0], y[1]), f"{chain}: the bits do not depend on frame sizes")
    ok(not np.array_equal(y[0], pulses), f"{chain}: it does something")

# One tone, for what gain is in force where.
t = np.arange(RATE) / RATE
tone = 0.1 * np.sin(2 * np.pi * 997 * t)[:, None].repeat(2, 1)
source = wav("tone.wav", tone)
y = through(source, "asetnsamples=n=480:p=0,asendcmd=c='0.5 mastercomp makeup 6',mastercomp=threshold=0:lookahead=10")
first, second = db(rms(y[:20000]) / rms(tone[:20000])), db(rms(y[30000:]) / rms(tone[30000:]))
ok(abs(first) < 1e-6 and abs(second - 6) < 0.01, "a command takes effect", first, second)
y = through(source, "asetnsamples=n=480:p=0,asendcmd=c='0.5 masterlimit input_gain -6dB',masterlimit")
ok(abs(db(rms(y[30000:]) / rms(tone[30000:])) + 6) < 0.01, "a command may name the unit")
for command, why in (("masterlimit lookahead 2", "before the start"), ("masterlimit ceiling 7", "-40 .. 0 dBTP is allowed"),
                     ("masterlimit ceiling nan", "ceiling=nan: -40 .. 0 dBTP is allowed"), ("masterlimit gain_reduction 1", "measured")):
    status, out, err = ffmpeg("-i", source, "-af", f"asendcmd=c='0.5 {command}',masterlimit", "-f", "f64le", "-")
    ok(why in err and np.array_equal(np.frombuffer(out, "<f8").reshape(-1, 2), tone), f"command {command}: refused with its reason", err[-600:])
down = "asetnsamples=n=480:p=0,asendcmd=c='0.5 mastercomp %s',mastercomp=threshold=-10:direction=%s:range=6"
y = through(source, down % ("direction up", "down"))
ok(np.array_equal(y[:24000], tone[:24000]) and db(rms(y[40000:]) / rms(tone[40000:])) > 1, "a command takes a choice by its nick", db(rms(y[40000:]) / rms(tone[40000:])))
ok(np.array_equal(y, through(source, down % ("direction up;0.7 mastercomp direction sideways", "down"))), "a command with a choice that there is not changes nothing")
status, out, err = ffmpeg("-i", source, "-af", down % ("direction sideways", "down"), "-f", "f64le", "-")
ok("mastercomp: direction=sideways: down, up are allowed" in err, "a command with a choice that there is not: named, with those there are", err[-600:])
y = through(source, "mastercomp=threshold=0:makeup=6dB")
ok(abs(db(rms(y[24000:]) / rms(tone[24000:])) - 10 ** (6 / 20)) < 0.01, "in an option FFmpeg itself reads 6dB as the ratio 1.995: numbers stand plain")


# Events are commands, whatever their argument; an alias is its row.
cue = "asetnsamples=n=480:p=0%s,masternorm=target=-30:lookahead=100"
loud = wav("loud.wav", np.concatenate([tone, 0.1 * tone, tone, 4 * tone]))
plain, cued = through(loud, cue % ""), through(loud, cue % ",asendcmd=c='3 masternorm cue 1'")
first = np.flatnonzero((plain != cued).any(axis=1))
ok(len(first) and 2.8 * RATE <= first[0] < 3.5 * RATE, "the command cue: what follows is levelled otherwise, what was before is not", first[:1])
ok(np.array_equal(cued, through(loud, cue % ",asendcmd=c='3 masternorm cue'")), "an event needs no argument")
stats = path("restarted.json")
must("-i", loud, "-af", f"asetnsamples=n=480:p=0,asendcmd=c='3 masternorm restart 1',masternorm=mode=measure:stats_file={stats}", "-f", "null", "-")
told = json.load(open(stats))
ok(abs(told["duration"] - 1) < 0.02 and abs(told["max_momentary"] - (db(0.4) - 0.0)) < 0.1, "the command restart: the measurement is that of what follows", told)
ok(np.array_equal(through(source, "asendcmd=c='0.5 masterlimit limit -30',masterlimit"), through(source, "asendcmd=c='0.5 masterlimit ceiling -30',masterlimit")),
   "a command by an alias")
ok(np.array_equal(through(source, "masterlimit=limit=-30"), through(source, "masterlimit=ceiling=-30")) and
   np.array_equal(through(source, "mastercomp=detection=rms:threshold=-40"), through(source, "mastercomp=detector=rms:threshold=-40")), "an option by an alias")

# The timeline: disabled frames have the input's bits although the core runs 8 ms behind; a ramp leads over.
y = through(source, "asetnsamples=n=480:p=0,masterlimit=input_gain=-20:enable='gte(t,0.5)'")
ok(np.array_equal(y[:24000], tone[:24000]), "enable: the frames before have the input's bits")
ok(abs(db(rms(y[26000:]) / rms(tone[26000:])) + 20) < 0.01, "enable: the frames after are processed")
jump = np.abs(np.diff(y[23900:26000, 0])).max()
ok(jump < 1.2 * np.abs(np.diff(tone[:, 0])).max(), "enable: no click between", jump)
ok(np.array_equal(through(source, "masterlimit=input_gain=-20:enable=0"), tone), "enable=0: the input's bits from the first sample")

# Presets, and rows beside them.
plain = through(source, "mastercomp=threshold=-14:ratio=4:knee=3:attack=25:release=90:makeup=2")
ok(np.array_equal(through(source, "mastercomp=preset=drums"), plain), "a preset sets its rows")
ok(np.array_equal(through(source, "mastercomp=makeup=5:preset=drums"), through(source, "mastercomp=threshold=-14:ratio=4:knee=3:attack=25:release=90:makeup=5")),
   "a row beside a preset wins, whatever the order")

# Metadata: the values of a frame, in the C locale.
out = must("-i", source, "-af", "asetnsamples=n=4800:p=0,mastercomp=threshold=-40:ratio=inf:knee=0:lookahead=20:metadata=1,ametadata=print:file=-",
           "-f", "null", path("x"), env={"LC_ALL": "de_DE.UTF-8"}).decode()
values = [float(v) for v in re.findall(r"lavfi\.mastercomp\.gain_reduction=(\S+)", out)]
ok(len(values) == 10 and 17 < min(values) and max(values) < 20.1 and "lavfi.mastercomp.nonfinite=0\n" in out, "metadata=1: each frame has its values", out[:800])
step = tone * np.where(t < 0.5, 0.01, 1)[:, None]
out = must("-i", wav("step.wav", step), "-af",
           "asetnsamples=n=2400:p=0,mastercomp=threshold=-40:knee=0:attack=0.05:release=1:lookahead=50:metadata=1,ametadata=print:file=-",
           "-f", "null", path("x")).decode()
values = [float(v) for v in re.findall(r"lavfi\.mastercomp\.gain_reduction=(\S+)", out)]
ok(len(values) == 20 and max(values[:9]) < 0.1 and min(values[10:]) > 1, "metadata=1: the values are those of the frame, not of the delayed input", values)
out = must("-i", source, "-af", "mastercomp=threshold=-40,ametadata=print:file=-", "-f", "null", path("x")).decode()
ok("lavfi.mastercomp" not in out, "no metadata unless asked for")

# Non-finite samples become silence, and are told.
bad = tone.copy()
bad[1000, 0], bad[2000, 1], bad[3000, 0] = np.nan, np.inf, -np.inf
source = wav("bad.wav", bad, "pcm_f32le")
for name in FILTERS:
    status, out, err = ffmpeg("-i", source, "-af", name + "=bypass=1", "-f", "f64le", "-")
    y = np.frombuffer(out, "<f8").reshape(-1, 2)
    ok(status == 0 and len(y) == RATE and np.isfinite(y).all() and y[1000, 0] == y[2000, 1] == y[3000, 0] == 0, f"{name}: non-finite samples become silence")
    ok("3 samples were NaN, infinite" in err, f"{name}: their number is reported", err[-600:])

# Another format in mid-stream: ffmpeg builds the filters anew without an end of input, so what was measured until then is lost. That is told.
both = path("both.aac")
with open(both, "wb") as f:
    for rate in (44100, RATE):
        f.write(must("-i", path("tone.wav"), "-ar", rate, "-c:a", "aac", "-f", "adts", "-"))
stats = path("second.json")
for options, lost in ((f"mode=measure:stats_file={stats}", "0 ms"), ("lookahead=400", r"4\d\d ms")):
    status, out, err = ffmpeg("-i", both, "-af", "masternorm=" + options, "-f", "f64le", "-")
    told = re.findall(rf"masternorm: closed before the end of its input, after 1\.0\d\d s at 44100 Hz with 2 channels: the last {lost} were not output; "
                      "where the format changed, measurement and state start anew\n", err)
    ok(status == 0 and out and len(told) == 1 and err.count("closed before") == 1, f"masternorm={options}: a change of format is told once", status, err[-1500:])
duration = json.load(open(stats))["duration"]
ok(1 <= duration < 1.1, "the measurement is that of the second format", duration)
# (-frames:a from FFmpeg 7 on frees the graph as a change of format does; the line is true there too.)
for options in (["-t", "0.3"], []):
    status, out, err = ffmpeg("-i", path("tone.wav"), "-af", "masternorm", *options, "-f", "f64le", "-")
    ok(status == 0 and out and "closed before" not in err, " ".join(options) + ": an end that was asked for is not", err[-600:])

# Threads never change a bit; a chain of all four, to FLAC.
source = path("pulses.wav")
chain = "mastergate,mastercomp,masternorm,masterlimit"
md5 = []
for threads in (1, 4):
    out = must("-filter_threads", threads, "-i", source, "-af", chain, "-f", "f64le", "-")
    md5.append(hashlib.md5(out).hexdigest())
    ok(len(out) == RATE * 2 * 8, f"{chain}: the length of the input with {threads} threads", len(out))
ok(md5[0] == md5[1], "-filter_threads 1 and 4 give the same bits")
must("-i", source, "-af", chain, path("out.flac"))
y = through(path("out.flac"), "anull")
ok(len(y) == RATE and rms(y) > 0.001, "the chain into FLAC")
done()
