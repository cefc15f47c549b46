#include "ingest/document.h"

#include <stdlib.h>

#include "core/error.h"

/* Arrays with lines as elements, by the keys that lead to them; at the root any array is one. */
static const struct path {
	const char *outer, *inner;
	bool first; /* only if it is the first key: other objects with this key are not exports of logs */
} element_paths[] = {
	{"events", "", true},        /* CloudWatch: get-log-events, filter-log-events */
	{"resourceLogs", "", false}, /* OpenTelemetry */
	{"streams", "", false},      /* Loki's push format */
	{"hits", "hits", false},     /* Elasticsearch */
	{"data", "result", false},   /* Loki and Prometheus: query_range */
	{"resourceSpans", "", false},
	{"batches", "", false},      /* Tempo */
	{"trace", "resourceSpans", false},
	{"trace", "batches", false},
};

/* The same in a document that is too long to be held: of the APIs of gateways and vendors. */
static const struct path long_paths[] = {
	{"data", "", false}, {"records", "", false}, {"logEvents", "", false}, {"logs", "", false}, {"items", "", false}, {"value", "", false},
};

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r';
}

static void reset(struct document *d) {
	d->len = d->base = 0;
	d->depth = d->elements_at = 0;
	d->in_string = d->escaped = d->wants_key = d->too_long = d->cut = d->others = false;
	d->keys[0][0] = d->keys[1][0] = '\0';
}

void document_feed(struct document *d, struct text line) {
	d->is_yaml = d->begun ? d->is_yaml : text_eq(text_trim(line), T("---"));
	d->begun = true;
	d->yaml.max_bytes = d->max_bytes;
	d->rest = line;
	d->skips = d->skips && d->goes_on;
	d->goes_on = false;
}

void document_feed_part(struct document *d, struct text part) {
	document_feed(d, part);
	d->goes_on = true;
}

void document_release(struct document *d) {
	free(d->at);
	yaml_release(&d->yaml);
}

static enum document_status of_yaml(enum yaml_status status) {
	static const enum document_status as[] = {
	    [YAML_MORE] = DOCUMENT_MORE,
	    [YAML_ENTRY] = DOCUMENT_VALUE,
	    [YAML_TOO_LONG] = DOCUMENT_TOO_LONG,
	    [YAML_BROKEN] = DOCUMENT_BROKEN,
	};

	return as[status];
}

enum document_status document_end(struct document *d, struct text *out) {
	/* Within a value; but where elements are lines, an array that has no end yet has lost nothing. */
	bool unfinished = d->elements_at > 0 ? d->depth > d->elements_at : d->depth > 0 && !d->cut;

	if (d->is_yaml) {
		return of_yaml(yaml_end(&d->yaml, out));
	}
	return unfinished ? DOCUMENT_BROKEN : DOCUMENT_MORE;
}

static void put(struct document *d, struct text t) {
	if (d->too_long || t.len > d->max_bytes - (d->len - d->base)) {
		d->too_long = true;
		d->len = d->base;
		return;
	}
	if (d->len + t.len > d->room) {
		d->room = 2 * (d->len + t.len) + 4096;
		d->at = must_realloc(d->at, d->room);
	}
	memcpy(d->at + d->len, t.at, t.len);
	d->len += t.len;
}

/* Reads the inside of a string up to its quote or the end of the line. */
static void take_string(struct document *d) {
	struct text t = d->rest;
	size_t i = 0;

	while (i < t.len && (d->escaped || t.at[i] != '"')) {
		d->escaped = !d->escaped && t.at[i] == '\\';
		i++;
	}
	d->in_string = i == t.len;
	i += i < t.len;
	put(d, text_cut(t, 0, i));
	d->rest = text_cut(t, i, t.len);
}

