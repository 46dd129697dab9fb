/* SPDX-License-Identifier: MIT */
/*
 * Records out of a store into a file: for spool.c. Between lib/spool/spool.h and a file. Touches:
 * the file.
 */
#ifndef SLUICE_CTL_SPOOL_COMMAND_H
#define SLUICE_CTL_SPOOL_COMMAND_H

#include <stddef.h>
#include <stdint.h>
#include "../lib/guid.h"

struct sluice_spool_export;

/* Opens `file` ("-": stdout) for "pcapng" or "raw" (payloads end to end). 0, -EINVAL (another
 * format), other negative errno.
 * @owner caller: sluice_spool_export_close() */
int sluice_spool_export_open(const char *format, const char *file,
			     struct sluice_spool_export **result);

/* What comes next is of this stream. 0 or a negative errno. */
int sluice_spool_export_stream(struct sluice_spool_export *out, const sluice_guid stream,
			       uint32_t cpu);

/* Writes the datagrams of a span. 0 or a negative errno. */
int sluice_spool_export_span(struct sluice_spool_export *out, const uint8_t *span, size_t length);

/* Ends the file; *datagrams is how many are in it. 0 or a negative errno. */
int sluice_spool_export_close(struct sluice_spool_export *out, uint64_t *datagrams);

#endif /* SLUICE_CTL_SPOOL_COMMAND_H */
