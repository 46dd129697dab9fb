// SPDX-License-Identifier: MIT
/*
 * The control plane, both ends, over a real NETLINK_USERSOCK: what a client asks it gets, whole and
 * in order; who may not ask is refused; a client that does not read disturbs nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "control_server.h"
#include "config/check.h"
#include "folder.h"
#include "packet_socket.h"

/* DAEMON_GET */
static int on_daemon(struct nlattr **attributes, void *context)
{
	assert_string_equal(sluice_attribute_string(attributes[SLUICE_A_DAEMON_VERSION]), "1.2.3");
	assert_string_equal(sluice_attribute_string(attributes[SLUICE_A_DAEMON_RELAY]), "middle");
	assert_string_equal(sluice_attribute_string(attributes[SLUICE_A_DAEMON_CONFIG]),
			    "/etc/sluice.yaml");
	assert_int_equal(sluice_attribute_u32(attributes[SLUICE_A_DAEMON_PID]), 77);
	assert_int_equal(sluice_attribute_u64(attributes[SLUICE_A_DAEMON_UPTIME]), 3600);
	assert_int_equal(sluice_attribute_u32(attributes[SLUICE_A_DAEMON_WORKERS]), 3);
	++*(size_t *)context;
	return 0;
}

/* INPUT_GET */
static int on_input(struct nlattr **attributes, void *context)
{
	struct sluice_counters counters;
	uint8_t guid[16], expected[16];

	memset(expected, 0x11, sizeof(expected));
	sluice_attribute_guid(attributes[SLUICE_A_INPUT_ID], guid);
	assert_memory_equal(guid, expected, 16);
	assert_string_equal(sluice_attribute_string(attributes[SLUICE_A_INPUT_MATCH]),
			    "5000-5003 on eth0");
	assert_string_equal(sluice_attribute_string(attributes[SLUICE_A_INPUT_OUTPUTS]), "a,b");
	sluice_netlink_counters(attributes[SLUICE_A_INPUT_COUNTERS], &counters);
	assert_int_equal(counters.matched, 1ULL << 40);
	assert_int_equal(counters.stored, 7);
	assert_int_equal(counters.stored_bytes, 8);
	assert_int_equal(counters.gaps, 9);
	assert_int_equal(counters.lost[SLUICE_LOST_SOCKET], 7);
	++*(size_t *)context;
	return 0;
}

/* OUTPUT_GET: in order, and the last destination is there. */
static int on_output(struct nlattr **attributes, void *context)
{
	struct nlattr *nested[SLUICE_A_MAX + 1];
	size_t *count = context;
	char name[32];

	snprintf(name, sizeof(name), "output-%zu", *count);
	assert_string_equal(sluice_attribute_string(attributes[SLUICE_A_OUTPUT_NAME]), name);
	/* libnl's table holds the last of those that are repeated. */
	assert_int_equal(nla_parse_nested(nested, SLUICE_A_MAX,
					  attributes[SLUICE_A_OUTPUT_DESTINATION],
					  sluice_netlink_policy),
			 0);
	assert_int_equal(sluice_attribute_u64(nested[SLUICE_A_DESTINATION_SENT]),
			 *count * 1000 + DESTINATIONS - 1);
	assert_string_equal(sluice_attribute_string(nested[SLUICE_A_DESTINATION_ERROR]),
			    "Connection refused");
	++*count;
	return 0;
}

/* STREAM_GET with cursors. */
static int on_stream(struct nlattr **attributes, void *context)
{
	struct nlattr *nested[SLUICE_A_MAX + 1], *cursor;
	size_t *count = context, cursors = 0;
	int rest;

	assert_int_equal(sluice_attribute_u32(attributes[SLUICE_A_STREAM_CPU]), *count);
	nla_for_each_nested (cursor, attributes[SLUICE_A_STREAM_CURSORS], rest) {
		assert_int_equal(nla_type(cursor), SLUICE_A_CURSOR);
		assert_int_equal(
			nla_parse_nested(nested, SLUICE_A_MAX, cursor, sluice_netlink_policy), 0);
		if (cursors++ == 1)
			assert_int_equal(sluice_attribute_u64(nested[SLUICE_A_CURSOR_TAKEN]), 4500);
	}
	assert_int_equal(cursors, 2);
	assert_int_equal(attributes[SLUICE_A_STREAM_DISK] != NULL, *count == 1);
	if (attributes[SLUICE_A_STREAM_DISK])
		assert_int_equal(sluice_attribute_u64(attributes[SLUICE_A_STREAM_DISK]),
				 1ULL << 34);
	++*count;
	return 0;
}

