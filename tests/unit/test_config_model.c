// SPDX-License-Identifier: MIT
/*
 * Good configurations become exactly the model that they describe; routes follow from it; the
 * machine's own limits are held against it. Run in the top folder of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include <sluice/ring.h>
#include "config/check.h"
#include "guid.h"
#include "priority.h"

/* Loads a file of tests/config/good, which must be without findings. @owner caller */
static struct sluice_config *load_good(const char *name)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	char path[256], *text;
	int error;

	snprintf(path, sizeof(path), "tests/config/good/%s", name);
	error = sluice_config_load(path, &config, &findings);
	if (error || findings.count) {
		text = sluice_findings_text(&findings, name);
		fail_msg("%d\n%s", error, text);
	}
	sluice_findings_free(&findings);
	assert_string_equal(config->path, path);
	return config;
}

/* Parses a text that must be right. @owner caller */
static struct sluice_config *parse_good(const char *text)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	char *found;

	if (sluice_config_parse(text, strlen(text), "x", &config, &findings)) {
		found = sluice_findings_text(&findings, "x");
		fail_msg("%s", found);
	}
	sluice_findings_free(&findings);
	return config;
}

/* A GUID must be this one. */
static void assert_guid(const uint8_t guid[16], const char *expected)
{
	char text[SLUICE_GUID_TEXT];

	assert_string_equal(sluice_guid_format(guid, text), expected);
}

/* Every key arrives where model.h says. */
static void every_key_arrives(void **state)
{
	static const struct sluice_port_range ports[] = {
		{5000, 5004}, {6000, 6000}, {7001, 7001}, {7003, 7003}};
	struct sluice_config *config = load_good("full.yaml");
	const struct sluice_config_input *input = &config->inputs[0];
	const struct sluice_config_output *output = &config->outputs[0];

	(void)state;
	assert_int_equal(config->store.drop, SLUICE_DROP_OLDEST);
	assert_string_equal(config->relay, "middle");
	assert_int_equal(config->input_count, 2);
	assert_guid(input->id, "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001");
	assert_string_equal(input->name, "telemetry");
	assert_int_equal(input->place.line, 5);
	assert_int_equal(input->place.column, 5);
	assert_int_equal(input->port_count, 4);
	assert_memory_equal(input->ports, ports, sizeof(ports));
	assert_int_equal(input->address.family, AF_INET);
	assert_int_equal(input->address.length, 32);
	assert_memory_equal(input->address.address, "\x0a\x09\x00\x01", 4);
	assert_int_equal(input->from.length, 24);
	assert_string_equal(input->interface, "eth0");
	assert_int_equal(input->source, SLUICE_SOURCE_KMOD);
	assert_int_equal(input->verdict, SLUICE_VERDICT_COPY);
	assert_int_equal(input->receive, SLUICE_RECEIVE_AUTO);
	assert_int_equal(config->inputs[1].receive, SLUICE_RECEIVE_BPF);
	assert_int_equal(input->checksum, SLUICE_RULE_F_KEEP_BADCSUM);
	assert_int_equal(config->inputs[1].checksum, 0);
	assert_int_equal(input->time, SLUICE_RULE_F_HWTIME);
	assert_int_equal(config->inputs[1].time, 0);
	assert_int_equal(input->batching, SLUICE_BATCHING_AUTO);
	assert_int_equal(config->inputs[1].batching, SLUICE_BATCHING_OFF);
	assert_int_equal(input->hook, SLUICE_HOOK_LOCAL_IN);
	assert_int_equal(config->inputs[1].hook, SLUICE_HOOK_PREROUTING);
	assert_int_equal(input->output_count, 3);
	assert_int_equal(input->outputs[0], 0);
	assert_int_equal(input->outputs[1], 1);
	assert_int_equal(config->inputs[1].address.family, AF_INET6);
	assert_int_equal(config->inputs[1].address.length, 128);
	assert_int_equal(config->inputs[1].output_count, 1);

	assert_int_equal(config->output_count, 3);
	assert_int_equal(output->to_count, 3);
	assert_string_equal(output->to[1].text, "[fd09:1::2]:6001");
	assert_string_equal(output->to[1].host, "fd09:1::2");
	assert_int_equal(output->to[1].port, 6001);
	assert_string_equal(output->to[2].host, "third.example");
	assert_int_equal(output->framing, SLUICE_FRAMING_OCTET_COUNTED);
	assert_int_equal(output->batch_bytes, 65536);
	assert_int_equal(output->batch_delay_us, 100);
	assert_int_equal(output->reconnect_min_us, 50000);
	assert_int_equal(output->reconnect_max_us, 500000);
	assert_int_equal(output->connect_timeout_us, 1500000);
	assert_int_equal(output->dead_after_us, 60000000);
	assert_int_equal(config->outputs[1].framing, SLUICE_FRAMING_NEWLINE);
	assert_int_equal(config->outputs[1].unsafe, SLUICE_UNSAFE_REFUSE);
	assert_int_equal(config->outputs[1].max_datagram, 8096);
	assert_int_equal(config->outputs[1].oversize, SLUICE_OVERSIZE_TRUNCATE);
	assert_int_equal(config->outputs[1].empty, SLUICE_EMPTY_SKIP);
	assert_false(config->outputs[1].durable);
	assert_true(config->outputs[2].durable);
	assert_false(config->inputs[0].addresses);
	assert_true(config->inputs[1].addresses);
	assert_int_equal(config->store.memory_size, 1UL << 30);
	assert_int_equal(config->store.spool_begin, 60);
	assert_int_equal(config->store.spool_end, 0);
	assert_int_equal(config->worker_count, 2);
	assert_int_equal(config->socket_ring, 8 << 20);
	assert_int_equal(config->socket_readers, 2);
	assert_int_equal(config->stop_limit_us, 45000000);
	assert_int_equal(config->log.level, LOG_DEBUG);
	assert_int_equal(config->log.target, SLUICE_LOG_FILE);
	assert_string_equal(config->log.path, "/var/log/sluice.log");
	sluice_config_free(config);
}

