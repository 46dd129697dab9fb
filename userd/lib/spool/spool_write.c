// SPDX-License-Identifier: MIT
/*
 * Appending to the spool and making it durable; see spool.h. Frames are built in aligned buffers,
 * several are being written at once. Touches: the active segment.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "frame.h"
#include "log.h"
#include "spool_inner.h"

/* What a frame adds to the list of its segment. */
static size_t list_step(size_t head_length)
{
	return sizeof(__le64) + head_length;
}

/* Sealed segments that nobody needs are free. */
static void settle_all(struct sluice_spool *spool)
{
	size_t place;

	for (place = 0; place < spool->segment_count; place++)
		sluice_spool_settle_segment(spool, place);
}

/* The active segment is given up: what was not committed is as if it had never been. */
static int abandon(struct sluice_spool *spool, int error)
{
	struct sluice_spool_segment *segment;
	size_t place;

	(void)sluice_disk_queue_finish(spool->queue);
	/* A batch may lie in several segments; those before the active one are sealed and synced.
	 */
	for (place = 0; place < spool->segment_count; place++)
		sluice_spool_index_remove(spool, place, true);
	spool->is_pending = false;
	if (spool->active != SIZE_MAX) {
		segment = &spool->segments[spool->active];
		segment->use = SLUICE_SPOOL_IS_ABANDONED;
		segment->rests_until = sluice_spool_now() + SLUICE_SPOOL_REST_NS;
		segment->failure = error;
		sluice_spool_segment_close(spool, spool->active);
		spool->figures.abandoned++;
		sluice_error_about(
			SLUICE_ABOUT(.store = spool->path, .error = strerrorname_np(-error)),
			"spool %s: segment %06u is given up: %s; what was being written goes to "
			"another one",
			spool->path, segment->number, strerror(-error));
	}
	spool->active = SIZE_MAX;
	settle_all(spool);
	return error;
}

/* Writes the list of frames behind them and says so in the head. */
static int write_list(struct sluice_spool *spool)
{
	struct sluice_spool_segment *segment = &spool->segments[spool->active];
	struct sluice_spool_frame_head head = {
		.type = SLUICE_SPOOL_LIST,
		.length = htole32((uint32_t)spool->list_bytes),
		.count = htole32(spool->list_frames),
		.serial = htole64(segment->serial),
	};
	uint64_t bytes = sluice_spool_frame_bytes(sizeof(head), spool->list_bytes);
	uint64_t position = segment->used;
	uint8_t *buffer;
	int error;

	buffer = sluice_disk_memory(bytes);
	if (!buffer)
		return -ENOMEM;
	sluice_guid_copy(head.store, spool->store);
	head.payload_crc = htole32(sluice_crc32c(0, spool->list, spool->list_bytes));
	sluice_spool_frame_seal(&head);
	memcpy(buffer, &head, sizeof(head));
	memcpy(buffer + sizeof(head), spool->list, spool->list_bytes);
	error = sluice_disk_write(segment->fd, buffer, bytes, position);
	free(buffer);
	if (error)
		return error;
	segment->used += bytes;
	return sluice_spool_segment_write_head(spool, spool->active, SLUICE_SPOOL_SEALED, position);
}

/* The active segment takes no more frames. */
int sluice_spool_seal_segment(struct sluice_spool *spool)
{
	size_t place = spool->active;
	int error = sluice_disk_queue_finish(spool->queue);

	if (!error)
		error = write_list(spool);
	if (!error)
		error = sluice_disk_sync(spool->segments[place].fd);
	if (error)
		return abandon(spool, error);
	spool->figures.synced++;
	spool->segments[place].use = SLUICE_SPOOL_IS_SEALED;
	spool->active = SIZE_MAX;
	sluice_spool_segment_close(spool, place);
	/* What is in it may be acknowledged by all already; what is pending is not counted as live
	 * yet. */
	if (!spool->is_pending)
		sluice_spool_settle_segment(spool, place);
	return 0;
}

/* The segment to be used next: a free one that has its zeros, else a free one, else one that has
 * rested. */
