#include "core/quality_lines.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/exact.h"

/* ---- rows of breakdowns, by model name ---- */

static const struct row_form {
	const char *word;
	int keys, figures; /* so many it is known by; in all */
	const char *names[QUALITY_ROW_FIGURES];
	int64_t least[QUALITY_ROW_FIGURES]; /* what an attribution posts */
} forms[QUALITY_ROW_KINDS] = {
	[QUALITY_BATCH] = {"batch", 3, 7, {"from", "to", "rate_nano", "steps", "tokens", "decode_gpu_ns", "step_ns"}, {1, 1, -1}},
	[QUALITY_POSITION] = {"position", 5, 7, {"of", "from", "to", "prompt_over", "rate_nano", "tokens", "gpu_ns"}, {0, 0, 1, 0, -1}},
	[QUALITY_RULE] = {"rule", 1, 3, {"rate_nano", "prefill_gpu_ns", "decode_gpu_ns"}, {-1}},
	[QUALITY_CURVE] = {"curve", 1, 4, {"sequences", "steps", "step_us", "gpu_us"}, {1}},
	[QUALITY_BUSY] = {"busy", 0, 1, {"gpu_ns"}, {0}},
};

static uint64_t hash_text(uint64_t hash, struct text t) {
	for (size_t i = 0; i < t.len; i++) {
		hash = hash_mix(hash, (unsigned char)t.at[i]);
	}
	return hash;
}

static bool is_row(const struct quality_row *r, enum quality_row_kind kind, struct text model, struct text rule, const int64_t *of) {
	bool same = r->kind == kind && text_eq(text_of(r->model), model) && text_eq(text_of(r->rule), rule);

	for (int i = 0; i < forms[kind].keys; i++) {
		same = same && r->of[i] == of[i];
	}
	return same;
}

static struct quality_row *row_of(struct quality *q, enum quality_row_kind kind, struct text model, struct text rule, const int64_t *of) {
	uint64_t hash = hash_text(hash_text(hash_mix(0, (uint64_t)kind), model), rule);
	uint32_t i;

	for (int k = 0; k < forms[kind].keys; k++) {
		hash = hash_mix(hash, (uint64_t)of[k]);
	}
	uint64_t at = hash;
	while (hash_index_next(&q->row_index, hash, &at, &i)) {
		if (is_row(&q->rows[i], kind, model, rule, of)) {
			return &q->rows[i];
		}
	}
	q->rows = must_grow_by_count(q->rows, q->row_count, sizeof *q->rows);
	struct quality_row *row = &q->rows[q->row_count];
	*row = (struct quality_row){.kind = kind, .model = text_copy(model), .rule = text_copy(rule)};
	for (int k = 0; k < forms[kind].keys; k++) {
		row->of[k] = of[k];
	}
	hash_index_add(&q->row_index, hash, (uint32_t)q->row_count++);
	return row;
}

static void add_row(struct quality *q, enum quality_row_kind kind, struct text model, struct text rule, const int64_t *of) {
	struct quality_row *row = row_of(q, kind, model, rule, of);

	for (int i = forms[kind].keys; i < forms[kind].figures; i++) {
		exact_add(&row->of[i], of[i]); /* where a part of the time does not fit, the busy time does not either, and no row is used */
	}
}

void quality_add_batch(struct quality *q, struct text model, const struct batch_row *r) {
	add_row(q, QUALITY_BATCH, model, T(""), (const int64_t[]){r->from_sequences, r->to_sequences, r->rate_nano, r->steps, r->tokens, r->decode_gpu_ns, r->step_ns});
}

void quality_add_position(struct quality *q, struct text model, const struct position_row *r) {
	add_row(q, QUALITY_POSITION, model, T(""), (const int64_t[]){(int64_t)r->kind, r->from_ntok, r->to_ntok, r->prompt_over_ntok, r->rate_nano, r->tokens, r->gpu_ns});
}

void quality_add_rule(struct quality *q, struct text model, const struct rule_row *r) {
	add_row(q, QUALITY_RULE, model, text_of(r->rule), (const int64_t[]){r->rate_nano, r->prefill_gpu_ns, r->decode_gpu_ns});
}

