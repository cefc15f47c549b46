#include "attribute/evidence/load.h"

#include <math.h>
#include <stdlib.h>

#include "core/exact.h"
#include "core/hash_index.h"
#include "core/instant.h"
#include "core/sorted.h"

/* Requests and steps that last longer are not counted. */
#define LONGEST_NS NS_PER_HOUR
/* Windows of a name that are stored: one per second and more. */
#define WINDOWS_MOST ((size_t)2048)
/* Longer windows, of usage reports, show no load. */
#define LONGEST_WINDOW_NS (120 * NS_PER_SECOND)

static int64_t second_of(int64_t at_ns) {
	return instant_floor(at_ns, NS_PER_SECOND) / NS_PER_SECOND;
}

static int64_t block_of(int64_t second) {
	return instant_floor(second, LOAD_BLOCK_SECONDS) / LOAD_BLOCK_SECONDS;
}

void load_init(struct load *l, size_t most_blocks) {
	*l = (struct load){.most = most_blocks, .bound = most_blocks > 0 ? UINT64_MAX : 0};
}

void load_release(struct load *l) {
	for (size_t i = 0; i < l->count; i++) {
		free(l->at[i]);
	}
	free(l->windows);
}

/* ---- which blocks are kept ---- */

static bool is_known(const struct load *l, int64_t second) {
	return hash_number(block_of(second)) < l->bound;
}

static void drop_block(struct load *l, size_t i) {
	size_t kept = 0;

	free(l->at[i]);
	l->at[i] = l->at[--l->count];
	l->last = 0;
	for (size_t k = 0; k < l->window_count; k++) {
		if (is_known(l, second_of(l->windows[k].end_ns))) {
			l->windows[kept++] = l->windows[k];
		}
	}
	l->window_count = kept;
}

static void set_bound(struct load *l, uint64_t bound) {
	if (bound < l->bound) {
		l->bound = bound;
		for (size_t i = l->count; i-- > 0;) {
			if (l->at[i]->hash >= bound) {
				drop_block(l, i);
			}
		}
	}
}

static const struct load_block *find_block(const struct load *l, int64_t number) {
	for (size_t i = 0; i < l->count; i++) {
		if (l->at[i]->number == number) {
			return l->at[i];
		}
	}
	return NULL;
}

/* The block of that number, a new one if there is none; NULL: it is not kept. */
static struct load_block *block_at(struct load *l, int64_t number) {
	uint64_t hash = hash_number(number);
	size_t largest = 0;

	if (l->last < l->count && l->at[l->last]->number == number) {
		return l->at[l->last];
	}
	for (size_t i = 0; i < l->count; i++) {
		if (l->at[i]->number == number) {
			l->last = i;
			return l->at[i];
		}
		largest = l->at[i]->hash > l->at[largest]->hash ? i : largest;
	}
	if (hash < l->bound && l->count >= l->most) {
		set_bound(l, hash > l->at[largest]->hash ? hash : l->at[largest]->hash);
	}
	if (hash >= l->bound) {
		return NULL;
	}
	struct load_block *b = l->at[l->last = l->count++] = must_calloc(1, sizeof *b);
	b->number = number;
	b->hash = hash;
	return b;
}

/* ---- what is counted ---- */

static void add_to(uint32_t *sum, int64_t more) {
	*sum = more > (int64_t)(UINT32_MAX - *sum) ? UINT32_MAX : *sum + (uint32_t)(more > 0 ? more : 0);
}

/* Squares of the tokens of `sequences` that generate this many together, rounded up. */
static int64_t squares_of(int64_t generated_mtok, int64_t sequences) {
	double tokens = (double)generated_mtok / 1000;

	return (int64_t)fmin(ceil(tokens * tokens / (double)(sequences > 0 ? sequences : 1)), 4e9);
}

/* total x part / whole: in 64 bits where the product fits, which is faster. */
static int64_t part_of(int64_t total, int64_t part, int64_t whole) {
	int64_t product;

	return __builtin_mul_overflow(total, part, &product) ? (int64_t)((int128)total * part / whole) : product / whole;
}

