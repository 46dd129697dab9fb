// SPDX-License-Identifier: MIT
/*
 * A message of a flight, and how it is produced; see kafka.h. Touches: the library.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include "../../lib/clock.h"
#include "kafka.h"

/* When a message goes again for which the library had no room. */
#define FULL_NS (250 * SLUICE_NS_PER_MS)

/* By what the library names a flight: places in the window of tokens lie 16 apart, as blocks of
 * memory do (broker/window.c). */
static void *token_of(const struct sluice_window *window, const struct sluice_flight *flight)
{
	return (void *)(((uintptr_t)(flight - window->flights) + 1) << 4);
}

void sluice_kafka_headers(struct sluice_headers *headers, const char *relay,
			  const struct sluice_kafka_topic_state *topic,
			  const struct sluice_flight *flight, bool is_span,
			  const struct sluice_record_view *view)
{
	sluice_headers_make(headers, flight, is_span, topic->name, view);
	sluice_headers_add(headers, "Sluice-Relay", relay);
	sluice_headers_add(headers, "Sluice-Stream", topic->text);
	sluice_headers_add_number(headers, "Sluice-Epoch", topic->epoch);
}

size_t sluice_kafka_key(enum sluice_message_key wish, const char *input, bool is_gap,
			const struct sluice_record_view *view, char key[SLUICE_KAFKA_KEY])
{
	const struct sluice_record_address *address = view->address;
	char source[SLUICE_HEADER_TEXT], destination[SLUICE_HEADER_TEXT];

	if (wish == SLUICE_MESSAGE_KEY_NONE)
		return 0;
	if (wish == SLUICE_MESSAGE_KEY_FLOW && !is_gap && address) {
		sluice_headers_peer(address->family, address->source, le16toh(address->source_port),
				    source);
		sluice_headers_peer(address->family, address->destination,
				    le16toh(address->destination_port), destination);
		return (size_t)snprintf(key, SLUICE_KAFKA_KEY, "%s %s", source, destination);
	}
	return (size_t)snprintf(key, SLUICE_KAFKA_KEY, "%s", input);
}

/* The library's list of headers. NULL: no memory. */
static rd_kafka_headers_t *list_of(const struct sluice_headers *headers)
{
	rd_kafka_headers_t *list = rd_kafka_headers_new(headers->count);
	size_t number;

	for (number = 0; list && number < headers->count; number++)
		if (rd_kafka_header_add(list, headers->list[number].key, -1,
					headers->list[number].value, -1)) {
			rd_kafka_headers_destroy(list);
			return NULL;
		}
	return list;
}

bool sluice_kafka_send(struct sluice_cut *cut, struct sluice_flight *flight, uint64_t now)
{
	struct sluice_kafka *kafka = sluice_kafka_of(cut);
	const struct sluice_kafka_topic_state *topic = kafka->topics[flight->subject];
	const struct sluice_job *job = sluice_desk_job(cut->desk, flight->job);
	bool is_span = !flight->is_gap && cut->is_span;
	void *token = token_of(&cut->window, flight);
	struct sluice_record_view view;
	struct sluice_headers headers;
	rd_kafka_headers_t *list;
	rd_kafka_resp_err_t error;
	char key[SLUICE_KAFKA_KEY];
	size_t key_length, length;
	const uint8_t *payload;

	if (sluice_record_read(job->bytes + flight->place, job->length - flight->place, &view)) {
		cut->what = "a segment changed while it was sent";
		return false;
	}
	sluice_kafka_headers(&headers, kafka->relay, topic, flight, is_span, &view);
	key_length = sluice_kafka_key(kafka->settings->message_key, topic->name, flight->is_gap,
				      &view, key);
	payload = is_span ? job->bytes + flight->place : view.payload;
	length = is_span ? flight->length : flight->is_gap ? 0 : view.payload_length;
	list = list_of(&headers);
	if (!list) {
		cut->what = "there is no memory for it";
		return false;
	}
	sluice_window_name(&cut->window, flight, token, now);
	flight->tries++;
	/* Without RD_KAFKA_MSG_F_COPY: the segment lies on the desk until the client is gone. */
	error = rd_kafka_producev(
		kafka->client, RD_KAFKA_V_RKT(topic->handle),
		RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA), RD_KAFKA_V_MSGFLAGS(0),
		RD_KAFKA_V_KEY(key_length ? key : NULL, key_length),
		RD_KAFKA_V_VALUE((void *)(uintptr_t)payload, length),
		RD_KAFKA_V_TIMESTAMP((int64_t)(view.time_ns / SLUICE_NS_PER_MS)),
		RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_OPAQUE(token), RD_KAFKA_V_END);
	if (!error)
		return true;
	rd_kafka_headers_destroy(list);
	(void)sluice_window_find(&cut->window, token);
	sluice_window_again(&cut->window, flight, now + FULL_NS);
	if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return true;
	cut->what = sluice_kafka_words(error);
	return false;
}