size_t sluice_spool_choose_segment(const struct sluice_spool *spool)
{
	uint64_t now = sluice_spool_now();
	size_t place, best = SIZE_MAX;
	int rank, best_rank = 0;

	for (place = 0; place < spool->segment_count; place++) {
		const struct sluice_spool_segment *segment = &spool->segments[place];

		rank = 0;
		if (!segment->size || segment->is_surplus)
			continue;
		if (segment->use == SLUICE_SPOOL_IS_FREE)
			rank = segment->is_touched ? 3 : 2;
		else if (segment->use == SLUICE_SPOOL_IS_ABANDONED && !segment->live &&
			 now >= segment->rests_until)
			rank = 1;
		if (rank > best_rank) {
			best = place;
			best_rank = rank;
		}
	}
	return best;
}

/* Takes a segment into use: its head is durable before its first frame is written, so that nothing
 * old is taken for new. */
int sluice_spool_begin_segment(struct sluice_spool *spool, size_t place)
{
	struct sluice_spool_segment *segment;
	int error;

	if (place == SIZE_MAX)
		return -ENOSPC;
	/* What a checkpoint must know before the old frames are gone: that nobody needs them. Else
	 * the next start would miss them. */
	if (spool->dirty) {
		error = sluice_spool_checkpoint(spool);
		if (error)
			return abandon(spool, error);
	}
	segment = &spool->segments[place];
	sluice_spool_index_remove(spool, place, false);
	segment->serial = ++spool->serial;
	segment->used = SLUICE_DISK_BLOCK;
	segment->live = 0;
	spool->active = place;
	spool->list_bytes = 0;
	spool->list_frames = 0;
	error = sluice_spool_segment_write_head(spool, place, SLUICE_SPOOL_ACTIVE, 0);
	if (!error)
		error = sluice_disk_sync(segment->fd);
	if (error)
		return abandon(spool, error);
	segment->use = SLUICE_SPOOL_IS_ACTIVE;
	return 0;
}

/* Notes the frame in the list of its segment. 0 or -ENOMEM. */
static int note(struct sluice_spool *spool, uint64_t position,
		const struct sluice_spool_frame_head *head)
{
	size_t step = list_step(le16toh(head->head_length));
	__le64 where = htole64(position);
	uint8_t *larger;

	if (spool->list_bytes + step > spool->list_room) {
		size_t room = 2 * (spool->list_bytes + step) + SLUICE_DISK_BLOCK;

		larger = realloc(spool->list, room);
		if (!larger)
			return -ENOMEM;
		spool->list = larger;
		spool->list_room = room;
	}
	memcpy(spool->list + spool->list_bytes, &where, sizeof(where));
	memcpy(spool->list + spool->list_bytes + sizeof(where), head, step - sizeof(where));
	spool->list_bytes += step;
	spool->list_frames++;
	return 0;
}

bool sluice_spool_fits(const struct sluice_spool *spool, uint64_t bytes, size_t head_length)
{
	const struct sluice_spool_segment *segment = &spool->segments[spool->active];
	uint64_t list = sluice_spool_frame_bytes(sizeof(struct sluice_spool_frame_head),
						 spool->list_bytes + list_step(head_length));

	return segment->used + bytes + list <= segment->size;
}

/* Puts head and payload into `buffer`. Returns the head's length. */
static size_t build(const struct sluice_spool *spool, const struct sluice_spool_log *log,
		    const struct sluice_spool_frame *frame, const void *payload,
		    const sluice_guid *outputs, size_t output_count, uint8_t *buffer)
{
	struct sluice_spool_frame_head *head = (void *)buffer;
	size_t head_length = sizeof(*head) + 16 * output_count, whole;

	memset(head, 0, sizeof(*head));
	head->type = frame->type;
	head->length = htole32(frame->length);
	head->count = htole32(frame->count);
	sluice_guid_copy(head->store, spool->store);
	sluice_guid_copy(head->stream, log->name.stream);
	sluice_guid_copy(head->route, log->name.route);
	head->epoch = htole64(log->name.epoch);
	head->offset = htole64(frame->offset);
	head->span = htole64(frame->span);
	head->serial = htole64(spool->segments[spool->active].serial);
	head->time_ns = htole64(frame->time_ns);
	head->outputs = htole32((uint32_t)output_count);
	head->cpu = htole32(log->name.cpu);
	if (output_count)
		memcpy(head + 1, outputs, 16 * output_count);
	memcpy(buffer + head_length, payload, frame->length);
	whole = sluice_spool_frame_bytes(head_length, frame->length);
	memset(buffer + head_length + frame->length, 0, whole - head_length - frame->length);
	head->payload_crc = htole32(sluice_crc32c(0, buffer + head_length, frame->length));
	sluice_spool_frame_seal(head);
	return head_length;
}

