// SPDX-License-Identifier: MIT
/*
 * Reads rinetd's rules: "address port/protocol address port [options]", allow and deny. Those for
 * TCP become forwards. Touches: memory.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "import.h"

#define WORDS 16U

/* A piece of a line. */
struct word {
	const char *text;
	size_t length;
};

/* The rule that is read; it is taken over when the next one begins, with what allow says. */
struct rule {
	struct sluice_import_input input;
	struct sluice_import_output output;
	struct sluice_import_forward forward; /* if it is for TCP */
	bool is_tcp;
	bool is_there;
	bool is_refused; /* taken over it would let in whom rinetd keeps out */
};

/* Who may come to any rule, and who may not. */
struct access {
	char allow[SLUICE_IMPORT_LIST];
	char deny[SLUICE_IMPORT_LIST];
	bool is_odd; /* it cannot be written as prefixes */
};

/* Is the word that text? Without regard to case. */
static bool is(const struct word *word, const char *text)
{
	return word->length == strlen(text) && !strncasecmp(word->text, text, word->length);
}

/* Parts "port/protocol". Returns whether the protocol is UDP; without one it is TCP. */
static bool take_port(const struct word *word, char *port)
{
	const char *slash = memchr(word->text, '/', word->length);
	struct word protocol = {0};

	if (!slash)
		return sluice_import_copy(port, word->text, word->length) && false;
	protocol.text = slash + 1;
	protocol.length = word->length - (size_t)(slash + 1 - word->text);
	return sluice_import_copy(port, word->text, (size_t)(slash - word->text)) &&
	       is(&protocol, "udp");
}

/* Hands the rule over. */
static void end_rule(struct sluice_import *import, struct rule *rule)
{
	bool is_new;
	int input, output;

	if (rule->is_there && !rule->is_refused && rule->is_tcp) {
		sluice_import_forward(import, &rule->forward);
	} else if (rule->is_there && !rule->is_refused) {
		input = sluice_import_input(import, &rule->input, &is_new);
		if (input >= 0 && !is_new)
			sluice_import_remark(import, rule->input.line,
					     "UDP port %s: an earlier rule has it: rinetd takes "
					     "only the first, remove this one",
					     rule->input.port);
		output = input >= 0 && is_new ? sluice_import_output(import, &rule->output) : -1;
		sluice_import_feed(import, input, output);
	}
	rule->is_there = false;
	rule->is_refused = false;
}

/* "10.9.*.*" as a prefix. False: it cannot be written as one. */
static bool to_prefix(const struct word *pattern, char *prefix)
{
	unsigned int numbers[4] = {0}, parts = 0, stars = 0;
	char text[32], *rest, *part, *end;

	if (pattern->length >= sizeof(text))
		return false;
	memcpy(text, pattern->text, pattern->length);
	text[pattern->length] = '\0';
	if (memchr(text, 0, pattern->length))
		return false;
	for (part = strtok_r(text, ".", &rest); part; part = strtok_r(NULL, ".", &rest)) {
		if (parts == 4)
			return false;
		if (!strcmp(part, "*")) {
			stars++;
		} else {
			unsigned long number = strspn(part, "0123456789") == strlen(part)
						       ? strtoul(part, &end, 10)
						       : 256;

			if (stars || number > 255)
				return false;
			numbers[parts] = (unsigned int)number;
		}
		parts++;
	}
	/* "10.9.*" stands for all behind it. */
	if (parts < 4 && !stars)
		return false;
	snprintf(prefix, SLUICE_IMPORT_WORD, "%u.%u.%u.%u/%u", numbers[0], numbers[1], numbers[2],
		 numbers[3], (parts - stars) * 8);
	return true;
}

/* Adds a prefix to a list. False: it is full. */
static bool add_prefix(char *list, const char *prefix)
{
	size_t used = strlen(list);

	if (used + strlen(prefix) + 3 > SLUICE_IMPORT_LIST)
		return false;
	snprintf(list + used, SLUICE_IMPORT_LIST - used, "%s%s", used ? ", " : "", prefix);
	return true;
}

/* allow and deny of a TCP rule. An address has to be in an allow of all rules, and in one of the
 * rule: of both that is no list. */
