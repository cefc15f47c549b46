#include "core/quality_lines.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/exact.h"

/* ---- measurements by sequences decoding together, by model name ---- */

static const char *const batch_keys[QUALITY_BATCH_FIGURES] = {"from", "to", "rate_nano", "steps", "tokens", "decode_gpu_ns", "step_ns"};

static struct quality_batch *batch_of(struct quality *q, struct text model, const int64_t of[QUALITY_BATCH_FIGURES]) {
	for (size_t i = q->batch_count; i-- > 0;) {
		struct quality_batch *b = &q->batches[i];
		if (b->of[0] == of[0] && b->of[2] == of[2] && text_eq(text_of(b->model), model)) {
			return b;
		}
	}
	q->batches = must_realloc(q->batches, (q->batch_count + 1) * sizeof *q->batches);
	q->batches[q->batch_count] = (struct quality_batch){.model = text_copy(model), .of = {of[0], of[1], of[2]}};
	return &q->batches[q->batch_count++];
}

static void add_figures(struct quality *q, struct text model, const int64_t of[QUALITY_BATCH_FIGURES]) {
	struct quality_batch *b = batch_of(q, model, of);

	for (int i = 3; i < QUALITY_BATCH_FIGURES; i++) {
		exact_add(&b->of[i], of[i]); /* parts of entries' time and tokens, which fit, or the work stops */
	}
}

void quality_add_batch(struct quality *q, struct text model, const struct batch_row *r) {
	add_figures(q, model, (const int64_t[]){r->from_sequences, r->to_sequences, r->rate_nano, r->steps, r->tokens, r->decode_gpu_ns, r->step_ns});
}

int quality_each_batch(const struct quality *q, struct names *names, batch_sink *sink, void *context) {
	int rc = 0;

	for (size_t i = 0; i < q->batch_count && rc >= 0; i++) {
		const int64_t *of = q->batches[i].of;
		rc = sink(context, &(struct batch_row){names_id(names, text_of(q->batches[i].model)), of[0], of[1], of[2], of[3], of[4], of[5], of[6]});
	}
	return rc;
}

void quality_merge_batches(struct quality *to, const struct quality *from) {
	for (size_t i = 0; i < from->batch_count; i++) {
		add_figures(to, text_of(from->batches[i].model), from->batches[i].of);
	}
}

void quality_release_batches(struct quality *q) {
	for (size_t i = 0; i < q->batch_count; i++) {
		free(q->batches[i].model);
	}
	free(q->batches);
}

static void put_batches(const struct quality *q, FILE *out) {
	for (size_t i = 0; i < q->batch_count; i++) {
		struct text model = text_of(q->batches[i].model);
		size_t room = 6 * model.len + 1;
		char *escaped = must_alloc(room);

		json_escape(model, escaped, room);
		fprintf(out, "{\"batch\":\"%s\"", escaped);
		free(escaped);
		for (int k = 0; k < QUALITY_BATCH_FIGURES; k++) {
			fprintf(out, ",\"%s\":%" PRId64, batch_keys[k], q->batches[i].of[k]);
		}
		fputs("}\n", out);
	}
}

/* A row that no attribution would post: from another version. */
static bool is_row(const int64_t of[QUALITY_BATCH_FIGURES]) {
	return of[0] >= 1 && of[0] <= of[1] && of[2] >= -1 && of[3] >= 0 && of[4] >= 0 && of[5] >= 0 && of[6] >= 0;
}

static bool read_batch(struct quality *q, const struct json *j) {
	int64_t of[QUALITY_BATCH_FIGURES];
	json_at model = json_get(j, 0, T("batch"));
	bool ok = json_type(j, model) == JSON_STRING;

	for (int k = 0; k < QUALITY_BATCH_FIGURES && ok; k++) {
		ok = json_i64(j, json_get(j, 0, text_of(batch_keys[k])), &of[k]);
	}
	if (!ok || !is_row(of)) {
		return false;
	}
	size_t room = json_raw(j, model).len + 1;
	char *name = must_alloc(room);
	add_figures(q, json_string(j, model, name, room), of);
	free(name);
	return true;
}

/* ---- writing ---- */

static void put_string(FILE *out, const char *key, const char *s) {
	struct text t = text_of(s ? s : "");
	size_t room = 6 * t.len + 1;
	char *escaped = must_alloc(room);

	json_escape(t, escaped, room);
	fprintf(out, "\"%s\":\"%s\"", key, escaped);
	free(escaped);
}

