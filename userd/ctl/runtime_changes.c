// SPDX-License-Identifier: MIT
/*
 * What was changed while the daemon runs; see runtime_changes.h. Touches: a netlink socket, stderr.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "runtime_changes.h"

/* Forgets those that were found. */
static void forget(struct sluice_runtime_changes *changes)
{
	while (changes->count)
		free(changes->list[--changes->count].how);
}

/* One of REVISION_GET, oldest first. 0 or -ENOMEM. */
static int take(struct nlattr **attributes, void *context)
{
	struct sluice_runtime_changes *changes = context;
	const struct nlattr *runtime = attributes[SLUICE_A_CONFIG_RUNTIME];
	uint64_t revision = sluice_attribute_u64(attributes[SLUICE_A_CONFIG_REVISION]);
	uint32_t uid = sluice_attribute_u32(attributes[SLUICE_A_CONFIG_UID]);
	struct sluice_runtime_change *change;

	if (!runtime || !nla_get_u8(runtime)) {
		forget(changes);
		changes->base = revision;
		changes->base_uid = uid;
		return 0;
	}
	if (changes->count == SLUICE_RUNTIME_CHANGES)
		return 0;
	change = &changes->list[changes->count];
	change->revision = revision;
	change->uid = uid;
	change->how = strdup(sluice_attribute_string(attributes[SLUICE_A_CONFIG_HOW]));
	if (!change->how)
		return -ENOMEM;
	changes->count++;
	return 0;
}

int sluice_runtime_changes_read(struct sluice_netlink *netlink,
				struct sluice_runtime_changes *changes)
{
	int error;

	memset(changes, 0, sizeof(*changes));
	error = sluice_netlink_dump(netlink, SLUICE_CMD_REVISION_GET, take, changes);
	if (error)
		sluice_daemon_complain(netlink, error);
	return error;
}

void sluice_runtime_changes_free(struct sluice_runtime_changes *changes)
{
	forget(changes);
	memset(changes, 0, sizeof(*changes));
}
