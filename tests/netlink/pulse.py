#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How soon a sluiced answers root, and whether its watchdog keeps its beat: pulse.py NOTIFY DOOR.

NOTIFY: the socket to be made for the daemon's NOTIFY_SOCKET. DOOR: "netlink", or the path of the daemon's socket. Asks for the
daemon's facts (DAEMON_GET), over and over, with a moment's rest in between. Each line on the standard input ends a period and
begins the next; the answer is a line "RESULT answers=N answer_ms=LONGEST refused=N beats=N beat_ms=LONGEST". What is
still waited for counts as far as it has got.
"""
import selectors
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
import schema  # noqa: E402

NETLINK_USERSOCK, PORT, TYPE = 2, 0x736C7569, 0x10
REST = 0.02


class Period:
    """What was seen of one thing since the period began."""

    def __init__(self):
        self.count, self.longest, self.refused, self.since = 0, 0.0, 0, None

    def begin(self):
        """It is waited for from now on."""
        self.since = time.monotonic()

    def end(self):
        """It has come."""
        self.count += 1
        self.look()
        self.since = None

    def look(self):
        """What is waited for counts, too."""
        if self.since is not None:
            self.longest = max(self.longest, time.monotonic() - self.since)


def open_door(door):
    """A connection to the daemon."""
    if door == "netlink":
        client = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_USERSOCK)
        client.bind((0, 0))
        client.connect((PORT, 0))
    else:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.connect(door)
    client.settimeout(60)
    return client


def ask(door, answers):
    """Asks for ever."""
    client, sequence = None, 0
    while True:
        sequence += 1
        message = struct.pack("=IHHIIBBH", 20, TYPE, schema.NLM_F_REQUEST | schema.NLM_F_DUMP, sequence, 0,
                              schema.COMMAND["SLUICE_CMD_DAEMON_GET"], 1, 0)
        answers.begin()
        try:
            client = client or open_door(door)
            client.send(message)
            while sequence:
                part = client.recv(1 << 17)
                if not part:
                    raise ConnectionResetError
                number, last = struct.unpack_from("=IHHI", part)[3], part[-20:]
                if number == sequence and (struct.unpack_from("=IHH", last)[1] == schema.NLMSG_DONE):
                    break
        except OSError:
            answers.refused += 1
            client = None
        answers.end()
        time.sleep(REST)


notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(sys.argv[1])
beats, answers = Period(), Period()
print("measuring", flush=True)
selector = selectors.DefaultSelector()
selector.register(notify, selectors.EVENT_READ)
selector.register(sys.stdin, selectors.EVENT_READ)
asking = False
while True:
    for key, _ in selector.select():
        if key.fileobj is notify:
            if b"WATCHDOG=1" in notify.recv(4096):
                beats.end()
                beats.begin()
            continue
        if not sys.stdin.readline():
            sys.exit()
        for thing in beats, answers:
            thing.look()
        print(f"RESULT answers={answers.count} answer_ms={answers.longest * 1000:.0f} refused={answers.refused} "
              f"beats={beats.count} beat_ms={beats.longest * 1000:.0f}", flush=True)
        for thing in beats, answers:
            thing.count, thing.longest, thing.refused = 0, 0.0, 0
        if not asking:
            asking = True
            threading.Thread(target=ask, args=(sys.argv[2], answers), daemon=True).start()
