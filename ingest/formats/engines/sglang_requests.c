/*
 * sglang_requests.c: SGLang's requests: --log-requests as JSON or text, --export-metrics-to-file,
 * --enable-request-time-stats-logging.
 *
 * {"timestamp": "2026-01-02T03:04:05.678901", "event": "request.finished", "rid": "a1", "obj": {…}, "out": {"meta_info": {"id": "a1", "prompt_tokens": 40, "completion_tokens": 7, "cached_tokens": 12, "e2e_latency": 0.52, …}}}
 * {"request_parameters": "{…}", "id": "a1", "prompt_tokens": 40, "completion_tokens": 7, "request_received_ts": 1767323045.1, …}
 * [2026-05-06 12:00:00 TP0] ReqTimeStats(rid=a1, input_len=40, cached_input_len=12, output_len=7, attempts=1, type=unified): queue_duration=1.23ms, forward_duration=456.78ms, entry_time=1778068800.123
 * [2026-05-06 12:00:00] Finish: obj=GenerateReqInput(…), out={'text': '…', 'meta_info': {'id': 'a1', 'prompt_tokens': 40, …}}
 *
 * prompt_tokens includes cached_tokens. Times are wall times of shared batches.
 */
#include "ingest/formats/engines/sglang.h"

#include "core/exact.h"
#include "ingest/formats/python.h"

/* The first of these keys that is present: names have changed. */
static int64_t first_instant(struct parser *p, json_at meta, const struct text *keys, size_t count) {
	int64_t ns = UNKNOWN;

	for (size_t i = 0; i < count && ns == UNKNOWN; i++) {
		ns = field_instant(p, meta, keys[i], UNIT_S);
	}
	return ns;
}

#define KEY(literal) {literal, sizeof(literal) - 1}
#define FIRST(p, meta, keys) first_instant(p, meta, keys, sizeof keys / sizeof *keys)

/* Instants from what the version and its options report: Unix seconds, or durations before the end. */
static void set_instants(struct parser *p, json_at meta, int64_t written_ns, struct request *q) {
	static const struct text arrivals[] = {KEY("request_received_ts"), KEY("request_sent_to_scheduler_ts")};
	static const struct text scheduled[] = {KEY("forward_entry_time"), KEY("request_scheduled_ts")};
	static const struct text firsts[] = {KEY("prefill_finished_time"), KEY("prefill_finished_ts")};
	static const struct text finishes[] = {KEY("request_finished_ts"), KEY("decode_finished_ts"),
	                                       KEY("response_sent_to_client_ts"), KEY("response_sent_ts")};
	int64_t e2e = field_duration(p, meta, T("e2e_latency"), UNIT_S);
	int64_t queue = field_duration(p, meta, T("queue_time"), UNIT_S);

	q->arrival_ns = FIRST(p, meta, arrivals);
	q->scheduled_ns = FIRST(p, meta, scheduled);
	q->first_token_ns = FIRST(p, meta, firsts);
	q->finish_ns = FIRST(p, meta, finishes);
	q->finish_ns = q->finish_ns == UNKNOWN ? instant_plus(q->arrival_ns, e2e) : q->finish_ns;
	q->finish_ns = q->finish_ns == UNKNOWN ? written_ns : q->finish_ns;
	q->arrival_ns = q->arrival_ns == UNKNOWN ? instant_minus(q->finish_ns, e2e) : q->arrival_ns;
	q->scheduled_ns = q->scheduled_ns == UNKNOWN ? instant_plus(q->arrival_ns, queue) : q->scheduled_ns;
	/* From two clocks: an instant slightly out of order does not reject the request. */
	if (q->scheduled_ns != UNKNOWN && q->finish_ns != UNKNOWN && q->scheduled_ns > q->finish_ns) {
		q->scheduled_ns = UNKNOWN;
	}
	if (q->first_token_ns != UNKNOWN && ((q->finish_ns != UNKNOWN && q->first_token_ns > q->finish_ns) ||
	                                     (q->arrival_ns != UNKNOWN && q->first_token_ns < q->arrival_ns))) {
		q->first_token_ns = UNKNOWN;
	}
}

static void set_engine(struct parser *p, json_at meta, struct record *out) {
	int64_t rank = field_count(p, meta, T("dp_rank"));

	sglang_names(p, rank == UNKNOWN ? 0 : rank, out);
}

static enum parse_result parse_meta(struct parser *p, json_at meta, struct text rid, struct record *out) {
	const struct sglang *s = p->state;
	struct request *q = &out->request;

