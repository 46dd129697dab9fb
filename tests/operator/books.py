# SPDX-License-Identifier: MIT
"""What each output is owed and what it got, to the datagram.

The books are balanced when everything has been delivered or told of as lost (`missing() == told`),
and closed from time to time: what comes after that is a repetition.
"""
import threading
import payload


class Fault(Exception):
    """The product did something wrong. `kind` is one word by which shrinking knows it again."""

    def __init__(self, kind, sentence):
        super().__init__(f"{kind}: {sentence}")
        self.kind = kind


class Account:
    """What one output is owed since the books were closed last."""

    def __init__(self, key):
        self.key = key
        self.name = f"out{key}"
        self.ports = []
        self.everyone = False
        # Is its framing plain; was it at any time since the books were closed?
        self.is_plain = False
        self.was_plain = False
        self.owed = set()
        self.came = {}
        self.told = {}
        # (port, datagrams, cause) of each GAP, for whoever looks into a fault.
        self.gaps = []
        self.faults = []
        self.excused = set()
        # By port: what was owed before that destination was there.
        self.since = {}

    def missing(self):
        """{port: datagrams that it lacks}; in a mode where any may have it, one entry: 0."""
        if self.everyone and "mixed" not in self.excused:
            return {port: self.owed_by(port) - self.came[port].keys() for port in self.ports}
        union = set()
        for came in self.came.values():
            union |= came.keys()
        return {0: self.owed - union}

    def owed_by(self, port):
        """What a port must have: one that came later need not have what was sent before."""
        return self.owed if port not in self.since else self.owed - self.since[port]

    def told_of(self, port):
        """Datagrams that were told of as lost, at a port or (0) at all."""
        return self.told.get(port, 0) if port else sum(self.told.values())


