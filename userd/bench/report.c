// SPDX-License-Identifier: MIT
/*
 * The sink's result for people and for programs: see report.h. After everything else. Touches: the
 * stream it is given.
 */
#include <inttypes.h>
#include <string.h>
#include "lost.h"
#include "report.h"

/* Rows of a table for people; programs get all of them as JSON. */
#define ROWS 24U

/* Where all causes are counted for which the ledger has no place of their own. */
#define OTHER (SLUICE_LEDGER_CAUSES - 1U)

/* Bytes that hold the name of any cause. */
#define CAUSE_TEXT 32U

/* Has a cause a name, so that it is told of though nothing was lost by it? */
static bool is_named(size_t cause)
{
	return cause < SLUICE_LOST_CAUSES || cause == OTHER;
}

/* The name of a cause. Returns a constant, or `text` filled in. */
static const char *cause_name(size_t cause, char text[CAUSE_TEXT])
{
	if (cause == OTHER)
		return "other";
	if (is_named(cause))
		return sluice_lost_name(cause);
	snprintf(text, CAUSE_TEXT, "cause_%zu", cause);
	return text;
}

/* A UUID as text. Returns `text`. */
static const char *uuid_text(const sluice_guid uuid, char text[37])
{
	size_t place;
	size_t written = 0;

	for (place = 0; place < 16; place++) {
		if (place == 4 || place == 6 || place == 8 || place == 10)
			text[written++] = '-';
		snprintf(text + written, 3, "%02x", uuid[place]);
		written += 2;
	}
	return text;
}

/* Did it come over a plain framing, so that all that is known is the port? */
static bool is_port(const struct sluice_ledger_input *input)
{
	return sluice_guid_is_zero(input->stream);
}

/* As report.h says. */
bool sluice_sink_is_right(struct sluice_ledger *ledger, const struct sluice_sink_report *report)
{
	const struct sluice_ledger_sums *sums = sluice_ledger_sums(ledger);

	return sluice_ledger_missing(ledger, report->sent) == 0 && sums->repeated == 0 &&
	       sums->damaged == 0 && sums->damaged_frames == 0;
}

/* The table of inputs or ports. */
static void print_inputs(FILE *to, const struct sluice_ledger *ledger)
{
	const struct sluice_ledger_input *input;
	char text[37];
	size_t index;

	fprintf(to, "\n%-36s %20s %6s %12s %14s %8s %12s\n", "stream", "epoch", "input", "received",
		"bytes", "gaps", "lost");
	for (index = 0; (input = sluice_ledger_input(ledger, index)) && index < ROWS; index++)
		fprintf(to,
			"%-36s %20" PRIu64 " %6" PRIu64 " %12" PRIu64 " %14" PRIu64 " %8" PRIu64
			" %12" PRIu64 "\n",
			is_port(input) ? "(by local port)" : uuid_text(input->stream, text),
			input->epoch, input->input, input->received, input->bytes,
			input->gap_records, input->gap_datagrams);
	if (input)
		fputs("(more: -j shows all)\n", to);
}

/* The table of flows: all of them if few, else those with something to say first. */
static void print_flows(FILE *to, const struct sluice_ledger *ledger)
{
	const struct sluice_tally_flow *flow;
	size_t shown = 0;
	size_t left = 0;
	size_t index;
	bool faulty;
	int pass;

	fprintf(to, "\n%-16s %6s %5s %12s %12s %10s %10s\n", "run", "flow", "form", "received",
		"missing", "repeated", "reordered");
	for (pass = 0; pass < 2; pass++) {
		for (index = 0; (flow = sluice_ledger_flow(ledger, index)); index++) {
			faulty = flow->end != flow->received || flow->repeated;
			if (faulty != (pass == 0))
				continue;
			if (shown++ >= ROWS) {
				left++;
				continue;
			}
			fprintf(to,
				"%016" PRIx64 " %6" PRIu64 " %5s %12" PRIu64 " %12" PRIu64
				" %10" PRIu64 " %10" PRIu64 "\n",
				flow->run, flow->flow,
				flow->form == SLUICE_PAYLOAD_FULL ? "full" : "short",
				flow->received, flow->end - flow->received, flow->repeated,
				flow->reordered);
		}
	}
	if (left)
		fprintf(to, "(and %zu flows more: -j shows all)\n", left);
}

