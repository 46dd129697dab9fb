// SPDX-License-Identifier: MIT
/*
 * What sources do that keep nothing outside the process: functions of struct sluice_source_class
 * (source.h) which several of them share. In the control thread. Touches: nothing.
 */
#include "source.h"

bool sluice_source_has_left_nothing(const struct sluice_config *config,
				    const struct sluice_identity *identity, bool is_start)
{
	(void)config;
	(void)identity;
	(void)is_start;
	return false;
}

bool sluice_source_holds_nothing(struct sluice_intake *intake, const struct sluice_config *config,
				 size_t workers, const sluice_guid route,
				 const sluice_guid *outputs, size_t count)
{
	(void)intake;
	(void)config;
	(void)workers;
	(void)route;
	(void)outputs;
	(void)count;
	return false;
}

bool sluice_source_retires(struct sluice_intake *intake, struct sluice_stream *stream)
{
	(void)intake;
	(void)stream;
	return true;
}

int sluice_source_measures_nothing(struct sluice_intake *intake)
{
	(void)intake;
	return 0;
}
