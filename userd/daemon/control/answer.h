/* SPDX-License-Identifier: MIT */
/*
 * Answers of the control plane as netlink messages: parts of dumps, acknowledgements, refusals with
 * their text. Touches: nothing but memory.
 */
#ifndef SLUICE_CONTROL_ANSWER_H
#define SLUICE_CONTROL_ANSWER_H

#include <linux/netlink.h>
#include <netlink/msg.h>
#include <stddef.h>
#include <stdint.h>
#include "control.h"

/* Datagrams of an answer. */
struct sluice_answer {
	struct sluice_answer_part {
		void *bytes;
		size_t length;
	} * parts;
	size_t count;
	size_t room;
};

/* A dump of `command` (enum sluice_command) for the request `request`, ended by NLMSG_DONE. 0,
 * -EOPNOTSUPP (no such dump), -ENOMEM or what the report failed with. @owner caller:
 * sluice_answer_free(), whatever the result */
int sluice_answer_dump(struct sluice_answer *answer, const struct nlmsghdr *request,
		       uint8_t command, const struct sluice_control_calls *calls, void *context);

/* Parts of a dump, for those who make one themselves: a message with room for `size` bytes of
 * attributes (NULL: no memory, @owner sluice_answer_add()), which goes into the answer, and the
 * end. 0 or -ENOMEM. */
struct nl_msg *sluice_answer_begin(const struct nlmsghdr *request, uint8_t command, size_t size);
int sluice_answer_add(struct sluice_answer *answer, struct nl_msg *message);
int sluice_answer_done(struct sluice_answer *answer, const struct nlmsghdr *request);

/* NLMSG_ERROR for `request`: an acknowledgement if `error` is 0, else a refusal with `text` (may be
 * NULL; cut to what an attribute holds) and the offset of the attribute at fault (0: none). 0 or
 * -ENOMEM. */
int sluice_answer_error(struct sluice_answer *answer, const struct nlmsghdr *request, int error,
			const char *text, uint32_t offset);

void sluice_answer_free(struct sluice_answer *answer);

#endif /* SLUICE_CONTROL_ANSWER_H */
