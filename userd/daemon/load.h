/* SPDX-License-Identifier: MIT */
/*
 * How loaded the daemon, its outputs and its streams are (load_step.h): a look at all figures once
 * a second (less often where there are thousands of inputs), which the foreman takes; steps that
 * change are told as events, loss as an alarm. What is due of statistics comes from the same look.
 * For the control thread. Touches: a timer, the engine by way of the foreman, log and events.
 */
#ifndef SLUICE_DAEMON_LOAD_H
#define SLUICE_DAEMON_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "control/control.h"
#include "engine/engine.h"
#include "foreman.h"
#include "load_step.h"
#include "statistics.h"

struct daemon;

/* Bytes of why something is loaded. */
#define SLUICE_LOAD_TEXT 200

/* One output, stream, or the daemon. */
struct sluice_load_place {
	sluice_guid guid; /* of the output, or the stream */
	struct sluice_load_notes notes;
	uint64_t since_ns; /* since 1970 */
	char why[SLUICE_LOAD_TEXT];
};

/* Begins zeroed. @owner whoever has it: sluice_load_close() */
struct sluice_load {
	struct sluice_job job; /* a look: the foreman's */
	struct daemon *daemon;
	struct sluice_engine *engine; /* that is looked at */
	struct sluice_engine_report report;
	struct sluice_engine_report last; /* of the last look that went well */
	uint64_t last_at;		  /* when that was; 0: there was none */
	char disk_path[4096];		  /* its store's */
	uint64_t price_ns;		  /* processor time of the last look */
	int result;
	bool is_open;
	int timer;
	struct sluice_statistics statistics;
	struct sluice_load_place whole; /* the daemon */
	struct sluice_load_place *outputs, *streams;
	size_t output_count, stream_count;
};

/* Looks from now on, if the timer can be had: 0 or a negative errno. @context control thread, as
 * all here */
int sluice_load_open(struct sluice_load *load, struct daemon *daemon);
void sluice_load_close(struct sluice_load *load);
/* Its descriptor in the daemon's epoll set can be read: `fd`. False: it is another one's. */
bool sluice_load_serve(struct sluice_load *load, int fd);

/* The picture of the last look, if that was `most_ns` ago at most: true and *report, which stays
 * ours, until the next look. */
bool sluice_load_last(const struct sluice_load *load, uint64_t most_ns,
		      struct sluice_engine_report *report);
/* Is it that? */
bool sluice_load_is_last(const struct sluice_load *load, const struct sluice_engine_report *report);

/* Writes what is known of outputs and streams into a picture. The texts stay ours, until the next
 * look. */
void sluice_load_fill(const struct sluice_load *load, struct sluice_engine_report *report);
/* Likewise of the daemon. */
void sluice_load_facts(const struct sluice_load *load, struct sluice_control_facts *facts);

#endif /* SLUICE_DAEMON_LOAD_H */
