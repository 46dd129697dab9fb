# SPDX-License-Identifier: MIT
"""What `sluicectl show` has to say, worked out from the netlink dumps alone, and what its tables have to say, from its JSON."""
import re
import time

import dumps

CAUSES = ["dropped_oldest" if cause == "oldest" else cause for cause in dumps.CAUSES]


def lost(numbers):
    """Counters by cause, under the names that they have everywhere."""
    return dict(zip(CAUSES, list(numbers) + [0] * (len(CAUSES) - len(numbers))))


def moment(ns):
    """Nanoseconds since 1970 as the tool writes them; empty: not known."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ns // 1000000000)) if ns else ""


def plain(message, prefix, names, **others):
    """{key: value} of the attributes prefix_NAME, those of `others` under another name."""
    found = {name.lower(): message[prefix + name] for name in names.split() if prefix + name in message}
    found.update({key: message[name] for key, name in others.items() if name in message})
    return found


def told(message, prefix, apart="", **others):
    """{key: value} of all attributes with that prefix but those `apart`, and of `others` under another name."""
    names = [name.removeprefix(prefix) for name in dumps.TYPES if name.startswith(prefix)]
    apart = set(apart.split()) | {name.removeprefix(prefix) for name in others.values()}
    return plain(message, prefix, " ".join(name for name in names if name not in apart), **others)


def counted(counters):
    """The members that a nest of counters becomes."""
    return {"matched": counters["matched"], "stored": counters["stored"], "stored_bytes": counters["stored_bytes"],
            "lost": lost(counters["lost"])}


def inputs(dump):
    """Of `show inputs -j`."""
    return [dict(told(one, "INPUT_", "RECEIVE_WHY OUTPUTS COUNTERS"),
                 **({"receive_why": one["INPUT_RECEIVE_WHY"]} if one.get("INPUT_RECEIVE_WHY") else {}),
                 outputs=[name for name in one["INPUT_OUTPUTS"].split(",") if name], **counted(one["INPUT_COUNTERS"]))
            for one in dump["daemon"]["INPUT_GET"]]


def destination(one):
    """Of a destination in `show outputs -j`."""
    found = told(one, "DESTINATION_", "SINCE MEMORY DISK OLDEST", to="DESTINATION_NAME", protocol_errors="DESTINATION_FAULTS")
    found["since"] = moment(one["DESTINATION_SINCE"])
    # What waits for it alone.
    if "DESTINATION_MEMORY" in one:
        found.update(memory=one["DESTINATION_MEMORY"], disk=one["DESTINATION_DISK"], oldest=moment(one["DESTINATION_OLDEST"]))
    return found


def load_since(message, prefix):
    """When something came to its step of load, once the daemon has looked."""
    name = prefix + "LOAD_SINCE"
    return {"load_since": moment(message[name])} if name in message else {}


def outputs(dump):
    """Of `show outputs -j`."""
    found = []
    for one in dump["daemon"]["OUTPUT_GET"]:
        destinations = [destination(nest) for nest in one["OUTPUT_DESTINATION"]]
        # What is of an output as a whole, from what is of its destinations.
        found.append(dict(told(one, "OUTPUT_", "DESTINATION OLDEST LOAD_SINCE"), destinations=destinations,
                          oldest=moment(one["OUTPUT_OLDEST"]), **load_since(one, "OUTPUT_"),
                          achieved=sum(nest["achieved"] for nest in destinations),
                          backlog=sum(nest["backlog"] for nest in destinations)))
    return found


def ring(one):
    """What both tell of a stream."""
    head, tail, size = one["STREAM_HEAD"], one["STREAM_TAIL"], one["STREAM_SIZE"]
    fill = 100 * max(head - tail, 0) / size if size else 0
    return dict(plain(one, "STREAM_", "ID CPU SIZE HEAD TAIL OWNER WAKES"), epoch=str(one["STREAM_EPOCH"]), route=one["ROUTE_ID"],
                fill_percent=min(fill, 100.0), priority=priority(one["ROUTE_ID"]), gaps=one["STREAM_COUNTERS"]["gaps"],
                **counted(one["STREAM_COUNTERS"]))


def priority(route):
    """A route's GUID tells it: one of version 8 has it in its last three bits (RFC 9562), others have none."""
    return int(route[-1], 16) & 7 if route[14] == "8" else 0


