// SPDX-License-Identifier: MIT
/*
 * Unconfirmed datagrams and the log; see unconfirmed.h. Touches: the log.
 */
#include "../../lib/clock.h"
#include "../../lib/log.h"
#include "unconfirmed.h"

/* The log is told once in so long. */
#define TELL_NS (60 * SLUICE_NS_PER_S)

void sluice_unconfirmed_add(struct sluice_unconfirmed *unconfirmed, const char *who,
			    const struct sluice_log_about *about, uint64_t datagrams,
			    bool is_sent_anew, uint64_t now)
{
	if (!datagrams)
		return;
	/* One line says one thing of all of them. */
	if (unconfirmed->untold && unconfirmed->is_sent_anew != is_sent_anew)
		sluice_unconfirmed_look(unconfirmed, who, about, true, now);
	unconfirmed->untold += datagrams;
	unconfirmed->is_sent_anew = is_sent_anew;
	sluice_unconfirmed_look(unconfirmed, who, about, false, now);
}

void sluice_unconfirmed_look(struct sluice_unconfirmed *unconfirmed, const char *who,
			     const struct sluice_log_about *about, bool finally, uint64_t now)
{
	if (!unconfirmed->untold ||
	    (!finally && unconfirmed->told_at && now - unconfirmed->told_at < TELL_NS))
		return;
	sluice_notice_about(
		about,
		"%s: %llu datagram%s unconfirmed: its TCP acknowledged them, and it ended "
		"the connection at once, perhaps without having read them; %s",
		who, (unsigned long long)unconfirmed->untold, unconfirmed->untold == 1 ? "" : "s",
		unconfirmed->is_sent_anew ? "they are sent again (`unconfirmed: resend`)"
					  : "they are not sent again (`unconfirmed: count`)");
	unconfirmed->untold = 0;
	unconfirmed->told_at = now ? now : 1;
}
