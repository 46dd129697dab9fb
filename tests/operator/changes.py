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
    """What was dropped because a change said so, by the key of its input; 0: the store's sum."""
    shown = {one["name"]: one[DROPPED_KEY] for one in life.world.show("inputs")}
    dropped = {one.key: shown.get(one.name, 0) for one in life.config.inputs}
    dropped[0] = life.world.show("store")[0][DROPPED_KEY]
    return dropped


def lacking(life, key, port=None):
    """How many datagrams an output lacks, or one of its ports, by the key of the input; 0: all."""
    lack = {0: 0}
    for place, datagrams in life.books.accounts[key].missing().items():
        if port is not None and place != port:
            continue
        for flow, _ in datagrams:
            lack[flow >> 8] = lack.get(flow >> 8, 0) + 1
            lack[0] += 1
    return lack


def check_dropped(life, what, lack, before):
    """Exactly what waited is counted as dropped: in all, and at each input that is still there."""
    told = dropped_by_change(life)
    for key, count in told.items():
        wanted = lack.get(key, 0)
        if count - before.get(key, 0) != wanted:
            one = life.config.input(key)
            where = f"input {one.name} counts" if one else "the store's sum has"
            raise Fault("discarded", f"{lack[0]} datagrams waited for {what} that was dropped; of "
                        f"{wanted} {where} {count - before.get(key, 0)}")


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
    lack = lacking(life, key)
    before = dropped_by_change(life)
    if lack[0]:
        refuses(life, lambda config: remove_output(config, key))
    elif life.propose(lambda config: remove_output(config, key), "apply", True, steady=False):
        del life.books.accounts[key]
        return
    decide(life, rnd, output, lack, before, remove_output)


def refuses(life, change):
    """A change that would leave something without a taker is refused, and changes nothing."""
    views = ("inputs", "outputs")
    names = [[one["name"] for one in life.world.show(view)] for view in views]
    config = life.config.copy()
    change(config)
    life.world.write(config.text())
    status, text, errors = life.world.ctl("apply", life.world.file)
    life.world.check_alive()
    life.world.write(life.config.text())
    if status != 3:
        raise Fault("discarded", f"apply of a file without an output for which something waits "
                    f"ends with status {status}: {(text + errors).strip()}")
    after = [[one["name"] for one in life.world.show(view)] for view in views]
    if after != names:
        raise Fault("half", f"a refused apply changed {names} to {after}")
    life.refusals += 1


def decide(life, rnd, output, lack, before, remove_output):
    """Has what waits for an output, that is in the file or is not, stay, go to another, or
    dropped. `before`: what was counted as dropped so far."""
    key = output.key
    answer = rnd.choice(("leave", "adopt", "adopt", "drop", "drop"))
    config = life.config.copy()
    if answer == "leave" or not lack[0]:
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
    life.books.prepare(config)
    status, text, errors = life.world.ctl("apply", life.world.file, *words)
    life.world.check_alive()
    if status:
        raise Fault("refused", f"apply {' '.join(words)}: {(text + errors).strip()}")
    life.in_force(config)
    if answer == "drop":
        check_dropped(life, f"output {output.name}", lack, before)
        del life.books.accounts[key]


def drop_destination(life, rnd, key):
    """A duplicating output loses a destination that lacks something."""
    life.settle()
    output = life.config.output(key)
    port = rnd.choice(output.to).port
    life.third.set_state(port, "down")
    life.burst(rnd, [one for one in life.reachable() if key in one.outputs], 20)
    life.secure()
    lack = lacking(life, key, port)
    if not lack[0]:
        return

    def change(config):
        one = config.output(key)
        one.to = [to for to in one.to if to.port != port]
    refuses(life, change)
    before = dropped_by_change(life)
    config = life.config.copy()
    change(config)
    life.world.write(config.text())
    status, text, errors = life.world.ctl("apply", life.world.file, "--drop", output.name)
    life.world.check_alive()
    if status:
        raise Fault("refused", f"apply --drop {output.name}: {(text + errors).strip()}")
    life.in_force(config)
    check_dropped(life, f"port {port} of {output.name}", lack, before)


def forget_output(life, rnd, remove_output):
    """An output goes from the file while no daemon runs and something waits for it: it is shown as
    an orphan, and delivered when the output is back, or to its heir, or dropped and counted."""
    import steps
    life.settle()
    key = rnd.choice(life.config.outputs).key
    output = life.config.output(key)
    routes = {one.key: list(one.outputs) for one in life.config.inputs}
    for to in output.to:
        life.third.set_state(to.port, "down")
    life.burst(rnd, [one for one in life.reachable() if key in one.outputs], 20)
    life.secure()
    lack = lacking(life, key)
    config = life.config.copy()
    remove_output(config, key)
    if rnd.random() < 0.5:
        life.world.kill()
    else:
        life.world.stop()
    life.world.write(config.text())
    life.in_force(config)
    life.world.start()
    for _ in range(rnd.choice((0, 0, 1, 2))):
        name = rnd.choice(("rename-output", "mode-hash", "mode", "kill", "add-destination", "route",
                           "memory", "framing"))
        if name in ("rename-output", "mode-hash", "mode", "framing"):
            name += "-waiting"
        steps.KINDS[name](life, rnd)
    life.burst(rnd, most=10)
    life.secure()
    orphans = [one for one in life.world.show("orphans") if one["name"] == output.name]
    if bool(orphans) != bool(lack[0]):
        raise Fault("orphans", f"{lack[0]} datagrams wait for {output.name}, which the file has no "
                    f"more; shown: {orphans}")
    config = life.config.copy()
    before = dropped_by_change(life)
    answer = rnd.choice(("back", "adopt", "drop")) if lack[0] else "none"
    if answer == "none":
        del life.books.accounts[key]
        return
    words = []
    if answer == "back":
        config.outputs.append(output)
        if rnd.random() < 0.3:
            output.mode = rnd.choice(("round-robin", "duplicate", "hash"))
        for one in config.inputs:
            if key in routes.get(one.key, ()) and key not in one.outputs:
                one.outputs.append(key)
        if not any(key in one.outputs for one in config.inputs):
            config.inputs[0].outputs.append(key)
    elif answer == "drop":
        words = ["--drop", output.name]
    else:
        heir = output
        old = heir.name
        heir.name = f"heir{key}n{rnd.randrange(1000)}"
        heir.to = [life.new_destination()]
        config.outputs.append(heir)
        rnd.choice(config.inputs).outputs.append(key)
        words = ["--adopt", f"{old}={heir.name}"]
        life.books.excuse(key, "mixed")
    life.world.write(config.text())
    life.books.prepare(config)
    status, text, errors = life.world.ctl("apply", life.world.file, *words)
    life.world.check_alive()
    if status:
        raise Fault("refused", f"apply {' '.join(words)}: {(text + errors).strip()}")
    life.in_force(config)
    if answer == "drop":
        check_dropped(life, f"output {output.name}, which was gone,", lack, before)
        del life.books.accounts[key]
    elif rnd.random() < 0.4:
        life.secure()
        life.world.kill()
        life.world.start()


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
