/* SPDX-License-Identifier: MIT */
/*
 * Outputs that a change of configuration takes away while something still waits for them; see
 * leaving.c. For the control thread.
 */
#ifndef SLUICE_LEAVING_H
#define SLUICE_LEAVING_H

#include "inner.h"

/*
 * May the engine change to `config`, resolved, with `identity` as what is remembered then? Waits a
 * moment until outputs that go have got what waited for them when it was called. 0; or -EBUSY with
 * a sentence that tells what waits for whom since when: their receivers do not take it. @context
 * process
 */
int sluice_leaving_check(struct sluice_engine *engine, const struct sluice_config *config,
			 const struct sluice_identity *identity, char **error);

/*
 * After nothing more comes for them: waits another moment until they have the rest. What they have
 * not got by then stays where it is, which is told in the log. @context process
 */
void sluice_leaving_finish(struct sluice_engine *engine, const struct sluice_config *config,
			   const struct sluice_identity *identity);

/*
 * Counts what waits for the ring's feeder, which is dropped because the operator said so.
 * @context worker
 */
void sluice_leaving_count_drop(struct sluice_engine *engine, const struct sluice_stream *stream,
			       const struct sluice_feeder *feeder);

/*
 * Drops what waits on the disk for outputs whose heirs are nobody, and counts it. @context
 * process
 */
void sluice_leaving_drop_disk(struct sluice_engine *engine);

#endif /* SLUICE_LEAVING_H */
