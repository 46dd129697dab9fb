// SPDX-License-Identifier: MIT
/*
 * Does an engine that took over move data as its predecessor did? See engine.h. In the control
 * thread. Touches: nothing; reads what connections have counted.
 */
#include <errno.h>
#include <stdio.h>
#include "../../lib/barrier.h"
#include "inner.h"
#include "past.h"

/* Is it an error of this host, and none of the receiver or the way there? */
static bool is_of_this_host(uint64_t error)
{
	switch (error) {
	case EACCES:
	case EPERM:
	case EINVAL:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EAFNOSUPPORT:
	case EADDRNOTAVAIL:
		return true;
	default:
		return false;
	}
}

/* How one connection is that its predecessor had. */
static enum sluice_proof look_at(const struct sluice_connection *connection)
{
	const struct sluice_tcp_counters *counters = &connection->counters;
	uint64_t state = sluice_load_relaxed(&counters->state);

	if (sluice_load_relaxed(&counters->faulty))
		return SLUICE_PROOF_FAULT;
	if (state == SLUICE_TCP_READY)
		return SLUICE_PROOF_SAME;
	if (state == SLUICE_TCP_GREETING)
		return SLUICE_PROOF_FAULT;
	if (!sluice_load_relaxed(&counters->what))
		return SLUICE_PROOF_TRIES;
	return is_of_this_host(sluice_load_relaxed(&counters->error)) ? SLUICE_PROOF_FAULT
								      : SLUICE_PROOF_GONE;
}

/* Looks at the connections of one output. The worst of what it and `worst` say. */
static enum sluice_proof look_at_output(const struct sluice_output *output, enum sluice_proof worst,
					char text[SLUICE_SUCCEED_TEXT])
{
	static const char *const words[] = {
		[SLUICE_PROOF_GONE] = "was connected before and is gone",
		[SLUICE_PROOF_TRIES] = "was connected before and does not answer",
		[SLUICE_PROOF_FAULT] = "was connected before and cannot be connected now",
	};

	for_each_connection (connection, &output->group) {
		const char *name = sluice_target_text(connection->target);
		enum sluice_proof proof = look_at(connection);

		if (proof <= worst || connection->role.disabled ||
		    !sluice_past_was_connected(output->group.output, name))
			continue;
		worst = proof;
		snprintf(text, SLUICE_SUCCEED_TEXT, "output %s: %s %s", output->group.name, name,
			 words[worst]);
	}
	return worst;
}

enum sluice_proof sluice_engine_prove(struct sluice_engine *engine, char text[SLUICE_SUCCEED_TEXT])
{
	enum sluice_proof worst = SLUICE_PROOF_SAME;
	size_t number, worker;

	if (sluice_engine_silence(engine, text))
		return SLUICE_PROOF_FAULT;
	for (number = 0; number < engine->output_count; number++)
		for (worker = 0; worker < engine->worker_count; worker++)
			worst = look_at_output(engine->outputs[number].halves[worker], worst, text);
	return worst;
}
