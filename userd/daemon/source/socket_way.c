// SPDX-License-Identifier: MIT
/*
 * The table of the ways in which sockets are read, and which of them an input gets: `receive: auto`
 * takes the first that can be had. Chosen when an input comes, and kept as long as there is one: no
 * change of the configuration changes it but one that names another way. For the control thread.
 * Touches: what a way tries, and the readers that it makes.
 */
#include <errno.h>
#include <stdlib.h>
#include "../../lib/log.h"
#include "socket_way.h"

const struct sluice_socket_way *const sluice_socket_ways[] = {
	&sluice_socket_way_bpf,
	&sluice_socket_way_calls,
	NULL,
};

/* Says once what `auto` is: `way`, because of `why` not `better`, NULL: there is no better one. */
static void tell(enum sluice_receive way, enum sluice_receive better, const char *why)
{
	static bool is_told;

	if (is_told)
		return;
	is_told = true;
	if (why)
		sluice_notice("sockets are read with `receive: %s`, which costs more than `%s` "
			      "and loses no more, because of `%s`: %s",
			      sluice_config_receive_name(way), sluice_config_receive_name(better),
			      sluice_config_receive_name(better), why);
	else
		sluice_info("sockets are read with `receive: %s`", sluice_config_receive_name(way));
}

/* The first way of those behind `place` that can be had, that one included; in *why why not an
 * earlier one. `bed`: all that it needs must be had now, NULL: this system must allow it. */
static const struct sluice_socket_way *first_of(const struct sluice_socket_way *const *place,
						const struct sluice_socket_way_bed *bed,
						const char **why)
{
	const char *refusal;

	*why = NULL;
	for (; place[1]; place++) {
		refusal = (*place)->trial ? (*place)->trial() : NULL;
		if (!refusal && bed && (*place)->afford)
			refusal = (*place)->afford(bed);
		if (!refusal)
			break;
		if (!*why)
			*why = refusal;
	}
	return *place;
}

/* Where a way is in the table. */
static const struct sluice_socket_way *const *find(enum sluice_receive receive)
{
	const struct sluice_socket_way *const *place = sluice_socket_ways;

	while (place[1] && (*place)->receive != receive)
		place++;
	return place;
}

/* Are sockets read with calls for now, whatever is wished? */
static bool is_held;

void sluice_socket_way_hold(bool hold)
{
	is_held = hold;
}

bool sluice_socket_way_is_held(void)
{
	return is_held;
}

/* What the predecessor read an input's sockets by. */
struct past_way {
	struct past_way *next;
	sluice_guid guid;
	enum sluice_receive receive;
};
static struct past_way *past_ways;

int sluice_socket_way_note(const sluice_guid guid, enum sluice_receive receive)
{
	struct past_way *past = calloc(1, sizeof(*past));

	if (!past)
		return -ENOMEM;
	sluice_guid_copy(past->guid, guid);
	past->receive = receive;
	past->next = past_ways;
	past_ways = past;
	return 0;
}

void sluice_socket_way_forget(void)
{
	struct past_way *past;

	while ((past = past_ways)) {
		past_ways = past->next;
		free(past);
	}
}

/* The way that an input will have when nothing is held any more: what it had, else what is wished.
 */
static const struct sluice_socket_way *way_to_come(const struct sluice_config_input *input)
{
	const struct past_way *past = past_ways;

	while (past && !sluice_guid_equal(past->guid, input->id))
		past = past->next;
	if (input->receive == SLUICE_RECEIVE_AUTO)
		return past && past->receive != SLUICE_RECEIVE_AUTO ? *find(past->receive)
								    : sluice_socket_ways[0];
	return *find(input->receive);
}

const struct sluice_socket_way *sluice_socket_way_of(enum sluice_receive receive)
{
	return *find(receive);
}

const struct sluice_socket_way *sluice_socket_way_choose(const struct sluice_socket_way_bed *bed,
							 const struct sluice_config_input *input,
							 struct sluice_socket_input *record)
{
	const struct sluice_socket_choice *now = &record->choice;
	struct sluice_socket_choice choice = {0};
	const struct sluice_socket_way *way;
	bool is_new = now->receive == SLUICE_RECEIVE_AUTO || record->comes;

	if (is_held && is_new) {
		record->comes = way_to_come(input);
		record->next_choice.receive = SLUICE_RECEIVE_CALLS;
		record->next_choice.why = NULL;
		return &sluice_socket_way_calls;
	}
	if (input->receive == SLUICE_RECEIVE_AUTO && !is_new) {
		choice = *now;
		way = *find(now->receive);
		if (way != sluice_socket_ways[0] && !choice.why)
			choice.why = "this input was read so before `receive: auto` came; a "
				     "restart chooses anew";
	} else if (input->receive == SLUICE_RECEIVE_AUTO) {
		way = first_of(sluice_socket_ways, bed, &choice.why);
		tell(way->receive, sluice_socket_ways[0]->receive, choice.why);
	} else {
		way = first_of(find(input->receive), NULL, &choice.why);
		if (choice.why && !bed->follows)
			sluice_warning_about(
				SLUICE_ABOUT(.input = input->name),
				"input `%s`: `receive: %s` cannot be had (%s); its sockets "
				"are read with `%s`, which costs more and loses no more",
				input->name, sluice_config_receive_name(input->receive), choice.why,
				sluice_config_receive_name(way->receive));
	}
	choice.receive = way->receive;
	record->next_choice = choice;
	return way;
}
