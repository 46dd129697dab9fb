// SPDX-License-Identifier: MIT
/*
 * sluicebench gen: the sender of the three servers. Sends numbered datagrams at a rate that it
 * keeps itself and counts exactly what the kernel took, by one thread or several that share
 * nothing. Touches: its sockets, the processors of its threads, stdout, stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
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
#include "replay.h"

#define NS_PER_SECOND 1000000000ULL
/* ICMP errors need a moment to come back from the last datagrams. */
#define LAST_ERRORS_NS 100000000L
/* Below this share of the wished rate, in percent, the rate counts as not reached. */
#define REACHED_PERCENT 99U
/* How late one of several threads may see that it is to stop. */
#define STOP_LOOK_NS 100000000ULL

/* One thread's part of what the command line asks for, and the run it becomes. */
struct gen {
	struct sluice_gen_options wish;
	pthread_t thread;
	size_t number; /* of the thread */
	int error;     /* what ended it early, negative; 0: nothing did */
	struct sluice_emitter *emitter;
	struct sluice_replay *replay; /* what is sent; NULL: numbered payloads */
	uint32_t size;		      /* of the next datagram */
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
	const char *who = gen->wish.threads > 1 ? " by the first thread" : "";
	bool terminal = isatty(STDERR_FILENO);
	double span = (double)(now - *told) / 1e9;

	if (gen->wish.quiet || gen->number > 0 || now - *told < NS_PER_SECOND)
		return;
	fprintf(stderr, "%sgen: %" PRIu64 " sent%s, %.0f/s, %" PRIu64 " errors%s",
		terminal ? "\r\033[K" : "", counts->sent, who,
		(double)(counts->sent - *before) / span, counts->errors, terminal ? "" : "\n");
	fflush(stderr);
	*told = now;
	*before = counts->sent;
}

/* Finds out what the next datagram is. False: there is none. */
static bool find_next(struct gen *gen)
{
	const struct sluice_replay_entry *entry;
	uint64_t at;

	if (!gen->replay) {
		gen->size = sluice_sizes_next(&gen->wish.sizes);
		return true;
	}
	entry = sluice_replay_peek(gen->replay, &at);
	if (!entry)
		return false;
	gen->size = entry->length;
	if (gen->wish.speed > 0)
		sluice_pace_give(&gen->pace, (uint64_t)((double)at / gen->wish.speed));
	if (gen->wish.keeps_ports)
		gen->source = sluice_replay_port(gen->replay, entry);
	return true;
}

/* Writes the next datagram, of a capture or numbered, which is of `flow`. */
static void write_payload(struct gen *gen, uint8_t *payload, size_t flow)
{
	uint64_t *sequence, at;

	if (gen->replay) {
		memcpy(payload, gen->replay->bytes + sluice_replay_peek(gen->replay, &at)->place,
		       gen->size);
		sluice_replay_pass(gen->replay, gen->wish.loops);
		return;
	}
	sequence = &gen->sequences[flow * SLUICE_PAYLOAD_PLAIN + sluice_payload_form(gen->size)];
	flow += gen->wish.route.first *
		((size_t)(gen->wish.route.last_port - gen->wish.route.first_port) + 1);
	sluice_payload_write(payload, gen->size, gen->run, (uint32_t)flow, (*sequence)++);
}

