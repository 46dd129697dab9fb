// SPDX-License-Identifier: MIT
/*
 * Cutting a connection's bytes into items: the same items come out however the bytes were cut on
 * the way, garbage ends the connection or is skipped as the framing allows, and no damaged native
 * frame gets through.
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
#include <zstd.h>
#include "lib/decoder.h"
#include "stream_builder.h"

#define ITEMS 400U

/* Datagrams, and the same as the bytes of a connection. */
struct traffic {
	uint8_t *payload[ITEMS];
	size_t length[ITEMS];
	uint8_t *wire;
	size_t wire_length;
};

/* Adds bytes to the connection. */
static void put(struct traffic *traffic, const void *bytes, size_t length)
{
	traffic->wire = realloc(traffic->wire, traffic->wire_length + length + 1);
	assert_non_null(traffic->wire);
	if (length)
		memcpy(traffic->wire + traffic->wire_length, bytes, length);
	traffic->wire_length += length;
}

/* Makes datagrams of many sizes, 0 and the largest among them, without newlines; frames each. */
static void make(struct traffic *traffic, enum sluice_decoder_framing framing)
{
	struct sluice_frame frame;
	char digits[16];
	uint32_t be;
	size_t item;

	memset(traffic, 0, sizeof(*traffic));
	for (item = 0; item < ITEMS; item++) {
		size_t length = item % 50 == 7 ? 0 : (size_t)random() % 600;

		if (item == 200)
			length = 65507;
		traffic->length[item] = length;
		traffic->payload[item] = malloc(length + 1);
		assert_non_null(traffic->payload[item]);
		sluice_payload_write(traffic->payload[item], length, 1, 0, item);
		switch (framing) {
		case SLUICE_DECODER_NATIVE:
			memset(&frame, 0, sizeof(frame));
			frame.type = SLUICE_FRAME_DATA;
			frame.offset = htole64(item);
			frame.length = htole32((uint32_t)length);
			frame.payload_crc =
				htole32(sluice_crc32c(0, traffic->payload[item], length));
			sluice_frame_seal(&frame);
			put(traffic, &frame, sizeof(frame));
			put(traffic, traffic->payload[item], length);
			break;
		case SLUICE_DECODER_NEWLINE:
			put(traffic, traffic->payload[item], length);
			put(traffic, "\n", 1);
			break;
		case SLUICE_DECODER_OCTET_COUNTED:
			put(traffic, digits,
			    (size_t)snprintf(digits, sizeof(digits), "%zu ", length));
			put(traffic, traffic->payload[item], length);
			break;
		case SLUICE_DECODER_LENGTH32:
			be = htobe32((uint32_t)length);
			put(traffic, &be, sizeof(be));
			put(traffic, traffic->payload[item], length);
			break;
		}
	}
}

/* Frees it. */
static void unmake(struct traffic *traffic)
{
	size_t item;

	for (item = 0; item < ITEMS; item++)
		free(traffic->payload[item]);
	free(traffic->wire);
}

/* Feeds up to `length` bytes, as many as there is room for. Returns how many. */
static size_t feed(struct sluice_decoder *decoder, const uint8_t *bytes, size_t length)
{
	size_t room = 0;
	uint8_t *buffer = sluice_decoder_room(decoder, &room);

	assert_non_null(buffer);
	assert_true(room > 0);
	if (length > room)
		length = room;
	memcpy(buffer, bytes, length);
	sluice_decoder_fed(decoder, length);
	return length;
}

