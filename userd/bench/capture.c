// SPDX-License-Identifier: MIT
/*
 * `sluicebench capture`: what does a datagram cost, from the hook to a reader, by this method or
 * that? Sender and reader are one process: 64 datagrams by one sendmmsg(2) through a veth pair,
 * which this CPU receives in softirq before the call returns; then the reader drains. In a virtual
 * machine that counts instructions (`vm-images/run --icount`), CLOCK_MONOTONIC counts instructions.
 * A run in which every datagram is dropped at the hook is subtracted. Touches: the bed
 * (capture_bed.c), the module's rules.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "capture.h"
#include "command.h"

#define SIZES_MAX 16
#define PAYLOAD_MAX 1472UL
#define ROUNDS_MAX 64
/* Half of the ring at most, so that it does not fill behind the reader. */
#define SPAN_LEAST (4U << 10)
#define SPAN_MOST (2U << 20)
/* The first bursts fill caches, neighbour entries and lazily made pages; they do not count. */
#define WARM_BURSTS 4UL
/* Fill a ring of 256 KiB (capture_sluice.c) with the smallest records. */
#define WARM_BURSTS_FULL 256UL
/* How often, 10 ms apart, a method is asked for what it has not given over yet. */
#define LATE_TRIES 50

/* Dropped at the hook: what every other method's figure is measured from. */
static int none_open(const struct sluice_capture_options *options, void **state)
{
	(void)options;
	*state = NULL;
	return 0;
}

/* There is nothing to take. */
static long none_drain(void *state, int fd)
{
	(void)state;
	(void)fd;
	return 0;
}

/* There is nothing to give back. */
static void none_close(void *state)
{
	(void)state;
}

static const struct sluice_capture_method none = {
	.name = "none",
	.drop = true,
	.open = none_open,
	.drain = none_drain,
	.close = none_close,
};

static const struct sluice_capture_method *const methods[] = {
	&sluice_capture_recvmmsg,
	&sluice_capture_tpacket3,
	&sluice_capture_afxdp,
	&sluice_capture_sluice,
};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* What the command line asks for, and the method being measured. */
struct measurement {
	const struct sluice_capture_method *method;
	struct sluice_capture_options options;
	struct sluice_capture_bed bed;
	bool deliver;
	bool checksum;
	size_t count;
	size_t rounds;
	size_t gather; /* bursts that come before the reader looks */
	size_t sizes[SIZES_MAX];
	size_t size_count;
	const char *list; /* of methods; NULL: all */
};

/* As in configurations and RESULT lines, by enum sluice_framing; those without a form (framing.h)
 * are refused. */
static const char *const framings[] = {
#define FRAMING(word, NAME, ...) [SLUICE_FRAMING_##NAME] = (word),
#include "../config/framing_rows.h"
#undef FRAMING
};
#define FRAMINGS (sizeof(framings) / sizeof(framings[0]))

/* Nanoseconds of CLOCK_MONOTONIC: in a machine with --icount, instructions. @threadsafe */
static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000ULL + (uint64_t)time.tv_nsec;
}

/* Addresses a burst to the rules in turn, from number *rule on. */
static void address_to_rules(const struct measurement *what, struct mmsghdr *headers,
			     struct sockaddr_in *names, size_t *rule)
{
	size_t slot;

	for (slot = 0; slot < CAPTURE_BURST; slot++) {
		names[slot].sin_port = htons(sluice_capture_port(*rule));
		headers[slot].msg_hdr.msg_name = &names[slot];
		headers[slot].msg_hdr.msg_namelen = sizeof(names[slot]);
		*rule = *rule + 1 < what->options.rules ? *rule + 1 : 0;
	}
}

/* Sends a burst and, if it is time, has what came drained. Returns how many datagrams came, or a
 * negative errno. */
static long burst(const struct measurement *what, struct mmsghdr *headers, void *state,
		  bool is_time)
{
	long taken;

	if (sendmmsg(what->bed.sender, headers, CAPTURE_BURST, 0) != CAPTURE_BURST)
		return -EIO;
	if (!is_time)
		return 0;
	taken = what->method->drain(state, what->deliver ? what->bed.deliver : -1);
	if (what->deliver)
		sluice_capture_discard();
	return taken;
}

