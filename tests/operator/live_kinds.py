# SPDX-License-Identifier: MIT
"""Kinds of live changes. Each changes a configuration, or returns False where it does not fit;
`live.py` has it made. What is in Operator.steady and Operator.kept is left alone."""
import uuid

from configuration import Destination
from world import SENDERS

KINDS = {}
INPUTS_MOST = 7
OUTPUTS_MOST = 6


class Kind:
    """A kind. `ways`: those in which it can be done (Operator.by_...)."""

    def __init__(self, change, ways):
        self.change = change
        self.ways = ways


WAYS = ("single",) * 4 + ("guarded", "confirm", "back", "apply", "together", "abort")


def kind(name, ways=WAYS):
    """Registers a function as a kind of change."""
    def register(function):
        KINDS[name] = Kind(function, ways)
        return function
    return register


def inputs(operator, config):
    """Inputs that may be changed."""
    return [one for one in config.inputs if one.key not in operator.steady]


def outputs(operator, config):
    """Outputs that may be changed."""
    return [one for one in config.outputs if one.key not in operator.kept]


def pick(operator, some):
    """One of a list; None of an empty one."""
    return operator.rnd.choice(some) if some else None


def some_outputs(operator, config):
    """Keys of some outputs, at least one."""
    rnd = operator.rnd
    keys = [one.key for one in config.outputs if rnd.random() < 0.4]
    return keys or [rnd.choice(config.outputs).key]


def feed_all(operator, config):
    """Every output that may be changed is fed by an input that may be. False: there is none."""
    used = {key for one in config.inputs for key in one.outputs}
    for output in config.outputs:
        if output.key not in used:
            one = pick(operator, inputs(operator, config))
            if one is None:
                return False
            one.outputs.append(output.key)
    return True


@kind("add-input")
def add_input(operator, config):
    """One input more."""
    if len(config.inputs) >= INPUTS_MOST:
        return False
    one = operator.life.new_input(config, some_outputs(operator, config))
    one.priority = operator.rnd.choice((0, 0, 0, 5))
    config.inputs.append(one)
    return True


@kind("delete-input")
def delete_input(operator, config):
    """One input less."""
    one = pick(operator, inputs(operator, config))
    if one is None:
        return False
    config.inputs.remove(one)
    return feed_all(operator, config)


@kind("rename-input")
def rename_input(operator, config):
    """Another name of an input."""
    one = pick(operator, inputs(operator, config))
    if one is None:
        return False
    one.name = f"in{one.key}n{operator.rnd.randrange(1000)}"
    return True


@kind("switch-input")
def switch_input(operator, config):
    """An input is switched off, or on again."""
    one = pick(operator, inputs(operator, config))
    if one is None:
        return False
    one.enabled = not one.enabled
    return True


@kind("port")
def port(operator, config):
    """Another port of an input."""
    one = pick(operator, inputs(operator, config))
    if one is None:
        return False
    one.port = operator.life.next_input
    operator.life.next_input += 1
    return True


@kind("swap-ports", ("together", "together", "abort", "apply"))
def swap_ports(operator, config):
    """Two inputs swap their ports."""
    some = inputs(operator, config)
    if len(some) < 2:
        return False
    one, other = operator.rnd.sample(some, 2)
    one.port, other.port = other.port, one.port
    return True


@kind("swap-names", ("apply",))
def swap_names(operator, config):
    """Two outputs swap their names, and keep what waits for them by their ids."""
    some = [one for one in outputs(operator, config) if one.guid]
    if len(some) < 2:
        return False
    one, other = operator.rnd.sample(some, 2)
    one.name, other.name = other.name, one.name
    return True


@kind("id")
def identity(operator, config):
    """The id of an output is written."""
    output = pick(operator, [one for one in outputs(operator, config) if not one.guid])
    if output is None:
        return False
    output.guid = str(uuid.UUID(int=operator.rnd.getrandbits(128), version=4))
    return True


@kind("from")
def sender(operator, config):
    """An input takes one sender's datagrams only, or all again."""
    one = pick(operator, inputs(operator, config))
    if one is None:
        return False
    one.sender = operator.rnd.choice((None, *SENDERS))
    return True


@kind("receive")
def receive(operator, config):
    """An input is read in the other way."""
    one = pick(operator, inputs(operator, config))
    if one is None or operator.life.kmod:
        return False
    one.receive = "bpf" if one.receive == "calls" else "calls"
    return True


@kind("source")
def source(operator, config):
    """The module takes an input's datagrams no more, or again."""
    one = pick(operator, inputs(operator, config))
    if one is None or not operator.life.kmod:
        return False
    one.source = None if one.source else "socket"
    one.hook = None
    return True


