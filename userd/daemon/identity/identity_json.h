/* SPDX-License-Identifier: MIT */
/*
 * The form of the file in which the daemon remembers which output is which, see identity_file.c.
 * Touches: nothing.
 */
#ifndef SLUICE_IDENTITY_JSON_H
#define SLUICE_IDENTITY_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "identity.h"

#define SLUICE_IDENTITY_VERSION 1

/* A checksum of all that the object says, but for the checksum in it. False: no memory. @threadsafe
 */
bool sluice_identity_checksum(const json_t *root, uint32_t *sum);
/* Everything as JSON, `home`: the configuration's file. NULL: no memory. @owner caller:
 * json_decref() */
json_t *sluice_identity_json(const struct sluice_identity *identity,
			     const struct sluice_config *config, const char *home);

#endif /* SLUICE_IDENTITY_JSON_H */
