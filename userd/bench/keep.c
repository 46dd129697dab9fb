// SPDX-License-Identifier: MIT
/*
 * Payloads to a file: see keep.h. Last thing that happens to a datagram at the sink, if asked for.
 * Touches: its file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <endian.h>
#include "../lib/decoder.h"
#include "keep.h"

/* Bytes that are gathered before they are written anyway; room for one payload is always left. */
#define KEEP_GATHER (1U << 20)

/* The longest payload: a line with everything escaped. */
#define KEEP_MOST SLUICE_DECODER_LINE_MAX

struct sluice_keep {
	int fd;
	bool lengths;
	uint64_t written; /* where the next write goes */
	size_t filled;
	uint8_t buffer[KEEP_GATHER + KEEP_MOST + 4];
};

/* As keep.h says. @context process */
int sluice_keep_open(struct sluice_keep **keep, const char *path, uint64_t written, bool lengths)
{
	struct sluice_keep *made;
	struct stat status;
	int error = 0;

	if (!keep || !path)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->lengths = lengths;
	made->written = written;
	made->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (made->fd < 0 || fstat(made->fd, &status)) {
		error = -errno;
	} else if (S_ISREG(status.st_mode)) {
		if ((uint64_t)status.st_size < written)
			error = -EINVAL;
		else
			error = ftruncate(made->fd, (off_t)written) ? -errno : 0;
	}
	if (error) {
		sluice_keep_close(made);
		return error;
	}
	*keep = made;
	return 0;
}

/* Closes it without writing what was gathered. NULL is allowed. @context process */
void sluice_keep_close(struct sluice_keep *keep)
{
	if (!keep)
		return;
	if (keep->fd >= 0)
		close(keep->fd);
	free(keep);
}

/* As keep.h says. @context process */
int sluice_keep_flush(struct sluice_keep *keep, uint64_t *written)
{
	size_t done = 0;

	while (done < keep->filled) {
		/* Offsets by number, so that what a killed process wrote beyond its books is
		 * overwritten; what has no offsets (a pipe, a terminal) is written to in order. */
		ssize_t step = pwrite(keep->fd, keep->buffer + done, keep->filled - done,
				      (off_t)keep->written);

		if (step < 0 && errno == ESPIPE)
			step = write(keep->fd, keep->buffer + done, keep->filled - done);
		if (step < 0 && errno == EINTR)
			continue;
		if (step <= 0)
			return step < 0 ? -errno : -EIO;
		done += (size_t)step;
		keep->written += (uint64_t)step;
	}
	keep->filled = 0;
	if (written)
		*written = keep->written;
	return 0;
}

/* As keep.h says. @context process */
int sluice_keep_add(struct sluice_keep *keep, const uint8_t *payload, size_t length)
{
	uint32_t size = htole32((uint32_t)length);
	int error;

	if (!keep || length > KEEP_MOST)
		return -EINVAL;
	if (keep->filled > KEEP_GATHER - 1) {
		error = sluice_keep_flush(keep, NULL);
		if (error)
			return error;
	}
	if (keep->lengths) {
		memcpy(keep->buffer + keep->filled, &size, sizeof(size));
		keep->filled += sizeof(size);
	}
	if (length > 0)
		memcpy(keep->buffer + keep->filled, payload, length);
	keep->filled += length;
	if (!keep->lengths)
		keep->buffer[keep->filled++] = '\n';
	return 0;
}

/* As keep.h says. @context process */
int sluice_keep_sync(struct sluice_keep *keep)
{
	/* What cannot be synced (a pipe) has no disk. */
	return fdatasync(keep->fd) && errno != EINVAL && errno != EROFS ? -errno : 0;
}
