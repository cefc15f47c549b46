/*
 * prometheus_scrapes.c: the metrics of each engine and their meaning, and the series of scrapes.
 */
#include <stdio.h>
#include <string.h>

#include "core/exact.h"
#include "ingest/formats/metrics/prometheus.h"

static const struct metric {
	struct text name;
	enum role role;
	int digits;               /* of its value, down to the role's unit */
	struct text label, value; /* only with this label, beginning so; empty: any */
} metrics[] = {
#define KEY(literal) {literal, sizeof(literal) - 1}
#define ANY {"", 0}, {"", 0}
	{KEY("vllm:prompt_tokens_total"), ROLE_PROMPT, 0, ANY},
	{KEY("vllm:prompt_tokens_cached_total"), ROLE_CACHED, 0, ANY},
	{KEY("vllm:prefix_cache_hits_total"), ROLE_CACHED_OTHER, 0, ANY},
	{KEY("vllm:gpu_prefix_cache_hits_total"), ROLE_CACHED_OTHER, 0, ANY},
	{KEY("vllm:generation_tokens_total"), ROLE_OUTPUT, 0, ANY},
	{KEY("vllm:request_success_total"), ROLE_REQUESTS, 0, ANY},
	{KEY("vllm:num_requests_running"), ROLE_RUNNING, 0, ANY},
	{KEY("vllm:num_requests_waiting"), ROLE_WAITING, 0, ANY},
	{KEY("vllm:kv_cache_usage_perc"), ROLE_CACHE_NANO, 9, ANY},
	{KEY("vllm:gpu_cache_usage_perc"), ROLE_CACHE_NANO, 9, ANY},
	{KEY("vllm:num_preemptions_total"), ROLE_PREEMPTED, 0, ANY},
	{KEY("vllm:iteration_tokens_total_count"), ROLE_STEPS, 0, ANY},
	{KEY("vllm:inter_token_latency_seconds_count"), ROLE_LATENCIES, 0, ANY},
	{KEY("vllm:inter_token_latency_seconds_sum"), ROLE_LATENCY_NS, 9, ANY},
	{KEY("vllm:time_per_output_token_seconds_count"), ROLE_LATENCIES_OLD, 0, ANY},
	{KEY("vllm:time_per_output_token_seconds_sum"), ROLE_LATENCY_OLD_NS, 9, ANY},
	{KEY("vllm:time_to_first_token_seconds_count"), ROLE_FIRST_TOKENS, 0, ANY},
	{KEY("vllm:time_to_first_token_seconds_sum"), ROLE_FIRST_TOKEN_NS, 9, ANY},
	{KEY("vllm:request_prefill_time_seconds_sum"), ROLE_PROMPT_NS, 9, ANY},
	{KEY("vllm:request_prefill_time_seconds_count"), ROLE_PROMPTS, 0, ANY},
	{KEY("vllm:request_prompt_tokens_sum"), ROLE_PROMPT_SUM, 0, ANY},
	{KEY("sglang:prompt_tokens_total"), ROLE_PROMPT, 0, ANY},
	{KEY("sglang:cached_tokens_total"), ROLE_CACHED, 0, ANY},
	{KEY("sglang:generation_tokens_total"), ROLE_OUTPUT, 0, ANY},
	{KEY("sglang:num_requests_total"), ROLE_REQUESTS, 0, ANY},
	{KEY("sglang:num_running_reqs"), ROLE_RUNNING, 0, ANY},
	{KEY("sglang:realtime_tokens_total"), ROLE_COMPUTED, 0, KEY("mode"), KEY("prefill_compute")},
	{KEY("sglang:realtime_tokens_total"), ROLE_CACHED_OTHER, 0, KEY("mode"), KEY("prefill_cache")},
	{KEY("sglang:realtime_tokens_total"), ROLE_OUTPUT_OTHER, 0, KEY("mode"), KEY("decode")},
	{KEY("sglang:forward_execution_seconds_total"), ROLE_PREFILL_NS, 9, KEY("category"), KEY("extend")},
	{KEY("sglang:forward_execution_seconds_total"), ROLE_PREFILL_NS, 9, KEY("category"), KEY("split_prefill")},
	{KEY("sglang:forward_execution_seconds_total"), ROLE_DECODE_NS, 9, KEY("category"), KEY("decode")},
	{KEY("sglang:forward_execution_seconds_total"), ROLE_DECODE_NS, 9, KEY("category"), KEY("target_verify")},
	{KEY("sglang:forward_execution_seconds_total"), ROLE_DECODE_NS, 9, KEY("category"), KEY("eagle_draft")},
	{KEY("sglang:forward_execution_seconds_total"), ROLE_DECODE_NS, 9, KEY("category"), KEY("draft")},
	{KEY("sglang:forward_execution_seconds_total"), ROLE_MIXED_NS, 9, KEY("category"), KEY("mixed")},
	{KEY("llamacpp:prompt_tokens_total"), ROLE_COMPUTED, 0, ANY},
	{KEY("llamacpp:prompt_tokens_cached_total"), ROLE_CACHED, 0, ANY},
	{KEY("llamacpp:tokens_predicted_total"), ROLE_OUTPUT, 0, ANY},
	{KEY("llamacpp:prompt_seconds_total"), ROLE_PREFILL_NS, 9, ANY},
	{KEY("llamacpp:tokens_predicted_seconds_total"), ROLE_DECODE_NS, 9, ANY},
	{KEY("llamacpp:n_busy_slots_per_decode"), ROLE_BUSY_MILLI, 3, ANY},
	{KEY("llamacpp:requests_processing"), ROLE_RUNNING, 0, ANY},
	{KEY("tgi_request_input_length_sum"), ROLE_PROMPT, 0, ANY},
	{KEY("tgi_request_generated_tokens_sum"), ROLE_OUTPUT, 0, ANY},
	{KEY("tgi_request_success"), ROLE_REQUESTS, 0, ANY},
	{KEY("tgi_batch_current_size"), ROLE_RUNNING, 0, ANY},
	{KEY("tgi_batch_forward_duration_sum"), ROLE_PREFILL_NS, 9, KEY("method"), KEY("prefill")},
	{KEY("tgi_batch_forward_duration_sum"), ROLE_DECODE_NS, 9, KEY("method"), KEY("decode")},
	{KEY("lmdeploy:prompt_tokens_total"), ROLE_PROMPT, 0, ANY},
	{KEY("lmdeploy:generation_tokens_total"), ROLE_OUTPUT, 0, ANY},
	{KEY("lmdeploy:request_cached_tokens_sum"), ROLE_CACHED, 0, ANY},
	{KEY("lmdeploy:request_success_total"), ROLE_REQUESTS, 0, ANY},
	{KEY("gen_ai_client_token_usage_sum"), ROLE_PROMPT, 0, KEY("gen_ai_token_type"), KEY("input")},
	{KEY("gen_ai_client_token_usage_sum"), ROLE_OUTPUT, 0, KEY("gen_ai_token_type"), KEY("output")},
	{KEY("trtllm:prompt_tokens_total"), ROLE_PROMPT, 0, ANY},
	{KEY("trtllm:prompt_cached_tokens_total"), ROLE_CACHED, 0, ANY},
	{KEY("trtllm:generation_tokens_total"), ROLE_OUTPUT, 0, ANY},
	{KEY("trtllm:request_success_total"), ROLE_REQUESTS, 0, ANY},
	{KEY("trtllm:num_requests_running"), ROLE_RUNNING, 0, ANY},
	{KEY("dynamo_frontend_input_sequence_tokens_sum"), ROLE_PROMPT, 0, ANY},
	{KEY("dynamo_frontend_cached_tokens_sum"), ROLE_CACHED, 0, ANY},
	{KEY("dynamo_frontend_output_tokens_total"), ROLE_OUTPUT, 0, ANY},
	{KEY("dynamo_frontend_output_sequence_tokens_sum"), ROLE_OUTPUT_OTHER, 0, ANY},
	{KEY("dynamo_frontend_requests_total"), ROLE_REQUESTS, 0, ANY},
	{KEY("litellm_input_tokens_metric_total"), ROLE_PROMPT, 0, ANY},
	{KEY("litellm_input_tokens_total"), ROLE_PROMPT, 0, ANY},
	{KEY("litellm_input_cached_tokens_metric_total"), ROLE_CACHED, 0, ANY},
	{KEY("litellm_input_cached_tokens_total"), ROLE_CACHED, 0, ANY},
	{KEY("litellm_output_tokens_metric_total"), ROLE_OUTPUT, 0, ANY},
	{KEY("litellm_output_tokens_total"), ROLE_OUTPUT, 0, ANY},
	{KEY("litellm_requests_metric_total"), ROLE_REQUESTS, 0, ANY},
	{KEY("process_start_time_seconds"), ROLE_START_NS, 9, ANY},
};
#define METRICS (sizeof metrics / sizeof *metrics)

