/* Revenue of tokens at list price. */
#include <assert.h>
#include <stdlib.h>

#include "core/billing.h"
#include "core/decimal.h"
#include "core/files/platform.h"
#include "report/statement.h"

static const char *label_of(const struct statement *s, const struct price_model *m) {
	size_t size = m->provider.len + m->id.len + 2;
	char *label = prices_alloc(s->options.prices, size);
	snprintf(label, size, "%.*s%s%.*s", TEXT_ARG(m->provider), m->provider.len > 0 ? "/" : "", TEXT_ARG(m->id));
	return label;
}

/* Makes room for all models named so far. */
static void grow_firsts(struct statement *s, name_id model) {
	size_t count = names_count(s->options.names);

	assert(model < count);
	if (model < s->listed_models) {
		return;
	}
	s->first_list_price = must_realloc(s->first_list_price, count * sizeof(*s->first_list_price));
	memset(s->first_list_price + s->listed_models, 0, (count - s->listed_models) * sizeof(*s->first_list_price));
	s->listed_models = count;
}

static void search(struct statement *s, struct list_price *l) {
	price_find(s->options.prices, names_text(s->options.names, l->model), l->provider, &l->search);
	l->label = l->search.outcome == PRICE_FOUND ? label_of(s, l->search.model) : NULL;
}

/* A model bought from a provider that the log names has a separate list price. */
static struct list_price *list_price_of(struct statement *s, name_id model, struct text provider) {
	grow_firsts(s, model);
	for (uint32_t at = s->first_list_price[model]; at != 0; at = s->list_prices[at - 1]->next) {
		if (text_eq(s->list_prices[at - 1]->provider, provider)) {
			return s->list_prices[at - 1];
		}
	}
	struct list_price *l = prices_alloc(s->options.prices, sizeof(*l));
	*l = (struct list_price){.model = model, .provider = prices_keep(s->options.prices, provider), .next = s->first_list_price[model]};
	search(s, l);
	s->list_prices = must_grow_by_count(s->list_prices, s->list_price_count, sizeof(struct list_price *));
	s->list_prices[s->list_price_count++] = l;
	s->first_list_price[model] = (uint32_t)s->list_price_count;
	return l;
}

/* `part` of the tokens at its own price, if the catalogue has one, the rest at `whole`. */
static int128 priced(int64_t tokens, int64_t whole, int64_t part, int64_t part_price) {
	if (part_price == PRICE_UNKNOWN) {
		part = 0;
	}
	return (int128)(tokens - part) * whole + (int128)part * part_price;
}

/* Prices that the class does not have itself, and the revenue that rests on them. */
static void note_service(struct list_price *l, const struct entry *e, const struct price_quote *q, enum price_kind whole, int128 revenue) {
	const bool used[PRICE_KINDS] = {
	    [PRICE_CACHE_WRITE] = e->kind == ENTRY_INPUT && e->cache_write_tokens > 0,
	    [PRICE_REASONING] = e->kind == ENTRY_OUTPUT && e->reasoning_tokens > 0,
	};
	unsigned as_standard = 0;

	for (unsigned k = 0; k < PRICE_TOKENS; k++) {
		if ((used[k] || (k == whole && e->tokens > 0)) && q->stands_in[k]) {
			as_standard |= 1u << k;
		}
	}
	l->as_standard[e->service] |= as_standard;
	l->standard_revenue[e->service] += as_standard ? revenue : 0;
}

/* Prices of parts of requests, and the substitute if the catalogue has no such price. */
static const struct {
	enum price_kind kind, else_kind;
} part_prices[BILLED_PARTS] = {
    [BILLED_WRITE_1H] = {PRICE_WRITE_1H, PRICE_CACHE_WRITE},
    [BILLED_AUDIO_IN] = {PRICE_AUDIO_IN, PRICE_INPUT},
    [BILLED_IMAGE_IN] = {PRICE_IMAGE_IN, PRICE_INPUT},
    [BILLED_VIDEO_IN] = {PRICE_VIDEO_IN, PRICE_INPUT},
    [BILLED_AUDIO_CACHED] = {PRICE_AUDIO_CACHED, PRICE_CACHE_READ},
    [BILLED_IMAGE_CACHED] = {PRICE_IMAGE_CACHED, PRICE_CACHE_READ},
    [BILLED_AUDIO_OUT] = {PRICE_AUDIO_OUT, PRICE_OUTPUT},
    [BILLED_IMAGE_OUT] = {PRICE_IMAGE_OUT, PRICE_OUTPUT},
    [BILLED_VIDEO_OUT] = {PRICE_VIDEO_OUT, PRICE_OUTPUT},
    [BILLED_CITATIONS] = {PRICE_CITATIONS, PRICE_KINDS},
    [BILLED_SEARCHES] = {PRICE_SEARCHES, PRICE_KINDS},
};

