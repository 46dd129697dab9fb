#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The fields of lines of the log, userd/lib/log_rows.h: tests/lint/log.py [--write].

Holds the table in docs/operations.md against the rows. --write writes the table. Touches: docs/operations.md, and only so.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = TOP / "docs/operations.md"
BEGIN, END = "<!-- log: made by tests/lint/log.py --write -->\n", "<!-- log end -->\n"
ROW = re.compile(r'^LOG_(TEXT|NUMBER)\((\w+), "([^"]*)"\)$', re.M)
# What every line has, and no call names.
ALWAYS = [("place", "where it comes from: the source file below `userd/`, `userd/daemon/`, without its ending"),
          ("relay", "name of the relay; not in a text, where it would be the same in each line"),
          ("level", "in the journal `PRIORITY`: error (3), warning (4), notice (5), info (6), debug (7); in front of a text")]


def table():
    """The table as the document has to have it."""
    text = (TOP / "userd/lib/log_rows.h").read_text(encoding="utf-8")
    rows = ALWAYS + [(key, what) for _, key, what in ROW.findall(text)]
    if len(rows) - len(ALWAYS) != len(re.findall(r"^LOG_", text, re.M)):
        raise SystemExit("userd/lib/log_rows.h: not all rows can be read here")
    return "| field | meaning |\n|---|---|\n" + "".join(f"| `{key}` | {what} |\n" for key, what in rows)


def main():
    """Prints what is wrong; or writes the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    new = before + BEGIN + table() + END + rest.split(END)[1]
    if new == text:
        return 0
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(new, encoding="utf-8")
        return 0
    print("docs/operations.md: the table of fields of the log is not what userd/lib/log_rows.h says; run: tests/lint/log.py --write")
    return 1


if __name__ == "__main__":
    sys.exit(main())
