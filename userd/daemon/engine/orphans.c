// SPDX-License-Identifier: MIT
/*
 * What waits for outputs that the configuration does not have; see orphans.h. In the control
 * thread. Touches: ring files, the module's rings, to look only; the store, held for a moment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../lib/log.h"
#include "../source/source.h"
#include "inner.h"
#include "orphans.h"

void sluice_orphans_free(struct sluice_orphans *orphans)
{
	size_t number;

	for (number = 0; number < orphans->count; number++)
		free(orphans->list[number].where);
	free(orphans->list);
	memset(orphans, 0, sizeof(*orphans));
}

/* What a look round has in hand. */
struct round {
	struct sluice_engine *engine;
	struct sluice_orphans *orphans;
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	const char *place;
	const char *where; /* of a store that is not ours any more */
};

/* Adds a line, or to the one that there is of the same. 0 or -ENOMEM. */
static int add(const struct round *round, const sluice_guid output, const char *where,
	       uint64_t bytes, uint64_t since_ns)
{
	struct sluice_orphans *orphans = round->orphans;
	struct sluice_orphan *orphan, *list;
	const char *name;
	size_t number;

	for (number = 0; number < orphans->count; number++) {
		orphan = &orphans->list[number];
		if (!sluice_guid_equal(orphan->output, output) || orphan->place != round->place ||
		    strcmp(orphan->where, where) != 0)
			continue;
		orphan->bytes += bytes;
		if (since_ns && (!orphan->since_ns || since_ns < orphan->since_ns))
			orphan->since_ns = since_ns;
		return 0;
	}
	list = reallocarray(orphans->list, orphans->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	orphans->list = list;
	orphan = &list[orphans->count];
	memset(orphan, 0, sizeof(*orphan));
	sluice_guid_copy(orphan->output, output);
	name = sluice_identity_name(&round->engine->identity, output);
	if (name)
		memcpy(orphan->name, name, strlen(name) + 1);
	orphan->place = round->place;
	orphan->bytes = bytes;
	orphan->since_ns = since_ns;
	orphan->where = strdup(where);
	if (!orphan->where)
		return -ENOMEM;
	orphans->count++;
	return 0;
}

/* Looks at one ring's cursors. */
static int look_at_ring(void *context, const struct sluice_ring *ring, const char *where)
{
	const struct sluice_ring_consumer *consumer =
		(const void *)((const uint8_t *)ring->mapping + SLUICE_RING_PAGE);
	static const sluice_guid nobody;
	const struct round *round = context;
	const struct sluice_engine *engine = round->engine;
	uint64_t head = sluice_ring_head(ring), tail = sluice_ring_tail(ring), from;
	const struct sluice_ring_cursor *slot;
	unsigned int number;
	int result = 0;

	for (number = 0; number < SLUICE_RING_CURSORS && !result; number++) {
		slot = &consumer->cursor[number];
		from = slot->acked > tail ? slot->acked : tail;
		if (!memcmp(slot->output, nobody, sizeof(nobody)) || from >= head ||
		    sluice_identity_is_cared_for(&engine->identity, engine->config, slot->output))
			continue;
		result = add(round, slot->output, where, head - from, sluice_ring_time(ring, from));
	}
	return result;
}

/* Adds up the bytes of a run. */
static int add_run(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	(void)serial;
	*(uint64_t *)context += end - start;
	return 0;
}

/* One output that waits for something of a store that the configuration does not have. */
static int look_at_stray(void *context, const sluice_guid output)
{
	const struct round *round = context;
	uint64_t bytes = 0;

	(void)sluice_spool_backlog(round->spool, round->log, output, add_run, &bytes);
	return bytes ? add(round, output, round->where, bytes, 0) : 0;
}

/* One log of it. */
static int look_at_stray_log(void *context, struct sluice_spool_log *log)
{
	struct round *round = context;

	round->log = log;
	return sluice_spool_waiting(round->spool, log, look_at_stray, round);
}

/* Stores on a disk that an earlier configuration had: whatever waits there waits for nobody. */
static int look_at_other_disks(struct round *round)
{
	const struct sluice_engine *engine = round->engine;
	const struct sluice_names *disks = &engine->identity.disks;
	struct sluice_spool_options options = {.look = true};
	struct sluice_spool *spool;
	size_t number;
	int result = 0;

	for (number = 0; number < disks->count && !result; number++) {
		char *why = NULL;

		if (engine->config->store.disk_path &&
		    !strcmp(disks->list[number], engine->config->store.disk_path))
			continue;
		options.path = round->where = disks->list[number];
		if (!sluice_spool_open(&options, &spool, &why)) {
			round->spool = spool;
			result = sluice_spool_logs(spool, look_at_stray_log, round);
			sluice_spool_close(spool);
		}
		free(why);
	}
	return result;
}

/* What waits on the disk that is in use. 0 or -ENOMEM. */
static int look_at_disk(struct round *round)
{
	const struct sluice_engine *engine = round->engine;
	struct sluice_disk_picture *disk = sluice_spooler_picture(engine->spooler);
	size_t number;
	int result = 0;

	for (number = 0; disk && number < disk->waiting_count && !result; number++) {
		const struct sluice_disk_waiting *waiting = &disk->waiting[number];

		if (!sluice_identity_is_cared_for(&engine->identity, engine->config,
						  waiting->output))
			result = add(round, waiting->output, engine->config->store.disk_path,
				     waiting->bytes, 0);
	}
	sluice_disk_picture_put(disk);
	return result;
}

bool sluice_orphans_are_near(const struct sluice_engine *engine)
{
	const struct sluice_names *disks = &engine->identity.disks;
	size_t number;

	for (number = 0; number < disks->count; number++)
		if (!engine->config->store.disk_path ||
		    strcmp(disks->list[number], engine->config->store.disk_path) != 0)
			return false;
	return true;
}

int sluice_engine_orphans(struct sluice_engine *engine, struct sluice_orphans *orphans)
{
	struct round round = {.engine = engine, .orphans = orphans};
	int result;

	if (!engine || !orphans)
		return -EINVAL;
	memset(orphans, 0, sizeof(*orphans));
	round.place = "memory";
	result = sluice_source_socket_look(engine->config, &engine->identity, look_at_ring, &round);
	round.place = "module";
	if (!result)
		result = sluice_source_kmod_look(engine->config, &engine->identity, look_at_ring,
						 &round);
	round.place = "disk";
	if (!result && engine->spooler)
		result = look_at_disk(&round);
	return result ? result : look_at_other_disks(&round);
}

void sluice_orphans_warn_of_disks(struct sluice_engine *engine)
{
	struct sluice_orphans orphans = {0};
	struct round round = {.engine = engine, .orphans = &orphans, .place = "disk"};
	size_t number;

	(void)look_at_other_disks(&round);
	for (number = 0; number < orphans.count; number++)
		sluice_warning_about(
			SLUICE_ABOUT(.output = orphans.list[number].name[0]
						       ? orphans.list[number].name
						       : NULL,
				     .path = orphans.list[number].where,
				     .bytes = SLUICE_NUMBER(orphans.list[number].bytes)),
			"%s: %llu bytes wait there for output `%s`, and the configuration "
			"has that disk store no more; put `store.disk.path` back to have "
			"them delivered (`sluicectl show orphans`)",
			orphans.list[number].where, (unsigned long long)orphans.list[number].bytes,
			orphans.list[number].name[0] ? orphans.list[number].name : "?");
	sluice_orphans_free(&orphans);
}
