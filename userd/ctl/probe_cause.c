// SPDX-License-Identifier: MIT
/*
 * The table of causes: see probe_cause.h. Behind the search, once. What the receivers do is in
 * docs/receivers.md. Touches: memory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "probe_cause.h"

#define RSYSLOG_LIMIT 8096U
#define HAPROXY_LIMIT 1024U
#define BREAKS_MOST 2U /* times that a connection breaks in a run, while full queues lose often */
#define ESCAPE_MOST 8U /* bytes that one byte becomes at most, and some */

/* What the signs are made of. */
struct signs {
	const struct sluice_probe_found *found;
	uint32_t kept;		/* the length to which most cut ones were cut */
	uint32_t written;	/* the length of those as they were written */
	uint32_t kept_alike;	/* how many were cut to it */
	uint32_t first_missing; /* missing ones before the first that was seen */
	uint32_t last_missing;	/* missing ones behind the last that was seen */
	uint32_t seen_most;	/* the longest that was seen */
	uint32_t flow_missing;	/* missing ones of flows of which nothing was seen, */
	uint32_t flows_missing; /* and how many flows those are */
	uint32_t runs_most;	/* runs of missing ones in a flow that was seen, at most, */
	uint32_t run_missing;	/* and how many are in runs between seen ones of their flow */
	bool is_nasty;
};

/* Flows of the run: the least number that fits what was seen; the sender takes them in turn. */
static uint32_t count_flows(const struct sluice_probe_found *found)
{
	uint32_t flows = 1, number;

	for (number = 0; number < found->count && flows <= SLUICE_PROBE_FLOWS_MAX; number++) {
		if (found->list[number].seen && number % flows != found->list[number].flow) {
			flows++;
			number = UINT32_MAX; /* begin again */
		}
	}
	return flows > SLUICE_PROBE_FLOWS_MAX ? 1 : flows;
}

/* Looks at what is missing flow by flow: a connection carries all of some flows. */
static void read_flows(const struct sluice_probe_found *found, struct signs *signs)
{
	uint32_t flows = count_flows(found), flow, number;

	for (flow = 0; flow < flows && flow < found->count; flow++) {
		uint32_t runs = 0, inner = 0, run = 0, seen = 0, missing = 0;

		for (number = flow; number < found->count; number += flows) {
			if (!found->list[number].seen) {
				run++;
				missing++;
				continue;
			}
			/* What is missing before the first has another cause. */
			runs += run && seen;
			inner += seen ? run : 0;
			run = 0;
			seen++;
		}
		signs->flow_missing += seen ? 0 : missing;
		signs->flows_missing += !seen;
		signs->run_missing += inner;
		signs->runs_most = runs > signs->runs_most ? runs : signs->runs_most;
	}
}

/* Counts what the causes ask for. */
static struct signs read_signs(const struct sluice_probe_found *found)
{
	struct signs signs = {.found = found};
	uint32_t number, other, alike, behind = 0;
	bool any = false;

	for (number = 0; number < found->count; number++) {
		const struct sluice_probe_one *one = &found->list[number];

		if (!one->seen) {
			signs.first_missing += !any;
			behind++;
			continue;
		}
		any = true;
		behind = 0;
		signs.is_nasty = signs.is_nasty || one->is_nasty;
		signs.seen_most = one->length > signs.seen_most ? one->length : signs.seen_most;
		if (one->whole)
			continue;
		/* The first few tell: a receiver's limit cuts all of them alike. */
		if (one->kept == signs.kept || signs.kept_alike > found->cut / 2)
			continue;
		for (other = number, alike = 0; other < found->count; other++)
			alike += found->list[other].seen && !found->list[other].whole &&
				 found->list[other].kept == one->kept;
		if (alike > signs.kept_alike) {
			signs.kept_alike = alike;
			signs.kept = one->kept;
			signs.written = one->written;
		}
	}
	signs.last_missing = any ? behind : 0;
	if (found->missing)
		read_flows(found, &signs);
	return signs;
}

/* What a cause explains: of two that explain the same the first one in the table is told. */
#define CUT 1U
#define MISSING 2U
#define GLUED 4U
#define REPEATED 8U
#define ORDER 16U

/* Each writes what it sees into `text` and returns true, if it fits. */

