// SPDX-License-Identifier: MIT
/*
 * How loaded everything is; see load.h. Touches: what load.h says.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "../lib/event.h"
#include "../lib/log.h"
#include "../lib/size.h"
#include "daemon.h"
#include "load.h"

#define PAUSE_NS SLUICE_NS_PER_S /* between two looks */
/* Where there are so many inputs that a look takes long, less often: it takes one part in PRICE of
 * a processor, until that is every PAUSE_MOST_NS, before the last one is too old for a reader
 * (picture.c). */
#define PRICE 1000U
#define PAUSE_MOST_NS (4 * SLUICE_NS_PER_S)
#define BUSY_NS (100 * SLUICE_NS_PER_MS) /* the foreman has no time: try again */
/* An output that lacks so many percent of a ring that loses is among those to blame. */
#define TO_BLAME 50U

/* Sets the timer. */
static void look_in(const struct sluice_load *load, uint64_t ns)
{
	const struct itimerspec when = {.it_value = {.tv_sec = (time_t)(ns / SLUICE_NS_PER_S),
						     .tv_nsec = (long)(ns % SLUICE_NS_PER_S)}};

	(void)timerfd_settime(load->timer, 0, &when, NULL);
}

int sluice_load_open(struct sluice_load *load, struct daemon *daemon)
{
	struct epoll_event event = {.events = EPOLLIN};
	int error;

	load->daemon = daemon;
	load->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (load->timer < 0)
		return -errno;
	event.data.fd = load->timer;
	if (epoll_ctl(daemon->epoll, EPOLL_CTL_ADD, load->timer, &event)) {
		error = -errno;
		close(load->timer);
		return error;
	}
	load->is_open = true;
	look_in(load, BUSY_NS);
	return 0;
}

void sluice_load_close(struct sluice_load *load)
{
	if (load->is_open)
		close(load->timer);
	load->is_open = false;
	sluice_engine_report_free(&load->last);
	load->last_at = 0;
	free(load->outputs);
	free(load->streams);
	sluice_statistics_free(&load->statistics);
	load->outputs = load->streams = NULL;
	load->output_count = load->stream_count = 0;
}

/* Datagrams that a stream, or an input, lost because there was no room for them. */
static uint64_t lost_for_room(const struct sluice_counters *counters)
{
	return counters->lost[SLUICE_LOST_RING_FULL] + counters->lost[SLUICE_LOST_SOCKET];
}

/* Percent that `part` is of `whole`. */
static unsigned int percent_of(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned int)(part * 100 / whole) : 0;
}

/* The place of this GUID. NULL: it is new. */
static struct sluice_load_place *find(struct sluice_load_place *list, size_t count,
				      const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (sluice_guid_equal(list[number].guid, guid))
			return &list[number];
	return NULL;
}

/* Says why it is at its step: `what` waits in memory and on the disk. */
static void explain(struct sluice_load_place *place, const struct sluice_load_look *look,
		    uint64_t memory)
{
	char size[SLUICE_SIZE_TEXT];

	switch (place->notes.step) {
	case SLUICE_LOAD_LOSING:
		snprintf(place->why, sizeof(place->why),
			 "there is no room for what comes: %" PRIu64 " datagrams were lost",
			 place->notes.lost_since);
		break;
	case SLUICE_LOAD_DISK:
		snprintf(place->why, sizeof(place->why), "%s wait on the disk",
			 sluice_size_format(look->disk, size));
		break;
	case SLUICE_LOAD_BATCHING:
		snprintf(place->why, sizeof(place->why), "%s wait in memory, %u%% of a ring",
			 sluice_size_format(memory, size), look->memory);
		break;
	case SLUICE_LOAD_NORMAL:
		place->why[0] = '\0';
		break;
	}
}

/* One more look at a place. True: its step is another one. */
static bool judge(struct sluice_load_place *place, const struct sluice_load_look *look,
		  uint64_t memory)
{
	bool is_known = place->notes.is_known, is_changed;
	struct timespec now;

	is_changed = sluice_load_judge(&place->notes, look);
	explain(place, look, memory);
	if (is_changed || !is_known) {
		clock_gettime(CLOCK_REALTIME, &now);
		place->since_ns = (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec;
	}
	return is_changed;
}

/* Tells of a step that changed, of an output (its name) or of the daemon. */
static void tell(const struct sluice_load_place *place, enum sluice_load_step before,
		 const char *name, bool is_output)
{
	bool rises = place->notes.step > before;
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s: load goes from %s to %s%s%s",
		 is_output ? "output `" : "sluiced", is_output ? name : "", is_output ? "`" : "",
		 sluice_load_name(before), sluice_load_name(place->notes.step),
		 *place->why ? ": " : "", place->why);
	sluice_event_tell(&(const struct sluice_event_news){.kind = rises ? SLUICE_EVENT_LOAD_RISES
									  : SLUICE_EVENT_LOAD_FALLS,
							    .key = "",
							    .where = is_output ? name : "sluiced",
							    .guid = is_output ? place->guid : NULL,
							    .text = text});
	if (!is_output)
		sluice_notice("%s", text);
}

