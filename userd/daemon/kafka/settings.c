// SPDX-License-Identifier: MIT
/*
 * What an output of `kind: kafka` is configured to be; see settings.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/clock.h"
#include "settings.h"

struct sluice_kafka_settings *sluice_kafka_settings_get(struct sluice_kafka_settings *settings)
{
	__atomic_add_fetch(&settings->references, 1, __ATOMIC_RELAXED);
	return settings;
}

void sluice_kafka_settings_put(struct sluice_kafka_settings *settings)
{
	/* Acquire and release: whoever frees sees what the others did. */
	if (!settings || __atomic_sub_fetch(&settings->references, 1, __ATOMIC_ACQ_REL))
		return;
	free(settings->key);
	free(settings->servers);
	free(settings->topic);
	free(settings->user);
	free(settings->password_file);
	free(settings);
}

/* "" for NULL. */
static const char *text_of(const char *text)
{
	return text ? text : "";
}

struct sluice_kafka_settings *sluice_kafka_settings_make(const struct sluice_config_output *config)
{
	const struct sluice_config_broker *broker = &config->broker;
	struct sluice_kafka_settings *settings = calloc(1, sizeof(*settings));

	if (!settings)
		return NULL;
	settings->references = 1;
	settings->servers = strdup(config->to_count ? config->to[0].text : "");
	settings->topic = strdup(text_of(broker->topic));
	settings->user = strdup(text_of(broker->user));
	settings->password_file = strdup(text_of(broker->password_file));
	settings->tls = config->tls;
	settings->message = broker->message;
	settings->refusal = broker->refusal;
	settings->message_key = broker->key;
	settings->sasl = broker->sasl;
	settings->skips_empty = config->empty == SLUICE_EMPTY_SKIP;
	settings->max_message = broker->max_message;
	settings->most = config->max_datagram;
	settings->linger_us = config->batch_delay_us == SLUICE_DELAY_AUTO
				      ? SLUICE_DELAY_AUTO_MOST_US
				      : config->batch_delay_us;
	settings->connect_ns = config->connect_timeout_us * SLUICE_NS_PER_US;
	settings->dead_ns = config->dead_after_us * SLUICE_NS_PER_US;
	if (asprintf(&settings->key, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%d %d %d %d %d %zu %zu %zu",
		     text_of(settings->servers), text_of(settings->topic), text_of(settings->user),
		     text_of(settings->password_file), settings->tls.ca, settings->tls.certificate,
		     settings->tls.key, (int)settings->message, (int)settings->refusal,
		     (int)settings->message_key, (int)settings->sasl, settings->skips_empty,
		     settings->max_message, settings->most, (size_t)settings->linger_us) < 0)
		settings->key = NULL;
	if (settings->key && settings->servers && settings->topic && settings->user &&
	    settings->password_file)
		return settings;
	sluice_kafka_settings_put(settings);
	return NULL;
}

bool sluice_kafka_settings_is_same(const struct sluice_kafka_settings *one,
				   const struct sluice_kafka_settings *other)
{
	return one && other && !strcmp(one->key, other->key);
}

/* May a topic's name have it? */
static bool is_topic_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

/* Appends `length` bytes of a text. False: no room. */
static bool append(char topic[SLUICE_KAFKA_TOPIC], size_t *used, const char *text, size_t length)
{
	size_t place;

	if (length >= SLUICE_KAFKA_TOPIC - *used)
		return false;
	for (place = 0; place < length; place++)
		topic[(*used)++] = is_topic_byte(text[place]) ? text[place] : '_';
	topic[*used] = '\0';
	return true;
}

int sluice_kafka_topic(const char *template, const char *relay, const char *input,
		       char topic[SLUICE_KAFKA_TOPIC])
{
	size_t used = 0;
	bool fits = true;

	topic[0] = '\0';
	while (*template && fits) {
		const char *name = NULL;

		if (!strncmp(template, "{relay}", 7))
			name = *relay ? relay : "_";
		else if (!strncmp(template, "{input}", 7))
			name = *input ? input : "_";
		fits = append(topic, &used, name ? name : template, name ? strlen(name) : 1);
		template += name ? 7 : 1;
	}
	return fits ? 0 : -EMSGSIZE;
}
