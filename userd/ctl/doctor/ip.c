// SPDX-License-Identifier: MIT
/*
 * Checks of what IP drops before UDP has it, and of fragments. Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

#define SNMP "/proc/net/snmp"
#define CONF "/proc/sys/net/ipv4/conf/"

/* Settings of rp_filter that are strict, as arguments of `sysctl -w`; "": none can be read. */
static void strict_settings(const struct sluice_doctor_look *look, char settings[512])
{
	const struct sluice_doctor_text *one;
	size_t number, used = 0;
	const char *name;

	settings[0] = '\0';
	for (number = 0; number < look->after.count && used < 400; number++) {
		one = &look->after.texts[number];
		if (strncmp(one->source, CONF, strlen(CONF)) != 0 || one->text[0] != '1')
			continue;
		/* A dot in the name of an interface is written as a slash. */
		name = one->source + strlen(CONF);
		used += (size_t)snprintf(settings + used, 512 - used, "%snet.ipv4.conf.",
					 used ? " " : "-w ");
		for (; *name && *name != '/' && used < 480; name++)
			settings[used++] = *name;
		used += (size_t)snprintf(settings + used, 512 - used, ".rp_filter=2");
	}
}

/* As its row says. */
void sluice_doctor_rp_filter(const struct sluice_doctor_look *look,
			     struct sluice_doctor_report *report)
{
	uint64_t numbers[2],
		lost = sluice_doctor_table_rise(look, "/proc/net/netstat",
						"TcpExt:", "IPReversePathFilter", numbers);
	char settings[512];
	json_t *finding;

	if (!lost)
		return;
	strict_settings(look, settings);
	finding = sluice_doctor_find(report, "rp_filter");
	sluice_doctor_fill(finding, "settings", "%s",
			   *settings ? settings : "-w net.ipv4.conf.all.rp_filter=2");
	sluice_doctor_proof(finding, "/proc/net/netstat", "IPReversePathFilter", numbers);
	sluice_doctor_lost(report, finding, lost);
}

/* As its row says. */
void sluice_doctor_ip_dropped(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	static const struct {
		const char *name, *cause;
	} counters[] = {
		{"InDiscards", "no memory, or a rule"},
		{"InAddrErrors", "not for an address of this machine, and not forwarded"},
		{"InHdrErrors", "a wrong header"},
	};
	char causes[256] = "", what[24];
	uint64_t numbers[2], rise, lost = 0;
	json_t *finding = NULL;
	size_t number, used = 0;

	for (number = 0; number < sizeof(counters) / sizeof(counters[0]); number++) {
		rise = sluice_doctor_snmp_rise(look, "Ip", counters[number].name, numbers);
		if (!rise)
			continue;
		finding = finding ? finding : sluice_doctor_find(report, "IP");
		lost += rise;
		used += (size_t)snprintf(causes + used, sizeof(causes) - used,
					 "%s%s %" PRIu64 " (%s)", used ? ", " : "",
					 counters[number].name, rise, counters[number].cause);
		snprintf(what, sizeof(what), "Ip %s", counters[number].name);
		sluice_doctor_proof(finding, SNMP, what, numbers);
	}
	if (!lost)
		return;
	sluice_doctor_fill(finding, "causes", "%s", causes);
	sluice_doctor_lost(report, finding, lost);
}

/* As its row says. */
void sluice_doctor_reassembly(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	uint64_t numbers[2], lost = sluice_doctor_snmp_rise(look, "Ip", "ReasmFails", numbers),
			     late[2], memory = 0, most;
	const char *text = sluice_doctor_text(&look->after,
					      "/proc/sys/net/ipv4/ipfrag_high_thresh"),
		   *frag = sluice_doctor_text(&look->after, "/proc/net/sockstat");
	json_t *finding;

	if (!lost)
		return;
	finding = sluice_doctor_find(report, "IP");
	sluice_doctor_proof(finding, SNMP, "Ip ReasmFails", numbers);
	sluice_doctor_lost(report, finding, lost);
	if (sluice_doctor_snmp_rise(look, "Ip", "ReasmTimeout", late)) {
		sluice_doctor_add(finding, "Of some of them a part never came: it was lost on the "
					   "way.");
		sluice_doctor_proof(finding, SNMP, "Ip ReasmTimeout", late);
	}
	most = text ? strtoull(text, NULL, 10) : 0;
	frag = frag ? strstr(frag, "FRAG:") : NULL;
	/* Only where the memory for fragments is nearly used up does more of it help. */
	if (most && sluice_doctor_number(frag, "memory", &memory) && memory * 4 > most * 3)
		sluice_doctor_mend(finding, "memory: as much may be taken by fragments",
				   "sysctl -w net.ipv4.ipfrag_high_thresh=%" PRIu64, 4 * most);
}

/* As its row says. */
void sluice_doctor_fragments(const struct sluice_doctor_look *look,
			     struct sluice_doctor_report *report)
{
	uint64_t numbers[2], came = sluice_doctor_snmp_rise(look, "Ip", "ReasmReqds", numbers);
	json_t *finding;

	if (!came)
		return;
	finding = sluice_doctor_find(report, "IP");
	sluice_doctor_fill_number(finding, "fragments", came);
	sluice_doctor_proof(finding, SNMP, "Ip ReasmReqds", numbers);
}

/* As its row says. */
void sluice_doctor_neighbours_full(const struct sluice_doctor_look *look,
				   struct sluice_doctor_report *report)
{
	static const char *const sources[] = {"/proc/net/stat/arp_cache",
					      "/proc/net/stat/ndisc_cache"};
	static const char *const columns[] = {"table_fulls", "unresolved_discards"};
	const char *text =
		sluice_doctor_text(&look->after, "/proc/sys/net/ipv4/neigh/default/gc_thresh3");
	uint64_t numbers[2], rise, lost = 0;
	json_t *finding = NULL;
	size_t number;

	for (number = 0; number < 4; number++) {
		rise = sluice_doctor_stat_rise(look, sources[number / 2], columns[number % 2],
					       numbers);
		if (!rise)
			continue;
		lost += rise;
		finding = finding ? finding : sluice_doctor_find(report, "neighbours");
		sluice_doctor_proof(finding, sources[number / 2], columns[number % 2], numbers);
	}
	if (!lost)
		return;
	sluice_doctor_fill_number(finding, "most", text ? strtoull(text, NULL, 10) : 1024);
	sluice_doctor_lost(report, finding, lost);
}
