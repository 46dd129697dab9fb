#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds docs/man/sluicectl.8 and shell completion against the commands of `sluicectl help`. Touches: nothing."""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]


def main():
    """Prints what is missing."""
    said = subprocess.run([TOP / "build/sluicectl", "help"], check=True, capture_output=True, text=True).stdout
    rows = re.findall(r"^  ([a-z]+) .*$", said, re.M)
    there = {row.split()[0] for row in re.findall(r"^  [a-z]+ .*$", said, re.M) if not row.endswith("(not supported yet)")}
    page = (TOP / "docs/man/sluicectl.8").read_text(encoding="utf-8")
    lines = re.findall(r"^\.Nm\n\.Cm ([a-z |]+)$", page[page.index(".Sh SYNOPSIS"):page.index(".Sh DESCRIPTION")], re.M)
    synopsis = {name for line in lines for name in line.split(" | ")}
    told = set(re.findall(r"\b[a-z]+\b", " ".join(re.findall(r"^\.It Cm ([a-z]+(?: , [a-z]+)*)", page, re.M))))
    found = [f"docs/man/sluicectl.8 does not describe the command {name} (.It Cm {name})" for name in rows if name not in told]
    found += [f"docs/man/sluicectl.8 has no synopsis of the command {name} (.Cm {name})" for name in there - synopsis]
    found += [f"docs/man/sluicectl.8 describes {name}, which is no command" for name in told - set(rows)]
    script = "source conf/sluicectl.bash; COMP_WORDS=(sluicectl ''); COMP_CWORD=1; _sluicectl; printf '%s\\n' \"${COMPREPLY[@]}\""
    completed = subprocess.run(["bash", "-c", script], cwd=TOP, check=True, capture_output=True, text=True,
                               env={"PATH": f"{TOP}/build:/usr/bin:/bin"}).stdout.split()
    if set(completed) != there:
        found.append(f"completion offers {sorted(completed)}, and the commands are {sorted(there)}")
    for sentence in found:
        print(sentence)
    return 1 if found or len(there) < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
