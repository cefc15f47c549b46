/*
 * trtllm.c: TensorRT-LLM's iterations as steps, from its log (print_iter_log) and from its JSON
 * (enable_iter_perf_stats, GET /metrics).
 *
 * [01/16/2026-08:00:00] [TRT-LLM] [RANK 0] [I] iter = 302, global_rank = 0, rank = 0, currank_total_requests = 4/4, host_step_time = 6.020069122314453ms, prev_device_step_time = 7.103455066680908ms, timestamp = 2026-01-16 08:00:00, num_scheduled_requests: 5, states = {'num_ctx_requests': 4, 'num_ctx_tokens': 8192, 'num_generation_tokens': 1}
 * [{"timestamp":"05-30-2026 10:00:00.123456","iter":5000,"prevDeviceStepTimeMS":24.3,"inflightBatchingStats":{"numScheduledRequests":13,"numContextRequests":0,"numGenRequests":13,"numCtxTokens":0,"numCtxKvTokens":0,"numGenKvTokens":40110},…},…]
 *
 * The device time that a row prints is that of the iteration BEFORE (read one loop later so as not to block): a row
 * waits for the next one of its rank. Without the next row, or if it contains N/A, the time is not known. The
 * elapsed_time of April 2025 is the row's own.
 */
#include "ingest/formats/engines/trtllm.h"

#include "core/exact.h"

#define RANKS_MAX 256

/* An iteration as one row reports it. */
struct iteration {
	int64_t index, rank, written_ns;
	int64_t context_requests, context_tokens, context_kv; /* kv: UNKNOWN if not logged */
	int64_t generation_requests, generation_tokens, generation_kv;
	int64_t own_ns, own_host_ns; /* the row's own duration, on the device, of the host; or UNKNOWN */
	int64_t previous_ns;         /* the device time of the previous row; or UNKNOWN */
	bool coarse;                 /* written_ns is truncated to the second */
};

struct rank {
	struct iteration waiting; /* waits for its time */
	bool waits, placed;
	int64_t end_ns; /* end of the last step */
};

struct trtllm {
	struct rank ranks[RANKS_MAX];
	struct triton triton;
	json_at next;
	bool warned, warned_requests;
	char replica[256];
};

/* --- the log --- */

/* The text after "key = " or "key: ", up to the next comma, brace or end; empty if missing. */
static struct text value_of(struct text t, struct text key) {
	size_t at;

	for (size_t from = 0; (at = text_find(text_cut(t, from, t.len), key)) != SIZE_MAX;) {
		size_t begin = from + at;
		struct text rest = text_cut(t, begin + key.len, t.len);
		bool whole = begin == 0 || t.at[begin - 1] == ' ' || t.at[begin - 1] == '\'' || t.at[begin - 1] == '{';
		text_skip(&rest, T("'"));
		if (whole && (text_skip(&rest, T(" = ")) || text_skip(&rest, T(": ")))) {
			size_t end = 0;
			while (end < rest.len && rest.at[end] != ',' && rest.at[end] != '}') {
				end++;
			}
			return text_cut(rest, 0, end);
		}
		from = begin + key.len;
	}
	return T("");
}

/* A count by its key: UNKNOWN if missing, *bad if it is not a count. */
static int64_t count_of(struct text t, struct text key, bool *bad) {
	struct text value = value_of(t, key);
	int64_t n;

	if (value.len == 0) {
		return UNKNOWN;
	}
	if (!text_to_i64(value, &n) || n < 0 || n > COUNT_MAX) {
		*bad = true;
		return UNKNOWN;
	}
	return n;
}

/* "7.1ms", "0.005s", "N/A", "N/Ams" */
static int64_t time_of(struct text t, struct text key, bool *bad) {
	struct text value = value_of(t, key);
	int64_t ns;

	if (value.len == 0 || text_starts(value, T("N/A"))) {
		return UNKNOWN;
	}
	bool in_ms = text_ends(value, T("ms"));
	value.len -= in_ms ? 2 : text_ends(value, T("s")) ? 1 : 0;
	if (!number_scaled(value, in_ms ? UNIT_MS : UNIT_S, &ns) || ns < 0 || ns > STEP_MAX_NS) {
		*bad = true;
		return UNKNOWN;
	}
	return ns;
}

