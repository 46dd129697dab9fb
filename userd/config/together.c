// SPDX-License-Identifier: MIT
/*
 * Two configurations that are to run on one host at the same time, see together.h. Touches: nothing
 * but memory.
 */
#include <errno.h>
#include <string.h>
#include "suggest.h"
#include "together.h"

/* The place of an input's ports in its file. */
static const struct sluice_config_place *ports_of(const struct sluice_config_input *input)
{
	return input->port_place.line ? &input->port_place : &input->place;
}

/* Can the module alone tell the two apart? Their sockets would have the same port and address, and
 * `from` is nothing that a socket is bound to. */
static bool is_split_by_sender(const struct sluice_config_input *one,
			       const struct sluice_config_input *other, uint16_t *port)
{
	struct sluice_config_input left = *one, right = *other;

	if (one->source == SLUICE_SOURCE_KMOD && other->source == SLUICE_SOURCE_KMOD)
		return false;
	memset(&left.from, 0, sizeof(left.from));
	memset(&right.from, 0, sizeof(right.from));
	return sluice_config_inputs_overlap(&left, &right, port);
}

/* Do two inputs want the same datagrams, or the same socket? */
static void check_inputs(const char *path, const struct sluice_config_input *one,
			 const struct sluice_config_input *other, struct sluice_findings *findings)
{
	const struct sluice_config_place *place = ports_of(one);
	char quoted[SLUICE_QUOTE_TEXT];
	uint16_t port;

	/* What is captured others have, too. */
	if (sluice_config_is_captured(one) || sluice_config_is_captured(other))
		return;
	if (sluice_config_inputs_overlap(one, other, &port))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, ports_of(other),
				    "inputs.port: input %s takes UDP port %u, which %s:%zu:%zu "
				    "takes too: two daemons cannot have one datagram; give one of "
				    "them another port, address or interface",
				    sluice_quote(other->name, quoted), port, path, place->line,
				    place->column);
	else if (is_split_by_sender(one, other, &port))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, ports_of(other),
				    "inputs.port: input %s takes UDP port %u, which %s:%zu:%zu "
				    "takes too, and sockets of two daemons cannot be kept apart by "
				    "`from`; use `source: kmod` in both, or put both inputs into "
				    "one file",
				    sluice_quote(other->name, quoted), port, path, place->line,
				    place->column);
}

/* Are two paths the same directory, as they are written? A slash at the end says nothing. */
static bool is_same_path(const char *one, const char *other)
{
	size_t left, right;

	if (!one || !other)
		return false;
	left = strlen(one);
	right = strlen(other);
	while (left > 1 && one[left - 1] == '/')
		left--;
	while (right > 1 && other[right - 1] == '/')
		right--;
	return left == right && !memcmp(one, other, left);
}

int sluice_config_check_together(const struct sluice_config *one, const struct sluice_config *other,
				 struct sluice_findings *findings)
{
	char quoted[SLUICE_QUOTE_TEXT];
	size_t first, second, before;

	if (!one || !other || !findings)
		return -EINVAL;
	before = findings->error_count;
	if (one->relay && other->relay && !strcmp(one->relay, other->relay))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, NULL,
				    "relay: %s has the name %s, too; of two daemons of one name in "
				    "one network namespace only one works, and the other waits "
				    "with `--standby`: give one of them another name",
				    one->path, sluice_quote(one->relay, quoted));
	for (second = 0; second < other->input_count; second++)
		for (first = 0; first < one->input_count && !findings->full; first++)
			check_inputs(one->path, &one->inputs[first], &other->inputs[second],
				     findings);
	if (is_same_path(one->store.disk_path, other->store.disk_path))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &other->store.disk_path_place,
				    "store.disk.path: %s:%zu:%zu names the same directory; each "
				    "daemon needs one of its own",
				    one->path, one->store.disk_path_place.line,
				    one->store.disk_path_place.column);
	if (is_same_path(one->log.path, other->log.path))
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &other->log.place,
				    "log.to: %s:%zu:%zu names the same file; the lines of two "
				    "daemons will be mixed",
				    one->path, one->log.place.line, one->log.place.column);
	sluice_findings_sort(findings);
	if (findings->out_of_memory)
		return -ENOMEM;
	return findings->error_count > before ? -EINVAL : 0;
}
