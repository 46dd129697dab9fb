// SPDX-License-Identifier: MIT
/*
 * The rings that the daemon has mapped, and the nodes that their memory is of; see placement.h. A
 * mapping is known as a ring by its first page. Touches: reads files below the root directory, the
 * memory of the process among them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sluice/ring.h>
#include "../lib/guid.h"
#include "placement.h"

#define LINE 4096U

/* The files that are read beside each other. */
struct view {
	const char *root;
	int pid;
	int memory; /* -1: nobody may look into it */
	json_t *list;
	const json_t *streams;
};

/* Where memory is. */
struct memory {
	uint64_t pages[SLUICE_NODES_MAX];
	uint64_t page_size;
	bool is_known;
};

/* Adds what a line of numa_maps says of a mapping: "N0=512 ... kernelpagesize_kB=4". */
static void add_line(struct memory *memory, char *line)
{
	uint64_t pages[SLUICE_NODES_MAX] = {0}, size = 4096;
	char *word, *rest = NULL, *end;
	unsigned long node;
	size_t number;

	for (word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		if (!strncmp(word, "kernelpagesize_kB=", 18))
			size = strtoull(word + 18, NULL, 10) << 10;
		if (*word != 'N')
			continue;
		node = strtoul(word + 1, &end, 10);
		if (end != word + 1 && *end == '=' && node < SLUICE_NODES_MAX)
			pages[node] = strtoull(end + 1, NULL, 10);
	}
	memory->is_known = true;
	memory->page_size = size;
	for (number = 0; number < SLUICE_NODES_MAX; number++)
		memory->pages[number] += pages[number];
}

/* Where the memory of the mappings from `start` to `end` is: a ring may be several, and another
 * one of the same pages follows. */
static void read_nodes(const struct view *view, uint64_t start, uint64_t end, struct memory *memory)
{
	char path[512], line[LINE];
	uint64_t at;
	FILE *file;

	memset(memory, 0, sizeof(*memory));
	snprintf(path, sizeof(path), "%s/proc/%d/numa_maps", view->root, view->pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if ((at = strtoull(line, NULL, 16)) >= start && at < end)
			add_line(memory, line);
	if (file)
		fclose(file);
}

/* How many bytes of the mappings from `start` to `end` are of huge pages. */
static uint64_t read_huge(const struct view *view, uint64_t start, uint64_t end)
{
	static const char *const keys[] = {"ShmemPmdMapped:", "FilePmdMapped:", "Shared_Hugetlb:"};
	char path[512], line[LINE], *behind;
	uint64_t huge = 0, at;
	bool is_it = false;
	size_t number;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/%d/smaps", view->root, view->pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		at = strtoull(line, &behind, 16);
		if (behind != line && *behind == '-')
			is_it = at >= start && at < end;
		for (number = 0; is_it && number < sizeof(keys) / sizeof(keys[0]); number++)
			if (!strncmp(line, keys[number], strlen(keys[number])))
				huge += strtoull(line + strlen(keys[number]), NULL, 10) << 10;
	}
	if (file)
		fclose(file);
	return huge;
}

/* The stream with this id; NULL: nobody tells of it. */
static const json_t *stream_of(const json_t *streams, const sluice_guid id)
{
	char text[SLUICE_GUID_TEXT];
	const char *other;
	json_t *stream;
	size_t number;

	sluice_guid_format(id, text);
	json_array_foreach(streams, number, stream)
	{
		other = json_string_value(json_object_get(stream, "id"));
		if (other && !strcmp(other, text))
			return stream;
	}
	return NULL;
}

/* Writes "0" or "0:4096,1:8192": the nodes, and if they are several the bytes of each. Returns all
 * bytes. */
