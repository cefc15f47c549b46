/*
 * shape.c: collectors write similar objects: the same keys and labels around a line and its timestamp. If all bytes
 * except these two values are equal, the parser's result for the previous object applies to this one.
 *
 * In any doubtful case it is left to the parser: a byte that differs, a rare escape, a timestamp that is a string in
 * one object and a number in the other. Objects with a meaning that depends on the line (an event's name, a body
 * without a blank), or with a process to put in front, are not noted. tests/fuzz/fuzz_shape.c compares both.
 */
#include "ingest/envelopes/shape.h"

#include "core/bytes.h"
#include "ingest/envelopes/entries.h"
#include "ingest/envelopes/envelope_private.h"

#define STAMP_BYTES 60

/* ---- noting ---- */

static bool lies_in(struct text object, struct text t) {
	return t.at && t.at >= object.at && t.at + t.len <= object.at + object.len;
}

static bool overlap(struct text a, struct text b) {
	return a.at && b.at && a.at < b.at + b.len && b.at < a.at + a.len;
}

/* Points a text of the object to the same text in our copy; false if it is elsewhere, or differs from line to line. */
static bool move(struct shape *s, struct text object, const struct unwrapping *u, struct text *t) {
	if (t->len == 0) {
		return true;
	}
	if (!lies_in(object, *t) || overlap(*t, u->line) || overlap(*t, u->stamp)) {
		return false;
	}
	*t = (struct text){s->bytes + (t->at - object.at), t->len};
	return true;
}

static bool move_origin(struct shape *s, struct text object, const struct unwrapping *u, const struct origin *o) {
	bool all = true;

	s->origin = *o;
	for (int i = 0; i < ORIGIN_PARTS; i++) {
		all &= move(s, object, u, &s->origin.part[i]);
	}
	return all && move(s, object, u, &s->origin.value);
}

static void set_fixed(struct shape *s, struct text object, struct text first, struct text second) {
	size_t first_at = (size_t)(first.at - object.at), second_at = (size_t)(second.at - object.at);
	struct text copy = {s->bytes, object.len};

	s->fixed[0] = text_cut(copy, 0, first_at);
	s->fixed[1] = text_cut(copy, first_at + first.len, second.at ? second_at : object.len);
	s->fixed[2] = second.at ? text_cut(copy, second_at + second.len, object.len) : T("");
	s->parts = second.at ? 3 : 2;
}

static bool can_learn(struct text object, const struct peeling *p) {
	const struct unwrapping *u = &p->unwrapping;

	return u->repeatable && p->depth == 0 && object.len <= SHAPE_BYTES && lies_in(object, u->line) &&
	       (!u->stamp.at || lies_in(object, u->stamp)) && p->label.len == 0;
}

/* Objects that always differ are not copied each time. */
static bool is_copied(unsigned misses) {
	return misses <= SHAPES || (misses & (misses - 1)) == 0;
}

/* The first object of a log may be the only one. */
bool shapes_due(const struct shapes *all) {
	return all->misses > 0 && is_copied(all->misses + 1);
}

void shapes_learn(struct shapes *all, struct text object, const struct peeling *p) {
	const struct unwrapping *u = &p->unwrapping;

	all->misses++;
	if (!is_copied(all->misses)) {
		return;
	}
	struct shape *s = &all->at[all->next % SHAPES];
	s->parts = 0;
	if (!can_learn(object, p) || !move_origin(s, object, u, &p->origin)) {
		return;
	}
	all->alone = (all->next == 0 || all->alone) && !entries_may_begin(object);
	all->last = all->next++;
	s->origin.serial = ++all->serial;
	memcpy(s->bytes, object.at, object.len);
	s->stamp_first = u->stamp.at && u->stamp.at < u->line.at;
	s->stamp_is_number = u->stamp_is_number;
	s->in_utc = u->in_utc;
	s->in_parts = p->in_parts;
	s->tagged = u->tagged;
	s->part = p->part;
	s->stream = p->stream;
	set_fixed(s, object, s->stamp_first ? u->stamp : u->line, s->stamp_first ? u->line : u->stamp);
}

/* ---- parsing ---- */

/* The integer or fraction that begins here, in JSON's syntax; empty: none, or one that needs the parser. */
static struct text number_at(struct text t) {
	size_t i = 0;