/* Adds sequences that run for a while and generate tokens evenly. */
static void spread(struct load *l, int64_t from_ns, int64_t to_ns, int64_t running, int64_t generated_mtok, bool of_steps) {
	int64_t length;

	if (__builtin_sub_overflow(to_ns, from_ns, &length) || length < 0 || length > LONGEST_NS || from_ns < INT64_MIN / 2 ||
	    to_ns > INT64_MAX / 2 || generated_mtok < 0 || running < 0 || running > UINT32_MAX) {
		return;
	}
	for (int64_t second = second_of(from_ns); second <= second_of(to_ns); second++) {
		struct load_block *b = block_at(l, block_of(second));
		if (!b) { /* none of its seconds */
			second = (block_of(second) + 1) * LOAD_BLOCK_SECONDS - 1;
			continue;
		}
		struct load_bin *bin = &b->bins[second - b->number * LOAD_BLOCK_SECONDS];
		int64_t low = second * NS_PER_SECOND > from_ns ? second * NS_PER_SECOND : from_ns;
		int64_t high = (second + 1) * NS_PER_SECOND < to_ns ? (second + 1) * NS_PER_SECOND : to_ns;
		int64_t part = length > 0 ? part_of(generated_mtok, high - low, length) : generated_mtok;
		add_to(&bin->running_ms, running * (high - low) / 1000000);
		add_to(&bin->generated_mtok, part);
		if (!of_steps) {
			add_to(&bin->squares, squares_of(part, running));
		}
	}
}

static void count_step_end(struct load *l, int64_t end_ns) {
	struct load_block *b = block_at(l, block_of(second_of(end_ns)));

	if (b) {
		add_to(&b->bins[second_of(end_ns) - b->number * LOAD_BLOCK_SECONDS].steps, 1);
	}
}

static void add_step(struct load *l, const struct step_item *x) {
	int64_t end_ns = x->head.at_ns + x->duration_ns, sequences = (int64_t)x->prefill_requests + x->decode_requests;

	l->drafted |= x->decode_tokens > x->decode_requests;
	/* With decoders in the step, first tokens are few, and a chunk may not be a prompt's last one. */
	spread(l, x->head.at_ns, end_ns, sequences, 1000 * (int64_t)(x->decode_requests > 0 ? x->decode_requests : x->prefill_requests), true);
	if (x->decode_requests > 0) {
		count_step_end(l, end_ns);
	}
}

static void add_request(struct load *l, const struct request_item *r) {
	int64_t first_ns = r->first_token_ns != UNKNOWN ? r->first_token_ns : r->arrival_ns;
	int64_t begin_ns = r->scheduled_ns != UNKNOWN && r->part != PART_DECODE ? r->scheduled_ns : first_ns;
	int64_t finish_ns = r->part == PART_PREFILL ? first_ns : r->finish_ns;

	if (first_ns == UNKNOWN || finish_ns == UNKNOWN || begin_ns > first_ns || first_ns > finish_ns) {
		return;
	}
	spread(l, begin_ns, first_ns, 1, 0, false);
	spread(l, first_ns, finish_ns, 1, 1000 * (r->part == PART_PREFILL ? 1 : (int64_t)r->completion_tokens), false);
}

void load_put_window(struct load *l, const struct load_window *w) {
	int64_t length;

	if (__builtin_sub_overflow(w->end_ns, w->start_ns, &length) || length <= 0 || length > LONGEST_WINDOW_NS || l->window_count == WINDOWS_MOST || !is_known(l, second_of(w->end_ns))) {
		return;
	}
	if (l->window_count == l->window_room) {
		l->window_room = l->window_room > 0 ? 2 * l->window_room : 64;
		l->windows = must_realloc(l->windows, l->window_room * sizeof *l->windows);
	}
	l->windows[l->window_count++] = *w;
}

static void add_window(struct load *l, const struct window_item *w) {
	int64_t running = w->running == UNKNOWN ? 0 : w->running;

	if ((w->output_tokens <= 0 && running <= 0) || w->output_tokens > UINT32_MAX || w->end_ns <= w->head.at_ns) {
		return;
	}
	spread(l, w->head.at_ns, w->end_ns, running, 1000 * w->output_tokens, false);
	if (block_at(l, block_of(second_of(w->end_ns)))) {
		load_put_window(l, &(struct load_window){w->head.at_ns, w->end_ns, 1000 * w->output_tokens, w->running});
	}
}

