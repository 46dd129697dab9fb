// SPDX-License-Identifier: MIT
/*
 * Reading sizes, rates and ports from the command line: see sizes.h. Off the path of the data,
 * except that gen asks for the next size per datagram. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../lib/size.h"
#include "sizes.h"

/* Longest item of a list that can be right: two 20-digit numbers and a dash, with suffixes. */
#define ITEM_TEXT 64U

/* What testers call the simple IMIX: frames of 64, 594 and 1518 bytes, 7 to 4 to 1, of which
 * Ethernet, IP and UDP take 46; the smallest is what a numbered payload needs. */
#define IMIX "32,548,32,548,32,32,1472,32,548,32,548,32"
#define WEIGHT_MOST 1000000U

/* Reads "A" or "A-B", A <= B <= limit. 0, -EINVAL, -ERANGE. */
static int range_parse(char *item, uint64_t limit, uint64_t *least, uint64_t *most)
{
	char *dash = strchr(item, '-');
	int error;

	if (dash)
		*dash++ = '\0';
	error = sluice_size_parse(item, least);
	if (!error)
		error = sluice_size_parse(dash ? dash : item, most);
	if (error)
		return error;
	if (*least > *most)
		return -EINVAL;
	return *most > limit ? -ERANGE : 0;
}

/* Takes the next item off a comma-separated list. 0, -ENOENT at the end, -EINVAL if empty or too
 * long. */
static int next_item(const char **text, char item[ITEM_TEXT])
{
	size_t length;

	if (!*text)
		return -ENOENT;
	length = strcspn(*text, ",");
	if (length == 0 || length >= ITEM_TEXT)
		return -EINVAL;
	memcpy(item, *text, length);
	item[length] = '\0';
	*text = (*text)[length] == ',' ? *text + length + 1 : NULL;
	return 0;
}

/* Cuts the ":WEIGHT" off an item; 1 if it has none. 0, -EINVAL, -ERANGE. */
static int weight_parse(char *item, uint64_t *weight, bool *weighted)
{
	char *colon = strchr(item, ':');
	int error;

	*weight = 1;
	if (!colon)
		return 0;
	*colon++ = '\0';
	*weighted = true;
	error = sluice_number_parse(colon, weight);
	if (error)
		return error;
	return *weight == 0 || *weight > WEIGHT_MOST ? -ERANGE : 0;
}

/* As sizes.h says. @threadsafe */
int sluice_sizes_parse(const char *text, uint32_t limit, struct sluice_sizes *sizes)
{
	struct sluice_sizes made = {.random = 1};
	char item[ITEM_TEXT];
	bool weighted = false;
	uint64_t weight;
	uint64_t least;
	uint64_t most;
	int error;

	if (!text || !sizes)
		return -EINVAL;
	if (strcmp(text, "imix") == 0)
		text = IMIX;
	while ((error = next_item(&text, item)) == 0) {
		error = weight_parse(item, &weight, &weighted);
		if (!error)
			error = range_parse(item, limit, &least, &most);
		if (error)
			return error;
		if (made.count == SLUICE_SIZES_MAX)
			return -E2BIG;
		made.item[made.count].least = (uint32_t)least;
		made.item[made.count].most = (uint32_t)most;
		made.item[made.count].weight = (uint32_t)weight;
		made.weights += weight;
		made.count++;
	}
	if (error != -ENOENT)
		return error;
	if (!weighted)
		made.weights = 0;
	*sizes = made;
	return 0;
}

/* As sizes.h says. Sebastiano Vigna's splitmix64: every seed is a good one. */
uint64_t sluice_random(uint64_t *state)
{
	uint64_t value = *state += 0x9e3779b97f4a7c15ULL;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
	return value ^ (value >> 31);
}

/* Which item comes next, by the weights. */
static size_t draw_item(struct sluice_sizes *sizes)
{
	uint64_t place = sluice_random(&sizes->random) % sizes->weights;
	size_t index = 0;

	while (place >= sizes->item[index].weight)
		place -= sizes->item[index++].weight;
	return index;
}

/* As sizes.h says. */
uint32_t sluice_sizes_next(struct sluice_sizes *sizes)
{
	size_t index = sizes->weights ? draw_item(sizes) : sizes->next;
	uint32_t least = sizes->item[index].least;
	uint32_t most = sizes->item[index].most;

	sizes->next = index + 1 < sizes->count ? index + 1 : 0;
	if (least == most)
		return least;
	return least + (uint32_t)(sluice_random(&sizes->random) % (most - least + 1ULL));
}

/* As sizes.h says. @threadsafe */
uint32_t sluice_sizes_least(const struct sluice_sizes *sizes)
{
	uint32_t least = UINT32_MAX;
	size_t index;

	for (index = 0; index < sizes->count; index++)
		if (sizes->item[index].least < least)
			least = sizes->item[index].least;
	return least;
}

/* As sizes.h says. @threadsafe */
uint32_t sluice_sizes_most(const struct sluice_sizes *sizes)
{
	uint32_t most = 0;
	size_t index;

	for (index = 0; index < sizes->count; index++)
		if (sizes->item[index].most > most)
			most = sizes->item[index].most;
	return most;
}

/* As sizes.h says. @threadsafe */
int sluice_bench_rate_parse(const char *text, uint64_t *rate, bool *bits)
{
	static const struct {
		const char *suffix;
		uint64_t factor;
	} unit[] = {{"kpps", 1000}, {"mpps", 1000000}, {"pps", 1}};
	char number[ITEM_TEXT];
	size_t length;
	size_t index;
	uint64_t value;
	int error;

	if (!text || !rate || !bits)
		return -EINVAL;
	length = strlen(text);
	if (length >= sizeof(number))
		return -EINVAL;
	if (strcasecmp(text, "max") == 0) {
		*rate = 0;
		*bits = false;
		return 0;
	}
	for (index = 0; index < sizeof(unit) / sizeof(unit[0]); index++) {
		size_t suffix = strlen(unit[index].suffix);

		if (length <= suffix || strcasecmp(text + length - suffix, unit[index].suffix) != 0)
			continue;
		memcpy(number, text, length - suffix);
		number[length - suffix] = '\0';
		error = sluice_number_parse(number, &value);
		if (error)
			return error;
		if (value == 0 || value > UINT64_MAX / unit[index].factor)
			return -ERANGE;
		*rate = value * unit[index].factor;
		*bits = false;
		return 0;
	}
	error = sluice_rate_parse(text, &value);
	if (error)
		return error;
	if (value == 0)
		return -ERANGE;
	*rate = value;
	*bits = true;
	return 0;
}

/* As sizes.h says. @threadsafe */
int sluice_port_list_parse(const char *text, struct sluice_port_span *list, size_t *count)
{
	char item[ITEM_TEXT];
	size_t made = 0;
	uint64_t first;
	uint64_t last;
	int error;

	if (!text || !list || !count)
		return -EINVAL;
	while ((error = next_item(&text, item)) == 0) {
		/* Ports take no suffix. */
		if (item[strspn(item, "0123456789-")] != '\0')
			return -EINVAL;
		error = range_parse(item, UINT16_MAX, &first, &last);
		if (error)
			return error;
		if (first == 0)
			return -ERANGE;
		if (made == SLUICE_PORT_LIST_MAX)
			return -E2BIG;
		list[made].first = (uint16_t)first;
		list[made].last = (uint16_t)last;
		made++;
	}
	if (error != -ENOENT)
		return error;
	*count = made;
	return 0;
}
