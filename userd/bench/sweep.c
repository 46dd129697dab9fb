// SPDX-License-Identifier: MIT
/*
 * sluicebench sweep: a search at each point of a grid of axes, of which each point is one
 * configuration of sluiced, or one run of another relay. What is done is kept, a file a point, so
 * that it goes on after an interruption. Touches: a folder, stderr, processes that it starts.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include "../lib/clock.h"
#include "../lib/size.h"
#include "command.h"
#include "sweep.h"

#define PATH_TEXT 4096U
#define WORDS 128
#define REPEATS_MOST 100U

static volatile sig_atomic_t stop;

/* SIGINT and SIGTERM end the point that is being measured, and the sweep. @context signal */
static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* Prints how it is used. */
static void usage(FILE *to)
{
	fputs("usage: sluicebench sweep --axis NAME=VALUE,... --out FOLDER [OPTION...] "
	      "[-- SEARCH-OPTION...]\n\n"
	      "Searches (sluicebench search) at each point of a grid, on this machine, and writes "
	      "CSV, JSON,\nplots, a Markdown and an HTML report. The same command goes on where it "
	      "was interrupted.\n\n"
	      "  --axis NAME=VALUE,...  what varies; several make a grid. inputs, ports (of each "
	      "input),\n"
	      "                         outputs, destinations, workers, size (bytes, or imix), "
	      "rules,\n"
	      "                         batch-bytes, batch-delay, sources, source, receive, "
	      "framing, verdict\n"
	      "  --fix NAME=VALUE       the same at all points\n"
	      "  --out FOLDER           where the results go\n"
	      "  --repeats N            each point N times, for compare (default 1)\n"
	      "  --relay COMMAND        another relay than sluiced; finds the point in its "
	      "environment: SWEEP_SIZE, ...\n"
	      "  -q, --quiet            no progress\n"
	      "\nOptions behind -- are given to each search, after the defaults:\n"
	      "  --loss 0.5% --trial 1s --sum 3s --width 2% --bursts 0 --latency 0\n",
	      to);
}

/* Says what is wrong with the command line. Returns the exit status. */
static int wrong(const char *option, const char *text, const char *form)
{
	fprintf(stderr, "sluicebench sweep: %s '%s': %s\n", option, text, form);
	return SLUICE_BENCH_USAGE;
}

/* Takes in --axis or --fix. Exit status. */
static int read_axis(struct sluice_sweep *sweep, char *text, bool fixed)
{
	const char *option = fixed ? "--fix" : "--axis";
	char *values = strchr(text, '=');
	enum sluice_sweep_axis axis;
	char *place = NULL;
	char *word;
	const char *fault;
	size_t index;

	if (!values)
		return wrong(option, text, "is not NAME=VALUE");
	*values++ = '\0';
	axis = sluice_sweep_axis_find(text);
	if (axis == SLUICE_SWEEP_AXES)
		return wrong(option, text, "is no axis; sluicebench sweep --help lists them");
	for (index = 0; index < sweep->axes; index++)
		if (sweep->axis[index] == axis)
			return wrong(option, text, "was given already");
	if (!fixed)
		sweep->axis[sweep->axes] = axis;
	for (word = strtok_r(values, ",", &place); word; word = strtok_r(NULL, ",", &place)) {
		fault = sluice_sweep_value_fault(axis, word);
		if (fault)
			return wrong(option, word, fault);
		if (fixed)
			sweep->fixed.value[axis] = word;
		else if (sweep->values[sweep->axes] == SLUICE_SWEEP_VALUES)
			return wrong(option, text, "has more than 32 values");
		else
			sweep->value[sweep->axes][sweep->values[sweep->axes]++] = word;
	}
	if (!fixed && sweep->values[sweep->axes++] == 0)
		return wrong(option, text, "has no value");
	return SLUICE_BENCH_OK;
}

