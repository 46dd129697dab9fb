// SPDX-License-Identifier: MIT
/*
 * The command line of sluiced, see options.h. Touches: stdout, stderr.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "options.h"
#include "standby/standby.h"
#include "../lib/log.h"
#include "../lib/version.h"

/* Options without a short form. */
enum long_only {
	OPTION_CHECK = 256,
	OPTION_FOREGROUND,
	OPTION_DAEMON,
	OPTION_PID_FILE,
	OPTION_LOG_LEVEL,
	OPTION_RELAY,
	OPTION_FRAMING,
	OPTION_RECEIVER,
	OPTION_NAME,
	OPTION_SOURCE,
	OPTION_PRINT,
	OPTION_STANDBY,
	OPTION_STANDBY_LIMIT,
	OPTION_TAKEOVER,
	OPTION_SWEEP,
	OPTION_UNTIL_DRAINED,
	OPTION_LATER
};

static const char usage[] =
	"usage: sluiced -c FILE [--check] [--foreground | --daemon] "
	"[--standby] [--until-drained] [--pid-file FILE] [--log-level LEVEL] [-S SOCKET]\n"
	"       sluiced --relay PORTS HOST:PORT [--framing F] [--receiver R] "
	"[--name N] [--source S] [--print] [...]\n"
	"       sluiced --sweep | --version | --help\n";

static const char help[] =
	"\n"
	"  -c, --config FILE   the configuration (sluice.yaml(5))\n"
	"      --relay PORTS HOST:PORT\n"
	"                      run without a file: what comes to these UDP ports goes to "
	"HOST:PORT\n"
	"      --framing F     with --relay: outputs.framing of sluice.yaml(5)\n"
	"      --receiver R    with --relay: who receives: rsyslog, syslog-ng, socat, ...\n"
	"      --name N        with --relay: the relay's name (default: after the ports)\n"
	"      --source S      with --relay: auto (default), kmod or socket\n"
	"      --print         with --relay: print the file that it stands for, then exit\n"
	"      --check         list every fault of the configuration, then exit\n"
	"      --foreground    stay attached to the terminal (default)\n"
	"      --daemon        go to the background once everything runs\n"
	"      --pid-file FILE write the process id there; refuse to start where another one runs\n"
	"      --log-level L   error, warning, notice, info or debug, whatever the configuration "
	"says\n"
	"      --takeover      take over from the sluiced that runs with this configuration\n"
	"      --until-drained end, with status 0, when all captures are read and delivered\n"
	"      --standby       wait until nobody else works as this relay: then work, within "
	"100 ms\n"
	"      --standby-limit SECONDS\n"
	"                      with --standby: kill one that works and hangs for so long "
	"(default: 5)\n"
	"      --sweep         take away what a killed sluiced left in the XDP dispatcher, then "
	"exit\n"
	"  -S, --socket PATH   answer sluicectl at this socket (default: one in /run/sluice)\n"
	"  -V, --version       print version and date\n"
	"  -h, --help          print this\n"
	"\n"
	"SIGTERM, SIGINT       deliver what is in the rings, then exit; a second one: exit at "
	"once\n"
	"SIGHUP                read the configuration again, open the log file anew\n"
	"SIGUSR1               open the log file anew\n"
	"SIGUSR2               start the program that is on the disk now, to take over\n"
	"\n"
	"exit status: 0 all right, 1 faults in the configuration, 2 usage, 3 could not start\n";

/* The command line is wrong: says so, about `word` if that is not NULL. Returns the status. */
static int refuse(const char *word, const char *sentence)
{
	fprintf(stderr, "sluiced: %s%s%s\n", word ? word : "", word ? " " : "", sentence);
	fputs(usage, stderr);
	return SLUICE_EXIT_USAGE;
}

/*
 * Holds together what --relay needs and what needs it; `rest`: the words that are no options, of
 * which the first is where to. -1: go on; else the status, told.
 */
