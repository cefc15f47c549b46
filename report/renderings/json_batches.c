/* Cost of tokens by position and by sequences decoding together, as JSON objects. */
#include <math.h>

#include "report/renderings/renderings.h"

static void put_model(FILE *out, const struct statement *s, name_id model) {
	fputs("{\"model\":", out);
	json_put_text(out, names_text(s->options.names, model));
}

/* The end of a range; the last one has none. */
static void put_end(FILE *out, const char *key, int64_t end) {
	if (end == INT64_MAX) {
		fprintf(out, ",\"%s\":null", key);
	} else {
		fprintf(out, ",\"%s\":%lld", key, (long long)end);
	}
}

static void put_money(FILE *out, const char *key, bool known, int64_t nano) {
	char money[DECIMAL_TEXT_MAX];

	fprintf(out, known ? ",\"%s\":\"%s\"" : ",\"%s\":null", key, decimal_format(nano, 9, money));
}

void json_put_position(FILE *out, const struct statement *s, size_t i) {
	const struct position *p = &s->positions.rows[i];
	char ns[EXACT_TEXT_MAX];

	put_model(out, s, p->row.model);
	fprintf(out, ",\"kind\":\"%s\",\"from\":%lld", kind_names[p->row.kind], (long long)p->row.from_ntok);
	put_end(out, "to", p->row.to_ntok);
	fprintf(out, ",\"prompt_over\":%lld,\"tokens\":%lld,\"gpu_ns\":%s", (long long)p->row.prompt_over_ntok, (long long)p->row.tokens, exact_print(p->gpu_ns, ns));
	put_money(out, "cost", true, p->cost_nano);
	put_money(out, "busy", p->rated_tokens > 0, p->unit_nano);
	put_money(out, "low", p->rated_tokens > 0, p->low_nano);
	put_money(out, "high", p->rated_tokens > 0, p->high_nano);
	put_money(out, "list", p->list_known, p->list_nano);
	fputc('}', out);
}

void json_put_batch(FILE *out, const struct statement *s, size_t i) {
	const struct batch *b = &s->batches.rows[i];
	char decode[EXACT_TEXT_MAX], all[EXACT_TEXT_MAX];

	put_model(out, s, b->row.model);
	fprintf(out, ",\"from\":%lld", (long long)b->row.from_sequences);
	put_end(out, "to", b->row.to_sequences);
	fprintf(out, ",\"steps\":%lld,\"tokens\":%lld,\"decode_gpu_ns\":%s,\"step_ns\":%s", (long long)b->row.steps, (long long)b->row.tokens,
	        exact_print(b->decode_gpu_ns, decode), exact_print(b->step_ns, all));
	put_money(out, "cost", true, b->cost_nano);
	put_money(out, "busy", b->rated_tokens > 0, b->unit_nano);
	fprintf(out, b->user_tok_s > 0 ? ",\"tok_s_per_user\":%.15g}" : ",\"tok_s_per_user\":null}", b->user_tok_s);
}

void json_put_curve(FILE *out, const struct statement *s, size_t i) {
	const struct curve_point *p = &s->curves.rows[i];

	put_model(out, s, p->row.model);
	fprintf(out, ",\"sequences\":%lld,\"step_ns\":%.15g,\"gpus\":%.15g,\"tok_s_per_user\":%.15g,\"tok_s_per_replica\":%.15g", (long long)p->row.sequences, p->step_ns, p->gpus,
	        p->user_tok_s, p->replica_tok_s);
	put_money(out, "output", true, p->unit_nano);
	fputc('}', out);
}

void json_put_roofline(FILE *out, const struct roofline_picture *r) {
	char ns[EXACT_TEXT_MAX];

	if (r->count == 0) {
		return;
	}
	fputs(",\n \"roofline\":{\"model\":", out);
	json_put_text(out, r->model);
	fputs(",\"gpu\":", out);
	json_put_text(out, r->gpu);
	fprintf(out, ",\"gpus\":%lld,\"peak_tflop_s\":%.15g,\"peak_gb_s\":%.15g,\"cells\":[", (long long)r->gpus, r->peak_tflop_s, r->peak_gb_s);
	for (size_t i = 0; i < r->count; i++) {
		const struct roof_cell *c = &r->cells[i];
		fprintf(out, "%s\n  {\"kind\":\"%s\",\"intensity\":%.6g,\"tflop_s\":%.6g,\"steps\":%lld,\"gpu_ns\":%s}", i > 0 ? "," : "", roof_kind_names[c->kind], roof_intensity(c),
		        roof_tflop_s(c), (long long)c->steps, exact_print(c->gpu_ns, ns));
	}
	fputs("]}", out);
}
