/*
 * The GPU usage of an invoice compared with the book: hours and money by pool and time, and the cause of each
 * difference.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "core/exact.h"
#include "core/instant.h"
#include "inspect/invoices/families.h"
#include "inspect/invoices/sheet.h"
#include "inspect/reconcile.h"

/* Half a cent per line: the rounding of invoices. */
#define ROUNDING_NANO (NANO / 200)

const char *const difference_words[CAUSES] = {
	"period cut-off", "hours not seen in logs", "hours seen, not invoiced", "not in the book at all",
	"rate", "currency", "rounding",
};

/* The book's figures for a pool in a slot. */
struct slot {
	name_id pool;
	int64_t slot_ns, gpu_ns, unobserved_ns;
	int128 money; /* GPU-ns times nano per hour */
	bool invoiced;
};

struct slots {
	struct slot *at;
	size_t count, room;
};

struct tying {
	struct book *b;
	struct invoice *in;
	struct reconciliation *out;
	struct slots slots;
	int64_t from_ns, to_ns; /* covered by the usage of the invoice */
};

static void note(struct reconciliation *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct reconciliation *r, const char *format, ...) {
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (r->note_count < NOTES_MAX) {
		r->notes[r->note_count++] = text_copy(text_of(text));
	}
}

/* ---- the book's hours ---- */

static int add_entry(void *slots, const struct entry *e) {
	struct slots *s = slots;

	if (e->gpu_ns == 0) {
		return 0;
	}
	s->at = must_grow(s->at, s->count, &s->room, sizeof *s->at, 256);
	s->at[s->count++] = (struct slot){
		.pool = e->pool,
		.slot_ns = e->slot_ns,
		.gpu_ns = e->gpu_ns,
		.unobserved_ns = e->kind == ENTRY_UNOBSERVED ? e->gpu_ns : 0,
		.money = e->rate_nano > 0 ? (int128)e->gpu_ns * e->rate_nano : 0,
	};
	return 0;
}

static int by_slot(const void *a, const void *b) {
	const struct slot *x = a, *y = b;
	int order = (x->pool > y->pool) - (x->pool < y->pool);
	return order ? order : exact_order(x->slot_ns, y->slot_ns);
}

static int merge_slots(struct slots *s, struct fault *why) {
	size_t kept = 0;
	bool fits = true;

	if (s->count == 0) {
		return 0;
	}
	qsort(s->at, s->count, sizeof *s->at, by_slot);
	for (size_t i = 1; i < s->count; i++) {
		struct slot *to = &s->at[kept], *x = &s->at[i];
		if (by_slot(to, x) != 0) {
			s->at[++kept] = *x;
			continue;
		}
		fits = exact_add(&to->gpu_ns, x->gpu_ns) && exact_add(&to->unobserved_ns, x->unobserved_ns) && fits;
		to->money += x->money;
	}
	s->count = kept + 1;
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the book's hours do not fit 64 bits");
}

static int64_t widened(int64_t ns, int64_t by) {
	int64_t out;
	return __builtin_add_overflow(ns, by, &out) ? ns : out;
}

static int load_slots(struct tying *t, int64_t cutoff_ns, struct fault *why) {
	t->from_ns = INT64_MAX;
	t->to_ns = INT64_MIN;
	for (size_t i = 0; i < t->in->count; i++) {
		const struct invoice_line *l = &t->in->at[i];
		if (l->class == CHARGE_USAGE) {
			exact_widen(&t->from_ns, &t->to_ns, l->from_ns, l->to_ns);
		}
	}
	if (t->from_ns > t->to_ns) {
		return 0;
	}
	int rc = ledger_entries(t->b->ledger, widened(t->from_ns, -cutoff_ns), widened(t->to_ns, cutoff_ns), INT64_MAX - 1,
	                        add_entry, &t->slots, why);
	return rc < 0 ? rc : merge_slots(&t->slots, why);
}

