// SPDX-License-Identifier: MIT
/*
 * Records as a pcapng capture, see pcapng.h. Block and option numbers are those of
 * draft-ietf-opsawg-pcapng, sections 3 and 4. A block is put together in memory and written at
 * once. Touches: the stream it is given.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "lost.h"
#include "pcapng.h"

#define BLOCK_SECTION 0x0A0D0D0AU
#define BLOCK_INTERFACE 1U
#define BLOCK_STATISTICS 5U
#define BLOCK_PACKET 6U
#define BYTE_ORDER_MAGIC 0x1A2B3C4DU
#define LINKTYPE_RAW 101U

#define OPTION_END 0U
#define OPTION_COMMENT 1U
#define SECTION_APPLICATION 4U
#define INTERFACE_NAME 2U
#define INTERFACE_DESCRIPTION 3U
#define INTERFACE_TIME_RESOLUTION 9U
#define PACKET_FLAGS 2U
#define PACKET_DROPPED 4U
#define STATISTICS_RECEIVED 4U
#define STATISTICS_LOST 5U
#define STATISTICS_MISSED 7U

#define PACKET_INBOUND 1U
#define NANOSECONDS 9U

#define IPV4_HEADER 20U
#define IPV6_HEADER 40U
#define UDP_HEADER 8U
#define HEADERS_MAX (IPV6_HEADER + UDP_HEADER)
#define IPV4_PAYLOAD_MAX 65507U
#define HOPS 64U
#define PROTOCOL_UDP 17U

#define COMMENT_MAX 400U
/* Bytes of a stream's name that comments repeat. */
#define NAME_SHOWN 63U
/* The largest block: a packet with its comments, or a section with somebody's name. */
#define BLOCK_MAX (HEADERS_MAX + SLUICE_RECORD_SPAN_MAX + 4096U)

/* What is known of one stream. */
struct stream {
	char name[NAME_SHOWN + 1];
	uint64_t received;
	uint64_t lost;	 /* told of by GAP records */
	uint64_t untold; /* of those, not told of by a packet yet */
	uint64_t missed; /* by the writer */
	uint64_t last_time_ns;
	char note[COMMENT_MAX]; /* about the untold */
};

struct sluice_pcapng {
	FILE *to;
	struct stream *streams;
	uint32_t count;
	bool is_shared; /* one interface for all of them */
	size_t length;	/* of the block being made */
	uint8_t block[BLOCK_MAX];
};

/* Adds bytes to the block; its bound is kept by those who know what they add. */
static void put(struct sluice_pcapng *capture, const void *bytes, size_t count)
{
	if (count > BLOCK_MAX - capture->length)
		abort();
	if (count)
		memcpy(capture->block + capture->length, bytes, count);
	capture->length += count;
}

/* Adds a number of 16 bits in the byte order of this machine, which the section header tells. */
static void put16(struct sluice_pcapng *capture, uint16_t number)
{
	put(capture, &number, sizeof(number));
}

/* Adds a number of 32 bits. */
static void put32(struct sluice_pcapng *capture, uint32_t number)
{
	put(capture, &number, sizeof(number));
}

/* Adds a time: upper half first. */
static void put_time(struct sluice_pcapng *capture, uint64_t time_ns)
{
	put32(capture, (uint32_t)(time_ns >> 32));
	put32(capture, (uint32_t)time_ns);
}

/* Fills up to a multiple of 4 bytes. */
static void put_padding(struct sluice_pcapng *capture)
{
	static const uint8_t zeros[4];

	put(capture, zeros, -capture->length & 3U);
}

/* Adds an option of at most COMMENT_MAX bytes. */
static void put_option(struct sluice_pcapng *capture, uint16_t code, const void *value,
		       size_t length)
{
	put16(capture, code);
	put16(capture, (uint16_t)length);
	put(capture, value, length);
	put_padding(capture);
}

/* Adds a text, cut to COMMENT_MAX bytes. */
static void put_text(struct sluice_pcapng *capture, uint16_t code, const char *text)
{
	put_option(capture, code, text, strnlen(text, COMMENT_MAX));
}

/* Adds a counter. */
static void put_counter(struct sluice_pcapng *capture, uint16_t code, uint64_t value)
{
	put_option(capture, code, &value, sizeof(value));
}

/* Begins a block; its length is filled in by block_end(). */
static void block_begin(struct sluice_pcapng *capture, uint32_t type)
{
	capture->length = 0;
	put32(capture, type);
	put32(capture, 0);
}

