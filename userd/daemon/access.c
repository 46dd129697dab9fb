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
	if (!sluice_text_is_same(now->control.telnet.text, config->control.telnet.text))
		return "control.telnet";
	if (!sluice_text_is_same(now->control.http.text, config->control.http.text))
		return "control.http";
	if (!sluice_text_is_same(now->control.shell, config->control.shell))
		return "control.shell";
	if (!sluice_text_is_same(now->control.password_file, config->control.password_file))
		return "control.password-file";
	for (number = 0; number < SLUICE_EVENT_HOOKS; number++)
		if (!sluice_text_is_same(now->hooks[number].command, config->hooks[number].command))
			return "control.hooks";
	return NULL;
}

/* The first key of `threads` that lets us run before other programs, and is another one; NULL:
 * none. Where a thread runs is left: that needs no right. */
static const char *thread_key(const struct sluice_config *now, const struct sluice_config *config)
{
	size_t number;

	for (number = 0; number < SLUICE_THREADS; number++) {
		const struct sluice_config_thread *old = &now->threads.of[number],
						  *new = &config->threads.of[number];

		if (old->policy != new->policy || old->priority != new->priority)
			return "threads.*.policy";
		if (old->nice != new->nice)
			return "threads.*.nice";
	}
	return NULL;
}

/* The first key that is root's and another one; NULL: none. */
static const char *guarded_key(const struct sluice_config *now, const struct sluice_config *config)
{
	const char *key = thread_key(now, config);

	if (key)
		return key;
	if (now->log.target != config->log.target ||
	    !sluice_text_is_same(now->log.path, config->log.path))
		return "log.to";
	if (!sluice_text_is_same(now->store.memory_path, config->store.memory_path))
		return "store.memory.path";
	if (!sluice_text_is_same(now->store.disk_path, config->store.disk_path))
		return "store.disk.path";
	return control_key(now, config);
}

bool sluice_access_is_whole(const struct sluice_control_apply *wanted)
{
	return !wanted->is_limited && (wanted->uid == 0 || wanted->uid == geteuid());
}

int sluice_access_check(const struct sluice_config *now, const struct sluice_config *config,
			const struct sluice_control_apply *wanted, char **error)
{
	const char *key = sluice_access_is_whole(wanted) ? NULL : guarded_key(now, config);

	if (!key)
		return 0;
	if (asprintf(
		    error,
		    "%s: only root and the user that sluiced runs as may change it, with sluicectl "
		    "or through control.shell: it would let %s do what is theirs",
		    key,
		    wanted->is_limited ? "whoever has the password of control.telnet"
				       : "a member of control.group") < 0)
		*error = NULL;
	return -EPERM;
}
