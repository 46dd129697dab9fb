// SPDX-License-Identifier: MIT
/*
 * What only inputs with `source: tcp` and `source: sluice` have: where they listen, how a stream is
 * cut, who may come; and which keys of others they cannot have. Touches: nothing but memory.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "draft.h"
#include "suggest.h"

const struct sluice_choice sluice_cuttings[] = {
	{"newline", SLUICE_CUTTING_NEWLINE, false},
	{"octet-counted", SLUICE_CUTTING_COUNTED, false},
	{"length32", SLUICE_CUTTING_LENGTH32, false},
	{NULL, 0, false},
};

const struct sluice_choice sluice_overlongs[] = {
	{"cut", SLUICE_OVERLONG_CUT, false},
	{"close", SLUICE_OVERLONG_CLOSE, false},
	{NULL, 0, false},
};

const struct sluice_choice sluice_promises[] = {
	{"received", SLUICE_PROMISE_RECEIVED, false},
	{"durable", SLUICE_PROMISE_DURABLE, false},
	{"end-to-end", SLUICE_PROMISE_END, false},
	{NULL, 0, false},
};

void sluice_read_allow(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	struct sluice_config_inlet *inlet = (void *)((char *)object + key->offset);
	struct sluice_prefix_list prefixes = {NULL, 0};

	if (!sluice_read_prefixes(reader, key, node, &prefixes))
		return;
	inlet->allow = prefixes.list;
	inlet->allow_count = prefixes.count;
}

void sluice_read_deny(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	struct sluice_config_inlet *inlet = (void *)((char *)object + key->offset);
	struct sluice_prefix_list prefixes = {NULL, 0};

	if (!sluice_read_prefixes(reader, key, node, &prefixes))
		return;
	inlet->deny = prefixes.list;
	inlet->deny_count = prefixes.count;
}

/* The default of max-record: the most that a UDP datagram over IPv4 holds. */
#define RECORD_MOST 65507U

/* Adds that a key is not one of this source's, if it is written, and says more than its default. */
static void refuse(struct sluice_findings *findings, const struct sluice_config_place *place,
		   bool is_more, const char *key, const char *why)
{
	sluice_source_refuse(findings, place, is_more && place->line, key, why);
}

/* Keys that only inputs have which take connections. */
static void check_others(const struct sluice_draft_input *draft, struct sluice_findings *findings)
{
	static const char why[] = "it is for connections over TCP";
	const struct sluice_config_inlet *inlet = &draft->input.inlet;

	if (draft->listen_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->listen_place,
				    "inputs.listen: connections are taken with source: tcp (of "
				    "whoever sends frames) or source: sluice (of another relay)");
	refuse(findings, &draft->cutting_place, inlet->framing != SLUICE_CUTTING_NEWLINE, "framing",
	       why);
	refuse(findings, &draft->max_record_place, inlet->max_record != RECORD_MOST, "max-record",
	       why);
	refuse(findings, &draft->overlong_place, inlet->oversize != SLUICE_OVERLONG_CUT, "oversize",
	       why);
	refuse(findings, &draft->promise_place, inlet->ack != SLUICE_PROMISE_RECEIVED, "ack", why);
	refuse(findings, &draft->allow_place, true, "allow", why);
	refuse(findings, &draft->deny_place, true, "deny", why);
	refuse(findings, &draft->limit_place, true, "limit", why);
	refuse(findings, &draft->idle_place, inlet->idle_timeout_us != 0, "idle-timeout", why);
}

/* Keys of other sources. */
static void check_own(const struct sluice_draft_input *draft, struct sluice_findings *findings)
{
	static const char udp[] = "it is for datagrams, and this input takes connections";
	const struct sluice_config_input *input = &draft->input;
	bool is_tcp = input->source == SLUICE_SOURCE_TCP;

	if (!draft->listen_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->source_place,
				    "inputs.source: %s takes connections: say where with "
				    "inputs.listen",
				    is_tcp ? "tcp" : "sluice");
	refuse(findings, &draft->port_place, true, "port", udp);
	refuse(findings, &draft->address_place, true, "address", udp);
	refuse(findings, &draft->from_place, true, "from", "who may connect is inputs.allow");
	refuse(findings, &draft->group_place, true, "group", udp);
	refuse(findings, &input->interface_place, true, "interface", udp);
	refuse(findings, &draft->hook_place, input->hook != SLUICE_HOOK_PREROUTING, "hook", udp);
	refuse(findings, &draft->batching_place, input->batching != SLUICE_BATCHING_OFF, "batching",
	       udp);
	refuse(findings, &draft->verdict_place, input->verdict != SLUICE_VERDICT_STEAL, "verdict",
	       udp);
	refuse(findings, &input->receive_place, input->receive != SLUICE_RECEIVE_AUTO, "receive",
	       udp);
	refuse(findings, &draft->checksum_place, input->checksum != 0, "checksum", udp);
	refuse(findings, &draft->time_place, input->time != 0, "time", udp);
	if (is_tcp) {
		refuse(findings, &draft->promise_place, input->inlet.ack != SLUICE_PROMISE_RECEIVED,
		       "ack", "only another relay is told what is safe");
		return;
	}
	refuse(findings, &draft->cutting_place, input->inlet.framing != SLUICE_CUTTING_NEWLINE,
	       "framing", "relays speak native");
	refuse(findings, &draft->max_record_place, input->inlet.max_record != RECORD_MOST,
	       "max-record", "records come as they are");
	refuse(findings, &draft->overlong_place, input->inlet.oversize != SLUICE_OVERLONG_CUT,
	       "oversize", "records come as they are");
}

