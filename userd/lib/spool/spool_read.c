// SPDX-License-Identifier: MIT
/*
 * Reading frames out of the spool; see spool.h. What is damaged is told as a GAP in its place.
 * Touches: segments, read only.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <sluice/record.h>
#include "frame.h"
#include "log.h"
#include "spool_inner.h"

uint64_t sluice_spool_wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* Is what was read into `buffer` the frame of the extent, and whole? 0 or a negative errno. */
static int check(const struct sluice_spool *spool, const struct sluice_spool_log *log,
		 const struct sluice_spool_extent *extent, const uint8_t *buffer)
{
	const struct sluice_spool_frame_head *head = (const void *)buffer;
	int error = sluice_spool_frame_check(head, SLUICE_SPOOL_READ_ROOM);

	if (error)
		return error;
	if (le64toh(head->serial) != spool->segments[extent->segment].serial ||
	    le64toh(head->epoch) != log->name.epoch || le64toh(head->offset) != extent->start ||
	    le32toh(head->length) != extent->length ||
	    le16toh(head->head_length) != extent->head_length ||
	    !sluice_guid_equal(head->stream, log->name.stream) ||
	    !sluice_guid_equal(head->store, spool->store))
		return -EPROTO;
	return sluice_crc32c(0, buffer + extent->head_length, extent->length) ==
			       le32toh(head->payload_crc)
		       ? 0
		       : -EBADMSG;
}

int sluice_spool_load(struct sluice_spool *spool, const struct sluice_spool_log *log,
		      const struct sluice_spool_extent *extent, uint8_t *buffer)
{
	uint64_t place = (uint64_t)extent->block * SLUICE_DISK_BLOCK;
	size_t bytes = sluice_spool_frame_bytes(extent->head_length, extent->length);
	int fd, error;

	/* What was read ahead may be of another segment, or of what this one held before: then it
	 * is read now. */
	if (sluice_disk_ahead_take(spool->ahead, buffer, bytes, place) &&
	    !check(spool, log, extent, buffer))
		return 0;
	fd = sluice_spool_segment_open(spool, extent->segment);
	if (fd < 0)
		return fd;
	error = sluice_disk_read(fd, buffer, bytes, place);
	return error ? error : check(spool, log, extent, buffer);
}

size_t sluice_spool_read_ahead(struct sluice_spool *spool, struct sluice_spool_log *log,
			       uint64_t offset, uint64_t end, uint8_t *const *buffers, size_t count)
{
	const struct sluice_spool_extent *extent;
	uint32_t segment = 0;
	size_t number;
	int fd = -1;

	if (!spool || !log || !buffers)
		return 0;
	for (number = 0; number < count && offset < end; number++) {
		extent = sluice_spool_index_find(spool, log, offset);
		if (!extent || extent->is_known_bad)
			break;
		if (fd < 0 || extent->segment != segment) {
			/* Opening a segment may close another one, whose reads must have begun by
			 * then. */
			sluice_disk_ahead_submit(spool->ahead);
			segment = extent->segment;
			fd = sluice_spool_segment_open(spool, segment);
		}
		if (fd < 0 || !sluice_disk_ahead_add(
				      spool->ahead, fd, buffers[number],
				      sluice_spool_frame_bytes(extent->head_length, extent->length),
				      (uint64_t)extent->block * SLUICE_DISK_BLOCK))
			break;
		offset = extent->end;
	}
	sluice_disk_ahead_submit(spool->ahead);
	return number;
}

void sluice_spool_settle(struct sluice_spool *spool)
{
	if (spool)
		sluice_disk_ahead_settle(spool->ahead);
}

void sluice_spool_report_unreadable(struct sluice_spool *spool, struct sluice_spool_extent *extent,
				    int error)
{
	if (extent->is_known_bad)
		return;
	extent->is_known_bad = true;
	spool->figures.damaged_frames++;
	spool->figures.damaged_records += extent->count;
	sluice_error_about(
		SLUICE_ABOUT(.store = spool->path, .datagrams = SLUICE_NUMBER(extent->count)),
		"spool %s: segment %06u, block %u: a frame is damaged (%s): %u records "
		"are lost; a GAP says so in their place",
		spool->path, spool->segments[extent->segment].number, extent->block,
		error == -EBADMSG ? "CRC" : strerror(-error), extent->count);
}

/* Fills `bytes` with what stands for an extent that is damaged, the first time loudly. */
static void confess(struct sluice_spool *spool, struct sluice_spool_extent *extent, int error,
		    uint8_t *bytes, struct sluice_spool_frame *frame)
{
	sluice_spool_report_unreadable(spool, extent, error);
	frame->is_damaged = true;
	if (extent->type == SLUICE_SPOOL_GAPS) {
		/* Where they lay nobody knows any more: evenly spread, so that who has a part of it
		 * is told of the rest. */
		const uint64_t units = frame->span / SLUICE_RECORD_ALIGN;
		const struct sluice_spool_mark mark = {
			.step = htole32(extent->count ? (uint32_t)(units / extent->count) : 0),
			.count = htole32(extent->count),
			.cause = htole16(SLUICE_LOST_DISK)};

		memcpy(bytes, &mark, sizeof(mark));
		frame->length = sizeof(mark);
		return;
	}
	frame->count = sluice_spool_write_gap(bytes, frame->span, extent->count, frame->time_ns);
	frame->length = (uint32_t)frame->span;
}

int sluice_spool_read(struct sluice_spool *spool, struct sluice_spool_log *log, uint64_t offset,
		      uint8_t *buffer, struct sluice_spool_frame *frame, const uint8_t **payload)
{
	struct sluice_spool_extent *extent;
	int error;

	if (!spool || !log || !buffer || !frame || !payload)
		return -EINVAL;
	for (;;) {
		extent = sluice_spool_index_find(spool, log, offset);
		if (!extent)
			return -ENOENT;
		error = extent->is_known_bad ? -EBADMSG
					     : sluice_spool_load(spool, log, extent, buffer);
		if (!error || extent->is_known_bad)
			break;
		/* Another frame may hold the same bytes, whole: look again with this one known as
		 * bad. */
		*frame = (struct sluice_spool_frame){.span = extent->end - extent->start,
						     .time_ns = sluice_spool_wall_clock()};
		confess(spool, extent, error, buffer, frame);
	}
	*frame = (struct sluice_spool_frame){
		.offset = extent->start,
		.span = extent->end - extent->start,
		.count = extent->count,
		.length = extent->length,
		.type = extent->type,
		.time_ns = sluice_spool_wall_clock(),
		.serial = spool->segments[extent->segment].serial,
	};
	*payload = buffer;
	if (error) {
		confess(spool, extent, error, buffer, frame);
		return 0;
	}
	frame->time_ns = le64toh(((struct sluice_spool_frame_head *)buffer)->time_ns);
	*payload = buffer + extent->head_length;
	return 0;
}
