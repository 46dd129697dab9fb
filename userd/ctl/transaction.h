/* SPDX-License-Identifier: MIT */
/*
 * Several changes that come into force together: `begin` puts the text that runs aside, set, add,
 * del, enable and disable edit that, `commit` gives it to the daemon. It lies beside the daemon's
 * socket, one for each user; a restart of the machine takes it away. Touches: that file, stderr.
 */
#ifndef SLUICE_CTL_TRANSACTION_H
#define SLUICE_CTL_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../config/edit.h"
#include "running.h"

/* @owner whoever has it: sluice_transaction_free() */
struct sluice_transaction {
	struct sluice_config_text text;
	uint64_t revision; /* that was in force when it began */
	uint64_t since;	   /* when that came into force, nanoseconds since 1970 */
	uint64_t begun;	   /* seconds since 1970 */
	char *name;	   /* of the file that was in force */
	char *how;	   /* what was changed so far, in words; empty: nothing yet */
};

/* Reads the one of this user. 0; -ENOENT: there is none; another negative errno, having said why.
 * @owner caller: *transaction, also on failure */
int sluice_transaction_load(struct sluice_transaction *transaction);

/* Is what it began with in force still? If not, says what came. */
bool sluice_transaction_holds(const struct sluice_transaction *transaction,
			      const struct sluice_running *running);

/* Writes it, whole or not at all. 0 or a negative errno, having said why. */
int sluice_transaction_store(const struct sluice_transaction *transaction);

/* Takes it away. 0; -ENOENT: there is none; another negative errno, having said why. */
int sluice_transaction_remove(void);

/* Frees what it holds and empties it; not `transaction` itself. */
void sluice_transaction_free(struct sluice_transaction *transaction);

#endif /* SLUICE_CTL_TRANSACTION_H */
