/* SPDX-License-Identifier: MIT */
/*
 * `control.group` and `control.read` in force: whom the control plane answers beside root and our
 * own user. In the control thread. Touches: the list of groups, the control plane's socket.
 */
#ifndef SLUICE_DAEMON_ACCESS_H
#define SLUICE_DAEMON_ACCESS_H

#include "../config/model.h"
#include "daemon.h"

/* Lets in whom `config` names, and nobody else. What cannot be is a line in the log, and then they
 * do not get in. Nothing before there is a control plane. @context process, control thread */
void sluice_access_set(struct daemon *daemon, const struct sluice_config *config);

/*
 * May user `uid` put `config` in force? Who is neither root nor our user may not change what would
 * give him more than the control plane does: `control`, and what names files that we write with our
 * rights. 0; -EPERM, and *error says which key. @owner caller: *error, free(). @threadsafe
 */
int sluice_access_check(const struct sluice_config *now, const struct sluice_config *config,
			uid_t uid, char **error);

#endif /* SLUICE_DAEMON_ACCESS_H */
