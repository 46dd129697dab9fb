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
#include <string.h>

#define SLUICE_GUID_TEXT 37 /* bytes of a GUID as text, final NUL included */

/* As an array it has no alignment of its own, so that it can stand in what is on the disk and on
 * the wire, and one of those (uint8_t[16]) can be given for one of these. */
typedef uint8_t sluice_guid[16];

/* Are two the same? @threadsafe */
static inline bool sluice_guid_equal(const sluice_guid one, const sluice_guid other)
{
	return !memcmp(one, other, sizeof(sluice_guid));
}

/* All zero, which stands for "none", or NULL. @threadsafe */
static inline bool sluice_guid_is_zero(const sluice_guid guid)
{
	static const sluice_guid none;

	return !guid || sluice_guid_equal(guid, none);
}

/* Copies one; they are not the same place. @threadsafe */
static inline void sluice_guid_copy(sluice_guid to, const sluice_guid from)
{
	memcpy(to, from, sizeof(sluice_guid));
}

/* Reads "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001", upper or lower case, into `guid`. Returns 0, or
 * -EINVAL (then `guid` is untouched). @threadsafe */
int sluice_guid_parse(const char *text, sluice_guid guid);

/* Writes `guid` to `text` in lower case and returns `text`. @threadsafe */
char *sluice_guid_format(const sluice_guid guid, char text[SLUICE_GUID_TEXT]);

/*
 * Derives a GUID (version 5: SHA-1, RFC 4122 section 4.3) that is the same whenever `kind`
 * ("input", "output", "route") and the `length` bytes at `name` are. 0, -EINVAL (NULL, more than 4
 * KiB) or -ENOMEM. @threadsafe
 */
int sluice_guid_derive(const char *kind, const void *name, size_t length, sluice_guid guid);

#endif /* SLUICE_GUID_H */
