/* SPDX-License-Identifier: MIT */
/*
 * The daemon's events (lib/event.h): kept, numbered, and handed to whoever wants them. Any thread
 * tells of one and goes on; what follows is the control thread's:
 *
 *   any thread ── event_log ──► group of NETLINK_USERSOCK
 *                          ├──► listeners of the control plane
 *                          └──► commands (hooks.h)
 *
 * Touches: a socket of its own, the control plane.
 */
#ifndef SLUICE_DAEMON_EVENTS_H
#define SLUICE_DAEMON_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include "../config/model.h"
#include "control/control.h"
#include "hooks.h"

struct sluice_parcel;

/* Begins zeroed. @owner whoever has it: sluice_events_close() */
struct sluice_events {
	struct sluice_event_log *log; /* NULL: nobody is told of anything */
	int socket;		      /* to the group; -1: there is none */
	uint64_t next;		      /* the first event that nobody was told of yet */
	struct sluice_hooks *hooks;   /* NULL: none can be run */
	bool is_silent;		      /* it was told that a worker does not answer */
};

/* From now on events are kept; that they are not told to the group, or run no commands, because
 * that cannot be had, the log says. When there are no threads that tell of any. 0 or a negative
 * errno: then nobody is told. @context process */
int sluice_events_open(struct sluice_events *events);
void sluice_events_close(struct sluice_events *events);

/* For a take-over: puts into `parcel` where its numbers are; goes on with those that a parcel's
 * text has (NULL: none), before anybody was told of anything. 0 or -ENOMEM. @context process */
int sluice_events_give(const struct sluice_events *events, struct sluice_parcel *parcel);
int sluice_events_continue(struct sluice_events *events, const char *state);

/* Another configuration is in force. @context process, control thread */
void sluice_events_configure(struct sluice_events *events, const struct sluice_config *config);

/* Readable when there are events to be handed out; -1: there is no log. */
int sluice_events_fd(const struct sluice_events *events);
/* Hands them out. Never blocks. @context process, control thread */
void sluice_events_hand_out(struct sluice_events *events, struct sluice_control *control);

/* A worker does not answer since `silence_ns`, as `text` says, or 0: all do. Tells so if that is
 * new. @context process, control thread */
void sluice_events_note_silence(struct sluice_events *events, uint64_t silence_ns,
				const char *text);

#endif /* SLUICE_DAEMON_EVENTS_H */