/* STORE_GET: every figure in its place. */
static int on_store(struct nlattr **attributes, void *context)
{
	static const struct {
		int attribute;
		uint64_t value;
	} wanted[] = {
		{SLUICE_A_STORE_MEMORY_SIZE, 1ULL << 33},
		{SLUICE_A_STORE_MEMORY_USED, 5},
		{SLUICE_A_STORE_MEMORY_ALARMS, 6},
		{SLUICE_A_STORE_DISK_SIZE, 1ULL << 30},
		{SLUICE_A_STORE_DISK_WAITING, 1ULL << 35},
		{SLUICE_A_STORE_DISK_SPOOLED, 1ULL << 36},
		{SLUICE_A_STORE_DISK_DRAINED, 11},
		{SLUICE_A_STORE_DISK_SEGMENTS, 16},
		{SLUICE_A_STORE_DISK_FREE, 3},
		{SLUICE_A_STORE_DISK_DAMAGED_FRAMES, 12},
		{SLUICE_A_STORE_DISK_DAMAGED, 13},
		{SLUICE_A_STORE_DISK_QUARANTINED, 14},
		{SLUICE_A_STORE_DISK_ABANDONED, 15},
		{SLUICE_A_STORE_DISK_DROPPED, 1ULL << 37},
		{SLUICE_A_STORE_DISK_ALARMS, 7},
	};
	size_t number;

	assert_string_equal(sluice_attribute_string(attributes[SLUICE_A_STORE_DISK_PATH]),
			    "/var/lib/sluice");
	assert_int_equal(sluice_attribute_u32(attributes[SLUICE_A_STORE_ALARMS_NOW]), 2);
	for (number = 0; number < sizeof(wanted) / sizeof(wanted[0]); number++)
		assert_int_equal(sluice_attribute_u64(attributes[wanted[number].attribute]),
				 wanted[number].value);
	++*(size_t *)context;
	return 0;
}

/* All dumps, whole and in order. */
static void dumps_arrive_whole(void **state)
{
	struct sluice_netlink *netlink = connect_client();
	size_t count = 0;

	(void)state;
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_DAEMON_GET, on_daemon, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_INPUT_GET, on_input, &count), 0);
	assert_int_equal(count, 2);
	count = 0;
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_OUTPUT_GET, on_output, &count), 0);
	assert_int_equal(count, OUTPUTS);
	count = 0;
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_STREAM_GET, on_stream, &count), 0);
	assert_int_equal(count, 2);
	count = 0;
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_STORE_GET, on_store, &count), 0);
	assert_int_equal(count, 1);
	sluice_netlink_close(netlink);
}

/* Sends a configuration in pieces. */
static int apply(struct sluice_netlink *netlink, const char *text, size_t length, const char *name)
{
	struct nl_msg *message =
		sluice_netlink_message(netlink, SLUICE_CMD_CONFIG_APPLY, 0, length + 4096);
	size_t from, piece;

	for (from = 0; from < length; from += piece) {
		piece = length - from < 60000 ? length - from : 60000;
		assert_int_equal(nla_put(message, SLUICE_A_CONFIG_TEXT, (int)piece, text + from),
				 0);
	}
	assert_int_equal(nla_put_string(message, SLUICE_A_CONFIG_NAME, name), 0);
	return sluice_netlink_request(netlink, message, NULL, NULL);
}

/* A configuration of the largest size arrives byte for byte; a refusal brings all findings back. */
static void a_configuration_arrives_whole(void **state)
{
	struct sluice_netlink *netlink = connect_client();
	char *text = malloc(SLUICE_CONFIG_TEXT_MAX);
	size_t place;

	(void)state;
	for (place = 0; place < SLUICE_CONFIG_TEXT_MAX; place++)
		text[place] = (char)('a' + place % 23);
	assert_int_equal(apply(netlink, text, SLUICE_CONFIG_TEXT_MAX, "/etc/large.yaml"), 0);
	assert_int_equal(server.applied_length, SLUICE_CONFIG_TEXT_MAX);
	assert_memory_equal(server.applied, text, SLUICE_CONFIG_TEXT_MAX);
	assert_string_equal(server.name, "/etc/large.yaml");
	assert_int_equal(apply(netlink, "bad one", 7, "x"), -EINVAL);
	assert_string_equal(sluice_netlink_error(netlink),
			    "x:1:2: error: one\nx:3:4: error: two\n");
	assert_true(sluice_netlink_error_is_peers(netlink));
	/* And the connection goes on. */
	assert_int_equal(apply(netlink, "good", 4, "y"), 0);
	free(text);
	sluice_netlink_close(netlink);
}

