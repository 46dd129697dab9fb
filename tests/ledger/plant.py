#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that the ledger can fail: plant.py PICTURE, as `main.py check --save` wrote it and as it should be: one output has everything,
another has a backlog in memory and on the disk and no receiver.

Every figure and word of every view is changed, one at a time, and has to be noticed. Then lies that all views tell together.
Prints what was not noticed; then the status is 1.
"""
import copy
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import dumps
import expected
import main


def leaves(value, path=()):
    """(path, value) of every figure and word."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, path + (key,))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, path + (number,))
    elif value is not None:
        yield path, value


def put(value, path, changed):
    """Sets the value at a path."""
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = changed


def another(value):
    """Anything but that, and not near it."""
    return 3 * value + 1000003 if isinstance(value, (int, float)) else value + "?"


def in_json(picture):
    """Each leaf of `show -j`."""
    for path, value in leaves(picture["json"]):
        planted = dict(picture, json=copy.deepcopy(picture["json"]))
        put(planted["json"], path, another(value))
        yield f"JSON, {path}: {another(value)} for {value}", planted


def in_text(name, texts, which, picture):
    """Each word of a text: its first sign becomes another one, so that the columns stay where they are."""
    for key, text in texts.items():
        first = text.find("\n") + 1
        for match in re.finditer(r"\S+(?: \S+)*" if which == "table" else r"\S+", text[first:]):
            begin = first + match.start()
            sign = text[begin]
            other = str((int(sign) + 5) % 10) if sign.isdigit() else "?"
            changed = text[:begin] + other + text[begin + 1:]
            yield f"{name} {key}: {match.group()} with {other} in front", dict(picture, **{which: dict(texts, **{key: changed})})


def told_by_all(picture, change):
    """A picture in which netlink was changed, and JSON agrees with it; tables and files are left out."""
    planted = copy.deepcopy(dict(picture, table={}, proc=None))
    for moment in ("before", "after"):
        change(planted[moment]["daemon"])
    planted["json"] = {view: expected.VIEWS[view](planted["after"]) for view in picture["json"] if view not in ("rules", "routes")}
    return planted


