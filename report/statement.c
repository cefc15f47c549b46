#include "report/statement.h"

#include <assert.h>
#include <stdlib.h>

#include "report/cube.h"

const char *const by_key_names[BY_KEYS] = {
    [BY_HOUR] = "hour",       [BY_DAY] = "day",   [BY_MONTH] = "month",   [BY_MODEL] = "model",
    [BY_REPLICA] = "replica", [BY_POOL] = "pool", [BY_TENANT] = "tenant",
};

enum by_key by_finest_time(const enum by_key *by, size_t count) {
	enum by_key finest = BY_KEYS;
	for (size_t i = 0; i < count; i++) {
		finest = by[i] <= BY_MONTH && by[i] < finest ? by[i] : finest;
	}
	return finest;
}

bool statement_has_key(const struct statement *s, enum by_key key) {
	for (size_t i = 0; i < s->options.by_count; i++) {
		if (s->options.by[i] == key) {
			return true;
		}
	}
	return false;
}

/* The start of the finest unit of time in --by; 0 if time is not a key. */
static int64_t bucket_of(const struct statement *s, int64_t slot_ns) {
	switch (s->time_key) {
	case BY_HOUR:
		return instant_floor(slot_ns, NS_PER_HOUR);
	case BY_DAY:
		return zone_day_start(s->options.tz, slot_ns);
	case BY_MONTH:
		return zone_month_start(s->options.tz, slot_ns);
	default:
		return 0;
	}
}

struct statement *statement_new(const struct report_options *o) {
	assert(o->names && o->by_count <= BY_KEYS && o->from_ns <= o->to_ns);
	struct statement *s = must_calloc(1, sizeof(*s));
	s->options = *o;
	s->cube = cube_new(o->names, o->cells_max);
	s->time_key = by_finest_time(o->by, o->by_count);
	s->timeline = timeline_new(o->from_ns, o->to_ns);
	return s;
}

void statement_attach(struct statement *s, const struct statement_page *p) {
	assert(s->page_count < STATEMENT_PAGES);
	s->pages[s->page_count++] = *p;
}

void statement_free(struct statement *s) {
	if (!s) {
		return;
	}
	cube_free(s->cube);
	timeline_free(s->timeline);
	free(s->list_prices);
	free(s->first_list_price);
	free(s->unlisted);
	free(s->lacks_cached);
	unrated_release(&s->unrated);
	free(s->series.steps);
	free(s->series.rates);
	free(s->positions.rows);
	free(s->batches.rows);
	free(s->curves.rows);
	hash_index_release(&s->curves.index);
	roofline_clear(s);
	free(s->rules.rows);
	hash_index_release(&s->rules.by_model);
	free(s->adjustments.rows);
	free(s->services.rows);
	free(s->services.first);
	table_release(&s->models);
	table_release(&s->tenants);
	table_release(&s->rows);
	table_release(&s->lines);
	table_release(&s->timed_lines);
	free(s);
}

static bool add_sums(struct cube_cell *c, const struct entry *e) {
	return exact_add(&c->gpu_ns, e->gpu_ns) && exact_add(&c->tokens, e->tokens) &&
	       exact_add(&c->requests, e->requests) && exact_add(&c->reasoning_tokens, e->reasoning_tokens) &&
	       exact_add(&c->cache_write_tokens, e->cache_write_tokens) && exact_add(&c->spread_ns, e->spread_ns) &&
	       exact_add(&c->energy_mj, e->energy_mj) && exact_add(&c->metered_ns, e->metered_ns);
}

static bool add_evidence(struct cube_cell *c, const struct entry *e) {
	return e->kind > ENTRY_OUTPUT || e->grade >= GRADE_NONE || exact_add(&c->evidence_ns[e->grade], e->gpu_ns);
}

static bool add_entry(struct cube *cube, const struct cube_cell *key, const struct entry *e, bool listed, int128 revenue, int128 fees,
                      bool lacks_cached) {
	struct cube_cell *c = cube_at(cube, key);
	if (!c) {
		return false;
	}
	c->unknown_ntok += lacks_cached ? e->tokens : 0;
	c->unlisted |= !listed;
	c->revenue += revenue;
	c->fees += fees;
	return add_sums(c, e) && add_evidence(c, e);
}

