#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Arrows point down: no circle of calls between files, no call up between folders.

    circles.py [--known FILE] [--order FILE] FOLDER...

Reads the symbols of the object files in each FOLDER (nm), not the includes: what counts is who
calls whom, or touches whose variable. Each FOLDER is a program or module of its own. Two rules:

- Files that call each other, directly or by way of others, are a circle.
- The folders of objects stand in an order, which is written once, in docs/design.md (--order), below
  the paragraph "Order of folders, ...". A file calls files of its own folder and of folders that
  stand above its own in that list, where the foundations are.

What broke a rule when the rule came is in FILE (--known), one "FROM TO" a line. It may only get
shorter: an arrow that is not in it fails, and so does a line of it that is no longer true.

Prints each fault, exits 1 if there is any.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys


def symbols_of(objects):
    """(file that defines each symbol, symbols that each file needs)."""
    defined, needed = {}, collections.defaultdict(set)
    for path in objects:
        text = subprocess.run(["nm", str(path)], capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            words = line.split()
            if words[-2] == "U":
                needed[path].add(words[-1])
            elif words[-2] in "TDBRVWC":
                defined.setdefault(words[-1], path)
    return defined, needed


def arrows_of(objects):
    """{file: {file it calls: one symbol that it calls there}}."""
    defined, needed = symbols_of(objects)
    arrows = {path: {} for path in objects}
    for path in objects:
        for symbol in sorted(needed[path]):
            target = defined.get(symbol)
            if target is not None and target != path:
                arrows[path].setdefault(target, symbol)
    return arrows


def reachable(arrows, start):
    """Every file that `start` calls, directly or by way of others."""
    seen, todo = set(), [start]
    while todo:
        for target in arrows[todo.pop()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def circle_arrows(arrows):
    """Each arrow from which calls lead back to where it begins."""
    reach = {path: reachable(arrows, path) for path in arrows}
    return [(path, target) for path in arrows for target in arrows[path] if path in reach[target]]


def folders_in_order(document):
    """{folder: its place} as the document says, foundations first."""
    text = pathlib.Path(document).read_text(encoding="utf-8")
    block = re.search(r"^Order of folders, [\s\S]*?\n\n((?:    .*\n)+)", text, re.MULTILINE)
    if not block:
        sys.exit(f"circles: {document} has no paragraph \"Order of folders, ...\" with a list")
    return {line.split()[0].rstrip("/"): place
            for place, line in enumerate(block.group(1).splitlines()) if line.split()}


def source_name(path, root):
    """The source file of an object, as the tree calls it."""
    name = str(path.relative_to(root).with_suffix(".c"))
    return name.removeprefix("tree/")


def faults_of(folder, order):
    """{(from, to): what is wrong} of one program."""
    root = pathlib.Path(folder)
    # A linked module (NAME.o beside NAME.ko) is no source file.
    objects = [path for path in sorted(root.rglob("*.o"))
               if not path.name.endswith(".mod.o") and not path.with_suffix(".ko").exists()
               and "tests" not in path.parts]
    if not objects:
        sys.exit(f"circles: no objects in {folder}; run make first")
    arrows = arrows_of(objects)
    faults = {}
    for path, target in circle_arrows(arrows):
        faults[source_name(path, root), source_name(target, root)] = (
            f"is part of a circle ({arrows[path][target]})")
    for path in arrows:
        for target, symbol in arrows[path].items():
            here, there = (source_name(path, root), source_name(target, root))
            above = [order.get(str(pathlib.PurePath(name).parent)) for name in (here, there)]
            if None in above:
                faults[here, there] = "is between folders that the order of folders does not name"
            elif above[0] < above[1]:
                faults[here, there] = f"points up ({symbol})"
    return faults


def main():
    """See above."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--known")
    parser.add_argument("--order", default="docs/design.md")
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    order = folders_in_order(options.order)
    faults = {}
    for folder in options.folders:
        faults.update(faults_of(folder, order))
    known = set()
    if options.known:
        lines = pathlib.Path(options.known).read_text(encoding="utf-8").splitlines()
        known = {tuple(line.split()) for line in lines if line and not line.startswith("#")}
    new = sorted(set(faults) - known)
    gone = sorted(known - set(faults))
    for here, there in new:
        print(f"{here} -> {there}: {faults[here, there]}")
    for here, there in gone:
        print(f"{here} -> {there}: is right now; take it out of {options.known}")
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main())
