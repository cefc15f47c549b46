#include "report/estimate/sheet.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "core/files/csv.h"
#include "core/json.h"
#include "core/terminal.h"

struct sheet_line *sheet_add(struct sheet *s, const char *key, const char *label, double value, int places,
                             const char *unit, const char *formula, ...) {
	va_list args;

	assert((size_t)s->count < sizeof s->lines / sizeof *s->lines);
	struct sheet_line *l = &s->lines[s->count++];
	*l = (struct sheet_line){.key = key, .label = label, .unit = unit, .value = value, .places = places};
	va_start(args, formula);
	vsnprintf(l->formula, sizeof l->formula, formula, args);
	va_end(args);
	return l;
}

void sheet_bound(struct sheet_line *l, double spread) {
	l->low = l->value * exp(-spread);
	l->high = l->value * exp(spread);
}

const char *sheet_number(double x, int places, char out[SHEET_NUMBER_MAX]) {
	char plain[SHEET_NUMBER_MAX];
	size_t o = 0;

	if (isnan(x) || isinf(x) || fabs(x) >= 1e30) {
		snprintf(out, SHEET_NUMBER_MAX, "%s", isnan(x) ? "-" : "never");
		return out;
	}
	snprintf(plain, sizeof plain, "%.*f", places, x);
	size_t digits = strcspn(plain, ".");
	for (size_t i = 0; plain[i] && o < SHEET_NUMBER_MAX - 2; i++) {
		bool first = i == 0 || (i == 1 && plain[0] == '-');
		if (i < digits && !first && (digits - i) % 3 == 0) {
			out[o++] = ',';
		}
		out[o++] = plain[i];
	}
	out[o] = '\0';
	return out;
}

static bool is_shown(const struct sheet_line *l, bool verbose) {
	return !isnan(l->value) && (verbose || !l->detail);
}

void sheet_print(const struct sheet *s, bool verbose, FILE *out) {
	char number[SHEET_NUMBER_MAX];

	for (int i = 0; i < s->count; i++) {
		const struct sheet_line *l = &s->lines[i];
		if (is_shown(l, verbose)) {
			fprintf(out, verbose ? "  %-44s %18s %-13s" : "  %-44s %18s %s", l->label, sheet_number(l->value, l->places, number),
			        isinf(l->value) ? "" : l->unit);
			for (int k = 0; l->high > 0 && !verbose && k < 2; k++) {
				fprintf(out, k == 0 ? "   %s" : " to %s", sheet_number(k == 0 ? l->low : l->high, l->places > 1 ? l->places - 1 : 0, number));
			}
			fprintf(out, verbose ? " = %s\n" : "\n", l->formula);
		}
	}
}

void sheet_json_number(double x, FILE *out) {
	if (isnan(x) || isinf(x)) {
		fputs("null", out);
	} else {
		fprintf(out, "%.15g", x);
	}
}

void sheet_json_text(const char *s, FILE *out) {
	json_put_text(out, text_cut(text_of(s), 0, 160));
}

void sheet_json(const struct sheet *s, FILE *out) {
	fputs("\"values\":[", out);
	for (int i = 0; i < s->count; i++) {
		const struct sheet_line *l = &s->lines[i];
		fprintf(out, "%s\n  {\"name\":\"%s\",\"value\":", i ? "," : "", l->key);
		sheet_json_number(l->value, out);
		for (int k = 0; l->high > 0 && k < 2; k++) {
			fputs(k == 0 ? ",\"low\":" : ",\"high\":", out);
			sheet_json_number(k == 0 ? l->low : l->high, out);
		}
		fprintf(out, ",\"unit\":\"%s\",\"formula\":", l->unit);
		sheet_json_text(l->formula, out);
		fputs("}", out);
	}
	fputs("\n ]", out);
}

/* ---- for spreadsheets and wikis ---- */

void sheet_csv_number(double x, FILE *out) {
	if (isfinite(x)) {
		fprintf(out, "%.15g", x);
	}
}

void sheet_csv(const struct sheet *s, FILE *out) {
	fputs("name,value,low,high,unit,formula\n", out);
	for (int i = 0; i < s->count; i++) {
		const struct sheet_line *l = &s->lines[i];
		fprintf(out, "%s,", l->key);
		for (int k = 0; k < 3; k++) {
			sheet_csv_number((const double[]){l->value, l->high > 0 ? l->low : NAN, l->high > 0 ? l->high : NAN}[k], out);
			fputc(',', out);
		}
		csv_put_text(out, text_of(l->unit));
		fputc(',', out);
		csv_put_text(out, text_of(l->formula));
		fputc('\n', out);
	}
}

void sheet_markdown(const struct sheet *s, FILE *out) {
	char number[SHEET_NUMBER_MAX];

	fputs("| | | | 95 % of measurements |\n| --- | ---: | --- | --- |\n", out);
	for (int i = 0; i < s->count; i++) {
		const struct sheet_line *l = &s->lines[i];
		if (!is_shown(l, false)) {
			continue;
		}
		fprintf(out, "| %s | %s | ", l->label, sheet_number(l->value, l->places, number));
		markdown_put(out, text_of(isinf(l->value) ? "" : l->unit));
		fputs(" | ", out);
		for (int k = 0; l->high > 0 && k < 2; k++) {
			fprintf(out, k == 0 ? "%s to " : "%s", sheet_number(k == 0 ? l->low : l->high, l->places > 1 ? l->places - 1 : 0, number));
		}
		fputs(" |\n", out);
	}
}
