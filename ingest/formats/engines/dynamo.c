/*
 * dynamo.c: NVIDIA Dynamo's traces: forward passes (DYN_FPM_TRACE) as steps, requests (DYN_REQUEST_TRACE) as
 * requests.
 *
 * {"timestamp":41000,"event":{"schema":"dynamo.fpm.trace.v1","source":{…},"capture_mode":"full","observed_at_unix_ms":1783944000451,"fpm":{"version":1,"worker_id":"w0","dp_rank":0,"counter_id":41,"wall_time":0.0612,"scheduled_requests":{"num_prefill_requests":1,"sum_prefill_tokens":2048,"var_prefill_length":0.0,"sum_prefill_kv_tokens":0,"num_decode_requests":0,"sum_decode_kv_tokens":0,"var_decode_kv_tokens":0.0},"queued_requests":{…}}}}
 * {"timestamp":41000,"event":{"schema":"dynamo.request.trace.v1","event_type":"request_end","event_time_unix_ms":1783944000451,"request":{"request_id":"a","model":"m","input_tokens":40,"output_tokens":7,"cached_tokens":12,"request_received_ms":1783944000000,"ttft_ms":61.0,"total_time_ms":451.0,"worker":{"prefill_worker_id":17,"decode_worker_id":18}}}}
 * {"received_at_ns":1783944000451000000,"metrics":{"version":1,"worker_id":"w0","dp_rank":0,"counter_id":7,"timing_scope":"model_step_cuda","wall_time":0.012,"scheduled_requests":{…},"queued_requests":{…}}}
 *
 * The last is vLLM's own stream of forward passes (--forward-pass-metrics-port: vllm-project/vllm, pull request
 * 52061, open on 2026-11-30), one message a line, as a subscriber stores it. It contains no time: the time of arrival
 * counts, next to the message or in the envelope. timing_scope "model_step_cuda" (in its first version
 * "execute_model_cuda"): the device's events.
 *
 * wall_time is in seconds: with Dynamo's vLLM a host's clock around the whole step, with SGLang the device's events.
 * If a "timing_scope" (next to wall_time or fpm) states which, it counts; else the former is assumed. In the default
 * mode only one step every few seconds is written. Worker numbers have up to 64 bits: texts.
 */
#include <stdio.h>

#include "core/exact.h"
#include "ingest/formats/fields.h"

#define WORKERS_MAX 256

/* Timestamps are in ms and written when the step ends: steps of a worker follow one another. */
struct worker {
	uint64_t hash; /* of its name; 0: none */
	int64_t end_ns;
	int64_t counter, heartbeats; /* number of the previous message; heartbeats so far, which are numbered as well */
};

struct dynamo {
	struct worker workers[WORKERS_MAX];
	bool warned;
	char replica[2][128];
};

/* "w0", "w0/1"; empty if the object has none. */
static struct text worker_name(struct parser *p, json_at object, struct text id_key, struct text rank_key, char *buffer) {
	struct text id = field_text(p, object, id_key);
	int64_t rank = field_count_or_0(p, object, rank_key);

	if (id.len > 100) {
		id.len = 100;
	}
	if (rank > 0) {
		snprintf(buffer, 128, "%.*s/%lld", TEXT_ARG(id), (long long)rank);
	} else {
		snprintf(buffer, 128, "%.*s", TEXT_ARG(id));
	}
	return text_of(buffer);
}

/* The slot of a worker; the last one is shared by all workers beyond the maximum. */
static struct worker *worker_of(struct dynamo *m, struct text name) {
	uint64_t hash = text_hash(name) | 1;
	size_t i = 0;

	while (i < WORKERS_MAX - 1 && m->workers[i].hash != 0 && m->workers[i].hash != hash) {
		i++;
	}
	m->workers[i].hash = hash;
	return &m->workers[i];
}

/* Sum over chunks of tokens x (context + tokens/2), if it follows from sums and variance; else UNKNOWN. */
static int64_t token_kv(struct parser *p, json_at batch, const struct step *s) {
	int64_t n = s->prefill_requests, tokens = s->prefill_tokens, variance_milli;
	struct text variance = field_text(p, batch, T("var_prefill_length"));

	if (n <= 1) {
		return tokens * s->prefill_kv_tokens + tokens * tokens / 2;
	}
	/* var_prefill_length describes the chunks in the batch only if they have no context before them. */
	if (s->prefill_kv_tokens != 0 || !number_scaled(variance, 3, &variance_milli) || variance_milli < 0 ||
	    variance_milli > INT64_C(1000000000000000)) {
		return UNKNOWN;
	}
	int128 squares = (int128)tokens * tokens / n + (int128)variance_milli * n / 1000;
	return squares / 2 > INT64_C(1000000000000000000) ? UNKNOWN : (int64_t)(squares / 2);
}

