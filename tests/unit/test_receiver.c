// SPDX-License-Identifier: MIT
/*
 * libsluice's receiver: each record once over any number of connections and lives, nothing
 * acknowledged that was not kept, and what is no frame of a relay is refused without harm.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sluice/receiver.h>
#include "lib/ranges.h"
#include "stream_builder.h"

#define RECORDS 300U

static const uint8_t output[16] = {0xaa, 1};

/* What the program under the receiver has. */
struct program {
	struct sluice_receiver *receiver;
	uint64_t next;	 /* number of the datagram that comes next */
	uint64_t taken;	 /* records of any type */
	uint64_t refuse; /* refuses this record, counted from 1; 0: none */
	uint64_t full;	 /* has no room for this one at first; 0: none */
	uint64_t addresses;
	uint64_t lost;
	struct sluice_receiver_range kept[8]; /* what it would have on its disk */
	size_t kept_count;
};

/* Takes a record: datagrams are those of the builder, each once, in order. */
static int take(void *context, const struct sluice_receiver_record *record)
{
	struct program *program = context;
	struct sluice_payload payload;

	if (program->refuse && program->taken + 1 == program->refuse) {
		program->refuse = 0;
		return -EIO;
	}
	if (program->full && program->taken + 1 == program->full) {
		program->full = 0;
		return -EAGAIN;
	}
	program->taken++;
	assert_memory_equal(record->output, output, 16);
	assert_true(record->end > record->offset);
	if (record->type == SLUICE_RECEIVER_GAP) {
		program->lost += record->lost;
		assert_int_equal(record->cause, SLUICE_LOST_RING_FULL);
		return 0;
	}
	sluice_payload_read(record->payload, record->length, &payload);
	assert_int_equal(payload.sequence, program->next++);
	program->addresses += record->address != NULL;
	return 0;
}

/* A new life of the program: a receiver that has what was kept. */
static void live(struct program *program)
{
	size_t index;

	assert_int_equal(sluice_receiver_open(&program->receiver, take, program), 0);
	for (index = 0; index < program->kept_count; index++)
		assert_int_equal(sluice_receiver_restore(program->receiver, &program->kept[index]),
				 0);
}

/* Keeps a range. */
static int keep_range(void *context, const struct sluice_receiver_range *range)
{
	struct program *program = context;

	assert_true(program->kept_count < sizeof(program->kept) / sizeof(program->kept[0]));
	program->kept[program->kept_count++] = *range;
	return 0;
}

/* Keeps all that has been received. */
static void keep(struct program *program)
{
	program->kept_count = 0;
	assert_int_equal(sluice_receiver_ranges(program->receiver, keep_range, program), 0);
}

/* Ends the life. */
static void die(struct program *program)
{
	sluice_receiver_close(program->receiver);
	program->receiver = NULL;
}

/* A new connection. @owner caller */
static struct sluice_receiver_link *connect_to(const struct program *program)
{
	struct sluice_receiver_link *link = NULL;

	assert_int_equal(sluice_receiver_link_open(program->receiver, &link), 0);
	return link;
}

/* Feeds bytes, at most `piece` at once. 0 or the error. */
static int feed(struct sluice_receiver_link *link, const void *bytes, size_t length, size_t piece)
{
	const uint8_t *next = bytes;
	int error = 0;

	while (length > 0 && !error) {
		size_t room = 0;
		void *place = sluice_receiver_room(link, &room);
		size_t step = length < piece ? length : piece;

		assert_non_null(place);
		assert_true(room > 0);
		step = step < room ? step : room;
		memcpy(place, next, step);
		error = sluice_receiver_fed(link, step);
		next += step;
		length -= step;
	}
	return error;
}

