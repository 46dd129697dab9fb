# SPDX-License-Identifier: MIT
"""The road to sluice: what the kernel counted of the sender and of the middle server's cards, queues and UDP, so that a loss before
the hook is told apart from one of ours. Read from /proc/net of each network namespace, less what was there before."""
import contextlib
import ctypes
import os
import pathlib
import re

FILES = ("snmp", "snmp6", "dev", "softnet_stat")
CLONE_NEWNET = 0x40000000
# Columns of /proc/net/dev, received and sent.
CARD = ("rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "rx_fifo", "rx_frame", "rx_compressed", "rx_multicast",
        "tx_bytes", "tx_packets", "tx_errors", "tx_dropped", "tx_fifo")


@contextlib.contextmanager
def within(namespace):
    """In a network namespace of /run/netns; empty: in this one."""
    if not namespace:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{namespace}", "rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"network namespace {namespace}")
        try:
            yield
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


def read(namespace):
    """The text of all files of a namespace."""
    with within(namespace):
        texts = []
        for name in FILES:
            with contextlib.suppress(OSError):
                texts.append(pathlib.Path("/proc/thread-self/net", name).read_text())
        return "\n".join(texts)


def parse(text):
    """{name: number} of such a text: Udp.OutDatagrams, Udp6.OutDatagrams, eth0.rx_packets, softnet.dropped ..."""
    found, titles = {}, {}
    softnet = [0, 0, 0]
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and re.match(r"[A-Z]\w+6\w+$", words[0]):
            found[words[0].replace("6", "6.", 1)] = int(words[1])
        elif len(words) > 9 and re.fullmatch(r"[0-9a-f]{8}", words[0]):
            softnet = [have + int(word, 16) for have, word in zip(softnet, words)]
        elif line.lstrip().partition(":")[2] and not line.startswith(("Inter", " face")):
            name, _, rest = line.strip().partition(":")
            numbers = rest.split()
            if name not in ("Ip", "Icmp", "IcmpMsg", "Tcp", "Udp", "UdpLite"):
                found.update({f"{name}.{column}": int(number) for column, number in zip(CARD, numbers)})
            elif name in titles:
                found.update({f"{name}.{title}": int(number) for title, number in zip(titles.pop(name), numbers)})
            else:
                titles[name] = numbers
    found.update({"softnet.processed": softnet[0], "softnet.dropped": softnet[1], "softnet.squeezed": softnet[2]})
    return found


def since(namespace, before):
    """What was counted since the text `before`, or (None) ever."""
    now = parse(read(namespace))
    then = parse(before) if before else {}
    return {name: number - then.get(name, 0) for name, number in now.items()}


def before(folder, server):
    """The text that tests/lib.sh kept of a server when the scenario began; None: it was new."""
    path = pathlib.Path(folder or os.devnull, server)
    return path.read_text() if path.is_file() else None


def sent(counts):
    """UDP datagrams that a server sent, as its kernel counts them."""
    return counts.get("Udp.OutDatagrams", 0) + counts.get("Udp6.OutDatagrams", 0)


def cards(counts):
    """The names of the cards that got anything or lost anything."""
    names = sorted({name.split(".")[0] for name in counts if name.endswith(".rx_packets")} - {"lo"})
    return [name for name in names if any(counts[f"{name}.{column}"] for column in CARD if f"{name}.{column}" in counts)]


def some(counts, names):
    """name=number of those that are not 0."""
    return " ".join(f"{name.split('.')[-1]}={counts[name]}" for name in names if counts.get(name)) or "none"


def story(sender, middle):
    """Lines that tell of the sender and of the way to the hook."""
    yield f"sent: {sent(sender)} UDP datagrams, as the sender's kernel counts them"
    for card in cards(sender):
        yield (f"sent: card {card} of the sender sent {sender[card + '.tx_packets']} packets, lost "
               + some(sender, [f"{card}.tx_{what}" for what in ("errors", "dropped", "fifo")]))
    dropped = 0
    for card in cards(middle):
        lost = [f"{card}.rx_{what}" for what in ("errors", "dropped", "fifo", "frame")]
        dropped += sum(middle.get(name, 0) for name in lost)
        yield f"before sluice: card {card} took in {middle[card + '.rx_packets']} packets, lost {some(middle, lost)}"
    yield f"before sluice: card dropped {dropped}, softnet dropped {middle['softnet.dropped']} (of this machine, all namespaces)"
    for family in ("Udp", "Udp6"):
        names = [f"{family}.{name}" for name in ("InDatagrams", "NoPorts", "InErrors", "RcvbufErrors", "InCsumErrors", "MemErrors")]
        if any(middle.get(name) for name in names):
            yield f"beside sluice: {family} of the middle server: {some(middle, names)}"
    names = ["Ip.InDiscards", "Ip.InHdrErrors", "Ip.ReasmFails", "Ip6.InDiscards", "Ip6.InHdrErrors", "Ip6.ReasmFails", "Ip6.InTooBigErrors"]
    if any(middle.get(name) for name in names):
        yield f"beside sluice: IP of the middle server: {some(middle, names)}"
