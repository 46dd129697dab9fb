/* SPDX-License-Identifier: MIT */
/*
 * Which sluice this is: version, date and commit of the sources, versions of the formats, and
 * whether the module that is loaded is another one. Touches: reads /sys/module.
 */
#ifndef SLUICE_VERSION_H
#define SLUICE_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the messages between sluicectl and the daemon. */
#define SLUICE_CONTROL_VERSION SLUICE_GENL_VERSION

/* A format and its version. */
struct sluice_version_row {
	const char *name;
	uint32_t version;
	const char *what;
};

/* The formats; *count becomes how many. A constant. @threadsafe */
const struct sluice_version_row *sluice_version_rows(size_t *count);

/* The commit that the sources are of, or "release" where they came without their history. With a
 * "+" behind it they have been changed since. @threadsafe */
const char *sluice_version_commit(void);

/* Room for what sluice_version_text() writes. */
#define SLUICE_VERSION_TEXT 256

/* What `--version` prints, two lines, each with a newline:
 *
 *   sluiced 0.1.0 (2026-11-29, 0123456789ab)
 *   ring 1, wire 1, spool 1, netlink 1, control 1
 *
 * into `text`; returns it. @threadsafe */
const char *sluice_version_text(const char *program, char text[SLUICE_VERSION_TEXT]);

#define SLUICE_VERSION_MODULE 64

/* The version of the module that is loaded, as it says, in `version`. False: none is, or it does
 * not say. @threadsafe */
bool sluice_version_module(char version[SLUICE_VERSION_MODULE]);

/* Is a module of another version loaded? Then the sentence that names both is in `text`. `program`
 * is ours. @threadsafe */
bool sluice_version_module_differs(const char *program, char text[SLUICE_VERSION_TEXT]);

#endif /* SLUICE_VERSION_H */
