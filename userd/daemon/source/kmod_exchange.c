// SPDX-License-Identifier: MIT
/*
 * The exchange of the module's rules in one step: which rules go, which come, and which of those
 * that come are the same input as one that goes and count on from it; see kmod.h. In the control
 * thread. Touches: the module, over netlink.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "kmod.h"

bool sluice_kmod_is_among(const struct sluice_kernel_rule *rules, size_t count,
			  const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (sluice_guid_equal(rules[number].guid, guid))
			return true;
	return false;
}

/* Are two prefixes the same? */
static bool is_same_prefix(const struct sluice_kernel_prefix *one,
			   const struct sluice_kernel_prefix *two)
{
	return one->family == two->family && one->length == two->length &&
	       !memcmp(one->address, two->address, sizeof(one->address));
}

/* Do two rules take the same datagrams at the same place? The module keeps ranges sorted, as the
 * configuration does. */
static bool match_alike(const struct sluice_kernel_rule *one, const struct sluice_kernel_rule *two)
{
	return one->hook == two->hook && one->port_count == two->port_count &&
	       !memcmp(one->ports, two->ports, one->port_count * sizeof(one->ports[0])) &&
	       is_same_prefix(&one->destination, &two->destination) &&
	       is_same_prefix(&one->source, &two->source) &&
	       !strcmp(one->interface, two->interface);
}

void sluice_kmod_exchange_continue(struct sluice_kmod_exchange *exchange)
{
	size_t number, place;

	for (number = 0; number < exchange->wanted_count; number++) {
		struct sluice_kernel_rule *wanted = &exchange->wanted[number];

		wanted->continues = false;
		if (sluice_kmod_is_among(exchange->now, exchange->now_count, wanted->guid))
			continue;
		/* No two rules that are there take the same, so there is one such at most. */
		for (place = 0; place < exchange->now_count && !wanted->continues; place++) {
			if (!exchange->goes[place] || !match_alike(&exchange->now[place], wanted))
				continue;
			sluice_guid_copy(wanted->before, exchange->now[place].guid);
			wanted->continues = true;
		}
	}
}

const struct sluice_kernel_rule *
sluice_kmod_exchange_before(const struct sluice_kmod_exchange *exchange,
			    const struct sluice_kernel_rule *wanted)
{
	const uint8_t *guid = wanted->continues ? wanted->before : wanted->guid;
	size_t number;

	for (number = 0; number < exchange->now_count; number++)
		if (sluice_guid_equal(exchange->now[number].guid, guid))
			return &exchange->now[number];
	return NULL;
}

int sluice_kmod_exchange_make(const struct sluice_kmod_exchange *exchange,
			      struct sluice_kernel *kernel)
{
	sluice_guid *gone = calloc(exchange->now_count ? exchange->now_count : 1, sizeof(*gone));
	size_t number, count = 0;
	int result;

	if (!gone)
		return -ENOMEM;
	for (number = 0; number < exchange->now_count; number++)
		if (exchange->goes[number])
			sluice_guid_copy(gone[count++], exchange->now[number].guid);
	result = count || exchange->wanted_count
			 ? sluice_kernel_rules_exchange(kernel, exchange->wanted,
							exchange->wanted_count,
							(const sluice_guid *)gone, count)
			 : 0;
	free(gone);
	return result;
}
