/* SPDX-License-Identifier: MIT */
/*
 * The table of checks, and all of them made: two samples and what they show. Touches: files and
 * sockets that are only read.
 */
#ifndef SLUICE_DOCTOR_RUN_H
#define SLUICE_DOCTOR_RUN_H

#include <stdio.h>
#include "finding.h"

/* Row `number`, from 0; NULL: there are no more. */
const struct sluice_doctor_check *sluice_doctor_check_row(size_t number);

/* Reads all that the checks read into an empty sample. 0 or -ENOMEM. @owner caller:
 * sluice_doctor_sample_free(), also on failure */
int sluice_doctor_sample_all(struct sluice_doctor_sample *sample,
			     const struct sluice_doctor_world *world);

/* Makes every check; findings come errors first. 0 or -ENOMEM. @owner caller:
 * sluice_doctor_report_free(), also on failure */
int sluice_doctor_judge(const struct sluice_doctor_look *look, struct sluice_doctor_report *report);

/* The ids of the checks that could not be made, since nothing of what they read is there. A new
 * array; NULL: no memory. @owner caller */
json_t *sluice_doctor_unchecked(const struct sluice_doctor_look *look);

/* A text of the report for people, in 100 columns; of findings that were read from JSON, too. 0 or
 * -EIO. */
int sluice_doctor_print(FILE *to, const struct sluice_doctor_report *report,
			const json_t *unchecked, bool has_daemon);

#endif /* SLUICE_DOCTOR_RUN_H */
