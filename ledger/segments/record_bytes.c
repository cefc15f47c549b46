/* record_bytes.c: one record as bytes and back. See schemas/segment.md. */
#include <stddef.h>

#include "core/record_json.h"
#include "ledger/segments/segment.h"

/* How a field is stored: as it is, or as its distance from the record's instant. */
enum how { PLAIN, INSTANT };

struct field {
	size_t at;
	enum how how;
};
#define STEP(member, how) {offsetof(struct record, step.member), how}
#define REQUEST(member, how) {offsetof(struct record, request.member), how}
#define WINDOW(member, how) {offsetof(struct record, window.member), how}

static const struct field step_fields[] = {
	STEP(index, PLAIN), STEP(gpu_ns, PLAIN), STEP(prefill_requests, PLAIN), STEP(prefill_tokens, PLAIN),
	STEP(prefill_kv_tokens, PLAIN), STEP(prefill_token_kv, PLAIN), STEP(decode_requests, PLAIN),
	STEP(decode_tokens, PLAIN), STEP(decode_kv_tokens, PLAIN), STEP(prefill_gpu_ns, PLAIN), STEP(decode_gpu_ns, PLAIN),
};
static const struct field request_fields[] = {
	REQUEST(arrival_ns, INSTANT), REQUEST(scheduled_ns, INSTANT), REQUEST(first_token_ns, INSTANT),
	REQUEST(finish_ns, INSTANT), REQUEST(prompt_tokens, PLAIN), REQUEST(cached_tokens, PLAIN),
	REQUEST(cache_write_tokens, PLAIN), REQUEST(completion_tokens, PLAIN), REQUEST(reasoning_tokens, PLAIN),
	REQUEST(preemptions, PLAIN),
};
static const struct field window_fields[] = {
	WINDOW(end_ns, INSTANT), WINDOW(input_tokens, PLAIN), WINDOW(cached_tokens, PLAIN), WINDOW(output_tokens, PLAIN),
	WINDOW(requests, PLAIN), WINDOW(prefill_gpu_ns, PLAIN), WINDOW(decode_gpu_ns, PLAIN), WINDOW(running, PLAIN),
};
/* For windows with the flag COUNTS, after these. */
static const struct field count_fields[] = {
#define COUNT_FIELD(name) WINDOW(name, PLAIN),
	WINDOW_COUNTS(COUNT_FIELD)
};
#define COUNTS 4u
/* Their original number; later ones follow at the end of the record, so that old records stay readable. */
#define FIRST_COUNTS 14
#define MORE_COUNTS (sizeof count_fields / sizeof *count_fields - FIRST_COUNTS)
static const struct field power_fields[] = {{offsetof(struct record, power.milliwatts), PLAIN}};

/* A kind of record: the position of its instant, its fields, its texts. */
struct shape {
	size_t instant;
	const struct field *fields;
	size_t field_count;
	size_t texts[3];
	size_t text_count;
};
#define FIELDS(f) f, sizeof f / sizeof *f

static const struct shape shapes[RECORD_KINDS] = {
	[RECORD_STEP] = {offsetof(struct record, step.start_ns), FIELDS(step_fields), {0}, 0},
	[RECORD_REQUEST] = {0, FIELDS(request_fields),
	                    {offsetof(struct record, request.id), offsetof(struct record, request.tenant),
	                     offsetof(struct record, request.prefill_replica)}, 3},
	[RECORD_WINDOW] = {offsetof(struct record, window.start_ns), FIELDS(window_fields),
	                   {offsetof(struct record, window.tenant)}, 1},
	[RECORD_POWER] = {offsetof(struct record, power.at_ns), FIELDS(power_fields),
	                  {offsetof(struct record, power.gpu)}, 1},
};

/* Batch has a separate bit; classes added later follow it, so that old records stay readable. */
static uint64_t beyond_batch(enum service s) {
	return s > SERVICE_BATCH ? (uint64_t)s - SERVICE_BATCH : 0;
}

