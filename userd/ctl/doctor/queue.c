// SPDX-License-Identifier: MIT
/*
 * Checks of how a card's packets are spread over queues, interrupts and CPUs. Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

#define QUEUES_MOST 1024U
/* With fewer packets in a watch it is chance where they went. */
#define ENOUGH 1000U
/* A CPU that is so full of interrupts that another queue would help. */
#define FULL 0.9

/* Queues, and how many the card could have; "combined" or "rx". False: it does not tell. */
static bool queues_of(const struct sluice_doctor_look *look, const char *card, uint64_t *queues,
		      uint64_t *most, const char **kind)
{
	const char *text, *found;
	char source[64];

	snprintf(source, sizeof(source), "ethtool/%s", card);
	text = sluice_doctor_text(&look->after, source);
	found = text ? strstr(text, "channels-kind ") : NULL;
	*kind = found && !strncmp(found + 14, "rx", 2) ? "rx" : "combined";
	return sluice_doctor_card_number(look, card, "channels", queues) &&
	       sluice_doctor_card_number(look, card, "channels-max", most);
}

/* As its row says. */
void sluice_doctor_card_queues(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	char card[SLUICE_DOCTOR_NAME] = "", source[64];
	struct sluice_doctor_cpu cpu, one;
	uint64_t queues, most, numbers[2];
	size_t place = 0, cpus = 0;
	const char *kind;
	json_t *finding;

	if (!sluice_doctor_fullest_cpu(look, &cpu) || cpu.interrupts <= FULL)
		return;
	while (sluice_doctor_next_cpu(look, &place, &one))
		cpus++;
	while (sluice_doctor_next_link(look, card)) {
		if (!queues_of(look, card, &queues, &most, &kind) || queues >= most ||
		    queues >= cpus ||
		    sluice_doctor_link_rise(look, card, "rx_packets", numbers) < ENOUGH)
			continue;
		finding = sluice_doctor_find(report, card);
		sluice_doctor_fill(finding, "queues", "%" PRIu64, queues);
		sluice_doctor_fill(finding, "most", "%" PRIu64, most < cpus ? most : cpus);
		sluice_doctor_fill(finding, "kind", "%s", kind);
		sluice_doctor_fill(finding, "cpu", "%u", cpu.number);
		sluice_doctor_fill(finding, "percent", "%.0f", 100.0 * cpu.interrupts);
		snprintf(source, sizeof(source), "ethtool/%s", card);
		sluice_doctor_proof_text(finding, source, "channels", kind);
		sluice_doctor_proof(finding, "links/all", "rx_packets", numbers);
	}
}

/* Is it the number of packets of a receive queue, as drivers call it? `#` stands for its number. */
static bool is_queue_counter(const char *name)
{
	static const char *const forms[] = {"rx_queue_#_packets", "rx#_packets",    "rx-#.packets",
					    "rx_ring#_packets",	  "queue_#_rx_cnt", "rx_packets_#"};
	size_t number, before, digits;

	for (number = 0; number < sizeof(forms) / sizeof(forms[0]); number++) {
		before = strcspn(forms[number], "#");
		if (strncmp(name, forms[number], before) != 0)
			continue;
		digits = strspn(name + before, "0123456789");
		if (digits && !strcmp(name + before + digits, forms[number] + before + 1))
			return true;
	}
	return false;
}

/* How much the fullest receive queue of a card got of all packets, 0 to 1; 0: not known. `name` is
 * its counter. */
