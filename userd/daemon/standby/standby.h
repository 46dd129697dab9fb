/* SPDX-License-Identifier: MIT */
/*
 * A daemon that waits until it may work as a relay. The kernel says when whoever does has died: the
 * lock of his claim is free at once. Whoever hangs keeps it; he has to be killed first, and dead,
 * before anybody else may work. In the control thread, before there is an engine. Touches: signals,
 * the local socket of who works, his process.
 */
#ifndef SLUICE_STANDBY_STANDBY_H
#define SLUICE_STANDBY_STANDBY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "claims.h"

/* How long whoever works may be silent, unless the command line says something else. The control
 * thread may wait for the foreman for three and a half seconds. */
#define SLUICE_STANDBY_LIMIT_MS 5000U

/* What it waits for, and how. */
struct sluice_standby_wish {
	const char *relay;
	const char *file;      /* of the configuration */
	unsigned int limit_ms; /* of a silence */
	/* SIGHUP, with `reread`, and SIGUSR1: the log anew. */
	void (*refresh)(void *context, bool reread);
	/* Everything is ready to wait. */
	void (*ready)(void *context);
	void *context;
};

/* A socket of the one that worked before us: still open, with what came meanwhile. */
struct sluice_standby_socket {
	int fd;
	char name[64];
	uint64_t cookie; /* tells sockets apart */
};

struct sluice_standby_sockets {
	struct sluice_standby_socket *list;
	size_t count, room;
};

/* Why the wait is over. */
enum sluice_standby_end {
	SLUICE_STANDBY_WORK,  /* who worked does so no more */
	SLUICE_STANDBY_FIRST, /* nobody worked: it did not wait */
	SLUICE_STANDBY_LEAVE  /* it was told to stop */
};

/*
 * Waits for the relay. 0, *end and, if it is to work, the relay's claim and the sockets; another
 * negative errno: it cannot wait, told in the log.
 * @owner caller: *sockets, sluice_standby_sockets_free()
 */
int sluice_standby_wait(struct sluice_claims *claims, const struct sluice_standby_wish *wish,
			enum sluice_standby_end *end, struct sluice_standby_sockets *sockets);

/* Closes those whose descriptor is not -1, and frees the list. */
void sluice_standby_sockets_free(struct sluice_standby_sockets *sockets);

/* Adds one that is not in the list yet. 0 or -ENOMEM; then it is closed. */
int sluice_standby_sockets_add(struct sluice_standby_sockets *sockets, int fd, const char *name);

#endif /* SLUICE_STANDBY_STANDBY_H */
