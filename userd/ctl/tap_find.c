// SPDX-License-Identifier: MIT
/*
 * Finding rings; see tap_find.h. A daemon keeps a descriptor of each ring of its own, so that root
 * and its own user can open it again to read; it is not asked for them and does not notice.
 * Touches: netlink sockets, the daemon's socket, /dev/sluice, /proc, stderr.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sluice/device.h>
#include "daemon.h"
#include "kernel.h"
#include "list.h"
#include "tap_find.h"

/* Names under /proc/PID/fd of what may be a ring: ring.c's memfd, and socket_keep.c's files. */
#define MEMORY "memfd:sluice-ring"
#define FILE_BEGIN "/sluice-"

/* Adds an empty view. NULL: no memory. */
static struct sluice_tap_view *add_view(struct sluice_tap_rings *rings)
{
	struct sluice_tap_view **larger =
		reallocarray(rings->list, rings->count + 1, sizeof(struct sluice_tap_view *));
	struct sluice_tap_view *view;

	if (!larger)
		return NULL;
	rings->list = larger;
	view = calloc(1, sizeof(*view));
	if (!view)
		return NULL;
	view->fd = -1;
	view->is_there = true;
	rings->list[rings->count++] = view;
	return view;
}

/* Takes the last view away again. */
static void drop_view(struct sluice_tap_rings *rings)
{
	struct sluice_tap_view *view = rings->list[--rings->count];

	sluice_tap_view_close(view);
	free(view);
}

int sluice_tap_rings_attach(struct sluice_tap_view *view, bool backlog)
{
	int error;

	view->fd = open("/dev/sluice", O_RDWR | O_CLOEXEC);
	if (view->fd < 0)
		return -errno;
	error = sluice_ring_attach(&view->ring, view->fd, view->route, view->cpu,
				   SLUICE_ATTACH_LOOK);
	view->is_open = true;
	if (!error)
		error = sluice_tap_view_seek(view, backlog);
	if (error)
		sluice_tap_view_close(view);
	return error;
}

/* The route of this GUID, NULL if it is gone. */
static const struct sluice_kernel_route *find_route(const struct sluice_kernel_route *routes,
						    size_t count, const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (sluice_guid_equal(routes[number].guid, guid))
			return &routes[number];
	return NULL;
}

/* Is this ring of the module looked at already? */
static bool has_module_view(const struct sluice_tap_rings *rings,
			    const struct sluice_kernel_stream *stream)
{
	size_t number;

	for (number = 0; number < rings->count; number++) {
		const struct sluice_tap_view *view = rings->list[number];

		if (view->fd >= 0 && view->cpu == stream->cpu &&
		    sluice_guid_equal(view->route, stream->route))
			return true;
	}
	return false;
}

/* Adds the module's rings that are not there yet. 0, -ENOMEM; -EPERM; another negative errno: there
 * is no module. */
static int find_in_module(struct sluice_tap_rings *rings)
{
	struct sluice_kernel_stream *streams = NULL;
	struct sluice_kernel_route *routes = NULL;
	const struct sluice_kernel_route *route;
	size_t route_count = 0, stream_count = 0, number;
	struct sluice_kernel *kernel = NULL;
	struct sluice_tap_view *view;
	int error = sluice_kernel_open(&kernel);

	if (!error)
		error = sluice_kernel_routes(kernel, &routes, &route_count);
	if (!error)
		error = sluice_kernel_streams(kernel, &streams, &stream_count);
	for (number = 0; number < stream_count && !error; number++) {
		route = find_route(routes, route_count, streams[number].route);
		if (!route || has_module_view(rings, &streams[number]))
			continue;
		view = add_view(rings);
		if (!view) {
			error = -ENOMEM;
			break;
		}
		view->cpu = streams[number].cpu;
		sluice_guid_copy(view->route, route->guid);
		snprintf(view->source, sizeof(view->source), "kmod");
		snprintf(view->route_name, sizeof(view->route_name), "%s", route->name);
		snprintf(view->name, sizeof(view->name), "%s/cpu%u", route->name, view->cpu);
	}
	free(streams);
	free(routes);
	sluice_kernel_close(kernel);
	return error;
}

