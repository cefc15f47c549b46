/* Statement JSON, to the letter of the contract. */
#include <stdlib.h>

#include "core/instant.h"
#include "report/renderings/renderings.h"

void json_put_text(FILE *out, struct text t) {
	size_t size = 6 * t.len + 1;
	char *escaped = must_alloc(size);
	json_escape(t, escaped, size);
	fprintf(out, "\"%s\"", escaped);
	free(escaped);
}

static void put_string(FILE *out, const char *s) {
	json_put_text(out, text_of(s ? s : ""));
}

static void put_money(FILE *out, const char *key, int64_t nano) {
	char buffer[DECIMAL_TEXT_MAX];
	fprintf(out, "\"%s\":\"%s\"", key, decimal_format(nano, 9, buffer));
}

static void put_count(FILE *out, const char *key, int64_t n) {
	fprintf(out, "\"%s\":%lld", key, (long long)n);
}

static void put_known(FILE *out, const char *key, bool known, int64_t nano) {
	if (known) {
		put_money(out, key, nano);
	} else {
		fprintf(out, "\"%s\":null", key);
	}
}

static void put_parts(FILE *out, const struct block *b) {
	fputs("\"gpu_ns\":{", out);
	put_count(out, "capacity", b->capacity_ns);
	for (int i = 0; i < PARTS; i++) {
		fputc(',', out);
		put_count(out, part_names[i], part_ns(b, i));
	}
	fputs("},\"cost\":{", out);
	put_money(out, "capacity", b->capacity_nano);
	for (int i = 0; i < PARTS; i++) {
		fputc(',', out);
		put_money(out, part_names[i], part_nano(b, i));
	}
	fputc('}', out);
}

static void put_units(FILE *out, const struct block *b) {
	fputs("\"unit_cost\":{", out);
	for (int k = 0; k < TOKEN_KINDS; k++) {
		const struct unit_cost *u = &b->unit[k];
		fprintf(out, "%s\"%s\":{", k > 0 ? "," : "", token_kind_names[k]);
		if (u->known) {
			put_money(out, "busy", u->busy_nano);
			fputc(',', out);
			put_money(out, "loaded", u->loaded_nano);
			fputc(',', out);
			put_money(out, "low", u->low_nano);
			fputc(',', out);
			put_money(out, "high", u->high_nano);
		} else {
			fputs("\"busy\":null,\"loaded\":null,\"low\":null,\"high\":null", out);
		}
		fputc('}', out);
	}
	fputc('}', out);
}

static void put_list(FILE *out, const struct block *b) {
	if (!b->list_known) {
		fputs("\"list\":null,\"margin\":null", out);
		return;
	}
	fputs("\"list\":{\"model\":", out);
	put_string(out, b->list_model);
	for (int k = 0; k < TOKEN_KINDS; k++) {
		fputc(',', out);
		put_known(out, token_kind_names[k], b->list_price_known[k], b->list_nano[k]);
	}
	fputc(',', out);
	put_money(out, "revenue", b->revenue_nano);
	if (!b->margin_known) {
		fputs("},\"margin\":null", out);
		return;
	}
	fputs("},\"margin\":{", out);
	put_money(out, "amount", b->margin_nano);
	if (b->revenue_nano) {
		fprintf(out, ",\"ratio\":%.6f}", b->margin_ratio);
	} else {
		fputs(",\"ratio\":null}", out);
	}
}

/* Millijoules add up to the last one; what people read is rounded from them. */
static void put_energy(FILE *out, const struct block *b) {
	int64_t nano;

	if (b->capacity_mj == 0) {
		return;
	}
	fputs(",\"energy\":{\"mj\":{", out);
	put_count(out, "capacity", b->capacity_mj);
	for (int i = 0; i < PARTS; i++) {
		fputc(',', out);
		put_count(out, part_names[i], part_mj(b, i));
	}
	fputs("},", out);
	put_money(out, "wh", wh_nano(b->capacity_mj));
	fputs(",\"wh_per_million\":{", out);
	for (int k = 0; k < TOKEN_KINDS; k++) {
		fputs(k > 0 ? "," : "", out);
		bool known = block_unit_energy(b, k, &nano);
		put_known(out, token_kind_names[k], known, nano);
	}
	fputs("},", out);
	put_count(out, "metered_gpu_ns", b->metered_ns);
	fputc('}', out);
}

