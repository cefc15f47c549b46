/* native_fields.c: the keys of native records, their fields, and checks for impossible values. */
#include <stddef.h>

#include "ingest/formats/native.h"

#define KEY(literal) {literal, sizeof(literal) - 1}
#define NAMED(literal) KEY(literal), KEY("\"" literal "\":")
#define AT(member) offsetof(struct record, member)
/* Sums over a step's sequences, products of tokens and contexts, and totals of a period are larger than counts. */
#define KV_MAX INT64_C(1000000000000)
#define TOKEN_KV_MAX INT64_C(1000000000000000000)
#define TOTAL_MAX INT64_C(1000000000000000)
/* Of one window: 400 GPUs for a day. A statement has room for 2.5 million GPU-hours. */
#define GPU_NS_MAX (10000 * NS_PER_HOUR)
#define WINDOW_COUNT_MAX INT64_C(3600000000000000000)

/* In the order in which writers write them: the fast reader tries the next row first. */
static const struct field step_fields[] = {
	{NAMED("schema"), FIELD_SCHEMA, 0, 0},
	{NAMED("replica"), FIELD_TEXT, AT(replica), 0},
	{NAMED("model"), FIELD_TEXT, AT(model), 0},
	{NAMED("step"), FIELD_INDEX, AT(step.index), INT64_MAX},
	{NAMED("start_ns"), FIELD_INSTANT, AT(step.start_ns), INT64_MAX},
	{NAMED("gpu_ns"), FIELD_COUNT, AT(step.gpu_ns), STEP_MAX_NS},
	{NAMED("prefill_requests"), FIELD_COUNT, AT(step.prefill_requests), COUNT_MAX},
	{NAMED("prefill_tokens"), FIELD_COUNT, AT(step.prefill_tokens), COUNT_MAX},
	{NAMED("prefill_kv_tokens"), FIELD_COUNT, AT(step.prefill_kv_tokens), KV_MAX},
	{NAMED("prefill_token_kv"), FIELD_COUNT, AT(step.prefill_token_kv), TOKEN_KV_MAX},
	{NAMED("decode_requests"), FIELD_COUNT, AT(step.decode_requests), COUNT_MAX},
	{NAMED("decode_tokens"), FIELD_COUNT, AT(step.decode_tokens), COUNT_MAX},
	{NAMED("decode_kv_tokens"), FIELD_COUNT, AT(step.decode_kv_tokens), KV_MAX},
	{NAMED("prefill_gpu_ns"), FIELD_COUNT, AT(step.prefill_gpu_ns), STEP_MAX_NS},
	{NAMED("decode_gpu_ns"), FIELD_COUNT, AT(step.decode_gpu_ns), STEP_MAX_NS},
	{NAMED("duration_kind"), FIELD_DURATION_KIND, AT(step.duration_kind), 0},
	{NAMED("dummy"), FIELD_FLAG, AT(step.flags), STEP_DUMMY},
	{NAMED("mixed_recompute"), FIELD_FLAG, AT(step.flags), STEP_MIXED_RECOMPUTE},
	{NAMED("coarse_clock"), FIELD_FLAG, AT(step.flags), STEP_COARSE_CLOCK},
	{NAMED("relative_clock"), FIELD_BOOL, AT(relative_clock), 0},
};
static const struct field request_fields[] = {
	{NAMED("schema"), FIELD_SCHEMA, 0, 0},
	{NAMED("id"), FIELD_TEXT, AT(request.id), 0},
	{NAMED("tenant"), FIELD_TEXT, AT(request.tenant), 0},
	{NAMED("model"), FIELD_TEXT, AT(model), 0},
	{NAMED("replica"), FIELD_TEXT, AT(replica), 0},
	{NAMED("prefill_replica"), FIELD_TEXT, AT(request.prefill_replica), 0},
	{NAMED("arrival_ns"), FIELD_INSTANT, AT(request.arrival_ns), INT64_MAX},
	{NAMED("scheduled_ns"), FIELD_INSTANT, AT(request.scheduled_ns), INT64_MAX},
	{NAMED("first_token_ns"), FIELD_INSTANT, AT(request.first_token_ns), INT64_MAX},
	{NAMED("finish_ns"), FIELD_INSTANT, AT(request.finish_ns), INT64_MAX},
	{NAMED("prompt_tokens"), FIELD_COUNT, AT(request.prompt_tokens), COUNT_MAX},
	{NAMED("cached_tokens"), FIELD_COUNT, AT(request.cached_tokens), COUNT_MAX},
	{NAMED("cache_write_tokens"), FIELD_COUNT, AT(request.cache_write_tokens), COUNT_MAX},
	{NAMED("completion_tokens"), FIELD_COUNT, AT(request.completion_tokens), COUNT_MAX},
	{NAMED("reasoning_tokens"), FIELD_COUNT, AT(request.reasoning_tokens), COUNT_MAX},
	{NAMED("preemptions"), FIELD_COUNT, AT(request.preemptions), COUNT_MAX},
	{NAMED("status"), FIELD_STATUS, AT(request.ok), 0},
	{NAMED("batch"), FIELD_BATCH, AT(request.service), 0},
	{NAMED("service"), FIELD_SERVICE, AT(request.service), 0},
	{NAMED("exclusive_times"), FIELD_BOOL, AT(request.exclusive_times), 0},
	{NAMED("gateway"), FIELD_BOOL, AT(request.gateway), 0},
	{NAMED("billing"), FIELD_TEXT, AT(request.billing), 0},
	{NAMED("server_id"), FIELD_BOOL, AT(request.server_id), 0},
	{NAMED("relative_clock"), FIELD_BOOL, AT(relative_clock), 0},
	{NAMED("user"), FIELD_IGNORED, 0, 0},
	{NAMED("api_key"), FIELD_IGNORED, 0, 0},
	{NAMED("priority"), FIELD_IGNORED, 0, 0},
};
static const struct field window_fields[] = {
	{NAMED("schema"), FIELD_SCHEMA, 0, 0},
	{NAMED("replica"), FIELD_TEXT, AT(replica), 0},
	{NAMED("model"), FIELD_TEXT, AT(model), 0},
	{NAMED("tenant"), FIELD_TEXT, AT(window.tenant), 0},
	{NAMED("start_ns"), FIELD_INSTANT, AT(window.start_ns), INT64_MAX},
	{NAMED("end_ns"), FIELD_INSTANT, AT(window.end_ns), INT64_MAX},
	{NAMED("input_tokens"), FIELD_COUNT, AT(window.input_tokens), TOTAL_MAX},
	{NAMED("cached_tokens"), FIELD_COUNT, AT(window.cached_tokens), TOTAL_MAX},
	{NAMED("output_tokens"), FIELD_COUNT, AT(window.output_tokens), TOTAL_MAX},
	{NAMED("requests"), FIELD_COUNT, AT(window.requests), TOTAL_MAX},
	{NAMED("prefill_gpu_ns"), FIELD_COUNT, AT(window.prefill_gpu_ns), GPU_NS_MAX},
	{NAMED("decode_gpu_ns"), FIELD_COUNT, AT(window.decode_gpu_ns), GPU_NS_MAX},
	{NAMED("running"), FIELD_COUNT, AT(window.running), COUNT_MAX},
#define COUNT_FIELD(name) {NAMED(#name), FIELD_COUNT, AT(window.name), WINDOW_COUNT_MAX},
	WINDOW_COUNTS(COUNT_FIELD)
	{NAMED("input_is_computed"), FIELD_BOOL, AT(window.input_is_computed), 0},
	{NAMED("relative_clock"), FIELD_BOOL, AT(relative_clock), 0},
};
static const struct field power_fields[] = {
	{NAMED("schema"), FIELD_SCHEMA, 0, 0},
	{NAMED("replica"), FIELD_TEXT, AT(replica), 0},
	{NAMED("gpu"), FIELD_TEXT, AT(power.gpu), 0},
	{NAMED("at_ns"), FIELD_INSTANT, AT(power.at_ns), INT64_MAX},
	{NAMED("watts"), FIELD_WATTS, AT(power.milliwatts), 0},
};

