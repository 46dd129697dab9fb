/* SPDX-License-Identifier: MIT */
/*
 * A connection to a broker, as its worker sees it: what of struct sluice_kind and struct
 * sluice_protocol is the same for every broker. Its socket is the eventfd of a desk (desk.h), what
 * it is to send lies there, and what is done there is done. A kind for a broker is these functions
 * in its two tables and a thread's function. Between an output and a desk, in one worker. Touches:
 * the connection, the feeders of its group.
 */
#ifndef SLUICE_BROKER_CARRY_H
#define SLUICE_BROKER_CARRY_H

#include "../link/connection.h"
#include "desk.h"

/* For struct sluice_kind. @context worker */
void sluice_carry_connect(struct sluice_connection *connection, uint64_t now);
void sluice_carry_flush(struct sluice_connection *connection, uint64_t now);
void sluice_carry_ready(struct sluice_handler *handler, uint32_t events, uint64_t now);
void sluice_carry_retune(struct sluice_connection *connection);
void sluice_carry_listen(struct sluice_connection *connection, bool wakes);
void sluice_carry_hear(struct sluice_connection *connection, uint64_t now);
void sluice_carry_measure(struct sluice_connection *connection, uint64_t now);
const char *sluice_carry_look(struct sluice_connection *connection, uint64_t now, uint64_t *next);

/* For struct sluice_protocol; `prepare` has made a desk and put it into connection->own. @context
 * worker; dispose and lost: or process if never entered */
void sluice_carry_dispose(struct sluice_connection *connection);
void sluice_carry_begin(struct sluice_connection *connection, uint64_t now);
int sluice_carry_load(struct sluice_connection *connection, struct sluice_feeder *feeder,
		      uint64_t id, bool alone, uint64_t now);
bool sluice_carry_takes_more(const struct sluice_connection *connection, uint64_t bytes);
bool sluice_carry_has_room(const struct sluice_connection *connection);
const char *sluice_carry_tick(struct sluice_connection *connection, uint64_t now, uint64_t *next);
void sluice_carry_lost(struct sluice_connection *connection);

#endif /* SLUICE_BROKER_CARRY_H */
