// SPDX-License-Identifier: MIT
/*
 * The engine from one configuration to the next: what cannot start says why and leaves nothing
 * behind; what is the same in both is not disturbed; nothing is lost on the way.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>
#include "daemon/stream/stream.h"
#include "engine_helper.h"

#define INPUT(name) \
	"  - {name: " name ", port: %u, address: 127.0.0.1, source: socket, outputs: [%s]}\n"
#define OUTPUT(name)                                                                           \
	"  - {name: " name ", to: [%s], framing: %s, mode: round-robin, batch: {delay: 2ms}, " \
	"reconnect: {min: 10ms, max: 50ms}}\n"
#define PRIORITY(name)                                                              \
	"  - {name: " name                                                          \
	", port: %u, address: 127.0.0.1, source: socket, receive: %s, outputs: o, " \
	"priority: %d}\n"
/* One worker, so one ring for all: of 1 MiB, if memory is as many as there are CPUs. */
#define SWITCHED                                                                               \
	"  - {name: o, to: {address: %s, enabled: %s}, framing: native, batch: {delay: 2ms}, " \
	"reconnect: {min: 10ms, max: 50ms}}\nstore: {memory: {size: %zum}}\nworkers: 1\n"
#define TAIL "store: {memory: {size: 8m}}\nworkers: 2\nsocket: {readers: 2}\n"

