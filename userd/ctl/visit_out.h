/* SPDX-License-Identifier: MIT */
/*
 * What goes out to a visit's client: texts of ours and the output of its command, both no faster
 * than it is taken. Touches: the visit, its socket, its command's pipe.
 */
#ifndef SLUICE_CTL_VISIT_OUT_H
#define SLUICE_CTL_VISIT_OUT_H

#include "visit.h"

/* Bytes of `out` that are free. */
size_t sluice_visit_room(const struct sluice_visit *visit);

/* Is there anything that the client has not taken? */
bool sluice_visit_owes(const struct sluice_visit *visit);

/* Puts bytes of the protocol as they are; there is room. */
void sluice_visit_put(struct sluice_visit *visit, const void *bytes, size_t length);

/* Says a text of ours, behind what is said already. Without memory for it the visit is over. */
void sluice_visit_say(struct sluice_visit *visit, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same with `length` bytes; the text stays the caller's. */
void sluice_visit_say_text(struct sluice_visit *visit, const char *text, size_t length);

/* Moves what is said to what is sent, as far as there is room. True: something moved. */
bool sluice_visit_encode(struct sluice_visit *visit);

/* Reads from the command as much as there is room for. True: something came, or its end. */
bool sluice_visit_read_command(struct sluice_visit *visit);

/* Sends what the client takes. True: something went. A client that is gone ends the visit. */
bool sluice_visit_send(struct sluice_visit *visit);

#endif /* SLUICE_CTL_VISIT_OUT_H */
