/* explain_precision.c: the same model with its weights in other formats. */
#include <math.h>

#include "report/estimate/explain.h"
#include "report/estimate/sheet.h"

static const char *const formats[] = {"bf16", "fp8", "int4", "nvfp4"};

/* The law of the same replica with these weights; everything fitted or stated is kept. */
static void set_weights(struct costs *at, const struct costs *c, int64_t mbit, enum precision compute) {
	struct modelspec m = c->law.peak.model;

	m.weight_mbit = m.expert_mbit = mbit;
	m.compute = compute;
	m.plain_blocks = false;
	*at = *c;
	law_init(&at->law, &m, &c->law.peak.gpu, &c->law.layout, c->law.engine);
	at->law.constants = c->law.constants;
	at->law.mfu = c->law.mfu;
	at->law.bandwidth = c->law.bandwidth;
	at->law.stretch_base = c->law.stretch_base;
	at->law.stretch_arithmetic = c->law.stretch_arithmetic;
	at->law.stretch_cache = c->law.stretch_cache;
}

static struct at_precision price(const struct costs *at, const char *name) {
	struct at_load l = explain_at_load(at, 1);

	return (struct at_precision){.name = name, .weight_bytes = (double)at->law.peak.size.weight_bytes, .batch = at->full_batch,
	                             .input = l.input, .output = l.output, .request = l.request, .user_tok_s = l.user_tok_s};
}

size_t explain_precisions(const struct costs *c, struct at_precision out[EXPLAIN_PRECISIONS]) {
	size_t n = 0;

	out[n++] = price(c, "as estimated");
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		int64_t mbit = 0;
		enum precision compute = PRECISION_BF16;
		struct costs at;
		bool known = modelspec_format(text_of(formats[i]), &mbit, &compute);
		if (!known || (compute == PRECISION_FP4 && c->law.peak.gpu.flops[PRECISION_FP4] == 0)) {
			continue; /* without units for it, like int4 */
		}
		set_weights(&at, c, mbit, compute);
		int64_t fits = law_batch(&at.law, at.prompt + at.output / 2, at.memory);
		at.full_batch = fits < at.max_batch ? fits : at.max_batch;
		if (at.full_batch > 0) {
			out[n++] = price(&at, formats[i]);
		}
	}
	return n;
}

void explain_precision_print(const struct costs *c, FILE *out) {
	struct at_precision at[EXPLAIN_PRECISIONS];
	char in[SHEET_NUMBER_MAX], made[SHEET_NUMBER_MAX], request[SHEET_NUMBER_MAX];
	size_t count = explain_precisions(c, at);

	fputs("\n8. Weights in another format, full batches       GB   batch     input    output  tok/s/user   1,000 requests\n", out);
	for (size_t i = 0; i < count; i++) {
		const struct at_precision *p = &at[i];
		fprintf(out, "%44s %8s %7lld %9s", p->name, sheet_number(p->weight_bytes / 1e9, 1, request), (long long)p->batch, sheet_number(p->input, 4, in));
		fprintf(out, " %9s %11.0f %16s\n", sheet_number(p->output, 4, made), p->user_tok_s, sheet_number(p->request * 1000, 3, request));
	}
	fputs("   int4: unpacked to 16 bits. Answers change with the format; no quality is in these figures.\n", out);
}

void explain_precision_json(const struct costs *c, FILE *out) {
	struct at_precision at[EXPLAIN_PRECISIONS];
	size_t count = explain_precisions(c, at);

	fputs(",\n \"precisions\":[", out);
	for (size_t i = 0; i < count; i++) {
		const struct at_precision *p = &at[i];
		const double values[] = {p->weight_bytes, (double)p->batch, p->input, p->output, p->request, p->user_tok_s};
		static const char *const names[] = {"weight_bytes", "batch", "input", "output", "request", "tok_s_per_user"};
		fprintf(out, "%s\n  {\"weights\":\"%s\"", i ? "," : "", p->name);
		for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
			fprintf(out, ",\"%s\":", names[k]);
			sheet_json_number(values[k], out);
		}
		fputs("}", out);
	}
	fputs("\n ]", out);
}
