// SPDX-License-Identifier: MIT
/*
 * Alarms of filling; see alarm.h. Touches: the log, who listens for events.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "../../lib/event.h"
#include "../../lib/log.h"
#include "../../lib/size.h"
#include "../loop/worker.h"
#include "alarm.h"

#define TEXT_MAX 512U

/* It is raised, which it was not: the log knows already. */
static void raise_alarm(struct sluice_alarm *alarm, const char *key, const char *where,
			const char *text)
{
	sluice_store_relaxed(&alarm->raised, alarm->raised + 1);
	sluice_store_relaxed(&alarm->is_raised, true);
	alarm->since = sluice_now();
	sluice_event_send(SLUICE_EVENT_ALARM, key, where, text);
}

/* It is over. */
static void end_alarm(struct sluice_alarm *alarm, const char *key, const char *where,
		      const char *text)
{
	char lasted[SLUICE_SIZE_TEXT];

	sluice_store_relaxed(&alarm->is_raised, false);
	sluice_notice_about(SLUICE_ABOUT(.alarm = key), "alarm over: %s (it lasted %s)", text,
			    sluice_duration_say(sluice_now() - alarm->since, lasted));
	sluice_event_send(SLUICE_EVENT_ALARM_OVER, key, where, text);
}

void sluice_alarm_writing(struct sluice_alarm *alarm, int error)
{
	char text[TEXT_MAX];

	if (!error && alarm->is_raised)
		end_alarm(alarm, "store.disk.write", "store", "the disk store is written again");
	if (!error || alarm->is_raised)
		return;
	snprintf(text, sizeof(text), "the disk store cannot be written: %s; memory alone is left",
		 strerror(-error));
	sluice_error_about(SLUICE_ABOUT(.alarm = "store.disk.write"), "alarm: %s", text);
	raise_alarm(alarm, "store.disk.write", "store", text);
}

void sluice_alarm_noting(struct sluice_alarm *alarm, int error)
{
	char text[TEXT_MAX];

	if (!error && alarm->is_raised)
		end_alarm(alarm, "store.note", "store", "which outputs there are is noted");
	if (!error || alarm->is_raised)
		return;
	snprintf(text, sizeof(text),
		 "which outputs there are cannot be noted everywhere: %s; it is tried again",
		 strerror(-error));
	sluice_error_about(SLUICE_ABOUT(.alarm = "store.note"), "alarm: %s", text);
	raise_alarm(alarm, "store.note", "store", text);
}

void sluice_alarm_full(struct sluice_alarm *alarm, bool is_full, bool has_room)
{
	static const char text[] = "the disk store is full; what does not fit into memory is lost "
				   "from now on";

	if (is_full && !alarm->is_raised) {
		sluice_error_about(SLUICE_ABOUT(.alarm = "store.disk"), "alarm: %s", text);
		raise_alarm(alarm, "store.disk", "store", text);
	} else if (!is_full && has_room && alarm->is_raised) {
		end_alarm(alarm, "store.disk", "store", "the disk store has room again");
	}
}

/* The alarm of one that gives up its oldest segments: it did since we looked, or it has no reason
 * to any more. `dropped` datagrams went that way since the start. */
static void tell_dropping(struct sluice_alarm *alarm, bool did, bool is_over, uint64_t dropped)
{
	static const char text[] = "memory and disk are full; the oldest datagrams on the disk are "
				   "given up for new ones (store.drop: oldest)";
	char over[TEXT_MAX];

	if (did)
		sluice_event_lost();
	if (did && !alarm->is_raised) {
		sluice_error_about(SLUICE_ABOUT(.alarm = "store.drop"), "alarm: %s", text);
		raise_alarm(alarm, "store.drop", "store", text);
	} else if (!did && is_over && alarm->is_raised) {
		snprintf(over, sizeof(over),
			 "nothing on the disk is given up any more; %llu datagrams were since the "
			 "start",
			 (unsigned long long)dropped);
		end_alarm(alarm, "store.drop", "store", over);
	}
}

void sluice_alarm_leave(struct sluice_disk_alarms *alarms)
{
	const struct {
		struct sluice_alarm *alarm;
		const char *key;
	} list[] = {{&alarms->failing, "store.disk.write"},
		    {&alarms->full, "store.disk"},
		    {&alarms->level, "store.disk.alarm"},
		    {&alarms->dropping, "store.drop"}};
	size_t number;

	for (number = 0; number < sizeof(list) / sizeof(list[0]); number++)
		if (list[number].alarm->is_raised)
			end_alarm(list[number].alarm, list[number].key, "store",
				  "the disk store is not in use any more");
}

void sluice_alarm_count(const struct sluice_alarm *alarm, uint64_t *raised, uint32_t *now)
{
	*raised += sluice_load_relaxed(&alarm->raised);
	*now += sluice_load_relaxed(&alarm->is_raised);
}

bool sluice_alarm_watch(struct sluice_alarm *alarm, uint64_t used, uint64_t whole,
			unsigned int mark, const char *what, const char *where, const char *key)
{
	/* In halves of a percent, since there is one below a mark of one percent, too. */
	unsigned int low =
		mark > 2 * SLUICE_ALARM_HYSTERESIS ? 2 * (mark - SLUICE_ALARM_HYSTERESIS) : mark;
	unsigned long long percent = whole ? used / (whole / 100 + 1) : 0;
	char text[TEXT_MAX];

	if (whole >= 100)
		percent = used / (whole / 100);
	if (mark && !alarm->is_raised && percent >= mark) {
		snprintf(text, sizeof(text), "%s %s is filled to %llu%% (%s: %u%%)", what, where,
			 percent, key, mark);
		sluice_warning_about(SLUICE_ABOUT(.alarm = key), "alarm: %s", text);
		raise_alarm(alarm, key, where, text);
		return true;
	}
	if (alarm->is_raised && (!mark || used <= whole / 200 * low)) {
		snprintf(text, sizeof(text), "%s %s is filled to %llu%%", what, where, percent);
		end_alarm(alarm, key, where, text);
		return true;
	}
	return false;
}

void sluice_alarm_look(struct sluice_disk_alarms *alarms,
		       const struct sluice_spool_figures *figures, unsigned int mark,
		       bool drops_oldest)
{
	/* Segments that were given up because of an error are no room before they are used again.
	 */
	bool has_room = figures->free_segments > 1 || !figures->frames;
	bool did_drop = figures->dropped_segments != alarms->dropped_segments;

	/* store.drop may have changed: the alarm of the other policy is over. */
	sluice_alarm_full(&alarms->full, false, has_room || did_drop);
	(void)sluice_alarm_watch(&alarms->level, figures->used,
				 figures->segments * figures->segment_size, mark, "the disk",
				 "store", "store.disk.alarm");
	tell_dropping(&alarms->dropping, did_drop, has_room || !drops_oldest, figures->dropped);
	alarms->dropped_segments = figures->dropped_segments;
}
