// SPDX-License-Identifier: MIT
/*
 * Calls that fail on request, under a program that knows nothing of it: preloaded (LD_PRELOAD), it
 * stands before the calls of the C library that sluiced makes while it works. While the file that
 * SLUICE_BAD_CALLS names is there, its only line says what fails:
 *
 *   CALL ERRNO EVERY
 *
 * every EVERYth call of that name (any: of all of them together) fails with that errno, a number,
 * before anything is done. What failed is noted in the same file with ".done" behind its name, a
 * line for each, up to some. What ends a thing (close(), munmap()) does not fail.
 *
 * Touches: that file and its notes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include "preload.h"

/* Failures that are noted. */
#define NOTED 2000U

/* The function behind ours. */
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[WORD]; /* the file's line, as it was last read */
static unsigned long calls, noted;
static _Thread_local bool is_inside; /* what we call ourselves does not fail */

/* Does this call of `name` fail? Then errno says how. */
static bool fails(const char *name)
{
	const char *file = getenv("SLUICE_BAD_CALLS");
	char wanted[WORD] = "", line[WORD], *rest;
	unsigned long number = 0, every = 0;
	bool result = false;
	int kept = errno, words = 0;

	if (!file || is_inside)
		return false;
	is_inside = true;
	pthread_mutex_lock(&lock);
	if (!access(file, R_OK) && read_order(file, order, &calls) &&
	    sscanf(order, "%63s%n", wanted, &words) == 1) {
		number = strtoul(order + words, &rest, 10);
		every = strtoul(rest, NULL, 10);
		if (every && (!strcmp(wanted, "any") || !strcmp(wanted, name)))
			result = ++calls % every == 0;
	}
	if (calls == 1)
		noted = 0;
	if (result && noted++ < NOTED) {
		snprintf(line, sizeof(line), "%s %lu\n", name, number);
		note(file, ".done", line, "");
	}
	pthread_mutex_unlock(&lock);
	is_inside = false;
	errno = result ? (int)number : kept;
	return result;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): both are lists in brackets. */
/* A call with these parameters, whose names `arguments` has in brackets; fails with `failure`. */
#define CALL(type, name, parameters, arguments, failure) \
	type name parameters                             \
	{                                                \
		if (fails(#name))                        \
			return failure;                  \
		return REAL(name) arguments;             \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

CALL(int, socket, (int domain, int kind, int protocol), (domain, kind, protocol), -1)
CALL(int, accept4, (int fd, struct sockaddr *address, socklen_t *length, int flags),
     (fd, address, length, flags), -1)
CALL(int, connect, (int fd, const struct sockaddr *address, socklen_t length),
     (fd, address, length), -1)
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags), -1)
CALL(ssize_t, send, (int fd, const void *bytes, size_t length, int flags),
     (fd, bytes, length, flags), -1)
CALL(ssize_t, recv, (int fd, void *bytes, size_t length, int flags), (fd, bytes, length, flags), -1)
CALL(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags), -1)
CALL(int, recvmmsg,
     (int fd, struct mmsghdr *list, unsigned int count, int flags, struct timespec *timeout),
     (fd, list, count, flags, timeout), -1)
CALL(ssize_t, read, (int fd, void *bytes, size_t length), (fd, bytes, length), -1)
CALL(ssize_t, write, (int fd, const void *bytes, size_t length), (fd, bytes, length), -1)
CALL(ssize_t, writev, (int fd, const struct iovec *list, int count), (fd, list, count), -1)
CALL(int, epoll_ctl, (int epoll, int what, int fd, struct epoll_event *event),
     (epoll, what, fd, event), -1)
CALL(int, epoll_wait, (int epoll, struct epoll_event *events, int most, int timeout),
     (epoll, events, most, timeout), -1)
CALL(int, epoll_pwait2,
     (int epoll, struct epoll_event *events, int most, const struct timespec *timeout,
      const sigset_t *mask),
     (epoll, events, most, timeout, mask), -1)
CALL(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *length),
     (fd, level, name, value, length), -1)
CALL(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t length),
     (fd, level, name, value, length), -1)
CALL(int, timerfd_settime,
     (int fd, int flags, const struct itimerspec *new, struct itimerspec *old),
     (fd, flags, new, old), -1)
CALL(ssize_t, pwrite, (int fd, const void *bytes, size_t length, off_t offset),
     (fd, bytes, length, offset), -1)
CALL(ssize_t, pread, (int fd, void *bytes, size_t length, off_t offset),
     (fd, bytes, length, offset), -1)
CALL(int, fdatasync, (int fd), (fd), -1)

/* Likewise, with as many parameters as there are. */
int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list arguments;

	va_start(arguments, flags);
	if (flags & O_CREAT)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	if (fails("open"))
		return -1;
	return REAL(open)(path, flags, mode);
}