/* What becomes of outputs that go arrives in its order; what is no such thing is refused, and
 * nothing is applied. */
static void wishes_arrive(void **state)
{
	static const char *const wrong_adopt[] = {"a", "=b", "a=", ""};
	struct sluice_netlink *netlink = connect_client();
	struct nl_msg *message = sluice_netlink_message(netlink, SLUICE_CMD_CONFIG_APPLY, 0, 4096);
	unsigned int applies;
	size_t number;

	(void)state;
	assert_int_equal(nla_put(message, SLUICE_A_CONFIG_TEXT, 4, "good"), 0);
	assert_int_equal(nla_put_string(message, SLUICE_A_CONFIG_ADOPT, "old=new"), 0);
	assert_int_equal(nla_put_string(message, SLUICE_A_CONFIG_DROP, "gone"), 0);
	assert_int_equal(nla_put_string(message, SLUICE_A_CONFIG_ADOPT, "x=y"), 0);
	assert_int_equal(sluice_netlink_request(netlink, message, NULL, NULL), 0);
	assert_string_equal(server.wished, "old>new;gone>;x>y;");
	applies = atomic_load(&server.applies);
	for (number = 0; number < sizeof(wrong_adopt) / sizeof(wrong_adopt[0]); number++) {
		message = sluice_netlink_message(netlink, SLUICE_CMD_CONFIG_APPLY, 0, 4096);
		assert_int_equal(nla_put(message, SLUICE_A_CONFIG_TEXT, 4, "good"), 0);
		assert_int_equal(
			nla_put_string(message, SLUICE_A_CONFIG_ADOPT, wrong_adopt[number]), 0);
		assert_int_equal(sluice_netlink_request(netlink, message, NULL, NULL), -EINVAL);
	}
	message = sluice_netlink_message(netlink, SLUICE_CMD_CONFIG_APPLY, 0, 4096);
	assert_int_equal(nla_put(message, SLUICE_A_CONFIG_TEXT, 4, "good"), 0);
	assert_int_equal(nla_put_string(message, SLUICE_A_CONFIG_DROP, "a=b"), 0);
	assert_int_equal(sluice_netlink_request(netlink, message, NULL, NULL), -EINVAL);
	assert_int_equal(atomic_load(&server.applies), applies);
	sluice_netlink_close(netlink);
}

/* One line of what waits for outputs that are gone. */
static int on_orphan(struct nlattr **attributes, void *context)
{
	assert_string_equal(nla_get_string(attributes[SLUICE_A_ORPHAN_NAME]), "gone");
	assert_string_equal(nla_get_string(attributes[SLUICE_A_ORPHAN_PLACE]), "disk");
	assert_string_equal(nla_get_string(attributes[SLUICE_A_ORPHAN_WHERE]),
			    "/var/lib/sluice/spool");
	assert_true(nla_get_u64(attributes[SLUICE_A_ORPHAN_BYTES]) == 1ULL << 40);
	assert_true(nla_get_u64(attributes[SLUICE_A_ORPHAN_SINCE]) == 1764354000000000000ULL);
	++*(size_t *)context;
	return 0;
}

/* What waits for outputs that are gone is told. */
static void orphans_are_told(void **state)
{
	struct sluice_netlink *netlink = connect_client();
	size_t count = 0;

	(void)state;
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_ORPHAN_GET, on_orphan, &count), 0);
	assert_int_equal(count, 1);
	sluice_netlink_close(netlink);
}

/* What takes longer is answered when it is known, once. */
static void an_apply_may_be_answered_later(void **state)
{
	struct sluice_netlink *netlink = connect_client();

	(void)state;
	assert_int_equal(apply(netlink, "later", 5, "x"), -ENOSPC);
	assert_string_equal(sluice_netlink_error(netlink), "there is no room for it");
	assert_int_equal(apply(netlink, "good", 4, "y"), 0);
	sluice_netlink_close(netlink);
}