/* Feeds the relay's HELLO with one stream and its cursor. */
static int feed_hello(struct sluice_receiver_link *link, const struct builder *builder,
		      uint64_t cursor)
{
	struct {
		struct sluice_frame frame;
		struct sluice_frame_range range;
	} hello = {.frame = {.type = SLUICE_FRAME_HELLO}};

	memcpy(hello.frame.stream, output, 16);
	hello.frame.count = htole32(1);
	hello.frame.length = htole32(sizeof(hello.range));
	memcpy(hello.range.stream, builder->uuid, 16);
	hello.range.epoch = htole64(builder->epoch);
	hello.range.start = htole64(cursor);
	hello.frame.payload_crc = htole32(sluice_crc32c(0, &hello.range, sizeof(hello.range)));
	sluice_frame_seal(&hello.frame);
	return feed(link, &hello, sizeof(hello), 7);
}

/* Feeds records [first, after) as one frame. */
static int feed_data(struct sluice_receiver_link *link, const struct builder *builder, size_t first,
		     size_t after)
{
	struct sluice_frame frame;
	const uint8_t *payload = builder_frame(builder, first, after, 0, &frame);
	int error = feed(link, &frame, sizeof(frame), 13);

	return error ? error
		     : feed(link, payload, builder->boundary[after] - builder->boundary[first],
			    1000);
}

/* Reads the next frame that the receiver sends: its type, 0 for none; its ranges are added to
 * `acked`, those that it says are durable to `durable` instead. */
static int answer_split(struct sluice_receiver_link *link, struct sluice_ranges *acked,
			struct sluice_ranges *durable)
{
	struct sluice_frame_range range;
	struct sluice_ranges *where;
	struct sluice_frame frame;
	const uint8_t *bytes = NULL;
	size_t length = 0;
	size_t index;
	size_t count;

	assert_int_equal(sluice_receiver_output(link, (const void **)&bytes, &length), 0);
	if (length == 0)
		return 0;
	assert_int_equal(sluice_frame_check(bytes, length), 0);
	memcpy(&frame, bytes, sizeof(frame));
	count = le32toh(frame.count);
	assert_int_equal(le32toh(frame.length), count * sizeof(range));
	assert_true(length >= sizeof(frame) + le32toh(frame.length));
	assert_int_equal(le32toh(frame.payload_crc),
			 sluice_crc32c(0, bytes + sizeof(frame), le32toh(frame.length)));
	for (index = 0; index < count; index++) {
		memcpy(&range, bytes + sizeof(frame) + index * sizeof(range), sizeof(range));
		where = le32toh(range.flags) & SLUICE_RANGE_F_DURABLE ? durable : acked;
		assert_int_equal(sluice_ranges_add(where, le64toh(range.start), le64toh(range.end)),
				 0);
	}
	/* In two parts, as a socket may take it. */
	sluice_receiver_sent(link, 10);
	sluice_receiver_sent(link, sizeof(frame) + le32toh(frame.length) - 10);
	return frame.type;
}

/* The same where all ranges of a frame have the same flags. */
static int answer(struct sluice_receiver_link *link, struct sluice_ranges *acked, uint32_t *flags)
{
	struct sluice_ranges received = {.count = 0}, durable = {.count = 0};
	int type = answer_split(link, &received, &durable);
	size_t index;

	assert_true(!received.count || !durable.count);
	if (received.count || durable.count)
		*flags = durable.count ? SLUICE_RANGE_F_DURABLE : 0;
	for (index = 0; index < received.count; index++)
		sluice_ranges_add(acked, received.list[index].start, received.list[index].end);
	for (index = 0; index < durable.count; index++)
		sluice_ranges_add(acked, durable.list[index].start, durable.list[index].end);
	sluice_ranges_free(&received);
	sluice_ranges_free(&durable);
	return type;
}

/* A stream of numbered datagrams. */
static void start(struct builder *builder, struct program *program)
{
	srandom(5);
	memset(program, 0, sizeof(*program));
	builder_start(builder);
	builder_fill(builder, RECORDS);
}

/* Many lives, each killed before or after it kept and acknowledged, frames cut anew each time: each
 * datagram once. */
