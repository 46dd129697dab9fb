// SPDX-License-Identifier: MIT
/*
 * What TLS connections of an output are made from; see credentials.h. Touches: files, the log.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <openssl/ssl.h>
#include "../../config/model.h"
#include "../../lib/log.h"
#include "credentials.h"

#define DAY_S INT64_C(86400)

struct sluice_credentials {
	struct sluice_tls_settings settings;
	char name[SLUICE_NAME_MAX + 1]; /* of the output */
	uint64_t print;			/* of the files, as they were when they were last read */
	pthread_mutex_t lock;		/* of `context`; held for a few instructions only */
	SSL_CTX *context;		/* NULL: the files cannot be used */
};

/* Tells the log if our own certificate ends soon, or has. */
static void look_at_end(const struct sluice_credentials *credentials)
{
	int64_t ends, now = (int64_t)time(NULL);

	ends = sluice_tls_ends(SSL_CTX_get0_certificate(credentials->context));
	if (!ends || ends - now > SLUICE_TLS_SOON_DAYS * DAY_S)
		return;
	sluice_warning_about(
		SLUICE_ABOUT(.output = credentials->name),
		"output %s: our certificate %.200s %s %lld days%s: renew it, and reload",
		credentials->name, credentials->settings.certificate,
		ends > now ? "ends in" : "ended", (long long)(llabs(ends - now) / DAY_S),
		ends > now ? "" : " ago");
}

/* Reads the files. True: they are in force. @context process */
static bool read_files(struct sluice_credentials *credentials)
{
	SSL_CTX *context = NULL, *old;
	char why[SLUICE_TLS_WHY];

	/* Before they are read: one that changes meanwhile is looked at again. */
	credentials->print = sluice_tls_print(&credentials->settings);
	if (sluice_tls_open(&credentials->settings, &context, why)) {
		sluice_error_about(SLUICE_ABOUT(.output = credentials->name),
				   "output %s: tls: %s; %s", credentials->name, why,
				   credentials->context
					   ? "connections go on with what it was before"
					   : "it connects to nobody until that is mended, and "
					     "the configuration reloaded");
		return false;
	}
	pthread_mutex_lock(&credentials->lock);
	old = credentials->context;
	credentials->context = context;
	pthread_mutex_unlock(&credentials->lock);
	SSL_CTX_free(old);
	look_at_end(credentials);
	return true;
}

struct sluice_credentials *sluice_credentials_create(const struct sluice_tls_settings *settings,
						     const char *name)
{
	struct sluice_credentials *credentials;

	if (!settings || !name)
		return NULL;
	credentials = calloc(1, sizeof(*credentials));
	if (!credentials)
		return NULL;
	credentials->settings = *settings;
	snprintf(credentials->name, sizeof(credentials->name), "%s", name);
	pthread_mutex_init(&credentials->lock, NULL);
	(void)read_files(credentials);
	return credentials;
}

void sluice_credentials_renew(struct sluice_credentials *credentials)
{
	if (!credentials || (credentials->context &&
			     sluice_tls_print(&credentials->settings) == credentials->print))
		return;
	if (read_files(credentials))
		sluice_notice_about(SLUICE_ABOUT(.output = credentials->name),
				    "output %s: its certificates were read anew; connections that "
				    "are made from now on have them",
				    credentials->name);
}

void sluice_credentials_free(struct sluice_credentials *credentials)
{
	if (!credentials)
		return;
	SSL_CTX_free(credentials->context);
	pthread_mutex_destroy(&credentials->lock);
	free(credentials);
}

SSL *sluice_credentials_begin(struct sluice_credentials *credentials)
{
	SSL_CTX *context;
	SSL *ssl = NULL;

	if (!credentials)
		return NULL;
	pthread_mutex_lock(&credentials->lock);
	context = credentials->context;
	if (context)
		SSL_CTX_up_ref(context);
	pthread_mutex_unlock(&credentials->lock);
	if (context)
		ssl = SSL_new(context);
	SSL_CTX_free(context);
	return ssl;
}

const struct sluice_tls_settings *
sluice_credentials_settings(const struct sluice_credentials *credentials)
{
	return &credentials->settings;
}

bool sluice_credentials_are_same(const struct sluice_credentials *one,
				 const struct sluice_credentials *other)
{
	if (!one || !other)
		return one == other;
	return sluice_tls_is_same(&one->settings, &other->settings);
}