/* A pool without its part: all parts of bought requests are one row. */
static name_id plain_pool(const struct statement *s, name_id pool, const struct terms *t) {
	char text[BILLING_TEXT_MAX];
	size_t len = t->part < BILLED_PARTS ? billing_print_pool(&t->billing, BILLED_PARTS, text) : 0;
	name_id plain = len > 0 ? names_find((struct names *)(uintptr_t)s->options.names, (struct text){text, len}) : 0;

	return plain != 0 ? plain : pool;
}

static void read_terms(const struct statement *s, const struct entry *e, struct terms *t) {
	struct text pool = names_text(s->options.names, e->pool);

	*t = (struct terms){.part = BILLED_PARTS, .bought = billing_is_pool(pool)};
	if (t->bought) {
		t->part = billing_parse_pool(pool, &t->billing);
	}
}

bool statement_needs_replicas(struct statement *s) {
	return statement_has_key(s, BY_REPLICA) || unknown_any(s);
}

int statement_add_entry(void *statement, const struct entry *entry) {
	struct statement *s = statement;
	struct entry plain = *entry;
	const struct entry *e = &plain;
	struct terms terms;
	read_terms(s, e, &terms);
	struct cube_cell key = {
	    .slot_ns = e->slot_ns,
	    .rate_nano = e->rate_nano < 0 ? -1 : e->rate_nano,
	    .replica = statement_has_key(s, BY_REPLICA) ? e->replica : 0,
	    .model = e->model,
	    .tenant = e->tenant,
	    .pool = plain_pool(s, e->pool, &terms),
	    .kind = e->kind,
	    .bought = terms.bought,
	};
	int128 revenue, fees;

	if (e->rate_nano < 0 || key.replica != 0) {
		unrated_note(&s->unrated, e, key.pool);
	}
	assert(!s->quality && e->gpu_ns >= 0 && e->tokens >= 0 && e->grade < GRADES);
	bool listed = list_price_revenue(s, e, &terms, &revenue, &fees);
	plain.requests = e->kind == ENTRY_INPUT ? e->requests : 0; /* fees are also counted there */
	bool fits = add_entry(s->cube, &key, e, listed, revenue, fees, unknown_cached(s, e, terms.bought)) &&
		    services_add_entry(&s->services, e, listed, revenue + fees);
	if (e->kind <= ENTRY_OUTPUT) {
		s->evidence_ns[e->grade] += e->gpu_ns;
		s->busy_ns += e->gpu_ns;
	}
	return fits ? 0 : ERROR_RANGE;
}

/* ---- warnings ---- */

#define NAMES_SHOWN_MAX 5

static void add_name(char *list, size_t size, struct text name) {
	size_t len = strlen(list);
	snprintf(list + len, size - len, "%s%.*s", len > 0 ? ", " : "", (int)(name.len > 60 ? 60 : name.len), name.at);
}

/* Time without a known rate is in no sum of money: warns, so that it does not look free. */
static void warn_unpriced(struct statement *s, struct quality *q) {
	name_id shown[NAMES_SHOWN_MAX];
	char list[400] = "", ns[EXACT_TEXT_MAX];
	size_t replicas = unrated_replicas(&s->unrated, s->options.names, s->cube->rank, shown, NAMES_SHOWN_MAX);

	for (size_t i = 0; i < replicas && i < NAMES_SHOWN_MAX; i++) {
		add_name(list, sizeof list, names_text(s->options.names, shown[i]));
	}
	if (replicas > 0) {
		quality_warn(q,
			     "%s GPU-ns on %zu replicas have no known rate and are not in costs and unit costs: %s%s; "
			     "give the fleet file a pool for them, or --gpu-hour",
			     exact_print(s->total.unpriced_ns, ns), replicas, list, replicas > NAMES_SHOWN_MAX ? ", …" : "");
	}
}

