// SPDX-License-Identifier: MIT
/*
 * Bitmaps of sequences per flow: see tally.h. Behind the ledger, once per numbered datagram.
 * Touches: memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tally.h"

/* A part of a bitmap: 512 bytes, 4096 sequences, so that thousands of short flows stay small. */
#define PART_SHIFT 12U
#define PART_BYTES ((1U << PART_SHIFT) / 8)
#define DIRECTORY_FIRST 8U
#define BUCKETS_FIRST 64U

/* A flow at work; the copy in the state follows at each flush. */
struct flow {
	struct sluice_tally_flow now;
	uint64_t offset; /* of the copy */
	size_t index;
	bool changed;
	struct flow *next_changed;
};

struct sluice_tally {
	struct sluice_state *state;
	uint64_t *list;
	struct flow **flows; /* in order of appearance; @owner tally, the flows too */
	size_t count;
	size_t capacity;
	struct flow *
		*buckets; /* open addressing; a power of two, at most half full; @owner tally */
	size_t bucket_count;
	struct flow *changed;
	struct flow *latest; /* most datagrams belong to the flow of the one before, or to the one
				after that */
};

/* Where a flow's search begins. */
static size_t hash(uint64_t run, uint64_t flow, uint64_t form)
{
	uint64_t value = (run ^ flow * 0x9e3779b97f4a7c15ULL ^ form << 62) * 0xbf58476d1ce4e5b9ULL;

	return (size_t)(value ^ value >> 32);
}

/* Is it this one? */
static bool is(const struct flow *flow, const struct sluice_payload *payload)
{
	return flow->now.run == payload->run && flow->now.flow == payload->flow &&
	       flow->now.form == (uint64_t)payload->form;
}

/* The bucket of a flow, or the empty one where it belongs. */
static size_t bucket_of(const struct sluice_tally *tally, uint64_t run, uint64_t flow,
			uint64_t form)
{
	size_t place = hash(run, flow, form) & (tally->bucket_count - 1);

	while (tally->buckets[place] &&
	       (tally->buckets[place]->now.run != run || tally->buckets[place]->now.flow != flow ||
		tally->buckets[place]->now.form != form))
		place = (place + 1) & (tally->bucket_count - 1);
	return place;
}

/* Makes room for one flow more in list and buckets. 0 or -ENOMEM. */
static int grow(struct sluice_tally *tally)
{
	size_t wanted = tally->bucket_count ? tally->bucket_count * 2 : BUCKETS_FIRST;
	struct flow **flows;
	struct flow **buckets;
	size_t index;

	if (tally->count < tally->capacity)
		return 0;
	flows = realloc(tally->flows, wanted / 2 * sizeof(struct flow *));
	if (!flows)
		return -ENOMEM;
	tally->flows = flows;
	buckets = calloc(wanted, sizeof(struct flow *));
	if (!buckets)
		return -ENOMEM;
	free(tally->buckets);
	tally->buckets = buckets;
	tally->bucket_count = wanted;
	tally->capacity = wanted / 2;
	for (index = 0; index < tally->count; index++) {
		const struct sluice_tally_flow *now = &tally->flows[index]->now;

		buckets[bucket_of(tally, now->run, now->flow, now->form)] = tally->flows[index];
	}
	return 0;
}

/* Takes a flow that lies at `offset` of the state into the list. 0 or -ENOMEM. */
static int take(struct sluice_tally *tally, uint64_t offset)
{
	struct flow *flow;
	int error = grow(tally);

	if (error)
		return error;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return -ENOMEM;
	memcpy(&flow->now, sluice_state_at(tally->state, offset), sizeof(flow->now));
	flow->offset = offset;
	flow->index = tally->count;
	tally->flows[tally->count++] = flow;
	tally->buckets[bucket_of(tally, flow->now.run, flow->now.flow, flow->now.form)] = flow;
	return 0;
}

/* As tally.h says. @context process */
int sluice_tally_open(struct sluice_tally **tally, struct sluice_state *state, uint64_t *list)
{
	struct sluice_tally *made;
	struct flow *swap;
	uint64_t offset;
	size_t index;
	int error = -ENOMEM;

	if (!tally || !state || !list)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->state = state;
	made->list = list;
	for (offset = *list; offset; offset = made->flows[made->count - 1]->now.next) {
		error = made->count < SLUICE_TALLY_FLOWS ? take(made, offset) : -EPROTO;
		if (error)
			goto failed;
	}
	error = grow(made);
	if (error)
		goto failed;
	/* The list in the state begins with the youngest. */
	for (index = 0; index < made->count / 2; index++) {
		swap = made->flows[index];
		made->flows[index] = made->flows[made->count - 1 - index];
		made->flows[made->count - 1 - index] = swap;
	}
	for (index = 0; index < made->count; index++)
		made->flows[index]->index = index;
	*tally = made;
	return 0;
failed:
	sluice_tally_close(made);
	return error;
}

/* Frees it; the state stays. NULL is allowed. @context process */
void sluice_tally_close(struct sluice_tally *tally)
{
	if (!tally)
		return;
	while (tally->count > 0)
		free(tally->flows[--tally->count]);
	free(tally->flows);
	free(tally->buckets);
	free(tally);
}