static void read_tcp_access(struct sluice_import *import, size_t line, const struct word *words,
			    size_t count, struct rule *rule, const struct access *all)
{
	bool is_allow = is(&words[0], "allow");
	char prefix[SLUICE_IMPORT_WORD];

	if (count > 1 && !(is_allow && all->allow[0]) && to_prefix(&words[1], prefix) &&
	    add_prefix(is_allow ? rule->forward.allow : rule->forward.deny, prefix))
		return;
	rule->is_refused = true;
	sluice_import_remark(import, line,
			     "%.*s: it cannot be written as a list of prefixes, and without it "
			     "sluice would let in whom rinetd keeps out: the rule before it is not "
			     "taken over, write the forward by hand with `allow` and `deny`",
			     (int)words[0].length, words[0].text);
}

/* allow and deny of all rules. */
static void read_general_access(struct sluice_import *import, size_t line, const struct word *words,
				size_t count, struct access *all)
{
	char prefix[SLUICE_IMPORT_WORD];

	if (count > 1 && to_prefix(&words[1], prefix) &&
	    add_prefix(is(&words[0], "allow") ? all->allow : all->deny, prefix))
		return;
	all->is_odd = true;
	sluice_import_remark(import, line,
			     "%.*s: it cannot be written as a list of prefixes, and without it "
			     "sluice would let in whom rinetd keeps out: no rule is taken over, "
			     "write them by hand",
			     (int)words[0].length, words[0].text);
}

/* allow and deny. They are for the rule before them, or for all where there is none yet. */
static void read_access(struct sluice_import *import, size_t line, const struct word *words,
			size_t count, struct rule *rule, struct access *all)
{
	char prefix[SLUICE_IMPORT_WORD];

	if (rule->is_there && rule->is_tcp) {
		read_tcp_access(import, line, words, count, rule, all);
		return;
	}
	if (!rule->is_there) {
		read_general_access(import, line, words, count, all);
		return;
	}
	if (count > 1 && is(&words[0], "allow") && !rule->input.from[0] &&
	    to_prefix(&words[1], prefix)) {
		memcpy(rule->input.from, prefix, sizeof(prefix));
		return;
	}
	rule->is_refused = true;
	sluice_import_remark(import, line,
			     "%.*s: only one allow of a prefix per rule becomes `from`, and "
			     "without it sluice would let in whom rinetd keeps out: the rule "
			     "before it is not taken over, write the input by hand with `from`",
			     (int)words[0].length, words[0].text);
}

/* A rule's options. */
static void read_options(struct sluice_import *import, size_t line, const struct word *words,
			 size_t count)
{
	size_t number;

	for (number = 4; number < count; number++)
		sluice_import_remark(import, line,
				     "%.*s: sluice has no such option for a flow, for it keeps no "
				     "state of flows: leave it out",
				     (int)(words[number].length < 80 ? words[number].length : 80),
				     words[number].text);
}

/* Reads a TCP rule's options: "[timeout=60,src=10.9.0.1]". */
static void read_tcp_options(struct sluice_import *import, size_t line, const struct word *words,
			     size_t count, struct rule *rule)
{
	size_t number, length;
	const char *at;

	for (number = 4; number < count; number++) {
		at = words[number].text;
		length = words[number].length;
		/* A list in brackets, with commas; one word at a time. */
		while (length) {
			size_t bytes = 0;

			while (bytes < length && !strchr("[],", at[bytes]))
				bytes++;
			if (bytes > 4 && !strncasecmp(at, "src=", 4) &&
			    sluice_import_copy(rule->forward.from, at + 4, bytes - 4))
				;
			else if (bytes)
				sluice_import_remark(
					import, line,
					"%.*s: no option of a forward: see `keepalive` "
					"and `idle-timeout` of forwards",
					(int)(bytes < 80 ? bytes : 80), at);
			bytes += bytes < length;
			at += bytes;
			length -= bytes;
		}
	}
}

