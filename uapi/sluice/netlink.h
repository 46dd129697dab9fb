/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The netlink schema of sluice: one set of commands and attributes, spoken by
 *   - the module, as generic netlink family SLUICE_GENL_NAME: routes, rules, streams (marked [K]);
 *   - the daemon, on NETLINK_USERSOCK at port id SLUICE_USERSOCK_PORT, with the same message layout
 *     (struct nlmsghdr, type SLUICE_USERSOCK_TYPE; struct genlmsghdr; attributes): inputs, outputs,
 *     streams, configuration (marked [D]).
 *
 * Integers are in host byte order, addresses in network byte order. An ID is a GUID, 16 bytes as in
 * RFC 4122 section 4.1.2 (the order in which they are written). Every refusal carries an extended
 * error text (NLMSGERR_ATTR_MSG) and, where one attribute is at fault, its offset
 * (NLMSGERR_ATTR_OFFS). Changing needs CAP_NET_ADMIN in the user namespace that owns the network
 * namespace [K], or CAP_NET_ADMIN of the sender as the kernel vouches for it (uid 0 or the daemon's
 * own uid) [D].
 *
 * ROUTE_SET [K]  makes or changes a route (a set of per-CPU rings).
 *     ROUTE_ID*, ROUTE_NAME, ROUTE_RING_SIZE (bytes per ring, power of two), ROUTE_WATERMARK
 * (bytes), ROUTE_DELAY (µs), ROUTE_ALARM (percent of a ring), ROUTE_PROMPT (1: where few come each
 * is told of at once). NLM_F_CREATE: make it if absent; NLM_F_EXCL: refuse if present (EEXIST).
 * Setting what is there already changes nothing and disturbs nobody. Another RING_SIZE for an
 * existing route: EOPNOTSUPP (make another route, rules can be moved). Limits: watermark 1 ..
 * size/2, delay 0 .. 1,000,000 µs (0: wake at once). A new route's defaults: 4 MiB, 64 KiB, 1,000
 * µs, no alarm; for one that exists, what is not said stays. Rings that do not fit into memory:
 * ENOMEM; more than 1,024 routes or 65,536 rules in a namespace: ENOSPC. In a network namespace of
 * another user namespace than the initial one, more memory than the module's parameters
 * ring_memory_max and ring_memory_max_all allow, or more than 4,096 rules or 1,048,576 ports in all
 * of them: EDQUOT. ROUTE_DEL [K]  ROUTE_ID*. EBUSY while rules point to it. Its rings go when the
 * last mapping goes. ROUTE_GET [K]  dump, or one by ROUTE_ID: the above and ROUTE_RULES (how many
 * point to it).
 *
 * RULE_SET [K]   makes or changes a rule.
 *     RULE_ID*, RULE_ROUTE* (ID of an existing route: ENOENT), RULE_INPUT* (index in records),
 *     RULE_PORTS* (array of struct sluice_port_range), RULE_NAME, RULE_DESTINATION +
 * RULE_DESTINATION_LEN, RULE_SOURCE + RULE_SOURCE_LEN (4 or 16 bytes of address, prefix length;
 * absent: any address of any family), RULE_INTERFACE (name; absent: any; one that does not exist
 * now is accepted and matches when it appears), RULE_VERDICT (default steal), RULE_FLAGS, RULE_HOOK
 * (default prerouting; another one for an existing rule loses nothing, but in the moment of the
 * change may take a datagram twice if the verdict is copy; ingress needs RULE_INTERFACE and the
 * verdict steal: EINVAL, and a kernel with CONFIG_NETFILTER_INGRESS: EOPNOTSUPP), RULE_BATCHING
 * (default off; others need RULE_INTERFACE: EINVAL; on needs a kernel that can: EOPNOTSUPP
 * before 5.12). Flags as for ROUTE_SET; a change is atomic for every datagram: the old rule or the
 * new one. A datagram can belong to one rule only: a rule of which some datagram would also match
 * another rule is refused (EEXIST) naming both. RULE_DEL [K]   RULE_ID*. ENOENT if there is none.
 * RULE_GET [K]   dump, or one by RULE_ID: the above and RULE_COUNTERS (nested), summed over CPUs.
 * RULES_EXCHANGE [K]  makes, changes and deletes rules, all in one step or none.
 *     RULE (nested, repeated: as for RULE_SET; made if absent), RULE_GONE (repeated; one that is
 * not there is passed over). At least one of them: EINVAL. Each datagram finds a rule of those
 * before or of those after. Clashes are looked for among the rules after: ports may go from one to
 * another, and two may change places. A rule is named once: EINVAL. RULE_CONTINUES in RULE: the ID
 * of a rule in RULE_GONE, whose counters go on in this one, which must be a new one, and in no
 * other: EINVAL; if that is not there they begin at 0. As for RULE_SET, a rule that copies and goes
 * to another hook may take a datagram twice in that moment. A refusal changes nothing, and its text
 *     names the rule. One message holds them all: the sender's buffer (SO_SNDBUFFORCE) has to. A
 * module before this command answers EOPNOTSUPP without a text.
 *
 * STREAM_GET [K] dump: one message per ring: ROUTE_ID, STREAM_* . STREAM_GET [D] the same for
 * streams of user-space sources, and for each stream its outputs' cursors.
 * CPU_GET [K] dump: one message per possible CPU: CPU_*. A module before it answers EOPNOTSUPP.
 *
 * INPUT_GET [D], OUTPUT_GET [D], DAEMON_GET [D], STORE_GET [D]  dumps: see the attributes.
 * CONFIG_APPLY [D]  CONFIG_TEXT* (YAML; repeated, in order, where it is longer than the 65,531
 * bytes that an attribute holds; 1 MiB in all), CONFIG_NAME (what to call it in messages): checked
 * whole, then applied whole or not at all. CONFIG_ADOPT* ("OLD=NEW") and CONFIG_DROP* ("OLD"), each
 * as often as needed, say what becomes of what waits for an output OLD (name or ID) that the
 * configuration does not have: NEW gets it, or it is dropped. Refusal: EINVAL with
 * CONFIG_FINDINGS-text in the extended error; EBUSY if something waits for an output that goes and
 * nothing was said of it. CONFIG_IF_REVISION: ESTALE if another one is in force. CONFIG_HOW: one
 * piece of what is in force was changed, and how, in words: it is in no file. CONFIG_WITHIN: what
 * was in force before comes back after so many seconds (1 to 86,400) unless CONFIG_CONFIRM [D]
 * comes before (ENOENT: nothing waits for one). CONFIG_GET [D] dump: the configuration in force, or
 * CONFIG_REVISION: CONFIG_REVISION, CONFIG_NAME, CONFIG_HOW, CONFIG_RUNTIME, CONFIG_UID,
 * CONFIG_TIME and CONFIG_TEXT; further messages with more of the text. ENOENT: it is not kept any
 * more. REVISION_GET [D] dump: those that are kept, oldest first, without their texts. ORPHAN_GET
 * [D] dump: what waits for outputs that the configuration does not have: ORPHAN_*.
 *
 * Events (multicast group SLUICE_GENL_EVENTS): RULE_SET, RULE_DEL, ROUTE_SET, ROUTE_DEL with the
 * object, STREAM_EVENT with ROUTE_ID, STREAM_CPU, EVENT_KIND (enum sluice_event) [K]. An alarm is
 * raised once, at the latest when as many bytes as the watermark came in beyond the mark, or after
 * the delay if somebody is attached, or when a datagram finds no room; it is over with the next
 * datagram or within a second. DAEMON_EVENT with EVENT_KIND (ALARM, ALARM_OVER, CONFIG, LINK_DOWN,
 * LINK_UP, REJECTING, REJECTING_OVER), EVENT_KEY, EVENT_WHERE, EVENT_TEXT, of a link
 * EVENT_INTERFACE, to group SLUICE_USERSOCK_EVENTS of NETLINK_USERSOCK, which takes CAP_NET_ADMIN
 * to join. Anybody may send there: ask the kernel who did (SO_PASSCRED) [D].
 */