/* An unmeasured figure is never 0: with such logs the cost of cached input is in that of other input. */
static void warn_cached(const struct statement *s, struct quality *q) {
	for (size_t i = 0; i < s->models.count; i++) {
		const struct row *row = table_at(&s->models, i);
		const struct block *b = &row->block;
		if (b->tokens[TOKENS_CACHED] > 0 && b->gpu_ns[ENTRY_INPUT_CACHED] == 0 && b->gpu_ns[ENTRY_INPUT] > 0) {
			char model[160] = "";
			add_name(model, sizeof model, row->model);
			quality_warn(q, "%s: no log reports the time of cached input: it is in the cost of uncached input, and 0 for cached input", model[0] ? model : "(no model)");
		}
	}
}

/* ---- the identity ---- */

bool block_ties(const struct block *b) {
	int128 ns = 0, nano = 0;
	for (int k = 0; k < ENTRY_KINDS; k++) {
		ns += b->gpu_ns[k];
		nano += b->cost_nano[k];
	}
	return ns == b->capacity_ns && nano == b->capacity_nano;
}

static bool table_ties(const struct table *t, const struct block *whole) {
	return !t->untied && (!whole || (t->capacity_ns == whole->capacity_ns && t->capacity_nano == whole->capacity_nano));
}

/* Paid GPU time, pool by pool. */
static bool bills_tie(const struct statement *s) {
	struct cube_cell c;
	int128 nano = 0;
	for (size_t i = 0; i < s->cube->count; i++) {
		cube_read(s->cube, i, &c);
		nano += c.cost_nano;
	}
	return nano == s->total.capacity_nano;
}

static int check_ties(const struct statement *s, struct fault *why) {
	bool ties = block_ties(&s->total) && bills_tie(s) && table_ties(&s->models, &s->total) &&
		    table_ties(&s->lines, &s->total) &&
		    table_ties(&s->timed_lines, s->timed_lines.count > 0 ? &s->total : NULL) &&
		    table_ties(&s->tenants, &s->total) && table_ties(&s->rows, s->rows.count > 0 ? &s->total : NULL);
	return ties ? 0
		    : fault_set(why, ERROR_RANGE,
				"the statement does not tie out: its parts do not sum to the capacity");
}

/* Models with tokens, and those with tokens that lack a list price. */
static void find_unlisted(struct statement *s) {
	size_t count = names_count(s->options.names) + 1;
	bool *met = must_calloc(count, sizeof *met);

	s->unlisted = must_calloc(count, sizeof *s->unlisted);
	for (size_t i = 0; i < s->cube->count; i++) {
		struct cube_cell c;
		cube_read(s->cube, i, &c);
		met[c.model] |= cube_cell_is_busy(&c) && c.tokens > 0;
		s->unlisted[c.model] |= c.unlisted;
	}
	for (size_t i = 0; i < count; i++) {
		s->priced_models += met[i] && !s->unlisted[i];
	}
	free(met);
}

static void set_buckets(const struct statement *s) {
	struct cell_numbers *slots = &s->cube->slots;

	for (size_t i = 0; i < slots->count; i++) {
		slots->at[i].bucket_ns = bucket_of(s, slots->at[i].value);
	}
}

static bool price(void *pricing, struct cube_cell *c) {
	return money_price(pricing, c);
}

/* Prices every cell, once. */
static int price_once(struct statement *s, struct fault *why) {
	struct pricing pricing = {.pool = 0};
	bool fits = cube_seal(s->cube, price, &pricing);

	set_buckets(s);
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the cost of a pool does not fit 64 bits of nano-units");
}

bool statement_may_be_page(const struct statement *s) {
	return !s->options.one_format || strcmp(s->options.one_format, "html") == 0;
}

/* Costs of the cells, allocation of shared cost, and the tables. */
static int price_cells(struct statement *s, struct fault *why) {
	int error = price_once(s, why);

	if (error == 0 && s->options.idle_proportional) {
		error = money_charge(s->cube, why);
	}
	if (error) {
		return error;
	}
	find_unlisted(s);
	series_build(s);
	error = blocks_build(s, why);
	if (error == 0 && statement_may_be_page(s)) {
		error = timeline_finish(s->timeline, s->cube, s->options.names, why);
	}
	if (error == 0) {
		levers_find(s);
	}
	return error;
}

