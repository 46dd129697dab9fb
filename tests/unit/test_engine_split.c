// SPDX-License-Identifier: MIT
/*
 * Inputs that share a UDP port and are kept apart by sender, address or interface: each datagram
 * goes to the input that it belongs to, whichever socket the kernel gives it to. What belongs to
 * none is counted. Of what is for many the kernel gives a copy to every socket; it comes once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "engine_helper.h"

#define ONE "  - {name: one, port: %u, source: socket, receive: %s, outputs: [a], %s}\n"
#define OTHER "  - {name: other, port: %u, source: socket, receive: %s, outputs: [%s], %s}\n"
#define OUT                                                                                   \
	"  - {name: %s, to: [\"127.0.0.1:%u\"], framing: native, batch: {bytes: 64k, delay: " \
	"2ms}, "                                                                              \
	"reconnect: {min: 10ms, max: 50ms}}\n"
#define STORE "store: {memory: {size: %um}}\nworkers: %u\n"
/* Every worker reads, in whatever way. */
#define TAIL STORE "socket: {readers: 16}\n"
/* From each sender. */
#define COUNT 300U

/* Sends `count` datagrams from `first` on to `to`, each from a socket of its own: they spread over
 * the workers. */
static void send_from(const char *from, const char *to, uint16_t port, uint64_t first,
		      unsigned int count)
{
	struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(from)};
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(to), .sin_port = htons(port)};
	const int on = 1;
	uint8_t payload[200];
	uint64_t number;
	size_t place;
	int fd;

	for (number = first; number < first + count; number++) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)), 0);
		assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &source.sin_addr,
					    sizeof(source.sin_addr)),
				 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&source, sizeof(source)), 0);
		memcpy(payload, &number, 8);
		for (place = 8; place < sizeof(payload); place++)
			payload[place] = pattern(number, place);
		assert_int_equal(sendto(fd, payload, sizeof(payload), 0,
					(struct sockaddr *)&address, sizeof(address)),
				 sizeof(payload));
		close(fd);
		if (number % 64 == 0)
			usleep(1500);
	}
}

/* The receiver must have got datagrams `first` .. `first + count - 1`, each once, and no others. */
static void expect_range(struct receiver *receiver, uint64_t first, uint64_t count)
{
	uint64_t number;

	await(receiver, count);
	for (number = first; number < first + count; number++)
		if (receiver->seen[number] != 1)
			fail_msg("datagram %llu came %u times", (unsigned long long)number,
				 receiver->seen[number]);
	assert_int_equal(receiver->repeated + receiver->damaged + receiver->gaps, 0);
}

/* Ways in which two inputs share a port. The first gets what 127.0.0.2 sends to 127.0.0.1, the
 * second what 127.0.0.3 does. */
struct sharing {
	const char *one, *other;	 /* selectors */
	const char *way_one, *way_other; /* of receiving */
};

static const struct sharing sharings[] = {
	{"from: 127.0.0.2", "from: 127.0.0.3", "calls", "calls"},
	{"from: 127.0.0.2", "from: 127.0.0.3", "bpf", "bpf"},
	{"from: 127.0.0.2", "from: 127.0.0.3", "bpf", "calls"},
	{"from: 127.0.0.2, address: 127.0.0.1", "from: 127.0.0.3", "calls", "calls"},
	{"from: 127.0.0.2, address: 127.0.0.1", "from: 127.0.0.3", "bpf", "bpf"},
	{"from: 127.0.0.2", "from: 127.0.0.3, interface: lo", "calls", "calls"},
	{"from: 127.0.0.2, interface: lo", "from: 127.0.0.3", "bpf", "bpf"},
	{"from: 127.0.0.2, interface: lo", "from: 127.0.0.3, address: 127.0.0.1", "calls", "calls"},
	{"from: 127.0.0.2, interface: lo", "from: 127.0.0.3, address: 127.0.0.1", "bpf", "calls"},
	{"from: 127.0.0.2, hook: local-in", "from: \"::ffff:127.0.0.3\", priority: 3", "calls",
	 "calls"},
	{"from: 127.0.0.2, addresses: on", "from: 127.0.0.3", "calls", "calls"},
};

/* Starts an engine for a way of sharing. */
static struct sluice_engine *start(const struct sharing *sharing, uint16_t port,
				   const struct receiver *one, const struct receiver *other,
				   unsigned int workers)
{
	return start_engine("relay: test\ninputs:\n" ONE OTHER "outputs:\n" OUT OUT TAIL, port,
			    sharing->way_one, sharing->one, port, sharing->way_other, "b",
			    sharing->other, "a", one->port, "b", other->port, 16, workers);
}

/* Waits until so many datagrams that belong to neither input are counted, at most 20 seconds. */
static void await_unmatched(struct sluice_engine *engine, uint64_t count)
{
	struct sluice_engine_report report;
	uint64_t unmatched = 0;
	unsigned int tries;

	for (tries = 0; tries < 2000 && unmatched < count; tries++) {
		usleep(10000);
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		unmatched = report.inputs[0].unmatched + report.inputs[1].unmatched;
		sluice_engine_report_free(&report);
	}
	assert_int_equal(unmatched, count);
}

