# SPDX-License-Identifier: MIT
"""The third server: receivers on ports, which can go down, stop reading, read slowly and reset.

The native format is read by tests/second-receiver/receiver.py, which uses no code of sluice;
`length32` here. A connection tells by its first byte which of the two it carries, because an
output may change its framing. A receiver that is down remembers what it had, as one with stable
storage does.
"""
import ctypes
import os
import queue
import selectors
import socket
import struct
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "second-receiver"))
import receiver as native  # noqa: E402

SO_ATTACH_FILTER = 26
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
TICK = 0.05
READ_MOST = 1 << 16
# One instruction of classic BPF: "return 0", which drops every packet that comes to the socket.
NOTHING = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))


def deafen(sock):
    """From now on the kernel drops what comes to this socket: nothing more is acknowledged by TCP.

    So everything that it has acknowledged can be read before the socket is closed, and a plain
    framing
    loses nothing when its receiver goes: what a receiver's kernel has taken and nobody has read is
    lost, and no relay can know.
    """
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(NOTHING))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


class NativeLink(native.Connection):
    """A connection in the native format that tells of every datagram and of every GAP."""

    def __init__(self, books, peer, port, deliver, gap):
        super().__init__(books, peer)
        self.port = port
        self.deliver = deliver
        self.gap = gap

    def data(self, stream, epoch, offset, floor, payload, count, blank):
        """A piece of a stream; returns the range to acknowledge."""
        have = self.books.of(self.output, stream, epoch)
        for place, kind, _, _, body in native.records_of(payload, count):
            if have.has(offset + place):
                continue
            if kind == native.RECORD_DATA:
                self.deliver(self.port, body, False)
            elif kind == native.RECORD_GAP:
                datagrams, _, cause, _ = native.GAP.unpack_from(body)
                self.gap(self.port, datagrams, cause)
        have.add(0, floor)
        return have.add(offset, offset + len(payload) + blank)


class PlainLink:
    """A connection in the framing `length32`."""

    def __init__(self, port, deliver):
        self.port = port
        self.deliver = deliver
        self.buffer = bytearray()

    def feed(self, data):
        """Takes bytes; there is nothing to answer."""
        self.buffer += data
        while len(self.buffer) >= 4:
            length = int.from_bytes(self.buffer[:4], "big")
            if length > 65535:
                raise native.Fault(f"a length32 frame of {length} bytes")
            if len(self.buffer) < 4 + length:
                break
            self.deliver(self.port, bytes(self.buffer[4:4 + length]), True)
            del self.buffer[:4 + length]
        return b""


class Peer:
    """An accepted connection."""

    def __init__(self, sock, port):
        self.sock = sock
        self.port = port
        self.link = None
        self.out = bytearray()


class Port:
    """A port and what its receiver does: "up", "down", "stopped" or "slow"."""

    def __init__(self, number):
        self.number = number
        self.state = "down"
        self.listener = None
        self.peers = []


