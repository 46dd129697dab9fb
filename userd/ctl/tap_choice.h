/* SPDX-License-Identifier: MIT */
/*
 * The command line of `sluicectl tap`: which records it shows, how many, and in what form. Touches:
 * stderr.
 */
#ifndef SLUICE_CTL_TAP_CHOICE_H
#define SLUICE_CTL_TAP_CHOICE_H

#include <stdbool.h>
#include <stdint.h>
#include "address.h"
#include "record.h"

struct sluice_tap_choice {
	const char *name;	   /* of an input or a route, or a GUID; NULL: all */
	const char *file;	   /* -w: a capture there; "-": to stdout; NULL: none, but text */
	bool backlog;		   /* begin with what is in the rings already */
	bool is_parted;		   /* in the capture, an interface for each ring */
	bool as_json;		   /* -j */
	bool with_text;		   /* -A */
	bool with_hex;		   /* -x */
	uint16_t port;		   /* destination; 0: any */
	struct sluice_prefix from; /* source */
	uint64_t wanted;	   /* datagrams; 0: no end */
	uint64_t rate;		   /* at most so many a second; 0: no limit */
};

/* How a record stands to what was asked for. */
enum sluice_tap_answer {
	SLUICE_TAP_WANTED,
	SLUICE_TAP_OTHER,   /* another port or sender */
	SLUICE_TAP_UNKNOWN, /* its input does not record addresses */
};

/* Reads the command line. False: it is wrong, and that was said. */
bool sluice_tap_choice_parse(struct sluice_tap_choice *choice, int argc, char **argv);

/* Does a DATA record have the port and the sender that are wished? */
enum sluice_tap_answer sluice_tap_choice_asks(const struct sluice_tap_choice *choice,
					      const struct sluice_record_view *record);

#endif /* SLUICE_CTL_TAP_CHOICE_H */
