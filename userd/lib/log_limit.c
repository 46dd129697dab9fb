// SPDX-License-Identifier: MIT
/*
 * How much one place may log, see log_limit.h. Counters are atomic and no thread waits for another,
 * as one that hangs while it logs must not take others with it; a line more or less than the limit
 * is nobody's loss, a count is: it is taken by exchange. Touches: the timer.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "log_limit.h"

#define WINDOW_NS (SLUICE_LOG_WINDOW_S * (long long)SLUICE_NS_PER_S)

static atomic_uint limit = SLUICE_LOG_LIMIT;
static atomic_int timer = -1;
/* Places that have left out something, now or earlier. Those of the program are never fewer. */
static struct sluice_log_place *_Atomic places;

void sluice_log_limit_set(unsigned int lines)
{
	atomic_store(&limit, lines);
}

/* Has whoever waits for the timer look when a window is over that begins now. */
static void remind(void)
{
	const struct itimerspec when = {.it_value.tv_sec = SLUICE_LOG_WINDOW_S,
					.it_value.tv_nsec = 1000000};
	int fd = atomic_load(&timer);

	if (fd >= 0)
		(void)timerfd_settime(fd, 0, &when, NULL);
}

/* Puts the place into the list, where it stays. */
static void enlist(struct sluice_log_place *place)
{
	struct sluice_log_place *first = atomic_load(&places);

	if (atomic_exchange(&place->is_listed, true))
		return;
	do {
		place->next = first;
	} while (!atomic_compare_exchange_weak(&places, &first, place));
}

bool sluice_log_limit_passes(struct sluice_log_place *place, int level, unsigned int *left_out)
{
	unsigned int most = atomic_load(&limit);
	long long now = (long long)sluice_now(), begin = atomic_load(&place->begin);

	*left_out = 0;
	if (place->is_unlimited)
		return true;
	if ((!begin || now - begin >= WINDOW_NS) &&
	    atomic_compare_exchange_strong(&place->begin, &begin, now)) {
		atomic_store(&place->used, 0);
		*left_out = atomic_exchange(&place->left_out, 0);
	}
	if (!most || atomic_fetch_add(&place->used, 1) < most)
		return true;
	atomic_store(&place->level, level);
	enlist(place);
	if (!atomic_fetch_add(&place->left_out, 1))
		remind();
	return false;
}

struct sluice_log_place *sluice_log_limit_next(bool all, unsigned int *left_out)
{
	long long now = (long long)sluice_now();
	struct sluice_log_place *place;
	bool is_later = false;

	for (place = atomic_load(&places); place; place = place->next) {
		if (!atomic_load(&place->left_out))
			continue;
		if (!all && now - atomic_load(&place->begin) < WINDOW_NS) {
			is_later = true;
			continue;
		}
		*left_out = atomic_exchange(&place->left_out, 0);
		if (*left_out)
			return place;
	}
	if (is_later)
		remind();
	return NULL;
}

int sluice_log_limit_fd(void)
{
	int fd = atomic_load(&timer);

	if (fd >= 0)
		return fd;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	atomic_store(&timer, fd);
	/* What was left out before there was a timer. */
	remind();
	return fd;
}

void sluice_log_limit_notice(void)
{
	int fd = atomic_load(&timer);
	uint64_t expired;

	if (fd >= 0)
		(void)!read(fd, &expired, sizeof(expired));
}

void sluice_log_limit_close(void)
{
	int fd = atomic_exchange(&timer, -1);

	if (fd >= 0)
		close(fd);
}