static void put_counts(const struct quality *q, FILE *out) {
	fprintf(out,
	        "{\"counts\":1,\"lines\":%" PRId64 ",\"steps\":%" PRId64 ",\"requests\":%" PRId64 ",\"windows\":%" PRId64
	        ",\"powers\":%" PRId64 ",\"duplicates\":%" PRId64 ",\"unknown_keys\":%" PRId64 "}\n",
	        q->lines, q->steps, q->requests, q->windows, q->powers, q->duplicates, q->unknown_keys);
}

static void put_input(const struct quality_input *in, FILE *out) {
	fputc('{', out);
	put_string(out, "input", in->file);
	fprintf(out, ",\"bytes\":%" PRId64 ",\"sha256\":\"%s\",", in->bytes, in->sha256);
	put_string(out, "format", in->format);
	fprintf(out, ",\"lines\":%" PRId64 ",\"records\":%" PRId64 ",\"index\":%" PRIu32 "}\n", in->lines, in->records,
	        in->index);
}

/* The keys of a notice's texts; "notice" has its type. */
static const char *const notice_keys[NOTICE_FIELDS] = {"kind", "text", "subjects", "value", "option", "from"};

void quality_write_notice(const struct quality_notice *n, FILE *out) {
	fprintf(out, "{\"notice\":%d", (int)n->type);
	for (int i = 0; i < NOTICE_FIELDS; i++) {
		if (n->field[i]) {
			fputc(',', out);
			put_string(out, notice_keys[i], n->field[i]);
		}
	}
	if (n->amount_nano != QUALITY_NO_AMOUNT) {
		fprintf(out, ",\"amount_nano\":%" PRId64, n->amount_nano);
	}
	if (n->counted) {
		fprintf(out, ",\"count\":%" PRId64 ",\"of\":%" PRId64, n->count[0], n->count[1]);
	}
	fputs("}\n", out);
}

/* The first of each, as a number and, if known, as text. */
static void put_joins(const struct quality_joins *j, FILE *out) {
	static const char *const counts[JOIN_TROUBLES] = {"gateway_only", "engine_only", "differing"};

	fprintf(out, "{\"joins\":%" PRId64 ",\"gateway_only_tokens\":%" PRId64, j->joined, j->gateway_only_tokens);
	for (int i = 0; i < JOIN_TROUBLES; i++) {
		fprintf(out, ",\"%s\":%" PRId64 ",\"%s_rank\":%" PRIu64, counts[i], j->count[i], counts[i], j->first_rank[i]);
	}
	fputs("}\n", out);
}

static bool has_joins(const struct quality_joins *j) {
	return j->joined + j->count[JOIN_GATEWAY_ONLY] > 0;
}

void quality_write_lines(const struct quality *q, FILE *out) {
	put_counts(q, out);
	for (size_t i = 0; i < q->reject_count; i++) {
		fputc('{', out);
		put_string(out, "reject", q->rejects[i].reason);
		fprintf(out, ",\"lines\":%" PRId64 ",\"rank\":%" PRIu64 ",", q->rejects[i].lines, q->rejects[i].first_rank);
		put_string(out, "first", q->rejects[i].first);
		fputs("}\n", out);
	}
	for (size_t i = 0; i < q->damage_count; i++) {
		fputc('{', out);
		put_string(out, "damage", q->damages[i].file);
		fputc(',', out);
		put_string(out, "reason", q->damages[i].reason);
		fprintf(out, ",\"offset\":%" PRId64 "}\n", q->damages[i].offset);
	}
	for (size_t i = 0; i < q->input_count; i++) {
		put_input(&q->inputs[i], out);
	}
	for (size_t i = 0; i < q->warning_count; i++) {
		fputc('{', out);
		put_string(out, "warning", q->warnings[i]);
		fputs("}\n", out);
	}
	for (size_t i = 0; i < q->notice_count; i++) {
		quality_write_notice(&q->notices[i], out);
	}
	if (has_joins(&q->joins)) {
		put_joins(&q->joins, out);
	}
	put_batches(q, out);
}

/* ---- reading ---- */

static bool number(const struct json *j, const char *key, int64_t *out) {
	return json_i64(j, json_get(j, 0, text_of(key)), out);
}

/* A string of the line, allocated; NULL if it has none. */
static char *string(const struct json *j, const char *key) {
	json_at v = json_get(j, 0, text_of(key));

	if (json_type(j, v) != JSON_STRING) {
		return NULL;
	}
	size_t room = json_raw(j, v).len + 1;
	char *buffer = must_alloc(room), *out = must_alloc(room);
	struct text t = json_string(j, v, buffer, room);
	if (t.len > 0) {
		memcpy(out, t.at, t.len);
	}
	out[t.len] = '\0';
	free(buffer);
	return out;
}

