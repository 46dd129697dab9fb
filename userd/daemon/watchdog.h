/* SPDX-License-Identifier: MIT */
/*
 * The watchdog: a thread that looks after all others (lib/thread.h), tells systemd that all is
 * well, and sees to one that hangs. It does neither disk nor DNS, and what it finds it leaves to
 * the control thread to tell, so that nothing but the scheduler can hold it up. Touches: its
 * thread, an eventfd, systemd's socket; the process, which it may end.
 *
 *   a thread hangs ──► a fresh one goes on with its work, where that is safe
 *                 └──► else systemd hears no more that all is well, and the process ends, if
 *                      a standby waits or somebody starts it anew: rings are files or the module's
 */
#ifndef SLUICE_WATCHDOG_H
#define SLUICE_WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../config/model.h"

struct sluice_watchdog;

/* Bytes of what sluice_watchdog_text() says. */
#define SLUICE_WATCHDOG_TEXT 160

/* Starts it; `feed_us`: how often systemd wants to hear of us, 0: never; `status`: with which the
 * process ends when it has to. 0 or a negative errno. @owner caller: sluice_watchdog_stop()
 * @context control thread */
int sluice_watchdog_start(struct sluice_watchdog **watchdog, uint64_t feed_us, int status);
/* Ends and frees it. NULL is allowed, here and below. */
void sluice_watchdog_stop(struct sluice_watchdog *watchdog);

/* Goes by `config` from now on. @threadsafe */
void sluice_watchdog_configure(struct sluice_watchdog *watchdog,
			       const struct sluice_config *config);
/* The process ends by itself, in time: nobody is replaced and nothing ended any more. @threadsafe
 */
void sluice_watchdog_relent(struct sluice_watchdog *watchdog);

/* Does another daemon wait to go on with the work of this one? Then it is no loss if this one ends.
 * @threadsafe */
void sluice_watchdog_note_heir(struct sluice_watchdog *watchdog, bool is_there);

/* Readable when it has something to tell; tells it to log and events. -1: there is none. @context
 * control thread */
int sluice_watchdog_fd(const struct sluice_watchdog *watchdog);
void sluice_watchdog_serve(struct sluice_watchdog *watchdog);
/* The same descriptor, to be woken by: struct sluice_thread_calls.poke. @threadsafe */
void sluice_watchdog_wake(void *watchdog);

/* What is worst of all, as a sentence; false: all is well. @threadsafe */
bool sluice_watchdog_text(struct sluice_watchdog *watchdog, char text[SLUICE_WATCHDOG_TEXT]);

#endif /* SLUICE_WATCHDOG_H */
