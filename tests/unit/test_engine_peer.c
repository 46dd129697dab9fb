// SPDX-License-Identifier: MIT
/*
 * Peers that are not what an output expects: itself, a receiver that claims too much, one that
 * comes and goes. On loopback, in a network namespace of the test's own where it may have one.
 *
 * takes: 20
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <cmocka.h>
#include "engine_helper.h"

#define INPUT                                                                                 \
	"relay: test\ninputs:\n  - {name: in, port: %u, address: 127.0.0.1, source: socket, " \
	"outputs: [out]}\noutputs:\n"
#define STORE "store: {memory: {size: 8m}}\nworkers: 1\n"

static bool has_namespace;

/* Writes `text` into a file of /proc. */
static void write_setting(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A network namespace with loopback up, if this user may. */
static int make_namespace(void **state)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	(void)state;
	if (geteuid() || unshare(CLONE_NEWNET))
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	has_namespace = !ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return !has_namespace;
}

/* State, connects and last error of the first destination of the first output. */
static void look(struct sluice_engine *engine, char *state, uint64_t *connects, char *error)
{
	struct sluice_engine_report report;
	const struct sluice_engine_destination *destination;

	assert_int_equal(sluice_engine_report(engine, &report), 0);
	destination = &report.outputs[0].destinations[0];
	snprintf(state, 32, "%s", destination->state);
	*connects = destination->connects;
	snprintf(error, 200, "%s", destination->error ? destination->error : "");
	sluice_engine_report_free(&report);
}

/*
 * A destination at a port of this host from which connections go out, while nobody listens: sooner
 * or later an attempt takes that port and meets itself. It does not count as connected, what waits
 * is kept, and the receiver that comes has its port.
 */
static void an_output_never_meets_itself(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	char said[32], error[200];
	uint64_t connects;
	unsigned int tries;

	(void)state;
	if (!has_namespace)
		skip();
	write_setting("/proc/sys/net/ipv4/ip_local_port_range", "27100 27107");
	engine = start_engine(
		INPUT "  - {name: out, to: [\"127.0.0.1:27104\"], framing: newline, batch: {delay: "
		      "1ms}, reconnect: {min: 5ms, max: 20ms}}\n" STORE,
		26901);
	send_numbers(26901, 0, 100, 100, SLUICE_FRAMING_NEWLINE);
	for (tries = 0; tries < 10000; tries++) {
		look(engine, said, &connects, error);
		assert_string_not_equal(said, "connected");
		assert_int_equal(connects, 0);
		if (strstr(error, "itself"))
			break;
		usleep(500);
	}
	assert_true(tries < 10000);
	receiver_start(&receiver, SLUICE_FRAMING_NEWLINE, 27104);
	await(&receiver, 100);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated + receiver.damaged, 0);
	receiver_free(&receiver);
	write_setting("/proc/sys/net/ipv4/ip_local_port_range", "32768 60999");
}

#define PEER(to, framing)                                                                          \
	"  - {name: out, to: " to ", framing: " framing ", batch: {bytes: 16k, delay: 1ms}, dead-" \
	"after: 300ms, reconnect: {min: 10ms, max: 50ms}}\n"

/* Waits until the first destination is in `wanted`, at most 20 seconds. */
static void await_state(struct sluice_engine *engine, const char *wanted)
{
	char said[32], error[200];
	uint64_t connects;
	unsigned int tries;

	for (tries = 0; tries < 4000; tries++) {
		look(engine, said, &connects, error);
		if (!strcmp(said, wanted))
			return;
		usleep(5000);
	}
	fail_msg("it is %s, not %s; %s", said, wanted, error);
}

/* Those who connect to `receiver` from now on find a window of a few kilobytes. */
static void make_small(const struct receiver *receiver)
{
	const int bytes = 4096;

	assert_int_equal(
		setsockopt(receiver->listener, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
}

/*
 * A receiver reads slowly and steadily, so that its window is shut for longer than `dead-after`
 * each time: it is called slow, has one connection for all of it, and gets everything once.
 */
static void read_slowly(enum sluice_framing framing, const char *format)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	unsigned int tries;

	receiver_start(&receiver, framing, 0);
	make_small(&receiver);
	receiver.slow_us = 700000;
	engine = start_engine(format, port, receiver.port);
	send_numbers(port, 0, 40, 1000, framing);
	await_state(engine, "slow");
	for (tries = 0; tries < 60 && receiver.delivered < 40; tries++)
		usleep(500000);
	assert_int_equal(receiver.delivered, 40);
	receiver.slow_us = 0;
	assert_int_equal(receiver.accepted, 1);
	send_numbers(port, 40, 80, 1000, framing);
	await(&receiver, 80);
	await_state(engine, "connected");
	/* All of it counts, also what TCP acknowledged while the same write went on. */
	assert_int_equal(sent_by(engine), 80);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.accepted, 1);
	assert_int_equal(receiver.repeated + receiver.damaged + receiver.suppressed, 0);
	receiver_free(&receiver);
}

