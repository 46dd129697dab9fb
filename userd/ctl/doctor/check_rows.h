/* SPDX-License-Identifier: MIT */
/*
 * The checks of `sluicectl doctor`, a row each. Declarations, what is sampled, what is printed,
 * `sluicectl doctor --list` and the table in docs/operations.md are made from the rows.
 *
 *   CHECK(id, CLASS, function, reads, threshold, says, mend, costs)
 *
 *   id         as users see it; error, then saturation, then utilisation
 *   function   sluice_doctor_ and that name judges it
 *   reads      sources, as sample.h has them
 *   threshold  from when on it is a finding
 *   says       the sentence; {NAME} is filled in by the function
 *   mend       the command that mends it, likewise
 *   costs      what that costs
 *
 * Included several times with another CHECK each, so it has no guard. Defines nothing else.
 */
/* clang-format off */

CHECK("relay-lost", ERROR, relay_lost, "daemon/inputs",
	"`lost` of an input grows",
	"Input {subject} lost {count} datagrams: {causes}.",
	"sluicectl why {subject}", "nothing: it says what holds the input up")
CHECK("relay-dropped", ERROR, relay_dropped, "daemon/inputs",
	"`dropped` of an input grows",
	"{count} datagrams of input {subject} were stored and then given up: the store was full.",
	"sluicectl why {subject}", "nothing: it says which output does not take them")
CHECK("relay-damaged", ERROR, relay_damaged, "daemon/store",
	"`damaged` or `abandoned` of the disk grows",
	"The store at {subject} has {damaged} datagrams more in damaged frames, and {abandoned} more segments that could not be written.",
	"smartctl -a /dev/DISK", "nothing: it reads the disk's own log; a disk that loses data is replaced")
CHECK("output-down", ERROR, output_down, "daemon/outputs",
	"in both samples no destination of an output is connected",
	"No destination of output {subject} is connected: {reason}. {waiting} bytes wait for it.",
	"sluicectl why {subject}", "nothing: it says since when, and for what reason")
CHECK("output-refused", ERROR, output_refused, "daemon/outputs",
	"`unsendable`, `oversized`, `refused` or `unconfirmed` of a destination grows",
	"{count} datagrams did not reach the program at {subject}: {causes}.",
	"sluicectl get {output}", "nothing: framing and max-datagram have to fit what the receiver takes")
CHECK("socket-buffer", ERROR, socket_buffer,
	"sockets/udp /proc/net/snmp /proc/net/snmp6 /proc/sys/net/core/rmem_max daemon/inputs",
	"drops of a socket of UDP or RcvbufErrors grow",
	"{count} datagrams were lost because the receive buffer of {subject} was full.",
	"sysctl -w net.core.rmem_max=16777216 && systemctl restart sluiced",
	"up to 32 MiB of memory for each socket (the kernel doubles what is asked for)")
CHECK("udp-memory", ERROR, udp_memory,
	"/proc/net/snmp /proc/net/snmp6 /proc/net/sockstat /proc/sys/net/ipv4/udp_mem",
	"MemErrors of UDP grow",
	"{count} datagrams were lost because all sockets of UDP together had no memory left.",
	"sysctl -w net.ipv4.udp_mem='{pages}'", "memory: as many pages may be taken by sockets of UDP")
CHECK("udp-checksum", ERROR, udp_checksum, "/proc/net/snmp /proc/net/snmp6",
	"InCsumErrors of UDP grow",
	"{count} datagrams were lost because their checksum was wrong: they were damaged on their way, or the sender does not fill it in.",
	"tcpdump -vvn -i any udp 2>/dev/null | grep 'bad udp cksum'",
	"processor time while it runs; senders on this machine show wrong ones there, and rightly so")
CHECK("udp-no-port", ERROR, udp_no_port, "/proc/net/snmp /proc/net/snmp6 daemon/inputs",
	"NoPorts of UDP grow",
	"{count} datagrams came to ports that nobody has bound; their senders were told so by ICMP.",
	"tcpdump -n -i any 'icmp[0] == 3 and icmp[1] == 3 or icmp6[0] == 1'",
	"processor time while it runs; it shows the ports: add them to an input (sluicectl set INPUT port=...)")
