// SPDX-License-Identifier: MIT
/*
 * The INPUT rules of this host's firewall, see firewall.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "firewall.h"

/* Chains call each other no deeper: NFT_JUMP_STACK_SIZE, linux/netfilter/nf_tables.h of the kernel.
 */
#define DEEPEST 16U

/* Does a datagram for `port` pass the rule's ports? */
static bool has_port(const struct sluice_firewall_rule *rule, uint16_t port)
{
	size_t number;

	for (number = 0; number < rule->port_count; number++)
		if (port >= rule->ports[number].first && port <= rule->ports[number].last)
			return !rule->is_negated;
	return rule->port_count == 0 || rule->is_negated;
}

/* The chain of the same table with this name. NULL: there is none. */
static const struct sluice_firewall_chain *find(const struct sluice_firewall *firewall,
						const char *table, const char *name)
{
	size_t number;

	for (number = 0; number < firewall->chain_count; number++)
		if (!strcmp(firewall->chains[number].table, table) &&
		    !strcmp(firewall->chains[number].name, name))
			return &firewall->chains[number];
	return NULL;
}

/*
 * Goes through a chain until a rule decides about all datagrams for `port`. Notes in *answer the
 * first that keeps out some or all. ACCEPT, DROP, or NONE: the chain came to its end. `is_some`:
 * not all datagrams come here.
 */
static enum sluice_firewall_verdict walk(const struct sluice_firewall *firewall,
					 const struct sluice_firewall_chain *chain, uint16_t port,
					 bool is_some, unsigned int depth,
					 struct sluice_firewall_answer *answer)
{
	const struct sluice_firewall_chain *next;
	enum sluice_firewall_verdict verdict;
	size_t number;

	for (number = 0; number < chain->rule_count; number++) {
		const struct sluice_firewall_rule *rule = &chain->rules[number];
		bool is_partly = is_some || rule->is_conditional;

		if (rule->is_other || !has_port(rule, port))
			continue;
		verdict = rule->verdict;
		if (verdict == SLUICE_FIREWALL_DROP &&
		    (!answer->chain || answer->is_partly > is_partly))
			*answer = (struct sluice_firewall_answer){chain, rule, is_partly};
		if (verdict == SLUICE_FIREWALL_JUMP || verdict == SLUICE_FIREWALL_GOTO) {
			next = depth < DEEPEST && rule->target
				       ? find(firewall, chain->table, rule->target)
				       : NULL;
			verdict = next ? walk(firewall, next, port, is_partly, depth + 1, answer)
				       : SLUICE_FIREWALL_NONE;
			/* Who was sent for good does not come back. */
			if (rule->verdict == SLUICE_FIREWALL_GOTO && !rule->is_conditional &&
			    verdict == SLUICE_FIREWALL_NONE)
				return verdict;
		}
		if (verdict == SLUICE_FIREWALL_RETURN && !rule->is_conditional)
			return SLUICE_FIREWALL_NONE;
		if ((verdict == SLUICE_FIREWALL_ACCEPT || verdict == SLUICE_FIREWALL_DROP) &&
		    !rule->is_conditional)
			return verdict;
	}
	return SLUICE_FIREWALL_NONE;
}

struct sluice_firewall_answer sluice_firewall_ask(const struct sluice_firewall *firewall,
						  uint16_t port)
{
	struct sluice_firewall_answer answer = {0}, one;
	enum sluice_firewall_verdict verdict;
	size_t number;

	for (number = 0; firewall && number < firewall->chain_count; number++) {
		const struct sluice_firewall_chain *chain = &firewall->chains[number];

		if (!chain->is_base || chain->is_foreign)
			continue;
		one = (struct sluice_firewall_answer){0};
		verdict = walk(firewall, chain, port, false, 0, &one);
		if (verdict == SLUICE_FIREWALL_NONE && chain->policy == SLUICE_FIREWALL_DROP &&
		    (!one.chain || one.is_partly))
			one = (struct sluice_firewall_answer){chain, NULL, false};
		if (one.chain && (!answer.chain || answer.is_partly > one.is_partly))
			answer = one;
	}
	return answer;
}

struct sluice_firewall_chain *sluice_firewall_chain_of(struct sluice_firewall *firewall,
						       const char *table, const char *name)
{
	struct sluice_firewall_chain *grown;
	size_t number;

	for (number = 0; number < firewall->chain_count; number++)
		if (!strcmp(firewall->chains[number].table, table) &&
		    !strcmp(firewall->chains[number].name, name))
			return &firewall->chains[number];
	grown = reallocarray(firewall->chains, firewall->chain_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	firewall->chains = grown;
	grown += firewall->chain_count;
	*grown = (struct sluice_firewall_chain){.table = strdup(table), .name = strdup(name)};
	if (!grown->table || !grown->name) {
		free(grown->table);
		free(grown->name);
		return NULL;
	}
	firewall->chain_count++;
	return grown;
}

int sluice_firewall_add_ports(struct sluice_firewall_rule *rule, uint16_t first, uint16_t last)
{
	struct sluice_port_range *grown =
		reallocarray(rule->ports, rule->port_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	rule->ports = grown;
	grown[rule->port_count++] = (struct sluice_port_range){.first = first, .last = last};
	return 0;
}

int sluice_firewall_add_rule(struct sluice_firewall_chain *chain, struct sluice_firewall_rule *rule)
{
	struct sluice_firewall_rule *grown =
		reallocarray(chain->rules, chain->rule_count + 1, sizeof(*grown));

	if (!grown) {
		sluice_firewall_rule_free(rule);
		return -ENOMEM;
	}
	chain->rules = grown;
	grown[chain->rule_count++] = *rule;
	return 0;
}

void sluice_firewall_rule_free(struct sluice_firewall_rule *rule)
{
	free(rule->ports);
	free(rule->target);
	*rule = (struct sluice_firewall_rule){0};
}

void sluice_firewall_free(struct sluice_firewall *firewall)
{
	size_t number, rule;

	for (number = 0; number < firewall->chain_count; number++) {
		struct sluice_firewall_chain *chain = &firewall->chains[number];

		for (rule = 0; rule < chain->rule_count; rule++)
			sluice_firewall_rule_free(&chain->rules[rule]);
		free(chain->rules);
		free(chain->table);
		free(chain->name);
	}
	free(firewall->chains);
	*firewall = (struct sluice_firewall){0};
}
