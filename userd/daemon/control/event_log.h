/* SPDX-License-Identifier: MIT */
/*
 * The last events of this run of the daemon, numbered from 1 without a gap. Whoever listens has
 * nothing here but the number of the event that it wants next, so a slow one costs no memory and
 * keeps nobody waiting: it is told how many of those that it wanted are not kept any more. Written
 * by any thread, read in the control thread. Touches: an eventfd.
 */
#ifndef SLUICE_CONTROL_EVENT_LOG_H
#define SLUICE_CONTROL_EVENT_LOG_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/event.h"
#include "../../lib/guid.h"

/* How many are kept: the least, the most. */
#define SLUICE_EVENTS_LEAST 16U
#define SLUICE_EVENTS_MOST 65536U

/* Bytes of texts, with their end; longer ones are cut. */
#define SLUICE_EVENT_KEY 64U
#define SLUICE_EVENT_WHERE 384U
#define SLUICE_EVENT_TEXT 1024U

struct sluice_event_log;

/* An event that is kept. */
struct sluice_event_entry {
	uint64_t sequence;
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint64_t count;
	uint32_t kind; /* enum sluice_event */
	bool has_guid;
	sluice_guid guid;
	char interface[IF_NAMESIZE]; /* "": none */
	char key[SLUICE_EVENT_KEY];
	char where[SLUICE_EVENT_WHERE];
	char text[SLUICE_EVENT_TEXT];
};

/* Makes one that keeps `kept` events, within the limits above. 0 or a negative errno. @owner
 * caller: sluice_event_log_free() @context process */
int sluice_event_log_create(struct sluice_event_log **log, size_t kept);
void sluice_event_log_free(struct sluice_event_log *log);

/* Keeps another number from now on; of what is kept the newest stay. 0 or -ENOMEM: nothing changed.
 * @threadsafe */
int sluice_event_log_resize(struct sluice_event_log *log, size_t kept);

/* Adds an event, which gets the next number and the time, in the place of the oldest; wakes whoever
 * watches sluice_event_log_fd(). @threadsafe */
void sluice_event_log_add(struct sluice_event_log *log, const struct sluice_event_news *news);

/* Readable when something was added since the last sluice_event_log_settle(). -1: `log` is NULL. */
int sluice_event_log_fd(const struct sluice_event_log *log);
void sluice_event_log_settle(const struct sluice_event_log *log);

/* Goes on with the numbers of a predecessor's log: its run, and the next number there. What was
 * added here before has them as well, and nobody may have heard of it. 0, -EINVAL or -ENOMEM: then
 * all is as it was. @context process */
int sluice_event_log_continue(struct sluice_event_log *log, uint64_t run, uint64_t next);

/* The number that the next event will have, that of the oldest that is kept (the same: none is),
 * and another number for each run: the time of the start, ns since 1970. @threadsafe */
uint64_t sluice_event_log_next(struct sluice_event_log *log);
uint64_t sluice_event_log_oldest(struct sluice_event_log *log);
uint64_t sluice_event_log_run(const struct sluice_event_log *log);

/* Copies the event with this number. False: it is not kept any more, or has not happened yet.
 * @threadsafe */
bool sluice_event_log_get(struct sluice_event_log *log, uint64_t sequence,
			  struct sluice_event_entry *entry);

#endif /* SLUICE_CONTROL_EVENT_LOG_H */
