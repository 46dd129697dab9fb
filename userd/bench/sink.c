// SPDX-License-Identifier: MIT
/*
 * sluicebench sink: the third server of the three. Accepts every connection, hands it to
 * connection.c, says what came. One thread, one epoll. Touches: its sockets, its state file,
 * stdout, stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include "command.h"
#include "connection.h"
#include "listener.h"
#include "options.h"
#include "report.h"

#define NS_PER_SECOND 1000000000ULL
#define NS_PER_MS 1000000ULL
/* Out of descriptors: connections wait in the backlog for so long, then it is tried again. */
#define ACCEPT_PAUSE_NS (100 * NS_PER_MS)
#define EVENTS 64

/* What epoll speaks of: a listener or a connection. */
struct end {
	int fd;
	uint16_t port;				   /* listener */
	struct sluice_sink_connection *connection; /* NULL: a listener */
	uint32_t events;			   /* as epoll knows them */
	uint64_t wake; /* connection: serve it then, whatever epoll says */
	struct end *next;
	struct end *previous;
};

/* Everything at work. */
struct sink {
	struct sluice_sink_options options;
	struct sluice_sink_rules rules;
	struct sluice_ledger *ledger;
	int epoll;
	struct end *ends;      /* @owner sink; a ring of all of them is not needed, a list is */
	bool short_of_files;   /* said once */
	uint64_t accept_again; /* 0: accepting; else when to try again */
	uint64_t start;
	uint64_t first; /* when the first bytes came, 0: not yet */
	uint64_t latest;
};

static volatile sig_atomic_t stop;

/* SIGINT and SIGTERM end it; the result is printed. @context signal */
static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* Nanoseconds of the steady clock. @threadsafe */
static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* Puts an end into the list and into epoll. NULL: no memory (or epoll's limit), and fd is the
 * caller's. */
static struct end *end_add(struct sink *sink, int fd, uint16_t port)
{
	struct end *end = calloc(1, sizeof(*end));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};

	if (!end)
		return NULL;
	end->fd = fd;
	end->port = port;
	end->events = EPOLLIN;
	end->wake = UINT64_MAX;
	if (epoll_ctl(sink->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(end);
		return NULL;
	}
	end->next = sink->ends;
	if (end->next)
		end->next->previous = end;
	sink->ends = end;
	return end;
}

/* Closes what an end stands for, and frees it; closing takes it out of epoll too. */
static void end_close(struct end *end)
{
	if (end->connection)
		sluice_sink_connection_close(end->connection);
	else if (end->fd >= 0)
		close(end->fd);
	free(end);
}

/* Takes an end out of the list and closes it. */
static void end_remove(struct sink *sink, struct end *end)
{
	if (end->previous)
		end->previous->next = end->next;
	else
		sink->ends = end->next;
	if (end->next)
		end->next->previous = end->previous;
	end_close(end);
}

/* Closes all of them. */
static void end_remove_all(struct sink *sink)
{
	while (sink->ends) {
		struct end *end = sink->ends;

		sink->ends = end->next;
		end_close(end);
	}
}

/* Tells epoll what an end waits for now. */
static void end_want(struct sink *sink, struct end *end, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = end};

	if (end->events == events)
		return;
	if (epoll_ctl(sink->epoll, EPOLL_CTL_MOD, end->fd, &event) == 0)
		end->events = events;
}

/* Stops or goes on listening on all ports. */
static void accepting(struct sink *sink, bool on)
{
	struct end *end;

	for (end = sink->ends; end; end = end->next)
		if (!end->connection)
			end_want(sink, end, on ? EPOLLIN : 0);
}

/* Accepts everything that waits at a listener. */
static void accept_all(struct sink *sink, struct end *listener, uint64_t now)
{
	char peer[SLUICE_PEER_TEXT];
	struct end *end;
	int fd;

	while ((fd = sluice_listener_accept(listener->fd, peer)) >= 0) {
		sluice_ledger_sums(sink->ledger)->connections++;
		end = end_add(sink, fd, listener->port);
		if (!end) {
			close(fd);
			break;
		}
		end->connection = sluice_sink_connection_open(sink->ledger, &sink->rules, fd, peer,
							      listener->port);
		if (!end->connection) {
			/* It has closed fd; a descriptor of -1 is not closed again. */
			end->fd = -1;
			end_remove(sink, end);
			break;
		}
		if (sink->rules.never_read)
			end_want(sink, end, 0);
	}
	if (fd >= 0 || fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM) {
		/* They stay in the backlog, and nobody spins. */
		if (!sink->short_of_files)
			fprintf(stderr, "sink: no more connections for now: %s\n",
				fd < 0 ? strerror(-fd) : "no memory");
		sink->short_of_files = true;
		sink->accept_again = now + ACCEPT_PAUSE_NS;
		accepting(sink, false);
	}
}