/* The price of a part; if it has none, that of the whole, which is noted with its amount. */
static bool revenue_of_part(struct list_price *l, const struct entry *e, const struct price_quote *q, int part, int128 *revenue) {
	bool fee = part == BILLED_CITATIONS || part == BILLED_SEARCHES;
	int64_t amount = fee ? e->requests : e->tokens, nano = q->nano[part_prices[part].kind];

	if (nano == PRICE_UNKNOWN) {
		enum price_kind instead = part_prices[part].else_kind;
		nano = fee ? 0 : q->nano[instead] != PRICE_UNKNOWN ? q->nano[instead] : q->nano[e->kind == ENTRY_OUTPUT ? PRICE_OUTPUT : PRICE_INPUT];
		l->part_amount[part] += amount;
		l->part_revenue[part] += nano == PRICE_UNKNOWN ? 0 : (int128)amount * nano;
	}
	*revenue = nano == PRICE_UNKNOWN ? 0 : (int128)amount * nano;
	l->unpriced |= nano == PRICE_UNKNOWN;
	return nano != PRICE_UNKNOWN;
}

/*
 * Token kinds nest and never overlap: cache writes are within uncached input, reasoning within output. Without a
 * separate price, a part costs the same as its whole, as in the catalogues' own rule for cached input.
 */
static bool revenue_of_whole(struct list_price *l, const struct entry *e, const struct price_quote *q, int128 *revenue, int128 *fees) {
	enum price_kind kind = e->kind == ENTRY_OUTPUT ? PRICE_OUTPUT : PRICE_INPUT;
	int64_t whole = q->nano[kind];

	if (e->kind == ENTRY_INPUT) {
		*revenue = priced(e->tokens, whole, e->cache_write_tokens, q->nano[PRICE_CACHE_WRITE]) -
			   q->back_per_request * e->requests;
		*fees = q->nano[PRICE_REQUESTS] == PRICE_UNKNOWN ? 0 : (int128)e->requests * q->nano[PRICE_REQUESTS];
	} else if (e->kind == ENTRY_OUTPUT) {
		*revenue = priced(e->tokens, whole, e->reasoning_tokens, q->nano[PRICE_REASONING]);
	} else {
		l->cached_as_input |= q->nano[PRICE_CACHE_READ] == PRICE_UNKNOWN;
		kind = q->nano[PRICE_CACHE_READ] == PRICE_UNKNOWN ? PRICE_INPUT : PRICE_CACHE_READ;
		whole = q->nano[kind];
		*revenue = (int128)e->tokens * whole;
	}
	note_service(l, e, q, kind, *revenue);
	l->unpriced |= whole == PRICE_UNKNOWN;
	return whole != PRICE_UNKNOWN;
}

/* Words for "anywhere". */
static bool is_anywhere(struct text geo) {
	return geo.len == 0 || text_eq(geo, T("global")) || text_eq(geo, T("not_available")) || text_eq(geo, T("none"));
}

/* If the vendor must compute in a region, all kinds of tokens cost more. */
static int128 bound_to(struct list_price *l, struct text geo, int128 revenue) {
	const struct price_model *m = l->search.model;

	if (is_anywhere(geo)) {
		return revenue;
	}
	for (size_t i = 0; i < m->geo_count; i++) {
		if (text_eq_nocase(m->geos[i].name, geo)) {
			return exact_div(revenue * m->geos[i].nano, 1000000000);
		}
	}
	l->geo_unknown = true;
	l->geo_revenue += revenue;
	return revenue;
}