static int settle_relay(struct sluice_options *options, int count, char **rest)
{
	struct sluice_starter *relay = &options->relay;

	if (!relay->ports && (relay->framing || relay->receiver || relay->relay || relay->source))
		return refuse(NULL, "--framing, --receiver, --name and --source belong to --relay; "
				    "a file says them itself");
	if (!relay->ports && options->print)
		return refuse(NULL, "--print prints what --relay stands for: add --relay PORTS "
				    "HOST:PORT");
	if (!relay->ports)
		return -1;
	if (options->config)
		return refuse(NULL, "-c FILE and --relay are two configurations: leave one out");
	if (!count)
		return refuse(NULL, "--relay: where to is missing: --relay PORTS HOST:PORT, for "
				    "example --relay 5000-5003 10.9.1.2:6000");
	if (count > 1)
		return refuse(rest[1], "is one word too many: --relay PORTS HOST:PORT; several "
				       "ports or destinations are joined by commas");
	relay->to = rest[0];
	/* A background process has no stderr. */
	if (options->daemon)
		relay->log = "journal";
	return -1;
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
		{"relay", required_argument, NULL, OPTION_RELAY},
		{"framing", required_argument, NULL, OPTION_FRAMING},
		{"receiver", required_argument, NULL, OPTION_RECEIVER},
		{"name", required_argument, NULL, OPTION_NAME},
		{"source", required_argument, NULL, OPTION_SOURCE},
		{"print", no_argument, NULL, OPTION_PRINT},
		{"takeover", no_argument, NULL, OPTION_TAKEOVER},
		{"sweep", no_argument, NULL, OPTION_SWEEP},
		{"until-drained", no_argument, NULL, OPTION_UNTIL_DRAINED},
		{"standby", no_argument, NULL, OPTION_STANDBY},
		{"standby-limit", required_argument, NULL, OPTION_STANDBY_LIMIT},
		{"socket", required_argument, NULL, 'S'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	char text[SLUICE_VERSION_TEXT];
	int option, place, status;
	double seconds;
	char *end;

	*options = (struct sluice_options){.log_level = -1,
					   .standby_limit_ms = SLUICE_STANDBY_LIMIT_MS};
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
		case OPTION_RELAY:
			options->relay.ports = optarg;
			break;
		case OPTION_FRAMING:
			options->relay.framing = optarg;
			break;
		case OPTION_RECEIVER:
			options->relay.receiver = optarg;
			break;
		case OPTION_NAME:
			options->relay.relay = optarg;
			break;
		case OPTION_SOURCE:
			options->relay.source = optarg;
			break;
		case OPTION_PRINT:
			options->print = true;
			break;
		case OPTION_STANDBY:
			options->standby = true;
			break;
		case OPTION_STANDBY_LIMIT:
			seconds = strtod(optarg, &end);
			if (end == optarg || *end || !(seconds >= 1 && seconds <= 3600))
				return refuse(optarg, "is no time in seconds, from 1 to 3600");
			options->standby_limit_ms = (unsigned int)(seconds * 1000);
			break;
		case OPTION_SWEEP:
			options->sweep = true;
			break;
		case OPTION_UNTIL_DRAINED:
			options->until_drained = true;
			break;
		case OPTION_TAKEOVER:
			options->takeover = true;
			break;
		case OPTION_LATER:
			fprintf(stderr, "sluiced: --%s: not supported yet\n", known[place].name);
			return SLUICE_EXIT_USAGE;
		case 'V':
			fputs(sluice_version_text("sluiced", text), stdout);
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
	status = settle_relay(options, argc - optind, argv + optind);
	if (status >= 0 || options->relay.ports)
		return status;
	if (optind < argc)
		return refuse(argv[optind], "is no option; the configuration goes behind -c");
	if (options->sweep)
		return options->config ? refuse(NULL, "--sweep takes no configuration") : -1;
	if (!options->config)
		return refuse(NULL, "a configuration is needed: -c FILE, or --relay PORTS "
				    "HOST:PORT without one");
	return -1;
}
