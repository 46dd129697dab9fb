// SPDX-License-Identifier: MIT
/*
 * Precedence; see precedence.h. Only sums and maxima matter, and they order nothing else: relaxed
 * throughout. Touches: itself, atomically.
 */
#include "../../lib/barrier.h"
#include "precedence.h"

void sluice_precedence_join(struct sluice_precedence *precedence, unsigned int priority)
{
	if (!__atomic_fetch_add(&precedence->streams[priority], 1, __ATOMIC_RELAXED))
		__atomic_fetch_add(&precedence->kinds, 1, __ATOMIC_RELAXED);
}

void sluice_precedence_part(struct sluice_precedence *precedence, unsigned int priority)
{
	if (__atomic_fetch_sub(&precedence->streams[priority], 1, __ATOMIC_RELAXED) == 1)
		__atomic_fetch_sub(&precedence->kinds, 1, __ATOMIC_RELAXED);
}

bool sluice_precedence_matters(const struct sluice_precedence *precedence)
{
	return sluice_load_relaxed(&precedence->kinds) > 1;
}

void sluice_precedence_tell(struct sluice_precedence *precedence, int *told, int priority)
{
	if (*told == priority)
		return;
	if (priority != SLUICE_PRECEDENCE_NONE)
		__atomic_fetch_add(&precedence->waiting[priority], 1, __ATOMIC_RELAXED);
	if (*told != SLUICE_PRECEDENCE_NONE)
		__atomic_fetch_sub(&precedence->waiting[*told], 1, __ATOMIC_RELAXED);
	*told = priority;
}

int sluice_precedence_most(const struct sluice_precedence *precedence)
{
	int priority;

	for (priority = SLUICE_PRIORITIES - 1; priority >= 0; priority--)
		if (sluice_load_relaxed(&precedence->waiting[priority]))
			return priority;
	return SLUICE_PRECEDENCE_NONE;
}

bool sluice_precedence_has_below(const struct sluice_precedence *precedence, int priority)
{
	while (--priority >= 0)
		if (sluice_load_relaxed(&precedence->waiting[priority]))
			return true;
	return false;
}

int64_t sluice_share_lead(const struct sluice_share *share)
{
	return sluice_load_relaxed(&share->lead);
}

bool sluice_share_owes(const struct sluice_share *share, size_t portion)
{
	return sluice_share_lead(share) >= (int64_t)portion * (SLUICE_PRECEDENCE_SHARE - 1);
}

void sluice_share_charge(struct sluice_share *share, bool is_lesser, uint64_t bytes, size_t portion)
{
	int64_t step = (int64_t)bytes, lead = sluice_load_relaxed(&share->lead), next;
	/* Nobody saves up for more than a portion, or a record that is larger: what was not wanted
	 * at its time is not owed later. */
	int64_t most = (int64_t)(bytes > portion ? bytes : portion) * SLUICE_PRECEDENCE_SHARE;

	do {
		if (is_lesser) {
			next = lead - step * (SLUICE_PRECEDENCE_SHARE - 1);
			if (next < -most)
				next = lead < -most ? lead : -most;
		} else {
			next = lead + step;
			if (next > most)
				next = lead > most ? lead : most;
		}
	} while (!__atomic_compare_exchange_n(&share->lead, &lead, next, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
}
