// SPDX-License-Identifier: MIT
/*
 * What waits for room in a stream comes out as it went in, in order, whatever its size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../userd/daemon/source/socket_bpf_hold.h"

#define HEADER ((uint32_t)sizeof(struct udphdr))
#define LARGEST 65535U
#define MANY 3000U

/* An entry with `payload` bytes. It has room for the largest. */
static void make(struct sluice_socket_entry *entry, uint32_t number, uint32_t payload)
{
	memset(entry, 0, sizeof(*entry));
	entry->ticket = number;
	entry->length = HEADER + payload;
	memset(entry + 1, (int)(number % 251), payload);
}

/* Is `entry` what make() makes? */
static void assert_made(const struct sluice_socket_entry *entry, uint32_t number, uint32_t payload)
{
	const uint8_t *bytes = (const uint8_t *)(entry + 1);
	uint32_t place;

	assert_non_null(entry);
	assert_int_equal((uintptr_t)entry % 8, 0);
	assert_int_equal(entry->ticket, number);
	assert_int_equal(entry->length, HEADER + payload);
	for (place = 0; place < payload; place++)
		assert_int_equal(bytes[place], number % 251);
}

/* How large the payload of each is: empty, small, and the largest. */
static uint32_t payload_of(uint32_t number)
{
	static const uint32_t sizes[] = {0, 1, 200, 1472, 9000, LARGEST - HEADER};

	return sizes[number % (sizeof(sizes) / sizeof(sizes[0]))];
}

/* In and out, at different paces. */
static void order_is_kept(void **state)
{
	struct sluice_socket_entry *entry = malloc(sizeof(*entry) + LARGEST);
	struct sluice_socket_hold *hold = sluice_socket_hold_create(NULL);
	uint32_t in = 0, out = 0, turn;
	size_t bytes = 0;

	(void)state;
	assert_non_null(entry);
	assert_non_null(hold);
	assert_null(sluice_socket_hold_first(hold));
	assert_int_equal(sluice_socket_hold_drop(hold), 0);
	/* Three in, two out, until all were in. */
	for (turn = 0; out < MANY; turn++) {
		if (turn % 5 < 3 && in < MANY) {
			make(entry, in, payload_of(in));
			assert_int_equal(sluice_socket_hold_put(hold, entry), 0);
			in++;
			assert_true(hold->bytes > bytes);
			bytes = hold->bytes;
		} else {
			assert_made(sluice_socket_hold_first(hold), out, payload_of(out));
			bytes -= sluice_socket_hold_drop(hold);
			out++;
			assert_int_equal(hold->bytes, bytes);
			assert_int_equal(sluice_socket_hold_datagrams(hold), in - out);
		}
	}
	assert_int_equal(hold->bytes, 0);
	assert_null(sluice_socket_hold_first(hold));
	sluice_socket_hold_free(hold);
	free(entry);
}

/* Those that came together are as many as they were. */
static void joined_ones_are_counted(void **state)
{
	struct sluice_socket_entry *entry = malloc(sizeof(*entry) + LARGEST);
	struct sluice_socket_hold *hold = sluice_socket_hold_create(NULL);

	(void)state;
	assert_non_null(entry);
	assert_non_null(hold);
	make(entry, 1, 1000);
	entry->segment = 300;
	assert_int_equal(sluice_socket_entry_datagrams(entry), 4);
	assert_int_equal(sluice_socket_hold_put(hold, entry), 0);
	make(entry, 2, 0);
	assert_int_equal(sluice_socket_hold_put(hold, entry), 0);
	assert_int_equal(sluice_socket_hold_datagrams(hold), 5);
	sluice_socket_hold_free(hold);
	sluice_socket_hold_free(NULL);
	free(entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(joined_ones_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
