/* SPDX-License-Identifier: MIT */
/*
 * The commands of sluicectl, a row each: how it is called, which function runs it, its arguments,
 * and what it does. Declarations, the table of main.c, `sluicectl help` and shell completion are
 * made from the rows; the manual page is held against them by tests/lint/commands.py.
 *
 *   COMMAND(name, function, arguments, what)    it is run by sluice_ctl_ and that name
 *   PLANNED(name, what)                         it is named, and not there yet
 *
 * Included several times with another COMMAND each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

COMMAND("init", init, "[--port PORTS] [--to HOST:PORT] [--receiver WHO] [...]",
	"write a first configuration")
COMMAND("check", check, "FILE... [--elsewhere | --online] [-j]",
	"list every fault of a configuration file")
COMMAND("keys", keys, "[KEY] [-j]",
	"what a configuration may hold: values, defaults, when a change is in force")
COMMAND("apply", apply, "FILE [--adopt OLD=NEW] [--drop OLD] [--dry-run] [--confirm-within TIME]",
	"give a configuration to the running daemon")
COMMAND("history", history, "[-j]", "configurations that were in force")
COMMAND("rollback", rollback, "REVISION [--dry-run] [--if-revision N]", "one of them again")
COMMAND("confirm", confirm, "", "what was changed with --confirm-within stays")
COMMAND("save", save, "[--force]", "write what runs back to its file")
COMMAND("show", show, "WHAT [-j]",
	"what is there: inputs, outputs, streams, store, orphans, daemon, rules, routes, fields, "
	"config, defaults")
COMMAND("health", health, "[-j]", "is anything wrong? one line, and the status is 0 or 1")
COMMAND("why", why, "INPUT|OUTPUT [-j]", "one sentence: what holds it back, where datagrams go")
COMMAND("get", get, "[NAME|GUID|. [KEY]] [-j]", "what the running configuration says of a piece")
COMMAND("set", set, "[NAME|GUID] KEY=VALUE... [--dry-run] [--if-revision N]",
	"change keys of one piece, live")
COMMAND("add", add, "input|output name=NAME KEY=VALUE... [--dry-run]",
	"one more input or output, live")
COMMAND("del", delete, "NAME|GUID [--adopt OLD=NEW] | rule|route ID|NAME|all",
	"an input or output less, live; or a rule or route of the module")
COMMAND("enable", enable, "NAME|GUID [HOST:PORT]",
	"switch an input, an output or a destination on")
COMMAND("disable", enable, "NAME|GUID [HOST:PORT]", "switch it off")
COMMAND("begin", begin, "", "changes from here on wait for commit")
COMMAND("commit", commit, "[--dry-run] [--confirm-within TIME] [--adopt OLD=NEW] [--drop OLD] [-j]",
	"they come into force together")
COMMAND("abort", abort, "", "they are forgotten")
COMMAND("diff", diff, "FILE [-j]", "what applying a file would change")
COMMAND("events", events, "[--class CLASS,...] [--count N] [--backlog] [--once] [--list] [-j]",
	"follow what happens: changes, alarms, links, destinations, losses")
COMMAND("tap", tap, "[ROUTE] [--output FILE] [--backlog] [--count N] [--interfaces]",
	"look at live rings: pcapng to stdout or a file")
COMMAND("spool", spool, "list|check|export|repair DIRECTORY ...",
	"what lies in the store on a disk, without the daemon")
COMMAND("probe", probe, "OUTPUT [--count N] | --check FILE [--run ID] [-j]",
	"send marked datagrams through an output; find them at its receiver")
COMMAND("import", import, "rinetd|rsyslog|syslog-ng|socat FILE | socat -- ARGUMENT...",
	"a configuration out of another program's")
COMMAND("version", version, "", "version and date")
COMMAND("help", help, "", "this list")
PLANNED("top", "watch it on the terminal")
PLANNED("doctor", "what about this host would cost datagrams")