void native_defaults(struct record *r, enum record_kind kind) {
	*r = (struct record){.kind = kind};
	switch (kind) {
	case RECORD_STEP:
		r->step.index = r->step.start_ns = r->step.gpu_ns = r->step.prefill_kv_tokens = UNKNOWN;
		r->step.prefill_token_kv = r->step.decode_tokens = r->step.decode_kv_tokens = UNKNOWN;
		r->step.prefill_gpu_ns = r->step.decode_gpu_ns = UNKNOWN;
		r->step.duration_kind = DURATION_GPU_EVENTS; /* `gpu_ns` means "on the device" */
		break;
	case RECORD_REQUEST:
		r->request.arrival_ns = r->request.scheduled_ns = UNKNOWN;
		r->request.first_token_ns = r->request.finish_ns = UNKNOWN;
		r->request.prompt_tokens = r->request.cached_tokens = UNKNOWN;
		r->request.ok = true;
		break;
	case RECORD_WINDOW:
		r->window.start_ns = r->window.end_ns = r->window.requests = UNKNOWN;
		r->window.prefill_gpu_ns = r->window.decode_gpu_ns = r->window.running = UNKNOWN;
		r->window.cached_tokens = UNKNOWN;
		window_counts_unknown(&r->window);
		break;
	default:
		r->power.at_ns = r->power.milliwatts = UNKNOWN;
	}
}

