/* SPDX-License-Identifier: MIT */
/*
 * What is told as it happens, a row for each kind of event: its number is that of uapi/sluice.yaml.
 * `sluicectl events`, its list, the keys `control.hooks.*` and the table in docs/operations.md
 * (held against `sluicectl events --list` by tests/lint/events.py) are made from the rows.
 *
 *   EVENT_CLASS(class, name, meaning)
 *   EVENT(number, class, name, severity, meaning)
 *   EVENT_SAME(number, class, name, severity, meaning)    likewise, one that is called as its class
 *
 *   class     of enum sluice_event_class
 *   number    of enum sluice_event
 *   severity  as syslog has it: ERR, WARNING, NOTICE
 *
 * Included several times with other macros each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

EVENT_CLASS(CONFIG, "config", "another configuration, by whom and how")
EVENT_CLASS(ALARM, "alarm", "a store fills, fails, and is well again")
EVENT_CLASS(LINK, "link", "interfaces that the configuration names")
EVENT_CLASS(DESTINATION, "destination", "receivers that go and come")
EVENT_CLASS(OWNER, "owner", "who has the rings of the module")
EVENT_CLASS(WATCHDOG, "watchdog", "threads of the daemon that do not answer")
EVENT_CLASS(LOSS, "loss", "datagrams that inputs lost")
EVENT_CLASS(LOAD, "load", "more comes than goes, in steps")
EVENT_CLASS(DAEMON, "daemon", "its start and its stop, and processes of it that end")

EVENT_SAME(CONFIG, CONFIG, "config", NOTICE,
	"another configuration is in force: its revision, how it came about and by which user")
EVENT(CONFIG_FAILED, CONFIG, "config-failed", ERR,
	"a change of the configuration failed; the one in force stays")
EVENT_SAME(ALARM, ALARM, "alarm", WARNING,
	"memory or disk is filled to its mark, the disk is full or cannot be written, or the oldest are given up")
EVENT(ALARM_OVER, ALARM, "alarm-over", NOTICE, "that is over")
EVENT(OVERFLOW, ALARM, "overflow", ERR, "a ring of the module is full: what comes is lost")
EVENT(ROOM, ALARM, "room", NOTICE, "it has room again")
EVENT(LOSING, ALARM, "losing", ERR, "datagrams are lost for want of room: the highest step of load")
EVENT(LOSING_OVER, ALARM, "losing-over", NOTICE, "none have been for five seconds")
EVENT(LINK_DOWN, LINK, "link-down", WARNING,
	"an interface that an input or a destination names is down, or gone")
EVENT(LINK_UP, LINK, "link-up", NOTICE, "it is up again")
EVENT(FALLBACK, LINK, "fallback", WARNING,
	"an input with `hook: xdp` is taken at prerouting, which costs more; the text says why")
EVENT(FALLBACK_OVER, LINK, "fallback-over", NOTICE, "it is taken in the driver")
EVENT(DESTINATION_DOWN, DESTINATION, "destination-down", WARNING,
	"a destination has no connection any more, of no worker, or cannot be reached from the start")
EVENT(DESTINATION_UP, DESTINATION, "destination-up", NOTICE, "it has one")
EVENT(REJECTING, DESTINATION, "rejecting", WARNING,
	"a destination accepts connections and ends them at once, or a server of kind: nats or kafka refuses messages")
EVENT(REJECTING_OVER, DESTINATION, "rejecting-over", NOTICE, "it keeps its connection again, or takes messages again")
EVENT_SAME(OWNER, OWNER, "owner", NOTICE, "another process has a ring of the module, or nobody")
EVENT(MISSED, OWNER, "missed", WARNING,
	"events of the module were missed; the text says how its rings are now")
EVENT(ACTIVE, OWNER, "active", NOTICE,
	"this daemon works as the relay, with its epoch; told again when a standby that doubted it does no more")
EVENT(SILENT, WATCHDOG, "silent", ERR,
	"a worker of the daemon does not answer whoever asks it")
EVENT(SILENT_OVER, WATCHDOG, "silent-over", NOTICE, "it answers again")
EVENT(STUCK, WATCHDOG, "stuck", ERR, "a thread of the daemon hangs: it does not get on")
EVENT(STUCK_OVER, WATCHDOG, "stuck-over", NOTICE, "it gets on again")
EVENT(REPLACED, WATCHDOG, "replaced", WARNING, "a fresh thread goes on with the work of one that hung")
EVENT(STARVED, WATCHDOG, "starved", WARNING,
	"a thread of the daemon, or all of it, gets no processor, although it could work")
EVENT(STARVED_OVER, WATCHDOG, "starved-over", NOTICE, "it gets one again")
EVENT(BLOCKED, WATCHDOG, "blocked", WARNING, "a thread of the daemon waits for the disk, or for DNS")
EVENT(BLOCKED_OVER, WATCHDOG, "blocked-over", NOTICE, "it got what it waited for")
EVENT_SAME(LOSS, LOSS, "loss", ERR,
	"an input lost datagrams: how many since its last such event, by cause; at most one a second for each input")
EVENT(LOAD_RISES, LOAD, "load-rises", WARNING,
	"an output, or the daemon as a whole, goes up to a higher step of load: `batching`, `disk` or `losing`")
EVENT(LOAD_FALLS, LOAD, "load-falls", NOTICE, "it goes down to a lower one")
EVENT(STARTED, DAEMON, "started", NOTICE, "the daemon runs")
EVENT(STOPPING, DAEMON, "stopping", NOTICE, "it was told to stop")
EVENT(NO_SESSIONS, DAEMON, "no-sessions", WARNING,
	"the process that serves control.telnet, control.shell or control.http ended, and its sessions with it, or cannot be started")
EVENT(NO_SESSIONS_OVER, DAEMON, "no-sessions-over", NOTICE, "there is another one: sessions are taken again")