static void each_once_over_many_lives(void **state)
{
	struct sluice_ranges acked = {.count = 0};
	struct builder builder;
	struct program program;
	uint64_t kept_next = 0;
	uint32_t flags = 0;
	size_t had = 0;
	size_t lives;

	(void)state;
	start(&builder, &program);
	for (lives = 0; had < RECORDS; lives++) {
		struct sluice_receiver_link *link;
		size_t after = had + 1 + (size_t)random() % 20;

		after = after < RECORDS ? after : RECORDS;
		live(&program);
		link = connect_to(&program);
		assert_int_equal(feed_hello(link, &builder, 0), 0);
		assert_int_equal(feed_data(link, &builder, had / 2, after), 0);
		if (lives % 3 == 2) {
			/* Killed before anything was kept. */
			program.next = kept_next;
		} else {
			keep(&program);
			kept_next = program.next;
			assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_DURABLE),
					 0);
			assert_int_equal(answer(link, &acked, &flags), SLUICE_FRAME_HELLO);
			had = after;
			assert_true(sluice_ranges_covers(&acked, 0, builder.boundary[had]));
			assert_int_equal(flags, SLUICE_RANGE_F_DURABLE);
		}
		sluice_receiver_link_close(link);
		die(&program);
	}
	assert_int_equal(program.next, RECORDS);
	assert_int_equal(program.kept_count, 1);
	assert_int_equal(program.kept[0].start, 0);
	assert_int_equal(program.kept[0].end, builder.length);
	assert_true(program.addresses > 0);
	sluice_ranges_free(&acked);
	builder_end(&builder);
}

/* HELLO, ACK, HEARTBEAT: in this order, none too early, and no more than was there when the program
 * said so. */
static void nothing_is_acknowledged_before_it_is_kept(void **state)
{
	struct sluice_frame heartbeat = {.type = SLUICE_FRAME_HEARTBEAT};
	struct sluice_ranges acked = {.count = 0};
	struct sluice_receiver_link *link;
	struct builder builder;
	struct program program;
	uint32_t flags = 0;

	(void)state;
	start(&builder, &program);
	live(&program);
	link = connect_to(&program);
	sluice_frame_seal(&heartbeat);
	assert_int_equal(feed_hello(link, &builder, 0), 0);
	assert_int_equal(feed(link, &heartbeat, sizeof(heartbeat), 64), 0);
	assert_int_equal(answer(link, &acked, &flags), 0);
	assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_RECEIVED), 0);
	assert_int_equal(answer(link, &acked, &flags), SLUICE_FRAME_HELLO);
	assert_int_equal(answer(link, &acked, &flags), SLUICE_FRAME_HEARTBEAT);
	assert_int_equal(answer(link, &acked, &flags), 0);
	assert_int_equal(feed_data(link, &builder, 0, 10), 0);
	assert_int_equal(answer(link, &acked, &flags), 0);
	assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_RECEIVED), 0);
	/* Comes after the program's word, before the frame is made. */
	assert_int_equal(feed_data(link, &builder, 10, 20), 0);
	assert_int_equal(answer(link, &acked, &flags), SLUICE_FRAME_ACK);
	assert_int_equal(sluice_ranges_total(&acked), builder.boundary[10]);
	assert_int_equal(flags, 0);
	assert_int_equal(answer(link, &acked, &flags), 0);
	/* A relay that does not read: the acknowledgements do not pile up. */
	while (program.next < RECORDS) {
		size_t first = (size_t)program.next;

		assert_int_equal(feed_data(link, &builder, first, first + 1), 0);
		assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_DURABLE), 0);
	}
	assert_int_equal(answer(link, &acked, &flags), SLUICE_FRAME_ACK);
	assert_int_equal(sluice_ranges_total(&acked), builder.length);
	assert_int_equal(flags, SLUICE_RANGE_F_DURABLE);
	assert_int_equal(answer(link, &acked, &flags), 0);
	sluice_receiver_link_close(link);
	die(&program);
	sluice_ranges_free(&acked);
	builder_end(&builder);
}

