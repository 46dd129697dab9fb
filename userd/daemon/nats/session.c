// SPDX-License-Identifier: MIT
/*
 * The connection to the servers, and its callbacks; see nats.h. The library's reconnecting is off:
 * what it would keep meanwhile it calls sent, and what was outstanding it forgets. Touches: sockets
 * and threads of the library.
 */
#include <stdlib.h>
#include <string.h>
#include "../../lib/clock.h"
#include "../broker/secret.h"
#include "nats.h"

/* How long a session that is over is kept for callbacks that are on their way. */
#define LINGER_NS (60 * SLUICE_NS_PER_S)
/* A server whose window is shut for so long is given up. */
#define WRITE_MS 5000
/* A server that is silent is asked so often, and given up after two questions. */
#define PING_MS 5000

static pthread_mutex_t over_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sluice_nats_session *over;

/* jsPubAckHandler: hands an answer over. @context a thread of the library */
static void answered(jsCtx *context, natsMsg *message, jsPubAck *ack, jsPubAckErr *error,
		     void *closure)
{
	struct sluice_nats_session *session = closure;
	struct sluice_nats_answer *answer;

	(void)context;
	pthread_mutex_lock(&session->desk->lock);
	if (session->answer_count == session->answer_room) {
		size_t room = session->answer_room ? 2 * session->answer_room : 256;
		struct sluice_nats_answer *larger =
			reallocarray(session->answers, room, sizeof(*larger));

		if (!larger) {
			session->starved = true;
			pthread_mutex_unlock(&session->desk->lock);
			natsMsg_Destroy(message);
			return;
		}
		session->answers = larger;
		session->answer_room = room;
	}
	answer = &session->answers[session->answer_count++];
	*answer = (struct sluice_nats_answer){.message = message};
	if (ack) {
		answer->sequence = ack->Sequence;
		answer->is_duplicate = ack->Duplicate;
	} else if (error) {
		answer->status = error->Err;
		answer->error = error->ErrCode;
	} else {
		answer->status = NATS_ERR;
	}
	/* The thread is woken once for many: it may sleep only if there was none. */
	if (session->answer_count == 1)
		pthread_cond_signal(&session->desk->work);
	pthread_mutex_unlock(&session->desk->lock);
}

/* natsConnectionHandler: the connection is closed. @context a thread of the library */
static void closed(natsConnection *connection, void *closure)
{
	struct sluice_nats_session *session = closure;

	(void)connection;
	pthread_mutex_lock(&session->desk->lock);
	session->is_closed = true;
	pthread_cond_signal(&session->desk->work);
	pthread_mutex_unlock(&session->desk->lock);
}

/* Frees those that have been over long enough, and keeps this one. */
static void bury(struct sluice_nats_session *session)
{
	struct sluice_nats_session **link, *dead = NULL;
	uint64_t now = sluice_now();

	session->over = now;
	pthread_mutex_lock(&over_lock);
	for (link = &over; *link;) {
		struct sluice_nats_session *old = *link;

		if (now - old->over < LINGER_NS) {
			link = &old->next;
			continue;
		}
		*link = old->next;
		old->next = dead;
		dead = old;
	}
	session->next = over;
	over = session;
	pthread_mutex_unlock(&over_lock);
	while (dead) {
		struct sluice_nats_session *next = dead->next;
		size_t number;

		for (number = 0; number < dead->answer_count; number++)
			natsMsg_Destroy(dead->answers[number].message);
		free(dead->answers);
		sluice_desk_put(dead->desk);
		free(dead);
		dead = next;
	}
}

void sluice_nats_session_close(struct sluice_nats_session *session)
{
	if (!session)
		return;
	if (session->connection)
		natsConnection_Close(session->connection);
	jsStreamInfo_Destroy(session->info);
	session->info = NULL;
	jsCtx_Destroy(session->stream);
	natsConnection_Destroy(session->connection);
	session->stream = NULL;
	session->connection = NULL;
	bury(session);
}

