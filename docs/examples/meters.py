#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""meters.py FILE: rides a file to -16 LUFS, prints the gain every 500 ms, and what the file measured at the end."""
import json
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

Gst.init(None)
if len(sys.argv) != 2:
    sys.exit("usage: meters.py FILE")
pipeline = Gst.parse_launch("filesrc name=src ! decodebin ! audioconvert ! masternorm name=norm ! fakesink")
norm = pipeline.get_by_name("norm")
pipeline.get_by_name("src").set_property("location", sys.argv[1])
norm.set_property("target", -16)
norm.set_property("post-messages", True)
norm.set_property("interval", 500 * Gst.MSECOND)



def show(values):
    """A value that does not exist, as the loudness of silence, is not in the message."""
    (at_known, at), (known, gain) = values.get_uint64("stream-time"), values.get_double("gain")
    if at_known and known:
        print(f"{at / Gst.SECOND:.1f} s: {gain:+.1f} dB")


def run(bus):
    """Until the end; returns the measurement."""
    while True:
        m = bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, Gst.MessageType.ELEMENT | Gst.MessageType.EOS | Gst.MessageType.ERROR)
        if m.type == Gst.MessageType.ERROR:
            raise SystemExit(f"meters.py: {m.parse_error()[0].message}")
        if m.type == Gst.MessageType.EOS:
            return json.loads(norm.get_property("stats"))
        if m.get_structure().has_name("masternorm"):
            show(m.get_structure())


pipeline.set_state(Gst.State.PLAYING)
try:
    stats = run(pipeline.get_bus())
finally:
    pipeline.set_state(Gst.State.NULL)
print(f"{stats['integrated']} LUFS, {stats['true_peak']} dBTP, {stats['duration']} s")
