// SPDX-License-Identifier: MIT
/*
 * Reads socat command lines: UDP-RECV, UDP-LISTEN or UDP-RECVFROM on one side, TCP on the other.
 * Touches: memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "import.h"

#define WORDS 64U
#define LINE_MAX_BYTES 8192U

/* One address of socat, parted. */
struct address {
	char text[SLUICE_IMPORT_WORD * 2]; /* what the others point into */
	char *type, *first, *second, *options;
};

/* Does `type` begin with "UDP" or "TCP" (`protocol`), perhaps with 4 or 6, and go on like one of
 * `forms` (parted by blanks; "-" is nothing)? */
static bool is_type(const char *type, const char *protocol, const char *forms)
{
	const char *form = forms;
	size_t length;

	if (strncasecmp(type, protocol, 3) != 0)
		return false;
	type += 3;
	if (*type == '4' || *type == '6')
		type++;
	if (!*type)
		return *forms == '-';
	for (; *form; form += length + (form[length] == ' ')) {
		length = strcspn(form, " ");
		if (strlen(type) == length && !strncasecmp(type, form, length))
			return true;
	}
	return false;
}

/* Parts "TYPE:first:second,options" at colons outside of brackets. False: it is too long. */
static bool part_address(const char *word, struct address *address)
{
	char *at, **next;
	bool in_brackets = false;

	memset(address, 0, sizeof(*address));
	address->type = address->first = address->second = address->options = address->text;
	if (strlen(word) >= sizeof(address->text))
		return false;
	memcpy(address->text, word, strlen(word) + 1);
	address->first = address->second = address->options = address->text + strlen(address->text);
	next = &address->first;
	for (at = address->text; *at; at++) {
		if (*at == '[' || *at == ']') {
			in_brackets = *at == '[';
		} else if (*at == ',' && !in_brackets) {
			*at = '\0';
			address->options = at + 1;
			break;
		} else if (*at == ':' && !in_brackets && next) {
			*at = '\0';
			*next = at + 1;
			next = next == &address->first ? &address->second : NULL;
		}
	}
	return true;
}

/* Takes an option of the UDP side over. False: it cannot be. */
static bool take_udp_option(struct sluice_import_input *input, const char *name, const char *value)
{
	static const char *const idle[] = {
		"reuseaddr", "so-reuseaddr", "reuseport",	  "fork",	 "rcvbuf",
		"so-rcvbuf", "pf",	     "ip-add-membership", "so-reuseport"};
	size_t number;

	if (!strcasecmp(name, "bind")) {
		size_t length = strlen(value);

		if (value[0] == '[' && length > 2 && value[length - 1] == ']')
			return sluice_import_copy(input->address, value + 1, length - 2);
		return !strchr(value, ':') && sluice_import_copy(input->address, value, length);
	}
	if (!strcasecmp(name, "range"))
		return value[0] != '[' && !strchr(value, ':') &&
		       sluice_import_copy(input->from, value, strlen(value));
	if (!strcasecmp(name, "so-bindtodevice") || !strcasecmp(name, "interface") ||
	    !strcasecmp(name, "if"))
		return sluice_import_copy(input->interface, value, strlen(value));
	for (number = 0; number < sizeof(idle) / sizeof(idle[0]); number++)
		if (!strcasecmp(name, idle[number]))
			/* The group is the address that is listened at; another is not taken over.
			 */
			return strcasecmp(name, "ip-add-membership") != 0;
	return false;
}

/* Is it an option of the TCP side that sluice needs not be told? It always tries again. */
static bool is_idle_tcp(const char *name)
{
	static const char *const idle[] = {"nodelay",  "tcp-nodelay", "keepalive", "so-keepalive",
					   "keepidle", "keepintvl",   "keepcnt",   "retry",
					   "forever",  "interval",    "reuseaddr", "so-reuseaddr",
					   "sndbuf",   "so-sndbuf",   "pf",	   "shut-none"};
	size_t number;

	for (number = 0; number < sizeof(idle) / sizeof(idle[0]); number++)
		if (!strcasecmp(name, idle[number]))
			return true;
	return false;
}

