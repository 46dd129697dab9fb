/* SPDX-License-Identifier: MIT */
/*
 * From a configuration text to a checked model, or to the list of everything that is wrong with it.
 * Used by the daemon at start, on SIGHUP and on CONFIG_APPLY, and by `sluicectl check`.
 */
#ifndef SLUICE_CONFIG_CHECK_H
#define SLUICE_CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include "model.h"

#define SLUICE_CONFIG_TEXT_MAX (1UL << 20) /* bytes of configuration that are read at most */
#define SLUICE_FINDINGS_MAX 1000U	   /* after so many a last one says that there are more */

/* An error keeps the configuration from being used. A warning and a note do not; a note tells what
 * is waited for. */
enum sluice_severity { SLUICE_FINDING_ERROR, SLUICE_FINDING_WARNING, SLUICE_FINDING_NOTE };

/* Who asks whether a machine can do what a configuration wishes. */
enum sluice_host_view {
	SLUICE_HOST_FILE,  /* a tool: would sluiced start with this file, or does it run with it
			      already? */
	SLUICE_HOST_START, /* the daemon, before it starts */
	SLUICE_HOST_LIVE,  /* a daemon that runs shall change to it; what sluiced has is its own */
};

/* One fault: where, what, how to mend it. */
struct sluice_finding {
	size_t line;   /* 1-based; 0: the file as a whole */
	size_t column; /* 1-based, in characters */
	char *text;    /* one sentence, no newline, no control characters */
	enum sluice_severity severity;
};

struct sluice_findings {
	struct sluice_finding *list; /* sorted by place */
	size_t count;
	size_t room;	    /* of `list` */
	size_t error_count; /* findings that are errors */
	bool out_of_memory; /* one could not be kept */
	bool full;	    /* there are more than SLUICE_FINDINGS_MAX */
};

/*
 * Reads `length` bytes of YAML called `name`. On success *config is the model (@owner caller).
 * Returns 0, or -EINVAL with at least one error among the findings, or -ENOMEM. Never touches the
 * system: nothing is opened or resolved. `findings` is overwritten (@owner caller:
 * sluice_findings_free(), whatever the result); after 0 it may hold warnings. @threadsafe
 */
int sluice_config_parse(const char *text, size_t length, const char *name,
			struct sluice_config **config, struct sluice_findings *findings);

/* Reads a file whole; "-" is standard input. 0 (@owner caller: free(*text)), -EINVAL with a
 * finding, -ENOMEM. `findings` is overwritten. */
int sluice_config_read(const char *path, char **text, size_t *length,
		       struct sluice_findings *findings);

/* sluice_config_read() and sluice_config_parse(): a file that cannot be read is a finding too
 * (-EINVAL). */
int sluice_config_load(const char *path, struct sluice_config **config,
		       struct sluice_findings *findings);

/*
 * Holds the configuration against this machine: memory, CPUs, interfaces, ports, the module, places
 * in the file system. Adds to `findings`, which stay sorted. The daemon starts only after this, so
 * that a check and a start say the same. Returns 0 (warnings at most were added), -EINVAL or
 * -ENOMEM. Opens nothing that outlives the call. @threadsafe
 */
int sluice_config_check_host(const struct sluice_config *config, enum sluice_host_view view,
			     struct sluice_findings *findings);

/* Listens for TCP at control.telnet, control.http or where a forward does. A descriptor that does
 * not block, or a negative errno. @owner caller */
int sluice_config_listen(const struct sluice_config_listener *listener);
/* What is wrong, and how to mend it, when that, or listening at control.shell, gave a negative
 * errno. */
const char *sluice_config_listen_fault(int error);

/* "error", "warning", "note"; constants. */
const char *sluice_severity_name(enum sluice_severity severity);

/* Adds one; `place` may be NULL (the file as a whole). What does not fit is noted in `findings`. */
void sluice_findings_add(struct sluice_findings *findings, enum sluice_severity severity,
			 const struct sluice_config_place *place, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* By place; two that say the same of the same place become one. */
void sluice_findings_sort(struct sluice_findings *findings);

/* All of them, a line each, ended by newlines. NULL: no memory. @owner caller: free() */
char *sluice_findings_text(const struct sluice_findings *findings, const char *name);

/* Frees what `findings` holds and empties it; not `findings` itself. */
void sluice_findings_free(struct sluice_findings *findings);

#endif /* SLUICE_CONFIG_CHECK_H */
