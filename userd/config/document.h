/* SPDX-License-Identifier: MIT */
/*
 * YAML text to a libyaml document, and everything that is wrong with it as YAML to findings. Guards
 * libyaml against texts it would take for ever over. Touches: nothing but memory.
 */
#ifndef SLUICE_CONFIG_DOCUMENT_H
#define SLUICE_CONFIG_DOCUMENT_H

#include <stddef.h>
#include <yaml.h>
#include "check.h"

/* Reads exactly one document with a root. 0 (@owner caller: yaml_document_delete()), -EINVAL with a
 * finding, -ENOMEM.
 * @threadsafe */
int sluice_yaml_load(const char *text, size_t length, yaml_document_t *document,
		     struct sluice_findings *findings);

#endif /* SLUICE_CONFIG_DOCUMENT_H */
