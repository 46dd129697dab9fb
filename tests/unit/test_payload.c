// SPDX-License-Identifier: MIT
/*
 * Numbered payloads: every size comes back as it was written, no changed byte goes unnoticed where
 * the form has a CRC, nothing of ours can be taken for a line end, and other people's payloads are
 * left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sluice/record.h>
#include "bench/payload.h"

static uint8_t bytes[SLUICE_PAYLOAD_MAX];

/* What the form can hold of a number. */
static void assert_reads_back(size_t length, uint64_t run, uint32_t flow, uint64_t sequence)
{
	struct sluice_payload payload;

	sluice_payload_write(bytes, length, run, flow, sequence);
	sluice_payload_read(bytes, length, &payload);
	assert_int_equal(payload.form, sluice_payload_form(length));
	if (length >= 32) {
		assert_true(payload.run == run);
		assert_int_equal(payload.flow, flow);
		assert_true(payload.sequence == sequence);
	} else if (length >= 16) {
		assert_true(payload.run == (run & 0x3ffff));
		assert_int_equal(payload.flow, flow & 0xfff);
		assert_true(payload.sequence == sequence);
	} else if (length > 0) {
		assert_true(payload.sequence == (sequence & 63));
	}
	assert_null(memchr(bytes, '\n', length));
}

/* All small sizes, some large ones, the largest; the least and the greatest numbers. */
static void every_size_reads_back(void **state)
{
	static const size_t large[] = {1472, 8972, 65507, SLUICE_PAYLOAD_MAX};
	size_t length;

	(void)state;
	for (length = 0; length <= 300; length++) {
		assert_reads_back(length, 0, 0, 0);
		assert_reads_back(length, UINT64_MAX, SLUICE_PAYLOAD_FLOWS - 1,
				  SLUICE_PAYLOAD_SEQUENCES - 1);
		assert_reads_back(length, 0x0123456789abcdefULL, 77, 123456789);
	}
	for (length = 0; length < sizeof(large) / sizeof(large[0]); length++)
		assert_reads_back(large[length], 0x0123456789abcdefULL, 77, 123456789);
}

/* One changed byte anywhere in a FULL payload is always seen. A changed magic may make it somebody
 * else's. */
static void changed_bytes_are_seen(void **state)
{
	struct sluice_payload payload;
	size_t place;

	(void)state;
	sluice_payload_write(bytes, 200, 99, 5, 1000);
	for (place = 0; place < 200; place++) {
		int flip;

		for (flip = 1; flip < 256; flip++) {
			bytes[place] ^= (uint8_t)flip;
			sluice_payload_read(bytes, 200, &payload);
			assert_true(payload.form == SLUICE_PAYLOAD_DAMAGED ||
				    (place < 3 && payload.form == SLUICE_PAYLOAD_PLAIN));
			assert_true(payload.run == 0 && payload.sequence == 0);
			bytes[place] ^= (uint8_t)flip;
		}
	}
	sluice_payload_write(bytes, 20, 99, 5, 1000);
	for (place = 2; place < 20; place++) {
		bytes[place] ^= 1;
		sluice_payload_read(bytes, 20, &payload);
		assert_int_equal(payload.form, SLUICE_PAYLOAD_DAMAGED);
		bytes[place] ^= 1;
	}
}

/* Cut short or with bytes added: damaged, whatever the length is then. */
static void cut_and_stretched_are_seen(void **state)
{
	struct sluice_payload payload;
	size_t length;

	(void)state;
	sluice_payload_write(bytes, 200, 99, 5, 1000);
	for (length = 3; length < 300; length++) {
		if (length == 200)
			continue;
		sluice_payload_read(bytes, length, &payload);
		assert_int_equal(payload.form, SLUICE_PAYLOAD_DAMAGED);
	}
}

/* The same place of two datagrams in a row does not hold the same bytes. */
static void the_fill_moves(void **state)
{
	uint8_t before[1000];

	(void)state;
	sluice_payload_write(before, sizeof(before), 1, 1, 41);
	sluice_payload_write(bytes, sizeof(before), 1, 1, 42);
	assert_memory_not_equal(before + 32, bytes + 32, sizeof(before) - 32);
}

/* Syslog, iperf3's binary, anything: PLAIN. */
static void others_are_plain(void **state)
{
	const char *line = "<13>Nov 21 08:00:00 host anna: message 000001 of anna";
	struct sluice_payload payload;

	(void)state;
	sluice_payload_read((const uint8_t *)line, strlen(line), &payload);
	assert_int_equal(payload.form, SLUICE_PAYLOAD_PLAIN);
	memset(bytes, 0, 1000);
	sluice_payload_read(bytes, 1000, &payload);
	assert_int_equal(payload.form, SLUICE_PAYLOAD_PLAIN);
	sluice_payload_read(bytes, 3, &payload);
	assert_int_equal(payload.form, SLUICE_PAYLOAD_PLAIN);
	sluice_payload_read(NULL, 5, &payload);
	assert_int_equal(payload.form, SLUICE_PAYLOAD_PLAIN);
	sluice_payload_read(NULL, 0, &payload);
	assert_int_equal(payload.form, SLUICE_PAYLOAD_EMPTY);
	sluice_payload_write(NULL, 5, 0, 0, 0);
	sluice_payload_read(bytes, 5, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_reads_back),
		cmocka_unit_test(changed_bytes_are_seen),
		cmocka_unit_test(cut_and_stretched_are_seen),
		cmocka_unit_test(the_fill_moves),
		cmocka_unit_test(others_are_plain),
	};

	return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
