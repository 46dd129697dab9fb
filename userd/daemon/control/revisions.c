// SPDX-License-Identifier: MIT
/*
 * Configurations that were in force; see revisions.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "revisions.h"

/* Frees what one has. */
static void revision_free(struct sluice_revision *revision)
{
	free(revision->how);
	free(revision->name);
	free(revision->text);
	memset(revision, 0, sizeof(*revision));
}

/* Is it the same text of the same file? */
static bool is_same(const struct sluice_revision *one, const struct sluice_revision *other)
{
	return one->length == other->length && !memcmp(one->text, other->text, one->length) &&
	       !strcmp(one->name, other->name);
}

bool sluice_revisions_is_next(const struct sluice_revisions *revisions,
			      struct sluice_revision *revision)
{
	const struct sluice_revision *newest = sluice_revisions_newest(revisions);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	revision->time_ns = (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
	revision->number = newest ? newest->number + 1 : 1;
	return !newest || !is_same(newest, revision);
}

/* Forgets the oldest one, to make room for one that is a change of a piece or not. What was last
 * taken from a file stays, and the change after it goes: `save` has to know whether the file is as
 * it was read, however many changes there are. */
static void forget_one(struct sluice_revisions *revisions, bool is_change)
{
	bool is_base = is_change && sluice_revisions_changes(revisions) == revisions->count - 1;
	size_t place = is_base ? 1 : 0;

	revision_free(&revisions->list[place]);
	revisions->count--;
	memmove(&revisions->list[place], &revisions->list[place + 1],
		(revisions->count - place) * sizeof(revisions->list[0]));
}

int sluice_revisions_add(struct sluice_revisions *revisions, const struct sluice_revision *revision)
{
	struct sluice_revision *newest, fresh;

	if (!revisions || !revision || !revision->text || !revision->name || !revision->how)
		return -EINVAL;
	fresh = *revision;
	if (!sluice_revisions_is_next(revisions, &fresh)) {
		/* A change that was saved is in a file from now on. */
		newest = &revisions->list[revisions->count - 1];
		newest->is_runtime = newest->is_runtime && revision->is_runtime;
		return 0;
	}
	fresh.how = strdup(revision->how);
	fresh.name = strdup(revision->name);
	fresh.text = strndup(revision->text, revision->length);
	if (!fresh.how || !fresh.name || !fresh.text) {
		revision_free(&fresh);
		return -ENOMEM;
	}
	if (revisions->count == SLUICE_REVISIONS)
		forget_one(revisions, revision->is_runtime);
	revisions->list[revisions->count++] = fresh;
	return 0;
}

const struct sluice_revision *sluice_revisions_newest(const struct sluice_revisions *revisions)
{
	return revisions && revisions->count ? &revisions->list[revisions->count - 1] : NULL;
}

const struct sluice_revision *sluice_revisions_find(const struct sluice_revisions *revisions,
						    uint64_t number)
{
	size_t place;

	for (place = 0; revisions && place < revisions->count; place++)
		if (revisions->list[place].number == number)
			return &revisions->list[place];
	return NULL;
}

size_t sluice_revisions_changes(const struct sluice_revisions *revisions)
{
	size_t changes = 0;

	while (revisions && changes < revisions->count &&
	       revisions->list[revisions->count - 1 - changes].is_runtime)
		changes++;
	return changes;
}

void sluice_revisions_free(struct sluice_revisions *revisions)
{
	size_t place;

	for (place = 0; revisions && place < revisions->count; place++)
		revision_free(&revisions->list[place]);
	if (revisions)
		revisions->count = 0;
}
