// SPDX-License-Identifier: MIT
/*
 * The end of a daemon that has nothing more to do; see drained.h. Touches: what drained.h says.
 */
#include <stdio.h>
#include <string.h>
#include "../lib/clock.h"
#include "../lib/log.h"
#include "daemon.h"
#include "drained.h"

#define LOOK_NS (50 * SLUICE_NS_PER_MS)
#define LOOK_MS 50

/* Notes what came and went. */
static void sum_up(struct sluice_drained *drained)
{
	uint64_t stored = 0, lost = 0, sent = 0, resent = 0, left_out = 0;
	struct sluice_engine_report report;
	size_t number, place;

	if (sluice_engine_report(drained->engine, &report))
		return;
	for (number = 0; number < report.input_count; number++) {
		stored += report.inputs[number].counters.stored;
		lost += report.inputs[number].counters.matched -
			report.inputs[number].counters.stored;
	}
	for (number = 0; number < report.output_count; number++)
		for (place = 0; place < report.outputs[number].destination_count; place++) {
			const struct sluice_engine_destination *to =
				&report.outputs[number].destinations[place];

			sent += to->sent;
			resent += to->resent;
			left_out += to->unsendable + to->oversized + to->skipped + to->refused;
		}
	snprintf(drained->line, sizeof(drained->line),
		 "%llu datagrams taken in, %llu sent, %llu sent again, %llu without a form in the "
		 "framing, %llu lost",
		 (unsigned long long)stored, (unsigned long long)sent, (unsigned long long)resent,
		 (unsigned long long)left_out, (unsigned long long)lost);
	/* Of several what the first ones say. */
	for (number = 0; number < report.input_count; number++) {
		place = strlen(drained->line);
		snprintf(drained->line + place, sizeof(drained->line) - place, "; %s %s",
			 report.inputs[number].name, report.inputs[number].state);
	}
	sluice_engine_report_free(&report);
}

/* struct sluice_job.work: in the foreman's thread. */
static void work(struct sluice_job *job)
{
	struct sluice_drained *drained = (struct sluice_drained *)job;

	drained->is_drained = sluice_engine_is_drained(drained->engine);
	if (drained->is_drained)
		sum_up(drained);
}

/* struct sluice_job.done: in the control thread. */
static void done(struct sluice_job *job)
{
	struct sluice_drained *drained = (struct sluice_drained *)job;

	if (!drained->is_drained || drained->daemon->stopping)
		return;
	sluice_notice("all is read and delivered (--until-drained)");
	sluice_daemon_stop(drained->daemon);
}

int sluice_drained_begin(struct sluice_drained *drained, struct daemon *daemon)
{
	const char *name;

	drained->daemon = daemon;
	drained->is_wished = daemon->options.until_drained;
	drained->job.work = work;
	drained->job.done = done;
	name = drained->is_wished ? sluice_engine_endless(daemon->engine) : NULL;
	if (!name)
		return SLUICE_EXIT_OK;
	sluice_error_about(SLUICE_ABOUT(.input = name),
			   "could not start: --until-drained: input `%s` never ends; leave the "
			   "option out, or have all inputs read captures (`source: pcap`, "
			   "`file:`)",
			   name);
	return SLUICE_EXIT_START;
}

int sluice_drained_wait(const struct sluice_drained *drained)
{
	return drained->is_wished && !drained->is_drained ? LOOK_MS : -1;
}

void sluice_drained_follow(struct sluice_drained *drained)
{
	struct daemon *daemon = drained->daemon;

	if (!drained->is_wished || drained->is_drained || daemon->stopping || !daemon->engine ||
	    sluice_now() - drained->looked < LOOK_NS || sluice_foreman_is_busy(daemon->foreman))
		return;
	drained->looked = sluice_now();
	drained->engine = daemon->engine;
	(void)sluice_foreman_give(daemon->foreman, &drained->job);
}

void sluice_drained_tell(const struct sluice_drained *drained)
{
	if (drained->is_drained && drained->line[0]) {
		puts(drained->line);
		(void)fflush(stdout);
	}
}
