#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether each number of the module's files is in what sluicectl tells of it: tests/kernel_view.py KERNEL METRICS TOP.

KERNEL is what `sluicectl show kernel -j` printed, METRICS the text of /metrics, TOP a line of `sluicectl top -j`; nothing
moves meanwhile. Reads /proc/net/stat/sluice, /proc/net/sluice and debugfs, and prints each name that is not there with
the same value, by what only the files say: no name is written here, but for what a heading says in words. Exits 1 if any is
missing, or if there was next to nothing to look for. Touches: nothing else.
"""
import json
import pathlib
import re
import subprocess
import sys

DEBUG = pathlib.Path("/sys/kernel/debug/sluice")
# Where a column of a file has another name in what sluicectl lists as metrics: none but these.
WORDS = {"owned": {"yes": 1, "no": 0}}


def table(path):
    """The rows of a file with a heading; the last column may hold spaces."""
    head, *lines = pathlib.Path(path).read_text(encoding="ascii").splitlines()
    names = head.split()
    return [dict(zip(names, line.split(" ", len(names) - 1) if names[-1] == "name" else line.split())) for line in lines]


def pairs(path):
    """The rows of a file of NAME=VALUE."""
    return [dict(word.split("=", 1) for word in line.split()) for line in path.read_text(encoding="ascii").splitlines()]


def flat(row):
    """A row of JSON with the members of its objects beside it: those of `lost` by their names, of others behind its own."""
    told = dict(row)
    for key, value in row.items():
        if isinstance(value, dict):
            told.update({name if key == "lost" else f"{key}_{name}": number for name, number in value.items()})
    return told


def number(text, key, base=10):
    """What a cell of a file is: a number, or the text."""
    text = WORDS.get(key, {}).get(text, text)
    return int(text, base) if isinstance(text, str) and re.fullmatch(r"[0-9a-f]+" if base == 16 else r"\d+", text) else text


def samples(text):
    """{(name, labels)}: the value of each sample."""
    found = {}
    for line in text.splitlines():
        match = re.fullmatch(r"(sluice_\w+)(?:\{(.*)\})? (\S+)", line)
        if match:
            found[match[1], frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))] = float(match[3])
    return found


class Look:
    """What is compared, and what was found wrong."""

    def __init__(self, kernel, metrics, top):
        self.kernel, self.metrics, self.top, self.faults, self.compared = kernel, metrics, top, [], 0
        listed = subprocess.run(["sluicectl", "metrics", "--list", "-j"], check=True, capture_output=True, text=True).stdout
        self.listed = {one["name"]: one for one in json.loads(listed)}
        fields = subprocess.run(["sluicectl", "show", "fields", "-j"], check=True, capture_output=True, text=True).stdout
        self.fields = {(one["of"], one["key"]): one for one in json.loads(fields)}

    def names_of(self, prefix, key):
        """Metrics of a list whose meaning is the field's."""
        of = prefix.rsplit("_", 2)[1]
        meaning = self.fields.get((of, key), {}).get("meaning")
        return [name for name, one in self.listed.items() if name.startswith(prefix) and one["meaning"] == meaning]

    def metric(self, prefix, key, labels, where, value):
        """Is a number among the metrics whose names begin so, with these labels?"""
        group, member = key, None
        if ("lost", key) in self.fields and (prefix.rsplit("_", 2)[1], key) not in self.fields:
            group, member = "lost", ("cause", key)
        elif key.startswith("batch_"):
            group, member = "batch", ("records", key.removeprefix("batch_"))
        labels = frozenset(labels | ({member} if member else set()))
        told = [self.metrics[name, labels] for name in self.names_of(prefix, group) if (name, labels) in self.metrics]
        # Base units: what the file has in nanoseconds is told in seconds.
        if value not in told and not (key.endswith("_ns") and any(abs(one * 1e9 - value) < 0.5 for one in told)):
            self.faults.append(f"{where}: {key} is {value}; as a metric of {sorted(labels)} it is {told or 'not there'}")

    def row(self, where, row, said, prefix, labels, base=10):
        """Is each column of a row told in JSON, in top's snapshot and, if it is a number that is counted, as a metric?"""
        for key, text in row.items():
            value = number(text, key, base)
            for which, one in (("show kernel", said[0]), ("top", said[1])):
                if key not in one:
                    self.faults.append(f"{where}: {which} has no {key}")
                elif str(one[key]) != str(value) and not (one[key] is None and text == "any") and (one[key], text) != ("", "-"):
                    self.faults.append(f"{where}: {key} is {value}, {which} says {one[key]}")
            of = prefix.rsplit("_", 2)[1]
            unit = self.fields.get((of, key), self.fields.get(("lost", key), {"unit": "times"}))["unit"]
            self.compared += 1
            if isinstance(value, int) and (unit or key in WORDS or key in ("armed", "overflow")) and "0 to 7" != unit:
                self.metric(prefix, key, labels, where, value)

    def files(self):
        """All of the files."""
        cpus, rings = {one["cpu"]: flat(one) for one in self.kernel["cpus"]}, {}
        rules, on_top = {one["id"]: flat(one) for one in self.kernel["rules"]}, {}
        for key, name in (("cpus", "cpu"), ("rules", "id"), ("rings", "stream")):
            on_top[key] = {one[name]: flat(one) for one in self.top[key]}
        stat = table("/proc/net/stat/sluice")
        # A line for each possible CPU; they have no number in the file.
        for place, row in enumerate(stat):
            self.row(f"stat, CPU {place}", row, (cpus[place], on_top["cpus"][place]), "sluice_kernel_cpu_",
                     {("cpu", str(place))}, 16)
        for row in table("/proc/net/sluice/rules"):
            self.row(f"rules, {row['name']}", row, (rules[row["id"]], on_top["rules"][row["id"]]), "sluice_rule_",
                     {("rule", row["name"])})
        for one in self.kernel["rings"]:
            rings[one["route"], one["cpu"]] = flat(one)
        on_top["rings"] = {(one["route"], one["cpu"]): one for one in on_top["rings"].values()}
        names = {one["route"]: (one["name"], str(one["priority"])) for one in self.kernel["rings"]}
        for which, rows in (("streams", table("/proc/net/sluice/streams")), ("debugfs rings", pairs(DEBUG / "rings")),
                            ("debugfs wakes", pairs(DEBUG / "wakes"))):
            for row in rows:
                # Of all namespaces; here is one.
                row.pop("net", None)
                key = row["route"], int(row["cpu"])
                name, priority = names[key[0]]
                self.row(f"{which}, {name}, CPU {key[1]}", row, (rings[key], on_top["rings"][key]), "sluice_kernel_ring_",
                         {("route", name), ("priority", priority), ("cpu", row["cpu"])})
            if not rows:
                self.faults.append(f"{which}: there are none")


def main():
    """Prints what is wrong."""
    kernel, metrics, top = (pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[1:4])
    look = Look(json.loads(kernel)[0], samples(metrics), json.loads(top.splitlines()[0]))
    look.files()
    for fault in look.faults:
        print(fault)
    print(f"{look.compared} numbers and words of the module's files")
    return 1 if look.faults or look.compared < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
