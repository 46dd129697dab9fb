/* SPDX-License-Identifier: MIT */
/*
 * For tests of the engine: a third server in a thread of the test, with bad manners on request; an
 * engine made out of YAML; and a sender of numbered datagrams. All on loopback. Include cmocka.h
 * first.
 *
 * A datagram's payload: its number (8 bytes, or decimal digits for the plain framings) and bytes
 * that follow from it.
 */
#ifndef TESTS_ENGINE_HELPER_H
#define TESTS_ENGINE_HELPER_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "config/check.h"
#include "daemon/engine/engine.h"
#include "lib/frame.h"
#include "lib/ranges.h"
#include "lib/record.h"

#define MOST_NUMBERS 200000U
#define MOST_STREAMS 16U
#define MOST_CLIENTS 32U

struct receiver_client {
	int fd;
	uint8_t *bytes;
	size_t used, room;
	uint64_t total; /* read so far */
	uint64_t next;	/* number expected next, for the order of plain framings */
	struct sluice_frame_range owed[64];
	size_t owed_count;
};

struct receiver {
	pthread_t thread;
	int listener;
	uint16_t port;
	enum sluice_framing framing;
	volatile bool stop, paused;
	/* Manners */
	uint64_t reset_every; /* bytes of a connection after which it is broken off; 0: never */
	unsigned int resets;  /* how often at most */
	volatile unsigned int slow_us; /* to rest after every 30,000 bytes */
	unsigned int ack_late; /* frames that are acknowledged together, in another order and cut in
				  two */
	volatile uint32_t promise; /* SLUICE_RANGE_F_* of what it acknowledges */
	volatile bool vow;	   /* say so of all it has, once, when idle */
	/* Books; read when stopped, or only the counters while it runs */
	struct receiver_client clients[MOST_CLIENTS];
	struct {
		uint8_t uuid[16];
		uint64_t epoch;
		struct sluice_ranges has;
	} streams[MOST_STREAMS];
	size_t stream_count;
	uint8_t *seen;	   /* per number: how often it was delivered */
	uint32_t *arrived; /* likewise: how many had been when it first was */
	volatile uint64_t delivered, repeated, damaged, suppressed, unordered, gaps, accepted,
		broken;
	struct timespec last; /* when the last datagram was delivered */
};

/* The byte at `place` of datagram `number`. */
static inline uint8_t pattern(uint64_t number, size_t place)
{
	return (uint8_t)(number * 31 + place * 7 + 1);
}

/* Notes that datagram `number` was delivered. */
static inline void deliver(struct receiver *receiver, uint64_t number)
{
	clock_gettime(CLOCK_MONOTONIC, &receiver->last);
	if (number >= MOST_NUMBERS) {
		receiver->damaged++;
		return;
	}
	if (receiver->seen[number]++) {
		receiver->repeated++;
		return;
	}
	receiver->arrived[number] = (uint32_t)receiver->delivered;
	receiver->delivered++;
}

/* Looks at a span: [skip, length) of it is new to this receiver. */
static inline void read_span(struct receiver *receiver, const uint8_t *span, size_t length,
			     struct sluice_ranges *has, uint64_t offset, uint32_t count)
{
	struct sluice_record_view view;
	uint64_t number;
	size_t at, place;

	for (at = 0; at < length; at += view.span, count--) {
		if (sluice_record_read(span + at, length - at, &view)) {
			receiver->damaged++;
			return;
		}
		if (sluice_ranges_covers(has, offset + at, offset + at + view.span)) {
			receiver->suppressed++;
			continue;
		}
		receiver->gaps += view.type == SLUICE_RECORD_GAP;
		if (view.type != SLUICE_RECORD_DATA)
			continue;
		if (view.payload_length < 8) {
			receiver->damaged++;
			continue;
		}
		memcpy(&number, view.payload, 8);
		for (place = 8; place < view.payload_length; place++) {
			if (view.payload[place] != pattern(number, place)) {
				receiver->damaged++;
				break;
			}
		}
		deliver(receiver, number);
	}
	if (count)
		receiver->damaged++;
}

