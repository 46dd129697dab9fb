// SPDX-License-Identifier: MIT
/*
 * Subjects: one for each input of a stream of ours, and what of it the server has already, so that
 * nothing is published twice however long ago that was; see nats.h. A message's header
 * Sluice-Base says "S F": everything of the stream before offset F is stored, and what is behind
 * has sequences above S. So the last message of a subject, and those of the subject behind its S,
 * tell all. Touches: the server.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/clock.h"
#include "../../lib/log.h"
#include "../stream/input_names.h"
#include "nats.h"

/* A message that is read back takes no longer. */
#define READ_MS 5000

/* A header of a message; "" if it has none. */
static const char *header(natsMsg *message, const char *key)
{
	const char *value = NULL;

	return natsMsgHeader_Get(message, key, &value) == NATS_OK && value ? value : "";
}

/* Is the message one of this stream and epoch, by its id? */
static bool is_ours(const struct sluice_nats_subject_state *subject, natsMsg *message)
{
	return !strncmp(header(message, "Nats-Msg-Id"), subject->id, strlen(subject->id));
}

/* Notes what a message that is stored holds. False: no memory. */
static bool note(struct sluice_nats_subject_state *subject, natsMsg *message)
{
	bool is_gap = !strcmp(header(message, "Sluice-Kind"), "gap");
	uint64_t start = strtoull(header(message, "Sluice-Offset"), NULL, 10);
	uint64_t end = strtoull(header(message, "Sluice-End"), NULL, 10);

	if (!is_ours(subject, message) || end <= start)
		return true;
	return !sluice_ranges_add(is_gap ? &subject->has_gaps : &subject->has, start, end);
}

/* Reads the messages of the subject behind sequence `base` up to `last`, headers only. NULL, or why
 * that cannot be. */
static const char *read_back(struct sluice_nats *nats, struct sluice_nats_subject_state *subject,
			     uint64_t base, uint64_t last)
{
	natsSubscription *subscription = NULL;
	const char *what = "what it has of a subject cannot be read back";
	uint64_t sequence = base;
	jsSubOptions options;

	jsSubOptions_Init(&options);
	options.Stream = nats->settings->stream;
	options.Ordered = true;
	options.Config.DeliverPolicy = js_DeliverByStartSequence;
	options.Config.OptStartSeq = base + 1;
	options.Config.HeadersOnly = true;
	if (js_SubscribeSync(&subscription, nats->session->stream, subject->text, NULL, &options,
			     NULL) != NATS_OK)
		return what;
	while (sequence < last && sluice_desk_goes_on(nats->cut.desk, nats->cut.attempt)) {
		jsMsgMetaData *meta = NULL;
		natsMsg *message = NULL;

		if (natsSubscription_NextMsg(&message, subscription, READ_MS) != NATS_OK)
			break;
		if (natsMsg_GetMetaData(&meta, message) == NATS_OK)
			sequence = meta->Sequence.Stream;
		jsMsgMetaData_Destroy(meta);
		if (!note(subject, message)) {
			natsMsg_Destroy(message);
			break;
		}
		natsMsg_Destroy(message);
	}
	natsSubscription_Unsubscribe(subscription);
	natsSubscription_Destroy(subscription);
	return sequence >= last ? NULL : what;
}

/* Where what the server has ends. */
static uint64_t highest(const struct sluice_nats_subject_state *subject)
{
	const struct sluice_ranges *has = &subject->has, *gaps = &subject->has_gaps;
	uint64_t end = has->count ? has->list[has->count - 1].end : 0;

	if (gaps->count && gaps->list[gaps->count - 1].end > end)
		end = gaps->list[gaps->count - 1].end;
	return end;
}

/* Finds out what the server has of the subject. NULL, or why that cannot be. */
static const char *catch_up(struct sluice_nats *nats, struct sluice_nats_subject_state *subject)
{
	const char *what = NULL;
	natsMsg *message = NULL;
	uint64_t last, base = 0;
	jsErrCode error = 0;
	natsStatus status;
	char *rest = NULL;

	status = js_GetLastMsg(&message, nats->session->stream, nats->settings->stream,
			       subject->text, NULL, &error);
	if (status == NATS_NOT_FOUND)
		return NULL;
	if (status != NATS_OK)
		return "the last message of a subject cannot be read";
	last = natsMsg_GetSequence(message);
	subject->sequence = subject->expected = last;
	if (is_ours(subject, message)) {
		base = strtoull(header(message, "Sluice-Base"), &rest, 10);
		subject->floor = strtoull(rest, NULL, 10);
		if (!note(subject, message))
			what = "there is no memory for it";
		else if (base + 1 < last)
			what = read_back(nats, subject, base, last);
		/* Of what is behind the floor nothing has a sequence below that. */
		subject->marks[0] =
			(struct sluice_nats_mark){.end = highest(subject), .base = base};
		subject->mark_count = 1;
		subject->mark_fill = SLUICE_NATS_RUN;
	}
	natsMsg_Destroy(message);
	return what;
}

