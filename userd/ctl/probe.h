/* SPDX-License-Identifier: MIT */
/*
 * What the command line of `sluicectl probe` says, for its parts: sending, and checking. Touches:
 * nothing.
 */
#ifndef SLUICE_CTL_PROBE_H
#define SLUICE_CTL_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLUICE_PROBE_SIZES_MOST 32U

struct sluice_probe_options {
	const char *output; /* NULL: --to or --check */
	const char *to;
	const char *input;
	const char *file; /* --check; "-": standard input */
	uint32_t run;	  /* 0: a new one; --check: the last */
	uint32_t count;
	uint32_t flows;
	uint32_t rate; /* datagrams a second */
	uint32_t wait; /* seconds until the counters have to agree */
	uint32_t sizes[SLUICE_PROBE_SIZES_MOST];
	size_t size_count;
	bool nasty;
	bool any_order;
	bool json;
};

/* Sends, and watches the daemon's counters. Exit status. @context process */
int sluice_probe_send(const struct sluice_probe_options *options);

/* Looks for what was sent in what a receiver wrote. Exit status. @context process */
int sluice_probe_check(const struct sluice_probe_options *options);

#endif /* SLUICE_CTL_PROBE_H */
