// SPDX-License-Identifier: MIT
/*
 * One attempt, from its begin to its end; see nats.h. Touches: the server, the desk, the log.
 */
#include <stdlib.h>
#include <string.h>
#include "../../lib/clock.h"
#include "../../lib/log.h"
#include "nats.h"

/* When a message goes again: while there is no leader; after "duplicate" for what is nowhere; after
 * a refusal. */
#define AGAIN_NS (250 * SLUICE_NS_PER_MS)
#define UNSAID_NS (500 * SLUICE_NS_PER_MS)
#define REFUSED_NS SLUICE_NS_PER_S
/* Without a callback a message goes again after so long: longer than the library's own limit. */
#define LOST_NS (6 * SLUICE_NS_PER_S)
/* The window is looked through for such so often. */
#define LOOK_NS (500 * SLUICE_NS_PER_MS)
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

/* Whether the worker is to know that the stream refuses. */
static void say_refusing(struct sluice_nats *nats, bool is_refusing)
{
	nats->is_refused = is_refusing;
	pthread_mutex_lock(&nats->desk->lock);
	if (sluice_desk_is_wished(nats->desk, nats->attempt)) {
		nats->desk->is_refusing = is_refusing;
		sluice_desk_ring(nats->desk);
	}
	pthread_mutex_unlock(&nats->desk->lock);
}

/* The stream does not want a message, now. */
static void refused(struct sluice_nats *nats, struct sluice_flight *flight, jsErrCode error,
		    uint64_t now)
{
	bool waits = nats->settings->refusal == SLUICE_REFUSAL_WAIT;

	if (!nats->refused_told || now - nats->refused_told >= TELL_NS) {
		nats->refused_told = now;
		sluice_warning("%s: the stream `%s` refuses a message: %s (error %d); %s",
			       nats->desk->name, nats->settings->stream, refusal_words(error),
			       (int)error,
			       waits ? "what comes waits, and it is tried again each second"
				     : "it is not sent again, and counted (on-refusal: drop)");
	}
	if (!waits) {
		sluice_nats_settle_flight(nats, flight, true);
		return;
	}
	flight->is_refused = true;
	sluice_window_again(&nats->window, flight, now + REFUSED_NS);
	if (!nats->is_refused)
		say_refusing(nats, true);
}

/* A message is stored: what was refused may go again at once. */
static void stored(struct sluice_nats *nats, struct sluice_flight *flight, uint64_t sequence,
		   uint64_t now)
{
	struct sluice_nats_subject_state *subject = nats->subjects[flight->subject];
	bool was_refused = flight->is_refused;
	uint64_t number;

	if (sequence > subject->sequence)
		subject->sequence = sequence;
	sluice_nats_settle_flight(nats, flight, false);
	if (!was_refused || !nats->is_refused)
		return;
	for (number = nats->window.first; number < nats->window.next; number++) {
		struct sluice_flight *other = sluice_window_flight(&nats->window, number);

		if (other->state == SLUICE_FLIGHT_AGAIN && other->is_refused)
			other->at = now;
		other->is_refused = false;
	}
	say_refusing(nats, false);
}

/* Acts on one answer. */
static void understand(struct sluice_nats *nats, const struct sluice_nats_answer *answer,
		       uint64_t now)
{
	struct sluice_flight *flight = sluice_window_find(&nats->window, answer->message);

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
					      nats->desk->name);
			}
			sluice_window_again(&nats->window, flight, now + UNSAID_NS);
			return;
		}
		nats->heard = now;
		stored(nats, flight, answer->sequence, now);
		return;
	}
	if (answer->error == WRONG_SEQUENCE) {
		sluice_window_again(&nats->window, flight, now + AGAIN_NS);
		nats->what = "its subject has moved on: what is there is read again";
		return;
	}
	if (!answer->error || (answer->error >= CLUSTER_FIRST && answer->error <= CLUSTER_LAST)) {
		sluice_window_again(&nats->window, flight, now + AGAIN_NS);
		return;
	}
	nats->heard = now;
	refused(nats, flight, answer->error, now);
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
	if (session->is_closed && !nats->what)
		nats->what = "the server closed the connection";
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

	for (number = nats->window.first; number < nats->window.next; number++) {
		struct sluice_flight *flight = sluice_window_flight(&nats->window, number);

		if (flight->state == SLUICE_FLIGHT_FLYING && now - flight->at >= LOST_NS)
			sluice_window_again(&nats->window, flight, now);
	}
	if (nats->window.first < nats->window.next && !nats->is_refused && !nats->what &&
	    now - nats->heard >= nats->settings->dead_ns)
		nats->what = "it acknowledges nothing";
}

