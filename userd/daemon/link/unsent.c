// SPDX-License-Identifier: MIT
/*
 * Datagrams that do not go to a receiver because it cannot take them: counted at the connection,
 * told in the log. Between the protocols and the log. Touches: the connection.
 */
#include <inttypes.h>
#include <stdio.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "connection.h"

/* They are told of once in so long. */
#define TOLD_NS (60 * SLUICE_NS_PER_S)
/* Bytes of the reasons as text. */
#define REASONS 256

/* Adds ", 3 because ..." to `text`, of which `used` bytes are taken; returns how many are then. */
static size_t add_reason(char text[REASONS], size_t used, uint64_t count, const char *reason)
{
	int more;

	if (!count || used >= REASONS)
		return used;
	more = snprintf(text + used, REASONS - used, "%s%" PRIu64 " %s", used ? ", " : "", count,
			reason);
	return more > 0 ? used + (size_t)more : used;
}

/* How many did not go since the start. */
static uint64_t total(const struct sluice_tcp_counters *counters)
{
	return counters->oversized + counters->skipped + counters->unsendable;
}

/* Tells of all that did not go since the start. @context worker, or process if never entered */
static void tell(struct sluice_connection *connection)
{
	const struct sluice_tcp_counters *counters = &connection->counters;
	char name[SLUICE_CONNECTION_NAME], text[REASONS] = "";
	size_t used;

	used = add_reason(text, 0, counters->oversized,
			  connection->group->form.most ? "longer than max-datagram"
						       : "longer than the way takes");
	used = add_reason(text, used, counters->skipped, "empty");
	(void)add_reason(text, used, counters->unsendable,
			 "with bytes that the receiver cannot bear, or without a form in this "
			 "framing");
	sluice_warning_about(SLUICE_ABOUT_CONNECTION(connection),
			     "%s: datagrams that were not sent, since the start: %s",
			     sluice_connection_name(connection, name), text);
	connection->told.unsent = total(counters);
}

void sluice_connection_note_unsent(struct sluice_connection *connection,
				   const struct sluice_unsent *unsent, uint64_t now)
{
	struct sluice_tcp_counters *counters = &connection->counters;

	if (!sluice_unsent_sum(unsent))
		return;
	sluice_count(&counters->oversized, unsent->oversized);
	sluice_count(&counters->skipped, unsent->skipped);
	sluice_count(&counters->unsendable, unsent->unsendable);
	if (connection->told.unsent_at && now - connection->told.unsent_at < TOLD_NS)
		return;
	connection->told.unsent_at = now;
	tell(connection);
}

void sluice_connection_tell_unsent(struct sluice_connection *connection)
{
	if (total(&connection->counters) != connection->told.unsent)
		tell(connection);
}
