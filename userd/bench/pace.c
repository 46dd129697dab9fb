// SPDX-License-Identifier: MIT
/*
 * The sender's clockwork: see pace.h. Decides when gen hands how many datagrams to the kernel.
 * Touches: nothing but its struct.
 */
#include <math.h>
#include <string.h>
#include "pace.h"
#include "sizes.h"

#define NS_PER_SECOND 1000000000ULL

/* As pace.h says. @context process */
void sluice_pace_start(struct sluice_pace *pace, uint64_t rate, bool bits, uint64_t now)
{
	if (!pace)
		return;
	memset(pace, 0, sizeof(*pace));
	pace->rate = rate;
	pace->bits = bits;
	pace->start = now;
	pace->floor = now;
}

/* As pace.h says. @context process */
void sluice_pace_start_bursts(struct sluice_pace *pace, uint64_t burst, uint64_t every,
			      uint64_t now)
{
	if (!pace || burst == 0)
		return;
	sluice_pace_start(pace, 0, false, now);
	pace->burst = burst;
	pace->every = every;
}

/* As pace.h says. @context process */
void sluice_pace_make_ramp(struct sluice_pace *pace, uint64_t last, uint64_t over)
{
	if (!pace || pace->rate == 0 || pace->burst || last == 0 || over == 0)
		return;
	pace->last = last;
	pace->over = over;
}

/* When a ramp has sent `units`, in nanoseconds from its start: the rate's integral, solved for the
 * time. @threadsafe */
static uint64_t ramp_duration(const struct sluice_pace *pace, uint64_t units)
{
	double first = (double)pace->rate;
	double last = (double)pace->last;
	double over = (double)pace->over / (double)NS_PER_SECOND;
	double whole = (first + last) / 2 * over;
	double sent = (double)units;
	double seconds;

	if (sent >= whole)
		seconds = over + (sent - whole) / last;
	else
		seconds =
			2 * sent / (first + sqrt(first * first + 2 * (last - first) / over * sent));
	return seconds >= 1e9 ? UINT64_MAX / 2 : (uint64_t)(seconds * (double)NS_PER_SECOND);
}

/* How many nanoseconds `units` after the first `before` take. @threadsafe */
static uint64_t span(const struct sluice_pace *pace, uint64_t before, uint64_t units)
{
	if (pace->last == 0)
		return sluice_pace_duration(pace, units);
	return ramp_duration(pace, before + units) - ramp_duration(pace, before);
}

/* As pace.h says. @context process */
void sluice_pace_make_poisson(struct sluice_pace *pace, uint64_t seed)
{
	if (!pace || pace->rate == 0 || pace->burst)
		return;
	pace->poisson = true;
	pace->random = seed;
}

/* As pace.h says. @context process */
void sluice_pace_make_given(struct sluice_pace *pace)
{
	if (pace && pace->rate == 0 && pace->burst == 0)
		pace->given = true;
}

/* As pace.h says. @context process */
void sluice_pace_give(struct sluice_pace *pace, uint64_t offset)
{
	if (pace && pace->given)
		pace->offset = offset;
}

/* Is nothing spaced? @threadsafe */
static bool is_unpaced(const struct sluice_pace *pace)
{
	return pace->rate == 0 && pace->burst == 0 && !pace->given;
}

/* As pace.h says. @threadsafe */
uint64_t sluice_pace_duration(const struct sluice_pace *pace, uint64_t units)
{
	unsigned __int128 product;

	if (pace && pace->burst) {
		product = (unsigned __int128)(units / pace->burst) * pace->every;
		return product > UINT64_MAX / 2 ? UINT64_MAX / 2 : (uint64_t)product;
	}
	if (!pace || pace->rate == 0)
		return 0;
	if (pace->last)
		return ramp_duration(pace, units);
	/* 64 bits would be full after 18 s at 1 Gbit/s. */
	product = (unsigned __int128)units * NS_PER_SECOND / pace->rate;
	return product > UINT64_MAX / 2 ? UINT64_MAX / 2 : (uint64_t)product;
}

