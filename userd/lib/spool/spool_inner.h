/* SPDX-License-Identifier: MIT */
/*
 * The spool's insides, shared by spool.c (open, close), spool_index.c (what is where, who needs
 * it), spool_segment.c (the files), spool_settle.c (which of them are free), spool_size.c (how
 * many), spool_write.c (frames, commit), spool_append.c, spool_drop.c (giving up the oldest),
 * spool_read.c, spool_recover.c (what an earlier process left), spool_checkpoint.c and
 * spool_stand_in.c. Touches: nothing by itself.
 */
#ifndef SLUICE_LIB_SPOOL_INNER_H
#define SLUICE_LIB_SPOOL_INNER_H

#include "spool.h"

/* Segments that are open for reading at most, besides the active one. */
#define SLUICE_SPOOL_OPEN 4U
/* A segment that was given up is tried again after so long, when nobody needs what is in it. */
#define SLUICE_SPOOL_REST_NS 1000000000ULL

enum sluice_spool_use {
	SLUICE_SPOOL_IS_FREE,
	SLUICE_SPOOL_IS_ACTIVE,
	SLUICE_SPOOL_IS_SEALED, /* complete, whether it has a list or not */
	SLUICE_SPOOL_IS_ABANDONED,
};

struct sluice_spool_segment {
	uint32_t number; /* of its file */
	enum sluice_spool_use use;
	bool is_touched; /* zeros were written to all of it once */
	bool is_surplus; /* more than the configuration wants: goes when it is free */
	bool is_lost;	 /* no file: stands for what the catalog listed and nobody found */
	bool is_extra;	 /* likewise, made because the store was full when it was told to drop */
	uint64_t serial;
	uint64_t size;
	uint64_t used; /* bytes, head included */
	uint64_t live; /* frames that some output needs */
	uint64_t rests_until;
	int failure; /* abandoned: what the disk said */
	int fd;	     /* -1: not open */
	uint64_t last_use;
};

struct sluice_spool_extent {
	uint64_t start, end;
	uint64_t needs; /* bit n: log->outputs[n] lacks some of it */
	uint32_t count, length;
	uint32_t segment; /* place in spool->segments */
	uint32_t block;	  /* position / SLUICE_DISK_BLOCK */
	uint16_t head_length;
	uint8_t type;
	bool is_pending; /* not committed yet */
	bool is_known_bad;
	bool is_superseded; /* marks stand for it, or (somebody needs it) are being written */
};

struct sluice_spool_reader {
	sluice_guid guid;
	struct sluice_ranges acked;
};

struct sluice_spool_log {
	struct sluice_spool_name name;
	struct sluice_spool_reader outputs[SLUICE_SPOOL_LOG_OUTPUTS];
	size_t output_count;
	struct sluice_spool_extent *list; /* by start */
	size_t count, room;
	size_t pending;	  /* of them, not committed */
	uint64_t bytes;	  /* in those that somebody needs */
	uint64_t longest; /* extent there ever was */
	unsigned int holders;
};

