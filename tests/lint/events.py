#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of events, userd/lib/event_rows.h: tests/lint/events.py [--write].

Holds the table in docs/operations.md against what `sluicectl events --list` says, and the rows against the schema:
each kind of event there has one row, with its number. --write writes the table in the document. Touches:
docs/operations.md, and only so.
"""
import json
import pathlib
import subprocess
import sys

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = TOP / "docs/operations.md"
BEGIN, END = "<!-- events: made by tests/lint/events.py --write -->\n", "<!-- events end -->\n"


def main():
    """Prints what is wrong; or writes the document."""
    said = json.loads(subprocess.run([TOP / "build/sluicectl", "events", "--list", "-j"], check=True, capture_output=True, text=True).stdout)
    text = DOCUMENT.read_text(encoding="utf-8")
    table = "| class | kind | severity | meaning |\n|---|---|---|---|\n"
    table += "".join(f"| {one['class']} | `{one['kind']}` | {one['severity']} | {one['meaning']} |\n" for one in said)
    before, rest = text.split(BEGIN)
    new = before + BEGIN + table + END + rest.split(END)[1]
    found = []
    if new != text and "--write" in sys.argv[1:]:
        DOCUMENT.write_text(new, encoding="utf-8")
    elif new != text:
        found.append("docs/operations.md: the table of events is not what `sluicectl events --list` says; "
                     "run: tests/lint/events.py --write")
    spec = yaml.safe_load((TOP / "uapi/sluice.yaml").read_text(encoding="utf-8"))
    entries = next(one for one in spec["definitions"] if one["name"] == "event")["entries"]
    numbers = {one["name"]: number for number, one in enumerate(entries, 1)}
    rows = {one["kind"]: one["number"] for one in said}
    if len(rows) != len(said):
        found.append("userd/lib/event_rows.h has a kind twice")
    found += [f"{name} is an event in uapi/sluice.yaml and has no row in userd/lib/event_rows.h" for name in numbers.keys() - rows.keys()]
    found += [f"{name} has the number {rows[name]} in userd/lib/event_rows.h, and {numbers.get(name)} in uapi/sluice.yaml"
              for name in rows if rows[name] != numbers.get(name)]
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
