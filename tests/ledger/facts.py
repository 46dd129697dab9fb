# SPDX-License-Identifier: MIT
"""Does a word say what is? The words of the product beside what the kernel, the machine and the log say."""
import os
import pathlib
import re
import socket
import struct

import road

CONNECTED = {"connected", "slow", "ack-not-durable", "queue-full"}
# As include/net/tcp_states.h has them. A peer that said all it will say may still read: CLOSE-WAIT.
ESTABLISHED = ("01", "08")


def address(text, is_wide):
    """An address as /proc/net/tcp has it, as text."""
    raw = b"".join(struct.pack("=I", int(text[place:place + 8], 16)) for place in range(0, len(text), 8))
    found = socket.inet_ntop(socket.AF_INET6 if is_wide else socket.AF_INET, raw)
    return found.removeprefix("::ffff:")


def sockets_of(pid):
    """Inodes of the sockets of a process; empty: it is not there."""
    found = set()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                link = os.readlink(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue
            if link.startswith("socket:["):
                found.add(link[8:-1])
    except OSError:
        pass
    return found


def table(name, mine):
    """Sockets of /proc/net/NAME that belong to a process: [local port, remote address, remote port, state]."""
    found = []
    for wide in ("", "6"):
        try:
            lines = pathlib.Path(f"/proc/thread-self/net/{name}{wide}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[9] in mine:
                far, port = fields[2].split(":")
                found.append([int(fields[1].split(":")[1], 16), address(far, bool(wide)), int(port, 16), fields[3]])
    return found


def take(pid, log):
    """What the kernel says now, for the namespace that this runs in: {"tcp", "udp", "interfaces", "alive", "log", "checksums"}."""
    mine = sockets_of(pid)
    text = ""
    if log and os.path.exists(log):
        text = pathlib.Path(log).read_text(errors="replace")
    # What earlier daemons said is not of this one.
    text = text[max(text.rfind(": sluiced ", 0), 0):] if " starts with " in text else ""
    return {"tcp": table("tcp", mine), "udp": table("udp", mine), "alive": os.path.exists(f"/proc/{pid}"), "log": text,
            "checksums": sum(number for name, number in road.parse(road.read("")).items() if name in ("Udp.InCsumErrors", "Udp6.InCsumErrors")),
            "interfaces": [line.split(":")[0].strip() for line in
                           pathlib.Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]]}


def connections_to(facts, to):
    """Established connections to a destination as it is called, to any server where it is a cluster, or None: that is a name, or another
    kind of thing."""
    if "," in to:
        each = [connections_to(facts, one) for one in to.split(",")]
        return None if None in each else sum(each, [])
    host, _, port = to.rpartition(":")
    host = host.strip("[]").split("%")[0]
    if not port.isdigit():
        return None
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            host = socket.inet_ntop(family, socket.inet_pton(family, host))
            break
        except OSError:
            continue
    else:
        return [one for one in facts["tcp"] if one[2] == int(port) and one[3] in ESTABLISHED]
    return [one for one in facts["tcp"] if one[1:3] == [host, int(port)] and one[3] in ESTABLISHED]


def of_destinations(facts, outputs):
    """connected: there is a connection; waiting: there is none. Of UDP nobody can tell, and the log tells what it was given only."""
    usable = [nest["to"] for one in outputs for nest in one["destinations"] if nest["state"] in CONNECTED]
    for one in outputs:
        for nest in one["destinations"]:
            is_udp = one["framing"] == "udp"
            there = None if is_udp else connections_to(facts, nest["to"])
            where = f"output {one['name']}, destination {nest['to']}"
            if nest["state"] in CONNECTED and there == []:
                yield f"{where} is `{nest['state']}`, and the kernel knows of no connection there"
            if nest["state"] == "waiting" and there and nest["to"] not in usable:
                yield f"{where} is `waiting`, and the kernel knows of a connection there"
            if (nest["state"] == "disabled") != (nest["role"] == "disabled"):
                yield f"{where} is `{nest['state']}`, and its role is {nest['role']}"
            if nest["state"] not in (*CONNECTED, "protocol-error", "rejecting") and (nest["mss"] or nest["achieved"] or nest["backlog"]):
                yield f"{where} is `{nest['state']}`, and has the figures of a connection: mss {nest['mss']}, " \
                      f"achieved {nest['achieved']}, not acknowledged {nest['backlog']}"
            if nest["state"] in CONNECTED and not nest["connects"]:
                yield f"{where} is `{nest['state']}`, and was connected 0 times"
            told = re.findall(rf"output `{re.escape(one['name'])}`, destination {re.escape(nest['to'])}, worker \d+: (\S+)", facts["log"])
            if facts["log"] and not is_udp and nest["state"] in CONNECTED and "connected" not in told:
                yield f"{where} is `{nest['state']}`, and the log never told"


def of_inputs(facts, inputs):
    """active: its sockets are there; waiting for an interface: that is not."""
    ports = {one[0] for one in facts["udp"]}
    for one in inputs:
        where = f"input {one['name']}"
        away = re.match(r"waiting for interface (\S+)$", one["state"])
        if away and away.group(1) in facts["interfaces"]:
            yield f"{where} is `{one['state']}`, and that is there"
        if one["state"] == "active" and one["source"] == "socket":
            first = re.match(r"\d+", one["match"])
            if first and int(first.group()) not in ports:
                yield f"{where} is `active`, and the daemon has no socket at port {first.group()}"


def of_daemon(facts, daemon, pid):
    """It runs, and is the one that the test started."""
    if daemon["pid"] != pid:
        yield f"the daemon says that its pid is {daemon['pid']}, it is {pid}"
    if daemon["state"] != "running":
        yield f"the daemon is `{daemon['state']}`, and nobody ended it"
    if not facts["alive"]:
        yield f"pid {pid} answered and is not there"


def of_module(picture):
    """A stream that says who owns it: that is the daemon."""
    for one in (picture["after"]["module"] or {"STREAM_GET": []})["STREAM_GET"]:
        if one["STREAM_OWNER"] not in (0, picture["pid"]):
            yield f"stream {one['STREAM_ID']} is owned by {one['STREAM_OWNER']}, the daemon is {picture['pid']}"


def of_alarms(facts, store, is_fresh):
    """Alarms of the store that are on (that of load is the daemon's): the log told of each, and of the end of no more. Streams that a change took away have their counts with
    them."""
    if not facts["log"]:
        return
    raised, over = (len(re.findall(rf": {word}: (?!(?:no )?datagrams are lost)", facts["log"])) for word in ("alarm", "alarm over"))
    if raised - over != store["alarms_now"]:
        yield f"store: {store['alarms_now']} alarms are on, the log told of {raised} and of the end of {over}"
    counted = store["memory"]["alarms"] + (store["disk"]["alarms"] if store["disk"] else 0)
    if counted > raised or (is_fresh and counted < raised):
        yield f"store: {counted} alarms were counted, the log told of {raised}"


def contradictions(picture):
    """All sentences."""
    facts, json = picture["facts"], picture["json"]
    yield from of_daemon(facts, json["daemon"][0], picture["pid"])
    yield from of_module(picture)
    yield from of_alarms(facts, json["store"][0], picture["told"].get("fresh"))
    yield from of_inputs(facts, json["inputs"])
    yield from of_destinations(facts, json["outputs"])
