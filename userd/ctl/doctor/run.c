// SPDX-License-Identifier: MIT
/*
 * The table of checks, and all of them made, see run.h. Touches: files and sockets that are only
 * read.
 */
#include <errno.h>
#include "../../lib/clock.h"
#include "check.h"
#include "run.h"

#define CHECK(id, class, function, reads, threshold, says, mend, costs) \
	{id, SLUICE_DOCTOR_##class, sluice_doctor_##function, reads, threshold, says, mend, costs},

static const struct sluice_doctor_check checks[] = {
#include "check_rows.h"
};

/* What other sources depend on: which process, which interfaces, which directory. */
static const char first[] = "daemon/daemon daemon/store links/all";

const struct sluice_doctor_check *sluice_doctor_check_row(size_t number)
{
	return number < sizeof(checks) / sizeof(checks[0]) ? &checks[number] : NULL;
}

int sluice_doctor_sample_all(struct sluice_doctor_sample *sample,
			     const struct sluice_doctor_world *world)
{
	const struct sluice_doctor_check *check;
	size_t number;
	int error;

	error = sluice_doctor_sample_read(sample, world, first);
	for (number = 0; !error && (check = sluice_doctor_check_row(number)); number++)
		error = sluice_doctor_sample_read(sample, world, check->reads);
	sample->time_ns = sluice_now();
	return error;
}

int sluice_doctor_judge(const struct sluice_doctor_look *look, struct sluice_doctor_report *report)
{
	size_t number;

	if (!look || !report || look->seconds <= 0)
		return -EINVAL;
	*report = (struct sluice_doctor_report){.seconds = look->seconds, .findings = json_array()};
	if (!report->findings)
		return -ENOMEM;
	for (number = 0; (report->check = sluice_doctor_check_row(number)); number++)
		report->check->judge(look, report);
	return report->error;
}

json_t *sluice_doctor_unchecked(const struct sluice_doctor_look *look)
{
	const struct sluice_doctor_check *check;
	json_t *list = json_array();
	size_t number;

	for (number = 0; list && (check = sluice_doctor_check_row(number)); number++)
		if (!sluice_doctor_sample_has(&look->after, check->reads))
			json_array_append_new(list, json_string(check->id));
	return list;
}
