// SPDX-License-Identifier: MIT
/*
 * The stop of the engine: what it delivers, what it leaves for the next one, and that it ends
 * whatever comes meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>
#include "engine_helper.h"
#include "daemon/loop/worker.h"

#define CONFIG                                                                                    \
	"inputs:\n  - {name: in, port: %u, address: 127.0.0.1, source: socket, outputs: [out]}\n" \
	"outputs:\n  - {name: out, to: \"127.0.0.1:%u\", framing: native, "                       \
	"reconnect: {min: 10ms, max: 50ms}}\n"                                                    \
	"store:\n  memory: {size: 4m, path: %s}\n%sworkers: 2\n"

/* A folder of the test's own on tmpfs. */
static char folder[64];

/* Makes it. */
static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/dev/shm/sluice-test-stop-%d", getpid());
	return mkdir(folder, 0700);
}

/* Takes it away, with what is in it. */
static int remove_folder(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* A port where no receiver is, but may be later. */
static uint16_t reserve(struct receiver *receiver)
{
	receiver_start(receiver, SLUICE_FRAMING_NATIVE, 0);
	receiver_stop(receiver);
	return receiver->port;
}

/* Without a receiver the stop stands still, and ends by itself before its limit. Until it does the
 * inputs are open: the next engine delivers what came before and after the signal. */
static void inputs_stay_open(void **state)
{
	static struct receiver receiver;
	uint16_t port = free_port(), reserved = reserve(&receiver);
	struct sluice_engine *engine = start_engine(CONFIG, port, reserved, folder, "");
	char text[SLUICE_STOP_TEXT];
	uint64_t began;
	bool over;

	(void)state;
	send_numbers(port, 0, 300, 100, SLUICE_FRAMING_NATIVE);
	sluice_engine_stop_begin(engine, 60 * SLUICE_NS_PER_S);
	sluice_engine_stop_text(engine, text);
	assert_string_equal(text, "300 datagrams (36000 bytes) wait for out");
	assert_false(sluice_engine_stop_step(engine, false));
	send_numbers(port, 300, 500, 100, SLUICE_FRAMING_NATIVE);
	began = sluice_now();
	do {
		usleep(10000);
		over = sluice_engine_stop_step(engine, false);
	} while (!over && sluice_now() - began < 30 * SLUICE_NS_PER_S);
	assert_true(over);
	assert_int_equal(sluice_engine_stop_end(engine), 500 * 120);

	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, reserved);
	engine = start_engine(CONFIG, port, reserved, folder, "");
	await(&receiver, 500);
	assert_int_equal(sluice_engine_stop(engine, 10000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated + receiver.damaged + receiver.gaps, 0);
	receiver_free(&receiver);
}

/* Who has no time waits for nobody, and loses nothing either. */
static void hurry_leaves_at_once(void **state)
{
	static struct receiver receiver;
	uint16_t port = free_port(), reserved = reserve(&receiver);
	struct sluice_engine *engine = start_engine(CONFIG, port, reserved, folder, "");
	unsigned int steps = 0;

	(void)state;
	send_numbers(port, 0, 200, 100, SLUICE_FRAMING_NATIVE);
	sluice_engine_stop_begin(engine, 60 * SLUICE_NS_PER_S);
	while (!sluice_engine_stop_step(engine, true))
		assert_true(++steps < 10);
	assert_int_equal(sluice_engine_stop_end(engine), 200 * 120);
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, reserved);
	engine = start_engine(CONFIG, port, reserved, folder, "");
	await(&receiver, 200);
	assert_int_equal(sluice_engine_stop(engine, 10000, NULL), 0);
	receiver_stop(&receiver);
	receiver_free(&receiver);
}

/* With a disk nothing stays in memory: the rings may go, and all is delivered. */
static void memory_goes_to_the_disk(void **state)
{
	static struct receiver receiver;
	uint16_t port = free_port(), reserved = reserve(&receiver);
	struct sluice_engine *engine;
	char disk[200];

	(void)state;
	/* A rate at which it would take a minute. */
	snprintf(disk, sizeof(disk), "  disk: {path: %s/disk, size: 16m, rate: 1m}\n", folder);
	engine = start_engine(CONFIG, port, reserved, folder, disk);
	send_numbers(port, 0, 2000, 500, SLUICE_FRAMING_NATIVE);
	assert_int_equal(sluice_engine_stop(engine, 12000, NULL), 0);
	snprintf(disk, sizeof(disk), "rm -f %s/sluice-*", folder);
	assert_int_equal(system(disk), 0);
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, reserved);
	snprintf(disk, sizeof(disk), "  disk: {path: %s/disk, size: 16m, rate: 1m}\n", folder);
	engine = start_engine(CONFIG, port, reserved, folder, disk);
	await(&receiver, 2000);
	assert_int_equal(sluice_engine_stop(engine, 10000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated + receiver.damaged + receiver.gaps, 0);
	receiver_free(&receiver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(inputs_stay_open, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(hurry_leaves_at_once, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(memory_goes_to_the_disk, make_folder,
						remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
