#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""With nothing to do a filter changes nothing: samples, pts, frame sizes and gaps, by framemd5 of the encoded frames. Usage: transparent.py FFMPEG"""
import os
import subprocess

from tap import done, ffmpeg, noise, ok, path, wav

# Settings with nothing to do for noise at -20 dBFS; latencies from none to longer than the input.
IDLE = [
    "mastercomp=threshold=0", "mastercomp=threshold=0:knee=0:lookahead=0.03", "mastercomp=threshold=-60:bypass=1:lookahead=7.3",
    "mastergate=threshold=-120", "mastergate=threshold=-100:lookahead=20", "mastergate=threshold=0:bypass=1:lookahead=1",
    "masterlimit", "masterlimit=lookahead=0.5:true_peak=0", "masterlimit=input_gain=30:bypass=1",
    "masternorm=mode=measure", "masternorm=bypass=1", "masternorm=bypass=1:lookahead=3000",
    "mastergate=threshold=-120:lookahead=3,mastercomp=threshold=0:lookahead=2,masterlimit",
]
SIZES = ["asetnsamples=n=%d:p=0" % n for n in (7, 64, 1024, 4096)]
GAPS = ["asetnsamples=n=100:p=0,aselect='not(between(n,3,9)+eq(n,40))'", "asetnsamples=n=333:p=0,asetpts=PTS+floor(N/4)*5000"]
FRAMES = 12000


def same(label, source, codec, cuts, idle):
    for cut in cuts:
        same_cut(label, source, codec, cut, idle)


def same_cut(label, source, codec, cut, idle):
    """All chains over one file in one run, against the same cut with no filter."""
    args, outputs = [], []
    for chain in [None] + idle:
        name = path("out%d" % len(outputs))
        args += ["-map", "0:a", "-af", cut + ("," + chain if chain else ""), "-c:a", codec, "-f", "framemd5", name]
        outputs.append((chain, name))
        if os.path.exists(name):
            os.remove(name)
    for tries in range(3):  # FFmpeg 9.0.2 itself hangs at times with as many outputs: it does with loudnorm and adelay, too
        try:
            status, _, err = ffmpeg("-v", "error", "-i", source, *args)
            break
        except subprocess.TimeoutExpired as e:
            status, err = -1, str(e)
    reference = None
    for chain, name in outputs:
        try:
            text = open(name).read()
        except OSError:
            text = ""
        frames = [li for li in text.splitlines() if li and li[0] != "#"]
        if chain is None:
            reference, count = text, len(frames)
            ok(status == 0 and count > 2, f"{label} {cut}: reference of {count} frames", f"exit status {status}", err)
        else:
            ok(status == 0 and count > 2 and text == reference, f"{label} {cut}: {chain} is transparent", f"exit status {status}",
               f"{len(frames)} frames, reference {count}", err)


x = noise(FRAMES)
for codec in ("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"):
    same(codec, wav(codec + ".wav", x, codec), codec, SIZES[2:3] if codec != "pcm_s24le" else SIZES, IDLE)
same("frames of one sample", wav("short.wav", x[:1500], "pcm_s16le"), "pcm_s16le", ["asetnsamples=n=1:p=0"], IDLE)
same("gaps", path("pcm_f32le.wav"), "pcm_f32le", GAPS, IDLE)
same("mono", wav("mono.wav", noise(FRAMES, 1), "pcm_s16le"), "pcm_s16le", SIZES[2:3], IDLE)
same("5.1", wav("surround.wav", noise(FRAMES, 6), "pcm_s24le"), "pcm_s24le", SIZES[2:3], IDLE)
same("22.2", wav("hall.wav", noise(FRAMES, 24), "pcm_f32le"), "pcm_f32le", ["aformat=channel_layouts=22.2,asetnsamples=n=1024:p=0"], IDLE)
same("8 kHz", wav("slow.wav", x, "pcm_s16le", 8000), "pcm_s16le", SIZES[2:3], IDLE)
same("192 kHz", wav("fast.wav", x, "pcm_s24le", 192000), "pcm_s24le", SIZES[2:3], IDLE)
done()
