// SPDX-License-Identifier: MIT
/*
 * One trial of a search: see tester.h. The sender is the caller's thread; behind the relay is
 * catcher.c. Touches: its sockets, files of /proc and /sys.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sluice/record.h>
#include "../lib/clock.h"
#include "catcher.h"
#include "pace.h"
#include "relay_counters.h"
#include "tester.h"

/* From the order to the first datagram. */
#define LEAD_NS (5 * SLUICE_NS_PER_MS)
/* How often it is looked whether all has come; and what repeated ones get when it has. */
#define LOOK_NS SLUICE_NS_PER_MS
#define REPEATED_NS (20 * SLUICE_NS_PER_MS)
/* Nothing drains for longer than this. */
#define DRAIN_NS (600 * SLUICE_NS_PER_S)
/* Parts of a trial, in tenths, whose lowest number of waiting datagrams is compared: the lowest, as
 * a relay that keeps up gets there again and again, however unevenly it is let run. */
#define EARLY_FROM 1U
#define EARLY_TO 3U
#define FINAL_FROM 8U

struct sluice_tester {
	const struct sluice_tester_setup *setup;
	const volatile sig_atomic_t *stop;
	struct sluice_sink_rules rules;
	struct sluice_sizes sizes;
	struct sluice_catcher *catcher;	   /* @owner tester */
	struct sluice_emitter *emitter[2]; /* @owner tester; through the relay, and bare */
	uint32_t next;			   /* size of the next datagram */
	struct sluice_histogram *lateness; /* @owner tester */
	uint64_t seed;
};

/* The traffic of a trial. */
struct traffic {
	struct sluice_emitter *emitter;
	struct sluice_pace pace;
	size_t ports;
	size_t sources;
	size_t source;
	uint64_t run;
	uint64_t start;
	uint64_t end;
	uint64_t late;	   /* what is not out by then was not sent in time */
	uint64_t intended; /* UINT64_MAX: as many as go out in the time */
	uint64_t begun;
	uint64_t early; /* lowest numbers of waiting datagrams; UINT64_MAX: not looked */
	uint64_t final;
	uint64_t sent_before;
};

/* As tester.h says. @threadsafe */
const char *sluice_tester_place_name(enum sluice_tester_place place)
{
	static const char *const names[SLUICE_TESTER_PLACES] = {
		[SLUICE_TESTER_SENDER] = "sender",     [SLUICE_TESTER_CARD] = "card",
		[SLUICE_TESTER_SOFTNET] = "softnet",   [SLUICE_TESTER_SOCKET] = "socket",
		[SLUICE_TESTER_RING] = "ring",	       [SLUICE_TESTER_STORE] = "store",
		[SLUICE_TESTER_RELAY] = "relay",       [SLUICE_TESTER_PORT] = "no_port",
		[SLUICE_TESTER_WAITING] = "waiting",   [SLUICE_TESTER_RECEIVER] = "damaged",
		[SLUICE_TESTER_UNFOUND] = "not_found",
	};

	return place < SLUICE_TESTER_PLACES ? names[place] : "?";
}

/* As tester.h says. @context process */
int sluice_tester_open(struct sluice_tester **tester, const struct sluice_tester_setup *setup,
		       const volatile sig_atomic_t *stop, const char **why)
{
	struct sluice_emitter_route bare = {.sources = 1};
	struct sluice_tester *made;
	int error;

	if (!tester || !setup || !stop || !why)
		return -EINVAL;
	*why = "no memory";
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->setup = setup;
	made->stop = stop;
	made->rules = setup->rules;
	made->sizes = setup->sizes;
	made->next = sluice_sizes_next(&made->sizes);
	made->lateness = sluice_histogram_new();
	error = -ENOMEM;
	if (!made->lateness)
		goto failed;
	if (getrandom(&made->seed, sizeof(made->seed), 0) != sizeof(made->seed))
		made->seed = sluice_now() ^ (uint64_t)getpid() << 32;
	error = sluice_catcher_open(&made->catcher, &made->rules, setup->address, setup->ports,
				    setup->port_count, why);
	if (error)
		goto failed;
	bare.to.v4.sin_family = AF_INET;
	bare.to.v4.sin_addr.s_addr = htobe32(INADDR_LOOPBACK);
	bare.first_port = sluice_catcher_port(made->catcher);
	bare.last_port = bare.first_port;
	error = sluice_emitter_open(&made->emitter[0], &setup->route, setup->size, why);
	if (!error)
		error = sluice_emitter_open(&made->emitter[1], &bare, setup->size, why);
	if (error)
		goto failed;
	/* Wake when asked, not up to 50 µs later (prctl(2), PR_SET_TIMERSLACK). */
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	*tester = made;
	return 0;
failed:
	sluice_tester_close(made);
	return error;
}

