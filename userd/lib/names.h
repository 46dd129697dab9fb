/* SPDX-License-Identifier: MIT */
/*
 * A short list of texts, each once, the latest first: directories, names of relays. Off the path of
 * the data. Touches: memory.
 */
#ifndef SLUICE_NAMES_H
#define SLUICE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* How many are kept at most. */
#define SLUICE_NAMES_MAX 8U

struct sluice_names {
	char **list; /* @owner the list */
	size_t count;
};

/* Frees it, and zeroes it. */
void sluice_names_free(struct sluice_names *names);

/* Adds one at the end, unless it is there, or the list is full. NULL adds nothing. 0 or -ENOMEM. */
int sluice_names_add(struct sluice_names *names, const char *name);

/* The same, however many there are. */
int sluice_names_append(struct sluice_names *names, const char *name);

/* Is it there? */
bool sluice_names_has(const struct sluice_names *names, const char *name);

/* Adds all of another list. 0 or -ENOMEM. */
int sluice_names_add_all(struct sluice_names *names, const struct sluice_names *others);

#endif /* SLUICE_NAMES_H */
