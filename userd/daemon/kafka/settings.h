/* SPDX-License-Identifier: MIT */
/*
 * What an output of `kind: kafka` is configured to be, as its threads need it: a copy, which lasts
 * as long as one of them. Below everything else of this kind. Touches: nothing but memory.
 */
#ifndef SLUICE_KAFKA_SETTINGS_H
#define SLUICE_KAFKA_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"

/* Bytes of a topic's name with its end (Kafka, Topic.java: 249). */
#define SLUICE_KAFKA_TOPIC 250U

struct sluice_kafka_settings {
	unsigned int references; /* atomic */
	char *key;		 /* all that a connection depends on, as a text */
	char *servers;		 /* HOST:PORT,... */
	char *topic, *user, *password_file;
	struct sluice_tls_settings tls;
	enum sluice_message message;
	enum sluice_refusal refusal;
	enum sluice_message_key message_key;
	enum sluice_sasl sasl;
	bool skips_empty;
	size_t max_message;  /* bytes, as the library counts them */
	size_t most;	     /* bytes of a datagram; 0: as many as a message has room for */
	uint64_t linger_us;  /* how long a message may wait for others */
	uint64_t connect_ns; /* for connecting and checking */
	uint64_t dead_ns;    /* without an acknowledgement it is given up */
};

/* Makes them of what is configured, one reference. NULL: no memory. @owner caller:
 * sluice_kafka_settings_put() @context process */
struct sluice_kafka_settings *sluice_kafka_settings_make(const struct sluice_config_output *config);

/* One reference more; one less, the last one frees, NULL is allowed. @threadsafe */
struct sluice_kafka_settings *sluice_kafka_settings_get(struct sluice_kafka_settings *settings);
void sluice_kafka_settings_put(struct sluice_kafka_settings *settings);

/* Would connections be the same? NULL is like no other. @threadsafe */
bool sluice_kafka_settings_is_same(const struct sluice_kafka_settings *one,
				   const struct sluice_kafka_settings *other);

/* Writes the topic of a template: the names stand in it with what no topic may hold as '_', "_" for
 * one that is empty. 0, or -EMSGSIZE. @threadsafe */
int sluice_kafka_topic(const char *template, const char *relay, const char *input,
		       char topic[SLUICE_KAFKA_TOPIC]);

#endif /* SLUICE_KAFKA_SETTINGS_H */
