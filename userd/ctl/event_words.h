/* SPDX-License-Identifier: MIT */
/*
 * Words for events: classes and kinds, as `sluicectl events --class` takes them. Touches: stdout,
 * stderr.
 */
#ifndef SLUICE_CTL_EVENT_WORDS_H
#define SLUICE_CTL_EVENT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* Which kinds are wanted. Begins zeroed: all are. */
struct sluice_event_words {
	uint64_t kinds; /* a bit for each */
};

/* Adds classes and kinds out of a list with commas. False: one is neither, said. */
bool sluice_event_words_add(struct sluice_event_words *words, const char *list);
/* Is a kind wanted? One that is newer than this program only where all are. */
bool sluice_event_words_have(const struct sluice_event_words *words, uint32_t kind);

/* Prints all kinds as a table or JSON. 0 or -EIO. */
int sluice_event_words_list(bool as_json);

#endif /* SLUICE_CTL_EVENT_WORDS_H */
