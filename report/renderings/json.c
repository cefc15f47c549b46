/* Statement JSON, exactly as in the contract. */
#include <stdlib.h>

#include "core/instant.h"
#include "report/renderings/renderings.h"

static void put_string(FILE *out, const char *s) {
	json_put_text(out, text_of(s ? s : ""));
}

/* A member of an object: a count, or money in nano-units, null if not known. */
struct member {
	const char *key;
	enum { COUNT, MONEY, UNKNOWN_MONEY } kind;
	int128 value;
};

static struct member counted(const char *key, int128 n) {
	return (struct member){key, COUNT, n};
}

static struct member known(const char *key, bool is_known, int64_t nano) {
	return (struct member){key, is_known ? MONEY : UNKNOWN_MONEY, nano};
}

static struct member money(const char *key, int64_t nano) {
	return known(key, true, nano);
}

/* Members of one object, up to the one without a key. */
static void put_members(FILE *out, const struct member *m) {
	char buffer[DECIMAL_TEXT_MAX];

	for (const char *lead = ""; m->key; m++, lead = ",") {
		fprintf(out, "%s\"%s\":", lead, m->key);
		if (m->kind == COUNT) {
			fputs(exact_print(m->value, buffer), out);
		} else if (m->kind == MONEY) {
			fprintf(out, "\"%s\"", decimal_format(m->value, 9, buffer));
		} else {
			fputs("null", out);
		}
	}
}
#define PUT_MEMBERS(out, ...) put_members(out, (const struct member[]){__VA_ARGS__, {0}})

/* The capacity and its parts, of one kind. */
static void put_identity(FILE *out, struct member capacity, const struct block *b, int128 (*part)(const struct block *, int)) {
	struct member all[PARTS + 2] = {capacity};

	for (int i = 0; i < PARTS; i++) {
		all[i + 1] = (struct member){part_names[i], capacity.kind, part(b, i)};
	}
	put_members(out, all);
}

static int128 nano_of(const struct block *b, int part) {
	return part_nano(b, part);
}

static int128 mj_of(const struct block *b, int part) {
	return part_mj(b, part);
}

static void put_parts(FILE *out, const struct block *b) {
	fputs("\"gpu_ns\":{", out);
	put_identity(out, counted("capacity", b->capacity_ns), b, part_ns);
	fputs("},\"cost\":{", out);
	put_identity(out, money("capacity", b->capacity_nano), b, nano_of);
	fputc('}', out);
}

static void put_units(FILE *out, const struct block *b) {
	fputs("\"unit_cost\":{", out);
	for (int k = 0; k < TOKEN_KINDS; k++) {
		const struct unit_cost *u = &b->unit[k];
		fprintf(out, "%s\"%s\":{", k > 0 ? "," : "", token_kind_names[k]);
		PUT_MEMBERS(out, known("busy", u->known, u->busy_nano), known("loaded", u->known, u->loaded_nano),
		            known("low", u->known, u->low_nano), known("high", u->known, u->high_nano));
		fputc('}', out);
	}
	fputc('}', out);
}

static void put_list(FILE *out, const struct block *b) {
	struct member prices[TOKEN_KINDS + 2] = {{0}};

	if (!b->list_known) {
		fputs("\"list\":null", out);
		return;
	}
	fputs("\"list\":{\"model\":", out);
	put_string(out, b->list_model);
	fputc(',', out);
	for (int k = 0; k < TOKEN_KINDS; k++) {
		prices[k] = known(token_kind_names[k], b->list_price_known[k], b->list_nano[k]);
	}
	prices[TOKEN_KINDS] = money("revenue", b->revenue_nano);
	put_members(out, prices);
	fputc('}', out);
}

static void put_margin(FILE *out, const struct block *b) {
	if (!b->margin_known) {
		fputs(",\"margin\":null", out);
		return;
	}
	fputs(",\"margin\":{", out);
	PUT_MEMBERS(out, money("amount", b->margin_nano), money("cost", b->priced_nano));
	if (b->revenue_nano) {
		fprintf(out, ",\"ratio\":%.6f}", b->margin_ratio);
	} else {
		fputs(",\"ratio\":null}", out);
	}
}