def lies(picture):
    """Lies that all views tell together: they contradict each other's sums, or what is."""
    def lie(what, place, key, add, nest=None):
        def change(daemon):
            one = place(daemon)
            one = one[nest] if nest else one
            one[key] = add if isinstance(add, str) else max(one[key] + add, 0)
        return f"all views: {what}", told_by_all(picture, change)

    def named(name):
        return lambda daemon: next(one for one in daemon["OUTPUT_GET"] if one["OUTPUT_NAME"] == name)

    def to(name):
        return lambda daemon: named(name)(daemon)["OUTPUT_DESTINATION"][0]

    def first_input(daemon):
        return daemon["INPUT_GET"][0]

    def busy_stream(daemon):
        return max(daemon["STREAM_GET"], key=lambda one: one["STREAM_HEAD"] - one["STREAM_TAIL"])

    yield lie("an input matched more than it stored and lost", first_input, "matched", 1, "INPUT_COUNTERS")
    yield lie("an input stored more than it matched", first_input, "stored", 1, "INPUT_COUNTERS")
    yield lie("an input stored more bytes than its streams", first_input, "stored_bytes", 1, "INPUT_COUNTERS")
    def forge(daemon):
        counters = first_input(daemon)["INPUT_COUNTERS"]
        counters["matched"] += 1
        counters["lost"] = [number + (place == dumps.CAUSES.index("bad_checksum")) for place, number in enumerate(counters["lost"])]

    yield "all views: an input from sockets has a wrong checksum that never came", told_by_all(picture, forge)
    yield lie("the kernel has counted fewer wrong checksums", lambda all_of: all_of["DAEMON_GET"][0], "DAEMON_BAD_CHECKSUM", 1)
    yield lie("an input dropped by a change more than it dropped", first_input, "INPUT_DROPPED_BY_CHANGE", 1)
    yield lie("an input waits for an interface that is there", first_input, "INPUT_STATE", "waiting for interface eth0")
    yield lie("an input is active at a port without a socket", first_input, "INPUT_MATCH", "4999")
    yield lie("a stream stored more than it matched", busy_stream, "stored", 1, "STREAM_COUNTERS")
    yield lie("a stream's head is farther than its size", busy_stream, "STREAM_HEAD", 1 << 40)
    yield lie("a stream's tail is beyond a cursor", busy_stream, "STREAM_TAIL", 8)
    yield lie("a cursor took more than there is", lambda daemon: busy_stream(daemon)["STREAM_CURSORS"][0], "CURSOR_TAKEN", 1 << 40)
    yield lie("more waits on the disk for a cursor than lies there", lambda daemon: busy_stream(daemon)["STREAM_CURSORS"][0],
              "CURSOR_DISK", 1 << 40)
    for name in ("up", "down"):
        yield lie(f"{name}: more waits in memory than in its streams", named(name), "OUTPUT_MEMORY", 8)
        yield lie(f"{name}: more waits on the disk than of its streams", named(name), "OUTPUT_DISK", 8)
        yield lie(f"{name}: more is acknowledged than was sent", to(name), "DESTINATION_ACKED", 1)
        yield lie(f"{name}: it is disabled, and its role is not", to(name), "DESTINATION_STATE", "disabled")
        yield lie(f"{name}: it acknowledges in a plain framing", named(name), "OUTPUT_FRAMING", "newline") if name == "up" else \
            lie("down: something was sent and it was never connected", to(name), "DESTINATION_SENT", 1)
    yield lie("down: nothing waits since any time", named("down"), "OUTPUT_OLDEST", -(1 << 63))
    yield lie("up: something waits since a while and nothing waits", named("up"), "OUTPUT_OLDEST", 1 << 60)
    yield lie("up: bytes are not acknowledged, and nothing waits", to("up"), "DESTINATION_BACKLOG", 1)
    yield lie("up: fewer are acknowledged than were stored, and nothing waits", to("up"), "DESTINATION_ACKED", -1)
    yield lie("up is waiting", to("up"), "DESTINATION_STATE", "waiting")
    yield lie("down is connected", to("down"), "DESTINATION_STATE", "connected")
    yield lie("down is slow", to("down"), "DESTINATION_STATE", "slow")
    yield lie("down has a segment size", to("down"), "DESTINATION_MSS", 1448)
    yield lie("down sends", to("down"), "DESTINATION_ACHIEVED", 1000)
    store, daemon = (lambda all_of: all_of["STORE_GET"][0]), (lambda all_of: all_of["DAEMON_GET"][0])
    yield lie("the memory is larger than its streams", store, "STORE_MEMORY_SIZE", 4096)
    yield lie("more memory is used than in its streams", store, "STORE_MEMORY_USED", 8)
    yield lie("less waits on the disk than of its streams", store, "STORE_DISK_WAITING", -(1 << 40))
    yield lie("more of the disk is used than there is", store, "STORE_DISK_USED", 1 << 50)
    yield lie("more segments are free than there are", store, "STORE_DISK_FREE", 1 << 20)
    yield lie("an alarm is on that the log tells nothing of", store, "STORE_ALARMS_NOW", 1)
    yield lie("an alarm was counted that the log tells nothing of", store, "STORE_MEMORY_ALARMS", 1)
    yield lie("the daemon has another pid", daemon, "DAEMON_PID", 1)
    yield lie("the daemon stops", daemon, "DAEMON_STATE", "stopping since 1 s")
    for view, key, changed in (("streams", "epoch", int), ("streams", "guid", str), ("daemon", "pid", lambda pid: pid + (1 << 53)),
                               ("inputs", "priority", str), ("outputs", "id", lambda text: int(text[:8], 16))):
        forged = copy.deepcopy(picture["json"])
        forged[view][0][key] = changed(forged[view][0].get(key, 0))
        yield f"show {view} -j: another form of {key}", dict(picture, json=forged)
    yield "fewer were sent than matched", dict(picture, told=dict(picture["told"], sent=picture["told"]["sent"] - 1))
    yield "more arrived than the outputs know of", dict(picture, told=dict(picture["told"], arrived=1 << 40))
    yield "its pid is nobody's", dict(picture, facts=dict(picture["facts"], alive=False))
    yield "the kernel has no connection", dict(picture, facts=dict(picture["facts"], tcp=[]))
    yield "the log tells of an alarm that nothing counts", dict(
        picture, facts=dict(picture["facts"], log=picture["facts"]["log"] + "error: alarm: the disk store is full\n"))
    yield "the log tells of no connection", dict(picture, facts=dict(picture["facts"], log="notice: sluiced starts with"))


def run(picture):
    """Every plant; how many there were and what was not noticed."""
    plants = [in_text("/proc", picture["proc"], "proc", picture)] if picture["proc"] else \
        [in_json(picture), in_text("table", picture["table"], "table", picture), lies(picture)]
    count, missed = 0, []
    for some in plants:
        for what, planted in some:
            count += 1
            if not main.judge(planted):
                missed.append(what)
    return count, missed


if __name__ == "__main__":
    whole = json.loads(pathlib.Path(sys.argv[1]).read_text())
    before = main.judge(whole)
    number, unseen = run(whole)
    for sentence in before:
        print(f"wrong before anything was planted: {sentence}")
    for sentence in unseen:
        print(f"not noticed: {sentence}")
    print(f"planted {number}, not noticed {len(unseen)}")
    sys.exit(1 if before or unseen or not number else 0)
