// SPDX-License-Identifier: MIT
/*
 * Who is told when an interface goes down or comes up, see link_users.h.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../lib/event.h"
#include "../lib/log.h"
#include "link_users.h"

/* An input or output, and an interface that it names. */
struct sluice_link_user {
	const char *key; /* of the configuration, constant */
	const char *kind;
	char name[SLUICE_NAME_MAX + 1];
	sluice_guid id;
	char interface[IF_NAMESIZE];
	unsigned int index; /* that the interface has, or had; 0: it was never there */
	bool is_up;	    /* there, up, and with a carrier */
};

/* How the user's interface stands now. */
static void look(const struct sluice_link_user *user, unsigned int *index, bool *is_up)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	*index = if_nametoindex(user->interface);
	*is_up = false;
	if (fd < 0)
		return;
	memcpy(request.ifr_name, user->interface, sizeof(request.ifr_name));
	if (!ioctl(fd, SIOCGIFFLAGS, &request))
		*is_up = (request.ifr_flags & IFF_UP) && (request.ifr_flags & IFF_RUNNING);
	close(fd);
}

/* Its interface is up, or is not; says so if that is new. */
static void become(struct sluice_link_user *user, bool is_up)
{
	char text[2 * SLUICE_NAME_MAX + 2 * IF_NAMESIZE];

	if (user->is_up == is_up)
		return;
	user->is_up = is_up;
	snprintf(text, sizeof(text), "%s `%s`: interface %s is %s", user->kind, user->name,
		 user->interface, is_up ? "up" : "down");
	SLUICE_LOG(is_up ? LOG_NOTICE : LOG_WARNING,
		   SLUICE_ABOUT(.input = strcmp(user->kind, "input") ? NULL : user->name,
				.output = strcmp(user->kind, "output") ? NULL : user->name),
		   "%s", text);
	sluice_event_tell(&(const struct sluice_event_news){.kind = is_up ? SLUICE_EVENT_LINK_UP
									  : SLUICE_EVENT_LINK_DOWN,
							    .key = user->key,
							    .where = user->name,
							    .interface = user->interface,
							    .guid = user->id,
							    .text = text});
}

/* What an event of an interface is to a user. */
static void tell(struct sluice_link_user *user, const struct sluice_link_event *event)
{
	bool is_named = !strcmp(user->interface, event->name);

	switch (event->change) {
	case SLUICE_LINK_CHANGED:
		if (is_named) {
			user->index = event->index;
			become(user, event->is_up);
		} else if (user->index && user->index == event->index) {
			/* It has another name now. */
			become(user, false);
		}
		break;
	case SLUICE_LINK_GONE:
		/* One that left a bridge is told of as gone, too. */
		if (user->index && user->index == event->index &&
		    if_nametoindex(user->interface) != event->index)
			become(user, false);
		break;
	default:
		break;
	}
}

void sluice_link_users_tell(const struct sluice_link_event *event, void *context)
{
	struct sluice_link_users *users = context;
	size_t number;
	bool is_up;

	for (number = 0; number < users->count; number++) {
		struct sluice_link_user *user = &users->list[number];

		if (event->change != SLUICE_LINK_MISSED) {
			tell(user, event);
			continue;
		}
		look(user, &user->index, &is_up);
		become(user, is_up);
	}
}

/* Is it the same one of the same? */
static bool is_same(const struct sluice_link_user *one, const struct sluice_link_user *other)
{
	return !strcmp(one->key, other->key) && !strcmp(one->name, other->name) &&
	       !strcmp(one->interface, other->interface);
}

/* The one of a list that is the same; NULL: there is none. */
static const struct sluice_link_user *find(const struct sluice_link_users *users,
					   const struct sluice_link_user *user)
{
	size_t number;

	for (number = 0; number < users->count; number++)
		if (is_same(&users->list[number], user))
			return &users->list[number];
	return NULL;
}

/* Adds one, with what `before` has of it, unless it is there. 0 or -ENOMEM. */
static int add(struct sluice_link_users *users, const struct sluice_link_users *before,
	       struct sluice_link_user *user)
{
	const struct sluice_link_user *known = find(before, user);
	struct sluice_link_user *larger;

	if (find(users, user))
		return 0;
	larger = reallocarray(users->list, users->count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	users->list = larger;
	if (known) {
		user->index = known->index;
		user->is_up = known->is_up;
	} else {
		look(user, &user->index, &user->is_up);
	}
	larger[users->count++] = *user;
	return 0;
}

/* Adds an output by those of its destinations that have a zone. 0 or -ENOMEM. */
static int add_output(struct sluice_link_users *users, const struct sluice_link_users *before,
		      const struct sluice_config_output *output)
{
	size_t place;
	int error = 0;

	for (place = 0; place < output->to_count && !error; place++) {
		const char *zone = strchr(output->to[place].host, '%');
		struct sluice_link_user user = {.key = "outputs.to", .kind = "output"};

		if (!zone || strlen(zone + 1) >= sizeof(user.interface))
			continue;
		memcpy(user.name, output->name, sizeof(user.name));
		sluice_guid_copy(user.id, output->group);
		snprintf(user.interface, sizeof(user.interface), "%s", zone + 1);
		error = add(users, before, &user);
	}
	return error;
}

void sluice_link_users_note(struct sluice_link_users *users, const struct sluice_config *config)
{
	struct sluice_link_users fresh = {0};
	size_t number;
	int error = 0;

	for (number = 0; number < config->input_count && !error; number++) {
		const struct sluice_config_input *input = &config->inputs[number];
		struct sluice_link_user user = {.key = "inputs.interface", .kind = "input"};

		if (!input->interface[0])
			continue;
		memcpy(user.name, input->name, sizeof(user.name));
		sluice_guid_copy(user.id, input->id);
		memcpy(user.interface, input->interface, sizeof(user.interface));
		error = add(&fresh, users, &user);
	}
	for (number = 0; number < config->output_count && !error; number++)
		error = add_output(&fresh, users, &config->outputs[number]);
	if (error)
		sluice_warning("out of memory: interfaces that go down are not all told of");
	sluice_link_users_free(users);
	*users = fresh;
}

void sluice_link_users_free(struct sluice_link_users *users)
{
	free(users->list);
	users->list = NULL;
	users->count = 0;
}
