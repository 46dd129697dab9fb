// SPDX-License-Identifier: MIT
/*
 * A forward as it runs; see forward.h. Touches: what that says.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "../../lib/clock.h"
#include "../../lib/event.h"
#include "../../lib/guid.h"
#include "../../lib/log.h"
#include "forward.h"

/* How often it is told that a destination still cannot be reached. */
#define AGAIN_NS (10 * SLUICE_NS_PER_S)

/* One reference more to an object, and one less: was it the last? */
#define TAKE(object) ((void)__atomic_fetch_add(&(object)->references, 1, __ATOMIC_RELAXED))
/* What others did with it is seen by the one who frees it. */
#define IS_LAST(object) (__atomic_sub_fetch(&(object)->references, 1, __ATOMIC_ACQ_REL) == 0)

/* Copies prefixes. False: no memory. */
static bool copy_prefixes(struct sluice_config_prefix **list, const struct sluice_config_prefix *of,
			  size_t count)
{
	*list = count ? calloc(count, sizeof(**list)) : NULL;
	if (*list)
		memcpy(*list, of, count * sizeof(**list));
	return *list || !count;
}

/* The addresses that it listens at, as one text. NULL: no memory. @owner caller */
static char *list_listens(const struct sluice_config_forward *config)
{
	char *text = NULL;
	size_t length, number;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	for (number = 0; number < config->listen_count; number++)
		fprintf(stream, "%s%s", number ? ", " : "", config->listen[number].text);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

struct sluice_forward_terms *sluice_forward_terms_new(const struct sluice_config_forward *config,
						      struct sluice_resolver *resolver)
{
	struct sluice_forward_terms *terms = calloc(1, sizeof(*terms));

	if (!terms)
		return NULL;
	terms->references = 1;
	terms->allow_count = config->allow_count;
	terms->deny_count = config->deny_count;
	terms->limit = config->limit;
	terms->limit_per_address = config->limit_per_address;
	terms->connect_timeout_ns = config->connect_timeout_us * SLUICE_NS_PER_US;
	terms->idle_timeout_ns = config->idle_timeout_us * SLUICE_NS_PER_US;
	terms->keepalive_s = (unsigned int)((config->keepalive_us + 999999) / 1000000);
	terms->is_nodelay = config->nodelay != 0;
	terms->is_cut_when_gone = config->remaining == SLUICE_REMAINING_CUT;
	terms->prefix = config->prefix;
	terms->from = config->from;
	memcpy(terms->name, config->name, sizeof(terms->name));
	terms->to = strdup(config->to.text);
	terms->listen = list_listens(config);
	terms->target = sluice_target_create(resolver, &config->to);
	if (terms->to && terms->listen && terms->target &&
	    copy_prefixes(&terms->allow, config->allow, config->allow_count) &&
	    copy_prefixes(&terms->deny, config->deny, config->deny_count))
		return terms;
	sluice_forward_terms_put(terms);
	return NULL;
}

void sluice_forward_terms_put(struct sluice_forward_terms *terms)
{
	if (!terms || !IS_LAST(terms))
		return;
	if (terms->target)
		sluice_target_put(terms->target);
	free(terms->allow);
	free(terms->deny);
	free(terms->to);
	free(terms->listen);
	free(terms);
}

/* Do both lead to the same place in the same way? */
static bool leads_same(const struct sluice_forward_terms *one,
		       const struct sluice_forward_terms *other)
{
	return !strcmp(one->to, other->to) && one->prefix == other->prefix &&
	       sluice_config_prefix_is_same(&one->from, &other->from);
}

struct sluice_forward *sluice_forward_new(const sluice_guid id, size_t loop_count)
{
	struct sluice_forward *forward = calloc(1, sizeof(*forward));
	size_t size = loop_count * sizeof(*forward->counts);

	if (!forward)
		return NULL;
	forward->counts = aligned_alloc(64, size ? size : 64);
	if (!forward->counts) {
		free(forward);
		return NULL;
	}
	memset(forward->counts, 0, size);
	forward->references = 1;
	forward->loop_count = loop_count;
	sluice_guid_copy(forward->id, id);
	pthread_mutex_init(&forward->lock, NULL);
	sluice_clients_begin(&forward->clients);
	return forward;
}

struct sluice_forward *sluice_forward_get(struct sluice_forward *forward)
{
	TAKE(forward);
	return forward;
}

void sluice_forward_put(struct sluice_forward *forward)
{
	if (!forward || !IS_LAST(forward))
		return;
	sluice_forward_terms_put(forward->terms);
	sluice_clients_end(&forward->clients);
	pthread_mutex_destroy(&forward->lock);
	free(forward->counts);
	free(forward);
}

struct sluice_forward_terms *sluice_forward_current(struct sluice_forward *forward)
{
	struct sluice_forward_terms *terms;

	pthread_mutex_lock(&forward->lock);
	terms = forward->terms;
	if (terms)
		TAKE(terms);
	pthread_mutex_unlock(&forward->lock);
	return terms;
}

void sluice_forward_change(struct sluice_forward *forward, struct sluice_forward_terms *terms)
{
	struct sluice_forward_terms *old;

	pthread_mutex_lock(&forward->lock);
	old = forward->terms;
	forward->terms = terms;
	pthread_mutex_unlock(&forward->lock);
	if (!old)
		return;
	if (old->is_cut_when_gone && (!terms || !leads_same(old, terms)))
		sluice_store_relaxed(&old->is_cut, 1U);
	if (terms && !leads_same(old, terms))
		sluice_store_relaxed(&forward->is_down, 0U);
	sluice_forward_terms_put(old);
}

/* Is the address within one of the prefixes? */
static bool is_within(const struct sluice_config_prefix *list, size_t count, const uint8_t *address,
		      size_t length)
{
	size_t number;

	for (number = 0; number < count; number++) {
		const struct sluice_config_prefix *prefix = &list[number];
		size_t whole = prefix->length / 8, bits = prefix->length % 8;

		if ((prefix->family == AF_INET ? 4U : 16U) != length ||
		    memcmp(prefix->address, address, whole) != 0)
			continue;
		if (!bits || !((prefix->address[whole] ^ address[whole]) >> (8 - bits)))
			return true;
	}
	return false;
}

/* May somebody from there come at all? */
static bool may_come(const struct sluice_forward_terms *terms,
		     const struct sockaddr_storage *client)
{
	const uint8_t *address;
	size_t length = 0;

	address = sluice_client_bytes(client, &length);
	if (!address)
		return false;
	if (terms->allow_count && !is_within(terms->allow, terms->allow_count, address, length))
		return false;
	return !is_within(terms->deny, terms->deny_count, address, length);
}

bool sluice_forward_admit(struct sluice_forward *forward, const struct sluice_forward_terms *terms,
			  const struct sockaddr_storage *client, size_t loop)
{
	struct sluice_forward_counts *counts = &forward->counts[loop];
	uint64_t now;

	if (!may_come(terms, client)) {
		sluice_count(&counts->denied, 1);
		return false;
	}
	now = __atomic_add_fetch(&forward->now, 1, __ATOMIC_RELAXED);
	if ((terms->limit && now > terms->limit) ||
	    sluice_clients_add(&forward->clients, client, terms->limit_per_address)) {
		__atomic_sub_fetch(&forward->now, 1, __ATOMIC_RELAXED);
		sluice_count(&counts->limited, 1);
		return false;
	}
	sluice_count(&counts->total, 1);
	return true;
}

void sluice_forward_leave(struct sluice_forward *forward, const struct sockaddr_storage *client)
{
	sluice_clients_remove(&forward->clients, client);
	__atomic_sub_fetch(&forward->now, 1, __ATOMIC_RELAXED);
}

/* Tells whoever listens to events. */
static void tell(const struct sluice_forward *forward, const struct sluice_forward_terms *terms,
		 enum sluice_event kind, const char *text)
{
	sluice_event_tell(&(const struct sluice_event_news){.kind = kind,
							    .key = "forwards.to",
							    .where = terms->name,
							    .guid = forward->id,
							    .text = text});
}

void sluice_forward_reached(struct sluice_forward *forward,
			    const struct sluice_forward_terms *terms)
{
	char text[512];

	if (!sluice_load_relaxed(&forward->is_down) ||
	    !__atomic_exchange_n(&forward->is_down, 0, __ATOMIC_RELAXED))
		return;
	snprintf(text, sizeof(text), "forward %s: %s is reached again", terms->name, terms->to);
	sluice_notice("%s", text);
	tell(forward, terms, SLUICE_EVENT_DESTINATION_UP, text);
}

void sluice_forward_missed(struct sluice_forward *forward, const struct sluice_forward_terms *terms,
			   const char *what, int error)
{
	bool is_first = !__atomic_exchange_n(&forward->is_down, 1, __ATOMIC_RELAXED);
	uint64_t now = sluice_now(), told = sluice_load_relaxed(&forward->told_ns), failed;
	char text[512];

	failed = __atomic_add_fetch(&forward->failed_told, 1, __ATOMIC_RELAXED);
	/* One of those who find that it is time tells it. */
	if (!is_first && (now - told < AGAIN_NS ||
			  !__atomic_compare_exchange_n(&forward->told_ns, &told, now, false,
						       __ATOMIC_RELAXED, __ATOMIC_RELAXED)))
		return;
	if (is_first && now - told < AGAIN_NS && told)
		return;
	sluice_store_relaxed(&forward->told_ns, now);
	__atomic_store_n(&forward->failed_told, 0, __ATOMIC_RELAXED);
	snprintf(text, sizeof(text),
		 "forward %s: %s cannot be reached: %s%s%s; its clients get a reset (%" PRIu64
		 " since this was told last)",
		 terms->name, terms->to, what, error ? ": " : "", error ? strerror(error) : "",
		 failed);
	sluice_warning("%s", text);
	if (is_first)
		tell(forward, terms, SLUICE_EVENT_DESTINATION_DOWN, text);
}

void sluice_forward_sum(const struct sluice_forward *forward, struct sluice_forward_counts *sum)
{
	size_t loop;

	memset(sum, 0, sizeof(*sum));
	for (loop = 0; loop < forward->loop_count; loop++) {
		const struct sluice_forward_counts *counts = &forward->counts[loop];

		sum->total += sluice_load_relaxed(&counts->total);
		sum->denied += sluice_load_relaxed(&counts->denied);
		sum->limited += sluice_load_relaxed(&counts->limited);
		sum->failed += sluice_load_relaxed(&counts->failed);
		sum->aborted += sluice_load_relaxed(&counts->aborted);
		sum->up += sluice_load_relaxed(&counts->up);
		sum->down += sluice_load_relaxed(&counts->down);
	}
}
