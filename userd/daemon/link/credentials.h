/* SPDX-License-Identifier: MIT */
/*
 * What the TLS connections of one output are made from: read from files by the control thread, used
 * by all workers, read anew when a file has changed. Connections that are there keep what they were
 * made with. Beside the path of the data. Touches: files, through lib/tls.h.
 */
#ifndef SLUICE_CREDENTIALS_H
#define SLUICE_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>
#include "../../lib/tls.h"

typedef struct ssl_st SSL;

struct sluice_credentials;

/* Reads the files that `settings` name, for the output `name`. What cannot be used is told to the
 * log: there are no connections then until sluice_credentials_renew() finds it mended. NULL: no
 * memory. @owner caller: sluice_credentials_free() @context process */
struct sluice_credentials *sluice_credentials_create(const struct sluice_tls_settings *settings,
						     const char *name);

/* Reads the files anew if one of them is another now. If that fails what was read before stays in
 * force, and the log says so. Does nothing with NULL. @context process */
void sluice_credentials_renew(struct sluice_credentials *credentials);

/* Frees it; does nothing with NULL. No connection uses it any more. @context process */
void sluice_credentials_free(struct sluice_credentials *credentials);

/* A new client's end of a connection. NULL: there is no memory, or the files cannot be used.
 * @owner caller: SSL_free() @threadsafe; waits for no file */
SSL *sluice_credentials_begin(struct sluice_credentials *credentials);

/* What was asked for. @threadsafe */
const struct sluice_tls_settings *
sluice_credentials_settings(const struct sluice_credentials *credentials);

/* Do both ask for the same? NULL: for no TLS. @threadsafe */
bool sluice_credentials_are_same(const struct sluice_credentials *one,
				 const struct sluice_credentials *other);

#endif /* SLUICE_CREDENTIALS_H */
