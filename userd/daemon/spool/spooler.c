// SPDX-License-Identifier: MIT
/*
 * The spooler's thread; see spooler.h. Touches: the store; the workers' completions.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../lib/barrier.h"
#include "../../lib/cost.h"
#include "../../lib/log.h"
#include "../../lib/thread.h"
#include "../loop/treatment.h"
#include "../stream/alarm.h"
#include "completions.h"
#include "spooler.h"

/* Bytes that are made durable together at most, and how often they are tried when the disk fails.
 */
#define BATCH (4U << 20)
#define TRIES 3
/* What was acknowledged is on the disk after so long. */
#define CHECKPOINT_NS (100 * SLUICE_NS_PER_MS)
/* A frame that is older than this is missed at the next start if it is not there. */
#define LIST_NS SLUICE_NS_PER_S

struct sluice_spooler {
	struct sluice_spool *spool;
	pthread_t thread;
	bool is_running;
	pthread_mutex_t lock; /* of the queue */
	pthread_cond_t came, done;
	struct sluice_order_list queue;
	bool ended;
	bool is_busy;	       /* the thread has taken orders out and not answered all */
	pthread_mutex_t store; /* held by who uses `spool` */
	struct sluice_disk_pictures pictures;
	struct sluice_completions *completions; /* by worker, with room for all there can be */
	size_t worker_count;			/* that have some */
	uint64_t rate;				/* bytes a second, 0: no limit */
	bool newest_first;
	unsigned int alarm;	 /* percent, 0: none */
	unsigned int begin, end; /* percent of a ring: when it is emptied, and how far */
	bool drops_oldest;
	struct sluice_disk_alarms alarms;
	/* The thread's own */
	uint64_t tokens, filled;
	uint64_t next_checkpoint, next_look;
	bool is_unnoted; /* the last checkpoint could not be written */
};

/* Gives an answer to the worker whose it is. */
static void answer(struct sluice_spooler *spooler, struct sluice_order *order)
{
	sluice_completions_put(&spooler->completions[order->worker], order);
}

int sluice_spooler_enter(struct sluice_spooler *spooler, struct sluice_worker *worker)
{
	return sluice_completions_enter(&spooler->completions[worker->number], worker);
}

void sluice_spooler_leave(struct sluice_spooler *spooler, struct sluice_worker *worker)
{
	sluice_completions_leave(&spooler->completions[worker->number]);
}

void sluice_spooler_order(struct sluice_spooler *spooler, struct sluice_order *order)
{
	pthread_mutex_lock(&spooler->lock);
	sluice_order_append(&spooler->queue, order);
	pthread_cond_signal(&spooler->came);
	pthread_mutex_unlock(&spooler->lock);
}

void sluice_spooler_forget(struct sluice_spooler *spooler, const void *owner, unsigned int worker)
{
	enum sluice_thread_state before = sluice_thread_enters(SLUICE_THREAD_OTHER);

	pthread_mutex_lock(&spooler->lock);
	sluice_order_sift(&spooler->queue, owner);
	while (spooler->is_busy) {
		pthread_cond_wait(&spooler->done, &spooler->lock);
		sluice_order_sift(&spooler->queue, owner);
	}
	pthread_mutex_unlock(&spooler->lock);
	sluice_thread_goes_back(before);
	sluice_completions_forget(&spooler->completions[worker], owner);
}

bool sluice_spooler_is_newest_first(const struct sluice_spooler *spooler)
{
	return sluice_load_relaxed(&spooler->newest_first);
}

void sluice_spooler_marks(const struct sluice_spooler *spooler, unsigned int *begin,
			  unsigned int *end)
{
	*begin = sluice_load_relaxed(&spooler->begin);
	*end = sluice_load_relaxed(&spooler->end);
}

/* Takes the store; whoever has it may be waiting for the disk. */
static void take_store(struct sluice_spooler *spooler)
{
	enum sluice_thread_state before = sluice_thread_enters(SLUICE_THREAD_OTHER);

	pthread_mutex_lock(&spooler->store);
	sluice_thread_goes_back(before);
}

struct sluice_spool *sluice_spooler_lock(struct sluice_spooler *spooler)
{
	take_store(spooler);
	return spooler->spool;
}

void sluice_spooler_unlock(struct sluice_spooler *spooler)
{
	pthread_mutex_unlock(&spooler->store);
}

struct sluice_disk_picture *sluice_spooler_picture(struct sluice_spooler *spooler)
{
	return sluice_disk_pictures_get(&spooler->pictures, &spooler->store, spooler->spool);
}

