// SPDX-License-Identifier: MIT
/*
 * The checks that concern more than one key of a configuration, and the way from text to model. See
 * check.h. Touches: memory, and in sluice_config_load() the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "document.h"
#include "draft.h"
#include "guid.h"
#include "suggest.h"

/* A name or GUID of something, to find what is there twice. */
struct label {
	const char *text;
	struct sluice_config_place place;
	size_t index;
};

/* qsort: by text, then by place. */
static int compare_labels(const void *left, const void *right)
{
	const struct label *one = left, *other = right;
	int order = strcmp(one->text, other->text);

	if (order)
		return order;
	if (one->place.line != other->place.line)
		return one->place.line < other->place.line ? -1 : 1;
	return one->place.column < other->place.column ? -1
						       : one->place.column > other->place.column;
}

/* Sorts `labels` and reports those that are there twice. */
static void find_twins(struct sluice_findings *findings, struct label *labels, size_t count,
		       const char *path)
{
	char quoted[SLUICE_QUOTE_TEXT];
	size_t number, first = 0;

	qsort(labels, count, sizeof(*labels), compare_labels);
	for (number = 1; number < count; number++) {
		if (strcmp(labels[first].text, labels[number].text) != 0) {
			first = number;
			continue;
		}
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &labels[number].place,
				    "%s: %s is taken already (line %zu, column %zu): take another",
				    path, sluice_quote(labels[number].text, quoted),
				    labels[first].place.line, labels[first].place.column);
	}
}

/* Names are unique among inputs and among outputs. Leaves the outputs' in `outputs`, sorted;
 * returns how many. */
static size_t check_names(struct sluice_draft *draft, struct sluice_findings *findings,
			  struct label *labels, struct label *outputs)
{
	size_t number, count = 0;

	for (number = 0; number < draft->input_count; number++)
		if (draft->inputs[number].name.text)
			labels[count++] = (struct label){draft->inputs[number].name.text,
							 draft->inputs[number].name.place, number};
	find_twins(findings, labels, count, "inputs.name");
	count = 0;
	for (number = 0; number < draft->output_count; number++)
		if (draft->outputs[number].name.text)
			outputs[count++] =
				(struct label){draft->outputs[number].name.text,
					       draft->outputs[number].name.place, number};
	find_twins(findings, outputs, count, "outputs.name");
	return count;
}

/* GUIDs are unique among all. `labels` has room for all inputs and outputs, `texts` for their GUIDs
 * as text. */
static void check_ids(struct sluice_draft *draft, struct sluice_findings *findings,
		      struct label *labels, char (*texts)[SLUICE_GUID_TEXT])
{
	size_t number, count = 0;

	for (number = 0; number < draft->input_count; number++) {
		const struct sluice_draft_input *input = &draft->inputs[number];

		if (!input->id.text || sluice_guid_is_zero(input->input.id))
			continue;
		sluice_guid_format(input->input.id, texts[count]);
		labels[count] = (struct label){texts[count], input->id.place, number};
		count++;
	}
	for (number = 0; number < draft->output_count; number++) {
		const struct sluice_draft_output *output = &draft->outputs[number];

		if (!output->id.text || sluice_guid_is_zero(output->output.id))
			continue;
		sluice_guid_format(output->output.id, texts[count]);
		labels[count] = (struct label){texts[count], output->id.place, number};
		count++;
	}
	find_twins(findings, labels, count, "id");
}

/* bsearch: a name in sorted labels. */
static int compare_name(const void *name, const void *label)
{
	return strcmp(name, ((const struct label *)label)->text);
}

/* An input names an output that is not there. What was probably meant is marked in `used`: one
 * fault is enough. */
static void unknown_output(struct sluice_findings *findings, const struct sluice_word *word,
			   const struct label *outputs, size_t count, bool *used)
{
	unsigned int best = sluice_word_tolerance(word->text), distance;
	char quoted[SLUICE_QUOTE_TEXT], nearest_quoted[SLUICE_QUOTE_TEXT];
	const struct label *nearest = NULL;
	size_t number;

	if (findings->full)
		return;
	for (number = 0; number < count; number++) {
		distance = sluice_word_distance(word->text, outputs[number].text, best);
		if (distance <= best && (!nearest || distance < best)) {
			best = distance;
			nearest = &outputs[number];
		}
	}
	sluice_quote(word->text, quoted);
	if (nearest)
		used[nearest->index] = true;
	if (nearest)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &word->place,
				    "inputs.outputs: there is no output %s, did you mean %s?",
				    quoted, sluice_quote(nearest->text, nearest_quoted));
	else
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, &word->place,
			"inputs.outputs: there is no output %s: add one of this name to outputs",
			quoted);
}