/* How it logs in. NULL, or why it cannot. */
static const char *set_login(natsOptions *options, const struct sluice_nats_settings *settings)
{
	char secret[SLUICE_SECRET_TEXT];
	natsStatus status = NATS_OK;

	if (settings->user) {
		if (sluice_secret_read(settings->password_file, secret, sizeof(secret)))
			return "its password-file cannot be read";
		status = natsOptions_SetUserInfo(options, settings->user, secret);
	} else if (settings->token_file) {
		if (sluice_secret_read(settings->token_file, secret, sizeof(secret)))
			return "its token-file cannot be read";
		status = natsOptions_SetToken(options, secret);
	} else if (settings->credentials) {
		status = natsOptions_SetUserCredentialsFromFiles(options, settings->credentials,
								 NULL);
	}
	explicit_bzero(secret, sizeof(secret));
	return status == NATS_OK ? NULL : "its credentials cannot be used";
}

/* Sets all options. NULL, or why that cannot be. */
static const char *set_options(natsOptions *options, const struct sluice_nats_settings *settings,
			       struct sluice_nats_session *session)
{
	const char *what = set_login(options, settings);
	/* Several servers share the time that an attempt has. */
	int64_t each = settings->connect_ms / (settings->server_count ? settings->server_count : 1);

	if (what)
		return what;
	if (each < 100)
		each = 100;
	if (natsOptions_SetServers(options, (const char **)(void *)settings->servers,
				   settings->server_count) != NATS_OK)
		return "its servers cannot be used: is each nats://HOST:PORT?";
	if (natsOptions_SetName(options, "sluice") != NATS_OK ||
	    natsOptions_SetTimeout(options, each) != NATS_OK ||
	    natsOptions_SetAllowReconnect(options, false) != NATS_OK ||
	    natsOptions_SetWriteDeadline(options, WRITE_MS) != NATS_OK ||
	    natsOptions_SetPingInterval(options, PING_MS) != NATS_OK ||
	    natsOptions_SetMaxPingsOut(options, 2) != NATS_OK ||
	    natsOptions_SetClosedCB(options, closed, session) != NATS_OK)
		return "there is no memory for it";
	return NULL;
}

/* Why connecting failed, in words. */
static const char *words_for(natsStatus status)
{
	switch (status) {
	case NATS_CONNECTION_AUTH_FAILED:
	case NATS_NOT_PERMITTED:
		return "the server refuses its login: see user, password-file, token-file and "
		       "credentials";
	case NATS_SECURE_CONNECTION_WANTED:
		return "the server wants TLS, which this kind does not speak yet";
	case NATS_TIMEOUT:
		return "no server answers in time";
	case NATS_NO_MEMORY:
		return "there is no memory for it";
	default:
		return "no server can be connected to";
	}
}

struct sluice_nats_session *sluice_nats_session_open(const struct sluice_nats_settings *settings,
						     struct sluice_desk *desk, const char **what)
{
	struct sluice_nats_session *session = calloc(1, sizeof(*session));
	natsOptions *options = NULL;
	jsOptions stream;
	natsStatus status;

	*what = "there is no memory for it";
	if (!session)
		return NULL;
	session->desk = sluice_desk_get(desk);
	if (natsOptions_Create(&options) != NATS_OK)
		goto fail;
	*what = set_options(options, settings, session);
	if (*what)
		goto fail;
	status = natsConnection_Connect(&session->connection, options);
	*what = words_for(status);
	if (status != NATS_OK)
		goto fail;
	jsOptions_Init(&stream);
	stream.Wait = settings->connect_ms;
	stream.PublishAsync.MaxPending = SLUICE_NATS_PENDING;
	stream.PublishAsync.AckHandler = answered;
	stream.PublishAsync.AckHandlerClosure = session;
	*what = "there is no memory for it";
	if (natsConnection_JetStream(&session->stream, session->connection, &stream) != NATS_OK)
		goto fail;
	natsOptions_Destroy(options);
	*what = NULL;
	return session;

fail:
	natsOptions_Destroy(options);
	sluice_nats_session_close(session);
	return NULL;
}
