#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second receiver of the native wire format, written from docs/wire-format.md and nothing else.

    receiver.py --port PORT [--address A] [--idle SECONDS] [--expect N] [--state FILE]

Accepts connections, drops what it has already, acknowledges, and ends when nothing came for --idle seconds after the
first frame, or when N datagrams came, or on SIGTERM; then prints one line:

    RESULT part=second-receiver received=N bytes=N suppressed=N gap_records=N gap_datagrams=N frames=N damaged=N
    connections=N digest=HEX

With --state FILE what comes is acknowledged as received at once and as durable on SIGUSR1, when all of it has been written to FILE
with fsync; started again it knows what FILE knows, as after a loss of power, and the line ends with distinct=N, how many of
the payloads are no other's.

The digest is the XOR of the CRC32C of every payload delivered: the same for the same datagrams in any order.
Uses no code of sluice. `receiver.py --self-test` checks it against the document's example and exits.
"""
import argparse
import bisect
import os
import pickle
import selectors
import signal
import socket
import struct
import sys
import time

HEADER = struct.Struct("<4sBBHII16sQQQII")
RANGE = struct.Struct("<16sQQQII")
RECORD = struct.Struct("<IBBHQ")
GAP = struct.Struct("<QQII")
HELLO, DATA, ACK, HEARTBEAT = 1, 2, 3, 4
RECORD_DATA, RECORD_GAP, RECORD_PAD = 1, 2, 3
HAS_ADDRESS = 1
DURABLE = 1
PAYLOAD_MOST = 8388608


def crc_table():
    """The 256 remainders of the reflected Castagnoli polynomial."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc_table()


def crc32c(data):
    """CRC32C of bytes."""
    crc = 0xFFFFFFFF
    table = TABLE
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


class Fault(Exception):
    """The peer does not speak the format; the connection ends."""


class Ranges:
    """Sorted, disjoint [start, end)."""

    def __init__(self):
        self.starts = []
        self.ends = []

    def add(self, start, end):
        """Adds [start, end); returns the range that it is part of then."""
        if start >= end:
            return None
        low = bisect.bisect_left(self.ends, start)
        high = bisect.bisect_right(self.starts, end)
        if low < high:
            start = min(start, self.starts[low])
            end = max(end, self.ends[high - 1])
        self.starts[low:high] = [start]
        self.ends[low:high] = [end]
        return start, end

    def has(self, place):
        """Is the byte at `place` in it?"""
        index = bisect.bisect_right(self.starts, place) - 1
        return index >= 0 and place < self.ends[index]

    def all(self):
        """All ranges."""
        return list(zip(self.starts, self.ends))


