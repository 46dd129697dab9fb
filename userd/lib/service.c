// SPDX-License-Identifier: MIT
/*
 * What a service tells its manager, see service.h. Touches: the socket that NOTIFY_SOCKET names.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "clock.h"
#include "service.h"

/* Bytes of what is said at once; the rest of a longer one is cut off. */
#define TEXT 1024U
/* So much is kept at most: beyond that the oldest goes. */
#define KEPT 16U
#define STATUS "STATUS="
#define ALIVE "WATCHDOG=1"

static struct {
	pthread_mutex_t lock;
	char kept[KEPT][TEXT];
	unsigned int count;
} service = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Opens a socket to the manager. 0 or more; -ENOENT: nobody is to be told; other negative errno.
 * @owner caller: close() */
static int reach(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	int fd, error;

	if (!length)
		return -ENOENT;
	if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address.sun_path))
		return -EAFNOSUPPORT;
	memcpy(address.sun_path, path, length);
	/* A name without a file begins with a zero byte. */
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	length += offsetof(struct sockaddr_un, sun_path) + (path[0] == '/');
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&address, (socklen_t)length))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* Sends a text, with a descriptor (-1: none), without waiting. 0 or a negative errno. */
static int send_now(int to, const char *text, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] __attribute__((aligned(8))) = {0};
	struct iovec place = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	struct msghdr message = {.msg_iov = &place, .msg_iovlen = 1};
	struct cmsghdr *head;

	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	}
	while (sendmsg(to, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Takes what is at `place` out of what is kept. The lock is held. */
static void take_out(unsigned int place)
{
	service.count--;
	memmove(service.kept[place], service.kept[place + 1],
		(size_t)(service.count - place) * TEXT);
}

/* Keeps a text. The lock is held. */
static void keep(const char *text)
{
	unsigned int place;

	if (!strcmp(text, ALIVE))
		return;
	for (place = 0; !strncmp(text, STATUS, strlen(STATUS)) && place < service.count; place++)
		if (!strncmp(service.kept[place], STATUS, strlen(STATUS)))
			take_out(place--);
	if (service.count == KEPT)
		take_out(0);
	snprintf(service.kept[service.count++], TEXT, "%s", text);
}

/* Sends what is kept. The lock is held. 0: nothing is kept any more; a negative errno. */
static int send_kept(int to)
{
	int error = 0;

	while (service.count && !error) {
		error = send_now(to, service.kept[0], -1);
		if (error != -EAGAIN)
			take_out(0);
	}
	return error == -EAGAIN ? error : 0;
}

int sluice_service_say(const char *format, ...)
{
	char text[TEXT];
	va_list arguments;
	int to = reach(), error;

	if (to < 0)
		return to == -ENOENT ? 0 : to;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	pthread_mutex_lock(&service.lock);
	error = send_kept(to);
	if (!error)
		error = send_now(to, text, -1);
	if (error == -EAGAIN)
		keep(text);
	pthread_mutex_unlock(&service.lock);
	close(to);
	return error ? error : 1;
}

void sluice_service_flush(void)
{
	int to;

	pthread_mutex_lock(&service.lock);
	to = service.count ? reach() : -1;
	if (to >= 0) {
		(void)send_kept(to);
		close(to);
	}
	pthread_mutex_unlock(&service.lock);
}

/* Waits for an event of a descriptor, until `until`. 0, -ETIMEDOUT, or another negative errno. */
static int await(int fd, short events, uint64_t until)
{
	struct pollfd watched = {.fd = fd, .events = events};
	uint64_t now = sluice_now();
	int count;

	if (now >= until)
		return -ETIMEDOUT;
	count = poll(&watched, 1, (int)((until - now) / SLUICE_NS_PER_MS) + 1);
	return count < 0 && errno != EINTR ? -errno : 0;
}

/* Sends what is kept, and a text with a descriptor, until `until`. 0 or a negative errno. */
static int send_until(int to, const char *text, int fd, uint64_t until)
{
	int error;

	do {
		pthread_mutex_lock(&service.lock);
		error = send_kept(to);
		pthread_mutex_unlock(&service.lock);
		if (!error)
			error = send_now(to, text, fd);
		if (error != -EAGAIN)
			return error;
		error = await(to, POLLOUT, until);
	} while (!error);
	return error;
}

int sluice_service_store(const char *text, int fd, uint64_t limit_us)
{
	int to = reach(), error;

	if (to < 0)
		return to == -ENOENT ? 0 : to;
	error = send_until(to, text, fd, sluice_now() + limit_us * SLUICE_NS_PER_US);
	close(to);
	return error ? error : 1;
}

int sluice_service_wait(uint64_t limit_us)
{
	uint64_t until = sluice_now() + limit_us * SLUICE_NS_PER_US;
	int to = reach(), ends[2], error;
	struct pollfd end;

	if (to < 0)
		return to == -ENOENT ? 0 : to;
	if (pipe2(ends, O_CLOEXEC)) {
		error = -errno;
		close(to);
		return error;
	}
	/* The manager closes that end when it has read all that came before. */
	error = send_until(to, "BARRIER=1", ends[1], until);
	close(to);
	close(ends[1]);
	end = (struct pollfd){.fd = ends[0]};
	while (!error && !(end.revents & POLLHUP)) {
		error = await(ends[0], 0, until);
		if (!error && poll(&end, 1, 0) < 0 && errno != EINTR)
			error = -errno;
	}
	close(ends[0]);
	return error ? error : 1;
}
