#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A client of NATS and JetStream for the scenarios, which knows nothing of sluice's code or of libnats.

    nats.py SERVERS stream-make NAME KEY=VALUE...   makes a stream (max_msgs=10 discard=new num_replicas=3 ...)
    nats.py SERVERS streams -                       their names
    nats.py SERVERS stream-delete NAME
    nats.py SERVERS stream-change NAME KEY=VALUE... changes it
    nats.py SERVERS stream-purge NAME
    nats.py SERVERS count NAME                      how many messages it has
    nats.py SERVERS config NAME                     how it is configured, as JSON
    nats.py SERVERS leader NAME                     the server that leads it
    nats.py SERVERS read NAME                       every message, a line of JSON each: subject, headers, payload (hex)
    nats.py SERVERS check NAME FIRST LAST every datagram "number N", FIRST to LAST, is there once; prints what was found

SERVERS: HOST:PORT,...; the first that answers is used. [USER:PASSWORD@] in front of the first logs in. Speaks the protocol of
docs.nats.io/reference/reference-protocols/nats-protocol and the JetStream API of nats-server 2.9.
"""
import collections
import json
import socket
import struct
import sys
import time


class Client:
    """One connection."""

    def __init__(self, servers):
        login, _, servers = servers.rpartition("@")
        problem = None
        for server in servers.split(","):
            host, _, port = server.rpartition(":")
            try:
                self.socket = socket.create_connection((host, int(port)), timeout=5)
                self.buffer = b""
                self.line()
                break
            except OSError as error:
                problem = error
        else:
            raise problem
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "lang": "python", "version": "1"}
        if login:
            options["user"], _, options["pass"] = login.partition(":")
        self.inbox = f"_INBOX.{time.time_ns()}"
        self.numbers = 0
        self.pending = collections.deque()
        self.socket.sendall(f"CONNECT {json.dumps(options)}\r\nSUB {self.inbox}.> 1\r\nPING\r\n".encode())
        while self.line() != b"PONG":
            pass

    def fill(self):
        """Reads more."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data

    def line(self):
        """The next line of the protocol; -ERR is an error."""
        while b"\r\n" not in self.buffer:
            self.fill()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        if line.startswith(b"-ERR"):
            raise ConnectionError(line.decode())
        return line

    def exactly(self, size):
        """So many bytes, and the end of line behind them."""
        while len(self.buffer) < size + 2:
            self.fill()
        data, self.buffer = self.buffer[:size], self.buffer[size + 2:]
        return data

    def message(self):
        """The next message: subject, reply, headers, payload."""
        while True:
            words = self.line().split()
            if words[0] == b"PING":
                self.socket.sendall(b"PONG\r\n")
            elif words[0] == b"MSG":
                return words[1].decode(), words[3] if len(words) == 5 else b"", {}, self.exactly(int(words[-1]))
            elif words[0] == b"HMSG":
                data = self.exactly(int(words[-1]))
                size = int(words[-2])
                head = data[:size].decode().split("\r\n")
                headers = dict(text.split(": ", 1) for text in head[1:] if text)
                headers[""] = head[0]
                return words[1].decode(), words[3] if len(words) == 6 else b"", headers, data[size:]

    def request(self, subject, body=b"", attempts=60):
        """The answer to a request, as JSON; asked again while nobody answers."""
        for _ in range(attempts):
            self.numbers += 1
            reply = f"{self.inbox}.{self.numbers}"
            self.socket.sendall(f"PUB {subject} {reply} {len(body)}\r\n".encode() + body + b"\r\n")
            try:
                while True:
                    where, who, headers, payload = self.message()
                    if where == reply:
                        break
                    # What a consumer delivers may come before the answer that there is one.
                    if where.startswith("deliver.") or who.startswith(b"$JS.ACK."):
                        self.pending.append((where, who, headers, payload))
            except socket.timeout:
                continue
            if "503" in headers.get("", ""):
                time.sleep(0.25)
                continue
            answer = json.loads(payload)
            if answer.get("error", {}).get("code") == 503 and answer["error"].get("err_code") != 10074:
                time.sleep(0.25)
                continue
            return answer
        raise TimeoutError(f"nobody answers {subject}")

    def api(self, what, body=None):
        """The same of the JetStream API; an error ends the program."""
        answer = self.request(f"$JS.API.{what}", json.dumps(body).encode() if body is not None else b"")
        if "error" in answer:
            sys.exit(f"{what}: {answer['error']}")
        return answer

    def read(self, stream):
        """Every message of a stream: sequence, subject, headers, payload."""
        info = self.api(f"STREAM.INFO.{stream}")
        left = info["state"]["messages"]
        if not left:
            return
        # A subject of its own: to one that only a wildcard covers 2.9.10 delivers nothing (seen; why was not looked for).
        deliver = f"deliver.{time.time_ns()}"
        self.socket.sendall(f"SUB {deliver} 2\r\n".encode())
        self.api(f"CONSUMER.CREATE.{stream}",
                 {"stream_name": stream, "config": {"deliver_subject": deliver, "ack_policy": "none", "deliver_policy": "all",
                                                    "flow_control": True, "idle_heartbeat": 5_000_000_000}})
        while left:
            subject, reply, headers, payload = self.pending.popleft() if self.pending else self.message()
            if headers.get("", "").startswith("NATS/1.0 100"):
                answer = headers.get("Nats-Consumer-Stalled", reply.decode())
                if answer:
                    self.socket.sendall(f"PUB {answer} 0\r\n\r\n".encode())
                continue
            if not reply.startswith(b"$JS.ACK."):
                continue
            left -= 1
            yield int(reply.split(b".")[5]), subject, headers, payload


