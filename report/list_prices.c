/* What tokens would have brought at list price. */
#include <assert.h>
#include <stdlib.h>

#include "report/statement.h"

static const char *label_of(const struct statement *s, const struct price_model *m) {
	size_t size = m->provider.len + m->id.len + 2;
	char *label = prices_alloc(s->options.prices, size);
	snprintf(label, size, "%.*s%s%.*s", TEXT_ARG(m->provider), m->provider.len > 0 ? "/" : "", TEXT_ARG(m->id));
	return label;
}

static struct listing *listing_of(struct statement *s, name_id model) {
	if (model >= s->listing_count) {
		size_t count = names_count(s->options.names);
		assert(model < count);
		s->listings = must_realloc(s->listings, count * sizeof(*s->listings));
		memset(s->listings + s->listing_count, 0, (count - s->listing_count) * sizeof(*s->listings));
		s->listing_count = count;
	}
	struct listing *l = &s->listings[model];
	if (!l->searched) {
		l->searched = true;
		price_find(s->options.prices, names_text(s->options.names, model), &l->search);
		l->label = l->search.outcome == PRICE_FOUND ? label_of(s, l->search.model) : NULL;
	}
	return l;
}

/* `part` of the tokens at its own price, where the catalogue has one, the rest at `whole`. */
static int128 priced(int64_t tokens, int64_t whole, int64_t part, int64_t part_price) {
	if (part_price == PRICE_UNKNOWN) {
		part = 0;
	}
	return (int128)(tokens - part) * whole + (int128)part * part_price;
}

/* Which prices of the class are not its own. */
static void note_service(struct listing *l, const struct entry *e, const struct price_quote *q, enum price_kind whole) {
	const bool used[PRICE_KINDS] = {
	    [PRICE_CACHE_WRITE] = e->kind == ENTRY_INPUT && e->cache_write_tokens > 0,
	    [PRICE_REASONING] = e->kind == ENTRY_OUTPUT && e->reasoning_tokens > 0,
	};
	for (unsigned k = 0; k < PRICE_KINDS; k++) {
		if ((used[k] || (k == whole && e->tokens > 0)) && q->stands_in[k]) {
			l->as_standard[e->service] |= 1u << k;
		}
	}
}

/*
 * Token kinds nest and never overlap: cache writes are within uncached input, reasoning
 * within output. Where no price of its own is given, a part costs what its whole does; that is
 * the catalogues' own rule for cached input too.
 */
static bool revenue_of(struct listing *l, const struct entry *e, int128 *revenue) {
	struct price_quote q;
	price_at(l->search.model, e->slot_ns, e->prompt_over_ntok, e->service, &q);
	enum price_kind kind = e->kind == ENTRY_OUTPUT ? PRICE_OUTPUT : PRICE_INPUT;
	int64_t whole = q.nano[kind];

	if (e->kind == ENTRY_INPUT) {
		*revenue = priced(e->tokens, whole, e->cache_write_tokens, q.nano[PRICE_CACHE_WRITE]) -
			   q.back_per_request * e->requests;
	} else if (e->kind == ENTRY_OUTPUT) {
		*revenue = priced(e->tokens, whole, e->reasoning_tokens, q.nano[PRICE_REASONING]);
	} else {
		l->cached_as_input |= q.nano[PRICE_CACHE_READ] == PRICE_UNKNOWN;
		kind = q.nano[PRICE_CACHE_READ] == PRICE_UNKNOWN ? PRICE_INPUT : PRICE_CACHE_READ;
		whole = q.nano[kind];
		*revenue = (int128)e->tokens * whole;
	}
	note_service(l, e, &q, kind);
	l->unpriced |= whole == PRICE_UNKNOWN;
	l->tiered |= q.tiered;
	l->part_above |= q.back_per_request != 0;
	return whole != PRICE_UNKNOWN;
}

/* A price in another currency than the statement's says nothing here. */
static bool is_ours(const struct statement *s, struct listing *l) {
	l->foreign = s->options.currency && !text_eq(l->search.model->currency, text_of(s->options.currency));
	return !l->foreign;
}

/* A request whose whole prompt was cached has no tokens here, and may still be due something back. */
static bool has_revenue(const struct entry *e) {
	return e->kind <= ENTRY_OUTPUT && (e->tokens > 0 || (e->kind == ENTRY_INPUT && e->requests > 0));
}

bool listing_revenue(struct statement *s, const struct entry *e, int128 *revenue) {
	*revenue = 0;
	if (!has_revenue(e)) {
		return true;
	}
	if (!s->options.prices || s->options.prices->model_count == 0) {
		return e->tokens == 0;
	}
	struct listing *l = listing_of(s, e->model);
	bool listed = l->search.outcome == PRICE_FOUND && is_ours(s, l) && revenue_of(l, e, revenue);
	*revenue = listed ? *revenue : 0;
	return listed || e->tokens == 0;
}

