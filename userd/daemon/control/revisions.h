/* SPDX-License-Identifier: MIT */
/*
 * The configurations that were in force: the last ones, each with a number, when, by whom and how.
 * In the control thread. Touches: nothing but memory.
 */
#ifndef SLUICE_CONTROL_REVISIONS_H
#define SLUICE_CONTROL_REVISIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SLUICE_REVISIONS 20U /* that are kept */

/* One configuration. Texts are @owner the list. */
struct sluice_revision {
	uint64_t number;  /* from 1 */
	uint64_t time_ns; /* CLOCK_REALTIME: when it came into force */
	uid_t uid;
	bool is_runtime; /* one piece was changed: it is in no file */
	char *how;	 /* "start", "reload", "apply", or that change in words */
	char *name;	 /* path of the file that it is, or was changed from */
	char *text;
	size_t length;
};

/* Begins zeroed. @owner whoever has it: sluice_revisions_free() */
struct sluice_revisions {
	struct sluice_revision list[SLUICE_REVISIONS]; /* oldest first */
	size_t count;
};

/*
 * `revision` is in force now, its texts being the caller's: gets the next number and the time, and
 * is kept as a copy; the oldest one goes where there are too many. If it is what was in force
 * before, nothing changes. 0 or -ENOMEM.
 */
int sluice_revisions_add(struct sluice_revisions *revisions,
			 const struct sluice_revision *revision);

/* Is it another one than that in force? Its number, if so, and the time. */
bool sluice_revisions_is_next(const struct sluice_revisions *revisions,
			      struct sluice_revision *revision);

/* The one in force; the one with a number. NULL: there is none. */
const struct sluice_revision *sluice_revisions_newest(const struct sluice_revisions *revisions);
const struct sluice_revision *sluice_revisions_find(const struct sluice_revisions *revisions,
						    uint64_t number);

/* How many changes of one piece there were since a file was taken whole. */
size_t sluice_revisions_changes(const struct sluice_revisions *revisions);

void sluice_revisions_free(struct sluice_revisions *revisions);

#endif /* SLUICE_CONTROL_REVISIONS_H */
