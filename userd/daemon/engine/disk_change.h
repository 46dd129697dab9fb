/* SPDX-License-Identifier: MIT */
/*
 * `store.disk` in a change of configuration: a disk comes, goes, gets another size or another path;
 * see disk_change.c. For change.c, in the control thread.
 *
 *   prepare ─► enter (each worker) ─► commit (each worker) ─► finish
 *      └────────────┴─► withdraw (each worker) ─► undo
 */
#ifndef SLUICE_DISK_CHANGE_H
#define SLUICE_DISK_CHANGE_H

#include "inner.h"

enum sluice_disk_change_kind {
	SLUICE_DISK_STAYS,   /* or there is none */
	SLUICE_DISK_RESIZED, /* the same store with another size, or segments of another size */
	SLUICE_DISK_COMES,
	SLUICE_DISK_GOES,
	SLUICE_DISK_MOVES, /* another path */
};

/* What is under way. */
struct sluice_disk_change {
	struct sluice_engine *engine;
	const struct sluice_config *config; /* that comes */
	const struct sluice_identity *identity;
	enum sluice_disk_change_kind kind;
	struct sluice_spooler *spooler; /* then; NULL: there is no disk then */
	bool is_made;			/* its directory was not there before */
	bool is_held;			/* streams write nothing to the disk that goes */
};

/*
 * Looks what becomes of the disk by `config`, with `identity` as what is remembered then, both of
 * which stay until the end, and does what can be done before anything is in force: opens a new
 * store, makes more segments, waits a moment until a store that goes is empty. 0, or a negative
 * errno with a sentence: -EBUSY: something waits in the store that goes; then undo, also on
 * failure. @context process
 */
int sluice_disk_change_prepare(struct sluice_disk_change *change, struct sluice_engine *engine,
			       const struct sluice_config *config,
			       const struct sluice_identity *identity, char **error);

/* The worker's streams get what the new store takes, as far as that can fail; its outputs do not
 * know of it yet. 0 or a negative errno. @context worker */
int sluice_disk_change_enter(struct sluice_disk_change *change, struct sluice_worker *worker);
/* Undoes that, also half of it. @context worker */
void sluice_disk_change_withdraw(struct sluice_disk_change *change,
				 const struct sluice_worker *worker);
/* All is as it was. Fresh streams of the change are gone. @context process */
void sluice_disk_change_undo(struct sluice_disk_change *change);

/* The worker's streams have the new store, or none. Their feeders are bound to outputs afterwards.
 * @context worker */
void sluice_disk_change_commit(struct sluice_disk_change *change,
			       const struct sluice_worker *worker);
/* The engine has the new store; the old one is left. Its configuration and identity are the new
 * ones already. @context process */
void sluice_disk_change_finish(struct sluice_disk_change *change);

#endif /* SLUICE_DISK_CHANGE_H */
