// SPDX-License-Identifier: MIT
/*
 * A message of a flight, and how it is published; see nats.h. Touches: the server, by way of the
 * library.
 */
#include <inttypes.h>
#include <stdio.h>
#include "../../lib/record.h"
#include "../broker/headers.h"
#include "nats.h"

/* An acknowledgement that takes longer is one that is missing. */
#define ACK_MS 3000
#define NUMBER_TEXT ((size_t)24)

/* Makes the message of a flight, which begins with record `view`. NULL: no memory. */
static natsMsg *make(struct sluice_nats *nats, const struct sluice_flight *flight,
		     const struct sluice_job *job, const struct sluice_record_view *view)
{
	struct sluice_nats_subject_state *subject = nats->subjects[flight->subject];
	bool is_span = !flight->is_gap && nats->cut.is_span;
	const uint8_t *payload = is_span ? job->bytes + flight->place : view->payload;
	size_t length = is_span ? flight->length : flight->is_gap ? 0 : view->payload_length;
	uint64_t floor = job->floor > subject->floor ? job->floor : subject->floor;
	struct sluice_headers headers;
	natsMsg *message = NULL;
	char base[2 * NUMBER_TEXT];
	size_t number;

	if (natsMsg_Create(&message, subject->text, NULL, (const char *)payload, (int)length) !=
	    NATS_OK)
		return NULL;
	snprintf(base, sizeof(base), "%" PRIu64 " %" PRIu64,
		 sluice_nats_subject_base(subject, floor), floor);
	sluice_headers_make(&headers, flight, is_span, subject->name, view);
	sluice_headers_add(&headers, "Sluice-Base", base);
	for (number = 0; number < headers.count; number++)
		if (natsMsgHeader_Set(message, headers.list[number].key,
				      headers.list[number].value) != NATS_OK) {
			natsMsg_Destroy(message);
			return NULL;
		}
	return message;
}

bool sluice_nats_send(struct sluice_cut *cut, struct sluice_flight *flight, uint64_t now)
{
	struct sluice_nats *nats = sluice_nats_of(cut);
	struct sluice_nats_subject_state *subject = nats->subjects[flight->subject];
	const struct sluice_job *job = sluice_desk_job(cut->desk, flight->job);
	char id[sizeof(subject->id) + 2 * NUMBER_TEXT];
	struct sluice_record_view view;
	jsPubOptions options;
	natsStatus status;
	natsMsg *message;

	if (sluice_record_read(job->bytes + flight->place, job->length - flight->place, &view)) {
		cut->what = "a segment changed while it was sent";
		return false;
	}
	message = make(nats, flight, job, &view);
	if (!message) {
		cut->what = "there is no memory for it";
		return false;
	}
	/* The end belongs to the name: after a restart a span may begin at the same place and be
	 * another one. */
	snprintf(id, sizeof(id), "%s%" PRIu64 "-%" PRIu64 "%s", subject->id, flight->offset,
		 flight->end, flight->is_gap ? "-gap" : "");
	jsPubOptions_Init(&options);
	options.MsgId = id;
	options.MaxWait = ACK_MS;
	/* Behind what was read back, and nothing else; of those that follow at once the sequence is
	 * not known yet. */
	options.ExpectLastSubjectSeq = subject->expected;
	options.ExpectStream = subject->expected ? nats->settings->stream : NULL;
	sluice_window_name(&cut->window, flight, message, now);
	flight->tries++;
	status = js_PublishMsgAsync(nats->session->stream, &message, &options);
	if (status == NATS_OK) {
		subject->expected = 0;
		return true;
	}
	(void)sluice_window_find(&cut->window, message);
	natsMsg_Destroy(message);
	cut->what = status == NATS_TIMEOUT ? "the server takes nothing any more"
					   : "publishing to it failed";
	return false;
}
