// SPDX-License-Identifier: MIT
/*
 * The plain framings: lengths, escapes, what has no form, and where to go on when a connection
 * broke in the middle.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/link/framing.h"
#include "span_helper.h"

#define FORM(name) ((struct sluice_form){.framing = (name)})

/* The span becomes `expected`. */
static void becomes(enum sluice_framing framing, const char *expected, struct sluice_framed *framed)
{
	uint8_t out[4096];

	assert_int_equal(
		sluice_framing_write(FORM(framing), span, span_length, out, sizeof(out), framed),
		0);
	assert_int_equal(framed->consumed, span_length);
	assert_int_equal(framed->written, strlen(expected));
	assert_memory_equal(out, expected, framed->written);
}

/* RFC 6587 section 3.4.1. */
static void octet_counting_tells_the_length(void **state)
{
	struct sluice_framed framed;

	(void)state;
	say("<13>x");
	say("0123456789");
	say("with\nnewline\n");
	becomes(SLUICE_FRAMING_OCTET_COUNTED, "5 <13>x10 012345678913 with\nnewline\n", &framed);
	assert_int_equal(framed.datagrams, 3);
	assert_int_equal(framed.escaped, 0);
}

/* MSG-LEN begins with a digit that is not zero: there is no empty message. */
static void an_empty_datagram_has_no_octet_counted_form(void **state)
{
	struct sluice_framed framed;

	(void)state;
	say("a");
	say("");
	say("b");
	becomes(SLUICE_FRAMING_OCTET_COUNTED, "1 a1 b", &framed);
	assert_int_equal(framed.datagrams, 2);
	assert_int_equal(framed.unsent.unsendable, 1);
	assert_int_equal(framed.records, 3);
}

/* One newline at the end is the frame's, others are escaped the way rsyslog does; empty lines are
 * lines. */
static void newline_framing_escapes(void **state)
{
	struct sluice_framed framed;

	(void)state;
	say("plain");
	say("ended\n");
	say("twice\n\n");
	say("in\nthe\nmiddle");
	say("");
	say("\n");
	becomes(SLUICE_FRAMING_NEWLINE, "plain\nended\ntwice#012\nin#012the#012middle\n\n\n",
		&framed);
	assert_int_equal(framed.datagrams, 6);
	assert_int_equal(framed.escaped, 3);
}

/* GAP, PAD and what we do not know yet take no bytes, and a GAP's losses are counted. */
static void other_records_are_passed_over(void **state)
{
	struct sluice_record_gap gap = {.datagrams = 42};
	struct sluice_framed framed;

	(void)state;
	add(SLUICE_RECORD_GAP, &gap, sizeof(gap));
	say("x");
	add(SLUICE_RECORD_PAD, "\0\0\0", 3);
	add(77, "unknown", 7);
	becomes(SLUICE_FRAMING_NEWLINE, "x\n", &framed);
	assert_int_equal(framed.gaps, 1);
	assert_int_equal(framed.lost, 42);
	assert_int_equal(framed.records, 4);
	assert_int_equal(framed.datagrams, 1);
}

/* A datagram that does not fit is not begun. */
static void a_full_buffer_ends_between_datagrams(void **state)
{
	struct sluice_framed framed;
	uint8_t out[16];
	size_t room;

	(void)state;
	say("first");
	say("second");
	for (room = 0; room <= 16; room++) {
		assert_int_equal(sluice_framing_write(FORM(SLUICE_FRAMING_NEWLINE), span,
						      span_length, out, room, &framed),
				 0);
		assert_int_equal(framed.datagrams, room < 6 ? 0 : room < 13 ? 1 : 2);
		assert_int_equal(framed.written, room < 6 ? 0 : room < 13 ? 6 : 13);
		assert_int_equal(framed.consumed, room < 6 ? 0 : room < 13 ? 24 : 48);
	}
}

/* The largest datagram of nothing but newlines fits the bound that buffers are made by. */
static void the_worst_datagram_fits_the_bound(void **state)
{
	uint8_t *out = malloc(SLUICE_FRAMING_RECORD_MAX), *worst = malloc(SLUICE_PAYLOAD_MAX);
	struct sluice_framed framed;

	(void)state;
	assert_non_null(out);
	assert_non_null(worst);
	memset(worst, '\n', SLUICE_PAYLOAD_MAX);
	add(SLUICE_RECORD_DATA, worst, SLUICE_PAYLOAD_MAX);
	assert_int_equal(sluice_framing_write(FORM(SLUICE_FRAMING_NEWLINE), span, span_length, out,
					      SLUICE_FRAMING_RECORD_MAX, &framed),
			 0);
	assert_int_equal(framed.datagrams, 1);
	assert_int_equal(framed.written, 4 * (SLUICE_PAYLOAD_MAX - 1) + 1);
	free(worst);
	free(out);
}

