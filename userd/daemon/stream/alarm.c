// SPDX-License-Identifier: MIT
/*
 * Alarms of filling; see alarm.h. Touches: the log.
 */
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "alarm.h"

void sluice_alarm_raise(struct sluice_alarm *alarm)
{
	if (alarm->is_raised)
		return;
	sluice_store_relaxed(&alarm->raised, alarm->raised + 1);
	sluice_store_relaxed(&alarm->is_raised, true);
}

void sluice_alarm_clear(struct sluice_alarm *alarm)
{
	sluice_store_relaxed(&alarm->is_raised, false);
}

void sluice_alarm_count(const struct sluice_alarm *alarm, uint64_t *raised, uint32_t *now)
{
	*raised += sluice_load_relaxed(&alarm->raised);
	*now += sluice_load_relaxed(&alarm->is_raised);
}

bool sluice_alarm_watch(struct sluice_alarm *alarm, uint64_t used, uint64_t whole,
			unsigned int mark, const char *what, const char *where, const char *key)
{
	unsigned int low = mark > SLUICE_ALARM_HYSTERESIS ? mark - SLUICE_ALARM_HYSTERESIS : 0;
	unsigned long long percent = whole ? used / (whole / 100 + 1) : 0;

	if (whole >= 100)
		percent = used / (whole / 100);
	if (mark && !alarm->is_raised && percent >= mark) {
		sluice_alarm_raise(alarm);
		sluice_warning("alarm: %s %s is filled to %llu%% (%s: %u%%)", what, where, percent,
			       key, mark);
		return true;
	}
	if (alarm->is_raised && (!mark || percent <= low)) {
		sluice_alarm_clear(alarm);
		sluice_notice("alarm over: %s %s is filled to %llu%%", what, where, percent);
		return true;
	}
	return false;
}
