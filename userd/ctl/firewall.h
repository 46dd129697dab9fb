/* SPDX-License-Identifier: MIT */
/*
 * The INPUT rules of this host's firewall, as far as they tell UDP ports apart: would they keep a
 * port out? Read from what `nft -j list ruleset` (firewall_nft.c) and `iptables-save`
 * (firewall_iptables.c) print. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_FIREWALL_H
#define SLUICE_CTL_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sluice/netlink.h>

enum sluice_firewall_verdict {
	SLUICE_FIREWALL_NONE, /* goes on with the next rule: counters, log */
	SLUICE_FIREWALL_ACCEPT,
	SLUICE_FIREWALL_DROP, /* or reject */
	SLUICE_FIREWALL_JUMP,
	SLUICE_FIREWALL_GOTO,
	SLUICE_FIREWALL_RETURN,
};

struct sluice_firewall_rule {
	struct sluice_port_range *ports; /* of these; none: of any */
	size_t port_count;
	bool is_negated;     /* of all but these */
	bool is_conditional; /* there are conditions beside the port: it fits some datagrams only */
	bool is_other;	     /* no datagram of UDP fits, or none that is new */
	enum sluice_firewall_verdict verdict;
	char *target;	 /* chain to jump to, in the same table */
	uint64_t handle; /* nft's number of it; 0: none */
};

struct sluice_firewall_chain {
	char *table;	 /* "inet filter" */
	char *name;	 /* "input" */
	bool is_base;	 /* the kernel asks it for what comes in for this host */
	bool is_foreign; /* nft cannot show its rules: they are iptables' */
	enum sluice_firewall_verdict policy;
	struct sluice_firewall_rule *rules;
	size_t rule_count;
};

struct sluice_firewall {
	struct sluice_firewall_chain *chains;
	size_t chain_count;
};

/* What keeps a port out. */
struct sluice_firewall_answer {
	const struct sluice_firewall_chain *chain; /* NULL: nothing does */
	const struct sluice_firewall_rule *rule;   /* NULL: the chain's policy */
	bool is_partly;				   /* some of its datagrams only */
};

/* Asks all chains that the kernel asks. @threadsafe */
struct sluice_firewall_answer sluice_firewall_ask(const struct sluice_firewall *firewall,
						  uint16_t port);

/* Adds what `nft -j list ruleset` printed. 0; -EINVAL: that is not to be understood; -ENOMEM.
 * @owner caller: sluice_firewall_free(), whatever the result. */
int sluice_firewall_add_nft(struct sluice_firewall *firewall, const char *text, size_t length);

/* Adds the table `filter` of what `iptables-save` (family "ip") or `ip6tables-save` ("ip6")
 * printed. As above. */
int sluice_firewall_add_iptables(struct sluice_firewall *firewall, const char *family,
				 const char *text);

/* Finds or makes a chain; its name is `table` and `name`. NULL: no memory. The pointer holds until
 * the next call. */
struct sluice_firewall_chain *sluice_firewall_chain_of(struct sluice_firewall *firewall,
						       const char *table, const char *name);

/* Adds a copy of `rule` to a chain, which takes over its members. 0 or -ENOMEM, and then they are
 * freed. */
int sluice_firewall_add_rule(struct sluice_firewall_chain *chain,
			     struct sluice_firewall_rule *rule);

/* Adds ports to a rule. 0 or -ENOMEM. */
int sluice_firewall_add_ports(struct sluice_firewall_rule *rule, uint16_t first, uint16_t last);

/* Frees what a rule holds; not the rule itself. */
void sluice_firewall_rule_free(struct sluice_firewall_rule *rule);

/* Frees what `firewall` holds and empties it; not `firewall` itself. */
void sluice_firewall_free(struct sluice_firewall *firewall);

#endif /* SLUICE_CTL_FIREWALL_H */
