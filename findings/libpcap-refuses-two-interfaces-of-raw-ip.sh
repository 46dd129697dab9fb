#!/bin/bash
# SPDX-License-Identifier: MIT
#
# libpcap refuses a pcapng file with two interfaces of link type RAW (101), because their types differ: "an interface has a type 101
# different from the type of the first interface". With two of IPV4 (228) or Ethernet (1) it reads the same file. It
# seems to compare the type that the file has with the one that it has made of the first (12, DLT_RAW). tshark reads all three.
# No part of sluice takes part. Unpacks the pinned Debian 12 packages in a temporary folder, prints the version, what was to be expected
# and what was seen. Exits 1 if libpcap does otherwise than it did, 2 if it could not be run.
set -euo pipefail

version=1.10.3-1 tcpdump=4.99.3-1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# apt reads and writes files of its own here as another user.
chmod 755 "$folder"
(cd "$folder" && apt-get download -q "libpcap0.8=$version" "tcpdump=$tcpdump" >apt.log 2>&1) || { cat "$folder/apt.log"; exit 2; }
for package in "$folder"/*.deb; do
	dpkg-deb -x "$package" "$folder/root"
done
export LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu
tool=$folder/root/usr/bin/tcpdump
# Two interfaces of one type and snapshot length, a packet of each (draft-ietf-opsawg-pcapng).
python3 - "$folder" <<'PYTHON'
import struct, sys
def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)
udp = struct.pack(">HHHH", 1000, 2000, 16, 0) + b"datagram"
ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))) + udp
for name, link, packet in (("raw", 101, ip), ("ipv4", 228, ip), ("ethernet", 1, b"\0" * 12 + b"\x08\0" + ip)):
    out = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    out += block(1, struct.pack("<HHI", link, 0, 65535)) * 2
    for interface in (0, 1):
        out += block(6, struct.pack("<IIIII", interface, 0x60000, interface, len(packet), len(packet)) + packet)
    open("%s/%s" % (sys.argv[1], name), "wb").write(out)
PYTHON
echo "version:  $("$tool" --version 2>&1 | sed -n 2p) (Debian $version), $("$tool" --version 2>&1 | sed -n 1p) (Debian $tcpdump)"
echo "expected: two packets of each file: the interfaces of a file are alike"
for name in raw ipv4 ethernet; do
	status=0
	"$tool" -n -r "$folder/$name" >"$folder/$name.out" 2>"$folder/$name.log" || status=$?
	echo "$name: $(wc -l <"$folder/$name.out") packets, status $status" >>"$folder/seen"
done
echo "seen:     $(tr '\n' ';' <"$folder/seen")"
echo "          of raw it says: $(tail -n 1 "$folder/raw.log")"
[ "$(tr '\n' ';' <"$folder/seen")" = 'raw: 0 packets, status 1;ipv4: 2 packets, status 0;ethernet: 2 packets, status 0;' ] &&
	grep -q 'type 101 different from the type of the first' "$folder/raw.log"