static const struct text power_name = KEY("DCGM_FI_DEV_POWER_USAGE");

/* Ray prints vLLM's as "ray_vllm_…", some exporters with "_" for ":". */
static bool name_is(struct text name, const struct metric *m) {
	text_skip(&name, T("ray_"));
	if (text_eq(name, m->name)) {
		return true;
	}
	size_t colon = text_find_byte(m->name, ':');
	return colon != SIZE_MAX && name.len == m->name.len && name.at[colon] == '_' &&
	       memcmp(name.at, m->name.at, colon) == 0 &&
	       memcmp(name.at + colon + 1, m->name.at + colon + 1, name.len - colon - 1) == 0;
}

/* Metrics with stored buckets, and the metric of the cache's size in tokens. */
static const struct metric bucket_metrics[HISTOGRAMS] = {
	[HISTOGRAM_STEPS] = {KEY("vllm:iteration_tokens_total_bucket"), ROLES, 0, ANY},
	[HISTOGRAM_PROMPTS] = {KEY("vllm:request_prompt_tokens_bucket"), ROLES, 0, ANY},
	[HISTOGRAM_LATENCIES] = {KEY("vllm:inter_token_latency_seconds_bucket"), ROLES, 3, ANY}, /* bounds in ms */
};
static const struct metric cache_metric = {KEY("vllm:cache_config_info"), ROLES, 0, ANY};

