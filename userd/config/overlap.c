// SPDX-License-Identifier: MIT
/*
 * Which inputs can claim the same datagram: the rule of netlink.h (RULE_SET) on the model, so that
 * a clash is found with its lines before the module has to refuse it. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "address.h"
#include "draft.h"
#include "suggest.h"

/* The model's prefix as the library's. */
static struct sluice_prefix prefix_of(const struct sluice_config_prefix *prefix)
{
	struct sluice_prefix result = {.family = prefix->family, .length = prefix->length};

	memcpy(result.address, prefix->address, sizeof(result.address));
	return result;
}

/* The family of the datagrams that an input can match; AF_UNSPEC: both. */
static int family_of(const struct sluice_config_input *input)
{
	return input->address.family != AF_UNSPEC ? input->address.family : input->from.family;
}

/* Can one datagram pass both selectors, ports aside? */
static bool selectors_overlap(const struct sluice_config_input *one,
			      const struct sluice_config_input *other)
{
	struct sluice_prefix left, right;
	int one_family = family_of(one), other_family = family_of(other);

	if (one_family != AF_UNSPEC && other_family != AF_UNSPEC && one_family != other_family)
		return false;
	if (one->interface[0] && other->interface[0] &&
	    strcmp(one->interface, other->interface) != 0)
		return false;
	left = prefix_of(&one->address);
	right = prefix_of(&other->address);
	if (!sluice_prefixes_overlap(&left, &right))
		return false;
	left = prefix_of(&one->from);
	right = prefix_of(&other->from);
	return sluice_prefixes_overlap(&left, &right);
}

/* The lowest port that two sorted lists share; false if there is none. */
static bool shared_port(const struct sluice_config_input *one,
			const struct sluice_config_input *other, uint16_t *port)
{
	const struct sluice_port_range *left = one->ports, *right = other->ports;
	const struct sluice_port_range *left_end = left + one->port_count,
				       *right_end = right + other->port_count;

	while (left < left_end && right < right_end) {
		if (left->last < right->first) {
			left++;
		} else if (right->last < left->first) {
			right++;
		} else {
			*port = left->first > right->first ? left->first : right->first;
			return true;
		}
	}
	return false;
}

bool sluice_config_inputs_overlap(const struct sluice_config_input *one,
				  const struct sluice_config_input *other, uint16_t *port)
{
	uint16_t unused;

	if (!one || !other || !one->ports || !other->ports)
		return false;
	/* What is captured is taken from nobody. */
	if ((sluice_config_is_captured(one) || sluice_config_is_captured(other)) &&
	    (one->source != other->source || !sluice_config_is_same_capture(one, other)))
		return false;
	return shared_port(one, other, port ? port : &unused) && selectors_overlap(one, other);
}

/* A range of an input, for the sweep below. */
struct claim {
	struct sluice_port_range range;
	struct sluice_draft_input *input;
};

/* qsort: by the first port, then by the order in the file. */
static int compare(const void *left, const void *right)
{
	const struct claim *one = left, *other = right;

	if (one->range.first != other->range.first)
		return (int)one->range.first - other->range.first;
	return one->input < other->input ? -1 : one->input > other->input;
}

/* How an input is called in a message. */
static const char *called(const struct sluice_draft_input *input, char text[SLUICE_QUOTE_TEXT])
{
	return input->name.text ? sluice_quote(input->name.text, text) : "without a name";
}

/* Was a filter given that could not be read? What the input takes is not known then. */
static bool is_unclear(const struct sluice_draft_input *input)
{
	return (input->address_place.line && input->input.address.family == AF_UNSPEC) ||
	       (input->from_place.line && input->input.from.family == AF_UNSPEC) ||
	       (input->input.interface_place.line && !input->input.interface[0]);
}

/* Two claims whose ranges meet: a finding if their inputs clash and this is the first place where
 * they do. */
static void meet(struct sluice_findings *findings, const struct claim *one,
		 const struct claim *other)
{
	struct sluice_draft_input *first = one->input, *second = other->input;
	char first_name[SLUICE_QUOTE_TEXT], second_name[SLUICE_QUOTE_TEXT];
	uint16_t port;

	/* Two ranges of one input, or a pair that meets with other ranges as well. */
	if (first == second ||
	    !sluice_config_inputs_overlap(&first->input, &second->input, &port) ||
	    port != other->range.first || is_unclear(first) || is_unclear(second))
		return;
	if (first > second) {
		first = other->input;
		second = one->input;
	}
	sluice_findings_add(findings, SLUICE_FINDING_ERROR, &second->port_place,
			    "inputs.port: input %s takes port %u, which input %s (line %zu, column "
			    "%zu) takes too: a "
			    "datagram can belong to one input only; give one of them another port, "
			    "address or interface",
			    called(second, second_name), port, called(first, first_name),
			    first->port_place.line, first->port_place.column);
}

/* Finds all pairs of inputs that clash: a sweep over their ranges in the order of ports. 0 or
 * -ENOMEM. */
int sluice_draft_check_overlaps(struct sluice_draft *draft, struct sluice_findings *findings)
{
	size_t number, range, count = 0, one, other;
	struct claim *claims;

	for (number = 0; number < draft->input_count; number++)
		count += draft->inputs[number].input.port_count;
	if (count == 0)
		return 0;
	claims = calloc(count, sizeof(*claims));
	if (!claims)
		return -ENOMEM;
	count = 0;
	for (number = 0; number < draft->input_count; number++)
		for (range = 0; draft->inputs[number].input.enabled &&
				range < draft->inputs[number].input.port_count;
		     range++)
			claims[count++] =
				(struct claim){.range = draft->inputs[number].input.ports[range],
					       .input = &draft->inputs[number]};
	qsort(claims, count, sizeof(*claims), compare);
	for (one = 0; one < count && !findings->full; one++)
		for (other = one + 1;
		     other < count && claims[other].range.first <= claims[one].range.last; other++)
			meet(findings, &claims[one], &claims[other]);
	free(claims);
	return 0;
}
