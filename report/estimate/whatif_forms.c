/* whatif_forms.c: the answers as rows, for spreadsheets and wikis. */
#include <math.h>

#include "core/files/csv.h"
#include "core/terminal.h"
#include "core/instant.h"
#include "report/estimate/sheet.h"
#include "report/estimate/whatif.h"

#define COLUMNS 11

struct column {
	const char *name;
	double value;
	int places;
};

static void columns_of(const struct answer *a, struct column out[COLUMNS]) {
	const struct replay_sums *s = &a->outcome.sums;
	const struct column all[COLUMNS] = {
		{"busy_gpu_hours", (double)s->busy_ns / (double)NS_PER_HOUR, 4}, {"utilization", a->costs.utilization, 3}, {"mean_batch", answer_batch(a), 1},
		{"mean_ttft_ms", answer_wait_ms(a), 0}, {"input_uncached", a->costs.input, 5}, {"input_cached", a->costs.cached, 5}, {"output", a->costs.output, 5},
		{"output_per_input", answer_ratio(a), 1}, {"preemptions", (double)s->preemptions, 0}, {"recomputed_tokens", (double)s->recomputed, 0}, {"spread", answer_spread(a), 1}};

	memcpy(out, all, sizeof all);
}

void whatif_csv(const struct whatif_answers *all, FILE *out) {
	struct column c[COLUMNS];

	for (size_t i = 0; i < all->count; i++) {
		columns_of(&all->at[i], c);
		for (size_t k = 0; i == 0 && k < COLUMNS; k++) {
			fprintf(out, "%s%s%s", k ? "," : "scenario,", c[k].name, k + 1 == COLUMNS ? "\n" : "");
		}
		csv_put_text(out, text_of(all->at[i].scenario.name));
		for (size_t k = 0; k < COLUMNS; k++) {
			fputc(',', out);
			sheet_csv_number(c[k].value, out);
		}
		fputc('\n', out);
	}
}

void whatif_markdown(const struct whatif_answers *all, FILE *out) {
	struct column c[COLUMNS];
	char number[SHEET_NUMBER_MAX];

	fprintf(out, "What if, per million tokens loaded, in %s\n\n| what if | GPU-hours | at work | batch | TTFT ms | input | cached | output | out : in |\n"
	             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n", all->w->o.currency);
	for (size_t i = 0; i < all->count; i++) {
		columns_of(&all->at[i], c);
		fputs("| ", out);
		markdown_put(out, text_of(all->at[i].scenario.name));
		for (size_t k = 0; k < 8; k++) {
			fprintf(out, " | %s", isnan(c[k].value) ? "" : sheet_number(c[k].value * (k == 1 ? 100 : 1), k == 1 ? 1 : c[k].places, number));
			fputs(k == 1 ? " %" : "", out);
		}
		fputs(" |\n", out);
	}
}
