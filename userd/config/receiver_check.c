// SPDX-License-Identifier: MIT
/*
 * Checks of what an output makes of datagrams that its receiver cannot take: keys that do not go
 * together, and keys that its receiver contradicts. Part of check_draft() (check.c) and of
 * sluice_config_check_host(). Touches: nothing but memory.
 */
#include <stdio.h>
#include <string.h>
#include "host.h"
#include "receiver.h"
#include "suggest.h"

/* Bytes of a line for a receiver's configuration. */
#define LINE 128
/* Bytes of a list of framings. */
#define LIST 256

/* A form that takes every datagram as it is. */
static bool takes_all(enum sluice_framing framing)
{
	return framing == SLUICE_FRAMING_NATIVE || framing == SLUICE_FRAMING_PCAP;
}

/* A key that means nothing in a framing that takes every datagram as it is. */
static void check_useless(const struct sluice_draft_output *draft,
			  const struct sluice_config_place *place, const char *key,
			  struct sluice_findings *findings)
{
	if (place->line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "outputs.%s: framing: %s carries every datagram as it is: "
				    "leave the key out",
				    key, sluice_config_framing_name(draft->output.framing));
}

/* Keys about size. */
static void check_size(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;

	if (draft->oversize_place.line && !output->max_datagram && !draft->max_datagram_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &draft->oversize_place,
				    "outputs.oversize: without max-datagram no datagram is too "
				    "long: write the receiver's limit there, in bytes");
	if (output->framing == SLUICE_FRAMING_RAW && draft->max_datagram_place.line &&
	    output->oversize == SLUICE_OVERSIZE_SPLIT)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &draft->max_datagram_place,
				    "outputs.max-datagram: framing: raw has nothing between "
				    "datagrams, so that a split one is the same bytes: take "
				    "oversize: truncate or refuse, or another framing");
}

/* Keys about bytes, and about none. */
static void check_bytes(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;

	if (draft->empty_place.line && output->empty == SLUICE_EMPTY_SEND &&
	    ((output->framing == SLUICE_FRAMING_OCTET_COUNTED &&
	      output->prefix == SLUICE_LEAD_NONE) ||
	     output->framing == SLUICE_FRAMING_RAW))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->empty_place,
				    "outputs.empty: framing: %s has no form for an empty "
				    "datagram: take empty: skip, or framing: length32 or newline",
				    sluice_config_framing_name(output->framing));
	if (draft->unsafe_place.line && draft->delimiter_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->delimiter_place,
				    "outputs.delimiter: it is the older name of unsafe-bytes, "
				    "which is written as well: leave this one out");
	if (draft->unsafe_place.line && output->framing != SLUICE_FRAMING_NEWLINE &&
	    !(output->hazards & ~SLUICE_HAZARD_GROWS))
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &draft->unsafe_place,
				    "outputs.unsafe-bytes: in framing: %s a datagram may hold "
				    "any bytes: the key changes nothing",
				    sluice_config_framing_name(output->framing));
}

/* Writes the framings that `receiver` reads, with what reads each, into `text`; returns it. */
static const char *ways_of(const struct sluice_receiver *receiver, char text[LIST])
{
	size_t number, used = 0;

	text[0] = '\0';
	for (number = 0; number < SLUICE_RECEIVER_WAYS && receiver->ways[number].input; number++) {
		const struct sluice_receiver_way *way = &receiver->ways[number];
		int more = snprintf(text + used, LIST - used, "%sframing: %s (there `%s`)",
				    used ? ", or " : "", sluice_config_framing_name(way->framing),
				    way->input);

		if (more < 0 || (size_t)more >= LIST - used) {
			text[used] = '\0';
			break;
		}
		used += (size_t)more;
	}
	return text;
}

/* What a receiver does with a datagram whose unsafe bytes are sent; NULL: nothing. */
static const char *harm_of(enum sluice_framing framing, unsigned int hazards)
{
	if (framing == SLUICE_FRAMING_NEWLINE && hazards & SLUICE_HAZARD_DIGIT)
		return "takes a line that begins with a digit for the length of what follows, and "
		       "glues or loses that";
	if (hazards & SLUICE_HAZARD_NO_PRI)
		return "closes the connection at a line that does not begin with <";
	if (hazards & (SLUICE_HAZARD_NUL | SLUICE_HAZARD_CR))
		return "ends messages at other bytes, too, and leaves out what is empty then";
	return NULL;
}

