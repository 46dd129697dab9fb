// SPDX-License-Identifier: MIT
/*
 * From records to messages; see nats.h. A datagram, or a run of records of one input, becomes a
 * message, and so does each GAP. What the server has already is passed over. Touches: the server,
 * by way of the library.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "../../lib/lost.h"
#include "../../lib/record.h"
#include "nats.h"

/* An acknowledgement that takes longer is one that is missing. */
#define ACK_MS 3000
/* Messages that are made before acknowledgements are looked at again. */
#define TURN 256U
#define NUMBER_TEXT ((size_t)24)
#define PEER_TEXT (INET6_ADDRSTRLEN + 10)

/* Sets a header. False: no memory. */
static bool set(natsMsg *message, const char *key, const char *value)
{
	return natsMsgHeader_Set(message, key, value) == NATS_OK;
}

/* Sets a header to a number. False: no memory. */
static bool set_number(natsMsg *message, const char *key, uint64_t number)
{
	char text[NUMBER_TEXT];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return set(message, key, text);
}

/* Sets a header to an address and a port. False: no memory. */
static bool set_peer(natsMsg *message, const char *key, uint8_t family, const uint8_t *address,
		     uint16_t port)
{
	char host[INET6_ADDRSTRLEN], text[PEER_TEXT];

	if (!inet_ntop(family == 4 ? AF_INET : AF_INET6, address, host, sizeof(host)))
		return true;
	snprintf(text, sizeof(text), family == 4 ? "%s:%u" : "[%s]:%u", host, port);
	return set(message, key, text);
}

/* Sets what a GAP tells. False: no memory. */
static bool set_gap(natsMsg *message, const struct sluice_record_view *view)
{
	struct sluice_record_gap gap = {0};

	if (view->payload_length >= sizeof(gap))
		memcpy(&gap, view->payload, sizeof(gap));
	return set_number(message, "Sluice-Lost", le64toh(gap.datagrams)) &&
	       set_number(message, "Sluice-Lost-Bytes", le64toh(gap.bytes)) &&
	       set(message, "Sluice-Cause", sluice_lost_name(le32toh(gap.cause)));
}

/* Sets what a datagram's record tells. False: no memory. */
static bool set_datagram(natsMsg *message, const struct sluice_record_view *view)
{
	const struct sluice_record_address *address = view->address;

	return !address || (set_peer(message, "Sluice-Source", address->family, address->source,
				     le16toh(address->source_port)) &&
			    set_peer(message, "Sluice-Destination", address->family,
				     address->destination, le16toh(address->destination_port)));
}

/* Makes the message of a flight, which begins with record `view`. NULL: no memory. */
static natsMsg *make(struct sluice_nats *nats, const struct sluice_flight *flight,
		     const struct sluice_job *job, const struct sluice_record_view *view)
{
	struct sluice_nats_subject_state *subject = nats->subjects[flight->subject];
	bool is_span = !flight->is_gap && nats->settings->message == SLUICE_MESSAGE_SPAN;
	const uint8_t *payload = is_span ? job->bytes + flight->place : view->payload;
	size_t length = is_span ? flight->length : flight->is_gap ? 0 : view->payload_length;
	uint64_t floor = job->floor > subject->floor ? job->floor : subject->floor;
	char base[2 * NUMBER_TEXT];
	natsMsg *message = NULL;
	bool done;

	if (natsMsg_Create(&message, subject->text, NULL, (const char *)payload, (int)length) !=
	    NATS_OK)
		return NULL;
	snprintf(base, sizeof(base), "%" PRIu64 " %" PRIu64,
		 sluice_nats_subject_base(subject, floor), floor);
	done = set(message, "Sluice-Kind",
		   flight->is_gap ? "gap"
		   : is_span	  ? "span"
				  : "datagram") &&
	       set(message, "Sluice-Input", subject->name) &&
	       set_number(message, "Sluice-Offset", flight->offset) &&
	       set_number(message, "Sluice-End", flight->end) &&
	       set(message, "Sluice-Base", base) &&
	       set_number(message, "Sluice-Time", view->time_ns);
	if (done && is_span)
		done = set_number(message, "Sluice-Datagrams", flight->datagrams);
	else if (done && flight->is_gap)
		done = set_gap(message, view);
	else if (done)
		done = set_datagram(message, view);
	if (done)
		return message;
	natsMsg_Destroy(message);
	return NULL;
}