void quality_add_curve(struct quality *q, struct text model, const struct curve_row *r) {
	add_row(q, QUALITY_CURVE, model, T(""), (const int64_t[]){r->sequences, r->steps, r->step_us, r->gpu_us});
}

void quality_add_busy(struct quality *q, int64_t gpu_ns) {
	add_row(q, QUALITY_BUSY, T(""), T(""), (const int64_t[]){gpu_ns});
}

static int pass_row(const struct quality_row *r, struct names *names, const struct quality_row_sinks *to) {
	const int64_t *of = r->of;
	name_id model = names_id(names, text_of(r->model));

	switch (r->kind) {
	case QUALITY_BATCH:
		return to->batch(to->context, &(struct batch_row){model, of[0], of[1], of[2], of[3], of[4], of[5], of[6]});
	case QUALITY_POSITION:
		return to->position ? to->position(to->context, &(struct position_row){model, (enum entry_kind)of[0], of[1], of[2], of[3], of[4], of[5], of[6]}) : 0;
	case QUALITY_RULE: {
		const char *rule = names_text(names, names_id(names, text_of(r->rule))).at; /* which outlives the quality */
		return to->rule ? to->rule(to->context, &(struct rule_row){rule, model, of[0], of[1], of[2]}) : 0;
	}
	case QUALITY_BUSY:
		return 0;
	default:
		return to->curve(to->context, &(struct curve_row){model, of[0], of[1], of[2], of[3]});
	}
}

int quality_each_row(const struct quality *q, struct names *names, const struct quality_row_sinks *to) {
	int rc = 0;

	for (size_t i = 0; i < q->row_count && rc >= 0; i++) {
		rc = pass_row(&q->rows[i], names, to);
	}
	return rc;
}

int64_t quality_rows_busy_ns(const struct quality *q) {
	for (size_t i = 0; i < q->row_count; i++) {
		if (q->rows[i].kind == QUALITY_BUSY) {
			return q->rows[i].of[0];
		}
	}
	return -1;
}

void quality_merge_rows(struct quality *to, const struct quality *from) {
	for (size_t i = 0; i < from->row_count; i++) {
		const struct quality_row *r = &from->rows[i];
		add_row(to, r->kind, text_of(r->model), text_of(r->rule), r->of);
	}
}

void quality_release_rows(struct quality *q) {
	for (size_t i = 0; i < q->row_count; i++) {
		free(q->rows[i].model);
		free(q->rows[i].rule);
	}
	free(q->rows);
	hash_index_release(&q->row_index);
}

static void put_name(FILE *out, const char *lead, const char *key, const char *name) {
	fprintf(out, "%s\"%s\":", lead, key);
	json_put_text(out, text_of(name));
}

static void put_rows(const struct quality *q, FILE *out) {
	for (size_t i = 0; i < q->row_count; i++) {
		const struct quality_row *r = &q->rows[i];
		put_name(out, "{", forms[r->kind].word, r->model);
		if (r->rule[0]) {
			put_name(out, ",", "name", r->rule);
		}
		for (int k = 0; k < forms[r->kind].figures; k++) {
			fprintf(out, ",\"%s\":%" PRId64, forms[r->kind].names[k], r->of[k]);
		}
		fputs("}\n", out);
	}
}

static char *string(const struct json *j, const char *key);

/* A row that no attribution would post is of another version. */
static bool read_row(struct quality *q, const struct json *j, enum quality_row_kind kind) {
	const struct row_form *f = &forms[kind];
	int64_t of[QUALITY_ROW_FIGURES] = {0};
	char *model = string(j, f->word), *rule = string(j, "name");
	bool ok = model && (kind != QUALITY_RULE || rule);

	for (int k = 0; k < f->figures && ok; k++) {
		ok = json_number(j, f->names[k], &of[k]) && of[k] >= f->least[k];
	}
	ok = ok && (kind != QUALITY_BATCH || of[0] <= of[1]) && (kind != QUALITY_POSITION || (of[0] <= ENTRY_OUTPUT && of[1] < of[2]));
	if (ok) {
		add_row(q, kind, text_of(model), text_of(rule ? rule : ""), of);
	}
	free(model);
	free(rule);
	return ok;
}

