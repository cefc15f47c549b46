/*
 * FOCUS rows (FinOps Open Cost and Usage Specification, 1.2 to 1.4) as CSV: for each model and tenant a charge per
 * kind of tokens, and a charge each for other, idle and unobserved GPU time; if --by has a time and the tenant, for
 * each hour, day or month. They sum to the capacity. Adjustments of closed periods follow as corrections: billed on
 * the day on which they count, for the hour that they change. All mandatory columns are present, and the conditional
 * ones that apply.
 */
#include <stdlib.h>

#include "core/files/csv.h"
#include "core/instant.h"
#include "report/renderings/renderings.h"

const char *const focus_version_names[FOCUS_VERSIONS] = {"1.2", "1.3", "1.4"};

struct charge_row {
	const struct statement *s;
	const struct row *row;
	enum entry_kind kind;
	bool timed; /* the row is of one hour, day or month */
	const struct report_adjustment *adjusts; /* NULL: not an adjustment */
};

typedef void put_cell(FILE *out, const struct charge_row *c);

static bool of_tokens(const struct charge_row *c) {
	return c->kind <= ENTRY_OUTPUT && c->row->block.tokens[c->kind] != 0;
}

static void put_decimal(FILE *out, int64_t nano) {
	char buffer[DECIMAL_TEXT_MAX];
	fputs(decimal_format(nano, 9, buffer), out);
}

static void put_cost(FILE *out, const struct charge_row *c) {
	put_decimal(out, c->row->block.cost_nano[c->kind]);
}

/* The list price per million tokens; null if not known. */
static bool list_price(const struct charge_row *c, int64_t *nano) {
	const struct block *b = &c->row->block;
	bool known = of_tokens(c) && b->list_known && b->list_price_known[c->kind];
	*nano = known ? b->list_nano[c->kind] : 0;
	return known;
}

static int64_t list_cost(const struct charge_row *c) {
	int64_t nano, cost = c->row->block.cost_nano[c->kind];
	if (list_price(c, &nano) && !exact_mul_div(nano, c->row->block.tokens[c->kind], 1000000, &cost)) {
		cost = INT64_MAX;
	}
	return cost;
}

/* Must not be null: without a list price, its cost. */
static void put_list_cost(FILE *out, const struct charge_row *c) {
	put_decimal(out, list_cost(c));
}

/* 10^13 in an hour: fine enough that no time that costs a nano-unit becomes 0. */
#define HOUR_PLACES INT64_C(10000000000000)

/* A decimal of up to 18 places, without zeros at its end. */
static void put_fraction(FILE *out, int128 value, int128 per_one) {
	char digits[24];
	int places = 0;

	fprintf(out, "%s%lld", value < 0 ? "-" : "", (long long)((value < 0 ? -value : value) / per_one));
	for (int128 rest = (value < 0 ? -value : value) % per_one; rest > 0 && places < 18; rest %= per_one) {
		rest *= 10;
		digits[places++] = (char)('0' + (int)(rest / per_one));
	}
	if (places > 0) {
		fprintf(out, ".%.*s", places, digits);
	}
}

/* The priced quantity, in millionths of a million tokens or 10^-13 hours, and the number of these per unit. */
static int128 quantity(const struct charge_row *c, int128 *per_one) {
	const struct block *b = &c->row->block;
	*per_one = of_tokens(c) ? 1000000 : HOUR_PLACES;
	return of_tokens(c) ? b->tokens[c->kind] : exact_div(b->gpu_ns[c->kind] * HOUR_PLACES, NS_PER_HOUR);
}

/*
 * Must not be null, and times the quantity must be the list cost. Without a list price it is the unit cost, with as
 * many digits as needed.
 */
static void put_list_unit_price(FILE *out, const struct charge_row *c) {
	int64_t nano;
	int128 per_one, units = quantity(c, &per_one);

	if (c->adjusts) {
		return; /* a difference may have none */
	}
	if (list_price(c, &nano)) {
		put_decimal(out, nano);
	} else if (units > 0) {
		put_fraction(out, (int128)list_cost(c) * per_one, units * NANO);
	} else {
		fputc('0', out);
	}
}

static void put_pricing_quantity(FILE *out, const struct charge_row *c) {
	int128 per_one, units = quantity(c, &per_one);
	put_fraction(out, units, per_one);
}

static void put_consumed_quantity(FILE *out, const struct charge_row *c) {
	if (of_tokens(c)) {
		fprintf(out, "%lld", (long long)c->row->block.tokens[c->kind]);
	} else {
		put_pricing_quantity(out, c);
	}
}

