// SPDX-License-Identifier: MIT
/*
 * The relay of a search: see search_relay.h. Beside everything else. Touches: processes it started.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "search_relay.h"

/* How long it has to end: so many times so many nanoseconds. */
#define LOOKS 100U
#define LOOK_NS 20000000L

/* As search_relay.h says. @context process */
pid_t sluice_search_relay_start(const char *command)
{
	pid_t parent = getpid();
	pid_t relay = fork();

	if (relay < 0)
		return -errno;
	if (relay > 0) {
		/* Both do it: whoever comes first. */
		setpgid(relay, relay);
		return relay;
	}
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0UL, 0UL, 0UL);
	if (getppid() != parent)
		_exit(127);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* As search_relay.h says. @context process */
bool sluice_search_relay_has_ended(pid_t relay, int *status)
{
	return relay > 0 && waitpid(relay, status, WNOHANG) == relay;
}

/* As search_relay.h says. @context process */
void sluice_search_relay_stop(pid_t relay)
{
	const struct timespec pause = {.tv_nsec = LOOK_NS};
	unsigned int look;
	int status;

	if (relay <= 0)
		return;
	kill(-relay, SIGTERM);
	for (look = 0; look < LOOKS; look++) {
		if (waitpid(relay, &status, WNOHANG) != 0)
			break;
		nanosleep(&pause, NULL);
	}
	/* What the command left of its group. */
	kill(-relay, SIGKILL);
	waitpid(relay, &status, 0);
}
