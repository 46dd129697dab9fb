// SPDX-License-Identifier: MIT
/*
 * `sluicectl tap`: a second look at live rings. Attaches read-only (SLUICE_ATTACH_LOOK), owns
 * nothing, moves no cursor and writes what passes as pcapng. Who looks never holds up who consumes:
 * bytes that were overwritten before they were read here are counted and said to be missed.
 * Touches: /dev/sluice, a netlink socket, the capture file, stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include <sluice/device.h>
#include "barrier.h"
#include "command.h"
#include "guid.h"
#include "kernel.h"
#include "pcapng.h"
#include "ring.h"

/* How far before the place that would be overwritten next a record still counts as whole: what the
 * producer has written and not published yet. */
#define MARGIN (2ULL * SLUICE_RECORD_SPAN_MAX)
#define LOCATE_TRIES 100U

/* One ring that is looked at. */
struct view {
	struct sluice_ring ring;
	sluice_guid route;
	uint32_t cpu;
	char name[SLUICE_NAME_MAX + 16];
	int fd;
	uint32_t number;   /* in the capture */
	uint64_t offset;   /* of the next record */
	uint64_t sequence; /* records before it */
};

/* What the command line says, and all views. */
struct tap {
	const char *route; /* name or GUID; NULL: all */
	const char *file;  /* NULL: stdout */
	bool backlog;	   /* begin with what is in the rings already */
	bool is_parted;	   /* an interface for each ring */
	uint64_t wanted;   /* datagrams, 0: no end */
	uint64_t written;
	struct view *views;
	size_t count;
	struct sluice_pcapng *capture;
	FILE *to;
	uint8_t record[SLUICE_RECORD_SPAN_MAX];
};

static volatile sig_atomic_t is_asked_to_end;

/* SIGINT, SIGTERM */
static void on_signal(int number)
{
	(void)number;
	is_asked_to_end = 1;
}

/* Nanoseconds since 1970. */
static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

/* Ends a view. */
static void view_close(struct view *view)
{
	sluice_ring_destroy(&view->ring);
	if (view->fd >= 0)
		close(view->fd);
	view->fd = -1;
}

/* Goes to the end of the ring (or its beginning, with `backlog`), wherever that is by now. 0, or
 * -EAGAIN if the ring moves too fast to find out. */
static int view_seek(struct view *view, bool backlog)
{
	unsigned int tries;
	uint64_t offset;

	for (tries = 0; tries < LOCATE_TRIES; tries++) {
		offset = backlog ? sluice_ring_tail(&view->ring) : sluice_ring_head(&view->ring);
		if (sluice_ring_locate(&view->ring, offset, &view->sequence) == 0) {
			view->offset = offset;
			return 0;
		}
	}
	return -EAGAIN;
}

/* Begins to look at one ring. 0 or a negative errno; -ENOENT: it is gone. */
static int view_open(struct tap *tap, struct view *view)
{
	char description[SLUICE_GUID_TEXT + 40], text[SLUICE_GUID_TEXT];
	int error;

	view->fd = open("/dev/sluice", O_RDWR | O_CLOEXEC);
	if (view->fd < 0)
		return -errno;
	error = sluice_ring_attach(&view->ring, view->fd, view->route, view->cpu,
				   SLUICE_ATTACH_LOOK);
	if (error)
		goto close;
	error = view_seek(view, tap->backlog);
	if (error)
		goto close;
	snprintf(description, sizeof(description), "stream %s epoch %llu",
		 sluice_guid_format(view->ring.producer->stream, text),
		 (unsigned long long)view->ring.producer->epoch);
	error = sluice_pcapng_stream(tap->capture, view->name, description, &view->number);
	if (!error)
		return 0;
close:
	view_close(view);
	return error;
}

/* True if what was copied from `offset` before this call cannot have been written over. The fence
 * orders the copy before the loads. */
static bool is_intact(const struct sluice_ring *ring, uint64_t offset)
{
	uint64_t size = ring->mask + 1;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return sluice_ring_tail(ring) <= offset || sluice_ring_head(ring) + MARGIN <= offset + size;
}

/* Counts what was missed and goes on at the end of the ring. 0 or a negative errno. */
static int view_skip(struct tap *tap, struct view *view)
{
	uint64_t sequence = view->sequence;
	int error = view_seek(view, false);

	if (error)
		return error;
	return sluice_pcapng_missed(tap->capture, view->number,
				    view->sequence > sequence ? view->sequence - sequence : 0,
				    now());
}