/* Destinations with all they may have; a duplicating output becomes one for each destination, the
 * route stays one. */
static void modes_and_destinations_arrive(void **state)
{
	struct sluice_config *config = load_good("modes.yaml");
	const struct sluice_config_destination *to = config->outputs[0].to;
	struct sluice_config_route *routes;
	size_t count;

	(void)state;
	assert_int_equal(config->output_count, 4);
	assert_int_equal(config->outputs[0].mode, SLUICE_MODE_BALANCE);
	assert_int_equal(config->outputs[0].rate, 900000000);
	assert_int_equal(to[0].weight, 3);
	assert_false(to[0].standby);
	assert_true(to[1].standby);
	assert_int_equal(to[1].rate, 10000000);
	assert_string_equal(to[2].text, "x:3");
	assert_int_equal(to[2].weight, 1);
	assert_true(to[2].enabled);
	assert_string_equal(config->outputs[1].name, "copies");
	assert_string_equal(config->outputs[1].to[0].text, "y:1");
	assert_string_equal(config->outputs[2].to[0].text, "[fd09::1]:3");
	assert_int_equal(config->outputs[2].to_count, 1);
	assert_true(sluice_config_is_twin(config, 2));
	assert_false(sluice_config_is_twin(config, 1));
	assert_memory_not_equal(config->outputs[1].id, config->outputs[2].id, SLUICE_GUID_SIZE);
	assert_int_equal(config->inputs[0].output_count, 3);
	assert_int_equal(config->inputs[1].output_count, 2);
	assert_int_equal(config->inputs[1].outputs[1], 2);
	assert_int_equal(config->inputs[2].outputs[0], 3);
	assert_true(config->inputs[2].addresses);
	assert_false(config->inputs[1].addresses);
	assert_int_equal(sluice_config_routes(config, 1, &routes, &count), 0);
	assert_int_equal(count, 3);
	assert_string_equal(routes[0].name, "spread+copies");
	sluice_config_routes_free(routes, count);
	sluice_config_free(config);
}

