/* SPDX-License-Identifier: MIT */
/*
 * What outputs get still by rings of an earlier configuration. Touches: netlink sockets, stderr.
 */
#ifndef SLUICE_CTL_DRAINING_H
#define SLUICE_CTL_DRAINING_H

#include <jansson.h>

/* A list of objects with output, id, bytes, rings; empty: nothing, or it is not known, which was
 * said. NULL: no memory. @owner caller */
json_t *sluice_draining_list(void);

#endif /* SLUICE_CTL_DRAINING_H */
