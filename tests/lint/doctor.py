#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of checks of the doctor, userd/ctl/doctor/check_rows.h: tests/lint/doctor.py [--write].

Holds the table in docs/operations.md against what `sluicectl doctor --list` says: --write writes it. And rows say all of
it: from when on, what is read, and what mends it or what that costs. Touches: docs/operations.md, and only so.
"""
import json
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = TOP / "docs/operations.md"
BEGIN, END = "<!-- doctor: made by tests/lint/doctor.py --write -->\n", "<!-- doctor end -->\n"


def cell(text):
    """A text as a cell of a table."""
    return text.replace("|", "\\|")


def main():
    """Prints what is wrong; or writes the document."""
    said = json.loads(subprocess.run([TOP / "build/sluicectl", "doctor", "--list", "-j"], check=True, capture_output=True, text=True).stdout)
    table = "| check | class | a finding when | read | mended by | which costs |\n|---|---|---|---|---|---|\n"
    for one in said:
        mend = f"`{cell(one['mend'])}`" if one["mend"] else ""
        reads = ", ".join(f"`{source}`" for source in one["reads"].split())
        table += f"| `{one['check']}` | {one['class']} | {cell(one['threshold'])} | {reads} | {mend} | {cell(one['costs'])} |\n"
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    new = before + BEGIN + table + END + rest.split(END)[1]
    found = [f"check {one['check']} has no {key}" for one in said for key in ("reads", "threshold", "says", "costs") if not one[key]]
    if new != text and "--write" in sys.argv[1:]:
        DOCUMENT.write_text(new, encoding="utf-8")
    elif new != text:
        found.append("docs/operations.md: the table of checks is not what `sluicectl doctor --list` says; "
                     "run: tests/lint/doctor.py --write")
    for sentence in found:
        print(sentence)
    return 1 if found or len(said) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
