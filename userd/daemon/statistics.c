// SPDX-License-Identifier: MIT
/*
 * Lines of statistics now and then; see statistics.h. Touches: the log.
 */
#include <inttypes.h>
#include <string.h>
#include <sluice/record.h>
#include "../lib/clock.h"
#include "../lib/log.h"
#include "../lib/size.h"
#include "statistics.h"

/* A line may come so much early, so that looks a second apart do not make it a second late. */
#define EARLY_NS (500 * SLUICE_NS_PER_MS)

/* Adds up a picture. *waiting: bytes that wait for outputs, each counted for itself. */
static struct sluice_statistics_sums add_up(const struct sluice_engine_report *report,
					    uint64_t *waiting)
{
	struct sluice_statistics_sums sums = {0};
	size_t number, place;

	for (number = 0; number < report->input_count; number++) {
		const struct sluice_engine_input *input = &report->inputs[number];

		sums.received += input->counters.matched;
		sums.stored += input->counters.stored;
		sums.dropped += input->dropped;
		for (place = 0; place < SLUICE_LOST_CAUSES; place++)
			sums.lost += input->counters.lost[place];
	}
	*waiting = 0;
	for (number = 0; number < report->output_count; number++) {
		const struct sluice_engine_output *output = &report->outputs[number];

		*waiting += output->waiting.memory + output->waiting.disk;
		sums.delivered += sluice_statistics_delivered(output);
	}
	return sums;
}

/* Writes the line. */
static void tell(const struct sluice_statistics_sums *now,
		 const struct sluice_statistics_sums *before, uint64_t waiting, uint64_t ns,
		 const char *load)
{
	uint64_t received = sluice_statistics_more(now->received, before->received),
		 stored = sluice_statistics_more(now->stored, before->stored),
		 lost = sluice_statistics_more(now->lost, before->lost),
		 dropped = sluice_statistics_more(now->dropped, before->dropped),
		 delivered = sluice_statistics_more(now->delivered, before->delivered);
	char lasted[SLUICE_SIZE_TEXT], size[SLUICE_SIZE_TEXT];

	sluice_notice_asked(
		SLUICE_ABOUT(.received = SLUICE_NUMBER(received), .stored = SLUICE_NUMBER(stored),
			     .delivered = SLUICE_NUMBER(delivered), .lost = SLUICE_NUMBER(lost),
			     .dropped = SLUICE_NUMBER(dropped), .waiting = SLUICE_NUMBER(waiting),
			     .load = load),
		"statistics of %s: %" PRIu64 " datagrams came, %" PRIu64 " were stored, %" PRIu64
		" delivered, %" PRIu64 " lost, %" PRIu64 " dropped; %s wait, load is %s",
		sluice_duration_say(ns, lasted), received, stored, delivered, lost, dropped,
		sluice_size_format(waiting, size), load);
}

void sluice_statistics_look(struct sluice_statistics *statistics,
			    const struct sluice_engine_report *report, uint64_t now,
			    uint64_t interval_us, const char *load)
{
	uint64_t waiting, interval = interval_us * SLUICE_NS_PER_US;
	struct sluice_statistics_sums sums;

	if (interval && statistics->is_known && now - statistics->told_ns + EARLY_NS < interval)
		return;
	sums = add_up(report, &waiting);
	/* What was before the first look, or while it was off, is in no line. */
	if (interval && statistics->is_known)
		tell(&sums, &statistics->sums, waiting, now - statistics->told_ns, load);
	if (interval)
		sluice_statistics_items_look(&statistics->items, report, statistics->is_known);
	else
		sluice_statistics_items_free(&statistics->items);
	statistics->is_known = interval != 0;
	statistics->told_ns = now;
	statistics->sums = sums;
}

void sluice_statistics_free(struct sluice_statistics *statistics)
{
	sluice_statistics_items_free(&statistics->items);
}
