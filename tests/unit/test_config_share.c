// SPDX-License-Identifier: MIT
/*
 * The memory is shared over the rings that there are: one for each CPU, or for each worker that
 * has sockets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "config/check.h"
#include "guid.h"

/* Parses a text that must be right. @owner caller */
static struct sluice_config *parse_good(const char *text)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;

	assert_int_equal(sluice_config_parse(text, strlen(text), "x", &config, &findings), 0);
	sluice_findings_free(&findings);
	return config;
}

/* Who has fewer rings has larger ones: a route that few workers have sockets for, or can deliver.
 */
static void memory_is_shared_by_who_fills_it(void **state)
{
	struct sluice_config *config = parse_good("inputs:\n"
						  "  - {name: few, port: 1, outputs: a}\n"
						  "  - {name: module, port: 2, outputs: b}\n"
						  "  - {name: sockets, port: 3, outputs: b}\n"
						  "  - {name: one, port: 4, outputs: c}\n"
						  "outputs:\n"
						  "  - {name: a, to: 'x:1', batch: {bytes: 4m}}\n"
						  "  - {name: b, to: 'x:2'}\n"
						  "  - {name: c, to: 'x:3', connections: 1}\n"
						  "store: {memory: {size: 24m}}\n");
	static const size_t spread[] = {2, 0, 8, 8}, none[4];
	struct sluice_config_route *routes;
	sluice_guid before, shared;
	size_t count;

	(void)state;
	assert_int_equal(sluice_config_routes(config, 8, &routes, &count), 0);
	assert_int_equal(count, 3);
	sluice_guid_copy(before, routes[0].id);
	/* Nobody has sockets: each of the routes has a ring for each CPU. */
	assert_int_equal(sluice_config_share(config, 8, none, routes, count), 0);
	assert_int_equal(routes[0].ring_size, 1 << 20);
	assert_int_equal(routes[0].spread, 0);
	assert_memory_equal(routes[0].id, before, sizeof(before));
	assert_int_equal(sluice_config_share(config, 8, spread, routes, count), 0);
	assert_int_equal(routes[0].ring_size, 4 << 20);
	assert_int_equal(routes[0].watermark, 1 << 20);
	assert_int_equal(routes[0].spread, 2);
	assert_memory_not_equal(routes[0].id, before, sizeof(before));
	/* The module fills one for each CPU, whoever else does. */
	assert_int_equal(routes[1].ring_size, 1 << 20);
	assert_int_equal(routes[1].spread, 8);
	assert_int_equal(routes[2].ring_size, 8 << 20);
	assert_int_equal(routes[2].spread, 1);
	/* The same way gives the same GUID. */
	sluice_guid_copy(shared, routes[0].id);
	assert_int_equal(sluice_config_share(config, 8, spread, routes, count), 0);
	assert_memory_equal(routes[0].id, shared, sizeof(shared));
	assert_int_equal(sluice_config_share(config, 0, spread, routes, count), -EINVAL);
	sluice_config_routes_free(routes, count);
	sluice_config_free(config);
}

/* One worker of four reads, one at least, or as many as are wished. */
static void few_workers_read(void **state)
{
	struct sluice_config config = {0};

	(void)state;
	assert_int_equal(sluice_config_readers(&config, 1), 1);
	assert_int_equal(sluice_config_readers(&config, 4), 1);
	assert_int_equal(sluice_config_readers(&config, 5), 2);
	assert_int_equal(sluice_config_callers(&config, 1), 1);
	assert_int_equal(sluice_config_callers(&config, 2), 1);
	assert_int_equal(sluice_config_callers(&config, 3), 2);
	assert_int_equal(sluice_config_callers(&config, 8), 4);
	config.socket_readers = 3;
	assert_int_equal(sluice_config_readers(&config, 2), 2);
	assert_int_equal(sluice_config_readers(&config, 64), 3);
	assert_int_equal(sluice_config_callers(&config, 64), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_shared_by_who_fills_it),
		cmocka_unit_test(few_workers_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