/* How many entries a directory of /proc/self has. */
static size_t count_entries(const char *path)
{
	DIR *directory = opendir(path);
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* "127.0.0.1:PORT" in quotes, in one of a few static places. */
static const char *at(uint16_t port)
{
	static char texts[8][32];
	static unsigned int next;
	char *text = texts[next++ % 8];

	snprintf(text, 32, "\"127.0.0.1:%u\"", port);
	return text;
}

/* Applies the configuration that the arguments make; on failure *error is the sentence. */
static int apply(struct sluice_engine *engine, char **error, const char *format, ...)
{
	struct sluice_config *config;
	char *text = NULL;
	va_list list;
	int result;

	va_start(list, format);
	assert_true(vasprintf(&text, format, list) > 0);
	va_end(list);
	config = configure(text);
	result = sluice_engine_apply(engine, config, NULL, error);
	if (result)
		sluice_config_free(config);
	free(text);
	return result;
}

/* Sums a destination's connects over the report's outputs. */
static uint64_t connects_of(struct sluice_engine *engine, const char *name, uint64_t *resent)
{
	struct sluice_engine_report report;
	uint64_t connects = 0;
	size_t number;

	assert_int_equal(sluice_engine_report(engine, &report), 0);
	for (number = 0; number < report.output_count; number++) {
		if (strcmp(report.outputs[number].name, name) != 0)
			continue;
		connects += report.outputs[number].destinations[0].connects;
		if (resent)
			*resent += report.outputs[number].destinations[0].resent;
	}
	sluice_engine_report_free(&report);
	return connects;
}

/* A start that fails, with `words` in its sentence, leaves no descriptor and no thread. */
static void must_not_start(const char *text, const char *words)
{
	size_t descriptors = 0, threads = 0, attempt;
	struct sluice_engine *engine = NULL;
	struct sluice_config *config;
	char *error = NULL;

	for (attempt = 0; attempt < 2; attempt++, free(error)) {
		descriptors = count_entries("/proc/self/fd");
		threads = count_entries("/proc/self/task");
		config = configure(text);
		assert_true(sluice_engine_start(config, &engine, &error) < 0);
		assert_true(!engine && error && !strchr(error, '\n'));
		if (!strstr(error, words))
			fail_msg("\"%s\" does not say \"%s\"", error, words);
		/* The configuration of a start that failed stays the caller's. */
		sluice_config_free(config);
	}
	assert_int_equal(count_entries("/proc/self/fd"), descriptors);
	assert_int_equal(count_entries("/proc/self/task"), threads);
}

/* A port that another program has. */
static void a_taken_port_is_named(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	const int on = 1;
	char text[512], words[128];

	(void)state;
	/* Even one that would share it. */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	snprintf(text, sizeof(text),
		 "relay: r\ninputs:\n  - {name: free, port: %u, source: socket, outputs: [o]}\n"
		 "  - {name: taken, port: %u, source: socket, outputs: [o]}\noutputs:\n" OUTPUT("o")
			 TAIL,
		 free_port(), ntohs(address.sin_port), "\"127.0.0.1:1\"", "native");
	snprintf(words, sizeof(words),
		 "test.yaml:4:5: input `taken`: UDP port %u is taken by another program",
		 ntohs(address.sin_port));
	must_not_start(text, words);
	close(fd);
}

/* No such interface, no such address: the input says what it waits for, and the other one works. */
static void what_is_not_there_yet_is_waited_for(void **state)
{
	static const struct {
		const char *input, *state;
	} cases[] = {
		{"interface: nosuch0, source: socket", "waiting for interface nosuch0"},
		{"address: 192.0.2.77, source: socket", "waiting for address 192.0.2.77"},
		{"address: \"2001:db8::77\", source: socket", "waiting for address 2001:db8::77"},
		{"from: 10.0.0.0/8, interface: nosuch1, source: auto",
		 "waiting for interface nosuch1"},
	};
	static struct receiver receiver;
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	char to[32];
	size_t number;
	uint16_t port;

	(void)state;
	for (number = 0; number < sizeof(cases) / sizeof(cases[0]); number++) {
		receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
		port = free_port();
		snprintf(to, sizeof(to), "\"127.0.0.1:%u\"", receiver.port);
		engine = start_engine(
			"relay: r\ninputs:\n  - {name: late, port: %u, %s, outputs: [o]}\n  - "
			"{name: there, port: %u, source: socket, outputs: [o]}\noutputs:\n" OUTPUT(
				"o") TAIL,
			free_port(), cases[number].input, port, to, "native");
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		assert_string_equal(report.inputs[0].state, cases[number].state);
		assert_string_equal(report.inputs[1].state, "active");
		sluice_engine_report_free(&report);
		assert_true(sluice_engine_follow_links(engine));
		send_numbers(port, 0, 100, 100, SLUICE_FRAMING_NATIVE);
		await(&receiver, 100);
		sluice_engine_stop(engine, 5000, NULL);
		receiver_stop(&receiver);
		receiver_free(&receiver);
	}
}

/* `source: kmod` where no module answers; with one loaded there is nothing to see here. */
static void a_missing_module_is_named(void **state)
{
	char text[512];

	(void)state;
	if (!access("/dev/sluice", F_OK))
		skip();
	snprintf(text, sizeof(text),
		 "relay: r\ninputs:\n  - {name: i, port: 9999, source: kmod, outputs: "
		 "[o]}\noutputs:\n" OUTPUT("o") TAIL,
		 "\"127.0.0.1:1\"", "native");
	must_not_start(text, "the module is not loaded; load it (`modprobe sluice`)");
}

/* An input more, under traffic: the other one's connection and datagrams go on. */
static void a_new_input_disturbs_nobody(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t one = free_port(), two = free_port();
	char *error = NULL;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine("relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT("o") TAIL, one,
			      "o", at(receiver.port), "native");
	send_numbers(one, 0, 1000, 200, SLUICE_FRAMING_NATIVE);
	assert_int_equal(apply(engine, &error,
			       "relay: r\ninputs:\n" INPUT("a") INPUT("b") "outputs:\n" OUTPUT("o")
				       TAIL,
			       one, "o", two, "o", at(receiver.port), "native"),
			 0);
	send_numbers(one, 1000, 2000, 200, SLUICE_FRAMING_NATIVE);
	send_numbers(two, 2000, 3000, 200, SLUICE_FRAMING_NATIVE);
	await(&receiver, 3000);
	assert_int_equal(connects_of(engine, "o", NULL), 2);
	assert_int_equal(sluice_engine_config(engine)->input_count, 2);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.accepted, 2);
	assert_int_equal(receiver.repeated + receiver.damaged + receiver.suppressed, 0);
	receiver_free(&receiver);
}

/* An input that goes closes its port, after what was in it was delivered. */
static void a_gone_input_closes_its_port(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t one = free_port(), two = free_port();
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char *error = NULL;
	int fd;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine("relay: r\ninputs:\n" INPUT("a") INPUT("b") "outputs:\n" OUTPUT("o")
				      TAIL,
			      one, "o", two, "o", at(receiver.port), "native");
	send_numbers(two, 0, 500, 200, SLUICE_FRAMING_NATIVE);
	assert_int_equal(apply(engine, &error,
			       "relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT("o") TAIL, one,
			       "o", at(receiver.port), "native"),
			 0);
	await(&receiver, 500);
	address.sin_port = htons(two);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	receiver_free(&receiver);
}

