// SPDX-License-Identifier: MIT
/*
 * The command line of `sluicebench gen`: see gen_options.h. Before everything else. Touches: the
 * resolver, stdout, stderr.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/size.h"
#include "command.h"
#include "gen_options.h"
#include "payload.h"
#include "target.h"

/* What every kernel with UDP_SEGMENT takes as one (UDP_MAX_SEGMENTS). */
#define SEGMENTS_MOST 64U
/* Largest UDP payload over IPv4 (RFC 768, RFC 791); the same for both families. */
#define DATAGRAM_MOST 65507U
#define THREADS_MOST 256U
/* The longest time of an option, in microseconds. */
#define DAY_US 86400000000ULL
/* What a capture may be slowed down or sped up by. */
#define SPEED_LEAST 1e-6
#define SPEED_MOST 1e6

/* Prints how it is used. */
static void usage(FILE *to)
{
	fputs("usage: sluicebench gen --to HOST:PORT[-PORT] [OPTION...]\n\n"
	      "Sends numbered UDP datagrams and spaces them itself.\n\n"
	      "  --to HOST:PORT[-PORT]  where to; several ports are taken in turn; IPv6 as "
	      "[ADDRESS]:PORT\n"
	      "  --rate RATE            100mbit (of payload), 50kpps, or max (default 1kpps)\n"
	      "  --rate RATE..RATE --over TIME  a ramp from one to the other, and on at the last\n"
	      "  --size SIZE[,...]      bytes, 0 to 65507, or MIN-MAX; a list is taken in turn or, "
	      "with\n"
	      "                         SIZE:WEIGHT, at random; imix (default 200)\n"
	      "  --count N              so many datagrams (default: until stopped)\n"
	      "  --seconds S            for so long\n"
	      "  --flows N              so many source ports, taken in turn (default 1)\n"
	      "  --segments N           hands the kernel up to N datagrams of one size as one "
	      "(UDP_SEGMENT)\n"
	      "  --from ADDRESS[/PREFIX][:PORT]  source address, or all of a network in turn, and "
	      "the\n"
	      "                         first source port\n"
	      "  --ports N              so many source ports of each address, instead of --flows\n"
	      "  --burst N --every TIME  N at once, as fast as can be, each TIME (10ms, 1s), "
	      "instead "
	      "of --rate\n"
	      "  --spacing even|poisson  the same time between datagrams (default), or random ones "
	      "of\n"
	      "                         which the rate is the mean\n"
	      "  --gaps FILE            write how the times between datagrams are spread (.hgrm)\n"
	      "  --threads N            so many threads, each on a processor of its own, which "
	      "share "
	      "it all\n"
	      "  --seed N               the same run number and sizes every time\n"
	      "  --pcap FILE            sends the UDP datagrams of a capture (pcap, pcapng) again, "
	      "when "
	      "they came\n"
	      "  --speed FACTOR|max     so many times as fast as they came; or by --rate\n"
	      "  --loop                 begins it again at its end, until --count or --seconds\n"
	      "  --keep-ports           from the source ports that they had\n"
	      "  -q, --quiet            no progress on stderr\n"
	      "  -j, --json             the result as JSON instead of text and RESULT line\n"
	      "\nErrors that come back (ICMP) are counted and do not stop it. Lack of room is "
	      "waited for.\n",
	      to);
}

/* Says what is wrong with the command line. Returns the exit status. */
static int wrong(const char *what, const char *text, const char *form)
{
	fprintf(stderr, "sluicebench gen: %s '%s': %s\n", what, text, form);
	return SLUICE_BENCH_USAGE;
}

/* Reads --to. Exit status. */
static int read_to(struct sluice_gen_options *options, const char *text)
{
	const char *why = sluice_target_parse(text, &options->route);

	return why ? wrong("--to", text, why) : SLUICE_BENCH_OK;
}

/* Reads the "/PREFIX" of an address and finds out how many addresses there are from it on: all of
 * an IPv4 network but its first and its last, which are no host's. 0 or -EINVAL. */
