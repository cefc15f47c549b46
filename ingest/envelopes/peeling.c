/* peeling.c: what the functions that remove an envelope have in common: names of servers, and room for changed lines. */
#include "ingest/envelopes/peeling.h"

#include "core/error.h"
#include "ingest/envelopes/envelope_private.h"

void envelope_origin(const struct envelope *e, const struct json *j, json_at object, struct peeling *p) {
	origin_from_json(&p->origin, e->rules, j, object);
}

void envelope_origin_of_attributes(const struct envelope *e, const struct json *j, json_at attributes, struct peeling *p) {
	if (json_type(j, attributes) != JSON_ARRAY) {
		return;
	}
	for (json_at a = json_first(j, attributes); a != JSON_ABSENT; a = json_next(j, a)) {
		json_at key = json_get(j, a, T("key"));
		json_at value = key == JSON_ABSENT ? JSON_ABSENT : json_get(j, a, T("value"));
		json_at text = json_get(j, value, T("stringValue"));
		if (text != JSON_ABSENT) {
			origin_from_pair(&p->origin, e->rules, json_raw(j, key), json_raw(j, text));
		}
	}
}

void envelope_origin_pair(const struct envelope *e, struct text key, struct text value, struct peeling *p) {
	origin_from_pair(&p->origin, e->rules, key, value);
}

bool envelope_take_instant(struct envelope *e, struct text *t, int64_t *ns) {
	struct text stamp = *t;

	if (instant_take_near(&e->near, t, ns)) {
		return true;
	}
	if (!instant_take(t, ns, NULL)) {
		return false;
	}
	stamp.len -= t->len;
	instant_keep_near(&e->near, stamp, *ns);
	return true;
}

bool envelope_is_labelled(const struct envelope *e, struct text line) {
	return e->label_len > 0 && text_starts(line, (struct text){e->label, e->label_len});
}

void envelope_note_label(struct envelope *e, struct text label) {
	e->label_len = label.len <= sizeof e->label ? label.len : 0;
	memcpy(e->label, label.at, e->label_len);
}

char *envelope_label_room(struct envelope *e, size_t bytes) {
	if (e->label_bytes < bytes) {
		e->label_bytes = bytes < 4096 ? 4096 : bytes;
		e->label_room = must_realloc(e->label_room, e->label_bytes);
	}
	return e->label_room;
}

char *envelope_scratch(struct envelope *e, const struct peeling *p, size_t bytes) {
	char **at = &e->scratch[p->depth];

	if (e->scratch_room[p->depth] < bytes) {
		e->scratch_room[p->depth] = bytes < 4096 ? 4096 : bytes;
		*at = must_realloc(*at, e->scratch_room[p->depth]);
	}
	return *at;
}