/* The context of all requests of an iteration is that of one phase only if the other has none. */
static void set_kv(struct iteration *it, int64_t kv) {
	it->context_kv = it->generation_requests == 0 ? kv : UNKNOWN;
	it->generation_kv = it->context_requests == 0 ? kv : UNKNOWN;
}

/* The states' brace closes, and nothing or more keys follow: else the line is truncated. */
static bool ends_whole(struct text t) {
	struct text states;

	t = text_trim(t);
	return text_until(&t, T("}"), &states) && (t.len == 0 || text_starts(t, T(", ")));
}

static bool read_row(struct text t, struct iteration *it) {
	bool bad = false;
	int64_t scheduled = count_of(t, T("num_scheduled_requests"), &bad);

	*it = (struct iteration){
		.index = count_of(t, T("iter"), &bad),
		.rank = count_of(t, T("global_rank"), &bad),
		.context_requests = count_of(t, T("num_ctx_requests"), &bad),
		.context_tokens = count_of(t, T("num_ctx_tokens"), &bad),
		.generation_tokens = count_of(t, T("num_generation_tokens"), &bad),
		.own_ns = UNKNOWN,
		.own_host_ns = time_of(t, T("elapsed_time"), &bad),
		.previous_ns = time_of(t, T("prev_device_step_time"), &bad),
	};
	if (bad || it->index == UNKNOWN || it->context_requests == UNKNOWN || it->context_tokens == UNKNOWN ||
	    it->generation_tokens == UNKNOWN || !ends_whole(t)) {
		return false;
	}
	it->rank = it->rank == UNKNOWN ? 0 : it->rank;
	/* Tokens are padded for CUDA graphs; requests are real. */
	it->generation_requests = scheduled == UNKNOWN ? it->generation_tokens
	                          : scheduled > it->context_requests ? scheduled - it->context_requests
	                                                             : 0;
	set_kv(it, count_of(t, T("cached_kv_tokens"), &bad));
	return !bad;
}

static bool own_instant(struct parser *p, struct text t, int64_t *ns) {
	struct text stamp = value_of(t, T("timestamp"));

	return stamp_take_local(&p->stamps, &stamp, ns);
}

/* --- JSON --- */

/* "05-30-2026 10:00:00.123456" */
static bool american_instant(struct parser *p, struct text t, int64_t *ns) {
	char iso[40];

	if (t.len < 19 || t.len >= sizeof iso || t.at[2] != '-' || t.at[5] != '-') {
		return false;
	}
	memcpy(iso, t.at + 6, 4);
	iso[4] = '-';
	memcpy(iso + 5, t.at, 5);
	memcpy(iso + 10, t.at + 10, t.len - 10);
	struct text turned = {iso, t.len};
	return stamp_take_local(&p->stamps, &turned, ns) && turned.len == 0;
}

static void read_batch(struct parser *p, json_at batch, struct iteration *it) {
	it->context_requests = field_count_or_0(p, batch, T("numContextRequests"));
	it->context_tokens = field_count_or_0(p, batch, T("numCtxTokens"));
	it->context_kv = field_count(p, batch, T("numCtxKvTokens"));
	it->generation_requests = field_count_or_0(p, batch, T("numGenRequests"));
	it->generation_tokens = it->generation_requests;
	it->generation_kv = field_count(p, batch, T("numGenKvTokens"));
}

/* With attention data parallelism each rank has separate batches; without it the number is -1 or missing. */
static int64_t rank_of(struct parser *p, json_at object) {
	json_at rank = json_get(p->json, object, T("attentionDpRank"));
	int64_t n;

	return text_to_i64(json_raw(p->json, rank), &n) ? (n > 0 ? n : 0) : field_count_or_0(p, object, T("rank"));
}