/* rsyslog's imptcp with lines: the beginning again for each byte too many. */
static bool is_multiplied(const struct signs *signs, char *text, size_t size)
{
	if (!signs->found->copies || !signs->found->cut || signs->kept_alike < 1 ||
	    signs->found->copies < signs->found->count || signs->kept < RSYSLOG_LIMIT - 64 ||
	    strcmp(signs->found->via, "newline") != 0)
		return false;
	snprintf(text, size,
		 "cut at %" PRIu32 " bytes, and the beginning %" PRIu64
		 " times more: rsyslog's imptcp writes the beginning of a line that is longer than "
		 "its "
		 "maxMessageSize again for each byte that is too many",
		 signs->kept, signs->found->copies);
	return true;
}

/* rsyslog's default limit, which counts bytes as it writes them. */
static bool is_rsyslog_limit(const struct signs *signs, char *text, size_t size)
{
	bool is_escaped = signs->written > signs->kept && signs->written <= RSYSLOG_LIMIT &&
			  signs->written + ESCAPE_MOST > RSYSLOG_LIMIT;

	if (!signs->kept_alike || (signs->kept != RSYSLOG_LIMIT && !is_escaped))
		return false;
	snprintf(text, size,
		 "%" PRIu32 " cut at 8,096 bytes%s%s: rsyslog's default limit (maxMessageSize)",
		 signs->kept_alike,
		 is_escaped ? ", counted behind the escaping of control characters" : "",
		 signs->found->parted
			 ? ", the rest as a message of its own (imtcp, which loses a byte "
			   "at each cut)"
			 : "");
	return true;
}

/* HAProxy's limit: a line of 1,024 bytes, whatever the head that it writes. */
static bool is_haproxy_limit(const struct signs *signs, char *text, size_t size)
{
	if (!signs->found->cut ||
	    (signs->kept != HAPROXY_LIMIT && signs->found->line_most != HAPROXY_LIMIT))
		return false;
	snprintf(text, size,
		 "%" PRIu32
		 " cut, in lines of 1,024 bytes: HAProxy's log-forward, without a word in its "
		 "log; RFC 3164 has the same limit",
		 signs->kept_alike);
	return true;
}

/* Any other limit of a size. */
static bool is_some_limit(const struct signs *signs, char *text, size_t size)
{
	if (!signs->kept_alike || signs->kept_alike * 2 < signs->found->cut ||
	    signs->found->cut < 2 || signs->found->mixed)
		return false;
	snprintf(text, size,
		 "%" PRIu32 " cut at %" PRIu32 " bytes%s: a limit of the receiver's (syslog-ng: "
		 "log-msg-size())",
		 signs->kept_alike, signs->kept,
		 signs->found->parted ? ", the rest as a message of its own" : "");
	return true;
}

/* Lines of two connections torn by a receiver that appends block by block. */
static bool is_torn(const struct signs *signs, char *text, size_t size)
{
	if (!signs->found->mixed)
		return false;
	snprintf(text, size,
		 "%" PRIu32
		 " cut where another begins in the same line: several connections are written "
		 "into one file block by block (socat with fork and append)",
		 signs->found->mixed);
	return true;
}

/* Newline framing, and a beginning that looks like a count. */
static bool is_taken_for_count(const struct signs *signs, char *text, size_t size)
{
	if (strcmp(signs->found->via, "newline") != 0 || !signs->is_nasty ||
	    (!signs->found->glued && !signs->found->missing))
		return false;
	snprintf(text, size,
		 "a datagram that begins with a digit was taken for an octet count: %" PRIu32
		 " glued, %" PRIu32 " missing (rsyslog's imtcp and imptcp), or a line without "
		 "<PRI> closed the connection (HAProxy)",
		 signs->found->glued, signs->found->missing);
	return true;
}

/* NUL or another byte ends a message. */
static bool is_ended_by_byte(const struct signs *signs, char *text, size_t size)
{
	if (!signs->is_nasty || !signs->found->cut || signs->found->glued ||
	    signs->kept % SLUICE_PROBE_GROUP < SLUICE_PROBE_GROUP_MARK)
		return false;
	snprintf(text, size,
		 "%" PRIu32
		 " cut at a byte that ends messages there, %s: syslog-ng's network() ends one at "
		 "NUL and LF, others at LF",
		 signs->found->cut,
		 signs->kept % SLUICE_PROBE_GROUP == SLUICE_PROBE_GROUP_MARK ? "LF"
		 : signs->kept % SLUICE_PROBE_GROUP == SLUICE_PROBE_GROUP_MARK + 1
			 ? "NUL"
			 : "a control character");
	return true;
}

