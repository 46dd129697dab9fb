/* SPDX-License-Identifier: MIT */
/*
 * A client of the door, from connecting to leaving. What it types is read as far as
 * there is room, one line is done after the other, and the output of a command is read from its
 * process only as fast as the client takes it. Touches: its socket, its command's process.
 */
#ifndef SLUICE_CTL_DOOR_CLIENT_H
#define SLUICE_CTL_DOOR_CLIENT_H

#include <poll.h>
#include <sys/types.h>
#include "door_base.h"
#include "session.h"
#include "telnet.h"

#define SLUICE_DOOR_CLIENT_WHO 80U /* bytes that name a client, NUL included */

struct sluice_door_client {
	const struct sluice_door *door;
	int fd;
	char who[SLUICE_DOOR_CLIENT_WHO]; /* "telnet 127.0.0.1:40112" */
	struct sluice_session session;
	struct sluice_telnet telnet;

	/* What came in and is not used yet, protocol taken out */
	char typed[4096];
	size_t typed_length;
	bool is_over; /* nothing more comes */
	struct sluice_line line;

	/* What goes out: of ours, not encoded yet; and ready to be sent */
	char *answer; /* @owner the client */
	size_t answer_length, answer_taken;
	char out[16384];
	size_t out_length, out_sent;

	enum {
		SLUICE_DOOR_CLIENT_TYPES,    /* lines are read */
		SLUICE_DOOR_CLIENT_PASSWORD, /* the next line is one */
		SLUICE_DOOR_CLIENT_PUNISHED, /* it was wrong: nothing is read for a while */
		SLUICE_DOOR_CLIENT_QUEUES,   /* `step` waits until fewer commands run */
		SLUICE_DOOR_CLIENT_RUNS,     /* a command does */
		SLUICE_DOOR_CLIENT_LEAVES,   /* what is there to say is sent, then it is over */
		SLUICE_DOOR_CLIENT_GONE,     /* it is over: sluice_door_client_end() */
	} state;
	struct sluice_session_step step;
	pid_t child; /* 0: none, or its end was seen */
	int child_status;
	int pipe; /* from it; -1: none */
	unsigned int tries;

	/* Milliseconds of sluice_door_now() */
	uint64_t opened;
	uint64_t active;   /* a line came, a command ended */
	uint64_t moved;	   /* the client took something, or there was nothing for it */
	uint64_t punished; /* until then */
};

/* Begins one with a connected socket, which becomes the client's. NULL: no memory. @owner caller:
 * sluice_door_client_end() */
struct sluice_door_client *sluice_door_client_begin(const struct sluice_door *door, int fd,
						    const char *who);

/* Ends it: the socket is closed; a command that changes something comes to its end, any other is
 * killed. */
void sluice_door_client_end(struct sluice_door_client *client);

/* What to wait for: [0] the socket, [1] the command's pipe; fd -1: nothing there. */
void sluice_door_client_wait(const struct sluice_door_client *client, struct pollfd wanted[2]);

/* When something is due even if nothing comes, in ms of sluice_door_now(); UINT64_MAX: never. */
uint64_t sluice_door_client_due(const struct sluice_door_client *client);

/* Does what there is to do, after poll() said so of the socket or the time came. `may_run`: one
 * command may be started. True: there is more to do at once. */
bool sluice_door_client_serve(struct sluice_door_client *client, const struct pollfd *socket,
			      bool may_run);

/* Its command's process has ended. */
void sluice_door_client_child_ended(struct sluice_door_client *client, int status);

/* Does a command run that the client does not hold up? */
bool sluice_door_client_is_busy(const struct sluice_door_client *client);

#endif /* SLUICE_CTL_DOOR_CLIENT_H */