/* The run itself: warm-up, `count` datagrams whose cost is *spent, and what comes late. Returns how
 * many datagrams were taken less how many were sent, or a negative errno. */
static long run_bursts(const struct measurement *what, void *state, uint64_t *spent)
{
	static uint8_t payload[PAYLOAD_MAX];
	struct iovec vector = {.iov_base = payload, .iov_len = what->options.size};
	struct mmsghdr headers[CAPTURE_BURST];
	struct sockaddr_in names[CAPTURE_BURST];
	const struct timespec pause = {.tv_nsec = 10000000};
	size_t warm = what->options.full ? WARM_BURSTS_FULL : WARM_BURSTS;
	size_t bursts = what->count / CAPTURE_BURST + warm, number, slot, rule = 0;
	long missing = 0, more;
	uint64_t begun = 0;

	memset(headers, 0, sizeof(headers));
	memset(names, 0, sizeof(names));
	for (slot = 0; slot < CAPTURE_BURST; slot++) {
		headers[slot].msg_hdr.msg_iov = &vector;
		headers[slot].msg_hdr.msg_iovlen = 1;
		names[slot].sin_family = AF_INET;
		inet_pton(AF_INET, CAPTURE_NEAR_ADDRESS, &names[slot].sin_addr);
	}
	for (number = 0; number < bursts; number++) {
		if (number == warm)
			begun = now();
		if (what->options.spread)
			address_to_rules(what, headers, names, &rule);
		more = burst(what, headers, state,
			     number < warm || (number - warm + 1) % what->gather == 0);
		if (more < 0)
			return more;
		missing += CAPTURE_BURST - more;
	}
	*spent = now() - begun;
	if (what->method == &none || what->options.full)
		return 0;
	for (number = 0; number < LATE_TRIES && missing > 0; number++) {
		nanosleep(&pause, NULL);
		more = what->method->drain(state, what->deliver ? what->bed.deliver : -1);
		if (more < 0)
			return more;
		missing -= more;
		sluice_capture_discard();
	}
	if (missing != 0) {
		fprintf(stderr, "sluicebench: %s: %ld datagrams missing\n", what->method->name,
			missing);
		return -ENODATA;
	}
	return 0;
}

/* One measurement of the method. Returns 0 or a negative errno; -ENODATA if it did not get them
 * all. */
static int measure(const struct measurement *what, uint64_t *spent)
{
	const struct timespec pause = {.tv_nsec = 500000000};
	void *state = NULL;
	long status = sluice_capture_drop(what->method->drop);

	if (status < 0) {
		fprintf(stderr,
			"sluicebench: the module sluice_drop cannot be loaded or unloaded\n");
		return (int)status;
	}
	status = what->method->open(&what->options, &state);
	if (status < 0)
		return (int)status;
	/* What the run before left to be freed, and what modprobe did, shall be over. */
	nanosleep(&pause, NULL);
	status = run_bursts(what, state, spent);
	what->method->close(state);
	return (int)status;
}

/* Compares two figures for qsort(3). */
static int compare(const void *one, const void *other)
{
	double first = *(const double *)one, second = *(const double *)other;

	return (first > second) - (first < second);
}

/* The median of several measurements, per datagram. Returns 0 or a negative errno. */
static int figure(const struct measurement *what, double *median)
{
	double figures[ROUNDS_MAX];
	uint64_t spent = 0;
	size_t round;
	int status;

	if (what->rounds == 0 || what->rounds > ROUNDS_MAX)
		return -EINVAL;
	for (round = 0; round < what->rounds; round++) {
		status = measure(what, &spent);
		if (status < 0)
			return status;
		figures[round] = (double)spent / (double)what->count;
	}
	qsort(figures, what->rounds, sizeof(figures[0]), compare);
	*median = figures[what->rounds / 2];
	return 0;
}

