#include "report/estimate/audit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/decimal.h"
#include "core/exact.h"
#include "report/prices/prices.h"

const double audit_loads[AUDIT_LOADS] = {0.1, 0.3, 0.5, 1};
const double audit_caches[AUDIT_CACHES] = {0, 0.5, 0.8};

#define HALF 2 /* of audit_loads */
#define FULL 3
#define ENOUGH_SEQUENCES 16

/* ---- cards ---- */

/*
 * The smallest of 1, 2, 4 … GPUs that hold the weights and a useful batch, or up to four times as many if a request
 * then costs less.
 */
static int fit_gpus(struct costs *c, struct estimate_options *o, struct fault *why) {
	double least = INFINITY;
	int64_t most = 64;
	int err = ERROR_CONFIG;

	if (o->gpus > 0) {
		return costs_init(c, o, why);
	}
	for (o->gpus = 1; o->gpus <= most; o->gpus *= 2) {
		struct costs next;
		int failed = costs_init(&next, o, why);
		if (failed) {
			err = least < INFINITY ? 0 : failed;
			continue;
		}
		bool enough = next.fits >= ENOUGH_SEQUENCES;
		double request = enough ? explain_at_load(&next, 1).request : INFINITY;
		most = enough && isinf(least) && o->gpus < 16 ? 4 * o->gpus : most;
		/* fewer GPUs lose less time to communication at small loads */
		if (isinf(least) || request < 0.98 * least) {
			least = request;
			*c = next;
		}
		err = 0;
	}
	return err;
}

/* "H100=2.49" */
static int add_card(struct audit *a, const struct audit_options *o, const char *given, struct fault *why) {
	struct audit_card *card = &a->cards[a->card_count];
	struct estimate_options e = o->estimate;
	struct text name, price = text_of(given);
	char gpu[96];

	if (!text_until(&price, T("="), &name) || name.len == 0 || name.len >= sizeof gpu || !decimal_parse(price, 0, &e.rent_nano) || e.rent_nano <= 0) {
		return fault_set(why, ERROR_CONFIG, "--card %s: not a GPU and its price, expected for example "
						    "H100=2.49", given);
	}
	memcpy(gpu, name.at, name.len);
	gpu[name.len] = '\0';
	e.gpu = gpu;
	int err = fit_gpus(&card->costs, &e, why);
	if (err) {
		return err;
	}
	card->per_hour = (double)e.rent_nano / 1e9;
	for (size_t i = 0; i < AUDIT_LOADS; i++) {
		card->request[i] = explain_at_load(&card->costs, audit_loads[i]).request;
	}
	for (size_t i = 0; i < AUDIT_CACHES; i++) {
		struct costs c = card->costs;
		c.cached = floor(c.prompt * audit_caches[i]);
		card->cached[i] = explain_at_load(&c, audit_loads[HALF]).request;
	}
	a->cheapest = card->request[FULL] < a->cards[a->cheapest].request[FULL] ? a->card_count : a->cheapest;
	a->card_count++;
	return 0;
}

static int add_cards(struct audit *a, const struct audit_options *o, struct fault *why) {
	static const char *const likely[] = {"H100=2.35", "H200=2.80", "B200=4.20", "MI300X=2.00"};
	size_t count = o->card_count > 0 ? o->card_count : sizeof likely / sizeof *likely;
	const char *const *cards = o->card_count > 0 ? o->cards : likely;
	int err = 0;

	a->assumed = o->card_count == 0;
	if (count > AUDIT_CARDS_MAX) {
		return fault_set(why, ERROR_CONFIG, "--card: too many, expected at most %d", AUDIT_CARDS_MAX);
	}
	for (size_t i = 0; i < count && !err; i++) {
		err = add_card(a, o, cards[i], why);
	}
	return err;
}

/* ---- sellers ---- */

static double price_of(const struct price_quote *q, enum price_kind kind) {
	return q->nano[kind] == PRICE_UNKNOWN ? NAN : (double)q->nano[kind] / 1e9;
}

static double revenue(const struct audit_seller *s, double prompt, double cached, double output) {
	double price = isnan(s->cached) ? s->input : s->cached;

	return ((prompt - cached) * s->input + cached * price + output * s->output) / 1e6;
}

static void copy_text(char *out, size_t size, struct text t) {
	size_t len = t.len < size - 1 ? t.len : size - 1;

	memcpy(out, t.at, len);
	out[len] = '\0';
}

static void add_seller(struct audit *a, const struct audit_options *o, const struct price_model *m) {
	const struct costs *c = &a->cards[0].costs;
	struct audit_seller *s = &a->sellers[a->seller_count];
	struct price_quote q;

	price_at(m, o->at_ns, o->estimate.prompt, SERVICE_STANDARD, &q);
	*s = (struct audit_seller){.input = price_of(&q, PRICE_INPUT), .cached = price_of(&q, PRICE_CACHE_READ), .output = price_of(&q, PRICE_OUTPUT)};
	if (isnan(s->input) || isnan(s->output) || (m->currency.len > 0 && !text_eq_nocase(m->currency, text_of(c->currency)))) {
		return;
	}
	copy_text(s->provider, sizeof s->provider, m->provider.len > 0 ? m->provider : T("-"));
	copy_text(s->id, sizeof s->id, m->id);
	s->revenue = revenue(s, c->prompt, c->cached, c->output);
	for (size_t i = 0; i < AUDIT_CACHES; i++) {
		s->revenue_cached[i] = revenue(s, c->prompt, floor(c->prompt * audit_caches[i]), c->output);
	}
	a->seller_count++;
}