CHECK("rp-filter", ERROR, rp_filter,
	"/proc/net/netstat /proc/sys/net/ipv4/conf/*/rp_filter",
	"IPReversePathFilter grows",
	"{count} packets were dropped by rp_filter: the way back to their sender is not by the interface by which they came.",
	"sysctl {settings}",
	"senders with forged addresses are let in whose real ones have any route at all (RFC 3704 loose mode)")
CHECK("ip-dropped", ERROR, ip_dropped, "/proc/net/snmp /proc/net/snmp6",
	"InDiscards, InAddrErrors or InHdrErrors of IP grow",
	"IP dropped {count} packets before UDP had them: {causes}.",
	"bpftrace -e 'tracepoint:skb:kfree_skb { @[args->reason, args->protocol] = count(); }'",
	"some processor time for each dropped packet while it runs; it shows the kernel's reasons")
CHECK("reassembly", ERROR, reassembly,
	"/proc/net/snmp /proc/net/snmp6 /proc/net/sockstat /proc/sys/net/ipv4/ipfrag_high_thresh",
	"ReasmFails of IP grow",
	"{count} datagrams could not be put together from their fragments.",
	"", "the best remedy is at the sender: datagrams that fit the path MTU")
CHECK("backlog-drops", ERROR, backlog_drops,
	"/proc/net/softnet_stat /proc/sys/net/core/netdev_max_backlog",
	"column 2 of softnet_stat grows",
	"CPU {subject} dropped {count} packets: its queue of {backlog} packets was full.",
	"sysctl -w net.core.netdev_max_backlog={more}",
	"memory of {more} packets for each CPU at most, and time that packets wait there")
CHECK("flow-limit", ERROR, flow_limit, "/proc/net/softnet_stat",
	"column 11 of softnet_stat grows",
	"CPU {subject} dropped {count} packets of flows that were more than their share of its queue.",
	"sysctl -w net.core.flow_limit_cpu_bitmap=0",
	"one flow that comes too fast may then fill the whole queue")
CHECK("conntrack-full", ERROR, conntrack_full,
	"/proc/net/stat/nf_conntrack /proc/sys/net/netfilter/nf_conntrack_count /proc/sys/net/netfilter/nf_conntrack_max daemon/rules daemon/inputs",
	"drop or insert_failed of nf_conntrack grows",
	"Connection tracking dropped {count} packets; it holds {entries} of {most} connections.",
	"nft add table inet untracked && nft add chain inet untracked in '{ type filter hook prerouting priority raw; }' && nft add rule inet untracked in udp dport {ports} notrack",
	"rules of the firewall that ask for the state of these connections do not fit them any more")
CHECK("card-ring", ERROR, card_ring, "links/all ethtool/*",
	"a drop counter of the card grows, and its receive ring is below its maximum",
	"{subject} lost {count} packets at least: its receive ring was full. It has {ring} of {most} descriptors.",
	"ethtool -G {subject} rx {most}",
	"memory of {most} packets a queue; the link is down for a moment, and with it what comes then is lost")
CHECK("card-drops", ERROR, card_drops, "links/all ethtool/*",
	"a drop counter of the card grows, and its receive ring cannot be made larger",
	"{subject} lost {count} packets at least ({counter}), and its receive ring is as large as it can be: the CPU behind it did not keep up.",
	"ethtool -L {subject} {kind} {most}",
	"an interrupt on one CPU more for each queue; the link is down for a moment")
CHECK("card-limit", ERROR, card_limit, "ethtool/*",
	"an allowance counter of a virtual card grows (ena)",
	"The machine's provider dropped or held {count} packets of {subject}: the machine is not allowed more ({counter}).",
	"", "a larger kind of machine")
CHECK("card-frames", ERROR, card_frames, "links/all",
	"rx_crc_errors, rx_length_errors or rx_frame_errors grows",
	"{subject} received {count} damaged frames ({counter}): cable, optics or the port of the switch.",
	"ethtool -m {subject}", "nothing: it shows what the optics measure")
