# SPDX-License-Identifier: MIT
#
# A second reader of the module, written from uapi/sluice/*.h and sharing no code with the product: raw generic
# netlink, /dev/sluice, and the ring. For the scenario scripts beside it; needs nothing but Python 3.
import ctypes
import errno
import fcntl
import mmap
import os
import select
import socket
import struct
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../netlink"))
import schema

# linux/netlink.h, linux/genetlink.h
NETLINK_GENERIC, SOL_NETLINK = 16, 270
NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 1, 10, 11
NLM_F_REQUEST, NLM_F_ACK, NLM_F_ROOT, NLM_F_MATCH = 1, 4, 0x100, 0x200
NLM_F_DUMP = NLM_F_ROOT | NLM_F_MATCH
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
NLM_F_CAPPED, NLM_F_ACK_TLVS, NLM_F_DUMP_INTR = 0x100, 0x200, 0x10
NLMSG_ERROR, NLMSG_DONE, GENL_ID_CTRL = 2, 3, 16

COMMANDS = "UNSPEC ROUTE_SET ROUTE_DEL ROUTE_GET RULE_SET RULE_DEL RULE_GET STREAM_GET STREAM_EVENT".split()
COMMAND = {name: number for number, name in enumerate(COMMANDS)}
ATTRIBUTES = [name.removeprefix("SLUICE_A_") for name in schema.ATTRIBUTE]
ATTRIBUTE = {name: number for number, name in enumerate(ATTRIBUTES)}
U64 = {"ROUTE_RING_SIZE", "STREAM_EPOCH", "STREAM_SIZE", "STREAM_HEAD", "STREAM_TAIL", "STREAM_WAKES"}
U32 = {"ROUTE_WATERMARK", "ROUTE_DELAY", "ROUTE_RULES", "RULE_FLAGS", "STREAM_CPU", "STREAM_OWNER", "EVENT_KIND"}
U16 = {"RULE_INPUT"}
U8 = {"RULE_DESTINATION_LEN", "RULE_SOURCE_LEN", "RULE_VERDICT", "RULE_HOOK", "ROUTE_ALARM", "ROUTE_PROMPT"}
STRINGS = {"ROUTE_NAME", "RULE_NAME", "RULE_INTERFACE"}
CAUSES = "ring_full bad_length bad_checksum bad_tail copy no_ring socket disk dropped_oldest".split()
STEAL, COPY = 0, 1
F_ADDRESS, F_NO_CHECKSUM, F_KEEP_BADCSUM, F_HWTIME = 1, 2, 4, 8
EVENT_OWNER, EVENT_OVERFLOW, EVENT_ROOM, EVENT_ALARM, EVENT_ALARM_OVER = 1, 2, 3, 4, 5

# sluice/device.h: _IOWR(0xB5, 1, struct sluice_attach of 40 bytes)
ATTACH = (3 << 30) | (40 << 16) | (0xB5 << 8) | 1
ATTACH_WAIT, ATTACH_LOOK = 1, 2
PAGE = 4096
DATA, GAP, PAD = 1, 2, 3
RECORD_F_ADDRESS, RECORD_F_BADCSUM, RECORD_F_SEQUENCE = 1, 4, 8

libc = ctypes.CDLL(None, use_errno=True)


class Refused(OSError):
    """The kernel said no; .text is its sentence, .offset the attribute at fault."""

    def __init__(self, number, text, offset):
        super().__init__(number, f"{os.strerror(number)}: {text}")
        self.text = text
        self.offset = offset


def attribute(kind, payload):
    return struct.pack("=HH", len(payload) + 4, kind) + payload + b"\0" * (-len(payload) % 4)


def attributes(data):
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            break
        yield kind & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3:]


def encode(name, value):
    if name in U64:
        value = struct.pack("=Q", value)
    elif name in U32:
        value = struct.pack("=I", value)
    elif name in U16:
        value = struct.pack("=H", value)
    elif name in U8:
        value = struct.pack("=B", value)
    elif name in STRINGS:
        value = value.encode() + b"\0"
    elif name == "RULE_PORTS":
        value = b"".join(struct.pack("=HH", first, last) for first, last in value)
    elif isinstance(value, uuid.UUID):
        value = value.bytes
    return attribute(ATTRIBUTE[name], value)


def counters(data):
    names = {2: "matched", 3: "stored", 4: "stored_bytes", 5: "gaps"}
    found = {}
    for kind, value in attributes(data):
        if kind in names:
            found[names[kind]] = struct.unpack("=Q", value)[0]
        elif kind == 6:
            found["lost"] = dict(zip(CAUSES, struct.unpack(f"={len(value) // 8}Q", value)))
    return found


