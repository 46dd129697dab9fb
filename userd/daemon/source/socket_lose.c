// SPDX-License-Identifier: MIT
/*
 * What is lost before it is a record: counted at its input, and told in the ring. Beside the path
 * of the data. Touches: the counters of this worker, the ring's counts of losses,
 * whoever looks after losses.
 */
#include "../../lib/barrier.h"
#include "../../lib/event.h"
#include "socket.h"
#include "socket_claim.h"

void sluice_port_lose(struct sluice_port *port, enum sluice_lost_cause cause, uint32_t more)
{
	const struct sluice_socket_claim *claim = &port->use->claims[port->use->busiest];
	struct sluice_socket_counters *counters = claim->counters;

	if (!more)
		return;
	sluice_event_lost();
	sluice_count(cause == SLUICE_LOST_BAD_CHECKSUM ? &counters->bad_checksum : &counters->lost,
		     (uint64_t)more);
	sluice_ring_lose(&claim->stream->ring, claim->input->index, cause, more, 0);
}

void sluice_port_lose_full(const struct sluice_socket_claim *claim, uint32_t more)
{
	sluice_event_lost();
	sluice_count(&claim->counters->lost_full, (uint64_t)more);
	sluice_ring_lose(&claim->stream->ring, claim->input->index, SLUICE_LOST_RING_FULL, more, 0);
}
