// SPDX-License-Identifier: MIT
/*
 * What of the datagrams that packet sockets take the stack does not get; see afpacket.h. For the
 * control thread. Touches: the firewall.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/log.h"
#include "afpacket.h"

/* Adds what an input steals now, or between now and then. 0 or -ENOMEM. */
static int add_input(struct sluice_afpacket_drop_list *wanted,
		     const struct sluice_afpacket_input *input, bool is_changing)
{
	const struct sluice_afpacket_handle *handle = input->handle;

	/* What no socket takes the stack has to get. */
	if (!handle || !handle->index || !handle->lanes_open ||
	    (is_changing && input->next_handle != handle))
		return 0;
	return sluice_afpacket_drop_list_add_common(
		wanted, &input->drops, is_changing ? &input->next_drops : &input->drops,
		handle->interface, handle->index);
}

bool sluice_afpacket_steal(struct sluice_afpacket_drop_table *table,
			   const struct sluice_afpacket_input *inputs, bool is_changing)
{
	struct sluice_afpacket_drop_list wanted = {0};
	const struct sluice_afpacket_input *input;
	int error = 0;

	for (input = inputs; !error && input; input = input->next)
		error = add_input(&wanted, input, is_changing);
	if (error)
		sluice_afpacket_drop_table_end(table);
	else
		error = sluice_afpacket_drop_table_set(table, &wanted);
	free(wanted.list);
	if (error && error != table->fault)
		sluice_warning("source: afpacket: the stack gets what `verdict: steal` is to take "
			       "away: %s",
			       sluice_afpacket_drop_fault(error));
	if (!error && table->fault)
		sluice_notice("source: afpacket: the stack does not get any more what is taken");
	table->fault = error;
	return error != 0;
}