/* False, with the reason noted, if the object is not an iteration. */
static bool read_object(struct parser *p, json_at object, struct iteration *it) {
	json_at batch = json_get(p->json, object, T("inflightBatchingStats"));

	if (json_type(p->json, batch) != JSON_OBJECT) {
		return false;
	}
	*it = (struct iteration){.own_host_ns = UNKNOWN};
	it->index = field_count(p, object, T("iter"));
	it->rank = rank_of(p, object);
	it->own_ns = field_duration(p, object, T("gpuForwardTimeMS"), UNIT_MS);
	it->previous_ns = field_duration(p, object, T("prevDeviceStepTimeMS"), UNIT_MS);
	read_batch(p, batch, it);
	return it->index != UNKNOWN;
}

/* --- both --- */

/* One chunk: each of its tokens sees the context before and, on average, half of the chunk. */
static int64_t token_kv(const struct iteration *it) {
	int64_t n = it->context_tokens;

	if (it->context_requests == 0) {
		return 0;
	}
	return it->context_requests > 1 || it->context_kv == UNKNOWN ? UNKNOWN : n * it->context_kv + n * n / 2;
}

static enum parse_result emit(struct parser *p, struct rank *r, const struct iteration *it, int64_t ns,
                              enum duration_kind kind, struct record *out) {
	struct trtllm *m = p->state;
	struct step *s = &out->step;
	int64_t start = it->written_ns - ns;

	if (it->context_tokens > 10000000) {
		return reject(p, "absurd count");
	}
	record_begin(out, RECORD_STEP);
	s->index = it->index;
	s->start_ns = r->placed && start < r->end_ns ? r->end_ns : start;
	s->gpu_ns = ns;
	s->prefill_requests = it->context_requests;
	s->prefill_tokens = it->context_tokens;
	s->prefill_kv_tokens = it->context_requests == 0 ? 0 : it->context_kv;
	s->prefill_token_kv = token_kv(it);
	s->decode_requests = it->generation_requests;
	s->decode_tokens = it->generation_tokens > it->generation_requests ? it->generation_tokens : it->generation_requests;
	s->decode_kv_tokens = it->generation_requests == 0 ? 0 : it->generation_kv;
	s->duration_kind = kind;
	s->flags = it->coarse ? STEP_COARSE_CLOCK : 0;
	r->placed = !instant_absurd(p, s->start_ns);
	r->end_ns = r->placed ? s->start_ns + ns : 0;
	out->replica = engine_replica(p, it->rank, m->replica, sizeof m->replica);
	return record_finish(p, out);
}

static bool is_empty(const struct iteration *it) {
	return it->context_tokens == 0 && it->generation_requests == 0;
}

/* A row: completes the previous one with its time, or has its own time, or waits. */
static enum parse_result take_iteration(struct parser *p, const struct iteration *it, struct record *out) {
	struct trtllm *m = p->state;

	if (it->rank < 0 || it->rank >= RANKS_MAX) {
		return reject(p, "absurd rank");
	}
	p->seen_index = it->index;
	struct rank *r = &m->ranks[it->rank];
	struct iteration before = r->waiting;
	bool waited = r->waits;
	if (it->own_ns != UNKNOWN || it->own_host_ns != UNKNOWN) {
		bool device = it->own_ns != UNKNOWN;
		r->waits = false;
		return is_empty(it) ? PARSE_NONE
		                    : emit(p, r, it, device ? it->own_ns : it->own_host_ns,
		                           device ? DURATION_GPU_EVENTS : DURATION_HOST_WALL_FULL, out);
	}
	r->waiting = *it;
	r->waits = true;
	/* While there was nothing to do the device waited: that is not a step's time. */
	if (!waited || is_empty(&before)) {
		return PARSE_NONE;
	}
	if (it->index != before.index + 1 || it->previous_ns == UNKNOWN) {
		return it->index <= before.index ? PARSE_NONE : reject(p, "no device time of the iteration before");
	}
	return emit(p, r, &before, it->previous_ns, DURATION_GPU_EVENTS, out);
}

static enum parse_result parse_object(struct parser *p, json_at object, int64_t stamp_ns, struct record *out) {
	struct iteration it;
	struct trtllm *m = p->state;

