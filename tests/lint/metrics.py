#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of metrics, userd/ctl/metric_rows.h: tests/lint/metrics.py [--write].

Holds the table in docs/metrics.md against what `sluicectl metrics --list` says: --write writes it. And every metric that an
alert rule or the dashboard names exists, with the labels that they take from it. Touches: docs/metrics.md, and only so.
"""
import json
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = TOP / "docs/metrics.md"
BEGIN, END = "<!-- metrics: made by tests/lint/metrics.py --write -->\n", "<!-- metrics end -->\n"
USERS = ["conf/prometheus/sluice-alerts.yaml", "conf/grafana/sluice.json"]


def main():
    """Prints what is wrong; or writes the document."""
    said = json.loads(subprocess.run([TOP / "build/sluicectl", "metrics", "--list", "-j"], check=True, capture_output=True, text=True).stdout)
    table = "| metric | type | labels | meaning |\n|---|---|---|---|\n"
    for one in said:
        labels = ", ".join(f"`{label}`" for label in one["labels"])
        meaning = one["meaning"].replace("|", "\\|")
        table += f"| `{one['name']}` | {one['type']} | {labels} | {meaning} |\n"
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    new = before + BEGIN + table + END + rest.split(END)[1]
    found = [f"metric {one['name']} has no meaning" for one in said if not one["meaning"]]
    if new != text and "--write" in sys.argv[1:]:
        DOCUMENT.write_text(new, encoding="utf-8")
    elif new != text:
        found.append("docs/metrics.md: the table is not what `sluicectl metrics --list` says; run: tests/lint/metrics.py --write")
    there = {one["name"] for one in said}
    for user in USERS:
        named = set(re.findall(r"\bsluice_\w+", (TOP / user).read_text(encoding="utf-8")))
        if not named:
            found.append(f"{user}: names no metric")
        found += [f"{user}: there is no metric {name}" for name in sorted(named - there)]
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