static bool revenue_of(struct list_price *l, const struct entry *e, const struct terms *t, int128 *revenue, int128 *fees) {
	struct price_quote q;
	int class = t->billing.fast ? PRICE_FAST : e->service == SERVICE_OTHER ? SERVICE_STANDARD : (int)e->service;

	price_at(l->search.model, e->slot_ns, e->prompt_over_ntok, class, &q);
	for (int k = 0; k < PRICE_KINDS && e->service == SERVICE_OTHER && class == SERVICE_STANDARD; k++) {
		q.stands_in[k] = true; /* a class that no catalogue prices */
	}
	bool known = t->part < BILLED_PARTS ? revenue_of_part(l, e, &q, t->part, revenue) : revenue_of_whole(l, e, &q, revenue, fees);
	bool fee = t->part == BILLED_CITATIONS || t->part == BILLED_SEARCHES;
	*fees = !known ? 0 : fee ? *revenue : *fees;
	*revenue = !known || fee ? 0 : bound_to(l, t->billing.geo, *revenue);
	l->tiered |= q.tiered;
	l->part_above |= q.back_per_request != 0;
	l->revenue += *revenue + *fees;
	return known;
}

/* Prices in another currency than the statement's are not used. */
static bool is_ours(const struct statement *s, struct list_price *l) {
	l->foreign = s->options.currency && !text_eq(l->search.model->currency, text_of(s->options.currency));
	return !l->foreign;
}

/* A request with a fully cached prompt has no tokens here, but may still have a refund. */
static bool has_revenue(const struct entry *e) {
	return e->kind <= ENTRY_OUTPUT && (e->tokens > 0 || e->requests > 0);
}

bool list_price_revenue(struct statement *s, const struct entry *e, const struct terms *t, int128 *revenue, int128 *fees) {
	*revenue = *fees = 0;
	if (!has_revenue(e)) {
		return true;
	}
	if (!s->options.prices || s->options.prices->model_count == 0) {
		return e->tokens == 0;
	}
	struct list_price *l = list_price_of(s, e->model, t->billing.provider);
	bool listed = l->search.outcome == PRICE_FOUND && is_ours(s, l) && revenue_of(l, e, t, revenue, fees);
	*revenue = listed ? *revenue : 0;
	return listed || e->tokens == 0;
}

const struct list_price *list_price_find(const struct statement *s, name_id model, struct text provider) {
	for (uint32_t at = model < s->listed_models ? s->first_list_price[model] : 0; at != 0; at = s->list_prices[at - 1]->next) {
		const struct list_price *l = s->list_prices[at - 1];
		if (l->search.outcome == PRICE_FOUND && text_eq(l->provider, provider)) {
			return l;
		}
	}
	return NULL;
}

const struct list_price *list_price_of_model(const struct statement *s, name_id model) {
	const struct list_price *l = list_price_find(s, model, T(""));

	return l ? l : model < s->listed_models && s->first_list_price[model] ? s->list_prices[s->first_list_price[model] - 1] : NULL;
}

/* ---- warnings about these prices ---- */

#define CANDIDATES_TEXT_MAX 400

static const char *price_text(int64_t nano, char out[DECIMAL_TEXT_MAX]) {
	return nano == PRICE_UNKNOWN ? "no price" : decimal_exact(nano, 0, out);
}

/* The cheapest and the most expensive, with their prices of a million input and output tokens. */
static void list_candidates(const struct price_search *s, char out[CANDIDATES_TEXT_MAX]) {
	size_t shown = s->candidate_count < PRICE_CANDIDATES_MAX ? s->candidate_count : PRICE_CANDIDATES_MAX;
	const struct price_model *ends[2] = {s->candidates[0], s->candidates[shown - 1]};
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < 2 && len < CANDIDATES_TEXT_MAX; i++) {
		const struct price_ladder *at = ends[i]->rules[ends[i]->rule_count - 1].ladder[SERVICE_STANDARD];
		char in[DECIMAL_TEXT_MAX], made[DECIMAL_TEXT_MAX];
		len += (size_t)snprintf(out + len, CANDIDATES_TEXT_MAX - len, "%s%.*s/%.*s at %s and %s", i == 0 ? "from " : " to ",
					TEXT_ARG(ends[i]->provider), TEXT_ARG(ends[i]->id), price_text(price_step_at(&at[PRICE_INPUT], 0), in),
					price_text(price_step_at(&at[PRICE_OUTPUT], 0), made));
	}
}

