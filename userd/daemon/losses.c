// SPDX-License-Identifier: MIT
/*
 * Losses as events; see losses.h. Touches: what losses.h says.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "../lib/clock.h"
#include "../lib/event.h"
#include "../lib/lost.h"
#include "daemon.h"
#include "losses.h"

#define PAUSE_NS SLUICE_NS_PER_S	 /* between two looks, so between two events of an input */
#define BUSY_NS (100 * SLUICE_NS_PER_MS) /* the foreman has no time: try again */

/* What of an input was told. */
struct sluice_known_losses {
	sluice_guid input;
	uint64_t lost[SLUICE_LOST_CAUSES];
};

/* eventfd of the one that there is; -1: nobody looks. */
static int wakes = -1;

/* sluice_event_listen_losses(). @threadsafe */
static void wake(void)
{
	const uint64_t one = 1;

	/* Cannot fail: the counter is far from its limit. */
	(void)!write(wakes, &one, sizeof(one));
}

int sluice_losses_open(struct sluice_losses *losses, int epoll)
{
	struct epoll_event event = {.events = EPOLLIN};
	int error = 0;

	losses->wakes = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	losses->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	losses->is_open = true;
	if (losses->wakes < 0 || losses->timer < 0)
		error = -errno;
	event.data.fd = losses->wakes;
	if (!error && epoll_ctl(epoll, EPOLL_CTL_ADD, losses->wakes, &event))
		error = -errno;
	event.data.fd = losses->timer;
	if (!error && epoll_ctl(epoll, EPOLL_CTL_ADD, losses->timer, &event))
		error = -errno;
	if (error)
		return error;
	wakes = losses->wakes;
	sluice_event_listen_losses(wake);
	return 0;
}

void sluice_losses_close(struct sluice_losses *losses)
{
	if (!losses->is_open)
		return;
	sluice_event_listen_losses(NULL);
	wakes = -1;
	if (losses->wakes >= 0)
		close(losses->wakes);
	if (losses->timer >= 0)
		close(losses->timer);
	free(losses->known);
	losses->is_open = false;
}

/* Has the next look taken in `after_ns`, unless one is due already. */
static void look_in(struct sluice_losses *losses, uint64_t after_ns)
{
	struct itimerspec when = {0};

	if (losses->waits)
		return;
	losses->waits = true;
	when.it_value.tv_sec = (time_t)(after_ns / SLUICE_NS_PER_S);
	when.it_value.tv_nsec = (long)(after_ns % SLUICE_NS_PER_S) + 1;
	(void)timerfd_settime(losses->timer, 0, &when, NULL);
}

/* What an input has lost by a cause: also what was stored, and given up when the disk was full. */
static uint64_t lost_by(const struct sluice_engine_input *input, size_t cause)
{
	return input->counters.lost[cause] +
	       (cause == SLUICE_LOST_OLDEST ? input->dropped - input->dropped_by_change : 0);
}

/* Tells what an input lost since `before`, if anything. */
static void tell(const struct sluice_engine_input *input, const struct sluice_known_losses *before)
{
	uint64_t more, sum = 0, all = 0;
	char text[512], causes[256] = "";
	size_t cause, used = 0;

	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++) {
		all += lost_by(input, cause);
		if (lost_by(input, cause) <= before->lost[cause])
			continue;
		more = lost_by(input, cause) - before->lost[cause];
		sum += more;
		if (used < sizeof(causes))
			used += (size_t)snprintf(causes + used, sizeof(causes) - used,
						 "%s%s %" PRIu64, used ? ", " : "",
						 sluice_lost_name(cause), more);
	}
	if (!sum)
		return;
	snprintf(text, sizeof(text),
		 "input `%s` lost %" PRIu64 " datagram%s (%s), %" PRIu64 " so far", input->name,
		 sum, sum == 1 ? "" : "s", causes, all);
	sluice_event_tell(&(const struct sluice_event_news){.kind = SLUICE_EVENT_LOSS,
							    .key = "",
							    .where = input->name,
							    .guid = input->guid,
							    .count = sum,
							    .text = text});
}