void load_add_item(struct load loads[LOAD_KINDS], const struct item *item) {
	if (loads[0].most == 0) {
		return;
	}
	if (item->kind == ITEM_STEP) {
		add_step(&loads[LOAD_STEPS], (const struct step_item *)item);
	} else if (item->kind == ITEM_REQUEST) {
		add_request(&loads[LOAD_REQUESTS], (const struct request_item *)item);
	} else if (item->kind == ITEM_WINDOW) {
		add_window(&loads[LOAD_WINDOWS], (const struct window_item *)item);
	}
}

/* ---- parts of a name's evidence ---- */

void load_put_bin(struct load *l, int64_t second, const struct load_bin *bin) {
	struct load_block *b = block_at(l, block_of(second));

	if (b) {
		struct load_bin *sum = &b->bins[second - b->number * LOAD_BLOCK_SECONDS];
		add_to(&sum->generated_mtok, bin->generated_mtok);
		add_to(&sum->running_ms, bin->running_ms);
		add_to(&sum->squares, bin->squares);
		add_to(&sum->steps, bin->steps);
	}
}

void load_put_bound(struct load *l, uint64_t bound) {
	set_bound(l, bound);
}

static int by_end(const void *a, const void *b) {
	const struct load_window *x = a, *y = b;
	int order = exact_order(x->end_ns, y->end_ns);

	order = order != 0 ? order : exact_order(x->start_ns, y->start_ns);
	order = order != 0 ? order : exact_order(x->generated_mtok, y->generated_mtok);
	return order != 0 ? order : exact_order(x->running, y->running);
}

void load_end_merge(struct load *l) {
	size_t kept = 0;

	sort_items(l->windows, l->window_count, sizeof *l->windows, by_end);
	for (size_t i = 0; i < l->window_count; i++) {
		if (kept == 0 || by_end(&l->windows[i], &l->windows[kept - 1]) != 0) {
			l->windows[kept++] = l->windows[i];
		}
	}
	l->window_count = kept;
}

static double mean_length(const struct load *l) {
	double sum = 0;

	for (size_t i = 0; i < l->window_count; i++) {
		sum += (double)(l->windows[i].end_ns - l->windows[i].start_ns);
	}
	return l->window_count > 0 ? sum / (double)l->window_count : 0;
}

bool load_is_longer(const struct load *l, const struct load *other) {
	return mean_length(l) > mean_length(other);
}

/* ---- comparing ---- */

#define NEAR_S 6
#define REACH_NS (NEAR_S * NS_PER_SECOND)
#define FAR_FROM_S 12
#define FAR_TO_S 90
/* Number of windows that are compared. */
#define COMPARED_MOST 200
#define BIN_WINDOW_S 10
/*
 * The quotient of running sequences is 1 where two servers share a load at random. Measured on the simulated runs: up to
 * 0.12 for one server, at least 0.65 for two.
 */
#define NEAR_QUOTIENT 0.15
/* That of tokens: of one server up to 0.2, mostly under 0.01; of two with the same shape of load at least 0.035. */
#define EXACT_QUOTIENT 0.02
#define SAME_LEAST 6
/* Tokens of windows of another length: of one server up to 0.11, of two at least 0.3; loads that hardly vary show nothing. */
#define AVERAGED_CLEAR 1.25
#define AVERAGED_LEAST 20
#define CLEARLY 0.15
#define DIFFERENT_LEAST 3

/* What is compared: windows in the order of time, as far as both names' seconds are known. */
struct compared {
	const struct load *other;
	const struct active_days *days;
	int64_t from_ns, to_ns; /* windows that lie in these, and in a day's of `days` */
	struct load_window at[COMPARED_MOST];
	size_t count;
	bool has_running, drafted, averaged;
};

static const struct load_bin *bin_of(const struct load *l, int64_t second) {
	const struct load_block *b = find_block(l, block_of(second));

	return b ? &b->bins[second - b->number * LOAD_BLOCK_SECONDS] : NULL;
}

struct counted {
	double running, generated, squares;
};