void sluice_spooler_alarms(const struct sluice_spooler *spooler, uint64_t *alarms, uint32_t *raised)
{
	sluice_alarm_count(&spooler->alarms.failing, alarms, raised);
	sluice_alarm_count(&spooler->alarms.full, alarms, raised);
	sluice_alarm_count(&spooler->alarms.level, alarms, raised);
	sluice_alarm_count(&spooler->alarms.dropping, alarms, raised);
}

void sluice_spooler_figures(struct sluice_spooler *spooler, struct sluice_spool_figures *figures,
			    uint64_t *alarms, uint32_t *raised)
{
	take_store(spooler);
	sluice_spool_figures(spooler->spool, figures);
	pthread_mutex_unlock(&spooler->store);
	sluice_spooler_alarms(spooler, alarms, raised);
}

void sluice_spooler_retune(struct sluice_spooler *spooler, const struct sluice_config_store *config)
{
	sluice_store_relaxed(&spooler->rate, (uint64_t)config->disk_rate);
	sluice_store_relaxed(&spooler->newest_first, config->drain == SLUICE_DRAIN_NEWEST);
	sluice_store_relaxed(&spooler->alarm, config->disk_alarm);
	sluice_store_relaxed(&spooler->drops_oldest, config->drop == SLUICE_DROP_OLDEST);
	sluice_store_relaxed(&spooler->begin, config->spool_begin);
	sluice_store_relaxed(&spooler->end, config->spool_end);
}

int sluice_spooler_extend(struct sluice_spooler *spooler, const struct sluice_config_store *config,
			  char **error)
{
	int result;

	/* One segment at a time: whoever waits for the store has it in between. */
	do {
		result = sluice_spool_extend(sluice_spooler_lock(spooler), config->disk_size,
					     config->disk_segment, error);
		sluice_spooler_unlock(spooler);
	} while (result > 0);
	return result;
}

void sluice_spooler_fit(struct sluice_spooler *spooler, const struct sluice_config_store *config)
{
	sluice_spool_resize(sluice_spooler_lock(spooler), config->disk_size, config->disk_segment);
	sluice_disk_pictures_take(&spooler->pictures, spooler->spool);
	sluice_spooler_unlock(spooler);
}

void sluice_spooler_hurry(struct sluice_spooler *spooler)
{
	sluice_store_relaxed(&spooler->rate, (uint64_t)0);
	sluice_store_relaxed(&spooler->drops_oldest, false);
}

/* How many bytes may be written now. */
static uint64_t allowance(struct sluice_spooler *spooler)
{
	uint64_t rate = sluice_load_relaxed(&spooler->rate), now = sluice_now(), most;

	if (!rate)
		return BATCH;
	/* A burst of a tenth of a second, but a frame at least. */
	most = rate / 10 > SLUICE_SPOOL_PAYLOAD_MAX ? rate / 10 : SLUICE_SPOOL_PAYLOAD_MAX;
	if (now - spooler->filled > SLUICE_NS_PER_S)
		spooler->filled = now - SLUICE_NS_PER_S;
	spooler->tokens += (uint64_t)((double)(now - spooler->filled) * (double)rate / 1e9);
	spooler->filled = now;
	if (spooler->tokens > most)
		spooler->tokens = most;
	return spooler->tokens < BATCH ? spooler->tokens : BATCH;
}

/* Appends the orders of a list and makes them durable. 0, or what failed; then none of them is, but
 * where there is no room, or no memory: those before *failed are, or NULL: none. */
