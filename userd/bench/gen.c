// SPDX-License-Identifier: MIT
/*
 * sluicebench gen: the sender of the three servers. Sends numbered datagrams at a rate that it
 * keeps itself and counts exactly what the kernel took. One thread. Touches: its sockets, stdout,
 * stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include "command.h"
#include "emitter.h"
#include "gen_options.h"
#include "histogram.h"
#include "pace.h"
#include "payload.h"

#define NS_PER_SECOND 1000000000ULL
/* ICMP errors need a moment to come back from the last datagrams. */
#define LAST_ERRORS_NS 100000000L
/* Below this share of the wished rate, in percent, the rate counts as not reached. */
#define REACHED_PERCENT 99U

/* What the command line asks for, and the run it becomes. */
struct gen {
	struct sluice_gen_options wish;
	struct sluice_emitter *emitter;
	struct sluice_pace pace;
	struct sluice_histogram *gaps; /* @owner gen */
	uint64_t left;		       /* when the datagrams before were handed over; 0: none */
	uint64_t run;
	uint64_t *sequences; /* next per flow and form; @owner gen */
	size_t port;	     /* next port of the range */
	size_t source;	     /* next socket */
	uint64_t begun;	     /* datagrams handed to the emitter */
	uint64_t start;
	uint64_t end;
};

static volatile bool stop;

/* SIGINT and SIGTERM end the run; the result is printed all the same. @context signal */
static void on_signal(int number)
{
	(void)number;
	stop = true;
}