/* Copies the record at the view's place. Its span, or 0 if it was overwritten before we were done.
 */
static size_t copy_record(struct tap *tap, const struct view *view, uint64_t head)
{
	const uint8_t *bytes = sluice_ring_at(&view->ring, view->offset);
	size_t step = sluice_record_step(bytes, (size_t)(head - view->offset));

	if (step == 0 || step > sizeof(tap->record))
		return 0;
	memcpy(tap->record, bytes, step);
	return is_intact(&view->ring, view->offset) ? step : 0;
}

/* Writes what has come since the last time. 0, -EIO if the capture cannot be written, other
 * negative errno. */
static int view_drain(struct tap *tap, struct view *view)
{
	uint64_t head = sluice_ring_head(&view->ring);
	struct sluice_record_view record;
	size_t step;
	int error = 0;

	while (!error && view->offset < head && (!tap->wanted || tap->written < tap->wanted)) {
		step = copy_record(tap, view, head);
		/* Read again: the length that was copied is the one that counts. */
		if (step == 0 || sluice_record_read(tap->record, step, &record) != 0 ||
		    record.span != step) {
			error = view_skip(tap, view);
			head = view->offset;
			continue;
		}
		error = sluice_pcapng_record(tap->capture, view->number, &record);
		view->offset += step;
		view->sequence++;
		if (record.type == SLUICE_RECORD_DATA)
			tap->written++;
	}
	return error;
}

