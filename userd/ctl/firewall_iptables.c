// SPDX-License-Identifier: MIT
/*
 * The firewall as `iptables-save` prints it: iptables-save(8), iptables-extensions(8). See
 * firewall.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "firewall.h"

#define WORD_MOST 512U /* bytes of a word; a longer one is cut */

/* Takes the next word of a line, quotes removed. False: there is none. */
static bool next_word(const char **text, char word[WORD_MOST])
{
	const char *place = *text + strspn(*text, " ");
	size_t length = 0;
	bool is_quoted = false;

	if (!*place || *place == '\n')
		return false;
	for (; *place && *place != '\n' && (is_quoted || *place != ' '); place++) {
		if (*place == '"') {
			is_quoted = !is_quoted;
			continue;
		}
		if (*place == '\\' && place[1] && place[1] != '\n')
			place++;
		if (length < WORD_MOST - 1)
			word[length++] = *place;
	}
	word[length] = '\0';
	*text = place;
	return true;
}

/* Adds ports as `--dport` and `--dports` write them: "5000", "5000:5003", "53,5000:5003". 0 or
 * -ENOMEM; what is none makes the rule conditional. */
static int add_ports(struct sluice_firewall_rule *rule, const char *word)
{
	unsigned long first, last;
	char *end;
	int error = 0;

	while (!error && *word) {
		first = strtoul(word, &end, 10);
		last = first;
		if (*end == ':') {
			end++;
			last = *end && *end != ',' ? strtoul(end, &end, 10) : UINT16_MAX;
		}
		if (end == word || first > UINT16_MAX || last > UINT16_MAX ||
		    (*end && *end != ',')) {
			rule->is_conditional = true;
			return 0;
		}
		error = sluice_firewall_add_ports(rule, (uint16_t)first, (uint16_t)last);
		word = *end ? end + 1 : end;
	}
	return error;
}

/* What `-j` says. 0 or -ENOMEM. */
static int read_target(struct sluice_firewall_rule *rule, const char *word, bool is_goto)
{
	if (!strcmp(word, "ACCEPT")) {
		rule->verdict = SLUICE_FIREWALL_ACCEPT;
	} else if (!strcmp(word, "DROP") || !strcmp(word, "REJECT")) {
		rule->verdict = SLUICE_FIREWALL_DROP;
	} else if (!strcmp(word, "RETURN")) {
		rule->verdict = SLUICE_FIREWALL_RETURN;
	} else {
		/* LOG and the like are no chains: nothing is found there, and it goes on. */
		rule->verdict = is_goto ? SLUICE_FIREWALL_GOTO : SLUICE_FIREWALL_JUMP;
		free(rule->target);
		rule->target = strdup(word);
		if (!rule->target)
			return -ENOMEM;
	}
	return 0;
}

/* Reads the conditions and the target of a rule. 0 or -ENOMEM. */
static int read_rule(struct sluice_firewall_rule *rule, const char *text)
{
	/* Words that say nothing of which datagrams fit, with what follows them. */
	static const char *const plain[] = {"-m", "--comment", "--reject-with", "--log-prefix",
					    "--log-level"};
	char word[WORD_MOST], value[WORD_MOST];
	bool is_not = false;
	size_t number;
	int error = 0;

	while (!error && next_word(&text, word)) {
		if (!strcmp(word, "!")) {
			is_not = true;
			continue;
		}
		for (number = 0; number < sizeof(plain) / sizeof(plain[0]); number++)
			if (!strcmp(word, plain[number]))
				break;
		if (number < sizeof(plain) / sizeof(plain[0])) {
			(void)next_word(&text, value);
		} else if (!strcmp(word, "-p") && next_word(&text, value)) {
			if ((!strcmp(value, "udp") || !strcmp(value, "17") ||
			     !strcmp(value, "all")) == is_not)
				rule->is_other = true;
		} else if ((!strcmp(word, "--dport") || !strcmp(word, "--dports")) &&
			   next_word(&text, value)) {
			error = add_ports(rule, value);
			rule->is_negated = is_not;
		} else if ((!strcmp(word, "--ctstate") || !strcmp(word, "--state")) &&
			   next_word(&text, value)) {
			/* What belongs to a connection that is known was let in before. */
			if (!strstr(value, "NEW") != is_not)
				rule->is_other = true;
		} else if ((!strcmp(word, "-j") || !strcmp(word, "-g")) &&
			   next_word(&text, value)) {
			error = read_target(rule, value, word[1] == 'g');
		} else if (word[0] == '-') {
			rule->is_conditional = true;
		}
		is_not = false;
	}
	return error;
}

/* One line of the table `filter`. 0 or -ENOMEM. */
static int read_line(struct sluice_firewall *firewall, const char *table, const char *line)
{
	struct sluice_firewall_rule rule = {0};
	struct sluice_firewall_chain *chain;
	char name[WORD_MOST], word[WORD_MOST];
	bool is_chain = line[0] == ':';

	if (is_chain)
		line++;
	else if (!strncmp(line, "-A ", 3))
		line += 3;
	else
		return 0;
	if (!next_word(&line, name))
		return 0;
	chain = sluice_firewall_chain_of(firewall, table, name);
	if (!chain)
		return -ENOMEM;
	if (is_chain) {
		chain->is_base = !strcmp(name, "INPUT");
		if (next_word(&line, word) && !strcmp(word, "DROP"))
			chain->policy = SLUICE_FIREWALL_DROP;
		return 0;
	}
	if (read_rule(&rule, line)) {
		sluice_firewall_rule_free(&rule);
		return -ENOMEM;
	}
	return sluice_firewall_add_rule(chain, &rule);
}

int sluice_firewall_add_iptables(struct sluice_firewall *firewall, const char *family,
				 const char *text)
{
	bool is_filter = false;
	char table[64];
	int error = 0;

	if (!firewall || !family || !text)
		return -EINVAL;
	/* Not the name that nft has for it: its chains are apart. */
	snprintf(table, sizeof(table), "%stables filter", family);
	for (; !error && *text; text = strchrnul(text, '\n'), text += *text == '\n') {
		if (*text == '*')
			is_filter = !strncmp(text, "*filter\n", 8);
		else if (is_filter)
			error = read_line(firewall, table, text);
	}
	return error;
}