static int write_batch(struct sluice_spooler *spooler, struct sluice_order *list,
		       struct sluice_order **failed)
{
	struct sluice_order *order;
	struct timespec now;
	int error = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	for (order = list; order && !error; order = order->next) {
		struct sluice_spool_frame frame = {
			.offset = order->start,
			.span = order->end - order->start,
			.length = (uint32_t)(order->end - order->start),
			.count = order->count,
			.type = SLUICE_SPOOL_DATA,
			.time_ns = (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec,
		};

		error = sluice_spool_append(spooler->spool, order->log, &frame, order->bytes,
					    (const sluice_guid *)order->outputs,
					    order->output_count);
		sluice_cost_count(SLUICE_COST_SPOOL, order->count, order->end - order->start);
		order->serial = sluice_spool_serial(spooler->spool);
		*failed = order;
	}
	if (!error) {
		/* If that fails, even for want of room, nothing of the batch is durable. */
		*failed = NULL;
		return sluice_spool_commit(spooler->spool);
	}
	/* The disk itself may have said that: then nothing is pending any more. */
	if ((error != -ENOSPC && error != -ENOMEM) || !sluice_spool_is_pending(spooler->spool) ||
	    sluice_spool_commit(spooler->spool))
		*failed = NULL;
	return error;
}

/* A checkpoint is due after so long, if none is earlier. */
static void plan_checkpoint(struct sluice_spooler *spooler, uint64_t after)
{
	uint64_t at = sluice_now() + after;

	if (!spooler->next_checkpoint || spooler->next_checkpoint > at)
		spooler->next_checkpoint = at;
}

/* Writes what is in the list and answers it. */
static void write_all(struct sluice_spooler *spooler, struct sluice_order *list)
{
	struct sluice_order *order, *next, *failed = NULL;
	int error = -ENOSPC, resting, tries;

	take_store(spooler);
	sluice_spool_drop_oldest(spooler->spool, sluice_load_relaxed(&spooler->drops_oldest));
	for (tries = 0; tries < TRIES; tries++) {
		failed = NULL;
		error = write_batch(spooler, list, &failed);
		if (!error || error == -ENOSPC || error == -ENOMEM)
			break;
	}
	resting = sluice_spool_resting(spooler->spool);
	/* The disk itself may be without room, although segments are free; or it fails, and they
	 * rest. */
	if (error != -ENOSPC || sluice_spool_has_room(spooler->spool, SLUICE_SPOOL_PAYLOAD_MAX))
		sluice_alarm_writing(&spooler->alarms.failing, error);
	else if (resting)
		sluice_alarm_writing(&spooler->alarms.failing, resting);
	else
		sluice_alarm_full(&spooler->alarms.full, true, false);
	pthread_mutex_unlock(&spooler->store);
	if (!error || failed)
		plan_checkpoint(spooler, LIST_NS);
	/* What fitted of a batch is there, and its outputs are to know, or nobody ever takes it. */
	for (order = list; order; order = next) {
		bool is_there = !error || (failed && order != failed);

		next = order->next;
		if (order == failed)
			failed = NULL;
		if (is_there && sluice_load_relaxed(&spooler->rate)) {
			uint64_t bytes = order->end - order->start;

			spooler->tokens -= bytes < spooler->tokens ? bytes : spooler->tokens;
		}
		order->result = is_there ? 0 : error;
		answer(spooler, order);
	}
}

/* Reads the frames from order->start on, until order->end, and answers with each: while one is
 * checked, the disk is busy with those that follow. */
static void read_frames(struct sluice_spooler *spooler, struct sluice_order *order)
{
	struct sluice_order *answers[SLUICE_ORDER_FRAMES];
	uint8_t *buffers[SLUICE_ORDER_FRAMES];
	size_t number,
		count = order->count < SLUICE_ORDER_FRAMES ? order->count : SLUICE_ORDER_FRAMES;
	int error;

	count = sluice_order_answers(order, answers, buffers, count);
	take_store(spooler);
	(void)sluice_spool_read_ahead(spooler->spool, order->log, order->start, order->end, buffers,
				      count);
	pthread_mutex_unlock(&spooler->store);
	for (number = 0; number < count && order->start < order->end; number++) {
		struct sluice_order *one = answers[number];

		take_store(spooler);
		error = sluice_spool_read(spooler->spool, order->log, order->start, one->memory,
					  &one->frame, &one->payload);
		pthread_mutex_unlock(&spooler->store);
		if (error)
			break;
		order->start = one->frame.offset + one->frame.span;
		answer(spooler, one);
	}
	take_store(spooler);
	sluice_spool_settle(spooler->spool);
	pthread_mutex_unlock(&spooler->store);
	for (; number < count; number++)
		sluice_order_free(answers[number]);
	order->last = true;
	answer(spooler, order);
}

/* Applies what was acknowledged. */
static void acknowledge(struct sluice_spooler *spooler, struct sluice_order *order)
{
	take_store(spooler);
	(void)sluice_spool_acknowledge(spooler->spool, order->log, order->output, order->start,
				       order->end);
	pthread_mutex_unlock(&spooler->store);
	plan_checkpoint(spooler, CHECKPOINT_NS);
	sluice_order_free(order);
}

/* Takes out of the queue what can be done now: all reads and acknowledgements, and writes as far as
 * the rate goes. */
static struct sluice_order *take_orders(struct sluice_spooler *spooler)
{
	struct sluice_order *taken = NULL, **end = &taken, **link = &spooler->queue.first, *order;
	uint64_t budget = spooler->queue.first ? allowance(spooler) : 0, bytes;
	bool closed = false;