static void put_consumed_unit(FILE *out, const struct charge_row *c) {
	fputs(of_tokens(c) ? "Tokens" : "GPU-Hours", out);
}

static void put_pricing_unit(FILE *out, const struct charge_row *c) {
	fputs(of_tokens(c) ? "1000000 Tokens" : "GPU-Hours", out);
}

static void put_currency(FILE *out, const struct charge_row *c) {
	currency_put(out, c->s);
}

static void put_instant(FILE *out, int64_t ns) {
	char buffer[INSTANT_TEXT_MAX];
	fputs(instant_format(ns, buffer), out);
}

/* The start of the next hour, day or month of --by. */
static int64_t bucket_end(const struct statement *s, int64_t start_ns) {
	const struct zone *tz = s->options.tz;
	switch (s->time_key) {
	case BY_HOUR:
		return start_ns + NS_PER_HOUR;
	case BY_DAY: /* of 23 to 25 hours */
		return zone_day_start(tz, start_ns + 26 * NS_PER_HOUR);
	default:
		return zone_month_start(tz, start_ns + 33 * NS_PER_DAY);
	}
}

/* The charge's period within the statement's. */
static int64_t charge_start(const struct charge_row *c) {
	if (c->adjusts) {
		return c->adjusts->entry.slot_ns;
	}
	int64_t from = c->s->options.from_ns;
	return c->timed && c->row->bucket_ns > from ? c->row->bucket_ns : from;
}

static int64_t charge_end(const struct charge_row *c) {
	if (c->adjusts) {
		return instant_floor(c->adjusts->entry.slot_ns, NS_PER_HOUR) + NS_PER_HOUR;
	}
	int64_t to = c->s->options.to_ns, end = c->timed ? bucket_end(c->s, c->row->bucket_ns) : to;
	return end < to ? end : to;
}

/* Whole seconds that contain the period. */
static void put_period_start(FILE *out, const struct charge_row *c) {
	put_instant(out, instant_floor(charge_start(c), NS_PER_SECOND));
}

static void put_period_end(FILE *out, const struct charge_row *c) {
	put_instant(out, instant_floor(charge_end(c) + NS_PER_SECOND - 1, NS_PER_SECOND));
}

static void put_month_start(FILE *out, const struct charge_row *c) {
	put_instant(out, zone_month_start(NULL, c->adjusts ? c->adjusts->posted_ns : charge_start(c)));
}

/* The first month that starts at or after the end of the charge's period. */
static void put_month_end(FILE *out, const struct charge_row *c) {
	int64_t end = charge_end(c);
	int64_t start = zone_month_start(NULL, c->adjusts ? c->adjusts->posted_ns : end - (end > charge_start(c)));
	put_instant(out, zone_month_start(NULL, start + 32 * NS_PER_DAY));
}

static void put_class(FILE *out, const struct charge_row *c) {
	fputs(c->adjusts ? "Correction" : "", out);
}

static void put_resource_type(FILE *out, const struct charge_row *c) {
	fputs(c->row->model.len > 0 && !c->row->not_allocated ? "Model" : "", out);
}

static void put_model(FILE *out, const struct charge_row *c) {
	csv_put_text(out, c->row->not_allocated ? T("") : c->row->model);
}

/* Of no tenant, if there is no work. */
static void put_tenant(FILE *out, const struct charge_row *c) {
	csv_put_text(out, c->row->not_allocated ? T("") : c->row->tenant);
}

static void put_meter(FILE *out, const struct charge_row *c) {
	static const char *const meters[ENTRY_KINDS] = {
	    "Uncached Input Tokens", "Cached Input Tokens", "Output Tokens",
	    "Other GPU Time",        "Idle GPU Time",       "Unobserved GPU Time",
	};
	fputs(meters[c->kind], out);
}

static void put_description(FILE *out, const struct charge_row *c) {
	static const char *const what[ENTRY_KINDS] = {
	    "Prefill of uncached input",
	    "Prefill over cached input",
	    "Decode of output",
	    "GPU time between steps",
	    "Idle GPU time",
	    "GPU time without a log",
	};
	fputs(what[c->kind], out);
	if (c->adjusts) {
		fprintf(out, ": later evidence for %s", c->adjusts->period);
	}
}

static void put_sku(FILE *out, const struct charge_row *c) {
	char sku[512], model[480];

	printable(c->row->model.len > 0 ? c->row->model : T("(none)"), model, sizeof model);
	int len = snprintf(sku, sizeof sku, "%s/%s", model, kind_names[c->kind]);
	csv_put_text(out, (struct text){sku, (size_t)len});
}

