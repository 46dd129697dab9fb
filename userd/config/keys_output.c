// SPDX-License-Identifier: MIT
/*
 * The keys of an output: their types, limits, values, and what holds where they are not written.
 * See keys.c. Touches: nothing but memory.
 */
#include "receiver.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MILLISECOND 1000ULL
#define SECOND (1000 * MILLISECOND)

static const struct sluice_choice modes[] = {
	{"round-robin", SLUICE_MODE_ROUND_ROBIN, false},
	{"balance", SLUICE_MODE_BALANCE, false},
	{"hash", SLUICE_MODE_HASH, false},
	{"duplicate", SLUICE_MODE_DUPLICATE, false},
	{NULL, 0, false},
};

static const struct sluice_choice kinds[] = {
#define KIND(word, NAME, table) {word, SLUICE_KIND_##NAME, false},
#include "kind_rows.h"
#undef KIND
	{NULL, 0, false},
};

static const struct sluice_choice source_addresses[] = {
	{"own", 0, false}, {"preserve", 1, false}, {NULL, 0, false}};

static const struct sluice_choice messages[] = {{"datagram", SLUICE_MESSAGE_DATAGRAM, false},
						{"span", SLUICE_MESSAGE_SPAN, false},
						{NULL, 0, false}};

static const struct sluice_choice ensures[] = {
	{"check", 0, false}, {"create", 1, false}, {NULL, 0, false}};

static const struct sluice_choice refusals[] = {{"wait", SLUICE_REFUSAL_WAIT, false},
						{"drop", SLUICE_REFUSAL_DROP, false},
						{NULL, 0, false}};

static const struct sluice_choice message_keys[] = {
	{"flow", SLUICE_MESSAGE_KEY_FLOW, false},
	{"input", SLUICE_MESSAGE_KEY_INPUT, false},
	{"none", SLUICE_MESSAGE_KEY_NONE, false},
	{NULL, 0, false},
};

static const struct sluice_choice sasls[] = {
	{"scram-sha-256", SLUICE_SASL_SCRAM_256, false},
	{"scram-sha-512", SLUICE_SASL_SCRAM_512, false},
	{"plain", SLUICE_SASL_PLAIN, false},
	{NULL, 0, false},
};

static const struct sluice_choice framings[] = {
#define FRAMING(word, NAME, ...) {word, SLUICE_FRAMING_##NAME, false},
#include "framing_rows.h"
#undef FRAMING
	{NULL, 0, false},
};

static const struct sluice_choice receivers[] = {
	{"native", SLUICE_RECEIVER_NATIVE, false},
	{"rsyslog", SLUICE_RECEIVER_RSYSLOG, false},
	{"syslog-ng", SLUICE_RECEIVER_SYSLOG_NG, false},
	{"haproxy", SLUICE_RECEIVER_HAPROXY, false},
	{"socat", SLUICE_RECEIVER_SOCAT, false},
	{"nc", SLUICE_RECEIVER_NC, false},
	{"pcap", SLUICE_RECEIVER_PCAP, false},
	{"logstash", SLUICE_RECEIVER_LOGSTASH, false},
	{"vector", SLUICE_RECEIVER_VECTOR, false},
	{"fluent-bit", SLUICE_RECEIVER_FLUENT_BIT, false},
	{"splunk", SLUICE_RECEIVER_SPLUNK, false},
	{"generic", SLUICE_RECEIVER_GENERIC, false},
	{NULL, 0, false},
};

static const struct sluice_choice delimiters[] = {
	{"escape", SLUICE_UNSAFE_ESCAPE, false},
	{"refuse", SLUICE_UNSAFE_REFUSE, false},
	{NULL, 0, false},
};

static const struct sluice_choice unsafes[] = {
	{"escape", SLUICE_UNSAFE_ESCAPE, false},
	{"refuse", SLUICE_UNSAFE_REFUSE, false},
	{"send", SLUICE_UNSAFE_SEND, false},
	{NULL, 0, false},
};

static const struct sluice_choice prefixes[] = {
	{"none", SLUICE_LEAD_NONE, false},
	{"text", SLUICE_LEAD_TEXT, false},
	{"proxy-v2", SLUICE_LEAD_PROXY_V2, false},
	{NULL, 0, false},
};

static const struct sluice_choice oversizes[] = {
	{"split", SLUICE_OVERSIZE_SPLIT, false},
	{"truncate", SLUICE_OVERSIZE_TRUNCATE, false},
	{"refuse", SLUICE_OVERSIZE_REFUSE, false},
	{NULL, 0, false},
};

static const struct sluice_choice empties[] = {
	{"send", SLUICE_EMPTY_SEND, false},
	{"skip", SLUICE_EMPTY_SKIP, false},
	{NULL, 0, false},
};

