// SPDX-License-Identifier: MIT
/*
 * What keeps the module in use, see module_use.h. Touches: a netlink socket, /dev/sluice to look,
 * /proc.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sluice/device.h>
#include "../lib/record.h"
#include "../lib/ring.h"
#include "module_use.h"

#define DEVICE "/dev/sluice"

/* Counts the datagrams in a ring; false: it cannot be looked at, or moved on meanwhile. */
static bool count_datagrams(const struct sluice_kernel_stream *stream, uint64_t *datagrams)
{
	struct sluice_ring ring = {0};
	uint64_t at, head;
	bool is_whole = false;
	const struct sluice_record *record;
	size_t step;
	int fd;

	*datagrams = 0;
	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (sluice_ring_attach(&ring, fd, stream->route, stream->cpu, SLUICE_ATTACH_LOOK))
		goto close;
	at = sluice_ring_tail(&ring);
	head = sluice_ring_head(&ring);
	for (; at < head; at += step) {
		step = sluice_record_step(sluice_ring_at(&ring, at), (size_t)(head - at));
		if (!step)
			break;
		record = (const void *)sluice_ring_at(&ring, at);
		*datagrams += record->type == SLUICE_RECORD_DATA;
	}
	is_whole = at >= head;
	sluice_ring_destroy(&ring);
close:
	close(fd);
	return is_whole;
}

/* Notes the rings that have something in them. 0 or -ENOMEM. */
static int note_rings(struct sluice_module_use *use, const struct sluice_kernel_stream *streams,
		      size_t count, const struct sluice_kernel_route *routes, size_t route_count)
{
	size_t number, route;

	use->rings = calloc(count ? count : 1, sizeof(*use->rings));
	if (!use->rings)
		return -ENOMEM;
	for (number = 0; number < count; number++) {
		const struct sluice_kernel_stream *stream = &streams[number];
		struct sluice_module_ring *ring = &use->rings[use->ring_count];

		use->consumed += stream->owner != 0;
		if (stream->head <= stream->tail)
			continue;
		for (route = 0; route < route_count; route++)
			if (sluice_guid_equal(routes[route].guid, stream->route))
				memcpy(ring->route, routes[route].name, sizeof(ring->route));
		ring->cpu = stream->cpu;
		ring->owner = stream->owner;
		ring->bytes = stream->head - stream->tail;
		ring->is_counted = count_datagrams(stream, &ring->datagrams);
		use->ring_count++;
	}
	return 0;
}

/* How often a process has the device open; 0 also where we may not look. */
static size_t count_files(const char *pid)
{
	char path[300], target[sizeof(DEVICE) + 1];
	struct dirent *entry;
	size_t files = 0;
	ssize_t length;
	DIR *list;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	list = opendir(path);
	if (!list)
		return 0;
	while ((entry = readdir(list))) {
		length = readlinkat(dirfd(list), entry->d_name, target, sizeof(target));
		files += length == (ssize_t)strlen(DEVICE) &&
			 !memcmp(target, DEVICE, strlen(DEVICE));
	}
	closedir(list);
	return files;
}

/* Notes a process that has the device open. 0 or -ENOMEM. */
static int note_holder(struct sluice_module_use *use, const char *pid, size_t files)
{
	struct sluice_module_holder *more, *holder;
	char path[300];
	FILE *file;

	more = realloc(use->holders, (use->holder_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	use->holders = more;
	holder = &more[use->holder_count++];
	*holder =
		(struct sluice_module_holder){.pid = (pid_t)strtol(pid, NULL, 10), .files = files};
	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (file && fgets(holder->name, sizeof(holder->name), file))
		holder->name[strcspn(holder->name, "\n")] = '\0';
	if (file)
		fclose(file);
	return 0;
}

/* Notes all of them, of every network namespace. 0 or a negative errno. */
static int note_holders(struct sluice_module_use *use)
{
	struct dirent *entry;
	DIR *list = opendir("/proc");
	size_t files;
	int error = 0;

	if (!list)
		return -errno;
	while (!error && (entry = readdir(list))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		files = count_files(entry->d_name);
		if (files)
			error = note_holder(use, entry->d_name, files);
	}
	closedir(list);
	return error;
}

int sluice_module_use_look(struct sluice_module_use *use)
{
	struct sluice_kernel_stream *streams = NULL;
	struct sluice_kernel_route *routes = NULL;
	struct sluice_kernel_rule *rules = NULL;
	struct sluice_kernel *kernel = NULL;
	size_t count = 0, route_count = 0;
	int error;

	memset(use, 0, sizeof(*use));
	error = sluice_kernel_open(&kernel);
	if (error)
		return error;
	error = sluice_kernel_rules(kernel, &rules, &use->rules);
	if (!error)
		error = sluice_kernel_routes(kernel, &routes, &route_count);
	if (!error)
		error = sluice_kernel_streams(kernel, &streams, &count);
	if (!error)
		error = note_rings(use, streams, count, routes, route_count);
	if (!error)
		error = note_holders(use);
	free(rules);
	free(routes);
	free(streams);
	sluice_kernel_close(kernel);
	return error;
}

void sluice_module_use_free(struct sluice_module_use *use)
{
	free(use->rings);
	free(use->holders);
	memset(use, 0, sizeof(*use));
}

bool sluice_module_use_waiting(const struct sluice_module_use *use, uint64_t *bytes,
			       uint64_t *datagrams)
{
	bool is_counted = true;
	size_t number;

	*bytes = *datagrams = 0;
	for (number = 0; number < use->ring_count; number++) {
		*bytes += use->rings[number].bytes;
		*datagrams += use->rings[number].datagrams;
		is_counted &= use->rings[number].is_counted;
	}
	return is_counted;
}

void sluice_module_use_print(const struct sluice_module_use *use)
{
	size_t number;

	for (number = 0; number < use->ring_count; number++) {
		const struct sluice_module_ring *ring = &use->rings[number];

		fprintf(stderr, "  route `%s`, CPU %u: %" PRIu64 " bytes", ring->route, ring->cpu,
			ring->bytes);
		if (ring->is_counted)
			fprintf(stderr, " / %" PRIu64 " datagrams", ring->datagrams);
		fputs(" wait", stderr);
		if (ring->owner)
			fprintf(stderr, " for process %u", ring->owner);
		else
			fputs(" for no process", stderr);
		fputc('\n', stderr);
	}
	for (number = 0; number < use->holder_count; number++)
		fprintf(stderr, "  process %d (%s) has " DEVICE " open, %zu time%s\n",
			(int)use->holders[number].pid, use->holders[number].name,
			use->holders[number].files, use->holders[number].files == 1 ? "" : "s");
}
