// SPDX-License-Identifier: MIT
/*
 * The books of the sink: every datagram once however often and however cut it is sent, what is
 * missing, repeated, out of order, damaged or told of as lost, and frames that lie.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "bench/ledger.h"
#include "stream_builder.h"

static const uint8_t output[16] = {0xaa, 1};

/* Books in memory. */
static struct sluice_ledger *books(enum sluice_ledger_check check)
{
	struct sluice_ledger *ledger = NULL;

	assert_int_equal(sluice_ledger_open(&ledger, NULL, check), 0);
	return ledger;
}

/* Enters records [first, after) as one frame. */
static int enter(struct sluice_ledger *ledger, const struct builder *builder, size_t first,
		 size_t after, uint64_t floor)
{
	struct sluice_receiver_stream *stream = NULL;
	struct sluice_frame frame;
	const uint8_t *payload = builder_frame(builder, first, after, floor, &frame);
	int error = sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame, payload,
					  0, &stream);

	if (!error)
		assert_non_null(stream);
	return error;
}

/* Enters a numbered datagram by a plain framing. */
static void plain(struct sluice_ledger *ledger, uint64_t sequence, size_t length)
{
	uint8_t payload[2000];

	sluice_payload_write(payload, length, 7, 3, sequence);
	assert_int_equal(sluice_ledger_datagram(ledger, 6000, payload, length), 0);
}

/* Sent in random pieces, in any order, most of them several times, each time cut elsewhere:
 * delivered once. */
static void resent_with_other_cuts_is_delivered_once(void **state)
{
	struct builder builder;
	unsigned int round;

	(void)state;
	srandom(11);
	builder_start(&builder);
	builder_fill(&builder, 1000);
	for (round = 0; round < 20; round++) {
		struct sluice_ledger *ledger = books(SLUICE_LEDGER_NUMBERED);
		const struct sluice_ledger_sums *sums = sluice_ledger_sums(ledger);
		uint64_t entered = 0;

		while (sums->received < 1000) {
			size_t first = (size_t)random() % 1000;
			size_t after = first + 1 + (size_t)random() % (1 + (round % 4) * 40);

			after = after > 1000 ? 1000 : after;
			assert_int_equal(enter(ledger, &builder, first, after, 0), 0);
			assert_int_equal(sluice_ledger_commit(ledger), 0);
			entered += after - first;
		}
		assert_int_equal(sums->repeated, 0);
		assert_int_equal(sums->damaged + sums->damaged_frames, 0);
		assert_int_equal(sluice_ledger_commit(ledger), 0);
		assert_int_equal(sums->suppressed, entered - 1000);
		assert_int_equal(sluice_ledger_missing(ledger, 0), 0);
		assert_int_equal(
			sluice_receiver_stream(sluice_ledger_receiver(ledger), 0)->have.count, 1);
		assert_null(sluice_receiver_stream(sluice_ledger_receiver(ledger), 1));
		sluice_ledger_close(ledger);
	}
	builder_end(&builder);
}

/* Another epoch, another stream and another output are other bytes; their datagrams are then seen
 * twice. */
static void other_streams_are_other_bytes(void **state)
{
	static const uint8_t elsewhere[16] = {0xbb};
	struct sluice_ledger *ledger = books(SLUICE_LEDGER_NUMBERED);
	struct sluice_receiver_stream *stream;
	struct sluice_frame frame;
	struct builder builder;
	const uint8_t *payload;

	(void)state;
	builder_start(&builder);
	builder_fill(&builder, 10);
	assert_int_equal(enter(ledger, &builder, 0, 10, 0), 0);
	builder.epoch++;
	assert_int_equal(enter(ledger, &builder, 0, 10, 0), 0);
	builder.uuid[0] ^= 1;
	assert_int_equal(enter(ledger, &builder, 0, 10, 0), 0);
	payload = builder_frame(&builder, 0, 10, 0, &frame);
	assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), elsewhere, &frame,
					       payload, 0, &stream),
			 0);
	assert_int_equal(sluice_ledger_sums(ledger)->received, 10);
	assert_int_equal(sluice_ledger_sums(ledger)->repeated, 30);
	assert_int_equal(sluice_ledger_commit(ledger), 0);
	assert_int_equal(sluice_ledger_sums(ledger)->suppressed, 0);
	builder_end(&builder);
	sluice_ledger_close(ledger);
}

