// SPDX-License-Identifier: MIT
/*
 * Builds our configuration of the inputs and outputs that the readers found; see import.h.
 * Touches: memory.
 */
#include <ctype.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "import.h"

#define NAME_MAX_BYTES 64
#define ROUNDS 16 /* in which what the check refuses is left out */

struct input {
	struct sluice_import_input wish;
	char name[NAME_MAX_BYTES];
	size_t outputs[SLUICE_IMPORT_FAN];
	size_t output_count;
	size_t yaml_line;
	bool is_gone;
};

struct output {
	struct sluice_import_output wish;
	char name[NAME_MAX_BYTES];
	size_t yaml_line;
	bool is_used;
	bool is_gone;
};

struct forward {
	struct sluice_import_forward wish;
	char name[NAME_MAX_BYTES];
	size_t yaml_line;
	bool is_gone;
};

struct sluice_import {
	char file[SLUICE_IMPORT_WORD];
	struct input *inputs;
	struct output *outputs;
	struct forward *forwards;
	size_t input_count, output_count, forward_count;
	char *remarks[SLUICE_IMPORT_REMARKS];
	size_t remark_count; /* also of those that are not kept */
};

/* Makes text fit for a terminal and a comment. */
static void clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			*text = '?';
}

struct sluice_import *sluice_import_new(const char *name)
{
	struct sluice_import *import = calloc(1, sizeof(*import));

	if (!import)
		return NULL;
	import->inputs = calloc(SLUICE_IMPORT_PIECES, sizeof(*import->inputs));
	import->outputs = calloc(SLUICE_IMPORT_PIECES, sizeof(*import->outputs));
	import->forwards = calloc(SLUICE_IMPORT_PIECES, sizeof(*import->forwards));
	if (!import->inputs || !import->outputs || !import->forwards) {
		sluice_import_free(import);
		return NULL;
	}
	snprintf(import->file, sizeof(import->file), "%s", name ? name : "-");
	clean(import->file);
	return import;
}

void sluice_import_free(struct sluice_import *import)
{
	size_t number;

	if (!import)
		return;
	for (number = 0; number < SLUICE_IMPORT_REMARKS; number++)
		free(import->remarks[number]);
	free(import->inputs);
	free(import->outputs);
	free(import->forwards);
	free(import);
}

void sluice_import_remark(struct sluice_import *import, size_t line, const char *format, ...)
{
	char said[768], *text = NULL;
	va_list arguments;

	if (!import || !format)
		return;
	if (import->remark_count++ >= SLUICE_IMPORT_REMARKS)
		return;
	va_start(arguments, format);
	vsnprintf(said, sizeof(said), format, arguments);
	va_end(arguments);
	clean(said);
	if (asprintf(&text, "%s:%zu: %s", import->file, line, said) < 0)
		return;
	import->remarks[import->remark_count - 1] = text;
}

size_t sluice_import_remark_count(const struct sluice_import *import)
{
	return import ? import->remark_count : 0;
}

bool sluice_import_copy(char *value, const char *text, size_t length)
{
	value[0] = '\0';
	if (!text || length >= SLUICE_IMPORT_WORD || memchr(text, 0, length))
		return false;
	memcpy(value, text, length);
	value[length] = '\0';
	return true;
}

/* Turns a port, a number or the name of a service, into digits. False: it is neither. */
static bool resolve_port(char *port, const char *protocol)
{
	const struct servent *service;
	char *end;
	long number;

	if (isdigit((unsigned char)port[0])) {
		number = strtol(port, &end, 10);
		if (*end || number < 1 || number > 65535)
			return false;
	} else {
		/* One thread; the answer is used at once. NOLINTNEXTLINE(concurrency-mt-unsafe) */
		service = port[0] ? getservbyname(port, protocol) : NULL;
		if (!service)
			return false;
		number = (long)(((unsigned)service->s_port & 0xff) << 8 |
				((unsigned)service->s_port >> 8 & 0xff));
	}
	snprintf(port, SLUICE_IMPORT_WORD, "%ld", number);
	return true;
}