	if (json_get(p->json, object, T("perf_metrics")) != JSON_ABSENT && !m->warned_requests) {
		m->warned_requests = true;
		quality_warn(p->quality, "TensorRT-LLM's perf_metrics have no token counts and no wall clock: they "
					 "are ignored");
	}
	if (!read_object(p, object, &it)) {
		return p->reason ? PARSE_REJECT : PARSE_NONE;
	}
	if (!american_instant(p, field_text(p, object, T("timestamp")), &it.written_ns)) {
		if (stamp_ns == UNKNOWN) {
			return reject(p, "invalid time stamp");
		}
		it.written_ns = stamp_ns;
	}
	if (p->reason) {
		return PARSE_REJECT;
	}
	if (it.own_ns == UNKNOWN && it.previous_ns == UNKNOWN && it.index > 1 && !m->warned &&
	    json_get(p->json, object, T("prevDeviceStepTimeMS")) == JSON_ABSENT) {
		m->warned = true;
		quality_warn(p->quality, "TensorRT-LLM iterations without device times (before May 2026) are ignored: "
					 "print_iter_log has them");
	}
	/* The first iteration has none before it, but its own time comes with the next one. */
	if (it.own_ns == UNKNOWN && json_get(p->json, object, T("prevDeviceStepTimeMS")) == JSON_ABSENT) {
		return PARSE_NONE;
	}
	return take_iteration(p, &it, out);
}

/* "[01/16/2026-08:00:00] [TRT-LLM] " and everything up to the row. */
/* Is the logger's name where it stands in such a line, not in a text of a user? */
static bool starts_early(struct text t) {
	size_t at = text_find(text_cut(t, 0, 50), T("[TRT-LLM] "));

	struct text before = text_cut(t, 0, at);

	return at <= 40 && text_find_byte(before, '"') == SIZE_MAX && text_find_byte(before, '\'') == SIZE_MAX;
}

static bool take_prefix(struct text *t) {
	struct text before;

	if (!starts_early(*t)) {
		return false;
	}
	text_until(t, T("[TRT-LLM] "), &before);
	return text_until(t, T("iter = "), &before) && before.len <= 40;
}

static enum parse_result trtllm_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                      struct record *out) {
	struct trtllm *m = p->state;
	struct iteration it;

	struct text stamp, json;

	if (!line) {
		return PARSE_NONE;
	}
	if (triton_row(*line, &stamp, &json)) {
		return triton_parse(p, &m->triton, stamp, json, stamp_ns, out);
	}
	if (m->next || text_starts(*line, T("[{")) || text_starts(*line, T("{"))) {
		return field_each(p, &m->next, line, stamp_ns, parse_object, out);
	}
	struct text t = *line;
	p->reason = NULL;
	if (!take_prefix(&t)) {
		return PARSE_NONE;
	}
	t = (struct text){t.at - (sizeof "iter = " - 1), t.len + sizeof "iter = " - 1};
	if (!read_row(t, &it)) {
		return reject(p, "malformed iteration line");
	}
	it.written_ns = stamp_ns;
	it.coarse = stamp_ns == UNKNOWN;
	if (stamp_ns == UNKNOWN && !own_instant(p, t, &it.written_ns)) {
		return reject(p, "invalid time stamp");
	}
	it.written_ns = it.coarse ? parser_finer_instant(p, it.written_ns) : it.written_ns;
	it.coarse = it.coarse && it.written_ns % NS_PER_SECOND == 0;
	return take_iteration(p, &it, out);
}

static bool is_json(struct text t) {
	return text_starts(t, T("{")) || text_starts(t, T("[{")) || text_starts(t, T(",{"));
}

static int trtllm_bid(const struct text *lines, size_t count) {
	int bid = 0;

	for (size_t i = 0; i < count && bid < 90; i++) {
		struct text t = lines[i], stamp, json;
		if (triton_row(t, &stamp, &json) || (is_json(t) && field_is_at_top(t, T("inflightBatchingStats"))) || take_prefix(&t)) {
			bid = 90;
		} else if (is_json(t) && field_is_at_top(t, T("perf_metrics")) && text_find(t, T("\"first_iter\"")) != SIZE_MAX) {
			bid = 70;
		} else if (starts_early(t)) {
			bid = 60;
		}
	}
	return bid;
}

const struct format format_trtllm = {
	.bid = trtllm_bid,
	.parse = trtllm_parse,
	.state_size = sizeof(struct trtllm),
};