/* qsort: ascending. */
static int compare_indexes(const void *left, const void *right)
{
	const size_t *one = left, *other = right;

	return *one < *other ? -1 : *one > *other;
}

/* Turns the outputs' names of one input into sorted indexes; marks them in `used`. 0 or -ENOMEM. */
static int resolve_outputs(struct sluice_draft_input *input, struct sluice_findings *findings,
			   const struct label *outputs, size_t count, bool *used)
{
	const struct label *found;
	size_t number;

	if (input->output_count == 0)
		return 0;
	input->input.outputs = calloc(input->output_count, sizeof(*input->input.outputs));
	if (!input->input.outputs)
		return -ENOMEM;
	for (number = 0; number < input->output_count; number++) {
		found = count ? bsearch(input->outputs[number].text, outputs, count,
					sizeof(*outputs), compare_name)
			      : NULL;
		if (!found) {
			unknown_output(findings, &input->outputs[number], outputs, count, used);
			continue;
		}
		used[found->index] = true;
		input->input.outputs[input->input.output_count++] = found->index;
	}
	qsort(input->input.outputs, input->input.output_count, sizeof(*input->input.outputs),
	      compare_indexes);
	return 0;
}

/* Inputs and outputs as a graph: nothing leads nowhere. 0 or -ENOMEM. */
static int check_graph(struct sluice_draft *draft, struct sluice_findings *findings)
{
	size_t total = draft->input_count + draft->output_count, number, count;
	struct label *labels = calloc(total + 1, sizeof(*labels));
	struct label *outputs = calloc(draft->output_count + 1, sizeof(*outputs));
	char(*texts)[SLUICE_GUID_TEXT] = calloc(total + 1, sizeof(*texts));
	bool *used = calloc(draft->output_count + 1, sizeof(*used));
	const struct sluice_word *name;
	char quoted[SLUICE_QUOTE_TEXT];
	int error = -ENOMEM;

	if (!labels || !outputs || !texts || !used)
		goto out;
	count = check_names(draft, findings, labels, outputs);
	check_ids(draft, findings, labels, texts);
	/* Outputs that could not be read at all have been told of; every input would be a second
	 * finding. */
	for (number = 0; draft->outputs && number < draft->input_count; number++) {
		error = resolve_outputs(&draft->inputs[number], findings, outputs, count, used);
		if (error)
			goto out;
	}
	/* Of two outputs of one name the inputs mean either. */
	for (number = 1; number < count; number++)
		if (!strcmp(outputs[number - 1].text, outputs[number].text))
			used[outputs[number - 1].index] = used[outputs[number].index] = true;
	for (number = 0; draft->outputs && number < draft->output_count; number++) {
		name = &draft->outputs[number].name;
		if (!used[number] && name->text)
			sluice_findings_add(
				findings, SLUICE_FINDING_WARNING, &name->place,
				"outputs.name: no input names output %s: nothing will go there",
				sluice_quote(name->text, quoted));
	}
	error = 0;
out:
	free(labels);
	free(outputs);
	free(texts);
	free(used);
	return error;
}

/* Keys of one input that do not go together. */
static void check_input(const struct sluice_draft_input *draft, struct sluice_findings *findings)
{
	const struct sluice_config_input *input = &draft->input;
	unsigned int whole = input->address.family == AF_INET6 ? 128 : 32;
	bool at_interface = input->hook == SLUICE_HOOK_INGRESS || input->hook == SLUICE_HOOK_XDP;
	const char *hook = input->hook == SLUICE_HOOK_XDP ? "xdp" : "ingress";

	if (input->address.family != AF_UNSPEC && input->from.family != AF_UNSPEC &&
	    input->address.family != input->from.family)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->from_place,
				    "inputs.from: one of address and from is IPv4 and the other "
				    "IPv6: no datagram has both");
	if (at_interface && !input->interface[0])
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->hook_place,
				    "inputs.hook: %s is a hook of the interface: name one "
				    "with inputs.interface",
				    hook);
	if (at_interface && input->verdict == SLUICE_VERDICT_COPY)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->hook_place,
				    "inputs.hook: what goes on through the stack is copied at "
				    "prerouting for less: %s needs verdict: steal",
				    hook);
	if (input->batching != SLUICE_BATCHING_OFF && !input->interface[0])
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->batching_place,
				    "inputs.batching: it is a setting of the interface: name one "
				    "with inputs.interface");
	if (input->source == SLUICE_SOURCE_KMOD && input->receive == SLUICE_RECEIVE_BPF)
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, &input->receive_place,
			"inputs.receive: it says how a socket is read, and the module "
			"takes datagrams before there is one: bpf needs source: socket");
	if (input->source != SLUICE_SOURCE_SOCKET)
		return;
	if (input->batching == SLUICE_BATCHING_ON)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->batching_place,
				    "inputs.batching: a socket gets its datagrams one by one: on "
				    "needs source: kmod");
	if (input->verdict == SLUICE_VERDICT_COPY)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->verdict_place,
				    "inputs.verdict: a socket keeps what it receives from everyone "
				    "else: copy needs "
				    "source: kmod");
	if (input->checksum)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->checksum_place,
				    "inputs.checksum: a socket never sees a datagram with a wrong "
				    "checksum: keep and off need source: kmod");
	if (input->time)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->time_place,
				    "inputs.time: a socket's records carry the kernel's time: "
				    "hardware needs source: kmod");
	if (input->address.family == AF_INET6 && input->address.address[0] == 0xfe &&
	    (input->address.address[1] & 0xc0) == 0x80 && !input->interface[0])
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->address_place,
				    "inputs.address: every interface has its own link-local "
				    "addresses: name one with inputs.interface");
	if (input->address.family != AF_UNSPEC && input->address.length != whole)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->address_place,
				    "inputs.address: a socket listens on one address or on all: a "
				    "prefix needs source: kmod");
}

