# SPDX-License-Identifier: MIT
"""What the daemon and the module say over netlink, read without any part of sluice but its specification, which also has the
type of each attribute."""
import pathlib
import re
import socket
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "netlink"))
import schema
from constants import TYPES

USERSOCK, USERSOCK_PORT, USERSOCK_TYPE = 2, 0x736C7569, 0x10


def numbered(members, prefix):
    """{number: name} of an enum, without what marks its end."""
    return {number: name.removeprefix(prefix) for name, number in members.items()
            if not name.startswith("__") and not name.endswith("_MAX")}


NAMES = numbered(schema.ATTRIBUTE, "SLUICE_A_")
COUNTERS = {number: name.lower() for number, name in
            numbered(schema.ENUMERATIONS["sluice_counter_attribute"], "SLUICE_C_").items()}
CAUSES = [name.lower() for name in re.findall(r"\bSLUICE_LOST_(?!CAUSES)(\w+)\s*=?\s*\d*,",
                                             (schema.HEADER.parent / "record.h").read_text())]


WIDTHS = {"u64": "=Q", "u32": "=I", "u16": "=H", "u8": "=B"}


def attributes(body):
    """(number, payload) of each attribute of a message or nest."""
    position = 0
    while position + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, position)
        if length < 4:
            raise ValueError("an attribute of %d bytes" % length)
        yield kind & 0x3FFF, body[position + 4:position + length]
        position += (length + 3) & ~3


def guid(payload):
    """16 bytes as text."""
    digits = payload.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def counters(body):
    """A nest of counters: {name: number}, lost: a list."""
    found = {}
    for kind, payload in attributes(body):
        name = COUNTERS.get(kind, str(kind))
        if name == "lost":
            found[name] = list(struct.unpack("=%dQ" % (len(payload) // 8), payload[:len(payload) // 8 * 8]))
        elif name != "pad":
            found[name] = struct.unpack("=Q", payload)[0]
    return found


def value(name, payload):
    """One attribute's value by its type."""
    kind = TYPES.get(name, "")
    if name.endswith("_COUNTERS"):
        return counters(payload)
    if name == "STREAM_CURSORS":
        return [decode(nest) for _, nest in attributes(payload)]
    if kind == "nest":
        return decode(payload)
    if kind == "string":
        return payload.rstrip(b"\0").decode(errors="replace")
    if kind in WIDTHS:
        return struct.unpack(WIDTHS[kind], payload)[0]
    return guid(payload) if kind == "guid" else payload.hex()


def decode(body):
    """{name: value}; of OUTPUT_DESTINATION, which is repeated, a list."""
    found = {"OUTPUT_DESTINATION": []} if any(NAMES.get(kind) == "OUTPUT_ID" for kind, _ in attributes(body)) else {}
    for kind, payload in attributes(body):
        name = NAMES.get(kind, str(kind))
        if name == "OUTPUT_DESTINATION":
            found[name].append(decode(payload))
        elif name != "PAD":
            found[name] = value(name, payload)
    return found


class Daemon:
    """A socket on which the daemon of this network namespace answers."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, USERSOCK)
        self.socket.settimeout(10)
        self.socket.bind((0, 0))
        self.sequence = 0

    def dump(self, command):
        """The decoded messages of one dump. OSError: nobody answers, or he refuses."""
        self.sequence += 1
        body = struct.pack("=BBH", schema.COMMAND["SLUICE_CMD_" + command], 1, 0)
        head = struct.pack("=IHHII", 16 + len(body), USERSOCK_TYPE, schema.NLM_F_REQUEST | schema.NLM_F_DUMP, self.sequence, 0)
        self.socket.sendto(head + body, (USERSOCK_PORT, 0))
        answer = []
        while True:
            packet = self.socket.recv(1 << 20)
            position = 0
            while position + 16 <= len(packet):
                size, what, _, sequence, _ = struct.unpack_from("=IHHII", packet, position)
                message = packet[position:position + size]
                position += (size + 3) & ~3
                if sequence != self.sequence:
                    continue
                if what == schema.NLMSG_ERROR:
                    raise OSError(-struct.unpack_from("=i", message, 16)[0], "the daemon refuses " + command)
                if what == schema.NLMSG_DONE:
                    return answer
                answer.append(decode(message[20:]))


DAEMON_DUMPS = ("INPUT_GET", "OUTPUT_GET", "STREAM_GET", "STORE_GET", "ORPHAN_GET", "DAEMON_GET")
MODULE_DUMPS = ("RULE_GET", "ROUTE_GET", "STREAM_GET")


def take(has_module):
    """Everything that both say: {"daemon": {command: messages}, "module": the same, or None without one}."""
    daemon, module = Daemon(), None
    picture = {"daemon": {command: daemon.dump(command) for command in DAEMON_DUMPS}, "module": None}
    daemon.socket.close()
    if has_module:
        module = schema.Client()
        picture["module"] = {command: [decode(message[20:]) for message in module.call(command, b"", schema.NLM_F_DUMP)]
                             for command in MODULE_DUMPS}
        module.socket.close()
    return picture