/* What is in the buffer of a port that goes is stored, however much it is. */
static void a_gone_input_leaves_nothing_behind(void **state)
{
	static const char format[] =
		"relay: r\ninputs:\n%s  - {name: a, port: %u, address: 127.0.0.1, source: "
		"socket, outputs: o}\n"
		"outputs:\n  - {name: o, to: %s, batch: {delay: 1s}}\n"
		"store: {memory: {size: 16m}}\nworkers: 1\n";
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t one = free_port(), two = free_port();
	char *error = NULL, *gone = NULL;

	(void)state;
	assert_true(asprintf(&gone,
			     "  - {name: b, port: %u, address: 127.0.0.1, source: socket, outputs: "
			     "o}\n",
			     two) > 0);
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(format, gone, one, at(receiver.port));
	send_numbers(two, 0, 5000, 100, SLUICE_FRAMING_NATIVE);
	assert_int_equal(apply(engine, &error, format, "", one, at(receiver.port)), 0);
	await(&receiver, 5000);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.delivered, 5000);
	assert_int_equal(receiver.repeated + receiver.damaged + receiver.gaps, 0);
	receiver_free(&receiver);
	free(gone);
}

/* An apply that fails (in its last part: a taken port) changes nothing at all. */
static void a_failed_change_changes_nothing(void **state)
{
	static struct receiver receiver, other;
	struct sluice_engine *engine;
	uint16_t one = free_port(), two = free_port();
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char *error = NULL;
	size_t descriptors;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&other, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine("relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT("o") TAIL, one,
			      "o", at(receiver.port), "native");
	send_numbers(one, 0, 500, 200, SLUICE_FRAMING_NATIVE);
	await(&receiver, 500);
	descriptors = count_entries("/proc/self/fd");
	assert_true(apply(engine, &error,
			  "relay: r\ninputs:\n" INPUT("a") INPUT("b")
				  INPUT("c") "outputs:\n" OUTPUT("o") TAIL,
			  one, "o", two, "o", ntohs(address.sin_port), "o", at(other.port),
			  "newline") < 0);
	assert_non_null(strstr(error, "is taken by another program"));
	free(error);
	error = NULL;
	assert_int_equal(count_entries("/proc/self/fd"), descriptors);
	assert_int_equal(sluice_engine_config(engine)->input_count, 1);
	send_numbers(one, 500, 1000, 200, SLUICE_FRAMING_NATIVE);
	await(&receiver, 1000);
	assert_int_equal(connects_of(engine, "o", NULL), 2);
	assert_int_equal(other.accepted, 0);
	assert_true(apply(engine, &error,
			  "relay: r\ninputs:\n" INPUT("a") INPUT("c") "outputs:\n" OUTPUT(
				  "o") "store: {memory: {size: 8m}}\nworkers: 5\n",
			  one, "o", ntohs(address.sin_port), "o", at(receiver.port), "native") < 0);
	free(error);
	assert_int_equal(sluice_engine_workers(engine), 2);
	assert_int_equal(count_entries("/proc/self/fd"), descriptors);
	assert_int_equal(connects_of(engine, "o", NULL), 2);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	receiver_stop(&other);
	assert_int_equal(receiver.repeated + receiver.damaged, 0);
	receiver_free(&receiver);
	receiver_free(&other);
	close(fd);
}

/* Another destination, under traffic: what the old one has not got goes to the new one. */
static void an_output_moves_to_another_destination(void **state)
{
	static struct receiver before, after;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	char *error = NULL;
	uint64_t number;

	(void)state;
	receiver_start(&before, SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&after, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine("relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT("o") TAIL, port,
			      "o", at(before.port), "native");
	send_numbers(port, 0, 2000, 200, SLUICE_FRAMING_NATIVE);
	assert_int_equal(apply(engine, &error,
			       "relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT("o") TAIL, port,
			       "o", at(after.port), "native"),
			 0);
	send_numbers(port, 2000, 4000, 200, SLUICE_FRAMING_NATIVE);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&before);
	receiver_stop(&after);
	for (number = 0; number < 4000; number++)
		if (before.seen[number] + after.seen[number] != 1)
			fail_msg("datagram %llu came %u times", (unsigned long long)number,
				 before.seen[number] + after.seen[number]);
	assert_int_equal(before.damaged + after.damaged, 0);
	assert_true(before.delivered > 0 && after.delivered >= 2000);
	receiver_free(&before);
	receiver_free(&after);
}

