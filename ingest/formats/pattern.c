/* pattern.c: lines that a user's patterns match, as records. */
#include "ingest/formats/pattern.h"

#include <stdlib.h>

#include "core/exact.h"
#include "ingest/formats/fields.h"
#include "ingest/formats/pattern_file.h"

/* A pattern that needs more steps than this on one line is aborted: on some lines it would never end. */
#define MATCH_LIMIT 200000
#define DEPTH_LIMIT 2000
#define HEAP_LIMIT_KIB 20000

struct matcher {
	const struct ingest_patterns *patterns;
	pcre2_match_data *data;
	pcre2_match_context *context;
};

struct matcher *matcher_new(const struct ingest_patterns *p) {
	struct matcher *m = must_calloc(1, sizeof *m);

	m->patterns = p;
	m->data = pcre2_match_data_create(100, NULL);
	m->context = pcre2_match_context_create(NULL);
	if (!m->data || !m->context) {
		die_out_of_memory();
	}
	pcre2_set_match_limit(m->context, MATCH_LIMIT);
	pcre2_set_depth_limit(m->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(m->context, HEAP_LIMIT_KIB);
	return m;
}

void matcher_free(struct matcher *m) {
	if (!m) {
		return;
	}
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->context);
	free(m);
}

/* 1: it matches; 0: it does not; negative: aborted. */
static int match(struct matcher *m, const struct pattern *p, struct text line) {
	if (p->literal.len > 0 && text_find(line, p->literal) == SIZE_MAX) {
		return 0;
	}
	int rc = pcre2_match(p->code, (PCRE2_SPTR)(line.len > 0 ? line.at : ""), line.len, 0, 0, m->data, m->context);
	if (rc == PCRE2_ERROR_NOMEMORY) {
		die_out_of_memory(); /* an error of the system; a pattern that needs too much has another code */
	}
	return rc == PCRE2_ERROR_NOMATCH ? 0 : rc < 0 ? -1 : 1;
}

bool matcher_bids(struct matcher *m, const struct text *lines, size_t count) {
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < m->patterns->count; k++) {
			if (match(m, &m->patterns->at[k], lines[i]) == 1) {
				return true;
			}
		}
	}
	return false;
}

/* The content of a group; empty if it did not match. */
static struct text group_text(const struct matcher *m, const struct binding *b, struct text line) {
	const size_t *ovector = pcre2_get_ovector_pointer(m->data);
	uint32_t count = pcre2_get_ovector_count(m->data);

	if (b->group == 0) {
		return b->value;
	}
	if (b->group >= count || ovector[2 * b->group] == PCRE2_UNSET || ovector[2 * b->group] > ovector[2 * b->group + 1]) {
		return T("");
	}
	return text_cut(line, ovector[2 * b->group], ovector[2 * b->group + 1]);
}

/* "61.37" of a unit, in ns, rounded to the nearest. */
static bool scaled(struct text t, int64_t unit_ns, int64_t *ns) {
	int64_t value;

	if (unit_ns == 1 || unit_ns == 1000 || unit_ns == 1000000 || unit_ns == NS_PER_SECOND) {
		return number_scaled(t, unit_ns == 1 ? 0 : unit_ns == 1000 ? 3 : unit_ns == 1000000 ? 6 : 9, ns);
	}
	return number_scaled(t, 9, &value) && exact_mul_div(value, unit_ns, NS_PER_SECOND, ns);
}

/* A number of units, or a civil time, with or without zone and year. */
static bool take_instant(struct parser *p, struct text t, int64_t unit_ns, int64_t *ns) {
	if (scaled(t, unit_ns, ns)) {
		return true;
	}
	return (stamp_take_local(&p->stamps, &t, ns) || stamp_take_month_day(&p->stamps, &t, ns)) && t.len == 0;
}

/* The two groups that are not keys. */
struct when {
	int64_t time_ns, elapsed_ns;
};