/* What is not written has the defaults that model.h and sluice.yaml(5) name. */
static void defaults_are_the_documented_ones(void **state)
{
	struct sluice_config *config = load_good("minimal.yaml");
	const struct sluice_config_input *input = &config->inputs[0];
	const struct sluice_config_output *output = &config->outputs[0];

	(void)state;
	assert_string_equal(config->relay, "sluice");
	assert_int_equal(input->address.family, AF_UNSPEC);
	assert_int_equal(input->from.family, AF_UNSPEC);
	assert_string_equal(input->interface, "");
	assert_int_equal(input->source, SLUICE_SOURCE_AUTO);
	assert_int_equal(input->verdict, SLUICE_VERDICT_STEAL);
	assert_int_equal(output->mode, SLUICE_MODE_ROUND_ROBIN);
	assert_int_equal(output->framing, SLUICE_FRAMING_NATIVE);
	assert_int_equal(output->batch_bytes, 256 << 10);
	assert_true(output->batch_delay_us == SLUICE_DELAY_AUTO);
	assert_int_equal(output->reconnect_min_us, 100000);
	assert_int_equal(output->reconnect_max_us, 5000000);
	assert_int_equal(output->connect_timeout_us, 5000000);
	assert_int_equal(output->dead_after_us, 10000000);
	assert_int_equal(config->store.memory_size, 64 << 20);
	assert_int_equal(config->worker_count, 0);
	assert_int_equal(config->stop_limit_us, 30000000);
	assert_int_equal(config->log.level, LOG_INFO);
	assert_int_equal(config->log.target, SLUICE_LOG_STDERR);
	assert_null(config->log.path);
	/* Derived from "input:telemetry" and "output:collector"; another value would orphan every
	 * running rule. */
	assert_guid(input->id, "f37164fc-0400-58e3-8565-3e217abf4e8c");
	assert_guid(output->id, "8823ac78-fc9e-5ff6-82ef-6c666db2e248");
	sluice_config_free(config);
}

/* The example that is installed needs no change to be taken. */
static void the_shipped_example_has_no_faults(void **state)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;

	(void)state;
	assert_int_equal(sluice_config_load("conf/sluice.yaml", &config, &findings), 0);
	assert_int_equal(findings.count, 0);
	assert_int_equal(sluice_config_check_host(config, SLUICE_HOST_FILE, &findings), 0);
	assert_int_equal(findings.count, 0);
	sluice_findings_free(&findings);
	sluice_config_free(config);
}

/* As `sluicectl check <(template)`: what fills the pipe has not begun when it is read, and pauses
 * in the middle. */
static void a_pipe_that_is_filled_slowly_is_read_whole(void **state)
{
	static const char text[] = "inputs:\n  - port: 514\noutputs:\n  - to: 192.0.2.1:601\n";
	const struct timespec pause = {.tv_nsec = 50000000};
	struct sluice_findings findings;
	char path[32], *found = NULL;
	size_t length = 0;
	int ends[2];
	pid_t writer;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		nanosleep(&pause, NULL);
		if (write(ends[1], text, 10) != 10)
			_exit(1);
		nanosleep(&pause, NULL);
		_exit(write(ends[1], text + 10, sizeof(text) - 11) != sizeof(text) - 11);
	}
	close(ends[1]);
	assert_int_equal(sluice_config_read(path, &found, &length, &findings), 0);
	assert_int_equal(length, sizeof(text) - 1);
	assert_memory_equal(found, text, length);
	free(found);
	sluice_findings_free(&findings);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	close(ends[0]);
}

/* K4: keys and values in any case. */
static void case_does_not_matter(void **state)
{
	struct sluice_config *config = load_good("case.yaml");

	(void)state;
	assert_string_equal(config->relay, "Middle");
	assert_string_equal(config->inputs[0].name, "Telemetry");
	assert_guid(config->inputs[0].id, "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001");
	assert_int_equal(config->inputs[0].source, SLUICE_SOURCE_KMOD);
	assert_int_equal(config->inputs[0].verdict, SLUICE_VERDICT_COPY);
	assert_int_equal(config->outputs[0].framing, SLUICE_FRAMING_OCTET_COUNTED);
	assert_int_equal(config->outputs[0].batch_bytes, 1 << 20);
	assert_int_equal(config->outputs[0].batch_delay_us, 5000);
	assert_int_equal(config->outputs[0].connect_timeout_us, 3000000);
	assert_string_equal(config->outputs[0].to[0].host, "Third.Example");
	assert_int_equal(config->store.memory_size, 32 << 20);
	assert_int_equal(config->worker_count, 0);
	assert_int_equal(config->log.level, LOG_WARNING);
	assert_int_equal(config->log.target, SLUICE_LOG_JOURNAL);
	sluice_config_free(config);
}

