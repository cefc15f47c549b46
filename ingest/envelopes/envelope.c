#include "ingest/envelopes/envelope.h"

#include <stdlib.h>

#include "core/error.h"
#include "ingest/envelopes/envelope_private.h"

struct envelope *envelope_new(size_t max_line_bytes) {
	struct envelope *e = must_calloc(1, sizeof *e);

	e->max_line_bytes = max_line_bytes;
	e->json = json_new();
	return e;
}

void envelope_free(struct envelope *e) {
	if (!e) {
		return;
	}
	for (int i = 0; i < DEPTH_MAX; i++) {
		free(e->scratch[i]);
	}
	for (int i = 0; i < STREAMS; i++) {
		free(e->joints[i].at);
	}
	json_free(e->json);
	entries_release(&e->entries);
	free(e->label_room);
	free(e->common);
	wide_release(&e->wide);
	export_release(&e->entry);
	free(e);
}

void envelope_set_names(struct envelope *e, const struct name_rules *rules) {
	e->rules = rules;
}

/* May a rule of the fleet file take a name from a value under this key? */
static bool is_field_of(const struct name_rules *rules, struct text key) {
	struct text last = key, level;

	while (text_until(&last, T("/"), &level)) {
	}
	for (size_t i = 0; rules && last.len > 0 && i < rules->count; i++) {
		if (rules->at[i].is_field && text_ends(text_of(rules->at[i].pattern), last)) {
			return true;
		}
	}
	return false;
}

static bool strip_json(struct envelope *e, struct peeling *p) {
	struct text object = p->text;

	if (shapes_strip(&e->shapes, e, p)) {
		return true;
	}
	if ((p->depth > 0 || !shapes_due(&e->shapes)) && strip_flat(e, p)) {
		e->shapes.misses += p->depth == 0;
		return true;
	}
	if (!strip_json_with(e, e->json, p)) {
		return false;
	}
	if (!is_field_of(e->rules, p->unwrapping.line_key) && !is_field_of(e->rules, p->unwrapping.stamp_key)) {
		shapes_learn(&e->shapes, object, p);
	}
	return true;
}

/* A log that begins with the header of a table is a table. */
static bool strip_table(struct envelope *e, struct peeling *p) {
	if (e->table.columns > 0) {
		return table_row(e, &e->table, p);
	}
	p->dropped = !e->begun && (table_begin(&e->table, p->text) || wide_begin(&e->wide, p->text));
	e->begun = true;
	return p->dropped;
}

/* Most lines have no envelope: the first byte shows whether one may begin. */
static bool strip_front(struct envelope *e, struct peeling *p) {
	char first = p->text.len > 0 ? *p->text.at : '\0';

	switch (first) {
	case '{':
		return strip_json(e, p);
	case '<':
		return strip_syslog(e, p) || strip_syslog_5424(e, p);
	case '"':
		return strip_csv(e, p);
	case '(':
		return strip_label(e, p);
	case '[':
		return strip_fluent_bit(e, p) || strip_shipper(e, p);
	case ' ':
		return strip_tracing(e, p);
	case 'E':
		return strip_events(e, p);
	default:
		break;
	}
	if (first >= '0' && first <= '9') {
		return strip_cri_line(e, p) || strip_out_file(e, p) || strip_fluentd(e, p) || strip_rfc3339(e, p) || strip_local_bar(e, p) || strip_rank(e, p) ||
		       strip_bar(e, p) || strip_short_unix(e, p) || strip_shipper(e, p);
	}
	if (first >= 'A' && first <= 'Z' && (strip_syslog(e, p) || strip_short_precise(e, p))) {
		return true;
	}
	return strip_bar(e, p) || strip_shipper(e, p);
}

static bool strip_one(struct envelope *e, struct peeling *p) {
	if (p->depth == 0 && (strip_export(&e->entry, e->rules, e->max_line_bytes, p) || strip_table(e, p))) {
		return true;
	}
	if (p->stamped && (strip_labels(e, p) || strip_cri(e, p) || strip_unit(e, p) || strip_tracing(e, p) || strip_stream(e, p))) {
		return true;
	}
	return strip_front(e, p) || (!p->plain && (strip_ansi(e, p) || strip_progress(e, p)));
}

static void joint_add(struct envelope *e, struct joint *j, const struct peeling *p) {
	if (j->len == 0) {
		j->stamp_ns = p->stamp_ns;
	}
	if (j->too_long || p->text.len > e->max_line_bytes - j->len) {
		j->too_long = true;
		j->len = 0;
		return;
	}
	if (p->text.len == 0) {
		return;
	}
	size_t need = j->len + p->text.len;
	if (need > j->room) {
		j->room = need < 4096 ? 4096 : 2 * need;
		j->at = must_realloc(j->at, j->room);
	}
	memcpy(j->at + j->len, p->text.at, p->text.len);
	j->len = need;
}

/* Appends to the line in parts; at its last part `p` becomes the whole line. */
static enum envelope_status join(struct envelope *e, struct peeling *p) {
	struct joint *j = &e->joints[p->stream];

	if (!p->part && j->len == 0 && !j->too_long) {
		return ENVELOPE_LINE;
	}
	joint_add(e, j, p);
	if (p->part) {
		return ENVELOPE_PART;
	}
	bool too_long = j->too_long;
	p->plain = false;
	p->text = (struct text){j->at, j->len};
	p->stamp_ns = j->stamp_ns;
	j->len = 0;
	j->too_long = false;
	return too_long ? ENVELOPE_TOO_LONG : ENVELOPE_LINE;
}

