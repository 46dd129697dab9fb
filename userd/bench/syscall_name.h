/* SPDX-License-Identifier: MIT */
/*
 * Names of system calls by their number on this architecture. Touches: nothing.
 */
#ifndef SLUICE_BENCH_SYSCALL_NAME_H
#define SLUICE_BENCH_SYSCALL_NAME_H

#include <stddef.h>

/* Its name if the daemon may use it; else "system call N". Either is in `text`, which it returns.
 * @threadsafe */
const char *sluice_syscall_name(long number, char *text, size_t size);

#endif /* SLUICE_BENCH_SYSCALL_NAME_H */
