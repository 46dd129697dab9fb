// SPDX-License-Identifier: MIT
/* What the first bytes of a connection are, and what a sink that was told another framing makes of
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "bench/recognition.h"

#define BYTES(text) text, sizeof(text) - 1

/* First bytes, and what they are when more may come, and when none will. */
static const struct {
	const char *bytes;
	size_t length;
	enum sluice_recognition coming;
	enum sluice_recognition ended;
} beginnings[] = {
	{BYTES(""), SLUICE_RECOGNITION_OPEN, SLUICE_RECOGNITION_UNKNOWN},
	{BYTES("SLU1"), SLUICE_RECOGNITION_NATIVE, SLUICE_RECOGNITION_NATIVE},
	{BYTES("SLU"), SLUICE_RECOGNITION_OPEN, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("SLUICE is a word\n"), SLUICE_RECOGNITION_NEWLINE, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("5 hello"), SLUICE_RECOGNITION_OCTET_COUNTED, SLUICE_RECOGNITION_OCTET_COUNTED},
	{BYTES("65507 x"), SLUICE_RECOGNITION_OCTET_COUNTED, SLUICE_RECOGNITION_OCTET_COUNTED},
	{BYTES("65507"), SLUICE_RECOGNITION_OPEN, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("0 "), SLUICE_RECOGNITION_OCTET_COUNTED, SLUICE_RECOGNITION_OCTET_COUNTED},
	{BYTES("00 "), SLUICE_RECOGNITION_NEWLINE, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("99999 is more than a datagram"), SLUICE_RECOGNITION_NEWLINE,
	 SLUICE_RECOGNITION_NEWLINE},
	{BYTES("1234567890 "), SLUICE_RECOGNITION_NEWLINE, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("2024-05-01 bravo\n"), SLUICE_RECOGNITION_NEWLINE, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("1 o"), SLUICE_RECOGNITION_OPEN, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("1 open 85 relp_version=0\n"), SLUICE_RECOGNITION_RELP, SLUICE_RECOGNITION_RELP},
	{BYTES("1 x1 y"), SLUICE_RECOGNITION_OCTET_COUNTED, SLUICE_RECOGNITION_OCTET_COUNTED},
	{BYTES("<13>line"), SLUICE_RECOGNITION_NEWLINE, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("\xc3\xa4\n"), SLUICE_RECOGNITION_NEWLINE, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("\0\0\1\2abc"), SLUICE_RECOGNITION_LENGTH32, SLUICE_RECOGNITION_LENGTH32},
	{BYTES("\0"), SLUICE_RECOGNITION_OPEN, SLUICE_RECOGNITION_UNKNOWN},
	{BYTES("\x4d\x3c\xb2\xa1"), SLUICE_RECOGNITION_PCAP, SLUICE_RECOGNITION_PCAP},
	{BYTES("\x0a\x0d\x0d\x0a"), SLUICE_RECOGNITION_PCAP, SLUICE_RECOGNITION_PCAP},
	{BYTES("\n"), SLUICE_RECOGNITION_OPEN, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("\n\nline\n"), SLUICE_RECOGNITION_NEWLINE, SLUICE_RECOGNITION_NEWLINE},
	{BYTES("\x16\x03\x01"), SLUICE_RECOGNITION_TLS, SLUICE_RECOGNITION_TLS},
	{BYTES("\x01\x02\x03\x04"), SLUICE_RECOGNITION_UNKNOWN, SLUICE_RECOGNITION_UNKNOWN},
};

#define BEGINNINGS (sizeof(beginnings) / sizeof(beginnings[0]))

/* Each beginning is what it is, and every shorter part of it is that or still open. */
static void each_beginning(void **state)
{
	size_t number;
	size_t length;

	(void)state;
	for (number = 0; number < BEGINNINGS; number++) {
		const uint8_t *bytes = (const uint8_t *)beginnings[number].bytes;

		assert_int_equal(sluice_recognise(bytes, beginnings[number].length, false),
				 beginnings[number].coming);
		assert_int_equal(sluice_recognise(bytes, beginnings[number].length, true),
				 beginnings[number].ended);
		for (length = 0; length < beginnings[number].length; length++) {
			enum sluice_recognition part = sluice_recognise(bytes, length, false);

			assert_true(part == SLUICE_RECOGNITION_OPEN ||
				    part == beginnings[number].coming);
		}
	}
}

/* As many bytes as are looked at are always enough. */
static void enough_bytes_decide(void **state)
{
	uint8_t bytes[SLUICE_RECOGNITION_BYTES];
	unsigned int value;

	(void)state;
	for (value = 0; value < 256; value++) {
		memset(bytes, (int)value, sizeof(bytes));
		assert_int_not_equal(sluice_recognise(bytes, sizeof(bytes), false),
				     SLUICE_RECOGNITION_OPEN);
	}
}

/* What a sink reads has its framing, and contradicts the others; any text may be lines. */
static void contradictions(void **state)
{
	enum sluice_decoder_framing framing = SLUICE_DECODER_LENGTH32;

	(void)state;
	assert_true(sluice_recognition_framing(SLUICE_RECOGNITION_NATIVE, &framing));
	assert_int_equal(framing, SLUICE_DECODER_NATIVE);
	assert_false(sluice_recognition_framing(SLUICE_RECOGNITION_PCAP, &framing));
	assert_false(sluice_recognition_framing(SLUICE_RECOGNITION_RELP, &framing));
	assert_true(sluice_recognition_contradicts(SLUICE_RECOGNITION_OCTET_COUNTED,
						   SLUICE_DECODER_NATIVE));
	assert_true(
		sluice_recognition_contradicts(SLUICE_RECOGNITION_NATIVE, SLUICE_DECODER_NEWLINE));
	assert_false(
		sluice_recognition_contradicts(SLUICE_RECOGNITION_NATIVE, SLUICE_DECODER_NATIVE));
	assert_false(sluice_recognition_contradicts(SLUICE_RECOGNITION_OCTET_COUNTED,
						    SLUICE_DECODER_NEWLINE));
	assert_false(
		sluice_recognition_contradicts(SLUICE_RECOGNITION_UNKNOWN, SLUICE_DECODER_NEWLINE));
	assert_true(sluice_recognition_contradicts(SLUICE_RECOGNITION_UNKNOWN,
						   SLUICE_DECODER_OCTET_COUNTED));
	assert_string_equal(sluice_recognition_name(SLUICE_RECOGNITION_OCTET_COUNTED),
			    "octet-counted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_beginning),
		cmocka_unit_test(enough_bytes_decide),
		cmocka_unit_test(contradictions),
	};

	return cmocka_run_group_tests_name("recognition", tests, NULL, NULL);
}