/* The limit on size: where it is higher than what the receiver takes as it comes. */
static void check_limit(const struct sluice_draft_output *draft,
			const struct sluice_receiver *receiver,
			const struct sluice_receiver_way *way, struct sluice_findings *findings)
{
	size_t most = draft->output.max_datagram;
	size_t possible = way->most_possible ? way->most_possible : way->most;

	if (!draft->max_datagram_place.line || !way->most || most <= way->most)
		return;
	if (most > possible || !receiver->raise)
		sluice_findings_add(
			findings, SLUICE_FINDING_WARNING, &draft->max_datagram_place,
			"outputs.max-datagram: %s takes no more than %zu bytes in a "
			"message: write max-datagram: %zu here%s%s%s",
			receiver->name, possible, possible, receiver->raise ? ", and there `" : "",
			receiver->raise ? receiver->raise : "", receiver->raise ? "`" : "");
	else
		sluice_findings_add(findings, SLUICE_FINDING_NOTE, &draft->max_datagram_place,
				    "outputs.max-datagram: %s takes %zu bytes in a message unless "
				    "its configuration says more: write `%s` there, or "
				    "max-datagram: %zu here",
				    receiver->name, way->most, receiver->raise, way->most);
}

/* What a prefix, which tells who sent a datagram, does not go with. */
static void check_prefix(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;
	unsigned int binary = SLUICE_HAZARD_LF | SLUICE_HAZARD_NUL | SLUICE_HAZARD_CR;

	if (output->prefix == SLUICE_LEAD_NONE)
		return;
	if (takes_all(output->framing)) {
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->prefix_place,
				    "outputs.prefix: framing: %s tells who sent a datagram "
				    "itself: leave the key out, and write addresses: on in its "
				    "inputs",
				    sluice_config_framing_name(output->framing));
		return;
	}
	if (output->framing == SLUICE_FRAMING_RAW || output->framing == SLUICE_FRAMING_RELP)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->prefix_place,
				    "outputs.prefix: framing: %s has no place for it: take "
				    "framing: length32, octet-counted or newline",
				    sluice_config_framing_name(output->framing));
	else if (output->prefix == SLUICE_LEAD_PROXY_V2 &&
		 (output->framing == SLUICE_FRAMING_NEWLINE || output->hazards & binary))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->prefix_place,
				    "outputs.prefix: a header of the PROXY protocol holds bytes "
				    "that end a message there: take prefix: text, or framing: "
				    "length32%s",
				    output->receiver == SLUICE_RECEIVER_NONE
					    ? " or octet-counted"
					    : " and a receiver that reads it");
	else if (output->unsafe == SLUICE_UNSAFE_REFUSE &&
		 output->hazards & (SLUICE_HAZARD_DIGIT | SLUICE_HAZARD_NO_PRI))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->prefix_place,
				    "outputs.prefix: the receiver misreads a message that begins "
				    "so, and unsafe-bytes: refuse would refuse them all: take "
				    "unsafe-bytes: escape, which puts <13> in front");
	if (output->max_datagram && output->max_datagram < SLUICE_DATAGRAM_LEAST_PREFIXED)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR,
				    draft->max_datagram_place.line ? &draft->max_datagram_place
								   : &draft->prefix_place,
				    "outputs.max-datagram: with a prefix in each message it is at "
				    "least %u",
				    SLUICE_DATAGRAM_LEAST_PREFIXED);
}

/* What is written against what the receiver needs. */
static void check_profile(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;
	const struct sluice_receiver *receiver = sluice_receiver_of(output->receiver);
	const struct sluice_receiver_way *way;
	char list[LIST];

	if (!receiver)
		return;
	if (!receiver->is_proven)
		sluice_findings_add(findings, SLUICE_FINDING_NOTE, &draft->receiver_place,
				    "outputs.receiver: what is known of %s is from its documents "
				    "and was never tried: `sluicectl probe` sends marked datagrams "
				    "through an output and finds them in what arrived",
				    receiver->name);
	way = sluice_receiver_way_of(receiver, output->framing);
	if (!way) {
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->framing_place,
				    "outputs.framing: %s does not read framing: %s: take %s",
				    receiver->name, sluice_config_framing_name(output->framing),
				    ways_of(receiver, list));
		return;
	}
	check_limit(draft, receiver, way, findings);
	if (output->unsafe == SLUICE_UNSAFE_SEND && harm_of(output->framing, way->hazards))
		sluice_findings_add(
			findings, SLUICE_FINDING_WARNING, &draft->unsafe_place,
			"outputs.unsafe-bytes: %s %s: take unsafe-bytes: escape or refuse%s%s%s",
			receiver->name, harm_of(output->framing, way->hazards),
			way != receiver->ways ? ", or framing: " : "",
			way != receiver->ways
				? sluice_config_framing_name(receiver->ways[0].framing)
				: "",
			way != receiver->ways ? ", with which any bytes may come" : "");
	if (draft->empty_place.line && output->empty == SLUICE_EMPTY_SEND && way->loses_empty &&
	    output->framing != SLUICE_FRAMING_OCTET_COUNTED)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &draft->empty_place,
				    "outputs.empty: %s loses empty messages without a word: "
				    "take empty: skip, which counts them",
				    receiver->name);
}

