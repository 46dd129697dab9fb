// SPDX-License-Identifier: MIT
/*
 * Datagrams of a socket become records, see socket_batch.h. Between what has read them and the
 * streams. Touches: the rings' producer side, the inputs' counters.
 */
#include <endian.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "../../lib/barrier.h"
#include "socket_batch.h"
#include "socket_way.h"

void sluice_socket_batch_begin(struct sluice_socket_batch *batch)
{
	struct timespec now;

	memset(batch, 0, sizeof(*batch));
	clock_gettime(CLOCK_REALTIME, &now);
	batch->time_ns = (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The stream is told at the end of the turn, once, however many ports it has. */
static void touch_stream(struct sluice_socket_batch *batch, struct sluice_stream *stream)
{
	if (stream->is_touched)
		return;
	stream->is_touched = true;
	stream->next_touched = batch->streams;
	batch->streams = stream;
}

/* The same for a port of several inputs: of these it is said which got most. */
static void touch_port(struct sluice_socket_batch *batch, struct sluice_port *port)
{
	struct sluice_socket_claim *claim;

	if (port->is_touched)
		return;
	port->is_touched = true;
	port->next_touched = batch->touched;
	batch->touched = port;
	for_each_claim (claim, port->use) {
		claim->stored = 0;
		touch_stream(batch, claim->stream);
	}
}

void sluice_socket_batch_turn(struct sluice_socket_batch *batch, struct sluice_port *port)
{
	batch->port = port;
	/* With 1,000 ports this is once a datagram, so nothing is kept for a port of one input. */
	if (port->use->count == 1)
		touch_stream(batch, port->use->claims[0].stream);
	else
		touch_port(batch, port);
}

/* Makes the address block of a datagram. */
static void note_addresses(struct sluice_socket_batch *batch,
			   const struct sluice_socket_facts *facts)
{
	struct sluice_record_address *block = &batch->block;
	size_t size = facts->family == AF_INET ? 4 : 16;

	memset(block, 0, sizeof(*block));
	block->family = facts->family == AF_INET ? 4 : 6;
	block->source_port = htole16(facts->source_port);
	block->destination_port = htole16(batch->port->key.port);
	block->interface = htole32(facts->interface);
	if (facts->source)
		memcpy(block->source, facts->source, size);
	if (facts->destination)
		memcpy(block->destination, facts->destination, size);
}

struct sluice_socket_claim *sluice_socket_batch_claim(struct sluice_socket_batch *batch,
						      const struct sluice_socket_facts *facts)
{
	struct sluice_socket_claim *claim = sluice_port_use_find(batch->port->use, facts);

	/* With a program the socket of another worker has not kept it. */
	batch->is_elsewhere = facts->is_for_many &&
			      ((claim && !claim->is_own) ||
			       (!sluice_port_has_program(batch->port) && !batch->port->takes_many));
	if (batch->is_elsewhere)
		return NULL;
	if (claim && claim->addresses)
		note_addresses(batch, facts);
	return claim;
}

/* Makes one datagram a record. */
static void store_one(struct sluice_socket_batch *batch, struct sluice_socket_claim *claim,
		      const uint8_t *bytes, uint32_t length)
{
	size_t head = sizeof(struct sluice_record) + (claim->addresses ? sizeof(batch->block) : 0);
	struct sluice_ring *ring = &claim->stream->ring;
	uint8_t *record = sluice_ring_reserve(ring, (uint32_t)head + length);

	if (!record) {
		sluice_port_lose_full(claim, 1);
		return;
	}
	sluice_record_write(record, (uint32_t)head + length, SLUICE_RECORD_DATA,
			    claim->addresses ? SLUICE_RECORD_F_ADDRESS : 0, claim->input->index,
			    batch->time_ns);
	if (claim->addresses)
		memcpy(record + sizeof(struct sluice_record), &batch->block, sizeof(batch->block));
	memcpy(record + head, bytes, length);
	sluice_ring_commit(ring);
	claim->stored++;
	sluice_count(&claim->counters->stored, 1);
	sluice_count(&claim->counters->stored_bytes, length);
	batch->stored++;
	batch->stored_bytes += length;
}

uint32_t sluice_socket_batch_store(struct sluice_socket_batch *batch,
				   struct sluice_socket_claim *claim, const uint8_t *bytes,
				   uint32_t length, uint32_t segment)
{
	uint32_t begin = 0, count = 0, step;

	if (!segment)
		segment = length;
	/* Once at least: a datagram may be empty. */
	do {
		step = length - begin < segment ? length - begin : segment;
		if (claim && !claim->is_full)
			store_one(batch, claim, bytes + begin, step);
		count++;
		begin += step;
	} while (begin < length);
	/* The first claim is the one that the socket is there for. */
	if (!claim && !batch->is_elsewhere)
		sluice_count(&batch->port->use->claims[0].counters->unmatched, (uint64_t)count);
	else if (claim && claim->is_full)
		sluice_port_lose_full(claim, count);
	return count;
}

/* Notes which input of a port got most. */
static void note_busiest(struct sluice_port_use *use)
{
	uint64_t most = 0;
	size_t number;

	for (number = 0; number < use->count; number++) {
		if (use->claims[number].stored <= most)
			continue;
		most = use->claims[number].stored;
		use->busiest = number;
	}
}

void sluice_socket_batch_end(struct sluice_socket_batch *batch)
{
	struct sluice_stream *stream;
	struct sluice_port *port;

	while ((port = batch->touched)) {
		batch->touched = port->next_touched;
		port->is_touched = false;
		note_busiest(port->use);
	}
	sluice_cost_count(SLUICE_COST_STORE, batch->stored, batch->stored_bytes);
	batch->stored = batch->stored_bytes = 0;
	while ((stream = batch->streams)) {
		batch->streams = stream->next_touched;
		stream->is_touched = false;
		sluice_stream_notify(stream);
	}
}
