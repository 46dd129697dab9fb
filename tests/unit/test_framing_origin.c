// SPDX-License-Identifier: MIT
/*
 * Who sent a datagram, in front of it, in the plain framings (`outputs.prefix`).
 */
#include <arpa/inet.h>
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/link/framing.h"
#include "daemon/link/origin.h"
#include "span_helper.h"

/* Adds a datagram of text that came from `source` to `destination`, port 514 to 5000. */
static void say_from(int family, const char *source, const char *destination, const char *text)
{
	size_t length = sizeof(struct sluice_record_address) + strlen(text);
	struct sluice_record_address address = {
		.family = family == AF_INET ? 4 : 6,
		.source_port = htole16(514),
		.destination_port = htole16(5000),
	};
	uint8_t *at = span + span_length;

	assert_true(span_length + 16 + length + 8 <= sizeof(span));
	assert_int_equal(inet_pton(family, source, address.source), 1);
	assert_int_equal(inet_pton(family, destination, address.destination), 1);
	sluice_record_write(at, (uint32_t)(16 + length), SLUICE_RECORD_DATA,
			    SLUICE_RECORD_F_ADDRESS, 0, 0);
	memcpy(at + 16, &address, sizeof(address));
	memcpy(at + 16 + sizeof(address), text, length - sizeof(address));
	span_length += (size_t)sluice_record_span((uint32_t)(16 + length));
}

/* The span becomes the `length` bytes of `expected`, and can be cut behind each of them. */
static void becomes(struct sluice_form form, const void *expected, size_t length,
		    struct sluice_framed *framed)
{
	struct sluice_unsent unsent;
	uint8_t out[4096];
	uint64_t records;
	size_t had;

	assert_int_equal(sluice_framing_write(form, span, span_length, out, sizeof(out), framed),
			 0);
	assert_int_equal(framed->consumed, span_length);
	assert_int_equal(framed->written, length);
	assert_memory_equal(out, expected, length);
	/* A connection that broke inside a record goes on with it, prefix and all. */
	for (had = 0; had < length; had++)
		assert_true(sluice_framing_resume(form, span, span_length, had, &records, &unsent) <
			    span_length);
	assert_int_equal(sluice_framing_resume(form, span, span_length, had, &records, &unsent),
			 span_length);
}

/* A line begins with address and port, of IPv6 in brackets; what has no addresses says so. */
static void text_tells_address_and_port(void **state)
{
	static const char expected[] =
		"192.0.2.7:514 a\n[2001:db8::7]:514 b\n- c\n192.0.2.7:514 \n";
	struct sluice_framed framed;

	(void)state;
	say_from(AF_INET, "192.0.2.7", "192.0.2.1", "a");
	say_from(AF_INET6, "2001:db8::7", "2001:db8::1", "b\n");
	say("c");
	say_from(AF_INET, "192.0.2.7", "192.0.2.1", "");
	becomes((struct sluice_form){.framing = SLUICE_FRAMING_NEWLINE, .prefix = SLUICE_LEAD_TEXT},
		expected, strlen(expected), &framed);
	assert_int_equal(framed.datagrams, 4);
	assert_int_equal(framed.escaped, 0);
}

/* The frame's length counts the prefix, and with one an empty datagram has a form. */
static void the_count_has_the_prefix_in_it(void **state)
{
	static const char expected[] = "15 192.0.2.7:514 a14 192.0.2.7:514 ";
	struct sluice_framed framed;

	(void)state;
	say_from(AF_INET, "192.0.2.7", "192.0.2.1", "a");
	say_from(AF_INET, "192.0.2.7", "192.0.2.1", "");
	becomes((struct sluice_form){.framing = SLUICE_FRAMING_OCTET_COUNTED,
				     .prefix = SLUICE_LEAD_TEXT},
		expected, strlen(expected), &framed);
	assert_int_equal(framed.unsent.unsendable, 0);
}

/* A receiver that takes a digit for a count gets a priority in front of the address. */
static void a_digit_is_not_taken_for_a_count(void **state)
{
	static const char expected[] = "<13>192.0.2.7:514 <34>a\n";
	struct sluice_framed framed;

	(void)state;
	say_from(AF_INET, "192.0.2.7", "192.0.2.1", "<34>a");
	becomes((struct sluice_form){.framing = SLUICE_FRAMING_NEWLINE,
				     .prefix = SLUICE_LEAD_TEXT,
				     .hazards = SLUICE_HAZARD_DIGIT},
		expected, strlen(expected), &framed);
	assert_int_equal(framed.escaped, 1);
}

