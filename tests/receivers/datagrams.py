#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Datagrams that receivers stumble over, and what must become of each: `datagrams.py send LIMIT [PORT]`, in a network namespace of a
sender; `datagrams.py check PROFILE SENT LIMIT FILE FIGURES` (SENT: the LIMIT they were sent with) compares what the receiver wrote with
what docs/configuration.md and docs/receivers.md promise, and FIGURES (an output in `sluicectl show outputs -j`) with what that is. The
relay's part is worked out here anew, from the documents, not with its code. `row PROFILE SENT LIMIT` prints the same as cells of the
table in docs/receivers.md; `number BASE COUNT PAUSE` sends numbered ones from sixty ports, and `missing BASE COUNT FILE...` prints
how many of them stand in none of the files, and how many more than once."""
import json
import re
import socket
import struct
import sys
import time

PREFIX = b"<13>"


def datagrams(limit):
    """Each odd one is between two that nothing is wrong with."""
    odd = [b"", b"x", b"s" * (limit - 1), b"t" * limit, b"u" * (limit + 1), b"v" * 65507, b"2024-05-01 bravo", b"7", b"5 hello",
           b"8" * (limit + 1), b"<13>with a priority", b"<192>with a wrong one", b"<13", b"<", b"in\nside", b"end\n", b"two ends\n\n",
           b"a\rb", b"a\r\n", b"\r", b"\n", b"\r\n", b"a\0b", b"\0", b"\0\0", b"end\0", b"\xff\xfe\x80", b"   ", b"\t", b"zzz",
           b"w" * (limit - 2) + b"\n" * 4, b"k" * (limit - 8) + b"\t" + b"k" * 4, b"k" * (limit - 7) + b"\t" + b"k" * 4,
           b"a\0b" * 20000, b"\t" * (limit // 4), b"{\"json\": 1}"]
    found = []
    for number, text in enumerate(odd):
        found += [b"between %d ones" % number, text]
    return found + [b"between the last"]


# framing, bytes that are escaped, what begins a message badly; the limit comes by the command.
PROFILES = {
    "rsyslog-counted": ("octet-counted", b"", None),
    "rsyslog-lines": ("newline", b"\n", rb"[0-9]"),
    "rsyslog-relp": ("relp", b"", None),
    "syslog-ng-counted": ("octet-counted", b"", None),
    "syslog-ng-lines": ("newline", b"\n\r\0", None),
    "haproxy-counted": ("octet-counted", b"", None),
    "haproxy-lines": ("newline", b"\n\r", rb"[^<]"),
    "file-lines": ("newline", b"\n", None),
    "file-raw": ("raw", b"", None),
    "file-counted": ("octet-counted", b"", None),
    "file-length32": ("length32", b"", None),
    "tshark-pcap": ("pcap", b"", None),
    "tcpdump-pcap": ("pcap", b"", None),
}


def messages(profile, limit, payload):
    """The messages that the relay makes of a datagram; None: it does not go."""
    framing, unsafe, begins = PROFILES[profile]
    if framing == "newline" and payload.endswith(b"\n"):
        payload = payload[:-1]
        if b"\r" in unsafe and payload.endswith(b"\r"):
            payload = payload[:-1]
    if not payload:
        return None if framing in ("octet-counted", "raw") or (framing == "newline" and not profile.startswith("file")) else [b""]
    found, whole = [], payload
    while whole:
        message = PREFIX if begins and re.match(begins, whole) else b""
        taken, weight = 0, len(message)
        for byte in whole:
            form = b"#%03o" % byte if byte in unsafe else bytes([byte])
            if not profile.startswith("rsyslog"):
                weight += len(form)
            else:
                # Its own escapes count, and a message with any has three bytes less.
                control = re.compile(rb"[\0-\x1f\x7f]")
                first = control.match(bytes([byte])) and not control.search(whole[:taken])
                weight += (4 if control.match(bytes([byte])) else 1) + (3 if first else 0)
            if limit and weight > limit:
                break
            message += form
            taken += 1
        whole = whole[taken:]
        found.append(message)
    return found


def escaped(text):
    """As rsyslog writes control characters."""
    return re.sub(rb"[\0-\x1f\x7f]", lambda match: b"#%03o" % match.group()[0], text)


def written(profile, message):
    """What the receiver writes of a message."""
    program = profile.rsplit("-", 1)[0]
    if program == "rsyslog":
        # One line feed or NUL at the end goes.
        return escaped(message[:-1] if message.endswith((b"\n", b"\0")) else message) + b"\n"
    if program == "syslog-ng":
        return message.rstrip(b"\n\0") + b"\n"
    if program == "haproxy":
        # The ring's format raw leaves out the priority.
        text = re.sub(rb"^<\d{1,3}>", b"", message).rstrip(b"\n\0")
        return b"%d %s" % (len(text), text)
    if program in ("tshark", "tcpdump"):
        return message.hex().encode() + b"\n"
    return {"file-lines": message + b"\n", "file-counted": b"%d %s" % (len(message), message), "file-raw": message,
            "file-length32": struct.pack(">I", len(message)) + message}[profile]


def text_of(profile, path):
    """What the receiver wrote; of a capture file (microseconds, little-endian, raw IP) each UDP payload as tshark prints it."""
    with open(path, "rb") as file:
        got = file.read()
    if profile != "tcpdump-pcap" or not got:
        return got
    found, at = [], 24
    while at + 16 <= len(got):
        length, = struct.unpack_from("<I", got, at + 8)
        found.append(got[at + 16 + 28:at + 16 + length].hex().encode() + b"\n")
        at += 16 + length
    return b"".join(found)


# What the table's columns are called, and the datagram of each, with a limit.
CELLS = (("0", lambda limit: b""), ("1", lambda limit: b"x"), ("limit - 1", lambda limit: b"s" * (limit - 1)),
         ("limit", lambda limit: b"t" * limit), ("limit + 1", lambda limit: b"u" * (limit + 1)), ("65,507", lambda limit: b"v" * 65507),
         ("digit", lambda limit: b"2024-05-01 bravo"), ("`<`", lambda limit: b"<13"), ("LF", lambda limit: b"in\nside"),
         ("CR", lambda limit: b"a\r\n"), ("NUL", lambda limit: b"a\0b"), ("0xff", lambda limit: b"\xff\xfe\x80"))


def cell(profile, limit, payload):
    """What becomes of it, in a word or two."""
    became = messages(profile, limit, payload)
    if became is None:
        return "counted"
    if len(became) > 1:
        return "%d parts" % len(became)
    if became[0] == payload:
        return "whole"
    if became[0].startswith(PREFIX) and not payload.startswith(PREFIX):
        return "`<13>`, `#`" if b"#" in became[0] else "`<13>`"
    return "`#`" if b"#" in became[0] else "no CR LF" if payload.endswith(b"\r\n") and not became[0].endswith(b"\r") else "no LF"


def check(profile, sent, limit, path, figures):
    """Exits with 1 if something is not there that was not counted, or there otherwise than promised."""
    wished, skipped, split, pieces = [], 0, 0, 0
    for payload in datagrams(sent):
        became = messages(profile, limit, payload)
        skipped += became is None
        split += len(became or []) > 1
        pieces += len(became) if len(became or []) > 1 else 0
        wished += [written(profile, message) for message in became or []]
    got = text_of(profile, path)
    bad = False
    if got != b"".join(wished):
        place = next((number for number, pair in enumerate(zip(got, b"".join(wished))) if pair[0] != pair[1]), len(got))
        print(f"{profile}: {len(got)} bytes for {len(b''.join(wished))}; from byte {place} on {got[max(place - 60, 0):place + 60]!r}, "
              f"wished {b''.join(wished)[max(place - 60, 0):place + 60]!r}")
        bad = True
    with open(figures, encoding="utf-8") as file:
        figures = json.load(file)["destinations"][0]
    # A framing without a form for an empty datagram counts it as unsendable where no profile skips it.
    unsent = figures["skipped"] + figures["unsendable"] + figures["oversized"]
    for what, has, should in (("not sent", unsent, skipped), ("split", figures["split"], split), ("pieces", figures["pieces"], pieces)):
        if has != should:
            print(f"{profile}: {has} {what}, wished {should}")
            bad = True
    if not bad:
        print(f"as wished: {profile}: {len(wished)} messages of {len(datagrams(sent))} datagrams are what they should be, "
              f"{skipped} were counted as not sent, {split} went as {pieces}")
    sys.exit(bad)


def send(limit, port):
    """Sends them, not faster than anybody can read."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for payload in datagrams(limit):
        out.sendto(payload, ("10.9.0.1", port))
        time.sleep(0.003)


