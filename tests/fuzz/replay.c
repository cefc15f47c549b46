/*
 * replay.c: the fuzz targets without a fuzzer: each seed as it is, then changes of it that are the same on every machine.
 *
 * Of JSON, as a whole or by lines, each value is also replaced in turn by others (tests/unit/variants_help.h), of other lines
 * each number; at most VARIANTS times the number of changes.
 *
 *   replay --list                              the targets, "format-" before those of a log format
 *   replay TARGET CHANGES SEED...              a line with the number of runs; a failed assertion ends it after the case's name
 *   replay TARGET --print SEED CHANGE          the bytes of one case
 *   replay TARGET --variant SEED NUMBER        the same of a replaced value
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files/files.h"
#include "ingest/format.h"
#include "tests/unit/variants_help.h"

#define VARIANTS 10
#define INPUT_MAX 65536 /* bytes; longer seeds are cut */
#define BYTE_CHANGES 8

typedef int target_function(const uint8_t *data, size_t size);

#define DECLARE(name) target_function fuzz_##name;
TARGETS(DECLARE)

static const struct {
	const char *name;
	target_function *run;
} targets[] = {
#define ROW(name) {#name, fuzz_##name},
	TARGETS(ROW)
};
#define TARGET_COUNT (sizeof targets / sizeof *targets)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* The name of the format that fuzz_format.c reads. */
extern const char *replay_format;
const char *replay_format = "";
/* For a failure's message. */
static char place[300];
static uint64_t state;

static size_t below(size_t n) {
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return n > 0 ? (size_t)(state >> 33) % n : 0;
}

/* Changes a few bytes: cut, removed, repeated, inserted, another value, or a character of the grammars. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) {
	static const char grammar[] = "\"{}[],:=;-+.()'\\ \t\n|/TZ0123456789eE_nullx%&#<>";
	size_t at = below(size), len = 1 + below(size - at < 32 ? size - at + 1 : 32);

	len = len > size - at ? size - at : len;
	switch (below(6)) {
	case 0:
		return at;
	case 1:
		memmove(data + at, data + at + len, size - at - len);
		return size - len;
	case 2:
		if (size + len <= max) {
			memmove(data + at + len, data + at, size - at);
			return size + len;
		}
		return size;
	case 3:
		if (size < max) {
			memmove(data + at + 1, data + at, size - at);
			data[at] = (uint8_t)grammar[below(sizeof grammar - 1)];
			return size + 1;
		}
		return size;
	case 4:
		data[at] = (uint8_t)grammar[below(sizeof grammar - 1)];
		return size;
	default:
		data[at] = (uint8_t)below(256);
		return size;
	}
}

/* Change 0 is the seed itself; odd ones change bytes, even ones the structure. */
static size_t change(uint8_t *data, size_t size, size_t number) {
	if (number == 0 || size == 0) {
		return size;
	}
	state = number * UINT64_C(0x9E3779B97F4A7C15) + size;
	if (number % 2 == 0) {
		return LLVMFuzzerCustomMutator(data, size, INPUT_MAX, (unsigned)number);
	}
	for (size_t n = 1 + below(BYTE_CHANGES); n > 0 && size > 0; n--) {
		size = LLVMFuzzerMutate(data, size, INPUT_MAX);
	}
	return size;
}

static size_t read_seed(const char *path, uint8_t *out) {
	FILE *f = fopen(path, "rb");

	if (!f) {
		fprintf(stderr, "replay: cannot open %s\n", path);
		exit(2);
	}
	size_t len = fread(out, 1, INPUT_MAX, f);
	fclose(f);
	return len;
}

static void name_place(int signal_number) {
	ssize_t ignored = write(STDERR_FILENO, place, strlen(place));

	(void)ignored;
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static target_function *find(const char *name) {
	if (strncmp(name, "format-", 7) == 0) {
		replay_format = name + 7;
		name = "format";
	}
	for (size_t i = 0; i < TARGET_COUNT; i++) {
		if (strcmp(targets[i].name, name) == 0) {
			return targets[i].run;
		}
	}
	fprintf(stderr, "replay: %s is no target\n", name);
	exit(2);
}

static void list(void) {
	for (size_t i = 0; i < TARGET_COUNT; i++) {
		if (strcmp(targets[i].name, "format") != 0) {
			puts(targets[i].name);
		}
	}
	size_t count;
	const struct ingest_format_info *formats = ingest_formats(&count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(formats[i].name, "pattern") != 0) { /* it needs a file of its own */
			printf("format-%s\n", formats[i].name);
		}
	}
}

/* Each case in a block of its own length, so that sanitizers see each byte read after its end. */
static void run_case(target_function *run, const uint8_t *seed, size_t len, size_t number) {
	static uint8_t changed[INPUT_MAX];

	memcpy(changed, seed, len);
	size_t size = change(changed, len, number);
	uint8_t *exact = must_alloc(size > 0 ? size : 1);
	memcpy(exact, changed, size);
	run(exact, size);
	free(exact);
}

