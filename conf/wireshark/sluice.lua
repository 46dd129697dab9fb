-- SPDX-License-Identifier: MIT
--
-- Wireshark dissector for the native frames that sluice sends over TCP (docs/wire-format.md).
--
--   tshark -X lua_script:sluice.lua -r FILE.pcap
--
-- or copy it to ~/.local/lib/wireshark/plugins. Written for Wireshark 4.0 (Lua 5.2).
--
-- A frame is found by its magic, on any port. A capture that begins in the middle of a frame, or
-- lacks a segment, is taken up again at the next header whose CRC is right.

local sluice = Proto("sluice", "sluice native frames")
-- Stands on ports that another protocol has in Wireshark, and gives it what is not ours.
local on_port = Proto("sluice_port", "sluice native frames on a port of another protocol")

local bits = bit32 or require("bit")

local MAGIC = "SLU1"
local VERSION = 1
local HEADER = 64
local HEADER_MAX = 1024
local PAYLOAD_MAX = 8388608
local RANGE = 48
local RECORD = 16
local ADDRESS = 48
local GAP = 24
local HELLO, DATA, ACK, HEARTBEAT, DATA_ZSTD = 1, 2, 3, 4, 6
local RECORD_DATA, RECORD_GAP, RECORD_PAD = 1, 2, 3
local TWO_TO_32 = 4294967296

local frame_types = {[HELLO] = "HELLO", [DATA] = "DATA", [ACK] = "ACK", [HEARTBEAT] = "HEARTBEAT", [5] = "PATH",
	[DATA_ZSTD] = "DATA, compressed"}
local record_types = {[RECORD_DATA] = "DATA", [RECORD_GAP] = "GAP", [RECORD_PAD] = "PAD"}
local causes = {
	[0] = "ring_full", [1] = "bad_length", [2] = "bad_checksum", [3] = "bad_tail", [4] = "copy",
	[5] = "no_ring", [6] = "socket", [7] = "disk", [8] = "dropped_oldest",
}
local crc_states = {[0] = "wrong", [1] = "right", [2] = "not checked"}
local senders = {[1] = "relay", [2] = "receiver"}