	if (t.len == 0 || t.at[0] < '1' || t.at[0] > '9') {
		return T("");
	}
	while (i < t.len && t.at[i] >= '0' && t.at[i] <= '9') {
		i++;
	}
	if (i + 1 < t.len && t.at[i] == '.' && t.at[i + 1] >= '0' && t.at[i + 1] <= '9') {
		i++;
		while (i < t.len && t.at[i] >= '0' && t.at[i] <= '9') {
			i++;
		}
	}
	return text_cut(t, 0, i);
}

/* The values of an object that differ. */
struct values {
	struct text line, stamp;
	int64_t stamp_ns; /* of the timestamp, if it was read at once; else UNKNOWN */
	bool escaped;
	bool plain;   /* the line has no escape, except its newline, and no control character */
	bool newline; /* which is not part of `line` */
};

static bool take_stamp(const struct shape *s, const struct instant_near *near, struct text *t, struct values *v) {
	struct text *stamp = &v->stamp, after = *t;
	bool escaped = false;

	if (!s->stamp_is_number && instant_take_near(near, &after, &v->stamp_ns) && text_starts(after, T("\""))) {
		*t = after;
		return true;
	}
	v->stamp_ns = UNKNOWN;

	if (s->stamp_is_number) {
		*stamp = number_at(*t);
	} else {
		size_t end = flat_end_of_string(*t, &escaped);
		*stamp = text_cut(*t, 0, end == SIZE_MAX || escaped ? 0 : end);
	}
	*t = text_cut(*t, stamp->len, t->len);
	return stamp->len > 1 && stamp->len < STAMP_BYTES && text_find_byte(*stamp, '\0') == SIZE_MAX;
}

static bool take_line(struct text *t, struct values *v) {
	size_t end = plain_len(*t);
	struct text rest = text_cut(*t, end, t->len);

	v->newline = text_starts(rest, T("\\n\""));
	v->plain = v->newline || text_starts(rest, T("\""));
	end = v->plain ? end : flat_end_of_string(*t, &v->escaped);
	if (end == SIZE_MAX) {
		return false;
	}
	v->line = text_cut(*t, 0, end);
	*t = text_cut(*t, end + (v->newline ? 2 : 0), t->len);
	return v->plain || text_find_byte(v->line, '\0') == SIZE_MAX;
}

static bool take_values(const struct shape *s, const struct instant_near *near, struct text t, struct values *v) {
	if (!text_skip(&t, s->fixed[0])) {
		return false;
	}
	for (int i = 1; i < s->parts; i++) {
		bool is_stamp = s->parts == 3 && s->stamp_first == (i == 1);
		if (!(is_stamp ? take_stamp(s, near, &t, v) : take_line(&t, v)) || !text_skip(&t, s->fixed[i])) {
			return false;
		}
	}
	return t.len == 0;
}

static void set_stamp_of(const struct shape *s, struct envelope *e, const struct values *v, struct peeling *p) {
	if (v->stamp_ns != UNKNOWN) {
		set_stamp(p, v->stamp_ns);
	} else if (v->stamp.len > 0 && peel_stamp(p, v->stamp, s->in_utc) && !p->has_local) {
		instant_keep_near(&e->near, v->stamp, p->stamp_ns);
	}
}

static bool strip(const struct shape *s, struct envelope *e, struct peeling *p) {
	struct values v = {.stamp_ns = UNKNOWN};

	if (s->parts == 0 || !take_values(s, &e->near, p->text, &v) ||
	    (v.escaped && !flat_resolve(v.line, envelope_scratch(e, p, v.line.len + 1), &v.line))) {
		return false;
	}
	set_stamp_of(s, e, &v, p);
	peel_line(p, v.line);
	p->ended |= v.newline;
	p->plain = v.plain;
	p->origin = s->origin;
	p->in_parts = s->in_parts;
	p->part = s->tagged || !s->in_parts ? s->part : !p->ended;
	p->stream = s->stream;
	return true;
}

bool shapes_strip(struct shapes *all, struct envelope *e, struct peeling *p) {
	if (all->next == 0 || p->depth != 0 || p->label.len > 0) {
		return false;
	}
	for (unsigned i = 0; i < SHAPES; i++) {
		unsigned at = (all->last - i) % SHAPES;
		if (strip(&all->at[at], e, p)) {
			all->misses = 0;
			all->last = at;
			return true;
		}
	}
	return false;
}