/* What the relay says has been acknowledged is old, even to a sink that never had it. */
static void below_the_floor_is_old(void **state)
{
	struct sluice_ledger *ledger = books(SLUICE_LEDGER_NUMBERED);
	struct builder builder;

	(void)state;
	builder_start(&builder);
	builder_fill(&builder, 100);
	assert_int_equal(enter(ledger, &builder, 50, 60, builder.boundary[50]), 0);
	assert_int_equal(enter(ledger, &builder, 0, 70, 0), 0);
	assert_int_equal(sluice_ledger_sums(ledger)->received, 20);
	assert_int_equal(sluice_ledger_commit(ledger), 0);
	assert_int_equal(sluice_ledger_sums(ledger)->suppressed, 60);
	assert_int_equal(
		sluice_receiver_floor(sluice_receiver_find(sluice_ledger_receiver(ledger), output,
							   builder.uuid, builder.epoch),
				      builder.length),
		0);
	assert_int_equal(enter(ledger, &builder, 70, 100, 0), 0);
	assert_int_equal(sluice_ledger_sums(ledger)->received, 20);
	builder_end(&builder);
	sluice_ledger_close(ledger);
}

/* Missing in the middle, missing at the end, twice, late; FULL and SHORT are numbered apart. */
static void numbers_tell_what_happened(void **state)
{
	static const uint64_t order[] = {0, 1, 3, 2, 3, 9, 9, 8};
	struct sluice_ledger *ledger = books(SLUICE_LEDGER_NUMBERED);
	const struct sluice_ledger_sums *sums = sluice_ledger_sums(ledger);
	size_t index;

	(void)state;
	for (index = 0; index < sizeof(order) / sizeof(order[0]); index++) {
		plain(ledger, order[index], 100);
		plain(ledger, order[index], 20);
	}
	assert_int_equal(sums->received, 12);
	assert_int_equal(sums->repeated, 4);
	assert_int_equal(sums->reordered, 4);
	assert_int_equal(sums->bytes, 6 * 120);
	assert_int_equal(sluice_ledger_missing(ledger, 0), 8);
	assert_int_equal(sluice_ledger_missing(ledger, 30), 18);
	assert_int_equal(sluice_ledger_missing(ledger, 15), 8);
	assert_int_equal(sluice_ledger_flow(ledger, 0)->end, 10);
	assert_int_equal(sluice_ledger_flow(ledger, 1)->form, SLUICE_PAYLOAD_SHORT);
	assert_null(sluice_ledger_flow(ledger, 2));
	sluice_ledger_close(ledger);
}

/* The three ways to look at payloads. */
static void foreign_and_damaged_payloads(void **state)
{
	static const struct {
		enum sluice_ledger_check check;
		uint64_t received;
		uint64_t damaged;
		uint64_t plain;
	} wanted[] = {{SLUICE_LEDGER_AUTO, 4, 1, 1},
		      {SLUICE_LEDGER_NUMBERED, 3, 2, 0},
		      {SLUICE_LEDGER_PLAIN, 5, 0, 5}};
	uint8_t payload[64];
	size_t index;

	(void)state;
	for (index = 0; index < 3; index++) {
		struct sluice_ledger *ledger = books(wanted[index].check);
		const struct sluice_ledger_sums *sums = sluice_ledger_sums(ledger);

		plain(ledger, 0, 64);
		plain(ledger, 0, 5);
		plain(ledger, 0, 0);
		sluice_payload_write(payload, 64, 7, 3, 1);
		payload[40] ^= 1;
		assert_int_equal(sluice_ledger_datagram(ledger, 6000, payload, 64), 0);
		assert_int_equal(sluice_ledger_datagram(
					 ledger, 6001, (const uint8_t *)"<13>hello there, log", 20),
				 0);
		assert_int_equal(sums->received, wanted[index].received);
		assert_int_equal(sums->damaged, wanted[index].damaged);
		assert_int_equal(sums->plain, wanted[index].plain);
		assert_int_equal(sluice_ledger_input(ledger, 0)->input, 6000);
		sluice_ledger_close(ledger);
	}
}

