#!/bin/bash
# SPDX-License-Identifier: MIT
#
# jansson's json_loadfd() calls read(2) once for each byte of the document; json_load_file() of the same file and library reads it
# in blocks. A daemon that keeps its notes as JSON and has a descriptor at hand pays a system call a byte at each start.
# No part of sluice takes part. Unpacks the pinned Debian 12 package in a temporary folder, prints the version, what was to be
# expected and what was seen. Exits 1 if jansson does otherwise than it did, 2 if it could not be run.
set -euo pipefail

version=2.14-2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# apt reads and writes files of its own here as another user.
chmod 755 "$folder"
(cd "$folder" && apt-get download -q "libjansson4=$version" >apt.log 2>&1) || { cat "$folder/apt.log"; exit 2; }
dpkg-deb -x "$folder"/*.deb "$folder/root"
python3 - "$folder" "$version" <<'PYTHON'
import ctypes, glob, os, sys
folder, version = sys.argv[1:]
library = ctypes.CDLL(glob.glob(folder + "/root/usr/lib/*/libjansson.so.4")[0])
for name in ("json_loadfd", "json_load_file"):
    getattr(library, name).restype = ctypes.c_void_p
library.jansson_version_str.restype = ctypes.c_char_p
path = folder + "/list.json"
with open(path, "w") as file:
    file.write("[" + ",".join(str(number) for number in range(10000, 12000)) + "]")
size = os.path.getsize(path)

def reads(call):
    """System calls that read, by /proc/self/io; what reading that costs is measured and taken off."""
    def now():
        with open("/proc/self/io") as file:
            return int([line for line in file if line.startswith("syscr")][0].split()[1])
    first, second = now(), now()
    before = now()
    assert call()
    return now() - before - (second - first)

descriptor = os.open(path, os.O_RDONLY)
by_descriptor = reads(lambda: library.json_loadfd(descriptor, ctypes.c_size_t(0), None))
by_name = reads(lambda: library.json_load_file(path.encode(), ctypes.c_size_t(0), None))
print(f"version:  {library.jansson_version_str().decode()} (Debian {version})")
print(f"expected: a document of {size} bytes takes a few calls of read(2), by name or by descriptor")
print(f"seen:     json_load_file {by_name} calls, json_loadfd {by_descriptor} calls")
sys.exit(0 if by_descriptor >= size and by_name < 20 else 1)
PYTHON
