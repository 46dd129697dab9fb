#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients and servers of forwarded connections: tests/forward.py CASE [ARGUMENT...].

Each case connects to the forward at 127.0.0.1:7000 (or the port given), whose destination is 127.0.0.1:7001, where
it listens itself, and says on the last line what it saw. It fails with an exception. Touches: sockets.
"""
import hashlib
import os
import select
import socket
import struct
import sys
import threading
import time

LIMIT = 20  # seconds that anything may take


def listen(port=7001):
    """A server's socket. @owner caller"""
    server = socket.create_server(("127.0.0.1", port), backlog=2000)
    server.settimeout(LIMIT)
    return server


def connect(port=7000, source=None):
    """A client's connection through the forward. @owner caller"""
    client = socket.create_connection(("127.0.0.1", port), timeout=LIMIT, source_address=source and (source, 0))
    client.settimeout(LIMIT)
    return client


def whole(one, length):
    """So many bytes; fewer only if it ends before. A socket with a time limit does not wait for all by itself (MSG_WAITALL)."""
    got = b""
    while len(got) < length:
        more = one.recv(length - len(got))
        if not more:
            break
        got += more
    return got


def pair(server, port=7000):
    """Both ends of a forwarded connection. @owner caller"""
    client = connect(port)
    end = server.accept()[0]
    end.settimeout(LIMIT)
    return client, end


