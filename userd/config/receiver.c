// SPDX-License-Identifier: MIT
/*
 * Profiles of receivers; see receiver.h. Touches: nothing but memory.
 */
#include "receiver.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Programs that write what they read, whatever it is. */
#define ANYTHING(line)                                                              \
	{                                                                           \
		{.framing = SLUICE_FRAMING_NEWLINE, .input = (line)},               \
			{.framing = SLUICE_FRAMING_RAW, .input = (line)},           \
			{.framing = SLUICE_FRAMING_OCTET_COUNTED, .input = (line)}, \
			{.framing = SLUICE_FRAMING_LENGTH32, .input = (line)},      \
			{.framing = SLUICE_FRAMING_PCAP, .input = (line)},          \
	}

static const struct sluice_receiver receivers[] = {
	{
		.kind = SLUICE_RECEIVER_NATIVE,
		.name = "a receiver that speaks sluice's own format",
		.ways = {{.framing = SLUICE_FRAMING_NATIVE,
			  .input = "sluicebench sink, or libsluice"}},
		.reads_several = true,
		.has_word = true,
		.is_proven = true,
	},
	{
		/* 8.2302. */
		.kind = SLUICE_RECEIVER_RSYSLOG,
		.name = "rsyslog",
		.ways = {{.framing = SLUICE_FRAMING_OCTET_COUNTED,
			  .most = 8096,
			  .most_possible = SLUICE_DATAGRAM_MOST,
			  .hazards = SLUICE_HAZARD_GROWS,
			  .loses_empty = true,
			  .input = "input(type=\"imtcp\" port=\"6000\")"},
			 {.framing = SLUICE_FRAMING_RELP,
			  .most = 8096,
			  .most_possible = SLUICE_DATAGRAM_MOST,
			  .hazards = SLUICE_HAZARD_GROWS,
			  .input = "input(type=\"imrelp\" port=\"6000\" maxDataSize=\"128k\")"},
			 {.framing = SLUICE_FRAMING_NEWLINE,
			  .most = 8096,
			  .most_possible = SLUICE_DATAGRAM_MOST,
			  .hazards = SLUICE_HAZARD_DIGIT | SLUICE_HAZARD_GROWS,
			  .loses_empty = true,
			  .input = "input(type=\"imtcp\" port=\"6000\")"}},
		.raise = "global(maxMessageSize=\"64k\")",
		.reads_several = true,
		.has_word = true,
		.is_proven = true,
	},
	{
		/* 3.38: syslog() and network(). */
		.kind = SLUICE_RECEIVER_SYSLOG_NG,
		.name = "syslog-ng",
		.ways = {{.framing = SLUICE_FRAMING_OCTET_COUNTED,
			  .most = 64U << 10,
			  .loses_empty = true,
			  .input = "syslog(transport(\"tcp\") port(6000))"},
			 {.framing = SLUICE_FRAMING_NEWLINE,
			  .most = 64U << 10,
			  .hazards = SLUICE_HAZARD_NUL | SLUICE_HAZARD_CR,
			  .loses_empty = true,
			  .input = "network(transport(\"tcp\") port(6000))"}},
		.connections = 10,
		.bear = "max-connections(%zu)",
		.reads_several = true,
		.resets = true,
		.is_proven = true,
	},
	{
		/* 2.6, log-forward: `len` of its `log` lines is 1,024 with the header that it
		 * writes; what it reads has to fit into tune.bufsize. */
		.kind = SLUICE_RECEIVER_HAPROXY,
		.name = "HAProxy",
		.ways = {{.framing = SLUICE_FRAMING_OCTET_COUNTED,
			  .most = 960,
			  .most_possible = 16000,
			  .loses_empty = true,
			  .input = "log-forward, bind *:6000"},
			 {.framing = SLUICE_FRAMING_NEWLINE,
			  .most = 960,
			  .most_possible = 16000,
			  .hazards = SLUICE_HAZARD_NO_PRI | SLUICE_HAZARD_CR,
			  .loses_empty = true,
			  .input = "log-forward, bind *:6000"}},
		.raise = "log ... len 65535 local0",
		.connections = 10,
		.bear = "maxconn %zu",
		.reads_several = true,
		.is_proven = true,
	},
	{
		.kind = SLUICE_RECEIVER_SOCAT,
		.name = "socat",
		.ways = ANYTHING("socat -u TCP-LISTEN:6000 OPEN:file,creat,append"),
		.connections = 1,
		.is_proven = true,
	},
	{
		.kind = SLUICE_RECEIVER_NC,
		.name = "nc",
		.ways = ANYTHING("nc -l -k 6000"),
		.connections = 1,
		.is_proven = true,
	},
	{
		.kind = SLUICE_RECEIVER_PCAP,
		.name = "a reader of capture files",
		.ways = {{.framing = SLUICE_FRAMING_PCAP, .input = "tshark -i -, or tcpdump -r -"}},
		.connections = 1,
		.is_proven = true,
	},
	{
		/* The input tcp with the codec line. */
		.kind = SLUICE_RECEIVER_LOGSTASH,
		.name = "Logstash",
		.ways = {{.framing = SLUICE_FRAMING_NEWLINE,
			  .input = "input { tcp { port => 6000 codec => line } }"}},
		.reads_several = true,
	},
	{
		/* The source socket: max_length is 102,400. */
		.kind = SLUICE_RECEIVER_VECTOR,
		.name = "Vector",
		.ways = {{.framing = SLUICE_FRAMING_NEWLINE,
			  .most = SLUICE_DATAGRAM_MOST,
			  .input = "type = \"socket\", mode = \"tcp\""},
			 {.framing = SLUICE_FRAMING_OCTET_COUNTED,
			  .most = SLUICE_DATAGRAM_MOST,
			  .input = "framing.method = \"octet_counting\""},
			 {.framing = SLUICE_FRAMING_LENGTH32,
			  .input = "framing.method = \"length_delimited\""}},
		.reads_several = true,
	},
	{
		/* The input tcp: a line has to fit into its buffer, 32 KB unless Buffer_Size says
		   more. */
		.kind = SLUICE_RECEIVER_FLUENT_BIT,
		.name = "Fluent Bit",
		.ways = {{.framing = SLUICE_FRAMING_NEWLINE,
			  .most = 32000,
			  .most_possible = SLUICE_DATAGRAM_MOST,
			  .loses_empty = true,
			  .input = "Name tcp, Format none"}},
		.raise = "Buffer_Size 128",
		.reads_several = true,
	},
	{
		/* LINE_BREAKER is ([\r\n]+), TRUNCATE 10,000. */
		.kind = SLUICE_RECEIVER_SPLUNK,
		.name = "Splunk",
		.ways = {{.framing = SLUICE_FRAMING_NEWLINE,
			  .most = 10000,
			  .most_possible = SLUICE_DATAGRAM_MOST,
			  .hazards = SLUICE_HAZARD_CR,
			  .loses_empty = true,
			  .input = "[tcp://:6000] with SHOULD_LINEMERGE = false"}},
		.raise = "TRUNCATE = 100000",
		.reads_several = true,
	},
};