static double fullest_queue(const struct sluice_doctor_look *look, const char *card, char name[64],
			    uint64_t numbers[2], unsigned int *count)
{
	uint64_t sum = 0, most = 0, rise, now[2];
	char source[64], one[64], key[80];
	const char *line;

	*count = 0;
	snprintf(source, sizeof(source), "ethtool/%s", card);
	for (line = sluice_doctor_text(&look->after, source); line && *line && *count < QUEUES_MOST;
	     line = sluice_doctor_next_line(line)) {
		if (sscanf(line, "stat %63s", one) != 1 || !is_queue_counter(one))
			continue;
		++*count;
		snprintf(key, sizeof(key), "stat %s", one);
		rise = sluice_doctor_number_rise(look, source, key, now);
		sum += rise;
		if (rise <= most)
			continue;
		most = rise;
		memcpy(name, one, sizeof(one));
		memcpy(numbers, now, sizeof(now));
	}
	return sum >= ENOUGH ? (double)most / (double)sum : 0;
}

/* A card of which one queue gets more than twice its share, and which spreads UDP by ports or
 * not. */
static void tell_skew(const struct sluice_doctor_look *look, struct sluice_doctor_report *report,
		      bool wants_ports)
{
	char card[SLUICE_DOCTOR_NAME] = "", name[64], source[64];
	uint64_t numbers[2], by_ports;
	unsigned int queues;
	json_t *finding;
	double part;

	while (sluice_doctor_next_link(look, card)) {
		part = fullest_queue(look, card, name, numbers, &queues);
		if (queues < 2 || part * queues <= 2 ||
		    !sluice_doctor_card_number(look, card, "udp4-hash ports", &by_ports) ||
		    !!by_ports != wants_ports)
			continue;
		finding = sluice_doctor_find(report, card);
		sluice_doctor_fill(finding, "percent", "%.0f", 100.0 * part);
		sluice_doctor_fill(finding, "queues", "%u", queues);
		snprintf(source, sizeof(source), "ethtool/%s", card);
		sluice_doctor_proof(finding, source, name, numbers);
		sluice_doctor_proof_text(finding, source, "udp4-hash",
					 by_ports ? "addresses and ports" : "addresses");
	}
}

/* As its row says. */
void sluice_doctor_card_hash(const struct sluice_doctor_look *look,
			     struct sluice_doctor_report *report)
{
	tell_skew(look, report, false);
}

/* As its row says. */
void sluice_doctor_card_skew(const struct sluice_doctor_look *look,
			     struct sluice_doctor_report *report)
{
	tell_skew(look, report, true);
}

/* The CPU on which an interrupt came most often between the samples. -1: it did not come, or
 * nothing is known. Columns go by the heading, since CPUs that are off have none. */
static int cpu_of_interrupt(const char *before, const char *line, unsigned int irq,
			    const char *heading)
{
	unsigned long was, is, most = 0;
	const char *column = heading, *old, *now;
	char key[16];
	int cpu = -1, one;

	snprintf(key, sizeof(key), "%u:", irq);
	for (old = before; old && *old; old = sluice_doctor_next_line(old))
		if (!strncmp(old + strspn(old, " "), key, strlen(key)))
			break;
	if (!old || !*old)
		return -1;
	old = strchr(old, ':') + 1;
	now = strchr(line, ':') + 1;
	while ((column = strstr(column, "CPU")) && column < strchr(heading, '\n')) {
		char *old_end, *now_end;

		one = (int)strtol(column + 3, NULL, 10);
		column += 3;
		was = strtoul(old, &old_end, 10);
		is = strtoul(now, &now_end, 10);
		if (old_end == old || now_end == now)
			break;
		old = old_end;
		now = now_end;
		if (is > was && is - was > most) {
			most = is - was;
			cpu = one;
		}
	}
	return cpu;
}

/* The CPU that is least in interrupts, if it is less than half as much in them as `cpu`. */
static bool find_free(const struct sluice_doctor_look *look, const struct sluice_doctor_cpu *cpu,
		      struct sluice_doctor_cpu *other)
{
	struct sluice_doctor_cpu one;
	bool found = false;
	size_t place = 0;

	while (sluice_doctor_next_cpu(look, &place, &one)) {
		if (one.interrupts * 2 >= cpu->interrupts || (found && one.busy >= other->busy))
			continue;
		*other = one;
		found = true;
	}
	return found;
}