static int read_prefix(struct sluice_emitter_route *route, const char *text)
{
	bool v6 = route->from.any.sa_family == AF_INET6;
	uint64_t bits = v6 ? 128 : 32;
	uint64_t prefix;
	uint32_t address;
	uint64_t hosts;
	uint64_t place;

	if (sluice_number_parse(text, &prefix) || prefix > bits)
		return -EINVAL;
	/* 16 bits are more than there can be flows. */
	if (v6) {
		memcpy(&address, &route->from.v6.sin6_addr.s6_addr[12], sizeof(address));
		prefix = prefix > 96 ? prefix - 96 : 0;
	} else {
		address = route->from.v4.sin_addr.s_addr;
	}
	address = be32toh(address);
	hosts = 1ULL << (32 - prefix);
	place = address & (hosts - 1);
	if (!v6 && hosts > 2) {
		if (place == 0)
			route->from.v4.sin_addr.s_addr = htobe32(address + 1);
		place = place ? place : 1;
		hosts--;
	}
	route->addresses = place < hosts ? (size_t)(hosts - place) : 1;
	return 0;
}

/* Reads --from, an address of the family of --to or a network of such. `flows`: 0 if none are
 * wished; `ports` of each address. Exit status. */
static int read_from(struct sluice_gen_options *options, const char *text, uint64_t flows,
		     uint64_t ports)
{
	struct sluice_emitter_route *route = &options->route;
	struct sluice_port_span span[SLUICE_PORT_LIST_MAX];
	size_t count = 0;
	const char *why;
	char *copy = strdup(text);
	char *prefix;
	char *host;
	char *tail;
	int status = SLUICE_BENCH_USAGE;

	if (!copy)
		return SLUICE_BENCH_FAILURE;
	tail = sluice_target_cut(copy, &host);
	prefix = strchr(host, '/');
	if (prefix)
		*prefix++ = '\0';
	why = sluice_target_resolve(host, route->to.any.sa_family, true, &route->from);
	if (!why && prefix && read_prefix(route, prefix))
		why = "has a prefix that is none: ADDRESS/24 is 254 addresses";
	if (!why && route->addresses > 1 && flows == 0)
		route->sources = route->addresses * ports;
	if (!why && route->sources > UINT16_MAX)
		why = "are more than 65535 addresses and ports: say by --flows how many";
	if (!why && tail && *tail &&
	    (sluice_port_list_parse(tail, span, &count) || count != 1 ||
	     span[0].first != span[0].last ||
	     span[0].first + (route->sources - 1) / (route->addresses ? route->addresses : 1) >
		     UINT16_MAX))
		why = "is not ADDRESS[/PREFIX] or ADDRESS[/PREFIX]:PORT with its ports from there "
		      "on";
	if (why) {
		wrong("--from", text, why);
		goto out;
	}
	if (count && route->from.any.sa_family == AF_INET6)
		route->from.v6.sin6_port = htobe16(span[0].first);
	else if (count)
		route->from.v4.sin_port = htobe16(span[0].first);
	status = SLUICE_BENCH_OK;
out:
	free(copy);
	return status;
}

/* Checks what only shows when all options are known. Exit status. */
static int check(const struct sluice_gen_options *options, const char *size_text,
		 const char *rate_text)
{
	size_t flows = options->route.sources *
		       ((size_t)(options->route.last_port - options->route.first_port) + 1);

	if (options->rate_is_bits && sluice_sizes_most(&options->sizes) == 0)
		return wrong("--rate", rate_text,
			     "empty datagrams have no bits: give datagrams a second (kpps)");
	if (options->route.segments > 1 &&
	    (options->route.last_port != options->route.first_port ||
	     sluice_sizes_least(&options->sizes) != sluice_sizes_most(&options->sizes) ||
	     sluice_sizes_most(&options->sizes) == 0 ||
	     (uint64_t)options->route.segments * sluice_sizes_most(&options->sizes) >
		     DATAGRAM_MOST))
		return wrong("--segments", size_text,
			     "needs one port and one size, together at most 65507 bytes");
	if (options->threads > options->route.sources ||
	    (options->rate && options->threads > options->rate) ||
	    (options->last_rate && options->threads > options->last_rate) ||
	    (options->count && options->threads > options->count) ||
	    (options->burst && options->threads > options->burst))
		return wrong("--threads", "",
			     "are more than there are flows, datagrams, or datagrams a second");
	if (flows > SLUICE_PAYLOAD_FLOWS)
		return wrong("--flows", "", "ports times flows is more than 262144");
	if (flows > SLUICE_PAYLOAD_FLOWS_SHORT &&
	    sluice_sizes_least(&options->sizes) < SLUICE_PAYLOAD_FULL_SIZE)
		return wrong(
			"--size", size_text,
			"below 32 bytes only 4096 flows (ports times flows) can be told apart");
	return SLUICE_BENCH_OK;
}

