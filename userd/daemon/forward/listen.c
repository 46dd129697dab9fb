// SPDX-License-Identifier: MIT
/*
 * Sockets that forwards listen at; see listen.h. Touches: sockets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../config/check.h"
#include "../../lib/handed.h"
#include "listen.h"

int sluice_forward_listener_open(const struct sluice_config_listener *listen,
				 struct sluice_forward_listener **result)
{
	struct sluice_forward_listener *fresh = calloc(1, sizeof(*fresh));
	int error = 0;

	if (!fresh)
		return -ENOMEM;
	fresh->text = strdup(listen->text);
	fresh->address = listen->address;
	fresh->fd = sluice_handed_take(SLUICE_HANDED_FORWARD, listen->text);
	if (fresh->fd < 0)
		fresh->fd = sluice_config_listen(listen);
	if (fresh->fd < 0)
		error = fresh->fd;
	else if (!fresh->text)
		error = -ENOMEM;
	pthread_mutex_init(&fresh->lock, NULL);
	if (error) {
		sluice_forward_listener_free(fresh);
		return error;
	}
	*result = fresh;
	return 0;
}

void sluice_forward_listener_set(struct sluice_forward_listener *listener,
				 struct sluice_forward *forward)
{
	struct sluice_forward *old;

	pthread_mutex_lock(&listener->lock);
	old = listener->forward;
	listener->forward = forward ? sluice_forward_get(forward) : NULL;
	pthread_mutex_unlock(&listener->lock);
	sluice_forward_put(old);
}

void sluice_forward_listener_shut(const struct sluice_forward_listener *listener)
{
	/* Not close(2): a loop that is about to take from it must not meet another socket. */
	(void)shutdown(listener->fd, SHUT_RDWR);
}

void sluice_forward_listener_free(struct sluice_forward_listener *listener)
{
	if (!listener)
		return;
	sluice_forward_listener_set(listener, NULL);
	if (listener->fd >= 0)
		close(listener->fd);
	pthread_mutex_destroy(&listener->lock);
	free(listener->retired);
	free(listener->text);
	free(listener);
}
