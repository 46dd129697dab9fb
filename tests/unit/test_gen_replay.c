// SPDX-License-Identifier: MIT
/*
 * Captures that gen sends again: the datagram is found in packets of every link type, what is none
 * is counted as what it is, and files of both formats keep times and order. Touches: a file in the
 * folder of temporary ones.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/pace.h"
#include "bench/replay.h"
#include "bench/sizes.h"

#define SECOND 1000000000ULL
#define ROOM 512U
#define FUZZED 200000U

/* A packet that is being written. */
struct packet {
	uint8_t bytes[ROOM];
	size_t length;
};

/* Appends bytes. */
static void put(struct packet *packet, const void *bytes, size_t length)
{
	assert_true(length <= sizeof(packet->bytes) - packet->length);
	memcpy(packet->bytes + packet->length, bytes, length);
	packet->length += length;
}

/* Appends a number of 16 bits in network order. */
static void put16(struct packet *packet, unsigned int number)
{
	const uint8_t bytes[] = {(uint8_t)(number >> 8), (uint8_t)number};

	put(packet, bytes, sizeof(bytes));
}

/* Appends a number of 32 bits in this machine's order. */
static void put32(struct packet *packet, uint32_t number)
{
	put(packet, &number, sizeof(number));
}

/* Appends a UDP header and `text`, from port 1111 to port 2222. */
static void put_udp(struct packet *packet, const char *text)
{
	put16(packet, 1111);
	put16(packet, 2222);
	put16(packet, (unsigned int)(8 + strlen(text)));
	put16(packet, 0);
	put(packet, text, strlen(text));
}

/* Appends an IPv4 packet with `text` in it. `flags` is the field with the fragment's offset. */
static void put_ipv4(struct packet *packet, const char *text, unsigned int flags, uint8_t protocol)
{
	const uint8_t start[] = {0x46, 0}, addresses[] = {10, 0, 0, 1, 10, 0, 0, 2};
	const uint8_t time[] = {64, protocol}, option[] = {1, 1, 1, 0};

	put(packet, start, sizeof(start));
	put16(packet, (unsigned int)(24 + 8 + strlen(text)));
	put16(packet, 7);
	put16(packet, flags);
	put(packet, time, sizeof(time));
	put16(packet, 0);
	put(packet, addresses, sizeof(addresses));
	put(packet, option, sizeof(option));
	put_udp(packet, text);
}

/* Appends an IPv6 packet with `text` behind two extension headers, one of which says that it is a
 * fragment with these `flags` if there are any. */
static void put_ipv6(struct packet *packet, const char *text, unsigned int flags)
{
	const uint8_t start[] = {0x60, 0, 0, 0}, next[] = {0, 64}, zero[32] = {0};
	const uint8_t hop[] = {44, 0, 1, 4, 0, 0, 0, 0}, fragment[] = {17, 0};

	put(packet, start, sizeof(start));
	put16(packet, (unsigned int)(16 + 8 + strlen(text)));
	put(packet, next, sizeof(next));
	put(packet, zero, sizeof(zero));
	put(packet, hop, sizeof(hop));
	put(packet, fragment, sizeof(fragment));
	put16(packet, flags);
	put32(packet, 0);
	put_udp(packet, text);
}

/* Looks at all of a packet, in memory of exactly its size. */
static enum sluice_replay_kind look(const struct packet *packet, uint32_t link, size_t captured,
				    char *text, uint16_t *source)
{
	struct sluice_replay_datagram datagram;
	uint8_t *exact = malloc(captured + !captured);
	enum sluice_replay_kind kind;

	assert_non_null(exact);
	memcpy(exact, packet->bytes, captured);
	kind = sluice_replay_packet(link, exact, captured, packet->length, &datagram);
	if (kind == SLUICE_REPLAY_DATAGRAM) {
		assert_true(datagram.length < ROOM);
		memcpy(text, datagram.payload, datagram.length);
		text[datagram.length] = '\0';
		*source = datagram.source;
	}
	free(exact);
	return kind;
}

/* The packet holds `wished`, and each of its beginnings is one that was cut off. */
static void assert_found(const struct packet *packet, uint32_t link, const char *wished)
{
	char text[ROOM] = "";
	uint16_t source = 0;
	size_t captured;

	assert_int_equal(look(packet, link, packet->length, text, &source), SLUICE_REPLAY_DATAGRAM);
	assert_string_equal(text, wished);
	assert_int_equal(source, 1111);
	for (captured = 0; captured < packet->length; captured++)
		assert_int_equal(look(packet, link, captured, text, &source), SLUICE_REPLAY_CUT);
}

