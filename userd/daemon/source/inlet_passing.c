// SPDX-License-Identifier: MIT
/*
 * An inlet goes to the next process: its sockets that listen, with whoever waits in their queues,
 * and the connections of clients, with what they have sent of a record that is not whole. Relays
 * upstream connect anew: they send again what was not acknowledged. See inlet.h. Touches: the
 * parcel, sockets, memory as files.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/handed.h"
#include "../handover/parcel.h"
#include "inlet.h"

/* What goes along with a connection; the bytes that were read follow. Of one version and the next:
 * it may grow at its end only. */
struct rest {
	uint32_t size; /* of this */
	uint32_t framing;
	uint64_t left; /* as in struct sluice_inlet_cutter */
	uint32_t discards, is_ended;
};

/* The key of an inlet's connection, and of what goes along with it. */
static void name_link(const struct sluice_inlet *inlet, size_t number, char key[SLUICE_HANDED_KEY])
{
	snprintf(key, SLUICE_HANDED_KEY, "inlet %s %zu", inlet->config.inlet.listen.text, number);
}

/* Puts what was read of a connection and is no whole record into memory. A descriptor, or a
 * negative errno. */
static int write_rest(const struct sluice_inlet_connection *connection)
{
	const struct sluice_inlet_cutter *cutter = &connection->cutter;
	const struct rest rest = {
		.size = sizeof(rest),
		.framing = (uint32_t)cutter->framing,
		.left = cutter->left,
		.discards = cutter->discards,
		.is_ended = connection->is_ended,
	};
	size_t length = cutter->end - cutter->begin;
	int fd = memfd_create("sluice-rest", MFD_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, &rest, sizeof(rest)) != (ssize_t)sizeof(rest) ||
	    (length && write(fd, cutter->buffer + cutter->begin, length) != (ssize_t)length))
		error = -ENOSPC;
	if (!error)
		return fd;
	close(fd);
	return error;
}

/* Puts a connection into the parcel. 0 or a negative errno. */
static int give_one(const struct sluice_inlet_connection *connection, size_t number,
		    struct sluice_parcel *parcel)
{
	char key[SLUICE_HANDED_KEY];
	int rest = write_rest(connection), error;

	if (rest < 0)
		return rest;
	name_link(connection->thread->inlet, number, key);
	error = sluice_parcel_add(parcel, SLUICE_HANDED_INLET_REST, key, rest);
	close(rest);
	return error ? error
		     : sluice_parcel_add(parcel, SLUICE_HANDED_INLET_LINK, key, connection->fd);
}

void sluice_inlet_give(struct sluice_inlet *inlet, struct sluice_parcel *parcel)
{
	struct sluice_inlet_connection *connection;
	size_t number, count = 0;

	for (number = 0; number < inlet->thread_count; number++) {
		struct sluice_inlet_thread *thread = &inlet->threads[number];

		if (thread->listen >= 0)
			(void)sluice_parcel_add(parcel, SLUICE_HANDED_INLET,
						inlet->config.inlet.listen.text, thread->listen);
		while ((connection = thread->first)) {
			/* It goes on with what is in the buffer: nothing of it is lost. */
			if (!give_one(connection, count, parcel)) {
				sluice_inlet_cutter_free(&connection->cutter);
				count++;
			}
			sluice_inlet_drop(thread, connection);
		}
	}
}

/* Reads what goes along with a connection. 0 or a negative errno: it cannot go on. */
static int read_rest(int fd, struct sluice_inlet_connection *connection)
{
	struct sluice_inlet_cutter *cutter = &connection->cutter;
	struct rest rest = {0};
	struct stat state;
	size_t length, room;
	uint8_t *bytes;

	if (fstat(fd, &state) || pread(fd, &rest, sizeof(rest), 0) != (ssize_t)sizeof(rest) ||
	    rest.size < sizeof(rest) || state.st_size < (off_t)rest.size ||
	    rest.framing != (uint32_t)cutter->framing)
		return -EPROTO;
	length = (size_t)state.st_size - rest.size;
	if (length) {
		bytes = sluice_inlet_cutter_room(cutter, &room);
		if (!bytes)
			return -ENOMEM;
		if (length > room || pread(fd, bytes, length, rest.size) != (ssize_t)length)
			return -EPROTO;
		sluice_inlet_cutter_fed(cutter, length);
	}
	cutter->left = rest.left;
	cutter->discards = rest.discards != 0;
	connection->is_ended = rest.is_ended != 0;
	/* What came whole may have waited for room. */
	connection->is_blocked = true;
	connection->thread->is_full = true;
	return 0;
}

/* Takes one connection over. */
static void take_one(struct sluice_inlet_thread *thread, int fd, int rest)
{
	struct sockaddr_storage peer = {0};
	socklen_t length = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &length) ||
	    sluice_inlet_add(thread, fd, &peer)) {
		/* It was reset meanwhile, or there is no memory: half a record of it is lost. */
		close(fd);
		return;
	}
	if (rest < 0 || read_rest(rest, thread->first))
		thread->first->is_over = true;
}

void sluice_inlet_take_over(struct sluice_inlet_thread *thread)
{
	size_t number = (size_t)(thread - thread->inlet->threads);
	char key[SLUICE_HANDED_KEY];
	int fd, rest;

	for (;; number += thread->inlet->thread_count) {
		name_link(thread->inlet, number, key);
		fd = sluice_handed_take(SLUICE_HANDED_INLET_LINK, key);
		if (fd < 0)
			return;
		rest = sluice_handed_take(SLUICE_HANDED_INLET_REST, key);
		take_one(thread, fd, rest);
		if (rest >= 0)
			close(rest);
	}
}
