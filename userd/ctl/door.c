// SPDX-License-Identifier: MIT
/*
 * The door; see door.h. Touches: its sockets, child processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include "door.h"
#include "size.h"
#include "door_client.h"
#include "http.h"

#define ACCEPT_AT_ONCE 32U
#define REST_MS 200U	     /* after accept() had no descriptor or no memory */
#define QUEUE_MS 500	     /* how often is looked whether a command that waits may run */
#define KEEPALIVE_S 60	     /* of a quiet client */
#define KERNEL_BUFFER 32768  /* bytes, each way */
#define UNANSWERED_MS 90000U /* what is sent to a client whose host is gone */

/* What poll() is asked of beside the clients. */
enum { WATCH_MASTER, WATCH_CHILDREN, WATCH_LISTENER, WATCHED };

/* A door that is open. */
struct open_door {
	struct sluice_door door;
	struct sluice_door_client *clients[SLUICE_DOOR_CLIENTS];
	size_t count;
	size_t children;  /* processes that have not been waited for */
	int ended;	  /* signalfd of SIGCHLD */
	uint64_t rests;	  /* nobody is let in until then */
	uint64_t refused; /* when it was last logged that there were too many */
};

/* Names a client of telnet. */
static void name_telnet(const struct sockaddr_storage *address, socklen_t length,
			char who[SLUICE_DOOR_CLIENT_WHO])
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE] = "?", port[8] = "?";

	(void)getnameinfo((const struct sockaddr *)address, length, host, sizeof(host), port,
			  sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	/* An IPv6 address is told from its port by brackets. */
	snprintf(who, SLUICE_DOOR_CLIENT_WHO, "telnet %s%s%s:%s", strchr(host, ':') ? "[" : "",
		 host, strchr(host, ':') ? "]" : "", port);
}

/* Names a client of the socket in the file system. False: it is not one that may come in. */
static bool name_local(int fd, char who[SLUICE_DOOR_CLIENT_WHO])
{
	socklen_t length = sizeof(struct ucred);
	struct ucred peer;

	snprintf(who, SLUICE_DOOR_CLIENT_WHO, "somebody");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return false;
	snprintf(who, SLUICE_DOOR_CLIENT_WHO, "user %u, process %d", (unsigned int)peer.uid,
		 (int)peer.pid);
	return peer.uid == 0 || peer.uid == geteuid();
}