/* Serves a connection; closes it when it has ended. 0, or the negative errno that ends the sink. */
static int serve(struct sink *sink, struct end *end, uint64_t now)
{
	int error = sluice_sink_connection_serve(end->connection, now);

	if (error == -EPIPE || error == -ECONNRESET || error == -EPROTO) {
		end_remove(sink, end);
		/* Its descriptor is free for one that waits. */
		if (sink->accept_again)
			sink->accept_again = now;
		return 0;
	}
	if (error)
		return error;
	end_want(sink, end, sluice_sink_connection_events(end->connection, &end->wake));
	return 0;
}

/* How many datagrams have been accounted for, one way or another. */
static uint64_t settled(const struct sluice_ledger_sums *sums)
{
	return sums->received + sums->gap_datagrams + sums->damaged;
}

/* Tells once a second how far it is; `*told` and `*before` are its memory. */
static void progress(struct sink *sink, uint64_t now, uint64_t *told, uint64_t *before)
{
	const struct sluice_ledger_sums *sums = sluice_ledger_sums(sink->ledger);
	bool terminal = isatty(STDERR_FILENO);

	if (now - *told < NS_PER_SECOND)
		return;
	if (!sink->options.quiet && (sums->received != *before || terminal)) {
		fprintf(stderr,
			"%ssink: %" PRIu64 " received, %.0f/s, %" PRIu64 " missing, %" PRIu64
			" repeated, %" PRIu64 " damaged%s",
			terminal ? "\r\033[K" : "", sums->received,
			(double)(sums->received - *before) * 1e9 / (double)(now - *told),
			sluice_ledger_missing(sink->ledger, 0), sums->repeated,
			sums->damaged + sums->damaged_frames, terminal ? "" : "\n");
		fflush(stderr);
	}
	*told = now;
	*before = sums->received;
}

/* When it has to stop at the latest, as things are. */
static uint64_t deadline(struct sink *sink)
{
	uint64_t when = UINT64_MAX;
	uint64_t other;

	if (sink->options.seconds_us)
		when = sink->start + sink->options.seconds_us * 1000;
	if (sink->options.idle_us && sink->first) {
		other = sink->latest + sink->options.idle_us * 1000;
		when = other < when ? other : when;
	}
	if (sink->options.expect &&
	    settled(sluice_ledger_sums(sink->ledger)) >= sink->options.expect) {
		other = sink->latest + sink->options.settle_us * 1000;
		when = other < when ? other : when;
	}
	return when;
}

/* Serves the connections whose time has come; returns the next such time. `*error` ends the sink.
 */
static uint64_t serve_timed(struct sink *sink, uint64_t now, int *error)
{
	uint64_t earliest = UINT64_MAX;
	struct end *after;
	struct end *end;

	for (end = sink->ends; end && !*error; end = after) {
		after = end->next;
		if (!end->connection || end->wake == UINT64_MAX)
			continue;
		if (end->wake <= now) {
			*error = serve(sink, end, now);
			/* Wherever it now is in its life, the loop comes by again at once. */
			earliest = now;
		} else if (end->wake < earliest) {
			earliest = end->wake;
		}
	}
	return earliest;
}

/* Milliseconds until `when`, for epoll, rounded up. */
static int wait_ms(uint64_t now, uint64_t when)
{
	if (when <= now)
		return 0;
	return when - now > NS_PER_SECOND ? 1000 : (int)((when - now + NS_PER_MS - 1) / NS_PER_MS);
}

/* Receives until something ends it. 0 or a negative errno. */
static int run(struct sink *sink)
{
	struct sluice_ledger_sums *sums = sluice_ledger_sums(sink->ledger);
	struct epoll_event events[EVENTS];
	uint64_t told = sink->start;
	uint64_t before = sums->received;
	uint64_t now = sink->start;
	int error = 0;

	while (!stop && !error && !sink->rules.unreadable && now < deadline(sink)) {
		uint64_t seen = settled(sums) + sums->suppressed;
		uint64_t next = serve_timed(sink, now, &error);
		uint64_t end = deadline(sink);
		int count;
		int index;

		next = next < end ? next : end;
		next = next < told + NS_PER_SECOND ? next : told + NS_PER_SECOND;
		if (sink->accept_again && sink->accept_again < next)
			next = sink->accept_again;
		count = epoll_wait(sink->epoll, events, EVENTS, wait_ms(now, next));
		now = clock_ns();
		if (sink->accept_again && now >= sink->accept_again) {
			sink->accept_again = 0;
			accepting(sink, true);
		}
		/* Connections first: an end that is closed here is not in this batch twice. */
		for (index = 0; index < count && !error; index++) {
			struct end *ready = events[index].data.ptr;

			if (ready->connection)
				error = serve(sink, ready, now);
			else
				accept_all(sink, ready, now);
		}
		if (settled(sums) + sums->suppressed != seen) {
			sink->latest = now;
			sink->first = sink->first ? sink->first : now;
		}
		progress(sink, now, &told, &before);
	}
	return error;
}