/* Millijoules sum exactly; readable values are rounded from them. */
static void put_energy(FILE *out, const struct block *b) {
	struct member units[TOKEN_KINDS + 1] = {{0}};

	if (b->capacity_mj == 0) {
		return;
	}
	for (int k = 0; k < TOKEN_KINDS; k++) {
		int64_t nano = 0;
		bool is_known = block_unit_energy(b, k, &nano);
		units[k] = known(token_kind_names[k], is_known, nano);
	}
	fputs(",\"energy\":{\"mj\":{", out);
	put_identity(out, counted("capacity", b->capacity_mj), b, mj_of);
	fputs("},", out);
	PUT_MEMBERS(out, money("wh", wh_nano(b->capacity_mj)));
	fputs(",\"wh_per_million\":{", out);
	put_members(out, units);
	fputs("},", out);
	PUT_MEMBERS(out, counted("metered_gpu_ns", b->metered_ns));
	fputc('}', out);
}

static void put_grades(FILE *out, const struct block *b) {
	fputs(",\"evidence\":{", out);
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		fputs(g > 0 ? "," : "", out);
		PUT_MEMBERS(out, counted(grade_names[g], b->evidence_ns[g]));
	}
	fputc('}', out);
}

/* Requests below 0 are not known. */
static void put_traffic(FILE *out, int64_t requests, const int64_t tokens[TOKEN_KINDS], bool cached_unknown) {
	PUT_MEMBERS(out, requests < 0 ? known("requests", false, 0) : counted("requests", requests));
	fputs(",\"tokens\":{", out);
	PUT_MEMBERS(out, counted("input", tokens[TOKENS_INPUT] + tokens[TOKENS_CACHED]),
	            cached_unknown ? known("input_cached", false, 0) : counted("input_cached", tokens[TOKENS_CACHED]), counted("output", tokens[TOKENS_OUTPUT]));
	fputs("},", out);
}

void json_put_block(FILE *out, const struct block *b) {
	put_traffic(out, b->requests_unknown ? UNKNOWN : b->requests, b->tokens, b->cached_unknown);
	put_parts(out, b);
	fputc(',', out);
	PUT_MEMBERS(out, money("shared", block_shared_nano(b)));
	fputc(',', out);
	put_units(out, b);
	fputc(',', out);
	put_list(out, b);
	put_margin(out, b);
	put_grades(out, b);
	put_energy(out, b);
}

/* Requests bought from vendors: in the total's traffic and list price, not in GPU time. */
static void put_bought(FILE *out, const struct statement *s) {
	if (!s->total.has_bought) {
		fputs(",\n \"api_spend\":null", out);
		return;
	}
	fputs(",\n \"api_spend\":{", out);
	put_traffic(out, s->bought.requests, s->bought.tokens, s->bought.cached_unknown);
	put_list(out, &s->bought);
	fputc('}', out);
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
		json_put_row(out, s, table_at(t, i), by, count);
	}
	fputs("]", out);
}

void json_put_rule(FILE *out, const struct statement *s, size_t i) {
	const struct rule_result *r = &s->rules.rows[i];

	fputs("{\"model\":", out);
	json_put_text(out, names_text(s->options.names, r->row.model));
	fputs(",\"rule\":", out);
	put_string(out, r->row.rule);
	fputs(",\"gpu_ns\":{", out);
	PUT_MEMBERS(out, counted("prefill", r->prefill_gpu_ns), counted("decode", r->decode_gpu_ns));
	fputs("},\"cost\":{", out);
	PUT_MEMBERS(out, money("prefill", r->prefill_nano), money("decode", r->decode_nano));
	fputs("},\"unit_cost\":{", out);
	PUT_MEMBERS(out, known("input", r->in_known, r->in_nano), known("output", r->out_known, r->out_nano));
	fputs("},\"interval\":{\"input\":{", out);
	PUT_MEMBERS(out, known("low", r->in_known && r->has_interval, r->in_low_nano), known("high", r->in_known && r->has_interval, r->in_high_nano));
	fputs("},\"output\":{", out);
	PUT_MEMBERS(out, known("low", r->out_known && r->has_interval, r->out_low_nano), known("high", r->out_known && r->has_interval, r->out_high_nano));
	fputs("}}}", out);
}