/* A span that holds no records is refused where that is seen. */
static void damage_is_noticed(void **state)
{
	struct sluice_framed framed;
	uint8_t out[64];

	(void)state;
	say("good");
	memset(span + span_length, 0, 24);
	span_length += 24;
	assert_int_equal(sluice_framing_write(FORM(SLUICE_FRAMING_NEWLINE), span, span_length, out,
					      sizeof(out), &framed),
			 -EPROTO);
	assert_int_equal(framed.consumed, 24);
	assert_int_equal(framed.written, 5);
	assert_int_equal(sluice_framing_write(FORM(SLUICE_FRAMING_NATIVE), span, 24, out,
					      sizeof(out), &framed),
			 -EINVAL);
}

/*
 * After a break with any number of bytes delivered: what is sent again begins with a frame the peer
 * has not wholly, and together with what it had whole gives all datagrams once.
 */
static void resuming_gives_every_datagram_once(void **state)
{
	static const enum sluice_framing framings[] = {
		SLUICE_FRAMING_NEWLINE, SLUICE_FRAMING_OCTET_COUNTED, SLUICE_FRAMING_LENGTH32,
		SLUICE_FRAMING_RAW, SLUICE_FRAMING_PCAP};
	struct sluice_record_gap gap = {.datagrams = 1};
	struct sluice_framed all, rest;
	uint8_t out[4096], again[4096];
	struct sluice_unsent unsent;
	uint64_t had, records;
	size_t resume, kept;
	unsigned int choice;

	(void)state;
	say("one");
	add(SLUICE_RECORD_GAP, &gap, sizeof(gap));
	say("two\nhalves");
	say("");
	say("a longer datagram that is cut somewhere");
	for (choice = 0; choice < 5; choice++) {
		assert_int_equal(sluice_framing_write(FORM(framings[choice]), span, span_length,
						      out, sizeof(out), &all),
				 0);
		for (had = 0; had <= all.written; had++) {
			resume = sluice_framing_resume(FORM(framings[choice]), span, span_length,
						       had, &records, &unsent);
			assert_int_equal(sluice_framing_write(FORM(framings[choice]), span + resume,
							      span_length - resume, again,
							      sizeof(again), &rest),
					 0);
			assert_int_equal(rest.records + records, all.records);
			/* The bytes that the peer has whole frames of, and what comes again, are
			 * the whole. */
			kept = all.written - rest.written;
			assert_true(kept <= had);
			assert_memory_equal(out + kept, again, rest.written);
			assert_true(had < all.written || !rest.datagrams);
		}
	}
}

/* Refused instead of escaped: what has a newline inside does not go, the others do. */
static void newlines_are_refused_where_wished(void **state)
{
	const struct sluice_form form = {.framing = SLUICE_FRAMING_NEWLINE,
					 .unsafe = SLUICE_UNSAFE_REFUSE};
	struct sluice_framed framed;
	struct sluice_unsent unsent;
	uint64_t records;
	uint8_t out[64];

	(void)state;
	say("good");
	say("in the\nmiddle");
	say("ended\n");
	assert_int_equal(sluice_framing_write(form, span, span_length, out, sizeof(out), &framed),
			 0);
	assert_int_equal(framed.written, 11);
	assert_memory_equal(out, "good\nended\n", 11);
	assert_int_equal(framed.datagrams, 2);
	assert_int_equal(framed.unsent.unsendable, 1);
	assert_int_equal(framed.escaped, 0);
	assert_true(sluice_framing_resume(form, span, span_length, 10, &records, &unsent) <
		    span_length);
	assert_int_equal(records, 2);
}

/* Four bytes of length in network byte order; an empty datagram is a length of 0. */
static void length32_tells_the_length(void **state)
{
	struct sluice_framed framed;
	uint8_t out[64];

	(void)state;
	say("one");
	say("");
	say("a\nb");
	assert_int_equal(sluice_framing_write(FORM(SLUICE_FRAMING_LENGTH32), span, span_length, out,
					      sizeof(out), &framed),
			 0);
	assert_int_equal(framed.written, 18);
	assert_memory_equal(out, "\0\0\0\3one\0\0\0\0\0\0\0\3a\nb", 18);
	assert_int_equal(framed.datagrams, 3);
	assert_int_equal(framed.unsent.unsendable + framed.escaped, 0);
}

/* Nothing but the payloads. */
static void raw_is_the_payloads(void **state)
{
	struct sluice_framed framed;

	(void)state;
	say("one");
	say("");
	say("two\n");
	becomes(SLUICE_FRAMING_RAW, "onetwo\n", &framed);
	assert_int_equal(framed.datagrams, 2);
	assert_int_equal(framed.unsent.unsendable, 1);
}

/* A datagram with addresses, as IPv4 and as IPv6. The bytes are those that RFC 791, 8200 and 768
 * give by hand. */
