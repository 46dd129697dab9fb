// SPDX-License-Identifier: MIT
/*
 * What forwards need of each other, and what does not go together in one. See draft.h. Touches:
 * nothing but memory.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include "draft.h"
#include "guid.h"
#include "suggest.h"

/* The port of an address, as people write it. */
static uint16_t port_of(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	return ntohs(address->ss_family == AF_INET ? four->sin_port : six->sin6_port);
}

/* Is it the address of all interfaces? */
static bool is_any(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	return address->ss_family == AF_INET ? four->sin_addr.s_addr == htonl(INADDR_ANY)
					     : IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
}

/* Are both the same address, whatever the port? */
static bool is_same_host(const struct sockaddr_storage *one, const struct sockaddr_storage *other)
{
	const struct sockaddr_in *four = (const void *)one, *other_four = (const void *)other;
	const struct sockaddr_in6 *six = (const void *)one, *other_six = (const void *)other;

	if (one->ss_family != other->ss_family)
		return false;
	return one->ss_family == AF_INET
		       ? four->sin_addr.s_addr == other_four->sin_addr.s_addr
		       : !memcmp(&six->sin6_addr, &other_six->sin6_addr, sizeof(six->sin6_addr));
}

bool sluice_listeners_clash(const struct sluice_config_listener *one,
			    const struct sluice_config_listener *other)
{
	return one->address.ss_family == other->address.ss_family &&
	       port_of(&one->address) == port_of(&other->address) &&
	       (is_any(&one->address) || is_any(&other->address) ||
		is_same_host(&one->address, &other->address));
}

/* Holds address `which` of forward `number` against those before it. */
static void check_listen(const struct sluice_draft *draft, size_t number, size_t which,
			 struct sluice_findings *findings)
{
	const struct sluice_config_listener *mine = &draft->forwards[number].forward.listen[which];
	char quoted[SLUICE_QUOTE_TEXT], others[SLUICE_QUOTE_TEXT];
	size_t other, place;

	for (other = 0; other <= number; other++) {
		const struct sluice_config_forward *forward = &draft->forwards[other].forward;

		for (place = 0; place < (other == number ? which : forward->listen_count);
		     place++) {
			if (!sluice_listeners_clash(mine, &forward->listen[place]))
				continue;
			sluice_findings_add(findings, SLUICE_FINDING_ERROR, &mine->place,
					    "forwards.listen: %s clashes with %s (line %zu, column "
					    "%zu): a connection could be for both",
					    sluice_quote(mine->text, quoted),
					    sluice_quote(forward->listen[place].text, others),
					    forward->listen[place].place.line,
					    forward->listen[place].place.column);
			return;
		}
	}
}

/* Does the forward lead to itself? */
static void check_loop(const struct sluice_config_forward *forward,
		       struct sluice_findings *findings)
{
	struct sockaddr_storage to = {.ss_family = AF_UNSPEC};
	struct sockaddr_in *four = (void *)&to;
	struct sockaddr_in6 *six = (void *)&to;
	char quoted[SLUICE_QUOTE_TEXT];
	size_t number;

	if (!forward->to.host)
		return;
	if (inet_pton(AF_INET, forward->to.host, &four->sin_addr) == 1)
		to.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, forward->to.host, &six->sin6_addr) == 1)
		to.ss_family = AF_INET6;
	for (number = 0; number < forward->listen_count; number++) {
		if (port_of(&forward->listen[number].address) != forward->to.port ||
		    !is_same_host(&to, &forward->listen[number].address))
			continue;
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &forward->to.place,
				    "forwards.to: %s is where the forward itself listens: it would "
				    "connect to itself for ever",
				    sluice_quote(forward->to.text, quoted));
		return;
	}
}

/* Is the name or the id of forward `number` another one's? */
static void check_label(const struct sluice_draft *draft, size_t number,
			struct sluice_findings *findings)
{
	const struct sluice_draft_forward *mine = &draft->forwards[number];
	const struct sluice_word *twin = NULL;
	char quoted[SLUICE_QUOTE_TEXT];
	size_t other;

	for (other = 0; mine->name.text && other < number; other++) {
		const struct sluice_word *name = &draft->forwards[other].name;

		if (!name->text || strcmp(name->text, mine->name.text) != 0)
			continue;
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &mine->name.place,
				    "forwards.name: %s is taken already (line %zu, column %zu): "
				    "take another",
				    sluice_quote(mine->name.text, quoted), name->place.line,
				    name->place.column);
		return;
	}
	if (!mine->id.text || sluice_guid_is_zero(mine->forward.id))
		return;
	for (other = 0; other < number; other++)
		if (sluice_guid_equal(draft->forwards[other].forward.id, mine->forward.id))
			twin = &draft->forwards[other].id;
	for (other = 0; other < draft->input_count; other++)
		if (sluice_guid_equal(draft->inputs[other].input.id, mine->forward.id))
			twin = &draft->inputs[other].id;
	for (other = 0; other < draft->output_count; other++)
		if (sluice_guid_equal(draft->outputs[other].output.id, mine->forward.id))
			twin = &draft->outputs[other].id;
	if (twin)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &mine->id.place,
				    "id: %s is taken already (line %zu, column %zu): take another",
				    sluice_quote(mine->id.text, quoted), twin->place.line,
				    twin->place.column);
}

/* Is the source address of the family of the destination, where that is an address? */
static void check_from(const struct sluice_draft_forward *draft, struct sluice_findings *findings)
{
	const struct sluice_config_forward *forward = &draft->forward;
	struct in6_addr six;
	struct in_addr four;
	int family = AF_UNSPEC;

	if (!forward->to.host || forward->from.family == AF_UNSPEC)
		return;
	if (inet_pton(AF_INET, forward->to.host, &four) == 1)
		family = AF_INET;
	else if (inet_pton(AF_INET6, forward->to.host, &six) == 1)
		family = AF_INET6;
	if (family != AF_UNSPEC && family != forward->from.family)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->from_place,
				    "forwards.from: one of from and to is IPv4 and the other IPv6: "
				    "no connection has both");
}

void sluice_forward_check(const struct sluice_draft *draft, struct sluice_findings *findings)
{
	size_t number, which;

	for (number = 0; number < draft->forward_count; number++) {
		const struct sluice_config_forward *forward = &draft->forwards[number].forward;

		check_label(draft, number, findings);
		check_loop(forward, findings);
		check_from(&draft->forwards[number], findings);
		for (which = 0; which < forward->listen_count; which++)
			check_listen(draft, number, which, findings);
	}
	if (draft->inputs_place.line && draft->forwards_place.line && !draft->outputs_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->inputs_place,
				    "inputs: there are no outputs for them to feed: add `outputs`, "
				    "or leave the key out");
	if (draft->outputs_place.line && draft->forwards_place.line && !draft->inputs_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &draft->outputs_place,
				    "outputs: there are no inputs that feed them: nothing will go "
				    "there");
}
