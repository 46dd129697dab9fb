/* SPDX-License-Identifier: MIT */
/*
 * A configuration that is in force for a time: unless it is confirmed, what was before comes back.
 * For whoever changes the link that he works over. In the control thread. Touches: a timer, the
 * log, the engine by way of changes.c.
 */
#ifndef SLUICE_DAEMON_CONFIRM_H
#define SLUICE_DAEMON_CONFIRM_H

#include "daemon.h"

/* What is in force goes in `within` seconds, unless it is confirmed; 0: nothing. Call it before the
 * new configuration is noted. A trial under way keeps what was before it, and gets another end. */
void sluice_confirm_await(struct daemon *daemon, uint32_t within);

/* CONFIG_CONFIRM, see control.h. */
int sluice_confirm(void *context, uid_t uid, char **error);

/* sluice_daemon_begin_change(), which is above this. */
typedef int (*sluice_confirm_begin)(struct daemon *daemon, struct sluice_config *config,
				    const struct sluice_control_apply *wanted, char **error);

/* The timer has expired: back, by `begin`. */
void sluice_confirm_expired(struct daemon *daemon, sluice_confirm_begin begin);

/* There is no trial any more. */
void sluice_confirm_end(struct daemon *daemon);

#endif /* SLUICE_DAEMON_CONFIRM_H */