/* Runs a search at a point, its output into `path`. Exit status of the search. */
static int run_search(const struct sluice_sweep *sweep, const struct sluice_sweep_point *point,
		      const char *relay, char *const *more, const char *name, const char *path)
{
	static char text[6][PATH_TEXT];
	const char *words[WORDS] = {
		"sluicebench", "search", "-j",	      "-q",	   "--to",     text[0],
		"--listen",    text[1],	 "--address", "127.0.0.1", "--relay",  text[2],
		"--resume",    text[3],	 "--loss",    "0.5%",	   "--trial",  "1s",
		"--sum",       "3s",	 "--width",   "2%",	   "--bursts", "0",
		"--latency",   "0"};
	size_t count = 26;
	size_t axis;
	int status = 0;
	pid_t child;

	snprintf(text[0], PATH_TEXT, "127.0.0.1:5000-%" PRIu64,
		 4999 + sluice_sweep_udp_ports(point));
	snprintf(text[1], PATH_TEXT, "6000-%" PRIu64, 5999 + sluice_sweep_tcp_ports(point));
	snprintf(text[2], PATH_TEXT, "exec sluiced -c '%s/%s.yaml'", sweep->folder, name);
	if (relay)
		snprintf(text[2], PATH_TEXT, "%s", relay);
	snprintf(text[3], PATH_TEXT, "%s/%s.found", sweep->folder, name);
	if (point->value[SLUICE_SWEEP_SIZE]) {
		words[count++] = "--size";
		words[count++] = point->value[SLUICE_SWEEP_SIZE];
	}
	if (point->value[SLUICE_SWEEP_SOURCES]) {
		words[count++] = "--flows";
		words[count++] = point->value[SLUICE_SWEEP_SOURCES];
	}
	while (*more && count < WORDS - 1)
		words[count++] = *more++;
	child = fork();
	if (child < 0)
		return SLUICE_BENCH_FAILURE;
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM, 0UL, 0UL, 0UL);
		for (axis = 0; axis < SLUICE_SWEEP_AXES; axis++) {
			char variable[64];
			size_t place;
			int length = snprintf(variable, sizeof(variable), "SWEEP_%s",
					      sluice_sweep_axis_name(axis));

			for (place = 6; place < (size_t)length; place++)
				variable[place] =
					(char)(variable[place] == '-' ? '_'
								      : variable[place] & ~0x20);
			if (point->value[axis])
				setenv(variable, point->value[axis], 1);
		}
		/* It is to be there after execv(), so not closed by it. */
		if (!freopen(path, "w", stdout))
			_exit(SLUICE_BENCH_FAILURE);
		execv("/proc/self/exe", (char *const *)words);
		_exit(SLUICE_BENCH_FAILURE);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		if (stop)
			kill(child, SIGTERM);
	return WIFEXITED(status) ? WEXITSTATUS(status) : SLUICE_BENCH_FAILURE;
}

/* What was found at a point, with the point; searches if it is not there yet. NULL: it failed.
 * @owner caller */
static json_t *measure(const struct sluice_sweep *sweep, size_t index, size_t run,
		       const char *relay, char *const *more)
{
	struct sluice_sweep_point point = sluice_sweep_point(sweep, index);
	char name[SLUICE_SWEEP_NAME];
	char path[PATH_TEXT];
	char part[PATH_TEXT];
	json_t *axes = json_object();
	json_t *search;
	size_t axis;
	int status;

	sluice_sweep_name(sweep, &point, run, name);
	for (axis = 0; axis < sweep->axes; axis++)
		json_object_set_new(axes, sluice_sweep_axis_name(sweep->axis[axis]),
				    json_string(point.value[sweep->axis[axis]]));
	snprintf(path, sizeof(path), "%s/%s.json", sweep->folder, name);
	search = json_load_file(path, 0, NULL);
	if (!search) {
		snprintf(part, sizeof(part), "%s/%s.yaml", sweep->folder, name);
		status = relay ? 0 : sluice_sweep_configure(&point, part);
		snprintf(part, sizeof(part), "%s/%s.part", sweep->folder, name);
		if (!status)
			status = run_search(sweep, &point, relay, more, name, part);
		/* No load met the goal: that, too, is a result. */
		if (!stop && (status == SLUICE_BENCH_OK || status == SLUICE_BENCH_WRONG) &&
		    rename(part, path) == 0)
			search = json_load_file(path, 0, NULL);
	}
	if (!search) {
		json_decref(axes);
		return NULL;
	}
	return json_pack("{s:o,s:I,s:o}", "point", axes, "run", (json_int_t)run, "search", search);
}

