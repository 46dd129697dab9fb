# SPDX-License-Identifier: MIT
"""What must add up, whatever was done: within one picture, and with what was sent and what arrived."""
import expected

# Framings whose receivers acknowledge.
ANSWERED = ("native", "relp", "nats", "kafka")


def unsent(nest):
    """Datagrams that did not go there, and were told of."""
    return nest["unsendable"] + nest["oversized"] + nest["skipped"]


def delivered(one, nest):
    """Datagrams, or records in `native`, that output `one` need not send to that destination any more; at least so many."""
    if one["framing"] == "relp":
        # Answers out of order: what was answered behind one that got lost is answered again.
        return nest["acked"] + nest["refused"] - nest["resent"] + unsent(nest)
    if one["framing"] == "native":
        return nest["acked"]
    return nest["sent"] - nest["resent"] + unsent(nest)


def still(picture):
    """Netlink said the same before and after: no datagram moves, and sums over several views are exact."""
    def figures(dump):
        # Heartbeats are bytes and writes, too.
        return [expected.inputs(dump), expected.streams(dump), expected.store(dump),
                [(one["memory"], one["disk"], one["dropped"],
                  [[nest[key] for key in ("sent", "acked", "resent", "backlog", "state")] for nest in one["destinations"]])
                 for one in expected.outputs(dump)]]
    return figures(picture["before"]) == figures(picture["after"])


def check(holds, sentence):
    """The sentence, if it does not hold."""
    if not holds:
        yield sentence


def of_counters(where, one):
    """matched = stored + lost, by cause."""
    total = one["stored"] + sum(one["lost"].values())
    yield from check(one["matched"] == total, f"{where}: matched {one['matched']}, stored and lost together {total}")


def of_inputs(inputs, is_fresh):
    """Within an input. What waited when the daemon started was stored by another one, and may be dropped by this."""
    for one in inputs:
        where = f"input {one['name']}"
        yield from of_counters(where, one)
        yield from check(one["dropped"] <= one["stored"] or one["source"] != "socket" or not is_fresh,
                         f"{where}: dropped {one['dropped']} of {one['stored']} stored")
        yield from check(one["dropped_by_change"] <= one["dropped"],
                         f"{where}: dropped by a change {one['dropped_by_change']}, dropped at all {one['dropped']}")


def of_streams(streams):
    """Within a stream: its places are in their order."""
    for one in streams:
        where = f"stream {one['id']}"
        yield from of_counters(where, one)
        yield from check(one["tail"] <= one["head"] <= one["tail"] + one["size"],
                         f"{where}: tail {one['tail']}, head {one['head']}, size {one['size']}")
        for cursor in one["cursors"]:
            yield from check(one["tail"] <= cursor["acked"] <= one["head"] and cursor["taken"] <= one["head"],
                             f"{where}, output {cursor['name']}: acknowledged {cursor['acked']}, taken {cursor['taken']}, "
                             f"not within tail {one['tail']} and head {one['head']}")
            yield from check(cursor["disk"] <= one.get("disk", 0),
                             f"{where}, output {cursor['name']}: {cursor['disk']} bytes wait on the disk, where {one.get('disk')} lie")


def of_waiting(outputs, streams, store):
    """What waits for an output is what waits for it in the streams, and all of it is what the store has."""
    known = {one["name"] for one in outputs}
    for one in outputs:
        places = [(stream, cursor) for stream in streams for cursor in stream["cursors"] if cursor["name"] == one["name"]]
        memory = sum(stream["head"] - cursor["acked"] for stream, cursor in places)
        disk = sum(cursor["disk"] for _, cursor in places)
        where = f"output {one['name']}"
        # What waits for an output that went and was adopted is in a cursor of the other name.
        adopted = any(cursor["name"] not in known for stream in streams for cursor in stream["cursors"])
        yield from check(one["memory"] == memory or adopted, f"{where}: {one['memory']} bytes wait in memory, in its streams {memory}")
        yield from check(one["disk"] == disk or adopted, f"{where}: {one['disk']} bytes wait on the disk, in its streams {disk}")
        yield from check(bool(one["oldest"]) == (one["memory"] + one["disk"] > 0),
                         f"{where}: the oldest that waits is of `{one['oldest']}`, and {one['memory'] + one['disk']} bytes wait")
        yield from check(not one["backlog"] or one["memory"] + one["disk"] or one["framing"] not in ANSWERED,
                         f"{where}: {one['backlog']} bytes are not acknowledged, and nothing waits")
    daemons = [one for one in streams if "disk" in one or one["cursors"]]
    size = sum(one["size"] for one in daemons)
    used = sum(one["head"] - one["tail"] for one in daemons)
    disk = sum(one.get("disk", 0) for one in daemons)
    yield from check(store["memory"]["size"] == size, f"store: {store['memory']['size']} bytes of memory, its streams have {size}")
    yield from check(store["memory"]["used"] == used, f"store: {store['memory']['used']} bytes of memory used, in its streams {used}")
    if store["disk"]:
        part = store["disk"]
        yield from check(part["waiting"] >= disk, f"store: {part['waiting']} bytes wait on the disk, in its streams {disk}")
        yield from check(part["used"] <= part["size"] and part["free_segments"] <= part["segments"],
                         f"store: used {part['used']} of {part['size']}, free {part['free_segments']} of {part['segments']}")