/* Behind each header that a link may have the datagram is found. */
static void finds_it_behind_every_link(void **state)
{
	static const struct {
		uint32_t link;
		size_t before; /* bytes before the EtherType */
		bool has_type;
		size_t after;
	} links[] = {
		{0, 4, false, 0},   {1, 12, true, 0},	{12, 0, false, 0},  {101, 0, false, 0},
		{108, 4, false, 0}, {113, 14, true, 0}, {228, 0, false, 0}, {276, 0, true, 18},
	};
	static const uint8_t zero[32];
	size_t number;

	(void)state;
	for (number = 0; number < sizeof(links) / sizeof(*links); number++) {
		struct packet four = {.length = 0}, six = {.length = 0};

		put(&four, zero, links[number].before);
		put(&six, zero, links[number].before);
		if (links[number].has_type) {
			put16(&four, 0x0800);
			put16(&six, 0x86dd);
		}
		put(&four, zero, links[number].after);
		put(&six, zero, links[number].after);
		put_ipv4(&four, "over IPv4", 0x4000, 17);
		put_ipv6(&six, "over IPv6", 0);
		assert_found(&four, links[number].link, "over IPv4");
		assert_found(&six, links[number].link, "over IPv6");
	}
}

/* Two VLAN tags, and padding behind the packet, as short frames have. */
static void passes_tags_and_padding(void **state)
{
	static const uint8_t zero[16];
	struct packet packet = {.length = 0};
	char text[ROOM];
	uint16_t source;

	(void)state;
	put(&packet, zero, 12);
	put16(&packet, 0x88a8);
	put16(&packet, 5);
	put16(&packet, 0x8100);
	put16(&packet, 6);
	put16(&packet, 0x0800);
	put_ipv4(&packet, "tagged", 0, 17);
	put(&packet, zero, 16);
	assert_int_equal(look(&packet, 1, packet.length, text, &source), SLUICE_REPLAY_DATAGRAM);
	assert_string_equal(text, "tagged");
}

/* What is not sent is counted as what it is. */
static void names_what_it_skips(void **state)
{
	static const uint8_t zero[16];
	struct packet first = {.length = 0}, last = first, tcp = first, six = first, arp = first;
	struct packet longer = first, none = first, short_udp = first;
	char text[ROOM];
	uint16_t source;
	unsigned int kind;

	(void)state;
	put_ipv4(&first, "first", 0x2000, 17);
	put_ipv4(&last, "last", 0x0010, 17);
	put_ipv6(&six, "first", 1);
	put_ipv4(&tcp, "tcp", 0, 6);
	put(&arp, zero, 12);
	put16(&arp, 0x0806);
	put(&arp, zero, 16);
	put_ipv4(&longer, "longer", 0, 17);
	longer.bytes[3] = 200;
	put_ipv4(&short_udp, "short", 0, 17);
	short_udp.bytes[24 + 5] = 7;
	put(&none, zero, 4);
	assert_int_equal(look(&first, 101, first.length, text, &source), SLUICE_REPLAY_FRAGMENT);
	assert_int_equal(look(&last, 101, last.length, text, &source), SLUICE_REPLAY_FRAGMENT);
	assert_int_equal(look(&six, 101, six.length, text, &source), SLUICE_REPLAY_FRAGMENT);
	assert_int_equal(look(&tcp, 101, tcp.length, text, &source), SLUICE_REPLAY_NOT_UDP);
	assert_int_equal(look(&arp, 1, arp.length, text, &source), SLUICE_REPLAY_NOT_IP);
	assert_int_equal(look(&none, 101, none.length, text, &source), SLUICE_REPLAY_NOT_IP);
	assert_int_equal(look(&longer, 101, longer.length, text, &source), SLUICE_REPLAY_DAMAGED);
	assert_int_equal(look(&short_udp, 101, short_udp.length, text, &source),
			 SLUICE_REPLAY_DAMAGED);
	assert_int_equal(look(&tcp, 105, tcp.length, text, &source), SLUICE_REPLAY_LINK);
	for (kind = 0; kind < SLUICE_REPLAY_KINDS; kind++)
		assert_true(strlen(sluice_replay_kind_word((enum sluice_replay_kind)kind)) > 1);
	assert_string_equal(sluice_replay_kind_word(SLUICE_REPLAY_KINDS), "?");
}

