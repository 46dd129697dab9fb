// SPDX-License-Identifier: MIT
/*
 * What an output of `kind: nats` is configured to be; see settings.h. Touches: nothing but
 * memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/clock.h"
#include "settings.h"

struct sluice_nats_settings *sluice_nats_settings_get(struct sluice_nats_settings *settings)
{
	__atomic_add_fetch(&settings->references, 1, __ATOMIC_RELAXED);
	return settings;
}

void sluice_nats_settings_put(struct sluice_nats_settings *settings)
{
	int number;

	/* Acquire and release: whoever frees sees what the others did. */
	if (!settings || __atomic_sub_fetch(&settings->references, 1, __ATOMIC_ACQ_REL))
		return;
	for (number = 0; number < settings->server_count; number++)
		free(settings->servers[number]);
	free(settings->key);
	free(settings->subject);
	free(settings->stream);
	free(settings->user);
	free(settings->password_file);
	free(settings->token_file);
	free(settings->credentials);
	free(settings);
}

/* A copy of a text that may be NULL; *failed: there was no memory. */
static char *copy(const char *text, bool *failed)
{
	char *result = text ? strdup(text) : NULL;

	*failed |= text && !result;
	return result;
}

/* Splits the servers of the one destination that there is. */
static void split_servers(struct sluice_nats_settings *settings, const char *text, bool *failed)
{
	while (*text && settings->server_count < (int)SLUICE_NATS_SERVERS) {
		size_t length = strcspn(text, ",");
		char *server = strndup(text, length);

		*failed |= !server;
		if (!server)
			return;
		settings->servers[settings->server_count++] = server;
		text += length + (text[length] == ',');
	}
}

/* "" for NULL. */
static const char *text_of(const char *text)
{
	return text ? text : "";
}

struct sluice_nats_settings *sluice_nats_settings_make(const struct sluice_config_output *config)
{
	const struct sluice_config_broker *broker = &config->broker;
	struct sluice_nats_settings *settings = calloc(1, sizeof(*settings));
	bool failed = false;

	if (!settings)
		return NULL;
	settings->references = 1;
	settings->subject = copy(text_of(broker->subject), &failed);
	settings->stream = copy(text_of(broker->stream), &failed);
	settings->user = copy(broker->user, &failed);
	settings->password_file = copy(broker->password_file, &failed);
	settings->token_file = copy(broker->token_file, &failed);
	settings->credentials = copy(broker->credentials, &failed);
	if (config->to_count)
		split_servers(settings, config->to[0].text, &failed);
	settings->message = broker->message;
	settings->refusal = broker->refusal;
	settings->creates = broker->creates != 0;
	settings->skips_empty = config->empty == SLUICE_EMPTY_SKIP;
	settings->most = config->max_datagram;
	settings->connect_ms = (int64_t)(config->connect_timeout_us / 1000);
	settings->dead_ns = config->dead_after_us * SLUICE_NS_PER_US;
	if (asprintf(&settings->key, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%d %d %d %d %zu",
		     config->to_count ? config->to[0].text : "", text_of(settings->subject),
		     text_of(settings->stream), text_of(settings->user),
		     text_of(settings->password_file), text_of(settings->token_file),
		     text_of(settings->credentials), (int)settings->message, (int)settings->refusal,
		     settings->creates, settings->skips_empty, settings->most) < 0) {
		settings->key = NULL;
		failed = true;
	}
	if (!failed)
		return settings;
	sluice_nats_settings_put(settings);
	return NULL;
}

bool sluice_nats_settings_is_same(const struct sluice_nats_settings *one,
				  const struct sluice_nats_settings *other)
{
	return one && other && !strcmp(one->key, other->key);
}

/* Appends `length` bytes; of a name with what no token may hold as '_'. False: no room. */
static bool append(char *subject, size_t *used, const char *text, size_t length, bool is_name)
{
	size_t place;

	if (*used + length >= SLUICE_NATS_SUBJECT)
		return false;
	for (place = 0; place < length; place++) {
		char byte = text[place];

		if (is_name &&
		    (byte <= ' ' || byte == '.' || byte == '*' || byte == '>' || byte == 0x7f))
			byte = '_';
		subject[(*used)++] = byte;
	}
	subject[*used] = '\0';
	return true;
}

int sluice_nats_subject(const char *template, const char *relay, const char *input,
			const char *last, char subject[SLUICE_NATS_SUBJECT])
{
	size_t used = 0;
	bool fits = true;

	subject[0] = '\0';
	while (*template && fits) {
		if (!strncmp(template, "{relay}", 7)) {
			fits = append(subject, &used, *relay ? relay : "_",
				      *relay ? strlen(relay) : 1, true);
			template += 7;
		} else if (!strncmp(template, "{input}", 7)) {
			fits = append(subject, &used, *input ? input : "_",
				      *input ? strlen(input) : 1, true);
			template += 7;
		} else {
			fits = append(subject, &used, template ++, 1, false);
		}
	}
	fits = fits && append(subject, &used, ".", 1, false) &&
	       append(subject, &used, last, strlen(last), false);
	return fits ? 0 : -EMSGSIZE;
}
