// SPDX-License-Identifier: MIT
/*
 * One attempt, from its begin to its end; see nats.h. Touches: the server, the desk, the log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/clock.h"
#include "../../lib/log.h"
#include "nats.h"

/* When a message goes again: while there is no leader; after "duplicate" for what is nowhere. */
#define AGAIN_NS (250 * SLUICE_NS_PER_MS)
#define UNSAID_NS (500 * SLUICE_NS_PER_MS)
/* Without a callback a message goes again after so long: longer than the library's own limit. */
#define LOST_NS (6 * SLUICE_NS_PER_S)
/* The log is told of a kind of trouble once in so long. */
#define TELL_NS (60 * SLUICE_NS_PER_S)

/* Errors of the server (errors.json of 2.9.10): the stream has no leader, or is being moved; the
 * subject has moved on. */
#define CLUSTER_FIRST 10005
#define CLUSTER_LAST 10009
#define WRONG_SEQUENCE 10071

/* Why a stream refuses, in words. */
static const char *refusal_words(jsErrCode error)
{
	switch (error) {
	case 10077:
		return "it is full (max_msgs, max_bytes, discard: new)";
	case 10054:
		return "a message is longer than its max_msg_size";
	case 10023:
	case 10028:
	case 10047:
		return "the server has no more memory or disk for it";
	case 10109:
		return "it is sealed";
	default:
		return "the server's error says no more";
	}
}

/* A message is stored. */
static void stored(struct sluice_nats *nats, struct sluice_flight *flight, uint64_t sequence,
		   uint64_t now)
{
	struct sluice_nats_subject_state *subject = nats->subjects[flight->subject];

	if (sequence > subject->sequence)
		subject->sequence = sequence;
	sluice_cut_acknowledge(&nats->cut, flight, now);
}

/* Acts on one answer. */
static void understand(struct sluice_nats *nats, const struct sluice_nats_answer *answer,
		       uint64_t now)
{
	struct sluice_flight *flight = sluice_window_find(&nats->cut.window, answer->message);
	char where[SLUICE_NATS_SUBJECT];

	if (!flight)
		return;
	if (answer->status == NATS_OK && !answer->error) {
		/* 2.9.10 remembers an id before it stores the message, and says duplicate of one
		 * that a change of leaders then lost: sequence 0. */
		if (answer->is_duplicate && !answer->sequence) {
			if (!nats->unsaid_told || now - nats->unsaid_told >= TELL_NS) {
				nats->unsaid_told = now;
				sluice_notice("%s: the server calls a message a duplicate and has "
					      "none; it is sent again until it is stored",
					      nats->cut.desk->name);
			}
			sluice_window_again(&nats->cut.window, flight, now + UNSAID_NS);
			return;
		}
		stored(nats, flight, answer->sequence, now);
		return;
	}
	if (answer->error == WRONG_SEQUENCE) {
		sluice_window_again(&nats->cut.window, flight, now + AGAIN_NS);
		nats->cut.what = "its subject has moved on: what is there is read again";
		return;
	}
	if (!answer->error || (answer->error >= CLUSTER_FIRST && answer->error <= CLUSTER_LAST)) {
		sluice_window_again(&nats->cut.window, flight, now + AGAIN_NS);
		return;
	}
	snprintf(where, sizeof(where), "the stream `%s`", nats->settings->stream);
	sluice_cut_refuse(&nats->cut, flight, where, refusal_words(answer->error),
			  (int)answer->error, now);
}

/* Takes what the callbacks handed over and acts on it. Returns whether there was anything. */
static bool take_answers(struct sluice_nats *nats, uint64_t now)
{
	struct sluice_nats_session *session = nats->session;
	struct sluice_nats_answer *answers;
	size_t number, count;

	pthread_mutex_lock(&session->desk->lock);
	answers = session->answers;
	count = session->answer_count;
	session->answers = NULL;
	session->answer_count = session->answer_room = 0;
	if (session->is_closed && !nats->cut.what)
		nats->cut.what = "the server closed the connection";
	pthread_mutex_unlock(&session->desk->lock);
	for (number = 0; number < count; number++) {
		understand(nats, &answers[number], now);
		natsMsg_Destroy(answers[number].message);
	}
	free(answers);
	return count > 0;
}