/* Warns about paid time that no log covers, from 0.1 % of the capacity on. */
static void find_unobserved(const struct statement *s, struct quality *q) {
	int128 unobserved = s->total.gpu_ns[ENTRY_UNOBSERVED], capacity = s->total.capacity_ns;

	if (unobserved > 0 && unobserved > capacity / 1000) {
		quality_finding(q, "unobserved", NULL, NULL, s->total.cost_nano[ENTRY_UNOBSERVED],
		                "%.3g %% of the paid GPU time is unobserved, as no log covers it: %.6g GPU-hours",
		                100 * (double)unobserved / (double)capacity, (double)unobserved / (double)NS_PER_HOUR);
	}
}

/* Amounts are by hour of UTC, and civil days of some zones begin within one. */
static void say_days(const struct statement *s, struct quality *q) {
	const struct report_options *o = &s->options;
	int minutes = (zone_offset_s(o->tz, o->from_ns) / 60 % 60 + 60) % 60;
	char begin[16];

	if (minutes != 0 && (statement_has_key(s, BY_DAY) || statement_has_key(s, BY_MONTH))) {
		snprintf(begin, sizeof begin, "00:%02d", minutes);
		quality_assume(q, NULL, begin, "--tz", NULL, "days in %s begin at %s there, as amounts are by hour of UTC", o->tz_name ? o->tz_name : "this zone", begin);
	}
}

int128 statement_busy_ns(const struct statement *s) {
	return s->busy_ns;
}

int statement_finish(struct statement *s, struct quality *quality, struct fault *why) {
	assert(!s->quality);
	s->quality = quality;
	int error = batches_finish(s, why);
	error = error ? error : price_cells(s, why);
	error = error ? error : positions_finish(s, why);
	error = error ? error : rules_finish(s, why);
	if (error) {
		return error;
	}
	curves_finish(s);
	roofline_pick(s);
	services_finish(s);
	list_price_warn(s, quality);
	warn_unpriced(s, quality);
	warn_cached(s, quality);
	find_unobserved(s, quality);
	say_days(s, quality);
	unknown_report(s, quality);
	quality_sort(quality);
	return check_ties(s, why);
}

bool statement_has_findings(const struct statement *s) {
	return quality_has_findings(s->quality) || s->total.unpriced_ns > 0;
}

size_t statement_revenues(const struct statement *s) {
	return s->models.count;
}

void statement_revenue_at(const struct statement *s, size_t i, struct statement_revenue *out) {
	const struct row *row = table_at(&s->models, i);
	bool has_tokens = row->block.tokens[0] + row->block.tokens[1] + row->block.tokens[2] > 0;

	*out = (struct statement_revenue){
		.model = row->model,
		.known = row->block.list_known || !has_tokens,
		.has_tokens = has_tokens,
		.nano = row->block.revenue_nano,
	};
}

/* ---- queries by renderings ---- */

bool unit_is_doubtful(const struct unit_cost *u) {
	return u->known && u->high_nano - u->busy_nano >= u->busy_nano / 2000 && u->high_nano > u->busy_nano;
}

int128 block_prefill_ns(const struct block *b) {
	return b->gpu_ns[ENTRY_INPUT] + b->gpu_ns[ENTRY_INPUT_CACHED];
}

int64_t block_prefill_nano(const struct block *b) {
	return b->cost_nano[ENTRY_INPUT] + b->cost_nano[ENTRY_INPUT_CACHED];
}

int128 block_busy_ns(const struct block *b) {
	return block_prefill_ns(b) + b->gpu_ns[ENTRY_OUTPUT];
}

int64_t block_shared_nano(const struct block *b) {
	return b->capacity_nano - block_prefill_nano(b) - b->cost_nano[ENTRY_OUTPUT];
}

bool block_has_cost(const struct block *b) {
	return b->unpriced_ns == 0 || b->unpriced_ns < b->capacity_ns;
}

double block_ratio_real(const struct block *b) {
	const struct unit_cost *in = &b->unit[TOKENS_INPUT], *out = &b->unit[TOKENS_OUTPUT];
	return in->known && out->known && in->busy_nano > 0 ? (double)out->busy_nano / (double)in->busy_nano : 0;
}

