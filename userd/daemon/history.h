/* SPDX-License-Identifier: MIT */
/*
 * The daemon's history: which configurations were in force, in memory and, where the service has a
 * state directory, on the disk. Under changes.c. Touches: that directory, the log, who listens to
 * events.
 */
#ifndef SLUICE_DAEMON_HISTORY_H
#define SLUICE_DAEMON_HISTORY_H

#include "daemon.h"

/* Reads what an earlier daemon of this relay has kept, and keeps the configuration that this one
 * starts with. @context process, control thread */
void sluice_history_open(struct daemon *daemon, const struct sluice_config *config);
void sluice_history_close(struct daemon *daemon);

/* Is the revision that a change was made for still in force? 0: none is named, too; -ESTALE with a
 * sentence. @owner caller: *error */
int sluice_history_check(const struct daemon *daemon, uint64_t wanted, char **error);

/* Writes a configuration that comes into force as the next revision, if it is another one than
 * that in force; nothing where there is no place for it. @context process, any one thread */
void sluice_history_store(const struct daemon *daemon, const struct sluice_revision *revision);

/* Warns that SIGHUP would undo changes of single pieces. False: there are none. */
bool sluice_history_forbids_reload(const struct daemon *daemon);

/* Tells whoever listens to events that a change, called `how`, by `uid`, is in force; or why it is
 * not (`error` is not NULL). @context process, control thread */
void sluice_history_tell(const struct daemon *daemon, const char *how, uid_t uid,
			 const char *error);

#endif /* SLUICE_DAEMON_HISTORY_H */