/* Says one sentence to who is not let in. */
static void turn_away(const struct sluice_door *door, int fd, const char *sentence)
{
	char text[256];
	int length = snprintf(text, sizeof(text), "sluice: %s%s\n", sentence,
			      door->is_telnet ? "\r" : "");

	if (length > 0)
		(void)send(fd, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	close(fd);
}

/* A client whose host is gone is noticed, also while nothing is sent. */
static void watch_client(int fd)
{
	const int on = 1, seconds = KEEPALIVE_S, limit = UNANSWERED_MS;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof(limit));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Logs that there are too many, once a minute. */
static void tell_full(struct open_door *open)
{
	uint64_t now = sluice_door_now();

	if (open->refused && now - open->refused < 60000)
		return;
	open->refused = now;
	sluice_door_tell(&open->door, LOG_WARNING, "%u sessions are open, and no more are let in",
			 SLUICE_DOOR_CLIENTS);
}

/* The kernel keeps no more for a client than we do, whether it reads or writes too much. */
static void bound_buffers(int fd)
{
	const int size = KERNEL_BUFFER;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

/* Lets one in, or turns it away. */
static void let_in(struct open_door *open, int fd, const struct sockaddr_storage *address,
		   socklen_t length)
{
	char who[SLUICE_DOOR_CLIENT_WHO];
	struct sluice_door_client *client;

	bound_buffers(fd);
	if (open->door.is_telnet) {
		name_telnet(address, length, who);
		watch_client(fd);
	} else if (!name_local(fd, who)) {
		sluice_door_tell(&open->door, LOG_WARNING, "%s: turned away", who);
		turn_away(&open->door, fd, "this is for root and the user of sluiced");
		return;
	}
	if (open->count == SLUICE_DOOR_CLIENTS) {
		tell_full(open);
		turn_away(&open->door, fd, "64 sessions are open, try again later");
		return;
	}
	client = sluice_door_client_begin(&open->door, fd, who);
	if (client)
		open->clients[open->count++] = client;
	else
		close(fd);
}

/* Lets in who has come, some at a time. */
static void answer_bell(struct open_door *open)
{
	struct sockaddr_storage address = {0};
	socklen_t length;
	unsigned int number;
	int fd;

	for (number = 0; number < ACCEPT_AT_ONCE; number++) {
		length = sizeof(address);
		fd = accept4(SLUICE_DOOR_LISTENER, (struct sockaddr *)&address, &length,
			     SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			let_in(open, fd, &address, length);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		/* No descriptors, no memory: poll() would tell of the same again and again. */
		if (errno != EAGAIN)
			open->rests = sluice_door_now() + REST_MS;
		return;
	}
}

/* Waits for the children that have ended. */
static void reap(struct open_door *open)
{
	struct signalfd_siginfo information;
	size_t number;
	pid_t child;
	int status;

	while (read(open->ended, &information, sizeof(information)) > 0)
		;
	while ((child = waitpid(-1, &status, WNOHANG)) > 0) {
		open->children--;
		for (number = 0; number < open->count; number++)
			if (open->clients[number]->child == child)
				sluice_door_client_child_ended(open->clients[number], status);
	}
}

/* How many commands run that hold nobody but us up; those of clients that have gone count. */
static size_t busy(const struct open_door *open)
{
	size_t number, result = open->children;

	for (number = 0; number < open->count; number++)
		if (open->clients[number]->child &&
		    !sluice_door_client_is_busy(open->clients[number]))
			result--;
	return result;
}

/* The client whose command has waited longest; NULL: none waits. */
static const struct sluice_door_client *next_to_run(const struct open_door *open)
{
	const struct sluice_door_client *found = NULL;
	size_t number;

	for (number = 0; number < open->count; number++)
		if (open->clients[number]->state == SLUICE_DOOR_CLIENT_QUEUES &&
		    (!found || open->clients[number]->active < found->active))
			found = open->clients[number];
	return found;
}

/* Serves all clients, poll() having said what it saw of each. True: there is more to do at once. */
static bool serve_all(struct open_door *open, const struct pollfd *seen)
{
	const struct sluice_door_client *next =
		busy(open) < SLUICE_DOOR_BUSY ? next_to_run(open) : NULL;
	bool more = false, had_child;
	size_t number;

	for (number = 0; number < open->count; number++) {
		struct sluice_door_client *client = open->clients[number];

		had_child = client->child != 0;
		more = sluice_door_client_serve(client, &seen[2 * number], client == next) || more;
		if (!had_child && client->child)
			open->children++;
	}
	for (number = 0; number < open->count;) {
		if (open->clients[number]->state != SLUICE_DOOR_CLIENT_GONE) {
			number++;
			continue;
		}
		sluice_door_client_end(open->clients[number]);
		open->clients[number] = open->clients[--open->count];
	}
	/* Somebody began to wait, or the next one may run. */
	return more || (busy(open) < SLUICE_DOOR_BUSY && next_to_run(open));
}

/* How long poll() may wait, in ms; -1: for ever. */
static int patience(const struct open_door *open)
{
	uint64_t due = open->rests ? open->rests : UINT64_MAX, now = sluice_door_now();
	size_t number;

	for (number = 0; number < open->count; number++) {
		uint64_t other = sluice_door_client_due(open->clients[number]);

		due = other < due ? other : due;
	}
	if (next_to_run(open) && due > now + QUEUE_MS)
		due = now + QUEUE_MS;
	if (due == UINT64_MAX)
		return -1;
	return due <= now ? 0 : due - now > 60000 ? 60000 : (int)(due - now);
}

/* The loop. Returns when sluiced has closed its end. */
static void run(struct open_door *open)
{
	struct pollfd wanted[WATCHED + 2 * SLUICE_DOOR_CLIENTS];
	bool more = false;
	size_t number;
	char byte;

	for (;;) {
		if (open->rests && sluice_door_now() >= open->rests)
			open->rests = 0;
		wanted[WATCH_MASTER] = (struct pollfd){.fd = open->door.master, .events = POLLIN};
		wanted[WATCH_CHILDREN] = (struct pollfd){.fd = open->ended, .events = POLLIN};
		wanted[WATCH_LISTENER] = (struct pollfd){
			.fd = open->rests ? -1 : SLUICE_DOOR_LISTENER, .events = POLLIN};
		for (number = 0; number < open->count; number++)
			sluice_door_client_wait(open->clients[number],
						&wanted[WATCHED + 2 * number]);
		if (poll(wanted, WATCHED + 2 * open->count, more ? 0 : patience(open)) < 0)
			for (number = 0; number < WATCHED + 2 * open->count; number++)
				wanted[number].revents = 0;
		if (wanted[WATCH_MASTER].revents &&
		    recv(open->door.master, &byte, 1, MSG_DONTWAIT) == 0)
			return;
		if (wanted[WATCH_CHILDREN].revents)
			reap(open);
		more = serve_all(open, &wanted[WATCHED]);
		if (wanted[WATCH_LISTENER].revents) {
			answer_bell(open);
			/* They are greeted. */
			more = true;
		}
	}
}

/* Signals become readable or are left to sluiced, which says when it is over. 0 or -errno. */
static int prepare(struct open_door *open)
{
	sigset_t set;

	/* A terminal, or systemd, sends them to all at once. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* Nothing that runs here gets more rights than we have. */
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return -errno;
	open->ended = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (open->ended < 0 || fcntl(SLUICE_DOOR_LISTENER, F_SETFD, FD_CLOEXEC) ||
	    fcntl(SLUICE_DOOR_LISTENER, F_SETFL, O_NONBLOCK) ||
	    fcntl(SLUICE_DOOR_MASTER, F_SETFD, FD_CLOEXEC))
		return -errno;
	return 0;
}

/* Serves browsers instead of sessions. Returns the exit status. @owner takes `open` */
static int serve_http(struct open_door *open)
{
	int error;

	open->door.master = SLUICE_DOOR_MASTER;
	error = prepare(open);
	if (!error)
		error = sluice_http_serve(&open->door, SLUICE_DOOR_LISTENER);
	if (error)
		fprintf(stderr, "sluicectl: --door http: %s\n", strerror(-error));
	free(open);
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

int sluice_door_run(int argc, char **argv)
{
	struct open_door *open;
	int error;

	open = calloc(1, sizeof(*open));
	if (!open || argc != 4 || sluice_number_parse(argv[2], &open->door.idle_ms) ||
	    !open->door.idle_ms) {
		fputs("sluicectl: --door is for sluiced, which starts it\n", stderr);
		free(open);
		return SLUICE_CTL_USAGE;
	}
	if (!strcmp(argv[1], "http"))
		return serve_http(open);
	open->door.is_far = !strcmp(argv[1], "far");
	open->door.is_telnet = open->door.is_far || !strcmp(argv[1], "telnet");
	open->door.password_file = argv[3][0] ? argv[3] : NULL;
	open->door.master = SLUICE_DOOR_MASTER;
	error = prepare(open);
	if (error) {
		fprintf(stderr, "sluicectl: --door: %s\n", strerror(-error));
		free(open);
		return SLUICE_CTL_REFUSED;
	}
	run(open);
	while (open->count)
		sluice_door_client_end(open->clients[--open->count]);
	free(open);
	return SLUICE_CTL_OK;
}
