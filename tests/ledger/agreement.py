# SPDX-License-Identifier: MIT
"""Do all views say the same? Netlink was read before and after the others, so what each of those says must lie between."""
import expected
import identities
import table

# The tool has them in words, netlink in numbers or bytes.
WORDS_ONLY = {"rules": {"ports", "destination", "source", "interface", "verdict", "hook", "batching", "checksum", "time"}}


# A destination that is away is tried many times a second: which of the two it is just then is no matter.
TRIED = {"waiting", "connecting"}


def fits(said, before, after):
    """Is what a view says that of one of two moments, or between?"""
    if all(isinstance(one, str) and one in TRIED for one in (said, before, after)):
        return True
    if said in (before, after) or str(said) in (str(before), str(after)):
        return True
    numbers = (int, float)
    if isinstance(said, bool) or not all(isinstance(one, numbers) for one in (said, before, after)):
        return False
    slack = 1e-6 if isinstance(said, float) else 0
    return min(before, after) - slack <= said <= max(before, after) + slack


# What goes up and down as datagrams come and go: while they do, two looks at it have nothing to do with each other.
GAUGES = {"memory", "disk", "oldest", "backlog", "behind", "fill_percent", "used", "waiting", "free_segments", "load",
          "load_since", "load_why"}


def is_measured(key, said, before, after):
    """Is it a rate, which is measured anew each second, and near enough? Nothing and something are not."""
    return key == "achieved" and any(bool(said) == bool(one) and abs(said - one) <= 100 + one // 4 for one in (before, after))


def differences(where, said, before, after, words=(), moves=False):
    """Sentences on what differs, any depth. `moves`: datagrams came and went between the looks."""
    if isinstance(said, dict) and isinstance(before, dict) and isinstance(after, dict):
        for key in sorted((before.keys() | after.keys()) - said.keys()):
            yield f"{where} lacks `{key}`, which netlink has"
        for key, one in said.items():
            if key in words:
                continue
            if key not in before or key not in after:
                yield f"{where} has `{key}`: {one}, which nothing in netlink is known to be (tests/ledger/expected.py)"
            elif not (moves and key in GAUGES and not isinstance(one, dict)) and not is_measured(key, one, before[key], after[key]):
                yield from differences(f"{where}, {key}", one, before[key], after[key], (), moves)
    elif isinstance(said, list) and isinstance(before, list) and isinstance(after, list):
        if not len(said) == len(before) == len(after):
            yield f"{where}: {len(said)} of them, {len(before)} in netlink before, {len(after)} after"
            return
        for number, one in enumerate(said):
            name = one.get("name") or one.get("to") or one.get("id") if isinstance(one, dict) else None
            yield from differences(f"{where} {name or number}", one, before[number], after[number], words, moves)
    elif not fits(said, before, after):
        yield f"{where}: {said}, netlink says {before}" + (f" and then {after}" if after != before else "")


def of_json(picture):
    """`show -j` beside netlink."""
    moves = not identities.still(picture)
    for view, said in picture["json"].items():
        before, after = expected.VIEWS[view](picture["before"]), expected.VIEWS[view](picture["after"])
        if view == "streams":
            # Which of them is told first is nobody's promise.
            said, before, after = (sorted(one, key=lambda stream: stream["id"]) for one in (said, before, after))
        yield from differences(f"show {view} -j", said, before, after, WORDS_ONLY.get(view, ()), moves)


def of_tables(picture):
    """`show` beside `show -j`, which was asked a moment before; what moved since is between that and netlink after."""
    moves = not identities.still(picture)
    for view, text in picture["table"].items():
        said = table.cells(text)
        rows = expected.rows(view, picture["json"][view])
        later = rows
        if view not in WORDS_ONLY:
            later = expected.rows(view, expected.VIEWS[view](picture["after"]))
        if view == "streams":
            later = sorted(later, key=lambda row: [one["id"] for one in rows].index(row["id"])
                           if row["id"] in [one["id"] for one in rows] else 0)
        head = text.splitlines()[0] if text else ""
        columns = expected.columns(view, rows, head)
        titles = [title for title, _ in columns]
        found = [title for title in titles if f" {title} " in f" {head} "]
        if found != titles:
            yield f"show {view} has not the columns that it should: {sorted(set(titles) - set(found))}"
            continue
        if len(said) != len(rows):
            yield f"show {view}: {len(said)} rows for {len(rows)} in JSON"
            continue
        for number, row in enumerate(said):
            for title, key in columns:
                was = rows[number].get(key)
                will = later[number].get(key, was) if len(later) == len(rows) else was
                if row.get(title) in (expected.cell(was), expected.cell(will)) or (moves and key in GAUGES):
                    continue
                if row.get(title, "").isdigit() and isinstance(was, int) and isinstance(will, int) and \
                        (fits(int(row[title]), was, will) or is_measured(key, int(row[title]), was, will)):
                    continue
                yield f"show {view}, row {number + 1}, {title}: {row.get(title)}, in JSON it is {expected.cell(was)}"


def of_proc(picture):
    """The module's files beside its netlink dumps."""
    if not picture["proc"]:
        return
    before, after = picture["before"]["module"], picture["after"]["module"]
    lines = [line.split(" ") for line in picture["proc"]["rules"].splitlines()]
    names = ["matched", "stored", "stored_bytes", *expected.CAUSES]
    yield from rows_of_proc("rules", lines, "id", names, *(
        {one["RULE_ID"]: expected.counted(one["RULE_COUNTERS"]) for one in dump["RULE_GET"]} for dump in (before, after)))
    yield from words_of_proc(lines, {one["id"]: one for one in picture["json"]["rules"]})
    lines = [line.split(" ") for line in picture["proc"]["streams"].splitlines()]
    yield from rows_of_proc("streams", lines, "stream", ["epoch", "size", "head", "tail", "stored", "stored_bytes", "gaps", "wakes"], *(
        {one["STREAM_ID"]: expected.ring(one) for one in dump["STREAM_GET"]} for dump in (before, after)))
    names = {one["ROUTE_ID"]: one.get("ROUTE_NAME", "") for one in after["ROUTE_GET"]}
    rings = {one["STREAM_ID"]: one for one in after["STREAM_GET"]}
    for line in lines[1:]:
        said = dict(zip(lines[0], line), name=" ".join(line[len(lines[0]) - 1:]))
        ring = rings.get(said["stream"])
        wanted = ring and {"route": ring["ROUTE_ID"], "cpu": str(ring["STREAM_CPU"]), "owned": "yes" if ring["STREAM_OWNER"] else "no",
                           "name": names.get(ring["ROUTE_ID"]) or "-"}
        for column, word in (wanted or {}).items():
            if said[column] != word:
                yield f"/proc/net/sluice/streams, {said['stream']}, {column}: {said[column]}, netlink says {word}"
    yield from of_stat(picture["proc"]["stat"], before, after, picture["told"].get("fresh"))


def words_of_proc(lines, rules):
    """What rows of the rules say in words, beside `show rules -j`."""
    for line in lines[1:]:
        said = dict(zip(lines[0], line), name=" ".join(line[len(lines[0]) - 1:]))
        rule = rules.get(said["id"])
        wanted = rule and {"route": rule["route"], "input": str(rule["input"]), "verdict": rule["verdict"], "ports": rule["ports"],
                           "destination": rule["destination"] or "any", "source": rule["source"] or "any",
                           "interface": rule["interface"] or "any", "name": rule["name"] or "-"}
        for column, word in (wanted or {}).items():
            if said[column] not in (word, word + "(absent)" if column == "interface" else word):
                yield f"/proc/net/sluice/rules, {said['id']}, {column}: {said[column]}, show rules -j says {word}"


def rows_of_proc(name, lines, key, names, before, after):
    """One file whose rows netlink has, too."""
    head = lines[0]
    if {line[head.index(key)] for line in lines[1:]} != after.keys():
        yield f"/proc/net/sluice/{name}: {len(lines) - 1} rows, others than the {len(after)} of netlink"
        return
    for line in lines[1:]:
        guid = line[head.index(key)]
        for column in names:
            values = [dict(one[guid], **one[guid]["lost"])[column] if guid in one else None for one in (before, after)]
            if not fits(int(line[head.index(column)]), values[0] if values[0] is not None else values[1], values[1]):
                yield f"/proc/net/sluice/{name}, {guid}, {column}: {line[head.index(column)]}, netlink says {values[1]}"


def of_stat(text, before, after, is_fresh):
    """/proc/net/stat/sluice: summed over CPUs it is no less than the rules that there are, as it has those that are gone, too; as
    much, if none is."""
    head, *lines = [line.split() for line in text.splitlines()]
    sums = {name: sum(int(line[place], 16) for line in lines) for place, name in enumerate(head)}
    for line in lines:
        if int(line[0], 16) != len(after["RULE_GET"]):
            yield f"/proc/net/stat/sluice: {int(line[0], 16)} entries, netlink has {len(after['RULE_GET'])} rules"
    for name in ["matched", "stored", "stored_bytes", *expected.CAUSES]:
        least, most = (sum(dict(one, **one["lost"])[name] for one in
                           (expected.counted(rule["RULE_COUNTERS"]) for rule in dump["RULE_GET"])) for dump in (before, after))
        if sums[name] < least or (is_fresh and sums[name] > most):
            yield f"/proc/net/stat/sluice: {name} is {sums[name]} over all CPUs, the rules have {most}"
    if sums["matched"] != sums["stored"] + sum(sums[cause] for cause in expected.CAUSES):
        yield f"/proc/net/stat/sluice: matched {sums['matched']} is not stored and lost"
    for name in ("gaps", "wakes"):
        values = [sum(expected.ring(one)[name] for one in dump["STREAM_GET"]) for dump in (before, after)]
        if not fits(sums[name], *values):
            yield f"/proc/net/stat/sluice: {name} is {sums[name]} over all CPUs, in the streams of netlink {values[1]}"


def disagreements(picture):
    """All of them, as sentences."""
    yield from of_json(picture)
    yield from of_tables(picture)
    yield from of_proc(picture)
