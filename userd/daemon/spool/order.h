/* SPDX-License-Identifier: MIT */
/*
 * Orders: what a worker wants the spooler's thread to do, and the answer, which is the same order
 * with the result in it. Between workers and the spooler; an order has one owner at a time.
 * Touches: memory.
 */
#ifndef SLUICE_ORDER_H
#define SLUICE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/guid.h"
#include "spool/spool.h"

/* Frames that one order to read brings at most. */
#define SLUICE_ORDER_FRAMES 6U

enum sluice_order_kind { SLUICE_ORDER_WRITE, SLUICE_ORDER_READ, SLUICE_ORDER_ACKNOWLEDGE };

struct sluice_order {
	struct sluice_order *next;
	enum sluice_order_kind kind;
	/* Who gets the answer, in which worker. Never called for what was acknowledged. */
	void *owner;
	unsigned int worker;
	void (*answer)(struct sluice_order *order, uint64_t now); /* @context worker */
	void *reader;						  /* READ: for `answer` */
	struct sluice_spool_log *log;
	uint64_t start, end;
	uint64_t sequence; /* WRITE: of `end` */
	uint32_t count;	   /* WRITE: records; READ: frames at most */
	const uint8_t *bytes;
	sluice_guid output;
	sluice_guid *outputs; /* WRITE: who waits for it; @owner the order */
	size_t output_count;
	/* The answer */
	int result;
	uint64_t serial;
	/* READ: a frame, or NULL; in memory that the order owns until somebody takes it */
	uint8_t *memory;
	const uint8_t *payload;
	struct sluice_spool_frame frame;
	bool last; /* of an order to read */
};

/* A list of orders, first in, first out. All zero: empty. */
struct sluice_order_list {
	struct sluice_order *first, *last;
};

/* Frees an order. NULL is allowed. */
void sluice_order_free(struct sluice_order *order);

/* Makes the answers that an order to read may have, with memory for a frame each: `count` at most.
 * Returns how many. @owner caller: each with its memory, sluice_order_free() */
size_t sluice_order_answers(const struct sluice_order *order, struct sluice_order **answers,
			    uint8_t **buffers, size_t count);

/* Puts an order at the end of a list. The caller holds the list's lock. */
void sluice_order_append(struct sluice_order_list *list, struct sluice_order *order);

/* Takes the orders of `owner` out of a list, but for what was acknowledged, and frees them. The
 * caller holds the list's lock. */
void sluice_order_sift(struct sluice_order_list *list, const void *owner);

/* Frees a chain of orders; NULL is an empty one. */
void sluice_order_free_all(struct sluice_order *order);

#endif /* SLUICE_ORDER_H */
