# tollbook: make, make check, make demo; `make help` lists all targets.
VERSION := 0.2.0

# Settings: make V=1 shows commands; CC, CFLAGS, LDFLAGS, prefix (or PREFIX) and DESTDIR are as usual; BUILD is the build folder.
BUILD ?= build
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O3 -g $(COPIES)
PREFIX ?= /usr/local
prefix ?= $(PREFIX)
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
datadir ?= $(prefix)/share
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 10
Q := $(if $(V),,@)
MAKEFLAGS += $(if $(V),,--no-print-directory)
say = @$(if $(V),:,printf '%-5s %s\n' $(1) $(2))

# ---- Libraries: .ci/deps knows their Debian packages ----

PACKAGES := zlib libzstd libpcre2-8 sqlite3 nettle
# Two libraries are used where they are found; ISAL=no and PG=no leave them out.
ISAL ?= $(shell $(PKG_CONFIG) --exists libisal 2> /dev/null && echo yes)
PG ?= $(shell $(PKG_CONFIG) --exists libpq 2> /dev/null && echo yes)
FEATURES :=
# A faster inflate.
ifneq ($(filter-out no 0,$(ISAL)),)
PACKAGES += libisal
FEATURES += -DTOLLBOOK_ISAL
endif
# Ledgers in PostgreSQL: libpq is loaded when a server is named (ledger/drivers/libpq.c).
ifneq ($(filter-out no 0,$(PG)),)
PG_CFLAGS := $(shell $(PKG_CONFIG) --cflags libpq 2> /dev/null)
FEATURES += -DTOLLBOOK_PG $(PG_CFLAGS)
endif

WARNINGS := -Wall -Wextra -Wconversion -Wshadow
# What of these the compiler has; tests/lint/binary.sh looks whether they are in the program.
cc_has = $(shell printf '\043include <string.h>\n' | $(CC) -O2 -Werror $(1) -x c -c -o /dev/null - 2> /dev/null && echo '$(1)')
HARDENING := $(or $(call cc_has,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2) $(foreach flag,-fstack-protector-strong \
	-fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero,$(call cc_has,$(flag)))
# Structs are copied and zeroed by vectors: GCC's default for x86-64, "rep movs", takes longer to begin than most of these copies take.
STRATEGY := vector_loop:1024:noalign,libcall:-1:noalign
COPIES := $(call cc_has,-mmemset-strategy=$(STRATEGY) -mmemcpy-strategy=$(STRATEGY))
# The same figures on every machine: a product and a sum are rounded apart. (x86-64 has nothing that would join them by default.)
EXACT := $(if $(findstring x86_64,$(shell $(CC) -dumpmachine)),,-ffp-contract=off)
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(HARDENING) $(EXACT)$(if $(EXACT), )-fPIE -pthread -I. -DTOLLBOOK_VERSION='"$(VERSION)"' $(FEATURES) \
	$(PACKAGE_CFLAGS) $(CFLAGS)
# Relocations that are read-only, where the linker has that (Apple's has not).
ld_has = $(shell printf 'int main(void) { return 0; }\n' | $(CC) $(1) -Werror -x c -o /dev/null - 2> /dev/null && echo '$(1)')
READ_ONLY := -Wl,-z,relro,-z,now
READ_ONLY := $(call ld_has,$(READ_ONLY))
ALL_LDFLAGS = -pie $(READ_ONLY) -pthread $(CFLAGS) $(LDFLAGS)
PACKAGE_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2> /dev/null)
LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2> /dev/null) -lm
CMOCKA = $(shell $(PKG_CONFIG) --libs cmocka)

# ---- Rooms ----

