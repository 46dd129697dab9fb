#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A receiver of the native wire format (docs/wire-format.md) that claims what it cannot have.

    liar.py --port PORT

Each connection tells the next lie of LIES, and waits for what the relay does about it; then a line "NAME: reset" (or closed, or
"nothing", if it was believed). Ends after the last.
"""
import argparse
import socket
import sys

from receiver import ACK, DATA, HEADER, HEARTBEAT, HELLO, RANGE, frame

FAR = 1 << 40
LIES = ("between", "hello-beyond", "hello-twice", "ack-beyond", "ack-one-of-two", "ack-backwards")


def read(client, size):
    """Exactly so many bytes."""
    data = b""
    while len(data) < size:
        more = client.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def next_frame(client):
    """(type, stream, epoch, offset, end, floor, payload) of the next frame."""
    head = read(client, HEADER.size)
    _, kind, _, header_length, length, _, stream, epoch, offset, floor, _, _ = HEADER.unpack(head)
    more = read(client, header_length - HEADER.size)
    blank = int.from_bytes(more[:8], "little") if kind == DATA and len(more) >= 8 else 0
    return kind, stream, epoch, offset, offset + length + blank, floor, read(client, length)


def data_frame(client):
    """The next frame with records; heartbeats are answered."""
    while True:
        found = next_frame(client)
        if found[0] == DATA:
            return found
        client.sendall(frame(HEARTBEAT))


def tell(client, lie):
    """Tells a lie; returns what came of it."""
    payload = next_frame(client)[-1]
    streams = [entry[:2] for entry in RANGE.iter_unpack(payload)]
    if lie == "hello-beyond":
        client.sendall(frame(HELLO, [(*stream, 0, FAR) for stream in streams]))
    else:
        client.sendall(frame(HELLO))
        _, stream, epoch, offset, end, floor, _ = data_frame(client)
        if lie == "between":
            # What was sent is the newest; what lies before it waits on the disk, if there is one.
            if offset == floor:
                return "impossible"
            client.sendall(frame(ACK, [(stream, epoch, floor, end)]))
        elif lie == "hello-twice":
            client.sendall(frame(HELLO, [(stream, epoch, offset, end)]))
        elif lie == "ack-beyond":
            client.sendall(frame(ACK, [(stream, epoch, offset, FAR)]))
        elif lie == "ack-one-of-two":
            client.sendall(frame(ACK, [(stream, epoch, offset, end), (stream, epoch, end, FAR)]))
        else:
            client.sendall(frame(ACK, [(stream, epoch, offset, end), (stream, epoch, end, offset)]))
    client.settimeout(10)
    try:
        while client.recv(65536):
            pass
        return "closed"
    except ConnectionResetError:
        return "reset"
    except socket.timeout:
        return "nothing"


def main():
    """One lie a connection."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", port))
    listener.listen(1)
    for lie in LIES:
        client, _ = listener.accept()
        with client:
            print(f"{lie}: {tell(client, lie)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
