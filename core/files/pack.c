#include "core/files/pack.h"

#define VARINT_MAX 10
#define COUNT(table) (sizeof(table) / sizeof *(table))

char *pack_i64(char *at, int64_t n) {
	uint64_t left = ((uint64_t)n << 1) ^ (uint64_t)(n >> 63);

	while (left >= 0x80) {
		*at++ = (char)(left | 0x80);
		left >>= 7;
	}
	*at++ = (char)left;
	return at;
}

bool unpack_i64(struct text *t, int64_t *out) {
	const char *at = t->at, *end = at + (t->len < VARINT_MAX ? t->len : VARINT_MAX);
	uint64_t got = 0;

	for (unsigned shift = 0; at < end; shift += 7) {
		unsigned char byte = (unsigned char)*at++;
		got |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*out = (int64_t)(got >> 1) ^ -(int64_t)(got & 1);
			*t = (struct text){at, t->len - (size_t)(at - t->at)};
			return true;
		}
	}
	return false;
}

char *pack_text(char *at, struct text t) {
	struct text kept = text_cut(t, 0, PACK_TEXT_MAX);

	at = pack_i64(at, (int64_t)kept.len);
	if (kept.len > 0) {
		memcpy(at, kept.at, kept.len);
	}
	return at + kept.len;
}

bool unpack_text(struct text *t, struct text *out) {
	int64_t len;

	if (!unpack_i64(t, &len) || len < 0 || (size_t)len > t->len) {
		return false;
	}
	*out = text_cut(*t, 0, (size_t)len);
	*t = text_cut(*t, (size_t)len, t->len);
	return true;
}

/* ---- records ---- */

#define IN(kind, member) offsetof(struct record, kind.member)

static const size_t step_numbers[] = {
	IN(step, index), IN(step, start_ns), IN(step, gpu_ns), IN(step, prefill_requests), IN(step, prefill_tokens),
	IN(step, prefill_kv_tokens), IN(step, prefill_token_kv), IN(step, decode_requests), IN(step, decode_tokens),
	IN(step, decode_kv_tokens), IN(step, prefill_gpu_ns), IN(step, decode_gpu_ns),
};
static const size_t request_numbers[] = {
	IN(request, arrival_ns), IN(request, scheduled_ns), IN(request, first_token_ns), IN(request, finish_ns),
	IN(request, prompt_tokens), IN(request, cached_tokens), IN(request, cache_write_tokens),
	IN(request, completion_tokens), IN(request, reasoning_tokens), IN(request, preemptions),
};
static const size_t request_texts[] = {IN(request, id), IN(request, tenant), IN(request, prefill_replica), IN(request, billing)};
static const size_t window_numbers[] = {
	IN(window, start_ns), IN(window, end_ns), IN(window, input_tokens), IN(window, cached_tokens),
	IN(window, output_tokens), IN(window, requests), IN(window, prefill_gpu_ns), IN(window, decode_gpu_ns),
	IN(window, running),
#define IN_COUNT(name) IN(window, name),
	WINDOW_COUNTS(IN_COUNT)
};
static const size_t window_texts[] = {IN(window, tenant)};
static const size_t power_numbers[] = {IN(power, at_ns), IN(power, milliwatts)};
static const size_t power_texts[] = {IN(power, gpu)};

static const struct layout {
	const size_t *numbers;
	size_t number_count;
	const size_t *texts;
	size_t text_count;
} layouts[RECORD_KINDS] = {
	[RECORD_STEP] = {step_numbers, COUNT(step_numbers), NULL, 0},
	[RECORD_REQUEST] = {request_numbers, COUNT(request_numbers), request_texts, COUNT(request_texts)},
	[RECORD_WINDOW] = {window_numbers, COUNT(window_numbers), window_texts, COUNT(window_texts)},
	[RECORD_POWER] = {power_numbers, COUNT(power_numbers), power_texts, COUNT(power_texts)},
};

/* Values without a number of their own: flags, from the lowest bit on. */
static int64_t flags_of(const struct record *r) {
	switch (r->kind) {
	case RECORD_STEP:
		return (int64_t)r->step.duration_kind | (int64_t)r->step.flags << 8;
	case RECORD_REQUEST:
		return (int64_t)r->request.ok | (int64_t)r->request.exclusive_times << 2 | (int64_t)r->request.gateway << 3 |
		       (int64_t)r->request.service << 4 | (int64_t)r->request.server_id << 7 |
		       (int64_t)r->request.cached_unknown << 8;
	case RECORD_WINDOW:
		return (int64_t)r->window.input_is_computed | (int64_t)r->window.cached_unknown << 1;
	default:
		return 0;
	}
}

static void set_flags(struct record *r, int64_t flags) {
	if (r->kind == RECORD_STEP) {
		r->step.duration_kind = (enum duration_kind)(flags & 0xff);
		r->step.flags = (unsigned)(flags >> 8);
	} else if (r->kind == RECORD_REQUEST) {
		r->request.ok = flags & 1;
		r->request.exclusive_times = flags >> 2 & 1;
		r->request.gateway = flags >> 3 & 1;
		r->request.service = (enum service)(flags >> 4 & 7);
		r->request.server_id = flags >> 7 & 1;
		r->request.cached_unknown = flags >> 8 & 1;
	} else if (r->kind == RECORD_WINDOW) {
		r->window.input_is_computed = flags & 1;
		r->window.cached_unknown = flags >> 1 & 1;
	}
}