/* What the other one counts in a window. */
static struct counted count_window(const struct load *l, const struct load_window *w, int64_t offset_s) {
	struct counted c = {0, 0, 0};
	double length = (double)(w->end_ns - w->start_ns) / 1e9;

	for (int64_t second = second_of(w->start_ns); second * NS_PER_SECOND < w->end_ns; second++) {
		const struct load_bin *bin = bin_of(l, second + offset_s);
		int64_t low = second * NS_PER_SECOND > w->start_ns ? second * NS_PER_SECOND : w->start_ns;
		int64_t high = (second + 1) * NS_PER_SECOND < w->end_ns ? (second + 1) * NS_PER_SECOND : w->end_ns;
		double part = (double)(high - low) / 1e9;
		if (bin) {
			c.generated += part * bin->generated_mtok / 1000;
			c.squares += part * ((double)bin->squares + (double)bin->generated_mtok / 1000 * bin->steps);
		}
	}
	c.squares *= fmax(length, 1);
	/* In the middle of the second that ends with the window, half of it in each of two. */
	const struct load_bin *last = bin_of(l, second_of(w->end_ns - NS_PER_SECOND / 2) + offset_s);
	const struct load_bin *next = bin_of(l, second_of(w->end_ns + NS_PER_SECOND / 2) + offset_s);
	c.running = ((last ? last->running_ms : 0) + (double)(next ? next->running_ms : 0)) / 2000;
	return c;
}

/* A squared difference, and what it would be on average by chance. */
struct residual {
	double square, chance;
};

static int by_square(const void *a, const void *b) {
	const struct residual *x = a, *y = b;

	return (x->square > y->square) - (x->square < y->square);
}

/* The sum of squared differences over that of chance, the worst tenth left out. */
static double quotient(struct residual *at, size_t count) {
	double square = 0, chance = 0;

	qsort(at, count, sizeof *at, by_square);
	for (size_t i = 0; i < count - count / 10; i++) {
		square += at[i].square;
		chance += at[i].chance;
	}
	return chance > 0 ? square / chance : 1;
}

struct quotients {
	double running, generated, score;
	double unlike;
};

/* Sums of both sides' tokens and of their squares. */
struct course {
	double here, there, here_square, there_square, difference_square;
};

static void course_add(struct course *c, double here, double there) {
	c->here += here;
	c->there += there;
	c->here_square += here * here;
	c->there_square += there * there;
	c->difference_square += (here - there) * (here - there);
}

/* The squared differences over what they would be by chance; loads that hardly vary show nothing. */
static double course_unlike(const struct course *c, double count) {
	double variance = c->here_square - c->here * c->here / count + c->there_square - c->there * c->there / count;

	return variance > 1e-3 * (c->here_square + c->there_square) ? c->difference_square / variance : 0;
}

static struct quotients compare_at(const struct compared *c, int64_t offset_s) {
	struct residual running[COMPARED_MOST], generated[COMPARED_MOST];
	struct quotients q;
	struct course course = {0};

	for (size_t i = 0; i < c->count; i++) {
		const struct load_window *w = &c->at[i];
		struct counted there = count_window(c->other, w, offset_s);
		double r = w->running == UNKNOWN ? there.running : (double)w->running, g = (double)w->generated_mtok / 1000;
		running[i] = !c->has_running ? (struct residual){(g - there.generated) * (g - there.generated), 2 * there.squares}
		                             : (struct residual){(r - there.running) * (r - there.running), 2 * there.running};
		generated[i] = (struct residual){(g - there.generated) * (g - there.generated), 2 * there.squares};
		course_add(&course, g, there.generated);
	}
	q.unlike = course_unlike(&course, (double)c->count);
	q.running = quotient(running, c->count);
	q.generated = c->drafted ? q.running : quotient(generated, c->count);
	q.score = (double)c->count / 4 * log(1 / (fmax(q.running, 0.02) * fmax(q.generated, 0.002)));
	return q;
}

/* Every second up to the range of offsets around a window has to be known. */
static bool may_compare(const struct compared *c, const struct load_window *w) {
	return w->start_ns >= c->from_ns && w->end_ns <= c->to_ns && (!c->days || active_covers(c->days, w->start_ns, w->end_ns, REACH_NS)) && is_known(c->other, second_of(w->start_ns) - NEAR_S) &&
	       is_known(c->other, second_of(w->end_ns) + NEAR_S);
}

