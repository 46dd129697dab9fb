#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a user who may ask nothing can do to the control plane: stranger.py squat | flood SECONDS [PORT] | crowd SECONDS [PORT] |
horde SECONDS PORT same | user | net.

squat: binds sluiced's netlink port and answers every request with "done", as the daemon would; prints what it is told.
flood: datagrams of thousands of requests each, for so long, from many sockets whose answers nobody reads.
crowd: many processes, each of which waits until there is room for its datagram: small ones, and large ones.
horde: one process with 500 sockets sends every message there is through every door, as fast as it can, and reads nothing; in our
namespaces, in a user namespace of its own, or in that and a network namespace of its own. SLUICE_DOOR: the daemon's socket.
PORT: another one than the daemon's, to see what the load alone does. All as user 65534.
"""
import ctypes
import os
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
import schema  # noqa: E402

NETLINK_USERSOCK, PORT = 2, 0x736C7569
NLM_F_REQUEST, NLMSG_ERROR = 1, 2
CROWD = int(os.environ.get("CROWD", "48"))


def squat():
    """Answers for the daemon."""
    listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_USERSOCK)
    listener.bind((PORT, 0))
    print("squatting", flush=True)
    while True:
        message, _ = listener.recvfrom(1 << 21)
        _, _, _, sequence, port = struct.unpack_from("=IHHII", message)
        print("told", len(message), "relay:" if b"relay:" in message else "", flush=True)
        listener.sendto(struct.pack("=IHHIIi", 36, NLMSG_ERROR, 0x100, sequence, port, 0) + message[:16], (port, 0))


def flood(seconds):
    """Asks and asks."""
    many = struct.pack("=IHHII", 16, 0x20, NLM_F_REQUEST, 1, 0) * 6000
    sockets = []
    for _ in range(64):
        sockets.append(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_USERSOCK))
        sockets[-1].bind((0, 0))
        sockets[-1].setblocking(False)
    end, sent = time.monotonic() + seconds, 0
    print("flooding", flush=True)
    while time.monotonic() < end:
        for one in sockets:
            try:
                one.sendto(many, (PORT, 0))
                sent += 1
            except OSError:
                time.sleep(0.0005)
    print("sent", sent, flush=True)


def crowd(seconds):
    """Stands in the way."""
    end = time.monotonic() + seconds
    print("crowding", flush=True)
    for number in range(CROWD):
        if os.fork():
            continue
        many = struct.pack("=IHHII", 16, 0x20, NLM_F_REQUEST, 1, 0) * (6000 if number % 2 else 1)
        one = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_USERSOCK)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 1, 0))
        while time.monotonic() < end:
            try:
                one.sendto(many, (PORT, 0))
            except OSError:
                time.sleep(0.01)
        os._exit(0)
    for _ in range(CROWD):
        os.wait()


def every_message():
    """Each command, asked, asked with a list and asked with an answer, with nothing, a configuration, all attributes."""
    everything = b"".join(schema.attribute(number, b"\0" * 16) for number in range(1, schema.ATTRIBUTE["SLUICE_A_MAX"] + 1))
    bodies = b"", schema.attribute("CONFIG_TEXT", b"relay: horde\n"), everything
    for command in range(schema.COMMAND["SLUICE_CMD_MAX"] + 3):
        for flags in (NLM_F_REQUEST, schema.NLM_F_REQUEST | schema.NLM_F_DUMP, NLM_F_REQUEST | 4):
            for body in bodies:
                yield struct.pack("=IHHIIBBH", 20 + len(body), 0x10, flags, 1, 0, command, 1, 0) + body


def knock():
    """The daemon's socket in the file system, and the module's device."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.setblocking(False)
    try:
        one.connect(os.environ.get("SLUICE_DOOR", "/run/sluice/sluiced.sock"))
    except OSError:
        one.close()
        one = None
    try:
        os.close(os.open("/dev/sluice", os.O_RDWR))
        print("OPEN /dev/sluice", flush=True)
    except OSError:
        pass
    if one:
        print("OPEN the daemon's socket", flush=True)
        one.close()


def horde(seconds, where):
    """Five hundred sockets, every door, every message."""
    new_user, new_net = 0x10000000, 0x40000000
    flags = {"same": 0, "user": new_user, "net": new_user | new_net}[where]
    if flags and ctypes.CDLL(None, use_errno=True).unshare(flags):
        raise OSError(ctypes.get_errno(), "unshare")
    whole, sockets = list(every_message()), []
    for number in range(500):
        # Netlink to the daemon, and generic netlink to whatever family has the number.
        sockets.append(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_USERSOCK if number % 5 else 16))
        sockets[-1].bind((0, 0))
        sockets[-1].setblocking(False)
    end, sent, number = time.monotonic() + seconds, 0, 0
    print("riding", flush=True)
    while time.monotonic() < end:
        for place, one in enumerate(sockets):
            number += 1
            try:
                one.sendto(whole[number % len(whole)], (PORT if place % 5 else 0, 0))
                sent += 1
            except OSError:
                pass
        knock()
    print("sent", sent, "of", number, flush=True)


os.setgid(65534)
os.setuid(65534)
if sys.argv[1] == "squat":
    squat()
if len(sys.argv) > 3:
    PORT = int(sys.argv[3])
if sys.argv[1] == "horde":
    horde(float(sys.argv[2]), sys.argv[4])
elif sys.argv[1] == "crowd":
    crowd(float(sys.argv[2]))
else:
    flood(float(sys.argv[2]))
