// SPDX-License-Identifier: MIT
/*
 * A thread that hangs on request, under a program that knows nothing of it: preloaded (LD_PRELOAD),
 * it stands before the calls in which sluiced's threads wait, and before the clock. While the file
 * that SLUICE_STUCK_THREAD names is there, a thread hangs as its only line says:
 *
 *   NAME [HOW]
 *
 * the first thread called so (sluice-w1) that gets there since the file changed; another one with
 * its name, later, does not. HOW: wait, in epoll_wait(), epoll_pwait2() or ppoll(), asleep;
 * wait-burn, there, burning processor time; round, when it reads the clock, so in the middle of its
 * work, asleep; burn, likewise, burning; read, when recvmmsg() has just taken something out of a
 * socket; disk, in fdatasync() or fsync(); names, in getaddrinfo().
 * Without HOW: wait. What hung is noted in the same file with ".done" behind its name.
 *
 * Touches: that file and its notes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include "preload.h"

#define PAUSE_US 10000U
/* How often a thread looks at the file while it works. */
#define LOOK_NS 2000000L

/* The function behind ours. */
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[WORD]; /* the file's line, as it was last read */
static unsigned long calls;
static long hanging; /* the thread that the order is for; 0: none got there yet */

/* Is this thread to hang at `place` ("wait", "round", ...), and does it burn time there? */
static bool is_stuck(const char *place, bool *burns)
{
	const char *file = getenv("SLUICE_STUCK_THREAD");
	char name[17] = "", wanted[WORD] = "", how[WORD] = "wait";
	long self = syscall(SYS_gettid);
	bool result;

	if (!file || access(file, R_OK) || prctl(PR_GET_NAME, name))
		return false;
	pthread_mutex_lock(&lock);
	result = read_order(file, order, &calls);
	if (result && !calls) {
		calls = 1;
		hanging = 0;
	}
	result = result && sscanf(order, "%63s %63s", wanted, how) >= 1 && !strcmp(wanted, name);
	*burns = strstr(how, "burn") != NULL;
	if (!strcmp(how, "wait-burn"))
		how[4] = '\0';
	if (!strcmp(how, "burn"))
		strcpy(how, "round");
	result = result && !strcmp(how, place) && (!hanging || hanging == self);
	if (result && !hanging) {
		hanging = self;
		note(file, ".done", order, "");
	}
	pthread_mutex_unlock(&lock);
	return result;
}

/* Hangs for as long as the order says so. */
static void hang(const char *place)
{
	unsigned long turn = 0;
	bool burns;

	while (is_stuck(place, &burns)) {
		if (!burns)
			usleep(PAUSE_US);
		/* In user space, most of it: as a loop that has lost its end does. */
		for (turn = 0; burns && turn < 20000000UL; turn++)
			__asm__ volatile("" ::: "memory");
	}
}

/* Stands before the C library's. */
int epoll_pwait2(int epoll, struct epoll_event *events, int most, const struct timespec *timeout,
		 const sigset_t *mask)
{
	int count = REAL(epoll_pwait2)(epoll, events, most, timeout, mask);

	hang("wait");
	return count;
}

/* Likewise. */
int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
	int count = REAL(epoll_wait)(epoll, events, most, timeout), kept = errno;

	hang("wait");
	errno = kept;
	return count;
}

/* Likewise. */
int ppoll(struct pollfd *wanted, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	int ready = REAL(ppoll)(wanted, count, timeout, mask), kept = errno;

	hang("wait");
	errno = kept;
	return ready;
}

/* Likewise. */
int recvmmsg(int fd, struct mmsghdr *messages, unsigned int most, int flags, struct timespec *limit)
{
	int count = REAL(recvmmsg)(fd, messages, most, flags, limit), kept = errno;

	if (count > 0)
		hang("read");
	errno = kept;
	return count;
}

/* Likewise. */
int fdatasync(int fd)
{
	hang("disk");
	return REAL(fdatasync)(fd);
}

/* Likewise. */
int fsync(int fd)
{
	hang("disk");
	return REAL(fsync)(fd);
}

/* Likewise. */
int getaddrinfo(const char *restrict host, const char *restrict port,
		const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
	hang("names");
	return REAL(getaddrinfo)(host, port, hints, result);
}

/* Likewise. The system call: what dlsym() does must not be done at each. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	static _Thread_local struct timespec last;
	static _Thread_local bool is_inside;

	if (!real)
		real = REAL(clock_gettime);
	if (!is_inside && clock == CLOCK_MONOTONIC && !real(clock, now) &&
	    (now->tv_sec != last.tv_sec || now->tv_nsec - last.tv_nsec > LOOK_NS)) {
		is_inside = true;
		last = *now;
		hang("round");
		is_inside = false;
	}
	return real(clock, now);
}
