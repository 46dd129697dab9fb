/* SPDX-License-Identifier: MIT */
/*
 * What a sink prints: the progress line, the tables for people with the RESULT line, or JSON.
 * Touches: the stream it is given.
 */
#ifndef SLUICE_BENCH_REPORT_H
#define SLUICE_BENCH_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "ledger.h"

/* What the report knows besides the books. */
struct sluice_sink_report {
	uint64_t sent;	 /* how many were sent, if somebody said so; 0: not known */
	uint64_t resets; /* connections that the sink reset on purpose */
	double seconds;	 /* from the first byte to the last */
};

/* Prints tables and, as last line, RESULT. */
void sluice_sink_report_text(FILE *to, struct sluice_ledger *ledger,
			     const struct sluice_sink_report *report);

/* Prints one JSON object. */
void sluice_sink_report_json(FILE *to, struct sluice_ledger *ledger,
			     const struct sluice_sink_report *report);

/* Is nothing missing, repeated or damaged? */
bool sluice_sink_is_right(struct sluice_ledger *ledger, const struct sluice_sink_report *report);

#endif /* SLUICE_BENCH_REPORT_H */
