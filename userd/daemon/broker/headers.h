/* SPDX-License-Identifier: MIT */
/*
 * What the headers of a message tell of its records, as texts: the same under every broker
 * (docs/receivers.md). Touches: nothing.
 */
#ifndef SLUICE_BROKER_HEADERS_H
#define SLUICE_BROKER_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include "../../config/model.h"
#include "../../lib/record.h"
#include "window.h"

/* Headers of one message at most, and bytes of a value with its end. */
#define SLUICE_HEADERS_MOST 16U
#define SLUICE_HEADER_TEXT 72U

struct sluice_headers {
	size_t count;
	struct sluice_header {
		const char *key;
		char value[SLUICE_HEADER_TEXT];
	} list[SLUICE_HEADERS_MOST];
};

/* Adds a header; one that does not fit is left out, which no caller's is. @threadsafe */
void sluice_headers_add(struct sluice_headers *headers, const char *key, const char *value);
void sluice_headers_add_number(struct sluice_headers *headers, const char *key, uint64_t number);

/* Begins with those of a flight of input `name` whose first record is `view`. @threadsafe */
void sluice_headers_make(struct sluice_headers *headers, const struct sluice_flight *flight,
			 bool is_span, const char *name, const struct sluice_record_view *view);

/* Writes an address and a port, as 192.0.2.7:514 or [2001:db8::7]:514; "" if it is none.
 * @threadsafe
 */
void sluice_headers_peer(uint8_t family, const uint8_t *address, uint16_t port,
			 char text[SLUICE_HEADER_TEXT]);

#endif /* SLUICE_BROKER_HEADERS_H */