CHECK("link-down", ERROR, link_down, "links/all",
	"carrier_down_count grows",
	"{subject} lost its link {count} times.",
	"journalctl -k -g {subject}", "nothing: it shows what the kernel said")
CHECK("queue-drops", ERROR, queue_drops, "links/all",
	"drops of the queue of an interface grow",
	"The queue of {subject} dropped {count} packets that were to leave; TCP sends them again, later.",
	"tc qdisc replace dev {subject} root fq",
	"what another queue was set up for there (limits, classes) is gone")
CHECK("neighbours-full", ERROR, neighbours_full,
	"/proc/net/stat/arp_cache /proc/net/stat/ndisc_cache /proc/sys/net/ipv4/neigh/default/gc_thresh3",
	"table_fulls or unresolved_discards grows",
	"{count} packets were dropped because the address of a neighbour was not known, or had no room in the table of at most {most}.",
	"ip neigh show nud failed", "nothing: it lists the neighbours that do not answer; if there are many neighbours, raise net.ipv4.neigh.default.gc_thresh3")
CHECK("out-of-memory", ERROR, out_of_memory, "/proc/vmstat /sys/fs/cgroup{cgroup}/memory.events",
	"oom_kill grows",
	"The kernel killed {kills} processes because memory had run out ({where}).",
	"journalctl -k -g 'Out of memory|oom-kill'", "nothing: it shows which ones")
CHECK("kernel-log", ERROR, kernel_log, "log/kernel",
	"a new message of an I/O error, a card that hangs, or a table that is full",
	"The kernel said: {message}",
	"journalctl -k --since -10min", "nothing: it shows what was said before and after")

CHECK("squeezed", SATURATION, squeezed,
	"/proc/net/softnet_stat /proc/sys/net/core/netdev_budget /proc/sys/net/core/netdev_budget_usecs",
	"column 3 of softnet_stat grows",
	"CPU {subject} stopped {times} times with packets left: its budget of {budget} packets or {usecs} us was used up.",
	"sysctl -w net.core.netdev_budget={more} net.core.netdev_budget_usecs={more_usecs}",
	"programs on that CPU wait longer for it")
CHECK("cpu-softirq", SATURATION, cpu_softirq, "/proc/stat",
	"a CPU spends more than 90 % of its time in interrupts",
	"CPU {subject} spent {percent} % of its time in interrupts, mostly with packets: it cannot take more.",
	"cat /proc/interrupts", "nothing: it shows which queue wakes it; spread them (checks card-queues, interrupts, card-hash)")
CHECK("cpu-pressure", SATURATION, cpu_pressure, "/proc/pressure/cpu",
	"programs waited for a CPU in more than 10 % of the time",
	"In {percent} % of the time a program was ready and had no CPU.",
	"systemctl set-property --runtime sluiced.service CPUWeight=1000",
	"other programs of this machine get less")
CHECK("cpu-steal", SATURATION, cpu_steal, "/proc/stat",
	"the host takes more than 1 % of the time of this machine's CPUs",
	"The host took {percent} % of the time of this virtual machine's CPUs for others.",
	"", "CPUs of its own for this machine, at its host")
CHECK("cpu-throttled", SATURATION, cpu_throttled, "/sys/fs/cgroup{cgroup}/cpu.stat",
	"nr_throttled grows",
	"The limit of control group {subject} stopped sluiced in {times} periods, for {ms} ms together.",
	"systemctl set-property --runtime sluiced.service CPUQuota=",
	"sluiced may then take all CPUs that there are")
CHECK("memory-low", SATURATION, memory_low, "/proc/meminfo /proc/vmstat",
	"less than 5 % of memory is available, or programs waited for memory (allocstall)",
	"{percent} % of memory is available; {stalls} times somebody waited until some was free.",
	"sluicectl set . store.memory.size=SIZE", "less is kept in memory while a receiver is away")
CHECK("memory-limit", SATURATION, memory_limit,
	"/sys/fs/cgroup{cgroup}/memory.current /sys/fs/cgroup{cgroup}/memory.max /sys/fs/cgroup{cgroup}/memory.events",
	"a control group of sluiced met its limit, or has more than 90 % of it",
	"Control group {subject} has {used} of the {most} bytes that it may have, and met its limit {times} times.",
	"systemctl set-property --runtime sluiced.service MemoryMax=infinity",
	"sluiced may then take all memory that there is")