/* What the daemon says of the ring's stream; NULL: it does not know it (yet). */
static const json_t *find_stream(const struct sluice_tap_rings *rings,
				 const struct sluice_ring *ring)
{
	char text[SLUICE_GUID_TEXT];
	const json_t *stream;
	size_t number;

	sluice_guid_format(ring->producer->stream, text);
	json_array_foreach(rings->streams, number, stream)
	{
		if (!strcmp(json_string_value(json_object_get(stream, "id")), text))
			return stream;
	}
	return NULL;
}

/* The text that an object has, or "". */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Gives a view the name that its daemon has for it. */
static void name_view(const struct sluice_tap_rings *rings, struct sluice_tap_view *view)
{
	const json_t *stream = find_stream(rings, &view->ring);

	if (!stream)
		return;
	snprintf(view->source, sizeof(view->source), "%s", text_of(stream, "source"));
	snprintf(view->route_name, sizeof(view->route_name), "%s", text_of(stream, "route_name"));
	snprintf(view->name, sizeof(view->name), "%s/%u", view->route_name,
		 view->ring.producer->cpu);
}

/* Where a ring that has just been found is read from. 0 or a negative errno. */
static int begin(const struct sluice_tap_rings *rings, struct sluice_tap_view *view, bool is_first,
		 bool backlog)
{
	/* Made since we began (its epoch is the time of that): all that was ever in it is ours. */
	if (view->ring.producer->epoch >= rings->began_ns) {
		view->offset = 0;
		view->sequence = 0;
		return 0;
	}
	return sluice_tap_view_seek(view, !is_first || backlog);
}

/* The view of this file, NULL: there is none. */
static struct sluice_tap_view *find_view(const struct sluice_tap_rings *rings,
					 const struct stat *state)
{
	size_t number;

	for (number = 0; number < rings->count; number++) {
		struct sluice_tap_view *view = rings->list[number];

		if (view->is_open && view->fd < 0 && view->device == state->st_dev &&
		    view->inode == state->st_ino)
			return view;
	}
	return NULL;
}

/* Looks at one descriptor of the daemon, whose path below /proc is `path`. True: it is a ring that
 * was not known. */
static bool look_at(struct sluice_tap_rings *rings, int folder, const char *path, bool is_first,
		    bool backlog)
{
	struct sluice_tap_view *view;
	struct stat state;
	int fd;

	if (fstatat(folder, path, &state, 0) || !S_ISREG(state.st_mode) ||
	    state.st_size < (off_t)SLUICE_RING_SIZE_MIN)
		return false;
	view = find_view(rings, &state);
	if (view) {
		view->is_there = true;
		return false;
	}
	fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	view = fd < 0 ? NULL : add_view(rings);
	if (!view) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	view->device = state.st_dev;
	view->inode = state.st_ino;
	view->is_open = !sluice_ring_look_at(&view->ring, fd);
	/* The mapping holds the file. */
	close(fd);
	if (!view->is_open || begin(rings, view, is_first, backlog)) {
		drop_view(rings);
		return false;
	}
	return true;
}

/* Goes through the daemon's descriptors. How many rings are new, or a negative errno. */
static int look_through(struct sluice_tap_rings *rings, bool is_first, bool backlog)
{
	char path[64], target[512];
	const struct dirent *entry;
	int fresh = 0;
	ssize_t length;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)rings->daemon);
	folder = opendir(path);
	if (!folder)
		return -errno;
	errno = 0;
	while ((entry = readdir(folder))) {
		length = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		if (length <= 0)
			continue;
		target[length] = '\0';
		if (strstr(target, MEMORY) || strstr(target, FILE_BEGIN))
			fresh += look_at(rings, dirfd(folder), entry->d_name, is_first, backlog);
	}
	closedir(folder);
	return fresh;
}

/* Asks the daemon for the names of its streams and inputs, and gives views theirs. */
static void ask_names(struct sluice_tap_rings *rings)
{
	json_t *streams = sluice_list_daemon_streams(), *inputs = sluice_list_inputs();
	size_t number;

	if (streams) {
		json_decref(rings->streams);
		rings->streams = streams;
	}
	if (inputs) {
		json_decref(rings->inputs);
		rings->inputs = inputs;
	}
	for (number = 0; number < rings->count; number++)
		if (rings->list[number]->fd < 0 && rings->list[number]->is_open)
			name_view(rings, rings->list[number]);
}