/* Messages that nobody speaks of any more go again. */
static void look(struct sluice_nats *nats, uint64_t now)
{
	uint64_t number;

	for (number = nats->cut.window.first; number < nats->cut.window.next; number++) {
		struct sluice_flight *flight = sluice_window_flight(&nats->cut.window, number);

		if (flight->state == SLUICE_FLIGHT_FLYING && now - flight->at >= LOST_NS)
			sluice_window_again(&nats->cut.window, flight, now);
	}
	if (nats->cut.window.first < nats->cut.window.next && !nats->cut.is_refused &&
	    !nats->cut.what && now - nats->cut.heard >= nats->settings->dead_ns)
		nats->cut.what = "it acknowledges nothing";
}

/* Sleeps until there is something to do, or `until`. Returns whether the attempt goes on. */
static bool rest(struct sluice_nats *nats, uint64_t until)
{
	struct sluice_desk *desk = nats->cut.desk;
	bool goes_on;

	pthread_mutex_lock(&desk->lock);
	if (sluice_desk_is_wished(desk, nats->cut.attempt) && !nats->session->answer_count &&
	    !nats->session->is_closed && !sluice_cut_has_work(&nats->cut))
		sluice_desk_wait(desk, until);
	goes_on = sluice_desk_is_wished(desk, nats->cut.attempt);
	pthread_mutex_unlock(&desk->lock);
	return goes_on;
}

/* Publishes and listens, until the connection is no good or not wished any more. */
static void publish(struct sluice_nats *nats)
{
	uint64_t looked = sluice_now();
	bool goes_on = true;

	while (goes_on && !nats->cut.what) {
		uint64_t now = sluice_now(), next = now + SLUICE_CUT_LOOK_NS;
		bool busy = take_answers(nats, now);

		if (now - looked >= SLUICE_CUT_LOOK_NS) {
			look(nats, now);
			looked = now;
		}
		busy |= sluice_cut_repeat(&nats->cut, now, &next);
		if (!nats->cut.is_refused && !nats->cut.what)
			busy |= sluice_cut_publish(&nats->cut, now);
		if (busy)
			goes_on = sluice_desk_goes_on(nats->cut.desk, nats->cut.attempt);
		else
			goes_on = rest(nats, next);
	}
}

/* struct sluice_cut.find */
static uint32_t find(struct sluice_cut *cut, const struct sluice_job *job, uint16_t input)
{
	return sluice_nats_subject_find(sluice_nats_of(cut), job, input);
}

/* struct sluice_cut.has */
static bool has(const struct sluice_cut *cut, uint32_t subject, bool is_gap, uint64_t start,
		uint64_t end)
{
	const struct sluice_nats *nats = (const struct sluice_nats *)cut;

	return sluice_nats_subject_has(nats->subjects[subject], is_gap, start, end);
}

/* struct sluice_cut.added */
static void added(struct sluice_cut *cut, const struct sluice_flight *flight)
{
	sluice_nats_subject_mark(sluice_nats_of(cut)->subjects[flight->subject], flight->end);
}

void sluice_nats_run(struct sluice_desk *desk, uint64_t attempt)
{
	struct sluice_nats *nats = calloc(1, sizeof(*nats));
	const char *what = "there is no memory for it";

	if (!nats) {
		sluice_desk_say(desk, attempt, SLUICE_DESK_LOST, what);
		return;
	}
	nats->settings = desk->context;
	nats->cut.is_span = nats->settings->message == SLUICE_MESSAGE_SPAN;
	nats->cut.most_datagram = nats->settings->most;
	nats->cut.skips_empty = nats->settings->skips_empty;
	nats->cut.waits = nats->settings->refusal == SLUICE_REFUSAL_WAIT;
	nats->cut.find = find;
	nats->cut.has = has;
	nats->cut.added = added;
	nats->cut.send = sluice_nats_send;
	sluice_cut_begin(&nats->cut, desk, attempt, sluice_now());
	nats->session = sluice_nats_session_open(nats->settings, desk, &what);
	if (nats->session)
		what = sluice_nats_ensure(nats->settings, nats->session, &nats->cut.most);
	if (nats->session && !what) {
		sluice_desk_say(desk, attempt, SLUICE_DESK_READY, NULL);
		publish(nats);
		what = nats->cut.what;
	}
	sluice_nats_session_close(nats->session);
	if (what)
		sluice_desk_say(desk, attempt, SLUICE_DESK_LOST, what);
	sluice_nats_subjects_free(nats);
	free(nats);
	/* What the library keeps for each thread that called it. */
	nats_ReleaseThreadMemory();
}
