# SPDX-License-Identifier: MIT
#
# One Makefile for all of ustack.  Output goes to build/VARIANT/, where VARIANT
# is release, debug, or the names of the sanitizers.  `make help` tells the
# rest; V=1 shows the commands.

VERSION	:= 0.1.0

# ------------------------------------------------------------------ choices

BUILD	?= release
SAN	?=
LTO	?= 0
COV	?= 0
JOBS	?= $(shell nproc 2>/dev/null || echo 1)

prefix		= $(PREFIX)
PREFIX		?= /usr/local
exec_prefix	?= $(prefix)
bindir		?= $(exec_prefix)/bin
sbindir		?= $(exec_prefix)/sbin
libdir		?= $(exec_prefix)/lib
includedir	?= $(prefix)/include
datarootdir	?= $(prefix)/share
mandir		?= $(datarootdir)/man
completiondir	?= $(datarootdir)/bash-completion/completions
pkgconfigdir	?= $(libdir)/pkgconfig
docdir		?= $(datarootdir)/doc/ustack
systemdunitdir	?= $(prefix)/lib/systemd/system
sysusersdir	?= $(prefix)/lib/sysusers.d
tmpfilesdir	?= $(prefix)/lib/tmpfiles.d
INSTALL		?= install
INSTALL_PROGRAM	?= $(INSTALL) -m 755
INSTALL_DATA	?= $(INSTALL) -m 644

ifeq ($(origin CC),default)
CC	:= gcc
endif
LD	?= ld
OBJCOPY	?= objcopy
CLANG_FORMAT ?= clang-format

comma	:= ,
VARIANT	:= $(if $(SAN),$(subst $(comma),-,$(SAN)),$(BUILD))
ifeq ($(COV),1)
VARIANT	:= coverage
endif
B	:= build/$(VARIANT)
O	:= $(B)/obj

ifeq ($(filter release debug,$(BUILD)),)
$(error BUILD is release or debug, not "$(BUILD)")
endif

# -------------------------------------------------------------------- flags

WERROR	:= -Werror
WARN	:= -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes \
	   -Wmissing-prototypes -Wwrite-strings $(WERROR)
OPT	:= -O2
HARDEN	:= -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
INSTR	:=

ifeq ($(BUILD),debug)
OPT	:= -Og
endif
ifneq ($(SAN),)
OPT	:= -O1
HARDEN	:=
INSTR	:= -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ifeq ($(COV),1)
OPT	:= -O0
HARDEN	:=
INSTR	:= --coverage
endif
ifeq ($(LTO),1)
OPT	+= -flto=auto
endif

# CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS are the user's and come last.
CFLAGS	?= -g
BASE_CFLAGS	:= -std=gnu17 $(WARN) $(HARDEN) $(INSTR)
BASE_CPPFLAGS	:= -I. -D_GNU_SOURCE -DUSTACK_VERSION='"$(VERSION)"'
BASE_LDFLAGS	:= -pie -Wl,-z,relro,-z,now $(INSTR)

# Libraries: by pkg-config where it knows them.  Debian 12 has no such file
# for libev and mbedTLS, so these are named outright.
pkg	= $(or $(shell pkg-config $(1) $(2) 2>/dev/null),$(3))
DAEMON_CFLAGS	= $(call pkg,--cflags,libmnl libcjson inih libseccomp)
DAEMON_LDLIBS	= -lev $(call pkg,--libs,libmnl libcjson inih libseccomp,-lmnl \
		  -lcjson -linih -lseccomp) -lpthread
CRYPTO_LDLIBS	= -lmbedtls -lmbedx509 -lmbedcrypto
CLI_CFLAGS	= $(call pkg,--cflags,libcjson)
CLI_LDLIBS	= $(call pkg,--libs,libcjson ncurses,-lcjson -lncurses)
TEST_CFLAGS	= -Itests/lib -Itests/unit $(call pkg,--cflags,check)
UNIT_LDLIBS	= $(call pkg,--libs,check,-lcheck -lsubunit -lrt -lm -lpthread)

