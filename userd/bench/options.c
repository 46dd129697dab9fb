// SPDX-License-Identifier: MIT
/*
 * The sink's command line: see options.h. Before everything else. Touches: stdout and stderr.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "../lib/size.h"
#include "command.h"
#include "options.h"

/* After the last expected datagram: time for repeated ones to show, and for acknowledgements to get
 * out. */
#define SETTLE_US 200000U

/* Prints how it is used. */
static void usage(FILE *to)
{
	fputs("usage: sluicebench sink --listen PORT[-PORT][,...] [OPTION...]\n\n"
	      "Receives what a relay delivers over TCP, counts and checks it.\n\n"
	      "  --listen PORT[-PORT][,...]  ports to accept connections on\n"
	      "  --address ADDRESS       only on this address (default: all, IPv4 and IPv6)\n"
	      "  --framing FRAMING       native, newline, octet-counted, length32, or auto "
	      "(default):\n"
	      "                          each connection's first bytes tell\n"
	      "  --expect N              end when so many datagrams came or were told of as lost\n"
	      "  --sent N                how many were sent, to tell what is missing (default: "
	      "--expect)\n"
	      "  --settle SECONDS        with --expect: but only when nothing more came for so "
	      "long, "
	      "to see\n"
	      "                          what is repeated (default: 200ms)\n"
	      "  --idle SECONDS          end when nothing came for so long after the first\n"
	      "  --seconds S             end after so long\n"
	      "  --state FILE            keep the books there: a sink that is killed goes on where "
	      "it was\n"
	      "  --write FILE            write the payloads there too\n"
	      "  --write-as FORM         line (default): a newline after each; length32: its "
	      "length before\n"
	      "  --ack KIND              received (default), or durable: on disk first\n"
	      "  --numbered              every datagram must be of sluicebench gen\n"
	      "  --plain                 none is looked at\n"
	      "  --slow BYTES            read each connection at so many bytes a second; 'never': "
	      "not at all\n"
	      "  --reset-after BYTES[,once]  reset the connection inside a frame every so many "
	      "bytes\n"
	      "  --tls-certificate FILE  speak TLS, with this certificate and its chain,\n"
	      "  --tls-key FILE          and this key\n"
	      "  --tls-ca FILE           whoever connects must have a certificate signed by one of "
	      "these\n"
	      "  -q, --quiet             no progress on stderr\n"
	      "  -j, --json              the result as JSON instead of tables and RESULT line\n"
	      "\nWith --expect or --sent the exit status is 1 if something is missing, repeated or "
	      "damaged.\n"
	      "It is 3, and the sink ends at once, if the first that connects sends another "
	      "framing.\n",
	      to);
}

/* Says what is wrong with the command line. Returns the exit status. */
static int wrong(const char *option, const char *text, const char *form)
{
	fprintf(stderr, "sluicebench sink: %s '%s': %s\n", option, text, form);
	return SLUICE_BENCH_USAGE;
}

/* Seconds, or a duration with its unit, to microseconds. Exit status. */
static int read_seconds(const char *option, const char *text, uint64_t *microseconds)
{
	uint64_t seconds;

	if (sluice_number_parse(text, &seconds) == 0 && seconds > 0 && seconds < UINT32_MAX) {
		*microseconds = seconds * 1000000;
		return SLUICE_BENCH_OK;
	}
	if (sluice_duration_parse(text, microseconds) || *microseconds == 0)
		return wrong(option, text, "is not a number of seconds, or a time such as 500ms");
	return SLUICE_BENCH_OK;
}

/* --slow. Exit status. */
static int read_slow(struct sluice_sink_rules *rules, const char *text)
{
	rules->never_read = strcmp(text, "never") == 0;
	if (!rules->never_read && (sluice_size_parse(text, &rules->slow) || rules->slow == 0))
		return wrong("--slow", text, "is neither a number of bytes (a second) nor 'never'");
	return SLUICE_BENCH_OK;
}

/* --reset-after. Exit status. */
static int read_reset(struct sluice_sink_rules *rules, char *text)
{
	char *comma = strchr(text, ',');

	if (comma)
		*comma++ = '\0';
	rules->reset_once = comma && strcmp(comma, "once") == 0;
	if ((comma && !rules->reset_once) || sluice_size_parse(text, &rules->reset_after) ||
	    rules->reset_after == 0)
		return wrong("--reset-after", text, "is not BYTES or BYTES,once");
	rules->until_reset = rules->reset_after;
	return SLUICE_BENCH_OK;
}

/* The name of a file for TLS. Exit status. */
static int read_file(char target[SLUICE_TLS_TEXT], const char *option, const char *text)
{
	if (strlen(text) >= SLUICE_TLS_TEXT)
		return wrong(option, text, "is too long for a path");
	memcpy(target, text, strlen(text) + 1);
	return SLUICE_BENCH_OK;
}

