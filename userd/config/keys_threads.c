// SPDX-License-Identifier: MIT
/*
 * The keys of `threads`, beside keys.c: how the scheduler treats each class of thread and on which
 * CPUs it runs. Those of a class are made of the rows of thread_rows.h. Touches: nothing but
 * memory.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "draft.h"
#include "size.h"
#include "suggest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DRAFT(member) offsetof(struct sluice_draft, member)

#define NICE_MIN (-20L)
#define NICE_MAX 19L

static const struct sluice_choice policies[] = {
	{"other", SLUICE_POLICY_OTHER, false}, {"batch", SLUICE_POLICY_BATCH, false},
	{"idle", SLUICE_POLICY_IDLE, false},   {"fifo", SLUICE_POLICY_FIFO, false},
	{"rr", SLUICE_POLICY_RR, false},       {NULL, 0, false},
};

const char *sluice_config_policy_name(enum sluice_policy policy)
{
	return sluice_choice_name(policies, (int)policy);
}

const char *sluice_config_thread_word(enum sluice_thread_class class)
{
	static const char *const words[] = {
#define THREAD(CLASS, word, name, cpus, what) [SLUICE_CLASS_##CLASS] = (word),
#include "thread_rows.h"
#undef THREAD
	};

	return class < SLUICE_THREADS ? words[class] : "?";
}

/* A number from -20 to 19. [int] */
static void read_nice(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT], *end;
	long number;
	int nice;

	if (!text)
		return;
	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < NICE_MIN || number > NICE_MAX) {
		sluice_reader_fault(reader, key, node,
				    "%s is not a valid value (valid values: -20 to 19, the lower "
				    "the more of the processor)",
				    sluice_quote(text, quoted));
		return;
	}
	nice = (int)number;
	memcpy((char *)object + key->offset, &nice, sizeof(nice));
}

/* `priority`. [unsigned int] */
static void read_priority(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT];
	unsigned int priority;
	uint64_t number;

	if (!text)
		return;
	if (sluice_number_parse(text, &number) || number < key->minimum || number > key->maximum) {
		sluice_reader_fault(reader, key, node,
				    "%s is not a valid value (valid values: 1 to 99, the higher "
				    "the sooner it runs)",
				    sluice_quote(text, quoted));
		return;
	}
	priority = (unsigned int)number;
	memcpy((char *)object + key->offset, &priority, sizeof(priority));
}

/* Reads a CPU's number at *at and moves *at behind it. -1: there is none. */
static long read_number(const char **at)
{
	unsigned long number;
	char *end;

	if (!isdigit((unsigned char)**at))
		return -1;
	errno = 0;
	number = strtoul(*at, &end, 10);
	*at = end;
	return errno || number >= CPU_SETSIZE ? -1 : (long)number;
}

