// SPDX-License-Identifier: MIT
/*
 * A snapshot of all that the daemon tells; see top_snapshot.h. Touches: netlink sockets, stderr.
 */
#include "top_snapshot.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "daemon.h"
#include "event_line.h"
#include "list.h"
#include "running.h"
#include "verdict.h"

#define FORMAT 1 /* of snapshots; another one where a member changes its meaning */

/* What is written to stderr while it is kept back. */
struct kept {
	int file, before; /* -1: it is not kept back */
};

/* Keeps back what lists say on stderr: it would be written across the screen. */
static void keep_begin(struct kept *kept)
{
	fflush(stderr);
	kept->before = -1;
	kept->file = memfd_create("sluicectl-said", MFD_CLOEXEC);
	if (kept->file >= 0)
		kept->before = dup(STDERR_FILENO);
	if (kept->before >= 0)
		dup2(kept->file, STDERR_FILENO);
}

/* The first line that was kept back, without who says it; "": none. */
static void keep_end(struct kept *kept, char *said, size_t room)
{
	static const char who[] = "sluicectl: ";
	ssize_t length = 0;

	fflush(stderr);
	if (kept->before >= 0) {
		dup2(kept->before, STDERR_FILENO);
		close(kept->before);
	}
	if (kept->file >= 0) {
		length = pread(kept->file, said, room - 1, 0);
		close(kept->file);
	}
	said[length > 0 ? length : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	if (!strncmp(said, who, sizeof(who) - 1))
		memmove(said, said + sizeof(who) - 1, strlen(said) - sizeof(who) + 2);
}

/* Where events of an answer go. */
struct taken {
	struct sluice_top_asker *asker;
	json_t *events;
	bool has_config; /* one tells of a configuration */
};

/* One message of an answer: its head, or an event. */
static int on_event(struct nlattr **attributes, void *context)
{
	struct taken *taken = context;
	const struct nlattr *head = attributes[SLUICE_A_EVENT_NEXT];
	const char *class;
	json_t *event;

	if (head) {
		uint64_t run = sluice_attribute_u64(attributes[SLUICE_A_EVENT_RUN]);

		/* Another run begins with its first event. */
		if (taken->asker->event_run != run)
			taken->asker->event_next = 1;
		taken->asker->event_run = run;
		taken->asker->event_next += sluice_attribute_u64(attributes[SLUICE_A_EVENT_MISSED]);
		return 0;
	}
	taken->asker->event_next = sluice_attribute_u64(attributes[SLUICE_A_EVENT_SEQUENCE]) + 1;
	event = sluice_event_object(attributes);
	class = json_string_value(json_object_get(event, "class"));
	taken->has_config |= class && !strcmp(class, "config");
	json_array_append_new(taken->events, event);
	return 0;
}

/* Asks for the events since the last time. True: one tells of a configuration. */
static bool ask_events(struct sluice_top_asker *asker, struct sluice_netlink *netlink,
		       json_t *events)
{
	struct nl_msg *message =
		sluice_netlink_message(netlink, SLUICE_CMD_EVENT_GET, NLM_F_DUMP, 64);
	struct taken taken = {.asker = asker, .events = events};

	if (!asker->event_next)
		asker->event_next = 1;
	if (message &&
	    (nla_put_u64(message, SLUICE_A_EVENT_SEQUENCE, asker->event_next) ||
	     (asker->event_run && nla_put_u64(message, SLUICE_A_EVENT_RUN, asker->event_run)) ||
	     nla_put_u32(message, SLUICE_A_EVENT_WAIT, 0))) {
		nlmsg_free(message);
		message = NULL;
	}
	(void)sluice_netlink_request(netlink, message, on_event, &taken);
	return taken.has_config;
}

/* The configuration as an object, and the alarms that it sets. NULL: it is not told. */
static json_t *ask_config(struct sluice_top_asker *asker, struct sluice_netlink *netlink)
{
	struct sluice_running running;
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	json_t *object = NULL;

	if (!sluice_running_get(netlink, 0, &running)) {
		object = json_pack("{s:I, s:I, s:I, s:s?, s:s?, s:s?}", "revision",
				   (json_int_t)running.revision, "time_ns",
				   (json_int_t)running.time_ns, "uid", (json_int_t)running.uid,
				   "name", running.name, "how", running.how, "text",
				   running.text.bytes);
		if (!sluice_config_parse(running.text.bytes, running.text.length, "running",
					 &config, &findings)) {
			json_decref(asker->alarm);
			asker->alarm =
				json_pack("{s:i, s:i}", "memory", (int)config->store.memory_alarm,
					  "disk", (int)config->store.disk_alarm);
			sluice_config_free(config);
		}
		sluice_findings_free(&findings);
	}
	sluice_running_free(&running);
	return object;
}

/* Adds what is asked for by a connection of its own: events and the configuration. */
static void add_told(struct sluice_top_asker *asker, json_t *snapshot)
{
	json_t *events = json_array(), *config;
	struct sluice_netlink *netlink = NULL;

	if (!sluice_daemon_try_connect(&netlink)) {
		if (ask_events(asker, netlink, events))
			asker->has_config = false;
		config = asker->has_config ? NULL : ask_config(asker, netlink);
		if (config) {
			asker->has_config = true;
			json_object_set_new(snapshot, "config", config);
		}
	}
	sluice_netlink_close(netlink);
	json_object_set_new(snapshot, "events", events);
	if (asker->alarm)
		json_object_set(snapshot, "alarm", asker->alarm);
}

/* Adds what the module tells; nothing of it without a module. */
static void add_kernel(json_t *snapshot)
{
	static const char *const parts[] = {"rules", "rings", "cpus"};
	json_t *list = sluice_list_kernel(), *kernel = json_array_get(list, 0), *part;
	size_t number;

	for (number = 0; number < sizeof(parts) / sizeof(parts[0]); number++) {
		part = json_object_get(kernel, parts[number]);
		json_object_set_new(snapshot, parts[number],
				    part ? json_incref(part) : json_array());
	}
	json_decref(list);
}

/* Adds the lists, and what is wrong by them. `daemon` is the list of it, and stays the caller's. */
static void add_lists(json_t *snapshot, const json_t *daemon)
{
	const struct {
		const char *name;
		json_t *(*list)(void);
	} lists[] = {
		{"inputs", sluice_list_inputs},	  {"outputs", sluice_list_outputs},
		{"streams", sluice_list_streams}, {"store", sluice_list_store},
		{"threads", sluice_list_threads},
	};
	struct sluice_verdict_lists now;
	json_t *problems;
	size_t number;

	for (number = 0; number < sizeof(lists) / sizeof(lists[0]); number++) {
		json_t *list = lists[number].list();

		json_object_set_new(snapshot, lists[number].name, list ? list : json_array());
	}
	add_kernel(snapshot);
	now = (struct sluice_verdict_lists){.daemon = daemon,
					    .inputs = json_object_get(snapshot, "inputs"),
					    .outputs = json_object_get(snapshot, "outputs"),
					    .store = json_object_get(snapshot, "store")};
	problems = sluice_verdict_problems(&now);
	json_object_set_new(snapshot, "problems", problems ? problems : json_array());
}

void sluice_top_asker_free(struct sluice_top_asker *asker)
{
	json_decref(asker->alarm);
	memset(asker, 0, sizeof(*asker));
}

json_t *sluice_top_snapshot(struct sluice_top_asker *asker)
{
	struct timespec now;
	json_t *snapshot = json_object(), *daemon, *one;
	struct kept kept;
	char said[256];

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(snapshot, "format", json_integer(FORMAT));
	json_object_set_new(
		snapshot, "time_ns",
		json_integer((json_int_t)now.tv_sec * (json_int_t)SLUICE_NS_PER_S + now.tv_nsec));
	keep_begin(&kept);
	daemon = sluice_list_daemon();
	one = json_array_get(daemon, 0);
	if (one) {
		if (json_integer_value(json_object_get(one, "pid")) != asker->pid)
			asker->has_config = false;
		asker->pid = json_integer_value(json_object_get(one, "pid"));
		json_object_set(snapshot, "daemon", one);
		add_lists(snapshot, daemon);
		add_told(asker, snapshot);
	}
	keep_end(&kept, said, sizeof(said));
	if (!one)
		json_object_set_new(snapshot, "error",
				    json_string(*said ? said : "sluiced does not answer"));
	json_decref(daemon);
	return snapshot;
}