/* All items come out, in pieces of 1 .. `piece` bytes (0: as large as there is room). */
static void assert_all_come_out(enum sluice_decoder_framing framing, size_t piece)
{
	struct sluice_decoder decoder = {.framing = framing};
	struct sluice_decoder_item item;
	struct traffic traffic;
	size_t done = 0;
	size_t seen = 0;

	make(&traffic, framing);
	while (done < traffic.wire_length) {
		size_t step = traffic.wire_length - done;

		if (piece && step > piece)
			step = piece == 1 ? 1 : 1 + (size_t)random() % piece;
		done += feed(&decoder, traffic.wire + done, step);
		while (sluice_decoder_next(&decoder, &item) == 1) {
			assert_true(seen < ITEMS);
			assert_int_equal(item.length, traffic.length[seen]);
			assert_memory_equal(item.bytes, traffic.payload[seen], item.length);
			if (framing == SLUICE_DECODER_NATIVE)
				assert_int_equal(le64toh(item.frame.offset), seen);
			seen++;
		}
	}
	assert_int_equal(seen, ITEMS);
	assert_false(sluice_decoder_is_within(&decoder));
	assert_int_equal(sluice_decoder_next(&decoder, &item), 0);
	sluice_decoder_free(&decoder);
	unmake(&traffic);
}

/* Whole, byte by byte, and in random pieces, for every framing. */
static void any_cut_gives_the_same(void **state)
{
	static const size_t pieces[] = {0, 1, 2, 100, 5000, 70000};
	enum sluice_decoder_framing framing;
	size_t index;

	(void)state;
	srandom(3);
	for (framing = SLUICE_DECODER_NATIVE; framing <= SLUICE_DECODER_LENGTH32; framing++)
		for (index = 0; index < sizeof(pieces) / sizeof(pieces[0]); index++)
			assert_all_come_out(framing, pieces[index]);
}

/* Any changed byte of a native frame: an error, or it waits for bytes that the wrong length
 * promises; never an item. */
static void no_damaged_frame_gets_through(void **state)
{
	uint8_t wire[SLUICE_FRAME_HEADER + 100];
	struct sluice_frame frame = {.type = SLUICE_FRAME_DATA, .length = htole32(100)};
	size_t place;

	(void)state;
	sluice_payload_write(wire + sizeof(frame), 100, 1, 1, 1);
	frame.payload_crc = htole32(sluice_crc32c(0, wire + sizeof(frame), 100));
	sluice_frame_seal(&frame);
	memcpy(wire, &frame, sizeof(frame));
	for (place = 0; place < sizeof(wire); place++) {
		int flip;

		for (flip = 1; flip < 256; flip += 5) {
			struct sluice_decoder decoder = {.framing = SLUICE_DECODER_NATIVE};
			struct sluice_decoder_item item;

			wire[place] ^= (uint8_t)flip;
			feed(&decoder, wire, sizeof(wire));
			assert_int_not_equal(sluice_decoder_next(&decoder, &item), 1);
			wire[place] ^= (uint8_t)flip;
			sluice_decoder_free(&decoder);
		}
	}
}

/* The largest frame there may be; one byte more is refused without waiting for it. */
static void frames_are_bounded(void **state)
{
	struct sluice_decoder decoder = {.framing = SLUICE_DECODER_NATIVE};
	struct sluice_frame frame = {.type = SLUICE_FRAME_DATA,
				     .length = htole32(SLUICE_FRAME_PAYLOAD_MAX)};
	uint8_t *payload = calloc(1, SLUICE_FRAME_PAYLOAD_MAX);
	struct sluice_decoder_item item;
	size_t done = 0;

	(void)state;
	assert_non_null(payload);
	frame.payload_crc = htole32(sluice_crc32c(0, payload, SLUICE_FRAME_PAYLOAD_MAX));
	sluice_frame_seal(&frame);
	feed(&decoder, (const uint8_t *)&frame, sizeof(frame));
	assert_int_equal(sluice_decoder_next(&decoder, &item), 0);
	while (done < SLUICE_FRAME_PAYLOAD_MAX)
		done += feed(&decoder, payload + done, SLUICE_FRAME_PAYLOAD_MAX - done);
	assert_int_equal(sluice_decoder_next(&decoder, &item), 1);
	assert_int_equal(item.length, SLUICE_FRAME_PAYLOAD_MAX);
	frame.length = htole32(SLUICE_FRAME_PAYLOAD_MAX + 1);
	sluice_frame_seal(&frame);
	feed(&decoder, (const uint8_t *)&frame, sizeof(frame));
	assert_int_equal(sluice_decoder_next(&decoder, &item), -EPROTO);
	sluice_decoder_free(&decoder);
	free(payload);
}

