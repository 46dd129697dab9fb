#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Inputs that libFuzzer begins with: seeds.py FOLDER. Makes FOLDER/config, edit, line, control,
answer, capture and inlet.

Configurations are those of tests/config; changes are of each of those with each kind of command; netlink messages are made from
the schema, each attribute with a value of its type; captures are those of tests/captures.py. Touches: FOLDER.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/netlink"))
import constants  # noqa: E402
sys.path.insert(0, str(TOP / "tests/second-receiver"))
from receiver import crc32c  # noqa: E402

EDITS = ("set telemetry port=", "set in rate 2mbit", "set - log.level debug", "set out to [10.9.1.2:6001, 10.9.1.2:6002]",
         "set in name other", "set in port 5000,5003", "set out batch.bytes ", "add input more", "add output more", "del in",
         "del out", "off in ", "off out 10.9.1.2:6000", "on out 10.9.1.2:6000", "on in")
LINES = ("get collector rate", "sh inputs", "set 'a b' key=\"c \\\" d\" # e", "json on", "password", "watch --class alarm", "help set",
         "quit", "a\\ b\tc", "x" * 9000, "w " * 300, "apply /etc/shadow", "shell")
# Negotiations, a sub-negotiation, Ctrl-C, a doubled 0xff, CR NUL.
TELNET = b"\xff\xfd\x01\xff\xfb\x1fsh\xff\xf1ow f\xff\xfa\x1fxx\xff\xf0ields\r\0get no\xff\xf4version \xff\xff\r\n"
# Longer ones of tests/config test limits: from them a fuzzer only learns to be slow.
SIZE_MOST = 20000


def attribute(number, body, nested=False):
    """An attribute as bytes."""
    head = struct.pack("=HH", 4 + len(body), number | (0x8000 if nested else 0))
    return head + body + bytes(-len(body) % 4)


def right(name, depth=0):
    """An attribute as the schema has it; nests have what belongs into them."""
    numbers = constants.ENUMERATIONS["sluice_attribute"]
    kind = constants.TYPES[name]
    sizes = {"u64": 8, "u32": 4, "u16": 2, "u8": 1, "guid": 16}
    if kind in sizes:
        body = bytes(range(1, sizes[kind] + 1)) if kind == "guid" else b"\1" + bytes(sizes[kind] - 1)
    elif kind == "nest":
        if name.endswith("COUNTERS"):
            body = b"".join(attribute(number, struct.pack("=Q", 7)) for number in
                            constants.ENUMERATIONS["sluice_counter_attribute"].values() if number)
        else:
            prefix = {"OUTPUT_DESTINATION": ("DESTINATION_",), "STREAM_CURSORS": ("CURSOR",),
                      "CURSOR": ("CURSOR_", "OUTPUT_ID", "OUTPUT_NAME")}.get(name, ("RULE_",))
            body = b"" if depth > 2 else whole(prefix, depth + 1)
        return attribute(numbers[f"SLUICE_A_{name}"], body, True)
    else:
        body = b"a text\0"
    return attribute(numbers[f"SLUICE_A_{name}"], body)


def whole(prefixes, depth=0):
    """All attributes whose names begin so."""
    return b"".join(right(name, depth) for name in constants.TYPES if name.startswith(prefixes) and name != "PAD")


def captures(folder):
    """Small captures of each form, as files and as frames of each link type."""
    # The places of the link types in fuzz_capture.c.
    links = {"null": 10, "ethernet": 1, "raw": 4, "loop": 5, "cooked": 6, "ipv4": 7, "ipv6": 8, "cooked2": 9}
    forms = ("micro", "nano", "micro-swapped", "nano-swapped", "ng", "ng-swapped")
    with tempfile.TemporaryDirectory() as place:
        out = pathlib.Path(place) / "capture"
        for form in forms:
            for link, number in links.items():
                subprocess.run([sys.executable, TOP / "tests/captures.py", form, link, out, "--kind", "odd", "--count", "7"], check=True)
                data = out.read_bytes()
                (folder / f"{form}-{link}").write_bytes(b"\0\0" + data)
                (folder / f"{form}-{link}-slow").write_bytes(b"\0\7" + data)
                if form != "micro":
                    continue
                at, frames = 24, b""
                while at < len(data):
                    size, = struct.unpack_from("<I", data, at + 8)
                    frames += struct.pack("<H", size) + data[at + 16:at + 16 + size]
                    at += 16 + size
                (folder / f"frames-{link}").write_bytes(bytes([number]) + frames)