struct sluice_spool {
	char *path;
	sluice_guid store;
	bool look;
	bool is_new;	   /* it was made when it was opened */
	bool is_read_only; /* looks because nothing can be written, and has the lock all the same */
	int write_error;   /* why: -EROFS or -EIO */
	uint64_t segment_size;
	struct sluice_spool_segment *segments;
	size_t segment_count, segment_room;
	size_t active; /* place, or SIZE_MAX */
	uint64_t serial;
	struct sluice_spool_log **logs;
	size_t log_count, log_room;
	int checkpoint_fd;
	bool is_checkpoint_foreign; /* a link, a directory, a pipe is in its place, and stays */
	uint64_t generation;
	uint8_t *slot;	   /* memory for a checkpoint */
	bool dirty;	   /* acknowledged since the last one */
	bool is_noted;	   /* of that, all stands in what stands in for the next one */
	char *stand_in;	   /* the directory for that; NULL: there is none */
	bool has_stand_in; /* there is such a file */
	bool is_stood_in;  /* at the start its word counted */
	bool is_forgetful; /* told that nothing can be noted anywhere */
	bool is_unlisted;  /* frames came to be durable that it does not list */
	struct sluice_disk_queue *queue;
	struct sluice_disk_ahead *ahead; /* NULL: one after the other */
	uint8_t *buffers[SLUICE_DISK_DEPTH];
	unsigned int next_buffer;
	uint8_t *block; /* one block, for heads */
	uint8_t *list;	/* of the active segment: position and head of every frame */
	size_t list_bytes, list_room;
	uint32_t list_frames;
	bool is_pending; /* something is not committed */
	/* The last checkpoint says more than we know, maybe that a frame appended now is
	 * acknowledged: the commit needs a new one. */
	bool must_checkpoint;
	uint64_t clock;	   /* counts uses, for closing the least used file */
	bool drops_oldest; /* when it is full: give up the oldest segment */
	struct sluice_spool_drop *drops;
	size_t drop_count, drop_room;
	struct sluice_spool_figures figures;
	/* The index calls it when nobody needs a frame of a segment any more: spool_settle.c. */
	void (*settle)(struct sluice_spool *spool, size_t place);
};

/* What a head of a frame takes in a buffer at most. */
#define SLUICE_SPOOL_HEAD_MAX (128U + 16U * SLUICE_SPOOL_OUTPUTS)
#define SLUICE_SPOOL_BUFFER                                                                   \
	((size_t)(SLUICE_SPOOL_HEAD_MAX + SLUICE_SPOOL_PAYLOAD_MAX + SLUICE_DISK_BLOCK - 1) / \
	 SLUICE_DISK_BLOCK * SLUICE_DISK_BLOCK)

/* spool_segment.c: paths, descriptors (kept open while they are used often), heads, new files. */
char *sluice_spool_path(const struct sluice_spool *spool, const char *name);
char *sluice_spool_segment_path(const struct sluice_spool *spool, uint32_t number);
int sluice_spool_segment_open(struct sluice_spool *spool, size_t place);
void sluice_spool_segment_close(struct sluice_spool *spool, size_t place);
int sluice_spool_segment_write_head(struct sluice_spool *spool, size_t place,
				    enum sluice_spool_state state, uint64_t list);
int sluice_spool_segment_add(struct sluice_spool *spool, uint32_t number, uint64_t size,
			     size_t *place);
int sluice_spool_segment_make(struct sluice_spool *spool, uint32_t number, uint64_t size);
/* A number that no segment has, `number` or a later one. */
uint32_t sluice_spool_segment_fresh_number(const struct sluice_spool *spool, uint32_t number);
void sluice_spool_sync_directory(const struct sluice_spool *spool);

/* spool_settle.c: does the file serve frames that somebody needs? If not it is free (or goes, if
 * surplus). */
void sluice_spool_settle_segment(struct sluice_spool *spool, size_t place);

/* spool_size.c: `wanted` segments of spool->segment_size stay, if there are so many; the others go
 * when nobody needs what is in them. Returns how many stay. */
size_t sluice_spool_keep(struct sluice_spool *spool, size_t wanted);

/* spool_index.c */
struct sluice_spool_log *sluice_spool_index_log(struct sluice_spool *spool,
						const struct sluice_spool_name *name);
int sluice_spool_index_add(struct sluice_spool *spool, struct sluice_spool_log *log,
			   const struct sluice_spool_extent *extent, const sluice_guid *outputs,
			   size_t output_count);
/* Frames of segment `place` leave the index; only_pending: those not committed. */
void sluice_spool_index_remove(struct sluice_spool *spool, size_t place, bool only_pending);
/* What is pending is durable. */
void sluice_spool_index_publish(struct sluice_spool *spool);
struct sluice_spool_extent *sluice_spool_index_find(struct sluice_spool *spool,
						    struct sluice_spool_log *log, uint64_t offset);