const struct sluice_receiver *sluice_receiver_of(enum sluice_receiver_kind kind)
{
	size_t number;

	for (number = 0; number < COUNT(receivers); number++)
		if (receivers[number].kind == kind)
			return &receivers[number];
	return NULL;
}

const struct sluice_receiver_way *sluice_receiver_way_of(const struct sluice_receiver *receiver,
							 enum sluice_framing framing)
{
	size_t number;

	for (number = 0; number < SLUICE_RECEIVER_WAYS && receiver->ways[number].input; number++)
		if (receiver->ways[number].framing == framing)
			return &receiver->ways[number];
	return NULL;
}

void sluice_receiver_settle(struct sluice_draft_output *draft)
{
	struct sluice_config_output *output = &draft->output;
	const struct sluice_receiver *receiver = sluice_receiver_of(output->receiver);
	const struct sluice_receiver_way *way;

	if (output->receiver == SLUICE_RECEIVER_GENERIC && !draft->framing_place.line)
		output->framing = SLUICE_FRAMING_NEWLINE;
	if (!receiver)
		return;
	if (!draft->framing_place.line)
		output->framing = receiver->ways[0].framing;
	way = sluice_receiver_way_of(receiver, output->framing);
	if (!way)
		return;
	output->hazards = way->hazards;
	if (!draft->connections_place.line)
		output->connections = receiver->connections;
	if (!draft->unconfirmed_place.line)
		output->resends = receiver->resets;
	if (!draft->max_datagram_place.line)
		output->max_datagram = way->most;
	if (!draft->empty_place.line && way->loses_empty)
		output->empty = SLUICE_EMPTY_SKIP;
}
