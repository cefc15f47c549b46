/* counted.c: windows of engines that count steps, to equations. */
#include "attribute/laws/counted.h"

#include <math.h>
#include <string.h>

#include "attribute/laws/priors.h"
#include "attribute/laws/proportions.h"

const double counted_budget_ntok[COUNTED_BUDGETS] = {512, 1024, 2048, 4096, 8192, 16384};

/* A step during which a request arrives is longer than the mean. */
#define LONG_STEP 1.3

/*
 * Busy throughout: sequences at both ends, and at least this part of it by the mean time of a step; less where many
 * run at both ends.
 */
#define FULL 0.88
#define MANY_RUNNING 4
#define FULL_OF_MANY 0.75

/* The part of a step's floor that does not depend on the number of experts. */
#define ALWAYS_READ 0.15

/* Part of a window: a prompt that takes at least this much may have begun before it. */
#define LONG_PART 0.1

/* One standard deviation of rows, relative. */
#define THROUGHOUT_SD 0.05
#define SEEN_SD 0.03
#define PROMPTS_SD 0.02
#define MOST_PREEMPTED 0.02 /* of prompts; beyond it they saw other steps as well */
#define PROMPTS_FEW 60.0 /* requests at which the variance of what they see doubles */

bool counted_has(const struct window_item *i) {
	return i->steps >= 0 && i->sequence_steps >= 0 && i->sequence_ns >= 0 && i->first_tokens >= 0;
}

static double known(int64_t n) {
	return n > 0 ? (double)n : 0;
}

static double within(double n, double most) {
	return fmax(0, fmin(n, most));
}

/*
 * Sequences that decode at a window's end, in a log that begins in it: as many as on average during it, which is the
 * sum of the times between tokens over its length.
 */
static double decoding_first(const struct window_item *i) {
	double mean = known(i->sequence_ns) / (double)(i->end_ns - i->head.at_ns);

	return floor(mean + (known(i->first_tokens) - known(i->prompts)) / 2 + 0.5);
}

static void follow_decoding(struct counted_begun *b, const struct window_item *i, bool follows) {
	double running = known(i->running), context = known(i->context_tokens);

	if (running == 0 || (i->first_tokens == 0 && i->sequence_steps == 0)) {
		b->decoding = b->decoding_ntok = 0;
		return;
	}
	b->decoding = within(follows ? b->decoding + known(i->first_tokens) - known(i->prompts) : decoding_first(i), running);
	double ntok = follows ? b->decoding_ntok + known(i->input_tokens) - known(i->prompt_tokens) : context * b->decoding / running;
	b->decoding_ntok = b->decoding > 0 ? within(ntok, context) : 0;
	b->outputs += known(i->output_tokens);
	b->first_tokens += known(i->first_tokens);
}

/* Sequences without a first token are prompts in progress; the others have half of their output, on average. */
void counted_begun_next(struct counted_begun *b, const struct window_item *i) {
	bool follows = b->known;

	b->known = !i->input_is_computed && i->running >= 0 && i->context_tokens >= 0 && i->prompts >= 0 && i->first_tokens >= 0;
	b->ntok = b->prompts = 0;
	if (!b->known) {
		return;
	}
	follow_decoding(b, i, follows);
	b->prompts = known(i->running) - b->decoding;
	if (b->prompts > 0) {
		double each = b->first_tokens > 0 ? b->outputs / b->first_tokens / 2 : 0;
		b->ntok = fmax(0, known(i->context_tokens) - b->decoding_ntok - each * b->decoding);
	}
}

/* Intermediate figures of a window. */
struct means {
	double steps, sequence_steps, square;
	double step_ns;                   /* as sequences see it */
	double tokens, attention;         /* computed of prompts */
	double counted;                   /* the same, of those that were counted */
	double prompts, chunks;           /* and in how many steps at least */
	/* cached part; context of a computed token; steps beyond the first, weighted by tokens */
	double hit, length, more;
	double prompt_steps, others;      /* steps with prompts; further prompts in its step */
	double context;                   /* of a sequence */
	double beside;                    /* sequences in a step with prompts */
	double alone;                     /* fraction of the steps with prompts that have no sequences */
	double silent;                    /* steps that made no token */
	double room;                      /* tokens of prompts in a step next to sequences */
};