/* Goes through the options of an address; `input` is NULL for the TCP side. */
static void take_options(struct sluice_import *import, size_t line, char *options,
			 struct sluice_import_input *input)
{
	char *option, *rest, *value;

	for (option = strtok_r(options, ",", &rest); option; option = strtok_r(NULL, ",", &rest)) {
		value = strchr(option, '=');
		if (value)
			*value++ = '\0';
		else
			value = option + strlen(option);
		if (input ? take_udp_option(input, option, value) : is_idle_tcp(option))
			continue;
		sluice_import_remark(import, line,
				     "%s: option of the %s side that is not taken over: see "
				     "sluice.yaml(5) for what the %s has in its place",
				     option, input ? "UDP" : "TCP", input ? "input" : "output");
	}
}

/* Tells how the UDP side does otherwise than sluice. */
static void tell_kind(struct sluice_import *import, size_t line, const struct address *udp,
		      const char *options)
{
	bool forks = strcasestr(options, "fork") != NULL;

	if (is_type(udp->type, "UDP", "-RECV"))
		return;
	if (is_type(udp->type, "UDP", "-LISTEN -L"))
		sluice_import_remark(
			import, line,
			forks ? "%s with fork: socat gives each sender a connection of its own and "
				"carries answers back, sluice sends all over one and carries none: "
				"take another framing if the receiver has to tell datagrams apart"
			      : "%s: socat hears only the first sender and carries answers back, "
				"sluice hears all and carries none: write `from` at the input to "
				"hear one",
			udp->type);
	else
		sluice_import_remark(
			import, line,
			forks ? "%s with fork: socat makes a connection for each datagram and "
				"carries answers back, sluice sends all over one and carries none: "
				"take another framing if the receiver has to tell datagrams apart"
			      : "%s: socat takes one datagram and ends, sluice takes all: nothing "
				"is to be done if that is meant",
			udp->type);
}

/* Takes a pair of addresses over. */
static void take_pair(struct sluice_import *import, size_t line, struct address *udp,
		      struct address *tcp)
{
	struct sluice_import_input input = {.line = line};
	struct sluice_import_output output = {
		.line = line, .framing = "raw", .has_one_connection = true};
	char options[sizeof(udp->text)];
	int number;

	if (!is_type(udp->type, "UDP", "-RECV -LISTEN -L -RECVFROM")) {
		sluice_import_remark(import, line,
				     "%s: sluice takes UDP only (`source: tcp` is not supported "
				     "yet): leave it to socat",
				     udp->type[0] ? udp->type : "(nothing)");
		return;
	}
	if (!is_type(tcp->type, "TCP", "- -CONNECT")) {
		sluice_import_remark(import, line,
				     "%s: sluice sends by TCP only, without TLS: leave it to socat",
				     tcp->type[0] ? tcp->type : "(nothing)");
		return;
	}
	if (!sluice_import_copy(input.port, udp->first, strlen(udp->first)) ||
	    !sluice_import_copy(output.host, tcp->first, strlen(tcp->first)) ||
	    !sluice_import_copy(output.port, tcp->second, strlen(tcp->second)) || udp->second[0]) {
		sluice_import_remark(import, line,
				     "%s: its port or host cannot be read: write it by hand",
				     udp->type);
		return;
	}
	snprintf(options, sizeof(options), "%s", udp->options);
	take_options(import, line, udp->options, &input);
	take_options(import, line, tcp->options, NULL);
	if ((strcasestr(options, "range") && !input.from[0]) || strcasestr(options, "tcpwrap") ||
	    strcasestr(options, "sourceport") || strcasestr(options, "lowport")) {
		sluice_import_remark(import, line,
				     "%s: its options keep senders out whom sluice would let in: "
				     "write the input by hand with `from`",
				     udp->type);
		return;
	}
	tell_kind(import, line, udp, options);
	number = sluice_import_input(import, &input, NULL);
	if (number >= 0)
		sluice_import_feed(import, number, sluice_import_output(import, &output));
}

/* Reads socat's options in front of the addresses. Returns how many words they are; *reverse: data
 * goes from the second address to the first. */
