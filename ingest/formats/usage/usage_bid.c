/* usage_bid.c: detects lines of JSON with usage by the words that they contain. */
#include "ingest/formats/usage/usage.h"

/* Is a word in it? A quote with a backslash before it is a user's. */
static bool has(struct text t, struct text word) {
	size_t at = text_find(t, word);

	while (at != SIZE_MAX && at > 0 && t.at[at - 1] == '\\') {
		t = text_cut(t, at + 1, t.len);
		at = text_find(t, word);
	}
	return at != SIZE_MAX;
}

/* Words that are in no other log, and the confidence that they give. */
static const struct {
	struct text all[3];
	int bid;
} marks[] = {
	{{KEY("\"startTime\""), KEY("\"endTime\""), KEY("\"completion_tokens\"")}, 80},
	{{KEY("\"usageDetails\"")}, 80},
	{{KEY("\"usage_details\"")}, 80},
	{{KEY("\"sessionId\""), KEY("\"message\""), KEY("\"usage\"")}, 80},
	{{KEY("\"sessionId\""), KEY("\"parentUuid\"")}, 60},
	{{KEY("\"type\":\"session_meta\"")}, 80},
	{{KEY("\"payload\""), KEY("\"turn_context\"")}, 70},
	{{KEY("\"payload\""), KEY("\"token_count\"")}, 80},
	{{KEY("\"usageMetadata\""), KEY("TokenCount\"")}, 60},
	{{KEY("\"usage_metadata\""), KEY("_token_count\"")}, 60},
	{{KEY("\"ModelInvocationLog\"")}, 80},
	{{KEY("\"inputTokenCount\""), KEY("\"outputTokenCount\"")}, 60},
	{{KEY("\"model_breakdown\""), KEY("\"tokens\"")}, 80},
	{{KEY("\"modelUsage\""), KEY("\"outputTokens\"")}, 70},
	{{KEY("\"usage\""), KEY("\"unit\""), KEY("\"GENERATION\"")}, 70},
	{{KEY("\"uncached_input_tokens\""), KEY("\"output_tokens\"")}, 80},
	{{KEY("\"object\":\"organization.usage.")}, 80},
	{{KEY("\"object\": \"organization.usage.")}, 80},
	{{KEY("\"num_model_requests\""), KEY("\"input_tokens\"")}, 80},
	{{KEY("\"native_tokens_prompt\"")}, 80},
	{{KEY("\"tokens_prompt\""), KEY("\"tokens_completion\"")}, 70},
	{{KEY("\"tokens_in\""), KEY("\"tokens_out\"")}, 60},
	{{KEY("\"ai-proxy\""), KEY("\"usage\"")}, 70},
	{{KEY("\"message_start\""), KEY("\"usage\"")}, 60},
	{{KEY("\"chat.completion.chunk\"")}, 55},
	{{KEY("\"tokens\""), KEY("\"thoughts\"")}, 60},
	{{KEY("\"tokens\""), KEY("\"providerID\"")}, 70},
	{{KEY("\"usage\""), KEY("\"completion_tokens\"")}, 50},
	{{KEY("\"usage\""), KEY("\"output_tokens\"")}, 50},
	{{KEY("\"usage\""), KEY("\"outputTokens\"")}, 50},
	{{KEY("\"embedding\""), KEY("\"prompt_tokens\"")}, 50},
	{{KEY("\"embedding\""), KEY("\"total_tokens\"")}, 45},
	{{KEY("\"usage\""), KEY("\"prompt_tokens\"")}, 45},
	{{KEY("\"timings\""), KEY("\"predicted_n\"")}, 50},
	{{KEY("\"promptTokens\""), KEY("\"completionTokens\"")}, 50},
	{{KEY("\"PromptTokens\""), KEY("\"CompletionTokens\"")}, 50},
	{{KEY("\"req_units\""), KEY("\"res_units\"")}, 60},
	{{KEY("\"prompt_tokens\""), KEY("\"completion_tokens\"")}, 40},
};

int usage_bid_json(struct text t) {
	int bid = 0;

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		bool all = marks[i].bid > bid;
		for (size_t k = 0; k < 3 && all; k++) {
			all = marks[i].all[k].len == 0 || has(t, marks[i].all[k]);
		}
		bid = all ? marks[i].bid : bid;
	}
	return bid;
}
