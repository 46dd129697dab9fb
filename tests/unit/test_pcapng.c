// SPDX-License-Identifier: MIT
/*
 * pcapng captures, read back by a reader of this file's own, written from draft-ietf-opsawg-pcapng:
 * every block's two lengths agree, options are padded and end, packets hold the datagram behind
 * headers whose checksums are right, and losses are told once.
 */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/pcapng.h"

#define SECTION 0x0A0D0D0AU
#define INTERFACE 1U
#define STATISTICS 5U
#define PACKET 6U
#define BLOCKS_MAX 64U
#define OPTIONS_MAX 8U
#define TIME_NS 0x123456789abcdef0ULL

struct option {
	uint16_t code;
	uint16_t length;
	const uint8_t *value;
};

struct block {
	uint32_t type;
	const uint8_t *body; /* behind type and length */
	struct option options[OPTIONS_MAX];
	size_t option_count;
};

/* A capture in memory. */
struct capture {
	struct sluice_pcapng *writer;
	FILE *file;
	char *bytes;
	size_t size;
	struct block blocks[BLOCKS_MAX];
	size_t count;
};

/* A number of 16 bits in the byte order of this machine, at any address. */
static uint16_t get16(const uint8_t *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/* A number of 32 bits, likewise. */
static uint32_t get32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/* A number of 64 bits, likewise. */
static uint64_t get64(const uint8_t *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/* The upper half comes first. */
static uint64_t get_time(const uint8_t *from)
{
	return (uint64_t)get32(from) << 32 | get32(from + 4);
}

/* Begins a capture. @owner caller: end(), forget() */
static void begin(struct capture *capture)
{
	memset(capture, 0, sizeof(*capture));
	capture->file = open_memstream(&capture->bytes, &capture->size);
	assert_non_null(capture->file);
	assert_int_equal(sluice_pcapng_begin(&capture->writer, capture->file, "unit test", NULL),
			 0);
}

/* Reads the options of a block, from `at` to `end`: each padded to 4 bytes with zeros, the last one
 * "end of options". */
static void read_options(struct block *block, const uint8_t *at, const uint8_t *end)
{
	for (;;) {
		struct option *option = &block->options[block->option_count];
		size_t padded;

		assert_true(end - at >= 4);
		option->code = get16(at);
		option->length = get16(at + 2);
		option->value = at + 4;
		at += 4;
		if (!option->code) {
			assert_int_equal(option->length, 0);
			assert_ptr_equal(at, end);
			return;
		}
		padded = (option->length + 3U) & ~3U;
		assert_true((size_t)(end - at) >= padded);
		for (size_t pad = option->length; pad < padded; pad++)
			assert_int_equal(at[pad], 0);
		at += padded;
		assert_true(++block->option_count < OPTIONS_MAX);
	}
}

/* Ends the capture and takes it apart. */
static void end(struct capture *capture)
{
	size_t at = 0;

	assert_int_equal(sluice_pcapng_end(capture->writer), 0);
	assert_int_equal(fclose(capture->file), 0);
	while (at < capture->size) {
		const uint8_t *bytes = (const uint8_t *)capture->bytes + at;
		struct block *block = &capture->blocks[capture->count++];
		size_t fixed, whole;

		assert_true(capture->count <= BLOCKS_MAX);
		assert_true(capture->size - at >= 12);
		whole = get32(bytes + 4);
		assert_int_equal(whole % 4, 0);
		assert_true(whole >= 12 && whole <= capture->size - at);
		assert_int_equal(get32(bytes + whole - 4), whole);
		block->type = get32(bytes);
		block->body = bytes + 8;
		switch (block->type) {
		case SECTION:
			fixed = 16;
			break;
		case INTERFACE:
			fixed = 8;
			break;
		case STATISTICS:
			fixed = 12;
			break;
		default:
			assert_int_equal(block->type, PACKET);
			fixed = 20 + ((get32(block->body + 12) + 3U) & ~3U);
			break;
		}
		assert_true(8 + fixed + 4 <= whole);
		read_options(block, block->body + fixed, bytes + whole - 4);
		at += whole;
	}
	assert_int_equal(at, capture->size);
}

/* Frees the bytes of a capture, and with them what its blocks point to. */
static void forget(struct capture *capture)
{
	free(capture->bytes);
}

/* The option of `code`, the `nth` from 0; NULL: there are not so many. */
static const struct option *find(const struct block *block, uint16_t code, size_t nth)
{
	for (size_t number = 0; number < block->option_count; number++)
		if (block->options[number].code == code && !nth--)
			return &block->options[number];
	return NULL;
}

/* Fails unless the nth option of `code` is that text. */
static void assert_text(const struct block *block, uint16_t code, size_t nth, const char *text)
{
	const struct option *option = find(block, code, nth);

	assert_non_null(option);
	assert_int_equal(option->length, strlen(text));
	assert_memory_equal(option->value, text, strlen(text));
}

/* Fails unless the option of `code` is that number. */
static void assert_counter(const struct block *block, uint16_t code, uint64_t value)
{
	const struct option *option = find(block, code, 0);

	assert_non_null(option);
	assert_int_equal(option->length, 8);
	assert_true(get64(option->value) == value);
}

/* A DATA record of `length` bytes. */
static struct sluice_record_view data_of(const uint8_t *payload, uint32_t length)
{
	return (struct sluice_record_view){.type = SLUICE_RECORD_DATA,
					   .input = 7,
					   .time_ns = TIME_NS,
					   .payload = payload,
					   .payload_length = length};
}

/* Tells the capture of a loss. */
static void write_gap(struct capture *capture, uint32_t number, uint64_t datagrams, uint32_t cause)
{
	struct sluice_record_gap gap = {.datagrams = htole64(datagrams),
					.bytes = htole64(datagrams * 10),
					.cause = htole32(cause)};
	struct sluice_record_view view = {.type = SLUICE_RECORD_GAP,
					  .input = 7,
					  .time_ns = TIME_NS + 1,
					  .payload = (const uint8_t *)&gap,
					  .payload_length = sizeof(gap)};

	assert_int_equal(sluice_pcapng_record(capture->writer, number, &view), 0);
}

/* The sum of `count` bytes in 16-bit words of network byte order, folded (RFC 1071). */
static uint16_t sum_of(uint32_t sum, const uint8_t *bytes, size_t count)
{
	for (size_t at = 0; at < count; at++)
		sum += at % 2 ? bytes[at] : (uint32_t)bytes[at] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* A section, its interfaces with what they are called, and totals at the end. */
static void a_capture_begins_and_ends(void **state)
{
	struct capture capture;
	uint32_t number;

	(void)state;
	begin(&capture);
	assert_int_equal(sluice_pcapng_stream(capture.writer, "cpu0", "route \"\xc3\xa9\" of cpu 0",
					      &number),
			 0);
	assert_int_equal(number, 0);
	assert_int_equal(sluice_pcapng_stream(capture.writer, "", "", &number), 0);
	assert_int_equal(number, 1);
	end(&capture);
	assert_int_equal(capture.count, 5);
	assert_int_equal(capture.blocks[0].type, SECTION);
	assert_int_equal(get32(capture.blocks[0].body), 0x1A2B3C4D);
	assert_int_equal(get16(capture.blocks[0].body + 4), 1);
	assert_int_equal(get16(capture.blocks[0].body + 6), 0);
	assert_true(get64(capture.blocks[0].body + 8) == UINT64_MAX);
	assert_text(&capture.blocks[0], 4, 0, "unit test");
	assert_int_equal(capture.blocks[1].type, INTERFACE);
	assert_int_equal(get16(capture.blocks[1].body), 101);	/* LINKTYPE_RAW */
	assert_int_equal(get32(capture.blocks[1].body + 4), 0); /* nothing is cut off */
	assert_text(&capture.blocks[1], 2, 0, "cpu0");
	assert_text(&capture.blocks[1], 3, 0, "route \"\xc3\xa9\" of cpu 0");
	assert_int_equal(find(&capture.blocks[1], 9, 0)->length, 1);
	assert_int_equal(find(&capture.blocks[1], 9, 0)->value[0], 9); /* nanoseconds */
	assert_text(&capture.blocks[2], 2, 0, "");
	for (number = 0; number < 2; number++) {
		assert_int_equal(capture.blocks[3 + number].type, STATISTICS);
		assert_int_equal(get32(capture.blocks[3 + number].body), number);
		assert_counter(&capture.blocks[3 + number], 4, 0);
		assert_counter(&capture.blocks[3 + number], 5, 0);
	}
	forget(&capture);
}

/* Payloads of every length modulo 4, the longest, and too long for IPv4: headers made up, whole,
 * with right sums. */
static void a_packet_holds_its_datagram(void **state)
{
	static const uint32_t lengths[] = {0, 1,    2,	   3,	  4,
					   5, 1400, 65507, 65508, SLUICE_PAYLOAD_MAX};
	const size_t count = sizeof(lengths) / sizeof(lengths[0]);
	uint8_t *payload = malloc(SLUICE_PAYLOAD_MAX);
	struct capture capture;
	uint32_t number;

	(void)state;
	assert_non_null(payload);
	for (size_t place = 0; place < SLUICE_PAYLOAD_MAX; place++)
		payload[place] = (uint8_t)(place * 7 + place / 256);
	begin(&capture);
	assert_int_equal(sluice_pcapng_stream(capture.writer, "name", "text", &number), 0);
	for (size_t which = 0; which < count; which++) {
		struct sluice_record_view view = data_of(payload, lengths[which]);

		assert_int_equal(sluice_pcapng_record(capture.writer, number, &view), 0);
	}
	end(&capture);
	assert_int_equal(capture.count, 2 + count + 1);
	for (size_t which = 0; which < count; which++) {
		const struct block *block = &capture.blocks[2 + which];
		bool is_ipv4 = lengths[which] <= 65507;
		size_t header = is_ipv4 ? 20 : 40, whole = header + 8 + lengths[which];
		const uint8_t *ip = block->body + 20, *udp = ip + header;
		size_t padding = (4 - whole % 4) % 4;

		assert_int_equal(block->type, PACKET);
		assert_int_equal(get32(block->body), number);
		assert_true(get_time(block->body + 4) == TIME_NS);
		assert_int_equal(get32(block->body + 12), whole);
		assert_int_equal(get32(block->body + 16), whole);
		assert_int_equal(be16toh(get16(udp + 4)), 8 + lengths[which]);
		assert_memory_equal(udp + 8, payload, lengths[which]);
		for (size_t pad = 0; pad < padding; pad++)
			assert_int_equal(udp[8 + lengths[which] + pad], 0);
		if (is_ipv4) {
			assert_int_equal(ip[0], 0x45);
			assert_int_equal(be16toh(get16(ip + 2)), whole);
			assert_int_equal(ip[9], 17);
			assert_int_equal(sum_of(0, ip, 20), 0xffff);
			assert_int_equal(get16(udp + 6), 0); /* none, which IPv4 allows */
		} else {
			assert_int_equal(ip[0], 0x60);
			assert_int_equal(be16toh(get16(ip + 4)), 8 + lengths[which]);
			assert_int_equal(ip[6], 17);
			assert_int_equal(sum_of(17 + 8 + lengths[which] + sum_of(0, ip + 8, 32),
						udp, 8 + lengths[which]),
					 0xffff);
		}
		assert_int_equal(find(block, 2, 0)->length, 4);
		assert_int_equal(get32(find(block, 2, 0)->value), 1); /* inbound */
		assert_text(block, 1, 0, "input 7, addresses not recorded");
		assert_null(find(block, 4, 0));
	}
	assert_counter(&capture.blocks[2 + count], 4, count);
	assert_true(get_time(capture.blocks[2 + count].body + 4) == TIME_NS);
	forget(&capture);
	free(payload);
}

/* What the address block and the flags say is in the headers or in the comment. */
static void a_packet_tells_what_its_record_says(void **state)
{
	struct sluice_record_address address = {.family = 4,
						.vlan_present = 1,
						.vlan_tci = htole16(0x2005),
						.source_port = htole16(514),
						.destination_port = htole16(5000),
						.interface = htole32(3),
						.sequence = htole32(99),
						.source = {10, 9, 0, 2},
						.destination = {10, 9, 0, 1}};
	struct sluice_record_view view = data_of((const uint8_t *)"hello", 5);
	const uint8_t *ip;
	struct capture capture;
	uint32_t number;

	(void)state;
	begin(&capture);
	assert_int_equal(sluice_pcapng_stream(capture.writer, "name", "text", &number), 0);
	view.address = &address;
	view.flags = SLUICE_RECORD_F_BADCSUM | SLUICE_RECORD_F_HWTIME | SLUICE_RECORD_F_ADDRESS |
		     SLUICE_RECORD_F_SEQUENCE;
	assert_int_equal(sluice_pcapng_record(capture.writer, number, &view), 0);
	address.family = 6;
	address.vlan_present = 0;
	address.source[15] = 1;
	view.flags = SLUICE_RECORD_F_ADDRESS;
	assert_int_equal(sluice_pcapng_record(capture.writer, number, &view), 0);
	end(&capture);
	ip = capture.blocks[2].body + 20;
	assert_memory_equal(ip + 12, address.source, 4);
	assert_memory_equal(ip + 16, address.destination, 4);
	assert_int_equal(be16toh(get16(ip + 20)), 514);
	assert_int_equal(be16toh(get16(ip + 22)), 5000);
	assert_text(&capture.blocks[2], 1, 0,
		    "input 7, wrong checksum, time by the network card, interface 3, VLAN tag "
		    "0x2005, sequence 99");
	ip = capture.blocks[3].body + 20;
	assert_int_equal(ip[0], 0x60);
	assert_memory_equal(ip + 8, address.source, 16);
	assert_memory_equal(ip + 24, address.destination, 16);
	assert_text(&capture.blocks[3], 1, 0, "input 7, interface 3");
	forget(&capture);
}

/* Losses are told by the next packet of their interface, once, and by totals; those of the reader
 * apart. */
static void losses_are_told_once_and_summed(void **state)
{
	struct sluice_record_view view = data_of((const uint8_t *)"x", 1);
	struct capture capture;
	uint32_t first, second;

	(void)state;
	begin(&capture);
	assert_int_equal(sluice_pcapng_stream(capture.writer, "a", "a", &first), 0);
	assert_int_equal(sluice_pcapng_stream(capture.writer, "b", "b", &second), 0);
	write_gap(&capture, first, 5, SLUICE_LOST_RING_FULL);
	write_gap(&capture, first, 2, 1000);
	assert_int_equal(sluice_pcapng_missed(capture.writer, first, 11, TIME_NS + 2), 0);
	assert_int_equal(sluice_pcapng_record(capture.writer, second, &view), 0);
	assert_int_equal(sluice_pcapng_record(capture.writer, first, &view), 0);
	assert_int_equal(sluice_pcapng_record(capture.writer, first, &view), 0);
	end(&capture);
	assert_int_equal(capture.count, 3 + 3 + 3 + 2);
	assert_text(&capture.blocks[3], 1, 0,
		    "lost before this: 5 datagrams of input 7, ring_full, 50 bytes");
	assert_counter(&capture.blocks[3], 5, 5);
	assert_true(get_time(capture.blocks[3].body + 4) == TIME_NS + 1);
	assert_text(&capture.blocks[4], 1, 0,
		    "lost before this: 2 datagrams of input 7, cause 1000, 20 bytes");
	assert_counter(&capture.blocks[4], 5, 7);
	assert_text(&capture.blocks[5], 1, 0,
		    "11 records were overwritten before this reader saw them");
	assert_counter(&capture.blocks[5], 7, 11);
	assert_null(find(&capture.blocks[6], 4, 0)); /* the other interface lost nothing */
	assert_counter(&capture.blocks[7], 4, 7);
	assert_text(&capture.blocks[7], 1, 0,
		    "lost before this: 5 datagrams of input 7, ring_full, 50 bytes; lost before "
		    "this: 2 datagrams of input 7, cause 1000, 20 bytes");
	assert_text(&capture.blocks[7], 1, 1, "input 7, addresses not recorded");
	assert_null(find(&capture.blocks[8], 4, 0));
	assert_null(find(&capture.blocks[8], 1, 1));
	assert_counter(&capture.blocks[9], 4, 2);
	assert_counter(&capture.blocks[9], 5, 7);
	assert_counter(&capture.blocks[9], 7, 11);
	assert_counter(&capture.blocks[10], 4, 1);
	assert_counter(&capture.blocks[10], 5, 0);
	forget(&capture);
}

/* Streams that share an interface: that one stands in the file, and each comment names the stream.
 */
static void streams_share_an_interface(void **state)
{
	struct sluice_record_view view = data_of((const uint8_t *)"x", 1);
	struct capture capture = {0};
	uint32_t first, second;

	(void)state;
	capture.file = open_memstream(&capture.bytes, &capture.size);
	assert_non_null(capture.file);
	assert_int_equal(sluice_pcapng_begin(&capture.writer, capture.file, "unit test", "all"), 0);
	assert_int_equal(sluice_pcapng_stream(capture.writer, "a", "a", &first), 0);
	assert_int_equal(sluice_pcapng_stream(capture.writer, "b", "b", &second), 0);
	write_gap(&capture, first, 5, SLUICE_LOST_RING_FULL);
	assert_int_equal(sluice_pcapng_record(capture.writer, second, &view), 0);
	assert_int_equal(sluice_pcapng_record(capture.writer, first, &view), 0);
	assert_int_equal(sluice_pcapng_missed(capture.writer, second, 11, TIME_NS + 2), 0);
	end(&capture);
	assert_int_equal(capture.count, 2 + 1 + 2 + 1 + 1);
	assert_text(&capture.blocks[1], 2, 0, "all");
	assert_int_equal(get32(capture.blocks[3].body), 0);
	assert_null(find(&capture.blocks[3], 4, 0));
	assert_text(&capture.blocks[3], 1, 0, "input 7, addresses not recorded, stream b");
	assert_int_equal(get32(capture.blocks[4].body), 0);
	assert_counter(&capture.blocks[4], 4, 5);
	assert_text(&capture.blocks[4], 1, 1, "input 7, addresses not recorded, stream a");
	assert_text(&capture.blocks[5], 1, 0,
		    "11 records were overwritten before this reader saw them, stream b");
	assert_counter(&capture.blocks[6], 4, 2);
	assert_counter(&capture.blocks[6], 5, 5);
	assert_counter(&capture.blocks[6], 7, 11);
	forget(&capture);
}

/* Thousands of losses before a packet, and endless names: cut off, and the blocks stay whole. */
static void long_texts_are_cut(void **state)
{
	struct sluice_record_view view = data_of((const uint8_t *)"x", 1);
	char name[3000];
	struct capture capture;
	uint32_t number;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	begin(&capture);
	assert_int_equal(sluice_pcapng_stream(capture.writer, name, name, &number), 0);
	for (unsigned int turn = 0; turn < 40; turn++)
		write_gap(&capture, number, UINT64_MAX / 100, SLUICE_LOST_DISK);
	assert_int_equal(sluice_pcapng_record(capture.writer, number, &view), 0);
	end(&capture);
	assert_int_equal(find(&capture.blocks[1], 2, 0)->length, 400);
	assert_int_equal(find(&capture.blocks[1], 3, 0)->length, 400);
	assert_counter(&capture.blocks[42], 4, UINT64_MAX / 100 * 40);
	assert_true(find(&capture.blocks[42], 1, 0)->length < 400);
	forget(&capture);
}

/* What cannot be is refused, and a full disk is noticed. */
static void what_cannot_be_is_refused(void **state)
{
	struct sluice_record_view view = data_of((const uint8_t *)"x", 1);
	struct capture capture;
	struct sluice_pcapng *writer;
	uint32_t number;
	FILE *full;

	(void)state;
	assert_int_equal(sluice_pcapng_begin(NULL, stdout, "x", NULL), -EINVAL);
	assert_int_equal(sluice_pcapng_begin(&writer, NULL, "x", NULL), -EINVAL);
	assert_int_equal(sluice_pcapng_begin(&writer, stdout, NULL, NULL), -EINVAL);
	assert_int_equal(sluice_pcapng_end(NULL), 0);
	begin(&capture);
	assert_int_equal(sluice_pcapng_stream(capture.writer, NULL, "x", &number), -EINVAL);
	assert_int_equal(sluice_pcapng_record(capture.writer, 0, &view), -EINVAL);
	assert_int_equal(sluice_pcapng_missed(capture.writer, 0, 1, 1), -EINVAL);
	assert_int_equal(sluice_pcapng_stream(capture.writer, "x", "x", &number), 0);
	assert_int_equal(sluice_pcapng_record(capture.writer, number, NULL), -EINVAL);
	view.payload_length = SLUICE_PAYLOAD_MAX + 1;
	assert_int_equal(sluice_pcapng_record(capture.writer, number, &view), -EINVAL);
	view.type = SLUICE_RECORD_GAP;
	view.payload_length = 3;
	assert_int_equal(sluice_pcapng_record(capture.writer, number, &view), -EINVAL);
	view.type = 200;
	assert_int_equal(sluice_pcapng_record(capture.writer, number, &view), 0);
	end(&capture);
	assert_int_equal(capture.count, 3);
	forget(&capture);

	full = fopen("/dev/full", "w");
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(sluice_pcapng_begin(&writer, full, "x", NULL), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_capture_begins_and_ends),
		cmocka_unit_test(a_packet_holds_its_datagram),
		cmocka_unit_test(a_packet_tells_what_its_record_says),
		cmocka_unit_test(losses_are_told_once_and_summed),
		cmocka_unit_test(streams_share_an_interface),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