/* Puts the next datagram into the burst. False: the burst is full. */
static bool add(struct gen *gen)
{
	size_t ports = (size_t)(gen->wish.route.last_port - gen->wish.route.first_port) + 1;
	uint8_t *payload = sluice_emitter_add(gen->emitter, gen->port, gen->size);

	if (!payload)
		return false;
	write_payload(gen, payload, gen->source * ports + gen->port);
	gen->port = gen->port + 1 < ports ? gen->port + 1 : 0;
	gen->begun++;
	sluice_pace_sent(&gen->pace, gen->size);
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
	bool more = find_next(gen);
	uint64_t finish =
		gen->wish.seconds ? gen->start + gen->wish.seconds * NS_PER_SECOND : UINT64_MAX;
	uint64_t told = gen->start;
	uint64_t before = 0;
	int error = 0;

	while (!stop && !error && more && (!gen->wish.count || gen->begun < gen->wish.count)) {
		uint64_t wake = sluice_pace_wake(&gen->pace, gen->size);
		uint64_t now = clock_ns();
		uint64_t units = gen->pace.units;
		uint64_t first = gen->begun;
		size_t source = gen->source;

		progress(gen, now, &told, &before);
		if (now >= finish)
			break;
		if (wake > now) {
			/* Not longer than to the next progress line. */
			uint64_t line = told + NS_PER_SECOND;
			uint64_t until = wake < finish ? wake : finish;

			/* A signal wakes one thread only. */
			if (gen->wish.threads > 1 && until > now + STOP_LOOK_NS)
				until = now + STOP_LOOK_NS;
			sleep_until(until < line || line <= now ? until : line);
			continue;
		}
		sluice_pace_forget(&gen->pace, gen->size, now);
		while (more && gen->source == source && gen->begun - first < limit &&
		       (!gen->wish.count || gen->begun < gen->wish.count) &&
		       (gen->begun == first || sluice_pace_joins(&gen->pace, now, units)) &&
		       add(gen))
			more = find_next(gen);
		note_gaps(gen, gen->begun - first);
		error = sluice_emitter_send(gen->emitter, source, &stop);
		if (gen->wish.burst)
			sluice_pace_close(&gen->pace, now, units);
		if (!gen->wish.keeps_ports)
			gen->source =
				gen->source + 1 < gen->wish.route.sources ? gen->source + 1 : 0;
	}
	gen->end = clock_ns();
	if (isatty(STDERR_FILENO) && !gen->wish.quiet && gen->number == 0)
		fputc('\n', stderr);
	return error;
}

/* Adds up what the threads did, into the first one's part: times are the longest, what was missed
 * the mean, since each thread has a part of the rate. Returns the counts. */
static struct sluice_emitter_counts add_up(struct gen *gens, size_t count, uint64_t *planned)
{
	struct sluice_emitter_counts sum = {0};
	uint64_t missed = 0;
	size_t index;

	*planned = 0;
	for (index = 0; index < count; index++) {
		const struct sluice_emitter_counts *counts =
			sluice_emitter_counts(gens[index].emitter);
		uint64_t own = sluice_pace_planned(&gens[index].pace);

		sum.sent += counts->sent;
		sum.bytes += counts->bytes;
		sum.errors += counts->errors;
		sum.retries += counts->retries;
		if (counts->last_error)
			sum.last_error = counts->last_error;
		missed += gens[index].pace.missed;
		*planned = own > *planned ? own : *planned;
		if (gens[index].end > gens->end)
			gens->end = gens[index].end;
		if (index > 0 && gens->gaps)
			sluice_histogram_merge(gens->gaps, gens[index].gaps);
	}
	gens->pace.missed = count ? missed / count : 0;
	return sum;
}

/* Prints what was in the capture, and what of it is never sent. */
static void print_capture(const struct sluice_replay *replay, bool json)
{
	size_t kind;

	if (json) {
		printf(",\"packets\":%" PRIu64 ",\"skipped\":{", replay->packets);
		for (kind = SLUICE_REPLAY_FRAGMENT; kind < SLUICE_REPLAY_KINDS; kind++)
			printf("%s\"%s\":%" PRIu64, kind == SLUICE_REPLAY_FRAGMENT ? "" : ",",
			       sluice_replay_kind_key((enum sluice_replay_kind)kind),
			       replay->kinds[kind]);
		putchar('}');
		return;
	}
	printf("capture   %" PRIu64 " packets, %zu datagrams", replay->packets, replay->count);
	for (kind = SLUICE_REPLAY_FRAGMENT; kind < SLUICE_REPLAY_KINDS; kind++)
		if (replay->kinds[kind])
			printf("; skipped, %s: %" PRIu64,
			       sluice_replay_kind_word((enum sluice_replay_kind)kind),
			       replay->kinds[kind]);
	putchar('\n');
}

