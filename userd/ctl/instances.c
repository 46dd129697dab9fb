// SPDX-License-Identifier: MIT
/*
 * `sluicectl instances`: the daemons of this host. A socket in the file system is reached from any
 * network namespace, so all are found: those in /run/sluice by name, those elsewhere by their
 * processes (instance_search.c); those that wait have none, but a claim. Touches: the sockets and
 * claims in /run/sluice, stdout, stderr.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include "claim.h"
#include "command.h"
#include "daemon.h"
#include "fields.h"
#include "instance_search.h"
#include "instances.h"
#include "list.h"
#include "print.h"

/* One that does not answer is told of so, and the others are not kept waiting for it. */
#define ANSWER_S 1U
#define COLUMNS_MAX 24U

/* Which one is asked. */
static char used[SLUICE_PACKET_PATH];

/* Is it the name of a socket of a daemon? */
static bool is_socket_name(const char *name)
{
	size_t length = strlen(name);

	return length > 9 && !strncmp(name, "net-", 4) && !strcmp(name + length - 5, ".sock");
}

/* Adds what the claim of a daemon that works says, if it can be seen. */
static void add_claim(json_t *one)
{
	pid_t pid = (pid_t)json_integer_value(json_object_get(one, "pid"));
	struct sluice_claim_note note;

	if (!sluice_claim_relay_of(pid, &note))
		return;
	json_object_set_new(one, "role", json_string("active"));
	json_object_set_new(one, "epoch", json_integer((json_int_t)note.epoch));
}

/* Adds one that waits. 0 or -ENOMEM. */
static int add_standby(const char *path, const struct sluice_claim_note *note, void *context)
{
	json_int_t now = (json_int_t)time(NULL);
	const char *name = strrchr(path, '/');
	char own[SLUICE_PACKET_PATH], begin[64];
	json_t *one;

	/* "standby-INODE-RELAY-PID.claim" */
	begin[0] = '\0';
	if (!sluice_packet_path(own, 0))
		snprintf(begin, sizeof(begin), "/" SLUICE_CLAIM_STANDBY "-%lu-",
			 strtoul(own + strlen(SLUICE_RUN_DIRECTORY "/net-"), NULL, 10));
	one = json_pack("{s:s, s:s, s:i, s:I, s:s, s:s, s:s, s:s, s:b, s:s}", "relay", note->relay,
			"version", note->version, "pid", (int)note->pid, "uptime_seconds",
			now > note->since ? now - note->since : (json_int_t)0, "working_since", "",
			"configuration", note->file, "state", "waiting", "role", "standby", "here",
			(int)(*begin && name && !strncmp(name, begin, strlen(begin))), "socket",
			"");
	return one && !json_array_append_new(context, one) ? 0 : -ENOMEM;
}

/* Asks who is at `path`. A new object; NULL: nobody any more, or somebody who is not believed. */
static json_t *ask(const char *path, bool *is_memory)
{
	json_t *list = json_array(), *one;
	struct sluice_netlink *netlink = NULL;
	int error;

	*is_memory = !list;
	if (!list || sluice_netlink_open_socket(&netlink, path)) {
		json_decref(list);
		return NULL;
	}
	error = sluice_netlink_limit(netlink, ANSWER_S);
	if (!error)
		error = sluice_list_ask_daemon(netlink, list);
	one = error ? json_object() : json_incref(json_array_get(list, 0));
	if (one && error)
		json_object_set_new(one, "state", json_string("does not answer"));
	else if (one)
		add_claim(one);
	sluice_netlink_close(netlink);
	json_decref(list);
	return one;
}

/* Adds who is at `path`; `is_here`: of this network namespace. 0 or -ENOMEM. */
static int add(json_t *list, const char *path, bool is_here)
{
	bool is_memory;
	json_t *one = ask(path, &is_memory);

	if (!one)
		return is_memory ? -ENOMEM : 0;
	json_object_set_new(one, "here", json_boolean(is_here));
	json_object_set_new(one, "socket", json_string(path));
	return json_array_append_new(list, one) ? -ENOMEM : 0;
}

/* Likewise for the socket called `name` in our directory; `own`: that of this namespace's first. */
static int add_named(json_t *list, const char *name, const char *own)
{
	char path[SLUICE_PACKET_PATH];
	size_t length = strlen(own);

	if (snprintf(path, sizeof(path), "%s/%s", SLUICE_RUN_DIRECTORY, name) >= (int)sizeof(path))
		return 0;
	/* "net-INODE.sock", or "net-INODE-NUMBER.sock". */
	return add(list, path,
		   length > 5 && !strncmp(path, own, length - 5) && strchr("-.", path[length - 5]));
}

