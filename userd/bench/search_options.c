// SPDX-License-Identifier: MIT
/*
 * The command line of `sluicebench search`: see search.h. Before everything else. Touches: stdout
 * and stderr.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../lib/size.h"
#include "command.h"
#include "payload.h"
#include "search.h"
#include "target.h"

#define DATAGRAM_MOST 65507U
#define RATE_LEAST 10U
#define FLOWS_MOST 1024U

/* Prints how it is used. */
static void usage(FILE *to)
{
	fputs("usage: sluicebench search --to HOST:PORT[-PORT] --listen PORT[-PORT][,...] "
	      "[OPTION...]\n\n"
	      "Finds the rates at which a relay loses nothing, by MLRsearch (RFC 9971): sends to "
	      "it,\n"
	      "receives what it delivers over TCP, counts. First the tester alone, then the "
	      "relay.\n"
	      "\n"
	      "  --to HOST:PORT[-PORT]       where the relay receives\n"
	      "  --listen PORT[-PORT][,...]  where it delivers to\n"
	      "  --address ADDRESS     listen only on this address\n"
	      "  --framing FRAMING     native, newline, octet-counted, length32, or auto "
	      "(default)\n"
	      "  --relay COMMAND       start the relay by this command, and end it at the end\n"
	      "  --pid PID             the process of a relay that runs, to see what its threads "
	      "use\n"
	      "  --counters COMMAND    losses that a sluice tells: 'sluicectl show inputs -j'\n"
	      "  --wait TIME           so long for its first datagram to come (default 30s)\n"
	      "  --size SIZE[,...]     bytes, 32 to 65507, or MIN-MAX; a list is taken in turn; "
	      "imix "
	      "(default 200)\n"
	      "  --flows N             source ports, taken in turn (default 1)\n"
	      "  --loss RATIO[,...]    goals: 0, 1e-6, 0.5% (default: these three)\n"
	      "  --trial TIME          Goal Final Trial Duration (default 1s)\n"
	      "  --sum TIME            Goal Duration Sum (default 21s)\n"
	      "  --exceed PERCENT      Goal Exceed Ratio (default 50%)\n"
	      "  --width RATIO         Goal Width, not below the largest loss ratio (default "
	      "0.5%)\n"
	      "  --grace TIME          what comes later after a trial's end is lost (default "
	      "100ms)\n"
	      "  --late TIME           what the sender has not sent so long after a trial's end "
	      "is lost\n"
	      "                        (default: the width of the trial's duration)\n"
	      "  --realtime            the sender goes before all other programs (SCHED_FIFO)\n"
	      "  --settle TIME         so long a silence ends a trial (default 1s)\n"
	      "  --max-rate N          no more datagrams a second (default: what the tester can)\n"
	      "  --min-rate N          no fewer (default 10)\n"
	      "  --bursts N            repeats of the longest burst, 0 to 100 (default 5)\n"
	      "  --latency TIME        so long at each load, 0: not at all (default 5s)\n"
	      "  --hgrm PREFIX         write the distributions of times to PREFIX-LOAD.hgrm\n"
	      "  --resume FILE         keep what is found there, and go on from it\n"
	      "  -q, --quiet           no progress on stderr\n"
	      "  -j, --json            the result as JSON instead of text and RESULT line\n",
	      to);
}

/* Says what is wrong with the command line. Returns the exit status. */
static int wrong(const char *option, const char *text, const char *form)
{
	fprintf(stderr, "sluicebench search: %s '%s': %s\n", option, text, form);
	return SLUICE_BENCH_USAGE;
}

/* A ratio: "0", "1e-6", "0.5%". Returns false if it is none. */
static bool read_ratio(const char *text, double *ratio)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text)
		return false;
	if (*end == '%') {
		number /= 100;
		end++;
	}
	*ratio = number;
	return *end == '\0' && number >= 0 && number < 1;
}

/* --loss. Exit status. */
static int read_loss(struct sluice_search_options *options, const char *text)
{
	char *copy = strdup(text);
	char *place = NULL;
	char *word;
	int status = SLUICE_BENCH_OK;

	if (!copy)
		return SLUICE_BENCH_FAILURE;
	options->goal_count = 0;
	for (word = strtok_r(copy, ",", &place); word && !status;
	     word = strtok_r(NULL, ",", &place)) {
		if (options->goal_count == SLUICE_SEARCH_GOALS ||
		    !read_ratio(word, &options->goals[options->goal_count++].loss_ratio))
			status = wrong("--loss", text,
				       "is not a list of up to 8 ratios such as 0,1e-6,0.5%");
	}
	free(copy);
	if (!status && options->goal_count == 0)
		status = wrong("--loss", text, "names no ratio");
	return status;
}