	record_begin(out, RECORD_REQUEST);
	q->id = field_text(p, meta, T("id"));
	q->id = q->id.len > 0 ? q->id : rid;
	q->prompt_tokens = field_count(p, meta, T("prompt_tokens"));
	q->cached_tokens = field_count(p, meta, T("cached_tokens"));
	q->completion_tokens = field_count_or_0(p, meta, T("completion_tokens"));
	q->reasoning_tokens = field_count_or_0(p, meta, T("reasoning_tokens"));
	q->preemptions = field_count(p, meta, T("num_retractions"));
	q->preemptions = q->preemptions == UNKNOWN ? field_count_or_0(p, meta, T("total_retractions")) : q->preemptions;
	json_at reason = json_get(p->json, meta, T("finish_reason"));
	if (json_type(p->json, reason) == JSON_OBJECT) {
		q->ok = !text_eq(field_text(p, reason, T("type")), T("abort"));
	}
	set_instants(p, meta, s->line_ns, q);
	set_engine(p, meta, out);
	return record_finish(p, out);
}

static json_at meta_of(const struct json *j, json_at output) {
	json_at meta = json_get(j, output, T("meta_info"));

	return json_type(j, meta) == JSON_OBJECT ? meta : JSON_ABSENT;
}

/* A request of several outputs has a list of them. */
static enum parse_result parse_list(struct parser *p, struct record *out) {
	struct sglang *s = p->state;
	json_at meta = meta_of(p->json, s->next);

	p->reason = NULL;
	s->next = json_next(p->json, s->next);
	s->next = s->next == JSON_ABSENT ? 0 : s->next;
	enum parse_result result = meta == JSON_ABSENT ? reject(p, "missing field") : parse_meta(p, meta, T(""), out);
	if (s->next == 0) {
		return result;
	}
	return result == PARSE_RECORD ? PARSE_AGAIN : PARSE_REJECT_AGAIN;
}

static enum parse_result parse_finished(struct parser *p, struct record *out) {
	struct sglang *s = p->state;
	json_at output = json_get(p->json, 0, T("out"));

	if (output == JSON_ABSENT) {
		return reject(p, "missing field");
	}
	if (json_type(p->json, output) == JSON_ARRAY) {
		s->next = json_first(p->json, output);
		s->next = s->next == JSON_ABSENT ? 0 : s->next;
		return s->next ? parse_list(p, out) : PARSE_NONE;
	}
	json_at meta = meta_of(p->json, output);
	return meta == JSON_ABSENT ? reject(p, "missing field") : parse_meta(p, meta, field_text(p, 0, T("rid")), out);
}

enum parse_result sglang_parse_json(struct parser *p, struct text line, const struct sglang_logged *l, int64_t stamp_ns,
                                    struct record *out) {
	struct sglang *s = p->state;

	if (s->next) {
		return parse_list(p, out);
	}
	if (!json_parse(p->json, line, NULL)) {
		return reject(p, "invalid JSON");
	}
	if (json_get(p->json, 0, T("request_parameters")) != JSON_ABSENT) {
		s->line_ns = stamp_ns;
		return parse_meta(p, 0, T(""), out);
	}
	struct text event = field_text(p, 0, T("event"));
	bool decode = text_eq(event, T("decode.batch"));
	if (!decode && !text_eq(event, T("prefill.batch")) && !text_eq(event, T("request.finished"))) {
		return PARSE_NONE;
	}
	int64_t own_ns = field_instant(p, 0, T("timestamp"), UNIT_S);
	s->line_ns = stamp_ns != UNKNOWN ? stamp_ns : own_ns;
	return text_starts(event, T("request.")) ? parse_finished(p, out) : sglang_json_batch(p, l, decode, s->line_ns, out);
}

/* The last occurrence of a text; SIZE_MAX: none. */
static size_t find_last(struct text t, struct text needle) {
	size_t last = SIZE_MAX, at;

	for (size_t from = 0; (at = text_find(text_cut(t, from, t.len), needle)) != SIZE_MAX; from = last + 1) {
		last = from + at;
	}
	return last;
}

/*
 * "key=value, " in the parentheses of ReqTimeStats: the value, up to the next comma or the end. The last occurrence
 * of a key counts: an id in front, which users choose, may contain the same words.
 */
static struct text stat(struct text list, struct text key) {
	struct text value = T(""), before, piece;

	for (bool more = list.len > 0; more;) {
		more = text_until(&list, T(", "), &piece);
		piece = more ? piece : list;
		if (text_until(&piece, T("="), &before) && text_eq(before, key)) {
			value = piece;
		}
	}
	return value;
}

/* The key contained a blank or an underscore in some versions. */
static struct text stat_either(struct text list, struct text key, struct text old_key) {
	struct text t = stat(list, key);

	return t.len > 0 ? t : stat(list, old_key);
}

static bool stat_count(struct text t, int64_t *out) {
	return text_to_i64(t, out) && *out >= 0 && *out <= COUNT_MAX;
}

