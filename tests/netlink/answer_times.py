#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How soon a sluiced answers whoever asks it: answer_times.py PID [ROUNDS].

Asks for everything that it tells (facts, inputs, outputs, streams, store, what waits for nobody, threads) ROUNDS times (20), one
after the other over netlink, and prints a line "RESULT answers=N p50=MS p99=MS max=MS own_p99=MS own_max=MS failed=N". `own` is
what is left of an answer's time without the time for which this program and those threads of the daemon that answer stood ready
to run and had no processor (/proc/PID/task/TID/schedstat): what else runs on the machine is not in it, a wait for another thread
or for the disk is.
"""
import pathlib
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
import schema  # noqa: E402

NETLINK_USERSOCK, PORT, TYPE = 2, 0x736C7569, 0x10
KINDS = "DAEMON", "INPUT", "OUTPUT", "STREAM", "STORE", "ORPHAN", "THREAD"
REST = 0.005


def delays(threads):
    """Nanoseconds for which these waited for a processor."""
    return sum(int((thread / "schedstat").read_text().split()[1]) for thread in threads)


def ask(client, kind, sequence):
    """Asks for one kind, and reads its answer. True: it was one."""
    client.send(struct.pack("=IHHIIBBH", 20, TYPE, schema.NLM_F_REQUEST | schema.NLM_F_DUMP, sequence, 0,
                            schema.COMMAND[f"SLUICE_CMD_{kind}_GET"], 1, 0))
    while True:
        part = client.recv(1 << 17)
        if struct.unpack_from("=IHHI", part)[1] == schema.NLMSG_ERROR:
            return False
        if struct.unpack_from("=IH", part[-20:])[1] == schema.NLMSG_DONE:
            return True


def main():
    """Asks, and prints the result."""
    tasks = pathlib.Path("/proc", sys.argv[1], "task")
    threads = [thread for thread in tasks.iterdir() if (thread / "comm").read_text().strip() in ("sluiced", "sluice-foreman")]
    threads.append(pathlib.Path("/proc/self"))
    client = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_USERSOCK)
    client.bind((0, 0))
    client.connect((PORT, 0))
    client.settimeout(60)
    times, own, failed = [], [], 0
    for sequence in range(int(sys.argv[2]) if len(sys.argv) > 2 else 20):
        for kind in KINDS:
            waited, begun = delays(threads), time.monotonic_ns()
            failed += not ask(client, kind, sequence + 1)
            took = time.monotonic_ns() - begun
            times.append(took / 1e6)
            own.append(max(0, took - (delays(threads) - waited)) / 1e6)
            time.sleep(REST)
    times.sort()
    own.sort()
    part = len(times) * 99 // 100
    print(f"RESULT answers={len(times)} p50={times[len(times) // 2]:.1f} p99={times[part]:.1f} max={times[-1]:.1f} "
          f"own_p99={own[part]:.1f} own_max={own[-1]:.1f} failed={failed}")


main()