/* --size. Exit status. */
static int read_size(struct sluice_search_options *options, const char *text)
{
	struct sluice_sizes *sizes = &options->setup.sizes;

	options->size = text;
	if (sluice_sizes_parse(text, DATAGRAM_MOST, sizes) ||
	    sluice_sizes_least(sizes) < SLUICE_PAYLOAD_FULL_SIZE)
		return wrong("--size", text, "is not imix, nor a list of sizes from 32 to 65507");
	options->setup.size = sluice_sizes_most(sizes);
	return SLUICE_BENCH_OK;
}

/* A time in nanoseconds. Exit status. */
static int read_time(const char *option, const char *text, bool zero, uint64_t *ns)
{
	uint64_t us;

	if (sluice_duration_parse(text, &us) || us > 86400000000ULL || (us == 0 && !zero))
		return wrong(option, text, "is not a time such as 500ms or 10s, up to a day");
	*ns = us * 1000;
	return SLUICE_BENCH_OK;
}

/* A whole number. Exit status. */
static int read_number(const char *option, const char *text, uint64_t least, uint64_t most,
		       uint64_t *number)
{
	if (sluice_number_parse(text, number) || *number < least || *number > most)
		return wrong(option, text, "is not a whole number in its range");
	return SLUICE_BENCH_OK;
}

/* --framing. Exit status. */
static int read_framing(struct sluice_sink_rules *rules, const char *text)
{
	static const char *const names[] = {"native", "newline", "octet-counted", "length32"};
	size_t index;

	rules->automatic = strcasecmp(text, "auto") == 0;
	if (rules->automatic)
		return SLUICE_BENCH_OK;
	for (index = 0; index < sizeof(names) / sizeof(names[0]); index++) {
		if (strcasecmp(text, names[index]) == 0) {
			rules->framing = (enum sluice_decoder_framing)index;
			return SLUICE_BENCH_OK;
		}
	}
	return wrong("--framing", text,
		     "is none of native, newline, octet-counted, length32, auto");
}

/* What all goals have in common, until it is given to each. */
struct common {
	uint64_t trial_ns;
	uint64_t sum_ns;
	double exceed;
	double width;
};

/* Takes in one option. Exit status. */
static int read_option(struct sluice_search_options *options, struct common *common, int option)
{
	struct sluice_tester_setup *setup = &options->setup;
	uint64_t number = 0;
	const char *why;
	int status = SLUICE_BENCH_OK;

	switch (option) {
	case 't':
		options->to = optarg;
		why = sluice_target_parse(optarg, &setup->route);
		return why ? wrong("--to", optarg, why) : SLUICE_BENCH_OK;
	case 'l':
		options->listen = optarg;
		if (sluice_port_list_parse(optarg, setup->ports, &setup->port_count))
			return wrong("--listen", optarg,
				     "is not a port, a range or a list of them");
		break;
	case 'a':
		setup->address = optarg;
		break;
	case 'f':
		return read_framing(&setup->rules, optarg);
	case 'R':
		options->relay = optarg;
		break;
	case 'p':
		status = read_number("--pid", optarg, 1, INT32_MAX, &number);
		options->pid = (pid_t)number;
		break;
	case 'c':
		setup->counters = optarg;
		break;
	case 'w':
		return read_time("--wait", optarg, false, &options->wait_ns);
	case 's':
		return read_size(options, optarg);
	case 'F':
		status = read_number("--flows", optarg, 1, FLOWS_MOST, &number);
		setup->route.sources = number;
		break;
	case 'L':
		return read_loss(options, optarg);
	case 'T':
		return read_time("--trial", optarg, false, &common->trial_ns);
	case 'S':
		return read_time("--sum", optarg, false, &common->sum_ns);
	case 'e':
		if (!read_ratio(optarg, &common->exceed))
			return wrong("--exceed", optarg, "is not from 0 to below 100%");
		break;
	case 'W':
		if (!read_ratio(optarg, &common->width))
			return wrong("--width", optarg, "is not between 0 and 100%");
		break;
	case 'g':
		return read_time("--grace", optarg, true, &setup->grace_ns);
	case 'A':
		return read_time("--late", optarg, false, &setup->late_ns);
	case 'P':
		setup->realtime = true;
		break;
	case 'Z':
		return read_time("--settle", optarg, false, &setup->settle_ns);
	case 'm':
		return read_number("--max-rate", optarg, 1, 1000000000, &options->most);
	case 'n':
		return read_number("--min-rate", optarg, 1, 1000000000, &options->least);
	case 'b':
		status = read_number("--bursts", optarg, 0, SLUICE_SEARCH_REPEATS, &number);
		options->repeats = number;
		break;
	case 'y':
		status = read_time("--latency", optarg, true, &number);
		options->latency_seconds = (double)number / 1e9;
		break;
	case 'H':
		options->hgrm = optarg;
		break;
	case 'r':
		options->resume = optarg;
		break;
	case 'q':
		options->quiet = true;
		setup->rules.quiet = true;
		break;
	case 'j':
		options->json = true;
		break;
	default:
		status = SLUICE_BENCH_USAGE;
	}
	return status;
}

