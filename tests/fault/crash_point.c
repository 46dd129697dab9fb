// SPDX-License-Identifier: MIT
/*
 * A daemon that dies at a named step of its work on the spool: preloaded (LD_PRELOAD) under
 * sluiced, it stands before the calls that change the spool or read it, and tells by file and by
 * what is written which step they are. The file that SLUICE_CRASH_POINT names says where, and can
 * be written anew at any time:
 *
 *   WHEN NAME NUMBER
 *
 * step NUMBER of that name, counted from 0 since the file changed, is the last: SIGKILL right
 * before it, right after it (what is written is in the file then, also what goes through an
 * io_uring), or within it: half of a write, in whole blocks. WHEN: before, within (writes only),
 * after. NAME:
 *
 *   create, reserve, directory-sync   a segment's file is made; gets its room; the directory is
 *                                     synced (fsync) afterwards
 *   put-aside, remove                 a file that is no segment is renamed; one too many is removed
 *   reserve-checkpoint, store-block, store-sync
 *                                     the checkpoint file gets its room; its block 0 is written;
 *                                     and synced
 *   zeros, zeros-head                 zeros for a segment's first use; the head behind which they
 *                                     are complete
 *   begin, reuse, head-sync           a segment's head says that it is being written, for the first
 *                                     time or again; is synced
 *   frame, frame-sync                 records; commit syncs them
 *   gaps, gaps-sync                   marks of what was given up; commit syncs them
 *   list, seal, seal-sync             a segment's list of frames; the head that says where it is;
 *                                     is synced
 *   free                              the head of a segment that nobody needs any more says so
 *   checkpoint, checkpoint-sync       a slot; is synced
 *   read                              something behind the head of a segment is read
 *
 * Before it dies it adds the order to the file with ".done" behind its name. Without the file
 * nothing happens.
 */
#include <dlfcn.h>
#include <endian.h>
#include <liburing.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include "preload.h"
#include "spool/spool_format.h"

#define DESCRIPTORS 1024

enum when { NEVER, BEFORE, WITHIN, AFTER };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[WORD];	      /* the file's line, as it was last read */
static unsigned long calls;	      /* steps of its name since */
static const char *last[DESCRIPTORS]; /* what was written to a descriptor last */

/* What a sync of a file is called after the last write to it. */
static const struct {
	const char *write, *sync;
} syncs[] = {
	{"store-block", "store-sync"}, {"checkpoint", "checkpoint-sync"}, {"begin", "head-sync"},
	{"reuse", "head-sync"},	       {"frame", "frame-sync"},		  {"gaps", "gaps-sync"},
	{"seal", "seal-sync"},
};

/* The function behind ours. */
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

/* Is step `name` (NULL: none) the one that was ordered, and when does the process die? */
static enum when reached(const char *name)
{
	static const char *const words[] = {
		[BEFORE] = "before", [WITHIN] = "within", [AFTER] = "after"};
	const char *file = getenv("SLUICE_CRASH_POINT");
	char when[WORD], wanted[WORD];
	enum when result = NEVER, word;
	unsigned long number;
	int words_end = 0;
	bool is_it = false;
	char *end;

	if (!file || !name)
		return NEVER;
	pthread_mutex_lock(&lock);
	if (read_order(file, order, &calls) &&
	    sscanf(order, "%63s %63s%n", when, wanted, &words_end) == 2) {
		number = strtoul(order + words_end, &end, 10);
		is_it = end > order + words_end && !strcmp(wanted, name) && calls++ == number;
	}
	if (is_it)
		for (word = BEFORE; word <= AFTER; word++)
			if (!strcmp(when, words[word]))
				result = word;
	pthread_mutex_unlock(&lock);
	return result;
}

/* The end. */
static void die(void)
{
	note(getenv("SLUICE_CRASH_POINT"), ".done", order, "");
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* Dies if that is what was reached. */
static void die_at(enum when when, enum when now)
{
	if (when == now)
		die();
}

/* The state and serial of a segment's head; false: there is none. */
static bool read_head(int fd, uint32_t *state, uint64_t *serial)
{
	static uint8_t block[SLUICE_DISK_BLOCK] __attribute__((aligned(SLUICE_DISK_BLOCK)));
	struct sluice_spool_segment_head head;

	if (REAL(pread)(fd, block, sizeof(block), 0) != (ssize_t)sizeof(block))
		return false;
	memcpy(&head, block, sizeof(head));
	*state = le32toh(head.state);
	*serial = le64toh(head.serial);
	return le32toh(head.magic) == SLUICE_SPOOL_SEGMENT_MAGIC;
}

/* The step that writing a segment's head is. */
static const char *head_name(int fd, const void *bytes)
{
	struct sluice_spool_segment_head head;
	uint32_t state;
	uint64_t serial = 0;

	memcpy(&head, bytes, sizeof(head));
	switch (le32toh(head.state)) {
	case SLUICE_SPOOL_ACTIVE:
		return read_head(fd, &state, &serial) && serial ? "reuse" : "begin";
	case SLUICE_SPOOL_SEALED:
		return "seal";
	default:
		return head.serial ? "free" : "zeros-head";
	}
}

/* The step that a write is, by what is written; NULL: none of the spool's. */
static const char *write_name(int fd, const void *bytes, size_t length)
{
	static const char *const frames[] = {[SLUICE_SPOOL_DATA] = "frame",
					     [SLUICE_SPOOL_GAPS] = "gaps",
					     [SLUICE_SPOOL_LIST] = "list"};
	struct sluice_spool_frame_head frame;
	const char *name = "zeros";
	char path[PATH];

	if (length < SLUICE_DISK_BLOCK || !is_spool(fd, path))
		return NULL;
	memcpy(&frame, bytes, sizeof(frame));
	switch (le32toh(frame.magic)) {
	case SLUICE_SPOOL_STORE_MAGIC:
		name = "store-block";
		break;
	case SLUICE_SPOOL_SLOT_MAGIC:
		name = "checkpoint";
		break;
	case SLUICE_SPOOL_SEGMENT_MAGIC:
		name = head_name(fd, bytes);
		break;
	case SLUICE_SPOOL_FRAME_MAGIC:
		name = frame.type <= SLUICE_SPOOL_LIST ? frames[frame.type] : NULL;
		break;
	default:
		break;
	}
	if (fd < DESCRIPTORS)
		last[fd] = name;
	return name;
}

/* Writes what the process still writes before it dies, and dies. */
static void write_and_die(enum when when, int fd, const void *bytes, size_t length, off_t offset)
{
	if (when == WITHIN)
		length = length / 2 / SLUICE_DISK_BLOCK * SLUICE_DISK_BLOCK;
	if (when != BEFORE && REAL(pwrite)(fd, bytes, length, offset) != (ssize_t)length)
		perror("crash_point");
	die();
}

/* pwrite(2) */
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	enum when when = reached(write_name(fd, bytes, length));

	if (when != NEVER)
		write_and_die(when, fd, bytes, length, offset);
	return REAL(pwrite)(fd, bytes, length, offset);
}

