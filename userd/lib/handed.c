// SPDX-License-Identifier: MIT
/*
 * Descriptors that were handed over; see handed.h. Touches: them, memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "handed.h"

/* One of them. */
struct handed {
	struct handed *next;
	enum sluice_handed kind;
	int fd;
	char key[];
};

static struct handed *handed;

const char *sluice_handed_word(enum sluice_handed kind)
{
	static const char *const words[] = {
#define ROW(NAME, word) [SLUICE_HANDED_##NAME] = (word),
		SLUICE_HANDED_ROWS(ROW)
#undef ROW
	};

	return (size_t)kind < SLUICE_HANDED_COUNT ? words[kind] : "unknown";
}

enum sluice_handed sluice_handed_kind(const char *word)
{
	enum sluice_handed kind;

	for (kind = 0; word && kind < SLUICE_HANDED_COUNT; kind++)
		if (!strcmp(sluice_handed_word(kind), word))
			return kind;
	return SLUICE_HANDED_COUNT;
}

int sluice_handed_put(enum sluice_handed kind, const char *key, int fd)
{
	struct handed *one;
	size_t length;

	if ((size_t)kind >= SLUICE_HANDED_COUNT || !key || fd < 0)
		return -EINVAL;
	length = strlen(key) + 1;
	if (length > SLUICE_HANDED_KEY)
		return -EINVAL;
	one = malloc(sizeof(*one) + length);
	if (!one)
		return -ENOMEM;
	one->kind = kind;
	one->fd = fd;
	memcpy(one->key, key, length);
	one->next = handed;
	handed = one;
	return 0;
}

int sluice_handed_take(enum sluice_handed kind, const char *key)
{
	struct handed **link = &handed, *one;
	int fd;

	if (!key)
		return -ENOENT;
	for (; (one = *link); link = &one->next) {
		if (one->kind != kind || strcmp(one->key, key) != 0)
			continue;
		*link = one->next;
		fd = one->fd;
		free(one);
		return fd;
	}
	return -ENOENT;
}

size_t sluice_handed_drop_all(void)
{
	struct handed *one;
	size_t count = 0;

	while ((one = handed)) {
		handed = one->next;
		close(one->fd);
		free(one);
		count++;
	}
	return count;
}
