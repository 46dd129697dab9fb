// SPDX-License-Identifier: MIT
/*
 * The losses that a sluice tells of: see relay_counters.h. Before and after a trial. Touches: a
 * process that it starts.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <jansson.h>
#include "../lib/lost.h"
#include "relay_counters.h"

/* As relay_counters.h says. @context process */
int sluice_relay_counters_read(const char *command, uint64_t lost[SLUICE_LOST_CAUSES])
{
	json_t *inputs;
	FILE *output;
	size_t index;
	size_t cause;
	int status;

	memset(lost, 0, SLUICE_LOST_CAUSES * sizeof(*lost));
	if (!command)
		return 0;
	/* The user's own command, as with --relay. NOLINTNEXTLINE(cert-env33-c) */
	output = popen(command, "re");
	if (!output)
		return -errno;
	inputs = json_loadf(output, 0, NULL);
	status = pclose(output);
	if (status || !json_is_array(inputs)) {
		json_decref(inputs);
		return -EPROTO;
	}
	for (index = 0; index < json_array_size(inputs); index++) {
		const json_t *causes = json_object_get(json_array_get(inputs, index), "lost");

		for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
			lost[cause] += (uint64_t)json_integer_value(
				json_object_get(causes, sluice_lost_name(cause)));
	}
	json_decref(inputs);
	return 0;
}
