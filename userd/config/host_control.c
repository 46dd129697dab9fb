// SPDX-License-Identifier: MIT
/*
 * The doors for sessions, held against this machine: is the address there and free, can the socket
 * be made, is the password's file a secret? Touches: reads facts of the system, binds and connects
 * for a moment.
 */
#include <errno.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "holder.h"
#include "host.h"
#include "packet_socket.h"
#include "suggest.h"

#define ATTEMPTS 20	     /* of a start, whose predecessor may just be leaving */
#define BETWEEN_NS 50000000L /* them */

int sluice_config_listen(const struct sluice_config_listener *listener)
{
	const struct sockaddr *address = (const void *)&listener->address;
	socklen_t length = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							  : sizeof(struct sockaddr_in);
	const int on = 1;
	int fd, error;

	fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Connections that have ended do not keep the port. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    (address->sa_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) ||
	    bind(fd, address, length) || listen(fd, SOMAXCONN)) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

/* Port of the address. */
static uint16_t port_of(const struct sluice_config_listener *listener)
{
	const struct sockaddr_in *four = (const void *)&listener->address;
	const struct sockaddr_in6 *six = (const void *)&listener->address;

	return ntohs(listener->address.ss_family == AF_INET6 ? six->sin6_port : four->sin_port);
}

/* Says who has the port that cannot be had, unless it is a sluiced with this very file, of whom a
 * tool asks. 0 or -ENOMEM. */
static int tell_taken(const struct sluice_config *config, const char *key,
		      const struct sluice_config_listener *listener, enum sluice_host_view view,
		      struct sluice_findings *findings)
{
	const struct sluice_holder *holder;
	struct sluice_holders holders;
	size_t count, number;
	bool is_ours = false;
	char who[64] = "";
	int error;

	error = sluice_holders_read_tcp(&holders);
	holder = error ? NULL : sluice_holders_of(&holders, port_of(listener), &count);
	for (number = 0; holder && number < count; number++) {
		is_ours = is_ours || sluice_holder_runs(&holder[number], config->path);
		if (holder[number].pid)
			snprintf(who, sizeof(who), " by %s (process %d)", holder[number].program,
				 (int)holder[number].pid);
	}
	sluice_holders_free(&holders);
	if (!error && !(is_ours && view == SLUICE_HOST_FILE))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &listener->place,
				    "%s: %s is taken%s: name another port, or end what has it", key,
				    listener->text, who);
	return error;
}

int sluice_host_check_listener(const struct sluice_config *config, const char *key,
			       const struct sluice_config_listener *listener,
			       enum sluice_host_view view, struct sluice_findings *findings)
{
	const struct timespec between = {.tv_nsec = BETWEEN_NS};
	unsigned int attempt;
	int fd;

	/* A daemon that runs tries itself, and what it has is its own. */
	if (!listener->text || view == SLUICE_HOST_LIVE)
		return 0;
	fd = sluice_config_listen(listener);
	for (attempt = 0; fd == -EADDRINUSE && view == SLUICE_HOST_START && attempt < ATTEMPTS;
	     attempt++) {
		nanosleep(&between, NULL);
		fd = sluice_config_listen(listener);
	}
	if (fd >= 0)
		close(fd);
	else if (fd == -EADDRINUSE)
		return tell_taken(config, key, listener, view, findings);
	else
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &listener->place, "%s: %s: %s",
				    key, listener->text, sluice_config_listen_fault(fd));
	return 0;
}

const char *sluice_config_listen_fault(int error)
{
	switch (error) {
	case -EADDRINUSE:
		return "somebody listens there: name another one, or end what has it";
	case -EADDRNOTAVAIL:
		return "this machine has no such address: name one that it has (ip address), or "
		       "0.0.0.0";
	case -EACCES:
		return "that is not allowed to this user: a port below 1024 needs "
		       "CAP_NET_BIND_SERVICE";
	case -EAFNOSUPPORT:
		return "this machine has no IPv6";
	default:
		return strerror(-error);
	}
}

/* Is there a directory for the socket, and no file in its place? */
static void check_shell(const struct sluice_config *config, enum sluice_host_view view,
			struct sluice_findings *findings)
{
	const struct sluice_config_control *control = &config->control;
	char *copy = control->shell ? strdup(control->shell) : NULL;
	struct sluice_holder holder = {0};
	const char *directory;
	struct stat state;
	pid_t pid;

	if (!copy)
		return;
	directory = dirname(copy);
	if (!stat(control->shell, &state) && !S_ISSOCK(state.st_mode))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &control->shell_place,
				    "control.shell: %s is there and is no socket: name another "
				    "path, or remove it",
				    control->shell);
	else if (stat(directory, &state) || !S_ISDIR(state.st_mode)) {
		/* That one is made. */
		if (strcmp(directory, SLUICE_RUN_DIRECTORY) != 0)
			sluice_findings_add(findings, SLUICE_FINDING_ERROR, &control->shell_place,
					    "control.shell: there is no directory %s: make it, or "
					    "name a path below " SLUICE_RUN_DIRECTORY,
					    directory);
	} else if (access(directory, W_OK | X_OK)) {
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &control->shell_place,
				    "control.shell: no socket can be made in %s: %s", directory,
				    strerror(errno));
	} else if (view != SLUICE_HOST_LIVE && !sluice_socket_listener(control->shell, &pid)) {
		sluice_holder_look(&holder, pid);
		if (view != SLUICE_HOST_FILE || !sluice_holder_runs(&holder, config->path))
			sluice_findings_add(findings, SLUICE_FINDING_ERROR, &control->shell_place,
					    "control.shell: %s (process %d) listens at %s: name "
					    "another path, or end it",
					    holder.program[0] ? holder.program : "somebody",
					    (int)pid, control->shell);
	}
	free(copy);
}

/* Is the password's file there, and nobody else's to read? */
static void check_password(const struct sluice_config_control *control,
			   struct sluice_findings *findings)
{
	struct stat state;

	if (!control->password_file)
		return;
	if (stat(control->password_file, &state))
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &control->password_place,
				    "control.password-file: %s cannot be read: %s; until it can "
				    "no password is right",
				    control->password_file, strerror(errno));
	else if (!S_ISREG(state.st_mode) || state.st_size == 0)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &control->password_place,
				    "control.password-file: %s is empty or no file, and so no "
				    "password is right: write one into its first line",
				    control->password_file);
	else if (state.st_mode & (S_IRWXG | S_IRWXO))
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &control->password_place,
				    "control.password-file: others than its owner may read or "
				    "write %s: chmod 600 %s",
				    control->password_file, control->password_file);
}

int sluice_host_check_control(const struct sluice_config *config, enum sluice_host_view view,
			      struct sluice_findings *findings)
{
	int error;

	check_shell(config, view, findings);
	check_password(&config->control, findings);
	error = sluice_host_check_listener(config, "control.telnet", &config->control.telnet, view,
					   findings);
	if (error)
		return error;
	return sluice_host_check_listener(config, "control.http", &config->control.http, view,
					  findings);
}