/* Does the line of /proc/interrupts name this card: "eth0", "eth0-TxRx-1", "i40e-eth0-1"? */
static bool is_of_card(const char *line, const char *card)
{
	size_t length = strlen(card);
	const char *end = line + strcspn(line, "\n"), *found = line;

	while ((found = strstr(found, card)) && found < end) {
		if (strchr(" -", found[-1]) && (!found[length] || strchr("- \n", found[length])))
			return true;
		found += length;
	}
	return false;
}

/* As its row says. */
void sluice_doctor_interrupts(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	const char *before = sluice_doctor_text(&look->before, "/proc/interrupts"),
		   *after = sluice_doctor_text(&look->after, "/proc/interrupts"), *line;
	char card[SLUICE_DOCTOR_NAME] = "", value[48];
	unsigned int irq, last = 0, queues;
	struct sluice_doctor_cpu cpu, other;
	json_t *finding;

	if (!after || !sluice_doctor_fullest_cpu(look, &cpu) || cpu.interrupts <= 0.5 ||
	    !find_free(look, &cpu, &other))
		return;
	while (sluice_doctor_next_link(look, card)) {
		queues = 0;
		for (line = sluice_doctor_next_line(after); *line;
		     line = sluice_doctor_next_line(line))
			if (is_of_card(line, card) &&
			    (irq = (unsigned int)strtoul(line, NULL, 10)) &&
			    cpu_of_interrupt(before, line, irq, after) == (int)cpu.number) {
				last = irq;
				queues++;
			}
		if (queues < 2)
			continue;
		finding = sluice_doctor_find(report, card);
		sluice_doctor_fill(finding, "queues", "%u", queues);
		sluice_doctor_fill(finding, "cpu", "%u", cpu.number);
		sluice_doctor_fill(finding, "percent", "%.0f", 100.0 * cpu.interrupts);
		sluice_doctor_fill(finding, "other", "%u", other.number);
		sluice_doctor_fill(finding, "rest", "%.0f", 100.0 * other.interrupts);
		sluice_doctor_fill(finding, "irq", "%u", last);
		/* Groups of 32 CPUs, the last ones first. */
		snprintf(value, sizeof(value), "%x", 1U << other.number % 32);
		for (irq = 0; irq < other.number / 32 && strlen(value) + 10 < sizeof(value); irq++)
			snprintf(value + strlen(value), sizeof(value) - strlen(value), ",00000000");
		sluice_doctor_fill(finding, "mask", "%s", value);
		snprintf(value, sizeof(value), "%u of CPU %u", queues, cpu.number);
		sluice_doctor_proof_text(finding, "/proc/interrupts", "queues", value);
	}
}

/* As its row says. */
void sluice_doctor_coalescing(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	char card[SLUICE_DOCTOR_NAME] = "", source[64], value[24];
	uint64_t usecs, ring;
	json_t *finding;
	double rate;

	while (sluice_doctor_next_link(look, card)) {
		rate = sluice_doctor_packet_rate(look, card);
		if (!sluice_doctor_card_number(look, card, "rx-usecs", &usecs) || !usecs ||
		    !sluice_doctor_card_number(look, card, "ring-rx", &ring) || !ring ||
		    rate * (double)usecs / 1e6 <= (double)ring)
			continue;
		finding = sluice_doctor_find(report, card);
		sluice_doctor_fill_number(finding, "usecs", usecs);
		sluice_doctor_fill_number(finding, "packets",
					  (uint64_t)(rate * (double)usecs / 1e6));
		sluice_doctor_fill_number(finding, "ring", ring);
		sluice_doctor_fill(finding, "less", "%.0f", (double)ring / rate * 1e6 / 4);
		snprintf(source, sizeof(source), "ethtool/%s", card);
		snprintf(value, sizeof(value), "%" PRIu64, usecs);
		sluice_doctor_proof_text(finding, source, "rx-usecs", value);
	}
}
