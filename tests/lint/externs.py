#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What other files can see is there for other files.

    externs.py [--allowed FILE] [--public MAP]... [--tests FOLDER]... [--source ROOT] OBJECTS

Reads the symbols of all object files under OBJECTS (nm). A function or variable that is not static
is at fault if no other object needs it and no library shows it to the world (MAP, a version script):

- if its own source file uses it, it should be static, unless a unit test calls it;
- if nobody uses it, it is dead. That a test calls it does not keep it alive.

FILE (--allowed) has the exceptions, "SYMBOL why" a line. A line of it that is not needed fails, too.
Prints each fault, exits 1 if there is any.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys

# A comment, or a string: what is in them is no use of a symbol.
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def symbols_of(objects):
    """({symbol: its object}, {symbol: objects that need it})."""
    defined, needed = {}, collections.defaultdict(set)
    text = subprocess.run(["nm", "-A", *map(str, objects)], capture_output=True, text=True,
                          check=True).stdout
    for line in text.splitlines():
        path, _, rest = line.partition(":")
        words = rest.split()
        if words[-2] == "U":
            needed[words[-1]].add(pathlib.Path(path))
        elif words[-2] in "TDBRVWC":
            defined[words[-1]] = pathlib.Path(path)
    return defined, needed


def uses(text, symbol):
    """How often a source file names the symbol, comments and strings aside."""
    return len(re.findall(rf"\b{symbol}\b", text))


def code_of(path):
    """A source file without comments and strings; nothing if there is no such file."""
    try:
        return NOISE.sub(" ", path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""


def faults_of(root, source, tests):
    """{symbol: what is wrong}."""
    objects = sorted(root.rglob("*.o"))
    if not objects:
        sys.exit(f"externs: no objects in {root}; run make first")
    # An object whose source is gone is left from before, and so is what it needs.
    sources = {path: source / path.relative_to(root).with_suffix(".c") for path in objects}
    objects = [path for path in objects if sources[path].exists()]
    defined, needed = symbols_of(objects)
    tested = "\n".join(code_of(path) for folder in tests for path in sorted(folder.rglob("*.[ch]")))
    headers = "\n".join(code_of(path) for path in sorted(source.glob("userd/**/*.h")))
    faults = {}
    for symbol, path in sorted(defined.items()):
        # The last one is of systemtap's <sys/sdt.h>: where the probes of a program are reckoned from.
        if symbol in {"main", "_.stapsdt.base"} or needed[symbol] - {path}:
            continue
        # The definition itself is one; a header names it once more when an inline function or a
        # macro uses it, which counts as its own file does.
        used = uses(code_of(sources[path]), symbol) > 1 or uses(headers, symbol) > 1
        where = sources[path].relative_to(source)
        if not used:
            faults[symbol] = f"{where}: {symbol} is used by nobody"
        elif not uses(tested, symbol):
            faults[symbol] = f"{where}: {symbol} is used in this file only: make it static"
    return faults


def main():
    """See above."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--allowed", type=pathlib.Path)
    parser.add_argument("--public", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--tests", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--source", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("objects", type=pathlib.Path)
    options = parser.parse_args()
    faults = faults_of(options.objects, options.source, options.tests)
    for path in options.public:
        for symbol in re.findall(r"^\s+(\w+);$", path.read_text(encoding="utf-8"), re.MULTILINE):
            faults.pop(symbol, None)
    allowed = set()
    if options.allowed:
        lines = options.allowed.read_text(encoding="utf-8").splitlines()
        allowed = {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
    for symbol in sorted(set(faults) - allowed):
        print(faults[symbol])
    for symbol in sorted(allowed - set(faults)):
        print(f"{symbol}: needs no exception; take it out of {options.allowed}")
    return 1 if set(faults) ^ allowed else 0


if __name__ == "__main__":
    sys.exit(main())
