#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""The key input (sidechain=1): sample by sample what the core makes of main and key at the same time. Usage: key.py FFMPEG CORE_RUN"""
import subprocess
import sys

import numpy as np

from tap import RATE, done, ffmpeg, must, noise, ok, path, wav

core_run = sys.argv[2]
DUCK = "mastergate", ["preset=duck", "lookahead=7", "attack=2", "release=40", "hold=10"]
COMP = "mastercomp", ["threshold=-40", "ratio=8", "attack=1", "release=30", "key-highpass=200"]
COMP_AHEAD = "mastercomp", ["threshold=-30", "ratio=inf", "lookahead=20", "link=0"]
N = 60000
PIECE = "asetnsamples=n=%d:p=0"


def core(device, x, key):
    """What mdyn_process makes of main and key that begin together, in blocks of 4096."""
    name, rows = device
    key.astype("<f8").tofile(path("key.raw"))
    r = subprocess.run([core_run, name, str(RATE), str(x.shape[1]), "4096", f"key={key.shape[1]}:{path('key.raw')}", *rows],
                       input=x.astype("<f8").tobytes(), capture_output=True, check=True)
    return np.frombuffer(r.stdout, "<f8").reshape(x.shape)


def options(device):
    return device[0] + "=sidechain=1:" + ":".join(device[1]).replace("-", "_").replace("=_", "=-")


def keyed(device, main, key, main_chain="anull", key_chain="anull", channels=2, after=""):
    """Files main and key, each through its chain, into the filter."""
    out = must("-i", main, "-i", key, "-filter_complex", f"[0:a]{main_chain}[m];[1:a]{key_chain}[k];[m][k]{options(device)}{after}",
               "-f", "f64le", "-c:a", "pcm_f64le", "-")
    return np.frombuffer(out, "<f8").reshape(-1, channels)


def same(got, want, name):
    apart = np.flatnonzero((got != want).any(axis=1)) if got.shape == want.shape else []
    ok(got.shape == want.shape and not len(apart), name, f"{got.shape}, wanted {want.shape}", f"{len(apart)} frames differ, from {apart[:3]} on")


def later(key, frames, length=N):
    """The key as main's time sees it if it starts `frames` later (or earlier, if negative)."""
    y = np.zeros((length, key.shape[1]))
    part = key[max(0, -frames):]
    n = max(0, min(len(part), length - max(0, frames)))
    y[max(0, frames):max(0, frames) + n] = part[:n]
    return y


