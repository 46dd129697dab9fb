/* SPDX-License-Identifier: MIT */
/*
 * All that the daemon tells, as one JSON object: what `sluicectl top` shows, records, and gets from
 * another host. Touches: netlink sockets, stderr (which is kept back).
 */
#ifndef SLUICE_CTL_TOP_SNAPSHOT_H
#define SLUICE_CTL_TOP_SNAPSHOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Asks again and again. Begins zeroed. */
struct sluice_top_asker {
	uint64_t event_run, event_next; /* as `sluicectl events` has them */
	json_int_t pid;			/* of the daemon that was asked last */
	bool has_config;		/* that daemon's configuration was told */
	json_t *alarm;			/* percent at which memory's and disk's is raised */
};

/* Frees what it keeps. */
void sluice_top_asker_free(struct sluice_top_asker *asker);

/*
 * Asks for everything: members `format`, `time_ns`, and daemon, inputs, outputs, streams, store,
 * threads, rules, rings, cpus, problems, alarm and events as docs/schemas have them; `config` where
 * it is another than before. Of a daemon that does not answer: `error`, a sentence, instead. NULL:
 * no memory. @owner caller: json_decref()
 */
json_t *sluice_top_snapshot(struct sluice_top_asker *asker);

#endif /* SLUICE_CTL_TOP_SNAPSHOT_H */
