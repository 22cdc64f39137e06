# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: mdyn contributors
"""Pictures by gnuplot, one function for all."""
import os
import subprocess
import tempfile

COLOURS = "#1769aa", "#d04437", "#2e9e5b", "#e0a030", "#7b4fa3", "#6d7580"
OURS, THEIRS = "#1769aa", {"alimiter": "#d04437", "x42 dpl, true peak": "#2e9e5b", "LSP, alr off": "#e0a030"}
HEAD = """set terminal pngcairo size 1000,560 font "DejaVu Sans,12" background "#ffffff" noenhanced
set border 3 lc rgb "#8a8f98"
set tics nomirror out scale 0.5 textcolor rgb "#2b2b33"
set grid lc rgb "#e4e7eb" lw 1 lt 1
set title font "DejaVu Sans Bold,14" textcolor rgb "#2b2b33"
set key textcolor rgb "#2b2b33" samplen 2
"""


def plot(path, title, x, y, curves, extra=(), style=None):
    """curves: {name: [(x, y)]}; empty ones are left out. x, y: labels. style: {name: gnuplot style}"""
    curves = {k: v for k, v in curves.items() if len(v)}
    with tempfile.TemporaryDirectory() as tmp:
        parts = []
        for k, (name, points) in enumerate(curves.items()):
            data = os.path.join(tmp, f"{k}.data")
            with open(data, "w", encoding="ascii") as f:
                f.writelines(f"{a:.6g} {b:.6g}\n" for a, b in points)
            how = (style or {}).get(name, f"lines lw 2 lc rgb '{OURS if name == 'mdyn' else THEIRS.get(name, COLOURS[k % len(COLOURS)])}'")
            parts.append(f"'{data}' using 1:2 with {how} title '{name}'")
        script = HEAD + f"set output '{path}'\nset title '{title}'\nset xlabel '{x}'\nset ylabel '{y}'\n" + "".join(e + "\n" for e in extra) + "plot " + ", ".join(parts) + "\n"
        r = subprocess.run(["gnuplot"], input=script, text=True, capture_output=True)
        if r.returncode:
            raise RuntimeError(r.stderr.strip()[-400:])
