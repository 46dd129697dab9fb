/* SPDX-License-Identifier: MIT */
/*
 * What a configuration may hold, in words: for people who ask, and for documents that are held
 * against it. Made from the tables of keys that the file is read by. Touches: nothing but memory.
 */
#ifndef SLUICE_CONFIG_KEYS_LIST_H
#define SLUICE_CONFIG_KEYS_LIST_H

#include <stdbool.h>

#define SLUICE_KEY_VALUES 256 /* bytes of a list of values */

struct sluice_key;

/* One key. The texts are constants but for `values`. */
struct sluice_key_facts {
	const char *path;		/* "outputs.batch.bytes" */
	char values[SLUICE_KEY_VALUES]; /* "from 4k to 4m" */
	const char *fallback;		/* what holds where it is not written; NULL: */
	const char *otherwise;		/* what that depends on; NULL: there is nothing then */
	const char *does;		/* what it is for */
	const char *change;		/* when a changed value is in force, and what that costs */
	bool is_required;
};

/* When a changed value is in force, and what that costs; a constant. @threadsafe */
const char *sluice_key_change_text(const struct sluice_key *key);

/* Calls `each` for every key that takes a value, in the order of the tables, until it returns
 * something else than 0. Returns that, or 0; -EINVAL. @threadsafe */
int sluice_keys_list(int (*each)(void *context, const struct sluice_key_facts *facts),
		     void *context);

#endif /* SLUICE_CONFIG_KEYS_LIST_H */
