// SPDX-License-Identifier: MIT
/*
 * The datagrams of a capture: see replay.h. Under gen. Touches: what that says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pcap/pcap.h>
#include "../lib/clock.h"
#include "replay.h"

#define FIRST_ENTRIES 1024U
#define FIRST_BYTES (256U << 10)

/* Makes room for one more entry and `length` more bytes. 0 or -ENOMEM. */
static int reserve(struct sluice_replay *replay, uint32_t length)
{
	size_t room = replay->room ? replay->room : FIRST_ENTRIES;
	size_t size = replay->size ? replay->size : FIRST_BYTES;
	void *larger;

	while (room <= replay->count)
		room *= 2;
	while (size - replay->used < length)
		size *= 2;
	if (room != replay->room) {
		larger = reallocarray(replay->entries, room, sizeof(*replay->entries));
		if (!larger)
			return -ENOMEM;
		replay->entries = larger;
		replay->room = room;
	}
	if (size != replay->size) {
		larger = realloc(replay->bytes, size);
		if (!larger)
			return -ENOMEM;
		replay->bytes = larger;
		replay->size = size;
	}
	return 0;
}

/* Adds a datagram that came at `at_ns`. 0 or -ENOMEM. */
static int add(struct sluice_replay *replay, const struct sluice_replay_datagram *datagram,
	       uint64_t at_ns)
{
	int error = reserve(replay, datagram->length);

	if (error)
		return error;
	/* Captures of several cards are not always in order. */
	if (replay->count && at_ns < replay->entries[replay->count - 1].at_ns)
		at_ns = replay->entries[replay->count - 1].at_ns;
	memcpy(replay->bytes + replay->used, datagram->payload, datagram->length);
	replay->entries[replay->count++] = (struct sluice_replay_entry){
		.at_ns = at_ns,
		.place = replay->used,
		.length = datagram->length,
		.source = datagram->source,
	};
	replay->used += datagram->length;
	if (datagram->length > replay->longest)
		replay->longest = datagram->length;
	return 0;
}

/* Nanoseconds since 1970 of a packet, of which libpcap was asked for nanoseconds. */
static uint64_t time_of(const struct pcap_pkthdr *header)
{
	return (uint64_t)header->ts.tv_sec * SLUICE_NS_PER_S + (uint64_t)header->ts.tv_usec;
}

/* Reads all packets. 0, -ENOMEM, or -EBADMSG, which libpcap says more of. */
static int read_all(struct sluice_replay *replay, pcap_t *file)
{
	uint32_t link = (uint32_t)pcap_datalink(file);
	struct sluice_replay_datagram datagram;
	enum sluice_replay_kind kind;
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	uint64_t first = 0, at;
	int error = 0, found;

	while (!error && (found = pcap_next_ex(file, &header, &bytes)) == 1) {
		replay->packets++;
		kind = sluice_replay_packet(link, bytes, header->caplen, header->len, &datagram);
		replay->kinds[kind]++;
		if (kind != SLUICE_REPLAY_DATAGRAM)
			continue;
		at = time_of(header);
		if (!replay->count)
			first = at;
		error = add(replay, &datagram, at > first ? at - first : 0);
	}
	if (!error && found != PCAP_ERROR_BREAK)
		error = -EBADMSG;
	return error;
}

/* Orders 16-bit numbers, for bsearch(3). */
static int compare(const void *left, const void *right)
{
	return (int)*(const uint16_t *)left - (int)*(const uint16_t *)right;
}

/* Notes which source ports there are. 0 or -ENOMEM. */
static int list_ports(struct sluice_replay *replay)
{
	static const size_t all = UINT16_MAX + 1;
	bool *seen = calloc(all, sizeof(*seen));
	size_t number;

	replay->ports = calloc(all, sizeof(*replay->ports));
	if (!seen || !replay->ports) {
		free(seen);
		return -ENOMEM;
	}
	for (number = 0; number < replay->count; number++)
		seen[replay->entries[number].source] = true;
	for (number = 0; number < all; number++)
		if (seen[number])
			replay->ports[replay->port_count++] = (uint16_t)number;
	free(seen);
	return 0;
}

/* As replay.h says. @context process */
int sluice_replay_read(struct sluice_replay *replay, const char *path,
		       char text[SLUICE_REPLAY_TEXT])
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *file;
	int error;

	if (!replay || !path || !text)
		return -EINVAL;
	memset(replay, 0, sizeof(*replay));
	file = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!file) {
		snprintf(text, SLUICE_REPLAY_TEXT, "is no capture that can be read: %s", why);
		return -EBADMSG;
	}
	error = read_all(replay, file);
	if (!error)
		error = list_ports(replay);
	if (error == -ENOMEM)
		snprintf(text, SLUICE_REPLAY_TEXT, "has more than there is memory for: packet %llu",
			 (unsigned long long)replay->packets);
	else if (error)
		snprintf(text, SLUICE_REPLAY_TEXT, "cannot be read on behind packet %llu: %s",
			 (unsigned long long)replay->packets, pcap_geterr(file));
	pcap_close(file);
	if (!error && !replay->count) {
		snprintf(text, SLUICE_REPLAY_TEXT, "has no UDP datagram");
		error = -ENOENT;
	}
	return error;
}

/* As replay.h says. @context process */
void sluice_replay_free(struct sluice_replay *replay)
{
	if (!replay)
		return;
	free(replay->entries);
	free(replay->bytes);
	free(replay->ports);
}

/* As replay.h says. */
const struct sluice_replay_entry *sluice_replay_peek(const struct sluice_replay *replay,
						     uint64_t *at_ns)
{
	if (!replay || replay->next >= replay->count)
		return NULL;
	*at_ns = replay->round_ns + replay->entries[replay->next].at_ns;
	return &replay->entries[replay->next];
}

/* As replay.h says. */
void sluice_replay_pass(struct sluice_replay *replay, bool loops)
{
	uint64_t lasts;

	if (!replay || replay->next >= replay->count || ++replay->next < replay->count || !loops)
		return;
	lasts = replay->entries[replay->count - 1].at_ns;
	replay->round_ns += lasts + (replay->count > 1 ? lasts / (replay->count - 1) : 0);
	replay->next = 0;
}

/* As replay.h says. */
size_t sluice_replay_port(const struct sluice_replay *replay,
			  const struct sluice_replay_entry *entry)
{
	const uint16_t *found = bsearch(&entry->source, replay->ports, replay->port_count,
					sizeof(*replay->ports), compare);

	return found ? (size_t)(found - replay->ports) : 0;
}
