#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A dissector in Lua over TCP asks for the bytes that it lacks (pinfo.desegment_offset, desegment_len), first for the rest of a
# header, then, when that says how long the message is, for the rest of the message. If one segment answers both and ends with the
# message, tshark shows that message in one pass and nothing of it with -2, which dissects the same file a second time (as Wireshark
# does whenever a packet is selected or a filter changes). If the first request is DESEGMENT_ONE_MORE_SEGMENT both show it.
# No part of sluice takes part. Unpacks the pinned Debian 12 packages in a temporary folder, prints the version, what was to be expected
# and what was seen. Exits 1 if tshark does otherwise than it did, 2 if it could not be run.
set -euo pipefail

version=4.0.17-0+deb12u3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# apt reads and writes files of its own here as another user.
chmod 755 "$folder"
(cd "$folder" && apt-get download -q "tshark=$version" "libwireshark16=$version" "libwiretap13=$version" "libwsutil14=$version" \
	"libwireshark-data=$version" "wireshark-common=$version" >apt.log 2>&1) || { cat "$folder/apt.log"; exit 2; }
for package in "$folder"/*.deb; do
	dpkg-deb -x "$package" "$folder/root"
done
export LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu WIRESHARK_DATA_DIR=$folder/root/usr/share/wireshark HOME=$folder
tool=$folder/root/usr/bin/tshark
"$tool" --version >"$folder/version" 2>&1 || { cat "$folder/version"; exit 2; }

# Messages of a length in two bytes, two more of header, and ten of content. Three of them in three segments: the first and half a
# header, the rest of the second, the third.
python3 - "$folder/capture" <<'PYTHON'
import struct, sys
message = struct.pack(">HH", 10, 0) + b"x" * 10
out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
sequence = 1
for second, data in enumerate((message + message[:2], message[2:], message)):
    tcp = struct.pack(">HHIIBBHHH", 40000, 7000, sequence, 1, 0x50, 0x18, 8192, 0, 0) + data
    packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0,
                         bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))) + tcp
    out += struct.pack("<IIII", second, 0, len(packet), len(packet)) + packet
    sequence += len(data)
open(sys.argv[1], "wb").write(out)
PYTHON
# dissector FIRST: writes one whose request for the rest of a header is FIRST.
dissector()
{
	cat <<-LUA
		local messages = Proto("messages", "Messages")
		local length = ProtoField.uint16("messages.length", "Length")
		messages.fields = { length }
		function messages.dissector(tvb, pinfo, root)
			local at = 0
			while at < tvb:len() do
				local left, wanted, lacks = tvb:len() - at, 4, nil
				if left >= 4 then
					wanted = 4 + tvb(at, 2):uint()
				end
				if left < wanted then
					lacks = left < 4 and $1 or wanted - left
					pinfo.desegment_offset = at
					pinfo.desegment_len = lacks
					return
				end
				root:add(messages, tvb(at, wanted)):add(length, tvb(at, 2))
				at = at + wanted
			end
		end
		DissectorTable.get("tcp.port"):add(7000, messages)
	LUA
}
# shown SCRIPT [OPTION...]: prints the frames in which a message is shown.
shown()
{
	local script=$1
	shift
	"$tool" "$@" -X "lua_script:$folder/$script" -r "$folder/capture" -Y messages.length -T fields -e frame.number 2>>"$folder/log" | tr '\n' ' '
}
dissector "wanted - left" >"$folder/number.lua"
dissector "DESEGMENT_ONE_MORE_SEGMENT" >"$folder/segment.lua"
seen="number: $(shown number.lua)/ $(shown number.lua -2); segment: $(shown segment.lua)/ $(shown segment.lua -2)"
echo "version:  $(grep -m 1 '^TShark' "$folder/version")"
echo "expected: messages in frames 1, 2 and 3, in one pass and in two"
echo "seen:     frames with messages, in one pass / in two, by the first request: $seen"
[ "$seen" = 'number: 1 2 3 / 1 3 ; segment: 1 2 3 / 1 2 3 ' ]