static bool is_built_in(const struct statement *s) {
	return s->options.prices->built_in;
}

/* A requested catalogue should contain the names; the installed one may not. */
static void warn_not_found(const struct statement *s, const struct list_price *l, struct text name, struct quality *q) {
	char option[200], what[300];

	if (l->search.mapped.len > 0) {
		quality_finding(q, "no-price", name.at, "--list", QUALITY_NO_AMOUNT,
				"no list price for %.*s: --list names %.*s, which the catalogue does not price", TEXT_ARG(name),
				TEXT_ARG(l->search.mapped));
		return;
	}
	snprintf(option, sizeof option, "--list %.*s=PROVIDER/MODEL", (int)(name.len > 120 ? 120 : name.len), name.at);
	if (is_built_in(s)) {
		name = name.len > 0 ? name : T("a model without a name");
		snprintf(what, sizeof what, "list price of %.*s", (int)(name.len > 120 ? 120 : name.len), name.at);
		quality_missing(q, what, "a price catalogue with this model: the installed one lacks it", "--prices");
		return;
	}
	quality_finding(q, "no-price", name.at, option, QUALITY_NO_AMOUNT,
			"no list price for %.*s: the catalogue has no such model; name one with --list %.*s=PROVIDER/MODEL",
			TEXT_ARG(name), TEXT_ARG(name));
}

/* Several sellers: which price was used, and the others. */
static void warn_median(const struct statement *s, const struct list_price *l, struct text name, struct quality *q) {
	char candidates[CANDIDATES_TEXT_MAX], option[200];

	if (!l->search.by_median) {
		return;
	}
	list_candidates(&l->search, candidates);
	snprintf(option, sizeof option, "--list %.*s=PROVIDER/MODEL", (int)(name.len > 120 ? 120 : name.len), name.at);
	quality_assume(q, name.at, l->label, "--list", is_built_in(s) ? "installed catalogue" : "--prices",
		       "list price of %.*s: the median of %zu sellers, %s; %s per million input and output tokens", TEXT_ARG(name),
		       l->search.candidate_count, l->label, candidates);
	if (!is_built_in(s)) {
		quality_finding(q, "price-ambiguous", name.at, option, QUALITY_NO_AMOUNT,
				"list price of %.*s: %zu models of the catalogue match, at different prices, and the "
				"median, %s, is used; choose with --list %.*s=PROVIDER/MODEL (%s)", TEXT_ARG(name), l->search.candidate_count, l->label,
				TEXT_ARG(name), candidates);
	}
}

/* Names that differ from the catalogue's, and a provider that it does not have. */
static void warn_how(const struct list_price *l, struct text name, struct quality *q) {
	bool loose = text_find(text_of(l->search.how), T("without")) != SIZE_MAX || text_find(text_of(l->search.how), T("maker")) != SIZE_MAX;

	if (loose && !l->search.by_median) {
		quality_assume(q, name.at, l->label, "--list", "--prices", "list price of %.*s: that of %s, found by %s", TEXT_ARG(name), l->label,
			       l->search.how);
	}
	if (l->search.other_provider) {
		quality_assume(q, name.at, l->label, "--list", "--prices",
			       "list price of %.*s: that of %s; the catalogue has none of provider %.*s, which the log names", TEXT_ARG(name), l->label,
			       TEXT_ARG(l->provider));
	}
}

/* The revenue affected by a price that the catalogue lacks. */
static int64_t amount_of(int128 revenue) {
	int128 nano = exact_div(revenue, 1000000);

	return nano > INT64_MAX / 2 || nano < 0 ? QUALITY_NO_AMOUNT : (int64_t)nano;
}

