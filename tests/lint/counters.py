# SPDX-License-Identifier: MIT
"""Rows of the module's table of counters, uapi/sluice/counters.h, for the other steps. Touches: nothing."""
import pathlib
import re

TABLE = pathlib.Path(__file__).resolve().parents[2] / "uapi/sluice/counters.h"
# Which tables a list of userd/lib/field_rows.h is made of.
LISTS = {"RING": ["RING"], "CPU": ["CPU_RULE", "DATAGRAM", "CPU_RING"], "LOST": ["LOST"]}


def rows(table):
    """The rows of SLUICE_<table>_COUNTERS, as lists: NAME, name, ..., meaning."""
    text = TABLE.read_text(encoding="utf-8")
    found = re.search(rf"^#define SLUICE_{table}_COUNTERS\(ROW\) \\\n((?:.*\\\n)*.*)$", text, re.M)
    if not found:
        raise SystemExit(f"uapi/sluice/counters.h has no table SLUICE_{table}_COUNTERS that can be read here")
    body = re.sub(r"\s*\\\n\s*", " ", found.group(1))
    told = [[text or word.strip() for text, word in re.findall(r'"([^"]*)"|([^\s,"][^,"]*)', row)]
            for row in re.findall(r'ROW\(((?:"[^"]*"|[^")])*)\)', body)]
    if len(told) != body.count("ROW("):
        raise SystemExit(f"uapi/sluice/counters.h, SLUICE_{table}_COUNTERS: only {len(told)} rows can be read here")
    return told


def of_list(owner):
    """The rows that userd/lib/field_rows.h makes of the table for a list; [] for one of its own rows."""
    return [row for table in LISTS.get(owner, []) for row in rows(table)]
