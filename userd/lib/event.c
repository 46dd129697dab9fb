// SPDX-License-Identifier: MIT
/*
 * Events; see event.h. Touches: the listeners.
 */
#include <stddef.h>
#include <syslog.h>
#include "barrier.h"
#include "event.h"

static sluice_event_listener listens;
static void (*listens_to_losses)(void);
static bool was_lost;

#define EVENT_CLASS(...)
#define EVENT(number, class, name, severity, meaning) \
	{SLUICE_EVENT_##number, SLUICE_EVENT_CLASS_##class, name, LOG_##severity, meaning},
#define EVENT_SAME EVENT
const struct sluice_event_row sluice_event_rows[] = {
#include "event_rows.h"
};
#undef EVENT_CLASS
#undef EVENT
#undef EVENT_SAME

const size_t sluice_event_row_count = sizeof(sluice_event_rows) / sizeof(sluice_event_rows[0]);

#define EVENT_CLASS(class, name, meaning) {name, meaning},
#define EVENT(...)
#define EVENT_SAME(...)
static const struct {
	const char *name, *meaning;
} classes[] = {
#include "event_rows.h"
};
#undef EVENT_CLASS
#undef EVENT
#undef EVENT_SAME

const struct sluice_event_row *sluice_event_row(uint32_t kind)
{
	size_t row;

	for (row = 0; row < sluice_event_row_count; row++)
		if (sluice_event_rows[row].kind == kind)
			return &sluice_event_rows[row];
	return NULL;
}

const char *sluice_event_class_name(enum sluice_event_class class)
{
	return class < SLUICE_EVENT_CLASSES ? classes[class].name : "?";
}

const char *sluice_event_severity(int severity)
{
	switch (severity) {
	case LOG_ERR:
		return "error";
	case LOG_WARNING:
		return "warning";
	default:
		return "notice";
	}
}

void sluice_event_listen(sluice_event_listener listener)
{
	sluice_store_relaxed(&listens, listener);
}

void sluice_event_tell(const struct sluice_event_news *news)
{
	sluice_event_listener listener = sluice_load_relaxed(&listens);

	if (listener && news && news->key && news->where && news->text)
		listener(news);
}

void sluice_event_send(enum sluice_event kind, const char *key, const char *where, const char *text)
{
	const struct sluice_event_news news = {
		.kind = kind, .key = key, .where = where, .text = text};

	sluice_event_tell(&news);
}

void sluice_event_listen_losses(void (*listener)(void))
{
	sluice_store_relaxed(&listens_to_losses, listener);
}

void sluice_event_lost(void)
{
	void (*listener)(void);

	if (sluice_load_relaxed(&was_lost) ||
	    __atomic_exchange_n(&was_lost, true, __ATOMIC_ACQ_REL))
		return;
	listener = sluice_load_relaxed(&listens_to_losses);
	if (listener)
		listener();
}

bool sluice_event_take_lost(void)
{
	return __atomic_exchange_n(&was_lost, false, __ATOMIC_ACQ_REL);
}
