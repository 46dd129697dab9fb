# SPDX-License-Identifier: MIT
"""What a daemon left, made once and copied for every seed.

killed    SIGKILL with a backlog in memory and on the disk, a part of it delivered before
fresh     the same, killed at once: the catalog does not list the last frames yet
stopped   SIGTERM while the receiver is down: what was in memory is on the disk, with a note
memory    no disk; SIGKILL
oldest    a full disk with `drop: oldest`, which has given up what it held first; SIGKILL
"""
import os
import pickle
import shutil
import time

from place import ALIEN, HOME, SHM, Wrong

NAMES = ("killed", "fresh", "stopped", "memory", "oldest")
FIRST, FIRST_SEED, SEED, ALIEN_SEED, SISTER_SEED = 200, 11, 12, 13, 14
COUNT = {"killed": 2400, "fresh": 2400, "stopped": 2400, "memory": 500, "oldest": 9000}


def keep(directory):
    """Copies all of /dev/shm."""
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(SHM, directory, symlinks=True)


def restore(directory):
    """Puts what keep() copied back; /dev/shm is empty."""
    shutil.copytree(directory, SHM, symlinks=True, dirs_exist_ok=True)


def options(name):
    """What the configuration of a state is."""
    return {"disk": None if name == "memory" else "4m" if name == "oldest" else "8m",
            "drop": "oldest" if name == "oldest" else "newest"}


def live(place, name, base, seed, home=HOME, relay="middle"):
    """Lives until the state is there; copies an earlier moment to `base`/old."""
    place.empty()
    place.configure(home, relay, **options(name))
    if not place.start(home):
        raise Wrong(f"no start for the state {name}: {place.said()}")
    receiver = place.receiver("--expect", str(FIRST), "--settle", "300ms")
    place.send(FIRST, seed + 100)
    place.result(receiver)
    half = COUNT[name] // 2
    place.send(half, seed, size="600-900" if name == "oldest" else "100-900")
    if base:
        time.sleep(1.2)
        keep(f"{base}/old")
    place.send(COUNT[name] - half, seed + 200, size="600-900" if name == "oldest" else "100-900")
    if base and name != "fresh":
        time.sleep(1.3)
    inputs = place.show("inputs")
    store = place.show("store")
    if name == "stopped":
        if place.stop():
            raise Wrong("the stop for the state fails")
    else:
        place.kill()
    return {"inputs": inputs, "store": store, "expected": FIRST + COUNT[name]}


def make(place, directory):
    """Makes all states below `directory`, and beside them those of others."""
    for kind in ("killed", "memory"):
        live(place, kind, None, ALIEN_SEED, ALIEN, "alien")
        keep(f"{directory}/others/{kind}/alien")
        live(place, kind, None, SISTER_SEED)
        keep(f"{directory}/others/{kind}/sister")
    for name in NAMES:
        base = f"{directory}/{name}"
        told_of = live(place, name, base, SEED)
        keep(f"{base}/now")
        for which in ("alien", "sister"):
            os.symlink(f"../others/{'memory' if name == 'memory' else 'killed'}/{which}",
                       f"{base}/{which}")
        with open(f"{base}/told", "wb") as file:
            pickle.dump(told_of, file)


def told(directory, name):
    """What a daemon said of the state before it ended."""
    with open(os.path.join(directory, name, "told"), "rb") as file:
        return pickle.load(file)
