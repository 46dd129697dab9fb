/* SPDX-License-Identifier: MIT */
/*
 * All forwards of the daemon: what the configuration in force has, and those that are gone and have
 * connections left. For the control thread. Touches: threads and sockets through its parts.
 */
#ifndef SLUICE_FORWARDS_H
#define SLUICE_FORWARDS_H

#include "../../config/model.h"
#include "../control/control.h"

struct sluice_forwards;

/* Makes them of the configuration that the daemon starts with. 0, or a negative errno and a
 * sentence. @owner caller: *forwards, sluice_forwards_close(); *error */
int sluice_forwards_open(struct sluice_forwards **forwards, const struct sluice_config *config,
			 char **error);

/* Ends all: what is connected yet gets a reset. NULL is allowed. */
void sluice_forwards_close(struct sluice_forwards *forwards);

/*
 * Takes what a configuration that may come into force needs and is not there yet: threads, and
 * sockets that listen. 0, or a negative errno and a sentence, then nothing is changed. One of the
 * two that follow comes next. @owner caller: *error
 */
int sluice_forwards_prepare(struct sluice_forwards *forwards, const struct sluice_config *config,
			    char **error);

/* It is in force: what is new is forwarded, what is gone is not taken any more. Connections go on
 * as they were, unless `remaining: cut` says something else. */
void sluice_forwards_commit(struct sluice_forwards *forwards);

/* It is not: what was taken for it is given back. */
void sluice_forwards_cancel(struct sluice_forwards *forwards);

/* Takes no connections any more, for good. */
void sluice_forwards_refuse(struct sluice_forwards *forwards);

/* Connections that there are. */
uint64_t sluice_forwards_connections(const struct sluice_forwards *forwards);

/* A picture of all. 0 or -ENOMEM. @owner caller: free(*list); texts stay valid until the next
 * change. */
int sluice_forwards_list(const struct sluice_forwards *forwards,
			 struct sluice_control_forward **list, size_t *count);

struct sluice_parcel;
/* Puts the sockets that it listens at into the parcel. 0 or a negative errno. */
int sluice_forwards_give(const struct sluice_forwards *forwards, struct sluice_parcel *parcel);

#endif /* SLUICE_FORWARDS_H */
