/* SPDX-License-Identifier: MIT */
/*
 * The fields that a line of the log may have beside level, place and text, a row each. Made from
 * them: struct sluice_log_about, what stands behind the text as `key=value`, the keys of
 * `log.format: json`, and the journal's fields, which are the same in capitals behind SLUICE_.
 * docs/operations.md has the table for who looks for them (tests/lint/log.py).
 *
 *   LOG_TEXT(key, what)     a text
 *   LOG_NUMBER(key, what)   a whole number, not negative
 *
 * Included several times with other macros each, so it has no guard. Defines nothing else.
 */
/* clang-format off */
LOG_TEXT(input, "name of an input")
LOG_TEXT(output, "name of an output")
LOG_TEXT(destination, "one of its destinations, `HOST:PORT`")
LOG_TEXT(route, "name of a route")
LOG_TEXT(store, "folder of the store on the disk")
LOG_TEXT(path, "a file or folder")
LOG_TEXT(alarm, "what an alarm is about: a key of the configuration")
LOG_TEXT(cause, "of something lost or refused: one word, as in the counters")
LOG_TEXT(load, "step of load of the daemon: `normal`, `batching`, `disk`, `losing`")
LOG_TEXT(error, "of a call that failed: its number by name, such as `ECONNREFUSED`")
LOG_NUMBER(port, "UDP port")
LOG_NUMBER(worker, "number of a worker")
LOG_NUMBER(cpu, "number of a CPU")
LOG_NUMBER(event, "number of an event (`sluicectl events`)")
LOG_NUMBER(revision, "of the configuration (`sluicectl history`)")
LOG_NUMBER(user, "who asked: the number of a user")
LOG_NUMBER(bytes, "bytes")
LOG_NUMBER(datagrams, "datagrams")
LOG_NUMBER(received, "datagrams that came for inputs since the last such line (`log.statistics`)")
LOG_NUMBER(stored, "of them, those that came into a stream")
LOG_NUMBER(delivered, "datagrams that outputs got since then: acknowledged, else in TCP")
LOG_NUMBER(lost, "datagrams that inputs lost since then")
LOG_NUMBER(dropped, "datagrams that were stored and given up since then")
LOG_NUMBER(waiting, "bytes that wait for outputs now, in memory and on the disk")
LOG_NUMBER(left_out, "lines of the same place that were not written (`log.limit`)")
