#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files that the product wrote are changed between two starts; what is delivered and what is told
of as lost must be what was stored.

    main.py [--seed FIRST] [--count N] [--jobs N] [--daemon FILE] [--replay SEED]

A seed draws a state (states.py) and one to two changes (changes.py), starts the daemon on it, lets
the receiver come up, and compares (check()). Prints a line for each seed that fails, with all that
is known of it, and at the end one RESULT line. --replay shows everything of one seed.
"""
import argparse
import collections
import glob
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import changes
import states
from place import HOME, SHM, Place, Wrong

LATE, LATE_SEED = 40, 15
HERE = os.path.dirname(os.path.abspath(__file__))
FOREIGN = (states.ALIEN_SEED, states.SISTER_SEED)


class Seed:
    """One seed's life: what was drawn, and what came of it."""

    def __init__(self, number, place, base):
        self.number, self.place = number, place
        draw = random.Random(number)
        self.state = states.NAMES[number % len(states.NAMES)]
        self.base = f"{base}/{self.state}"
        self.told = states.told(base, self.state)
        self.ledger = collections.OrderedDict()
        self.changes = []
        # Nobody can even see that something is missing.
        self.is_limited = False
        # Nobody knows the number, and the daemon says so.
        self.is_unknown = False
        # It did not start on a store of a newer version.
        self.was_refused = False
        place.empty()
        states.restore(f"{self.base}/now")
        for _ in range(draw.choice((1, 1, 1, 2))):
            change = None
            while change is None:
                change = changes.apply(draw, self.base)
            self.changes.append(change)
        there = self.files()
        for number, change in enumerate(self.changes):
            # The next change hit the same file: it is gone, or what is in it now may be readable.
            if change.unreadable not in there or any(
                    change.path in (later.path, later.other)
                    for later in self.changes[number + 1:]):
                change.unreadable = None

    def live(self):
        """Start, receiver, traffic, stop: into the ledger."""
        ledger, place = self.ledger, self.place
        ledger["stored"] = self.told["expected"]
        ledger["check_status"], ledger["check"] = (
            place.run("sluicectl", "spool", "check", HOME + "/spool")
            if self.state != "memory" else (0, ""))
        self.start()
        self.look_for_unreadable()
        expected = self.told["expected"] + LATE
        receiver = self.receiver(expected)
        place.send(LATE, LATE_SEED)
        ledger["sent late"] = LATE
        ledger.update(place.result(receiver))
        ledger["inputs"] = place.show("inputs")
        if self.state != "memory":
            ledger["store"] = place.show("store")
        ledger["stop"] = place.stop()
        ledger["lives"] = 1
        # A machine that was busy: what the daemon says stays where it is, the next one delivers.
        while ledger["lives"] < 4 and not ledger["stop"] and \
                "stopped before everything was delivered" in place.said(last=True):
            if not place.start(goes_on=True):
                raise Wrong("the daemon does not start again")
            ledger.update(place.result(self.receiver(expected)))
            ledger["stop"] = place.stop()
            ledger["lives"] += 1
        ledger["missing"] = expected - ledger["received"] - ledger["gap_datagrams"]

    def receiver(self, expected):
        """One that waits for all there can be, until nothing comes any more."""
        return self.place.receiver("--expect", str(expected), "--settle", "300ms", "--idle",
                                   "2500ms", "--seconds", "30")

    def start(self):
        """Starts the daemon. A store of a newer version is refused with a sentence, and nothing is
        touched: when its owner put it back, everything is there."""
        newer = [change for change in self.changes if change.before is not None]
        if self.place.start():
            return
        status = self.place.daemon.returncode
        if not newer or "newer version of sluice" not in self.place.said():
            raise Wrong(f"the daemon does not start: status {status}")
        self.was_refused = True
        self.look_for_unreadable()
        for change in newer:
            change.undo()
        if not self.place.start():
            raise Wrong(f"the daemon does not start: status {self.place.daemon.returncode}")

    @staticmethod
    def files():
        """All files there are: devices and inodes."""
        there = set()
        for path in glob.glob(SHM + "/**", recursive=True):
            try:
                state = os.lstat(path)
            except FileNotFoundError:
                continue
            there.add((state.st_dev, state.st_ino))
        return there

    def look_for_unreadable(self):
        """What cannot be read is put aside, not deleted."""
        there = self.files()
        for change in self.changes:
            if change.unreadable and change.unreadable not in there:
                raise Wrong(f"{change.path} was deleted")

    def check(self):
        """Compares. Raises Wrong."""
        ledger, said = self.ledger, self.place.said()
        spoilt = sum(change.spoilt for change in self.changes)
        heads = sum(change.heads for change in self.changes)
        if ledger["stop"]:
            raise Wrong(f"status {ledger['stop']} after SIGTERM")
        if ledger["repeated"]:
            raise Wrong(f"{ledger['repeated']} datagrams came twice")
        if ledger["damaged"] > spoilt + heads:
            raise Wrong(f"{ledger['damaged']} damaged datagrams were delivered")
        # They came, but the receiver cannot know them as those that were sent.
        ledger["missing"] -= ledger["damaged"]
        if self.is_beyond_noticing():
            self.is_limited = True
            return
        if ledger["missing"] < -heads:
            raise Wrong(f"{-ledger['missing']} more received or told of than were stored")
        if ledger["missing"] > heads:
            if "unknown number" not in self.unconditional(said) and \
                    not (self.is_beyond_knowing() and "unknown number" in said):
                raise Wrong(f"{ledger['missing']} are missing, and nothing tells of them")
            self.is_unknown = True
        if "unknown number" in self.unconditional(said) and not self.is_beyond_knowing():
            raise Wrong("an unknown number is told of where somebody knows it")
        self.check_check(said)

    @staticmethod
    def unconditional(said):
        """Without what is only lost if something else is missing, too."""
        return "\n".join(line for line in said.splitlines() if "if a segment is missing" not in
                         line and "and a segment is missing" not in line)

    def is_beyond_noticing(self):
        """Was a ring, or its twin, put back from an earlier moment, and the other one hit as well;
        or the checkpoint, and a segment? What is left is whole, and says nothing of more."""
        kinds = {(change.file, change.kind) for change in self.changes}
        files = {change.file for change in self.changes}
        return (self.is_beyond_knowing() and
                (("checkpoint" in files and ("checkpoint", "older") in kinds) or
                 ({"ring", "twin"} <= files and
                  {("ring", "older"), ("twin", "older")} & kinds)))

    def is_beyond_knowing(self):
        """Are both places hit that know a number (docs/operations.md)? Then nobody can tell it."""
        paths = {change.path for change in self.changes} | \
                {change.other for change in self.changes if change.other}
        rings = {path for path in paths if path + "-twin" in paths}
        return bool(rings) or {"checkpoint", "segment"} <= {change.file for change in self.changes}

    def check_check(self, said):
        """`spool check` finds what the daemon finds."""
        ledger = self.ledger
        if "store" not in ledger:
            return
        store = ledger["store"]
        store = store[0] if isinstance(store, list) else store
        found = store.get("damaged_frames", 0) or store.get("quarantined", 0)
        if found and "ring of route" not in said and not ledger["check_status"]:
            raise Wrong(f"the daemon finds {found} that `sluicectl spool check` does not find")
        if ledger["check_status"] == 1 and not found and "error" not in said and \
                "warning" not in said:
            raise Wrong("`sluicectl spool check` finds what the daemon says nothing of")

    def story(self):
        """All that is known, as text."""
        lines = [f"seed {self.number}, state {self.state}"]
        lines += [f"    change: {change}" for change in self.changes]
        lines += [f"    {key}: {value}" for key, value in self.ledger.items()]
        lines += [f"    log: {line}" for line in self.place.said().splitlines()]
        return "\n".join(lines)