local f = {
	magic = ProtoField.string("sluice.magic", "Magic"),
	type = ProtoField.uint8("sluice.type", "Type", base.DEC, frame_types),
	version = ProtoField.uint8("sluice.version", "Version"),
	header_length = ProtoField.uint16("sluice.header_length", "Header length"),
	length = ProtoField.uint32("sluice.length", "Payload length"),
	count = ProtoField.uint32("sluice.count", "Records or ranges"),
	output = ProtoField.guid("sluice.output", "Output"),
	stream = ProtoField.guid("sluice.stream", "Stream"),
	epoch = ProtoField.uint64("sluice.epoch", "Epoch"),
	offset = ProtoField.uint64("sluice.offset", "Offset"),
	stop = ProtoField.uint64("sluice.end", "End (the byte after the last)"),
	floor = ProtoField.uint64("sluice.floor", "Floor (below it all is acknowledged)"),
	payload_crc = ProtoField.uint32("sluice.payload_crc", "CRC32C of the payload", base.HEX),
	payload_state = ProtoField.uint8("sluice.payload_crc.status", "CRC32C of the payload is",
		base.DEC, crc_states),
	header_crc = ProtoField.uint32("sluice.header_crc", "CRC32C of the header", base.HEX),
	header_state = ProtoField.uint8("sluice.header_crc.status", "CRC32C of the header is",
		base.DEC, crc_states),
	blank = ProtoField.uint64("sluice.blank", "Blank (bytes behind the payload that are lost)"),
	whole = ProtoField.uint32("sluice.whole", "Payload length when it is not compressed"),
	header_rest = ProtoField.bytes("sluice.header_rest", "Fields of a later version"),
	from = ProtoField.uint8("sluice.from", "Sent by the", base.DEC, senders),
	payload = ProtoField.bytes("sluice.payload", "Payload"),
	seen = ProtoField.framenum("sluice.first_seen", "Bytes of it were seen before in packet"),
	skipped = ProtoField.bytes("sluice.skipped", "Bytes outside of a frame"),

	range = ProtoField.none("sluice.range", "Range"),
	range_stream = ProtoField.guid("sluice.range.stream", "Stream"),
	range_epoch = ProtoField.uint64("sluice.range.epoch", "Epoch"),
	range_start = ProtoField.uint64("sluice.range.start", "Start"),
	range_end = ProtoField.uint64("sluice.range.end", "End (the byte after the last)"),
	range_flags = ProtoField.uint32("sluice.range.flags", "Flags", base.HEX),
	range_durable = ProtoField.bool("sluice.range.durable", "On stable storage", 32, nil, 0x1),
	range_reserved = ProtoField.uint32("sluice.range.reserved", "Reserved", base.HEX),

	record = ProtoField.none("sluice.record", "Record"),
	record_offset = ProtoField.uint64("sluice.record.offset", "Offset in the stream"),
	record_length = ProtoField.uint32("sluice.record.length", "Length"),
	record_type = ProtoField.uint8("sluice.record.type", "Type", base.DEC, record_types),
	record_flags = ProtoField.uint8("sluice.record.flags", "Flags", base.HEX),
	has_address = ProtoField.bool("sluice.record.has_address", "Address block", 8, nil, 0x1),
	has_hwtime = ProtoField.bool("sluice.record.hwtime", "Time of the network card", 8, nil, 0x2),
	has_badcsum = ProtoField.bool("sluice.record.badcsum", "UDP checksum was wrong", 8, nil, 0x4),
	has_sequence = ProtoField.bool("sluice.record.has_sequence", "Sequence", 8, nil, 0x8),
	input = ProtoField.uint16("sluice.record.input", "Input"),
	time = ProtoField.absolute_time("sluice.record.time", "Received", base.UTC),
	address = ProtoField.none("sluice.record.address", "Address block"),
	family = ProtoField.uint8("sluice.record.family", "Family"),
	vlan_present = ProtoField.uint8("sluice.record.vlan_present", "VLAN tag present"),
	vlan = ProtoField.uint16("sluice.record.vlan_tci", "VLAN tag control information", base.HEX),
	source_port = ProtoField.uint16("sluice.record.source_port", "UDP source port"),
	destination_port = ProtoField.uint16("sluice.record.destination_port", "UDP destination port"),
	interface = ProtoField.uint32("sluice.record.interface", "Interface"),
	sequence = ProtoField.uint32("sluice.record.sequence", "Sequence"),
	source4 = ProtoField.ipv4("sluice.record.source", "Source"),
	destination4 = ProtoField.ipv4("sluice.record.destination", "Destination"),
	source6 = ProtoField.ipv6("sluice.record.source6", "Source"),
	destination6 = ProtoField.ipv6("sluice.record.destination6", "Destination"),
	padding = ProtoField.bytes("sluice.record.padding", "Padding"),
	record_rest = ProtoField.bytes("sluice.record.payload", "Payload"),

	gap_datagrams = ProtoField.uint64("sluice.gap.datagrams", "Datagrams lost (0: not known)"),
	gap_bytes = ProtoField.uint64("sluice.gap.bytes", "Their payload bytes (0: not known)"),
	gap_cause = ProtoField.uint32("sluice.gap.cause", "Cause", base.DEC, causes),
	gap_reserved = ProtoField.uint32("sluice.gap.reserved", "Reserved", base.HEX),

	datagram_length = ProtoField.uint32("sluice.datagram.length", "Datagram length"),
	datagram = ProtoField.bytes("sluice.datagram", "Datagram"),
}
sluice.fields = f

local e = {
	gap = ProtoExpert.new("sluice.expert.gap", "Datagrams were lost here",
		expert.group.SEQUENCE, expert.severity.WARN),
	blank = ProtoExpert.new("sluice.expert.blank", "A part of the stream was given up",
		expert.group.SEQUENCE, expert.severity.WARN),
	resend = ProtoExpert.new("sluice.expert.resend", "Sent again",
		expert.group.SEQUENCE, expert.severity.NOTE),
	crc = ProtoExpert.new("sluice.expert.crc", "The CRC is wrong",
		expert.group.CHECKSUM, expert.severity.ERROR),
	version = ProtoExpert.new("sluice.expert.version", "Unknown version",
		expert.group.PROTOCOL, expert.severity.WARN),
	unknown = ProtoExpert.new("sluice.expert.unknown", "Unknown type",
		expert.group.UNDECODED, expert.severity.NOTE),
	wrong = ProtoExpert.new("sluice.expert.wrong", "Not as the format says",
		expert.group.PROTOCOL, expert.severity.ERROR),
	skipped = ProtoExpert.new("sluice.expert.skipped", "The beginning of this frame is missing",
		expert.group.SEQUENCE, expert.severity.NOTE),
	cut = ProtoExpert.new("sluice.expert.cut", "Not the whole frame was captured",
		expert.group.SEQUENCE, expert.severity.NOTE),
	many = ProtoExpert.new("sluice.expert.many", "More entries than are shown",
		expert.group.UNDECODED, expert.severity.NOTE),
	inner = ProtoExpert.new("sluice.expert.inner", "The datagram's own dissector failed",
		expert.group.UNDECODED, expert.severity.NOTE),
}
sluice.experts = e

