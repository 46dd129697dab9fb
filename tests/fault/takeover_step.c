// SPDX-License-Identifier: MIT
/*
 * A daemon that dies, stands still, or whose predecessor dies, at a named step of a take-over:
 * preloaded (LD_PRELOAD), it stands before sendmsg(), by which two daemons speak. Before a packet
 * whose word is SLUICE_STEP_WORD (a number of handover/wire.h) is sent, SLUICE_STEP_DOES happens:
 * "die" (SIGKILL), "stand" (SIGSTOP), or "widow" (SIGKILL to the process at the other end). With
 * SLUICE_STEP_READ it dies by SIGKILL when a call has just taken datagrams out of a UDP socket,
 * before anything is done with them; it is not ready before that.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../userd/daemon/handover/wire.h"
#include "preload.h"

/* The word by which it says that it moves data (SLUICE_HANDOVER_READY), and how long it waits with
 * it, seconds: less than the old one waits for it. */
#define READY "7"
#define UNREADY_S 5U

/* Is it a packet of a take-over with that word? */
static bool is_step(const struct msghdr *message, const char *word)
{
	const struct sluice_handover_head *head;

	if (!word || !message->msg_iovlen || message->msg_iov[0].iov_len != sizeof(*head))
		return false;
	head = message->msg_iov[0].iov_base;
	return head->magic == SLUICE_HANDOVER_MAGIC && head->word == strtoul(word, NULL, 10);
}

/* Does what is ordered. */
static void happen(int fd, const char *does)
{
	struct ucred peer = {0};
	socklen_t length = sizeof(peer);

	if (!does)
		return;
	if (!strcmp(does, "die"))
		raise(SIGKILL);
	else if (!strcmp(does, "stand"))
		raise(SIGSTOP);
	else if (!strcmp(does, "widow") &&
		 !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) && peer.pid > 1)
		kill(peer.pid, SIGKILL);
}

/* Stands before the C library's. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t (*real)(int, const struct msghdr *, int);

	*(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
	if (is_step(message, getenv("SLUICE_STEP_WORD")))
		happen(fd, getenv("SLUICE_STEP_DOES"));
	if (getenv("SLUICE_STEP_READ") && is_step(message, READY))
		sleep(UNREADY_S);
	return real(fd, message, flags);
}

/* `count` is what a call took out of `fd`: the end, if that is to be. */
static void taken(int fd, ssize_t count)
{
	int kind = 0, family = 0;
	socklen_t length = sizeof(int);

	if (count <= 0 || !getenv("SLUICE_STEP_READ") ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &length) || kind != SOCK_DGRAM ||
	    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length))
		return;
	if (family == AF_INET || family == AF_INET6)
		raise(SIGKILL);
}

/* Stands before the C library's. */
ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int), count;

	*(void **)&real = dlsym(RTLD_NEXT, "recvmsg");
	count = real(fd, message, flags);
	taken(fd, count);
	return count;
}

/* Stands before the C library's. */
int recvmmsg(int fd, struct mmsghdr *messages, unsigned int most, int flags, struct timespec *limit)
{
	int (*real)(int, struct mmsghdr *, unsigned int, int, struct timespec *), count;

	*(void **)&real = dlsym(RTLD_NEXT, "recvmmsg");
	count = real(fd, messages, most, flags, limit);
	taken(fd, count);
	return count;
}
