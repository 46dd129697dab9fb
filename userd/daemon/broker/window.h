/* SPDX-License-Identifier: MIT */
/*
 * The window of an output to a broker: which messages are with the server and not acknowledged,
 * and what has to go again. Acknowledgements come in any order; the ranges between them are the
 * messages that are not acknowledged yet. A library's own count of what is outstanding is not used:
 * what was outstanding when a server died gets no callback. Knows no library. Touches: itself. All
 * of it in the thread of one connection.
 *
 *      first                                   next
 *   ─────┼────────┬────────┬────────┬────────────┤       messages by number
 *        │ flying │  acked │ again  │  flying
 */
#ifndef SLUICE_BROKER_WINDOW_H
#define SLUICE_BROKER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Messages and bytes that may be with the server and not acknowledged. */
#define SLUICE_WINDOW_MESSAGES 4096U
#define SLUICE_WINDOW_BYTES (8U << 20)

enum sluice_flight_state { SLUICE_FLIGHT_DONE, SLUICE_FLIGHT_FLYING, SLUICE_FLIGHT_AGAIN };

/* A message that was made of a part of a segment. */
struct sluice_flight {
	const void *token;	/* by which the library names it; NULL: it is not with it */
	uint64_t job;		/* number of the segment */
	uint64_t offset, end;	/* what it holds of the stream */
	uint64_t at;		/* when it was sent; or when it goes again */
	uint32_t place, length; /* of the segment's bytes */
	uint32_t subject;
	uint32_t datagrams, bytes;
	uint32_t tries;
	int32_t chain; /* of the table of tokens: the next one's place + 1, 0: none */
	uint8_t state; /* enum sluice_flight_state */
	bool is_gap;
	bool is_refused; /* the server said no, and may say yes later */
};

struct sluice_window {
	uint64_t first, next;
	uint64_t again; /* how many are to go again */
	size_t bytes;	/* of those that are not done */
	struct sluice_flight flights[SLUICE_WINDOW_MESSAGES];
	int32_t table[SLUICE_WINDOW_MESSAGES];
};

/* Forgets everything. */
void sluice_window_clear(struct sluice_window *window);

/* Is there room for a message of `bytes`? For one there always is if nothing is there. */
bool sluice_window_has_room(const struct sluice_window *window, size_t bytes);

/* The next message: zeroed but for its state, flying. There is room. */
struct sluice_flight *sluice_window_add(struct sluice_window *window, size_t bytes);

/* Message `number`, which is in the window. */
static inline struct sluice_flight *sluice_window_flight(struct sluice_window *window,
							 uint64_t number)
{
	return &window->flights[number & (SLUICE_WINDOW_MESSAGES - 1)];
}

/* It is with the library as `token`, not NULL, which no other one has. */
void sluice_window_name(struct sluice_window *window, struct sluice_flight *flight,
			const void *token, uint64_t now);

/* The message of `token`, which is not its name any more; NULL: none has it. */
struct sluice_flight *sluice_window_find(struct sluice_window *window, const void *token);

/* It is done: acknowledged, or given up. Steps over those that are done. */
void sluice_window_finish(struct sluice_window *window, struct sluice_flight *flight);

/* It is to go again at `at`. */
void sluice_window_again(struct sluice_window *window, struct sluice_flight *flight, uint64_t at);

/* The oldest one that is to go again and whose time has come; NULL: none. *next: becomes less if
 * another one's time is before. */
struct sluice_flight *sluice_window_due(struct sluice_window *window, uint64_t now, uint64_t *next);

#endif /* SLUICE_BROKER_WINDOW_H */
