# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""What the tests of this folder share: TAP lines, and ffmpeg run so that a failing run never passes for a result."""
import os
import subprocess
import sys
import tempfile

import numpy as np

FFMPEG = sys.argv[1]
RATE = 48000
_count = _failed = 0
_folder = tempfile.TemporaryDirectory()


def ok(good, name, *why):
    """One check; what `why` holds is printed where it fails."""
    global _count, _failed
    _count += 1
    _failed += not good
    print("ok" if good else "not ok", _count, "-", name)
    if not good:
        for line in "\n".join(str(w) for w in why).splitlines()[:20]:
            print("#", line)
    sys.stdout.flush()
    return good


def done():
    print(f"1..{_count}")
    sys.exit(_failed > 0)


def path(name):
    return os.path.join(_folder.name, name)


def ffmpeg(*args, env=None):
    """Runs it; returns (exit status, stdout as bytes, stderr as text)."""
    r = subprocess.run([FFMPEG, "-hide_banner", "-nostdin", "-y", *map(str, args)], capture_output=True, timeout=60,
                       env=dict(os.environ, **(env or {})))
    return r.returncode, r.stdout, r.stderr.decode(errors="replace")


def must(*args, **kw):
    """Runs it where it has to succeed, returns stdout."""
    status, out, err = ffmpeg("-v", "error", *args, **kw)
    if status:
        ok(False, "ffmpeg " + " ".join(map(str, args)), f"exit status {status}", err)
        done()
    return out


def noise(frames, channels=2, level=0.1, seed=1):
    return np.random.default_rng(seed).uniform(-level, level, (frames, channels))


def wav(name, samples, codec="pcm_f64le", rate=RATE):
    """Samples [frame][channel] as a WAV file; returns its path."""
    raw = path(name + ".raw")
    np.ascontiguousarray(samples, dtype="<f8").tofile(raw)
    must("-f", "f64le", "-ar", rate, "-ac", samples.shape[1], "-i", raw, "-c:a", codec, path(name))
    return path(name)


def through(source, chain, *options, channels=2):
    """The samples [frame][channel] that a chain makes of a file, as float64."""
    out = must(*options, "-i", source, "-af", chain, "-f", "f64le", "-c:a", "pcm_f64le", "-")
    return np.frombuffer(out, "<f8").reshape(-1, channels)
