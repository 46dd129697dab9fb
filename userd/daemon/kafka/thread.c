// SPDX-License-Identifier: MIT
/*
 * One attempt, from its begin to its end; see kafka.h. Touches: the brokers, the desk.
 */
#include <stdio.h>
#include <stdlib.h>
#include "../../lib/clock.h"
#include "kafka.h"

/* When no broker is there they have so long to come back before the client is given up: less than
 * the second within which that has to be seen. */
#define DOWN_NS (300 * SLUICE_NS_PER_MS)

/* Does the broker say no to this message, whoever asks and how often? */
static bool is_refusal(rd_kafka_resp_err_t error)
{
	switch (error) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
	case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
	case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
		return true;
	default:
		return false;
	}
}

/* A message was acknowledged that was sent at `at`: one that was sent `dead_ns` before and still is
 * not lies in a partition that takes nothing, whatever the others do. */
static void look_at_oldest(struct sluice_kafka *kafka, uint64_t at)
{
	struct sluice_window *window = &kafka->cut.window;
	const struct sluice_flight *oldest;

	if (window->first == window->next || kafka->cut.is_refused)
		return;
	oldest = sluice_window_flight(window, window->first);
	if (oldest->state == SLUICE_FLIGHT_FLYING && at > oldest->at &&
	    at - oldest->at >= kafka->settings->dead_ns)
		kafka->cut.what = "a partition acknowledges nothing: has it a leader?";
}

/* struct sluice_kafka.reported */
static void reported(rd_kafka_t *client, const rd_kafka_message_t *message, void *context)
{
	struct sluice_kafka *kafka = context;
	struct sluice_flight *flight = sluice_window_find(&kafka->cut.window, message->_private);
	uint64_t now = sluice_now();
	char where[SLUICE_KAFKA_TOPIC + 16];

	(void)client;
	if (!flight || kafka->cut.what)
		return;
	if (!message->err) {
		uint64_t at = flight->at;

		sluice_cut_acknowledge(&kafka->cut, flight, now);
		look_at_oldest(kafka, at);
	} else if (is_refusal(message->err)) {
		snprintf(where, sizeof(where), "the topic `%s`",
			 kafka->topics[flight->subject]->topic);
		sluice_cut_refuse(&kafka->cut, flight, where, sluice_kafka_words(message->err),
				  message->err, now);
	} else {
		kafka->cut.what = sluice_kafka_words(message->err);
	}
}

/* Is it to be given up? */
static void look(struct sluice_kafka *kafka)
{
	struct sluice_cut *cut = &kafka->cut;
	rd_kafka_resp_err_t error;
	uint64_t now;

	if (kafka->is_down && !cut->what) {
		/* For one that is gone, or only closed what lay idle, while others are there, the
		 * client need not be given up. */
		kafka->is_down = false;
		error = sluice_kafka_client_ask(kafka, NULL, DOWN_NS);
		if (error && !cut->what)
			cut->what = sluice_kafka_words(error);
		kafka->is_down = false;
	}
	/* Behind what was served: a report that came meanwhile is not in the future. */
	now = sluice_now();
	if (cut->window.first < cut->window.next && !cut->is_refused && !cut->what &&
	    now - cut->heard >= kafka->settings->dead_ns)
		cut->what = "it acknowledges nothing";
}

/* Sleeps until there is something to do, or `until`. Returns whether the attempt goes on. */
static bool rest(struct sluice_kafka *kafka, uint64_t until)
{
	struct sluice_desk *desk = kafka->cut.desk;
	bool goes_on;

	pthread_mutex_lock(&desk->lock);
	if (sluice_desk_is_wished(desk, kafka->cut.attempt) && !kafka->is_woken &&
	    !sluice_cut_has_work(&kafka->cut))
		sluice_desk_wait(desk, until);
	goes_on = sluice_desk_is_wished(desk, kafka->cut.attempt);
	pthread_mutex_unlock(&desk->lock);
	return goes_on;
}

/* Produces and listens, until the client is no good or not wished any more. */
static void produce(struct sluice_kafka *kafka)
{
	struct sluice_cut *cut = &kafka->cut;
	bool goes_on = true;

	while (goes_on && !cut->what) {
		bool busy = sluice_kafka_client_serve(kafka);
		uint64_t now = sluice_now(), next = now + SLUICE_CUT_LOOK_NS;

		look(kafka);
		if (!cut->what)
			busy |= sluice_cut_repeat(cut, now, &next);
		if (!cut->is_refused && !cut->what)
			busy |= sluice_cut_publish(cut, now);
		if (busy)
			goes_on = sluice_desk_goes_on(cut->desk, cut->attempt);
		else
			goes_on = rest(kafka, next);
	}
}

void sluice_kafka_run(struct sluice_desk *desk, uint64_t attempt)
{
	struct sluice_kafka *kafka = calloc(1, sizeof(*kafka));
	const char *what;

	if (!kafka) {
		sluice_desk_say(desk, attempt, SLUICE_DESK_LOST, "there is no memory for it");
		return;
	}
	kafka->settings = desk->context;
	kafka->cut.most = kafka->settings->max_message - SLUICE_KAFKA_OVERHEAD;
	kafka->cut.is_span = kafka->settings->message == SLUICE_MESSAGE_SPAN;
	kafka->cut.most_datagram = kafka->settings->most;
	kafka->cut.skips_empty = kafka->settings->skips_empty;
	kafka->cut.waits = kafka->settings->refusal == SLUICE_REFUSAL_WAIT;
	kafka->cut.find = sluice_kafka_topic_find;
	kafka->cut.send = sluice_kafka_send;
	kafka->reported = reported;
	sluice_cut_begin(&kafka->cut, desk, attempt, sluice_now());
	what = sluice_kafka_client_open(kafka);
	if (!what) {
		sluice_desk_say(desk, attempt, SLUICE_DESK_READY, NULL);
		produce(kafka);
		what = kafka->cut.what;
	}
	/* Before the client is gone: to end it may take longer than to say so. */
	if (what)
		sluice_desk_say(desk, attempt, SLUICE_DESK_LOST, what);
	sluice_kafka_topics_free(kafka);
	sluice_kafka_client_close(kafka);
	free(kafka);
}
