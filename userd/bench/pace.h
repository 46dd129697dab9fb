/* SPDX-License-Identifier: MIT */
/*
 * When the next datagram is due. Deadlines are computed from the start and the amount sent, never
 * from the deadline before, so that nothing drifts; a late sender catches up, at no more than twice
 * the rate, all that it missed or, with sluice_pace_forget(), one burst at most. Pure arithmetic on
 * nanoseconds of any steady clock. Touches: nothing but its struct.
 */
#ifndef SLUICE_BENCH_PACE_H
#define SLUICE_BENCH_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Traffic that goes out at once: gathered for a wake-up, and at most after oversleeping. */
#define SLUICE_PACE_GATHER_NS 200000ULL
#define SLUICE_PACE_BURST_NS 1000000ULL

struct sluice_pace {
	uint64_t rate;	 /* units a second; 0: as fast as can be */
	bool bits;	 /* a unit is a bit of payload; else it is a datagram */
	uint64_t start;	 /* when the first datagram was due */
	uint64_t units;	 /* sent so far */
	uint64_t floor;	 /* no burst before this: keeps the catching up at twice the rate */
	uint64_t burst;	 /* so many datagrams at once ...; 0: spaced by the rate */
	uint64_t every;	 /* ... each time so many nanoseconds have passed */
	bool poisson;	 /* the times between datagrams are random, their mean is the rate's */
	uint64_t random; /* state of the generator; for `poisson` */
	bool given;	 /* the times are somebody else's */
	uint64_t offset; /* with `poisson`, `given`: nanoseconds from the start to the next datagram
			  */
	uint64_t last;	 /* the rate that a ramp ends at; 0: no ramp */
	uint64_t over;	 /* nanoseconds that the ramp takes */
	uint64_t missed; /* nanoseconds of traffic that were not caught up */
};

/* Starts at `now`. `rate` 0: unpaced. */
void sluice_pace_start(struct sluice_pace *pace, uint64_t rate, bool bits, uint64_t now);

/* The same, by bursts: `burst` datagrams (at least 1) as fast as can be every `every` nanoseconds.
 */
void sluice_pace_start_bursts(struct sluice_pace *pace, uint64_t burst, uint64_t every,
			      uint64_t now);

/* Makes the rate go evenly from the one it was started with to `last`, in `over` nanoseconds, and
 * stay there. After sluice_pace_start() with a rate; both at least 1. */
void sluice_pace_make_ramp(struct sluice_pace *pace, uint64_t last, uint64_t over);

/* Makes the times from one datagram to the next exponentially distributed around the rate's (a
 * Poisson process), from `seed`: the same times for the same seed. After sluice_pace_start() with a
 * rate. */
void sluice_pace_make_poisson(struct sluice_pace *pace, uint64_t seed);

/* Makes each datagram due when sluice_pace_give() says. After sluice_pace_start() with rate 0. */
void sluice_pace_make_given(struct sluice_pace *pace);
/* The next datagram is due so many nanoseconds after the start. */
void sluice_pace_give(struct sluice_pace *pace, uint64_t offset);

/* When the next datagram, of `size` payload bytes, should be handed over: its
 * deadline, or a little later if several are then due together. 0 if unpaced. */
uint64_t sluice_pace_wake(const struct sluice_pace *pace, size_t size);

/* Gives up what is due at `now` for longer than a burst: the schedule moves by so much, and
 * `missed` grows by it. One burst is SLUICE_PACE_BURST_NS of traffic and at least one datagram of
 * `size` bytes, or of the bursts the latest. To be called before each burst; sluice_pace_close() is
 * then of no use but with bursts. */
void sluice_pace_forget(struct sluice_pace *pace, size_t size, uint64_t now);

/* Is the next datagram part of the burst that began at `now` with `units` already sent? The first
 * always is; call sluice_pace_sent() after each. */
bool sluice_pace_joins(const struct sluice_pace *pace, uint64_t now, uint64_t units_before);

/* One datagram of `size` bytes was put into the burst. */
void sluice_pace_sent(struct sluice_pace *pace, size_t size);

/* The burst that began at `now` with `units_before` is complete. */
void sluice_pace_close(struct sluice_pace *pace, uint64_t now, uint64_t units_before);

/* How many nanoseconds the first `units` take at this rate. */
uint64_t sluice_pace_duration(const struct sluice_pace *pace, uint64_t units);

/* How many nanoseconds what was sent takes by its schedule. */
uint64_t sluice_pace_planned(const struct sluice_pace *pace);

#endif /* SLUICE_BENCH_PACE_H */
