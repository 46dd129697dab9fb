/* SPDX-License-Identifier: MIT */
/*
 * Why datagrams are lost, in words. Touches: nothing.
 */
#ifndef SLUICE_LIB_LOST_H
#define SLUICE_LIB_LOST_H

#include <stddef.h>

/* The name that a cause (enum sluice_lost_cause) has everywhere; a constant, "?" for one that is
 * newer than this program. @threadsafe */
const char *sluice_lost_name(size_t cause);

#endif /* SLUICE_LIB_LOST_H */