/* As pace.h says. @threadsafe */
uint64_t sluice_pace_planned(const struct sluice_pace *pace)
{
	if (pace && (pace->poisson || pace->given))
		return pace->offset;
	return sluice_pace_duration(pace, pace ? pace->units : 0);
}

/* When the next datagram is due. @threadsafe */
static uint64_t due_at(const struct sluice_pace *pace)
{
	return pace->start + sluice_pace_planned(pace);
}

/* Draws an exponentially distributed time around `mean`, both in nanoseconds, by inversion. The
 * longest is 36.7 times the mean: 53 random bits have no smaller share. */
static uint64_t draw(struct sluice_pace *pace, uint64_t mean)
{
	double share = ((double)(sluice_random(&pace->random) >> 11) + 1) / 0x1p53;

	return (uint64_t)(-log(share) * (double)mean + 0.5);
}

/* As pace.h says. @threadsafe */
uint64_t sluice_pace_wake(const struct sluice_pace *pace, size_t size)
{
	uint64_t due;
	uint64_t gap;

	if (!pace || is_unpaced(pace))
		return 0;
	due = due_at(pace);
	/* The rest of a burst goes with it. */
	if (pace->burst)
		return pace->units % pace->burst || due > pace->floor ? due : pace->floor;
	/* Random times that were gathered would be random no more, nor those of others theirs. */
	if (pace->poisson || pace->given)
		return due;
	gap = span(pace, pace->units, pace->bits ? 8 * (uint64_t)size : 1);
	/* Waking costs more than sending: close ones wait for each other. */
	if (gap < SLUICE_PACE_GATHER_NS)
		due += SLUICE_PACE_GATHER_NS - gap;
	return due > pace->floor ? due : pace->floor;
}

/* As pace.h says. @context process */
void sluice_pace_forget(struct sluice_pace *pace, size_t size, uint64_t now)
{
	uint64_t kept = SLUICE_PACE_BURST_NS;
	uint64_t skip = 0;
	uint64_t due;
	uint64_t gap;

	if (!pace || is_unpaced(pace))
		return;
	due = due_at(pace);
	if (due >= now)
		return;
	if (pace->burst) {
		/* By whole bursts, so that the next one comes at a time that it has anyway. */
		if (pace->units % pace->burst == 0)
			skip = (now - due) / pace->every * pace->every;
	} else {
		gap = pace->given ? 0
				  : span(pace, pace->units, pace->bits ? 8 * (uint64_t)size : 1);
		kept = gap > kept ? gap : kept;
		skip = now - due > kept ? now - due - kept : 0;
	}
	pace->start += skip;
	pace->missed += skip;
}

/* As pace.h says. @threadsafe */
bool sluice_pace_joins(const struct sluice_pace *pace, uint64_t now, uint64_t units_before)
{
	if (!pace)
		return false;
	if (pace->burst)
		return pace->units == units_before || pace->units % pace->burst;
	if (is_unpaced(pace) || pace->units == units_before)
		return true;
	if (pace->given)
		return due_at(pace) <= now;
	return due_at(pace) <= now &&
	       span(pace, units_before, pace->units - units_before) < SLUICE_PACE_BURST_NS;
}

/* As pace.h says. @context process */
void sluice_pace_sent(struct sluice_pace *pace, size_t size)
{
	uint64_t units = pace && pace->bits ? 8 * (uint64_t)size : 1;

	if (!pace)
		return;
	if (pace->poisson)
		pace->offset += draw(pace, span(pace, pace->units, units));
	pace->units += units;
}

/* As pace.h says. @context process */
void sluice_pace_close(struct sluice_pace *pace, uint64_t now, uint64_t units_before)
{
	if (pace && pace->burst && pace->units % pace->burst == 0)
		pace->floor = now + pace->every / 2;
	if (pace && pace->rate != 0)
		pace->floor = now + span(pace, units_before, pace->units - units_before) / 2;
}
