/* SPDX-License-Identifier: MIT */
/*
 * A relay that a search starts by a command and ends. Touches: processes it started.
 */
#ifndef SLUICE_BENCH_SEARCH_RELAY_H
#define SLUICE_BENCH_SEARCH_RELAY_H

#include <stdbool.h>
#include <sys/types.h>

/* Runs `command` by the shell, in a process group of its own, its output to stderr; it ends with
 * this process whatever happens. Its process id, or a negative errno. */
pid_t sluice_search_relay_start(const char *command);

/* Has it ended by itself? *status is then as of waitpid(2). */
bool sluice_search_relay_has_ended(pid_t relay, int *status);

/* Ends all of its group, by SIGTERM, and after two seconds by SIGKILL. 0 or less: nothing. */
void sluice_search_relay_stop(pid_t relay);

#endif /* SLUICE_BENCH_SEARCH_RELAY_H */
