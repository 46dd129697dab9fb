#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stands for systemd: manager.py DIRECTORY COMMAND... runs the command again and again and keeps the descriptors that it hands over.

What the command sends to $NOTIFY_SOCKET is logged to DIRECTORY/notified, a line each; descriptors with FDSTORE=1 are given to
every next run as sd_listen_fds(3) says, until FDSTOREREMOVE=1 comes with their name; one that is there already keeps its name. That is how
systemd 252 does it. DIRECTORY/pid has the number of the command's process while it runs. It is run again as long
as DIRECTORY/again exists when it ends. Another process that MAINPID= names takes its place.
"""
import array
import fcntl
import os
import pathlib
import select
import socket
import subprocess
import sys

directory, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(str(directory / "notify"))
stored = []


def take(log):
    """Reads one notification. The number of the process that it says is the main one from now on, or 0."""
    message, ancillary, _, _ = listener.recvmsg(4096, socket.CMSG_SPACE(4 * 253))
    fds = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
    lines = message.decode().split("\n")
    names = [line.split("=", 1)[1] for line in lines if line.startswith("FDNAME=")]
    if "FDSTOREREMOVE=1" in lines:
        for name, fd in stored:
            if name in names:
                os.close(fd)
        stored[:] = [(name, fd) for name, fd in stored if name not in names]
    for fd in fds:
        if "FDSTORE=1" in lines and not any(os.path.sameopenfile(fd, other) for _, other in stored):
            # Out of the way of the numbers that the next run has them under.
            stored.append((names[0] if names else "stored", fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 200)))
            os.close(fd)
        else:
            os.close(fd)
    print(" ".join(lines), file=log, flush=True)
    return next((int(line.split("=", 1)[1]) for line in lines if line.startswith("MAINPID=")), 0)


def run(log):
    """Runs the command once."""
    environment = dict(os.environ, NOTIFY_SOCKET=str(directory / "notify"))
    if stored:
        environment.update(LISTEN_FDS=str(len(stored)), LISTEN_FDNAMES=":".join(name for name, _ in stored))
    # exec, so that the number of the process is the one that LISTEN_PID says.
    script = "export LISTEN_PID=$$; " + "".join(
        f"exec {3 + place}<&{fd} {fd}<&-; " for place, (_, fd) in enumerate(stored)) + 'exec "$@"'
    child = subprocess.Popen(["bash", "-c", script, "bash", *command], env=environment,
                             pass_fds=[fd for _, fd in stored])
    (directory / "pid").write_text(str(child.pid))
    end = os.pidfd_open(child.pid)
    while True:
        readable, _, _ = select.select([listener, end], [], [])
        if listener in readable:
            main = take(log)
            if main:
                os.close(end)
                end = os.pidfd_open(main)
                (directory / "pid").write_text(str(main))
        elif end in readable:
            break
    os.close(end)
    child.wait()
    (directory / "pid").unlink()
    print(f"ended {child.returncode}", file=log, flush=True)


with open(directory / "notified", "a", encoding="utf-8") as notified:
    run(notified)
    while (directory / "again").exists():
        run(notified)
