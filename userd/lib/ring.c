// SPDX-License-Identifier: MIT
/*
 * The consumer's side of a ring, and the mapping of both kinds; see ring.h. Between the producer
 * (module or ring_writer.c) and a worker. Touches: the mapping.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <sluice/device.h>
#include "barrier.h"
#include "layout.h"
#include "record.h"
#include "ring.h"
#include "ring_huge.h"

#define BLOCK ((uint64_t)1 << SLUICE_RING_BOUNDARY_SHIFT)
/* A torn pair of sequences is read again at once: the producer is in the middle of one record. */
#define SEQUENCE_TRIES 8

_Static_assert(sizeof(struct sluice_ring_consumer) == SLUICE_RING_PAGE,
	       "consumer page is one page");
/* What never changes, what moves with every record, with every wake, with a loss: a line each. */
SLUICE_LATER_LINE(struct sluice_ring_producer, reserved0, head);
SLUICE_SAME_LINE(struct sluice_ring_producer, head, gaps);
SLUICE_LATER_LINE(struct sluice_ring_producer, gaps, announced);
SLUICE_LATER_LINE(struct sluice_ring_producer, wakes, lost);
SLUICE_HAS_ITS_LINES(struct sluice_ring_producer);
/* One output's cursor, which its worker writes, shares none with another's. */
SLUICE_BEGINS_LINE(struct sluice_ring_consumer, cursor);
_Static_assert(sizeof(struct sluice_ring_cursor) == SLUICE_LINE, "a cursor is a line");

/* True if `size` is one that a ring may have. */
static bool size_is_allowed(uint64_t size)
{
	return size >= SLUICE_RING_SIZE_MIN && size <= SLUICE_RING_SIZE_MAX && !(size & (size - 1));
}

/* Fills in the pointers out of what the mapping says. 0, or -EPROTO if it does not fit
 * `mapping_size` bytes. */
static int describe(struct sluice_ring *ring, void *mapping, size_t mapping_size)
{
	const struct sluice_ring_producer *producer = mapping;
	uint64_t size = producer->size;

	if (producer->magic != SLUICE_RING_MAGIC || producer->version != SLUICE_RING_VERSION)
		return -EPROTO;
	if (!size_is_allowed(size) || producer->data_offset % SLUICE_RING_PAGE ||
	    producer->index_offset % SLUICE_RING_PAGE ||
	    producer->index_offset < 2 * SLUICE_RING_PAGE ||
	    producer->index_entries != size >> SLUICE_RING_BOUNDARY_SHIFT)
		return -EPROTO;
	if (producer->index_offset + producer->index_entries * sizeof(struct sluice_ring_boundary) >
	    producer->data_offset)
		return -EPROTO;
	if (mapping_size < producer->data_offset || mapping_size - producer->data_offset < 2 * size)
		return -EPROTO;
	ring->mapping = mapping;
	ring->mapping_size = mapping_size;
	ring->producer = producer;
	ring->index = (const void *)((const uint8_t *)mapping + producer->index_offset);
	ring->data = (const uint8_t *)mapping + producer->data_offset;
	ring->mask = size - 1;
	return 0;
}

