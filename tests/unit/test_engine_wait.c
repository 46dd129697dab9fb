// SPDX-License-Identifier: MIT
/*
 * Inputs whose interface or address goes and comes back, in a network namespace of its own; without
 * the right to make one the tests are skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>
#include "engine_helper.h"

#define INPUT "  - {name: %s, port: %u, source: socket, receive: %s, outputs: [out], %s}\n"
#define OUTPUT                                                                               \
	"outputs:\n  - {name: out, to: [\"127.0.0.1:%u\"], framing: native, batch: {bytes: " \
	"64k, delay: 2ms}, reconnect: {min: 10ms, max: 50ms}}\n"
#define STORE "store: {memory: {size: 16m}}\nworkers: 2\nsocket: {readers: 2}\n"
#define PORT 5000U
#define OTHER_PORT 5001U

static const char *const ways[] = {"calls", "bpf"};

/* Runs a command, which must succeed. */
static void run(const char *command)
{
	if (system(command))
		fail_msg("%s", command);
}

/* A namespace of our own with `lo`. */
static bool enter_namespace(void)
{
	if (unshare(CLONE_NEWNET))
		return false;
	run("ip link set lo up");
	return true;
}

/* Makes the interface, with another index each time. */
static void make_interface(void)
{
	static unsigned int number = 100;
	char command[200];

	snprintf(command, sizeof(command),
		 "ip link add late0 index %u type veth peer name far0 && ip address add "
		 "192.0.2.1/24 dev late0 && "
		 "ip link set late0 up",
		 number++);
	run(command);
}

/* The state of input `number` must be `wanted`. */
static void assert_state(struct sluice_engine *engine, size_t number, const char *wanted)
{
	struct sluice_engine_report report;

	assert_int_equal(sluice_engine_report(engine, &report), 0);
	assert_string_equal(report.inputs[number].state, wanted);
	sluice_engine_report_free(&report);
}

/* How many sockets are bound to UDP port `number`. */
static unsigned int open_sockets(unsigned int number)
{
	char command[100], text[16] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), "ss -Hlun 'sport = :%u' | wc -l", number);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(text, sizeof(text), pipe));
	pclose(pipe);
	return (unsigned int)strtoul(text, NULL, 10);
}

/* It waits, opens, closes with the interface, opens again; what was in its sockets is delivered.
 * The other input goes on. */
static void an_interface_comes_goes_and_comes_back(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	unsigned int way, round;
	char *text, *error = NULL;

	(void)state;
	for (way = 0; way < 2; way++) {
		if (!enter_namespace())
			skip();
		receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
		engine = start_engine("relay: r\ninputs:\n" INPUT INPUT OUTPUT STORE, "late", PORT,
				      ways[way], "interface: late0", "there", OTHER_PORT, ways[way],
				      "interface: lo", receiver.port);
		for (round = 0; round < 3; round++) {
			assert_state(engine, 0, "waiting for interface late0");
			assert_state(engine, 1, "active");
			assert_int_equal(open_sockets(PORT), 0);
			assert_true(sluice_engine_follow_links(engine));
			make_interface();
			assert_false(sluice_engine_follow_links(engine));
			assert_state(engine, 0, "active");
			assert_int_equal(open_sockets(PORT), 2);
			send_numbers(OTHER_PORT, 200ULL * round, 200ULL * round + 100, 100,
				     SLUICE_FRAMING_NATIVE);
			/* Another of the same name, without a moment in which it is away. */
			run("ip link del late0");
			make_interface();
			assert_false(sluice_engine_follow_links(engine));
			assert_state(engine, 0, "active");
			assert_int_equal(open_sockets(PORT), 2);
			run("ip link del late0");
			/* A reload finds what is true as well. */
			assert_true(asprintf(&text, "relay: r\ninputs:\n" INPUT INPUT OUTPUT STORE,
					     "late", PORT, ways[way], "interface: late0", "there",
					     OTHER_PORT, ways[way], "interface: lo",
					     receiver.port) > 0);
			if (sluice_engine_apply(engine, configure(text), NULL, &error))
				fail_msg("%s", error);
			free(text);
			send_numbers(OTHER_PORT, 200ULL * round + 100, 200ULL * round + 200, 100,
				     SLUICE_FRAMING_NATIVE);
		}
		await(&receiver, 600);
		assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
		receiver_stop(&receiver);
		assert_int_equal(receiver.repeated + receiver.damaged + receiver.gaps, 0);
		receiver_free(&receiver);
	}
}

