/* SPDX-License-Identifier: MIT */
/*
 * Who holds the UDP ports, or listens at the TCP ports, of this network namespace: /proc/net/udp
 * and the like tell the sockets, /proc/PID/fd whose they are. Touches: reads /proc.
 */
#ifndef SLUICE_CONFIG_HOLDER_H
#define SLUICE_CONFIG_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SLUICE_HOLDER_PROGRAM 16 /* TASK_COMM_LEN of the kernel */

struct sluice_holder {
	uint64_t inode; /* of the socket */
	uint16_t port;
	uint32_t user;
	pid_t pid;			     /* 0: not to be found, or not for us to see */
	char program[SLUICE_HOLDER_PROGRAM]; /* empty if pid is 0; no control characters */
};

struct sluice_holders {
	struct sluice_holder *list; /* sorted by port */
	size_t count;
};

/*
 * Reads all of them. 0 or -ENOMEM; what cannot be read is left out. Costs a walk over the
 * descriptors of all processes.
 * @owner caller: sluice_holders_free(), whatever the result. @threadsafe
 */
int sluice_holders_read(struct sluice_holders *holders);

/* The same of the TCP sockets that listen. */
int sluice_holders_read_tcp(struct sluice_holders *holders);

/* Fills in whose process `pid` is: `holder`'s pid and program. */
void sluice_holder_look(struct sluice_holder *holder, pid_t pid);

/* Frees what `holders` holds and empties it; not `holders` itself. */
void sluice_holders_free(struct sluice_holders *holders);

/* The first of those that hold `port`, and in *count how many there are. NULL: none. @threadsafe */
const struct sluice_holder *sluice_holders_of(const struct sluice_holders *holders, uint16_t port,
					      size_t *count);

/* Was the process started as a sluiced with this configuration file? False as well if that cannot
 * be seen. */
bool sluice_holder_runs(const struct sluice_holder *holder, const char *path);

#endif /* SLUICE_CONFIG_HOLDER_H */
