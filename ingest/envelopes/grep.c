/* grep.c: prefixes of grep -H and -n. */
#include "ingest/envelopes/peeling.h"
#include "ingest/naming.h"

/* Longer ones are no path. */
#define PATH_BYTES 256

/* Without what cannot be part of such a path: "INFO 10-05 06", "{"time"", "[10/05/2026-06" */
static bool is_plain_path(struct text t) {
	for (size_t i = 0; i < t.len; i++) {
		if (strchr(" \t\"'[({=,<", t.at[i])) {
			return false;
		}
	}
	return t.len > 0;
}

/* ".log", ".log.1", ".log-20261005", not ".log-2026-10-05T06" */
static bool is_log_path(struct text t) {
	size_t at = text_find(t, T(".log"));

	if (at == SIZE_MAX) {
		return text_ends(t, T(".txt")) || text_ends(t, T(".out")) || text_ends(t, T(".err"));
	}
	for (at += 4; at < t.len && strchr("0123456789-_.gz", t.at[at]); at++) {
	}
	return at == t.len;
}

/* The path in front of a colon, and what follows. Without ".log" only one with a folder is taken. */
static bool take_path(struct text *t, struct text *path, bool *is_log) {
	size_t colon = text_find_byte(text_cut(*t, 0, PATH_BYTES), ':');

	*path = text_cut(*t, 0, colon == SIZE_MAX ? 0 : colon);
	*is_log = is_log_path(*path);
	if (!is_plain_path(*path) || (!*is_log && text_find_byte(*path, '/') == SIZE_MAX)) {
		return false;
	}
	*t = text_cut(*t, colon + 1, t->len);
	return true;
}

/* The same in front of a dash: of lines beside those that match. */
static bool take_path_beside(struct text *t, struct text *path) {
	size_t at = text_find(text_cut(*t, 0, PATH_BYTES), T(".log"));

	if (at == SIZE_MAX || !is_plain_path(text_cut(*t, 0, at))) {
		return false;
	}
	for (at += 4; at + 1 < t->len && t->at[at] == '.' && text_is_digit(t->at[at + 1]); at += 2) { /* the number of a rotation */
	}
	*path = text_cut(*t, 0, at);
	*t = text_cut(*t, at, t->len);
	return text_skip(t, T("-"));
}

/* "12:" before a line */
static bool take_number(struct text *t, struct text mark) {
	struct text rest = *t;
	int64_t line;

	if (!text_take_i64(&rest, &line) || line <= 0 || !text_skip(&rest, mark)) {
		return false;
	}
	*t = rest;
	return true;
}

bool strip_grep(struct peeling *p) {
	struct text t = p->text, path = {0}, rest;
	bool is_log = false, beside = false;

	if (t.len > 0 && text_is_digit(t.at[0]) && take_number(&t, T(":")) && opens_line(t)) {
		p->text = t;
		return true;
	}
	t = p->text;
	if (!take_path(&t, &path, &is_log)) {
		beside = take_path_beside(&t, &path);
		if (!beside) {
			return false;
		}
	}
	rest = t;
	/* A file and a number leave no doubt; either of them may be part of a line. */
	if (take_number(&rest, beside ? T("-") : T(":")) && ((is_log && !beside) || opens_line(rest))) {
		t = rest;
	} else {
		text_skip(&t, T(" "));
		if (!opens_line(t)) {
			return false;
		}
	}
	naming_from_path(path, &p->origin);
	if (p->origin.part[ORIGIN_POD].len == 0) {
		origin_set(&p->origin, ORIGIN_CONTAINER, path);
	}
	p->text = t;
	return true;
}
