/* From cells to blocks: sums, unit costs, list price and margin. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "report/cube.h"
#include "report/groups.h"
#include "report/statement.h"

/* Nano-units x ns in one nano-unit of an hourly rate. */
#define EXACT_PER_NANO ((int128)NS_PER_HOUR)

/* State of a block while it is summed. `exact`: GPU time x rate, before any rounding. */
struct sum {
	struct block *block;
	int128 exact[ENTRY_KINDS], spread[TOKEN_KINDS];
	int128 charged_nano; /* of shared time */
	int128 revenue[TOKEN_KINDS];
	int64_t priced_tokens[TOKEN_KINDS]; /* of models with a list price, as is `revenue` */
	int64_t priced_nano;                /* their share of it, and the part without work */
	const struct list_price *list_price;
	bool several, partly, unrated, fits;
	bool of_nobody; /* some tokens have no tenant */
	bool ran_listed; /* what ran on GPUs has a list price */
	int128 fees;           /* of requests and searches, in nano x 10^6 */
	int128 bought_revenue; /* of what did not run on GPUs of the fleet: in `revenue`, not in a margin */
};

/*
 * How a table treats shared time: in the rows where it arose, or allocated to models and tenants, or in separate
 * rows.
 */
enum shared { SHARED_OWN, SHARED_BORNE, SHARED_SEPARATE };

static void add_to(struct sum *sum, int64_t *field, int64_t x) {
	sum->fits = exact_add(field, x) && sum->fits;
}

static const struct list_price *list_price_of_cell(const struct statement *s, const struct cube_cell *c) {
	struct billing billing = {.fast = false};

	if (c->bought) {
		(void)billing_parse_pool(names_text(s->options.names, c->pool), &billing);
	}
	return list_price_find(s, c->model, billing.provider);
}

static void add_tokens(struct sum *sum, const struct statement *s, const struct cube_cell *c) {
	struct block *b = sum->block;

	add_to(sum, &b->requests, c->requests);
	add_to(sum, &b->bought_requests, c->bought ? c->requests : 0);
	b->has_bought |= c->bought;
	b->has_ran |= !c->bought;
	add_to(sum, &b->reasoning_tokens, c->reasoning_tokens);
	add_to(sum, &b->cache_write_tokens, c->cache_write_tokens);
	if ((c->tokens == 0 && c->revenue == 0 && c->fees == 0) || !cube_cell_is_busy(c)) {
		return;
	}
	add_to(sum, &b->bought_tokens[c->kind], c->bought ? c->tokens : 0);
	add_to(sum, &b->tokens[c->kind], c->tokens);
	sum->of_nobody |= c->tenant == 0 && c->tokens > 0;
	add_to(sum, &b->unknown_ntok, c->unknown_ntok);
	add_to(sum, &b->rated_tokens[c->kind], c->rate_nano >= 0 ? c->tokens : 0);
	if (s->unlisted[c->model]) {
		sum->partly = true;
		return;
	}
	sum->revenue[c->kind] += c->revenue;
	sum->fees += c->fees;
	add_to(sum, &sum->priced_tokens[c->kind], c->tokens);
	sum->bought_revenue += c->bought ? c->revenue + c->fees : 0;
	sum->ran_listed |= !c->bought;
	const struct list_price *l = list_price_of_cell(s, c);
	sum->several |= sum->list_price && l != sum->list_price;
	sum->list_price = l;
}

static void add_time(struct sum *sum, enum entry_kind kind, int64_t ns, int64_t nano) {
	struct block *b = sum->block;
	b->gpu_ns[kind] += ns;
	b->capacity_ns += ns;
	add_to(sum, &b->cost_nano[kind], nano);
	add_to(sum, &b->capacity_nano, nano);
}

static void add_energy(struct sum *sum, const struct cube_cell *c) {
	add_to(sum, &sum->block->energy_mj[c->kind], c->energy_mj);
	add_to(sum, &sum->block->capacity_mj, c->energy_mj);
	sum->block->metered_ns += c->metered_ns;
}

