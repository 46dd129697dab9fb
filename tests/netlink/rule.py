#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds one rule straight to the module, with a route of its own, behind every daemon's back."""
import argparse
import os
import struct
import sys

import schema
from schema import attribute

parser = argparse.ArgumentParser()
parser.add_argument("--name", default="by-hand")
parser.add_argument("--ports", default="5000")
parser.add_argument("--interface", default="")
parser.add_argument("--batching", type=int, default=0)
parser.add_argument("--hook", type=int, default=0)
parser.add_argument("--flags", type=int, default=0)
parser.add_argument("--ring", type=int, default=1 << 20)
options = parser.parse_args()

client = schema.Client()
route, guid = os.urandom(16), os.urandom(16)
first, _, last = options.ports.partition("-")
try:
    client.call("ROUTE_SET", attribute("ROUTE_ID", route) + attribute("ROUTE_NAME", options.name.encode() + b"\0") +
                attribute("ROUTE_RING_SIZE", struct.pack("=Q", options.ring)), schema.NLM_F_CREATE)
    try:
        client.call("RULE_SET", attribute("RULE_ID", guid) + attribute("RULE_ROUTE", route) +
                    attribute("RULE_NAME", options.name.encode() + b"\0") + attribute("RULE_INPUT", struct.pack("=H", 0)) +
                    attribute("RULE_PORTS", struct.pack("=HH", int(first), int(last or first))) +
                    (attribute("RULE_INTERFACE", options.interface.encode() + b"\0") if options.interface else b"") +
                    attribute("RULE_HOOK", bytes([options.hook])) + attribute("RULE_FLAGS", struct.pack("=I", options.flags)) +
                    attribute("RULE_BATCHING", bytes([options.batching])), schema.NLM_F_CREATE)
    except schema.Refused:
        client.call("ROUTE_DEL", attribute("ROUTE_ID", route))
        raise
except schema.Refused as refusal:
    print(refusal.text or f"refused without a word (errno {refusal.number})")
    sys.exit(1)
