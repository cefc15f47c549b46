/* audit_print.c: an audit as a table, CSV, JSON and Markdown. */
#include <math.h>
#include <string.h>

#include "core/files/csv.h"
#include "core/terminal.h"
#include "report/estimate/audit.h"
#include "report/estimate/sheet.h"

#define HALF 2

/* "62 %", "-" */
static const char *percent(double x, char out[SHEET_NUMBER_MAX]) {
	if (isnan(x)) {
		return "-";
	}
	snprintf(out, SHEET_NUMBER_MAX, isinf(x) ? "never" : "%.0f %%", x * 100);
	return out;
}

/* A request on the cheapest GPU with weights of 8 bits; NAN if its weights have no more. */
static double in_fp8(const struct costs *c) {
	struct at_precision at[EXPLAIN_PRECISIONS];
	const struct modelspec *m = &c->law.peak.model;
	bool wide = m->weight_mbit > 8500 && (m->experts == 0 || m->expert_mbit > 8500);
	size_t count = wide ? explain_precisions(c, at) : 0;

	for (size_t i = 1; i < count; i++) {
		if (strcmp(at[i].name, "fp8") == 0) {
			return at[i].request / at[0].request;
		}
	}
	return NAN;
}

/* Sellers that serve on chips of their own, after their names in catalogues ("groq", "huggingface_groq"). */
static bool has_own_chips(const struct audit *a) {
	static const char *const makers[] = {"groq", "cerebras", "sambanova"};

	for (size_t i = 0; i < a->seller_count; i++) {
		for (size_t m = 0; m < sizeof makers / sizeof *makers; m++) {
			if (strstr(a->sellers[i].provider, makers[m])) {
				return true;
			}
		}
	}
	return false;
}

/* Assumptions, a sentence each; their number. */
#define AUDIT_NOTES 4
static size_t audit_notes(const struct audit *a, char out[AUDIT_NOTES][240]) {
	const struct costs *c = &a->cards[a->cheapest].costs;
	double fp8 = in_fp8(c);
	size_t n = 0;

	if (a->assumed) {
		snprintf(out[n++], sizeof out[0], "GPU-hour prices are assumed: contracts of 2026 (report/estimate/METHOD.md has sources); state yours with --card H100=PRICE");
	}
	snprintf(out[n++], sizeof out[0], "At most %lld sequences decode together (--max-batch); at full load each user gets %.0f tokens a second", (long long)c->max_batch,
	         explain_at_load(c, 1).user_tok_s);
	if (fp8 < 0.95) {
		snprintf(out[n++], sizeof out[0], "Weights of 16 bits, as described; sellers that serve FP8 pay %.0f %% of the cost at full load (--weights fp8)", fp8 * 100);
	}
	if (has_own_chips(a)) {
		snprintf(out[n++], sizeof out[0], "Groq, Cerebras and SambaNova serve on chips of their own: for them the figures are what these GPUs would cost");
	}
	return n;
}

static void print_notes(const struct audit *a, const char *before, FILE *out) {
	char notes[AUDIT_NOTES][240];
	size_t count = audit_notes(a, notes);

	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s%s.\n", before, notes[i]);
	}
}

static void print_cards(const struct audit *a, FILE *out) {
	fputs("  card                     per GPU-hour   batch   requests/s   1,000 requests at full, half, tenth of the load\n", out);
	for (size_t i = 0; i < a->card_count; i++) {
		const struct audit_card *c = &a->cards[i];
		fprintf(out, "%s %3.0f x %-20s %9.2f %7lld %12.2f %12.4f %12.4f %12.4f\n", i == a->cheapest ? "*" : " ", c->costs.gpus, c->costs.roofline.gpu.name,
		        c->per_hour, (long long)c->costs.full_batch, c->costs.capacity, c->request[3] * 1000, c->request[HALF] * 1000, c->request[0] * 1000);
	}
}

/* Without the maker's name, where it is long: the end of an id distinguishes more than its start. */
static const char *short_id(const char *id) {
	const char *slash = strrchr(id, '/');

	return slash && strlen(id) > 32 ? slash + 1 : id;
}