static void put_grades(FILE *out, const struct block *b) {
	fputs(",\"evidence\":{", out);
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		fprintf(out, "%s\"%s\":%lld", g > 0 ? "," : "", grade_names[g], (long long)b->evidence_ns[g]);
	}
	fputc('}', out);
}

void json_put_block(FILE *out, const struct block *b) {
	put_count(out, "requests", b->requests);
	fputs(",\"tokens\":{", out);
	put_count(out, "input", b->tokens[TOKENS_INPUT] + b->tokens[TOKENS_CACHED]);
	fputc(',', out);
	put_count(out, "input_cached", b->tokens[TOKENS_CACHED]);
	fputc(',', out);
	put_count(out, "output", b->tokens[TOKENS_OUTPUT]);
	fputs("},", out);
	put_parts(out, b);
	fputc(',', out);
	put_units(out, b);
	fputc(',', out);
	put_list(out, b);
	put_grades(out, b);
	put_energy(out, b);
}

void json_put_row(FILE *out, const struct statement *s, const struct row *row, const enum by_key *by, size_t count) {
	char buffer[KEY_TEXT_MAX];

	fputc('{', out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "\"%s\":", by_key_names[by[i]]);
		json_put_text(out, row_key(s, row, by[i], buffer));
		fputc(',', out);
	}
	json_put_block(out, &row->block);
	fputc('}', out);
}

static void put_table(FILE *out, const struct statement *s, const char *name, const struct table *t,
		      const enum by_key *by, size_t count) {
	fprintf(out, ",\n \"%s\":[", name);
	for (size_t i = 0; i < t->count; i++) {
		fputs(i > 0 ? ",\n  " : "\n  ", out);
		json_put_row(out, s, &t->rows[i], by, count);
	}
	fputs("]", out);
}

void json_put_position(FILE *out, const struct statement *s, const struct position *p) {
	fputs("{\"model\":", out);
	json_put_text(out, names_text(s->options.names, p->row.model));
	fprintf(out, ",\"kind\":\"%s\",\"from\":%lld,\"to\":", kind_names[p->row.kind], (long long)p->row.from_ntok);
	if (p->row.to_ntok == INT64_MAX) {
		fputs("null,", out);
	} else {
		fprintf(out, "%lld,", (long long)p->row.to_ntok);
	}
	put_count(out, "tokens", p->row.tokens);
	fputc(',', out);
	put_count(out, "gpu_ns", p->row.gpu_ns);
	fputc(',', out);
	put_money(out, "cost", p->cost_nano);
	fputc(',', out);
	put_known(out, "busy", p->rated_tokens > 0, p->unit_nano);
	fputc('}', out);
}

void json_put_rule(FILE *out, const struct statement *s, const struct rule_result *r) {
	fputs("{\"model\":", out);
	json_put_text(out, names_text(s->options.names, r->row.model));
	fputs(",\"rule\":", out);
	put_string(out, r->row.rule);
	fputs(",\"gpu_ns\":{", out);
	put_count(out, "prefill", r->row.prefill_gpu_ns);
	fputc(',', out);
	put_count(out, "decode", r->row.decode_gpu_ns);
	fputs("},\"cost\":{", out);
	put_money(out, "prefill", r->prefill_nano);
	fputc(',', out);
	put_money(out, "decode", r->decode_nano);
	fputs("},\"unit_cost\":{", out);
	put_known(out, "input", r->in_known, r->in_nano);
	fputc(',', out);
	put_known(out, "output", r->out_known, r->out_nano);
	fputs("}}", out);
}

void json_put_adjustment(FILE *out, const struct statement *s, const struct adjustment *a) {
	const struct entry *e = &a->said.entry;
	const struct {
		const char *key;
		name_id name;
	} names[] = {{"replica", e->replica}, {"model", e->model}, {"tenant", e->tenant}, {"pool", e->pool}};
	char posted[INSTANT_TEXT_MAX], hour[INSTANT_TEXT_MAX];

	fputs("{\"period\":", out);
	put_string(out, a->said.period);
	fprintf(out, ",\"run\":%lld,\"posted\":\"%.10s\",\"hour\":\"%s\"", (long long)a->said.run,
	        instant_format(a->said.posted_ns, posted), instant_format(e->slot_ns, hour));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		fprintf(out, ",\"%s\":", names[i].key);
		json_put_text(out, names_text(s->options.names, names[i].name));
	}
	fprintf(out, ",\"kind\":\"%s\",\"grade\":\"%s\",", kind_names[e->kind], grade_names[e->grade]);
	put_count(out, "requests", e->requests);
	fputc(',', out);
	put_count(out, "tokens", e->tokens);
	fputc(',', out);
	put_count(out, "gpu_ns", e->gpu_ns);
	fputc(',', out);
	put_known(out, "rate", a->priced, e->rate_nano);
	fputc(',', out);
	put_known(out, "cost", a->priced, a->cost_nano);
	fputc('}', out);
}

