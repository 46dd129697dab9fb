// SPDX-License-Identifier: MIT
/*
 * The door for browsers and Prometheus; see http.h. Touches: the listening socket, netlink sockets,
 * the socket to sluiced.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include "figures.h"
#include "http.h"
#include "http_asset.h"
#include "http_follow.h"
#include "http_page.h"
#include "metrics.h"
#include "top_snapshot.h"

#define FRESH_MS 900U	     /* what was asked so long ago at most is told to the next, too */
#define LOOK_MS 1000U	     /* how often is looked for those who follow the page */
#define WANTED_MS 15000U     /* and for how long for who has only loaded it */
#define OLD_MS 5000U	     /* what was seen so long ago is in no curve with what is seen now */
#define IDLE_S 30U	     /* a connection on which nothing happens for so long is closed */
#define CLIENT_MEMORY 16384U /* bytes for a request's head and an answer's */
#define HOST_MAX 256U

/* An answer that is to be sent. */
struct answer {
	unsigned int status;
	const char *type;
	char *text; /* @owner the answer */
	size_t length;
};

/* The door. */
struct http {
	const struct sluice_door *door;
	struct MHD_Daemon *server;
	bool is_local; /* it listens on loopback: a name of another host is none of ours */
	struct sluice_figures figures;
	uint64_t asked; /* when they were asked, ms; 0: never */
	/* What the page is made of: when it was looked for, and until when, ms; 0: never. */
	struct sluice_top_asker asker;
	struct sluice_top_model model;
	struct sluice_http_follow follow;
	uint64_t looked, wanted;
};

/* Has figures that are of now, or nearly. */
static void refresh(struct http *http)
{
	uint64_t now = sluice_door_now();

	if (http->asked && now - http->asked < FRESH_MS)
		return;
	sluice_figures_free(&http->figures);
	(void)sluice_figures_ask(&http->figures);
	http->asked = sluice_door_now();
}

/* Looks what there is for the page, and tells those who follow it. */
static void look(struct http *http)
{
	uint64_t now = sluice_door_now();
	json_t *snapshot = sluice_top_snapshot(&http->asker);
	char *bytes = NULL;
	size_t length;
	FILE *stream;

	if (http->looked && now - http->looked > OLD_MS) {
		sluice_top_model_free(&http->model);
		(void)sluice_top_model_init(&http->model);
	}
	http->looked = now;
	if (snapshot)
		(void)sluice_top_model_take(&http->model, snapshot);
	json_decref(snapshot);
	stream = http->follow.count ? open_memstream(&bytes, &length) : NULL;
	if (!stream)
		return;
	sluice_http_page_now(stream, &http->model);
	if (fclose(stream))
		free(bytes);
	else
		sluice_http_follow_tell(&http->follow, bytes, length);
}

