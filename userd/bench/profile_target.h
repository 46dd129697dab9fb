/* SPDX-License-Identifier: MIT */
/*
 * The daemon that is profiled: which process it is, its threads' names, what came to it. Touches:
 * /proc, processes that it starts.
 */
#ifndef SLUICE_BENCH_PROFILE_TARGET_H
#define SLUICE_BENCH_PROFILE_TARGET_H

#include <stddef.h>
#include "profile.h"

#define SLUICE_PROFILE_NAME 17U

/* The process called sluiced, if exactly one runs; 0: none, -E2BIG: several. @context process */
pid_t sluice_profile_find(void);

/* The process of the group `relay`, or below it, that is called sluiced; else the group's first.
 * @context process */
pid_t sluice_profile_find_in(pid_t relay);

/* Writes the name of a thread, "?" if it has ended; returns `name`. @threadsafe */
const char *sluice_profile_thread(pid_t pid, pid_t thread, char name[SLUICE_PROFILE_NAME]);

/* Is that the name of one of sluiced's worker threads? @threadsafe */
bool sluice_profile_is_worker(const char *name);

/* Asks how many datagrams have come so far. False: it cannot be had. @context process */
bool sluice_profile_came(const struct sluice_profile *profile, uint64_t *datagrams);

/* Prints what the figures below are of: process, time, datagrams. @context process */
void sluice_profile_head(const struct sluice_profile *profile, const char *what);

/* "0.125" of `count` for a datagram, "-" where none came or nobody knows; returns `text`. */
const char *sluice_profile_per(const struct sluice_profile *profile, uint64_t count, char *text,
			       size_t size);

#endif /* SLUICE_BENCH_PROFILE_TARGET_H */
