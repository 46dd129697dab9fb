/* SPDX-License-Identifier: MIT */
/*
 * The first configuration of somebody who has none: a text with comments, made out of a few words
 * (ports, destination, receiver, ...). `sluiced --relay` runs with it, `sluicectl init` writes it.
 * Whether the words are right is for sluice_config_parse() to say, of the text. Touches: nothing
 * but memory.
 */
#ifndef SLUICE_CONFIG_STARTER_H
#define SLUICE_CONFIG_STARTER_H

#include <stddef.h>
#include "check.h"

#define SLUICE_STARTER_WORD 4096U /* bytes of one of the words that are read at most */

/* What is wished; NULL: not said, then the line is left out or has its default. */
struct sluice_starter {
	const char *ports;    /* as in `inputs.port`: "5000-5003,6000"; needed */
	const char *to;	      /* as in `outputs.to`, several with commas; needed */
	const char *framing;  /* outputs.framing */
	const char *receiver; /* outputs.receiver */
	const char *relay;    /* relay; NULL: called after the ports */
	const char *source;   /* inputs.source */
	const char *log;      /* log.to */
};

/* Which of the words a line of the text is made of. */
enum sluice_starter_word {
	SLUICE_STARTER_NONE,
	SLUICE_STARTER_PORTS,
	SLUICE_STARTER_TO,
	SLUICE_STARTER_FRAMING,
	SLUICE_STARTER_RECEIVER,
	SLUICE_STARTER_RELAY,
	SLUICE_STARTER_SOURCE,
};

/*
 * The configuration as YAML text, valid if the words are. *text: @owner caller: free(). 0; -EINVAL:
 * an argument is NULL, or a word is longer than SLUICE_STARTER_WORD; -ENOMEM. @threadsafe
 */
int sluice_starter_text(const struct sluice_starter *wish, char **text);

/* Which word stands in line `line` (from 1) of a text that sluice_starter_text() made. @threadsafe
 */
enum sluice_starter_word sluice_starter_word_at(const char *text, size_t line);

/*
 * The findings of a starter's text in words of the options that it came from: "OPTION: severity:
 * sentence", a line each. `options` has the name of the option of each word, by enum
 * sluice_starter_word; [SLUICE_STARTER_NONE] is for what is none of theirs. NULL: no memory.
 * @owner caller: free() @threadsafe
 */
char *sluice_starter_findings(const char *text, const struct sluice_findings *findings,
			      const char *const options[SLUICE_STARTER_SOURCE + 1]);

#endif /* SLUICE_CONFIG_STARTER_H */