/* A destination more, and other times: the connection that stays is the same one. */
static void a_destination_more_keeps_the_others(void **state)
{
	static struct receiver first, second;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	char *error = NULL, both[80];

	(void)state;
	receiver_start(&first, SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&second, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine("relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT("o") TAIL, port,
			      "o", at(first.port), "native");
	send_numbers(port, 0, 1000, 200, SLUICE_FRAMING_NATIVE);
	snprintf(both, sizeof(both), "%s, %s", at(second.port), at(first.port));
	assert_int_equal(apply(engine, &error,
			       "relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT("o") TAIL, port,
			       "o", both, "native"),
			 0);
	usleep(100000);
	send_numbers(port, 1000, 3000, 200, SLUICE_FRAMING_NATIVE);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&first);
	receiver_stop(&second);
	assert_int_equal(first.accepted, 2);
	assert_int_equal(second.accepted, 2);
	assert_int_equal(first.delivered + second.delivered, 3000);
	assert_true(first.delivered >= 1000 && second.delivered > 0);
	assert_int_equal(first.suppressed + second.suppressed + first.damaged + second.damaged, 0);
	receiver_free(&first);
	receiver_free(&second);
}

/* An input's outputs change, so its route: the old ring is delivered to those that stay. */
static void a_changed_route_drains(void **state)
{
	static struct receiver stays, comes;
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	uint16_t port = free_port(), reserved;
	char *error = NULL;
	unsigned int tries;

	(void)state;
	receiver_start(&stays, SLUICE_FRAMING_NATIVE, 0);
	reserved = stays.port;
	receiver_stop(&stays);
	receiver_start(&comes, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine("relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT("o") TAIL, port,
			      "o", at(reserved), "native");
	send_numbers(port, 0, 1000, 200, SLUICE_FRAMING_NATIVE);
	assert_int_equal(apply(engine, &error,
			       "relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT("o") OUTPUT("p")
				       TAIL,
			       port, "o, p", at(reserved), "native", at(comes.port), "native"),
			 0);
	send_numbers(port, 1000, 2000, 200, SLUICE_FRAMING_NATIVE);
	await(&comes, 1000);
	assert_int_equal(sluice_engine_report(engine, &report), 0);
	/* One sender, so one worker: its old stream waits for `stays`, the other was empty and is
	 * gone. */
	assert_int_equal(report.stream_count, 3);
	sluice_engine_report_free(&report);
	receiver_start(&stays, SLUICE_FRAMING_NATIVE, reserved);
	await(&stays, 2000);
	for (tries = 0; tries < 200; tries++) {
		size_t streams;

		assert_int_equal(sluice_engine_report(engine, &report), 0);
		streams = report.stream_count;
		sluice_engine_report_free(&report);
		if (streams == 2)
			break;
		usleep(10000);
	}
	assert_true(tries < 200);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&stays);
	receiver_stop(&comes);
	assert_int_equal(stays.repeated + comes.repeated + stays.damaged + comes.damaged, 0);
	assert_int_equal(comes.delivered, 1000);
	receiver_free(&stays);
	receiver_free(&comes);
}

/* Back and forth a hundred times under traffic: nothing is lost. */
static void changes_under_traffic_lose_nothing(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t one = free_port(), two = free_port();
	unsigned int round;
	char *error = NULL;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine("relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT("o") TAIL, one,
			      "o", at(receiver.port), "native");
	for (round = 0; round < 100; round++) {
		send_numbers(one, 200ULL * round, 200ULL * round + 200, 200, SLUICE_FRAMING_NATIVE);
		if (round % 2)
			assert_int_equal(apply(engine, &error,
					       "relay: r\ninputs:\n" INPUT("a") "outputs:\n" OUTPUT(
						       "o") TAIL,
					       one, "o", at(receiver.port), "native"),
					 0);
		else
			assert_int_equal(apply(engine, &error,
					       "relay: r\ninputs:\n" INPUT("b")
						       INPUT("a") "outputs:\n" OUTPUT("o") TAIL,
					       two, "o", one, "o", at(receiver.port), "native"),
					 0);
	}
	await(&receiver, 20000);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.accepted, 2);
	assert_int_equal(receiver.repeated + receiver.damaged + receiver.gaps, 0);
	receiver_free(&receiver);
}