/* Lines, and acknowledged. */
static void who_reads_slowly_is_not_dead(void **state)
{
	(void)state;
	read_slowly(SLUICE_FRAMING_NEWLINE, INPUT PEER("[\"127.0.0.1:%u\"]", "newline") STORE);
	read_slowly(SLUICE_FRAMING_NATIVE, INPUT PEER("[\"127.0.0.1:%u\"]", "native") STORE);
}

/* Connections break in the middle of long writes: what TCP had acknowledged of these was sent, and
 * counts. */
static void what_a_broken_write_delivered_counts(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();

	(void)state;
	if (!has_namespace)
		skip();
	write_setting("/proc/sys/net/ipv4/tcp_wmem", "4096 8192 8192");
	receiver.reset_every = 200021;
	receiver.resets = 4;
	receiver.slow_us = 20000;
	receiver_start(&receiver, SLUICE_FRAMING_NEWLINE, 0);
	make_small(&receiver);
	engine = start_engine(
		INPUT "  - {name: out, to: [\"127.0.0.1:%u\"], framing: newline, batch: {bytes: "
		      "512k, delay: 1ms}, reconnect: {min: 10ms, max: 50ms}}\n" STORE,
		port, receiver.port);
	send_numbers(port, 0, 2000, 1000, SLUICE_FRAMING_NEWLINE);
	await(&receiver, 2000);
	assert_true(receiver.broken > 2);
	assert_true(sent_by(engine) >= 2000);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated + receiver.damaged, 0);
	receiver_free(&receiver);
	write_setting("/proc/sys/net/ipv4/tcp_wmem", "4096 16384 4194304");
}

/* The only receiver stops reading for ten times `dead-after`: its connection waits, and nothing is
 * sent twice. */
static void who_stops_reading_is_waited_for(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NEWLINE, 0);
	make_small(&receiver);
	engine = start_engine(INPUT PEER("[\"127.0.0.1:%u\"]", "newline") STORE, port,
			      receiver.port);
	send_numbers(port, 0, 10, 1000, SLUICE_FRAMING_NEWLINE);
	await(&receiver, 10);
	receiver.paused = true;
	usleep(20000);
	send_numbers(port, 10, 100, 1000, SLUICE_FRAMING_NEWLINE);
	await_state(engine, "slow");
	usleep(3000000);
	await_state(engine, "slow");
	receiver.paused = false;
	await(&receiver, 100);
	await_state(engine, "connected");
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.accepted, 1);
	assert_int_equal(receiver.repeated + receiver.damaged, 0);
	receiver_free(&receiver);
}

/* One of two stops reading: what comes goes to the other one, and what waits at the first does so,
 * too, after a while. */
static void who_stops_reading_holds_nobody_up(void **state)
{
	static struct receiver stops, reads;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	uint64_t first;
	unsigned int tries;

	(void)state;
	receiver_start(&stops, SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&reads, SLUICE_FRAMING_NATIVE, 0);
	make_small(&stops);
	engine = start_engine(INPUT PEER("[\"127.0.0.1:%u\", \"127.0.0.1:%u\"]", "native") STORE,
			      port, stops.port, reads.port);
	await_state(engine, "connected");
	send_numbers(port, 0, 400, 200, SLUICE_FRAMING_NATIVE);
	for (tries = 0; tries < 4000 && stops.delivered + reads.delivered < 400; tries++)
		usleep(5000);
	assert_int_equal(stops.delivered + reads.delivered, 400);
	first = stops.delivered;
	assert_true(first > 0);
	stops.paused = true;
	usleep(20000);
	send_numbers(port, 400, 800, 1000, SLUICE_FRAMING_NATIVE);
	for (tries = 0; tries < 4000 && reads.delivered + first < 800; tries++)
		usleep(5000);
	assert_int_equal(reads.delivered + first, 800);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&stops);
	receiver_stop(&reads);
	assert_int_equal(reads.repeated + reads.damaged + stops.damaged, 0);
	receiver_free(&stops);
	receiver_free(&reads);
}

/* Lets nothing in to the first client any more, as if its host were gone. */
static void vanish(struct receiver *receiver)
{
	struct sock_filter nothing = {.code = BPF_RET | BPF_K, .k = 0};
	struct sock_fprog program = {.len = 1, .filter = &nothing};

	assert_int_equal(setsockopt(receiver->clients[0].fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
				    sizeof(program)),
			 0);
}

/*
 * A receiver vanishes, with data under way or (`shut`) while its window is shut and nothing may be
 * sent: that is found, and what it has not got comes by another connection.
 */
