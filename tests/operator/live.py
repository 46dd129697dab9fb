#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random live changes, one piece after the other, under traffic that never pauses.

    live.py [--seed N[,N...]] [--count CHANGES] [--source socket|kmod] [--receive calls|bpf]
            [--kinds KIND,...] [--tell] [--build FOLDER]

`set`, `add`, `del`, `enable` and `disable` by themselves, with `--dry-run` before, with
`--if-revision` and `--confirm-within`; `begin` ... `commit` or `abort`; `apply FILE`; `rollback`.
The books are those of the random operator (README.md). A datagram that is sent while a change is
made must come to all outputs that its input fed before, or to all that the input feeds then.

Two inputs and their outputs are named by no change. They have traffic all the while, and must
have lost nothing and have kept their connections. So must, between two comparisons, every other
that no change named meanwhile.

The last line is a RESULT. Exits 1 if a seed failed, 2 if it is called wrongly.
"""
import argparse
import faulthandler
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import payload
import pieces
from books import Fault
from life import Life
from live_kinds import KINDS
from world import ADDRESSES, SENDERS

HERE = os.path.dirname(os.path.abspath(__file__))
COMPARE_EVERY = 10
# Refusals that say themselves that they are for the moment.
PATIENCE = 60.0
LANES = 2


def flow_of(sender, port, lane):
    """The number of a flow."""
    return port << 8 | lane << 2 | SENDERS.index(sender)


class Stream(threading.Thread):
    """Sends all the while to whatever an input takes, to the untouched half of the time."""

    def __init__(self, life, steady):
        super().__init__(daemon=True)
        self.life = life
        self.steady = steady
        self.lock = threading.Lock()
        self.ways = {}
        self.sent = {}
        self.ending = False
        self.error = None

    def set(self, ways):
        """From now on {(sender, port): [outputs, or outputs]} is where something may be sent."""
        with self.lock:
            self.ways = ways

    def run(self):
        """Until it is ended."""
        rnd = random.Random(self.life.run)
        try:
            while not self.ending:
                with self.lock:
                    self._send(rnd)
                time.sleep(0.002)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def _send(self, rnd):
        """One datagram."""
        steady = [way for way in self.ways if way[1] in self.steady]
        some = steady if rnd.random() < 0.5 and steady else list(self.ways)
        if not some:
            return
        sender, port = rnd.choice(some)
        lane = rnd.randrange(LANES)
        flow = flow_of(sender, port, lane)
        books = self.life.books
        with books.lock:
            number = books.number(flow)
            books.owe_either(self.ways[sender, port], flow, number)
        body = payload.write(self.life.run, flow, number, rnd.choice((32, 100, 300, 1200)))
        if self.life.world.send(sender, lane, ADDRESSES["main"], port, body):
            self.sent[port] = self.sent.get(port, 0) + 1
        else:
            books.retract(flow, number)

    def end(self):
        """Ends it."""
        self.ending = True
        self.join()


class Operator:
    """Changes, and what is known of them."""

    def __init__(self, life, rnd, options):
        self.life = life
        self.rnd = rnd
        self.options = options
        self.steady = {one.key for one in life.config.inputs}
        self.kept = {one.key for one in life.config.outputs}
        self.stream = Stream(life, {one.port for one in life.config.inputs})
        self.touched = (set(), set())
        # Workers that came since the last comparison: each has connections of its own.
        self.joined = 0
        self.before = {}
        self.revisions = {}
        self.changes = self.tries = self.refused = 0
        self.last = ()
        self.ways = {}

    # --- commands

    def ctl(self, *words, may_fail=False):
        """Runs a command with -j; its answer, or None if it was refused and may be."""
        end = time.monotonic() + PATIENCE
        self.last = words
        while True:
            if self.options.tell:
                print("+", *words, flush=True)
            status, text, errors = self.life.world.ctl(*words)
            self.life.world.check_alive()
            if status == 0 and "-j" in words and not text.strip():
                # A worker got no processor for seconds: it was done after the answer.
                return {"state": "in force", "changes": ["late"], "revision": self.revision()}
            if status == 0:
                return json.loads(text) if "-j" in words else text
            # What an output that goes has not got yet is on its way, as is said.
            waits = "wait" in errors and "--drop" in errors
            if may_fail and not waits:
                self.refused += 1
                return None
            if not waits or time.monotonic() > end:
                raise Fault("refused", f"{' '.join(words)}: {(text + errors).strip()}")
            time.sleep(0.2)

    def note(self, config, answer):
        """A configuration is in force, as an answer says."""
        if answer["state"] != "in force" or not answer["changes"]:
            raise Fault("answer", f"{' '.join(self.last)}, which changes something, answers {answer}")
        self.changes += 1
        self.revisions[answer["revision"]] = config.copy()

    def moved(self, then, command):
        """Has a command, a function, lead to the configuration `then`, under traffic."""
        life, now = self.life, self.life.config
        ours, theirs = pieces.claims(now), pieces.claims(then)
        for old, new in zip(self.touched, pieces.touched(now, then)):
            old |= new
        self.joined += max(0, then.workers - now.workers)
        for key in self.touched[1]:
            output = now.output(key)
            if output and output.framing != "native":
                life.books.excuse(key, "repeats-plain")
        life.books.prepare(then)
        self.stream.set({way: tuple({ours[way], theirs[way]})
                         for way in ours if way in theirs})
        # What is on its way by the old configuration comes as the old one says.
        flows = {flow_of(*way, lane) for way in ours if ours[way] != theirs.get(way)
                 for lane in range(LANES)}
        if flows:
            life.world.await_true(lambda: not life.books.lacks_flows(flows),
                                  "what an input took in was delivered", "missing", 120)
        answer = command()
        life.in_force(then.copy())
        self.stream.set({way: (outputs,) for way, outputs in theirs.items()})
        if answer is not None:
            self.note(then, answer)
        self.look(then)

    def look(self, config):
        """What runs is what was wished, as `get` says."""
        shown = {(one["kind"], one["name"]) for one in self.ctl("get", "-j")}
        wanted = {("input", one.name) for one in config.inputs}
        wanted |= {("output", one.name) for one in config.outputs}
        if shown != wanted:
            raise Fault("half", f"there are {sorted(shown)}, and there should be {sorted(wanted)}")

    def unchanged(self, revision):
        """Nothing has moved."""
        if self.revision() != revision:
            raise Fault("half", f"revision {self.revision()} came into force instead of {revision}")

    def revision(self):
        """The number of what is in force."""
        return self.ctl("history", "-j")[-1]["revision"]

    # --- ways

    def make(self, name):
        """One kind of change, in a way that is drawn."""
        now = self.life.config
        then = now.copy()
        self.tries += 1
        kind = KINDS[name]
        if kind.change(self, then) is False or then.text() == now.text():
            return
        steps = pieces.Way(now, then).steps
        way = self.rnd.choice(kind.ways)
        self.ways[way] = self.ways.get(way, 0) + 1
        getattr(self, f"by_{way}")(then, steps)

    def by_single(self, _, steps):
        """One command after the other; now and then looked at first."""
        for words, after in steps:
            if self.rnd.random() < 0.2:
                revision = self.revision()
                if self.ctl(*words, "--dry-run", "-j")["state"] != "not applied":
                    raise Fault("answer", f"{' '.join(words)} --dry-run says that it was done")
                self.unchanged(revision)
            self.moved(after, lambda words=words: self.ctl(*words, "-j"))

    def by_guarded(self, _, steps):
        """With --if-revision: another number than that in force is refused."""
        for words, after in steps:
            revision = self.revision()
            if self.ctl(*words, "--if-revision", str(revision + 1), "-j", may_fail=True):
                raise Fault("accepted", f"a change on revision {revision + 1}, which is not there")
            self.unchanged(revision)
            self.moved(after, lambda words=words, revision=revision: self.ctl(
                *words, "--if-revision", str(revision), "-j"))

    def by_confirm(self, _, steps):
        """With --confirm-within, and confirmed."""
        for words, after in steps:
            self.moved(after, lambda words=words: self.ctl(*words, "--confirm-within", "60s", "-j"))
            self.ctl("confirm")

    def by_back(self, then, steps):
        """There, and back by `rollback` to one of those that were."""
        self.by_single(then, steps)
        known = [number for number in list(self.revisions)[-15:-1]
                 if self.revisions[number].text() != self.life.config.text()
                 and pieces.are_told_apart(self.life.config, self.revisions[number])]
        if not known:
            return
        number = self.rnd.choice(known)
        past = self.revisions[number]
        for output in past.outputs:
            now = self.life.config.output(output.key)
            if now and [to.port for to in now.to] != [to.port for to in output.to]:
                self.life.books.excuse(output.key, "mixed")
        self.moved(past, lambda: self.ctl("rollback", str(number), "-j"))

    def by_together(self, then, steps):
        """begin ... commit."""
        self.begin(steps)

        def commit():
            revision = self.revision()
            if self.rnd.random() < 0.3:
                self.ctl("commit", "--dry-run", "-j")
                self.unchanged(revision)
            return self.ctl("commit", "-j")
        self.moved(then, commit)

    def by_abort(self, _, steps):
        """begin ... abort."""
        revision = self.revision()
        self.begin(steps)
        self.ctl("abort")
        self.unchanged(revision)
        self.look(self.life.config)

    def begin(self, steps):
        """begin, and the commands."""
        revision = self.revision()
        self.ctl("begin")
        for words, _ in steps:
            self.ctl(*words)
        self.unchanged(revision)

    def by_apply(self, then, _):
        """A file."""
        self.life.world.write(then.text())
        self.moved(then, lambda: self.ctl("apply", self.life.world.file, "-j"))

    # --- comparing

    def compare(self):
        """Everything has come; what nobody touched has lost nothing and kept its connections, and
        what runs means what the model says."""
        with self.stream.lock:
            if self.stream.error:
                raise self.stream.error
            self.life.settle()
            inputs, outputs = self.life.world.show("inputs"), self.life.world.show("outputs")
            after = {}
            for one in self.life.config.inputs:
                shown = [row for row in inputs if row["name"] == one.name]
                if shown:
                    after["input", one.key] = (shown[0]["matched"], sum(shown[0]["lost"].values()))
                after["sent", one.key] = self.stream.sent.get(one.port, 0)
            for one in self.life.config.outputs:
                shown = next(row for row in outputs if row["name"] == one.name)
                after["output", one.key] = {to["to"]: to["connects"]
                                            for to in shown["destinations"]}
            self.judge(after)
            self.before = after
            self.touched = (set(), set())
            self.joined = 0
            self.life.world.write(self.life.config.text())
            changes = self.ctl("diff", self.life.world.file, "-j")["changes"]
            if changes:
                raise Fault("half", f"what runs is not what was wished: {changes}")

    def are_kept(self, before, now):
        """Has an output made no connections but those of workers that came?"""
        return before.keys() == now.keys() and all(
            before[to] <= now[to] <= before[to] + self.joined for to in before)

    def judge(self, after):
        """Compares with the last time."""
        if self.touched[0] & self.steady or self.touched[1] & self.kept:
            raise RuntimeError("a change named what is to be left alone")
        for (what, key), value in self.before.items():
            if what == "sent" or key in self.touched[what == "output"]:
                continue
            now = after.get((what, key))
            if what == "output" and not self.are_kept(value, now):
                raise Fault("disturbed", f"the connections of output {key}, which no change named, "
                            f"were {value} and are {now}, with {self.joined} workers more")
            if what == "output":
                continue
            sent = after["sent", key] - self.before["sent", key]
            if now is None or now[1] != value[1] or now[0] - value[0] != sent:
                raise Fault("disturbed", f"to input {key}, which no change named, {sent} were sent;"
                            f" it counted (matched, lost) {value} before and {now} now")


def live(seed, options):
    """Lives a seed; prints its RESULT. Returns the exit status."""
    began = time.monotonic()
    life = Life(seed, options)
    rnd = random.Random(seed)
    operator = fault = None
    log = ""
    try:
        life.begin(False)
        operator = Operator(life, rnd, options)
        operator.revisions[operator.revision()] = life.config.copy()
        operator.stream.set({way: (outputs,) for way, outputs in
                             pieces.claims(life.config).items()})
        operator.stream.start()
        time.sleep(1)
        operator.compare()
        names = options.kinds.split(",") if options.kinds else list(KINDS)
        while operator.changes < options.count:
            signal.alarm(240)
            name = rnd.choice(names)
            if options.tell:
                print(f"seed {seed}: {name}", flush=True)
            operator.make(name)
            if operator.tries % COMPARE_EVERY == 0:
                operator.compare()
        operator.compare()
        operator.stream.end()
        life.world.stop()
    except Fault as error:
        fault = error
        if life.world.is_running():
            log = "".join(life.world.ctl("show", view)[1] for view in ("inputs", "outputs", "orphans"))
        if os.path.exists(life.world.log):
            log += life.world.log_since(0)[-4000:]
    finally:
        signal.alarm(0)
        if operator and operator.stream.is_alive():
            operator.stream.end()
        life.end()
    books = life.books
    lost = sum(life.world.lost_now.values())
    print(f"RESULT part=live seed={seed} source={options.source} receive={options.receive} "
          f"changes={operator.changes if operator else 0} "
          f"refused={operator.refused if operator else 0} sent={books.sent} "
          f"delivered={books.delivered} told={books.told} lost={lost} repeated={books.repeated} "
          f"compared={books.closures} seconds={time.monotonic() - began:.0f} "
          f"result={'ok' if fault is None else fault.kind}", flush=True)
    if fault is None:
        print("ways:", ", ".join(f"{way} {count}" for way, count in sorted(operator.ways.items())))
        return 0
    print(f"seed {seed}: {fault}\n{log}", flush=True)
    return 1


def on_alarm(*_):
    """A change does not end."""
    faulthandler.dump_traceback()
    raise Fault("hang", "a change takes longer than 240 s")


def on_term(*_):
    """SIGTERM: everything is taken away again."""
    raise SystemExit(143)


def main():
    """Command line to exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--source", choices=("socket", "kmod"), default="socket")
    parser.add_argument("--receive", choices=("calls", "bpf"), default="calls")
    parser.add_argument("--kinds", default="")
    parser.add_argument("--tell", action="store_true")
    parser.add_argument("--build", default=os.path.join(HERE, "..", "..", "build"))
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    if any(name not in KINDS for name in options.kinds.split(",") if name):
        parser.error(f"the kinds are {', '.join(KINDS)}")
    signal.signal(signal.SIGTERM, on_term)
    signal.signal(signal.SIGALRM, on_alarm)
    seeds = options.seed.split(",")
    if len(seeds) == 1:
        return live(int(seeds[0]), options)
    words = [sys.executable, os.path.abspath(__file__), *sys.argv[1:], "--seed"]
    children = [subprocess.Popen([*words, seed], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True) for seed in seeds]
    worst = 0
    for child in children:
        print(child.communicate()[0], end="", flush=True)
        worst = max(worst, child.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