static void add_charge(struct sum *sum, const struct cube_cell *c) {
	struct block *b = sum->block;

	for (int k = 0; k < CHARGE_KINDS; k++) {
		const int64_t *of = c->charge.of[k];
		add_time(sum, (enum entry_kind)(ENTRY_OTHER + k), of[CHARGE_NS], of[CHARGE_NANO]);
		sum->charged_nano += of[CHARGE_NANO];
		add_to(sum, &b->energy_mj[ENTRY_OTHER + k], of[CHARGE_MJ]);
		add_to(sum, &b->capacity_mj, of[CHARGE_MJ]);
		b->metered_ns += of[CHARGE_METERED_NS];
	}
}

/* The part of a cell's cost and of its share of idle, other and unobserved time that a margin at list price covers. */
static void add_priced(struct sum *sum, const struct statement *s, const struct cube_cell *c) {
	bool separate = !s->options.idle_proportional, has_tokens = (c->tokens > 0 && !c->bought) || c->gpu_ns > 0;

	if (cube_cell_is_shared(c) ? c->borne && !separate : s->unlisted[c->model]) {
		return;
	}
	add_to(sum, &sum->priced_nano, c->cost_nano);
	for (int k = 0; k < CHARGE_KINDS && !separate; k++) {
		add_to(sum, &sum->priced_nano, c->charge.of[k][CHARGE_NANO]);
	}
	sum->unrated |= c->rate_nano < 0 && has_tokens;
}

static void add_cell(struct sum *sum, const struct statement *s, const struct cube_cell *c, enum shared shared) {
	add_tokens(sum, s, c);
	add_time(sum, c->kind, c->gpu_ns, c->cost_nano);
	add_energy(sum, c);
	add_priced(sum, s, c);
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		sum->block->evidence_ns[g] += c->evidence_ns[g];
	}
	if (c->rate_nano < 0) {
		sum->block->unpriced_ns += c->gpu_ns;
	} else {
		sum->exact[c->kind] += (int128)c->gpu_ns * c->rate_nano;
	}
	if (cube_cell_is_busy(c) && c->rate_nano >= 0) {
		sum->spread[c->kind] += (int128)c->spread_ns * c->rate_nano;
	}
	if (shared == SHARED_BORNE) {
		add_charge(sum, c);
	}
}

/* ---- unit costs ---- */

/* a * b / c rounded down, for values below 2^126: if the product does not fit, by long multiplication and division. */
static int128 wide_mul_div(int128 a, int128 b, int128 c) {
	int128 product;

	assert(a >= 0 && b >= 0 && c > 0 && c < (int128)1 << 126);
	if (!__builtin_mul_overflow(a, b, &product)) {
		return product / c;
	}
	int128 whole = b / c, part = b % c, quo = 0, rem = 0;
	for (int bit = 126; bit >= 0; bit--) {
		quo *= 2;
		rem *= 2;
		if ((a >> bit) & 1) {
			quo += whole;
			rem += part;
		}
		while (rem >= c) {
			rem -= c;
			quo++;
		}
	}
	return quo;
}

bool unit_per_million(int128 exact, int64_t tokens, int64_t *nano) {
	int128 got = tokens > 0 ? exact_div(exact, (int128)(EXACT_PER_NANO / 1000000) * tokens) : 0;
	bool fits = tokens > 0 && got <= INT64_MAX;

	*nano = fits ? (int64_t)got : 0;
	return fits;
}

double unit_relative(const struct unit_cost *u) {
	double half = (double)u->high_nano - (double)u->busy_nano;

	return u->known && u->busy_nano > 0 && half > 0 ? half / (double)u->busy_nano : 0;
}

void unit_interval(int64_t nano, double relative, int64_t *low_nano, int64_t *high_nano) {
	double half = relative * (double)nano;
	int64_t whole = half >= 0 && half < 0x1p62 ? (int64_t)(half + 0.5) : 0;

	*low_nano = whole < nano ? nano - whole : 0;
	*high_nano = nano;
	if (!exact_add(high_nano, whole)) {
		*high_nano = INT64_MAX;
	}
}

/*
 * Busy: the cost of the GPU time of a kind, over its tokens. Loaded: the same, times capacity over busy cost, so that
 * the loaded costs of all kinds add up to the capacity. Not known if it does not fit 64 bits: years of GPU time for one token.
 */