/* raw has no boundaries. */
static bool is_raw(const struct signs *signs, char *text, size_t size)
{
	if (strcmp(signs->found->via, "raw") != 0 || !signs->found->glued)
		return false;
	snprintf(text, size, "%" PRIu32 " glued: framing raw has nothing between two datagrams",
		 signs->found->glued);
	return true;
}

/* Counts that were written as text. */
static bool is_unread_count(const struct signs *signs, char *text, size_t size)
{
	if (strcmp(signs->found->via, "octet-counted") != 0 || !signs->found->glued ||
	    signs->found->glued * 2 < signs->found->whole)
		return false;
	snprintf(text, size,
		 "%" PRIu32 " glued: the receiver (nc, socat, a program for lines) does not read "
		 "octet-counted, and writes the counts as text",
		 signs->found->glued);
	return true;
}

/* Nothing of the longest. */
static bool is_closed_at_size(const struct signs *signs, char *text, size_t size)
{
	const struct sluice_probe_found *found = signs->found;

	if (!found->missing || signs->seen_most >= found->most || !signs->seen_most)
		return false;
	snprintf(text, size,
		 "%" PRIu32 " missing, among them all of %" PRIu32
		 " bytes; the longest that came has %" PRIu32
		 ": a receiver that closes the connection at one that is too long loses what is "
		 "behind it, "
		 "too (syslog-ng's syslog())",
		 found->missing, found->most, signs->seen_most);
	return true;
}

/* The first ones of a connection are gone. */
static bool is_connection_limit(const struct signs *signs, char *text, size_t size)
{
	if (!signs->first_missing || signs->first_missing * 3 < signs->found->missing)
		return false;
	snprintf(text, size,
		 "the first %" PRIu32
		 " missing: the receiver accepted, took bytes and reset (a limit of "
		 "connections: syslog-ng's max-connections() is 10), or it was started later",
		 signs->first_missing);
	return true;
}

/* One of several connections is not read: all of its flows are missing. */
static bool is_unread_connection(const struct signs *signs, char *text, size_t size)
{
	if (!signs->flow_missing || signs->flow_missing < signs->run_missing ||
	    signs->flow_missing < signs->last_missing)
		return false;
	snprintf(text, size,
		 "%" PRIu32 " missing, all of %" PRIu32
		 " flows: one of several connections is not read (nc -l reads one at a time), or "
		 "was accepted and reset (a limit of connections: syslog-ng's max-connections() is "
		 "10)",
		 signs->flow_missing, signs->flows_missing);
	return true;
}

/* Runs of missing ones that a connection leaves when it breaks: in each flow that it carries one.
 */
static bool is_broken_connection(const struct signs *signs, char *text, size_t size)
{
	if (!signs->run_missing || signs->run_missing < signs->last_missing ||
	    signs->runs_most > BREAKS_MOST)
		return false;
	snprintf(text, size,
		 "%" PRIu32
		 " missing in a row between others that came: a connection was reset, or the "
		 "receiver was restarted, in mid-stream; what its kernel had acknowledged and it "
		 "had not read is gone",
		 signs->run_missing);
	return true;
}

/* Missing here and there. */
static bool is_full_queue(const struct signs *signs, char *text, size_t size)
{
	if (!signs->run_missing || signs->run_missing < signs->last_missing)
		return false;
	snprintf(text, size,
		 "%" PRIu32
		 " missing here and there between others that came: the queue behind the receiver "
		 "is full, and it throws away what TCP has acknowledged (rsyslog's imtcp, "
		 "syslog-ng without flow-control)",
		 signs->run_missing);
	return true;
}

/* The last ones are not there yet. */
static bool is_unfinished(const struct signs *signs, char *text, size_t size)
{
	if (!signs->last_missing || signs->last_missing * 5 < signs->found->missing)
		return false;
	snprintf(text, size,
		 "the last %" PRIu32
		 " missing: not written yet (a buffer, a queue), or lost when the "
		 "receiver ended or closed",
		 signs->last_missing);
	return true;
}

/* Some came twice. */
static bool is_resent(const struct signs *signs, char *text, size_t size)
{
	if (!signs->found->copies || signs->found->copies > signs->found->count)
		return false;
	snprintf(text, size,
		 "%" PRIu32
		 " more than once: what was under way when a connection broke is sent again; or "
		 "the file was written by two receivers of the output",
		 signs->found->repeated);
	return true;
}

