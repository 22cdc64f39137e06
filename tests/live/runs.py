# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""What is run on what."""
import functools

import devices
import family
import meters
import readings

TARGET, CEILING = -23, -1


def mdyn(*rows):
    return lambda x: devices.through_core("masternorm", ["mode=live", f"target={TARGET}", f"ceiling={CEILING}", *rows], x, family.RATE)


def peer(graph):
    return lambda x: devices.aligned(graph, x, family.RATE)


DEVICES = {
    "mdyn": mdyn(),
    "loudnorm": peer(f"loudnorm=I={TARGET}:TP={CEILING},aformat=sample_rates={family.RATE}"),
    "dynaudnorm": peer("dynaudnorm"),
    "speechnorm": peer("speechnorm=e=12.5:r=0.0001:l=1"),
    "lookahead=0": mdyn("lookahead=0"),
    "lookahead=3000": mdyn("lookahead=3000"),
    "night": mdyn("preset=night"),
    "night, lookahead=0": mdyn("preset=night", "lookahead=0"),
    "max-short-term=5, lookahead=0": mdyn("max-short-term=5", "lookahead=0"),
}
PEERS = "loudnorm", "dynaudnorm", "speechnorm"
LIMITED = {"night": (2, 5), "night, lookahead=0": (2, 5), "max-short-term=5, lookahead=0": (5, 8)}  # LU over the target: short-term, momentary
PICTURED = "two speakers", "radio", "film", "fades"
HALVES = {"tune": family.TUNE, "report": family.REPORT}


@functools.lru_cache(maxsize=2)
def programme(half, name):
    made = family.Programme({**HALVES, "whisper": family.WHISPER, "short": family.SHORT}[half][name])
    return made, readings.Reading(made.x, family.RATE)


def jobs(half):
    if half:
        return [(half, name, "mdyn") for name in HALVES[half]]
    found = [("report", name, device) for name in family.REPORT for device in DEVICES]
    return found + [("tune", name, "mdyn") for name in family.TUNE] + [("whisper", name, device) for name in family.WHISPER for device in DEVICES]


def run(half, name, device):
    made, source = programme(half, name)
    y = DEVICES[device](made.x)
    found = readings.figures(made, y, TARGET)
    found["source"] = source
    if device in LIMITED:
        found["windows"] = readings.maxima(y, family.RATE)
    return found
