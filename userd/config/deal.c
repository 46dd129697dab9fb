// SPDX-License-Identifier: MIT
/*
 * Ports are dealt to workers, see deal.h. Before the path of the data. Touches: nothing.
 */
#include "deal.h"

/* Sockets of all workers together, unless there are more ports. */
#define SOCKETS 1024U
/* 2^16 divided by the golden ratio: whatever the distance of the ports of a configuration,
 * their multiples lie evenly (Knuth, The Art of Computer Programming, volume 3, 6.4). */
#define GOLDEN 40503U

size_t sluice_deal_width(uint64_t ports, size_t workers)
{
	uint64_t width = ports ? SOCKETS / ports : workers;

	if (width < 1)
		return 1;
	return width < workers ? (size_t)width : workers;
}

size_t sluice_deal_first(uint16_t number, size_t workers)
{
	return (size_t)((uint64_t)(number * GOLDEN & 0xffffU) * workers >> 16);
}

bool sluice_deal_has(uint16_t number, size_t worker, size_t workers, size_t width)
{
	return (worker + workers - sluice_deal_first(number, workers)) % workers < width;
}
