// SPDX-License-Identifier: MIT
/*
 * What inputs are called; see input_names.h. Touches: itself, under a lock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "input_names.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sluice_input_name *entries;
static size_t entry_count;
static char relay_name[SLUICE_NAME_MAX + 1];

int sluice_input_names_set(const char *relay, const struct sluice_input_name *list, size_t count)
{
	struct sluice_input_name *copy = NULL;

	if (!relay || (count && !list) || count > SIZE_MAX / sizeof(*copy))
		return -EINVAL;
	if (count) {
		copy = malloc(count * sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		memcpy(copy, list, count * sizeof(*copy));
	}
	pthread_mutex_lock(&lock);
	free(entries);
	entries = copy;
	entry_count = count;
	snprintf(relay_name, sizeof(relay_name), "%s", relay);
	pthread_mutex_unlock(&lock);
	return 0;
}

bool sluice_input_names_find(enum sluice_source kind, uint16_t index,
			     char name[SLUICE_NAME_MAX + 1])
{
	bool is_known = false;
	size_t number;

	pthread_mutex_lock(&lock);
	for (number = 0; number < entry_count && !is_known; number++) {
		if (entries[number].kind != kind || entries[number].index != index)
			continue;
		memcpy(name, entries[number].name, sizeof(entries[number].name));
		is_known = true;
	}
	pthread_mutex_unlock(&lock);
	return is_known;
}

void sluice_input_names_relay(char name[SLUICE_NAME_MAX + 1])
{
	pthread_mutex_lock(&lock);
	memcpy(name, relay_name, sizeof(relay_name));
	pthread_mutex_unlock(&lock);
}
