# SPDX-License-Identifier: MIT
#
# Everything by name: `make help`. User space goes to build/, the module to build/kmod/KERNEL/, nothing into the
# source tree. Sources are found by folder, so a new file needs no line here.

VERSION := 0.1.0
KERNEL  ?= 6.1
PREFIX  ?= /usr/local
# Distributions have the library in a folder per architecture, and Debian 12 looks for units and udev's rules in /lib only.
LIBDIR  ?= $(PREFIX)/lib
UNITDIR ?= $(PREFIX)/lib/systemd/system
UDEVDIR ?= $(PREFIX)/lib/udev/rules.d
DESTDIR ?=
B       := build

CC      ?= gcc
PKGS    := liburing jansson yaml-0.1 libbpf libnl-3.0 libnl-genl-3.0 libisal libsystemd uuid libmicrohttpd libpcap libxdp ncursesw libnats rdkafka openssl libzstd
CFLAGS  ?= -O2 -g
# A warning of somebody else's newer compiler need not keep a package from being built.
WERROR  ?= -Werror
WARN    := -Wall -Wextra $(WERROR) -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
           -Wpointer-arith -Wwrite-strings -Wundef
# ISA-L, libnl: no warnings from other people's headers.
# The date is the last commit's, not the build's, so that the same sources give the same bytes.
DATE    ?= $(shell git log -1 --format=%cs 2>/dev/null || echo unknown)
DATE    := $(DATE)
# Where the sources came from; "release" without their history, "+" where they have been changed since. One file alone knows it
# (userd/lib/version.c), and is made anew with another one.
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null | sed "s/\$$/$$(git diff --quiet HEAD 2>/dev/null || echo +)/" | grep . || echo release)
COMMIT  := $(COMMIT)
CPPFLAGS_ALL := $(CPPFLAGS) -D_GNU_SOURCE -Iuapi -Iuserd/include -Iuserd/lib -isystem $(B)/bpf -DSLUICE_VERSION='"$(VERSION)"' \
           -DSLUICE_DATE='"$(DATE)"' $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
# Whoever looks where the time goes in a running daemon (perf, bpftrace, sluicebench profile) finds who called by these.
FRAMES  := -fno-omit-frame-pointer
# `make COST=off`: without the measuring of userd/lib/cost.h, to see what that costs (tests/bench).
COST    ?= on
CFLAGS_ALL := $(if $(filter off,$(COST)),-DSLUICE_COST=0) -std=gnu11 $(CFLAGS) $(WARN) -fno-strict-aliasing $(FRAMES) -pthread
LIBS    := -Wl,--as-needed $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lnuma -lm -pthread

