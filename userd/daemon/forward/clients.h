/* SPDX-License-Identifier: MIT */
/*
 * How many connections each client's address has. Touches: memory.
 */
#ifndef SLUICE_FORWARD_CLIENTS_H
#define SLUICE_FORWARD_CLIENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define SLUICE_CLIENT_BUCKETS 1024U

struct sluice_client;

/* @owner whoever has it: sluice_clients_end() */
struct sluice_clients {
	pthread_mutex_t lock; /* of what follows */
	struct sluice_client *buckets[SLUICE_CLIENT_BUCKETS];
};

/* Makes it empty; frees what it has. */
void sluice_clients_begin(struct sluice_clients *clients);
void sluice_clients_end(struct sluice_clients *clients);

/* One connection more from there, unless it has `most` already (0: any number). 0, -EDQUOT or
 * -ENOMEM. @threadsafe */
int sluice_clients_add(struct sluice_clients *clients, const struct sockaddr_storage *address,
		       size_t most);
/* One less. @threadsafe */
void sluice_clients_remove(struct sluice_clients *clients, const struct sockaddr_storage *address);

/* The bytes of an address, of *length: 4 or 16; NULL: it is none. An IPv4 address that is written
 * as IPv6 has the 4 that it is. */
const uint8_t *sluice_client_bytes(const struct sockaddr_storage *address, size_t *length);

#endif /* SLUICE_FORWARD_CLIENTS_H */
