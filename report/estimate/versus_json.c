/* versus_json.c: the comparison, for programs. */
#include "core/decimal.h"
#include "core/instant.h"
#include "core/json.h"
#include "report/estimate/sheet.h"
#include "report/estimate/versus.h"

static void put_name(const struct versus *v, const char *key, name_id id, FILE *out) {
	char text[1100];
	struct text t = names_text(v->o.names, id);
	size_t len = t.len < sizeof text - 1 ? t.len : sizeof text - 1;

	memcpy(text, t.at, len);
	text[len] = '\0';
	fprintf(out, "\"%s\":", key);
	sheet_json_text(text, out);
}

static void put_parts(const int128 gpu_ns[CAUSES], const int64_t nano[CAUSES], bool priced, FILE *out) {
	char money[DECIMAL_TEXT_MAX], ns[EXACT_TEXT_MAX];

	for (int k = 0; k < CAUSES; k++) {
		fprintf(out, "%s\"%s\":%s", k > 0 ? "," : "\"gpu_ns\":{", cause_words[k].key, exact_print(gpu_ns[k], ns));
	}
	fputs("},\"cost\":", out);
	for (int k = 0; priced && k < CAUSES; k++) {
		fprintf(out, "%s\"%s\":\"%s\"", k > 0 ? "," : "{", cause_words[k].key, decimal_format(nano[k], 9, money));
	}
	fputs(priced ? "}" : "null", out);
}

static void put_share(const struct versus_share *s, FILE *out) {
	fprintf(out, ",\"%s\":{\"reached\":", s->key);
	sheet_json_number(s->reached, out);
	fputs(",\"peak\":", out);
	sheet_json_number(s->peak, out);
	fputs("}", out);
}

static void put_fit(const struct versus *v, const struct fitted_model *m, FILE *out) {
	const struct versus_case *c = versus_case_of(v, m);
	struct versus_share shares[VERSUS_SHARES];
	bool known = c && c->known && m->fitted;
	int count = known ? versus_shares(m, &c->roofline, shares) : 0;
	char day[INSTANT_TEXT_MAX];

	fputc('{', out);
	put_name(v, "model", m->model, out);
	fputc(',', out);
	put_name(v, "gpu", m->gpu, out);
	fprintf(out, ",\"gpus\":%lld,\"role\":\"%s\",\"day\":\"%.10s\",\"steps\":%lld,\"description\":", (long long)m->gpus, m->role,
	        instant_format(m->day_ns, day), (long long)m->steps);
	if (known) {
		sheet_json_text(c->roofline.model.name, out);
	} else {
		fputs("null", out);
	}
	for (int i = 0; i < count; i++) {
		put_share(&shares[i], out);
	}
	fputc('}', out);
}

static void put_ratio(const char *key, int64_t part_ns, int64_t whole_ns, FILE *out) {
	fprintf(out, ",\"%s\":", key);
	if (whole_ns > 0) {
		sheet_json_number((double)part_ns / (double)whole_ns, out);
	} else {
		fputs("null", out);
	}
}

static void put_rates(const struct versus *v, const struct versus_hour *h, bool known, FILE *out) {
	double tflop_s, gb_s;

	if (known) {
		versus_rates(v, h, &tflop_s, &gb_s);
		fputs(",\"tflop_s\":", out);
		sheet_json_number(tflop_s, out);
		fputs(",\"gb_s\":", out);
		sheet_json_number(gb_s, out);
	}
}

static void put_hour(const struct versus *v, const struct versus_hour *h, FILE *out) {
	bool known = h->case_at >= 0 && v->tables[v->o.lanes].cases[h->case_at].known;
	char at[INSTANT_TEXT_MAX];
	int128 gpu_ns[CAUSES] = {0};

	fputc('{', out);
	put_name(v, "replica", h->replica, out);
	fprintf(out, ",\"hour\":\"%s\",\"steps\":%lld", instant_format(h->hour_ns, at), (long long)h->steps);
	put_ratio("mfu", h->arithmetic_ns, known ? h->step_ns : 0, out);
	put_ratio("mbu", h->byte_ns, known ? h->step_ns : 0, out);
	put_rates(v, h, known && h->step_ns > 0, out);
	fputc(',', out);
	versus_add(gpu_ns, h->gpu_ns);
	put_parts(gpu_ns, h->nano, h->rate_nano >= 0, out);
	fprintf(out, ",\"most\":\"%s\"}", cause_words[versus_most(gpu_ns)].key);
}

void versus_json(const struct versus *v, FILE *out) {
	const struct versus_table *t = &v->tables[v->o.lanes];

	fputs("{\"fits\":[", out);
	for (size_t i = 0; i < v->model_count; i++) {
		fputs(i > 0 ? ",\n   " : "\n   ", out);
		put_fit(v, &v->models[i], out);
	}
	fputs("],\n  \"rows\":[", out);
	for (size_t i = 0; i < t->count; i++) {
		fputs(i > 0 ? ",\n   " : "\n   ", out);
		put_hour(v, &t->at[i], out);
	}
	fputs("],\n  \"total\":{", out);
	put_parts(v->total_gpu_ns, v->total_nano, true, out);
	fputs("}}", out);
}
