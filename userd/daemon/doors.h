/* SPDX-License-Identifier: MIT */
/*
 * The doors for sessions as the daemon sees them: it listens, and a process for each door
 * (`sluicectl --door`) serves who comes, so that no client can disturb the daemon. A process that
 * ends is started anew, after a pause that grows. For the control thread. Touches: sockets,
 * processes, the log.
 */
#ifndef SLUICE_DAEMON_DOORS_H
#define SLUICE_DAEMON_DOORS_H

#include "../config/model.h"

struct sluice_doors;

/* Makes doors, all of them closed; `socket` is the path where the daemon itself is asked, NULL:
 * none. 0 or a negative errno. @owner caller: *doors, sluice_doors_close() */
int sluice_doors_open(struct sluice_doors **doors, const char *socket);

/* Closes all: sessions end. NULL is allowed. */
void sluice_doors_close(struct sluice_doors *doors);

/*
 * Takes what a configuration that may come into force needs and is not there yet: listens. 0, or a
 * negative errno and a sentence, then nothing is changed. One of the two that follow comes next.
 * @owner caller: *error
 */
int sluice_doors_prepare(struct sluice_doors *doors, const struct sluice_config *config,
			 char **error);

/* It is in force: doors that are new or other ones open, those that are gone close. The sessions of
 * one that is the same go on. */
void sluice_doors_commit(struct sluice_doors *doors);

/* It is not: what was taken for it is given back. */
void sluice_doors_cancel(struct sluice_doors *doors);

struct sluice_parcel;
/* Puts the sockets that it listens at into the parcel. 0 or a negative errno. */
int sluice_doors_give(const struct sluice_doors *doors, struct sluice_parcel *parcel);

/* Readable whenever sluice_doors_serve() has something to do. */
int sluice_doors_fd(const struct sluice_doors *doors);

/* Writes to the log what doors say, and starts anew what has ended. Never blocks for long. */
void sluice_doors_serve(struct sluice_doors *doors);

#endif /* SLUICE_DAEMON_DOORS_H */
