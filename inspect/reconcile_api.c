#include "inspect/reconcile_api.h"

#include <stdlib.h>

#include "core/json.h"
#include "report/page.h"

/* ---- names ---- */

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

/* "-2024-08-06", "-20250929", "@20250929", "-0613", "-001", ":0", "-v1:0", "-latest", "@default" */
static bool is_version(struct text t) {
	size_t digits = 0, others = 0;

	if (text_eq(t, T("-latest")) || text_eq(t, T("@latest")) || text_eq(t, T("@default"))) {
		return true;
	}
	if (text_starts(t, T("-v")) || text_starts(t, T(":"))) {
		t = text_cut(t, *t.at == ':' ? 1 : 2, t.len);
		for (size_t i = 0; i < t.len; i++) {
			others += !is_digit(t.at[i]) && t.at[i] != ':';
		}
		return t.len > 0 && others == 0;
	}
	if (t.len < 4 || (*t.at != '-' && *t.at != '@')) {
		return false;
	}
	for (size_t i = 1; i < t.len; i++) {
		digits += is_digit(t.at[i]);
		others += !is_digit(t.at[i]) && t.at[i] != '-';
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

int api_no_form(const char *format, struct fault *why) {
	return fault_set(why, ERROR_CONFIG, "--format %s: no such form, expected table, csv, json, html or markdown", format);
}

void api_put_text(FILE *out, struct text t) {
	size_t size = 6 * t.len + 1;
	char *escaped = must_alloc(size);

	json_escape(t, escaped, size);
	fprintf(out, "\"%s\"", escaped);
	free(escaped);
}

/* A spreadsheet would execute text that begins with a sign. */
static void put_csv(FILE *out, struct text t) {
	bool formula = t.len > 0 && strchr("=+-@", *t.at);

	fputs(formula ? "\"'" : "\"", out);
	for (size_t i = 0; i < t.len; i++) {
		fputs(t.at[i] == '"' ? "\"\"" : (char[]){t.at[i], '\0'}, out);
	}
	fputc('"', out);
}

static void put_markdown(FILE *out, struct text t) {
	for (size_t i = 0; i < t.len; i++) {
		fputs(t.at[i] == '|' ? "\\|" : t.at[i] == '\n' ? " " : (char[]){t.at[i], '\0'}, out);
	}
}

void api_rows_begin(const struct api_rows *r, const char *title, const char *what) {
	static const struct page_link links[] = {{"models", "Models"}, {NULL, NULL}};

	if (r->form == API_HTML) {
		page_open(r->out, title, title, NULL, links);
		page_section(r->out, "models", "Model by model", what);
		page_table(r->out, "model", title, r->headers, r->count, -1);
		return;
	}
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

static void put_page_row(const struct api_rows *r, struct text name, const char *const *figures) {
	char *text = text_copy(name);

	fputs("<tr>", r->out);
	page_text_cell(r->out, text);
	for (size_t i = 0; i + 1 < r->count; i++) {
		fprintf(r->out, figures[i][0] ? "<td><data value=\"%s\">%s</data></td>" : "<td class=\"dim\">not known</td>", figures[i], figures[i]);
	}
	fputs("</tr>\n", r->out);
	free(text);
}

void api_rows_add(const struct api_rows *r, struct text name, const char *const *figures) {
	if (r->form == API_HTML) {
		put_page_row(r, name, figures);
		return;
	}
	fputs(r->form == API_CSV ? "" : "| ", r->out);
	(r->form == API_CSV ? put_csv : put_markdown)(r->out, name);
	for (size_t i = 0; i + 1 < r->count; i++) {
		fprintf(r->out, r->form == API_CSV ? ",%s" : " | %s", figures[i]);
	}
	fputs(r->form == API_CSV ? "\r\n" : " |\n", r->out);
}

void api_rows_end(const struct api_rows *r, const char *const *sums, const char *verdict) {
	if (r->form == API_HTML) {
		page_table_foot(r->out);
	}
	api_rows_add(r, T("= total"), sums);
	if (r->form == API_HTML) {
		fputs("</tfoot>", r->out);
		page_table_end(r->out);
		fputs("<p>", r->out);
		page_text(r->out, verdict);
		fputs("</p>\n", r->out);
		page_section_end(r->out);
		page_close(r->out, "tollbook reconcile --format html");
	}
}
