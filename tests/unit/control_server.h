/* SPDX-License-Identifier: MIT */
/*
 * For tests of the control plane: the daemon's server in a thread, with a daemon behind it that is
 * made up, and clients. Include it after cmocka.h.
 */
#ifndef TEST_CONTROL_SERVER_H
#define TEST_CONTROL_SERVER_H

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "daemon/control/control.h"
#include "netlink.h"

#define OUTPUTS 100 /* so many that a dump takes many datagrams */
#define DESTINATIONS 40

/* What the server was asked, and the thread it runs in. */
static struct {
	struct sluice_control *control;
	pthread_t thread;
	int stop;
	char *applied; /* text of the last CONFIG_APPLY */
	size_t applied_length;
	char name[128];
	char wished[256]; /* "OLD>NEW;" for each, NEW empty: to be dropped */
	atomic_uint applies;
	bool is_later; /* an apply is in progress */
	bool by_path;  /* clients use the socket in the file system */
	char path[64]; /* of that */
} server;

/* control.h: keeps the text; refuses one that begins with "bad"; of "later" it does not know yet.
 */
static inline int fake_apply(void *context, const struct sluice_control_apply *wanted, char **error)
{
	const struct sluice_wishes *wishes = wanted->wishes;
	const char *text = wanted->text, *name = wanted->name;
	size_t number, length = wanted->length;

	(void)context;
	server.wished[0] = '\0';
	for (number = 0; number < wishes->count; number++)
		snprintf(server.wished + strlen(server.wished),
			 sizeof(server.wished) - strlen(server.wished), "%s>%s;",
			 wishes->list[number].old,
			 wishes->list[number].heir ? wishes->list[number].heir : "");
	atomic_fetch_add(&server.applies, 1);
	free(server.applied);
	server.applied = malloc(length);
	memcpy(server.applied, text, length);
	server.applied_length = length;
	snprintf(server.name, sizeof(server.name), "%s", name);
	if (length == 5 && !memcmp(text, "later", 5)) {
		server.is_later = true;
		return -EINPROGRESS;
	}
	if (length < 3 || memcmp(text, "bad", 3) != 0)
		return 0;
	*error = strdup("x:1:2: error: one\nx:3:4: error: two\n");
	return -EINVAL;
}

/* control.h: one line. */
static inline int fake_orphans(void *context, struct sluice_orphans *orphans)
{
	(void)context;
	orphans->list = calloc(1, sizeof(*orphans->list));
	orphans->count = 1;
	memset(orphans->list[0].output, 0x44, 16);
	strcpy(orphans->list[0].name, "gone");
	orphans->list[0].place = "disk";
	orphans->list[0].where = strdup("/var/lib/sluice/spool");
	orphans->list[0].bytes = 1ULL << 40;
	orphans->list[0].since_ns = 1764354000000000000ULL;
	return 0;
}

/* control.h: one input, OUTPUTS outputs, two streams. Everything is freed by fake_release(). */
static inline int fake_report(void *context, struct sluice_engine_report *report)
{
	size_t number, place;

	(void)context;
	memset(report, 0, sizeof(*report));
	report->workers = 3;
	report->inputs = calloc(1, sizeof(*report->inputs));
	report->input_count = 1;
	memset(report->inputs[0].guid, 0x11, 16);
	strcpy(report->inputs[0].name, "telemetry");
	report->inputs[0].source = "socket";
	report->inputs[0].match = strdup("5000-5003 on eth0");
	report->inputs[0].verdict = "steal";
	report->inputs[0].outputs = strdup("a,b");
	report->inputs[0].counters = (struct sluice_counters){.matched = 1ULL << 40,
							      .stored = 7,
							      .stored_bytes = 8,
							      .gaps = 9,
							      .lost = {1, 2, 3, 4, 5, 6, 7}};
	report->outputs = calloc(OUTPUTS, sizeof(*report->outputs));
	report->output_count = OUTPUTS;
	for (number = 0; number < OUTPUTS; number++) {
		struct sluice_engine_output *output = &report->outputs[number];

		snprintf(output->name, sizeof(output->name), "output-%zu", number);
		output->mode = "round-robin";
		output->framing = "native";
		output->destinations = calloc(DESTINATIONS, sizeof(*output->destinations));
		output->destination_count = DESTINATIONS;
		for (place = 0; place < DESTINATIONS; place++) {
			output->destinations[place].name = strdup("10.9.1.2:6000");
			output->destinations[place].state = "waiting";
			output->destinations[place].error = strdup("Connection refused");
			output->destinations[place].sent = number * 1000 + place;
			output->destinations[place].mss = 1448;
		}
	}
	report->store = (struct sluice_engine_store){.memory_size = 1ULL << 33,
						     .memory_used = 5,
						     .memory_alarms = 6,
						     .disk_alarms = 7,
						     .alarms_now = 2,
						     .disk_path = "/var/lib/sluice",
						     .disk_size = 1ULL << 30,
						     .disk = {.segments = 16,
							      .segment_size = 64 << 20,
							      .free_segments = 3,
							      .bytes = 1ULL << 35,
							      .spooled = 1ULL << 36,
							      .drained = 11,
							      .damaged_frames = 12,
							      .damaged_records = 13,
							      .quarantined = 14,
							      .abandoned = 15,
							      .dropped = 1ULL << 37}};
	report->streams = calloc(2, sizeof(*report->streams));
	report->stream_count = 2;
	for (number = 0; number < 2; number++) {
		struct sluice_engine_stream *stream = &report->streams[number];

		stream->cpu = (uint32_t)number;
		stream->size = 1 << 20;
		stream->head = 5000;
		stream->tail = 4000;
		stream->owner = 77;
		stream->has_disk = number == 1;
		stream->disk = 1ULL << 34;
		stream->cursors = calloc(2, sizeof(*stream->cursors));
		stream->cursor_count = 2;
		strcpy(stream->cursors[1].output_name, "b");
		stream->cursors[1].acked = 4000;
		stream->cursors[1].taken = 4500;
	}
	return 0;
}

