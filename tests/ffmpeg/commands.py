#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""Every LIVE row as a runtime command: from the frame on that it reaches, the bits are those of the core set before that frame, and not those without it.
By asendcmd, and by azmq where ffmpeg has it. Usage: commands.py FFMPEG DUMP CORE_RUN"""
import json
import math
import socket
import subprocess
import sys
import threading
import time

import numpy as np

from tap import FFMPEG, RATE, done, ffmpeg, noise, ok, path, through, wav

dump, core_run = sys.argv[2:4]
LIVE = 1
AT, N = 480 * 60, 480 * 240

# Settings in which the row matters, and a value for it where the generic one would not.
BASE = {"mastercomp": "threshold=-35", "masterlimit": "input_gain=12", "mastergate": "threshold=-20:hold=5", "masternorm": "target=-20:lookahead=50"}
CASE = {
    ("mastercomp", "range"): ("ratio=inf", "3"), ("mastercomp", "rms-window"): ("detector=rms", "200"), ("mastercomp", "link"): ("", "0"),
    ("mastercomp", "hold"): ("attack=1", "500"), ("masterlimit", "link"): ("", "0"), ("masterlimit", "auto-release"): ("input_gain=20", "0"), ("mastergate", "range"): ("", "6"), ("mastergate", "ratio"): ("", "1.5"),
    ("mastergate", "hysteresis"): ("", "0"), ("mastergate", "knee"): ("ratio=2", "20"), ("mastergate", "link"): ("", "0"), ("mastergate", "hold"): ("", "400"),
}
MAY_BE_IDLE = {"masternorm"}  # what a row of the live mode does may show after minutes only

# Bursts at many levels, the channels apart.
rng = np.random.default_rng(11)
x = noise(N, 2, 1, 12) * 10 ** (np.repeat(rng.uniform(-50, 0, (N // 2400 + 1, 2)), 2400, axis=0)[:N] / 20)
source = wav("x.wav", x)
raw = x.astype("<f8").tobytes()


def core(name, rows, later=()):
    r = subprocess.run([core_run, name, str(RATE), "2", "4096", *rows, *later], input=raw, capture_output=True, check=True)
    return np.frombuffer(r.stdout, "<f8").reshape(-1, 2)


count = 0
for cls in json.loads(subprocess.run([dump], capture_output=True, check=True).stdout):
    name, plain = cls["name"], {}
    for row in cls["rows"]:
        if row["flags"] != LIVE:
            continue
        extra, value = CASE.get((name, row["name"]), ("", None))
        if value is None and row["type"] == "double":
            value = "%.6g" % ((row["min"] + row["def"]) / 2 if row["def"] > row["min"] else row["min"] + (row["max"] - row["min"]) / 3)
        elif value is None:
            value = row["choices"][1]["nick"] if row["choices"] else "%d" % (1 - row["def"])
        options = BASE[name] + (":" + extra if extra else "")
        rows = options.replace("_", "-").split(":")
        got = through(source, f"asetnsamples=n=480:p=0,asendcmd=c='{AT / RATE} {name} {row['name'].replace('-', '_')} {value}',{name}={options}")
        want = core(name, rows, ("@%d" % AT, f"{row['name']}={value}"))
        if options not in plain:
            plain[options] = core(name, rows)
        count += 1
        ok(got.shape == want.shape == (N, 2) and np.array_equal(got, want), f"{name} {row['name']}={value}: the bits of the core, set at that frame",
           got.shape, want.shape)
        if name not in MAY_BE_IDLE or row["name"] in ("bypass", "target", "ceiling"):
            ok(not np.array_equal(want, plain[options]), f"{name} {row['name']}={value}: they are others than without", options)
ok(count > 40, "rows were found", count)


# azmq: a ZMTP 3.0 REQ socket by hand (rfc.zeromq.org/spec/23), the NULL mechanism.
def ask(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        stream = s.makefile("rb")
        s.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32))
        stream.read(64)
        ready = b"\x05READY\x0bSocket-Type" + (3).to_bytes(4, "big") + b"REQ"
        s.sendall(bytes([4, len(ready)]) + ready)
        stream.read(stream.read(2)[1])
        s.sendall(b"\x01\x00" + bytes([0, len(text)]) + text.encode())
        stream.read(2)
        return stream.read(stream.read(2)[1]).decode()


if b" azmq " in ffmpeg("-filters")[1]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    live = subprocess.Popen([FFMPEG, "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", f"sine=f=997:r={RATE},volume=0.8", "-af",
                             f"azmq=bind_address=tcp\\\\://127.0.0.1\\\\:{port},mastercomp=threshold=0", "-t", "60", "-f", "f64le", "-"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    answers = []

    def talk():
        for _ in range(100):
            try:
                answers.append(ask(port, "mastercomp makeup -20"))
                answers.append(ask(port, "mastercomp ratio perhaps"))
                return
            except OSError:
                time.sleep(0.1)

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    heard = []
    while len(heard) < 200 and (block := live.stdout.read(RATE * 8 // 10)):
        heard.append(20 * math.log10(np.abs(np.frombuffer(block, "<f8")).max() + 1e-9))
        if heard[-1] < heard[0] - 19.9 and len(answers) == 2:
            break
    live.kill()
    err = live.communicate()[1].decode()
    ok(bool(heard) and abs(heard[-1] - heard[0] + 20) < 0.2, "azmq: a command takes effect", heard[:1], heard[-1:], answers, err)
    ok(answers[:1] == ["0 Success"] and answers[1:] and answers[1].startswith("22 "), "azmq: success and refusal are answered", answers)
    ok("mastercomp: ratio=perhaps: 1 .. inf is allowed" in err, "azmq: the refusal is told in words", err)
done()