/* A text as octet-counted input: what comes of it. */
static int octet_result(const char *text)
{
	struct sluice_decoder decoder = {.framing = SLUICE_DECODER_OCTET_COUNTED};
	struct sluice_decoder_item item;
	int result;

	feed(&decoder, (const uint8_t *)text, strlen(text));
	result = sluice_decoder_next(&decoder, &item);
	sluice_decoder_free(&decoder);
	return result;
}

/* What cannot become a message ends it as soon as that is certain. */
static void octet_counted_garbage(void **state)
{
	static const char *const bad[] = {"<13>hello", " 5 hello", "5hello", "-5 hello",
					  "05 hello",  "00 ",	   "65528 ", "99999999",
					  "5\nhello",  "x"};
	static const char *const early[] = {"5", "5 hell", "0", "65527", "65527 abc"};
	size_t index;

	(void)state;
	for (index = 0; index < sizeof(bad) / sizeof(bad[0]); index++)
		assert_int_equal(octet_result(bad[index]), -EPROTO);
	for (index = 0; index < sizeof(early) / sizeof(early[0]); index++)
		assert_int_equal(octet_result(early[index]), 0);
	assert_int_equal(octet_result("5 hello"), 1);
	assert_int_equal(octet_result("0 "), 1);
}

/* A line that no datagram can be: reported once, skipped to its end, and the next one is whole. */
static void long_lines_are_skipped(void **state)
{
	struct sluice_decoder decoder = {.framing = SLUICE_DECODER_NEWLINE};
	struct sluice_decoder_item item;
	uint8_t block[10000];
	int faults = 0;
	int round;
	int result;

	(void)state;
	memset(block, 'x', sizeof(block));
	for (round = 0; round < 50; round++) {
		feed(&decoder, block, sizeof(block));
		while ((result = sluice_decoder_next(&decoder, &item)) != 0) {
			assert_int_equal(result, -EMSGSIZE);
			faults++;
		}
	}
	assert_int_equal(faults, 1);
	assert_true(decoder.capacity < 1000000);
	feed(&decoder, (const uint8_t *)"tail\nnext\n", 10);
	assert_int_equal(sluice_decoder_next(&decoder, &item), 1);
	assert_int_equal(item.length, 4);
	assert_memory_equal(item.bytes, "next", 4);
	assert_int_equal(sluice_decoder_next(&decoder, &item), 0);
	/* The longest that can come of a datagram. */
	for (round = 0; round < (int)SLUICE_DECODER_LINE_MAX; round += 4)
		feed(&decoder, (const uint8_t *)"#012", 4);
	assert_int_equal(sluice_decoder_next(&decoder, &item), 0);
	feed(&decoder, (const uint8_t *)"\n", 1);
	assert_int_equal(sluice_decoder_next(&decoder, &item), 1);
	assert_int_equal(item.length, SLUICE_DECODER_LINE_MAX);
	sluice_decoder_free(&decoder);
}

/* A frame of `length` bytes that says that they become `whole`. @owner caller: free() */
static uint8_t *packed_frame(const void *bytes, size_t length, size_t whole, size_t *size)
{
	struct sluice_frame_zstd frame = {
		.lost.frame = {.type = SLUICE_FRAME_DATA_ZSTD,
			       .length = htole32((uint32_t)length),
			       .payload_crc = htole32(sluice_crc32c(0, bytes, length))}};
	uint8_t *made;

	assert_int_equal(sluice_frame_seal_zstd(&frame, 24, (uint32_t)whole), sizeof(frame));
	*size = sizeof(frame) + length;
	made = malloc(*size);
	assert_non_null(made);
	memcpy(made, &frame, sizeof(frame));
	memcpy(made + sizeof(frame), bytes, length);
	return made;
}

/* What a decoder says of such a frame. */
static int packed_result(const void *bytes, size_t length, size_t whole)
{
	struct sluice_decoder decoder = {.framing = SLUICE_DECODER_NATIVE};
	struct sluice_decoder_item item;
	size_t size;
	uint8_t *frame = packed_frame(bytes, length, whole, &size);
	int result;

	feed(&decoder, frame, size);
	result = sluice_decoder_next(&decoder, &item);
	/* As much memory as the header said, whatever the bytes would become. */
	assert_true(decoder.inflater.room <= whole);
	sluice_decoder_free(&decoder);
	free(frame);
	return result;
}

