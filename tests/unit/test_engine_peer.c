// SPDX-License-Identifier: MIT
/*
 * Peers that are not what an output expects: itself, a receiver that claims too much, one that comes and goes. On loopback, in
 * a network namespace of the test's own where it may have one.
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
 * A destination at a port of this host from which connections go out, while nobody listens: sooner or later an attempt takes that
 * port and meets itself. It does not count as connected, what waits is kept, and the receiver that comes has its port.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_output_never_meets_itself),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
