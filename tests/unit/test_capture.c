// SPDX-License-Identifier: MIT
/*
 * Reading captures: files, frames, fragments (userd/lib/capture.c, dissect.c, fragments.c). What
 * files of all forms hold the scenario C1-pcap-reads-every-kind-of-file shows; here it is what is
 * wrong with them, and limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../../userd/lib/capture.h"
#include "../../userd/lib/dissect.h"
#include "../../userd/lib/fragments.h"

#define RAW 101U
#define ETHERNET 1U

/* Bytes that are read in pieces. */
struct text {
	const uint8_t *at;
	size_t left, step;
	unsigned int breaks; /* so many calls fail first */
};

/* sluice_capture_read of memory. */
static ssize_t read_text(void *context, void *bytes, size_t room)
{
	struct text *text = context;
	size_t size = text->left < room ? text->left : room;

	if (text->breaks) {
		text->breaks--;
		return -EINTR;
	}
	if (text->step && size > text->step)
		size = text->step;
	memcpy(bytes, text->at, size);
	text->at += size;
	text->left -= size;
	return (ssize_t)size;
}

/* A pcap file with one record of `captured` bytes, of which the last `missing` are not there.
 * Returns its size. */
static size_t make_file(uint8_t *out, uint32_t captured, uint32_t missing)
{
	static const uint8_t head[24] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0,	  0, 0, 0,
					 0,    0,    0,	   0,	 0, 0, 4, 0, 101, 0, 0, 0};
	const uint32_t record[4] = {1700000000, 999999, captured, captured + 7};

	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), record, sizeof(record));
	memset(out + sizeof(head) + sizeof(record), 0x5a, captured);
	return sizeof(head) + sizeof(record) + captured - missing;
}

/* A record says what it is, however the bytes come, and after a call that was broken off. */
static void a_record_is_read_in_pieces(void **state)
{
	uint8_t file[200];
	struct text text = {.at = file, .left = make_file(file, 50, 0), .step = 1, .breaks = 1};
	struct sluice_capture_packet packet;
	struct sluice_capture *capture;
	char said[SLUICE_CAPTURE_TEXT];

	(void)state;
	assert_int_equal(sluice_capture_open(&capture, read_text, &text), 0);
	assert_int_equal(sluice_capture_next(capture, &packet, said), -EINTR);
	assert_int_equal(sluice_capture_next(capture, &packet, said), 1);
	assert_int_equal(packet.captured, 50);
	assert_int_equal(packet.length, 57);
	assert_int_equal(packet.link, RAW);
	assert_int_equal(packet.time_ns, 1700000000999999000ULL);
	assert_int_equal(packet.bytes[49], 0x5a);
	assert_int_equal(sluice_capture_next(capture, &packet, said), 0);
	sluice_capture_close(capture);
}

/* Reads `size` bytes, which are wrong, and expects the sentence to begin so; once. */
static void expect_fault(const uint8_t *bytes, size_t size, const char *sentence)
{
	struct text text = {.at = bytes, .left = size};
	struct sluice_capture_packet packet;
	struct sluice_capture *capture;
	char said[SLUICE_CAPTURE_TEXT] = "";

	assert_int_equal(sluice_capture_open(&capture, read_text, &text), 0);
	assert_int_equal(sluice_capture_next(capture, &packet, said), -EPROTO);
	if (strncmp(said, sentence, strlen(sentence)) != 0)
		fail_msg("\"%s\" where \"%s\" was wished", said, sentence);
	assert_int_equal(sluice_capture_next(capture, &packet, said), 0);
	assert_int_equal(sluice_capture_next(capture, &packet, said), 0);
	sluice_capture_close(capture);
}

/* What is wrong is told with its place, once, and then it is over. */
static void what_is_wrong_is_told_once(void **state)
{
	/* A section of pcapng, and a block that nobody knows and that is cut off. */
	static const uint8_t ng[40] = {0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0,    0,	  0x4d, 0x3c,
				       0x2b, 0x1a, 1,	 0,    0,  0, 0xff, 0xff, 0xff, 0xff,
				       0xff, 0xff, 0xff, 0xff, 28, 0, 0,    0,	  0xad, 0x0b,
				       0,    0,	   100,	 0,    0,  0, 0,    0,	  0,	0};
	uint8_t file[200] = {0}, none[4] = {0};

	(void)state;
	expect_fault(file, 0, "it is empty");
	expect_fault(none, 3, "it is no capture: it has 3 bytes only");
	expect_fault(none, 4, "it is no capture: it begins with 00 00 00 00");
	expect_fault((const uint8_t *)"\x1f\x8b\x08\x00", 4, "it is compressed");
	(void)make_file(file, 50, 0);
	expect_fault(file, 20, "it is cut off: the file's header at byte 0");
	expect_fault(file, 30, "it is cut off: the header of a record at byte 24 (packet 1)");
	expect_fault(file, make_file(file, 50, 1), "it is cut off: the record at byte 24");
	file[35] = 0x7f;
	expect_fault(file, 90, "packet 1 at byte 24 says that it has");
	expect_fault(ng, sizeof(ng), "it is cut off: a block at byte");
}

/* An IPv4 packet of UDP in `out`. Returns its size. */
static size_t make_packet(uint8_t *out, uint16_t udp_length, size_t payload)
{
	static const uint8_t head[28] = {0x45, 0, 0,  0, 0, 1, 0, 0, 64,   17,	 0, 0, 10, 9,
					 0,    2, 10, 9, 0, 1, 0, 7, 0x13, 0x88, 0, 0, 0,  0};

	memcpy(out, head, sizeof(head));
	out[3] = (uint8_t)(sizeof(head) + payload);
	out[24] = (uint8_t)(udp_length >> 8);
	out[25] = (uint8_t)udp_length;
	memset(out + sizeof(head), 0x33, payload);
	return sizeof(head) + payload;
}

