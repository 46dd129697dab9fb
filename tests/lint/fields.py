#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of all that daemon and module tell, userd/lib/field_rows.h: tests/lint/fields.py [--write].

Holds the table in docs/operations.md against what `sluicectl show fields` says, and the rows against the schema:
each attribute of the daemon has one, a key is there once in a list, and columns of a view have places of their own.
--write writes the table in the document. Touches: docs/operations.md, and only so.
"""
import json
import pathlib
import re
import subprocess
import sys

import counters
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = TOP / "docs/operations.md"
BEGIN, END = "<!-- fields: made by tests/lint/fields.py --write -->\n", "<!-- fields end -->\n"
ROW = re.compile(r'^FIELD(?:_IF)?\((\w+), (\w+),.*?"(\w+)",\s*([A-Z_]+),\s*(\d+),\s*"([^"]*)"', re.S | re.M)
TOLD = re.compile(r'^TOLD\((\w+), (")(\w+)", (\d+),\s*"([^"]*)"', re.M)
# Lists whose columns are in one table.
VIEWS = {"OUTPUT": "outputs", "DESTINATION": "outputs", "MEMORY": "store", "DISK": "store", "STREAM": "streams",
         "CURSOR": "streams", "RING": "kernel", "CPU": "kernel"}
# What is told of as a whole, not in a row: a nest of other fields.
WHOLE = {"OUTPUT_DESTINATION"}
PREFIXES = ("INPUT_", "OUTPUT_", "DESTINATION_", "STORE_", "DAEMON_", "ORPHAN_", "THREAD_", "COST_")


def table():
    """The table as the document has to have it."""
    said = subprocess.run([TOP / "build/sluicectl", "show", "fields", "-j"], check=True, capture_output=True, text=True).stdout
    text = "| of | in JSON | column | unit | normally | meaning |\n|---|---|---|---|---|---|\n"
    for one in json.loads(said):
        text += f"| {one['of']} | `{one['key']}` | {one['column']} | {one['unit']} | {one['normally']} | {one['meaning']} |\n"
    return text


def faults():
    """What is wrong with the rows, as sentences."""
    text = (TOP / "userd/lib/field_rows.h").read_text(encoding="utf-8")
    rows = ROW.findall(text) + [(owner, "", key, "", place, title) for owner, _, key, place, title in TOLD.findall(text)]
    of_module = [(owner, "", row[1], "", row[3], row[4]) for owner in ("RING", "CPU") for row in counters.of_list(owner)]
    of_module += [("LOST", "", row[1], "", "0", "") for row in counters.of_list("LOST")]
    if len(rows) < text.count("\nFIELD") + text.count("\nTOLD"):
        yield f"only {len(rows)} rows can be read here"
    keys, places = set(), {}
    for owner, _, key, _, place, title in rows + of_module:
        if (owner, key) in keys:
            yield f"{owner} has two fields `{key}`"
        keys.add((owner, key))
        if int(place):
            first = places.setdefault((VIEWS.get(owner, owner), place), (key, title))
            if first != (key, title):
                yield f"{owner}: `{key}` and `{first[0]}` are both at place {place}"
        if bool(int(place)) != bool(title):
            yield f"{owner}: `{key}` has a place without a title, or a title without a place"
    spec = yaml.safe_load((TOP / "uapi/sluice.yaml").read_text(encoding="utf-8"))
    for one in spec["attribute-sets"][0]["attributes"]:
        name = one["name"].upper().replace("-", "_")
        if name.startswith(PREFIXES) and name not in WHOLE and name not in {row[1] for row in rows}:
            yield f"{name} is in the schema and has no row in userd/lib/field_rows.h"


def main():
    """Prints what is wrong; or writes the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = list(faults())
    before, rest = text.split(BEGIN)
    new = before + BEGIN + table() + END + rest.split(END)[1]
    if new != text and "--write" in sys.argv[1:]:
        DOCUMENT.write_text(new, encoding="utf-8")
    elif new != text:
        found.append("docs/operations.md: the table of fields is not what `sluicectl show fields` says; "
                     "run: tests/lint/fields.py --write")
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