/* Prints what the options are. */
static void help(FILE *to)
{
	fputs("usage: sluicebench capture [--method NAME[,...]] [--size BYTES[,...]] [--count N]\n"
	      "                           [--rounds N] [--deliver] [--address] [--checksum]\n"
	      "                           [--rules N] [--spread] [--ingress] [--span KIB]\n"
	      "                           [--full]\n\n"
	      "Cost of a datagram from the hook to a reader, beyond sending and dropping it at "
	      "the\n"
	      "same hook. Needs root, the modules sluice and sluice_drop. Run it in a machine "
	      "that\n"
	      "counts instructions: vm-images/run --nic veth --icount -- ...\n\n"
	      "  --method   sluice, recvmmsg, tpacket3, afxdp (default: all)\n"
	      "  --size     payload, 0 to 1472 bytes (default 64,512,1400)\n"
	      "  --count    datagrams of one measurement (default 9600)\n"
	      "  --rounds   measurements, of which the median is printed (default 3)\n"
	      "  --deliver  write it over a TCP connection as well\n"
	      "  --gather   bursts of 64 that come before the reader looks (default 1); they make "
	      "up\n"
	      "             --count\n"
	      "  --framing  how sluice delivers: native (default) or a plain framing\n"
	      "  --address  records carry addresses (sluice)\n"
	      "  --checksum the UDP checksum has to be verified in software\n"
	      "  --rules    so many rules in all (sluice; default 1)\n"
	      "  --spread   the datagrams are for each rule in turn, not for the first only\n"
	      "  --ingress  the rule is at the interface's ingress (sluice)\n"
	      "  --span     KiB that are delivered at once, like batch.bytes: 4 to 2048 (sluice; "
	      "default 256)\n"
	      "  --full     the ring is full and nobody reads: the cost of dropping (sluice)\n",
	      to);
}

/* True if `name` is one of the comma-separated `list`, or there is no list. */
static bool is_named(const char *list, const char *name)
{
	size_t length = strlen(name);
	const char *place;

	if (!list)
		return true;
	for (place = list; (place = strstr(place, name)); place += length)
		if ((place == list || place[-1] == ',') &&
		    (place[length] == ',' || place[length] == '\0'))
			return true;
	return false;
}

/* Reads a comma-separated list of payload sizes; returns how many, 0 if one is wrong. */
static size_t read_sizes(const char *text, size_t *sizes)
{
	size_t count = 0;
	char *end;

	do {
		unsigned long size = strtoul(text, &end, 10);

		if (end == text || (*end && *end != ',') || size > PAYLOAD_MAX ||
		    count == SIZES_MAX)
			return 0;
		sizes[count++] = size;
		text = end + 1;
	} while (*end == ',');
	return count;
}

/* Reads the name of a framing. False if there is none of that name. */
static bool read_framing(const char *text, enum sluice_framing *framing)
{
	size_t number;

	for (number = 0; number < FRAMINGS; number++) {
		if (strcmp(text, framings[number]) != 0 ||
		    (number != SLUICE_FRAMING_NATIVE && sluice_config_is_answered(number)))
			continue;
		*framing = (enum sluice_framing)number;
		return true;
	}
	return false;
}

