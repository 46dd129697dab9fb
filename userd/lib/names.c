// SPDX-License-Identifier: MIT
/*
 * A short list of texts; see names.h. Touches: memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "names.h"

void sluice_names_free(struct sluice_names *names)
{
	size_t number;

	for (number = 0; number < names->count; number++)
		free(names->list[number]);
	free(names->list);
	memset(names, 0, sizeof(*names));
}

bool sluice_names_has(const struct sluice_names *names, const char *name)
{
	size_t number;

	for (number = 0; name && number < names->count; number++)
		if (!strcmp(names->list[number], name))
			return true;
	return false;
}

int sluice_names_add(struct sluice_names *names, const char *name)
{
	return names->count < SLUICE_NAMES_MAX ? sluice_names_append(names, name) : 0;
}

int sluice_names_append(struct sluice_names *names, const char *name)
{
	char **list;

	if (!name || sluice_names_has(names, name))
		return 0;
	list = reallocarray(names->list, names->count + 1, sizeof(char *));
	if (!list)
		return -ENOMEM;
	names->list = list;
	list[names->count] = strdup(name);
	if (!list[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

int sluice_names_add_all(struct sluice_names *names, const struct sluice_names *others)
{
	size_t number;
	int result = 0;

	for (number = 0; number < others->count && !result; number++)
		result = sluice_names_add(names, others->list[number]);
	return result;
}