static bool is_booked(const struct tying *t, struct text pool, name_id *id) {
	*id = names_find(t->b->names, pool);
	for (size_t i = 0; i < t->slots.count && pool.len > 0 && *id; i++) {
		if (t->slots.at[i].pool == *id) {
			return true;
		}
	}
	return false;
}

/* ---- the pool of a line ---- */

static size_t count_booked(const struct tying *t) {
	size_t n = 0;
	name_id id;

	for (size_t i = 0; i < t->in->count; i++) {
		n += t->in->at[i].class == CHARGE_USAGE && is_booked(t, text_of(t->in->at[i].pool), &id);
	}
	return n;
}

/* The column with the most names of pools. */
static int best_column(const struct tying *t) {
	size_t best = 0;
	int column = -1;
	name_id id;

	for (size_t c = 0; c < t->in->sheet->column_count; c++) {
		size_t n = 0;
		for (size_t i = 0; i < t->in->count; i++) {
			const struct invoice_line *l = &t->in->at[i];
			n += l->class == CHARGE_USAGE && is_booked(t, sheet_cell(t->in->sheet, l->row, (int)c), &id);
		}
		column = n > best ? (int)c : column;
		best = n > best ? n : best;
	}
	return column;
}

static void clear_pools(struct tying *t) {
	for (size_t i = 0; i < t->in->count; i++) {
		if (t->in->at[i].class == CHARGE_USAGE || t->in->at[i].class == CHARGE_DISCOUNT) {
			t->in->at[i].pool[0] = '\0';
		}
	}
	note(t->out, "no line names a pool of the book: all GPU usage is compared with all pools together; name the "
		     "column with --pool-column NAME");
}

/*
 * Usage without hours for something that is not a pool of the book belongs to other services, if other usage has
 * hours.
 */
static void set_others_aside(struct tying *t, bool some_booked) {
	bool any_hours = false;
	name_id id;

	for (size_t i = 0; i < t->in->count; i++) {
		any_hours |= t->in->at[i].class == CHARGE_USAGE && t->in->at[i].gpu_ns != HOURS_UNKNOWN;
	}
	for (size_t i = 0; i < t->in->count; i++) {
		struct invoice_line *l = &t->in->at[i];
		bool stray = l->gpu_ns == HOURS_UNKNOWN && any_hours && !(some_booked && is_booked(t, text_of(l->pool), &id));
		l->class = l->class == CHARGE_USAGE && stray ? CHARGE_OTHER : l->class;
	}
}

/*
 * Where lines name pools, one without a name belongs to none of them, such as the unused part of a commitment: compared with
 * all pools, hours would count twice. Discounts of nothing belong to a commitment.
 */
static void name_the_rest(struct tying *t) {
	for (size_t i = 0; i < t->in->count; i++) {
		struct invoice_line *l = &t->in->at[i];
		bool compared = l->class == CHARGE_USAGE || l->class == CHARGE_DISCOUNT;
		if (compared && l->pool[0] == '\0') {
			free(l->pool);
			l->pool = text_copy(T("(no pool)"));
			l->class = l->class == CHARGE_DISCOUNT && l->amount_nano == 0 ? CHARGE_COMMITMENT : l->class;
		}
	}
}

static void find_pools(struct tying *t) {
	size_t booked = count_booked(t);
	if (booked > 0) {
		name_the_rest(t);
	}
	if (t->in->family->own_pools) {
		return;
	}
	if (booked == 0 && !t->in->pool_column) {
		int column = best_column(t);
		if (column >= 0) {
			invoice_set_pools(t->in, column);
			note(t->out, "pools are named by column %s, whose values are pool names of the book", t->in->pool_column);
			booked = count_booked(t);
			name_the_rest(t);
		}
	}
	set_others_aside(t, booked > 0);
	if (booked == 0) {
		clear_pools(t);
	}
}

/* ---- hours of instances ---- */

static bool slot_is_of(const struct slot *s, name_id pool, int64_t from_ns, int64_t to_ns) {
	return (pool == 0 || s->pool == pool) && s->slot_ns >= from_ns && s->slot_ns < to_ns;
}

