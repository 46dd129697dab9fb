// SPDX-License-Identifier: MIT
/*
 * The thread of a handle reads captures, one after the other; see pcap.h. Touches: those files,
 * standard input.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/capture.h"
#include "../../lib/log.h"
#include "../../lib/thread.h"
#include "pcap.h"

/* Faults of one file that are told, each with a line; the others are counted. */
#define TOLD_MOST 20U
/* Who is later than this does not hurry: what waited for room goes on from there. */
#define LATE_NS SLUICE_NS_PER_S
/* What comes in less than this is not waited for. */
#define SOON_NS (50 * SLUICE_NS_PER_US)
/* After so many packets the watchdog hears of the thread. */
#define PROGRESS 1024U

/* A capture that is read. */
struct reading {
	struct sluice_pcap_handle *handle;
	const char *path;
	int fd;
	bool is_stream; /* a pipe: more may come later */
	unsigned int told;
	uint32_t unknown_link; /* that was told of, + 1; 0: none */
};

/* When what is due, over all captures of a handle. */
struct pace {
	struct sluice_config_speed speed;
	bool has_begun;
	uint64_t begun;	  /* CLOCK_MONOTONIC */
	uint64_t time_ns; /* of the packet then */
	uint64_t done;	  /* datagrams, or bits, since */
};

/* Tells what is wrong with a capture, and counts it. */
static void fault(struct reading *reading, const char *text)
{
	struct sluice_pcap_handle *handle = reading->handle;

	sluice_count(&handle->faults, 1);
	sluice_store_relaxed(&handle->has_fault, true);
	if (reading->told++ < TOLD_MOST)
		sluice_warning_about(SLUICE_ABOUT(.path = reading->path), "%s: %s", reading->path,
				     text);
	else if (reading->told == TOLD_MOST + 1)
		sluice_warning_about(SLUICE_ABOUT(.path = reading->path),
				     "%s: more of the kind; they are counted (`sluicectl show "
				     "inputs`)",
				     reading->path);
}

/* sluice_capture_read of a file. */
static ssize_t read_bytes(void *context, void *bytes, size_t room)
{
	struct reading *reading = context;
	ssize_t got;
	int ready;

	for (;;) {
		if (reading->is_stream) {
			struct sluice_pcap_handle *handle = reading->handle;

			/* What came so far must not wait for more. */
			ready = sluice_pcap_wait(handle, reading->fd, 0);
			if (!ready)
				sluice_pcap_flush(handle);
			while (!ready)
				ready = sluice_pcap_wait(handle, reading->fd, UINT64_MAX);
			if (ready < 0)
				return ready;
		}
		got = read(reading->fd, bytes, room);
		if (got >= 0)
			return got;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
		if (sluice_pcap_is_over(reading->handle))
			return -ECANCELED;
	}
}

/* When the datagram that follows is due. */
static uint64_t due_at(const struct pace *pace, uint64_t time_ns)
{
	uint64_t passed = time_ns > pace->time_ns ? time_ns - pace->time_ns : 0;
	uint64_t value = pace->speed.value ? pace->speed.value : 1;

	if (pace->speed.kind == SLUICE_SPEED_FACTOR)
		return pace->begun + (uint64_t)((unsigned __int128)passed * 1000 / value);
	return pace->begun + (uint64_t)((unsigned __int128)pace->done * SLUICE_NS_PER_S / value);
}

/* Waits until a packet of `time_ns` is due. 0 or -ECANCELED. */
static int keep_pace(struct sluice_pcap_handle *handle, struct pace *pace, uint64_t time_ns)
{
	struct sluice_config_speed speed;
	uint64_t now, due;

	pthread_mutex_lock(&handle->lock);
	speed = handle->speed;
	pthread_mutex_unlock(&handle->lock);
	if (speed.kind == SLUICE_SPEED_MAX) {
		pace->has_begun = false;
		return 0;
	}
	now = sluice_now();
	if (pace->has_begun && (speed.kind != pace->speed.kind || speed.value != pace->speed.value))
		pace->has_begun = false;
	due = pace->has_begun ? due_at(pace, time_ns) : now;
	if (!pace->has_begun || now > due + LATE_NS) {
		*pace = (struct pace){
			.speed = speed, .has_begun = true, .begun = now, .time_ns = time_ns};
		return 0;
	}
	if (due <= now + SOON_NS)
		return 0;
	sluice_pcap_flush(handle);
	while (sluice_now() < due)
		if (sluice_pcap_wait(handle, -1, due) < 0)
			return -ECANCELED;
	return 0;
}