/* Sends a frame with ranges. */
static inline void send_ranges(struct receiver_client *client, uint8_t type,
			       const struct sluice_frame_range *ranges, size_t count)
{
	struct sluice_frame frame = {.type = type,
				     .length = htole32((uint32_t)(count * sizeof(*ranges))),
				     .count = htole32((uint32_t)count)};

	frame.payload_crc = htole32(count ? sluice_crc32c(0, ranges, count * sizeof(*ranges)) : 0);
	sluice_frame_seal(&frame);
	(void)!send(client->fd, &frame, sizeof(frame), MSG_NOSIGNAL);
	if (count)
		(void)!send(client->fd, ranges, count * sizeof(*ranges), MSG_NOSIGNAL);
}

/* Acknowledges what is owed: the last first, each in two pieces, the second piece first. */
static inline void acknowledge(struct receiver_client *client)
{
	struct sluice_frame_range pieces[2];

	while (client->owed_count) {
		pieces[0] = pieces[1] = client->owed[--client->owed_count];
		pieces[0].start += (pieces[0].end - pieces[0].start) / 2 / 8 * 8;
		pieces[1].end = pieces[0].start;
		send_ranges(client, SLUICE_FRAME_ACK, &pieces[0], 1);
		if (pieces[1].end > pieces[1].start)
			send_ranges(client, SLUICE_FRAME_ACK, &pieces[1], 1);
	}
}

/* What the receiver has of a stream. */
static inline struct sluice_ranges *stream_of(struct receiver *receiver,
					      const struct sluice_frame *frame)
{
	size_t number;

	for (number = 0; number < receiver->stream_count; number++)
		if (!memcmp(receiver->streams[number].uuid, frame->stream, 16) &&
		    receiver->streams[number].epoch == frame->epoch)
			return &receiver->streams[number].has;
	if (number == MOST_STREAMS)
		abort();
	memcpy(receiver->streams[number].uuid, frame->stream, 16);
	receiver->streams[number].epoch = frame->epoch;
	receiver->stream_count++;
	return &receiver->streams[number].has;
}

/* All it has, as ranges of a frame; at most 64. Returns how many. */
static inline size_t list_all(const struct receiver *receiver, struct sluice_frame_range *all)
{
	size_t count = 0, number, place;

	for (number = 0; number < receiver->stream_count; number++) {
		for (place = 0; place < receiver->streams[number].has.count && count < 64;
		     place++) {
			memcpy(all[count].stream, receiver->streams[number].uuid, 16);
			all[count].epoch = receiver->streams[number].epoch;
			all[count].start = receiver->streams[number].has.list[place].start;
			all[count].end = receiver->streams[number].has.list[place].end;
			all[count].flags = receiver->promise;
			all[count].reserved = 0;
			count++;
		}
	}
	return count;
}

/* Acts on one frame; returns false if it is damaged. */
static inline bool read_frame(struct receiver *receiver, struct receiver_client *client,
			      const struct sluice_frame *frame, const uint8_t *payload)
{
	struct sluice_frame_range range = {0}, all[64];
	struct sluice_ranges *has;

	if (frame->length && sluice_crc32c(0, payload, frame->length) != frame->payload_crc)
		return false;
	if (frame->type == SLUICE_FRAME_HELLO) {
		send_ranges(client, SLUICE_FRAME_HELLO, all, list_all(receiver, all));
	} else if (frame->type == SLUICE_FRAME_DATA) {
		has = stream_of(receiver, frame);
		read_span(receiver, payload, frame->length, has, frame->offset, frame->count);
		sluice_ranges_add(has, frame->offset, frame->offset + frame->length);
		memcpy(range.stream, frame->stream, 16);
		range.epoch = frame->epoch;
		range.start = frame->offset;
		range.end = frame->offset + frame->length;
		range.flags = receiver->promise;
		client->owed[client->owed_count++] = range;
		if (client->owed_count > receiver->ack_late)
			acknowledge(client);
	}
	return true;
}

