// SPDX-License-Identifier: MIT
/*
 * kafka_peer BROKERS MESSAGES: librdkafka's mock cluster of so many brokers, at 127.0.0.1 of this
 * network namespace, and a consumer that reads along from the beginning and writes each message to
 * the file MESSAGES, a line of JSON each: {"topic", "partition", "offset", "time", "key",
 * "headers", "payload" (hex)}. Prints the brokers' addresses, then obeys a command a line, and
 * prints "ok" or why not behind each:
 *
 *   topic NAME PARTITIONS      makes it, replicas on all brokers, and reads it
 *   errors CODE COUNT          the next COUNT requests to produce get error CODE
 *   topic-error NAME CODE      what is asked about the topic gets error CODE; 0: none
 *   leader NAME PARTITION ID   that broker leads it; -1: none
 *   down ID, up ID             that broker breaks its connections and takes none; or does again
 *   rtt ID MS                  it answers so much later
 *   read                       prints how many messages were read
 *
 * The mock drops no repeat of an idempotent producer and keeps about 5 MB of a partition
 * (librdkafka 2.0.2): so it is read along, and who looks into MESSAGES tells repeats apart by their
 * headers. Knows nothing of sluice's code.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rd_kafka_t *reader;
static FILE *messages;
static atomic_ullong read_count;

/* Ends the program. @context process */
static void die(const char *what, const char *why)
{
	fprintf(stderr, "kafka_peer: %s: %s\n", what, why);
	exit(1);
}

/* Writes bytes as a JSON string; what is not plain as \u00XX. @context the reader's thread */
static void write_text(const char *text, size_t length)
{
	size_t place;

	fputc('"', messages);
	for (place = 0; place < length; place++) {
		unsigned char byte = (unsigned char)text[place];

		if (byte < ' ' || byte == '"' || byte == '\\' || byte > '~')
			fprintf(messages, "\\u%04x", byte);
		else
			fputc(byte, messages);
	}
	fputc('"', messages);
}

/* Writes one message as a line. @context the reader's thread */
static void write_message(const rd_kafka_message_t *message)
{
	const unsigned char *payload = message->payload;
	rd_kafka_headers_t *headers = NULL;
	rd_kafka_timestamp_type_t type;
	const char *name;
	const void *value;
	size_t place, size, number;

	fprintf(messages,
		"{\"topic\": \"%s\", \"partition\": %d, \"offset\": %lld, \"time\": %lld, ",
		rd_kafka_topic_name(message->rkt), (int)message->partition,
		(long long)message->offset, (long long)rd_kafka_message_timestamp(message, &type));
	fputs("\"key\": ", messages);
	write_text(message->key ? message->key : "", message->key_len);
	fputs(", \"headers\": {", messages);
	if (!rd_kafka_message_headers(message, &headers))
		for (number = 0; !rd_kafka_header_get_all(headers, number, &name, &value, &size);
		     number++) {
			fputs(number ? ", " : "", messages);
			write_text(name, strlen(name));
			fputs(": ", messages);
			write_text(value, size);
		}
	fputs("}, \"payload\": \"", messages);
	for (place = 0; place < message->len; place++)
		fprintf(messages, "%02x", payload[place]);
	fputs("\"}\n", messages);
}

/* Reads along, for ever. @context the reader's thread */
static void *read_along(void *unused)
{
	(void)unused;
	for (;;) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, 200);

		if (!message) {
			fflush(messages);
			continue;
		}
		if (!message->err) {
			write_message(message);
			read_count++;
		}
		rd_kafka_message_destroy(message);
	}
	return NULL;
}

/* Makes the reader of `servers`. */
static void make_reader(const char *servers)
{
	static const char *const options[][2] = {{"group.id", "peer"},
						 {"enable.auto.commit", "false"},
						 {"auto.offset.reset", "earliest"},
						 {"fetch.wait.max.ms", "50"},
						 {"reconnect.backoff.ms", "50"},
						 {"reconnect.backoff.max.ms", "200"}};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	pthread_t thread;
	char why[256];
	size_t number;

	rd_kafka_conf_set(conf, "bootstrap.servers", servers, why, sizeof(why));
	for (number = 0; number < sizeof(options) / sizeof(options[0]); number++)
		if (rd_kafka_conf_set(conf, options[number][0], options[number][1], why,
				      sizeof(why)))
			die(options[number][0], why);
	rd_kafka_conf_set_log_cb(conf, NULL);
	reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (!reader)
		die("no reader", why);
	rd_kafka_poll_set_consumer(reader);
	if (pthread_create(&thread, NULL, read_along, NULL))
		die("no thread", "");
}