/* Reads the command line. -1: go on; else it has been answered, and this is the exit status. */
static int read_options(struct measurement *what, int argc, char **argv)
{
	static const struct option names[] = {
		{"method", required_argument, NULL, 'm'}, {"size", required_argument, NULL, 's'},
		{"count", required_argument, NULL, 'n'},  {"rounds", required_argument, NULL, 'r'},
		{"deliver", no_argument, NULL, 'd'},	  {"framing", required_argument, NULL, 'F'},
		{"gather", required_argument, NULL, 'g'}, {"address", no_argument, NULL, 'a'},
		{"checksum", no_argument, NULL, 'c'},	  {"rules", required_argument, NULL, 'R'},
		{"spread", no_argument, NULL, 'p'},	  {"ingress", no_argument, NULL, 'i'},
		{"full", no_argument, NULL, 'f'},	  {"span", required_argument, NULL, 'S'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		switch (option) {
		case 'm':
			what->list = optarg;
			break;
		case 's':
			what->size_count = read_sizes(optarg, what->sizes);
			break;
		case 'n':
			what->count = strtoul(optarg, NULL, 10) / CAPTURE_BURST * CAPTURE_BURST;
			break;
		case 'r':
			what->rounds = strtoul(optarg, NULL, 10);
			break;
		case 'd':
			what->deliver = true;
			break;
		case 'g':
			what->gather = strtoul(optarg, NULL, 10);
			break;
		case 'F':
			if (!read_framing(optarg, &what->options.framing))
				what->count = 0;
			break;
		case 'a':
			what->options.address = true;
			break;
		case 'c':
			what->checksum = true;
			break;
		case 'R':
			what->options.rules = strtoul(optarg, NULL, 10);
			break;
		case 'p':
			what->options.spread = true;
			break;
		case 'i':
			what->options.ingress = true;
			break;
		case 'S':
			what->options.span = strtoul(optarg, NULL, 10) << 10;
			break;
		case 'f':
			what->options.full = true;
			break;
		case 'h':
			help(stdout);
			return SLUICE_BENCH_OK;
		default:
			help(stderr);
			return SLUICE_BENCH_USAGE;
		}
	}
	if (optind != argc || what->size_count == 0 || what->count == 0 || what->rounds == 0 ||
	    what->gather == 0 || what->count / CAPTURE_BURST % what->gather != 0 ||
	    what->rounds > ROUNDS_MAX || what->options.rules == 0 ||
	    what->options.rules > CAPTURE_RULES_MAX || what->options.span < SPAN_LEAST ||
	    what->options.span > SPAN_MOST) {
		help(stderr);
		return SLUICE_BENCH_USAGE;
	}
	return -1;
}

/* How `method` delivers. */
static const char *framing_of(const struct measurement *what,
			      const struct sluice_capture_method *method)
{
	if (!what->deliver)
		return "none";
	return framings[method == &sluice_capture_sluice ? what->options.framing
							 : SLUICE_FRAMING_OCTET_COUNTED];
}

/* Measures every method at one size and prints the lines. Returns 0 or a negative errno. */
static int compare_at(struct measurement *what)
{
	double base = 0, cost = 0;
	size_t index;
	int status;

	what->method = &none;
	status = figure(what, &base);
	for (index = 0; index < METHODS && status == 0; index++) {
		if (!is_named(what->list, methods[index]->name))
			continue;
		what->method = methods[index];
		status = figure(what, &cost);
		if (status < 0)
			break;
		printf("RESULT method=%s framing=%s size=%zu instructions=%.0f deliver=%d "
		       "address=%d checksum=%d rules=%zu spread=%d ingress=%d span=%zu full=%d "
		       "send_and_drop=%.0f\n",
		       methods[index]->name, framing_of(what, methods[index]), what->options.size,
		       cost - base, what->deliver, what->options.address, what->checksum,
		       what->options.rules, what->options.spread, what->options.ingress,
		       what->options.span, what->options.full, base);
		fflush(stdout);
	}
	return status;
}

int sluice_bench_capture(int argc, char **argv)
{
	struct measurement what = {
		.count = 9600,
		.rounds = 3,
		.gather = 1,
		.options.rules = 1,
		.options.span = 256U << 10,
		.sizes = {64, 512, 1400},
		.size_count = 3,
	};
	int status = read_options(&what, argc, argv);
	cpu_set_t cpus;
	size_t place;

	if (status >= 0)
		return status;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	status = sluice_capture_bed_make(&what.bed, what.checksum);
	if (status < 0) {
		fprintf(stderr, "sluicebench: cannot make the test bed (root? ip?): %s\n",
			strerror(-status));
		return SLUICE_BENCH_FAILURE;
	}
	for (place = 0; place < what.size_count && status == 0; place++) {
		what.options.size = what.sizes[place];
		status = compare_at(&what);
	}
	sluice_capture_bed_remove(&what.bed);
	return status < 0 ? SLUICE_BENCH_FAILURE : SLUICE_BENCH_OK;
}
