// SPDX-License-Identifier: MIT
/*
 * From segments on a desk to messages in a window; see cut.h. A datagram, or a run of records of
 * one input, becomes a message, and so does each GAP. What the server has already is passed over.
 * Touches: the desk, the log.
 */
#include <stdio.h>
#include <time.h>
#include "../../lib/clock.h"
#include "../../lib/log.h"
#include "../../lib/record.h"
#include "../stream/input_names.h"
#include "cut.h"

/* Messages that are made before acknowledgements are looked at again. */
#define TURN 256U
/* An input that no configuration names yet may get its name within so long. */
#define NAME_MS 2000U
#define NAME_STEP_MS 20U
/* When a refused message goes again; the log is told of refusals once in so long. */
#define REFUSED_NS SLUICE_NS_PER_S
#define TELL_NS (60 * SLUICE_NS_PER_S)

void sluice_cut_begin(struct sluice_cut *cut, struct sluice_desk *desk, uint64_t attempt,
		      uint64_t now)
{
	cut->desk = desk;
	cut->attempt = attempt;
	cut->heard = now;
	cut->job = 0;
	cut->place = 0;
	cut->what = NULL;
	sluice_window_clear(&cut->window);
}

void sluice_cut_name_input(struct sluice_cut *cut, enum sluice_source source, uint16_t input,
			   char name[SLUICE_NAME_MAX + 1])
{
	const struct timespec step = {.tv_nsec = NAME_STEP_MS * 1000000L};
	unsigned int waited;

	name[0] = '\0';
	for (waited = 0; waited < NAME_MS; waited += NAME_STEP_MS) {
		if (sluice_input_names_find(source, input, name))
			return;
		if (!sluice_desk_goes_on(cut->desk, cut->attempt))
			break;
		nanosleep(&step, NULL);
	}
	snprintf(name, SLUICE_NAME_MAX + 1, "_%u", input);
}

/* All of a job has an end: says so. */
static void say_done(struct sluice_cut *cut, struct sluice_job *job)
{
	pthread_mutex_lock(&cut->desk->lock);
	if (sluice_desk_is_wished(cut->desk, cut->attempt)) {
		job->is_done = true;
		sluice_desk_ring(cut->desk);
	}
	pthread_mutex_unlock(&cut->desk->lock);
}

/* Counts a message at its segment, which may be done by that. */
static void settle(struct sluice_cut *cut, struct sluice_flight *flight, bool is_refused)
{
	struct sluice_job *job = sluice_desk_job(cut->desk, flight->job);

	job->account.datagrams += flight->datagrams;
	job->account.refused += is_refused ? flight->datagrams : 0;
	job->account.bytes += is_refused ? 0 : flight->bytes;
	job->account.messages++;
	job->left--;
	sluice_window_finish(&cut->window, flight);
	if (job->is_cut && !job->left)
		say_done(cut, job);
}

/* Whether the worker is to know that the server refuses. */
static void say_refusing(struct sluice_cut *cut, bool is_refusing)
{
	cut->is_refused = is_refusing;
	pthread_mutex_lock(&cut->desk->lock);
	if (sluice_desk_is_wished(cut->desk, cut->attempt)) {
		cut->desk->is_refusing = is_refusing;
		sluice_desk_ring(cut->desk);
	}
	pthread_mutex_unlock(&cut->desk->lock);
}

void sluice_cut_acknowledge(struct sluice_cut *cut, struct sluice_flight *flight, uint64_t now)
{
	bool was_refused = flight->is_refused;
	uint64_t number;

	cut->heard = now;
	settle(cut, flight, false);
	if (!was_refused || !cut->is_refused)
		return;
	for (number = cut->window.first; number < cut->window.next; number++) {
		struct sluice_flight *other = sluice_window_flight(&cut->window, number);

		if (other->state == SLUICE_FLIGHT_AGAIN && other->is_refused)
			other->at = now;
		other->is_refused = false;
	}
	say_refusing(cut, false);
}

void sluice_cut_refuse(struct sluice_cut *cut, struct sluice_flight *flight, const char *where,
		       const char *why, int code, uint64_t now)
{
	cut->heard = now;
	if (!cut->refused_told || now - cut->refused_told >= TELL_NS) {
		cut->refused_told = now;
		sluice_warning("%s: %s refuses a message: %s (error %d); %s", cut->desk->name,
			       where, why, code,
			       cut->waits ? "what comes waits, and it is tried again each second"
					  : "it is not sent again, and counted (on-refusal: drop)");
	}
	if (!cut->waits) {
		settle(cut, flight, true);
		return;
	}
	flight->is_refused = true;
	sluice_window_again(&cut->window, flight, now + REFUSED_NS);
	if (!cut->is_refused)
		say_refusing(cut, true);
}

bool sluice_cut_repeat(struct sluice_cut *cut, uint64_t now, uint64_t *next)
{
	struct sluice_flight *flight;
	bool any = false;

	while (!cut->what) {
		flight = sluice_window_due(&cut->window, now, next);
		if (!flight)
			break;
		if (cut->is_refused && flight->is_refused) {
			uint64_t number;

			/* The others wait for what becomes of this one. */
			for (number = cut->window.first; number < cut->window.next; number++) {
				struct sluice_flight *other =
					sluice_window_flight(&cut->window, number);

				if (other != flight && other->state == SLUICE_FLIGHT_AGAIN &&
				    other->at <= now)
					other->at = now + REFUSED_NS;
			}
		}
		any = true;
		if (!cut->send(cut, flight, now))
			break;
	}
	return any;
}