static double context_of(const struct window_item *i, const struct counted_gauges *before, double prompts) {
	double running = known(i->running) + known(before->running), context = known(i->context_tokens) + known(before->context_tokens);

	if (running > 0 && context > 0 && before->context_tokens != UNKNOWN) {
		return context / running;
	}
	return prompts > 0 ? (known(i->input_tokens) + known(i->output_tokens) / 2) / prompts : 0;
}

#define LEAST_ROOM 0.25 /* of the maximum tokens of a step */
#define LEAST_SPREAD 1.02
#define EXACT_STEPS 8

/* The part of a normal distribution below z standard deviations. */
static double normal_part(double z) {
	return erfc(-z / sqrt(2)) / 2;
}

/*
 * The steps that a prompt takes beyond its first one: the sum over n of the part of prompts beyond n budgets. Lengths
 * have a log-normal distribution with this mean and mean square.
 */
static double steps_beyond(double mean, double square, double budget) {
	double variance = log(fmax(LEAST_SPREAD, square / (mean * mean))), sd = sqrt(variance), sum = 0, least = budget;

	for (int n = 0; n < EXACT_STEPS; n++, least += budget) {
		sum += normal_part((log(mean / least) - variance / 2) / sd);
	}
	least -= budget / 2; /* the rest: their mean excess over this */
	double z = (log(mean / least) + variance / 2) / sd;
	return sum + fmax(0, mean * normal_part(z) - least * normal_part(z - sd)) / budget;
}

/*
 * Properties of prompts, from those that ended in the window: tokens squared by tokens, and steps beyond the first by
 * computed tokens.
 */
static void set_lengths(const struct window_item *i, double hit, struct means *m) {
	double tokens = known(i->prompt_tokens), mean = m->prompts > 0 ? m->tokens / m->prompts / (1 - hit + 1e-9) : 0;
	bool timed = tokens > 0 && i->prompt_square > 0 && i->prompts > 0;
	double square = timed ? known(i->prompt_square) / tokens : mean;
	double each = timed ? tokens / known(i->prompts) * (1 - hit) : 0;

	m->length = square * (1 + hit) / 2;
	m->more = each > 0 ? steps_beyond(each, square * each * (1 - hit), m->room) / each : 0;
}

/* Tokens of a step that its sequences leave to prompts: each takes one, with drafts as many as it gets at least. */
static double room_of(const struct window_item *i, const struct means *m, double budget_ntok) {
	double each = m->sequence_steps > 0 ? fmax(1, (known(i->output_tokens) - m->prompts) / m->sequence_steps) : 1;

	return fmax(budget_ntok * LEAST_ROOM, budget_ntok - m->beside * each);
}

/*
 * The steps with prompts, this many of which begin in each. A prompt takes more steps where others wait: they fill
 * steps, so that the end of each step cuts one.
 */
static void set_chunks(double each, double begun_ntok, struct means *m) {
	double begun = begun_ntok / m->room, cuts = fmax(0, m->counted * m->more + begun);
	double alone = m->prompts + cuts, full = m->tokens / m->room;

	m->prompt_steps = fmax(full, m->prompts / each + cuts);
	double queued = alone > full ? fmin(1, (alone - m->prompt_steps) / (alone - full)) : 0;
	if (full > cuts) {
		cuts += queued * (full - cuts);
		m->more = m->counted > 0 ? fmax(m->more, (cuts - begun) / m->counted) : m->more;
	}
	m->chunks = m->prompts + cuts;
}

/* Pairs of a computed token with its context: of the prompts that were counted, and of those in progress. */
static double attention_of(const struct counted_gauges *g, const struct means *m) {
	double pairs = m->counted * m->length + g->begun_pairs;

	return pairs > 0 && m->tokens > 0 ? pairs : m->tokens * m->length;
}

