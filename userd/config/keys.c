// SPDX-License-Identifier: MIT
/*
 * What a configuration may hold: every key, its type, its limits, its values, and what of it is not
 * supported yet. The place to change when a key is added, with keys_output.c for `outputs`,
 * keys_store.c for `store`, keys_threads.c for `threads`, keys_control.c for `control` and
 * keys_daemon.c for `log`, `stop`, `watchdog` and `socket`; docs/man/sluice.yaml.5 says the same to
 * people. Touches: nothing but memory.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "draft.h"
#include "log.h"
#include "priority.h"
#include "size.h"
#include "suggest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MILLISECOND 1000ULL
#define SECOND (1000 * MILLISECOND)

static const struct sluice_choice sources[] = {
	{"auto", SLUICE_SOURCE_AUTO, false},
#define SOURCE(word, NAME, class) {word, SLUICE_SOURCE_##NAME, false},
#define PLANNED(word, NAME) {word, SLUICE_SOURCE_##NAME, true},
#include "source_rows.h"
#undef SOURCE
#undef PLANNED
	{NULL, 0, false},
};

static const struct sluice_choice verdicts[] = {
	{"steal", SLUICE_VERDICT_STEAL, false},
	{"copy", SLUICE_VERDICT_COPY, false},
	{NULL, 0, false},
};

static const struct sluice_choice hooks[] = {
	{"prerouting", SLUICE_HOOK_PREROUTING, false},
	{"local-in", SLUICE_HOOK_LOCAL_IN, false},
	{"ingress", SLUICE_HOOK_INGRESS, false},
	{"xdp", SLUICE_HOOK_XDP, false},
	{NULL, 0, false},
};

static const struct sluice_choice batchings[] = {
	{"off", SLUICE_BATCHING_OFF, false},   {"on", SLUICE_BATCHING_ON, false},
	{"auto", SLUICE_BATCHING_AUTO, false}, {"false", SLUICE_BATCHING_OFF, false},
	{"true", SLUICE_BATCHING_ON, false},   {NULL, 0, false},
};

static const struct sluice_choice receives[] = {
	{"auto", SLUICE_RECEIVE_AUTO, false},
	{"calls", SLUICE_RECEIVE_CALLS, false},
	{"bpf", SLUICE_RECEIVE_BPF, false},
	{NULL, 0, false},
};

/* By the rule's flags. */
static const struct sluice_choice checksums[] = {
	{"verify", 0, false},
	{"keep", SLUICE_RULE_F_KEEP_BADCSUM, false},
	{"off", SLUICE_RULE_F_NO_CHECKSUM, false},
	{NULL, 0, false},
};

/* By the rule's flags. */
static const struct sluice_choice times[] = {
	{"software", 0, false},
	{"hardware", SLUICE_RULE_F_HWTIME, false},
	{NULL, 0, false},
};

const char *sluice_config_source_name(enum sluice_source source)
{
	return sluice_choice_name(sources, (int)source);
}

const char *sluice_config_verdict_name(enum sluice_verdict verdict)
{
	return sluice_choice_name(verdicts, (int)verdict);
}

const char *sluice_config_hook_name(enum sluice_hook hook)
{
	return sluice_choice_name(hooks, (int)hook);
}

const char *sluice_config_batching_name(enum sluice_batching batching)
{
	return sluice_choice_name(batchings, (int)batching);
}

const char *sluice_config_receive_name(enum sluice_receive receive)
{
	return sluice_choice_name(receives, (int)receive);
}

const char *sluice_config_checksum_name(uint32_t flags)
{
	return sluice_choice_name(
		checksums, (int)(flags & (SLUICE_RULE_F_KEEP_BADCSUM | SLUICE_RULE_F_NO_CHECKSUM)));
}

const char *sluice_config_time_name(uint32_t flags)
{
	return sluice_choice_name(times, (int)(flags & SLUICE_RULE_F_HWTIME));
}

/* `inputs.priority`. [unsigned int] */
static void read_priority(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT];
	unsigned int priority;
	uint64_t number;

	if (!text)
		return;
	if (sluice_number_parse(text, &number) || number > key->maximum) {
		sluice_reader_fault(
			reader, key, node,
			"%s is not a valid value (valid values: 0 to %u, the higher the "
			"sooner sent)",
			sluice_quote(text, quoted), SLUICE_PRIORITIES - 1);
		return;
	}
	priority = (unsigned int)number;
	memcpy((char *)object + key->offset, &priority, sizeof(priority));
}

