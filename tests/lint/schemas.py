#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""JSON Schemas of all that `sluicectl` prints with -j: tests/lint/schemas.py [--write].

Shapes are here, once; what the daemon tells of itself is taken from userd/lib/field_rows.h. Holds docs/schemas/
against them, and the commands against docs/schemas/: each has one, or is named here as one that prints no JSON.
--write writes docs/schemas/, and only so. tests/scenarios/O1-json-is-as-its-schemas-say holds the output against them.
"""
import json
import pathlib
import re
import sys

import counters

TOP = pathlib.Path(__file__).resolve().parents[2]
FOLDER = TOP / "docs/schemas"
ROW = re.compile(r'^FIELD(_IF)?\((\w+), \w+,\s*(?:\w+,\s*)?[\w.]+,\s*"(\w+)",\s*([A-Z_]+),.*?"((?:[^"\\]|\\.)*)"\)$', re.S | re.M)
TOLD = re.compile(r'^TOLD\((\w+), "(\w+)",.*?"((?:[^"\\]|\\.)*)"\)$', re.S | re.M)
GUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
TEXT, NUMBER, TRUTH = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
TEXT_OR_NULL = {"type": ["string", "null"]}
NAMES = {"type": "array", "items": TEXT}
MOMENT = {"type": "string", "pattern": r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z)?$"}
KINDS = {"GUID": GUID, "TEXT": TEXT, "LONG_TEXT": TEXT, "REASON": TEXT, "NUMBER": NUMBER, "PART": NUMBER, "COUNTERS": NUMBER,
         "NAMES": NAMES, "MOMENT": MOMENT}
# Kinds that are left out where there is nothing to say.
OPTIONAL = {"REASON"}


def words(*some):
    """One of these."""
    return {"enum": list(some)}


def record(what, members, optional=()):
    """An object with these members and no other."""
    return {"type": "object", "description": what, "properties": members, "additionalProperties": False,
            "required": [name for name in members if name not in optional]}


def rows_of(one):
    """A list of objects."""
    return {"type": "array", "items": one}


def causes():
    """Why datagrams are lost, as the tool calls it."""
    return [row[1] for row in counters.of_list("LOST")]


def formats():
    """Formats with versions."""
    text = (TOP / "userd/lib/version_rows.h").read_text(encoding="utf-8")
    return re.findall(r"^VERSION\((\w+),", text, re.M)


LOST = record("by cause, datagrams", {cause: NUMBER for cause in causes()})
COUNTERS = {"matched": NUMBER, "stored": NUMBER, "stored_bytes": NUMBER, "lost": LOST}


def fields(owner):
    """(members, optional ones) of a list of fields."""
    text = (TOP / "userd/lib/field_rows.h").read_text(encoding="utf-8")
    members, optional = {}, set()
    for gate, of, key, kind, meaning in ROW.findall(text):
        if of != owner:
            continue
        members[key] = dict(LOST if key == "lost" else KINDS[kind], description=meaning)
        if gate or kind in OPTIONAL:
            optional.add(key)
    if not members:
        raise SystemExit(f"no fields of {owner} can be read from userd/lib/field_rows.h")
    return members, optional


def told(owner, members, optional=()):
    """An object of the rows TOLD of a list, whose shapes are `members`."""
    rows = dict((key, meaning) for of, key, meaning in TOLD.findall((TOP / "userd/lib/field_rows.h").read_text(encoding="utf-8"))
                if of == owner)
    rows.update((row[1], row[-1]) for row in counters.of_list(owner))
    if set(rows) != set(members):
        raise SystemExit(f"of {owner}, userd/lib/field_rows.h and tests/lint/schemas.py have not both: {set(rows) ^ set(members)}")
    return record(f"of {owner.lower()}", {key: dict(shape, description=rows[key]) for key, shape in members.items()}, optional)


def described(owner, more=None, optional=()):
    """An object of the fields of a list, and more."""
    members, gone = fields(owner)
    return record(f"of {owner.lower()}", {**members, **(more or {})}, gone | set(optional))


CHANGE = record("what is another now", {
    "what": words("changed", "added", "gone"), "kind": words("input", "output", "configuration"), "name": TEXT_OR_NULL,
    "id": {"anyOf": [GUID, {"type": "null"}]}, "key": TEXT_OR_NULL, "old": TEXT_OR_NULL, "new": TEXT_OR_NULL,
    "default": TEXT_OR_NULL, "effect": TEXT_OR_NULL})


DRAINING = record("what an output gets still by rings of before", {"output": TEXT, "id": GUID, "bytes": NUMBER, "rings": NUMBER})


def changed(*states):
    """What a change answers."""
    return record("what a change did", {"changes": rows_of(CHANGE), "revision": NUMBER, "state": words(*states),
                                            "draining": {"anyOf": [rows_of(DRAINING), {"type": "null"}]}})


ORIGIN = {"oneOf": [
    record("nobody wrote it", {"from": words("default")}),
    record("it is in a file", {"from": words("file"), "file": TEXT, "line": NUMBER}),
    record("somebody changed it", {"from": words("runtime"), "revision": NUMBER, "uid": NUMBER, "since": TEXT, "how": TEXT})]}
KEY = record("a key", {"key": TEXT, "value": TEXT, "written": TRUTH, "line": NUMBER, "change": TEXT, "origin": ORIGIN})
PIECE = {"kind": words("input", "output"), "name": TEXT, "id": GUID, "line": NUMBER}
CURSOR = told("CURSOR", {"output": GUID, "name": TEXT, "acked": NUMBER, "taken": NUMBER, "disk": NUMBER, "behind": NUMBER})
STREAM = told("STREAM", {
    "id": GUID, "route": GUID, "source": TEXT, "route_name": TEXT, "priority": NUMBER,
    "epoch": {"type": "string", "pattern": "^[0-9]+$"}, "cpu": NUMBER, "worker": NUMBER, "size": NUMBER,
    "head": NUMBER, "tail": NUMBER, "fill_percent": {"type": "number", "minimum": 0, "maximum": 100}, "owner": NUMBER,
    "wakes": NUMBER, **COUNTERS, "gaps": NUMBER, "cursors": rows_of(CURSOR), "disk": NUMBER, "draining": TRUTH,
    "load": words("normal", "batching", "disk", "losing"), "load_since": TEXT},
    {"disk", "worker", "draining", "load", "load_since"})
RULE = told("RULE", {
    "id": GUID, "name": TEXT, "route": GUID, "input": NUMBER, "ports": TEXT, "destination": TEXT_OR_NULL,
    "source": TEXT_OR_NULL, "interface": TEXT_OR_NULL, "verdict": words("steal", "copy"), "hook": TEXT, "batching": TEXT,
    "checksum": TEXT, "time": TEXT, **COUNTERS})
ROUTE = told("ROUTE", {
    "id": GUID, "name": TEXT, "priority": NUMBER, "ring_size": NUMBER, "watermark": NUMBER, "delay_us": NUMBER,
    "prompt": TRUTH, "rules": NUMBER})
RING = told("RING", {
    "name": TEXT, "route": GUID, "priority": NUMBER, "cpu": NUMBER, "stream": GUID,
    "epoch": {"type": "string", "pattern": "^[0-9]+$"}, **{row[1]: NUMBER for row in counters.of_list("RING")},
    "batch": record("by the least number of records of a class, times", {
        str(1 << place >> 1): NUMBER for place in range(20)})},
    {*(row[1] for row in counters.of_list("RING")), "batch"})
CPU = told("CPU", {"cpu": NUMBER, "entries": NUMBER, **COUNTERS, "gaps": NUMBER, "wakes": NUMBER})
PLACEMENT = told("PLACEMENT", {
    "what": words("thread", "ring", "interrupt", "rps", "xps"), "name": TEXT, "cpus": TEXT, "cpu": {"type": "integer", "minimum": -1},
    "node": {"type": "integer", "minimum": -1}, "worker": TEXT, "policy": TEXT, "priority": NUMBER,
    "nice": {"type": "integer", "minimum": -20, "maximum": 19}, "memory": TEXT, "bytes": NUMBER, "huge": NUMBER, "warnings": NAMES})
EVENT = record("an event", {
    "sequence": {"type": ["integer", "null"]}, "time": TEXT, "time_ns": NUMBER, "class": TEXT, "kind": TEXT,
    "severity": words("error", "warning", "notice"), "where": TEXT, "id": {"anyOf": [GUID, {"type": "null"}]}, "key": TEXT,
    "interface": TEXT_OR_NULL, "count": {"type": ["integer", "null"]}, "text": TEXT})
EVENT_KIND = record("a kind of event", {"kind": TEXT, "class": TEXT, "severity": words("error", "warning", "notice"),
                                        "number": NUMBER, "meaning": TEXT})
FINDING = record("what is found", {"file": TEXT, "line": NUMBER, "column": NUMBER, "severity": words("error", "warning", "note"),
                                   "text": TEXT})
FACTS = record("a key that may be written", {"key": TEXT, "values": TEXT, "default": TEXT_OR_NULL, "otherwise": TEXT_OR_NULL,
                                             "required": TRUTH, "change": TEXT, "what": TEXT})
READ = {"oneOf": [
    record("a counter in both samples", {"where": TEXT, "what": TEXT, "before": NUMBER, "after": NUMBER}),
    record("a setting or state", {"where": TEXT, "what": TEXT, "value": TEXT})]}
CLASS = words("error", "saturation", "utilisation")
DIAGNOSIS = record("what costs datagrams", {
    "check": TEXT, "class": CLASS, "subject": TEXT, "text": TEXT, "lost": {"type": ["integer", "null"], "minimum": 0},
    "per_second": {"type": ["number", "null"], "minimum": 0}, "read": {"type": "array", "minItems": 1, "items": READ},
    "mend": TEXT, "costs": TEXT})
CHECK = record("a check of the host", {"check": TEXT, "class": CLASS, "reads": TEXT, "threshold": TEXT, "says": TEXT, "mend": TEXT,
                                       "costs": TEXT})
HISTORY = record("a configuration that was in force", {"revision": NUMBER, "since": TEXT, "uid": NUMBER, "how": TEXT,
                                                      "runtime": TRUTH, "file": TEXT})
GROWTH = {"type": "object", "additionalProperties": NUMBER}
PROBE_SENT = record("what was sent", {
    "run": TEXT, "count": NUMBER, "flows": NUMBER, "to": TEXT, "input": TEXT, "output": TEXT, "framing": TEXT, "through": TRUTH,
    "counted": record("what was counted meanwhile, by counter", {"input": GROWTH, "output": GROWTH})}, {"counted"})
FAULT = record("a number that is not as it should be", {
    "n": NUMBER, "seen": NUMBER, "whole": TRUTH, "glued": TRUTH, "out_of_order": TRUTH, "mixed": TRUTH, "length": NUMBER,
    "kept": NUMBER, "elsewhere": {"type": "integer"}}, {"length", "kept", "elsewhere"})
PROBE_FOUND = record("what is in a file", {
    "run": TEXT, "framing": TEXT, **{name: NUMBER for name in (
        "sent", "whole", "cut", "parted", "missing", "repeated", "glued", "out_of_order", "escaped", "changed", "other_runs")},
    "right": TRUTH, "faults": rows_of(FAULT),
    "likely": rows_of(record("a cause", {"cause": TEXT, "text": TEXT, "mend": TEXT}))})

SNAPSHOT = record("all that is known at a moment, a line each", {
    "format": NUMBER, "time_ns": NUMBER, "error": dict(TEXT, description="why there is nothing else: the daemon is away"),
    "daemon": described("DAEMON"), "inputs": rows_of(described("INPUT")), "outputs": rows_of(described("OUTPUT", {
        "backlog": NUMBER, "achieved": NUMBER, "destinations": rows_of(described("DESTINATION"))})),
    "streams": rows_of(STREAM), "store": rows_of(described("STORE", {
        "memory": described("MEMORY"), "disk": {"anyOf": [described("DISK"), {"type": "null"}]}})),
    "threads": rows_of(described("THREAD")), "rules": rows_of(RULE), "rings": rows_of(RING), "cpus": rows_of(CPU),
    "problems": dict(NAMES, description="as health tells them"),
    "alarm": dict(record("percent", {"memory": NUMBER, "disk": NUMBER}), description="at which alarms are raised; 0: never"),
    "events": dict(rows_of(EVENT), description="since the snapshot before"),
    "config": record("the configuration, in the first snapshot and where it is another than before", {
        "revision": NUMBER, "time_ns": NUMBER, "uid": NUMBER, "name": TEXT_OR_NULL, "how": TEXT_OR_NULL, "text": TEXT_OR_NULL})},
    {"error", "daemon", "inputs", "outputs", "streams", "store", "threads", "rules", "rings", "cpus", "problems", "alarm", "events", "config"})


def schemas():
    """{file name without .json: (what it is of, schema)}."""
    whole = {
        "show-inputs": ("show inputs", rows_of(described("INPUT"))),
        "show-outputs": ("show outputs", rows_of(described("OUTPUT", {
            "backlog": dict(NUMBER, description="of all destinations together"),
            "achieved": dict(NUMBER, description="of all destinations together"),
            "destinations": rows_of(described("DESTINATION"))}))),
        "show-streams": ("show streams", rows_of(STREAM)),
        "show-store": ("show store", rows_of(described("STORE", {
            "memory": described("MEMORY"), "disk": {"anyOf": [described("DISK"), {"type": "null"}]}}))),
        "show-orphans": ("show orphans", rows_of(described("ORPHAN"))),
        "show-threads": ("show threads", rows_of(described("THREAD"))),
        "show-cost": ("show cost", rows_of(described("COST"))),
        "show-forwards": ("show forwards", rows_of(described("FORWARD"))),
        "show-daemon": ("show daemon", rows_of(described("DAEMON"))),
        "instances": ("instances", rows_of(record("a daemon of this host", {
            **fields("DAEMON")[0], "role": words("active", "standby"), "epoch": NUMBER, "here": TRUTH, "socket": TEXT},
            {"role", "epoch", *fields("DAEMON")[0]}))),
        "show-rules": ("show rules", rows_of(RULE)),
        "show-kernel": ("show kernel", rows_of(record("what the module tells", {
            "cpus": rows_of(CPU), "rules": rows_of(RULE), "rings": rows_of(RING)}))),
        "show-routes": ("show routes", rows_of(ROUTE)),
        "show-placement": ("show placement", rows_of(PLACEMENT)),
        "show-fields": ("show fields", rows_of(record("what a member or column means", {
            "of": TEXT, "key": TEXT, "column": TEXT, "unit": TEXT, "normally": words("0", ""), "meaning": TEXT}))),
        "check": ("check", rows_of(FINDING)),
        "keys": ("keys", rows_of(FACTS)),
        "tap": ("tap", record("a datagram, datagrams that were lost, or records that were missed here: each line", {
            "time": TEXT, "route": TEXT, "input": TEXT, "source": TEXT, "source_port": NUMBER, "destination": TEXT,
            "destination_port": NUMBER, "length": NUMBER, "text": TEXT, "hex": {"type": "string", "pattern": "^([0-9a-f]{2})*$"},
            "lost": dict(NUMBER, description="datagrams; 0: nobody knows how many"), "cause": words(*causes()),
            "missed": dict(NUMBER, description="records that were written over before they were read here")},
            {"input", "source", "source_port", "destination", "destination_port", "length", "text", "hex", "lost", "cause",
             "missed"})),
        "events": ("events", dict(EVENT, description="each line; with --list see events-list.json")),
        "events-list": ("events --list", rows_of(EVENT_KIND)),
        "history": ("history", rows_of(HISTORY)),
        "health": ("health", record("is anything wrong", {"healthy": TRUTH, "problems": NAMES})),
        "version": ("version", record("which sluice this is", {
            "version": TEXT, "date": TEXT, "commit": TEXT, "formats": record("by name", {name: NUMBER for name in formats()}),
            "module": TEXT_OR_NULL})),
        "doctor": ("doctor", record("what the counters of the host prove", {
            "seconds": {"type": "number", "minimum": 0}, "daemon": TRUTH, "findings": rows_of(DIAGNOSIS), "unchecked": NAMES})),
        "doctor-list": ("doctor --list", rows_of(CHECK)),
        "metrics-list": ("metrics --list", rows_of(record("a metric", {
            "name": TEXT, "type": words("counter", "gauge", "info"), "unit": TEXT, "labels": NAMES, "meaning": TEXT}))),
        "top": ("top", SNAPSHOT),
        "why": ("why", record("one sentence", {"what": TEXT, "why": TEXT})),
        "get": ("get", {"anyOf": [rows_of(KEY), rows_of({"oneOf": [
            record("an input", {**PIECE, "port": TEXT, "outputs": TEXT}),
            record("an output", {**PIECE, "to": TEXT, "framing": TEXT}),
            record("a forward", {**PIECE, "to": TEXT, "listen": TEXT})]})]}),
        "probe": ("probe", {"type": "array", "minItems": 1, "maxItems": 1, "items": {"oneOf": [PROBE_SENT, PROBE_FOUND]}}),
        "diff": ("diff", changed("not applied")),
    }
    for name in ("set", "add", "del", "enable", "disable"):
        whole[name] = (name, changed("in force", "accepted", "not applied", "waits"))
    for name in ("apply", "rollback", "commit"):
        whole[name] = (name, changed("in force", "accepted", "not applied"))
    return whole


def text_of(name, schema):
    """A file."""
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"sluicectl {name} -j",
                       **schema}, indent=1, ensure_ascii=False) + "\n"


# They print no JSON: they ask, write files, or say a sentence.
WITHOUT = {"shell", "init", "confirm", "save", "yield", "begin", "abort", "tap", "spool", "import", "help", "unload", "replay", "xdp"}


def commands():
    """All commands that there are."""
    table = (TOP / "userd/ctl/command_rows.h").read_text(encoding="utf-8")
    return re.findall(r'^COMMAND\("([a-z]+)",', table, re.M)


def main():
    """Writes, or prints what is wrong."""
    wanted = {f"{name}.json": text_of(*what) for name, what in schemas().items()}
    if "--write" in sys.argv[1:]:
        FOLDER.mkdir(exist_ok=True)
        for path in FOLDER.glob("*.json"):
            if path.name not in wanted:
                path.unlink()
        for name, text in wanted.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    found = [f"docs/schemas/{name} is not what tests/lint/schemas.py --write makes" for name, text in wanted.items()
             if not (FOLDER / name).is_file() or (FOLDER / name).read_text(encoding="utf-8") != text]
    found += [f"docs/schemas/{path.name} is of no command" for path in FOLDER.glob("*.json") if path.name not in wanted]
    there = commands()
    found += [f"docs/schemas/ has nothing of {name}, which is not in WITHOUT" for name in there
              if name not in WITHOUT and not any(file == f"{name}.json" or file.startswith(f"{name}-") for file in wanted)]
    if len(there) < 20:
        found.append(f"only {there} can be read from userd/ctl/command_rows.h")
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
