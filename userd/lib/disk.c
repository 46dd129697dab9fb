// SPDX-License-Identifier: MIT
/*
 * Disk input and output; see disk.h. Touches: descriptors it is given, an io_uring of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "disk.h"
#include "thread.h"

struct sluice_disk_calls sluice_disk_calls = {
	.pwrite = pwrite,
	.pread = pread,
	.fdatasync = fdatasync,
	.fallocate = fallocate,
	.is_real = true,
};

/* A write under way. */
struct flight {
	const uint8_t *bytes;
	size_t length;
	uint64_t offset;
	int fd;
	bool busy;
};

struct sluice_disk_queue {
	struct io_uring ring;
	bool is_deep;
	int error; /* of the first write that failed */
	struct flight flights[SLUICE_DISK_DEPTH];
};

int sluice_disk_open(const char *path, int flags)
{
	struct stat state;
	int fd, mode, error;

	if (!path)
		return -EINVAL;
	/* No link is followed, and a pipe that somebody put there does not keep us waiting. */
	flags |= O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	fd = open(path, flags | O_DIRECT, 0640);
	/* tmpfs before Linux 6.6 has no O_DIRECT, and says so when it has made the file already. */
	if (fd < 0 && errno == EINVAL)
		fd = open(path, flags & ~O_EXCL, 0640);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &state) || !S_ISREG(state.st_mode)) {
		close(fd);
		return -EPERM;
	}
	/* Only for the opening: io_uring gives EAGAIN for what it would have to wait for, of a
	 * regular file too, if its description says so. */
	mode = fcntl(fd, F_GETFL);
	if (mode < 0 || fcntl(fd, F_SETFL, mode & ~O_NONBLOCK)) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

int sluice_disk_write(int fd, const void *bytes, size_t length, uint64_t offset)
{
	enum sluice_thread_state before;
	const uint8_t *from = bytes;
	ssize_t done;

	while (length > 0) {
		before = sluice_thread_enters(SLUICE_THREAD_DISK);
		done = sluice_disk_calls.pwrite(fd, from, length, (off_t)offset);
		sluice_thread_goes_back(before);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		from += done;
		offset += (uint64_t)done;
		length -= (size_t)done;
	}
	return 0;
}

int sluice_disk_read(int fd, void *bytes, size_t length, uint64_t offset)
{
	enum sluice_thread_state before;
	uint8_t *to = bytes;
	ssize_t done;

	while (length > 0) {
		before = sluice_thread_enters(SLUICE_THREAD_DISK);
		done = sluice_disk_calls.pread(fd, to, length, (off_t)offset);
		sluice_thread_goes_back(before);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -ENODATA;
		to += done;
		offset += (uint64_t)done;
		length -= (size_t)done;
	}
	return 0;
}

int sluice_disk_sync(int fd)
{
	enum sluice_thread_state before = sluice_thread_enters(SLUICE_THREAD_DISK);
	int error = sluice_disk_calls.fdatasync(fd) ? -errno : 0;

	sluice_thread_goes_back(before);
	return error;
}

int sluice_disk_reserve(int fd, uint64_t length)
{
	enum sluice_thread_state before = sluice_thread_enters(SLUICE_THREAD_DISK);
	int failed = sluice_disk_calls.fallocate(fd, 0, 0, (off_t)length);
	struct stat state;

	sluice_thread_goes_back(before);
	if (!failed)
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	/* A file system without fallocate: zeros will be written anyway before the first use. */
	if (fstat(fd, &state))
		return -errno;
	if ((uint64_t)state.st_size < length && ftruncate(fd, (off_t)length))
		return -errno;
	return 0;
}

/* Whole blocks that hold `length` bytes; 0: that many there cannot be. */
static size_t whole_blocks(size_t length)
{
	size_t whole = (length + SLUICE_DISK_BLOCK - 1) & ~((size_t)SLUICE_DISK_BLOCK - 1);

	return whole < length ? 0 : whole;
}

void *sluice_disk_buffer(size_t length)
{
	size_t whole = whole_blocks(length);

	return whole ? aligned_alloc(SLUICE_DISK_BLOCK, whole) : NULL;
}

void *sluice_disk_memory(size_t length)
{
	void *memory = sluice_disk_buffer(length);

	if (memory)
		memset(memory, 0, whole_blocks(length));
	return memory;
}