/* One name in `inputs.outputs`; the array has room for it. */
static void read_output_name(struct sluice_reader *reader, const struct sluice_key *key,
			     const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	struct sluice_draft_input *input = object;
	char quoted[SLUICE_QUOTE_TEXT];
	size_t number;

	if (!text)
		return;
	for (number = 0; number < input->output_count; number++) {
		if (strcmp(input->outputs[number].text, text) != 0)
			continue;
		sluice_reader_fault(reader, key, node, "%s is here a second time",
				    sluice_quote(text, quoted));
		return;
	}
	sluice_reader_keep(reader, node, text, &input->outputs[input->output_count]);
	if (input->outputs[input->output_count].text)
		input->output_count++;
}

/* `inputs.outputs`: a name or a list of names. [struct sluice_draft_input] */
static void read_output_names(struct sluice_reader *reader, const struct sluice_key *key,
			      const yaml_node_t *node, void *object)
{
	size_t count = sluice_reader_item_count(node);
	struct sluice_draft_input *input = object;

	if (node->type == YAML_MAPPING_NODE) {
		sluice_reader_fault(
			reader, key, node,
			"the name of an output or a list of names is expected here, not %s",
			sluice_reader_kind(node));
		return;
	}
	if (count > SLUICE_INPUT_OUTPUTS_MAX) {
		sluice_reader_fault(reader, key, node, "%zu outputs; one input feeds at most %u",
				    count, SLUICE_INPUT_OUTPUTS_MAX);
		return;
	}
	input->outputs = calloc(count ? count : 1, sizeof(*input->outputs));
	if (!input->outputs) {
		reader->out_of_memory = true;
		return;
	}
	sluice_reader_items(reader, key, node, input, read_output_name);
}

#define INPUT(member) offsetof(struct sluice_draft_input, member)

