/* SPDX-License-Identifier: MIT */
/*
 * The user and group that the kernel names in place of all those which this user namespace does not
 * have (user_namespaces(7)): who bears them proves nothing. Touches: /proc/sys/kernel.
 */
#ifndef SLUICE_LIB_OVERFLOW_ID_H
#define SLUICE_LIB_OVERFLOW_ID_H

#include <stdbool.h>
#include <sys/types.h>

/* Is it the one? @threadsafe */
bool sluice_is_overflow_user(uid_t uid);
bool sluice_is_overflow_group(gid_t gid);

#endif /* SLUICE_LIB_OVERFLOW_ID_H */
