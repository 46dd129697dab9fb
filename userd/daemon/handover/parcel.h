/* SPDX-License-Identifier: MIT */
/*
 * What one daemon hands to the next: descriptors by kind and key (lib/handed.h), and a text of
 * lines with what else goes on. Between the engine, which fills it, and the socket. Touches: the
 * descriptors, which are its own.
 */
#ifndef SLUICE_HANDOVER_PARCEL_H
#define SLUICE_HANDOVER_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include "../../lib/handed.h"
#include "wire.h"

struct sluice_parcel_item {
	enum sluice_handed kind;
	int fd;
	char *key;
};

/* Begins zeroed. @owner whoever has it: sluice_parcel_empty() */
struct sluice_parcel {
	struct sluice_parcel_item *items;
	size_t count, room;
	char *state; /* lines, each with its end; NULL: none */
	size_t state_length;
	bool takes_rests; /* who gets it can go on in the middle of a frame */
};

/* Closes what is in it. */
void sluice_parcel_empty(struct sluice_parcel *parcel);
/* Adds another descriptor of what `fd` is, closed at exec. 0 or a negative errno. */
int sluice_parcel_add(struct sluice_parcel *parcel, enum sluice_handed kind, const char *key,
		      int fd);
/* Closes and forgets those of one kind. */
void sluice_parcel_drop(struct sluice_parcel *parcel, enum sluice_handed kind);
/* Adds a line to the text. 0 or -ENOMEM. */
int sluice_parcel_say(struct sluice_parcel *parcel, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Sends all of it: descriptors in several packets, the text likewise, and the end with their
 * number. 0 or a negative errno. @context any */
int sluice_parcel_send(const struct sluice_parcel *parcel, int fd);
/* Receives all of it, waiting `most_ms` for each packet. 0; -EREMOTEIO and *sentence: the other one
 * refuses; -EBADMSG: not as many descriptors came as the end says; other negative errno as
 * sluice_handover_receive(). What is of a kind that is not known is closed.
 * @owner caller: sluice_parcel_empty(), also on failure; *sentence */
int sluice_parcel_receive(struct sluice_parcel *parcel, int fd, int most_ms, char **sentence);

#endif /* SLUICE_HANDOVER_PARCEL_H */