/* ---- writing ---- */

static void put_string(FILE *out, const char *key, const char *s) {
	fprintf(out, "\"%s\":", key);
	json_put_text(out, text_of(s ? s : ""));
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
	return j->joined + j->count[JOIN_GATEWAY_ONLY] + j->count[JOIN_ENGINE_ONLY] > 0;
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
	put_rows(q, out);
}

/* ---- reading ---- */

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
	bool ok = json_number(j, "lines", &from.lines) && json_number(j, "steps", &from.steps) &&
	          json_number(j, "requests", &from.requests) && json_number(j, "windows", &from.windows) &&
	          json_number(j, "powers", &from.powers) && json_number(j, "duplicates", &from.duplicates) &&
	          json_number(j, "unknown_keys", &from.unknown_keys);

	if (ok) {
		quality_merge(q, &from);
	}
	return ok;
}

static bool read_reject(struct quality *q, const struct json *j) {
	struct quality from = {.rejects = must_calloc(1, sizeof *from.rejects), .reject_count = 1};
	struct quality_reject *r = from.rejects;
	int64_t rank;
	bool ok = json_number(j, "lines", &r->lines) && json_number(j, "rank", &rank);

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
	bool ok = file && reason && json_number(j, "offset", &offset);

	if (ok) {
		quality_damage(q, file, reason, offset);
	}
	free(file);
	free(reason);
	return ok;
}

/* Hexadecimal digits, or none; written without escapes. */
static bool is_hash(const char *text) {
	size_t len = text ? strspn(text, "0123456789abcdef") : 0;

	return text && text[len] == '\0' && len < sizeof(((struct quality_input *)0)->sha256);
}

static bool read_input(struct quality *q, const struct json *j) {
	char *file = string(j, "input"), *format = string(j, "format"), *hash = string(j, "sha256");
	struct quality_input in = {.file = file, .format = format};
	int64_t index;
	bool ok = file && format && is_hash(hash) && json_number(j, "bytes", &in.bytes) &&
	          json_number(j, "lines", &in.lines) && json_number(j, "records", &in.records) && json_number(j, "index", &index) &&
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

	if (!json_number(j, "notice", &type) || type < 0 || type >= NOTICE_TYPES) {
		return false;
	}
	n.type = (enum notice_type)type;
	for (int i = 0; i < NOTICE_FIELDS; i++) {
		n.field[i] = string(j, notice_keys[i]);
	}
	if (!json_number(j, "amount_nano", &n.amount_nano)) {
		n.amount_nano = QUALITY_NO_AMOUNT;
	}
	n.counted = json_number(j, "count", &n.count[0]) && json_number(j, "of", &n.count[1]);
	quality_add_notice(q, &n);
	return true;
}

static bool read_joins(struct quality *q, const struct json *j) {
	static const char *const keys[JOIN_TROUBLES][2] = {
		{"gateway_only", "gateway_only_rank"}, {"engine_only", "engine_only_rank"}, {"differing", "differing_rank"},
	};
	struct quality from = {0};
	bool ok = json_number(j, "joins", &from.joins.joined) && json_number(j, "gateway_only_tokens", &from.joins.gateway_only_tokens);

	for (int i = 0; i < JOIN_TROUBLES && ok; i++) {
		int64_t rank;
		ok = json_number(j, keys[i][0], &from.joins.count[i]) && json_number(j, keys[i][1], &rank);
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
		{"joins", read_joins},   {"notice", read_notice},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (json_get(j, 0, text_of(kinds[i].key)) != JSON_ABSENT) {
			return kinds[i].read(q, j);
		}
	}
	for (int kind = 0; kind < QUALITY_ROW_KINDS; kind++) {
		if (json_get(j, 0, text_of(forms[kind].word)) != JSON_ABSENT) {
			return read_row(q, j, (enum quality_row_kind)kind);
		}
	}
	return false;
}
