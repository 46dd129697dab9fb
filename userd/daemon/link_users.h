/* SPDX-License-Identifier: MIT */
/*
 * Who names an interface: inputs by their key `interface`, outputs by the zone of a link-local
 * destination. That it went down, or away, and came up again is a line in the log and an event
 * each. For the control thread. Touches: the log, the events, a socket to ask the kernel by.
 */
#ifndef SLUICE_LINK_USERS_H
#define SLUICE_LINK_USERS_H

#include <stddef.h>
#include "../lib/link_watch.h"
#include "../config/model.h"

struct sluice_link_user;

struct sluice_link_users {
	struct sluice_link_user *list;
	size_t count;
};

/* Takes down who names one in `config`, which is in force, and how those stand now, of which
 * nothing is told: what was known of them stays. Without memory nobody is known. */
void sluice_link_users_note(struct sluice_link_users *users, const struct sluice_config *config);
void sluice_link_users_free(struct sluice_link_users *users);

/* What sluice_link_watch_read() calls; `users` is a struct sluice_link_users. */
void sluice_link_users_tell(const struct sluice_link_event *event, void *users);

#endif /* SLUICE_LINK_USERS_H */
