/* SPDX-License-Identifier: MIT */
/*
 * What a daemon that works has for itself alone: its relay in this network namespace, the folder of
 * its state, its rings, its store. A second one is refused before it touches anything, whatever the
 * source. For the control thread. Touches: claims (lib/claim.h), the state directory.
 */
#ifndef SLUICE_STANDBY_CLAIMS_H
#define SLUICE_STANDBY_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>
#include "../../config/model.h"
#include "../../lib/claim.h"

/* Bytes that hold a sentence of a refusal. */
#define SLUICE_CLAIMS_TEXT (2UL * PATH_MAX)

/* What one daemon has; all zeros is no beginning: SLUICE_CLAIMS_NONE is. */
struct sluice_claims {
	struct sluice_claim relay, state, rings, store;
	struct sluice_claim start; /* while it binds its ports, so that no two do at once */
	uint64_t epoch;		   /* of the relay: grows with each daemon that works */
};

#define SLUICE_CLAIMS_NONE                                                     \
	{                                                                      \
		.relay = {.fd = -1}, .state = {.fd = -1}, .rings = {.fd = -1}, \
		.store = {.fd = -1}, .start = {                                \
			.fd = -1                                               \
		}                                                              \
	}

/*
 * Waits until nobody else binds ports in this network namespace: what is checked from here on to
 * sluice_claims_end_start() is still so then. Gives up after `most_ms`, without harm: 0 or a
 * negative errno.
 */
int sluice_claims_begin_start(struct sluice_claims *claims, unsigned int most_ms);
void sluice_claims_end_start(struct sluice_claims *claims);

/*
 * Takes all that `config` works with, unless it has the relay already. A predecessor that is just
 * dying is waited for a little. 0; -EBUSY: another daemon has something, which the sentence in
 * `text` names; other negative errno, likewise: nothing can be claimed. On failure only the relay
 * may be left. @context process
 */
int sluice_claims_take(struct sluice_claims *claims, const struct sluice_config *config,
		       char text[SLUICE_CLAIMS_TEXT]);

/* Lets everything go; `is_last`: nobody waits for it. */
void sluice_claims_drop(struct sluice_claims *claims, bool is_last);

/* Closes them all and says nothing in them: whoever they were handed over to has them. */
void sluice_claims_leave(struct sluice_claims *claims);

/* Takes the relay's claim under another name, beside the one that it has: *other. 0 or as
 * sluice_claims_take(). */
int sluice_claims_rename(const struct sluice_claims *claims, const struct sluice_config *config,
			 struct sluice_claim *other, char text[SLUICE_CLAIMS_TEXT]);

/* Takes the claim on the store of `config`, beside the one that it has, if it is in another place:
 * *other; its fd is -1: it is the same place, or there is none. 0 or as sluice_claims_take(). */
int sluice_claims_move_store(const struct sluice_claims *claims, const struct sluice_config *config,
			     struct sluice_claim *other, char text[SLUICE_CLAIMS_TEXT]);

#endif /* SLUICE_STANDBY_CLAIMS_H */