/* control.h: frees what fake_report() made. */
static inline void fake_release(void *context, struct sluice_engine_report *report)
{
	size_t number, place;

	(void)context;
	free(report->inputs[0].match);
	free(report->inputs[0].outputs);
	free(report->inputs);
	for (number = 0; number < report->output_count; number++) {
		for (place = 0; place < report->outputs[number].destination_count; place++) {
			free(report->outputs[number].destinations[place].name);
			free(report->outputs[number].destinations[place].error);
		}
		free(report->outputs[number].destinations);
	}
	free(report->outputs);
	for (number = 0; number < report->stream_count; number++)
		free(report->streams[number].cursors);
	free(report->streams);
}

/* control.h */
static inline void fake_facts(void *context, struct sluice_control_facts *facts)
{
	(void)context;
	*facts = (struct sluice_control_facts){.version = "1.2.3",
					       .relay = "middle",
					       .config = "/etc/sluice.yaml",
					       .pid = 77,
					       .uptime = 3600,
					       .working_since_ns = 1000000000,
					       .workers = 3};
}

/* The control thread. */
static inline void *serve(void *argument)
{
	struct pollfd wait[2] = {{.fd = sluice_control_fd(server.control), .events = POLLIN},
				 {.fd = server.stop, .events = POLLIN}};

	(void)argument;
	for (;;) {
		poll(wait, 2, -1);
		if (wait[1].revents)
			return NULL;
		sluice_control_serve(server.control);
		if (!server.is_later)
			continue;
		server.is_later = false;
		sluice_control_answer_apply(server.control, -ENOSPC, "there is no room for it");
		/* It was answered: another answer goes nowhere. */
		sluice_control_answer_apply(server.control, 0, NULL);
	}
}

/* Starts the server. */
static inline int begin(void **state)
{
	static const struct sluice_control_calls calls = {.apply = fake_apply,
							  .report = fake_report,
							  .release = fake_release,
							  .facts = fake_facts,
							  .orphans = fake_orphans};

	(void)state;
	if (sluice_control_open(&server.control, &calls, NULL))
		return -1;
	snprintf(server.path, sizeof(server.path), "/tmp/sluice-control-%d.sock", getpid());
	if (sluice_control_listen(server.control, server.path))
		return -1;
	server.stop = eventfd(0, EFD_CLOEXEC);
	return pthread_create(&server.thread, NULL, serve, NULL);
}

/* Ends it. */
static inline int end(void **state)
{
	uint64_t one = 1;

	(void)state;
	if (write(server.stop, &one, sizeof(one)) != sizeof(one))
		return -1;
	pthread_join(server.thread, NULL);
	sluice_control_close(server.control);
	close(server.stop);
	free(server.applied);
	server.applied = NULL;
	return 0;
}

/* A client of the server. @owner caller */
static inline struct sluice_netlink *connect_client(void)
{
	struct sluice_netlink *netlink;

	if (server.by_path)
		assert_int_equal(sluice_netlink_open_socket(&netlink, server.path), 0);
	else
		assert_int_equal(
			sluice_netlink_open_port(&netlink, sluice_control_port(server.control)), 0);
	return netlink;
}

/* A message as bytes, to be made wrong. */
struct raw {
	struct nlmsghdr header;
	struct genlmsghdr command;
	uint8_t body[128];
};

/* A right DAEMON_GET with `body` behind it. */
static inline struct raw raw_message(uint8_t command, int flags, const void *body, size_t length)
{
	struct raw raw = {
		.header = {.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + GENL_HDRLEN + length),
			   .nlmsg_type = SLUICE_USERSOCK_TYPE,
			   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			   .nlmsg_seq = 42},
		.command = {.cmd = command, .version = SLUICE_GENL_VERSION},
	};

	if (length)
		memcpy(raw.body, body, length);
	return raw;
}

/* A plain socket for that. @owner caller */
static inline int raw_socket(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK,
				      .nl_pid = sluice_control_port(server.control)};
	struct timeval limit = {.tv_sec = 5};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

#endif /* TEST_CONTROL_SERVER_H */
