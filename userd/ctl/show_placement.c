// SPDX-License-Identifier: MIT
/*
 * `sluicectl show placement`: where threads, rings and interrupts are, and what of that
 * contradicts. Touches: netlink sockets, files of /proc and /sys, stdout, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "command.h"
#include "fields.h"
#include "list.h"
#include "placement.h"
#include "print.h"

#define COLUMNS_MAX 16U

/* All of it. NULL, having said why. @owner caller: json_decref() */
static json_t *list_placement(int pid, const json_t *streams)
{
	struct sluice_placement_host host;
	json_t *list = json_array();
	int error;

	sluice_placement_host_read("", pid, &host);
	error = list ? sluice_placement_threads("", pid, &host, list) : -ENOMEM;
	if (!error)
		error = sluice_placement_rings("", pid, streams, list);
	if (!error)
		error = sluice_placement_cards("", &host, list);
	if (!error)
		error = sluice_placement_judge(&host, list);
	if (!error)
		return list;
	json_decref(list);
	if (error == -ENOENT)
		fprintf(stderr,
			"sluicectl: /proc/%d cannot be read: the daemon is in another PID "
			"namespace, or of another user; ask where it runs, as root\n",
			pid);
	else
		fputs("sluicectl: out of memory\n", stderr);
	return NULL;
}

/* Prints the sentences, each once, below the table. */
static void print_warnings(const json_t *list)
{
	const json_t *object, *sentence;
	size_t number, place;

	json_array_foreach(list, number, object)
	{
		json_array_foreach(json_object_get(object, "warnings"), place, sentence)
			printf("warning: %s\n", json_string_value(sentence));
	}
}

int sluice_show_placement(bool as_json)
{
	const enum sluice_field_list fields = SLUICE_FIELDS_PLACEMENT;
	struct sluice_print_column columns[COLUMNS_MAX];
	json_t *daemons = sluice_list_daemon(), *streams = NULL, *list = NULL;
	int pid, error = -EIO;
	size_t count;

	pid = (int)json_integer_value(json_object_get(json_array_get(daemons, 0), "pid"));
	if (daemons)
		streams = sluice_list_streams();
	if (streams)
		list = list_placement(pid, streams);
	if (list) {
		count = sluice_fields_columns(&fields, 1, columns, COLUMNS_MAX);
		error = sluice_print(list, as_json, columns, count);
		if (!error && !as_json)
			print_warnings(list);
	}
	json_decref(list);
	json_decref(streams);
	json_decref(daemons);
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}