def of_destinations(outputs):
    """Within a destination; what one sent, another may hear of that leads to the same receiver."""
    for one in outputs:
        acked, refused, sent = (sum(nest[key] for nest in one["destinations"]) for key in ("acked", "refused", "sent"))
        yield from check(acked + refused <= sent, f"output {one['name']}: acknowledged {acked} and refused {refused} of {sent} sent")
        for nest in one["destinations"]:
            where = f"output {one['name']}, destination {nest['to']}"
            yield from check(nest["resent"] <= nest["sent"] or not nest["connects"],
                             f"{where}: sent again {nest['resent']} of {nest['sent']} sent")
            yield from check(nest["connects"] or not nest["sent"], f"{where}: sent {nest['sent']} and was never connected")
            yield from check(one["framing"] in ("relp", "nats", "kafka") or not nest["refused"],
                             f"{where}: refused {nest['refused']}, in a framing that has no word for it")
            yield from check(nest["pieces"] >= 2 * nest["split"],
                             f"{where}: {nest['split']} datagrams split in {nest['pieces']} pieces")
            yield from check(one["framing"] not in ("native", "pcap") or not unsent(nest) + nest["split"] + nest["truncated"],
                             f"{where}: datagrams not sent, split or cut, in a framing that takes all as they are")
            yield from check(one["framing"] in ANSWERED or not nest["acked"],
                             f"{where}: acknowledged {nest['acked']}, in a framing without acknowledgements")


def of_totals(picture, inputs, streams, outputs):
    """Sums over inputs and streams, of a daemon that has had one configuration since its start, and rings of its own."""
    module = {one["STREAM_ID"] for one in (picture["after"]["module"] or {"STREAM_GET": []})["STREAM_GET"]}
    for kind in ("kmod", "socket"):
        # What is no module's ring is one of sockets, of a capture or of AF_XDP.
        mine = [one for one in inputs if (one["source"] == "kmod") == (kind == "kmod")]
        rings = [one for one in streams if (one["id"] in module) == (kind == "kmod")]
        for figure in ("stored", "stored_bytes"):
            sums = [sum(one[figure] for one in some) for some in (mine, rings)]
            yield from check(sums[0] == sums[1], f"{kind}: {figure} is {sums[0]} over all inputs, {sums[1]} over all streams")
    for one in outputs:
        fed = [given for given in inputs if one["name"] in given["outputs"]]
        owed = sum(given["stored"] for given in fed)
        got = [delivered(one, nest) for nest in one["destinations"]]
        where = f"output {one['name']}"
        # GAP records are in the rings, too, and travel like datagrams.
        gaps = sum(stream["gaps"] for stream in streams if one["name"] in [cursor["name"] for cursor in stream["cursors"]])
        if one["mode"] == "duplicate":
            yield from check(all(some <= owed + gaps for some in got), f"{where}: {got} delivered, {owed} stored for it, {gaps} GAP records")
        elif one["framing"] in ANSWERED:
            yield from check(sum(got) <= owed + gaps, f"{where}: {sum(got)} acknowledged, {owed} stored for it and {gaps} GAP records")
            if not one["memory"] + one["disk"] and not sum(nest["resent"] for nest in one["destinations"]):
                gone = one["dropped"] + sum(given["dropped"] + given["lost"]["disk"] for given in fed)
                yield from check(sum(got) + gone >= owed,
                                 f"{where}: {sum(got)} acknowledged, {gone} dropped, nothing waits, {owed} stored for it")


def of_checksums(picture, inputs):
    """Wrong checksums that inputs from sockets have, and those that none has, are no more than the kernel has counted."""
    daemon, kernel = picture["json"]["daemon"][0], picture["facts"]["checksums"]
    if "bad_checksum" not in daemon:
        return
    placed = sum(one["lost"]["bad_checksum"] for one in inputs if one["source"] == "socket")
    yield from check(placed + daemon["bad_checksum_unplaced"] <= daemon["bad_checksum"],
                     f"the inputs from sockets have {placed} wrong checksums, none has {daemon['bad_checksum_unplaced']}, "
                     f"and {daemon['bad_checksum']} came")
    yield from check(daemon["bad_checksum"] <= kernel, f"{daemon['bad_checksum']} wrong checksums came, the kernel has counted {kernel}")


def of_module(picture, inputs):
    """An input that the module takes has its rule's counters."""
    rules = {one["id"]: one for one in picture["json"]["rules"]} if "rules" in picture["json"] else {}
    for one in inputs:
        rule = rules.get(one["id"])
        if one["source"] != "kmod" or not rule:
            continue
        for figure in ("matched", "stored", "stored_bytes", "lost"):
            yield from check(one[figure] == rule[figure], f"input {one['name']}: {figure} {one[figure]}, of its rule {rule[figure]}")


def of_ends(picture, inputs, outputs):
    """What was sent, and what arrived by the receiver's own count."""
    told = picture["told"]
    matched = sum(one["matched"] for one in inputs)
    if told.get("sent") is not None:
        yield from check(matched <= told["sent"], f"{matched} datagrams matched, {told['sent']} were sent")
    if told.get("arrived"):
        got = sum(nest["acked"] if one["framing"] in ANSWERED else nest["sent"] for one in outputs for nest in one["destinations"])
        yield from check(got >= told["arrived"], f"{told['arrived']} datagrams arrived, the outputs know of {got}")


def violations(picture):
    """All sentences."""
    json = picture["json"]
    inputs, outputs, streams = json["inputs"], json["outputs"], json["streams"]
    yield from of_destinations(outputs)
    if not still(picture):
        return
    yield from of_inputs(inputs, picture["told"].get("fresh"))
    yield from of_streams(streams)
    yield from of_waiting(outputs, streams, json["store"][0])
    yield from of_module(picture, inputs)
    yield from of_checksums(picture, inputs)
    if picture["told"].get("fresh"):
        yield from of_totals(picture, inputs, streams, outputs)
        yield from of_ends(picture, inputs, outputs)
