# SPDX-License-Identifier: MIT
"""The form of what `sluicectl show -j` prints: what names something is text, one thing has one name and one type wherever it is told,
and a number that a program with doubles would change is a counter."""

# What names something. 64 bits or more: as a number jq 1.6 and JavaScript would change it.
IDENTITIES = {"id", "route", "output", "epoch"}
# Other names for the same, which came and went.
FORMER = {"guid", "uuid"}
# Counters of datagrams and bytes, and places in a stream, which are such: docs/operations.md says so.
COUNTERS = {"matched", "stored", "stored_bytes", "dropped", "dropped_by_change", "unmatched", "sent", "acked", "resent", "bytes", "writes",
            "connects", "gaps", "unsendable", "escaped", "oversized", "skipped", "split", "pieces", "truncated", "unconfirmed",
            "protocol_errors", "head", "tail", "taken", "wakes", "spooled", "drained",
            "compressed_from", "compressed_to", "compress_ns", "damaged", "damaged_frames", "abandoned", "bad_checksum", "bad_checksum_unplaced"}
# A size in one view, a part with sizes of its own in another.
PARTS = {"memory", "disk"}
LARGEST = 1 << 53


def members(where, value, key=None):
    """(where, key, value) of everything below; of a list the key of the list."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield f"{where}, {name}", name, one
            yield from members(f"{where}, {name}", one, name)
    elif isinstance(value, list):
        for one in value:
            yield from members(where, one, key)


def violations(picture):
    """All sentences."""
    types = {}
    for view, said in picture["json"].items():
        for where, key, value in members(f"show {view} -j", said):
            is_loss = ", lost, " in where
            if key in FORMER:
                yield f"{where}: what names a thing is called `id`"
            if key in IDENTITIES and not isinstance(value, str):
                yield f"{where} names something, and is no text: {value}"
            if isinstance(value, int) and abs(value) >= LARGEST and key not in COUNTERS and not is_loss:
                yield f"{where} is a number that not every program can read, and no counter: {value}"
            if value is None or key in PARTS:
                continue
            kind = (float if isinstance(value, float) else type(value)).__name__
            first = types.setdefault(key, (kind, where))
            if first[0] != kind:
                yield f"{where} is a {kind}, {first[1]} is a {first[0]}"