uint64_t sluice_spool_serial(const struct sluice_spool *spool)
{
	return spool ? spool->serial : 0;
}

bool sluice_spool_has_room(const struct sluice_spool *spool, uint64_t length)
{
	if (!spool || spool->look)
		return false;
	if (spool->active != SIZE_MAX &&
	    sluice_spool_fits(spool, sluice_spool_frame_bytes(SLUICE_SPOOL_HEAD_MAX, length),
			      SLUICE_SPOOL_HEAD_MAX))
		return true;
	return sluice_spool_has_spare(spool);
}

bool sluice_spool_has_spare(const struct sluice_spool *spool)
{
	return sluice_spool_choose_segment(spool) != SIZE_MAX;
}

int sluice_spool_put_frame(struct sluice_spool *spool, struct sluice_spool_log *log,
			   const struct sluice_spool_frame *frame, const void *payload,
			   const sluice_guid *outputs, size_t output_count)
{
	struct sluice_spool_extent extent = {.is_pending = true};
	struct sluice_spool_segment *segment = &spool->segments[spool->active];
	size_t head_length = sizeof(struct sluice_spool_frame_head) + 16 * output_count;
	uint64_t bytes = sluice_spool_frame_bytes(head_length, frame->length);
	unsigned int slot;
	int error;

	if (!sluice_spool_fits(spool, bytes, head_length))
		return -ENOSPC;
	slot = spool->next_buffer++ % SLUICE_DISK_DEPTH;
	sluice_disk_queue_wait(spool->queue, slot);
	head_length =
		build(spool, log, frame, payload, outputs, output_count, spool->buffers[slot]);
	extent.start = frame->offset;
	extent.end = frame->offset + frame->span;
	extent.count = frame->count;
	extent.length = frame->length;
	extent.segment = (uint32_t)spool->active;
	extent.block = (uint32_t)(segment->used / SLUICE_DISK_BLOCK);
	extent.head_length = (uint16_t)head_length;
	extent.type = frame->type;
	error = note(spool, segment->used, (void *)spool->buffers[slot]);
	if (!error)
		error = sluice_spool_index_add(spool, log, &extent, outputs, output_count);
	if (error)
		return abandon(spool, error);
	spool->is_pending = true;
	error = sluice_disk_queue_write(spool->queue, slot, segment->fd, spool->buffers[slot],
					bytes, segment->used);
	if (error)
		return abandon(spool, error);
	segment->used += bytes;
	spool->figures.written += bytes;
	return 0;
}

int sluice_spool_resting(const struct sluice_spool *spool)
{
	size_t place;

	if (!spool)
		return 0;
	for (place = 0; place < spool->segment_count; place++) {
		const struct sluice_spool_segment *segment = &spool->segments[place];

		if (segment->size && !segment->is_surplus && !segment->live &&
		    segment->use == SLUICE_SPOOL_IS_ABANDONED)
			return segment->failure;
	}
	return 0;
}

bool sluice_spool_is_pending(const struct sluice_spool *spool)
{
	return spool->is_pending;
}

int sluice_spool_commit(struct sluice_spool *spool)
{
	int error;

	if (!spool)
		return -EINVAL;
	if (!spool->is_pending)
		return 0;
	error = sluice_disk_queue_finish(spool->queue);
	if (!error && spool->active != SIZE_MAX)
		error = sluice_disk_sync(spool->segments[spool->active].fd);
	if (!error && spool->must_checkpoint)
		error = sluice_spool_checkpoint(spool);
	if (error)
		return abandon(spool, error);
	spool->must_checkpoint = false;
	spool->figures.synced++;
	spool->is_pending = false;
	sluice_spool_index_publish(spool);
	settle_all(spool);
	return 0;
}