/* Holds `text` only what a host, an address or an interface is written with? */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(".:-_%/@", *text))
			return false;
	return true;
}

/* Makes `name` one that no other has, of those that begin every `size` bytes. */
static void make_unique(char *name, const char *names, size_t size, size_t count)
{
	char stem[NAME_MAX_BYTES];
	size_t number, attempt = 1;

	snprintf(stem, sizeof(stem), "%.48s", name);
	snprintf(name, NAME_MAX_BYTES, "%s", stem);
	for (number = 0; number < count; number++) {
		if (strcasecmp(names + number * size, name) != 0)
			continue;
		snprintf(name, NAME_MAX_BYTES, "%.48s-%zu", stem, ++attempt);
		number = (size_t)-1;
	}
}

/* Takes the brackets off an address. */
static void unbracket(char *host)
{
	size_t length = strlen(host);

	if (length <= 2 || host[0] != '[' || host[length - 1] != ']')
		return;
	host[length - 1] = '\0';
	memmove(host, host + 1, length - 1);
}

int sluice_import_output(struct sluice_import *import, const struct sluice_import_output *output)
{
	struct sluice_import_output wish;
	struct output *piece;
	char *byte;
	size_t number;

	if (!import || !output || !output->framing)
		return -1;
	wish = *output;
	unbracket(wish.host);
	if (!wish.host[0] || !is_plain(wish.host) || strchr(wish.host, '/')) {
		sluice_import_remark(import, wish.line,
				     "%s: no host that can be used: write the output by hand",
				     output->host[0] ? output->host : "(nothing)");
		return -1;
	}
	if (!resolve_port(wish.port, "tcp")) {
		sluice_import_remark(import, wish.line,
				     "%s: no TCP port from 1 to 65535: write the output by hand",
				     output->port[0] ? output->port : "(nothing)");
		return -1;
	}
	for (number = 0; number < import->output_count; number++) {
		piece = &import->outputs[number];
		if (!strcmp(piece->wish.host, wish.host) && !strcmp(piece->wish.port, wish.port) &&
		    !strcmp(piece->wish.framing, wish.framing))
			return (int)number;
	}
	if (number >= SLUICE_IMPORT_PIECES) {
		sluice_import_remark(import, wish.line, "%s: more than %u outputs: part the file",
				     wish.host, SLUICE_IMPORT_PIECES);
		return -1;
	}
	piece = &import->outputs[number];
	piece->wish = wish;
	snprintf(piece->name, sizeof(piece->name), "%.40s-%.5s", wish.host, wish.port);
	for (byte = piece->name; *byte; byte++)
		if (!isalnum((unsigned char)*byte) && !strchr(".-_", *byte))
			*byte = '-';
	make_unique(piece->name, import->outputs->name, sizeof(*piece), number);
	import->output_count++;
	return (int)number;
}

int sluice_import_input(struct sluice_import *import, const struct sluice_import_input *input,
			bool *is_new)
{
	struct sluice_import_input wish;
	struct input *piece;
	size_t number;

	if (!import || !input)
		return -1;
	wish = *input;
	if (is_new)
		*is_new = false;
	if (!resolve_port(wish.port, "udp")) {
		sluice_import_remark(import, wish.line,
				     "%s: no UDP port from 1 to 65535: write the input by hand",
				     input->port[0] ? input->port : "(nothing)");
		return -1;
	}
	if (!strcmp(wish.address, "0.0.0.0") || !strcmp(wish.address, "::") ||
	    !strcmp(wish.address, "*"))
		wish.address[0] = '\0';
	if (!is_plain(wish.address) || !is_plain(wish.from) || !is_plain(wish.interface)) {
		sluice_import_remark(import, wish.line,
				     "port %s: its address or interface is none: write the input "
				     "by hand",
				     wish.port);
		return -1;
	}
	for (number = 0; number < import->input_count; number++) {
		piece = &import->inputs[number];
		if (!strcmp(piece->wish.port, wish.port) &&
		    !strcmp(piece->wish.address, wish.address) &&
		    !strcmp(piece->wish.from, wish.from) &&
		    !strcmp(piece->wish.interface, wish.interface))
			return (int)number;
	}
	if (number >= SLUICE_IMPORT_PIECES) {
		sluice_import_remark(import, wish.line,
				     "port %s: more than %u inputs: part the file", wish.port,
				     SLUICE_IMPORT_PIECES);
		return -1;
	}
	piece = &import->inputs[number];
	piece->wish = wish;
	snprintf(piece->name, sizeof(piece->name), "udp-%.5s", wish.port);
	make_unique(piece->name, import->inputs->name, sizeof(*piece), number);
	import->input_count++;
	if (is_new)
		*is_new = true;
	return (int)number;
}