# What a folder adds: the library can go into shared objects of others and
# shows nothing to them; ev.h casts between its own kinds of watcher.
flags-stack	:= -fPIC -fvisibility=hidden
flags-crypto	= -fPIE
flags-daemon	= -fPIE -Wno-strict-aliasing $(DAEMON_CFLAGS)
flags-cli	= -fPIE $(CLI_CFLAGS)
flags-tests	= -fPIE -Wno-strict-aliasing -Wno-missing-prototypes $(TEST_CFLAGS) \
		  $(DAEMON_CFLAGS)
$(O)/stack/wire/csum.o: HOT := $(if $(SAN)$(filter 1,$(COV))$(filter debug,$(BUILD)),,-O3)

# ------------------------------------------------------------------ sources

STACK_SRC	:= $(wildcard stack/*.c stack/base/*.c stack/wire/*.c stack/ip/*.c \
		     stack/tcp/*.c stack/link/*.c)
CRYPTO_SRC	:= $(wildcard crypto/*.c)
DAEMON_SRC	:= $(wildcard daemon/*.c daemon/svc/*.c)
CLI_SRC		:= $(wildcard cli/*.c)
LIB_SRC		:= $(wildcard tests/lib/*.c)
UNIT_SRC	:= $(wildcard tests/unit/*.c tests/unit/*/*.c tests/unit/*/*/*.c)
WIRE_SRC	:= $(wildcard tests/wire/*.c)
SIM_SRC		:= $(wildcard tests/sim/*.c)
PERF_SRC	:= $(wildcard tests/perf/*.c)
FUZZ_SRC	:= $(wildcard tests/fuzz/*.c)
LINT_SRC	:= $(wildcard tests/lint/*.c)
ALL_SRC		:= $(STACK_SRC) $(CRYPTO_SRC) $(DAEMON_SRC) $(CLI_SRC) $(LIB_SRC) $(UNIT_SRC) \
		   $(WIRE_SRC) $(SIM_SRC) $(PERF_SRC) $(FUZZ_SRC) $(LINT_SRC)

obj	= $(patsubst %.c,$(O)/%.o,$(1))
STACK_OBJ	:= $(call obj,$(STACK_SRC))

# The programs, and the tests for which there are sources.
PROGRAMS	:= $(B)/libustack.a \
		   $(if $(DAEMON_SRC),$(B)/ustackd) $(if $(CLI_SRC),$(B)/ustackctl)
TESTS		:= $(if $(UNIT_SRC),$(B)/unit-tests) \
		   $(if $(WIRE_SRC),$(B)/wire-tests) $(if $(SIM_SRC),$(B)/ustack-sim) \
		   $(if $(LINT_SRC),$(B)/tables)
PERF		:= $(patsubst tests/perf/%.c,$(B)/%,$(PERF_SRC))

FUZZ		:= $(patsubst tests/fuzz/%.c,$(B)/%,$(filter tests/fuzz/fuzz_%,$(FUZZ_SRC)))

# -------------------------------------------------------------------- rules

Q	:= $(if $(V),,@)
say	= @printf '  %-7s %s\n' $(1) $(2)
submake	= +@$(MAKE) --no-print-directory $(if $(V),,-s) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all libustack tests perf fuzzers fuzz fuzz-merge deps demo check check-run check-long \
	check-long-run sim bench bench-loss bench-impair bench-flood bench-tls bench-instr coverage lint format install install-strip uninstall deb help clean
.PHONY: sim-table golden check-service check-tls13 check-threads

all: $(PROGRAMS)		## library, daemon and tool

libustack: $(B)/libustack.a
tests: $(TESTS)
perf: $(PERF)
fuzzers: $(FUZZ)

# Rebuild when the compiler or its flags change.
FLAGS	:= $(CC) $(OPT) $(BASE_CFLAGS) $(BASE_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
STAMP	:= $(B)/.flags
$(shell mkdir -p $(B); echo '$(subst ','\'',$(FLAGS))' | cmp -s - $(STAMP) || \
	echo '$(subst ','\'',$(FLAGS))' > $(STAMP))

$(O)/%.o: %.c $(STAMP)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(BASE_CFLAGS) $(HOT) $(flags-$(firstword $(subst /, ,$<))) \
		$(BASE_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(patsubst %.c,$(O)/%.d,$(ALL_SRC))

# The library is one object whose only global names are those of its headers;
# an embedder's own functions cannot collide with its inside.
$(B)/libustack.a: $(STACK_OBJ)
	$(call say,AR,$@)
	$(Q)$(CC) -r -nostdlib $(if $(filter 1,$(LTO)),$(OPT) -fPIC \
		-flinker-output=nolto-rel) -o $(O)/libustack.o $(STACK_OBJ)
	$(Q)$(OBJCOPY) -w -G 'ustack_*' -G 'err_str' -G 'ubuf_*' \
		-G 'impair_*' -G 'gso_*' -G 'pcapng_*' $(O)/libustack.o
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(O)/libustack.o

$(B)/ustackd: $(call obj,$(DAEMON_SRC) $(CRYPTO_SRC)) $(B)/libustack.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(OPT) $(LDFLAGS) -o $@ $^ $(DAEMON_LDLIBS) \
		$(CRYPTO_LDLIBS) $(LDLIBS)

$(B)/ustackctl: $(call obj,$(CLI_SRC))
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(OPT) $(LDFLAGS) -o $@ $^ $(CLI_LDLIBS) $(LDLIBS)

# Tests see the inside: they link objects.  What they share comes as an archive,
# and so do daemon and tool, without main(), when there are tests for them.
LIB	:= $(if $(LIB_SRC),$(B)/lib-tested.a)
$(B)/lib-tested.a: $(call obj,$(LIB_SRC))
$(B)/daemon-tested.a: $(filter-out %/main.o,$(call obj,$(DAEMON_SRC)))
$(B)/cli-tested.a: $(filter-out %/main.o,$(call obj,$(CLI_SRC)))
$(B)/%-tested.a:
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/unit-tests: $(call obj,$(UNIT_SRC)) $(LIB) \
		$(if $(wildcard tests/unit/daemon/*.c),$(B)/daemon-tested.a) \
		$(if $(wildcard tests/unit/cli/*.c),$(B)/cli-tested.a) \
		$(call obj,$(CRYPTO_SRC)) $(STACK_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(OPT) $(LDFLAGS) -o $@ $^ $(UNIT_LDLIBS) \
		$(if $(wildcard tests/unit/daemon/*.c),$(DAEMON_LDLIBS)) \
		$(if $(wildcard tests/unit/cli/*.c),$(CLI_LDLIBS)) \
		$(CRYPTO_LDLIBS) $(LDLIBS)

$(B)/wire-tests: $(call obj,$(WIRE_SRC)) $(LIB) $(STACK_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(OPT) $(LDFLAGS) -o $@ $^ $(UNIT_LDLIBS) $(LDLIBS)

$(B)/ustack-sim: $(call obj,$(SIM_SRC)) $(LIB) $(STACK_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(OPT) $(LDFLAGS) -o $@ $^ -lm $(LDLIBS)

# What the program's own tables say, for the check of the manuals.
$(B)/tables: $(call obj,$(LINT_SRC)) $(B)/daemon-tested.a $(call obj,$(CRYPTO_SRC)) $(STACK_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(OPT) $(LDFLAGS) -o $@ $^ $(DAEMON_LDLIBS) \
		$(CRYPTO_LDLIBS) $(LDLIBS)

$(PERF): $(B)/%: $(O)/tests/perf/%.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(OPT) $(LDFLAGS) -o $@ $^ $(if $(filter $(TLS_PERF),$@),$(CRYPTO_LDLIBS)) \
		-lpthread $(LDLIBS)

TLS_PERF := $(filter $(B)/tls_%,$(PERF))
$(TLS_PERF): $(call obj,$(CRYPTO_SRC) stack/base/err.c)

# A fuzz target is driven by libFuzzer, or by a main() that replays inputs.
FUZZ_DRIVER := $(if $(findstring fuzzer,$(SAN)),,$(O)/tests/fuzz/replay.o)
FUZZ_SHARED := $(call obj,$(filter-out %/replay.c tests/fuzz/fuzz_%,$(FUZZ_SRC)))
$(FUZZ): $(B)/%: $(O)/tests/fuzz/%.o $(FUZZ_SHARED) $(FUZZ_DRIVER) $(LIB) $(B)/daemon-tested.a \
		$(call obj,$(CRYPTO_SRC)) $(STACK_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(OPT) $(LDFLAGS) -o $@ $(filter %.o,$^) \
		$(filter %.a,$^) $(if $(FUZZ_DRIVER),,-fsanitize=fuzzer) $(UNIT_LDLIBS) \
		$(DAEMON_LDLIBS) $(CRYPTO_LDLIBS) $(LDLIBS)

# --------------------------------------------------- what people type

deps:				## install what is missing (apt), or name it
	@tests/deps.sh

demo: deps			## see an echo through a real nc and a real TUN
	$(submake) BUILD=release SAN= all
	@B=build/release tests/demo.sh

check: deps			## all that is needed to trust a change, < 6 min
	$(submake) check-run

# Before a release with check-tls13, which wants a mirror and mmdebstrap.
check-long: deps		## the same with 200,000 transfers and 1 GiB echoed
	$(submake) LONG=1 check-run

check-tls13:			## secure channels with mbedTLS 3.6 and TLS 1.3, in a tree of Debian 13
	@tests/tls13.sh

check-threads: deps		## races between the threads, by the thread sanitizer
	$(submake) BUILD=release SAN= all perf
	$(submake) BUILD=release SAN=thread all tests
	@R=build/release B=build/thread tests/threads.sh

check-run:
	$(submake) BUILD=release SAN= all perf build/release/ustack-sim
	$(submake) BUILD=release SAN=address,undefined all tests fuzzers
	@R=build/release B=build/address-undefined tests/run.sh $(if $(LONG),long)

# Sanitizers only if asked for: SAN=address,undefined
SEED	?=
N	?= 20000
sim: $(B)/ustack-sim		## two stacks and a bad link: SEED= N= (SAN=)
	@$(B)/ustack-sim $(if $(SEED),--seed $(SEED)) --n $(N)

GOLDEN	:= tests/sim/golden.tsv
sim-table: $(B)/ustack-sim	## figures of recovery and congestion control
	@$(B)/ustack-sim --figures
	@$(B)/ustack-sim --golden $(GOLDEN) && expand -t 10 $(GOLDEN)

golden: $(B)/ustack-sim		## store the golden table of behaviour anew
	@$(B)/ustack-sim --golden $(GOLDEN) --write && git diff --stat $(GOLDEN)

# With clang, for its libFuzzer; gcc has had its say about warnings.
FUZZERS	= $(submake) CC=clang B=build/fuzz WARN=-w \
	  SAN=fuzzer-no-link,address,undefined fuzzers
fuzz: T = 60
fuzz:				## look for inputs that break a parser or a handshake, T=60 s each
	@command -v clang > /dev/null || { echo 'fuzz: needs clang: apt-get install clang'; exit 1; }
	$(FUZZERS)
	@tests/fuzz/run.sh $(T)

fuzz-merge:			## keep of what it found what reaches new code
	$(FUZZERS)
	@tests/fuzz/run.sh merge

ROUNDS	?= 5
T	?= 0.4
MB	?= 100
RTT	?= 0
bench:				## speed against the kernel's TCP: ROUNDS=5 T=0.4
	$(submake) BUILD=release SAN= all perf
	@B=build/release tests/perf/bench.py --rounds $(ROUNDS) --t $(T)

bench-loss:			## the same under loss, ustack sending: ROUNDS=5 MB=100 RTT=0 (ms)
	$(submake) BUILD=release SAN= all perf
	@B=build/release tests/perf/bench_loss.py --rounds $(ROUNDS) --mb $(MB) \
		--rtt $(RTT)

bench-impair:			## both senders through the same rule: ROUNDS=5
	$(submake) BUILD=release SAN= all
	@B=build/release tests/perf/bench_impair.py --rounds $(ROUNDS)

bench-flood:			## a SYN flood at 80 % of what is drained, and unpaced
	$(submake) BUILD=release SAN= all perf
	@B=build/release tests/perf/flood.py

bench-tls:			## echo over TLS against its cryptography alone: ROUNDS=5 MB=100
	$(submake) BUILD=release SAN= all perf
	@B=build/release tests/perf/bench_tls.py --rounds $(ROUNDS) --mb $(MB)

BASE	?=
bench-instr:			## instructions a MB and an exchange cost: BASE=other/build
	$(submake) BUILD=release SAN= all perf
	@B=build/release tests/perf/bench_instr.py $(BASE) build/release

coverage:			## lines of stack/ that unit, wire and sim reach
	$(submake) COV=1 SAN= tests
	@B=build/coverage tests/coverage.sh

lint:				## format, include table, sizes, requirements, cppcheck ...
	$(submake) BUILD=release SAN= LTO=0 all build/release/tables
	@B=build/release CC='$(CC)' tests/lint/run.sh

format:				## let clang-format decide
	@tests/lint/sources.sh | xargs $(CLANG_FORMAT) -i

HEADERS	:= ustack.h ustack_config.h ustack_info.h ustack_mib.h ustack_opt.h \
	   ustack_ping.h ustack_types.h base/assert.h base/err.h base/slice.h
MANUALS	:= $(wildcard daemon/*.[0-9] cli/*.[0-9])
EXAMPLES := daemon/ustackd.conf systemd/no-capability.conf systemd/ustack0.netdev \
	    systemd/ustack0.network systemd/ustackd.socket tests/examples/embed.c

# What is installed, SOURCE>TARGET; MADE is written on the way.
PROGRAM_FILES	= $(B)/ustackd>$(sbindir)/ustackd $(B)/ustackctl>$(bindir)/ustackctl
DATA_FILES	= $(B)/libustack.a>$(libdir)/libustack.a \
		  cli/completion.bash>$(completiondir)/ustackctl \
		  systemd/ustack.sysusers>$(sysusersdir)/ustack.conf \
		  systemd/ustack.tmpfiles>$(tmpfilesdir)/ustack.conf \
		  $(foreach e,$(EXAMPLES),$(e)>$(docdir)/examples/$(notdir $(e))) \
		  $(foreach h,$(HEADERS),stack/$(h)>$(includedir)/ustack/$(h)) \
		  embed/ustack_hosted.h>$(includedir)/ustack/ustack_hosted.h \
		  $(foreach m,$(MANUALS),$(m)>$(mandir)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
MADE_PC		= $(DESTDIR)$(pkgconfigdir)/ustack.pc
MADE_UNIT	= $(DESTDIR)$(systemdunitdir)/ustackd.service
source_of	= $(firstword $(subst >, ,$(1)))
target_of	= $(DESTDIR)$(lastword $(subst >, ,$(1)))
each		= $(foreach f,$(2),$(1) -D $(call source_of,$(f)) $(call target_of,$(f)) &&) :

install: all			## PREFIX=/usr/local, DESTDIR=, and GNU's directory variables
	$(call each,$(INSTALL_PROGRAM),$(PROGRAM_FILES))
	$(call each,$(INSTALL_DATA),$(DATA_FILES))
	printf '%s\n' 'prefix=$(prefix)' 'includedir=$(includedir)' \
		'libdir=$(libdir)' '' 'Name: ustack' \
		'Description: TCP/IP in a process, without I/O of its own' \
		'Version: $(VERSION)' 'Cflags: -I$${includedir}/ustack' \
		'Libs: -L$${libdir} -lustack' | $(INSTALL_DATA) -D /dev/stdin $(MADE_PC)
	sed 's|/usr/local/sbin|$(sbindir)|;s|/usr/local/bin|$(bindir)|' \
		systemd/ustackd.service | \
		$(INSTALL_DATA) -D /dev/stdin $(MADE_UNIT)

install-strip:			## the same, the programs without symbols
	+@$(MAKE) --no-print-directory install INSTALL_PROGRAM='$(INSTALL_PROGRAM) -s'

uninstall:			## remove what install put there
	rm -f $(foreach f,$(PROGRAM_FILES) $(DATA_FILES),$(call target_of,$(f))) \
		$(MADE_PC) $(MADE_UNIT)
	-rmdir $(DESTDIR)$(includedir)/ustack/base $(DESTDIR)$(includedir)/ustack

check-service:			## the packages under a real systemd, in a container (root)
	@tests/service.sh

deb:				## Debian packages, into build/deb/
	@debian/build $(VERSION)

help:				## this text
	@echo 'ustack $(VERSION): targets'
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16
	@echo 'Choices: BUILD=release|debug  SAN=address,undefined|thread  LTO=1'
	@echo '         V=1 (show commands)  JOBS=N  SKIP_SYSTEM=1 (no namespaces)'

clean:				## remove build/
	rm -rf build
