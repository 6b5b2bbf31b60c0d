# bief: one Makefile, no recursion.  make V=1 shows the commands.

PREFIX = /usr/local
CFLAGS ?= -O2 -g
WARN = -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-unused-parameter -Wno-missing-field-initializers -Werror
B = build
ifdef SAN
B = build/san
SANFLAGS = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif
ifdef TSAN
B = build/tsan
SANFLAGS = -fsanitize=thread -fno-omit-frame-pointer -Wno-tsan
endif
ifdef FUZZER
B = build/fuzzer
CC = clang
SANFLAGS = -fsanitize=address,undefined,fuzzer-no-link \
	-fno-sanitize=pointer-overflow -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -Wno-error
endif
CC ?= cc
ifndef V
Q = @echo '  $@';
endif
ALL_CFLAGS = $(WARN) $(CPPFLAGS) -D_GNU_SOURCE -include src/bief/floor/banned.h -iquote src/bief -I$(B) $(CFLAGS) $(SANFLAGS)
LIBS = -lcsv -lm -ldl

OPS = $(wildcard src/*.c)
PROGRAMS = $(patsubst src/%.c,%,$(filter-out src/bief.c,$(OPS)))
LIB_SRC = $(wildcard src/bief/*/*.c src/bief/*/*/*.c src/bief/*/*/*/*.c \
	src/bief/*/*/*/*/*.c)
LIB_OBJ = $(patsubst src/bief/%.c,$(B)/lib/%.o,$(LIB_SRC))
OP_OBJ = $(patsubst src/%.c,$(B)/op/%.o,$(OPS))
BIN = bin
ifdef SAN
BIN = build/san/bin
endif
ifdef TSAN
BIN = build/tsan/bin
endif

all: $(BIN)/bief

$(BIN)/bief: $(LIB_OBJ) $(OP_OBJ) $(B)/ops.o
	@mkdir -p $(BIN)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
	@for p in $(PROGRAMS); do ln -sf bief $(BIN)/$$p; done

# The lists of the operators and of the tools, from the names of their files.
TOOLS = serve-lines
OPERATORS = $(filter-out $(TOOLS),$(PROGRAMS))
$(B)/ops.c: $(OPS) Makefile
	@mkdir -p $(B)
	@{ echo '#include "runtime/stage.h"'; echo '#include "runtime/options/tool.h"'; \
	for p in $(OPERATORS); do echo "extern const struct op op_$$p;" | tr - _; done; \
	echo 'const struct op *const ops_all[] = {'; \
	for p in $(OPERATORS); do echo "	&op_$$p," | tr - _; done; \
	echo '	NULL};'; \
	for p in $(TOOLS); do echo "extern const struct tool tool_$$p;" | tr - _; done; \
	echo 'const struct tool *const tool_all[] = {'; \
	for p in $(TOOLS); do echo "	&tool_$$p," | tr - _; done; \
	echo '	NULL};'; } > $@

$(B)/ops.o: $(B)/ops.c
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/lib/%.o: src/bief/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/op/%.o: src/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The page that sink-plot --serve shows, as text of C.
$(B)/sinks/plot/page.html.h: src/bief/sinks/plot/page.html
	@mkdir -p $(@D)
	@sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< > $@
$(B)/lib/sinks/plot/plot_serve.o: $(B)/sinks/plot/page.html.h

-include $(LIB_OBJ:.o=.d) $(OP_OBJ:.o=.d)


# ---- tests ----

UNIT = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
FUZZ = $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
TEST_CFLAGS = $(filter-out -Wmissing-prototypes,$(ALL_CFLAGS))

$(B)/libbief.a: $(LIB_OBJ) $(filter-out $(B)/op/bief.o,$(OP_OBJ)) $(B)/ops.o
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/unit/%: tests/unit/%.c $(B)/libbief.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

ifdef FUZZER
$(B)/fuzz/%: tests/fuzz/%.c $(B)/libbief.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)
else
$(B)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(B)/libbief.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
endif