/* Datagrams that reached a socket before its interface went are delivered. `lo` cannot go, but be
 * called otherwise. */
static void what_reached_a_socket_is_delivered(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	unsigned int way;

	(void)state;
	for (way = 0; way < 2; way++) {
		if (!enter_namespace())
			skip();
		receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
		engine = start_engine("relay: r\ninputs:\n" INPUT OUTPUT STORE, "in", PORT,
				      ways[way], "interface: lo", receiver.port);
		send_numbers(PORT, 0, 5000, 100, SLUICE_FRAMING_NATIVE);
		run("ip link set lo name other0");
		assert_true(sluice_engine_follow_links(engine));
		assert_state(engine, 0, "waiting for interface lo");
		assert_int_equal(open_sockets(PORT), 0);
		run("ip link set other0 name lo");
		assert_false(sluice_engine_follow_links(engine));
		send_numbers(PORT, 5000, 6000, 100, SLUICE_FRAMING_NATIVE);
		await(&receiver, 6000);
		assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
		receiver_stop(&receiver);
		assert_int_equal(receiver.repeated + receiver.damaged + receiver.gaps, 0);
		receiver_free(&receiver);
	}
}

/* An address that comes later: the socket is there before it, so nothing is missed. */
static void an_address_comes_later(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = inet_addr("192.0.2.1"),
				      .sin_port = htons(PORT)};
	uint8_t payload[8] = {0};
	int fd;

	(void)state;
	if (!enter_namespace())
		skip();
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine("relay: r\ninputs:\n" INPUT OUTPUT STORE, "in", PORT, "calls",
			      "address: 192.0.2.1", receiver.port);
	assert_state(engine, 0, "waiting for address 192.0.2.1");
	assert_int_equal(open_sockets(PORT), 2);
	assert_true(sluice_engine_follow_links(engine));
	make_interface();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(sendto(fd, payload, sizeof(payload), 0, (struct sockaddr *)&address,
				sizeof(address)),
			 sizeof(payload));
	close(fd);
	await(&receiver, 1);
	assert_false(sluice_engine_follow_links(engine));
	assert_state(engine, 0, "active");
	run("ip address del 192.0.2.1/24 dev late0");
	assert_true(sluice_engine_follow_links(engine));
	assert_state(engine, 0, "waiting for address 192.0.2.1");
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	receiver_free(&receiver);
}

/* Meanwhile another program has taken the port: it waits for that, too, and goes on when it is
 * free. */
static void a_port_taken_meanwhile_is_waited_for(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	struct sluice_engine_report report;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd;

	(void)state;
	if (!enter_namespace())
		skip();
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine("relay: r\ninputs:\n" INPUT OUTPUT STORE, "in", PORT, "calls",
			      "interface: late0", receiver.port);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	make_interface();
	assert_true(sluice_engine_follow_links(engine));
	assert_int_equal(sluice_engine_report(engine, &report), 0);
	assert_non_null(strstr(report.inputs[0].state, "waiting for port 5000: "));
	sluice_engine_report_free(&report);
	close(fd);
	assert_false(sluice_engine_follow_links(engine));
	assert_state(engine, 0, "active");
	assert_int_equal(open_sockets(PORT), 2);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	receiver_free(&receiver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_comes_goes_and_comes_back),
		cmocka_unit_test(what_reached_a_socket_is_delivered),
		cmocka_unit_test(an_address_comes_later),
		cmocka_unit_test(a_port_taken_meanwhile_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
