/* SPDX-License-Identifier: MIT */
/*
 * What the kernel tells of a connection. The kernel's struct tcp_info has what the C library's
 * lacks, and cannot be included beside libnl's headers. Touches: the stream that it is given.
 */
#ifndef SLUICE_DOCTOR_TCP_INFO_H
#define SLUICE_DOCTOR_TCP_INFO_H

#include <stddef.h>
#include <stdio.h>

/* Writes "busy-us FIGURE ..." and a line's end from `length` bytes of a struct tcp_info, of which
 * an older kernel has fewer. */
void sluice_doctor_put_tcp_info(FILE *to, const void *data, size_t length);

#endif /* SLUICE_DOCTOR_TCP_INFO_H */
