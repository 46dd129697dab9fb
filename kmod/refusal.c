// SPDX-License-Identifier: GPL-2.0
/*
 * Extended error texts that are put together: a refusal names what it is about.
 *
 * netlink keeps only a pointer to the text until it has written the acknowledgment, after the
 * family's handler returned and its lock was dropped. The kernel's own formatted texts hold 80
 * bytes where they exist, two GUIDs and two names need more. So the text lies in one of a number of
 * slots, and the slot used longest ago is taken for the next: to overwrite a text that is still
 * being read, as many other tasks as there are slots would have to be refused while one
 * acknowledgment is written. The task that asked is remembered, so that one that is refused again
 * and again, as a fuzzer is, uses its own slot again. A slot always ends in NUL.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <net/genetlink.h>
#include "sluice.h"

#define REFUSAL_SLOTS 128
#define REFUSAL_SIZE 400

/* One text. @task is compared, never followed. */
struct refusal {
	const struct task_struct *task;
	u64 used;
	char text[REFUSAL_SIZE];
};

static struct refusal refusals[REFUSAL_SLOTS];
static u64 refusal_count;
static DEFINE_SPINLOCK(refusal_lock);

/* The slot for the next text of this task. refusal_lock held. */
static struct refusal *refusal_slot(void)
{
	struct refusal *oldest = &refusals[0];
	unsigned int slot;

	for (slot = 0; slot < REFUSAL_SLOTS; slot++) {
		if (refusals[slot].task == current)
			return &refusals[slot];
		if (refusals[slot].used < oldest->used)
			oldest = &refusals[slot];
	}
	return oldest;
}

/**
 * sluice_refuse() - say why a request is refused
 * @info:      the request
 * @attribute: what of it is at fault, or NULL
 * @format:    a sentence, as for printf()
 *
 * Context: process, in the handler of a request.
 */
void sluice_refuse(struct genl_info *info, const struct nlattr *attribute, const char *format, ...)
{
	struct refusal *refusal;
	va_list arguments;

	if (!info->extack)
		return;
	spin_lock(&refusal_lock);
	refusal = refusal_slot();
	refusal->task = current;
	refusal->used = ++refusal_count;
	va_start(arguments, format);
	vsnprintf(refusal->text, sizeof(refusal->text), format, arguments);
	va_end(arguments);
	spin_unlock(&refusal_lock);
	info->extack->_msg = refusal->text;
	if (attribute)
		NL_SET_BAD_ATTR(info->extack, attribute);
}
