// SPDX-License-Identifier: MIT
/*
 * Reading capture files; see capture.h. Between a source of bytes and whoever wants packets.
 * Touches: its own buffer.
 */
#include <byteswap.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "capture.h"
#include "clock.h"

/* The first four bytes of a pcap file, and those of a form with longer record headers. */
#define PCAP_MICRO 0xa1b2c3d4U
#define PCAP_NANO 0xa1b23c4dU
#define PCAP_PATCHED 0xa1b2cd34U
#define PCAP_HEADER 24U
#define PCAP_RECORD 16U
#define PATCHED_RECORD 24U

/* Blocks of pcapng (draft-ietf-opsawg-pcapng). */
#define NG_SECTION 0x0a0d0d0aU
#define NG_INTERFACE 1U
#define NG_OLD_PACKET 2U
#define NG_SIMPLE_PACKET 3U
#define NG_PACKET 6U
#define NG_ORDER 0x1a2b3c4dU
#define NG_BLOCK_LEAST 12U
/* The longest block that is looked into; longer ones are no packets. */
#define NG_BLOCK_MOST (SLUICE_CAPTURE_PACKET_MAX + 65536U)
/* The longest block that is believed. */
#define NG_BLOCK_SANE (1U << 28)
#define NG_INTERFACES_MAX 4096U
#define NG_OPTION_RESOLUTION 9U
#define NG_OPTION_OFFSET 14U

enum form { FORM_UNKNOWN, FORM_PCAP, FORM_NG, FORM_OVER };

struct interface {
	uint32_t link;
	uint32_t snap;	 /* bytes of a packet at most, 0: no limit */
	uint64_t units;	 /* of its clock in a second; 0: it makes no sense */
	int64_t seconds; /* to be added */
};

struct sluice_capture {
	sluice_capture_read read;
	void *context;
	enum form form;
	bool swapped;
	bool is_nano;
	bool is_ended;
	uint32_t header; /* bytes of a record's header, pcap */
	uint32_t link;
	uint64_t offset; /* of `at` in the file */
	uint64_t number; /* packets so far */
	uint64_t skip;	 /* bytes to be passed over before anything else */
	struct interface *interfaces;
	size_t interface_count, interface_room;
	size_t at, end;
	uint8_t buffer[SLUICE_CAPTURE_BUFFER];
};

int sluice_capture_open(struct sluice_capture **result, sluice_capture_read read, void *context)
{
	struct sluice_capture *capture;

	if (!result || !read)
		return -EINVAL;
	capture = malloc(sizeof(*capture));
	if (!capture)
		return -ENOMEM;
	/* Not the buffer. */
	memset(capture, 0, offsetof(struct sluice_capture, buffer));
	capture->read = read;
	capture->context = context;
	*result = capture;
	return 0;
}

void sluice_capture_close(struct sluice_capture *capture)
{
	if (!capture)
		return;
	free(capture->interfaces);
	free(capture);
}

/* Writes the sentence; the capture is over if `error` is -EPROTO. Returns `error`. */
__attribute__((format(printf, 4, 5))) static int tell(struct sluice_capture *capture, char *text,
						      int error, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(text, SLUICE_CAPTURE_TEXT, format, list);
	va_end(list);
	if (error == -EPROTO)
		capture->form = FORM_OVER;
	return error;
}

/* Passes over what is still to be passed over. 1, 0 at the end, or a negative errno. */
static int pass(struct sluice_capture *capture)
{
	ssize_t got;

	while (capture->skip) {
		size_t there = capture->end - capture->at;

		if (there > capture->skip)
			there = (size_t)capture->skip;
		capture->at += there;
		capture->offset += there;
		capture->skip -= there;
		if (!capture->skip)
			break;
		capture->at = capture->end = 0;
		got = capture->read(capture->context, capture->buffer, sizeof(capture->buffer));
		if (got <= 0)
			return (int)got;
		capture->end = (size_t)got;
	}
	return 1;
}

/* Makes `size` bytes be there at `at`, at most half of the buffer. 1; 0: the file ends before; or a
 * negative errno. */
static int need(struct sluice_capture *capture, size_t size)
{
	ssize_t got;

	if (capture->end - capture->at >= size)
		return 1;
	if (capture->at + size > sizeof(capture->buffer) || capture->at == capture->end ||
	    capture->at > sizeof(capture->buffer) / 2) {
		memmove(capture->buffer, capture->buffer + capture->at, capture->end - capture->at);
		capture->end -= capture->at;
		capture->at = 0;
	}
	while (capture->end - capture->at < size) {
		if (capture->is_ended)
			return 0;
		got = capture->read(capture->context, capture->buffer + capture->end,
				    sizeof(capture->buffer) - capture->end);
		if (got < 0)
			return (int)got;
		if (got == 0)
			capture->is_ended = true;
		capture->end += (size_t)got;
	}
	return 1;
}

