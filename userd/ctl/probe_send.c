// SPDX-License-Identifier: MIT
/*
 * `sluicectl probe OUTPUT`: marked datagrams from this machine to an input that feeds the output,
 * by UDP like anybody's, so that they go the whole way: kernel, input, store, output. Touches: UDP
 * sockets, the daemon's counters, stdout, stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include "command.h"
#include "list.h"
#include "probe.h"
#include "probe_mark.h"
#include "probe_way.h"

#define NS_PER_SECOND 1000000000ULL
#define ASK_NS 100000000ULL
#define HEAD_MAX 128U

/* Counters of input and output, by name. */
struct counters {
	json_t *input, *output; /* @owner whoever has it: counters_free() */
};

/* The sending at work. */
struct sending {
	const struct sluice_probe_options *options;
	struct sluice_probe_way way;
	struct sluice_probe_mark mark;
	char head[HEAD_MAX];
	int sockets[SLUICE_PROBE_FLOWS_MAX + 1];
	uint8_t datagram[SLUICE_PROBE_SIZE_MAX];
	char peer[NI_MAXHOST + 8];
};

/* Nanoseconds of the steady clock. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* Sleeps until `when`. */
static void sleep_until(uint64_t when)
{
	struct timespec time = {.tv_sec = (time_t)(when / NS_PER_SECOND),
				.tv_nsec = (long)(when % NS_PER_SECOND)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

/* What is before the mark: a syslog message's head, or, with nasty bytes, what a count would begin
 * with. */
static void write_head(struct sending *sending)
{
	char host[64] = "host", moment[24];
	time_t second = time(NULL);
	struct tm broken;

	gethostname(host, sizeof(host) - 1);
	host[strcspn(host, ". \n")] = '\0';
	localtime_r(&second, &broken);
	strftime(moment, sizeof(moment), "%b %e %H:%M:%S", &broken);
	if (sending->options->nasty)
		snprintf(sending->head, sizeof(sending->head),
			 "%d %s %.40s sluicectl: ", broken.tm_year + 1900, moment, host);
	else
		snprintf(sending->head, sizeof(sending->head), "<14>%s %.40s sluicectl: ", moment,
			 host);
	sending->mark.at = (uint32_t)strlen(sending->head);
}

/* Opens a socket for each flow. 0 or a negative errno, said. */
static int open_flows(struct sending *sending)
{
	const struct sluice_probe_way *way = &sending->way;
	char host[NI_MAXHOST] = "?", port[8] = "?";
	uint32_t flow;
	int error, fd;

	getnameinfo((const struct sockaddr *)&way->to, way->to_length, host, sizeof(host), port,
		    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(sending->peer, sizeof(sending->peer), strchr(host, ':') ? "[%s]:%s" : "%s:%s",
		 host, port);
	for (flow = 0; flow < sending->options->flows; flow++) {
		fd = socket(way->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 ||
		    (way->from_length &&
		     bind(fd, (const struct sockaddr *)&way->from, way->from_length)) ||
		    connect(fd, (const struct sockaddr *)&way->to, way->to_length)) {
			error = -errno;
			fprintf(stderr, "sluicectl: probe: cannot send to %s: %s\n", sending->peer,
				strerror(-error));
			if (fd >= 0)
				close(fd);
			return error;
		}
		sending->sockets[flow] = fd;
	}
	return 0;
}

/* Flows take turns on the processors: with the module a datagram to ourselves is stored where it is
 * sent. */
static void move_to(uint32_t flow)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processors > 0 ? flow % (uint32_t)processors : 0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Sends datagram `number`. 0 or a negative errno, said. */
static int send_one(struct sending *sending, uint32_t number)
{
	const struct sluice_probe_options *options = sending->options;
	struct sluice_probe_mark *mark = &sending->mark;
	ssize_t sent;
	int tries;

	mark->number = number;
	mark->flow = (number - 1) % options->flows;
	mark->length = options->sizes[(number - 1) % options->size_count];
	memcpy(sending->datagram, sending->head, mark->at);
	if (!sluice_probe_body(mark, sending->datagram + mark->at,
			       sizeof(sending->datagram) - mark->at))
		return -EINVAL;
	move_to(mark->flow);
	/* The first error may be one of the datagram before: ICMP, port unreachable. */
	for (tries = 0; tries < 2; tries++) {
		sent = send(sending->sockets[mark->flow], sending->datagram, mark->length, 0);
		if (sent >= 0)
			return 0;
		if (errno != ECONNREFUSED)
			break;
	}
	fprintf(stderr, "sluicectl: probe: datagram %" PRIu32 " of %" PRIu32 " bytes to %s: %s\n",
		number, mark->length, sending->peer, strerror(errno));
	return -errno;
}

/* Sends all of them. 0 or a negative errno, said. */
static int send_all(struct sending *sending)
{
	uint64_t begin = now_ns();
	uint32_t number;
	int error = 0;

	for (number = 1; number <= sending->options->count && !error; number++) {
		error = send_one(sending, number);
		sleep_until(begin + number * NS_PER_SECOND / sending->options->rate);
	}
	return error;
}

/* Frees what was asked. */
static void counters_free(struct counters *counters)
{
	json_decref(counters->input);
	json_decref(counters->output);
	counters->input = NULL;
	counters->output = NULL;
}

/* The object called `name`, a reference of its own; NULL: there is none. Takes over `list`. */
static json_t *pick(json_t *list, const char *name)
{
	json_t *one, *found = NULL;
	size_t number;

	json_array_foreach(list, number,
			   one) if (!found &&
				    !strcmp(json_string_value(json_object_get(one, "name")), name))
		found = json_incref(one);
	json_decref(list);
	return found;
}

/* Asks the daemon for both. False: it does not answer, or has them no more. @owner caller:
 * counters_free() */
static bool counters_ask(const struct sluice_probe_way *way, struct counters *counters)
{
	json_t *list = sluice_list_inputs();

	counters->input = list ? pick(list, way->input) : NULL;
	list = counters->input ? sluice_list_outputs() : NULL;
	counters->output = list ? pick(list, way->output) : NULL;
	if (counters->output)
		return true;
	counters_free(counters);
	return false;
}

/* What all destinations of an output have together of `key`. */
static json_int_t sum_of(const json_t *output, const char *key)
{
	const json_t *list = json_object_get(output, "destinations"), *one;
	json_int_t sum = 0;
	size_t number;

	json_array_foreach(list, number, one) sum += json_integer_value(json_object_get(one, key));
	return sum;
}

/* By how much a counter of the input has grown. */
static json_int_t input_more(const struct counters *before, const struct counters *after,
			     const char *key)
{
	return json_integer_value(json_object_get(after->input, key)) -
	       json_integer_value(json_object_get(before->input, key));
}

/* By how much a counter of the output has grown. */
static json_int_t output_more(const struct counters *before, const struct counters *after,
			      const char *key)
{
	return sum_of(after->output, key) - sum_of(before->output, key);
}

/* How many the output has to send: a duplicate one as often as it has destinations. */
static json_int_t wanted_of(const struct sending *sending, const struct counters *after)
{
	const char *mode = json_string_value(json_object_get(after->output, "mode"));
	size_t times = mode && strcmp(mode, "duplicate") == 0
			       ? json_array_size(json_object_get(after->output, "destinations"))
			       : 1;

	return (json_int_t)sending->options->count * (json_int_t)times;
}

/* Does the receiver itself say what it has? */
static bool is_acknowledged(const struct sending *sending)
{
	return strcmp(sending->way.via, "native") == 0 || strcmp(sending->way.via, "relp") == 0;
}

/* Have all been taken in and sent (acknowledged, where that is known)? */
static bool is_through(const struct sending *sending, const struct counters *before,
		       const struct counters *after)
{
	return input_more(before, after, "matched") >= (json_int_t)sending->options->count &&
	       output_more(before, after, is_acknowledged(sending) ? "acked" : "sent") >=
		       wanted_of(sending, after);
}

/* Counters of an output that say how far it is, or how it is done, not what becomes of datagrams.
 */
static bool is_gauge(const char *key)
{
	static const char *const keys[] = {
		"bytes",	   "backlog",	    "writes",	   "connects",	   "rate",
		"achieved",	   "mss",	    "pmtu",	   "memory",	   "disk",
		"compressed_from", "compressed_to", "compress_ns", "compress_step"};
	size_t number;

	for (number = 0; number < sizeof(keys) / sizeof(keys[0]); number++)
		if (strcmp(keys[number], key) == 0)
			return true;
	return false;
}

/* What has grown, as an object: of the input matched, stored and each cause of loss, of the output
 * every counter. @owner caller */
static json_t *growth_of(const struct counters *before, const struct counters *after)
{
	json_t *input = json_object(), *output = json_object(), *value;
	json_t *destination = json_array_get(json_object_get(after->output, "destinations"), 0);
	const char *key;

	json_object_set_new(input, "matched", json_integer(input_more(before, after, "matched")));
	json_object_set_new(input, "stored", json_integer(input_more(before, after, "stored")));
	json_object_foreach(json_object_get(after->input, "lost"), key, value)
	{
		json_int_t more = json_integer_value(value) -
				  json_integer_value(json_object_get(
					  json_object_get(before->input, "lost"), key));

		if (more)
			json_object_set_new(input, key, json_integer(more));
	}
	json_object_foreach(destination, key, value)
	{
		json_int_t more = json_is_integer(value) && !is_gauge(key)
					  ? output_more(before, after, key)
					  : 0;

		if (more || strcmp(key, "sent") == 0)
			json_object_set_new(output, key, json_integer(more));
	}
	return json_pack("{s:o, s:o}", "input", input, "output", output);
}

/* Prints " key=1" for each member. */
static void print_members(const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		printf(" %s=%" JSON_INTEGER_FORMAT, key, json_integer_value(value));
	}
	fputc('\n', stdout);
}

/* Says what was sent and what was counted. Takes over `growth`, which may be NULL. */
static void report(const struct sending *sending, json_t *growth, bool is_right)
{
	const struct sluice_probe_options *options = sending->options;
	json_t *object;
	char run[12];

	snprintf(run, sizeof(run), "%08" PRIx32, sending->mark.run);
	if (options->json) {
		object = json_pack("[{s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:b, s:o*}]", "run", run,
				   "count", (int)options->count, "flows", (int)options->flows, "to",
				   sending->peer, "input", sending->way.input, "output",
				   sending->way.output, "framing", sending->way.via, "through",
				   is_right, "counted", growth);
		json_dumpf(object, stdout, JSON_INDENT(2));
		fputc('\n', stdout);
		json_decref(object);
		return;
	}
	printf("run %s: %" PRIu32 " datagrams sent to %s", run, options->count, sending->peer);
	if (growth) {
		printf("\ninput %s:", sending->way.input);
		print_members(json_object_get(growth, "input"));
		printf("output %s (%s):", sending->way.output, sending->way.via);
		print_members(json_object_get(growth, "output"));
	} else {
		fputc('\n', stdout);
	}
	printf("now on the receiver: sluicectl probe --check FILE --run %s\n", run);
	if (growth && !is_right)
		printf("not all went through in %" PRIu32
		       " s: sluicectl show outputs says what it waits for\n",
		       options->wait);
	json_decref(growth);
}

/* Sends, and waits until the counters say that all is through, or the time is over. Exit status. */
static int run(struct sending *sending)
{
	struct counters before = {0}, after = {0};
	bool watched = sending->way.output[0] != '\0', is_right = true;
	uint64_t end;
	int status = SLUICE_CTL_REFUSED;

	if (watched && !counters_ask(&sending->way, &before))
		return status;
	if (send_all(sending))
		goto out;
	end = now_ns() + sending->options->wait * NS_PER_SECOND;
	while (watched) {
		counters_free(&after);
		if (!counters_ask(&sending->way, &after))
			goto out;
		is_right = is_through(sending, &before, &after);
		if (is_right || now_ns() >= end)
			break;
		sleep_until(now_ns() + ASK_NS);
	}
	report(sending, watched ? growth_of(&before, &after) : NULL, is_right);
	status = is_right ? SLUICE_CTL_OK : SLUICE_CTL_FINDINGS;
out:
	counters_free(&before);
	counters_free(&after);
	return status;
}

/* As probe.h says. */
int sluice_probe_send(const struct sluice_probe_options *options)
{
	struct sending *sending = calloc(1, sizeof(*sending));
	int status = SLUICE_CTL_REFUSED;
	uint32_t flow;
	size_t number;

	if (!sending || !options) {
		free(sending);
		return status;
	}
	sending->options = options;
	for (flow = 0; flow <= SLUICE_PROBE_FLOWS_MAX; flow++)
		sending->sockets[flow] = -1;
	if (options->to ? sluice_probe_way_to(options->to, &sending->way)
			: sluice_probe_way_find(options->output, options->input, &sending->way))
		goto out;
	sending->mark.count = options->count;
	sending->mark.number = 1;
	sending->mark.nasty = options->nasty;
	memcpy(sending->mark.via, sending->way.via, sizeof(sending->mark.via));
	while (sending->mark.run == 0)
		if (getrandom(&sending->mark.run, sizeof(sending->mark.run), 0) < 0)
			sending->mark.run = (uint32_t)now_ns();
	sending->mark.run = options->run ? options->run : sending->mark.run;
	write_head(sending);
	for (number = 0; number < options->size_count; number++)
		if (options->sizes[number] > sending->mark.most)
			sending->mark.most = options->sizes[number];
	for (number = 0; number < options->size_count; number++)
		if (options->sizes[number] < sluice_probe_least(&sending->mark)) {
			fprintf(stderr,
				"sluicectl: probe: --size %" PRIu32
				": a marked datagram has at least %zu "
				"bytes\n",
				options->sizes[number], sluice_probe_least(&sending->mark));
			status = SLUICE_CTL_USAGE;
			goto out;
		}
	if (open_flows(sending) == 0)
		status = run(sending);
out:
	for (flow = 0; flow <= SLUICE_PROBE_FLOWS_MAX; flow++)
		if (sending->sockets[flow] >= 0)
			close(sending->sockets[flow]);
	free(sending);
	return status;
}
