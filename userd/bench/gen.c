// SPDX-License-Identifier: MIT
/*
 * sluicebench gen: the sender of the three servers. Sends numbered datagrams at a rate that it
 * keeps itself and counts exactly what the kernel took. One thread. Touches: its sockets, stdout,
 * stderr.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include "../lib/size.h"
#include "command.h"
#include "emitter.h"
#include "histogram.h"
#include "pace.h"
#include "payload.h"
#include "sizes.h"
#include "target.h"

#define NS_PER_SECOND 1000000000ULL
/* ICMP errors need a moment to come back from the last datagrams. */
#define LAST_ERRORS_NS 100000000L
/* Below this share of the wished rate, in percent, the rate counts as not reached. */
#define REACHED_PERCENT 99U
/* Largest UDP payload over IPv4 (RFC 768, RFC 791); the same for both families. */
/* What every kernel with UDP_SEGMENT takes as one (UDP_MAX_SEGMENTS). */
#define SEGMENTS_MOST 64U
#define DATAGRAM_MOST 65507U
/* The longest time between bursts, in microseconds. */
#define DAY_US 86400000000ULL

/* What the command line asks for, and the run it becomes. */
struct gen {
	struct sluice_emitter_route route;
	struct sluice_sizes sizes;
	uint64_t rate;
	bool rate_is_bits;
	uint64_t count;	  /* 0: no limit */
	uint64_t seconds; /* 0: no limit */
	uint64_t seed;
	uint64_t burst;		       /* 0: spaced by the rate */
	uint64_t every;		       /* nanoseconds between bursts */
	const char *gaps_path;	       /* points into argv; NULL: gaps are not looked at */
	struct sluice_histogram *gaps; /* @owner gen */
	uint64_t left;		       /* when the datagrams before were handed over; 0: none */
	bool seeded;
	bool json;
	bool quiet;
	const char *to; /* points into argv */

