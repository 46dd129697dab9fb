# SPDX-License-Identifier: MIT
"""A life: the world, the configuration in force, the books, and what every step needs of them."""
import random
import signal
import threading
import time

import payload
from books import Books, Fault
from configuration import Configuration, Destination, Input, Output
from receivers import Third
from world import ADDRESSES, PATIENCE, SECOND_SENDER, SENDERS, World, is_busy

LANES = 3
# What may wait at most, in bytes of records: it fits into the smallest ring there is, so nothing
# may be lost.
WAITING_MOST = 120000
WAITING_MOST_DISK = 1200000
RECORD_OVERHEAD = 72
# As long as something arrives nobody is impatient; after so many seconds without anything it is
# stuck.
STUCK = 30.0
# No step takes so long, however busy the machine is, unless something arrives meanwhile.
STEP_MOST = 240


class Life:
    """One run of one seed."""

    def __init__(self, number, options):
        self.run = 0x10000 + number
        self.options = options
        self.kmod = options.source == "kmod"
        self.world = World(number, options.build, self.kmod)
        self.books = Books(self.run)
        self.third = Third(self.world.listen, self.books.delivered_at, self.books.gap_at,
                           self.books.disconnected, self.books.damaged_at)
        self.world.on_kill = self.books.all_disconnected
        self.config = None
        self.next_key = 1
        self.next_port = 6000
        self.next_input = 5000
        self.unreachable = set()
        self.waiting_bytes = 0
        self.counted = self.counted_then = 0
        self.notes = []
        self.refusals = 0

    # --- beginning and end

    def begin(self, disk):
        """The world, a first configuration, the daemon."""
        self.world.build_up()
        self.third.start()
        kind = "kmod" if self.kmod else "socket"
        config = Configuration(self.world.name, kind, self.world.rings,
                               f"{self.world.spool}/spool" if disk and self.world.mounted else None)
        for number in range(2):
            self.new_output(config).framing = ("native", "length32")[number]
        config.inputs.append(self.new_input(config, [config.outputs[0].key]))
        config.inputs.append(self.new_input(config, [one.key for one in config.outputs]))
        self.in_force(config)
        self.world.write(config.text())
        self.world.start()

    def end(self):
        """Takes everything away."""
        if self.world.frozen:
            self.world.signal(signal.SIGCONT)
        self.world.tear_down()
        if self.third.is_alive():
            self.third.end()

    # --- pieces of a configuration

    def new_output(self, config):
        """Adds an output with one destination, whose receiver is up."""
        output = Output(self.next_key, [self.new_destination()])
        self.next_key += 1
        config.outputs.append(output)
        return output

    def new_destination(self):
        """A destination that nobody had, whose receiver is up."""
        port = self.next_port
        self.next_port += 1
        self.third.set_state(port, "up")
        return Destination(port, port % 3 == 0)

    def new_input(self, config, outputs):
        """An input on a port that no other has."""
        one = Input(self.next_key, self.next_input, outputs)
        self.next_key += 1
        self.next_input += 1
        one.receive = self.options.receive
        if one.key % 4 == 0:
            one.address = ADDRESSES["main"]
        return one

    # --- changing

    def in_force(self, config):
        """The product has this configuration now."""
        self.config = config
        self.books.configure(config)

    def propose(self, change, way="apply", refusable=False, steady=True):
        """Changes the file and has it applied, under traffic to what stays. True: it is in force.

        @change gets a copy of the configuration. @way: "apply", "hup". @refusable: the product may
        refuse, and then nothing has changed.
        """
        config = self.config.copy()
        if change(config) is False:
            return False
        self.world.write(config.text())
        self.books.prepare(config)
        with self.traffic(config if steady else None):
            text = self.enact(way)
        if text is None:
            self.in_force(config)
        else:
            self.world.write(self.config.text())
            if not refusable:
                raise Fault("refused", text)
            self.refusals += 1
            self.notes.append(text.strip())
        return text is None

    def enact(self, way, path=None):
        """Has the daemon take the file; None: it is in force, else why not."""
        world = self.world
        if way == "apply":
            status, output, errors = world.ctl("apply", path or world.file)
            world.check_alive()
            return None if status == 0 else (output + errors).strip() or f"status {status}"
        ends = ("was read again and is in force", "the configuration in force stays")
        end = time.monotonic() + PATIENCE
        while True:
            place = world.log_size()
            world.signal(signal.SIGHUP)
            world.await_true(lambda since=place: any(one in world.log_since(since) for one in ends)
                             or not world.is_running(), "SIGHUP is answered in the log", "reload")
            world.check_alive()
            text = world.log_since(place)
            if ends[0] in text:
                return None
            if not is_busy(text) or time.monotonic() > end:
                return text
            time.sleep(0.1)

    def traffic(self, config):
        """A context in which traffic flows to the inputs that are the same in `config`."""
        return Traffic(self, self.steady_inputs(config) if config else [])

    def steady_inputs(self, config):
        """Inputs that take the same datagrams to the same outputs now and in `config`."""
        if self.world.frozen:
            return []
        return [one for one in self.reachable()
                if config.input(one.key) and config.input(one.key).match() == one.match()
                and config.input(one.key).outputs == one.outputs
                and not self.is_mixed(config, one)]

    def is_mixed(self, config, one):
        """Do outputs of this input get other destinations?"""
        for key in one.outputs:
            now, then = self.config.output(key), config.output(key)
            if then is None:
                return True
            if "duplicate" in (now.mode, then.mode) and now.mode != then.mode:
                return True
            ports = [[to.port for to in output.to] for output in (now, then)]
            if now.mode == "duplicate" and ports[0] != ports[1]:
                return True
        return False

    # --- traffic

    def reachable(self):
        """Inputs to which something can be sent now."""
        if not self.kmod and not self.world.is_running():
            return []
        return [one for one in self.config.inputs if self.way(one)]

    def way(self, one):
        """(sources, destination) by which an input is reached, None: by none."""
        second = one.interface == "eth4" or one.address == ADDRESSES["second"]
        link = "second" if second else "main"
        if link in self.unreachable or f"input {one.key}" in self.unreachable:
            return None
        if second:
            return (SECOND_SENDER,), ADDRESSES["second"]
        return (one.sender,) if one.sender else SENDERS, ADDRESSES["main"]

    def send_one(self, one, lane, length):
        """Sends a datagram to an input; False if the kernel did not take it."""
        sources, to = self.way(one)
        source = sources[lane % len(sources)]
        flow = one.key << 8 | lane << 2 | (SENDERS + (SECOND_SENDER,)).index(source)
        with self.books.lock:
            sequence = self.books.number(flow)
            self.books.owe(one.outputs, flow, sequence)
        body = payload.write(self.run, flow, sequence, length)
        if not self.world.send(source, lane, to, one.port, body):
            with self.books.lock:
                for key in one.outputs:
                    self.books.accounts[key].owed.discard((flow, sequence))
            return False
        self.waiting_bytes += len(body) + RECORD_OVERHEAD
        return True

    def burst(self, rnd, inputs=None, most=60):
        """Sends some datagrams to some inputs."""
        limit = WAITING_MOST_DISK if self.config.disk else WAITING_MOST
        if self.books.waiting() == 0:
            self.waiting_bytes = 0
        for one in inputs if inputs is not None else self.reachable():
            length = rnd.choice((32, 64, 200, 500, 1400))
            for number in range(rnd.randint(1, most)):
                if self.waiting_bytes > limit:
                    return
                self.send_one(one, rnd.randrange(LANES), length)
                if number % 16 == 15:
                    time.sleep(0.001)

    # --- waiting and comparing

    def all_up(self):
        """Does every receiver read?"""
        return all(self.third.state(port) == "up" for port in self.config.ports())

    def everyone_up(self):
        """Brings every receiver up, those included that the configuration has no more: what the
        kernel of one that stopped reading has taken and acknowledged is read late, not lost."""
        for port in self.config.ports() + self.third.unread():
            if self.third.state(port) != "up":
                self.third.set_state(port, "up")

    def drain(self):
        """With all receivers up: waits until everything was delivered or told, and nothing
        waits."""
        self.everyone_up()
        since = asked = time.monotonic()
        amount = -1
        while True:
            begun = time.monotonic()
            self.books.check_faults()
            self.world.check_alive()
            even = self.books.is_even(self.lost_since_closed())
            if even and self.world.nothing_waits():
                break
            now = time.monotonic()
            if self.books.delivered + self.books.told != amount:
                amount, since = self.books.delivered + self.books.told, now
                signal.alarm(STEP_MOST)
            if now - asked > 0.5:
                asked, self.counted = now, self.world.count_lost()
            if now - since > STUCK:
                self.books.check(self.lost_since_closed())
                if even:
                    raise Fault("waits", "everything was delivered, but the product says that "
                                f"something waits: {self.world.show('store')}")
                return
            # As in World.await_true().
            time.sleep(max(0.02, 3 * (time.monotonic() - begun)))

    def lost_since_closed(self):
        """Datagrams that the inputs counted as lost since the books were closed."""
        return self.counted - self.counted_then

    def settle(self):
        """Drains, compares to the datagram, and closes the books."""
        if not self.world.is_running():
            return
        self.drain()
        time.sleep(0.05)
        self.counted = self.world.count_lost()
        self.books.check(self.lost_since_closed())
        self.counted_then = self.counted
        self.waiting_bytes = 0
        self.books.close({one.key for one in self.config.outputs})

    def secure(self):
        """Before a daemon with sockets is killed: what the sockets hold is in the rings."""
        if self.kmod or not self.world.is_running():
            return
        if self.all_up() and self.books.waiting() == 0:
            return
        self.world.take_in()


    def landed(self):
        """Before a link or an address goes: what is on its way to the middle server has come. On a
        busy machine a packet waits for its processor, and is lost with the link."""
        if self.world.is_running() and not self.world.frozen:
            self.world.take_in()
        else:
            time.sleep(0.2)


class Traffic:
    """Traffic in the background, for as long as a block lasts."""

    def __init__(self, life, inputs):
        self.life = life
        self.inputs = inputs
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self):
        """Sends to each input, 300 a second in all."""
        limit = WAITING_MOST_DISK if self.life.config.disk else WAITING_MOST
        rnd = random.Random(self.life.books.sent)
        while not self.stop.is_set():
            if self.life.waiting_bytes < limit:
                self.life.send_one(rnd.choice(self.inputs), rnd.randrange(LANES), 100)
            time.sleep(0.003)

    def __enter__(self):
        if self.inputs:
            self.thread.start()
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        if self.inputs:
            time.sleep(0.01)
            self.stop.set()
            self.thread.join()
