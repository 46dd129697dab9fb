// SPDX-License-Identifier: MIT
/*
 * Where values of the running configuration come from, see origin.h. Touches: a netlink socket,
 * stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "guid.h"
#include "origin.h"

/* The daemon keeps twenty; so many are read. */
#define MOST 64U

/* Numbers of revisions, oldest first. */
struct numbers {
	uint64_t list[MOST];
	size_t count;
};

/* One of REVISION_GET. 0. */
static int take(struct nlattr **attributes, void *context)
{
	struct numbers *numbers = context;

	if (numbers->count < MOST)
		numbers->list[numbers->count++] =
			sluice_attribute_u64(attributes[SLUICE_A_CONFIG_REVISION]);
	return 0;
}

int sluice_origins_read(struct sluice_netlink *netlink, struct sluice_origins *origins)
{
	struct numbers numbers = {0};
	int error = sluice_netlink_dump(netlink, SLUICE_CMD_REVISION_GET, take, &numbers);
	struct sluice_origin_revision *one;

	memset(origins, 0, sizeof(*origins));
	if (error) {
		sluice_daemon_complain(netlink, error);
		return error;
	}
	origins->list = calloc(numbers.count + 1, sizeof(*origins->list));
	if (!origins->list) {
		fputs("sluicectl: out of memory\n", stderr);
		return -ENOMEM;
	}
	while (numbers.count && !error) {
		one = &origins->list[origins->count++];
		error = sluice_running_get(netlink, numbers.list[--numbers.count], &one->running);
		/* One that cannot be read tells no origins; it was in force all the same. */
		if (!error)
			(void)sluice_pieces_read(one->running.text.bytes, one->running.text.length,
						 &one->pieces, NULL);
	}
	return error;
}

void sluice_origins_free(struct sluice_origins *origins)
{
	size_t number;

	for (number = 0; number < origins->count; number++) {
		sluice_pieces_free(&origins->list[number].pieces);
		sluice_running_free(&origins->list[number].running);
	}
	free(origins->list);
	memset(origins, 0, sizeof(*origins));
}

/* Is what an item takes or where it goes the same? */
static bool has_same_mark(const struct sluice_pieces *one_pieces,
			  const struct sluice_piece_item *one,
			  const struct sluice_pieces *other_pieces,
			  const struct sluice_piece_item *other)
{
	const char *word = one->kind == SLUICE_PIECE_INPUT ? "port" : "to";
	const struct sluice_piece *left = sluice_pieces_find(one_pieces, one, word);
	const struct sluice_piece *right = sluice_pieces_find(other_pieces, other, word);

	return left && right && !strcmp(left->value, right->value);
}

/* The same item in another revision: by its GUID, else by its name, else by its ports or receivers:
 * a GUID that is derived goes with the name. NULL: it is not there. */
static const struct sluice_piece_item *same_item(const struct sluice_pieces *newest,
						 const struct sluice_pieces *pieces,
						 const struct sluice_piece_item *item)
{
	const struct sluice_piece_item *named = NULL, *marked = NULL;
	size_t number;

	for (number = 0; number < pieces->item_count; number++) {
		const struct sluice_piece_item *one = &pieces->items[number];

		if (one->kind != item->kind)
			continue;
		if (sluice_guid_equal(one->id, item->id))
			return one;
		if (*item->name && !strcmp(one->name, item->name))
			named = one;
		if (has_same_mark(newest, item, pieces, one))
			marked = one;
	}
	return named ? named : marked;
}

/* The value of `word` in a revision; *is_there: has it the item at all? */
static const struct sluice_piece *value_in(const struct sluice_pieces *newest,
					   const struct sluice_pieces *pieces,
					   const struct sluice_piece_item *item, const char *word,
					   bool *is_there)
{
	const struct sluice_piece_item *own = item ? same_item(newest, pieces, item) : NULL;

	*is_there = !item || own;
	return *is_there ? sluice_pieces_find(pieces, own, word) : NULL;
}

/* Is it the same value, or none both times? */
static bool is_same(const struct sluice_piece *one, const struct sluice_piece *other)
{
	return !one || !other ? one == other : !strcmp(one->value, other->value);
}

const char *sluice_origin_time(uint64_t nanoseconds, char text[32])
{
	time_t seconds = (time_t)(nanoseconds / 1000000000U);
	struct tm local;

	if (!localtime_r(&seconds, &local) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%S%z", &local))
		snprintf(text, 32, "?");
	return text;
}

json_t *sluice_origin_of(const struct sluice_origins *origins, const struct sluice_piece_item *item,
			 const char *word)
{
	const struct sluice_piece *now = NULL, *then;
	const struct sluice_running *running;
	size_t number, since = 0;
	char when[32];
	bool is_there = true;

	if (origins->count)
		now = value_in(&origins->list[0].pieces, &origins->list[0].pieces, item, word,
			       &is_there);
	for (number = 1; number < origins->count && is_there; number++) {
		then = value_in(&origins->list[0].pieces, &origins->list[number].pieces, item, word,
				&is_there);
		if (!is_there || !is_same(now, then))
			break;
		since = number;
	}
	running = origins->count ? &origins->list[since].running : NULL;
	/* The oldest that is kept began nothing unless it is the first there was. */
	if (running && running->is_runtime &&
	    (since + 1 < origins->count || running->revision == 1))
		return json_pack("{s:s, s:I, s:I, s:s, s:s}", "from", "runtime", "revision",
				 (json_int_t)running->revision, "uid", (json_int_t)running->uid,
				 "since", sluice_origin_time(running->time_ns, when), "how",
				 running->how);
	if (!now || !running)
		return json_pack("{s:s}", "from", "default");
	then = value_in(&origins->list[0].pieces, &origins->list[since].pieces, item, word,
			&is_there);
	return json_pack("{s:s, s:s, s:I}", "from", "file", "file", running->name, "line",
			 (json_int_t)(then ? then->place.line : 0));
}

const char *sluice_origin_text(const json_t *origin, char *text, size_t size)
{
	const char *from = json_string_value(json_object_get(origin, "from"));

	text[0] = '\0';
	if (from && !strcmp(from, "file"))
		snprintf(text, size, "%s:%lld", json_string_value(json_object_get(origin, "file")),
			 (long long)json_integer_value(json_object_get(origin, "line")));
	else if (from && !strcmp(from, "runtime"))
		snprintf(text, size, "revision %lld, user %lld, %s: %s",
			 (long long)json_integer_value(json_object_get(origin, "revision")),
			 (long long)json_integer_value(json_object_get(origin, "uid")),
			 json_string_value(json_object_get(origin, "since")),
			 json_string_value(json_object_get(origin, "how")));
	return text;
}
