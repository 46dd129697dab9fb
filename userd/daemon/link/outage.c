// SPDX-License-Identifier: MIT
/*
 * Interruptions and the log; see outage.h. Touches: the log.
 */
#include "outage.h"
#include <string.h>
#include "../../lib/log.h"
#include "../../lib/size.h"

/* What separates a cause from its errno, and the errno's text. */
#define ERROR_TEXT(error) (error) ? ": " : "", (error) ? strerror(error) : ""

void sluice_outage_begin(struct sluice_outage *outage, const char *who,
			 const struct sluice_log_about *about, const char *what, int error,
			 uint64_t now)
{
	struct sluice_log_about fields = about ? *about : (struct sluice_log_about){0};

	if (!outage || outage->began || outage->is_closed)
		return;
	sluice_outage_look(outage, who, about, false, now);
	if (!outage->window)
		outage->window = now ? now : 1;
	outage->began = now ? now : 1;
	outage->what = what;
	outage->error = error;
	outage->is_told = outage->told < SLUICE_OUTAGES_TOLD;
	if (outage->is_told) {
		outage->told++;
		fields.error = error ? strerrorname_np(error) : NULL;
		sluice_warning_about(
			&fields, "%s: %s%s%s; trying again until it answers%s", who, what,
			ERROR_TEXT(error),
			outage->told == SLUICE_OUTAGES_TOLD
				? " (it comes and goes: what follows within a minute of "
				  "the first is summed up)"
				: "");
	} else {
		outage->untold++;
	}
}

bool sluice_outage_end(struct sluice_outage *outage, const char *who,
		       const struct sluice_log_about *about, uint64_t now)
{
	char text[SLUICE_SIZE_TEXT];
	uint64_t lasted;

	bool is_first;

	if (!outage)
		return false;
	is_first = !outage->has_worked;
	outage->has_worked = true;
	if (!outage->began)
		return false;
	lasted = now - outage->began;
	outage->began = 0;
	if (outage->is_told) {
		sluice_notice_about(about, "%s: connected %safter %s (%s%s%s)", who,
				    is_first ? "" : "again ", sluice_duration_say(lasted, text),
				    outage->what, ERROR_TEXT(outage->error));
	} else {
		outage->untold_ns += lasted;
		if (lasted > outage->longest_ns)
			outage->longest_ns = lasted;
	}
	sluice_outage_look(outage, who, about, false, now);
	return true;
}

void sluice_outage_give_up(struct sluice_outage *outage, const char *who,
			   const struct sluice_log_about *about, uint64_t now)
{
	char text[SLUICE_SIZE_TEXT];

	if (!outage)
		return;
	sluice_outage_look(outage, who, about, true, now);
	if (outage->began)
		sluice_notice_about(about, "%s: no longer tried, after %s without a connection",
				    who, sluice_duration_say(now - outage->began, text));
	outage->began = 0;
}

void sluice_outage_close(struct sluice_outage *outage, const char *who,
			 const struct sluice_log_about *about, uint64_t now)
{
	sluice_outage_give_up(outage, who, about, now);
	if (outage)
		outage->is_closed = true;
}

void sluice_outage_look(struct sluice_outage *outage, const char *who,
			const struct sluice_log_about *about, bool finally, uint64_t now)
{
	char all[SLUICE_SIZE_TEXT], longest[SLUICE_SIZE_TEXT], window[SLUICE_SIZE_TEXT];
	bool lasts;

	if (!outage || !outage->window ||
	    (!finally && now - outage->window < SLUICE_OUTAGE_WINDOW_NS))
		return;
	lasts = outage->began && !outage->is_told;
	if (outage->untold) {
		uint64_t open = lasts ? now - outage->began : 0;

		sluice_warning_about(
			about,
			"%s: %u more interruption%s within %s, %s in all, the longest %s; "
			"the last because: %s%s%s; %s",
			who, outage->untold, outage->untold == 1 ? "" : "s",
			sluice_duration_say(now - outage->window, window),
			sluice_duration_say(outage->untold_ns + open, all),
			sluice_duration_say(open > outage->longest_ns ? open : outage->longest_ns,
					    longest),
			outage->what, ERROR_TEXT(outage->error),
			outage->began ? "it is interrupted now" : "it is connected now");
	}
	/* The one that lasts is told of with this; its end gets a line of its own. */
	outage->is_told |= lasts;
	outage->window = 0;
	outage->told = 0;
	outage->untold = 0;
	outage->untold_ns = 0;
	outage->longest_ns = 0;
}
