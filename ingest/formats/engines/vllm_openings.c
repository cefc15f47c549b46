/*
 * vllm_openings.c: what is in front of a line's message is mostly what was in front of one before, with another
 * timestamp: then it is not parsed again.
 */
#include "ingest/formats/engines/vllm.h"

static bool take_opening(struct opening *o, struct text line, struct logged *out) {
	size_t after = o->stamp_at + STAMP_LEN;

	if (o->len == 0 || line.len < o->len || memcmp(line.at, o->bytes, o->stamp_at) != 0 ||
	    memcmp(line.at + after, o->bytes + after, o->len - after) != 0 || !vllm_begins_stamp(line.at + o->stamp_at)) {
		return false;
	}
	*out = (struct logged){.engine = o->engine, .api_server = o->api_server, .pid = o->pid, .is_core = o->is_core, .opening = o};
	out->stamp = text_cut(line, o->stamp_at, after);
	out->file = text_cut(line, o->file_at, o->file_at + o->file_len);
	out->message = text_trim(text_cut(line, o->len, line.len));
	return true;
}

/* A label that ends only in the message would be one of that line alone. */
static bool has_open_label(struct text opening) {
	struct text label;

	while (text_starts(opening, T("("))) {
		if (!text_until(&opening, T(") "), &label)) {
			return true;
		}
	}
	return false;
}

/* Only with vLLM's own timestamp, and "] " just before the message: then no byte of the message has a part in it. */
static void keep_opening(struct vllm *v, struct text line, struct logged *l) {
	const char *end = l->message.at;
	size_t len = (size_t)(end - line.at);

	if (l->stamp.len != STAMP_LEN || l->message.len == 0 || len > OPENING_BYTES || end[-1] != ' ' || end[-2] != ']' ||
	    has_open_label(text_cut(line, 0, len))) {
		return;
	}
	v->last_opening = (v->last_opening + 1) % OPENINGS;
	struct opening *o = l->opening = &v->openings[v->last_opening];
	*o = (struct opening){
		.len = len,
		.stamp_at = (size_t)(l->stamp.at - line.at),
		.file_at = (size_t)(l->file.at - line.at),
		.file_len = l->file.len,
		.engine = l->engine,
		.api_server = l->api_server,
		.pid = l->pid,
		.is_core = l->is_core,
	};
	memcpy(o->bytes, line.at, len);
}

bool vllm_take_opening(struct vllm *v, struct text line, struct logged *out) {
	for (size_t i = 0; i < OPENINGS; i++) {
		size_t at = (v->last_opening + i) % OPENINGS;
		if (take_opening(&v->openings[at], line, out)) {
			v->last_opening = at;
			return true;
		}
	}
	if (!vllm_take_prefix(line, out)) {
		return false;
	}
	keep_opening(v, line, out);
	return true;
}