/* Completes the block and writes it. 0 or -EIO. */
static int block_end(struct sluice_pcapng *capture)
{
	uint32_t length;

	put16(capture, OPTION_END);
	put16(capture, 0);
	length = (uint32_t)capture->length + (uint32_t)sizeof(length);
	put32(capture, length);
	memcpy(capture->block + 4, &length, sizeof(length));
	return fwrite(capture->block, capture->length, 1, capture->to) == 1 ? 0 : -EIO;
}

/* Writes the block of an interface. 0 or -EIO. */
static int write_interface(struct sluice_pcapng *capture, const char *name, const char *description)
{
	const uint8_t resolution = NANOSECONDS;

	block_begin(capture, BLOCK_INTERFACE);
	put16(capture, LINKTYPE_RAW);
	put16(capture, 0);
	put32(capture, 0); /* packets are not cut */
	put_text(capture, INTERFACE_NAME, name);
	put_text(capture, INTERFACE_DESCRIPTION, description);
	put_option(capture, INTERFACE_TIME_RESOLUTION, &resolution, sizeof(resolution));
	return block_end(capture);
}

int sluice_pcapng_begin(struct sluice_pcapng **capture, FILE *to, const char *application,
			const char *only)
{
	struct sluice_pcapng *fresh;
	uint64_t length = UINT64_MAX; /* not known: a section goes on until the file ends */
	int error;

	if (!capture || !to || !application)
		return -EINVAL;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	fresh->to = to;
	fresh->is_shared = only != NULL;
	block_begin(fresh, BLOCK_SECTION);
	put32(fresh, BYTE_ORDER_MAGIC);
	put16(fresh, 1);
	put16(fresh, 0);
	put(fresh, &length, sizeof(length));
	put_text(fresh, SECTION_APPLICATION, application);
	error = block_end(fresh);
	if (!error && only)
		error = write_interface(fresh, only, "the comment of a packet names its stream");
	if (error) {
		free(fresh);
		return error;
	}
	*capture = fresh;
	return 0;
}

