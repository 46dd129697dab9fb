// SPDX-License-Identifier: MIT
/*
 * The reader of `inputs.port`: a number, a range, or a list of both, to sorted and merged ranges.
 * Touches: nothing but memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "draft.h"
#include "size.h"
#include "suggest.h"

#define PORT_TEXT 12U /* bytes that a number of a range may have; five digits are enough */

/* A list of ranges that grows. */
struct range_list {
	struct sluice_port_range *ranges;
	size_t count;
	size_t room;
};

/* Reads "5000" out of `length` bytes. 0, -EINVAL, or -ERANGE for what is no port. */
static int port_parse(const char *text, size_t length, uint16_t *port)
{
	char copy[PORT_TEXT];
	uint64_t number;
	int error;

	while (length > 0 && *text == ' ') {
		text++;
		length--;
	}
	while (length > 0 && text[length - 1] == ' ')
		length--;
	if (length == 0 || strspn(text, "0123456789") < length)
		return -EINVAL;
	if (length >= sizeof(copy))
		return -ERANGE;
	memcpy(copy, text, length);
	copy[length] = '\0';
	error = sluice_number_parse(copy, &number);
	if (error)
		return error;
	if (number < 1 || number > 65535)
		return -ERANGE;
	*port = (uint16_t)number;
	return 0;
}

/* Adds a range; no memory is noted in `reader`. */
static void range_add(struct sluice_reader *reader, struct range_list *list, uint16_t first,
		      uint16_t last)
{
	struct sluice_port_range *grown;
	size_t room = list->room ? list->room * 2 : 8;

	if (list->count == list->room) {
		grown = reallocarray(list->ranges, room, sizeof(*grown));
		if (!grown) {
			reader->out_of_memory = true;
			return;
		}
		list->ranges = grown;
		list->room = room;
	}
	list->ranges[list->count++] = (struct sluice_port_range){.first = first, .last = last};
}

/* Reads "5000" or "5000-5003", `length` bytes of it. */
static void read_range(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, const char *text, size_t length,
		       struct range_list *list)
{
	const char *dash = memchr(text, '-', length);
	char shown[64], quoted[SLUICE_QUOTE_TEXT];
	uint16_t first = 0, last = 0;
	int error;

	/* The piece itself, for the message. */
	while (length > 0 && *text == ' ') {
		text++;
		length--;
	}
	memcpy(shown, text, length < sizeof(shown) ? length : sizeof(shown) - 1);
	shown[length < sizeof(shown) ? length : sizeof(shown) - 1] = '\0';
	if (dash) {
		error = port_parse(text, (size_t)(dash - text), &first);
		if (!error)
			error = port_parse(dash + 1, length - (size_t)(dash + 1 - text), &last);
	} else {
		error = port_parse(text, length, &first);
		last = first;
	}
	if (error == -ERANGE)
		sluice_reader_fault(reader, key, node,
				    "%s is out of range: ports go from 1 to 65535",
				    sluice_quote(shown, quoted));
	else if (error)
		sluice_reader_fault(
			reader, key, node,
			"%s is no port: write a number, a range like 5000-5003, or a list of both",
			sluice_quote(shown, quoted));
	else if (first > last)
		sluice_reader_fault(reader, key, node,
				    "the range %u-%u runs downwards: write %u-%u", first, last,
				    last, first);
	else
		range_add(reader, list, first, last);
}

/* One entry of the list: a scalar, which may itself hold several, comma-separated. */
static void read_entry(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node), *comma;
	struct range_list *list = object;

	if (!text)
		return;
	do {
		comma = strchrnul(text, ',');
		read_range(reader, key, node, text, (size_t)(comma - text), list);
		text = comma + 1;
	} while (*comma);
}

/* qsort: by the first port. */
static int compare(const void *left, const void *right)
{
	const struct sluice_port_range *one = left, *other = right;

	return one->first != other->first ? (int)one->first - other->first
					  : (int)one->last - other->last;
}

/* Sorts and merges; ranges that share a port are somebody's slip and get a warning. */
static void merge(struct sluice_reader *reader, const struct sluice_key *key,
		  const yaml_node_t *node, struct range_list *list)
{
	struct sluice_config_place place = sluice_reader_place(node);
	struct sluice_port_range *into;
	size_t from, to = 0;

	if (list->count == 0)
		return;
	qsort(list->ranges, list->count, sizeof(*list->ranges), compare);
	for (from = 1; from < list->count; from++) {
		into = &list->ranges[to];
		if (list->ranges[from].first <= into->last)
			sluice_findings_add(reader->findings, SLUICE_FINDING_WARNING, &place,
					    "%s: port %u is in this list more than once", key->path,
					    list->ranges[from].first);
		/* Neighbours become one range: fewer for the module to hold. */
		if (list->ranges[from].first > (unsigned int)into->last + 1)
			list->ranges[++to] = list->ranges[from];
		else if (list->ranges[from].last > into->last)
			into->last = list->ranges[from].last;
	}
	list->count = to + 1;
}

void sluice_read_ports(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	struct sluice_config_input *input = (void *)((char *)object + key->offset);
	struct range_list list = {0};

	if (node->type == YAML_MAPPING_NODE) {
		sluice_reader_fault(reader, key, node,
				    "a number, a range or a list of both is expected here, not %s",
				    sluice_reader_kind(node));
		return;
	}
	sluice_reader_items(reader, key, node, &list, read_entry);
	merge(reader, key, node, &list);
	if (list.count > SLUICE_PORT_RANGES_MAX)
		sluice_reader_fault(reader, key, node,
				    "%zu separate ranges; one input has at most %u: make two of it",
				    list.count, SLUICE_PORT_RANGES_MAX);
	input->ports = list.ranges;
	input->port_count = list.count;
}
