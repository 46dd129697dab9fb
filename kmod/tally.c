// SPDX-License-Identifier: GPL-2.0
/*
 * Tallies: the counters of a rule, per CPU, which outlive the rule as long as a ring has losses of
 * its to tell. Making and freeing them; ring.c counts. Touches nothing but its own memory.
 */
#include <linux/percpu.h>
#include <linux/slab.h>
#include "ring.h"

/**
 * sluice_tally_create() - make the counters of a rule
 * @input: index of the rule's input in records
 *
 * Return: the counters with one reference, for the caller to sluice_tally_put(); NULL if out of
 * memory.
 * Context: process.
 */
struct sluice_tally *sluice_tally_create(u16 input)
{
	struct sluice_tally *tally = kzalloc(sizeof(*tally), GFP_KERNEL_ACCOUNT);
	unsigned int cpu;

	if (!tally)
		return NULL;
	tally->cpu = __alloc_percpu_gfp(sizeof(struct sluice_tally_cpu), SMP_CACHE_BYTES,
					GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!tally->cpu) {
		kfree(tally);
		return NULL;
	}
	refcount_set(&tally->references, 1);
	INIT_LIST_HEAD(&tally->list);
	tally->input = input;
	for_each_possible_cpu(cpu) {
		struct sluice_tally_cpu *each = per_cpu_ptr(tally->cpu, cpu);

		INIT_LIST_HEAD(&each->link);
		each->tally = tally;
	}
	return tally;
}

/**
 * sluice_tally_put() - give back a reference to counters; the last one frees them
 * @tally: the counters; NULL is allowed
 *
 * Context: any but hard interrupts.
 */
void sluice_tally_put(struct sluice_tally *tally)
{
	if (!tally || !refcount_dec_and_test(&tally->references))
		return;
	free_percpu(tally->cpu);
	kfree(tally);
}