/* The alarm of the highest step, of the daemon as a whole. */
static void tell_alarm(const struct sluice_load_place *whole, enum sluice_load_step before)
{
	static const char over[] = "no datagrams are lost for want of room any more";
	bool is_losing = whole->notes.step == SLUICE_LOAD_LOSING;

	if (is_losing) {
		sluice_error_about(SLUICE_ABOUT(.alarm = "load"), "alarm: datagrams are lost: %s",
				   whole->why);
		sluice_event_send(SLUICE_EVENT_LOSING, "", "sluiced", whole->why);
	} else if (before == SLUICE_LOAD_LOSING) {
		sluice_notice_about(SLUICE_ABOUT(.alarm = "load"),
				    "alarm over: %s; %" PRIu64 " were", over,
				    whole->notes.lost_since);
		sluice_event_send(SLUICE_EVENT_LOSING_OVER, "", "sluiced", over);
	}
}

/* Judges all streams. 0 or -ENOMEM. */
static int judge_streams(struct sluice_load *load, uint64_t now)
{
	const struct sluice_engine_report *report = &load->report;
	struct sluice_load_place *fresh = calloc(report->stream_count + 1, sizeof(*fresh)), *old;
	size_t number;

	if (!fresh)
		return -ENOMEM;
	for (number = 0; number < report->stream_count; number++) {
		const struct sluice_engine_stream *stream = &report->streams[number];
		uint64_t used = stream->head - stream->tail;
		const struct sluice_load_look look = {.now_ns = now,
						      .memory = percent_of(used, stream->size),
						      .disk = stream->disk,
						      .lost = lost_for_room(&stream->counters)};

		old = find(load->streams, load->stream_count, stream->uuid);
		if (old)
			fresh[number] = *old;
		sluice_guid_copy(fresh[number].guid, stream->uuid);
		(void)judge(&fresh[number], &look, used);
	}
	free(load->streams);
	load->streams = fresh;
	load->stream_count = report->stream_count;
	return 0;
}

/* Adds to the look at an output what its cursors say. Those of a duplicating output have GUIDs of
 * their own, and its name. */
static void look_at_cursors(const struct sluice_engine_report *report,
			    const struct sluice_engine_output *output,
			    struct sluice_load_look *look)
{
	size_t number, place;

	for (number = 0; number < report->stream_count; number++) {
		const struct sluice_engine_stream *stream = &report->streams[number];
		unsigned int most = 0;

		for (place = 0; place < stream->cursor_count; place++) {
			const struct sluice_engine_cursor *cursor = &stream->cursors[place];
			unsigned int percent = 0;

			if (!sluice_guid_equal(cursor->output, output->guid) &&
			    strcmp(cursor->output_name, output->name) != 0)
				continue;
			if (cursor->acked < stream->head)
				percent = percent_of(stream->head - cursor->acked, stream->size);
			most = percent > most ? percent : most;
		}
		look->memory = most > look->memory ? most : look->memory;
		if (most >= TO_BLAME)
			look->lost += lost_for_room(&stream->counters);
	}
}

/* Judges all outputs, and tells of those whose step changes. 0 or -ENOMEM. */
static int judge_outputs(struct sluice_load *load, uint64_t now)
{
	const struct sluice_engine_report *report = &load->report;
	struct sluice_load_place *fresh = calloc(report->output_count + 1, sizeof(*fresh)), *old;
	size_t number;

	if (!fresh)
		return -ENOMEM;
	for (number = 0; number < report->output_count; number++) {
		const struct sluice_engine_output *output = &report->outputs[number];
		struct sluice_load_look look = {
			.now_ns = now, .disk = output->waiting.disk, .lost = output->dropped};
		enum sluice_load_step before;

		old = find(load->outputs, load->output_count, output->guid);
		if (old)
			fresh[number] = *old;
		before = fresh[number].notes.step;
		sluice_guid_copy(fresh[number].guid, output->guid);
		look_at_cursors(report, output, &look);
		if (judge(&fresh[number], &look, output->waiting.memory))
			tell(&fresh[number], before, output->name, true);
	}
	free(load->outputs);
	load->outputs = fresh;
	load->output_count = report->output_count;
	return 0;
}

/* Judges the daemon: by its fullest ring, and by what its inputs lost. */
static void judge_whole(struct sluice_load *load, uint64_t now)
{
	const struct sluice_engine_report *report = &load->report;
	struct sluice_load_look look = {.now_ns = now, .disk = report->store.disk.bytes};
	enum sluice_load_step before = load->whole.notes.step;
	size_t number;

	for (number = 0; number < report->stream_count; number++) {
		const struct sluice_engine_stream *stream = &report->streams[number];
		unsigned int percent = percent_of(stream->head - stream->tail, stream->size);

		look.memory = percent > look.memory ? percent : look.memory;
	}
	for (number = 0; number < report->input_count; number++)
		look.lost += lost_for_room(&report->inputs[number].counters) +
			     report->inputs[number].dropped -
			     report->inputs[number].dropped_by_change;
	if (!judge(&load->whole, &look, report->store.memory_used))
		return;
	tell(&load->whole, before, "", false);
	tell_alarm(&load->whole, before);
}

