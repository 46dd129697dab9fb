#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tries every door of a sluiced as somebody who may nothing: burglar.py PID SECONDS SEED PATH...

PID: the daemon's. SECONDS: for how long messages are sent. PATH: files and directories that are the daemon's; behind "=" one that everybody
may read. Prints "OPEN what" for each thing that should
have been refused and was not, and in the end "TRIED n". As whoever it is started as, which must not be root of the initial user
namespace. With "own" for PID: in a network namespace of our own, where the module may be told what one likes, but shows nothing of
others.
"""
import errno
import os
import random
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
import schema  # noqa: E402
from schema import attribute  # noqa: E402

NETLINK_USERSOCK, PORT, TYPE = 2, 0x736C7569, 0x10
CONFIG = b"relay: burglar\ninputs: []\noutputs: []\n"
tried = 0


def opened(what):
    """Something that should be shut is not."""
    print("OPEN", what, flush=True)


def refused(what, action, *arguments):
    """Tries something that has to fail."""
    global tried
    tried += 1
    try:
        result = action(*arguments)
    except OSError:
        return
    opened(what)
    if isinstance(result, int) and result > 2:
        os.close(result)


def bodies():
    """Attributes: none, a configuration, one of each kind, all of them."""
    yield b""
    yield attribute("CONFIG_TEXT", CONFIG) + attribute("CONFIG_NAME", b"burglar\0")
    payloads = b"\0" * 16, b"\1\0\0\0", b"x\0"
    each = [attribute(number, payloads[number % 3]) for number in range(1, schema.ATTRIBUTE["SLUICE_A_MAX"] + 1)]
    yield from each
    yield b"".join(each)


def messages(kind, chance):
    """Every command with every flag and body; then the same, mutated, for ever."""
    whole = []
    for command in range(schema.COMMAND["SLUICE_CMD_MAX"] + 3):
        for flags in (0, schema.NLM_F_ACK, schema.NLM_F_DUMP, schema.NLM_F_CREATE | schema.NLM_F_ACK):
            for body in bodies():
                message = struct.pack("=IHHIIBBH", 20 + len(body), kind, schema.NLM_F_REQUEST | flags, 7, 0, command, 1, 0) + body
                whole.append(message)
    chance.shuffle(whole)
    yield from whole
    while True:
        message = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 8)):
            message[chance.randrange(len(message))] = chance.randrange(256)
        struct.pack_into("=H", message, 4, kind)
        yield bytes(message) if chance.random() < 0.8 else bytes(message[:chance.randrange(1, len(message) + 1)])


def heard(where, client, kind):
    """What was answered must be refusals. Other families than the module's answer what they like."""
    while True:
        try:
            part = client.recv(1 << 16)
        except OSError:
            return
        while len(part) >= 16:
            length, what = struct.unpack_from("=IH", part)
            if what == schema.NLMSG_ERROR:
                error, _, of, flags = struct.unpack_from("=iIHH", part, 16)
                # What is no request netlink itself acknowledges, and nobody sees it (netlink_rcv_skb() in net/netlink/af_netlink.c).
                if not error and of == kind and flags & schema.NLM_F_REQUEST:
                    opened(f"{where} did what was asked: {part[20:52]!r}")
            elif what == kind or (what == schema.NLMSG_DONE and where != "the module"):
                opened(f"{where} answered with a message of type {what}: {part[:64]!r}")
            part = part[max(16, (length + 3) & ~3):]


def talk(where, protocol, peer, kind, chance, seconds):
    """Says all there is to say."""
    global tried
    client = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    client.bind((0, 0))
    client.setblocking(False)
    end = None
    for message in messages(kind, chance):
        end = end or time.monotonic() + seconds
        tried += 1
        try:
            client.sendto(message, (peer, 0))
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                return
            time.sleep(0.0005)
        heard(where, client, kind)
        if time.monotonic() > end:
            return


def files(paths):
    """Reads, writes, replaces, removes, leaves something behind."""
    for path in paths:
        if path.startswith("="):
            path = path[1:]
        else:
            refused(f"reading {path}", os.open, path, os.O_RDONLY)
        refused(f"writing {path}", os.open, path, os.O_WRONLY)
        refused(f"truncating {path}", os.truncate, path, 0)
        refused(f"renaming {path}", os.rename, path, path + ".burgled")
        refused(f"chmod of {path}", os.chmod, path, 0o777)
        refused(f"removing {path}", os.unlink, path)
        refused(f"listing {path}", os.listdir, path)
        refused(f"making a file in {path}", os.open, path + "/burglar", os.O_WRONLY | os.O_CREAT)
        refused(f"making a link in {path}", os.symlink, "/etc/passwd", path + "/burglar-link")
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        refused(f"connecting to {path}", client.connect, path)
        client.close()


def process(pid):
    """Signals, memory, descriptors."""
    for number in (0, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGKILL, signal.SIGSTOP):
        refused(f"signal {number}", os.kill, pid, number)
    for name in "mem", "environ", "maps", "io", "syscall", "stack", "auxv", "pagemap", "oom_score_adj", "timerslack_ns":
        try:
            handle = os.open(f"/proc/{pid}/{name}", os.O_RDWR if name in ("mem", "oom_score_adj") else os.O_RDONLY)
        except OSError:
            continue
        # Some are open to all, and checked when they are read.
        refused(f"/proc/PID/{name}", lambda: len(os.read(handle, 16)) and None)
        os.close(handle)
    for name in "fd", "root", "cwd", "map_files":
        refused(f"/proc/PID/{name}", os.listdir, f"/proc/{pid}/{name}")
    refused("/proc/PID/exe", os.readlink, f"/proc/{pid}/exe")


pid, seconds, chance = sys.argv[1], float(sys.argv[2]), random.Random(int(sys.argv[3]))
try:
    client = schema.Client()
    family = client.family
except (OSError, schema.Refused):
    family = None
if pid == "own":
    if family:
        for command in "ROUTE_GET", "RULE_GET", "STREAM_GET":
            tried += 1
            try:
                number = schema.COMMAND["SLUICE_CMD_" + command]
                for thing in client.call_raw(family, struct.pack("=BBH", number, 1, 0), schema.NLM_F_DUMP):
                    opened(f"{command} of the module shows {thing!r}")
            except schema.Refused:
                pass
    talk("the netlink port", NETLINK_USERSOCK, PORT, TYPE, chance, seconds)
else:
    files(sys.argv[4:])
    process(int(pid))
    talk("the netlink port", NETLINK_USERSOCK, PORT, TYPE, chance, seconds / 2)
    if family:
        talk("the module", schema.NETLINK_GENERIC, 0, family, chance, seconds / 2)
print("TRIED", tried, flush=True)