/* Reads the partitions of another topic too. Returns an error of the library's, 0: none. */
static rd_kafka_resp_err_t read_topic(const char *topic, int count)
{
	rd_kafka_topic_partition_list_t *more = rd_kafka_topic_partition_list_new(count);
	rd_kafka_error_t *error;
	rd_kafka_resp_err_t code;
	int number;

	for (number = 0; number < count; number++)
		rd_kafka_topic_partition_list_add(more, topic, number)->offset =
			RD_KAFKA_OFFSET_BEGINNING;
	error = rd_kafka_incremental_assign(reader, more);
	code = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
	if (error)
		rd_kafka_error_destroy(error);
	rd_kafka_topic_partition_list_destroy(more);
	return code;
}

/* The number that a word is, from 0 to a million; else -1. */
static int number_of(const char *word)
{
	char *end;
	long number = word ? strtol(word, &end, 10) : -1;

	return word && *word && !*end && number >= 0 && number <= 1000000 ? (int)number : -1;
}

/* Has brokers answer the next `count` requests to produce with an error. */
static void push_errors(rd_kafka_mock_cluster_t *cluster, int error, int count)
{
	rd_kafka_resp_err_t list[256];
	int number;

	for (number = 0; number < count; number++)
		list[number] = (rd_kafka_resp_err_t)error;
	/* 0: Produce (Kafka's protocol, ApiKeys). */
	rd_kafka_mock_push_request_errors_array(cluster, 0, (size_t)count, list);
}

/* Obeys one command, which it cuts into words; prints what came of it. */
static void obey(rd_kafka_mock_cluster_t *cluster, int brokers, char *line)
{
	rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
	const char *words[4] = {"", NULL, NULL, NULL};
	size_t count = 0;
	char *rest = NULL, *word;
	int one, two;

	for (word = strtok_r(line, " \n", &rest); word && count < 4;
	     word = strtok_r(NULL, " \n", &rest))
		words[count++] = word;
	one = number_of(words[1]);
	two = number_of(words[2]);
	if (!strcmp(words[0], "topic") && two > 0) {
		error = rd_kafka_mock_topic_create(cluster, words[1], two, brokers);
		if (!error)
			error = read_topic(words[1], two);
	} else if (!strcmp(words[0], "errors") && one >= 0 && two > 0 && two <= 256) {
		push_errors(cluster, one, two);
	} else if (!strcmp(words[0], "topic-error") && two >= 0) {
		rd_kafka_mock_topic_set_error(cluster, words[1], (rd_kafka_resp_err_t)two);
	} else if (!strcmp(words[0], "leader") && two >= 0 && words[3]) {
		/* -1: it has none. */
		error = rd_kafka_mock_partition_set_leader(cluster, words[1], two,
							   number_of(words[3]));
	} else if (!strcmp(words[0], "down") && one >= 0) {
		error = rd_kafka_mock_broker_set_down(cluster, one);
	} else if (!strcmp(words[0], "up") && one >= 0) {
		error = rd_kafka_mock_broker_set_up(cluster, one);
	} else if (!strcmp(words[0], "rtt") && one >= 0 && two >= 0) {
		error = rd_kafka_mock_broker_set_rtt(cluster, one, two);
	} else if (!strcmp(words[0], "read")) {
		printf("%llu\n", (unsigned long long)read_count);
	} else {
		printf("no such command: %s\n", words[0]);
		return;
	}
	printf("%s\n", error ? rd_kafka_err2str(error) : "ok");
}

int main(int argc, char **argv)
{
	int brokers = argc == 3 ? number_of(argv[1]) : 0;
	rd_kafka_mock_cluster_t *cluster;
	char why[256], line[512];
	rd_kafka_t *host;

	if (brokers < 1 || brokers > 16)
		die("usage", "kafka_peer BROKERS MESSAGES");
	messages = fopen(argv[2], "w");
	if (!messages)
		die(argv[2], "it cannot be written");
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Any client of the library may host the cluster. */
	host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
	if (!host)
		die("no host", why);
	cluster = rd_kafka_mock_cluster_new(host, brokers);
	if (!cluster)
		die("no cluster", "");
	make_reader(rd_kafka_mock_cluster_bootstraps(cluster));
	printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		obey(cluster, brokers, line);
	}
	/* Whoever started it is gone, or has had enough. */
	return 0;
}