static void set_prompts(const struct window_item *i, const struct counted_gauges *g, double budget_ntok, struct means *m, double length_ns) {
	double hit = i->input_tokens > 0 ? fmin(1, known(i->cached_tokens) / known(i->input_tokens)) : 0;

	m->prompts = known(i->first_tokens);
	m->hit = hit;
	m->counted = known(i->preempted) * m->context + known(i->input_tokens) - (i->input_is_computed ? 0 : known(i->cached_tokens));
	m->tokens = fmax(0, m->counted + g->begun_ntok);
	m->counted = fmax(0, m->counted);
	m->room = room_of(i, m, budget_ntok);
	set_lengths(i, hit, m);
	m->attention = attention_of(g, m);
	/* How many prompts share a step: from the number of steps with prompts, and from arrivals during a step. */
	double seen = i->prompt_steps > 0 && known(i->prompt_steps) < m->prompts ? known(i->prompt_steps) : m->prompts;
	double each = seen > 0 ? m->prompts / seen : 1, arriving = m->prompts / length_ns * LONG_STEP * m->step_ns;
	m->others = fmax((each - 1) * (1 + 1 / each), arriving);
	each = (m->others + sqrt(m->others * m->others + 4)) / 2;
	set_chunks(each, g->begun_ntok, m);
}

static struct means means_of(const struct window_item *i, const struct counted_gauges *before, double budget_ntok, double length_ns) {
	struct means m = {.steps = known(i->steps), .sequence_steps = known(i->sequence_steps)};

	m.square = i->sequence_square > 0 ? known(i->sequence_square) : m.steps > 0 ? m.sequence_steps * m.sequence_steps / m.steps : 0;
	m.step_ns = m.sequence_steps > 0 ? known(i->sequence_ns) / m.sequence_steps : 0;
	double busy_ns = fmin(length_ns, m.steps * m.step_ns), seen = known(i->sequence_ns);
	m.alone = exp(-seen / length_ns);
	m.beside = m.alone < 1 && busy_ns > 0 ? seen / busy_ns : 0;
	m.context = context_of(i, before, known(i->first_tokens));
	set_prompts(i, before, budget_ntok, &m, length_ns);
	m.silent = (m.chunks - m.prompts) * m.alone;
	return m;
}

/* Terms of this many steps with sequences, and with prompts' tokens. */
static void put(double x[COUNTED_TERMS], double steps, double sequences, double context, double tokens, double attention, double prompts) {
	const double terms[COUNTED_TERMS] = {steps, sequences, context, tokens, attention, prompts};

	memcpy(x, terms, sizeof terms);
}

static void only_of(enum role role, struct means *m) {
	if (role == ROLE_DECODE) {
		m->tokens = m->attention = m->prompts = m->chunks = m->prompt_steps = m->silent = 0;
	} else if (role == ROLE_PREFILL) {
		m->sequence_steps = m->square = m->beside = 0;
		m->alone = 1;
		m->silent = m->chunks - m->prompts;
	}
}

/* part: of the window's length, its steps by their mean time as sequences see it. */
static bool was_throughout(const struct window_item *i, const struct counted_gauges *before, double part) {
	int64_t least = i->running < before->running ? i->running : before->running;

	if (i->running == UNKNOWN) {
		return part >= FULL;
	}
	if (before->running > 0 && i->prompts != UNKNOWN && i->prompts < before->running) {
		return true; /* some of them are still running */
	}
	return least > 0 && part >= (least >= MANY_RUNNING ? FULL_OF_MANY : FULL);
}

/* The part of a step's floor with this many sequences: the experts that they choose, and what is always read. */
static double floor_part(double chosen, double sequences) {
	return ALWAYS_READ + (1 - ALWAYS_READ) * experts_read(chosen, fmax(1, sequences));
}

