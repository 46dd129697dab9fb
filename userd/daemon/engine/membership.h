/* SPDX-License-Identifier: MIT */
/*
 * Multicast groups that inputs ask for (`inputs.group`): this machine is a member of each as long
 * as an input that is in force has it, by a socket that nothing is read from. So it holds for every
 * source alike: for sockets, whose IP_MULTICAST_ALL brings what anybody here has joined, and for
 * the module, which sees what the network sends to members. Touches: those sockets.
 */
#ifndef SLUICE_MEMBERSHIP_H
#define SLUICE_MEMBERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include "../../config/model.h"

struct sluice_membership;

struct sluice_membership_list {
	struct sluice_membership *list;
	size_t count;
};

/*
 * Joins what `config` has and is not joined, or no more (its interface went and came back), and
 * leaves what it has no more. What fails is told once, in the log. True: something could not be
 * joined; call again in a second. @context process
 */
bool sluice_membership_follow(struct sluice_membership_list *memberships,
			      const struct sluice_config *config);

/* Leaves all. @context process */
void sluice_membership_leave(struct sluice_membership_list *memberships);

#endif /* SLUICE_MEMBERSHIP_H */
