/* SPDX-License-Identifier: MIT */
/*
 * Events as lines: for people, or a JSON object each (docs/json.md). Touches: stdout, stderr.
 */
#ifndef SLUICE_CTL_EVENT_LINE_H
#define SLUICE_CTL_EVENT_LINE_H

#include <jansson.h>
#include <netlink/attr.h>
#include <stdbool.h>
#include <stdint.h>

/* An event as an object, as -j has it. NULL: no memory. @owner caller: json_decref() */
json_t *sluice_event_object(struct nlattr **attributes);

/* Prints an event. True: stdout does not take it. */
bool sluice_event_print(struct nlattr **attributes, bool as_json);

/* Prints that `count` events are not there any more. True: stdout does not take it. */
bool sluice_event_print_missed(uint64_t count, bool as_json);

/* Says that the daemon is there (again), or is not: on stderr, as JSON on stdout. */
void sluice_event_print_daemon(bool is_there, bool as_json);

#endif /* SLUICE_CTL_EVENT_LINE_H */
