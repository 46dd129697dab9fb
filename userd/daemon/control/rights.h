/* SPDX-License-Identifier: MIT */
/*
 * Who may ask the daemon what, by the kernel's word for who asks: root and the user that the daemon
 * runs as may change and look, members of `control.group` as well, and others may look where
 * `control.read: all` says so. Touches: /proc.
 */
#ifndef SLUICE_CONTROL_RIGHTS_H
#define SLUICE_CONTROL_RIGHTS_H

#include <stdbool.h>
#include <sys/types.h>

enum sluice_right { SLUICE_RIGHT_NONE, SLUICE_RIGHT_LOOK, SLUICE_RIGHT_CHANGE };

/* Beside root and our own user. Zeroed: nobody. */
struct sluice_rights {
	bool has_group;
	gid_t group; /* whose members may change */
	bool all_may_look;
};

/* What the user who is connected to the UNIX socket `fd` may, and in *uid who that is. Looks at all
 * of its groups (SO_PEERGROUPS, socket(7)). @threadsafe */
enum sluice_right sluice_rights_of_peer(const struct sluice_rights *rights, int fd, uid_t *uid);

/* What the sender of a netlink message may. The kernel tells of its first group only, so members
 * whose group is another one of theirs use the socket; so does who may only look. @threadsafe */
enum sluice_right sluice_rights_of_sender(const struct sluice_rights *rights, uid_t uid, gid_t gid);

#endif /* SLUICE_CONTROL_RIGHTS_H */
