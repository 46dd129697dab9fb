/* SPDX-License-Identifier: MIT */
/*
 * Is a destination there? It is while a connection of any worker to it is: that it came, and that
 * it went, is an event each. One that comes and goes all the time is told of now and then, and in
 * the end as it is. Knows no sockets. Touches: who listens for events.
 */
#ifndef SLUICE_PRESENCE_H
#define SLUICE_PRESENCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* So many changes within so long are told at once; the others together when it is over. */
#define SLUICE_PRESENCE_TOLD 6U
#define SLUICE_PRESENCE_WINDOW_NS (10ULL * 1000000000ULL)

/* Of one destination. */
struct sluice_presence {
	pthread_mutex_t lock; /* of what follows */
	unsigned int there;   /* connections */
	bool is_known;	      /* it was there, or could not be reached, since the start */
	bool was_there;	      /* as it was told last */
	uint64_t window;      /* when the window began; 0: none is open */
	unsigned int told;    /* changes in it that were told, */
	unsigned int untold;  /* and that were not */
};

/* Whose it is: output and destination in words, and the output's GUID. */
struct sluice_presence_name {
	const char *output;
	const char *destination;
	const uint8_t *guid;
};

/* Begins one of which nothing is known yet; ends it. @owner whoever has it @context process */
void sluice_presence_begin(struct sluice_presence *presence);
void sluice_presence_end(struct sluice_presence *presence);

/* A connection is there now. @threadsafe */
void sluice_presence_arrive(struct sluice_presence *presence,
			    const struct sluice_presence_name *name, uint64_t now);

/* One is there that a predecessor had: nobody is told. @threadsafe */
void sluice_presence_continue(struct sluice_presence *presence);

/* One is not, because of `what` and `error` (0: none); `was_there`: it was.
 * @threadsafe */
void sluice_presence_leave(struct sluice_presence *presence,
			   const struct sluice_presence_name *name, bool was_there,
			   const char *what, int error, uint64_t now);

/* One is closed by the daemon itself: nobody is told. @threadsafe */
void sluice_presence_forget(struct sluice_presence *presence);

/* Tells what was not told yet, once the window is over. To be called every few seconds.
 * @threadsafe */
void sluice_presence_look(struct sluice_presence *presence, const struct sluice_presence_name *name,
			  uint64_t now);

#endif /* SLUICE_PRESENCE_H */