/* As tester.h says. NULL is allowed. @context process */
void sluice_tester_close(struct sluice_tester *tester)
{
	if (!tester)
		return;
	sluice_emitter_close(tester->emitter[0]);
	sluice_emitter_close(tester->emitter[1]);
	sluice_catcher_close(tester->catcher);
	sluice_histogram_free(tester->lateness);
	free(tester);
}

/* Sleeps until `wake`. */
static void sleep_until(uint64_t wake)
{
	struct timespec when = {.tv_sec = (time_t)(wake / SLUICE_NS_PER_S),
				.tv_nsec = (long)(wake % SLUICE_NS_PER_S)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

/* How many the kernel took of this trial. */
static uint64_t sent_of(const struct traffic *traffic)
{
	return sluice_emitter_counts(traffic->emitter)->sent - traffic->sent_before;
}

/* Fills a burst, and notes when it should have gone. False: nothing was added. */
static bool fill(struct sluice_tester *tester, struct traffic *traffic, uint64_t now)
{
	uint64_t units = traffic->pace.units;
	uint64_t first = traffic->begun;
	uint64_t index;
	uint64_t left;

	while (traffic->begun < traffic->intended &&
	       (traffic->begun == first || sluice_pace_joins(&traffic->pace, now, units))) {
		size_t port = (size_t)(traffic->begun % traffic->ports);
		uint8_t *payload = sluice_emitter_add(traffic->emitter, port, tester->next);
		uint32_t size = tester->next;

		if (!payload)
			break;
		tester->next = sluice_sizes_next(&tester->sizes);
		/* The number counts over all flows: it says when the datagram was due. */
		sluice_payload_write(payload, size, traffic->run,
				     (uint32_t)(traffic->source * traffic->ports + port),
				     traffic->begun++);
		sluice_pace_sent(&traffic->pace, size);
	}
	left = sluice_now();
	for (index = first; traffic->pace.rate && index < traffic->begun; index++) {
		uint64_t due = traffic->start + sluice_pace_duration(&traffic->pace, index);

		sluice_histogram_add(tester->lateness, left > due ? left - due : 0, 1);
	}
	return traffic->begun > first;
}

/* Looks how many are waiting in the relay. */
static void look(const struct sluice_tester *tester, struct traffic *traffic, uint64_t now)
{
	uint64_t received = sluice_catcher_counts(tester->catcher).received;
	uint64_t sent = sent_of(traffic);
	uint64_t waiting = sent > received ? sent - received : 0;
	uint64_t tenth = (traffic->end - traffic->start) / 10 + 1;
	uint64_t part = now > traffic->start ? (now - traffic->start) / tenth : 0;

	if (part >= EARLY_FROM && part < EARLY_TO && waiting < traffic->early)
		traffic->early = waiting;
	if (part >= FINAL_FROM && waiting < traffic->final)
		traffic->final = waiting;
}

/* Sends a trial's traffic. 0 or a negative errno. */
static int send_all(struct sluice_tester *tester, struct traffic *traffic)
{
	static const volatile bool never;
	int error = 0;

	while (!error && traffic->begun < traffic->intended) {
		uint64_t wake = sluice_pace_wake(&traffic->pace, tester->setup->size);
		uint64_t now = sluice_now();
		uint64_t units = traffic->pace.units;

		if (*tester->stop)
			return -EINTR;
		if (now >= traffic->late)
			break;
		if (wake > now) {
			sleep_until(wake);
			continue;
		}
		if (fill(tester, traffic, now))
			error = sluice_emitter_send(traffic->emitter, traffic->source, &never);
		sluice_pace_close(&traffic->pace, now, units);
		traffic->source = traffic->source + 1 < traffic->sources ? traffic->source + 1 : 0;
		look(tester, traffic, now);
	}
	return error;
}

/* Lets the caller's thread go before all others, or no more. 0 or a negative errno. */
static int go_first(bool first)
{
	struct sched_param parameter = {.sched_priority = first ? 1 : 0};

	/* What it starts, a relay for example, is not to have it. */
	if (sched_setscheduler(0, (first ? SCHED_FIFO : SCHED_OTHER) | SCHED_RESET_ON_FORK,
			       &parameter))
		return -errno;
	return 0;
}

/* Sends a trial's traffic as the setup wishes. 0 or a negative errno. */
static int send_traffic(struct sluice_tester *tester, struct traffic *traffic)
{
	/* One that never waits would keep a processor from the relay. */
	bool first = tester->setup->realtime && traffic->pace.rate > 0;
	int error = first ? go_first(true) : 0;

	if (error)
		return error;
	sleep_until(traffic->start);
	error = send_all(tester, traffic);
	if (first)
		go_first(false);
	return error;
}

/* Waits until all has come, or nothing comes any more. 0 or -EINTR. */
static int settle(const struct sluice_tester *tester, uint64_t sent, uint64_t since)
{
	for (;;) {
		struct sluice_catcher_counts counts = sluice_catcher_counts(tester->catcher);
		uint64_t now = sluice_now();
		uint64_t latest = counts.last > since ? counts.last : since;

		if (*tester->stop)
			return -EINTR;
		if (counts.received >= sent) {
			sleep_until(now + REPEATED_NS);
			return 0;
		}
		if (now - latest >= tester->setup->settle_ns || now - since >= DRAIN_NS)
			return 0;
		sleep_until(now + LOOK_NS);
	}
}

/* Takes up to `known` of what is left to explain for a place. */
static void explain(struct sluice_tester_result *result, enum sluice_tester_place place,
		    uint64_t known, uint64_t *left)
{
	uint64_t part = known < *left ? known : *left;

	result->place[place] += part;
	*left -= part;
}

/* Says where the losses happened: from the nearest to the relay's own account on to counters of the
 * whole machine, until all are explained. */
static void place_losses(struct sluice_tester_result *result, const uint64_t *gap, uint64_t damaged,
			 const struct sluice_bench_counters *counted)
{
	uint64_t missing = result->sent > result->received ? result->sent - result->received : 0;
	uint64_t unsent = result->intended > result->sent ? result->intended - result->sent : 0;
	uint64_t waiting = result->late > result->growth ? result->late : result->growth;
	uint64_t most = result->received;
	size_t cause;

	result->place[SLUICE_TESTER_SENDER] = unsent;
	explain(result, SLUICE_TESTER_WAITING, waiting, &most);
	explain(result, SLUICE_TESTER_RING, gap[SLUICE_LOST_RING_FULL] + gap[SLUICE_LOST_NO_RING],
		&missing);
	explain(result, SLUICE_TESTER_SOCKET, gap[SLUICE_LOST_SOCKET], &missing);
	explain(result, SLUICE_TESTER_STORE, gap[SLUICE_LOST_OLDEST] + gap[SLUICE_LOST_DISK],
		&missing);
	for (cause = 0; cause < SLUICE_LEDGER_CAUSES; cause++)
		if (cause != SLUICE_LOST_RING_FULL && cause != SLUICE_LOST_NO_RING &&
		    cause != SLUICE_LOST_SOCKET && cause != SLUICE_LOST_OLDEST &&
		    cause != SLUICE_LOST_DISK)
			explain(result, SLUICE_TESTER_RELAY, gap[cause], &missing);
	/* What the relay tells of its sockets the kernel has counted too. */
	explain(result, SLUICE_TESTER_SOCKET,
		counted->sockets > gap[SLUICE_LOST_SOCKET]
			? counted->sockets - gap[SLUICE_LOST_SOCKET]
			: 0,
		&missing);
	explain(result, SLUICE_TESTER_PORT, counted->no_ports, &missing);
	explain(result, SLUICE_TESTER_SOFTNET, counted->softnet, &missing);
	explain(result, SLUICE_TESTER_CARD, counted->card, &missing);
	explain(result, SLUICE_TESTER_RECEIVER, damaged, &missing);
	result->place[SLUICE_TESTER_UNFOUND] = missing;
	for (cause = 0; cause < SLUICE_TESTER_PLACES; cause++)
		result->lost += result->place[cause];
}

/* What the traffic of an order is. */
static struct traffic plan(struct sluice_tester *tester, const struct sluice_tester_order *order)
{
	const struct sluice_emitter_route *route = &tester->setup->route;
	struct traffic traffic = {.emitter = tester->emitter[order->bare ? 1 : 0],
				  .run = sluice_random(&tester->seed),
				  .early = UINT64_MAX,
				  .final = UINT64_MAX};
	uint64_t late;

	traffic.ports = order->bare ? 1 : (size_t)(route->last_port - route->first_port) + 1;
	traffic.sources = order->bare ? 1 : route->sources;
	traffic.intended =
		order->load ? (uint64_t)((double)order->load * order->seconds + 0.5) : order->burst;
	if (traffic.intended == 0)
		traffic.intended = UINT64_MAX;
	traffic.sent_before = sluice_emitter_counts(traffic.emitter)->sent;
	traffic.start = sluice_now() + LEAD_NS;
	traffic.end = traffic.start + (uint64_t)(order->seconds * 1e9);
	late = tester->setup->late_ns ? tester->setup->late_ns
				      : (uint64_t)(tester->setup->width * order->seconds * 1e9);
	/* What the clockwork gathers may always leave. */
	traffic.late = traffic.end + (late > SLUICE_PACE_GATHER_NS ? late : SLUICE_PACE_GATHER_NS);
	sluice_pace_start(&traffic.pace, order->load, false, traffic.start);
	return traffic;
}

/* How many more were waiting near the end than near the beginning; 0 if that is within the width.
 */
static uint64_t growth_of(const struct sluice_tester_setup *setup, const struct traffic *traffic,
			  const struct sluice_tester_result *result)
{
	double tolerance = setup->width * (double)result->intended * (FINAL_FROM - EARLY_FROM) / 10;
	/* What never came looks as if it were waiting. */
	uint64_t missing = result->sent > result->received ? result->sent - result->received : 0;

	if (traffic->pace.rate == 0 || traffic->early == UINT64_MAX ||
	    traffic->final == UINT64_MAX || traffic->final < traffic->early + missing ||
	    (double)(traffic->final - traffic->early - missing) <= tolerance)
		return 0;
	return traffic->final - traffic->early - missing;
}

/* As tester.h says. @context process */
int sluice_tester_trial(struct sluice_tester *tester, const struct sluice_tester_order *order,
			struct sluice_tester_result *result)
{
	struct traffic traffic = plan(tester, order);
	struct sluice_catcher_run run = {.run = traffic.run,
					 .start = traffic.start,
					 .rate = order->load,
					 .late = UINT64_MAX};
	struct sluice_bench_counters before;
	struct sluice_bench_counters after;
	struct sluice_ledger_sums sums_before;
	struct sluice_ledger_sums sums;
	struct sluice_catcher_counts counts;
	uint64_t gap[SLUICE_LEDGER_CAUSES];
	uint64_t told[2][SLUICE_LOST_CAUSES];
	const char *command = order->bare ? NULL : tester->setup->counters;
	uint64_t stopped;
	size_t cause;
	int error;

	memset(result, 0, sizeof(*result));
	if (order->load)
		run.late = traffic.late + tester->setup->grace_ns;
	sluice_histogram_clear(tester->lateness);
	sluice_catcher_expect(tester->catcher, &run);
	sluice_bench_counters_read(&before);
	error = sluice_catcher_sums(tester->catcher, &sums_before);
	if (error)
		return error;
	/* What it has not told before it was there is told when it is: by await_relay(). */
	if (sluice_relay_counters_read(command, told[0]))
		command = NULL;
	error = send_traffic(tester, &traffic);
	if (error)
		return error;
	stopped = sluice_now();
	result->sent = sent_of(&traffic);
	counts = sluice_catcher_counts(tester->catcher);
	result->waiting = result->sent > counts.received ? result->sent - counts.received : 0;
	error = settle(tester, result->sent, stopped);
	if (!error)
		error = sluice_catcher_sums(tester->catcher, &sums);
	if (error)
		return error;
	sluice_emitter_listen(traffic.emitter);
	sluice_bench_counters_read(&after);
	sluice_bench_counters_since(&after, &before);
	counts = sluice_catcher_counts(tester->catcher);
	result->intended = traffic.intended == UINT64_MAX ? result->sent : traffic.intended;
	result->received = counts.received;
	result->late = counts.late;
	result->repeated = sums.repeated - sums_before.repeated;
	result->seconds = (double)(stopped - traffic.start) / 1e9;
	result->drain_seconds = counts.last > stopped ? (double)(counts.last - stopped) / 1e9 : 0;
	memcpy(result->cpu, after.cpu, sizeof(after.cpu));
	result->growth = growth_of(tester->setup, &traffic, result);
	if (sluice_relay_counters_read(command, told[1]))
		memcpy(told[1], told[0], sizeof(told[0]));
	for (cause = 0; cause < SLUICE_LEDGER_CAUSES; cause++) {
		gap[cause] = sums.gap[cause] - sums_before.gap[cause];
		/* Told in the stream, and by the counters: the same losses. */
		if (cause < SLUICE_LOST_CAUSES && told[1][cause] - told[0][cause] > gap[cause])
			gap[cause] = told[1][cause] - told[0][cause];
	}
	place_losses(result, gap, sums.damaged - sums_before.damaged, &after);
	return 0;
}

/* As tester.h says. */
const struct sluice_histogram *sluice_tester_latency(const struct sluice_tester *tester)
{
	return sluice_catcher_latency(tester->catcher);
}

/* As tester.h says. */
const struct sluice_histogram *sluice_tester_lateness(const struct sluice_tester *tester)
{
	return tester->lateness;
}