static bool read_counts(struct quality *q, const struct json *j) {
	struct quality from = {0};
	bool ok = number(j, "lines", &from.lines) && number(j, "steps", &from.steps) &&
	          number(j, "requests", &from.requests) && number(j, "windows", &from.windows) &&
	          number(j, "powers", &from.powers) && number(j, "duplicates", &from.duplicates) &&
	          number(j, "unknown_keys", &from.unknown_keys);

	if (ok) {
		quality_merge(q, &from);
	}
	return ok;
}

static bool read_reject(struct quality *q, const struct json *j) {
	struct quality from = {.rejects = must_calloc(1, sizeof *from.rejects), .reject_count = 1};
	struct quality_reject *r = from.rejects;
	int64_t rank;
	bool ok = number(j, "lines", &r->lines) && number(j, "rank", &rank);

	r->reason = string(j, "reject");
	r->first = string(j, "first");
	ok = ok && r->reason && r->first;
	if (ok) {
		r->first_rank = (uint64_t)rank;
		quality_merge(q, &from);
	}
	quality_release(&from);
	return ok;
}

static bool read_damage(struct quality *q, const struct json *j) {
	char *file = string(j, "damage"), *reason = string(j, "reason");
	int64_t offset;
	bool ok = file && reason && number(j, "offset", &offset);

	if (ok) {
		quality_damage(q, file, reason, offset);
	}
	free(file);
	free(reason);
	return ok;
}

static bool read_input(struct quality *q, const struct json *j) {
	char *file = string(j, "input"), *format = string(j, "format"), *hash = string(j, "sha256");
	struct quality_input in = {.file = file, .format = format};
	int64_t index;
	bool ok = file && format && hash && strlen(hash) < sizeof in.sha256 && number(j, "bytes", &in.bytes) &&
	          number(j, "lines", &in.lines) && number(j, "records", &in.records) && number(j, "index", &index) &&
	          index >= 0 && index <= UINT32_MAX;

	if (ok) {
		in.index = (uint32_t)index;
		memcpy(in.sha256, hash, strlen(hash) + 1);
		quality_add_input(q, &in);
	}
	free(file);
	free(format);
	free(hash);
	return ok;
}

static bool read_warning(struct quality *q, const struct json *j) {
	char *sentence = string(j, "warning");

	if (sentence) {
		quality_warn(q, "%s", sentence);
	}
	free(sentence);
	return sentence != NULL;
}

static bool read_notice(struct quality *q, const struct json *j) {
	struct quality_notice n = {.amount_nano = QUALITY_NO_AMOUNT};
	int64_t type;

	if (!number(j, "notice", &type) || type < 0 || type >= NOTICE_TYPES) {
		return false;
	}
	n.type = (enum notice_type)type;
	for (int i = 0; i < NOTICE_FIELDS; i++) {
		n.field[i] = string(j, notice_keys[i]);
	}
	if (!number(j, "amount_nano", &n.amount_nano)) {
		n.amount_nano = QUALITY_NO_AMOUNT;
	}
	n.counted = number(j, "count", &n.count[0]) && number(j, "of", &n.count[1]);
	quality_add_notice(q, &n);
	return true;
}

static bool read_joins(struct quality *q, const struct json *j) {
	static const char *const keys[JOIN_TROUBLES][2] = {
		{"gateway_only", "gateway_only_rank"}, {"engine_only", "engine_only_rank"}, {"differing", "differing_rank"},
	};
	struct quality from = {0};
	bool ok = number(j, "joins", &from.joins.joined) && number(j, "gateway_only_tokens", &from.joins.gateway_only_tokens);

	for (int i = 0; i < JOIN_TROUBLES && ok; i++) {
		int64_t rank;
		ok = number(j, keys[i][0], &from.joins.count[i]) && number(j, keys[i][1], &rank);
		from.joins.first_rank[i] = ok ? (uint64_t)rank : 0;
	}
	if (ok) {
		quality_merge(q, &from);
	}
	return ok;
}

bool quality_read_line(struct quality *q, const struct json *j) {
	static const struct {
		const char *key;
		bool (*read)(struct quality *q, const struct json *j);
	} kinds[] = {
		{"counts", read_counts}, {"reject", read_reject},   {"damage", read_damage},
		{"input", read_input},   {"warning", read_warning},
		{"joins", read_joins},   {"notice", read_notice}, {"batch", read_batch},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (json_get(j, 0, text_of(kinds[i].key)) != JSON_ABSENT) {
			return kinds[i].read(q, j);
		}
	}
	return false;
}
