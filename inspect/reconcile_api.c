#include "inspect/reconcile_api.h"

#include <stdlib.h>

#include "core/files/csv.h"
#include "core/decimal.h"
#include "core/json.h"

/* ---- names ---- */

/* "-2024-08-06", "-20250929", "@20250929", "-0613", "-001", ":0", "-v1:0", "-latest", "@default" */
static bool is_version(struct text t) {
	size_t digits = 0, others = 0;

	if (text_eq(t, T("-latest")) || text_eq(t, T("@latest")) || text_eq(t, T("@default"))) {
		return true;
	}
	if (text_starts(t, T("-v")) || text_starts(t, T(":"))) {
		t = text_cut(t, *t.at == ':' ? 1 : 2, t.len);
		for (size_t i = 0; i < t.len; i++) {
			others += !text_is_digit(t.at[i]) && t.at[i] != ':';
		}
		return t.len > 0 && others == 0;
	}
	if (t.len < 4 || (*t.at != '-' && *t.at != '@')) {
		return false;
	}
	for (size_t i = 1; i < t.len; i++) {
		digits += text_is_digit(t.at[i]);
		others += !text_is_digit(t.at[i]) && t.at[i] != '-';
	}
	return others == 0 && (digits >= 4 || (digits == 3 && t.at[1] == '0'));
}

bool api_same_model(struct text a, struct text b) {
	struct text shorter = a.len < b.len ? a : b, longer = a.len < b.len ? b : a;

	return text_eq(a, b) || (shorter.len > 0 && text_starts(longer, shorter) && is_version(text_cut(longer, shorter.len, longer.len)));
}

/* ---- forms ---- */

enum api_form api_form_of(const char *format) {
	static const char *const words[API_FORMS] = {"table", "json", "csv", "markdown", "html"};
	int i = 0;

	if (!format || strcmp(format, "md") == 0) {
		return format ? API_MARKDOWN : API_TABLE;
	}
	while (i < API_FORMS && strcmp(format, words[i]) != 0) {
		i++;
	}
	return (enum api_form)i;
}

void api_rows_begin(const struct api_rows *r) {
	for (size_t i = 0; i < r->count; i++) {
		const char *name = r->headers[i] + (r->headers[i][0] == '<');
		fprintf(r->out, r->form == API_CSV ? "%s%s" : "%s%s ", i > 0 && r->form == API_CSV ? "," : r->form == API_CSV ? "" : "| ", name);
	}
	fputs(r->form == API_CSV ? "\r\n" : "|\n", r->out);
	for (size_t i = 0; i < r->count && r->form == API_MARKDOWN; i++) {
		fputs(i > 0 ? "| ---: " : "| --- ", r->out);
	}
	fputs(r->form == API_MARKDOWN ? "|\n" : "", r->out);
}

void api_rows_add(const struct api_rows *r, struct text name, const char *const *figures) {
	fputs(r->form == API_CSV ? "" : "| ", r->out);
	(r->form == API_CSV ? csv_put_text : markdown_put)(r->out, name);
	for (size_t i = 0; i + 1 < r->count; i++) {
		fprintf(r->out, r->form == API_CSV ? ",%s" : " | %s", figures[i]);
	}
	fputs(r->form == API_CSV ? "\r\n" : " |\n", r->out);
}

void api_rows_end(const struct api_rows *r, const char *const *sums) {
	api_rows_add(r, r->form == API_CSV ? T("total") : T("= total"), sums);
}

void api_print_answer(bool known, bool ties, int64_t billed_nano, int64_t list_nano, FILE *out) {
	char money[DECIMAL_TEXT_MAX];
	int64_t apart = 0;

	if (!known || __builtin_sub_overflow(billed_nano, list_nano, &apart) || apart == INT64_MIN || (apart == 0 && !ties)) {
		fprintf(out, "The bill and the logs %s%s\n", ties ? "agree" : "differ", known ? "" : "; not all list prices are known");
	} else if (ties) {
		fprintf(out, "The bill and the logs agree: %s\n", decimal_format(billed_nano, 2, money));
	} else {
		fprintf(out, "The bill is %s %s the logs at list price\n", decimal_format(apart < 0 ? -apart : apart, 2, money), apart < 0 ? "below" : "above");
	}
}
