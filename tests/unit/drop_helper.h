/* SPDX-License-Identifier: MIT */
/*
 * For tests of a full spool that gives up its oldest segments: a stream of numbered records for two
 * outputs, and what each of them would get or be told of. Include cmocka.h first.
 */
#ifndef TESTS_DROP_HELPER_H
#define TESTS_DROP_HELPER_H

#include "spool/spool_marks.h"
#include "spool_helper.h"

#define SEGMENTS 6U
#define INPUTS 3U
#define SPAN_MOST (SLUICE_SPOOL_PAYLOAD_MAX - 4096U)

/* A stream of numbered records: what was written of it, and what the tests may choose. */
struct source {
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	uint64_t offset;    /* of the next record */
	uint64_t sequence;  /* likewise */
	uint64_t committed; /* records before it were promised */
	bool is_uniform;    /* all of one size, inputs in turn */
	bool reads_fail;    /* what was promised may be told of as lost by the disk */
};

/* What an output would get, and what it would be told of. */
struct sight {
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	uint8_t *seen; /* by sequence */
	uint64_t most, promised;
	bool reads_fail;
	uint64_t received, told, newest, frames, gaps_told;
	uint64_t torn; /* in frames that were never whole, or cannot be read */
	uint64_t by_input[INPUTS];
};

/* The size of record `sequence`: 24 to 1,200 bytes, or always 600. */
static inline uint32_t size_of(const struct source *source, uint64_t sequence)
{
	return source->is_uniform ? 600 : 24 + (uint32_t)(sequence * 2654435761ULL % 148) * 8;
}

/* The input of record `sequence`. */
static inline uint16_t input_of(const struct source *source, uint64_t sequence)
{
	return (uint16_t)(source->is_uniform ? sequence % INPUTS
					     : sequence * 40503ULL / 16 % INPUTS);
}

/* Appends a frame of about `length` bytes of records for both outputs. 0 or what append said; then
 * nothing was written. */
static inline int feed(struct source *source, uint32_t length)
{
	static uint8_t payload[SLUICE_SPOOL_PAYLOAD_MAX];
	struct sluice_spool_frame frame = {.offset = source->offset, .type = SLUICE_SPOOL_DATA};
	uint8_t guids[2][16];
	uint64_t sequence = source->sequence;
	uint32_t size;
	int error;

	memcpy(guids[0], OUTPUT_A, 16);
	memcpy(guids[1], OUTPUT_B, 16);
	for (;; frame.length += size, frame.count++, sequence++) {
		size = size_of(source, sequence);
		if (frame.length + size > length)
			break;
		memset(payload + frame.length, 0, size);
		sluice_record_write(payload + frame.length, size, SLUICE_RECORD_DATA, 0,
				    input_of(source, sequence), 1);
		memcpy(payload + frame.length + sizeof(struct sluice_record), &sequence,
		       sizeof(sequence));
	}
	frame.span = frame.length;
	error = sluice_spool_append(source->spool, source->log, &frame, payload,
				    (const uint8_t(*)[16])guids, 2);
	if (error)
		return error;
	source->offset += frame.length;
	source->sequence = sequence;
	return 0;
}

/* Makes what was fed durable. */
static inline int promise(struct source *source)
{
	int error = sluice_spool_commit(source->spool);

	if (!error)
		source->committed = source->sequence;
	return error;
}

