/* SPDX-License-Identifier: MIT */
/*
 * What an output of `kind: nats` is configured to be, as its threads need it: a copy, which lasts
 * as long as one of them. Below everything else of this kind. Touches: nothing but memory.
 */
#ifndef SLUICE_NATS_SETTINGS_H
#define SLUICE_NATS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"

#define SLUICE_NATS_SERVERS 16U

struct sluice_nats_settings {
	unsigned int references; /* atomic */
	char *key;		 /* all that a connection depends on, as a text */
	char *servers[SLUICE_NATS_SERVERS];
	int server_count;
	char *subject, *stream, *user, *password_file, *token_file, *credentials;
	enum sluice_message message;
	enum sluice_refusal refusal;
	bool creates, skips_empty;
	size_t most;	    /* bytes of a datagram, 0: as many as the server takes */
	int64_t connect_ms; /* for connecting and checking */
	uint64_t dead_ns;   /* without an acknowledgement it is given up */
};

/* Makes them of what is configured, one reference. NULL: no memory. @owner caller:
 * sluice_nats_settings_put() @context process */
struct sluice_nats_settings *sluice_nats_settings_make(const struct sluice_config_output *config);

/* One reference more; one less, the last one frees, NULL is allowed. @threadsafe */
struct sluice_nats_settings *sluice_nats_settings_get(struct sluice_nats_settings *settings);
void sluice_nats_settings_put(struct sluice_nats_settings *settings);

/* Would connections be the same? NULL is like no other. @threadsafe */
bool sluice_nats_settings_is_same(const struct sluice_nats_settings *one,
				  const struct sluice_nats_settings *other);

/* Bytes of a subject. */
#define SLUICE_NATS_SUBJECT 512U

/*
 * Writes the subject of a template: the names stand in it with what no token may hold as '_', and
 * `last`, which is one token, behind all. 0, or -EMSGSIZE. @threadsafe
 */
int sluice_nats_subject(const char *template, const char *relay, const char *input,
			const char *last, char subject[SLUICE_NATS_SUBJECT]);

#endif /* SLUICE_NATS_SETTINGS_H */
