/* SPDX-License-Identifier: MIT */
/*
 * What `sluicebench gen` is asked for. Touches: the resolver, stdout, stderr.
 */
#ifndef SLUICE_BENCH_GEN_OPTIONS_H
#define SLUICE_BENCH_GEN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "emitter.h"
#include "sizes.h"

struct sluice_gen_options {
	struct sluice_emitter_route route;
	struct sluice_sizes sizes;
	uint64_t rate;
	bool rate_is_bits;
	uint64_t last_rate; /* that a ramp ends at; 0: no ramp */
	uint64_t over;	    /* nanoseconds of the ramp */
	uint64_t count;	    /* 0: no limit */
	uint64_t seconds;   /* 0: no limit */
	uint64_t seed;
	uint64_t burst;	       /* 0: spaced by the rate */
	uint64_t every;	       /* nanoseconds between bursts */
	const char *gaps_path; /* points into argv; NULL: gaps are not looked at */
	size_t threads;	       /* at least 1; rate, count, bursts and sources are shared out */
	bool poisson;	       /* times between datagrams are random */
	bool seeded;
	bool json;
	bool quiet;
	const char *to;	     /* points into argv */
	const char *capture; /* that is sent again, points into argv; NULL: numbered payloads */
	double speed;	     /* as many times as fast as it was; 0: by the rate */
	bool loops;	     /* begins again at its end */
	bool keeps_ports;    /* sends from its source ports */
};

/* Reads the command line. -1: go on; else the exit status, after saying what is wrong. */
int sluice_gen_options_read(struct sluice_gen_options *options, int argc, char **argv);

#endif /* SLUICE_BENCH_GEN_OPTIONS_H */
