/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the module share: the state of one network namespace, routes, and who does
 * what.
 *
 * Locks, outermost first:
 *   genl mutex             others'
 *   sluice_net.change      one change of rules or routes at a time; held over registering hooks
 *   RTNL                   while interfaces' settings change
 *   cpu hotplug (read)     while a route is made
 *   sluice_nets_lock       list of namespaces
 *   sluice_net.lock        lists and table: writers hold change as well, readers only this
 *   sluice_ring.owner_lock who consumes
 *   sluice_ring.lock       bottom halves off: the hot path
 */
#ifndef SLUICE_KMOD_SLUICE_H
#define SLUICE_KMOD_SLUICE_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include <sluice/netlink.h>
#include "match.h"
#include "ring.h"

#define SLUICE_RULES_MAX 65536U
#define SLUICE_ROUTES_MAX 1024U
#define SLUICE_HASH_BITS 12
/* In a namespace that belongs to another user namespace than the initial one. */
#define SLUICE_QUOTA_RULES 4096U
#define SLUICE_QUOTA_PORTS 1048576U

/* Of a route whose maker did not say. */
#define SLUICE_RING_SIZE_DEFAULT (4UL << 20)
#define SLUICE_WATERMARK_DEFAULT (64U << 10)
#define SLUICE_DELAY_DEFAULT_US 1000U
#define SLUICE_DELAY_MAX_US 1000000U

struct genl_info;
struct net_device;
struct nlattr;
struct seq_file;
struct file;
struct sluice_xdp_keep;
struct xdp_buff;
struct xdp_md;

/**
 * struct sluice_route - inputs that go to the same outputs, and their rings
 * @number:    its place in dumps
 * @guid:      its name for machines
 * @name:      its name for people
 * @ring_size: bytes of data of each ring
 * @watermark: bytes that wake the consumer at once
 * @delay_us:  microseconds after which it is woken for less
 * @prompt:    what comes alone wakes it at once
 * @alarm:     percent of a ring at which an alarm is raised; 0: none
 * @rules:     how many point here
 * @rings:     by CPU; NULL for a CPU that was never online
 */
struct sluice_route {
	u32 number;
	u8 guid[SLUICE_GUID_SIZE];
	char name[SLUICE_NAME_MAX + 1];
	u64 ring_size;
	u32 watermark;
	u32 delay_us;
	bool prompt;
	u8 alarm;
	u32 rules;
	struct sluice_ring * __percpu *rings;
};

/* Functions of one hook: for each family, before and after reassembly. */
#define SLUICE_HOOK_FUNCTIONS 4

/**
 * struct sluice_hook_set - one hook of a namespace
 * @functions:  as registered, for this namespace
 * @count:      how many of them
 * @rules:      how many rules are at it; under sluice_net.change and sluice_net.lock
 * @registered: they are; under sluice_net.change
 */
struct sluice_hook_set {
	struct nf_hook_ops functions[SLUICE_HOOK_FUNCTIONS];
	unsigned int count;
	unsigned int rules;
	bool registered;
};

/**
 * struct sluice_net - sluice in one network namespace
 * @match:         which rule a datagram belongs to
 * @net:           the namespace
 * @list:          in sluice_nets
 * @change:        see above
 * @lock:          see above
 * @hooks:         by sluice_hook_in_stack(); one without rules is not registered
 * @rules:         by number
 * @rule_count:    how many
 * @rules_by_guid: hash table, only while there are rules
 * @named_rules:   how many have an interface
 * @routes:        by number
 * @route_count:   how many
 * @next_rule:     number of the next rule, about
 * @next_route:    likewise
 * @generation:    changes with every change, for dumps
 * @tallies:       counters of rules that are in the table, or were just now
 * @batching_rules: how many want receive batching; under @change
 * @batches:       interfaces whose setting we changed for it; under RTNL
 * @hook_rules:    how many name each hook; under @change and @lock
 * @ingresses:     interfaces with a hook of ours for them; under RTNL
 * @xdps:          interfaces whose XDP program we hold; under RTNL
 * @retired:       sum of the counters of rules that are gone, by CPU
 * @port_count:    ports of all rules, each of each counted; under @change and @lock
 * @ring_pages:    pages of its rings if it has quotas
 */