bool sluice_cut_has_work(const struct sluice_cut *cut)
{
	return !cut->is_refused && sluice_window_has_room(&cut->window, 0) &&
	       cut->desk->next > cut->job;
}

/* All of the job is messages: goes on with the next one. */
static void end_job(struct sluice_cut *cut, struct sluice_job *job)
{
	job->is_cut = true;
	cut->job++;
	cut->place = 0;
	if (!job->left)
		say_done(cut, job);
}

/* What becomes of a record that is looked at. */
enum fate { GOES, PASSED, FAILED };

/* Decides that, and counts one that does not go; *subject: under which it goes. */
static enum fate judge(struct sluice_cut *cut, struct sluice_job *job,
		       const struct sluice_record_view *view, size_t place, uint32_t *subject)
{
	size_t length = cut->is_span ? view->span : view->payload_length;
	bool is_gap = view->type == SLUICE_RECORD_GAP;

	if (view->type != SLUICE_RECORD_DATA && !is_gap)
		return PASSED;
	if (!is_gap && !view->payload_length && cut->skips_empty) {
		job->account.skipped++;
		return PASSED;
	}
	if (!is_gap && (length > cut->most ||
			(cut->most_datagram && view->payload_length > cut->most_datagram))) {
		job->account.oversized++;
		return PASSED;
	}
	*subject = cut->find(cut, job, view->input);
	if (*subject == UINT32_MAX)
		return FAILED;
	if (cut->has &&
	    cut->has(cut, *subject, is_gap, job->start + place, job->start + place + view->span)) {
		job->account.datagrams += !is_gap;
		job->account.gaps += is_gap;
		return PASSED;
	}
	return GOES;
}

/* Adds to a span what follows the record of it at `place`, which ends at *end. */
static void extend(struct sluice_cut *cut, struct sluice_job *job, size_t place, size_t *end,
		   uint32_t subject, struct sluice_flight *sums)
{
	struct sluice_record_view view;
	uint32_t other;

	while (*end < job->length &&
	       !sluice_record_read(job->bytes + *end, job->length - *end, &view) &&
	       view.type == SLUICE_RECORD_DATA && *end + view.span - place <= cut->most) {
		struct sluice_desk_account before = job->account;

		if (judge(cut, job, &view, *end, &other) != GOES || other != subject) {
			/* It is looked at again by itself. */
			job->account = before;
			return;
		}
		sums->datagrams++;
		sums->bytes += (uint32_t)view.payload_length;
		*end += view.span;
	}
}

/* Makes a message of what begins at the place where `job` stands. False: there is no room, or
 * cut->what says why not. */
static bool step(struct sluice_cut *cut, struct sluice_job *job, uint64_t now)
{
	struct sluice_record_view view;
	struct sluice_flight *flight, sums = {0};
	uint32_t subject = 0;
	size_t end;

	if (sluice_record_read(job->bytes + cut->place, job->length - cut->place, &view)) {
		job->account.broken = (uint32_t)(job->length - cut->place);
		cut->place = job->length;
		return true;
	}
	end = cut->place + view.span;
	switch (judge(cut, job, &view, cut->place, &subject)) {
	case PASSED:
		cut->place = end;
		return true;
	case FAILED:
		return false;
	case GOES:
		break;
	}
	sums.is_gap = view.type == SLUICE_RECORD_GAP;
	sums.datagrams = !sums.is_gap;
	sums.bytes = sums.is_gap ? 0 : (uint32_t)view.payload_length;
	if (!sums.is_gap && cut->is_span)
		extend(cut, job, cut->place, &end, subject, &sums);
	if (!sluice_window_has_room(&cut->window, end - cut->place))
		return false;
	if (cut->window.first == cut->window.next)
		cut->heard = now;
	flight = sluice_window_add(&cut->window, end - cut->place);
	flight->job = cut->job;
	flight->offset = job->start + cut->place;
	flight->end = job->start + end;
	flight->place = (uint32_t)cut->place;
	flight->subject = subject;
	flight->datagrams = sums.datagrams;
	flight->bytes = sums.bytes;
	flight->is_gap = sums.is_gap;
	flight->at = now;
	job->account.gaps += sums.is_gap;
	job->left++;
	cut->place = end;
	if (cut->added)
		cut->added(cut, flight);
	return cut->send(cut, flight, now);
}

bool sluice_cut_publish(struct sluice_cut *cut, uint64_t now)
{
	struct sluice_desk *desk = cut->desk;
	unsigned int turn;
	uint64_t next;

	for (turn = 0; turn < TURN; turn++) {
		struct sluice_job *job = sluice_desk_job(desk, cut->job);

		pthread_mutex_lock(&desk->lock);
		next = sluice_desk_is_wished(desk, cut->attempt) ? desk->next : cut->job;
		pthread_mutex_unlock(&desk->lock);
		if (cut->job >= next)
			return turn > 0;
		while (cut->place < job->length && turn < TURN) {
			if (!step(cut, job, now))
				return turn > 0;
			turn++;
		}
		if (cut->place >= job->length)
			end_job(cut, job);
	}
	return true;
}
