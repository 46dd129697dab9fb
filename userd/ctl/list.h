/* SPDX-License-Identifier: MIT */
/*
 * What the module and the daemon know, as lists of JSON objects: one function per thing that can be
 * shown.
 */
#ifndef SLUICE_CTL_LIST_H
#define SLUICE_CTL_LIST_H

#include <jansson.h>
#include "../lib/guid.h"

/*
 * Each returns a new array (@owner caller: json_decref()), or NULL, having printed one sentence to
 * stderr.
 */
json_t *sluice_list_inputs(void);
json_t *sluice_list_outputs(void);
json_t *sluice_list_streams(void);
/* The daemon's alone, without a word; NULL: it does not tell them now. */
json_t *sluice_list_daemon_streams(void);
json_t *sluice_list_daemon(void);
json_t *sluice_list_store(void);
json_t *sluice_list_orphans(void);
json_t *sluice_list_threads(void);
json_t *sluice_list_costs(void);
/* Adds to `list` what the module's half costs, if it is there. 0 or -ENOMEM. @context process */
int sluice_list_add_module_costs(json_t *list);
json_t *sluice_list_forwards(void);
json_t *sluice_list_rules(void);
json_t *sluice_list_routes(void);
/* One object: what the module has of rules, rings and CPUs; of an older module less. */
json_t *sluice_list_kernel(void);

/* Adds to `list` what the daemon behind `netlink` tells of itself. 0 or a negative errno, without a
 * word. */
struct sluice_netlink;
int sluice_list_ask_daemon(struct sluice_netlink *netlink, json_t *list);

/* Adds matched, stored, stored_bytes and lost (an object by cause) to `object`. */
struct sluice_counters;
void sluice_list_counters(json_t *object, const struct sluice_counters *counters);

/* A GUID as JSON string. @owner caller */
json_t *sluice_list_guid(const sluice_guid guid);

/* Adds a 64-bit number that is an identity and no amount, as a string: as a number programs that
 * keep numbers as doubles (jq 1.6, JavaScript) would change it. */
void sluice_list_put_number(json_t *object, const char *key, uint64_t identity);
/* Adds an attribute as member `key`; one that is absent is "", 0, a GUID of zeroes, counters of 0.
 */
struct nlattr;
void sluice_list_put_string(json_t *object, const char *key, const struct nlattr *attribute);
void sluice_list_put_u64(json_t *object, const char *key, const struct nlattr *attribute);
void sluice_list_put_u32(json_t *object, const char *key, const struct nlattr *attribute);
void sluice_list_put_guid(json_t *object, const char *key, const struct nlattr *attribute);
void sluice_list_put_counters(json_t *object, struct nlattr *attribute);
/* Likewise nanoseconds since 1970, as text in UTC; "": never, or nobody knows. */
void sluice_list_put_moment(json_t *object, const char *key, const struct nlattr *attribute);

/* Adds the priority that a route's GUID tells. */
void sluice_list_put_priority(json_t *object, const sluice_guid route);

#endif /* SLUICE_CTL_LIST_H */