/* Opens all listeners. Exit status. */
static int listen_all(struct sink *sink)
{
	size_t index;
	uint32_t port;
	int fd;

	for (index = 0; index < sink->options.port_count; index++) {
		for (port = sink->options.ports[index].first;
		     port <= sink->options.ports[index].last; port++) {
			fd = sluice_listener_open(sink->options.address, (uint16_t)port);
			if (fd < 0) {
				fprintf(stderr,
					"sluicebench sink: cannot listen on %s port %" PRIu32
					": %s\n",
					sink->options.address ? sink->options.address
							      : "any address,",
					port, strerror(-fd));
				return SLUICE_BENCH_FAILURE;
			}
			if (!end_add(sink, fd, (uint16_t)port)) {
				close(fd);
				fprintf(stderr, "sluicebench sink: no memory for so many ports\n");
				return SLUICE_BENCH_FAILURE;
			}
		}
	}
	return SLUICE_BENCH_OK;
}

/* Opens the books and the file of payloads. Exit status. */
static int open_books(struct sink *sink)
{
	int error =
		sluice_ledger_open(&sink->ledger, sink->options.state_path, sink->options.check);

	if (error) {
		fprintf(stderr, "sluicebench sink: state %s: %s\n",
			sink->options.state_path ? sink->options.state_path : "in memory",
			error == -EBUSY ? "another sink is using it"
			: error == -EPROTO
				? "is not a state file of this version; remove it to start anew"
			: error == -ENODEV ? "its file system cannot map files; choose a local one"
					   : strerror(-error));
		return SLUICE_BENCH_FAILURE;
	}
	if (!sink->options.write_path)
		return SLUICE_BENCH_OK;
	error = sluice_ledger_keep(sink->ledger, sink->options.write_path,
				   sink->options.write_form);
	if (error) {
		fprintf(stderr, "sluicebench sink: %s: %s\n", sink->options.write_path,
			error == -EINVAL ? "is shorter than the state says it was"
					 : strerror(-error));
		return SLUICE_BENCH_FAILURE;
	}
	return SLUICE_BENCH_OK;
}

/* Everything before the first connection. Exit status. */
static int prepare(struct sink *sink)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct rlimit files;
	int status;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	status = open_books(sink);
	if (status)
		return status;
	sink->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (sink->epoll < 0) {
		fprintf(stderr, "sluicebench sink: no epoll: %s\n", strerror(errno));
		return SLUICE_BENCH_FAILURE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	status = listen_all(sink);
	if (!status && !sink->options.quiet)
		fprintf(stderr, "sink: listening\n");
	return status;
}

/* Ends all connections, closes the books, prints. Exit status. */
static int finish(struct sink *sink, int error)
{
	struct sluice_sink_report report = {.sent = sink->options.sent,
					    .resets = sink->rules.resets};
	int status = SLUICE_BENCH_OK;

	end_remove_all(sink);
	if (!error)
		error = sluice_ledger_commit(sink->ledger);
	if (isatty(STDERR_FILENO) && !sink->options.quiet)
		fputc('\n', stderr);
	if (sink->first)
		report.seconds = (double)(sink->latest - sink->first) / 1e9;
	if (sink->options.json)
		sluice_sink_report_json(stdout, sink->ledger, &report);
	else
		sluice_sink_report_text(stdout, sink->ledger, &report);
	if (sink->options.sent && !sluice_sink_is_right(sink->ledger, &report))
		status = SLUICE_BENCH_WRONG;
	if (sink->rules.automatic && !sluice_ledger_sums(sink->ledger)->received &&
	    sluice_ledger_sums(sink->ledger)->cut_frames && !sink->rules.unreadable) {
		fprintf(stderr, "sink: nothing of what came was whole: with framing raw nothing "
				"tells one datagram from the next\n");
		sink->rules.doubtful = true;
	}
	/* What came was said. */
	if (sink->rules.unreadable ||
	    (sink->rules.doubtful && !sluice_ledger_sums(sink->ledger)->received))
		status = SLUICE_BENCH_FAILURE;
	if (error) {
		fprintf(stderr, "sluicebench sink: the books cannot go on: %s\n", strerror(-error));
		status = SLUICE_BENCH_FAILURE;
	}
	return status;
}

/* As command.h says. */
int sluice_bench_sink(int argc, char **argv)
{
	struct sink *sink = calloc(1, sizeof(*sink));
	int status;

	if (!sink)
		return SLUICE_BENCH_FAILURE;
	stop = 0;
	sink->epoll = -1;
	status = sluice_sink_options_read(&sink->options, argc, argv);
	if (status >= 0)
		goto out;
	status = prepare(sink);
	if (status)
		goto out;
	sink->rules = sink->options.rules;
	sink->start = clock_ns();
	sink->latest = sink->start;
	/* A sink that goes on where another was killed is not at its beginning. */
	if (settled(sluice_ledger_sums(sink->ledger)) > 0)
		sink->first = sink->start;
	status = finish(sink, run(sink));
out:
	end_remove_all(sink);
	if (sink->epoll >= 0)
		close(sink->epoll);
	sluice_ledger_close(sink->ledger);
	free(sink);
	return status;
}