static int by_revenue(const void *a, const void *b) {
	const struct audit_seller *x = a, *y = b;
	int order = (x->revenue < y->revenue) - (x->revenue > y->revenue);

	order = order != 0 ? order : strcmp(x->provider, y->provider);
	return order != 0 ? order : strcmp(x->id, y->id);
}

static bool known_already(const struct audit *a, const struct price_model *m) {
	for (size_t i = 0; i < a->seller_count; i++) {
		if (text_eq(m->id, text_of(a->sellers[i].id)) && text_eq(m->provider, text_of(a->sellers[i].provider))) {
			return true;
		}
	}
	return false;
}

static void add_sellers(struct audit *a, const struct audit_options *o, struct text name) {
	const struct price_model *found[AUDIT_SELLERS_MAX];
	size_t count = price_sellers(o->prices, name, found, AUDIT_SELLERS_MAX);

	for (size_t i = 0; i < count && a->seller_count < AUDIT_SELLERS_MAX; i++) {
		if (!known_already(a, found[i])) {
			add_seller(a, o, found[i]);
		}
	}
}

static int find_sellers(struct audit *a, const struct audit_options *o, struct fault *why) {
	const char *own = a->cards[0].costs.roofline.model.name;

	a->sellers = must_calloc(AUDIT_SELLERS_MAX, sizeof *a->sellers);
	for (size_t i = 0; i < o->name_count; i++) {
		add_sellers(a, o, text_of(o->names[i]));
	}
	if (o->name_count == 0) {
		add_sellers(a, o, text_of(own));
	}
	if (a->seller_count == 0) {
		return fault_set(why, ERROR_CONFIG, "--as: no catalogue prices a model of the name %.80s, expected a name that sellers use", o->name_count > 0 ? o->names[0] : own);
	}
	qsort(a->sellers, a->seller_count, sizeof *a->sellers, by_revenue);
	return 0;
}

/* ---- verdicts ---- */

/* The lowest load at which a request pays for itself; cost falls as load grows. */
static double break_even(const struct audit_card *card, double brings) {
	double low = 1e-4, high = 1;

	if (card->request[FULL] > brings) {
		return INFINITY;
	}
	for (int i = 0; i < 24 && high / low > 1.01; i++) {
		double mid = sqrt(low * high);
		*(explain_at_load(&card->costs, mid).request > brings ? &low : &high) = mid;
	}
	return high;
}

struct audit_verdict audit_judge(const struct audit_card *card, const struct audit_seller *s) {
	double spread = exp(card->costs.spread), half = card->request[HALF], full = card->request[FULL];
	struct audit_verdict v = {.break_even = break_even(card, s->revenue), .word = ""};

	for (size_t i = 0; i < AUDIT_LOADS; i++) {
		v.margin[i] = 1 - card->request[i] / s->revenue;
	}
	for (size_t i = 0; i < AUDIT_CACHES; i++) {
		v.margin_cached[i] = 1 - card->cached[i] / s->revenue_cached[i];
	}
	v.margin_low = 1 - half * spread / s->revenue;
	v.margin_high = 1 - half / spread / s->revenue;
	v.word = s->revenue < full / spread ? "below cost at any load" : s->revenue < full ? "below the estimated cost at any load, though within its interval" : "";
	return v;
}

/* ---- all of it ---- */

/* Estimated cost of a day's tokens, with full batches and at half load. */
static void set_bill(struct audit *a, const struct audit_options *o) {
	const struct costs *c = &a->cards[a->cheapest].costs;
	static const double loads[2] = {1, 0.5};

	for (size_t i = 0; i < 2; i++) {
		struct costs at = *c;
		costs_set_load(&at, loads[i]);
		a->tokens[i] = (double)o->tokens[i];
		double context = at.prompt + at.output / 2;
		double ns = (double)(o->tokens[0] - o->tokens[1]) * costs_uncached_ns(&at, at.prompt, at.cached) + (double)o->tokens[2] * costs_output_ns(&at, (double)at.batch, context);
		ns += at.cached > 0 ? (double)o->tokens[1] * costs_cached_ns(&at, at.prompt, at.cached) : 0;
		a->bill[i] = o->tokens[0] + o->tokens[2] > 0 ? costs_rent(&at, ns) / 1e6 : NAN;
	}
	a->tokens[2] = (double)o->tokens[2];
}

int audit_print(const struct audit_options *o, const char *format, FILE *out, struct fault *why) {
	static const struct {
		const char *name;
		void (*print)(const struct audit *, FILE *);
	} forms[] = {{"table", audit_table}, {"csv", audit_csv}, {"json", audit_json}, {"html", audit_html}, {"markdown", audit_markdown}};
	struct audit *a = must_calloc(1, sizeof *a);
	int err = add_cards(a, o, why);

	err = err ? err : find_sellers(a, o, why);
	if (!err) {
		set_bill(a, o);
		for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
			if (strcmp(format ? format : "table", forms[i].name) == 0) {
				forms[i].print(a, out);
			}
		}
	}
	free(a->sellers);
	free(a);
	return err;
}