bool metric_known(struct text name) {
	for (size_t i = 0; i < METRICS; i++) {
		if (name_is(name, &metrics[i])) {
			return true;
		}
	}
	for (size_t i = 0; i < HISTOGRAMS; i++) {
		if (name_is(name, &bucket_metrics[i])) {
			return true;
		}
	}
	return text_eq(name, power_name) || name_is(name, &cache_metric);
}

static struct text label_of(const struct sample *s, struct text key) {
	return s->label(s->context, key);
}

/* The first of some labels that is present. */
static struct text first_label(const struct sample *s, const struct text *keys, size_t count) {
	struct text found = {"", 0};

	for (size_t i = 0; i < count && found.len == 0; i++) {
		found = label_of(s, keys[i]);
	}
	return found;
}
#define FIRST_LABEL(sample, keys) first_label(sample, keys, sizeof keys / sizeof *keys)

static bool row_fits(const struct metric *m, const struct sample *s) {
	return name_is(s->name, m) && (m->label.len == 0 || text_starts(label_of(s, m->label), m->value));
}

/* "POD/1" of a sample; a log without such labels is one replica. */
static struct text replica_of(const struct parser *p, const struct sample *s, char *buffer, size_t size) {
	static const struct text keys[] = {KEY("pod"), KEY("instance")};
	static const struct text engines[] = {KEY("engine"), KEY("dp_rank")};
	struct text name = FIRST_LABEL(s, keys), engine = FIRST_LABEL(s, engines);
	int64_t number = 0;

	name = name.len > 0 && name.len < size - 32 ? name : text_cut(p->replica, 0, size - 32);
	text_to_i64(engine, &number);
	if (number > 0) {
		snprintf(buffer, size, "%.*s/%lld", TEXT_ARG(name), (long long)number);
	} else {
		snprintf(buffer, size, "%.*s", TEXT_ARG(name));
	}
	return text_of(buffer);
}

static struct series *add_series(struct scrapes *s, struct text replica, struct text model) {
	struct series *new = &s->series[s->count++];

