/* SPDX-License-Identifier: MIT */
/*
 * Pictures of the store on the disk, for whoever asks how it is: whoever has the store may be
 * waiting for the disk, and an answer must not. So one is taken where the store is free, or soon
 * is; else the spooler takes one as soon as it can, and meanwhile the last one does. Touches:
 * memory; the store, held for a moment.
 */
#ifndef SLUICE_DISK_PICTURE_H
#define SLUICE_DISK_PICTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/spool/spool.h"

/* What waits of a log for an output. */
struct sluice_disk_waiting {
	struct sluice_spool_name log;
	sluice_guid output;
	uint64_t bytes;
	uint64_t oldest_ns; /* when the frame of the lowest byte was written */
};

/* A log. */
struct sluice_disk_log {
	struct sluice_spool_name name;
	uint64_t bytes; /* that an output needs */
};

/* One picture, which does not change. */
struct sluice_disk_picture {
	unsigned int users;
	struct sluice_spool_figures figures;
	struct sluice_disk_log *logs;
	struct sluice_disk_waiting *waiting;
	struct sluice_spool_drop *drops;
	size_t log_count, waiting_count, drop_count;
};

/* Those of one store: the newest. Begins zeroed, but for its lock. */
struct sluice_disk_pictures {
	pthread_mutex_t lock;
	struct sluice_disk_picture *newest;
	bool is_wanted; /* the spooler is to take one */
};

/* Takes one; the store is held by the caller. Without memory the old one stays. @threadsafe */
void sluice_disk_pictures_take(struct sluice_disk_pictures *pictures, struct sluice_spool *spool);
/* Likewise if somebody wanted one and did not get it. @threadsafe */
void sluice_disk_pictures_take_wanted(struct sluice_disk_pictures *pictures,
				      struct sluice_spool *spool);
/* The newest, taken now if `store` can be had within 20 ms. NULL: there never was memory for one.
 * @owner caller: sluice_disk_picture_put() @context process */
struct sluice_disk_picture *sluice_disk_pictures_get(struct sluice_disk_pictures *pictures,
						     pthread_mutex_t *store,
						     struct sluice_spool *spool);
/* Nobody asks any more. */
void sluice_disk_pictures_free(struct sluice_disk_pictures *pictures);

/* The caller needs it no more. NULL is allowed. @threadsafe */
void sluice_disk_picture_put(struct sluice_disk_picture *picture);
/* Bytes of a log that an output needs; NULL is allowed, here and below. @threadsafe */
uint64_t sluice_disk_picture_bytes(const struct sluice_disk_picture *picture,
				   const struct sluice_spool_name *log);
/* What of a log waits for `output`. NULL: nothing does. @threadsafe */
const struct sluice_disk_waiting *
sluice_disk_picture_waiting(const struct sluice_disk_picture *picture,
			    const struct sluice_spool_name *log, const sluice_guid output);

#endif /* SLUICE_DISK_PICTURE_H */
