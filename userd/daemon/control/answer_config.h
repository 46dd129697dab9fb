/* SPDX-License-Identifier: MIT */
/*
 * Answers that tell configurations: CONFIG_GET and REVISION_GET. Beside answer.c. Touches: nothing
 * but memory.
 */
#ifndef SLUICE_CONTROL_ANSWER_CONFIG_H
#define SLUICE_CONTROL_ANSWER_CONFIG_H

#include <netlink/attr.h>
#include "answer.h"
#include "revisions.h"

/*
 * A dump of `command` for a request with `length` bytes of attributes, which were validated. 0;
 * -ENOENT and *text, a sentence: that revision is not kept; -ENOMEM. @owner caller: *text, and
 * sluice_answer_free(), whatever the result
 */
int sluice_answer_config(struct sluice_answer *answer, const struct nlmsghdr *request,
			 uint8_t command, struct nlattr *first, int length,
			 const struct sluice_revisions *revisions, char **text);

#endif /* SLUICE_CONTROL_ANSWER_CONFIG_H */