CHECK("descriptors", SATURATION, descriptors, "/proc/{pid}/limits descriptors/{pid}",
	"sluiced has more than 80 % of the descriptors that it may have",
	"sluiced has {used} of the {most} descriptors that it may have; without one it can neither connect nor open a port.",
	"systemctl edit sluiced (LimitNOFILE={more}) && systemctl restart sluiced", "nothing")
CHECK("locked-memory", SATURATION, locked_memory, "/proc/{pid}/limits /proc/{pid}/status",
	"sluiced has locked more than 90 % of the memory that it may lock",
	"sluiced has locked {used} of the {most} kB that it may lock.",
	"systemctl edit sluiced (LimitMEMLOCK=infinity) && systemctl restart sluiced",
	"memory that cannot be swapped, as much as store.memory.size says")
CHECK("udp-memory-near", SATURATION, udp_memory_near,
	"/proc/net/sockstat /proc/sys/net/ipv4/udp_mem",
	"sockets of UDP have more than 70 % of udp_mem",
	"All sockets of UDP have {used} of the {most} pages that they may have together.",
	"sysctl -w net.ipv4.udp_mem='{pages}'", "memory: as many pages may be taken by sockets of UDP")
CHECK("conntrack-near", SATURATION, conntrack_near,
	"/proc/sys/net/netfilter/nf_conntrack_count /proc/sys/net/netfilter/nf_conntrack_max",
	"more than 80 % of nf_conntrack_max",
	"Connection tracking holds {entries} of {most} connections; behind that, packets of new ones are dropped.",
	"sysctl -w net.netfilter.nf_conntrack_max={more}", "about 320 bytes of kernel memory for each connection")
CHECK("receiver-limits", SATURATION, receiver_limits, "sockets/tcp daemon/outputs",
	"TCP waited for the receiver's window in more than 10 % of the time",
	"{subject} does not read fast enough: its TCP had no room in {percent} % of the time.",
	"", "the program there is the limit, not this machine: more connections (outputs.connections), or a faster receiver")
CHECK("send-buffer", SATURATION, send_buffer, "sockets/tcp daemon/outputs /proc/sys/net/ipv4/tcp_wmem",
	"TCP waited for room in its own send buffer in more than 10 % of the time",
	"The connection to {subject} waited for its own send buffer in {percent} % of the time.",
	"sysctl -w net.ipv4.tcp_wmem='{pages}'", "memory: as much for each connection of this machine that needs it")
CHECK("retransmits", SATURATION, retransmits, "sockets/tcp daemon/outputs",
	"more than 1 % of the segments were sent again",
	"{percent} % of the segments to {subject} were sent again: they get lost on the way there.",
	"mtr -rwn {address}", "a few packets a second while it runs; it shows where they get lost")
CHECK("pause-frames", SATURATION, pause_frames, "ethtool/*",
	"a counter of pause frames grows",
	"{subject} held up the sender {count} times by pause frames ({counter}): what is lost then is lost in the switch, and counted there.",
	"ethtool -A {subject} rx off tx off", "losses then happen in this card, where they are counted; the link is down for a moment")
CHECK("link-full", SATURATION, link_full, "links/all ethtool/*",
	"more than 90 % of the link's speed",
	"{subject} carries {percent} % of the {speed} Mbit/s of its link ({way}).",
	"", "a faster link, or one more")
CHECK("card-queues", SATURATION, card_queues, "links/all ethtool/* /proc/stat",
	"fewer queues than CPUs and than the card has, and a CPU is full of interrupts",
	"{subject} spreads over {queues} of its {most} queues, while CPU {cpu} spends {percent} % of its time in interrupts.",
	"ethtool -L {subject} {kind} {most}", "an interrupt on one CPU more for each queue; the link is down for a moment")
