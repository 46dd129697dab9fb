/* SPDX-License-Identifier: MIT */
/*
 * A small file that is replaced whole, also where others have filled the file system meanwhile: a
 * second file beside it, `PATH.spare`, keeps room for the next time. For the control thread.
 * Touches: both files.
 */
#ifndef SLUICE_IDENTITY_ROOM_H
#define SLUICE_IDENTITY_ROOM_H

#include <stddef.h>

/*
 * Makes `text`, `length` bytes, what the file at `path` holds, followed by blanks, durably, and
 * whole or not at all: it is written to the spare, which then changes places with the file. 0 or a
 * negative errno. @context process
 */
int sluice_identity_room_write(const char *path, const char *text, size_t length);

/* Takes both away. NULL is allowed. @context process */
void sluice_identity_room_remove(const char *path);

#endif /* SLUICE_IDENTITY_ROOM_H */
