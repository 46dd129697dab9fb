// SPDX-License-Identifier: MIT
/*
 * Datagrams of a socket become records, see socket_batch.h. Between what has read them and the stream. Touches: the ring's
 * producer side, the input's counters.
 */
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "../../lib/barrier.h"
#include "socket_batch.h"

void sluice_socket_batch_begin(struct sluice_socket_batch *batch, struct sluice_port *port)
{
	struct timespec now;

	memset(batch, 0, sizeof(*batch));
	clock_gettime(CLOCK_REALTIME, &now);
	batch->port = port;
	batch->ring = &port->use.stream->ring;
	batch->time_ns = (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec;
	batch->input = port->use.input->index;
	batch->flags = port->use.addresses ? SLUICE_RECORD_F_ADDRESS : 0;
}

/* Makes one datagram a record. */
static void store_one(struct sluice_socket_batch *batch, const uint8_t *bytes, uint32_t length)
{
	size_t head = sizeof(struct sluice_record) + (batch->flags ? sizeof(batch->block) : 0);
	uint8_t *record = sluice_ring_reserve(batch->ring, (uint32_t)head + length);

	if (!record) {
		sluice_port_lose(batch->port, 1);
		return;
	}
	sluice_record_write(record, (uint32_t)head + length, SLUICE_RECORD_DATA, batch->flags,
			    batch->input, batch->time_ns);
	if (batch->flags)
		memcpy(record + sizeof(struct sluice_record), &batch->block, sizeof(batch->block));
	memcpy(record + head, bytes, length);
	sluice_ring_commit(batch->ring);
	batch->stored++;
	batch->stored_bytes += length;
}

uint32_t sluice_socket_batch_store(struct sluice_socket_batch *batch, const uint8_t *bytes,
				   uint32_t length, uint32_t segment, bool right)
{
	uint32_t begin = 0, count = 0, step;

	if (!segment)
		segment = length;
	/* Once at least: a datagram may be empty. */
	do {
		step = length - begin < segment ? length - begin : segment;
		if (right)
			store_one(batch, bytes + begin, step);
		count++;
		begin += step;
	} while (begin < length);
	return count;
}

void sluice_socket_batch_end(struct sluice_socket_batch *batch)
{
	struct sluice_socket_counters *counters =
		&batch->port->use.input->counters[batch->port->worker->number];

	sluice_count(&counters->stored, batch->stored);
	sluice_count(&counters->stored_bytes, batch->stored_bytes);
}

bool sluice_socket_prefix_holds(const struct sluice_config_prefix *prefix, int family,
				const uint8_t *address)
{
	size_t whole = prefix->length / 8, bits = prefix->length % 8;

	if (prefix->family == AF_UNSPEC)
		return true;
	if (prefix->family != family || memcmp(prefix->address, address, whole) != 0)
		return false;
	return !bits || !((prefix->address[whole] ^ address[whole]) & (0xff00U >> bits) & 0xffU);
}