/* One member of a JSON object, within a quoted cell. */
static void put_member(FILE *out, const char *key, struct text value) {
	size_t size = 6 * value.len + 1;
	char *escaped = must_alloc(size);

	json_escape(value, escaped, size);
	fprintf(out, "\"\"%s\"\":\"\"", key);
	for (const char *e = escaped; *e; e++) {
		fputs(*e == '"' ? "\"\"" : (char[]){*e, '\0'}, out);
	}
	fputs("\"\"", out);
	free(escaped);
}

static void put_tags(FILE *out, const struct charge_row *c) {
	fputs("\"{", out);
	if (c->row->tenant.len > 0 && !c->row->not_allocated) {
		put_member(out, "tollbook/tenant", c->row->tenant);
		fputc(',', out);
	}
	if (c->adjusts) {
		put_member(out, "tollbook/adjusts_period", text_of(c->adjusts->period));
		fprintf(out, ",\"\"tollbook/adjusts_run\"\":%lld,", (long long)c->adjusts->run);
	}
	put_member(out, "tollbook/rule", text_of(c->s->options.rule ? c->s->options.rule : ""));
	fputs("}\"", out);
}

/* The catalogue's model, for a separate price. */
static void put_price_details(FILE *out, const struct charge_row *c) {
	int64_t nano;
	if (list_price(c, &nano)) {
		fputs("\"{", out);
		put_member(out, "x_ListModel", text_of(c->row->block.list_model));
		fputs("}\"", out);
	}
}

/* For tokens, the 95 % interval of their busy cost, from the split of GPU time. */
static void put_bound(FILE *out, const struct charge_row *c, int64_t unit_nano) {
	int64_t nano;
	if (of_tokens(c) && !c->adjusts && exact_mul_div(unit_nano, c->row->block.tokens[c->kind], 1000000, &nano)) {
		put_decimal(out, nano);
	}
}

static void put_low(FILE *out, const struct charge_row *c) {
	put_bound(out, c, of_tokens(c) ? c->row->block.unit[c->kind].low_nano : 0);
}

static void put_high(FILE *out, const struct charge_row *c) {
	put_bound(out, c, of_tokens(c) ? c->row->block.unit[c->kind].high_nano : 0);
}

/* How GPU time was allocated to this row: from 1.3 on, for charges that are split from those of a machine. */
static void put_method(FILE *out, const struct charge_row *c) {
	fprintf(out, "tollbook/%s", c->s->options.rule ? c->s->options.rule : "");
}

/* The share of all GPU time, and its amount. */
static void put_method_details(FILE *out, const struct charge_row *c) {
	int128 whole_ns = c->s->total.capacity_ns, ns = c->row->block.gpu_ns[c->kind];

	fputs("\"{\"\"Elements\"\":[{\"\"AllocatedRatio\"\":", out);
	put_fraction(out, whole_ns > 0 ? ns : 0, whole_ns > 0 ? whole_ns : 1);
	fputs(",\"\"UsageUnit\"\":\"\"GPU-Hours\"\",\"\"UsageQuantity\"\":", out);
	put_fraction(out, ns, NS_PER_HOUR);
	fputs("}]}\"", out);
}

#define ANY_VERSION FOCUS_1_2, FOCUS_1_4
#define CELL(name, put, ...) {name, put, NULL, __VA_ARGS__}
#define SAME(name, text, ...) {name, NULL, text, __VA_ARGS__}

