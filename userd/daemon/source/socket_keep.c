// SPDX-License-Identifier: MIT
/*
 * Where the socket source keeps its rings: in files on tmpfs, named after the configuration, the
 * route and the worker, so that a daemon that was killed is followed by one that goes on with them.
 * For the control thread. Touches: that directory.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/guid.h"
#include "../../lib/log.h"
#include "../../lib/ring_twin.h"
#include "../identity/identity_file.h"
#include "../../config/sentence.h"
#include "inlet.h"
#include "socket.h"

/* Anybody may write there: rings were there before they had a directory of their own. */
#define DIRECTORY "/dev/shm"
/* "sluice-", a GUID, and '-' */
#define PREFIX_LENGTH (strlen("sluice-") + SLUICE_GUID_TEXT)

const char *sluice_socket_ring_directory(const struct sluice_config *config)
{
	return config->store.memory_path ? config->store.memory_path : sluice_identity_directory();
}

/* Where they are; NULL: nowhere, because nothing tells this daemon from others. */
static const char *directory_of(const struct sluice_config *config)
{
	return config->store.memory_path || sluice_identity_home(config)
		       ? sluice_socket_ring_directory(config)
		       : NULL;
}

int sluice_socket_ring_prepare(const struct sluice_config *config, char **error)
{
	char text[SLUICE_FOLDER_TEXT];
	int result;

	if (config->store.memory_path) {
		(void)mkdir(config->store.memory_path, 0700);
		return 0;
	}
	if (!directory_of(config))
		return 0;
	result = sluice_identity_directory_make(text);
	/* Where it cannot be made, the rings do not outlive us, as each of them says. */
	if (result != -EPERM)
		return 0;
	sluice_say(error, "rings: %s; or name another place: `store.memory.path`", text);
	return result;
}

/* The beginning of all names of a configuration's rings. NULL: no memory. @owner caller: free() */
static char *prefix_of(const struct sluice_config *config)
{
	const char *home = config->home ? config->home : config->path;
	char *text = home ? sluice_identity_prefix(home) : NULL, *prefix = NULL;

	if (text && asprintf(&prefix, "%s-", text) < 0)
		prefix = NULL;
	free(text);
	return prefix;
}

char *sluice_socket_ring_path(const struct sluice_config *config, const sluice_guid route,
			      unsigned int worker)
{
	const char *directory = directory_of(config);
	char text[SLUICE_GUID_TEXT], *prefix, *path;

	if (!directory)
		return NULL;
	prefix = prefix_of(config);
	if (!prefix)
		return NULL;
	if (asprintf(&path, "%s/%s%s-%u", directory, prefix, sluice_guid_format(route, text),
		     worker) < 0)
		path = NULL;
	free(prefix);
	return path;
}

char *sluice_socket_note_path(const struct sluice_config *config, bool before)
{
	const char *directory = directory_of(config);
	char *prefix = directory ? prefix_of(config) : NULL, *path;

	if (!prefix)
		return NULL;
	if (before && !config->store.memory_path)
		directory = DIRECTORY;
	if (asprintf(&path, "%s/%sstop", directory, prefix) < 0)
		path = NULL;
	free(prefix);
	return path;
}

/* Reads what stands behind the prefix in the name of a ring's file: the route's GUID, as it is
 * written there, and a worker. False: it is another name. */