const struct listing *listing_find(const struct statement *s, name_id model) {
	bool found =
	    model < s->listing_count && s->listings[model].searched && s->listings[model].search.outcome == PRICE_FOUND;
	return found ? &s->listings[model] : NULL;
}

/* ---- what a reader must know of these prices ---- */

#define CANDIDATES_TEXT_MAX 400

static void list_candidates(const struct price_search *s, char out[CANDIDATES_TEXT_MAX]) {
	size_t len = 0;
	size_t shown = s->candidate_count < PRICE_CANDIDATES_MAX ? s->candidate_count : PRICE_CANDIDATES_MAX;

	out[0] = '\0';
	for (size_t i = 0; i < shown && len < CANDIDATES_TEXT_MAX; i++) {
		const struct price_model *m = s->candidates[i];
		int got = snprintf(out + len, CANDIDATES_TEXT_MAX - len, "%s%.*s/%.*s", i > 0 ? ", " : "",
				   TEXT_ARG(m->provider), TEXT_ARG(m->id));
		len += (size_t)got;
	}
	if (shown < s->candidate_count && len < CANDIDATES_TEXT_MAX) {
		snprintf(out + len, CANDIDATES_TEXT_MAX - len, " and %zu more", s->candidate_count - shown);
	}
}

static void warn_not_found(const struct listing *l, struct text name, struct quality *q) {
	char candidates[CANDIDATES_TEXT_MAX];

	if (l->search.outcome == PRICE_AMBIGUOUS) {
		list_candidates(&l->search, candidates);
		quality_warn(q,
			     "no list price for %.*s: %zu models of the catalogue could be meant, at different prices; "
			     "choose with --list %.*s=PROVIDER/MODEL (%s)",
			     TEXT_ARG(name), l->search.candidate_count, TEXT_ARG(name), candidates);
	} else if (l->search.mapped.len > 0) {
		quality_warn(q, "no list price for %.*s: --list names %.*s, which the catalogue does not price",
			     TEXT_ARG(name), TEXT_ARG(l->search.mapped));
	} else {
		quality_warn(
		    q,
		    "no list price for %.*s: the catalogue has no such model; name one with --list %.*s=PROVIDER/MODEL",
		    TEXT_ARG(name), TEXT_ARG(name));
	}
}

static void warn_tiers(const struct listing *l, struct quality *q) {
	if (l->tiered && q->requests == 0) {
		quality_warn(
		    q,
		    "list price of %s: it depends on the length of each prompt, which nothing in the logs tells; "
		    "all is priced as short prompts",
		    l->label);
	}
	if (l->part_above) {
		quality_warn(q,
			     "list price of %s: only the part of a prompt above a length costs more; cached tokens are "
			     "taken to lie below it",
			     l->label);
	}
}

/* "uncached input, output" */
static const char *kinds_of(unsigned bits, char *out, size_t size) {
	static const char *const names[PRICE_KINDS] = {"uncached input", "cached input", "cache writes", "output", "reasoning"};
	size_t len = 0;

	for (unsigned k = 0; k < PRICE_KINDS && len < size; k++) {
		if (bits & 1u << k) {
			len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", names[k]);
		}
	}
	return out;
}

static void warn_services(const struct listing *l, struct quality *q) {
	for (int s = SERVICE_BATCH; s < SERVICE_OTHER; s++) {
		char kinds[80];
		if (l->as_standard[s]) {
			quality_warn(q, "list price of %s: no %.*s price for %s, so such traffic is priced as standard", l->label,
				     TEXT_ARG(service_names[s]), kinds_of(l->as_standard[s], kinds, sizeof kinds));
		}
	}
	if (l->as_standard[SERVICE_OTHER]) {
		quality_warn(q, "list price of %s: some requests are of a class of service that catalogues do not price; "
			     "they are priced as standard", l->label);
	}
}

static void warn_found(const struct listing *l, struct text name, const char *currency, struct quality *q) {
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
	if (l->cached_as_input) {
		quality_warn(q, "list price of %s: no price for cached input, so it is priced as uncached input",
			     l->label);
	}
	warn_services(l, q);
	if (l->search.model->per_request) {
		quality_warn(q, "list price of %s: it also has a price per request, which is left out", l->label);
	}
}

bool listing_is_ambiguous(const struct statement *s) {
	bool any = false;
	for (size_t i = 0; i < s->listing_count; i++) {
		any |= s->listings[i].searched && s->listings[i].search.outcome == PRICE_AMBIGUOUS;
	}
	return any;
}

void listing_warn(const struct statement *s, struct quality *q) {
	for (name_id model = 0; model < s->listing_count; model++) {
		const struct listing *l = &s->listings[model];
		struct text name = names_text(s->options.names, model);
		if (l->searched && l->search.outcome != PRICE_FOUND) {
			warn_not_found(l, name, q);
		} else if (l->searched) {
			warn_found(l, name, s->options.currency, q);
		}
	}
}
