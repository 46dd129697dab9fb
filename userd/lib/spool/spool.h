/* SPDX-License-Identifier: MIT */
/*
 * The spool: the part of the streams that lies on a disk. Frames (spans of records, as they lay in
 * the ring) go into preallocated segments of fixed size that are used again when every output has
 * acknowledged what is in them. Between the daemon's spooler thread, or sluicectl spool, and a
 * directory. Touches: the files in that directory. Not @threadsafe: one thread uses a store.
 *
 *   append ─► append ─► commit: durable
 *   acknowledge ─► checkpoint ─► a segment without needs is free
 *
 * What was not committed was not promised: whoever appended keeps it in memory until commit said 0.
 */
#ifndef SLUICE_LIB_SPOOL_H
#define SLUICE_LIB_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../guid.h"
#include "ranges.h"
#include "spool_format.h"

#define SLUICE_SPOOL_SEGMENT_MIN (1UL << 20)
#define SLUICE_SPOOL_SEGMENT_MAX (1UL << 30)
/* A store has at least so many segments: one that is written, one that is read, two spares. */
#define SLUICE_SPOOL_SEGMENTS_MIN 4U
/* Outputs that one stream can have in its life. */
#define SLUICE_SPOOL_LOG_OUTPUTS 64U

struct sluice_spool;
struct sluice_spool_log; /* what the store has of one stream */

struct sluice_spool_options {
	const char *path;
	uint64_t size;	  /* bytes of all segments together */
	uint64_t segment; /* bytes of one, a multiple of 4 KiB */
	/* A directory on tmpfs, of our own and made if need be: what was acknowledged is noted
	 * there while it cannot be on the disk; NULL: nowhere */
	const char *stand_in;
	bool look;   /* change nothing, take no lock; size and segment do not matter */
	bool repair; /* make no segments: mend what is there; size and segment do not matter */
};

/* Which stream. */
struct sluice_spool_name {
	sluice_guid stream;
	uint64_t epoch;
	sluice_guid route;
	uint32_t cpu;
};

/* A frame to be written, or read. */
struct sluice_spool_frame {
	uint64_t offset;
	uint64_t span;	 /* bytes of stream */
	uint32_t count;	 /* DATA: records, PAD not counted; GAPS: datagrams that it tells of as lost
			  */
	uint32_t length; /* bytes of payload */
	uint8_t type;	 /* SLUICE_SPOOL_DATA or SLUICE_SPOOL_GAPS */
	uint64_t time_ns; /* when, since 1970 */
	bool is_damaged;  /* read: its bytes are lost; the payload is a GAP that says so */
	uint64_t serial;  /* read: of its segment: the higher the newer */
};

/* How many datagrams were given up. */
struct sluice_spool_drop {
	sluice_guid route;
	sluice_guid output; /* who lacked them; zeros: anybody, each counted once */
	uint16_t input;	    /* of the route */
	uint64_t datagrams;
};

/* How the store is. */
struct sluice_spool_figures {
	uint64_t segments, free_segments, segment_size;
	uint64_t frames;	  /* that some output needs */
	uint64_t bytes;		  /* of stream in them */
	uint64_t records;	  /* in them */
	uint64_t used;		  /* bytes of disk, in segments that hold something of that */
	uint64_t written, synced; /* bytes written, commits, since it was opened */
	/* Bytes of stream that became durable, and that nobody needs any more, since it was opened
	 */
	uint64_t spooled, drained;
	uint64_t damaged_frames, damaged_records; /* found damaged, since it was opened */
	uint64_t quarantined;			  /* files put aside at the start */
	uint64_t torn;	    /* frames at the end of a segment that were never whole, at the start */
	uint64_t scanned;   /* segments whose list could not be used, at the start */
	uint64_t abandoned; /* segments given up after a failed write or sync */
	/* Given up because it was full (sluice_spool_drop_oldest()), since it was opened */
	uint64_t dropped_segments, dropped;
	/* Of the damaged ones: the last checkpoint lists them, and they are not there, at the start
	 */
	uint64_t missing_frames, missing_records;
	bool checkpoint_lost; /* at the start: none was there though there were frames */
	bool slot_lost;	      /* one of its slots cannot be read */
	bool is_deep;	      /* io_uring */
};