/* Connections that an output has to one destination: one of each worker, or as many as it is to
 * have. */
static size_t connections_of(const struct sluice_config_output *output, size_t workers)
{
	return output->connections && output->connections < workers ? output->connections : workers;
}

/* How many connections go to `text` from all outputs with the same receiver; how many of their
 * destinations that are in *outputs. */
static size_t count_connections(const struct sluice_config *config,
				enum sluice_receiver_kind receiver, const char *text,
				size_t workers, size_t *outputs)
{
	size_t number, place, count = 0;

	*outputs = 0;
	for (number = 0; number < config->output_count; number++)
		for (place = 0; place < config->outputs[number].to_count; place++) {
			const struct sluice_config_output *output = &config->outputs[number];

			if (output->receiver != receiver ||
			    strcmp(output->to[place].text, text) != 0)
				continue;
			++*outputs;
			count += connections_of(output, workers);
		}
	return count;
}

/* Connections to one destination against those that its receiver bears. */
static void check_connections(const struct sluice_config *config, size_t workers,
			      const struct sluice_receiver *receiver,
			      const struct sluice_config_destination *to,
			      struct sluice_findings *findings)
{
	size_t outputs, wanted, each;
	char line[LINE] = "", quoted[SLUICE_QUOTE_TEXT];

	wanted = count_connections(config, receiver->kind, to->text, workers, &outputs);
	if (!outputs || !receiver->connections || wanted <= receiver->connections)
		return;
	sluice_quote(to->text, quoted);
	each = receiver->connections / outputs ? receiver->connections / outputs : 1;
	if (!receiver->reads_several) {
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &to->place,
				    "outputs.to: %s reads one connection at a time, and %zu would "
				    "go to %s%s: write connections: 1 here, %sor take a receiver "
				    "that reads several there",
				    receiver->name, wanted, quoted,
				    outputs > 1 ? ", from several outputs" : "",
				    outputs > 1 ? "in one output only, " : "");
		return;
	}
	if (receiver->bear)
		/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): a constant of the table */
		snprintf(line, sizeof(line), receiver->bear, wanted);
	sluice_findings_add(findings, SLUICE_FINDING_WARNING, &to->place,
			    "outputs.to: %s bears %zu connections unless its configuration says "
			    "more, and %zu would go to %s%s: write `%s` there, or connections: %zu "
			    "here",
			    receiver->name, receiver->connections, wanted, quoted,
			    outputs > 1 ? ", from several outputs" : "", line, each);
}

void sluice_host_check_receivers(const struct sluice_config *config,
				 struct sluice_findings *findings)
{
	size_t workers = config->worker_count ? config->worker_count : sluice_config_cpus();
	size_t number, place;

	for (number = 0; number < config->output_count; number++) {
		const struct sluice_config_output *output = &config->outputs[number];
		const struct sluice_receiver *receiver = sluice_receiver_of(output->receiver);

		for (place = 0; receiver && place < output->to_count; place++)
			check_connections(config, workers, receiver, &output->to[place], findings);
	}
}

void sluice_receiver_check(const struct sluice_draft_output *draft,
			   struct sluice_findings *findings)
{
	check_profile(draft, findings);
	check_prefix(draft, findings);
	if (takes_all(draft->output.framing)) {
		check_useless(draft, &draft->max_datagram_place, "max-datagram", findings);
		check_useless(draft, &draft->oversize_place, "oversize", findings);
		check_useless(draft, &draft->empty_place, "empty", findings);
		check_useless(draft, &draft->unsafe_place, "unsafe-bytes", findings);
		return;
	}
	check_size(draft, findings);
	check_bytes(draft, findings);
}
