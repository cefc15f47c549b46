/*
 * tgi.c: the log of Hugging Face's Text Generation Inference, which reports no tokens.
 *
 * {"timestamp":"2026-01-08T10:00:00.123456Z","level":"INFO","message":"Success","target":"text_generation_router::server",…,"span":{…,"total_time":"1.2s","inference_time":"1.1s","time_per_token":"21.4ms",…}}
 * 2026-01-08T10:00:00.123456Z INFO generate{… total_time="1.2s" … time_per_token="21.4ms" …}:
 * text_generation_router::server: router/src/server.rs:360: Success
 *
 * Generated tokens could be estimated (inference_time / time_per_token), prompts could not: so these lines are not
 * records; a warning points to TGI's /metrics, which has counts.
 */
#include "ingest/formats/fields.h"

struct tgi {
	bool warned;
};

/* In JSON it is the target; in text it stands after the level. */
static bool is_of_router(struct text t) {
	struct text target, start = text_cut(t, 0, 48);

	if (text_starts(t, T("{"))) {
		return field_at_top(t, T("target"), &target) && text_starts(target, T("\"text_generation_router::"));
	}
	return text_find(t, T("text_generation_router::")) != SIZE_MAX &&
	       (text_find(start, T("INFO ")) != SIZE_MAX || text_find(start, T("WARN ")) != SIZE_MAX || text_find(start, T("ERROR ")) != SIZE_MAX);
}

static bool is_answer(struct text t) {
	return is_of_router(t) && text_find(t, T("time_per_token")) != SIZE_MAX;
}

static enum parse_result tgi_parse(struct parser *p, const struct text *line, int64_t stamp_ns, struct record *out) {
	struct tgi *s = p->state;

	(void)stamp_ns;
	(void)out;
	if (line && !s->warned && is_answer(*line)) {
		s->warned = true;
		quality_warn(p->quality, "TGI's log has no token counts: scrape its /metrics repeatedly into a file instead");
	}
	return PARSE_NONE;
}

static int tgi_bid(const struct text *lines, size_t count) {
	int bid = 0;

	for (size_t i = 0; i < count && bid < 85; i++) {
		if (is_answer(lines[i])) {
			bid = 85;
		} else if (is_of_router(lines[i]) || text_find(text_cut(lines[i], 0, 96), T("text_generation_launcher: ")) != SIZE_MAX) {
			bid = 55;
		}
	}
	return bid;
}

const struct format format_tgi = {
	.bid = tgi_bid,
	.parse = tgi_parse,
	.state_size = sizeof(struct tgi),
};
