// SPDX-License-Identifier: MIT
/*
 * Memory for small objects; see pool.h. Pieces of a size are cut out of blocks and, given back,
 * wait in a list for the next who wants that size. Touches: nothing but memory.
 */
#include "pool.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define STEP 16U		 /* sizes are multiples of it */
#define CLASSES 32U		 /* those of up to 512 bytes; greater ones are malloc()'s */
#define BLOCK ((size_t)64 << 10) /* bytes that are cut up at once */

/* What stands before each piece; its size keeps pieces aligned for anything. */
union head {
	size_t class;	  /* of a piece that is taken; CLASSES: malloc()'s */
	union head *next; /* of one that waits */
	max_align_t alignment;
};

static union head *waiting[CLASSES];
static char *block; /* what is left of the one that is cut up */
static size_t left;

/* A new piece of a class. NULL: no memory. */
static union head *cut(size_t class)
{
	size_t size = sizeof(union head) + (class + 1) * STEP;
	union head *head;

	if (left < size) {
		block = malloc(BLOCK);
		left = block ? BLOCK : 0;
		if (!block)
			return NULL;
	}
	head = (union head *)(void *)block;
	block += size;
	left -= size;
	return head;
}

void *sluice_top_pool_take(size_t size)
{
	size_t class = size ? (size - 1) / STEP : 0;
	union head *head;

	if (size > SIZE_MAX - sizeof(*head))
		return NULL;
	if (class >= CLASSES) {
		head = malloc(sizeof(*head) + size);
		class = CLASSES;
	} else if (waiting[class]) {
		head = waiting[class];
		waiting[class] = head->next;
	} else {
		head = cut(class);
	}
	if (!head)
		return NULL;
	head->class = class;
	return head + 1;
}

void sluice_top_pool_give(void *piece)
{
	union head *head = piece;
	size_t class;

	if (!piece)
		return;
	head--;
	class = head->class;
	if (class == CLASSES) {
		free(head);
		return;
	}
	head->next = waiting[class];
	waiting[class] = head;
}
