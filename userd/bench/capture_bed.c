// SPDX-License-Identifier: MIT
/*
 * The bed that `sluicebench capture` measures in: a veth pair whose far end is in a namespace of
 * its own, with the sender's socket, and a TCP connection over loopback to deliver over. Touches:
 * the pair, the namespace, the module sluice_drop; all of it gone when it is removed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "capture.h"

/* What is dropped: every port that a rule can have (CAPTURE_PORT, sluice_capture_port()). */
#define DROPPED "more=55000"

/* The far end of the connection in use: sluice_capture_send() empties it. */
static int far_end = -1;

/* Runs a command line of words, quietly if it may fail; returns 0 or -EIO. */
static int run(bool quiet, const char *const words[])
{
	int status = -1, nowhere;
	pid_t child = fork();

	if (child == 0) {
		if (quiet) {
			nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
			if (nowhere >= 0)
				dup2(nowhere, STDERR_FILENO);
		}
		execvp(words[0], (char *const *)words);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
		return -EIO;
	return 0;
}
#define RUN(...) run(false, (const char *const[]){__VA_ARGS__, NULL})
#define TRY(...) run(true, (const char *const[]){__VA_ARGS__, NULL})

void sluice_capture_discard(void)
{
	/* tcp(7): MSG_TRUNC discards without copying. */
	while (recv(far_end, NULL, 1 << 20, MSG_TRUNC | MSG_DONTWAIT) > 0)
		;
}

int sluice_capture_send(int fd, const void *data, size_t length)
{
	const uint8_t *from = data;

	if (!data)
		return -EINVAL;
	while (length > 0) {
		ssize_t sent = send(fd, from, length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN) {
			sluice_capture_discard();
			continue;
		}
		if (sent < 0)
			return -errno;
		from += sent;
		length -= (size_t)sent;
	}
	return 0;
}

int sluice_capture_drop(bool wanted)
{
	static bool present;
	int status = 0;

	if (wanted && !present)
		status = RUN("modprobe", "sluice_drop", DROPPED);
	else if (!wanted && present)
		status = RUN("rmmod", "sluice_drop");
	if (status == 0)
		present = wanted;
	return status;
}

/* Starts a process that holds a new network namespace. Returns its id or a negative errno. @owner
 * caller: kill */
static pid_t hold_namespace(void)
{
	int ends[2];
	char word = 0;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNET) < 0 || write(ends[1], "y", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ends[1]);
	if (child > 0 && read(ends[0], &word, 1) != 1) {
		waitpid(child, NULL, 0);
		child = -EPERM;
	}
	close(ends[0]);
	return child;
}

/* Opens the sender's socket behind the far end of the pair. Returns it or a negative errno. @owner
 * caller */
static int make_sender(pid_t holder, bool checksum)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(CAPTURE_PORT)};
	char path[64];
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, sender = -1;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", holder);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0)
		goto out;
	if (RUN("ip", "addr", "add", (CAPTURE_FAR_ADDRESS "/24"), "dev", CAPTURE_FAR) == 0 &&
	    RUN("ip", "link", "set", CAPTURE_FAR, "up") == 0 &&
	    (!checksum || TRY("ethtool", "-K", CAPTURE_FAR, "tx", "off") == 0))
		sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (setns(home, CLONE_NEWNET) < 0 && sender >= 0) {
		close(sender);
		sender = -1;
	}
	inet_pton(AF_INET, CAPTURE_NEAR_ADDRESS, &address.sin_addr);
	if (sender >= 0 && connect(sender, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(sender);
		sender = -1;
	}
out:
	if (there >= 0)
		close(there);
	if (home >= 0)
		close(home);
	return sender < 0 ? -EIO : sender;
}

/* Connects the two ends over loopback. Returns 0 or a negative errno. */
static int make_connection(struct sluice_capture_bed *bed)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, status = 0;

	bed->deliver = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bed->deliver < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0 ||
	    connect(bed->deliver, (struct sockaddr *)&address, sizeof(address)) < 0) {
		status = -errno;
	} else {
		bed->receive = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (bed->receive < 0)
			status = -errno;
	}
	if (listener >= 0)
		close(listener);
	if (status == 0)
		setsockopt(bed->deliver, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	far_end = bed->receive;
	return status;
}

int sluice_capture_bed_make(struct sluice_capture_bed *bed, bool checksum)
{
	const struct timespec pause = {.tv_nsec = 500000000};
	char process[16];
	pid_t holder;
	int status = -EIO;

	if (!bed)
		return -EINVAL;
	*bed = (struct sluice_capture_bed){.sender = -1, .deliver = -1, .receive = -1};
	TRY("ip", "link", "del", CAPTURE_NEAR);
	holder = hold_namespace();
	if (holder < 0)
		return holder;
	snprintf(process, sizeof(process), "%d", holder);
	if (RUN("ip", "link", "add", CAPTURE_NEAR, "type", "veth", "peer", "name", CAPTURE_FAR,
		"netns", process) == 0 &&
	    RUN("ip", "addr", "add", (CAPTURE_NEAR_ADDRESS "/24"), "dev", CAPTURE_NEAR) == 0 &&
	    RUN("ip", "link", "set", CAPTURE_NEAR, "up") == 0) {
		bed->sender = make_sender(holder, checksum);
		status = bed->sender < 0 ? bed->sender : make_connection(bed);
	}
	/* The sender's socket holds the namespace now. */
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	if (status < 0)
		sluice_capture_bed_remove(bed);
	else
		nanosleep(&pause, NULL); /* the pair's carrier, and the chatter of a new link */
	return status;
}

void sluice_capture_bed_remove(struct sluice_capture_bed *bed)
{
	if (!bed)
		return;
	sluice_capture_drop(false);
	if (bed->sender >= 0)
		close(bed->sender);
	if (bed->deliver >= 0)
		close(bed->deliver);
	if (bed->receive >= 0)
		close(bed->receive);
	far_end = -1;
	TRY("ip", "link", "del", CAPTURE_NEAR);
}