/* Each gets what is its own; what belongs to neither is counted. */
static void each_input_gets_its_own(void **state)
{
	static struct receiver one, other;
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	unsigned int number, workers;
	uint16_t port;

	(void)state;
	for (number = 0; number < 2 * sizeof(sharings) / sizeof(sharings[0]); number++) {
		workers = number % 2 + 1;
		port = free_port();
		receiver_start(&one, SLUICE_FRAMING_NATIVE, 0);
		receiver_start(&other, SLUICE_FRAMING_NATIVE, 0);
		engine = start(&sharings[number / 2], port, &one, &other, workers);
		send_from("127.0.0.2", "127.0.0.1", port, 0, COUNT);
		send_from("127.0.0.3", "127.0.0.1", port, 1000, COUNT);
		send_from("127.0.0.4", "127.0.0.1", port, 2000, COUNT);
		expect_range(&one, 0, COUNT);
		expect_range(&other, 1000, COUNT);
		await_unmatched(engine, COUNT);
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		assert_int_equal(report.inputs[0].counters.stored, COUNT);
		assert_int_equal(report.inputs[1].counters.stored, COUNT);
		assert_int_equal(report.inputs[0].unmatched + report.inputs[1].unmatched, COUNT);
		sluice_engine_report_free(&report);
		assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
		receiver_stop(&one);
		receiver_stop(&other);
		receiver_free(&one);
		receiver_free(&other);
	}
}

/* Applies a configuration, made as for printf. */
static void apply(struct sluice_engine *engine, const char *format, ...)
{
	char *text = NULL, *error = NULL;
	va_list list;

	va_start(list, format);
	assert_true(vasprintf(&text, format, list) > 0);
	va_end(list);
	if (sluice_engine_apply(engine, configure(text), NULL, &error))
		fail_msg("%s", error);
	free(text);
}

/* The second comes and goes while it runs; the first is not disturbed by that. */
static void an_input_comes_and_goes(void **state)
{
	static struct receiver one, other;
	struct sluice_engine *engine;
	unsigned int number;
	uint16_t port;

	(void)state;
	for (number = 0; number < sizeof(sharings) / sizeof(sharings[0]); number++) {
		const struct sharing *sharing = &sharings[number];

		port = free_port();
		receiver_start(&one, SLUICE_FRAMING_NATIVE, 0);
		receiver_start(&other, SLUICE_FRAMING_NATIVE, 0);
		engine = start_engine("relay: test\ninputs:\n" ONE "outputs:\n" OUT OUT TAIL, port,
				      sharing->way_one, sharing->one, "a", one.port, "b",
				      other.port, 16, 2);
		send_from("127.0.0.2", "127.0.0.1", port, 0, COUNT);
		apply(engine, "relay: test\ninputs:\n" ONE OTHER "outputs:\n" OUT OUT TAIL, port,
		      sharing->way_one, sharing->one, port, sharing->way_other, "b", sharing->other,
		      "a", one.port, "b", other.port, 16, 2);
		send_from("127.0.0.2", "127.0.0.1", port, COUNT, COUNT);
		send_from("127.0.0.3", "127.0.0.1", port, 1000, COUNT);
		await(&other, COUNT);
		apply(engine, "relay: test\ninputs:\n" ONE "outputs:\n" OUT OUT TAIL, port,
		      sharing->way_one, sharing->one, "a", one.port, "b", other.port, 16, 2);
		send_from("127.0.0.2", "127.0.0.1", port, 2ULL * COUNT, COUNT);
		send_from("127.0.0.3", "127.0.0.1", port, 2000, COUNT);
		expect_range(&one, 0, 3ULL * COUNT);
		usleep(20000);
		expect_range(&other, 1000, COUNT);
		assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
		receiver_stop(&one);
		receiver_stop(&other);
		receiver_free(&one);
		receiver_free(&other);
	}
}

/* The ring of one is full because its output is down: the other goes on. With calls what has no
 * room is lost after a moment, and counted by input; a program's ring is emptied for all, and what
 * has no room waits, up to as much as that holds. */