/* Nanoseconds of the steady clock. @threadsafe */
static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* Sleeps until `wake` or a signal. */
static void sleep_until(uint64_t wake)
{
	struct timespec when = {.tv_sec = (time_t)(wake / NS_PER_SECOND),
				.tv_nsec = (long)(wake % NS_PER_SECOND)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

/* Tells once a second how far it is. `*told` and `*before` are its memory. */
static void progress(const struct gen *gen, uint64_t now, uint64_t *told, uint64_t *before)
{
	const struct sluice_emitter_counts *counts = sluice_emitter_counts(gen->emitter);
	bool terminal = isatty(STDERR_FILENO);
	double span = (double)(now - *told) / 1e9;

	if (gen->wish.quiet || now - *told < NS_PER_SECOND)
		return;
	fprintf(stderr, "%sgen: %" PRIu64 " sent, %.0f/s, %" PRIu64 " errors%s",
		terminal ? "\r\033[K" : "", counts->sent, (double)(counts->sent - *before) / span,
		counts->errors, terminal ? "" : "\n");
	fflush(stderr);
	*told = now;
	*before = counts->sent;
}

/* Puts one datagram of `size` bytes into the burst. False: the burst is full. */
static bool add(struct gen *gen, uint32_t size)
{
	size_t ports = (size_t)(gen->wish.route.last_port - gen->wish.route.first_port) + 1;
	size_t flow = gen->source * ports + gen->port;
	uint8_t *payload = sluice_emitter_add(gen->emitter, gen->port, size);
	uint64_t *sequence =
		&gen->sequences[flow * SLUICE_PAYLOAD_PLAIN + sluice_payload_form(size)];

	if (!payload)
		return false;
	sluice_payload_write(payload, size, gen->run, (uint32_t)flow, (*sequence)++);
	gen->port = gen->port + 1 < ports ? gen->port + 1 : 0;
	gen->begun++;
	sluice_pace_sent(&gen->pace, size);
	return true;
}

/* Most datagrams in a burst: when few are wanted from many source ports, every source port gets its
 * share. */
static uint64_t burst_limit(const struct gen *gen)
{
	uint64_t share = gen->wish.count ? gen->wish.count / gen->wish.route.sources : UINT64_MAX;

	return share > 0 ? share : 1;
}

/* Notes the times between `count` datagrams that leave now and those before. */
static void note_gaps(struct gen *gen, uint64_t count)
{
	uint64_t now;

	if (!gen->gaps || count == 0)
		return;
	now = clock_ns();
	if (gen->left)
		sluice_histogram_add(gen->gaps, now - gen->left, 1);
	sluice_histogram_add(gen->gaps, 0, count - 1);
	gen->left = now;
}

/* Writes how the gaps are spread. Exit status. */
static int write_gaps(const struct gen *gen)
{
	FILE *file;

	if (!gen->gaps)
		return SLUICE_BENCH_OK;
	file = fopen(gen->wish.gaps_path, "we");
	if (file)
		sluice_histogram_write(gen->gaps, file);
	if (!file || fclose(file)) {
		fprintf(stderr, "sluicebench gen: --gaps %s: %s\n", gen->wish.gaps_path,
			strerror(errno));
		return SLUICE_BENCH_FAILURE;
	}
	return SLUICE_BENCH_OK;
}

/* Sends all of it. 0 or the negative errno that ended it early. */
static int run(struct gen *gen)
{
	uint64_t limit = burst_limit(gen);
	uint32_t size = sluice_sizes_next(&gen->wish.sizes);
	uint64_t finish =
		gen->wish.seconds ? gen->start + gen->wish.seconds * NS_PER_SECOND : UINT64_MAX;
	uint64_t told = gen->start;
	uint64_t before = 0;
	int error = 0;

	while (!stop && !error && (!gen->wish.count || gen->begun < gen->wish.count)) {
		uint64_t wake = sluice_pace_wake(&gen->pace, size);
		uint64_t now = clock_ns();
		uint64_t units = gen->pace.units;
		uint64_t first = gen->begun;

		progress(gen, now, &told, &before);
		if (now >= finish)
			break;
		if (wake > now) {
			/* Not longer than to the next progress line. */
			uint64_t line = told + NS_PER_SECOND;
			uint64_t until = wake < finish ? wake : finish;

			sleep_until(until < line || line <= now ? until : line);
			continue;
		}
		sluice_pace_forget(&gen->pace, size, now);
		while (gen->begun - first < limit &&
		       (!gen->wish.count || gen->begun < gen->wish.count) &&
		       (gen->begun == first || sluice_pace_joins(&gen->pace, now, units)) &&
		       add(gen, size))
			size = sluice_sizes_next(&gen->wish.sizes);
		note_gaps(gen, gen->begun - first);
		error = sluice_emitter_send(gen->emitter, gen->source, &stop);
		if (gen->wish.burst)
			sluice_pace_close(&gen->pace, now, units);
		gen->source = gen->source + 1 < gen->wish.route.sources ? gen->source + 1 : 0;
	}
	gen->end = clock_ns();
	if (isatty(STDERR_FILENO) && !gen->wish.quiet)
		fputc('\n', stderr);
	return error;
}

/* Prints the result. Returns true if the wished rate was reached. */
static bool report(const struct gen *gen)
{
	const struct sluice_emitter_counts *counts = sluice_emitter_counts(gen->emitter);
	uint64_t planned = sluice_pace_planned(&gen->pace);
	uint64_t spent = gen->end - gen->start;
	double missed = (double)gen->pace.missed / 1e9;
	double seconds;
	double pps;
	double bps;
	bool reached;

	/* N datagrams take N intervals, though the last one is not waited for. */
	seconds = (double)(spent > planned ? spent : planned) / 1e9;
	pps = seconds > 0 ? (double)counts->sent / seconds : 0;
	bps = seconds > 0 ? (double)counts->bytes * 8 / seconds : 0;
	reached = gen->wish.rate == 0 || (gen->wish.rate_is_bits ? bps : pps) * 100 >=
						 (double)gen->wish.rate * REACHED_PERCENT;
	/* Random times have not their mean within a short run, and a ramp has no one rate. */
	if (gen->wish.poisson || gen->wish.last_rate)
		reached = (double)planned * 100 >= (double)spent * REACHED_PERCENT;
	if (gen->wish.json) {
		printf("{\"part\":\"gen\",\"sent\":%" PRIu64 ",\"bytes\":%" PRIu64
		       ",\"errors\":%" PRIu64 ",\"retries\":%" PRIu64
		       ",\"seconds\":%.3f,\"rate_bps\":%.0f,\"pps\":%.0f,\"missed_seconds\":%.3f"
		       ",\"reached\":%s,\"run\":\"%016" PRIx64 "\"}\n",
		       counts->sent, counts->bytes, counts->errors, counts->retries, seconds, bps,
		       pps, missed, reached ? "true" : "false", gen->run);
		return reached;
	}
	printf("sent      %" PRIu64 " datagrams, %" PRIu64 " bytes to %s\n", counts->sent,
	       counts->bytes, gen->wish.to);
	printf("in        %.3f s: %.0f datagrams/s, %.3f Mbit/s of payload\n", seconds, pps,
	       bps / 1e6);
	if (!reached && (gen->wish.poisson || gen->wish.last_rate))
		printf("rate      NOT REACHED: what was sent should have taken %.3f s\n",
		       (double)planned / 1e9);
	else if (!reached)
		printf("rate      NOT REACHED: %.0f of %" PRIu64 " %s\n",
		       gen->wish.rate_is_bits ? bps : pps, gen->wish.rate,
		       gen->wish.rate_is_bits ? "bit/s" : "datagrams/s");
	if (gen->pace.missed)
		printf("missed    %.1f ms, in which others ran: not caught up\n", missed * 1e3);
	if (counts->errors)
		printf("errors    %" PRIu64 ", the last: %s\n", counts->errors,
		       strerror(counts->last_error));
	if (gen->gaps)
		printf("gaps      %.1f us in the middle, 99 %% at most %.1f, all at most %.1f\n",
		       (double)sluice_histogram_quantile(gen->gaps, 0.5) / 1e3,
		       (double)sluice_histogram_quantile(gen->gaps, 0.99) / 1e3,
		       (double)sluice_histogram_largest(gen->gaps) / 1e3);
	if (counts->retries)
		printf("waited    %" PRIu64 " times for room in the kernel\n", counts->retries);
	printf("RESULT part=gen sent=%" PRIu64 " bytes=%" PRIu64 " errors=%" PRIu64
	       " retries=%" PRIu64
	       " seconds=%.3f rate_bps=%.0f pps=%.0f missed_seconds=%.3f reached=%s\n",
	       counts->sent, counts->bytes, counts->errors, counts->retries, seconds, bps, pps,
	       missed, reached ? "yes" : "no");
	return reached;
}

/* Gets sockets, memory and the run number. Exit status. */
static int prepare(struct gen *gen)
{
	size_t flows = gen->wish.route.sources *
		       ((size_t)(gen->wish.route.last_port - gen->wish.route.first_port) + 1);
	struct sigaction action = {.sa_handler = on_signal};
	struct rlimit files;
	const char *why = "";
	int error;

	if (!gen->wish.seeded &&
	    getrandom(&gen->wish.seed, sizeof(gen->wish.seed), 0) != sizeof(gen->wish.seed))
		gen->wish.seed = clock_ns() ^ (uint64_t)getpid() << 32;
	gen->run = sluice_random(&gen->wish.seed);
	gen->wish.sizes.random = gen->wish.seed;
	gen->sequences = calloc(flows * SLUICE_PAYLOAD_PLAIN, sizeof(*gen->sequences));
	/* A socket for each source. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (gen->wish.gaps_path)
		gen->gaps = sluice_histogram_new();
	if (!gen->sequences || (gen->wish.gaps_path && !gen->gaps)) {
		fprintf(stderr, "sluicebench gen: no memory for %zu flows\n", flows);
		return SLUICE_BENCH_FAILURE;
	}
	error = sluice_emitter_open(&gen->emitter, &gen->wish.route,
				    sluice_sizes_most(&gen->wish.sizes), &why);
	if (error) {
		fprintf(stderr, "sluicebench gen: to %s: %s: %s\n", gen->wish.to, why,
			strerror(-error));
		return SLUICE_BENCH_FAILURE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Wake when asked, not up to 50 µs later (prctl(2), PR_SET_TIMERSLACK). */
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	return SLUICE_BENCH_OK;
}

/* As command.h says. */
int sluice_bench_gen(int argc, char **argv)
{
	struct gen *gen = calloc(1, sizeof(*gen));
	struct timespec last = {.tv_nsec = LAST_ERRORS_NS};
	int status = SLUICE_BENCH_FAILURE;
	int error;

	if (!gen)
		return SLUICE_BENCH_FAILURE;
	stop = false;
	status = sluice_gen_options_read(&gen->wish, argc, argv);
	if (status < 0)
		status = prepare(gen);
	if (!gen->emitter)
		goto out;
	gen->start = clock_ns();
	sluice_pace_start(&gen->pace, gen->wish.rate, gen->wish.rate_is_bits, gen->start);
	sluice_pace_start_bursts(&gen->pace, gen->wish.burst, gen->wish.every, gen->start);
	sluice_pace_make_ramp(&gen->pace, gen->wish.last_rate, gen->wish.over);
	if (gen->wish.poisson)
		sluice_pace_make_poisson(&gen->pace, gen->wish.seed);
	error = run(gen);
	nanosleep(&last, NULL);
	sluice_emitter_listen(gen->emitter);
	report(gen);
	status = write_gaps(gen);
	if (error) {
		fprintf(stderr, "sluicebench gen: sending to %s: %s\n", gen->wish.to,
			strerror(-error));
		status = SLUICE_BENCH_FAILURE;
	} else if (gen->wish.count && !gen->wish.seconds &&
		   sluice_emitter_counts(gen->emitter)->sent < gen->wish.count) {
		status = SLUICE_BENCH_WRONG;
	}
out:
	sluice_emitter_close(gen->emitter);
	sluice_histogram_free(gen->gaps);
	free(gen->sequences);
	free(gen);
	return status;
}