/*
 * Opens the store in options->path, making what is not there: all segments with their room on the
 * disk. Files that are damaged, foreign or of a newer version are put aside (renamed) and counted,
 * never a reason not to start; nor is that there is no room for what takes their place. A store on
 * a file system that is read-only, or on a disk that fails whenever it is written, can be read:
 * append fails (-EROFS, -EIO). 0, or a negative errno with a sentence: -ENOSPC (a new store),
 * -EROFS, -EIO (likewise), -EACCES, -EBUSY (another process has it), -EINVAL.
 * @owner caller: sluice_spool_close(); *error: free() @context process
 */
int sluice_spool_open(const struct sluice_spool_options *options, struct sluice_spool **spool,
		      char **error);

/*
 * Another size while it is in use: `size` bytes in segments of `segment` (limits as for open), in
 * two steps, so that the first, which can fail, is undone by the second one with what was before.
 *
 * extend: makes one segment that is wanted then. 1: there may be more to make; 0: none; or a
 * negative errno with a sentence: -ENOSPC, -EROFS (it can only be read), -EINVAL, -ENOMEM. What was
 * made is used from then on. @owner *error: free()
 * resize: from now on it has that size. A segment too many, or of another size, goes when nobody
 * needs what is in it: until then the store takes more room. Nothing that somebody needs is lost.
 */
int sluice_spool_extend(struct sluice_spool *spool, uint64_t size, uint64_t segment, char **error);
void sluice_spool_resize(struct sluice_spool *spool, uint64_t size, uint64_t segment);

/* Commits, writes a checkpoint, closes. NULL is allowed. */
void sluice_spool_close(struct sluice_spool *spool);

/* The same; but of a store that was made when it was opened, and in which nothing is, no file is
 * left: whoever made it did so in vain. True: it is gone, and its directory stays. */
bool sluice_spool_abolish(struct sluice_spool *spool);

/* Closes as a crash would: nothing is written any more. For tests. */
void sluice_spool_crash(struct sluice_spool *spool);

/* The log of a stream, made if it is not there. NULL: no memory. It stays as long as somebody holds
 * it or the store has frames of it. @owner caller: sluice_spool_put() */
struct sluice_spool_log *sluice_spool_get(struct sluice_spool *spool,
					  const struct sluice_spool_name *name);
void sluice_spool_put(struct sluice_spool *spool, struct sluice_spool_log *log);

/* Calls `each` for every log there is, until it returns not 0, which is returned. It may hold logs,
 * not append. */
int sluice_spool_logs(struct sluice_spool *spool,
		      int (*each)(void *context, struct sluice_spool_log *log), void *context);
const struct sluice_spool_name *sluice_spool_log_name(const struct sluice_spool_log *log);
/* Bytes of it that some output needs. */
uint64_t sluice_spool_log_bytes(const struct sluice_spool_log *log);

/* Would a frame of `length` bytes find a place? */
bool sluice_spool_has_room(const struct sluice_spool *spool, uint64_t length);

/* Why a segment is out of use for a while that has nothing anybody needs: a negative errno, what
 * the disk said when it was written; 0: there is none. A store without room is not full as long as
 * one rests. */
int sluice_spool_resting(const struct sluice_spool *spool);

/*
 * Begins to write a frame that `outputs` wait for. 0; -ENOSPC (full); -E2BIG (too long, too many
 * outputs); -ENOMEM; or what the disk said: then everything since the last commit is as if never
 * appended, the segment was given up, and the caller appends it all again.
 */
int sluice_spool_append(struct sluice_spool *spool, struct sluice_spool_log *log,
			const struct sluice_spool_frame *frame, const void *payload,
			const sluice_guid *outputs, size_t output_count);

/* Has something been appended since the last commit, and is not lost by an error of the disk? */
bool sluice_spool_is_pending(const struct sluice_spool *spool);

/* Everything appended is durable. 0, or a negative errno with the meaning it has for append. */
int sluice_spool_commit(struct sluice_spool *spool);

/* `output` needs [start, end) of the stream no more. 0 or -ENOMEM (it will get it again). */
int sluice_spool_acknowledge(struct sluice_spool *spool, struct sluice_spool_log *log,
			     const sluice_guid output, uint64_t start, uint64_t end);

/*
 * What becomes of a store that is full: append says -ENOSPC, or (drop) it gives up its oldest
 * segment for a new one, so long as one is left. Of what is given up the numbers stay, per input:
 * marks (spool_marks.h), which are durable before the segment is used again, and are read in its
 * place.
 */
