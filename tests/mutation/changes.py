# SPDX-License-Identifier: MIT
"""One change to one file that the product wrote, drawn by a random generator.

A change knows what it did, in words, and what may be expected after it: see Change.
"""
import glob
import os
import re
import shutil
import struct

from place import ALIEN, HOME, SHM

BLOCK = 4096
SLOT = 131072
KINDS = ("cut", "empty", "flip", "swap", "duplicate", "foreign", "sister", "older", "newer", "gone",
         "symlink", "directory", "fifo")
FILES = ("ring", "twin", "segment", "checkpoint", "record", "note", "spare")


def crc32c(data):
    """CRC32C of bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def read(path):
    """All bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def patch(path, place, data):
    """Overwrites a piece of a file."""
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(data)


def frames(path):
    """Where the frames of a segment begin."""
    data = read(path)
    return [place for place in range(BLOCK, len(data), BLOCK) if data[place:place + 4] == b"FRAM"]


def paths(kind):
    """The files of a kind, as a daemon left them; not what an earlier change put in their place."""
    return [path for path in named(kind) if os.path.isfile(path) and not os.path.islink(path)
            and (kind not in ("segment", "spare") or bool(frames(path)) == (kind == "segment"))]


def named(kind):
    """What is called like a file of a kind."""
    if kind == "ring":
        return sorted(path for path in glob.glob(HOME + "/rings/sluice-*")
                      if re.search(r"-\d+$", path))
    if kind == "twin":
        return sorted(glob.glob(HOME + "/rings/*-twin"))
    if kind in ("segment", "spare"):
        return sorted(path for path in glob.glob(HOME + "/spool/segment-*")
                      if re.search(r"-\d+$", path))
    if kind == "checkpoint":
        return glob.glob(HOME + "/spool/checkpoint")
    if kind == "note":
        return sorted(glob.glob(HOME + "/rings/*-stop"))
    return sorted(glob.glob(SHM + "/sluice/sluice-*-outputs.json") +
                  glob.glob(HOME + "/*/sluice-*-outputs.json"))


class Change:
    """What was done to which file."""

    def __init__(self, file, kind):
        self.file, self.kind = file, kind
        self.path = None
        self.words = ""
        # Pieces of payload in memory that were spoilt: they have no checksum.
        self.spoilt = 0
        # Records in memory whose head was spoilt: what they were nobody knows.
        self.heads = 0
        # Another file that was hit as well.
        self.other = None
        # The first bytes of what a daemon refuses with a sentence, as they were.
        self.before = None
        # The changed file itself, if it is one that no daemon can read: device and inode.
        self.unreadable = None

    def undo(self):
        """Puts back what was refused."""
        patch(self.path, 0, self.before)
        self.unreadable, self.before = None, None

    def __str__(self):
        return f"{self.kind} of {self.path}: {self.words}"


def ring_places(path):
    """Pieces of a ring's file that have a meaning: [(what, start, end)]."""
    data = read(path)
    size, = struct.unpack_from("<Q", data, 8)
    data_offset, index_offset, entries = struct.unpack_from("<III", data, 40)
    head, = struct.unpack_from("<Q", data, 64)
    tail, = struct.unpack_from("<Q", data, BLOCK)
    places = [("identity", 0, 56), ("head", 64, 72), ("sequences", 72, 88), ("counters", 88, 112),
              ("lost", 192, 328), ("tail", BLOCK, BLOCK + 8),
              ("cursor", BLOCK + 128, BLOCK + 192), ("cursors", BLOCK + 192, BLOCK + 320),
              ("index", index_offset, index_offset + 16 * entries)]
    at = tail
    while at < head:
        place = data_offset + at % size
        length, kind = struct.unpack_from("<IB", data, place)
        places.append(("record", place, place + 16))
        if kind == 1 and length > 64:
            places.append(("payload", place + 64, min(place + length, len(data))))
        at += (length + 7) // 8 * 8
    return places


def twin_places(path):
    """The same of a ring's twin."""
    del path
    return [("identity", 0, 64), ("lines", 64, 192), ("gaps", 192, 192 + 24 * 4),
            ("cursors", BLOCK, BLOCK + 128), ("other cursors", 2 * BLOCK, 2 * BLOCK + 128)]


def segment_places(path):
    """The same of a segment."""
    data = read(path)
    places = [("segment head", 0, 60)]
    for place in frames(path):
        length, payload = struct.unpack_from("<HI", data, place + 6)
        places += [("frame head", place, place + length),
                   ("frame body", place + length, place + length + payload)]
    return places


def checkpoint_places(path):
    """The same of a checkpoint."""
    places = [("store", 0, 36)]
    data = read(path)
    for slot in (BLOCK, BLOCK + SLOT):
        count, = struct.unpack_from("<I", data, slot + 40)
        entries = slot + 56
        places.append(("slot head", slot, entries))
        if count < 2000:
            catalog = entries + 56 * count
            places += [("entries", entries, catalog)] if count else []
            places += [("catalog head", catalog, catalog + 32), ("catalog", catalog, catalog + 3000)]
    return places


