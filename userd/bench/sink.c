// SPDX-License-Identifier: MIT
/*
 * sluicebench sink: the third server of the three. Has every connection served (server.c), says
 * what came. One thread. Touches: its sockets, its state file,
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
#include <openssl/ssl.h>
#include <sys/resource.h>
#include "command.h"
#include "options.h"
#include "report.h"
#include "server.h"

#define NS_PER_SECOND 1000000000ULL

/* Everything at work. */
struct sink {
	struct sluice_sink_options options;
	struct sluice_sink_rules rules;
	struct sluice_ledger *ledger;
	struct sluice_sink_server *server; /* @owner sink */
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

/* Receives until something ends it. 0 or a negative errno. */
static int run(struct sink *sink)
{
	struct sluice_ledger_sums *sums = sluice_ledger_sums(sink->ledger);
	uint64_t told = sink->start;
	uint64_t before = sums->received;
	uint64_t now = sink->start;
	int error = 0;

	while (!stop && !error && !sink->rules.unreadable && now < deadline(sink)) {
		uint64_t seen = settled(sums) + sums->suppressed;
		uint64_t until = deadline(sink);

		until = until < told + NS_PER_SECOND ? until : told + NS_PER_SECOND;
		error = sluice_sink_server_turn(sink->server, &now, until);
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
	int error;

	for (index = 0; index < sink->options.port_count; index++) {
		for (port = sink->options.ports[index].first;
		     port <= sink->options.ports[index].last; port++) {
			error = sluice_sink_server_listen(sink->server, sink->options.address,
							  (uint16_t)port);
			if (error) {
				fprintf(stderr,
					"sluicebench sink: cannot listen on %s port %" PRIu32
					": %s\n",
					sink->options.address ? sink->options.address
							      : "any address,",
					port, strerror(-error));
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
	int error;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	status = open_books(sink);
	if (status)
		return status;
	error = sluice_sink_server_open(&sink->server, sink->ledger, &sink->rules);
	if (error) {
		fprintf(stderr, "sluicebench sink: no epoll: %s\n", strerror(-error));
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

	sluice_sink_server_close(sink->server);
	sink->server = NULL;
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
	char why[SLUICE_TLS_WHY];
	int status;

	if (!sink)
		return SLUICE_BENCH_FAILURE;
	stop = 0;
	status = sluice_sink_options_read(&sink->options, argc, argv);
	if (status >= 0)
		goto out;
	sink->rules = sink->options.rules;
	if (sink->options.tls.certificate[0] &&
	    sluice_tls_open_server(&sink->options.tls, &sink->rules.tls, why)) {
		fprintf(stderr, "sluicebench sink: %s\n", why);
		status = SLUICE_BENCH_FAILURE;
		goto out;
	}
	status = prepare(sink);
	if (status)
		goto out;
	sink->start = clock_ns();
	sink->latest = sink->start;
	/* A sink that goes on where another was killed is not at its beginning. */
	if (settled(sluice_ledger_sums(sink->ledger)) > 0)
		sink->first = sink->start;
	status = finish(sink, run(sink));
out:
	sluice_sink_server_close(sink->server);
	sluice_ledger_close(sink->ledger);
	SSL_CTX_free(sink->rules.tls);
	free(sink);
	return status;
}
