// SPDX-License-Identifier: MIT
/*
 * Those who follow the page; see http_follow.h. Touches: what that says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include "http_follow.h"

#define BLOCK 32768U /* bytes that the server asks for at a time */

static const char head[] = "data: ", tail[] = "\n\n";

/* What was told at one time: a whole message. */
struct sluice_http_text {
	size_t users;
	size_t length;
	char bytes[];
};

/* One who follows. */
struct sluice_http_follower {
	struct sluice_http_follow *follow;
	struct sluice_http_follower *next;
	struct MHD_Connection *connection;
	struct sluice_http_text *text; /* that is being sent, or was sent last */
	size_t sent;		       /* bytes of it */
	bool is_asleep;		       /* it has all there is */
};

/* One user less. */
static void let_go(struct sluice_http_text *text)
{
	if (text && !--text->users)
		free(text);
}

/* Wakes a follower that has something to get. */
static void wake(struct sluice_http_follower *follower)
{
	if (!follower->is_asleep)
		return;
	follower->is_asleep = false;
	MHD_resume_connection(follower->connection);
}

void sluice_http_follow_tell(struct sluice_http_follow *follow, char *bytes, size_t length)
{
	struct sluice_http_follower *follower;
	struct sluice_http_text *text;

	if (!bytes)
		return;
	text = malloc(sizeof(*text) + sizeof(head) + length + sizeof(tail));
	if (!text) {
		free(bytes);
		return;
	}
	text->users = 1;
	memcpy(text->bytes, head, sizeof(head) - 1);
	memcpy(text->bytes + sizeof(head) - 1, bytes, length);
	memcpy(text->bytes + sizeof(head) - 1 + length, tail, sizeof(tail) - 1);
	text->length = sizeof(head) - 1 + length + sizeof(tail) - 1;
	free(bytes);
	let_go(follow->newest);
	follow->newest = text;
	for (follower = follow->first; follower; follower = follower->next)
		wake(follower);
}

/* What comes next. [MHD_ContentReaderCallback] */
static ssize_t read_next(void *context, uint64_t place, char *buffer, size_t room)
{
	struct sluice_http_follower *follower = context;
	struct sluice_http_follow *follow = follower->follow;
	size_t length;

	(void)place;
	if (follow->is_over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if ((!follower->text || follower->sent == follower->text->length) &&
	    follower->text != follow->newest) {
		let_go(follower->text);
		follower->text = follow->newest;
		follower->text->users++;
		follower->sent = 0;
	}
	if (!follower->text || follower->sent == follower->text->length) {
		follower->is_asleep = true;
		MHD_suspend_connection(follower->connection);
		return 0;
	}
	length = follower->text->length - follower->sent;
	if (length > room)
		length = room;
	memcpy(buffer, follower->text->bytes + follower->sent, length);
	follower->sent += length;
	return (ssize_t)length;
}

/* It has gone. [MHD_ContentReaderFreeCallback] */
static void end(void *context)
{
	struct sluice_http_follower *follower = context, **place = &follower->follow->first;

	while (*place && *place != follower)
		place = &(*place)->next;
	if (*place) {
		*place = follower->next;
		follower->follow->count--;
	}
	let_go(follower->text);
	free(follower);
}

struct MHD_Response *sluice_http_follow_begin(struct sluice_http_follow *follow,
					      struct MHD_Connection *connection)
{
	struct sluice_http_follower *follower;
	struct MHD_Response *response;

	if (follow->count == SLUICE_HTTP_FOLLOWERS)
		return NULL;
	follower = calloc(1, sizeof(*follower));
	if (!follower)
		return NULL;
	follower->follow = follow;
	follower->connection = connection;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_next, follower,
						     end);
	if (!response) {
		free(follower);
		return NULL;
	}
	follower->next = follow->first;
	follow->first = follower;
	follow->count++;
	return response;
}

void sluice_http_follow_end(struct sluice_http_follow *follow)
{
	struct sluice_http_follower *follower;

	follow->is_over = true;
	for (follower = follow->first; follower; follower = follower->next)
		wake(follower);
}

void sluice_http_follow_free(struct sluice_http_follow *follow)
{
	let_go(follow->newest);
	*follow = (struct sluice_http_follow){.newest = NULL};
}
