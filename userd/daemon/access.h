/* SPDX-License-Identifier: MIT */
/*
 * `control.group` and `control.read` in force: whom the control plane answers beside root and our
 * own user. In the control thread. Touches: the list of groups, the control plane's socket.
 */
#ifndef SLUICE_DAEMON_ACCESS_H
#define SLUICE_DAEMON_ACCESS_H

#include <stdbool.h>
#include "../config/model.h"
#include "control/control.h"
#include "daemon.h"

/* Lets in whom `config` names, and nobody else. What cannot be is a line in the log, and then they
 * do not get in. Nothing before there is a control plane. @context process, control thread */
void sluice_access_set(struct daemon *daemon, const struct sluice_config *config);

/* May whoever asks do all that we may? Root and our own user, but for a session that has only
 * shown a password. @threadsafe */
bool sluice_access_is_whole(const struct sluice_control_apply *wanted);

/*
 * May whoever asks put `config` in force? Who may not do all that we may does not change what would
 * give him more than the control plane does: `control`, what names files that we write with our
 * rights, and what comes before other programs on this host. 0; -EPERM, and *error says which key.
 * @owner caller: *error, free(). @threadsafe
 */
int sluice_access_check(const struct sluice_config *now, const struct sluice_config *config,
			const struct sluice_control_apply *wanted, char **error);

#endif /* SLUICE_DAEMON_ACCESS_H */
