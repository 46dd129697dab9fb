#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a consumer of Kafka makes of the messages that tests/kafka_peer.c wrote down: kafka.py MESSAGES FIRST LAST.

Counts the datagrams "number N", FIRST to LAST, and prints what was found. A repeat is a message whose relay, stream, epoch and
offsets are those of one before: whoever reads drops it by that. `twice` counts datagrams that are there twice under different
ones, which no reader could drop.
"""
import collections
import json
import struct
import sys


def records(span):
    """The records of a span (docs/receivers.md): type, payload."""
    place = 0
    while place < len(span):
        length, kind, flags = struct.unpack_from("<IBB", span, place)
        body = place + 16 + (48 if flags & 1 else 0)
        yield kind, span[body:place + length]
        place += (length + 7) & ~7


def main():
    """Reads and counts."""
    path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    known, seen, told = set(), collections.Counter(), collections.Counter()
    repeats = wrong = spans = 0
    partitions = set()
    with open(path, encoding="ascii") as lines:
        for line in lines:
            if not line.endswith("\n"):
                break
            message = json.loads(line)
            headers = message["headers"]
            name = tuple(headers[key] for key in ("Sluice-Kind", "Sluice-Relay", "Sluice-Stream", "Sluice-Epoch", "Sluice-Offset", "Sluice-End"))
            if name in known:
                repeats += 1
                continue
            known.add(name)
            partitions.add((message["topic"], message["partition"]))
            if headers["Sluice-Kind"] == "gap":
                told[headers["Sluice-Cause"]] += int(headers["Sluice-Lost"])
                continue
            payload = bytes.fromhex(message["payload"])
            spans += headers["Sluice-Kind"] == "span"
            for kind, datagram in records(payload) if headers["Sluice-Kind"] == "span" else [(1, payload)]:
                words = datagram.split()
                if kind != 1 or len(words) < 2 or words[0] != b"number":
                    wrong += 1
                else:
                    seen[int(words[1])] += 1
    missing = sum(1 for number in range(first, last + 1) if number not in seen)
    twice = sum(count - 1 for count in seen.values())
    print(f"found={len(seen)} missing={missing} twice={twice} wrong={wrong} spans={spans} partitions={len(partitions)} "
          f"repeats={repeats} gaps={sum(told.values())} causes={','.join(sorted(told))}")


if __name__ == "__main__":
    main()