class Books:
    """What has been received, over all connections."""

    def __init__(self):
        self.have = {}
        self.received = self.bytes = self.suppressed = self.frames = self.damaged = 0
        self.gap_records = self.gap_datagrams = self.connections = self.digest = 0

        self.state = None
        self.payloads = []
        self.durable = {}

    def of(self, output, stream, epoch):
        """The ranges had of a stream."""
        return self.have.setdefault((output, stream, epoch), Ranges())

    def keep_in(self, path):
        """Goes on with what the file has, if it is there."""
        self.state = path
        if not os.path.exists(path):
            return
        with open(path, "rb") as file:
            self.durable, self.payloads = pickle.load(file)
        self.received = len(self.payloads)
        self.bytes = sum(map(len, self.payloads))
        for key, spans in self.durable.items():
            for start, end in spans:
                self.of(*key).add(start, end)

    def sync(self):
        """All that was received is on stable storage when this returns."""
        durable = {key: have.all() for key, have in self.have.items()}
        with open(self.state + ".new", "wb") as file:
            pickle.dump((durable, self.payloads), file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(self.state + ".new", self.state)
        folder = os.open(os.path.dirname(self.state) or ".", os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        self.durable = durable


def frame(kind, ranges=(), durable=()):
    """A frame to the relay, with ranges that were received and ranges that are durable."""
    flagged = [(*span, 0) for span in ranges] + [(*span, DURABLE) for span in durable]
    payload = b"".join(RANGE.pack(*span, 0) for span in flagged)
    fields = [b"SLU1", kind, 1, 64, len(payload), len(flagged), bytes(16), 0, 0, 0, crc32c(payload) if payload else 0, 0]
    fields[-1] = crc32c(HEADER.pack(*fields))
    return HEADER.pack(*fields) + payload


def records_of(payload, count):
    """(place, type, flags, input, body) of each record, after all of them were checked."""
    found = []
    place = counted = 0
    while place < len(payload):
        if len(payload) - place < RECORD.size:
            raise Fault("a record without room for its header")
        length, kind, flags, number, _ = RECORD.unpack_from(payload, place)
        skip = RECORD.size + (48 if flags & HAS_ADDRESS else 0)
        if length < skip or place + (length + 7) // 8 * 8 > len(payload):
            raise Fault("a record whose length is wrong")
        if kind == RECORD_GAP and length - skip < GAP.size:
            raise Fault("a GAP that is too short")
        found.append((place, kind, flags, number, payload[place + skip:place + length]))
        counted += kind != RECORD_PAD
        place += (length + 7) // 8 * 8
    if counted != count:
        raise Fault("another number of records than the frame says")
    return found


class Connection:
    """One connection from a relay."""

    def __init__(self, books, peer):
        self.books = books
        self.peer = peer
        self.buffer = bytearray()
        self.output = None

    def feed(self, data):
        """Takes bytes, returns those to send back. Raises Fault."""
        self.buffer += data
        answer = bytearray()
        acks = {}
        while (step := self.take(answer, acks)) > 0:
            del self.buffer[:step]
        if acks:
            answer += frame(ACK, [(stream, epoch, *span) for (stream, epoch), spans in acks.items() for span in spans])
        return bytes(answer)

    def take(self, answer, acks):
        """Takes one frame; returns its size, 0 if it is not whole yet."""
        held = self.buffer
        if held[:4] != b"SLU1"[:len(held[:4])]:
            raise Fault("not the magic")
        if len(held) < HEADER.size:
            return 0
        (_, kind, version, header_length, length, count, stream, epoch, offset, floor, payload_crc,
         header_crc) = HEADER.unpack_from(held)
        if version != 1:
            raise Fault(f"version {version}")
        if not 64 <= header_length <= 1024 or length > PAYLOAD_MOST:
            raise Fault("a length beyond its limit")
        if len(held) < header_length:
            return 0
        if crc32c(bytes(held[:60]) + bytes(4) + bytes(held[64:header_length])) != header_crc:
            raise Fault("header CRC")
        if len(held) < header_length + length:
            return 0
        payload = bytes(held[header_length:header_length + length])
        blank = int.from_bytes(held[64:72], "little") if kind == DATA and header_length >= 72 else 0
        if payload_crc != (crc32c(payload) if payload else 0):
            raise Fault("payload CRC")
        if kind == HELLO:
            answer += self.hello(stream, payload, count)
        elif kind == HEARTBEAT:
            answer += frame(HEARTBEAT)
        elif kind == DATA:
            if self.output is None:
                raise Fault("DATA before HELLO")
            span = self.data(stream, epoch, offset, floor, payload, count, blank)
            if span:
                spans = acks.setdefault((stream, epoch), [])
                spans[:] = [old for old in spans if old[1] < span[0] or old[0] > span[1]] + [span]
        return header_length + length

    def hello(self, output, payload, count):
        """The relay's HELLO; returns ours."""
        if len(payload) != count * RANGE.size:
            raise Fault("a HELLO whose count and length do not agree")
        self.output = output
        ranges = []
        for stream, epoch, cursor, _, _, _ in RANGE.iter_unpack(payload):
            have = self.books.of(output, stream, epoch)
            have.add(0, cursor)
            ranges += [(stream, epoch, start, end) for start, end in have.all()]
        asked = {entry[:2] for entry in RANGE.iter_unpack(payload)}
        return frame(HELLO, ranges, [span for span in self.safe() if span[:2] in asked])

    def safe(self):
        """The durable ranges of this connection's output."""
        return [(stream, epoch, start, end) for (output, stream, epoch), spans in self.books.durable.items()
                if output == self.output for start, end in spans]

    def vow(self):
        """What to send once everything is durable; nothing before the relay said HELLO."""
        return frame(ACK, (), self.safe()) if self.output is not None else b""

    def data(self, stream, epoch, offset, floor, payload, count, blank):
        """A piece of a stream; returns the range to acknowledge."""
        books = self.books
        have = books.of(self.output, stream, epoch)
        fresh = False
        for place, kind, _, _, body in records_of(payload, count):
            if have.has(offset + place):
                books.suppressed += kind == RECORD_DATA
                continue
            fresh = True
            if kind == RECORD_DATA:
                books.received += 1
                books.bytes += len(body)
                books.digest ^= crc32c(body)
                if books.state:
                    books.payloads.append(body)
            elif kind == RECORD_GAP:
                books.gap_records += 1
                books.gap_datagrams += GAP.unpack_from(body)[0]
        books.frames += fresh
        have.add(0, floor)
        return have.add(offset, offset + len(payload) + blank)


def serve(options, books):
    """Accepts and receives until it is time to end."""
    family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.address, options.port))
    listener.listen(128)
    events = selectors.DefaultSelector()
    events.register(listener, selectors.EVENT_READ)
    print(f"second receiver: listening on {options.address} port {options.port}", file=sys.stderr, flush=True)
    latest = None
    while not serve.stop:
        for key, _ in events.select(0.2):
            if key.fileobj is listener:
                peer, address = listener.accept()
                books.connections += 1
                events.register(peer, selectors.EVENT_READ, Connection(books, address))
                continue
            peer, connection = key.fileobj, key.data
            try:
                data = peer.recv(1 << 18)
                if data:
                    latest = time.monotonic()
                    peer.sendall(connection.feed(data))
                    continue
            except Fault as fault:
                books.damaged += 1
                print(f"second receiver: {connection.peer}: {fault}", file=sys.stderr)
            except OSError as error:
                print(f"second receiver: {connection.peer}: {error}", file=sys.stderr)
            events.unregister(peer)
            peer.close()
        if serve.sync:
            serve.sync = False
            books.sync()
            print(f"second receiver: {books.received} are durable", file=sys.stderr, flush=True)
            for key in list(events.get_map().values()):
                if key.data:
                    key.fileobj.sendall(key.data.vow())
        if latest and options.idle and time.monotonic() - latest > options.idle:
            return
        if options.expect and books.received >= options.expect and time.monotonic() - latest > 0.3:
            return


