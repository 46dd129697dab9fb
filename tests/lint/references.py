#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What comments and documents name is there.

    references.py [--allowed FILE] [ROOT]

Looks into comments and documents of the files that git tracks below ROOT for

- names of source files (.c, .h, .py, .sh, .yaml): at fault if no tracked file's path ends with it
  ("socket.c", "source/socket.c"). None of ours are a path that begins with a folder of the kernel's
  tree ("net/ipv4/udp.c"), a header of the system (<linux/bpf.h>), one that the same file's code
  names, too (it makes it), and what has a word in capitals, which stands for any (NAME.c);
- names that begin with sluice_ or SLUICE_: at fault if no code has a name that begins so.

FILE (--allowed) has the exceptions, "NAME why" a line. A line of it that is not needed fails, too.
CHANGELOG and findings/ speak of how things were. Prints each fault, exits 1 if there is any.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys

import counters

NAME = re.compile(r"(?<![\w./$*{}-])((?:[\w.-]+/)*[\w-]+(?:\.bpf)?\.(?:c|h|py|sh|yaml))(?![\w/*-]|\.\w)")
SYMBOL = re.compile(r"\b(?:sluice|SLUICE)_\w*[A-Za-z0-9]")
C_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
SCRIPT_COMMENT = re.compile(r"(?:^|\s)#[^\n]*|\"\"\".*?\"\"\"", re.DOTALL | re.MULTILINE)
# Top folders of the kernel's tree.
KERNEL = ("arch/", "asm-generic/", "drivers/", "fs/", "include/", "kernel/", "linux/", "mm/", "net/",
          "trace/")
PAST = re.compile(r"^(CHANGELOG\.md|findings/|LICENSES/|tests/lint/.*\.(known|allowed)$)")


def prose_of(path, text):
    """What of a file is said to a reader, with everything else blanked so that lines stay."""
    if path.suffix in (".md", ".txt") or re.search(r"\.[1-8]$", path.name):
        return text
    pattern = C_COMMENT if path.suffix in (".c", ".h") else SCRIPT_COMMENT
    kept, place = [], 0
    for match in pattern.finditer(text):
        kept.append(re.sub(r"[^\n]", " ", text[place:match.start()]) + match.group(0))
        place = match.end()
    return "".join(kept)


def files_of(root):
    """[(name, text, what of it is prose)] of the files that git tracks."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files"], check=True, capture_output=True,
                            text=True).stdout.splitlines()
    found = []
    for name in listed:
        path = root / name
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            text = ""
        found.append((name, text, prose_of(path, text)))
    return found


def code_names(files):
    """Every name of ours in what is not prose, and all that such names begin with."""
    names = set()
    for _, text, prose in files:
        counts = collections.Counter(SYMBOL.findall(text))
        counts.subtract(SYMBOL.findall(prose))
        names.update(name for name, count in counts.items() if count > 0)
    return {name[:length] for name in names for length in range(7, len(name) + 1)}


def count_whole(name, text):
    """How often a file's name stands in a text, not as the end of a longer one."""
    return len(re.findall(r"(?<![\w-])" + re.escape(name), text))


def metric_names(files):
    """What sluicectl metrics makes of the rows of metric_rows.h, and of the lists that have an info."""
    names = set()
    for name, text, _ in files:
        if name.endswith("uapi/sluice/counters.h"):
            names.update(f"sluice_kernel_{owner.lower()}_{row[-2]}{end}" for owner in ("RING", "CPU")
                         for row in counters.of_list(owner) for end in ("", "_total"))
        elif name.endswith("metric_rows.h"):
            for row in re.findall(r"^METRIC(?:_IS)?\([^)]*", text, re.M):
                names.update(f"sluice_{word}{end}" for word in re.findall(r'"(\w+)"', row) for end in ("", "_total"))
        elif name.endswith("ctl/metrics.c"):
            names.update(f"sluice_{word}_info" for word in re.findall(r'^\s+"(\w+)",$', text, re.M))
    return names


def faults_of(files):
    """[(what is named and not there, where)]."""
    ends = {"/".join(parts[start:]) for parts in (name.split("/") for name, _, _ in files)
            for start in range(len(parts))}
    names = code_names(files) | metric_names(files)
    faults = []
    for name, text, prose in files:
        if PAST.match(name):
            continue
        for match in NAME.finditer(prose):
            said = match.group(1).removeprefix("./")
            if (said in ends or said.startswith(KERNEL + ("../",)) or re.search(r"\b[A-Z]{4,}\b", said)
                    or prose[match.start() - 1:match.start()] == "<"
                    or count_whole(said, text) > count_whole(said, prose)):
                continue
            faults.append((said, f"{name}:{prose.count(chr(10), 0, match.start()) + 1}"))
        for match in SYMBOL.finditer(prose):
            # What is written in capitals behind sluice_ stands for any.
            said = re.sub(r"^(sluice_(?:[a-z0-9]+_)*)[A-Z]\w*$", r"\1", match.group(0))
            if said not in names:
                faults.append((said,
                               f"{name}:{prose.count(chr(10), 0, match.start()) + 1}"))
    return faults


def main():
    """See above."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--allowed", type=pathlib.Path)
    parser.add_argument("root", type=pathlib.Path, nargs="?", default=pathlib.Path("."))
    options = parser.parse_args()
    faults = faults_of(files_of(options.root))
    allowed = set()
    if options.allowed:
        lines = options.allowed.read_text(encoding="utf-8").splitlines()
        allowed = {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
    new = [f"{where}: there is no {said}" for said, where in faults if said not in allowed]
    gone = [f"{said}: needs no exception; take it out of {options.allowed}"
            for said in sorted(allowed - {said for said, _ in faults})]
    print("\n".join(new + gone))
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main())
