/* SPDX-License-Identifier: MIT */
/*
 * The tester of a search (the Measurer of RFC 9971): sends one trial's datagrams through a relay,
 * or to itself, receives them in a thread of its own, and says what became of each. A trial:
 * traffic, its end, a pause until nothing comes any more, then the counters. Touches: its sockets,
 * a thread, files of /proc and /sys.
 */
#ifndef SLUICE_BENCH_TESTER_H
#define SLUICE_BENCH_TESTER_H

#include <stdbool.h>
#include <signal.h>
#include <stdint.h>
#include "connection.h"
#include "counters.h"
#include "emitter.h"
#include "histogram.h"
#include "ledger.h"
#include "sizes.h"

/* What a tester is told once. */
struct sluice_tester_setup {
	struct sluice_emitter_route route;		     /* to the relay */
	const char *address;				     /* to listen on; NULL: all */
	struct sluice_port_span ports[SLUICE_PORT_LIST_MAX]; /* to listen on */
	size_t port_count;
	struct sluice_sink_rules rules;
	struct sluice_sizes sizes; /* of payloads, taken in turn */
	uint32_t size;		   /* the largest of them */
	uint64_t grace_ns;	   /* what comes later after the end of the traffic is late */
	uint64_t settle_ns;	   /* nothing more is awaited after so long a silence */
	uint64_t late_ns; /* how late the last datagram may leave; 0: `width` of the trial's time */
	bool realtime;	  /* the sender goes before all others (SCHED_FIFO), where it is paced */
	const char *counters; /* command that prints what a sluice lost; NULL: none */
	double width;	      /* share of a trial that may be waiting more at its end */
};

/* One trial. */
struct sluice_tester_order {
	bool bare;	/* to the tester itself, without the relay */
	uint64_t load;	/* datagrams a second; 0: as fast as can be */
	double seconds; /* for so long; with load 0 at most so long */
	uint64_t burst; /* load 0: so many; 0: what goes out in the time */
};

/* Where datagrams of a trial were lost. */
enum sluice_tester_place {
	SLUICE_TESTER_SENDER,	/* should have been sent, and were not in time */
	SLUICE_TESTER_CARD,	/* network cards and drivers */
	SLUICE_TESTER_SOFTNET,	/* the kernel's backlog */
	SLUICE_TESTER_SOCKET,	/* no room in a socket */
	SLUICE_TESTER_RING,	/* told by the relay: no room in its store */
	SLUICE_TESTER_STORE,	/* told by the relay: given up for newer ones, or the disk failed */
	SLUICE_TESTER_RELAY,	/* told by the relay: another cause */
	SLUICE_TESTER_PORT,	/* nobody had the port */
	SLUICE_TESTER_WAITING,	/* came too late, or still waiting: more than at the beginning */
	SLUICE_TESTER_RECEIVER, /* came damaged */
	SLUICE_TESTER_UNFOUND,	/* none of the counters knows of them */
	SLUICE_TESTER_PLACES,
};

/* What became of a trial; all of `place` is what was lost of `intended`. */
struct sluice_tester_result {
	uint64_t intended;
	uint64_t sent;
	uint64_t received; /* each once, sooner or later */
	uint64_t late;	   /* of received: after the grace */
	uint64_t growth;   /* waiting: so many more near the end than near the beginning */
	uint64_t repeated;
	uint64_t lost; /* sum of `place` */
	uint64_t place[SLUICE_TESTER_PLACES];
	double seconds;	      /* that the traffic took */
	uint64_t waiting;     /* sent and not received when the traffic ended */
	double drain_seconds; /* from then to the last that came */
	uint64_t cpu[SLUICE_BENCH_CPU_KINDS];
};

struct sluice_tester;

/* The name of a place, for people and programs. A constant. @threadsafe */
const char *sluice_tester_place_name(enum sluice_tester_place place);

/* Opens the sockets and starts the receiver. 0 or a negative errno; *why says which step it was.
 * `setup` and `stop`, which ends trials early, outlive it. @owner caller: sluice_tester_close() */
int sluice_tester_open(struct sluice_tester **tester, const struct sluice_tester_setup *setup,
		       const volatile sig_atomic_t *stop, const char **why);
void sluice_tester_close(struct sluice_tester *tester);

/* Runs a trial. 0; -EINTR: stopped; another negative errno: sending or the books failed. @context
 * process, seconds */
int sluice_tester_trial(struct sluice_tester *tester, const struct sluice_tester_order *order,
			struct sluice_tester_result *result);

/* Of the latest trial, in nanoseconds: from the intended time of sending to receipt; how late the
 * sender was. */
const struct sluice_histogram *sluice_tester_latency(const struct sluice_tester *tester);
const struct sluice_histogram *sluice_tester_lateness(const struct sluice_tester *tester);

#endif /* SLUICE_BENCH_TESTER_H */