sluice.prefs.crc_limit = Pref.uint("Check payload CRCs up to (bytes)", 65536,
	"Payloads up to so many bytes are held against their CRC32C. 0: none.")
sluice.prefs.entries = Pref.uint("Entries shown of a frame", 10000,
	"Of a longer frame the first so many records or ranges are shown, and all GAPs.")
sluice.prefs.ports = Pref.range("TCP ports of other protocols", "6000-6063",
	"Ports that Wireshark gives to another protocol, as 6000 to X11. What is not sluice's there "
	.. "goes on to that. On other ports frames are found without it.", 65535)
sluice.prefs.datagrams = Pref.bool("Dissect datagrams", true,
	"Hand each datagram to Wireshark's UDP dissector, and so to that of its port.")

local tcp_stream = Field.new("tcp.stream")
local tcp_ports = DissectorTable.get("tcp.port")
local udp = Dissector.get("udp")

-- What is known of the capture; made empty before each first pass.
local outputs   -- [tcp.stream] = id of the output, from HELLO
local relays    -- [tcp.stream] = address and port of the relay
local streams   -- [output and stream and epoch] = ranges seen: {start, stop, packet}, by start
local resends   -- [packet and range] = packet in which it was seen first, or false

function sluice.init()
	outputs, relays, streams, resends = {}, {}, {}, {}
end

-- CRC32C, reflected, four bytes at a time: tables[n][b] is byte b followed by n - 1 zero bytes.
local tables = {{}, {}, {}, {}}
for byte = 0, 255 do
	local crc = byte
	for _ = 1, 8 do
		local low = bits.band(crc, 1)
		crc = bits.rshift(crc, 1)
		if low == 1 then
			crc = bits.bxor(crc, 0x82f63b78)
		end
	end
	tables[1][byte] = crc
end
for byte = 0, 255 do
	for step = 2, 4 do
		local crc = tables[step - 1][byte]
		tables[step][byte] = bits.bxor(bits.rshift(crc, 8), tables[1][bits.band(crc, 255)])
	end
end

-- CRC32C of a string, as a number from 0 to 2^32 - 1.
local function crc32c(text)
	local band, bxor, rshift, byte = bits.band, bits.bxor, bits.rshift, string.byte
	local t1, t2, t3, t4 = tables[1], tables[2], tables[3], tables[4]
	local crc = 0xffffffff
	local whole = #text - #text % 4
	for at = 1, whole, 4 do
		local b1, b2, b3, b4 = byte(text, at, at + 3)
		crc = bxor(crc, b1 + b2 * 256 + b3 * 65536 + b4 * 16777216)
		crc = bxor(t4[band(crc, 255)], t3[band(rshift(crc, 8), 255)],
			t2[band(rshift(crc, 16), 255)], t1[rshift(crc, 24)])
	end
	for at = whole + 1, #text do
		crc = bxor(rshift(crc, 8), t1[band(bxor(crc, byte(text, at)), 255)])
	end
	return bits.bxor(crc, 0xffffffff) % TWO_TO_32
end

-- True if the header CRC is right; all `length` bytes of the header are there.
local function header_is_right(tvb, at, length)
	local text = tvb:raw(at, length)
	return crc32c(text:sub(1, 60) .. "\0\0\0\0" .. text:sub(65)) == tvb(at + 60, 4):le_uint()
end

-- Bytes of the frame's header and of its payload, at least 12 bytes being there; nil: they are
-- beyond what is allowed.
local function lengths(tvb, at)
	local header = tvb(at + 6, 2):le_uint()
	local payload = tvb(at + 8, 4):le_uint()
	if header < HEADER or header > HEADER_MAX or payload > PAYLOAD_MAX then
		return nil
	end
	return header, payload
end

