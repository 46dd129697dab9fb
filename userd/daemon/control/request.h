/* SPDX-License-Identifier: MIT */
/*
 * A request of the control plane, taken apart. Under netlink.c. Touches: nothing.
 */
#ifndef SLUICE_CONTROL_REQUEST_H
#define SLUICE_CONTROL_REQUEST_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <stdint.h>
#include <sys/types.h>
#include "control.h"

struct sluice_request {
	const struct nlmsghdr *header;
	const struct genlmsghdr *command;
	struct nlattr *first; /* attributes */
	int length;	      /* bytes of them */
	uint32_t fault;	      /* offset of the attribute at fault, 0: none */
	uid_t uid;	      /* who asks */
};

/* Are the attributes well-formed, all known, and none there twice but the CONFIG_ ones that may be?
 * 0, or -EINVAL and *text. @threadsafe */
int sluice_request_check(struct sluice_request *request, const char **text);

/* Reads what a CONFIG_APPLY that was found well-formed says into *wanted, which is otherwise left
 * as it is; its texts are the request's. `text` has room for as many bytes as its attributes have.
 * @owner caller: text. @threadsafe */
void sluice_request_read_apply(const struct sluice_request *request, char *text,
			       struct sluice_control_apply *wanted);

#endif /* SLUICE_CONTROL_REQUEST_H */