/* What was acknowledged as received is acknowledged again as durable, once, with all that came
 * since. */
static void received_becomes_durable(void **state)
{
	struct sluice_ranges acked = {.count = 0}, durable = {.count = 0};
	struct sluice_receiver_link *link;
	struct builder builder;
	struct program program;
	uint32_t flags = 0;
	size_t first;

	(void)state;
	start(&builder, &program);
	live(&program);
	link = connect_to(&program);
	assert_int_equal(feed_hello(link, &builder, 0), 0);
	assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_RECEIVED), 0);
	assert_int_equal(answer(link, &acked, &flags), SLUICE_FRAME_HELLO);
	for (first = 0; first < 100; first += 20) {
		assert_int_equal(feed_data(link, &builder, first, first + 10), 0);
		assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_RECEIVED), 0);
		assert_int_equal(answer(link, &acked, &flags), SLUICE_FRAME_ACK);
		assert_int_equal(flags, 0);
		assert_int_equal(sluice_ranges_total(&acked), builder.boundary[first + 10]);
		/* Said once, it is not said again. */
		assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_RECEIVED), 0);
		assert_int_equal(answer(link, &acked, &flags), 0);
		assert_int_equal(feed_data(link, &builder, first + 10, first + 20), 0);
	}
	assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_DURABLE), 0);
	/* Waits unsent: a later word of less does not take its place. */
	assert_int_equal(feed_data(link, &builder, 100, 110), 0);
	assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_RECEIVED), 0);
	assert_int_equal(answer_split(link, &acked, &durable), SLUICE_FRAME_ACK);
	assert_int_equal(sluice_ranges_total(&durable), builder.boundary[100]);
	assert_int_equal(sluice_ranges_total(&acked), builder.boundary[110]);
	assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_DURABLE), 0);
	assert_int_equal(answer_split(link, &acked, &durable), SLUICE_FRAME_ACK);
	assert_int_equal(sluice_ranges_total(&durable), builder.boundary[110]);
	assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_DURABLE), 0);
	assert_int_equal(answer(link, &acked, &flags), 0);
	sluice_receiver_link_close(link);
	die(&program);
	sluice_ranges_free(&acked);
	sluice_ranges_free(&durable);
	builder_end(&builder);
}

/* Two connections bring the same; below a HELLO's cursor all is old; gaps are told; the counts say
 * so. */
static void two_links_have_one_memory(void **state)
{
	struct sluice_receiver_counts counts;
	struct sluice_receiver_link *links[2];
	struct builder builder;
	struct program program;

	(void)state;
	start(&builder, &program);
	builder_gap(&builder, 0, 17, SLUICE_LOST_RING_FULL);
	live(&program);
	links[0] = connect_to(&program);
	links[1] = connect_to(&program);
	program.next = 100;
	assert_int_equal(feed_hello(links[0], &builder, builder.boundary[100]), 0);
	assert_int_equal(feed_hello(links[1], &builder, 0), 0);
	assert_int_equal(feed_data(links[0], &builder, 90, 200), 0);
	assert_int_equal(feed_data(links[1], &builder, 50, RECORDS + 1), 0);
	assert_int_equal(feed_data(links[0], &builder, 150, RECORDS + 1), 0);
	sluice_receiver_count(program.receiver, &counts);
	assert_int_equal(program.next, RECORDS);
	assert_int_equal(program.lost, 17);
	assert_int_equal(counts.datagrams, RECORDS - 100);
	assert_int_equal(counts.repeated, 10 + 150 + 150);
	assert_int_equal(counts.gaps, 1);
	assert_int_equal(counts.lost, 17);
	assert_int_equal(counts.frames, 3);
	assert_int_equal(counts.fresh, 2);
	sluice_receiver_link_close(links[0]);
	sluice_receiver_link_close(links[1]);
	die(&program);
	builder_end(&builder);
}