-- Looks for a frame in text (the bytes of tvb) from offset `at`. Returns the offset of a header
-- that is right; or the offset of something that may become one with more bytes, and true; or nil.
local function find_frame(tvb, text, at)
	while true do
		local found = text:find(MAGIC, at + 1, true)
		if not found then
			break
		end
		found = found - 1
		local left = #text - found
		if left < 12 then
			return found, true
		end
		local header = lengths(tvb, found)
		if header and tvb(found + 5, 1):uint() == VERSION then
			if left < header then
				return found, true
			end
			if header_is_right(tvb, found, header) then
				return found, false
			end
		end
		at = found + 1
	end
	for length = math.min(3, #text - at), 1, -1 do
		if text:sub(-length) == MAGIC:sub(1, length) then
			return #text - length, true
		end
	end
	return nil
end

-- Notes the bytes [start, stop) of a stream. Returns the packet in which some of them were first
-- seen, or nil. Offsets are exact up to 2^53 here.
local function note_range(list, start, stop, packet)
	local low, high = 1, #list + 1
	while low < high do
		local middle = math.floor((low + high) / 2)
		if list[middle].stop > start then
			high = middle
		else
			low = middle + 1
		end
	end
	local first
	local position = start
	while list[low] and list[low].start < stop do
		first = math.min(first or list[low].packet, list[low].packet)
		if position < list[low].start then
			table.insert(list, low, {start = position, stop = list[low].start, packet = packet})
			low = low + 1
		end
		position = math.max(position, list[low].stop)
		low = low + 1
	end
	if position < stop then
		table.insert(list, low, {start = position, stop = stop, packet = packet})
	end
	return first
end

-- The packet in which a part of this DATA frame was first seen, or nil. Decided in the first pass,
-- since afterwards everything was seen.
local function first_seen(pinfo, stream, start, stop)
	local key = pinfo.number .. " " .. stream .. " " .. start .. " " .. stop
	if not pinfo.visited and resends[key] == nil then
		streams[stream] = streams[stream] or {}
		resends[key] = note_range(streams[stream], start, stop, pinfo.number) or false
	end
	return resends[key] or nil
end

-- UDP checksum of a string of whole 16-bit words, to which nothing else is added.
local function udp_checksum(text)
	local sum = 0
	for at = 1, #text, 2 do
		local high, low = text:byte(at, at + 1)
		sum = sum + high * 256 + low
	end
	while sum > 65535 do
		sum = sum % 65536 + math.floor(sum / 65536)
	end
	return sum == 65535 and 65535 or 65535 - sum
end

-- Two bytes, the higher one first.
local function word(number)
	return string.char(math.floor(number / 256), number % 256)
end

-- Which end of a TCP stream sent this packet with a frame of this type: "relay", "receiver", or nil
-- if that is not known yet. The relay's HELLO comes first.
local function sender_of(pinfo, number, kind)
	local source = tostring(pinfo.src) .. " " .. pinfo.src_port
	if not relays[number] and (kind == HELLO or kind == DATA) then
		relays[number] = source
	elseif not relays[number] and kind == ACK then
		relays[number] = tostring(pinfo.dst) .. " " .. pinfo.dst_port
	end
	return relays[number] and (relays[number] == source and "relay" or "receiver")
end

-- Gives a datagram to Wireshark's UDP dissector with the addresses and ports that it had, and so to
-- the dissector of its port. That takes a UDP header, which a record does not keep: there are
-- dissectors, DNS is one, that look for another form when they are called under TCP.
local function hand_on(range, pinfo, tree, to)
	local payload = range:raw()
	local size = word(8 + #payload)
	local ports = word(to.source_port) .. word(to.destination_port)
	local checksum = 0 -- IPv4: there is none
	if to.pseudo then
		checksum = udp_checksum(to.pseudo .. "\0\0" .. size .. "\0\17" .. ports .. size .. payload
			.. ("\0"):rep(#payload % 2))
	end
	local bytes = ByteArray.new(ports .. size .. word(checksum) .. payload, true)
	local kept = {pinfo.src, pinfo.dst, pinfo.src_port, pinfo.dst_port}
	pinfo.src, pinfo.dst = to.source, to.destination
	pinfo.src_port, pinfo.dst_port = to.source_port, to.destination_port
	local fine, problem = pcall(function()
		udp:call(bytes:tvb("Datagram"), pinfo, tree)
	end)
	pinfo.src, pinfo.dst, pinfo.src_port, pinfo.dst_port = kept[1], kept[2], kept[3], kept[4]
	-- Whatever it asked for: there is no more of a datagram.
	pinfo.desegment_offset, pinfo.desegment_len = 0, 0
	if not fine then
		tree:add_proto_expert_info(e.inner, "The datagram's own dissector failed: "
			.. tostring(problem))
	end
end

-- Shows an address block. Returns what hand_on() needs.
local function show_address(tvb, at, tree)
	local block = tree:add(f.address, tvb(at, ADDRESS))
	local family = tvb(at, 1):uint()
	local to = {source_port = tvb(at + 4, 2):le_uint(), destination_port = tvb(at + 6, 2):le_uint()}
	block:add_le(f.family, tvb(at, 1))
	block:add_le(f.vlan_present, tvb(at + 1, 1))
	block:add_le(f.vlan, tvb(at + 2, 2))
	block:add_le(f.source_port, tvb(at + 4, 2))
	block:add_le(f.destination_port, tvb(at + 6, 2))
	block:add_le(f.interface, tvb(at + 8, 4))
	block:add_le(f.sequence, tvb(at + 12, 4))
	if family == 4 then
		block:add(f.source4, tvb(at + 16, 4))
		block:add(f.destination4, tvb(at + 32, 4))
		to.source, to.destination = tvb(at + 16, 4):ipv4(), tvb(at + 32, 4):ipv4()
	elseif family == 6 then
		block:add(f.source6, tvb(at + 16, 16))
		block:add(f.destination6, tvb(at + 32, 16))
		to.source, to.destination = tvb(at + 16, 16):ipv6(), tvb(at + 32, 16):ipv6()
		to.pseudo = tvb:raw(at + 16, 32)
	else
		block:add_proto_expert_info(e.wrong, "Address family " .. family .. " is neither 4 nor 6")
		return nil
	end
	block:append_text((": %s port %d to %s port %d"):format(tostring(to.source), to.source_port,
		tostring(to.destination), to.destination_port))
	return to
end

-- Shows the payload of a GAP.
local function show_gap(tvb, at, size, tree)
	if size < GAP then
		tree:add_proto_expert_info(e.wrong, "A GAP of " .. size .. " bytes")
		return
	end
	local datagrams = tvb(at, 8):le_uint64()
	local cause = tvb(at + 16, 4):le_uint()
	tree:add_le(f.gap_datagrams, tvb(at, 8))
	tree:add_le(f.gap_bytes, tvb(at + 8, 8))
	tree:add_le(f.gap_cause, tvb(at + 16, 4))
	tree:add_le(f.gap_reserved, tvb(at + 20, 4))
	local number = datagrams == UInt64(0) and "An unknown number of" or tostring(datagrams)
	local text = ("%s datagrams were lost here: %s"):format(number, causes[cause] or cause)
	tree:append_text(", " .. text)
	tree:add_proto_expert_info(e.gap, text)
end

-- Shows the record of `length` bytes at `at`, which stands at `offset` of its stream.
local function show_record(tvb, at, length, span, offset, pinfo, tree)
	local kind = tvb(at + 4, 1):uint()
	local flags = tvb(at + 5, 1):uint()
	local record = tree:add(f.record, tvb(at, span))
	record:append_text(" " .. (record_types[kind] or "of type " .. kind))
	record:add(f.record_offset, tvb(at, span), offset):set_generated()
	record:add_le(f.record_length, tvb(at, 4))
	record:add_le(f.record_type, tvb(at + 4, 1))
	local marks = record:add_le(f.record_flags, tvb(at + 5, 1))
	marks:add_le(f.has_address, tvb(at + 5, 1))
	marks:add_le(f.has_hwtime, tvb(at + 5, 1))
	marks:add_le(f.has_badcsum, tvb(at + 5, 1))
	marks:add_le(f.has_sequence, tvb(at + 5, 1))
	record:add_le(f.input, tvb(at + 6, 2))
	local time = tvb(at + 8, 8):le_uint64()
	record:add(f.time, tvb(at + 8, 8),
		NSTime.new((time / 1000000000):tonumber(), (time % 1000000000):tonumber()))
	local inside = RECORD
	local to
	if flags % 2 == 1 then
		if length < RECORD + ADDRESS then
			record:add_proto_expert_info(e.wrong, "The record is shorter than its address block")
			return
		end
		to = show_address(tvb, at + RECORD, record)
		inside = RECORD + ADDRESS
	end
	local size = length - inside
	if kind == RECORD_DATA then
		record:append_text(", " .. size .. " bytes")
		record:add(f.datagram_length, tvb(at, 4), size):set_generated()
		if size > 0 then
			record:add(f.datagram, tvb(at + inside, size))
			if to and sluice.prefs.datagrams then
				hand_on(tvb(at + inside, size), pinfo, record, to)
			end
		end
	elseif kind == RECORD_GAP then
		show_gap(tvb, at + inside, size, record)
	elseif kind ~= RECORD_PAD then
		record:add_proto_expert_info(e.unknown, "Record of type " .. kind)
	end
	if kind ~= RECORD_DATA and kind ~= RECORD_GAP and size > 0 then
		record:add(f.record_rest, tvb(at + inside, size))
	end
	if span > length then
		record:add(f.padding, tvb(at + length, span - length))
	end
end

-- Shows the records in [at, stop) of tvb. `whole` is false if the frame was cut off there.
local function show_records(tvb, at, stop, offset, whole, expected, pinfo, tree)
	local base_at = at
	local shown, hidden, counted = 0, 0, 0
	while at + RECORD <= stop do
		local length = tvb(at, 4):le_uint()
		local span = length + (-length) % 8
		if length < RECORD or (whole and at + span > stop) then
			tree:add_proto_expert_info(e.wrong, ("Record at %d of the payload: length %d, with %d "
				.. "bytes left"):format(at - base_at, length, stop - at))
			return
		end
		if at + span > stop then
			return
		end
		local kind = tvb(at + 4, 1):uint()
		if kind ~= RECORD_PAD then
			counted = counted + 1
		end
		if shown < sluice.prefs.entries or kind == RECORD_GAP then
			show_record(tvb, at, length, span, offset + UInt64(at - base_at), pinfo, tree)
			shown = shown + 1
		else
			hidden = hidden + 1
		end
		at = at + span
	end
	if hidden > 0 then
		tree:add_proto_expert_info(e.many, hidden .. " more records are not shown")
	end
	if whole and at ~= stop then
		tree:add_proto_expert_info(e.wrong, (stop - at) .. " bytes behind the last record")
	elseif whole and counted ~= expected then
		tree:add_proto_expert_info(e.wrong, ("%d records, but count is %d"):format(counted, expected))
	end
end

-- Shows the ranges in [at, stop) of tvb; `cursors`: of the relay's HELLO.
local function show_ranges(tvb, at, stop, whole, expected, cursors, tree)
	local there = math.floor((stop - at) / RANGE)
	if whole and (there ~= expected or (stop - at) % RANGE ~= 0) then
		tree:add_proto_expert_info(e.wrong, ("%d bytes of ranges, but count is %d"):format(
			stop - at, expected))
	end
	local number = math.min(there, expected, sluice.prefs.entries)
	for _ = 1, number do
		local range = tree:add(f.range, tvb(at, RANGE))
		local flags = tvb(at + 40, 4):le_uint()
		range:add(f.range_stream, tvb(at, 16))
		range:add_le(f.range_epoch, tvb(at + 16, 8))
		range:add_le(f.range_start, tvb(at + 24, 8))
		range:add_le(f.range_end, tvb(at + 32, 8))
		local marks = range:add_le(f.range_flags, tvb(at + 40, 4))
		marks:add_le(f.range_durable, tvb(at + 40, 4))
		range:add_le(f.range_reserved, tvb(at + 44, 4))
		local start, last = tvb(at + 24, 8):le_uint64(), tvb(at + 32, 8):le_uint64()
		if cursors then
			range:append_text(", cursor " .. tostring(start))
		else
			range:append_text((" %s to %s, %s"):format(tostring(start), tostring(last),
				flags % 2 == 1 and "durable" or "received"))
			if last < start then
				range:add_proto_expert_info(e.wrong, "A range that ends before its start")
			end
		end
		at = at + RANGE
	end
	if math.min(there, expected) > number then
		tree:add_proto_expert_info(e.many, (math.min(there, expected) - number)
			.. " more ranges are not shown")
	end
end

-- Sets the columns behind what earlier frames of this packet wrote. Dissectors of datagrams write
-- there too, so this comes after them.
local function tell(pinfo, text)
	pinfo.cols.protocol = "sluice"
	pinfo.cols.info = text .. "  "
	pinfo.cols.info:fence()
end

-- Shows a CRC and what was found of it: 0 wrong, 1 right, 2 not checked.
local function show_crc(tvb, at, field, state_field, state, what, tree)
	local item = tree:add_le(field, tvb(at, 4))
	item:append_text(" (" .. crc_states[state] .. ")")
	tree:add(state_field, tvb(at, 4), state):set_generated()
	if state == 0 then
		item:add_proto_expert_info(e.crc, "The CRC32C of the " .. what .. " is wrong: the receiver "
			.. "drops the frame and ends the connection")
	end
end

-- Shows the frame at `at` whose header is in the buffer, and of whose payload `available` bytes
-- are. `number` is the TCP stream. Returns false if its length cannot be believed.
local function show_frame(tvb, at, header, length, available, number, pinfo, root)
	local kind = tvb(at + 4, 1):uint()
	local name = frame_types[kind] or "type " .. kind
	local count = tvb(at + 12, 4):le_uint()
	local whole = available == length
	local right = header_is_right(tvb, at, header)
	local stream = tvb:raw(at + 16, 16)
	local tree = root:add(sluice, tvb(at, header + available))
	tree:append_text(", " .. name)
	tree:add(f.magic, tvb(at, 4))
	tree:add_le(f.type, tvb(at + 4, 1))
	tree:add_le(f.version, tvb(at + 5, 1))
	tree:add_le(f.header_length, tvb(at + 6, 2))
	tree:add_le(f.length, tvb(at + 8, 4))
	tree:add_le(f.count, tvb(at + 12, 4))
	tree:add(kind == HELLO and f.output or f.stream, tvb(at + 16, 16))
	tree:add_le(f.epoch, tvb(at + 32, 8))
	tree:add_le(f.offset, tvb(at + 40, 8))
	tree:add_le(f.floor, tvb(at + 48, 8))
	local state = 2
	if whole and length > 0 and length <= sluice.prefs.crc_limit then
		state = crc32c(tvb:raw(at + header, length)) == tvb(at + 56, 4):le_uint() and 1 or 0
	elseif length == 0 and right then
		state = tvb(at + 56, 4):le_uint() == 0 and 1 or 0
	end
	show_crc(tvb, at + 56, f.payload_crc, f.payload_state, state, "payload", tree)
	show_crc(tvb, at + 60, f.header_crc, f.header_state, right and 1 or 0, "header", tree)
	if not right then
		tell(pinfo, name .. ", damaged")
		return false
	end
	local rest = HEADER
	local blank = UInt64(0)
	local is_data = kind == DATA or kind == DATA_ZSTD
	local size = length
	if is_data and header >= HEADER + 8 then
		blank = tvb(at + HEADER, 8):le_uint64()
		local item = tree:add_le(f.blank, tvb(at + HEADER, 8))
		if blank ~= UInt64(0) then
			item:add_proto_expert_info(e.blank, tostring(blank)
				.. " bytes of the stream behind this frame were given up")
		end
		rest = HEADER + 8
	end
	if kind == DATA_ZSTD and header >= HEADER + 16 then
		size = tvb(at + HEADER + 8, 4):le_uint()
		tree:add_le(f.whole, tvb(at + HEADER + 8, 4))
		rest = HEADER + 16
	end
	if header > rest then
		tree:add(f.header_rest, tvb(at + rest, header - rest))
	end
	local from = sender_of(pinfo, number, kind)
	if from then
		tree:add(f.from, tvb(at + 4, 1), from == "relay" and 1 or 2):set_generated()
	end
	if not whole then
		tree:add_proto_expert_info(e.cut, ("%d of %d bytes of the payload were captured"):format(
			available, length))
	end
	if kind == HELLO and from == "relay" then
		outputs[number] = stream
	end
	local info = name
	if is_data then
		local offset = tvb(at + 40, 8):le_uint64()
		local stop = offset + UInt64(size) + blank
		tree:add(f.stop, tvb(at + 40, 8), stop):set_generated()
		info = ("%s %s-%s, %d records"):format(name, tostring(offset), tostring(stop), count)
		tree:append_text((" %s to %s, records %d"):format(tostring(offset), tostring(stop), count))
		-- Who is not known by a HELLO is known by where it goes.
		local whose = outputs[number] or (tostring(pinfo.dst) .. " " .. pinfo.dst_port)
		local key = whose .. stream .. tvb:raw(at + 32, 8)
		if state ~= 0 then
			local seen = first_seen(pinfo, key, offset:tonumber(), stop:tonumber())
			if seen then
				info = info .. ", sent again"
				local item = tree:add(f.seen, tvb(at + 40, 8), seen):set_generated()
				item:add_proto_expert_info(e.resend, "Sent again: bytes of it were in packet " .. seen)
			end
		end
		-- Wireshark 4.0 has nothing for Lua that inflates: the records stay unseen.
		if kind == DATA then
			show_records(tvb, at + header, at + header + available, offset, whole, count, pinfo, tree)
		elseif available > 0 then
			tree:add(f.payload, tvb(at + header, available))
		end
	elseif kind == HELLO or kind == ACK then
		info = ("%s, %d ranges"):format(name, count)
		tree:append_text((", ranges %d"):format(count))
		show_ranges(tvb, at + header, at + header + available, whole, count,
			kind == HELLO and from == "relay", tree)
	elseif available > 0 then
		tree:add(f.payload, tvb(at + header, available))
	end
	if not frame_types[kind] then
		tree:add_proto_expert_info(e.unknown, "Frame of type " .. kind)
	end
	tell(pinfo, info)
	return true
end

-- Shows a header that no length can be taken from: of another version, or beyond the limits.
local function show_wrong_header(tvb, at, stop, pinfo, root)
	local tree = root:add(sluice, tvb(at, stop - at))
	local version = tvb(at + 5, 1):uint()
	tree:add(f.magic, tvb(at, 4))
	tree:add_le(f.type, tvb(at + 4, 1))
	local item = tree:add_le(f.version, tvb(at + 5, 1))
	if version ~= VERSION then
		item:add_proto_expert_info(e.version, ("Version %d: only %d is known"):format(version, VERSION))
	else
		tree:add_le(f.header_length, tvb(at + 6, 2))
		tree:add_le(f.length, tvb(at + 8, 4))
		tree:add_proto_expert_info(e.wrong, "Lengths beyond the limits")
	end
	tell(pinfo, version ~= VERSION and "version " .. version or "wrong header")
end

-- Shows bytes that belong to no frame whose header is there.
local function show_skipped(tvb, at, size, pinfo, root)
	local tree = root:add(sluice, tvb(at, size))
	tree:append_text(", bytes outside of a frame")
	local item = tree:add(f.skipped, tvb(at, size))
	item:add_proto_expert_info(e.skipped, size .. " bytes: the beginning of their frame is missing")
	tell(pinfo, size .. " bytes outside of a frame")
end

-- Asks for more bytes behind those of the buffer, of which those from `at` come again. False: no
-- more can be had. For a header the whole next segment: with two questions of a number of bytes each
-- that one segment answers up to its end, Wireshark shows nothing of it but in the first pass.
local function want(tvb, at, more, pinfo)
	if pinfo.can_desegment == 0 or tvb:captured_len() < tvb:reported_len() then
		return false
	end
	pinfo.desegment_offset = at
	pinfo.desegment_len = more
	return true
end

-- Dissects all frames in a buffer that TCP hands over. Returns the bytes used.
local function dissect(tvb, pinfo, root)
	local stop = tvb:captured_len()
	local text = tvb:raw(0, stop)
	local number = tcp_stream() and tcp_stream().value or 0
	local at = 0
	pinfo.cols.info:clear()
	while at < stop do
		local left = stop - at
		local begins = text:sub(at + 1, at + 4)
		if begins ~= MAGIC:sub(1, #begins) then
			local found = find_frame(tvb, text, at)
			show_skipped(tvb, at, (found or stop) - at, pinfo, root)
			at = found or stop
		elseif left < 12 then
			if not want(tvb, at, DESEGMENT_ONE_MORE_SEGMENT, pinfo) then
				show_skipped(tvb, at, left, pinfo, root)
			end
			break
		else
			local header, length = lengths(tvb, at)
			if tvb(at + 5, 1):uint() ~= VERSION or not header then
				local found = find_frame(tvb, text, at + 4)
				show_wrong_header(tvb, at, found or stop, pinfo, root)
				at = found or stop
			elseif left < header then
				if not want(tvb, at, DESEGMENT_ONE_MORE_SEGMENT, pinfo) then
					show_skipped(tvb, at, left, pinfo, root)
				end
				break
			elseif not header_is_right(tvb, at, header) then
				-- Nothing in it can be believed, its length neither.
				show_frame(tvb, at, header, 0, 0, number, pinfo, root)
				at = at + header
			else
				if left < header + length and want(tvb, at, header + length - left, pinfo) then
					break
				end
				show_frame(tvb, at, header, length, math.min(length, left - header), number, pinfo,
					root)
				at = at + header + length
			end
		end
	end
	return tvb:reported_len()
end

sluice.dissector = dissect

-- True if these bytes of a connection nobody knows yet are ours; then they have been dissected.
local function recognise(tvb, pinfo, root)
	local size = tvb:captured_len()
	if size == 0 then
		return false
	end
	local text = tvb:raw(0, size)
	-- Too few bytes to know: the next ones come together with these, and to whom they belong is
	-- asked again.
	if size < #MAGIC then
		return text == MAGIC:sub(1, size) and want(tvb, 0, DESEGMENT_ONE_MORE_SEGMENT, pinfo)
	end
	if text:sub(1, #MAGIC) == MAGIC then
		if size >= 12 and tvb(5, 1):uint() == VERSION and not lengths(tvb, 0) then
			return false
		end
	else
		local found, more = find_frame(tvb, text, 0)
		if not found or more then
			return false
		end
	end
	pinfo.conversation = sluice
	dissect(tvb, pinfo, root)
	return true
end

-- [TCP port] = the dissector that had it.
local others = {}

function on_port.dissector(tvb, pinfo, root)
	if recognise(tvb, pinfo, root) then
		return tvb:reported_len()
	end
	local other = others[pinfo.match]
	return other and other:call(tvb, pinfo, root) or 0
end

-- Takes the ports of the preference, and gives back those that it had before.
local function take_ports()
	for port, other in pairs(others) do
		tcp_ports:remove(port, on_port)
		if other then
			tcp_ports:add(port, other)
		end
	end
	others = {}
	for first, last in sluice.prefs.ports:gmatch("(%d+)%-?(%d*)") do
		for port = tonumber(first), tonumber(last) or tonumber(first) do
			others[port] = tcp_ports:get_dissector(port) or false
			tcp_ports:add(port, on_port)
		end
	end
end

sluice.prefs_changed = take_ports
take_ports()
sluice:register_heuristic("tcp", recognise)
