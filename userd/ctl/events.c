// SPDX-License-Identifier: MIT
/*
 * `sluicectl events`: follows what happens. Asks the daemon for events again and again, each time
 * from the one on that it has not had; the answer comes when there is one. So whoever reads slowly
 * keeps nobody waiting, and is told how many it missed. Touches: a netlink socket, stdout, stderr.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../lib/event.h"
#include "command.h"
#include "daemon.h"
#include "event_line.h"
#include "event_words.h"

#define WAIT_MS 15000U	 /* that an answer may wait for an event */
#define PAUSE_US 300000U /* between looks whether the daemon is back */

/* What is followed, and how far that has come. */
struct follower {
	bool as_json, is_once, has_backlog;
	struct sluice_event_words words;
	uint64_t left;	 /* events that are still to be shown; UINT64_MAX: any number */
	uint64_t run;	 /* of the daemon that was asked last; 0: none was */
	uint64_t next;	 /* the event to ask for; 0: whatever comes */
	bool was_away;	 /* nobody answered when last asked */
	bool has_failed; /* stdout takes no more */
};

/* One message of an answer: its head, or an event. */
static int on_message(struct nlattr **attributes, void *context)
{
	struct follower *follower = context;
	const struct nlattr *head = attributes[SLUICE_A_EVENT_NEXT];
	uint64_t sequence = sluice_attribute_u64(attributes[SLUICE_A_EVENT_SEQUENCE]);
	uint64_t run = sluice_attribute_u64(attributes[SLUICE_A_EVENT_RUN]);
	uint64_t missed = sluice_attribute_u64(attributes[SLUICE_A_EVENT_MISSED]);
	uint32_t kind = sluice_attribute_u32(attributes[SLUICE_A_EVENT_KIND]);

	if (!follower->left || follower->has_failed)
		return 0;
	if (head) {
		if (follower->was_away)
			sluice_event_print_daemon(true, follower->as_json);
		follower->was_away = false;
		/* Another run begins with its first event. */
		if (!follower->run && !follower->next)
			follower->next = sluice_attribute_u64(head);
		else if (follower->run != run || !follower->next)
			follower->next = 1;
		follower->run = run;
		if (missed)
			follower->has_failed |=
				sluice_event_print_missed(missed, follower->as_json);
		follower->next += missed;
		return 0;
	}
	if (sequence > follower->next)
		follower->has_failed |=
			sluice_event_print_missed(sequence - follower->next, follower->as_json);
	follower->next = sequence + 1;
	if (!sluice_event_words_have(&follower->words, kind))
		return 0;
	follower->has_failed |= sluice_event_print(attributes, follower->as_json);
	if (follower->left != UINT64_MAX)
		follower->left--;
	return 0;
}

/* Is what the daemon keeps all that is asked for, and nothing waited for? */
static bool ends_with_backlog(const struct follower *follower)
{
	return follower->is_once && follower->has_backlog && follower->left == UINT64_MAX;
}

/* Asks for events once. 0 or a negative errno with its sentence in `netlink`. */
static int ask(struct follower *follower, struct sluice_netlink *netlink)
{
	struct nl_msg *message =
		sluice_netlink_message(netlink, SLUICE_CMD_EVENT_GET, NLM_F_DUMP, 64);

	if (message &&
	    ((follower->next && nla_put_u64(message, SLUICE_A_EVENT_SEQUENCE, follower->next)) ||
	     (follower->run && nla_put_u64(message, SLUICE_A_EVENT_RUN, follower->run)) ||
	     nla_put_u32(message, SLUICE_A_EVENT_WAIT,
			 ends_with_backlog(follower) ? 0 : WAIT_MS))) {
		nlmsg_free(message);
		message = NULL;
	}
	return sluice_netlink_request(netlink, message, on_message, follower);
}

