/* SPDX-License-Identifier: MIT */
/*
 * The command language of sessions: `sluicectl shell`, telnet, the socket in the file system. What
 * a line asks for is found out here: a command of the table, by its name or a beginning of it that
 * no other has, or a word that is the session's own (help, json, password, watch, quit). Who reads
 * lines and runs commands is not here. Touches: the stream that it is given.
 */
#ifndef SLUICE_CTL_SESSION_H
#define SLUICE_CTL_SESSION_H

#include <stdbool.h>
#include <stdio.h>
#include "line.h"
#include "table.h"

/* What a session may do. */
struct sluice_session {
	bool is_local; /* `sluicectl shell`: commands that touch the caller's files are there */
	bool may_look; /* else it says nothing before it has the password */
	bool may_change;
	bool is_limited;   /* but what is root's only: a password does not say who gave it */
	bool has_password; /* there is one, by which it may change something */
	bool as_json;	   /* `json on` */
};

enum sluice_session_action {
	SLUICE_SESSION_ANSWERED, /* what there was to say was said */
	SLUICE_SESSION_FAILED,	 /* likewise: that the line is wrong, or not allowed */
	SLUICE_SESSION_RUN,	 /* `command` is to be run with `argv` */
	SLUICE_SESSION_PASSWORD, /* the password is to be asked for */
	SLUICE_SESSION_QUIT,
};

/* What a line asks for. */
struct sluice_session_step {
	enum sluice_session_action action;
	const struct sluice_ctl_command *command;
	int argc;
	char *argv[SLUICE_WORDS_MAX + 3]; /* pointers into the line; a NULL at the end */
	bool follows; /* it does not end by itself: whoever asked for it ends it */
};

/*
 * Finds out what `line`, which is changed, asks for; what the session answers itself goes to
 * `answer`. Fills *step, whose pointers are valid as long as the line is. @context process
 */
void sluice_session_read(struct sluice_session *session, char *line, FILE *answer,
			 struct sluice_session_step *step);

/* Prints what a session is greeted with. */
void sluice_session_greet(const struct sluice_session *session, FILE *answer);

/* What stands before a line that is typed: "sluice# " where something may be changed, else
 * "sluice> ". A constant. */
const char *sluice_session_prompt(const struct sluice_session *session);

#endif /* SLUICE_CTL_SESSION_H */
