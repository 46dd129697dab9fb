#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what the daemon tells the multicast group of its events (uapi/sluice.yaml), a line for each: kind key where [interface]: text.

Only what root sent is believed: anybody may send to a group of NETLINK_USERSOCK.
"""
import pathlib
import socket
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import schema

NETLINK_USERSOCK, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, GROUP = 2, 270, 1, 20
EVENTS = {value: name.removeprefix("SLUICE_EVENT_").lower() for name, value in schema.ENUMERATIONS["sluice_event"].items()}
ATTRIBUTES = schema.ATTRIBUTE
DAEMON_EVENT = schema.COMMAND["SLUICE_CMD_DAEMON_EVENT"]

listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_USERSOCK)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
# A socket without a port of its own is passed over.
listener.bind((0, 0))
listener.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, GROUP)
print("events: listening", flush=True)
while True:
    message, ancillary, _, _ = listener.recvmsg(65536, 1024)
    uids = [struct.unpack("iII", data[:12])[1] for _, kind, data in ancillary if kind == socket.SCM_CREDENTIALS]
    if uids != [0] or message[16] != DAEMON_EVENT:
        continue
    found = {}
    place = 20
    while place + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, place)
        found[kind] = message[place + 4:place + length]
        place += (length + 3) // 4 * 4
    place = found.get(ATTRIBUTES["SLUICE_A_EVENT_INTERFACE"], b"").rstrip(b"\0").decode()
    texts = [found[ATTRIBUTES["SLUICE_A_EVENT_" + name]].rstrip(b"\0").decode() for name in ("KEY", "WHERE", "TEXT")]
    kind = struct.unpack("=I", found[ATTRIBUTES["SLUICE_A_EVENT_KIND"]])[0]
    print("{} {} {}: {}".format(EVENTS[kind], *texts[:1], " ".join(filter(None, (texts[1], place))), texts[2]), flush=True)
