// SPDX-License-Identifier: MIT
/*
 * A connection of `source: tcp`: its frames become records; see inlet.h. In the inlet's thread.
 * Touches: its socket.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "inlet.h"

/* Reads of one connection before others have their turn. */
#define READS 4

/* Half an address block. */
static uint16_t put_half(const struct sockaddr_storage *address, uint8_t *bytes)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	if (address->ss_family == AF_INET) {
		memcpy(bytes, &four->sin_addr, sizeof(four->sin_addr));
		return ntohs(four->sin_port);
	}
	memcpy(bytes, &six->sin6_addr, sizeof(six->sin6_addr));
	return ntohs(six->sin6_port);
}

/* Who sent it, and where to. */
static struct sluice_record_address address_of(const struct sluice_inlet_connection *connection)
{
	struct sluice_record_address block = {
		.family = connection->peer.ss_family == AF_INET ? 4 : 6,
	};

	block.source_port = htole16(put_half(&connection->peer, block.source));
	block.destination_port = htole16(put_half(&connection->local, block.destination));
	return block;
}

/* Ends a connection for what came by it. -EPROTO. */
static int end_for(struct sluice_inlet_connection *connection, const char *what)
{
	struct sluice_inlet_thread *thread = connection->thread;
	char text[INET6_ADDRSTRLEN + 8];

	sluice_count(&thread->counts->faults, 1);
	sluice_inlet_lose(thread, 1);
	/* What is left is of no record that is known. */
	connection->cutter.begin = connection->cutter.end;
	connection->cutter.left = 0;
	connection->cutter.discards = false;
	sluice_warning("input `%s`: connection from %s ended: %s", thread->inlet->input->name,
		       sluice_inlet_peer(connection, text), what);
	return -EPROTO;
}

/* Stores what can be cut out of what was read. 0; -EAGAIN: there is no room; -EPROTO. */
static int store_all(struct sluice_inlet_connection *connection)
{
	const struct sluice_config_inlet *config = &connection->thread->inlet->config.inlet;
	struct sluice_record_address block;
	struct sluice_inlet_record record = {.type = SLUICE_RECORD_DATA,
					     .time_ns = sluice_wall_now()};
	struct sluice_inlet_item item;
	int result, error;

	if (connection->thread->inlet->config.addresses) {
		block = address_of(connection);
		record.address = &block;
	}
	while ((result = sluice_inlet_cutter_look(&connection->cutter, connection->is_ended,
						  &item)) == 1) {
		if (item.is_cut && config->oversize == SLUICE_OVERLONG_CLOSE)
			return end_for(connection, "a record that is longer than `max-record`");
		record.payload = item.bytes;
		record.length = item.length;
		record.flags = item.is_cut ? SLUICE_RECORD_F_CUT : 0;
		error = sluice_inlet_store(connection->thread, &record, NULL, NULL);
		if (error)
			return error;
		if (item.is_cut)
			sluice_count(&connection->thread->counts->cut, 1);
		sluice_inlet_cutter_take(&connection->cutter, &item);
	}
	if (result)
		return end_for(connection, "what it sent is not what `framing` says");
	return 0;
}

int sluice_inlet_plain_read(struct sluice_inlet_connection *connection)
{
	struct sluice_inlet_cutter *cutter = &connection->cutter;
	unsigned int number;
	uint8_t *bytes;
	size_t room;
	ssize_t got;
	int error;

	for (number = 0; number < READS; number++) {
		/* What came before goes first: it may have waited for room. */
		error = store_all(connection);
		if (error)
			return error;
		if (connection->is_ended)
			return -ECONNRESET;
		bytes = sluice_inlet_cutter_room(cutter, &room);
		if (!bytes)
			return -ENOMEM;
		got = recv(connection->fd, bytes, room, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (got < 0)
			return -errno;
		if (got) {
			sluice_inlet_cutter_fed(cutter, (size_t)got);
			connection->heard = sluice_now();
		} else {
			connection->is_ended = true;
		}
	}
	error = store_all(connection);
	/* One that is silent holds no memory. */
	if (!error && !sluice_inlet_cutter_is_within(cutter))
		sluice_inlet_cutter_free(cutter);
	return error ? error : connection->is_ended ? -ECONNRESET : 0;
}

void sluice_inlet_plain_end(struct sluice_inlet_connection *connection)
{
	if (sluice_inlet_cutter_is_within(&connection->cutter) && !connection->cutter.discards &&
	    !connection->cutter.left)
		sluice_inlet_lose(connection->thread, 1);
	sluice_inlet_cutter_free(&connection->cutter);
}