static void put_adjustments(FILE *out, const struct statement *s) {
	const struct adjustments *all = &s->adjustments;

	if (all->count == 0) {
		return;
	}
	fputs(",\n \"adjustments\":[", out);
	for (size_t i = 0; i < all->count; i++) {
		fputs(i > 0 ? ",\n  " : "\n  ", out);
		json_put_adjustment(out, s, &all->rows[i]);
	}
	fputc(']', out);
}

/* What of a class has no price of its own, by the contract's kinds. */
static void put_as_standard(FILE *out, unsigned bits) {
	static const enum price_kind kinds[TOKEN_KINDS] = {PRICE_INPUT, PRICE_CACHE_READ, PRICE_OUTPUT};
	const char *lead = "";

	fputs("\"priced_as_standard\":[", out);
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (bits & 1u << kinds[k]) {
			fprintf(out, "%s\"%s\"", lead, token_kind_names[k]);
			lead = ",";
		}
	}
	fputc(']', out);
}

void json_put_service(FILE *out, const struct statement *s, const struct service_sum *v) {
	fputs("{\"model\":", out);
	json_put_text(out, names_text(s->options.names, v->model));
	fprintf(out, ",\"service\":\"%.*s\",", TEXT_ARG(service_names[v->service]));
	put_count(out, "requests", v->requests);
	fputs(",\"tokens\":{", out);
	put_count(out, "input", v->tokens[TOKENS_INPUT] + v->tokens[TOKENS_CACHED]);
	fputc(',', out);
	put_count(out, "input_cached", v->tokens[TOKENS_CACHED]);
	fputc(',', out);
	put_count(out, "output", v->tokens[TOKENS_OUTPUT]);
	fputs("},", out);
	put_known(out, "revenue", v->revenue_known, v->revenue_nano);
	fputc(',', out);
	put_as_standard(out, v->as_standard);
	fputc('}', out);
}

static void put_side_tables(FILE *out, const struct statement *s) {
	if (s->positions.count > 0) {
		fputs(",\n \"positions\":[", out);
		for (size_t i = 0; i < s->positions.count; i++) {
			fputs(i > 0 ? ",\n  " : "\n  ", out);
			json_put_position(out, s, &s->positions.rows[i]);
		}
		fputc(']', out);
	}
	if (s->rules.count > 0) {
		fputs(",\n \"rules\":[", out);
		for (size_t i = 0; i < s->rules.count; i++) {
			fputs(i > 0 ? ",\n  " : "\n  ", out);
			json_put_rule(out, s, &s->rules.rows[i]);
		}
		fputc(']', out);
	}
}

static void put_services(FILE *out, const struct statement *s) {
	if (s->services.count > 0) {
		fputs(",\n \"services\":[", out);
		for (size_t i = 0; i < s->services.count; i++) {
			fputs(i > 0 ? ",\n  " : "\n  ", out);
			json_put_service(out, s, &s->services.rows[i]);
		}
		fputc(']', out);
	}
}

static void put_evidence(FILE *out, const struct statement *s) {
	fputs(",\n \"evidence\":[", out);
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		fprintf(out, "%s{\"grade\":\"%s\",\"gpu_ns\":%lld}", g > 0 ? "," : "", grade_names[g],
			(long long)s->evidence_ns[g]);
	}
	fputc(']', out);
}

