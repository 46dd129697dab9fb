// SPDX-License-Identifier: MIT
/*
 * Where an XDP program of ours was left; see xdp_left.h. Touches: an abstract socket, files in
 * /sys/fs/bpf/xdp, the kernel's programs, /proc/net/unix.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "xdp_left.h"

/* A map that the program has, beside others. */
#define MAP "claims"
/* Maps of a program that are looked at. */
#define MAPS_MOST 16U
/* Where libxdp pins a dispatcher: dispatch-INTERFACE-PROGRAM, and in it progN-prog for each
 * (libxdp 1.3, protocol.org). */
#define FOLDER "/sys/fs/bpf"
#define PATH_MOST 512U

/* The name of the socket that claims an interface, behind its zero. */
static int name_claim(uint32_t index, char *text, size_t room)
{
	return snprintf(text, room, "sluice-xdp-%" PRIu32, index);
}

int sluice_xdp_claim(uint32_t index)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), length, error;

	if (fd < 0)
		return -errno;
	length = name_claim(index, name.sun_path + 1, sizeof(name.sun_path) - 1);
	if (!bind(fd, (const struct sockaddr *)(const void *)&name,
		  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* Has somebody claimed it? Also true if nobody can tell. */
static bool is_claimed(uint32_t index)
{
	FILE *file = fopen("/proc/net/unix", "re");
	char line[PATH_MOST], name[64] = " @";
	bool is_found = false;
	size_t length;

	if (!file)
		return true;
	(void)name_claim(index, name + 2, sizeof(name) - 2);
	while (!is_found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		length = strlen(line);
		is_found = length > strlen(name) && !strcmp(line + length - strlen(name), name);
	}
	fclose(file);
	return is_found;
}

/* Is the map with this id called so? */
static bool is_map(uint32_t id, const char *name)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id);
	bool is_it =
		fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length) && !strcmp(info.name, name);

	if (fd >= 0)
		close(fd);
	return is_it;
}

bool sluice_xdp_is_ours(int program)
{
	uint32_t maps[MAPS_MOST], number;
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MOST, .map_ids = (uint64_t)(uintptr_t)maps};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &length) ||
	    strcmp(info.name, SLUICE_XDP_PROGRAM) != 0)
		return false;
	for (number = 0; number < info.nr_map_ids && number < MAPS_MOST; number++)
		if (is_map(maps[number], MAP))
			return true;
	return false;
}

/* Has a dispatcher's folder a program of ours? */
static bool has_ours(const char *folder)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	char path[PATH_MOST];
	bool is_found = false;
	const char *end;
	int fd;

	while (directory && !is_found && (entry = readdir(directory))) {
		end = strrchr(entry->d_name, '-');
		if (!end || strcmp(end, "-prog") != 0 ||
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
			    (int)sizeof(path))
			continue;
		fd = bpf_obj_get(path);
		if (fd < 0)
			continue;
		is_found = sluice_xdp_is_ours(fd);
		close(fd);
	}
	if (directory)
		closedir(directory);
	return is_found;
}

/* Is the dispatcher that a folder belongs to at an interface of this network namespace? */
static bool is_here(uint32_t index, uint32_t program)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return !bpf_xdp_query((int)index, 0, &query) && query.prog_id == program;
}

/* Reads the name of a dispatcher's folder. False: it is none. */
static bool read_name(const char *name, uint32_t *index, uint32_t *program)
{
	static const char begin[] = "dispatch-";
	unsigned long first, second;
	char *end;

	if (strncmp(name, begin, sizeof(begin) - 1) != 0)
		return false;
	errno = 0;
	first = strtoul(name + sizeof(begin) - 1, &end, 10);
	if (*end != '-')
		return false;
	second = strtoul(end + 1, &end, 10);
	if (*end || errno || first > UINT32_MAX || second > UINT32_MAX)
		return false;
	*index = (uint32_t)first;
	*program = (uint32_t)second;
	return true;
}

/* Where one was left, of those that `folder` has. */
static int look_through(DIR *directory, const char *folder, struct sluice_xdp_leftover *left,
			size_t room)
{
	struct dirent *entry;
	char path[PATH_MOST];
	uint32_t index, program;
	size_t count = 0;

	while (count < room && (entry = readdir(directory))) {
		if (!read_name(entry->d_name, &index, &program) ||
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
			    (int)sizeof(path))
			continue;
		if (!is_here(index, program) || is_claimed(index) || !has_ours(path) ||
		    !if_indextoname(index, left[count].name))
			continue;
		left[count++].index = index;
	}
	return (int)count;
}

int sluice_xdp_left_find(struct sluice_xdp_leftover *left, size_t room)
{
	const char *pinned = getenv("LIBXDP_BPFFS");
	char folder[PATH_MOST / 2];
	DIR *directory;
	int result;

	if (!left)
		return -EINVAL;
	if (snprintf(folder, sizeof(folder), "%s/xdp", pinned ? pinned : FOLDER) >=
	    (int)sizeof(folder))
		return -ENAMETOOLONG;
	directory = opendir(folder);
	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	result = look_through(directory, folder, left, room);
	closedir(directory);
	return result;
}
