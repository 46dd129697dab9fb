/* SPDX-License-Identifier: MIT */
/*
 * The classes of threads that sluiced has, a row for each: the keys of `threads`, what the daemon
 * knows its threads by, and the rows of `sluicectl show placement` are made from them.
 *
 *   THREAD(CLASS, word, name, cpus, what)
 *     word   of the key, threads.WORD.policy
 *     name   that the kernel shows of such a thread; a number may follow
 *     cpus   where they run without threads.WORD.cpus
 *     what   they do, without a capital and a full stop
 *
 * Included several times with another THREAD each, so it has no guard. Touches: nothing.
 */
/* clang-format off */

THREAD(WORKER, "worker", "sluice-w", "each on one of the CPUs that the process may use",
	"receives and sends")
THREAD(FORWARDER, "forwarder", "sluice-f", "any", "passes TCP connections on")
THREAD(CONTROL, "control", "sluiced", "any", "answers sluicectl, signals and systemd")
THREAD(FOREMAN, "foreman", "sluice-foreman", "any", "carries out changes and stops")
THREAD(SPOOLER, "spooler", "sluice-spool", "any", "reads and writes the store on the disk")
THREAD(NAMES, "names", "sluice-names", "any", "looks up names of destinations")
