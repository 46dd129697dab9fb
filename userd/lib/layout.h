/* SPDX-License-Identifier: MIT */
/*
 * Checks of where members lie, at build time: what different threads write must not share a cache
 * line, or each write of the one costs the other a miss. Touches: nothing.
 */
#ifndef SLUICE_LAYOUT_H
#define SLUICE_LAYOUT_H

#include <stddef.h>

#define SLUICE_LINE 64U /* bytes of a cache line */

/* Objects of the type begin at a line, and have all of their lines to themselves, in arrays, too.
 */
#define SLUICE_HAS_ITS_LINES(type)                                                           \
	_Static_assert(_Alignof(type) % SLUICE_LINE == 0 && sizeof(type) % SLUICE_LINE == 0, \
		       #type " fills its cache lines")

/* The member begins a line. */
#define SLUICE_BEGINS_LINE(type, member)                          \
	_Static_assert(offsetof(type, member) % SLUICE_LINE == 0, \
		       #type ": " #member " begins a cache line")

/* Both members begin in one line: they have one writer. */
#define SLUICE_SAME_LINE(type, one, other)                                                       \
	_Static_assert(offsetof(type, one) / SLUICE_LINE == offsetof(type, other) / SLUICE_LINE, \
		       #type ": " #one " and " #other " are in one cache line")

/* `later` begins behind the last line that `earlier` has a part in: they have different writers. */
#define SLUICE_LATER_LINE(type, earlier, later)                                               \
	_Static_assert(offsetof(type, later) / SLUICE_LINE >                                  \
			       (offsetof(type, earlier) + sizeof(((type *)0)->earlier) - 1) / \
				       SLUICE_LINE,                                           \
		       #type ": " #later " is in a cache line behind " #earlier)

#endif /* SLUICE_LAYOUT_H */
