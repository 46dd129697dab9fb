#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a user who may ask nothing can do to the control plane: stranger.py squat | flood SECONDS [PORT] | crowd SECONDS [PORT].

squat: binds sluiced's netlink port and answers every request with "done", as the daemon would; prints what it is told.
flood: datagrams of thousands of requests each, for so long, from many sockets whose answers nobody reads.
crowd: many processes, each of which waits until there is room for its datagram: small ones, and large ones.
PORT: another one than the daemon's, to see what the load alone does. All as user 65534.
"""
import os
import socket
import struct
import sys
import time


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


os.setgid(65534)
os.setuid(65534)
if sys.argv[1] == "squat":
    squat()
if len(sys.argv) > 3:
    PORT = int(sys.argv[3])
if sys.argv[1] == "crowd":
    crowd(float(sys.argv[2]))
else:
    flood(float(sys.argv[2]))
