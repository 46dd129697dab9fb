// SPDX-License-Identifier: MIT
/*
 * Checks of connection tracking and of the firewall. Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

#define STAT "/proc/net/stat/nf_conntrack"
#define COUNT "/proc/sys/net/netfilter/nf_conntrack_count"
#define MOST "/proc/sys/net/netfilter/nf_conntrack_max"

/* A number that is a file of its own; 0: it was not read. */
static uint64_t number_of(const struct sluice_doctor_sample *sample, const char *source)
{
	const char *text = sluice_doctor_text(sample, source);

	return text ? strtoull(text, NULL, 10) : 0;
}

/* Adds the ports that `text` begins with ("5000-5003,5010", or "udp 5000-5003 ..."), if they fit.
 */
static void add_ports(char ports[256], const char *text)
{
	size_t used = strlen(ports), length;

	text += strcspn(text, "0123456789");
	length = strspn(text, "0123456789-,");
	if (length && used + length + 2 < 256)
		snprintf(ports + used, 256 - used, "%s%.*s", used ? "," : "", (int)length, text);
}

/* The ports of all inputs: what the daemon says, else the module's rules. "PORTS": none are known.
 */
static void ports_of(const struct sluice_doctor_look *look, char ports[256])
{
	json_t *rules = sluice_doctor_json(&look->after, "daemon/rules"),
	       *inputs = sluice_doctor_json(&look->after, "daemon/inputs"), *one;
	size_t number;

	ports[0] = '\0';
	json_array_foreach(inputs, number, one)
	{
		add_ports(ports, sluice_doctor_json_text(one, "match"));
	}
	if (!ports[0]) {
		json_array_foreach(rules, number, one)
		{
			add_ports(ports, sluice_doctor_json_text(one, "ports"));
		}
	}
	if (!ports[0])
		snprintf(ports, 256, "PORTS");
	json_decref(rules);
	json_decref(inputs);
}

/* As its row says. */
void sluice_doctor_conntrack_full(const struct sluice_doctor_look *look,
				  struct sluice_doctor_report *report)
{
	uint64_t drops[2] = {0}, failed[2] = {0};
	/* With a full table the kernel counts both for one packet. */
	uint64_t lost = sluice_doctor_stat_rise(look, STAT, "drop", drops);
	uint64_t not_inserted = sluice_doctor_stat_rise(look, STAT, "insert_failed", failed);
	char ports[256];
	json_t *finding;

	if (!lost && !not_inserted)
		return;
	finding = sluice_doctor_find(report, "nf_conntrack");
	ports_of(look, ports);
	sluice_doctor_fill(finding, "ports", strpbrk(ports, ",") ? "'{ %s }'" : "%s", ports);
	sluice_doctor_fill_number(finding, "entries", number_of(&look->after, COUNT));
	sluice_doctor_fill_number(finding, "most", number_of(&look->after, MOST));
	if (lost)
		sluice_doctor_proof(finding, STAT, "drop", drops);
	if (not_inserted)
		sluice_doctor_proof(finding, STAT, "insert_failed", failed);
	sluice_doctor_lost(report, finding, lost > not_inserted ? lost : not_inserted);
}

/* As its row says. */
void sluice_doctor_conntrack_near(const struct sluice_doctor_look *look,
				  struct sluice_doctor_report *report)
{
	uint64_t numbers[2] = {number_of(&look->before, COUNT), number_of(&look->after, COUNT)};
	uint64_t most = number_of(&look->after, MOST);
	json_t *finding;

	if (!most || numbers[1] * 10 <= most * 8)
		return;
	finding = sluice_doctor_find(report, "nf_conntrack");
	sluice_doctor_fill_number(finding, "entries", numbers[1]);
	sluice_doctor_fill_number(finding, "most", most);
	sluice_doctor_fill(finding, "more", "%" PRIu64, 4 * most);
	sluice_doctor_proof(finding, COUNT, "connections", numbers);
}

/* As its row says. A line of firewall/input is "RULE PORT all|some TABLE CHAIN", the table with a
 * dot for its blank. */
void sluice_doctor_firewall_bypassed(const struct sluice_doctor_look *look,
				     struct sluice_doctor_report *report)
{
	const char *line = sluice_doctor_text(&look->after, "firewall/input");
	char rule[64], port[8], whom[8], table[64], chain[64], *dot;
	json_t *finding;

	for (; line && *line; line = sluice_doctor_next_line(line)) {
		if (sscanf(line, "%63s %7s %7s %63s %63s", rule, port, whom, table, chain) != 5)
			continue;
		dot = strchr(table, '.');
		if (dot)
			*dot = ' ';
		finding = sluice_doctor_find(report, rule);
		sluice_doctor_fill(finding, "port", "%s", port);
		sluice_doctor_fill(finding, "whom", "%s",
				   strcmp(whom, "some") ? "all" : "some senders");
		sluice_doctor_fill(finding, "table", "%s", table);
		sluice_doctor_fill(finding, "chain", "%s", chain);
		sluice_doctor_proof_text(finding, "nft list ruleset, iptables-save", table, chain);
	}
}
