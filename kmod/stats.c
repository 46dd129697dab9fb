// SPDX-License-Identifier: GPL-2.0
/*
 * Counters for people and scripts: /proc/net/stat/sluice (for lnstat), /proc/net/sluice/rules and
 * streams, and debugfs sluice/rings. Generic netlink has the same numbers for programs.
 *
 * Reads everything, changes nothing.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/debugfs.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/user_namespace.h>
#include "sluice.h"

static struct dentry *debug_folder;

/* Names of rows of uapi/sluice/counters.h, for headings: " matched stored". */
#define HEADING(NAME, name, ...) " " #name

static const char stat_heading[] =
	SLUICE_CPU_RULE_COUNTERS(HEADING)
	SLUICE_DATAGRAM_COUNTERS(HEADING)
	SLUICE_LOST_COUNTERS(HEADING)
	SLUICE_CPU_RING_COUNTERS(HEADING) "\n";
static const char rules_heading[] =
	"id route input verdict ports destination source interface"
	SLUICE_DATAGRAM_COUNTERS(HEADING)
	SLUICE_LOST_COUNTERS(HEADING) " name\n";

/* Names of what a ring has, by enum sluice_ring_counter. */
#define ROW(NAME, name, ...) \
	[SLUICE_R_##NAME] = #name,
static const char *const ring_names[SLUICE_R_COUNT] = { SLUICE_RING_COUNTERS(ROW) };
#undef ROW

/* What a ring has in /proc/net/sluice/streams: so many, the first ones. */
#define STREAM_FIGURES (SLUICE_R_WAKES + 1)

/* Holds the namespace's lists while a file of it is read. */
static struct sluice_net *seq_lock(struct seq_file *seq)
{
	struct sluice_net *sn = sluice_net_of(seq_file_net(seq));

	mutex_lock(&sn->lock);
	return sn;
}

/* Lets go of them. */
static void seq_unlock(struct seq_file *seq, void *entry)
{
	mutex_unlock(&sluice_net_of(seq_file_net(seq))->lock);
}

/*
 * /proc/net/stat/sluice: position 0 is the row of names, position n CPU n - 1. The entry of a CPU
 * is its number + 2: neither NULL nor SEQ_START_TOKEN, which is 1.
 */
static void *stat_from(loff_t *position)
{
	if (!*position)
		return SEQ_START_TOKEN;
	for (; *position <= nr_cpu_ids; (*position)++) {
		if (cpu_possible(*position - 1))
			return (void *)(unsigned long)(*position + 1);
	}
	return NULL;
}

/* Begins to read /proc/net/stat/sluice at a position. */
static void *stat_start(struct seq_file *seq, loff_t *position)
{
	seq_lock(seq);
	return stat_from(position);
}

/* Goes on to the next row. */
static void *stat_next(struct seq_file *seq, void *entry, loff_t *position)
{
	(*position)++;
	return stat_from(position);
}

/*
 * One row: what the rules of the namespace counted on one CPU, those that are gone included. The
 * first column is not of the CPU: lnstat sums all columns over the rows but that one (as in
 * nf_conntrack's file, "entries").
 */
static int stat_show(struct seq_file *seq, void *entry)
{
	struct sluice_net *sn = sluice_net_of(seq_file_net(seq));
	struct sluice_cpu_figures figures;
	unsigned int cause;

	if (entry == SEQ_START_TOKEN) {
		seq_puts(seq, stat_heading + 1);
		return 0;
	}
	sluice_figures_cpu(sn, (unsigned long)entry - 2, &figures);
	seq_printf(seq, "%08x %016llx %016llx %016llx", figures.entries,
		   sluice_counts_matched(&figures.counts), figures.counts.stored,
		   figures.counts.stored_bytes);
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		seq_printf(seq, " %016llx", figures.counts.lost[cause]);
	seq_printf(seq, " %016llx %016llx\n", figures.gaps, figures.wakes);
	return 0;
}

static const struct seq_operations stat_operations = {
	.start = stat_start,
	.next = stat_next,
	.stop = seq_unlock,
	.show = stat_show,
};

/*
 * Lists by number: position 0 is the heading, position n the first entry whose number is at least n
 * - 1.
 */
static void *list_from(struct xarray *list, loff_t *position)
{
	unsigned long number;
	void *entry;

	if (!*position)
		return SEQ_START_TOKEN;
	number = *position - 1;
	entry = xa_find(list, &number, ULONG_MAX, XA_PRESENT);
	if (entry)
		*position = number + 1;
	return entry;
}

/* Begins to read the rules at a position. */
static void *rules_start(struct seq_file *seq, loff_t *position)
{
	return list_from(&seq_lock(seq)->rules, position);
}

/* Goes on to the next rule. */
static void *rules_next(struct seq_file *seq, void *entry, loff_t *position)
{
	(*position)++;
	return list_from(&sluice_net_of(seq_file_net(seq))->rules, position);
}

/* Prints a prefix, or "any". */
static void show_prefix(struct seq_file *seq, const struct sluice_prefix *prefix)
{
	if (!prefix->family)
		seq_puts(seq, " any");
	else if (prefix->family == 4)
		seq_printf(seq, " %pI4/%u", prefix->address, prefix->length);
	else
		seq_printf(seq, " %pI6c/%u", prefix->address, prefix->length);
}

/* Prints ports as "80,5000-5003". */
static void show_ports(struct seq_file *seq, const struct sluice_rule *rule)
{
	unsigned int range;

	for (range = 0; range < rule->range_count; range++) {
		seq_printf(seq, "%c%u", range ? ',' : ' ', rule->ranges[range].first);
		if (rule->ranges[range].last != rule->ranges[range].first)
			seq_printf(seq, "-%u", rule->ranges[range].last);
	}
}

/* /proc/net/sluice/rules: one rule; its name last, because it may contain spaces. */
static int rules_show(struct seq_file *seq, void *entry)
{
	const struct sluice_rule *rule = entry;
	struct sluice_counts counts;
	unsigned int cause;

	if (entry == SEQ_START_TOKEN) {
		seq_puts(seq, rules_heading);
		return 0;
	}
	seq_printf(seq, "%pUb %pUb %u %s", rule->guid, rule->route->guid, rule->input,
		   rule->verdict == SLUICE_VERDICT_STEAL ? "steal" : "copy");
	show_ports(seq, rule);
	show_prefix(seq, &rule->destination);
	show_prefix(seq, &rule->source);
	seq_printf(seq, " %s", rule->interface[0] ? rule->interface : "any");
	if (rule->interface[0] && !rule->ifindex)
		seq_puts(seq, "(absent)");
	sluice_rule_count(rule, &counts);
	seq_printf(seq, " %llu %llu %llu", sluice_counts_matched(&counts), counts.stored,
		   counts.stored_bytes);
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		seq_printf(seq, " %llu", counts.lost[cause]);
	seq_printf(seq, " %s\n", rule->name[0] ? rule->name : "-");
	return 0;
}

static const struct seq_operations rules_operations = {
	.start = rules_start,
	.next = rules_next,
	.stop = seq_unlock,
	.show = rules_show,
};

/* Begins to read the routes at a position. */
static void *streams_start(struct seq_file *seq, loff_t *position)
{
	return list_from(&seq_lock(seq)->routes, position);
}

/* Goes on to the next route. */
static void *streams_next(struct seq_file *seq, void *entry, loff_t *position)
{
	(*position)++;
	return list_from(&sluice_net_of(seq_file_net(seq))->routes, position);
}

/* One ring of /proc/net/sluice/streams; its route's name last, because it may contain spaces. */
static void streams_show_one(struct seq_file *seq, const struct sluice_route *route,
			     const struct sluice_ring *ring)
{
	u64 figures[SLUICE_R_COUNT];
	unsigned int place;

	sluice_figures_ring(ring, figures);
	seq_printf(seq, "%pUb %u %pUb %llu", route->guid, ring->cpu, ring->producer->stream,
		   ring->producer->epoch);
	for (place = 0; place < STREAM_FIGURES; place++)
		seq_printf(seq, " %llu", figures[place]);
	seq_printf(seq, " %s %s\n", figures[SLUICE_R_OWNED] ? "yes" : "no",
		   route->name[0] ? route->name : "-");
}

/* /proc/net/sluice/streams: the rings of one route. */
static int streams_show(struct seq_file *seq, void *entry)
{
	const struct sluice_route *route = entry;
	unsigned int cpu, place;

	if (entry == SEQ_START_TOKEN) {
		seq_puts(seq, "route cpu stream epoch");
		for (place = 0; place < STREAM_FIGURES; place++)
			seq_printf(seq, " %s", ring_names[place]);
		seq_puts(seq, " owned name\n");
		return 0;
	}
	for_each_possible_cpu(cpu) {
		const struct sluice_ring *ring = *per_cpu_ptr(route->rings, cpu);

		if (ring)
			streams_show_one(seq, route, ring);
	}
	return 0;
}

static const struct seq_operations streams_operations = {
	.start = streams_start,
	.next = streams_next,
	.stop = seq_unlock,
	.show = streams_show,
};

/* One ring, for debugfs: all that it has. */
static void rings_show_one(struct seq_file *seq, struct sluice_net *sn, struct sluice_ring *ring)
{
	u64 figures[SLUICE_R_COUNT];
	unsigned int place;

	sluice_figures_ring(ring, figures);
	seq_printf(seq, "net=%u route=%pUb cpu=%u", sn->net->ns.inum, ring->route_guid, ring->cpu);
	for (place = 0; place < SLUICE_R_COUNT; place++)
		seq_printf(seq, " %s=%llu", ring_names[place], figures[place]);
	seq_putc(seq, '\n');
}

/* One ring's line of the file of wakes. */
static void wakes_show_one(struct seq_file *seq, struct sluice_net *sn, struct sluice_ring *ring)
{
	unsigned int class;

	seq_printf(seq, "net=%u route=%pUb cpu=%u wakes=%llu timer_fires=%llu", sn->net->ns.inum,
		   ring->route_guid, ring->cpu, READ_ONCE(ring->producer->wakes),
		   READ_ONCE(ring->timer_fires));
	for (class = 0; class < SLUICE_BATCH_CLASSES; class++)
		seq_printf(seq, " batch_%llu=%llu", SLUICE_BATCH_LEAST(class),
			   READ_ONCE(ring->batches[class]));
	seq_putc(seq, '\n');
}

/* Calls @show for every ring of every namespace. */
static void each_ring(struct seq_file *seq,
		      void (*show)(struct seq_file *, struct sluice_net *, struct sluice_ring *))
{
	struct sluice_route *route;
	struct sluice_net *sn;
	unsigned long number;
	unsigned int cpu;

	mutex_lock(&sluice_nets_lock);
	list_for_each_entry(sn, &sluice_nets, list) {
		mutex_lock(&sn->lock);
		xa_for_each(&sn->routes, number, route) {
			for_each_possible_cpu(cpu) {
				if (*per_cpu_ptr(route->rings, cpu))
					show(seq, sn, *per_cpu_ptr(route->rings, cpu));
			}
		}
		mutex_unlock(&sn->lock);
	}
	mutex_unlock(&sluice_nets_lock);
}

/* debugfs sluice/rings: the inside of every ring of every namespace. */
static int rings_show(struct seq_file *seq, void *unused)
{
	each_ring(seq, rings_show_one);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rings);

/*
 * debugfs sluice/wakes: how often each consumer was woken, how often by the timer, and of how many
 * records it was told at once: batch_4=7 is seven times 4 to 7 records.
 */
static int wakes_show(struct seq_file *seq, void *unused)
{
	each_ring(seq, wakes_show_one);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(wakes);

/*
 * A file of the namespace's root user, for him and his group only: addresses are nobody else's
 * business.
 */
static bool make_file(struct sluice_net *sn, const char *name, struct proc_dir_entry *folder,
		      const struct seq_operations *operations)
{
	struct proc_dir_entry *entry;
	kuid_t user = make_kuid(sn->net->user_ns, 0);
	kgid_t group = make_kgid(sn->net->user_ns, 0);

	entry = proc_create_net(name, 0440, folder, operations, sizeof(struct seq_net_private));
	if (!entry)
		return false;
	if (uid_valid(user) && gid_valid(group))
		proc_set_user(entry, user, group);
	return true;
}

/**
 * sluice_stats_net_init() - make the files of a namespace
 * @sn: the namespace
 *
 * Return: 0 or -ENOMEM.
 * Context: process.
 */
int sluice_stats_net_init(struct sluice_net *sn)
{
	struct proc_dir_entry *folder;

	if (!proc_create_net("sluice", 0444, sn->net->proc_net_stat, &stat_operations,
			     sizeof(struct seq_net_private)))
		return -ENOMEM;
	folder = proc_net_mkdir(sn->net, "sluice", sn->net->proc_net);
	if (folder && make_file(sn, "rules", folder, &rules_operations) &&
	    make_file(sn, "streams", folder, &streams_operations))
		return 0;
	sluice_stats_net_exit(sn);
	return -ENOMEM;
}

/**
 * sluice_stats_net_exit() - undo sluice_stats_net_init()
 * @sn: the namespace
 *
 * Context: process.
 */
void sluice_stats_net_exit(struct sluice_net *sn)
{
	remove_proc_subtree("sluice", sn->net->proc_net);
	remove_proc_entry("sluice", sn->net->proc_net_stat);
}

/**
 * sluice_stats_init() - make the debugfs files
 *
 * Return: 0: a kernel without debugfs is fine.
 * Context: process, module load.
 */
int sluice_stats_init(void)
{
	debug_folder = debugfs_create_dir("sluice", NULL);
	debugfs_create_file("rings", 0400, debug_folder, NULL, &rings_fops);
	debugfs_create_file("wakes", 0400, debug_folder, NULL, &wakes_fops);
	return 0;
}

/**
 * sluice_stats_exit() - undo sluice_stats_init()
 *
 * Context: process, module unload.
 */
void sluice_stats_exit(void)
{
	debugfs_remove_recursive(debug_folder);
}