/* GAP records by cause and input; PAD and unknown types are passed over. */
static void gaps_are_told(void **state)
{
	struct sluice_ledger *ledger = books(SLUICE_LEDGER_NUMBERED);
	const struct sluice_ledger_sums *sums = sluice_ledger_sums(ledger);
	struct sluice_receiver_stream *stream;
	struct sluice_frame frame;
	struct builder builder;
	const uint8_t *payload;

	(void)state;
	builder_start(&builder);
	builder_numbered(&builder, 4, 100);
	builder_gap(&builder, 4, 17, SLUICE_LOST_RING_FULL);
	builder_gap(&builder, 5, 3, SLUICE_LOST_SOCKET);
	builder_gap(&builder, 5, 2, 4000000);
	builder_record(&builder, SLUICE_RECORD_PAD, 0, 0, 40);
	builder_record(&builder, 99, 0, 0, 3);
	builder_numbered(&builder, 5, 100);
	payload = builder_frame(&builder, 0, 7, 0, &frame);
	frame.count = htole32(6); /* PAD is not counted */
	assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame,
					       payload, 0, &stream),
			 0);
	assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame,
					       payload, 0, &stream),
			 0);
	assert_int_equal(sums->gap_records, 3);
	assert_int_equal(sums->gap_datagrams, 22);
	assert_int_equal(sums->gap[SLUICE_LOST_RING_FULL], 17);
	assert_int_equal(sums->gap[SLUICE_LOST_SOCKET], 3);
	assert_int_equal(sums->gap[SLUICE_LEDGER_CAUSES - 1], 2);
	assert_int_equal(sums->received, 2);
	assert_int_equal(sluice_ledger_commit(ledger), 0);
	assert_int_equal(sums->suppressed, 2);
	assert_int_equal(sluice_ledger_input(ledger, 0)->gap_datagrams, 17);
	assert_int_equal(sluice_ledger_input(ledger, 1)->gap_datagrams, 5);
	builder_end(&builder);
	sluice_ledger_close(ledger);
}

/* Who counts the ends of records. */
static int note_end(void *context, const struct sluice_receiver_record *record)
{
	*(uint64_t *)context = record->end;
	return 0;
}

/* What is blank behind a GAP is had with it, and a program that keeps the ends of records knows. */
static void a_blank_is_had_with_its_gap(void **state)
{
	struct sluice_receiver_stream *stream = NULL;
	struct sluice_receiver *receiver = NULL;
	struct sluice_frame_lost lost = {0};
	uint64_t end = 0, length;
	struct builder builder;
	const uint8_t *payload;

	(void)state;
	builder_start(&builder);
	builder_gap(&builder, 4, 17, SLUICE_LOST_OLDEST);
	payload = builder_frame(&builder, 0, 1, 0, &lost.frame);
	length = builder.length;
	assert_int_equal(sluice_frame_seal_lost(&lost, 0), 64);
	assert_int_equal(sluice_frame_blank(&lost), 0);
	assert_int_equal(sluice_frame_seal_lost(&lost, 1U << 20), 72);
	assert_int_equal(sluice_frame_check(&lost, sizeof(lost)), 0);
	assert_int_equal(sluice_frame_check(&lost, 64), -EAGAIN);
	assert_int_equal(sluice_frame_blank(&lost), 1U << 20);
	lost.blank ^= 1;
	assert_int_equal(sluice_frame_check(&lost, sizeof(lost)), -EBADMSG);
	assert_int_equal(sluice_receiver_open(&receiver, note_end, &end), 0);
	assert_int_equal(sluice_receiver_frame(receiver, output, &lost.frame, payload, 12, &stream),
			 -EBADMSG);
	assert_int_equal(sluice_receiver_frame(receiver, output, &lost.frame, payload,
					       UINT64_MAX - 7, &stream),
			 -EBADMSG);
	assert_int_equal(
		sluice_receiver_frame(receiver, output, &lost.frame, payload, 1U << 20, &stream),
		0);
	assert_int_equal(end, length + (1U << 20));
	assert_true(sluice_ranges_covers(&stream->have, 0, length + (1U << 20)));
	assert_false(sluice_ranges_covers(&stream->have, 0, length + (1U << 20) + 1));
	builder_end(&builder);
	sluice_receiver_close(receiver);
}

