/* SPDX-License-Identifier: MIT */
/*
 * Which way a probe goes: the input of the running daemon that feeds an output, and from where to
 * where a datagram has to be sent on this machine to be taken in by it. Touches: what list.h asks,
 * stderr.
 */
#ifndef SLUICE_CTL_PROBE_WAY_H
#define SLUICE_CTL_PROBE_WAY_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include <sys/socket.h>
#include "probe_mark.h"

struct sluice_probe_way {
	char input[128]; /* names; empty: an address was given */
	char output[128];
	char via[SLUICE_PROBE_VIA_MAX];
	struct sockaddr_storage to, from; /* from: family AF_UNSPEC: whatever the kernel takes */
	socklen_t to_length, from_length;
};

/* Finds the way to the output that is called, or has the id, `output`, by the input called `input`
 * (NULL: one that feeds no other output). 0; a negative errno, having said why. @context process */
int sluice_probe_way_find(const char *output, const char *input, struct sluice_probe_way *way);

/* The way to "10.9.0.1:5000". 0 or a negative errno, having said why. */
int sluice_probe_way_to(const char *endpoint, struct sluice_probe_way *way);

/* Reads what sluice_config_input_match() writes ("5000-5003 to 10.9.0.1 from 10.9.0.0/24 on eth0")
 * into addresses. 0; -EINVAL: not such a text; -ENODEV: it is bound to an interface;
 * -EADDRNOTAVAIL: this machine has no such address. *why is then what is in the way. @owner caller:
 * nobody, it points into `match` or is constant */
int sluice_probe_way_read(const char *match, struct sluice_probe_way *way, const char **why);

#endif /* SLUICE_CTL_PROBE_WAY_H */