CHECK("card-hash", SATURATION, card_hash, "links/all ethtool/*",
	"one queue gets more than twice its share, and the card spreads UDP by addresses only",
	"One queue of {subject} gets {percent} % of all packets: it spreads UDP by addresses, not by ports.",
	"ethtool -N {subject} rx-flow-hash udp4 sdfn",
	"fragments of a datagram may come by different queues, out of order")
CHECK("card-skew", SATURATION, card_skew, "links/all ethtool/*",
	"one queue gets more than twice its share, and ports are spread by",
	"One queue of {subject} gets {percent} % of all packets, although it spreads UDP by ports: there are few senders, or the table of queues is uneven.",
	"ethtool -X {subject} equal {queues}", "another table of queues, if somebody made one, is gone")
CHECK("interrupts", SATURATION, interrupts, "links/all /proc/interrupts /proc/stat",
	"two queues of a card wake the same CPU, which is more than half in interrupts, and another CPU is not",
	"Interrupts of {queues} queues of {subject} go to CPU {cpu}, which spends {percent} % of its time in interrupts, and CPU {other} {rest} %.",
	"systemctl stop irqbalance; echo {mask} >/proc/irq/{irq}/smp_affinity",
	"interrupts stay where they are put, also when load moves")
CHECK("coalescing", SATURATION, coalescing, "links/all ethtool/*",
	"the card waits so long for an interrupt that more packets come than its ring takes",
	"{subject} waits {usecs} us before it interrupts; at this rate {packets} packets come in that time, and its ring has {ring}.",
	"ethtool -C {subject} adaptive-rx off rx-usecs {less}", "more interrupts, so more processor time")
CHECK("relay-full", SATURATION, relay_full, "daemon/streams daemon/inputs",
	"a ring is more than 90 % full in both samples",
	"A ring of {subject} is {percent} % full: what comes goes to the disk, or is lost.",
	"sluicectl why {subject}", "nothing: it says which output does not take what is there")
CHECK("spool-full", SATURATION, spool_full, "daemon/store",
	"the store on the disk is more than 90 % full in both samples",
	"The store at {subject} is {percent} % full: when it is full, store.drop says what is lost.",
	"sluicectl set . store.disk.size={more}", "room on the disk, which is reserved at once")
CHECK("spool-space", SATURATION, spool_space, "daemon/store filesystem/{spool}",
	"the file system of the store has less than 1 % of its bytes, or fewer than 64 inodes, left",
	"The file system of {subject} has {free} bytes and {inodes} inodes left: the segments are reserved, what is new (a larger store.disk.size) has no room.",
	"du -xhd2 {subject}/..", "reading of the directories; it shows what takes the room")
CHECK("spool-slow", SATURATION, spool_slow, "daemon/store filesystem/{spool} /sys/dev/block/*/stat",
	"a write or flush of the store's disk took more than 20 ms on average",
	"A write to the disk of {subject} took {write} ms on average, a flush {flush} ms.",
	"iostat -xy 5", "nothing: it shows who else uses the disk")

CHECK("rx-checksum", UTILISATION, rx_checksum, "links/all ethtool/*",
	"rx-checksum is off while more than 1,000 packets a second come",
	"{subject} does not check checksums: a CPU does, for {rate} packets a second.",
	"ethtool -K {subject} rx on", "none, unless the card counts wrong")
CHECK("packet-sockets", UTILISATION, packet_sockets, "/proc/net/packet links/all",
	"a packet socket gets every packet while more than 1,000 a second come",
	"{sockets} packet sockets (tcpdump, lldpd, dhclient ...) are given every packet of this machine: {rate} a second.",
	"ss -0 -p", "nothing: it shows whose they are")
CHECK("xdp-left", UTILISATION, xdp_left, "links/all",
	"libxdp's dispatcher runs a program of a sluiced that was killed (root only)",
	"At {subject} libxdp's dispatcher still runs the XDP program of a sluiced that was killed. No socket is behind it: what comes goes on to the stack.",
	"sluiced --sweep", "nothing: other programs at the interface go on")
CHECK("xdp-program", UTILISATION, xdp_program, "links/all",
	"an interface has a program in XDP",
	"XDP program {program} sees every packet of {subject} before sluice; what it drops is counted nowhere in the kernel.",
	"bpftool prog show id {program}", "nothing: it shows what it is, and who loaded it")