/* Does an error say that nobody is there, so that somebody may come? */
static bool is_gone(int error)
{
	return error == -ECONNREFUSED || error == -ECONNRESET || error == -EPIPE ||
	       error == -ENOTCONN || error == -ENOENT || error == -ETIMEDOUT;
}

/* Follows one daemon until it goes, or all is shown. 0: the latter; a negative errno as is_gone()
 * knows it: it has gone, or was not there; another one, said. *was_there is set if it answered. */
static int follow_one(struct follower *follower, bool *was_there)
{
	struct sluice_netlink *netlink = NULL;
	uint64_t before;
	int error;

	*was_there = false;
	error = sluice_daemon_try_connect(&netlink);
	if (error && !is_gone(error)) {
		/* With its sentence. */
		sluice_netlink_close(sluice_daemon_connect());
		return error;
	}
	while (!error && follower->left && !follower->has_failed) {
		before = follower->next;
		error = ask(follower, netlink);
		if (error)
			break;
		*was_there = true;
		if (fflush(stdout))
			follower->has_failed = true;
		if (follower->next == before && ends_with_backlog(follower))
			break;
	}
	/* With a refusal comes its reason. */
	if (error && !is_gone(error))
		sluice_daemon_complain(netlink, error);
	sluice_netlink_close(netlink);
	return error;
}

/* Follows until all is shown. The exit status. */
static int follow(struct follower *follower)
{
	bool was_there;
	int error;

	for (;;) {
		error = follow_one(follower, &was_there);
		if (follower->has_failed)
			return SLUICE_CTL_REFUSED;
		if (!error)
			return SLUICE_CTL_OK;
		if (!is_gone(error))
			return SLUICE_CTL_REFUSED;
		if (follower->is_once) {
			fprintf(stderr, "sluicectl: sluiced %s\n",
				follower->run ? "has gone"
					      : "is not running in this network namespace: start "
						"it with sluiced -c FILE");
			return SLUICE_CTL_REFUSED;
		}
		if (!follower->was_away || was_there)
			sluice_event_print_daemon(false, follower->as_json);
		follower->was_away = true;
		/* Who comes is seen from its first event on. */
		if (!follower->run)
			follower->next = 1;
		usleep(PAUSE_US);
	}
}

/* Reads the command line. False: it is wrong, said. */
static bool parse(struct follower *follower, bool *wants_list, int argc, char **argv)
{
	bool is_right = true;
	char *end;
	int word;

	for (word = 1; word < argc && is_right; word++) {
		const char *next = word + 1 < argc ? argv[word + 1] : NULL;

		if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json")) {
			follower->as_json = true;
		} else if (!strcmp(argv[word], "--once")) {
			follower->is_once = true;
		} else if (!strcmp(argv[word], "--backlog")) {
			follower->next = 1;
			follower->has_backlog = true;
		} else if (!strcmp(argv[word], "--list")) {
			*wants_list = true;
		} else if (!strcmp(argv[word], "--class") && next) {
			if (!sluice_event_words_add(&follower->words, argv[++word]))
				return false;
		} else if (!strcmp(argv[word], "--count") && next) {
			errno = 0;
			follower->left = strtoull(argv[++word], &end, 10);
			is_right =
				!errno && !*end && *next >= '0' && *next <= '9' && follower->left;
		} else {
			is_right = false;
		}
	}
	if (!is_right)
		fputs("usage: sluicectl events [--class CLASS,...] [--count EVENTS] [--backlog] "
		      "[--once] [-j]\n       sluicectl events --list [-j]\n",
		      stderr);
	return is_right;
}

int sluice_ctl_events(int argc, char **argv)
{
	struct follower follower = {.left = UINT64_MAX};
	bool wants_list = false;

	if (!parse(&follower, &wants_list, argc, argv))
		return SLUICE_CTL_USAGE;
	if (wants_list)
		return sluice_event_words_list(follower.as_json) ? SLUICE_CTL_REFUSED
								 : SLUICE_CTL_OK;
	return follow(&follower);
}