	spooler->queue.last = NULL;
	while ((order = *link)) {
		if (order->kind == SLUICE_ORDER_WRITE) {
			bytes = order->end - order->start;
			closed |= bytes > budget;
			if (closed) {
				spooler->queue.last = order;
				link = &order->next;
				continue;
			}
			budget -= bytes;
		}
		*link = order->next;
		order->next = NULL;
		*end = order;
		end = &order->next;
	}
	return taken;
}

/* Does what was taken out: acknowledgements first, they make room; then reads, then all writes
 * together. */
static void work(struct sluice_spooler *spooler, struct sluice_order *list)
{
	struct sluice_order *writes = NULL, **end = &writes, *reads = NULL, **more = &reads, *next;

	for (; list; list = next) {
		next = list->next;
		list->next = NULL;
		if (list->kind == SLUICE_ORDER_ACKNOWLEDGE) {
			acknowledge(spooler, list);
		} else if (list->kind == SLUICE_ORDER_READ) {
			*more = list;
			more = &list->next;
		} else {
			*end = list;
			end = &list->next;
		}
	}
	for (; reads; reads = next) {
		next = reads->next;
		read_frames(spooler, reads);
	}
	if (writes)
		write_all(spooler, writes);
}

/* Writes a checkpoint when it is time, and zeros where there is nothing else to do. */
static void tidy(struct sluice_spooler *spooler, bool is_idle)
{
	struct sluice_spool_figures figures;
	int error = 0;

	take_store(spooler);
	if (sluice_now() >= spooler->next_look) {
		spooler->next_look = sluice_now() + CHECKPOINT_NS;
		sluice_spool_figures(spooler->spool, &figures);
		sluice_alarm_look(&spooler->alarms, &figures, sluice_load_relaxed(&spooler->alarm),
				  sluice_load_relaxed(&spooler->drops_oldest));
	}
	if (spooler->next_checkpoint && sluice_now() >= spooler->next_checkpoint) {
		spooler->next_checkpoint = 0;
		error = sluice_spool_note(spooler->spool);
		if (error)
			spooler->next_checkpoint = sluice_now() + CHECKPOINT_NS;
		/* That frames can be written again, or not, their own writing tells. */
		if (error || spooler->is_unnoted)
			sluice_alarm_writing(&spooler->alarms.failing, error);
		spooler->is_unnoted = error != 0;
	} else if (is_idle) {
		(void)sluice_spool_touch(spooler->spool);
	}
	sluice_disk_pictures_take_wanted(&spooler->pictures, spooler->spool);
	pthread_mutex_unlock(&spooler->store);
}

/* Waits until something comes, or a while. */
static void wait_a_while(struct sluice_spooler *spooler, bool has_writes)
{
	/* Writes that wait for the rate are looked at soon. */
	uint64_t at = sluice_now() + (has_writes ? 2 * SLUICE_NS_PER_MS : CHECKPOINT_NS);
	const struct timespec until = {.tv_sec = (time_t)(at / SLUICE_NS_PER_S),
				       .tv_nsec = (long)(at % SLUICE_NS_PER_S)};

	sluice_thread_sleeps();
	(void)pthread_cond_timedwait(&spooler->came, &spooler->lock, &until);
	(void)sluice_thread_wakes();
}

/* The thread. */
static void *thread_main(void *argument)
{
	struct sluice_spooler *spooler = argument;
	struct sluice_order *list;
	bool ended = false, waited = false;

	(void)sluice_thread_begin(SLUICE_THREAD_SPOOLER, "sluice-spool", NULL, NULL);
	sluice_treatment_begin(SLUICE_CLASS_SPOOLER, 0);
	while (!ended) {
		sluice_thread_progress(sluice_now());
		pthread_mutex_lock(&spooler->lock);
		list = take_orders(spooler);
		if (!list && !spooler->ended) {
			waited = true;
			wait_a_while(spooler, spooler->queue.first != NULL);
			list = take_orders(spooler);
		}
		ended = spooler->ended && !list;
		spooler->is_busy = list != NULL;
		pthread_mutex_unlock(&spooler->lock);
		if (list)
			work(spooler, list);
		tidy(spooler, waited && !list);
		waited = false;
		pthread_mutex_lock(&spooler->lock);
		spooler->is_busy = false;
		pthread_cond_broadcast(&spooler->done);
		pthread_mutex_unlock(&spooler->lock);
	}
	sluice_treatment_end();
	sluice_thread_end();
	return NULL;
}

/* Makes the completions of `count` workers. 0 or a negative errno. */
static int make_completions(struct sluice_spooler *spooler, size_t count)
{
	if (count > SLUICE_WORKERS_MAX)
		return -EINVAL;
	for (; spooler->worker_count < count; spooler->worker_count++) {
		int error = sluice_completions_open(&spooler->completions[spooler->worker_count]);

		if (error)
			return error;
	}
	return 0;
}

int sluice_spooler_reserve(struct sluice_spooler *spooler, size_t workers)
{
	return make_completions(spooler, workers);
}

int sluice_spooler_start(const struct sluice_config_store *config, const char *stand_in,
			 size_t workers, struct sluice_spooler **result, char **error)
{
	struct sluice_spool_options options;
	struct sluice_spooler *spooler;
	pthread_condattr_t attributes;
	sigset_t all, before;
	int failure;

	if (!config || !config->disk_path || !workers || !result)
		return -EINVAL;
	options = (struct sluice_spool_options){.path = config->disk_path,
						.size = config->disk_size,
						.segment = config->disk_segment,
						.stand_in = stand_in};
	spooler = calloc(1, sizeof(*spooler));
	if (!spooler)
		return -ENOMEM;
	pthread_mutex_init(&spooler->lock, NULL);
	pthread_mutex_init(&spooler->store, NULL);
	pthread_mutex_init(&spooler->pictures.lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&spooler->came, &attributes);
	pthread_cond_init(&spooler->done, &attributes);
	pthread_condattr_destroy(&attributes);
	spooler->filled = sluice_now();
	sluice_spooler_retune(spooler, config);
	/* Workers know theirs, and the thread looks there: they stay where they are. */
	spooler->completions = calloc(SLUICE_WORKERS_MAX, sizeof(*spooler->completions));
	failure = spooler->completions ? make_completions(spooler, workers) : -ENOMEM;
	if (!failure)
		failure = sluice_spool_open(&options, &spooler->spool, error);
	if (failure)
		goto free;
	sluice_disk_pictures_take(&spooler->pictures, spooler->spool);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* What an earlier process could not write there. */
	if (sluice_spool_needs_checkpoint(spooler->spool))
		plan_checkpoint(spooler, CHECKPOINT_NS);
	failure = -pthread_create(&spooler->thread, NULL, thread_main, spooler);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failure)
		goto free;
	spooler->is_running = true;
	*result = spooler;
	return 0;

free:
	sluice_spooler_stop(spooler);
	sluice_spooler_free(spooler);
	return failure;
}