/* Out of order within a flow. */
static bool is_out_of_order(const struct signs *signs, char *text, size_t size)
{
	if (!signs->found->reordered)
		return false;
	snprintf(text, size,
		 "%" PRIu32
		 " out of order: order is kept within a connection; the output has several "
		 "(destinations of round-robin), or a connection broke and what it had went by "
		 "another",
		 signs->found->reordered);
	return true;
}

/* Likelier, or more special, ones first. */
static const struct {
	const char *name;
	bool (*fits)(const struct signs *signs, char *text, size_t size);
	unsigned int explains;
	const char *mend;
} table[] = {
	{"rsyslog-imptcp-lines", is_multiplied, CUT | REPEATED,
	 "framing: octet-counted for the output, or in rsyslog: global(maxMessageSize=\"64k\")"},
	{"rsyslog-limit", is_rsyslog_limit, CUT,
	 "in rsyslog's configuration, as its first line: global(maxMessageSize=\"64k\")"},
	{"haproxy-limit", is_haproxy_limit, CUT,
	 "in HAProxy's log-forward section: log ADDRESS len 65535 local0"},
	{"taken-for-a-count", is_taken_for_count, CUT | MISSING | GLUED,
	 "framing: octet-counted for the output, or in rsyslog: input(... "
	 "supportOctetCountedFraming=\"off\")"},
	{"torn-by-connections", is_torn, CUT | GLUED,
	 "connections: 1 and one destination for the output; or a receiver that writes whole "
	 "messages"},
	{"byte-ends-message", is_ended_by_byte, CUT,
	 "framing: octet-counted for the output, and a receiver that reads it (syslog-ng: "
	 "syslog())"},
	{"size-limit", is_some_limit, CUT, "raise the receiver's limit to 65,507 bytes and more"},
	{"raw", is_raw, GLUED, "framing: newline, octet-counted or length32 for the output"},
	{"counts-as-text", is_unread_count, GLUED, "framing: newline for the output"},
	{"closed-at-a-size", is_closed_at_size, MISSING,
	 "raise the receiver's limit (syslog-ng: log-msg-size(65536)), or "
	 "trim-large-messages(yes)"},
	{"connection-limit", is_connection_limit, MISSING,
	 "a limit of the receiver's of at least workers times relays (syslog-ng: "
	 "max-connections())"},
	{"one-connection-unread", is_unread_connection, MISSING,
	 "connections: 1 for a receiver that reads one; else raise its limit of connections "
	 "(syslog-ng: max-connections()), and see its own log"},
	{"connection-broken", is_broken_connection, MISSING,
	 "framing: native or relp, which are acknowledged; with others unconfirmed: resend repeats "
	 "instead of losing. See sluicectl show outputs, UNCONFIRMED, and the receiver's log"},
	{"queue-full", is_full_queue, MISSING,
	 "in rsyslog framing: relp and queue.type=\"Direct\", or a larger queue.size; in syslog-ng "
	 "flags(flow-control); see the receiver's own statistics (impstats: discarded.full)"},
	{"not-written-yet", is_unfinished, MISSING, "wait, and check again"},
	{"sent-again", is_resent, REPEATED,
	 "framing: native has each datagram once; for others see sluicectl show outputs, RESENT"},
	{"several-connections", is_out_of_order, ORDER,
	 "one destination; with native or relp nothing is out of order within a flow"},
};

/* As probe_cause.h says. */
size_t sluice_probe_causes(const struct sluice_probe_found *found,
			   struct sluice_probe_cause causes[SLUICE_PROBE_CAUSES_MOST])
{
	struct signs signs;
	unsigned int explained = 0;
	size_t number, count = 0;

	if (!found || !causes || !found->list || sluice_probe_is_right(found))
		return 0;
	signs = read_signs(found);
	for (number = 0; number < sizeof(table) / sizeof(table[0]); number++) {
		if (count == SLUICE_PROBE_CAUSES_MOST)
			break;
		if (!(table[number].explains & ~explained) ||
		    !table[number].fits(&signs, causes[count].text, sizeof(causes[count].text)))
			continue;
		causes[count].name = table[number].name;
		causes[count].mend = table[number].mend;
		explained |= table[number].explains;
		count++;
	}
	return count;
}
