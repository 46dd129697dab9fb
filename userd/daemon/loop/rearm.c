// SPDX-License-Identifier: MIT
/*
 * Arming an epoll descriptor anew; see rearm.h. The kernel lists what it watches, with events and
 * data, in /proc/self/fdinfo (proc(5)). Touches: what that says.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include "rearm.h"

/* Bits that stay when what is watched for one event has told of it; the others are 0 then. */
#define KEPT (EPOLLONESHOT | EPOLLET | EPOLLWAKEUP | EPOLLEXCLUSIVE)

/* The number behind `label` in a line of the kernel's, in this base. False: there is none. */
static bool number_of(const char *line, const char *label, int base, uint64_t *number)
{
	const char *at = strstr(line, label);
	char *end;

	if (!at)
		return false;
	at += strlen(label);
	errno = 0;
	*number = strtoull(at, &end, base);
	return end != at && !errno;
}

/* Arms what a line is about. One that is gone meanwhile tells of nothing. */
static void rearm(int epoll, const char *line)
{
	uint64_t fd, events, data;
	struct epoll_event event;

	if (!number_of(line, "tfd:", 10, &fd) || !number_of(line, "events:", 16, &events) ||
	    !number_of(line, "data:", 16, &data) || fd > INT_MAX)
		return;
	event = (struct epoll_event){.events = (uint32_t)events, .data.u64 = data};
	if (event.events & EPOLLONESHOT && !(event.events & ~(uint32_t)KEPT))
		event.events |= EPOLLIN;
	(void)epoll_ctl(epoll, EPOLL_CTL_MOD, (int)fd, &event);
}

int sluice_rearm(int epoll)
{
	char path[48], line[256];
	FILE *list;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", epoll);
	list = fopen(path, "re");
	if (!list)
		return -errno;
	while (fgets(line, sizeof(line), list))
		rearm(epoll, line);
	fclose(list);
	return 0;
}
