/* SPDX-License-Identifier: MIT */
/*
 * What a connection is writing, and what it has read. Written by the protocols, writer.c and
 * tcp.c. Part of connection.h.
 */
#ifndef SLUICE_WRITING_H
#define SLUICE_WRITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct sluice_feeder;

/* What is being written. */
struct sluice_writing {
	struct iovec pending[2];
	bool busy;
	bool more;		      /* something will follow it at once: TCP may wait for that */
	bool corked;		      /* and it does */
	size_t staged;		      /* bytes in the protocol's staging buffer that belong to it */
	struct sluice_feeder *feeder; /* whose segment it is; NULL: it is the protocol's own */
	uint64_t segment;
};

/* What was read and not understood yet. */
struct sluice_inbox {
	uint8_t *bytes;
	size_t size, used;
};

#endif /* SLUICE_WRITING_H */