def decode(data):
    found = {}
    for kind, value in attributes(data):
        if kind >= len(ATTRIBUTES):
            continue  # of a newer module
        name = ATTRIBUTES[kind]
        if name.endswith("COUNTERS"):
            value = counters(value)
        elif name in U64 | U32 | U16 | U8:
            value = int.from_bytes(value, "little")
        elif name in STRINGS:
            value = value.rstrip(b"\0").decode()
        elif name == "RULE_PORTS":
            value = list(struct.iter_unpack("=HH", value))
        found[name] = value
    return found


class Netlink:
    """One generic netlink socket, bound to the family "sluice"."""

    def __init__(self, events=False):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.socket.bind((0, 0))
        self.socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sequence = 0
        self.family, self.group = self._resolve()
        if events:
            self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, self.group)

    def _resolve(self):
        data = b""
        # CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME
        for data in self._transact(GENL_ID_CTRL, 3, attribute(2, b"sluice\0"), NLM_F_ACK):
            pass
        found = dict(attributes(data))
        group = 0
        for _, each in attributes(found.get(7, b"")):
            group = struct.unpack("=I", dict(attributes(each))[2])[0]
        return struct.unpack("=H", found[1])[0], group

    def _transact(self, family, command, payload, flags):
        self.sequence += 1
        body = struct.pack("=BBH", command, 1, 0) + payload
        self.socket.send(struct.pack("=IHHII", 16 + len(body), family, NLM_F_REQUEST | flags, self.sequence, 0) + body)
        while True:
            reply = self.socket.recv(1 << 18)
            while reply:
                length, kind, answer_flags, sequence, _ = struct.unpack_from("=IHHII", reply)
                part, reply = reply[16:length], reply[(length + 3) & ~3:]
                if sequence != self.sequence:
                    continue
                self.interrupted |= bool(answer_flags & NLM_F_DUMP_INTR)
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    number = -struct.unpack_from("=i", part)[0] if part else 0
                    if number:
                        raise self._refusal(number, part, kind, answer_flags)
                    return
                yield part[4:]

    @staticmethod
    def _refusal(number, part, kind, flags):
        text, offset = "", None
        if flags & NLM_F_ACK_TLVS:
            skip = 4
            if kind == NLMSG_ERROR:
                skip = 20 if flags & NLM_F_CAPPED else 4 + ((struct.unpack_from("=I", part, 4)[0] + 3) & ~3)
            for kind, value in attributes(part[skip:]):
                if kind == 1:
                    text = value.rstrip(b"\0").decode()
                elif kind == 2:
                    offset = struct.unpack("=I", value)[0]
        return Refused(number, text, offset)

    def raw(self, command, payload, flags=NLM_F_ACK):
        self.interrupted = False
        return list(self._transact(self.family, command, payload, flags))

    interrupted = False

    def do(self, command, flags=0, **values):
        payload = b"".join(encode(name.upper(), value) for name, value in values.items())
        return [decode(part) for part in self.raw(COMMAND[command], payload, flags | NLM_F_ACK)]

    def dump(self, command):
        return [decode(part) for part in self.raw(COMMAND[command], b"", NLM_F_DUMP)]

    def route(self, guid, how=NLM_F_CREATE, **values):
        self.do("ROUTE_SET", how, route_id=guid, **{f"route_{name}": value for name, value in values.items()})

    def rule(self, guid, route, ports, how=NLM_F_CREATE, rule_input=0, **values):
        if isinstance(ports, int):
            ports = [(ports, ports)]
        self.do("RULE_SET", how, rule_id=guid, rule_route=route, rule_input=rule_input, rule_ports=ports,
                **{f"rule_{name}": value for name, value in values.items()})

    def counters(self, guid):
        return self.do("RULE_GET", rule_id=guid)[0]["RULE_COUNTERS"]

    def event(self, timeout=1.0):
        """The next notification as (command, attributes), or None."""
        if not select.select([self.socket], [], [], timeout)[0]:
            return None
        part = self.socket.recv(1 << 16)[16:]
        return COMMANDS[part[0]], decode(part[4:])


