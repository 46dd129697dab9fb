/* SPDX-License-Identifier: MIT */
/*
 * GUIDs: reading, writing and deriving them (libuuid does the work). A GUID is 16 bytes in the
 * order in which it is written (RFC 4122 section 4.1.2). Off the path of the data. Touches: nothing
 * but memory.
 */
#ifndef SLUICE_GUID_H
#define SLUICE_GUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLUICE_GUID_TEXT 37 /* bytes of a GUID as text, final NUL included */

/* Reads "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001", upper or lower case, into `guid`. Returns 0, or
 * -EINVAL (then `guid` is untouched). @threadsafe */
int sluice_guid_parse(const char *text, uint8_t guid[16]);

/* Writes `guid` to `text` in lower case and returns `text`. @threadsafe */
char *sluice_guid_format(const uint8_t guid[16], char text[SLUICE_GUID_TEXT]);

/*
 * Derives a GUID (version 5: SHA-1, RFC 4122 section 4.3) that is the same whenever `kind`
 * ("input", "output", "route") and the `length` bytes at `name` are. 0, -EINVAL (NULL, more than 4
 * KiB) or -ENOMEM. @threadsafe
 */
int sluice_guid_derive(const char *kind, const void *name, size_t length, uint8_t guid[16]);

/* All zero: stands for "none". @threadsafe */
bool sluice_guid_is_zero(const uint8_t guid[16]);

#endif /* SLUICE_GUID_H */