/* The first slot of a pool at or after an instant. */
static size_t first_slot(const struct slots *s, name_id pool, int64_t from_ns) {
	size_t from = 0, to = s->count;

	while (from < to) {
		size_t middle = (from + to) / 2;
		const struct slot *x = &s->at[middle];
		if (x->pool < pool || (x->pool == pool && x->slot_ns < from_ns)) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	return from;
}

typedef void slot_taker(void *context, struct slot *s);

static void each_slot(struct slots *s, name_id pool, int64_t from_ns, int64_t to_ns, slot_taker *take, void *context) {
	for (size_t i = pool ? first_slot(s, pool, from_ns) : 0; i < s->count; i++) {
		if (pool && !slot_is_of(&s->at[i], pool, from_ns, to_ns)) {
			return;
		}
		if (slot_is_of(&s->at[i], pool, from_ns, to_ns)) {
			take(context, &s->at[i]);
		}
	}
}

static void add_gpu_ns(void *sum, struct slot *s) {
	*(int128 *)sum += s->gpu_ns;
}

/*
 * Hours in the invoice may be those of GPUs or of instances: of instances, if times the fleet's GPUs per replica they
 * are nearer to the book's.
 */
static bool settle_hours(struct tying *t, const char *pool) {
	name_id id = pool[0] ? names_find(t->b->names, text_of(pool)) : 0;
	int64_t gpus = t->b->fleet && (id || !pool[0]) ? fleet_replica_gpus(t->b->fleet, id) : 0;
	int128 billed = 0, booked = 0;
	int64_t from_ns = INT64_MAX, to_ns = INT64_MIN;

	for (size_t i = 0; i < t->in->count; i++) {
		const struct invoice_line *l = &t->in->at[i];
		if (l->hours_doubtful && strcmp(l->pool, pool) == 0) {
			billed += l->gpu_ns;
			exact_widen(&from_ns, &to_ns, l->from_ns, l->to_ns);
		}
	}
	each_slot(&t->slots, id, from_ns, to_ns, add_gpu_ns, &booked);
	int128 as_gpus = billed > booked ? billed - booked : booked - billed;
	int128 as_nodes = billed * gpus > booked ? billed * gpus - booked : booked - billed * gpus;
	bool nodes = gpus > 1 && as_nodes < as_gpus, fits = true;

	for (size_t i = 0; i < t->in->count; i++) {
		struct invoice_line *l = &t->in->at[i];
		if (l->hours_doubtful && strcmp(l->pool, pool) == 0) {
			l->hours_doubtful = false;
			fits = !__builtin_mul_overflow(l->gpu_ns, nodes ? gpus : 1, &l->gpu_ns) && fits;
		}
	}
	if (nodes) {
		note(t->out, "hours of %s are instance hours: multiplied by the fleet file's %lld GPUs, they are closer to the book's", pool[0] ? pool : "all pools", (long long)gpus);
	}
	return fits;
}

static int find_fleet(struct tying *t, struct fault *why) {
	struct last_run last;
	int rc = book_last_run(t->b, INT64_MAX - 1, &last, why);

	return rc < 0 ? rc : t->b->fleet ? 0 : book_fleet_of_run(t->b, last.id, why);
}

static int settle_all_hours(struct tying *t, struct fault *why) {
	bool asked = false;

	for (size_t i = 0; i < t->in->count; i++) {
		struct invoice_line *l = &t->in->at[i];
		if (!l->hours_doubtful) {
			continue;
		}
		int rc = asked ? 0 : find_fleet(t, why);
		if (rc < 0) {
			return rc;
		}
		asked = true;
		if (!settle_hours(t, l->pool)) {
			return fault_set(why, ERROR_RANGE, "hours of the invoice do not fit 64 bits");
		}
	}
	return 0;
}

/* ---- lines ---- */

static struct tied *add_tied(struct tied_list *list, const struct tied *one) {
	list->at = must_realloc(list->at, (list->count + 1) * sizeof *list->at);
	list->at[list->count] = *one;
	return &list->at[list->count++];
}

static int by_pool_and_time(const void *a, const void *b) {
	const struct tied *x = a, *y = b;
	int order = strcmp(x->pool, y->pool);

	order = order ? order : exact_order(x->from_ns, y->from_ns);
	order = order ? order : exact_order(x->to_ns, y->to_ns);
	return order ? order : strcmp(x->currency, y->currency);
}

static bool add_hours(int64_t *sum, int64_t ns) {
	if (ns == HOURS_UNKNOWN) {
		return true;
	}
	*sum = *sum == HOURS_UNKNOWN ? 0 : *sum;
	return exact_add(sum, ns);
}

/* Lines of one pool and time are merged: fees and credits belong to their hours. */
static int merge_lines(struct tied_list *list, struct fault *why) {
	size_t kept = 0;
	bool fits = true;

	if (list->count == 0) {
		return 0;
	}
	qsort(list->at, list->count, sizeof *list->at, by_pool_and_time);
	for (size_t i = 1; i < list->count; i++) {
		struct tied *to = &list->at[kept], *x = &list->at[i];
		if (by_pool_and_time(to, x) != 0) {
			list->at[++kept] = *x;
			continue;
		}
		fits = exact_add(&to->amount_nano, x->amount_nano) && fits;
		fits = add_hours(&to->gpu_ns, x->gpu_ns) && fits;
	}
	list->count = kept + 1;
	return fits ? 0 : fault_set(why, ERROR_RANGE, "a sum of the invoice does not fit 64 bits");
}

/* Usage becomes lines to be tied; other charges are summed by kind. */
static int sort_lines(struct tying *t, struct fault *why) {
	struct reconciliation *r = t->out;
	bool fits = true;

	for (size_t i = 0; i < t->in->count; i++) {
		const struct invoice_line *l = &t->in->at[i];
		if (l->class == CHARGE_USAGE || l->class == CHARGE_DISCOUNT) {
			add_tied(&r->lines, &(struct tied){.pool = l->pool, .currency = l->currency, .from_ns = l->from_ns, .to_ns = l->to_ns,
			                                   .gpu_ns = l->gpu_ns, .amount_nano = l->amount_nano, .line = l->line});
			continue;
		}
		fits = exact_add(&r->charges_nano[l->class], l->amount_nano) && exact_add(&r->billed_nano[l->class], l->billed_nano) && fits;
		r->charge_lines[l->class]++;
	}
	return fits ? merge_lines(&r->lines, why) : fault_set(why, ERROR_RANGE, "a sum of the invoice does not fit 64 bits");
}

static void warn_of_overlaps(struct tying *t) {
	const struct tied_list *list = &t->out->lines;
	int64_t reach_ns = INT64_MIN;

	for (size_t i = 0; i < list->count; i++) {
		const struct tied *l = &list->at[i];
		bool follows = i > 0 && strcmp(list->at[i - 1].pool, l->pool) == 0;
		if (follows && l->from_ns < reach_ns) {
			terminal_warning(t->b->terminal, "line %d and another one of pool %s overlap in time: the "
							 "book's hours there count for both",
			                 l->line, l->pool[0] ? l->pool : "(all)");
		}
		reach_ns = follows && reach_ns > l->to_ns ? reach_ns : l->to_ns;
	}
}

/* ---- causes ---- */

struct sums {
	int64_t gpu_ns, unobserved_ns;
	int128 money;
	bool any;
};

static void add_slot(void *sums, struct slot *s) {
	struct sums *k = sums;

	s->invoiced = true;
	k->any = true;
	k->gpu_ns += s->gpu_ns;
	k->unobserved_ns += s->unobserved_ns;
	k->money += s->money;
}

/* Additional hours in the invoice: first those next to the period, then those not covered by any log. */
static void find_hours(struct tied *l, int64_t edge_ns, int64_t *invoiced, int64_t *booked) {
	if (l->gpu_ns <= 0) {
		return;
	}
	int64_t more = l->gpu_ns - l->book_gpu_ns;

	if (more > 0) {
		int64_t edge = more < edge_ns ? more : edge_ns, over = 0;
		(void)exact_mul_div(l->amount_nano, more, l->gpu_ns, &over);
		(void)exact_mul_div(over, edge, more, &l->causes[CAUSE_CUTOFF]);
		l->causes[CAUSE_NOT_IN_LOGS] = over - l->causes[CAUSE_CUTOFF];
		*invoiced -= over;
	} else if (more < 0 && l->book_gpu_ns > 0) {
		int64_t missing = 0;
		(void)exact_mul_div(*booked, -more, l->book_gpu_ns, &missing);
		l->causes[CAUSE_NOT_INVOICED] = -missing;
		*booked -= missing;
	}
}

static void find_causes(struct tied *l, const char *currency, bool any, int64_t edge_ns) {
	int64_t invoiced = l->amount_nano, booked = l->cost_nano;

	if (l->currency[0] && currency[0] && !text_eq_nocase(text_of(l->currency), text_of(currency))) {
		l->causes[CAUSE_CURRENCY] = invoiced - booked;
		return;
	}
	if (!any) {
		l->causes[CAUSE_NO_POOL] = invoiced;
		return;
	}
	find_hours(l, edge_ns, &invoiced, &booked);
	int64_t rest = invoiced - booked;
	l->causes[rest <= ROUNDING_NANO && rest >= -ROUNDING_NANO ? CAUSE_ROUNDING : CAUSE_RATE] = rest;
}

static int tie_line(struct tying *t, struct tied *l, int64_t cutoff_ns, struct fault *why) {
	name_id id = l->pool[0] ? names_find(t->b->names, text_of(l->pool)) : 0;
	struct sums sums = {0};
	int128 before = 0, after = 0;

	if (l->pool[0] == '\0' || id) {
		each_slot(&t->slots, id, l->from_ns, l->to_ns, add_slot, &sums);
		each_slot(&t->slots, id, widened(l->from_ns, -cutoff_ns), l->from_ns, add_gpu_ns, &before);
		each_slot(&t->slots, id, l->to_ns, widened(l->to_ns, cutoff_ns), add_gpu_ns, &after);
	}
	int128 cost = exact_div(sums.money, NS_PER_HOUR);
	if (cost > INT64_MAX || before + after > INT64_MAX) {
		return fault_set(why, ERROR_RANGE, "the book's cost does not fit 64 bits");
	}
	l->cost_nano = (int64_t)cost;
	l->book_gpu_ns = sums.gpu_ns;
	l->unobserved_ns = sums.unobserved_ns;
	find_causes(l, t->out->currency, sums.any, (int64_t)(before + after));
	return 0;
}

/* ---- sums ---- */

static bool add_to(struct tied *sum, const struct tied *l) {
	bool fits = exact_add(&sum->amount_nano, l->amount_nano) && exact_add(&sum->cost_nano, l->cost_nano) &&
	            exact_add(&sum->book_gpu_ns, l->book_gpu_ns) && exact_add(&sum->unobserved_ns, l->unobserved_ns);

	fits = add_hours(&sum->gpu_ns, l->gpu_ns) && fits;
	exact_widen(&sum->from_ns, &sum->to_ns, l->from_ns, l->to_ns);
	for (int c = 0; c < CAUSES; c++) {
		fits = exact_add(&sum->causes[c], l->causes[c]) && fits;
	}
	return fits;
}

static bool sum_pools(struct reconciliation *r) {
	bool fits = true;

	for (size_t i = 0; i < r->lines.count; i++) {
		const struct tied *l = &r->lines.at[i];
		bool same = i > 0 && strcmp(r->lines.at[i - 1].pool, l->pool) == 0;
		struct tied *pool = same ? &r->pools.at[r->pools.count - 1]
		                         : add_tied(&r->pools, &(struct tied){.pool = l->pool, .currency = l->currency, .from_ns = INT64_MAX,
		                                                              .to_ns = INT64_MIN, .gpu_ns = HOURS_UNKNOWN});
		fits = add_to(pool, l) && fits;
	}
	return fits;
}

/* Hours of pools that no line covers, within the time that the invoice covers. */
static bool sum_rest(struct tying *t) {
	struct tied_list *rest = &t->out->rest;
	int128 money = 0;
	bool fits = true;

	for (size_t i = 0; i < t->slots.count; i++) {
		const struct slot *s = &t->slots.at[i];
		if (s->invoiced || s->slot_ns < t->from_ns || s->slot_ns >= t->to_ns) {
			continue;
		}
		struct text name = names_text(t->b->names, s->pool);
		const char *pool = name.len > 0 ? name.at : "(no pool)";
		if (rest->count == 0 || strcmp(rest->at[rest->count - 1].pool, pool) != 0) {
			add_tied(rest, &(struct tied){.pool = pool, .currency = "", .from_ns = t->from_ns, .to_ns = t->to_ns, .gpu_ns = HOURS_UNKNOWN});
			money = 0;
		}
		struct tied *l = &rest->at[rest->count - 1];
		money += s->money;
		fits = exact_add(&l->book_gpu_ns, s->gpu_ns) && fits;
		l->cost_nano = (int64_t)exact_div(money, NS_PER_HOUR);
		l->causes[CAUSE_NOT_INVOICED] = -l->cost_nano;
	}
	return fits;
}

static int sum_up(struct tying *t, struct fault *why) {
	struct reconciliation *r = t->out;
	bool fits = sum_pools(r) && sum_rest(t);
	int64_t causes = 0;

	r->total = (struct tied){.pool = "", .currency = "", .from_ns = INT64_MAX, .to_ns = INT64_MIN, .gpu_ns = HOURS_UNKNOWN};
	for (size_t i = 0; i < r->pools.count; i++) {
		fits = add_to(&r->total, &r->pools.at[i]) && fits;
	}
	for (size_t i = 0; i < r->rest.count; i++) {
		fits = add_to(&r->total, &r->rest.at[i]) && fits;
	}
	for (int c = 0; c < CAUSES; c++) {
		causes += r->total.causes[c];
	}
	if (!fits || causes != r->total.amount_nano - r->total.cost_nano) {
		return fault_set(why, ERROR_RANGE, "the causes do not sum to the difference");
	}
	return 0;
}

int reconcile_gpus(struct book *b, struct invoice *in, const struct reconcile_settings *s, struct reconciliation *out,
                   struct fault *why) {
	struct tying t = {.b = b, .in = in, .out = out};
	int64_t cutoff_ns = s->cutoff_hours * NS_PER_HOUR;
	int rc = load_slots(&t, cutoff_ns, why);

	out->in = in;
	out->tolerance_nano = s->tolerance_nano;
	if (in->effective) {
		note(out, "EffectiveCost is compared, which spreads prepayments over their use; --cost billed compares BilledCost");
	}
	if (rc == 0) {
		find_pools(&t);
		rc = settle_all_hours(&t, why);
	}
	rc = rc < 0 ? rc : sort_lines(&t, why);
	if (rc == 0) {
		warn_of_overlaps(&t);
	}
	for (size_t i = 0; i < out->lines.count && rc == 0; i++) {
		rc = tie_line(&t, &out->lines.at[i], cutoff_ns, why);
	}
	rc = rc < 0 ? rc : sum_up(&t, why);
	free(t.slots.at);
	return rc;
}

void reconciliation_release(struct reconciliation *r) {
	free(r->lines.at);
	free(r->pools.at);
	free(r->rest.at);
	for (size_t i = 0; i < r->note_count; i++) {
		free(r->notes[i]);
	}
}
