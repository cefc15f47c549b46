/*
 * desktop.c: servers for one user: text-generation-webui, KoboldCpp and TabbyAPI, with tokens and durations in their
 * lines, but mostly no time; LocalAI, Xinference, MLC and Aphrodite, with no tokens in their own lines.
 *
 * Output generated in 3.50 seconds (34.29 tokens/s, 120 tokens, context 412, seed 1234)
 * [10:00:05] CtxLimit:532/4096, Amt:120/120, Init:0.01s, Process:0.50s (824.00T/s), Generate:3.00s (40.00T/s), Total:3.50s
 * INFO:     Metrics (ID: 6f1c): 120 tokens generated in 3.5 seconds (Queue: 0.0 s, Process: 100 cached tokens and 312 new tokens at 1500.0 T/s, Generate: 40.0 T/s, Context: 412 tokens)
 *
 * A line is written when its request ends. Without a time in front (docker logs -t, journald, `| ts`) it cannot be
 * placed, which is reported.
 */
#include "core/exact.h"
#include "ingest/formats/fields.h"

struct desktop {
	bool warned;
};

/* Seconds with decimals after a word. */
static bool take_seconds(struct text t, struct text word, int64_t *ns) {
	struct text before;

	return text_until(&t, word, &before) && text_take_fixed(&t, 9, ns) && *ns >= 0;
}

static bool take_count(struct text t, struct text word, int64_t *n) {
	struct text before;

	return text_until(&t, word, &before) && text_take_i64(&t, n) && *n >= 0 && *n <= COUNT_MAX;
}

/* A line's figures of its request; UNKNOWN if missing. */
struct said {
	int64_t prompt, cached, output;
	int64_t total_ns, queue_ns, prefill_ns, decode_ns;
};

static bool take_webui(struct text t, struct said *s) {
	struct text before;

	return text_until(&t, T("Output generated in "), &before) && text_take_fixed(&t, 9, &s->total_ns) && text_until(&t, T("tokens/s, "), &before) &&
	       text_take_i64(&t, &s->output) && take_count(t, T("context "), &s->prompt);
}

static bool take_kobold(struct text t, struct said *s) {
	int64_t context;

	if (!take_count(t, T("CtxLimit:"), &context) || !take_count(t, T("Amt:"), &s->output) || !take_seconds(t, T("Total:"), &s->total_ns) ||
	    !take_seconds(t, T("Process:"), &s->prefill_ns) || !take_seconds(t, T("Generate:"), &s->decode_ns) || context < s->output) {
		return false;
	}
	s->prompt = context - s->output;
	return true;
}

static bool take_tabby(struct text t, struct said *s) {
	struct text before;
	int64_t computed;

	if (!text_until(&t, T("): "), &before) || !text_take_i64(&t, &s->output) || !text_skip(&t, T(" tokens generated in ")) ||
	    !text_take_fixed(&t, 9, &s->total_ns) || !take_seconds(t, T("Queue: "), &s->queue_ns) || !take_count(t, T("Process: "), &s->cached) ||
	    !take_count(t, T("cached tokens and "), &computed)) {
		return false;
	}
	s->prompt = s->cached + computed;
	return true;
}

/* Is it near the line's start, and not within quotes: in a text of a user? */
static bool begins(struct text t, struct text words) {
	enum { PREFIX_MAX_BYTES = 96 };
	size_t at = text_find(text_cut(t, 0, PREFIX_MAX_BYTES), words);
	struct text before = text_cut(t, 0, at);

	return at != SIZE_MAX && text_find_byte(before, '"') == SIZE_MAX && text_find_byte(before, '\'') == SIZE_MAX;
}

static bool take_line(struct text t, struct said *s) {
	*s = (struct said){UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN};
	if (begins(t, T("Output generated in "))) {
		return take_webui(t, s);
	}
	if (begins(t, T("CtxLimit:"))) {
		return take_kobold(t, s);
	}
	return begins(t, T("Metrics (ID")) && text_find(t, T(" tokens generated in ")) != SIZE_MAX && take_tabby(t, s);
}

/* Engines without tokens in their lines, detected by their own names. */
static const struct {
	struct text word;
	const char *advice;
} silent[] = {
	{{"LocalAI version", 15}, "LocalAI's log has no token counts: keep the usage of its answers, or the log of the engine that it starts"},
	{{"xinference.core.", 16}, "Xinference's log has no token counts: keep the log of the engine that it starts, or scrape /metrics of its worker"},
	{{"mlc_llm", 7}, "MLC's log has no token counts: keep the usage of its answers, or scrape /metrics (--enable-debug)"},
	{{"engine_base.py:", 15}, "MLC's log has no token counts: keep the usage of its answers, or scrape /metrics (--enable-debug)"},
	{{"aphrodite.", 10}, "this Aphrodite log has no statistics: start it without --disable-log-stats, or scrape /metrics"},
};
#define SILENT (sizeof silent / sizeof *silent)

static size_t silent_of(struct text t) {
	size_t i = 0;

	while (i < SILENT && text_find(t, silent[i].word) == SIZE_MAX) {
		i++;
	}
	return i;
}

static void warn_once(struct parser *p, const char *text) {
	struct desktop *d = p->state;

	if (!d->warned) {
		d->warned = true;
		quality_warn(p->quality, "%s", text);
	}
}

static void set_instants(const struct said *s, int64_t end_ns, struct request *q) {
	q->finish_ns = end_ns;
	q->arrival_ns = instant_minus(end_ns, s->total_ns);
	q->scheduled_ns = s->queue_ns == UNKNOWN ? UNKNOWN : instant_plus(q->arrival_ns, s->queue_ns);
	if (s->decode_ns != UNKNOWN && s->prefill_ns != UNKNOWN && s->decode_ns + s->prefill_ns <= s->total_ns) {
		q->first_token_ns = instant_minus(end_ns, s->decode_ns);
		q->scheduled_ns = instant_minus(q->first_token_ns, s->prefill_ns);
	}
}

static enum parse_result desktop_parse(struct parser *p, const struct text *line, int64_t stamp_ns, struct record *out) {
	struct request *q = &out->request;
	struct said s;

	p->reason = NULL;
	if (!line) {
		return PARSE_NONE;
	}
	if (!take_line(*line, &s)) {
		size_t engine = silent_of(*line);
		if (engine < SILENT) {
			warn_once(p, silent[engine].advice);
		}
		return PARSE_NONE;
	}
	if (stamp_ns == UNKNOWN && !parser_local_instant(p, &stamp_ns)) {
		warn_once(p, "lines of this log have tokens and no time: put one in front of each, by docker logs -t, journald, or | ts '%FT%TZ'");
		return PARSE_NONE;
	}
	record_begin(out, RECORD_REQUEST);
	q->prompt_tokens = s.prompt;
	q->completion_tokens = s.output;
	q->cached_tokens = s.cached == UNKNOWN ? 0 : s.cached;
	q->cached_unknown = s.cached == UNKNOWN;
	set_instants(&s, stamp_ns, q);
	return record_finish(p, out);
}

static int desktop_bid(const struct text *lines, size_t count) {
	struct said s;
	int bid = 0;

	for (size_t i = 0; i < count && bid < 70; i++) {
		bid = take_line(lines[i], &s) ? 70 : silent_of(lines[i]) < SILENT ? 30 : bid;
	}
	return bid;
}

const struct format format_desktop = {
	.bid = desktop_bid,
	.parse = desktop_parse,
	.state_size = sizeof(struct desktop),
};