/* How long until it is looked next, in ms; -1: nobody wants that. */
static int until_look(const struct http *http)
{
	uint64_t now = sluice_door_now(), due = http->looked + LOOK_MS;

	if (!http->follow.count && now >= http->wanted)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

/* / */
static int write_page(FILE *stream, const struct http *http)
{
	sluice_http_page_whole(stream, &http->model);
	return 0;
}

/* Makes a text of what a function writes. False: no memory. */
static bool write_answer(struct answer *answer, const struct http *http,
			 int (*writes)(FILE *stream, const struct http *http))
{
	FILE *stream = open_memstream(&answer->text, &answer->length);
	int error;

	if (!stream)
		return false;
	error = writes(stream, http);
	if (!fclose(stream) && !error)
		return true;
	free(answer->text);
	answer->text = NULL;
	return false;
}

/* /metrics as Prometheus has it */
static int write_text(FILE *stream, const struct http *http)
{
	return sluice_metrics_write(stream, &http->figures, SLUICE_METRICS_TEXT);
}

/* /metrics as OpenMetrics has it */
static int write_open(FILE *stream, const struct http *http)
{
	return sluice_metrics_write(stream, &http->figures, SLUICE_METRICS_OPEN);
}

/* /figures.json: what `sluicectl show ... -j` has, by list. */
static int write_figures(FILE *stream, const struct http *http)
{
	const struct sluice_figures *figures = &http->figures;
	json_t *all = json_pack(
		"{s:O?, s:O?, s:O?, s:O?, s:O?, s:O?, s:O?, s:O?, s:O?, s:O?, s:O?}", "daemon",
		figures->daemon, "inputs", figures->inputs, "outputs", figures->outputs, "forwards",
		figures->forwards, "store", figures->store, "threads", figures->threads, "streams",
		figures->streams, "orphans", figures->orphans, "rules", figures->rules, "rings",
		figures->rings, "cpus", figures->cpus);
	int error = all ? json_dumpf(all, stream, JSON_COMPACT) : -ENOMEM;

	json_decref(all);
	return error ? -ENOMEM : 0;
}

/* Does whoever asks take OpenMetrics? */
static bool takes_open(struct MHD_Connection *connection)
{
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

	return accept && strstr(accept, "application/openmetrics-text");
}

/*
 * May the host be called so? A page of another site can have its own name point to 127.0.0.1, and
 * its reader's browser then shows it what this machine tells. So on loopback only addresses and
 * "localhost" are ours.
 */
static bool is_our_name(const struct http *http, struct MHD_Connection *connection)
{
	const char *host =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	struct in6_addr address;
	char name[HOST_MAX], *end;

	if (!http->is_local || !host)
		return true;
	if (strlen(host) >= sizeof(name))
		return false;
	memcpy(name, host, strlen(host) + 1);
	if (name[0] == '[') {
		end = strchr(name, ']');
		if (!end)
			return false;
		*end = '\0';
		return inet_pton(AF_INET6, name + 1, &address) == 1;
	}
	end = strchr(name, ':');
	if (end)
		*end = '\0';
	return !strcasecmp(name, "localhost") || inet_pton(AF_INET, name, &address) == 1;
}

/* A sentence as an answer. */
static bool say(struct answer *answer, unsigned int status, const char *sentence)
{
	answer->status = status;
	answer->type = "text/plain; charset=utf-8";
	answer->text = strdup(sentence);
	answer->length = strlen(sentence);
	return answer->text != NULL;
}

/* Makes the answer to a path. False: no memory. */
static bool make_answer(struct http *http, struct MHD_Connection *connection, const char *path,
			struct answer *answer)
{
	bool is_open;

	answer->status = MHD_HTTP_OK;
	if (!strcmp(path, "/")) {
		http->wanted = sluice_door_now() + WANTED_MS;
		if (!until_look(http))
			look(http);
		answer->type = "text/html; charset=utf-8";
		return write_answer(answer, http, write_page);
	}
	if (!strcmp(path, "/metrics")) {
		refresh(http);
		is_open = takes_open(connection);
		answer->type =
			sluice_metrics_type(is_open ? SLUICE_METRICS_OPEN : SLUICE_METRICS_TEXT);
		return write_answer(answer, http, is_open ? write_open : write_text);
	}
	if (!strcmp(path, "/figures.json")) {
		refresh(http);
		answer->type = "application/json";
		return write_answer(answer, http, write_figures);
	}
	/* Whoever could have followed has been answered. */
	if (!strcmp(path, "/now"))
		return say(answer, MHD_HTTP_SERVICE_UNAVAILABLE,
			   "As many follow the page as may: try again later.\n");
	return say(answer, MHD_HTTP_NOT_FOUND,
		   "There is nothing here. / is for browsers, /metrics for Prometheus, "
		   "/figures.json is what sluicectl show has.\n");
}

/* Sends a response; NULL: there is no memory for one. @owner takes it */
static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned int status,
				     const char *type, struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	/* Nothing but what comes from here, whatever a name in the configuration contains. */
	MHD_add_response_header(response, "Content-Security-Policy",
				"default-src 'none'; script-src 'self'; style-src 'self'; "
				"connect-src 'self'; img-src data:; base-uri 'none'; "
				"form-action 'none'; frame-ancestors 'none'");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Sends an answer. */
static enum MHD_Result send_answer(struct MHD_Connection *connection, const struct answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		answer->length, answer->text, MHD_RESPMEM_MUST_FREE);

	if (!response)
		free(answer->text);
	return send_response(connection, answer->status, answer->type, response);
}

/* Answers what is no text that is made: files of the page, and who follows it. False: it is none of
 * them. */
