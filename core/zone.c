#include "core/zone.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/sorted.h"
#include "core/zone_rule.h"

enum { MAX_FILE = 1 << 20, HEADER_LEN = 44 };

/* Before the first transition the first type applies; after the last one the rule, if there is one. */
struct zone {
	char *name;
	int64_t *at;  /* transitions, seconds since the epoch, rising */
	int *offsets; /* seconds east, from that transition on */
	size_t count;
	int first_offset;
	bool has_rule;
	struct zone_rule rule;
};

/* The six counts of a TZif header (RFC 8536, 3.1). */
struct header {
	int version;
	size_t isut, isstd, leap, times, types, chars;
};

static int64_t big_endian(const char *at, int bytes) {
	uint64_t value = (signed char)at[0] < 0 ? UINT64_MAX : 0;

	for (int i = 0; i < bytes; i++) {
		value = value << 8 | (unsigned char)at[i];
	}
	return (int64_t)value;
}

static bool take_header(struct text *t, struct header *h) {
	if (t->len < HEADER_LEN || !text_starts(*t, T("TZif"))) {
		return false;
	}
	size_t *counts[] = {&h->isut, &h->isstd, &h->leap, &h->times, &h->types, &h->chars};
	h->version = t->at[4];
	for (int i = 0; i < 6; i++) {
		int64_t n = big_endian(t->at + 20 + 4 * i, 4);
		if (n < 0 || n > MAX_FILE) {
			return false;
		}
		*counts[i] = (size_t)n;
	}
	*t = text_cut(*t, HEADER_LEN, t->len);
	return true;
}

static size_t block_len(const struct header *h, size_t time_size) {
	return h->times * time_size + h->times + h->types * 6 + h->chars + h->leap * (time_size + 4) + h->isstd + h->isut;
}

static bool type_offset(const struct header *h, const char *types, size_t type, int *out) {
	if (type >= h->types) {
		return false;
	}
	int64_t offset = big_endian(types + type * 6, 4);
	*out = (int)offset;
	return offset > -26 * 3600 && offset < 26 * 3600;
}

static bool read_block(struct zone *z, const struct header *h, struct text block, int time_size) {
	const char *indexes = block.at + h->times * (size_t)time_size;
	const char *types = indexes + h->times;

	z->count = h->times;
	z->at = must_calloc(h->times + 1, sizeof *z->at);
	z->offsets = must_calloc(h->times + 1, sizeof *z->offsets);
	for (size_t i = 0; i < h->times; i++) {
		z->at[i] = big_endian(block.at + i * (size_t)time_size, time_size);
		if (!type_offset(h, types, (unsigned char)indexes[i], &z->offsets[i]) || (i > 0 && z->at[i] <= z->at[i - 1])) {
			return false;
		}
	}
	return type_offset(h, types, 0, &z->first_offset);
}

static bool read_footer(struct zone *z, struct text footer) {
	struct text rule;

	if (!text_skip(&footer, T("\n")) || !text_until(&footer, T("\n"), &rule)) {
		return false;
	}
	z->has_rule = rule.len > 0;
	return !z->has_rule || zone_rule_parse(rule, &z->rule);
}

static bool read_tzif(struct zone *z, struct text t) {
	struct header h;
	int time_size = 4;

	if (!take_header(&t, &h)) {
		return false;
	}
	if (h.version >= '2') {
		t = text_cut(t, block_len(&h, 4), t.len);
		time_size = 8;
		if (!take_header(&t, &h)) {
			return false;
		}
	}
	size_t len = block_len(&h, (size_t)time_size);
	return t.len >= len && read_block(z, &h, t, time_size) &&
	       (time_size == 4 || read_footer(z, text_cut(t, len, t.len)));
}

static bool safe_name(struct text name) {
	if (name.len == 0 || name.len > 200 || *name.at == '/' || text_find(name, T("..")) != SIZE_MAX) {
		return false;
	}
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && (c == 0 || !strchr("_+-/.", c))) {
			return false;
		}
	}
	return true;
}

static bool read_database(struct zone *z, struct text name) {
	const char *folder = getenv("TZDIR");
	char path[1024];
	int n = snprintf(path, sizeof path, "%s/%.*s", folder ? folder : "/usr/share/zoneinfo", TEXT_ARG(name));
	FILE *file = n > 0 && n < (int)sizeof path ? fopen(path, "rbe") : NULL;

	if (!file) {
		return false;
	}
	char *bytes = must_alloc(MAX_FILE);
	size_t got = fread(bytes, 1, MAX_FILE, file);
	bool good = read_tzif(z, (struct text){bytes, got});
	free(bytes);
	fclose(file);
	return good;
}

