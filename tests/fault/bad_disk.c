// SPDX-License-Identifier: MIT
/*
 * A disk that fails on request, under a program that knows nothing of it: preloaded (LD_PRELOAD), it stands before the calls
 * that write to the spool. The file that SLUICE_BAD_DISK names says what happens, and can be written anew at any time:
 *
 *   KIND NUMBER [ever]   call NUMBER of that kind, counted from 0 since the file changed, fails (ever: all from then on)
 *
 * KIND: short (half of it is written), eio, enospc (a write fails with that), sync (fdatasync fails with EIO).
 * What failed is noted in the same file with ".done" behind its name, and the paths of those that failed in one with ".paths".
 * Without the file nothing fails.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define WORD 64
#define PATH 4096

int io_uring_queue_init(unsigned int entries, void *ring, unsigned int flags);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[WORD];    /* the file's line, as it was last read */
static unsigned long calls; /* of its kind since */

/* Is it a file of the spool? `path` gets its name. */
static bool is_spool(int fd, char path[PATH])
{
	char link[WORD];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return strstr(path, "/segment-") || strstr(path, "/checkpoint");
}

/* Reads the order. False: there is none. */
static bool read_order(const char *file)
{
	char line[WORD] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (length <= 0)
		return false;
	if (strcmp(line, order) != 0) {
		memcpy(order, line, sizeof(order));
		calls = 0;
	}
	return true;
}

/* Adds a text to the file `file` with `ending` behind its name. */
static void note(const char *file, const char *ending, const char *text, const char *end)
{
	char path[PATH], line[PATH + 1];
	int fd, length;

	snprintf(path, sizeof(path), "%s%s", file, ending);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	length = snprintf(line, sizeof(line), "%s%s", text, end);
	if (write(fd, line, (size_t)length) < 0)
		perror("bad_disk");
	close(fd);
}

/* Does this call on `fd` fail? `kind` gets what is to happen; is_sync: it is a sync, else a write. */
static bool fails(int fd, bool is_sync, char kind[WORD])
{
	const char *file = getenv("SLUICE_BAD_DISK");
	bool result = false, is_mine = false, is_ever = false;
	unsigned long number = 0;
	char path[PATH];

	if (!file || !is_spool(fd, path))
		return false;
	pthread_mutex_lock(&lock);
	if (read_order(file)) {
		size_t length = strcspn(order, " ");
		char *rest = NULL;

		snprintf(kind, WORD, "%.*s", (int)length, order);
		number = strtoul(order + length, &rest, 10);
		is_mine = is_sync == !strcmp(kind, "sync");
		is_ever = strstr(rest, "ever") != NULL;
	}
	if (is_mine) {
		result = calls == number || (is_ever && calls > number);
		if (result)
			note(file, ".paths", path, "\n");
		if (calls++ == number)
			note(file, ".done", order, "");
	}
	pthread_mutex_unlock(&lock);
	return result;
}

/* pwrite(2) */
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	static ssize_t (*real)(int, const void *, size_t, off_t);
	char kind[WORD];

	if (!real)
		real = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
	if (!fails(fd, false, kind))
		return real(fd, bytes, length, offset);
	if (!strcmp(kind, "short"))
		return real(fd, bytes, length > 4096 ? length / 2 / 4096 * 4096 : length, offset);
	errno = strcmp(kind, "enospc") ? EIO : ENOSPC;
	return -1;
}

/* fdatasync(2) */
int fdatasync(int fd)
{
	static int (*real)(int);
	char kind[WORD];

	if (!real)
		real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	if (!fails(fd, true, kind))
		return real(fd);
	errno = EIO;
	return -1;
}

/* What goes through an io_uring cannot be caught here: there is none, and the spool writes with pwrite(2). */
int io_uring_queue_init(unsigned int entries, void *ring, unsigned int flags)
{
	(void)entries;
	(void)ring;
	(void)flags;
	return -ENOSYS;
}