int sluice_pcapng_stream(struct sluice_pcapng *capture, const char *name, const char *description,
			 uint32_t *number)
{
	struct stream *grown;

	if (!capture || !name || !description || !number || capture->count == UINT32_MAX)
		return -EINVAL;
	grown = reallocarray(capture->streams, (size_t)capture->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	capture->streams = grown;
	memset(&grown[capture->count], 0, sizeof(*grown));
	snprintf(grown[capture->count].name, sizeof(grown[capture->count].name), "%s", name);
	*number = capture->count++;
	return capture->is_shared ? 0 : write_interface(capture, name, description);
}

/* Adds 16-bit words to a sum as RFC 1071 wants it; an odd byte is the upper half of a word. */
static uint64_t sum_words(uint64_t sum, const uint8_t *bytes, size_t count)
{
	size_t at;

	for (at = 0; at + 1 < count; at += 2)
		sum += (uint64_t)bytes[at] << 8 | bytes[at + 1];
	return at < count ? sum + ((uint64_t)bytes[at] << 8) : sum;
}

/* The checksum out of a sum (RFC 1071). */
static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Puts a number of 16 bits into a header. */
static void set16(uint8_t *header, unsigned int value)
{
	header[0] = (uint8_t)(value >> 8);
	header[1] = (uint8_t)value;
}

/* Makes up an IPv4 header (RFC 791) of a datagram of `length` bytes with its UDP header. */
static void make_ipv4(uint8_t *header, size_t length, const uint8_t *source,
		      const uint8_t *destination)
{
	memset(header, 0, IPV4_HEADER);
	header[0] = 0x45;
	set16(header + 2, (unsigned int)(IPV4_HEADER + length));
	header[8] = HOPS;
	header[9] = PROTOCOL_UDP;
	memcpy(header + 12, source, 4);
	memcpy(header + 16, destination, 4);
	set16(header + 10, fold(sum_words(0, header, IPV4_HEADER)));
}

/* Makes up an IPv6 header (RFC 8200) likewise. */
static void make_ipv6(uint8_t *header, size_t length, const uint8_t *source,
		      const uint8_t *destination)
{
	memset(header, 0, IPV6_HEADER);
	header[0] = 0x60;
	set16(header + 4, (unsigned int)length);
	header[6] = PROTOCOL_UDP;
	header[7] = HOPS;
	memcpy(header + 8, source, 16);
	memcpy(header + 24, destination, 16);
}

/* The UDP checksum over IPv6, which must not be 0 (RFC 8200, section 8.1). `ip` is followed by the
 * UDP header. */
static uint16_t ipv6_checksum(const uint8_t *ip, const struct sluice_record_view *record)
{
	uint64_t sum = PROTOCOL_UDP + UDP_HEADER + record->payload_length;
	uint16_t checksum;

	sum = sum_words(sum, ip + 8, 32);
	sum = sum_words(sum, ip + IPV6_HEADER, UDP_HEADER);
	checksum = fold(sum_words(sum, record->payload, record->payload_length));
	return checksum ? checksum : 0xffff;
}

/* Makes up the headers of a record in `header`, which has HEADERS_MAX bytes. Returns how many there
 * are. */
static size_t make_headers(uint8_t *header, const struct sluice_record_view *record)
{
	static const uint8_t nobody4[2][4] = {{192, 0, 2, 1}, {192, 0, 2, 2}};
	static const uint8_t nobody6[2][16] = {
		{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
		{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
	const struct sluice_record_address *address = record->address;
	size_t length = UDP_HEADER + record->payload_length;
	bool is_short = record->payload_length <= IPV4_PAYLOAD_MAX;
	bool is_ipv4 = address ? address->family == 4 && is_short : is_short;
	size_t ip = is_ipv4 ? IPV4_HEADER : IPV6_HEADER;
	uint8_t *udp = header + ip;

	/* An address of a family that the length does not fit cannot be: such a record loses its
	 * address. */
	if (address && address->family != (is_ipv4 ? 4 : 6))
		address = NULL;
	if (is_ipv4)
		make_ipv4(header, length, address ? address->source : nobody4[0],
			  address ? address->destination : nobody4[1]);
	else
		make_ipv6(header, length, address ? address->source : nobody6[0],
			  address ? address->destination : nobody6[1]);
	set16(udp, address ? le16toh(address->source_port) : 0);
	set16(udp + 2, address ? le16toh(address->destination_port) : 0);
	set16(udp + 4, (unsigned int)length);
	set16(udp + 6, 0);
	if (!is_ipv4)
		set16(udp + 6, ipv6_checksum(header, record));
	return ip + UDP_HEADER;
}

/* Adds to a text what still fits. */
__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size,
							 const char *format, ...)
{
	size_t length = strnlen(text, size);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + length, size - length, format, arguments);
	va_end(arguments);
}

/* Says what a record tells and IP has no field for. */
static void describe(char *text, size_t size, const struct sluice_record_view *record)
{
	const struct sluice_record_address *address = record->address;

	*text = '\0';
	append(text, size, "input %u", record->input);
	if (record->flags & SLUICE_RECORD_F_BADCSUM)
		append(text, size, ", wrong checksum");
	if (record->flags & SLUICE_RECORD_F_HWTIME)
		append(text, size, ", time by the network card");
	if (!address) {
		append(text, size, ", addresses not recorded");
		return;
	}
	append(text, size, ", interface %u", le32toh(address->interface));
	if (address->vlan_present)
		append(text, size, ", VLAN tag 0x%04x", le16toh(address->vlan_tci));
	if (record->flags & SLUICE_RECORD_F_SEQUENCE)
		append(text, size, ", sequence %u", le32toh(address->sequence));
}

/* The interface of a stream. */
static uint32_t interface_of(const struct sluice_pcapng *capture, uint32_t number)
{
	return capture->is_shared ? 0 : number;
}

/* Writes the totals of a stream's interface, with a comment if that is not NULL. 0 or -EIO. */
static int write_statistics(struct sluice_pcapng *capture, uint32_t number, const char *comment)
{
	struct stream sum = capture->streams[number];
	uint32_t other;

	for (other = 0; capture->is_shared && other < capture->count; other++) {
		if (other == number)
			continue;
		sum.received += capture->streams[other].received;
		sum.lost += capture->streams[other].lost;
		sum.missed += capture->streams[other].missed;
		if (capture->streams[other].last_time_ns > sum.last_time_ns)
			sum.last_time_ns = capture->streams[other].last_time_ns;
	}
	block_begin(capture, BLOCK_STATISTICS);
	put32(capture, interface_of(capture, number));
	put_time(capture, sum.last_time_ns);
	if (comment)
		put_text(capture, OPTION_COMMENT, comment);
	put_counter(capture, STATISTICS_RECEIVED, sum.received);
	put_counter(capture, STATISTICS_LOST, sum.lost);
	put_counter(capture, STATISTICS_MISSED, sum.missed);
	return block_end(capture);
}

/* Writes a DATA record. 0 or -EIO. */
static int write_packet(struct sluice_pcapng *capture, uint32_t number,
			const struct sluice_record_view *record)
{
	struct stream *stream = &capture->streams[number];
	const uint32_t flags = PACKET_INBOUND;
	uint8_t headers[HEADERS_MAX];
	char comment[COMMENT_MAX];
	size_t length = make_headers(headers, record);
	uint32_t whole = (uint32_t)(length + record->payload_length);

	stream->received++;
	stream->last_time_ns = record->time_ns;
	block_begin(capture, BLOCK_PACKET);
	put32(capture, interface_of(capture, number));
	put_time(capture, record->time_ns);
	put32(capture, whole);
	put32(capture, whole);
	put(capture, headers, length);
	put(capture, record->payload, record->payload_length);
	put_padding(capture);
	put_option(capture, PACKET_FLAGS, &flags, sizeof(flags));
	if (stream->untold) {
		put_counter(capture, PACKET_DROPPED, stream->untold);
		put_text(capture, OPTION_COMMENT, stream->note);
		stream->untold = 0;
		stream->note[0] = '\0';
	}
	describe(comment, sizeof(comment), record);
	if (capture->is_shared)
		append(comment, sizeof(comment), ", stream %s", stream->name);
	put_text(capture, OPTION_COMMENT, comment);
	return block_end(capture);
}

/* Notes a GAP record for the next packet, and writes it down at its place. 0, -EINVAL or -EIO. */
static int write_gap(struct sluice_pcapng *capture, uint32_t number,
		     const struct sluice_record_view *record)
{
	struct stream *stream = &capture->streams[number];
	struct sluice_record_gap gap;
	char text[COMMENT_MAX] = "";
	uint32_t cause;

	if (record->payload_length < sizeof(gap))
		return -EINVAL;
	memcpy(&gap, record->payload, sizeof(gap));
	cause = le32toh(gap.cause);
	append(text, sizeof(text), "lost before this: %llu datagrams of input %u, ",
	       (unsigned long long)le64toh(gap.datagrams), record->input);
	if (cause < SLUICE_LOST_CAUSES)
		append(text, sizeof(text), "%s", sluice_lost_name(cause));
	else
		append(text, sizeof(text), "cause %u", cause);
	if (gap.bytes)
		append(text, sizeof(text), ", %llu bytes", (unsigned long long)le64toh(gap.bytes));
	append(stream->note, sizeof(stream->note), "%s%s", stream->note[0] ? "; " : "", text);
	stream->lost += le64toh(gap.datagrams);
	stream->untold += le64toh(gap.datagrams);
	stream->last_time_ns = record->time_ns;
	return write_statistics(capture, number, text);
}

int sluice_pcapng_record(struct sluice_pcapng *capture, uint32_t number,
			 const struct sluice_record_view *record)
{
	if (!capture || number >= capture->count || !record)
		return -EINVAL;
	if (record->type == SLUICE_RECORD_GAP)
		return write_gap(capture, number, record);
	if (record->type != SLUICE_RECORD_DATA)
		return 0;
	if (record->payload_length > SLUICE_PAYLOAD_MAX)
		return -EINVAL;
	return write_packet(capture, number, record);
}

int sluice_pcapng_missed(struct sluice_pcapng *capture, uint32_t number, uint64_t records,
			 uint64_t time_ns)
{
	char text[COMMENT_MAX] = "";

	if (!capture || number >= capture->count)
		return -EINVAL;
	capture->streams[number].missed += records;
	capture->streams[number].last_time_ns = time_ns;
	append(text, sizeof(text), "%llu records were overwritten before this reader saw them",
	       (unsigned long long)records);
	if (capture->is_shared)
		append(text, sizeof(text), ", stream %s", capture->streams[number].name);
	return write_statistics(capture, number, text);
}

int sluice_pcapng_end(struct sluice_pcapng *capture)
{
	uint32_t number;
	int error = 0;

	if (!capture)
		return 0;
	for (number = 0; number < (capture->is_shared ? 1 : capture->count) && !error; number++)
		if (number < capture->count)
			error = write_statistics(capture, number, NULL);
	if (fflush(capture->to) && !error)
		error = -EIO;
	free(capture->streams);
	free(capture);
	return error;
}