def bursts(frames, channels, seed):
    return noise(frames, channels, 0.5, seed) * (np.arange(frames) // 5000 % 2)[:, None]


x = noise(N, 2, 0.3)
voice = bursts(N, 2, 2)
main, key = wav("main.wav", x), wav("key.wav", voice)
for device in (DUCK, COMP, COMP_AHEAD):
    want = core(device, x, voice)
    ok(np.mean(want != x) > 0.2, f"{device[0]} {' '.join(device[1])}: the core does something", np.mean(want != x))
    for a, b in ((1024, 1024), (333, 4096), (4096, 100)):
        same(keyed(device, main, key, PIECE % a, PIECE % b), want, f"{device[0]} {device[1][1]}: frames of {a} keyed by frames of {b}")
same(keyed(DUCK, main, key, "asetnsamples=n=1:p=0,atrim=end_sample=3000", PIECE % 7), core(DUCK, x[:3000], voice[:3000]), "frames of one sample keyed by frames of 7")
out = must("-i", main, "-i", key, "-filter_complex", f"[0:a]aformat=dbl[m];[1:a]aformat=dblp[k];[m][k]{options(COMP)}", "-f", "f64le", "-")
same(np.frombuffer(out, "<f8").reshape(-1, 2), core(COMP, x, voice), "main interleaved, key planar")

# The key's time.
for shift in (1, 12345, 50001, 70000):
    same(keyed(DUCK, main, key, PIECE % 1024, f"asetpts=PTS+{shift}"), core(DUCK, x, later(voice, shift)), f"a key that starts {shift} samples later: silence before it")
for shift in (1, 12345, 50001, 70000):
    same(keyed(DUCK, main, key, f"asetpts=PTS+{shift}"), core(DUCK, x, later(voice, -shift)), f"a key that started {shift} samples before main")
short = wav("short.wav", voice[:20000])
same(keyed(DUCK, main, short), core(DUCK, x, later(voice[:20000], 0)), "a key that ends early: silence after it")
long = wav("long.wav", np.concatenate([voice, voice]))
same(keyed(DUCK, main, long), core(DUCK, x, voice), "a key that goes on: the output ends with main")
same(keyed(DUCK, main, key, key_chain="asetnsamples=n=1000:p=0,aselect='not(between(n,5,17))'"),
     core(DUCK, x, voice * (~((np.arange(N) >= 5000) & (np.arange(N) < 18000)))[:, None]), "a gap in the key is silence")
gap = np.r_[0:5000, 18000:N]
same(keyed(DUCK, main, key, main_chain="asetnsamples=n=1000:p=0,aselect='not(between(n,5,17))'"), core(DUCK, x[gap], voice[gap]), "over a gap in main the key keeps its time")
same(keyed(DUCK, main, key, "asettb=1/1000", "asettb=1/1000"), core(DUCK, x, voice), "a time base of milliseconds adds no gaps")
same(keyed(DUCK, main, key, "asettb=1/1000", "asettb=1/1000,asetpts=PTS+250"), core(DUCK, x, later(voice, RATE // 4)), "and places a key to its millisecond")
nothing = must("-i", main, "-filter_complex", f"anullsrc=r={RATE}:cl=mono,atrim=end_sample=0[k];[0:a][k]{options(DUCK)}", "-f", "f64le", "-")
same(np.frombuffer(nothing, "<f8").reshape(-1, 2), core(DUCK, x, np.zeros((N, 1))), "a key without a sample is silence")

# The key's format.
for channels in (1, 6):
    other = bursts(N, channels, 3)
    same(keyed(DUCK, main, wav(f"key{channels}.wav", other)), core(DUCK, x, other), f"a key of {channels} channels beside stereo")
mono = wav("mono.wav", x[:, :1])
same(keyed(COMP, mono, key, channels=1), core(COMP, x[:, :1], voice), "a stereo key beside mono")
slow = wav("slow.wav", bursts(N, 2, 4), rate=44100)
same(keyed(DUCK, main, slow), keyed(DUCK, main, slow, key_chain=f"aresample={RATE}"), "a key at 44.1 kHz is resampled to main's rate")
listen = ("mastercomp", ["key-listen=1", "lookahead=5"])
same(keyed(listen, main, key), core(listen, x, voice), "key_listen: what is heard is the key")
ok(np.allclose(keyed(listen, main, key), voice, atol=1e-7), "key_listen gives the key itself, at main's time")

# One source for both, as people write it, and the timeline while key frames run ahead.
split = must("-i", main, "-filter_complex", f"asplit[m][k];[m][k]{options(COMP)}", "-f", "f64le", "-")
same(np.frombuffer(split, "<f8").reshape(-1, 2), core(COMP, x, x), "asplit into both inputs")
late = must("-i", main, "-filter_complex", f"asplit[m][s];[s]adelay=250|250[k];[m][k]{options(DUCK)}", "-f", "f64le", "-")
same(np.frombuffer(late, "<f8").reshape(-1, 2), core(DUCK, x, later(x, RATE // 4)), "asplit with a delay in the key")
y = keyed(COMP, main, key, PIECE % 480, PIECE % 4096, after=":enable='gte(t,0.5)'")
ok(len(y) == N and np.array_equal(y[:24000], x[:24000]) and not np.array_equal(y[24000:], x[24000:]), "enable= follows main's time, not the key's")
frames = "-c:a", "pcm_f64le", "-f", "framemd5", "-"
tail = "[0:a]asetnsamples=n=333:p=0,asetpts=PTS+floor(N/4)*5000[m];[m]"
plain = must("-i", main, "-filter_complex", tail + "anull", *frames)
ok(len(plain.splitlines()) > 100 and must("-i", main, "-i", key, "-filter_complex", tail + "[1:a]mastercomp=sidechain=1:threshold=0:lookahead=20", *frames) == plain,
   "main's frames keep pts, size, gaps and, with nothing to do, samples")

md5 = [must("-filter_complex_threads", n, "-i", main, "-i", key, "-filter_complex", f"[0:a][1:a]{options(DUCK)}", *frames) for n in (1, 4)]
ok(len(md5[0].splitlines()) > 20 and md5[0] == md5[1], "-filter_complex_threads 1 and 4 give the same frames")

for chain, words in (("[0:a]mastercomp=sidechain=1", ["mastercomp", "unlabeled"]), ("[0:a][1:a]masterlimit=sidechain=1", ["sidechain", "not found"])):
    status, out, err = ffmpeg("-i", main, "-filter_complex", chain + "[o]", "-map", "[o]", "-f", "f64le", "-")
    ok(status != 0 and not out, f"{chain}: refused by FFmpeg", err[-500:])
broken = path("broken.flac")
must("-i", key, broken)
data = bytearray(open(broken, "rb").read())
data[len(data) // 2:] = b"\xff" * (len(data) - len(data) // 2)
open(broken, "wb").write(data)
status, out, err = ffmpeg("-v", "quiet", "-i", main, "-i", broken, "-filter_complex", f"[0:a][1:a]{options(DUCK)}", "-f", "f64le", "-")
y = np.frombuffer(out, "<f8").reshape(-1, 2)
whole = core(DUCK, x, voice)
ok(len(y) == N and np.abs(y[:20000] - whole[:20000]).max() < 1e-3, "a key that breaks half way: main goes on to its end", status, len(y), err[-300:])
done()