/* The process of the daemon that is asked; 0: none is there. */
static pid_t find_daemon(void)
{
	struct sluice_netlink *netlink = NULL;
	char path[SLUICE_PACKET_PATH];
	json_t *list;
	pid_t pid = 0;

	if (!sluice_daemon_path(path) && !sluice_socket_listener(path, &pid) && pid)
		return pid;
	list = json_array();
	if (!sluice_daemon_try_connect(&netlink) && !sluice_list_ask_daemon(netlink, list))
		pid = (pid_t)json_integer_value(json_object_get(json_array_get(list, 0), "pid"));
	sluice_netlink_close(netlink);
	json_decref(list);
	return pid;
}

int sluice_tap_rings_find(struct sluice_tap_rings *rings, bool backlog)
{
	int module = find_in_module(rings), daemon = 0;

	rings->has_module = !module;
	if (module == -EPERM)
		fputs("sluicectl: the module's rings: not permitted: it takes CAP_NET_ADMIN\n",
		      stderr);
	if (module == -EPERM || module == -ENOMEM)
		return module;
	rings->daemon = find_daemon();
	if (rings->daemon) {
		daemon = look_through(rings, true, backlog);
		ask_names(rings);
	}
	if (daemon == -EACCES || daemon == -EPERM) {
		fprintf(stderr,
			"sluicectl: tap: the rings of sluiced (process %ld) are for root and for "
			"its own user: %s\n",
			(long)rings->daemon, strerror(-daemon));
		return daemon;
	}
	if (rings->count)
		return 0;
	if (rings->daemon)
		fputs("sluicectl: tap: sluiced has no ring: no input is configured, or none is "
		      "active; sluicectl show inputs\n",
		      stderr);
	else
		fputs("sluicectl: tap: there is nothing to look at: no sluiced runs here, and the "
		      "module has no route\n",
		      stderr);
	return -ENOENT;
}

void sluice_tap_rings_again(struct sluice_tap_rings *rings)
{
	struct sluice_netlink *netlink = NULL;
	size_t number;
	int fresh;

	if (rings->has_module)
		(void)find_in_module(rings);
	for (number = 0; number < rings->count; number++)
		if (rings->list[number]->fd < 0)
			rings->list[number]->is_there = false;
	fresh = rings->daemon ? look_through(rings, false, true) : -ESRCH;
	if (fresh > 0)
		ask_names(rings);
	if (fresh >= 0)
		return;
	/* It is gone, or has handed over to another process. Who comes goes on with the same rings.
	 */
	for (number = 0; number < rings->count; number++)
		rings->list[number]->is_there = true;
	rings->daemon = 0;
	if (!sluice_daemon_try_connect(&netlink)) {
		sluice_netlink_close(netlink);
		rings->daemon = find_daemon();
	}
	for (number = 0; number < rings->count && rings->daemon; number++)
		rings->list[number]->is_there = rings->list[number]->fd >= 0;
	if (rings->daemon && look_through(rings, false, true) >= 0) {
		ask_names(rings);
		if (rings->is_lonely)
			fputs("sluicectl: tap: sluiced is back\n", stderr);
		rings->is_lonely = false;
	} else if (!rings->is_lonely) {
		fputs("sluicectl: tap: sluiced is gone; waiting for it\n", stderr);
		rings->is_lonely = true;
	}
}

const char *sluice_tap_rings_input(const struct sluice_tap_rings *rings,
				   const struct sluice_tap_view *view, uint16_t number)
{
	const json_t *input, *carried;
	size_t place;

	json_array_foreach(rings->inputs, place, input)
	{
		carried = json_object_get(input, "number");
		if (carried && json_integer_value(carried) == number &&
		    !strcmp(text_of(input, "source"), view->source))
			return text_of(input, "name");
	}
	return NULL;
}

const json_t *sluice_tap_rings_named(const struct sluice_tap_rings *rings, const char *name)
{
	const json_t *input;
	size_t place;

	json_array_foreach(rings->inputs, place, input)
	{
		if (!strcmp(text_of(input, "name"), name) ||
		    !strcasecmp(text_of(input, "id"), name))
			return input;
	}
	return NULL;
}

void sluice_tap_rings_close(struct sluice_tap_rings *rings)
{
	size_t number;

	for (number = 0; number < rings->count; number++) {
		sluice_tap_view_close(rings->list[number]);
		free(rings->list[number]);
	}
	free(rings->list);
	json_decref(rings->inputs);
	json_decref(rings->streams);
	memset(rings, 0, sizeof(*rings));
}