/* Reads --rate: one, or two with ".." between them. Exit status. */
static int read_rate(struct sluice_gen_options *options, const char *text)
{
	char *copy = strdup(text);
	char *last;
	bool bits;
	int status = SLUICE_BENCH_OK;

	if (!copy)
		return SLUICE_BENCH_FAILURE;
	last = strstr(copy, "..");
	if (last) {
		*last = '\0';
		last += 2;
	}
	if (sluice_bench_rate_parse(copy, &options->rate, &options->rate_is_bits))
		status = wrong("--rate", text,
			       "is not a rate such as 100mbit, 50kpps or max, nor a ramp such as "
			       "1kpps..50kpps");
	else if (last &&
		 (sluice_bench_rate_parse(last, &options->last_rate, &bits) ||
		  bits != options->rate_is_bits || options->rate == 0 || options->last_rate == 0))
		status = wrong("--rate", text,
			       "is not a ramp: two rates of one kind, such as 1kpps..50kpps");
	else if ((options->last_rate > 0) != (options->over > 0))
		status = wrong("--rate", text,
			       "a ramp such as 1kpps..50kpps goes with --over TIME, and the other "
			       "way round");
	free(copy);
	return status;
}

/* Reads a whole number of at least `least` for `option`. Exit status. */
static int read_number(const char *option, const char *text, uint64_t least, uint64_t most,
		       uint64_t *number)
{
	if (sluice_number_parse(text, number) || *number < least || *number > most)
		return wrong(option, text, "is not a whole number in its range");
	return SLUICE_BENCH_OK;
}

/* Reads a time of up to a day into nanoseconds. Exit status. */
static int read_time(const char *option, const char *text, uint64_t *ns)
{
	uint64_t us;

	if (sluice_duration_parse(text, &us) || us == 0 || us > DAY_US)
		return wrong(option, text, "is not a time such as 10ms, up to a day");
	*ns = us * 1000;
	return SLUICE_BENCH_OK;
}

/* Reads --speed. `rate` is that of --rate, NULL: none was given; it becomes "max" unless the rate
 * spaces. Exit status. */
static int read_speed(struct sluice_gen_options *options, const char *text, const char **rate)
{
	char *end;

	if (text && *rate)
		return wrong("--speed", text, "does not go with --rate, which spaces as well");
	if (*rate)
		return SLUICE_BENCH_OK;
	*rate = "max";
	if (text && strcmp(text, "max") == 0)
		return SLUICE_BENCH_OK;
	options->speed = text ? strtod(text, &end) : 1;
	if (text && (end == text || *end || !(options->speed >= SPEED_LEAST) ||
		     options->speed > SPEED_MOST))
		return wrong("--speed", text, "is neither max nor a factor such as 2 or 0.5");
	return SLUICE_BENCH_OK;
}

/* Checks what goes with a capture, and what without. `others`: was an option given that says what
 * is sent, or how it is spaced? Exit status. */
static int check_capture(const struct sluice_gen_options *options, const char *speed, bool others)
{
	if (!options->capture && (speed || options->loops || options->keeps_ports))
		return wrong("--speed, --loop, --keep-ports", "", "go with --pcap only");
	if (options->capture && others)
		return wrong("--pcap", options->capture,
			     "does not go with --size, --seed, --segments, --burst, --spacing or "
			     "--threads");
	if (options->keeps_ports && options->route.sources > 1)
		return wrong("--keep-ports", "", "does not go with --flows or --ports");
	return SLUICE_BENCH_OK;
}

