/* SPDX-License-Identifier: MIT */
/*
 * Outputs of `kind: kafka`: what the thread of a connection has. It makes an idempotent producer of
 * librdkafka, produces what is on the desk into the topics of its inputs, and takes delivery
 * reports, each of which is an acknowledgement. What has none stays in the store.
 *
 *   kafka.c     the kind: its two tables
 *   thread.c    one attempt from its begin to its end: delivery reports, when to give up
 *   client.c    the producer: its options, and what the library says of its brokers
 *   topics.c    a topic for each input of a stream: is it there?
 *   message.c   a message of records: key, headers, payload
 *
 * Delivery reports and errors are served by rd_kafka_poll() in the thread of the desk
 * (broker/desk.h); from the library's own threads comes only that there is something to serve.
 * Touches: nothing.
 */
#ifndef SLUICE_KAFKA_H
#define SLUICE_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/guid.h"
#include "../broker/cut.h"
#include "../broker/headers.h"
#include "settings.h"

/* Messages that the library may have; ours (SLUICE_WINDOW_MESSAGES) are well below, so that it is
 * never full and nothing but the window lies in it. */
#define SLUICE_KAFKA_QUEUE (UINT64_C(4) * SLUICE_WINDOW_MESSAGES)

/* What counts against message.max.bytes beside the payload, at most: 36 bytes (librdkafka 2.0.2,
 * rd_kafka_msg_max_wire_size()), the key, and the headers. tests/unit/test_kafka.c proves it. */
#define SLUICE_KAFKA_OVERHEAD 1024U

/* An input of a stream, and the topic that it goes to. */
struct sluice_kafka_topic_state {
	sluice_guid stream;
	uint64_t epoch;
	enum sluice_source source;
	uint16_t input;
	char name[SLUICE_NAME_MAX + 1];
	char text[SLUICE_GUID_TEXT]; /* the stream's GUID */
	char topic[SLUICE_KAFKA_TOPIC];
	rd_kafka_topic_t *handle;
};

struct sluice_kafka {
	struct sluice_cut cut; /* first: one is the other */
	const struct sluice_kafka_settings *settings;
	/* a message is delivered, or not (struct rd_kafka_conf_s.dr_msg_cb) */
	void (*reported)(rd_kafka_t *client, const rd_kafka_message_t *message, void *context);
	rd_kafka_t *client;
	rd_kafka_queue_t *queue; /* its reports and errors */
	bool is_woken;		 /* there is something to serve; the desk's lock guards it */
	char relay[SLUICE_NAME_MAX + 1];
	struct sluice_kafka_topic_state **topics;
	size_t topic_count;
	size_t last_topic;	   /* that was looked for */
	rd_kafka_resp_err_t error; /* what the library said last of a broker; 0: nothing */
	bool is_down;		   /* it said so: is any broker there? */
};

/* The whole of which this is the part that all brokers have. */
static inline struct sluice_kafka *sluice_kafka_of(struct sluice_cut *cut)
{
	return (struct sluice_kafka *)cut;
}

/* client.c. Makes the producer and waits until a broker answers. NULL, or why it does not.
 * @context thread */
const char *sluice_kafka_client_open(struct sluice_kafka *kafka);
/* Ends it, with all that it has. @context thread */
void sluice_kafka_client_close(struct sluice_kafka *kafka);
/* Serves what the library has to say. Returns whether there was anything. @context thread */
bool sluice_kafka_client_serve(struct sluice_kafka *kafka);
/* Asks the brokers about a topic (NULL: about themselves), for `ns` at most: 0, or the last error.
 * @context thread */
rd_kafka_resp_err_t sluice_kafka_client_ask(struct sluice_kafka *kafka, rd_kafka_topic_t *topic,
					    uint64_t ns);
/* An error in words, a constant half-sentence. @threadsafe */
const char *sluice_kafka_words(rd_kafka_resp_err_t error);

/* topics.c. The topic of input `input` of a job's stream; asks the brokers for it when it is new.
 * UINT32_MAX: cut->what says why not (struct sluice_cut.find). @context thread */
uint32_t sluice_kafka_topic_find(struct sluice_cut *cut, const struct sluice_job *job,
				 uint16_t input);
/* Frees all of them. @context thread */
void sluice_kafka_topics_free(struct sluice_kafka *kafka);

/* message.c. Produces a message, for the first time or again (struct sluice_cut.send). @context
 * thread */
bool sluice_kafka_send(struct sluice_cut *cut, struct sluice_flight *flight, uint64_t now);
/* Writes the headers of a message that begins with record `view`. @threadsafe */
void sluice_kafka_headers(struct sluice_headers *headers, const char *relay,
			  const struct sluice_kafka_topic_state *topic,
			  const struct sluice_flight *flight, bool is_span,
			  const struct sluice_record_view *view);
/* Bytes of a key, and its text; 0: none. @threadsafe */
#define SLUICE_KAFKA_KEY ((size_t)2 * SLUICE_HEADER_TEXT)
size_t sluice_kafka_key(enum sluice_message_key wish, const char *input, bool is_gap,
			const struct sluice_record_view *view, char key[SLUICE_KAFKA_KEY]);

/* thread.c. Serves one attempt (struct sluice_desk.run). @context thread */
void sluice_kafka_run(struct sluice_desk *desk, uint64_t attempt);

#endif /* SLUICE_KAFKA_H */