$(B)/peers/%: tests/peers/%.c $(B)/libbief.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Faults for tests/crash and tests/state.bats.
$(B)/shim.so: tests/fault/shim.c
	@mkdir -p $(@D)
	$(CC) $(WARN) -Wno-missing-prototypes -D_GNU_SOURCE -O1 -shared -fPIC \
	  -o $@ $< -ldl

# Break and kill every pipeline of a set, damage every byte of small
# checkpoints: takes hours.  make crash KILLS=20 EVERY=10: less of it.
KILLS = 500
EVERY = 1
crash: all $(B)/shim.so
	BIEF_BIN=$(CURDIR)/$(BIN) BIEF_SHIM=$(CURDIR)/$(B)/shim.so \
	  tests/crash --kills $(KILLS) --every $(EVERY)
	BIEF_BIN=$(CURDIR)/$(BIN) BIEF_SHIM=$(CURDIR)/$(B)/shim.so \
	  tests/damage --every $(EVERY)

# The tests: make check; with sanitizers: make SAN=1 check; the long form of those
# that have one: make LONG=1 check; N files at once: make JOBS=N check.
check: deps-test
	@$(MAKE) --no-print-directory run-tests
run-tests: all $(UNIT) $(FUZZ) $(B)/shim.so $(B)/peers/answer $(B)/peers/ways
	B=$(B) BIEF_BIN=$(CURDIR)/$(BIN) tests/all