/* Picks one of some words. Its index, or -1 after saying what there is. */
static int read_word(const char *option, const char *text, const char *const *words, size_t count)
{
	size_t index;

	for (index = 0; index < count; index++)
		if (strcasecmp(text, words[index]) == 0)
			return (int)index;
	fprintf(stderr, "sluicebench sink: %s '%s': is none of", option, text);
	for (index = 0; index < count; index++)
		fprintf(stderr, "%s %s", index ? "," : "", words[index]);
	fputc('\n', stderr);
	return -1;
}

/* Takes one option in. Exit status. */
static int read_option(struct sluice_sink_options *options, int option)
{
	static const char *const framings[] = {"native", "newline", "octet-counted", "length32",
					       "auto"};
	static const char *const forms[] = {"line", "length32"};
	static const char *const kinds[] = {"received", "durable"};
	int word = 0;

	switch (option) {
	case 'l':
		if (sluice_port_list_parse(optarg, options->ports, &options->port_count))
			return wrong("--listen", optarg,
				     "is not a port, a range or a list of them");
		break;
	case 'a':
		options->address = optarg;
		break;
	case 'f':
		word = read_word("--framing", optarg, framings, 5);
		options->rules.automatic = word == 4;
		if (word >= 0 && word < 4)
			options->rules.framing = (enum sluice_decoder_framing)word;
		break;
	case 'e':
		if (sluice_number_parse(optarg, &options->expect) || options->expect == 0)
			return wrong("--expect", optarg, "is not a whole number above 0");
		break;
	case 's':
		if (sluice_number_parse(optarg, &options->sent) || options->sent == 0)
			return wrong("--sent", optarg, "is not a whole number above 0");
		break;
	case 'T':
		return read_seconds("--settle", optarg, &options->settle_us);
	case 'i':
		return read_seconds("--idle", optarg, &options->idle_us);
	case 'S':
		return read_seconds("--seconds", optarg, &options->seconds_us);
	case 't':
		options->state_path = optarg;
		break;
	case 'w':
		options->write_path = optarg;
		break;
	case 'W':
		word = read_word("--write-as", optarg, forms, 2);
		options->write_form = (enum sluice_ledger_keep)word;
		break;
	case 'k':
		word = read_word("--ack", optarg, kinds, 2);
		options->rules.durable = word == 1;
		break;
	case 'n':
		options->check = SLUICE_LEDGER_NUMBERED;
		break;
	case 'p':
		options->check = SLUICE_LEDGER_PLAIN;
		break;
	case 'o':
		return read_slow(&options->rules, optarg);
	case 'r':
		return read_reset(&options->rules, optarg);
	case 'C':
		return read_file(options->tls.certificate, "--tls-certificate", optarg);
	case 'K':
		return read_file(options->tls.key, "--tls-key", optarg);
	case 'A':
		return read_file(options->tls.ca, "--tls-ca", optarg);
	case 'q':
		options->quiet = true;
		options->rules.quiet = true;
		break;
	case 'j':
		options->json = true;
		break;
	default:
		return SLUICE_BENCH_USAGE;
	}
	return word < 0 ? SLUICE_BENCH_USAGE : SLUICE_BENCH_OK;
}

/* As options.h says. @context process */
int sluice_sink_options_read(struct sluice_sink_options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{"listen", required_argument, NULL, 'l'},
		{"address", required_argument, NULL, 'a'},
		{"framing", required_argument, NULL, 'f'},
		{"expect", required_argument, NULL, 'e'},
		{"sent", required_argument, NULL, 's'},
		{"settle", required_argument, NULL, 'T'},
		{"idle", required_argument, NULL, 'i'},
		{"seconds", required_argument, NULL, 'S'},
		{"state", required_argument, NULL, 't'},
		{"write", required_argument, NULL, 'w'},
		{"write-as", required_argument, NULL, 'W'},
		{"ack", required_argument, NULL, 'k'},
		{"numbered", no_argument, NULL, 'n'},
		{"plain", no_argument, NULL, 'p'},
		{"slow", required_argument, NULL, 'o'},
		{"reset-after", required_argument, NULL, 'r'},
		{"tls-certificate", required_argument, NULL, 'C'},
		{"tls-key", required_argument, NULL, 'K'},
		{"tls-ca", required_argument, NULL, 'A'},
		{"quiet", no_argument, NULL, 'q'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;
	int status;

	memset(options, 0, sizeof(*options));
	options->settle_us = SETTLE_US;
	options->rules.automatic = true;
	optind = 1;
	while ((option = getopt_long(argc, argv, "qjh", table, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return SLUICE_BENCH_OK;
		}
		status = read_option(options, option);
		if (status)
			return status;
	}
	if (options->port_count == 0 || optind != argc) {
		usage(stderr);
		return SLUICE_BENCH_USAGE;
	}
	if (!options->tls.certificate[0] != !options->tls.key[0] ||
	    (options->tls.ca[0] && !options->tls.key[0])) {
		fprintf(stderr, "sluicebench sink: TLS needs both --tls-certificate and "
				"--tls-key\n");
		return SLUICE_BENCH_USAGE;
	}
	if (options->sent == 0)
		options->sent = options->expect;
	return -1;
}
