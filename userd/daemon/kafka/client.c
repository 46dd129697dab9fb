// SPDX-License-Identifier: MIT
/*
 * The producer: its options, and what the library says of its brokers; see kafka.h. Touches: the
 * library, and by it sockets and threads; the log; the file of the password.
 */
#include <stdio.h>
#include <string.h>
#include "../../lib/clock.h"
#include "../../lib/log.h"
#include "../broker/secret.h"
#include "kafka.h"

/* Brokers are asked in slices of so long, between which errors are heard. */
#define SLICE_MS 100
/* A write of the library's that waits for so long ends the connection to that broker. */
#define SOCKET_MS "30000"

/* struct rd_kafka_conf_s.error_cb. @context thread */
static void failed(rd_kafka_t *client, int error, const char *reason, void *context)
{
	struct sluice_kafka *kafka = context;
	char text[256];

	/* That all are down the library says late, or never of those that it had no need of (2.0.2,
	 * sparse connections): after any of these they are asked. */
	kafka->is_down = true;
	if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		return;
	if (error == RD_KAFKA_RESP_ERR__FATAL) {
		error = rd_kafka_fatal_error(client, text, sizeof(text));
		sluice_warning("%s: the producer is no good any more: %s", kafka->cut.desk->name,
			       text);
		kafka->cut.what = sluice_kafka_words((rd_kafka_resp_err_t)error);
		return;
	}
	/* The place in the log bounds how often; which broker, only this says. */
	if (kafka->error != (rd_kafka_resp_err_t)error)
		sluice_notice("%s: %s", kafka->cut.desk->name, reason);
	kafka->error = (rd_kafka_resp_err_t)error;
}

/* struct rd_kafka_conf_s.log_cb: what is of use comes as an error too. @context a thread of the
 * library */
static void logged(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
	(void)client;
	(void)level;
	sluice_debug("librdkafka: %s: %s", facility, text);
}

/* There is something to serve. @context a thread of the library */
static void wake(rd_kafka_t *client, void *context)
{
	struct sluice_kafka *kafka = context;

	(void)client;
	pthread_mutex_lock(&kafka->cut.desk->lock);
	kafka->is_woken = true;
	pthread_cond_signal(&kafka->cut.desk->work);
	pthread_mutex_unlock(&kafka->cut.desk->lock);
}

