/* A catalogue in the native schema: one dated file, whatever it was imported from. */
#include "core/decimal.h"
#include "core/instant.h"
#include "report/prices/prices.h"
#include "report/renderings/renderings.h"

static void put_decimal(FILE *out, int64_t nano) {
	char text[DECIMAL_TEXT_MAX];

	fprintf(out, "\"%s\"", decimal_exact(nano, 0, text));
}

static void put_ladder(FILE *out, const struct price_ladder *l) {
	if (l->count == 1) {
		put_decimal(out, l->steps[0].nano);
		return;
	}
	fputs("{\"base\":", out);
	put_decimal(out, l->steps[0].nano);
	fputs(",\"tiers\":[", out);
	for (size_t i = 1; i < l->count; i++) {
		fprintf(out, "%s{\"over\":%lld,\"price\":", i > 1 ? "," : "", (long long)l->steps[i].over_ntok);
		put_decimal(out, l->steps[i].nano);
		fputc('}', out);
	}
	fprintf(out, "],\"moves\":\"%s\"}", l->above ? "above" : "whole");
}

/* Writes the kinds with a price; true if there were any. */
static bool put_kinds(FILE *out, const struct price_ladder *ladders, bool first) {
	for (int k = 0; k < PRICE_KINDS; k++) {
		if (ladders[k].count > 0) {
			fprintf(out, "%s\"%s\":", first ? "" : ",", price_kind_names[k]);
			if (k < PRICE_SEARCHES) {
				put_ladder(out, &ladders[k]);
			} else {
				put_decimal(out, ladders[k].steps[0].nano / 1000); /* per thousand */
			}
			first = false;
		}
	}
	return !first;
}

static void put_edge(FILE *out, const char *key, int64_t ns, bool *first) {
	char text[INSTANT_TEXT_MAX];
	instant_format(ns, text);
	if (instant_floor(ns, NS_PER_DAY) == ns) {
		text[10] = '\0';
	}
	fprintf(out, "%s\"%s\":\"%s\"", *first ? "" : ",", key, text);
	*first = false;
}

static bool has_service(const struct price_rule *r, int service) {
	bool any = false;
	for (int k = 0; k < PRICE_KINDS; k++) {
		any |= r->ladder[service][k].count > 0;
	}
	return any;
}

static void put_weekdays(FILE *out, unsigned weekdays) {
	const char *lead = ",\"weekdays\":[";
	for (unsigned day = 0; day < 7; day++) {
		if (weekdays & 1u << day) {
			fprintf(out, "%s%u", lead, day + 1);
			lead = ",";
		}
	}
	fputs(weekdays ? "]" : "", out);
}

static void put_rule(FILE *out, const struct price_rule *r) {
	bool first = true;

	fputc('{', out);
	if (r->from_ns != INT64_MIN) {
		put_edge(out, "from", r->from_ns, &first);
	}
	if (r->to_ns != INT64_MAX) {
		put_edge(out, "to", r->to_ns, &first);
	}
	if (r->daily) {
		fprintf(out, "%s\"daily\":{\"from\":\"%02d:%02d\",\"to\":\"%02d:%02d\"", first ? "" : ",",
			r->from_minute / 60, r->from_minute % 60, r->to_minute / 60, r->to_minute % 60);
		put_weekdays(out, r->weekdays);
		fputc('}', out);
		first = false;
	}
	first = !put_kinds(out, r->ladder[SERVICE_STANDARD], first);
	for (int s = SERVICE_BATCH; s < PRICE_SERVICES; s++) {
		if (has_service(r, s)) {
			fprintf(out, "%s\"%.*s\":{", first ? "" : ",", TEXT_ARG(price_class_name(s)));
			put_kinds(out, r->ladder[s], true);
			fputc('}', out);
			first = false;
		}
	}
	fputc('}', out);
}

static void put_match(FILE *out, const struct match *m) {
	const char *key = match_key_of(m->op);

	if (!key) { /* never matches, like an empty list of rules */
		fputs("{\"or\":[]}", out);
		return;
	}
	fprintf(out, "{\"%s\":", key);
	if (m->op == MATCH_OR || m->op == MATCH_AND) {
		fputc('[', out);
		for (size_t i = 0; i < m->count; i++) {
			fputs(i > 0 ? "," : "", out);
			put_match(out, m->any[i]);
		}
		fputc(']', out);
	} else {
		json_put_text(out, m->text);
	}
	fputc('}', out);
}

static void put_geos(FILE *out, const struct price_model *m) {
	for (size_t i = 0; i < m->geo_count; i++) {
		fputs(i > 0 ? "," : ",\"geo\":{", out);
		json_put_text(out, m->geos[i].name);
		fputc(':', out);
		put_decimal(out, m->geos[i].nano);
	}
	fputs(m->geo_count > 0 ? "}" : "", out);
}