/* As gen_options.h says. @context process */
int sluice_gen_options_read(struct sluice_gen_options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{"to", required_argument, NULL, 't'},
		{"rate", required_argument, NULL, 'r'},
		{"size", required_argument, NULL, 's'},
		{"count", required_argument, NULL, 'n'},
		{"seconds", required_argument, NULL, 'S'},
		{"flows", required_argument, NULL, 'f'},
		{"threads", required_argument, NULL, 'T'},
		{"ports", required_argument, NULL, 'P'},
		{"from", required_argument, NULL, 'F'},
		{"seed", required_argument, NULL, 'e'},
		{"quiet", no_argument, NULL, 'q'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{"segments", required_argument, NULL, 'g'},
		{"burst", required_argument, NULL, 'b'},
		{"every", required_argument, NULL, 'E'},
		{"over", required_argument, NULL, 'o'},
		{"spacing", required_argument, NULL, 'p'},
		{"gaps", required_argument, NULL, 'G'},
		{"pcap", required_argument, NULL, 'C'},
		{"speed", required_argument, NULL, 'X'},
		{"loop", no_argument, NULL, 'L'},
		{"keep-ports", no_argument, NULL, 'K'},
		{NULL, 0, NULL, 0},
	};
	const char *to = NULL;
	const char *from = NULL;
	const char *rate = NULL;
	const char *size = NULL;
	const char *speed = NULL;
	uint64_t threads = 1;
	uint64_t flows = 0;
	uint64_t ports = 0;
	uint64_t segments = 1;
	int status = SLUICE_BENCH_OK;
	int option;

	memset(options, 0, sizeof(*options));
	optind = 1;
	while (!status && (option = getopt_long(argc, argv, "qjh", table, NULL)) != -1) {
		switch (option) {
		case 't':
			to = optarg;
			break;
		case 'r':
			rate = optarg;
			break;
		case 's':
			size = optarg;
			break;
		case 'n':
			status = read_number("--count", optarg, 1, SLUICE_PAYLOAD_SEQUENCES,
					     &options->count);
			break;
		case 'S':
			status = read_number("--seconds", optarg, 1, 1ULL << 32, &options->seconds);
			break;
		case 'f':
			status = read_number("--flows", optarg, 1, UINT16_MAX, &flows);
			break;
		case 'T':
			status = read_number("--threads", optarg, 1, THREADS_MOST, &threads);
			break;
		case 'P':
			status = read_number("--ports", optarg, 1, UINT16_MAX, &ports);
			break;
		case 'g':
			status = read_number("--segments", optarg, 1, SEGMENTS_MOST, &segments);
			break;
		case 'b':
			status = read_number("--burst", optarg, 1, UINT32_MAX, &options->burst);
			break;
		case 'E':
			status = read_time("--every", optarg, &options->every);
			break;
		case 'o':
			status = read_time("--over", optarg, &options->over);
			break;
		case 'p':
			options->poisson = strcmp(optarg, "poisson") == 0;
			if (!options->poisson && strcmp(optarg, "even") != 0)
				return wrong("--spacing", optarg, "is neither even nor poisson");
			break;
		case 'G':
			options->gaps_path = optarg;
			break;
		case 'C':
			options->capture = optarg;
			break;
		case 'X':
			speed = optarg;
			break;
		case 'L':
			options->loops = true;
			break;
		case 'K':
			options->keeps_ports = true;
			break;
		case 'F':
			from = optarg;
			break;
		case 'e':
			status = read_number("--seed", optarg, 0, UINT64_MAX, &options->seed);
			options->seeded = true;
			break;
		case 'q':
			options->quiet = true;
			break;
		case 'j':
			options->json = true;
			break;
		case 'h':
			usage(stdout);
			return SLUICE_BENCH_OK;
		default:
			return SLUICE_BENCH_USAGE;
		}
	}
	if (status)
		return status;
	if (!to || optind != argc) {
		usage(stderr);
		return SLUICE_BENCH_USAGE;
	}
	if ((options->burst > 0) != (options->every > 0))
		return wrong("--burst", "", "goes with --every, and the other way round");
	options->to = to;
	if (flows && ports)
		return wrong("--ports", "",
			     "does not go with --flows, which is ports of all addresses");
	options->route.sources = flows ? flows : ports ? ports : threads;
	options->route.segments = (unsigned int)segments;
	status = check_capture(options, speed,
			       size || segments > 1 || options->burst || options->poisson ||
				       options->seeded || threads > 1);
	if (!status && options->capture)
		status = read_speed(options, speed, &rate);
	if (status)
		return status;
	if (options->burst)
		rate = "max";
	rate = rate ? rate : "1kpps";
	size = size ? size : "200";
	if (sluice_sizes_parse(size, DATAGRAM_MOST, &options->sizes))
		return wrong("--size", size,
			     "is not imix, a size (0 to 65507), a range MIN-MAX, or a list of "
			     "them, each with :WEIGHT or not");
	status = read_rate(options, rate);
	if (status)
		return status;
	if (options->poisson && options->rate == 0)
		return wrong("--spacing", "poisson", "needs a --rate that is not max");
	status = read_to(options, to);
	if (!status && from)
		status = read_from(options, from, flows, ports ? ports : 1);
	options->threads = (size_t)threads;
	if (!status)
		status = check(options, size, rate);
	return status ? status : -1;
}
