/* SPDX-License-Identifier: MIT */
/*
 * Events: what happened to the daemon, told to whoever listens. Beside the log, and global like it.
 * Which there are is in event_rows.h. Touches: the listener.
 */
#ifndef SLUICE_EVENT_H
#define SLUICE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sluice/netlink.h>

#define EVENT_CLASS(class, ...) SLUICE_EVENT_CLASS_##class,
#define EVENT(...)
#define EVENT_SAME(...)
enum sluice_event_class {
#include "event_rows.h"
	SLUICE_EVENT_CLASSES
};
#undef EVENT_CLASS
#undef EVENT
#undef EVENT_SAME

/* A kind of event. */
struct sluice_event_row {
	enum sluice_event kind;
	enum sluice_event_class class;
	const char *name;
	int severity; /* syslog(3): LOG_ERR, LOG_WARNING, LOG_NOTICE */
	const char *meaning;
};

extern const struct sluice_event_row sluice_event_rows[];
extern const size_t sluice_event_row_count;

/* The row of a kind. NULL: it is newer than this program. @threadsafe */
const struct sluice_event_row *sluice_event_row(uint32_t kind);
/* Name of a class; a constant. @threadsafe */
const char *sluice_event_class_name(enum sluice_event_class class);

/* Kinds have smaller numbers. */
#define SLUICE_EVENT_KINDS 64U
/* A severity of the table as a word; a constant. @threadsafe */
const char *sluice_event_severity(int severity);

/* What a command can be run on: a class (its number), or a kind (its number behind them). */
#define SLUICE_EVENT_HOOKS (SLUICE_EVENT_CLASSES + SLUICE_EVENT_KINDS)

/* What happened. The texts belong to whoever tells it. */
struct sluice_event_news {
	enum sluice_event kind;
	const char *key;       /* of the configuration that it belongs to; "": none */
	const char *where;     /* what it happened to */
	const char *interface; /* network interface that it is of; NULL: none */
	const uint8_t *guid;   /* of the input, output or route that it is of; NULL: not known */
	uint64_t count;	       /* loss: datagrams; else 0 */
	const char *text;      /* a sentence */
};

/* Takes an event. @threadsafe */
typedef void (*sluice_event_listener)(const struct sluice_event_news *news);

/* Sets who is told of events: nobody before the first call, and nobody with NULL. To be called
 * while no thread tells of one. @context process */
void sluice_event_listen(sluice_event_listener listener);

/* Tells of an event; nothing if `key`, `where` or `text` is NULL. Not for the path of datagrams:
 * who listens takes a lock and copies. @threadsafe */
void sluice_event_tell(const struct sluice_event_news *news);
/* The same in short. @threadsafe */
void sluice_event_send(enum sluice_event kind, const char *key, const char *where,
		       const char *text);

/* Sets who is told that something was lost, in the same way. How much, and of which input, is
 * counted elsewhere. */
void sluice_event_listen_losses(void (*listener)(void));
/* Something was lost. The first call wakes the listener; further ones cost one load until the
 * listener has looked. For the path of datagrams. @threadsafe */
void sluice_event_lost(void);
/* Was anything, since the last call? @threadsafe */
bool sluice_event_take_lost(void);

#endif /* SLUICE_EVENT_H */
