/* SPDX-License-Identifier: MIT */
/*
 * The priority of a route's inputs, told by the route's GUID itself: whoever meets a ring or a
 * frame of it, maybe years later, on the disk of a daemon with another configuration, knows how
 * important it is. Off the path of the data. Touches: nothing but memory.
 *
 * 0 leaves a GUID as it is (version 5). Others make it one of version 8, which is for such uses
 * (RFC 9562 section 5.8), with the priority in its last three bits.
 */
#ifndef SLUICE_PRIORITY_H
#define SLUICE_PRIORITY_H

#include <stdint.h>
#include "guid.h"

/* 0 .. 7, the higher the more important, 0 if nothing else is said: as in IEEE 802.1Q */
#define SLUICE_PRIORITIES 8U

/* Writes `priority`, less than SLUICE_PRIORITIES, into a GUID of version 5. @threadsafe */
void sluice_priority_mark(sluice_guid guid, unsigned int priority);

/* What a route's GUID says; of one that was not made by sluice: 0. @threadsafe */
unsigned int sluice_priority_of(const sluice_guid guid);

#endif /* SLUICE_PRIORITY_H */
