/* SPDX-License-Identifier: MIT */
/*
 * What inputs have that take connections over TCP. Part of model.h.
 */
#ifndef SLUICE_CONFIG_INLET_H
#define SLUICE_CONFIG_INLET_H

#include <stddef.h>
#include <stdint.h>
#include "prefix.h"

/* How a TCP stream is cut into records (source: tcp). */
enum sluice_cutting { SLUICE_CUTTING_NEWLINE, SLUICE_CUTTING_COUNTED, SLUICE_CUTTING_LENGTH32 };

/* What becomes of a frame that is too long (source: tcp). */
enum sluice_overlong { SLUICE_OVERLONG_CUT, SLUICE_OVERLONG_CLOSE };

/* From when on an upstream relay is told that its records are safe (source: sluice). */
enum sluice_promise { SLUICE_PROMISE_RECEIVED, SLUICE_PROMISE_DURABLE, SLUICE_PROMISE_END };

/* What inputs have that listen for TCP: with source tcp and sluice. */
struct sluice_config_inlet {
	struct sluice_config_listener listen;
	enum sluice_cutting framing;
	enum sluice_overlong oversize;
	enum sluice_promise ack;
	size_t max_record;		    /* bytes of a frame's payload */
	size_t limit;			    /* connections at a time; 0: any number */
	uint64_t idle_timeout_us;	    /* without a byte a connection is ended; 0: never */
	struct sluice_config_prefix *allow; /* who may come; none: everybody */
	size_t allow_count;
	struct sluice_config_prefix *deny; /* and who of those may not */
	size_t deny_count;
};

#endif /* SLUICE_CONFIG_INLET_H */