def frame(kind, count, payload, offset=0):
    """A native frame (docs/wire-format.md)."""
    head = struct.pack("<IBBHII16sQQQI", 0x31554c53, kind, 1, 64, len(payload), count, b"s" * 16, 7, offset, 0, crc32c(payload) if payload else 0)
    return head + struct.pack("<I", crc32c(head + bytes(4))) + payload


def inlets(folder):
    """Streams of each framing, and a relay's frames."""
    (folder / "lines").write_bytes(b"\0\x03one\n\ntwo" + b"x" * 200 + b"\nend")
    (folder / "counted").write_bytes(b"\1\x033 one0 200 " + b"x" * 200 + b"1 y")
    (folder / "length32").write_bytes(b"\2\x03\0\0\0\3one\0\0\0\xc8" + b"x" * 200 + bytes(4))
    records = b"".join(struct.pack("<IBBHQ", 16 + 5, 1, 0, number, 1) + b"hello\0\0\0" for number in range(4))
    gap = struct.pack("<IBBHQQQII", 16 + 24, 2, 0, 0, 1, 3, 0, 7, 0)
    frames = frame(1, 1, b"s" * 16 + struct.pack("<QQQII", 7, 0, 0, 0, 0)) + frame(5, 1, b"r" * 16 + b"first".ljust(64, b"\0"))
    frames += frame(2, 4, records) + frame(2, 1, gap, len(records)) + frame(4, 0, b"") + frame(2, 4, records)
    for step in (b"\0", b"\1", b"\xff"):
        (folder / f"native{step[0]}").write_bytes(b"\3" + step + frames)


def main():
    """Command line to exit status."""
    folder = pathlib.Path(sys.argv[1])
    for name in ("config", "edit", "line", "control", "answer", "capture", "inlet"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    texts = [path.read_bytes() for path in sorted((TOP / "tests/config").glob("*/*.yaml"))]
    texts = [text for text in texts if len(text) <= SIZE_MOST]
    for number, text in enumerate(texts):
        (folder / f"config/{number}").write_bytes(text)
        edit = EDITS[number % len(EDITS)].encode()
        (folder / f"edit/{number}").write_bytes(edit + b"\n" + text)
    small = b"inputs: [{name: in, port: 5000, outputs: out}]\noutputs: [{name: out, to: '10.9.1.2:6000'}]\n"
    for number, edit in enumerate(EDITS):
        (folder / f"edit/small{number}").write_bytes(edit.encode() + b"\n" + small)
    for number, line in enumerate(LINES):
        for mode in range(4):
            (folder / f"line/{number}-{mode}").write_bytes(bytes([mode]) + line.encode() + b"\n")
    (folder / "line/telnet").write_bytes(b"\3" + TELNET)
    commands = constants.ENUMERATIONS["sluice_command"]
    for name, command in commands.items():
        for flags in (0, 1, 2, 3):
            (folder / f"control/{name}-{flags}").write_bytes(bytes((command, flags)))
    for name in constants.TYPES:
        if name != "PAD":
            (folder / f"control/{name}").write_bytes(bytes((commands["SLUICE_CMD_CONFIG_APPLY"], 2)) + right(name))
    (folder / "control/apply").write_bytes(bytes((commands["SLUICE_CMD_CONFIG_APPLY"], 2)) + whole(("CONFIG_",)))
    prefixes = ("INPUT_", "OUTPUT_", "DAEMON_", "STORE_", "ORPHAN_", "CONFIG_", "CONFIG_", "STREAM_")
    for question in range(7):
        for number, prefix in enumerate(prefixes):
            (folder / f"answer/{question}-{number}").write_bytes(bytes((question, 0)) + whole((prefix,)))
        (folder / f"answer/error{question}").write_bytes(bytes((question, 0x41)) + struct.pack("=i", -22) + bytes(16) +
                                                        attribute(1, b"a refusal\0"))
        (folder / f"answer/done{question}").write_bytes(bytes((question, 0x40)) + struct.pack("=i", -4))
    captures(folder / "capture")
    inlets(folder / "inlet")
    # What was found, and mended since.
    for path in sorted((TOP / "tests/fuzz/found").glob("*/*")):
        (folder / path.parent.name / f"found-{path.name}").write_bytes(path.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
