/* SPDX-License-Identifier: MIT */
/*
 * A second look at one ring: mapped to read only, it owns nothing and moves no cursor. Who looks
 * never holds up who consumes: what was written over before it was read here is counted and said to
 * be missed. Between `sluicectl tap` and the ring. Touches: the mapping.
 */
#ifndef SLUICE_CTL_TAP_VIEW_H
#define SLUICE_CTL_TAP_VIEW_H

#include <stdbool.h>
#include <sys/types.h>
#include <sluice/netlink.h>
#include "guid.h"
#include "record.h"
#include "ring.h"

#define SLUICE_TAP_SOURCE_MAX 16U

/* One ring that is looked at. */
struct sluice_tap_view {
	struct sluice_ring ring;
	sluice_guid route; /* of the module's */
	uint32_t cpu;	   /* likewise */
	char route_name[SLUICE_NAME_MAX + 1];
	char name[SLUICE_NAME_MAX + 16];    /* ROUTE/cpuN; of others ROUTE/N */
	char source[SLUICE_TAP_SOURCE_MAX]; /* a word of `inputs.source`; "": not known */
	int fd;				    /* of /dev/sluice; -1: the ring is a daemon's own */
	dev_t device;			    /* and that is its file */
	ino_t inode;
	bool is_open;
	bool is_there;	   /* its daemon still has it */
	uint32_t number;   /* in a capture */
	uint64_t offset;   /* of the next record */
	uint64_t sequence; /* records before it */
};

/* What sluice_tap_view_next() found. */
enum sluice_tap_found {
	SLUICE_TAP_NOTHING, /* all that has come was handed out */
	SLUICE_TAP_RECORD,
	SLUICE_TAP_MISSED, /* some were written over before they were read */
};

/* Goes to the end of the ring (or its beginning, with `backlog`), wherever that is by now. 0, or
 * -EAGAIN if the ring moves too fast to find out. */
int sluice_tap_view_seek(struct sluice_tap_view *view, bool backlog);

/*
 * Copies the next record to `copy`, which has SLUICE_RECORD_SPAN_MAX bytes, and reads it into
 * *record, whose pointers point there; or says in *missed how many were missed, and goes on at the
 * end. One of enum sluice_tap_found, or a negative errno.
 */
int sluice_tap_view_next(struct sluice_tap_view *view, uint8_t *copy,
			 struct sluice_record_view *record, uint64_t *missed);

/* Ends a view; NULL and one that is not open are allowed. */
void sluice_tap_view_close(struct sluice_tap_view *view);

#endif /* SLUICE_CTL_TAP_VIEW_H */