/* Takes whole frames out of a client's buffer; returns false if there is damage. */
static inline bool digest_native(struct receiver *receiver, struct receiver_client *client)
{
	struct sluice_frame frame;
	size_t used = 0;
	int error;

	for (;;) {
		error = sluice_frame_check(client->bytes + used, client->used - used);
		if (error && error != -EAGAIN)
			return false;
		if (error)
			break;
		memcpy(&frame, client->bytes + used, sizeof(frame));
		if (client->used - used < sizeof(frame) + frame.length)
			break;
		if (!read_frame(receiver, client, &frame, client->bytes + used + sizeof(frame)))
			return false;
		used += sizeof(frame) + frame.length;
	}
	memmove(client->bytes, client->bytes + used, client->used - used);
	client->used -= used;
	return true;
}

/* The same for datagrams "NUMBER xxxx..." in octet-counted or newline framing. */
static inline bool digest_plain(struct receiver *receiver, struct receiver_client *client)
{
	size_t used = 0, length;
	uint64_t number;
	uint8_t *end;
	char *rest;

	for (;;) {
		uint8_t *at = client->bytes + used;

		end = memchr(at, receiver->framing == SLUICE_FRAMING_NEWLINE ? '\n' : ' ',
			     client->used - used);
		if (!end)
			break;
		length = (size_t)(end - at);
		if (receiver->framing == SLUICE_FRAMING_OCTET_COUNTED) {
			length = strtoul((char *)at, &rest, 10);
			if (!length || (uint8_t *)rest != end)
				return false;
			at = end + 1;
			if (client->used - (size_t)(at - client->bytes) < length)
				break;
		}
		used = (size_t)(at - client->bytes) + length +
		       (receiver->framing == SLUICE_FRAMING_NEWLINE);
		number = strtoull((char *)at, &rest, 10);
		if (*rest != ' ' || length < 20)
			return false;
		if (number < client->next)
			receiver->unordered++;
		client->next = number + 1;
		deliver(receiver, number);
	}
	memmove(client->bytes, client->bytes + used, client->used - used);
	client->used -= used;
	return true;
}

/* Closes a client. `hard`: with a reset. */
static inline void hang_up(struct receiver_client *client, bool hard)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (hard)
		setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(client->fd);
	free(client->bytes);
	memset(client, 0, sizeof(*client));
	client->fd = -1;
}

/*
 * Breaks a connection so that it is known what the peer's TCP believes: first nothing more is let
 * in (so nothing more is acknowledged), then what was let in is read to the end.
 */