	*new = (struct series){.before_ns = UNKNOWN};
	memcpy(new->replica, replica.at, replica.len);
	memcpy(new->model, model.at, model.len);
	for (int i = 0; i < ROLES; i++) {
		new->now[i] = new->before[i] = UNKNOWN;
	}
	return new;
}

static struct series *series_of(struct parser *p, struct scrapes *s, const struct sample *sample) {
	static const struct text models[] = {KEY("model_name"), KEY("model"), KEY("gen_ai_response_model"),
	                                     KEY("gen_ai_request_model")};
	char buffer[SERIES_NAME_BYTES];
	struct text replica = replica_of(p, sample, buffer, sizeof buffer);
	struct text model = text_cut(FIRST_LABEL(sample, models), 0, SERIES_NAME_BYTES - 1);

	for (size_t i = 0; i < s->count; i++) {
		if (text_eq(text_of(s->series[i].replica), replica) && text_eq(text_of(s->series[i].model), model)) {
			return &s->series[i];
		}
	}
	if (s->count == SERIES_MAX) {
		if (!s->warned_full) {
			quality_warn(p->quality, "more than %d replicas in one file of counters: the others are left out",
			             SERIES_MAX);
		}
		s->warned_full = true;
		return NULL;
	}
	return add_series(s, replica, model);
}

static void add_value(struct series *to, enum role role, int64_t value) {
	int64_t *sum = &to->now[role];

	if (*sum == UNKNOWN || role == ROLE_START_NS || role == ROLE_BUSY_MILLI) {
		*sum = value;
	} else if (!exact_add(sum, value)) {
		*sum = INT64_MAX;
	}
	to->touched = true;
}

/* ---- buckets ---- */

static void add_bucket(struct buckets *b, int64_t up_to, int64_t value) {
	size_t i = 0;

	while (i < b->count && b->up_to[i] != up_to) {
		i++;
	}
	if (i == HISTOGRAM_MAX || (i == b->count && i > 0 && up_to < b->up_to[i - 1])) {
		return;
	}
	if (i == b->count) {
		b->up_to[b->count++] = up_to;
		b->before[i] = 0;
		b->now[i] = 0;
	}
	exact_add(&b->now[i], value);
}

static bool take_bucket(struct parser *p, struct scrapes *s, const struct sample *sample) {
	for (size_t i = 0; i < HISTOGRAMS; i++) {
		struct text le = T("");
		int64_t value, up_to;
		if (!name_is(sample->name, &bucket_metrics[i])) {
			continue;
		}
		le = label_of(sample, T("le"));
		up_to = text_eq(le, T("+Inf")) ? INT64_MAX : UNKNOWN;
		if ((up_to == INT64_MAX || number_scaled(le, bucket_metrics[i].digits, &up_to)) && number_scaled(sample->value, 0, &value) && value >= 0) {
			struct series *to = series_of(p, s, sample);
			if (to) {
				add_bucket(&to->histograms[i], up_to, value);
			}
		}
		return true;
	}
	return false;
}

/* vllm:cache_config_info{block_size="16",num_gpu_blocks="31250"} */
static bool take_cache(struct scrapes *s, const struct sample *sample) {
	int64_t size, blocks;

	if (!name_is(sample->name, &cache_metric)) {
		return false;
	}
	if (text_to_i64(label_of(sample, T("block_size")), &size) && text_to_i64(label_of(sample, T("num_gpu_blocks")), &blocks) && size > 0 &&
	    size <= 4096 && blocks > 0 && blocks < INT64_C(1000000000)) {
		s->cache_tokens = size * blocks;
	}
	return true;
}

/*
 * The same sample again: of the other one of a pair of Prometheus servers, whose export was not deduplicated, or of another
 * rank of tensor or pipeline parallelism, which counts the same tokens (their times are separate).
 */
