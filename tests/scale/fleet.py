#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What many relays in front of one cluster add up to: tests/scale/fleet.py [--write | OPTION...].

Prints the tables of docs/scale.md, or with --write puts them there; `make lint` holds the document against this. Sizes are reckoned
from the formats themselves (a message's headers are spelled out here as the daemon writes them), outages and lost machines are
gone through second by second. What a server of the cluster can do is an assumption, an option each: nothing of it was measured on
machines of that size. Touches: docs/scale.md, and only with --write.
"""
import argparse
import math
import pathlib
import random
import sys

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/scale.md"
BEGIN, END = "<!-- scale: made by tests/scale/fleet.py --write -->\n", "<!-- scale end -->\n"

# On an Ethernet wire around a UDP payload: preamble 8, header 14, IPv4 20, UDP 8, FCS 4, gap 12 (IEEE 802.3, RFC 791, RFC 768).
AROUND = 8 + 14 + 20 + 8 + 4 + 12
RECORD = 16  # header of a record (docs/wire-format.md); it takes a multiple of 8
FRAME = 64  # header of a frame, one for each write
WRITE = 256 << 10  # bytes of one (batch.bytes)
WINDOW_BYTES, WINDOW_MESSAGES = 8 << 20, 4096  # under way to a broker, of each worker (userd/daemon/broker/window.h)
# Around a segment of TCP with timestamps on a wire, and its payload (MTU 1500).
SEGMENT_AROUND, SEGMENT = 8 + 14 + 20 + 32 + 4 + 12, 1448
# Bytes of NATS's own around a message: protocol line and header version (docs.nats.io, client protocol: HPUB), subject apart.
SUBJECT = "udp.machine-042.telemetry.6f0e4d8e9a552f6b9f6a00010b0e5a1c"


def message_bytes(payload, kind):
    """A message of userd/daemon/nats/publish.c on the wire: protocol line, headers, payload."""
    headers = {
        "Nats-Msg-Id": "6f0e4d8e9a552f6b9f6a00010b0e5a1c.1796035721032394702.123456789012.123456789300",
        "Sluice-Kind": kind, "Sluice-Input": "telemetry", "Sluice-Offset": "123456789012", "Sluice-End": "123456789300",
        "Sluice-Base": "1234567890 123456780000", "Sluice-Time": "1796035721032394702",
    }
    if kind == "span":
        headers["Sluice-Datagrams"] = "3000"
    block = "NATS/1.0\r\n" + "".join(f"{key}: {value}\r\n" for key, value in headers.items()) + "\r\n"
    line = f"HPUB {SUBJECT} _INBOX.0123456789abcdefghijkl.123456 {len(block)} {len(block) + payload}\r\n"
    return len(line) + len(block) + payload + 2


def number(value, unit=""):
    """A number with three digits that count, and a prefix of ten."""
    for size, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {prefix}{unit}"
    return f"{value:.3g} {unit}".rstrip()


def span_of_time(seconds):
    """Seconds as people say them."""
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.3g} s"


class Machine:
    """What one relay takes in and gives out, of datagrams of one size at the rate of its line."""

    def __init__(self, options, size):
        self.size = size
        self.datagrams = options.line * 1e9 / 8 / (size + AROUND)
        self.payload = self.datagrams * size
        self.record = (RECORD + size + 7) // 8 * 8
        self.stored = self.datagrams * self.record
        per_write = WRITE // self.record
        self.native = (self.stored + self.datagrams / per_write * FRAME) * (1 + SEGMENT_AROUND / SEGMENT)
        self.datagram_messages = self.datagrams * message_bytes(size, "datagram")
        self.spans = self.datagrams / per_write
        self.span_messages = self.spans * message_bytes(per_write * self.record, "span")


def table(head, rows):
    """Markdown of it."""
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
                     + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def one_machine(options):
    """What a machine makes of its line."""
    rows = []
    for size in options.sizes:
        machine = Machine(options, size)
        rows.append([size, number(machine.datagrams), number(machine.payload, "B"), number(machine.stored, "B"),
                     f"{machine.native * 8 / 1e9:.3g}", number(machine.spans), number(machine.span_messages, "B"),
                     number(machine.datagram_messages, "B")])
    return table(["payload, bytes", "datagrams/s", "payload/s", "records/s", "native, Gbit/s on the wire", "spans/s",
                  "published as spans/s", "as datagrams/s"], rows)


def cluster(options):
    """What the third side must bear: servers, streams or partitions, consumers."""
    rows = []
    for size in options.sizes:
        machine = Machine(options, size)
        for way, rate, messages in (("span", machine.span_messages, machine.spans),
                                    ("datagram", machine.datagram_messages, machine.datagrams)):
            total, count = rate * options.machines, messages * options.machines
            # A server takes in what is published to its leaders and what it follows, and gives out what others follow and
            # what is consumed once.
            into = total * options.replicas
            out = total * (options.replicas - 1) + total
            bounds = {
                "line": max(into, out) / (options.server_line * 1e9 / 8),
                "disk": total * options.replicas / (options.server_disk * 1e9),
                "messages": count * options.replicas / (options.server_messages * 1e6),
            }
            limit = max(bounds, key=bounds.get)
            groups = max(total / (options.group * 1e6), count / (options.group_messages * 1e6))
            rows.append([size, way, number(total, "B"), number(count), number(into, "B"), math.ceil(bounds[limit]), limit,
                         math.ceil(groups), math.ceil(groups / options.machines)])
    return table(["payload, bytes", "message", "published/s", "messages/s", "written by all servers/s", "servers", "because of",
                  "streams or partitions", "of them for each machine"], rows)


def outage(machine, options, seconds, disk_rate):
    """Second by second: nothing is taken for so long, then `headroom` times what comes. Returns the most that waits, how long it
    takes until nothing does, and the share of datagrams lost (those that found memory and disk full)."""
    memory = disk = most = lost = came = 0.0
    second = 0
    while second < seconds or memory + disk > machine.stored * 0.01:
        memory += machine.stored
        came += machine.stored
        if second >= seconds:
            # The newest first, from memory; the disk gives what it can beside what it takes (store.drain).
            room = machine.stored * options.headroom
            taken = min(memory, room)
            memory -= taken
            read = min(disk, room - taken, disk_rate)
            disk -= read
        # What memory does not hold goes to the disk.
        moved = min(max(memory - options.memory * 1e9, 0), disk_rate, options.disk * 1e12 - disk)
        memory -= moved
        disk += moved
        over = max(memory - options.memory * 1e9, 0)
        memory -= over
        lost += over
        most = max(most, memory + disk)
        second += 1
        if second > 10 * 86400:
            return most, math.inf, lost / came
    return most, second - seconds, lost / (machine.stored * seconds)


def outages(options):
    """How long the cluster may be away."""
    rows = []
    machine = Machine(options, 1400)
    for disk_rate, name in ((options.fast_disk * 1e9, f"{options.fast_disk:g} GB/s"), (options.slow_disk * 1e9,
                                                                                     f"{options.slow_disk:g} GB/s")):
        for seconds in (1, 10, 60, 600, 3600):
            most, drained, lost = outage(machine, options, seconds, disk_rate)
            rows.append([name, span_of_time(seconds), number(most, "B"), span_of_time(drained) if drained < math.inf else "never",
                         f"{lost * 100:.3g} %"])
    return table(["disk of a machine writes", "cluster away for", "most that waits, each machine", "gone after", "lost of what came "
                  "meanwhile"], rows)


def lost_machines(options):
    """A year of the fleet, many times: machines die, with the memory that is in them; elections hold streams up."""
    random.seed(1)
    machine = Machine(options, 1400)
    rate = options.machines / (options.mtbf * 86400)
    total = machine.datagrams * options.machines * 365 * 86400
    rows = []
    for name, waiting in (("cluster well, round trip of 2 ms", 0.002), ("in an election of 4 s", 4.0),
                          ("memory full", options.memory * 1e9 / machine.stored)):
        held = min(waiting * machine.stored, options.memory * 1e9)
        rows.append([name, number(held, "B"), number(held / machine.record), number(options.detect * machine.datagrams)])
    losses = []
    for _ in range(200):
        at, lost = random.expovariate(rate), 0.0
        while at < 365 * 86400:
            # A server of the cluster dies now and then; a share of the machine's streams waits for another leader then.
            during = random.random() < options.servers_die * 4 / 86400
            lost += (4.0 if during else 0.002) * machine.datagrams + options.detect * machine.datagrams
            at += random.expovariate(rate)
        losses.append(lost)
    losses.sort()
    text = table(["a machine dies while", "in its memory only", "datagrams", f"and sent to it until senders turn away ({options.detect:g} s)"],
                 rows)
    middle = losses[len(losses) // 2]
    return text + f"""
With {options.machines} machines that each die once in {options.mtbf:g} days, and {options.servers_die:g} deaths of servers a day with an
election of 4 s each, 200 simulated years lose {number(losses[0])} to {number(losses[-1])} datagrams each, half of them {number(middle)} or
more: {middle / total * 100:.2g} % of what came. Nearly all of it is what senders sent to a machine that was dead.
"""


def bottleneck(options):
    """How far one worker gets with its window."""
    rows = []
    for trip in (0.0002, 0.002, 0.02, 0.1):
        rows.append([span_of_time(trip) if trip >= 1 else f"{trip * 1000:g} ms", number(WINDOW_BYTES / trip, "B"),
                     number(WINDOW_MESSAGES / trip),
                     math.ceil(Machine(options, 1400).span_messages / (WINDOW_BYTES / trip)),
                     math.ceil(Machine(options, 1400).datagrams / (WINDOW_MESSAGES / trip))])
    return table(["until the server acknowledges", "spans, one worker/s", "datagrams, one worker/s", "workers for the line, spans",
                  "workers for the line, datagrams"], rows)


def main():
    """Prints the tables, or writes or compares the document."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--line", type=float, default=10, help="Gbit/s that come to each")
    parser.add_argument("--sizes", type=lambda text: [int(part) for part in text.split(",")], default=[64, 300, 1400])
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--server-line", type=float, default=100, help="Gbit/s each way of a server of the cluster")
    parser.add_argument("--server-disk", type=float, default=5, help="GB/s that it writes")
    parser.add_argument("--server-messages", type=float, default=1, help="million messages/s that it takes, followed ones too")
    parser.add_argument("--group", type=float, default=50, help="MB/s of one stream or partition")
    parser.add_argument("--group-messages", type=float, default=0.05, help="million messages/s of one")
    parser.add_argument("--headroom", type=float, default=1.25, help="what the cluster takes at most, of what comes")
    parser.add_argument("--memory", type=float, default=16, help="GB of rings of a machine")
    parser.add_argument("--disk", type=float, default=8, help="TB of its disk")
    parser.add_argument("--fast-disk", type=float, default=3, help="GB/s that it writes")
    parser.add_argument("--slow-disk", type=float, default=0.5, help="and a slow one")
    parser.add_argument("--mtbf", type=float, default=400, help="days after which a machine dies")
    parser.add_argument("--servers-die", type=float, default=0.1, help="servers of the cluster that die in a day")
    parser.add_argument("--detect", type=float, default=3, help="seconds until senders turn away from a dead machine")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scale.md")
    parser.add_argument("--check", action="store_true", help="say whether docs/scale.md has them")
    options = parser.parse_args()
    parts = [("A machine at the rate of its line", one_machine(options)), ("The third side", cluster(options)),
             ("One worker and its window", bottleneck(options)), ("The cluster is away", outages(options)),
             ("A machine is lost", lost_machines(options))]
    made = "\n".join(f"### {title}\n\n{text}" for title, text in parts)
    if not options.write and not options.check:
        print(made)
        return 0
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    new = before + BEGIN + made + END + rest.split(END)[1]
    if options.write:
        DOCUMENT.write_text(new, encoding="utf-8")
    elif new != text:
        print("docs/scale.md: the tables are not what the simulation says; run: tests/scale/fleet.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