void sluice_import_forward(struct sluice_import *import,
			   const struct sluice_import_forward *forward)
{
	struct sluice_import_forward *wish;
	struct forward *piece;

	if (!import || !forward)
		return;
	if (import->forward_count >= SLUICE_IMPORT_PIECES) {
		sluice_import_remark(import, forward->line,
				     "TCP port %s: more than %u forwards: part the file",
				     forward->port, SLUICE_IMPORT_PIECES);
		return;
	}
	piece = &import->forwards[import->forward_count];
	memset(piece, 0, sizeof(*piece));
	piece->wish = *forward;
	wish = &piece->wish;
	unbracket(wish->address);
	unbracket(wish->host);
	if (!wish->address[0] || !strcmp(wish->address, "*"))
		snprintf(wish->address, sizeof(wish->address), "0.0.0.0");
	if (!resolve_port(wish->port, "tcp") || !resolve_port(wish->to_port, "tcp") ||
	    !wish->host[0] || !is_plain(wish->host) || strchr(wish->host, '/') ||
	    !is_plain(wish->address) || !is_plain(wish->from)) {
		sluice_import_remark(import, wish->line,
				     "TCP port %s: an address or a port is none: write the forward "
				     "by hand",
				     forward->port[0] ? forward->port : "(nothing)");
		return;
	}
	snprintf(piece->name, sizeof(piece->name), "tcp-%.5s", wish->port);
	make_unique(piece->name, import->forwards->name, sizeof(*piece), import->forward_count);
	import->forward_count++;
}

void sluice_import_feed(struct sluice_import *import, int input, int output)
{
	struct input *piece;
	size_t number;

	if (!import || input < 0 || output < 0 || (size_t)input >= import->input_count ||
	    (size_t)output >= import->output_count)
		return;
	piece = &import->inputs[input];
	for (number = 0; number < piece->output_count; number++)
		if (piece->outputs[number] == (size_t)output)
			return;
	if (number >= SLUICE_IMPORT_FAN) {
		sluice_import_remark(import, import->outputs[output].wish.line,
				     "%s: port %s goes to more than %u outputs: add it by hand",
				     import->outputs[output].name, piece->wish.port,
				     SLUICE_IMPORT_FAN);
		return;
	}
	piece->outputs[piece->output_count++] = (size_t)output;
}