void sluice_inlet_check(const struct sluice_draft *draft, size_t number,
			struct sluice_findings *findings)
{
	const struct sluice_draft_input *mine = &draft->inputs[number];
	const struct sluice_config_listener *listen = &mine->input.inlet.listen;
	char quoted[SLUICE_QUOTE_TEXT];
	size_t other, place;

	if (!sluice_config_is_inlet(&mine->input)) {
		check_others(mine, findings);
		return;
	}
	check_own(mine, findings);
	if (!listen->text)
		return;
	for (other = 0; other < number; other++)
		if (draft->inputs[other].input.inlet.listen.text &&
		    sluice_listeners_clash(listen, &draft->inputs[other].input.inlet.listen))
			sluice_findings_add(findings, SLUICE_FINDING_ERROR, &mine->listen_place,
					    "inputs.listen: %s is an address that another input "
					    "(line %zu) listens at, too: name another port",
					    sluice_quote(listen->text, quoted),
					    draft->inputs[other].listen_place.line);
	for (other = 0; other < draft->forward_count; other++) {
		const struct sluice_config_forward *forward = &draft->forwards[other].forward;

		for (place = 0; place < forward->listen_count; place++)
			if (sluice_listeners_clash(listen, &forward->listen[place]))
				sluice_findings_add(
					findings, SLUICE_FINDING_ERROR, &mine->listen_place,
					"inputs.listen: %s is an address that a forward (line %zu) "
					"listens at, too: name another port",
					sluice_quote(listen->text, quoted),
					forward->listen[place].place.line);
	}
}

/* Are two lists of prefixes the same? */
static bool are_same(const struct sluice_config_prefix *one, size_t count,
		     const struct sluice_config_prefix *other, size_t other_count)
{
	size_t number;

	if (count != other_count)
		return false;
	for (number = 0; number < count; number++)
		if (!sluice_config_prefix_is_same(&one[number], &other[number]))
			return false;
	return true;
}

bool sluice_config_is_same_inlet(const struct sluice_config_input *one,
				 const struct sluice_config_input *other)
{
	const struct sluice_config_inlet *left = &one->inlet, *right = &other->inlet;

	return one->source == other->source && one->addresses == other->addresses &&
	       left->listen.text && right->listen.text &&
	       !strcmp(left->listen.text, right->listen.text) && left->framing == right->framing &&
	       left->oversize == right->oversize && left->ack == right->ack &&
	       left->max_record == right->max_record && left->limit == right->limit &&
	       left->idle_timeout_us == right->idle_timeout_us &&
	       are_same(left->allow, left->allow_count, right->allow, right->allow_count) &&
	       are_same(left->deny, left->deny_count, right->deny, right->deny_count);
}

/* Does an address of `family` lie in the prefix? */
static bool holds(const struct sluice_config_prefix *prefix, int family, const uint8_t *address)
{
	unsigned int whole = prefix->length / 8U, rest = prefix->length % 8U;

	if (prefix->family != family || memcmp(prefix->address, address, whole) != 0)
		return false;
	return !rest || !((prefix->address[whole] ^ address[whole]) >> (8U - rest));
}

bool sluice_config_prefixes_hold(const struct sluice_config_prefix *list, size_t count,
				 const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;
	const uint8_t *bytes = address->ss_family == AF_INET ? (const uint8_t *)&four->sin_addr
							     : (const uint8_t *)&six->sin6_addr;
	size_t number;

	for (number = 0; number < count; number++)
		if (holds(&list[number], address->ss_family, bytes))
			return true;
	return false;
}