int sluice_ring_attach(struct sluice_ring *ring, int fd, const sluice_guid route, uint32_t cpu,
		       uint32_t flags)
{
	struct sluice_attach attach = {.cpu = cpu, .flags = flags};
	void *consumer;
	uint8_t *base;
	int error;

	if (!ring || !route)
		return -EINVAL;
	memset(ring, 0, sizeof(*ring));
	sluice_guid_copy(attach.route, route);
	if (ioctl(fd, SLUICE_IOC_ATTACH, &attach))
		return -errno;
	if (attach.map_size < SLUICE_RING_SIZE_MIN || attach.map_size > SIZE_MAX)
		return -EPROTO;
	base = mmap(NULL, attach.map_size, PROT_READ, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	error = describe(ring, base, attach.map_size);
	if (error)
		goto unmap;
	ring->consumer = NULL;
	if (!(flags & SLUICE_ATTACH_LOOK)) {
		consumer = mmap(base + SLUICE_RING_PAGE, SLUICE_RING_PAGE, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_FIXED, fd, SLUICE_RING_PAGE);
		if (consumer == MAP_FAILED) {
			error = -errno;
			goto unmap;
		}
		ring->consumer = consumer;
	}
	return 0;

unmap:
	munmap(base, attach.map_size);
	memset(ring, 0, sizeof(*ring));
	return error;
}

/* Maps the file `fd` of `data_offset` + `size` bytes with its data twice in a row. `look`: to read
 * only. NULL and errno on failure. */
static void *map_twice(int fd, size_t data_offset, size_t size, bool look)
{
	int access = look ? PROT_READ : PROT_READ | PROT_WRITE;
	int flags = MAP_SHARED | MAP_FIXED | (look ? 0 : MAP_POPULATE);
	bool is_huge = !look && sluice_ring_wants_huge(size);
	uint8_t *base;
	int error;

	base = is_huge ? sluice_ring_huge_room(data_offset + 2 * size)
		       : mmap(NULL, data_offset + 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
	if (!base || base == MAP_FAILED)
		return NULL;
	if (mmap(base, data_offset + size, access, flags, fd, 0) == MAP_FAILED)
		goto unmap;
	if (mmap(base + data_offset + size, size, access, flags, fd, (off_t)data_offset) ==
	    MAP_FAILED)
		goto unmap;
	if (is_huge)
		sluice_ring_huge_tell(base, data_offset + size);
	return base;

unmap:
	error = errno;
	munmap(base, data_offset + 2 * size);
	errno = error;
	return NULL;
}

/* As ring.h says: maps the ring in `fd`, whose layout its head tells. 0, -EPROTO, other negative
 * errno. */
int sluice_ring_map(struct sluice_ring *ring, int fd, size_t data_offset, size_t size)
{
	struct sluice_ring_producer *producer = map_twice(fd, data_offset, size, false);
	int error;

	if (!producer)
		return -errno;
	error = describe(ring, producer, data_offset + 2 * size);
	if (!error)
		error = sluice_ring_writer_attach(ring, producer);
	if (error) {
		munmap(producer, data_offset + 2 * size);
		memset(ring, 0, sizeof(*ring));
		return error;
	}
	ring->consumer = (struct sluice_ring_consumer *)((uint8_t *)producer + SLUICE_RING_PAGE);
	return 0;
}

/* As ring.h says: the same to look only: there is no consumer's page and no writer. */
int sluice_ring_map_to_look(struct sluice_ring *ring, int fd, size_t data_offset, size_t size)
{
	void *mapping = map_twice(fd, data_offset, size, true);
	int error;

	if (!mapping)
		return -errno;
	error = describe(ring, mapping, data_offset + 2 * size);
	if (error) {
		munmap(mapping, data_offset + 2 * size);
		memset(ring, 0, sizeof(*ring));
	}
	return error;
}

/* As ring.h says: makes a ring in the empty file `fd`. 0 or a negative errno. */
int sluice_ring_create_in(struct sluice_ring *ring, int fd, size_t size, const sluice_guid stream,
			  uint64_t epoch, uint32_t cpu)
{
	size_t index_bytes =
		(size >> SLUICE_RING_BOUNDARY_SHIFT) * sizeof(struct sluice_ring_boundary);
	size_t data_offset = (size_t)2 * SLUICE_RING_PAGE + ((index_bytes + SLUICE_RING_PAGE - 1) &
							     ~((size_t)SLUICE_RING_PAGE - 1));
	struct sluice_ring_producer head = {
		.magic = SLUICE_RING_MAGIC,
		.version = SLUICE_RING_VERSION,
		.size = size,
		.epoch = epoch,
		.data_offset = (uint32_t)data_offset,
		.index_offset = 2 * SLUICE_RING_PAGE,
		.index_entries = (uint32_t)(size >> SLUICE_RING_BOUNDARY_SHIFT),
		.cpu = cpu,
	};

	if (!stream || !size_is_allowed(size))
		return -EINVAL;
	sluice_guid_copy(head.stream, stream);
	/* Takes the pages now: a machine that has not got them says so here and not with a SIGBUS
	 * later. */
	if (ftruncate(fd, (off_t)(data_offset + size)))
		return -errno;
	if (sluice_ring_wants_huge(size))
		sluice_ring_huge_fill(fd, data_offset + size);
	if (fallocate(fd, 0, 0, (off_t)(data_offset + size)))
		return errno == ENOSPC ? -ENOMEM : -errno;
	if (pwrite(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return -EIO;
	return sluice_ring_map(ring, fd, data_offset, size);
}

int sluice_ring_create(struct sluice_ring *ring, size_t size, const sluice_guid stream,
		       uint64_t epoch, uint32_t cpu)
{
	int fd, error;

	if (!ring || !stream || !size_is_allowed(size))
		return -EINVAL;
	memset(ring, 0, sizeof(*ring));
	fd = memfd_create("sluice-ring", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = sluice_ring_create_in(ring, fd, size, stream, epoch, cpu);
	/* The mappings hold the memory; the descriptor is a name for who wants to look at it. */
	if (error)
		close(fd);
	else
		ring->memory = fd + 1;
	return error;
}

void sluice_ring_begin_at(struct sluice_ring *ring, uint64_t offset)
{
	/* The writer's own head stays 0: nothing is ever written into such a ring. */
	struct sluice_ring_producer *producer = ring->mapping;

	producer->head = offset;
	ring->consumer->tail = offset;
}

void sluice_ring_unmap(struct sluice_ring *ring)
{
	sluice_ring_writer_detach(ring);
	if (ring->memory)
		close(ring->memory - 1);
	munmap(ring->mapping, ring->mapping_size);
	memset(ring, 0, sizeof(*ring));
}

uint64_t sluice_ring_head(const struct sluice_ring *ring)
{
	/* pairs with the producer's release of head: the records before it are whole */
	return sluice_load_acquire(&ring->producer->head);
}

uint64_t sluice_ring_tail(const struct sluice_ring *ring)
{
	const struct sluice_ring_consumer *consumer =
		(const void *)((const uint8_t *)ring->mapping + SLUICE_RING_PAGE);

	return sluice_load_relaxed(&consumer->tail);
}

/* Reads head and how many records lie before it. False if the producer kept writing; *head is right
 * in any case. */
static bool head_and_sequence(const struct sluice_ring *ring, uint64_t *head, uint64_t *sequence)
{
	const struct sluice_ring_producer *producer = ring->producer;
	unsigned int tries;
	uint64_t done;

	for (tries = 0; tries < SEQUENCE_TRIES; tries++) {
		/* Both pair with the producer's releases, see struct sluice_ring_producer. */
		done = sluice_load_acquire(&producer->sequence_done);
		*head = sluice_load_acquire(&producer->head);
		*sequence = sluice_load_relaxed(&producer->sequence_begun);
		if (*sequence == done)
			return true;
	}
	return false;
}

/*
 * The boundary index's entry for `block`, if it says something believable of stream bytes between
 * `from` and `head`. The block lies wholly before head, so its entry was published with a head we
 * have acquired.
 */
static bool boundary_of(const struct sluice_ring *ring, uint64_t block, uint64_t from,
			uint64_t head, struct sluice_ring_boundary *boundary)
{
	const struct sluice_ring_boundary *entry =
		&ring->index[block & (ring->producer->index_entries - 1)];

	if ((block + 1) << SLUICE_RING_BOUNDARY_SHIFT > head)
		return false;
	boundary->offset = sluice_load_relaxed(&entry->offset);
	boundary->sequence = sluice_load_relaxed(&entry->sequence);
	return boundary->offset > from && boundary->offset <= head &&
	       boundary->offset >= block << SLUICE_RING_BOUNDARY_SHIFT &&
	       boundary->offset < (block << SLUICE_RING_BOUNDARY_SHIFT) + SLUICE_RECORD_SPAN_MAX;
}

/* Walks from record to record: from `span->start` as far as `limit` allows, at least one. False: no
 * record there. */
static bool walk(const struct sluice_ring *ring, uint64_t head, uint64_t limit,
		 struct sluice_span *span)
{
	uint64_t at = span->start;
	size_t step;

	span->count = 0;
	while (at < head) {
		step = sluice_record_step(sluice_ring_at(ring, at), (size_t)(head - at));
		if (!step || (span->count && at + step > limit))
			break;
		at += step;
		span->count++;
	}
	span->end = at;
	return span->count > 0;
}

bool sluice_ring_span(const struct sluice_ring *ring, uint64_t from, uint64_t from_sequence,
		      size_t bytes, struct sluice_span *span)
{
	struct sluice_ring_boundary boundary;
	uint64_t head, sequence, limit, block;
	bool exact = head_and_sequence(ring, &head, &sequence);

	if (from >= head)
		return false;
	span->start = from;
	limit = bytes < head - from ? from + bytes : head;
	if (limit == head && exact && sequence > from_sequence) {
		span->end = head;
		span->count = sequence - from_sequence;
		return true;
	}
	for (block = limit >> SLUICE_RING_BOUNDARY_SHIFT;
	     block > from >> SLUICE_RING_BOUNDARY_SHIFT; block--) {
		if (!boundary_of(ring, block, from, head, &boundary) || boundary.offset > limit)
			continue;
		if (boundary.sequence <= from_sequence)
			break;
		span->end = boundary.offset;
		span->count = boundary.sequence - from_sequence;
		return true;
	}
	return walk(ring, head, limit, span);
}

/*
 * Counts the records from boundary `from` to the next place whose sequence is known (an index entry
 * or head) and works out from it the sequence of `from`. 0, or -EINVAL if the records do not lead
 * there.
 */
static int sequence_behind(const struct sluice_ring *ring, uint64_t from, uint64_t *sequence)
{
	uint64_t head, at, count, known_offset, known_sequence;
	struct sluice_ring_boundary entry;
	bool exact;
	size_t step;

	do {
		at = from;
		count = 0;
		exact = head_and_sequence(ring, &head, &known_sequence);
		known_offset = head;
		if (boundary_of(ring, (from >> SLUICE_RING_BOUNDARY_SHIFT) + 1, from, head,
				&entry)) {
			known_offset = entry.offset;
			known_sequence = entry.sequence;
			exact = true;
		}
		while (at < known_offset) {
			step = sluice_record_step(sluice_ring_at(ring, at), (size_t)(head - at));
			if (!step)
				return -EINVAL;
			at += step;
			count++;
		}
		if (at != known_offset)
			return -EINVAL;
	} while (!exact);
	if (known_sequence < count)
		return -EINVAL;
	*sequence = known_sequence - count;
	return 0;
}

int sluice_ring_locate(const struct sluice_ring *ring, uint64_t offset, uint64_t *sequence)
{
	uint64_t head = sluice_ring_head(ring), tail = sluice_ring_tail(ring), at = tail;
	struct sluice_ring_boundary boundary;
	uint64_t block = offset >> SLUICE_RING_BOUNDARY_SHIFT;
	size_t step;

	if (offset % SLUICE_RECORD_ALIGN || tail > head || offset < tail || offset > head)
		return -EINVAL;
	/* The nearest boundary at or before it that does not rest on the word of whoever wrote the
	 * cursor. */
	for (; block << SLUICE_RING_BOUNDARY_SHIFT > tail; block--) {
		if (boundary_of(ring, block, tail, head, &boundary) && boundary.offset <= offset) {
			at = boundary.offset;
			break;
		}
	}
	while (at < offset) {
		step = sluice_record_step(sluice_ring_at(ring, at), (size_t)(head - at));
		if (!step)
			return -EINVAL;
		at += step;
	}
	return at == offset ? sequence_behind(ring, offset, sequence) : -EINVAL;
}

/* True if a slot belongs to nobody. */
static bool slot_is_free(const struct sluice_ring_cursor *slot)
{
	return sluice_guid_is_zero(slot->output);
}

struct sluice_ring_cursor *sluice_ring_cursor(struct sluice_ring *ring, const sluice_guid output)
{
	struct sluice_ring_cursor *slot, *free_slot = NULL;
	unsigned int number;

	for (number = 0; number < SLUICE_RING_CURSORS; number++) {
		slot = &ring->consumer->cursor[number];
		if (sluice_guid_equal(slot->output, output))
			return slot;
		if (!free_slot && slot_is_free(slot))
			free_slot = slot;
	}
	if (!free_slot)
		return NULL;
	free_slot->acked = sluice_ring_tail(ring);
	free_slot->taken = free_slot->acked;
	/* A successor that finds the GUID must find the offset too, even if we die between the two
	 * stores. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	sluice_guid_copy(free_slot->output, output);
	return free_slot;
}

void sluice_ring_move_tail(struct sluice_ring *ring, uint64_t tail)
{
	/* pairs with the producer's acquire of tail: we have done reading what lies before */
	sluice_store_release(&ring->consumer->tail, tail);
}

/* Is the slot's output one of `outputs`? */
static bool slot_is_of(const struct sluice_ring_cursor *slot, const sluice_guid *outputs,
		       size_t count)
{
	size_t output;

	for (output = 0; output < count; output++)
		if (sluice_guid_equal(slot->output, outputs[output]))
			return true;
	return false;
}

uint64_t sluice_ring_held(const struct sluice_ring *ring, const sluice_guid *outputs, size_t count)
{
	const struct sluice_ring_consumer *consumer =
		(const void *)((const uint8_t *)ring->mapping + SLUICE_RING_PAGE);
	uint64_t head = sluice_ring_head(ring), tail = sluice_ring_tail(ring), held = UINT64_MAX;
	const struct sluice_ring_cursor *slot;
	unsigned int number;
	uint64_t acked;

	for (number = 0; number < SLUICE_RING_CURSORS; number++) {
		slot = &consumer->cursor[number];
		if (slot_is_free(slot) || slot_is_of(slot, outputs, count))
			continue;
		/* What lies before the tail is gone, whatever the slot says. */
		acked = slot->acked > tail ? slot->acked : tail;
		if (acked < head && acked < held)
			held = acked;
	}
	return held;
}

void sluice_ring_release(struct sluice_ring *ring, const sluice_guid *outputs, size_t count)
{
	uint64_t head = sluice_ring_head(ring), least = head;
	struct sluice_ring_cursor *slot;
	unsigned int number;

	for (number = 0; number < SLUICE_RING_CURSORS; number++) {
		slot = &ring->consumer->cursor[number];
		if (slot_is_free(slot))
			continue;
		if (slot->acked > head)
			/* Damaged: nobody knows what of the ring it lacks. */
			least = sluice_ring_tail(ring) < least ? sluice_ring_tail(ring) : least;
		else if (slot->acked == head && !slot_is_of(slot, outputs, count))
			memset(slot, 0, sizeof(*slot));
		else if (slot->acked < least)
			least = slot->acked;
	}
	if (least > sluice_ring_tail(ring) || sluice_ring_tail(ring) > head)
		sluice_ring_move_tail(ring, least);
}

uint64_t sluice_ring_time(const struct sluice_ring *ring, uint64_t offset)
{
	uint64_t head = sluice_ring_head(ring);
	struct sluice_record_view view;

	/* Somebody may give it back meanwhile: then what was read is not it. */
	if (offset >= head || sluice_ring_tail(ring) > offset ||
	    sluice_record_read(sluice_ring_at(ring, offset), (size_t)(head - offset), &view) ||
	    sluice_ring_tail(ring) > offset)
		return 0;
	return view.time_ns;
}
