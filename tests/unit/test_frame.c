// SPDX-License-Identifier: MIT
/*
 * Frame headers: a sealed one is accepted at any alignment, no corrupted byte gets through, lengths
 * beyond the limits are refused before anything waits for them, longer headers of later versions of
 * the format are accepted.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "lib/frame.h"

/* A header with something in every field. */
static struct sluice_frame sample(void)
{
	struct sluice_frame frame = {
		.type = SLUICE_FRAME_DATA,
		.length = htole32(4096),
		.count = htole32(17),
		.stream = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
		.epoch = htole64(0x1122334455667788ULL),
		.offset = htole64(0x99aabbccddeeff00ULL),
		.floor = htole64(0x4242),
		.payload_crc = htole32(0xdeadbeefU),
	};

	sluice_frame_seal(&frame);
	return frame;
}

/* Byte for byte what docs/wire-format.md draws. */
static void layout_is_as_documented(void **state)
{
	struct sluice_frame frame = sample();
	const uint8_t *bytes = (const uint8_t *)&frame;

	(void)state;
	assert_memory_equal(bytes, "SLU1", 4);
	assert_int_equal(bytes[4], 2);
	assert_int_equal(bytes[5], 1);
	assert_memory_equal(bytes + 6, "\x40\x00", 2);
	assert_memory_equal(bytes + 8, "\x00\x10\x00\x00", 4);
	assert_memory_equal(bytes + 12, "\x11\x00\x00\x00", 4);
	assert_int_equal(offsetof(struct sluice_frame, stream), 16);
	assert_memory_equal(bytes + 32, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
	assert_int_equal(offsetof(struct sluice_frame, offset), 40);
	assert_int_equal(offsetof(struct sluice_frame, floor), 48);
	assert_int_equal(offsetof(struct sluice_frame, payload_crc), 56);
	assert_int_equal(offsetof(struct sluice_frame, header_crc), 60);
	assert_int_equal(offsetof(struct sluice_frame_range, flags), 40);
}

/* The example of docs/wire-format.md, from which others write receivers: made here, it is the same
 * bytes. */
static void the_documents_example(void **state)
{
	static const uint8_t payload[] = {0x15, 0,   0,	   0,	 1,    0,    2,	   0,
					  0,	0,   0xfa, 0xed, 0x51, 0x72, 0x86, 0x18,
					  'h',	'e', 'l',  'l',	 'o',  0,    0,	   0};
	static const uint8_t header[] = {
		0x53, 0x4c, 0x55, 0x31, 0x02, 0x01, 0x40, 0x00, 0x18, 0x00, 0x00, 0x00, 0x01,
		0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
		0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x45, 0xb5, 0x8f, 0xd9, 0xef, 0xdc, 0x3c, 0xd3};
	struct sluice_frame frame = {
		.type = SLUICE_FRAME_DATA,
		.length = htole32(sizeof(payload)),
		.count = htole32(1),
		.stream = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		.epoch = htole64(7),
		.offset = htole64(4096),
		.floor = htole64(1024)};

	(void)state;
	frame.payload_crc = htole32(sluice_crc32c(0, payload, sizeof(payload)));
	sluice_frame_seal(&frame);
	assert_memory_equal(&frame, header, sizeof(header));
	assert_int_equal(sluice_frame_check(header, sizeof(header)), 0);
}

/* At any alignment, and sealing twice is sealing once. */
static void sealed_is_accepted(void **state)
{
	struct sluice_frame frame = sample();
	uint8_t shifted[SLUICE_FRAME_HEADER + 8];
	size_t shift;

	(void)state;
	for (shift = 0; shift < 8; shift++) {
		memcpy(shifted + shift, &frame, sizeof(frame));
		assert_int_equal(sluice_frame_check(shifted + shift, sizeof(frame)), 0);
	}
	sluice_frame_seal(&frame);
	assert_int_equal(sluice_frame_check(&frame, sizeof(frame)), 0);
}

/* Less than a header is not a fault, only too early. */
static void short_is_asked_for_more(void **state)
{
	struct sluice_frame frame = sample();
	size_t available;

	(void)state;
	for (available = 0; available < sizeof(frame); available++)
		assert_int_equal(sluice_frame_check(&frame, available), -EAGAIN);
	assert_int_equal(sluice_frame_check(NULL, 64), -EINVAL);
	sluice_frame_seal(NULL);
}

/* Any change of any byte is noticed, whatever the other bytes behind the header are. */
static void every_corrupted_byte_is_noticed(void **state)
{
	uint8_t bytes[SLUICE_FRAME_HEADER_MAX] = {0};
	struct sluice_frame frame = sample();
	size_t place;
	int flip;

	(void)state;
	memset(bytes, 0xa5, sizeof(bytes));
	memcpy(bytes, &frame, sizeof(frame));
	for (place = 0; place < sizeof(frame); place++) {
		for (flip = 1; flip < 256; flip++) {
			bytes[place] ^= (uint8_t)flip;
			int result = sluice_frame_check(bytes, sizeof(bytes));

			bytes[place] ^= (uint8_t)flip;
			if (place < 4)
				assert_int_equal(result, -EPROTO);
			else if (place == offsetof(struct sluice_frame, version))
				assert_int_equal(result, -EPROTONOSUPPORT);
			else
				assert_true(result == -EBADMSG || result == -EPROTO);
		}
	}
	assert_int_equal(sluice_frame_check(bytes, sizeof(bytes)), 0);
}

/* The limits themselves are allowed, one more is not. */
static void lengths_are_bounded(void **state)
{
	struct sluice_frame frame = sample();

	(void)state;
	frame.length = htole32(SLUICE_FRAME_PAYLOAD_MAX);
	sluice_frame_seal(&frame);
	assert_int_equal(sluice_frame_check(&frame, sizeof(frame)), 0);
	frame.length = htole32(SLUICE_FRAME_PAYLOAD_MAX + 1);
	sluice_frame_seal(&frame);
	assert_int_equal(sluice_frame_check(&frame, sizeof(frame)), -EPROTO);
	frame = sample();
	frame.header_length = htole16(63);
	assert_int_equal(sluice_frame_check(&frame, sizeof(frame)), -EPROTO);
	frame.header_length = htole16(SLUICE_FRAME_HEADER_MAX + 1);
	assert_int_equal(sluice_frame_check(&frame, sizeof(frame)), -EPROTO);
}

/* A magic that is wrong in its first bytes is refused without waiting for a whole header. */
static void wrong_magic_is_refused_early(void **state)
{
	(void)state;
	assert_int_equal(sluice_frame_check("GET ", 4), -EPROTO);
	assert_int_equal(sluice_frame_check("GET", 3), -EAGAIN);
}

/* A later minor format may have a longer header: the CRC covers all of it. */
static void longer_header_is_accepted(void **state)
{
	uint8_t bytes[80] = {0};
	struct sluice_frame *frame = (struct sluice_frame *)bytes;
	struct sluice_frame made = sample();

	(void)state;
	memcpy(bytes, &made, sizeof(made));
	memset(bytes + 64, 7, 16);
	frame->header_length = htole16(80);
	frame->header_crc = 0;
	frame->header_crc = htole32(sluice_crc32c(0, bytes, 80));
	assert_int_equal(sluice_frame_check(bytes, 79), -EAGAIN);
	assert_int_equal(sluice_frame_check(bytes, 80), 0);
	bytes[79] ^= 1;
	assert_int_equal(sluice_frame_check(bytes, 80), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_as_documented),
		cmocka_unit_test(the_documents_example),
		cmocka_unit_test(sealed_is_accepted),
		cmocka_unit_test(short_is_asked_for_more),
		cmocka_unit_test(every_corrupted_byte_is_noticed),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(wrong_magic_is_refused_early),
		cmocka_unit_test(longer_header_is_accepted),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
