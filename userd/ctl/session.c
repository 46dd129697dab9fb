// SPDX-License-Identifier: MIT
/*
 * The command language of sessions; see session.h. Touches: the stream that it is given.
 */
#include <string.h>
#include <strings.h>
#include "../config/suggest.h"
#include "session.h"

/* What `watch` runs. */
#define FOLLOW "events"

/* A word of the session's own. */
struct own {
	const char *name, *arguments, *what;
	/* Does what the words of the step say; sets the action. */
	void (*act)(struct sluice_session *session, FILE *answer, struct sluice_session_step *step);
};

static void act_help(struct sluice_session *session, FILE *answer,
		     struct sluice_session_step *step);

/* `json on|off` */
static void act_json(struct sluice_session *session, FILE *answer, struct sluice_session_step *step)
{
	bool is_on = step->argc == 2 && !strcasecmp(step->argv[1], "on");

	if (step->argc > 2 ||
	    (step->argc == 2 && !is_on && strcasecmp(step->argv[1], "off") != 0)) {
		fputs("usage: json on|off\n", answer);
		step->action = SLUICE_SESSION_FAILED;
		return;
	}
	if (step->argc == 2)
		session->as_json = is_on;
	fprintf(answer, "json is %s\n", session->as_json ? "on" : "off");
}

/* `password` */
static void act_password(struct sluice_session *session, FILE *answer,
			 struct sluice_session_step *step)
{
	if (step->argc > 1)
		fputs("usage: password\n       it is asked for, and not shown\n", answer);
	else if (session->may_change)
		fputs("this session may change something already\n", answer);
	else if (!session->has_password)
		fputs("there is no password: the configuration has no control.password-file\n",
		      answer);
	else
		step->action = SLUICE_SESSION_PASSWORD;
	if (step->action != SLUICE_SESSION_PASSWORD && !session->may_change)
		step->action = SLUICE_SESSION_FAILED;
}

/* `watch` */
static void act_watch(struct sluice_session *session, FILE *answer,
		      struct sluice_session_step *step)
{
	const struct sluice_ctl_command *events = sluice_table_find(FOLLOW);

	(void)session;
	if (!events || !events->run) {
		fputs("watch: following events is not supported yet\n", answer);
		step->action = SLUICE_SESSION_FAILED;
		return;
	}
	step->command = events;
	step->action = SLUICE_SESSION_RUN;
}

/* `quit`, `exit` */
static void act_quit(struct sluice_session *session, FILE *answer, struct sluice_session_step *step)
{
	(void)session;
	(void)answer;
	step->action = SLUICE_SESSION_QUIT;
}

static const struct own own_words[] = {
	{"help", "[COMMAND]", "this list, or what one command takes", act_help},
	{"json", "on|off", "whether commands answer in JSON", act_json},
	{"password", "", "ask for the password, and then allow changes", act_password},
	{"watch", "[OPTION...]", "follow events until Enter or Ctrl-C", act_watch},
	{"quit", "", "the end", act_quit},
	{"exit", "", "the same", act_quit},
};

#define OWN_WORDS (sizeof(own_words) / sizeof(own_words[0]))

/* Is it a command that sessions of this kind have, whether or not they may run it now? */
static bool is_here(const struct sluice_session *session, const struct sluice_ctl_command *command)
{
	return command->run && command->access != SLUICE_CTL_ALONE &&
	       (session->is_local || command->access != SLUICE_CTL_LOCAL);
}

/* Is the word one that this session has no use for? */
static bool is_idle(const struct sluice_session *session, const struct own *own)
{
	return own->act == act_password && session->is_local;
}

/* What a word was found to be. */
struct found {
	const struct sluice_ctl_command *command;
	const struct own *own;
	size_t count;	 /* how many begin so; 1: it is clear which */
	char names[512]; /* those */
};