LIB_SRC    := $(sort $(wildcard userd/lib/*.c userd/lib/*/*.c))
CONFIG_SRC := $(sort $(wildcard userd/config/*.c))
DAEMON_SRC := $(sort $(filter-out userd/daemon/main.c,$(wildcard userd/daemon/*.c userd/daemon/*/*.c)) $(CONFIG_SRC))
CTL_SRC    := $(sort $(wildcard userd/ctl/*.c userd/ctl/*/*.c))
BENCH_SRC  := $(sort $(wildcard userd/bench/*.c))
# What programs that receive link: no more than the native format needs.
RECEIVER_SRC := $(addprefix userd/lib/,receiver.c receiver_link.c decoder.c frame.c inflate.c crc32c.c ranges.c record.c)
SOVERSION  := 0
TESTS      := $(sort $(wildcard tests/unit/test_*.c))
TEST_BENCH := $(filter-out %/main.c,$(BENCH_SRC))
TEST_CTL   := $(filter-out %/main.c,$(CTL_SRC))
# Tests of failing disks and of crashes put these under the daemon.
PRELOADED  := $(B)/bad_calls.so $(B)/bad_disk.so $(B)/crash_point.so $(B)/starved_xdp.so $(B)/stuck_thread.so $(B)/takeover_step.so

# build/<flavour>/path/file.o; flavours: plain, asan for the unit tests, pic for the library.
plain = $(patsubst %.c,$(B)/plain/%.o,$(1))
pic   = $(patsubst %.c,$(B)/pic/%.o,$(1))
asan  = $(patsubst %.c,$(B)/asan/%.o,$(1))
ASAN  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
PROGRAMS := $(B)/sluiced $(B)/sluicectl $(B)/sluicebench
LIBRARY  := $(B)/libsluice.a $(B)/libsluice.so $(B)/libsluice.pc $(B)/examples/receiver

.PHONY: all FORCE deps deps-build deb kmod dkms demo test test-all test-kernels test-unit unit scenario picture netlink hooks lint install clean help soak mutate mutate-asan fuzz
# As many jobs as CPUs, unless told otherwise.
MAKEFLAGS += -j$(shell nproc)
.DELETE_ON_ERROR:

all: $(PROGRAMS) $(LIBRARY) ## build the three programs and the library

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

deps: ## install everything that building and testing needs (Debian 12, root)
	tests/deps
	vm-images/deps

deps-build: ## install what building needs, the packages (make deb) included, and nothing else (Debian 12, root)
	tests/deps build

$(B)/sluiced: $(call plain,userd/daemon/main.c $(DAEMON_SRC) $(LIB_SRC))
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)
# The tool shares the configuration check with the daemon, the trial of what this machine can do, the packets by which standbys
# talk, and nothing else of it.
$(B)/sluicectl: $(call plain,$(CTL_SRC) $(CONFIG_SRC) userd/daemon/source/socket_trial.c userd/daemon/standby/message.c $(LIB_SRC))
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)
# The bench frames datagrams with the daemon's own code.
$(B)/sluicebench: $(call plain,$(BENCH_SRC) userd/daemon/link/framing.c userd/daemon/link/origin.c $(LIB_SRC))
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

# libsluice: in the shared one only what is in sluice/receiver.h can be seen.
$(B)/libsluice.a: $(call pic,$(RECEIVER_SRC))
	rm -f $@ && $(AR) rcs $@ $^
$(B)/libsluice.so.$(SOVERSION): $(call pic,$(RECEIVER_SRC)) userd/lib/libsluice.map
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=userd/lib/libsluice.map \
		-Wl,--no-undefined -o $@ $(filter %.o,$^) -Wl,--as-needed $(shell pkg-config --libs libisal libzstd)
$(B)/libsluice.so: $(B)/libsluice.so.$(SOVERSION)
	ln -sfn $(<F) $@
$(B)/libsluice.pc: conf/libsluice.pc.in Makefile
	@mkdir -p $(@D)
	sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' $< >$@
# The example sees what a program elsewhere sees: the public header and the library.
$(B)/examples/receiver: userd/examples/receiver.c userd/include/sluice/receiver.h $(B)/libsluice.a
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -Iuserd/include $(CFLAGS_ALL) $(LDFLAGS) -o $@ $< $(B)/libsluice.a $(shell pkg-config --libs libisal libzstd)

# Programs for the kernel: their bytes, and what loads them, in a header of bpftool's.
$(B)/bpf/%.bpf.o: userd/daemon/source/bpf/%.bpf.c $(wildcard userd/daemon/source/bpf/*.h) Makefile
	@mkdir -p $(@D)
	clang -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -I/usr/include/$(shell $(CC) -print-multiarch) -c -o $@ $<
$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	{ echo '/* NOLINTBEGIN */' && bpftool gen skeleton $< name sluice_$*_programs && echo '/* NOLINTEND */'; } >$@
$(foreach flavour,plain asan,$(B)/$(flavour)/userd/daemon/source/socket_bpf.o $(B)/$(flavour)/userd/daemon/source/socket_trial.o): $(B)/bpf/receive.skel.h
$(foreach flavour,plain asan,$(B)/$(flavour)/userd/daemon/source/socket_count.o): $(B)/bpf/count.skel.h
$(foreach flavour,plain asan fuzz,$(foreach file,attach port read rules,$(B)/$(flavour)/userd/daemon/source/xdp_$(file).o)): $(B)/bpf/xdp.skel.h
$(foreach flavour,plain asan pic fuzz,$(B)/$(flavour)/userd/lib/hook_xdp.o): $(B)/bpf/hook_xdp.skel.h
# The files of the page are part of the program.
$(foreach flavour,plain asan fuzz,$(B)/$(flavour)/userd/ctl/http_asset.o): userd/ctl/web/page.css userd/ctl/web/page.js
$(foreach flavour,plain asan pic fuzz,$(B)/$(flavour)/userd/lib/version.o): CPPFLAGS_ALL += -DSLUICE_COMMIT='"$(COMMIT)"'
$(foreach flavour,plain asan pic fuzz,$(B)/$(flavour)/userd/lib/version.o): $(B)/commit
$(B)/commit: FORCE
	@mkdir -p $(@D)
	@[ "$$(cat $@ 2>/dev/null)" = "$(DATE) $(COMMIT)" ] || echo "$(DATE) $(COMMIT)" >$@
FORCE:
$(B)/plain/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(B)/pic/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fPIC -MMD -MP -c -o $@ $<
$(B)/asan/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(ASAN) -MMD -MP -c -o $@ $<

# Every unit test is one program: its own file and all of the product but the main() functions.
$(B)/asan/libsluice-all.a: $(call asan,$(DAEMON_SRC) $(LIB_SRC) $(TEST_BENCH) $(TEST_CTL))
	rm -f $@ && $(AR) rcs $@ $^
$(B)/unit/%: tests/unit/%.c $(B)/asan/libsluice-all.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(ASAN) -MMD -MP -Iuserd -o $@ $< $(B)/asan/libsluice-all.a $(LIBS) -lcmocka

test-unit: $(patsubst tests/unit/%.c,$(B)/unit/%,$(TESTS)) ## unit tests under ASan and UBSan
	tests/run-unit $^

unit: $(if $(T),$(B)/unit/test_$(T),$(patsubst tests/unit/%.c,$(B)/unit/%,$(TESTS))) ## one unit program, T=feeder; nothing else is linked
	tests/run-unit $^

scenario: all $(B)/netlink-fuzz $(B)/kafka_peer $(B)/xdp_attach $(YNL) $(PRELOADED) ## scenarios by name, T='P2-*' or T=P2-kill-9-under-traffic@native
	tests/run $(if $(T),'$(T)',$(error say which: make scenario T=NAME))

picture: all ## docs/overview.svg, the picture of sluicectl top in the README, from a real run
	SLUICE_PICTURE=$(CURDIR)/docs/overview.svg tests/run O1-top-on-a-second-terminal@native

netlink: ## what names netlink attributes, from uapi/sluice.yaml: header, policies, constants of the tests
	uapi/generate.py

# What is fuzzed, by clang's libFuzzer.
FUZZED   := config edit line control answer capture inlet
FUZZERS  := $(addprefix $(B)/fuzz_,$(FUZZED))
FUZZ     := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
FUZZ_SRC := $(DAEMON_SRC) $(LIB_SRC) $(TEST_CTL)
fuzz_objects = $(patsubst %.c,$(B)/fuzz/%.o,$(1))
$(B)/fuzz/userd/daemon/source/socket_bpf.o $(B)/fuzz/userd/daemon/source/socket_trial.o: $(B)/bpf/receive.skel.h
$(B)/fuzz/userd/daemon/source/socket_count.o: $(B)/bpf/count.skel.h
$(B)/fuzz/%.o: %.c Makefile
	@mkdir -p $(@D)
	clang $(CPPFLAGS_ALL) -Iuserd -std=gnu11 -g -pthread $(FUZZ) -MMD -MP -c -o $@ $<
$(B)/fuzz/libsluice-fuzz.a: $(call fuzz_objects,$(FUZZ_SRC))
	rm -f $@ && $(AR) rcs $@ $^
$(FUZZERS): $(B)/fuzz_%: $(B)/fuzz/tests/fuzz/fuzz_%.o $(B)/fuzz/libsluice-fuzz.a
	clang $(FUZZ) -fsanitize=fuzzer -pthread -o $@ $^ $(LIBS)

FUZZ_SECONDS ?= 600
FUZZ_JOBS    ?= 2
fuzz: $(FUZZERS) ## fuzz readers, edits and netlink decoders, FUZZ_SECONDS each, FUZZ_JOBS side by side (docs/mutation.md)
	tests/fuzz/run --build $(B) --seconds $(FUZZ_SECONDS) --jobs $(FUZZ_JOBS) $(FUZZED)

hooks: ## before each commit of this clone, check what it changes (tests/lint/pre-commit)
	ln -sf "$(CURDIR)/tests/lint/pre-commit" "$$(git rev-parse --git-path hooks)/pre-commit"

# librdkafka's mock cluster, and a consumer that reads along.
$(B)/kafka_peer: tests/kafka_peer.c
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $< $$(pkg-config --libs rdkafka)

$(B)/netlink-fuzz: tests/netlink/fuzz.c uapi/sluice/netlink.h
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $<

# The kernel's own client of netlink specifications; in a virtual machine it is seen as everything in build/ is.
YNL := $(B)/ynl/tools/net/ynl/cli.py
$(YNL): /usr/src/linux-source-6.12.tar.xz
	@mkdir -p $(B)/ynl
	tar -xf $< -C $(B)/ynl --strip-components=1 --touch --wildcards '*/tools/net/ynl/cli.py' '*/tools/net/ynl/lib/*.py'

$(PRELOADED): $(B)/%.so: tests/fault/%.c tests/fault/preload.h
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -shared -fPIC -o $@ $<

# The module is built in a copy of its sources, one per kernel, because kbuild writes beside what it reads.
KMOD := $(B)/kmod/$(KERNEL)
kmod: ## build the module; KERNEL=6.1 (default), 5.10, 6.1-rt, 6.12, 7, debug; host: the one that runs here
	@mkdir -p $(KMOD)/tree
	rsync -a --delete --include='*/' --include='*.c' --include='*.h' --include='Kbuild' --exclude='*' \
		--filter='P *.o' --filter='P *.cmd' --filter='P *.ko' --filter='P *.mod*' --filter='P *.symvers' \
		Kbuild kmod uapi $(KMOD)/tree/
	$(MAKE) -C "$(if $(filter host,$(KERNEL)),/lib/modules/$(shell uname -r)/build,$$(vm-images/kernel-dir $(KERNEL)))" M=$(CURDIR)/$(KMOD)/tree SLUICE_VERSION=$(VERSION) \
		$(KMOD_FLAGS) modules
	find $(KMOD)/tree/kmod -name '*.ko' -exec cp -u -t $(KMOD) {} +
	kmod/btf/add $(KMOD)/sluice.ko "$(if $(filter host,$(KERNEL)),/sys/kernel/btf/vmlinux,$$(vm-images/kernel-dir $(KERNEL) vmlinux))"

test: all $(B)/netlink-fuzz $(B)/kafka_peer $(B)/xdp_attach $(YNL) $(PRELOADED) $(FUZZERS) $(patsubst tests/unit/%.c,$(B)/unit/%,$(TESTS)) ## every test: unit, KUnit, scenarios in the VM and natively
	tests/run $(TEST)

test-all: all $(B)/netlink-fuzz $(B)/kafka_peer $(B)/xdp_attach $(YNL) $(PRELOADED) $(FUZZERS) $(patsubst tests/unit/%.c,$(B)/unit/%,$(TESTS)) ## the same, and every scenario on the debug kernel as well (long)
	tests/run -a $(TEST)

SOAK_STEPS ?= 20000
SOAK_MINUTES ?= 0
SOAK_SEED  ?= $(shell date +%s)
soak: all ## a random operator's life, SOAK_STEPS or SOAK_MINUTES long, natively, with both ways of receiving; root (hours: see docs/soak.md)
	tests/operator/soak $(SOAK_SEED) $(SOAK_STEPS) $(SOAK_MINUTES)

# make test lives the seeds 1 to 100, make test-all 1 to 200; these are others.
MUTATE_SEED  ?= 200001
MUTATE_SEEDS ?= 10000
MUTATE_JOBS  ?= 2
mutate: all ## spoil what a daemon left, MUTATE_SEEDS times from MUTATE_SEED on, MUTATE_JOBS side by side; root (hours: docs/mutation.md)
	tests/mutation/main.py --build $(B) --seed $(MUTATE_SEED) --count $(MUTATE_SEEDS) --jobs $(MUTATE_JOBS)

mutate-asan: all $(B)/asan/sluiced ## the same with a daemon under ASan and UBSan
	tests/mutation/main.py --build $(B) --daemon $(B)/asan/sluiced --seed $(MUTATE_SEED) --count $(MUTATE_SEEDS) --jobs $(MUTATE_JOBS)

$(B)/asan/sluiced: $(call asan,userd/daemon/main.c) $(B)/asan/libsluice-all.a
	$(CC) $(CFLAGS_ALL) $(ASAN) $(LDFLAGS) -o $@ $^ $(LIBS)

test-kernels: all ## the module and the whole path on every kernel; result in docs/kernels.md (about an hour)
	+tests/kernels

dkms: ## put the module's sources where DKMS finds them, /usr/src/sluice-VERSION
	mkdir -p $(DESTDIR)/usr/src/sluice-$(VERSION)
	rsync -a --delete --include='*/' --include='*.c' --include='*.h' --include='kmod/btf/add' \
		--include='Kbuild' --exclude='*' --prune-empty-dirs Kbuild kmod uapi $(DESTDIR)/usr/src/sluice-$(VERSION)/
	sed 's|@VERSION@|$(VERSION)|' kmod/dkms.conf >$(DESTDIR)/usr/src/sluice-$(VERSION)/dkms.conf
	install -D -m 644 conf/sluice.modules-load.conf $(DESTDIR)/usr/lib/modules-load.d/sluice.conf

deb: ## packages for Debian 12, in build/deb; neither root nor network needed after make deps-build
	debian/build-packages $(VERSION) $(DATE) $(COMMIT)

demo: ## the whole path, for real, in the VM and natively; ends with a table
	$(MAKE) deps
	$(MAKE) all
	$(MAKE) kmod KERNEL=6.1
	tests/demo/run

lint: all ## every static check
	tests/lint/run $(STEP)

# What goes where; the packages (debian/*.install) share this list out among themselves and have no other.
install: all ## programs, library, headers, manuals, unit and what it takes; the module where KERNEL was built
	install -D -t $(DESTDIR)$(PREFIX)/sbin $(B)/sluiced
	install -D -t $(DESTDIR)$(PREFIX)/bin $(B)/sluicectl $(B)/sluicebench
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/sluice uapi/sluice/*.h userd/include/sluice/*.h
	install -D -m 644 -t $(DESTDIR)$(LIBDIR) $(B)/libsluice.a $(B)/libsluice.so.$(SOVERSION)
	ln -sfn libsluice.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libsluice.so
	[ -n "$(DESTDIR)" ] || ldconfig
	install -D -m 644 -t $(DESTDIR)$(LIBDIR)/pkgconfig $(B)/libsluice.pc
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice README.md CHANGELOG.md docs/*.md
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice/examples userd/examples/receiver.c conf/sluice.yaml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice/wireshark conf/wireshark/sluice.lua
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice/examples conf/prometheus/sluice-alerts.yaml
	install -D -m 644 conf/grafana/sluice.json $(DESTDIR)$(PREFIX)/share/doc/sluice/examples/sluice-grafana.json
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice/schemas docs/schemas/*.json
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice/bpftrace docs/bpftrace/*.bt
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluice/licences LICENSES/*
	install -D -m 644 uapi/sluice.yaml $(DESTDIR)$(PREFIX)/share/sluice/netlink/sluice.yaml
	for page in docs/man/*.[1-8]; do \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$${page##*.} $$page || exit 1; done
	install -D -m 644 -t $(DESTDIR)$(UNITDIR) conf/sluiced.service
	sed 's/^Description=.*/&, standby %i/; s/^ExecStart=.*/& --standby/' conf/sluiced.service \
		>$(DESTDIR)$(UNITDIR)/sluiced-standby@.service
	install -D -m 644 conf/sluice.udev.rules $(DESTDIR)$(UDEVDIR)/60-sluice.rules
	install -D -m 644 conf/sluice.sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/sluice.conf
	install -D -m 644 conf/sluice.tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/sluice.conf
	install -D -m 644 conf/sluicectl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/sluicectl
	install -D -m 644 conf/sluice.logrotate $(DESTDIR)/etc/logrotate.d/sluice
	# What somebody has edited stays.
	[ -e $(DESTDIR)/etc/sluice/sluice.yaml ] || \
		install -D -m 644 conf/nothing-yet.yaml $(DESTDIR)/etc/sluice/sluice.yaml
	[ -n "$(DESTDIR)" ] || ! command -v systemd-sysusers >/dev/null || \
		{ systemd-sysusers $(PREFIX)/lib/sysusers.d/sluice.conf && systemd-tmpfiles --create $(PREFIX)/lib/tmpfiles.d/sluice.conf; }
	# A debug kernel is for the virtual machines only.
	for module in $(filter-out $(B)/kmod/debug/%,$(wildcard $(B)/kmod/*/sluice.ko)); do \
		release=$$(modinfo -F vermagic $$module | cut -d' ' -f1) && \
		install -D -m 644 $$module $(DESTDIR)/lib/modules/$$release/updates/sluice.ko && \
		install -D -m 644 conf/sluice.modules-load.conf $(DESTDIR)$(PREFIX)/lib/modules-load.d/sluice.conf && \
		strip -g $(DESTDIR)/lib/modules/$$release/updates/sluice.ko || exit 1; \
		[ -n "$(DESTDIR)" ] || [ ! -d /lib/modules/$$release/kernel ] || depmod $$release; done

clean: ## remove build/
	rm -rf $(B)

include tests/bench/targets.mk
-include $(shell find $(B) -path $(B)/deb -prune -o -type f -name '*.d' -print 2>/dev/null)
