// SPDX-License-Identifier: MIT
/*
 * The first bytes of a connection: see recognition.h. Before anything is decoded, once a
 * connection. Touches: nothing.
 */
#include <string.h>
#include <sluice/record.h>
#include "recognition.h"

/* A TLS record: handshake, version 3. */
#define TLS_BYTES 2U
/* The longest count that octet-counted has, and one digit more, which makes it something else. */
#define DIGITS_MOST 6U

/* One kind: its name, the framing of a sink that reads it (-1: none), and what to do about it. */
static const struct {
	const char *name;
	int framing;
	const char *mend;
} kinds[] = {
	[SLUICE_RECOGNITION_OPEN] = {"nothing that could be recognised", -1,
				     "see what the relay's output says under framing"},
	[SLUICE_RECOGNITION_NATIVE] = {"native", SLUICE_DECODER_NATIVE, "take --framing native"},
	[SLUICE_RECOGNITION_NEWLINE] = {"newline", SLUICE_DECODER_NEWLINE,
					"take --framing newline"},
	[SLUICE_RECOGNITION_OCTET_COUNTED] = {"octet-counted", SLUICE_DECODER_OCTET_COUNTED,
					      "take --framing octet-counted"},
	[SLUICE_RECOGNITION_LENGTH32] = {"length32", SLUICE_DECODER_LENGTH32,
					 "take --framing length32"},
	[SLUICE_RECOGNITION_PCAP] = {"pcap", -1,
				     "a sink does not read captures: socat -u TCP-LISTEN:PORT - | "
				     "tshark -r - does, or give the output another framing"},
	[SLUICE_RECOGNITION_RELP] = {"relp", -1,
				     "a sink does not answer RELP: rsyslog's imrelp does, or give "
				     "the output another framing"},
	[SLUICE_RECOGNITION_TLS] = {"TLS", -1, "a sink does not speak it"},
	[SLUICE_RECOGNITION_UNKNOWN] = {"no framing that a sink knows", -1,
					"give the output framing native, newline, octet-counted or "
					"length32"},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Do the first `length` bytes begin with `wanted`? 1, 0, or -1: so far, but they are too few. */
static int begins(const uint8_t *bytes, size_t length, const void *wanted, size_t size)
{
	size_t common = length < size ? length : size;

	if (memcmp(bytes, wanted, common) != 0)
		return 0;
	return common == size ? 1 : -1;
}

/* Bytes that begin with a digit: a count and a space, RELP's first command, or a line. */
static enum sluice_recognition digits_first(const uint8_t *bytes, size_t length)
{
	size_t digits = 0;
	size_t value = 0;

	while (digits < length && digits < DIGITS_MOST && bytes[digits] >= '0' &&
	       bytes[digits] <= '9')
		value = value * 10 + (size_t)(bytes[digits++] - '0');
	if (digits == length)
		return SLUICE_RECOGNITION_OPEN;
	if (bytes[digits] != ' ' || value > SLUICE_PAYLOAD_MAX || (digits > 1 && bytes[0] == '0'))
		return SLUICE_RECOGNITION_NEWLINE;
	switch (begins(bytes, length, "1 open ", 7)) {
	case 1:
		return SLUICE_RECOGNITION_RELP;
	case -1:
		return SLUICE_RECOGNITION_OPEN;
	default:
		return SLUICE_RECOGNITION_OCTET_COUNTED;
	}
}

/* Is it text, as far as it goes? Letters beyond ASCII are. */
static bool is_text(const uint8_t *bytes, size_t length)
{
	size_t place;

	for (place = 0; place < length; place++)
		if (bytes[place] < ' ' && (bytes[place] < '\t' || bytes[place] > '\r'))
			return false;
	return true;
}

/* Magic numbers of files and protocols. OPEN: it may become one; UNKNOWN: it is none. */
static enum sluice_recognition magic(const uint8_t *bytes, size_t length)
{
	static const struct {
		uint8_t bytes[4];
		size_t size;
		enum sluice_recognition what;
	} magics[] = {
		{{'S', 'L', 'U', '1'}, 4, SLUICE_RECOGNITION_NATIVE},
		{{0x4d, 0x3c, 0xb2, 0xa1}, 4, SLUICE_RECOGNITION_PCAP},
		{{0xd4, 0xc3, 0xb2, 0xa1}, 4, SLUICE_RECOGNITION_PCAP},
		{{0xa1, 0xb2, 0x3c, 0x4d}, 4, SLUICE_RECOGNITION_PCAP},
		{{0xa1, 0xb2, 0xc3, 0xd4}, 4, SLUICE_RECOGNITION_PCAP},
		{{0x0a, 0x0d, 0x0d, 0x0a}, 4, SLUICE_RECOGNITION_PCAP},
		{{0x16, 0x03}, TLS_BYTES, SLUICE_RECOGNITION_TLS},
		/* No datagram is longer than two bytes can say. */
		{{0, 0}, 2, SLUICE_RECOGNITION_LENGTH32},
	};
	size_t number;
	int found;

	for (number = 0; number < sizeof(magics) / sizeof(magics[0]); number++) {
		found = begins(bytes, length, magics[number].bytes, magics[number].size);
		if (found)
			return found > 0 ? magics[number].what : SLUICE_RECOGNITION_OPEN;
	}
	return SLUICE_RECOGNITION_UNKNOWN;
}

/* As recognition.h says. */
enum sluice_recognition sluice_recognise(const uint8_t *bytes, size_t length, bool ended)
{
	enum sluice_recognition what;

	if (!bytes || length == 0)
		return ended ? SLUICE_RECOGNITION_UNKNOWN : SLUICE_RECOGNITION_OPEN;
	what = magic(bytes, length);
	if (what == SLUICE_RECOGNITION_UNKNOWN && bytes[0] >= '0' && bytes[0] <= '9')
		what = digits_first(bytes, length);
	if (what != SLUICE_RECOGNITION_UNKNOWN && (what != SLUICE_RECOGNITION_OPEN || !ended))
		return what;
	return is_text(bytes, length) ? SLUICE_RECOGNITION_NEWLINE : SLUICE_RECOGNITION_UNKNOWN;
}

/* As recognition.h says. */
bool sluice_recognition_framing(enum sluice_recognition what, enum sluice_decoder_framing *framing)
{
	if ((size_t)what >= KINDS || kinds[what].framing < 0 || !framing)
		return false;
	*framing = (enum sluice_decoder_framing)kinds[what].framing;
	return true;
}

/* As recognition.h says. */
bool sluice_recognition_contradicts(enum sluice_recognition what,
				    enum sluice_decoder_framing framing)
{
	if ((size_t)what >= KINDS || what == SLUICE_RECOGNITION_OPEN ||
	    kinds[what].framing == (int)framing)
		return false;
	/* Any bytes can be a line, those of text and those that nobody knows too. */
	if (framing == SLUICE_DECODER_NEWLINE)
		return what == SLUICE_RECOGNITION_NATIVE || what == SLUICE_RECOGNITION_PCAP ||
		       what == SLUICE_RECOGNITION_RELP;
	return true;
}

/* As recognition.h says. */
const char *sluice_recognition_name(enum sluice_recognition what)
{
	return kinds[(size_t)what < KINDS ? what : SLUICE_RECOGNITION_UNKNOWN].name;
}

/* As recognition.h says. */
const char *sluice_recognition_mend(enum sluice_recognition what)
{
	return kinds[(size_t)what < KINDS ? what : SLUICE_RECOGNITION_UNKNOWN].mend;
}
