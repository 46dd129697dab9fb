// SPDX-License-Identifier: MIT
/*
 * The keys of `control`, beside keys.c: who may ask, the doors for sessions, and what is
 * told to whom. Those of hooks are made of the table of events. Touches: nothing but memory.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include "../lib/event.h"
#include "address.h"
#include "draft.h"
#include "hook_words.h"
#include "suggest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DRAFT(member) offsetof(struct sluice_draft, member)
#define SECOND 1000000ULL

/* A command. [struct sluice_word] */
static void read_hook(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node), *why = NULL;
	char **words;

	if (!text)
		return;
	words = sluice_hook_words(text, &why);
	if (why)
		sluice_reader_fault(reader, key, node, "%s", why);
	else if (!words)
		reader->out_of_memory = true;
	else
		sluice_read_word(reader, key, node, object);
	free(words);
}

#define HOOK(name, number, meaning)                                    \
	{.path = "control.hooks." name,                                \
	 .does = "a command for: " meaning,                            \
	 .otherwise = "none",                                          \
	 .form = "a command with its whole path, its words behind it", \
	 .read = read_hook,                                            \
	 .offset = DRAFT(hooks[number])},
#define EVENT_CLASS(class, name, meaning) HOOK(name, SLUICE_EVENT_CLASS_##class, meaning)
#define EVENT(number, class, name, severity, meaning) \
	HOOK(name, SLUICE_EVENT_CLASSES + SLUICE_EVENT_##number, meaning)
#define EVENT_SAME(...)
static const struct sluice_key hook_keys[] = {
#include "../lib/event_rows.h"
};
#undef EVENT_CLASS
#undef EVENT
#undef EVENT_SAME

static const struct sluice_key_table hook_table = {"control.hooks", "control.hooks", hook_keys,
						   COUNT(hook_keys)};

static const struct sluice_choice readers[] = {
	{"group", SLUICE_READERS_GROUP, false},
	{"all", SLUICE_READERS_ALL, false},
	{NULL, 0, false},
};

/* Bytes of the path of a socket, without the ".PID" that it has until it listens. */
#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 12)

/* Makes a socket address of an IP address and a port. False: it is none. */
static bool make_address(const char *host, uint16_t port, struct sluice_config_listener *listener)
{
	struct sockaddr_in *four = (void *)&listener->address;
	struct sockaddr_in6 *six = (void *)&listener->address;

	memset(&listener->address, 0, sizeof(listener->address));
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		listener->is_far = ntohl(four->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
		return true;
	}
	if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		listener->is_far = !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
		return true;
	}
	return false;
}

void sluice_read_listener(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, void *object)
{
	struct sluice_config_listener *listener = (void *)((char *)object + key->offset);
	const char *text, *why = "";
	char host[SLUICE_HOST_MAX + 1], quoted[SLUICE_QUOTE_TEXT];
	uint16_t port;

	text = sluice_reader_scalar(reader, key, node);
	if (!text)
		return;
	sluice_quote(text, quoted);
	if (sluice_endpoint_parse(text, host, sizeof(host), &port, &why)) {
		sluice_reader_fault(reader, key, node, "%s %s", quoted, why);
		return;
	}
	if (!make_address(host, port, listener)) {
		sluice_reader_fault(reader, key, node,
				    "%s has no IP address: write it like 127.0.0.1:5555 or "
				    "\"[::1]:5555\"",
				    quoted);
		return;
	}
	listener->text = strdup(text);
	if (!listener->text)
		reader->out_of_memory = true;
}

/* A path that begins with /. [char *] */
static void read_path(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT], **path = (void *)((char *)object + key->offset);

	if (!text)
		return;
	if (*text != '/') {
		sluice_reader_fault(reader, key, node, "%s is no absolute path: begin it with /",
				    sluice_quote(text, quoted));
		return;
	}
	if (key->maximum && strlen(text) > key->maximum) {
		sluice_reader_fault(reader, key, node,
				    "%s is too long for the path of a socket: "
				    "at most %llu bytes",
				    sluice_quote(text, quoted), (unsigned long long)key->maximum);
		return;
	}
	*path = strdup(text);
	if (!*path)
		reader->out_of_memory = true;
}

