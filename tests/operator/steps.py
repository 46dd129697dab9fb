# SPDX-License-Identifier: MIT
"""What an operator does, one function a kind of step.

A step is a kind and a seed: everything else it draws from the seed and from what there is when it
is done, so that any part of a list of steps is a list of steps. A step that does not fit does
nothing.
"""
import random
import signal
import time
import uuid

from configuration import Destination
from world import ADDRESSES, SECOND_SENDER, SENDERS

KINDS = {}
INPUTS_MOST = 5
OUTPUTS_MOST = 4


def kind(name):
    """Registers a function as a kind of step."""
    def register(function):
        KINDS[name] = function
        return function
    return register


class Step:
    """A kind and a seed."""

    def __init__(self, name, seed):
        self.name = name
        self.seed = seed

    def __str__(self):
        return f"{self.name} {self.seed}"

    def perform(self, life):
        """Does it."""
        KINDS[self.name](life, random.Random(self.seed))


def way(rnd):
    """How a change is made."""
    return rnd.choice(("apply", "hup"))


def pick(rnd, some):
    """One of a list, None of an empty one."""
    return rnd.choice(some) if some else None


def is_calm(life):
    """Drains first, so that the step changes nothing that something waits for. False: not
    possible."""
    if not life.world.is_running():
        return False
    life.drain()
    return True


# --- what is not a step of the operator: traffic, and comparing


@kind("send")
def send(life, rnd):
    """Traffic."""
    life.burst(rnd)


@kind("settle")
def settle(life, _):
    """Everything is compared."""
    life.settle()


# --- changes of what there is


@kind("apply-same")
def apply_same(life, rnd):
    """The same file again."""
    life.propose(lambda config: None, way(rnd))


