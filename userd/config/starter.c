// SPDX-License-Identifier: MIT
/*
 * The first configuration of somebody who has none; see starter.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/guid.h"
#include "receiver.h"
#include "starter.h"

/* Keys by whose line a word is found again. */
static const struct {
	const char *key;
	enum sluice_starter_word word;
} lines[] = {
	{"relay:", SLUICE_STARTER_RELAY},	{"port:", SLUICE_STARTER_PORTS},
	{"source:", SLUICE_STARTER_SOURCE},	{"to:", SLUICE_STARTER_TO},
	{"receiver:", SLUICE_STARTER_RECEIVER}, {"framing:", SLUICE_STARTER_FRAMING},
};

#define LINES (sizeof(lines) / sizeof(lines[0]))

/* Is the word too long to be looked at? Of NULL: no. */
static bool is_too_long(const char *word)
{
	return word && strnlen(word, SLUICE_STARTER_WORD + 1) > SLUICE_STARTER_WORD;
}

/* Can `length` bytes stand in YAML as they are? What has a colon, or a letter that YAML gives a
 * meaning to, is quoted. */
static bool is_plain(const char *word, size_t length)
{
	static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-./_";
	size_t at;

	for (at = 0; at < length; at++)
		if (!strchr(fit, word[at]) || !word[at])
			return false;
	/* Not a lone dash, not a document's end. */
	return length > 0 && word[0] != '-' && word[0] != '.';
}

/* Writes `length` bytes as one scalar of YAML, whatever they are. */
static void put_scalar(FILE *file, const char *word, size_t length)
{
	size_t at;

	if (is_plain(word, length)) {
		fprintf(file, "%.*s", (int)length, word);
		return;
	}
	fputc('"', file);
	for (at = 0; at < length; at++) {
		unsigned char byte = (unsigned char)word[at];

		if (byte == '"' || byte == '\\')
			fprintf(file, "\\%c", byte);
		else if (byte < ' ' || byte == 127)
			fprintf(file, "\\x%02x", byte);
		else
			fputc(byte, file);
	}
	fputc('"', file);
}

/* Writes `size` bytes of a word, with commas as a list, else as a scalar. */
static void put_list(FILE *file, const char *word, size_t size)
{
	const char *from = word, *end = word + size, *comma;
	bool is_list = memchr(word, ',', size);
	size_t length;

	if (is_list)
		fputc('[', file);
	for (;;) {
		comma = memchr(from, ',', (size_t)(end - from));
		if (!comma)
			comma = end;
		while (from < comma && *from == ' ')
			from++;
		length = (size_t)(comma - from);
		while (length > 0 && from[length - 1] == ' ')
			length--;
		put_scalar(file, from, length);
		if (comma == end)
			break;
		fputs(", ", file);
		from = comma + 1;
	}
	if (is_list)
		fputc(']', file);
}

/* Writes ports, also as a file has a list of them: "[5000-5003, 6000]". */
static void put_ports(FILE *file, const char *word)
{
	size_t size = strlen(word);

	if (size > 1 && word[0] == '[' && word[size - 1] == ']')
		put_list(file, word + 1, size - 2);
	else
		put_list(file, word, size);
}

/* Writes "KEY: WORD" and a newline, indented by `depth` blanks. Nothing if `word` is NULL. */
static void put_line(FILE *file, int depth, const char *key, const char *word)
{
	if (!word)
		return;
	fprintf(file, "%*s%s: ", depth, "", key);
	put_scalar(file, word, strlen(word));
	fputc('\n', file);
}

/* Writes the text; `hint`: the line of the receiver's own configuration, or NULL. */
static void put_text(FILE *file, const struct sluice_starter *wish, const char *relay,
		     const char *hint)
{
	fputs("# A configuration of sluiced. sluice.yaml(5) and `sluicectl keys` have all keys.\n"
	      "# `sluicectl check FILE` lists its faults, `sluiced -c FILE` runs with it,\n"
	      "# `sluicectl apply FILE` gives it to a daemon that runs.\n\n"
	      "# What this relay is called in statistics.\n",
	      file);
	put_line(file, 0, "relay", relay);
	fputs("\ninputs:\n  - name: udp\n"
	      "    # A port, a range, or a list of both: [5000-5003, 6000].\n    port: ",
	      file);
	put_ports(file, wish->ports);
	fputs("\n    # auto: the kernel module where it is loaded, else sockets; kmod; socket.\n",
	      file);
	put_line(file, 4, "source", wish->source ? wish->source : "auto");
	fputs("    # address: 10.9.0.1         # only datagrams to this address or prefix\n"
	      "    # from: 10.9.0.0/24         # only datagrams from this prefix\n"
	      "    # interface: eth0           # only datagrams that come in here\n"
	      "    outputs: [collector]        # several: each gets every datagram\n\n"
	      "outputs:\n  - name: collector\n"
	      "    # HOST:PORT, or a list of several; mode says which gets what.\n    to: ",
	      file);
	put_list(file, wish->to, strlen(wish->to));
	fputs("\n    # mode: round-robin         # balance, hash, duplicate\n", file);
	if (wish->receiver)
		fputs("    # Who receives: sets framing and limits as that program needs them.\n",
		      file);
	put_line(file, 4, "receiver", wish->receiver);
	if (wish->framing || !wish->receiver)
		fputs("    # native is for receivers that acknowledge (sluicebench sink, "
		      "libsluice);\n    # for others: newline, octet-counted, length32, raw, pcap, "
		      "relp.\n",
		      file);
	put_line(file, 4, "framing",
		 wish->framing	  ? wish->framing
		 : wish->receiver ? NULL
				  : "native");
	if (hint)
		fprintf(file, "    # The receiver reads it with, for example: %s\n", hint);
	fputs("\nstore:\n  memory: {size: 64m}           # all rings together\n"
	      "  # disk: {path: /var/lib/sluice, size: 1g}   # what does not fit into memory\n\n"
	      "# stderr, journal, or the path of a file.\nlog:\n",
	      file);
	put_line(file, 2, "to", wish->log ? wish->log : "stderr");
}

