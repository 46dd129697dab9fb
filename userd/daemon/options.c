// SPDX-License-Identifier: MIT
/*
 * The command line of sluiced, see options.h. Touches: stdout, stderr.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "options.h"
#include "../lib/log.h"

/* Options without a short form. */
enum long_only {
	OPTION_CHECK = 256,
	OPTION_FOREGROUND,
	OPTION_DAEMON,
	OPTION_PID_FILE,
	OPTION_LOG_LEVEL,
	OPTION_LATER
};

static const char usage[] = "usage: sluiced -c FILE [--check] [--foreground | --daemon] "
			    "[--pid-file FILE] [--log-level LEVEL] [-S SOCKET]\n"
			    "       sluiced --version | --help\n";

static const char help[] =
	"\n"
	"  -c, --config FILE   the configuration (sluice.yaml(5))\n"
	"      --check         list every fault of the configuration, then exit\n"
	"      --foreground    stay attached to the terminal (default)\n"
	"      --daemon        go to the background once everything runs\n"
	"      --pid-file FILE write the process id there; refuse to start where another one runs\n"
	"      --log-level L   error, warning, notice, info or debug, whatever the configuration "
	"says\n"
	"      --takeover      take over from a running instance (not supported yet)\n"
	"      --standby       wait until the running instance leaves (not supported yet)\n"
	"  -S, --socket PATH   answer sluicectl at this socket (default: one in /run/sluice)\n"
	"  -V, --version       print version and date\n"
	"  -h, --help          print this\n"
	"\n"
	"SIGTERM, SIGINT       deliver what is in the rings, then exit; a second one: exit at "
	"once\n"
	"SIGHUP                read the configuration again, open the log file anew\n"
	"SIGUSR1               open the log file anew\n"
	"\n"
	"exit status: 0 all right, 1 faults in the configuration, 2 usage, 3 could not start\n";

/* The command line is wrong: says so, about `word` if that is not NULL. Returns the status. */
static int refuse(const char *word, const char *sentence)
{
	fprintf(stderr, "sluiced: %s%s%s\n", word ? word : "", word ? " " : "", sentence);
	fputs(usage, stderr);
	return SLUICE_EXIT_USAGE;
}

int sluice_options_read(int argc, char **argv, struct sluice_options *options)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, OPTION_CHECK},
		{"foreground", no_argument, NULL, OPTION_FOREGROUND},
		{"daemon", no_argument, NULL, OPTION_DAEMON},
		{"pid-file", required_argument, NULL, OPTION_PID_FILE},
		{"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
		{"takeover", no_argument, NULL, OPTION_LATER},
		{"standby", no_argument, NULL, OPTION_LATER},
		{"socket", required_argument, NULL, 'S'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option, place;

	*options = (struct sluice_options){.log_level = -1};
	optind = 1;
	while ((option = getopt_long(argc, argv, "c:S:Vh", known, &place)) != -1) {
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 'S':
			/* In the background the working folder is another one. */
			if (optarg[0] != '/')
				return refuse(optarg, "is no absolute path of a socket");
			options->socket = optarg;
			break;
		case OPTION_CHECK:
			options->check = true;
			break;
		case OPTION_FOREGROUND:
			options->daemon = false;
			break;
		case OPTION_DAEMON:
			options->daemon = true;
			break;
		case OPTION_PID_FILE:
			options->pid_file = optarg;
			break;
		case OPTION_LOG_LEVEL:
			options->log_level = sluice_log_level_parse(optarg);
			if (options->log_level < 0)
				return refuse(
					optarg,
					"is no log level: error, warning, notice, info or debug");
			break;
		case OPTION_LATER:
			fprintf(stderr, "sluiced: --%s: not supported yet\n", known[place].name);
			return SLUICE_EXIT_USAGE;
		case 'V':
			printf("sluiced %s (%s)\n", SLUICE_VERSION, SLUICE_DATE);
			return SLUICE_EXIT_OK;
		case 'h':
			fputs(usage, stdout);
			fputs(help, stdout);
			return SLUICE_EXIT_OK;
		default:
			/* getopt_long has said what. */
			fputs(usage, stderr);
			return SLUICE_EXIT_USAGE;
		}
	}
	if (optind < argc)
		return refuse(argv[optind], "is no option; the configuration goes behind -c");
	if (!options->config)
		return refuse(NULL, "a configuration is needed: -c FILE");
	return -1;
}