static const struct sluice_choice unconfirmed[] = {
	{"count", 0, false}, {"resend", 1, false}, {NULL, 0, false}};

static const struct sluice_choice compressions[] = {
	{"off", 0, false}, {"zstd", 1, false}, {NULL, 0, false}};

static const struct sluice_choice acks[] = {
	{"received", 0, false}, {"durable", 1, false}, {NULL, 0, false}};

const char *sluice_config_mode_name(enum sluice_mode mode)
{
	return sluice_choice_name(modes, (int)mode);
}

const char *sluice_config_kind_name(enum sluice_output_kind kind)
{
	return sluice_choice_name(kinds, (int)kind);
}

const char *sluice_config_framing_name(enum sluice_framing framing)
{
	return sluice_choice_name(framings, (int)framing);
}

#define OUTPUT(member) offsetof(struct sluice_draft_output, member)

static const struct sluice_key batch_keys[] = {
	/* A batch holds the largest datagram and stays within what a reader of frames takes
	   (frame.h: 8 MiB). */
	{.path = "outputs.batch.bytes",
	 .does = "most bytes of one write",
	 .fallback = "256k",
	 .read = sluice_read_size,
	 .offset = OUTPUT(output.batch_bytes),
	 .minimum = 4 << 10,
	 .maximum = 4 << 20},
	{.path = "outputs.batch.delay",
	 .does = "how long a datagram may wait for company",
	 .fallback = "auto",
	 .read = sluice_read_delay,
	 .offset = OUTPUT(output.batch_delay_us),
	 .maximum = SECOND},
};

static const struct sluice_key_table batch_table = {"outputs.batch", "batch", batch_keys,
						    COUNT(batch_keys)};

static const struct sluice_key reconnect_keys[] = {
	{.path = "outputs.reconnect.min",
	 .does = "first pause between two attempts to connect",
	 .fallback = "100ms",
	 .read = sluice_read_duration,
	 .offset = OUTPUT(output.reconnect_min_us),
	 .minimum = MILLISECOND,
	 .maximum = 3600 * SECOND},
	{.path = "outputs.reconnect.max",
	 .does = "longest pause between two attempts to connect",
	 .fallback = "5s",
	 .read = sluice_read_duration,
	 .offset = OUTPUT(output.reconnect_max_us),
	 .minimum = MILLISECOND,
	 .maximum = 3600 * SECOND},
};

static const struct sluice_key_table reconnect_table = {"outputs.reconnect", "reconnect",
							reconnect_keys, COUNT(reconnect_keys)};

static const struct sluice_key tls_keys[] = {
	{.path = "outputs.tls.ca",
	 .does = "encrypt connections; whose signature under the receiver's certificate is "
		 "trusted: a "
		 "file, or system",
	 .otherwise = "none: not encrypted",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_tls_text,
	 .form = "an absolute path, or system",
	 .offset = OUTPUT(output.tls.ca),
	 .place = OUTPUT(tls_ca_place)},
	{.path = "outputs.tls.name",
	 .does = "the name that the receiver's certificate must be for",
	 .otherwise = "that of the destination",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_tls_text,
	 .form = "a name or an address",
	 .offset = OUTPUT(output.tls.name),
	 .place = OUTPUT(tls_name_place)},
	{.path = "outputs.tls.certificate",
	 .does = "file of our certificate and its chain, for receivers that want one",
	 .otherwise = "none",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_tls_text,
	 .form = "an absolute path",
	 .offset = OUTPUT(output.tls.certificate),
	 .place = OUTPUT(tls_certificate_place)},
	{.path = "outputs.tls.key",
	 .does = "file of its key",
	 .otherwise = "none",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_tls_text,
	 .form = "an absolute path",
	 .offset = OUTPUT(output.tls.key),
	 .place = OUTPUT(tls_key_place)},
	{.path = "outputs.tls.pins",
	 .does = "keys of which the receiver must have one",
	 .otherwise = "any key",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_tls_pins,
	 .form = "sha256// and 44 characters of base64, or a list of these",
	 .offset = OUTPUT(output.tls),
	 .place = OUTPUT(tls_pins_place)},
};

static const struct sluice_key_table tls_table = {"outputs.tls", "tls", tls_keys, COUNT(tls_keys)};

