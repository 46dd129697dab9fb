/* SPDX-License-Identifier: MIT */
/*
 * What another program prints. Touches: a child process.
 */
#ifndef SLUICE_CTL_PROGRAM_OUTPUT_H
#define SLUICE_CTL_PROGRAM_OUTPUT_H

#include <stddef.h>

/*
 * Runs `words` (ended by NULL; the first is looked for in PATH, and in /usr/sbin and /sbin) without
 * input and without its messages, and reads what it prints. In *text, ended by NUL, of *length
 * bytes. 0; -ENOENT: there is no such program; -EIO: it did not end well; -ETIMEDOUT: it took
 * longer than `patience_ms`, and was killed; -EFBIG: it printed more than `most` bytes; another
 * negative errno. @owner caller: free(*text), whatever the result
 */
int sluice_program_output(const char *const *words, unsigned int patience_ms, size_t most,
			  char **text, size_t *length);

#endif /* SLUICE_CTL_PROGRAM_OUTPUT_H */
