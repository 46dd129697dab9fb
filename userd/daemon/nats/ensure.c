// SPDX-License-Identifier: MIT
/*
 * The stream of the server that is to keep the messages: it is there or made, and any good; see
 * nats.h. Touches: the server.
 */
#include <stdio.h>
#include <string.h>
#include "nats.h"

/* The server's word for "no such stream", "not enough servers for so many replicas". */
#define NO_STREAM 10059
#define FEW_SERVERS 10074
/* A message of less would hold next to no datagram. */
#define LEAST 256U

/* Is token [one, one + length) of a subject covered by that of a stream at `by`? */
static bool covers_token(const char *by, size_t by_length, const char *one, size_t length)
{
	return (by_length == 1 && *by == '*') || (by_length == length && !memcmp(by, one, length));
}

/* Does `by`, which may have wildcards, cover `subject`? */
static bool covers(const char *by, const char *subject)
{
	for (;;) {
		size_t by_length = strcspn(by, "."), length = strcspn(subject, ".");

		if (by_length == 1 && *by == '>')
			return true;
		if (!covers_token(by, by_length, subject, length))
			return false;
		by += by_length;
		subject += length;
		if (!*by || !*subject)
			return !*by && !*subject;
		by++;
		subject++;
	}
}

bool sluice_nats_is_covered(const jsStreamConfig *stream, const char *subject)
{
	int number;

	for (number = 0; number < stream->SubjectsLen; number++)
		if (covers(stream->Subjects[number], subject))
			return true;
	return false;
}

/* Writes what covers all subjects of a template: tokens with a name in them are "*", and one more
 * is behind. */
static void cover(const char *template, char text[SLUICE_NATS_SUBJECT])
{
	size_t used = 0;

	while (*template) {
		size_t length = strcspn(template, ".");
		bool has_name = memchr(template, '{', length) != NULL;
		int more = has_name ? snprintf(text + used, SLUICE_NATS_SUBJECT - used, "*.")
				    : snprintf(text + used, SLUICE_NATS_SUBJECT - used, "%.*s.",
					       (int)length, template);

		if (more < 0 || used + (size_t)more + 2 >= SLUICE_NATS_SUBJECT)
			break;
		used += (size_t)more;
		template += length + (template[length] == '.');
	}
	snprintf(text + used, SLUICE_NATS_SUBJECT - used, "*");
}

/* Makes the stream. NULL, or why that cannot be. */
static const char *create(const struct sluice_nats_settings *settings,
			  struct sluice_nats_session *session)
{
	char text[SLUICE_NATS_SUBJECT];
	const char *subjects[] = {text};
	jsStreamConfig config;
	jsErrCode error = 0;

	cover(settings->subject, text);
	jsStreamConfig_Init(&config);
	config.Name = settings->stream;
	config.Subjects = subjects;
	config.SubjectsLen = 1;
	config.Replicas = settings->server_count >= 3 ? 3 : 1;
	if (js_AddStream(&session->info, session->stream, &config, NULL, &error) == NATS_OK)
		return NULL;
	return error == FEW_SERVERS
		       ? "the stream cannot be made: three servers are named, so it needs three "
			 "that are up"
		       : "the stream cannot be made: does another one have its subjects, or is "
			 "JetStream off?";
}

/* Is the stream any good? NULL, or why not. */
static const char *judge(const jsStreamConfig *config)
{
	if (config->NoAck)
		return "the stream has no_ack: it acknowledges nothing; take another stream";
	if (config->Sealed)
		return "the stream is sealed: nothing can be added; take another stream";
	if (config->Mirror)
		return "the stream is a mirror: publish to the one that it mirrors";
	/* The library does not tell the server's version, and Debian's has the fault. */
	if (config->Discard == js_DiscardNew && config->MaxBytes > 0)
		return "the stream has discard: new and max_bytes, with which servers like 2.9.10 "
		       "acknowledge messages and remove others: limit it by max_msgs instead";
	return NULL;
}

const char *sluice_nats_ensure(const struct sluice_nats_settings *settings,
			       struct sluice_nats_session *session, size_t *most)
{
	int64_t payload = natsConnection_GetMaxPayload(session->connection);
	jsErrCode error = 0;
	const char *what;
	natsStatus status;

	status = js_GetStreamInfo(&session->info, session->stream, settings->stream, NULL, &error);
	if (status == NATS_NOT_FOUND || error == NO_STREAM) {
		if (!settings->creates)
			return "there is no such stream: make it, or write ensure: create";
		what = create(settings, session);
		if (what)
			return what;
	} else if (status == NATS_NO_RESPONDERS) {
		return "JetStream does not answer: is it on, and do most of the servers run?";
	} else if (status == NATS_TIMEOUT) {
		return "the stream has no leader at present";
	} else if (status != NATS_OK) {
		return "the stream cannot be looked at: may this user?";
	}
	what = judge(session->info->Config);
	if (what)
		return what;
	if (session->info->Config->MaxMsgSize > 0 && session->info->Config->MaxMsgSize < payload)
		payload = session->info->Config->MaxMsgSize;
	if (payload < (int64_t)(SLUICE_NATS_HEADERS + LEAST))
		return "the server's max_payload or the stream's max_msg_size is below 1280 "
		       "bytes, which headers nearly fill";
	*most = (size_t)payload - SLUICE_NATS_HEADERS;
	return NULL;
}