#ifndef SLUICE_NETLINK_H
#define SLUICE_NETLINK_H

#include <linux/types.h>

#define SLUICE_GENL_NAME "sluice"
#define SLUICE_GENL_VERSION 1
#define SLUICE_GENL_EVENTS "events"

/* The daemon's port id on NETLINK_USERSOCK ("slui"); a second instance takes the next free one. */
#define SLUICE_USERSOCK_PORT 0x736c7569U
#define SLUICE_USERSOCK_TYPE 0x10U /* NLMSG_MIN_TYPE, linux/netlink.h */
#define SLUICE_USERSOCK_EVENTS 20U /* multicast group of its events, of 32 */

struct sluice_port_range {
	__u16 first;
	__u16 last; /* >= first */
};

/* All below is made from uapi/sluice.yaml: uapi/generate.py. */
/* clang-format off */

#define SLUICE_GUID_SIZE 16
#define SLUICE_NAME_MAX 63 /* bytes, without the final NUL */

enum sluice_command {
	SLUICE_CMD_UNSPEC,
	SLUICE_CMD_ROUTE_SET,
	SLUICE_CMD_ROUTE_DEL,
	SLUICE_CMD_ROUTE_GET,
	SLUICE_CMD_RULE_SET,
	SLUICE_CMD_RULE_DEL,
	SLUICE_CMD_RULE_GET,
	SLUICE_CMD_STREAM_GET,
	SLUICE_CMD_STREAM_EVENT,
	SLUICE_CMD_INPUT_GET,
	SLUICE_CMD_OUTPUT_GET,
	SLUICE_CMD_DAEMON_GET,
	SLUICE_CMD_CONFIG_APPLY,
	SLUICE_CMD_STORE_GET,
	SLUICE_CMD_DAEMON_EVENT,
	SLUICE_CMD_ORPHAN_GET,
	SLUICE_CMD_RULES_EXCHANGE,
	SLUICE_CMD_CONFIG_GET,
	SLUICE_CMD_REVISION_GET,
	SLUICE_CMD_CONFIG_CONFIRM,
	SLUICE_CMD_EVENT_GET,
	SLUICE_CMD_THREAD_GET,
	SLUICE_CMD_COST_GET,
	SLUICE_CMD_FORWARD_GET,
	SLUICE_CMD_CPU_GET,
	__SLUICE_CMD_END,
	SLUICE_CMD_MAX = __SLUICE_CMD_END - 1,
};

