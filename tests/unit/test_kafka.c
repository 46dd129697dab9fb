// SPDX-License-Identifier: MIT
/*
 * Messages of `kind: kafka`: what a topic's template becomes, what the key of a message is, and
 * that a datagram which is let through is never too long for the library, whatever its headers say:
 * the library itself is asked.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/kafka/kafka.h"

/* Names stand in a topic with what none may hold as '_'. @context process */
static void templates(void **state)
{
	char topic[SLUICE_KAFKA_TOPIC], name[SLUICE_KAFKA_TOPIC];

	(void)state;
	assert_int_equal(sluice_kafka_topic("udp.{relay}.{input}", "middle", "in", topic), 0);
	assert_string_equal(topic, "udp.middle.in");
	assert_int_equal(sluice_kafka_topic("{input}-x", "r", "a b/\xc3\xa9", topic), 0);
	assert_string_equal(topic, "a_b___-x");
	assert_int_equal(sluice_kafka_topic("{relay}{input}", "", "", topic), 0);
	assert_string_equal(topic, "__");
	memset(name, 'n', sizeof(name));
	name[249] = '\0';
	assert_int_equal(sluice_kafka_topic("{input}", "r", name, topic), 0);
	assert_string_equal(topic, name);
	assert_int_equal(sluice_kafka_topic("x{input}", "r", name, topic), -EMSGSIZE);
}

/* An address block with the longest texts. */
static struct sluice_record_address longest_address(void)
{
	struct sluice_record_address address = {
		.family = 6, .source_port = htole16(65535), .destination_port = htole16(65535)};

	memset(address.source, 0xff, sizeof(address.source));
	memset(address.destination, 0xff, sizeof(address.destination));
	return address;
}

/* A flow is who sent to whom; a gap is its input's. @context process */
static void keys(void **state)
{
	struct sluice_record_address address = {.family = 4,
						.source_port = htole16(7001),
						.destination_port = htole16(5000),
						.source = {10, 9, 0, 2},
						.destination = {10, 9, 0, 1}};
	struct sluice_record_view view = {.address = &address};
	char key[SLUICE_KAFKA_KEY];

	(void)state;
	assert_int_equal(sluice_kafka_key(SLUICE_MESSAGE_KEY_FLOW, "in", false, &view, key), 27);
	assert_string_equal(key, "10.9.0.2:7001 10.9.0.1:5000");
	assert_int_equal(sluice_kafka_key(SLUICE_MESSAGE_KEY_FLOW, "in", true, &view, key), 2);
	assert_string_equal(key, "in");
	assert_int_equal(sluice_kafka_key(SLUICE_MESSAGE_KEY_INPUT, "in", false, &view, key), 2);
	assert_int_equal(sluice_kafka_key(SLUICE_MESSAGE_KEY_NONE, "in", false, &view, key), 0);
	view.address = NULL;
	assert_int_equal(sluice_kafka_key(SLUICE_MESSAGE_KEY_FLOW, "in", false, &view, key), 2);
}

/* Offers the library a message of `length` bytes with these headers and key. Returns what it says.
 */
static rd_kafka_resp_err_t offer(rd_kafka_t *client, const struct sluice_headers *headers,
				 const char *key, size_t length)
{
	static uint8_t payload[4096];
	rd_kafka_headers_t *list = rd_kafka_headers_new(headers->count);
	rd_kafka_resp_err_t error;
	size_t number;

	assert_true(length <= sizeof(payload));
	for (number = 0; number < headers->count; number++)
		assert_int_equal(rd_kafka_header_add(list, headers->list[number].key, -1,
						     headers->list[number].value, -1),
				 0);
	error = rd_kafka_producev(
		client, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_KEY(key, strlen(key)), RD_KAFKA_V_VALUE(payload, length),
		RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
	if (error)
		rd_kafka_headers_destroy(list);
	return error;
}

/* The longest message that is let through is taken, with the longest headers and key; one that has
 * no room for them is not: so the library counts them, and the bound is one. @context process */
static void overhead(void **state)
{
	enum { MOST = 2048 };
	struct sluice_record_address address = longest_address();
	struct sluice_record_gap gap = {.datagrams = UINT64_MAX, .bytes = UINT64_MAX};
	struct sluice_record_view view = {.address = &address, .time_ns = UINT64_MAX};
	struct sluice_kafka_topic_state topic = {.epoch = UINT64_MAX};
	struct sluice_flight flight = {
		.offset = UINT64_MAX, .end = UINT64_MAX, .datagrams = UINT32_MAX};
	char relay[SLUICE_NAME_MAX + 1], key[SLUICE_KAFKA_KEY], why[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct sluice_headers headers;
	rd_kafka_t *client;

	(void)state;
	memset(relay, 'r', sizeof(relay));
	relay[SLUICE_NAME_MAX] = '\0';
	memset(topic.name, 'i', sizeof(topic.name));
	topic.name[SLUICE_NAME_MAX] = '\0';
	memset(topic.text, 'f', sizeof(topic.text));
	topic.text[SLUICE_GUID_TEXT - 1] = '\0';
	assert_int_equal(rd_kafka_conf_set(conf, "message.max.bytes", "2048", why, sizeof(why)), 0);
	rd_kafka_conf_set_log_cb(conf, NULL);
	client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	assert_non_null(client);

	sluice_kafka_headers(&headers, relay, &topic, &flight, false, &view);
	assert_int_equal(headers.count, 10);
	(void)sluice_kafka_key(SLUICE_MESSAGE_KEY_FLOW, topic.name, false, &view, key);
	assert_int_equal(offer(client, &headers, key, MOST - SLUICE_KAFKA_OVERHEAD), 0);
	assert_int_equal(offer(client, &headers, key, MOST - 36),
			 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	sluice_kafka_headers(&headers, relay, &topic, &flight, true, &view);
	assert_int_equal(offer(client, &headers, topic.name, MOST - SLUICE_KAFKA_OVERHEAD), 0);
	flight.is_gap = true;
	view.payload = (const uint8_t *)&gap;
	view.payload_length = sizeof(gap);
	sluice_kafka_headers(&headers, relay, &topic, &flight, false, &view);
	assert_int_equal(headers.count, 11);
	assert_int_equal(offer(client, &headers, topic.name, MOST - SLUICE_KAFKA_OVERHEAD), 0);

	(void)rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_destroy(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(templates), cmocka_unit_test(keys),
					   cmocka_unit_test(overhead)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
