/* SPDX-License-Identifier: MIT */
/*
 * Those who follow the page: connections that are sent what is new each second, as server-sent
 * events (HTML Living Standard, 9.2). Who reads slowly is sent the newest when it has read the one
 * before; what lies between is left out. For one thread, that of the server. Touches: memory,
 * connections of libmicrohttpd.
 */
#ifndef SLUICE_CTL_HTTP_FOLLOW_H
#define SLUICE_CTL_HTTP_FOLLOW_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#define SLUICE_HTTP_FOLLOWERS 16U /* at a time; Prometheus is to find a connection, too */

struct sluice_http_text;
struct sluice_http_follower;

struct sluice_http_follow {
	struct sluice_http_text *newest; /* NULL: nothing has been told */
	struct sluice_http_follower *first;
	size_t count;
	bool is_over; /* nothing comes any more */
};

/* Tells all of them: `bytes`, of `length`, one line. NULL: no memory; it is left out. @owner takes
 * `bytes` */
void sluice_http_follow_tell(struct sluice_http_follow *follow, char *bytes, size_t length);

/* Makes the answer to one more who wants to follow. NULL: there are too many, or no memory. @owner
 * caller: MHD_destroy_response() */
struct MHD_Response *sluice_http_follow_begin(struct sluice_http_follow *follow,
					      struct MHD_Connection *connection);

/* Nothing comes any more: each answer ends when the server runs next. The server does not stop
 * while somebody sleeps. */
void sluice_http_follow_end(struct sluice_http_follow *follow);

/* Lets go of what was told last; nobody follows any more: the server has ended. */
void sluice_http_follow_free(struct sluice_http_follow *follow);

#endif /* SLUICE_CTL_HTTP_FOLLOW_H */