void counted_window(const struct window_item *i, enum role role, const struct counted_gauges *before, double budget_ntok, double chosen,
                    struct counted_window *out) {
	double length_ns = (double)(i->end_ns - i->head.at_ns);
	struct means m = means_of(i, before, budget_ntok, length_ns);
	double timed = role == ROLE_DECODE ? 0 : known(i->prompts);

	only_of(role, &m);
	double both = 1 - m.alone, steps_all = m.steps + m.silent;
	*out = (struct counted_window){
		.length_ns = length_ns,
		.ranks = 1,
		.gaps_ns = fmin(steps_all * COUNTED_GAP_NS, length_ns / 2),
		.seen_ns = role == ROLE_PREFILL ? 0 : fmax(0, known(i->sequence_ns) - m.sequence_steps * COUNTED_GAP_NS),
		.count = timed,
		.preempted = known(i->preempted),
		.beyond = fmax(0, m.prompt_steps - steps_all),
	};
	double tokens = known(i->prompt_tokens) * (1 - m.hit), chunks = timed + tokens * m.more;
	out->prompts_ns = timed > 0 && tokens > 0 ? fmax(0, known(i->prompt_ns) - chunks * COUNTED_GAP_NS) : 0;
	out->step_ns = m.sequence_steps > 0 ? m.step_ns : chunks > 0 ? out->prompts_ns / chunks : 0;
	out->long_prompts = !before->followed && timed > 0 && known(i->prompt_ns) / timed > LONG_PART * length_ns;
	out->throughout = was_throughout(i, before, (m.steps + m.silent) * m.step_ns / length_ns);
	out->step_ns = out->step_ns == 0 && out->throughout && steps_all > 0 ? length_ns / steps_all : out->step_ns;
	double beside = m.beside * both; /* averaged over all steps with prompts */
	/* For the mean number of sequences: of all steps, and as sequences see it. */
	double read = floor_part(chosen, m.steps > 0 ? m.sequence_steps / m.steps : 0);
	double read_seen = floor_part(chosen, m.sequence_steps > 0 ? m.square / m.sequence_steps : 0);
	put(out->all, read * fmax(0, m.steps + m.silent - m.prompt_steps), m.sequence_steps,
	    m.context * (m.sequence_steps + BESIDE * beside * m.prompt_steps), m.tokens, m.attention, m.prompt_steps);
	put(out->seen, read_seen * fmax(0, m.sequence_steps - m.prompt_steps * beside), m.square,
	    m.context * (m.square + BESIDE * m.beside * beside * m.prompt_steps), m.tokens * beside, m.attention * beside,
	    m.prompt_steps * beside);
	/* A step's budget limits the tokens of all prompts together. */
	double seen = fmin(tokens * (1 + m.others), fmax(tokens, chunks * m.room));
	put(out->prompts, 0, chunks * beside, chunks * beside * m.context * (1 + BESIDE), seen, seen * m.length, chunks);
	double steps = m.prompt_steps * both, sequences = m.beside * steps;
	put(out->mixed, 0, sequences, m.context * sequences * (1 + BESIDE), m.tokens * both, m.attention * both, steps);
	put(out->mixed_prompts, 0, 0, 0, m.tokens * both, m.attention * both, steps);
	put(out->mixed_sequences, floor_part(chosen, m.beside) * steps, sequences, m.context * sequences, 0, 0, 0);
	put(out->pure, 0, 0, 0, m.tokens * m.alone, m.attention * m.alone, m.prompt_steps * m.alone);
	double slow = fmin(m.prompt_steps * beside, m.sequence_steps), fast = m.sequence_steps - slow, each = m.prompt_steps > 0 ? slow / m.prompt_steps : 0;
	double mean = m.sequence_steps > 0 ? m.square / m.sequence_steps : 0;
	put(out->fast, read_seen * fast, mean * fast, m.context * mean * fast, 0, 0, 0);
	put(out->slow, 0, m.beside * slow, m.context * m.beside * slow * (1 + BESIDE), m.tokens * each, m.attention * each, slow);
	out->room = m.room * slow;
}