static void pcap_rebuilds_the_packet(void **state)
{
	struct sluice_record_address address = {
		.family = 4,
		.source_port = 5000,
		.destination_port = 514,
		.source = {10, 9, 0, 2},
		.destination = {10, 9, 0, 1},
	};
	struct sluice_framed framed;
	const uint8_t *preamble;
	uint8_t out[256];
	size_t length;

	(void)state;
	preamble = sluice_framing_preamble(FORM(SLUICE_FRAMING_PCAP), &length);
	assert_int_equal(length, 24);
	assert_memory_equal(preamble, "\x4d\x3c\xb2\xa1\2\0\4\0", 8);
	assert_int_equal(preamble[20], 101);
	(void)sluice_framing_preamble(FORM(SLUICE_FRAMING_RAW), &length);
	assert_int_equal(length, 0);

	sluice_record_write(span, 16 + 48 + 2, SLUICE_RECORD_DATA, SLUICE_RECORD_F_ADDRESS, 0,
			    3000000007ULL);
	memcpy(span + 16, &address, sizeof(address));
	span[64] = 'h';
	span[65] = 'i';
	assert_int_equal(sluice_framing_write(FORM(SLUICE_FRAMING_PCAP), span, 72, out, sizeof(out),
					      &framed),
			 0);
	assert_int_equal(framed.written, 16 + 20 + 8 + 2);
	assert_memory_equal(out, "\3\0\0\0\7\0\0\0\x1e\0\0\0\x1e\0\0\0", 16);
	assert_memory_equal(out + 16,
			    "\x45\0\0\x1e\0\0\0\0\x40\x11\x66\xbb\x0a\x09\0\2\x0a\x09\0\1", 20);
	assert_memory_equal(out + 36, "\x13\x88\2\2\0\x0a\0\0hi", 10);

	address.family = 6;
	memset(address.source, 0, 16);
	memset(address.destination, 0, 16);
	address.source[15] = 1;
	address.destination[15] = 1;
	memcpy(span + 16, &address, sizeof(address));
	assert_int_equal(sluice_framing_write(FORM(SLUICE_FRAMING_PCAP), span, 72, out, sizeof(out),
					      &framed),
			 0);
	assert_int_equal(framed.written, 16 + 40 + 8 + 2);
	assert_memory_equal(out + 16, "\x60\0\0\0\0\x0a\x11\x40", 8);
	/* ~(1 + 1 + 17 + 10 + 5000 + 514 + 10 + "hi") */
	assert_memory_equal(out + 56, "\x13\x88\2\2\0\x0a\x81\xe5hi", 10);
}

/* Forms are the same if nothing in them differs; the text, by which another process knows, tells
 * each difference, too. */
static void a_form_is_told_by_each_of_its_members(void **state)
{
	const struct sluice_form base = {.framing = SLUICE_FRAMING_NEWLINE, .most = 1000};
	struct sluice_form others[7] = {base, base, base, base, base, base, base};
	char text[SLUICE_FORM_TEXT], other[SLUICE_FORM_TEXT];
	size_t number;

	(void)state;
	others[0].framing = SLUICE_FRAMING_LENGTH32;
	others[1].most = 1001;
	others[2].oversize++;
	others[3].empty++;
	others[4].unsafe++;
	others[5].prefix++;
	others[6].hazards = 1;
	assert_true(sluice_form_is_same(&base, &base));
	(void)sluice_form_text(&base, text);
	assert_null(strpbrk(text, " \n"));
	for (number = 0; number < sizeof(others) / sizeof(others[0]); number++) {
		assert_false(sluice_form_is_same(&base, &others[number]));
		assert_string_not_equal(text, sluice_form_text(&others[number], other));
		assert_true(sluice_form_is_same(&others[number], &others[number]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(octet_counting_tells_the_length, begin),
		cmocka_unit_test_setup(an_empty_datagram_has_no_octet_counted_form, begin),
		cmocka_unit_test_setup(newline_framing_escapes, begin),
		cmocka_unit_test_setup(newlines_are_refused_where_wished, begin),
		cmocka_unit_test_setup(length32_tells_the_length, begin),
		cmocka_unit_test_setup(raw_is_the_payloads, begin),
		cmocka_unit_test_setup(pcap_rebuilds_the_packet, begin),
		cmocka_unit_test_setup(other_records_are_passed_over, begin),
		cmocka_unit_test_setup(a_full_buffer_ends_between_datagrams, begin),
		cmocka_unit_test_setup(the_worst_datagram_fits_the_bound, begin),
		cmocka_unit_test(a_form_is_told_by_each_of_its_members),
		cmocka_unit_test_setup(damage_is_noticed, begin),
		cmocka_unit_test_setup(resuming_gives_every_datagram_once, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
