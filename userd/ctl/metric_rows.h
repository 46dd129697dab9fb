/* SPDX-License-Identifier: MIT */
/*
 * What Prometheus is told of the fields of lib/field_rows.h, a row each: metrics.c makes the text
 * of them, `sluicectl metrics --list` and the table in docs/metrics.md the documentation; what a
 * metric means is what its field means.
 *
 *   METRIC(list, key, form, name)     the metric sluice_NAME; one of a COUNTER gets _total behind
 *   METRIC_IS(list, key, words, name, meaning)   1 where the text is one of `words`, else 0
 *   NO_METRIC(list, key)              on purpose none: it is a name, a label, or in another metric
 *
 *   form   COUNTER   a number that only grows
 *          CAUSES    an object of such, by cause
 *          CLASSES   an object of such, by how many records
 *          SECONDS   a COUNTER of nanoseconds, told in seconds
 *          GAUGE     a number that goes up and down
 *          DELAY     such a one of nanoseconds, told in seconds
 *          BITS      such a one of bits, told in bytes
 *          PERCENT   such a one, told as a ratio
 *          MOMENT    a time, told in seconds since 1970; none where there is none
 *          STEP      a step of load: 0 normal, 1 batching, 2 disk, 3 losing
 *
 * Names: https://prometheus.io/docs/practices/naming: base units, and the unit is the last word.
 * Included several times with another METRIC each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

METRIC(INPUT, "matched", COUNTER, "input_matched_datagrams")
METRIC(INPUT, "stored", COUNTER, "input_stored_datagrams")
METRIC(INPUT, "stored_bytes", COUNTER, "input_stored_bytes")
METRIC(INPUT, "lost", CAUSES, "input_lost_datagrams")
METRIC(INPUT, "dropped", COUNTER, "input_dropped_datagrams")
METRIC(INPUT, "dropped_by_change", COUNTER, "input_dropped_by_change_datagrams")
METRIC(INPUT, "unmatched", COUNTER, "input_unmatched_datagrams")
METRIC_IS(INPUT, "state", "active", "input_active",
	"whether the input takes datagrams in; 0: it waits for something")
NO_METRIC(INPUT, "id")
NO_METRIC(INPUT, "name")
NO_METRIC(INPUT, "number")
NO_METRIC(INPUT, "source")
NO_METRIC(INPUT, "match")
NO_METRIC(INPUT, "verdict")
NO_METRIC(INPUT, "receive")
NO_METRIC(INPUT, "receive_why")
NO_METRIC(INPUT, "priority")
NO_METRIC(INPUT, "outputs")

METRIC(OUTPUT, "dropped", COUNTER, "output_dropped_datagrams")
METRIC(OUTPUT, "rate", BITS, "output_rate_limit_bytes_per_second")
METRIC(OUTPUT, "memory", GAUGE, "output_memory_waiting_bytes")
METRIC(OUTPUT, "disk", GAUGE, "output_disk_waiting_bytes")
METRIC(OUTPUT, "oldest", MOMENT, "output_oldest_waiting_timestamp_seconds")
METRIC(OUTPUT, "load", STEP, "output_load_step")
NO_METRIC(OUTPUT, "id")
NO_METRIC(OUTPUT, "name")
NO_METRIC(OUTPUT, "mode")
NO_METRIC(OUTPUT, "framing")
NO_METRIC(OUTPUT, "load_since")
NO_METRIC(OUTPUT, "load_why")

METRIC_IS(DESTINATION, "state", "connected slow full unsafe", "destination_connected",
	"whether the destination is connected")
METRIC_IS(DESTINATION, "role", "active standby", "destination_enabled",
	"whether the destination is to be used; 0: it is disabled")
METRIC(DESTINATION, "since", MOMENT, "destination_state_since_timestamp_seconds")
METRIC(DESTINATION, "sent", COUNTER, "destination_sent_datagrams")
METRIC(DESTINATION, "acked", COUNTER, "destination_acknowledged_datagrams")
METRIC(DESTINATION, "resent", COUNTER, "destination_resent_datagrams")
METRIC(DESTINATION, "bytes", COUNTER, "destination_sent_bytes")
METRIC(DESTINATION, "backlog", GAUGE, "destination_unacknowledged_bytes")
METRIC(DESTINATION, "writes", COUNTER, "destination_writes")
METRIC(DESTINATION, "connects", COUNTER, "destination_connections")
METRIC(DESTINATION, "memory", GAUGE, "destination_memory_waiting_bytes")
METRIC(DESTINATION, "disk", GAUGE, "destination_disk_waiting_bytes")
METRIC(DESTINATION, "oldest", MOMENT, "destination_oldest_waiting_timestamp_seconds")
METRIC(DESTINATION, "gaps", COUNTER, "destination_untold_gap_records")
METRIC(DESTINATION, "unsendable", COUNTER, "destination_unsendable_datagrams")
METRIC(DESTINATION, "escaped", COUNTER, "destination_escaped_bytes")
METRIC(DESTINATION, "oversized", COUNTER, "destination_oversized_datagrams")
METRIC(DESTINATION, "skipped", COUNTER, "destination_skipped_datagrams")
METRIC(DESTINATION, "split", COUNTER, "destination_split_datagrams")
METRIC(DESTINATION, "pieces", COUNTER, "destination_split_messages")
METRIC(DESTINATION, "truncated", COUNTER, "destination_truncated_datagrams")
METRIC(DESTINATION, "refused", COUNTER, "destination_refused_datagrams")
METRIC(DESTINATION, "unconfirmed", COUNTER, "destination_unconfirmed_datagrams")
METRIC(DESTINATION, "compressed_from", COUNTER, "destination_uncompressed_bytes")
METRIC(DESTINATION, "compressed_to", COUNTER, "destination_compressed_bytes")
METRIC(DESTINATION, "compress_ns", SECONDS, "destination_compression_seconds")
METRIC(DESTINATION, "compress_step", GAUGE, "destination_compression_step")
METRIC(DESTINATION, "protocol_errors", COUNTER, "destination_protocol_errors")
METRIC(DESTINATION, "rate", BITS, "destination_rate_limit_bytes_per_second")
METRIC(DESTINATION, "achieved", BITS, "destination_achieved_bytes_per_second")
METRIC(DESTINATION, "mss", GAUGE, "destination_mss_bytes")
METRIC(DESTINATION, "pmtu", GAUGE, "destination_path_mtu_bytes")
NO_METRIC(DESTINATION, "to")
NO_METRIC(DESTINATION, "error")
NO_METRIC(DESTINATION, "role")

METRIC_IS(FORWARD, "state", "forwarding", "forward_reachable",
	"whether the last attempt to connect to the destination went well, and the forward stays")
METRIC(FORWARD, "now", GAUGE, "forward_open_connections")
METRIC(FORWARD, "total", COUNTER, "forward_connections")
METRIC(FORWARD, "denied", COUNTER, "forward_denied_connections")
METRIC(FORWARD, "limited", COUNTER, "forward_limited_connections")
METRIC(FORWARD, "failed", COUNTER, "forward_failed_connections")
METRIC(FORWARD, "aborted", COUNTER, "forward_aborted_connections")
METRIC(FORWARD, "up", COUNTER, "forward_sent_bytes")
METRIC(FORWARD, "down", COUNTER, "forward_returned_bytes")
NO_METRIC(FORWARD, "id")
NO_METRIC(FORWARD, "name")
NO_METRIC(FORWARD, "listen")
NO_METRIC(FORWARD, "to")

METRIC(MEMORY, "size", GAUGE, "store_memory_size_bytes")
METRIC(MEMORY, "used", GAUGE, "store_memory_used_bytes")
METRIC(MEMORY, "alarms", COUNTER, "store_memory_alarms")

METRIC(DISK, "size", GAUGE, "store_disk_size_bytes")
METRIC(DISK, "used", GAUGE, "store_disk_used_bytes")
METRIC(DISK, "waiting", GAUGE, "store_disk_waiting_bytes")
METRIC(DISK, "spooled", COUNTER, "store_disk_spooled_bytes")
METRIC(DISK, "drained", COUNTER, "store_disk_drained_bytes")
METRIC(DISK, "segments", GAUGE, "store_disk_segments")
METRIC(DISK, "free_segments", GAUGE, "store_disk_free_segments")
METRIC(DISK, "damaged_frames", COUNTER, "store_disk_damaged_frames")
METRIC(DISK, "damaged", COUNTER, "store_disk_damaged_datagrams")
METRIC(DISK, "quarantined", GAUGE, "store_disk_quarantined_files")
METRIC(DISK, "abandoned", COUNTER, "store_disk_abandoned_segments")
METRIC(DISK, "dropped", COUNTER, "store_disk_dropped_datagrams")
METRIC(DISK, "alarms", COUNTER, "store_disk_alarms")
NO_METRIC(DISK, "path")

METRIC(STORE, "alarms_now", GAUGE, "store_raised_alarms")
METRIC(STORE, "dropped_by_change", COUNTER, "store_dropped_by_change_datagrams")

METRIC(DAEMON, "uptime_seconds", GAUGE, "relay_uptime_seconds")
METRIC(DAEMON, "working_since", MOMENT, "relay_working_since_timestamp_seconds")
METRIC(DAEMON, "configuration_seconds", GAUGE, "relay_configuration_age_seconds")
METRIC_IS(DAEMON, "state", "running", "relay_running",
	"whether the daemon runs; 0: something keeps it from that")
METRIC(DAEMON, "load", STEP, "relay_load_step")
METRIC(DAEMON, "workers", GAUGE, "relay_workers")
METRIC(DAEMON, "bad_checksum", COUNTER, "relay_bad_checksum_datagrams")
METRIC(DAEMON, "bad_checksum_unplaced", COUNTER, "relay_unplaced_bad_checksum_datagrams")
NO_METRIC(DAEMON, "version")
NO_METRIC(DAEMON, "relay")
NO_METRIC(DAEMON, "pid")
NO_METRIC(DAEMON, "configuration")
NO_METRIC(DAEMON, "started_with")
NO_METRIC(DAEMON, "load_since")
NO_METRIC(DAEMON, "load_why")

METRIC(ORPHAN, "bytes", GAUGE, "orphan_waiting_bytes")
NO_METRIC(ORPHAN, "id")
NO_METRIC(ORPHAN, "name")
NO_METRIC(ORPHAN, "place")
NO_METRIC(ORPHAN, "where")
NO_METRIC(ORPHAN, "since")

METRIC_IS(THREAD, "health", "well", "thread_well",
	"whether the thread gets on; 0: it is starved, blocked or stuck")
METRIC(THREAD, "rounds", COUNTER, "thread_rounds")
METRIC(THREAD, "cpu_time", SECONDS, "thread_cpu_seconds")
METRIC(THREAD, "progress", MOMENT, "thread_progress_timestamp_seconds")
NO_METRIC(THREAD, "name")
NO_METRIC(THREAD, "kind")
NO_METRIC(THREAD, "state")
NO_METRIC(THREAD, "since")
NO_METRIC(THREAD, "cpu")
NO_METRIC(THREAD, "policy")
NO_METRIC(THREAD, "tid")

METRIC(STREAM, "size", GAUGE, "stream_ring_size_bytes")
METRIC(STREAM, "fill_percent", PERCENT, "stream_ring_fill_ratio")
METRIC(STREAM, "load", STEP, "stream_load_step")
NO_METRIC(STREAM, "id")
NO_METRIC(STREAM, "source")
NO_METRIC(STREAM, "route")
NO_METRIC(STREAM, "route_name")
NO_METRIC(STREAM, "priority")
NO_METRIC(STREAM, "epoch")
NO_METRIC(STREAM, "cpu")
NO_METRIC(STREAM, "worker")
NO_METRIC(STREAM, "head")
NO_METRIC(STREAM, "tail")
NO_METRIC(STREAM, "owner")
NO_METRIC(STREAM, "wakes")
NO_METRIC(STREAM, "matched")
NO_METRIC(STREAM, "stored")
NO_METRIC(STREAM, "stored_bytes")
NO_METRIC(STREAM, "lost")
NO_METRIC(STREAM, "gaps")
NO_METRIC(STREAM, "cursors")
NO_METRIC(STREAM, "disk")
NO_METRIC(STREAM, "draining")
NO_METRIC(STREAM, "load_since")

/* Of the module's own table, sluice/counters.h, which has to be included. */
#define RING_ROW(NAME, name, form, place, title, unit, normally, metric, meaning) \
	METRIC(RING, #name, form, "kernel_ring_" metric)
#define CPU_ROW(NAME, name, form, place, title, unit, normally, metric, meaning) \
	METRIC(CPU, #name, form, "kernel_cpu_" metric)
SLUICE_RING_COUNTERS(RING_ROW)
METRIC(RING, "batch", CLASSES, "kernel_ring_batches")
NO_METRIC(RING, "name")
NO_METRIC(RING, "route")
NO_METRIC(RING, "priority")
NO_METRIC(RING, "cpu")
NO_METRIC(RING, "stream")
NO_METRIC(RING, "epoch")

SLUICE_CPU_RULE_COUNTERS(CPU_ROW)
SLUICE_DATAGRAM_COUNTERS(CPU_ROW)
METRIC(CPU, "lost", CAUSES, "kernel_cpu_lost_datagrams")
SLUICE_CPU_RING_COUNTERS(CPU_ROW)
NO_METRIC(CPU, "cpu")
#undef RING_ROW
#undef CPU_ROW

METRIC(RULE, "matched", COUNTER, "rule_matched_datagrams")
METRIC(RULE, "stored", COUNTER, "rule_stored_datagrams")
METRIC(RULE, "stored_bytes", COUNTER, "rule_stored_bytes")
METRIC(RULE, "lost", CAUSES, "rule_lost_datagrams")
NO_METRIC(RULE, "id")
NO_METRIC(RULE, "name")
NO_METRIC(RULE, "route")
NO_METRIC(RULE, "input")
NO_METRIC(RULE, "ports")
NO_METRIC(RULE, "destination")
NO_METRIC(RULE, "source")
NO_METRIC(RULE, "interface")
NO_METRIC(RULE, "verdict")
NO_METRIC(RULE, "hook")
NO_METRIC(RULE, "batching")
NO_METRIC(RULE, "checksum")
NO_METRIC(RULE, "time")

METRIC(COST, "cpu_time", SECONDS, "cost_cpu_seconds")
METRIC(COST, "bytes", COUNTER, "cost_bytes")
NO_METRIC(COST, "of")
NO_METRIC(COST, "name")
NO_METRIC(COST, "stage")
NO_METRIC(COST, "share")
NO_METRIC(COST, "datagrams")
NO_METRIC(COST, "each")