/* Other members of CloudWatch's answers; longer keys are not kept. */
static bool goes_with_events(const char *key) {
	static const char *const keys[] = {"", "events", "nextToken", "nextForwardToken"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strcmp(key, keys[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* The string read last is a key of the outermost objects. */
static void take_key(struct document *d) {
	if (d->depth > 2 || d->too_long || d->len < d->string_at + 2) {
		return;
	}
	char *key = d->keys[d->depth - 1];
	size_t len = d->len - d->string_at - 2;
	len = len <= DOCUMENT_KEY_BYTES ? len : 0;
	memcpy(key, d->at + d->string_at + 1, len);
	key[len] = '\0';
	d->others = d->others || (d->depth == 1 && !goes_with_events(key));
}

static bool is_at(const struct document *d, const struct path *paths, size_t count) {
	for (size_t i = 0; i < count; i++) {
		const struct path *p = &paths[i];
		int depth = *p->inner ? 2 : 1;
		if (d->depth == depth && d->object[1] && d->object[depth] && strcmp(d->keys[0], p->outer) == 0 &&
		    (depth == 1 || strcmp(d->keys[1], p->inner) == 0) && (!p->first || !d->others)) {
			return true;
		}
	}
	return false;
}

/* Does an array begin here that has lines as elements? */
static bool has_lines(const struct document *d) {
	if (d->elements_at > 0 || d->depth > 2) {
		return false;
	}
	return d->depth == 0 || is_at(d, element_paths, sizeof element_paths / sizeof *element_paths) ||
	       (d->is_long && is_at(d, long_paths, sizeof long_paths / sizeof *long_paths));
}

static bool open(struct document *d, char c) {
	bool lines = c == '[' && has_lines(d);

	if (d->depth == DOCUMENT_DEPTH_MAX) {
		return false;
	}
	d->object[++d->depth] = c == '{';
	d->wants_key = c == '{';
	put(d, (struct text){&c, 1});
	if (lines) {
		d->elements_at = d->depth;
		d->cut = true;
		d->base = d->len;
	}
	return true;
}

/* True if a value is complete. */
static bool close(struct document *d, char c) {
	bool element = d->elements_at > 0 && d->depth == d->elements_at + 1;

	put(d, (struct text){&c, 1});
	if (d->depth == d->elements_at) {
		d->elements_at = 0;
		d->base = 0;
	}
	d->depth--;
	d->wants_key = false;
	return element || d->depth == 0;
}

enum step { STEP_ON, STEP_WHOLE, STEP_BROKEN };

static enum step take_mark(struct document *d, char c) {
	bool in_object = d->depth > 0 && d->object[d->depth];

	if (c == '}' || c == ']') {
		return d->depth == 0 || in_object != (c == '}') ? STEP_BROKEN : close(d, c) ? STEP_WHOLE : STEP_ON;
	}
	if (d->wants_key) {
		return STEP_BROKEN;
	}
	if (c == '{' || c == '[') {
		return open(d, c) ? STEP_ON : STEP_BROKEN;
	}
	if (c == ':') {
		take_key(d);
	}
	/* Commas between elements that are lines are skipped. One that is no object is a line of its own. */
	if (c == ',' && d->depth == d->elements_at) {
		return d->len > d->base ? STEP_WHOLE : STEP_ON;
	}
	d->wants_key = c == ',' && in_object;
	put(d, (struct text){&c, 1});
	return STEP_ON;
}

static enum step take_byte(struct document *d) {
	char c = *d->rest.at;

	d->rest = text_cut(d->rest, 1, d->rest.len);
	if (is_blank(c)) {
		return STEP_ON;
	}
	if (c == '"') {
		d->string_at = d->len;
		d->wants_key = false;
		put(d, (struct text){&c, 1});
		d->in_string = true;
		return STEP_ON;
	}
	return take_mark(d, c);
}

/* A complete value: what encloses elements is kept, and is not a line itself. */
static enum document_status hand_out(struct document *d, struct text *out) {
	bool too_long = d->too_long, remains = d->depth == 0 && d->cut;

	*out = (struct text){d->at + d->base, d->len - d->base};
	d->len = d->base;
	d->too_long = false;
	if (d->depth == 0) {
		d->wholes++;
		reset(d);
	}
	return remains ? DOCUMENT_MORE : too_long ? DOCUMENT_TOO_LONG : DOCUMENT_VALUE;
}

/* Text outside of any value is a line as it is, without separators of values. */
static enum document_status take_outside(struct document *d, struct text *out) {
	struct text t = text_trim(d->rest);

	*out = d->rest;
	d->rest = text_cut(d->rest, d->rest.len, d->rest.len);
	if (d->goes_on || d->skips) {
		bool first = !d->skips;
		d->skips = d->goes_on;
		return first ? DOCUMENT_TOO_LONG : DOCUMENT_MORE;
	}
	return t.len == 0 || text_eq(t, T(",")) || text_eq(t, T("]")) ? DOCUMENT_MORE : DOCUMENT_VALUE;
}

static enum document_status next_of_yaml(struct document *d, struct text *out) {
	struct text line = d->rest;

	d->rest = T("");
	return line.len > 0 ? of_yaml(yaml_line(&d->yaml, line, out)) : DOCUMENT_MORE;
}

enum document_status document_next(struct document *d, struct text *out) {
	if (d->is_yaml) {
		return next_of_yaml(d, out);
	}
	while (d->rest.len > 0) {
		while (!d->in_string && d->rest.len > 0 && is_blank(*d->rest.at)) {
			d->rest = text_cut(d->rest, 1, d->rest.len);
		}
		if (d->depth == 0 && d->rest.len > 0 && d->skips) {
			return take_outside(d, out);
		}
		if (d->depth == 0 && d->rest.len > 0 && *d->rest.at != '{' && *d->rest.at != '[') {
			return take_outside(d, out);
		}
		enum step step = STEP_ON;
		if (d->in_string) {
			take_string(d);
		} else if (d->rest.len > 0) {
			step = take_byte(d);
		}
		if (step == STEP_BROKEN || (d->in_string && d->rest.len == 0 && !d->goes_on)) {
			reset(d);
			d->rest = text_cut(d->rest, d->rest.len, d->rest.len);
			d->skips = d->goes_on;
			return DOCUMENT_BROKEN;
		}
		if (step == STEP_WHOLE) {
			enum document_status status = hand_out(d, out);
			if (status != DOCUMENT_MORE) {
				return status;
			}
		}
	}
	return DOCUMENT_MORE;
}

/* "[10/05/2026-06:00:01] [TRT-LLM]" begins with a bracket, too. */
static bool begins_value(struct text t) {
	bool object = text_starts(t, T("{"));

	if (!object && !text_starts(t, T("["))) {
		return false;
	}
	t = text_cut(t, 1, t.len);
	text_skip_blanks(&t);
	return t.len == 0 || memchr(object ? "\"}\r\n" : "{[]\r\n", *t.at, object ? 4 : 5);
}

/* The last line may be incomplete: it is used only if it is the first. */
static bool take_line(struct text *rest, struct text *line) {
	if (text_until(rest, T("\n"), line)) {
		return true;
	}
	*line = *rest;
	*rest = text_cut(*rest, rest->len, rest->len);
	return line->len > 0;
}

static struct text without_empty_lines(struct text head) {
	while (head.len > 0 && (*head.at == '\n' || is_blank(*head.at))) {
		head = text_cut(head, 1, head.len);
	}
	return head;
}

/* An array of objects, except those in which CloudWatch Logs Insights writes the fields of one line. */
static bool is_array_of_objects(struct text t) {
	text_skip_blanks(&t);
	if (!text_skip(&t, T("["))) {
		return false;
	}
	text_skip_blanks(&t);
	return text_starts(t, T("{")) && !text_starts(t, T("{\"field\""));
}

/* Answers that were appended without a newline between them, lines that each end with a comma, or arrays. */
static bool holds_several(const struct document *d, struct text line) {
	return d->wholes > 1 || (d->wholes == 1 && (text_ends(text_trim(line), T("},")) || is_array_of_objects(line)));
}

bool document_is_long(struct text head) {
	head = without_empty_lines(head);
	return head.len >= DOCUMENT_PART_BYTES && begins_value(head) && text_find_byte(head, '\n') == SIZE_MAX;
}

/*
 * An object in one line, where the line before left something open that cannot go on with it: that one is cut off, as by a server that
 * was killed, and no document.
 */
static bool follows_cut(const struct document *d, struct text line, struct text rest) {
	struct document alone = {.max_bytes = SIZE_MAX};
	struct text out, t = text_trim(line);

	/* In an array that has no lines as elements, a comma would separate it from the next one. */
	if (d->depth == d->elements_at || !text_starts(t, T("{\"")) || (!d->object[d->depth] && !text_starts(rest, T("{")))) {
		return false;
	}
	document_feed(&alone, t);
	bool whole = document_next(&alone, &out) == DOCUMENT_VALUE && alone.rest.len == 0;
	document_release(&alone);
	return whole;
}

bool document_bids(struct text head) {
	struct document d = {.max_bytes = SIZE_MAX};
	struct text out, line, rest = without_empty_lines(head);
	bool over = false, fine = true, is_long = document_is_long(head);

	if (!begins_value(rest)) {
		return yaml_bids(rest);
	}
	for (int i = 0; i < 2 && fine && take_line(&rest, &line); i++) {
		enum document_status status;
		if (i > 0 && follows_cut(&d, line, rest)) {
			fine = over = false;
			break;
		}
		document_feed(&d, line);
		d.goes_on = is_long || (rest.len == 0 && is_array_of_objects(line) && !text_ends(line, T("]")));
		while ((status = document_next(&d, &out)) == DOCUMENT_VALUE) {
		}
		if (status == DOCUMENT_MORE && i == 0 && holds_several(&d, line)) {
			over = true;
			break;
		}
		fine = status == DOCUMENT_MORE && (i > 0 || d.depth > 0);
		over = fine;
	}
	document_release(&d);
	return over;
}