static const char *first_absurd(const struct parser *p, const struct record *r, const int64_t *instants, size_t count) {
	const char *why = NULL;

	for (size_t i = 0; i < count && !why; i++) {
		why = r->relative_clock ? (instants[i] < 0 && instants[i] != UNKNOWN ? "instant before its clock" : NULL)
		                        : instant_absurd(p, instants[i]);
	}
	return why;
}

/* Missing values count as 0 in sums; whether they were reported is stored separately. */
static void settle_cached(int64_t *cached_tokens, bool *unknown) {
	*unknown |= *cached_tokens == UNKNOWN;
	*cached_tokens = *cached_tokens == UNKNOWN ? 0 : *cached_tokens;
}

static const char *check_step(const struct parser *p, struct record *r) {
	struct step *s = &r->step;

	if (s->start_ns == UNKNOWN || s->gpu_ns == UNKNOWN) {
		return "missing field";
	}
	if (s->decode_tokens == UNKNOWN) {
		s->decode_tokens = s->decode_requests;
	}
	return first_absurd(p, r, &s->start_ns, 1);
}

/* Known instants must be in this order; `scheduled` may be from another clock and is not checked. */
static bool in_order(int64_t a, int64_t b) {
	return a == UNKNOWN || b == UNKNOWN || a <= b;
}

static const char *check_request(const struct parser *p, struct record *r) {
	struct request *q = &r->request;
	const int64_t instants[] = {q->arrival_ns, q->scheduled_ns, q->first_token_ns, q->finish_ns};

	settle_cached(&q->cached_tokens, &q->cached_unknown);
	if (q->prompt_tokens == UNKNOWN) {
		return "missing field";
	}
	if (q->cached_tokens > q->prompt_tokens) {
		return "more cached tokens than prompt tokens";
	}
	if (q->reasoning_tokens > q->completion_tokens) {
		return "more reasoning tokens than completion tokens";
	}
	if (!in_order(q->arrival_ns, q->first_token_ns) || !in_order(q->arrival_ns, q->finish_ns) ||
	    !in_order(q->first_token_ns, q->finish_ns) || !in_order(q->scheduled_ns, q->finish_ns)) {
		return "instants out of order";
	}
	q->gateway |= r->replica.len == 0 && q->tenant.len > 0;
	return first_absurd(p, r, instants, sizeof instants / sizeof *instants);
}

static const char *check_window(const struct parser *p, struct record *r) {
	struct window *w = &r->window;
	const int64_t instants[] = {w->start_ns, w->end_ns};

	settle_cached(&w->cached_tokens, &w->cached_unknown);
	if (w->start_ns == UNKNOWN || w->end_ns == UNKNOWN) {
		return "missing field";
	}
	if (w->cached_tokens > w->input_tokens) {
		return "more cached tokens than prompt tokens";
	}
	if (w->end_ns <= w->start_ns) {
		return "instants out of order";
	}
	return first_absurd(p, r, instants, sizeof instants / sizeof *instants);
}

static const char *check_power(const struct parser *p, struct record *r) {
	if (r->power.at_ns == UNKNOWN || r->power.milliwatts == UNKNOWN) {
		return "missing field";
	}
	return instant_absurd(p, r->power.at_ns);
}

_Static_assert(sizeof request_fields / sizeof *request_fields <= NATIVE_ROWS_MAX && sizeof window_fields / sizeof *window_fields <= NATIVE_ROWS_MAX,
               "each row has a bit of its own");
const struct kind native_kinds[NATIVE_KINDS] = {
#define FIELDS(table) table, sizeof table / sizeof *table
	{KEY("tollbook.step.v1"), RECORD_STEP, FIELDS(step_fields), KEY("gpu_ns"), check_step},
	{KEY("tollbook.request.v1"), RECORD_REQUEST, FIELDS(request_fields), KEY("prompt_tokens"), check_request},
	{KEY("tollbook.window.v1"), RECORD_WINDOW, FIELDS(window_fields), KEY("end_ns"), check_window},
	{KEY("tollbook.power.v1"), RECORD_POWER, FIELDS(power_fields), KEY("watts"), check_power},
};
