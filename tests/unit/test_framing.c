// SPDX-License-Identifier: MIT
/*
 * The plain framings: lengths, escapes, what has no form, and where to go on when a connection broke in the middle.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/output/framing.h"
#include "lib/record.h"

#define FORM(name) ((struct sluice_form){.framing = (name)})

static uint8_t span[1 << 20] __attribute__((aligned(8)));
static size_t span_length;

/* Adds a record to the span. */
static void add(uint8_t type, const void *payload, size_t length)
{
	assert_true(span_length + 16 + length + 8 <= sizeof(span));
	sluice_record_write(span + span_length, (uint32_t)(16 + length), type, 0, 0, 0);
	memcpy(span + span_length + 16, payload, length);
	span_length += (size_t)sluice_record_span((uint32_t)(16 + length));
}

/* Adds a datagram of text. */
static void say(const char *text)
{
	add(SLUICE_RECORD_DATA, text, strlen(text));
}

/* An empty span. */
static int begin(void **state)
{
	(void)state;
	span_length = 0;
	return 0;
}

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

/* One newline at the end is the frame's, others are escaped the way rsyslog does; empty lines are lines. */
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
 * After a break with any number of bytes delivered: what is sent again begins with a frame the peer has not wholly,
 * and together with what it had whole gives all datagrams once.
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
			/* The bytes that the peer has whole frames of, and what comes again, are the whole. */
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

/* A datagram with addresses, as IPv4 and as IPv6. The bytes are those that RFC 791, 8200 and 768 give by hand. */
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

/* The span becomes `expected` in `form`; bytes, so that NULs can be told. */
static void becomes_in(struct sluice_form form, const char *expected, size_t length,
		       struct sluice_framed *framed)
{
	uint8_t out[4096];

	assert_int_equal(sluice_framing_write(form, span, span_length, out, sizeof(out), framed),
			 0);
	assert_int_equal(framed->consumed, span_length);
	assert_int_equal(framed->written, length);
	assert_memory_equal(out, expected, length);
}

#define LITERAL(text) text, sizeof(text) - 1

/* What is longer than the receiver takes goes in pieces, each a message of its own, or without its end, or not at all. */
static void a_long_datagram_is_split_cut_or_refused(void **state)
{
	struct sluice_form form = {.framing = SLUICE_FRAMING_OCTET_COUNTED, .most = 64};
	struct sluice_framed framed;
	char expected[256], word[131];

	(void)state;
	memset(word, 'w', 130);
	word[130] = '\0';
	say("short");
	say(word);
	snprintf(expected, sizeof(expected), "5 short64 %.64s64 %.64s2 ww", word, word);
	becomes_in(form, expected, strlen(expected), &framed);
	assert_int_equal(framed.datagrams, 2);
	assert_int_equal(framed.split, 1);
	assert_int_equal(framed.pieces, 3);
	form.oversize = SLUICE_OVERSIZE_TRUNCATE;
	snprintf(expected, sizeof(expected), "5 short64 %.64s", word);
	becomes_in(form, expected, strlen(expected), &framed);
	assert_int_equal(framed.datagrams, 2);
	assert_int_equal(framed.truncated, 1);
	assert_int_equal(framed.split, 0);
	form.oversize = SLUICE_OVERSIZE_REFUSE;
	becomes_in(form, LITERAL("5 short"), &framed);
	assert_int_equal(framed.datagrams, 1);
	assert_int_equal(framed.unsent.oversized, 1);
	form.framing = SLUICE_FRAMING_RAW;
	becomes_in(form, LITERAL("short"), &framed);
	form.framing = SLUICE_FRAMING_LENGTH32;
	form.most = 130;
	assert_int_equal(sluice_framing_write(form, span, span_length, (uint8_t *)expected,
					      sizeof(expected), &framed),
			 0);
	assert_int_equal(framed.written, 4 + 5 + 4 + 130);
	assert_int_equal(framed.unsent.oversized, 0);
	form.most = 63;
	assert_int_equal(sluice_framing_write(form, span, span_length, (uint8_t *)expected,
					      sizeof(expected), &framed),
			 -EINVAL);
}