static void put_findings(FILE *out, const struct quality *q) {
	fputs(",\n  \"rejected\":[", out);
	for (size_t i = 0; i < q->reject_count; i++) {
		fprintf(out, "%s\n   {\"reason\":", i > 0 ? "," : "");
		put_string(out, q->rejects[i].reason);
		fprintf(out, ",\"lines\":%lld,\"first\":", (long long)q->rejects[i].lines);
		put_string(out, q->rejects[i].first);
		fputc('}', out);
	}
	fputs("],\n  \"damaged\":[", out);
	for (size_t i = 0; i < q->damage_count; i++) {
		fprintf(out, "%s\n   {\"file\":", i > 0 ? "," : "");
		put_string(out, q->damages[i].file);
		fputs(",\"reason\":", out);
		put_string(out, q->damages[i].reason);
		fprintf(out, ",\"offset\":%lld}", (long long)q->damages[i].offset);
	}
	fputs("],\n  \"warnings\":[", out);
	for (size_t i = 0; i < q->warning_count; i++) {
		fputs(i > 0 ? ",\n   " : "\n   ", out);
		put_string(out, q->warnings[i]);
	}
	fputs("]}", out);
}

static void put_quality(FILE *out, const struct quality *q) {
	fputs(",\n \"quality\":{", out);
	put_count(out, "lines", q->lines);
	fputs(",\"records\":{", out);
	put_count(out, "step", q->steps);
	fputc(',', out);
	put_count(out, "request", q->requests);
	fputc(',', out);
	put_count(out, "window", q->windows);
	fputc(',', out);
	put_count(out, "power", q->powers);
	fputs("},", out);
	put_count(out, "duplicates", q->duplicates);
	put_findings(out, q);
}

/* Hashes with a space between, as a list; nothing where there are none. */
static void put_descriptions(FILE *out, const char *hashes) {
	struct text rest = text_of(hashes), hash;
	bool more = rest.len > 0;

	for (const char *before = ",\"descriptions_sha256\":["; more; before = ",") {
		more = text_until(&rest, T(" "), &hash);
		hash = more ? hash : rest;
		fprintf(out, "%s\"%.*s\"", before, (int)hash.len, hash.at);
	}
	fputs(*hashes ? "]" : "", out);
}

static void put_provenance(FILE *out, const struct statement *s) {
	const struct report_options *o = &s->options;
	const struct quality *q = s->quality;

	fputs(",\n \"provenance\":{\"version\":", out);
	put_string(out, o->version);
	fputs(",\"rule\":", out);
	put_string(out, o->rule);
	fputs(",\n  \"inputs\":[", out);
	for (size_t i = 0; i < q->input_count; i++) {
		fprintf(out, "%s\n   {\"file\":", i > 0 ? "," : "");
		put_string(out, q->inputs[i].file);
		fprintf(out, ",\"bytes\":%lld,\"sha256\":\"%s\"}", (long long)q->inputs[i].bytes, q->inputs[i].sha256);
	}
	fputs("],\n  \"fleet_sha256\":", out);
	put_string(out, o->fleet_sha256);
	put_descriptions(out, o->descriptions_sha256 ? o->descriptions_sha256 : "");
	fputs(",\"prices_sha256\":[", out);
	for (size_t i = 0; o->prices && i < o->prices->source_count; i++) {
		fprintf(out, "%s\"%s\"", i > 0 ? "," : "", o->prices->sources[i].sha256);
	}
	fputs("]}", out);
}

static void put_head(FILE *out, const struct report_options *o) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];

	fprintf(out,
		"{\"schema\":\"tollbook.statement.v1\",\n \"period\":{\"from\":\"%s\",\"to\":\"%s\"},\"currency\":",
		instant_format(o->from_ns, from), instant_format(o->to_ns, to));
	put_string(out, o->currency);
	fputs(",\"rule\":", out);
	put_string(out, o->rule);
}

void render_json(const struct statement *s, const struct rendering_options *r, FILE *out) {
	static const enum by_key by_model[] = {BY_MODEL}, by_tenant[] = {BY_TENANT};

	(void)r;
	put_head(out, &s->options);
	fputs(",\n \"total\":{", out);
	json_put_block(out, &s->total);
	fputc('}', out);
	put_table(out, s, "models", &s->models, by_model, 1);
	put_table(out, s, "tenants", &s->tenants, by_tenant, 1);
	put_table(out, s, "rows", &s->rows, s->options.by, s->options.by_count);
	put_services(out, s);
	put_side_tables(out, s);
	put_adjustments(out, s);
	put_evidence(out, s);
	for (size_t i = 0; i < s->page_count; i++) {
		fprintf(out, ",\n \"%s\":", s->pages[i].key);
		s->pages[i].json(s->pages[i].page, out);
	}
	put_quality(out, s->quality);
	put_provenance(out, s);
	fputs("}\n", out);
}
