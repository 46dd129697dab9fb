#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every state that a loss of power could have left a file system in, out of a log of its writes (dm-log-writes).

    power_loss.py LOG BASE TARGET FOLDER LENGTH KEEP

LOG: the log's device; BASE: file with the device as it was before the log begins. For each flush and each FUA write in the log what
was completed until then is written to the device TARGET, mounted at FOLDER, and the spool in FOLDER/spool is checked and exported
by sluicectl: no finding, and the datagrams (all of LENGTH bytes, of one run of sluicebench gen, nothing acknowledged) are there once
each, and at least as many as the latest mark "spooled=BYTES" in the log says were on the disk; what comes before the mark "up" is not
looked at. The last state after each such mark, and before the next one, is kept in KEEP.N, N counting them from 1, with the number
of its datagrams in KEEP.N.count.

The log's format is in the kernel's Documentation/admin-guide/device-mapper/log-writes.rst and drivers/md/dm-log-writes.c: a super
block, then entries of one sector, each followed by what was written.
"""
import os
import struct
import subprocess
import sys

MAGIC, SUPER, ENTRY = 0x6A736677736872, struct.Struct("<QQQI"), struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
RECORD_HEADER = 16


def entries(log):
    """(sector, flags, data, mark) of each entry; the sector's size comes first."""
    magic, version, count, sector_size = SUPER.unpack(log.read(SUPER.size))
    assert magic == MAGIC and version == 1, "no log of writes"
    yield sector_size
    place = sector_size
    for _ in range(count):
        log.seek(place)
        head = log.read(sector_size)
        sector, sectors, flags, length = ENTRY.unpack_from(head)
        place += sector_size
        data = b""
        if flags & DISCARD:
            data = bytes(sectors * sector_size)
        elif not flags & MARK:
            data = log.read(sectors * sector_size)
            place += sectors * sector_size
        yield sector, flags, data, head[ENTRY.size:ENTRY.size + length].decode() if flags & MARK else None


def numbers(payloads, length):
    """The sequence numbers of FULL payloads end to end (userd/bench/payload.h)."""
    found = []
    for place in range(0, len(payloads), length):
        assert payloads[place:place + 3] == b"{S}", "no payload of sluicebench gen"
        value = 0
        for digit in payloads[place + 17:place + 23]:
            value = value << 6 | ALPHABET.index(digit)
        found.append(value)
    return found


def judge(folder, length, least):
    """Checks the spool in a mounted file system; returns how many datagrams are in it."""
    spool = os.path.join(folder, "spool")
    check = subprocess.run(["sluicectl", "spool", "check", spool], capture_output=True, text=True, check=False)
    assert check.returncode == 0, f"sluicectl spool check: {check.returncode}: {check.stdout}{check.stderr}"
    payloads = subprocess.run(["sluicectl", "spool", "export", spool, "raw", "-"], capture_output=True, check=True).stdout
    # What it says goes behind the payloads if it says anything there.
    found = numbers(payloads[:len(payloads) // length * length], length)
    assert len(set(found)) == len(found), f"{len(found)} datagrams, and only {len(set(found))} different ones"
    stored = len(found) * ((RECORD_HEADER + length + 7) // 8 * 8)
    assert stored >= least, f"{stored} bytes of stream are there, {least} were on the disk"
    return len(found)


def main():
    """Command line."""
    log_path, base, target, folder, length, keep = sys.argv[1:]
    length = int(length)
    with open(base, "rb") as file:
        image = bytearray(file.read())
    states = marks = count = 0
    least = None
    with open(log_path, "rb") as log:
        stream = entries(log)
        sector_size = next(stream)
        total = 0
        for sector, flags, data, mark in stream:
            total += 1
            image[sector * sector_size:sector * sector_size + len(data)] = data
            if mark == "up":
                least = 0
            elif mark and mark.startswith("spooled="):
                least = int(mark.split("=")[1])
                marks += 1
            if least is None or not flags & (FLUSH | FUA):
                continue
            with open(target, "r+b", buffering=0) as device:
                device.write(image)
                os.fsync(device.fileno())
            subprocess.run(["mount", target, folder], check=True)
            try:
                count = judge(folder, length, least)
            except AssertionError as fault:
                sys.exit(f"power lost at entry {total}: {fault}")
            finally:
                subprocess.run(["umount", folder], check=True)
            states += 1
            with open(f"{keep}.{marks}", "wb") as file:
                file.write(image)
            with open(f"{keep}.{marks}.count", "w", encoding="ascii") as file:
                file.write(str(count))
    print(f"entries={total} states={states} datagrams={count} least={least}")


if __name__ == "__main__":
    main()