/* An envelope was removed: what is in it is a line, or a part of one. */
static enum envelope_status take_inner(struct envelope *e, struct peeling *p) {
	enum envelope_status status = ENVELOPE_LINE;

	p->depth++;
	if (p->too_long) {
		return ENVELOPE_TOO_LONG;
	}
	if (p->dropped) {
		return ENVELOPE_PART;
	}
	if (p->in_parts) {
		status = join(e, p);
		p->in_parts = p->part = false;
	}
	return status;
}

/* Removes the envelopes of one line, or the others after the first. */
static enum envelope_status peel(struct envelope *e, struct peeling *p, struct unwrapped *out) {
	while (p->depth < DEPTH_MAX && strip_one(e, p)) {
		p->plain = p->plain && p->depth == 0;
		p->origin.serial = p->depth == 0 ? p->origin.serial : 0;
		enum envelope_status status = take_inner(e, p);
		if (status != ENVELOPE_LINE) {
			return status;
		}
	}
	*out = (struct unwrapped){p->text, p->stamp_ns, p->origin, p->local, p->has_local};
	return ENVELOPE_LINE;
}

/* Logcli and Grafana state common labels once for all lines. */
static bool take_common(struct envelope *e, struct text raw) {
	if (e->common || !text_starts(raw, T("Common labels: {"))) {
		return false;
	}
	e->common = text_copy(raw);
	e->common_len = raw.len;
	return true;
}

/* Compilers clear a structure of this size by an instruction that takes longer to begin than memset as a whole. */
static struct peeling *begin_line(struct envelope *e, struct text raw) {
	size_t bytes = sizeof e->first;

	__asm__("" : "+r"(bytes)); /* a size they do not know */
	memset(&e->first, 0, bytes);
	e->first.text = raw;
	e->first.stamp_ns = UNKNOWN;
	return &e->first;
}

/* Does no line before change how this one is read, except those that look like it? True for most logs. */
static bool stands_alone(const struct envelope *e) {
	return e->begun && !e->entry.on && !e->common && e->table.columns == 0 && e->wide.columns == 0;
}

/* Lines that are read without a look at what else they may be: our own records, objects like one before, CRI's lines. */
static bool strip_usual(struct envelope *e, struct text raw, struct unwrapped *out, enum envelope_status *status) {
	bool object = e->shapes.alone && text_starts(raw, T("{"));

	if (!stands_alone(e)) {
		return false;
	}
	if (text_starts(raw, T("{\"schema\":\"tollbook."))) {
		*out = (struct unwrapped){.text = raw, .stamp_ns = UNKNOWN, .origin.serial = ORIGIN_OF_NONE};
		*status = ENVELOPE_LINE;
		return true;
	}
	if (!object && (raw.len == 0 || *raw.at < '0' || *raw.at > '9')) {
		return false;
	}
	struct peeling *p = begin_line(e, raw);
	if (!(object ? shapes_strip(&e->shapes, e, p) : strip_cri_line(e, p))) {
		return false;
	}
	*status = take_inner(e, p);
	*status = *status == ENVELOPE_LINE ? peel(e, p, out) : *status;
	return true;
}

enum envelope_status envelope_strip(struct envelope *e, struct text raw, struct unwrapped *out) {
	enum envelope_status usual;
	bool may_hold_many = raw.len > 0 && (*raw.at == '{' || *raw.at == '[');

	if (strip_usual(e, raw, out, &usual)) {
		return usual;
	}
	if (e->wide.columns > 0 && wide_row(&e->wide, raw)) {
		enum envelope_status status = envelope_more(e, out);
		return status == ENVELOPE_DONE ? ENVELOPE_PART : status;
	}
	if (may_hold_many && entries_open(&e->entries, raw)) {
		enum envelope_status status = envelope_more(e, out);
		return status == ENVELOPE_DONE ? ENVELOPE_PART : status;
	}
	if (take_common(e, raw)) {
		return ENVELOPE_PART;
	}
	struct peeling *p = begin_line(e, raw);
	enum envelope_status status = peel(e, p, out);
	if (e->common && status == ENVELOPE_LINE) {
		labels_origin(e, (struct text){e->common, e->common_len}, p);
		out->origin = p->origin;
	}
	return status;
}

enum envelope_status envelope_more(struct envelope *e, struct unwrapped *out) {
	if (!e->entries.path && e->wide.columns == 0 && !e->entry.ended) { /* most lines contain only one */
		return ENVELOPE_DONE;
	}
	struct peeling p = {.stamp_ns = UNKNOWN};

	if (!entries_next(e, &e->entries, &p) && !wide_next(e, &e->wide, &p) && !(e->entry.ended && export_next(&e->entry, e->rules, &p))) {
		return ENVELOPE_DONE;
	}
	p.depth = 1;
	return peel(e, &p, out);
}

/* An entry of the journal without its end. */
static bool peek_entry(const struct envelope *e, struct unwrapped *out) {
	struct export_entry copy = e->entry;
	struct peeling p = {.stamp_ns = UNKNOWN};

	if (!export_next(&copy, e->rules, &p)) {
		return false;
	}
	*out = (struct unwrapped){.text = p.text, .stamp_ns = p.stamp_ns, .origin = p.origin};
	return true;
}

bool envelope_peek(const struct envelope *e, int *from, struct unwrapped *out) {
	while (*from < STREAMS) {
		const struct joint *j = &e->joints[(*from)++];
		if (j->len > 0) {
			*out = (struct unwrapped){.text = {j->at, j->len}, .stamp_ns = j->stamp_ns};
			return true;
		}
	}
	return (*from)++ == STREAMS && peek_entry(e, out);
}

