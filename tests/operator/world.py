# SPDX-License-Identifier: MIT
"""The three servers, in network namespaces of their own, and the daemon on the middle one.

    sender  eth1 10.9.0.2, .3 ── 10.9.0.1 eth0  middle  eth2 10.9.1.1 ── 10.9.1.2 eth3  third
            eth5 10.9.2.2     ── 10.9.2.1 eth4

The second link to the sender is there to be taken away and made again.
"""
import ctypes
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from books import Fault

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
ADDRESSES = {"main": "10.9.0.1", "second": "10.9.2.1"}
SENDERS = ("10.9.0.2", "10.9.0.3")
SECOND_SENDER = "10.9.2.2"
# How long the product may take to start, to stop with receivers that take everything, to answer.
PATIENCE = 60.0


class WorldError(Exception):
    """The test itself cannot go on."""


def run(*words, check=True):
    """Runs a command; returns (status, standard output, standard error)."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False,
                              timeout=2 * PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise Fault("hang", f"{' '.join(words)} does not end") from error
    if check and done.returncode:
        raise WorldError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.returncode, done.stdout, done.stderr


def is_busy(text):
    """Is this a refusal for the moment? A worker that gets no processor for a second or two on a
    busy machine does not answer: who asks again is answered, unless it is stuck."""
    return "is busy with " in text or "does not answer since" in text


class World:
    """Everything around the product, and the product."""

    made = 0

    def __init__(self, number, build, kmod):
        # Never one that was: a relay of the same name goes on with what a file that is gone left.
        World.made += 1
        self.name = f"op{os.getpid()}x{number}n{World.made}"
        self.build = build
        self.kmod = kmod
        self.work = tempfile.mkdtemp(prefix=f"{self.name}-")
        self.rings = f"/dev/shm/{self.name}"
        self.spool = os.path.join(self.work, "disk")
        self.file = os.path.join(self.work, "sluice.yaml")
        self.log = os.path.join(self.work, "sluiced.log")
        self.daemon = None
        self.frozen = False
        self.sockets = {}
        self.mounted = False
        self.lost_before = 0
        self.lost_now = {}
        self.downs = set()
        # Called when the daemon has been killed.
        self.on_kill = None

    # --- the network

    def space(self, server):
        """The namespace of a server."""
        return f"{self.name}-{server}"

    def ip(self, server, *words, check=True):
        """Runs ip in the namespace of a server."""
        return run("ip", "-n", self.space(server), *words, check=check)

    def build_up(self):
        """Makes the namespaces and the disk."""
        for server in ("sender", "middle", "third"):
            run("ip", "netns", "add", self.space(server))
            self.ip(server, "link", "set", "lo", "up")
        self.link("eth0", "eth1", "sender", "10.9.0.1/24", "10.9.0.2/24")
        self.ip("sender", "address", "add", "10.9.0.3/24", "dev", "eth1")
        self.link("eth2", "eth3", "third", "10.9.1.1/24", "10.9.1.2/24", "fd09:1::1/64",
                  "fd09:1::2/64")
        self.second_link()
        os.mkdir(self.rings)
        os.mkdir(self.spool)
        if run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", self.spool, check=False)[0] == 0:
            self.mounted = True

    def link(self, card, peer, server, near, far, near6=None, far6=None):
        """A pair of cards between the middle server and another."""
        # In the namespace: before Linux 6.18 a name that the caller's own has is refused elsewhere.
        self.ip("middle", "link", "add", card, "type", "veth", "peer", "name", peer, "netns",
                self.space(server))
        for where, which, four, six in (("middle", card, near, near6), (server, peer, far, far6)):
            self.ip(where, "address", "add", four, "dev", which)
            if six:
                self.ip(where, "address", "add", six, "dev", which, "nodad")
            self.ip(where, "link", "set", which, "up")

    def second_link(self):
        """Makes the link that can be taken away."""
        self.link("eth4", "eth5", "sender", "10.9.2.1/24", "10.9.2.2/24")

    def tear_down(self):
        """Ends the daemon and takes everything away."""
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        for sock in self.sockets.values():
            sock.close()
        for server in ("sender", "middle", "third"):
            run("ip", "netns", "del", self.space(server), check=False)
        if self.mounted:
            run("umount", "-l", self.spool, check=False)
        shutil.rmtree(self.rings, ignore_errors=True)
        shutil.rmtree(self.work, ignore_errors=True)
        # What a killed daemon noted of its outputs.
        for path in glob.glob("/dev/shm/sluice/sluice-*-outputs.json*"):
            try:
                with open(path) as note:
                    own = json.load(note).get("config") == self.file
                if own:
                    os.remove(path)
            except (OSError, ValueError):
                pass

    def socket_on(self, server, family, kind):
        """A socket in the namespace of a server."""
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.space(server)}", os.O_RDONLY)
        try:
            if LIBC.setns(there, CLONE_NEWNET):
                raise WorldError(f"setns: {os.strerror(ctypes.get_errno())}")
            try:
                return socket.socket(family, kind)
            finally:
                if LIBC.setns(home, CLONE_NEWNET):
                    raise WorldError("cannot come home to the own network namespace")
        finally:
            os.close(home)
            os.close(there)

    def listen(self, port):
        """A listening socket of the third server, for IPv4 and IPv6."""
        sock = self.socket_on("third", socket.AF_INET6, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setblocking(False)
        sock.bind(("::", port))
        sock.listen(64)
        return sock

    def send(self, address, lane, to, port, body):
        """Sends a datagram from (address, lane), which is a source port. False: the kernel
        refused."""
        sock = self.sockets.get((address, lane))
        if sock is None:
            sock = self.socket_on("sender", socket.AF_INET, socket.SOCK_DGRAM)
            sock.setsockopt(socket.SOL_IP, 15, 1)  # IP_FREEBIND: also while the address is away
            sock.bind((address, 40000 + lane))
            self.sockets[(address, lane)] = sock
        try:
            sock.sendto(body, (to, port))
            return True
        except OSError:
            return False

    def reaches(self, address, to):
        """Waits until the sender reaches the middle server's address again."""
        self.await_true(lambda: run("ip", "netns", "exec", self.space("sender"), "ping", "-q", "-n",
                                    "-c", "1", "-W", "1", "-I", address, to, check=False)[0] == 0,
                        f"{to} answers {address}", WorldError)

    # --- the product

    def await_true(self, condition, what, error, patience=None):
        """Waits until `condition` holds; raises after `patience` seconds. To ask may cost much,
        and the receivers are threads of this process: they get three quarters of the time."""
        patience = patience or PATIENCE
        end = time.monotonic() + patience
        while True:
            asked = time.monotonic()
            if condition():
                return
            now = time.monotonic()
            if now > end:
                if error is WorldError:
                    raise WorldError(f"not within {patience:.0f} s: {what}")
                raise Fault(error, f"not within {patience:.0f} s: {what}")
            time.sleep(max(0.01, 3 * (now - asked)))

    def is_running(self):
        """Is there a daemon?"""
        return self.daemon is not None and self.daemon.poll() is None

    def check_alive(self):
        """Raises if the daemon ended though nobody told it to."""
        if self.daemon is not None and self.daemon.poll() is not None:
            raise Fault("crash", f"the daemon ended by itself, status {self.daemon.returncode}")

    def log_size(self):
        """Where the log ends now."""
        return os.path.getsize(self.log) if os.path.exists(self.log) else 0

    def log_since(self, place):
        """What was logged since."""
        with open(self.log, errors="replace") as file:
            file.seek(place)
            return file.read()

    def write(self, text, path=None):
        """Writes the configuration."""
        with open(path or self.file, "w") as file:
            file.write(text)

    def start(self):
        """Starts the daemon and waits until it answers."""
        with open(self.log, "a") as log:
            self.daemon = subprocess.Popen(
                ["ip", "netns", "exec", self.space("middle"), f"{self.build}/sluiced", "-c",
                 self.file], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        if not self.kmod:
            self.lost_before += sum(self.lost_now.values())
            self.lost_now = {}
        self.await_true(self._answers, "the daemon answers", "start")

    def _answers(self):
        """Does the daemon answer? Raises if it ended."""
        if self.daemon.poll() is not None:
            raise Fault("start", f"the daemon did not start, status {self.daemon.returncode}")
        return self.ctl("show", "inputs")[0] == 0

    def signal(self, number):
        """Sends the daemon a signal."""
        if self.is_running():
            self.daemon.send_signal(number)

    def stop(self, patience=None):
        """SIGTERM; waits for the end. Raises if it takes too long, or the status is not 0."""
        self.count_lost()
        self.signal(signal.SIGTERM)
        self.await_true(lambda: not self.is_running(), "the daemon ended after SIGTERM", "stop",
                        patience)
        if self.daemon.returncode:
            raise Fault("stop", f"status {self.daemon.returncode} after SIGTERM")
        self.daemon = None

    def kill(self):
        """SIGKILL."""
        self.count_lost()
        self.daemon.kill()
        self.daemon.wait()
        self.daemon = None
        if self.on_kill:
            self.on_kill()

    def ctl(self, *words):
        """Runs sluicectl on the middle server: (status, output, errors). On a busy machine it may
        ask for another try, or leave the end of an apply to the log."""
        end = time.monotonic() + PATIENCE
        while True:
            place = self.log_size()
            done = run("ip", "netns", "exec", self.space("middle"), f"{self.build}/sluicectl",
                       *words, check=False)
            if "whole or not at all when it does" in done[2]:
                right = ("was applied and is in force", ": in force, by user")
                wrong = "the configuration in force stays"
                self.await_true(lambda since=place: any(
                    one in self.log_since(since) for one in (*right, wrong))
                    or not self.is_running(),
                                "a change that is answered later is answered in the log", "apply")
                if any(one in self.log_since(place) for one in right):
                    return 0, done[1], ""
            if not is_busy(done[2]) or time.monotonic() > end:
                return done
            time.sleep(0.1)

    def show(self, what):
        """What sluicectl shows, as objects."""
        status, output, errors = self.ctl("show", what, "-j")
        if status:
            self.check_alive()
            raise Fault("answer", f"sluicectl show {what}: {errors.strip()}")
        return json.loads(output)

    def count_lost(self):
        """Notes what the inputs have counted as lost so far, over all daemons; returns the sum."""
        if self.is_running() and not self.frozen:
            for one in self.show("inputs"):
                if one["matched"] != one["stored"] + sum(one["lost"].values()):
                    again = next((other for other in self.show("inputs")
                                  if other["id"] == one["id"]), one)
                    if again["matched"] != again["stored"] + sum(again["lost"].values()):
                        raise Fault("counters", f"input {one['name']}: matched {again['matched']}, "
                                    f"stored {again['stored']}, lost {again['lost']}")
                lost = sum(one["lost"].values())
                self.lost_now[one["id"]] = max(lost, self.lost_now.get(one["id"], 0))
        return self.lost_before + sum(self.lost_now.values())

    def nothing_waits(self):
        """Does the product say that memory and disk are empty?"""
        store = self.show("store")[0]
        return store["memory"]["used"] == 0 and (store.get("disk") or {}).get("waiting", 0) == 0

    def sockets_are_empty(self):
        """Have all UDP sockets of the middle server been read?"""
        text = run("ip", "netns", "exec", self.space("middle"), "cat", "/proc/net/udp",
                   "/proc/net/udp6")[1]
        for line in text.splitlines():
            words = line.split()
            if ":" in words[0] and int(words[4].split(":")[1], 16):
                return False
        return True

    def take_in(self):
        """Waits until the daemon has taken what its sockets hold into the rings."""
        same = 0
        before = None
        end = time.monotonic() + PATIENCE
        while same < 4:
            if time.monotonic() > end:
                raise Fault("taken", "the daemon does not empty its sockets")
            now = sorted((one["id"], one["matched"]) for one in self.show("inputs"))
            same = same + 1 if now == before and self.sockets_are_empty() else 0
            before = now
            time.sleep(0.02)
