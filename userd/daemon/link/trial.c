// SPDX-License-Identifier: MIT
/*
 * Receivers that accept and end connections at once; see trial.h. Touches: the log, who listens
 * for events.
 */
#include <stdio.h>
#include "../../lib/event.h"
#include "../../lib/log.h"
#include "../../lib/size.h"
#include "trial.h"

/* So many young ends in a row make a destination a rejecting one. */
#define RUN 3U
/* As long as they follow each other so closely: who is restarted now and then rejects nothing. */
#define RUN_NS (20 * SLUICE_NS_PER_S)
/* A limit or an access list ends a connection within this, without having been given anything. */
#define MOMENT_NS (250 * SLUICE_NS_PER_MS)
/* A destination that comes and goes is told of once in so long. */
#define TELL_NS (60 * SLUICE_NS_PER_S)
#define TEXT_MAX 1024U
#define KEY "outputs.to"

const char *sluice_trial_words(enum sluice_framing framing)
{
	static const char *const words[] = {
#define FRAMING(word, NAME, protocol, answer, suspicion)                                    \
	[SLUICE_FRAMING_##NAME] = "accepts and resets at once: " suspicion " is it at its " \
				  "connection limit?",
#include "../../config/framing_rows.h"
#undef FRAMING
	};

	return words[framing];
}

void sluice_trial_reach(struct sluice_trial *trial, uint64_t now)
{
	trial->reached = now;
	trial->given = 0;
	trial->parted = 0;
	trial->until = 0;
	trial->is_cut = false;
}

void sluice_trial_begin(struct sluice_trial *trial, bool has_others, uint64_t now)
{
	if (trial->is_rejecting)
		trial->until = now + (has_others ? SLUICE_YOUNG_NS : MOMENT_NS);
}

/* Notes that the destination is rejecting from now on. */
static void reject(struct sluice_trial *trial, const char *who,
		   const struct sluice_log_about *about, const char *what, uint64_t now)
{
	char text[TEXT_MAX];

	trial->is_rejecting = true;
	trial->since = now;
	trial->is_told = !trial->told_at || now - trial->told_at >= TELL_NS;
	if (!trial->is_told)
		return;
	trial->told_at = now;
	snprintf(text, sizeof(text),
		 "%s: %s It ended %u connections in a row within their first seconds; it is "
		 "tried again with growing pauses, and counts as connected when one lasts",
		 who, what, trial->run);
	sluice_warning_about(about, "%s", text);
	sluice_event_send(SLUICE_EVENT_REJECTING, KEY, who, text);
}

/*
 * The destination is rejecting no more, because of what the end of the sentence says. Returns
 * whether it was.
 */
static bool end_rejection(struct sluice_trial *trial, const char *who,
			  const struct sluice_log_about *about, const char *what, uint64_t now)
{
	char text[TEXT_MAX], lasted[SLUICE_SIZE_TEXT];

	trial->run = 0;
	if (!trial->is_rejecting)
		return false;
	trial->is_rejecting = false;
	if (!trial->is_told)
		return true;
	snprintf(text, sizeof(text), "%s: %s, after %s", who, what,
		 sluice_duration_say(now - trial->since, lasted));
	sluice_notice_about(about, "%s", text);
	sluice_event_send(SLUICE_EVENT_REJECTING_OVER, KEY, who, text);
	return true;
}

bool sluice_trial_end(struct sluice_trial *trial, const char *who,
		      const struct sluice_log_about *about, const char *what, bool is_last,
		      uint64_t now)
{
	uint64_t ended = trial->parted ? trial->parted : now;

	if (is_last || !trial->reached) {
		/* That is another fault, with words of its own. */
		(void)end_rejection(trial, who, about,
				    is_last ? "it is not tried any more"
					    : "it accepts no connections any more",
				    now);
	} else if (trial->is_cut && ended < sluice_trial_young_until(trial)) {
		if (!trial->is_rejecting && now - trial->run_began > RUN_NS)
			trial->run = 0;
		if (!trial->run) {
			trial->had_data = false;
			trial->run_began = now;
		}
		trial->had_data |= trial->given != 0;
		trial->run++;
		if (trial->run >= RUN && !trial->is_rejecting)
			reject(trial, who, about, what, now);
	} else if (!trial->is_rejecting) {
		trial->run = 0;
	}
	trial->reached = 0;
	trial->until = 0;
	trial->is_cut = false;
	return trial->is_rejecting;
}

bool sluice_trial_passed(struct sluice_trial *trial, const char *who,
			 const struct sluice_log_about *about, uint64_t now)
{
	trial->until = 0;
	return end_rejection(trial, who, about, "it keeps its connection again", now);
}

enum sluice_trial_change sluice_trial_look(struct sluice_trial *trial, const char *who,
					   const struct sluice_log_about *about, uint64_t now,
					   uint64_t *next)
{
	uint64_t due = sluice_trial_young_until(trial);

	if (!trial->run)
		return SLUICE_TRIAL_SAME;
	if (trial->until && now >= trial->until) {
		trial->until = 0;
		/* One that is ended by what it is given has yet to be given something. */
		if (trial->had_data || now < due)
			return SLUICE_TRIAL_OVER;
	}
	if (trial->until && trial->until < *next)
		*next = trial->until;
	if (trial->had_data && !trial->given)
		return SLUICE_TRIAL_SAME;
	if (now >= due && !trial->parted) {
		(void)sluice_trial_passed(trial, who, about, now);
		return SLUICE_TRIAL_LASTS;
	}
	if (now < due && due < *next)
		*next = due;
	return SLUICE_TRIAL_SAME;
}