def records(span):
    """The records of a span (docs/receivers.md): type, payload."""
    place = 0
    while place < len(span):
        length, kind, flags = struct.unpack_from("<IBB", span, place)
        body = place + 16 + (48 if flags & 1 else 0)
        yield kind, span[body:place + length]
        place += (length + 7) & ~7


def check(client, stream, first, last):
    """Counts what a stream has of the datagrams "number N"."""
    seen, told, wrong, order, spans = collections.Counter(), collections.Counter(), 0, 0, 0
    before = {}
    for _, subject, headers, payload in client.read(stream):
        kind = headers.get("Sluice-Kind")
        if kind == "gap":
            told[headers["Sluice-Cause"]] += int(headers["Sluice-Lost"])
            continue
        spans += kind == "span"
        offset = int(headers["Sluice-Offset"])
        order += offset < before.get(subject, 0)
        before[subject] = offset
        for what, datagram in records(payload) if kind == "span" else [(1, payload)]:
            words = datagram.split()
            if what != 1 or len(words) < 2 or words[0] != b"number":
                wrong += 1
            else:
                seen[int(words[1])] += 1
    missing = sum(1 for number in range(first, last + 1) if number not in seen)
    twice = sum(count - 1 for count in seen.values())
    print(f"found={len(seen)} missing={missing} twice={twice} wrong={wrong} backwards={order} spans={spans} "
          f"gaps={sum(told.values())} causes={','.join(sorted(told))}")


def settings_of(pairs, name):
    """The configuration of a stream."""
    config = {"name": name, "subjects": ["udp.>"], "storage": "file"}
    for pair in pairs:
        key, _, value = pair.partition("=")
        config[key] = int(value) if value.lstrip("-").isdigit() else value.split("+") if key == "subjects" else value
        if value in ("true", "false"):
            config[key] = value == "true"
    return config


def main():
    """Does what the arguments say."""
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    client, command, name, rest = Client(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    if command == "stream-make":
        client.api(f"STREAM.CREATE.{name}", settings_of(rest, name))
    elif command == "streams":
        print(client.api("STREAM.NAMES")["streams"] or "")
    elif command == "stream-delete":
        client.api(f"STREAM.DELETE.{name}")
    elif command == "stream-purge":
        client.api(f"STREAM.PURGE.{name}")
    elif command == "stream-change":
        config = client.api(f"STREAM.INFO.{name}")["config"]
        config.update({key: value for key, value in settings_of(rest, name).items()
                       if key not in ("name", "storage") and (key != "subjects" or any(r.startswith("subjects=") for r in rest))})
        client.api(f"STREAM.UPDATE.{name}", config)
    elif command == "count":
        print(client.api(f"STREAM.INFO.{name}")["state"]["messages"])
    elif command == "config":
        print(json.dumps(client.api(f"STREAM.INFO.{name}")["config"]))
    elif command == "leader":
        print(client.api(f"STREAM.INFO.{name}").get("cluster", {}).get("leader", ""))
    elif command == "read":
        for sequence, subject, headers, payload in client.read(name):
            print(json.dumps({"sequence": sequence, "subject": subject, "headers": headers, "payload": payload.hex()}))
    elif command == "check":
        check(client, name, int(rest[0]), int(rest[1]))
    else:
        sys.exit(f"nats.py: {command}: no such command")


if __name__ == "__main__":
    main()