/* One run of a backlog, as a rack goes through it. */
static inline int look(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	static uint8_t losses[SLUICE_SPOOL_LOSSES_ROOM];
	struct sight *sight = context;
	struct sluice_spool_frame frame;
	struct sluice_record_view view;
	struct sluice_record_gap gap;
	const uint8_t *payload;
	uint64_t at, sequence, upto, length;
	uint32_t records;

	(void)serial;
	for (at = start; at < end; at = upto) {
		assert_int_equal(
			sluice_spool_read(sight->spool, sight->log, at, room, &frame, &payload), 0);
		/* Never whole, and never promised: what was being written when the power went. */
		if (frame.is_damaged)
			assert_true(sight->reads_fail || frame.offset >= sight->promised);
		if (frame.is_damaged && frame.type == SLUICE_SPOOL_DATA) {
			assert_int_equal(sluice_record_read(payload, frame.length, &view), 0);
			assert_int_equal(view.type, SLUICE_RECORD_GAP);
			memcpy(&gap, view.payload, sizeof(gap));
			sight->torn += gap.datagrams;
			upto = frame.offset + frame.span;
			continue;
		}
		upto = frame.offset + frame.span < end ? frame.offset + frame.span : end;
		sight->frames++;
		if (frame.type == SLUICE_SPOOL_GAPS) {
			length = sluice_spool_write_losses(
				(const struct sluice_spool_mark *)payload,
				frame.length / sizeof(struct sluice_spool_mark),
				(uint32_t)((at - frame.offset) / 8),
				(uint32_t)((upto - frame.offset) / 8), 1, losses, &records);
			sight->gaps_told += records;
			for (; length; length -= view.span) {
				assert_int_equal(sluice_record_read(losses + (size_t)40 * --records,
								    40, &view),
						 0);
				assert_int_equal(view.type, SLUICE_RECORD_GAP);
				memcpy(&gap, view.payload, sizeof(gap));
				assert_true(gap.cause == SLUICE_LOST_OLDEST ||
					    (sight->reads_fail && gap.cause == SLUICE_LOST_DISK));
				sight->told += gap.datagrams;
				sight->by_input[view.input] += gap.datagrams;
			}
			continue;
		}
		assert_int_equal(frame.type, SLUICE_SPOOL_DATA);
		for (; at < upto; at += view.span) {
			assert_int_equal(sluice_record_read(payload + (at - frame.offset),
							    frame.span - (at - frame.offset),
							    &view),
					 0);
			memcpy(&sequence, view.payload, sizeof(sequence));
			assert_true(sequence < sight->most);
			assert_int_equal(sight->seen[sequence]++, 0);
			sight->received++;
			if (sequence > sight->newest)
				sight->newest = sequence;
		}
	}
	return 0;
}

/* What `output` would get now. */
static inline struct sight view_of(struct source *source, const uint8_t *output)
{
	struct sight sight = {.spool = source->spool,
			      .log = source->log,
			      .most = source->sequence + 100000,
			      .reads_fail = source->reads_fail,
			      .promised =
				      source->is_uniform ? source->committed * 600 : UINT64_MAX};

	sight.seen = calloc(sight.most, 1);
	assert_non_null(sight.seen);
	assert_int_equal(sluice_spool_backlog(source->spool, source->log, output, look, &sight), 0);
	return sight;
}

/* Of what was promised before record `first` and never acknowledged all is there or told of. */
static inline void nothing_is_missing(struct source *source, uint64_t acknowledged)
{
	struct sight sight = view_of(source, OUTPUT_A);
	uint64_t sequence, extra = 0;

	/* What was written and not promised may be there, too. */
	for (sequence = source->committed; sequence < sight.most; sequence++)
		extra += sight.seen[sequence];
	free(sight.seen);
	assert_int_equal(sight.received - extra + sight.told, source->committed - acknowledged);
}

/* Feeds so many frames. What fails is fed again, and with it what was not promised before. */
static inline void live(struct source *source, unsigned int frames)
{
	unsigned int number, tries;

	for (number = tries = 0; number < frames && tries < 3;) {
		if (!feed(source, 240000) && !promise(source)) {
			number++;
			continue;
		}
		tries++;
		source->sequence = source->committed;
		source->offset = source->committed * 600;
	}
}

/* Opens a store that drops, and its stream. */
static inline void begin(struct source *source)
{
	source->spool = open_spool(SEGMENTS);
	sluice_spool_drop_oldest(source->spool, true);
	source->log = log_of(source->spool, 0);
}

/* Crashes, starts again. */
static inline void begin_again(struct source *source)
{
	sluice_spool_crash(source->spool);
	begin(source);
}

#endif /* TESTS_DROP_HELPER_H */
