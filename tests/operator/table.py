# SPDX-License-Identifier: MIT
"""Which kinds of steps are done where: the one place to widen when the product learns to bear
more.

Each line: kind, how often beside the others, where it is right. `auto`, `calls` and `bpf`:
natively, by how sockets are read (`auto`: the key is left out, so the best way that there is);
`kmod`: with the module; `long`: only where nobody waits for the result. A
kind whose line names no place is done only when it is asked for (`--steps`).

Not with the module: `receive` and `readers`, as they say how sockets are read and the module has
none. All other kinds are right there, too.
"""

TABLE = """
apply-same                  2  auto calls bpf kmod
apply-faulty                2  auto calls bpf kmod
batch                       3  auto calls bpf kmod
rate                        2  auto calls bpf kmod
weight                      1  auto calls bpf kmod
priority                    3  auto calls bpf kmod
memory                      3  auto calls bpf kmod
receive                     3  auto calls bpf
readers                     2  auto bpf
framing                     2  auto calls bpf kmod
framing-waiting             2  auto calls bpf kmod
mode                        2  auto calls bpf kmod
mode-waiting                2  auto calls bpf kmod
mode-hash                   2  auto calls bpf kmod
mode-hash-waiting           2  auto calls bpf kmod
rename-output               2  auto calls bpf kmod
rename-output-waiting       2  auto calls bpf kmod
id-waiting                  1  auto calls bpf kmod
rename-input                2  auto calls bpf kmod
add-input                   4  auto calls bpf kmod
delete-input                3  auto calls bpf kmod
route                       3  auto calls bpf kmod
add-output                  3  auto calls bpf kmod
delete-output               2  auto calls bpf kmod
delete-output-waiting       2  auto calls bpf kmod
forget-output               2  auto calls bpf kmod
add-destination             3  auto calls bpf kmod
delete-destination          2  auto calls bpf kmod
delete-destination-waiting  2  auto calls bpf kmod
drop-destination            2  auto calls bpf kmod
move-destination            2  auto calls bpf kmod
hup-after-apply             2  auto calls bpf kmod
restart                     3  auto calls bpf kmod
restart-receiver-down       2  auto calls bpf kmod
restart-changed             2  auto calls bpf kmod
kill                        3  auto calls bpf kmod
kill-changed                2  auto calls bpf kmod
memory-path                 1  auto calls bpf kmod
freeze                      3  auto calls bpf kmod
receiver-down               4  auto calls bpf kmod
receiver-up                 5  auto calls bpf kmod
receiver-stop               2  auto calls bpf kmod
receiver-slow               2  auto calls bpf kmod
receiver-reset              4  auto calls bpf kmod
link-out-down               2  auto calls bpf kmod
address-out-away            2  auto calls bpf kmod
link-in-down                2  auto calls bpf kmod
interface-again             2  auto calls bpf kmod
interface-down              2  auto calls bpf kmod
address-in-away             2  auto calls bpf kmod
start-without-interface     2  auto calls bpf kmod
split-from                  2  auto calls bpf kmod
disk-size                   3  auto calls bpf kmod
disk-full                   2  auto calls bpf kmod
disk-read-only              2  auto calls bpf kmod
overflow                    1  auto calls bpf kmod
"""


def lines():
    """(kind, weight, places) of each line."""
    for line in TABLE.split("\n"):
        words = line.split()
        if words:
            yield words[0], int(words[1]), set(words[2:])


def weights(place, long, only=None):
    """{kind: weight} of the kinds that are right in a place; with `only`, of those named and no
    others."""
    if only:
        return {kind: weight for kind, weight, _ in lines() if kind in only}
    return {kind: weight for kind, weight, places in lines()
            if place in places and (long or "long" not in places)}
