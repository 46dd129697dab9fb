// SPDX-License-Identifier: MIT
/*
 * The plain framings; see framing.h. A pass over the records in the worker, into the connection's staging
 * buffer. Touches: memory it is given.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "../../lib/packet.h"
#include "../../lib/record.h"
#include "framing.h"

/* A newline inside a datagram: the way rsyslog writes control characters (EscapeControlCharactersOnReceive). */
#define ESCAPE "#012"
#define ESCAPE_LENGTH 4U

/* Header of a capture file and of a packet in it (pcap-savefile(5), draft-ietf-opsawg-pcap): here little-endian, with
 * nanoseconds. */
#define PCAP_MAGIC 0xa1b23c4dU
#define NS_PER_S 1000000000ULL

struct pcap_file {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t reserved[2];
	uint32_t snaplen;
	uint32_t linktype;
};

struct pcap_packet {
	uint32_t seconds, nanoseconds;
	uint32_t captured, original;
};

_Static_assert(sizeof(struct pcap_file) == 24 && sizeof(struct pcap_packet) == 16,
	       "sizes of the pcap format");

bool sluice_framing_is_plain(enum sluice_framing framing)
{
	return framing > SLUICE_FRAMING_NATIVE && framing <= SLUICE_FRAMING_PCAP;
}

const void *sluice_framing_preamble(struct sluice_form form, size_t *length)
{
	static struct pcap_file file;

	*length = form.framing == SLUICE_FRAMING_PCAP ? sizeof(file) : 0;
	/* The same bytes whoever fills them in. */
	if (*length)
		file = (struct pcap_file){.magic = htole32(PCAP_MAGIC),
					  .major = htole16(2),
					  .minor = htole16(4),
					  .snaplen = htole32(SLUICE_PACKET_MAX),
					  .linktype = htole32(SLUICE_PACKET_LINKTYPE)};
	return &file;
}

/* Decimal digits of `value`, which is not 0. */
static size_t digits(size_t value)
{
	size_t count = 0;

	for (; value; value /= 10)
		count++;
	return count;
}

