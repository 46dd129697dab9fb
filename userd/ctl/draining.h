/* SPDX-License-Identifier: MIT */
/*
 * What outputs get still by rings of an earlier configuration. Touches: a netlink socket.
 */
#ifndef SLUICE_CTL_DRAINING_H
#define SLUICE_CTL_DRAINING_H

#include <jansson.h>

/* A list of objects with output, id, bytes, rings; JSON's null: the daemon does not tell it now.
 * NULL: no memory. @owner caller */
json_t *sluice_draining_list(void);

#endif /* SLUICE_CTL_DRAINING_H */
