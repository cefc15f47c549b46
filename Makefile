# tollbook: make, make check, make demo; `make help` lists all targets.
VERSION := 0.1.0

CC ?= cc
PKG_CONFIG ?= pkg-config
BUILD ?= build
PACKAGES := zlib libzstd libpcre2-8 sqlite3 libcrypto
# A faster inflate, used where it is found; ISAL=no leaves it out.
ISAL ?= $(shell $(PKG_CONFIG) --exists libisal && echo yes)

ifeq ($(ISAL),yes)
PACKAGES += libisal
ISAL_CFLAGS := -DTOLLBOOK_ISAL
endif

WARNINGS := -Wall -Wextra -Wconversion -Wshadow
HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu11 $(WARNINGS) $(HARDENING) -I. -DTOLLBOOK_VERSION='"$(VERSION)"' -pthread \
	$(ISAL_CFLAGS) $(shell $(PKG_CONFIG) --cflags $(PACKAGES)) $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now -pthread $(LDFLAGS)
LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lm

ROOMS := core ingest ingest/formats attribute ledger report report/renderings
LIB_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(ROOMS:%=%/*.c)))
CLI_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard cli/*.c))
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))

all: $(BUILD)/tollbook

$(BUILD)/tollbook: $(CLI_OBJECTS) $(BUILD)/libtollbook.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libtollbook.a: $(LIB_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libtollbook.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -o $@ $< $(filter %.o,$^) $(BUILD)/libtollbook.a $(LIBS) $(shell $(PKG_CONFIG) --libs cmocka)

$(BUILD)/tests/unit/test_cli: $(BUILD)/cli/typo.o $(BUILD)/cli/values.o

$(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/libtollbook.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -o $@ $< $(BUILD)/libtollbook.a $(LIBS)

bench: $(BUILD)/tests/bench/generate $(BUILD)/tests/bench/bench
	tests/bench/run $(BUILD)

units: $(UNITS)

clean:
	rm -rf build

-include $(LIB_OBJECTS:.o=.d) $(CLI_OBJECTS:.o=.d)
.PHONY: all units bench clean