static void print_seller(const struct audit *a, const struct audit_seller *s, FILE *out) {
	struct audit_verdict v = audit_judge(&a->cards[a->cheapest], s);
	char cached[SHEET_NUMBER_MAX], even[SHEET_NUMBER_MAX], m[4][SHEET_NUMBER_MAX];

	fprintf(out, "%-23.23s %-32.32s %6.3f %6s %6.3f %9.4f %7s", s->provider, short_id(s->id), s->input, sheet_number(s->cached, 3, cached), s->output,
	        s->revenue * 1000, percent(v.break_even, even));
	fprintf(out, " %6s %6s %7s to %s%s\n", percent(v.margin[3], m[0]), percent(v.margin[HALF], m[1]), percent(v.margin_low, m[2]),
	        percent(v.margin_high, m[3]), !v.word[0] ? "" : strstr(v.word, "though") ? "  *" : "  **");
}

void audit_table(const struct audit *a, FILE *out) {
	const struct costs *c = &a->cards[a->cheapest].costs;
	bool below = false, doubtful = false;

	fprintf(out, "What sellers of %s are paid, and what it should cost them. Requests of %.0f tokens in (%.0f cached) and %.0f out; %s;\n"
	             "95 %% of published measurements are within x / %.1f of such an estimate.\n\n", c->roofline.model.name, c->prompt, c->cached, c->output,
	        c->currency, exp(c->spread));
	print_cards(a, out);
	print_notes(a, "  ", out);
	if (!isnan(a->bill[0])) {
		fprintf(out, "\n%.4g tokens in, %.4g of them cached, and %.4g out should cost %.0f with full batches, %.0f at half load.\n", a->tokens[0], a->tokens[1],
		        a->tokens[2], a->bill[0], a->bill[1]);
	}
	fprintf(out, "\nOn the cheapest (*); margins with full batches, at half load, and its interval. GPU rent alone: no staff, no spare capacity.\n\n");
	fprintf(out, "%-23s %-32s %6s %6s %6s %9s %7s %6s %6s %s\n", "seller", "as", "input", "cached", "output", "1,000 req.", "pays at", "full", "half", "  95 % at half");
	for (size_t i = 0; i < a->seller_count; i++) {
		const char *word = audit_judge(&a->cards[a->cheapest], &a->sellers[i]).word;
		print_seller(a, &a->sellers[i], out);
		doubtful = doubtful || strstr(word, "though");
		below = below || (word[0] && !strstr(word, "though"));
	}
	fputs(doubtful || below ? "\n" : "", out);
	fputs(below ? "** Below cost at any load, by the whole interval.\n" : "", out);
	fputs(doubtful ? "*  Below the estimated cost at any load, though within its interval.\n" : "", out);
}

/* ---- for programs ---- */

static void csv_number(double x, FILE *out) {
	if (isfinite(x)) {
		fprintf(out, ",%.6g", x);
	} else {
		fputc(',', out);
	}
}

struct figure {
	const char *name;
	double value;
};
#define FIGURES 21

/* All figures of a seller on a GPU, in the same order for CSV and JSON. */
static void figures(const struct audit_card *c, const struct audit_seller *s, const struct audit_verdict *v, struct figure out[FIGURES]) {
	const struct figure all[FIGURES] = {
		{"gpus", c->costs.gpus}, {"per_gpu_hour", c->per_hour}, {"input", s->input}, {"input_cached", s->cached}, {"output", s->output},
		{"revenue", s->revenue}, {"cost_full", c->request[3]}, {"cost_half", c->request[HALF]}, {"cost_tenth", c->request[0]},
		{"break_even_load", v->break_even}, {"margin_full", v->margin[3]}, {"margin_half", v->margin[HALF]}, {"margin_30", v->margin[1]},
		{"margin_tenth", v->margin[0]}, {"margin_low", v->margin_low}, {"margin_high", v->margin_high}, {"margin_cache_0", v->margin_cached[0]},
		{"margin_cache_50", v->margin_cached[1]}, {"margin_cache_80", v->margin_cached[2]},
		{"full_batch", (double)c->costs.full_batch}, {"requests_per_s", c->costs.capacity}};

	memcpy(out, all, sizeof all);
}

void audit_csv(const struct audit *a, FILE *out) {
	struct figure f[FIGURES];

	for (size_t i = 0; i < a->seller_count; i++) {
		for (size_t k = 0; k < a->card_count; k++) {
			struct audit_verdict v = audit_judge(&a->cards[k], &a->sellers[i]);
			figures(&a->cards[k], &a->sellers[i], &v, f);
			for (size_t n = 0; i == 0 && k == 0 && n < FIGURES; n++) {
				fprintf(out, "%s%s%s", n ? "," : "seller,id,card,", f[n].name, n + 1 == FIGURES ? ",verdict\n" : "");
			}
			csv_put_text(out, text_of(a->sellers[i].provider));
			fputc(',', out);
			csv_put_text(out, text_of(a->sellers[i].id));
			fputc(',', out);
			csv_put_text(out, text_of(a->cards[k].costs.roofline.gpu.name));
			for (size_t n = 0; n < FIGURES; n++) {
				csv_number(f[n].value, out);
			}
			fprintf(out, ",\"%s\"\n", v.word);
		}
	}
}