serve.stop = False
serve.sync = False


def self_test():
    """The document's check value and example, whole and byte by byte, twice."""
    example = bytes.fromhex("""
        53 4c 55 31 02 01 40 00 18 00 00 00 01 00 00 00 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f
        07 00 00 00 00 00 00 00 00 10 00 00 00 00 00 00 00 04 00 00 00 00 00 00 45 b5 8f d9 ef dc 3c d3
        15 00 00 00 01 00 02 00 00 00 fa ed 51 72 86 18 68 65 6c 6c 6f 00 00 00""")
    assert crc32c(b"123456789") == 0xE3069283
    books = Books()
    connection = Connection(books, "self")
    assert connection.feed(frame(HELLO))[4] == HELLO
    answer = connection.feed(example)
    assert answer[4] == ACK and RANGE.unpack_from(answer, 64)[2:4] == (4096, 4120)
    answer = b"".join(connection.feed(bytes([byte])) for byte in example)
    assert answer[4] == ACK
    assert (books.received, books.bytes, books.suppressed, books.digest) == (1, 5, 1, crc32c(b"hello"))
    for place in range(len(example)):
        broken = bytearray(example)
        broken[place] ^= 0x80
        fresh = Connection(books, "self")
        fresh.feed(frame(HELLO))
        try:
            assert fresh.feed(bytes(broken)) == b""
        except Fault:
            pass
    assert books.received == 1
    print("second receiver: self-test passed")


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description="a second receiver of sluice's native wire format")
    parser.add_argument("--port", type=int)
    parser.add_argument("--address", default="0.0.0.0")
    parser.add_argument("--idle", type=float, default=0)
    parser.add_argument("--expect", type=int, default=0)
    parser.add_argument("--state")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        self_test()
        return
    if not options.port:
        parser.error("--port is missing")

    def stop(*_):
        serve.stop = True

    def sync(*_):
        serve.sync = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    books = Books()
    if options.state:
        signal.signal(signal.SIGUSR1, sync)
        books.keep_in(options.state)
    serve(options, books)
    print(f"RESULT part=second-receiver received={books.received} bytes={books.bytes} "
          f"suppressed={books.suppressed} gap_records={books.gap_records} gap_datagrams={books.gap_datagrams} "
          f"frames={books.frames} damaged={books.damaged} connections={books.connections} digest={books.digest:08x}"
          + (f" distinct={len(set(books.payloads))}" if options.state else ""))


if __name__ == "__main__":
    main()