class Books:
    """All accounts. Called by the sender's threads and the receivers'."""

    def __init__(self, run):
        self.run = run
        self.lock = threading.RLock()
        self.accounts = {}
        self.owners = {}
        self.next = {}
        self.closed = {}
        # (flow, number) of what is sent while a change may send it either way: sets of outputs.
        self.either = {}
        self.sent = 0
        self.delivered = 0
        self.repeated = 0
        self.told = 0
        self.closures = 0

    def prepare(self, configuration):
        """These outputs and destinations may get something from now on."""
        with self.lock:
            for output in configuration.outputs:
                account = self.accounts.get(output.key) or Account(output.key)
                self.accounts[output.key] = account
                if account.ports and (output.mode == "duplicate") != account.everyone:
                    account.excused.add("mixed")
                elif not account.ports:
                    # A new one sends from the moment of the change, which is before its answer.
                    account.everyone = output.mode == "duplicate"
                for one in output.to:
                    self.owners[one.port] = account
                    account.came.setdefault(one.port, {})
                    account.told.setdefault(one.port, 0)

    def configure(self, configuration):
        """This configuration is in force. An account is not given up by this: it has to get
        even."""
        self.prepare(configuration)
        with self.lock:
            for output in configuration.outputs:
                account = self.accounts[output.key]
                everyone = output.mode == "duplicate"
                wanted = [one.port for one in output.to]
                for port in wanted:
                    if account.ports and port not in account.ports:
                        account.since[port] = account.owed | self.either.keys()
                account.name, account.everyone, account.ports = output.name, everyone, wanted
                account.is_plain = output.framing != "native"
                account.was_plain = account.was_plain or account.is_plain

    def number(self, flow):
        """The next number of a flow."""
        with self.lock:
            number = self.next.get(flow, 0)
            self.next[flow] = number + 1
            return number

    def owe(self, outputs, flow, sequence):
        """A datagram is about to be sent that these outputs must get."""
        with self.lock:
            self.sent += 1
            for key in outputs:
                self.accounts[key].owed.add((flow, sequence))

    def owe_either(self, choices, flow, sequence):
        """A datagram is about to be sent while a change is made: all of one of these sets of
        outputs must get it, and no other."""
        if len(choices) == 1:
            self.owe(choices[0], flow, sequence)
            return
        with self.lock:
            self.sent += 1
            self.either[flow, sequence] = choices

    def retract(self, flow, sequence):
        """The kernel refused to send it."""
        with self.lock:
            self.either.pop((flow, sequence), None)
            for account in self.accounts.values():
                account.owed.discard((flow, sequence))

    def got(self, which, choices):
        """The outputs of `choices` that have a datagram."""
        keys = frozenset().union(*choices)
        return frozenset(key for key in keys if key in self.accounts and
                         any(which in came for came in self.accounts[key].came.values()))

    def decide(self):
        """What went one way or the other is owed there from now on. True: nothing is open."""
        is_clear = True
        for which, choices in list(self.either.items()):
            got = self.got(which, choices)
            left = [keys for keys in choices if got <= keys]
            if not left:
                raise Fault("stray", f"flow {which[0]:#x} number {which[1]}, sent during a change, "
                            f"came to the outputs {sorted(got)}, and not to all and only those of "
                            f"{[sorted(keys) for keys in choices]}")
            if len(left) == 1:
                for key in left[0]:
                    self.accounts[key].owed.add(which)
                del self.either[which]
            elif got not in left:
                is_clear = False
        return is_clear

    def lacks_flows(self, flows):
        """Is anything of these flows on its way?"""
        with self.lock:
            if any(flow in flows and self.got((flow, number), choices) not in choices
                   for (flow, number), choices in self.either.items()):
                return True
            return any(flow in flows for account in self.accounts.values()
                       for lack in account.missing().values() for flow, _ in lack)

    def excuse(self, key, what):
        """Until the books are closed: "repeats" (a plain framing after a disconnect), "loss"
        (told is
        enough), "mixed" (any of the destinations)."""
        with self.lock:
            if key in self.accounts:
                self.accounts[key].excused.add(what)

    def delivered_at(self, port, body, plain):
        """A receiver got a datagram, in a plain framing or in the native one."""
        which = payload.read(self.run, body)
        with self.lock:
            account = self.owners.get(port)
            self.delivered += 1
            if account is None:
                return
            if which is None:
                account.faults.append(("damaged", f"port {port} got {body[:40]!r}"))
                return
            flow, sequence = which
            if flow == 0:
                return
            came = account.came.setdefault(port, {})
            elsewhere = not account.everyone and any(which in other for other in
                                                     account.came.values())
            if which in came or elsewhere or sequence < self.closed.get(flow, 0):
                self.repeated += 1
                excused = account.excused & {"repeats", "mixed"}
                if not excused and not (plain and "repeats-plain" in account.excused):
                    account.faults.append(("repeated", f"flow {flow:#x} number {sequence} "
                                           f"at port {port}"))
            elif which not in account.owed and not any(
                    account.key in keys for keys in self.either.get(which, ())):
                account.faults.append(("stray", f"flow {flow:#x} number {sequence} at port {port}, "
                                       "which should not get it"))
            came[which] = True

    def gap_at(self, port, datagrams, cause):
        """A receiver was told of lost datagrams."""
        with self.lock:
            account = self.owners.get(port)
            if account:
                account.told[port] = account.told.get(port, 0) + datagrams
                account.gaps.append((port, datagrams, cause))
                self.told += datagrams

    def damaged_at(self, port, sentence):
        """A receiver got nonsense."""
        with self.lock:
            if port in self.owners:
                self.owners[port].faults.append(("damaged", f"port {port}: {sentence}"))

    def disconnected(self, port):
        """A connection ended: what a plain framing had under way comes again."""
        with self.lock:
            if port in self.owners:
                self.owners[port].excused.add("repeats-plain")

    def all_disconnected(self):
        """The daemon was killed, and all its connections with it. A receiver that reads slowly sees
        that only when it has read what its kernel has of them; what comes again on new connections
        it may read before."""
        with self.lock:
            for port in self.owners:
                self.disconnected(port)

    def waiting(self):
        """The most datagrams that one account lacks."""
        with self.lock:
            return max((len(lack) for account in self.accounts.values()
                        for lack in account.missing().values()), default=0)

    def is_even(self, counted):
        """Has everybody got, or been told of, everything that was sent? @counted: as in check()."""
        with self.lock:
            if not self.decide():
                return False
            return all(len(lack) <= account.told_of(port) or
                       account.was_plain and len(lack) <= counted
                       for account in self.accounts.values()
                       for port, lack in account.missing().items())

    def check_faults(self):
        """Raises the first fault noticed so far."""
        with self.lock:
            for account in self.accounts.values():
                for kind, sentence in account.faults:
                    raise Fault(kind, f"output {account.name}: {sentence}")

    def check(self, counted):
        """Raises unless every account is even to the datagram. @counted: what the inputs counted
        as lost
        since the books were closed, for plain framings, which carry no GAP."""
        self.check_faults()
        with self.lock:
            if not self.decide():
                raise Fault("missing", f"of {len(self.either)} datagrams that were sent during a "
                            "change some came to no output, or not to all of theirs: "
                            f"{list(self.either.items())[:3]}")
            for account in self.accounts.values():
                for port, lack in account.missing().items():
                    told = account.told_of(port)
                    if "mixed" in account.excused:
                        # Each of its lanes was told of the same loss.
                        right = len(lack) <= told or account.was_plain and len(lack) <= counted
                    elif account.was_plain or "loss" in account.excused:
                        right = len(lack) == told or len(lack) <= counted
                    else:
                        right = len(lack) == told
                    if right and told and not counted and "loss" not in account.excused:
                        raise Fault("told", f"output {account.name} was told of {told} lost, and "
                                    "no input counts any")
                    if not right:
                        some = sorted(lack)[:3]
                        text = ", ".join(f"flow {flow:#x} number {number}" for flow, number in some)
                        raise Fault("missing", f"output {account.name} lacks {len(lack)} of "
                                    f"{len(account.owed)} datagrams"
                                    f"{f' at port {port}' if port else ''}, "
                                    f"told of {told}, counted as lost {counted}: {text}, of "
                                    f"which others have {self.who_has(lack)}; GAPs "
                                    f"(port, datagrams, cause): {account.gaps[:8]}")

    def who_has(self, lack):
        """{port: how many it has} of datagrams that one output lacks, for whoever looks."""
        return {port: len(lack & came.keys()) for account in self.accounts.values()
                for port, came in account.came.items() if lack & came.keys()}

    def close(self, live):
        """Forgets what is even. @live: keys of the outputs that there are still; others end
        here."""
        with self.lock:
            self.closures += 1
            self.either.clear()
            for flow, number in self.next.items():
                self.closed[flow] = number
            for key in list(self.accounts):
                account = self.accounts[key]
                if key not in live:
                    del self.accounts[key]
                    continue
                account.owed.clear()
                account.excused.clear()
                account.was_plain = account.is_plain
                account.faults.clear()
                account.gaps.clear()
                account.since = {}
                account.came = {port: {} for port in account.ports}
                account.told = {port: 0 for port in account.ports}
