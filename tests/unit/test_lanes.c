// SPDX-License-Identifier: MIT
/*
 * Feeders for destinations that a change adds to a stream: when the change fails, they go again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/engine/inner.h"
#include "ring_helper.h"

#define LANES 3

/* A change adds two destinations and fails: the stream and its ring are as before. */
static void what_a_failed_change_added_goes(void **state)
{
	static const size_t outputs[LANES] = {0, 1, 2};
	static uint8_t guids[LANES][SLUICE_GUID_SIZE] = {{1}, {2}, {3}};
	struct sluice_config_output list[LANES] = {
		{.name = "one"}, {.name = "two"}, {.name = "three"}};
	struct sluice_config config = {.outputs = list, .output_count = LANES};
	struct sluice_config_route route = {.output_count = LANES, .outputs = (size_t *)outputs};
	struct sluice_source_plan plan = {.config = &config, .routes = &route, .route_count = 1};
	struct sluice_placed_stream placed = {0};
	struct sluice_engine engine = {.streams = {.list = &placed, .count = 1, .room = 1}};
	struct sluice_worker *worker = calloc(1, sizeof(*worker));
	const struct sluice_ring_cursor *cursors;
	struct sluice_stream *stream;
	struct sluice_ring ring;
	size_t number;

	(void)state;
	for (number = 0; number < LANES; number++)
		memcpy(list[number].id, guids[number], SLUICE_GUID_SIZE);
	make_ring(&ring);
	assert_int_equal(sluice_stream_create(&ring, -1, &route,
					      (const uint8_t(*)[SLUICE_GUID_SIZE])guids, 1,
					      SLUICE_SOURCE_SOCKET, 0, &stream),
			 0);
	/* The one that is there has an output. */
	stream->feeders[0]->output = (struct sluice_output *)worker;
	placed.stream = stream;
	placed.worker = worker;
	assert_int_equal(sluice_lanes_add(&engine, &config, &plan, worker), 0);
	assert_int_equal(stream->feeder_count, LANES);
	sluice_lanes_drop(&engine, worker);
	assert_int_equal(stream->feeder_count, 1);
	assert_memory_equal(stream->outputs[0], guids[0], SLUICE_GUID_SIZE);
	cursors = stream->ring.consumer->cursor;
	for (number = 1; number < LANES; number++)
		assert_memory_not_equal(cursors[number].output, guids[number], SLUICE_GUID_SIZE);
	stream->feeders[0]->output = NULL;
	sluice_stream_destroy(stream);
	free(worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_failed_change_added_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
