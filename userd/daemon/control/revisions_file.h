/* SPDX-License-Identifier: MIT */
/*
 * Revisions on the disk: a file for each in a folder of the service's own, so that they outlive the
 * daemon. Touches: that folder.
 */
#ifndef SLUICE_CONTROL_REVISIONS_FILE_H
#define SLUICE_CONTROL_REVISIONS_FILE_H

#include "revisions.h"

/* The folder of a relay's revisions: in the state directory that systemd gives the service
 * (STATE_DIRECTORY, systemd.exec(5)). NULL: there is none, or no memory. @owner caller */
char *sluice_revisions_folder(const char *relay);

/* Reads what is there; files that are damaged are passed over. 0 or a negative errno. */
int sluice_revisions_load(const char *folder, struct sluice_revisions *revisions);

/* Writes one, durable, whole or not at all, and takes away those that are not kept any more. 0 or a
 * negative errno. May wait for the disk. */
int sluice_revisions_store(const char *folder, const struct sluice_revision *revision);

#endif /* SLUICE_CONTROL_REVISIONS_FILE_H */
