#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The other side of a take-over, written from userd/daemon/handover/wire.h alone: it fails at a wished step, or is of another version.

takeover.py new DIRECTORY HOME STEP   stands for a new daemon. DIRECTORY has the running one's socket, HOME is its configuration. STEP:
  garbage, future      says nothing that makes sense; is of a version that needs a later one
  strange-home         has another configuration
  leave-hello          is offered everything, and leaves; likewise
  leave-take           right after it has said that it takes it
  leave-some           after the first packet
  leave-all            when it has all
  silent               has all and says nothing more
  refuse               has all and says why it cannot
  wait-hello           is offered everything, and waits for standard input
  words                says in its first words what no version of today knows, then leaves after the offer
It prints what it was told, a line each: the word, the number of descriptors, the text's first line, how many connections are in it.
VERSION in the environment: which version it speaks (1).

takeover.py old SOCKET HOW            stands for the running daemon. HOW: short (one descriptor is missing), other (one is another socket
                                      than its line says), vanish (ends in the middle), future (a version that needs a later one).
"""
import array
import os
import pathlib
import socket
import struct
import sys

HEAD = struct.Struct("=IHHHHI")
MAGIC = 0x4f484c53
HELLO, OFFER, TAKE, GIVE, STATE, END, READY, COMMIT, REFUSED = range(1, 10)


def say(peer, word, text="", version=1, least=1, fds=()):
    """Sends a packet."""
    body = text.encode()
    peer.sendmsg([HEAD.pack(MAGIC, version, least, word, len(fds), len(body)), body],
                 [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])


def hear(peer):
    """Receives one, and prints it. (word, text), or (0, "") at the end."""
    try:
        message, fds, _, _ = socket.recv_fds(peer, 65536, 253)
    except ConnectionResetError:
        message = b""
    if not message:
        print("end", flush=True)
        return 0, ""
    word = HEAD.unpack_from(message)[3]
    text = message[HEAD.size:].decode()
    print(word, len(fds), text.split("\n")[0], sum(line.startswith("link ") for line in text.split("\n")) if word == GIVE else 0, flush=True)
    return word, text


def connect_any(places):
    """A connection to the one of them that somebody listens at: a killed daemon leaves its own behind, and the kernel gives the number
    of its network namespace to another one."""
    for place in places:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            peer.connect(str(place))
            return peer
        except ConnectionRefusedError:
            peer.close()
    raise SystemExit("nobody listens")


def new(directory, home, step):
    """The new one."""
    space = os.stat("/proc/self/ns/net").st_ino
    peer = connect_any(pathlib.Path(directory).glob(f"over-{space}-*"))
    if step == "garbage":
        peer.send(b"\0" * 100)
        return hear(peer)
    if step == "future":
        say(peer, HELLO, f"home={home}\n", 9, 9)
        return hear(peer)
    hello = f"version=test\nhome={home if step != 'strange-home' else '/somewhere/else'}\n"
    if step == "words":
        hello = "moon=full\n" + hello + "colour=green depth=3\n"
    say(peer, HELLO, hello, 3 if step == "words" else int(os.environ.get("VERSION", "1")))
    if hear(peer)[0] != OFFER or step in ("leave-hello", "words"):
        return None
    if step == "wait-hello":
        return sys.stdin.read()
    say(peer, TAKE)
    if step == "leave-take":
        return None
    while True:
        word, _ = hear(peer)
        if word in (0, END, REFUSED) or step == "leave-some":
            break
    if step == "refuse":
        say(peer, REFUSED, "it is not in the mood")
    if step in ("refuse", "silent"):
        hear(peer)
    return None


def old(place, how):
    """The old one."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(place)
    listener.listen()
    print("listening", flush=True)
    peer, _ = listener.accept()
    hear(peer)
    say(peer, OFFER, "version=test\n", *((9, 9) if how == "future" else ()))
    if not hear(peer)[0]:
        return
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind(("0.0.0.0", 5000))
    cookie = struct.unpack("=Q", one.getsockopt(socket.SOL_SOCKET, 71, 8))[0]
    port = 5001 if how == "other" else 5000
    say(peer, GIVE, f"udp sluice-w0-d0-b0 udp/0.0.0.0/-/{port}/{cookie}\nspoon silver\n", fds=[one.fileno(), one.fileno()])
    if how == "vanish":
        return
    say(peer, STATE, "weather sunny=1\n")
    say(peer, END, f"descriptors={3 if how == 'short' else 2}")
    hear(peer)


if sys.argv[1] == "new":
    new(*sys.argv[2:5])
else:
    old(*sys.argv[2:4])
