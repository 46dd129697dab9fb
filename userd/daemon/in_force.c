// SPDX-License-Identifier: MIT
/*
 * The configuration in force, as far as it is neither engine nor control plane: the log, what is
 * told of it, who may ask. See daemon.h. In the control thread. Touches: the log, systemd, and what
 * is listed here by its header.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../lib/log.h"
#include "../lib/service.h"
#include "access.h"
#include "daemon.h"
#include "history.h"

int sluice_daemon_open_log(const struct daemon *daemon, const struct sluice_config *config)
{
	static const enum sluice_log_to targets[] = {
		[SLUICE_LOG_STDERR] = SLUICE_LOG_TO_STDERR,
		[SLUICE_LOG_FILE] = SLUICE_LOG_TO_FILE,
		[SLUICE_LOG_JOURNAL] = SLUICE_LOG_TO_JOURNAL,
		[SLUICE_LOG_SYSLOG] = SLUICE_LOG_TO_SYSLOG,
	};

	int result = sluice_log_open(targets[config->log.target], config->log.path,
				     daemon->options.log_level >= 0 ? daemon->options.log_level
								    : config->log.level);

	if (!result)
		sluice_log_shape(config->log.form == SLUICE_LOG_JSON ? SLUICE_LOG_AS_JSON
								     : SLUICE_LOG_AS_TEXT,
				 (unsigned int)config->log.limit);
	return result;
}

struct sluice_config *sluice_daemon_load(const char *path, enum sluice_host_view view,
					 struct sluice_findings *findings, int *status)
{
	struct sluice_config *config = NULL;

	*status = SLUICE_EXIT_CONFIG;
	if (sluice_config_load(path, &config, findings))
		return NULL;
	*status = SLUICE_EXIT_START;
	if (sluice_config_check_host(config, view, findings) == 0)
		return config;
	sluice_config_free(config);
	return NULL;
}

struct sluice_revision sluice_daemon_revision_of(const struct sluice_config *config,
						 const char *how, bool is_runtime, uid_t uid)
{
	return (struct sluice_revision){.uid = uid,
					.is_runtime = is_runtime,
					.how = (char *)(uintptr_t)how,
					.name = config->path,
					.text = config->text,
					.length = config->text_length};
}

void sluice_daemon_note_config(struct daemon *daemon, const char *how, bool is_runtime, uid_t uid)
{
	const struct sluice_config *config = sluice_engine_config(daemon->engine);
	const struct sluice_revision revision =
		sluice_daemon_revision_of(config, how, is_runtime, uid);

	free(daemon->relay);
	free(daemon->config_name);
	daemon->relay = strdup(config->relay);
	if (sluice_log_relay(config->relay))
		sluice_warning("no memory for the relay's name in the log");
	daemon->config_name = strdup(config->path);
	daemon->stop_limit_ns = config->stop_limit_us * SLUICE_NS_PER_US;
	daemon->stop_connections_ns = config->stop_connections_us * SLUICE_NS_PER_US;
	daemon->workers = sluice_engine_workers(daemon->engine);
	sluice_link_users_note(&daemon->links.users, config);
	sluice_watchdog_configure(daemon->watchdog, config);
	sluice_events_configure(&daemon->events, config);
	sluice_access_set(daemon, config);
	sluice_module_events_open(&daemon->module, daemon->epoll);
	clock_gettime(CLOCK_MONOTONIC, &daemon->config_since);
	if (sluice_revisions_add(&daemon->revisions, &revision))
		sluice_warning("no memory for the text of the configuration: pieces of it cannot "
			       "be changed before it is applied again");
	(void)sluice_service_say("STATUS=%zu input%s to %zu output%s, as %s says",
				 config->input_count, config->input_count == 1 ? "" : "s",
				 config->output_count, config->output_count == 1 ? "" : "s",
				 config->path);
}

void sluice_daemon_forget_config(struct daemon *daemon)
{
	free(daemon->relay);
	free(daemon->config_name);
	daemon->relay = NULL;
	daemon->config_name = NULL;
	sluice_link_users_free(&daemon->links.users);
	sluice_history_close(daemon);
}

void sluice_daemon_reopen_log(void)
{
	int result = sluice_log_reopen();

	if (result)
		sluice_warning("the log file cannot be opened anew: %s", strerror(-result));
}
