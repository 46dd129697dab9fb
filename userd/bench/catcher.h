/* SPDX-License-Identifier: MIT */
/*
 * The receiver of a search: a thread that has the sink's books and listens for the relay, and, for
 * trials without one, at a UDP socket. It counts the datagrams of one run at a time. Touches: its
 * sockets, its thread.
 */
#ifndef SLUICE_BENCH_CATCHER_H
#define SLUICE_BENCH_CATCHER_H

#include <stdint.h>
#include "connection.h"
#include "histogram.h"
#include "ledger.h"
#include "sizes.h"

struct sluice_catcher;

/* What is awaited: datagrams of a run, number n of which is due at start + n / rate. */
struct sluice_catcher_run {
	uint64_t run;
	uint64_t start; /* of the steady clock, ns */
	uint64_t rate;	/* datagrams a second; 0: times are not looked at */
	uint64_t late;	/* what comes after this time is late */
};

/* What came of it so far. */
struct sluice_catcher_counts {
	uint64_t received; /* each once */
	uint64_t late;
	uint64_t last; /* when the latest came; 0: none */
};

/* Opens the sockets and starts the thread. 0 or a negative errno, *why says which step it was.
 * `rules` outlive it. @owner caller: sluice_catcher_close() */
int sluice_catcher_open(struct sluice_catcher **catcher, struct sluice_sink_rules *rules,
			const char *address, const struct sluice_port_span *ports, size_t count,
			const char **why);
void sluice_catcher_close(struct sluice_catcher *catcher);

/* Port of 127.0.0.1 at which it takes UDP. */
uint16_t sluice_catcher_port(const struct sluice_catcher *catcher);

/* Forgets the run before, and waits for this one. Nothing of either is on its way. */
void sluice_catcher_expect(struct sluice_catcher *catcher, const struct sluice_catcher_run *run);

/* What came so far. @threadsafe */
struct sluice_catcher_counts sluice_catcher_counts(const struct sluice_catcher *catcher);

/* Copies the books' sums. 0, or the negative errno that ended the thread. @threadsafe */
int sluice_catcher_sums(struct sluice_catcher *catcher, struct sluice_ledger_sums *sums);

/* Times from the due moment to receipt, of the run; read when nothing comes any more. */
const struct sluice_histogram *sluice_catcher_latency(const struct sluice_catcher *catcher);

#endif /* SLUICE_BENCH_CATCHER_H */
