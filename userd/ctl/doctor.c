// SPDX-License-Identifier: MIT
/*
 * `sluicectl doctor`: what of this host costs datagrams, and the command that mends it. Here: its
 * command line. Two samples, and what their difference proves; nothing is changed. Touches: what it
 * reads, stdout, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../lib/clock.h"
#include "command.h"
#include "doctor/run.h"
#include "doctor/text.h"
#include "doctor_ask.h"
#include "print.h"

#define WATCH_MOST 86400.0

/* What the command line asks for. */
struct wish {
	double seconds;
	const char *root; /* of a recorded machine: DIR/before and DIR/after; "": this one */
	bool as_json, is_list;
};

/* "10s", "500ms", "2m" or "10". False: it is no such time. */
static bool read_time(const char *text, double *seconds)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"", 1}, {"s", 1}, {"ms", 0.001}, {"m", 60}, {"min", 60}};
	size_t number;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*seconds = strtod(text, &end);
	for (number = 0; number < sizeof(units) / sizeof(units[0]); number++)
		if (!strcmp(end, units[number].unit))
			break;
	if (errno || number == sizeof(units) / sizeof(units[0]))
		return false;
	*seconds *= units[number].seconds;
	return *seconds >= 0.01 && *seconds <= WATCH_MOST;
}

/* Reads the command line. False: it is wrong. */
static bool parse(struct wish *wish, int argc, char **argv)
{
	int word;

	for (word = 1; word < argc; word++) {
		if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json")) {
			wish->as_json = true;
		} else if (!strcmp(argv[word], "--list")) {
			wish->is_list = true;
		} else if (!strcmp(argv[word], "--watch") && word + 1 < argc) {
			if (!read_time(argv[++word], &wish->seconds)) {
				fprintf(stderr,
					"sluicectl: doctor: --watch cannot be %s: a time from 10ms "
					"to 1440m (10s, 500ms, 2m)\n",
					argv[word]);
				return false;
			}
		} else if (!strcmp(argv[word], "--root") && word + 1 < argc) {
			wish->root = argv[++word];
		} else {
			return false;
		}
	}
	return true;
}

/* One row for `--list`. */
static json_t *row_object(const struct sluice_doctor_check *check)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "check", check->id, "class",
			 sluice_doctor_class_name(check->class), "reads", check->reads, "threshold",
			 check->threshold, "says", check->says, "mend", check->mend, "costs",
			 check->costs);
}

/* Prints all checks. Returns the exit status. */
static int list(bool as_json)
{
	static const struct sluice_print_column columns[] = {
		{"check", "CHECK"}, {"class", "CLASS"}, {"threshold", "A FINDING WHEN"}};
	const struct sluice_doctor_check *check;
	json_t *rows = json_array();
	size_t number;
	int error;

	for (number = 0; (check = sluice_doctor_check_row(number)); number++)
		json_array_append_new(rows, row_object(check));
	error = sluice_print(rows, as_json, columns, 3);
	json_decref(rows);
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

/* Waits until the clock says `until`. */
static void wait_until(uint64_t until)
{
	const struct timespec moment = {.tv_sec = (time_t)(until / SLUICE_NS_PER_S),
					.tv_nsec = (long)(until % SLUICE_NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == EINTR)
		;
}

/* Takes both samples. 0 or -ENOMEM. */
static int watch(struct sluice_doctor_look *look, const struct wish *wish)
{
	struct sluice_doctor_world world = {.root = "", .ask = sluice_ctl_doctor_ask};
	char before[512], after[512];
	int error;

	if (*wish->root) {
		snprintf(before, sizeof(before), "%s/before", wish->root);
		snprintf(after, sizeof(after), "%s/after", wish->root);
		world.root = before;
	}
	error = sluice_doctor_sample_all(&look->before, &world);
	if (error)
		return error;
	look->seconds = wish->seconds;
	if (*wish->root) {
		world.root = after;
		return sluice_doctor_sample_all(&look->after, &world);
	}
	wait_until(look->before.time_ns + (uint64_t)(wish->seconds * 1e9));
	error = sluice_doctor_sample_all(&look->after, &world);
	look->seconds = (double)(look->after.time_ns - look->before.time_ns) / 1e9;
	return error;
}

/* Prints the report. 0 or a negative errno. */
static int print(const struct sluice_doctor_look *look, const struct sluice_doctor_report *report,
		 bool as_json)
{
	json_t *unchecked = sluice_doctor_unchecked(look), *whole;
	bool has_daemon = sluice_doctor_text(&look->after, "daemon/daemon");
	int error;

	if (as_json) {
		whole = json_pack("{s:f, s:b, s:O, s:O}", "seconds", report->seconds, "daemon",
				  has_daemon, "findings", report->findings, "unchecked", unchecked);
		error = sluice_print_json(whole);
		json_decref(whole);
	} else {
		error = sluice_doctor_print(stdout, report, unchecked, has_daemon);
	}
	json_decref(unchecked);
	return error;
}

/* As command.h says. */
int sluice_ctl_doctor(int argc, char **argv)
{
	struct wish wish = {.seconds = 1, .root = ""};
	struct sluice_doctor_report report = {0};
	struct sluice_doctor_look look = {0};
	int error, status = SLUICE_CTL_OK;

	if (!parse(&wish, argc, argv)) {
		fputs("usage: sluicectl doctor [--watch TIME] [-j]\n"
		      "       sluicectl doctor --list [-j]\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	if (wish.is_list)
		return list(wish.as_json);
	error = watch(&look, &wish);
	if (!error && !look.after.count) {
		fprintf(stderr, "sluicectl: doctor: nothing can be read%s%s\n",
			*wish.root ? " below " : "; is /proc mounted?", wish.root);
		status = SLUICE_CTL_REFUSED;
	} else {
		if (!error)
			error = sluice_doctor_judge(&look, &report);
		if (!error)
			error = print(&look, &report, wish.as_json);
		if (error) {
			fprintf(stderr, "sluicectl: doctor: %s\n", strerror(-error));
			status = SLUICE_CTL_REFUSED;
		} else if (json_array_size(report.findings)) {
			status = SLUICE_CTL_FINDINGS;
		}
	}
	sluice_doctor_report_free(&report);
	sluice_doctor_sample_free(&look.before);
	sluice_doctor_sample_free(&look.after);
	return status;
}