	struct sluice_emitter *emitter;
	struct sluice_pace pace;
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

/* Prints how it is used. */
static void usage(FILE *to)
{
	fputs("usage: sluicebench gen --to HOST:PORT[-PORT] [OPTION...]\n\n"
	      "Sends numbered UDP datagrams and spaces them itself.\n\n"
	      "  --to HOST:PORT[-PORT]  where to; several ports are taken in turn; IPv6 as "
	      "[ADDRESS]:PORT\n"
	      "  --rate RATE            100mbit (of payload), 50kpps, or max (default 1kpps)\n"
	      "  --size SIZE[,...]      bytes, 0 to 65507, or MIN-MAX; a list is taken in turn "
	      "(default 200)\n"
	      "  --count N              so many datagrams (default: until stopped)\n"
	      "  --seconds S            for so long\n"
	      "  --flows N              so many source ports, taken in turn (default 1)\n"
	      "  --segments N           hands the kernel up to N datagrams of one size as one "
	      "(UDP_SEGMENT)\n"
	      "  --from ADDRESS[:PORT]  source address, and the first source port\n"
	      "  --burst N --every TIME  N at once, as fast as can be, each TIME (10ms, 1s), "
	      "instead "
	      "of --rate\n"
	      "  --gaps FILE            write how the times between datagrams are spread (.hgrm)\n"
	      "  --seed N               the same run number and sizes every time\n"
	      "  -q, --quiet            no progress on stderr\n"
	      "  -j, --json             the result as JSON instead of text and RESULT line\n"
	      "\nErrors that come back (ICMP) are counted and do not stop it. Lack of room is "
	      "waited for.\n",
	      to);
}

/* Says what is wrong with the command line. Returns the exit status. */
static int wrong(const char *what, const char *text, const char *form)
{
	fprintf(stderr, "sluicebench gen: %s '%s': %s\n", what, text, form);
	return SLUICE_BENCH_USAGE;
}

/* Reads --to. Exit status. */
static int read_to(struct gen *gen, const char *text)
{
	const char *why = sluice_target_parse(text, &gen->route);

	return why ? wrong("--to", text, why) : SLUICE_BENCH_OK;
}

/* Reads --from, an address of the family of --to. Exit status. */
static int read_from(struct gen *gen, const char *text)
{
	struct sluice_port_span ports[SLUICE_PORT_LIST_MAX];
	size_t count = 0;
	const char *why;
	char *copy = strdup(text);
	char *host;
	char *tail;
	int status = SLUICE_BENCH_USAGE;

	if (!copy)
		return SLUICE_BENCH_FAILURE;
	tail = sluice_target_cut(copy, &host);
	if (tail && *tail &&
	    (sluice_port_list_parse(tail, ports, &count) || count != 1 ||
	     ports[0].first != ports[0].last || ports[0].first + gen->route.sources > 65536)) {
		wrong("--from", text,
		      "is not ADDRESS or ADDRESS:PORT with --flows ports from there on");
		goto out;
	}
	why = sluice_target_resolve(host, gen->route.to.any.sa_family, true, &gen->route.from);
	if (why) {
		wrong("--from", text, why);
		goto out;
	}
	if (count && gen->route.from.any.sa_family == AF_INET6)
		gen->route.from.v6.sin6_port = htobe16(ports[0].first);
	else if (count)
		gen->route.from.v4.sin_port = htobe16(ports[0].first);
	status = SLUICE_BENCH_OK;
out:
	free(copy);
	return status;
}

/* Checks what only shows when all options are known. Exit status. */
static int check(const struct gen *gen, const char *size_text, const char *rate_text)
{
	size_t flows =
		gen->route.sources * ((size_t)(gen->route.last_port - gen->route.first_port) + 1);

	if (gen->rate_is_bits && sluice_sizes_most(&gen->sizes) == 0)
		return wrong("--rate", rate_text,
			     "empty datagrams have no bits: give datagrams a second (kpps)");
	if (gen->route.segments > 1 &&
	    (gen->route.last_port != gen->route.first_port ||
	     sluice_sizes_least(&gen->sizes) != sluice_sizes_most(&gen->sizes) ||
	     sluice_sizes_most(&gen->sizes) == 0 ||
	     (uint64_t)gen->route.segments * sluice_sizes_most(&gen->sizes) > DATAGRAM_MOST))
		return wrong("--segments", size_text,
			     "needs one port and one size, together at most 65507 bytes");
	if (flows > SLUICE_PAYLOAD_FLOWS)
		return wrong("--flows", "", "ports times flows is more than 262144");
	if (flows > SLUICE_PAYLOAD_FLOWS_SHORT &&
	    sluice_sizes_least(&gen->sizes) < SLUICE_PAYLOAD_FULL_SIZE)
		return wrong(
			"--size", size_text,
			"below 32 bytes only 4096 flows (ports times flows) can be told apart");
	return SLUICE_BENCH_OK;
}

/* Reads a whole number of at least `least` for `option`. Exit status. */
static int read_number(const char *option, const char *text, uint64_t least, uint64_t most,
		       uint64_t *number)
{
	if (sluice_number_parse(text, number) || *number < least || *number > most)
		return wrong(option, text, "is not a whole number in its range");
	return SLUICE_BENCH_OK;
}

/* Reads the command line. -1: go on; else the exit status. */
static int read_options(struct gen *gen, int argc, char **argv)
{
	static const struct option options[] = {
		{"to", required_argument, NULL, 't'},
		{"rate", required_argument, NULL, 'r'},
		{"size", required_argument, NULL, 's'},
		{"count", required_argument, NULL, 'n'},
		{"seconds", required_argument, NULL, 'S'},
		{"flows", required_argument, NULL, 'f'},
		{"from", required_argument, NULL, 'F'},
		{"seed", required_argument, NULL, 'e'},
		{"quiet", no_argument, NULL, 'q'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{"segments", required_argument, NULL, 'g'},
		{"burst", required_argument, NULL, 'b'},
		{"every", required_argument, NULL, 'E'},
		{"gaps", required_argument, NULL, 'G'},
		{NULL, 0, NULL, 0},
	};
	const char *to = NULL;
	const char *from = NULL;
	const char *rate = "1kpps";
	const char *size = "200";
	uint64_t flows = 1;
	uint64_t segments = 1;
	int status = SLUICE_BENCH_OK;
	int option;

	optind = 1;
	while (!status && (option = getopt_long(argc, argv, "qjh", options, NULL)) != -1) {
		switch (option) {
		case 't':
			to = optarg;
			break;
		case 'r':
			rate = optarg;
			break;
		case 's':
			size = optarg;
			break;
		case 'n':
			status = read_number("--count", optarg, 1, SLUICE_PAYLOAD_SEQUENCES,
					     &gen->count);
			break;
		case 'S':
			status = read_number("--seconds", optarg, 1, 1ULL << 32, &gen->seconds);
			break;
		case 'f':
			status = read_number("--flows", optarg, 1, UINT16_MAX, &flows);
			break;
		case 'g':
			status = read_number("--segments", optarg, 1, SEGMENTS_MOST, &segments);
			break;
		case 'b':
			status = read_number("--burst", optarg, 1, UINT32_MAX, &gen->burst);
			break;
		case 'E':
			if (sluice_duration_parse(optarg, &gen->every) || gen->every == 0 ||
			    gen->every > DAY_US)
				return wrong("--every", optarg, "is not a time such as 10ms");
			gen->every *= 1000;
			break;
		case 'G':
			gen->gaps_path = optarg;
			break;
		case 'F':
			from = optarg;
			break;
		case 'e':
			status = read_number("--seed", optarg, 0, UINT64_MAX, &gen->seed);
			gen->seeded = true;
			break;
		case 'q':
			gen->quiet = true;
			break;
		case 'j':
			gen->json = true;
			break;
		case 'h':
			usage(stdout);
			return SLUICE_BENCH_OK;
		default:
			return SLUICE_BENCH_USAGE;
		}
	}
	if (status)
		return status;
	if (!to || optind != argc) {
		usage(stderr);
		return SLUICE_BENCH_USAGE;
	}
	if ((gen->burst > 0) != (gen->every > 0))
		return wrong("--burst", "", "goes with --every, and the other way round");
	if (gen->burst)
		rate = "max";
	gen->to = to;
	gen->route.sources = flows;
	gen->route.segments = (unsigned int)segments;
	if (sluice_sizes_parse(size, DATAGRAM_MOST, &gen->sizes))
		return wrong("--size", size,
			     "is not a size (0 to 65507), a range MIN-MAX, or a list of them");
	if (sluice_bench_rate_parse(rate, &gen->rate, &gen->rate_is_bits))
		return wrong("--rate", rate, "is not a rate such as 100mbit, 50kpps or max");
	status = read_to(gen, to);
	if (!status && from)
		status = read_from(gen, from);
	if (!status)
		status = check(gen, size, rate);
	return status ? status : -1;
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

	if (gen->quiet || now - *told < NS_PER_SECOND)
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
	size_t ports = (size_t)(gen->route.last_port - gen->route.first_port) + 1;
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
	uint64_t share = gen->count ? gen->count / gen->route.sources : UINT64_MAX;

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
	file = fopen(gen->gaps_path, "we");
	if (file)
		sluice_histogram_write(gen->gaps, file);
	if (!file || fclose(file)) {
		fprintf(stderr, "sluicebench gen: --gaps %s: %s\n", gen->gaps_path,
			strerror(errno));
		return SLUICE_BENCH_FAILURE;
	}
	return SLUICE_BENCH_OK;
}

/* Sends all of it. 0 or the negative errno that ended it early. */
static int run(struct gen *gen)
{
	uint64_t limit = burst_limit(gen);
	uint32_t size = sluice_sizes_next(&gen->sizes);
	uint64_t finish = gen->seconds ? gen->start + gen->seconds * NS_PER_SECOND : UINT64_MAX;
	uint64_t told = gen->start;
	uint64_t before = 0;
	int error = 0;

	while (!stop && !error && (!gen->count || gen->begun < gen->count)) {
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
		while (gen->begun - first < limit && (!gen->count || gen->begun < gen->count) &&
		       (gen->begun == first || sluice_pace_joins(&gen->pace, now, units)) &&
		       add(gen, size))
			size = sluice_sizes_next(&gen->sizes);
		note_gaps(gen, gen->begun - first);
		error = sluice_emitter_send(gen->emitter, gen->source, &stop);
		if (gen->burst)
			sluice_pace_close(&gen->pace, now, units);
		gen->source = gen->source + 1 < gen->route.sources ? gen->source + 1 : 0;
	}
	gen->end = clock_ns();
	if (isatty(STDERR_FILENO) && !gen->quiet)
		fputc('\n', stderr);
	return error;
}

/* Prints the result. Returns true if the wished rate was reached. */
static bool report(const struct gen *gen)
{
	const struct sluice_emitter_counts *counts = sluice_emitter_counts(gen->emitter);
	uint64_t planned = sluice_pace_duration(&gen->pace, gen->pace.units);
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
	reached = gen->rate == 0 ||
		  (gen->rate_is_bits ? bps : pps) * 100 >= (double)gen->rate * REACHED_PERCENT;
	if (gen->json) {
		printf("{\"part\":\"gen\",\"sent\":%" PRIu64 ",\"bytes\":%" PRIu64
		       ",\"errors\":%" PRIu64 ",\"retries\":%" PRIu64
		       ",\"seconds\":%.3f,\"rate_bps\":%.0f,\"pps\":%.0f,\"missed_seconds\":%.3f"
		       ",\"reached\":%s,\"run\":\"%016" PRIx64 "\"}\n",
		       counts->sent, counts->bytes, counts->errors, counts->retries, seconds, bps,
		       pps, missed, reached ? "true" : "false", gen->run);
		return reached;
	}
	printf("sent      %" PRIu64 " datagrams, %" PRIu64 " bytes to %s\n", counts->sent,
	       counts->bytes, gen->to);
	printf("in        %.3f s: %.0f datagrams/s, %.3f Mbit/s of payload\n", seconds, pps,
	       bps / 1e6);
	if (!reached)
		printf("rate      NOT REACHED: %.0f of %" PRIu64 " %s\n",
		       gen->rate_is_bits ? bps : pps, gen->rate,
		       gen->rate_is_bits ? "bit/s" : "datagrams/s");
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
	size_t flows =
		gen->route.sources * ((size_t)(gen->route.last_port - gen->route.first_port) + 1);
	struct sigaction action = {.sa_handler = on_signal};
	const char *why = "";
	int error;

	if (!gen->seeded && getrandom(&gen->seed, sizeof(gen->seed), 0) != sizeof(gen->seed))
		gen->seed = clock_ns() ^ (uint64_t)getpid() << 32;
	gen->run = sluice_random(&gen->seed);
	gen->sizes.random = gen->seed;
	gen->sequences = calloc(flows * SLUICE_PAYLOAD_PLAIN, sizeof(*gen->sequences));
	if (gen->gaps_path)
		gen->gaps = sluice_histogram_new();
	if (!gen->sequences || (gen->gaps_path && !gen->gaps)) {
		fprintf(stderr, "sluicebench gen: no memory for %zu flows\n", flows);
		return SLUICE_BENCH_FAILURE;
	}
	error = sluice_emitter_open(&gen->emitter, &gen->route, sluice_sizes_most(&gen->sizes),
				    &why);
	if (error) {
		fprintf(stderr, "sluicebench gen: to %s: %s: %s\n", gen->to, why, strerror(-error));
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
	status = read_options(gen, argc, argv);
	if (status < 0)
		status = prepare(gen);
	if (!gen->emitter)
		goto out;
	gen->start = clock_ns();
	sluice_pace_start(&gen->pace, gen->rate, gen->rate_is_bits, gen->start);
	sluice_pace_start_bursts(&gen->pace, gen->burst, gen->every, gen->start);
	error = run(gen);
	nanosleep(&last, NULL);
	sluice_emitter_listen(gen->emitter);
	report(gen);
	status = write_gaps(gen);
	if (error) {
		fprintf(stderr, "sluicebench gen: sending to %s: %s\n", gen->to, strerror(-error));
		status = SLUICE_BENCH_FAILURE;
	} else if (gen->count && !gen->seconds &&
		   sluice_emitter_counts(gen->emitter)->sent < gen->count) {
		status = SLUICE_BENCH_WRONG;
	}
out:
	sluice_emitter_close(gen->emitter);
	sluice_histogram_free(gen->gaps);
	free(gen->sequences);
	free(gen);
	return status;
}