/* As report.h says. */
void sluice_sink_report_text(FILE *to, struct sluice_ledger *ledger,
			     const struct sluice_sink_report *report)
{
	const struct sluice_ledger_sums *sums = sluice_ledger_sums(ledger);
	uint64_t missing = sluice_ledger_missing(ledger, report->sent);
	char text[CAUSE_TEXT];
	size_t cause;

	fprintf(to, "received      %" PRIu64 " datagrams, %" PRIu64 " bytes, in %.3f s\n",
		sums->received, sums->bytes, report->seconds);
	if (sums->unnumbered)
		fprintf(to,
			"  of them     %" PRIu64 " without a number (only counted), %" PRIu64
			" not of sluicebench gen\n",
			sums->unnumbered, sums->plain);
	fprintf(to, "missing       %" PRIu64 "%s\n", missing,
		report->sent
			? ""
			: " below the highest number seen (--sent N would also tell of the end)");
	fprintf(to, "repeated      %" PRIu64 "\n", sums->repeated);
	fprintf(to,
		"suppressed    %" PRIu64 " that were sent again and dropped here by their offset\n",
		sums->suppressed);
	fprintf(to, "damaged       %" PRIu64 " datagrams, %" PRIu64 " frames\n", sums->damaged,
		sums->damaged_frames);
	fprintf(to, "reordered     %" PRIu64 "\n", sums->reordered);
	fprintf(to, "told as lost  %" PRIu64 " datagrams in %" PRIu64 " GAP records\n",
		sums->gap_datagrams, sums->gap_records);
	for (cause = 0; cause < SLUICE_LEDGER_CAUSES; cause++)
		if (sums->gap[cause])
			fprintf(to, "  %-11s %" PRIu64 "\n", cause_name(cause, text),
				sums->gap[cause]);
	fprintf(to,
		"connections   %" PRIu64 ", %" PRIu64 " ended inside a frame, %" PRIu64
		" reset by us\n",
		sums->connections, sums->cut_frames, report->resets);
	if (sluice_ledger_input(ledger, 0))
		print_inputs(to, ledger);
	if (sluice_ledger_flow(ledger, 0))
		print_flows(to, ledger);
	fprintf(to,
		"RESULT part=sink received=%" PRIu64 " missing=%" PRIu64 " repeated=%" PRIu64
		" suppressed=%" PRIu64 " damaged=%" PRIu64 " reordered=%" PRIu64
		" gap_records=%" PRIu64 " gap_datagrams=%" PRIu64 " bytes=%" PRIu64
		" plain=%" PRIu64 " connections=%" PRIu64 " seconds=%.3f\n",
		sums->received, missing, sums->repeated, sums->suppressed,
		sums->damaged + sums->damaged_frames, sums->reordered, sums->gap_records,
		sums->gap_datagrams, sums->bytes, sums->plain, sums->connections, report->seconds);
	fflush(to);
}

/* As report.h says. */
void sluice_sink_report_json(FILE *to, struct sluice_ledger *ledger,
			     const struct sluice_sink_report *report)
{
	const struct sluice_ledger_sums *sums = sluice_ledger_sums(ledger);
	const struct sluice_ledger_input *input;
	const struct sluice_tally_flow *flow;
	char text[37];
	char name[CAUSE_TEXT];
	size_t index;

	fprintf(to,
		"{\"part\":\"sink\",\"received\":%" PRIu64 ",\"missing\":%" PRIu64
		",\"repeated\":%" PRIu64 ",\"suppressed\":%" PRIu64 ",\"damaged\":%" PRIu64
		",\"damaged_frames\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"gap_records\":%" PRIu64
		",\"gap_datagrams\":%" PRIu64 ",\"bytes\":%" PRIu64,
		sums->received, sluice_ledger_missing(ledger, report->sent), sums->repeated,
		sums->suppressed, sums->damaged, sums->damaged_frames, sums->reordered,
		sums->gap_records, sums->gap_datagrams, sums->bytes);
	fprintf(to,
		",\"unnumbered\":%" PRIu64 ",\"plain\":%" PRIu64 ",\"frames\":%" PRIu64
		",\"cut_frames\":%" PRIu64 ",\"connections\":%" PRIu64 ",\"resets\":%" PRIu64
		",\"seconds\":%.3f,\"gaps\":{",
		sums->unnumbered, sums->plain, sums->frames, sums->cut_frames, sums->connections,
		report->resets, report->seconds);
	for (index = 0; index < SLUICE_LEDGER_CAUSES; index++)
		if (is_named(index) || sums->gap[index])
			fprintf(to, "%s\"%s\":%" PRIu64, index ? "," : "", cause_name(index, name),
				sums->gap[index]);
	fputs("},\"inputs\":[", to);
	for (index = 0; (input = sluice_ledger_input(ledger, index)); index++) {
		fputs(index ? ",{" : "{", to);
		if (!is_port(input))
			fprintf(to, "\"stream\":\"%s\",\"epoch\":%" PRIu64 ",",
				uuid_text(input->stream, text), input->epoch);
		fprintf(to,
			"\"%s\":%" PRIu64 ",\"received\":%" PRIu64 ",\"bytes\":%" PRIu64
			",\"gap_records\":%" PRIu64 ",\"gap_datagrams\":%" PRIu64 "}",
			is_port(input) ? "port" : "input", input->input, input->received,
			input->bytes, input->gap_records, input->gap_datagrams);
	}
	fputs("],\"flows\":[", to);
	for (index = 0; (flow = sluice_ledger_flow(ledger, index)); index++)
		fprintf(to,
			"%s{\"run\":\"%016" PRIx64 "\",\"flow\":%" PRIu64
			",\"form\":\"%s\",\"received\":%" PRIu64 ",\"missing\":%" PRIu64
			",\"repeated\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"bytes\":%" PRIu64
			"}",
			index ? "," : "", flow->run, flow->flow,
			flow->form == SLUICE_PAYLOAD_FULL ? "full" : "short", flow->received,
			flow->end - flow->received, flow->repeated, flow->reordered, flow->bytes);
	fputs("]}\n", to);
	fflush(to);
}
