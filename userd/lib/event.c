// SPDX-License-Identifier: MIT
/*
 * Events; see event.h. Touches: the listener.
 */
#include <stddef.h>
#include "barrier.h"
#include "event.h"

static sluice_event_listener listens;

void sluice_event_listen(sluice_event_listener listener)
{
	sluice_store_relaxed(&listens, listener);
}

void sluice_event_send(enum sluice_event kind, const char *key, const char *where, const char *text)
{
	sluice_event_send_link(kind, key, where, NULL, text);
}

void sluice_event_send_link(enum sluice_event kind, const char *key, const char *where,
			    const char *interface, const char *text)
{
	sluice_event_listener listener = sluice_load_relaxed(&listens);

	if (listener && key && where && text)
		listener(kind, key, where, interface, text);
}
