// SPDX-License-Identifier: MIT
/*
 * The verdict on a thread; see watchdog_judge.h. Touches: nothing.
 */
#include <stddef.h>
#include "watchdog_judge.h"

uint64_t sluice_watchdog_quiet(const struct sluice_watch_notes *notes, uint64_t now)
{
	return now > notes->quiet_ns ? now - notes->quiet_ns : 0;
}

bool sluice_watchdog_wants_poke(const struct sluice_watch_notes *notes,
				const struct sluice_watch_look *look, uint64_t limit_ns)
{
	return look->state == SLUICE_THREAD_SLEEPS &&
	       sluice_watchdog_quiet(notes, look->now) >= limit_ns / 2;
}

/* Was it let run whenever it could, since the last look too? A wait that goes on the kernel counts
 * when it is over, so one that has not run again may have waited all the time. */
static bool is_let_run(const struct sluice_watch_notes *notes, const struct sluice_watch_look *look,
		       uint64_t quiet)
{
	return notes->slices && look->slices > notes->slices &&
	       look->delay_ns - notes->delay_ns < quiet / 4;
}

/* What a single look says of one that has not got on for `quiet` of `most` nanoseconds. */
static enum sluice_thread_verdict say(const struct sluice_watch_notes *notes,
				      const struct sluice_watch_look *look, uint64_t quiet,
				      uint64_t most, bool others_wait)
{
	uint64_t used = look->cpu_time_ns - notes->cpu_time_ns;

	if (used >= most / 4 * 3)
		return SLUICE_THREAD_STUCK;
	if (look->state == SLUICE_THREAD_DISK || look->state == SLUICE_THREAD_NAMES ||
	    look->state == SLUICE_THREAD_PUBLISHES || look->run == 'D')
		return SLUICE_THREAD_BLOCKED;
	if (look->run == 'R' && used >= quiet / 2)
		return notes->verdict;
	if (look->run == 'R' && !is_let_run(notes, look, quiet))
		return SLUICE_THREAD_STARVED;
	/* The kernel does not say: it is not accused. */
	if (look->run == '?' || others_wait)
		return notes->verdict;
	return SLUICE_THREAD_STUCK;
}

enum sluice_thread_verdict sluice_watchdog_judge(struct sluice_watch_notes *notes,
						 const struct sluice_watch_look *look,
						 uint64_t limit_ns, bool others_wait)
{
	uint64_t quiet = sluice_watchdog_quiet(notes, look->now);
	/* A sleeper has the whole of it from when it was woken first. */
	uint64_t most = look->state == SLUICE_THREAD_ASKED    ? SLUICE_WATCHDOG_ASKED * limit_ns
			: look->state == SLUICE_THREAD_SLEEPS ? limit_ns + limit_ns / 2
							      : limit_ns;
	enum sluice_thread_verdict verdict;

	if (!notes->is_known || notes->rounds != look->rounds ||
	    notes->since_ns != look->since_ns) {
		*notes = (struct sluice_watch_notes){.is_known = true,
						     .rounds = look->rounds,
						     .since_ns = look->since_ns,
						     .quiet_ns = look->now,
						     .cpu_time_ns = look->cpu_time_ns,
						     .delay_ns = look->delay_ns,
						     .slices = look->slices};
		return SLUICE_THREAD_WELL;
	}
	if (quiet < most || look->state == SLUICE_THREAD_OTHER ||
	    look->state == SLUICE_THREAD_REPLACED) {
		notes->slices = look->slices;
		notes->verdict = SLUICE_THREAD_WELL;
		return notes->verdict;
	}
	verdict = say(notes, look, quiet, most, others_wait);
	notes->slices = look->slices;
	notes->suspicions = verdict == SLUICE_THREAD_STUCK ? notes->suspicions + 1 : 0;
	/* A second look. */
	if (verdict != SLUICE_THREAD_STUCK || notes->suspicions > 1)
		notes->verdict = verdict;
	return notes->verdict;
}
