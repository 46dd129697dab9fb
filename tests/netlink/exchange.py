#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exchanges rules in one step, straight with the module: what is refused changes nothing and names the rule; ports go round;
counters go on; 5,000 rules fit into one message."""
import os
import socket
import struct
import sys

import schema
from schema import attribute

client = schema.Client()
# SO_SNDBUFFORCE: the 5,000 rules are one message.
client.socket.setsockopt(socket.SOL_SOCKET, 32, 8 << 20)
bad = 0


def check(what, holds):
    global bad
    bad += not holds
    print(f"{'as wished' if holds else 'WRONG'}: {what}")


def guid(number):
    return struct.pack("=QQ", 0x5F5F, number)


def rule(number, first, last=None, route=guid(1 << 40), continues=None, name=None, **more):
    """A rule of an exchange."""
    body = attribute("RULE_ID", guid(number)) + attribute("RULE_ROUTE", route)
    body += attribute("RULE_NAME", (name or f"rule-{number}").encode() + b"\0")
    body += attribute("RULE_INPUT", struct.pack("=H", number % 65536))
    body += attribute("RULE_PORTS", struct.pack("=HH", first, last or first))
    for key, value in more.items():
        body += attribute("RULE_" + key, value)
    if continues is not None:
        body += attribute("RULE_CONTINUES", guid(continues))
    return attribute(schema.ATTRIBUTE["SLUICE_A_RULE"] | schema.NLA_F_NESTED, body)


def gone(number):
    return attribute("RULE_GONE", guid(number))


def exchange(*parts):
    client.call("RULES_EXCHANGE", b"".join(parts))


def counts(body):
    """{kind: payload} of the attributes of a message or a nest."""
    found, position = {}, 0
    while position + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, position)
        found[kind & 0x3FFF] = body[position + 4:position + length]
        position += (length + 3) & ~3
    return found


def rules():
    """{number: (ports, name, matched)} as the module tells them."""
    table = {}
    for message in client.call("RULE_GET", b"", schema.NLM_F_DUMP):
        found = counts(message[20:])
        number = struct.unpack("=QQ", found[schema.ATTRIBUTE["SLUICE_A_RULE_ID"]])[1]
        counters = counts(found[schema.ATTRIBUTE["SLUICE_A_RULE_COUNTERS"]])
        table[number] = (struct.unpack("=HH", found[schema.ATTRIBUTE["SLUICE_A_RULE_PORTS"]][:4]),
                         found[schema.ATTRIBUTE["SLUICE_A_RULE_NAME"]].rstrip(b"\0").decode(),
                         struct.unpack("=Q", counters[2])[0])
    return table


def refused(what, number, names, *parts):
    """The exchange is refused with this errno and a text that names all of these; nothing changes."""
    before = rules()
    try:
        exchange(*parts)
        check(f"{what}: refused", False)
    except schema.Refused as refusal:
        print(f"  {refusal.text}")
        check(f"{what}: errno {refusal.number}, and it says of what",
              refusal.number == number and refusal.text and all(name in refusal.text for name in names))
    check(f"{what}: nothing changed", rules() == before)


def send(port, times):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(times):
            sender.sendto(b"exchange", ("127.0.0.1", port))


ENOENT, EEXIST, EINVAL, EOPNOTSUPP = 2, 17, 22, 95
for route in (1 << 40, 1 << 41):
    client.call("ROUTE_SET", attribute("ROUTE_ID", guid(route)) + attribute("ROUTE_RING_SIZE", struct.pack("=Q", 1 << 20)),
                schema.NLM_F_CREATE)

exchange(rule(1, 7001), rule(2, 7002), rule(3, 7003))
check("three rules", sorted(rules()) == [1, 2, 3])
send(7001, 5), send(7002, 7), send(7003, 11)
exchange(rule(1, 7002), rule(2, 7003), rule(3, 7001))
found = rules()
check("ports went round", [found[number][0][0] for number in (1, 2, 3)] == [7002, 7003, 7001])
check("counters stayed with their rules", [found[number][2] for number in (1, 2, 3)] == [5, 7, 11])
exchange(rule(1, 7002), rule(2, 7003), rule(3, 7001))
check("the same again changes nothing", rules() == found)

exchange(gone(1), rule(4, 7002, continues=1, name="renamed"))
check("counters go on under another GUID", rules()[4] == ((7002, 7002), "renamed", 5) and 1 not in rules())
exchange(gone(2), rule(5, 7003, route=guid(1 << 41), continues=2))
send(7003, 1), send(7002, 1)
check("counters go on in another route", rules()[5][2] == 8 and rules()[4][2] == 6)
exchange(gone(77), rule(6, 7006, continues=77))
check("what is gone already is passed over", rules()[6][2] == 0)

refused("a rule named twice", EINVAL, ["rule-3"], gone(3), rule(3, 7009))
refused("one deleted twice", EINVAL, ["rule-3"], gone(3), gone(3))
refused("counters of a rule that stays", EINVAL, ["rule-8", "rule-3"], rule(8, 7008, continues=3))
refused("counters that go on twice", EINVAL, ["rule-9", "rule-3"], gone(3), rule(8, 7008, continues=3), rule(9, 7009, continues=3))
refused("counters of another for one that has its own", EINVAL, ["rule-3"], gone(6), rule(3, 7003, continues=6))
refused("a clash with one that stays", EEXIST, ["rule-9", "rule-6"], gone(3), rule(8, 7001), rule(9, 7006))
refused("a clash of two that come", EEXIST, ["rule-8", "rule-9"], gone(3), rule(8, 7001), rule(9, 7000, 7010, HOOK=b"\1"))
refused("a route that is not there, last of 200", ENOENT, ["rule-300"], gone(3),
        *(rule(100 + number, 8000 + number) for number in range(200)), rule(300, 9000, route=guid(3)))
refused("an ingress rule without an interface", EINVAL, ["rule-8"], gone(3), rule(8, 7001, HOOK=b"\2"))

many = [rule(1000 + number, 10000 + number) for number in range(5000)]
exchange(*many)
check("5,000 rules in one message", len(rules()) == 5004)
exchange(*(rule(1000 + number, 10000 + (number + 1) % 5000) for number in range(5000)))
check("their ports went round", rules()[1000][0][0] == 10001 and rules()[5999][0][0] == 10000)
exchange(*(gone(number) for number in rules()))
check("all are gone", not rules())
for route in (1 << 40, 1 << 41):
    client.call("ROUTE_DEL", attribute("ROUTE_ID", guid(route)))
print(f"{bad} wrong")
sys.exit(1 if bad else 0)
