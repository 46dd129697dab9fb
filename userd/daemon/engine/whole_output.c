// SPDX-License-Identifier: MIT
/*
 * An output of the configuration with its halves in all workers: made, compared, freed; see
 * inner.h. In the control thread. Touches: memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "../link/credentials.h"
#include "inner.h"

void sluice_whole_output_free(struct sluice_whole_output *output, size_t workers)
{
	size_t number;

	for (number = 0; output->halves && number < workers; number++)
		sluice_output_destroy(output->halves[number]);
	for (number = 0; output->targets && number < output->target_count; number++)
		sluice_target_put(output->targets[number]);
	free(output->halves);
	free(output->pacers);
	free(output->past);
	free(output->precedence);
	free(output->targets);
	sluice_credentials_free(output->credentials);
	memset(output, 0, sizeof(*output));
}

/* Would its connections be made from the same? @threadsafe */
static bool has_same_credentials(const struct sluice_whole_output *old,
				 const struct sluice_config_output *config)
{
	if (!old->credentials || !sluice_tls_is_wanted(&config->tls))
		return !old->credentials && !sluice_tls_is_wanted(&config->tls);
	return sluice_tls_is_same(sluice_credentials_settings(old->credentials), &config->tls);
}

bool sluice_whole_output_is_same(const struct sluice_whole_output *old,
				 const struct sluice_config_output *config)
{
	struct sluice_form form = sluice_form_of(config);
	size_t number;

	if (old->target_count != config->to_count ||
	    !sluice_form_is_same(&old->halves[0]->group.form, &form) ||
	    /* What was acknowledged as received only is not acknowledged again by itself. */
	    old->halves[0]->group.durable != (config->durable != 0) ||
	    !sluice_config_prefix_is_same(&old->halves[0]->group.from, &config->from) ||
	    !has_same_credentials(old, config) ||
	    old->halves[0]->group.kind != sluice_kind_of(config->kind) ||
	    old->halves[0]->group.preserves != (config->preserves != 0) ||
	    (old->halves[0]->group.kind->is_same &&
	     !old->halves[0]->group.kind->is_same(&old->halves[0]->group, config)) ||
	    (old->halves[0]->mode == SLUICE_MODE_HASH) != (config->mode == SLUICE_MODE_HASH) ||
	    (config->mode == SLUICE_MODE_HASH &&
	     old->halves[0]->group.batch_bytes != config->batch_bytes))
		return false;
	for (number = 0; number < config->to_count; number++)
		if (strcmp(sluice_target_text(old->targets[number]), config->to[number].text) != 0)
			return false;
	return true;
}

void sluice_whole_output_set_rates(struct sluice_pacer *pacers,
				   const struct sluice_config_output *config)
{
	size_t number;

	sluice_pacer_set(&pacers[0], config->rate);
	for (number = 0; number < config->to_count; number++)
		sluice_pacer_set(&pacers[number + 1], config->to[number].rate);
}

/* Makes its half in `worker`. 0 or -ENOMEM. */
static int make_half(struct sluice_whole_output *output, const struct sluice_config_output *config,
		     struct sluice_worker *worker, struct sluice_output **half)
{
	int error = sluice_output_create(config, sluice_kind_of(config->kind), output->targets,
					 output->pacers, output->precedence, worker, half);

	if (!error)
		(*half)->group.credentials = output->credentials;
	return error;
}

int sluice_whole_output_make(struct sluice_engine *engine,
			     const struct sluice_config_output *config,
			     struct sluice_whole_output *output)
{
	size_t number;

	sluice_guid_copy(output->guid, config->id);
	output->targets =
		calloc(config->to_count ? config->to_count : 1, sizeof(struct sluice_target *));
	output->halves = calloc(engine->worker_count, sizeof(struct sluice_output *));
	output->pacers = aligned_alloc(64, (config->to_count + 1) * sizeof(*output->pacers));
	output->precedence = aligned_alloc(64, sizeof(*output->precedence));
	output->past = aligned_alloc(64, (config->to_count + 1) * sizeof(*output->past));
	if (!output->targets || !output->halves || !output->pacers || !output->precedence ||
	    !output->past)
		return -ENOMEM;
	memset(output->past, 0, (config->to_count + 1) * sizeof(*output->past));
	memset(output->precedence, 0, sizeof(*output->precedence));
	memset(output->pacers, 0, (config->to_count + 1) * sizeof(*output->pacers));
	sluice_whole_output_set_rates(output->pacers, config);
	for (number = 0; number < config->to_count; number++) {
		output->targets[number] =
			sluice_target_create(engine->resolver, &config->to[number]);
		if (!output->targets[number])
			return -ENOMEM;
		output->target_count++;
	}
	if (sluice_tls_is_wanted(&config->tls)) {
		output->credentials = sluice_credentials_create(&config->tls, config->name);
		if (!output->credentials)
			return -ENOMEM;
	}
	for (number = 0; number < engine->worker_count; number++)
		if (make_half(output, config, engine->workers[number], &output->halves[number]))
			return -ENOMEM;
	return 0;
}

int sluice_whole_output_join(struct sluice_whole_output *output,
			     const struct sluice_config_output *config,
			     struct sluice_worker *worker)
{
	size_t count = worker->number + 1U;
	struct sluice_output **larger;

	larger = reallocarray(output->halves, count, sizeof(struct sluice_output *));
	if (!larger)
		return -ENOMEM;
	larger[worker->number] = NULL;
	output->halves = larger;
	return make_half(output, config, worker, &larger[worker->number]);
}

/* Adds those figures that only rise. */
static void add_counts(struct sluice_tcp_counters *sum, const struct sluice_tcp_counters *more)
{
#define COUNT(member) sum->member += sluice_load_relaxed(&more->member);
	SLUICE_TCP_COUNTS(COUNT)
#undef COUNT
}

void sluice_whole_output_part(struct sluice_whole_output *output,
			      const struct sluice_worker *worker)
{
	struct sluice_output **half = &output->halves[worker->number];
	size_t place;

	if (!*half)
		return;
	for (place = 0; place < (*half)->group.connection_count; place++)
		add_counts(&output->past[place], &(*half)->group.connections[place]->counters);
	sluice_output_leave(*half);
	sluice_output_destroy(*half);
	*half = NULL;
}

void sluice_whole_output_inherit(struct sluice_whole_output *output,
				 const struct sluice_whole_output *heir_of)
{
	size_t place, other;

	if (!sluice_output_can_inherit(output->halves[0], heir_of->halves[0]))
		return;
	for (place = 0; place < output->target_count; place++)
		for (other = 0; other < heir_of->target_count; other++)
			if (!strcmp(sluice_target_text(output->targets[place]),
				    sluice_target_text(heir_of->targets[other])))
				add_counts(&output->past[place], &heir_of->past[other]);
}
