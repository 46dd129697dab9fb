#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server that speaks NATS and as much of JetStream as a publisher needs, and misbehaves as real ones were seen to.

    fake_nats.py HOST:PORT LOG

Datagrams say what is to become of them: "duplicate N" is called a duplicate with sequence 0 three times before it is stored
(nats-server 2.9.10 after a change of leaders), "silent N" gets no answer the first time, "elsewhere N" gets "no leader" (10008)
twice, anything else is stored at once. Each message is a line of JSON in LOG: what it says, its id, what was answered.
"""
import collections
import json
import re
import socketserver
import sys
import threading

INFO = {"server_id": "FAKE", "server_name": "fake", "version": "2.9.10", "proto": 1, "headers": True, "max_payload": 1 << 20,
        "jetstream": True, "client_id": 1, "host": "127.0.0.1", "port": 4222}
LOCK = threading.Lock()
TRIES = collections.Counter()
STORED = []


def answer_to(payload, headers):
    """What the stream says to a message."""
    word = payload.split(b" ")[0]
    name = headers.get("Nats-Msg-Id", "")
    with LOCK:
        TRIES[name] += 1
        if word == b"duplicate" and TRIES[name] <= 3:
            return {"stream": "UDP", "seq": 0, "duplicate": True}
        if word == b"silent" and TRIES[name] == 1:
            return None
        if word == b"elsewhere" and TRIES[name] <= 2:
            return {"error": {"code": 503, "err_code": 10008, "description": "JetStream system temporarily unavailable"}}
        STORED.append(name)
        return {"stream": "UDP", "seq": len(STORED)}


def api(what):
    """The answer to a request of the API."""
    if what.startswith("STREAM.INFO."):
        return {"config": {"name": "UDP", "subjects": ["udp.>"], "retention": "limits", "discard": "old", "storage": "file",
                           "num_replicas": 1, "max_msgs": -1, "max_bytes": -1, "max_msg_size": -1},
                "created": "2026-11-30T00:00:00Z", "state": {"messages": 0, "bytes": 0, "first_seq": 0, "last_seq": 0}}
    return {"error": {"code": 404, "err_code": 10037, "description": "no message found"}}


class Session(socketserver.StreamRequestHandler):
    """One client."""

    def send(self, subject, body):
        """Delivers to whoever subscribed to that."""
        for number, pattern in self.subscriptions.items():
            if pattern.fullmatch(subject):
                self.wfile.write(f"MSG {subject} {number} {len(body)}\r\n".encode() + body + b"\r\n")

    def publish(self, words, payload, headers):
        """A message, or a request."""
        subject, reply = words[1].decode(), words[2].decode()
        if subject.startswith("$JS.API."):
            self.send(reply, json.dumps(api(subject[8:])).encode())
            return
        answer = answer_to(payload, headers)
        with LOCK, open(sys.argv[2], "a", encoding="utf-8") as log:
            print(json.dumps({"says": payload.decode(), "id": headers.get("Nats-Msg-Id"), "answer": answer}), file=log)
        if answer:
            self.send(reply, json.dumps(answer).encode())

    def handle(self):
        self.subscriptions = {}
        self.wfile.write(f"INFO {json.dumps(INFO)}\r\n".encode())
        for line in self.rfile:
            words = line.split()
            if not words:
                continue
            if words[0] == b"PING":
                self.wfile.write(b"PONG\r\n")
            elif words[0] == b"SUB":
                text = re.escape(words[1].decode()).replace(r"\*", "[^.]+").replace(">", ".+")
                self.subscriptions[words[-1].decode()] = re.compile(text)
            elif words[0] in (b"PUB", b"HPUB"):
                data = self.rfile.read(int(words[-1]) + 2)[:-2]
                headers = {}
                if words[0] == b"HPUB":
                    size = int(words[-2])
                    headers = dict(text.split(": ", 1) for text in data[:size].decode().split("\r\n")[1:] if text)
                    data = data[size:]
                self.publish(words, data, headers)


class Server(socketserver.ThreadingTCPServer):
    """The server."""
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    address, _, port = sys.argv[1].rpartition(":")
    with Server((address, int(port)), Session) as server:
        server.serve_forever()
