/* SPDX-License-Identifier: MIT */
/*
 * The socket in the file system by which sluicectl asks the daemon: netlink messages as packets
 * (SOCK_SEQPACKET, unix(7)). Used by both ends. Touches: the socket and its file.
 */
#ifndef SLUICE_LIB_PACKET_SOCKET_H
#define SLUICE_LIB_PACKET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where the daemons' sockets are. */
#define SLUICE_RUN_DIRECTORY "/run/sluice"
/* The mode of that directory. */
#define SLUICE_RUN_MODE 0750
/* And where others than root and our user may ask a daemon. */
#define SLUICE_RUN_MODE_OPEN 0751
/* Bytes that hold any path of a socket (unix(7)). */
#define SLUICE_PACKET_PATH 108U

/*
 * The path of the socket of daemon `number` (0: the one that sluicectl asks) of this process's
 * network namespace, whose inode number is in its name: the file system may be shared by many. 0 or
 * a negative errno. @threadsafe
 */
int sluice_packet_path(char path[SLUICE_PACKET_PATH], unsigned int number);

/*
 * Listens at `path`, which nobody but our user (and root) can connect to; takes the place of
 * whatever socket has that name. The descriptor, which does not block, or a negative errno. @owner
 * caller
 */
int sluice_packet_listen(const char *path);

/* The same for a stream of bytes (SOCK_STREAM); but one that somebody listens at stays his:
 * -EADDRINUSE. */
int sluice_stream_listen(const char *path);

/*
 * Who listens at `path`, whatever kind of socket it is, by the kernel's word: 0 and *pid, which is
 * 0 if the kernel does not know; -ECONNREFUSED: nobody; another negative errno.
 */
int sluice_socket_listener(const char *path, pid_t *pid);

/*
 * Connects to `path`; *uid is the user who listens there, by the kernel's word. The descriptor, or
 * a negative errno.
 * @owner caller
 */
int sluice_packet_connect(const char *path, uid_t *uid);

/*
 * Receives one packet of at most `most` bytes into *buffer, which has *room bytes and grows. Its
 * length; 0: the other end is gone; -EMSGSIZE: it was larger, and is thrown away; other negative
 * errno. @owner caller: *buffer, free()
 */
ssize_t sluice_packet_receive(int fd, char **buffer, size_t *room, size_t most);

#endif /* SLUICE_LIB_PACKET_SOCKET_H */