static bool is_copy(struct scrapes *s, const struct sample *sample) {
	static const struct text servers[] = {KEY("prometheus_replica"), KEY("__replica__"), KEY("receive_replica")};
	static const struct text ranks[] = {KEY("tp_rank"), KEY("pp_rank")};
	struct text server = FIRST_LABEL(sample, servers);
	int64_t rank = 0;

	for (size_t i = 0; i < 2 && rank == 0; i++) {
		text_to_i64(label_of(sample, ranks[i]), &rank);
	}
	if (s->server_hash == 0 && server.len > 0) {
		s->server_hash = text_hash(server) | 1;
	}
	return (server.len > 0 && (text_hash(server) | 1) != s->server_hash) ||
	       (rank > 0 && text_find(sample->name, T("seconds")) == SIZE_MAX);
}

void scrapes_add(struct parser *p, struct scrapes *s, const struct sample *sample) {
	if (is_copy(s, sample)) {
		return;
	}
	if (take_bucket(p, s, sample) || take_cache(s, sample)) {
		return;
	}
	for (size_t i = 0; i < METRICS; i++) {
		int64_t value;
		if (!row_fits(&metrics[i], sample) || !number_scaled(sample->value, metrics[i].digits, &value) || value < 0) {
			continue;
		}
		struct series *to = series_of(p, s, sample);
		if (to) {
			add_value(to, metrics[i].role, value);
		}
		s->reading = true;
		return;
	}
}

enum parse_result sample_power(struct parser *p, const struct sample *sample, int64_t at_ns, struct record *out) {
	static const struct text hosts[] = {KEY("pod"), KEY("Hostname"), KEY("hostname")};
	static const struct text gpus[] = {KEY("UUID"), KEY("gpu")};
	int64_t milliwatts;

	if (!text_eq(sample->name, power_name) || !number_scaled(sample->value, 3, &milliwatts) ||
	    milliwatts > INT64_C(1000000000000)) { /* "not available" is a number near the largest */
		return PARSE_NONE;
	}
	p->reason = NULL;
	if (at_ns == UNKNOWN) {
		return reject(p, "sample without a time");
	}
	if (milliwatts < 0 || milliwatts > 100000000) {
		return reject(p, "absurd power");
	}
	record_begin(out, RECORD_POWER);
	out->power.at_ns = at_ns;
	out->power.milliwatts = milliwatts;
	out->power.gpu = FIRST_LABEL(sample, gpus);
	out->replica = FIRST_LABEL(sample, hosts);
	return record_finish(p, out);
}

/* Gauges of the process alone do not count tokens. */
static bool has_tokens(const struct series *s) {
	for (int i = 0; i < ROLE_REQUESTS; i++) {
		if (s->now[i] != UNKNOWN) {
			return true;
		}
	}
	return false;
}

static void roll_over(struct series *from, int64_t at_ns) {
	/* Values missing in this scrape are unchanged. */
	for (int i = 0; i < ROLES; i++) {
		from->before[i] = from->now[i] == UNKNOWN ? from->before[i] : from->now[i];
		from->now[i] = UNKNOWN;
	}
	for (int i = 0; i < HISTOGRAMS; i++) {
		struct buckets *b = &from->histograms[i];
		if (b->count > 0 && b->now[b->count - 1] > 0) { /* the last one counts all */
			memcpy(b->before, b->now, sizeof b->before);
		}
		memset(b->now, 0, sizeof b->now);
	}
	from->before_ns = at_ns;
	from->touched = false;
}

enum parse_result scrapes_end(struct parser *p, struct scrapes *s, struct record *out) {
	if (s->at_ns == UNKNOWN && s->reading && !s->complained) {
		s->complained = s->timeless = true;
		p->reason = "scrape without a time";
		return PARSE_REJECT_AGAIN;
	}
	while (s->next < s->count) {
		struct series *from = &s->series[s->next++];
		bool ready = from->touched && from->before_ns != UNKNOWN && s->at_ns != UNKNOWN && has_tokens(from);
		enum parse_result result = ready ? scrape_window(p, s, from, out) : PARSE_NONE;
		if (from->touched) {
			s->back += from->before_ns != UNKNOWN && s->at_ns != UNKNOWN && s->at_ns < from->before_ns;
			roll_over(from, s->at_ns);
		}
		if (ready) {
			return result;
		}
	}
	s->next = 0;
	s->ended += s->reading ? 1 : 0;
	s->reading = s->complained = false;
	return PARSE_NONE;
}