/* Somebody asks for dump after dump and reads none: another one is served at once all the same. */
static void a_client_that_does_not_read_stops_nobody(void **state)
{
	struct raw raw = raw_message(SLUICE_CMD_OUTPUT_GET, NLM_F_DUMP, NULL, 0);
	struct sluice_netlink *netlink;
	struct timespec before, after;
	size_t count = 0;
	int fd = raw_socket(), turn;

	(void)state;
	for (turn = 0; turn < 20; turn++)
		(void)!send(fd, &raw, raw.header.nlmsg_len, MSG_DONTWAIT);
	netlink = connect_client();
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_DAEMON_GET, on_daemon, &count), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec <= 4);
	sluice_netlink_close(netlink);
	close(fd);
	/* Until the server has noticed: the next socket may get the same port id. */
	usleep(100000);
}

/* Reads a dump through a socket with hardly any room: all parts come, in order, though most of them
 * had to wait. */
static void a_slow_reader_gets_everything_in_order(void **state)
{
	struct raw raw = raw_message(SLUICE_CMD_OUTPUT_GET, NLM_F_DUMP, NULL, 0);
	struct nlattr *attributes[SLUICE_A_MAX + 1];
	int fd = raw_socket(), size = 1, rest;
	char *answer = malloc(1 << 20);
	struct nlmsghdr *header;
	bool done = false;
	size_t count = 0;
	ssize_t got;

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	assert_true(send(fd, &raw, raw.header.nlmsg_len, 0) > 0);
	while (!done) {
		got = recv(fd, answer, 1 << 20, 0);
		assert_true(got > 0);
		rest = (int)got;
		for (header = (void *)answer; nlmsg_ok(header, rest);
		     header = nlmsg_next(header, &rest)) {
			if (header->nlmsg_type == NLMSG_DONE) {
				done = true;
				continue;
			}
			assert_int_equal(nlmsg_parse(header, GENL_HDRLEN, attributes, SLUICE_A_MAX,
						     sluice_netlink_policy),
					 0);
			on_output(attributes, &count);
		}
		assert_int_equal(rest, 0);
	}
	assert_int_equal(count, OUTPUTS);
	free(answer);
	close(fd);
}

/* Another user is refused, reading and writing alike, whatever it claims to be. */
static void other_users_are_refused(void **state)
{
	unsigned int applies = atomic_load(&server.applies);
	struct sluice_netlink *netlink;
	int status;
	pid_t child;

	(void)state;
	if (getuid() != 0)
		skip();
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (setgid(65534) || setuid(65534) ||
		    sluice_netlink_open_port(&netlink, sluice_control_port(server.control)))
			_exit(1);
		if (sluice_netlink_dump(netlink, SLUICE_CMD_DAEMON_GET, NULL, NULL) != -EPERM ||
		    !strstr(sluice_netlink_error(netlink), "permission denied"))
			_exit(2);
		_exit(apply(netlink, "good", 4, "x") == -EPERM ? 0 : 3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(atomic_load(&server.applies), applies);
}

/* Nobody at the port: said at once. A second server takes the next port. */
static void ports_are_found(void **state)
{
	static const struct sluice_control_calls calls = {.apply = fake_apply,
							  .report = fake_report,
							  .release = fake_release,
							  .facts = fake_facts,
							  .orphans = fake_orphans};
	struct sluice_netlink *netlink;
	struct sluice_control *second;

	(void)state;
	assert_int_equal(sluice_netlink_open_port(&netlink, SLUICE_USERSOCK_PORT + 1000), 0);
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_DAEMON_GET, NULL, NULL),
			 -ECONNREFUSED);
	sluice_netlink_close(netlink);
	assert_int_equal(sluice_control_open(&second, &calls, NULL), 0);
	assert_true(sluice_control_port(second) > sluice_control_port(server.control));
	sluice_control_close(second);
	assert_int_equal(sluice_control_open(NULL, &calls, NULL), -EINVAL);
	assert_int_equal(sluice_control_open(&second, NULL, NULL), -EINVAL);
	assert_int_equal(sluice_netlink_open_family(&netlink, "no-such-family"), -ENOENT);
	assert_int_equal(sluice_netlink_request(NULL, NULL, NULL, NULL), -ENOMEM);
}

