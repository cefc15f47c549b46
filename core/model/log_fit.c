/* log_fit.c: reads the lines of a model report (attribute/model/model_report.c prints them). */
#include "core/model/log_fit.h"

#include <math.h>

#include "core/decimal.h"

static bool parse_double(struct text t, double *out) {
	int64_t nano;
	struct text rest = text_trim(t), word = rest;

	text_until(&rest, T(" "), &word);
	if (!decimal_parse(word, 0, &nano)) {
		return false;
	}
	*out = (double)nano / 1e9;
	return true;
}

/* "llama-3.1-8b on 1 x RTX-PRO-6000-96GB, mixed, 2026-08-10" */
static bool parse_head(struct text line, struct log_fit *f) {
	struct text name, rest = line, count;

	if (!text_until(&rest, T(" on "), &name) || !text_until(&rest, T(" x "), &count) || !text_to_i64(text_trim(count), &f->gpus)) {
		return false;
	}
	return f->gpus > 0 && text_until(&rest, T(", "), &f->gpu);
}

/* "  c   token of the batch beyond 8                    18229.8510      2066.0054" */
static void parse_term(struct text line, struct log_fit *f) {
	static const struct text words[] = {T("b0  floor of a step"), T("b1  token of the batch"), T("b2  token x context of prefill"), T("b6  context token before a chunk"),
	                                    T("b3  context token of decode"), T("b7  context token, extra if contexts differ"),
	                                    T("b4  the same in mixed steps, extra"), T("b8  the same in mixed steps, extra")};
	double *out[] = {&f->floor, &f->token, &f->pair, &f->before, &f->context, &f->differing, &f->mixed, &f->mixed_differing};
	struct text t = text_trim(line);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text_starts(t, words[i])) {
			parse_double(text_cut(t, words[i].len, t.len), out[i]);
			return;
		}
	}
	bool early = text_skip(&t, T("e   token of the batch up to ")), beyond = !early && text_skip(&t, T("c   token of the batch beyond "));
	int64_t ntok;
	if ((early || beyond) && f->count < LOG_FIT_TERMS && text_take_i64(&t, &ntok) && parse_double(t, &f->slopes[f->count].ns)) {
		f->slopes[f->count].ntok = (double)ntok;
		f->slopes[f->count++].early = early;
	}
	if (text_skip(&t, T("residual: "))) {
		struct text share;
		if (text_until(&t, T(" %"), &share) && parse_double(share, &f->residual)) {
			f->residual /= 100;
		}
	}
}

/* "cross-check: steps of both, each predicted by …: 4600 steps, error …": how many there are. */
static void parse_steps(struct text line, struct log_fit *f) {
	struct text t = line, before;
	bool alone = text_skip(&t, T("cross-check: steps of sequences alone"));
	int64_t steps;

	if ((alone || text_skip(&t, T("cross-check: steps of both"))) && text_until(&t, T(": "), &before) && text_take_i64(&t, &steps)) {
		*(alone ? &f->alone_steps : &f->mixed_steps) = (double)steps;
	}
}

bool log_fit_read(struct text bytes, struct log_fit *f) {
	struct text line;

	*f = (struct log_fit){.gpus = 0};
	while (bytes.len > 0) {
		if (!text_until(&bytes, T("\n"), &line)) {
			line = bytes;
			bytes.len = 0;
		}
		struct log_fit next = {.gpus = 0};
		if (line.len > 0 && line.at[0] != ' ' && parse_head(line, &next)) {
			if (f->floor > 0) {
				return true;
			}
			*f = next;
		} else {
			parse_term(line, f);
			parse_steps(line, f);
		}
	}
	return f->floor > 0;
}

double log_fit_tokens_ns(const struct log_fit *f, double n) {
	double ns = f->floor + f->token * n;

	for (int i = 0; i < f->count; i++) {
		ns += f->slopes[i].ns * (f->slopes[i].early ? fmin(n, f->slopes[i].ntok) : fmax(0, n - f->slopes[i].ntok));
	}
	return ns;
}

double log_fit_context_ns(const struct log_fit *f) {
	double steps = f->alone_steps + f->mixed_steps, mixed = steps > 0 ? f->mixed_steps / steps : 0;

	return f->context + f->differing + mixed * (f->mixed + f->mixed_differing);
}

double log_fit_pair_ns(const struct log_fit *f, double chunk) {
	return f->pair + f->before / chunk;
}
