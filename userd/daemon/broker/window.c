// SPDX-License-Identifier: MIT
/*
 * What is with a server and not acknowledged; see window.h. Touches: itself.
 */
#include <string.h>
#include "window.h"

/* Where in the table a token's chain begins. */
static size_t place_of(const void *token)
{
	/* Knuth's multiplicative hash; blocks of memory begin at multiples of 16. */
	uint64_t product = ((uint64_t)(uintptr_t)token >> 4) * 0x9E3779B97F4A7C15ULL;

	return (size_t)(product >> 52) & (SLUICE_WINDOW_MESSAGES - 1);
}

void sluice_window_clear(struct sluice_window *window)
{
	window->first = window->next = 0;
	window->again = 0;
	window->bytes = 0;
	memset(window->table, 0, sizeof(window->table));
}

bool sluice_window_has_room(const struct sluice_window *window, size_t bytes)
{
	if (window->first == window->next)
		return true;
	return window->next - window->first < SLUICE_WINDOW_MESSAGES &&
	       window->bytes + bytes <= SLUICE_WINDOW_BYTES;
}

struct sluice_flight *sluice_window_add(struct sluice_window *window, size_t bytes)
{
	struct sluice_flight *flight = sluice_window_flight(window, window->next++);

	memset(flight, 0, sizeof(*flight));
	flight->state = SLUICE_FLIGHT_FLYING;
	flight->length = (uint32_t)bytes;
	window->bytes += bytes;
	return flight;
}

void sluice_window_name(struct sluice_window *window, struct sluice_flight *flight,
			const void *token, uint64_t now)
{
	int32_t *head = &window->table[place_of(token)];

	if (flight->state == SLUICE_FLIGHT_AGAIN)
		window->again--;
	flight->state = SLUICE_FLIGHT_FLYING;
	flight->token = token;
	flight->at = now;
	flight->chain = *head;
	*head = (int32_t)(flight - window->flights) + 1;
}

struct sluice_flight *sluice_window_find(struct sluice_window *window, const void *token)
{
	int32_t *link;

	if (!token)
		return NULL;
	for (link = &window->table[place_of(token)]; *link;) {
		struct sluice_flight *flight = &window->flights[*link - 1];

		if (flight->token == token) {
			*link = flight->chain;
			flight->chain = 0;
			flight->token = NULL;
			return flight;
		}
		link = &flight->chain;
	}
	return NULL;
}

void sluice_window_finish(struct sluice_window *window, struct sluice_flight *flight)
{
	if (flight->state == SLUICE_FLIGHT_DONE)
		return;
	if (flight->token)
		(void)sluice_window_find(window, flight->token);
	if (flight->state == SLUICE_FLIGHT_AGAIN)
		window->again--;
	flight->state = SLUICE_FLIGHT_DONE;
	window->bytes -= flight->length;
	while (window->first < window->next &&
	       sluice_window_flight(window, window->first)->state == SLUICE_FLIGHT_DONE)
		window->first++;
}

void sluice_window_again(struct sluice_window *window, struct sluice_flight *flight, uint64_t at)
{
	if (flight->state == SLUICE_FLIGHT_DONE)
		return;
	if (flight->token)
		(void)sluice_window_find(window, flight->token);
	if (flight->state != SLUICE_FLIGHT_AGAIN)
		window->again++;
	flight->state = SLUICE_FLIGHT_AGAIN;
	flight->at = at;
}

struct sluice_flight *sluice_window_due(struct sluice_window *window, uint64_t now, uint64_t *next)
{
	uint64_t number;

	for (number = window->first; window->again && number < window->next; number++) {
		struct sluice_flight *flight = sluice_window_flight(window, number);

		if (flight->state != SLUICE_FLIGHT_AGAIN)
			continue;
		if (flight->at <= now)
			return flight;
		if (flight->at < *next)
			*next = flight->at;
	}
	return NULL;
}
