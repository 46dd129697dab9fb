/* SPDX-License-Identifier: MIT */
/*
 * Edits of test_edit.c's first text that are refused, and the sentence about each. Include it after
 * struct refusal.
 */
#ifndef TEST_EDIT_REFUSALS_H
#define TEST_EDIT_REFUSALS_H

#define INPUT_KEYS                                                                            \
	"(valid keys: id, name, port, address, from, group, interface, file, speed, listen, " \
	"framing, max-record, oversize, ack, allow, deny, limit, idle-timeout, source, "      \
	"verdict, hook, batching, receive, checksum, time, addresses, enabled, priority, "    \
	"outputs)"
#define OUTPUT_KEYS                                                                              \
	"(valid keys: id, name, to, kind, source-address, subject, stream, topic, "              \
	"message-key, max-message, message, ensure, on-refusal, user, password-file, sasl, "     \
	"token-file, credentials, from, mode, receiver, "                                        \
	"framing, "                                                                              \
	"delimiter, max-datagram, oversize, empty, unsafe-bytes, prefix, ack, compress, "        \
	"unconfirmed, connections, rate, tls.ca, tls.name, tls.certificate, tls.key, tls.pins, " \
	"batch.bytes, batch.delay, reconnect.min, "                                              \
	"reconnect.max, connect-timeout, "                                                       \
	"dead-after)"
#define ALL_KEYS                                                                             \
	"(valid keys: relay, store.memory.size, store.memory.path, "                         \
	"store.memory.huge, store.memory.alarm, store.disk.path, "                           \
	"store.disk.size, store.disk.segment, store.disk.rate, store.disk.alarm, "           \
	"store.spool.begin, store.spool.end, store.drain, store.drop, workers, "             \
	"threads.worker.policy, threads.worker.priority, threads.worker.nice, "              \
	"threads.worker.cpus, threads.forwarder.policy, "                                    \
	"threads.forwarder.priority, threads.forwarder.nice, "                               \
	"threads.forwarder.cpus, "                                                           \
	"threads.control.policy, threads.control.priority, "                                 \
	"threads.control.nice, threads.control.cpus, threads.foreman.policy, "               \
	"threads.foreman.priority, threads.foreman.nice, threads.foreman.cpus, "             \
	"threads.spooler.policy, threads.spooler.priority, threads.spooler.nice, "           \
	"threads.spooler.cpus, threads.names.policy, threads.names.priority, "               \
	"threads.names.nice, threads.names.cpus, threads.busy-poll, stop.limit, "            \
	"stop.connections, "                                                                 \
	"watchdog.limit, watchdog.action, socket.ring, socket.readers, "                     \
	"control.telnet, control.http, control.shell, control.password-file, control.idle, " \
	"control.group, control.read, control.events, control.hooks.config, "                \
	"control.hooks.alarm, control.hooks.link, control.hooks.destination, "               \
	"control.hooks.owner, control.hooks.watchdog, control.hooks.loss, "                  \
	"control.hooks.load, control.hooks.daemon, control.hooks.config-failed, "            \
	"control.hooks.alarm-over, control.hooks.overflow, control.hooks.room, "             \
	"control.hooks.losing, control.hooks.losing-over, "                                  \
	"control.hooks.link-down, control.hooks.link-up, "                                   \
	"control.hooks.fallback, control.hooks.fallback-over, "                              \
	"control.hooks.destination-down, control.hooks.destination-up, "                     \
	"control.hooks.rejecting, control.hooks.rejecting-over, "                            \
	"control.hooks.missed, control.hooks.active, control.hooks.silent, "                 \
	"control.hooks.silent-over, control.hooks.stuck, "                                   \
	"control.hooks.stuck-over, control.hooks.replaced, "                                 \
	"control.hooks.starved, control.hooks.starved-over, "                                \
	"control.hooks.blocked, control.hooks.blocked-over, "                                \
	"control.hooks.load-rises, control.hooks.load-falls, "                               \
	"control.hooks.started, control.hooks.stopping, "                                    \
	"control.hooks.no-sessions, control.hooks.no-sessions-over, "                        \
	"control.hook-limit, log.level, log.to, log.format, log.limit, "                     \
	"log.statistics)"

