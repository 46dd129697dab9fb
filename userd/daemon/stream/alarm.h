/* SPDX-License-Identifier: MIT */
/*
 * Alarms of filling: raised when a mark is reached, over when it is left behind by a good piece, so
 * that a level that sways around its mark says so once. Used by streams and the spooler, each alarm
 * in one thread. Touches: the log, who listens for events.
 */
#ifndef SLUICE_ALARM_H
#define SLUICE_ALARM_H

#include <stdbool.h>
#include <stdint.h>
#include "spool/spool.h"

/* An alarm is over when so many percent of the whole less than its mark are used, or half of its
 * mark if that is less. (The module has the same rule, event.c.) */
#define SLUICE_ALARM_HYSTERESIS 10U

struct sluice_alarm {
	bool is_raised;
	uint64_t since;	 /* when it was raised, ns; who raises it reads it */
	uint64_t raised; /* how often, ever */
};

/*
 * `used` of `whole` bytes are taken; `mark` in percent, 0: never. `what`, `where` and `key` are for
 * the log: "the memory of route", its name, "store.memory.alarm". Returns true if something
 * changed.
 */
bool sluice_alarm_watch(struct sluice_alarm *alarm, uint64_t used, uint64_t whole,
			unsigned int mark, const char *what, const char *where, const char *key);

/* The alarm of a disk store that was just written, or (`error` is not 0) could not be. */
void sluice_alarm_writing(struct sluice_alarm *alarm, int error);

/* The alarm of a note for whoever starts next (which outputs there are) that was just written, or
 * (`error` is not 0) could not be everywhere. */
void sluice_alarm_noting(struct sluice_alarm *alarm, int error);

/* The alarm of one that is full: something found no place since we looked, or there is a good piece
 * of room again. */
void sluice_alarm_full(struct sluice_alarm *alarm, bool is_full, bool has_room);

/* Those of the disk store. */
struct sluice_disk_alarms {
	struct sluice_alarm failing, full, level, dropping;
	uint64_t dropped_segments; /* when we looked */
};

/* Looks how the store is now: raises and ends its alarms, but for those that only a write can
 * raise. */
void sluice_alarm_look(struct sluice_disk_alarms *alarms,
		       const struct sluice_spool_figures *figures, unsigned int mark,
		       bool drops_oldest);

/* The store is left: what is raised is over, whatever became of it. */
void sluice_alarm_leave(struct sluice_disk_alarms *alarms);

/* Adds how often it was raised, and whether it is now. @threadsafe */
void sluice_alarm_count(const struct sluice_alarm *alarm, uint64_t *raised, uint32_t *now);

#endif /* SLUICE_ALARM_H */
