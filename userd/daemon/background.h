/* SPDX-License-Identifier: MIT */
/*
 * Going to the background, the pid file, and telling whoever started us that we run. Touches:
 * processes, descriptors 0 to 2, the pid file, systemd's notification socket.
 */
#ifndef SLUICE_BACKGROUND_H
#define SLUICE_BACKGROUND_H

#include <stdint.h>

/*
 * Forks. In the child returns 0 and *ready is a descriptor for sluice_background_ready(). The
 * parent waits until the child calls that or ends, and exits with the status it was told, or that
 * it ended with. Negative errno: no fork. To be called before there are threads.
 */
int sluice_background_begin(int *ready);

/* Tells the parent to exit 0 and lets go of the terminal. `ready` is closed; -1: nothing to do. 0
 * or a negative errno. */
int sluice_background_ready(int ready);

/*
 * Makes `path` ours: locked, with our process id in it. Returns a descriptor that keeps it so
 * (@owner caller: sluice_pid_file_remove()), -EBUSY if another process has it, another negative
 * errno.
 */
int sluice_pid_file_create(const char *path);
void sluice_pid_file_remove(const char *path, int fd);

/* Microseconds within which systemd wants to hear of us, 0 if it does not. */
uint64_t sluice_watchdog_interval(void);

#endif /* SLUICE_BACKGROUND_H */
