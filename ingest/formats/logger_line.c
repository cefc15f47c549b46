#include "ingest/formats/logger_line.h"

#include "core/instant.h"

/* No name of a logger or thread in front of the level is longer. */
#define HEADER_MAX ((size_t)160)

static bool is_word_byte(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* Characters of names, numbers and separators; not the quotes, braces and commas of messages. */
static bool is_header_byte(char c) {
	return is_word_byte(c) || (c != '\0' && strchr(" -|[]:/<>\t", c));
}

static bool is_level(struct text word) {
	static const struct text levels[] = {{"INFO", 4}, {"DEBUG", 5}, {"WARNING", 7}, {"WARN", 4}, {"ERROR", 5}};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		if (text_eq_nocase(word, levels[i])) {
			return true;
		}
	}
	return false;
}

/* Moves past the first level. */
static bool take_level(struct text *t) {
	size_t i = 0;

	while (i < t->len && i < HEADER_MAX && is_header_byte(t->at[i])) {
		size_t begin = i;
		while (i < t->len && is_word_byte(t->at[i])) {
			i++;
		}
		if (is_level(text_cut(*t, begin, i))) {
			*t = text_cut(*t, i, t->len);
			return true;
		}
		i += i == begin;
	}
	return false;
}

static void skip_separators(struct text *t) {
	while (t->len > 0 && strchr(" |-:]\t", *t->at)) {
		*t = text_cut(*t, 1, t->len);
	}
}

/* "vllm.v1.metrics.loggers:log:271 - ", "[loggers.py:271] ": names after the level. */
static bool skip_name(struct text *t) {
	static const struct text ends[] = {{" - ", 3}, {": ", 2}, {"] ", 2}, {" | ", 3}};
	struct text rest = *t;

	text_skip(&rest, T("["));
	size_t len = 0;
	while (len < rest.len && len < HEADER_MAX && (is_word_byte(rest.at[len]) || strchr("/:<>-", rest.at[len]))) {
		len++;
	}
	len -= len > 0 && rest.at[len - 1] == ':';
	struct text behind = text_cut(rest, len, rest.len), module = text_cut(rest, 0, len), before;
	/* "vllm.v1.metrics.loggers:Engine 000": a module without a space after its colon */
	if (text_until(&module, T(":"), &before) && text_find_byte(before, '.') != SIZE_MAX && module.len > 0 && *module.at >= 'A' &&
	    *module.at <= 'Z') {
		*t = text_cut(rest, before.len + 1, rest.len);
		return true;
	}
	for (size_t i = 0; i < sizeof ends / sizeof *ends && len > 0; i++) {
		if (text_skip(&behind, ends[i])) {
			*t = behind;
			return true;
		}
	}
	return false;
}

bool logger_line(struct text line, struct text *stamp, struct text *message) {
	struct text t = line;
	bool bracket = text_skip(&t, T("[")), zone_given;
	struct text date = t;
	int64_t ns;

	if (t.len < 20 || t.at[4] != '-' || !instant_take(&t, &ns, &zone_given)) {
		return false;
	}
	date.len -= t.len;
	if ((bracket && !text_starts(t, T("]")) && !text_starts(t, T(":"))) || !take_level(&t)) {
		return false;
	}
	do {
		skip_separators(&t);
	} while (skip_name(&t));
	*stamp = date;
	*message = t;
	return true;
}

#define PID_BITS 22 /* as in Linux */

int64_t actor_process(struct text label) {
	struct text name;
	int64_t pid, host = 0, part;

	if (!text_until(&label, T(" pid="), &name) || text_find(name, T("Worker")) != SIZE_MAX || !text_take_i64(&label, &pid) || pid <= 0 ||
	    pid >> PID_BITS != 0) {
		return 0;
	}
	for (bool more = text_skip(&label, T(", ip=")); more && text_take_i64(&label, &part); more = text_skip(&label, T("."))) {
		host = host * 256 + (part & 255);
	}
	return (host & UINT32_MAX) << PID_BITS | pid;
}

int64_t actor_pid(int64_t process) {
	return process & ((INT64_C(1) << PID_BITS) - 1);
}
