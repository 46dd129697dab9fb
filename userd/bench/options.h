/* SPDX-License-Identifier: MIT */
/*
 * What the command line of `sluicebench sink` says. Touches: stdout and stderr, for help and
 * complaints.
 */
#ifndef SLUICE_BENCH_OPTIONS_H
#define SLUICE_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "connection.h"
#include "ledger.h"
#include "sizes.h"

/* Strings point into argv. */
struct sluice_sink_options {
	struct sluice_port_span ports[SLUICE_PORT_LIST_MAX];
	size_t port_count;
	const char *address;	/* NULL: all */
	const char *state_path; /* NULL: in memory */
	const char *write_path; /* NULL: nowhere */
	enum sluice_ledger_keep write_form;
	enum sluice_ledger_check check;
	struct sluice_sink_rules rules;
	uint64_t expect;		/* 0: not given */
	uint64_t sent;			/* 0: neither this nor `expect` was given */
	uint64_t settle_us;		/* after what was expected */
	uint64_t idle_us;		/* 0: for ever */
	uint64_t seconds_us;		/* 0: for ever */
	struct sluice_tls_settings tls; /* ours; without `certificate`: no TLS */
	bool json;
	bool quiet;
};

/* Reads the command line. -1: go on; else it has been answered, and this is the exit status. */
int sluice_sink_options_read(struct sluice_sink_options *options, int argc, char **argv);

#endif /* SLUICE_BENCH_OPTIONS_H */