/* A frame that is not whole records, as many as it says, on their boundaries: refused whole, and
 * the right one is then still welcome. */
static void frames_that_lie_change_nothing(void **state)
{
	struct sluice_ledger *ledger = books(SLUICE_LEDGER_NUMBERED);
	const struct sluice_ledger_sums *sums = sluice_ledger_sums(ledger);
	static const uint32_t lengths[] = {0, 15, 17 + 400, 0x7fffffff, 0xfffffff9, 0xffffffff};
	struct sluice_receiver_stream *stream;
	struct sluice_frame frame;
	struct builder builder;
	struct sluice_record *record;
	uint8_t *payload;
	size_t index;

	(void)state;
	builder_start(&builder);
	builder_fill(&builder, 3);
	builder_gap(&builder, 0, 1, 0);
	payload = (uint8_t *)(uintptr_t)builder_frame(&builder, 0, 4, 0, &frame);
	record = (struct sluice_record *)(void *)(payload + builder.boundary[2]);
	for (index = 0; index < sizeof(lengths) / sizeof(lengths[0]); index++) {
		uint32_t right = record->length;

		record->length = htole32(lengths[index]);
		assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), output,
						       &frame, payload, 0, &stream),
				 -EBADMSG);
		record->length = right;
	}
	record = (struct sluice_record *)(void *)(payload + builder.boundary[3]);
	record->length = htole32(24); /* a GAP too short for what it says */
	assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame,
					       payload, 0, &stream),
			 -EBADMSG);
	record->length = htole32(40);
	frame.count = htole32(3);
	assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame,
					       payload, 0, &stream),
			 -EBADMSG);
	frame.count = htole32(4);
	frame.length = htole32((uint32_t)builder.length - 8);
	assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame,
					       payload, 0, &stream),
			 -EBADMSG);
	frame.length = htole32((uint32_t)builder.length);
	frame.offset = htole64(4);
	assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame,
					       payload, 0, &stream),
			 -EBADMSG);
	frame.offset = htole64(UINT64_MAX - 7);
	assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame,
					       payload, 0, &stream),
			 -EBADMSG);
	frame.offset = 0;
	assert_int_equal(sums->received, 0);
	assert_int_equal(sums->gap_records, 0);
	assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame,
					       payload, 0, &stream),
			 0);
	assert_int_equal(sums->received, 3);
	/* The same bytes half a record further on cannot be. */
	frame.offset = htole64(builder.boundary[3] + 8);
	assert_int_equal(sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame,
					       payload, 0, &stream),
			 -EBADMSG);
	builder_end(&builder);
	sluice_ledger_close(ledger);
}

/* 100 million numbers of one flow and 20,000 flows, every 61st and every one: bounded memory, exact
 * answers. */
static void many_numbers_and_many_flows(void **state)
{
	struct sluice_payload payload = {.form = SLUICE_PAYLOAD_FULL, .run = 1};
	struct sluice_state *memory = NULL;
	struct sluice_tally *tally = NULL;
	uint64_t noted = 0;
	uint64_t place;

	(void)state;
	assert_int_equal(sluice_state_open(&memory, NULL), 0);
	assert_int_equal(sluice_tally_open(&tally, memory, sluice_state_root(memory)), 0);
	for (payload.sequence = 0; payload.sequence < 100000000; payload.sequence += 61) {
		assert_int_equal(sluice_tally_note(tally, &payload, 1), SLUICE_TALLY_FIRST);
		if (++noted % 100000 == 0) {
			assert_int_equal(sluice_tally_flush(tally), 0);
			sluice_state_commit(memory);
		}
	}
	for (payload.sequence = 0; payload.sequence < 100000000; payload.sequence += 61ULL * 1009)
		assert_int_equal(sluice_tally_note(tally, &payload, 1), SLUICE_TALLY_REPEATED);
	assert_true(sluice_tally_flow(tally, 0)->received == noted);
	for (place = 0; place < 60000; place++) {
		payload.flow = (uint32_t)(place * 7 % 20000);
		payload.run = 2;
		payload.sequence = place / 20000;
		assert_in_range(sluice_tally_note(tally, &payload, 1), SLUICE_TALLY_FIRST,
				SLUICE_TALLY_FIRST);
	}
	assert_int_equal(sluice_tally_flush(tally), 0);
	sluice_state_commit(memory);
	assert_non_null(sluice_tally_flow(tally, 20000));
	assert_null(sluice_tally_flow(tally, 20001));
	assert_int_equal(sluice_tally_flow(tally, 20000)->received, 3);
	/* 100 million bits, their directory, 20,000 small flows. */
	assert_true(sluice_state_allocate(memory, 8) - SLUICE_STATE_DATA < 40ULL << 20);
	sluice_tally_close(tally);
	sluice_state_close(memory);
}

