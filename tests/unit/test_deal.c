// SPDX-License-Identifier: MIT
/*
 * Ports dealt to workers: every port is as many workers' as the width says, the first of them
 * among them, and whatever the distance of the ports, no worker gets much more than its part. And
 * sockets found by number among tens of thousands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>
#include "config/deal.h"
#include "daemon/source/socket_index.h"

#define PORTS 1000U
#define MANY 60000U

/* Few ports are all workers', many are one's, and in between the sockets together are bounded. */
static void test_width(void **state)
{
	size_t workers;
	uint64_t ports;

	(void)state;
	assert_int_equal(sluice_deal_width(0, 2), 2);
	assert_int_equal(sluice_deal_width(1, 2), 2);
	assert_int_equal(sluice_deal_width(512, 2), 2);
	assert_int_equal(sluice_deal_width(513, 2), 1);
	assert_int_equal(sluice_deal_width(100, 64), 10);
	assert_int_equal(sluice_deal_width(UINT64_MAX, 64), 1);
	for (workers = 1; workers <= 256; workers *= 2)
		for (ports = 1; ports <= 65535; ports += 97) {
			size_t width = sluice_deal_width(ports, workers);

			assert_in_range(width, 1, workers);
			assert_true(width == 1 || width * ports <= 1024);
		}
}

/* As many workers as the width have each port; a greater width adds some and takes none away. */
static void test_owners(void **state)
{
	size_t workers, worker, width, owners;
	unsigned int number;

	(void)state;
	for (workers = 1; workers <= 9; workers++)
		for (number = 0; number <= UINT16_MAX; number += 13)
			for (width = 1; width <= workers; width++) {
				owners = 0;
				for (worker = 0; worker < workers; worker++) {
					bool has = sluice_deal_has((uint16_t)number, worker,
								   workers, width);

					owners += has;
					assert_true(!has || width == workers ||
						    sluice_deal_has((uint16_t)number, worker,
								    workers, width + 1));
				}
				assert_int_equal(owners, width);
				assert_true(sluice_deal_has(
					(uint16_t)number,
					sluice_deal_first((uint16_t)number, workers), workers, 1));
			}
}

/* No worker has more than a third over its part, whether ports follow each other or stand apart. */
static void test_evenly(void **state)
{
	static const unsigned int distances[] = {1, 2, 3, 4, 5, 7, 8, 10, 16, 20, 32, 50, 60};
	size_t workers, worker, distance;
	unsigned int number, owned;

	(void)state;
	for (distance = 0; distance < sizeof(distances) / sizeof(distances[0]); distance++)
		for (workers = 2; workers <= 16; workers++)
			for (worker = 0; worker < workers; worker++) {
				owned = 0;
				for (number = 0; number < PORTS; number++)
					owned += sluice_deal_has(
						(uint16_t)(1024 + number * distances[distance]),
						worker, workers, 1);
				assert_in_range(owned, PORTS / workers * 2 / 3,
						PORTS / workers * 4 / 3 + 1);
			}
}

/* Makes a port bound to an address, or to any. */
static struct sluice_port *make_port(uint16_t number, uint8_t address)
{
	struct sluice_port *port = calloc(1, sizeof(*port));

	assert_non_null(port);
	port->key.family = AF_INET;
	port->key.port = number;
	port->key.address[0] = address;
	return port;
}

/* Among many each is found by its key, and by what covers it, as long as it is there. */
static void test_index(void **state)
{
	struct sluice_port_index index = {0};
	struct sluice_port *list = NULL, *port, *narrow;
	unsigned int number;

	(void)state;
	assert_int_equal(sluice_port_index_open(&index), 0);
	for (number = 1; number <= MANY; number++) {
		port = make_port((uint16_t)number, 0);
		port->next = list;
		list = port;
	}
	assert_false(sluice_port_index_has(&index, 1));
	sluice_port_index_add_all(&index, list);
	for (port = list; port; port = port->next)
		assert_ptr_equal(sluice_port_index_find(&index, &port->key), port);
	assert_false(sluice_port_index_has(&index, MANY + 1));

	narrow = make_port(77, 10);
	assert_null(sluice_port_index_find(&index, &narrow->key));
	assert_int_equal(sluice_port_index_cover(&index, narrow, false)->key.port, 77);
	assert_null(sluice_port_index_cover(&index, narrow, true));
	sluice_port_index_add(&index, narrow);
	assert_ptr_equal(sluice_port_index_find(&index, &narrow->key), narrow);
	narrow->closing = true;
	assert_null(sluice_port_index_find(&index, &narrow->key));
	sluice_port_index_remove(&index, narrow);
	/* What is not in it is taken out of nothing. */
	sluice_port_index_remove(&index, narrow);
	assert_true(sluice_port_index_has(&index, 77));
	sluice_port_index_remove_all(&index, list);
	for (number = 0; number <= UINT16_MAX; number++)
		assert_false(sluice_port_index_has(&index, (uint16_t)number));
	free(narrow);
	while ((port = list)) {
		list = port->next;
		free(port);
	}
	sluice_port_index_close(&index);
	sluice_port_index_close(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_evenly),
		cmocka_unit_test(test_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
