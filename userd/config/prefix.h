/* SPDX-License-Identifier: MIT */
/*
 * Addresses as a configuration has them, and where a thing stands in its file. Part of model.h.
 */
#ifndef SLUICE_CONFIG_PREFIX_H
#define SLUICE_CONFIG_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Place in the file a thing came from, for messages; 1-based. */
struct sluice_config_place {
	size_t line;
	size_t column;
};

/* An address and prefix; family AF_UNSPEC: not given. */
struct sluice_config_prefix {
	int family;
	uint8_t address[16];
	uint8_t length;
};

/* Are they the same, or is neither given? */
bool sluice_config_prefix_is_same(const struct sluice_config_prefix *one,
				  const struct sluice_config_prefix *other);

/* Where the daemon is to listen for TCP. */
struct sluice_config_listener {
	char *text; /* ADDRESS:PORT as written; NULL: nowhere */
	struct sockaddr_storage address;
	bool is_far; /* it is not loopback: other machines reach it */
	struct sluice_config_place place;
};

#endif /* SLUICE_CONFIG_PREFIX_H */
