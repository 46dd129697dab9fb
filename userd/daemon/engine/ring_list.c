// SPDX-License-Identifier: MIT
/*
 * Which rings of sockets there are, noted in the record of the outputs: a ring whose file is gone
 * when the next daemon starts is no fresh start. See inner.h. In the control thread. Touches: the
 * record.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "../../lib/log.h"
#include "../../lib/ring_twin.h"
#include "../source/source.h"
#include "../identity/identity_file.h"
#include "inner.h"

/* What a look for files has in hand. */
struct looking {
	const struct sluice_engine *engine;
	struct sluice_names *found;
	struct sluice_names *lives;
	bool ends;
};

/* Is it the file of a ring that we have, and that is empty? Then it goes with us. */
static bool is_empty(const struct sluice_engine *engine, const char *path)
{
	for_each_placed_stream (placed, &engine->streams) {
		const struct sluice_ring *ring = &placed->stream->ring;

		if (ring->file && !strcmp(ring->file, path))
			return sluice_ring_head(ring) == sluice_ring_tail(ring);
	}
	return false;
}

/* Adds one. 0 or -ENOMEM. */
static int add(void *context, const char *path)
{
	const struct looking *looking = context;
	struct sluice_ring ring;
	char *life;
	int result;

	if (looking->ends && is_empty(looking->engine, path))
		return 0;
	result = sluice_names_append(looking->found, path);
	if (result || sluice_ring_look(&ring, path))
		return result;
	result = asprintf(&life, "%" PRIu64 " %s", (uint64_t)ring.producer->epoch, path) < 0
			 ? -ENOMEM
			 : 0;
	sluice_ring_destroy(&ring);
	if (result)
		return result;
	result = sluice_names_append(looking->lives, life);
	free(life);
	return result;
}

/* Do both say the same, in whatever order? */
static bool is_same(const struct sluice_names *some, const struct sluice_names *others)
{
	size_t number;

	for (number = 0; number < some->count; number++)
		if (!sluice_names_has(others, some->list[number]))
			return false;
	return some->count == others->count;
}

void sluice_ring_list_note(struct sluice_engine *engine, bool ends)
{
	struct sluice_names found = {0}, lives = {0};
	struct looking looking = {.engine = engine, .found = &found, .lives = &lives, .ends = ends};

	if (!engine->config)
		return;
	if (sluice_source_socket_files(engine->config, &engine->identity, add, &looking) ||
	    (is_same(&found, &engine->identity.rings) &&
	     is_same(&lives, &engine->identity.lives))) {
		sluice_names_free(&found);
		sluice_names_free(&lives);
		return;
	}
	sluice_names_free(&engine->identity.rings);
	sluice_names_free(&engine->identity.lives);
	engine->identity.rings = found;
	engine->identity.lives = lives;
	sluice_engine_note(engine, &engine->identity, engine->config);
}

void sluice_ring_list_tell(const struct sluice_identity *identity,
			   const struct sluice_config *config)
{
	const char *home = config->home ? config->home : config->path, *name;
	char *prefix = home ? sluice_identity_prefix(home) : NULL;
	struct stat state;
	size_t number;

	for (number = 0; prefix && number < identity->rings.count; number++) {
		name = strrchr(identity->rings.list[number], '/');
		/* A record that is another relay's names rings of its own. */
		if (!name || strncmp(name + 1, prefix, strlen(prefix)) != 0)
			continue;
		if (lstat(identity->rings.list[number], &state) && errno == ENOENT &&
		    !sluice_ring_twin_is_there(
			    identity->rings.list[number],
			    sluice_socket_ring_epoch(identity, identity->rings.list[number])))
			sluice_error_about(
				SLUICE_ABOUT(.path = identity->rings.list[number]),
				"%s: the ring that an earlier daemon had there is gone: an "
				"unknown number of datagrams that may have waited in it is "
				"lost",
				identity->rings.list[number]);
	}
	free(prefix);
}