/* Is it where daemons speak with each other, who take over or wait? Nobody answers questions there.
 * What else is in our directory was found by its name. */
static bool is_among_daemons(const char *path)
{
	const char *name = strrchr(path, '/');

	return !name || !strncmp(name, "/over-", 6) || !strncmp(name, "/owner-", 7) ||
	       !strncmp(path, SLUICE_RUN_DIRECTORY "/", strlen(SLUICE_RUN_DIRECTORY) + 1);
}

/* Likewise for one that was found by its process, unless it is in the list. */
static int add_found(const char *path, bool is_here, void *context)
{
	const char *known;
	size_t index;
	json_t *one;

	if (is_among_daemons(path))
		return 0;
	json_array_foreach((json_t *)context, index, one)
	{
		known = json_string_value(json_object_get(one, "socket"));
		if (known && !strcmp(known, path))
			return 0;
	}
	return add(context, path, is_here);
}

/* Those that answer, in any network namespace, and those that wait: objects of what each tells of
 * itself, with `socket`, and `here`: it is of this network namespace. NULL, having said why. @owner
 * caller */
static json_t *list_all(void)
{
	char own[SLUICE_PACKET_PATH];
	struct dirent **names;
	json_t *list = json_array();
	int count, number, error = 0;

	if (!list || sluice_packet_path(own, 0)) {
		json_decref(list);
		return NULL;
	}
	count = scandir(SLUICE_RUN_DIRECTORY, &names, NULL, alphasort);
	if (count < 0 && errno != ENOENT) {
		fprintf(stderr, "sluicectl: %s cannot be read: %s\n", SLUICE_RUN_DIRECTORY,
			strerror(errno));
		json_decref(list);
		return NULL;
	}
	for (number = 0; number < count; number++) {
		if (!error && is_socket_name(names[number]->d_name))
			error = add_named(list, names[number]->d_name, own);
		free(names[number]);
	}
	if (count >= 0)
		free(names);
	if (!error && sluice_instance_search(add_found, list) == -ENOMEM)
		error = -ENOMEM;
	if (!error && sluice_claims_each(SLUICE_CLAIM_STANDBY, add_standby, list) == -ENOMEM)
		error = -ENOMEM;
	if (!error)
		return list;
	fputs("sluicectl: out of memory\n", stderr);
	json_decref(list);
	return NULL;
}

/* Does it wait? Then it answers nobody. */
static bool is_standby(const json_t *one)
{
	const char *role = json_string_value(json_object_get(one, "role"));

	return role && !strcmp(role, "standby");
}

int sluice_instances_use(const char *name)
{
	json_t *list = list_all(), *one;
	const char *relay, *found = NULL;
	size_t index, count = 0;

	if (!list)
		return -EIO;
	json_array_foreach(list, index, one)
	{
		relay = json_string_value(json_object_get(one, "relay"));
		if (!relay || strcasecmp(relay, name) != 0 || is_standby(one))
			continue;
		found = json_string_value(json_object_get(one, "socket"));
		count++;
	}
	if (count == 1) {
		snprintf(used, sizeof(used), "%s", found);
		sluice_daemon_use(used);
	} else if (count) {
		fprintf(stderr,
			"sluicectl: %zu relays are called %s: `sluicectl instances` lists them, "
			"sluicectl -S SOCKET asks one\n",
			count, name);
	} else {
		fprintf(stderr,
			"sluicectl: no sluiced that answers relays as %s: `sluicectl instances` "
			"lists those that do\n",
			name);
	}
	json_decref(list);
	return count == 1 ? 0 : count ? -ENOTUNIQ : -ENOENT;
}

int sluice_ctl_instances(int argc, char **argv)
{
	const enum sluice_field_list fields = SLUICE_FIELDS_DAEMON;
	struct sluice_print_column columns[COLUMNS_MAX];
	bool as_json;
	json_t *list;
	size_t count;
	int error;

	as_json = argc == 2 && (!strcmp(argv[1], "-j") || !strcmp(argv[1], "--json"));
	if (argc > 1 && !as_json) {
		fputs("usage: sluicectl instances [-j]\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	list = list_all();
	if (!list)
		return SLUICE_CTL_REFUSED;
	count = sluice_fields_columns(&fields, 1, columns, COLUMNS_MAX - 4);
	columns[count++] = (struct sluice_print_column){"role", "ROLE"};
	columns[count++] = (struct sluice_print_column){"epoch", "EPOCH"};
	columns[count++] = (struct sluice_print_column){"here", "HERE"};
	columns[count++] = (struct sluice_print_column){"socket", "SOCKET"};
	error = sluice_print(list, as_json, columns, count);
	json_decref(list);
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}
