/* usage.h: shared by the readers of vendors' usage; private to formats/usage/. */
#ifndef INGEST_FORMATS_USAGE_H
#define INGEST_FORMATS_USAGE_H

#include "core/billing.h"
#include "ingest/formats/fields.h"

#define KEY(literal) {literal, sizeof(literal) - 1}

/* The object under a key, or JSON_ABSENT. */
json_at usage_object(const struct json *j, json_at object, struct text key);
/*
 * The first of some keys with a value; numbers as instants are in seconds, or in the unit that fits their size.
 */
int64_t usage_first_instant(struct parser *p, json_at object, const struct text *keys, size_t count);
struct text usage_first_text(struct parser *p, json_at object, const struct text *keys, size_t count);
int64_t usage_first_count(struct parser *p, json_at object, const struct text *keys, size_t count);
#define FIRST_INSTANT(p, object, keys) usage_first_instant(p, object, keys, sizeof keys / sizeof *keys)
#define FIRST_TEXT(p, object, keys) usage_first_text(p, object, keys, sizeof keys / sizeof *keys)
#define FIRST_COUNT(p, object, keys) usage_first_count(p, object, keys, sizeof keys / sizeof *keys)

/*
 * The counts of one usage object, in any vendor's words, as the counts of a request: input with cached tokens, output
 * with reasoning, and the parts with separate prices. `model` is used where words are the same. prompt_tokens is
 * UNKNOWN if the object has no counts.
 */
void usage_read(struct parser *p, json_at usage, struct text model, struct request *q, struct billing *b);
/* OpenAI's words, and LiteLLM's, with input that includes tokens read from a cache and written to it. */
void usage_read_openai(struct parser *p, json_at usage, struct text model, struct request *q, struct billing *b);

/* If the total shows that cached and reasoning tokens are not included in input and output, they are added. */
void usage_settle(struct request *q, int64_t total, bool thinks);

/* Writes separately billed parts into the record; the text is valid until the next line. */
void usage_bill(struct parser *p, const struct billing *b, struct request *q);

/* The confidence that a line of JSON is usage, by its words. */
int usage_bid_json(struct text line);

/* LiteLLM's spend logs and payloads. */
bool usage_is_litellm(struct parser *p, json_at row);
enum parse_result usage_litellm(struct parser *p, json_at row, struct record *out);

/* Sessions of coding agents. State from earlier lines: zero at the start. */
struct agent {
	char model[96], project[96];
	int64_t total_input, total_cached, total_output, total_reasoning; /* of a session so far */
	bool has_messages;
};
/* The last part of the folder that an agent worked in. */
struct text usage_project(struct text path);
enum parse_result usage_claude_code(struct parser *p, json_at line, int64_t stamp_ns, struct record *out);
/* Printed by Claude Code at the end: {"type":"result","modelUsage":{"claude-x":{"inputTokens":10,…}}}. */
bool usage_is_result(struct parser *p, json_at object);
/* A member of such a "modelUsage". */
bool usage_is_share(const struct json *j, json_at object, json_at around);
enum parse_result usage_share(struct parser *p, json_at object, json_at around, int64_t stamp_ns, struct record *out);
bool usage_is_codex(struct parser *p, json_at line);
enum parse_result usage_codex(struct parser *p, struct agent *a, json_at line, struct record *out);

/* Langfuse's observations, with the object of their counts; messages with an object of tokens. */
enum parse_result usage_observation(struct parser *p, json_at row, json_at details, int64_t stamp_ns, struct record *out);
/* Langfuse's older "usage": {"input":600,"output":80,"total":680,"unit":"TOKENS"}; or JSON_ABSENT. */
json_at usage_old_details(const struct json *j, json_at row);
enum parse_result usage_message(struct parser *p, json_at message, json_at tokens, json_at around, int64_t stamp_ns, struct record *out);

#endif