/* Keys of one output that do not go together. */
static void check_output(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;
	size_t number, standby = 0;

	sluice_kind_check(draft, findings);
	sluice_tls_check(draft, findings);
	if (output->compresses &&
	    (output->kind != SLUICE_KIND_TCP || output->framing == SLUICE_FRAMING_RELP))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->compress_place,
				    "outputs.compress: neither other kinds than tcp nor receivers "
				    "of framing: relp can take what is compressed: leave the key "
				    "out");
	if (output->kind != SLUICE_KIND_TCP)
		goto destinations;
	if (draft->ack_place.line && output->framing == SLUICE_FRAMING_RELP)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->ack_place,
				    "outputs.ack: receivers of framing: relp have one word only, "
				    "200, for what they have received: leave the key out, or take "
				    "framing: native");
	else if (draft->ack_place.line && output->framing != SLUICE_FRAMING_NATIVE)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->ack_place,
				    "outputs.ack: receivers of framing: %s acknowledge nothing: "
				    "leave the key out, or take framing: native",
				    sluice_config_framing_name(output->framing));
	sluice_receiver_check(draft, findings);
	if (draft->unconfirmed_place.line && sluice_config_is_answered(output->framing))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->unconfirmed_place,
				    "outputs.unconfirmed: receivers of framing: %s acknowledge "
				    "what they have, and what they have not is sent again: leave "
				    "the key out",
				    sluice_config_framing_name(output->framing));
destinations:
	sluice_from_check(draft, findings);
	for (number = 0; number < output->to_count; number++)
		standby += output->to[number].standby != 0;
	if (standby && output->mode == SLUICE_MODE_DUPLICATE)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->mode_place,
				    "outputs.mode: duplicate gives everything to every "
				    "destination: none can be a standby");
	else if (standby && standby == output->to_count)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->to_place,
				    "outputs.to: every destination is a standby: for whom?");
}

/* The marks between which a ring is emptied to disk. */
static void check_spool(const struct sluice_draft *draft, struct sluice_findings *findings)
{
	if (draft->store.spool_begin > 90)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->spool_place,
				    "store.spool: begin is at most 90%%: above there is no room "
				    "for what comes in while the disk is written");
	if (draft->store.spool_end >= draft->store.spool_begin)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->spool_place,
				    "store.spool: end must be less than begin (75%% and 50%% if "
				    "not given): what would go to disk?");
}

/* An input's outputs find a cursor each in its rings. */
static void check_cursors(const struct sluice_draft *draft, const struct sluice_draft_input *input,
			  struct sluice_findings *findings)
{
	size_t number, count = 0;

	for (number = 0; number < input->input.output_count; number++)
		count += sluice_config_lanes(&draft->outputs[input->input.outputs[number]].output);
	if (count > SLUICE_INPUT_OUTPUTS_MAX)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &input->input.place,
				    "inputs.outputs: with the destinations of duplicating outputs "
				    "that is %zu copies; one input feeds at most %u",
				    count, SLUICE_INPUT_OUTPUTS_MAX);
}

