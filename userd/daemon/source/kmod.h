/* SPDX-License-Identifier: MIT */
/*
 * The module source's inner interface: what the module has that is ours (kmod_rules.c), the
 * exchange of rules in one step (kmod_exchange.c) and the source as a whole (kmod.c).
 *
 * Ours are the routes whose GUID the configuration has or had, and those whose name begins with
 * this relay's mark, "RELAY/"; and the rules that point to them. Everything else belongs to other
 * relays and is left alone.
 */
#ifndef SLUICE_KMOD_H
#define SLUICE_KMOD_H

#include "source.h"

/* What struct sluice_source_class asks (kmod_presence.c): does the module answer, 0, -ENOENT (it is
 * not loaded), -EPERM or another negative errno; what such an errno means, short, and as a refusal;
 * and may something of an earlier daemon be in it, at the start: rules and full rings.
 * @context process */
int sluice_kmod_probe(void);
const char *sluice_kmod_absence(int error);
void sluice_kmod_refuse(int error, char *text, size_t room);
bool sluice_kmod_has_left(const struct sluice_config *config,
			  const struct sluice_identity *identity, bool is_start);

/* What the module had when a change began, and what was done to it since. */
struct sluice_kmod_ledger {
	struct sluice_kernel_route *routes; /* all there were */
	size_t route_count;
	struct sluice_kernel_rule *rules; /* all there were */
	size_t rule_count;
	sluice_guid *changed; /* routes that were set */
	size_t changed_count;
	bool rules_changed;
};

/* Asks the module. 0 or a negative errno with a sentence. @owner caller: sluice_kmod_ledger_free()
 */
int sluice_kmod_ledger_read(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			    char **error);
void sluice_kmod_ledger_free(struct sluice_kmod_ledger *ledger);

/* The route called `guid` as it was, or NULL. */
const struct sluice_kernel_route *sluice_kmod_ledger_route(const struct sluice_kmod_ledger *ledger,
							   const sluice_guid guid);

/* Does a route's name begin with the mark of this relay, by its name of now or before? */
bool sluice_kmod_is_marked(const struct sluice_config *config,
			   const struct sluice_identity *identity, const char *name);

/* Is the route ours? `context` tells which ones we serve. */
bool sluice_kmod_is_ours(const struct sluice_kmod_ledger *ledger,
			 const struct sluice_source_context *context,
			 const struct sluice_source_plan *plan, const sluice_guid route);

/* Sets a route and notes it in the ledger. 0 or a negative errno with a sentence. */
int sluice_kmod_set_route(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			  const struct sluice_source_plan *plan,
			  const struct sluice_config_route *route, char **error);

/*
 * What an exchange of rules is about: those that are in the module and those that shall be there.
 * `goes`: by number of `now`, it is ours and not among `wanted`.
 */
struct sluice_kmod_exchange {
	const struct sluice_kernel_rule *now;
	size_t now_count;
	bool *goes;
	struct sluice_kernel_rule *wanted;
	size_t wanted_count;
};

/* Is `guid` among `rules`? */
bool sluice_kmod_is_among(const struct sluice_kernel_rule *rules, size_t count,
			  const sluice_guid guid);

/*
 * Notes in each rule wanted that the module does not have which rule it continues: one that goes
 * and takes the same datagrams (ports, addresses, interface, hook). That is an input with another
 * name, or another id.
 */
void sluice_kmod_exchange_continue(struct sluice_kmod_exchange *exchange);

/* The rule that is there under the same GUID as `wanted`, or that it continues; NULL: none. */
const struct sluice_kernel_rule *
sluice_kmod_exchange_before(const struct sluice_kmod_exchange *exchange,
			    const struct sluice_kernel_rule *wanted);

/* Has the module make the exchange, in one step or not at all: as sluice_kernel_rules_exchange().
 */
int sluice_kmod_exchange_make(const struct sluice_kmod_exchange *exchange,
			      struct sluice_kernel *kernel);

/* Makes the module's rules of ours those of `plan`. On failure they are as they were. */
int sluice_kmod_set_rules(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			  const struct sluice_source_context *context,
			  const struct sluice_source_plan *plan, char **error);

/* Puts routes and rules back as the ledger has them. */
void sluice_kmod_undo(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
		      const struct sluice_source_context *context,
		      const struct sluice_source_plan *plan);

#endif /* SLUICE_KMOD_H */