/* How many newlines are in `length` bytes. */
static size_t newlines(const uint8_t *bytes, size_t length)
{
	const uint8_t *end = bytes + length;
	size_t count = 0;

	while (bytes < end && (bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		count++;
		bytes++;
	}
	return count;
}

/* Payload bytes that newline framing carries: without one newline at the end. */
static size_t line_length(const struct sluice_record_view *view)
{
	size_t length = view->payload_length;

	return length && view->payload[length - 1] == '\n' ? length - 1 : length;
}

/* How many bytes a record becomes; 0 if it has no form in this framing. */
static size_t framed_length(struct sluice_form form, const struct sluice_record_view *view)
{
	size_t length = view->payload_length, escapes;

	if (view->type != SLUICE_RECORD_DATA)
		return 0;
	switch (form.framing) {
	case SLUICE_FRAMING_OCTET_COUNTED:
		return length ? digits(length) + 1 + length : 0;
	case SLUICE_FRAMING_LENGTH32:
		return sizeof(uint32_t) + length;
	case SLUICE_FRAMING_RAW:
		return length;
	case SLUICE_FRAMING_PCAP:
		return sizeof(struct pcap_packet) + sluice_packet_length(view);
	default:
		length = line_length(view);
		escapes = newlines(view->payload, length);
		return escapes && form.refuse ? 0 : length + escapes * (ESCAPE_LENGTH - 1) + 1;
	}
}

/* Writes length, space, payload; returns where the next goes. */
static uint8_t *write_counted(const struct sluice_record_view *view, uint8_t *out)
{
	size_t value = view->payload_length, width = digits(value), place;

	for (place = width; place > 0; value /= 10)
		out[--place] = (uint8_t)('0' + value % 10);
	out[width] = ' ';
	memcpy(out + width + 1, view->payload, view->payload_length);
	return out + width + 1 + view->payload_length;
}

/* Writes payload, newline, with the newlines inside escaped and counted; returns where the next goes. */
static uint8_t *write_line(const struct sluice_record_view *view, uint8_t *out, uint64_t *escaped)
{
	const uint8_t *from = view->payload, *end = from + line_length(view), *found;

	while (from < end && (found = memchr(from, '\n', (size_t)(end - from)))) {
		memcpy(out, from, (size_t)(found - from));
		out += found - from;
		/* NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
		memcpy(out, ESCAPE, ESCAPE_LENGTH);
		out += ESCAPE_LENGTH;
		from = found + 1;
		++*escaped;
	}
	memcpy(out, from, (size_t)(end - from));
	out += end - from;
	*out = '\n';
	return out + 1;
}

/* Writes the length in network byte order, payload; returns where the next goes. */
static uint8_t *write_length32(const struct sluice_record_view *view, uint8_t *out)
{
	uint32_t length = htonl((uint32_t)view->payload_length);

	memcpy(out, &length, sizeof(length));
	memcpy(out + sizeof(length), view->payload, view->payload_length);
	return out + sizeof(length) + view->payload_length;
}

/* Writes a captured packet; returns where the next goes. */
static uint8_t *write_packet(const struct sluice_record_view *view, uint8_t *out)
{
	uint32_t length = (uint32_t)sluice_packet_length(view);
	struct pcap_packet header = {
		.seconds = htole32((uint32_t)(view->time_ns / NS_PER_S)),
		.nanoseconds = htole32((uint32_t)(view->time_ns % NS_PER_S)),
		.captured = htole32(length),
		.original = htole32(length),
	};

	memcpy(out, &header, sizeof(header));
	return sluice_packet_write(view, out + sizeof(header));
}

/* Writes a record that has a form; returns where the next goes. */
static uint8_t *write_framed(struct sluice_form form, const struct sluice_record_view *view,
			     uint8_t *out, uint64_t *escaped)
{
	switch (form.framing) {
	case SLUICE_FRAMING_OCTET_COUNTED:
		return write_counted(view, out);
	case SLUICE_FRAMING_LENGTH32:
		return write_length32(view, out);
	case SLUICE_FRAMING_RAW:
		memcpy(out, view->payload, view->payload_length);
		return out + view->payload_length;
	case SLUICE_FRAMING_PCAP:
		return write_packet(view, out);
	default:
		return write_line(view, out, escaped);
	}
}

/* Counts a record that is not sent. */
static void count_silent(const struct sluice_record_view *view, struct sluice_framed *framed)
{
	struct sluice_record_gap gap;

	if (view->type == SLUICE_RECORD_DATA) {
		framed->unsendable++;
	} else if (view->type == SLUICE_RECORD_GAP) {
		framed->gaps++;
		if (view->payload_length >= sizeof(gap)) {
			memcpy(&gap, view->payload, sizeof(gap));
			framed->lost += le64toh(gap.datagrams);
		}
	}
}

int sluice_framing_write(struct sluice_form form, const uint8_t *span, size_t length, uint8_t *out,
			 size_t room, struct sluice_framed *framed)
{
	struct sluice_record_view view;
	uint8_t *at = out;
	size_t needed;

	if (!span || !out || !framed || !sluice_framing_is_plain(form.framing))
		return -EINVAL;
	memset(framed, 0, sizeof(*framed));
	while (framed->consumed < length) {
		if (sluice_record_read(span + framed->consumed, length - framed->consumed, &view))
			return -EPROTO;
		needed = framed_length(form, &view);
		if (needed > room - (size_t)(at - out))
			break;
		if (!needed)
			count_silent(&view, framed);
		else
			at = write_framed(form, &view, at, &framed->escaped);
		framed->datagrams += needed > 0;
		framed->records++;
		framed->consumed += view.span;
		framed->written = (size_t)(at - out);
	}
	return 0;
}

size_t sluice_framing_resume(struct sluice_form form, const uint8_t *span, size_t length,
			     uint64_t had, uint64_t *records)
{
	struct sluice_record_view view;
	size_t consumed = 0;
	uint64_t needed;

	*records = 0;
	while (consumed < length &&
	       !sluice_record_read(span + consumed, length - consumed, &view)) {
		needed = framed_length(form, &view);
		if (needed > had)
			break;
		had -= needed;
		consumed += view.span;
		++*records;
	}
	return consumed;
}