static const struct sluice_key input_keys[] = {
	{.path = "inputs.id",
	 .does = "a GUID by which the input stays the same when its name changes",
	 .otherwise = "derived from the name",
	 .read = sluice_read_word,
	 .offset = INPUT(id)},
	{.path = "inputs.name",
	 .does = "its name, unique",
	 .read = sluice_read_word,
	 .offset = INPUT(name),
	 .required = true},
	{.path = "inputs.port",
	 .does = "the UDP ports: a number, a range, or a list of both",
	 .read = sluice_read_ports,
	 .offset = INPUT(input),
	 .place = INPUT(port_place),
	 .required = true,
	 .unless = "listen"},
	{.path = "inputs.address",
	 .does = "destination address or prefix",
	 .otherwise = "any",
	 .read = sluice_read_prefix,
	 .offset = INPUT(input.address),
	 .place = INPUT(address_place)},
	{.path = "inputs.from",
	 .does = "source address or prefix",
	 .otherwise = "any",
	 .read = sluice_read_prefix,
	 .offset = INPUT(input.from),
	 .place = INPUT(from_place)},
	{.path = "inputs.group",
	 .does = "multicast group that is joined; of the sender `from`, if that is one address",
	 .otherwise = "none",
	 .read = sluice_read_group,
	 .offset = INPUT(input.group),
	 .place = INPUT(group_place)},
	{.path = "inputs.interface",
	 .does = "name of the interface by which datagrams come",
	 .otherwise = "any",
	 .read = sluice_read_interface,
	 .offset = INPUT(input.interface),
	 .place = INPUT(input.interface_place)},
	{.path = "inputs.file",
	 .does = "captures that are read, pcap or pcapng, or directories of them; -: stdin",
	 .otherwise = "none",
	 .read = sluice_read_files,
	 .form = "an absolute path, or a list of them",
	 .offset = INPUT(input),
	 .place = INPUT(input.file_place)},
	{.path = "inputs.speed",
	 .does = "how fast captures are read",
	 .fallback = "recorded",
	 .read = sluice_read_speed,
	 .form = SLUICE_SPEED_FORM,
	 .offset = INPUT(input.speed),
	 .place = INPUT(speed_place)},
	{.path = "inputs.listen",
	 .does = "where connections over TCP are taken (source: tcp, sluice)",
	 .otherwise = "nowhere",
	 .read = sluice_read_listener,
	 .form = "address:port",
	 .offset = INPUT(input.inlet.listen),
	 .place = INPUT(listen_place)},
	{.path = "inputs.framing",
	 .does = "what ends a record in the stream (source: tcp)",
	 .fallback = "newline",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.inlet.framing),
	 .place = INPUT(cutting_place),
	 .choices = sluice_cuttings},
	{.path = "inputs.max-record",
	 .does = "most bytes of a record (source: tcp)",
	 .fallback = "65507",
	 .read = sluice_read_size,
	 .offset = INPUT(input.inlet.max_record),
	 .place = INPUT(max_record_place),
	 .minimum = 1,
	 .maximum = 65507},
	{.path = "inputs.oversize",
	 .does = "what becomes of a longer one (source: tcp)",
	 .fallback = "cut",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.inlet.oversize),
	 .place = INPUT(overlong_place),
	 .choices = sluice_overlongs},
	{.path = "inputs.ack",
	 .does = "when an upstream relay is told that records are safe (source: sluice)",
	 .fallback = "received",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.inlet.ack),
	 .place = INPUT(promise_place),
	 .choices = sluice_promises},
	{.path = "inputs.allow",
	 .does = "clients that may connect (source: tcp, sluice)",
	 .otherwise = "everybody",
	 .read = sluice_read_allow,
	 .form = "a prefix, or a list of these",
	 .offset = INPUT(input.inlet),
	 .place = INPUT(allow_place)},
	{.path = "inputs.deny",
	 .does = "clients that may not, even if allow has them",
	 .otherwise = "nobody",
	 .read = sluice_read_deny,
	 .form = "a prefix, or a list of these",
	 .offset = INPUT(input.inlet),
	 .place = INPUT(deny_place)},
	{.path = "inputs.limit",
	 .does = "most connections at a time; more are refused (source: tcp, sluice)",
	 .otherwise = "none",
	 .read = sluice_read_limit,
	 .form = "a number from 0 (any number of connections) to 1000000",
	 .offset = INPUT(input.inlet.limit),
	 .place = INPUT(limit_place)},
	{.path = "inputs.idle-timeout",
	 .does = "how long a connection may bring nothing (source: tcp, sluice)",
	 .fallback = "0",
	 .read = sluice_read_duration,
	 .form = "0 (for ever), or a duration like 10min",
	 .offset = INPUT(input.inlet.idle_timeout_us),
	 .place = INPUT(idle_place),
	 .maximum = 30ULL * 86400 * SECOND},
	{.path = "inputs.source",
	 .does = "who takes records in: the module, sockets, captures, packet sockets, AF_XDP, "
		 "TCP, a "
		 "relay",
	 .fallback = "auto",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.source),
	 .place = INPUT(source_place),
	 .choices = sources},
	{.path = "inputs.verdict",
	 .does = "whether the network stack still gets the datagram (module, packet sockets)",
	 .fallback = "steal",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.verdict),
	 .place = INPUT(verdict_place),
	 .choices = verdicts},
	{.path = "inputs.hook",
	 .does = "where the module takes datagrams",
	 .fallback = "prerouting",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.hook),
	 .place = INPUT(hook_place),
	 .choices = hooks},
	{.path = "inputs.batching",
	 .does = "whether the interface joins datagrams of a burst for the module",
	 .fallback = "off",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.batching),
	 .place = INPUT(batching_place),
	 .choices = batchings},
	{.path = "inputs.receive",
	 .does = "how a socket is read",
	 .fallback = "auto",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.receive),
	 .place = INPUT(input.receive_place),
	 .choices = receives},
	{.path = "inputs.checksum",
	 .does = "what becomes of a datagram with a wrong UDP checksum",
	 .fallback = "verify",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.checksum),
	 .place = INPUT(checksum_place),
	 .choices = checksums},
	{.path = "inputs.time",
	 .does = "whose clock the receive time is of",
	 .fallback = "software",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.time),
	 .place = INPUT(time_place),
	 .choices = times},
	{.path = "inputs.addresses",
	 .does = "whether records tell where a datagram came from and went to",
	 .fallback = "off",
	 .read = sluice_read_choice,
	 .offset = INPUT(input.addresses),
	 .choices = sluice_switches},
	{.path = "inputs.enabled",
	 .does = "whether anything is taken in",
	 .fallback = "on",
	 .change = SLUICE_KEY_RINGS,
	 .read = sluice_read_choice,
	 .offset = INPUT(input.enabled),
	 .choices = sluice_switches},
	{.path = "inputs.priority",
	 .does = "what goes first: the higher, the sooner sent",
	 .fallback = "0",
	 .change = SLUICE_KEY_RINGS,
	 .read = read_priority,
	 .form = "a number from 0 to 7",
	 .offset = INPUT(input.priority),
	 .maximum = SLUICE_PRIORITIES - 1},
	{.path = "inputs.outputs",
	 .does = "names of the outputs that get what comes in",
	 .change = SLUICE_KEY_RINGS,
	 .read = read_output_names,
	 .form = "a name, or a list of names",
	 .required = true},
};

static const struct sluice_key_table input_table = {"inputs", "an input", input_keys,
						    COUNT(input_keys)};

#define DRAFT(member) offsetof(struct sluice_draft, member)

/* Reads one input into the next free place of the array. */
static void read_input(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	struct sluice_draft *draft = object;
	struct sluice_draft_input *input = &draft->inputs[draft->input_count++];

	(void)key;
	input->input.place = sluice_reader_place(node);
	sluice_read_fallbacks(reader, &input_table, input);
	sluice_read_mapping(reader, &input_table, node, input);
	sluice_group_settle(&input->input);
}

