#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is what comes by standard input as docs/schemas/NAME.json says? check.py NAME

Exits 1, with what is wrong and where, if it is not, or if the schema is none. Touches: nothing.
"""
import json
import pathlib
import sys

import jsonschema

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs/schemas"


def main():
    """Command line to exit status."""
    schema = json.loads((FOLDER / f"{sys.argv[1]}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    text = sys.stdin.read()
    try:
        whole = json.loads(text)
    except ValueError as error:
        print(f"{sys.argv[1]}: no JSON: {error}: {text[:300]}")
        return 1
    faults = list(jsonschema.Draft202012Validator(schema).iter_errors(whole))
    for fault in faults[:5]:
        print(f"{sys.argv[1]}: {fault.json_path}: {fault.message[:300]}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