def flip(change, random):
    """One to three bits."""
    finder = {"ring": ring_places, "twin": twin_places, "segment": segment_places, "checkpoint": checkpoint_places}
    size = os.path.getsize(change.path)
    try:
        places = finder.get(change.file, lambda path: [("file", 0, size)])(change.path)
    except (struct.error, ZeroDivisionError):
        places = [("file", 0, size)]  # an earlier change left nothing that has a meaning
    places = [(what, start, min(end, size)) for what, start, end in places if start < size]
    if not places:
        return
    names = sorted({place[0] for place in places})
    for _ in range(random.choice((1, 1, 2, 3))):
        name = random.choice(names)
        _, start, end = random.choice([place for place in places if place[0] == name])
        if start >= end:
            continue
        at, bit = random.randrange(start, end), random.randrange(8)
        patch(change.path, at, bytes([read(change.path)[at] ^ (1 << bit)]))
        change.words += f" {name} byte {at} ({at - start}) bit {bit}"
        change.spoilt += name == "payload"
        change.heads += name == "record"


def seal(path, place, length):
    """Gives the version at place + 4 the next number, and what is there its checksum, which ends it."""
    data = bytearray(read(path)[place:place + length])
    struct.pack_into("<I", data, 4, struct.unpack_from("<I", data, 4)[0] + 1)
    struct.pack_into("<I", data, length - 4, crc32c(bytes(data[:length - 4])))
    patch(path, place, data)


def newer(change, random):
    """A version that does not exist yet, otherwise whole."""
    if change.file == "ring":
        patch(change.path, 4, struct.pack("<I", 2))
    elif change.file == "twin":
        patch(change.path, 4, struct.pack("<I", 2))
        patch(change.path, 60, struct.pack("<I", crc32c(read(change.path)[:60])))
    elif change.file in ("segment", "spare"):
        seal(change.path, 0, 56)
    elif change.file == "checkpoint":
        part = random.choice(("store", "slot", "slots"))
        change.words = part
        if part == "store":
            change.before = read(change.path)[:36]
            seal(change.path, 0, 32)
        for slot in (BLOCK, BLOCK + SLOT)[:("store", "slot", "slots").index(part)]:
            seal(change.path, slot, 56)
    elif change.file == "record":
        text = read(change.path).replace(b'"version": 1', b'"version": 2')
        with open(change.path, "wb") as file:
            file.write(text)
    else:
        patch(change.path, 0, b"version 2 ")


def counterpart(path, base, which):
    """A file of another state: of another relay, of another store of ours, of an earlier moment.
    None: it has none."""
    mine = os.path.relpath(path, SHM)
    if which != "alien":
        found = f"{base}/{which}/{mine}"
        return found if os.path.isfile(found) else None
    own = os.path.basename(path)
    folder = os.path.dirname(mine).replace(os.path.basename(HOME), os.path.basename(ALIEN))
    # The other relay's GUIDs stand in its files' names.
    pattern = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "*", own)
    found = sorted(glob.glob(f"{base}/alien/{folder}/{pattern}"))
    return found[0] if found else None


def put_other(change, random, base, which):
    """Another file in its place."""
    del random
    other = counterpart(change.path, base, which)
    if not other:
        return False
    shutil.copyfile(other, change.path)
    change.words = f"with {other[len(base) + 1:]}"
    return read(other) != b""


def two(change, random):
    """Swaps it with, or copies it onto, another of its kind or a name that is free."""
    others = [path for path in paths(change.file) + (paths("spare") if change.file == "segment"
                                                     else []) if path != change.path]
    if change.kind == "swap":
        if not others:
            return False
        other = change.other = random.choice(others)
        os.rename(change.path, SHM + "/moved")
        os.rename(other, change.path)
        os.rename(SHM + "/moved", other)
        change.words = f"with {os.path.basename(other)}"
        return True
    fresh = {"ring": re.sub(r"\d+$", "7", change.path), "segment": HOME + "/spool/segment-000077"}
    others += [fresh[change.file]] if change.file in fresh else []
    if not others:
        return False
    other = change.other = random.choice(others)
    shutil.copyfile(change.path, other)
    os.chmod(other, 0o600)
    change.words = f"as {os.path.basename(other)}"
    return True


def replace(change):
    """Nothing, or something that is no file, in its place."""
    if change.kind == "symlink":
        os.rename(change.path, SHM + "/target")
        os.symlink(SHM + "/target", change.path)
        return
    os.remove(change.path)
    if change.kind == "directory":
        os.mkdir(change.path)
    elif change.kind == "fifo":
        os.mkfifo(change.path, 0o600)


def apply(random, base):
    """Draws a change and makes it. None: this file has no such change; draw again."""
    file = random.choice([kind for kind in FILES if paths(kind)])
    change = Change(file, random.choice(KINDS))
    change.path = random.choice(paths(file))
    size = os.path.getsize(change.path)
    done = True
    if change.kind == "cut":
        upto = random.choice((1, 100, BLOCK, 2 * BLOCK, size // 2, size - BLOCK, size - 1))
        done = 0 < upto < size
        if done:
            os.truncate(change.path, upto)
            change.words = f"to {upto} of {size} bytes"
    elif change.kind == "empty":
        os.truncate(change.path, 0)
    elif change.kind == "flip":
        flip(change, random)
    elif change.kind in ("swap", "duplicate"):
        done = two(change, random)
    elif change.kind in ("foreign", "sister", "older"):
        done = put_other(change, random, base, {"foreign": "alien", "older": "old"}.get(
            change.kind, change.kind))
    elif change.kind == "newer":
        newer(change, random)
    else:
        replace(change)
    if not done:
        return None
    if change.kind == "newer" and file != "note":
        state = os.stat(change.path)
        change.unreadable = (state.st_dev, state.st_ino)
    return change
