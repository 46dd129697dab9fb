// SPDX-License-Identifier: MIT
/*
 * The new daemon of a take-over; see taking.h. Touches: the old daemon's socket, descriptors.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include "../config/sentence.h"
#include "../lib/clock.h"
#include "../lib/log.h"
#include "handover/parcel.h"
#include "identity/identity_file.h"
#include "source/source.h"
#include "successor.h"
#include "taking.h"

/* How long an answer may take; what is handed over may first have to come to rest. */
#define ANSWER_MS 5000
#define PARCEL_MS 15000
/* How long the old one may take to leave: it tells systemd before. */
#define COMMIT_MS 30000
/* How long connections may take that the old one had; the old one waits longer than this
 * (giving.c). */
#define PROOF_NS (3 * SLUICE_NS_PER_S)
#define LOOK_US 2000U

/* The one that there is. */
static struct {
	int fd;		/* to the old daemon; 0: none */
	bool is_taken;	/* what is the old one's is in our hands */
	uint64_t since; /* nobody reads, ns */
} taking;

int sluice_taking_place(const struct daemon *daemon, const struct sluice_config *config,
			char path[SLUICE_PACKET_PATH])
{
	const char *home = sluice_identity_home(config), *beside = daemon->options.socket, *slash;
	struct stat space;
	char *prefix;
	int length;

	if (!home)
		return -ENOENT;
	if (stat("/proc/self/ns/net", &space))
		return -errno;
	if (!beside)
		beside = SLUICE_RUN_DIRECTORY "/";
	slash = strrchr(beside, '/');
	prefix = sluice_identity_prefix(home);
	if (!prefix)
		return -ENOMEM;
	length = snprintf(path, SLUICE_PACKET_PATH, "%.*s/over-%lu-%s", (int)(slash - beside),
			  beside, (unsigned long)space.st_ino, prefix);
	free(prefix);
	/* A name for a moment is longer (packet_socket.c). */
	return length + 12 < (int)SLUICE_PACKET_PATH ? 0 : -ENAMETOOLONG;
}

int sluice_taking_unpack(struct sluice_parcel *parcel, char **error)
{
	size_t number;
	int result = 0;

	for (number = 0; !result && number < parcel->count; number++) {
		struct sluice_parcel_item *item = &parcel->items[number];

		result = item->kind == SLUICE_HANDED_UDP
				 ? sluice_socket_inherit_one(item->fd, item->key)
				 : sluice_handed_put(item->kind, item->key, item->fd);
		if (!result)
			item->fd = -1;
		else if (result == -EXDEV)
			sluice_say(error,
				   "descriptor %zu is another socket than the running sluiced "
				   "says: %s",
				   number, item->key);
		else
			sluice_say(error, "descriptor %zu (%s %s): %s", number,
				   sluice_handed_word(item->kind), item->key, strerror(-result));
	}
	if (!result)
		result = sluice_engine_succeed(parcel);
	if (result)
		sluice_say(error, "out of memory");
	return result;
}

/* Says what went wrong with an answer. */
static int no_answer(int result, char **error)
{
	sluice_say(error, "the running sluiced %s",
		   result == -EPIPE		? "ended the connection"
		   : result == -ETIMEDOUT	? "does not answer"
		   : result == -EPROTONOSUPPORT ? "speaks a version of the take-over's protocol "
						  "that this one does not: restart instead"
		   : result == -EBADMSG
			   ? "gave fewer descriptors than it has: nothing is taken over"
			   : "says something that makes no sense");
	return SLUICE_EXIT_START;
}

/* Waits for an answer. SLUICE_EXIT_OK if it is `wanted`. *text: what it says. @owner caller */
static int await(enum sluice_handover_word wanted, int most_ms, int *result, char **text,
		 char **error)
{
	struct sluice_handover_packet *packet = malloc(sizeof(*packet));

	*text = NULL;
	*result = packet ? sluice_handover_receive(taking.fd, packet, most_ms) : -ENOMEM;
	if (!*result) {
		sluice_handover_drop(packet);
		if (packet->head.word == wanted)
			*text = strdup(packet->text);
		else if (packet->head.word == SLUICE_HANDOVER_REFUSED)
			sluice_say(error, "the running sluiced refuses: %s", packet->text);
		else
			*result = -EPROTO;
	}
	free(packet);
	if (*result)
		return no_answer(*result, error);
	return *text ? SLUICE_EXIT_OK : SLUICE_EXIT_START;
}

