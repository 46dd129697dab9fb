// SPDX-License-Identifier: MIT
/*
 * Who may ask, see access.h.
 */
#include <string.h>
#include "../config/group.h"
#include "../lib/log.h"
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