/* True if this route is looked at. */
static bool is_wanted(const struct tap *tap, const struct sluice_kernel_route *route)
{
	char text[SLUICE_GUID_TEXT];

	return !tap->route || strcmp(tap->route, route->name) == 0 ||
	       strcasecmp(tap->route, sluice_guid_format(route->guid, text)) == 0;
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

/* Fills tap->views with the module's rings that are wanted. 0 or a negative errno, said. @owner
 * caller: tap->views */
static int list_views(struct tap *tap)
{
	struct sluice_kernel_stream *streams = NULL;
	struct sluice_kernel_route *routes = NULL;
	const struct sluice_kernel_route *route;
	size_t route_count = 0, stream_count = 0, number;
	struct sluice_kernel *kernel = NULL;
	struct view *view;
	int error = sluice_kernel_open(&kernel);

	if (!error)
		error = sluice_kernel_routes(kernel, &routes, &route_count);
	if (!error)
		error = sluice_kernel_streams(kernel, &streams, &stream_count);
	if (error) {
		fprintf(stderr, "sluicectl: %s\n",
			error == -EPERM ? "not permitted: it takes CAP_NET_ADMIN"
					: sluice_kernel_error(kernel));
		goto out;
	}
	tap->views = calloc(stream_count ? stream_count : 1, sizeof(*tap->views));
	error = tap->views ? 0 : -ENOMEM;
	for (number = 0; number < stream_count && !error; number++) {
		route = find_route(routes, route_count, streams[number].route);
		if (!route || !is_wanted(tap, route))
			continue;
		view = &tap->views[tap->count++];
		view->fd = -1;
		view->cpu = streams[number].cpu;
		sluice_guid_copy(view->route, route->guid);
		snprintf(view->name, sizeof(view->name), "%s/cpu%u", route->name, view->cpu);
	}
	if (!error && tap->count == 0) {
		error = -ENOENT;
		if (tap->route)
			fprintf(stderr,
				"sluicectl: the module has no route '%s'; sluicectl show routes "
				"lists them\n",
				tap->route);
		else
			fputs("sluicectl: the module has no route: nothing is being captured\n",
			      stderr);
	}
out:
	free(streams);
	free(routes);
	sluice_kernel_close(kernel);
	return error;
}

/* After the ring's end was reported: the route is gone, or has a new ring. 0, or a negative errno
 * if nothing is to be looked at here any more. */
static int view_follow(struct tap *tap, struct view *view)
{
	view_close(view);
	/* The new one is read from its beginning: nothing is between the two. */
	tap->backlog = true;
	return view_open(tap, view);
}

/* Writes what comes until all rings are gone, enough was written or a signal came. 0 or a negative
 * errno. */
static int follow(struct tap *tap)
{
	size_t number, left = tap->count;
	struct pollfd *polled;
	int error;

	if (!tap->count)
		return 0;
	polled = calloc(tap->count, sizeof(*polled));
	error = polled ? 0 : -ENOMEM;
	while (!error && left && !is_asked_to_end) {
		/* First what is there, then sleep: the first round is what --backlog means. */
		left = 0;
		for (number = 0; number < tap->count && !error; number++) {
			struct view *view = &tap->views[number];

			if (view->fd >= 0)
				error = view_drain(tap, view);
			if (!error && view->fd >= 0 && polled[number].revents & POLLHUP &&
			    view->offset == sluice_ring_head(&view->ring) &&
			    view_follow(tap, view) == 0)
				error = view_drain(tap, view);
			polled[number].fd = view->fd;
			polled[number].events = POLLIN;
			polled[number].revents = 0;
			left += view->fd >= 0;
		}
		if (tap->wanted && tap->written >= tap->wanted)
			break;
		/* Nothing may be left in the buffer while we sleep: who looks on wants to see it
		 * now. */
		if (!error && fflush(tap->to))
			error = -EIO;
		if (!error && left && poll(polled, tap->count, -1) < 0 && errno != EINTR)
			error = -errno;
	}
	free(polled);
	return error;
}

/* Reads the command line. False: it is wrong. */
static bool parse(struct tap *tap, int argc, char **argv)
{
	char *end;
	int word;

	for (word = 1; word < argc; word++) {
		if (strcmp(argv[word], "--backlog") == 0) {
			tap->backlog = true;
		} else if (strcmp(argv[word], "--interfaces") == 0) {
			tap->is_parted = true;
		} else if (strcmp(argv[word], "--output") == 0 && word + 1 < argc) {
			tap->file = argv[++word];
		} else if (strcmp(argv[word], "--count") == 0 && word + 1 < argc) {
			errno = 0;
			tap->wanted = strtoull(argv[++word], &end, 10);
			if (errno || *end || argv[word][0] < '0' || argv[word][0] > '9' ||
			    !tap->wanted)
				return false;
		} else if (argv[word][0] != '-' && !tap->route) {
			tap->route = argv[word];
		} else {
			return false;
		}
	}
	return true;
}

/* Looks at all views and writes the capture to `to`. 0 or a negative errno, said. */
static int run(struct tap *tap, FILE *to)
{
	size_t number;
	int error, end;

	tap->to = to;
	error = sluice_pcapng_begin(&tap->capture, to, "sluicectl " SLUICE_VERSION,
				    tap->is_parted ? NULL
				    : tap->route   ? tap->route
						   : "sluice");
	for (number = 0; number < tap->count && !error; number++)
		error = view_open(tap, &tap->views[number]);
	if (!error && fflush(to))
		error = -EIO;
	if (!error)
		error = follow(tap);
	end = sluice_pcapng_end(tap->capture);
	tap->capture = NULL;
	error = error ? error : end;
	if (error == -EIO && errno == EPIPE)
		error = 0; /* who read it has seen enough */
	if (error)
		fprintf(stderr, "sluicectl: tap: %s: %s\n", tap->file ? tap->file : "stdout",
			strerror(-error));
	return error;
}

int sluice_ctl_tap(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct tap *tap = calloc(1, sizeof(*tap));
	FILE *to = stdout;
	size_t number;
	int status = SLUICE_CTL_REFUSED;

	if (!tap)
		return SLUICE_CTL_REFUSED;
	if (!parse(tap, argc, argv)) {
		fputs("usage: sluicectl tap [ROUTE] [--output FILE] [--backlog] [--count "
		      "DATAGRAMS] [--interfaces]\n",
		      stderr);
		status = SLUICE_CTL_USAGE;
		goto free;
	}
	if (!tap->file && isatty(STDOUT_FILENO)) {
		fputs("sluicectl: tap writes pcapng, which is nothing for a terminal: use --output "
		      "FILE, or | tshark -r -\n",
		      stderr);
		status = SLUICE_CTL_USAGE;
		goto free;
	}
	if (list_views(tap))
		goto free;
	if (tap->file) {
		to = fopen(tap->file, "we");
		if (!to) {
			fprintf(stderr, "sluicectl: %s: %s\n", tap->file, strerror(errno));
			goto free;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	/* Without SA_RESTART: poll() ends. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (run(tap, to) == 0)
		status = SLUICE_CTL_OK;
	if (to != stdout && fclose(to) && status == SLUICE_CTL_OK) {
		fprintf(stderr, "sluicectl: %s: %s\n", tap->file, strerror(errno));
		status = SLUICE_CTL_REFUSED;
	}
free:
	for (number = 0; number < tap->count; number++)
		view_close(&tap->views[number]);
	free(tap->views);
	free(tap);
	return status;
}