/* Flags of a kind in one number. */
#define RELATIVE 1u
uint64_t segment_flags(const struct record *r) {
	uint64_t f = r->relative_clock ? RELATIVE : 0;

	switch (r->kind) {
	case RECORD_STEP:
		return f | (uint64_t)r->step.duration_kind << 1 | (uint64_t)r->step.flags << 4;
	case RECORD_REQUEST:
		return f | (uint64_t)r->request.ok << 1 | (uint64_t)(r->request.service == SERVICE_BATCH) << 2 |
		       (uint64_t)r->request.exclusive_times << 3 | (uint64_t)r->request.gateway << 4 |
		       beyond_batch(r->request.service) << 5 | (uint64_t)r->request.server_id << 7 |
		       (uint64_t)r->request.cached_unknown << 8;
	case RECORD_WINDOW:
		return f | (uint64_t)r->window.input_is_computed << 1 | (window_counts_any(&r->window) ? COUNTS : 0) |
		       (uint64_t)r->window.cached_unknown << 3;
	default:
		return f;
	}
}

void segment_set_flags(struct record *r, uint64_t f) {
	r->relative_clock = f & RELATIVE;
	switch (r->kind) {
	case RECORD_STEP:
		r->step.duration_kind = (enum duration_kind)(f >> 1 & 7);
		r->step.flags = (unsigned)(f >> 4);
		break;
	case RECORD_REQUEST:
		r->request.ok = f >> 1 & 1;
		r->request.service = f >> 5 & 3 ? (enum service)(SERVICE_BATCH + (f >> 5 & 3)) : (enum service)(f >> 2 & 1);
		r->request.exclusive_times = f >> 3 & 1;
		r->request.gateway = f >> 4 & 1;
		r->request.server_id = f >> 7 & 1;
		r->request.cached_unknown = f >> 8 & 1;
		break;
	case RECORD_WINDOW:
		r->window.input_is_computed = f >> 1 & 1;
		r->window.cached_unknown = f >> 3 & 1;
		break;
	default:
		break;
	}
}

/* ---- bytes ---- */

static unsigned char *put(unsigned char *at, uint64_t v) {
	for (; v >= 0x80; v >>= 7) {
		*at++ = (unsigned char)(v | 0x80);
	}
	*at++ = (unsigned char)v;
	return at;
}

static bool get(struct text *t, uint64_t *out) {
	*out = 0;
	for (unsigned shift = 0; shift < 64 && t->len > 0; shift += 7) {
		unsigned char c = (unsigned char)*t->at++;
		t->len--;
		*out |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			return true;
		}
	}
	return false;
}

/* 0 is "not known"; else the sign in the lowest bit, and one more. */
static unsigned char *put_signed(unsigned char *at, int64_t v, int64_t from) {
	if (v == UNKNOWN) {
		return put(at, 0);
	}
	uint64_t d = (uint64_t)v - (uint64_t)from;
	return put(at, (d << 1 ^ (d >> 63 ? UINT64_MAX : 0)) + 1);
}

static bool get_signed(struct text *t, int64_t from, int64_t *out) {
	uint64_t v;

	if (!get(t, &v)) {
		return false;
	}
	*out = UNKNOWN;
	if (v > 0) {
		v--;
		uint64_t d = v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
		*out = (int64_t)(d + (uint64_t)from);
	}
	return true;
}

static unsigned char *put_text(unsigned char *at, struct text t) {
	t = text_cut(t, 0, SEGMENT_TEXT_MAX);
	at = put(at, t.len);
	if (t.len > 0) {
		memcpy(at, t.at, t.len);
	}
	return at + t.len;
}

static bool get_text(struct text *t, struct text *out) {
	uint64_t len;

	if (!get(t, &len) || len > t->len) {
		return false;
	}
	*out = text_cut(*t, 0, (size_t)len);
	*t = text_cut(*t, (size_t)len, t->len);
	return true;
}

static int64_t *field_at(struct record *r, size_t at) {
	return (int64_t *)(void *)((char *)r + at);
}

static int64_t from_of(const struct field *f, int64_t instant) {
	return f->how == INSTANT && instant != UNKNOWN ? instant : 0;
}

static unsigned char *put_fields(unsigned char *at, const struct record *r, const struct field *fields, size_t count, int64_t instant) {
	for (size_t i = 0; i < count; i++) {
		at = put_signed(at, *(const int64_t *)(const void *)((const char *)r + fields[i].at), from_of(&fields[i], instant));
	}
	return at;
}

static bool get_fields(struct text *t, struct record *r, const struct field *fields, size_t count, int64_t instant) {
	bool fine = true;

	for (size_t i = 0; i < count && fine; i++) {
		fine = get_signed(t, from_of(&fields[i], instant), field_at(r, fields[i].at));
	}
	return fine;
}

