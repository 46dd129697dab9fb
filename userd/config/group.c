// SPDX-License-Identifier: MIT
/*
 * A group of this host, see group.h.
 */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/overflow_id.h"
#include "group.h"

#define ROOM_FIRST 4096U
#define ROOM_MOST (1U << 22) /* of a group with very many members */

int sluice_group_find(const char *name, gid_t *gid)
{
	struct group group, *found = NULL;
	size_t room = ROOM_FIRST;
	char *buffer, *grown = NULL;
	int error = ERANGE;

	if (!name || !gid)
		return -EINVAL;
	for (; error == ERANGE && room <= ROOM_MOST; room *= 2) {
		buffer = realloc(grown, room);
		if (!buffer) {
			free(grown);
			return -ENOMEM;
		}
		grown = buffer;
		error = getgrnam_r(name, &group, grown, room, &found);
	}
	if (!error && !found)
		error = ENOENT;
	if (!error && sluice_is_overflow_group(group.gr_gid))
		error = EPERM;
	if (!error)
		*gid = group.gr_gid;
	free(grown);
	return -error;
}

const char *sluice_group_reason(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is no such group on this host: make it (groupadd --system), or leave "
		       "the key out";
	case -EPERM:
		return "the kernel gives this group to everybody of another user namespace, so it "
		       "proves nothing: name another one";
	default:
		return strerror(-error);
	}
}