enum sluice_verdict {
	/* the stack never sees it: no ICMP, no other socket */
	SLUICE_VERDICT_STEAL = 0,
	/* the stack goes on with it as if nothing had been */
	SLUICE_VERDICT_COPY = 1,
};

/* Where a rule's datagrams are taken. One rule per datagram, whatever their hooks. */
enum sluice_hook {
	/* before connection tracking, the firewall and routing */
	SLUICE_HOOK_PREROUTING = 0,
	/* behind the firewall's INPUT: only what is for this host */
	SLUICE_HOOK_LOCAL_IN = 1,
	/* of the rule's interface, before IP; what it leaves: prerouting */
	SLUICE_HOOK_INGRESS = 2,
	/* in the driver of the rule's interface; what it leaves: prerouting */
	SLUICE_HOOK_XDP = 3,
};

/* Whether the rule's interface joins the datagrams of a burst while the rule is there. */
enum sluice_batching {
	SLUICE_BATCHING_OFF = 0,		/* the interface is left as it is */
	SLUICE_BATCHING_ON = 1,			/* it does; its setting goes back with the rule */
	SLUICE_BATCHING_AUTO = 2,		/* it does while it does GRO */
};

enum sluice_event {
	SLUICE_EVENT_OWNER = 1,			/* another consumer owns the ring, or nobody */
	SLUICE_EVENT_OVERFLOW = 2,		/* the ring became full */
	SLUICE_EVENT_ROOM = 3,			/* it has room again */
	SLUICE_EVENT_ALARM = 4,			/* it is filled to ROUTE_ALARM percent */
	/* to 10 percent of its size less, or half of a mark below 20; or no alarm is set */
	SLUICE_EVENT_ALARM_OVER = 5,
	SLUICE_EVENT_CONFIG = 6,		/* another configuration is in force [D] */
	/* an interface that the configuration names is down, or gone [D] */
	SLUICE_EVENT_LINK_DOWN = 7,
	SLUICE_EVENT_LINK_UP = 8,		/* it is up again, with a carrier [D] */
	/* a destination accepts connections and ends them at once [D] */
	SLUICE_EVENT_REJECTING = 9,
	SLUICE_EVENT_REJECTING_OVER = 10,	/* it keeps its connection again [D] */
	SLUICE_EVENT_STARTED = 11,		/* the daemon has started [D] */
	SLUICE_EVENT_STOPPING = 12,		/* it was told to stop [D] */
	/* a change of the configuration failed, the one in force stays [D] */
	SLUICE_EVENT_CONFIG_FAILED = 13,
	SLUICE_EVENT_DESTINATION_UP = 14,	/* a destination has a connection [D] */
	SLUICE_EVENT_DESTINATION_DOWN = 15,	/* it has none any more, or never had one [D] */
	/* an input lost datagrams, EVENT_COUNT of them since the last event of it [D] */
	SLUICE_EVENT_LOSS = 16,
	SLUICE_EVENT_SILENT = 17,		/* a worker does not answer [D] */
	SLUICE_EVENT_SILENT_OVER = 18,		/* it answers again [D] */
	/* events of the module were missed; EVENT_TEXT says how things are now [D] */
	SLUICE_EVENT_MISSED = 19,
	SLUICE_EVENT_STUCK = 20,		/* a thread of the daemon hangs [D] */
	SLUICE_EVENT_STUCK_OVER = 21,		/* it gets on again [D] */
	SLUICE_EVENT_REPLACED = 22,		/* a fresh thread goes on with its work [D] */
	SLUICE_EVENT_STARVED = 23,		/* a thread, or the daemon, gets no processor [D] */
	SLUICE_EVENT_STARVED_OVER = 24,		/* it gets one again [D] */
	SLUICE_EVENT_BLOCKED = 25,		/* a thread waits for the disk or for DNS [D] */
	SLUICE_EVENT_BLOCKED_OVER = 26,		/* it got what it waited for [D] */
	/* this daemon works as the relay, and those that wait for it do not [D] */
	SLUICE_EVENT_ACTIVE = 27,
	/* the process that serves sessions ended, and they with it [D] */
	SLUICE_EVENT_NO_SESSIONS = 28,
	SLUICE_EVENT_NO_SESSIONS_OVER = 29,	/* there is another one [D] */
	/* an output, or the daemon, goes up to the step EVENT_TEXT of load [D] */
	SLUICE_EVENT_LOAD_RISES = 30,
	SLUICE_EVENT_LOAD_FALLS = 31,		/* it goes down to a lower one [D] */
	SLUICE_EVENT_LOSING = 32,		/* datagrams are lost for want of room [D] */
	SLUICE_EVENT_LOSING_OVER = 33,		/* none are any more [D] */
	/* an input with the hook xdp is taken at prerouting, EVENT_TEXT says why [D] */
	SLUICE_EVENT_FALLBACK = 34,
	SLUICE_EVENT_FALLBACK_OVER = 35,	/* it is taken at XDP [D] */
};

