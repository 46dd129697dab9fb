#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sends the module messages that are wrong in one way each. Every one has to be refused with a text, and
then 20,000 random ones, of which none may be taken by accident to change anything (the caller compares
the rules before and after)."""
import os
import random
import struct
import sys

import schema
from schema import attribute

client = schema.Client()
route = os.urandom(16)
guid = os.urandom(16)
name = attribute("RULE_NAME", b"malformed\0")
ports = attribute("RULE_PORTS", struct.pack("=HH", 7000, 7000))
number = attribute("RULE_INPUT", struct.pack("=H", 0))
whole = attribute("RULE_ID", guid) + attribute("RULE_ROUTE", route) + name + ports + number
other = whole.replace(guid, os.urandom(16))
# A route of our own, for exchanges that are wrong in nothing else; it goes in the end.
ours = os.urandom(16)
client.call("ROUTE_SET", attribute("ROUTE_ID", ours) + attribute("ROUTE_NAME", b"exchange\0") +
            attribute("ROUTE_RING_SIZE", struct.pack("=Q", 1 << 20)), schema.NLM_F_CREATE)


def nest(attributes):
    """A rule of an exchange."""
    return attribute(schema.ATTRIBUTE["SLUICE_A_RULE"] | schema.NLA_F_NESTED, attributes)


def right(port, rule=None):
    """The attributes of a rule that could be, on one port."""
    return (attribute("RULE_ID", rule or os.urandom(16)) + attribute("RULE_ROUTE", ours) + number +
            attribute("RULE_NAME", b"exchanged\0") + attribute("RULE_PORTS", struct.pack("=HH", port, port)))


CASES = {
    "no attribute at all": ("RULE_SET", b"", schema.NLM_F_CREATE),
    "no GUID": ("RULE_SET", attribute("RULE_ROUTE", route) + name + ports + number, schema.NLM_F_CREATE),
    "a GUID of 15 bytes": ("RULE_SET", attribute("RULE_ID", guid[:15]) + attribute("RULE_ROUTE", route) + ports + number,
                           schema.NLM_F_CREATE),
    "a route that does not exist": ("RULE_SET", whole, schema.NLM_F_CREATE),
    "change of a rule that does not exist": ("RULE_SET", whole, 0),
    "ports that are no ranges": ("RULE_SET", whole.replace(ports, attribute("RULE_PORTS", b"\1\2\3")), schema.NLM_F_CREATE),
    "a descending range": ("RULE_SET", whole.replace(ports, attribute("RULE_PORTS", struct.pack("=HH", 7001, 7000))),
                           schema.NLM_F_CREATE),
    "port 0": ("RULE_SET", whole.replace(ports, attribute("RULE_PORTS", struct.pack("=HH", 0, 0))), schema.NLM_F_CREATE),
    "a verdict that does not exist": ("RULE_SET", whole + attribute("RULE_VERDICT", b"\7"), schema.NLM_F_CREATE),
    "a hook that does not exist": ("RULE_SET", whole + attribute("RULE_HOOK", b"\3"), schema.NLM_F_CREATE),
    "ingress without an interface": ("RULE_SET", whole + attribute("RULE_HOOK", b"\2"), schema.NLM_F_CREATE),
    "ingress that copies": ("RULE_SET", whole + attribute("RULE_HOOK", b"\2") + attribute("RULE_INTERFACE", b"lo\0") +
                            attribute("RULE_VERDICT", b"\1"), schema.NLM_F_CREATE),
    "a batching that does not exist": ("RULE_SET", whole + attribute("RULE_BATCHING", b"\3"), schema.NLM_F_CREATE),
    "batching without an interface": ("RULE_SET", whole + attribute("RULE_BATCHING", b"\1"), schema.NLM_F_CREATE),
    "flags that do not exist": ("RULE_SET", whole + attribute("RULE_FLAGS", struct.pack("=I", 1 << 30)), schema.NLM_F_CREATE),
    "an address of 5 bytes": ("RULE_SET", whole + attribute("RULE_DESTINATION", b"12345"), schema.NLM_F_CREATE),
    "a prefix longer than the address": ("RULE_SET", whole + attribute("RULE_SOURCE", b"1234") +
                                         attribute("RULE_SOURCE_LEN", b"\x21"), schema.NLM_F_CREATE),
    "an endless interface name": ("RULE_SET", whole + attribute("RULE_INTERFACE", b"e" * 40 + b"\0"), schema.NLM_F_CREATE),
    "an unknown attribute": ("RULE_SET", whole + attribute(900, b"1234"), schema.NLM_F_CREATE),
    "a ring of 3 bytes": ("ROUTE_SET", attribute("ROUTE_ID", guid) + attribute("ROUTE_NAME", b"x\0") +
                          attribute("ROUTE_RING_SIZE", struct.pack("=Q", 3)), schema.NLM_F_CREATE),
    "a ring of 2^63 bytes": ("ROUTE_SET", attribute("ROUTE_ID", guid) + attribute("ROUTE_NAME", b"x\0") +
                             attribute("ROUTE_RING_SIZE", struct.pack("=Q", 1 << 63)), schema.NLM_F_CREATE),
    "deletion of a rule that does not exist": ("RULE_DEL", attribute("RULE_ID", guid), 0),
    "deletion of a route that does not exist": ("ROUTE_DEL", attribute("ROUTE_ID", guid), 0),
    "deletion of nothing": ("RULE_DEL", b"", 0),
    "an exchange of nothing": ("RULES_EXCHANGE", b"", 0),
    "an exchange that knows no such attribute": ("RULES_EXCHANGE", attribute("RULE_ID", guid), 0),
    "an exchange with a rule that is not nested": ("RULES_EXCHANGE", attribute("RULE", right(7001)), 0),
    "an exchange with an empty rule": ("RULES_EXCHANGE", nest(right(7001)) + nest(b""), 0),
    "an exchange with one rule right and one of a route that does not exist":
        ("RULES_EXCHANGE", nest(right(7001)) + nest(other), 0),
    "an exchange with two rules for one port": ("RULES_EXCHANGE", nest(right(7001)) + nest(right(7002)) + nest(right(7001)), 0),
    "an exchange with two rules of one GUID": ("RULES_EXCHANGE", nest(right(7001, guid)) + nest(right(7002, guid)), 0),
    "an exchange with a truncated rule": ("RULES_EXCHANGE", nest(right(7001)) + nest(right(7002)[:-6]), 0),
    "an exchange that deletes a GUID of 15 bytes": ("RULES_EXCHANGE", nest(right(7001)) + attribute("RULE_GONE", guid[:15]), 0),
    "an exchange with counters from a GUID of 3 bytes":
        ("RULES_EXCHANGE", nest(right(7001) + attribute("RULE_CONTINUES", b"123")), 0),
    "continuing where nothing is exchanged":
        ("RULE_SET", whole.replace(route, ours) + attribute("RULE_CONTINUES", guid), schema.NLM_F_CREATE),
}
bad = 0
for what, (command, attributes, flags) in CASES.items():
    try:
        client.call(command, attributes, flags)
        print(f"TAKEN: {what}")
        bad += 1
    except schema.Refused as refusal:
        if not refusal.text:
            print(f"REFUSED WITHOUT A WORD (errno {refusal.number}): {what}")
            bad += 1
        else:
            print(f"refused: {what}: {refusal.text}")

chance = random.Random(20261121)
client.call("ROUTE_DEL", attribute("ROUTE_ID", ours))
changing = [number for name, number in schema.COMMAND.items() if name.endswith(("_SET", "_DEL", "_EXCHANGE"))]
tries = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
for turn in range(tries):
    body = b""
    for part in range(chance.randrange(6)):
        # No GUID of 16 random bytes names anything, so nothing of this can be right.
        body += attribute(chance.choice((chance.randrange(70), chance.randrange(max(schema.ATTRIBUTE.values()) + 3))), chance.randbytes(chance.choice((0, 1, 2, 4, 8, 15, 16, 17, 64))))
    mutated = bytearray(struct.pack("=BBH", chance.choice(changing), chance.randrange(3), 0) + body)
    if chance.random() < 0.3:
        mutated = mutated[:max(4, chance.randrange(len(mutated) + 1))]
    try:
        client.call_raw(client.family, bytes(mutated), chance.choice((0, 0x100, 0x200, 0x400)))
        # A route or rule that came from random bytes would be seen by the caller; a removal likewise.
    except schema.Refused:
        pass
print(f"{len(CASES)} cases, {bad} bad, {tries} random messages")
sys.exit(1 if bad else 0)