/* Entered the queue, waited, computed: in the order of time. Missing ones remain unknown. */
static void stat_instants(struct text times, int64_t written_ns, struct request *q) {
	int64_t entry, queue = UNKNOWN, forward = UNKNOWN;

	duration_with_unit(stat(times, T("queue_duration")), &queue);
	duration_with_unit(stat(times, T("forward_duration")), &forward);
	q->finish_ns = written_ns;
	if (number_scaled(stat(times, T("entry_time")), UNIT_S, &entry) && entry > EARLIEST_NS) {
		q->arrival_ns = entry;
		q->scheduled_ns = instant_plus(entry, queue);
		q->finish_ns = instant_plus(q->scheduled_ns, forward);
		q->finish_ns = q->finish_ns == UNKNOWN && written_ns >= entry ? written_ns : q->finish_ns;
	} else if (written_ns != UNKNOWN) {
		q->scheduled_ns = instant_minus(written_ns, forward);
		q->arrival_ns = instant_minus(q->scheduled_ns, queue);
	}
}

/* After "ReqTimeStats(rid=" or "Req Time Stats(rid=". */
static enum parse_result parse_stats(struct parser *p, struct text t, int64_t stamp_ns, struct record *out) {
	struct request *q = &out->request;
	size_t end = find_last(t, T("): "));

	record_begin(out, RECORD_REQUEST);
	if (end == SIZE_MAX) {
		return reject(p, "malformed request line");
	}
	struct text list = text_cut(t, 0, end);
	t = text_cut(t, end + 3, t.len);
	struct text cached = stat_either(list, T("cached_input_len"), T("cached input len"));
	q->cached_tokens = UNKNOWN;
	if (!stat_count(stat_either(list, T("input_len"), T("input len")), &q->prompt_tokens) ||
	    !stat_count(stat_either(list, T("output_len"), T("output len")), &q->completion_tokens) ||
	    (cached.len > 0 && !stat_count(cached, &q->cached_tokens))) {
		return reject(p, "malformed request line");
	}
	/* The prefill half of a disaggregated request: the decode half contains the same and more. */
	if (text_eq(stat(list, T("type")), T("prefill"))) {
		return PARSE_NONE;
	}
	size_t fields = find_last(list, T(", input_len="));
	q->id = text_cut(list, 0, fields != SIZE_MAX ? fields : find_last(list, T(", input len=")));
	stat_instants(t, stamp_ns, q);
	set_engine(p, JSON_ABSENT, out);
	return record_finish(p, out);
}

/* A count of a Python dictionary; UNKNOWN if missing. */
static int64_t repr_count(struct text dictionary, struct text key) {
	struct text value;
	int64_t n;

	return python_get(dictionary, key, &value) && stat_count(value, &n) ? n : UNKNOWN;
}

static bool is_aborted(struct text meta) {
	struct text reason, type;

	return python_get(meta, T("finish_reason"), &reason) && python_get(reason, T("type"), &type) &&
	       text_eq(python_string(type), T("abort"));
}

/* "GenerateReqInput(…), out={…}": a Python object and a dictionary; user text is in strings. */
static bool find_meta(struct text t, struct text *meta) {
	struct text object, output;

	return python_next_value(&t, &object) && text_skip(&t, T(", out=")) && python_next_value(&t, &output) &&
	       python_get(output, T("meta_info"), meta);
}

/* After "Finish: obj=". Only numbers, the id and the finish reason are read. */
static enum parse_result parse_finish_text(struct parser *p, struct text t, int64_t stamp_ns, struct record *out) {
	struct request *q = &out->request;
	struct text meta, value;
	int64_t e2e = UNKNOWN;

	if (!find_meta(t, &meta)) {
		return reject(p, "malformed request line");
	}
	record_begin(out, RECORD_REQUEST);
	q->id = python_get(meta, T("id"), &value) ? python_string(value) : T("");
	q->prompt_tokens = repr_count(meta, T("prompt_tokens"));
	int64_t generated = repr_count(meta, T("completion_tokens"));
	int64_t cached = repr_count(meta, T("cached_tokens"));
	q->completion_tokens = generated == UNKNOWN ? 0 : generated;
	q->cached_tokens = cached;
	q->ok = !is_aborted(meta);
	if (python_get(meta, T("e2e_latency"), &value)) {
		text_take_fixed(&value, UNIT_S, &e2e);
	}
	q->finish_ns = stamp_ns;
	q->arrival_ns = e2e >= 0 && e2e <= STEP_MAX_NS ? instant_minus(stamp_ns, e2e) : UNKNOWN;
	set_engine(p, JSON_ABSENT, out);
	return record_finish(p, out);
}

enum parse_result sglang_parse_request(struct parser *p, struct text message, int64_t stamp_ns, struct record *out) {
	if (text_skip(&message, T("ReqTimeStats(rid=")) || text_skip(&message, T("Req Time Stats(rid="))) {
		return parse_stats(p, message, stamp_ns, out);
	}
	if (text_skip(&message, T("Finish: obj="))) {
		return parse_finish_text(p, message, stamp_ns, out);
	}
	return PARSE_NONE;
}
