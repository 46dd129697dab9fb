// SPDX-License-Identifier: MIT
/*
 * Which datagram of a capture is whose; see pcap.h. Touches: memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "pcap.h"

void sluice_pcap_table_free(struct sluice_pcap_table *table)
{
	if (!table)
		return;
	free(table->rings);
	free(table->claims);
	free(table->places);
	free(table);
}

/* The place of a stream among the rings, which has it then. -ENOMEM. */
static int ring_of(struct sluice_pcap_table *table, struct sluice_stream *stream, size_t *place)
{
	struct sluice_pcap_ring *larger;

	for (*place = 0; *place < table->ring_count; (*place)++)
		if (table->rings[*place].stream == stream)
			return 0;
	larger = reallocarray(table->rings, table->ring_count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	table->rings = larger;
	table->rings[table->ring_count++] = (struct sluice_pcap_ring){.stream = stream};
	return 0;
}

/* Makes room for `more` ports. 0 or -ENOMEM. */
static int make_room(struct sluice_pcap_table *table, size_t more)
{
	size_t room = table->place_room ? table->place_room : 16;
	struct sluice_pcap_place *larger;

	while (room - table->place_count < more || room < table->place_count)
		room *= 2;
	larger = reallocarray(table->places, room, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	table->places = larger;
	table->place_room = room;
	return 0;
}

int sluice_pcap_table_add(struct sluice_pcap_table **result,
			  const struct sluice_config_input *config, struct sluice_pcap_input *input,
			  struct sluice_stream *stream)
{
	struct sluice_pcap_table *table = *result;
	struct sluice_pcap_claim *larger,
		claim = {.input = input,
			 .address = config->address,
			 .from = config->from,
			 .has_addresses = config->addresses != 0,
			 .is_plain = !config->addresses && !config->address.family &&
				     !config->from.family,
			 .checksum = config->checksum};
	size_t range;
	uint32_t port;

	if (!table) {
		table = calloc(1, sizeof(*table));
		if (!table)
			return -ENOMEM;
		*result = table;
	}
	if (ring_of(table, stream, &claim.ring))
		return -ENOMEM;
	larger = reallocarray(table->claims, table->claim_count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	table->claims = larger;
	table->claims[table->claim_count] = claim;
	for (range = 0; range < config->port_count; range++) {
		const struct sluice_port_range *ports = &config->ports[range];

		if (make_room(table, ports->last - ports->first + 1U))
			return -ENOMEM;
		for (port = ports->first; port <= ports->last; port++) {
			table->places[table->place_count] =
				(struct sluice_pcap_place){.claim = (uint32_t)table->claim_count,
							   .next = table->of_port[port]};
			table->of_port[port] = (uint32_t)++table->place_count;
		}
	}
	table->claim_count++;
	return 0;
}

/* Does an address of `family` (4 or 6) lie in the prefix? One that is not given holds all. */
static bool holds(const struct sluice_config_prefix *prefix, uint8_t family, const uint8_t *address)
{
	unsigned int whole = prefix->length / 8U, rest = prefix->length % 8U;

	if (prefix->family == AF_UNSPEC)
		return true;
	if ((prefix->family == AF_INET) != (family == 4) ||
	    memcmp(prefix->address, address, whole) != 0)
		return false;
	return !rest || !((prefix->address[whole] ^ address[whole]) >> (8U - rest));
}

struct sluice_pcap_claim *sluice_pcap_table_find(struct sluice_pcap_table *table,
						 const struct sluice_dissected *what)
{
	uint32_t place = table->of_port[what->destination_port];

	while (place) {
		struct sluice_pcap_claim *claim = &table->claims[table->places[place - 1].claim];

		if (holds(&claim->address, what->family, what->destination) &&
		    holds(&claim->from, what->family, what->source))
			return claim;
		place = table->places[place - 1].next;
	}
	return NULL;
}

void sluice_pcap_input_add_up(const struct sluice_pcap_input *input,
			      struct sluice_counters *counters)
{
	uint64_t lost[SLUICE_LOST_CAUSES] = {
		[SLUICE_LOST_COPY] = sluice_load_relaxed(&input->snapped),
		[SLUICE_LOST_BAD_LENGTH] = sluice_load_relaxed(&input->bad_length),
		[SLUICE_LOST_BAD_CHECKSUM] = sluice_load_relaxed(&input->bad_checksum),
		[SLUICE_LOST_RING_FULL] = sluice_load_relaxed(&input->lost_full),
		[SLUICE_LOST_SOCKET] = sluice_load_relaxed(&input->lost_capture),
	};
	uint64_t stored = sluice_load_relaxed(&input->stored);
	size_t cause;

	counters->stored += stored;
	counters->stored_bytes += sluice_load_relaxed(&input->stored_bytes);
	counters->matched += stored;
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++) {
		counters->lost[cause] += lost[cause];
		counters->matched += lost[cause];
	}
}