/* A number in the file's byte order. */
static uint32_t word(const struct sluice_capture *capture, const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return capture->swapped ? bswap_32(value) : value;
}

/* Likewise, of two bytes. */
static uint16_t half(const struct sluice_capture *capture, const uint8_t *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return capture->swapped ? bswap_16(value) : value;
}

/* Goes on by `size` bytes, which are there. */
static void move(struct sluice_capture *capture, size_t size)
{
	capture->at += size;
	capture->offset += size;
}

/* The file ends inside of something: what is there of it is given up. */
static int tell_cut(struct sluice_capture *capture, char text[SLUICE_CAPTURE_TEXT],
		    const char *what, uint64_t wanted)
{
	return tell(capture, text, -EPROTO,
		    "it is cut off: %s at byte %" PRIu64 " (packet %" PRIu64 ") needs %" PRIu64
		    " bytes, and %zu are there",
		    what, capture->offset, capture->number + 1, wanted, capture->end - capture->at);
}

/* Looks at the first bytes. 1, 0: it is empty, or as sluice_capture_next(). */
static int recognise(struct sluice_capture *capture, char text[SLUICE_CAPTURE_TEXT])
{
	int result = need(capture, 4);
	const uint8_t *bytes = capture->buffer + capture->at;
	uint32_t magic;

	if (result < 0)
		return result;
	if (!result && capture->at == capture->end)
		return tell(capture, text, -EPROTO, "it is empty");
	if (!result)
		return tell(capture, text, -EPROTO, "it is no capture: it has %zu bytes only",
			    capture->end - capture->at);
	memcpy(&magic, bytes, sizeof(magic));
	if (magic == NG_SECTION) {
		capture->form = FORM_NG;
		return 1;
	}
	if ((bytes[0] == 0x1f && bytes[1] == 0x8b) || magic == 0xfd2fb528U ||
	    !memcmp(bytes,
		    "\xfd"
		    "7zX",
		    4))
		return tell(capture, text, -EPROTO,
			    "it is compressed: unpack it first, or into a pipe (`file: -`)");
	capture->swapped = magic == bswap_32(PCAP_MICRO) || magic == bswap_32(PCAP_NANO) ||
			   magic == bswap_32(PCAP_PATCHED);
	if (capture->swapped)
		magic = bswap_32(magic);
	if (magic != PCAP_MICRO && magic != PCAP_NANO && magic != PCAP_PATCHED)
		return tell(capture, text, -EPROTO,
			    "it is no capture: it begins with %02x %02x %02x %02x, neither pcap "
			    "nor pcapng",
			    bytes[0], bytes[1], bytes[2], bytes[3]);
	result = need(capture, PCAP_HEADER);
	if (result < 0)
		return result;
	if (!result)
		return tell_cut(capture, text, "the file's header", PCAP_HEADER);
	bytes = capture->buffer + capture->at;
	if (half(capture, bytes + 4) != 2)
		return tell(capture, text, -EPROTO,
			    "it is of version %u.%u of the pcap format, which is not known: 2.4 is",
			    half(capture, bytes + 4), half(capture, bytes + 6));
	capture->is_nano = magic == PCAP_NANO;
	capture->header = magic == PCAP_PATCHED ? PATCHED_RECORD : PCAP_RECORD;
	/* Above the type is how long the frames' checksums are. */
	capture->link = word(capture, bytes + 20) & 0xffffU;
	capture->form = FORM_PCAP;
	move(capture, PCAP_HEADER);
	return 1;
}