static void json_row(const struct audit *a, const struct audit_seller *s, const struct audit_card *c, FILE *out) {
	struct audit_verdict v = audit_judge(c, s);
	struct figure f[FIGURES];

	figures(c, s, &v, f);
	fputs("{\"seller\":", out);
	sheet_json_text(s->provider, out);
	fputs(",\"id\":", out);
	sheet_json_text(s->id, out);
	fputs(",\"card\":", out);
	sheet_json_text(c->costs.roofline.gpu.name, out);
	for (size_t n = 0; n < FIGURES; n++) {
		fprintf(out, ",\"%s\":", f[n].name);
		sheet_json_number(f[n].value, out);
	}
	fprintf(out, ",\"cheapest\":%s,\"verdict\":\"%s\"}", c == &a->cards[a->cheapest] ? "true" : "false", v.word);
}

static void json_notes(const struct audit *a, FILE *out) {
	char notes[AUDIT_NOTES][240];
	size_t count = audit_notes(a, notes);

	fputs(",\n \"assumptions\":[", out);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? "," : "", out);
		sheet_json_text(notes[i], out);
	}
	fputs("]", out);
}

void audit_json(const struct audit *a, FILE *out) {
	const struct costs *c = &a->cards[0].costs;

	fputs("{\"schema\":\"tollbook.audit.v1\",\"model\":", out);
	sheet_json_text(c->roofline.model.name, out);
	fprintf(out, ",\"currency\":\"%s\",\"prompt\":%.0f,\"cached\":%.0f,\"completion\":%.0f,\"spread\":%.3f,\"bill_full\":", c->currency, c->prompt, c->cached, c->output, exp(c->spread));
	sheet_json_number(a->bill[0], out);
	fputs(",\"bill_half\":", out);
	sheet_json_number(a->bill[1], out);
	json_notes(a, out);
	fputs(",\n \"rows\":[", out);
	for (size_t i = 0; i < a->seller_count * a->card_count; i++) {
		fputs(i ? ",\n  " : "\n  ", out);
		json_row(a, &a->sellers[i / a->card_count], &a->cards[i % a->card_count], out);
	}
	fputs("\n ]}\n", out);
}

/* ---- for wikis ---- */

static void markdown_seller(const struct audit *a, const struct audit_seller *s, FILE *out) {
	struct audit_verdict v = audit_judge(&a->cards[a->cheapest], s);
	char number[SHEET_NUMBER_MAX];
	const double prices[] = {s->input, s->cached, s->output, s->revenue * 1000}, shares[] = {v.break_even, v.margin[3], v.margin[HALF], v.margin_low, v.margin_high};

	fputs("| ", out);
	markdown_put(out, text_of(s->provider));
	fputs(" | ", out);
	markdown_put(out, text_of(s->id));
	for (size_t i = 0; i < sizeof prices / sizeof *prices; i++) {
		fprintf(out, " | %s", isnan(prices[i]) ? "" : sheet_number(prices[i], 4, number));
	}
	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
		fprintf(out, " | %s", percent(shares[i], number));
	}
	fprintf(out, " | %s |\n", v.word);
}

void audit_markdown(const struct audit *a, FILE *out) {
	const struct costs *c = &a->cards[a->cheapest].costs;

	fputs("What sellers of **", out);
	markdown_put(out, text_of(c->roofline.model.name));
	fprintf(out, "** are paid, and what it should cost on %.0f x ", c->gpus);
	markdown_put(out, text_of(c->roofline.gpu.name));
	fprintf(out, " (%s; 95 %% of published measurements within x / %.1f)\n\n", c->currency, exp(c->spread));
	print_notes(a, "- ", out);
	fputs("\n| seller | as | input | cached | output | 1,000 requests | pays at load | margin, full | at half load | low | high | |\n"
	      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n", out);
	for (size_t i = 0; i < a->seller_count; i++) {
		markdown_seller(a, &a->sellers[i], out);
	}
}