/* Programs that connect and say nothing, more than there are places: whoever asks is answered, and
 * nobody can leave a socket behind. */
static void silent_clients_stop_nobody(void **state)
{
	struct sluice_netlink *netlink;
	int silent[100];
	size_t number;
	uid_t uid;

	(void)state;
	for (number = 0; number < 100; number++) {
		silent[number] = sluice_packet_connect(server.path, &uid);
		assert_true(silent[number] >= 0);
		assert_int_equal(uid, getuid());
		if (number % 10)
			continue;
		netlink = connect_client();
		assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_DAEMON_GET, NULL, NULL),
				 0);
		sluice_netlink_close(netlink);
	}
	/* Half a message, and none at all. */
	assert_int_equal(send(silent[99], "12345678", 8, 0), 8);
	assert_int_equal(send(silent[98], "", 0, 0), 0);
	netlink = connect_client();
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_DAEMON_GET, NULL, NULL), 0);
	for (number = 0; number < 100; number++)
		close(silent[number]);
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_DAEMON_GET, NULL, NULL), 0);
	sluice_netlink_close(netlink);
}

/* The socket is for us alone; what lies where it should be and is none stays; one that nobody
 * listens at gives way. */
static void the_socket_is_ours(void **state)
{
	char path[64];
	struct stat socket_state;
	int fd, again;
	uid_t uid;

	(void)state;
	assert_int_equal(stat(server.path, &socket_state), 0);
	assert_int_equal(socket_state.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "/tmp/sluice-control-%d.file", getpid());
	fd = open(path, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sluice_packet_listen(path), -EEXIST);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(sluice_packet_connect(path, &uid), -ENOENT);
	fd = sluice_packet_listen(path);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sluice_packet_connect(path, &uid), -ECONNREFUSED);
	again = sluice_packet_listen(path);
	assert_true(again >= 0);
	fd = sluice_packet_connect(path, &uid);
	assert_true(fd >= 0);
	close(fd);
	close(again);
	unlink(path);
}

/* A directory is taken if nobody else can change it. */
static void a_folder_is_ours(void **state)
{
	char path[64], link[72], text[SLUICE_FOLDER_TEXT];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/sluice-folder-%d", getpid());
	snprintf(link, sizeof(link), "%s.link", path);
	assert_int_equal(sluice_folder_make(path, 0700, text), 0);
	assert_int_equal(sluice_folder_make(path, 0700, text), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(sluice_folder_make(path, 0700, text), -EPERM);
	assert_non_null(strstr(text, "chmod go-w"));
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(sluice_folder_make(link, 0700, text), -EPERM);
	assert_non_null(strstr(text, "is no directory"));
	unlink(link);
	if (!getuid()) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(sluice_folder_make(path, 0700, text), -EPERM);
		assert_non_null(strstr(text, "belongs to user 65534"));
	}
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(sluice_folder_make("/proc/none", 0700, text), -ENOENT);
}

/* From now on by the socket in the file system. */
static int begin_by_path(void **state)
{
	server.by_path = true;
	return begin(state);
}

int main(void)
{
	const struct CMUnitTest by_path[] = {
		cmocka_unit_test(dumps_arrive_whole),
		cmocka_unit_test(a_configuration_arrives_whole),
		cmocka_unit_test(wishes_arrive),
		cmocka_unit_test(orphans_are_told),
		cmocka_unit_test(an_apply_may_be_answered_later),
		cmocka_unit_test(silent_clients_stop_nobody),
		cmocka_unit_test(the_socket_is_ours),
		cmocka_unit_test(a_folder_is_ours),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dumps_arrive_whole),
		cmocka_unit_test(a_configuration_arrives_whole),
		cmocka_unit_test(wishes_arrive),
		cmocka_unit_test(orphans_are_told),
		cmocka_unit_test(an_apply_may_be_answered_later),
		cmocka_unit_test(a_client_that_does_not_read_stops_nobody),
		cmocka_unit_test(a_slow_reader_gets_everything_in_order),
		cmocka_unit_test(other_users_are_refused),
		cmocka_unit_test(ports_are_found),
	};

	return cmocka_run_group_tests(tests, begin, end) +
	       cmocka_run_group_tests(by_path, begin_by_path, end);
}