struct sluice_net {
	struct sluice_match match;
	struct net *net;
	struct list_head list;
	struct mutex change; /* over changing anything */
	struct mutex lock; /* over the lists */
	struct sluice_hook_set hooks[SLUICE_HOOKS];
	struct xarray rules;
	unsigned int rule_count;
	struct hlist_head *rules_by_guid;
	unsigned int named_rules;
	struct xarray routes;
	unsigned int route_count;
	u32 next_rule;
	u32 next_route;
	u32 generation;
	struct list_head tallies;
	unsigned int batching_rules;
	struct list_head batches;
	unsigned int hook_rules[SLUICE_HOOK_KINDS];
	struct list_head ingresses;
	struct list_head xdps;
	struct sluice_counts __percpu *retired;
	u64 port_count;
	atomic_long_t ring_pages;
};

/* net.c */
extern unsigned int sluice_net_id;
extern struct workqueue_struct *sluice_workqueue;
extern struct list_head sluice_nets;
extern struct mutex sluice_nets_lock;
struct sluice_net *sluice_net_of(const struct net *net);

/* hook_set.c */
void sluice_hook_init(struct sluice_net *sn);
int sluice_hook_register(struct sluice_net *sn, enum sluice_hook hook);
void sluice_hook_unregister(struct sluice_net *sn, bool all);
void sluice_hook_update(struct sluice_net *sn, unsigned long before);
unsigned long sluice_hook_used(const struct sluice_net *sn);
void sluice_hook_look(struct sluice_net *sn, struct net_device *device, bool leaves);
int sluice_hook_refuse(struct genl_info *info, const struct nlattr *attribute,
		       const struct sluice_rule *draft);

/* hook.c */
extern const struct nf_hook_ops sluice_hook_prerouting[];
extern const struct nf_hook_ops sluice_hook_local_in[];
unsigned int sluice_hook_ingress(const struct sluice_net *sn, struct sk_buff *skb,
				 const struct nf_hook_state *state, unsigned int udp_offset,
				 u8 family);

/* ingress.c */
bool sluice_ingress_look(struct sluice_net *sn, struct net_device *device, bool leaves);
void sluice_ingress_update(struct sluice_net *sn);
int sluice_ingress_refuse(struct genl_info *info, const struct nlattr *attribute,
			  const struct sluice_rule *draft);

/* xdp.c */
u32 sluice_xdp_frame(const struct sluice_net *sn, struct xdp_buff *frame);

/* xdp_program.c */
int sluice_xdp_take(struct xdp_md *context);
void sluice_xdp_init(void);
bool sluice_xdp_look(struct sluice_net *sn, struct net_device *device, bool leaves);
void sluice_xdp_update(struct sluice_net *sn);
int sluice_xdp_refuse(struct genl_info *info, const struct nlattr *attribute,
		      const struct sluice_rule *draft);
int sluice_xdp_hold(struct sluice_net *sn, int ifindex, int link);
int sluice_xdp_keep(struct sluice_net *sn, struct sluice_xdp_keep *keep, struct file **link);

/**
 * struct sluice_quota_state - memory of rings, MiB
 * @limit:     that the namespace may have
 * @used:      that it has
 * @limit_all: that all namespaces with quotas may have together
 * @used_all:  that they have
 */
struct sluice_quota_state {
	unsigned long limit;
	unsigned long used;
	unsigned long limit_all;
	unsigned long used_all;
};

/* quota.c */
bool sluice_quota_take(struct sluice_net *sn, unsigned long pages);
void sluice_quota_give(struct sluice_net *sn, unsigned long pages);
void sluice_quota_state(struct sluice_net *sn, struct sluice_quota_state *state);
bool sluice_quota_allows(const struct sluice_net *sn, u64 rules, u64 ports);

/* route.c */
struct sluice_route *sluice_route_find(struct sluice_net *sn, const u8 *guid);
struct sluice_route *sluice_route_make(struct sluice_net *sn, const struct sluice_route *wanted);
bool sluice_route_fits(u64 ring_size, u64 *needed, u64 *available);
void sluice_route_change(struct sluice_net *sn, struct sluice_route *route,
			 const struct sluice_route *wanted);
