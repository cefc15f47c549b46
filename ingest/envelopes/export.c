/*
 * export.c: journalctl -o export: an entry is lines "KEY=value" and an empty line. A value
 * with control characters is "KEY", then its length in 8 bytes (little endian), then the bytes.
 *
 * The message may come before the fields that name its server: it is kept until the entry ends.
 */
#include "ingest/envelopes/export.h"

#include <stdlib.h>

#include "core/error.h"

enum { LENGTH_BYTES = 8 };

/* False if it does not fit. */
static bool append(struct export_text *to, struct text t, size_t most) {
	if (to->len > most || t.len > most - to->len) {
		return false;
	}
	if (to->len + t.len + 1 > to->room) {
		to->room = 2 * (to->len + t.len) + 256;
		to->at = must_realloc(to->at, to->room);
	}
	if (t.len > 0) {
		memcpy(to->at + to->len, t.at, t.len);
	}
	to->len += t.len;
	to->at[to->len++] = '\n';
	return true;
}

static void begin(struct export_entry *x) {
	x->message.len = x->fields.len = x->taken = 0;
	x->too_long = x->ended = false;
	x->stamp_ns = UNKNOWN;
}

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
static void take_data(struct export_entry *x, struct text t, size_t most) {
	uint64_t piece = t.len < x->left ? t.len : x->left;

	x->left -= piece;
	x->left -= x->left > 0; /* the line's end */
	x->in_data = x->left > 0;
	if (x->is_message) {
		x->too_long |= !append(&x->message, text_cut(t, 0, (size_t)piece), most);
	}
}

static void take_field(struct export_entry *x, struct text t, size_t most) {
	struct text key, value = t;
	int64_t us;

	if (!text_until(&value, T("="), &key)) {
		x->length_due = true;
		x->length_got = 0;
		x->left = 0;
		x->is_message = text_eq(t, T("MESSAGE"));
	} else if (text_eq(key, T("__REALTIME_TIMESTAMP"))) {
		if (!text_to_i64(value, &us) || __builtin_mul_overflow(us, 1000, &x->stamp_ns)) {
			x->stamp_ns = UNKNOWN;
		}
	} else if (text_eq(key, T("MESSAGE"))) {
		x->too_long |= !append(&x->message, value, most);
	} else {
		append(&x->fields, t, most); /* as many as fit: nothing that names a server is that long */
	}
}

static void take_line(struct export_entry *x, struct text t, size_t most) {
	if (x->ended) {
		begin(x);
	}
	if (x->length_due) {
		take_length(x, &t);
		if (x->in_data) {
			take_data(x, t, most);
		}
	} else if (x->in_data) {
		take_data(x, t, most);
	} else if (t.len > 0) {
		take_field(x, t, most);
	} else {
		x->ended = true;
	}
}

bool export_next(struct export_entry *x, const struct name_rules *rules, struct peeling *p) {
	struct text rest = text_cut((struct text){x->message.at, x->message.len}, x->taken, x->message.len), line, key;
	struct text fields = {x->fields.at, x->fields.len};

	if (x->too_long || !text_until(&rest, T("\n"), &line)) {
		return false;
	}
	x->taken = x->message.len - rest.len;
	p->text = line;
	if (x->stamp_ns != UNKNOWN) {
		set_stamp(p, x->stamp_ns);
	}
	while (text_until(&fields, T("\n"), &line)) {
		if (text_until(&line, T("="), &key)) {
			origin_from_pair(&p->origin, rules, key, line);
		}
	}
	return true;
}

bool strip_export(struct export_entry *x, const struct name_rules *rules, size_t most, struct peeling *p) {
	if (!x->on) {
		if (!text_starts(p->text, T("__CURSOR=")) && !text_starts(p->text, T("__REALTIME_TIMESTAMP="))) {
			return false;
		}
		x->on = true;
		begin(x);
	}
	take_line(x, p->text, most);
	p->too_long = x->ended && x->too_long;
	p->dropped = !p->too_long && (!x->ended || !export_next(x, rules, p));
	return true;
}

void export_release(struct export_entry *x) {
	free(x->message.at);
	free(x->fields.at);
}
