// SPDX-License-Identifier: MIT
/*
 * What the checks share, see check.h. Touches: nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

/* Is the interface up by this sample? */
static bool is_up(const struct sluice_doctor_sample *sample, const char *link)
{
	char name[64];
	uint64_t up = 0;

	snprintf(name, sizeof(name), "%s up", link);
	return sluice_doctor_number(sluice_doctor_text(sample, "links/all"), name, &up) && up;
}

bool sluice_doctor_next_link(const struct sluice_doctor_look *look, char name[SLUICE_DOCTOR_NAME])
{
	const char *line = sluice_doctor_text(&look->after, "links/all");
	char link[SLUICE_DOCTOR_NAME], key[8];
	bool is_behind = !*name;

	for (; line && *line; line = sluice_doctor_next_line(line)) {
		if (sscanf(line, "%31s %7s", link, key) != 2 || strcmp(key, "up") != 0)
			continue;
		if (is_behind && is_up(&look->before, link) && is_up(&look->after, link)) {
			memcpy(name, link, sizeof(link));
			return true;
		}
		is_behind = is_behind || !strcmp(link, name);
	}
	return false;
}

uint64_t sluice_doctor_link_rise(const struct sluice_doctor_look *look, const char *link,
				 const char *counter, uint64_t numbers[2])
{
	char name[96];

	snprintf(name, sizeof(name), "%s %s", link, counter);
	return sluice_doctor_number_rise(look, "links/all", name, numbers);
}

double sluice_doctor_packet_rate(const struct sluice_doctor_look *look, const char *link)
{
	uint64_t numbers[2];

	return (double)sluice_doctor_link_rise(look, link, "rx_packets", numbers) / look->seconds;
}

bool sluice_doctor_card_number(const struct sluice_doctor_look *look, const char *card,
			       const char *key, uint64_t *number)
{
	char source[64];

	snprintf(source, sizeof(source), "ethtool/%s", card);
	return sluice_doctor_number(sluice_doctor_text(&look->after, source), key, number);
}

uint64_t sluice_doctor_card_rise(const struct sluice_doctor_look *look, const char *card,
				 const char *key, uint64_t numbers[2])
{
	char source[64];

	snprintf(source, sizeof(source), "ethtool/%s", card);
	return sluice_doctor_number_rise(look, source, key, numbers);
}

uint64_t sluice_doctor_card_lost(const struct sluice_doctor_look *look, const char *card,
				 char counter[64], uint64_t numbers[2])
{
	/* Of the kernel, then by driver: igb, e1000e, ixgbe; mlx5; i40e, ice; others. */
	static const char *const links[] = {"rx_missed_errors", "rx_fifo_errors", "rx_over_errors"};
	static const char *const drivers[] = {
		"rx_missed_errors", "rx_fifo_errors",  "rx_no_dma_resources", "rx_out_of_buffer",
		"rx_discards_phy",  "port.rx_dropped", "rx_dropped.nic",      "rx_overruns",
		"rx_overrun",	    "rx_over_errors",  "rx_drop_no_bufs"};
	uint64_t most = 0, rise, now[2];
	size_t number;
	char key[64];

	for (number = 0; number < sizeof(links) / sizeof(links[0]); number++) {
		rise = sluice_doctor_link_rise(look, card, links[number], now);
		if (rise <= most)
			continue;
		most = rise;
		memcpy(numbers, now, sizeof(now));
		snprintf(counter, 64, "%s", links[number]);
	}
	for (number = 0; number < sizeof(drivers) / sizeof(drivers[0]); number++) {
		snprintf(key, sizeof(key), "stat %s", drivers[number]);
		rise = sluice_doctor_card_rise(look, card, key, now);
		if (rise <= most)
			continue;
		most = rise;
		memcpy(numbers, now, sizeof(now));
		snprintf(counter, 64, "ethtool -S %s", drivers[number]);
	}
	return most;
}

/* The figures of the line of a CPU in /proc/stat: user, nice, system, idle, iowait, irq, softirq,
 * steal. False: it has none. */
static bool cpu_times(const char *text, unsigned int cpu, uint64_t times[8])
{
	char name[16];
	const char *line;
	char *end;
	size_t number;

	snprintf(name, sizeof(name), "cpu%u ", cpu);
	for (line = text; line && *line; line = sluice_doctor_next_line(line)) {
		if (strncmp(line, name, strlen(name)) != 0)
			continue;
		line += strlen(name);
		for (number = 0; number < 8; number++) {
			times[number] = strtoull(line, &end, 10);
			line = end;
		}
		return true;
	}
	return false;
}

bool sluice_doctor_next_cpu(const struct sluice_doctor_look *look, size_t *place,
			    struct sluice_doctor_cpu *cpu)
{
	const char *before = sluice_doctor_text(&look->before, "/proc/stat"),
		   *after = sluice_doctor_text(&look->after, "/proc/stat");
	uint64_t was[8], is[8], parts[8], whole;
	size_t number;

	/* Numbers of CPUs have holes where some are off. */
	for (; *place < 4096; ++*place) {
		if (!cpu_times(before, (unsigned int)*place, was) ||
		    !cpu_times(after, (unsigned int)*place, is))
			continue;
		for (number = 0, whole = 0; number < 8; number++) {
			parts[number] = is[number] > was[number] ? is[number] - was[number] : 0;
			whole += parts[number];
		}
		if (!whole)
			continue;
		*cpu = (struct sluice_doctor_cpu){
			.number = (unsigned int)*place,
			.busy = 1.0 - (double)(parts[3] + parts[4]) / (double)whole,
			.interrupts = (double)(parts[5] + parts[6]) / (double)whole,
			.stolen = (double)parts[7] / (double)whole,
		};
		++*place;
		return true;
	}
	return false;
}

bool sluice_doctor_fullest_cpu(const struct sluice_doctor_look *look, struct sluice_doctor_cpu *cpu)
{
	struct sluice_doctor_cpu one;
	bool found = false;
	size_t place = 0;

	while (sluice_doctor_next_cpu(look, &place, &one)) {
		if (!found || one.interrupts > cpu->interrupts)
			*cpu = one;
		found = true;
	}
	return found;
}

const char *sluice_doctor_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}