double block_ratio_list(const struct block *b) {
	bool known = b->list_known && b->list_price_known[TOKENS_INPUT] && b->list_price_known[TOKENS_OUTPUT];
	return known && b->list_nano[TOKENS_INPUT] > 0
		   ? (double)b->list_nano[TOKENS_OUTPUT] / (double)b->list_nano[TOKENS_INPUT]
		   : 0;
}

/* An hour has its offset; days and months are civil dates of the zone. */
static struct text time_text(const struct statement *s, int64_t ns, enum by_key key, char buffer[KEY_TEXT_MAX]) {
	int offset_s = zone_offset_s(s->options.tz, ns), minutes = offset_s / 60;
	struct civil c;
	int len;

	if (key == BY_HOUR && offset_s == 0) {
		return text_of(instant_format(ns, buffer));
	}
	instant_to_civil(ns + offset_s * NS_PER_SECOND, &c);
	if (key == BY_HOUR) {
		len =
		    snprintf(buffer, KEY_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", c.year, c.month, c.day,
			     c.hour, c.minute, c.second, minutes < 0 ? '-' : '+', abs(minutes) / 60, abs(minutes) % 60);
	} else if (key == BY_DAY) {
		len = snprintf(buffer, KEY_TEXT_MAX, "%04d-%02d-%02d", c.year, c.month, c.day);
	} else {
		len = snprintf(buffer, KEY_TEXT_MAX, "%04d-%02d", c.year, c.month);
	}
	return (struct text){buffer, (size_t)len};
}

struct text row_key(const struct statement *s, const struct row *r, enum by_key key, char buffer[KEY_TEXT_MAX]) {
	const struct text names[BY_KEYS] = {
	    [BY_MODEL] = r->model, [BY_REPLICA] = r->replica, [BY_POOL] = r->pool, [BY_TENANT] = r->tenant};

	_Static_assert(KEY_TEXT_MAX >= INSTANT_TEXT_MAX, "room for an instant");
	return key <= BY_MONTH ? time_text(s, r->bucket_ns, key, buffer) : names[key];
}

bool statement_wants_better(const struct statement *s) {
	return s->evidence_ns[GRADE_C] > 0 || s->evidence_ns[GRADE_D] > 0;
}

struct statement_totals statement_totals(const struct statement *s) {
	const struct block *b = &s->total;
	const struct unit_cost *in = &b->unit[TOKENS_INPUT], *out = &b->unit[TOKENS_OUTPUT];

	return (struct statement_totals){
		.requests = b->requests, .input_ntok = b->tokens[TOKENS_INPUT], .cached_ntok = b->tokens[TOKENS_CACHED],
		.output_ntok = b->tokens[TOKENS_OUTPUT], .capacity_ns = b->capacity_ns, .capacity_nano = b->capacity_nano,
		.input_known = in->known, .output_known = out->known, .input_nano = in->loaded_nano, .output_nano = out->loaded_nano,
		.output_busy_nano = out->busy_nano, .busy_ns = block_busy_ns(b), .idle_nano = b->cost_nano[ENTRY_IDLE],
		.unobserved_nano = b->cost_nano[ENTRY_UNOBSERVED], .margin_known = b->margin_known, .margin_nano = b->margin_nano,
		.unrated_ns = b->unpriced_ns, .has_bought = b->has_bought, .bought_nano = b->bought_nano,
	};
}

size_t statement_largest(const struct statement *s, enum by_key key, struct statement_share *out, size_t max) {
	const struct table *t = key == BY_MODEL ? &s->models : &s->tenants;
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct row *row = table_at(t, i);
		const struct statement_share next = {key == BY_MODEL ? row->model : row->tenant, row->block.capacity_nano};
		size_t at = count < max ? count++ : max;
		for (; at > 0 && out[at - 1].nano < next.nano; at--) {
			if (at < max) {
				out[at] = out[at - 1];
			}
		}
		if (at < max) {
			out[at] = next;
		}
	}
	return t->count;
}