/* ---- one value replaced ---- */

struct replaced {
	struct text before, after; /* the lines around the document */
	size_t number, stride, count; /* of each `stride`-th variant of all is a run; stride 0: they are counted */
	target_function *run; /* or NULL: print the variant `number` */
	const char *target, *seed;
	size_t runs;
};

static void see_variant(void *context, struct text document, const char *what) {
	struct replaced *r = context;
	size_t number = r->count++, len = r->before.len + document.len + r->after.len;

	(void)what;
	if (r->stride == 0 || (r->run ? number % r->stride != r->stride / 2 : number != r->number)) {
		return;
	}
	char *bytes = must_alloc(len + 1);
	memcpy(bytes, r->before.at, r->before.len);
	memcpy(bytes + r->before.len, document.at, document.len);
	memcpy(bytes + r->before.len + document.len, r->after.at, r->after.len);
	if (r->run) {
		snprintf(place, sizeof place, "replay %s --variant %s %zu\n", r->target, r->seed, number);
		r->run((const uint8_t *)bytes, len);
		r->runs++;
	} else if (fwrite(bytes, 1, len, stdout) != len) {
		exit(1);
	}
	free(bytes);
}

/* Numbers of other lines: of the first ones, each replaced. */
#define NUMBER_LINES 24

static bool in_number(char c) {
	return (c >= '0' && c <= '9') || c == '.' || c == '-';
}

static void each_number(struct replaced *r, struct text line) {
	static const char *const values[] = {"", "x", "-1", "0", "7", "1.5", "-", "99999999999999999999", "1795212000"};

	for (size_t at = 0, to; at < line.len; at = to) {
		for (to = at + 1; to < line.len && in_number(line.at[at]) && in_number(line.at[to]); to++) {
		}
		for (size_t i = 0; i < sizeof values / sizeof *values && in_number(line.at[at]); i++) {
			char *bytes = must_alloc(line.len + 32);
			size_t len = strlen(values[i]);
			memcpy(bytes, line.at, at);
			memcpy(bytes + at, values[i], len);
			memcpy(bytes + at + len, line.at + to, line.len - to);
			see_variant(r, (struct text){bytes, line.len - (to - at) + len}, "");
			free(bytes);
		}
	}
}

/* The seed as a whole if it is JSON, else each line: the values of JSON, the numbers of others. */
static void each_variant(struct replaced *r, struct text seed) {
	struct variant_keys keys = {.count = 0};
	int others = 0;

	r->count = 0;
	r->before = r->after = (struct text){"", 0};
	if (variants_each(seed, &keys, see_variant, r)) {
		return;
	}
	for (size_t at = 0; at < seed.len;) {
		const char *end = memchr(seed.at + at, '\n', seed.len - at);
		size_t to = end ? (size_t)(end - seed.at) : seed.len;
		r->before = text_cut(seed, 0, at);
		r->after = text_cut(seed, to, seed.len);
		if (!variants_each(text_cut(seed, at, to), &keys, see_variant, r) && others++ < NUMBER_LINES) {
			each_number(r, text_cut(seed, at, to));
		}
		at = to + 1;
	}
}

static size_t run_variants(struct replaced *r, struct text seed, size_t most) {
	each_variant(r, seed);
	r->stride = r->count / (most + 1) + 1;
	each_variant(r, seed);
	return r->runs;
}

int main(int argc, char **argv) {
	static uint8_t seed[INPUT_MAX];
	size_t runs = 0;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		list();
		return 0;
	}
	if (argc < 4) {
		fputs("replay: expected TARGET CHANGES SEED..., see the head of replay.c\n", stderr);
		return 2;
	}
	target_function *run = find(argv[1]);
	if (strcmp(argv[2], "--print") == 0 && argc == 5) {
		size_t len = change(seed, read_seed(argv[3], seed), (size_t)strtoul(argv[4], NULL, 10));
		return fwrite(seed, 1, len, stdout) == len ? 0 : 1;
	}
	if (strcmp(argv[2], "--variant") == 0 && argc == 5) {
		size_t len = read_seed(argv[3], seed);
		each_variant(&(struct replaced){.stride = 1, .number = (size_t)strtoul(argv[4], NULL, 10)}, (struct text){(const char *)seed, len});
		return 0;
	}
	size_t changes = (size_t)strtoul(argv[2], NULL, 10);
	signal(SIGABRT, name_place);
	signal(SIGSEGV, name_place);
	for (int i = 3; i < argc; i++) {
		size_t len = read_seed(argv[i], seed);
		for (size_t k = 0; k <= changes; k++, runs++) {
			snprintf(place, sizeof place, "replay %s --print %s %zu\n", argv[1], argv[i], k);
			run_case(run, seed, len, k);
		}
		struct replaced r = {.run = run, .target = argv[1], .seed = argv[i]};
		runs += run_variants(&r, (struct text){(const char *)seed, len}, VARIANTS * changes);
	}
	printf("ok: %s: %zu runs\n", argv[1], runs);
	return 0;
}