static bool parse_name(const char *name, sluice_guid route, unsigned int *worker)
{
	char text[SLUICE_GUID_TEXT], *end;
	const char *digits;

	if (strspn(name, "0123456789abcdef-") < SLUICE_GUID_TEXT || name[sizeof(text) - 1] != '-')
		return false;
	digits = name + sizeof(text);
	memcpy(text, name, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	*worker = (unsigned int)strtoul(digits, &end, 10);
	return end > digits && !*end && !sluice_guid_parse(text, route);
}

uint64_t sluice_socket_ring_epoch(const struct sluice_identity *identity, const char *path)
{
	size_t number;
	char *rest;

	for (number = 0; number < identity->lives.count; number++) {
		uint64_t epoch = strtoull(identity->lives.list[number], &rest, 10);

		if (*rest == ' ' && !strcmp(rest + 1, path))
			return epoch;
	}
	return 0;
}

/* Makes a stream of one ring that is left over; it is delivered and goes. */
static int take(const struct sluice_source_context *context, const struct sluice_source_plan *plan,
		const char *path, struct sluice_stream_table *fresh)
{
	struct sluice_config_route route = {.name = "left over"};
	struct sluice_stream *stream = NULL;
	const char *name = strrchr(path, '/');
	struct sluice_ring ring;
	sluice_guid *outputs;
	unsigned int worker;
	size_t count;
	bool found;
	int error;

	if (!name || strlen(name) <= PREFIX_LENGTH + 1 ||
	    !parse_name(name + 1 + PREFIX_LENGTH, route.id, &worker))
		return 0;
	if (sluice_ring_keep_since(&ring, path, 0, NULL, 0, 0,
				   sluice_socket_ring_epoch(plan->identity, path), &found))
		return 0; /* somebody else's, or none */
	outputs = sluice_cursor_outputs(plan, &ring, &count);
	error = outputs ? 0 : -ENOMEM;
	if (!error && !count && sluice_ring_head(&ring) != sluice_ring_tail(&ring))
		sluice_warning_about(
			SLUICE_ABOUT(.path = path, .bytes = SLUICE_NUMBER(sluice_ring_head(&ring) -
									  sluice_ring_tail(&ring))),
			"%s: %llu bytes wait for outputs that the configuration does not "
			"have; they stay there (`sluicectl show orphans`)",
			path,
			(unsigned long long)(sluice_ring_head(&ring) - sluice_ring_tail(&ring)));
	if (error || !count || sluice_ring_head(&ring) == sluice_ring_tail(&ring)) {
		sluice_ring_destroy(&ring);
		goto free;
	}
	sluice_notice_about(
		SLUICE_ABOUT(.bytes = SLUICE_NUMBER(sluice_ring_head(&ring) -
						    sluice_ring_tail(&ring))),
		"a ring with %llu bytes that nobody fills any more is delivered",
		(unsigned long long)(sluice_ring_head(&ring) - sluice_ring_tail(&ring)));
	error = sluice_stream_create(&ring, -1, &route, (const sluice_guid *)outputs, count,
				     SLUICE_SOURCE_SOCKET, worker, &stream);
	if (error) {
		sluice_ring_destroy(&ring);
		goto free;
	}
	/* No source fills it, and none finds it. */
	stream->hung = true;
	stream->draining = true;
	error = sluice_stream_table_add(
		fresh, stream,
		context->workers[worker % sluice_config_reached(sluice_config_reach(plan->config),
								context->worker_count)]);
	if (error)
		sluice_stream_destroy(stream);
free:
	free(outputs);
	return error;
}

/* Calls `each` for the files in `directory` that are called like rings of ours, until it returns
 * not 0. */
static int each_file(const char *directory, const char *prefix,
		     int (*each)(void *context, const char *path), void *context)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	sluice_guid route;
	unsigned int worker;
	char *path;
	int result = 0;

	while (list && !result && (entry = readdir(list))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
		    !parse_name(entry->d_name + strlen(prefix), route, &worker))
			continue;
		if (asprintf(&path, "%s/%s", directory, entry->d_name) < 0) {
			result = -ENOMEM;
			break;
		}
		result = each(context, path);
		free(path);
	}
	if (list)
		closedir(list);
	return result;
}

/* The same in all directories that this configuration has or had them in. */
static int each_ring_file(const struct sluice_config *config,
			  const struct sluice_identity *identity,
			  int (*each)(void *context, const char *path), void *context)
{
	const char *directory = directory_of(config);
	char *prefix = directory ? prefix_of(config) : NULL;
	int result = prefix || !directory ? 0 : -ENOMEM;
	size_t number;

	if (prefix)
		result = each_file(directory, prefix, each, context);
	for (number = 0; prefix && !result && number < identity->memory.count; number++)
		if (strcmp(identity->memory.list[number], directory) != 0)
			result = each_file(identity->memory.list[number], prefix, each, context);
	if (prefix && !result && config->store.memory_path && sluice_identity_home(config))
		result = each_file(sluice_identity_directory(), prefix, each, context);
	/* Those of a sluiced from before. */
	if (prefix && !result && strcmp(directory, DIRECTORY) != 0 && sluice_identity_home(config))
		result = each_file(DIRECTORY, prefix, each, context);
	free(prefix);
	return result;
}