static const struct refusal refusals[] = {
	{SET, "telemetry", "prot", "1",
	 "unknown key \"prot\" in an input, did you mean \"port\"? " INPUT_KEYS},
	{SET, "telemetry", "ports", "1",
	 "unknown key \"ports\" in an input, did you mean \"port\"? " INPUT_KEYS},
	{SET, "telemetry", "verdct", "copy",
	 "unknown key \"verdct\" in an input, did you mean \"verdict\"? " INPUT_KEYS},
	{SET, "telemetry", "rate", "1",
	 "unknown key \"rate\" in an input: it is one of an output " INPUT_KEYS},
	{SET, "telemetry", "mode", "balance",
	 "unknown key \"mode\" in an input: it is one of an output " INPUT_KEYS},
	{SET, "telemetry", "xyzzyfoo", "1", "unknown key \"xyzzyfoo\" in an input " INPUT_KEYS},
	{SET, "collector", "rat", "1",
	 "unknown key \"rat\" in an output, did you mean \"rate\"? " OUTPUT_KEYS},
	{SET, "collector", "port", "1",
	 "unknown key \"port\" in an output: it is one of an input " OUTPUT_KEYS},
	{SET, "collector", "batch", "1m",
	 "outputs.batch holds keys of its own: set one of them, for example "
	 "batch.bytes " OUTPUT_KEYS},
	{SET, "collector", "reconnect", "1s",
	 "outputs.reconnect holds keys of its own: set one of them, for "
	 "example reconnect.min " OUTPUT_KEYS},
	{SET, "collector", "batch.byte", "1m",
	 "unknown key \"batch.byte\" in an output, did you mean "
	 "\"batch.bytes\"? " OUTPUT_KEYS},
	{SET, "collector", "to.weight", "2", "unknown key \"to.weight\" in an output " OUTPUT_KEYS},
	{SET, NULL, "workrs", "2",
	 "unknown key \"workrs\" in the configuration, did you mean "
	 "\"workers\"? " ALL_KEYS},
	{SET, NULL, "store", "1",
	 "store holds keys of its own: set one of them, for example "
	 "store.memory.size " ALL_KEYS},
	{SET, NULL, "inputs", "1",
	 "inputs is a list: `add` and `del` change what is in it, `set "
	 "NAME` one of them"},
	{SET, NULL, "store.drian", "oldest",
	 "unknown key \"store.drian\" in the configuration, did you mean "
	 "\"store.drain\"? " ALL_KEYS},
	{SET, "telemtry", "port", "1",
	 "there is no input or output \"telemtry\", did you mean \"telemetry\"?"},
	{SET, "nowhere-at-all", "port", "1",
	 "there is no input or output \"nowhere-at-all\": `sluicectl get` "
	 "lists what there is"},
	{SET, "input/collector", "port", "1",
	 "there is no input \"collector\": `sluicectl get` lists what there is"},
	{SET, "output/telemetry", "rate", "1",
	 "there is no output \"telemetry\": `sluicectl get` lists what there "
	 "is"},
	{SET, "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0009", "port", "1",
	 "there is no input or output "
	 "\"0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0009\": `sluicectl get` lists "
	 "what there is"},
	{SET, "telemetry", "port", "0",
	 "inputs.port: \"0\" is out of range: ports go from 1 to 65535"},
	{SET, "telemetry", "port", "65536",
	 "inputs.port: \"65536\" is out of range: ports go from 1 to 65535"},
	{SET, "telemetry", "port", "abc",
	 "inputs.port: \"abc\" is no port: write a number, a range like "
	 "5000-5003, or a list of both"},
	{SET, "telemetry", "port", "5003-5000",
	 "inputs.port: the range 5003-5000 runs downwards: write 5000-5003"},
	{SET, "telemetry", "port", "514",
	 "inputs.port: input \"syslog\" takes port 514, which input "
	 "\"telemetry\" (line 7, column 11) takes too: a datagram can belong "
	 "to one input only; give one of them another port, address or "
	 "interface"},
	{SET, "telemetry", "port", "", "inputs.port: an input needs the key \"port\""},
	{SET, "telemetry", "name", "", "inputs.name: an input needs the key \"name\""},
	{SET, "telemetry", "name", "syslog",
	 "inputs.name: \"syslog\" is taken already (line 13): take another"},
	{SET, "telemetry", "name", "all",
	 "inputs.name: \"all\" cannot be told from a GUID or from \"all\": take "
	 "another name"},
	{SET, "telemetry", "name", "a b",
	 "inputs.name: \"a b\": a name has no spaces, commas, quotes or "
	 "backslashes"},
	{SET, "telemetry", "outputs", "", "inputs.outputs: an input needs the key \"outputs\""},
	{SET, "telemetry", "outputs", "colector",
	 "inputs.outputs: there is no output \"colector\", did you mean "
	 "\"collector\"?"},
	{SET, "telemetry", "outputs", "collector,collector",
	 "inputs.outputs: \"collector\" is here a second time"},
	{SET, "telemetry", "priority", "8",
	 "inputs.priority: \"8\" is not a valid value (valid values: 0 to 7, "
	 "the higher the sooner sent)"},
	{SET, "telemetry", "priority", "-1",
	 "inputs.priority: \"-1\" is not a valid value (valid values: 0 to 7, "
	 "the higher the sooner sent)"},
	{SET, "telemetry", "verdict", "stael",
	 "inputs.verdict: \"stael\" is not a valid value, did you mean "
	 "\"steal\"? (valid values: steal, copy)"},
	{SET, "telemetry", "hook", "ingress",
	 "inputs.hook: ingress is a hook of the interface: name one with "
	 "inputs.interface"},
	{SET, "telemetry", "address", "10.9.0.1/8",
	 "inputs.address: \"10.9.0.1/8\" has bits set behind the prefix: "
	 "write 10.0.0.0/8 or the address alone"},
	{SET, "telemetry", "address", "10.9.0.300",
	 "inputs.address: \"10.9.0.300\" is no IP address: write it like "
	 "10.9.0.1, 10.9.0.0/24 or fd09::/64"},
	{SET, "telemetry", "address", "10.9.0.0/33",
	 "inputs.address: \"10.9.0.0/33\" has a prefix length that is too "
	 "large: at most 32"},
	{SET, "telemetry", "from", "fe80::1%eth0",
	 "inputs.from: \"fe80::1%eth0\" is no IP address: write it like "
	 "10.9.0.1, 10.9.0.0/24 or fd09::/64"},
	{SET, "telemetry", "interface", "much-too-long-name",
	 "inputs.interface: \"much-too-long-name\" cannot be the name of an "
	 "interface: at most 15 bytes, no / : or spaces"},
	{SET, "telemetry", "batching", "on",
	 "inputs.batching: it is a setting of the interface: name one with "
	 "inputs.interface"},
	{SET, "telemetry", "enabled", "perhaps",
	 "inputs.enabled: \"perhaps\" is not a valid value (valid values: "
	 "off, on, false, true)"},
	{SET, "telemetry", "id", "12",
	 "inputs.id: \"12\" is no GUID: write it like "
	 "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001 (uuidgen makes one), or "
	 "leave the key out"},
	{SET, "telemetry", "id", "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001",
	 "id: \"0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001\" is taken already (line "
	 "11, column 9): take another"},
	{SET, "telemetry", "port", "[5000",
	 "inputs.port: \"[5000\" is no port: write a number, a range like "
	 "5000-5003, or a list of both"},
	{SET, "telemetry", "port", "{5000}",
	 "inputs.port: a number, a range or a list of both is expected "
	 "here, not a mapping"},
	{SET, "telemetry", "port", "a\tb", "\"a?b\": control characters have no place in a value"},
	{SET, "collector", "rate", "fast",
	 "outputs.rate: \"fast\" cannot be read: write a number with bit, "
	 "kbit, mbit or gbit behind it (900mbit)"},
	{SET, "collector", "rate", "99999999999999999999gbit",
	 "outputs.rate: \"99999999999999999999gbit\" is too large: write a "
	 "number with bit, kbit, mbit or gbit behind it (900mbit)"},
	{SET, "collector", "mode", "rr",
	 "outputs.mode: \"rr\" is not a valid value (valid values: "
	 "round-robin, balance, hash, duplicate)"},
	{SET, "collector", "mode", "blance",
	 "outputs.mode: \"blance\" is not a valid value, did you mean "
	 "\"balance\"? (valid values: round-robin, balance, hash, duplicate)"},
	{SET, "collector", "framing", "nativ",
	 "outputs.framing: \"nativ\" is not a valid value, did you mean "
	 "\"native\"? (valid values: native, newline, octet-counted, "
	 "length32, raw, pcap, relp)"},
	{SET, "collector", "ack", "durabel",
	 "outputs.ack: \"durabel\" is not a valid value, did you mean "
	 "\"durable\"? (valid values: received, durable)"},
	{SET, "collector", "batch.bytes", "1",
	 "outputs.batch.bytes: \"1\" is out of range: from 4k to 4m"},
	{SET, "collector", "batch.bytes", "1g",
	 "outputs.batch.bytes: \"1g\" is out of range: from 4k to 4m"},
	{SET, "collector", "batch.bytes", "many",
	 "outputs.batch.bytes: \"many\" cannot be read: write a whole number "
	 "of bytes, or one with k, m, g or t behind it (256k, 64m, 1g)"},
	{SET, "collector", "batch.delay", "2s",
	 "outputs.batch.delay: \"2s\" is out of range: from 0 to 1s"},
	{SET, "collector", "reconnect.min", "10s",
	 "outputs.reconnect: min is longer than max (100ms and 5s if not "
	 "given)"},
	{SET, "collector", "reconnect.max", "0",
	 "outputs.reconnect.max: \"0\" is out of range: from 1ms to 3600s"},
	{SET, "collector", "connections", "0",
	 "outputs.connections: \"0\" is not a valid value (valid values: "
	 "auto, or a number from 1 to 1024)"},
	{SET, "collector", "connect-timeout", "1ms",
	 "outputs.connect-timeout: \"1ms\" is out of range: from 10ms to 600s"},
	{SET, "collector", "dead-after", "5",
	 "outputs.dead-after: \"5\" cannot be read: write a number with us, "
	 "ms, s or min behind it (100us, 2ms, 5s)"},
	{SET, "collector", "to", "nowhere", "outputs.to: \"nowhere\" has no port: write HOST:PORT"},
	{SET, "collector", "to", "10.9.1.2:70000",
	 "outputs.to: \"10.9.1.2:70000\" has a port that is not a number from "
	 "1 to 65535"},
	{SET, "collector", "to", "fe80::1",
	 "outputs.to: \"fe80::1\" is an IPv6 address without brackets: write "
	 "[ADDRESS]:PORT, in quotes"},
	{SET, "collector", "to", "10.9.1.2:6000,10.9.1.2:6000",
	 "outputs.to: \"10.9.1.2:6000\" is here a second time"},
	{SET, "collector", "to", "", "outputs.to: an output needs the key \"to\""},
	{SET, "collector", "name", "", "outputs.name: an output needs the key \"name\""},
	{SET, "collector", "name", "archive",
	 "outputs.name: \"archive\" is taken already (line 29): take another"},
	{SET, "collector", "max-datagram", "1",
	 "outputs.max-datagram: \"1\" is out of range: from 64 to 64k"},
	{SET, "archive", "ack", "durable",
	 "outputs.ack: receivers of framing: octet-counted acknowledge "
	 "nothing: leave the key out, or take framing: native"},
	{SET, "archive", "connections", "2000",
	 "outputs.connections: \"2000\" is not a valid value (valid values: "
	 "auto, or a number from 1 to 1024)"},
	{SET, NULL, "workers", "0",
	 "workers: \"0\" is not a valid value (valid values: auto, or a "
	 "number from 1 to 1024)"},
	{SET, NULL, "store.drain", "middle",
	 "store.drain: \"middle\" is not a valid value (valid values: newest, "
	 "oldest)"},
	{SET, NULL, "store.drop", "oldest",
	 "store.drop: oldest needs store.disk: of what is in memory only "
	 "nothing is taken away"},
	{SET, NULL, "store.memory.size", "1",
	 "store.memory.size: \"1\" is out of range: from 256k to 64t"},
	{SET, NULL, "store.memory.alarm", "101%",
	 "store.memory.alarm: \"101%\" is too large: write a number from 0% "
	 "to 100%"},
	{SET, NULL, "store.spool.begin", "95%",
	 "store.spool: begin is at most 90%: above there is no room for "
	 "what comes in while the disk is written"},
	{SET, NULL, "store.disk.size", "1g", "store.disk needs the key \"path\""},
	{SET, NULL, "stop.limit", "0s", "stop.limit: \"0s\" is out of range: from 1s to 3600s"},
	{SET, NULL, "log.level", "loud",
	 "log.level: \"loud\" is not a valid value (valid values: error, "
	 "warning, notice, info, debug)"},
	{SET, NULL, "log.to", "somewhere",
	 "log.to: \"somewhere\" is not a valid value (valid values: stderr, "
	 "journal, syslog, or the path of a file beginning with /)"},
	{ADD_INPUT, "telemetry", NULL, NULL,
	 "inputs.name: \"telemetry\" is taken already (line 6): take another"},
	{ADD_OUTPUT, "collector", NULL, NULL,
	 "outputs.name: \"collector\" is taken already (line 21): take another"},
	{ADD_INPUT, "radar", NULL, NULL, "an input needs the key \"outputs\""},
	{ADD_OUTPUT, "tape", NULL, NULL, "an output needs the key \"to\""},
	{ADD_INPUT, "a,b", NULL, NULL, "an input needs the key \"outputs\""},
	{DELETE, "collector", NULL, NULL,
	 "input \"telemetry\" names output \"collector\": take it out of there "
	 "first, with `set telemetry outputs=OTHERS`, or delete the input"},
	{DELETE, "telemetyr", NULL, NULL,
	 "there is no input or output \"telemetyr\", did you mean \"telemetry\"?"},
	{DELETE, "archive", NULL, NULL,
	 "input \"telemetry\" names output \"archive\": take it out of there "
	 "first, with `set telemetry outputs=OTHERS`, or delete the input"},
	{DISABLE, "collector", "10.9.1.9:1", NULL,
	 "output \"collector\" has no destination \"10.9.1.9:1\"; it has "
	 "[10.9.1.2:6000, {address: [fd09::2]:6000, weight: 2}]"},
	{DISABLE, "telemetry", "10.9.1.9:1", NULL,
	 "input \"telemetry\" has no destinations: name it alone"},
	{DISABLE, "nobody", NULL, NULL,
	 "there is no input or output \"nobody\": `sluicectl get` lists what "
	 "there is"},
	{ENABLE, "archive", "x", NULL,
	 "output \"archive\" has no destination \"x\"; it has 10.9.1.3:514"},
};

#endif /* TEST_EDIT_REFUSALS_H */
