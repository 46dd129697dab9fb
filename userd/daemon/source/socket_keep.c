// SPDX-License-Identifier: MIT
/*
 * Where the socket source keeps its rings: in files on tmpfs, named after the configuration, the route and the worker, so that a
 * daemon that was killed is followed by one that goes on with them. For the control thread. Touches: that directory.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "../../lib/guid.h"
#include "../../lib/log.h"
#include "socket.h"

/* tmpfs on every Linux (shm_overview(7)). */
#define DIRECTORY "/dev/shm"

/* Where they are; NULL: nowhere, because nothing tells this daemon from others. */
static const char *directory_of(const struct sluice_config *config)
{
	if (config->store.memory_path)
		return config->store.memory_path;
	return config->path && config->path[0] == '/' ? DIRECTORY : NULL;
}

/* The beginning of all names of a configuration's rings. NULL: no memory. @owner caller: free() */
static char *prefix_of(const struct sluice_config *config)
{
	char text[SLUICE_GUID_TEXT], *prefix;
	uint8_t guid[SLUICE_GUID_SIZE];

	if (sluice_guid_derive("rings", config->path, strlen(config->path), guid) ||
	    asprintf(&prefix, "sluice-%s-", sluice_guid_format(guid, text)) < 0)
		return NULL;
	return prefix;
}

char *sluice_socket_ring_path(const struct sluice_config *config,
			      const uint8_t route[SLUICE_GUID_SIZE], unsigned int worker)
{
	const char *directory = directory_of(config);
	char text[SLUICE_GUID_TEXT], *prefix, *path;

	if (!directory)
		return NULL;
	prefix = prefix_of(config);
	if (!prefix)
		return NULL;
	if (config->store.memory_path)
		(void)mkdir(directory, 0700);
	if (asprintf(&path, "%s/%s%s-%u", directory, prefix, sluice_guid_format(route, text),
		     worker) < 0)
		path = NULL;
	free(prefix);
	return path;
}

/* Reads what stands behind the prefix in the name of a ring's file: the route's GUID, as it is written there, and a worker. False:
 * it is another name. */
static bool parse_name(const char *name, uint8_t route[SLUICE_GUID_SIZE], unsigned int *worker)
{
	char text[SLUICE_GUID_TEXT], *end;
	const char *digits;

	if (strspn(name, "0123456789abcdef-") < SLUICE_GUID_TEXT || name[sizeof(text) - 1] != '-')
		return false;
	digits = name + sizeof(text);
	memcpy(text, name, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	*worker = (unsigned int)strtoul(digits, &end, 10);
	return end > digits && !sluice_guid_parse(text, route);
}

/* Makes a stream of one ring that is left over; it is delivered and goes. */
static int take(const struct sluice_source_context *context, const struct sluice_source_plan *plan,
		const char *path, const char *name, struct sluice_stream_table *fresh)
{
	struct sluice_config_route route = {.name = "left over"};
	struct sluice_stream *stream = NULL;
	struct sluice_ring ring;
	uint8_t(*outputs)[SLUICE_GUID_SIZE];
	unsigned int worker;
	size_t count;
	bool found;
	int error;

	if (!parse_name(name, route.id, &worker))
		return 0;
	if (sluice_ring_keep(&ring, path, 0, NULL, 0, 0, &found))
		return 0; /* somebody else's, or none */
	outputs = sluice_cursor_outputs(plan->config, &ring, &count);
	error = outputs ? 0 : -ENOMEM;
	if (error || !count || sluice_ring_head(&ring) == sluice_ring_tail(&ring)) {
		sluice_ring_destroy(&ring);
		goto free;
	}
	sluice_notice("a ring with %llu bytes that nobody fills any more is delivered",
		      (unsigned long long)(sluice_ring_head(&ring) - sluice_ring_tail(&ring)));
	error = sluice_stream_create(&ring, -1, &route, (const uint8_t(*)[SLUICE_GUID_SIZE])outputs,
				     count, SLUICE_SOURCE_SOCKET, worker, &stream);
	if (error) {
		sluice_ring_destroy(&ring);
		goto free;
	}
	/* No source fills it, and none finds it. */
	stream->hung = true;
	stream->draining = true;
	error = sluice_stream_table_add(fresh, stream,
					context->workers[worker % context->worker_count]);
	if (error)
		sluice_stream_destroy(stream);
free:
	free(outputs);
	return error;
}

int sluice_socket_adopt_rings(const struct sluice_source_context *context,
			      const struct sluice_source_plan *plan,
			      struct sluice_stream_table *fresh)
{
	const char *directory = directory_of(plan->config);
	char *prefix = directory ? prefix_of(plan->config) : NULL, *path;
	struct dirent *entry;
	DIR *list;
	int error = 0;

	if (!directory)
		return 0;
	list = opendir(directory);
	while (prefix && list && !error && (entry = readdir(list))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
		    asprintf(&path, "%s/%s", directory, entry->d_name) < 0)
			continue;
		/* Those that are in use already are locked, by us. */
		if (!sluice_socket_is_taken(fresh, path) &&
		    !sluice_socket_is_taken(context->streams, path))
			error = take(context, plan, path, entry->d_name + strlen(prefix), fresh);
		free(path);
	}
	if (list)
		closedir(list);
	free(prefix);
	return error;
}

bool sluice_socket_is_taken(const struct sluice_stream_table *table, const char *path)
{
	size_t number;

	for (number = 0; number < table->count; number++) {
		const char *file = table->list[number].stream->ring.file;

		if (file && !strcmp(file, path))
			return true;
	}
	return false;
}