static const struct sluice_key control_keys[] = {
	{.path = "control.telnet",
	 .does = "where sessions by telnet are taken: loopback, unless there is a password",
	 .otherwise = "none",
	 .form = "address:port",
	 .read = sluice_read_listener,
	 .offset = DRAFT(control.telnet),
	 .place = DRAFT(control.telnet.place)},
	{.path = "control.http",
	 .does = "where browsers and Prometheus see what it does; nobody changes anything there",
	 .otherwise = "none",
	 .form = "address:port",
	 .read = sluice_read_listener,
	 .offset = DRAFT(control.http),
	 .place = DRAFT(control.http.place)},
	{.path = "control.shell",
	 .does = "path of a socket where root and the user of sluiced have sessions",
	 .otherwise = "none",
	 .form = "a path",
	 .read = read_path,
	 .offset = DRAFT(control.shell),
	 .place = DRAFT(control.shell_place),
	 .maximum = SOCKET_PATH_MAX},
	{.path = "control.password-file",
	 .does = "file whose first line allows a telnet session to change something",
	 .otherwise = "none: telnet may only look",
	 .form = "a path",
	 .read = read_path,
	 .offset = DRAFT(control.password_file),
	 .place = DRAFT(control.password_place)},
	{.path = "control.idle",
	 .does = "a session without a line for so long is ended",
	 .fallback = "10min",
	 .read = sluice_read_duration,
	 .offset = DRAFT(control.idle_us),
	 .minimum = 1 * SECOND,
	 .maximum = 86400 * SECOND},
	{.path = "control.group",
	 .does = "members of this group may look and change, as root may",
	 .otherwise = "none",
	 .read = sluice_read_word,
	 .offset = DRAFT(control_group)},
	{.path = "control.read",
	 .does = "who may look: root, the daemon's user and that group, or all users",
	 .fallback = "group",
	 .read = sluice_read_choice,
	 .offset = DRAFT(readers),
	 .choices = readers},
	{.path = "control.events",
	 .does = "how many events are kept for who reads slowly",
	 .fallback = "512",
	 .read = sluice_read_size,
	 .form = "a number from 16 to 65536",
	 .offset = DRAFT(events_kept),
	 .minimum = 16,
	 .maximum = 65536},
	{.path = "control.hooks",
	 .does = "commands that are run on events",
	 .read = sluice_read_nested,
	 .table = &hook_table},
	{.path = "control.hook-limit",
	 .does = "a command that takes longer is killed",
	 .fallback = "30s",
	 .read = sluice_read_duration,
	 .offset = DRAFT(hook_limit_us),
	 .minimum = 1 * SECOND,
	 .maximum = 3600 * SECOND},
};

const struct sluice_key_table sluice_control_table = {"control", "control", control_keys,
						      COUNT(control_keys)};

void sluice_control_settle(const struct sluice_reader *reader, const struct sluice_draft *draft)
{
	const struct sluice_config_control *control = &draft->control;

	if (control->telnet.text && control->telnet.is_far && !control->password_file)
		sluice_findings_add(reader->findings, SLUICE_FINDING_ERROR, &control->telnet.place,
				    "control.telnet: %s can be reached from other machines, so it "
				    "needs a password: name its file in control.password-file, or "
				    "use an address of loopback (127.0.0.1, ::1)",
				    control->telnet.text);
	if (control->telnet.text && control->http.text &&
	    !memcmp(&control->telnet.address, &control->http.address,
		    sizeof(control->telnet.address)))
		sluice_findings_add(reader->findings, SLUICE_FINDING_ERROR, &control->http.place,
				    "control.http: control.telnet listens at %s: name another port",
				    control->http.text);
	if (control->http.text && control->http.is_far)
		sluice_findings_add(reader->findings, SLUICE_FINDING_NOTE, &control->http.place,
				    "control.http: whoever reaches %s sees inputs, outputs and "
				    "their counts, without a password: let only who collects them "
				    "through the firewall, or use an address of loopback",
				    control->http.text);
}
