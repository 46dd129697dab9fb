// SPDX-License-Identifier: MIT
/*
 * What a CONFIG_APPLY says of outputs that go; see wishes.h. Touches: the message it is given.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "wishes.h"

void sluice_wishes_free(struct sluice_wishes *wishes)
{
	size_t number;

	for (number = 0; number < wishes->count; number++)
		free((char *)wishes->list[number].old);
	free((struct sluice_wish *)wishes->list);
}

int sluice_wishes_copy(struct sluice_wishes *copy, const struct sluice_wishes *wishes)
{
	size_t number, length;
	struct sluice_wish *list;
	char *text;

	memset(copy, 0, sizeof(*copy));
	if (!wishes || !wishes->count)
		return 0;
	list = calloc(wishes->count, sizeof(*list));
	if (!list)
		return -ENOMEM;
	copy->list = list;
	for (number = 0; number < wishes->count; number++) {
		const struct sluice_wish *wish = &wishes->list[number];

		/* Both names in one piece, as they are read. */
		length = strlen(wish->old) + 1;
		text = malloc(length + (wish->heir ? strlen(wish->heir) + 1 : 0));
		if (!text)
			return -ENOMEM;
		memcpy(text, wish->old, length);
		if (wish->heir)
			memcpy(text + length, wish->heir, strlen(wish->heir) + 1);
		list[number].old = text;
		list[number].heir = wish->heir ? text + length : NULL;
		copy->count++;
	}
	return 0;
}

int sluice_wishes_read(struct nlattr *first, int length, struct sluice_wishes *wishes, char **text)
{
	struct nlattr *attribute;
	struct sluice_wish *list;
	size_t count = 0;
	char *heir;
	int rest;

	nla_for_each_attr(attribute, first, length, rest) count +=
		nla_type(attribute) == SLUICE_A_CONFIG_ADOPT ||
		nla_type(attribute) == SLUICE_A_CONFIG_DROP;
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	wishes->list = list;
	nla_for_each_attr(attribute, first, length, rest)
	{
		struct sluice_wish *wish = &list[wishes->count];
		bool adopt = nla_type(attribute) == SLUICE_A_CONFIG_ADOPT;

		if (!adopt && nla_type(attribute) != SLUICE_A_CONFIG_DROP)
			continue;
		wish->old = strdup(nla_get_string(attribute));
		if (!wish->old)
			return -ENOMEM;
		wishes->count++;
		heir = strchr(wish->old, '=');
		if (!wish->old[0] || heir == wish->old || adopt != (heir != NULL) ||
		    (adopt && !heir[1])) {
			*text = strdup("CONFIG_ADOPT is \"OLD=NEW\", CONFIG_DROP is \"OLD\": names "
				       "or ids of outputs");
			return -EINVAL;
		}
		if (adopt) {
			*heir = '\0';
			wish->heir = heir + 1;
		}
	}
	return 0;
}
