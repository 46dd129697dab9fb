/* SPDX-License-Identifier: MIT */
/*
 * The kinds of threads that the daemon has, and what a thread may say that it does, a row for each.
 * `sluicectl show threads` and the watchdog (daemon/watchdog.h) go by the rows.
 *
 *   THREAD_KIND(KIND, word, matters, what)
 *       matters: without it the relay does not work; a daemon in which it hangs ends, unless it can
 *       be replaced
 *   THREAD_STATE(STATE, word)
 *
 * Included several times with other macros each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

THREAD_KIND(CONTROL, "control", true, "answers signals, sluicectl and systemd")
THREAD_KIND(WORKER, "worker", true, "receives and sends")
THREAD_KIND(FORWARDER, "forwarder", true, "passes TCP connections on")
THREAD_KIND(SPOOLER, "spooler", true, "writes and reads the store on the disk")
THREAD_KIND(FOREMAN, "foreman", false, "changes, pictures and the stop")
THREAD_KIND(RESOLVER, "resolver", false, "looks destinations' names up")
THREAD_KIND(CAPTURE, "capture", true, "reads an interface or captures (source: pcap, xdp)")
THREAD_KIND(INLET, "inlet", true, "takes connections in (source: tcp, sluice)")
THREAD_KIND(BROKER, "broker", false, "speaks to a broker for one connection (outputs.kind)")
THREAD_KIND(WATCHDOG, "watchdog", true, "looks after the others")

THREAD_STATE(WORKS, "works")
THREAD_STATE(SLEEPS, "sleeps")
THREAD_STATE(ASKED, "does what a change asks of it")
THREAD_STATE(DISK, "waits for the disk")
THREAD_STATE(NAMES, "waits for DNS")
THREAD_STATE(PUBLISHES, "speaks to its broker")
THREAD_STATE(OTHER, "waits for another thread")
THREAD_STATE(REPLACED, "was replaced")