@kind("hook")
def hook(operator, config):
    """The module takes an input's datagrams elsewhere."""
    one = pick(operator, inputs(operator, config))
    if one is None or not operator.life.kmod or one.source:
        return False
    one.hook = None if one.hook else "local-in"
    return True


@kind("priority")
def priority(operator, config):
    """Another priority of an input."""
    one = pick(operator, inputs(operator, config))
    if one is None:
        return False
    one.priority = operator.rnd.choice((0, 3, 7))
    return True


@kind("route")
def route(operator, config):
    """An input goes to other outputs."""
    one = pick(operator, inputs(operator, config))
    if one is None:
        return False
    one.outputs = some_outputs(operator, config)
    return feed_all(operator, config)


@kind("workers")
def workers(operator, config):
    """More workers, or fewer."""
    config.workers = operator.rnd.randint(1, 5)
    return True


@kind("add-output")
def add_output(operator, config):
    """An output more."""
    one = pick(operator, inputs(operator, config))
    if one is None or len(config.outputs) >= OUTPUTS_MOST:
        return False
    output = operator.life.new_output(config)
    output.framing = operator.rnd.choice(("native", "native", "length32"))
    output.mode = operator.rnd.choice(("round-robin", "balance", "hash", "duplicate"))
    if operator.rnd.random() < 0.5:
        output.to.append(operator.life.new_destination())
    one.outputs.append(output.key)
    return True


@kind("delete-output")
def delete_output(operator, config):
    """An output less."""
    output = pick(operator, outputs(operator, config))
    if output is None or any(not to.enabled for to in output.to):
        return False
    config.outputs.remove(output)
    for one in config.inputs:
        one.outputs = [key for key in one.outputs if key != output.key] or [
            operator.rnd.choice(config.outputs).key]
    return True


@kind("rename-output")
def rename_output(operator, config):
    """Another name of an output."""
    output = pick(operator, outputs(operator, config))
    if output is None:
        return False
    output.name = f"out{output.key}n{operator.rnd.randrange(1000)}"
    return True


@kind("batch")
def batch(operator, config):
    """Another size or delay of batches."""
    output = pick(operator, outputs(operator, config))
    if output is None:
        return False
    output.batch = operator.rnd.choice(("4k", "16k", "256k", "1m"))
    output.delay = operator.rnd.choice(("0ms", "2ms", "20ms"))
    return True


@kind("rate")
def rate(operator, config):
    """A limit, another, none."""
    output = pick(operator, outputs(operator, config))
    if output is None:
        return False
    output.rate = operator.rnd.choice((None, "8mbit", "100mbit"))
    return True


@kind("weight")
def weight(operator, config):
    """Another weight of a destination."""
    output = pick(operator, outputs(operator, config))
    if output is None:
        return False
    operator.rnd.choice(output.to).weight = operator.rnd.randint(1, 5)
    return True


@kind("framing")
def framing(operator, config):
    """Another framing. What is not acknowledged may come again in the other one."""
    output = pick(operator, outputs(operator, config))
    if output is None:
        return False
    operator.life.books.excuse(output.key, "repeats")
    output.framing = "length32" if output.framing == "native" else "native"
    return True


@kind("mode")
def mode(operator, config):
    """Another mode."""
    output = pick(operator, outputs(operator, config))
    if output is None or any(not to.enabled for to in output.to):
        return False
    output.mode = operator.rnd.choice(("round-robin", "balance", "hash", "duplicate"))
    return True


@kind("add-destination")
def add_destination(operator, config):
    """A destination more."""
    output = pick(operator, outputs(operator, config))
    if output is None or len(output.to) >= 3:
        return False
    output.to.append(operator.life.new_destination())
    return True


@kind("delete-destination")
def delete_destination(operator, config):
    """A destination less."""
    output = pick(operator, [one for one in outputs(operator, config) if len(one.to) > 1])
    if output is None:
        return False
    left = output.to[:]
    left.remove(operator.rnd.choice(left))
    if not any(to.enabled for to in left):
        return False
    output.to = left
    return True


@kind("move-destination")
def move_destination(operator, config):
    """An output goes elsewhere: what waits goes there as well."""
    output = pick(operator, [one for one in outputs(operator, config) if one.mode != "duplicate"])
    if output is None:
        return False
    operator.life.books.excuse(output.key, "mixed")
    output.to = [Destination(operator.life.new_destination().port)]
    return True


@kind("switch-destination")
def switch_destination(operator, config):
    """A destination is switched off while another can go on, or on again."""
    output = pick(operator, [one for one in outputs(operator, config)
                             if len(one.to) > 1 and one.mode != "duplicate"])
    if output is None:
        return False
    to = operator.rnd.choice(output.to)
    if to.enabled and sum(one.enabled for one in output.to) < 2:
        return False
    to.enabled = not to.enabled
    return True
