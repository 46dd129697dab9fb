// SPDX-License-Identifier: MIT
/*
 * Where inlets listen; see inlet.h. For the control thread. Touches: sockets, /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../config/check.h"
#include "../../config/holder.h"
#include "../../config/sentence.h"
#include "../../lib/handed.h"
#include "inlet.h"

/* Opens a socket that listens beside others of ours. A descriptor, or a negative errno. */
static int listen_at(const struct sluice_config_listener *listener)
{
	const struct sockaddr *address = (const void *)&listener->address;
	socklen_t length = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							  : sizeof(struct sockaddr_in);
	const int on = 1;
	int fd, error;

	fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) ||
	    (address->sa_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) ||
	    bind(fd, address, length) || listen(fd, SOMAXCONN)) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

/* Has a sluiced of this very configuration the port: this one, or the one that it follows? Then it
 * is listened beside that until it has gone. */
static bool is_ours(const struct sluice_config *config,
		    const struct sluice_config_listener *listener)
{
	const struct sockaddr_in *four = (const void *)&listener->address;
	const struct sockaddr_in6 *six = (const void *)&listener->address;
	uint16_t port =
		ntohs(listener->address.ss_family == AF_INET6 ? six->sin6_port : four->sin_port);
	const struct sluice_holder *holder;
	struct sluice_holders holders;
	size_t count = 0, number;
	bool is_found = false;

	if (!sluice_holders_read_tcp(&holders)) {
		holder = sluice_holders_of(&holders, port, &count);
		for (number = 0; holder && number < count; number++)
			is_found = is_found || holder[number].pid == getpid() ||
				   sluice_holder_runs(&holder[number], config->path);
	}
	sluice_holders_free(&holders);
	return is_found;
}

int sluice_inlet_listen(struct sluice_inlet *inlet, const struct sluice_inlet *old,
			const struct sluice_source_plan *plan,
			const struct sluice_config_input *config, char **error)
{
	const struct sluice_config_listener *listener = &config->inlet.listen;
	bool is_kept = old && !strcmp(old->config.inlet.listen.text, listener->text);
	/* That of whom this process takes over from, with those who wait in its queue. */
	int fd, handed =
			is_kept ? -ENOENT : sluice_handed_take(SLUICE_HANDED_INLET, listener->text);
	size_t number;

	if (!is_kept && handed < 0) {
		/* Whoever else listens there would share what comes with us. */
		fd = sluice_config_listen(listener);
		if (fd >= 0)
			close(fd);
		else if (fd != -EADDRINUSE || !is_ours(plan->config, listener))
			goto fail;
	}
	for (number = 0; number < inlet->thread_count; number++) {
		/* Who waits in the queue of a socket is not lost with it. */
		if (is_kept && number < old->thread_count)
			fd = fcntl(old->threads[number].listen, F_DUPFD_CLOEXEC, 0);
		else
			fd = number ? sluice_handed_take(SLUICE_HANDED_INLET, listener->text)
				    : handed;
		if (fd < 0)
			fd = listen_at(listener);
		if (fd < 0)
			goto fail;
		inlet->threads[number].listen = fd;
	}
	return 0;

fail:
	sluice_say_at(error, plan->config, &listener->place,
		      "inputs.listen: input `%s` cannot listen at %s: %s", config->name,
		      listener->text, sluice_config_listen_fault(fd));
	return fd;
}