static size_t take_flags(struct sluice_import *import, size_t line, char *const *words,
			 size_t count, bool *reverse)
{
	size_t number;

	for (number = 0; number < count && words[number][0] == '-' && words[number][1]; number++) {
		char letter = words[number][1];

		if (letter == 'U')
			*reverse = true;
		if (strchr("TvxrRL", letter))
			sluice_import_remark(import, line,
					     "-%c: sluice neither prints what passes nor ends by "
					     "itself or by a lock: use sluicectl tap, and the "
					     "service",
					     letter);
		if (strchr("btTLWrR", letter) && !words[number][2])
			number++;
	}
	return number < count ? number : count;
}

void sluice_import_socat_words(struct sluice_import *import, size_t line, char *const *words,
			       size_t count)
{
	struct address first, second;
	bool reverse = false;
	const char *slash;
	size_t used;

	if (!import || !words)
		return;
	if (count) {
		slash = strrchr(words[0], '/');
		if (!strcmp(slash ? slash + 1 : words[0], "socat")) {
			words++;
			count--;
		}
	}
	used = take_flags(import, line, words, count, &reverse);
	if (count - used != 2) {
		sluice_import_remark(import, line,
				     "the command line: %zu addresses in place of two: mend it",
				     count - used);
		return;
	}
	if (!part_address(words[used], &first) || !part_address(words[used + 1], &second)) {
		sluice_import_remark(import, line,
				     "the command line: an address is too long: write it by hand");
		return;
	}
	/* Without -u data goes both ways, and the first address may be either. */
	if (!reverse && is_type(first.type, "TCP", "- -CONNECT") &&
	    is_type(second.type, "UDP", "-RECV -LISTEN -L -RECVFROM"))
		reverse = true;
	take_pair(import, line, reverse ? &second : &first, reverse ? &first : &second);
}

/* Parts a line into words as a shell does, without expanding anything; `line` is overwritten.
 * Returns their number, WORDS at most. */
static size_t part_line(char *line, char **words)
{
	char *from = line, *to = line, quote = '\0';
	bool in_word = false;
	size_t count = 0;

	for (; *from; from++) {
		if (quote ? *from == quote : (*from == '\'' || *from == '"')) {
			quote = quote ? '\0' : *from;
			if (!in_word && count < WORDS)
				words[count++] = to;
			in_word = true;
		} else if (!quote && strchr(" \t\r", *from)) {
			if (in_word)
				*to++ = '\0';
			in_word = false;
		} else if (!quote && !in_word && strchr("#&|;<>", *from)) {
			break;
		} else {
			if (!in_word && count < WORDS)
				words[count++] = to;
			in_word = true;
			if (*from == '\\' && quote != '\'' && from[1])
				from++;
			*to++ = *from;
		}
	}
	*to = '\0';
	return count;
}

/* Reads one command line of `length` bytes, as it stands in a script. */
static void read_command(struct sluice_import *import, size_t line, char *text)
{
	char *words[WORDS];
	size_t count = part_line(text, words), number;
	const char *slash;

	for (number = 0; number < count; number++) {
		slash = strrchr(words[number], '/');
		slash = slash ? slash + 1 : words[number];
		if (strcmp(slash, "socat") != 0)
			continue;
		sluice_import_socat_words(import, line, words + number, count - number);
		return;
	}
	if (count)
		sluice_import_remark(import, line, "the line: no command of socat: leave it out");
}

void sluice_import_socat(struct sluice_import *import, const char *text, size_t length)
{
	char joined[LINE_MAX_BYTES];
	size_t line = 1, first = 1, used = 0, number;
	bool too_long = false;

	for (number = 0; number <= length; number++) {
		char byte = number < length ? text[number] : '\n';

		if (byte == '\\' && number + 1 < length && text[number + 1] == '\n') {
			line++;
			number++;
			byte = ' ';
		} else if (byte == '\n') {
			joined[used] = '\0';
			if (too_long)
				sluice_import_remark(import, first,
						     "the line: more than %u bytes: shorten it",
						     LINE_MAX_BYTES - 1);
			else
				read_command(import, first, joined);
			first = ++line;
			used = 0;
			too_long = false;
			continue;
		}
		if (used + 1 < sizeof(joined))
			joined[used++] = byte ? byte : '?';
		else
			too_long = true;
	}
}
