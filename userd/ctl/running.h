/* SPDX-License-Identifier: MIT */
/*
 * The configuration that the daemon runs with: asked for as text, and given to it. Touches: a
 * netlink socket, stderr.
 */
#ifndef SLUICE_CTL_RUNNING_H
#define SLUICE_CTL_RUNNING_H

#include <stdbool.h>
#include <stdint.h>
#include "../config/edit.h"
#include "daemon.h"

/* One configuration. @owner whoever has it: sluice_running_free() */
struct sluice_running {
	struct sluice_config_text text;
	uint64_t revision, time_ns;
	uint32_t uid;
	bool is_runtime;
	char *name, *how;
};

/* A configuration to be applied. */
struct sluice_order {
	const char *name; /* of its file */
	const char *text;
	size_t length;
	const char *how;      /* one piece was changed; NULL: a file is applied */
	uint64_t if_revision; /* 0: whatever is in force */
	uint32_t within;      /* seconds until what was before comes back; 0: never */
	bool no_wait;	      /* until it is in force */
	char **words; /* of the command line: --adopt OLD=NEW, --drop OLD; others are passed over */
	size_t word_count;
};

/* Asks for revision `number`, 0 being the one in force. 0 or a negative errno, having said why.
 * @owner caller: *running, also on failure */
int sluice_running_get(struct sluice_netlink *netlink, uint64_t number,
		       struct sluice_running *running);
void sluice_running_free(struct sluice_running *running);

/* Who makes changes from now on, for the history: "telnet 127.0.0.1:40112". The text stays the
 * caller's; NULL, as at the start: who runs the program. `limited`: he has not shown that he is who
 * runs the program, so that the daemon refuses him what is root's. @context process */
void sluice_running_sign(const char *who, bool limited);

/* Gives it to the daemon. 0 or a negative errno; -ESTALE: another one is in force. Says nothing.
 * *accepted: it is not in force yet, because that was not waited for, or takes long. */
int sluice_running_apply(struct sluice_netlink *netlink, const struct sluice_order *order,
			 bool *accepted);

/* The value of --confirm-within, in seconds; 0, having said what is wrong. */
uint32_t sluice_order_within(const char *text);

/* Is `word` one of --adopt and --drop with a value in the next one, which is `next`? 1: it is; 0:
 * it is not; -1: its value is wrong. */
int sluice_order_word(const char *word, const char *next);

#endif /* SLUICE_CTL_RUNNING_H */
