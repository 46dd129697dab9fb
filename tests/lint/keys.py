#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The keys of the configuration, userd/config/keys*.c, in the documents: tests/lint/keys.py [--write].

Holds the last section of docs/configuration.md and of docs/man/sluice.yaml.5 against what `sluicectl keys` says;
--write writes them. Touches: these two documents, and only so.
"""
import json
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
REFERENCE, MANUAL = TOP / "docs/configuration.md", TOP / "docs/man/sluice.yaml.5"
MARKS = {REFERENCE: ("<!-- keys: made by tests/lint/keys.py --write -->\n", "<!-- keys end -->\n"),
         MANUAL: ('.\\" keys: made by tests/lint/keys.py --write\n', '.\\" keys end\n')}


def default(key):
    """What holds where the key is not written."""
    if key["required"]:
        return "required"
    return key["default"] or key["otherwise"] or ""


def reference(keys):
    """The table of docs/configuration.md."""
    text = "| key | values | default | a change | what |\n|---|---|---|---|---|\n"
    for key in keys:
        fallback = f"`{key['default']}`" if key["default"] else default(key)
        text += f"| `{key['key']}` | {key['values']} | {fallback} | {key['change']} | {key['what']} |\n"
    return text


def plain(text):
    """A text as mdoc(7) reads it: no macro, no escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in ".'" else text


def manual(keys):
    """The list of sluice.yaml.5."""
    text = ".Bl -tag -width Ds\n"
    for key in keys:
        text += f".It Ic {plain(key['key'])}\n{plain(key['what'])};\n{plain(key['values'])}.\n"
        if default(key):
            text += f"Default: {plain(default(key))}.\n" if not key["required"] else "Required.\n"
        if key["change"] != "live":
            text += f"A change: {plain(key['change'])}.\n"
    return text + ".El\n"


def main():
    """Prints what is wrong; or writes the documents."""
    said = subprocess.run([TOP / "build/sluicectl", "keys", "-j"], check=True, capture_output=True, text=True).stdout
    keys = json.loads(said)
    wrong = 0
    for path, made in ((REFERENCE, reference(keys)), (MANUAL, manual(keys))):
        text = path.read_text(encoding="utf-8")
        begin, end = MARKS[path]
        before, rest = text.split(begin)
        new = before + begin + made + end + rest.split(end)[1]
        if new != text and "--write" in sys.argv[1:]:
            path.write_text(new, encoding="utf-8")
        elif new != text:
            print(f"{path.relative_to(TOP)}: the list of all keys is not what `sluicectl keys` says; "
                  "run: tests/lint/keys.py --write")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
