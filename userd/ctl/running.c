// SPDX-License-Identifier: MIT
/*
 * The running configuration as text; see running.h. Touches: a netlink socket, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "running.h"
#include "size.h"

#define PIECE 60000U /* bytes of text in one attribute, which holds 65,531 */

/* How often a change is asked for while sluiced is busy with another one, and how long the pauses
 * are, µs. */
#define BUSY_TRIES 10U
#define BUSY_PAUSE_US 100000U

#define WITHIN_MAX 86400000000U /* µs: a day */

/* Who makes changes, beside the user that the daemon sees; NULL: nothing to add. */
static const char *signer;
/* What is root's is not for him, whoever runs this program. */
static bool is_limited;

void sluice_running_sign(const char *who, bool limited)
{
	signer = who;
	is_limited = limited;
}

/* A part of the answer to CONFIG_GET: the text comes in pieces. 0 or a negative errno. */
static int take_part(struct nlattr **attributes, void *context)
{
	const struct nlattr *text = attributes[SLUICE_A_CONFIG_TEXT];
	struct sluice_running *running = context;
	size_t more = text ? (size_t)nla_len(text) : 0;
	char *grown;

	if (!running->name) {
		running->revision = sluice_attribute_u64(attributes[SLUICE_A_CONFIG_REVISION]);
		running->time_ns = sluice_attribute_u64(attributes[SLUICE_A_CONFIG_TIME]);
		running->uid = sluice_attribute_u32(attributes[SLUICE_A_CONFIG_UID]);
		running->is_runtime = attributes[SLUICE_A_CONFIG_RUNTIME] &&
				      nla_get_u8(attributes[SLUICE_A_CONFIG_RUNTIME]);
		running->name = strdup(sluice_attribute_string(attributes[SLUICE_A_CONFIG_NAME]));
		running->how = strdup(sluice_attribute_string(attributes[SLUICE_A_CONFIG_HOW]));
		if (!running->name || !running->how)
			return -ENOMEM;
	}
	if (running->text.length + more > SLUICE_CONFIG_TEXT_MAX)
		return -EPROTO;
	grown = realloc(running->text.bytes, running->text.length + more + 1);
	if (!grown)
		return -ENOMEM;
	if (more)
		memcpy(grown + running->text.length, nla_data(text), more);
	running->text.bytes = grown;
	running->text.length += more;
	grown[running->text.length] = '\0';
	return 0;
}

int sluice_running_get(struct sluice_netlink *netlink, uint64_t number,
		       struct sluice_running *running)
{
	struct nl_msg *message =
		sluice_netlink_message(netlink, SLUICE_CMD_CONFIG_GET, NLM_F_DUMP, 64);
	int error;

	memset(running, 0, sizeof(*running));
	if (message && number && nla_put_u64(message, SLUICE_A_CONFIG_REVISION, number)) {
		nlmsg_free(message);
		message = NULL;
	}
	error = sluice_netlink_request(netlink, message, take_part, running);
	if (error)
		sluice_daemon_complain(netlink, error);
	if (error || running->text.bytes)
		return error;
	fputs("sluicectl: sluiced does not tell its configuration: it is older than this "
	      "sluicectl\n",
	      stderr);
	return -EOPNOTSUPP;
}

void sluice_running_free(struct sluice_running *running)
{
	free(running->text.bytes);
	free(running->name);
	free(running->how);
	memset(running, 0, sizeof(*running));
}

uint32_t sluice_order_within(const char *text)
{
	uint64_t microseconds;

	if (text && !sluice_duration_parse(text, &microseconds) && microseconds >= 1000000 &&
	    microseconds <= WITHIN_MAX)
		return (uint32_t)(microseconds / 1000000);
	fputs("sluicectl: --confirm-within needs a duration from 1s to 1440min, for example 60s\n",
	      stderr);
	return 0;
}

int sluice_order_word(const char *word, const char *next)
{
	bool is_adopt = !strcmp(word, "--adopt");

	if (!is_adopt && strcmp(word, "--drop") != 0)
		return 0;
	return next && next[0] && is_adopt == (strchr(next, '=') != NULL) ? 1 : -1;
}

/* Puts what becomes of outputs that go into the request. 0 or a negative number. */
static int put_wishes(struct nl_msg *message, const struct sluice_order *order)
{
	size_t word;
	int error = 0;

	for (word = 0; word + 1 < order->word_count && !error; word++) {
		if (!strcmp(order->words[word], "--adopt"))
			error = nla_put_string(message, SLUICE_A_CONFIG_ADOPT,
					       order->words[++word]);
		else if (!strcmp(order->words[word], "--drop"))
			error = nla_put_string(message, SLUICE_A_CONFIG_DROP, order->words[++word]);
	}
	return error;
}

/* Puts how it came about, and by whom. 0 or a negative number. */
static int put_how(struct nl_msg *message, const char *how)
{
	char *text = NULL;
	int error;

	if (!how)
		return 0;
	if (!signer)
		return nla_put_string(message, SLUICE_A_CONFIG_HOW, how);
	if (asprintf(&text, "%s (%s)", how, signer) < 0)
		return -ENOMEM;
	error = nla_put_string(message, SLUICE_A_CONFIG_HOW, text);
	free(text);
	return error;
}

/* The request that carries it. NULL: no memory. @owner caller */
static struct nl_msg *request_make(struct sluice_netlink *netlink, const struct sluice_order *order)
{
	size_t size = order->length + (order->length / PIECE + 2) * NLA_HDRLEN +
		      strlen(order->name) + (order->how ? strlen(order->how) : 0) +
		      (signer ? strlen(signer) : 0) + 256;
	struct nl_msg *message;
	size_t word, from, piece;

	for (word = 0; word < order->word_count; word++)
		size += strlen(order->words[word]) + (size_t)2 * NLA_HDRLEN;
	message = sluice_netlink_message(netlink, SLUICE_CMD_CONFIG_APPLY, 0, size);
	if (!message || nla_put_string(message, SLUICE_A_CONFIG_NAME, order->name) ||
	    put_how(message, order->how) ||
	    (order->if_revision &&
	     nla_put_u64(message, SLUICE_A_CONFIG_IF_REVISION, order->if_revision)) ||
	    (order->within && nla_put_u32(message, SLUICE_A_CONFIG_WITHIN, order->within)) ||
	    (order->no_wait && nla_put_u8(message, SLUICE_A_CONFIG_NO_WAIT, 1)) ||
	    (is_limited && nla_put_u8(message, SLUICE_A_CONFIG_LIMITED, 1)) ||
	    put_wishes(message, order))
		goto failed;
	for (from = 0; from < order->length; from += piece) {
		piece = order->length - from < PIECE ? order->length - from : PIECE;
		if (nla_put(message, SLUICE_A_CONFIG_TEXT, (int)piece, order->text + from))
			goto failed;
	}
	return message;

failed:
	nlmsg_free(message);
	return NULL;
}

int sluice_running_apply(struct sluice_netlink *netlink, const struct sluice_order *order,
			 bool *accepted)
{
	unsigned int tries = BUSY_TRIES;
	int error;

	/* Another change may be under way, which is no reason to give up. (-EBUSY: this one is
	 * refused, because something waits that it would throw away.) */
	while ((error = sluice_netlink_request(netlink, request_make(netlink, order), NULL,
					       NULL)) == -EALREADY &&
	       --tries)
		usleep(BUSY_PAUSE_US);
	*accepted = error == -EINPROGRESS || (!error && order->no_wait);
	return error == -EINPROGRESS ? 0 : error;
}
