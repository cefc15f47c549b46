/* JSON lines: every row of every table as a separate object, so that large statements can be streamed. */
#include "report/renderings/renderings.h"

static void put_table(FILE *out, const struct statement *s, const char *name, const struct table *t,
		      const enum by_key *by, size_t count) {
	for (size_t i = 0; i < t->count; i++) {
		fprintf(out, "{\"table\":\"%s\",\"row\":", name);
		json_put_row(out, s, table_at(t, i), by, count);
		fputs("}\n", out);
	}
}

static void put_items(FILE *out, const struct statement *s, const char *name, size_t count, json_item *put) {
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "{\"table\":\"%s\",\"row\":", name);
		put(out, s, i);
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
	put_items(out, s, "services", s->services.count, json_put_service);
	put_items(out, s, "positions", s->positions.count, json_put_position);
	put_items(out, s, "adjustments", s->adjustments.count, json_put_adjustment);
	put_items(out, s, "rules", s->rules.count, json_put_rule);
}