static inline void break_off(struct receiver *receiver, struct receiver_client *client)
{
	struct sock_filter nothing = {.code = BPF_RET | BPF_K, .k = 0};
	struct sock_fprog program = {.len = 1, .filter = &nothing};
	const int on = 1;
	ssize_t length;

	setsockopt(client->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
	/* An acknowledgement that TCP meant to send a little later goes now (tcp(7)). */
	setsockopt(client->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	while (client->used < client->room &&
	       (length = recv(client->fd, client->bytes + client->used, client->room - client->used,
			      MSG_DONTWAIT)) > 0)
		client->used += (size_t)length;
	if (!(receiver->framing == SLUICE_FRAMING_NATIVE ? digest_native : digest_plain)(receiver,
											 client))
		receiver->damaged++;
	receiver->broken++;
	hang_up(client, receiver->broken % 2);
}

/* Reads from a client. */
static inline void serve(struct receiver *receiver, struct receiver_client *client)
{
	ssize_t length;

	if (client->room - client->used < 65536) {
		client->room = client->room ? 2 * client->room : 1 << 20;
		client->bytes = realloc(client->bytes, client->room);
	}
	length = recv(client->fd, client->bytes + client->used, 30000, MSG_DONTWAIT);
	if (length < 0 && errno == EAGAIN)
		return;
	if (length <= 0) {
		hang_up(client, false);
		return;
	}
	client->used += (size_t)length;
	client->total += (size_t)length;
	if (receiver->slow_us)
		usleep(receiver->slow_us);
	if (receiver->reset_every && receiver->broken < receiver->resets &&
	    client->total >= receiver->reset_every) {
		break_off(receiver, client);
		return;
	}
	if (!(receiver->framing == SLUICE_FRAMING_NATIVE ? digest_native : digest_plain)(receiver,
											 client)) {
		receiver->damaged++;
		hang_up(client, true);
	}
}

/* Says of all it has, on every connection, what is promised now. */
static inline void vow(struct receiver *receiver)
{
	struct sluice_frame_range all[64];
	size_t number, count = list_all(receiver, all);

	for (number = 0; number < MOST_CLIENTS; number++)
		if (receiver->clients[number].fd >= 0)
			send_ranges(&receiver->clients[number], SLUICE_FRAME_ACK, all, count);
	receiver->vow = false;
}

/* The receiver's thread. */
static inline void *receive_all(void *argument)
{
	struct pollfd polls[MOST_CLIENTS + 1];
	struct receiver *receiver = argument;
	size_t number;

	while (!receiver->stop) {
		polls[0] = (struct pollfd){.fd = receiver->paused ? -1 : receiver->listener,
					   .events = POLLIN};
		for (number = 0; number < MOST_CLIENTS; number++)
			polls[number + 1] = (struct pollfd){
				.fd = receiver->paused ? -1 : receiver->clients[number].fd,
				.events = POLLIN};
		if (poll(polls, MOST_CLIENTS + 1, 5) == 0)
			/* Idle: even the latest acknowledgement comes some day. */
			for (number = 0; number < MOST_CLIENTS; number++)
				if (receiver->clients[number].fd >= 0 && !receiver->paused)
					acknowledge(&receiver->clients[number]);
		if (receiver->vow && !receiver->paused)
			vow(receiver);
		for (number = 0; number < MOST_CLIENTS; number++)
			if (polls[number + 1].fd >= 0 && polls[number + 1].revents)
				serve(receiver, &receiver->clients[number]);
		if (polls[0].fd >= 0 && polls[0].revents & POLLIN) {
			for (number = 0;
			     number < MOST_CLIENTS && receiver->clients[number].fd >= 0;)
				number++;
			if (number == MOST_CLIENTS)
				abort();
			receiver->clients[number].fd = accept(receiver->listener, NULL, NULL);
			receiver->accepted++;
		}
	}
	return NULL;
}

/* Binds `fd` to a port of the loopback address that nobody has, and that nobody gets by connecting
 * somewhere (those begin at 32768, ip(7)): it may be bound again later. Returns it. */
static inline uint16_t bind_somewhere(int fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	static unsigned int last;
	unsigned int tries;

	if (!last)
		last = (unsigned int)getpid() * 977U + (unsigned int)time(NULL) * 7919U;
	for (tries = 0; tries < 20000; tries++) {
		uint16_t port = (uint16_t)(10000 + last++ % 20000);

		address.sin_port = htons(port);
		if (!bind(fd, (struct sockaddr *)&address, sizeof(address)))
			return port;
	}
	fail_msg("no port is free");
	return 0;
}

/* Starts a receiver on a port of its own, or on `port` if that is not 0. */
static inline void receiver_start(struct receiver *receiver, enum sluice_framing framing,
				  uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(port)};
	const socklen_t length = sizeof(address);
	const int on = 1;
	size_t number;

	receiver->framing = framing;
	receiver->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(receiver->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (port)
		assert_int_equal(bind(receiver->listener, (struct sockaddr *)&address, length), 0);
	else
		port = bind_somewhere(receiver->listener);
	assert_int_equal(listen(receiver->listener, 64), 0);
	receiver->port = port;
	if (!receiver->seen)
		receiver->seen = calloc(1, MOST_NUMBERS);
	if (!receiver->arrived)
		receiver->arrived = calloc(MOST_NUMBERS, sizeof(*receiver->arrived));
	for (number = 0; number < MOST_CLIENTS; number++)
		receiver->clients[number].fd = -1;
	receiver->stop = false;
	assert_int_equal(pthread_create(&receiver->thread, NULL, receive_all, receiver), 0);
}

/* Ends its thread and its connections; the books stay. */
static inline void receiver_stop(struct receiver *receiver)
{
	size_t number;

	receiver->stop = true;
	pthread_join(receiver->thread, NULL);
	for (number = 0; number < MOST_CLIENTS; number++)
		if (receiver->clients[number].fd >= 0)
			hang_up(&receiver->clients[number], true);
	close(receiver->listener);
}

/* Frees the books. */
static inline void receiver_free(struct receiver *receiver)
{
	size_t number;

	for (number = 0; number < receiver->stream_count; number++)
		sluice_ranges_free(&receiver->streams[number].has);
	free(receiver->seen);
	free(receiver->arrived);
	memset(receiver, 0, sizeof(*receiver));
}

/* A UDP port that nobody has. */
static inline uint16_t free_port(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint16_t port = bind_somewhere(fd);

	close(fd);
	return port;
}

/* The configuration that `text` is. */
static inline struct sluice_config *configure(const char *text)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	char *said;

	if (sluice_config_parse(text, strlen(text), "test.yaml", &config, &findings)) {
		said = sluice_findings_text(&findings, "test.yaml");
		fail_msg("%s\n%s", text, said);
	}
	sluice_findings_free(&findings);
	return config;
}

/* An engine with the configuration that the arguments make, as for printf. */
static inline struct sluice_engine *start_engine(const char *format, ...)
{
	struct sluice_engine *engine = NULL;
	char *text = NULL, *error = NULL;
	va_list list;

	va_start(list, format);
	assert_true(vasprintf(&text, format, list) > 0);
	va_end(list);
	if (sluice_engine_start(configure(text), &engine, &error))
		fail_msg("%s", error);
	free(text);
	return engine;
}

/* Sends datagrams first .. last - 1 to `port`, as fast as an unprivileged socket buffer bears. */
static inline void send_numbers(uint16_t port, uint64_t first, uint64_t last, size_t size,
				enum sluice_framing framing)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(port)};
	static uint8_t payload[65536];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint64_t number;
	size_t place;

	for (number = first; number < last; number++) {
		for (place = 0; place < size; place++)
			payload[place] = pattern(number, place);
		if (framing == SLUICE_FRAMING_NATIVE) {
			memcpy(payload, &number, 8);
		} else {
			memset(payload, 'x', size);
			place = (size_t)sprintf((char *)payload, "%llu ",
						(unsigned long long)number);
			payload[place] = 'x';
		}
		assert_int_equal(
			sendto(fd, payload, size, 0, (struct sockaddr *)&address, sizeof(address)),
			size);
		if (number % (size > 2000 ? 8 : 64) == 0)
			usleep(1500);
	}
	close(fd);
}

/* Waits until `receiver` has `count` datagrams, at most 20 seconds. */
static inline void await(const struct receiver *receiver, uint64_t count)
{
	unsigned int tries;

	for (tries = 0; tries < 20000 && receiver->delivered < count; tries++)
		usleep(1000);
	if (receiver->delivered != count)
		fail_msg("%llu of %llu datagrams came (%llu repeated, %llu damaged)",
			 (unsigned long long)receiver->delivered, (unsigned long long)count,
			 (unsigned long long)receiver->repeated,
			 (unsigned long long)receiver->damaged);
}

/* Datagrams that all destinations of the first output were sent, by its own count. */
static inline uint64_t sent_by(struct sluice_engine *engine)
{
	struct sluice_engine_report report;
	uint64_t sent = 0;
	size_t number;

	assert_int_equal(sluice_engine_report(engine, &report), 0);
	for (number = 0; number < report.outputs[0].destination_count; number++)
		sent += report.outputs[0].destinations[number].sent;
	sluice_engine_report_free(&report);
	return sent;
}

#endif /* TESTS_ENGINE_HELPER_H */
