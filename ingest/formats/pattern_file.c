/* pattern_file.c: reads a file of patterns; see pattern.h for its syntax. */
#include <stdlib.h>

#include "core/exact.h"
#include "core/files/files.h"
#include "ingest/formats/pattern_file.h"

#define FILE_BYTES_MAX ((size_t)1024 * 1024)

/* The position, for messages. */
struct reading {
	struct ingest_patterns *patterns;
	const char *name;
	int line;
	const char *line_at;
	struct fault *why;
};

/* "file:line:column: what" for a position within the line. */
static int wrong(struct reading *r, const char *at, const char *what) {
	return fault_set(r->why, ERROR_CONFIG, "%s:%d:%d: %s", r->name, r->line, (int)(at - r->line_at) + 1, what);
}

static struct text take_word(struct text *t) {
	size_t n = 0;

	text_skip_blanks(t);
	while (n < t->len && t->at[n] != ' ' && t->at[n] != '\t' && t->at[n] != '=') {
		n++;
	}
	struct text word = text_cut(*t, 0, n);
	*t = text_cut(*t, n, t->len);
	return word;
}

static const struct kind *kind_named(struct text word) {
	static const struct text names[NATIVE_KINDS] = {{"step", 4}, {"request", 7}, {"window", 6}, {"power", 5}};

	for (size_t i = 0; i < NATIVE_KINDS; i++) {
		if (text_eq(names[i], word)) {
			return &native_kinds[i];
		}
	}
	return NULL;
}

/* Is the character at `at` a literal? Moves past it; *c is the character. */
static bool plain(struct text t, size_t *at, char *c) {
	*c = t.at[*at];
	if (*c == '\\') {
		(*at)++;
		*c = *at < t.len ? t.at[*at] : 'd';
		(*at)++;
		return !((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9'));
	}
	(*at)++;
	return !memchr("^$.[]()|?*+{}", *c, 13);
}

/* Skips a group or a class, whatever it contains. */
static size_t skip_bracket(struct text t, size_t at) {
	int depth = 0;

	while (at < t.len) {
		char c = t.at[at++];
		if (c == '\\') {
			at++;
		} else if (c == '[') {
			at += at < t.len && t.at[at] == '^' ? 1 : 0;
			at += at < t.len && t.at[at] == ']' ? 1 : 0;
			while (at < t.len && t.at[at] != ']') {
				at += t.at[at] == '\\' ? 2 : 1;
			}
			at++;
		} else if (c == '(') {
			depth++;
		} else if (c == ')') {
			depth--;
		}
		if (depth == 0) {
			break;
		}
	}
	return at;
}

/*
 * The longest run of plain characters outside of groups: a line without it cannot match. None if a choice or an
 * option of the pattern could change the meaning.
 */
static struct text longest_literal(struct text t, char *buffer) {
	struct text best = {buffer, 0};
	size_t at = 0, run = 0;
	char *current = buffer + t.len;

	if (text_find_byte(t, '|') != SIZE_MAX || text_find(t, T("\\Q")) != SIZE_MAX || text_find(t, T("(*")) != SIZE_MAX) {
		return best;
	}
	while (at < t.len) {
		char c;
		if (t.at[at] == '(' && at + 2 < t.len && t.at[at + 1] == '?' && !memchr("<P'=!:", t.at[at + 2], 6)) {
			return (struct text){buffer, 0}; /* (?i) and similar options change what follows */
		}
		if (t.at[at] == '(' || t.at[at] == '[') {
			at = skip_bracket(t, at);
			run = 0;
			continue;
		}
		bool stands = plain(t, &at, &c);
		bool counted = at < t.len && memchr("?*{", t.at[at], 3);
		if (!stands || counted) {
			run = 0;
			continue;
		}
		current[run++] = c;
		if (run > best.len) {
			memcpy(buffer, current, run);
			best.len = run;
		}
		run = at < t.len && t.at[at] == '+' ? 0 : run;
	}
	return best;
}

static int bind(struct reading *r, struct pattern *p, struct text name, uint32_t group, const char *at) {
	struct binding b = {.name = name, .group = group, .field = native_field(p->kind, name)};

	b.is_elapsed = text_eq(name, T("elapsed"));
	if (b.field && b.field->type == FIELD_SCHEMA) {
		b.field = NULL;
	}
	if (!b.field && !b.is_elapsed && !text_eq(name, T("time"))) {
		return wrong(r, at, "no such key of this kind of record, expected one of the native keys, time or elapsed");
	}
	if (p->binding_count == GROUPS_MAX) {
		return wrong(r, at, "too many groups");
	}
	p->bindings[p->binding_count++] = b;
	return 0;
}

/* The position of a group's name in its pattern. */
static const char *name_at(struct text source, struct text name) {
	for (size_t i = 0; i + name.len < source.len; i++) {
		if ((source.at[i] == '<' || source.at[i] == '\'') && text_starts(text_cut(source, i + 1, source.len), name)) {
			return source.at + i + 1;
		}
	}
	return source.at;
}

static int bind_groups(struct reading *r, struct pattern *p, struct text source) {
	uint32_t count, size;
	PCRE2_SPTR table;
	int rc = 0;

	pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &table);
	if (count == 0) {
		return wrong(r, source.at, "no named group, expected for example (?<prompt_tokens>\\d+)");
	}
	for (uint32_t i = 0; i < count && rc == 0; i++) {
		const unsigned char *entry = table + i * size;
		struct text name = text_of((const char *)entry + 2); /* valid as long as the code */
		rc = bind(r, p, name, (uint32_t)entry[0] << 8 | entry[1], name_at(source, name));
	}
	return rc;
}

static int take_pattern(struct reading *r, const struct kind *kind, struct text source) {
	struct ingest_patterns *all = r->patterns;
	PCRE2_UCHAR message[200];
	int code;
	size_t offset;

	all->at = must_realloc(all->at, (all->count + 1) * sizeof *all->at);
	struct pattern *p = &all->at[all->count++];
	*p = (struct pattern){.kind = kind};
	p->code = pcre2_compile((PCRE2_SPTR)source.at, source.len, PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &offset, NULL);
	if (code == PCRE2_ERROR_HEAP_FAILED && !p->code) {
		die_out_of_memory();
	}
	if (!p->code) {
		pcre2_get_error_message(code, message, sizeof message);
		return wrong(r, source.at + (offset < source.len ? offset : source.len), (const char *)message);
	}
	pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* without JIT it works as well */
	p->literal_bytes = must_alloc(2 * source.len + 1);
	p->literal = longest_literal(source, p->literal_bytes);
	return bind_groups(r, p, source);
}

static int64_t unit_named(struct text t) {
	static const struct {
		struct text name;
		int64_t ns;
	} units[] = {{{"ns", 2}, 1},
	             {{"us", 2}, 1000},
	             {{"ms", 2}, 1000000},
	             {{"s", 1}, NS_PER_SECOND},
	             {{"m", 1}, 60 * NS_PER_SECOND},
	             {{"h", 1}, NS_PER_HOUR}};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (text_eq(units[i].name, t)) {
			return units[i].ns;
		}
	}
	return 0;
}