static void unit_of(int128 exact, int128 spread, int128 loaded, int64_t tokens, struct unit_cost *u) {
	int64_t half = 0;

	*u = (struct unit_cost){.known = false};
	if (tokens <= 0) {
		return;
	}
	bool fits = unit_per_million(exact, tokens, &u->busy_nano) &&
		    unit_per_million(loaded, tokens, &u->loaded_nano) &&
		    unit_per_million(exact_div(spread > 0 ? spread * 196 : 0, 100), tokens, &half);
	u->low_nano = half < u->busy_nano ? u->busy_nano - half : 0;
	u->high_nano = u->busy_nano;
	u->known = fits && exact_add(&u->high_nano, half);
	if (!u->known) {
		*u = (struct unit_cost){.known = false};
	}
}

void unit_costs(const int128 exact[TOKEN_KINDS], const int128 spread[TOKEN_KINDS], int128 capacity,
		const int64_t tokens[TOKEN_KINDS], struct unit_cost out[TOKEN_KINDS]) {
	int128 busy = exact[0] + exact[1] + exact[2];

	for (int k = 0; k < TOKEN_KINDS; k++) {
		int128 loaded = busy > 0 ? wide_mul_div(exact[k], capacity, busy) : 0;
		unit_of(exact[k], spread[k], loaded, tokens[k], &out[k]);
	}
}

static void finish_units(struct sum *sum) {
	struct block *b = sum->block;
	int128 busy = 0, capacity = sum->charged_nano * EXACT_PER_NANO;
	int64_t input = b->rated_tokens[TOKENS_INPUT] + b->rated_tokens[TOKENS_CACHED];

	for (int k = 0; k < ENTRY_KINDS; k++) {
		busy += k <= ENTRY_OUTPUT ? sum->exact[k] : 0;
		capacity += sum->exact[k];
	}
	int128 prompt = sum->exact[0] + sum->exact[1], loaded = busy > 0 ? wide_mul_div(prompt, capacity, busy) : 0;
	unit_costs(sum->exact, sum->spread, capacity, b->rated_tokens, b->unit);
	unit_of(prompt, 0, loaded, input, &b->prompt);
	unit_of(busy, 0, busy > 0 ? capacity : 0, input + b->rated_tokens[TOKENS_OUTPUT], &b->blended);
	if (b->gpu_ns[ENTRY_INPUT] + b->gpu_ns[ENTRY_INPUT_CACHED] + b->gpu_ns[ENTRY_OUTPUT] == 0) { /* no log has the time of these tokens */
		memset(b->unit, 0, sizeof b->unit);
		b->prompt = b->blended = (struct unit_cost){.known = false};
	}
}

bool block_unit_energy(const struct block *b, int kind, int64_t *nano_wh) {
	/* mJ / 3.6e6 = Wh, x 10^9 nano x 10^6 tokens: 10^10 / 36 */
	int128 nano = b->tokens[kind] > 0
			  ? exact_div((int128)b->energy_mj[kind] * INT64_C(10000000000), (int128)b->tokens[kind] * 36)
			  : 0;
	*nano_wh = (int64_t)nano;
	return b->capacity_mj > 0 && b->tokens[kind] > 0 && nano <= INT64_MAX;
}

/* ---- list price and margin ---- */

/* A kind without tokens has no effective price: the catalogue's price at the start of the period is shown. */
static void finish_price(struct sum *sum, const struct price_quote *quote, int kind) {
	static const enum price_kind kinds[TOKEN_KINDS] = {PRICE_INPUT, PRICE_CACHE_READ, PRICE_OUTPUT};
	struct block *b = sum->block;
	int128 nano = PRICE_UNKNOWN;

	if (sum->priced_tokens[kind] > 0) {
		nano = exact_div(sum->revenue[kind], sum->priced_tokens[kind]);
	} else if (!sum->several) {
		nano = quote->nano[kinds[kind]];
	}
	/* If only part of a prompt costs more, the refund may exceed a kind's revenue. */
	b->list_price_known[kind] = nano >= 0 && nano <= INT64_MAX;
	b->list_nano[kind] = b->list_price_known[kind] ? (int64_t)nano : 0;
}