void counted_window_add(struct counted_window *to, const struct counted_window *from) {
	for (int i = 0; i < COUNTED_TERMS; i++) {
		to->seen[i] += from->seen[i];
		to->prompts[i] += from->prompts[i];
		to->all[i] += from->all[i];
	}
	to->throughout = from->throughout && (to->throughout || to->length_ns == 0);
	to->long_prompts |= from->long_prompts;
	to->length_ns += from->length_ns;
	to->gaps_ns += from->gaps_ns;
	to->seen_ns += from->seen_ns;
	to->prompts_ns += from->prompts_ns;
	to->count += from->count;
	to->preempted += from->preempted;
}

/* ---- rows ---- */

/* A term over the row's time is a multiple of 2^-this. */
static const int bits[COUNTED_COLUMNS] = {56, 56, 46, 46, 38, 56, 30};
#define TERM_LIMIT 0x1p48 /* products of two, summed over 2^31 rows, fit 127 bits */
#define UNIT_SD 0.01

#define MOST_OFF 2.0 /* of a window's steps from the law */

/* Errors are relative to `scale_ns`. */
static void add_row(struct counted_rows *rows, const double x[COUNTED_TERMS], double ns, double scale_ns, double sd) {
	int64_t terms[COUNTED_COLUMNS];
	int128 *sum = rows->sums;

	for (int i = 0; i < COUNTED_COLUMNS; i++) {
		double scaled = ldexp((i < COUNTED_TERMS ? x[i] : ns) / scale_ns * UNIT_SD / sd, bits[i]);
		if (!(scale_ns > 0 && scaled >= 0 && scaled < TERM_LIMIT)) {
			return;
		}
		terms[i] = (int64_t)(scaled + 0.5);
	}
	rows->rows++;
	for (int i = 0; i < COUNTED_COLUMNS; i++) {
		for (int j = i; j < COUNTED_COLUMNS; j++) {
			*sum++ += (int128)terms[i] * terms[j];
		}
	}
}

/* A prompt's tokens are counted where it ends: for a long one, a part belongs to earlier windows, see below. */
void counted_note_throughout(struct counted_by *c, unsigned bucket, const struct counted_window *w) {
	if (w->throughout && !w->long_prompts) {
		add_row(&c->buckets[bucket], w->all, w->length_ns - w->gaps_ns, w->length_ns - w->gaps_ns, THROUGHOUT_SD);
	}
}

void counted_note_seen(struct counted_by *c, unsigned bucket, const struct counted_window *w) {
	if (w->throughout && w->long_prompts) {
		add_row(&c->buckets[bucket], w->all, w->length_ns - w->gaps_ns, w->length_ns - w->gaps_ns, THROUGHOUT_SD);
	}
	if (w->seen_ns > 0) {
		add_row(&c->buckets[bucket], w->seen, w->seen_ns, w->seen_ns, SEEN_SD);
	}
	if (w->prompts_ns > 0 && w->count > 0 && w->preempted <= MOST_PREEMPTED * w->count) {
		add_row(&c->buckets[bucket], w->prompts, w->prompts_ns, w->prompts_ns, PROMPTS_SD * sqrt(1 + PROMPTS_FEW / w->count));
	}
}

static void count(int128 *sum, double units) {
	if (units >= 0 && units < 0x1p62) {
		*sum += (int64_t)(units + 0.5);
	}
}

void counted_note_totals(struct counted_by *c, const struct counted_window *w) {
	for (int i = 0; i < COUNTED_TERMS; i++) {
		count(&c->prefill[i], (w->mixed[i] + w->mixed_prompts[i]) / 2 + w->pure[i]);
		count(&c->decode[i], w->mixed_sequences[i] / 2);
		count(&c->mixed[i], w->mixed[i] + w->pure[i]);
		count(&c->all[i], w->all[i]);
	}
	count(&c->beyond, w->beyond);
}