/* Prints the result of all threads: `counts` and the longest `planned` are theirs. */
static void report(const struct gen *gen, const struct sluice_emitter_counts *counts,
		   uint64_t planned)
{
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
	if (gen->wish.poisson || gen->wish.last_rate || gen->wish.speed > 0)
		reached = (double)planned * 100 >= (double)spent * REACHED_PERCENT;
	if (gen->wish.json) {
		printf("{\"part\":\"gen\",\"sent\":%" PRIu64 ",\"bytes\":%" PRIu64
		       ",\"errors\":%" PRIu64 ",\"retries\":%" PRIu64
		       ",\"seconds\":%.3f,\"rate_bps\":%.0f,\"pps\":%.0f,\"missed_seconds\":%.3f"
		       ",\"reached\":%s,\"run\":\"%016" PRIx64 "\"",
		       counts->sent, counts->bytes, counts->errors, counts->retries, seconds, bps,
		       pps, missed, reached ? "true" : "false", gen->run);
		if (gen->replay)
			print_capture(gen->replay, true);
		puts("}");
		return;
	}
	printf("sent      %" PRIu64 " datagrams, %" PRIu64 " bytes to %s\n", counts->sent,
	       counts->bytes, gen->wish.to);
	printf("in        %.3f s: %.0f datagrams/s, %.3f Mbit/s of payload\n", seconds, pps,
	       bps / 1e6);
	if (gen->replay)
		print_capture(gen->replay, false);
	if (!reached && (gen->wish.poisson || gen->wish.last_rate || gen->wish.speed > 0))
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
}

/* Of `whole` the part of thread `number` of `count`, so that all parts together are all of it. */
static uint64_t part(uint64_t whole, size_t number, size_t count)
{
	uint64_t rest = whole % count;

	return whole / count + (number < rest);
}

/* Makes the wishes of the whole those of one thread. */
static void narrow(struct gen *gen, const struct sluice_gen_options *whole, size_t number)
{
	size_t count = whole->threads;
	size_t rest = whole->route.sources % count;

	gen->wish = *whole;
	gen->number = number;
	gen->wish.rate = part(whole->rate, number, count);
	gen->wish.last_rate = part(whole->last_rate, number, count);
	gen->wish.count = part(whole->count, number, count);
	gen->wish.burst = part(whole->burst, number, count);
	gen->wish.route.sources = (size_t)part(whole->route.sources, number, count);
	gen->wish.route.first =
		number * (whole->route.sources / count) + (number < rest ? number : rest);
	gen->wish.seed = whole->seed + number;
	gen->wish.sizes.random = gen->wish.seed;
}

/* Gets one thread's sockets and memory. Exit status. */
static int prepare(struct gen *gen)
{
	size_t flows = gen->wish.route.sources *
		       ((size_t)(gen->wish.route.last_port - gen->wish.route.first_port) + 1);
	const char *why = "";
	int error;

	gen->sequences = calloc(flows * SLUICE_PAYLOAD_PLAIN, sizeof(*gen->sequences));
	if (gen->wish.gaps_path)
		gen->gaps = sluice_histogram_new();
	if (!gen->sequences || (gen->wish.gaps_path && !gen->gaps)) {
		fprintf(stderr, "sluicebench gen: no memory for %zu flows\n", flows);
		return SLUICE_BENCH_FAILURE;
	}
	error = sluice_emitter_open(
		&gen->emitter, &gen->wish.route,
		gen->replay ? gen->replay->longest : sluice_sizes_most(&gen->wish.sizes), &why);
	if (error) {
		fprintf(stderr, "sluicebench gen: to %s: %s: %s\n", gen->wish.to, why,
			strerror(-error));
		return SLUICE_BENCH_FAILURE;
	}
	return SLUICE_BENCH_OK;
}

/* What the whole process needs, once: descriptors, signals, the run number. */
static void prepare_process(struct sluice_gen_options *wish, uint64_t *number)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct rlimit files;

	if (!wish->seeded && getrandom(&wish->seed, sizeof(wish->seed), 0) != sizeof(wish->seed))
		wish->seed = clock_ns() ^ (uint64_t)getpid() << 32;
	*number = sluice_random(&wish->seed);
	/* A socket for each source. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Keeps the caller's thread on one processor, the `number`th of those that it may use. */
static void pin(size_t number)
{
	cpu_set_t all;
	cpu_set_t one;
	size_t left;
	int cpu;

	if (sched_getaffinity(0, sizeof(all), &all) || CPU_COUNT(&all) == 0)
		return;
	left = number % (size_t)CPU_COUNT(&all);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all) || left-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