void json_put_adjustment(FILE *out, const struct statement *s, size_t i) {
	const struct adjustment *a = &s->adjustments.rows[i];
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
	for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
		fprintf(out, ",\"%s\":", names[k].key);
		json_put_text(out, names_text(s->options.names, names[k].name));
	}
	fprintf(out, ",\"kind\":\"%s\",\"grade\":\"%s\",", kind_names[e->kind], grade_names[e->grade]);
	PUT_MEMBERS(out, counted("requests", e->requests), counted("tokens", e->tokens), counted("gpu_ns", e->gpu_ns),
	            known("rate", a->priced, e->rate_nano), known("cost", a->priced, a->cost_nano));
	fputc('}', out);
}

/* Kinds of a class without their own price, by the contract's names. */
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

void json_put_service(FILE *out, const struct statement *s, size_t i) {
	const struct service_sum *v = &s->services.rows[i];

	fputs("{\"model\":", out);
	json_put_text(out, names_text(s->options.names, v->model));
	fprintf(out, ",\"service\":\"%.*s\",", TEXT_ARG(service_names[v->service]));
	bool unknown = v->requests == 0 && v->tokens[0] + v->tokens[1] + v->tokens[2] > 0;
	put_traffic(out, unknown ? UNKNOWN : v->requests, v->tokens, s->total.cached_unknown);
	PUT_MEMBERS(out, known("revenue", v->revenue_known, v->revenue_nano));
	fputc(',', out);
	put_as_standard(out, v->as_standard);
	fputc('}', out);
}

static void put_items(FILE *out, const struct statement *s, const char *name, size_t count, json_item *put) {
	if (count == 0) {
		return;
	}
	fprintf(out, ",\n \"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		fputs(i > 0 ? ",\n  " : "\n  ", out);
		put(out, s, i);
	}
	fputc(']', out);
}

/* The part covered by the total's margin. */
static void put_priced(FILE *out, const struct statement *s) {
	if (!s->total.list_known) {
		fputs(",\n \"priced\":null", out);
		return;
	}
	fputs(",\n \"priced\":{", out);
	PUT_MEMBERS(out, counted("models", (int64_t)s->priced_models), money("revenue", s->total.revenue_nano),
	            money("cost", s->total.priced_nano));
	fputc('}', out);
}

static void put_rates(FILE *out, const struct statement *s) {
	const struct series *v = &s->series;
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX], rate[DECIMAL_TEXT_MAX], gpus[48];

	fputs(",\n \"rates\":[", out);
	for (size_t i = 0; i < v->rate_count; i++) {
		const struct rate_row *r = &v->rates[i];
		bool last = i + 1 == v->rate_count || v->rates[i + 1].pool != r->pool;
		fputs(i > 0 ? ",\n  {\"pool\":" : "\n  {\"pool\":", out);
		json_put_text(out, names_text(s->options.names, r->pool));
		bool known = s->options.replica_gpus && s->options.replica_gpus(s->options.fleet, r->pool, gpus, sizeof gpus);
		fprintf(out, ",\"per_gpu_hour\":\"%s\",\"gpus_per_replica\":%s%s%s,\"from\":\"%s\",\"to\":", decimal_format(r->rate_nano, 9, rate),
		        known ? "\"" : "", known ? gpus : "null", known ? "\"" : "", instant_format(r->from_ns, from));
		fprintf(out, last ? "null" : "\"%s\"", instant_format(r->to_ns, to));
		fprintf(out, ",\"source\":\"%s\"}", r->pool ? "fleet" : "option");
	}
	fputc(']', out);
}

static void put_step(FILE *out, const struct statement *s, const struct time_step *step, int64_t from_ns) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];
	struct block b = {0};

	for (int k = 0; k < ENTRY_KINDS; k++) {
		b.gpu_ns[k] = step->gpu_ns[k];
		b.cost_nano[k] = step->cost_nano[k];
		b.capacity_ns += step->gpu_ns[k];
		b.capacity_nano += step->cost_nano[k];
	}
	fprintf(out, "{\"from\":\"%s\",\"to\":\"%s\",", instant_format(from_ns, from),
	        instant_format(from_ns + s->series.step_ns, to));
	put_parts(out, &b);
	fputc('}', out);
}