/* "+02:00", "-0530", "+02". */
static bool fixed_offset(struct text t, int *seconds) {
	bool minus = text_starts(t, T("-"));
	int64_t hours, minutes = 0;

	if (!minus && !text_starts(t, T("+"))) {
		return false;
	}
	t = text_cut(t, 1, t.len);
	struct text rest = text_cut(t, 2, t.len);
	text_skip(&rest, T(":"));
	bool good = t.len >= 2 && text_to_i64(text_cut(t, 0, 2), &hours) && hours >= 0 && hours < 24 &&
	            (t.len == 2 || (rest.len == 2 && text_to_i64(rest, &minutes) && minutes >= 0 && minutes < 60));
	if (good) {
		*seconds = (int)(hours * 3600 + minutes * 60) * (minus ? -1 : 1);
	}
	return good;
}

struct zone *zone_new(struct text name, struct fault *why) {
	struct zone *z = must_calloc(1, sizeof *z);

	z->name = text_copy(name);
	if (text_eq(name, T("UTC")) || text_eq(name, T("Z")) || fixed_offset(name, &z->first_offset)) {
		return z;
	}
	if (safe_name(name) && read_database(z, name)) {
		return z;
	}
	zone_free(z);
	bool printable = safe_name(name);
	fault_set(why, ERROR_CONFIG, "no time zone '%.*s', expected a name such as Europe/Berlin or an offset such as +02:00",
	          printable ? (int)name.len : 1, printable ? name.at : "?");
	return NULL;
}

const char *zone_name(const struct zone *z) {
	return z->name;
}

void zone_free(struct zone *z) {
	if (z) {
		free(z->at);
		free(z->offsets);
		free(z->name);
		free(z);
	}
}

static int offset_at(const struct zone *z, int64_t seconds) {
	if (z->has_rule && (z->count == 0 || seconds >= z->at[z->count - 1])) {
		return zone_rule_offset(&z->rule, seconds);
	}
	size_t next = sorted_from(z->at, z->count, sizeof *z->at, 0, seconds + 1);
	return next == 0 ? z->first_offset : z->offsets[next - 1];
}

static int64_t whole_seconds(int64_t ns) {
	return ns / NS_PER_SECOND - (ns % NS_PER_SECOND < 0);
}

int zone_offset_s(const struct zone *z, int64_t ns) {
	return z ? offset_at(z, whole_seconds(ns)) : 0;
}

/* No zone is further from UTC than this, so that one of the two surrounding offsets is right. */
enum { FURTHEST_EAST = 15 * 3600, FURTHEST_WEST = 13 * 3600 };

static int civil_offset(const struct zone *z, int64_t local, bool *ambiguous) {
	int before = offset_at(z, local - FURTHEST_EAST);
	int after = offset_at(z, local + FURTHEST_WEST);
	bool before_holds = offset_at(z, local - before) == before;
	bool after_holds = offset_at(z, local - after) == after;

	*ambiguous = before != after && before_holds == after_holds;
	if (*ambiguous) {
		return before;
	}
	return before_holds ? before : after;
}

bool zone_to_instant(const struct zone *z, const struct civil *c, int64_t *ns, bool *ambiguous) {
	int64_t local;
	bool twice = false;

	if (!civil_to_instant(c, &local)) {
		return false;
	}
	int offset = z ? civil_offset(z, whole_seconds(local), &twice) : 0;
	if (ambiguous) {
		*ambiguous = twice;
	}
	return !__builtin_sub_overflow(local, offset * NS_PER_SECOND, ns);
}

static int64_t start_of(const struct zone *z, int64_t ns, bool month) {
	struct civil c;
	int64_t local, start = ns;

	if (__builtin_add_overflow(ns, zone_offset_s(z, ns) * NS_PER_SECOND, &local)) {
		return ns;
	}
	instant_to_civil(local, &c);
	struct civil midnight = {.year = c.year, .month = c.month, .day = month ? 1 : c.day};
	return zone_to_instant(z, &midnight, &start, NULL) ? start : ns;
}

int64_t zone_day_start(const struct zone *z, int64_t ns) {
	return start_of(z, ns, false);
}

int64_t zone_month_start(const struct zone *z, int64_t ns) {
	return start_of(z, ns, true);
}