/* put_text() into memory. 0 or -ENOMEM. @owner caller: free(*text) */
static int make_text(const struct sluice_starter *wish, const char *relay, const char *hint,
		     char **text)
{
	size_t size = 0;
	FILE *file;
	bool failed;

	*text = NULL;
	file = open_memstream(text, &size);
	if (!file)
		return -ENOMEM;
	put_text(file, wish, relay, hint);
	failed = ferror(file);
	if (!fclose(file) && !failed)
		return 0;
	free(*text);
	*text = NULL;
	return -ENOMEM;
}

/* A name after the ports, the same for all ways of writing them: "relay-5000-5003". 0, -EINVAL,
 * -ENOMEM. */
static int name_by_ports(const struct sluice_config_input *input, char name[SLUICE_NAME_MAX + 1])
{
	char guid_text[SLUICE_GUID_TEXT];
	sluice_guid guid;
	size_t used, range;
	int error;

	used = (size_t)snprintf(name, SLUICE_NAME_MAX + 1, "relay");
	for (range = 0; range < input->port_count && used <= SLUICE_NAME_MAX; range++) {
		const struct sluice_port_range *ports = &input->ports[range];
		size_t room = SLUICE_NAME_MAX + 1 - used;

		if (ports->first == ports->last)
			used += (size_t)snprintf(name + used, room, "-%u", ports->first);
		else
			used += (size_t)snprintf(name + used, room, "-%u-%u", ports->first,
						 ports->last);
	}
	if (used <= SLUICE_NAME_MAX)
		return 0;
	/* Too many for a name. */
	error = sluice_guid_derive("ports", input->ports, input->port_count * sizeof(*input->ports),
				   guid);
	if (!error)
		snprintf(name, SLUICE_NAME_MAX + 1, "relay-%s",
			 sluice_guid_format(guid, guid_text));
	return error;
}

/* The line with which the first output's receiver reads what comes; NULL: none is known. */
static const char *hint_of(const struct sluice_config *config)
{
	const struct sluice_receiver *receiver = sluice_receiver_of(config->outputs[0].receiver);
	const struct sluice_receiver_way *way =
		receiver ? sluice_receiver_way_of(receiver, config->outputs[0].framing) : NULL;

	return way ? way->input : NULL;
}

int sluice_starter_text(const struct sluice_starter *wish, char **text)
{
	const char *relay, *hint = NULL;
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	char name[SLUICE_NAME_MAX + 1];
	int error;

	if (!wish || !text || !wish->ports || !wish->to || is_too_long(wish->ports) ||
	    is_too_long(wish->to) || is_too_long(wish->framing) || is_too_long(wish->receiver) ||
	    is_too_long(wish->relay) || is_too_long(wish->source) || is_too_long(wish->log))
		return -EINVAL;
	relay = wish->relay ? wish->relay : "relay";
	error = make_text(wish, relay, NULL, text);
	if (error)
		return error;
	/* What the words mean decides on the name and the hint; faults are the caller's to tell. */
	error = sluice_config_parse(*text, strlen(*text), "", &config, &findings);
	sluice_findings_free(&findings);
	if (error == -EINVAL)
		return 0;
	free(*text);
	*text = NULL;
	if (error)
		return error;
	hint = hint_of(config);
	if (!wish->relay) {
		relay = name;
		error = name_by_ports(&config->inputs[0], name);
	}
	if (!error)
		error = make_text(wish, relay, hint, text);
	sluice_config_free(config);
	return error;
}

enum sluice_starter_word sluice_starter_word_at(const char *text, size_t line)
{
	size_t number;

	if (!text || !line)
		return SLUICE_STARTER_NONE;
	while (--line) {
		text = strchr(text, '\n');
		if (!text)
			return SLUICE_STARTER_NONE;
		text++;
	}
	/* log.to has less in front of it than outputs.to. */
	if (!strncmp(text, "  to:", strlen("  to:")))
		return SLUICE_STARTER_NONE;
	text += strspn(text, " ");
	for (number = 0; number < LINES; number++)
		if (!strncmp(text, lines[number].key, strlen(lines[number].key)))
			return lines[number].word;
	return SLUICE_STARTER_NONE;
}

char *sluice_starter_findings(const char *text, const struct sluice_findings *findings,
			      const char *const options[SLUICE_STARTER_SOURCE + 1])
{
	const struct sluice_finding *finding;
	char *result = NULL;
	size_t number, size = 0;
	bool failed;
	FILE *file;

	if (!text || !findings || !options)
		return NULL;
	file = open_memstream(&result, &size);
	if (!file)
		return NULL;
	for (number = 0; number < findings->count; number++) {
		finding = &findings->list[number];
		fprintf(file, "%s: %s: %s\n", options[sluice_starter_word_at(text, finding->line)],
			sluice_severity_name(finding->severity), finding->text);
	}
	failed = ferror(file);
	if (!fclose(file) && !failed)
		return result;
	free(result);
	return NULL;
}