/* SLUICE_A_RULE_FLAGS */
#define SLUICE_RULE_F_ADDRESS 0x01 /* records carry an address block */
#define SLUICE_RULE_F_NO_CHECKSUM 0x02 /* do not verify UDP checksums */
#define SLUICE_RULE_F_KEEP_BADCSUM 0x04 /* store datagrams with a wrong checksum, marked */
#define SLUICE_RULE_F_HWTIME 0x08 /* store the network card's time where it gave one, marked */

/* Top-level attributes. In brackets: the type. */
enum sluice_attribute {
	SLUICE_A_UNSPEC,
	SLUICE_A_PAD,				/* [padding] */
	SLUICE_A_ROUTE_ID,			/* [binary 16] */
	SLUICE_A_ROUTE_NAME,			/* [string] */
	SLUICE_A_ROUTE_RING_SIZE,		/* [u64] */
	SLUICE_A_ROUTE_WATERMARK,		/* [u32] bytes that wake the consumer at once */
	SLUICE_A_ROUTE_DELAY,			/* [u32] µs after which it is woken for less */
	SLUICE_A_ROUTE_RULES,			/* [u32] in answers only */
	SLUICE_A_RULE_ID,			/* [binary 16] */
	SLUICE_A_RULE_NAME,			/* [string] */
	SLUICE_A_RULE_ROUTE,			/* [binary 16] */
	SLUICE_A_RULE_INPUT,			/* [u16] */
	/* [binary] struct sluice_port_range, 1 to 256 of them */
	SLUICE_A_RULE_PORTS,
	SLUICE_A_RULE_DESTINATION,		/* [binary] 4 or 16 bytes, network byte order */
	SLUICE_A_RULE_DESTINATION_LEN,		/* [u8] prefix length; absent: the whole address */
	SLUICE_A_RULE_SOURCE,			/* [binary] 4 or 16 bytes, network byte order */
	SLUICE_A_RULE_SOURCE_LEN,		/* [u8] */
	SLUICE_A_RULE_INTERFACE,		/* [string] */
	SLUICE_A_RULE_VERDICT,			/* [u8] enum sluice_verdict */
	SLUICE_A_RULE_FLAGS,			/* [u32] SLUICE_RULE_F_* */
	/* [nested sluice_counter_attribute] in answers only */
	SLUICE_A_RULE_COUNTERS,
	SLUICE_A_STREAM_ID,			/* [binary 16] */
	SLUICE_A_STREAM_EPOCH,			/* [u64] */
	SLUICE_A_STREAM_CPU,			/* [u32] */
	SLUICE_A_STREAM_SIZE,			/* [u64] bytes of RAM */
	SLUICE_A_STREAM_HEAD,			/* [u64] */
	SLUICE_A_STREAM_TAIL,			/* [u64] */
	/* [u32] pid of the consumer, in the asker's pid namespace; 0: none */
	SLUICE_A_STREAM_OWNER,
	SLUICE_A_STREAM_WAKES,			/* [u64] */
	SLUICE_A_STREAM_COUNTERS,		/* [nested sluice_counter_attribute] */
	SLUICE_A_STREAM_CURSORS,		/* [nested] list of CURSOR [D] */
	/* [nested] OUTPUT_ID, OUTPUT_NAME, CURSOR_ACKED, CURSOR_TAKEN [D] */
	SLUICE_A_CURSOR,
	SLUICE_A_CURSOR_ACKED,			/* [u64] [D] */
	SLUICE_A_CURSOR_TAKEN,			/* [u64] [D] */
	SLUICE_A_EVENT_KIND,			/* [u32] enum sluice_event */
	SLUICE_A_INPUT_ID,			/* [binary 16] [D] */
	SLUICE_A_INPUT_NAME,			/* [string] [D] */
	SLUICE_A_INPUT_SOURCE,			/* [string] kmod, socket: what `auto` became [D] */
	SLUICE_A_INPUT_MATCH,			/* [string] ports and filters as text [D] */
	SLUICE_A_INPUT_VERDICT,			/* [string] [D] */
	SLUICE_A_INPUT_OUTPUTS,			/* [string] names, comma-separated [D] */
	SLUICE_A_INPUT_COUNTERS,		/* [nested sluice_counter_attribute] [D] */
	SLUICE_A_OUTPUT_ID,			/* [binary 16] [D] */
	SLUICE_A_OUTPUT_NAME,			/* [string] [D] */
	SLUICE_A_OUTPUT_MODE,			/* [string] [D] */
	SLUICE_A_OUTPUT_FRAMING,		/* [string] [D] */
	SLUICE_A_OUTPUT_DESTINATION,		/* [nested, repeated] DESTINATION_* [D] */
	SLUICE_A_DESTINATION_NAME,		/* [string] address:port as configured [D] */
	/*
	 * [string] connected, connecting, waiting, disabled; slow: connected, but its TCP has no
	 * room for what waits; ack-not-durable: connected, but it acknowledges less than the output
	 * waits for; queue-full: connected, but it answers so late that its queue must be full, and
	 * what it acknowledges may be discarded there; protocol-error: its last connection was
	 * ended because it broke the protocol, and it has done nothing right since; rejecting: it
	 * ended the last connections within their first seconds, and none has lasted since [D]
	 */
	SLUICE_A_DESTINATION_STATE,
	/* [string] why it was last lost, empty if never [D] */
	SLUICE_A_DESTINATION_ERROR,
	/* [u64] datagrams written to TCP; native and plain alike [D] */
	SLUICE_A_DESTINATION_SENT,
	SLUICE_A_DESTINATION_BYTES,		/* [u64] bytes written to TCP [D] */
	/* [u64] datagrams acknowledged by the receiver (native, relp), 0 if plain [D] */
	SLUICE_A_DESTINATION_ACKED,
	/* [u64] datagrams sent again after a lost connection [D] */
	SLUICE_A_DESTINATION_RESENT,
	SLUICE_A_DESTINATION_WRITES,		/* [u64] system calls that sent [D] */
	SLUICE_A_DESTINATION_CONNECTS,		/* [u64] connections made [D] */
	/* [u32] TCP maximum segment size, 0 if not connected [D] */
	SLUICE_A_DESTINATION_MSS,
	SLUICE_A_DESTINATION_PMTU,		/* [u32] path MTU, 0 if not connected [D] */
	/* [u64] bytes written and not yet acknowledged [D] */
	SLUICE_A_DESTINATION_BACKLOG,
	SLUICE_A_DAEMON_VERSION,		/* [string] [D] */
	SLUICE_A_DAEMON_RELAY,			/* [string] name of the relay [D] */
	SLUICE_A_DAEMON_PID,			/* [u32] [D] */
	SLUICE_A_DAEMON_UPTIME,			/* [u64] seconds [D] */
	/* [string] path of the configuration in force [D] */
	SLUICE_A_DAEMON_CONFIG,
	SLUICE_A_DAEMON_WORKERS,		/* [u32] [D] */
	SLUICE_A_CONFIG_TEXT,			/* [binary] binary, no NUL needed [D] */
	SLUICE_A_CONFIG_NAME,			/* [string] [D] */
	/* [u64] plain framings: GAP records passed over [D] */
	SLUICE_A_DESTINATION_GAPS,
	/* [u64] datagrams without a form in the framing, or refused [D] */
	SLUICE_A_DESTINATION_UNSENDABLE,
	/* [u64] bytes that were escaped, and messages that got a priority in front [D] */
	SLUICE_A_DESTINATION_ESCAPED,
	/* [u64] bits a second that it may have, 0: no limit [D] */
	SLUICE_A_DESTINATION_RATE,
	/* [u64] bits a second that it got in the last second [D] */
	SLUICE_A_DESTINATION_ACHIEVED,
	SLUICE_A_DESTINATION_ROLE,		/* [string] active, standby, disabled [D] */
	/* [u64] bits a second of all its destinations, 0: no limit [D] */
	SLUICE_A_OUTPUT_RATE,
	SLUICE_A_STORE_MEMORY_SIZE,		/* [u64] bytes of all rings [D] */
	/* [u64] of them, not acknowledged and not on the disk [D] */
	SLUICE_A_STORE_MEMORY_USED,
	SLUICE_A_STORE_MEMORY_ALARMS,		/* [u64] how often a ring's alarm was raised [D] */
	/* [string] absent, as all DISK ones: there is no disk [D] */
	SLUICE_A_STORE_DISK_PATH,
	SLUICE_A_STORE_DISK_SIZE,		/* [u64] bytes of all segments [D] */
	/* [u64] of them, in segments that are not free [D] */
	SLUICE_A_STORE_DISK_USED,
	SLUICE_A_STORE_DISK_WAITING,		/* [u64] bytes of stream that an output needs [D] */
	/* [u64] bytes of stream written, since the start [D] */
	SLUICE_A_STORE_DISK_SPOOLED,
	/* [u64] bytes of stream that every output has got, since the start [D] */
	SLUICE_A_STORE_DISK_DRAINED,
	SLUICE_A_STORE_DISK_SEGMENTS,		/* [u64] [D] */
	SLUICE_A_STORE_DISK_FREE,		/* [u64] segments without needs [D] */
	SLUICE_A_STORE_DISK_DAMAGED_FRAMES,	/* [u64] found so, since the start [D] */
	SLUICE_A_STORE_DISK_DAMAGED,		/* [u64] datagrams in them, told as GAP [D] */
	SLUICE_A_STORE_DISK_QUARANTINED,	/* [u64] files put aside at the start [D] */
	/* [u64] segments given up after a failed write [D] */
	SLUICE_A_STORE_DISK_ABANDONED,
	/* [u64] how often it was filled, full or could not be written [D] */
	SLUICE_A_STORE_DISK_ALARMS,
	/* [u32] alarms of memory and disk that are raised [D] */
	SLUICE_A_STORE_ALARMS_NOW,
	/* [u64] bytes of it on the disk that an output needs; absent: no disk [D] */
	SLUICE_A_STREAM_DISK,
	SLUICE_A_RULE_HOOK,			/* [u8] enum sluice_hook */
	SLUICE_A_RULE_BATCHING,			/* [u8] enum sluice_batching */
	/* [u8] percent of a ring that raise an alarm; 0: none */
	SLUICE_A_ROUTE_ALARM,
	/* [string] key of the configuration that it belongs to [D] */
	SLUICE_A_EVENT_KEY,
	/* [string] what it happened to: a route, a folder, a file [D] */
	SLUICE_A_EVENT_WHERE,
	/* [string] the same as a sentence, as in the log [D] */
	SLUICE_A_EVENT_TEXT,
	/* [u64] datagrams that it gave up for newer ones, since the start [D] */
	SLUICE_A_STORE_DISK_DROPPED,
	/* [u64] of those stored: given up before every output had them [D] */
	SLUICE_A_INPUT_DROPPED,
	SLUICE_A_OUTPUT_DROPPED,		/* [u64] given up before this output had them [D] */
	SLUICE_A_INPUT_PRIORITY,		/* [u32] 0 to 7, the higher the sooner sent [D] */
	/* [string] how its sockets are read: calls, bpf; not there with source: kmod [D] */
	SLUICE_A_INPUT_RECEIVE,
	/* [binary 16] in rule: of the rule whose counters go on in it */
	SLUICE_A_RULE_CONTINUES,
	/*
	 * [nested, repeated] a rule to make or change, of the attributes that rule-set has, and
	 * rule-continues
	 */
	SLUICE_A_RULE,
	SLUICE_A_RULE_GONE,			/* [binary 16, repeated] ID of a rule to delete */
	/* [u64] of those dropped: because an operator said so [D] */
	SLUICE_A_INPUT_DROPPED_BY_CHANGE,
	/* [string] "OLD=NEW": what waits for OLD goes to NEW [D] */
	SLUICE_A_CONFIG_ADOPT,
	/* [string] what waits for this output is dropped [D] */
	SLUICE_A_CONFIG_DROP,
	SLUICE_A_ORPHAN_OUTPUT,			/* [binary 16] ID for whom it waits [D] */
	/* [string] what that was called, if anybody remembers [D] */
	SLUICE_A_ORPHAN_NAME,
	SLUICE_A_ORPHAN_PLACE,			/* [string] memory, module, disk [D] */
	SLUICE_A_ORPHAN_WHERE,			/* [string] a file, a route, a folder [D] */
	SLUICE_A_ORPHAN_BYTES,			/* [u64] of stream [D] */
	/* [u64] nanoseconds since 1970, of the oldest; 0: not known [D] */
	SLUICE_A_ORPHAN_SINCE,
	/*
	 * [u64] datagrams that came to its sockets and belong to no input; not there with source:
	 * kmod [D]
	 */
	SLUICE_A_INPUT_UNMATCHED,
	/* [string] running, stopping since ..., a worker that does not answer [D] */
	SLUICE_A_DAEMON_STATE,
	/* [string] path of the configuration it was started with [D] */
	SLUICE_A_DAEMON_OWN_CONFIG,
	/* [u64] seconds for which the configuration has been in force [D] */
	SLUICE_A_DAEMON_CONFIG_AGE,
	SLUICE_A_INPUT_STATE,			/* [string] active, or what it waits for [D] */
	/* [u64] bytes of streams that wait for it in memory [D] */
	SLUICE_A_OUTPUT_MEMORY,
	SLUICE_A_OUTPUT_DISK,			/* [u64] likewise on the disk [D] */
	/* [u64] when the oldest came, nanoseconds since 1970; 0: nothing waits [D] */
	SLUICE_A_OUTPUT_OLDEST,
	/* [u64] bytes of the stream that wait for it on the disk [D] */
	SLUICE_A_CURSOR_DISK,
	/*
	 * [u64] datagrams dropped because an operator said so, of all inputs, those that are gone
	 * included [D]
	 */
	SLUICE_A_STORE_DROPPED_BY_CHANGE,
	/* [u64] when it became what its state says, nanoseconds since 1970 [D] */
	SLUICE_A_DESTINATION_SINCE,
	/* [u64] bytes that wait in memory for it alone; absent: for others, too [D] */
	SLUICE_A_DESTINATION_MEMORY,
	SLUICE_A_DESTINATION_DISK,		/* [u64] likewise on the disk [D] */
	/* [u64] likewise when the oldest came, nanoseconds since 1970 [D] */
	SLUICE_A_DESTINATION_OLDEST,
	/* [u64] connections that were ended because it broke the protocol [D] */
	SLUICE_A_DESTINATION_FAULTS,
	/*
	 * [u64] datagrams with a wrong UDP checksum that the kernel dropped in this network
	 * namespace, whatever their port; absent, not known [D]
	 */
	SLUICE_A_DAEMON_BAD_CHECKSUM,
	/* [u64] of them those that no input has counted [D] */
	SLUICE_A_DAEMON_BAD_CHECKSUM_UNPLACED,
	/* [string] link-down, link-up, which interface [D] */
	SLUICE_A_EVENT_INTERFACE,
	/* [u8] 1: what comes alone wakes at once, the delay is for where many come */
	SLUICE_A_ROUTE_PROMPT,
	/* [u64] relp: datagrams that the receiver refused; they are not sent again [D] */
	SLUICE_A_DESTINATION_REFUSED,
	/* [string] why not in a better way; empty: there is none [D] */
	SLUICE_A_INPUT_RECEIVE_WHY,
	/* [u64] datagrams that were not sent because they are longer than `max-datagram` [D] */
	SLUICE_A_DESTINATION_OVERSIZED,
	/* [u64] datagrams that were not sent because they are empty [D] */
	SLUICE_A_DESTINATION_SKIPPED,
	/*
	 * [u64] datagrams that were sent as several messages, because they are longer than
	 * `max-datagram` [D]
	 */
	SLUICE_A_DESTINATION_SPLIT,
	SLUICE_A_DESTINATION_PIECES,		/* [u64] messages that these became [D] */
	/*
	 * [u64] datagrams that were sent without their end, because they are longer than
	 * `max-datagram` [D]
	 */
	SLUICE_A_DESTINATION_TRUNCATED,
	/*
	 * [u64] datagrams of framings without acknowledgements that its TCP had acknowledged right
	 * before it ended the connection, so that it may not have read them [D]
	 */
	SLUICE_A_DESTINATION_UNCONFIRMED,
	/* [u64] number of a configuration that is or was in force [D] */
	SLUICE_A_CONFIG_REVISION,
	SLUICE_A_CONFIG_IF_REVISION,		/* [u64] only if this one is in force still [D] */
	/* [string] what made it: start, reload, apply, or the change of one piece, in words [D] */
	SLUICE_A_CONFIG_HOW,
	/* [u8] 1: that was such a change, which is in no file [D] */
	SLUICE_A_CONFIG_RUNTIME,
	SLUICE_A_CONFIG_UID,			/* [u32] who made it [D] */
	/* [u64] when it came into force, nanoseconds since 1970 [D] */
	SLUICE_A_CONFIG_TIME,
	/* [u32] seconds: what was before comes back unless it is confirmed [D] */
	SLUICE_A_CONFIG_WITHIN,
	/*
	 * [u64] number of an event, from 1 in each run of the daemon, without a gap; in event-get:
	 * the first that is wanted, 0 or absent: none but new ones [D]
	 */
	SLUICE_A_EVENT_SEQUENCE,
	/* [u64] when it happened, nanoseconds since 1970 [D] */
	SLUICE_A_EVENT_TIME,
	/* [binary 16] of the input, output or route that it happened to [D] */
	SLUICE_A_EVENT_GUID,
	SLUICE_A_EVENT_COUNT,			/* [u64] loss, how many datagrams [D] */
	/*
	 * [u64] another number for each run of the daemon; in event-get, of that from which
	 * event-sequence is [D]
	 */
	SLUICE_A_EVENT_RUN,
	/* [u64] head of an answer to event-get: event-sequence to ask for next [D] */
	SLUICE_A_EVENT_NEXT,
	/*
	 * [u64] head of an answer to event-get: so many that were asked for are not kept any more
	 * [D]
	 */
	SLUICE_A_EVENT_MISSED,
	/* [u32] milliseconds that the answer to event-get may take while there is no event [D] */
	SLUICE_A_EVENT_WAIT,
	/* [u32] of the daemon: number of the worker that reads the ring [D] */
	SLUICE_A_STREAM_WORKER,
	SLUICE_A_THREAD_NAME,			/* [string] of a thread of the daemon [D] */
	/* [string] control, worker, spooler, foreman, resolver, watchdog [D] */
	SLUICE_A_THREAD_KIND,
	SLUICE_A_THREAD_STATE,			/* [string] what it says that it does [D] */
	/* [string] what the watchdog makes of it, well, starved, blocked, stuck [D] */
	SLUICE_A_THREAD_HEALTH,
	/* [u64] when it began that, nanoseconds since 1970 [D] */
	SLUICE_A_THREAD_SINCE,
	/* [u64] when it got on last, nanoseconds since 1970 [D] */
	SLUICE_A_THREAD_PROGRESS,
	SLUICE_A_THREAD_ROUNDS,			/* [u64] how often it got on [D] */
	/* [u64] nanoseconds of processor time that it used [D] */
	SLUICE_A_THREAD_TIME,
	SLUICE_A_THREAD_CPU,			/* [u32] on which it ran last [D] */
	SLUICE_A_THREAD_POLICY,			/* [string] of the scheduler [D] */
	/* [u32] its number, as ps -L and top -H have it [D] */
	SLUICE_A_THREAD_TID,
	/* [u8] 1: nothing comes into it any more; what it holds is delivered, then it goes [D] */
	SLUICE_A_STREAM_DRAINING,
	/* [u8] 1: the answer is that it was accepted; what becomes of it is told as an event [D] */
	SLUICE_A_CONFIG_NO_WAIT,
	/*
	 * [u8] 1: for somebody who has shown a password and not who he is: what is root's is
	 * refused [D]
	 */
	SLUICE_A_CONFIG_LIMITED,
	/*
	 * [string] the highest step of load that an output or a stream is at: normal, batching,
	 * disk, losing [D]
	 */
	SLUICE_A_DAEMON_LOAD,
	SLUICE_A_DAEMON_LOAD_SINCE,		/* [u64] since when, nanoseconds since 1970 [D] */
	SLUICE_A_DAEMON_LOAD_WHY,		/* [string] a sentence; empty: normal [D] */
	/* [string] its step of load: normal, batching, disk, losing [D] */
	SLUICE_A_OUTPUT_LOAD,
	SLUICE_A_OUTPUT_LOAD_SINCE,		/* [u64] since when, nanoseconds since 1970 [D] */
	SLUICE_A_OUTPUT_LOAD_WHY,		/* [string] a sentence; empty: normal [D] */
	/* [string] of the daemon: its step of load, as of an output [D] */
	SLUICE_A_STREAM_LOAD,
	/* [u64] of the daemon: since when, nanoseconds since 1970 [D] */
	SLUICE_A_STREAM_LOAD_SINCE,
	/* [u64] since when the relay works, over take-overs, nanoseconds since 1970 [D] */
	SLUICE_A_DAEMON_WORKING_SINCE,
	/* [string] thread, input, output, kernel or process: what spends processor time [D] */
	SLUICE_A_COST_OF,
	SLUICE_A_COST_NAME,			/* [string] of that [D] */
	SLUICE_A_COST_STAGE,			/* [string] what the time goes into [D] */
	SLUICE_A_COST_TIME,			/* [u64] nanoseconds of processor time [D] */
	/* [u32] thousandths of the processor time of the process [D] */
	SLUICE_A_COST_SHARE,
	/* [u64] those that it took in, or sent if it took none in [D] */
	SLUICE_A_COST_DATAGRAMS,
	/* [u64] nanoseconds of processor time by datagrams [D] */
	SLUICE_A_COST_EACH,
	SLUICE_A_COST_BYTES,			/* [u64] those that went through the stage [D] */
	SLUICE_A_FORWARD_ID,			/* [binary 16] of a forward [D] */
	SLUICE_A_FORWARD_NAME,			/* [string] what it is called [D] */
	SLUICE_A_FORWARD_LISTEN,		/* [string] where it takes connections [D] */
	SLUICE_A_FORWARD_TO,			/* [string] where they lead [D] */
	SLUICE_A_FORWARD_STATE,			/* [string] forwarding, unreachable, draining [D] */
	SLUICE_A_FORWARD_NOW,			/* [u64] connections that there are [D] */
	SLUICE_A_FORWARD_TOTAL,			/* [u64] connections that were let in [D] */
	SLUICE_A_FORWARD_DENIED,		/* [u64] kept out by allow and deny [D] */
	SLUICE_A_FORWARD_LIMITED,		/* [u64] kept out by limits [D] */
	/* [u64] for which the destination could not be reached [D] */
	SLUICE_A_FORWARD_FAILED,
	/* [u64] ended by a reset, a time limit or a change [D] */
	SLUICE_A_FORWARD_ABORTED,
	SLUICE_A_FORWARD_UP,			/* [u64] bytes to the destination [D] */
	SLUICE_A_FORWARD_DOWN,			/* [u64] bytes back [D] */
	/* [u64] native, compressed: bytes of records before [D] */
	SLUICE_A_DESTINATION_COMPRESSED_FROM,
	SLUICE_A_DESTINATION_COMPRESSED_TO,	/* [u64] bytes of the same records after [D] */
	SLUICE_A_DESTINATION_COMPRESS_NS,	/* [u64] nanoseconds that this took [D] */
	/* [u64] how hard records are compressed now, 0: not [D] */
	SLUICE_A_DESTINATION_COMPRESS_STEP,
	/* [binary] u64 each, by enum sluice_ring_counter of counters.h */
	SLUICE_A_STREAM_INSIDE,
	/* [binary] u64 each, by class, see SLUICE_BATCH_CLASSES of counters.h */
	SLUICE_A_STREAM_BATCHES,
	SLUICE_A_CPU_NUMBER,			/* [u32] of a CPU */
	SLUICE_A_CPU_ENTRIES,			/* [u32] rules that there are */
	SLUICE_A_CPU_WAKES,			/* [u64] that readers of its rings were woken */
	/*
	 * [nested sluice_counter_attribute] of all rules on this CPU, those that are gone included
	 */
	SLUICE_A_CPU_COUNTERS,
	/*
	 * [u32] the number that its records carry, its own among the inputs of one kind of source
	 * [D]
	 */
	SLUICE_A_INPUT_NUMBER,
	/* [string] the kind of source that fills it: a word of `inputs.source` [D] */
	SLUICE_A_STREAM_SOURCE,
	/* [u64] datagrams stored whose way was measured, one in 1024 */
	SLUICE_A_STREAM_MEASURED,
	SLUICE_A_STREAM_MATCH_TIME,		/* [u64] nanoseconds that finding their rule took */
	SLUICE_A_STREAM_STORE_TIME,		/* [u64] nanoseconds that storing them took */
	SLUICE_A_STREAM_WAKES_MEASURED,		/* [u64] wakes that were measured, one in 16 */
	SLUICE_A_STREAM_WAKE_TIME,		/* [u64] nanoseconds that those took */
	__SLUICE_A_END,
	SLUICE_A_MAX = __SLUICE_A_END - 1,
};

/* matched = stored + sum of lost, always. */
enum sluice_counter_attribute {
	SLUICE_C_UNSPEC,
	SLUICE_C_PAD,				/* [padding] */
	SLUICE_C_MATCHED,			/* [u64] datagrams */
	SLUICE_C_STORED,			/* [u64] datagrams */
	SLUICE_C_STORED_BYTES,			/* [u64] payload bytes */
	SLUICE_C_GAPS,				/* [u64] GAP records; streams only */
	SLUICE_C_LOST,				/* [binary] u64 each, by enum sluice_lost_cause */
	__SLUICE_C_END,
	SLUICE_C_MAX = __SLUICE_C_END - 1,
};

#endif /* SLUICE_NETLINK_H */
