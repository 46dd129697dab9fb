// SPDX-License-Identifier: MIT
/*
 * A daemon that dies, stands still, or whose predecessor dies, at a named step of a take-over:
 * preloaded (LD_PRELOAD), it stands before sendmsg(), by which two daemons speak. Before a packet
 * whose word is SLUICE_STEP_WORD (a number of handover/wire.h) is sent, SLUICE_STEP_DOES happens:
 * "die" (SIGKILL), "stand" (SIGSTOP), or "widow" (SIGKILL to the process at the other end).
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "../../userd/daemon/handover/wire.h"
#include "preload.h"

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
	return real(fd, message, flags);
}