# Every folder of a floor with sources in it is a room.
FLOORS := core ingest attribute ledger report book shard inspect library
rooms = $(sort $(patsubst %/,%,$(dir $(shell find $(1) -name '*.c'))))
ROOMS := $(call rooms,$(FLOORS))
CLI_ROOMS := $(call rooms,cli)
objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)))
LIB_OBJECTS := $(call objects,$(ROOMS:%=%/*.c)) $(BUILD)/embedded.o
CLI_OBJECTS := $(call objects,$(CLI_ROOMS:%=%/*.c))
HELP_OBJECTS := $(call objects,tests/unit/*_help.c)
UNITS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))
PROPERTIES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/property/*.c))
SIMULATE := $(BUILD)/tests/accuracy/simulate
SIMULATOR := $(BUILD)/tests/simulator/simulate
LIB := $(BUILD)/libtollbook.a

all: $(BUILD)/tollbook ## Build the program: build/tollbook

# Where records pass from function to function, one by one, the program is optimised as a whole when it is linked: with our own
# flags, and where the compiler can. The library, which the tests link, has only the code.
LTO := $(if $(and $(filter file,$(origin CFLAGS)),$(shell command -v objcopy)),$(call ld_has,-flto=auto -ffat-lto-objects))
HOT := $(call objects,$(addsuffix /*.c,core/files ingest ingest/envelopes attribute/evidence attribute/flight attribute/split attribute/split/requests \
	attribute/servers) ingest/formats/native*.c ingest/formats/engines/vllm*.c attribute/model/fits.c attribute/model/step_*.c \
	core/model/step_model.c core/names.c core/text.c core/instant.c attribute/laws/rules.c attribute/attribution.c book/from_logs.c)
$(HOT): private ALL_CFLAGS += $(LTO)

$(BUILD)/tollbook: $(CLI_OBJECTS) $(LIB_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $(LTO) -o $@ $^ $(LIBS)

$(LIB): $(LIB_OBJECTS)
# What the tests may use of the command line's: all but main.
$(BUILD)/libcli.a: $(filter-out $(BUILD)/cli/main.o,$(CLI_OBJECTS))
$(BUILD)/libhelp.a: $(HELP_OBJECTS)
$(BUILD)/%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $^$(if $(LTO), && objcopy --wildcard --remove-section='.gnu.lto_*' $@)

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Files that stand in the program as they are (core/files/embedded.h), as an array of characters each: any compiler takes that, also with LTO.
EMBEDDED := schemas/ledger.sql report/renderings/page/page.css report/renderings/page/page.js
PACKED := data/prices/genai_prices.json samples/gpus.json
bytes = od -An -v -tx1 $(1) | sed "s/ *\([0-9a-f][0-9a-f]\)/'\\\\x\1',/g"
$(BUILD)/embedded.c: $(EMBEDDED) $(PACKED) Makefile
	$(call say,EMBED,$@)
	$(Q)mkdir -p $(@D) && { echo '#include "core/files/embedded.h"'; for file in $(EMBEDDED); do \
		name=$${file##*/}; echo "const char embedded_$${name%.*}_$${name##*.}[] = {"; \
		$(call bytes,$$file) && echo "0};" || exit 1; done; \
		for file in $(PACKED); do name=$${file##*/}; name=embedded_$${name%.*}_$${name##*.}_gz; echo "const char $$name[] = {"; \
		gzip -9nc $$file | $(call bytes,) && echo "}; const size_t $${name}_len = sizeof $$name;" || exit 1; done; } > $@
$(BUILD)/embedded.o: $(BUILD)/embedded.c $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Compiled anew when the flags change; the first time it is seen whether the libraries are there.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo "$(CC) $(subst ",\",$(ALL_CFLAGS)) $(LTO)" > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else PKG_CONFIG="$(PKG_CONFIG)" .ci/deps --probe build && mv $@.new $@; fi

# ---- Tests; tests/run --help says more ----

units: $(UNITS) $(BUILD)/samples/library $(BUILD)/tollbook ## Build the unit tests

# What is missing is said before a compiler fails for it.
$(UNITS:%=%.o): | $(BUILD)/unit-packages
$(BUILD)/unit-packages: $(BUILD)/flags
	@PKG_CONFIG="$(PKG_CONFIG)" .ci/deps --probe unit && touch $@

$(UNITS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libcli.a $(BUILD)/libhelp.a $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS) $(CMOCKA)

# Calls that this test lets fail.
FAILING := spool_add spool_seal spool_next statement_add_entry
$(BUILD)/tests/unit/test_failing_spools: private ALL_LDFLAGS += $(FAILING:%=-Wl,--wrap=%)

# The example of a program with the library.
$(BUILD)/samples/library: $(BUILD)/samples/library.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

libs: ## What a program with libtollbook.a links besides
	@echo "$(LIBS)"

check: ## Build everything and pass all tests; installs what is missing for that
	@.ci/deps check
	@$(MAKE) test

REPLAY := $(BUILD)/tests/fuzz/replay
test: units $(PROPERTIES) $(SIMULATE) $(SIMULATOR) $(REPLAY) $(BUILD)/tests/published/fit $(BUILD)/tests/faults/faults.so
	@tests/run --build $(BUILD)

# The fuzz targets in one program, without a fuzzer.
FUZZ_TARGETS := $(filter-out help,$(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
$(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/fuzz_%.o): $(BUILD)/tests/fuzz/fuzz_%.o: tests/fuzz/fuzz_%.c $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -DLLVMFuzzerTestOneInput=fuzz_$* -DFORMAT=replay_format -MMD -MP -c -o $@ $<
$(BUILD)/tests/fuzz/replay.o: ALL_CFLAGS += '-DTARGETS(X)=$(foreach name,$(FUZZ_TARGETS),X($(name)))'
$(BUILD)/tests/fuzz/replay.o: $(FUZZ_TARGETS:%=tests/fuzz/fuzz_%.c)
$(REPLAY): $(call objects,tests/fuzz/*.c) $(BUILD)/tests/unit/variants_help.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

FAULT_SOURCES := tests/faults/faults.c tests/faults/durable.c
$(BUILD)/tests/faults/faults.so: $(FAULT_SOURCES) tests/faults/faults.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(WARNINGS) -std=gnu11 -O2 -g -fPIC -shared -I. $(if $(findstring sanitize,$(CFLAGS)),-DWITHOUT_ALLOCATIONS) -o $@ $(FAULT_SOURCES) -ldl

accuracy: all $(SIMULATE) $(BUILD)/tests/published/fit ## How far off the split is, where it is known, and estimates beside measurements
	@status=0; TOLLBOOK=$(BUILD)/tollbook SIMULATE=$(SIMULATE) tests/accuracy/table.sh || status=1; \
		FIT=$(BUILD)/tests/published/fit tests/published/estimates.sh || status=1; exit $$status

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
sanitize: ## The same tests under ASan, LSan and UBSan, in build/san
	@.ci/deps check
	@ASAN_OPTIONS=exitcode=99 LSAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1 SANITIZED=1 \
		$(MAKE) test BUILD="$(BUILD)/san" HARDENING= CFLAGS="-O1 -g $(SANITIZE)"

check-faults: all $(SIMULATOR) $(BUILD)/tests/faults/faults.so ## Every fault at every call, not a sample: over an hour
	@FAULTS=all TEST_LIMIT=3600 tests/run --build $(BUILD) faults simulator/each

check-faults-part: all $(SIMULATOR) $(BUILD)/tests/faults/faults.so ## A tenth of them: FAULTS_PART (0 to 9), else the day's last digit
	@FAULTS=part TEST_LIMIT=1200 tests/run --build $(BUILD) faults simulator/each

SECONDS ?= 600
SEED ?= 1
simulate: $(SIMULATOR) ## Nights of random books under faults for SECONDS (600), from SEED (1) on
	@$(SIMULATOR) $(SEED) $(SECONDS)

# What does not fit into CI's 40 minutes.
check-long: all $(PROPERTIES) $(SIMULATOR) $(BUILD)/tests/faults/faults.so $(BUILD)/tests/unit/test_identity ## Every fault, an hour of simulated nights, many hostile and random logs, an hour of fuzzing
	@$(SIMULATOR) $$(date +%j)000000 3600
	@python3 tests/simulator/processes.py $(BUILD) $$(date +%j)0000 600
	@tests/hostile/run $(BUILD) $$(date +%j)0000 2000
	@tests/property/run $(BUILD) $$(date +%j)0000 2000
	@IDENTITY_NEXT=39 $(BUILD)/tests/unit/test_identity
	@$(MAKE) check-faults
	@$(MAKE) fuzz-smoke FUZZ_SECONDS=120

memcheck: ## The golden runs under valgrind
	@.ci/deps check
	@$(MAKE) all
	@TOLLBOOK=$(BUILD)/tollbook tests/acceptance/valgrind.sh

coverage: ## Lines and branches that the tests reach, by room
	@.ci/deps check
	@[ ! -d $(BUILD)/cov ] || find $(BUILD)/cov -name '*.gcda' -delete
	@SANITIZED=1 CHANGES=400 FAULT_RUNS=60 ACCURACY_MORE="preempt lockstep" TEST_LIMIT=900 $(MAKE) test BUILD="$(BUILD)/cov" HARDENING= CFLAGS='-O0 -g --coverage -DCOVERAGE_FOLDER=\"$(abspath $(BUILD)/cov)\"' || echo "Not all tests passed."
	@tests/coverage $(BUILD)/cov $(ROOMS) $(CLI_ROOMS)

map: ## The rooms, their lines, and the arrows between them
	@tests/map

lint: all ## House rules: arrows, symbols, lengths
	@tests/run --build $(BUILD) lint

check-html: all ## Renderings in a browser
	@.ci/deps html
	@tests/html/run $(BUILD)

check-scale: all ## Shards, many writers, PostgreSQL
	@.ci/deps scale || :
	@tests/scale/run $(BUILD)

fuzz-smoke: ## Each fuzz target for FUZZ_SECONDS (10), from its corpus
	@.ci/deps fuzz
	@FUZZ_CC="$(FUZZ_CC)" tests/fuzz/smoke $(FUZZ_SECONDS)

$(SIMULATE): $(call objects,tests/accuracy/*.c)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# The simulator has calls of its own in the place of the C library's: those in tests/simulator/calls*.c.
WRAPPED := open $(shell sed -n 's/^REAL.[^,]*, \([a-z_0-9]*\),.*/\1/p' tests/simulator/calls*.c)
$(SIMULATOR): $(call objects,tests/simulator/*.c) $(BUILD)/libcli.a $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $(filter %.o %.a,$^) $(LIBS)

$(BUILD)/tests/published/fit: $(BUILD)/tests/published/fit.o $(BUILD)/tests/published/rows.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

$(BENCHES) $(PROPERTIES): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

bench: all $(BENCHES) ## How fast and how small: MB/s next to inflate alone; a book of a year
	@tests/bench/run $(BUILD)
	@tests/bench/table $(BUILD)
	@tests/bench/book $(BUILD)

bench-day: all $(BENCHES) $(SIMULATE) ## A day of 10 million steps: time and memory of attribution next to ingest's
	@tests/bench/day $(BUILD)

# Two builds in one folder, as the profile is beside the objects. What the training does not run is compiled as without a profile.
PGO := $(BUILD)/pgo
pgo: ## Build with the profile of typical runs and link-time optimisation: build/pgo/tollbook
	@rm -rf $(PGO)
	@$(MAKE) $(PGO)/tollbook $(PGO)/tests/bench/generate BUILD=$(PGO) AR=gcc-ar CFLAGS="$(CFLAGS) -fprofile-generate -fprofile-update=atomic"
	@tests/bench/train $(PGO)
	@$(MAKE) $(PGO)/tollbook BUILD=$(PGO) AR=gcc-ar CFLAGS="$(CFLAGS) -flto=auto -fprofile-use -fprofile-partial-training -Wno-missing-profile"

# ---- Use ----

demo: ## Build and run the main job on samples/; installs what is missing for that
	@.ci/deps build
	@$(MAKE) all
	@samples/why.sh $(BUILD)/tollbook
	@echo
	@samples/demo.sh $(BUILD)/tollbook

deps: ## Install the Debian packages that building and testing need
	@.ci/deps check

# Where things go; in quotes, as DESTDIR may have spaces.
BIN = "$(DESTDIR)$(bindir)"
DATA = "$(DESTDIR)$(datadir)"
LIBRARY = "$(DESTDIR)$(libdir)"
INCLUDE = "$(DESTDIR)$(includedir)"

# put MODE FOLDER FILE...: as any install takes it, GNU's or BSD's.
put = install -d -m 755 $(2) && install -m $(1) $(3) $(2)
COMPLETIONS := bash zsh fish
METHODS := attribute/METHOD.md report/METHOD.md report/estimate/METHOD.md

install: all $(LIB) ## Install to $(DESTDIR)$(prefix)
	$(call put,755,$(BIN),$(BUILD)/tollbook)
	$(BUILD)/tollbook manual > $(BUILD)/tollbook.1
	$(call put,644,$(DATA)/man/man1,$(BUILD)/tollbook.1)
	$(call put,644,$(DATA)/man/man5,man/*.5)
	for shell in $(COMPLETIONS); do $(BUILD)/tollbook completion $$shell > $(BUILD)/completion.$$shell || exit 1; done
	install -d -m 755 $(DATA)/bash-completion/completions $(DATA)/zsh/site-functions $(DATA)/fish/vendor_completions.d
	install -m 644 $(BUILD)/completion.bash $(DATA)/bash-completion/completions/tollbook
	install -m 644 $(BUILD)/completion.zsh $(DATA)/zsh/site-functions/_tollbook
	install -m 644 $(BUILD)/completion.fish $(DATA)/fish/vendor_completions.d/tollbook.fish
	$(call put,644,$(DATA)/tollbook/schemas,schemas/*)
	$(call put,644,$(DATA)/doc/tollbook/prices,data/prices/README.md data/prices/LICENSE.genai-prices)
	find README.md CHANGELOG.md LICENSE packaging/README.md man/*.png docs samples $(METHODS) -type f | while read -r file; do \
		install -d -m 755 $(DATA)/doc/tollbook/"$$(dirname "$$file")" && install -m 644 "$$file" $(DATA)/doc/tollbook/"$$file" || exit 1; done
	ln -sfn ../../tollbook/schemas $(DATA)/doc/tollbook/schemas
	$(call put,644,$(INCLUDE),library/tollbook.h)
	$(call put,644,$(LIBRARY),$(LIB))
	printf '%s\n' 'prefix=$(prefix)' 'Name: tollbook' 'Description: cost per token from the logs of LLM serving engines' \
		'Version: $(VERSION)' 'Requires: $(PACKAGES)' 'Libs: -L$(libdir) -ltollbook -pthread -lm' 'Cflags: -I$(includedir)' > $(BUILD)/tollbook.pc
	$(call put,644,$(LIBRARY)/pkgconfig,$(BUILD)/tollbook.pc)

uninstall: ## Take away what install put there
	rm -f $(BIN)/tollbook $(DATA)/man/man1/tollbook.1 $(patsubst man/%,$(DATA)/man/man5/%,$(wildcard man/*.5)) \
		$(DATA)/bash-completion/completions/tollbook $(DATA)/zsh/site-functions/_tollbook \
		$(DATA)/fish/vendor_completions.d/tollbook.fish \
		$(INCLUDE)/tollbook.h $(LIBRARY)/libtollbook.a $(LIBRARY)/pkgconfig/tollbook.pc
	rm -rf $(DATA)/tollbook $(DATA)/doc/tollbook

version: ## The version
	@echo $(VERSION)

# ---- Packages: see packaging/README.md ----

static: ## build/static-ARCH/tollbook-linux-ARCH: one file that runs on any Linux, for this machine
	@packaging/static

deb: ## Debian packages in build/deb
	@packaging/deb

image: ## build/image: the root file system of the container image, as Dockerfile makes it, its SBOM and an OCI archive
	@packaging/image

release: ## All packages and their SHA-256 sums in dist/
	@packaging/release

check-packages: all ## Build, install, run and remove each package; fetches what that needs, takes an hour
	@packaging/check

dist: ## dist/tollbook-VERSION.tar.gz, the same bytes for the same commit
	@mkdir -p dist
	git archive --format=tar --prefix=tollbook-$(VERSION)/ HEAD | gzip -9n > dist/tollbook-$(VERSION).tar.gz

clean: ## Remove what was built
	rm -rf build dist

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS='	' read -r target text; do \
		printf '  make %-12s %s\n' "$$target" "$$text"; done

-include $(patsubst %.o,%.d,$(LIB_OBJECTS) $(CLI_OBJECTS) $(HELP_OBJECTS)) $(addsuffix .d,$(UNITS) $(BENCHES) $(PROPERTIES)) $(BUILD)/tests/accuracy/*.d $(BUILD)/tests/simulator/*.d $(BUILD)/tests/published/*.d $(BUILD)/tests/fuzz/*.d
FORCE:
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all units check test accuracy sanitize memcheck coverage lint check-faults check-faults-part check-long simulate check-html check-scale fuzz-smoke \
	bench bench-day pgo demo deps libs map \
	install uninstall version dist static deb image release check-packages clean help FORCE
