// SPDX-License-Identifier: MIT
/*
 * Who may ask the daemon what; see rights.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/overflow_id.h"
#include "rights.h"

/* Groups of one user that are looked at (NGROUPS_MAX, linux/limits.h). */
#define GROUPS_MOST 65536U

/* May this user change everything, whatever its groups are? */
static bool is_ours(uid_t uid)
{
	return uid == 0 || (uid == geteuid() && !sluice_is_overflow_user(uid));
}

/* Is the user who is connected to `fd` in `group`, beside its first one? */
static bool is_member(int fd, gid_t group)
{
	socklen_t length = 0;
	gid_t *groups = NULL;
	bool result = false;
	size_t number;

	/* The first call says how many there are. */
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length))
		return false;
	if (errno != ERANGE || length > GROUPS_MOST * sizeof(*groups))
		return false;
	groups = malloc(length);
	if (groups && !getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length))
		for (number = 0; number < length / sizeof(*groups) && !result; number++)
			result = groups[number] == group;
	free(groups);
	return result;
}

enum sluice_right sluice_rights_of_peer(const struct sluice_rights *rights, int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (!rights || !uid || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return SLUICE_RIGHT_NONE;
	*uid = peer.uid;
	if (sluice_rights_of_sender(rights, peer.uid, peer.gid) == SLUICE_RIGHT_CHANGE ||
	    (rights->has_group && is_member(fd, rights->group)))
		return SLUICE_RIGHT_CHANGE;
	return rights->all_may_look ? SLUICE_RIGHT_LOOK : SLUICE_RIGHT_NONE;
}

enum sluice_right sluice_rights_of_sender(const struct sluice_rights *rights, uid_t uid, gid_t gid)
{
	if (is_ours(uid) || (rights && rights->has_group && gid == rights->group))
		return SLUICE_RIGHT_CHANGE;
	return SLUICE_RIGHT_NONE;
}