/* One thread: sends its part. */
static void *work(void *argument)
{
	struct gen *gen = argument;

	if (gen->wish.threads > 1)
		pin(gen->number);
	/* Wake when asked, not up to 50 µs later (prctl(2), PR_SET_TIMERSLACK). */
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	sluice_pace_start(&gen->pace, gen->wish.rate, gen->wish.rate_is_bits, gen->start);
	sluice_pace_start_bursts(&gen->pace, gen->wish.burst, gen->wish.every, gen->start);
	sluice_pace_make_ramp(&gen->pace, gen->wish.last_rate, gen->wish.over);
	if (gen->wish.speed > 0)
		sluice_pace_make_given(&gen->pace);
	if (gen->wish.poisson)
		sluice_pace_make_poisson(&gen->pace, gen->wish.seed);
	gen->error = run(gen);
	/* What ends one ends all. */
	if (gen->error)
		stop = true;
	return NULL;
}

/* Runs all threads to their end; the first is the caller's if it is the only one. 0 or the negative
 * errno of the first that failed. */
static int run_all(struct gen *gens, size_t count)
{
	uint64_t start = clock_ns();
	size_t started = 0;
	int error = 0;
	size_t index;

	for (index = 0; index < count; index++)
		gens[index].start = start;
	if (count == 1) {
		work(gens);
		return gens->error;
	}
	for (; started < count && !error; started += !error)
		error = -pthread_create(&gens[started].thread, NULL, work, &gens[started]);
	stop = stop || error;
	for (index = 0; index < started; index++) {
		pthread_join(gens[index].thread, NULL);
		error = error ? error : gens[index].error;
	}
	return error;
}

/* Reads the capture that is to be sent. Exit status, after saying what is wrong. */
static int read_capture(struct sluice_gen_options *wish, struct sluice_replay *replay)
{
	char text[SLUICE_REPLAY_TEXT] = "";
	int error = sluice_replay_read(replay, wish->capture, text);

	if (error) {
		fprintf(stderr, "sluicebench gen: --pcap %s: %s\n", wish->capture, text);
		return SLUICE_BENCH_FAILURE;
	}
	if (wish->keeps_ports) {
		wish->route.ports = replay->ports;
		wish->route.sources = replay->port_count;
	}
	return SLUICE_BENCH_OK;
}

/* As command.h says. */
int sluice_bench_gen(int argc, char **argv)
{
	struct sluice_gen_options *wish = calloc(1, sizeof(*wish));
	struct timespec last = {.tv_nsec = LAST_ERRORS_NS};
	struct sluice_emitter_counts counts;
	struct gen *gens = NULL;
	size_t index = 0;
	struct sluice_replay replay = {0};
	uint64_t planned;
	uint64_t number;
	int status = SLUICE_BENCH_FAILURE;
	int error;

	if (!wish)
		return SLUICE_BENCH_FAILURE;
	stop = false;
	status = sluice_gen_options_read(wish, argc, argv);
	if (status >= 0)
		goto out;
	status = SLUICE_BENCH_FAILURE;
	if (wish->capture && read_capture(wish, &replay))
		goto out;
	gens = calloc(wish->threads, sizeof(*gens));
	if (!gens)
		goto out;
	prepare_process(wish, &number);
	for (index = 0; index < wish->threads; index++) {
		narrow(&gens[index], wish, index);
		gens[index].run = number;
		gens[index].replay = wish->capture ? &replay : NULL;
		status = prepare(&gens[index]);
		if (status)
			goto out;
	}
	error = run_all(gens, wish->threads);
	nanosleep(&last, NULL);
	for (index = 0; index < wish->threads; index++)
		sluice_emitter_listen(gens[index].emitter);
	counts = add_up(gens, wish->threads, &planned);
	/* What was wished of all. */
	gens->wish.rate = wish->rate;
	report(gens, &counts, planned);
	status = write_gaps(gens);
	if (error) {
		fprintf(stderr, "sluicebench gen: sending to %s: %s\n", wish->to, strerror(-error));
		status = SLUICE_BENCH_FAILURE;
	} else if (wish->count && !wish->seconds && counts.sent < wish->count) {
		status = SLUICE_BENCH_WRONG;
	}
out:
	for (index = 0; gens && index < wish->threads; index++) {
		sluice_emitter_close(gens[index].emitter);
		sluice_histogram_free(gens[index].gaps);
		free(gens[index].sequences);
	}
	sluice_replay_free(&replay);
	free(gens);
	free(wish);
	return status;
}
