// SPDX-License-Identifier: MIT
/*
 * Fuzzing of the tool's netlink decoder: what a daemon answers to `sluicectl show`, `history` and
 * `get`. Whatever comes, there is a list or none, and never a crash, a hang or a leak. For
 * libFuzzer, `make fuzz`. Of the input the first byte says what is asked, the second what kind of
 * message is answered; the rest are attributes, or with the highest bit of the second the whole
 * message. An empty message is the end of a dump.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <jansson.h>
#include "ctl/command.h"
#include "ctl/daemon.h"
#include "ctl/list.h"
#include "ctl/running.h"

static json_t *(*const questions[])(void) = {sluice_list_inputs, sluice_list_outputs,
					     sluice_list_daemon, sluice_list_store,
					     sluice_list_orphans};
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

/* The daemon that is made up: one thread, one answer at a time. */
static struct {
	char path[64];
	int listener;
	pthread_mutex_t lock; /* over what is answered: a question may take several connections */
	uint8_t data[65536];
	size_t size;
} daemon_there = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Sends the answer to a request with sequence number `sequence`, and the end of it. */
static void answer(int fd, uint32_t sequence)
{
	static uint8_t message[NLMSG_HDRLEN + GENL_HDRLEN + 65536];
	const uint8_t *data = daemon_there.data;
	size_t head = NLMSG_HDRLEN + GENL_HDRLEN, length = daemon_there.size - 2;
	struct nlmsghdr header = {.nlmsg_type = SLUICE_USERSOCK_TYPE,
				  .nlmsg_flags = NLM_F_MULTI,
				  .nlmsg_seq = sequence};
	struct genlmsghdr command = {.cmd = data[0], .version = SLUICE_GENL_VERSION};
	int error = 0;

	memcpy(message + head, data + 2, length);
	memcpy(message + NLMSG_HDRLEN, &command, sizeof(command));
	length += head;
	if (data[1] & 0x40) {
		/* A refusal, or the end, with something behind it. */
		header.nlmsg_type = data[1] & 1 ? NLMSG_ERROR : NLMSG_DONE;
		header.nlmsg_flags |= NLM_F_ACK_TLVS | NLM_F_CAPPED;
		memmove(message + NLMSG_HDRLEN, data + 2, daemon_there.size - 2);
		length = NLMSG_HDRLEN + daemon_there.size - 2;
	}
	header.nlmsg_len = (uint32_t)length;
	memcpy(message, &header, sizeof(header));
	if (data[1] & 0x80) {
		length = daemon_there.size - 2;
		memcpy(message, data + 2, length);
		if (length >= sizeof(header)) {
			memcpy(&header, message, sizeof(header));
			header.nlmsg_seq = sequence;
			memcpy(message, &header, sizeof(header));
		}
	}
	(void)!send(fd, message, length, MSG_NOSIGNAL);
	header = (struct nlmsghdr){.nlmsg_len = NLMSG_HDRLEN + sizeof(error),
				   .nlmsg_type = data[1] & 2 ? NLMSG_ERROR : NLMSG_DONE,
				   .nlmsg_flags = NLM_F_MULTI,
				   .nlmsg_seq = sequence};
	memset(message, 0, NLMSG_HDRLEN + sizeof(struct nlmsgerr));
	if (data[1] & 2)
		header.nlmsg_len = NLMSG_HDRLEN + sizeof(struct nlmsgerr);
	memcpy(message, &header, sizeof(header));
	(void)!send(fd, message, header.nlmsg_len, MSG_NOSIGNAL);
}

/* Accepts, reads requests and answers each. */
static void *serve(void *argument)
{
	static uint8_t request[1 << 17];
	struct nlmsghdr header;
	int fd;

	(void)argument;
	for (;;) {
		fd = accept(daemon_there.listener, NULL, NULL);
		if (fd < 0)
			abort();
		while (recv(fd, request, sizeof(request), 0) >= (ssize_t)sizeof(header)) {
			memcpy(&header, request, sizeof(header));
			pthread_mutex_lock(&daemon_there.lock);
			answer(fd, header.nlmsg_seq);
			pthread_mutex_unlock(&daemon_there.lock);
			/* What is asked further gets no answer: the connection ends. */
			shutdown(fd, SHUT_WR);
		}
		close(fd);
	}
	return NULL;
}

/* Makes the daemon once. */
static void make_daemon(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *folder = getenv("SLUICE_FUZZ_FOLDER");
	pthread_t thread;

	if (daemon_there.listener)
		return;
	snprintf(daemon_there.path, sizeof(daemon_there.path), "%s/answer-%d.sock",
		 folder ? folder : "/tmp", getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", daemon_there.path);
	unlink(daemon_there.path);
	daemon_there.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (daemon_there.listener < 0 ||
	    bind(daemon_there.listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(daemon_there.listener, 4) || pthread_create(&thread, NULL, serve, NULL))
		abort();
	pthread_detach(thread);
	sluice_daemon_use(daemon_there.path);
	/* What the tool says of each answer. */
	if (!freopen("/dev/null", "w", stdout))
		abort();
}

/* Asks for the configuration that runs. */
static void ask_for_text(void)
{
	struct sluice_netlink *netlink = sluice_daemon_connect();
	struct sluice_running running = {0};

	if (netlink)
		(void)sluice_running_get(netlink, 0, &running);
	sluice_running_free(&running);
	sluice_netlink_close(netlink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "history", json[] = "-j";
	char *words[] = {name, json, NULL};
	size_t which;

	if (size < 2 || size > 65536)
		return 0;
	make_daemon();
	pthread_mutex_lock(&daemon_there.lock);
	memcpy(daemon_there.data, data, size);
	daemon_there.size = size;
	pthread_mutex_unlock(&daemon_there.lock);
	which = data[0] % (QUESTIONS + 2);
	if (which < QUESTIONS)
		json_decref(questions[which]());
	else if (which == QUESTIONS)
		ask_for_text();
	else
		(void)sluice_ctl_history(2, words);
	return 0;
}
