/* SPDX-License-Identifier: MIT */
/*
 * Which workers have a socket for a UDP port? All of them while ports are few, so that the kernel
 * spreads the senders of each over the workers. Where ports are many that would be many sockets,
 * each of which seldom has something, and the ports themselves are spread: each is some workers',
 * in the end one's. The same for the daemon and for who counts beforehand what it will need.
 * Touches: nothing.
 */
#ifndef SLUICE_CONFIG_DEAL_H
#define SLUICE_CONFIG_DEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many of `workers` have a socket for each of `ports` ports: 1 to `workers`. @threadsafe */
size_t sluice_deal_width(uint64_t ports, size_t workers);
/* The first of the workers that have one for port `number`, whatever the width. @threadsafe */
size_t sluice_deal_first(uint16_t number, size_t workers);
/* Is `worker` among them? @threadsafe */
bool sluice_deal_has(uint16_t number, size_t worker, size_t workers, size_t width);

#endif /* SLUICE_CONFIG_DEAL_H */
