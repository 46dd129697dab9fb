// SPDX-License-Identifier: MIT
/*
 * Arming an epoll descriptor anew; see rearm.h. The kernel lists what it watches, with events and
 * data, in /proc/self/fdinfo (proc(5)). Touches: what that says.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/epoll.h>
#include "rearm.h"

/* Bits that stay when what is watched for one event has told of it; the others are 0 then. */
#define KEPT (EPOLLONESHOT | EPOLLET | EPOLLWAKEUP | EPOLLEXCLUSIVE)

int sluice_rearm(int epoll)
{
	struct epoll_event event;
	char path[48], line[256];
	uint64_t data;
	uint32_t events;
	FILE *list;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", epoll);
	list = fopen(path, "re");
	if (!list)
		return -errno;
	while (fgets(line, sizeof(line), list)) {
		if (sscanf(line, "tfd: %d events: %" SCNx32 " data: %" SCNx64, &fd, &events,
			   &data) != 3)
			continue;
		if (events & EPOLLONESHOT && !(events & ~(uint32_t)KEPT))
			events |= EPOLLIN;
		event = (struct epoll_event){.events = events, .data.u64 = data};
		/* One that is gone meanwhile tells of nothing. */
		(void)epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
	}
	fclose(list);
	return 0;
}
