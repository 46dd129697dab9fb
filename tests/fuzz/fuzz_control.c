// SPDX-License-Identifier: MIT
/*
 * Fuzzing of the daemon's netlink decoder: messages by its socket in the file system, to a daemon
 * that is made up. Whatever comes, it answers or refuses or ends the connection, and never crashes,
 * hangs or leaks. For libFuzzer, `make fuzz`. Of the input the first byte is the command, the
 * second flags, the rest attributes; with the highest bit of the second the rest is the whole
 * message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../unit/control_server.h"
#include "lib/packet_socket.h"

/* Makes the daemon once. */
static void make_server(void)
{
	static const struct sluice_control_calls calls = {.apply = fake_apply,
							  .report = fake_report,
							  .release = fake_release,
							  .facts = fake_facts,
							  .orphans = fake_orphans};

	const char *folder = getenv("SLUICE_FUZZ_FOLDER");

	if (server.control)
		return;
	snprintf(server.path, sizeof(server.path), "%s/control-%d.sock", folder ? folder : "/tmp",
		 getpid());
	if (sluice_control_open(&server.control, &calls, NULL) ||
	    sluice_control_listen(server.control, server.path))
		abort();
}

/* Lets the daemon serve until it has nothing more to do, reading what it answers. */
static void serve_all(int fd)
{
	struct pollfd wait = {.fd = sluice_control_fd(server.control), .events = POLLIN};
	static char answer[1 << 18];
	int turn;

	for (turn = 0; turn < 64; turn++) {
		sluice_control_serve(server.control);
		while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
			turn = 0;
		if (server.is_later) {
			server.is_later = false;
			sluice_control_answer_apply(server.control, -ENOSPC, "no room");
		} else if (poll(&wait, 1, 0) <= 0) {
			return;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t message[NLMSG_HDRLEN + GENL_HDRLEN + 65536];
	size_t head = NLMSG_HDRLEN + GENL_HDRLEN, length;
	struct nlmsghdr header = {.nlmsg_type = SLUICE_USERSOCK_TYPE, .nlmsg_seq = 42};
	struct genlmsghdr command = {.version = SLUICE_GENL_VERSION};
	uid_t uid;
	int fd;

	if (size < 2 || size > 65536)
		return 0;
	make_server();
	if (data[1] & 0x80) {
		length = size - 2;
		memcpy(message, data + 2, length);
	} else {
		length = head + size - 2;
		header.nlmsg_len = (uint32_t)length;
		header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (data[1] & 1 ? NLM_F_DUMP : 0) |
						(data[1] & 2 ? NLM_F_ACK : 0));
		command.cmd = data[0];
		memcpy(message, &header, sizeof(header));
		memcpy(message + NLMSG_HDRLEN, &command, sizeof(command));
		memcpy(message + head, data + 2, size - 2);
	}
	fd = sluice_packet_connect(server.path, &uid);
	if (fd < 0)
		abort();
	if (send(fd, message, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		serve_all(fd);
	close(fd);
	serve_all(-1);
	return 0;
}
