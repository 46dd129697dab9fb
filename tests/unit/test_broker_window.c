// SPDX-License-Identifier: MIT
/*
 * The window of messages that a server has not acknowledged (broker/window.h): acknowledgements in
 * any order, what goes again, and room, against a plain list that knows what must be.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/broker/window.h"

/* A token for message `number`. */
static const void *token_of(uint64_t number)
{
	return (const void *)(uintptr_t)(0x7f0000000000ULL + 64 * (number + 1));
}

/* What is acknowledged out of order is a range behind the first one that is not. @context process
 */
static void acknowledgements_come_in_any_order(void **state)
{
	static struct sluice_window window;
	struct sluice_flight *flights[4];
	size_t number;

	(void)state;
	sluice_window_clear(&window);
	for (number = 0; number < 4; number++) {
		flights[number] = sluice_window_add(&window, 100);
		sluice_window_name(&window, flights[number], token_of(number), 1);
	}
	assert_ptr_equal(sluice_window_find(&window, token_of(2)), flights[2]);
	sluice_window_finish(&window, flights[2]);
	assert_int_equal(window.first, 0);
	assert_null(sluice_window_find(&window, token_of(2)));
	sluice_window_finish(&window, flights[0]);
	assert_int_equal(window.first, 1);
	sluice_window_finish(&window, flights[1]);
	assert_int_equal(window.first, 3);
	assert_int_equal(window.bytes, 100);
	assert_ptr_equal(sluice_window_find(&window, token_of(3)), flights[3]);
	assert_null(sluice_window_find(&window, NULL));
}

/* What is to go again goes when its time has come, the oldest first, under another name. @context
 * process */
static void again_when_its_time_has_come(void **state)
{
	static struct sluice_window window;
	struct sluice_flight *one, *two;
	uint64_t next = 1000;

	(void)state;
	sluice_window_clear(&window);
	one = sluice_window_add(&window, 1);
	two = sluice_window_add(&window, 1);
	sluice_window_name(&window, one, token_of(1), 1);
	sluice_window_name(&window, two, token_of(2), 1);
	sluice_window_again(&window, two, 50);
	sluice_window_again(&window, one, 60);
	assert_null(sluice_window_find(&window, token_of(1)));
	assert_null(sluice_window_due(&window, 40, &next));
	assert_int_equal(next, 50);
	assert_ptr_equal(sluice_window_due(&window, 70, &next), one);
	sluice_window_name(&window, one, token_of(3), 70);
	assert_ptr_equal(sluice_window_due(&window, 70, &next), two);
	assert_ptr_equal(sluice_window_find(&window, token_of(3)), one);
	sluice_window_finish(&window, one);
	sluice_window_finish(&window, two);
	assert_int_equal(window.again, 0);
	assert_int_equal(window.first, window.next);
}

/* It is full by number and by bytes; one message always has room. @context process */
static void room_ends(void **state)
{
	static struct sluice_window window;
	size_t number;

	(void)state;
	sluice_window_clear(&window);
	assert_true(sluice_window_has_room(&window, (size_t)2 * SLUICE_WINDOW_BYTES));
	(void)sluice_window_add(&window, SLUICE_WINDOW_BYTES - 10);
	assert_true(sluice_window_has_room(&window, 10));
	assert_false(sluice_window_has_room(&window, 11));
	sluice_window_clear(&window);
	for (number = 0; number < SLUICE_WINDOW_MESSAGES; number++) {
		assert_true(sluice_window_has_room(&window, 1));
		sluice_window_name(&window, sluice_window_add(&window, 1), token_of(number), 1);
	}
	assert_false(sluice_window_has_room(&window, 1));
	for (number = SLUICE_WINDOW_MESSAGES; number-- > 0;) {
		struct sluice_flight *flight = sluice_window_find(&window, token_of(number));

		assert_non_null(flight);
		sluice_window_finish(&window, flight);
		assert_int_equal(window.first, number ? 0 : SLUICE_WINDOW_MESSAGES);
	}
	assert_int_equal(window.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acknowledgements_come_in_any_order),
		cmocka_unit_test(again_when_its_time_has_come),
		cmocka_unit_test(room_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
