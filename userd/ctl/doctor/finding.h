/* SPDX-License-Identifier: MIT */
/*
 * What a check found: the sentence and the command of its row with their names filled in, what it
 * costs, and what was read where. Touches: nothing but memory.
 */
#ifndef SLUICE_DOCTOR_FINDING_H
#define SLUICE_DOCTOR_FINDING_H

#include <jansson.h>
#include "sample.h"

enum sluice_doctor_class {
	SLUICE_DOCTOR_ERROR,	   /* datagrams are lost, or refused */
	SLUICE_DOCTOR_SATURATION,  /* something is full, or work waits for it */
	SLUICE_DOCTOR_UTILISATION, /* something works more, or slower, than it has to */
};

struct sluice_doctor_report;

/* A row of check_rows.h. */
struct sluice_doctor_check {
	const char *id;
	enum sluice_doctor_class class;
	void (*judge)(const struct sluice_doctor_look *look, struct sluice_doctor_report *report);
	const char *reads;     /* sources, as sample.h has them */
	const char *threshold; /* from when on it is a finding */
	const char *says;      /* the sentence; {NAME} stands for what the check fills in */
	const char *mend;      /* the command that mends it, likewise; "": there is none */
	const char *costs;     /* what that costs */
};

/* What was found so far. @owner sluice_doctor_report_free() */
struct sluice_doctor_report {
	const struct sluice_doctor_check *check; /* the one that is being made */
	double seconds;
	json_t *findings; /* an array */
	int error;	  /* -ENOMEM, or 0 */
};

/*
 * A finding of the check that is being made, about `subject` ("eth0", "port 5000"), as an object:
 * {check, class, subject, text, lost, per_second, read, mend, costs}. It stays the report's. NULL:
 * no memory; the functions below take that.
 */
json_t *sluice_doctor_find(struct sluice_doctor_report *report, const char *subject);

/* Fills in {name} in the finding's sentence and command. */
__attribute__((format(printf, 3, 4))) void sluice_doctor_fill(json_t *finding, const char *name,
							      const char *format, ...);

/* The same with a number, which gets its commas. */
void sluice_doctor_fill_number(json_t *finding, const char *name, uint64_t number);

/* Adds a sentence. */
__attribute__((format(printf, 2, 3))) void sluice_doctor_add(json_t *finding, const char *format,
							     ...);

/* Another command than that of the row, and what it costs; NULL: as in the row. */
__attribute__((format(printf, 3, 4))) void sluice_doctor_mend(json_t *finding, const char *costs,
							      const char *format, ...);

/* So many datagrams were lost by it in the watch; {count} is that. */
void sluice_doctor_lost(struct sluice_doctor_report *report, json_t *finding, uint64_t datagrams);

/* What was read: `what` of source `where`, before and after. */
void sluice_doctor_proof(json_t *finding, const char *where, const char *what,
			 const uint64_t numbers[2]);

/* What was read, where a text is the proof, or the same in both samples. */
void sluice_doctor_proof_text(json_t *finding, const char *where, const char *what,
			      const char *value);

/* The number with a comma behind each three figures. */
#define SLUICE_DOCTOR_NUMBER 32
const char *sluice_doctor_commas(uint64_t number, char text[SLUICE_DOCTOR_NUMBER]);

/* The class as users see it: "error", "saturation", "utilisation". */
const char *sluice_doctor_class_name(enum sluice_doctor_class class);

void sluice_doctor_report_free(struct sluice_doctor_report *report);

#endif /* SLUICE_DOCTOR_FINDING_H */
