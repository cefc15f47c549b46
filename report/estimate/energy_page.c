/* energy_page.c: the energy of entries, its price and its CO2. */
#include <math.h>
#include <stdlib.h>

#include "core/files/platform.h"
#include "core/json.h"
#include "report/estimate.h"
#include "report/estimate/intensity.h"
#include "report/estimate/sheet.h"

/* Millijoules in a kWh. */
#define KWH_MJ INT64_C(3600000000)

/* Sums; money and grams in millijoules x nano x nano, divided when they are shown. */
struct energy_line {
	name_id tenant;
	int64_t gpu_ns, metered_ns, tokens;
	int128 mj;
	int128 site;  /* mj x PUE in nano */
	int128 money, grams;
	int64_t unknown_ns; /* GPU time without samples and without watts */
	bool unpriced, undated; /* a part has no price, no intensity */
};

struct energy_page {
	struct energy_page_options o;
	struct intensity grid;
	struct energy_line kinds[ENTRY_KINDS];
	struct energy_line *tenants;
	size_t tenant_count, last;
};

struct energy_page *energy_page_new(const struct energy_page_options *o, struct fault *why) {
	struct energy_page *p = must_calloc(1, sizeof *p);

	p->o = *o;
	if (o->grid && intensity_read(&p->grid, o->grid, why) < 0) {
		energy_page_free(p);
		return NULL;
	}
	return p;
}

void energy_page_free(struct energy_page *p) {
	if (p) {
		intensity_release(&p->grid);
		free(p->tenants);
		free(p);
	}
}

static struct energy_line *tenant_line(struct energy_page *p, name_id tenant) {
	for (size_t i = 0; i < p->tenant_count; i++) {
		size_t at = (p->last + i) % p->tenant_count;
		if (p->tenants[at].tenant == tenant) {
			p->last = at;
			return &p->tenants[at];
		}
	}
	p->tenants = must_realloc(p->tenants, (p->tenant_count + 1) * sizeof *p->tenants);
	p->tenants[p->tenant_count] = (struct energy_line){.tenant = tenant};
	p->last = p->tenant_count;
	return &p->tenants[p->tenant_count++];
}

static void add(struct energy_line *l, const struct energy_line *x) {
	l->gpu_ns += x->gpu_ns;
	l->metered_ns += x->metered_ns;
	l->tokens += x->tokens;
	l->mj += x->mj;
	l->site += x->site;
	l->money += x->money;
	l->grams += x->grams;
	l->unknown_ns += x->unknown_ns;
	l->unpriced |= x->unpriced;
	l->undated |= x->undated;
}

int energy_page_add_entry(void *page, const struct entry *e) {
	struct energy_page *p = page;
	int64_t pue = 0, price = 0, grams = 0;
	struct energy_line x = {.gpu_ns = e->gpu_ns, .metered_ns = e->metered_ns, .tokens = e->tokens, .mj = e->energy_mj};

	/* A millisecond at a watt is a millijoule, and no GPU uses less. */
	x.unknown_ns = e->energy_mj == 0 && e->metered_ns == 0 && e->gpu_ns > NS_PER_SECOND / 1000 ? e->gpu_ns : 0;
	p->o.site_of(p->o.context, e->pool, &pue, &price);
	x.site = x.mj * (pue > 0 ? pue : NANO);
	x.money = x.site * price;
	x.unpriced = e->energy_mj > 0 && price == 0;
	if (p->o.grid && intensity_at(&p->grid, e->slot_ns, &grams)) {
		x.grams = x.site * grams;
	} else {
		x.undated = p->o.grid && e->energy_mj > 0;
	}
	add(&p->kinds[e->kind], &x);
	if (e->kind <= ENTRY_OUTPUT) {
		add(tenant_line(p, e->tenant), &x);
	}
	return 0;
}

/* In whole nano of a kWh, a currency, a gram. */
static double kwh_of(int128 mj) {
	return (double)exact_div(mj * NANO, KWH_MJ) / 1e9;
}

static double scaled(int128 sum) {
	return (double)exact_div(exact_div(sum, NANO), KWH_MJ) / 1e9;
}

/* No time: zero is known. */
static bool is_known(const struct energy_line *l) {
	return l->mj > 0 || l->gpu_ns == 0;
}

static void print_cell(double x, int places, int width, FILE *out) {
	char number[SHEET_NUMBER_MAX];

	fprintf(out, " %*s", width, sheet_number(x, places, number));
}

static void print_line(const struct energy_page *p, const char *name, const struct energy_line *l, bool per_token, FILE *out) {
	bool known = is_known(l);
	double site = known ? kwh_of(exact_div(l->site, NANO)) : NAN, money = l->unpriced || !known ? NAN : scaled(l->money);
	double grams = l->undated || !known || !p->o.grid ? NAN : scaled(l->grams);
	double millions = per_token && l->tokens > 0 ? (double)l->tokens / 1e6 : NAN;

	fprintf(out, "  %-20.20s", name);
	print_cell(known ? kwh_of(l->mj) : NAN, 6, 12, out);
	print_cell(l->gpu_ns > 0 ? 100 * (double)l->metered_ns / (double)l->gpu_ns : 0, 1, 8, out);
	fputs(" %", out);
	print_cell(site, 6, 12, out);
	print_cell(money, 6, 10, out);
	print_cell(grams, 3, 12, out);
	print_cell(site * 1000 / millions, 3, 10, out);
	print_cell(money / millions, 6, 10, out);
	print_cell(grams / millions, 3, 10, out);
	fputc('\n', out);
}