/* The columns, by a function or the same in all rows, and the versions of the specification that have them. */
static const struct {
	const char *name;
	put_cell *put;
	const char *text;
	int from, to;
} columns[] = {
    CELL("AllocatedMethodDetails", put_method_details, FOCUS_1_3, FOCUS_1_4),
    CELL("AllocatedMethodId", put_method, FOCUS_1_3, FOCUS_1_4),
    CELL("AllocatedResourceId", put_tenant, FOCUS_1_3, FOCUS_1_4),
    CELL("AllocatedResourceName", put_tenant, FOCUS_1_3, FOCUS_1_4),
    CELL("AllocatedTags", put_tags, FOCUS_1_3, FOCUS_1_4),
    CELL("BilledCost", put_cost, ANY_VERSION),
    SAME("BillingAccountId", "Self-hosted", ANY_VERSION),
    SAME("BillingAccountName", "Self-hosted", ANY_VERSION),
    CELL("BillingCurrency", put_currency, ANY_VERSION),
    CELL("BillingPeriodEnd", put_month_end, ANY_VERSION),
    CELL("BillingPeriodStart", put_month_start, ANY_VERSION),
    SAME("ChargeCategory", "Usage", ANY_VERSION),
    CELL("ChargeClass", put_class, ANY_VERSION),
    CELL("ChargeDescription", put_description, ANY_VERSION),
    SAME("ChargeFrequency", "Usage-Based", ANY_VERSION),
    CELL("ChargePeriodEnd", put_period_end, ANY_VERSION),
    CELL("ChargePeriodStart", put_period_start, ANY_VERSION),
    CELL("ConsumedQuantity", put_consumed_quantity, ANY_VERSION),
    CELL("ConsumedUnit", put_consumed_unit, ANY_VERSION),
    CELL("ContractedCost", put_cost, ANY_VERSION),
    CELL("EffectiveCost", put_cost, ANY_VERSION),
    SAME("HostProviderName", "Self-hosted", FOCUS_1_3, FOCUS_1_4),
    SAME("InvoiceIssuerName", "Self-hosted", ANY_VERSION),
    CELL("ListCost", put_list_cost, ANY_VERSION),
    CELL("ListUnitPrice", put_list_unit_price, ANY_VERSION),
    SAME("PricingCategory", "Standard", ANY_VERSION),
    CELL("PricingQuantity", put_pricing_quantity, ANY_VERSION),
    CELL("PricingUnit", put_pricing_unit, ANY_VERSION),
    SAME("ProviderName", "Self-hosted", FOCUS_1_2, FOCUS_1_3), /* deprecated in 1.3, as the next one */
    SAME("PublisherName", "Self-hosted", FOCUS_1_2, FOCUS_1_3),
    CELL("ResourceId", put_model, ANY_VERSION),
    SAME("ResourceName", "", ANY_VERSION), /* a model has no name except its id */
    CELL("ResourceType", put_resource_type, ANY_VERSION),
    SAME("ServiceCategory", "AI and Machine Learning", ANY_VERSION),
    SAME("ServiceName", "LLM Inference", ANY_VERSION),
    SAME("ServiceProviderName", "Self-hosted", FOCUS_1_3, FOCUS_1_4),
    SAME("ServiceSubcategory", "Generative AI", ANY_VERSION),
    CELL("SkuId", put_sku, ANY_VERSION),
    CELL("SkuMeter", put_meter, ANY_VERSION),
    CELL("SkuPriceDetails", put_price_details, ANY_VERSION),
    CELL("SkuPriceId", put_sku, ANY_VERSION),
    CELL("SubAccountId", put_tenant, ANY_VERSION),
    CELL("SubAccountName", put_tenant, ANY_VERSION),
    CELL("Tags", put_tags, ANY_VERSION),
    CELL("x_EffectiveCostHigh", put_high, ANY_VERSION),
    CELL("x_EffectiveCostLow", put_low, ANY_VERSION),
};
#define COLUMNS (sizeof columns / sizeof *columns)

static bool is_in(size_t column, int version) {
	return version >= columns[column].from && version <= columns[column].to;
}

static void put_header(FILE *out, int version) {
	const char *lead = "";

	for (size_t i = 0; i < COLUMNS; i++) {
		if (is_in(i, version)) {
			fprintf(out, "%s%s", lead, columns[i].name);
			lead = ",";
		}
	}
	fputs("\r\n", out);
}

static void put_charge(FILE *out, const struct charge_row *c, int version) {
	const char *lead = "";

	for (size_t i = 0; i < COLUMNS; i++) {
		if (is_in(i, version)) {
			fputs(lead, out);
			if (columns[i].put) {
				columns[i].put(out, c);
			} else {
				fputs(columns[i].text, out);
			}
			lead = ",";
		}
	}
	fputs("\r\n", out);
}

static void put_row(FILE *out, const struct statement *s, const struct row *row, bool timed,
		    const struct report_adjustment *adjusts, int version) {
	for (int k = 0; k < ENTRY_KINDS; k++) {
		struct charge_row c = {s, row, (enum entry_kind)k, timed, adjusts};
		if (row->block.cost_nano[k] != 0 || of_tokens(&c)) {
			put_charge(out, &c, version);
		}
	}
}

void render_focus(const struct statement *s, const struct rendering_options *r, FILE *out) {
	bool timed;
	const struct table *lines = lines_of(s, &timed);

	put_header(out, r->focus_version);
	for (size_t i = 0; i < lines->count; i++) {
		if (table_at(lines, i)->block.has_bought && !table_at(lines, i)->block.has_ran) {
			continue; /* vendors bill it themselves */
		}
		put_row(out, s, table_at(lines, i), timed, NULL, r->focus_version);
	}
	struct table adjusted = adjusted_lines(s);
	for (size_t i = 0; i < adjusted.count; i++) {
		put_row(out, s, &adjusted.rows[i], false, &s->adjustments.rows[i].said, r->focus_version);
	}
	free(adjusted.rows);
}
