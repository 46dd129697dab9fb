// SPDX-License-Identifier: MIT
/*
 * The keys of the daemon as a process, beside keys.c: `log`, `stop`, `watchdog` and `socket`.
 * Touches: nothing but memory.
 */
#include <string.h>
#include <strings.h>
#include "draft.h"
#include "log.h"
#include "suggest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DRAFT(member) offsetof(struct sluice_draft, member)
#define MILLISECOND 1000ULL
#define SECOND (1000 * MILLISECOND)

static const struct sluice_choice levels[] = {
	{"error", LOG_ERR, false}, {"warning", LOG_WARNING, false}, {"notice", LOG_NOTICE, false},
	{"info", LOG_INFO, false}, {"debug", LOG_DEBUG, false},	    {NULL, 0, false},
};

static const struct sluice_choice log_forms[] = {
	{"text", SLUICE_LOG_TEXT, false},
	{"json", SLUICE_LOG_JSON, false},
	{NULL, 0, false},
};

/* `log.to`: stderr, journal, syslog, or the path of a file. [struct sluice_config_log] */
static void read_log_target(struct sluice_reader *reader, const struct sluice_key *key,
			    const yaml_node_t *node, void *object)
{
	struct sluice_config_log *log = (void *)((char *)object + key->offset);
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT];

	if (!text)
		return;
	if (!strcasecmp(text, "stderr")) {
		log->target = SLUICE_LOG_STDERR;
	} else if (!strcasecmp(text, "journal")) {
		log->target = SLUICE_LOG_JOURNAL;
	} else if (!strcasecmp(text, "syslog")) {
		log->target = SLUICE_LOG_SYSLOG;
	} else if (*text == '/') {
		log->target = SLUICE_LOG_FILE;
		log->path = strdup(text);
		if (!log->path)
			reader->out_of_memory = true;
	} else {
		sluice_reader_fault(reader, key, node,
				    "%s is not a valid value (valid values: stderr, journal, "
				    "syslog, or the path of a file beginning with /)",
				    sluice_quote(text, quoted));
	}
}

static const struct sluice_key log_keys[] = {
	{.path = "log.level",
	 .does = "what is written to the log",
	 .fallback = "info",
	 .read = sluice_read_choice,
	 .offset = DRAFT(log.level),
	 .choices = levels},
	{.path = "log.to",
	 .does = "where the log goes: stderr, journal, syslog, or the path of a file",
	 .fallback = "stderr",
	 .read = read_log_target,
	 .form = "stderr, journal, syslog, or a path",
	 .offset = DRAFT(log),
	 .place = DRAFT(log.place)},
	{.path = "log.format",
	 .does = "how a line is written to stderr or a file",
	 .fallback = "text",
	 .read = sluice_read_choice,
	 .offset = DRAFT(log.form),
	 .choices = log_forms},
	{.path = "log.limit",
	 .does = "lines of one place of the program within ten seconds; what is more is counted",
	 .fallback = "100",
	 .read = sluice_read_size,
	 .form = "a number from 0 (any number of lines) to 100000",
	 .offset = DRAFT(log.limit),
	 .maximum = 100000},
	{.path = "log.statistics",
	 .does = "how often a line says what came, went and was lost since the last one",
	 .fallback = "0",
	 .read = sluice_read_duration,
	 .form = "0 (never), or a duration like 60s",
	 .offset = DRAFT(log.statistics_us),
	 .maximum = 86400 * SECOND},
};

static const struct sluice_key stop_keys[] = {
	{.path = "stop.limit",
	 .does = "how long a stop may take",
	 .fallback = "30s",
	 .read = sluice_read_duration,
	 .offset = DRAFT(stop_limit_us),
	 .minimum = 1 * SECOND,
	 .maximum = 3600 * SECOND},
	{.path = "stop.connections",
	 .does = "how much of it forwarded connections have to end by themselves",
	 .fallback = "2s",
	 .read = sluice_read_duration,
	 .form = "0 (they are reset at once), or a duration like 2s",
	 .offset = DRAFT(stop_connections_us),
	 .maximum = 3600 * SECOND},
};

static const struct sluice_choice watchdog_actions[] = {
	{"replace", SLUICE_WATCHDOG_REPLACE, false},
	{"exit", SLUICE_WATCHDOG_EXIT, false},
	{"alarm", SLUICE_WATCHDOG_ALARM, false},
	{NULL, 0, false},
};

static const struct sluice_key watchdog_keys[] = {
	{.path = "watchdog.limit",
	 .does = "a thread of sluiced that does not get on for so long hangs",
	 .fallback = "10s",
	 .read = sluice_read_duration,
	 .offset = DRAFT(watchdog_limit_us),
	 .minimum = 100 * MILLISECOND,
	 .maximum = 600 * SECOND},
	{.path = "watchdog.action",
	 .does = "what is done with it, beside an alarm",
	 .fallback = "replace",
	 .read = sluice_read_choice,
	 .offset = DRAFT(watchdog_action),
	 .choices = watchdog_actions},
};

const struct sluice_key_table sluice_watchdog_table = {"watchdog", "watchdog", watchdog_keys,
						       COUNT(watchdog_keys)};

const struct sluice_key_table sluice_stop_table = {"stop", "stop", stop_keys, COUNT(stop_keys)};

static const struct sluice_key socket_keys[] = {
	{.path = "socket.ring",
	 .change = SLUICE_KEY_LATER,
	 .does = "ring of receive: bpf of each worker that has one",
	 .otherwise = "32m, less with more than 8 rings",
	 .read = sluice_read_size,
	 .offset = DRAFT(socket_ring),
	 .minimum = 1UL << 20,
	 .maximum = 1UL << 30},
	{.path = "socket.readers",
	 .does = "workers that read sockets; auto: of four one with bpf, two with calls",
	 .fallback = "auto",
	 .read = sluice_read_count,
	 .offset = DRAFT(socket_readers),
	 .minimum = 1,
	 .maximum = SLUICE_WORKERS_MAX},
};

const struct sluice_key_table sluice_socket_table = {"socket", "socket", socket_keys,
						     COUNT(socket_keys)};

const struct sluice_key_table sluice_log_table = {"log", "log", log_keys, COUNT(log_keys)};
