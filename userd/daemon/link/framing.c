// SPDX-License-Identifier: MIT
/*
 * The plain framings; see framing.h. A pass over the records in the worker, into the connection's
 * staging buffer. Touches: memory it is given.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "../../lib/packet.h"
#include "../../lib/record.h"
#include "framing.h"
#include "origin.h"

/* How a byte is escaped: "#" and three octal digits, as rsyslog writes control characters
 * (EscapeControlCharactersOnReceive). */
#define ESCAPE_LENGTH 4U

/* What is put before a message that a receiver would misread: user.notice, which a message without
 * a priority has. */
#define PREFIX "<13>"
#define PREFIX_LENGTH 4U

/* See grown_end(). */
#define GROWN_SPARE 3U

/* Header of a capture file and of a packet in it (pcap-savefile(5), draft-ietf-opsawg-pcap): here
 * little-endian, with nanoseconds. */
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

/* Has `framing` a form here? Those that are answered make their own frames. */
static bool is_plain(enum sluice_framing framing)
{
	return framing < SLUICE_FRAMING_COUNT && !sluice_config_is_answered(framing);
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

/* What the receiver cannot bear in this form. */
static unsigned int hazards_of(const struct sluice_form *form)
{
	return form->hazards | (form->framing == SLUICE_FRAMING_NEWLINE ? SLUICE_HAZARD_LF : 0);
}

/* The first byte of [at, end) that is one of `hazards`; `end` if there is none. */
static const uint8_t *next_unsafe(const uint8_t *at, const uint8_t *end, unsigned int hazards)
{
	const uint8_t *found;

	hazards &= SLUICE_HAZARD_LF | SLUICE_HAZARD_NUL | SLUICE_HAZARD_CR;
	if (!hazards || at == end)
		return end;
	if (hazards == SLUICE_HAZARD_LF) {
		found = memchr(at, '\n', (size_t)(end - at));
		return found ? found : end;
	}
	for (; at < end; at++)
		if ((*at == '\n' && hazards & SLUICE_HAZARD_LF) ||
		    (*at == '\r' && hazards & SLUICE_HAZARD_CR) ||
		    (!*at && hazards & SLUICE_HAZARD_NUL))
			break;
	return at;
}

/* Would the receiver misread a message that begins so? */
static bool begins_badly(unsigned int hazards, const uint8_t *at, const uint8_t *end)
{
	return at < end && ((hazards & SLUICE_HAZARD_DIGIT && *at >= '0' && *at <= '9') ||
			    (hazards & SLUICE_HAZARD_NO_PRI && *at != '<'));
}

/* Bytes of a payload that are sent: newline leaves out one newline at its end, and a carriage
 * return before that where the receiver takes both for the end of the line. */
static size_t carried_length(const struct sluice_form *form, const struct sluice_record_view *view)
{
	size_t length = view->payload_length;

	if (form->framing != SLUICE_FRAMING_NEWLINE || !length || view->payload[length - 1] != '\n')
		return length;
	length--;
	if (length && form->hazards & SLUICE_HAZARD_CR && view->payload[length - 1] == '\r')
		length--;
	return length;
}

/* What rsyslog writes as four bytes (iscntrl(3) in the locale C). */
static bool is_control(uint8_t byte)
{
	return byte < ' ' || byte == 0x7f;
}

/*
 * Of [at, end) what a receiver takes in one message in which control characters grow to four bytes
 * each, and that has to be GROWN_SPARE bytes shorter then (rsyslog, sanitizeMessage() in parser.c);
 * `used` bytes of `most` are taken.
 */
static const uint8_t *grown_end(const uint8_t *at, const uint8_t *end, size_t used, size_t most)
{
	size_t size = 0;
	bool is_first = true;

	/* Whatever it holds, it fits. */
	if ((size_t)(end - at) <= (most - used - GROWN_SPARE) / ESCAPE_LENGTH)
		return end;
	for (; at < end; at++, used += size) {
		size = is_control(*at) ? ESCAPE_LENGTH : 1;
		if (size > 1 && is_first) {
			used += GROWN_SPARE;
			is_first = false;
		}
		if (used + size > most)
			break;
	}
	return at;
}

/* What stands in front of each message of a datagram and tells who sent it. */
struct lead {
	uint8_t bytes[SLUICE_ORIGIN_MAX];
	size_t length; /* 0: nothing does */
};

/* That of a record in this form. */
static void make_lead(const struct sluice_form *form, const struct sluice_record_view *view,
		      struct lead *lead)
{
	lead->length = form->prefix == SLUICE_LEAD_NONE
			       ? 0
			       : sluice_origin_write(form->prefix, view, lead->bytes);
}

/* Would the receiver misread a message with this lead and the bytes [at, end)? */
static bool starts_badly(unsigned int hazards, const struct lead *lead, const uint8_t *at,
			 const uint8_t *end)
{
	return lead->length ? begins_badly(hazards, lead->bytes, lead->bytes + lead->length)
			    : begins_badly(hazards, at, end);
}

/* A message that a datagram, or a part of it, becomes. */
struct message {
	const uint8_t *at;
	size_t taken;	/* bytes of the payload */
	size_t written; /* bytes that these become */
	bool has_prefix;
};

/* The message that the payload's bytes [at, end) begin with: as much of them as the form allows. */
static struct message next_message(const struct sluice_form *form, const struct lead *lead,
				   const uint8_t *at, const uint8_t *end)
{
	bool is_escaped = form->unsafe == SLUICE_UNSAFE_ESCAPE;
	unsigned int hazards = is_escaped ? hazards_of(form) : 0;
	struct message message = {.at = at, .has_prefix = starts_badly(hazards, lead, at, end)};
	size_t most = form->most ? form->most : SIZE_MAX, plain;

	message.written = (message.has_prefix ? PREFIX_LENGTH : 0) + lead->length;
	if (form->most && form->hazards & SLUICE_HAZARD_GROWS)
		end = grown_end(at, end, message.written, most);
	while (at < end) {
		plain = (size_t)(next_unsafe(at, end, hazards) - at);
		if (plain > most - message.written)
			plain = most - message.written;
		at += plain;
		message.written += plain;
		if (at == end || most - message.written < ESCAPE_LENGTH ||
		    next_unsafe(at, at + 1, hazards) != at)
			break;
		at++;
		message.written += ESCAPE_LENGTH;
	}
	message.taken = (size_t)(at - message.at);
	return message;
}

/* Bytes of the frame around a message of `length` bytes. */
static size_t framed_length(enum sluice_framing framing, size_t length)
{
	switch (framing) {
	case SLUICE_FRAMING_OCTET_COUNTED:
		return digits(length) + 1 + length;
	case SLUICE_FRAMING_LENGTH32:
		return sizeof(uint32_t) + length;
	case SLUICE_FRAMING_NEWLINE:
		return length + 1;
	default:
		return length;
	}
}

/* What a datagram becomes. */
struct outcome {
	enum sluice_fate fate;
	size_t bytes;	 /* in all */
	uint64_t pieces; /* messages */
	struct lead lead;
	bool is_truncated;
};

/* Works out what becomes of a record. */
static struct outcome outcome_of(const struct sluice_form *form,
				 const struct sluice_record_view *view)
{
	const uint8_t *at = view->payload, *end;
	struct outcome outcome = {.fate = SLUICE_FATE_NONE};
	struct message message;

	if (view->type != SLUICE_RECORD_DATA)
		return outcome;
	outcome.fate = SLUICE_FATE_SENT;
	outcome.pieces = 1;
	if (form->framing == SLUICE_FRAMING_PCAP) {
		outcome.bytes = sizeof(struct pcap_packet) + sluice_packet_length(view);
		return outcome;
	}
	end = at + carried_length(form, view);
	make_lead(form, view, &outcome.lead);
	if (at == end && form->empty == SLUICE_EMPTY_SKIP)
		outcome.fate = SLUICE_FATE_SKIPPED;
	else if ((at == end && !outcome.lead.length &&
		  (form->framing == SLUICE_FRAMING_OCTET_COUNTED ||
		   form->framing == SLUICE_FRAMING_RAW)) ||
		 (form->unsafe == SLUICE_UNSAFE_REFUSE &&
		  (next_unsafe(at, end, hazards_of(form)) < end ||
		   starts_badly(hazards_of(form), &outcome.lead, at, end))))
		outcome.fate = SLUICE_FATE_UNSENDABLE;
	if (outcome.fate != SLUICE_FATE_SENT)
		return outcome;
	message = next_message(form, &outcome.lead, at, end);
	outcome.bytes = framed_length(form->framing, message.written);
	at += message.taken;
	if (at == end)
		return outcome;
	if (form->oversize == SLUICE_OVERSIZE_REFUSE) {
		outcome.fate = SLUICE_FATE_OVERSIZED;
		return outcome;
	}
	outcome.is_truncated = form->oversize == SLUICE_OVERSIZE_TRUNCATE;
	for (; at < end && !outcome.is_truncated; at += message.taken) {
		message = next_message(form, &outcome.lead, at, end);
		outcome.bytes += framed_length(form->framing, message.written);
		outcome.pieces++;
	}
	return outcome;
}

/* Writes "#" and the value of `byte` in octal; returns where the next goes. */
static uint8_t *write_escape(uint8_t byte, uint8_t *out)
{
	out[0] = '#';
	out[1] = (uint8_t)('0' + (byte >> 6));
	out[2] = (uint8_t)('0' + (byte >> 3 & 7));
	out[3] = (uint8_t)('0' + (byte & 7));
	return out + ESCAPE_LENGTH;
}

/* Writes a message without its frame, with what is unsafe in it escaped and counted; returns where
 * the next goes. */
static uint8_t *write_body(const struct sluice_form *form, const struct lead *lead,
			   const struct message *message, uint8_t *out, uint64_t *escaped)
{
	unsigned int hazards = form->unsafe == SLUICE_UNSAFE_ESCAPE ? hazards_of(form) : 0;
	const uint8_t *at = message->at, *end = at + message->taken, *found;

	if (message->has_prefix) {
		/* NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
		memcpy(out, PREFIX, PREFIX_LENGTH);
		out += PREFIX_LENGTH;
		++*escaped;
	}
	memcpy(out, lead->bytes, lead->length);
	out += lead->length;
	while (at < end) {
		found = next_unsafe(at, end, hazards);
		memcpy(out, at, (size_t)(found - at));
		out += found - at;
		at = found;
		if (at < end) {
			out = write_escape(*at++, out);
			++*escaped;
		}
	}
	return out;
}

/* Writes `value`, which is not 0, in decimal; returns where the next goes. */
static uint8_t *write_number(size_t value, uint8_t *out)
{
	size_t width = digits(value), place;

	for (place = width; place > 0; value /= 10)
		out[--place] = (uint8_t)('0' + value % 10);
	return out + width;
}

/* Writes a message in its frame; returns where the next goes. */
static uint8_t *write_message(const struct sluice_form *form, const struct lead *lead,
			      const struct message *message, uint8_t *out, uint64_t *escaped)
{
	uint32_t length = htonl((uint32_t)message->written);

	if (form->framing == SLUICE_FRAMING_OCTET_COUNTED) {
		out = write_number(message->written, out);
		*out++ = ' ';
	} else if (form->framing == SLUICE_FRAMING_LENGTH32) {
		memcpy(out, &length, sizeof(length));
		out += sizeof(length);
	}
	out = write_body(form, lead, message, out, escaped);
	if (form->framing == SLUICE_FRAMING_NEWLINE)
		*out++ = '\n';
	return out;
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

/* Writes a record that goes; returns where the next goes. */
static uint8_t *write_framed(const struct sluice_form *form, const struct sluice_record_view *view,
			     const struct outcome *outcome, uint8_t *out,
			     struct sluice_framed *framed)
{
	const uint8_t *at = view->payload, *end;
	struct message message;
	uint64_t piece;

	framed->datagrams++;
	if (form->framing == SLUICE_FRAMING_PCAP)
		return write_packet(view, out);
	end = at + carried_length(form, view);
	for (piece = 0; piece < outcome->pieces; piece++) {
		message = next_message(form, &outcome->lead, at, end);
		out = write_message(form, &outcome->lead, &message, out, &framed->escaped);
		at += message.taken;
	}
	framed->truncated += outcome->is_truncated;
	if (outcome->pieces > 1) {
		framed->split++;
		framed->pieces += outcome->pieces;
	}
	return out;
}

/* Counts a loss record. */
static void count_gap(const struct sluice_record_view *view, struct sluice_framed *framed)
{
	struct sluice_record_gap gap;

	if (view->type != SLUICE_RECORD_GAP)
		return;
	framed->gaps++;
	if (view->payload_length >= sizeof(gap)) {
		memcpy(&gap, view->payload, sizeof(gap));
		framed->lost += le64toh(gap.datagrams);
	}
}

size_t sluice_framing_piece(const struct sluice_form *form, const uint8_t *bytes, size_t length)
{
	const struct lead none = {.length = 0};

	return next_message(form, &none, bytes, bytes + length).taken;
}

enum sluice_fate sluice_framing_fate(const struct sluice_form *form,
				     const struct sluice_record_view *view)
{
	return outcome_of(form, view).fate;
}

void sluice_unsent_note(struct sluice_unsent *unsent, enum sluice_fate fate)
{
	unsent->unsendable += fate == SLUICE_FATE_UNSENDABLE;
	unsent->oversized += fate == SLUICE_FATE_OVERSIZED;
	unsent->skipped += fate == SLUICE_FATE_SKIPPED;
}

uint64_t sluice_unsent_sum(const struct sluice_unsent *unsent)
{
	return (uint64_t)unsent->unsendable + unsent->oversized + unsent->skipped;
}

int sluice_framing_write(struct sluice_form form, const uint8_t *span, size_t length, uint8_t *out,
			 size_t room, struct sluice_framed *framed)
{
	struct sluice_record_view view;
	struct outcome outcome;
	uint8_t *at = out;

	if (!span || !out || !framed || !is_plain(form.framing) ||
	    (form.most && form.most < SLUICE_DATAGRAM_LEAST))
		return -EINVAL;
	memset(framed, 0, sizeof(*framed));
	while (framed->consumed < length) {
		if (sluice_record_read(span + framed->consumed, length - framed->consumed, &view))
			return -EPROTO;
		outcome = outcome_of(&form, &view);
		if (outcome.fate == SLUICE_FATE_SENT) {
			if (outcome.bytes > room - (size_t)(at - out))
				break;
			at = write_framed(&form, &view, &outcome, at, framed);
		} else {
			sluice_unsent_note(&framed->unsent, outcome.fate);
			count_gap(&view, framed);
		}
		framed->records++;
		framed->consumed += view.span;
		framed->written = (size_t)(at - out);
	}
	return 0;
}

size_t sluice_framing_resume(struct sluice_form form, const uint8_t *span, size_t length,
			     uint64_t had, uint64_t *records, struct sluice_unsent *unsent)
{
	struct sluice_record_view view;
	struct outcome outcome;
	size_t consumed = 0;

	*records = 0;
	memset(unsent, 0, sizeof(*unsent));
	while (consumed < length &&
	       !sluice_record_read(span + consumed, length - consumed, &view)) {
		outcome = outcome_of(&form, &view);
		if (outcome.fate == SLUICE_FATE_SENT) {
			if (outcome.bytes > had)
				break;
			had -= outcome.bytes;
		}
		sluice_unsent_note(unsent, outcome.fate);
		consumed += view.span;
		++*records;
	}
	return consumed;
}