void sluice_spool_drop_oldest(struct sluice_spool *spool, bool drop);

/* Calls `each` for every route, output and input of which something was given up since the store
 * was opened. */
void sluice_spool_drops(const struct sluice_spool *spool,
			void (*each)(void *context, const struct sluice_spool_drop *drop),
			void *context);

/* The serial of the segment that is written now; the higher the newer. */
uint64_t sluice_spool_serial(const struct sluice_spool *spool);

/* Has something been acknowledged, or become durable, since the last checkpoint? Writes one: 0 or a
 * negative errno. What a checkpoint lists is missed if it is not there at the next start. */
bool sluice_spool_needs_checkpoint(const struct sluice_spool *spool);
int sluice_spool_checkpoint(struct sluice_spool *spool);

/*
 * Notes what was acknowledged since the last checkpoint, if anything was: in a checkpoint, or,
 * where that cannot be written, in what stands in for it until it can. That outlives this process,
 * and the machine does not. 0: a checkpoint has it; else the negative errno of why not, and it
 * should be tried again.
 */
int sluice_spool_note(struct sluice_spool *spool);

/* Calls `each` for every run of bytes of a log that `output` still needs, oldest offset first, with
 * the serial of its segment, until it returns not 0, which is returned. */
int sluice_spool_backlog(struct sluice_spool *spool, struct sluice_spool_log *log,
			 const sluice_guid output,
			 int (*each)(void *context, uint64_t start, uint64_t end, uint64_t serial),
			 void *context);

/* Calls `each` for every output that needs something of a log. */
int sluice_spool_waiting(struct sluice_spool *spool, struct sluice_spool_log *log,
			 int (*each)(void *context, const sluice_guid output), void *context);

/* Room that sluice_spool_read() needs. */
#define SLUICE_SPOOL_READ_ROOM (SLUICE_SPOOL_PAYLOAD_MAX + 3U * SLUICE_DISK_BLOCK)

/*
 * Reads the frame that holds `offset` of a log into `buffer` (SLUICE_SPOOL_READ_ROOM bytes of
 * sluice_disk_memory()); *payload points into it. A frame whose bytes are damaged or cannot be read
 * comes as a GAP that says how many records are lost. Of a frame of type GAPS the payload is marks
 * (spool_marks.h). 0 or -ENOENT.
 */
int sluice_spool_read(struct sluice_spool *spool, struct sluice_spool_log *log, uint64_t offset,
		      uint8_t *buffer, struct sluice_spool_frame *frame, const uint8_t **payload);

/*
 * Begins to read what sluice_spool_read() will be asked for: the frame of a log that holds `offset`
 * and those that follow it, up to `end`, one into each of `count` buffers, as many as can be under
 * way at once. Returns how many that are. The buffers are the spool's until each was given to
 * sluice_spool_read(), with its offset (else it was read in vain), or sluice_spool_settle() was
 * called.
 */
size_t sluice_spool_read_ahead(struct sluice_spool *spool, struct sluice_spool_log *log,
			       uint64_t offset, uint64_t end, uint8_t *const *buffers,
			       size_t count);
/* No buffer is the spool's any more. */
void sluice_spool_settle(struct sluice_spool *spool);

/* Calls `each` for every frame of a log that somebody needs (all: every one there is). */
int sluice_spool_frames(struct sluice_spool *spool, struct sluice_spool_log *log, bool all,
			int (*each)(void *context, const struct sluice_spool_frame *frame),
			void *context);

/*
 * `output` should find `bytes` bytes more of [start, end) in the store than it does. If all of that
 * which it neither has nor finds there is so much, it is entered as lost, and *records (NULL:
 * nobody knows; those in [start, end)) become those that are lost; true. False: nobody can tell
 * which they are.
 */
bool sluice_spool_miss(struct sluice_spool *spool, struct sluice_spool_log *log,
		       const sluice_guid output, uint64_t start, uint64_t end, uint64_t bytes,
		       uint64_t *records);

/* Writes zeros to a free segment that never had any, so that the disk's own bookkeeping is done
 * before it is needed. True if there was one: call again when there is time. */
bool sluice_spool_touch(struct sluice_spool *spool);

void sluice_spool_figures(const struct sluice_spool *spool, struct sluice_spool_figures *figures);

#endif /* SLUICE_LIB_SPOOL_H */