/* Makes a new flow in the state and here. 0, -ENOMEM, -ENOSPC. */
static int make_flow(struct sluice_tally *tally, const struct sluice_payload *payload)
{
	struct sluice_tally_flow fresh = {
		.next = *tally->list, .run = payload->run, .flow = payload->flow};
	uint64_t offset;
	int error;

	fresh.form = (uint64_t)payload->form;
	if (tally->count == SLUICE_TALLY_FLOWS)
		return -ENOSPC;
	offset = sluice_state_allocate(tally->state, sizeof(fresh));
	if (!offset)
		return -ENOSPC;
	error = sluice_state_copy(tally->state, sluice_state_at(tally->state, offset), &fresh,
				  sizeof(fresh));
	if (!error)
		error = sluice_state_set(tally->state, tally->list, offset);
	return error ? error : take(tally, offset);
}

/* The flow of a payload, made if need be. 0, -ENOMEM, -ENOSPC. */
static int find_flow(struct sluice_tally *tally, const struct sluice_payload *payload,
		     struct flow **found)
{
	size_t place;
	int error;

	if (tally->latest) {
		size_t after =
			tally->latest->index + 1 < tally->count ? tally->latest->index + 1 : 0;

		if (is(tally->latest, payload)) {
			*found = tally->latest;
			return 0;
		}
		if (is(tally->flows[after], payload)) {
			*found = tally->flows[after];
			tally->latest = *found;
			return 0;
		}
	}
	place = bucket_of(tally, payload->run, payload->flow, (uint64_t)payload->form);
	if (!tally->buckets[place]) {
		error = make_flow(tally, payload);
		if (error)
			return error;
		place = bucket_of(tally, payload->run, payload->flow, (uint64_t)payload->form);
	}
	*found = tally->buckets[place];
	tally->latest = *found;
	return 0;
}

/* Makes the directory of a flow hold part number `part`. 0 or -ENOSPC. */
static int widen(struct sluice_tally *tally, struct flow *flow, uint64_t part)
{
	uint64_t size = flow->now.directory_size ? flow->now.directory_size : DIRECTORY_FIRST / 2;
	uint64_t offset;
	int error;

	if (part < flow->now.directory_size)
		return 0;
	while (size <= part)
		size *= 2;
	offset = sluice_state_allocate(tally->state, size * 8);
	if (!offset)
		return -ENOSPC;
	error = sluice_state_copy(tally->state, sluice_state_at(tally->state, offset),
				  sluice_state_at(tally->state, flow->now.directory),
				  flow->now.directory_size * 8);
	if (error)
		return error;
	flow->now.directory = offset;
	flow->now.directory_size = size;
	return 0;
}

/* The word of the bitmap that holds `sequence`, or NULL if there is no room. */
static uint64_t *word_of(struct sluice_tally *tally, struct flow *flow, uint64_t sequence)
{
	uint64_t part = sequence >> PART_SHIFT;
	uint64_t *entry;
	uint64_t *words;

	if (widen(tally, flow, part))
		return NULL;
	entry = (uint64_t *)sluice_state_at(tally->state, flow->now.directory) + part;
	if (*entry == 0) {
		uint64_t offset = sluice_state_allocate(tally->state, PART_BYTES);

		if (!offset || sluice_state_set(tally->state, entry, offset))
			return NULL;
	}
	words = sluice_state_at(tally->state, *entry);
	return words + (sequence & ((1U << PART_SHIFT) - 1)) / 64;
}

/* As tally.h says. @context process */
int sluice_tally_note(struct sluice_tally *tally, const struct sluice_payload *payload,
		      size_t length)
{
	enum sluice_tally_found found = SLUICE_TALLY_FIRST;
	struct flow *flow;
	uint64_t *word;
	uint64_t bit;
	int error;

	if (!tally || !payload || payload->sequence >= SLUICE_PAYLOAD_SEQUENCES)
		return -EINVAL;
	error = find_flow(tally, payload, &flow);
	if (error)
		return error;
	word = word_of(tally, flow, payload->sequence);
	if (!word)
		return -ENOSPC;
	if (!flow->changed) {
		flow->changed = true;
		flow->next_changed = tally->changed;
		tally->changed = flow;
	}
	bit = 1ULL << (payload->sequence & 63);
	if (*word & bit) {
		flow->now.repeated++;
		return SLUICE_TALLY_REPEATED;
	}
	error = sluice_state_set(tally->state, word, *word | bit);
	if (error)
		return error;
	flow->now.received++;
	flow->now.bytes += length;
	if (payload->sequence < flow->now.end) {
		flow->now.reordered++;
		found = SLUICE_TALLY_REORDERED;
	} else {
		flow->now.end = payload->sequence + 1;
	}
	return found;
}

/* As tally.h says. @context process */
int sluice_tally_flush(struct sluice_tally *tally)
{
	int error;

	while (tally->changed) {
		struct flow *flow = tally->changed;

		error = sluice_state_copy(tally->state, sluice_state_at(tally->state, flow->offset),
					  &flow->now, sizeof(flow->now));
		if (error)
			return error;
		flow->changed = false;
		tally->changed = flow->next_changed;
	}
	return 0;
}

/* As tally.h says. */
const struct sluice_tally_flow *sluice_tally_flow(const struct sluice_tally *tally, size_t index)
{
	return tally && index < tally->count ? &tally->flows[index]->now : NULL;
}
