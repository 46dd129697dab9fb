// SPDX-License-Identifier: MIT
/*
 * The plain framings, for receivers that do not take everything: what is too long, empty, or holds
 * bytes that break them.
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
#include "daemon/link/framing.h"
#include "span_helper.h"

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

/* What is longer than the receiver takes goes in pieces, each a message of its own, or without its
 * end, or not at all. */
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

/* A line that would be taken for a count, or thrown away for want of a priority, gets one in front;
 * so does each piece. */
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
 * In every form, after a break at any byte: what does not go is counted once, whether before the
 * break or after it, and no message is longer than the limit.
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