static const char *take_binding(struct parser *p, const struct binding *b, struct text t, struct record *out,
                                struct when *when) {
	int64_t ns;

	if (t.len == 0) {
		return NULL;
	}
	if (!b->field) {
		int64_t unit = b->unit_ns > 0 ? b->unit_ns : NS_PER_SECOND;
		bool ok = b->is_elapsed ? scaled(t, unit, &when->elapsed_ns) : take_instant(p, t, unit, &when->time_ns);
		return !ok ? "group is not a time" : b->is_elapsed && (when->elapsed_ns < 0 || when->elapsed_ns > STEP_MAX_NS)
		                                      ? "absurd duration"
		                                      : NULL;
	}
	if (b->field->type == FIELD_INSTANT) {
		bool ok = take_instant(p, t, b->unit_ns > 0 ? b->unit_ns : 1, &ns);
		*(int64_t *)((char *)out + b->field->offset) = ok ? ns : UNKNOWN;
		return ok ? NULL : "group is not a time";
	}
	if (b->unit_ns > 1) {
		if (!scaled(t, b->unit_ns, &ns) || ns < 0 || ns > b->field->limit) {
			return "absurd duration";
		}
		*(int64_t *)((char *)out + b->field->offset) = ns;
		return NULL;
	}
	return native_set(out, b->field, t);
}

/* The meaning of `time` and `elapsed` for the kind, if the pattern does not define it. */
static void set_when(struct record *out, struct when when) {
	int64_t start = instant_minus(when.time_ns, when.elapsed_ns);

	switch (out->kind) {
	case RECORD_STEP:
		out->step.gpu_ns = out->step.gpu_ns == UNKNOWN ? when.elapsed_ns : out->step.gpu_ns;
		start = instant_minus(when.time_ns, out->step.gpu_ns);
		out->step.start_ns = out->step.start_ns == UNKNOWN ? start : out->step.start_ns;
		break;
	case RECORD_REQUEST:
		out->request.finish_ns = out->request.finish_ns == UNKNOWN ? when.time_ns : out->request.finish_ns;
		start = instant_minus(out->request.finish_ns, when.elapsed_ns);
		out->request.arrival_ns = out->request.arrival_ns == UNKNOWN ? start : out->request.arrival_ns;
		break;
	case RECORD_WINDOW:
		out->window.end_ns = out->window.end_ns == UNKNOWN ? when.time_ns : out->window.end_ns;
		start = instant_minus(out->window.end_ns, when.elapsed_ns);
		out->window.start_ns = out->window.start_ns == UNKNOWN ? start : out->window.start_ns;
		break;
	default:
		out->power.at_ns = out->power.at_ns == UNKNOWN ? when.time_ns : out->power.at_ns;
	}
}

static enum parse_result read_match(struct parser *p, const struct pattern *pattern, struct text line,
                                    int64_t stamp_ns, struct record *out) {
	struct when when = {UNKNOWN, UNKNOWN};
	const char *why = NULL;

	native_defaults(out, pattern->kind->kind);
	if (out->kind == RECORD_STEP) {
		out->step.duration_kind = DURATION_HOST_WALL_FULL; /* unless the pattern states another */
	}
	for (size_t i = 0; i < pattern->binding_count && !why; i++) {
		const struct binding *b = &pattern->bindings[i];
		why = take_binding(p, b, group_text(p->matcher, b, line), out, &when);
	}
	if (why) {
		return reject(p, why);
	}
	when.time_ns = when.time_ns == UNKNOWN ? stamp_ns : when.time_ns;
	set_when(out, when);
	return record_finish(p, out);
}

static enum parse_result pattern_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                       struct record *out) {
	p->reason = NULL;
	if (!line || !p->matcher) {
		return PARSE_NONE;
	}
	for (size_t i = 0; i < p->matcher->patterns->count; i++) {
		int matched = match(p->matcher, &p->matcher->patterns->at[i], *line);
		if (matched < 0) {
			return reject(p, "pattern took too long");
		}
		if (matched > 0) {
			return read_match(p, &p->matcher->patterns->at[i], *line, stamp_ns, out);
		}
	}
	return PARSE_NONE;
}

/* The patterns of the run bid, not the format: see matcher_bids. */
static int pattern_bid(const struct text *lines, size_t count) {
	(void)lines;
	(void)count;
	return 0;
}

const struct format format_pattern = {
	.bid = pattern_bid,
	.parse = pattern_parse,
	.state_size = 1,
};
