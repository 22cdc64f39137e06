# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""docs/compatibility.md from the results of tests/run on several systems: table.py DIR SYSTEM..."""
import os
import sys
import xml.etree.ElementTree as tree

ABOUT = {"core": "library", "gst": "GStreamer", "ffmpeg": "FFmpeg", "parity": "library, GStreamer, FFmpeg", "conformance": "library, GStreamer, FFmpeg", "oracle": "library",
         "programme": "FFmpeg", "conformance": "GStreamer, FFmpeg", "pipelines": "GStreamer, FFmpeg", "docs": "GStreamer, FFmpeg", "install": "all"}


def results(folder):
    """(suite, program) -> [passed, failed, skipped], and the same for the sanitized core as suite "sanitize"."""
    found = {}
    for build, rename in (("build-tests", None), ("build-sanitize", "sanitize")):
        path = os.path.join(folder, "root/mdyn", build, "meson-logs/testlog.junit.xml")
        if not os.path.exists(path):
            continue
        for suite in tree.parse(path).iter("testsuite"):
            group, program = suite.get("name").split(":", 1)[1].split(" / ")
            count = [0, 0, 0]
            for case in suite.iter("testcase"):
                bad = case.find("failure") is not None or case.find("error") is not None
                count[1 if bad else 2 if case.find("skipped") is not None else 0] += 1
            found[rename or group, program] = count
    return found


def cell(count):
    if count is None:
        return "not built"
    passed, failed, skipped = count
    return (f"**{failed} of {passed + failed} fail**" if failed else f"pass ({passed})" if passed else "skipped") + (
        f", {skipped} skipped" if skipped and passed else "")


def main():
    folder, *systems = sys.argv[1:]
    columns, versions = [], []
    for name in systems:
        columns.append(results(os.path.join(folder, name)))
        with open(os.path.join(folder, name + ".versions"), encoding="utf-8") as f:
            versions.append(f.read().split())
    print("# What works with what\n\nMade by `tests/compatibility/matrix`: every test of the tree on freshly installed systems, with nothing but what "
          "`tests/packages` lists.\nA cell tells whether all checks of that program passed, and how many they are.\n")
    print("| framework | tests of | " + " | ".join(f"Debian {d}: GStreamer {g}, FFmpeg {f}" for g, f, d in versions) + " |")
    print("|---|---|" + "---|" * len(systems))
    order = list(ABOUT) + ["sanitize"]
    for key in sorted(set().union(*columns), key=lambda k: (order.index(k[0]) if k[0] in order else len(order), k)):
        about = "library, ASan and UBSan" if key[0] == "sanitize" else ABOUT.get(key[0], key[0])
        print(f"| {about} | {key[1]} | " + " | ".join(cell(c.get(key)) for c in columns) + " |")
    print("\nThe filters in FFmpeg's own source trees, 5.1 to 9.0, are tested by `tests/ffmpeg/trees`: [ffmpeg.md](ffmpeg.md). The GStreamer tests run under the\n"
          "address and thread sanitizers and the leaks tracer by `tests/gst/sanitize`, the Debian packages in a fresh system by `tests/install/packages`.")


main()