bool sluice_nats_send(struct sluice_nats *nats, struct sluice_flight *flight, uint64_t now)
{
	struct sluice_nats_subject_state *subject = nats->subjects[flight->subject];
	const struct sluice_job *job = sluice_desk_job(nats->desk, flight->job);
	char id[sizeof(subject->id) + 2 * NUMBER_TEXT];
	struct sluice_record_view view;
	jsPubOptions options;
	natsStatus status;
	natsMsg *message;

	if (sluice_record_read(job->bytes + flight->place, job->length - flight->place, &view)) {
		nats->what = "a segment changed while it was sent";
		return false;
	}
	message = make(nats, flight, job, &view);
	if (!message) {
		nats->what = "there is no memory for it";
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
	sluice_window_name(&nats->window, flight, message, now);
	flight->tries++;
	status = js_PublishMsgAsync(nats->session->stream, &message, &options);
	if (status == NATS_OK) {
		subject->expected = 0;
		return true;
	}
	(void)sluice_window_find(&nats->window, message);
	natsMsg_Destroy(message);
	nats->what = status == NATS_TIMEOUT ? "the server takes nothing any more"
					    : "publishing to it failed";
	return false;
}

void sluice_nats_settle_flight(struct sluice_nats *nats, struct sluice_flight *flight,
			       bool is_refused)
{
	struct sluice_job *job = sluice_desk_job(nats->desk, flight->job);

	job->account.datagrams += flight->datagrams;
	job->account.refused += is_refused ? flight->datagrams : 0;
	job->account.bytes += is_refused ? 0 : flight->bytes;
	job->account.messages++;
	job->left--;
	sluice_window_finish(&nats->window, flight);
	if (!job->is_cut || job->left)
		return;
	pthread_mutex_lock(&nats->desk->lock);
	if (sluice_desk_is_wished(nats->desk, nats->attempt)) {
		job->is_done = true;
		sluice_desk_ring(nats->desk);
	}
	pthread_mutex_unlock(&nats->desk->lock);
}

/* All of the job is messages: goes on with the next one. */
static void end_job(struct sluice_nats *nats, struct sluice_job *job)
{
	job->is_cut = true;
	nats->job++;
	nats->place = 0;
	if (job->left)
		return;
	pthread_mutex_lock(&nats->desk->lock);
	if (sluice_desk_is_wished(nats->desk, nats->attempt)) {
		job->is_done = true;
		sluice_desk_ring(nats->desk);
	}
	pthread_mutex_unlock(&nats->desk->lock);
}

/* What becomes of a record that is looked at. */
enum fate { GOES, PASSED, FAILED };

/* Decides that, and counts one that does not go; *subject: under which it goes. */
static enum fate judge(struct sluice_nats *nats, struct sluice_job *job,
		       const struct sluice_record_view *view, size_t place, uint32_t *subject)
{
	const struct sluice_nats_settings *settings = nats->settings;
	size_t length =
		settings->message == SLUICE_MESSAGE_SPAN ? view->span : view->payload_length;
	bool is_gap = view->type == SLUICE_RECORD_GAP;

	if (view->type != SLUICE_RECORD_DATA && !is_gap)
		return PASSED;
	if (!is_gap && !view->payload_length && settings->skips_empty) {
		job->account.skipped++;
		return PASSED;
	}
	if (!is_gap &&
	    (length > nats->most || (settings->most && view->payload_length > settings->most))) {
		job->account.oversized++;
		return PASSED;
	}
	*subject = sluice_nats_subject_find(nats, job, view->input);
	if (*subject == UINT32_MAX)
		return FAILED;
	if (sluice_nats_subject_has(nats->subjects[*subject], is_gap, job->start + place,
				    job->start + place + view->span)) {
		job->account.datagrams += !is_gap;
		job->account.gaps += is_gap;
		return PASSED;
	}
	return GOES;
}

/* Adds to a span what follows the record of it at `place`, which ends at *end. */
static void extend(struct sluice_nats *nats, struct sluice_job *job, size_t place, size_t *end,
		   uint32_t subject, struct sluice_flight *sums)
{
	struct sluice_record_view view;
	uint32_t other;

	while (*end < job->length &&
	       !sluice_record_read(job->bytes + *end, job->length - *end, &view) &&
	       view.type == SLUICE_RECORD_DATA && *end + view.span - place <= nats->most) {
		struct sluice_desk_account before = job->account;

		if (judge(nats, job, &view, *end, &other) != GOES || other != subject) {
			/* It is looked at again by itself. */
			job->account = before;
			return;
		}
		sums->datagrams++;
		sums->bytes += (uint32_t)view.payload_length;
		*end += view.span;
	}
}

/* Makes a message of what begins at the place where `job` stands. False: there is no room, or
 * nats->what says why not. */
static bool step(struct sluice_nats *nats, struct sluice_job *job, uint64_t now)
{
	struct sluice_record_view view;
	struct sluice_flight *flight, sums = {0};
	uint32_t subject = 0;
	size_t end;

	if (sluice_record_read(job->bytes + nats->place, job->length - nats->place, &view)) {
		job->account.broken = (uint32_t)(job->length - nats->place);
		nats->place = job->length;
		return true;
	}
	end = nats->place + view.span;
	switch (judge(nats, job, &view, nats->place, &subject)) {
	case PASSED:
		nats->place = end;
		return true;
	case FAILED:
		return false;
	case GOES:
		break;
	}
	sums.is_gap = view.type == SLUICE_RECORD_GAP;
	sums.datagrams = !sums.is_gap;
	sums.bytes = sums.is_gap ? 0 : (uint32_t)view.payload_length;
	if (!sums.is_gap && nats->settings->message == SLUICE_MESSAGE_SPAN)
		extend(nats, job, nats->place, &end, subject, &sums);
	if (!sluice_window_has_room(&nats->window, end - nats->place))
		return false;
	if (nats->window.first == nats->window.next)
		nats->heard = now;
	flight = sluice_window_add(&nats->window, end - nats->place);
	flight->job = nats->job;
	flight->offset = job->start + nats->place;
	flight->end = job->start + end;
	flight->place = (uint32_t)nats->place;
	flight->subject = subject;
	flight->datagrams = sums.datagrams;
	flight->bytes = sums.bytes;
	flight->is_gap = sums.is_gap;
	job->account.gaps += sums.is_gap;
	job->left++;
	nats->place = end;
	sluice_nats_subject_mark(nats->subjects[subject], flight->end);
	return sluice_nats_send(nats, flight, now);
}

bool sluice_nats_publish(struct sluice_nats *nats, uint64_t now)
{
	struct sluice_desk *desk = nats->desk;
	unsigned int turn;
	uint64_t next;

	for (turn = 0; turn < TURN; turn++) {
		struct sluice_job *job = sluice_desk_job(desk, nats->job);

		pthread_mutex_lock(&desk->lock);
		next = sluice_desk_is_wished(desk, nats->attempt) ? desk->next : nats->job;
		pthread_mutex_unlock(&desk->lock);
		if (nats->job >= next)
			return turn > 0;
		while (nats->place < job->length && turn < TURN) {
			if (!step(nats, job, now))
				return turn > 0;
			turn++;
		}
		if (nats->place >= job->length)
			end_job(nats, job);
	}
	return true;
}
