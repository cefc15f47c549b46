/*
 * fluent.c: the standard output of Fluent Bit and fluentd: a tag, a timestamp, and a map as Ruby prints it or as
 * JSON.
 */
#include "core/instant.h"
#include "ingest/envelopes/peeling.h"
#include "ingest/formats/fields.h"

/* ', "stream"=>', ', {"a"=>': another key of the map, or of another map. */
static bool is_key_next(struct text t) {
	enum { KEY_MAX_BYTES = 128 };

	if (!text_skip(&t, T(", \"")) && !text_skip(&t, T(", {\""))) {
		return false;
	}
	size_t end = text_find_byte(text_cut(t, 0, KEY_MAX_BYTES), '"');
	return end != SIZE_MAX && text_starts(text_cut(t, end + 1, t.len), T("=>"));
}

/* The ends of maps and arrays, and then another key or the end. */
static bool is_closed(struct text t) {
	size_t closing = 0;

	while (closing < t.len && (t.at[closing] == '}' || t.at[closing] == ']')) {
		closing++;
	}
	t = text_cut(t, closing, t.len);
	return closing > 0 && (t.len == 0 || is_key_next(t));
}

/*
 * The end of a string in such a map. Older versions escape nothing, so it is the first quote followed by what may
 * follow a string there: in {"log"=>"{"a": "b", "c": "d"}"} the last. Newer versions put a backslash before quotes.
 */
static size_t end_of_string(struct text t, bool in_array) {
	for (size_t i = 0; i < t.len; i++) {
		struct text rest = text_cut(t, i + 1, t.len);
		if (t.at[i] == '\\' && (text_starts(rest, T("\"")) || text_starts(rest, T("\\")))) {
			struct text after = text_cut(rest, 1, rest.len);
			i += !is_closed(after) && !is_key_next(after);
		} else if (t.at[i] == '"' && (text_starts(rest, T("=>")) || is_key_next(rest) || is_closed(rest) ||
		                              (in_array && text_starts(rest, T(", \""))))) {
			return i;
		}
	}
	return SIZE_MAX;
}

/* Writes a string, quotes and control bytes escaped, with at most 6 bytes for each byte. */
static size_t write_string(struct text t, char *to) {
	static const char digits[] = "0123456789abcdef";
	size_t len = 0;

	to[len++] = '"';
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];
		if (c < ' ') {
			const char escape[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
			memcpy(to + len, escape, sizeof escape);
			len += sizeof escape;
			continue;
		}
		/* Escapes that newer versions write are kept. */
		bool escaped = c == '\\' && i + 1 < t.len && memchr("\"\\/bfnrtu", t.at[i + 1], 9);
		if (c == '"' || (c == '\\' && !escaped)) {
			to[len++] = '\\';
		}
		to[len++] = (char)c;
		if (escaped) {
			to[len++] = t.at[++i];
		}
	}
	to[len++] = '"';
	return len;
}

/* {"log"=>"a line", "n"=>1, "k"=>{…}, "x"=>nil} as JSON; false if it is not a map. */
static bool write_map(struct text t, char *to, size_t *out) {
	size_t len = 0;
	bool in_array = false;

	while (t.len > 0) {
		if (text_skip(&t, T("\""))) {
			size_t end = end_of_string(t, in_array);
			if (end == SIZE_MAX) {
				return false;
			}
			len += write_string(text_cut(t, 0, end), to + len);
			t = text_cut(t, end + 1, t.len);
		} else if (text_skip(&t, T("=>"))) {
			to[len++] = ':';
		} else if (text_skip(&t, T("nil"))) {
			memcpy(to + len, "null", 4);
			len += 4;
		} else {
			in_array = *t.at == '[' || (in_array && *t.at != ']');
			to[len++] = *t.at;
			t = text_cut(t, 1, t.len);
		}
	}
	*out = len;
	return true;
}

/* "1791180010.123456789, {…}]", "[1791180010.123456789, {…}], {…}]": the instant, and the record's map. */
static bool take_event(struct text *t, struct text *stamp) {
	bool nested = text_skip(t, T("["));

	if (!text_until(t, T(", "), stamp)) {
		return false;
	}
	if (nested) {
		struct text metadata;
		if (!text_until(t, T("], "), &metadata)) {
			return false;
		}
	}
	if (!text_starts(*t, T("{")) || !text_ends(*t, T("}]"))) {
		return false;
	}
	t->len--;
	return true;
}

/* "[0] kube.var.log: [1791180010.123456789, {"log"=>"a line", "stream"=>"stdout"}]" of Fluent Bit's stdout */
bool strip_fluent_bit(struct envelope *e, struct peeling *p) {
	struct text t = p->text, tag, stamp;
	int64_t number;
	size_t len;

	if (!text_skip(&t, T("[")) || !text_take_i64(&t, &number) || !text_skip(&t, T("] ")) || !text_until(&t, T(": ["), &tag) ||
	    text_find_byte(tag, ' ') != SIZE_MAX || !take_event(&t, &stamp)) {
		return false;
	}
	origin_from_tag(&p->origin, tag);
	char *to = envelope_scratch(e, p, 6 * t.len + 16);
	if (!write_map(t, to, &len) || !peel_stamp(p, stamp, true)) {
		return false;
	}
	p->text = (struct text){to, len};
	return true;
}

/* "2026-10-05 06:00:10.123456789 +0000 kube.vllm: {"log":"a line"}" of fluentd's stdout */
bool strip_fluentd(struct envelope *e, struct peeling *p) {
	struct text t = p->text, zone, tag;
	bool zone_given;
	int64_t ns;

	(void)e;
	if (!text_ends(t, T("}")) || !instant_take(&t, &ns, &zone_given) || !text_skip(&t, T(" ")) || !text_until(&t, T(" "), &zone) ||
	    zone.len != 5 || (*zone.at != '+' && *zone.at != '-') || !text_until(&t, T(": "), &tag) || !text_starts(t, T("{")) ||
	    text_find_byte(tag, ' ') != SIZE_MAX) {
		return false;
	}
	int64_t hhmm = 0;
	struct text digits = text_cut(zone, 1, 5);
	if (!text_take_i64(&digits, &hhmm) || digits.len > 0 || hhmm < 0 || hhmm > 1459) {
		return false;
	}
	origin_from_tag(&p->origin, tag);
	int64_t east_ns = (hhmm / 100 * 3600 + hhmm % 100 * 60) * NS_PER_SECOND;
	set_stamp(p, instant_minus(ns, *zone.at == '-' ? -east_ns : east_ns));
	p->text = t;
	return true;
}