int sluice_taking_begin(struct daemon *daemon, const struct sluice_config *config, char **error)
{
	char path[SLUICE_PACKET_PATH], *hello = NULL, *offer = NULL;
	int result = sluice_taking_place(daemon, config, path), status;
	const struct timeval limit = {.tv_sec = ANSWER_MS / 1000};
	uid_t uid;

	if (result) {
		sluice_say(error,
			   result == -ENOENT
				   ? "a daemon without a configuration file cannot be taken over"
				   : "the path of the running sluiced's socket: %s",
			   strerror(-result));
		return SLUICE_EXIT_START;
	}
	taking.fd = sluice_packet_connect(path, &uid);
	if (taking.fd < 0) {
		sluice_say(error,
			   "no sluiced that could be taken over runs with this configuration "
			   "(%s: %s); start without --takeover",
			   path, strerror(-taking.fd));
		taking.fd = 0;
		return SLUICE_EXIT_START;
	}
	if (uid != geteuid() && uid) {
		sluice_say(error, "%s is of user %u, and no sluiced of ours", path,
			   (unsigned int)uid);
		return SLUICE_EXIT_START;
	}
	(void)setsockopt(taking.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (asprintf(&hello, "version=%s\ntoken=%s\nhome=%s\n", SLUICE_VERSION,
		     sluice_successor_token(), sluice_identity_home(config)) < 0) {
		sluice_say(error, "out of memory");
		return SLUICE_EXIT_START;
	}
	result = sluice_handover_say(taking.fd, SLUICE_HANDOVER_HELLO, hello);
	free(hello);
	/* Who ends the connection may have said why. */
	status = await(SLUICE_HANDOVER_OFFER, ANSWER_MS, &result, &offer, error);
	free(offer);
	return status;
}

/* Notes since when nobody reads, if the old one says so. */
static void note_since(const struct sluice_parcel *parcel)
{
	static const char word[] = "unread since=";
	const char *line = parcel->state ? strstr(parcel->state, word) : NULL;
	uint64_t since = line ? strtoull(line + sizeof(word) - 1, NULL, 10) : 0;

	if (since && since < taking.since)
		taking.since = since;
}

/* Notes since when the relay works, if the old one says so. */
static void note_working(struct daemon *daemon, const struct sluice_parcel *parcel)
{
	static const char word[] = "working since=";
	const char *line = parcel->state ? strstr(parcel->state, word) : NULL;
	uint64_t since = line ? strtoull(line + sizeof(word) - 1, NULL, 10) : 0;

	if (since && since < daemon->working_since)
		daemon->working_since = since;
}

int sluice_taking_take(struct daemon *daemon, char **error)
{
	struct sluice_parcel parcel = {0};
	int result;

	taking.is_taken = true;
	result = sluice_handover_say(taking.fd, SLUICE_HANDOVER_TAKE, NULL);
	if (!result)
		result = sluice_parcel_receive(&parcel, taking.fd, PARCEL_MS, error);
	if (!result) {
		taking.since = sluice_now();
		note_since(&parcel);
		note_working(daemon, &parcel);
		result = sluice_taking_unpack(&parcel, error);
		if (!result && sluice_events_continue(&daemon->events, parcel.state))
			sluice_warning("events are numbered anew: out of memory");
	} else if (result != -EREMOTEIO) {
		(void)no_answer(result, error);
	} else if (*error) {
		sluice_error("the running sluiced refuses: %s", *error);
	}
	sluice_parcel_empty(&parcel);
	sluice_socket_way_hold(true);
	return result ? SLUICE_EXIT_START : SLUICE_EXIT_OK;
}

int sluice_taking_prove(struct daemon *daemon, char **error)
{
	char text[SLUICE_SUCCEED_TEXT], *word;
	uint64_t began = sluice_now();
	enum sluice_proof proof;
	int result, status;

	sluice_info("sockets are read again after %llu ms",
		    (unsigned long long)((began - taking.since) / SLUICE_NS_PER_MS));
	do {
		proof = sluice_engine_prove(daemon->engine, text);
		if (proof <= SLUICE_PROOF_GONE)
			break;
		usleep(LOOK_US);
	} while (sluice_now() - began < PROOF_NS);
	if (proof == SLUICE_PROOF_FAULT) {
		sluice_say(error, "%s", text);
		return SLUICE_EXIT_START;
	}
	/* The old one would not have it either; what waits for it waits here. */
	if (proof != SLUICE_PROOF_SAME)
		sluice_warning("%s; it is tried again, and the take-over goes on", text);
	result = sluice_handover_say(taking.fd, SLUICE_HANDOVER_READY, NULL);
	/* The old one does not touch its connections any more once that was said, or if it is gone.
	 */
	if (!result || result == -EPIPE)
		sluice_engine_go_on(daemon->engine);
	status = result ? no_answer(result, error)
			: await(SLUICE_HANDOVER_COMMIT, COMMIT_MS, &result, &word, error);
	if (!status)
		free(word);
	/* It is gone and can go on with nothing: all of it is ours. */
	if (result == -EPIPE) {
		sluice_warning("the running sluiced ended in the middle of the take-over; this one "
			       "goes on with what it had");
		free(*error);
		*error = NULL;
		status = SLUICE_EXIT_OK;
	}
	if (status)
		return status;
	taking.is_taken = false;
	close(taking.fd);
	taking.fd = 0;
	return SLUICE_EXIT_OK;
}

void sluice_taking_settle(struct daemon *daemon)
{
	size_t left = sluice_handed_drop_all();

	if (left)
		sluice_info("%zu descriptors that the last sluiced had are not needed any more",
			    left);
	sluice_socket_way_hold(false);
	sluice_links_look(&daemon->links);
	sluice_links_follow(&daemon->links, daemon);
	sluice_notice("taken over: this sluiced is process %d", (int)getpid());
}

void sluice_taking_fail(const char *why)
{
	if (!taking.is_taken)
		return;
	(void)sluice_handover_say(taking.fd, SLUICE_HANDOVER_REFUSED,
				  why ? why : "the new sluiced cannot start, as it says itself");
	sluice_log_close();
	/* Nothing of what we have is ours: it stays as it is. */
	_exit(SLUICE_EXIT_START);
}