char *sluice_import_remarks(const struct sluice_import *import)
{
	char *text = NULL;
	size_t size, number;
	FILE *file;

	if (!import)
		return NULL;
	file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	for (number = 0; number < import->remark_count && number < SLUICE_IMPORT_REMARKS; number++)
		if (import->remarks[number])
			fprintf(file, "%s\n", import->remarks[number]);
	if (import->remark_count > SLUICE_IMPORT_REMARKS)
		fprintf(file, "%s:1: %zu more: only the first %u are told, mend these first\n",
			import->file, import->remark_count - SLUICE_IMPORT_REMARKS,
			SLUICE_IMPORT_REMARKS);
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Notes which outputs are still used; inputs that feed none are left out. Returns whether there is
 * an input or a forward. */
static bool settle(struct sluice_import *import)
{
	size_t number, place, kept;
	bool any = false;

	for (number = 0; number < import->output_count; number++)
		import->outputs[number].is_used = false;
	for (number = 0; number < import->input_count; number++) {
		struct input *input = &import->inputs[number];

		for (place = kept = 0; place < input->output_count; place++)
			if (!import->outputs[input->outputs[place]].is_gone)
				input->outputs[kept++] = input->outputs[place];
		input->output_count = kept;
		input->is_gone = input->is_gone || kept == 0;
		for (place = 0; place < kept && !input->is_gone; place++)
			import->outputs[input->outputs[place]].is_used = true;
		any = any || !input->is_gone;
	}
	for (number = 0; number < import->forward_count; number++)
		any = any || !import->forwards[number].is_gone;
	return any;
}

/* Writes one input. */
static void write_input(FILE *file, const struct sluice_import *import, const struct input *input)
{
	size_t place;

	fprintf(file, "  - {name: \"%s\", port: %s", input->name, input->wish.port);
	if (input->wish.address[0])
		fprintf(file, ", address: \"%s\"", input->wish.address);
	if (input->wish.from[0])
		fprintf(file, ", from: \"%s\"", input->wish.from);
	if (input->wish.interface[0])
		fprintf(file, ", interface: \"%s\"", input->wish.interface);
	fputs(", outputs: [", file);
	for (place = 0; place < input->output_count; place++)
		fprintf(file, "%s\"%s\"", place ? ", " : "",
			import->outputs[input->outputs[place]].name);
	fprintf(file, "]} # %s:%zu\n", import->file, input->wish.line);
}

/* Writes one output. */
static void write_output(FILE *file, const struct sluice_import *import,
			 const struct output *output)
{
	const char *mark = strchr(output->wish.host, ':') ? "[" : "";

	fprintf(file, "  - {name: \"%s\", to: [\"%s%s%s:%s\"]", output->name, mark,
		output->wish.host, mark[0] ? "]" : "", output->wish.port);
	if (output->wish.receiver)
		fprintf(file, ", receiver: %s", output->wish.receiver);
	fprintf(file, ", framing: %s", output->wish.framing);
	if (output->wish.has_one_connection)
		fputs(", connections: 1", file);
	fprintf(file, "} # %s:%zu\n", import->file, output->wish.line);
}

/* Writes one forward. */
static void write_forward(FILE *file, const struct sluice_import *import,
			  const struct forward *forward)
{
	const struct sluice_import_forward *wish = &forward->wish;
	bool is_six = strchr(wish->address, ':'), to_six = strchr(wish->host, ':');

	fprintf(file, "  - {name: \"%s\", listen: \"%s%s%s:%s\", to: \"%s%s%s:%s\"", forward->name,
		is_six ? "[" : "", wish->address, is_six ? "]" : "", wish->port, to_six ? "[" : "",
		wish->host, to_six ? "]" : "", wish->to_port);
	if (wish->from[0])
		fprintf(file, ", from: \"%s\"", wish->from);
	if (wish->allow[0])
		fprintf(file, ", allow: [%s]", wish->allow);
	if (wish->deny[0])
		fprintf(file, ", deny: [%s]", wish->deny);
	fprintf(file, "} # %s:%zu\n", import->file, wish->line);
}

/* Writes the section of the forwards that are left; the first line is `at`. */
static void write_forwards(FILE *file, struct sluice_import *import, size_t at)
{
	bool is_begun = false;
	size_t number;

	for (number = 0; number < import->forward_count; number++) {
		struct forward *forward = &import->forwards[number];

		forward->yaml_line = 0;
		if (forward->is_gone)
			continue;
		if (!is_begun)
			fputs("forwards:\n", file);
		at += !is_begun;
		is_begun = true;
		forward->yaml_line = at++;
		write_forward(file, import, forward);
	}
}

/* Is an input left? */
static bool has_input(const struct sluice_import *import)
{
	size_t number;

	for (number = 0; number < import->input_count; number++)
		if (!import->inputs[number].is_gone)
			return true;
	return false;
}

/* Writes all of it and notes in which line each piece stands. NULL: no memory. @owner caller */
static char *write_yaml(struct sluice_import *import)
{
	char *text = NULL, *remarks = sluice_import_remarks(import), *line, *rest;
	size_t size, number, at = 2;
	bool has_inputs = has_input(import);
	FILE *file = open_memstream(&text, &size);

	if (!file || !remarks) {
		if (file)
			fclose(file);
		free(text);
		free(remarks);
		return NULL;
	}
	fprintf(file, "# From %s, by sluicectl import.\n", import->file);
	if (remarks[0]) {
		fputs("# Not taken over:\n", file);
		at++;
	}
	for (line = strtok_r(remarks, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		fprintf(file, "# %s\n", line);
		at++;
	}
	free(remarks);
	if (has_inputs) {
		fputs("inputs:\n", file);
		at++;
	}
	for (number = 0; number < import->input_count; number++) {
		if (import->inputs[number].is_gone)
			continue;
		import->inputs[number].yaml_line = at++;
		write_input(file, import, &import->inputs[number]);
	}
	if (has_inputs) {
		fputs("outputs:\n", file);
		at++;
	}
	for (number = 0; number < import->output_count; number++) {
		import->outputs[number].yaml_line = 0;
		if (!import->outputs[number].is_used)
			continue;
		import->outputs[number].yaml_line = at++;
		write_output(file, import, &import->outputs[number]);
	}
	write_forwards(file, import, at);
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Leaves out the piece that a finding is about, and tells it. False: it is about none. */
static bool leave_out(struct sluice_import *import, const struct sluice_finding *finding)
{
	size_t number;

	for (number = 0; number < import->input_count; number++) {
		struct input *input = &import->inputs[number];

		if (input->is_gone || input->yaml_line != finding->line)
			continue;
		input->is_gone = true;
		sluice_import_remark(import, input->wish.line, "UDP port %s: %s", input->wish.port,
				     finding->text);
		return true;
	}
	for (number = 0; number < import->forward_count; number++) {
		struct forward *forward = &import->forwards[number];

		if (forward->is_gone || forward->yaml_line != finding->line)
			continue;
		forward->is_gone = true;
		sluice_import_remark(import, forward->wish.line, "TCP port %s: %s",
				     forward->wish.port, finding->text);
		return true;
	}
	for (number = 0; number < import->output_count; number++) {
		struct output *output = &import->outputs[number];

		if (!output->is_used || output->is_gone || output->yaml_line != finding->line)
			continue;
		output->is_gone = true;
		sluice_import_remark(import, output->wish.line, "%s: %s", output->name,
				     finding->text);
		return true;
	}
	return false;
}

char *sluice_import_yaml(struct sluice_import *import)
{
	struct sluice_findings findings;
	size_t round, number;
	char *text;
	bool left_out;

	if (!import)
		return NULL;
	for (round = 0; round < ROUNDS && settle(import); round++) {
		text = write_yaml(import);
		if (!text)
			return NULL;
		sluice_ctl_check_text(import->file, text, strlen(text), NULL, &findings);
		if (findings.error_count == 0) {
			sluice_findings_free(&findings);
			return text;
		}
		free(text);
		left_out = false;
		for (number = 0; number < findings.count; number++)
			if (findings.list[number].severity == SLUICE_FINDING_ERROR)
				left_out |= leave_out(import, &findings.list[number]);
		if (!left_out)
			sluice_import_remark(import, 1, "all of it: %s",
					     findings.count ? findings.list[0].text : "no memory");
		sluice_findings_free(&findings);
		if (!left_out)
			return NULL;
	}
	return NULL;
}
