// SPDX-License-Identifier: MIT
/*
 * What is handed over; see parcel.h. Touches: descriptors, the socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "parcel.h"

/* Bytes of the line of one descriptor at most: its word, its key. */
#define LINE (SLUICE_HANDED_KEY + 16U)

void sluice_parcel_empty(struct sluice_parcel *parcel)
{
	if (!parcel)
		return;
	while (parcel->count) {
		struct sluice_parcel_item *item = &parcel->items[--parcel->count];

		close(item->fd);
		free(item->key);
	}
	free(parcel->items);
	free(parcel->state);
	*parcel = (struct sluice_parcel){0};
}

/* Adds one that is the parcel's from now on. 0 or -ENOMEM. */
static int keep(struct sluice_parcel *parcel, enum sluice_handed kind, const char *key, int fd)
{
	size_t room = parcel->room ? 2 * parcel->room : 64;
	struct sluice_parcel_item *larger;
	char *copy;

	if (parcel->count == parcel->room) {
		larger = reallocarray(parcel->items, room, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		parcel->items = larger;
		parcel->room = room;
	}
	copy = strdup(key);
	if (!copy)
		return -ENOMEM;
	parcel->items[parcel->count++] =
		(struct sluice_parcel_item){.kind = kind, .fd = fd, .key = copy};
	return 0;
}

int sluice_parcel_add(struct sluice_parcel *parcel, enum sluice_handed kind, const char *key,
		      int fd)
{
	int copy, result;

	if (!parcel || !key || fd < 0 || strlen(key) >= SLUICE_HANDED_KEY || strchr(key, '\n'))
		return -EINVAL;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return -errno;
	result = keep(parcel, kind, key, copy);
	if (result)
		close(copy);
	return result;
}

void sluice_parcel_drop(struct sluice_parcel *parcel, enum sluice_handed kind)
{
	size_t number, kept = 0;

	for (number = 0; number < parcel->count; number++) {
		struct sluice_parcel_item *item = &parcel->items[number];

		if (item->kind != kind) {
			parcel->items[kept++] = *item;
			continue;
		}
		close(item->fd);
		free(item->key);
	}
	parcel->count = kept;
}

int sluice_parcel_say(struct sluice_parcel *parcel, const char *format, ...)
{
	char *line = NULL, *larger;
	va_list list;
	int length;

	va_start(list, format);
	length = vasprintf(&line, format, list);
	va_end(list);
	if (length < 0)
		return -ENOMEM;
	larger = realloc(parcel->state, parcel->state_length + (size_t)length + 2);
	if (larger) {
		parcel->state = larger;
		memcpy(larger + parcel->state_length, line, (size_t)length);
		parcel->state_length += (size_t)length;
		larger[parcel->state_length++] = '\n';
		larger[parcel->state_length] = '\0';
	}
	free(line);
	return larger ? 0 : -ENOMEM;
}

/* Puts one into a packet. False: there is no room for it. */
static bool put(struct sluice_handover_packet *packet, const struct sluice_parcel_item *item)
{
	size_t room = SLUICE_HANDOVER_TEXT - packet->head.length;

	if (packet->head.count == SLUICE_HANDOVER_FDS || room < LINE)
		return false;
	packet->head.length +=
		(uint32_t)snprintf(packet->text + packet->head.length, room, "%s %s\n",
				   sluice_handed_word(item->kind), item->key);
	packet->fds[packet->head.count++] = item->fd;
	return true;
}

/* Sends the descriptors. 0 or a negative errno. */
static int send_items(const struct sluice_parcel *parcel, int fd,
		      struct sluice_handover_packet *packet)
{
	size_t number = 0;
	int result = 0;

	while (!result && number < parcel->count) {
		packet->head = (struct sluice_handover_head){.word = SLUICE_HANDOVER_GIVE};
		while (number < parcel->count && put(packet, &parcel->items[number]))
			number++;
		result = sluice_handover_send(fd, packet);
	}
	return result;
}

/* Sends the text, whole lines in each packet. 0 or a negative errno. */
static int send_state(const struct sluice_parcel *parcel, int fd,
		      struct sluice_handover_packet *packet)
{
	size_t sent = 0, length;
	int result = 0;

	while (!result && sent < parcel->state_length) {
		length = parcel->state_length - sent;
		if (length > SLUICE_HANDOVER_TEXT) {
			length = SLUICE_HANDOVER_TEXT;
			while (length && parcel->state[sent + length - 1] != '\n')
				length--;
		}
		if (!length)
			return -EMSGSIZE;
		packet->head = (struct sluice_handover_head){.word = SLUICE_HANDOVER_STATE,
							     .length = (uint32_t)length};
		memcpy(packet->text, parcel->state + sent, length);
		result = sluice_handover_send(fd, packet);
		sent += length;
	}
	return result;
}

int sluice_parcel_send(const struct sluice_parcel *parcel, int fd)
{
	struct sluice_handover_packet *packet = malloc(sizeof(*packet));
	char text[64];
	int result;

	if (!packet)
		return -ENOMEM;
	result = send_items(parcel, fd, packet);
	if (!result)
		result = send_state(parcel, fd, packet);
	snprintf(text, sizeof(text), "descriptors=%zu", parcel->count);
	if (!result)
		result = sluice_handover_say(fd, SLUICE_HANDOVER_END, text);
	free(packet);
	return result;
}

/* What taking a packet of descriptors apart has in hand. */
struct unpacking {
	struct sluice_parcel *parcel;
	struct sluice_handover_packet *packet;
	size_t next;
};

/* Takes one descriptor by its line. */
static int unpack(void *context, char *line)
{
	struct unpacking *unpacking = context;
	struct sluice_handover_packet *packet = unpacking->packet;
	char *key = strchr(line, ' ');
	enum sluice_handed kind;
	int fd;

	if (unpacking->next >= packet->head.count)
		return -EPROTO;
	fd = packet->fds[unpacking->next++];
	if (key)
		*key++ = '\0';
	kind = sluice_handed_kind(line);
	if (!key || kind == SLUICE_HANDED_COUNT) {
		close(fd);
		return 0;
	}
	if (!keep(unpacking->parcel, kind, key, fd))
		return 0;
	close(fd);
	return -ENOMEM;
}

/* Takes the descriptors of a packet. 0 or a negative errno. */
static int take_items(struct sluice_parcel *parcel, struct sluice_handover_packet *packet)
{
	struct unpacking unpacking = {.parcel = parcel, .packet = packet};
	int result = sluice_handover_lines(packet->text, unpack, &unpacking);

	if (!result && unpacking.next != packet->head.count)
		result = -EPROTO;
	for (; unpacking.next < packet->head.count; unpacking.next++)
		close(packet->fds[unpacking.next]);
	packet->head.count = 0;
	return result;
}

/* Takes what one packet brought. 0: more follows; 1: that was all; negative errno. */
static int take(struct sluice_parcel *parcel, struct sluice_handover_packet *packet,
		size_t *received, char **sentence)
{
	char *larger;

	switch (packet->head.word) {
	case SLUICE_HANDOVER_GIVE:
		*received += packet->head.count;
		return take_items(parcel, packet);
	case SLUICE_HANDOVER_STATE:
		larger = realloc(parcel->state, parcel->state_length + packet->head.length + 1);
		if (!larger)
			return -ENOMEM;
		parcel->state = larger;
		memcpy(larger + parcel->state_length, packet->text, packet->head.length + 1U);
		parcel->state_length += packet->head.length;
		return 0;
	case SLUICE_HANDOVER_END:
		return sluice_handover_number(packet->text, "descriptors") == *received ? 1
											: -EBADMSG;
	case SLUICE_HANDOVER_REFUSED:
		*sentence = strdup(packet->text);
		return -EREMOTEIO;
	default:
		/* Of a later version, and nothing that it needs an answer to. */
		return 0;
	}
}

int sluice_parcel_receive(struct sluice_parcel *parcel, int fd, int most_ms, char **sentence)
{
	struct sluice_handover_packet *packet = malloc(sizeof(*packet));
	size_t received = 0;
	int result;

	if (!packet)
		return -ENOMEM;
	do {
		result = sluice_handover_receive(fd, packet, most_ms);
		if (!result) {
			result = take(parcel, packet, &received, sentence);
			sluice_handover_drop(packet);
		}
	} while (!result);
	free(packet);
	return result == 1 ? 0 : result;
}
