// SPDX-License-Identifier: MIT
/*
 * `sluicectl check` and the firewall, see check_firewall.h. Touches: runs programs that only look.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "check_firewall.h"
#include "firewall.h"
#include "program_output.h"

#define PATIENCE_MS 3000U
#define MOST (16UL << 20) /* bytes of rules that are read at most */

/* Is it taken before the firewall? */
static bool is_before(const struct sluice_config_input *input, bool has_module)
{
	return input->hook != SLUICE_HOOK_LOCAL_IN &&
	       !sluice_config_is_from_socket(input, has_module);
}

bool sluice_ctl_read_firewall(struct sluice_firewall *firewall)
{
	static const char *const nft[] = {"nft", "-j", "list", "ruleset", NULL};
	static const char *const save[][2] = {{"iptables-save", NULL}, {"ip6tables-save", NULL}};
	static const char *const families[] = {"ip", "ip6"};
	bool is_read = false;
	size_t number, length;
	char *text;

	if (!sluice_program_output(nft, PATIENCE_MS, MOST, &text, &length))
		is_read = !sluice_firewall_add_nft(firewall, text, length);
	free(text);
	for (number = 0; number < 2; number++) {
		if (!sluice_program_output(save[number], PATIENCE_MS, MOST, &text, &length) && text)
			is_read = !sluice_firewall_add_iptables(firewall, families[number], text) ||
				  is_read;
		free(text);
	}
	return is_read;
}

/* Says which port is kept out, by what. */
static void tell(const struct sluice_config_input *input, uint16_t port,
		 const struct sluice_firewall_answer *answer, struct sluice_findings *findings)
{
	char rule[48] = "its policy";

	if (answer->rule && answer->rule->handle)
		snprintf(rule, sizeof(rule), "rule with handle %" PRIu64, answer->rule->handle);
	else if (answer->rule)
		snprintf(rule, sizeof(rule), "rule %zu",
			 (size_t)(answer->rule - answer->chain->rules) + 1);
	sluice_findings_add(
		findings, SLUICE_FINDING_WARNING,
		input->port_place.line ? &input->port_place : &input->place,
		"inputs.port: the firewall keeps %sUDP port %u out (table %s, chain %s, "
		"%s), but the module takes datagrams before it, so they come in; write "
		"`hook: local-in` to have the firewall first, or name who may send "
		"(`from:`)",
		answer->is_partly ? "some senders of " : "", port, answer->chain->table,
		answer->chain->name, rule);
}

/* Looks for the first port of an input that is kept out; whole ones before parts. */
static void check_input(const struct sluice_firewall *firewall,
			const struct sluice_config_input *input, struct sluice_findings *findings)
{
	struct sluice_firewall_answer answer, worst = {0};
	unsigned int port, which = 0;
	size_t range;

	for (range = 0; range < input->port_count; range++)
		for (port = input->ports[range].first; port <= input->ports[range].last; port++) {
			answer = sluice_firewall_ask(firewall, (uint16_t)port);
			if (!answer.chain || (worst.chain && worst.is_partly <= answer.is_partly))
				continue;
			worst = answer;
			which = port;
		}
	if (worst.chain)
		tell(input, (uint16_t)which, &worst, findings);
}

void sluice_ctl_check_firewall(const struct sluice_config *config, bool has_module,
			       struct sluice_findings *findings)
{
	struct sluice_firewall firewall = {0};
	bool is_read = false, is_tried = false;
	size_t number;

	if (!config || !findings)
		return;
	for (number = 0; number < config->input_count; number++) {
		if (!is_before(&config->inputs[number], has_module))
			continue;
		if (!is_tried)
			is_read = sluice_ctl_read_firewall(&firewall);
		is_tried = true;
		if (is_read)
			check_input(&firewall, &config->inputs[number], findings);
	}
	sluice_findings_sort(findings);
	sluice_firewall_free(&firewall);
}