/* Checks what concerns more than one key. */
static void check_draft(struct sluice_draft *draft, struct sluice_findings *findings)
{
	size_t number;

	sluice_names_settle(draft, findings);
	check_spool(draft, findings);
	for (number = 0; number < draft->output_count; number++)
		check_output(&draft->outputs[number], findings);
	for (number = 0; number < draft->input_count; number++) {
		check_input(&draft->inputs[number], findings);
		sluice_group_check(&draft->inputs[number], findings);
		sluice_pcap_check(&draft->inputs[number], findings);
		sluice_afpacket_check(&draft->inputs[number], findings);
		sluice_inlet_check(draft, number, findings);
		sluice_xdp_check(&draft->inputs[number], findings);
	}
	if (check_graph(draft, findings) || sluice_draft_check_overlaps(draft, findings))
		findings->out_of_memory = true;
	if (draft->store.drop == SLUICE_DROP_OLDEST && !draft->disk_path.text)
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, &draft->store.drop_place,
			"store.drop: oldest needs store.disk: of what is in memory only "
			"nothing is taken away");
	for (number = 0; number < draft->input_count; number++)
		check_cursors(draft, &draft->inputs[number], findings);
	sluice_forward_check(draft, findings);
}

/* Keeps the text that a model was made from. 0; -ENOMEM, and there is no model. */
static int keep_text(struct sluice_config **config, const char *text, size_t length)
{
	(*config)->text = strndup(text, length);
	(*config)->text_length = length;
	if ((*config)->text)
		return 0;
	sluice_config_free(*config);
	*config = NULL;
	return -ENOMEM;
}

int sluice_config_parse(const char *text, size_t length, const char *name,
			struct sluice_config **config, struct sluice_findings *findings)
{
	struct sluice_reader reader = {.findings = findings};
	struct sluice_draft draft = {0};
	yaml_document_t document;
	int error;

	if (!findings)
		return -EINVAL;
	memset(findings, 0, sizeof(*findings));
	if (!text || !name || !config)
		return -EINVAL;
	if (length > SLUICE_CONFIG_TEXT_MAX) {
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, NULL,
			"the configuration is larger than the %lu bytes that are read at most",
			SLUICE_CONFIG_TEXT_MAX);
		return -EINVAL;
	}
	error = sluice_yaml_load(text, length, &document, findings);
	if (error)
		goto sorted;
	reader.document = &document;
	sluice_draft_read(&reader, yaml_document_get_root_node(&document), &draft);
	if (!reader.out_of_memory)
		check_draft(&draft, findings);
	yaml_document_delete(&document);
	if (reader.out_of_memory)
		error = -ENOMEM;
	else if (findings->error_count > 0)
		error = -EINVAL;
	else
		error = sluice_draft_finish(&draft, name, config);
	sluice_draft_free(&draft);
	if (!error)
		error = keep_text(config, text, length);
sorted:
	if (findings->out_of_memory) {
		if (!error)
			sluice_config_free(*config);
		error = -ENOMEM;
	}
	sluice_findings_sort(findings);
	return error;
}

/* How long whoever fills a pipe may pause. */
#define READ_PAUSE_MS 10000

/* Waits for more from a pipe that has a writer and is empty. 0 or a negative errno, -ETIMEDOUT if
 * nothing comes. */
static int wait_for_more(int fd)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	int ready;

	do
		ready = poll(&wanted, 1, READ_PAUSE_MS);
	while (ready < 0 && errno == EINTR);
	return ready > 0 ? 0 : ready < 0 ? -errno : -ETIMEDOUT;
}

/* Reads all of `fd`, at most `size` bytes. Bytes read or a negative errno, -ETIMEDOUT if the writer
 * of a pipe pauses for too long. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t got;

	while (length < size) {
		got = read(fd, text + length, size - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int error = errno == EAGAIN ? wait_for_more(fd) : -errno;

			if (error)
				return error;
			continue;
		}
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

int sluice_config_read(const char *path, char **text, size_t *length,
		       struct sluice_findings *findings)
{
	const size_t size = SLUICE_CONFIG_TEXT_MAX + 1;
	ssize_t got;
	char *bytes;
	int fd;

	if (!findings)
		return -EINVAL;
	memset(findings, 0, sizeof(*findings));
	if (!path || !text || !length)
		return -EINVAL;
	bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	/* O_NONBLOCK: a FIFO nobody writes to must not hang the daemon; it reads as empty. */
	fd = strcmp(path, "-") != 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
				    : STDIN_FILENO;
	got = fd < 0 ? -errno : read_all(fd, bytes, size);
	if (fd > STDIN_FILENO)
		close(fd);
	if (got < 0) {
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, NULL, "cannot be read: %s",
				    got == -ETIMEDOUT ? "whoever writes to it has paused too long"
						      : strerror((int)-got));
		free(bytes);
		return -EINVAL;
	}
	*text = bytes;
	*length = (size_t)got;
	return 0;
}

int sluice_config_load(const char *path, struct sluice_config **config,
		       struct sluice_findings *findings)
{
	size_t length;
	char *text;
	int error = sluice_config_read(path, &text, &length, findings);

	if (error)
		return error;
	/* One byte more than is read at most: parse() says how many are too many. */
	error = sluice_config_parse(text, length, path, config, findings);
	free(text);
	return error;
}