int sluice_source_socket_files(const struct sluice_config *config,
			       const struct sluice_identity *identity,
			       int (*each)(void *context, const char *path), void *context)
{
	return each_ring_file(config, identity, each, context);
}

/* There is one. */
static int found_one(void *context, const char *path)
{
	(void)context;
	(void)path;
	return 1;
}

bool sluice_socket_has_left(const struct sluice_config *config,
			    const struct sluice_identity *identity, bool is_start)
{
	(void)is_start;
	return each_ring_file(config, identity, found_one, NULL) == 1;
}

/* What a look at the rings has in hand. */
struct look {
	int (*each)(void *context, const struct sluice_ring *ring, const char *where);
	void *context;
};

/* Looks at one; what cannot be read is passed over. */
static int look_at(void *context, const char *path)
{
	const struct look *look = context;
	struct sluice_ring ring;
	int result = 0;

	if (!sluice_ring_look(&ring, path)) {
		result = look->each(look->context, &ring, path);
		sluice_ring_destroy(&ring);
	}
	return result;
}

int sluice_source_socket_look(const struct sluice_config *config,
			      const struct sluice_identity *identity,
			      int (*each)(void *context, const struct sluice_ring *ring,
					  const char *where),
			      void *context)
{
	struct look look = {.each = each, .context = context};

	return each_ring_file(config, identity, look_at, &look);
}

/* Has a stream of the table its ring in this file? */
static bool is_taken(const struct sluice_stream_table *table, const char *path)
{
	for_each_placed_stream (placed, table) {
		const char *file = placed->stream->ring.file;

		if (file && !strcmp(file, path))
			return true;
	}
	return false;
}

/* What adoption has in hand. */
struct adopting {
	const struct sluice_source_context *context;
	const struct sluice_source_plan *plan;
	struct sluice_stream_table *fresh;
};

/* Adopts one, unless it is in use: then it is locked, by us. */
static int adopt_one(void *context, const char *path)
{
	const struct adopting *adopting = context;
	const char *name = strrchr(path, '/');
	unsigned int number;
	sluice_guid route;

	/* Whose inlet is still there goes on with it. */
	if (name && strlen(name) > PREFIX_LENGTH + 1 &&
	    parse_name(name + 1 + PREFIX_LENGTH, route, &number) &&
	    sluice_inlet_awaits(adopting->plan, route, number))
		return 0;
	if (is_taken(adopting->fresh, path) || is_taken(adopting->context->streams, path))
		return 0;
	return take(adopting->context, adopting->plan, path, adopting->fresh);
}

int sluice_socket_adopt_rings(const struct sluice_source_context *context,
			      const struct sluice_source_plan *plan,
			      struct sluice_stream_table *fresh)
{
	struct adopting adopting = {.context = context, .plan = plan, .fresh = fresh};
	/* `store.memory.path` may have been another, or none, when they were made. */
	int result = each_ring_file(plan->config, plan->identity, adopt_one, &adopting);
	const struct sluice_names *rings = &plan->identity->rings;
	struct stat state;
	size_t number;

	/* Of one that is gone its twin knows what was in it. */
	for (number = 0; !result && number < rings->count; number++)
		if (lstat(rings->list[number], &state) &&
		    sluice_ring_twin_is_there(
			    rings->list[number],
			    sluice_socket_ring_epoch(plan->identity, rings->list[number])))
			result = adopt_one(&adopting, rings->list[number]);
	return result;
}

bool sluice_socket_is_held(const struct sluice_config *config, unsigned int worker,
			   const sluice_guid route, const sluice_guid *outputs, size_t count)
{
	char *path = sluice_socket_ring_path(config, route, worker);
	struct sluice_ring ring;
	bool is_held = false;

	if (path && !sluice_ring_look(&ring, path)) {
		is_held = sluice_ring_held(&ring, outputs, count) != UINT64_MAX;
		sluice_ring_destroy(&ring);
	}
	free(path);
	return is_held;
}