static int order_tenants(const void *a, const void *b, void *page) {
	const struct energy_page *p = page;
	const struct energy_line *x = a, *y = b;

	return text_compare(names_text(p->o.names, x->tenant), names_text(p->o.names, y->tenant));
}

static struct energy_line *sorted_tenants(const struct energy_page *p) {
	struct energy_line *sorted = must_calloc(p->tenant_count + 1, sizeof *sorted);

	for (size_t i = 0; i < p->tenant_count; i++) {
		sorted[i] = p->tenants[i];
	}
	platform_sort(sorted, p->tenant_count, sizeof *sorted, order_tenants, (void *)(uintptr_t)p);
	return sorted;
}

static void print_tenants(const struct energy_page *p, FILE *out) {
	struct energy_line *sorted = sorted_tenants(p);

	fputs("by tenant, all tokens alike\n", out);
	for (size_t i = 0; i < p->tenant_count; i++) {
		struct text name = names_text(p->o.names, sorted[i].tenant);
		char escaped[400];
		json_escape(text_cut(name, 0, 60), escaped, sizeof escaped);
		print_line(p, name.len > 0 ? escaped : "(no tenant named)", &sorted[i], true, out);
	}
	free(sorted);
}

void energy_page_print(const struct energy_page *p, FILE *out) {
	static const char *const names[ENTRY_KINDS] = {"input, uncached", "input, cached", "output", "other", "idle", "unobserved"};
	struct energy_line all = {0};

	fprintf(out, "\nEnergy of the GPUs, and of the site with its PUE; per million tokens on the right\n  %-20s %12s %10s %12s %10s %12s %10s %10s %10s\n",
	        "", "GPU kWh", "metered", "site kWh", p->o.currency, "gCO2", "Wh/M", "cost/M", "gCO2/M");
	for (int k = 0; k < ENTRY_KINDS; k++) {
		print_line(p, names[k], &p->kinds[k], k <= ENTRY_OUTPUT, out);
		add(&all, &p->kinds[k]);
	}
	print_line(p, "all", &all, false, out);
	if (p->tenant_count > 0) {
		print_tenants(p, out);
	}
	if (all.unknown_ns > 0) {
		fprintf(out, "%.1f %% of GPU time has no power samples and no watts in the fleet file. It is not in "
			     "these figures.\n",
		        100 * (double)all.unknown_ns / (double)all.gpu_ns);
	}
	fputs("Metered: the share of GPU time covered by power samples (trapezoids, gaps over 60 s left out); for the "
	      "rest\nthe fleet file's watts are assumed. A dash: no price per kWh in the fleet file, or no --grid for "
	      "the hour.\n", out);
}

/* ---- for programs ---- */

static void put_line(const struct energy_page *p, const struct energy_line *l, FILE *out) {
	bool known = is_known(l);

	fprintf(out, "\"gpu_ns\":%lld,\"metered_ns\":%lld,\"unknown_ns\":%lld,\"tokens\":%lld,\"gpu_kwh\":", (long long)l->gpu_ns,
	        (long long)l->metered_ns, (long long)l->unknown_ns, (long long)l->tokens);
	sheet_json_number(known ? kwh_of(l->mj) : NAN, out);
	fputs(",\"site_kwh\":", out);
	sheet_json_number(known ? kwh_of(exact_div(l->site, NANO)) : NAN, out);
	fputs(",\"cost\":", out);
	sheet_json_number(l->unpriced || !known ? NAN : scaled(l->money), out);
	fputs(",\"gco2\":", out);
	sheet_json_number(l->undated || !known || !p->o.grid ? NAN : scaled(l->grams), out);
}

void energy_page_json(const struct energy_page *p, FILE *out) {
	static const char *const keys[ENTRY_KINDS] = {"input_uncached", "input_cached", "output", "other", "idle", "unobserved"};
	struct energy_line all = {0}, *sorted = sorted_tenants(p);

	fputs("{\"kinds\":{", out);
	for (int k = 0; k < ENTRY_KINDS; k++) {
		fprintf(out, "%s\"%s\":{", k > 0 ? ",\n   " : "\n   ", keys[k]);
		put_line(p, &p->kinds[k], out);
		fputc('}', out);
		add(&all, &p->kinds[k]);
	}
	fputs("},\n  \"total\":{", out);
	all.tokens = p->kinds[ENTRY_INPUT].tokens + p->kinds[ENTRY_INPUT_CACHED].tokens + p->kinds[ENTRY_OUTPUT].tokens;
	put_line(p, &all, out);
	fputs("},\n  \"tenants\":[", out);
	for (size_t i = 0; i < p->tenant_count; i++) {
		struct text name = names_text(p->o.names, sorted[i].tenant);
		char escaped[6 * 400];
		json_escape(text_cut(name, 0, 380), escaped, sizeof escaped);
		fprintf(out, "%s{\"tenant\":\"%s\",", i > 0 ? ",\n   " : "\n   ", escaped);
		put_line(p, &sorted[i], out);
		fputc('}', out);
	}
	fputs("]}", out);
	free(sorted);
}
