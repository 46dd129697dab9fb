/* SPDX-License-Identifier: MIT */
/*
 * Figures as metrics for Prometheus: the rows of metric_rows.h and what field_rows.h says of them.
 * Touches: nothing but memory and the stream that it is given.
 */
#ifndef SLUICE_CTL_METRICS_H
#define SLUICE_CTL_METRICS_H

#include <stdio.h>
#include "field.h"
#include "figures.h"

enum sluice_metrics_format {
	SLUICE_METRICS_TEXT, /* Prometheus' own, version 0.0.4; node-exporter reads files of it */
	SLUICE_METRICS_OPEN, /* OpenMetrics 1.0.0 */
};

/* What HTTP calls a format; a constant. */
const char *sluice_metrics_type(enum sluice_metrics_format format);

/* Writes all metrics. No daemon (`figures` is empty): sluice_up is 0, and there is nothing else. 0
 * or -ENOMEM; whether the stream took it, it knows itself. */
int sluice_metrics_write(FILE *stream, const struct sluice_figures *figures,
			 enum sluice_metrics_format format);

/* Does the field `key` of a list only grow, while a daemon runs? @threadsafe */
bool sluice_metrics_is_counter(enum sluice_field_list list, const char *key);

/* All metrics, in their order: name, type, unit, labels, meaning. @owner caller: json_decref() */
json_t *sluice_metrics_all(void);

#endif /* SLUICE_CTL_METRICS_H */
