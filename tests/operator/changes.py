# SPDX-License-Identifier: MIT
"""Steps that take several moves: outputs that go while something waits, a store that is full."""
import os
import random
import time

import payload
from books import Fault
from world import run

PROBE_LANE = 9
DROPPED_KEY = "dropped_by_change"


def dropped_by_change(life):
    """The most that any of the tool's views says was dropped because a change said so."""
    def search(thing):
        if isinstance(thing, dict):
            own = thing.get(DROPPED_KEY, 0)
            return (own if isinstance(own, int) else 0) + sum(map(search, thing.values()))
        return sum(map(search, thing)) if isinstance(thing, list) else 0
    return max(search(life.world.show(view)) for view in ("inputs", "outputs", "store"))


def delete_waiting(life, rnd, remove_output):
    """An output goes while its receivers are down and something waits for it.

    The product refuses, and changes nothing, unless it is told to whom it goes (--adopt) or that
    it is
    to be dropped (--drop), which is counted.
    """
    life.settle()
    key = rnd.choice(life.config.outputs).key
    output = life.config.output(key)
    for to in output.to:
        life.third.set_state(to.port, "down")
    fed = [one for one in life.reachable() if key in one.outputs]
    life.burst(rnd, fed, 20)
    life.secure()
    lack = max(len(lack) for lack in life.books.accounts[key].missing().values())
    before = dropped_by_change(life)
    if life.propose(lambda config: remove_output(config, key), "apply", True, steady=False):
        told = dropped_by_change(life) - before
        if told != lack:
            raise Fault("discarded", f"output {output.name} was removed while {lack} datagrams "
                        f"waited for it; {told} are told of as dropped by the change")
        del life.books.accounts[key]
        return
    answer = rnd.choice(("leave", "adopt", "drop"))
    config = life.config.copy()
    if answer == "leave" or not lack:
        return
    if answer == "drop":
        remove_output(config, key)
        words = ["--drop", output.name]
    else:
        heir = config.output(key)
        heir.name = f"heir{key}n{rnd.randrange(1000)}"
        heir.to = [life.new_destination()]
        words = ["--adopt", f"{output.name}={heir.name}"]
        life.books.excuse(key, "mixed")
    life.world.write(config.text())
    status, text, errors = life.world.ctl("apply", life.world.file, *words)
    life.world.check_alive()
    if status:
        raise Fault("refused", f"apply {' '.join(words)}: {(text + errors).strip()}")
    life.in_force(config)
    told = dropped_by_change(life) - before
    if answer == "drop":
        if told != lack:
            raise Fault("discarded", f"{lack} datagrams waited for output {output.name} that was "
                        f"dropped; {told} are told of")
        del life.books.accounts[key]


def await_inputs(life, patience=20.0):
    """Waits until inputs on the second link take in again what is sent to them. What probes them
    is owed
    to nobody."""
    world = life.world
    if not world.is_running():
        return
    for one in life.reachable():
        sources, to = life.way(one)
        if to != "10.9.2.1":
            continue
        before = matched(world, one.name)
        end = time.monotonic() + patience
        while matched(world, one.name) == before:
            if time.monotonic() > end:
                raise Fault("deaf", f"input {one.name} takes nothing in, {patience:.0f} s after "
                            "its link or address came back")
            world.send(sources[0], PROBE_LANE, to, one.port,
                       payload.write(life.run, 0, 0, payload.SMALLEST))
            time.sleep(0.02)


def matched(world, name):
    """How many datagrams an input has seen."""
    return next((one["matched"] for one in world.show("inputs") if one["name"] == name), 0)


def fill(life):
    """Writes until the spool's file system has no room; returns the path."""
    path = os.path.join(life.world.spool, "others")
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 20))
        except OSError:
            pass
    return path


def disk_full(life, rnd):
    """Others fill the file system; the daemon goes on, and may be killed and start meanwhile."""
    if not life.world.is_running():
        return
    path = fill(life)
    life.burst(rnd, most=200)
    if rnd.random() < 0.4:
        life.secure()
        life.world.kill()
        life.world.start()
    life.burst(rnd)
    os.remove(path)


def disk_read_only(life, rnd, while_down):
    """A backlog on the disk, a kill, a start on a read-only file system, delivery; then in order
    again."""
    if not life.world.is_running():
        return
    for port in life.config.ports():
        life.third.set_state(port, "down")
    life.burst(rnd, most=300)
    life.secure()
    life.world.kill()
    if run("mount", "-o", "remount,ro", life.world.spool, check=False)[0]:
        life.world.start()
        return
    while_down(life, rnd)
    life.world.start()
    life.drain()
    life.world.stop()
    run("mount", "-o", "remount,rw", life.world.spool)
    life.world.start()


def overflow(life, rnd, most=80000):
    """Receivers of one output are down until an input counts losses."""
    if life.config.disk or not life.world.is_running():
        return
    fed = life.reachable()
    if not fed:
        return
    life.settle()
    one = rnd.choice(fed)
    for output in one.outputs:
        for to in life.config.output(output).to:
            life.third.set_state(to.port, "down")
    lost = life.world.count_lost()
    own = random.Random(rnd.random())
    for number in range(most):
        life.send_one(one, own.randrange(3), 1400)
        if number % 1000 == 999 and life.world.count_lost() > lost:
            break
    life.settle()
