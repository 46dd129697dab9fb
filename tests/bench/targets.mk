# SPDX-License-Identifier: MIT
#
# The benchmarks, by name: included by the Makefile of the tree, from whose folder they run. What each measures is
# said in docs/benchmarks.md.

.PHONY: bench bench-quick bench-afpacket bench-batching bench-capture bench-cost bench-flat bench-forward bench-latency bench-path bench-peers bench-ports bench-relay bench-sending bench-store bench-xdp bench-zerocopy hotlines

bench: bench-capture bench-afpacket bench-relay bench-path bench-flat bench-peers bench-ports bench-latency bench-sending bench-zerocopy bench-cost bench-batching bench-store bench-forward bench-xdp ## all of these, one after the other

bench-quick: $(B)/ports_floor $(B)/recvmmsg_relay ## a short form of what matters most: capture, flatness, ports; RESULT lines and tables
	$(MAKE) all
	$(MAKE) kmod KERNEL=6.1
	tests/bench/capture --brief
	vm-images/run --kernel 6.1 --nic veth --icount --timeout 900 -- bash $(CURDIR)/tests/bench/flat 50000 'kmod bpf' '1 1000' '1 10000'
	tests/bench/ports --brief

bench-forward: all ## what passing a TCP connection on costs: sluice, HAProxy, rinetd, socat
	tests/bench/forward

bench-afpacket: all ## instructions a datagram costs whoever takes it from an interface: packet sockets, libpcap, tcpdump; in the VM
	tests/bench/afpacket

bench-capture: ## instructions a datagram costs: sluice, recvmmsg, TPACKET_V3, AF_XDP; in the VM, one table
	$(MAKE) all
	$(MAKE) kmod KERNEL=6.1
	tests/bench/capture

bench-batching: ## instructions of the whole path of a datagram, with and without joining bursts, on igb and virtio; in the VM
	$(MAKE) all
	$(MAKE) kmod KERNEL=6.1
	tests/bench/batching

# What the daemon does for `hook: xdp`, without a daemon: also for scenarios.
$(B)/xdp_attach: $(call plain,tests/bench/xdp_attach.c $(LIB_SRC))
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

bench-path: $(B)/xdp_attach ## instructions of the whole way of a datagram into the ring, beyond the sender: prerouting, ingress, xdp on igb; in the VM
	$(MAKE) all
	$(MAKE) kmod KERNEL=6.1
	tests/bench/path

bench-relay: $(B)/receiving $(B)/recvmmsg_relay ## what a datagram captured and delivered costs: instructions in the VM; CPU time beside other relays
	$(MAKE) all
	$(MAKE) kmod KERNEL=6.1
	tests/bench/relay

# Options: make bench-ports PORTS_BENCH='--receive calls'
bench-ports: $(B)/recvmmsg_relay ## what a datagram costs at 1, 100 and 1,000 ports, beside other relays; what a start costs
	$(MAKE) all
	tests/bench/ports $(PORTS_BENCH)

$(B)/spool_rate: $(call plain,tests/bench/spool_rate.c $(LIB_SRC))
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/zerocopy: tests/bench/zerocopy.c
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $<

bench-xdp: all ## processor time a datagram costs by each source that takes it from a veth pair
	tests/bench/xdp $(XDP_BENCH)

bench-zerocopy: $(B)/zerocopy ## what it costs to hand a span to TCP: send, MSG_ZEROCOPY, sendfile, splice, O_DIRECT
	cd $(B) && ./zerocopy

$(B)/sending: tests/bench/sending.c
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $< $(LIBS)

$(B)/receiving: tests/bench/receiving.c tests/bench/receiving_bpf.c tests/bench/receiving_bpf.h
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $(filter %.c,$^) $(LIBS)

# The peer of our own: tests/bench/peers/recvmmsg.
$(B)/recvmmsg_relay: tests/bench/peers/recvmmsg_relay.c
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $<

$(B)/latency: tests/bench/latency.c
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $< $(LIBS)

bench-latency: $(B)/latency ## from send to receipt, at 100, 1,000 and 50,000 datagrams a second: sluice as it comes, rsyslog, socat
	$(MAKE) all
	tests/bench/latency-native

bench-sending: $(B)/sending ## epoll or io_uring: CPU time of a sending worker; then instructions, in the VM
	$(B)/sending
	vm-images/run --kernel 6.1 --nic veth --icount -- $(CURDIR)/$(B)/sending 3 100

$(B)/cost_count: $(call plain,tests/bench/cost_count.c $(LIB_SRC))
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

bench-cost: $(B)/cost_count ## what the measuring behind `sluicectl show cost` costs: instructions a datagram with it and without, in the VM
	$(MAKE) all
	$(MAKE) COST=off B=$(B)/off $(B)/off/sluiced
	vm-images/run --kernel 6.1 --nic veth --icount -- $(CURDIR)/$(B)/cost_count
	vm-images/run --kernel 6.1 --nic veth --icount --timeout 1800 -- bash $(CURDIR)/tests/bench/cost $(CURDIR)/$(B)/off/sluiced 250000 4 'bpf calls'

# The least that many sockets cost: for tests/bench/flat.
$(B)/ports_floor: tests/bench/ports_floor.c
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $<

bench-flat: $(B)/ports_floor ## does a datagram cost the same with 1,000 inputs, and with 10,000 rules? Instructions, in the VM
	$(MAKE) all
	$(MAKE) kmod KERNEL=6.1
	vm-images/run --kernel 6.1 --nic veth --icount --timeout 1800 -- bash $(CURDIR)/tests/bench/flat 400000

# The least that a relay's beat costs: for tests/bench/beat-floor.
$(B)/beat_floor: tests/bench/beat_floor.c
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $<

bench-peers: $(B)/recvmmsg_relay $(B)/beat_floor ## what a delivered datagram costs the middle server: the module, sockets, recvmmsg, rsyslog; instructions, in the VM
	$(MAKE) all
	$(MAKE) kmod KERNEL=6.1
	vm-images/run --kernel 6.1 --nic veth --icount --timeout 1800 -- bash $(CURDIR)/tests/bench/peer-instructions
	vm-images/run --kernel 6.1 --nic veth --icount -- bash $(CURDIR)/tests/bench/beat-floor

bench-store: $(B)/spool_rate ## what an unused spool costs; how fast it writes and reads, beside fio; how long a start takes; what memory a backlog takes
	$(MAKE) all
	$(MAKE) kmod KERNEL=6.1
	vm-images/run --kernel 6.1 --nic veth --icount --timeout 1800 -- bash $(CURDIR)/tests/bench/store-unused
	tests/bench/store
	tests/bench/store-memory

hotlines: ## the source lines of the daemon that run most often under load, with counts, by gcov
	$(MAKE) all
	$(MAKE) B=$(B)/gcov CFLAGS='-O2 -g --coverage -fprofile-update=atomic' $(B)/gcov/sluiced
	tests/bench/hotlines $(B)/gcov/sluiced