/* A packet whose link type nobody knows. */
static void tell_unknown(struct reading *reading, const struct sluice_capture_packet *packet)
{
	char text[SLUICE_CAPTURE_TEXT];

	if (reading->unknown_link == packet->link + 1) {
		sluice_count(&reading->handle->faults, 1);
		return;
	}
	reading->unknown_link = packet->link + 1;
	snprintf(text, sizeof(text),
		 "packet %" PRIu64 " and others like it are left out: link type %" PRIu32
		 " is not known; Ethernet, raw IP, Linux cooked and loopback are (`editcap -T` "
		 "makes one of another)",
		 packet->number, packet->link);
	fault(reading, text);
}

/* Reads what a file has. 0 or -ECANCELED. */
static int read_all(struct reading *reading, struct sluice_capture *capture, struct pace *pace)
{
	struct sluice_pcap_handle *handle = reading->handle;
	struct sluice_capture_packet packet;
	char text[SLUICE_CAPTURE_TEXT];
	uint32_t bytes;
	int result;

	while ((result = sluice_capture_next(capture, &packet, text))) {
		struct sluice_pcap_frame frame = {.waits = true};

		if (result == -ECANCELED)
			return result;
		if (result == -EPROTO || result == -EBADMSG) {
			fault(reading, text);
			continue;
		}
		if (result < 0) {
			fault(reading, strerror(-result));
			return 0;
		}
		if (packet.number % PROGRESS == 0)
			sluice_thread_progress(sluice_now());
		if (!sluice_dissect_knows(packet.link)) {
			sluice_count(&handle->packets, 1);
			tell_unknown(reading, &packet);
			continue;
		}
		if (keep_pace(handle, pace, packet.time_ns) || sluice_pcap_is_over(handle))
			return -ECANCELED;
		frame.link = packet.link;
		frame.bytes = packet.bytes;
		frame.captured = packet.captured;
		frame.length = packet.length;
		frame.time_ns = packet.time_ns;
		result = sluice_pcap_take(handle, &frame, &bytes);
		if (result < 0)
			return result;
		if (result)
			pace->done += pace->speed.kind == SLUICE_SPEED_DATAGRAMS ? 1 : 8ULL * bytes;
	}
	return 0;
}

/* Reads one file. 0 or -ECANCELED. */
static int read_file(struct sluice_pcap_handle *handle, const char *path, struct pace *pace)
{
	struct reading reading = {.handle = handle, .path = path, .fd = STDIN_FILENO};
	struct sluice_capture *capture = NULL;
	struct stat state;
	int result = 0;

	if (strcmp(path, "-") != 0)
		reading.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (reading.fd < 0 || fstat(reading.fd, &state)) {
		fault(&reading, strerror(errno));
		goto close;
	}
	reading.is_stream = !S_ISREG(state.st_mode);
	if (sluice_capture_open(&capture, read_bytes, &reading)) {
		fault(&reading, strerror(ENOMEM));
		goto close;
	}
	sluice_pcap_say(handle, SLUICE_PCAP_READS, "reading %s", path);
	result = read_all(&reading, capture, pace);
	sluice_capture_close(capture);
close:
	if (reading.fd > STDIN_FILENO)
		close(reading.fd);
	return result;
}

/* scandir: what begins with a dot is not meant. */
static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Reads the files of a directory, in the order of their names. 0 or -ECANCELED. */
static int read_directory(struct sluice_pcap_handle *handle, const char *path, struct pace *pace)
{
	struct reading reading = {.handle = handle, .path = path};
	struct dirent **entries;
	int count = scandir(path, &entries, is_shown, alphasort), number, result = 0;
	struct stat state;
	char *file;

	if (count < 0) {
		fault(&reading, strerror(errno));
		return 0;
	}
	for (number = 0; number < count; number++) {
		if (!result && asprintf(&file, "%s/%s", path, entries[number]->d_name) >= 0) {
			if (!stat(file, &state) && S_ISREG(state.st_mode))
				result = read_file(handle, file, pace);
			free(file);
		}
		free(entries[number]);
	}
	free(entries);
	return result;
}

void sluice_pcap_read_files(struct sluice_pcap_handle *handle)
{
	struct pace pace = {0};
	struct stat state;
	size_t number;
	int result = 0;

	for (number = 0; !result && number < handle->file_count; number++) {
		const char *path = handle->files[number];

		if (strcmp(path, "-") != 0 && !stat(path, &state) && S_ISDIR(state.st_mode))
			result = read_directory(handle, path, &pace);
		else
			result = read_file(handle, path, &pace);
	}
	sluice_store_relaxed(&handle->incomplete,
			     sluice_fragments_incomplete(handle->fragments, true));
	sluice_pcap_flush(handle);
}
