// SPDX-License-Identifier: MIT
/*
 * The daemon that works, as a standby sees it; see watch.h.
 *
 * Killing is the fence. Whoever hangs may wake at any moment, between a look at an epoch and the
 * write behind it; a process that is dead does not, and the kernel says for certain that it is. So
 * nothing on the way of a datagram has to ask whether it still may.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../../lib/clock.h"
#include "watch.h"

void sluice_standby_watch_end(struct sluice_standby_watch *watch)
{
	if (!watch)
		return;
	if (watch->process >= 0)
		close(watch->process);
	memset(watch, 0, sizeof(*watch));
	watch->process = -1;
}

bool sluice_standby_watch_find(struct sluice_standby_watch *watch, const char *path)
{
	struct sluice_claim_note note;

	if (!watch || !path || sluice_claim_look(path, &note) || !note.pid)
		return false;
	if (watch->process >= 0 && watch->note.pid == note.pid && watch->note.ticks == note.ticks)
		return true;
	sluice_standby_watch_end(watch);
	watch->note = note;
	watch->process = (int)syscall(SYS_pidfd_open, note.pid, 0);
	/* The number may have become another process's before it was opened; or it is one of
	 * another PID namespace. */
	if (watch->process >= 0 && sluice_claim_process(note.pid, NULL, NULL) != note.ticks) {
		close(watch->process);
		watch->process = -1;
	}
	return watch->process >= 0;
}

uint64_t sluice_standby_watch_beat(struct sluice_standby_watch *watch)
{
	uint64_t doubted = 0;

	if (!watch)
		return 0;
	if (watch->told_ns)
		doubted = watch->silent_ns / SLUICE_NS_PER_MS;
	watch->has_beaten = true;
	watch->silent_ns = 0;
	watch->looked_at = 0;
	watch->told_ns = 0;
	return doubted;
}

/* Looks a second time at one that is silent for too long. */
static enum sluice_standby_verdict second_look(struct sluice_standby_watch *watch, char state,
					       uint64_t used)
{
	const uint64_t tick_ns = SLUICE_NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t had = (used - watch->used) * tick_ns;
	uint64_t between = watch->silent_ns - watch->looked_at;

	switch (state) {
	case 'T':
	case 't':
		watch->why = "it is stopped";
		return SLUICE_STANDBY_HANGS;
	case 'Z':
	case 'X':
		watch->why = "it is dying";
		return SLUICE_STANDBY_BUSY;
	case 'D':
		watch->why = "its control thread waits for a disk, or in the kernel";
		return SLUICE_STANDBY_BUSY;
	case 'R':
		/* One that is not let run does nothing wrong. */
		if (had * 10 < between) {
			watch->why = "its control thread gets no processor";
			return SLUICE_STANDBY_BUSY;
		}
		watch->why = "its control thread runs in circles";
		return SLUICE_STANDBY_HANGS;
	default:
		watch->why = "its control thread sleeps and does not come round";
		return SLUICE_STANDBY_HANGS;
	}
}

enum sluice_standby_verdict sluice_standby_watch_judge(struct sluice_standby_watch *watch,
						       uint64_t passed_ns, uint64_t limit_ns)
{
	enum sluice_standby_verdict verdict;
	uint64_t used = 0;
	char state = '?';

	if (!watch || !watch->note.pid || watch->is_killed)
		return SLUICE_STANDBY_GOES;
	watch->silent_ns += passed_ns;
	if (watch->silent_ns < limit_ns / 2)
		return SLUICE_STANDBY_GOES;
	/* Of another PID namespace: nothing can be seen, and nothing done. */
	if (watch->process < 0) {
		watch->why = "it is of another PID namespace, or cannot be seen";
		return watch->silent_ns < limit_ns || !watch->has_beaten ? SLUICE_STANDBY_GOES
									 : SLUICE_STANDBY_BUSY;
	}
	if (sluice_claim_process(watch->note.pid, &state, &used) != watch->note.ticks)
		return SLUICE_STANDBY_GOES;
	if (!watch->looked_at) {
		watch->looked_at = watch->silent_ns;
		watch->used = used;
	}
	if (watch->silent_ns < limit_ns || watch->silent_ns - watch->looked_at < limit_ns / 2)
		return SLUICE_STANDBY_GOES;
	/* One that starts or ends says nothing yet, or any more, and may take its time; but it is
	 * not stopped. */
	if (!watch->has_beaten && state != 'T' && state != 't') {
		watch->silent_ns = 0;
		watch->looked_at = 0;
		return SLUICE_STANDBY_GOES;
	}
	verdict = second_look(watch, state, used);
	if (verdict == SLUICE_STANDBY_BUSY) {
		/* From here on anew. */
		watch->looked_at = watch->silent_ns;
		watch->used = used;
	}
	return verdict;
}

int sluice_standby_watch_fence(struct sluice_standby_watch *watch)
{
	if (!watch || watch->process < 0)
		return -ESRCH;
	if (syscall(SYS_pidfd_send_signal, watch->process, SIGKILL, NULL, 0))
		return -errno;
	watch->is_killed = true;
	return 0;
}
