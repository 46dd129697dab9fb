/* SPDX-License-Identifier: MIT */
/*
 * What the readers of other programs' configurations share: they hand inputs and outputs to a
 * builder, tell it what they could not take over, and it writes our YAML. Touches: memory.
 */
#ifndef SLUICE_CTL_IMPORT_H
#define SLUICE_CTL_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#define SLUICE_IMPORT_TEXT_MAX (16UL << 20) /* bytes of a foreign file that are read at most */
#define SLUICE_IMPORT_PIECES 1024U	    /* inputs, and outputs, at most */
#define SLUICE_IMPORT_FAN 16U		    /* outputs of an input at most */
#define SLUICE_IMPORT_REMARKS 500U	    /* remarks that are told; the others are counted */
#define SLUICE_IMPORT_LIST 4096U	    /* bytes of a list of prefixes at most, with the NUL */
#define SLUICE_IMPORT_WORD 256U		    /* bytes of a value at most, with the NUL */

/* Where datagrams came in. Empty strings: anything. */
struct sluice_import_input {
	size_t line; /* of the foreign file, from 1 */
	char port[SLUICE_IMPORT_WORD];
	char address[SLUICE_IMPORT_WORD];
	char from[SLUICE_IMPORT_WORD];
	char interface[SLUICE_IMPORT_WORD];
};

/* Where they went. `receiver` may be NULL; both strings are constants of the caller. */
struct sluice_import_output {
	size_t line;
	char host[SLUICE_IMPORT_WORD]; /* IPv6 with or without brackets */
	char port[SLUICE_IMPORT_WORD];
	const char *receiver;
	const char *framing;
	bool has_one_connection; /* the receiver gets one stream of bytes */
};

/* A TCP rule, which becomes a forward. */
struct sluice_import_forward {
	size_t line;
	char address[SLUICE_IMPORT_WORD]; /* empty: any */
	char port[SLUICE_IMPORT_WORD];
	char host[SLUICE_IMPORT_WORD]; /* IPv6 with or without brackets */
	char to_port[SLUICE_IMPORT_WORD];
	char from[SLUICE_IMPORT_WORD];	/* source address; empty: any */
	char allow[SLUICE_IMPORT_LIST]; /* prefixes, ", " between them; empty: everybody */
	char deny[SLUICE_IMPORT_LIST];	/* likewise; empty: nobody */
};

struct sluice_import;

/* A builder for what is in the file called `name`. NULL: no memory. @owner caller:
 * sluice_import_free() */
struct sluice_import *sluice_import_new(const char *name);

/* Frees it; NULL is fine. */
void sluice_import_free(struct sluice_import *import);

/* Tells of something that is not taken over: "what: why, what to do". `line` from 1. Bytes that a
 * terminal or YAML would not bear become question marks. Beyond SLUICE_IMPORT_REMARKS counted. */
void sluice_import_remark(struct sluice_import *import, size_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds an output, or finds the one that is the same. Returns its number, or -1 if its host or port
 * cannot be used or there are too many; that is told. */
int sluice_import_output(struct sluice_import *import, const struct sluice_import_output *output);

/* Adds an input, or finds the one with the same port, address, source and interface. Returns its
 * number, or -1 (told). *is_new (may be NULL): it was not there. */
int sluice_import_input(struct sluice_import *import, const struct sluice_import_input *input,
			bool *is_new);

/* Adds a forward, or tells why it cannot be. */
void sluice_import_forward(struct sluice_import *import,
			   const struct sluice_import_forward *forward);

/* Has an input feed an output, once. Numbers below 0 are passed over. */
void sluice_import_feed(struct sluice_import *import, int input, int output);

/* Copies `length` bytes into a value of SLUICE_IMPORT_WORD bytes. False: too long, or with a NUL
 * inside; the value is empty then. */
bool sluice_import_copy(char *value, const char *text, size_t length);

/*
 * The YAML of what was taken over, with the remarks as comments. What the check of configurations
 * finds fault with (two inputs on one port) is left out and told. NULL: no input or forward is
 * left, or no memory. @owner caller: free()
 */
char *sluice_import_yaml(struct sluice_import *import);

/* The remarks, a line each: "FILE:LINE: what: why, what to do". NULL: no memory. @owner caller */
char *sluice_import_remarks(const struct sluice_import *import);

/* How many remarks there are. */
size_t sluice_import_remark_count(const struct sluice_import *import);

/* The readers of the formats: each takes text of any bytes, ended by a NUL behind `length`. */
void sluice_import_rinetd(struct sluice_import *import, const char *text, size_t length);
void sluice_import_rsyslog(struct sluice_import *import, const char *text, size_t length);
void sluice_import_syslog_ng(struct sluice_import *import, const char *text, size_t length);
void sluice_import_socat(struct sluice_import *import, const char *text, size_t length);

/* The words of one socat command line, the first being "socat" or not. */
void sluice_import_socat_words(struct sluice_import *import, size_t line, char *const *words,
			       size_t count);

#endif /* SLUICE_CTL_IMPORT_H */
