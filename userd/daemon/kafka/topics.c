// SPDX-License-Identifier: MIT
/*
 * Topics: one for each input of a stream of ours, though inputs may share one; see kafka.h.
 * Touches: the brokers, to ask for them.
 */
#include <stdlib.h>
#include "../stream/input_names.h"
#include "kafka.h"

/* Frees one. NULL is allowed. */
static void topic_free(struct sluice_kafka_topic_state *topic)
{
	if (!topic)
		return;
	if (topic->handle)
		rd_kafka_topic_destroy(topic->handle);
	free(topic);
}

/* Makes the topic of input `input` of a job's stream. NULL: cut.what says why not. */
static struct sluice_kafka_topic_state *make(struct sluice_kafka *kafka,
					     const struct sluice_job *job, uint16_t input)
{
	struct sluice_kafka_topic_state *topic = calloc(1, sizeof(*topic));
	rd_kafka_resp_err_t error;

	kafka->cut.what = "there is no memory for it";
	if (!topic)
		return NULL;
	sluice_guid_copy(topic->stream, job->stream);
	topic->epoch = job->epoch;
	topic->source = job->source;
	topic->input = input;
	sluice_guid_format(job->stream, topic->text);
	sluice_cut_name_input(&kafka->cut, job->source, input, topic->name);
	sluice_input_names_relay(kafka->relay);
	kafka->cut.what = "the name of its topic is longer than 249 bytes";
	if (sluice_kafka_topic(kafka->settings->topic, kafka->relay, topic->name, topic->topic))
		goto fail;
	topic->handle = rd_kafka_topic_new(kafka->client, topic->topic, NULL);
	kafka->cut.what = "the library does not take the name of its topic";
	if (!topic->handle)
		goto fail;
	error = sluice_kafka_client_ask(kafka, topic->handle, kafka->settings->connect_ns);
	kafka->cut.what = error ? sluice_kafka_words(error) : NULL;
	if (!error)
		return topic;

fail:
	topic_free(topic);
	return NULL;
}

uint32_t sluice_kafka_topic_find(struct sluice_cut *cut, const struct sluice_job *job,
				 uint16_t input)
{
	struct sluice_kafka *kafka = sluice_kafka_of(cut);
	struct sluice_kafka_topic_state *topic, **larger;
	size_t turn;

	for (turn = 0; turn < kafka->topic_count; turn++) {
		/* The one that was last looked for comes first. */
		size_t number = (kafka->last_topic + turn) % kafka->topic_count;

		topic = kafka->topics[number];
		if (topic->input != input || topic->epoch != job->epoch ||
		    topic->source != job->source || !sluice_guid_equal(topic->stream, job->stream))
			continue;
		kafka->last_topic = number;
		return (uint32_t)number;
	}
	larger = reallocarray(kafka->topics, kafka->topic_count + 1,
			      sizeof(struct sluice_kafka_topic_state *));
	if (!larger) {
		cut->what = "there is no memory for it";
		return UINT32_MAX;
	}
	kafka->topics = larger;
	topic = make(kafka, job, input);
	if (!topic)
		return UINT32_MAX;
	kafka->last_topic = kafka->topic_count;
	kafka->topics[kafka->topic_count++] = topic;
	return (uint32_t)kafka->last_topic;
}

void sluice_kafka_topics_free(struct sluice_kafka *kafka)
{
	size_t number;

	for (number = 0; number < kafka->topic_count; number++)
		topic_free(kafka->topics[number]);
	free(kafka->topics);
	kafka->topics = NULL;
	kafka->topic_count = 0;
}
