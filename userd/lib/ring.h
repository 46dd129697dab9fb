/* SPDX-License-Identifier: MIT */
/*
 * Rings as user space sees them: mapping one (the module's or a memfd), reading spans of whole
 * records from it, moving cursors, and, for user-space sources, writing records into it. The layout
 * is uapi/sluice/ring.h. Touches: the mapping it was given, nothing else. One consumer thread and
 * one producer thread per ring.
 */
#ifndef SLUICE_LIB_RING_H
#define SLUICE_LIB_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sluice/record.h>
#include <sluice/ring.h>
#include "guid.h"

struct sluice_ring {
	const struct sluice_ring_producer *producer;
	struct sluice_ring_consumer *consumer; /* NULL if mapped to look only */
	const struct sluice_ring_boundary *index;
	const uint8_t *data; /* mapped twice in a row */
	uint64_t mask;
	void *mapping; /* everything, for munmap */
	size_t mapping_size;
	struct sluice_ring_writer *writer; /* user-space rings only */
	char *file;		       /* that it lies in, on tmpfs; NULL: none that outlives us */
	int lock;		       /* its descriptor, if there is one */
	int memory;		       /* of a ring in a memfd, plus 1: its descriptor, by which
					  sluicectl tap finds it; 0: none */
	struct sluice_ring_twin *twin; /* of the file; NULL: none */
	bool is_revived;	       /* the file was lost; what was in it is told of */
	bool is_handed;		       /* another process goes on with the file, empty or not */
};

/* Contiguous whole records of a stream. `count` is how many records, exact. */
struct sluice_span {
	uint64_t start;
	uint64_t end;
	uint64_t count;
};

/* ring_huge.c. From now on rings that are made in files of tmpfs are of huge pages, as far as that
 * file system gives some; or no more. @threadsafe */
void sluice_ring_use_huge(bool on);

/* Attaches to ring `cpu` of `route` through /dev/sluice `fd` (opened by the caller, who keeps it)
 * and maps it. `flags`: SLUICE_ATTACH_*. 0, or -ENOENT, -EBUSY, -EPROTO (not a ring we understand),
 * other negative errno. */
int sluice_ring_attach(struct sluice_ring *ring, int fd, const sluice_guid route, uint32_t cpu,
		       uint32_t flags);

/* Makes a ring of `size` bytes (power of two within the limits of uapi/sluice/ring.h) in a new
 * memfd, for a user-space source; its pages are there when this returns. 0, -EINVAL, -ENOMEM, other
 * negative errno. @owner caller: destroy */
int sluice_ring_create(struct sluice_ring *ring, size_t size, const sluice_guid stream,
		       uint64_t epoch, uint32_t cpu);

/*
 * The same in the file `path` on tmpfs, which outlives the process: if a ring of ours is there
 * already, whatever its size, it goes on with its stream, epoch, records and cursors (*found),
 * unless it is empty and `size` is another. With `size` 0 none is made. 0, -ENOENT, -EBUSY (another
 * process has it), -EPERM (not our file), -ENOMEM, other negative errno.
 * @owner caller: destroy, which removes the file if everything in it was given back
 */
int sluice_ring_keep(struct sluice_ring *ring, const char *path, size_t size,
		     const sluice_guid stream, uint64_t epoch, uint32_t cpu, bool *found);

/* Likewise, and somebody knows that a ring of the epoch `least` was there: those of earlier ones
 * are not ours. */
int sluice_ring_keep_since(struct sluice_ring *ring, const char *path, size_t size,
			   const sluice_guid stream, uint64_t epoch, uint32_t cpu, uint64_t least,
			   bool *found);

/* The ring that was in the file `path`, as its twin knew it (ring_twin.h), in a memfd: the file is
 * another's. 0, or -ENOENT: there is no twin, other negative errno. @owner caller: destroy */
int sluice_ring_revive_apart(struct sluice_ring *ring, const char *path);

/* Maps what lies in the file `path`, to look only, whoever has it. 0, -ENOENT, -EPERM (not our
 * file), -EPROTO, other negative errno. @owner caller: destroy, which leaves the file alone */
int sluice_ring_look(struct sluice_ring *ring, const char *path);

/* The same of an open file, which the caller keeps: also of the memfd of a ring that is no file. */
int sluice_ring_look_at(struct sluice_ring *ring, int fd);

/* For ring.c and ring_file.c only. */
int sluice_ring_create_in(struct sluice_ring *ring, int fd, size_t size, const sluice_guid stream,
			  uint64_t epoch, uint32_t cpu);
int sluice_ring_map(struct sluice_ring *ring, int fd, size_t data_offset, size_t size);
int sluice_ring_map_to_look(struct sluice_ring *ring, int fd, size_t data_offset, size_t size);
int sluice_ring_writer_resume(struct sluice_ring *ring);
/* An empty ring, just created, stands at `offset`, with `sequence` records before it. */
void sluice_ring_writer_stand(struct sluice_ring *ring, uint64_t offset, uint64_t sequence);
/* Counters of losses that are damaged are begun anew: no GAP told of `untold` datagrams yet. Before
 * sluice_ring_writer_resume(). */
void sluice_ring_writer_heal(struct sluice_ring *ring, uint64_t untold);
/* Losses that no GAP told of yet are no more: somebody else knows of them. */
void sluice_ring_writer_forget(struct sluice_ring *ring);
/* Puts GAP records (cause `disk`) from the head to `upto`, a multiple of SLUICE_RECORD_ALIGN at
 * least a GAP's length away; they tell of `datagrams` together. 0: nobody knows how many. */