/* Ends the thread. Returns the store, which is the caller's now. */
static struct sluice_spool *end_thread(struct sluice_spooler *spooler)
{
	struct sluice_spool *spool;

	if (!spooler)
		return NULL;
	if (spooler->is_running) {
		pthread_mutex_lock(&spooler->lock);
		spooler->ended = true;
		pthread_cond_signal(&spooler->came);
		pthread_mutex_unlock(&spooler->lock);
		pthread_join(spooler->thread, NULL);
		spooler->is_running = false;
	}
	spool = spooler->spool;
	spooler->spool = NULL;
	return spool;
}

void sluice_spooler_stop(struct sluice_spooler *spooler)
{
	sluice_spool_close(end_thread(spooler));
}

bool sluice_spooler_abolish(struct sluice_spooler *spooler)
{
	return sluice_spool_abolish(end_thread(spooler));
}

void sluice_spooler_calm(struct sluice_spooler *spooler)
{
	sluice_alarm_leave(&spooler->alarms);
}

void sluice_spooler_free(struct sluice_spooler *spooler)
{
	size_t number;

	if (!spooler)
		return;
	for (number = 0; number < spooler->worker_count; number++)
		sluice_completions_close(&spooler->completions[number]);
	sluice_order_free_all(spooler->queue.first);
	free(spooler->completions);
	pthread_cond_destroy(&spooler->came);
	pthread_cond_destroy(&spooler->done);
	pthread_mutex_destroy(&spooler->lock);
	pthread_mutex_destroy(&spooler->store);
	sluice_disk_pictures_free(&spooler->pictures);
	free(spooler);
}
