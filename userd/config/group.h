/* SPDX-License-Identifier: MIT */
/*
 * A group of this host by its name, for `control.group`. Touches: what group(5) and the name
 * service say.
 */
#ifndef SLUICE_CONFIG_GROUP_H
#define SLUICE_CONFIG_GROUP_H

#include <sys/types.h>

/* The number of group `name`. 0; -ENOENT: there is none; -EPERM: it is the one that stands for all
 * groups that a user namespace does not have; another negative errno: it is not known now.
 * @context process @threadsafe */
int sluice_group_find(const char *name, gid_t *gid);

/* What such an errno means, and how to mend it; a constant. @threadsafe */
const char *sluice_group_reason(int error);

#endif /* SLUICE_CONFIG_GROUP_H */