static void a_full_ring_costs_the_other_nothing(void **state)
{
	static const struct {
		const char *way, *head;
		bool loses;
	} cases[] = {
		{"calls", "", true}, {"bpf", "", false}, {"bpf", "socket: {ring: 1m}\n", true}};
	static struct receiver one, other;
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	unsigned int number, round;
	uint16_t port, down;
	uint64_t lost;

	(void)state;
	for (number = 0; number < 3; number++) {
		port = free_port();
		receiver_start(&one, SLUICE_FRAMING_NATIVE, 0);
		receiver_start(&other, SLUICE_FRAMING_NATIVE, 0);
		down = other.port;
		receiver_stop(&other);
		receiver_free(&other);
		engine = start_engine(
			"relay: test\n%sinputs:\n" ONE OTHER "outputs:\n" OUT OUT STORE,
			cases[number].head, port, cases[number].way, "from: 127.0.0.2", port,
			cases[number].way, "b", "from: 127.0.0.3", "a", one.port, "b", down, 1, 1);
		/* Half a MiB a ring. */
		for (round = 0; round < 8; round++) {
			send_from("127.0.0.3", "127.0.0.1", port, 1000ULL * (round + 10), 1000);
			send_from("127.0.0.2", "127.0.0.1", port, 100ULL * round, 100);
		}
		expect_range(&one, 0, 800);
		usleep(300000);
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		lost = report.inputs[1].counters.lost[SLUICE_LOST_RING_FULL];
		if (!strcmp(cases[number].way, "calls")) {
			assert_int_equal(report.inputs[1].counters.stored + lost, 8000);
			assert_int_equal(report.inputs[1].counters.matched, 8000);
		}
		assert_in_range(lost, cases[number].loses ? 1000 : 0,
				cases[number].loses ? 7999 : 0);
		assert_int_equal(report.inputs[0].counters.stored, 800);
		assert_int_equal(report.inputs[0].counters.matched, 800);
		sluice_engine_report_free(&report);
		receiver_start(&other, SLUICE_FRAMING_NATIVE, down);
		await(&other, 8000 - lost);
		assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
		receiver_stop(&one);
		receiver_stop(&other);
		assert_true(cases[number].loses == (other.gaps > 0));
		assert_int_equal(other.repeated + other.damaged + one.repeated + one.damaged, 0);
		receiver_free(&one);
		receiver_free(&other);
	}
}

/* A socket that has joined a group on `lo`, for the whole machine. */
static int join(const char *group)
{
	struct ip_mreqn request = {.imr_multiaddr.s_addr = inet_addr(group), .imr_ifindex = 1};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)),
			 0);
	return fd;
}

/* Broadcast and multicast come to the sockets of all workers, and of all inputs of the port: they
 * are stored once. Nor is any of the copies told of as lost. */
static void what_is_for_many_comes_once(void **state)
{
	static const char *const destinations[] = {"127.255.255.255", "239.77.7.7"};
	static struct receiver one, other;
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	unsigned int number, place;
	uint16_t port;
	int member = join(destinations[1]);

	(void)state;
	for (number = 0; number < sizeof(sharings) / sizeof(sharings[0]); number++) {
		/* Who is bound to an address gets nothing that is for many. */
		if (strstr(sharings[number].one, "address: ") ||
		    strstr(sharings[number].other, "address: "))
			continue;
		port = free_port();
		receiver_start(&one, SLUICE_FRAMING_NATIVE, 0);
		receiver_start(&other, SLUICE_FRAMING_NATIVE, 0);
		engine = start(&sharings[number], port, &one, &other, 3);
		for (place = 0; place < 2; place++) {
			send_from("127.0.0.2", destinations[place], port, 100UL * place, 100);
			send_from("127.0.0.3", destinations[place], port, 1000 + 100UL * place,
				  100);
		}
		expect_range(&one, 0, 200);
		expect_range(&other, 1000, 200);
		/* Long enough for its losses to be looked at. */
		usleep(500000);
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		for (place = 0; place < 2; place++) {
			assert_int_equal(report.inputs[place].counters.matched, 200);
			assert_int_equal(report.inputs[place].counters.stored, 200);
			assert_int_equal(report.inputs[place].unmatched, 0);
		}
		sluice_engine_report_free(&report);
		assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
		receiver_stop(&one);
		receiver_stop(&other);
		expect_range(&one, 0, 200);
		expect_range(&other, 1000, 200);
		receiver_free(&one);
		receiver_free(&other);
	}
	close(member);
}

/* An input that takes IPv4 and IPv6 takes them as well; also while its way of receiving changes. */
static void what_is_for_many_comes_once_live(void **state)
{
	static const char *const ways[] = {"calls", "bpf"};
	static const char *const destinations[] = {"127.255.255.255", "239.77.7.7"};
	static struct receiver one;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	unsigned int round;
	int member = join(destinations[1]);

	(void)state;
	receiver_start(&one, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine("relay: test\ninputs:\n" ONE "outputs:\n" OUT TAIL, port, "bpf",
			      "addresses: on", "a", one.port, 16, 2);
	for (round = 0; round < 8; round++) {
		send_from("127.0.0.2", destinations[round / 2 % 2], port, 100ULL * round, 100);
		apply(engine, "relay: test\ninputs:\n" ONE "outputs:\n" OUT TAIL, port,
		      ways[round % 2], "addresses: on", "a", one.port, 16, 2);
	}
	expect_range(&one, 0, 800);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&one);
	expect_range(&one, 0, 800);
	receiver_free(&one);
	close(member);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_input_gets_its_own),
		cmocka_unit_test(an_input_comes_and_goes),
		cmocka_unit_test(a_full_ring_costs_the_other_nothing),
		cmocka_unit_test(what_is_for_many_comes_once),
		cmocka_unit_test(what_is_for_many_comes_once_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
