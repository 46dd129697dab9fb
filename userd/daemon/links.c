// SPDX-License-Identifier: MIT
/*
 * Interfaces and addresses that come and go; see links.h. In the control thread; the work is done
 * in the foreman's. Touches: what links.h says.
 */
#include <stddef.h>
#include "../lib/clock.h"
#include "../lib/link_watch.h"
#include "daemon.h"
#include "links.h"

bool sluice_links_wait(const struct sluice_links *links)
{
	return !links->is_settled || links->is_due;
}

bool sluice_links_is_due(const struct sluice_links *links)
{
	return links->is_due ||
	       (!links->is_settled && sluice_now() - links->looked >= SLUICE_NS_PER_S);
}

/* struct sluice_job.work: in the foreman's thread. */
static void work(struct sluice_job *job)
{
	struct sluice_links *links = (struct sluice_links *)job;

	links->waits = sluice_engine_follow_links(links->engine);
}

/* struct sluice_job.done: in the control thread. */
static void done(struct sluice_job *job)
{
	struct sluice_links *links = (struct sluice_links *)job;

	links->is_settled = !links->waits;
}

void sluice_links_follow(struct sluice_links *links, struct daemon *daemon)
{
	if (daemon->stopping || !daemon->engine) {
		links->is_due = false;
		links->is_settled = true;
		return;
	}
	if (sluice_foreman_is_busy(daemon->foreman)) {
		links->is_due = true;
		return;
	}
	links->job.work = work;
	links->job.done = done;
	links->engine = daemon->engine;
	links->looked = sluice_now();
	links->is_due = sluice_foreman_give(daemon->foreman, &links->job) != 0;
}

void sluice_links_notice(struct sluice_links *links, struct daemon *daemon)
{
	if (sluice_link_watch_read(links->fd, sluice_link_users_tell, &links->users))
		sluice_links_follow(links, daemon);
}

void sluice_links_look(struct sluice_links *links)
{
	links->is_settled = false;
}