/* What the program refuses comes again, what it took before in the same frame does not. */
static void a_refused_record_comes_again(void **state)
{
	struct sluice_receiver_link *link;
	struct builder builder;
	struct program program;

	(void)state;
	start(&builder, &program);
	live(&program);
	program.refuse = 5;
	link = connect_to(&program);
	assert_int_equal(feed_hello(link, &builder, 0), 0);
	assert_int_equal(feed_data(link, &builder, 0, 10), -EIO);
	assert_int_equal(program.taken, 4);
	assert_null(sluice_receiver_fault(link));
	/* The error is final. */
	assert_int_equal(feed_data(link, &builder, 0, 10), -EIO);
	sluice_receiver_link_close(link);
	link = connect_to(&program);
	assert_int_equal(feed_hello(link, &builder, 0), 0);
	assert_int_equal(feed_data(link, &builder, 0, 10), 0);
	assert_int_equal(program.next, 10);
	sluice_receiver_link_close(link);
	die(&program);
	builder_end(&builder);
}

/* Feeds one frame after a HELLO, or without one. Returns what the receiver says; nothing may have
 * been taken of it. */
static int feed_frame(const struct sluice_frame *frame, const uint8_t *payload, size_t length,
		      bool greet)
{
	struct sluice_receiver_link *link;
	struct builder builder;
	struct program program;
	int error = 0;

	memset(&program, 0, sizeof(program));
	builder_start(&builder);
	live(&program);
	link = connect_to(&program);
	if (greet)
		assert_int_equal(feed_hello(link, &builder, 0), 0);
	error = feed(link, frame, sizeof(*frame), 64);
	if (!error)
		error = feed(link, payload, length, 4096);
	assert_int_equal(program.taken, 0);
	if (error)
		assert_non_null(sluice_receiver_fault(link));
	/* It can still be asked for what is due, and closed. */
	assert_int_equal(sluice_receiver_acknowledge(link, SLUICE_RECEIVER_RECEIVED), 0);
	sluice_receiver_link_close(link);
	die(&program);
	builder_end(&builder);
	return error;
}

