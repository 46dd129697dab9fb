// SPDX-License-Identifier: MIT
/*
 * A stream that two outputs feed from, and a module that wakes its worker: who hears of what is
 * new. The ring is a memfd, what the module would do is done by the test. Of outputs there is only
 * what the stream looks at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "daemon/output/output.h"
#include "daemon/stream/stream.h"
#include "ring_helper.h"

#define OUTPUTS 2U

static const uint8_t guids[OUTPUTS][SLUICE_GUID_SIZE] = {{1}, {2}};

/* A stream with a feeder for each of two outputs. */
struct bed {
	struct sluice_stream *stream;
	struct sluice_output outputs[OUTPUTS];
	struct sluice_carrier carrier;
	uint64_t id; /* of what was taken last */
};

/* The stream has something for an output. */
static void look(void *output)
{
	((struct sluice_output *)output)->group.has_work = true;
}

static const struct sluice_feeder_user user = {.look = look};

/* Makes one whose outputs have nothing to do. */
static struct bed *make(void)
{
	static const struct sluice_config_route route = {.name = "route"};
	static struct bed bed;
	struct sluice_ring ring;
	size_t number;

	memset(&bed, 0, sizeof(bed));
	make_ring(&ring);
	assert_int_equal(sluice_stream_create(&ring, -1, &route, guids, OUTPUTS, SLUICE_SOURCE_KMOD,
					      0, &bed.stream),
			 0);
	for (number = 0; number < OUTPUTS; number++) {
		bed.stream->feeders[number]->output = &bed.outputs[number];
		bed.stream->feeders[number]->user = &user;
	}
	return &bed;
}

/* The output takes all there is. */
static void take(struct bed *bed, size_t number)
{
	bool again;

	assert_non_null(sluice_feeder_take(bed->stream->feeders[number], SLUICE_RING_SIZE_MIN,
					   &bed->carrier, &bed->id, &again));
	bed->outputs[number].group.has_work = false;
}

/*
 * An output that looks by itself, because a receiver acknowledged or came back, takes what the
 * module has not told of yet, and never will tell of, as it was noticed: the other one gets it too.
 */
static void what_one_output_notices_the_other_hears_of(void **state)
{
	struct bed *bed = make();
	struct sluice_stream *stream = bed->stream;

	(void)state;
	assert_true(store(&stream->ring, 100, 1));
	take(bed, 0);
	assert_true(sluice_stream_release(stream, 1));
	/* The module stays quiet up to here. */
	assert_int_equal(stream->ring.consumer->seen, sluice_ring_head(&stream->ring));
	assert_false(bed->outputs[0].group.has_work);
	assert_true(bed->outputs[1].group.has_work);
	take(bed, 1);
	assert_false(sluice_stream_release(stream, 2));
	assert_false(bed->outputs[0].group.has_work);
	assert_false(bed->outputs[1].group.has_work);
	sluice_stream_destroy(stream);
}

/* What the module told of, all outputs know: taking it wakes nobody, or idle ones would spin. */
static void what_was_told_of_wakes_nobody_again(void **state)
{
	struct bed *bed = make();
	struct sluice_stream *stream = bed->stream;

	(void)state;
	assert_true(store(&stream->ring, 100, 1));
	sluice_stream_notify(stream);
	assert_true(bed->outputs[0].group.has_work && bed->outputs[1].group.has_work);
	bed->outputs[1].group.has_work = false; /* its receiver is away */
	take(bed, 0);
	assert_false(sluice_stream_release(stream, 1));
	assert_false(bed->outputs[1].group.has_work);
	sluice_stream_destroy(stream);
}

/*
 * After a kill a receiver says that it has all of it. The output looks only later, because it may
 * send nothing now, and finds nothing to send: the ring is let go then, though nothing comes and
 * nothing is acknowledged any more.
 */
static void what_need_not_be_sent_again_is_let_go(void **state)
{
	struct bed *bed = make();
	struct sluice_stream *stream = bed->stream;
	uint64_t head;
	size_t number;
	bool again;

	(void)state;
	assert_true(store(&stream->ring, 100, 1));
	head = sluice_ring_head(&stream->ring);
	for (number = 0; number < OUTPUTS; number++)
		(void)sluice_feeder_acknowledge(stream->feeders[number], 0, head, true);
	stream->moved = true;
	(void)sluice_stream_release(stream, 1);
	assert_false(stream->moved);
	for (number = 0; number < OUTPUTS; number++)
		assert_null(sluice_feeder_take(stream->feeders[number], SLUICE_RING_SIZE_MIN,
					       &bed->carrier, &bed->id, &again));
	/* The worker looks at what has moved. */
	if (stream->moved)
		(void)sluice_stream_release(stream, 2);
	assert_int_equal(sluice_ring_tail(&stream->ring), head);
	sluice_stream_destroy(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_output_notices_the_other_hears_of),
		cmocka_unit_test(what_was_told_of_wakes_nobody_again),
		cmocka_unit_test(what_need_not_be_sent_again_is_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