/* How many datagrams all inputs have stored; *room, if wanted: bytes left in the first ring. */
static uint64_t stored_by(struct sluice_engine *engine, uint64_t *room)
{
	struct sluice_engine_report report;
	uint64_t stored = 0;
	size_t number;

	assert_int_equal(sluice_engine_report(engine, &report), 0);
	for (number = 0; number < report.input_count; number++)
		stored += report.inputs[number].counters.stored;
	if (room)
		*room = report.streams[0].size - (report.streams[0].head - report.streams[0].tail);
	sluice_engine_report_free(&report);
	return stored;
}

/* Waits until sockets find no room, at most 20 seconds. Returns how many were stored. */
static uint64_t await_full(struct sluice_engine *engine)
{
	uint64_t stored = 0, before, room;
	unsigned int tries, same = 0;

	for (tries = 0; tries < 10000 && same < 50; tries++) {
		before = stored;
		stored = stored_by(engine, &room);
		same = stored == before && room < SLUICE_STREAM_ROOM ? same + 1 : 0;
		usleep(2000);
	}
	assert_true(tries < 10000);
	return stored;
}

/* Waits until `count` datagrams are stored, at most 20 seconds. */
static void await_stored(struct sluice_engine *engine, uint64_t count)
{
	unsigned int tries;

	for (tries = 0; tries < 10000 && stored_by(engine, NULL) < count; tries++)
		usleep(2000);
	assert_int_equal(stored_by(engine, NULL), count);
}

/* Sockets that wait for room get another ring, which has some: they go on, nothing is lost. */
static void sockets_that_wait_go_on_in_another_ring(void **state)
{
	const char *way = *state;
	static const char format[] =
		"relay: r\ninputs:\n" PRIORITY("a") PRIORITY("b") "outputs:\n" SWITCHED;
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t one = free_port(), two = free_port();
	uint64_t cpus = sluice_config_cpus(), full = 1000 * cpus; /* it has one ring, all of it */
	char *error = NULL;

	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(format, one, way, 0, two, way, 0, at(receiver.port), "off", cpus);
	send_numbers(one, 0, full, 1000, SLUICE_FRAMING_NATIVE);
	assert_true(await_full(engine) < full);
	/* One that has not found out yet. */
	send_numbers(two, full, full + 20, 1000, SLUICE_FRAMING_NATIVE);
	assert_int_equal(apply(engine, &error, format, one, way, 3, two, way, 3, at(receiver.port),
			       "off", cpus),
			 0);
	await_stored(engine, full + 20);
	send_numbers(one, full + 20, full + 200, 1000, SLUICE_FRAMING_NATIVE);
	send_numbers(two, full + 200, full + 400, 1000, SLUICE_FRAMING_NATIVE);
	await_stored(engine, full + 400);
	/* And back, while the first ring is still full: now it is there that they wait. */
	assert_int_equal(apply(engine, &error, format, one, way, 0, two, way, 0, at(receiver.port),
			       "off", cpus),
			 0);
	send_numbers(one, full + 400, full + 450, 1000, SLUICE_FRAMING_NATIVE);
	send_numbers(two, full + 450, full + 500, 1000, SLUICE_FRAMING_NATIVE);
	assert_int_equal(apply(engine, &error, format, one, way, 0, two, way, 0, at(receiver.port),
			       "on", cpus),
			 0);
	await(&receiver, full + 500);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated + receiver.damaged + receiver.gaps, 0);
	receiver_free(&receiver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_taken_port_is_named),
		cmocka_unit_test(what_is_not_there_yet_is_waited_for),
		cmocka_unit_test(a_missing_module_is_named),
		cmocka_unit_test(a_new_input_disturbs_nobody),
		cmocka_unit_test(a_gone_input_closes_its_port),
		cmocka_unit_test(a_gone_input_leaves_nothing_behind),
		cmocka_unit_test(a_failed_change_changes_nothing),
		cmocka_unit_test(an_output_moves_to_another_destination),
		cmocka_unit_test(a_destination_more_keeps_the_others),
		cmocka_unit_test(a_changed_route_drains),
		cmocka_unit_test(changes_under_traffic_lose_nothing),
		cmocka_unit_test_prestate(sockets_that_wait_go_on_in_another_ring, (void *)"calls"),
		cmocka_unit_test_prestate(sockets_that_wait_go_on_in_another_ring, (void *)"bpf"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
