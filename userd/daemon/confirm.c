// SPDX-License-Identifier: MIT
/*
 * Configurations in force for a time; see confirm.h. Touches: a timer, the log, the engine by way
 * of changes.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "../lib/log.h"
#include "confirm.h"

#define AGAIN_S 2U /* until another attempt to go back, when one was refused */

/* Sets the timer; 0: stops it. */
static void set_timer(const struct daemon *daemon, uint32_t seconds)
{
	const struct itimerspec when = {.it_value.tv_sec = (time_t)seconds};

	(void)timerfd_settime(daemon->trial.timer, 0, &when, NULL);
}

void sluice_confirm_end(struct daemon *daemon)
{
	struct sluice_revision *base = &daemon->trial.base;

	if (daemon->trial.timer >= 0)
		set_timer(daemon, 0);
	free(base->how);
	free(base->name);
	free(base->text);
	memset(base, 0, sizeof(*base));
}

void sluice_confirm_await(struct daemon *daemon, uint32_t within)
{
	const struct sluice_revision *newest = sluice_revisions_newest(&daemon->revisions);
	const struct sluice_config *config = sluice_engine_config(daemon->engine);
	struct sluice_revision *base = &daemon->trial.base;

	/* It is what comes back, or somebody was faster. */
	if (base->text && config->text_length == base->length &&
	    !memcmp(config->text, base->text, base->length)) {
		sluice_confirm_end(daemon);
		return;
	}
	if (!within || !newest)
		return;
	if (!base->text) {
		*base = *newest;
		base->how = NULL;
		base->name = strdup(newest->name);
		base->text = strndup(newest->text, newest->length);
	}
	if (!base->name || !base->text) {
		sluice_error("no memory for what was in force before: it will not come back");
		sluice_confirm_end(daemon);
		return;
	}
	set_timer(daemon, within);
	sluice_notice_about(SLUICE_ABOUT(.revision = SLUICE_NUMBER(base->number)),
			    "revision %" PRIu64 " of the configuration comes back in %u s, unless "
			    "`sluicectl confirm` comes before",
			    base->number, within);
}

int sluice_confirm(void *context, uid_t uid, char **error)
{
	struct daemon *daemon = context;

	if (!daemon->trial.base.text) {
		*error = strdup("nothing waits to be confirmed: what is in force stays");
		return -ENOENT;
	}
	sluice_notice_about(SLUICE_ABOUT(.user = SLUICE_NUMBER(uid)),
			    "the configuration in force was confirmed by user %u and stays",
			    (unsigned int)uid);
	sluice_confirm_end(daemon);
	return 0;
}

/* Begins to go back. 0, or a negative errno and *error. @owner caller: *error */
static int go_back(struct daemon *daemon, sluice_confirm_begin begin, char **error)
{
	const struct sluice_revision *base = &daemon->trial.base;
	struct sluice_config *config = NULL;
	struct sluice_findings findings;
	char how[80];
	const struct sluice_control_apply wanted = {.text = base->text,
						    .length = base->length,
						    .name = base->name,
						    .how = how,
						    .is_runtime = base->is_runtime,
						    .uid = getuid()};
	int result = sluice_config_parse(base->text, base->length, base->name, &config, &findings);

	snprintf(how, sizeof(how), "not confirmed: back to revision %" PRIu64, base->number);
	if (!result)
		result = sluice_config_check_host(config, SLUICE_HOST_LIVE, &findings);
	if (result) {
		*error = sluice_findings_text(&findings, base->name);
		sluice_config_free(config);
	}
	sluice_findings_free(&findings);
	return result ? result : begin(daemon, config, &wanted, error);
}

void sluice_confirm_expired(struct daemon *daemon, sluice_confirm_begin begin)
{
	const struct sluice_revision *base = &daemon->trial.base;
	char *error = NULL;

	if (!base->text || daemon->stopping || daemon->handing)
		return;
	if (go_back(daemon, begin, &error))
		sluice_error_about(SLUICE_ABOUT(.revision = SLUICE_NUMBER(base->number)),
				   "revision %" PRIu64
				   ", which was not replaced for good, cannot come "
				   "back yet: %s",
				   base->number, error ? error : "out of memory");
	free(error);
	/* An attempt that was refused, or fails, is made again. */
	set_timer(daemon, AGAIN_S);
}
