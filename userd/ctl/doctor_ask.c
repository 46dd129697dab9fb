// SPDX-License-Identifier: MIT
/*
 * Who answers the doctor's questions, see doctor_ask.h. Touches: sockets and child processes that
 * only look.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/kernel.h"
#include "check_firewall.h"
#include "daemon.h"
#include "doctor/read.h"
#include "doctor_ask.h"
#include "firewall.h"
#include "list.h"

/* The text of a list, which is taken over. 0 or a negative errno. */
static int list_text(json_t *list, char **text)
{
	if (!list)
		return -ENOENT;
	*text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return *text ? 0 : -ENOMEM;
}

/* Did somebody answer the last question for daemon/daemon? Who does not is not asked for more. */
static bool is_answered;

/* daemon/daemon: without a word where nobody is there, since a host without a daemon is checked,
 * too. */
static int ask_whether(char **text)
{
	struct sluice_netlink *netlink = NULL;
	json_t *list = json_array();
	int error = list ? sluice_daemon_try_connect(&netlink) : -ENOMEM;

	if (!error)
		error = sluice_list_ask_daemon(netlink, list);
	if (netlink)
		sluice_netlink_close(netlink);
	is_answered = !error;
	if (!error)
		return list_text(list, text);
	json_decref(list);
	return error;
}

/* Is the module loaded, and may it be asked? */
static bool has_module(void)
{
	struct sluice_kernel *kernel = NULL;

	if (sluice_kernel_open(&kernel))
		return false;
	sluice_kernel_close(kernel);
	return true;
}

/* daemon/NAME: a list as `sluicectl show NAME -j` prints it. */
static int ask_daemon(const char *name, char **text)
{
	static const struct {
		const char *name;
		json_t *(*list)(void);
		bool is_modules;
	} lists[] = {
		{"inputs", sluice_list_inputs, false}, {"outputs", sluice_list_outputs, false},
		{"store", sluice_list_store, false},   {"streams", sluice_list_streams, false},
		{"rules", sluice_list_rules, true},
	};
	size_t number;

	if (!strcmp(name, "daemon"))
		return ask_whether(text);
	for (number = 0; number < sizeof(lists) / sizeof(lists[0]); number++)
		if (!strcmp(lists[number].name, name))
			break;
	if (number == sizeof(lists) / sizeof(lists[0]))
		return -EINVAL;
	if (!(lists[number].is_modules ? has_module() : is_answered))
		return -ENOENT;
	return list_text(lists[number].list(), text);
}

/* Writes which port of a rule the firewall would keep out: the first one, whole ones before parts.
 */
static void put_rule(FILE *to, const struct sluice_firewall *firewall,
		     const struct sluice_kernel_rule *rule)
{
	struct sluice_firewall_answer answer, worst = {0};
	unsigned int port, which = 0;
	char table[64], *blank;
	size_t range;

	for (range = 0; range < rule->port_count; range++)
		for (port = rule->ports[range].first; port <= rule->ports[range].last; port++) {
			answer = sluice_firewall_ask(firewall, (uint16_t)port);
			if (!answer.chain || (worst.chain && worst.is_partly <= answer.is_partly))
				continue;
			worst = answer;
			which = port;
		}
	if (!worst.chain)
		return;
	snprintf(table, sizeof(table), "%s", worst.chain->table);
	for (blank = table; (blank = strchr(blank, ' '));)
		*blank = '.';
	fprintf(to, "%s %u %s %s %s\n", rule->name, which, worst.is_partly ? "some" : "all", table,
		worst.chain->name);
}

/* firewall/input: a line for each rule of the module that takes what the firewall would keep out:
 * "RULE PORT all|some TABLE CHAIN". */
static int ask_firewall(char **text)
{
	struct sluice_kernel_rule *rules = NULL;
	struct sluice_firewall firewall = {0};
	struct sluice_kernel *kernel = NULL;
	size_t count = 0, number, length;
	int error = sluice_kernel_open(&kernel);
	FILE *to;

	if (!error && sluice_kernel_rules(kernel, &rules, &count) < 0)
		error = -EIO;
	if (!error && (!count || !sluice_ctl_read_firewall(&firewall)))
		error = -ENOENT;
	to = error ? NULL : open_memstream(text, &length);
	if (!error && !to)
		error = -ENOMEM;
	for (number = 0; to && number < count; number++)
		if (rules[number].hook != SLUICE_HOOK_LOCAL_IN)
			put_rule(to, &firewall, &rules[number]);
	if (to && fclose(to))
		error = -ENOMEM;
	sluice_firewall_free(&firewall);
	free(rules);
	if (kernel)
		sluice_kernel_close(kernel);
	return error;
}

int sluice_ctl_doctor_ask(void *context, const char *kind, const char *name, char **text)
{
	(void)context;
	*text = NULL;
	if (!strcmp(kind, "daemon"))
		return ask_daemon(name, text);
	if (!strcmp(kind, "firewall"))
		return ask_firewall(text);
	if (!strcmp(kind, "links"))
		return sluice_doctor_read_links(text);
	if (!strcmp(kind, "ethtool"))
		return sluice_doctor_read_ethtool(name, text);
	if (!strcmp(kind, "sockets"))
		return sluice_doctor_read_sockets(name, text);
	if (!strcmp(kind, "filesystem"))
		return sluice_doctor_read_filesystem(name, text);
	if (!strcmp(kind, "clock"))
		return sluice_doctor_read_clock(text);
	if (!strcmp(kind, "log"))
		return sluice_doctor_read_log(text);
	if (!strcmp(kind, "kernels"))
		return sluice_doctor_read_kernels(text);
	if (!strcmp(kind, "descriptors"))
		return sluice_doctor_read_descriptors(name, text);
	if (!strcmp(kind, "program")) {
		*text = strdup(SLUICE_VERSION "\n");
		return *text ? 0 : -ENOMEM;
	}
	return -EINVAL;
}
