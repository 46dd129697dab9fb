/* SPDX-License-Identifier: MIT */
/*
 * The commands of sluicectl, a row each: how it is called, which function runs it, its arguments,
 * and what it does. Declarations, the table of main.c, `sluicectl help` and shell completion are
 * made from the rows; the manual page is held against them by tests/lint/commands.py.
 *
 *   COMMAND(name, function, access, arguments, what)   it is run by sluice_ctl_ and that name
 *   PLANNED(name, what)                                it is named, and not there yet
 *
 * access says what it may be run in beside a command line of its own (enum sluice_ctl_access):
 *   LOOKS     changes nothing: every session
 *   CHANGES   sessions that may change something
 *   LOCAL     reads or writes files of who calls it, or sends: `sluicectl shell`, no other session
 *   ALONE     no session: what it prints is no text, or it is a session itself
 *
 * Included several times with another COMMAND each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

COMMAND("init", init, LOCAL, "[--port PORTS] [--to HOST:PORT] [--receiver WHO] [...]",
	"write a first configuration")
COMMAND("check", check, LOCAL, "FILE... [--elsewhere | --online] [--fill-ids] [-j]",
	"list every fault of a configuration file")
COMMAND("keys", keys, LOOKS, "[KEY] [-j]",
	"what a configuration may hold: values, defaults, when a change is in force")
COMMAND("apply", apply, LOCAL, "FILE [--adopt OLD=NEW] [--drop OLD] [--dry-run] [--no-wait] [--confirm-within TIME] [-j]",
	"give a configuration to the running daemon")
COMMAND("history", history, LOOKS, "[-j]", "configurations that were in force")
COMMAND("rollback", rollback, CHANGES, "REVISION [--dry-run] [--no-wait] [--if-revision N] [-j]", "one of them again")
COMMAND("confirm", confirm, CHANGES, "", "what was changed with --confirm-within stays")
COMMAND("save", save, CHANGES, "[--force]", "write what runs back to its file")
COMMAND("show", show, LOOKS, "WHAT [NAME|GUID] [-j | -h -br -o COLUMN,... -i SECONDS [-n TABLES]]",
	"what is there: inputs, outputs, forwards, streams, store, orphans, threads, cost, daemon, rules, "
	"routes, placement, fields, config, defaults")
COMMAND("instances", instances, LOOKS, "[-j]", "the daemons of this host, by relay")
COMMAND("yield", yield, CHANGES, "[--leave]",
	"the daemon that works hands over to one that waits (sluiced --standby)")
COMMAND("metrics", metrics, LOCAL, "[--openmetrics] [--textfile FILE [--every TIME]] | --list [-j]",
	"all figures for Prometheus: to stdout, or again and again to a file for node-exporter")
COMMAND("health", health, LOOKS, "[-j]", "is anything wrong? one line, and the status is 0 or 1")
COMMAND("why", why, LOOKS, "INPUT|OUTPUT [-j]", "one sentence: what holds it back, where datagrams go")
COMMAND("doctor", doctor, LOCAL, "[--watch TIME] [-j] | --list [-j]",
	"what about this host costs datagrams, by its counters, and the command that mends it")
COMMAND("get", get, LOOKS, "[NAME|GUID|. [KEY]] [-j]", "what the running configuration says of a piece")
COMMAND("set", set, CHANGES, "[NAME|GUID|.] KEY=VALUE... [--dry-run] [--no-wait] [--if-revision N] [-j]",
	"change keys of one piece, live")
COMMAND("add", add, CHANGES, "input|output|forward name=NAME KEY=VALUE... [--dry-run] [--no-wait] [-j]",
	"one more input, output or forward, live")
COMMAND("del", delete, CHANGES, "NAME|GUID [--adopt OLD=NEW] | rule|route ID|NAME|all",
	"an input or output less, live; or a rule or route of the module")
COMMAND("enable", enable, CHANGES, "NAME|GUID [HOST:PORT] [-j]",
	"switch an input, an output or a destination on")
COMMAND("disable", enable, CHANGES, "NAME|GUID [HOST:PORT] [-j]", "switch it off")
COMMAND("begin", begin, CHANGES, "", "changes from here on wait for commit")
COMMAND("commit", commit, CHANGES, "[--dry-run] [--no-wait] [--confirm-within TIME] [--adopt OLD=NEW] [--drop OLD] [-j]",
	"they come into force together")
COMMAND("abort", abort, CHANGES, "", "they are forgotten")
COMMAND("diff", diff, LOCAL, "FILE [-j]", "what applying a file would change")
COMMAND("events", events, LOOKS, "[--class CLASS,...] [--count N] [--backlog] [--once] [--list] [-j]",
	"follow what happens: changes, alarms, links, destinations, losses")
COMMAND("tap", tap, ALONE, "[INPUT|ROUTE] [--port N] [--from PREFIX] [-A] [-x] [-j] [-c N] [--rate N] [--backlog] [-w FILE [--interfaces]]",
	"show what passes: a line a datagram, as text, as JSON, or a capture for tshark")
COMMAND("spool", spool, LOCAL, "list|check|export|repair DIRECTORY ...",
	"what lies in the store on a disk, without the daemon")
COMMAND("probe", probe, LOCAL, "OUTPUT [--count N] | --check FILE [--run ID] [-j]",
	"send marked datagrams through an output; find them at its receiver")
COMMAND("replay", replay, ALONE, "FILE... --to HOST:PORT [--framing F] [--receiver R] [--speed SPEED] [--port PORTS] [--prefix P]",
	"captures to a TCP receiver, by a sluiced of their own that ends with them")
COMMAND("import", import, LOCAL, "rinetd|rsyslog|syslog-ng|socat FILE | socat -- ARGUMENT...",
	"a configuration out of another program's")
COMMAND("unload", unload, LOCAL, "[--within TIME] [--drop]",
	"take the module out of the kernel: its inputs go on by sockets, its rings are delivered first")
COMMAND("xdp", xdp, LOCAL, "prepare|release INTERFACE... | prepare --config FILE | release all",
	"the program of `hook: xdp` stays at an interface without rules, so that its card resets once; or goes")
COMMAND("version", version, LOOKS, "[-j]", "version, date and commit; of the formats, and of the module")
COMMAND("help", help, LOOKS, "[COMMAND]", "this list, or what one command takes")
COMMAND("shell", shell, ALONE, "", "many commands, one a line, from a terminal or a pipe")
COMMAND("top", top, ALONE, "[--batch | -j] [-n LOOKS] [-d SECONDS] [--tab NAME] [--record FILE] [--replay FILE] [--ssh HOST]",
	"watch it on the terminal; elsewhere the same as text")