/* The next record of a pcap file. */
static int next_of_pcap(struct sluice_capture *capture, struct sluice_capture_packet *packet,
			char text[SLUICE_CAPTURE_TEXT])
{
	int result = need(capture, capture->header);
	const uint8_t *bytes;
	uint32_t length, captured, fraction;

	if (result < 0)
		return result;
	if (!result && capture->at == capture->end)
		return 0;
	if (!result)
		return tell_cut(capture, text, "the header of a record", capture->header);
	bytes = capture->buffer + capture->at;
	captured = word(capture, bytes + 8);
	length = word(capture, bytes + 12);
	if (captured > SLUICE_CAPTURE_PACKET_MAX)
		return tell(capture, text, -EPROTO,
			    "packet %" PRIu64 " at byte %" PRIu64 " says that it has %" PRIu32
			    " bytes, which cannot be; what follows cannot be found",
			    capture->number + 1, capture->offset, captured);
	result = need(capture, capture->header + captured);
	if (result < 0)
		return result;
	if (!result)
		return tell_cut(capture, text, "the record", capture->header + (uint64_t)captured);
	bytes = capture->buffer + capture->at;
	fraction = word(capture, bytes + 4);
	packet->bytes = bytes + capture->header;
	packet->captured = captured;
	packet->length = length < captured ? captured : length;
	packet->link = capture->link;
	packet->time_ns = word(capture, bytes) * SLUICE_NS_PER_S +
			  fraction * (capture->is_nano ? 1 : SLUICE_NS_PER_US);
	packet->number = ++capture->number;
	move(capture, capture->header + captured);
	return 1;
}

/* Reads the option `code` with `value` of an interface. */
static void read_option(const struct sluice_capture *capture, struct interface *interface,
			unsigned int code, const uint8_t *value, size_t length)
{
	unsigned int power;
	uint64_t low, high;

	if (code == NG_OPTION_OFFSET && length == 8) {
		low = word(capture, value + (capture->swapped ? 4 : 0));
		high = word(capture, value + (capture->swapped ? 0 : 4));
		interface->seconds = (int64_t)(high << 32 | low);
	}
	if (code != NG_OPTION_RESOLUTION || length != 1)
		return;
	power = value[0] & 0x7fU;
	interface->units = 0;
	if (value[0] & 0x80U) {
		if (power < 64)
			interface->units = 1ULL << power;
	} else if (power < 20) {
		for (interface->units = 1; power; power--)
			interface->units *= 10;
	}
}

/* An interface of the section: `size` bytes are its block without the length behind. 0, or as
 * sluice_capture_next(). */