void sluice_nats_subject_mark(struct sluice_nats_subject_state *subject, uint64_t end)
{
	struct sluice_nats_mark *last;
	size_t number;

	if (!subject->mark_count || subject->mark_fill >= SLUICE_NATS_RUN) {
		/* Longer runs, when there are too many: what is read back becomes more by that, and
		 * stays right. */
		if (subject->mark_count == SLUICE_NATS_MARKS) {
			for (number = 0; number < SLUICE_NATS_MARKS / 2; number++) {
				const struct sluice_nats_mark *pair = &subject->marks[2 * number];

				subject->marks[number] = (struct sluice_nats_mark){
					.end = pair[0].end > pair[1].end ? pair[0].end
									 : pair[1].end,
					.base = pair[0].base};
			}
			subject->mark_count = SLUICE_NATS_MARKS / 2;
		}
		subject->marks[subject->mark_count++] =
			(struct sluice_nats_mark){.base = subject->sequence};
		subject->mark_fill = 0;
	}
	last = &subject->marks[subject->mark_count - 1];
	if (end > last->end)
		last->end = end;
	subject->mark_fill++;
}

uint64_t sluice_nats_subject_base(struct sluice_nats_subject_state *subject, uint64_t floor)
{
	size_t gone = 0;

	while (gone < subject->mark_count && subject->marks[gone].end <= floor)
		gone++;
	subject->mark_count -= gone;
	memmove(subject->marks, subject->marks + gone,
		subject->mark_count * sizeof(*subject->marks));
	return subject->mark_count ? subject->marks[0].base : subject->sequence;
}

bool sluice_nats_subject_has(const struct sluice_nats_subject_state *subject, bool is_gap,
			     uint64_t start, uint64_t end)
{
	return end <= subject->floor ||
	       sluice_ranges_covers(is_gap ? &subject->has_gaps : &subject->has, start, end);
}

/* Frees one. NULL is allowed. */
static void subject_free(struct sluice_nats_subject_state *subject)
{
	if (!subject)
		return;
	sluice_ranges_free(&subject->has);
	sluice_ranges_free(&subject->has_gaps);
	free(subject);
}

/* Makes the subject of input `input` of a job's stream. NULL: nats->cut.what says why not. */
static struct sluice_nats_subject_state *make(struct sluice_nats *nats,
					      const struct sluice_job *job, uint16_t input)
{
	struct sluice_nats_subject_state *subject = calloc(1, sizeof(*subject));
	char stream[SLUICE_GUID_TEXT];

	nats->cut.what = "there is no memory for it";
	if (!subject)
		return NULL;
	sluice_guid_copy(subject->stream, job->stream);
	subject->epoch = job->epoch;
	subject->source = job->source;
	subject->input = input;
	sluice_cut_name_input(&nats->cut, subject->source, subject->input, subject->name);
	sluice_input_names_relay(nats->relay);
	sluice_guid_format(job->stream, stream);
	snprintf(subject->id, sizeof(subject->id), "%s:%" PRIu64 ":", stream, job->epoch);
	nats->cut.what = "its subject is longer than 511 bytes";
	if (sluice_nats_subject(nats->settings->subject, nats->relay, subject->name, stream,
				subject->text))
		goto fail;
	nats->cut.what =
		"the stream does not have its subject: add it there, or change subject; one "
		"more token follows it, the GUID of a stream of sluice's";
	if (!sluice_nats_is_covered(nats->session->info->Config, subject->text))
		goto fail;
	nats->cut.what = catch_up(nats, subject);
	if (nats->cut.what)
		goto fail;
	return subject;

fail:
	subject_free(subject);
	return NULL;
}

uint32_t sluice_nats_subject_find(struct sluice_nats *nats, const struct sluice_job *job,
				  uint16_t input)
{
	struct sluice_nats_subject_state *subject, **larger;
	size_t turn;

	for (turn = 0; turn < nats->subject_count; turn++) {
		/* The one that was last looked for comes first. */
		size_t number = (nats->last_subject + turn) % nats->subject_count;

		subject = nats->subjects[number];
		if (subject->input != input || subject->epoch != job->epoch ||
		    !sluice_guid_equal(subject->stream, job->stream))
			continue;
		nats->last_subject = (uint32_t)number;
		return (uint32_t)number;
	}
	larger = reallocarray(nats->subjects, nats->subject_count + 1,
			      sizeof(struct sluice_nats_subject_state *));
	if (!larger) {
		nats->cut.what = "there is no memory for it";
		return UINT32_MAX;
	}
	nats->subjects = larger;
	subject = make(nats, job, input);
	if (!subject)
		return UINT32_MAX;
	nats->last_subject = (uint32_t)nats->subject_count;
	nats->subjects[nats->subject_count++] = subject;
	return nats->last_subject;
}

void sluice_nats_subjects_free(struct sluice_nats *nats)
{
	size_t number;

	for (number = 0; number < nats->subject_count; number++)
		subject_free(nats->subjects[number]);
	free(nats->subjects);
	nats->subjects = NULL;
	nats->subject_count = 0;
}
