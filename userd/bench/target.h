/* SPDX-License-Identifier: MIT */
/*
 * Where a bench sends to: "HOST:PORT[-PORT]" on its command line. Touches: the resolver.
 */
#ifndef SLUICE_BENCH_TARGET_H
#define SLUICE_BENCH_TARGET_H

#include <stdbool.h>
#include "emitter.h"

/* Finds out what address `host` is; `passive`: one of our own. `family` AF_UNSPEC: either. NULL, or
 * what is wrong. */
const char *sluice_target_resolve(const char *host, int family, bool passive,
				  union sluice_bench_address *address);

/* Cuts "HOST:PORTS" or "[HOST]:PORTS" in two, in place: *host and the result. NULL if it is not of
 * that form. */
char *sluice_target_cut(char *text, char **host);

/* Reads "HOST:PORT[-PORT]" into the address and the ports of the route. NULL, or what is wrong. */
const char *sluice_target_parse(const char *text, struct sluice_emitter_route *route);

#endif /* SLUICE_BENCH_TARGET_H */
