# SPDX-License-Identifier: MIT
"""Numbered datagrams: each tells which flow it is of, its number there, its length and a check
sum."""
import struct
import zlib

HEAD = struct.Struct("<4sIIQII")
MAGIC = b"{op}"
SMALLEST = HEAD.size


def write(run, flow, sequence, length):
    """A payload of `length` bytes, at least SMALLEST."""
    length = max(length, SMALLEST)
    fill = bytes((sequence + place) & 0xFF for place in range(16))
    body = (fill * (length // 16 + 1))[:length - HEAD.size]
    head = HEAD.pack(MAGIC, run, flow, sequence, length, 0)
    return HEAD.pack(MAGIC, run, flow, sequence, length, zlib.crc32(head + body)) + body


def read(run, payload):
    """(flow, sequence) of a payload of this run, None if it is damaged."""
    if len(payload) < HEAD.size:
        return None
    magic, of, flow, sequence, length, check = HEAD.unpack_from(payload)
    if magic != MAGIC or of != run or length != len(payload):
        return None
    head = HEAD.pack(magic, of, flow, sequence, length, 0)
    if check != zlib.crc32(head + payload[HEAD.size:]):
        return None
    return flow, sequence