def live(number, place, base, loud):
    """Lives one seed: ("1", right; "unknown", right, but
    nobody knows the number; "limited", nobody can see that something is missing; or "0", text)."""
    seed = None
    began = time.monotonic()
    try:
        seed = Seed(number, place, base)
        seed.live()
        seed.check()
        for word in ("AddressSanitizer", "runtime error", "LeakSanitizer"):
            if word in place.said():
                raise Wrong(word)
        right = "limited" if seed.is_limited else "unknown" if seed.is_unknown else "1"
        if seed.ledger["lives"] > 1:
            right += f" lives={seed.ledger['lives']}"
        text = f"seed {number}: right, {time.monotonic() - began:.1f} s"
        if loud:
            text += "\n" + seed.story()
    except (Wrong, subprocess.TimeoutExpired) as error:
        right, text = "0", f"FAILED {error}\n{seed.story() if seed else number}"
    finally:
        place.kill()
    return right, text


def child(arguments):
    """Lives the seeds it was given, in namespaces of its own. Returns how many were wrong."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", SHM], check=True)
    own = tempfile.mkdtemp(dir=arguments.work)
    place = Place(arguments.build, own, arguments.daemon)
    if arguments.prepare:
        states.make(Place(arguments.build, own), arguments.work)
        return 0
    wrong = 0
    for number in arguments.child:
        right, text = live(number, place, arguments.work, arguments.loud)
        wrong += right == "0"
        if right == "0" or arguments.loud:
            print(text, flush=True)
        # In one write, also where PYTHONUNBUFFERED is set: several children share the pipe.
        sys.stdout.write(f"seed={number} right={right}\n")
        sys.stdout.flush()
    return wrong


def spawn(arguments, *words):
    """Starts a child of this program."""
    return subprocess.Popen(
        ["unshare", "--net", "--mount", "--propagation", "private", sys.executable, __file__,
         "--work", arguments.work, "--build", arguments.build, "--daemon", arguments.daemon,
         *words], stdin=subprocess.DEVNULL)


def parse():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="the first")
    parser.add_argument("--count", type=int, default=200, help="how many")
    parser.add_argument("--jobs", type=int, default=4, help="how many at a time")
    parser.add_argument("--replay", type=int, help="this one seed, and all that is known of it")
    parser.add_argument("--build", default=os.path.join(HERE, "../../build"))
    parser.add_argument("--daemon", help="another program than build/sluiced")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--loud", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", type=int, nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    arguments.daemon = os.path.abspath(arguments.daemon or f"{arguments.build}/sluiced")
    return arguments


def main():
    """Prepares the states, shares the seeds out, adds up."""
    arguments = parse()
    if arguments.prepare or arguments.child:
        return min(child(arguments), 100)
    began = time.monotonic()
    own = not arguments.work
    arguments.work = arguments.work or tempfile.mkdtemp(prefix="sluice-mutation-")
    numbers = [arguments.replay] if arguments.replay is not None else \
        list(range(arguments.seed, arguments.seed + arguments.count))
    loud = ["--loud"] if arguments.replay is not None else []
    try:
        if not os.path.exists(f"{arguments.work}/{states.NAMES[-1]}/told") and \
                spawn(arguments, "--prepare").wait():
            print("FAILED the states cannot be made")
            return 2
        made = time.monotonic() - began
        jobs = max(1, min(arguments.jobs, len(numbers)))
        running = [spawn(arguments, *loud, "--child", *map(str, numbers[job::jobs]))
                   for job in range(jobs)]
        wrong = sum(process.wait() for process in running)
    finally:
        if own:
            shutil.rmtree(arguments.work, ignore_errors=True)
    print(f"RESULT part=mutation seeds={len(numbers)} wrong={wrong} states_s={made:.0f} "
          f"seconds={time.monotonic() - began:.0f}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
