// SPDX-License-Identifier: MIT
/*
 * Cutting a TCP stream into records (daemon/source/inlet_cutter.h): however the bytes come in, the
 * same records come out; what is too long is cut, what is not the framing is said to be.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/source/inlet_cutter.h"

/* Cuts `text`, fed in pieces of `step` bytes, and writes the records to `out`, one after the other,
 * each with "|" behind it, "~|" if it was cut. Returns how it ended: 0 or -EPROTO. */
static int cut(enum sluice_cutting framing, const char *text, size_t length, size_t step, char *out)
{
	struct sluice_inlet_cutter cutter;
	struct sluice_inlet_item item;
	size_t at = 0, part, room;
	uint8_t *bytes;
	int result = 0;

	*out = '\0';
	sluice_inlet_cutter_begin(&cutter, framing, 5);
	while (!result && at <= length) {
		part = length - at < step ? length - at : step;
		bytes = sluice_inlet_cutter_room(&cutter, &room);
		assert_non_null(bytes);
		assert_true(room >= part);
		memcpy(bytes, text + at, part);
		sluice_inlet_cutter_fed(&cutter, part);
		at += part;
		while ((result = sluice_inlet_cutter_look(&cutter, at == length, &item)) == 1) {
			assert_true(item.length <= 5);
			strncat(out, (const char *)item.bytes, item.length);
			strncat(out, item.is_cut ? "~|" : "|", 2);
			sluice_inlet_cutter_take(&cutter, &item);
		}
		if (at == length)
			break;
	}
	sluice_inlet_cutter_free(&cutter);
	return result;
}

/* The same in pieces of every size. */
static void expect_cut(enum sluice_cutting framing, const char *text, size_t length,
		       const char *wanted, int end)
{
	char out[256];
	size_t step;

	for (step = 1; step <= length; step++) {
		assert_int_equal(cut(framing, text, length, step, out), end);
		assert_string_equal(out, wanted);
	}
}

/* Lines: empty ones, long ones, the last one without an end. */
static void test_lines(void **state)
{
	(void)state;
	expect_cut(SLUICE_CUTTING_NEWLINE, "one\n\nthree\nx", 12, "one||three|x|", 0);
	expect_cut(SLUICE_CUTTING_NEWLINE, "abcdefghij\nnext\n", 16, "abcde~|next|", 0);
	expect_cut(SLUICE_CUTTING_NEWLINE, "abcdef", 6, "abcde~|", 0);
}

/* Octet-counted messages, also such as are none. */
static void test_messages(void **state)
{
	(void)state;
	expect_cut(SLUICE_CUTTING_COUNTED, "3 one0 5 three", 14, "one||three|", 0);
	expect_cut(SLUICE_CUTTING_COUNTED, "8 abcdefgh1 x", 13, "abcde~|x|", 0);
	expect_cut(SLUICE_CUTTING_COUNTED, "4 fo", 4, "", 0);
	expect_cut(SLUICE_CUTTING_COUNTED, "1 ax", 4, "a|", -EPROTO);
	expect_cut(SLUICE_CUTTING_COUNTED, "03 one", 6, "", -EPROTO);
	expect_cut(SLUICE_CUTTING_COUNTED, "99999999999 ", 12, "", -EPROTO);
}

/* Lengths of 4 bytes. */
static void test_lengths(void **state)
{
	(void)state;
	expect_cut(SLUICE_CUTTING_LENGTH32, "\0\0\0\3one\0\0\0\0\0\0\0\5three", 20, "one||three|",
		   0);
	expect_cut(SLUICE_CUTTING_LENGTH32, "\0\0\0\7abcdefg\0\0\0\1x", 16, "abcde~|x|", 0);
	expect_cut(SLUICE_CUTTING_LENGTH32, "\377\377\377\377abc", 7, "", -EPROTO);
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