class Third(threading.Thread):
    """All receivers, in one thread. `listen` makes a listening socket for a port number; `deliver`
    and `gap` are told of what comes, `ended` of each connection that ended, `damaged` of
    nonsense."""

    def __init__(self, listen, deliver, gap, ended, damaged):
        super().__init__(daemon=True)
        self.listen = listen
        self.deliver = deliver
        self.gap = gap
        self.ended = ended
        self.damaged = damaged
        self.books = native.Books()
        self.ports = {}
        self.events = selectors.DefaultSelector()
        self.orders = queue.Queue()
        self.ear, self.bell = socket.socketpair()
        self.ear.setblocking(False)
        self.events.register(self.ear, selectors.EVENT_READ, None)
        self.slow_bytes = 2000
        self.ending = False

    def order(self, what, *arguments):
        """Has the thread do something, waits for it, and raises what it raised."""
        done = queue.Queue()
        self.orders.put((what, arguments, done))
        self.bell.send(b"!")
        error = done.get()
        if error:
            raise error

    def set_state(self, number, state, brutal=False):
        """Brings a receiver into a state; `brutal`: what it has not read is thrown away."""
        self.order(self._set_state, number, state, brutal)

    def reset(self, number, brutal):
        """Resets the connections of a port, in the middle of whatever they carry."""
        self.order(self._reset, number, brutal)

    def end(self):
        """Ends the thread and closes everything."""
        self.ending = True
        try:
            self.bell.send(b"!")
        except OSError:
            # It has seen that it ends already.
            pass
        self.join()

    def state(self, number):
        """The state of a port's receiver."""
        return self.ports[number].state if number in self.ports else "down"

    def unread(self):
        """Ports whose receivers are there and do not read, or slowly."""
        return [number for number, port in list(self.ports.items())
                if port.state in ("stopped", "slow")]

    def run(self):
        """The loop."""
        while not self.ending:
            for key, mask in self.events.select(TICK):
                if key.data is None:
                    self._obey()
                elif isinstance(key.data, Port):
                    self._accept(key.data)
                elif key.data.sock.fileno() >= 0:
                    self._serve(key.data, mask)
            for port in self.ports.values():
                if port.state == "slow":
                    for peer in list(port.peers):
                        self._read(peer, self.slow_bytes)
        for port in self.ports.values():
            self._close_all(port, True)
        self.events.close()
        self.ear.close()
        self.bell.close()

    def _obey(self):
        """Does what was ordered."""
        self.ear.recv(4096)
        while not self.orders.empty():
            what, arguments, done = self.orders.get()
            try:
                what(*arguments)
                done.put(None)
            except Exception as error:  # pylint: disable=broad-except
                done.put(error)

    def _watch(self, peer):
        """Tells the selector what a connection waits for now."""
        wanted = selectors.EVENT_READ if peer.port.state == "up" else 0
        wanted |= selectors.EVENT_WRITE if peer.out else 0
        known = peer.sock in self.events.get_map()
        if known and not wanted:
            self.events.unregister(peer.sock)
        elif known:
            self.events.modify(peer.sock, wanted, peer)
        elif wanted:
            self.events.register(peer.sock, wanted, peer)

    def _set_state(self, number, state, brutal):
        """See set_state()."""
        port = self.ports.setdefault(number, Port(number))
        if port.listener and port.listener in self.events.get_map():
            self.events.unregister(port.listener)
        if state == "down":
            if port.listener:
                deafen(port.listener)
            self._close_all(port, brutal)
            if port.listener:
                port.listener.close()
                port.listener = None
        elif not port.listener:
            port.listener = self.listen(number)
        port.state = state
        if state in ("up", "slow"):
            self.events.register(port.listener, selectors.EVENT_READ, port)
        for peer in port.peers:
            self._watch(peer)

    def _reset(self, number, brutal):
        """See reset()."""
        if number in self.ports:
            self._close_all(self.ports[number], brutal)

    def _close_all(self, port, brutal):
        """Closes a port's connections; unless `brutal`, all that TCP has acknowledged is read
        first."""
        if port.listener and not brutal:
            self._accept(port)
        for peer in list(port.peers):
            if not brutal:
                deafen(peer.sock)
                while self._read(peer, READ_MOST):
                    pass
            self._close(peer)

    def _close(self, peer):
        """Resets a connection and forgets it."""
        if peer not in peer.port.peers:
            return
        peer.port.peers.remove(peer)
        if peer.sock in self.events.get_map():
            self.events.unregister(peer.sock)
        try:
            peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        except OSError:
            pass
        peer.sock.close()
        self.ended(peer.port.number)

    def _accept(self, port):
        """Accepts all that wait."""
        # It may have gone since the selector spoke of it.
        while port.listener:
            try:
                sock, _ = port.listener.accept()
            except OSError:
                return
            sock.setblocking(False)
            peer = Peer(sock, port)
            port.peers.append(peer)
            self._watch(peer)

    def _serve(self, peer, mask):
        """The selector spoke of a connection."""
        if mask & selectors.EVENT_WRITE:
            self._flush(peer)
        if mask & selectors.EVENT_READ and peer in peer.port.peers:
            self._read(peer, READ_MOST)

    def _flush(self, peer):
        """Sends answers."""
        try:
            while peer.out:
                sent = peer.sock.send(peer.out)
                del peer.out[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._close(peer)
            return
        self._watch(peer)

    def _read(self, peer, most):
        """Reads at most `most` bytes once; False if there was nothing or the connection is
        closed."""
        try:
            data = peer.sock.recv(most)
        except BlockingIOError:
            return False
        except OSError:
            self._close(peer)
            return False
        if not data:
            self._close(peer)
            return False
        if peer.link is None:
            number = peer.port.number
            if data[:1] == b"S":
                peer.link = NativeLink(self.books, "relay", number, self.deliver, self.gap)
            else:
                peer.link = PlainLink(number, self.deliver)
        try:
            peer.out += peer.link.feed(data)
        except native.Fault as fault:
            self.damaged(peer.port.number, str(fault))
            self._close(peer)
            return False
        if peer.out:
            self._flush(peer)
        return True
