# SPDX-License-Identifier: MIT
"""What the operator's file says, as objects: changed by steps, written as YAML.

An input and an output have a key that stays when the name changes: by it the books know that what
an output of another name gets is still what the first was owed.
"""
import copy

RECEIVER = "10.9.1.2"
RECEIVER6 = "fd09:1::2"


class Destination:
    """Where an output goes: a port of the third server, by IPv4 or IPv6."""

    def __init__(self, port, six=False):
        self.port = port
        self.six = six
        self.weight = 1
        self.enabled = True

    def place(self):
        """Address and port, as a command names the destination."""
        host = f"[{RECEIVER6}]" if self.six else RECEIVER
        return f"{host}:{self.port}"

    def text(self):
        """As it stands in the file."""
        off = "" if self.enabled else ", enabled: off"
        return f'{{address: "{self.place()}", weight: {self.weight}{off}}}'


class Output:
    """An output."""

    def __init__(self, key, to):
        self.key = key
        self.name = f"out{key}"
        self.guid = None
        self.to = to
        self.mode = "round-robin"
        self.framing = "native"
        self.batch = "256k"
        self.delay = "2ms"
        self.rate = None

    def text(self):
        """As it stands in the file."""
        lines = [f"  - name: {self.name}",
                 f"    to: [{', '.join(one.text() for one in self.to)}]",
                 f"    mode: {self.mode}",
                 f"    framing: {self.framing}",
                 f"    batch: {{bytes: {self.batch}, delay: {self.delay}}}",
                 "    reconnect: {min: 20ms, max: 200ms}",
                 "    connect-timeout: 1s",
                 "    dead-after: 3s"]
        if self.guid:
            lines.append(f"    id: {self.guid}")
        if self.rate:
            lines.append(f"    rate: {self.rate}")
        return "\n".join(lines)


class Input:
    """An input. `port` is never another input's unless `sender` keeps them apart."""

    def __init__(self, key, port, outputs):
        self.key = key
        self.name = f"in{key}"
        self.port = port
        self.outputs = outputs
        self.sender = None
        self.interface = None
        self.address = None
        self.receive = "calls"
        self.priority = 0
        self.enabled = True
        self.hook = None
        # None: as the configuration has it for all.
        self.source = None

    def text(self, source, names):
        """As it stands in the file; `names` has the outputs' names by key."""
        source = self.source or source
        lines = [f"  - name: {self.name}", f"    port: {self.port}", f"    source: {source}",
                 f"    outputs: [{', '.join(names[key] for key in self.outputs)}]"]
        # `auto` is what who writes nothing gets.
        if source == "socket" and self.receive != "auto":
            lines.append(f"    receive: {self.receive}")
        if self.priority:
            lines.append(f"    priority: {self.priority}")
        for key, value in (("from", self.sender), ("interface", self.interface),
                           ("address", self.address), ("hook", self.hook)):
            if value:
                lines.append(f"    {key}: {value}")
        if not self.enabled:
            lines.append("    enabled: off")
        return "\n".join(lines)

    def match(self):
        """What of it decides which datagrams are its own."""
        return self.port, self.sender, self.interface, self.address


class Configuration:
    """The whole file."""

    def __init__(self, relay, source, rings, disk):
        self.relay = relay
        self.source = source
        self.rings = rings
        self.disk = disk
        self.disk_size = "16m"
        self.memory = "16m"
        self.readers = None
        self.workers = 2
        self.inputs = []
        self.outputs = []

    def copy(self):
        """Another one with the same content."""
        return copy.deepcopy(self)

    def input(self, key):
        """The input with this key, or None."""
        return next((one for one in self.inputs if one.key == key), None)

    def output(self, key):
        """The output with this key, or None."""
        return next((one for one in self.outputs if one.key == key), None)

    def ports(self):
        """Port numbers of all destinations."""
        return [one.port for output in self.outputs for one in output.to]

    def text(self):
        """The file."""
        names = {output.key: output.name for output in self.outputs}
        lines = [f"relay: {self.relay}", f"workers: {self.workers}", "store:",
                 f"  memory: {{size: {self.memory}, path: {self.rings}}}"]
        if self.disk:
            lines.append(f"  disk: {{path: {self.disk}, size: {self.disk_size}, segment: 1m}}")
        if self.readers:
            lines.append(f"socket: {{readers: {self.readers}}}")
        lines.append("inputs:")
        lines += [one.text(self.source, names) for one in self.inputs]
        lines.append("outputs:")
        lines += [one.text() for one in self.outputs]
        return "\n".join(lines) + "\n"
