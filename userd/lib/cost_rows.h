/* SPDX-License-Identifier: MIT */
/*
 * What a thread's processor time goes into, a row for each stage. `sluicectl show cost` and the
 * measuring (cost.h) go by the rows.
 *
 *   COST_STAGE(STAGE, word)
 *
 * The last one is of items only: the kernel charges it whoever runs when datagrams come. The first
 * three are told apart datagram by datagram (sluice_cost_near()). Included several times
 * with another COST_STAGE each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

COST_STAGE(RECEIVE, "receive")
COST_STAGE(MATCH, "match")
COST_STAGE(STORE, "store")
COST_STAGE(SPOOL, "spool")
COST_STAGE(BUILD, "build")
COST_STAGE(SEND, "send")
COST_STAGE(ACKNOWLEDGE, "acknowledge")
COST_STAGE(CONTROL, "control")
COST_STAGE(WAIT, "wait in kernel")
COST_STAGE(LOOP, "loop")
COST_STAGE(MEASURE, "measure")
COST_STAGE(KERNEL, "receive in kernel")