void sluice_ring_fill(struct sluice_ring *ring, uint64_t upto, uint64_t datagrams);
/* For sluice_ring_destroy(): ring.c's half of it, which is about memory only. */
void sluice_ring_unmap(struct sluice_ring *ring);

/*
 * ring_mend.c: a ring that was just mapped and whose records do not lead from tail to head: what
 * cannot be read becomes GAP records, and is logged with the name `path`. Returns how many records
 * it has fewer now (modulo 2^64). How many datagrams wait in a file of `bytes` bytes that is no
 * ring of ours any more: false if nobody knows (*datagrams: those that could be found).
 */
uint64_t sluice_ring_mend(struct sluice_ring *ring, const char *path);
bool sluice_ring_count(int fd, size_t bytes, uint64_t *datagrams);

/* Makes an empty ring, just created, stand at `offset` (a multiple of SLUICE_RECORD_ALIGN): for
 * what lies on a disk only. */
void sluice_ring_begin_at(struct sluice_ring *ring, uint64_t offset);

/* Unmaps, and lets go of its files, if it has some: they stay where something is left in it. Safe
 * on a zeroed ring. */
void sluice_ring_destroy(struct sluice_ring *ring);

/* End of the last complete record (acquire: pairs with the producer's release of head). */
uint64_t sluice_ring_head(const struct sluice_ring *ring);

/* What the consumer gave back: everything before it may be overwritten. */
uint64_t sluice_ring_tail(const struct sluice_ring *ring);

/*
 * The next span at `from` (a record boundary between tail and head) of at most `bytes` (but always
 * at least one record), without looking at records where the boundary index and the head's sequence
 * serve; `from_sequence` is how many records lie before `from`. Returns false if there is nothing.
 * `count` is exact.
 */
bool sluice_ring_span(const struct sluice_ring *ring, uint64_t from, uint64_t from_sequence,
		      size_t bytes, struct sluice_span *span);

/*
 * Is `offset` a record boundary between tail and head, and how many records lie before it? Walks
 * over at most a block or two of the index on either side. 0 and *sequence, or -EINVAL. For a start
 * after a crash, not for the hot path.
 */
int sluice_ring_locate(const struct sluice_ring *ring, uint64_t offset, uint64_t *sequence);

/* Where the bytes of offset `offset` lie in memory; contiguous for up to size bytes. */
static inline const uint8_t *sluice_ring_at(const struct sluice_ring *ring, uint64_t offset)
{
	return ring->data + (offset & ring->mask);
}

/* Finds or claims the cursor slot of an output. Returns NULL if all are taken. A new slot starts at
 * tail. */
struct sluice_ring_cursor *sluice_ring_cursor(struct sluice_ring *ring, const sluice_guid output);

/*
 * Moves tail to the least `acked` of the claimed cursors, release. Those whose outputs are not in
 * `outputs` are freed if nothing waits for them; else they stay, and hold the tail. A tail beyond
 * head (a broken predecessor's) becomes head.
 */
void sluice_ring_release(struct sluice_ring *ring, const sluice_guid *outputs, size_t count);

/*
 * Where the first byte lies that waits for an output that is not in `outputs`. UINT64_MAX: nothing
 * waits for others. Also for a ring that is mapped to look only.
 */
uint64_t sluice_ring_held(const struct sluice_ring *ring, const sluice_guid *outputs, size_t count);

/* When the record at `offset`, a boundary, came, in nanoseconds since 1970. 0: it is not there, or
 * its consumer gave it back while we looked. For statistics. */
uint64_t sluice_ring_time(const struct sluice_ring *ring, uint64_t offset);

/* Moves tail to `tail`, release; the caller knows that it is a boundary between tail and head. */
void sluice_ring_move_tail(struct sluice_ring *ring, uint64_t tail);

/* Producer side (user-space rings): room for a record of `length` at head, or NULL if the ring is
 * full. Pending GAPs are written first. Only one record is reserved at a time; reserving again
 * forgets the last. */
uint8_t *sluice_ring_reserve(struct sluice_ring *ring, uint32_t length);
/* Publishes the reserved record, which the caller has filled in. */
void sluice_ring_commit(struct sluice_ring *ring);
/* Both at once, and what lies between: a datagram of `input` without flags and addresses becomes a
 * record. False: the ring is full. */
bool sluice_ring_put(struct sluice_ring *ring, uint16_t input, uint64_t time_ns,
		     const uint8_t *payload, uint32_t length);
/* Bytes of records that can be reserved now, pending GAPs taken into account. */
uint64_t sluice_ring_room(struct sluice_ring *ring);
/* Counts lost datagrams of `input`; a GAP record tells of them before the next record that finds
 * room. */
void sluice_ring_lose(struct sluice_ring *ring, uint16_t input, uint32_t cause, uint64_t datagrams,
		      uint64_t bytes);
/* Likewise, where nobody knows how many they are: a GAP of 0 datagrams. */
void sluice_ring_lose_unknown(struct sluice_ring *ring, uint16_t input, uint32_t cause);
/* Writes the pending GAPs that find room, without waiting for a record. Returns true if none is
 * left. */
bool sluice_ring_tell(struct sluice_ring *ring);

/* For the two halves of this library only: makes and frees the producer side. 0, -ENOMEM. */
int sluice_ring_writer_attach(struct sluice_ring *ring, struct sluice_ring_producer *producer);
void sluice_ring_writer_detach(struct sluice_ring *ring);

#endif /* SLUICE_LIB_RING_H */
