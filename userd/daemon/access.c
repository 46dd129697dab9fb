// SPDX-License-Identifier: MIT
/*
 * Who may ask, see access.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../config/group.h"
#include "../lib/log.h"
#include "../lib/text.h"
#include "access.h"
#include "control/control.h"

void sluice_access_set(struct daemon *daemon, const struct sluice_config *config)
{
	struct sluice_rights rights = {.all_may_look = config->readers == SLUICE_READERS_ALL};
	int error;

	if (!daemon->control)
		return;
	if (config->control_group) {
		error = sluice_group_find(config->control_group, &rights.group);
		if (error)
			sluice_warning("control.group: %s: %s; its members are not let in",
				       config->control_group, sluice_group_reason(error));
		rights.has_group = !error;
	}
	error = sluice_control_allow(daemon->control, &rights);
	if (error)
		sluice_warning("others than root and this user cannot be let in to the control "
			       "socket: %s",
			       strerror(-error));
}

/* The first key of `control` that is another one; NULL: none. */
static const char *control_key(const struct sluice_config *now, const struct sluice_config *config)
{
	size_t number;

	if (!sluice_text_is_same(now->control_group, config->control_group))
		return "control.group";
	if (now->readers != config->readers)
		return "control.read";
	if (!sluice_text_is_same(now->control.telnet, config->control.telnet))
		return "control.telnet";
	if (!sluice_text_is_same(now->control.shell, config->control.shell))
		return "control.shell";
	if (!sluice_text_is_same(now->control.password_file, config->control.password_file))
		return "control.password-file";
	for (number = 0; number < SLUICE_EVENT_HOOKS; number++)
		if (!sluice_text_is_same(now->hooks[number].command, config->hooks[number].command))
			return "control.hooks";
	return NULL;
}

/* The first key that is root's and another one; NULL: none. */
static const char *guarded_key(const struct sluice_config *now, const struct sluice_config *config)
{
	if (now->log.target != config->log.target ||
	    !sluice_text_is_same(now->log.path, config->log.path))
		return "log.to";
	if (!sluice_text_is_same(now->store.memory_path, config->store.memory_path))
		return "store.memory.path";
	if (!sluice_text_is_same(now->store.disk_path, config->store.disk_path))
		return "store.disk.path";
	return control_key(now, config);
}

int sluice_access_check(const struct sluice_config *now, const struct sluice_config *config,
			uid_t uid, char **error)
{
	const char *key = uid == 0 || uid == geteuid() ? NULL : guarded_key(now, config);

	if (!key)
		return 0;
	if (asprintf(error,
		     "%s: only root and the user that sluiced runs as may change it: it would let "
		     "a member of control.group do what is theirs",
		     key) < 0)
		*error = NULL;
	return -EPERM;
}