/* Time without work has no revenue; tokens without a known cost are not a gain. */
static void finish_margin(struct sum *sum, const struct statement *s) {
	struct block *b = sum->block;
	bool of_nobody = block_busy_ns(b) == 0 && b->capacity_nano > 0 && !sum->partly;

	b->priced_nano = sum->partly ? sum->priced_nano : b->capacity_nano;
	b->margin_known = (b->list_known || (of_nobody && s->priced_models > 0)) && !sum->unrated &&
	                  (sum->partly || b->unpriced_ns == 0);
	b->margin_known = b->margin_known && b->has_ran && (sum->ran_listed || of_nobody);
	/* API spend is not resold: only what ran on GPUs has a margin. */
	b->bought_nano = (int64_t)exact_div(sum->bought_revenue, 1000000);
	int64_t revenue_nano = b->revenue_nano - b->bought_nano;
	b->margin_nano = b->margin_known ? revenue_nano - b->priced_nano : 0;
	b->margin_ratio = revenue_nano ? (double)b->margin_nano / (double)revenue_nano : 0;
}

static void finish_list(struct sum *sum, const struct statement *s) {
	struct block *b = sum->block;
	struct price_quote quote;

	if (!sum->list_price) {
		return;
	}
	int128 revenue = exact_div(sum->revenue[0] + sum->revenue[1] + sum->revenue[2] + sum->fees, 1000000);
	if (revenue > INT64_MAX / 2) { /* more than all vendors earn: not known */
		sum->fits = sum->fits && sum->bought_revenue == 0;
		return;
	}
	b->list_known = true;
	b->list_model = sum->several ? "(several)" : sum->list_price->label;
	b->revenue_nano = (int64_t)revenue;
	b->revenue_rest = (int32_t)(sum->revenue[0] + sum->revenue[1] + sum->revenue[2] + sum->fees - revenue * 1000000);
	price_at(sum->list_price->search.model, s->options.from_ns, 0, SERVICE_STANDARD, &quote);
	for (int k = 0; k < TOKEN_KINDS; k++) {
		finish_price(sum, &quote, k);
	}
}

/* Not known if the cached part is unknown for over 1 % of prompts' tokens. */
static void finish_cached(struct block *b) {
	b->cached_unknown = b->unknown_ntok > (b->tokens[TOKENS_INPUT] + b->tokens[TOKENS_CACHED]) / 100;
	if (b->cached_unknown) {
		b->unit[TOKENS_CACHED] = (struct unit_cost){.known = false};
	}
}

/* Tokens without requests; those of a tenant are of requests. An hour's may have finished in another one: there, if the total has none. */
static void finish_requests(struct sum *sum, const struct statement *s) {
	struct block *b = sum->block;
	bool timed = s->time_key == BY_HOUR && b != &s->total;

	b->requests_unknown = b->requests == 0 && sum->of_nobody && (!timed || s->total.requests_unknown);
}

static int finish_sum(struct sum *sum, const struct statement *s, struct fault *why) {
	finish_units(sum);
	finish_requests(sum, s);
	finish_cached(sum->block);
	finish_list(sum, s);
	finish_margin(sum, s);
	return sum->fits ? 0 : fault_set(why, ERROR_RANGE, "a sum of the statement does not fit 64 bits");
}

/* ---- tables ---- */

struct grouping {
	const struct statement *s;
	const struct cube *cube;
	enum by_key by[BY_KEYS];
	size_t count;
	enum shared shared;
	bool in_memory; /* all rows */
};

/* The rows of a large table, by the numbers of their cells, and those that were built last. */
struct built_rows {
	struct grouping grouping;
	struct groups groups;
	struct kept_row {
		size_t number; /* + 1; 0: none */
		struct row row;
	} kept[TABLE_ROWS_KEPT];
	size_t next;
};

static int64_t time_key(const struct statement *s, const struct cube_cell *c, enum by_key key) {
	int64_t ns = c->bucket_ns;
	if (key == s->time_key) {
		return ns;
	}
	return key == BY_MONTH ? zone_month_start(s->options.tz, ns) : zone_day_start(s->options.tz, ns);
}

static name_id name_key(const struct cube_cell *c, enum by_key key) {
	const name_id names[BY_KEYS] = {
	    [BY_MODEL] = c->model, [BY_REPLICA] = c->replica, [BY_POOL] = c->pool, [BY_TENANT] = c->tenant};
	return names[key];
}

/* The key of a row of time without work, before all names. */
#define KEY_NOBODY (-1)

