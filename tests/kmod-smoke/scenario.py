# SPDX-License-Identifier: MIT
"""What the scenarios of the module alone share: imported, not run.

Each is a program of some tests, functions marked @test, which main() runs one after the other in a virtual
machine, whose root namespace is the middle server.
"""
import os
import socket
import subprocess
import sys
import time
import traceback
import uuid

import client
from client import Netlink, Ring, in_namespace

V4, V6 = "10.9.0.1", "fd09:0::1"
CPUS = os.cpu_count()
LONG = "SLUICE_LONG" in os.environ  # make test-all
SLOW = os.environ.get("SLUICE_VM") == "debug"
tests = []


def test(work):
    tests.append(work)
    return work


def expect(what, found, wanted):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, wanted {wanted!r}")


def sender(family=socket.AF_INET, kind=socket.SOCK_DGRAM, protocol=0):
    return in_namespace("sender", lambda: socket.socket(family, kind, protocol))


def fork(work):
    """Runs work() in a child, whose exit status says whether it went without an exception. Returns its pid."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
    finally:
        os._exit(status)


def on_one_cpu(work):
    """For tests that care which ring a datagram comes to: over veth that is the sender's CPU."""

    def pinned():
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(before)})
        try:
            work()
        finally:
            os.sched_setaffinity(0, before)

    pinned.__name__ = work.__name__
    return pinned


class Setup:
    """A route, a rule and all rings of it; deleted at the end."""

    def __init__(self, ports=5000, size=1 << 20, attach=True, **rule):
        self.netlink = Netlink()
        self.route_guid, self.rule_guid = uuid.uuid4(), uuid.uuid4()
        route = {name[6:]: rule.pop(name) for name in list(rule) if name.startswith("route_")}
        self.netlink.route(self.route_guid, name="test", ring_size=size, **route)
        self.netlink.rule(self.rule_guid, self.route_guid, ports, name="rule of the test", **rule)
        self.rings = [Ring(self.route_guid, cpu) for cpu in range(CPUS)] if attach else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for ring in self.rings:
            ring.close()
        for found in self.netlink.dump("RULE_GET"):
            self.netlink.do("RULE_DEL", rule_id=found["RULE_ID"])
        for found in self.netlink.dump("ROUTE_GET"):
            self.netlink.do("ROUTE_DEL", route_id=found["ROUTE_ID"])

    def gather(self, count, seconds=None):
        """Reads until @count datagrams are there. GAP records come with them and are not counted: into how
        many of them a loss is put depends on when the timer that tells of it runs."""
        records, end, found = [], time.monotonic() + (seconds or (20 if SLOW else 5)), 0
        while found < count and time.monotonic() < end:
            for ring in self.rings:
                fresh = ring.read()
                found += sum(record["kind"] == client.DATA for record in fresh)
                records += fresh
            time.sleep(0.01)
        return records

    def counters(self):
        return self.netlink.counters(self.rule_guid)

    def settle(self, matched):
        """Waits until so many datagrams have come, stored or lost: cards and reassembly take their time."""
        end = time.monotonic() + (60 if SLOW else 20)
        while self.counters()["matched"] < matched and time.monotonic() < end:
            time.sleep(0.02)
        expect("matched", self.counters()["matched"], matched)


def inside():
    """What debugfs tells of the rings."""
    with open("/sys/kernel/debug/sluice/rings", encoding="ascii") as file:
        return file.read()


def main():
    """Runs the tests of a file, or those of them that its arguments name; a line for each. The network stays for
    the scenario behind it, in a machine that several share. Returns the exit status."""
    if not os.path.exists("/run/netns/third"):
        subprocess.run(["three-servers", "--quiet"], check=True)
    subprocess.run(["modprobe", "sluice"], check=True)
    if not os.path.isdir("/sys/kernel/debug/sluice"):
        subprocess.run(["mount", "-t", "debugfs", "none", "/sys/kernel/debug"], check=True)
    failed, wanted = 0, sys.argv[1:]
    chosen = [work for work in tests if not wanted or work.__name__ in wanted]
    for work in chosen:
        begin = time.monotonic()
        try:
            work()
            print(f"ok   {work.__name__} ({time.monotonic() - begin:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {work.__name__}", flush=True)
            traceback.print_exc(file=sys.stdout)
            sys.stdout.flush()
    subprocess.run(["rmmod", "sluice"], check=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0
