/* zones.c: logs whose timestamps without a zone were read in two zones, as the setting changed between nights. */
#include <stdio.h>
#include <stdlib.h>

#include "book/book.h"
#include "core/sorted.h"
#include "ingest/ingest.h"

static bool has_zone(struct text zones, struct text zone) {
	for (size_t end; zones.len > 0; zones = text_cut(zones, end + 2, zones.len)) {
		size_t comma = text_find(zones, T(", "));
		end = comma == SIZE_MAX ? zones.len : comma;
		if (text_eq(text_cut(zones, 0, end), zone)) {
			return true;
		}
	}
	return zone.len == 0;
}

char *zones_add(const char *zones, const char *zone) {
	const char *was = zones ? zones : "";
	size_t len = strlen(was) + strlen(zone) + 3;
	char *all = must_alloc(len);
	bool there = has_zone(text_of(was), text_of(zone));

	snprintf(all, len, "%s%s%s", was, there || was[0] == '\0' ? "" : ", ", there ? "" : zone);
	return all;
}

struct zoned {
	char *kind, *path, *zone; /* kind: the server's name and the file's without digits, as of logs that are rotated by date */
};

struct zoned_logs {
	struct zoned *at;
	size_t count;
	char *first;  /* zone */
	bool several; /* not all are in it */
};

/* Without digits, a packed file's suffix, and the points that are left at the end. */
static char *kind_of(const char *named, struct text path) {
	struct text file = text_base(path);
	size_t len = strlen(named) + 1;
	char *out = must_alloc(len + file.len + 1);

	file.len -= text_ends(file, T(".gz")) ? 3 : text_ends(file, T(".zst")) ? 4 : 0;
	snprintf(out, len + 1, "%s/", named);
	for (size_t i = 0; i < file.len; i++) {
		if (file.at[i] < '0' || file.at[i] > '9') {
			out[len++] = file.at[i];
		}
	}
	while (out[len - 1] == '.' || out[len - 1] == '-') {
		len--;
	}
	out[len] = '\0';
	return out;
}

/* Nearly always all logs are in one zone: then none is kept. */
static int look_at(void *logs, const struct ledger_source *s) {
	struct zoned_logs *l = logs;

	if (s->zone[0] != '\0') {
		l->first = l->first ? l->first : must_copy(s->zone);
		l->several |= strcmp(s->zone, l->first) != 0 || text_find(text_of(s->zone), T(", ")) != SIZE_MAX;
	}
	return 0;
}

static int add_log(void *logs, const struct ledger_source *s) {
	struct zoned_logs *l = logs;

	if (s->zone[0] != '\0') {
		l->at = must_grow_by_count(l->at, l->count, sizeof *l->at);
		l->at[l->count++] = (struct zoned){kind_of(s->named, text_of(s->path)), must_copy(s->path), must_copy(s->zone)};
	}
	return 0;
}

static int by_kind(const void *a, const void *b) {
	const struct zoned *x = a, *y = b;
	int order = strcmp(x->kind, y->kind);

	order = order != 0 ? order : strcmp(x->path, y->path);
	return order != 0 ? order : strcmp(x->zone, y->zone);
}

static bool is_assumed(const char *zone) {
	return strcmp(zone, ZONE_ASSUMED) == 0;
}

/* UTC as a setting, and UTC because there is none, are one. */
static const char *plain(const char *zone) {
	return is_assumed(zone) || strcmp(zone, "Z") == 0 || strcmp(zone, "Etc/UTC") == 0 ? "UTC" : zone;
}

/* Two logs of one path, in two zones; or two of one kind, of which one was read without the setting. */
static bool differ(const struct zoned *a, const struct zoned *b) {
	return strcmp(a->kind, b->kind) == 0 && strcmp(plain(a->zone), plain(b->zone)) != 0 &&
	       (strcmp(a->path, b->path) == 0 || is_assumed(a->zone) != is_assumed(b->zone));
}

static void find_differing(struct quality *q, const struct zoned *log, const char *a, const char *b) {
	quality_finding(q, "clock", log->path, "--forget", QUALITY_NO_AMOUNT,
	                "%s: its timestamps have no zone, and were read as those of %s%s%s, as the setting log_zone changed: take it out with "
	                "'tollbook ingest --forget', and the next night reads it in the present zone", log->path, a, b[0] ? " and " : "", b);
}

static void find_in_log(struct quality *q, const struct zoned *log) {
	char first[64], second[64];
	struct text zone = text_of(log->zone);
	size_t comma = text_find(zone, T(", "));

	if (comma != SIZE_MAX) {
		snprintf(first, sizeof first, "%.*s", TEXT_ARG(text_cut(zone, 0, comma)));
		snprintf(second, sizeof second, "%.*s", TEXT_ARG(text_cut(zone, comma + 2, zone.len)));
		if (strcmp(plain(first), plain(second)) != 0) {
			find_differing(q, log, plain(first), plain(second));
		}
	}
}

int book_find_zones(struct book *b, struct quality *q, struct fault *why) {
	struct zoned_logs l = {0};
	int rc = ledger_source_names(b->ledger, look_at, &l, why);

	rc = rc < 0 || !l.several ? rc : ledger_source_names(b->ledger, add_log, &l, why);
	sort_items(l.at, l.count, sizeof *l.at, by_kind);
	for (size_t i = 0; i < l.count; i++) {
		find_in_log(q, &l.at[i]);
		for (size_t k = i + 1; k < l.count && strcmp(l.at[k].kind, l.at[i].kind) == 0; k++) {
			if (differ(&l.at[i], &l.at[k])) {
				const struct zoned *wrong = is_assumed(l.at[k].zone) ? &l.at[k] : &l.at[i];
				find_differing(q, wrong, plain(l.at[i].zone), plain(l.at[k].zone));
				break;
			}
		}
	}
	for (size_t i = 0; i < l.count; i++) {
		free(l.at[i].kind);
		free(l.at[i].path);
		free(l.at[i].zone);
	}
	free(l.at);
	free(l.first);
	return rc < 0 ? rc : 0;
}