bool sluice_cpus_parse(const char *text, cpu_set_t *set)
{
	long first, last;

	if (!text || !set)
		return false;
	for (;;) {
		text += strspn(text, " \t");
		first = last = read_number(&text);
		if (*text == '-') {
			text++;
			last = read_number(&text);
		}
		if (first < 0 || last < first)
			return false;
		for (; first <= last; first++)
			CPU_SET((size_t)first, set);
		text += strspn(text, " \t\n");
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
}

char *sluice_cpus_format(const cpu_set_t *set, char text[SLUICE_CPUS_TEXT])
{
	size_t cpu, last, used = 0;
	int length;

	*text = '\0';
	for (cpu = 0; cpu < CPU_SETSIZE; cpu = last + 1) {
		last = cpu;
		if (!CPU_ISSET(cpu, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		length = snprintf(text + used, SLUICE_CPUS_TEXT - used, "%s%zu", used ? "," : "",
				  cpu);
		used += (size_t)length;
		if (used < SLUICE_CPUS_TEXT && last > cpu) {
			length = snprintf(text + used, SLUICE_CPUS_TEXT - used, "-%zu", last);
			used += (size_t)length;
		}
		/* What is so much in pieces that it does not fit ends in dots. */
		if (used >= SLUICE_CPUS_TEXT) {
			memcpy(text + SLUICE_CPUS_TEXT - 4, "...", 4);
			break;
		}
	}
	return text;
}

/* One entry of `cpus`. [struct sluice_config_thread] */
static void read_cpus_item(struct sluice_reader *reader, const struct sluice_key *key,
			   const yaml_node_t *node, void *object)
{
	struct sluice_config_thread *thread = (void *)((char *)object + key->offset);
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT];

	if (text && !sluice_cpus_parse(text, &thread->cpus))
		sluice_reader_fault(reader, key, node,
				    "%s are no CPUs: write numbers from 0 to %d and ranges of "
				    "them, like 0-3,8",
				    sluice_quote(text, quoted), CPU_SETSIZE - 1);
	else if (text)
		thread->has_cpus = true;
}

/* `cpus`: CPUs, or a list of them. [struct sluice_config_thread] */
static void read_cpus(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	sluice_reader_items(reader, key, node, object, read_cpus_item);
}

/* `busy-poll`: off, or how much of a CPU. [unsigned int, percent] */
static void read_share(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT];
	unsigned int percent = 0;

	if (!text)
		return;
	if (strcasecmp(text, "off") != 0 && strcasecmp(text, "false") != 0 &&
	    (sluice_percent_parse(text, &percent) || percent < 1)) {
		sluice_reader_fault(reader, key, node,
				    "%s is not a valid value (valid values: off, or 1%% to 100%% "
				    "of each worker's CPU)",
				    sluice_quote(text, quoted));
		return;
	}
	memcpy((char *)object + key->offset, &percent, sizeof(percent));
}

#define THREAD(CLASS, word, name, anywhere, what)                                    \
	static const struct sluice_key keys_of_##CLASS[] = {                         \
		{.path = "threads." word ".policy",                                  \
		 .does = "how the scheduler treats what " what,                      \
		 .fallback = "other",                                                \
		 .read = sluice_read_choice,                                         \
		 .offset = DRAFT(threads.of[SLUICE_CLASS_##CLASS].policy),           \
		 .place = DRAFT(threads.of[SLUICE_CLASS_##CLASS].policy_place),      \
		 .choices = policies},                                               \
		{.path = "threads." word ".priority",                                \
		 .does = "of fifo and rr: the higher, the sooner it runs",           \
		 .otherwise = "1 with fifo and rr",                                  \
		 .form = "a number from 1 to 99",                                    \
		 .read = read_priority,                                              \
		 .offset = DRAFT(threads.of[SLUICE_CLASS_##CLASS].priority),         \
		 .place = DRAFT(threads.of[SLUICE_CLASS_##CLASS].priority_place),    \
		 .minimum = 1,                                                       \
		 .maximum = 99},                                                     \
		{.path = "threads." word ".nice",                                    \
		 .does = "of other and batch: the lower, the more of the processor", \
		 .fallback = "0",                                                    \
		 .form = "a number from -20 to 19",                                  \
		 .read = read_nice,                                                  \
		 .offset = DRAFT(threads.of[SLUICE_CLASS_##CLASS].nice),             \
		 .place = DRAFT(threads.of[SLUICE_CLASS_##CLASS].nice_place)},       \
		{.path = "threads." word ".cpus",                                    \
		 .does = "where it runs",                                            \
		 .otherwise = (anywhere),                                            \
		 .form = "numbers and ranges of CPUs, like 0-3,8",                   \
		 .read = read_cpus,                                                  \
		 .offset = DRAFT(threads.of[SLUICE_CLASS_##CLASS]),                  \
		 .place = DRAFT(threads.of[SLUICE_CLASS_##CLASS].cpus_place)},       \
	};                                                                           \
	static const struct sluice_key_table table_of_##CLASS = {                    \
		"threads." word, "threads." word, keys_of_##CLASS, COUNT(keys_of_##CLASS)};
#include "thread_rows.h"
#undef THREAD

static const struct sluice_key threads_keys[] = {
#define THREAD(CLASS, word, name, anywhere, what) \
	{.path = "threads." word,                 \
	 .does = "what " what,                    \
	 .read = sluice_read_nested,              \
	 .table = &table_of_##CLASS},
#include "thread_rows.h"
#undef THREAD
	{.path = "threads.busy-poll",
	 .does = "how much of its CPU a worker looks for data with instead of sleeping",
	 .fallback = "off",
	 .form = "off, or from 1% to 100%",
	 .read = read_share,
	 .offset = DRAFT(threads.busy_poll)},
};

const struct sluice_key_table sluice_threads_table = {"threads", "threads", threads_keys,
						      COUNT(threads_keys)};

void sluice_threads_settle(const struct sluice_reader *reader, struct sluice_draft *draft)
{
	unsigned int class;

	for (class = 0; class < SLUICE_THREADS; class ++) {
		struct sluice_config_thread *thread = &draft->threads.of[class];
		const char *word = sluice_config_thread_word(class);
		bool is_timed = sluice_policy_is_realtime(thread->policy);

		if (thread->priority && !is_timed)
			sluice_findings_add(reader->findings, SLUICE_FINDING_ERROR,
					    &thread->priority_place,
					    "threads.%s.priority: only fifo and rr have one: set "
					    "threads.%s.policy, or use threads.%s.nice",
					    word, word, word);
		if (thread->nice && (is_timed || thread->policy == SLUICE_POLICY_IDLE))
			sluice_findings_add(reader->findings, SLUICE_FINDING_ERROR,
					    &thread->nice_place,
					    "threads.%s.nice: with policy %s it means nothing: "
					    "leave it out, or use other or batch",
					    word, sluice_config_policy_name(thread->policy));
		if (is_timed && !thread->priority)
			thread->priority = 1;
	}
}