/* What was told of an input, probably at `place`; NULL: it was not there. */
static const struct sluice_known_losses *find(const struct sluice_losses *losses,
					      const sluice_guid input, size_t place)
{
	size_t number;

	if (place < losses->known_count && sluice_guid_equal(losses->known[place].input, input))
		return &losses->known[place];
	for (number = 0; number < losses->known_count; number++)
		if (sluice_guid_equal(losses->known[number].input, input))
			return &losses->known[number];
	return NULL;
}

/* Tells what was lost since the last look, and keeps what is known now. */
static void compare(struct sluice_losses *losses, const struct sluice_engine_report *report)
{
	struct sluice_known_losses *fresh;
	size_t number, cause;

	fresh = calloc(report->input_count + 1, sizeof(*fresh));
	for (number = 0; fresh && number < report->input_count; number++) {
		const struct sluice_engine_input *input = &report->inputs[number];
		const struct sluice_known_losses *before = find(losses, input->guid, number),
						 none = {0};
		bool is_modules = !strcmp(input->source, "kmod");

		/* What a rule of the module counts may be older than this daemon. */
		if (before || !is_modules)
			tell(input, before ? before : &none);
		sluice_guid_copy(fresh[number].input, input->guid);
		for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
			fresh[number].lost[cause] = lost_by(input, cause);
	}
	if (!fresh)
		return;
	free(losses->known);
	losses->known = fresh;
	losses->known_count = report->input_count;
}

/* struct sluice_job.work: in the foreman's thread. */
static void work(struct sluice_job *job)
{
	struct sluice_losses *losses = (struct sluice_losses *)job;

	losses->result = sluice_engine_report(losses->engine, &losses->report);
}

/* struct sluice_job.done: in the control thread. */
static void done(struct sluice_job *job)
{
	struct sluice_losses *losses = (struct sluice_losses *)job;

	if (losses->is_open && losses->result)
		look_in(losses, PAUSE_NS);
	else if (losses->is_open)
		compare(losses, &losses->report);
	if (!losses->result)
		sluice_engine_report_free(&losses->report);
}

/* Has a look taken now, or soon if the foreman has no time. */
static void look(struct sluice_losses *losses, struct daemon *daemon)
{
	/* The stop ends the engine, and tells of what it leaves behind. */
	if (daemon->stopping || !daemon->engine)
		return;
	if (sluice_foreman_is_busy(daemon->foreman)) {
		look_in(losses, BUSY_NS);
		return;
	}
	/* What is lost from now on asks for a look of its own. */
	(void)sluice_event_take_lost();
	losses->looked = sluice_now();
	losses->engine = daemon->engine;
	losses->job.work = work;
	losses->job.done = done;
	if (sluice_foreman_give(daemon->foreman, &losses->job))
		look_in(losses, BUSY_NS);
}

void sluice_losses_see(struct sluice_losses *losses, const struct sluice_engine_report *report)
{
	uint64_t now = sluice_now();

	/* Whoever takes pictures once a second may come a little early. */
	if (!losses->is_open || !losses->looked || now - losses->looked < PAUSE_NS / 10 * 9)
		return;
	losses->looked = now;
	compare(losses, report);
}

void sluice_losses_begin(struct sluice_losses *losses, struct daemon *daemon)
{
	if (losses->is_open)
		look(losses, daemon);
}

bool sluice_losses_serve(struct sluice_losses *losses, int fd, struct daemon *daemon)
{
	uint64_t now, count;

	if (!losses->is_open || (fd != losses->wakes && fd != losses->timer))
		return false;
	if (read(fd, &count, sizeof(count)) < 0)
		return true;
	if (fd == losses->timer)
		losses->waits = false;
	now = sluice_now();
	if (!losses->looked || now - losses->looked >= PAUSE_NS)
		look(losses, daemon);
	else
		look_in(losses, losses->looked + PAUSE_NS - now);
	return true;
}