/* Is a read from there one that has a name? */
static enum when reading(int fd, off_t offset)
{
	char path[PATH];

	return offset > 0 && is_spool(fd, path) && strstr(path, "/segment-") ? reached("read")
									     : NEVER;
}

/* io_uring_submit(3). After a read: it is under way. */
int io_uring_submit(struct io_uring *ring)
{
	enum when after = NEVER;
	unsigned int place;
	int result;

	for (place = ring->sq.sqe_head; place != ring->sq.sqe_tail; place++) {
		struct io_uring_sqe *entry = &ring->sq.sqes[place & ring->sq.ring_mask];
		const void *bytes = (void *)(uintptr_t)entry->addr;
		enum when when;

		if (entry->opcode == IORING_OP_READ) {
			when = reading(entry->fd, (off_t)entry->off);
			die_at(when, BEFORE);
			after = when == NEVER ? after : when;
			continue;
		}
		if (entry->opcode != IORING_OP_WRITE)
			continue;
		when = reached(write_name(entry->fd, bytes, entry->len));
		if (when != NEVER)
			write_and_die(when, entry->fd, bytes, entry->len, (off_t)entry->off);
	}
	result = REAL(io_uring_submit)(ring);
	if (after != NEVER)
		die();
	return result;
}

/* fdatasync(2) */
int fdatasync(int fd)
{
	const char *name = NULL;
	enum when when;
	char path[PATH];
	size_t place;
	int result;

	if (fd < DESCRIPTORS && last[fd] && is_spool(fd, path))
		for (place = 0; place < sizeof(syncs) / sizeof(syncs[0]); place++)
			if (!strcmp(last[fd], syncs[place].write))
				name = syncs[place].sync;
	when = reached(name);
	die_at(when, BEFORE);
	result = REAL(fdatasync)(fd);
	die_at(when, AFTER);
	return result;
}

/* fsync(2), of a directory that has a spool in it */
int fsync(int fd)
{
	enum when when = reached(faccessat(fd, "checkpoint", F_OK, 0) ? NULL : "directory-sync");
	int result;

	die_at(when, BEFORE);
	result = REAL(fsync)(fd);
	die_at(when, AFTER);
	return result;
}

/* fallocate(2) */
int fallocate(int fd, int mode, off_t offset, off_t length)
{
	char path[PATH];
	enum when when = NEVER;
	int result;

	if (is_spool(fd, path))
		when = reached(strstr(path, "/segment-") ? "reserve" : "reserve-checkpoint");
	die_at(when, BEFORE);
	result = REAL(fallocate)(fd, mode, offset, length);
	die_at(when, AFTER);
	return result;
}

/* pread(2) */
ssize_t pread(int fd, void *bytes, size_t length, off_t offset)
{
	enum when when = reading(fd, offset);
	ssize_t result;

	die_at(when, BEFORE);
	result = REAL(pread)(fd, bytes, length, offset);
	die_at(when, AFTER);
	return result;
}

/* open(2) */
int open(const char *path, int flags, ...)
{
	bool makes = flags & O_CREAT;
	enum when when = makes && strstr(path, "/segment-") ? reached("create") : NEVER;
	mode_t mode = 0;
	va_list arguments;
	int result;

	va_start(arguments, flags);
	if (makes)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	die_at(when, BEFORE);
	result = REAL(open)(path, flags, mode);
	die_at(when, AFTER);
	return result;
}

/* rename(2) */
int rename(const char *from, const char *to)
{
	enum when when = strstr(from, "/segment-") ? reached("put-aside") : NEVER;
	int result;

	die_at(when, BEFORE);
	result = REAL(rename)(from, to);
	die_at(when, AFTER);
	return result;
}

/* unlink(2) */
int unlink(const char *path)
{
	enum when when = strstr(path, "/segment-") ? reached("remove") : NEVER;
	int result;

	die_at(when, BEFORE);
	result = REAL(unlink)(path);
	die_at(when, AFTER);
	return result;
}