/* Gives every goal what is common, and looks whether it can be searched for. Exit status. */
static int complete(struct sluice_search_options *options, const struct common *common)
{
	char text[32];
	const char *fault;
	size_t index;

	for (index = 0; index < options->goal_count; index++) {
		struct sluice_search_goal *goal = &options->goals[index];

		goal->exceed_ratio = common->exceed;
		goal->width = common->width;
		goal->seconds = (double)common->trial_ns / 1e9;
		goal->sum_seconds = (double)common->sum_ns / 1e9;
		if (goal->sum_seconds < goal->seconds)
			goal->sum_seconds = goal->seconds;
		fault = sluice_search_goal_fault(goal);
		snprintf(text, sizeof(text), "%g", goal->loss_ratio);
		if (fault)
			return wrong("the goal of loss ratio", text, fault);
	}
	options->setup.width = common->width;
	if (options->most && options->least > options->most)
		options->least = options->most;
	return -1;
}

/* As search.h says. @context process */
int sluice_search_options_read(struct sluice_search_options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{"to", required_argument, NULL, 't'},
		{"listen", required_argument, NULL, 'l'},
		{"address", required_argument, NULL, 'a'},
		{"framing", required_argument, NULL, 'f'},
		{"relay", required_argument, NULL, 'R'},
		{"pid", required_argument, NULL, 'p'},
		{"counters", required_argument, NULL, 'c'},
		{"wait", required_argument, NULL, 'w'},
		{"size", required_argument, NULL, 's'},
		{"flows", required_argument, NULL, 'F'},
		{"loss", required_argument, NULL, 'L'},
		{"trial", required_argument, NULL, 'T'},
		{"sum", required_argument, NULL, 'S'},
		{"exceed", required_argument, NULL, 'e'},
		{"width", required_argument, NULL, 'W'},
		{"grace", required_argument, NULL, 'g'},
		{"late", required_argument, NULL, 'A'},
		{"realtime", no_argument, NULL, 'P'},
		{"settle", required_argument, NULL, 'Z'},
		{"max-rate", required_argument, NULL, 'm'},
		{"min-rate", required_argument, NULL, 'n'},
		{"bursts", required_argument, NULL, 'b'},
		{"latency", required_argument, NULL, 'y'},
		{"hgrm", required_argument, NULL, 'H'},
		{"resume", required_argument, NULL, 'r'},
		{"quiet", no_argument, NULL, 'q'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct common common = {
		.trial_ns = 1000000000, .sum_ns = 21000000000, .exceed = 0.5, .width = 0.005};
	int option;
	int status;

	memset(options, 0, sizeof(*options));
	options->setup.route.sources = 1;
	options->setup.rules.automatic = true;
	options->setup.grace_ns = 100000000;
	options->setup.settle_ns = 1000000000;
	options->wait_ns = 30000000000;
	options->least = RATE_LEAST;
	options->repeats = 5;
	options->latency_seconds = 5;
	status = read_size(options, "200");
	if (!status)
		status = read_loss(options, "0,1e-6,0.5%");
	optind = 1;
	while (!status && (option = getopt_long(argc, argv, "qjh", table, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return SLUICE_BENCH_OK;
		}
		status = read_option(options, &common, option);
	}
	if (status)
		return status;
	if (!options->to || !options->listen || optind != argc) {
		usage(stderr);
		return SLUICE_BENCH_USAGE;
	}
	return complete(options, &common);
}
