/* SPDX-License-Identifier: MIT */
/*
 * Disk input and output of the spool: whole writes and reads, several under way at once (io_uring
 * where the kernel lets us, else one after the other), and the calls themselves in a table, so that
 * a test can make each of them fail. Under spool*.c. Touches: the descriptors it is given. One
 * thread per queue.
 */
#ifndef SLUICE_LIB_DISK_H
#define SLUICE_LIB_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What O_DIRECT wants buffers, offsets and lengths to be a multiple of; also the unit in which a
 * disk tears a write. */
#define SLUICE_DISK_BLOCK 4096U
/* Writes under way at once, and reads. */
#define SLUICE_DISK_DEPTH 8U
#define SLUICE_DISK_AHEAD 8U

/* The system calls, to be replaced by tests only, before anything is opened. With `is_real` false
 * no io_uring is used. */
struct sluice_disk_calls {
	ssize_t (*pwrite)(int fd, const void *bytes, size_t length, off_t offset);
	ssize_t (*pread)(int fd, void *bytes, size_t length, off_t offset);
	int (*fdatasync)(int fd);
	int (*fallocate)(int fd, int mode, off_t offset, off_t length);
	bool is_real;
};

extern struct sluice_disk_calls sluice_disk_calls;

/* Opens a file for O_DIRECT, or without where the file system has none. The descriptor; -ELOOP: a
 * symbolic link, which is not followed; -EPERM: no file; other negative errno. @owner caller */
int sluice_disk_open(const char *path, int flags);

/* Writes or reads all of it, whatever comes in between. 0, -ENODATA (read: the file ends before),
 * other negative errno. */
int sluice_disk_write(int fd, const void *bytes, size_t length, uint64_t offset);
int sluice_disk_read(int fd, void *bytes, size_t length, uint64_t offset);

/* Is what was written before on the disk? 0 or a negative errno; after a failure it must not be
 * asked again (Linux may have dropped the pages, see docs/spool-format.md). */
int sluice_disk_sync(int fd);

/* Room of `length` bytes in a file. 0, -ENOSPC, other negative errno. */
int sluice_disk_reserve(int fd, uint64_t length);

/* Memory for O_DIRECT, all zero; NULL: none. @owner caller: free() */
void *sluice_disk_memory(size_t length);
/* Likewise, to be read into: it holds whatever it held. @owner caller: free() */
void *sluice_disk_buffer(size_t length);

struct sluice_disk_queue;

/* A queue of writes. 0 or -ENOMEM. @owner caller: sluice_disk_queue_free() */
int sluice_disk_queue_create(struct sluice_disk_queue **queue);
void sluice_disk_queue_free(struct sluice_disk_queue *queue);

/* Does it use io_uring? */
bool sluice_disk_queue_is_deep(const struct sluice_disk_queue *queue);

/*
 * Begins to write; `bytes` stay untouched until slot `slot` (below SLUICE_DISK_DEPTH) is done.
 * Waits first if that slot is still under way. 0, or the negative errno of an earlier write that
 * failed: then nothing was begun.
 */
int sluice_disk_queue_write(struct sluice_disk_queue *queue, unsigned int slot, int fd,
			    const void *bytes, size_t length, uint64_t offset);

/* Waits until slot `slot` is done. Failures are kept for sluice_disk_queue_finish(). */
void sluice_disk_queue_wait(struct sluice_disk_queue *queue, unsigned int slot);

/* Waits for all. 0, or the negative errno of the first that failed; it is forgotten then. */
int sluice_disk_queue_finish(struct sluice_disk_queue *queue);

struct sluice_disk_ahead;

/* Reads that are begun before they are wanted. NULL: the kernel gives no io_uring; all of the
 * following take that, and read nothing. @owner caller: sluice_disk_ahead_free() */
struct sluice_disk_ahead *sluice_disk_ahead_create(void);
void sluice_disk_ahead_free(struct sluice_disk_ahead *ahead);

/* Prepares a read, which begins with submit; `fd` stays open until then, `bytes` are the kernel's
 * until take or settle. False: SLUICE_DISK_AHEAD are under way already. */
bool sluice_disk_ahead_add(struct sluice_disk_ahead *ahead, int fd, void *bytes, size_t length,
			   uint64_t offset);
void sluice_disk_ahead_submit(struct sluice_disk_ahead *ahead);

/* Waits for the read into `bytes`, which are the caller's again. Were they read, whole, from there?
 * False also where none was begun. */
bool sluice_disk_ahead_take(struct sluice_disk_ahead *ahead, const void *bytes, size_t length,
			    uint64_t offset);
/* Waits for all; what they read is forgotten. */
void sluice_disk_ahead_settle(struct sluice_disk_ahead *ahead);

#endif /* SLUICE_LIB_DISK_H */