CHECK("firewall-bypassed", UTILISATION, firewall_bypassed, "daemon/rules firewall/input",
	"a rule of the firewall keeps a port out that the module takes in before it",
	"Rule {subject} takes UDP port {port} before the firewall, which would keep {whom} out (table {table}, chain {chain}).",
	"sluicectl set {subject} hook=local-in", "more processor time for each datagram, and connection tracking sees them")
CHECK("fragments", UTILISATION, fragments, "/proc/net/snmp /proc/net/snmp6",
	"ReasmReqds of IP grow",
	"{fragments} fragments came: senders send datagrams that do not fit the path, and one lost fragment loses the whole.",
	"", "nothing: smaller datagrams, or a larger MTU on the whole path")
CHECK("path-mtu", UTILISATION, path_mtu, "sockets/tcp daemon/outputs links/all",
	"the path MTU of a connection is below the MTU of its interface",
	"The path to {subject} carries packets of {pmtu} bytes, interface {interface} has {mtu}: something between has a smaller MTU. TCP knows; nothing is lost by it.",
	"tracepath -n {address}", "nothing: it shows where the path gets narrower")
CHECK("governor", UTILISATION, governor,
	"/proc/stat /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor /sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq /sys/devices/system/cpu/cpu*/cpufreq/cpuinfo_max_freq",
	"a CPU is more than 50 % busy and runs below 90 % of its frequency in both samples",
	"CPU {subject} is {percent} % busy and runs at {mhz} of {most} MHz (governor {governor}).",
	"cpupower frequency-set -g performance", "electricity and heat")
CHECK("idle-states", UTILISATION, idle_states,
	"links/all ethtool/* /sys/devices/system/cpu/cpu*/cpuidle/state*/latency /sys/devices/system/cpu/cpu*/cpuidle/state*/usage",
	"CPUs sleep so deeply that they take more than 100 us to wake up, and a card loses packets",
	"CPUs went {times} times into a sleep that takes {us} us to end, while {subject} lost packets.",
	"cpupower idle-set -D 100", "electricity and heat; gone at the next boot")
CHECK("clock-source", UTILISATION, clock_source,
	"/sys/devices/system/clocksource/clocksource0/current_clocksource /sys/devices/system/clocksource/clocksource0/available_clocksource",
	"the clock source is one that has to be asked by I/O",
	"The kernel reads the time from {subject}: each look costs about a microsecond, and every datagram has its time.",
	"echo {better} >/sys/devices/system/clocksource/clocksource0/current_clocksource",
	"if the kernel gave it up because it runs wrong (dmesg tells), time runs wrong")
CHECK("numa", UTILISATION, numa,
	"links/all /sys/class/net/*/device/numa_node /sys/devices/system/node/node*/cpulist /proc/{pid}/status",
	"packets come by a card of another NUMA node than all CPUs that sluiced may use",
	"{subject} is at NUMA node {node}, and sluiced may use CPUs {cpus} only, which are at others: each datagram crosses.",
	"systemctl set-property --runtime sluiced.service AllowedCPUs={near}", "sluiced has the CPUs of one node only")
CHECK("module-version", UTILISATION, module_version, "/sys/module/sluice/version program/version",
	"the loaded module has another version than this program",
	"Module {subject} is loaded, and this program is {version}: what is new in one of them does not work.",
	"systemctl stop sluiced && modprobe -r sluice && modprobe sluice && systemctl start sluiced",
	"what comes in between is lost")
CHECK("next-kernel", UTILISATION, next_kernel,
	"/sys/module/sluice/version /proc/sys/kernel/osrelease kernels/installed",
	"the module is loaded, and a newer kernel is installed that has none",
	"Kernel {subject} is installed and has no module sluice: after the next boot inputs come from sockets.",
	"dkms autoinstall -k {subject}", "a minute of processor time")
CHECK("time", UTILISATION, time, "clock/state",
	"the kernel says that the clock is not synchronised",
	"The clock is not synchronised: times of datagrams cannot be compared with those of other machines.",
	"timedatectl set-ntp true", "nothing, where a time server is reached")