static void put_series(FILE *out, const struct statement *s) {
	const struct series *v = &s->series;

	fputs(",\n \"series\":[", out);
	for (size_t i = 0; i < v->count; i++) {
		fputs(i > 0 ? ",\n  " : "\n  ", out);
		put_step(out, s, &v->steps[i], v->first_ns + (int64_t)i * v->step_ns);
	}
	fputc(']', out);
}

/* The busy share of the capacity, and the prices, at which revenue would pay for it. */
static void put_break_even(FILE *out, const struct statement *s) {
	const struct block *b = &s->total;
	struct member prices[TOKEN_KINDS + 1] = {{0}};

	double load;
	if (!break_even_load(s, &load)) {
		fputs(",\n \"break_even\":null", out);
		return;
	}
	for (int k = 0; k < TOKEN_KINDS; k++) {
		prices[k] = known(token_kind_names[k], b->unit[k].known, b->unit[k].loaded_nano);
	}
	fprintf(out, ",\n \"break_even\":{\"load\":%.6f,\"prices\":{", load);
	put_members(out, prices);
	fputs("}}", out);
}

/* "key":"text", or null. */
static void put_text_or_null(FILE *out, const char *key, const char *s) {
	fprintf(out, ",\"%s\":", key);
	if (s) {
		put_string(out, s);
	} else {
		fputs("null", out);
	}
}

static void put_levers(FILE *out, const struct statement *s) {
	fputs(",\n \"levers\":[", out);
	for (size_t i = 0; i < s->levers.count; i++) {
		const struct lever *l = &s->levers.at[i];
		fprintf(out, "%s{\"name\":\"%s\",", i > 0 ? ",\n  " : "\n  ", l->name);
		PUT_MEMBERS(out, money("amount", l->amount_nano));
		put_text_or_null(out, "text", l->text);
		fputc('}', out);
	}
	fputc(']', out);
}

