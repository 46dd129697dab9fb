/* SPDX-License-Identifier: MIT */
/*
 * Files with secrets, which no configuration holds. Touches: those files, to read them.
 */
#ifndef SLUICE_BROKER_SECRET_H
#define SLUICE_BROKER_SECRET_H

#include <stddef.h>

/* Bytes of a secret, with its end, that the kinds for brokers take. */
#define SLUICE_SECRET_TEXT 4096U

/* Reads the first line of a file into `text` of `size` bytes, without its end. 0 or a negative
 * errno; -EMSGSIZE: it is longer. The caller wipes it. @threadsafe */
int sluice_secret_read(const char *path, char *text, size_t size);

#endif /* SLUICE_BROKER_SECRET_H */
