/* What tasks measured by sequences that decode together, until it is in a statement: rows of models by their names. */
#include <inttypes.h>
#include <stdlib.h>

#include "core/exact.h"
#include "core/quality_lines.h"

static const char *const keys[QUALITY_BATCH_FIGURES] = {"from", "to", "rate_nano", "steps", "tokens", "decode_gpu_ns", "step_ns"};

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

static void add(struct quality *q, struct text model, const int64_t of[QUALITY_BATCH_FIGURES]) {
	struct quality_batch *b = batch_of(q, model, of);

	for (int i = 3; i < QUALITY_BATCH_FIGURES; i++) {
		exact_add(&b->of[i], of[i]); /* parts of entries' time and tokens, which fit or stop the work */
	}
}

void quality_add_batch(struct quality *q, struct text model, const struct batch_row *r) {
	add(q, model, (const int64_t[]){r->from_sequences, r->to_sequences, r->rate_nano, r->steps, r->tokens, r->decode_gpu_ns, r->step_ns});
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
		add(to, text_of(from->batches[i].model), from->batches[i].of);
	}
}

void quality_release_batches(struct quality *q) {
	for (size_t i = 0; i < q->batch_count; i++) {
		free(q->batches[i].model);
	}
	free(q->batches);
}

void quality_write_batches(const struct quality *q, FILE *out) {
	for (size_t i = 0; i < q->batch_count; i++) {
		struct text model = text_of(q->batches[i].model);
		size_t room = 6 * model.len + 1;
		char *escaped = must_alloc(room);

		json_escape(model, escaped, room);
		fprintf(out, "{\"batch\":\"%s\"", escaped);
		free(escaped);
		for (int k = 0; k < QUALITY_BATCH_FIGURES; k++) {
			fprintf(out, ",\"%s\":%" PRId64, keys[k], q->batches[i].of[k]);
		}
		fputs("}\n", out);
	}
}

/* A row that no attribution would post is of another version. */
static bool is_row(const int64_t of[QUALITY_BATCH_FIGURES]) {
	return of[0] >= 1 && of[0] <= of[1] && of[2] >= -1 && of[3] >= 0 && of[4] >= 0 && of[5] >= 0 && of[6] >= 0;
}

bool quality_read_batch(struct quality *q, const struct json *j) {
	int64_t of[QUALITY_BATCH_FIGURES];
	json_at model = json_get(j, 0, T("batch"));
	bool ok = json_type(j, model) == JSON_STRING;

	for (int k = 0; k < QUALITY_BATCH_FIGURES && ok; k++) {
		ok = json_i64(j, json_get(j, 0, text_of(keys[k])), &of[k]);
	}
	if (!ok || !is_row(of)) {
		return false;
	}
	size_t room = json_raw(j, model).len + 1;
	char *name = must_alloc(room);
	add(q, json_string(j, model, name, room), of);
	free(name);
	return true;
}
