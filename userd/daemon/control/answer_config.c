// SPDX-License-Identifier: MIT
/*
 * Telling configurations; see answer_config.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "../../config/sentence.h"
#include "../../lib/netlink.h"
#include "answer_config.h"

#define PIECE 32000U /* bytes of text in one message */

/* What is said of a revision. False: no room. */
static bool put_revision(struct nl_msg *message, const struct sluice_revision *revision)
{
	return !nla_put_u64(message, SLUICE_A_CONFIG_REVISION, revision->number) &&
	       !nla_put_string(message, SLUICE_A_CONFIG_NAME, revision->name) &&
	       !nla_put_string(message, SLUICE_A_CONFIG_HOW, revision->how) &&
	       !nla_put_u8(message, SLUICE_A_CONFIG_RUNTIME, revision->is_runtime) &&
	       !nla_put_u32(message, SLUICE_A_CONFIG_UID, revision->uid) &&
	       !nla_put_u64(message, SLUICE_A_CONFIG_TIME, revision->time_ns);
}

/* One message: about a revision, and `length` bytes of its text. 0 or -ENOMEM. */
static int put_message(struct sluice_answer *answer, const struct nlmsghdr *request,
		       uint8_t command, const struct sluice_revision *revision, const char *text,
		       size_t length)
{
	size_t size = length + strlen(revision->name) + strlen(revision->how) + 256;
	struct nl_msg *message = sluice_answer_begin(request, command, size);

	if (!message || !put_revision(message, revision) ||
	    (length && nla_put(message, SLUICE_A_CONFIG_TEXT, (int)length, text))) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return sluice_answer_add(answer, message);
}

/* REVISION_GET. 0 or -ENOMEM. */
static int put_all(struct sluice_answer *answer, const struct nlmsghdr *request, uint8_t command,
		   const struct sluice_revisions *revisions)
{
	size_t number;
	int error = 0;

	for (number = 0; revisions && number < revisions->count && !error; number++)
		error = put_message(answer, request, command, &revisions->list[number], NULL, 0);
	return error;
}

/* CONFIG_GET. 0, -ENOENT with its sentence, or -ENOMEM. */
static int put_one(struct sluice_answer *answer, const struct nlmsghdr *request, uint8_t command,
		   const struct sluice_revisions *revisions, uint64_t wanted, char **text)
{
	const struct sluice_revision *revision = wanted ? sluice_revisions_find(revisions, wanted)
							: sluice_revisions_newest(revisions);
	size_t from = 0, piece;
	int error;

	if (!revision) {
		sluice_say(text,
			   "there is no revision %" PRIu64
			   " any more: `sluicectl history` lists those that are kept",
			   wanted);
		return -ENOENT;
	}
	do {
		piece = revision->length - from < PIECE ? revision->length - from : PIECE;
		error = put_message(answer, request, command, revision, revision->text + from,
				    piece);
		from += piece;
	} while (!error && from < revision->length);
	return error;
}

int sluice_answer_config(struct sluice_answer *answer, const struct nlmsghdr *request,
			 uint8_t command, struct nlattr *first, int length,
			 const struct sluice_revisions *revisions, char **text)
{
	struct nlattr *attribute;
	uint64_t wanted = 0;
	int error, rest;

	if (!answer || !request || !text)
		return -EINVAL;
	nla_for_each_attr(attribute, first, length, rest)
	{
		if (nla_type(attribute) == SLUICE_A_CONFIG_REVISION)
			wanted = nla_get_u64(attribute);
	}
	if (command == SLUICE_CMD_REVISION_GET)
		error = put_all(answer, request, command, revisions);
	else
		error = put_one(answer, request, command, revisions, wanted, text);
	return error ? error : sluice_answer_done(answer, request);
}
