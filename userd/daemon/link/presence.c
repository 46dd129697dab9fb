// SPDX-License-Identifier: MIT
/*
 * Destinations that come and go; see presence.h. Events are told with the lock held, so that they
 * come in the order in which things happened. Touches: who listens for events.
 */
#include <stdio.h>
#include <string.h>
#include "../../lib/event.h"
#include "presence.h"

#define TEXT_MAX 640U
#define KEY "outputs.to"

void sluice_presence_begin(struct sluice_presence *presence)
{
	memset(presence, 0, sizeof(*presence));
	pthread_mutex_init(&presence->lock, NULL);
}

void sluice_presence_end(struct sluice_presence *presence)
{
	pthread_mutex_destroy(&presence->lock);
}

/* Tells how it is now: `what` and `error` say why. The lock is held. */
static void tell(struct sluice_presence *presence, const struct sluice_presence_name *name,
		 const char *what, int error)
{
	char where[TEXT_MAX / 2], text[TEXT_MAX], more[64] = "";

	if (presence->untold)
		snprintf(more, sizeof(more), " (it changed %u more times since it was told last)",
			 presence->untold);
	presence->is_known = true;
	presence->was_there = presence->there > 0;
	presence->untold = 0;
	presence->told++;
	snprintf(where, sizeof(where), "output `%s`, destination %s", name->output,
		 name->destination);
	snprintf(text, sizeof(text), "%s: %s%s%s%s", where, what, error ? ": " : "",
		 error ? strerror(error) : "", more);
	sluice_event_tell(&(const struct sluice_event_news){
		.kind = presence->was_there ? SLUICE_EVENT_DESTINATION_UP
					    : SLUICE_EVENT_DESTINATION_DOWN,
		.key = KEY,
		.where = where,
		.guid = name->guid,
		.text = text});
}

/* It changed, because of `what` and `error`: tells of it, now or later. The lock is held. */
static void change(struct sluice_presence *presence, const struct sluice_presence_name *name,
		   const char *what, int error, uint64_t now)
{
	if (!presence->window || now - presence->window >= SLUICE_PRESENCE_WINDOW_NS) {
		presence->window = now ? now : 1;
		presence->told = 0;
	}
	if (presence->told < SLUICE_PRESENCE_TOLD)
		tell(presence, name, what, error);
	else
		presence->untold++;
}

void sluice_presence_arrive(struct sluice_presence *presence,
			    const struct sluice_presence_name *name, uint64_t now)
{
	pthread_mutex_lock(&presence->lock);
	if (!presence->there++)
		change(presence, name, "connected", 0, now);
	pthread_mutex_unlock(&presence->lock);
}

void sluice_presence_continue(struct sluice_presence *presence)
{
	pthread_mutex_lock(&presence->lock);
	presence->there++;
	presence->is_known = presence->was_there = true;
	pthread_mutex_unlock(&presence->lock);
}

void sluice_presence_leave(struct sluice_presence *presence,
			   const struct sluice_presence_name *name, bool was_there,
			   const char *what, int error, uint64_t now)
{
	bool is_news;

	pthread_mutex_lock(&presence->lock);
	is_news = was_there ? presence->there == 1 : !presence->there && !presence->is_known;
	presence->there -= was_there && presence->there;
	if (is_news)
		change(presence, name, what, error, now);
	pthread_mutex_unlock(&presence->lock);
}

void sluice_presence_forget(struct sluice_presence *presence)
{
	pthread_mutex_lock(&presence->lock);
	presence->there -= presence->there > 0;
	pthread_mutex_unlock(&presence->lock);
}

void sluice_presence_look(struct sluice_presence *presence, const struct sluice_presence_name *name,
			  uint64_t now)
{
	pthread_mutex_lock(&presence->lock);
	if (presence->untold && now - presence->window >= SLUICE_PRESENCE_WINDOW_NS) {
		presence->window = now ? now : 1;
		presence->told = 0;
		tell(presence, name, presence->there ? "connected" : "no connection; trying again",
		     0);
	}
	pthread_mutex_unlock(&presence->lock);
}
