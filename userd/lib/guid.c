// SPDX-License-Identifier: MIT
/*
 * GUIDs, see guid.h. A thin layer over libuuid that keeps its types out of our headers. Touches:
 * nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>
#include "guid.h"

#define GUID_NAME_MAX 4096U /* bytes of kind and name that are hashed at most */

/* The namespace of all GUIDs that sluice derives. Drawn once at random; another one would give
 * every input, output and route without an `id` another GUID after an upgrade. */
static const sluice_guid guid_namespace = {0x5f, 0x0b, 0xb7, 0x6a, 0x3c, 0x1e, 0x4e, 0x52,
					   0x8d, 0x44, 0x9a, 0x1f, 0x27, 0x63, 0xc8, 0x0d};

int sluice_guid_parse(const char *text, sluice_guid guid)
{
	uuid_t parsed;

	/* uuid_parse() itself looks at exactly 36 characters; a longer text is refused by its
	 * length. */
	if (!text || !guid || strlen(text) != SLUICE_GUID_TEXT - 1 || uuid_parse(text, parsed) != 0)
		return -EINVAL;
	sluice_guid_copy(guid, parsed);
	return 0;
}

char *sluice_guid_format(const sluice_guid guid, char text[SLUICE_GUID_TEXT])
{
	if (!text)
		return NULL;
	if (!guid) {
		text[0] = '\0';
		return text;
	}
	uuid_unparse_lower(guid, text);
	return text;
}

int sluice_guid_derive(const char *kind, const void *name, size_t length, sluice_guid guid)
{
	size_t kind_length;
	char *buffer;

	if (!kind || !name || !guid)
		return -EINVAL;
	kind_length = strlen(kind);
	if (kind_length > GUID_NAME_MAX || length > GUID_NAME_MAX - kind_length)
		return -EINVAL;
	buffer = malloc(kind_length + 1 + length);
	if (!buffer)
		return -ENOMEM;
	/* "kind:name": an input and an output of one name are two things. */
	memcpy(buffer, kind, kind_length);
	buffer[kind_length] = ':';
	memcpy(buffer + kind_length + 1, name, length);
	uuid_generate_sha1(guid, guid_namespace, buffer, kind_length + 1 + length);
	free(buffer);
	return 0;
}
