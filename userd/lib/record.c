// SPDX-License-Identifier: MIT
/*
 * Reading and writing single records; see record.h. Touches: the bytes it is given.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "record.h"

size_t sluice_record_step(const uint8_t *bytes, size_t available)
{
	uint32_t length;
	size_t span;

	if (!bytes || available < sizeof(struct sluice_record))
		return 0;
	memcpy(&length, bytes, sizeof(length));
	length = le32toh(length);
	/* A longer record may come with a later version; what bounds it is the memory that is
	 * there. */
	if (length < sizeof(struct sluice_record))
		return 0;
	span = (size_t)sluice_record_span(length);
	return span <= available ? span : 0;
}

int sluice_record_read(const uint8_t *bytes, size_t available, struct sluice_record_view *view)
{
	struct sluice_record record;
	size_t head = sizeof(record);
	size_t span = sluice_record_step(bytes, available);

	if (!span || !view)
		return -EPROTO;
	memcpy(&record, bytes, sizeof(record));
	view->type = record.type;
	view->flags = record.flags;
	view->input = le16toh(record.input);
	view->time_ns = le64toh(record.time_ns);
	view->address = NULL;
	if (record.flags & SLUICE_RECORD_F_ADDRESS) {
		if (le32toh(record.length) < head + sizeof(struct sluice_record_address))
			return -EPROTO;
		view->address = (const struct sluice_record_address *)(bytes + head);
		head += sizeof(struct sluice_record_address);
	}
	view->payload = bytes + head;
	view->payload_length = le32toh(record.length) - head;
	view->span = span;
	return 0;
}

void sluice_record_write(uint8_t *bytes, uint32_t length, uint8_t type, uint8_t flags,
			 uint16_t input, uint64_t time_ns)
{
	struct sluice_record record = {
		.length = htole32(length),
		.type = type,
		.flags = flags,
		.input = htole16(input),
		.time_ns = htole64(time_ns),
	};

	memcpy(bytes, &record, sizeof(record));
}
