// SPDX-License-Identifier: MIT
/*
 * What two configurations differ in; see pieces.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "pieces.h"

#define NONE ((size_t)-1)

/* A comparison. */
struct comparison {
	const struct sluice_pieces *before, *after;
	size_t *old;  /* for each item after: which one it was before, or NONE */
	size_t *next; /* for each item before: which one it is after, or NONE */
	struct sluice_difference *list;
	size_t count, room;
};

/* Adds a difference. 0 or -ENOMEM. */
static int add(struct comparison *comparison, struct sluice_difference difference)
{
	size_t room = comparison->room ? comparison->room * 2 : 16;
	struct sluice_difference *grown;

	if (!comparison->list || comparison->count == comparison->room) {
		grown = reallocarray(comparison->list, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		comparison->list = grown;
		comparison->room = room;
	}
	comparison->list[comparison->count++] = difference;
	return 0;
}

/* What tells an item from others when its name is another: an input's ports, an output's receivers.
 * NULL: nothing. */
static const char *mark_of(const struct sluice_pieces *pieces, const struct sluice_piece_item *item)
{
	const struct sluice_piece *piece =
		sluice_pieces_find(pieces, item, item->kind == SLUICE_PIECE_INPUT ? "port" : "to");

	return piece ? piece->value : NULL;
}

/* Is the one the other, `way` being how sure that is: 0 by GUID, 1 by name, 2 by what it does? */
static bool is_same(const struct comparison *comparison, const struct sluice_piece_item *one,
		    const struct sluice_piece_item *other, int way)
{
	const char *mark, *others;

	if (one->kind != other->kind)
		return false;
	if (way == 0)
		return !memcmp(one->id, other->id, sizeof(one->id));
	if (way == 1)
		return *one->name && !strcmp(one->name, other->name);
	mark = mark_of(comparison->before, one);
	others = mark_of(comparison->after, other);
	return mark && others && !strcmp(mark, others);
}

/* Finds what item `before` is after, by `way`; most are where they were. */
static void pair_item(struct comparison *comparison, size_t before, int way)
{
	size_t total = comparison->after->item_count, step, after;

	for (step = 0; step < total && comparison->next[before] == NONE; step++) {
		after = (before + step) % total;
		if (comparison->old[after] != NONE ||
		    !is_same(comparison, &comparison->before->items[before],
			     &comparison->after->items[after], way))
			continue;
		comparison->old[after] = before;
		comparison->next[before] = after;
	}
}

/* Finds for each item what it is in the other list. */
static void pair_items(struct comparison *comparison)
{
	size_t number;
	int way;

	for (number = 0; number < comparison->after->item_count; number++)
		comparison->old[number] = NONE;
	for (number = 0; number < comparison->before->item_count; number++)
		comparison->next[number] = NONE;
	for (way = 0; way < 3; way++)
		for (number = 0; number < comparison->before->item_count; number++)
			pair_item(comparison, number, way);
}

/* Do both mean the same? NULL: not written, then what holds without. */
static bool means_same(const struct sluice_key *key, const char *one, const char *other)
{
	const char *absent = key && key->fallback ? key->fallback : "";

	return !strcasecmp(one ? one : absent, other ? other : absent) && (one || other);
}

/* Compares a value that is written after with what it was in `old`, NULL being nothing if `item` is
 * something. 0 or -ENOMEM. */
static int compare_value(struct comparison *comparison, const struct sluice_piece *piece,
			 const struct sluice_piece_item *old, const struct sluice_piece_item *item)
{
	const struct sluice_piece *other =
		old || !item ? sluice_pieces_find(comparison->before, old, piece->word) : NULL;
	/* Names differ by their case, too. */
	bool is_word = piece->key && piece->key->read == sluice_read_word;

	if (means_same(piece->key, other ? other->value : NULL, piece->value) &&
	    !(is_word && other && strcmp(other->value, piece->value) != 0))
		return 0;
	return add(comparison, (struct sluice_difference){.item = item,
							  .key = piece->key,
							  .word = piece->word,
							  .before = other ? other->value : NULL,
							  .after = piece->value});
}

/* Compares the values of one item, which was `old`, or of the whole: both NULL. 0 or -ENOMEM. */
static int compare_values(struct comparison *comparison, const struct sluice_piece_item *old,
			  const struct sluice_piece_item *item)
{
	const struct sluice_pieces *before = comparison->before, *after = comparison->after;
	size_t number = item ? item->first : 0, end = item ? item->end : after->count;
	const struct sluice_piece *piece;
	int error = 0;

	for (; !error && number < end; number++)
		if (item || after->list[number].kind == SLUICE_PIECE_CONFIGURATION)
			error = compare_value(comparison, &after->list[number], old, item);
	if (item && !old)
		return error;
	number = old ? old->first : 0;
	end = old ? old->end : before->count;
	for (; !error && number < end; number++) {
		piece = &before->list[number];
		if ((!old && piece->kind != SLUICE_PIECE_CONFIGURATION) ||
		    sluice_pieces_find(after, item, piece->word) ||
		    means_same(piece->key, piece->value, NULL))
			continue;
		error = add(comparison, (struct sluice_difference){.item = item,
								   .key = piece->key,
								   .word = piece->word,
								   .before = piece->value});
	}
	return error;
}

int sluice_pieces_compare(const struct sluice_pieces *before, const struct sluice_pieces *after,
			  struct sluice_difference **list, size_t *count)
{
	struct comparison comparison = {.before = before, .after = after};
	const struct sluice_piece_item *now;
	size_t number, old;
	int error = -ENOMEM;

	if (!before || !after || !list || !count)
		return -EINVAL;
	comparison.old = calloc(after->item_count + 1, sizeof(*comparison.old));
	comparison.next = calloc(before->item_count + 1, sizeof(*comparison.next));
	if (!comparison.old || !comparison.next)
		goto out;
	pair_items(&comparison);
	error = compare_values(&comparison, NULL, NULL);
	for (number = 0; !error && number < before->item_count; number++)
		if (comparison.next[number] == NONE)
			error = add(&comparison,
				    (struct sluice_difference){.what = SLUICE_DIFFERENCE_GONE,
							       .item = &before->items[number]});
	for (number = 0; !error && number < after->item_count; number++) {
		now = &after->items[number];
		old = comparison.old[number];
		if (old == NONE)
			error = add(&comparison,
				    (struct sluice_difference){.what = SLUICE_DIFFERENCE_ADDED,
							       .item = now});
		if (!error)
			error = compare_values(&comparison,
					       old == NONE ? NULL : &before->items[old], now);
	}
out:
	free(comparison.old);
	free(comparison.next);
	if (error) {
		free(comparison.list);
		return error;
	}
	*list = comparison.list;
	*count = comparison.count;
	return 0;
}
