// SPDX-License-Identifier: MIT
/*
 * Compressing spans, and how hard: see compress.h. Touches: its memory, the state of the
 * connection's socket, the thread's clock.
 */
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <zstd.h>
#include "../../lib/barrier.h"
#include "../../lib/buffer.h"
#include "../../lib/clock.h"
#include "connection.h"

/* How often the socket is looked at, and how often the step is thought over. */
#define SAMPLE_NS (5 * SLUICE_NS_PER_MS)
#define JUDGE_NS (100 * SLUICE_NS_PER_MS)
/* The network was not the limit for so long: a step down. */
#define CALM_NS SLUICE_NS_PER_S
/* Shares of the worker's time, in percent: with more than that it compresses less, with less than
 * that it may compress more. Two, so that a step does not call for the opposite one. */
#define BUSY_MOST 90U
#define BUSY_LEAST 60U
/* Shorter ones gain nothing: the header says as much as they do. */
#define LENGTH_LEAST 512U
/* A span that does not become at least an eighth shorter goes as it is: inflating costs, too. */
#define GAIN_LEAST 8U

/* Levels of libzstd, a step each, from the cheapest on. Negative ones are its fast ones. Beyond 6
 * a span of 256 KiB gains a few percent and costs several times as much. */
static const int levels[] = {0, -5, -1, 1, 3, 6};

#define STEPS (sizeof(levels) / sizeof(*levels))

/* Notes the step for those who look. */
static void set_step(struct sluice_connection *connection, unsigned int step)
{
	connection->compress.step = step;
	sluice_store_relaxed(&connection->counters.compress_step, (uint64_t)step);
}

void sluice_compress_restart(struct sluice_connection *connection)
{
	struct sluice_compress *compress = &connection->compress;

	compress->samples = 0;
	compress->full = 0;
	compress->judged = 0;
	compress->limited = 0;
	set_step(connection, 0);
}

void sluice_compress_free(struct sluice_connection *connection)
{
	struct sluice_compress *compress = &connection->compress;

	ZSTD_freeCCtx(compress->context);
	free(compress->bytes);
	compress->context = NULL;
	compress->bytes = NULL;
	compress->room = 0;
}

/* Is something that was written before still to be sent? */
static bool is_waiting(const struct sluice_connection *connection)
{
	int bytes = 0;

	return !ioctl(connection->fd, SIOCOUTQNSD, &bytes) && bytes > 0;
}

/* Processor time of this thread, ns. */
static uint64_t thread_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * SLUICE_NS_PER_S + (uint64_t)time.tv_nsec;
}

unsigned int sluice_compress_judge(struct sluice_compress *compress, unsigned int busy,
				   uint64_t now)
{
	bool is_limit = compress->samples && 2 * compress->full >= compress->samples;
	unsigned int step = compress->step;

	if (is_limit)
		compress->limited = now;
	compress->samples = 0;
	compress->full = 0;
	if (step && busy > BUSY_MOST)
		return step - 1;
	if (step && now - compress->limited >= CALM_NS) {
		/* The next one down after another pause. */
		compress->limited = now;
		return step - 1;
	}
	return is_limit && busy < BUSY_LEAST && step + 1 < STEPS ? step + 1 : step;
}

/* Looks at socket and thread, when it is time to, and at what they say of the step. */
static void look(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_compress *compress = &connection->compress;
	uint64_t worked, past;
	unsigned int step;

	if (now - compress->sampled < SAMPLE_NS)
		return;
	compress->sampled = now;
	compress->samples++;
	compress->full += is_waiting(connection);
	past = now - compress->judged;
	if (past < JUDGE_NS)
		return;
	worked = thread_time();
	/* The first time there is nothing to compare with. */
	step = compress->judged
		       ? sluice_compress_judge(
				 compress, (unsigned int)((worked - compress->worked) * 100 / past),
				 now)
		       : 0;
	compress->judged = now;
	compress->worked = worked;
	if (step != compress->step)
		set_step(connection, step);
}

/* Compresses `length` bytes into `room` of them at `out`, and counts what that took. Returns how
 * many they became; 0: they do not fit, or there is no memory. */
static size_t pack(struct sluice_connection *connection, const uint8_t *bytes, size_t length,
		   uint8_t *out, size_t room)
{
	struct sluice_compress *compress = &connection->compress;
	uint64_t begun = sluice_now();
	size_t got;

	if (!compress->context)
		compress->context = ZSTD_createCCtx();
	if (!compress->context)
		return 0;
	got = ZSTD_compressCCtx(compress->context, out, room, bytes, length,
				levels[compress->step ? compress->step : 1]);
	got = ZSTD_isError(got) ? 0 : got;
	sluice_count(&connection->counters.compress_ns, sluice_now() - begun);
	sluice_count(&connection->counters.compress_in, length);
	sluice_count(&connection->counters.compress_out, got ? got : length);
	return got;
}

size_t sluice_compress_span(struct sluice_connection *connection, const uint8_t *bytes,
			    size_t length, uint64_t now)
{
	struct sluice_compress *compress = &connection->compress;
	size_t most = length - length / GAIN_LEAST;

	look(connection, now);
	if (!compress->step || length < LENGTH_LEAST ||
	    !sluice_buffer_grow(&compress->bytes, &compress->room, most))
		return 0;
	return pack(connection, bytes, length, compress->bytes, most);
}

size_t sluice_compress_frame(struct sluice_connection *connection, const uint8_t *bytes,
			     size_t length, uint8_t **out, size_t *room, size_t used, uint64_t now)
{
	size_t most = ZSTD_compressBound(length), whole;

	look(connection, now);
	if (ZSTD_isError(most) || __builtin_add_overflow(used, most, &whole) ||
	    !sluice_buffer_grow(out, room, whole))
		return 0;
	return pack(connection, bytes, length, *out + used, most);
}