static bool takes_unit(const struct binding *b) {
	return !b->field || b->field->type == FIELD_INSTANT || text_ends(b->field->key, T("_ns"));
}

/* "unit elapsed = ms" */
static int take_unit(struct reading *r, struct pattern *p, struct text name, struct text value) {
	int64_t ns = unit_named(value);

	if (ns == 0) {
		return wrong(r, value.at, "unknown unit, expected ns, us, ms, s, m or h");
	}
	for (size_t i = 0; i < p->binding_count; i++) {
		if (text_eq(p->bindings[i].name, name) && takes_unit(&p->bindings[i])) {
			p->bindings[i].unit_ns = ns;
			return 0;
		}
	}
	return wrong(r, name.at, "no group of that name that has a unit in the pattern above");
}

/* "set model = x" */
static int take_constant(struct reading *r, struct pattern *p, struct text name, struct text value) {
	struct record scratch;
	int rc = bind(r, p, name, 0, name.at);

	if (rc < 0) {
		return rc;
	}
	struct binding *b = &p->bindings[p->binding_count - 1];
	b->value = value;
	native_defaults(&scratch, p->kind->kind);
	if (!b->field || native_set(&scratch, b->field, value)) {
		return wrong(r, value.at, "not a value of this key");
	}
	return 0;
}

static int take_line(struct reading *r, struct text line) {
	struct text t = line, word = take_word(&t);
	const struct kind *kind = kind_named(word);
	bool is_unit = text_eq(word, T("unit")), is_set = text_eq(word, T("set"));

	if (word.len == 0 || word.at[0] == '#') {
		return 0;
	}
	text_skip_blanks(&t);
	if (kind) {
		return t.len > 0 ? take_pattern(r, kind, t) : wrong(r, t.at, "no pattern, expected one to the line's end");
	}
	if (!is_unit && !is_set) {
		return wrong(r, word.at, "unknown word, expected step, request, window, power, unit or set");
	}
	if (r->patterns->count == 0) {
		return wrong(r, word.at, "no pattern above that this could belong to");
	}
	struct pattern *last = &r->patterns->at[r->patterns->count - 1];
	struct text name = take_word(&t);
	text_skip_blanks(&t);
	if (name.len == 0 || !text_skip(&t, T("="))) {
		return wrong(r, t.at, "expected NAME = VALUE");
	}
	struct text value = text_trim(t);
	value.at = value.len > 0 ? value.at : t.at;
	return is_unit ? take_unit(r, last, name, value) : take_constant(r, last, name, value);
}

int patterns_parse(struct ingest_patterns **out, const char *name, struct text bytes, struct fault *why) {
	struct ingest_patterns *p = must_calloc(1, sizeof *p);
	struct reading r = {.patterns = p, .name = name, .why = why};
	int rc = 0;

	p->bytes = must_alloc(bytes.len + 1);
	if (bytes.len > 0) {
		memcpy(p->bytes, bytes.at, bytes.len);
	}
	p->bytes[bytes.len] = '\0';
	struct text rest = {p->bytes, bytes.len};
	while (rest.len > 0 && rc == 0) {
		struct text line;
		if (!text_until(&rest, T("\n"), &line)) {
			line = rest;
			rest.len = 0;
		}
		r.line++;
		r.line_at = line.at;
		line.len -= text_ends(line, T("\r")) ? 1 : 0;
		rc = take_line(&r, line);
	}
	if (rc == 0 && p->count == 0) {
		rc = fault_set(why, ERROR_CONFIG, "%s:1:1: no pattern in it", name);
	}
	if (rc < 0) {
		ingest_patterns_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

int ingest_patterns_read(struct ingest_patterns **out, const char *path, struct fault *why) {
	struct text bytes;
	int rc = file_read(path, FILE_BYTES_MAX, &bytes, why);

	if (rc < 0) {
		return rc;
	}
	rc = patterns_parse(out, path, bytes, why);
	free((char *)(uintptr_t)bytes.at);
	return rc;
}

void ingest_patterns_free(struct ingest_patterns *p) {
	if (!p) {
		return;
	}
	for (size_t i = 0; i < p->count; i++) {
		pcre2_code_free(p->at[i].code);
		free(p->at[i].literal_bytes);
	}
	free(p->at);
	free(p->bytes);
	free(p);
}
