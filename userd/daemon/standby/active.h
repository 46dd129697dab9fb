/* SPDX-License-Identifier: MIT */
/*
 * The daemon that works as a relay, towards those that wait for it: a local socket at which it says
 * that its control thread goes round, shows them its sockets, and is asked to hand over. For the
 * control thread. Touches: that socket, a timer, an epoll descriptor.
 */
#ifndef SLUICE_STANDBY_ACTIVE_H
#define SLUICE_STANDBY_ACTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "claims.h"

struct sluice_active;

/* What it asks of the daemon. */
struct sluice_active_calls {
	/* Hand over now; `leave`: and do not wait for it afterwards. 0, or an errno and a sentence
	 * of `room` bytes. */
	int (*yield)(void *context, bool leave, char *text, size_t room);
	/* One more waits: has it to be shown our sockets? */
	void (*joined)(void *context);
	/* The sentence tells of a contest that is over, and that we still work. */
	void (*contested)(void *context, const char *sentence);
};

/* Listens. 0 or a negative errno. @owner caller: sluice_active_close() */
int sluice_active_open(struct sluice_active **active, const struct sluice_claims *claims,
		       const struct sluice_active_calls *calls, void *context);

/* Says goodbye; `unlink`: takes the socket's file away. NULL is allowed. */
void sluice_active_close(struct sluice_active *active);

/* The same where another process has the socket now: its file stays. NULL is allowed. */
void sluice_active_leave(struct sluice_active *active);
/* The socket at which it listens, and in *path its file; -1: none. */
int sluice_active_listener(const struct sluice_active *active, const char **path);

/* Readable when sluice_active_serve() has something to do; -1: never. */
int sluice_active_fd(const struct sluice_active *active);
void sluice_active_serve(struct sluice_active *active);

/* How many wait? @threadsafe */
size_t sluice_active_standbys(struct sluice_active *active);

/* A list of sockets for all that wait. begin, one call each, end: of one thread at a
 * time. Who has no room for it all has to come again. @threadsafe */
void sluice_active_show_begin(struct sluice_active *active);
void sluice_active_show(struct sluice_active *active, int fd, const char *name);
void sluice_active_show_end(struct sluice_active *active);

#endif /* SLUICE_STANDBY_ACTIVE_H */