def streams(dump):
    """Of `show streams -j`: the daemon's, then the module's word on them and its others."""
    found = {}
    for one in dump["daemon"]["STREAM_GET"]:
        found[one["STREAM_ID"]] = dict(
            ring(one), route_name=one.get("ROUTE_NAME", ""), **plain(one, "STREAM_", "DISK WORKER LOAD SOURCE"), **load_since(one, "STREAM_"),
            draining=bool(one["STREAM_DRAINING"]),
            cursors=[plain(nest, "CURSOR_", "ACKED TAKEN DISK", output="OUTPUT_ID", name="OUTPUT_NAME")
                     for nest in one["STREAM_CURSORS"]])
    module = dump["module"] or {"STREAM_GET": [], "ROUTE_GET": []}
    names = {one["ROUTE_ID"]: one.get("ROUTE_NAME", "") for one in module["ROUTE_GET"]}
    for one in module["STREAM_GET"]:
        stream = found.setdefault(one["STREAM_ID"], {"cursors": [], "source": "kmod"})
        stream.update(ring(one), route_name=names.get(one["ROUTE_ID"], ""))
    for stream in found.values():
        for nest in stream["cursors"]:
            nest["behind"] = max(stream["head"] - nest["acked"], 0) + nest["disk"]
    return list(found.values())


def store(dump):
    """Of `show store -j`."""
    found = []
    for one in dump["daemon"]["STORE_GET"]:
        disk = None
        if "STORE_DISK_PATH" in one:
            disk = told(one, "STORE_DISK_", free_segments="STORE_DISK_FREE")
        found.append(dict(plain(one, "STORE_", "ALARMS_NOW DROPPED_BY_CHANGE"), memory=told(one, "STORE_MEMORY_"),
                          disk=disk))
    return found


def orphans(dump):
    """Of `show orphans -j`."""
    return [dict(plain(one, "ORPHAN_", "NAME PLACE WHERE BYTES", id="ORPHAN_OUTPUT"), since=moment(one["ORPHAN_SINCE"]))
            for one in dump["daemon"]["ORPHAN_GET"]]


def daemon(dump):
    """Of `show daemon -j`."""
    return [dict(told(one, "DAEMON_", "LOAD_SINCE WORKING_SINCE", uptime_seconds="DAEMON_UPTIME", configuration="DAEMON_CONFIG",
                      configuration_seconds="DAEMON_CONFIG_AGE", started_with="DAEMON_OWN_CONFIG"), working_since=moment(one["DAEMON_WORKING_SINCE"]),
                 **load_since(one, "DAEMON_"))
            for one in dump["daemon"]["DAEMON_GET"]]


def rules(dump):
    """Of `show rules -j`; what is a word there and a number in netlink is left out."""
    return [dict(plain(one, "RULE_", "ID NAME ROUTE INPUT"), **counted(one["RULE_COUNTERS"])) for one in dump["module"]["RULE_GET"]]


def routes(dump):
    """Of `show routes -j`."""
    return [dict(plain(one, "ROUTE_", "ID NAME RING_SIZE WATERMARK RULES", delay_us="ROUTE_DELAY"), priority=priority(one["ROUTE_ID"]),
                 prompt=bool(one["ROUTE_PROMPT"]))
            for one in dump["module"]["ROUTE_GET"]]


VIEWS = {"inputs": inputs, "outputs": outputs, "streams": streams, "store": store, "orphans": orphans, "daemon": daemon,
         "rules": rules, "routes": routes}

