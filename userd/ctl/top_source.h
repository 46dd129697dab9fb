/* SPDX-License-Identifier: MIT */
/*
 * Where `sluicectl top` has its snapshots from: the daemon here, `sluicectl top -j` on another host
 * by ssh, or a recording. Touches: netlink sockets, a process, files.
 */
#ifndef SLUICE_CTL_TOP_SOURCE_H
#define SLUICE_CTL_TOP_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include "top_snapshot.h"

struct sluice_top_source {
	struct sluice_top_asker asker;
	const char *host;   /* NULL: here */
	const char *replay; /* NULL: it is no recording */
	unsigned int interval_s;
	FILE *file;  /* the recording */
	int fd;	     /* of ssh; -1: none */
	pid_t child; /* ssh; 0: none */
	char *bytes; /* of a line that is not whole yet */
	size_t length, room;
	uint64_t retry_ns; /* when ssh is tried again; by CLOCK_MONOTONIC */
	bool has_ended;	   /* the recording */
	FILE *record;	   /* NULL: nothing is recorded */
};

/* Opens it; `host`, `replay`, `interval_s` are set, all else is zeroed. `record`: a file that
 * snapshots are added to, or NULL. 0 or a negative errno, said. @owner caller:
 * sluice_top_source_close(), also on failure */
int sluice_top_source_open(struct sluice_top_source *source, const char *record);
void sluice_top_source_close(struct sluice_top_source *source);

/* The next snapshot. NULL: there is none now. @context asks the daemon, or reads what is there; the
 * next line of a recording. @owner caller: json_decref() */
json_t *sluice_top_source_next(struct sluice_top_source *source);

#endif /* SLUICE_CTL_TOP_SOURCE_H */