void counted_note_latencies(struct counted *c, int k, const struct window_item *i, const struct counted_window *w) {
#define VALUE(name) i->name,
	const int64_t within[COUNTED_LATENCIES] = {WINDOW_WITHIN(VALUE)};

	for (int n = 0; n < COUNTED_LATENCIES; n++) {
		if (within[n] < 0 || within[n] > i->sequence_steps || w->preempted > 0) {
			return;
		}
	}
	for (int n = 0; n < COUNTED_LATENCIES && k == 0; n++) {
		c->within[n] += within[n];
	}
	c->latencies += k == 0 ? i->sequence_steps : 0;
	for (int n = 0; n < COUNTED_TERMS; n++) {
		count(&c->by[k].fast[n], w->fast[n]);
		count(&c->by[k].slow[n], w->slow[n]);
	}
	count(&c->by[k].room, w->room);
}

void counted_note_steps(struct counted *c, const struct counted_window *w) {
	double steps = w->all[COUNTED_STEP] + w->all[COUNTED_PROMPT];

	count(&c->steps, steps);
	count(&c->steps_ns, steps * w->step_ns);
	count(&c->length_ns, w->length_ns);
	count(&c->long_ns, w->long_prompts ? w->length_ns : 0);
	count(&c->unseen_ns, w->preempted > MOST_PREEMPTED * w->count ? w->length_ns : 0);
}

static void join_by(struct counted_by *to, const struct counted_by *from) {
	for (int b = 0; b < COUNTED_BUCKETS; b++) {
		counted_join_rows(&to->buckets[b], &from->buckets[b]);
	}
	for (int i = 0; i < COUNTED_TERMS; i++) {
		to->prefill[i] += from->prefill[i];
		to->decode[i] += from->decode[i];
		to->mixed[i] += from->mixed[i];
		to->all[i] += from->all[i];
		to->fast[i] += from->fast[i];
		to->slow[i] += from->slow[i];
	}
	to->beyond += from->beyond;
	to->room += from->room;
}

void counted_join_rows(struct counted_rows *to, const struct counted_rows *from) {
	to->rows += from->rows;
	for (int i = 0; i < COUNTED_PRODUCTS; i++) {
		to->sums[i] += from->sums[i];
	}
}

void counted_join(struct counted *to, const struct counted *from) {
	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		join_by(&to->by[k], &from->by[k]);
	}
	to->steps += from->steps;
	to->steps_ns += from->steps_ns;
	to->length_ns += from->length_ns;
	to->long_ns += from->long_ns;
	to->unseen_ns += from->unseen_ns;
	to->latencies += from->latencies;
	for (int n = 0; n < COUNTED_LATENCIES; n++) {
		to->within[n] += from->within[n];
	}
}

int counted_bits(int column) {
	return bits[column];
}

/* ---- use ---- */

static double dot(const struct counted_model *m, const double x[COUNTED_TERMS]) {
	double sum = 0;

	for (int i = 0; i < COUNTED_TERMS; i++) {
		sum += m->ns[i] * x[i];
	}
	return sum;
}

/* What sequences see is measured: half of the law's error in that, as a factor, is one of all steps with sequences. */
double counted_ns(const struct counted_model *m, const struct counted_window *w) {
	double all = dot(m, w->all), alone = dot(m, w->pure), seen = dot(m, w->seen);
	double off = seen > 0 && w->seen_ns > 0 ? fmax(1 / MOST_OFF, fmin(MOST_OFF, w->seen_ns / seen)) : 1;

	return alone + fmax(0, all - alone) * sqrt(off);
}

/* The law's terms contain the work of all ranks in lock-step, whose loads are alike: each has one of `ranks` parts of it. */
double counted_prefill_ns(const struct counted_model *m, const struct counted_window *w, enum rule rule) {
	double whole = dot(m, w->mixed), ranks = (double)w->ranks;
	const struct split_times t = {whole, whole - (whole - dot(m, w->mixed_prompts)) / ranks, whole - (whole - dot(m, w->mixed_sequences)) / ranks};

	return split_prefill_share(rule, &t) * t.whole + dot(m, w->pure);
}

double counted_share(const struct counted_model *m, const struct counted_window *w, enum rule rule) {
	double all = dot(m, w->all);

	return all > 0 ? fmin(1, counted_prefill_ns(m, w, rule) / all) : 0.5;
}