static void put_evidence(FILE *out, const struct statement *s) {
	fputs(",\n \"evidence\":[", out);
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		fprintf(out, "%s{\"grade\":\"%s\",", g > 0 ? "," : "", grade_names[g]);
		PUT_MEMBERS(out, counted("gpu_ns", s->evidence_ns[g]));
		fputc('}', out);
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

static void put_subjects(FILE *out, const char *lines) {
	struct text rest = text_of(lines ? lines : ""), subject;
	const char *lead = "";

	fputs(",\"subjects\":[", out);
	for (bool more = rest.len > 0; more; lead = ",") {
		more = text_until(&rest, T("\n"), &subject);
		fputs(lead, out);
		json_put_text(out, more ? subject : rest);
	}
	fputc(']', out);
}

static void put_finding(FILE *out, const struct quality_notice *n) {
	fputs("{\"kind\":", out);
	put_string(out, n->field[NOTICE_KIND]);
	put_text_or_null(out, "text", n->field[NOTICE_TEXT]);
	put_subjects(out, n->field[NOTICE_SUBJECTS]);
	fputc(',', out);
	PUT_MEMBERS(out, known("amount", n->amount_nano != QUALITY_NO_AMOUNT, n->amount_nano));
	put_text_or_null(out, "option", n->field[NOTICE_OPTION]);
	fputc('}', out);
}

static void put_assumption(FILE *out, const struct quality_notice *n) {
	fputs("{\"text\":", out);
	put_string(out, n->field[NOTICE_TEXT]);
	put_text_or_null(out, "subject", n->field[NOTICE_SUBJECTS]);
	put_text_or_null(out, "value", n->field[NOTICE_VALUE]);
	put_text_or_null(out, "option", n->field[NOTICE_OPTION]);
	put_text_or_null(out, "source", n->field[NOTICE_SOURCE]);
	fputc('}', out);
}

static void put_missing(FILE *out, const struct quality_notice *n) {
	fputs("{\"what\":", out);
	put_string(out, n->field[NOTICE_KIND]);
	put_text_or_null(out, "needs", n->field[NOTICE_TEXT]);
	put_text_or_null(out, "option", n->field[NOTICE_OPTION]);
	fputc('}', out);
}

/* Findings, assumptions and what is missing: the contract's keys. */
static bool is_shown(const struct statement *s, const struct quality_notice *n, int type) {
	bool advice = type == NOTICE_MISSING && strcmp(n->field[NOTICE_KIND], QUALITY_BETTER) == 0;

	return type == NOTICE_ASSUMPTION ? !n->field[NOTICE_KIND] : !advice || statement_wants_better(s); /* of use: see quality_state */
}

static void put_notices(FILE *out, const struct statement *s) {
	static const struct {
		const char *key;
		void (*put)(FILE *out, const struct quality_notice *n);
	} lists[NOTICE_TYPES] = {
		[NOTICE_FINDING] = {"findings", put_finding},
		[NOTICE_ASSUMPTION] = {"assumptions", put_assumption},
		[NOTICE_MISSING] = {"missing", put_missing},
	};

	for (int t = 0; t < NOTICE_TYPES; t++) {
		size_t count;
		const struct quality_notice *n = quality_notices(s->quality, (enum notice_type)t, &count);
		fprintf(out, ",\n \"%s\":[", lists[t].key);
		bool any = false;
		for (size_t i = 0; i < count; i++) {
			if (is_shown(s, &n[i], t)) {
				fputs(any ? ",\n  " : "\n  ", out);
				lists[t].put(out, &n[i]);
				any = true;
			}
		}
		fputc(']', out);
	}
}

static void put_quality(FILE *out, const struct quality *q) {
	fputs(",\n \"quality\":{", out);
	PUT_MEMBERS(out, counted("lines", q->lines));
	fputs(",\"records\":{", out);
	PUT_MEMBERS(out, counted("step", q->steps), counted("request", q->requests), counted("window", q->windows),
	            counted("power", q->powers));
	fputs("},", out);
	PUT_MEMBERS(out, counted("duplicates", q->duplicates));
	put_findings(out, q);
}

/* Hashes separated by spaces, as a list; nothing if there are none. */
/* A list under this key; nothing without hashes. */
static void put_hashes(FILE *out, const char *key, const char *hashes) {
	struct text rest = text_of(hashes ? hashes : ""), hash;
	bool any = rest.len > 0, more = any;

	if (any) {
		fprintf(out, ",\"%s\":[", key);
	}
	for (const char *before = ""; more; before = ",") {
		more = text_until(&rest, T(" "), &hash);
		hash = more ? hash : rest;
		fprintf(out, "%s\"%.*s\"", before, TEXT_ARG(hash));
	}
	fputs(any ? "]" : "", out);
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
	put_hashes(out, "fleets_sha256", o->fleets_sha256);
	put_hashes(out, "descriptions_sha256", o->descriptions_sha256);
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
	static const enum by_key by_model[] = {BY_MODEL}, by_tenant[] = {BY_TENANT}, by_both[] = {BY_TENANT, BY_MODEL};

	(void)r;
	put_head(out, &s->options);
	fputs(",\n \"total\":{", out);
	json_put_block(out, &s->total);
	fputc('}', out);
	put_bought(out, s);
	put_priced(out, s);
	put_table(out, s, "models", &s->models, by_model, 1);
	put_table(out, s, "tenants", &s->tenants, by_tenant, 1);
	put_table(out, s, "rows", &s->rows, s->options.by, s->options.by_count);
	put_items(out, s, "services", s->services.count, json_put_service);
	put_items(out, s, "positions", s->positions.count, json_put_position);
	put_items(out, s, "batches", s->batches.count, json_put_batch);
	put_items(out, s, "load_curve", s->curves.count, json_put_curve);
	json_put_roofline(out, &s->roofline);
	put_items(out, s, "rules", s->rules.count, json_put_rule);
	put_items(out, s, "adjustments", s->adjustments.count, json_put_adjustment);
	put_rates(out, s);
	put_series(out, s);
	put_table(out, s, "matrix", &s->lines, by_both, 2);
	put_break_even(out, s);
	put_levers(out, s);
	put_evidence(out, s);
	for (size_t i = 0; i < s->page_count; i++) {
		fprintf(out, ",\n \"%s\":", s->pages[i].key);
		s->pages[i].json(s->pages[i].page, out);
	}
	put_notices(out, s);
	put_quality(out, s->quality);
	put_provenance(out, s);
	fputs("}\n", out);
}