/* No work: only tenants' uncertainties, which cancel in sums. */
static bool is_doubt(const struct cube_cell *c) {
	return cube_cell_is_busy(c) && c->spread_ns < 0 && c->gpu_ns == 0 && c->tokens == 0 && c->requests == 0;
}

static bool has_tenants(const struct grouping *g) {
	bool has = false;

	for (size_t i = 0; i < g->count; i++) {
		has |= g->by[i] == BY_TENANT;
	}
	return has;
}

/* Names by their rank in the order of texts. A group_keys. */
static bool keys_of(const void *grouping, size_t cell, int64_t keys[GROUP_KEYS_MAX]) {
	const struct grouping *g = grouping;
	struct cube_cell read, *c = &read;

	cube_read(g->cube, cell, c);
	_Static_assert(GROUP_KEYS_MAX >= BY_KEYS, "room for all keys of --by");
	bool shared = g->shared != SHARED_OWN && cube_cell_is_shared(c);
	if ((shared && g->shared == SHARED_BORNE && c->borne) || (is_doubt(c) && has_tenants(g))) {
		return false;
	}
	for (size_t i = 0; i < g->count; i++) {
		enum by_key key = g->by[i];
		keys[i] = key <= BY_MONTH ? time_key(g->s, c, key) : g->s->cube->rank[name_key(c, key)];
		keys[i] = shared && (key == BY_MODEL || key == BY_TENANT) ? KEY_NOBODY : keys[i];
	}
	return true;
}

static void set_keys(const struct grouping *g, struct row *row, const struct cube_cell *c) {
	const struct names *names = g->s->options.names;
	struct text *const fields[BY_KEYS] = {
	    [BY_MODEL] = &row->model, [BY_REPLICA] = &row->replica, [BY_POOL] = &row->pool, [BY_TENANT] = &row->tenant};

	row->bucket_ns = c->bucket_ns;
	row->not_allocated = g->shared != SHARED_OWN && cube_cell_is_shared(c);
	for (size_t i = 0; i < g->count; i++) {
		enum by_key key = g->by[i];
		if (fields[key]) {
			bool none = row->not_allocated && (key == BY_MODEL || key == BY_TENANT);
			*fields[key] = none ? NOT_ALLOCATED : names_text(names, name_key(c, key));
		}
	}
}

/* Row `i` of the groups. */
static int build_row(const struct grouping *g, const struct groups *groups, size_t i, struct row *out, struct fault *why) {
	struct sum sum = {.block = &out->block, .fits = true};
	struct cube_cell cell;

	*out = (struct row){.bucket_ns = 0};
	for (uint32_t k = groups->first[i]; k < groups->first[i + 1]; k++) {
		cube_read(g->cube, groups->items[k], &cell);
		if (k == groups->first[i]) {
			set_keys(g, out, &cell);
		}
		add_cell(&sum, g->s, &cell, g->shared);
	}
	return finish_sum(&sum, g->s, why);
}

/* Rows of a table that are stored as they are; rows of many cells always are, as each would take long to build. */
#define ROWS_MAX 4096
#define ROW_CELLS_MAX 64

static bool builds_when_read(const struct grouping *g, const struct groups *groups) {
	size_t rows_max = g->s->options.rows_max > 0 ? g->s->options.rows_max : ROWS_MAX;

	return !g->in_memory && groups->count > rows_max && groups->first[groups->count] / ROW_CELLS_MAX < groups->count;
}

static int build_rows(const struct grouping *g, const struct groups *groups, struct table *out, struct fault *why) {
	struct row *each = must_calloc(1, sizeof *each);
	struct revenue_rests rests = {.count = 0};
	int error = 0;

	for (size_t i = 0; i < groups->count && !error; i++) {
		struct row *row = out->rows ? &out->rows[i] : each;
		error = build_row(g, groups, i, row, why);
		bool fits = exact_add(&out->capacity_nano, row->block.capacity_nano);
		out->capacity_ns += row->block.capacity_ns;
		out->untied |= !block_ties(&row->block) || !fits;
		revenue_note(&rests, i, &row->block);
	}
	out->count = groups->count;
	out->steps = revenue_steps(&rests, out->count);
	for (size_t i = 0; out->rows && i < out->count; i++) {
		revenue_step(out, i, &out->rows[i].block);
	}
	free(each);
	return error;
}

