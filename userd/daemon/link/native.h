/* SPDX-License-Identifier: MIT */
/*
 * What a connection has of the native protocol. Written by native.c alone. Part of connection.h,
 * not behind a pointer: a span's header is on the path of the data.
 */
#ifndef SLUICE_NATIVE_H
#define SLUICE_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include "../../lib/frame.h"

struct sluice_native {
	/* The header that is being written */
	union {
		struct sluice_frame frame;
		struct sluice_frame_lost frame_lost;
		struct sluice_frame_zstd frame_zstd;
	};
	uint64_t takes;	      /* SLUICE_FRAME_F_*: what the receiver said that it can take */
	uint8_t *greeting;    /* HELLO's payload, and PATH */
	uint64_t path;	      /* sluice_path_generation() of what was told last */
	uint8_t *kept;	      /* what is left of a span that the store took out of the ring */
	uint8_t *staging;     /* hash: where short spans are put together */
	size_t room;	      /* how long that is */
	uint64_t unsafe;      /* since when it acknowledges only as received; 0: it does not */
	uint64_t unsafe_done; /* carrier.done then */
	unsigned int
		unsafe_told; /* what the log knows: 0 nothing, 1 that it is so, 2 that it was */
};

#endif /* SLUICE_NATIVE_H */