/* Where the first extent behind `offset` begins; UINT64_MAX: nowhere. */
uint64_t sluice_spool_index_next(const struct sluice_spool_log *log, uint64_t offset);
int sluice_spool_index_reader(struct sluice_spool_log *log, const sluice_guid output, bool make);
void sluice_spool_index_free(struct sluice_spool *spool);

/* Nobody needs frames any more that are marked as superseded; if not `really`, they are not any
 * more. They stay in the index as long as they are on the disk: what was acknowledged of them must
 * be remembered, for they are found again at the next start. */
void sluice_spool_index_supersede(struct sluice_spool *spool, bool really);

/* spool_read.c: reads the frame of an extent whole into `buffer` and checks that it is the one. 0
 * or a negative errno. */
int sluice_spool_load(struct sluice_spool *spool, const struct sluice_spool_log *log,
		      const struct sluice_spool_extent *extent, uint8_t *buffer);
/* An extent cannot be read: counted and said, the first time. */
void sluice_spool_report_unreadable(struct sluice_spool *spool, struct sluice_spool_extent *extent,
				    int error);

/* spool_write.c: is there a segment that could be begun? Would frames of so many bytes in all,
 * whose heads have so many, and the list behind them fit the active segment? Writes a frame to it:
 * 0, -ENOSPC (it does not fit), or as sluice_spool_append(). */
bool sluice_spool_has_spare(const struct sluice_spool *spool);
bool sluice_spool_fits(const struct sluice_spool *spool, uint64_t bytes, size_t head_length);
int sluice_spool_put_frame(struct sluice_spool *spool, struct sluice_spool_log *log,
			   const struct sluice_spool_frame *frame, const void *payload,
			   const sluice_guid *outputs, size_t output_count);

/* spool_drop.c: gives up the oldest segment, so that there is one to be begun next; the active one
 * takes the marks. 0; -ENOENT: there is none to give up; -ENOSPC: the marks do not fit; else as
 * sluice_spool_append(). */
int sluice_spool_give_up(struct sluice_spool *spool);

/* spool_write.c: the segment to be used next, or SIZE_MAX; takes one into use; ends the active one.
 * 0 or a negative errno. */
size_t sluice_spool_choose_segment(const struct sluice_spool *spool);
int sluice_spool_begin_segment(struct sluice_spool *spool, size_t place);
int sluice_spool_seal_segment(struct sluice_spool *spool);

/* spool_checkpoint.c: reads the newer valid slot and acknowledges what it says. 0, -ENOENT (none is
 * valid). */
int sluice_spool_checkpoint_load(struct sluice_spool *spool);
/* Which generation that is; 0: none is valid. */
uint64_t sluice_spool_checkpoint_generation(struct sluice_spool *spool);

/* spool_stand_in.c: writes the slot in memory to the file that stands in for a checkpoint, reads it
 * from there, takes the file away. 0; -ENOENT: nobody said where it should be, or there is none;
 * other negative errno. */
int sluice_spool_stand_in_write(struct sluice_spool *spool);
int sluice_spool_stand_in_read(struct sluice_spool *spool);
void sluice_spool_stand_in_remove(struct sluice_spool *spool);

/* spool_catalog.c: writes a catalog of what somebody needs into the `bytes` bytes behind a slot's
 * entries, which are zeros. Compares one with the index: what it lists and is not there is entered
 * as bad (0 or -ENOMEM); no catalog is no fault. When it is known what was acknowledged,
 * report_missing counts and says what is lost. */
void sluice_spool_catalog_write(const struct sluice_spool *spool, void *memory, size_t bytes);
int sluice_spool_catalog_compare(struct sluice_spool *spool, const void *memory, size_t bytes);
void sluice_spool_catalog_report_missing(struct sluice_spool *spool);

/* spool_recover.c: finds the segments and what is in them. 0 or a negative errno with a sentence.
 */
int sluice_spool_recover(struct sluice_spool *spool, char **error);

/* Nanoseconds since 1970. */
uint64_t sluice_spool_wall_clock(void);

/* CLOCK_MONOTONIC, nanoseconds. */
uint64_t sluice_spool_now(void);

#endif /* SLUICE_LIB_SPOOL_INNER_H */