static void vanish_while(bool shut)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	char said[32], error[200] = "";
	uint64_t connects;
	unsigned int tries;

	receiver_start(&receiver, SLUICE_FRAMING_NEWLINE, 0);
	make_small(&receiver);
	engine = start_engine(INPUT PEER("[\"127.0.0.1:%u\"]", "newline") STORE, port,
			      receiver.port);
	send_numbers(port, 0, 10, 1000, SLUICE_FRAMING_NEWLINE);
	await(&receiver, 10);
	receiver.paused = shut;
	usleep(20000);
	if (!shut)
		vanish(&receiver);
	send_numbers(port, 10, 100, 1000, SLUICE_FRAMING_NEWLINE);
	if (shut) {
		await_state(engine, "slow");
		vanish(&receiver);
	}
	for (tries = 0; tries < 4000 && !strstr(error, "nothing at all came back"); tries++) {
		look(engine, said, &connects, error);
		usleep(5000);
	}
	assert_true(tries < 4000);
	receiver.paused = false;
	await(&receiver, 100);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_true(receiver.accepted > 1);
	assert_int_equal(receiver.repeated + receiver.damaged, 0);
	receiver_free(&receiver);
}

/* Both. */
static void who_vanished_is_found(void **state)
{
	(void)state;
	vanish_while(false);
	vanish_while(true);
}

/* A receiver of a plain framing that shuts its sending side goes on getting what comes, on the same
 * connection. */
static void who_says_nothing_more_goes_on_reading(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_OCTET_COUNTED, 0);
	engine = start_engine(INPUT PEER("[\"127.0.0.1:%u\"]", "octet-counted") STORE, port,
			      receiver.port);
	send_numbers(port, 0, 10, 1000, SLUICE_FRAMING_OCTET_COUNTED);
	await(&receiver, 10);
	assert_int_equal(shutdown(receiver.clients[0].fd, SHUT_WR), 0);
	usleep(100000);
	send_numbers(port, 10, 1000, 1000, SLUICE_FRAMING_OCTET_COUNTED);
	await(&receiver, 1000);
	assert_int_equal(receiver.accepted, 1);
	/* One that closes is noticed by the next that is written, which comes whole by another
	 * connection. */
	receiver.paused = true;
	usleep(20000);
	hang_up(&receiver.clients[0], false);
	receiver.paused = false;
	usleep(50000);
	send_numbers(port, 1000, 1100, 1000, SLUICE_FRAMING_OCTET_COUNTED);
	await(&receiver, 1100);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.accepted, 2);
	assert_int_equal(receiver.repeated + receiver.damaged, 0);
	receiver_free(&receiver);
}

/* An output with a destination at an interface that is not there starts, waits, and says for what;
 * the check warns of it. */
static void an_interface_that_is_not_there_is_waited_for(void **state)
{
	static const char format[] =
		INPUT PEER("[\"[fe80::1%%nowhere]:6000\", \"[::1%%lo]:%u\"]", "newline") STORE;
	static struct receiver receiver;
	char text[1024], said[32], error[200] = "", *words;
	struct sluice_findings findings;
	struct sluice_config *config;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	uint64_t connects;
	unsigned int tries;

	(void)state;
	snprintf(text, sizeof(text), format, port, 6001U);
	assert_int_equal(sluice_config_parse(text, strlen(text), "t", &config, &findings), 0);
	assert_int_equal(sluice_config_check_host(config, SLUICE_HOST_FILE, &findings), 0);
	words = sluice_findings_text(&findings, "t");
	assert_non_null(strstr(words, "note: outputs.to: there is no interface \"nowhere\""));
	assert_null(strstr(words, "\"lo\""));
	free(words);
	sluice_findings_free(&findings);
	sluice_config_free(config);
	receiver_start(&receiver, SLUICE_FRAMING_NEWLINE, 0);
	engine = start_engine(format, port, receiver.port);
	for (tries = 0; tries < 4000 && !strstr(error, "its interface is not there"); tries++) {
		look(engine, said, &connects, error);
		assert_int_equal(connects, 0);
		usleep(5000);
	}
	assert_true(tries < 4000);
	assert_int_equal(sluice_engine_stop(engine, 1000, NULL), 0);
	receiver_stop(&receiver);
	receiver_free(&receiver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_output_never_meets_itself),
		cmocka_unit_test(who_reads_slowly_is_not_dead),
		cmocka_unit_test(what_a_broken_write_delivered_counts),
		cmocka_unit_test(who_stops_reading_is_waited_for),
		cmocka_unit_test(who_stops_reading_holds_nobody_up),
		cmocka_unit_test(who_vanished_is_found),
		cmocka_unit_test(who_says_nothing_more_goes_on_reading),
		cmocka_unit_test(an_interface_that_is_not_there_is_waited_for),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