/* Sends what is to go again; of what is refused one at a time, to see. Returns whether it sent
 * anything; *next becomes when to try again at the latest. */
static bool repeat(struct sluice_nats *nats, uint64_t now, uint64_t *next)
{
	struct sluice_flight *flight;
	bool any = false;

	while (!nats->what) {
		flight = sluice_window_due(&nats->window, now, next);
		if (!flight)
			break;
		if (nats->is_refused && flight->is_refused) {
			uint64_t number;

			/* The others wait for what becomes of this one. */
			for (number = nats->window.first; number < nats->window.next; number++) {
				struct sluice_flight *other =
					sluice_window_flight(&nats->window, number);

				if (other != flight && other->state == SLUICE_FLIGHT_AGAIN &&
				    other->at <= now)
					other->at = now + REFUSED_NS;
			}
		}
		any = true;
		if (!sluice_nats_send(nats, flight, now))
			break;
	}
	return any;
}

/* Sleeps until there is something to do, or `until`. Returns whether the attempt goes on. */
static bool rest(struct sluice_nats *nats, uint64_t until)
{
	struct sluice_desk *desk = nats->desk;
	bool can_publish = !nats->is_refused && sluice_window_has_room(&nats->window, 0);
	bool goes_on;

	pthread_mutex_lock(&desk->lock);
	if (sluice_desk_is_wished(desk, nats->attempt) && !nats->session->answer_count &&
	    !nats->session->is_closed && !(can_publish && desk->next > nats->job))
		sluice_desk_wait(desk, until);
	goes_on = sluice_desk_is_wished(desk, nats->attempt);
	pthread_mutex_unlock(&desk->lock);
	return goes_on;
}

/* Publishes and listens, until the connection is no good or not wished any more. */
static void publish(struct sluice_nats *nats)
{
	uint64_t looked = sluice_now();
	bool goes_on = true;

	while (goes_on && !nats->what) {
		uint64_t now = sluice_now(), next = now + LOOK_NS;
		bool busy = take_answers(nats, now);

		if (now - looked >= LOOK_NS) {
			look(nats, now);
			looked = now;
		}
		busy |= repeat(nats, now, &next);
		if (!nats->is_refused && !nats->what)
			busy |= sluice_nats_publish(nats, now);
		if (busy)
			goes_on = sluice_desk_goes_on(nats->desk, nats->attempt);
		else
			goes_on = rest(nats, next);
	}
}

void sluice_nats_run(struct sluice_desk *desk, uint64_t attempt)
{
	struct sluice_nats *nats = calloc(1, sizeof(*nats));
	const char *what = "there is no memory for it";

	if (!nats) {
		sluice_desk_say(desk, attempt, SLUICE_DESK_LOST, what);
		return;
	}
	nats->desk = desk;
	nats->attempt = attempt;
	nats->settings = desk->context;
	nats->heard = sluice_now();
	sluice_window_clear(&nats->window);
	nats->session = sluice_nats_session_open(nats->settings, desk, &what);
	if (nats->session)
		what = sluice_nats_ensure(nats->settings, nats->session, &nats->most);
	if (nats->session && !what) {
		sluice_desk_say(desk, attempt, SLUICE_DESK_READY, NULL);
		publish(nats);
		what = nats->what;
	}
	sluice_nats_session_close(nats->session);
	if (what)
		sluice_desk_say(desk, attempt, SLUICE_DESK_LOST, what);
	sluice_nats_subjects_free(nats);
	free(nats);
	/* What the library keeps for each thread that called it. */
	nats_ReleaseThreadMemory();
}