static void add_compared(struct compared *c, const struct load_window *w) {
	if (c->count < COMPARED_MOST && may_compare(c, w)) {
		c->at[c->count++] = *w;
		c->has_running &= w->running != UNKNOWN;
	}
}

/* Each ten seconds in which anything runs, as a window. */
static void add_bins(struct compared *c, const struct load_block *b) {
	for (int64_t s = 0; s + BIN_WINDOW_S <= LOAD_BLOCK_SECONDS; s += BIN_WINDOW_S) {
		struct load_window w = {.start_ns = (b->number * LOAD_BLOCK_SECONDS + s) * NS_PER_SECOND};
		int64_t ms = b->bins[s + BIN_WINDOW_S - 1].running_ms;
		w.end_ns = w.start_ns + BIN_WINDOW_S * NS_PER_SECOND;
		w.running = (ms + 500) / 1000;
		for (int64_t i = s; i < s + BIN_WINDOW_S; i++) {
			w.generated_mtok += b->bins[i].generated_mtok;
		}
		if (w.generated_mtok > 0 || w.running > 0) {
			add_compared(c, &w);
		}
	}
}

static void collect_windows(struct compared *c, const struct load *l, bool by_bins) {
	for (size_t i = 0; i < l->count && by_bins; i++) {
		add_bins(c, l->at[i]);
	}
	for (size_t i = 0; i < l->window_count && !by_bins; i++) {
		add_compared(c, &l->windows[i]);
	}
}

/* Of all windows, the tokens of both: the smaller sum as a share of the larger one. */
static double agreement(const struct compared *c, int64_t offset_s) {
	double here = 0, there = 0;

	for (size_t i = 0; i < c->count; i++) {
		here += (double)c->at[i].generated_mtok / 1000;
		there += count_window(c->other, &c->at[i], offset_s).generated;
	}
	return fmax(here, there) > 0 ? fmin(here, there) / fmax(here, there) : 1;
}

static bool sums_agree(const struct compared *c, int64_t offset_s, double least) {
	return agreement(c, offset_s) >= least;
}

static double best_far(const struct compared *c) {
	double best = 0;

	for (int64_t off = FAR_FROM_S; off <= FAR_TO_S; off++) {
		best = fmax(best, fmax(compare_at(c, off).score, compare_at(c, -off).score));
	}
	return best;
}

static void judge(const struct compared *c, struct load_match *out) {
	double least_running = INFINITY, least_generated = INFINITY;
	struct quotients best = {1, 1, 0, 1};

	out->unlike = INFINITY;
	/* Clocks agree unless another offset is clearly better. */
	for (int64_t i = 0; i <= 2 * NEAR_S; i++) {
		int64_t off = i % 2 ? (i + 1) / 2 : -(i / 2);
		struct quotients q = compare_at(c, off);
		least_running = fmin(least_running, q.running);
		least_generated = fmin(least_generated, q.generated);
		out->unlike = fmin(out->unlike, q.unlike);
		if (q.score > best.score + CLEARLY * fabs(best.score) || i == 0) {
			best = q;
			out->offset_s = off;
		}
	}
	out->score = best.score;
	bool near = best.running <= NEAR_QUOTIENT && c->count >= SAME_LEAST;
	if (c->averaged) {
		near = near && c->count >= AVERAGED_LEAST && sums_agree(c, out->offset_s, 0.96) && best.score >= 12 && best.score >= AVERAGED_CLEAR * best_far(c);
		out->verdict = near ? LOAD_LIKELY : least_running >= 0.3 && c->count >= 12 ? LOAD_DIFFERENT : LOAD_UNDECIDED;
		out->windows = (int64_t)c->count;
		return;
	}
	double clear = best.generated <= EXACT_QUOTIENT && !c->drafted ? 1.7 : 2.5;
	if (c->has_running && near && best.score >= 12 && best.score >= clear * best_far(c)) {
		out->verdict = LOAD_SAME;
	} else if (least_running >= (c->count >= 12 ? 0.3 : 0.5) && c->count >= DIFFERENT_LEAST && least_generated > EXACT_QUOTIENT) {
		out->verdict = LOAD_DIFFERENT;
	} else if (near || sums_agree(c, out->offset_s, 0.85)) {
		out->verdict = LOAD_LIKELY;
	}
	out->windows = (int64_t)c->count;
}