static void warn_parts(const struct list_price *l, struct text name, struct quality *q) {
	static const struct {
		const char *what, *as;
		bool finding;
	} parts[BILLED_PARTS] = {
	    [BILLED_WRITE_1H] = {"tokens written to the cache for an hour", "those written for five minutes", true},
	    [BILLED_AUDIO_IN] = {"audio tokens of input", "text", true},
	    [BILLED_IMAGE_IN] = {"image tokens of input", "text", false},
	    [BILLED_VIDEO_IN] = {"video tokens of input", "text", false},
	    [BILLED_AUDIO_CACHED] = {"cached audio tokens", "cached text", false},
	    [BILLED_IMAGE_CACHED] = {"cached image tokens", "cached text", false},
	    [BILLED_AUDIO_OUT] = {"audio tokens of output", "text", true},
	    [BILLED_IMAGE_OUT] = {"image tokens of output", "text", true},
	    [BILLED_VIDEO_OUT] = {"video tokens of output", "text", true},
	    [BILLED_SEARCHES] = {"web searches", NULL, true},
	};

	for (int i = 0; i < BILLED_PARTS; i++) {
		if (l->part_amount[i] == 0 || !parts[i].what) {
			continue;
		}
		if (!parts[i].as) {
			quality_finding(q, "price-kind", name.at, "--prices", QUALITY_NO_AMOUNT,
					"list price of %s: it has no price for %lld %s, which are left out", l->label, (long long)l->part_amount[i],
					parts[i].what);
		} else if (parts[i].finding) {
			quality_finding(q, "price-kind", name.at, "--prices", amount_of(l->part_revenue[i]),
					"list price of %s: it has no price for %lld %s, which are priced as %s", l->label,
					(long long)l->part_amount[i], parts[i].what, parts[i].as);
		} else {
			quality_assume(q, name.at, parts[i].as, "--prices", "--prices", "list price of %s: it has no price for %lld %s, which are "
				       "priced as %s", l->label, (long long)l->part_amount[i], parts[i].what, parts[i].as);
		}
	}
	if (l->geo_unknown) {
		quality_finding(q, "price-kind", name.at, "--prices", amount_of(l->geo_revenue),
				"list price of %s: some requests were bound to a region, for which it has no factor; "
				"they are priced without one",
				l->label);
	}
}

/* Kinds that logs do not count: reported once, with the revenue concerned. */
static void warn_left_out(const struct list_price *l, struct text name, struct quality *q) {
	char value[DECIMAL_TEXT_MAX];
	int64_t nano = amount_of(l->revenue);

	struct text kinds = text_cut(l->search.model->left_out, 0, 200);

	if (text_find(kinds, T("pricing")) != SIZE_MAX) { /* LiteLLM's pricing_periods: prices of the same tokens at some times */
		quality_finding(q, "price-kind", name.at, "--prices", nano,
				"list price of %s: the catalogue has further prices of the same tokens (%.*s), whose form is not known; they are not "
				"applied to this revenue", l->label, TEXT_ARG(kinds));
	} else if (kinds.len > 0) {
		quality_assume(q, name.at, nano == QUALITY_NO_AMOUNT ? "" : decimal_format(nano, 9, value), "--prices", "--prices",
			       "list price of %s: its prices of other kinds (%.*s) are not applied to this revenue", l->label,
			       TEXT_ARG(kinds));
	}
}

static void warn_tiers(const struct list_price *l, struct quality *q) {
	if (l->tiered && q->requests == 0 && l->provider.len == 0) {
		quality_warn(
		    q,
		    "list price of %s: it depends on the length of each prompt, which the logs do not report; all is "
		    "priced as short prompts",
		    l->label);
	}
	if (l->part_above) {
		quality_warn(q,
			     "list price of %s: only the part of a prompt above a length costs more; cached tokens "
			     "are assumed to be below it",
			     l->label);
	}
}

/* "uncached input, output" */
static const char *kinds_of(unsigned bits, char *out, size_t size) {
	static const char *const names[PRICE_TOKENS] = {"uncached input", "cached input", "cache writes", "output", "reasoning"};
	size_t len = 0;

	for (unsigned k = 0; k < PRICE_TOKENS && len < size; k++) {
		if (bits & 1u << k) {
			len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", names[k]);
		}
	}
	return out;
}

/* Vendors charge other prices for these classes, half to twice the standard ones: the revenue is not right. */
static void warn_services(const struct list_price *l, struct text name, struct quality *q) {
	for (int s = SERVICE_BATCH; s < SERVICES; s++) {
		char kinds[80];
		int64_t nano = amount_of(l->standard_revenue[s]);

		if (l->as_standard[s] && s == SERVICE_OTHER) {
			quality_finding(q, "price-kind", name.at, "--prices", nano,
					"list price of %s: some requests are of a class of service that catalogues do not price; "
					"they are priced as standard", l->label);
		} else if (l->as_standard[s]) {
			quality_finding(q, "price-kind", name.at, "--prices", nano,
					"list price of %s: no %.*s price for %s, so such traffic is priced as standard; --prices with a catalogue "
					"that has these prices", l->label, TEXT_ARG(service_names[s]),
					kinds_of(l->as_standard[s], kinds, sizeof kinds));
		}
	}
}

