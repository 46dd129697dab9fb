// SPDX-License-Identifier: MIT
/*
 * `sluicectl apply`: gives a configuration to the running daemon, which checks it again and takes
 * it whole or not at all. Touches: the file, a netlink socket, stdout, stderr.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../config/check.h"
#include "command.h"
#include "daemon.h"

#define PIECE 60000U /* bytes of text in one attribute, which holds 65,531 */

/* What the command line says. */
struct order {
	const char *file;
	char **words; /* of the command line: --adopt OLD=NEW, --drop OLD */
	size_t word_count;
};

/* Reads the command line. False: it is wrong. */
static bool read_order(int argc, char **argv, struct order *order)
{
	int word;

	memset(order, 0, sizeof(*order));
	order->words = argv;
	for (word = 1; word < argc; word++) {
		bool adopt = !strcmp(argv[word], "--adopt");

		if (adopt || !strcmp(argv[word], "--drop")) {
			const char *value = word + 1 < argc ? argv[word + 1] : NULL;

			if (!value || !value[0] || adopt != (strchr(value, '=') != NULL))
				return false;
			word++;
		} else if (argv[word][0] == '-' || order->file) {
			return false;
		} else {
			order->file = argv[word];
		}
	}
	order->word_count = (size_t)argc;
	return order->file != NULL;
}

/* Puts what becomes of outputs that go into the request. 0 or a negative number. */
static int put_wishes(struct nl_msg *message, const struct order *order)
{
	size_t word;
	int error = 0;

	for (word = 1; word + 1 < order->word_count && !error; word++) {
		if (!strcmp(order->words[word], "--adopt"))
			error = nla_put_string(message, SLUICE_A_CONFIG_ADOPT,
					       order->words[++word]);
		else if (!strcmp(order->words[word], "--drop"))
			error = nla_put_string(message, SLUICE_A_CONFIG_DROP, order->words[++word]);
	}
	return error;
}

/* The request that carries `text`. NULL: no memory. @owner caller */
static struct nl_msg *request_make(struct sluice_netlink *netlink, const struct order *order,
				   const char *name, const char *text, size_t length)
{
	size_t size = length + (length / PIECE + 2) * NLA_HDRLEN + strlen(name) + 256, from, piece;
	struct nl_msg *message;
	size_t word;

	for (word = 0; word < order->word_count; word++)
		size += strlen(order->words[word]) + (size_t)2 * NLA_HDRLEN;

	message = sluice_netlink_message(netlink, SLUICE_CMD_CONFIG_APPLY, 0, size);
	if (!message || nla_put_string(message, SLUICE_A_CONFIG_NAME, name) ||
	    put_wishes(message, order))
		goto failed;
	for (from = 0; from < length; from += piece) {
		piece = length - from < PIECE ? length - from : PIECE;
		if (nla_put(message, SLUICE_A_CONFIG_TEXT, (int)piece, text + from))
			goto failed;
	}
	return message;

failed:
	nlmsg_free(message);
	return NULL;
}

/* Sends it. Returns the exit status, having said what went wrong. */
static int send_text(const struct order *order, const char *name, const char *text, size_t length)
{
	struct sluice_netlink *netlink = sluice_daemon_connect();
	int status = SLUICE_CTL_OK, error;

	if (!netlink)
		return SLUICE_CTL_REFUSED;
	error = sluice_netlink_request(netlink, request_make(netlink, order, name, text, length),
				       NULL, NULL);
	if (error) {
		sluice_daemon_complain(netlink, error);
		status = SLUICE_CTL_REFUSED;
	}
	sluice_netlink_close(netlink);
	return status;
}

int sluice_ctl_apply(int argc, char **argv)
{
	const enum sluice_host_view view = SLUICE_HOST_LIVE;
	struct sluice_findings findings;
	char *text = NULL, *name;
	int status;
	struct order order;
	size_t length;

	if (!read_order(argc, argv, &order)) {
		fputs("usage: sluicectl apply FILE [--adopt OLD=NEW]... [--drop OLD]...\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	/* What can be found out here need not trouble the daemon; it checks all the same. */
	if (!sluice_config_read(order.file, &text, &length, &findings))
		sluice_ctl_check_text(order.file, text, length, &view, &findings);
	status = sluice_ctl_print_findings(order.file, &findings) && text ? SLUICE_CTL_OK
									  : SLUICE_CTL_FINDINGS;
	sluice_findings_free(&findings);
	if (status == SLUICE_CTL_OK) {
		/* The daemon says which file is in force: a path that means the same to everybody.
		 */
		name = realpath(order.file, NULL);
		status = send_text(&order, name ? name : order.file, text, length);
		free(name);
	}
	free(text);
	return status;
}
