/* JSON lines: every row of every table as an object of its own, so that large statements stream. */
#include "report/renderings/renderings.h"

static void put_table(FILE *out, const struct statement *s, const char *name, const struct table *t,
		      const enum by_key *by, size_t count) {
	for (size_t i = 0; i < t->count; i++) {
		fprintf(out, "{\"table\":\"%s\",\"row\":", name);
		json_put_row(out, s, &t->rows[i], by, count);
		fputs("}\n", out);
	}
}

void render_jsonl(const struct statement *s, const struct rendering_options *r, FILE *out) {
	static const enum by_key by_model[] = {BY_MODEL}, by_tenant[] = {BY_TENANT};

	(void)r;
	fputs("{\"table\":\"total\",\"row\":{", out);
	json_put_block(out, &s->total);
	fputs("}}\n", out);
	put_table(out, s, "models", &s->models, by_model, 1);
	put_table(out, s, "tenants", &s->tenants, by_tenant, 1);
	put_table(out, s, "rows", &s->rows, s->options.by, s->options.by_count);
	for (size_t i = 0; i < s->services.count; i++) {
		fputs("{\"table\":\"services\",\"row\":", out);
		json_put_service(out, s, &s->services.rows[i]);
		fputs("}\n", out);
	}
	for (size_t i = 0; i < s->positions.count; i++) {
		fputs("{\"table\":\"positions\",\"row\":", out);
		json_put_position(out, s, &s->positions.rows[i]);
		fputs("}\n", out);
	}
	for (size_t i = 0; i < s->adjustments.count; i++) {
		fputs("{\"table\":\"adjustments\",\"row\":", out);
		json_put_adjustment(out, s, &s->adjustments.rows[i]);
		fputs("}\n", out);
	}
	for (size_t i = 0; i < s->rules.count; i++) {
		fputs("{\"table\":\"rules\",\"row\":", out);
		json_put_rule(out, s, &s->rules.rows[i]);
		fputs("}\n", out);
	}
}
