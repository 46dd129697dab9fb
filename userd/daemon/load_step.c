// SPDX-License-Identifier: MIT
/*
 * Steps of load; see load_step.h. Touches: nothing.
 */
#include "load_step.h"

/* What the figures of one look alone speak for; `more`: so many were lost since the last one. */
static enum sluice_load_step step_of(const struct sluice_load_notes *notes,
				     const struct sluice_load_look *look, uint64_t more)
{
	unsigned int mark = notes->step >= SLUICE_LOAD_BATCHING ? SLUICE_LOAD_BATCHING_TO
								: SLUICE_LOAD_BATCHING_FROM;

	if (more)
		return SLUICE_LOAD_LOSING;
	if (look->disk)
		return SLUICE_LOAD_DISK;
	return look->memory >= mark ? SLUICE_LOAD_BATCHING : SLUICE_LOAD_NORMAL;
}

bool sluice_load_judge(struct sluice_load_notes *notes, const struct sluice_load_look *look)
{
	uint64_t more = notes->is_known && look->lost > notes->lost ? look->lost - notes->lost : 0;
	enum sluice_load_step step = step_of(notes, look, more);

	notes->lost = look->lost;
	if (!notes->is_known)
		notes->since_ns = look->now_ns;
	notes->is_known = true;
	if (step == SLUICE_LOAD_LOSING)
		notes->lost_since = notes->step == step ? notes->lost_since + more : more;
	if (step >= notes->step)
		notes->spoke_ns = look->now_ns;
	if (step == notes->step ||
	    (step < notes->step && look->now_ns - notes->spoke_ns < SLUICE_LOAD_HOLD_NS))
		return false;
	notes->step = step;
	notes->since_ns = look->now_ns;
	notes->spoke_ns = look->now_ns;
	return true;
}

const char *sluice_load_name(enum sluice_load_step step)
{
	static const char *const names[] = {
		[SLUICE_LOAD_NORMAL] = "normal",
		[SLUICE_LOAD_BATCHING] = "batching",
		[SLUICE_LOAD_DISK] = "disk",
		[SLUICE_LOAD_LOSING] = "losing",
	};

	return step < sizeof(names) / sizeof(names[0]) ? names[step] : "?";
}