/* UDP's own length decides what the datagram is: padding is none of it, and one that does not fit
 * is told as such, with its port. */
static void lengths_are_held_against_each_other(void **state)
{
	struct sluice_dissected what;
	uint8_t packet[100];
	size_t size;

	(void)state;
	size = make_packet(packet, 18, 10);
	sluice_dissect(RAW, packet, size, size, &what);
	assert_int_equal(what.kind, SLUICE_DISSECTED_DATAGRAM);
	assert_int_equal(what.length, 10);
	assert_int_equal(what.destination_port, 5000);
	size = make_packet(packet, 12, 10);
	sluice_dissect(RAW, packet, size, size, &what);
	assert_int_equal(what.kind, SLUICE_DISSECTED_DATAGRAM);
	assert_int_equal(what.length, 4);
	size = make_packet(packet, 8, 0);
	sluice_dissect(RAW, packet, size, size, &what);
	assert_int_equal(what.kind, SLUICE_DISSECTED_DATAGRAM);
	assert_int_equal(what.length, 0);
	size = make_packet(packet, 19, 10);
	sluice_dissect(RAW, packet, size, size, &what);
	assert_int_equal(what.kind, SLUICE_DISSECTED_BAD);
	assert_int_equal(what.destination_port, 5000);
	size = make_packet(packet, 7, 10);
	sluice_dissect(RAW, packet, size, size, &what);
	assert_int_equal(what.kind, SLUICE_DISSECTED_BAD);
	/* The capture did not take all of it. */
	size = make_packet(packet, 18, 10);
	sluice_dissect(RAW, packet, size - 1, size, &what);
	assert_int_equal(what.kind, SLUICE_DISSECTED_CUT);
	assert_true(what.has_ports);
	/* The file says that it is whole, and IP that it is not. */
	sluice_dissect(RAW, packet, size - 1, size - 1, &what);
	assert_int_equal(what.kind, SLUICE_DISSECTED_BAD);
	/* Too short for anything. */
	for (size = 0; size < 20; size++) {
		sluice_dissect(RAW, packet, size, size, &what);
		assert_int_equal(what.kind, SLUICE_DISSECTED_OTHER);
		sluice_dissect(ETHERNET, packet, size, size, &what);
		assert_int_equal(what.kind, SLUICE_DISSECTED_OTHER);
	}
	assert_false(sluice_dissect_knows(147));
}

/* A fragment of a datagram `id`. */
static struct sluice_dissected piece_of(uint32_t id, uint32_t offset, const uint8_t *bytes,
					uint32_t length, bool is_last)
{
	return (struct sluice_dissected){.kind = SLUICE_DISSECTED_FRAGMENT,
					 .family = 4,
					 .id = id,
					 .offset = offset,
					 .payload = bytes,
					 .length = length,
					 .protocol = 17,
					 .is_last = is_last};
}

/* Fragments come in any order and repeated; those that overlap, and those whose rest never comes,
 * are given up. */
static void fragments_are_put_together_within_limits(void **state)
{
	struct sluice_fragments *fragments = sluice_fragments_new();
	uint8_t whole[40] = {0x13, 0x87, 0x13, 0x88, 0, 40};
	struct sluice_dissected piece;
	uint32_t id;

	(void)state;
	assert_non_null(fragments);
	piece = piece_of(1, 24, whole + 24, 16, true);
	assert_int_equal(sluice_fragments_take(fragments, &piece, 1), 0);
	piece = piece_of(1, 24, whole + 24, 16, true);
	assert_int_equal(sluice_fragments_take(fragments, &piece, 1), 0);
	piece = piece_of(1, 0, whole, 24, false);
	assert_int_equal(sluice_fragments_take(fragments, &piece, 1), 1);
	assert_int_equal(piece.kind, SLUICE_DISSECTED_DATAGRAM);
	assert_int_equal(piece.length, 32);
	assert_int_equal(piece.destination_port, 5000);
	assert_int_equal(sluice_fragments_incomplete(fragments, true), 0);
	/* One that overlaps. */
	piece = piece_of(2, 0, whole, 24, false);
	assert_int_equal(sluice_fragments_take(fragments, &piece, 1), 0);
	piece = piece_of(2, 16, whole + 16, 24, true);
	assert_int_equal(sluice_fragments_take(fragments, &piece, 1), -EPROTO);
	assert_int_equal(sluice_fragments_incomplete(fragments, true), 1);
	/* One beyond the end of any packet. */
	piece = piece_of(3, 65528, whole, 16, true);
	assert_int_equal(sluice_fragments_take(fragments, &piece, 1), -EPROTO);
	/* More than are kept: the oldest give way. */
	for (id = 100; id < 100 + 2 * SLUICE_FRAGMENTS_MOST; id++) {
		piece = piece_of(id, 0, whole, 24, false);
		assert_int_equal(sluice_fragments_take(fragments, &piece, id), 0);
	}
	assert_int_equal(sluice_fragments_incomplete(fragments, false), 2 + SLUICE_FRAGMENTS_MOST);
	piece = piece_of(id - 1, 24, whole + 24, 16, true);
	assert_int_equal(sluice_fragments_take(fragments, &piece, id), 1);
	/* Their rest comes too late. */
	piece = piece_of(id - 2, 24, whole + 24, 16, true);
	assert_int_equal(sluice_fragments_take(fragments, &piece, id + SLUICE_FRAGMENTS_NS + 1), 0);
	sluice_fragments_free(fragments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_in_pieces),
		cmocka_unit_test(what_is_wrong_is_told_once),
		cmocka_unit_test(lengths_are_held_against_each_other),
		cmocka_unit_test(fragments_are_put_together_within_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
