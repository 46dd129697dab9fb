// SPDX-License-Identifier: MIT
/*
 * What a relay's threads used, for people and for programs: see search.h. Part of the report.
 * Touches: stdout.
 */
#include <inttypes.h>
#include <stdio.h>
#include <jansson.h>
#include "search.h"

/* Microseconds that all threads ran for a datagram that was delivered. */
static double cost(const struct sluice_search_threads *used)
{
	double sum = 0;
	size_t index;

	for (index = 0; index < used->threads.count; index++)
		sum += (double)used->threads.thread[index].run_ns;
	return used->delivered ? sum / 1e3 / (double)used->delivered : 0;
}

/* As search.h says. */
void sluice_search_report_threads(const struct sluice_search_threads *used)
{
	double all = 0;
	size_t index;

	if (used->load == 0)
		return;
	for (index = 0; index < SLUICE_BENCH_CPU_KINDS; index++)
		all += (double)used->cpu[index];
	printf("\nrelay's threads at %" PRIu64 " a second, of %.3g s: %.3f us a delivered "
	       "datagram\n",
	       used->load, used->seconds, cost(used));
	printf("  %-16s %8s %9s %9s %9s %10s %11s\n", "thread", "id", "busy %", "user ms",
	       "system ms", "switches", "involuntary");
	for (index = 0; index < used->threads.count; index++) {
		const struct sluice_relay_thread *thread = &used->threads.thread[index];

		printf("  %-16s %8d %9.1f %9" PRIu64 " %9" PRIu64 " %10" PRIu64 " %11" PRIu64 "\n",
		       thread->name, thread->thread, (double)thread->run_ns / 1e7 / used->seconds,
		       thread->user * 10, thread->system * 10,
		       thread->voluntary + thread->involuntary, thread->involuntary);
	}
	printf("  this machine then:");
	for (index = 0; all > 0 && index < SLUICE_BENCH_CPU_KINDS; index++)
		printf("%s %s %.0f %%", index ? "," : "",
		       sluice_bench_cpu_name((enum sluice_bench_cpu)index),
		       (double)used->cpu[index] * 100 / all);
	printf("\n");
}

/* As search.h says. @owner caller */
json_t *sluice_search_json_threads(const struct sluice_search_threads *used)
{
	json_t *threads = json_array();
	json_t *cpu = json_object();
	size_t index;

	for (index = 0; index < SLUICE_BENCH_CPU_KINDS; index++)
		json_object_set_new(cpu, sluice_bench_cpu_name((enum sluice_bench_cpu)index),
				    json_integer((json_int_t)used->cpu[index] * 10));
	for (index = 0; index < used->threads.count; index++) {
		const struct sluice_relay_thread *thread = &used->threads.thread[index];

		json_array_append_new(threads,
				      json_pack("{s:s#,s:i,s:i,s:I,s:I,s:I,s:I,s:I}", "name", "", 0,
						"process", (int)thread->process, "thread",
						(int)thread->thread, "run_ns",
						(json_int_t)thread->run_ns, "user_ms",
						(json_int_t)thread->user * 10, "system_ms",
						(json_int_t)thread->system * 10, "voluntary",
						(json_int_t)thread->voluntary, "involuntary",
						(json_int_t)thread->involuntary));
		/* The name is whatever the process wrote there: no UTF-8 for sure. */
		json_object_set_new(json_array_get(threads, index), "name",
				    json_string(thread->name));
	}
	return json_pack("{s:I,s:I,s:f,s:f,s:o,s:o}", "pps", (json_int_t)used->load, "delivered",
			 (json_int_t)used->delivered, "seconds", used->seconds, "cpu_us",
			 cost(used), "machine_cpu_ms", cpu, "threads", threads);
}
