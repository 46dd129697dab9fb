// SPDX-License-Identifier: MIT
/*
 * A socket in the file system; see packet_socket.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "packet_socket.h"

#define BACKLOG 64

int sluice_packet_path(char path[SLUICE_PACKET_PATH], unsigned int number)
{
	struct stat space;
	int length;

	if (!path)
		return -EINVAL;
	if (stat("/proc/self/ns/net", &space))
		return -errno;
	if (number)
		length = snprintf(path, SLUICE_PACKET_PATH, "%s/net-%lu-%u.sock",
				  SLUICE_RUN_DIRECTORY, (unsigned long)space.st_ino, number);
	else
		length = snprintf(path, SLUICE_PACKET_PATH, "%s/net-%lu.sock", SLUICE_RUN_DIRECTORY,
				  (unsigned long)space.st_ino);
	return length < (int)SLUICE_PACKET_PATH ? 0 : -ENAMETOOLONG;
}

/* Fills in an address. False: the path is too long for one. */
static bool address_set(struct sockaddr_un *address, const char *path, const char *suffix)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	return snprintf(address->sun_path, sizeof(address->sun_path), "%s%s", path, suffix) <
	       (int)sizeof(address->sun_path);
}

/* Listens at `path` for connections of this type. The descriptor or a negative errno. */
static int listen_at(const char *path, int type)
{
	struct sockaddr_un address, final;
	char suffix[16];
	struct stat state;
	int fd, error;

	if (!path)
		return -EINVAL;
	snprintf(suffix, sizeof(suffix), ".%d", (int)getpid());
	if (!address_set(&final, path, "") || !address_set(&address, path, suffix))
		return -ENAMETOOLONG;
	/* Nothing but a socket that is left over gives way. */
	if (!lstat(path, &state) && !S_ISSOCK(state.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	(void)unlink(address.sun_path);
	/* The mode of the socket is what its file gets. It has its name when it listens, so a name
	 * without a listener is dead. */
	if (fchmod(fd, 0600) || bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, BACKLOG) || rename(address.sun_path, final.sun_path)) {
		error = -errno;
		(void)unlink(address.sun_path);
		close(fd);
		return error;
	}
	return fd;
}

int sluice_packet_listen(const char *path)
{
	return listen_at(path, SOCK_SEQPACKET);
}

int sluice_socket_listener(const char *path, pid_t *pid)
{
	static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};
	struct sockaddr_un address;
	struct ucred peer;
	socklen_t length = sizeof(peer);
	int fd, error = -EPROTOTYPE;
	size_t number;

	if (!path || !pid)
		return -EINVAL;
	if (!address_set(&address, path, ""))
		return -ENAMETOOLONG;
	*pid = 0;
	for (number = 0; number < 2 && error == -EPROTOTYPE; number++) {
		fd = socket(AF_UNIX, types[number] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return -errno;
		error = connect(fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno
											: 0;
		/* One that is full is one that somebody has. */
		if (error == -EAGAIN)
			error = 0;
		else if (!error && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
			*pid = peer.pid;
		close(fd);
	}
	return error;
}

int sluice_stream_listen(const char *path)
{
	pid_t pid;

	if (!sluice_socket_listener(path, &pid))
		return -EADDRINUSE;
	return listen_at(path, SOCK_STREAM);
}

int sluice_packet_connect(const char *path, uid_t *uid)
{
	struct sockaddr_un address;
	struct ucred peer;
	socklen_t length = sizeof(peer);
	int fd, error;

	if (!path || !uid)
		return -EINVAL;
	if (!address_set(&address, path, ""))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length)) {
		error = -errno;
		close(fd);
		return error;
	}
	*uid = peer.uid;
	return fd;
}

ssize_t sluice_packet_receive(int fd, char **buffer, size_t *room, size_t most)
{
	ssize_t length;
	char *grown;

	if (!buffer || !room)
		return -EINVAL;
	length = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	if (length < 0)
		return -errno;
	if ((size_t)length > most) {
		(void)recv(fd, NULL, 0, 0);
		return -EMSGSIZE;
	}
	if ((size_t)length > *room) {
		grown = realloc(*buffer, (size_t)length);
		if (!grown)
			return -ENOMEM;
		*buffer = grown;
		*room = (size_t)length;
	}
	length = recv(fd, *buffer, *room, 0);
	return length < 0 ? -errno : length;
}