/* An option. False: the library does not take it. */
static bool set(rd_kafka_conf_t *options, const char *key, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(options, key, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return true;
	sluice_warning("librdkafka does not take its option %s: %s", key, why);
	return false;
}

/* An option that is a number. False: the library does not take it. */
static bool set_number(rd_kafka_conf_t *options, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return set(options, key, text);
}

/* How it logs in and encrypts. NULL, or why it cannot. */
static const char *set_security(rd_kafka_conf_t *options,
				const struct sluice_kafka_settings *settings)
{
	static const char *const mechanisms[] = {[SLUICE_SASL_SCRAM_256] = "SCRAM-SHA-256",
						 [SLUICE_SASL_SCRAM_512] = "SCRAM-SHA-512",
						 [SLUICE_SASL_PLAIN] = "PLAIN"};
	const struct sluice_tls_settings *tls = &settings->tls;
	bool logs_in = *settings->user != '\0', encrypts = tls->ca[0] != '\0', done;
	char secret[SLUICE_SECRET_TEXT];

	done = set(options, "security.protocol",
		   logs_in    ? encrypts ? "sasl_ssl" : "sasl_plaintext"
		   : encrypts ? "ssl"
			      : "plaintext");
	if (done && encrypts)
		done = set(options, "ssl.endpoint.identification.algorithm", "https");
	if (done && encrypts && strcmp(tls->ca, SLUICE_TLS_SYSTEM) != 0)
		done = set(options, "ssl.ca.location", tls->ca);
	if (done && tls->certificate[0])
		done = set(options, "ssl.certificate.location", tls->certificate) &&
		       set(options, "ssl.key.location", tls->key);
	if (!done)
		return "its tls cannot be used: the log says why";
	if (!logs_in)
		return NULL;
	if (sluice_secret_read(settings->password_file, secret, sizeof(secret)))
		return "its password-file cannot be read";
	done = set(options, "sasl.mechanism", mechanisms[settings->sasl]) &&
	       set(options, "sasl.username", settings->user) &&
	       set(options, "sasl.password", secret);
	explicit_bzero(secret, sizeof(secret));
	return done ? NULL : "its login cannot be used: the log says why";
}

/* Sets all options. NULL, or why that cannot be. */
static const char *set_options(rd_kafka_conf_t *options, struct sluice_kafka *kafka)
{
	const struct sluice_kafka_settings *settings = kafka->settings;
	const char *what = set_security(options, settings);
	uint64_t setup = settings->connect_ns / SLUICE_NS_PER_MS;
	char linger[24];

	if (what)
		return what;
	snprintf(linger, sizeof(linger), "%.3f", (double)settings->linger_us / 1000);
	rd_kafka_conf_set_opaque(options, kafka);
	rd_kafka_conf_set_dr_msg_cb(options, kafka->reported);
	rd_kafka_conf_set_error_cb(options, failed);
	rd_kafka_conf_set_log_cb(options, logged);
	/* Idempotence means acks=all, five requests at a time, and retries without end; without
	 * a timeout a message is the window's to give up. */
	if (set(options, "bootstrap.servers", settings->servers) &&
	    set(options, "client.id", "sluice") && set(options, "enable.idempotence", "true") &&
	    set(options, "message.timeout.ms", "0") && set(options, "linger.ms", linger) &&
	    set(options, "partitioner", "murmur2_random") &&
	    set_number(options, "message.max.bytes", settings->max_message) &&
	    set_number(options, "batch.size", settings->max_message) &&
	    set_number(options, "queue.buffering.max.messages", SLUICE_KAFKA_QUEUE) &&
	    set_number(options, "queue.buffering.max.kbytes",
		       UINT64_C(4) * (SLUICE_WINDOW_BYTES >> 10)) &&
	    set(options, "socket.timeout.ms", SOCKET_MS) &&
	    set(options, "socket.keepalive.enable", "true") &&
	    set_number(options, "socket.connection.setup.timeout.ms",
		       setup < 1000 ? 1000 : setup) &&
	    set(options, "reconnect.backoff.ms", "50") &&
	    set(options, "reconnect.backoff.max.ms", "1000") &&
	    set(options, "log.connection.close", "false"))
		return NULL;
	return "the library does not take an option: the log says which";
}

const char *sluice_kafka_words(rd_kafka_resp_err_t error)
{
	const struct rd_kafka_err_desc *list;
	size_t number, count;

	switch (error) {
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		return "no broker can be connected to";
	case RD_KAFKA_RESP_ERR__RESOLVE:
		return "the name of a broker cannot be resolved";
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
		return "no broker answers in time";
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
		return "the broker refuses its login: see user, password-file and sasl";
	case RD_KAFKA_RESP_ERR__SSL:
		return "the TLS handshake with a broker fails: see tls; the log says why";
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		return "there is no such topic: make it, or let the brokers make them "
		       "(auto.create.topics.enable)";
	case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
		return "a partition of the topic has no leader";
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		return "this user may not write to the topic";
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		return "this user may not write idempotently: allow IdempotentWrite on the cluster";
	default:
		break;
	}
	/* rd_kafka_err2str() may answer from a buffer of the thread; these last. */
	rd_kafka_get_err_descs(&list, &count);
	for (number = 0; number < count; number++)
		if (list[number].code == error && list[number].desc)
			return list[number].desc;
	return "the broker's error says no more";
}

bool sluice_kafka_client_serve(struct sluice_kafka *kafka)
{
	bool any = false;

	pthread_mutex_lock(&kafka->cut.desk->lock);
	kafka->is_woken = false;
	pthread_mutex_unlock(&kafka->cut.desk->lock);
	while (rd_kafka_poll(kafka->client, 0) > 0)
		any = true;
	return any;
}

/* What the brokers say of the topic, or of themselves (NULL), within a slice. */
static rd_kafka_resp_err_t ask_once(struct sluice_kafka *kafka, rd_kafka_topic_t *topic)
{
	const struct rd_kafka_metadata *about = NULL;
	rd_kafka_resp_err_t error;

	error = rd_kafka_metadata(kafka->client, 0, topic, &about, SLICE_MS);
	if (!error && topic)
		error = about->topic_cnt ? about->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
	if (about)
		rd_kafka_metadata_destroy(about);
	return error;
}

rd_kafka_resp_err_t sluice_kafka_client_ask(struct sluice_kafka *kafka, rd_kafka_topic_t *topic,
					    uint64_t ns)
{
	const struct timespec pause = {.tv_nsec = (long)(SLICE_MS * SLUICE_NS_PER_MS)};
	uint64_t until = sluice_now() + ns;
	rd_kafka_resp_err_t error;

	do {
		error = ask_once(kafka, topic);
		(void)sluice_kafka_client_serve(kafka);
		if (!error || kafka->cut.what)
			return error;
		if (kafka->error == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
		    kafka->error == RD_KAFKA_RESP_ERR__SSL)
			return kafka->error;
		/* A broker that makes a topic says that there is none, or no leader, at first. */
		if (error != RD_KAFKA_RESP_ERR__TIMED_OUT && error != RD_KAFKA_RESP_ERR__TRANSPORT)
			nanosleep(&pause, NULL);
	} while (sluice_now() < until && sluice_desk_goes_on(kafka->cut.desk, kafka->cut.attempt));
	if ((error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TRANSPORT) &&
	    kafka->error)
		return kafka->error;
	return error;
}

const char *sluice_kafka_client_open(struct sluice_kafka *kafka)
{
	rd_kafka_conf_t *options = rd_kafka_conf_new();
	rd_kafka_resp_err_t error;
	const char *what;
	char why[256];

	if (!options)
		return "there is no memory for it";
	what = set_options(options, kafka);
	if (what) {
		rd_kafka_conf_destroy(options);
		return what;
	}
	kafka->client = rd_kafka_new(RD_KAFKA_PRODUCER, options, why, sizeof(why));
	if (!kafka->client) {
		rd_kafka_conf_destroy(options);
		sluice_warning("%s: the library makes no producer: %s", kafka->cut.desk->name, why);
		return "the library makes no producer: the log says why";
	}
	kafka->queue = rd_kafka_queue_get_main(kafka->client);
	rd_kafka_queue_cb_event_enable(kafka->queue, wake, kafka);
	error = sluice_kafka_client_ask(kafka, NULL, kafka->settings->connect_ns);
	if (error)
		return sluice_kafka_words(error);
	kafka->is_down = false;
	return NULL;
}

void sluice_kafka_client_close(struct sluice_kafka *kafka)
{
	if (!kafka->client)
		return;
	rd_kafka_queue_cb_event_enable(kafka->queue, NULL, NULL);
	rd_kafka_queue_destroy(kafka->queue);
	/* What is with it stays in the store: it need not wait for that. */
	(void)rd_kafka_purge(kafka->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
						    RD_KAFKA_PURGE_F_NON_BLOCKING);
	rd_kafka_destroy(kafka->client);
	kafka->client = NULL;
}