static const struct sluice_key output_keys[] = {
	{.path = "outputs.id",
	 .does = "a GUID by which the output stays the same when its name changes",
	 .otherwise = "derived from the name",
	 .read = sluice_read_word,
	 .offset = OUTPUT(id)},
	{.path = "outputs.name",
	 .does = "its name, unique",
	 .read = sluice_read_word,
	 .offset = OUTPUT(name),
	 .required = true},
	{.path = "outputs.to",
	 .does = "where to: a destination, or a list of them",
	 .read = sluice_read_destinations,
	 .items = &sluice_destination_table,
	 .form = "host:port, a mapping, or a list of these",
	 .offset = OUTPUT(output),
	 .place = OUTPUT(to_place),
	 .required = true},
	{.path = "outputs.kind",
	 .does = "how datagrams leave: over TCP connections, as UDP again, one each, or as "
		 "messages "
		 "of a NATS or Kafka server",
	 .fallback = "tcp",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.kind),
	 .place = OUTPUT(kind_place),
	 .choices = kinds},
	{.path = "outputs.source-address",
	 .does = "kind: udp: whose source address a datagram has",
	 .fallback = "own",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.preserves),
	 .place = OUTPUT(source_address_place),
	 .choices = source_addresses},
	{.path = "outputs.subject",
	 .does = "kind: nats: the subject of its messages, a template of {relay} and {input}",
	 .otherwise = "udp.{relay}.{input}",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_word,
	 .offset = OUTPUT(subject)},
	{.path = "outputs.stream",
	 .does = "kind: nats: the stream of the server that keeps them",
	 .otherwise = "none: it has to be written",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_word,
	 .offset = OUTPUT(stream)},
	{.path = "outputs.topic",
	 .does = "kind: kafka: the topic of its messages, a template of {relay} and {input}",
	 .otherwise = "udp.{relay}.{input}",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_word,
	 .offset = OUTPUT(topic)},
	{.path = "outputs.message-key",
	 .does = "kind: kafka: what chooses the partition of a message",
	 .otherwise = "flow; input, where a message is a span",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.broker.key),
	 .place = OUTPUT(message_key_place),
	 .choices = message_keys},
	{.path = "outputs.max-message",
	 .does = "kind: kafka: most bytes of a message that the topic takes (max.message.bytes)",
	 .fallback = "1000000",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_size,
	 .offset = OUTPUT(output.broker.max_message),
	 .place = OUTPUT(max_message_place),
	 .minimum = 2 << 10,
	 .maximum = 8 << 20},
	{.path = "outputs.message",
	 .does = "kind: nats, kafka: what a message is, a datagram or a span of records",
	 .fallback = "datagram",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.broker.message),
	 .place = OUTPUT(message_place),
	 .choices = messages},
	{.path = "outputs.ensure",
	 .does = "kind: nats: whether a stream that is not there is made",
	 .fallback = "check",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.broker.creates),
	 .place = OUTPUT(ensure_place),
	 .choices = ensures},
	{.path = "outputs.on-refusal",
	 .does = "kind: nats, kafka: what becomes of a message that the server refuses",
	 .fallback = "wait",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.broker.refusal),
	 .place = OUTPUT(refusal_place),
	 .choices = refusals},
	{.path = "outputs.user",
	 .does = "kind: nats, kafka: the user that it logs in as",
	 .otherwise = "none",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_word,
	 .offset = OUTPUT(user)},
	{.path = "outputs.password-file",
	 .does = "kind: nats, kafka: a file with the password",
	 .otherwise = "none",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_word,
	 .offset = OUTPUT(password_file)},
	{.path = "outputs.sasl",
	 .does = "kind: kafka: how the user logs in",
	 .fallback = "scram-sha-256",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.broker.sasl),
	 .place = OUTPUT(sasl_place),
	 .choices = sasls},
	{.path = "outputs.token-file",
	 .does = "kind: nats: a file with a token instead",
	 .otherwise = "none",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_word,
	 .offset = OUTPUT(token_file)},
	{.path = "outputs.credentials",
	 .does = "kind: nats: a file of credentials (.creds) instead",
	 .otherwise = "none",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_word,
	 .offset = OUTPUT(credentials)},
	{.path = "outputs.from",
	 .does = "source address of its connections",
	 .otherwise = "as the kernel chooses",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_one_address,
	 .offset = OUTPUT(output.from),
	 .place = OUTPUT(from_place)},
	{.path = "outputs.mode",
	 .does = "how datagrams are spread over the destinations",
	 .fallback = "round-robin",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.mode),
	 .place = OUTPUT(mode_place),
	 .choices = modes},
	{.path = "outputs.receiver",
	 .does = "the program that receives: sets what is not written as it needs it",
	 .otherwise = "none",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.receiver),
	 .place = OUTPUT(receiver_place),
	 .choices = receivers},
	{.path = "outputs.framing",
	 .does = "what a datagram looks like in the TCP stream",
	 .otherwise = "native, or what the receiver reads",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.framing),
	 .place = OUTPUT(framing_place),
	 .choices = framings},
	{.path = "outputs.delimiter",
	 .does = "older name of unsafe-bytes",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.unsafe),
	 .place = OUTPUT(delimiter_place),
	 .choices = delimiters},
	{.path = "outputs.max-datagram",
	 .does = "most bytes of a message that the receiver takes whole",
	 .otherwise = "what the receiver takes, or none",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_size,
	 .offset = OUTPUT(output.max_datagram),
	 .place = OUTPUT(max_datagram_place),
	 .minimum = SLUICE_DATAGRAM_LEAST,
	 .maximum = SLUICE_DATAGRAM_MOST},
	{.path = "outputs.oversize",
	 .does = "what becomes of a longer datagram",
	 .fallback = "split",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.oversize),
	 .place = OUTPUT(oversize_place),
	 .choices = oversizes},
	{.path = "outputs.empty",
	 .does = "what becomes of an empty datagram",
	 .otherwise = "send, where the framing and the receiver can",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.empty),
	 .place = OUTPUT(empty_place),
	 .choices = empties},
	{.path = "outputs.unsafe-bytes",
	 .does = "what becomes of bytes that the receiver would misread",
	 .fallback = "escape",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.unsafe),
	 .place = OUTPUT(unsafe_place),
	 .choices = unsafes},
	{.path = "outputs.prefix",
	 .does = "what stands in front of each datagram and tells who sent it",
	 .fallback = "none",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.prefix),
	 .place = OUTPUT(prefix_place),
	 .choices = prefixes},
	{.path = "outputs.ack",
	 .does = "which word of a native receiver counts",
	 .fallback = "received",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.durable),
	 .place = OUTPUT(ack_place),
	 .choices = acks},
	{.path = "outputs.compress",
	 .does = "whether it goes compressed: native, where the network is the limit; else always",
	 .fallback = "off",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.compresses),
	 .place = OUTPUT(compress_place),
	 .choices = compressions},
	{.path = "outputs.unconfirmed",
	 .does = "what becomes of datagrams that the receiver may not have read before it ended "
		 "the connection",
	 .otherwise = "count, or as the receiver needs it",
	 .read = sluice_read_choice,
	 .offset = OUTPUT(output.resends),
	 .place = OUTPUT(unconfirmed_place),
	 .choices = unconfirmed},
	{.path = "outputs.connections",
	 .does = "most connections to each destination, of all workers together",
	 .otherwise = "what the receiver bears, or auto",
	 .change = SLUICE_KEY_CONNECTIONS,
	 .read = sluice_read_count,
	 .offset = OUTPUT(output.connections),
	 .place = OUTPUT(connections_place),
	 .minimum = 1,
	 .maximum = SLUICE_WORKERS_MAX},
	{.path = "outputs.rate",
	 .does = "most bits a second of the output",
	 .otherwise = "none",
	 .read = sluice_read_rate,
	 .offset = OUTPUT(output.rate)},
	{.path = "outputs.tls",
	 .does = "encryption",
	 .read = sluice_read_nested,
	 .table = &tls_table},
	{.path = "outputs.batch",
	 .does = "writes",
	 .read = sluice_read_nested,
	 .table = &batch_table},
	{.path = "outputs.reconnect",
	 .does = "attempts to connect",
	 .read = sluice_read_nested,
	 .table = &reconnect_table,
	 .place = OUTPUT(reconnect_place)},
	{.path = "outputs.connect-timeout",
	 .does = "how long an attempt to connect may take",
	 .fallback = "5s",
	 .read = sluice_read_duration,
	 .offset = OUTPUT(output.connect_timeout_us),
	 .minimum = 10 * MILLISECOND,
	 .maximum = 600 * SECOND},
	{.path = "outputs.dead-after",
	 .does = "how long nothing at all may come back before a connection is given up",
	 .fallback = "10s",
	 .read = sluice_read_duration,
	 .offset = OUTPUT(output.dead_after_us),
	 .minimum = 100 * MILLISECOND,
	 .maximum = 3600 * SECOND},
};

const struct sluice_key_table sluice_output_table = {"outputs", "an output", output_keys,
						     COUNT(output_keys)};

void sluice_output_read(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object)
{
	struct sluice_draft *draft = object;
	struct sluice_draft_output *output = &draft->outputs[draft->output_count++];

	(void)key;
	output->output.place = sluice_reader_place(node);
	sluice_read_fallbacks(reader, &sluice_output_table, output);
	sluice_read_mapping(reader, &sluice_output_table, node, output);
	sluice_udp_settle(output);
	sluice_broker_settle(reader, output);
	sluice_receiver_settle(output);
	if (output->output.reconnect_min_us > output->output.reconnect_max_us)
		sluice_findings_add(
			reader->findings, SLUICE_FINDING_ERROR, &output->reconnect_place,
			"outputs.reconnect: min is longer than max (100ms and 5s if not given)");
}