/* proxy-protocol.txt, 2.2: signature, version and command, family, length, addresses, ports. */
static void proxy_headers_are_as_the_document_says(void **state)
{
	static const uint8_t expected[] =
		/* IPv4: 28 bytes of header, 1 of payload */
		"\0\0\0\x1d"
		"\r\n\r\n\0\r\nQUIT\n\x21\x12\0\x0c"
		"\xc0\0\x02\x07\xc0\0\x02\x01\x02\x02\x13\x88"
		"a"
		/* IPv6: 52 bytes, and nothing */
		"\0\0\0\x34"
		"\r\n\r\n\0\r\nQUIT\n\x21\x22\0\x24"
		"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
		"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x02\x02\x13\x88"
		/* unknown: 16 bytes, 1 of payload */
		"\0\0\0\x11"
		"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
		"c";
	struct sluice_framed framed;

	(void)state;
	say_from(AF_INET, "192.0.2.7", "192.0.2.1", "a");
	say_from(AF_INET6, "2001:db8::7", "2001:db8::1", "");
	say("c");
	becomes((struct sluice_form){.framing = SLUICE_FRAMING_LENGTH32,
				     .prefix = SLUICE_LEAD_PROXY_V2},
		expected, sizeof(expected) - 1, &framed);
	assert_int_equal(framed.datagrams, 3);
}

/* A datagram that is split has the prefix in each message, and none is too long. */
static void every_piece_tells_its_sender(void **state)
{
	static const char lead[] = "192.0.2.7:514 ";
	struct sluice_form form = {.framing = SLUICE_FRAMING_NEWLINE,
				   .prefix = SLUICE_LEAD_TEXT,
				   .most = SLUICE_DATAGRAM_LEAST_PREFIXED};
	char text[1200], out[4096], *line, *rest = out;
	struct sluice_framed framed;
	size_t lines = 0, payload = 0;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	say_from(AF_INET, "192.0.2.7", "192.0.2.1", text);
	assert_int_equal(sluice_framing_write(form, span, span_length, (uint8_t *)out,
					      sizeof(out) - 1, &framed),
			 0);
	out[framed.written] = '\0';
	while ((line = strsep(&rest, "\n")) && *line) {
		assert_true(strlen(line) <= form.most);
		assert_int_equal(strncmp(line, lead, strlen(lead)), 0);
		payload += strlen(line) - strlen(lead);
		lines++;
	}
	assert_int_equal(payload, strlen(text));
	assert_int_equal(lines, 3);
	assert_int_equal(framed.pieces, lines);
}

/* The worst record, all to be escaped and with the longest prefix in each piece, has room. */
static void the_worst_has_room(void **state)
{
	struct sluice_form form = {.framing = SLUICE_FRAMING_NEWLINE,
				   .prefix = SLUICE_LEAD_TEXT,
				   .hazards = SLUICE_HAZARD_NO_PRI,
				   .most = SLUICE_DATAGRAM_LEAST_PREFIXED};
	uint8_t *out = malloc(SLUICE_FRAMING_RECORD_MAX);
	char *text = malloc(65001);
	struct sluice_framed framed;

	(void)state;
	assert_non_null(out);
	assert_non_null(text);
	memset(text, '\n', 65000);
	text[65000] = '\0';
	say_from(AF_INET6, "2001:db8:1111:1111:1111:1111:1111:1111", "2001:db8::1", text);
	assert_int_equal(sluice_framing_write(form, span, span_length, out,
					      SLUICE_FRAMING_RECORD_MAX, &framed),
			 0);
	assert_int_equal(framed.consumed, span_length);
	free(text);
	free(out);
}

/* A prefix that is set or left out makes another form, for which connections are made anew. */
static void another_prefix_is_another_form(void **state)
{
	struct sluice_form none = {.framing = SLUICE_FRAMING_NEWLINE}, text = none;

	(void)state;
	text.prefix = SLUICE_LEAD_TEXT;
	assert_true(sluice_form_is_same(&none, &none));
	assert_false(sluice_form_is_same(&none, &text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(text_tells_address_and_port, begin),
		cmocka_unit_test_setup(the_count_has_the_prefix_in_it, begin),
		cmocka_unit_test_setup(a_digit_is_not_taken_for_a_count, begin),
		cmocka_unit_test_setup(proxy_headers_are_as_the_document_says, begin),
		cmocka_unit_test_setup(every_piece_tells_its_sender, begin),
		cmocka_unit_test_setup(the_worst_has_room, begin),
		cmocka_unit_test(another_prefix_is_another_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
