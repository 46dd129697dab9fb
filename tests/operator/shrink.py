# SPDX-License-Identifier: MIT
"""Delta debugging: the shortest part of a list that still fails, in bounded time."""
import time


def shrink(items, fails, seconds, say=print):
    """`fails(part)` runs a part of the list; returns the shortest failing part found in time."""
    end = time.monotonic() + seconds
    pieces = 2
    while len(items) > 1 and time.monotonic() < end:
        size = (len(items) + pieces - 1) // pieces
        starts = range(0, len(items), size)
        for start in starts:
            if time.monotonic() > end:
                return items
            without = items[:start] + items[start + size:]
            if without and fails(without):
                say(f"shrink: {len(without)} steps fail as well")
                items = without
                pieces = max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(pieces * 2, len(items))
    return items
