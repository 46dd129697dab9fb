// SPDX-License-Identifier: MIT
/*
 * The interrupts of network cards, and who is told to receive and to transmit (RPS, XPS); see
 * placement.h. Touches: reads files below the root directory.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../config/model.h"
#include "placement.h"

#define LINE 4096U

/* One card. */
struct card {
	const char *root;
	const struct sluice_placement_host *host;
	const char *name;
	long node; /* -1: nobody knows */
	json_t *list;
};

/* Reads a number from a file; `otherwise` where it cannot be read. */
static long read_number(const char *root, const char *name, long otherwise)
{
	char path[600], line[64], *end;
	long number = otherwise;
	FILE *file;

	if (snprintf(path, sizeof(path), "%s%s", root, name) >= (int)sizeof(path))
		return otherwise;
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file)) {
		number = strtol(line, &end, 10);
		if (end == line)
			number = otherwise;
	}
	if (file)
		fclose(file);
	return number;
}

/* Reads a mask like "00000000,0000000c". */
static void read_mask(const char *root, const char *name, cpu_set_t *set)
{
	char path[600], line[LINE];
	size_t at, bit = 0;
	FILE *file;
	int digit;

	CPU_ZERO(set);
	snprintf(path, sizeof(path), "%s%s", root, name);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	for (at = strcspn(line, "\n"); at > 0; at--) {
		if (!isxdigit((unsigned char)line[at - 1]))
			continue;
		digit = isdigit((unsigned char)line[at - 1])
				? line[at - 1] - '0'
				: tolower((unsigned char)line[at - 1]) - 'a' + 10;
		for (unsigned int of = 0; of < 4; of++, bit++)
			if (digit >> of & 1 && bit < CPU_SETSIZE)
				CPU_SET(bit, set);
	}
}

/* The name that a driver gave interrupt `number`, the last word of its line in /proc/interrupts;
 * "" if there is none. */
static void read_action(const char *root, long number, char action[64])
{
	char path[600], line[LINE], *end, *word;
	FILE *file;

	action[0] = '\0';
	snprintf(path, sizeof(path), "%s/proc/interrupts", root);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (strtol(line, &end, 10) != number || end == line || *end != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		word = strrchr(line, ' ');
		if (word)
			snprintf(action, 64, "%s", word + 1);
		break;
	}
	if (file)
		fclose(file);
}

/* Adds an object. 0 or -ENOMEM. */
static int add(const struct card *card, const char *what, const char *name, const cpu_set_t *set)
{
	char cpus[SLUICE_CPUS_TEXT];
	size_t cpu = 0;

	while (cpu < CPU_SETSIZE && !CPU_ISSET(cpu, set))
		cpu++;
	return json_array_append_new(
		       card->list,
		       json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:i, s:i, s:s, s:i, s:i}",
				 "what", what, "name", name, "cpus", sluice_cpus_format(set, cpus),
				 "cpu", CPU_COUNT(set) == 1 ? (int)cpu : -1, "node",
				 (int)card->node, "worker", "", "policy", "", "priority", 0, "nice",
				 0, "memory", "", "bytes", 0, "huge", 0))
		       ? -ENOMEM
		       : 0;
}

/* Adds one interrupt. 0 or -ENOMEM. */
static int add_interrupt(const struct card *card, long number)
{
	char path[128], action[64], name[128];
	cpu_set_t set;

	/* What is in force; older kernels tell what is wished only. */
	snprintf(path, sizeof(path), "/proc/irq/%ld/effective_affinity_list", number);
	if (!sluice_placement_cpus(card->root, path, &set)) {
		snprintf(path, sizeof(path), "/proc/irq/%ld/smp_affinity_list", number);
		if (!sluice_placement_cpus(card->root, path, &set))
			return 0;
	}
	read_action(card->root, number, action);
	/* One that no driver has asked for serves nothing. */
	if (!*action)
		return 0;
	snprintf(name, sizeof(name), "%.20s irq %ld %s", card->name, number, action);
	return add(card, "interrupt", name, &set);
}

/* Adds what the queues of the card are told: rps_cpus, xps_cpus, if that is anything. */
static int add_queues(const struct card *card)
{
	char path[384], file[600], name[96];
	struct dirent **queues;
	int count, number, error = 0;
	cpu_set_t set;

	snprintf(path, sizeof(path), "%s/sys/class/net/%.20s/queues", card->root, card->name);
	count = scandir(path, &queues, NULL, versionsort);
	for (number = 0; number < count; number++) {
		const char *queue = queues[number]->d_name;
		bool receives = !strncmp(queue, "rx-", 3);

		if (!error && (receives || !strncmp(queue, "tx-", 3))) {
			snprintf(file, sizeof(file), "/sys/class/net/%.20s/queues/%.20s/%s",
				 card->name, queue, receives ? "rps_cpus" : "xps_cpus");
			read_mask(card->root, file, &set);
			snprintf(name, sizeof(name), "%.20s %.20s", card->name, queue);
			if (CPU_COUNT(&set))
				error = add(card, receives ? "rps" : "xps", name, &set);
		}
		free(queues[number]);
	}
	if (count >= 0)
		free(queues);
	return error;
}

/* Adds the interrupts of the card's device. 0 or -ENOMEM. */
static int add_interrupts(const struct card *card)
{
	/* Of a virtio card they are its parent's. */
	static const char *const places[] = {"device/msi_irqs", "device/../msi_irqs"};
	struct dirent **interrupts;
	int count = -1, number, error = 0;
	char path[384];
	size_t place;

	for (place = 0; count < 0 && place < sizeof(places) / sizeof(places[0]); place++) {
		snprintf(path, sizeof(path), "%s/sys/class/net/%.20s/%s", card->root, card->name,
			 places[place]);
		count = scandir(path, &interrupts, NULL, versionsort);
	}
	for (number = 0; number < count; number++) {
		if (!error && isdigit((unsigned char)interrupts[number]->d_name[0]))
			error = add_interrupt(card, strtol(interrupts[number]->d_name, NULL, 10));
		free(interrupts[number]);
	}
	if (count >= 0)
		free(interrupts);
	return error;
}

int sluice_placement_cards(const char *root, const struct sluice_placement_host *host, json_t *list)
{
	struct dirent **cards;
	int count, number, error = 0;
	char path[384];

	snprintf(path, sizeof(path), "%s/sys/class/net", root);
	count = scandir(path, &cards, NULL, versionsort);
	for (number = 0; number < count; number++) {
		struct card card = {
			.root = root, .host = host, .name = cards[number]->d_name, .list = list};

		if (!error && card.name[0] != '.' && strcmp(card.name, "lo") != 0) {
			snprintf(path, sizeof(path), "/sys/class/net/%.20s/device/numa_node",
				 card.name);
			card.node = read_number(root, path, -1);
			error = add_interrupts(&card);
			if (!error)
				error = add_queues(&card);
		}
		free(cards[number]);
	}
	if (count >= 0)
		free(cards);
	return error;
}