@kind("apply-faulty")
def apply_faulty(life, rnd):
    """A file with a fault changes nothing."""
    text = life.config.text()
    broken = rnd.choice((text + "nonsense: 1\n", text.replace("mode:", "mood:", 1),
                         text.replace("outputs: [", "outputs: [nobody, ", 1),
                         text[:len(text) // 2] + "\t{", ""))
    life.world.write(broken)
    with life.traffic(life.config):
        text = life.enact(way(rnd))
    life.world.write(life.config.text())
    if text is None:
        from books import Fault
        raise Fault("accepted", "a file with faults came into force")


def change_output(life, rnd, change, **more):
    """Proposes a change to one output."""
    key = rnd.choice(life.config.outputs).key
    return life.propose(lambda config: change(config.output(key)), way(rnd), **more)


@kind("batch")
def batch(life, rnd):
    """Another size or delay of batches."""
    def change(output):
        output.batch = rnd.choice(("4k", "16k", "256k", "1m"))
        output.delay = rnd.choice(("0ms", "2ms", "20ms"))
    change_output(life, rnd, change)


@kind("rate")
def rate(life, rnd):
    """A limit, another, none."""
    def change(output):
        output.rate = rnd.choice((None, "2mbit", "8mbit", "100mbit"))
    change_output(life, rnd, change)


@kind("weight")
def weight(life, rnd):
    """Another weight of a destination."""
    def change(output):
        rnd.choice(output.to).weight = rnd.randint(1, 5)
    change_output(life, rnd, change)


@kind("priority")
def priority(life, rnd):
    """Another priority of an input."""
    key = rnd.choice(life.config.inputs).key

    def change(config):
        config.input(key).priority = rnd.choice((0, 0, 3, 7))
    life.propose(change, way(rnd))


@kind("memory")
def memory(life, rnd):
    """Rings of another size."""
    def change(config):
        config.memory = rnd.choice(("8m", "16m", "24m"))
    life.propose(change, way(rnd))


@kind("receive")
def receive(life, rnd):
    """An input is read in another way."""
    if life.kmod:
        return
    key = rnd.choice(life.config.inputs).key

    def change(config):
        one = config.input(key)
        ways = ("calls", "bpf", "auto") if life.options.receive == "auto" else ("calls", "bpf")
        one.receive = rnd.choice([other for other in ways if other != one.receive])
    life.propose(change, way(rnd))


@kind("readers")
def readers(life, rnd):
    """More workers read sockets by a program, or fewer."""
    def change(config):
        config.readers = rnd.choice([other for other in (None, 1, 2) if other != config.readers])
    life.propose(change, way(rnd))


def reframe(life, rnd):
    """Another framing of an output. Unacknowledged datagrams may come again in the other one."""
    key = rnd.choice(life.config.outputs).key
    life.books.excuse(key, "repeats")

    def change(config):
        output = config.output(key)
        output.framing = "length32" if output.framing == "native" else "native"
    life.propose(change, way(rnd))


@kind("framing")
def framing(life, rnd):
    """Another framing, when nothing waits."""
    if is_calm(life):
        reframe(life, rnd)


@kind("framing-waiting")
def framing_waiting(life, rnd):
    """Another framing, whatever waits."""
    reframe(life, rnd)


def remode(life, rnd, modes, restart=False):
    """Another mode of an output."""
    key = rnd.choice(life.config.outputs).key

    def change(config):
        config.output(key).mode = rnd.choice(modes)
    if restart:
        return change
    return life.propose(change, way(rnd), refusable=True)


@kind("mode")
def mode(life, rnd):
    """Another mode, when nothing waits."""
    if is_calm(life):
        remode(life, rnd, ("round-robin", "balance", "duplicate"))


@kind("mode-waiting")
def mode_waiting(life, rnd):
    """Another mode, whatever waits."""
    remode(life, rnd, ("round-robin", "balance", "duplicate"))


@kind("mode-hash")
def mode_hash(life, rnd):
    """To mode hash or away from it, when nothing waits."""
    if is_calm(life):
        remode(life, rnd, ("hash", "hash", "round-robin"))


@kind("mode-hash-waiting")
def mode_hash_waiting(life, rnd):
    """To mode hash or away from it, whatever waits."""
    remode(life, rnd, ("hash", "hash", "round-robin", "duplicate"))


def rename_one(life, rnd):
    """Another name of an output, the same destinations: what waits for it waits still."""
    def change(output):
        output.name = f"out{output.key}n{rnd.randrange(1000)}"
    change_output(life, rnd, change, refusable=True)


@kind("rename-output")
def rename_output(life, rnd):
    """Another name of an output, when nothing waits."""
    if is_calm(life):
        rename_one(life, rnd)


@kind("rename-output-waiting")
def rename_output_waiting(life, rnd):
    """Another name of an output, whatever waits."""
    rename_one(life, rnd)


@kind("id-waiting")
def id_waiting(life, rnd):
    """An `id` is written, or another, or none, and may be the name is another as well."""
    def change(output):
        output.guid = rnd.choice((None, str(uuid.UUID(int=rnd.getrandbits(128), version=4))))
        if rnd.random() < 0.3:
            output.name = f"out{output.key}i{rnd.randrange(1000)}"
    change_output(life, rnd, change)


@kind("rename-input")
def rename_input(life, rnd):
    """Another name of an input."""
    key = rnd.choice(life.config.inputs).key

    def change(config):
        config.input(key).name = f"in{key}n{rnd.randrange(1000)}"
    life.propose(change, way(rnd))


@kind("add-input")
def add_input(life, rnd):
    """An input more."""
    if len(life.config.inputs) >= INPUTS_MOST:
        return

    def change(config):
        outputs = [one.key for one in config.outputs if rnd.random() < 0.5]
        one = life.new_input(config, outputs or [config.outputs[0].key])
        one.priority = rnd.choice((0, 0, 0, 5))
        if rnd.random() < 0.2:
            one.address, one.interface = None, "eth0"
        config.inputs.append(one)
    life.propose(change, way(rnd))


@kind("delete-input")
def delete_input(life, rnd):
    """An input less; what it has taken in is delivered still."""
    if len(life.config.inputs) < 2:
        return
    key = rnd.choice(life.config.inputs).key
    # What its socket holds at that moment it has not taken in yet.
    life.secure()

    def change(config):
        config.inputs.remove(config.input(key))
        used = {output for one in config.inputs for output in one.outputs}
        for output in config.outputs:
            if output.key not in used:
                config.inputs[0].outputs.append(output.key)
    life.propose(change, way(rnd))


@kind("route")
def route(life, rnd):
    """An input goes to other outputs from now on."""
    key = rnd.choice(life.config.inputs).key
    life.secure()

    def change(config):
        outputs = [one.key for one in config.outputs if rnd.random() < 0.5]
        one = config.input(key)
        one.outputs = outputs or [rnd.choice(config.outputs).key]
        used = {output for each in config.inputs for output in each.outputs}
        one.outputs += [each.key for each in config.outputs if each.key not in used]
    life.propose(change, way(rnd))


@kind("add-output")
def add_output(life, rnd):
    """An output more, for one of the inputs."""
    if len(life.config.outputs) >= OUTPUTS_MOST:
        return
    life.secure()

    def change(config):
        output = life.new_output(config)
        output.framing = rnd.choice(("native", "native", "length32"))
        output.mode = rnd.choice(("round-robin", "balance", "duplicate"))
        if rnd.random() < 0.5:
            output.to.append(life.new_destination())
        rnd.choice(config.inputs).outputs.append(output.key)
    life.propose(change, way(rnd))


def remove_output(config, key):
    """Takes an output out of a configuration."""
    config.outputs.remove(config.output(key))
    for one in config.inputs:
        if key in one.outputs:
            one.outputs.remove(key)
        if not one.outputs:
            one.outputs.append(config.outputs[0].key)


@kind("delete-output")
def delete_output(life, rnd):
    """An output less, when nothing waits for it."""
    if len(life.config.outputs) < 2 or not is_calm(life):
        return
    life.settle()
    key = rnd.choice(life.config.outputs).key
    life.propose(lambda config: remove_output(config, key), way(rnd), refusable=True)


@kind("delete-output-waiting")
def delete_output_waiting(life, rnd):
    """An output less, while something waits for it: refused, or given to another, or dropped and
    told."""
    import changes
    if len(life.config.outputs) >= 2 and life.world.is_running():
        changes.delete_waiting(life, rnd, remove_output)


@kind("forget-output")
def forget_output(life, rnd):
    """An output goes from the file while no daemon runs, and comes back, or is given to another or
    dropped."""
    import changes
    if len(life.config.outputs) >= 2 and life.world.is_running():
        changes.forget_output(life, rnd, remove_output)


@kind("add-destination")
def add_destination(life, rnd):
    """A destination more."""
    key = rnd.choice(life.config.outputs).key
    if len(life.config.output(key).to) >= 3:
        return
    life.propose(lambda config: config.output(key).to.append(life.new_destination()), way(rnd))


def less_destinations(life, rnd):
    """A destination less."""
    keys = [one.key for one in life.config.outputs if len(one.to) > 1]
    if not keys:
        return
    key = rnd.choice(keys)
    to = rnd.choice(life.config.output(key).to)

    def change(config):
        output = config.output(key)
        output.to = [one for one in output.to if one.port != to.port]
    life.propose(change, way(rnd), refusable=True)


@kind("delete-destination")
def delete_destination(life, rnd):
    """A destination less, when nothing waits."""
    if is_calm(life):
        life.settle()
        less_destinations(life, rnd)


@kind("delete-destination-waiting")
def delete_destination_waiting(life, rnd):
    """A destination less, whatever waits; not of an output whose destinations all get
    everything."""
    if all(one.mode != "duplicate" for one in life.config.outputs):
        less_destinations(life, rnd)


@kind("drop-destination")
def drop_destination(life, rnd):
    """A destination less of an output whose destinations all get everything, while something waits
    for it: refused, then dropped and counted."""
    import changes
    keys = [one.key for one in life.config.outputs if one.mode == "duplicate" and len(one.to) > 1]
    if keys and life.world.is_running():
        changes.drop_destination(life, rnd, rnd.choice(keys))


@kind("move-destination")
def move_destination(life, rnd):
    """An output goes elsewhere, whatever waits: what waits goes there as well."""
    key = rnd.choice(life.config.outputs).key
    output = life.config.output(key)
    if output.mode == "duplicate":
        return
    life.books.excuse(key, "mixed")
    life.propose(lambda config: setattr(config.output(key), "to",
                                        [Destination(life.new_destination().port)]), way(rnd),
                 refusable=True)


@kind("hup-after-apply")
def hup_after_apply(life, rnd):
    """Another file is applied; SIGHUP does not undo that, applying the daemon's own does."""
    if not is_calm(life):
        return
    life.settle()
    own = life.config
    other = own.copy()
    output = rnd.choice(other.outputs)
    output.batch = rnd.choice(("4k", "64k"))
    output.rate = rnd.choice((None, "20mbit"))
    rnd.choice(other.inputs).priority = rnd.choice((0, 2))
    path = life.world.file + ".other"
    apply_file(life, rnd, other, path)
    place = life.world.log_size()
    life.world.signal(signal.SIGHUP)
    life.world.await_true(lambda: "is not read again" in life.world.log_since(place),
                          "SIGHUP says that it undoes no apply", "reload")
    apply_file(life, rnd, own, None)


def apply_file(life, rnd, config, path):
    """Applies a configuration as a file; it has to be accepted."""
    from books import Fault
    life.world.write(config.text(), path)
    with life.traffic(config):
        text = life.enact("apply", path)
    if text is not None:
        raise Fault("refused", text)
    life.in_force(config)
    life.burst(rnd)


# --- the process


def while_down(life, rnd):
    """Between two daemons: the module takes in, sockets do not."""
    if life.kmod:
        life.burst(rnd)
    time.sleep(rnd.choice((0.0, 0.05, 0.2)))


@kind("restart")
def restart(life, rnd):
    """SIGTERM with all receivers up, and a start."""
    if life.all_up() and life.world.is_running():
        life.secure()
        life.world.stop()
        while_down(life, rnd)
        life.world.start()


@kind("restart-receiver-down")
def restart_receiver_down(life, rnd):
    """SIGTERM while a receiver is down: it ends in time and leaves the rest to the next one."""
    if not life.world.is_running():
        return
    life.secure()
    port = rnd.choice(life.config.ports())
    life.third.set_state(port, "down")
    life.burst(rnd, most=20)
    life.secure()
    life.world.stop(20.0)
    while_down(life, rnd)
    life.world.start()


@kind("kill")
def kill(life, rnd):
    """SIGKILL, and a start."""
    if life.world.is_running():
        life.secure()
        life.world.kill()
        while_down(life, rnd)
        life.world.start()


def restart_with(life, rnd, change, killed):
    """Another daemon with another file."""
    life.secure()
    if killed:
        life.world.kill()
    else:
        life.world.stop()
    config = life.config.copy()
    change(config)
    life.world.write(config.text())
    life.in_force(config)
    life.world.start()
    del rnd


@kind("restart-changed")
def restart_changed(life, rnd):
    """A start with a changed file, when nothing waits."""
    if not is_calm(life):
        return
    life.settle()
    restart_with(life, rnd, some_change(life, rnd), False)


@kind("kill-changed")
def kill_changed(life, rnd):
    """SIGKILL and a start with a changed file, whatever waits: nothing of it is lost."""
    if not life.world.is_running():
        return
    for output in life.config.outputs:
        if output.framing != "native":
            life.books.excuse(output.key, "repeats")
    restart_with(life, rnd, some_change(life, rnd), True)


@kind("memory-path")
def memory_path(life, rnd):
    """SIGKILL, or SIGTERM with a receiver down, and a start with rings in another folder: what lies
    in the other is delivered."""
    if not life.world.is_running():
        return
    for output in life.config.outputs:
        if output.framing != "native":
            life.books.excuse(output.key, "repeats")

    def change(config):
        config.rings = life.world.rings + rnd.choice(("", "/b", "/c"))
        if rnd.random() < 0.4:
            output = rnd.choice(config.outputs)
            output.name = f"out{output.key}p{rnd.randrange(1000)}"
    restart_with(life, rnd, change, rnd.random() < 0.6)


def some_change(life, rnd):
    """A change of one thing that keeps every output's destinations."""
    output = rnd.choice(life.config.outputs).key
    one = rnd.choice(life.config.inputs).key

    def change(config):
        what = rnd.randrange(6)
        if what == 0:
            config.output(output).mode = rnd.choice(("round-robin", "balance", "duplicate"))
        elif what == 1:
            config.memory = rnd.choice(("8m", "16m", "24m"))
        elif what == 2:
            config.input(one).priority = rnd.choice((0, 4))
        elif what == 3:
            config.output(output).name = f"out{output}r{rnd.randrange(1000)}"
        elif what == 5:
            config.output(output).name = f"out{output}s{rnd.randrange(1000)}"
            config.output(output).mode = rnd.choice(("hash", "balance", "duplicate"))
            config.output(output).to.append(life.new_destination())
        else:
            config.input(one).name = f"in{one}r{rnd.randrange(1000)}"
    return change


@kind("freeze")
def freeze(life, rnd):
    """SIGSTOP, traffic, SIGCONT."""
    if life.world.is_running():
        life.world.signal(signal.SIGSTOP)
        life.burst(rnd, most=30)
        time.sleep(rnd.choice((0.05, 0.3)))
        life.world.signal(signal.SIGCONT)


# --- the third server


@kind("receiver-down")
def receiver_down(life, rnd):
    """A receiver goes away; a native one with what it has not read."""
    port = rnd.choice(life.config.ports())
    life.third.set_state(port, "down", is_native(life, port) and rnd.random() < 0.5)


@kind("receiver-up")
def receiver_up(life, rnd):
    """A receiver comes back."""
    port = pick(rnd, [port for port in life.config.ports() if life.third.state(port) != "up"])
    if port:
        life.third.set_state(port, "up")


@kind("receiver-stop")
def receiver_stop(life, rnd):
    """A receiver stops reading and accepting, as after SIGSTOP."""
    port = rnd.choice(life.config.ports())
    if life.third.state(port) == "up":
        life.third.set_state(port, "stopped")


@kind("receiver-slow")
def receiver_slow(life, rnd):
    """A receiver reads slowly."""
    port = rnd.choice(life.config.ports())
    if life.third.state(port) == "up":
        life.third.set_state(port, "slow")


@kind("receiver-reset")
def receiver_reset(life, rnd):
    """A receiver resets its connections."""
    port = rnd.choice(life.config.ports())
    life.third.reset(port, is_native(life, port))


def is_native(life, port):
    """Is this port's output native? What a plain receiver has not read when it dies is lost, and
    nobody knows."""
    for output in life.config.outputs:
        if any(to.port == port for to in output.to):
            return (output.framing == "native"
                    and "repeats" not in life.books.accounts[output.key].excused)
    return False


# --- the network


@kind("link-out-down")
def link_out_down(life, rnd):
    """The link to the third server goes down and comes back."""
    life.world.ip("middle", "link", "set", "eth2", "down")
    life.burst(rnd, most=20)
    time.sleep(rnd.choice((0.0, 0.2, 0.6)))
    life.world.ip("middle", "link", "set", "eth2", "up")
    # Addresses of IPv6 go with the link.
    life.world.ip("middle", "address", "add", "fd09:1::1/64", "dev", "eth2", "nodad", check=False)


@kind("address-out-away")
def address_out_away(life, rnd):
    """The middle server's address towards the third one is taken away and given back."""
    life.world.ip("middle", "address", "del", "10.9.1.1/24", "dev", "eth2")
    life.burst(rnd, most=20)
    time.sleep(rnd.choice((0.0, 0.2)))
    life.world.ip("middle", "address", "add", "10.9.1.1/24", "dev", "eth2")


@kind("link-in-down")
def link_in_down(life, rnd):
    """The link to the sender goes down and comes back; meanwhile nothing can arrive."""
    life.landed()
    life.world.ip("middle", "link", "set", "eth0", "down")
    life.unreachable.add("main")
    life.burst(rnd)
    time.sleep(rnd.choice((0.0, 0.1)))
    life.world.ip("middle", "link", "set", "eth0", "up")
    back(life, "main")


def back(life, link):
    """A link is there again: it carries before anything is sent."""
    source = SECOND_SENDER if link == "second" else SENDERS[0]
    life.world.reaches(source, ADDRESSES[link])
    life.unreachable.discard(link)


def bound_input(life, rnd, field, value):
    """Sees to it that there is an input bound to the second link."""
    if any(getattr(one, field) == value for one in life.config.inputs):
        return True
    if len(life.config.inputs) > INPUTS_MOST or not life.world.is_running():
        return False

    def change(config):
        one = life.new_input(config, [rnd.choice(config.outputs).key])
        one.address = None
        setattr(one, field, value)
        config.inputs.append(one)
    return life.propose(change, way(rnd))


def noticed(life):
    """Gives the product time to see a link or an address that came back: it is told by the
    kernel, or
    looks now and then. What is sent before is sent to nobody."""
    import changes
    changes.await_inputs(life)


@kind("interface-again")
def interface_again(life, rnd):
    """The interface of an input is deleted and made again under its name."""
    if not bound_input(life, rnd, "interface", "eth4"):
        return
    life.landed()
    life.unreachable.add("second")
    life.world.ip("middle", "link", "del", "eth4")
    life.burst(rnd, most=20)
    time.sleep(rnd.choice((0.0, 0.1)))
    life.world.second_link()
    back(life, "second")
    noticed(life)


@kind("interface-down")
def interface_down(life, rnd):
    """The interface of an input goes down and comes back."""
    if not bound_input(life, rnd, "interface", "eth4"):
        return
    life.landed()
    life.unreachable.add("second")
    life.world.ip("middle", "link", "set", "eth4", "down")
    life.burst(rnd, most=20)
    life.world.ip("middle", "link", "set", "eth4", "up")
    back(life, "second")


@kind("address-in-away")
def address_in_away(life, rnd):
    """The address of an input is taken away and given back."""
    if not bound_input(life, rnd, "address", ADDRESSES["second"]):
        return
    life.landed()
    life.unreachable.add("second")
    life.world.ip("middle", "address", "del", "10.9.2.1/24", "dev", "eth4")
    life.burst(rnd, most=20)
    life.world.ip("middle", "address", "add", "10.9.2.1/24", "dev", "eth4")
    back(life, "second")


@kind("start-without-interface")
def start_without_interface(life, rnd):
    """The daemon starts while an input's interface is not there yet; the others are served at
    once."""
    if not bound_input(life, rnd, "interface", "eth4"):
        return
    life.landed()
    life.world.kill()
    life.unreachable.add("second")
    life.world.ip("middle", "link", "del", "eth4")
    life.world.start()
    life.burst(rnd, most=20)
    life.world.second_link()
    back(life, "second")
    noticed(life)


@kind("split-from")
def split_from(life, rnd):
    """A second input on a port; `from` keeps the two apart."""
    if len(life.config.inputs) >= INPUTS_MOST:
        return
    whole = [one for one in life.config.inputs if not one.sender and not one.interface
             and not one.address]
    one = pick(rnd, whole)
    if not one:
        return
    life.secure()
    key = one.key

    def change(config):
        first = config.input(key)
        first.sender = SENDERS[0]
        second = life.new_input(config, [rnd.choice(config.outputs).key])
        second.port, second.sender, second.address = first.port, SENDERS[1], None
        config.inputs.append(second)
    life.propose(change, way(rnd))


# --- the disk


@kind("disk-size")
def disk_size(life, rnd):
    """The store on the disk gets larger or smaller, whatever waits there; the file system has
    24 MiB."""
    size = rnd.choice(("6m", "10m", "16m", "20m"))
    if not life.config.disk or size == life.config.disk_size:
        return

    def change(config):
        config.disk_size = size
    life.propose(change, way(rnd))


@kind("disk-full")
def disk_full(life, rnd):
    """Others fill the file system of the spool; its own files were reserved at the start."""
    import changes
    if life.config.disk:
        changes.disk_full(life, rnd)


@kind("disk-read-only")
def disk_read_only(life, rnd):
    """The daemon is killed and starts while the spool's file system is read-only; then it is in
    order again."""
    import changes
    if life.config.disk:
        changes.disk_read_only(life, rnd, while_down)


@kind("overflow")
def overflow(life, rnd):
    """A receiver is down until memory is full: what is lost is told, to the datagram."""
    import changes
    changes.overflow(life, rnd)