class Ring:
    """One ring, attached and mapped."""

    def __init__(self, route, cpu, flags=0):
        self.file = os.open("/dev/sluice", os.O_RDWR | os.O_CLOEXEC)
        argument = bytearray(struct.pack("=16sIIQQ", route.bytes, cpu, flags, 0, 0))
        try:
            fcntl.ioctl(self.file, ATTACH, argument, True)
        except OSError:
            os.close(self.file)
            raise
        self.map_size, self.owner = struct.unpack_from("=QQ", argument, 24)
        self.map = mmap.mmap(self.file, self.map_size, mmap.MAP_SHARED, mmap.PROT_READ)
        self.consumer = None
        if not flags & ATTACH_LOOK:
            self.consumer = mmap.mmap(self.file, PAGE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=PAGE)
        magic, version, self.size = struct.unpack_from("=IIQ", self.map)
        assert magic == 0x4C534952 and version == 1
        self.stream = uuid.UUID(bytes=self.map[16:32])
        self.epoch, self.data, self.index, self.entries, self.cpu = struct.unpack_from("=QIIII", self.map, 32)
        self.cursor = struct.unpack_from("=Q", self.map, PAGE)[0]
        assert self.map_size == self.data + 2 * self.size

    def close(self):
        self.map.close()
        if self.consumer:
            self.consumer.close()
        os.close(self.file)

    def head(self):
        return struct.unpack_from("=Q", self.map, 64)[0]

    def sequences(self):
        return struct.unpack_from("=QQ", self.map, 72)

    def statistics(self):
        """stored, stored_bytes, gaps, announced, wakes, lost, gap_datagrams"""
        stored, stored_bytes, gaps = struct.unpack_from("=QQQ", self.map, 88)
        announced, wakes = struct.unpack_from("=QQ", self.map, 128)
        lost = struct.unpack_from("=16Q", self.map, 192)
        return dict(stored=stored, stored_bytes=stored_bytes, gaps=gaps, announced=announced, wakes=wakes,
                    lost=dict(zip(CAUSES, lost)), gap_datagrams=struct.unpack_from("=Q", self.map, 320)[0])

    def boundary(self, block):
        return struct.unpack_from("=QQ", self.map, self.index + 16 * (block & (self.entries - 1)))

    def set_tail(self, tail):
        struct.pack_into("=Q", self.consumer, 0, tail)

    def set_seen(self, seen):
        struct.pack_into("=Q", self.consumer, 8, seen)

    def poll(self, timeout):
        """Events within @timeout seconds, 0 if none."""
        poller = select.poll()
        poller.register(self.file, select.POLLIN)
        events = poller.poll(timeout * 1000)
        return events[0][1] if events else 0

    def read(self, release=True, limit=None):
        """Records from the cursor to head, as dictionaries; frees them in the ring unless told not to."""
        records, head = [], self.head()
        while self.cursor < head and (limit is None or len(records) < limit):
            place = self.data + (self.cursor & (self.size - 1))
            length, kind, flags, number, time_ns = struct.unpack_from("<IBBHQ", self.map, place)
            assert 16 <= length <= 16 + 48 + 65527, f"length {length} at {self.cursor}"
            record = dict(kind=kind, flags=flags, input=number, time=time_ns, offset=self.cursor)
            payload = self.map[place + 16:place + length]
            padding = self.map[place + length:place + (length + 7 & ~7)]
            assert not any(padding), f"padding {padding!r} at {self.cursor}"
            if flags & RECORD_F_ADDRESS:
                family, tagged, tci, source_port, port, ifindex, sequence = struct.unpack_from("<BBHHHII", payload)
                width, kind = (4, socket.AF_INET) if family == 4 else (16, socket.AF_INET6)
                record.update(family=family, vlan=tci if tagged else None, source_port=source_port, port=port,
                              ifindex=ifindex, sequence=sequence,
                              source=socket.inet_ntop(kind, payload[16:16 + width]),
                              destination=socket.inet_ntop(kind, payload[32:32 + width]))
                payload = payload[48:]
            if record["kind"] == GAP:
                record["datagrams"], record["bytes"], cause, _ = struct.unpack("<QQII", payload)
                record["cause"] = CAUSES[cause]
            record["payload"] = payload
            records.append(record)
            self.cursor += length + 7 & ~7
        if release and self.consumer:
            self.set_seen(self.cursor)
            self.set_tail(self.cursor)
        return records

    def gather(self, count, seconds=5.0):
        """Reads until @count records are there or the time is over."""
        records, end = self.read(), time.monotonic() + seconds
        while len(records) < count and time.monotonic() < end:
            self.poll(0.05)
            records += self.read()
        return records


def in_namespace(name, work):
    """Runs work() in a network namespace; what it opens stays there. @name None: one of our own, new."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if name is None:
            if libc.unshare(0x40000000):
                raise OSError(ctypes.get_errno(), "unshare")
        else:
            there = os.open(f"/run/netns/{name}", os.O_RDONLY)
            if libc.setns(there, 0):
                raise OSError(ctypes.get_errno(), "setns")
            os.close(there)
        return work()
    finally:
        libc.setns(home, 0)
        os.close(home)


def refusal(work):
    """What work() is refused with, as (errno name, text); ("", "") if it is not."""
    try:
        work()
    except Refused as refused:
        return errno.errorcode[refused.errno], refused.text
    except OSError as refused:
        return errno.errorcode[refused.errno], ""
    return "", ""