static bool answer_other(struct http *http, struct MHD_Connection *connection, const char *path,
			 enum MHD_Result *result)
{
	const struct sluice_http_asset *asset = sluice_http_asset_find(path);
	struct MHD_Response *response;

	if (asset) {
		response = MHD_create_response_from_buffer(
			asset->length, (void *)(uintptr_t)asset->bytes, MHD_RESPMEM_PERSISTENT);
		*result = send_response(connection, MHD_HTTP_OK, asset->type, response);
		return true;
	}
	if (strcmp(path, "/now") != 0)
		return false;
	response = sluice_http_follow_begin(&http->follow, connection);
	if (!response)
		return false;
	*result = send_response(connection, MHD_HTTP_OK, "text/event-stream", response);
	return true;
}

/* A request; called again until it is all there. [MHD_AccessHandlerCallback] */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
				  const char *path, const char *method, const char *version,
				  const char *upload, size_t *upload_size, void **seen)
{
	static const char mark;
	struct http *http = context;
	struct answer answer = {0};
	enum MHD_Result result;
	bool done;

	(void)version;
	(void)upload;
	/* First comes the head alone; what follows it is thrown away. */
	if (!*seen) {
		*seen = (void *)(uintptr_t)&mark;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		done = say(&answer, MHD_HTTP_METHOD_NOT_ALLOWED,
			   "Nothing can be changed here: sluicectl does that.\n");
	else if (!is_our_name(http, connection))
		done = say(&answer, MHD_HTTP_FORBIDDEN,
			   "This is to be asked for by its address, or as localhost.\n");
	else if (answer_other(http, connection, path, &result))
		return result;
	else
		done = make_answer(http, connection, path, &answer);
	return done ? send_answer(connection, &answer) : MHD_NO;
}

/* What the server says of itself goes to sluiced's log. [MHD_LogCallback] */
__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format,
							 va_list arguments)
{
	const struct http *http = context;
	char text[256];

	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	sluice_door_tell(http->door, LOG_DEBUG, "%s", text);
}

/* Does the socket listen on loopback? */
static bool is_loopback(int listener)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address;
	socklen_t length = sizeof(address);

	memset(&address, 0, sizeof(address));
	if (getsockname(listener, &address.any, &length))
		return false;
	if (address.any.sa_family == AF_INET)
		return ntohl(address.four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&address.six.sin6_addr);
}

/* Waits and serves, until sluiced closes its end. */
static void run(struct http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->server, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd wanted[2] = {{.fd = http->door->master, .events = POLLIN},
				   {.fd = info->epoll_fd, .events = POLLIN}};
	MHD_UNSIGNED_LONG_LONG most;
	char byte;

	for (;;) {
		int wait = MHD_get_timeout(http->server, &most) != MHD_YES ? -1
			   : most > 60000				   ? 60000
									   : (int)most;
		int due = until_look(http);

		if (poll(wanted, 2, wait < 0 || (due >= 0 && due < wait) ? due : wait) < 0 &&
		    errno != EINTR)
			return;
		if (wanted[0].revents && recv(http->door->master, &byte, 1, MSG_DONTWAIT) == 0)
			return;
		if (!until_look(http))
			look(http);
		(void)MHD_run(http->server);
	}
}

int sluice_http_serve(const struct sluice_door *door, int listener)
{
	struct http http = {.door = door, .is_local = is_loopback(listener)};

	if (!door || listener < 0)
		return -EINVAL;
	if (sluice_top_model_init(&http.model)) {
		sluice_top_model_free(&http.model);
		return -ENOMEM;
	}
	http.server = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		on_request, &http, MHD_OPTION_EXTERNAL_LOGGER, on_log, &http,
		MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
		SLUICE_HTTP_CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CLIENT_MEMORY, MHD_OPTION_END);
	if (!http.server) {
		sluice_top_model_free(&http.model);
		return -ENOMEM;
	}
	run(&http);
	sluice_http_follow_end(&http.follow);
	(void)MHD_run(http.server);
	MHD_stop_daemon(http.server);
	sluice_http_follow_free(&http.follow);
	sluice_top_model_free(&http.model);
	sluice_top_asker_free(&http.asker);
	sluice_figures_free(&http.figures);
	return 0;
}
