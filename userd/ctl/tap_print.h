/* SPDX-License-Identifier: MIT */
/*
 * What `sluicectl tap` shows of a record as text, in the manner of tcpdump, and as JSON. Nothing of
 * a payload reaches a terminal that it would take for a command. Touches: the stream it is given.
 */
#ifndef SLUICE_CTL_TAP_PRINT_H
#define SLUICE_CTL_TAP_PRINT_H

#include <stdbool.h>
#include <stdio.h>
#include "record.h"

struct sluice_tap_form {
	FILE *to;
	bool as_json;	/* an object a line */
	bool with_text; /* -A */
	bool with_hex;	/* -x */
};

/* Where a record was found. */
struct sluice_tap_place {
	const char *route;
	const char *input; /* NULL: nobody knows its name */
	uint16_t number;   /* of the input */
};

/* A DATA or GAP record. 0, -EIO, -ENOMEM. */
int sluice_tap_print(const struct sluice_tap_form *form, const struct sluice_tap_place *place,
		     const struct sluice_record_view *record);

/* `records` of a route that were written over before they could be read, at `time_ns`. */
int sluice_tap_print_missed(const struct sluice_tap_form *form, const char *route, uint64_t records,
			    uint64_t time_ns);

#endif /* SLUICE_CTL_TAP_PRINT_H */
