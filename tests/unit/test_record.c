// SPDX-License-Identifier: MIT
/*
 * Single records: what is written is read back; what cannot be a record is refused, whatever its
 * bytes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/record.h"

/* With and without an address block. */
static void a_record_is_read_as_written(void **state)
{
	uint8_t bytes[256] __attribute__((aligned(8))) = {0};
	struct sluice_record_view view;

	(void)state;
	sluice_record_write(bytes, 16 + 5, SLUICE_RECORD_DATA, 0, 0x1234, 0x1122334455667788ULL);
	memcpy(bytes + 16, "hello", sizeof("hello"));
	assert_int_equal(sluice_record_step(bytes, sizeof(bytes)), 24);
	assert_int_equal(sluice_record_read(bytes, sizeof(bytes), &view), 0);
	assert_int_equal(view.type, SLUICE_RECORD_DATA);
	assert_int_equal(view.input, 0x1234);
	assert_true(view.time_ns == 0x1122334455667788ULL);
	assert_int_equal(view.payload_length, 5);
	assert_int_equal(view.span, 24);
	assert_null(view.address);
	assert_memory_equal(view.payload, "hello", 5);
	/* The first bytes as the format says, on every machine. */
	assert_memory_equal(bytes, ((const uint8_t[]){21, 0, 0, 0, 1, 0, 0x34, 0x12, 0x88}), 9);

	sluice_record_write(bytes, 16 + 48 + 2, SLUICE_RECORD_DATA, SLUICE_RECORD_F_ADDRESS, 1, 2);
	assert_int_equal(sluice_record_read(bytes, sizeof(bytes), &view), 0);
	assert_ptr_equal(view.address, bytes + 16);
	assert_int_equal(view.payload_length, 2);
	assert_int_equal(view.span, 72);
}

/* Too short, too long, no room for its address block, no bytes at all. */
static void what_is_no_record_is_refused(void **state)
{
	uint8_t bytes[64] __attribute__((aligned(8))) = {0};
	struct sluice_record_view view;

	(void)state;
	assert_int_equal(sluice_record_step(NULL, 64), 0);
	assert_int_equal(sluice_record_read(bytes, sizeof(bytes), &view), -EPROTO);
	sluice_record_write(bytes, 15, SLUICE_RECORD_DATA, 0, 0, 0);
	assert_int_equal(sluice_record_read(bytes, sizeof(bytes), &view), -EPROTO);
	sluice_record_write(bytes, 65, SLUICE_RECORD_DATA, 0, 0, 0);
	assert_int_equal(sluice_record_read(bytes, sizeof(bytes), &view), -EPROTO);
	sluice_record_write(bytes, UINT32_MAX, SLUICE_RECORD_DATA, 0, 0, 0);
	assert_int_equal(sluice_record_read(bytes, sizeof(bytes), &view), -EPROTO);
	sluice_record_write(bytes, 63, SLUICE_RECORD_DATA, SLUICE_RECORD_F_ADDRESS, 0, 0);
	assert_int_equal(sluice_record_read(bytes, sizeof(bytes), &view), -EPROTO);
	sluice_record_write(bytes, 16, SLUICE_RECORD_DATA, 0, 0, 0);
	assert_int_equal(sluice_record_read(bytes, 15, &view), -EPROTO);
	assert_int_equal(sluice_record_read(bytes, 16, &view), 0);
	assert_int_equal(view.payload_length, 0);
}

/* 100,000 random headers: never a view beyond the bytes there are. */
static void random_bytes_stay_inside(void **state)
{
	uint8_t bytes[128] __attribute__((aligned(8)));
	struct sluice_record_view view;
	unsigned int round;
	size_t place;

	(void)state;
	srandom(5);
	for (round = 0; round < 100000; round++) {
		size_t available = (size_t)random() % sizeof(bytes);

		for (place = 0; place < sizeof(bytes); place++)
			bytes[place] = (uint8_t)random();
		bytes[1] = bytes[2] = bytes[3] = 0;
		if (sluice_record_read(bytes, available, &view))
			continue;
		assert_true(view.span <= available);
		assert_true(view.payload + view.payload_length <= bytes + available);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_as_written),
		cmocka_unit_test(what_is_no_record_is_refused),
		cmocka_unit_test(random_bytes_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