int sluice_disk_queue_create(struct sluice_disk_queue **result)
{
	struct sluice_disk_queue *queue;

	if (!result)
		return -EINVAL;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	/* Refused by a seccomp filter, a sysctl or an old kernel: one write after the other does as
	 * well. */
	queue->is_deep = sluice_disk_calls.is_real &&
			 !io_uring_queue_init(SLUICE_DISK_DEPTH, &queue->ring, 0);
	*result = queue;
	return 0;
}

void sluice_disk_queue_free(struct sluice_disk_queue *queue)
{
	if (!queue)
		return;
	(void)sluice_disk_queue_finish(queue);
	if (queue->is_deep)
		io_uring_queue_exit(&queue->ring);
	free(queue);
}

bool sluice_disk_queue_is_deep(const struct sluice_disk_queue *queue)
{
	return queue && queue->is_deep;
}

/* Keeps the first failure. */
static void fail(struct sluice_disk_queue *queue, int error)
{
	if (error && !queue->error)
		queue->error = error;
}

/* A write came back: what a short one left is written at once. */
static void land(struct sluice_disk_queue *queue, struct flight *flight, int result)
{
	flight->busy = false;
	if (result < 0) {
		fail(queue, result);
		return;
	}
	if ((size_t)result < flight->length)
		fail(queue, sluice_disk_write(flight->fd, flight->bytes + result,
					      flight->length - (size_t)result,
					      flight->offset + (uint64_t)result));
}

/* Waits until one write came back. */
static void wait_one(struct sluice_disk_queue *queue)
{
	enum sluice_thread_state before = sluice_thread_enters(SLUICE_THREAD_DISK);
	struct io_uring_cqe *entry;
	unsigned int slot;
	int error;

	do {
		error = io_uring_wait_cqe(&queue->ring, &entry);
	} while (error == -EINTR);
	sluice_thread_goes_back(before);
	if (error) {
		/* The ring is broken: nothing that is under way can be trusted. */
		for (slot = 0; slot < SLUICE_DISK_DEPTH; slot++)
			queue->flights[slot].busy = false;
		fail(queue, error);
		return;
	}
	slot = (unsigned int)(uintptr_t)io_uring_cqe_get_data(entry);
	land(queue, &queue->flights[slot], entry->res);
	io_uring_cqe_seen(&queue->ring, entry);
}

void sluice_disk_queue_wait(struct sluice_disk_queue *queue, unsigned int slot)
{
	if (!queue || slot >= SLUICE_DISK_DEPTH)
		return;
	while (queue->flights[slot].busy)
		wait_one(queue);
}

int sluice_disk_queue_write(struct sluice_disk_queue *queue, unsigned int slot, int fd,
			    const void *bytes, size_t length, uint64_t offset)
{
	struct io_uring_sqe *entry;
	struct flight *flight;
	int error;

	if (!queue || slot >= SLUICE_DISK_DEPTH || !bytes || length > INT32_MAX)
		return -EINVAL;
	sluice_disk_queue_wait(queue, slot);
	if (queue->error)
		return queue->error;
	if (!queue->is_deep) {
		fail(queue, sluice_disk_write(fd, bytes, length, offset));
		return queue->error;
	}
	flight = &queue->flights[slot];
	*flight = (struct flight){
		.bytes = bytes, .length = length, .offset = offset, .fd = fd, .busy = true};
	/* As many entries as slots: there is always one. */
	entry = io_uring_get_sqe(&queue->ring);
	if (!entry) {
		flight->busy = false;
		return -EBUSY;
	}
	io_uring_prep_write(entry, fd, bytes, (unsigned int)length, offset);
	io_uring_sqe_set_data(entry, (void *)(uintptr_t)slot);
	do {
		error = io_uring_submit(&queue->ring);
	} while (error == -EINTR || error == -EAGAIN);
	if (error < 0) {
		flight->busy = false;
		fail(queue, error);
		return error;
	}
	return 0;
}

int sluice_disk_queue_finish(struct sluice_disk_queue *queue)
{
	unsigned int slot;
	int error;

	if (!queue)
		return -EINVAL;
	for (slot = 0; slot < SLUICE_DISK_DEPTH; slot++)
		sluice_disk_queue_wait(queue, slot);
	error = queue->error;
	queue->error = 0;
	return error;
}
