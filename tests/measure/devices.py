# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""What is measured: mdyn through tests/parity/core-run, the peers through ffmpeg's own filters and its lv2 host. float64 in and out, time-aligned."""
import functools
import os
import subprocess

import numpy as np

CORE_RUN = os.environ.get("MDYN_CORE_RUN", "core-run")
FFMPEG = "/usr/bin/ffmpeg"
PACKAGES = {"ffmpeg": "alimiter, acompressor, agate; host of the LV2 plugins", "lsp-plugins-lv2": "LSP limiter", "x42-plugins": "x42 dpl",
            "lmms-common": "recorded drum loops", "neverball-common": "music", "espeak-ng": "speech", "gnuplot-nox": "pictures"}
LSP = r"lv2=p='http\://lsp-plug.in/plugins/lv2/limiter_stereo':c='th={ceiling}|boost=0|alr={alr}|ovs={ovs}'"
DPL = r"lv2=p='http\://gareus.org/oss/lv2/dpl#stereo':c='threshold=-1|truepeak={tp}'"
CEILING = "0.8912509"                                # -1 dB


class Missing(Exception):
    pass


def pipe(args, data):
    r = subprocess.run(args, input=data, capture_output=True, timeout=300)
    if r.returncode:
        raise Missing(f"{os.path.basename(args[0])}: {r.stderr.decode(errors='replace').strip()[-300:]}")
    return r.stdout


def through_core(cls, rows, x, rate):
    raw = pipe([CORE_RUN, cls, str(rate), str(x.shape[1]), "4096", *rows], np.ascontiguousarray(x).tobytes())
    return np.frombuffer(raw).reshape(-1, x.shape[1])[:len(x)].copy()


def through_ffmpeg(graph, x, rate):
    """Not aligned, as long as it comes out."""
    raw = pipe([FFMPEG, "-v", "error", "-nostdin", "-f", "f64le", "-ar", str(rate), "-ac", str(x.shape[1]), "-i", "pipe:0",
                "-af", graph, "-c:a", "pcm_f64le", "-f", "f64le", "pipe:1"], np.ascontiguousarray(x).tobytes())
    return np.frombuffer(raw).reshape(-1, x.shape[1])


@functools.lru_cache(maxsize=None)
def delay(graph, rate):
    """Frames, of a small pulse."""
    x = np.zeros((rate, 2))
    x[rate // 4] = 0.05
    y = through_ffmpeg(graph, x, rate)
    place = int(np.abs(y[:, 0]).argmax())
    if y[place, 0] == 0:
        raise Missing("silent")
    return place - rate // 4


def aligned(graph, x, rate):
    """As much silence behind as the device holds back, and that taken out in front."""
    d = delay(graph, rate)
    y = through_ffmpeg(graph, np.concatenate([x, np.zeros((rate // 2, x.shape[1]))]), rate)[max(d, 0):]
    if d < 0:
        y = np.concatenate([np.zeros((-d, y.shape[1])), y])
    if len(y) < len(x):
        y = np.concatenate([y, np.zeros((len(x) - len(y), y.shape[1]))])
    return y[:len(x)]


def mdyn(*rows):
    return lambda x, rate: through_core("masterlimit", rows, x, rate)


def peer(graph):
    return lambda x, rate: aligned(graph.format(rate=rate), x, rate)


LIMITERS = {
    "mdyn": mdyn(),
    "mdyn low-latency": mdyn("preset=low-latency"),
    "mdyn louder": mdyn("preset=louder"),
    "mdyn, sample peak": mdyn("true-peak=0"),
    "alimiter": peer(f"alimiter=limit={CEILING}:level=0"),
    "alimiter, level=1": peer(f"alimiter=limit={CEILING}"),
    "alimiter at 192 kHz": peer(f"aresample=192000,alimiter=limit={CEILING}:level=0,aresample={{rate}}"),
    "LSP": peer(LSP.format(ceiling=CEILING, ovs=0, alr=1)),
    "LSP, alr off": peer(LSP.format(ceiling=CEILING, ovs=0, alr=0)),
    "LSP half x4, alr off": peer(LSP.format(ceiling=CEILING, ovs=6, alr=0)),
    "LSP full x4, alr off": peer(LSP.format(ceiling=CEILING, ovs=16, alr=0)),
    "x42 dpl": peer(DPL.format(tp=0)),
    "x42 dpl, true peak": peer(DPL.format(tp=1)),
}


def present():
    """Names of the limiters that run here, and why others do not."""
    there, missing = [], {}
    x = np.zeros((4800, 2))
    x[:, :] = 0.01
    for name, run in LIMITERS.items():
        try:
            y = run(x, 48000)
            if not np.abs(y).max() > 0.001:
                raise Missing("silent")
            there.append(name)
        except (Missing, OSError, subprocess.TimeoutExpired) as e:
            missing[name] = str(e)
    return there, missing