void load_compare(const struct load_side *windows, bool by_bins, const struct load_side *other, struct load_match *out) {
	struct compared *c = must_calloc(1, sizeof *c);

	*c = (struct compared){.other = other->load, .days = other->days, .from_ns = other->first_ns - REACH_NS, .to_ns = other->last_ns + REACH_NS,
	                       .has_running = !other->averaged, .averaged = other->averaged, .drafted = windows->load->drafted || other->load->drafted};
	*out = (struct load_match){.verdict = LOAD_UNDECIDED};
	collect_windows(c, windows->load, by_bins);
	out->agreement = c->count > 0 ? agreement(c, 0) : 0;
	/* Drafted steps compute several times the tokens that are accepted. */
	if (c->count > 0 && out->agreement < 0.3 && !c->drafted) {
		out->verdict = c->count >= 12 ? LOAD_DIFFERENT : LOAD_UNDECIDED;
		out->windows = (int64_t)c->count;
	} else if (c->count > 0) {
		judge(c, out);
	}
	free(c);
}

/* ---- requests that are a part of what windows count ---- */

/* Of few windows, the course shows nothing. */
#define COURSE_LEAST 12
/* Tokens of requests in addition to those of windows, as a share; in so many hundredths of the windows, they are others. */
#define MORE_SHARE 0.1
#define MORE_PERCENT 15
/* The windows' tokens change by those of a part, and not by those of others. */
#define CHANGES_WITH 0.5

/* A name's windows, spread over the time of another's. */
static double spread_over(const struct load *l, const struct load_window *w) {
	double sum = 0;

	for (size_t i = 0; i < l->window_count; i++) {
		const struct load_window *x = &l->windows[i];
		int64_t from_ns = x->start_ns > w->start_ns ? x->start_ns : w->start_ns, to_ns = x->end_ns < w->end_ns ? x->end_ns : w->end_ns;
		if (from_ns < to_ns) {
			sum += (double)x->generated_mtok / 1000 * (double)(to_ns - from_ns) / (double)(x->end_ns - x->start_ns);
		}
	}
	return sum;
}

static bool is_part_at(const struct compared *c, const double *all, int64_t offset_s) {
	double n = (double)c->count, here = 0, there = 0, there_square = 0, product = 0;
	size_t more = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct counted x = count_window(c->other, &c->at[i], offset_s);
		here += all[i];
		there += x.generated;
		there_square += x.generated * x.generated;
		product += all[i] * x.generated;
		more += x.generated > (1 + MORE_SHARE) * all[i] + 3 * sqrt(x.squares);
	}
	double variance = there_square - there * there / n, covariance = product - here * there / n;
	bool course = c->count < COURSE_LEAST || variance <= 1e-3 * there_square || covariance >= CHANGES_WITH * variance;
	return there > 0 && 100 * more <= MORE_PERCENT * c->count && there <= (1 + MORE_SHARE) * here && course;
}

bool load_may_be_part(const struct load_side *windows, size_t count, const struct load_side *requests) {
	struct compared *c = must_calloc(1, sizeof *c);
	double all[COMPARED_MOST];
	bool part = false;

	*c = (struct compared){.other = requests->load, .days = requests->days, .from_ns = requests->first_ns - REACH_NS, .to_ns = requests->last_ns + REACH_NS};
	collect_windows(c, windows[0].load, false);
	for (size_t i = 0; i < c->count; i++) {
		all[i] = (double)c->at[i].generated_mtok / 1000;
		for (size_t k = 1; k < count; k++) {
			all[i] += spread_over(windows[k].load, &c->at[i]);
		}
	}
	for (int64_t off = -NEAR_S; off <= NEAR_S && c->count > 0 && !part; off++) {
		part = is_part_at(c, all, off);
	}
	free(c);
	return part;
}
