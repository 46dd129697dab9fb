// SPDX-License-Identifier: MIT
/*
 * A worker that is stuck on request, under a program that knows nothing of it: preloaded
 * (LD_PRELOAD), it stands before epoll_pwait2(), in which sluiced's workers wait. While the file
 * that SLUICE_STUCK_WORKER names is there, the thread called as its only line says (sluice-w1) does
 * not come back from it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include "preload.h"

#define PAUSE_US 10000U

/* Is this thread to be stuck? */
static bool is_stuck(void)
{
	const char *file = getenv("SLUICE_STUCK_WORKER");
	char order[WORD] = "", name[17] = "";
	unsigned long calls = 0;

	if (!file || !read_order(file, order, &calls) || prctl(PR_GET_NAME, name))
		return false;
	order[strcspn(order, "\n")] = '\0';
	return !strcmp(order, name);
}

/* Stands before the C library's. */
int epoll_pwait2(int epoll, struct epoll_event *events, int most, const struct timespec *timeout,
		 const sigset_t *mask)
{
	int (*real)(int, struct epoll_event *, int, const struct timespec *, const sigset_t *);
	int count;

	*(void **)&real = dlsym(RTLD_NEXT, "epoll_pwait2");
	count = real(epoll, events, most, timeout, mask);
	while (is_stuck())
		usleep(PAUSE_US);
	return count;
}
