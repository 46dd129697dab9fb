// SPDX-License-Identifier: MIT
/*
 * The stop of the daemon as a state of its loop; see daemon.h. The foreman takes the engine's steps
 * (engine/stop.c), while signals and the control plane are served until the end. Touches: the
 * stop's clock, systemd.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include "../lib/event.h"
#include "../lib/log.h"
#include "../lib/service.h"
#include "daemon.h"

/* How often the foreman takes a step. */
#define STEP_NS 10000000L
/* The sentence of what waits is made anew after so many. */
#define STEPS_TO_A_TEXT 25U
/* Beyond the limit, and beyond the wish that it should end at once: who does not answer by then is
 * not waited for. */
#define GRACE_NS (1 * SLUICE_NS_PER_S)
#define HURRY_NS (3 * SLUICE_NS_PER_S)

/* A step for the foreman. */
struct step {
	struct sluice_job job;
	struct daemon *daemon;
	struct sluice_engine *engine;
	uint64_t limit_ns;
	unsigned int number;
	bool hurry;
	bool is_over; /* nothing is left but to free the engine */
	bool is_freed;
	char waits[SLUICE_STOP_TEXT];
};

/* The one that there is. */
static struct step step;

/* struct sluice_job.work: in the foreman's thread. */
static void work_step(struct sluice_job *job)
{
	(void)job;
	if (step.is_over) {
		sluice_engine_stop_end(step.engine);
		step.is_freed = true;
		return;
	}
	sluice_engine_stop_begin(step.engine, step.limit_ns);
	step.is_over = sluice_engine_stop_step(step.engine, step.hurry);
	if (!step.is_over && step.number++ % STEPS_TO_A_TEXT == 0)
		sluice_engine_stop_text(step.engine, step.waits);
}

/* Are there forwarded connections that have time yet to end by themselves? */
static bool is_forwarding(const struct daemon *daemon)
{
	uint64_t limit = daemon->stop_connections_ns;

	if (limit > daemon->stop_limit_ns)
		limit = daemon->stop_limit_ns;
	return !daemon->hurry && sluice_now() < daemon->stop_began + limit &&
	       sluice_forwards_connections(daemon->forwards);
}

/* struct sluice_job.done: in the control thread. */
static void done_step(struct sluice_job *job)
{
	struct daemon *daemon = step.daemon;

	(void)job;
	if (strcmp(daemon->waits, step.waits) != 0)
		(void)sluice_service_say("STATUS=stopping: %s", step.waits);
	memcpy(daemon->waits, step.waits, sizeof(daemon->waits));
	/* Nobody asks anything of it any more while it is freed. */
	if (step.is_over)
		daemon->engine = NULL;
	daemon->ended = step.is_freed && !is_forwarding(daemon);
}

void sluice_daemon_stop(struct daemon *daemon)
{
	const struct itimerspec often = {.it_value.tv_nsec = 1, .it_interval.tv_nsec = STEP_NS};

	daemon->stopping = true;
	sluice_watchdog_relent(daemon->watchdog);
	sluice_forwards_refuse(daemon->forwards);
	daemon->stop_began = sluice_now();
	step.job.work = work_step;
	step.job.done = done_step;
	step.daemon = daemon;
	step.engine = daemon->engine;
	step.limit_ns = daemon->stop_limit_ns;
	(void)sluice_service_say(
		"STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=%" PRIu64,
		(uint64_t)((daemon->stop_limit_ns + 10 * SLUICE_NS_PER_S) / SLUICE_NS_PER_US));
	sluice_notice("stopping: delivering what is in the rings, for %" PRIu64
		      " s at most (stop.limit); a second signal ends that",
		      (uint64_t)(daemon->stop_limit_ns / SLUICE_NS_PER_S));
	sluice_event_send(SLUICE_EVENT_STOPPING, "", daemon->relay ? daemon->relay : "",
			  "sluiced was told to stop; it delivers what it has");
	(void)timerfd_settime(daemon->clock, 0, &often, NULL);
}

void sluice_daemon_hurry(struct daemon *daemon)
{
	if (daemon->hurry)
		return;
	daemon->hurry = true;
	daemon->hurry_began = sluice_now();
	sluice_notice("a second signal: stopping without waiting");
}

/* Nobody else is waited for. The rings are files or the module's: what is in them stays. */
static void give_up(struct daemon *daemon)
{
	char text[SLUICE_SILENCE_TEXT];

	if (sluice_engine_silence(daemon->engine, text))
		sluice_error(
			"stopped: %s and is left behind; what is in the rings stays there, what "
			"is in its sockets is lost",
			text);
	else
		sluice_error(
			"stopped in the middle of something that takes too long; what is in the "
			"rings stays there");
	daemon->given_up = true;
	daemon->ended = true;
}

void sluice_daemon_go_on_stopping(struct daemon *daemon)
{
	uint64_t now = sluice_now();

	if (now > daemon->stop_began + daemon->stop_limit_ns + GRACE_NS ||
	    (daemon->hurry && now > daemon->hurry_began + HURRY_NS)) {
		give_up(daemon);
		return;
	}
	if (!sluice_foreman_collect(daemon->foreman, 0) || daemon->ended)
		return;
	if (step.is_freed) {
		daemon->ended = !is_forwarding(daemon);
		return;
	}
	step.hurry = daemon->hurry;
	(void)sluice_foreman_give(daemon->foreman, &step.job);
}