# What needs services (a broker of Kafka ...), against real ones, which are
# installed and started on loopback: make check-services [SERVICES='kafka ...']
SERVICES =
SERVICE_TOOLS = $(patsubst tests/services/%.c,$(B)/services/%,$(wildcard tests/services/*.c))
$(B)/services/%: tests/services/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(WARN) -D_GNU_SOURCE -O1 -o $@ $< -lrdkafka
check-services: deps-test
	@$(MAKE) --no-print-directory run-services
run-services: all $(SERVICE_TOOLS) $(B)/shim.so
	B=$(B) BIEF_BIN=$(CURDIR)/$(BIN) tests/services/run $(SERVICES)

# Random values through every way that a pipeline runs, against a model in
# Python, at length: make differential DIFFERENTIAL=1000 [SEED=1]
DIFFERENTIAL = 300
differential: all
	BIEF_BIN=$(CURDIR)/$(BIN) tests/differential --cases $(DIFFERENTIAL) \
	  $(if $(SEED),--seed $(SEED))

# What a newcomer does: the README's two commands as they stand, in a bare
# Debian 12 and a fresh clone.  Needs root, debootstrap and Debian's packages.
check-fresh:
	tests/fresh

# What somebody does who has nothing but the package: installs it in a bare
# Debian 12, and types what the pages show.
check-deb: deb
	tests/fresh-deb build/deb/bief_*.deb

# Search for input that breaks a parser, with clang's libFuzzer, SECONDS for each
# target: make FUZZER=1 fuzz [SECONDS=60] [TARGETS='record jq'].  What is found
# is in build/found.
SECONDS = 60
TARGETS = $(notdir $(FUZZ))
fuzz: $(FUZZ)
	B=$(B) tests/fuzz/search $(SECONDS) $(TARGETS)

# jq's language, native against libjq: make diff-jq PAIRS=100000 [SEED=1]
PAIRS = 100000
diff-jq: $(B)/unit/jq_diff
	$< $(PAIRS) $(SEED)

# Expressions beside a real Spark's answers, how many are right per file:
# Exported pipelines on a real Spark: make check-spark [SPARK='--sample 100'].
SPARK = --exercises
check-spark: all
	BIEF_BIN=$(CURDIR)/$(BIN) tests/spark/run $(SPARK)

# make check-peers [PEERS='file.sql.out ...'].
PEERS = $(wildcard tests/peers/*.expect ../shared/peers/*.sql.out)
check-peers: $(B)/peers/answer $(B)/peers/ways
	B=$(B) tests/peers/run -v $(PEERS)
	B=$(B) tests/peers/run --ways -v $(PEERS)

# Every function of jq with values from the edge: no program may die or hang.
jq-net: all
	PATH=$(CURDIR)/$(BIN):$$PATH tests/jq-net

# parse-csv against a model and Python's csv: make diff-csv CASES=10000 [SEED=1]
CASES = 10000
diff-csv: all
	PATH=$(CURDIR)/$(BIN):$$PATH tests/csv-diff $(CASES) $(SEED)

# make bench: the benchmarks; SCALE=10: of a tenth of the data; WHAT='J1 start':
# some of them.
SCALE = 1
RUNS = 5
bench: all
	BIEF_BIN=$(CURDIR)/$(BIN) tests/bench/run --scale $(SCALE) \
	  --runs $(RUNS) $(WHAT)

# ---- what Debian packages give ----

DEPS = gcc libc6-dev make libcsv-dev libjq-dev libjq1 libssl-dev libssl3 \
	libsqlite3-dev libsqlite3-0 libzstd-dev libzstd1 zlib1g-dev zlib1g \
	libonig-dev libonig5 libpcre2-8-0 librdkafka-dev librdkafka1 \
	libpq-dev libpq5 libsnappy-dev libsnappy1v5 \
	libcurl4-openssl-dev libcurl4 ca-certificates sqlite3 tzdata
DEPS_TEST = $(DEPS) bats jq mandoc python3 gawk zstd gzip procps socat \
	netcat-openbsd openssl curl zsh

SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# $(call need,PACKAGES): installs those that are not there.
need = n=$$(dpkg-query -Wf '$${db:Status-Status}\n' $1 2>/dev/null | \
	grep -cx installed); [ "$$n" -ge $(words $1) ] || { \
	$(SUDO) apt-get update -q && \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install \
	-qy --no-install-recommends $1; }
deps:
	@$(call need,$(DEPS))
deps-test:
	@$(call need,$(DEPS_TEST))

# ---- the main job, from nothing ----

# Installs what is missing, builds, makes event files, counts them by action
# and hour into a table that can be queried.
demo: deps
	@$(MAKE) --no-print-directory all
	@rm -rf build/demo
	bin/bief sample events build/demo/incoming
	bin/bief run "stream-files build/demo/incoming | \
	  parse-json --schema 'time timestamp, action string' | \
	  window --on time --size 1h | \
	  agg --by action count | \
	  sink-table --db build/demo/events.db --table counts --mode complete"
	sqlite3 -header -column build/demo/events.db \
	  'SELECT * FROM counts ORDER BY window_start, action LIMIT 6'
	@echo 'ask it more: sqlite3 build/demo/events.db'

# Wrapping and alignment are clang-format's (14), by the rules in .clang-format.
format:
	@find src tests -name '*.[ch]' | xargs clang-format -i

# What shells complete, from what the programs say of their options.
completions: all
	BIEF_BIN=$(CURDIR)/$(BIN) completions/generate

# ---- installing ----

DESTDIR =
ZSH = share/zsh/site-functions
MAN = $(wildcard man/*.[157])
MAN_FR = $(wildcard man/fr/*.[157])
install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 bin/bief $(DESTDIR)$(PREFIX)/bin/bief
	for p in $(PROGRAMS); do ln -sf bief $(DESTDIR)$(PREFIX)/bin/$$p; done
	for m in $(MAN); do d=$(DESTDIR)$(PREFIX)/share/man/man$${m##*.}; \
	  install -d $$d && install -m 644 $$m $$d/; done
	for m in $(MAN_FR); do d=$(DESTDIR)$(PREFIX)/share/man/fr/man$${m##*.}; \
	  install -d $$d && install -m 644 $$m $$d/; done
	install -D -m 644 completions/bief.bash \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/bief
	for p in $(PROGRAMS); do ln -sf bief \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$p; done
	install -D -m 644 completions/_bief $(DESTDIR)$(PREFIX)/$(ZSH)/_bief
	install -D -m 644 completions/bief.fish \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/bief.fish
	for p in $(PROGRAMS); do ln -sf bief.fish \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$p.fish; done

uninstall:
	for p in bief $(PROGRAMS); do \
	  rm -f $(DESTDIR)$(PREFIX)/bin/$$p \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$p \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$p.fish; done
	for m in $(notdir $(MAN)); do \
	  rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$$m; done
	for m in $(notdir $(MAN_FR)); do \
	  rm -f $(DESTDIR)$(PREFIX)/share/man/fr/man$${m##*.}/$$m; done
	rm -f $(DESTDIR)$(PREFIX)/$(ZSH)/_bief

# ---- what is given away ----

VERSION := $(shell sed -n 's/.*BIEF_VERSION "\(.*\)"/\1/p' \
	src/bief/runtime/options/version.h)
DIST = build/dist/bief-$(VERSION).tar.gz
# The files that git knows; without git, as in what we give away, all.
GIT = [ -e .git ] && git rev-parse >/dev/null 2>&1
FILES = if $(GIT); then git ls-files -z; else \
	find . \( -path ./build -o -path ./bin -o -path ./.git \) -prune -o \
	  ! -type d -printf '%P\0'; fi
# When they were made: with the last commit; else as what we gave away says.
EPOCH = $${SOURCE_DATE_EPOCH:-$$(if $(GIT); then git log -1 --format=%ct; \
	else stat -c %Y NEWS; fi)}

# The sources as one file: the same bytes of the same sources, whenever and
# wherever it is made.
dist:
	@mkdir -p build/dist
	@$(FILES) | LC_ALL=C sort -z | tar --create --null --files-from=- \
	  --transform='s,^,bief-$(VERSION)/,S' --format=ustar --owner=0 --group=0 \
	  --numeric-owner --mode=u=rwX,go=rX --mtime=@$(EPOCH) \
	  --file=$(DIST:.gz=)
	@gzip -9nf $(DIST:.gz=)
	@sha256sum $(DIST)

# A package of Debian, of these sources, looked at by lintian.
DEPS_DEB = $(DEPS) build-essential dpkg-dev debhelper fakeroot lintian
deb:
	@$(call need,$(DEPS_DEB))
	@$(MAKE) --no-print-directory dist
	@rm -rf build/deb
	@mkdir -p build/deb
	@tar -C build/deb -xzf $(DIST)
	cd build/deb/bief-$(VERSION) && dpkg-buildpackage -us -uc -b
	lintian --fail-on error --suppress-tags bad-distribution-in-changes-file \
	  build/deb/*.changes
	@ls build/deb/*.deb

clean:
	rm -rf build bin

help:
	@echo 'make               build bin/bief and its links'
	@echo 'make check         build and pass the tests; SAN=1: with sanitizers; LONG=1'
	@echo 'make check-services  the tests that need services, which are installed'
	@echo 'make differential  values of every type against a model, at length'
	@echo 'make check-fresh   the README in a bare Debian, as a newcomer does'
	@echo 'make crash         kill and break pipelines, damage checkpoints, at length'
	@echo 'make diff-jq       compare our part of jq with libjq, at length'
	@echo 'make check-peers   compare expressions of SQL with answers of Spark'
	@echo 'make jq-net        every function of jq with values from the edge'
	@echo 'make diff-csv      compare parse-csv with a model of it, at length'
	@echo 'make fuzz          search for input that breaks a parser; FUZZER=1'
	@echo 'make bench         measure, against what else is installed'
	@echo 'make demo          install what is missing, build, run the main job'
	@echo 'make completions   write completions/ again'
	@echo 'make format        wrap and align all C files (clang-format 14)'
	@echo 'make deps          install what building and running needs'
	@echo 'make deps-test     and what the tests need'
	@echo 'make install       PREFIX=$(PREFIX) DESTDIR=$(DESTDIR); uninstall'
	@echo 'make dist          the sources as one file, the same bytes each time'
	@echo 'make deb           a package of Debian, into build/deb'
	@echo 'make check-deb     install it in a bare Debian, as a newcomer does'
	@echo 'make clean         remove what was built'

.PHONY: completions format help jq-net dist deb check-deb
.PHONY: check-services run-services
.PHONY: all bench check check-spark differential check-fresh check-peers crash run-tests fuzz diff-jq diff-csv clean demo deps deps-test install uninstall
