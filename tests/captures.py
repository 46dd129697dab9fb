#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Captures for tests, and what has to come out of them: tests/captures.py FORM LINK OUT [--kind KIND] [--count N] [--size N].

FORM: micro, nano, micro-swapped, nano-swapped, ng, ng-swapped. LINK: ethernet, raw, cooked, cooked2, null, loop, ipv4, ipv6.
KIND of the packets: plain (UDP to the ports 5000 to 5003, in turn), odd (VLAN tags where the link has some, IPv4 options and
fragments, IPv6 extension headers and fragments, empty and long datagrams, and what is no UDP in between), vlan.
Writes OUT, and OUT.wish: a line for each datagram, as framing newline has it, in the order in which they are complete.
Touches: these two files.
"""
import argparse
import struct

PORT, PORTS = 5000, 4
START, STEP_NS = 1_700_000_000, 1_000_000
FOUR = bytes([10, 9, 0, 2]), bytes([10, 9, 0, 1])
SIX = bytes.fromhex("fd090000000000000000000000000002"), bytes.fromhex("fd090000000000000000000000000001")
LINKS = {"null": 0, "ethernet": 1, "raw": 101, "loop": 108, "cooked": 113, "ipv4": 228, "ipv6": 229, "cooked2": 276}


def udp(number, payload):
    """A UDP datagram, without a checksum."""
    return struct.pack(">HHHH", 4999, PORT + number % PORTS, 8 + len(payload), 0) + payload


def ipv4(carried, protocol=17, ident=0, offset=0, more=False, options=b""):
    """An IPv4 packet."""
    return struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(carried), ident,
                       offset // 8 | more << 13, 64, protocol, 0, *FOUR) + options + carried


def ipv6(carried, protocol=17):
    """An IPv6 packet."""
    return struct.pack(">IHBB", 6 << 28, len(carried), protocol, 64) + SIX[0] + SIX[1] + carried


def ipv6_fragment(carried, protocol, ident, offset, more):
    """A fragment of IPv6."""
    return ipv6(struct.pack(">BBHI", protocol, 0, offset | more, ident) + carried, 44)


def frame(link, packet, tags=()):
    """The packet as it is on a link; tags: EtherTypes of VLAN tags, the outer one first."""
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86dd
    if link in ("raw", "ipv4", "ipv6"):
        return packet
    if link == "null":
        return struct.pack("<I", 2 if kind == 0x0800 else 10) + packet
    if link == "loop":
        return struct.pack(">I", 2 if kind == 0x0800 else 30) + packet
    first = tags[0] if tags else kind
    rest = b""
    for place in range(len(tags)):
        rest += struct.pack(">HH", 100 + place, tags[place + 1] if place + 1 < len(tags) else kind)
    if link == "cooked":
        return struct.pack(">HHH8sH", 0, 1, 6, b"\2\0\0\0\0\1", first) + rest + packet
    if link == "cooked2":
        return struct.pack(">HHIHBB8s", first, 0, 2, 1, 0, 6, b"\2\0\0\0\0\1") + rest + packet
    # A short frame is filled up on the wire: what is behind the packet is nobody's.
    return (b"\2\0\0\0\0\1\2\0\0\0\0\2" + struct.pack(">H", first) + rest + packet).ljust(60, b"\xee")


def cut(whole, size):
    """(offset, piece, more) of each fragment."""
    return [(at, whole[at:at + size], at + size < len(whole)) for at in range(0, len(whole), size)]


def odd(link, count, wish):
    """Packets of all kinds."""
    families = {"ipv4": [4], "ipv6": [6]}.get(link, [4, 6])
    tagged = [(), (0x8100,), (0x88a8, 0x8100), (0x8100, 0x8100, 0x9100)] if link in ("ethernet", "cooked", "cooked2") else [()]
    for number in range(count):
        family, tags = families[number % len(families)], tagged[number // 2 % len(tagged)]
        text = b"datagram %d " % number + b"y" * (3000 if number % 3 == 0 else number % 50)
        whole = udp(number, text)
        if number % 11 == 5:
            yield frame(link, ipv4(whole, protocol=6) if family == 4 else ipv6(whole, protocol=6), tags)
        if number % 3 == 0:
            pieces = cut(whole, 1480 - 1480 % 8)
            # The last one first, the first one twice.
            if number % 2:
                pieces = pieces[::-1] + pieces[-1:]
                pieces.insert(1, pieces[0])
                pieces.pop()
            for offset, piece, more in pieces:
                yield frame(link, ipv4(piece, ident=number, offset=offset, more=more) if family == 4
                            else ipv6_fragment(piece, 17, number, offset, more), tags)
        elif family == 4:
            yield frame(link, ipv4(whole, options=b"\x94\x04\0\0" if number % 4 == 1 else b""), tags)
        else:
            hop = bytes([60, 0, 1, 4, 0, 0, 0, 0])
            destination = bytes([17, 1, 1, 12]) + bytes(12)
            yield frame(link, ipv6(hop + destination + whole, 0) if number % 4 == 1 else ipv6(whole), tags)
        wish.append(text)


def packets(link, kind, count, size, wish):
    """Frames, and what has to come out of them."""
    if kind == "odd":
        yield from odd(link, count, wish)
        return
    for number in range(count):
        text = (b"datagram %d " % number).ljust(size, b"x")
        wish.append(text)
        packet = ipv6(udp(number, text)) if link == "ipv6" else ipv4(udp(number, text))
        yield frame(link, packet, (0x8100,) if kind == "vlan" else ())


def write_pcap(file, form, link, frames):
    """The old format."""
    order = ">" if form.endswith("swapped") else "<"
    nano = form.startswith("nano")
    file.write(struct.pack(order + "IHHiIII", 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0, 262144, LINKS[link]))
    for number, one in enumerate(frames):
        time = number * STEP_NS
        file.write(struct.pack(order + "IIII", START + time // 1_000_000_000, time % 1_000_000_000 // (1 if nano else 1000),
                               len(one), len(one)) + one)


def block(order, kind, body):
    """A block of pcapng."""
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def write_ng(file, form, link, frames):
    """The new format: three interfaces, of which one counts in nanoseconds, one in parts of 2, and one is of another kind."""
    order = ">" if form.endswith("swapped") else "<"
    file.write(block(order, 0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1)))
    for resolution in (9, 0x80 | 20):
        file.write(block(order, 1, struct.pack(order + "HHIHHBxxxHH", LINKS[link], 0, 0, 9, 1, resolution, 0, 0)))
    file.write(block(order, 1, struct.pack(order + "HHI", 147, 0, 0)))
    file.write(block(order, 0xbad, b"nobody knows this block"))
    for number, one in enumerate(frames):
        time = START * 1_000_000_000 + number * STEP_NS
        stamp = time if number % 2 == 0 else time * 2**20 // 1_000_000_000
        body = struct.pack(order + "IIIII", number % 2, stamp >> 32, stamp & 0xffffffff, len(one), len(one)) + one
        file.write(block(order, 6, body))
        if number % 100 == 50:
            file.write(block(order, 6, struct.pack(order + "IIIII", 2, 0, 0, 4, 4) + b"user"))


def main():
    """Writes one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("form")
    parser.add_argument("link", choices=LINKS)
    parser.add_argument("out")
    parser.add_argument("--kind", default="plain", choices=["plain", "odd", "vlan"])
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--size", type=int, default=50)
    words = parser.parse_args()
    wish = []
    frames = packets(words.link, words.kind, words.count, words.size, wish)
    with open(words.out, "wb") as file:
        (write_ng if words.form.startswith("ng") else write_pcap)(file, words.form, words.link, frames)
    with open(words.out + ".wish", "wb") as file:
        file.write(b"".join(text + b"\n" for text in wish))


main()
