// SPDX-License-Identifier: MIT
/*
 * An input that got another name without having an `id` has another GUID, and goes on counting
 * where it was: the number in its records is the same. What its sources counted under the GUID that
 * it had is added to every picture; the module and sockets see to that themselves. Part of inner.h;
 * in the control thread. Touches: memory.
 */
#include <stdlib.h>
#include <string.h>
#include "../../lib/log.h"
#include "inner.h"
#include "past.h"

/* An input's GUID, and the one that it had before. */
struct sluice_renamed {
	sluice_guid now, before;
	enum sluice_source kind;
};

/* Does the configuration have an input of this GUID? */
static bool has_input(const struct sluice_config *config, const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < config->input_count; number++)
		if (sluice_guid_equal(config->inputs[number].id, guid))
			return true;
	return false;
}

/* Notes that `now` goes on with what `before` counted. */
static void note(struct sluice_engine *engine, const sluice_guid now, const sluice_guid before,
		 enum sluice_source kind)
{
	struct sluice_renamed *larger;
	size_t number;

	sluice_past_rename(before, now);
	/* A name that comes back goes on with its own counters, and no more with another's. */
	for (number = 0; number < engine->renamed_count;) {
		if (sluice_guid_equal(engine->renamed[number].before, now))
			engine->renamed[number] = engine->renamed[--engine->renamed_count];
		else
			number++;
	}
	larger = reallocarray(engine->renamed, engine->renamed_count + 1,
			      sizeof(struct sluice_renamed));
	if (!larger) {
		sluice_warning("out of memory: an input that was renamed begins to count anew");
		return;
	}
	engine->renamed = larger;
	larger += engine->renamed_count++;
	sluice_guid_copy(larger->now, now);
	sluice_guid_copy(larger->before, before);
	larger->kind = kind;
}

void sluice_renamed_follow(struct sluice_engine *engine, const struct sluice_config *next,
			   const struct sluice_derived *derived,
			   const struct sluice_identity *identity)
{
	const struct sluice_config *config = engine->config;
	uint16_t was, is;
	size_t number, place;

	for (number = 0; config && number < next->input_count; number++) {
		const uint8_t *now = next->inputs[number].id;

		if (has_input(config, now) || sluice_identity_number(identity, now, &is))
			continue;
		for (place = 0; place < config->input_count; place++) {
			const uint8_t *before = config->inputs[place].id;

			if (engine->derived.kinds[place] != derived->kinds[number] ||
			    has_input(next, before) ||
			    sluice_identity_number(&engine->identity, before, &was) || was != is)
				continue;
			note(engine, now, before, derived->kinds[number]);
			break;
		}
	}
}

/* Adds what its source counted under a GUID that is no more in force. */
static void add_counted(const struct sluice_engine *engine, const struct sluice_renamed *renamed,
			struct sluice_counters *counters)
{
	size_t intake = sluice_intake_of(renamed->kind), cause;
	struct sluice_counters past = {0};
	uint16_t index;

	/* The module's rules go on themselves. */
	if (renamed->kind == SLUICE_SOURCE_KMOD || !engine->intakes[intake] ||
	    sluice_intake_classes[intake]->counters(engine->intakes[intake], renamed->before, &past,
						    &index))
		return;
	counters->matched += past.matched;
	counters->stored += past.stored;
	counters->stored_bytes += past.stored_bytes;
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		counters->lost[cause] += past.lost[cause];
}

/* As below; `left`: names that may still follow one another, so that it ends whatever is noted. */
static void add_before(const struct sluice_engine *engine, enum sluice_source kind,
		       const sluice_guid guid, struct sluice_counters *counters, size_t left)
{
	size_t number;

	for (number = 0; left && number < engine->renamed_count; number++) {
		const struct sluice_renamed *renamed = &engine->renamed[number];

		if (renamed->kind != kind || !sluice_guid_equal(renamed->now, guid))
			continue;
		add_counted(engine, renamed, counters);
		add_before(engine, kind, renamed->before, counters, left - 1);
	}
}

void sluice_renamed_add(const struct sluice_engine *engine, enum sluice_source kind,
			const sluice_guid guid, struct sluice_counters *counters)
{
	add_before(engine, kind, guid, counters, engine->renamed_count);
}
