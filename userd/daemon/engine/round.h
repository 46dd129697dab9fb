/* SPDX-License-Identifier: MIT */
/*
 * A worker's round: outputs send, tails move, and outputs learn whether there is a beat. Between
 * the loop and what lives in a worker.
 */
#ifndef SLUICE_ROUND_H
#define SLUICE_ROUND_H

#include "../loop/worker.h"

/* The engine's sluice_worker_round: acknowledgements that woke nobody are read, outputs send, tails
 * move, and who rests on a beat is told. After a call only what that may have brought is done.
 * @context worker */
void sluice_round(struct sluice_worker *worker, bool after_call);

/* The engine's sluice_worker.look: has the module stored something that it has not told of yet,
 * because it gathers more? Then the outputs take it. @context worker */
bool sluice_round_look(struct sluice_worker *worker);

#endif /* SLUICE_ROUND_H */