/* Is `node` a list of at most `most` entries? Else a finding. */
static bool is_list(struct sluice_reader *reader, const struct sluice_key *key,
		    const yaml_node_t *node, size_t most)
{
	if (node->type != YAML_SEQUENCE_NODE) {
		sluice_reader_fault(
			reader, key, node,
			"a list is expected here, each entry beginning with \"- \", not %s",
			sluice_reader_kind(node));
		return false;
	}
	if (sluice_reader_item_count(node) > most) {
		sluice_reader_fault(reader, key, node, "%zu entries; at most %zu are possible",
				    sluice_reader_item_count(node), most);
		return false;
	}
	return true;
}

/* `inputs` [struct sluice_draft] */
static void read_inputs(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object)
{
	struct sluice_draft *draft = object;

	if (!is_list(reader, key, node, SLUICE_INPUTS_MAX))
		return;
	draft->inputs = calloc(sluice_reader_item_count(node) + 1, sizeof(*draft->inputs));
	if (draft->inputs)
		sluice_reader_items(reader, key, node, draft, read_input);
	else
		reader->out_of_memory = true;
}

/* `outputs` [struct sluice_draft] */
static void read_outputs(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, void *object)
{
	struct sluice_draft *draft = object;

	if (!is_list(reader, key, node, SLUICE_OUTPUTS_MAX))
		return;
	draft->outputs = calloc(sluice_reader_item_count(node) + 1, sizeof(*draft->outputs));
	if (draft->outputs)
		sluice_reader_items(reader, key, node, draft, sluice_output_read);
	else
		reader->out_of_memory = true;
}

/* `forwards` [struct sluice_draft] */
static void read_forwards(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, void *object)
{
	struct sluice_draft *draft = object;

	if (!is_list(reader, key, node, SLUICE_FORWARDS_MAX))
		return;
	draft->forwards = calloc(sluice_reader_item_count(node) + 1, sizeof(*draft->forwards));
	if (draft->forwards)
		sluice_reader_items(reader, key, node, draft, sluice_forward_read);
	else
		reader->out_of_memory = true;
}

static const struct sluice_key document_keys[] = {
	{.path = "relay",
	 .does = "name of this relay",
	 .otherwise = "sluice",
	 .read = sluice_read_word,
	 .offset = DRAFT(relay_word)},
	{.path = "inputs",
	 .does = "what comes in, at least one, unless there are forwards",
	 .read = read_inputs,
	 .place = DRAFT(inputs_place),
	 .items = &input_table,
	 .form = "a list of mappings",
	 .required = true,
	 .unless = "forwards"},
	{.path = "outputs",
	 .does = "where it goes, at least one, unless there are forwards",
	 .read = read_outputs,
	 .place = DRAFT(outputs_place),
	 .items = &sluice_output_table,
	 .form = "a list of mappings",
	 .required = true,
	 .unless = "forwards"},
	{.path = "forwards",
	 .does = "TCP connections that are passed on as they are",
	 .read = read_forwards,
	 .place = DRAFT(forwards_place),
	 .items = &sluice_forward_table,
	 .form = "a list of mappings"},
	{.path = "store",
	 .does = "where it waits",
	 .read = sluice_read_nested,
	 .table = &sluice_store_table},
	{.path = "workers",
	 .does = "threads that receive and send",
	 .fallback = "auto",
	 .change = SLUICE_KEY_WORKERS,
	 .read = sluice_read_count,
	 .offset = DRAFT(worker_count),
	 .place = DRAFT(worker_place),
	 .minimum = 1,
	 .maximum = SLUICE_WORKERS_MAX},
	{.path = "threads",
	 .does = "how its threads run",
	 .read = sluice_read_nested,
	 .table = &sluice_threads_table},
	{.path = "stop",
	 .does = "the end",
	 .read = sluice_read_nested,
	 .table = &sluice_stop_table},
	{.path = "watchdog",
	 .does = "threads that hang",
	 .read = sluice_read_nested,
	 .table = &sluice_watchdog_table},
	{.path = "socket",
	 .does = "sockets",
	 .read = sluice_read_nested,
	 .table = &sluice_socket_table},
	{.path = "control",
	 .does = "who may ask, and who is told what happens",
	 .read = sluice_read_nested,
	 .table = &sluice_control_table},
	{.path = "log", .does = "the log", .read = sluice_read_nested, .table = &sluice_log_table},
};

const struct sluice_key_table sluice_document_table = {"", "the configuration", document_keys,
						       COUNT(document_keys)};

void sluice_draft_read(struct sluice_reader *reader, const yaml_node_t *root,
		       struct sluice_draft *draft)
{
	memset(draft, 0, sizeof(*draft));
	sluice_read_fallbacks(reader, &sluice_document_table, draft);
	sluice_read_mapping(reader, &sluice_document_table, root, draft);
	sluice_store_settle(reader, draft);
	sluice_control_settle(reader, draft);
	sluice_threads_settle(reader, draft);
}