static int build_table(const struct grouping *g, struct table *out, struct fault *why) {
	struct groups groups;

	groups_make(&groups, g->cube->count, g->count, keys_of, g);
	if (builds_when_read(g, &groups)) {
		out->built = must_calloc(1, sizeof *out->built);
		out->built->grouping = *g;
		out->built->groups = groups;
	} else {
		out->rows = must_calloc(groups.count + 1, sizeof(*out->rows));
	}
	int error = build_rows(g, &groups, out, why);
	if (out->rows) {
		groups_release(&groups);
	}
	return error;
}

const struct row *table_at(const struct table *t, size_t i) {
	struct built_rows *b = t->built;
	struct fault why;

	if (!b) {
		return &t->rows[i];
	}
	for (size_t k = 0; k < TABLE_ROWS_KEPT; k++) {
		if (b->kept[k].number == i + 1) {
			return &b->kept[k].row;
		}
	}
	struct kept_row *kept = &b->kept[b->next++ % TABLE_ROWS_KEPT];
	kept->number = i + 1;
	build_row(&b->grouping, &b->groups, i, &kept->row, &why); /* it fitted before */
	revenue_step(t, i, &kept->row.block);
	return &kept->row;
}

void table_release(struct table *t) {
	if (t->built) {
		groups_release(&t->built->groups);
		free(t->built);
	}
	free(t->rows);
	free(t->steps);
}

/* All cells, and those of bought requests: the latter has no row if there are none. */
static int build_total(struct statement *s, struct fault *why) {
	struct sum sum = {.block = &s->total, .fits = true}, bought = {.block = &s->bought, .fits = true};
	struct cube_cell cell;

	for (size_t i = 0; i < s->cube->count; i++) {
		cube_read(s->cube, i, &cell);
		add_cell(&sum, s, &cell, SHARED_OWN);
		if (cell.bought) {
			add_cell(&bought, s, &cell, SHARED_OWN);
		}
	}
	int error = finish_sum(&sum, s, why);
	return error ? error : finish_sum(&bought, s, why);
}

/* Shared cost is allocated to models and tenants; in rows of hours, pools and replicas it is where it arose. */
static enum shared nobodys_of_rows(const struct statement *s, enum shared of_bearers) {
	return statement_has_key(s, BY_TENANT) || statement_has_key(s, BY_MODEL) ? of_bearers : SHARED_OWN;
}

int blocks_build(struct statement *s, struct fault *why) {
	const struct report_options *o = &s->options;
	enum shared borne = o->idle_proportional ? SHARED_BORNE : SHARED_SEPARATE;
	bool has_timed = s->time_key != BY_KEYS && statement_has_key(s, BY_TENANT) && (!o->one_format || rendering_has_lines(o->one_format));
	bool page = statement_may_be_page(s); /* its pictures search these tables */
	struct grouping rows = {s, s->cube, {0}, o->by_count, nobodys_of_rows(s, borne), false};
	memcpy(rows.by, o->by, sizeof rows.by);
	const struct {
		struct grouping grouping;
		struct table *table;
		bool wanted;
	} tables[] = { /* the largest first, which need most memory while they are made */
	    {rows, &s->rows, o->by_count > 0},
	    {{s, s->cube, {s->time_key, BY_MODEL, BY_TENANT}, 3, borne, false}, &s->timed_lines, has_timed},
	    {{s, s->cube, {BY_MODEL}, 1, borne, page}, &s->models, true},
	    {{s, s->cube, {BY_TENANT}, 1, borne, page}, &s->tenants, true},
	    {{s, s->cube, {BY_MODEL, BY_TENANT}, 2, borne, page}, &s->lines, true},
	};
	int error = build_total(s, why);

	for (size_t i = 0; i < sizeof tables / sizeof *tables && !error; i++) {
		error = tables[i].wanted ? build_table(&tables[i].grouping, tables[i].table, why) : 0;
	}
	return error;
}

/* Models are in the order of their names, after shared time. */
const struct block *blocks_of_model(const struct statement *s, name_id model) {
	struct text name = names_text(s->options.names, model);
	size_t low = 0, high = s->models.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct row *row = table_at(&s->models, middle);
		int order = row->not_allocated ? -1 : text_compare(row->model, name);
		if (order == 0) {
			return &row->block;
		}
		*(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
	}
	return NULL;
}