/* Aliases are what they name. */
static void aliases_are_followed(void **state)
{
	struct sluice_config *config = load_good("aliases.yaml");

	(void)state;
	assert_int_equal(config->inputs[1].output_count, 2);
	assert_int_equal(config->outputs[1].batch_bytes, 8192);
	assert_int_equal(config->outputs[1].batch_delay_us, 0);
	sluice_config_free(config);
}

/* A route gathers for as long as the most impatient of its outputs allows, and sends what is alone
 * at once if one has `auto`. */
static void the_delay_follows_from_the_outputs(void **state)
{
	struct sluice_config *config =
		parse_good("inputs:\n"
			   "  - {name: one, port: 1, outputs: a}\n"
			   "  - {name: two, port: 2, outputs: [a, b]}\n"
			   "  - {name: three, port: 3, outputs: [b, c]}\n"
			   "outputs:\n"
			   "  - {name: a, to: 'x:1'}\n"
			   "  - {name: b, to: 'x:2', batch: {delay: 500us}}\n"
			   "  - {name: c, to: 'x:3', batch: {delay: 5ms}}\n"
			   "store: {memory: {size: 13m}}\n");
	struct sluice_config_route *routes;
	size_t count;

	(void)state;
	assert_int_equal(sluice_config_routes(config, 2, &routes, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(routes[0].delay_us, 2000);
	assert_true(routes[0].is_prompt);
	assert_int_equal(routes[1].delay_us, 500);
	assert_true(routes[1].is_prompt);
	assert_int_equal(routes[2].delay_us, 500);
	assert_false(routes[2].is_prompt);
	sluice_config_routes_free(routes, count);
	sluice_config_free(config);
}

/* Inputs of the same outputs share a route; sizes follow from memory, routes and CPUs. */
static void routes_follow_from_inputs(void **state)
{
	struct sluice_config *config =
		parse_good("inputs:\n"
			   "  - {name: one, port: 1, outputs: [a, b]}\n"
			   "  - {name: two, port: 2, outputs: a}\n"
			   "  - {name: three, port: 3, outputs: [b, a]}\n"
			   "outputs:\n"
			   "  - {name: a, to: 'x:1', batch: {bytes: 32k, delay: 5ms}}\n"
			   "  - {name: b, to: 'x:2', batch: {bytes: 4m, delay: 3ms}}\n"
			   "store: {memory: {size: 13m}}\n");
	struct sluice_config_route *routes;
	size_t count;

	(void)state;
	assert_int_equal(sluice_config_routes(config, 2, &routes, &count), 0);
	assert_int_equal(count, 2);
	/* 13 MiB over 2 routes and 2 CPUs is 3.25 MiB each; a ring is a power of two. */
	assert_string_equal(routes[0].name, "a");
	assert_int_equal(routes[0].ring_size, 2 << 20);
	assert_int_equal(routes[0].input_count, 1);
	assert_int_equal(routes[0].inputs[0], 1);
	assert_int_equal(routes[0].watermark, 32 << 10);
	assert_int_equal(routes[0].delay_us, 5000);
	assert_string_equal(routes[1].name, "a+b");
	assert_int_equal(routes[1].input_count, 2);
	assert_int_equal(routes[1].inputs[0], 0);
	assert_int_equal(routes[1].inputs[1], 2);
	assert_int_equal(routes[1].output_count, 2);
	assert_int_equal(routes[1].watermark, 32 << 10);
	assert_int_equal(routes[1].delay_us, 3000);
	sluice_config_routes_free(routes, count);
	/* The watermark is never more than a quarter of the ring. */
	config->outputs[0].batch_bytes = 4 << 20;
	assert_int_equal(sluice_config_routes(config, 2, &routes, &count), 0);
	assert_int_equal(routes[0].watermark, (2 << 20) / 4);
	sluice_config_routes_free(routes, count);
	/* 256 KiB is the least a ring can have: 26 CPUs get it, 27 do not. */
	assert_int_equal(sluice_config_routes(config, 26, &routes, &count), 0);
	assert_int_equal(routes[0].ring_size, SLUICE_RING_SIZE_MIN);
	sluice_config_routes_free(routes, count);
	assert_int_equal(sluice_config_routes(config, 27, &routes, &count), -E2BIG);
	assert_int_equal(count, 2);
	assert_int_equal(sluice_config_routes(config, 0, &routes, &count), -EINVAL);
	sluice_config_free(config);
}

/* A route keeps its GUID whatever the order of things in the file is, and only then. */
static void a_route_keeps_its_guid(void **state)
{
	static const char *const texts[] = {
		"inputs: [{name: i, port: 1, outputs: [a, b]}]\noutputs: [{name: a, to: 'x:1'}, "
		"{name: b, to: 'x:2'}]\n",
		"inputs: [{name: k, port: 9, outputs: [b, a]}]\noutputs: [{name: b, to: 'y:2'}, "
		"{name: a, to: 'x:1'}]\n",
		"inputs: [{name: i, port: 1, outputs: [a, c]}]\noutputs: [{name: a, to: 'x:1'}, "
		"{name: c, to: 'x:2'}]\n",
	};
	struct sluice_config_route *routes;
	uint8_t guids[3][16];
	size_t number, count;

	(void)state;
	for (number = 0; number < 3; number++) {
		struct sluice_config *config = parse_good(texts[number]);

		assert_int_equal(sluice_config_routes(config, 1, &routes, &count), 0);
		memcpy(guids[number], routes[0].id, 16);
		sluice_config_routes_free(routes, count);
		sluice_config_free(config);
	}
	assert_memory_equal(guids[0], guids[1], 16);
	assert_memory_not_equal(guids[0], guids[2], 16);
}

/* Inputs of another priority have a route of their own, which tells it; without one a route is what
 * it always was. */
static void a_priority_makes_a_route(void **state)
{
	struct sluice_config *config =
		parse_good("inputs:\n"
			   "  - {name: one, port: 1, outputs: a}\n"
			   "  - {name: two, port: 2, outputs: a, Priority: 7}\n"
			   "  - {name: three, port: 3, outputs: a, priority: 0}\n"
			   "  - {name: four, port: 4, outputs: a, priority: 7}\n"
			   "  - {name: five, port: 5, outputs: a, priority: 3}\n"
			   "outputs: [{name: a, to: 'x:1'}]\nstore: {memory: {size: 3m}}\n");
	uint8_t expected[16], plain[2 * 16] = {0};
	struct sluice_config_route *routes;
	uint64_t size = htole64(1 << 20);
	size_t count, number;

	(void)state;
	assert_int_equal(sluice_config_routes(config, 1, &routes, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(routes[0].input_count, 2);
	assert_int_equal(routes[0].inputs[1], 2);
	assert_string_equal(routes[0].name, "a");
	assert_int_equal(routes[1].inputs[0], 4);
	assert_string_equal(routes[1].name, "a@3");
	assert_int_equal(routes[2].input_count, 2);
	assert_int_equal(routes[2].inputs[0], 1);
	assert_string_equal(routes[2].name, "a@7");
	for (number = 0; number < 3; number++)
		assert_int_equal(sluice_priority_of(routes[number].id), routes[number].priority);
	assert_int_equal(routes[2].priority, 7);
	/* Rings and spools of before priorities are found again. */
	memcpy(plain, config->outputs[0].id, 16);
	memcpy(plain + 16, &size, sizeof(size));
	assert_int_equal(sluice_guid_derive("route", plain, sizeof(plain), expected), 0);
	assert_memory_equal(routes[0].id, expected, 16);
	assert_int_equal(routes[0].id[6] >> 4, 5);
	assert_int_equal(routes[1].id[6] >> 4, 8);
	assert_memory_not_equal(routes[1].id, routes[2].id, 16);
	sluice_config_routes_free(routes, count);
	sluice_config_free(config);
}

/* A route's name is cut between characters. */
static void a_long_route_name_is_cut_between_characters(void **state)
{
	struct sluice_config *config =
		parse_good("inputs: [{name: i, port: 1, outputs: [o1, o2]}]\noutputs:\n"
			   "  - {name: o1, to: 'x:1'}\n  - {name: o2, to: 'x:2'}\n");
	struct sluice_config_route *routes;
	size_t count;

	(void)state;
	memset(config->outputs[0].name, 'a', 61);
	config->outputs[0].name[61] = '\0';
	strcpy(config->outputs[1].name, "\xc3\xbc");
	assert_int_equal(sluice_config_routes(config, 1, &routes, &count), 0);
	assert_int_equal(strlen(routes[0].name), 62);
	assert_int_equal(routes[0].name[61], '+');
	sluice_config_routes_free(routes, count);
	/* The priority is not cut off. */
	config->inputs[0].priority = 5;
	assert_int_equal(sluice_config_routes(config, 1, &routes, &count), 0);
	assert_int_equal(strlen(routes[0].name), 63);
	assert_string_equal(routes[0].name + 60, "a@5");
	sluice_config_routes_free(routes, count);
	sluice_config_free(config);
}

/* More memory than there is, more rings than the memory is enough for, an interface that is not
 * there. */
static void the_machine_has_a_say(void **state)
{
	struct sluice_config *config = parse_good(
		"inputs:\n"
		"  - {name: one, port: 1, interface: nothere0, outputs: a}\n"
		"  - {name: two, port: 2, interface: nothere0, source: socket, outputs: a}\n"
		"outputs: [{name: a, to: 'x:1'}]\n"
		"store:\n  memory:\n    size: 64t\n");
	struct sluice_findings findings = {0};

	(void)state;
	assert_int_equal(sluice_config_check_host(config, SLUICE_HOST_FILE, &findings), -EINVAL);
	assert_int_equal(findings.count, 3);
	assert_int_equal(findings.error_count, 1);
	assert_int_equal(findings.list[0].severity, SLUICE_FINDING_NOTE);
	assert_int_equal(findings.list[0].line, 2);
	assert_int_equal(findings.list[1].severity, SLUICE_FINDING_NOTE);
	assert_string_equal(findings.list[1].text,
			    "inputs.interface: there is no interface \"nothere0\" in this network "
			    "namespace now: nothing will match until it appears");
	assert_int_equal(findings.list[2].line, 7);
	assert_non_null(strstr(findings.list[2].text,
			       "store.memory.size: 64t is more than this machine's memory"));
	sluice_findings_free(&findings);

	config->store.memory_size = SLUICE_RING_SIZE_MIN - 1;
	assert_int_equal(sluice_config_check_host(config, SLUICE_HOST_FILE, &findings), -EINVAL);
	assert_non_null(strstr(findings.list[findings.count - 1].text, "store.memory.size: "));
	assert_non_null(strstr(findings.list[findings.count - 1].text, "at least "));
	sluice_findings_free(&findings);
	sluice_config_free(config);

	config = load_good("minimal.yaml");
	assert_int_equal(sluice_config_check_host(config, SLUICE_HOST_FILE, &findings), 0);
	assert_int_equal(findings.count, 0);
	sluice_findings_free(&findings);
	sluice_config_free(config);
}

/* What an input takes, in a line. */
static void an_input_says_what_it_takes(void **state)
{
	struct sluice_config *config = load_good("full.yaml");
	char *text = sluice_config_input_match(&config->inputs[0]);

	(void)state;
	assert_string_equal(text, "5000-5004,6000,7001,7003 to 10.9.0.1 from 10.9.0.0/24 on eth0");
	free(text);
	sluice_config_free(config);
}

/* The names that statistics use are those of the configuration. */
static void values_have_names(void **state)
{
	(void)state;
	assert_string_equal(sluice_config_source_name(SLUICE_SOURCE_SOCKET), "socket");
	assert_string_equal(sluice_config_verdict_name(SLUICE_VERDICT_COPY), "copy");
	assert_string_equal(sluice_config_mode_name(SLUICE_MODE_ROUND_ROBIN), "round-robin");
	assert_string_equal(sluice_config_framing_name(SLUICE_FRAMING_PCAP), "pcap");
	assert_string_equal(sluice_config_framing_name((enum sluice_framing)99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_arrives),
		cmocka_unit_test(modes_and_destinations_arrive),
		cmocka_unit_test(defaults_are_the_documented_ones),
		cmocka_unit_test(the_shipped_example_has_no_faults),
		cmocka_unit_test(a_pipe_that_is_filled_slowly_is_read_whole),
		cmocka_unit_test(case_does_not_matter),
		cmocka_unit_test(aliases_are_followed),
		cmocka_unit_test(the_delay_follows_from_the_outputs),
		cmocka_unit_test(routes_follow_from_inputs),
		cmocka_unit_test(a_route_keeps_its_guid),
		cmocka_unit_test(a_priority_makes_a_route),
		cmocka_unit_test(a_long_route_name_is_cut_between_characters),
		cmocka_unit_test(the_machine_has_a_say),
		cmocka_unit_test(an_input_says_what_it_takes),
		cmocka_unit_test(values_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