static void put_model(FILE *out, const struct price_model *m) {
	fputs("{\"id\":", out);
	json_put_text(out, m->id);
	if (m->match) {
		fputs(",\"match\":", out);
		put_match(out, m->match);
	}
	if (!text_eq(m->currency, T("USD"))) {
		fputs(",\"currency\":", out);
		json_put_text(out, m->currency);
	}
	if (m->key.len > 0) {
		fputs(",\"key\":", out);
		json_put_text(out, m->key);
	}
	put_geos(out, m);
	if (m->left_out.len > 0) {
		fputs(",\"left_out\":", out);
		json_put_text(out, m->left_out);
	}
	fputs(m->understood ? "" : ",\"understood\":false", out);
	fputs(",\"prices\":[", out);
	for (size_t i = 0; i < m->rule_count; i++) {
		fputs(i > 0 ? "," : "", out);
		put_rule(out, &m->rules[i]);
	}
	fputs("]}", out);
}

static void put_names(FILE *out, const struct price_provider *provider) {
	if (provider->model_match) {
		fputs(",\"claims\":", out);
		put_match(out, provider->model_match);
	}
	if (provider->provider_match) {
		fputs(",\"names\":", out);
		put_match(out, provider->provider_match);
	}
	if (provider->fallbacks.len > 0) {
		fputs(",\"resells\":", out);
		json_put_text(out, provider->fallbacks);
	}
}

/* Some catalogues name a provider per model: their models are written one by one. */
static void put_provider(FILE *out, const struct prices *p, const struct price_provider *provider, bool *first) {
	struct text last = T("");
	bool open = false;

	for (size_t i = 0; i < provider->model_count; i++) {
		const struct price_model *m = &p->models[provider->first_model + i];
		if (m->joined) {
			continue; /* a later snapshot of it has its prices */
		}
		if (open && text_eq(m->provider, last)) {
			fputs(",\n   ", out);
		} else {
			fprintf(out, "%s\n  {\"id\":", open ? "]}," : *first ? "" : ",");
			json_put_text(out, m->provider);
			put_names(out, provider);
			fputs(",\"models\":[\n   ", out);
			*first = false;
		}
		open = true;
		last = m->provider;
		put_model(out, m);
	}
	fputs(open ? "]}" : "", out);
}

static void put_source(FILE *out, const struct price_source *s, bool *first) {
	fprintf(out, "%s\n  {\"file\":", *first ? "" : ",");
	json_put_text(out, s->path);
	fputs(",\"format\":", out);
	json_put_text(out, s->format);
	fprintf(out, ",\"date\":\"%s\",\"sha256\":\"%s\",\"models\":%zu,\"prices\":%zu}", s->date, s->sha256, s->models,
		s->prices);
	*first = false;
}

/* The latest day of all sources. */
static const char *date_of(const struct prices *p) {
	const char *latest = p->date;
	for (size_t i = 0; i < p->source_count && !p->date[0]; i++) {
		latest = strcmp(p->sources[i].date, latest) > 0 ? p->sources[i].date : latest;
	}
	return latest;
}

static void put_lists(FILE *out, const struct prices *p) {
	bool first = true;

	fputs(" \"sources\":[", out);
	for (size_t i = 0; i < p->origin_count; i++) {
		put_source(out, &p->origins[i], &first);
	}
	for (size_t i = 0; i < p->source_count; i++) {
		put_source(out, &p->sources[i], &first);
	}
	fputs("],\n \"left_out\":[", out);
	for (size_t i = 0; i < p->note_count; i++) {
		fputs(i > 0 ? ",\n  {\"what\":" : "\n  {\"what\":", out);
		json_put_text(out, p->notes[i].what);
		fprintf(out, ",\"count\":%lld}", (long long)p->notes[i].count);
	}
	fputs("],\n \"matches\":[", out);
	for (size_t i = 0; i < p->mapping_count; i++) {
		fputs(i > 0 ? ",\n  {\"name\":" : "\n  {\"name\":", out);
		json_put_text(out, p->mappings[i].name);
		fputs(",\"model\":", out);
		json_put_text(out, p->mappings[i].target);
		fputc('}', out);
	}
	fputs("],\n", out);
}

void prices_write(const struct prices *p, FILE *out) {
	bool first = true;

	fprintf(out, "{\"schema\":\"tollbook.prices.v1\",\n \"date\":\"%s\",\n \"currency\":\"USD\",\n", date_of(p));
	put_lists(out, p);
	fputs(" \"providers\":[", out);
	for (size_t i = 0; i < p->provider_count; i++) {
		put_provider(out, p, &p->providers[i], &first);
	}
	fputs("]}\n", out);
}
