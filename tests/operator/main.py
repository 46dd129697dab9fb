#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A random operator: everyday life against the running product, checked by books that know what
must arrive.

    main.py [--seed N[,N...]] [--count STEPS] [--minutes N]
            [--source socket|kmod] [--receive calls|bpf|auto]
            [--steps KIND,...] [--without KIND,...] [--long] [--shrink SECONDS] [--replay FILE]
            [--save FOLDER] [--build FOLDER] [--list]

Each seed has three servers of its own, and they run side by side. Steps are drawn from the kinds
that table.py says are right there; between them numbered datagrams flow. Every few steps all
receivers are brought up, and each output must have got, or been told of, every datagram that was
sent, once and unharmed. With `--minutes` a life ends with the step in which they are over, if its
steps last so long, and is settled and stopped as ever.

A seed that fails is written down as a list of steps, which is shortened by trying parts of it.
`--replay` does a list from a file, a step a line. The last line is a RESULT. Exits 1 if a seed
failed, 2 if it is called wrongly.
"""
import argparse
import faulthandler
import os
import random
import signal
import subprocess
import sys
import time

import life
import steps
import table
import world
from books import Fault
from shrink import shrink

HERE = os.path.dirname(os.path.abspath(__file__))
SETTLE_EVERY = 12


def plan(seed, count, weights):
    """The list of steps of a seed: `count` of the operator, traffic between them, a settling now
    and then."""
    rnd = random.Random(seed)
    kinds, chances = zip(*sorted(weights.items()))
    made = [steps.Step("send", rnd.randrange(1 << 31))]
    for number in range(1, count + 1):
        kind = rnd.choices(kinds, chances)[0]
        made.append(steps.Step(kind, rnd.randrange(1 << 31)))
        if rnd.random() < 0.8:
            made.append(steps.Step("send", rnd.randrange(1 << 31)))
        if number % SETTLE_EVERY == 0:
            made.append(steps.Step("settle", 0))
    return made


def live(seed, sequence, options, told=False):
    """Lives a list of steps. Returns (life's figures, steps done, Fault or None, the daemon's
    log)."""
    one = life.Life(seed, options)
    over = time.monotonic() + options.minutes * 60 if options.minutes else None
    done = 0
    fault = None
    log = ""
    try:
        one.begin(seed % 2 == 0 if options.disk is None else options.disk)
        for step in sequence:
            if over is not None and time.monotonic() >= over:
                break
            if told:
                print(f"seed {seed}: {step}", flush=True)
            signal.alarm(life.STEP_MOST)
            step.perform(one)
            signal.alarm(0)
            done += 1
            if one.world.daemon is not None:
                one.world.check_alive()
        one.settle()
        if one.world.is_running():
            one.world.stop()
    except Fault as error:
        fault = error
        if one.world.is_running() and not one.world.frozen:
            views = ("inputs", "outputs", "streams")
            log = "".join(one.world.ctl("show", view)[1] for view in views)
    finally:
        signal.alarm(0)
        try:
            if os.path.exists(one.world.log):
                log += f"--- log\n{one.world.log_since(0)}"
            with open(one.world.file) as file:
                log = f"{file.read()}--- what it shows\n{log}"
        except OSError:
            pass
        one.end()
    return one.books, done, fault, log


def write_down(path, seed, options, sequence, fault):
    """Writes a list of steps for --replay."""
    with open(path, "w") as file:
        file.write(f"# {fault}\n# seed {seed} source {options.source} receive {options.receive}\n")
        file.write("".join(f"{step}\n" for step in sequence))


def read_back(path):
    """(seed, steps) from a file that was written down."""
    seed = 1
    sequence = []
    with open(path) as file:
        for line in file:
            words = line.split()
            if words[:2] == ["#", "seed"]:
                seed = int(words[2])
            elif words and words[0] != "#":
                sequence.append(steps.Step(words[0], int(words[1]) if len(words) > 1 else 0))
    return seed, sequence


def one_seed(seed, sequence, options):
    """Lives a seed; on failure says what failed, shrinks it and writes it down. Returns the exit
    status."""
    began = time.monotonic()
    books, done, fault, log = live(seed, sequence, options, options.tell)
    wanted = sum(step.name not in ("send", "settle") for step in sequence[:done])
    status = "ok" if fault is None else fault.kind
    print(f"RESULT part=operator seed={seed} source={options.source} receive={options.receive} "
          f"steps={wanted} sent={books.sent} delivered={books.delivered} told={books.told} "
          f"repeated={books.repeated} compared={books.closures} "
          f"seconds={time.monotonic() - began:.0f} result={status}", flush=True)
    if fault is None:
        return 0
    failed = sequence[:done + 1]
    print(f"seed {seed}: {fault}\nafter {done} of {len(sequence)} steps; the last ones:")
    print("".join(f"    {step}\n" for step in failed[-12:]), end="", flush=True)

    def fails(part):
        """Does a part of the list fail in the same way?"""
        try:
            other = live(seed, part, options)[2]
        except world.WorldError as error:
            print(f"shrink: {error}")
            return False
        return other is not None and other.kind == fault.kind
    if options.shrink:
        # A part that fails mostly fails by waiting; many parts are tried.
        world.PATIENCE, life.STUCK = 20.0, 12.0
        failed = shrink(failed, fails, options.shrink)
        print(f"seed {seed}: the shortest that fails found in {options.shrink} s, for --replay:")
        print("".join(f"    {step}\n" for step in failed), end="")
        _, _, again, shorter = live(seed, failed, options)
        if again is not None:
            fault, log = again, shorter
            print(f"seed {seed}: {fault}")
    print(f"--- configuration at the end\n{log[-6000:]}")
    if options.save:
        os.makedirs(options.save, exist_ok=True)
        path = os.path.join(options.save, f"{options.source}-{options.receive}-{seed}.steps")
        write_down(path, seed, options, failed, fault)
        print(f"seed {seed}: written to {path}")
    return 1


def arguments():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--source", choices=("socket", "kmod"), default="socket")
    parser.add_argument("--receive", choices=("calls", "bpf", "auto"), default="calls")
    parser.add_argument("--steps", default="")
    parser.add_argument("--without", default="")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--disk", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--shrink", type=int, default=0)
    parser.add_argument("--replay")
    parser.add_argument("--save")
    parser.add_argument("--build", default=os.path.join(HERE, "..", "..", "build"))
    parser.add_argument("--tell", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    unknown = {name for text in (options.steps, options.without) for name in text.split(",")
               if name and name not in steps.KINDS}
    if unknown:
        parser.error(f"there is no kind of step called {', '.join(sorted(unknown))}")
    return options


def side_by_side(seeds):
    """Runs this program once for each seed, at the same time; prints what they say as each ends."""
    words = [sys.executable, os.path.abspath(__file__), *sys.argv[1:], "--seed"]
    children = [subprocess.Popen([*words, seed], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True) for seed in seeds]
    worst = 0
    for child in children:
        text, _ = child.communicate()
        print(text, end="", flush=True)
        worst = max(worst, child.returncode)
    return worst


def on_term(*_):
    """SIGTERM: everything is taken away again."""
    raise SystemExit(143)


def on_alarm(*_):
    """A step does not end."""
    faulthandler.dump_traceback()
    raise Fault("hang", f"a step takes longer than {life.STEP_MOST} s and nothing arrives")


def main():
    """Command line to exit status."""
    options = arguments()
    faulthandler.register(signal.SIGUSR2)
    signal.signal(signal.SIGTERM, on_term)
    signal.signal(signal.SIGALRM, on_alarm)
    place = "kmod" if options.source == "kmod" else options.receive
    if options.list:
        for kind, weight, places in table.lines():
            print(f"{kind:28}{weight:3}  {' '.join(sorted(places)) or '-'}")
        return 0
    if options.replay:
        seed, sequence = read_back(options.replay)
        return one_seed(seed, sequence, options)
    seeds = options.seed.split(",")
    if len(seeds) > 1:
        return side_by_side(seeds)
    only = [name for name in options.steps.split(",") if name]
    weights = table.weights(place, options.long, only)
    for name in options.without.split(","):
        weights.pop(name, None)
    return one_seed(int(seeds[0]), plan(int(seeds[0]), options.count, weights), options)


if __name__ == "__main__":
    sys.exit(main())