/* Takes note of `name` if it begins with `word`. True: it is the very word, and no other counts. */
static bool note(struct found *found, const char *name, const char *word)
{
	size_t used = strlen(found->names), length = strlen(word);

	if (strncasecmp(name, word, length) != 0)
		return false;
	if (!name[length])
		found->count = 0;
	found->count++;
	snprintf(found->names + used, sizeof(found->names) - used, "%s%s", used ? ", " : "", name);
	return !name[length];
}

/* Finds what is meant by `word`: its own words go before commands of the same name. */
static void find(const struct sluice_session *session, const char *word, struct found *found)
{
	const struct sluice_ctl_command *command;
	size_t number;

	memset(found, 0, sizeof(*found));
	for (number = 0; number < OWN_WORDS; number++) {
		size_t before = found->count;

		if (is_idle(session, &own_words[number]))
			continue;
		if (note(found, own_words[number].name, word)) {
			found->own = &own_words[number];
			return;
		}
		if (found->count > before)
			found->own = &own_words[number];
	}
	for (number = 0; (command = sluice_table_row(number)); number++) {
		size_t before = found->count;

		/* `help` is the session's own. */
		if (!is_here(session, command) || !strcmp(command->name, "help"))
			continue;
		if (note(found, command->name, word)) {
			found->own = NULL;
			found->command = command;
			return;
		}
		if (found->count > before) {
			found->own = NULL;
			found->command = command;
		}
	}
}

/* Says that `word` is nothing that can be done here, and why, or what was meant. */
static void complain(const struct sluice_session *session, const char *word, FILE *answer)
{
	const struct sluice_ctl_command *command = sluice_table_find(word);
	const char *meant = sluice_table_nearest(word);
	char quoted[SLUICE_QUOTE_TEXT];

	if (command && !command->run)
		fprintf(answer, "%s: not supported yet\n", command->name);
	else if (command && command->access == SLUICE_CTL_ALONE)
		fprintf(answer, "%s is not for a session: run `sluicectl %s` by itself\n",
			command->name, command->name);
	else if (command && !is_here(session, command))
		fprintf(answer,
			"%s touches files of who calls it, which a session from elsewhere does "
			"not: run `sluicectl %s` on this host\n",
			command->name, command->name);
	else if (meant && is_here(session, sluice_table_find(meant)))
		fprintf(answer, "there is no command %s, did you mean \"%s\"?\n",
			sluice_quote(word, quoted), meant);
	else
		fprintf(answer, "there is no command %s; \"help\" lists them\n",
			sluice_quote(word, quoted));
}

/* Prints a word of the session's own as the list has it. */
static void print_own(const struct own *own, FILE *answer)
{
	const struct sluice_ctl_command as_command = {.name = own->name,
						      .run = sluice_ctl_help,
						      .arguments = own->arguments,
						      .what = own->what};

	sluice_command_print(&as_command, answer);
}

/* Says which of several was meant. */
static void ask_which(const char *word, const struct found *found, FILE *answer)
{
	char quoted[SLUICE_QUOTE_TEXT];

	fprintf(answer, "%s may be each of these: %s\n", sluice_quote(word, quoted), found->names);
}

/* `help [COMMAND]` */
static void act_help(struct sluice_session *session, FILE *answer, struct sluice_session_step *step)
{
	const struct sluice_ctl_command *command;
	struct found found = {0};
	size_t number;

	if (step->argc == 1) {
		fputs("a beginning of a command's name is enough if no other begins so\n\n",
		      answer);
		for (number = 0; (command = sluice_table_row(number)); number++)
			if (is_here(session, command) && strcmp(command->name, "help") != 0)
				sluice_command_print(command, answer);
		fputc('\n', answer);
		for (number = 0; number < OWN_WORDS; number++)
			if (!is_idle(session, &own_words[number]))
				print_own(&own_words[number], answer);
		return;
	}
	find(session, step->argv[1], &found);
	if (step->argc > 2)
		fputs("usage: help [COMMAND]\n", answer);
	else if (found.count > 1)
		ask_which(step->argv[1], &found, answer);
	else if (found.count == 0)
		complain(session, step->argv[1], answer);
	if (step->argc > 2 || found.count != 1) {
		step->action = SLUICE_SESSION_FAILED;
		return;
	}
	if (found.own)
		print_own(found.own, answer);
	else
		sluice_command_print(found.command, answer);
	if (found.command && found.command->access == SLUICE_CTL_CHANGES && !session->may_change)
		fputs("  (it changes something, and this session may only look)\n", answer);
}