int sluice_route_delete(struct sluice_net *sn, struct sluice_route *route);
void sluice_route_delete_all(struct sluice_net *sn);
struct sluice_ring *sluice_route_ring(struct sluice_net *sn, const u8 *guid, u32 cpu);
int sluice_route_cpu_prepare(unsigned int cpu);

/**
 * struct sluice_rule_change - what becomes of one rule in an exchange
 * @old:       a rule that goes: deleted, or replaced by @draft with the same GUID; NULL: none
 * @draft:     a rule that comes, not in the table yet; NULL: none
 * @before:    with @draft: the rule whose counters go on in it, which is the @old of this or of
 *             another change; NULL: they begin at 0
 * @continued: the counters of @old go on in the draft of another change; for who makes the list
 */
struct sluice_rule_change {
	struct sluice_rule *old;
	struct sluice_rule *draft;
	struct sluice_rule *before;
	bool continued;
};

/**
 * struct sluice_rule_clash - two rules that would want the same datagrams
 * @rule:  one that is to come
 * @other: the other one, NULL: there is no clash
 * @port:  to this port
 */
struct sluice_rule_clash {
	struct sluice_rule *rule;
	struct sluice_rule *other;
	u16 port;
};

/* rule.c */
struct sluice_rule *sluice_rule_find(struct sluice_net *sn, const u8 *guid);
int sluice_rule_exchange(struct sluice_net *sn, const struct sluice_rule_change *changes,
			 unsigned int count, struct sluice_rule_clash *clash);
bool sluice_rule_is_same(const struct sluice_rule *one, const struct sluice_rule *two);
void sluice_rule_delete_all(struct sluice_net *sn);
void sluice_rule_count(const struct sluice_rule *rule, struct sluice_counts *total);
void sluice_counts_add(struct sluice_counts *total, const struct sluice_counts *more);
u64 sluice_counts_matched(const struct sluice_counts *counts);
int sluice_rule_init(void);
void sluice_rule_exit(void);

/* batching.c */
void sluice_batching_look(struct sluice_net *sn, struct net_device *device, bool leaves);
void sluice_batching_update(struct sluice_net *sn);

/**
 * struct sluice_cpu_figures - what was counted on a CPU, in uapi/sluice/counters.h
 * @counts:  by rules, those that are gone included
 * @entries: rules that there are
 * @gaps:    GAP records in the rings that there are
 * @wakes:   how often their readers were woken
 */
struct sluice_cpu_figures {
	struct sluice_counts counts;
	unsigned int entries;
	u64 gaps;
	u64 wakes;
};

/* figures.c */
void sluice_figures_ring(const struct sluice_ring *ring, u64 figures[SLUICE_R_COUNT]);
void sluice_figures_cpu(struct sluice_net *sn, unsigned int cpu,
			struct sluice_cpu_figures *figures);

/* dev.c */
int sluice_dev_init(void);
void sluice_dev_exit(void);

/* event.c */
typedef void sluice_event_listener(struct sluice_ring *ring, enum sluice_event event);
void sluice_event_listen(sluice_event_listener *function);
void sluice_event_tell(struct sluice_ring *ring, enum sluice_event event);
void sluice_event_note(struct sluice_ring *ring, enum sluice_event event);

/* ring_alarm.c */
void sluice_ring_alarm_look(struct sluice_ring *ring);
void sluice_ring_alarm_set(struct sluice_ring *ring, u8 percent);

/* ring_event.c */
void sluice_ring_event_begin(struct sluice_ring *ring, struct sluice_net *sn);

/* ring_owner.c */
int sluice_ring_own(struct sluice_ring *ring, struct sluice_file *sf, bool wait);
void sluice_ring_disown(struct sluice_ring *ring, struct sluice_file *sf);
void sluice_ring_abandon(struct sluice_ring *ring);

/* netlink.c */
int sluice_netlink_init(void);
void sluice_netlink_exit(void);

/* refusal.c */
__printf(3, 4) void sluice_refuse(struct genl_info *info, const struct nlattr *attribute,
				  const char *format, ...);

/* stats.c */
int sluice_stats_init(void);
void sluice_stats_exit(void);
int sluice_stats_net_init(struct sluice_net *sn);
void sluice_stats_net_exit(struct sluice_net *sn);

#endif /* SLUICE_KMOD_SLUICE_H */