/* Reads a whole file. @owner caller: free */
static char *slurp(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 100000);

	assert_true(file && text);
	*length = fread(text, 1, 99999, file);
	fclose(file);
	return text;
}

/* Payloads go to the file, framed as asked; what was not committed is cut off when it is opened
 * again. */
static void payloads_are_written(void **state)
{
	char path[] = "/tmp/test-sink-keep.XXXXXX";
	char books_path[] = "/tmp/test-sink-books.XXXXXX";
	struct sluice_ledger *ledger = NULL;
	size_t length;
	char *text;

	(void)state;
	close(mkstemp(path));
	close(mkstemp(books_path));
	assert_int_equal(sluice_ledger_open(&ledger, books_path, SLUICE_LEDGER_PLAIN), 0);
	assert_int_equal(sluice_ledger_keep(ledger, path, SLUICE_LEDGER_KEEP_LINE), 0);
	assert_int_equal(sluice_ledger_datagram(ledger, 1, (const uint8_t *)"one", 3), 0);
	assert_int_equal(sluice_ledger_datagram(ledger, 1, NULL, 0), 0);
	assert_int_equal(sluice_ledger_commit(ledger), 0);
	assert_int_equal(sluice_ledger_datagram(ledger, 1, (const uint8_t *)"never", 5), 0);
	sluice_ledger_close(ledger);
	text = slurp(path, &length);
	assert_string_equal(text, "one\n\n");
	free(text);
	text = NULL;
	assert_int_equal(truncate(path, 50), 0);
	assert_int_equal(sluice_ledger_open(&ledger, books_path, SLUICE_LEDGER_PLAIN), 0);
	assert_int_equal(sluice_ledger_keep(ledger, path, SLUICE_LEDGER_KEEP_LENGTH32), 0);
	assert_int_equal(sluice_ledger_datagram(ledger, 1, (const uint8_t *)"two", 3), 0);
	assert_int_equal(sluice_ledger_commit(ledger), 0);
	assert_int_equal(sluice_ledger_sums(ledger)->received, 3);
	sluice_ledger_close(ledger);
	text = slurp(path, &length);
	assert_int_equal(length, 12);
	assert_memory_equal(text, "one\n\n\3\0\0\0two", 12);
	free(text);
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(sluice_ledger_open(&ledger, books_path, SLUICE_LEDGER_PLAIN), 0);
	assert_int_equal(sluice_ledger_keep(ledger, path, SLUICE_LEDGER_KEEP_LINE), -EINVAL);
	sluice_ledger_close(ledger);
	unlink(path);
	unlink(books_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resent_with_other_cuts_is_delivered_once),
		cmocka_unit_test(other_streams_are_other_bytes),
		cmocka_unit_test(below_the_floor_is_old),
		cmocka_unit_test(numbers_tell_what_happened),
		cmocka_unit_test(foreign_and_damaged_payloads),
		cmocka_unit_test(gaps_are_told),
		cmocka_unit_test(a_blank_is_had_with_its_gap),
		cmocka_unit_test(frames_that_lie_change_nothing),
		cmocka_unit_test(many_numbers_and_many_flows),
		cmocka_unit_test(payloads_are_written),
	};

	return cmocka_run_group_tests_name("sink ledger", tests, NULL, NULL);
}