/* May the session do it now? Else it is said why not. */
static bool is_allowed(const struct sluice_session *session, const struct found *found,
		       FILE *answer)
{
	const char *mend = session->has_password
				   ? "`password` asks for the password that allows it"
				   : "the configuration has no control.password-file by which it "
				     "could do more; `sluicectl` on this host can";
	bool is_open = found->own && (found->own->act == act_help || found->own->act == act_quit ||
				      found->own->act == act_password);

	if (!session->may_look && !is_open) {
		fprintf(answer, "nothing is told to this session before it gave the password: %s\n",
			mend);
		return false;
	}
	if (!found->command || found->command->access == SLUICE_CTL_LOOKS || session->may_change)
		return true;
	fprintf(answer, "%s changes something, and this session may only look: %s\n",
		found->command->name, mend);
	return false;
}

/* Makes a call of the command: with JSON where that is wished and there. */
static void make_call(const struct sluice_session *session, struct sluice_session_step *step)
{
	static char json[] = "-j";
	int word;

	step->argv[0] = (char *)(uintptr_t)step->command->name;
	step->follows = !strcmp(step->command->name, FOLLOW);
	if (!session->as_json || !sluice_command_has_json(step->command))
		return;
	for (word = 1; word < step->argc; word++)
		if (!strcmp(step->argv[word], "-j") || !strcmp(step->argv[word], "--json"))
			return;
	step->argv[step->argc++] = json;
	step->argv[step->argc] = NULL;
}

void sluice_session_read(struct sluice_session *session, char *line, FILE *answer,
			 struct sluice_session_step *step)
{
	const char *why = "";
	struct found found;

	if (!session || !line || !answer || !step)
		return;
	memset(step, 0, sizeof(*step));
	step->action = SLUICE_SESSION_FAILED;
	step->argc = sluice_line_split(line, step->argv, &why);
	if (step->argc < 0) {
		fprintf(answer, "%s\n", why);
		return;
	}
	if (step->argc == 0) {
		step->action = SLUICE_SESSION_ANSWERED;
		return;
	}
	find(session, step->argv[0], &found);
	if (found.count > 1) {
		ask_which(step->argv[0], &found, answer);
	} else if (found.count == 0) {
		complain(session, step->argv[0], answer);
	} else if (is_allowed(session, &found, answer)) {
		step->action = SLUICE_SESSION_ANSWERED;
		if (found.own) {
			found.own->act(session, answer, step);
		} else {
			step->command = found.command;
			step->action = SLUICE_SESSION_RUN;
		}
		if (step->action == SLUICE_SESSION_RUN)
			make_call(session, step);
	}
}

void sluice_session_greet(const struct sluice_session *session, FILE *answer)
{
	if (!session || !answer)
		return;
	fprintf(answer, "sluice %s (%s): \"help\" lists commands, \"quit\" ends\n", SLUICE_VERSION,
		SLUICE_DATE);
	if (!session->may_look && !session->has_password)
		fputs("nothing is told to this session, and there is no password by which it "
		      "could be\n",
		      answer);
	else if (!session->may_look)
		fputs("nothing is told to this session before it gave the password\n", answer);
	else if (!session->may_change && session->has_password)
		fputs("this session may only look; \"password\" allows it to change something\n",
		      answer);
	else if (!session->may_change)
		fputs("this session may only look\n", answer);
}

const char *sluice_session_prompt(const struct sluice_session *session)
{
	return session && session->may_change ? "sluice# " : "sluice> ";
}