static uint64_t write_nodes(const struct memory *memory, char text[128])
{
	size_t node, used = 0, nodes = 0;
	uint64_t bytes = 0;

	for (node = 0; node < SLUICE_NODES_MAX; node++)
		nodes += memory->pages[node] > 0;
	*text = '\0';
	for (node = 0; node < SLUICE_NODES_MAX; node++) {
		uint64_t size = memory->pages[node] * memory->page_size;

		bytes += size;
		if (!size || used >= 100)
			continue;
		used += (size_t)snprintf(text + used, 128 - used, "%s%zu", used ? "," : "", node);
		if (nodes > 1)
			used += (size_t)snprintf(text + used, 128 - used, ":%" PRIu64, size);
	}
	return bytes;
}

/* Adds a ring that begins at `start`. `path` of its file. 0 or -ENOMEM. */
static int add_ring(const struct view *view, uint64_t start, const char *path,
		    const struct sluice_ring_producer *producer)
{
	const json_t *stream = stream_of(view->streams, producer->stream);
	const char *route = json_string_value(json_object_get(stream, "route_name"));
	const json_t *number = json_object_get(stream, "worker");
	bool is_module = !strncmp(path, "/dev/sluice", 11);
	char name[192], worker[32] = "", nodes[128];
	uint64_t bytes, end = start + producer->data_offset + producer->size;
	struct memory memory;

	snprintf(name, sizeof(name), "%.100s/%s%u", route ? route : "?", is_module ? "cpu" : "w",
		 (unsigned int)(is_module ? producer->cpu
					  : json_integer_value(json_object_get(stream, "cpu"))));
	if (number)
		snprintf(worker, sizeof(worker), "sluice-w%u",
			 (unsigned int)json_integer_value(number));
	read_nodes(view, start, end, &memory);
	bytes = write_nodes(&memory, nodes);
	/* cpu: who fills it; of sockets that is its worker, which may be anywhere by now. */
	return json_array_append_new(
		       view->list,
		       json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:i, s:i, s:s, s:I, s:I}",
				 "what", "ring", "name", name, "cpus", "", "cpu",
				 is_module ? (int)producer->cpu : -1, "node", -1, "worker", worker,
				 "policy", "", "priority", 0, "nice", 0, "memory", nodes, "bytes",
				 (json_int_t)bytes, "huge",
				 (json_int_t)read_huge(view, start, end)))
		       ? -ENOMEM
		       : 0;
}

/* Adds what a line of `maps` is, if it is the beginning of a ring: "START-END RIGHTS OFFSET DEVICE
 * INODE PATH". 0 or -ENOMEM. */
static int add_mapping(const struct view *view, char *line)
{
	struct sluice_ring_producer producer;
	char *rights, *offset, *rest = NULL, *path;
	uint64_t start;

	line[strcspn(line, "\n")] = '\0';
	start = strtoull(line, NULL, 16);
	path = strchr(line, '/');
	if (!path || !strtok_r(line, " ", &rest))
		return 0;
	rights = strtok_r(NULL, " ", &rest);
	offset = strtok_r(NULL, " ", &rest);
	/* Rings are shared; programs and libraries are not. */
	if (!rights || !offset || !strchr(rights, 's') || strtoull(offset, NULL, 16) ||
	    view->memory < 0)
		return 0;
	/* At an address where nobody can read, or somebody else's mapping: no ring. */
	if (pread(view->memory, &producer, sizeof(producer), (off_t)start) !=
		    (ssize_t)sizeof(producer) ||
	    producer.magic != SLUICE_RING_MAGIC || producer.version != SLUICE_RING_VERSION)
		return 0;
	return add_ring(view, start, path, &producer);
}

int sluice_placement_rings(const char *root, int pid, const json_t *streams, json_t *list)
{
	struct view view = {.root = root, .pid = pid, .list = list, .streams = streams};
	char path[512], line[LINE];
	int error = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/%d/mem", root, pid);
	view.memory = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/proc/%d/maps", root, pid);
	file = fopen(path, "re");
	while (file && !error && fgets(line, sizeof(line), file))
		error = add_mapping(&view, line);
	if (file)
		fclose(file);
	if (view.memory >= 0)
		close(view.memory);
	return error;
}
