// SPDX-License-Identifier: MIT
/*
 * Outputs of `kind: kafka` (link/kind.h): the two tables of what this kind does; see kafka.h.
 * Touches: nothing.
 */
#include <errno.h>
#include "../broker/carry.h"
#include "kafka.h"

/* struct sluice_desk.release. @threadsafe */
static void release(void *context)
{
	sluice_kafka_settings_put(context);
}

/* struct sluice_protocol.prepare. 0 or a negative errno. */
static int prepare(struct sluice_connection *connection)
{
	struct sluice_kafka_settings *settings = connection->group->own;
	struct sluice_desk *desk = NULL;
	int error;

	error = sluice_desk_create(sluice_kafka_run, release, sluice_kafka_settings_get(settings),
				   &desk);
	connection->own = desk;
	return error;
}

static const struct sluice_protocol messages = {
	.is_answered = true,
	.late = "connected, but not ready in time",
	.prepare = prepare,
	.dispose = sluice_carry_dispose,
	.begin = sluice_carry_begin,
	.load = sluice_carry_load,
	.takes_more = sluice_carry_takes_more,
	.has_room = sluice_carry_has_room,
	.tick = sluice_carry_tick,
	.lost = sluice_carry_lost,
};

/* struct sluice_kind.protocol_of: messages have one form. @threadsafe */
static const struct sluice_protocol *protocol_of(enum sluice_framing framing)
{
	(void)framing;
	return &messages;
}

/* struct sluice_kind.adopt. 0 or -ENOMEM. */
static int adopt(struct sluice_group *group, const struct sluice_config_output *config)
{
	group->own = sluice_kafka_settings_make(config);
	return group->own ? 0 : -ENOMEM;
}

/* struct sluice_kind.disown. */
static void disown(struct sluice_group *group)
{
	sluice_kafka_settings_put(group->own);
	group->own = NULL;
}

/* struct sluice_kind.suits. */
static bool suits(const struct sluice_group *one, const struct sluice_group *other)
{
	return sluice_kafka_settings_is_same(one->own, other->own);
}

/* struct sluice_kind.is_same. */
static bool is_same(const struct sluice_group *group, const struct sluice_config_output *config)
{
	struct sluice_kafka_settings *settings = sluice_kafka_settings_make(config);
	bool same = sluice_kafka_settings_is_same(group->own, settings);

	sluice_kafka_settings_put(settings);
	return same;
}

const struct sluice_kind sluice_kind_kafka = {
	.protocol_of = protocol_of,
	.adopt = adopt,
	.disown = disown,
	.suits = suits,
	.is_same = is_same,
	.connect = sluice_carry_connect,
	.flush = sluice_carry_flush,
	.ready = sluice_carry_ready,
	.retune = sluice_carry_retune,
	.listen = sluice_carry_listen,
	.hear = sluice_carry_hear,
	.measure = sluice_carry_measure,
	.look = sluice_carry_look,
};