/* Reads a TCP rule, whose ports have been read. */
static void read_tcp_rule(struct sluice_import *import, size_t line, const struct word *words,
			  size_t count, struct rule *rule, const struct access *all)
{
	struct sluice_import_forward *forward = &rule->forward;

	forward->line = line;
	if (!sluice_import_copy(forward->address, words[0].text, words[0].length) ||
	    !sluice_import_copy(forward->host, words[2].text, words[2].length)) {
		sluice_import_remark(import, line,
				     "the rule: an address is too long: write it by hand");
		return;
	}
	memcpy(forward->port, rule->input.port, sizeof(forward->port));
	memcpy(forward->to_port, rule->output.port, sizeof(forward->to_port));
	memcpy(forward->allow, all->allow, sizeof(forward->allow));
	memcpy(forward->deny, all->deny, sizeof(forward->deny));
	rule->is_there = rule->is_tcp = true;
	read_tcp_options(import, line, words, count, rule);
}

/* Reads a rule. */
static void read_rule(struct sluice_import *import, size_t line, const struct word *words,
		      size_t count, struct rule *rule, const struct access *all)
{
	bool in_udp, out_udp;

	memset(rule, 0, sizeof(*rule));
	in_udp = take_port(&words[1], rule->input.port);
	out_udp = take_port(&words[3], rule->output.port);
	if (!in_udp && !out_udp) {
		read_tcp_rule(import, line, words, count, rule, all);
		return;
	}
	if (!in_udp) {
		sluice_import_remark(import, line,
				     "port %s: the rule takes TCP and sends UDP, which sluice does "
				     "not: leave it to rinetd",
				     rule->input.port);
		return;
	}
	if (all->allow[0] || all->deny[0]) {
		sluice_import_remark(import, line,
				     "UDP port %s: an allow or deny for all rules is not taken "
				     "over for UDP: write the input by hand with `from`",
				     rule->input.port);
		return;
	}
	if (out_udp) {
		sluice_import_remark(import, line,
				     "port %s/udp: the rule sends UDP, sluice sends TCP only: have "
				     "the receiver listen on TCP, or leave it to rinetd",
				     rule->output.port);
		return;
	}
	rule->input.line = rule->output.line = line;
	if (!sluice_import_copy(rule->input.address, words[0].text, words[0].length) ||
	    !sluice_import_copy(rule->output.host, words[2].text, words[2].length)) {
		sluice_import_remark(import, line,
				     "the rule: an address is too long: write it by hand");
		return;
	}
	rule->output.framing = "raw";
	rule->output.has_one_connection = true;
	rule->is_there = true;
	sluice_import_remark(import, line,
			     "UDP port %s: rinetd gives each sender a connection of its own and "
			     "carries answers back, sluice sends all over one and carries none: "
			     "take another framing if the receiver has to tell datagrams apart",
			     rule->input.port);
	read_options(import, line, words, count);
}

/* Reads one line. */
static void read_line(struct sluice_import *import, size_t line, const struct word *words,
		      size_t count, struct rule *rule, struct access *all)
{
	if (is(&words[0], "allow") || is(&words[0], "deny")) {
		read_access(import, line, words, count, rule, all);
		return;
	}
	if (is(&words[0], "pidlogfile"))
		return;
	if (is(&words[0], "logfile") || is(&words[0], "logcommon")) {
		sluice_import_remark(import, line,
				     "%.*s: sluice keeps no log of connections: see `log` and "
				     "`sluicectl show inputs`",
				     (int)words[0].length, words[0].text);
		return;
	}
	end_rule(import, rule);
	if (count < 4 || all->is_odd) {
		sluice_import_remark(import, line, "%s",
				     count < 4 ? "the line: no rule of four words: mend it"
					       : "the rule: an allow or deny for all rules is not "
						 "taken over: write it by hand");
		return;
	}
	read_rule(import, line, words, count, rule, all);
}

void sluice_import_rinetd(struct sluice_import *import, const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	struct word words[WORDS];
	struct rule rule = {0};
	struct access all = {.is_odd = false};
	size_t line, count;

	for (line = 1; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (!stop)
			stop = end;
		for (count = 0; at < stop;) {
			size_t blanks = strspn(at, " \t\r"), bytes;

			at += blanks;
			if (at >= stop || *at == '#')
				break;
			/* A NUL parts words as a blank does. */
			bytes = strcspn(at, " \t\r\n");
			if (count < WORDS && bytes) {
				words[count].text = at;
				words[count++].length = bytes;
			}
			at += bytes ? bytes : 1;
		}
		at = stop < end ? stop + 1 : end;
		if (count)
			read_line(import, line, words, count, &rule, &all);
	}
	end_rule(import, &rule);
}
