// SPDX-License-Identifier: MIT
/*
 * Alarms of filling; see alarm.h. Touches: the log.
 */
#include "../../lib/log.h"
#include "alarm.h"

bool sluice_alarm_watch(struct sluice_alarm *alarm, uint64_t used, uint64_t whole,
			unsigned int mark, const char *what, const char *where, const char *key)
{
	unsigned int low = mark > SLUICE_ALARM_HYSTERESIS ? mark - SLUICE_ALARM_HYSTERESIS : 0;
	unsigned long long percent = whole ? used / (whole / 100 + 1) : 0;

	if (whole >= 100)
		percent = used / (whole / 100);
	if (mark && !alarm->is_raised && percent >= mark) {
		alarm->is_raised = true;
		alarm->raised++;
		sluice_warning("alarm: %s %s is filled to %llu%% (%s: %u%%)", what, where, percent,
			       key, mark);
		return true;
	}
	if (alarm->is_raised && (!mark || percent <= low)) {
		alarm->is_raised = false;
		sluice_notice("alarm over: %s %s is filled to %llu%%", what, where, percent);
		return true;
	}
	return false;
}