static bool has_counts(const struct record *r, uint64_t flags) {
	return r->kind == RECORD_WINDOW && (flags & COUNTS);
}

size_t segment_encode(const struct record *r, int64_t day_ns, unsigned char out[SEGMENT_RECORD_MAX]) {
	const struct shape *s = &shapes[r->kind];
	int64_t instant = record_instant(r);
	unsigned char *at = out;

	*at++ = (unsigned char)r->kind;
	at = put_signed(at, instant, day_ns);
	at = put(at, segment_flags(r));
	at = put_fields(at, r, s->fields, s->field_count, instant);
	if (has_counts(r, segment_flags(r))) {
		at = put_fields(at, r, count_fields, FIRST_COUNTS, instant);
	}
	at = put_text(at, r->model);
	for (size_t i = 0; i < s->text_count; i++) {
		at = put_text(at, *(const struct text *)(const void *)((const char *)r + s->texts[i]));
	}
	at = put(at, r->file);
	at = put(at, (uint64_t)r->line);
	/* After everything else and only if not empty, so that old records stay readable. */
	if (r->kind == RECORD_REQUEST && r->request.billing.len > 0) {
		at = put_text(at, r->request.billing);
	}
	if (has_counts(r, segment_flags(r))) {
		at = put_fields(at, r, count_fields + FIRST_COUNTS, MORE_COUNTS, instant);
	}
	return (size_t)(at - out);
}

bool segment_decode(struct text t, int64_t day_ns, struct text replica, struct record *out) {
	uint64_t flags, file, line;
	int64_t instant = UNKNOWN;

	*out = (struct record){.replica = replica};
	if (t.len == 0 || (unsigned char)*t.at >= RECORD_KINDS) {
		return false;
	}
	out->kind = (enum record_kind) * t.at;
	t = text_cut(t, 1, t.len);
	const struct shape *s = &shapes[out->kind];
	bool fine = get_signed(&t, day_ns, &instant) && get(&t, &flags);
	if (fine) {
		segment_set_flags(out, flags);
	}
	if (s->instant > 0) {
		*field_at(out, s->instant) = instant;
	}
	fine = fine && get_fields(&t, out, s->fields, s->field_count, instant);
	if (fine && has_counts(out, flags)) {
		window_counts_unknown(&out->window);
		fine = get_fields(&t, out, count_fields, FIRST_COUNTS, instant);
	} else if (out->kind == RECORD_WINDOW) {
		window_counts_unknown(&out->window);
	}
	fine = fine && get_text(&t, &out->model);
	for (size_t i = 0; i < s->text_count && fine; i++) {
		fine = get_text(&t, (struct text *)(void *)((char *)out + s->texts[i]));
	}
	fine = fine && get(&t, &file) && get(&t, &line);
	if (fine && t.len > 0 && out->kind == RECORD_REQUEST) {
		fine = get_text(&t, &out->request.billing);
	}
	for (size_t i = FIRST_COUNTS; fine && t.len > 0 && has_counts(out, flags) && i < FIRST_COUNTS + MORE_COUNTS; i++) {
		fine = get_fields(&t, out, count_fields + i, 1, instant);
	}
	fine = fine && t.len == 0;
	if (fine) {
		out->file = (uint32_t)file;
		out->line = (int64_t)line;
	}
	return fine;
}

static void reach(int64_t ns, int64_t *first_ns, int64_t *last_ns) {
	if (ns != UNKNOWN) {
		*first_ns = ns < *first_ns ? ns : *first_ns;
		*last_ns = ns > *last_ns ? ns : *last_ns;
	}
}

void record_extent(const struct record *r, int64_t *first_ns, int64_t *last_ns) {
	switch (r->kind) {
	case RECORD_STEP:
		reach(r->step.start_ns, first_ns, last_ns);
		reach(r->step.start_ns + r->step.gpu_ns, first_ns, last_ns);
		break;
	case RECORD_REQUEST:
		reach(r->request.arrival_ns, first_ns, last_ns);
		reach(r->request.scheduled_ns, first_ns, last_ns);
		reach(r->request.first_token_ns, first_ns, last_ns);
		reach(r->request.finish_ns, first_ns, last_ns);
		break;
	case RECORD_WINDOW:
		reach(r->window.start_ns, first_ns, last_ns);
		reach(r->window.end_ns, first_ns, last_ns);
		break;
	default:
		reach(r->power.at_ns, first_ns, last_ns);
		break;
	}
}