def number(base, count, pause):
    """Sends numbered ones, from sixty ports, ten between two pauses."""
    outs = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(60)]
    for place in range(count):
        outs[place % len(outs)].sendto(b"number %07d; %s" % (base + place, b"p" * 150), ("10.9.0.1", 5000))
        if place % 10 == 9:
            time.sleep(pause)


def missing(base, count, paths):
    """Prints how many of these are missing, and how many came more than once."""
    seen = {}
    for path in paths:
        with open(path, "rb") as file:
            text = file.read()
        # A line of hexadecimal digits is a payload.
        text = b"\n".join(bytes.fromhex(line.decode()) if re.fullmatch(rb"([0-9a-f]{2})+", line) else line for line in text.split(b"\n"))
        for found in re.findall(rb"number (\d{7});", text):
            seen[int(found)] = seen.get(int(found), 0) + 1
    print(sum(place not in seen for place in range(base, base + count)),
          sum(seen.get(place, 0) > 1 for place in range(base, base + count)))


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 5000)
    elif sys.argv[1] == "number":
        number(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    elif sys.argv[1] == "missing":
        missing(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
    elif sys.argv[1] == "row":
        print(" | ".join(cell(sys.argv[2], int(sys.argv[4]), make(int(sys.argv[3]))) for _, make in CELLS))
    else:
        check(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
