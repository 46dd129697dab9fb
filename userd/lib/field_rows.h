/* SPDX-License-Identifier: MIT */
/*
 * What daemon and module tell of themselves, a row for each thing: its attribute
 * (uapi/sluice.yaml), the member of the daemon's report, and what people and programs see of it.
 * Answers, `sluicectl show` with and without -j, `sluicectl show fields` and with it the table in
 * docs/operations.md are made from the rows; the order of members in JSON is theirs.
 *
 *   FIELD(list, attribute, member, key, kind, place, title, unit, normally, meaning)
 *   FIELD_IF(list, attribute, gate, member, ...)    only there while the member `gate` is not 0
 *   TOLD(list, key, place, title, unit, normally, meaning)
 *       of what the module tells, too: sluicectl puts it together (ctl/list_module.c and
 *       list_streams.c), and the rows make its columns and documents
 *
 *   list      enum sluice_field_list
 *   member    of the struct that answer.c has for the list
 *   kind      enum sluice_field_kind
 *   place     columns go by it from left to right; 0: it is in JSON only
 *   title     of the column; with "?" in front it is left out where all of it is 0
 *   normally  ZERO: it is 0 where all is well; ANY
 *
 * Included several times with another FIELD each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

FIELD(INPUT, INPUT_ID, guid, "id", GUID, 0, "", "", ANY, "the input, over renames and restarts")
FIELD(INPUT, INPUT_NAME, name, "name", TEXT, 10, "INPUT", "", ANY, "its name")
FIELD(INPUT, INPUT_SOURCE, source, "source", TEXT, 20, "SOURCE", "", ANY,
	"who takes datagrams in: `kmod`, `socket`, `pcap`, `afpacket`, `xdp`, `tcp` or `sluice`")
FIELD(INPUT, INPUT_MATCH, match, "match", LONG_TEXT, 40, "MATCH", "", ANY, "ports and filters")
FIELD(INPUT, INPUT_VERDICT, verdict, "verdict", TEXT, 50, "VERDICT", "", ANY,
	"`steal` or `copy`: whether the stack sees what is taken")
FIELD_IF(INPUT, INPUT_STATE, state, state, "state", LONG_TEXT, 140, "STATE", "", ANY,
	"`active`, what it waits for, or how far its captures are read")
FIELD_IF(INPUT, INPUT_RECEIVE, receive, receive, "receive", TEXT, 30, "RECEIVE", "", ANY,
	"how its sockets are read; not there with `source: kmod`")
FIELD_IF(INPUT, INPUT_RECEIVE_WHY, receive, receive_why, "receive_why", REASON, 150, "WHY", "", ANY,
	"why its sockets are not read in a better way")
FIELD(INPUT, INPUT_PRIORITY, priority, "priority", NUMBER, 60, "PRIORITY", "0 to 7", ANY,
	"the higher, the sooner sent")
FIELD(INPUT, INPUT_OUTPUTS, outputs, "outputs", NAMES, 70, "OUTPUTS", "", ANY,
	"where its datagrams go")
FIELD(INPUT, INPUT_COUNTERS, counters, "matched", COUNTERS, 80, "MATCHED", "datagrams", ANY,
	"those that were the input's: stored and lost ones")
FIELD(INPUT, UNSPEC, counters, "stored", PART, 90, "STORED", "datagrams", ANY,
	"those that came into a stream")
FIELD(INPUT, UNSPEC, counters, "stored_bytes", PART, 100, "BYTES", "bytes", ANY,
	"payload of those stored")
FIELD(INPUT, UNSPEC, counters, "lost", PART, 110, "LOST", "datagrams", ZERO,
	"those that did not come into a stream, by cause")
FIELD(INPUT, INPUT_DROPPED, dropped, "dropped", NUMBER, 120, "DROPPED", "datagrams", ZERO,
	"of those stored: given up before every output had them")
FIELD(INPUT, INPUT_DROPPED_BY_CHANGE, dropped_by_change, "dropped_by_change", NUMBER, 0, "",
	"datagrams", ZERO, "of those dropped: because an operator said so")
FIELD_IF(INPUT, INPUT_NUMBER, has_index, index, "number", NUMBER, 0, "", "", ANY,
	"the number that its records carry; not there where its source does not know it (yet)")
FIELD_IF(INPUT, INPUT_UNMATCHED, receive, unmatched, "unmatched", NUMBER, 130, "UNMATCHED",
	"datagrams", ZERO, "came to its sockets and belong to no input")

FIELD(OUTPUT, OUTPUT_ID, guid, "id", GUID, 0, "", "", ANY, "the output, over renames and restarts")
FIELD(OUTPUT, OUTPUT_NAME, name, "name", TEXT, 10, "OUTPUT", "", ANY, "its name")
FIELD(OUTPUT, OUTPUT_MODE, mode, "mode", TEXT, 30, "MODE", "", ANY, "how it uses its destinations")
FIELD(OUTPUT, OUTPUT_FRAMING, framing, "framing", TEXT, 20, "FRAMING", "", ANY,
	"what a datagram looks like in the TCP stream")
FIELD(OUTPUT, OUTPUT_RATE, rate, "rate", NUMBER, 290, "RATE", "bits a second", ANY,
	"the limit of all its destinations together; 0: none")
FIELD(OUTPUT, OUTPUT_DROPPED, dropped, "dropped", NUMBER, 280, "DROPPED", "datagrams", ZERO,
	"given up before this output had them")
FIELD(OUTPUT, OUTPUT_MEMORY, waiting.memory, "memory", NUMBER, 110, "MEMORY", "bytes", ANY,
	"of streams that wait for it in memory")
FIELD(OUTPUT, OUTPUT_DISK, waiting.disk, "disk", NUMBER, 120, "DISK", "bytes", ANY,
	"of streams that wait for it on the disk")
FIELD(OUTPUT, OUTPUT_OLDEST, waiting.oldest_ns, "oldest", MOMENT, 130, "OLDEST", "time, UTC", ANY,
	"when the oldest that waits for it came; empty: nothing waits")
FIELD_IF(OUTPUT, OUTPUT_LOAD, load, load, "load", TEXT, 25, "LOAD", "", ANY,
	"its step of load: `normal`, `batching`, `disk` or `losing`")
FIELD_IF(OUTPUT, OUTPUT_LOAD_SINCE, load, load_since_ns, "load_since", MOMENT, 0, "", "time, UTC",
	ANY, "when it came to that step")
FIELD_IF(OUTPUT, OUTPUT_LOAD_WHY, load, load_why, "load_why", LONG_TEXT, 0, "", "", ANY,
	"why it is there; empty: `normal`")

FIELD(DESTINATION, DESTINATION_NAME, name, "to", TEXT, 40, "TO", "", ANY, "its address and port")
FIELD(DESTINATION, DESTINATION_STATE, state, "state", TEXT, 50, "STATE", "", ANY,
	"whether it is connected, and whether it keeps up")
FIELD(DESTINATION, DESTINATION_ERROR, error, "error", TEXT, 330, "LAST ERROR", "", ANY,
	"why its connection was lost last; empty: it never was")
FIELD(DESTINATION, DESTINATION_SINCE, since_ns, "since", MOMENT, 60, "SINCE", "time, UTC", ANY,
	"when it became what its state says")
FIELD_IF(DESTINATION, DESTINATION_MEMORY, is_alone, waiting.memory, "memory", NUMBER, 110, "MEMORY",
	"bytes", ANY, "that wait in memory for it alone")
FIELD_IF(DESTINATION, DESTINATION_DISK, is_alone, waiting.disk, "disk", NUMBER, 120, "DISK",
	"bytes", ANY, "that wait on the disk for it alone")
FIELD_IF(DESTINATION, DESTINATION_OLDEST, is_alone, waiting.oldest_ns, "oldest", MOMENT, 130,
	"OLDEST", "time, UTC", ANY, "when the oldest that waits for it alone came")
FIELD(DESTINATION, DESTINATION_SENT, sent, "sent", NUMBER, 70, "SENT", "datagrams", ANY,
	"written to TCP")
FIELD(DESTINATION, DESTINATION_ACKED, acked, "acked", NUMBER, 80, "ACKED", "datagrams", ANY,
	"acknowledged by the receiver (native, relp)")
FIELD(DESTINATION, DESTINATION_RESENT, resent, "resent", NUMBER, 90, "RESENT", "datagrams", ZERO,
	"sent again after a lost connection")
FIELD(DESTINATION, DESTINATION_BYTES, bytes, "bytes", NUMBER, 100, "BYTES", "bytes", ANY,
	"written to TCP")
FIELD(DESTINATION, DESTINATION_BACKLOG, backlog, "backlog", NUMBER, 140, "UNACKED", "bytes", ANY,
	"written and not acknowledged yet")
FIELD(DESTINATION, DESTINATION_WRITES, writes, "writes", NUMBER, 150, "WRITES", "calls", ANY,
	"system calls that sent")
FIELD(DESTINATION, DESTINATION_CONNECTS, connects, "connects", NUMBER, 160, "CONNECTS",
	"connections", ANY, "made since the start")
FIELD(DESTINATION, DESTINATION_ROLE, role, "role", TEXT, 0, "", "", ANY,
	"`active`, `standby` or `disabled`")
FIELD(DESTINATION, DESTINATION_GAPS, gaps, "gaps", NUMBER, 170, "GAPS", "records", ZERO,
	"of losses that its framing cannot tell the receiver")
FIELD(DESTINATION, DESTINATION_UNSENDABLE, unsendable, "unsendable", NUMBER, 180, "UNSENDABLE",
	"datagrams", ZERO, "not sent: they have no form in the framing, or it refuses them")
FIELD(DESTINATION, DESTINATION_ESCAPED, escaped, "escaped", NUMBER, 190, "ESCAPED", "bytes", ANY,
	"that were escaped, and messages that got a priority in front")
FIELD(DESTINATION, DESTINATION_OVERSIZED, oversized, "oversized", NUMBER, 200, "?OVERSIZED",
	"datagrams", ZERO, "not sent: longer than `max-datagram`")
FIELD(DESTINATION, DESTINATION_SKIPPED, skipped, "skipped", NUMBER, 210, "?SKIPPED", "datagrams",
	ZERO, "not sent: empty")
FIELD(DESTINATION, DESTINATION_SPLIT, split, "split", NUMBER, 220, "?SPLIT", "datagrams", ZERO,
	"sent as several messages, because they are longer than `max-datagram`")
FIELD(DESTINATION, DESTINATION_PIECES, pieces, "pieces", NUMBER, 230, "?PIECES", "messages", ZERO,
	"that those sent as several became")
FIELD(DESTINATION, DESTINATION_TRUNCATED, truncated, "truncated", NUMBER, 240, "?TRUNCATED",
	"datagrams", ZERO, "sent without their end, because they are longer than `max-datagram`")
FIELD(DESTINATION, DESTINATION_REFUSED, refused, "refused", NUMBER, 250, "REFUSED", "datagrams",
	ZERO, "that the receiver refused (relp, nats, kafka); they are not sent again")
FIELD(DESTINATION, DESTINATION_UNCONFIRMED, unconfirmed, "unconfirmed", NUMBER, 260, "UNCONFIRMED",
	"datagrams", ZERO, "that its TCP had when it ended the connection; it may not have read them")
FIELD(DESTINATION, DESTINATION_COMPRESSED_FROM, compress_in, "compressed_from", NUMBER, 262,
	"?UNCOMPRESSED", "bytes", ANY, "of records that went compressed, before they were")
FIELD(DESTINATION, DESTINATION_COMPRESSED_TO, compress_out, "compressed_to", NUMBER, 264,
	"?COMPRESSED", "bytes", ANY, "of the same records, as they went")
FIELD(DESTINATION, DESTINATION_COMPRESS_NS, compress_ns, "compress_ns", NUMBER, 0, "",
	"nanoseconds", ANY, "that compressing them took")
FIELD(DESTINATION, DESTINATION_COMPRESS_STEP, compress_step, "compress_step", NUMBER, 266, "?STEP",
	"0 to 5", ANY, "how hard records are compressed now; 0: not at all")
FIELD(DESTINATION, DESTINATION_FAULTS, faults, "protocol_errors", NUMBER, 270, "FAULTS",
	"connections", ZERO, "that were ended because it broke the protocol")
FIELD(DESTINATION, DESTINATION_RATE, rate, "rate", NUMBER, 290, "RATE", "bits a second", ANY,
	"its limit; 0: none")
FIELD(DESTINATION, DESTINATION_ACHIEVED, achieved, "achieved", NUMBER, 300, "ACHIEVED",
	"bits a second", ANY, "that it got in the last second")
FIELD(DESTINATION, DESTINATION_MSS, mss, "mss", NUMBER, 310, "MSS", "bytes", ANY,
	"maximum segment size of its TCP; 0: not connected")
FIELD(DESTINATION, DESTINATION_PMTU, pmtu, "pmtu", NUMBER, 320, "PMTU", "bytes", ANY,
	"path MTU of its TCP; 0: not connected")

FIELD(MEMORY, STORE_MEMORY_SIZE, memory_size, "size", NUMBER, 20, "SIZE", "bytes", ANY,
	"of all rings")
FIELD(MEMORY, STORE_MEMORY_USED, memory_used, "used", NUMBER, 30, "USED", "bytes", ANY,
	"of the rings that are neither acknowledged nor on the disk")
FIELD(MEMORY, STORE_MEMORY_ALARMS, memory_alarms, "alarms", NUMBER, 130, "ALARMS", "times", ZERO,
	"that a ring's alarm was raised")

FIELD(DISK, STORE_DISK_PATH, disk_path, "path", TEXT, 140, "PATH", "", ANY, "where it lies")
FIELD(DISK, STORE_DISK_SIZE, disk_size, "size", NUMBER, 20, "SIZE", "bytes", ANY, "of all segments")
FIELD(DISK, STORE_DISK_USED, disk.used, "used", NUMBER, 30, "USED", "bytes", ANY,
	"of segments that are not free")
FIELD(DISK, STORE_DISK_WAITING, disk.bytes, "waiting", NUMBER, 40, "WAITING", "bytes", ANY,
	"of streams that an output needs")
FIELD(DISK, STORE_DISK_SPOOLED, disk.spooled, "spooled", NUMBER, 50, "SPOOLED", "bytes", ANY,
	"of streams written since the start")
FIELD(DISK, STORE_DISK_DRAINED, disk.drained, "drained", NUMBER, 60, "DRAINED", "bytes", ANY,
	"of streams that every output has got since the start")
FIELD(DISK, STORE_DISK_SEGMENTS, disk.segments, "segments", NUMBER, 70, "SEGMENTS", "segments", ANY,
	"in all")
FIELD(DISK, STORE_DISK_FREE, disk.free_segments, "free_segments", NUMBER, 80, "FREE", "segments",
	ANY, "that hold nothing that an output needs")
FIELD(DISK, STORE_DISK_DAMAGED_FRAMES, disk.damaged_frames, "damaged_frames", NUMBER, 0, "",
	"frames", ZERO, "found damaged since the start")
FIELD(DISK, STORE_DISK_DAMAGED, disk.damaged_records, "damaged", NUMBER, 90, "DAMAGED", "datagrams",
	ZERO, "in damaged frames; the receiver is told")
FIELD(DISK, STORE_DISK_QUARANTINED, disk.quarantined, "quarantined", NUMBER, 100, "QUARANTINED",
	"files", ZERO, "put aside at the start")
FIELD(DISK, STORE_DISK_ABANDONED, disk.abandoned, "abandoned", NUMBER, 110, "ABANDONED", "segments",
	ZERO, "given up after a failed write")
FIELD(DISK, STORE_DISK_DROPPED, disk.dropped, "dropped", NUMBER, 120, "DROPPED", "datagrams", ZERO,
	"given up for newer ones since the start")
FIELD(DISK, STORE_DISK_ALARMS, disk_alarms, "alarms", NUMBER, 130, "ALARMS", "times", ZERO,
	"that it was filled, full, or could not be written")

FIELD(STORE, STORE_ALARMS_NOW, alarms_now, "alarms_now", NUMBER, 0, "", "alarms", ZERO,
	"of memory and disk that are raised")
FIELD(STORE, STORE_DROPPED_BY_CHANGE, dropped_by_change, "dropped_by_change", NUMBER, 0, "",
	"datagrams", ZERO, "dropped because an operator said so, of inputs that are gone, too")

FIELD(DAEMON, DAEMON_VERSION, version, "version", TEXT, 20, "VERSION", "", ANY, "of the daemon")
FIELD(DAEMON, DAEMON_RELAY, relay, "relay", TEXT, 10, "RELAY", "", ANY, "the relay's name")
FIELD(DAEMON, DAEMON_PID, pid, "pid", NUMBER, 30, "PID", "", ANY, "of its process")
FIELD(DAEMON, DAEMON_UPTIME, uptime, "uptime_seconds", NUMBER, 40, "UPTIME", "seconds", ANY,
	"since its start")
FIELD(DAEMON, DAEMON_WORKING_SINCE, working_since_ns, "working_since", MOMENT, 45, "WORKING SINCE",
	"time, UTC", ANY, "when the first of the processes came that took over from each other")
FIELD(DAEMON, DAEMON_CONFIG, config, "configuration", TEXT, 80, "CONFIGURATION", "", ANY,
	"the file in force")
FIELD(DAEMON, DAEMON_CONFIG_AGE, config_age, "configuration_seconds", NUMBER, 90, "IN FORCE",
	"seconds", ANY, "for which that has been in force")
FIELD(DAEMON, DAEMON_OWN_CONFIG, own_config, "started_with", TEXT, 0, "", "", ANY,
	"the file that it was started with")
FIELD(DAEMON, DAEMON_STATE, state, "state", TEXT, 100, "STATE", "", ANY,
	"`running`, or what keeps it from that")
FIELD_IF(DAEMON, DAEMON_LOAD, load, load, "load", TEXT, 110, "LOAD", "", ANY,
	"the highest step of load of all outputs and streams: `normal`, `batching`, `disk`, `losing`")
FIELD_IF(DAEMON, DAEMON_LOAD_SINCE, load, load_since_ns, "load_since", MOMENT, 0, "", "time, UTC",
	ANY, "when it came to that step")
FIELD_IF(DAEMON, DAEMON_LOAD_WHY, load, load_why, "load_why", LONG_TEXT, 0, "", "", ANY,
	"why it is there; empty: `normal`")
FIELD(DAEMON, DAEMON_WORKERS, workers, "workers", NUMBER, 50, "WORKERS", "threads", ANY,
	"that relay")
FIELD_IF(DAEMON, DAEMON_BAD_CHECKSUM, has_checksums, bad_checksum, "bad_checksum", NUMBER, 60,
	"BAD CHECKSUM", "datagrams", ZERO,
	"with a wrong checksum that the kernel dropped here, whatever their port")
FIELD_IF(DAEMON, DAEMON_BAD_CHECKSUM_UNPLACED, has_checksums, bad_checksum_unplaced,
	"bad_checksum_unplaced", NUMBER, 70, "UNPLACED", "datagrams", ZERO,
	"of those with a wrong checksum: counted by no input")

FIELD(ORPHAN, ORPHAN_OUTPUT, output, "id", GUID, 60, "ID", "", ANY, "the output for which it waits")
FIELD(ORPHAN, ORPHAN_NAME, name, "name", TEXT, 10, "OUTPUT", "", ANY,
	"what that was called, if anybody remembers")
FIELD(ORPHAN, ORPHAN_PLACE, place, "place", TEXT, 20, "PLACE", "", ANY,
	"`memory`, `module` or `disk`")
FIELD(ORPHAN, ORPHAN_WHERE, where, "where", LONG_TEXT, 50, "WHERE", "", ANY,
	"the file, route or folder")
FIELD(ORPHAN, ORPHAN_BYTES, bytes, "bytes", NUMBER, 30, "BYTES", "bytes", ZERO, "that wait")
FIELD(ORPHAN, ORPHAN_SINCE, since_ns, "since", MOMENT, 40, "SINCE", "time, UTC", ANY,
	"when the oldest came; empty: not known")

FIELD(THREAD, THREAD_NAME, name, "name", TEXT, 10, "THREAD", "", ANY, "as `ps -L` has it")
FIELD(THREAD, THREAD_KIND, kind, "kind", TEXT, 20, "KIND", "", ANY,
	"`control`, `worker`, `forwarder`, `spooler`, `foreman`, `resolver` or `watchdog`")
FIELD(THREAD, THREAD_HEALTH, health, "health", TEXT, 30, "HEALTH", "", ANY,
	"`well`, `starved` (no processor), `blocked` (disk, DNS) or `stuck`")
FIELD(THREAD, THREAD_STATE, state, "state", TEXT, 40, "STATE", "", ANY, "what it says that it does")
FIELD(THREAD, THREAD_SINCE, since_ns, "since", MOMENT, 50, "SINCE", "time, UTC", ANY,
	"when it began that")
FIELD(THREAD, THREAD_PROGRESS, progress_ns, "progress", MOMENT, 0, "", "time, UTC", ANY,
	"when it got on last")
FIELD(THREAD, THREAD_ROUNDS, rounds, "rounds", NUMBER, 60, "ROUNDS", "times", ANY,
	"that it got on")
FIELD(THREAD, THREAD_TIME, time_ns, "cpu_time", NUMBER, 70, "CPU TIME", "nanoseconds", ANY,
	"that it used of processors")
FIELD(THREAD, THREAD_CPU, cpu, "cpu", NUMBER, 80, "CPU", "", ANY, "on which it ran last")
FIELD(THREAD, THREAD_POLICY, policy, "policy", TEXT, 90, "POLICY", "", ANY,
	"the scheduler's: `other`, `fifo`, `rr`, `batch`, `idle`, `deadline`")
FIELD(THREAD, THREAD_TID, tid, "tid", NUMBER, 100, "TID", "", ANY, "its number, as `top -H` has it")

FIELD(COST, COST_OF, of, "of", TEXT, 10, "OF", "", ANY,
	"`thread`, `input`, `output`, `kernel`, `process` or `module`: what spends it. What inputs and "
	"outputs cost is in the threads' lines, too")
FIELD(COST, COST_NAME, name, "name", TEXT, 20, "NAME", "", ANY, "of that")
FIELD(COST, COST_STAGE, stage, "stage", TEXT, 30, "STAGE", "", ANY,
	"what it goes into; `total`: what the kernel charges the thread or process, which its other "
	"lines add up to; `wake`: the module's, of whoever reads the ring")
FIELD(COST, COST_TIME, time_ns, "cpu_time", NUMBER, 40, "CPU TIME", "nanoseconds", ANY,
	"processor time, in user space and in the kernel")
FIELD(COST, COST_SHARE, share, "share", NUMBER, 50, "SHARE", "thousandths", ANY,
	"of the processor time of the process; 0 for the module, which is no part of it")
FIELD(COST, COST_DATAGRAMS, datagrams, "datagrams", NUMBER, 60, "DATAGRAMS", "datagrams", ANY,
	"those that it took in, or sent if it took none in")
FIELD(COST, COST_EACH, each_ns, "each", NUMBER, 70, "EACH", "nanoseconds", ANY,
	"processor time by datagrams")
FIELD(COST, COST_BYTES, bytes, "bytes", NUMBER, 80, "BYTES", "bytes", ANY,
	"those that went through the stage; 0: nobody counts them")
FIELD(FORWARD, FORWARD_ID, id, "id", GUID, 140, "ID", "", ANY, "the forward")
FIELD(FORWARD, FORWARD_NAME, name, "name", TEXT, 10, "FORWARD", "", ANY, "its name")
FIELD(FORWARD, FORWARD_LISTEN, listen, "listen", NAMES, 20, "LISTEN", "", ANY,
	"where connections are taken; empty: it is gone, and has connections left")
FIELD(FORWARD, FORWARD_TO, to, "to", TEXT, 30, "TO", "", ANY, "where they lead")
FIELD(FORWARD, FORWARD_STATE, state, "state", TEXT, 130, "STATE", "", ANY,
	"`forwarding`, `unreachable` (the last attempt to connect failed), or `draining` (it is gone, and has connections left)")
FIELD(FORWARD, FORWARD_NOW, now, "now", NUMBER, 40, "NOW", "connections", ANY, "that there are")
FIELD(FORWARD, FORWARD_TOTAL, total, "total", NUMBER, 50, "TOTAL", "connections", ANY,
	"that were let in")
FIELD(FORWARD, FORWARD_DENIED, denied, "denied", NUMBER, 80, "DENIED", "connections", ZERO,
	"that `allow` and `deny` kept out")
FIELD(FORWARD, FORWARD_LIMITED, limited, "limited", NUMBER, 90, "LIMITED", "connections", ZERO,
	"that the limits kept out")
FIELD(FORWARD, FORWARD_FAILED, failed, "failed", NUMBER, 100, "FAILED", "connections", ZERO,
	"let in, for which the destination could not be reached")
FIELD(FORWARD, FORWARD_ABORTED, aborted, "aborted", NUMBER, 110, "ABORTED", "connections", ANY,
	"that ended by a reset of either side, a time limit or a change")
FIELD(FORWARD, FORWARD_UP, up, "up", NUMBER, 60, "UP", "bytes", ANY, "passed on to the destination")
FIELD(FORWARD, FORWARD_DOWN, down, "down", NUMBER, 70, "DOWN", "bytes", ANY, "passed back to clients")

TOLD(STREAM, "id", 140, "STREAM", "", ANY, "the stream: a ring, with one writer")
TOLD(STREAM, "route", 0, "", "", ANY, "the GUID of its route")
TOLD(STREAM, "source", 0, "", "", ANY, "who fills it, a word of `inputs.source`")
TOLD(STREAM, "route_name", 10, "ROUTE", "", ANY, "the route: inputs that have outputs in common")
TOLD(STREAM, "priority", 20, "PRIORITY", "0 to 7", ANY, "the higher, the sooner sent")
TOLD(STREAM, "epoch", 0, "", "", ANY, "tells one life of a ring from the next")
TOLD(STREAM, "cpu", 30, "CPU", "", ANY, "the CPU that fills it; of sockets the number of the worker")
TOLD(STREAM, "worker", 0, "", "", ANY,
	"number of the worker that reads it; not there where none does")
TOLD(STREAM, "size", 40, "SIZE", "bytes", ANY, "of the ring")
TOLD(STREAM, "head", 70, "HEAD", "bytes", ANY, "written since its epoch began")
TOLD(STREAM, "tail", 0, "", "bytes", ANY, "of them, free again")
TOLD(STREAM, "fill_percent", 50, "FILL%", "percent", ANY, "of the ring that is in use")
TOLD(STREAM, "owner", 100, "OWNER", "", ANY, "the process that reads it; 0: none")
TOLD(STREAM, "wakes", 110, "WAKES", "times", ANY, "that its reader was woken")
TOLD(STREAM, "matched", 0, "", "datagrams", ANY, "that were for it: stored and lost ones")
TOLD(STREAM, "stored", 120, "STORED", "datagrams", ANY, "those that came into it")
TOLD(STREAM, "stored_bytes", 0, "", "bytes", ANY, "payload of those stored")
TOLD(STREAM, "lost", 130, "LOST", "datagrams", ZERO, "those that did not come into it, by cause")
TOLD(STREAM, "gaps", 0, "", "records", ZERO, "that tell of losses")
TOLD(STREAM, "cursors", 0, "", "", ANY, "how far each output is")
TOLD(STREAM, "disk", 0, "", "bytes", ANY, "of it that the disk has; not there without a disk")
TOLD(STREAM, "draining", 0, "", "", ANY, "nothing comes into it any more; not there without a daemon")
TOLD(STREAM, "load", 0, "", "", ANY,
	"its step of load: `normal`, `batching`, `disk` or `losing`; not there without a daemon")
TOLD(STREAM, "load_since", 0, "", "time, UTC", ANY, "when it came to that step")
TOLD(CURSOR, "output", 0, "", "", ANY, "the GUID of the output")
TOLD(CURSOR, "name", 80, "OUTPUT", "", ANY, "the output's name")
TOLD(CURSOR, "acked", 0, "", "bytes", ANY, "up to where it has everything")
TOLD(CURSOR, "taken", 0, "", "bytes", ANY, "up to where it has taken it in hand")
TOLD(CURSOR, "disk", 60, "DISK", "bytes", ANY, "that wait for it on the disk")
TOLD(CURSOR, "behind", 90, "BEHIND", "bytes", ANY, "that it has not got, in memory and on the disk")

/* Of the module, from its own table, sluice/counters.h: what is included here has to include it. */
#define RING_ROW(NAME, name, form, place, title, unit, normally, metric, meaning) \
	TOLD(RING, #name, place, title, unit, normally, meaning)
#define CPU_ROW(NAME, name, form, place, title, unit, normally, metric, meaning) \
	TOLD(CPU, #name, place, title, unit, normally, meaning)
#define LOST_ROW(NAME, name, meaning) TOLD(LOST, #name, 0, "", "datagrams", ZERO, meaning)

TOLD(RING, "name", 10, "NAME", "", ANY, "its route's name")
TOLD(RING, "route", 0, "", "", ANY, "the GUID of its route")
TOLD(RING, "priority", 0, "", "0 to 7", ANY, "the higher, the sooner sent")
TOLD(RING, "cpu", 25, "CPU", "", ANY, "the CPU that fills it")
TOLD(RING, "stream", 270, "STREAM", "", ANY, "the GUID of its stream")
TOLD(RING, "epoch", 0, "", "", ANY, "tells one life of the ring from the next")
SLUICE_RING_COUNTERS(RING_ROW)
TOLD(RING, "batch", 280, "RECORDS AT ONCE", "times", ANY,
	"that its reader was told of so many records at once, by class, which is called by the least of it: 4 is 4 to 7")

TOLD(CPU, "cpu", 25, "CPU", "", ANY, "the CPU")
SLUICE_CPU_RULE_COUNTERS(CPU_ROW)
SLUICE_DATAGRAM_COUNTERS(CPU_ROW)
TOLD(CPU, "lost", 130, "LOST", "datagrams", ZERO, "those that did not come into a ring, by cause")
SLUICE_CPU_RING_COUNTERS(CPU_ROW)

SLUICE_LOST_COUNTERS(LOST_ROW)
#undef RING_ROW
#undef CPU_ROW
#undef LOST_ROW

TOLD(RULE, "id", 140, "ID", "", ANY, "the rule; of an input its GUID")
TOLD(RULE, "name", 10, "RULE", "", ANY, "its name")
TOLD(RULE, "route", 0, "", "", ANY, "the GUID of the route that it fills")
TOLD(RULE, "input", 0, "", "", ANY, "the number that its datagrams carry")
TOLD(RULE, "ports", 20, "PORTS", "", ANY, "destination ports")
TOLD(RULE, "destination", 30, "DESTINATION", "", ANY, "destination prefix; none: any")
TOLD(RULE, "source", 40, "SOURCE", "", ANY, "source prefix; none: any")
TOLD(RULE, "interface", 50, "INTERFACE", "", ANY, "by which they come; none: any")
TOLD(RULE, "verdict", 60, "VERDICT", "", ANY, "`steal` or `copy`")
TOLD(RULE, "hook", 70, "HOOK", "", ANY, "where it takes them")
TOLD(RULE, "batching", 80, "BATCHING", "", ANY, "whether the interface joins them")
TOLD(RULE, "checksum", 90, "CHECKSUM", "", ANY, "what becomes of one whose checksum is wrong")
TOLD(RULE, "time", 100, "TIME", "", ANY, "whose clock stamps them")
TOLD(RULE, "matched", 110, "MATCHED", "datagrams", ANY, "that were the rule's")
TOLD(RULE, "stored", 120, "STORED", "datagrams", ANY, "those that came into a ring")
TOLD(RULE, "stored_bytes", 0, "", "bytes", ANY, "payload of those stored")
TOLD(RULE, "lost", 130, "LOST", "datagrams", ZERO, "those that did not, by cause")

TOLD(ROUTE, "id", 70, "ID", "", ANY, "the route")
TOLD(ROUTE, "name", 10, "ROUTE", "", ANY, "its name")
TOLD(ROUTE, "priority", 20, "PRIORITY", "0 to 7", ANY, "of its streams")
TOLD(ROUTE, "ring_size", 30, "RING", "bytes", ANY, "of each of its rings, one per CPU")
TOLD(ROUTE, "watermark", 40, "WATERMARK", "bytes", ANY, "that wake the reader")
TOLD(ROUTE, "delay_us", 50, "DELAY_US", "microseconds", ANY, "after which it is woken for less")
TOLD(ROUTE, "prompt", 0, "", "", ANY, "whether it is woken at once for what comes alone")
TOLD(ROUTE, "rules", 60, "RULES", "rules", ANY, "that fill it")

TOLD(PLACEMENT, "what", 10, "WHAT", "", ANY,
	"`thread`, `ring`, `interrupt` of a card; `rps`, `xps`: CPUs that a queue is told")
TOLD(PLACEMENT, "name", 20, "NAME", "", ANY, "its name; of a ring its route and who fills it")
TOLD(PLACEMENT, "cpus", 30, "CPUS", "", ANY, "the CPUs that it may be on")
TOLD(PLACEMENT, "cpu", 40, "CPU", "", ANY,
	"where a thread ran last, who fills a ring of the module; -1: none, or several")
TOLD(PLACEMENT, "node", 50, "NODE", "", ANY,
	"NUMA node of that CPU, of a ring's worker, of a card; -1: not known")
TOLD(PLACEMENT, "worker", 60, "WORKER", "", ANY, "of a ring the thread that reads it")
TOLD(PLACEMENT, "policy", 70, "POLICY", "", ANY, "how the scheduler treats a thread")
TOLD(PLACEMENT, "priority", 0, "", "1 to 99", ANY, "of a thread with `fifo` or `rr`, else 0")
TOLD(PLACEMENT, "nice", 80, "?NICE", "-20 to 19", ANY, "of a thread")
TOLD(PLACEMENT, "memory", 90, "MEMORY", "", ANY,
	"the nodes that a ring's memory is of, with bytes if they are several")
TOLD(PLACEMENT, "bytes", 100, "?BYTES", "bytes", ANY, "of a ring that the daemon has mapped")
TOLD(PLACEMENT, "huge", 110, "HUGE", "bytes", ANY, "of them, in huge pages")
TOLD(PLACEMENT, "warnings", 0, "", "", ANY, "what contradicts, and what mends it")