def read_all(end):
    """Everything up to the end."""
    parts = []
    while True:
        part = end.recv(1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def reset(end):
    """Closes a socket with a reset."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def is_reset(end):
    """Does the other side end with a reset, not with an ordinary end?"""
    try:
        while end.recv(1 << 16):
            pass
    except ConnectionResetError:
        return True
    return False


def is_refused(port, source=None):
    """Does a client get a reset, be it while it connects?"""
    try:
        return is_reset(connect(int(port), source))
    except ConnectionResetError:
        return True


def half():
    """One side ends, and the other goes on for eight million bytes: in both directions."""
    server, much = listen(), os.urandom(8 << 20)
    for turn in range(2):
        ends = pair(server)
        first, second = ends if turn == 0 else ends[::-1]
        first.sendall(b"question")
        first.shutdown(socket.SHUT_WR)
        assert read_all(second) == b"question"
        threading.Thread(target=lambda to=second: (to.sendall(much), to.shutdown(socket.SHUT_WR))).start()
        assert read_all(first) == much
    print("ends are ends, and what comes behind them is whole")


def resets():
    """A reset of either side reaches the other as a reset: of one that is idle and of one that is busy."""
    server = listen()
    for turn in range(2):
        for is_busy in False, True:
            ends = pair(server)
            first, second = ends if turn == 0 else ends[::-1]
            second.sendall(b"x" * (300000 if is_busy else 1))
            first.recv(1)
            reset(first)
            assert is_reset(second), (turn, is_busy)
    print("resets are resets")


def urgent():
    """Urgent data keeps its place and is urgent; what follows it arrives, and so does the end."""
    server = listen()
    for turn in range(2):
        ends = pair(server)
        first, second = ends if turn == 0 else ends[::-1]
        second.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        poll = select.poll()
        poll.register(second, select.POLLPRI)
        for number in range(3):
            first.sendall(b"before")
            first.send(b"!", socket.MSG_OOB)
            assert poll.poll(LIMIT * 1000), "nothing urgent came"
            first.sendall(b"after")
            got = b""
            while len(got) < 12:
                got += second.recv(12 - len(got))
            assert got == b"before!after", got
        first.send(b"?", socket.MSG_OOB)
        first.shutdown(socket.SHUT_WR)
        assert read_all(second) == b"?"
        for end in ends:
            end.close()
    print("urgent data is urgent, in its place")


def refused(port):
    """The destination refuses: the client gets a reset."""
    assert is_refused(port)
    print("a refusal is a reset")


def barred(port, source):
    """Somebody who may not come gets a reset."""
    assert is_refused(port, source)
    print("barred")


def limit(port, most):
    """Of one more than `most` connections the last gets a reset; when one has gone another may come."""
    server, kept = listen(), []
    for _ in range(int(most)):
        kept.append(pair(server, int(port)))
    assert is_refused(port)
    for end in kept.pop():
        end.close()
    time.sleep(0.3)
    kept.append(pair(server, int(port)))
    print("the limit holds")


def crowd(count):
    """So many connections at once, each with its own bytes both ways."""
    server, count, ends = listen(), int(count), []
    taker = threading.Thread(target=lambda: ends.extend(server.accept()[0] for _ in range(count)))
    taker.start()
    clients = [connect() for _ in range(count)]
    taker.join()
    for number, client in enumerate(clients):
        client.sendall(b"%08d" % number)
    for end in ends:
        end.settimeout(LIMIT)
        end.sendall(whole(end, 8)[::-1])
    for number, client in enumerate(clients):
        assert whole(client, 8) == (b"%08d" % number)[::-1], number
    for end in clients + ends:
        end.close()
    print("each of", count, "had its own")


def slow(count):
    """Readers that read nothing for a while hold up nobody else, and lose nothing."""
    server, much = listen(), os.urandom(16 << 20)
    pairs = [pair(server) for _ in range(int(count))]
    writers = [threading.Thread(target=lambda to=client: (to.sendall(much), to.shutdown(socket.SHUT_WR)))
               for client, _ in pairs]
    for writer in writers:
        writer.start()
    time.sleep(1)
    client, end = pair(server)
    for number in range(100):
        client.sendall(b"%03d" % number)
        assert whole(end, 3) == b"%03d" % number
    wanted = hashlib.sha256(much).digest()
    for _, end in pairs:
        assert hashlib.sha256(read_all(end)).digest() == wanted
    print("slow readers lose nothing")


def serve(port, seconds):
    """A server that sends back what comes, of many connections, for so long; a connection's first bytes are its
    port."""
    server, until, poll, ends = listen(int(port)), time.monotonic() + float(seconds), select.epoll(), {}
    poll.register(server, select.EPOLLIN)
    while time.monotonic() < until:
        for number, _ in poll.poll(0.2):
            if number == server.fileno():
                end = server.accept()[0]
                end.sendall(b"%05d" % int(port))
                poll.register(end, select.EPOLLIN)
                ends[end.fileno()] = end
                continue
            try:
                part = ends[number].recv(1 << 16)
                ends[number].sendall(part)
            except ConnectionError:
                part = b""
            if not part:
                ends.pop(number).close()


def talk(port, seconds):
    """A connection that says something again and again for so long, and hears it back; prints which server it had,
    and how it ended."""
    client, until, rounds, how = connect(int(port)), time.monotonic() + float(seconds), 0, "ended well"
    try:
        which = whole(client, 5).decode()
        while time.monotonic() < until:
            word = os.urandom(5000)
            client.sendall(word)
            assert whole(client, 5000) == word
            rounds += 1
    except ConnectionResetError:
        how = "was reset"
    print(which, how, "often" if rounds > 20 else "after %d rounds" % rounds, flush=True)


def proxy(port):
    """The destination is told who the client is, before anything else."""
    server = listen()
    client, end = pair(server, int(port))
    client.sendall(b"hello")
    got = whole(end, 16 + 12 + 5)
    assert got[:12] == b"\r\n\r\n\0\r\nQUIT\n" and got[12:16] == b"\x21\x11\0\x0c", got
    local, there = client.getsockname(), client.getpeername()
    assert got[16:28] == socket.inet_aton(local[0]) + socket.inet_aton(there[0]) + struct.pack("!HH", local[1], there[1])
    assert got[28:] == b"hello"
    print("the client is known")


if __name__ == "__main__":
    {case.__name__: case for case in (half, resets, urgent, refused, barred, limit, crowd, slow, serve, talk, proxy)}[
        sys.argv[1]](*sys.argv[2:])