/* The limit is on the message as it leaves: escapes count, and none is cut in two. */
static void escapes_count_and_stay_whole(void **state)
{
	struct sluice_form form = {.framing = SLUICE_FRAMING_NEWLINE, .most = 64};
	struct sluice_framed framed;
	char expected[256], word[66];

	(void)state;
	memset(word, 'w', 65);
	word[62] = '\n';
	word[65] = '\0';
	say(word);
	snprintf(expected, sizeof(expected), "%.62s\n#012ww\n", word);
	becomes_in(form, expected, strlen(expected), &framed);
	assert_int_equal(framed.split, 1);
	assert_int_equal(framed.escaped, 1);
	span_length = 0;
	word[62] = 'w';
	word[60] = '\n';
	word[61] = '\0';
	say(word); /* ends with a newline, which is the frame's */
	word[60] = 'w';
	word[59] = '\n';
	say(word);
	snprintf(expected, sizeof(expected), "%.60s\n%.59s#012w\n", word, word);
	expected[59] = 'w';
	becomes_in(form, expected, strlen(expected), &framed);
	assert_int_equal(framed.split, 0);
	assert_int_equal(framed.escaped, 1);
}

/* Empty ones can be left out, and that is counted; a lone newline is an empty line. */
static void empty_datagrams_are_skipped_where_wished(void **state)
{
	struct sluice_form form = {.framing = SLUICE_FRAMING_NEWLINE, .empty = SLUICE_EMPTY_SKIP};
	struct sluice_framed framed;

	(void)state;
	say("a");
	say("");
	say("\n");
	becomes_in(form, LITERAL("a\n"), &framed);
	assert_int_equal(framed.unsent.skipped, 2);
	form.framing = SLUICE_FRAMING_LENGTH32;
	becomes_in(form, LITERAL("\0\0\0\1a\0\0\0\1\n"), &framed);
	assert_int_equal(framed.unsent.skipped, 1);
	form.framing = SLUICE_FRAMING_RAW;
	becomes_in(form, LITERAL("a\n"), &framed);
	assert_int_equal(framed.unsent.skipped, 1);
	assert_int_equal(framed.unsent.unsendable, 0);
}

/* Bytes that end a message or vanish there are escaped, refused or sent. */
static void bytes_that_a_receiver_cannot_bear(void **state)
{
	struct sluice_form form = {.framing = SLUICE_FRAMING_NEWLINE,
				   .hazards = SLUICE_HAZARD_NUL | SLUICE_HAZARD_CR};
	struct sluice_framed framed;

	(void)state;
	add(SLUICE_RECORD_DATA, LITERAL("a\0b"));
	say("c\rd\r\n");
	say("\r");
	say("\xff");
	becomes_in(form, LITERAL("a#000b\nc#015d\n#015\n\xff\n"), &framed);
	assert_int_equal(framed.escaped, 3);
	form.unsafe = SLUICE_UNSAFE_REFUSE;
	becomes_in(form, LITERAL("\xff\n"), &framed);
	assert_int_equal(framed.unsent.unsendable, 3);
	form.unsafe = SLUICE_UNSAFE_SEND;
	becomes_in(form, LITERAL("a\0b\nc\rd\n\r\n\xff\n"), &framed);
	assert_int_equal(framed.escaped + framed.unsent.unsendable, 0);
}

/* A line that would be taken for a count, or thrown away for want of a priority, gets one in front; so does each piece. */
static void messages_that_would_be_misread_get_a_priority(void **state)
{
	struct sluice_form form = {.framing = SLUICE_FRAMING_NEWLINE,
				   .hazards = SLUICE_HAZARD_DIGIT};
	struct sluice_framed framed;
	char expected[256], word[64];

	(void)state;
	say("2024-05-01");
	say("x2");
	say("");
	becomes_in(form, "<13>2024-05-01\nx2\n\n", 19, &framed);
	assert_int_equal(framed.escaped, 1);
	form.unsafe = SLUICE_UNSAFE_REFUSE;
	becomes_in(form, LITERAL("x2\n\n"), &framed);
	assert_int_equal(framed.unsent.unsendable, 1);
	span_length = 0;
	say("<191>a");
	say("b");
	say("<0>");
	form.hazards = SLUICE_HAZARD_NO_PRI;
	form.unsafe = SLUICE_UNSAFE_ESCAPE;
	form.framing = SLUICE_FRAMING_OCTET_COUNTED;
	becomes_in(form, LITERAL("6 <191>a5 <13>b3 <0>"), &framed);
	assert_int_equal(framed.escaped, 1);
	span_length = 0;
	memset(word, '7', 63);
	word[63] = '\0';
	say(word);
	form = (struct sluice_form){
		.framing = SLUICE_FRAMING_NEWLINE, .hazards = SLUICE_HAZARD_DIGIT, .most = 64};
	snprintf(expected, sizeof(expected), "<13>%.60s\n<13>777\n", word);
	becomes_in(form, expected, strlen(expected), &framed);
	assert_int_equal(framed.escaped, 2);
}