/* Any bit of a frame turned over; cut off; another version; absurd lengths; not its turn. */
static void bad_input_is_refused(void **state)
{
	struct sluice_frame frame;
	struct sluice_frame bad;
	struct builder builder;
	struct program program;
	uint8_t *payload;
	size_t length;
	size_t bit;

	(void)state;
	start(&builder, &program);
	payload = (uint8_t *)(uintptr_t)builder_frame(&builder, 0, 3, 0, &frame);
	length = builder.boundary[3];
	for (bit = 0; bit < 8 * sizeof(frame); bit++) {
		bad = frame;
		((uint8_t *)&bad)[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		/* With a longer header it may wait for the rest of it. */
		if (feed_frame(&bad, payload, length, true) == 0)
			assert_int_equal(bit / 16,
					 offsetof(struct sluice_frame, header_length) / 2);
	}
	for (bit = 0; bit < 8 * length; bit += 5) {
		payload[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		assert_int_equal(feed_frame(&frame, payload, length, true), -EBADMSG);
		payload[bit / 8] ^= (uint8_t)(1U << (bit % 8));
	}
	/* Cut off anywhere: nothing is taken of it, and it is no fault. */
	for (bit = 0; bit < length; bit += 11)
		assert_int_equal(feed_frame(&frame, payload, bit, true), 0);
	assert_int_equal(feed_frame(&frame, payload, length, false), -EPROTO);
	bad = frame;
	bad.length = htole32(SLUICE_FRAME_PAYLOAD_MAX + 1);
	sluice_frame_seal(&bad);
	assert_int_equal(feed_frame(&bad, payload, 0, true), -EPROTO);
	bad = frame;
	bad.count = htole32(4);
	sluice_frame_seal(&bad);
	assert_int_equal(feed_frame(&bad, payload, length, true), -EBADMSG);
	bad = frame;
	bad.type = SLUICE_FRAME_HELLO;
	sluice_frame_seal(&bad);
	assert_int_equal(feed_frame(&bad, payload, length, false), -EPROTO);
	/* A second HELLO. */
	memset(&bad, 0, sizeof(bad));
	bad.type = SLUICE_FRAME_HELLO;
	sluice_frame_seal(&bad);
	assert_int_equal(feed_frame(&bad, payload, 0, true), -EPROTO);
	/* A type that is not known is passed over. */
	bad = frame;
	bad.type = 77;
	sluice_frame_seal(&bad);
	assert_int_equal(feed_frame(&bad, payload, length, true), 0);
	builder_end(&builder);
}

/* Arguments that cannot be right. */
static void bad_arguments_are_refused(void **state)
{
	struct sluice_receiver_range range = {.start = 16, .end = 8};
	struct sluice_receiver_link *link = NULL;
	struct program program;
	const void *bytes;
	size_t room;

	(void)state;
	memset(&program, 0, sizeof(program));
	assert_int_equal(sluice_receiver_open(NULL, take, NULL), -EINVAL);
	assert_int_equal(sluice_receiver_open(&program.receiver, NULL, NULL), -EINVAL);
	assert_int_equal(sluice_receiver_link_open(NULL, &link), -EINVAL);
	assert_int_equal(sluice_receiver_acknowledge(NULL, SLUICE_RECEIVER_RECEIVED), -EINVAL);
	assert_int_equal(sluice_receiver_output(NULL, &bytes, &room), -EINVAL);
	assert_int_equal(sluice_receiver_fed(NULL, 0), -EINVAL);
	assert_null(sluice_receiver_room(NULL, &room));
	sluice_receiver_link_close(NULL);
	sluice_receiver_close(NULL);
	live(&program);
	assert_int_equal(sluice_receiver_restore(program.receiver, &range), -EINVAL);
	range.end = 20;
	assert_int_equal(sluice_receiver_restore(program.receiver, &range), -EINVAL);
	range.end = 24;
	assert_int_equal(sluice_receiver_restore(program.receiver, &range), 0);
	link = connect_to(&program);
	assert_non_null(sluice_receiver_room(link, &room));
	assert_int_equal(sluice_receiver_fed(link, room + 1), -EINVAL);
	sluice_receiver_link_close(link);
	die(&program);
}

/* A program that has no room for a record: the link goes on there, and each comes once. */
static void test_no_room(void **state)
{
	struct sluice_receiver_counts counts;
	struct sluice_receiver_link *link;
	struct program program = {.full = 5};
	struct builder builder;

	(void)state;
	builder_start(&builder);
	builder_fill(&builder, RECORDS);
	live(&program);
	link = connect_to(&program);
	assert_int_equal(feed_hello(link, &builder, 0), 0);
	assert_int_equal(feed_data(link, &builder, 0, 20), -EAGAIN);
	assert_int_equal(program.taken, 4);
	assert_int_equal(sluice_receiver_fed(link, 0), 0);
	assert_int_equal(program.taken, 20);
	assert_int_equal(feed_data(link, &builder, 20, 30), 0);
	assert_int_equal(program.taken, 30);
	sluice_receiver_count(program.receiver, &counts);
	assert_int_equal(counts.repeated, 0);
	sluice_receiver_link_close(link);
	die(&program);
	builder_end(&builder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(each_once_over_many_lives),
		cmocka_unit_test(nothing_is_acknowledged_before_it_is_kept),
		cmocka_unit_test(received_becomes_durable),
		cmocka_unit_test(two_links_have_one_memory),
		cmocka_unit_test(a_refused_record_comes_again),
		cmocka_unit_test(bad_input_is_refused),
		cmocka_unit_test(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests_name("receiver", tests, NULL, NULL);
}