static const char *read_batch(struct parser *p, json_at batch, struct step *s) {
	s->prefill_requests = field_count_or_0(p, batch, T("num_prefill_requests"));
	s->prefill_tokens = field_count_or_0(p, batch, T("sum_prefill_tokens"));
	s->prefill_kv_tokens = field_count_or_0(p, batch, T("sum_prefill_kv_tokens"));
	s->decode_requests = s->decode_tokens = field_count_or_0(p, batch, T("num_decode_requests"));
	s->decode_kv_tokens = field_count_or_0(p, batch, T("sum_decode_kv_tokens"));
	if (s->prefill_tokens > 100000000) {
		return "absurd count";
	}
	s->prefill_token_kv = token_kv(p, batch, s);
	return NULL;
}

static void warn_if_sampled(struct parser *p, json_at event) {
	struct dynamo *m = p->state;

	if (!m->warned && text_eq(field_text(p, event, T("capture_mode")), T("sampled"))) {
		m->warned = true;
		quality_warn(p->quality, "Dynamo logged one forward pass every few seconds, not each: "
					 "DYN_FPM_MODE=full logs all");
	}
}

/*
 * "cuda_events", "gpu", "device_forward"; "host_wall", "scheduler_step". Dynamo's documentation does not list the
 * member's values (November 2026): they are matched by these words.
 */
static enum duration_kind kind_of(struct parser *p, json_at event, json_at fpm) {
	static const struct text words[] = {{"cuda", 4}, {"gpu", 3}, {"device", 6}};
	struct text scope = field_text(p, fpm, T("timing_scope"));

	scope = scope.len > 0 ? scope : field_text(p, event, T("timing_scope"));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		for (size_t at = 0; at + words[i].len <= scope.len; at++) {
			if (text_eq_nocase(text_cut(scope, at, at + words[i].len), words[i])) {
				return DURATION_GPU_EVENTS;
			}
		}
	}
	return DURATION_HOST_WALL_FULL;
}

/* The number of a step among the steps of its worker; UNKNOWN if messages are not numbered. */
static int64_t index_of(struct worker *w, int64_t counter, bool is_heartbeat) {
	if (counter == UNKNOWN) {
		return UNKNOWN;
	}
	w->heartbeats = counter < w->counter ? 0 : w->heartbeats; /* it has started again */
	w->counter = counter;
	w->heartbeats += is_heartbeat;
	return counter - w->heartbeats;
}

/* When a message arrived. Unit by its size: RFC 3339, or Unix seconds to nanoseconds. */
static int64_t arrival_of(struct parser *p, json_at event, int64_t stamp_ns) {
	static const struct {
		struct text key;
		enum unit unit;
	} keys[] = {{{"observed_at_unix_ms", 19}, UNIT_MS}, {{"received_at_ns", 14}, UNIT_NS}, {{"received_at_ms", 14}, UNIT_MS},
	            {{"received_at", 11}, UNIT_S},          {{"timestamp_ns", 12}, UNIT_NS},   {{"timestamp", 9}, UNIT_S},
	            {{"ts", 2}, UNIT_S}};
	int64_t ns = UNKNOWN;

	for (size_t i = 0; i < sizeof keys / sizeof *keys && ns == UNKNOWN; i++) {
		ns = field_instant(p, event, keys[i].key, keys[i].unit);
	}
	return ns == UNKNOWN ? stamp_ns : ns;
}

/* Keys around vLLM's message. */
static const struct text around[] = {{"metrics", 7}, {"fpm", 3}, {"payload", 7}};

/* `event` is around `fpm`, or the same. */
static enum parse_result parse_pass(struct parser *p, json_at event, json_at fpm, int64_t stamp_ns, struct record *out) {
	struct dynamo *m = p->state;
	struct step *s = &out->step;
	json_at batch = json_get(p->json, fpm, T("scheduled_requests"));

	if (json_type(p->json, batch) != JSON_OBJECT) {
		return reject(p, "missing field");
	}
	record_begin(out, RECORD_STEP);
	const char *why = read_batch(p, batch, s);
	if (why) {
		return reject(p, why);
	}
	bool is_heartbeat = s->prefill_tokens == 0 && s->decode_requests == 0;
	out->replica = worker_name(p, fpm, T("worker_id"), T("dp_rank"), m->replica[0]);
	struct worker *w = worker_of(m, out->replica);
	s->index = index_of(w, field_count(p, fpm, T("counter_id")), is_heartbeat);
	if (is_heartbeat) {
		return PARSE_NONE;
	}
	warn_if_sampled(p, event);
	int64_t observed = arrival_of(p, event, stamp_ns);
	s->gpu_ns = field_duration(p, fpm, T("wall_time"), UNIT_S);
	s->duration_kind = kind_of(p, event, fpm);
	s->start_ns = instant_minus(observed, s->gpu_ns);
	if (s->start_ns != UNKNOWN && s->start_ns < w->end_ns && w->end_ns - s->start_ns < NS_PER_SECOND) {
		s->start_ns = w->end_ns;
	}
	w->end_ns = s->start_ns == UNKNOWN ? w->end_ns : s->start_ns + s->gpu_ns;
	return record_finish(p, out);
}

