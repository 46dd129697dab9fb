/* SPDX-License-Identifier: MIT */
/*
 * What the door (door.h) and its clients share: what sluiced said when it started it, and the way
 * to sluiced's log. Touches: the socket to sluiced.
 */
#ifndef SLUICE_CTL_DOOR_BASE_H
#define SLUICE_CTL_DOOR_BASE_H

#include <stdbool.h>
#include <stdint.h>

/* What a door was told when it started. */
struct sluice_door {
	bool is_telnet;		   /* else a socket in the file system */
	bool is_far;		   /* not loopback: nothing is told before the password */
	const char *password_file; /* NULL: none */
	uint64_t idle_ms;	   /* a session without a line for so long is ended */
	int master;		   /* to sluiced */
};

/* Says something in sluiced's log: `level` is LOG_WARNING or the like. What does not go at once is
 * lost. @context process */
void sluice_door_tell(const struct sluice_door *door, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Milliseconds since some time. @threadsafe */
uint64_t sluice_door_now(void);

#endif /* SLUICE_CTL_DOOR_BASE_H */