/* Processor time of the calling thread, in nanoseconds. */
static uint64_t own_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * SLUICE_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* How long to the next look; a line of statistics is not late for it. */
static uint64_t pause_of(const struct sluice_load *load)
{
	uint64_t pause = load->price_ns * PRICE, due = PAUSE_MOST_NS;

	if (load->engine && sluice_engine_config(load->engine)->log.statistics_us)
		due = sluice_engine_config(load->engine)->log.statistics_us * SLUICE_NS_PER_US;
	if (pause > due)
		pause = due;
	if (pause > PAUSE_MOST_NS)
		pause = PAUSE_MOST_NS;
	return pause < PAUSE_NS ? PAUSE_NS : pause;
}

/* struct sluice_job.work: in the foreman's thread. */
static void work(struct sluice_job *job)
{
	struct sluice_load *load = (struct sluice_load *)job;

	uint64_t begun = own_time();

	load->result = sluice_engine_report(load->engine, &load->report);
	load->price_ns = own_time() - begun;
}

/* The picture of this look stays for those who ask while a change is under way. */
static void keep(struct sluice_load *load, uint64_t now)
{
	sluice_engine_report_free(&load->last);
	load->last = load->report;
	/* It is the configuration's, which may go. */
	load->last.store.disk_path = NULL;
	if (load->report.store.disk_path) {
		(void)snprintf(load->disk_path, sizeof(load->disk_path), "%s",
			       load->report.store.disk_path);
		load->last.store.disk_path = load->disk_path;
	}
	memset(&load->report, 0, sizeof(load->report));
	load->last_at = now;
	sluice_load_fill(load, &load->last);
}

/* struct sluice_job.done: in the control thread. */
static void done(struct sluice_job *job)
{
	struct sluice_load *load = (struct sluice_load *)job;
	uint64_t now = sluice_now();

	if (!load->is_open || load->result)
		goto again;
	/* Without memory the old steps stay. */
	(void)judge_streams(load, now);
	(void)judge_outputs(load, now);
	judge_whole(load, now);
	sluice_losses_see(&load->daemon->losses, &load->report);
	sluice_statistics_look(&load->statistics, &load->report, now,
			       sluice_engine_config(load->engine)->log.statistics_us,
			       sluice_load_name(load->whole.notes.step));
again:
	if (!load->result && load->is_open)
		keep(load, now);
	else if (!load->result)
		sluice_engine_report_free(&load->report);
	if (load->is_open)
		look_in(load, load->result ? PAUSE_NS : pause_of(load));
}

bool sluice_load_serve(struct sluice_load *load, int fd)
{
	struct daemon *daemon = load->daemon;
	uint64_t expired;

	if (!load->is_open || fd != load->timer)
		return false;
	if (read(fd, &expired, sizeof(expired)) < 0)
		return true;
	/* A stop tells itself what it leaves behind. */
	if (daemon->stopping)
		return true;
	load->engine = daemon->engine;
	load->job.work = work;
	load->job.done = done;
	if (!daemon->engine || daemon->handing || !daemon->foreman ||
	    sluice_foreman_give(daemon->foreman, &load->job))
		look_in(load, BUSY_NS);
	return true;
}

bool sluice_load_last(const struct sluice_load *load, uint64_t most_ns,
		      struct sluice_engine_report *report)
{
	if (!load->last_at || sluice_now() - load->last_at > most_ns)
		return false;
	*report = load->last;
	return true;
}

bool sluice_load_is_last(const struct sluice_load *load, const struct sluice_engine_report *report)
{
	return load->last_at && report->streams == load->last.streams;
}

void sluice_load_fill(const struct sluice_load *load, struct sluice_engine_report *report)
{
	const struct sluice_load_place *place;
	size_t number;

	for (number = 0; number < report->output_count; number++) {
		place = find(load->outputs, load->output_count, report->outputs[number].guid);
		if (!place)
			continue;
		report->outputs[number].load = sluice_load_name(place->notes.step);
		report->outputs[number].load_since_ns = place->since_ns;
		report->outputs[number].load_why = place->why;
	}
	for (number = 0; number < report->stream_count; number++) {
		place = find(load->streams, load->stream_count, report->streams[number].uuid);
		if (!place)
			continue;
		report->streams[number].load = sluice_load_name(place->notes.step);
		report->streams[number].load_since_ns = place->since_ns;
	}
}

void sluice_load_facts(const struct sluice_load *load, struct sluice_control_facts *facts)
{
	if (!load->whole.notes.is_known)
		return;
	facts->load = sluice_load_name(load->whole.notes.step);
	facts->load_since_ns = load->whole.since_ns;
	facts->load_why = load->whole.why;
}
