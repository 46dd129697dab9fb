#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""House rules that no other linter knows, over the files git tracks.

Licence line on every file; no variable named i or j; every function with a comment in front of it (or at
its declaration in a header); no file of code over 600 lines; C and prose within 100 columns, but for what
a user reads in one piece (a kernel message, a table, an example). Prints file:line: what; exits 1 if
anything.
"""
import pathlib
import re
import subprocess
import sys

LINES_MAX = 600
COLUMNS_MAX = 100
CODE = {".c", ".h"}
SCRIPT = {".sh", ".py", ""}
# What carries no licence line: the licences themselves, and files that are data for a test.
NO_LICENCE = re.compile(r"^(LICENSES/|debian/source/format$|vm-images/splats$|tests/.*/(bad|good|fixtures|corpus|seeds)/)|\.(json|bin|pcap|pcapng)$")
LICENCE = {
    "kmod/": "GPL-2.0",
    "uapi/": "(GPL-2.0 WITH Linux-syscall-note) OR MIT",
}
DECLARED_I_J = re.compile(
    r"(\b(?:int|unsigned|long|short|char|size_t|ssize_t|u?int\d+_t|[us](?:8|16|32|64)|__\w+|void|bool)\b"
    r"[\s*]+(?:\w+\s*(?:=[^;,]*)?,\s*\**)*[ij]\b\s*[;,=)\[])|\bfor\s*\(\s*[ij]\s*=|[^\w>.]&[ij]\b|\b[ij]\+\+|\+\+[ij]\b"
)
SCRIPT_I_J = re.compile(r"^\s*(for|local|read)\b.*\b[ij]\b(?!\w)(\s|;|=|$)|^\s*(local\s+)?[ij]=|\bfor\s*\(\(\s*[ij]\b")
FUNCTION = re.compile(r"^(?P<head>(?:[A-Za-z_][\w\s*]*?[\s*])?(?P<name>[a-z_]\w*)\()")
NOT_FUNCTIONS = {"if", "for", "while", "switch", "return", "sizeof", "else", "do"}


def tracked():
    """Paths git tracks."""
    out = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout
    return [pathlib.Path(line) for line in out.splitlines() if pathlib.Path(line).is_file()]


def strip_code(text):
    """C text with comments and strings blanked, lines kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def definitions(raw, code):
    """(line number, name, is static, has a comment in front) of each function defined in C text."""
    raw_lines = raw.splitlines()
    lines = code.splitlines()
    for number, line in enumerate(lines):
        if line.rstrip() != "{" or number == 0:
            continue
        # Walk up to the line that starts the declarator: column 0, not a continuation.
        start = number - 1
        while start > 0 and (not lines[start] or lines[start][0] in " \t)"):
            start -= 1
        match = FUNCTION.match(lines[start])
        if not match or match.group("name") in NOT_FUNCTIONS:
            continue
        head = start
        # A return type or attribute alone on the line before.
        while head > 0 and re.match(r"^[A-Za-z_][\w\s*()]*$", lines[head - 1]) and lines[head - 1].strip():
            head -= 1
        before = raw_lines[head - 1].rstrip() if head > 0 else ""
        yield head + 1, match.group("name"), "static" in lines[head] + lines[start], before.endswith("*/")


def documented_in_headers(files):
    """Names of functions declared in a header below a comment (one comment may serve a group)."""
    names = set()
    for path in files:
        if path.suffix != ".h":
            continue
        block_has_comment = False
        for line in path.read_text(errors="replace").splitlines():
            if not line.strip():
                block_has_comment = False
            if "*/" in line:
                block_has_comment = True
            if block_has_comment:
                names.update(re.findall(r"\b([a-z_]\w*)\(", line))
    return names


def documented_in_rows(path):
    """Names of functions that a row of a table declares and says in a sentence what they do."""
    return {"sluice_ctl_" + name for name in re.findall(r'^COMMAND\("\w+", (\w+),', path.read_text(), re.M)} if path.is_file() else set()


def is_too_wide(line):
    """Does a line of C go beyond the last column, not in a message that is in one piece?"""
    return len(line.expandtabs(8)) > COLUMNS_MAX and '"' not in line


def wide_prose(lines):
    """Numbers of the lines of Markdown that are too long: not in tables, examples and comments."""
    fenced = False
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and len(line) > COLUMNS_MAX and not line.lstrip().startswith(("|", "<", "#")) \
                and not line.startswith("    "):
            yield number


def main():
    """Checks all files, prints findings."""
    files = tracked()
    documented = documented_in_headers(files) | documented_in_rows(pathlib.Path("userd/ctl/command_rows.h"))
    found = []
    for path in files:
        name = str(path)
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        lines = text.splitlines()
        if not NO_LICENCE.search(name) and text:
            top = "\n".join(lines[:3])
            wanted = next((tag for prefix, tag in LICENCE.items() if name.startswith(prefix)), "MIT")
            if name == "Kbuild":
                wanted = "GPL-2.0"
            if f"SPDX-License-Identifier: {wanted}" not in top:
                found.append((name, 1, f"the licence line 'SPDX-License-Identifier: {wanted}' is missing"))
        if path.suffix in CODE:
            code = strip_code(text)
            for number, line in enumerate(code.splitlines(), 1):
                if DECLARED_I_J.search(line):
                    found.append((name, number, "a variable named i or j"))
            for number, function, is_static, commented in definitions(text, code):
                known = commented or (not is_static and function in documented)
                if not known and function != "main":
                    found.append((name, number, f"function {function} has no comment"))
            for number, line in enumerate(lines, 1):
                if is_too_wide(line):
                    found.append((name, number, f"over {COLUMNS_MAX} columns"))
            # What a program makes of a list grows with the list.
            if len(lines) > LINES_MAX and str(name) != "uapi/sluice/netlink.h":
                found.append((name, len(lines), f"{len(lines)} lines: over {LINES_MAX}, split it by responsibility"))
        elif path.suffix == ".md":
            for number in wide_prose(lines):
                found.append((name, number, f"over {COLUMNS_MAX} columns"))
        elif path.suffix in SCRIPT and lines and (lines[0].startswith("#!") or path.suffix in {".sh", ".py"}):
            for number, line in enumerate(lines, 1):
                if SCRIPT_I_J.search(line):
                    found.append((name, number, "a variable named i or j"))
    for name, number, what in found:
        print(f"{name}:{number}: {what}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