/* What was compressed comes out as it was, however it was cut, and once more if it is asked for. */
static void compressed_frames_are_inflated(void **state)
{
	struct sluice_decoder decoder = {.framing = SLUICE_DECODER_NATIVE};
	struct sluice_decoder_item item;
	uint8_t text[20000], packed[20000], *frame;
	size_t at, size, length;

	(void)state;
	for (at = 0; at < sizeof(text); at++)
		text[at] = (uint8_t)('a' + random() % 4);
	length = ZSTD_compress(packed, sizeof(packed), text, sizeof(text), 1);
	assert_false(ZSTD_isError(length));
	frame = packed_frame(packed, length, sizeof(text), &size);
	for (at = 0; at < size; at++) {
		assert_int_equal(sluice_decoder_next(&decoder, &item), 0);
		feed(&decoder, frame + at, 1);
	}
	for (at = 0; at < 3; at++) {
		assert_int_equal(sluice_decoder_next(&decoder, &item), 1);
		assert_int_equal(item.frame.type, SLUICE_FRAME_DATA);
		assert_int_equal(le32toh(item.frame.length), sizeof(text));
		assert_int_equal(item.blank, 24);
		assert_int_equal(item.length, sizeof(text));
		assert_memory_equal(item.bytes, text, sizeof(text));
		if (at < 2)
			sluice_decoder_again(&decoder);
	}
	assert_int_equal(sluice_decoder_next(&decoder, &item), 0);
	sluice_decoder_free(&decoder);
	free(frame);
}

/* Bytes that become more than the header says, or fewer, or are not compressed at all, end the
 * connection; and none takes more memory than the header may ask for. */
static void compressed_frames_are_bounded(void **state)
{
	static uint8_t zeroes[1 << 20], packed[1 << 16];
	size_t length = ZSTD_compress(packed, sizeof(packed), zeroes, sizeof(zeroes), 1), at;
	uint8_t damaged[1 << 16];
	unsigned int round;

	(void)state;
	assert_true(!ZSTD_isError(length) && length < 1000);
	assert_int_equal(packed_result(packed, length, sizeof(zeroes)), 1);
	assert_int_equal(packed_result(packed, length, sizeof(zeroes) - 1), -EILSEQ);
	assert_int_equal(packed_result(packed, length, sizeof(zeroes) + 1), -EILSEQ);
	assert_int_equal(packed_result(packed, length, 64), -EILSEQ);
	assert_int_equal(packed_result(packed, length, 0), -EILSEQ);
	assert_int_equal(packed_result(packed, length, SLUICE_FRAME_PAYLOAD_MAX + 1), -EILSEQ);
	assert_int_equal(packed_result(packed, length - 1, sizeof(zeroes)), -EILSEQ);
	assert_int_equal(packed_result(packed, 0, 8), -EILSEQ);
	assert_int_equal(packed_result("no such thing", 13, 13), -EILSEQ);
	/* Damaged before it was sealed: refused, or what it became is as long as it should be. */
	for (round = 0; round < 2000; round++) {
		memcpy(damaged, packed, length);
		at = (size_t)random() % length;
		damaged[at] ^= (uint8_t)(1 + random() % 255);
		if (packed_result(damaged, length, sizeof(zeroes)) != 1)
			assert_int_equal(packed_result(damaged, length, sizeof(zeroes)), -EILSEQ);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_cut_gives_the_same),
		cmocka_unit_test(no_damaged_frame_gets_through),
		cmocka_unit_test(frames_are_bounded),
		cmocka_unit_test(compressed_frames_are_inflated),
		cmocka_unit_test(compressed_frames_are_bounded),
		cmocka_unit_test(octet_counted_garbage),
		cmocka_unit_test(long_lines_are_skipped),
	};

	return cmocka_run_group_tests_name("sink decoder", tests, NULL, NULL);
}