/* Where, when and how. @owner caller */
static json_t *describe(int argc, char **argv)
{
	struct utsname machine = {0};
	char command[PATH_TEXT] = "sluicebench";
	char date[64] = "";
	char line[256];
	char model[256] = "?";
	struct tm day;
	time_t now = time(NULL);
	size_t length = strlen(command);
	FILE *file = fopen("/proc/cpuinfo", "re");
	int index;

	uname(&machine);
	if (gmtime_r(&now, &day))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &day);
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "model name", 10) == 0 && strchr(line, ':'))
			snprintf(model, sizeof(model), "%.*s",
				 (int)strcspn(strchr(line, ':') + 2, "\n"), strchr(line, ':') + 2);
	if (file)
		fclose(file);
	for (index = 0; index < argc && length < sizeof(command); index++)
		length += (size_t)snprintf(command + length, sizeof(command) - length, " %s",
					   argv[index]);
	return json_pack("{s:s,s:I,s:s,s:s,s:s}", "processor", model, "processors",
			 (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "kernel", machine.release,
			 "date", date, "command", command);
}

/* Measures all points and reports. Exit status. */
static int work(const struct sluice_sweep *sweep, json_t *results, const char *relay,
		char *const *more, bool quiet)
{
	size_t points = sluice_sweep_points(sweep);
	size_t total = points * sweep->repeats;
	json_t *list = json_array();
	uint64_t start = sluice_now();
	char text[SLUICE_SIZE_TEXT];
	size_t done;

	json_object_set_new(results, "points", list);
	/* All points, then again: what changes meanwhile on the machine meets all alike. */
	for (done = 0; done < total && !stop; done++) {
		uint64_t spent = sluice_now() - start;
		json_t *found;

		if (!quiet)
			fprintf(stderr, "sweep: %zu of %zu done, about %s left\n", done, total,
				done ? sluice_duration_say(spent / done * (total - done), text)
				     : "?");
		found = measure(sweep, done % points, done / points + 1, relay, more);
		if (!found && !stop) {
			fprintf(stderr,
				"sluicebench sweep: the search at point %zu failed; what "
				"it said is above\n",
				done + 1);
			return SLUICE_BENCH_FAILURE;
		}
		if (found)
			json_array_append_new(list, found);
	}
	if (!stop)
		return sluice_sweep_report(sweep, results);
	fputs("sluicebench sweep: ended before it was done; the same command goes on\n", stderr);
	return SLUICE_BENCH_FAILURE;
}

/* As command.h says. */
int sluice_bench_sweep(int argc, char **argv)
{
	static const struct option table[] = {
		{"axis", required_argument, NULL, 'a'},	 {"fix", required_argument, NULL, 'f'},
		{"out", required_argument, NULL, 'o'},	 {"repeats", required_argument, NULL, 'r'},
		{"relay", required_argument, NULL, 'R'}, {"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},	 {NULL, 0, NULL, 0},
	};
	struct sluice_sweep *sweep = calloc(1, sizeof(*sweep));
	struct sigaction action = {.sa_handler = on_signal};
	json_t *results = describe(argc, argv);
	const char *relay = NULL;
	uint64_t repeats = 1;
	bool quiet = false;
	int status = SLUICE_BENCH_OK;
	int option;

	optind = 1;
	while (sweep && !status && (option = getopt_long(argc, argv, "qh", table, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			goto out;
		}
		if (option == 'a' || option == 'f')
			status = read_axis(sweep, optarg, option == 'f');
		else if (option == 'o')
			sweep->folder = optarg;
		else if (option == 'R')
			relay = optarg;
		else if (option == 'q')
			quiet = true;
		else if (option != 'r')
			status = SLUICE_BENCH_USAGE;
		else if (sluice_number_parse(optarg, &repeats) || repeats == 0 ||
			 repeats > REPEATS_MOST)
			status = wrong("--repeats", optarg, "is not from 1 to 100");
	}
	if (!sweep)
		status = SLUICE_BENCH_FAILURE;
	if (status)
		goto out;
	if (!sweep->folder || sweep->axes == 0) {
		usage(stderr);
		status = SLUICE_BENCH_USAGE;
		goto out;
	}
	sweep->repeats = repeats;
	if (mkdir(sweep->folder, 0755) && errno != EEXIST) {
		fprintf(stderr, "sluicebench sweep: --out %s: %s\n", sweep->folder,
			strerror(errno));
		status = SLUICE_BENCH_FAILURE;
		goto out;
	}
	stop = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	status = work(sweep, results, relay, argv + optind, quiet);
out:
	json_decref(results);
	free(sweep);
	return status;
}
