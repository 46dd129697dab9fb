// SPDX-License-Identifier: MIT
/*
 * Connections by client; see clients.h. Touches: memory.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "clients.h"

/* An address that has connections. */
struct sluice_client {
	struct sluice_client *next;
	size_t connections;
	size_t length;
	uint8_t address[16];
};

const uint8_t *sluice_client_bytes(const struct sockaddr_storage *address, size_t *length)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	if (address->ss_family == AF_INET) {
		*length = 4;
		return (const uint8_t *)&four->sin_addr;
	}
	if (address->ss_family != AF_INET6)
		return NULL;
	if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		*length = 4;
		return six->sin6_addr.s6_addr + 12;
	}
	*length = 16;
	return six->sin6_addr.s6_addr;
}

void sluice_clients_begin(struct sluice_clients *clients)
{
	memset(clients, 0, sizeof(*clients));
	pthread_mutex_init(&clients->lock, NULL);
}

void sluice_clients_end(struct sluice_clients *clients)
{
	struct sluice_client *client;
	size_t bucket;

	for (bucket = 0; bucket < SLUICE_CLIENT_BUCKETS; bucket++)
		while ((client = clients->buckets[bucket])) {
			clients->buckets[bucket] = client->next;
			free(client);
		}
	pthread_mutex_destroy(&clients->lock);
}

/* Where the client with these bytes is, or would be put. @context with the lock */
static struct sluice_client **find(struct sluice_clients *clients, const uint8_t *bytes,
				   size_t length)
{
	struct sluice_client **at;
	uint32_t hash = 2166136261U; /* FNV-1a (Noll) */
	size_t number;

	for (number = 0; number < length; number++)
		hash = (hash ^ bytes[number]) * 16777619U;
	at = &clients->buckets[(hash ^ hash >> 16) % SLUICE_CLIENT_BUCKETS];
	while (*at && ((*at)->length != length || memcmp((*at)->address, bytes, length) != 0))
		at = &(*at)->next;
	return at;
}

int sluice_clients_add(struct sluice_clients *clients, const struct sockaddr_storage *address,
		       size_t most)
{
	struct sluice_client **at;
	const uint8_t *bytes;
	size_t length;
	int error = 0;

	bytes = sluice_client_bytes(address, &length);
	if (!bytes)
		return 0;
	pthread_mutex_lock(&clients->lock);
	at = find(clients, bytes, length);
	if (*at && most && (*at)->connections >= most) {
		error = -EDQUOT;
	} else if (*at) {
		(*at)->connections++;
	} else {
		*at = calloc(1, sizeof(**at));
		if (*at) {
			(*at)->connections = 1;
			(*at)->length = length;
			memcpy((*at)->address, bytes, length);
		} else {
			error = -ENOMEM;
		}
	}
	pthread_mutex_unlock(&clients->lock);
	return error;
}

void sluice_clients_remove(struct sluice_clients *clients, const struct sockaddr_storage *address)
{
	struct sluice_client **at, *gone;
	const uint8_t *bytes;
	size_t length;

	bytes = sluice_client_bytes(address, &length);
	if (!bytes)
		return;
	pthread_mutex_lock(&clients->lock);
	at = find(clients, bytes, length);
	gone = *at;
	if (gone && !--gone->connections) {
		*at = gone->next;
		free(gone);
	}
	pthread_mutex_unlock(&clients->lock);
}