size_t record_pack(const struct record *r, char *out) {
	const struct layout *l = &layouts[r->kind];
	const char *base = (const char *)r;
	char *at = pack_i64(out, (int64_t)r->kind | (int64_t)r->relative_clock << 3);

	at = pack_i64(at, flags_of(r));
	at = pack_text(pack_text(at, r->replica), r->model);
	at = pack_i64(pack_i64(at, r->file), r->line);
	for (size_t i = 0; i < l->number_count; i++) {
		at = pack_i64(at, *(const int64_t *)(const void *)(base + l->numbers[i]));
	}
	for (size_t i = 0; i < l->text_count; i++) {
		at = pack_text(at, *(const struct text *)(const void *)(base + l->texts[i]));
	}
	return (size_t)(at - out);
}

static bool unpack_head(struct text *t, struct record *out, int64_t *flags) {
	int64_t kind, file;

	if (!unpack_i64(t, &kind) || (kind & 7) >= RECORD_KINDS || !unpack_i64(t, flags) ||
	    !unpack_text(t, &out->replica) || !unpack_text(t, &out->model) || !unpack_i64(t, &file) ||
	    !unpack_i64(t, &out->line) || file < 0 || file > UINT32_MAX) {
		return false;
	}
	out->kind = (enum record_kind)(kind & 7);
	out->relative_clock = kind >> 3 & 1;
	out->file = (uint32_t)file;
	return true;
}

bool record_unpack_head(struct text t, struct record *out) {
	int64_t flags;

	return unpack_head(&t, out, &flags);
}

bool record_unpack(struct text *t, struct record *out) {
	char *base = (char *)out;
	int64_t flags;

	memset(out, 0, sizeof *out);
	if (!unpack_head(t, out, &flags)) {
		return false;
	}
	if (out->kind == RECORD_REQUEST && (flags >> 4 & 7) >= SERVICES) {
		return false;
	}
	set_flags(out, flags);
	const struct layout *l = &layouts[out->kind];
	for (size_t i = 0; i < l->number_count; i++) {
		if (!unpack_i64(t, (int64_t *)(void *)(base + l->numbers[i]))) {
			return false;
		}
	}
	for (size_t i = 0; i < l->text_count; i++) {
		if (!unpack_text(t, (struct text *)(void *)(base + l->texts[i]))) {
			return false;
		}
	}
	return true;
}

/* ---- entries ---- */

#define OF(member) offsetof(struct entry, member)

static const size_t entry_numbers[] = {
	OF(slot_ns), OF(prompt_over_ntok), OF(rate_nano), OF(gpu_ns), OF(tokens), OF(requests), OF(reasoning_tokens),
	OF(cache_write_tokens), OF(spread_ns), OF(energy_mj), OF(metered_ns),
};
static const size_t entry_names[] = {OF(replica), OF(model), OF(tenant), OF(pool)};

size_t entry_pack(const struct entry *e, const struct names *names, char *out) {
	const char *base = (const char *)e;
	char *at = pack_i64(out, (int64_t)e->kind | (int64_t)e->grade << 3 | (int64_t)e->service << 6);

	for (size_t i = 0; i < COUNT(entry_numbers); i++) {
		at = pack_i64(at, *(const int64_t *)(const void *)(base + entry_numbers[i]));
	}
	for (size_t i = 0; i < COUNT(entry_names); i++) {
		at = pack_text(at, names_text(names, *(const name_id *)(const void *)(base + entry_names[i])));
	}
	return (size_t)(at - out);
}

bool entry_unpack(struct text *t, struct names *names, struct entry *out) {
	char *base = (char *)out;
	struct text name;
	int64_t kinds;

	memset(out, 0, sizeof *out);
	if (!unpack_i64(t, &kinds) || (kinds & 7) >= ENTRY_KINDS || (kinds >> 3 & 7) >= GRADES ||
	    (kinds >> 6 & 7) >= SERVICES) {
		return false;
	}
	out->kind = (enum entry_kind)(kinds & 7);
	out->grade = (enum grade)(kinds >> 3 & 7);
	out->service = (enum service)(kinds >> 6 & 7);
	for (size_t i = 0; i < COUNT(entry_numbers); i++) {
		if (!unpack_i64(t, (int64_t *)(void *)(base + entry_numbers[i]))) {
			return false;
		}
	}
	for (size_t i = 0; i < COUNT(entry_names); i++) {
		if (!unpack_text(t, &name)) {
			return false;
		}
		*(name_id *)(void *)(base + entry_names[i]) = names_id(names, name);
	}
	return true;
}

int packed_order(const void *context, const void *a, size_t a_len, const void *b, size_t b_len) {
	struct text x = {a, a_len}, y = {b, b_len}, x_name, y_name;

	(void)context;
	(void)unpack_text(&x, &x_name);
	(void)unpack_text(&y, &y_name);
	int order = text_compare(x_name, y_name);
	return order != 0 ? order : text_compare(x, y);
}