/* Whatever the bytes are, none behind them is looked at, and no payload is outside of them. */
static void believes_no_length(void **state)
{
	static const uint32_t links[] = {0, 1, 101, 113, 276};
	struct packet whole = {.length = 0};
	uint64_t random = 20261130;
	unsigned int round;

	(void)state;
	put_ipv6(&whole, "whatever it is", 0);
	put_ipv4(&whole, "and behind it", 0, 17);
	for (round = 0; round < FUZZED; round++) {
		struct packet packet = whole;
		unsigned int changes = 1 + (unsigned int)(sluice_random(&random) % 6);
		uint16_t source;
		char text[ROOM];

		while (changes--)
			packet.bytes[sluice_random(&random) % 60] = (uint8_t)sluice_random(&random);
		(void)look(&packet, links[round % 5],
			   (size_t)(sluice_random(&random) % (packet.length + 1)), text, &source);
	}
}

/* Writes a file, and reads it. The caller frees what was read. */
static int read_file(const struct packet *file, struct sluice_replay *replay,
		     char text[SLUICE_REPLAY_TEXT])
{
	char path[] = "/tmp/sluice-replay-XXXXXX";
	int fd = mkstemp(path), result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->bytes, file->length), file->length);
	close(fd);
	result = sluice_replay_read(replay, path, text);
	unlink(path);
	return result;
}

/* Appends a packet with its head of the pcap format, of microseconds. */
static void put_record(struct packet *file, uint32_t seconds, uint32_t us, const char *text)
{
	struct packet packet = {.length = 0};

	put_ipv4(&packet, text, 0, 17);
	put32(file, seconds);
	put32(file, us);
	put32(file, (uint32_t)packet.length);
	put32(file, (uint32_t)packet.length);
	put(file, packet.bytes, packet.length);
}

/* The head of a file of the pcap format, of raw IP. */
static struct packet pcap_file(void)
{
	struct packet file = {.length = 0};
	const uint16_t version[] = {2, 4};

	put32(&file, 0xa1b2c3d4);
	put(&file, version, sizeof(version));
	put32(&file, 0);
	put32(&file, 0);
	put32(&file, 65535);
	put32(&file, 101);
	return file;
}

/* Times are from the first on and never go back; behind the last the file begins again, if it is to
 * do so, as long after that as datagrams are apart on average. */
static void keeps_times_and_order(void **state)
{
	static const struct {
		uint64_t at_ns;
		const char *text;
	} wished[] = {
		{0, "a"},
		{500000, "b"},
		{500000, "c"},
		{2 * SECOND, "d"},
		{2 * SECOND + 2 * SECOND / 3, "a"},
	};
	struct packet file = pcap_file();
	const struct sluice_replay_entry *entry;
	struct sluice_replay replay;
	char text[SLUICE_REPLAY_TEXT];
	size_t number;
	uint64_t at;

	(void)state;
	put_record(&file, 10, 999000, "a");
	put_record(&file, 10, 999500, "b");
	put_record(&file, 10, 999400, "c");
	put_record(&file, 12, 999000, "d");
	assert_int_equal(read_file(&file, &replay, text), 0);
	assert_int_equal(replay.packets, 4);
	assert_int_equal(replay.kinds[SLUICE_REPLAY_DATAGRAM], 4);
	assert_int_equal(replay.longest, 1);
	assert_int_equal(replay.port_count, 1);
	assert_int_equal(replay.ports[0], 1111);
	for (number = 0; number < sizeof(wished) / sizeof(*wished); number++) {
		entry = sluice_replay_peek(&replay, &at);
		assert_non_null(entry);
		assert_int_equal(at, wished[number].at_ns);
		assert_memory_equal(replay.bytes + entry->place, wished[number].text, 1);
		assert_int_equal(sluice_replay_port(&replay, entry), 0);
		sluice_replay_pass(&replay, true);
	}
	for (; number < 8; number++)
		sluice_replay_pass(&replay, false);
	assert_null(sluice_replay_peek(&replay, &at));
	sluice_replay_free(&replay);
}