# Of each table: the title of a column, and the key of what stands in it; with ? where it is left out if all of it is 0.
COLUMNS = {
    "inputs": "INPUT name, SOURCE source, RECEIVE receive, MATCH match, VERDICT verdict, PRIORITY priority, OUTPUTS outputs, "
              "MATCHED matched, STORED stored, BYTES stored_bytes, LOST lost, DROPPED dropped, UNMATCHED unmatched, STATE state, WHY receive_why",
    "outputs": "OUTPUT name, FRAMING framing, MODE mode, TO to, STATE state, SINCE since, SENT sent, ACKED acked, RESENT resent, "
               "BYTES bytes, MEMORY memory, DISK disk, OLDEST oldest, UNACKED backlog, WRITES writes, CONNECTS connects, GAPS gaps, "
               "UNSENDABLE unsendable, ESCAPED escaped, "
               "OVERSIZED oversized?, SKIPPED skipped?, SPLIT split?, PIECES pieces?, TRUNCATED truncated?, REFUSED refused, UNCONFIRMED unconfirmed, UNCOMPRESSED compressed_from?, COMPRESSED compressed_to?, STEP compress_step?, FAULTS protocol_errors, DROPPED dropped, RATE rate, "
               "ACHIEVED achieved, MSS mss, PMTU pmtu, "
               "LAST ERROR error",
    "streams": "ROUTE route_name, PRIORITY priority, CPU cpu, SIZE size, FILL% fill_percent, DISK disk, HEAD head, OUTPUT name, "
               "BEHIND behind, OWNER owner, WAKES wakes, STORED stored, LOST lost, STREAM id",
    "store": "STORE store, SIZE size, USED used, WAITING waiting, SPOOLED spooled, DRAINED drained, SEGMENTS segments, "
             "FREE free_segments, DAMAGED damaged, QUARANTINED quarantined, ABANDONED abandoned, DROPPED dropped, ALARMS alarms, "
             "PATH path",
    "orphans": "OUTPUT name, PLACE place, BYTES bytes, SINCE since, WHERE where, ID id",
    "daemon": "RELAY relay, VERSION version, PID pid, UPTIME uptime_seconds, WORKING SINCE working_since, WORKERS workers, BAD CHECKSUM bad_checksum, "
              "UNPLACED bad_checksum_unplaced, CONFIGURATION configuration, IN FORCE configuration_seconds, STATE state",
    "rules": "RULE name, PORTS ports, DESTINATION destination, SOURCE source, INTERFACE interface, VERDICT verdict, HOOK hook, "
             "BATCHING batching, CHECKSUM checksum, TIME time, MATCHED matched, STORED stored, LOST lost, ID id",
    "routes": "ROUTE name, PRIORITY priority, RING ring_size, WATERMARK watermark, DELAY_US delay_us, RULES rules, ID id",
}


def columns(view, rows, head):
    """[(title, key)] of a table with that first line, of rows that were a moment before."""
    found = []
    for column in COLUMNS[view].split(","):
        title, key = column.strip().rsplit(" ", 1)
        is_rare, key = key.endswith("?"), key.rstrip("?")
        if not is_rare or any(row.get(key) for row in rows) or f" {title} " in f" {head} ":
            found.append((title, key))
    # A column that is not listed above has the title that its key has.
    listed = {title for title, _ in found}
    found += [(title, title.lower()) for title in re.findall(r"\S+(?: \S+)*", head) if title not in listed]
    return found


def rows(view, objects):
    """The objects that the rows of a table are made of."""
    if view == "outputs":
        # The limit of an output holds for each of its destinations that has none of its own.
        return [dict({key: one[key] for key in ("name", "mode", "framing", "dropped", "memory", "disk", "oldest", "load") if key in one},
                     **dict(nest, rate=nest["rate"] or one["rate"]))
                for one in objects for nest in one["destinations"]]
    if view == "streams":
        return [dict(one, **nest) if nest else one for one in objects for nest in one["cursors"] or [None]]
    if view == "store":
        return [dict(one[part], store=part) for one in objects for part in ("memory", "disk") if one[part]]
    return objects


def cell(value):
    """The text that a value becomes in a table."""
    if isinstance(value, dict):
        text = " ".join("%s=%d" % pair for pair in value.items() if pair[1]) or "0"
    elif isinstance(value, list):
        text = ",".join(value)
    elif isinstance(value, float):
        text = "%.1f" % value
    else:
        text = "" if value is None else str(value)
    return text[:255] or "-"