static void warn_found(const struct list_price *l, struct text name, const char *currency, struct quality *q) {
	if (l->foreign) {
		quality_warn(q, "no list price for %.*s: that of %s is in %.*s, and this statement in %s",
			     TEXT_ARG(name), l->label, TEXT_ARG(l->search.model->currency), currency);
		return;
	}
	warn_tiers(l, q);
	if (l->unpriced) {
		quality_warn(q, "no list price for %.*s: %s has no price for some of its tokens", TEXT_ARG(name),
			     l->label);
	}
	if (l->cached_as_input && l->search.by_median) {
		quality_assume(q, name.at, "uncached input", "--list", NULL,
			       "list price of %s: no price for cached input, so it is priced as uncached input", l->label);
	} else if (l->cached_as_input) {
		quality_warn(q, "list price of %s: no price for cached input, so it is priced as uncached input",
			     l->label);
	}
	warn_services(l, name, q);
	warn_parts(l, name, q);
	warn_left_out(l, name, q);
}

/* Which catalogue was used, if none was requested. */
static void warn_installed(const struct statement *s, struct quality *q) {
	char value[40];
	bool any = false;

	for (size_t i = 0; i < s->list_price_count; i++) {
		any |= s->list_prices[i]->search.outcome == PRICE_FOUND;
	}
	if (any && is_built_in(s)) {
		snprintf(value, sizeof value, "genai-prices of %.10s", prices_date(s->options.prices));
		quality_assume(q, NULL, value, NULL, NULL, "list prices: genai-prices of %.10s; --prices FILE for newer",
			       prices_date(s->options.prices));
	}
}

static int compare_list_prices(const void *a, const void *b, void *names) {
	const struct list_price *x = *(const struct list_price *const *)a, *y = *(const struct list_price *const *)b;
	int order = names_order(names, x->model, y->model);

	return order != 0 ? order : text_compare(x->provider, y->provider);
}

/* In the order of names, like notices: so each is appended, however many there are. */
static struct list_price **in_order(const struct statement *s) {
	struct list_price **list_prices = must_alloc((s->list_price_count + 1) * sizeof(struct list_price *));

	if (s->list_price_count > 0) {
		memcpy(list_prices, s->list_prices, s->list_price_count * sizeof(struct list_price *));
		platform_sort(list_prices, s->list_price_count, sizeof(struct list_price *), compare_list_prices, (void *)(uintptr_t)s->options.names);
	}
	return list_prices;
}

size_t statement_find_undivided(const struct statement *s, const struct prices *made_with, struct quality *q) {
	size_t count = 0;

	for (size_t i = 0; i < s->list_price_count; i++) {
		const struct list_price *l = s->list_prices[i];
		if (l->search.outcome != PRICE_FOUND || prices_divide(made_with, l->search.model)) {
			continue;
		}
		count++;
		if (q) {
			quality_finding(q, "undivided", l->label, "--prices", amount_of(l->revenue),
			                "list price of %s: it depends on the length of a prompt or the time of day, by which the book's entries are not "
			                "divided, and its revenue may be wrong: 'tollbook attribute' with the same --prices divides them", l->label);
		}
	}
	return count;
}

void list_price_warn(const struct statement *s, struct quality *q) {
	if (s->list_price_count > 0) {
		warn_installed(s, q);
	}
	struct list_price **list_prices = in_order(s);
	for (size_t i = 0; i < s->list_price_count; i++) {
		const struct list_price *l = list_prices[i];
		struct text name = names_text(s->options.names, l->model);
		if (l->search.outcome != PRICE_FOUND) {
			warn_not_found(s, l, name, q);
			continue;
		}
		warn_median(s, l, name, q);
		warn_how(l, name, q);
		warn_found(l, name, s->options.currency, q);
	}
	free(list_prices);
}
