/* SPDX-License-Identifier: MIT */
/*
 * A span of records, for tests of what framings make of it.
 */
#ifndef SPAN_HELPER_H
#define SPAN_HELPER_H

#include <stdint.h>
#include <string.h>
#include "lib/record.h"

static uint8_t span[1 << 20] __attribute__((aligned(8)));
static size_t span_length;

/* Adds a record to the span. */
static void add(uint8_t type, const void *payload, size_t length)
{
	assert_true(span_length + 16 + length + 8 <= sizeof(span));
	sluice_record_write(span + span_length, (uint32_t)(16 + length), type, 0, 0, 0);
	memcpy(span + span_length + 16, payload, length);
	span_length += (size_t)sluice_record_span((uint32_t)(16 + length));
}

/* Adds a datagram of text. */
static void say(const char *text)
{
	add(SLUICE_RECORD_DATA, text, strlen(text));
}

/* An empty span. */
static int begin(void **state)
{
	(void)state;
	span_length = 0;
	return 0;
}

#endif /* SPAN_HELPER_H */
