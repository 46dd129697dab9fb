#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ledger of a scenario.

    main.py check --pid PID [--log FILE] [--fresh] [--sender NAMESPACE] [--arrived N] [--before FOLDER] [--no-tables] [--save FILE]
                  [--verbose]
        All views of a daemon that runs are compared with each other, with what was sent, and with what is: netlink's dumps,
        `sluicectl show` as JSON and as tables, the module's files in /proc, the kernel's list of sockets, the log, and netlink's
        dumps again. What still moves, and what disagrees, is looked at again for up to three seconds. Prints each disagreement
        that stays in a line of its own; then the status is 1. --fresh: the daemon is the scenario's first, with rings of its own.
    main.py tell [--sender NAMESPACE] [--before FOLDER]
        Prints all that was counted, from the sender to the outputs, and what was lost before sluice and in it. For a test that
        failed: whatever cannot be had is said, and nothing is judged.

Runs in the daemon's network namespace. FOLDER has files `sender` and `middle`: what their kernels had counted when the scenario
began (road.py); without them they began at 0.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import agreement
import dumps
import expected
import facts
import forms
import identities
import road

PROC = {"rules": "sluice/rules", "streams": "sluice/streams", "stat": "stat/sluice"}
PATIENCE = 3
BEGAN = time.monotonic()


def show(view, *options):
    """What `sluicectl show` prints."""
    done = subprocess.run(["sluicectl", "show", view, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"sluicectl show {view} {' '.join(options)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def take(options):
    """One picture of everything."""
    has_module = pathlib.Path("/proc/thread-self/net/sluice").exists()
    views = [view for view in expected.VIEWS if has_module or view not in ("rules", "routes")]
    picture = {"pid": options.pid, "told": {"fresh": options.fresh, "sent": None, "arrived": options.arrived}}
    picture["before"] = dumps.take(has_module)
    picture["json"] = {view: json.loads(show(view, "-j")) for view in views}
    picture["table"] = {view: show(view) for view in views} if options.tables else {}
    picture["proc"] = {name: pathlib.Path("/proc/thread-self/net", path).read_text() for name, path in PROC.items()} \
        if has_module else None
    picture["facts"] = facts.take(options.pid, options.log)
    picture["after"] = dumps.take(has_module)
    now = picture["json"]["daemon"][0]
    if "and is in force" in picture["facts"]["log"] or now["configuration_seconds"] < now["uptime_seconds"] - 1:
        picture["told"]["fresh"] = False
    if options.sender:
        # After what was received.
        picture["told"]["sent"] = road.sent(road.since(options.sender, road.before(options.before, "sender")))
    return picture


def judge(picture):
    """Every disagreement of a picture, as sentences."""
    return [*agreement.disagreements(picture), *identities.violations(picture), *forms.violations(picture), *facts.contradictions(picture)]


def check(options):
    """Takes pictures until one is still and agrees, or the time is over. (Sentences, the last picture.)"""
    began = time.monotonic()
    while True:
        picture = take(options)
        wrong = judge(picture)
        if (not wrong and identities.still(picture)) or time.monotonic() - began > PATIENCE:
            return wrong, picture
        if options.verbose:
            print(f"ledger: {time.monotonic() - began:.2f} s:", "; ".join(wrong) or "it moves", file=sys.stderr)
        time.sleep(0.05)


def losses_of(one):
    """A counter's losses, by cause."""
    return expected.cell(one["lost"]).replace("0", "none") if not any(one["lost"].values()) else expected.cell(one["lost"])


def tell_daemon():
    """What the daemon counts."""
    dump = dumps.take(False)
    for one in expected.inputs(dump):
        yield (f"in sluice: input {one['name']}: matched {one['matched']}, stored {one['stored']}, lost {losses_of(one)}, "
               f"dropped {one['dropped']}, unmatched {one.get('unmatched', 0)}, {one['state']}")
    for one in expected.daemon(dump):
        if one.get("bad_checksum"):
            yield (f"in sluice: {one['bad_checksum']} datagrams with a wrong checksum came to this network namespace, "
                   f"{one['bad_checksum_unplaced']} of them no input has")
    for one in expected.outputs(dump):
        yield (f"in sluice: output {one['name']}: waits in memory {one['memory']}, on the disk {one['disk']} bytes, "
               f"dropped {one['dropped']}")
        for nest in one["destinations"]:
            yield (f"delivered: {one['name']} to {nest['to']}: {nest['state']} since {nest['since']}, sent {nest['sent']}, acknowledged "
                   f"{nest['acked']}, sent again {nest['resent']}, gaps {nest['gaps']}, unsendable {nest['unsendable']}, "
                   f"last error `{nest['error']}`")


def tell_module():
    """What the module counts."""
    for line in pathlib.Path("/proc/thread-self/net/sluice/rules").read_text().splitlines():
        yield f"in the module: {line}"


def tell_cards():
    """What the drivers say of their losses."""
    for card in (line.split(":")[0].strip() for line in pathlib.Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]):
        if card == "lo":
            continue
        text = subprocess.run(["ethtool", "-S", card], capture_output=True, text=True, check=False).stdout
        lost = [line.strip() for line in text.splitlines()
                if any(word in line for word in ("drop", "miss", "err", "fifo", "no_buffer")) and not line.rstrip().endswith(": 0")]
        yield f"before sluice: ethtool -S {card}, since it came up: {', '.join(lost) or 'no losses'}"


def tell(options):
    """All that was counted, as lines; what cannot be had is one of them."""
    def told(what, lines):
        try:
            yield from lines
        except (OSError, KeyError, ValueError) as error:
            yield f"{what}: not to be had: {error}"

    def on_the_road():
        yield from road.story(road.since(options.sender, road.before(options.before, "sender")),
                              road.since("", road.before(options.before, "middle")))
    yield from told("sent and before sluice", on_the_road())
    yield from told("before sluice", tell_cards())
    if pathlib.Path("/proc/thread-self/net/sluice").exists():
        yield from told("in the module", tell_module())
    yield from told("in sluice", tell_daemon())


def is_ended(pid):
    """Has this process ended, waited for or not?"""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def main():
    """Reads the arguments; the status says whether all agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["check", "tell"])
    parser.add_argument("--pid", type=int, default=0)
    parser.add_argument("--log")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--sender", default="")
    parser.add_argument("--before")
    parser.add_argument("--arrived", type=int, default=0)
    parser.add_argument("--no-tables", dest="tables", action="store_false")
    parser.add_argument("--save")
    parser.add_argument("--verbose", action="store_true", help="say why it looks again")
    options = parser.parse_args()
    if options.command == "tell":
        for line in tell(options):
            print(line)
        return
    try:
        wrong, picture = check(options)
    except OSError as error:
        if is_ended(options.pid):
            print("ledger: the daemon has ended: nobody to be asked")
            sys.exit(1)
        print(f"ledger: the daemon runs and is not to be asked: {error}")
        sys.exit(1)
    if options.save:
        pathlib.Path(options.save).write_text(json.dumps(picture))
    for sentence in wrong:
        print(f"ledger: {sentence}")
    if not wrong:
        moves = "" if identities.still(picture) else "; some figures still move"
        print(f"ledger: all views agree ({time.monotonic() - BEGAN:.1f} s){moves}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