/* The worst that the smallest limit makes of the largest datagram fits the bound, too. */
static void the_worst_split_datagram_fits_the_bound(void **state)
{
	static const char *const worst[] = {"\n", "7\n\n", "x\n"};
	struct sluice_form form = {.framing = SLUICE_FRAMING_NEWLINE,
				   .most = SLUICE_DATAGRAM_LEAST,
				   .hazards = SLUICE_HAZARD_NO_PRI};
	uint8_t *out = malloc(SLUICE_FRAMING_RECORD_MAX), *bytes = malloc(SLUICE_PAYLOAD_MAX);
	struct sluice_framed framed;
	size_t choice, place;

	(void)state;
	assert_non_null(out);
	assert_non_null(bytes);
	for (choice = 0; choice < sizeof(worst) / sizeof(worst[0]); choice++) {
		for (place = 0; place < SLUICE_PAYLOAD_MAX; place++)
			bytes[place] = (uint8_t)worst[choice][place % strlen(worst[choice])];
		span_length = 0;
		add(SLUICE_RECORD_DATA, bytes, SLUICE_PAYLOAD_MAX);
		assert_int_equal(sluice_framing_write(form, span, span_length, out,
						      SLUICE_FRAMING_RECORD_MAX, &framed),
				 0);
		assert_int_equal(framed.datagrams, 1);
	}
	free(bytes);
	free(out);
}

/*
 * In every form, after a break at any byte: what does not go is counted once, whether before the break or after it, and no message
 * is longer than the limit.
 */
static void resuming_counts_what_does_not_go_once(void **state)
{
	struct sluice_unsent before;
	struct sluice_framed all, rest;
	uint8_t out[4096], again[4096];
	char word[200];
	uint64_t had, records;
	unsigned int choice;
	size_t resume;

	(void)state;
	memset(word, '\n', sizeof(word));
	memset(word, '8', 90);
	word[199] = '\0';
	say("");
	say("one");
	say(word);
	say("\r\n");
	say("<13>x");
	say("");
	add(SLUICE_RECORD_DATA, LITERAL("n\0l"));
	for (choice = 0; choice < 4 * 3 * 3 * 2 * 64; choice++) {
		const struct sluice_form form = {
			.framing = SLUICE_FRAMING_NEWLINE + choice % 4,
			.most = 64,
			.oversize = choice / 4 % 3,
			.unsafe = choice / 12 % 3,
			.empty = choice / 36 % 2,
			.hazards = choice / 72 % 64,
		};

		assert_int_equal(
			sluice_framing_write(form, span, span_length, out, sizeof(out), &all), 0);
		for (had = 0; had <= all.written; had += 1 + had / 7) {
			resume = sluice_framing_resume(form, span, span_length, had, &records,
						       &before);
			assert_int_equal(sluice_framing_write(form, span + resume,
							      span_length - resume, again,
							      sizeof(again), &rest),
					 0);
			assert_int_equal(rest.records + records, all.records);
			assert_memory_equal(out + all.written - rest.written, again, rest.written);
			assert_int_equal(before.oversized + rest.unsent.oversized,
					 all.unsent.oversized);
			assert_int_equal(before.skipped + rest.unsent.skipped, all.unsent.skipped);
			assert_int_equal(before.unsendable + rest.unsent.unsendable,
					 all.unsent.unsendable);
		}
		assert_int_equal(all.datagrams + sluice_unsent_sum(&all.unsent), 7);
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
		cmocka_unit_test_setup(damage_is_noticed, begin),
		cmocka_unit_test_setup(resuming_gives_every_datagram_once, begin),
		cmocka_unit_test_setup(a_long_datagram_is_split_cut_or_refused, begin),
		cmocka_unit_test_setup(escapes_count_and_stay_whole, begin),
		cmocka_unit_test_setup(empty_datagrams_are_skipped_where_wished, begin),
		cmocka_unit_test_setup(bytes_that_a_receiver_cannot_bear, begin),
		cmocka_unit_test_setup(messages_that_would_be_misread_get_a_priority, begin),
		cmocka_unit_test_setup(the_worst_split_datagram_fits_the_bound, begin),
		cmocka_unit_test_setup(resuming_counts_what_does_not_go_once, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