/* Appends a block of pcapng. */
static void put_block(struct packet *file, uint32_t type, const struct packet *body)
{
	static const uint8_t zero[4];
	size_t padding = (4 - body->length % 4) % 4;

	put32(file, type);
	put32(file, (uint32_t)(12 + body->length + padding));
	put(file, body->bytes, body->length);
	put(file, zero, padding);
	put32(file, (uint32_t)(12 + body->length + padding));
}

/* Nanoseconds of a pcapng file are kept. */
static void reads_pcapng(void **state)
{
	/* if_tsresol: 10^-9 */
	static const uint8_t ethernet[] = {1, 0, 0, 0, 0, 0, 0, 0, 9, 0,
					   1, 0, 9, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t zero[12];
	struct packet file = {.length = 0}, head = file;
	const uint16_t version[] = {1, 0};
	struct sluice_replay replay;
	struct packet body = {.length = sizeof(ethernet)};
	char text[SLUICE_REPLAY_TEXT];
	unsigned int number;
	uint64_t at;

	(void)state;
	put32(&head, 0x1a2b3c4d);
	put(&head, version, sizeof(version));
	put32(&head, UINT32_MAX);
	put32(&head, UINT32_MAX);
	put_block(&file, 0x0a0d0d0a, &head);
	memcpy(body.bytes, ethernet, sizeof(ethernet));
	put_block(&file, 1, &body);
	for (number = 0; number < 2; number++) {
		struct packet frame = {.length = 0};

		put(&frame, zero, sizeof(zero));
		put16(&frame, 0x0800);
		put_ipv4(&frame, "x", 0, 17);
		body.length = 0;
		put32(&body, 0);
		put32(&body, 0);
		put32(&body, 1000 + 7 * number);
		put32(&body, (uint32_t)frame.length);
		put32(&body, (uint32_t)frame.length);
		put(&body, frame.bytes, frame.length);
		put_block(&file, 6, &body);
	}
	assert_int_equal(read_file(&file, &replay, text), 0);
	assert_int_equal(replay.count, 2);
	sluice_replay_pass(&replay, false);
	assert_non_null(sluice_replay_peek(&replay, &at));
	assert_int_equal(at, 7);
	sluice_replay_free(&replay);
}

/* A file that is none, has none, or ends within a packet, is said to be that. */
static void says_what_is_wrong(void **state)
{
	struct packet file = pcap_file();
	struct sluice_replay replay;
	char text[SLUICE_REPLAY_TEXT];

	(void)state;
	assert_int_equal(read_file(&file, &replay, text), -ENOENT);
	assert_non_null(strstr(text, "no UDP datagram"));
	sluice_replay_free(&replay);
	put_record(&file, 1, 0, "whole");
	put_record(&file, 1, 1, "half");
	file.length -= 3;
	assert_int_equal(read_file(&file, &replay, text), -EBADMSG);
	assert_non_null(strstr(text, "behind packet 1"));
	sluice_replay_free(&replay);
	memset(file.bytes, 'x', 24);
	assert_int_equal(read_file(&file, &replay, text), -EBADMSG);
	assert_non_null(strstr(text, "no capture"));
	sluice_replay_free(&replay);
}

/* A sender by given times sends what is due, not more, and says what it came too late for. */
static void sends_when_told(void **state)
{
	struct sluice_pace pace;

	(void)state;
	sluice_pace_start(&pace, 0, false, SECOND);
	sluice_pace_make_given(&pace);
	sluice_pace_give(&pace, 500);
	assert_int_equal(sluice_pace_wake(&pace, 100), SECOND + 500);
	sluice_pace_forget(&pace, 100, SECOND + 600);
	sluice_pace_sent(&pace, 100);
	sluice_pace_give(&pace, 600);
	assert_true(sluice_pace_joins(&pace, SECOND + 600, 0));
	sluice_pace_sent(&pace, 100);
	sluice_pace_give(&pace, 601);
	assert_false(sluice_pace_joins(&pace, SECOND + 600, 0));
	assert_int_equal(pace.missed, 0);
	sluice_pace_forget(&pace, 100, 3 * SECOND);
	assert_in_range(pace.missed, 2 * SECOND - 2000000, 2 * SECOND);
	assert_int_equal(sluice_pace_planned(&pace), 601);
}

/* Runs the tests. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_it_behind_every_link),
		cmocka_unit_test(passes_tags_and_padding),
		cmocka_unit_test(names_what_it_skips),
		cmocka_unit_test(believes_no_length),
		cmocka_unit_test(keeps_times_and_order),
		cmocka_unit_test(reads_pcapng),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(sends_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
