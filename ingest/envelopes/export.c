/*
 * export.c: journalctl -o export: an entry is lines "KEY=value" and an empty line. A value
 * with control characters is "KEY", then its length in 8 bytes (little endian), then the bytes.
 */
#include "ingest/envelopes/peeling.h"

enum { LENGTH_BYTES = 8 };

/* The line's end is also a byte of the length or the data. */
static void take_length(struct export_entry *x, struct text *t) {
	while (x->length_got < LENGTH_BYTES) {
		unsigned char c = t->len > 0 ? (unsigned char)t->at[0] : '\n';
		bool at_end = t->len == 0;
		x->left |= (uint64_t)c << 8 * x->length_got++;
		*t = text_cut(*t, 1, t->len);
		if (at_end) {
			return;
		}
	}
	x->length_due = false;
	x->in_data = true;
}

/* A piece of the data, up to the line's end. */
static void take_data(struct export_entry *x, struct peeling *p, struct text t) {
	uint64_t piece = t.len < x->left ? t.len : x->left;

	x->left -= piece;
	x->left -= x->left > 0; /* the line's end */
	x->in_data = x->left > 0;
	p->dropped = !x->is_message || piece == 0;
	p->text = text_cut(t, 0, (size_t)piece);
}

static void take_field(struct export_entry *x, struct peeling *p, struct text t) {
	struct text key, value = t;
	int64_t us;

	p->dropped = true;
	if (!text_until(&value, T("="), &key)) {
		*x = (struct export_entry){.on = true, .stamp_ns = t.len > 0 ? x->stamp_ns : UNKNOWN, .length_due = t.len > 0,
		                           .is_message = text_eq(t, T("MESSAGE"))};
	} else if (text_eq(key, T("__REALTIME_TIMESTAMP"))) {
		if (!text_to_i64(value, &us) || __builtin_mul_overflow(us, 1000, &x->stamp_ns)) {
			x->stamp_ns = UNKNOWN;
		}
	} else if (text_eq(key, T("MESSAGE"))) {
		p->text = value;
		p->dropped = false;
	}
}

bool strip_export(struct export_entry *x, struct peeling *p) {
	if (p->depth > 0) {
		return false;
	}
	if (!x->on) {
		if (!text_starts(p->text, T("__CURSOR=")) && !text_starts(p->text, T("__REALTIME_TIMESTAMP="))) {
			return false;
		}
		*x = (struct export_entry){.on = true, .stamp_ns = UNKNOWN};
	}
	struct text t = p->text;
	if (x->length_due) {
		take_length(x, &t);
		p->dropped = true;
		if (x->in_data) {
			take_data(x, p, t);
		}
	} else if (x->in_data) {
		take_data(x, p, t);
	} else {
		take_field(x, p, t);
	}
	if (!p->dropped && x->stamp_ns != UNKNOWN) {
		set_stamp(p, x->stamp_ns);
	}
	return true;
}