static int add_interface(struct sluice_capture *capture, const uint8_t *block, size_t size,
			 char text[SLUICE_CAPTURE_TEXT])
{
	struct interface fresh = {.units = 1000000}, *larger;
	size_t at = 16, room = capture->interface_room ? 2 * capture->interface_room : 8;

	if (size < 16)
		return tell(capture, text, -EBADMSG,
			    "the description of an interface at byte %" PRIu64
			    " is too short; its packets are left out",
			    capture->offset);
	if (capture->interface_count == NG_INTERFACES_MAX)
		return tell(capture, text, -EPROTO,
			    "it has more than %u interfaces in one section, from byte %" PRIu64
			    " on",
			    NG_INTERFACES_MAX, capture->offset);
	if (capture->interface_count == capture->interface_room) {
		larger = reallocarray(capture->interfaces, room, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		capture->interfaces = larger;
		capture->interface_room = room;
	}
	fresh.link = half(capture, block + 8);
	fresh.snap = word(capture, block + 12);
	while (size - at >= 4) {
		unsigned int code = half(capture, block + at),
			     length = half(capture, block + at + 2);

		if (!code || length > size - at - 4)
			break;
		read_option(capture, &fresh, code, block + at + 4, length);
		length = (length + 3) & ~3U;
		at += 4 + (length < size - at - 4 ? length : size - at - 4);
	}
	capture->interfaces[capture->interface_count++] = fresh;
	return 0;
}

/* Nanoseconds of a time that an interface gave. */
static uint64_t time_of(const struct interface *interface, uint64_t stamp)
{
	uint64_t seconds = stamp / interface->units, rest = stamp % interface->units;

	seconds += (uint64_t)interface->seconds;
	return seconds * SLUICE_NS_PER_S +
	       (uint64_t)((unsigned __int128)rest * SLUICE_NS_PER_S / interface->units);
}

/* A packet's block of `size` bytes, without the length behind. 1, or as sluice_capture_next(). */
static int read_packet(struct sluice_capture *capture, const uint8_t *block, size_t size,
		       uint32_t type, struct sluice_capture_packet *packet,
		       char text[SLUICE_CAPTURE_TEXT])
{
	const struct interface *interface;
	uint32_t number = 0;
	size_t head = type == NG_SIMPLE_PACKET ? 12 : 28;

	capture->number++;
	if (size < head)
		return tell(capture, text, -EBADMSG,
			    "packet %" PRIu64 " at byte %" PRIu64
			    " is left out: its block is too short",
			    capture->number, capture->offset);
	if (type == NG_PACKET)
		number = word(capture, block + 8);
	else if (type == NG_OLD_PACKET)
		number = half(capture, block + 8);
	if (number >= capture->interface_count || !capture->interfaces[number].units)
		return tell(capture, text, -EBADMSG,
			    "packet %" PRIu64 " at byte %" PRIu64
			    " is left out: its interface %" PRIu32 " is not described",
			    capture->number, capture->offset, number);
	interface = &capture->interfaces[number];
	if (type == NG_SIMPLE_PACKET) {
		packet->length = word(capture, block + 8);
		packet->captured = packet->length;
		if (interface->snap && packet->captured > interface->snap)
			packet->captured = interface->snap;
		packet->time_ns = 0;
	} else {
		uint64_t high = word(capture, block + 12);

		packet->captured = word(capture, block + 20);
		packet->length = word(capture, block + 24);
		packet->time_ns = time_of(interface, high << 32 | word(capture, block + 16));
	}
	if (packet->captured > size - head)
		return tell(capture, text, -EBADMSG,
			    "packet %" PRIu64 " at byte %" PRIu64
			    " is left out: it says that it has %" PRIu32
			    " bytes, and its block has %zu",
			    capture->number, capture->offset, packet->captured, size - head);
	if (packet->length < packet->captured)
		packet->length = packet->captured;
	packet->bytes = block + head;
	packet->link = interface->link;
	packet->number = capture->number;
	return 1;
}

/* The beginning of a section, whose byte order is its own; its first 12 bytes are there. 0, or as
 * sluice_capture_next(). */
static int begin_section(struct sluice_capture *capture, char text[SLUICE_CAPTURE_TEXT])
{
	const uint8_t *block = capture->buffer + capture->at;
	uint32_t order;

	memcpy(&order, block + 8, sizeof(order));
	if (order != NG_ORDER && order != bswap_32(NG_ORDER))
		return tell(capture, text, -EPROTO,
			    "the section at byte %" PRIu64 " does not say its byte order",
			    capture->offset);
	capture->swapped = order != NG_ORDER;
	capture->interface_count = 0;
	return 0;
}

/* The next packet of a pcapng file. */
static int next_of_ng(struct sluice_capture *capture, struct sluice_capture_packet *packet,
		      char text[SLUICE_CAPTURE_TEXT])
{
	const uint8_t *block;
	uint32_t type, size;
	int result;

	for (;;) {
		result = need(capture, NG_BLOCK_LEAST);
		if (result < 0)
			return result;
		if (!result && capture->at == capture->end)
			return 0;
		if (!result)
			return tell_cut(capture, text, "a block", NG_BLOCK_LEAST);
		block = capture->buffer + capture->at;
		type = word(capture, block);
		if (type == NG_SECTION) {
			result = begin_section(capture, text);
			if (result)
				return result;
		}
		size = word(capture, block + 4);
		if (size < NG_BLOCK_LEAST || size % 4 || size > NG_BLOCK_SANE)
			return tell(capture, text, -EPROTO,
				    "the block at byte %" PRIu64 " (behind packet %" PRIu64
				    ") says that it has %" PRIu32
				    " bytes, which cannot be; what follows cannot be found",
				    capture->offset, capture->number, size);
		if (size > NG_BLOCK_MOST || (type != NG_INTERFACE && type != NG_OLD_PACKET &&
					     type != NG_SIMPLE_PACKET && type != NG_PACKET)) {
			capture->skip = size;
			result = pass(capture);
			if (result < 0)
				return result;
			if (!result)
				return tell_cut(capture, text, "a block", size);
			continue;
		}
		result = need(capture, size);
		if (result < 0)
			return result;
		if (!result)
			return tell_cut(capture, text, "a block", size);
		block = capture->buffer + capture->at;
		result = type == NG_INTERFACE
				 ? add_interface(capture, block, size - 4, text)
				 : read_packet(capture, block, size - 4, type, packet, text);
		if (result == -ENOMEM)
			return result;
		move(capture, size);
		if (result)
			return result;
	}
}

int sluice_capture_next(struct sluice_capture *capture, struct sluice_capture_packet *packet,
			char text[SLUICE_CAPTURE_TEXT])
{
	int result;

	if (!capture || !packet || !text)
		return -EINVAL;
	if (capture->form == FORM_OVER)
		return 0;
	result = pass(capture);
	if (result < 0)
		return result;
	if (!result)
		return tell_cut(capture, text, "a block", capture->skip);
	if (capture->form == FORM_UNKNOWN) {
		result = recognise(capture, text);
		if (result <= 0)
			return result;
	}
	if (capture->form == FORM_PCAP)
		return next_of_pcap(capture, packet, text);
	return capture->form == FORM_NG ? next_of_ng(capture, packet, text) : 0;
}
