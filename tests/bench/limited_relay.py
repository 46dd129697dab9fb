#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A relay whose limit is known: it passes so many datagrams a second and drops the rest.

    limited_relay.py UDP-PORT TCP-HOST TCP-PORT RATE DEPTH [HOLD]

A token bucket of RATE a second and DEPTH deep, filled by the time at which the kernel had each datagram, so that it
does not matter when this program is let run. What passes goes on as lines. With HOLD, nothing is dropped: it waits
here, without end, and goes on at RATE a second: a relay with a reservoir.
"""
import collections
import select
import socket
import struct
import sys
import time

SO_TIMESTAMPNS = 35  # asm-generic/socket.h


def main():
    port, host, to, rate, depth = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
    hold = len(sys.argv) > 6
    incoming = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    incoming.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    incoming.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    incoming.setblocking(False)
    incoming.bind(("0.0.0.0", port))
    while True:
        try:
            outgoing = socket.create_connection((host, to))
            break
        except ConnectionError:
            time.sleep(0.1)
    outgoing.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tokens, latest = depth, 0.0
    waiting = collections.deque()
    while True:
        select.select([incoming], [], [], 0.002 if waiting else None)
        lines = []
        for _ in range(500):
            try:
                payload, control, _, _ = incoming.recvmsg(65536, 64)
            except BlockingIOError:
                break
            if hold:
                waiting.append(payload)
                continue
            seconds, nanoseconds = struct.unpack("qq", control[0][2])
            now = seconds + nanoseconds / 1e9
            tokens, latest = min(depth, tokens + (now - latest) * rate), now
            if tokens >= 1:
                tokens -= 1
                lines.append(payload)
        if hold:
            now = time.time()
            tokens, latest = min(depth, tokens + (now - latest) * rate), now
            while waiting and tokens >= 1:
                tokens -= 1
                lines.append(waiting.popleft())
        if lines:
            outgoing.sendall(b"\n".join(lines) + b"\n")


main()