static void set_workers(struct parser *p, json_at request, struct record *out) {
	struct dynamo *m = p->state;
	json_at worker = json_get(p->json, request, T("worker"));

	if (json_type(p->json, worker) != JSON_OBJECT) {
		return;
	}
	struct text prefill = worker_name(p, worker, T("prefill_worker_id"), T("prefill_dp_rank"), m->replica[0]);
	struct text decode = worker_name(p, worker, T("decode_worker_id"), T("decode_dp_rank"), m->replica[1]);
	out->replica = decode.len > 0 ? decode : prefill;
	if (decode.len > 0 && !text_eq(prefill, decode)) {
		out->request.prefill_replica = prefill;
	}
}

static enum parse_result parse_request(struct parser *p, json_at event, struct record *out) {
	static const struct text replay[] = {{"replay", 6}};
	struct request *q = &out->request;
	json_at r = json_get(p->json, event, T("request"));

	if (json_type(p->json, r) != JSON_OBJECT) {
		return reject(p, "missing field");
	}
	record_begin(out, RECORD_REQUEST);
	q->id = field_text(p, r, T("request_id"));
	q->prompt_tokens = field_count(p, r, T("input_tokens"));
	if (q->prompt_tokens == UNKNOWN) {
		q->prompt_tokens = field_count(p, field_path(p->json, r, replay, 1), T("input_length"));
	}
	q->cached_tokens = field_count(p, r, T("cached_tokens"));
	q->completion_tokens = field_count_or_0(p, r, T("output_tokens"));
	q->arrival_ns = field_instant(p, r, T("request_received_ms"), UNIT_MS);
	q->scheduled_ns = instant_plus(q->arrival_ns, field_duration(p, r, T("prefill_wait_time_ms"), UNIT_MS));
	q->first_token_ns = instant_plus(q->arrival_ns, field_duration(p, r, T("ttft_ms"), UNIT_MS));
	q->finish_ns = instant_plus(q->arrival_ns, field_duration(p, r, T("total_time_ms"), UNIT_MS));
	if (q->finish_ns == UNKNOWN) {
		q->finish_ns = field_instant(p, event, T("event_time_unix_ms"), UNIT_MS);
	}
	out->model = field_text(p, r, T("model"));
	set_workers(p, r, out);
	return record_finish(p, out);
}

static json_at object_in(const struct json *j, json_at object, struct text key) {
	json_at at = json_get(j, object, key);

	return json_type(j, at) == JSON_OBJECT ? at : JSON_ABSENT;
}

/* vLLM's own stream: the message, alone or next to its arrival. */
static enum parse_result parse_native(struct parser *p, int64_t stamp_ns, struct record *out) {
	json_at fpm = object_in(p->json, 0, T("scheduled_requests")) != JSON_ABSENT ? 0 : JSON_ABSENT;

	for (size_t i = 0; i < sizeof around / sizeof *around && fpm == JSON_ABSENT; i++) {
		json_at inner = object_in(p->json, 0, around[i]);
		fpm = inner != JSON_ABSENT && object_in(p->json, inner, T("scheduled_requests")) != JSON_ABSENT ? inner : JSON_ABSENT;
	}
	return fpm == JSON_ABSENT ? PARSE_NONE : parse_pass(p, 0, fpm, stamp_ns, out);
}

static enum parse_result dynamo_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                      struct record *out) {
	if (!line || !field_parse_line(p, *line)) {
		return line && p->reason ? PARSE_REJECT : PARSE_NONE;
	}
	json_at event = object_in(p->json, 0, T("event"));
	if (event == JSON_ABSENT) {
		return parse_native(p, stamp_ns, out);
	}
	struct text schema = field_text(p, event, T("schema"));
	if (text_starts(schema, T("dynamo.fpm.trace."))) {
		return parse_pass(p, event, json_get(p->json, event, T("fpm")), UNKNOWN, out);
	}
	bool ended = text_starts(schema, T("dynamo.request.trace.")) && text_eq(field_text(p, event, T("event_type")), T("request_end"));
	return ended ? parse_request(p, event, out) : PARSE_NONE;
}

/* vLLM's own message, or what is around it. */
static bool is_native(struct text object) {
	return field_is_at_top(object, T("scheduled_requests")) && field_is_at_top(object, T("wall_time")) &&
	       text_find(object, T("\"sum_decode_kv_tokens\"")) != SIZE_MAX;
}

static int bid_of(struct text line) {
	struct text event, schema, inner;

	if (field_at_top(line, T("event"), &event) && field_at_top(event, T("schema"), &schema) &&
	    (text_starts(schema, T("\"dynamo.fpm.trace.")) || text_starts(schema, T("\"dynamo.request.trace.")))) {
		return 90;
	}
	for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
		if (field_at_top(line, around[i], &inner) && is_native(inner)) {
			return 88;
		}
	}
	return is_native(line) ? 88 : 0;
}

static int dynamo_bid(const struct text *lines, size_t count) {
	int bid = 0;

	for (size_t i = 0; i < count && bid == 0; i++) {
		bid = text_starts(lines[i], T("{")) ? bid_of(lines[i]) : 0;
	}
	return bid;
}

const struct format format_dynamo = {
	.bid = dynamo_bid,
	.parse = dynamo_parse,
	.state_size = sizeof(struct dynamo),
};
