/*
 * simulate.c: runs with a known true split, of kinds missing from the runs with measured layer times.
 *
 *   simulate SHAPE SEED FOLDER [--records]    makes FOLDER: steps, requests, vLLM's logs and scrapes (not with --records), truth
 *   simulate random SEED FOLDER [--records]   the same, the shape itself drawn by SEED: law, load, lengths, cache, chunk size
 *   simulate ranks SEED FOLDER [--records]    the same, of two to four ranks in lock-step; `preempted`: with too little
 *                                             memory for the load; `drafted`: with speculative decoding
 *   simulate --list                           names the shapes
 *
 * A server with continuous batching: sequences decode in each step, the rest of the batch is chunks of prompts, first
 * come, first served. The time of a step is that of law.h; its split follows the rule of METHOD.md (Shapley), applied
 * to the law's times without noise. The same seed gives the same files.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/accuracy/simulate.h"

#define START_NS INT64_C(1778576100000000000) /* 2026-05-12T08:55:00Z */
#define CHUNKS_MAX 64
#define RANKS_MAX 4

/* ---- chance ---- */

/* splitmix64 (public domain, Vigna 2015) */
static uint64_t next_random(struct world *w) {
	uint64_t z = (w->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 < result <= 1 */
static double uniform(struct world *w) {
	return ((double)(next_random(w) >> 11) + 1) / 9007199254740992.0;
}

static double within(struct world *w, double from, double to) {
	return from + (to - from) * uniform(w);
}

static double gauss(struct world *w) {
	double radius = sqrt(-2 * log(uniform(w)));

	return radius * cos(6.283185307179586 * uniform(w));
}

static int64_t draw(struct world *w, const struct length *l) {
	double n = l->median * exp(l->spread * gauss(w));

	return n < (double)l->least ? l->least : n > (double)l->most ? l->most : (int64_t)n;
}

/* ---- requests ---- */

/* The arrival of the next request: the rate varies within a minute, and there is one gap. */
static int64_t arrival_after(struct world *w, struct replica *r, int64_t at_ns) {
	const struct shape *s = w->shape;
	double seconds = (double)(at_ns - START_NS) / 1e9;
	double rate = s->requests_per_second * pow(s->bursts, sin(seconds / 60 * 6.283185307179586));
	int64_t next_ns = at_ns + (int64_t)(-log(uniform(w)) / rate * 1e9);

	if (!r->had_gap && r->steps > s->steps / s->replicas / 2) {
		r->had_gap = true;
		next_ns += (int64_t)(s->gap_seconds * 1e9);
	}
	return next_ns;
}

static int tenant_drawn(struct world *w) {
	double at = uniform(w);
	int i = 0;

	while (i + 1 < TENANTS_MAX && w->shape->tenants[i + 1].name && at > w->shape->tenants[i].part) {
		at -= w->shape->tenants[i++].part;
	}
	return i;
}

static struct request *arrive(struct world *w, int64_t at_ns) {
	struct request *q = w->free ? w->free : malloc(sizeof *q);
	const struct tenant *t;

	w->free = w->free ? w->free->next : NULL;
	*q = (struct request){.arrival_ns = at_ns, .tenant = tenant_drawn(w)};
	t = &w->shape->tenants[q->tenant];
	q->id[0] = next_random(w);
	q->id[1] = next_random(w);
	q->prompt = draw(w, &t->prompt);
	q->output = draw(w, &t->output);
	if (uniform(w) < t->hits) {
		q->cached = (int64_t)((double)q->prompt * within(w, t->cached_least, t->cached_most)) / 16 * 16;
	}
	q->prior = q->cached;
	q->target = q->prompt;
	return q;
}

static void append(struct queue *q, struct request *r) {
	if (q->count == q->room) {
		q->room = q->room > 0 ? 2 * q->room : 64;
		q->at = realloc(q->at, q->room * sizeof *q->at);
	}
	q->at[q->count++] = r;
}

/* The requests that have arrived, unless there were enough steps. */
static void take_arrivals(struct world *w, struct replica *r) {
	while (r->next_ns <= r->now_ns && r->steps < w->shape->steps / w->shape->replicas) {
		append(&r->waiting, arrive(w, r->next_ns));
		r->next_ns = arrival_after(w, r, r->next_ns);
	}
}

/* ---- memory ---- */

int64_t cache_ntok(const struct world *w) {
	return w->shape->cache_ntok > 0 ? w->shape->cache_ntok : CACHE_NTOK;
}

/* Contexts in memory, and of prompts that are partly computed. */
static int64_t held_ntok(const struct replica *r) {
	int64_t ntok = 0;

	for (size_t i = 0; i < r->decoding.count; i++) {
		ntok += r->decoding.at[i]->prompt + r->decoding.at[i]->made - 1;
	}
	for (size_t i = 0; i < r->waiting.count && r->waiting.at[i]->computed > 0; i++) {
		ntok += r->waiting.at[i]->prior + r->waiting.at[i]->computed;
	}
	return ntok;
}

/* The last one loses its context: all tokens up to now are computed again, before the prompts that wait. */
static void preempt_last(struct replica *r) {
	struct request *q;

	if (r->waiting.count > 0 && r->waiting.at[0]->computed > 0) {
		q = r->waiting.at[0];
	} else {
		q = r->decoding.at[--r->decoding.count];
		append(&r->waiting, q);
		memmove(r->waiting.at + 1, r->waiting.at, (r->waiting.count - 1) * sizeof *r->waiting.at);
		r->waiting.at[0] = q;
	}
	q->computed = q->prior = 0;
	q->target = q->prompt + q->made;
	q->preemptions++;
	r->preemptions++;
}

/* Each sequence needs room for the step's tokens. Returns whether one was preempted. */
static bool make_room(struct world *w, struct replica *r) {
	int64_t before = r->preemptions;

	while (w->shape->cache_ntok > 0 && r->decoding.count > 1 &&
	       held_ntok(r) + (int64_t)r->decoding.count * (1 + w->shape->drafts) > w->shape->cache_ntok) {
		preempt_last(r);
	}
	return r->preemptions > before;
}

/* ---- a batch ---- */

static void add_chunks(struct world *w, struct replica *r, struct batch_at_hand *b) {
	int64_t left = w->shape->tokens_max - b->step.decode_tokens, room = INT64_MAX;

	if (w->shape->cache_ntok > 0) {
		room = w->shape->cache_ntok - held_ntok(r) - b->step.decode_tokens;
	}
	for (size_t i = 0; i < r->waiting.count && left > 0 && b->count < CHUNKS_MAX &&
	     b->count + r->decoding.count < (size_t)w->shape->sequences_max; i++) {
		struct request *q = r->waiting.at[i];
		int64_t rest = q->target - q->prior - q->computed, tokens = rest < left ? rest : left;
		int64_t needs = tokens + (q->computed > 0 ? 0 : q->prior);
		if (needs > room && b->count + r->decoding.count > 0) {
			break;
		}
		b->of[b->count] = q;
		b->parts[b->count++] = (struct part){tokens, q->prior + q->computed};
		left -= tokens;
		room -= needs;
	}
}

static void make_batch(struct world *w, struct replica *r, struct batch_at_hand *b) {
	bool full = make_room(w, r);

	*b = (struct batch_at_hand){.step.decoders = (int64_t)r->decoding.count};
	b->step.decode_tokens = b->step.decoders * (1 + w->shape->drafts);
	for (size_t i = 0; i < r->decoding.count; i++) {
		const struct request *q = r->decoding.at[i];
		int64_t context = q->prompt + q->made - 1;
		b->step.context += context;
		b->longest = context > b->longest ? context : b->longest;
	}
	if (!full) {
		add_chunks(w, r, b);
	}
	for (size_t i = 0; i < b->count; i++) {
		b->step.prefill_tokens += b->parts[i].tokens;
		b->step.prefill_context += b->parts[i].before;
		b->step.pairs += b->parts[i].tokens * b->parts[i].before + b->parts[i].tokens * b->parts[i].tokens / 2;
	}
	b->step.chunks = (int64_t)b->count;
}

static int64_t duration_of(struct world *w, double ns) {
	const struct shape *s = w->shape;
	double noise = gauss(w), factor = 1 + s->noise * (noise > 4 ? 4 : noise < -4 ? -4 : noise);

	factor *= uniform(w) < s->outliers / 1000 ? 20 : 1;
	ns = ns * factor + (uniform(w) < s->pauses / 1000 ? within(w, 50e6, 400e6) : 0);
	return llround(ns);
}

/* ---- the split ---- */

static int64_t band_end(int i) {
	return i + 1 == BANDS ? INT64_MAX : (int64_t)BAND_NTOK << i;
}

/* Tokens at these positions: `even` ns in equal parts, `rising` ns in proportion to the position. */
static void note_positions(double bands[BANDS], int64_t before, int64_t tokens, double even, double rising) {
	double all = ((double)before + (double)tokens / 2) * (double)tokens;
	int64_t at = before;

	for (int i = 0; i < BANDS && at < before + tokens; i++) {
		int64_t to = band_end(i) < before + tokens ? band_end(i) : before + tokens;
		if (to > at) {
			double n = (double)(to - at), middle = ((double)at + (double)to) / 2;
			bands[i] += even * n / (double)tokens + rising * n * middle / all;
			at = to;
		}
	}
}

/* Prefill's part between the chunks: attention by chunk, the rest by tokens. Rounded cumulatively. */
static void charge_chunks(struct world *w, struct batch_at_hand *b, int64_t total, double alone) {
	const struct law *l = &w->shape->law;
	double attention = 0, seen = 0;
	int64_t given = 0;

	for (size_t i = 0; i < b->count; i++) {
		attention += law_chunk_ns(l, b->parts[i].tokens, b->parts[i].before);
	}
	for (size_t i = 0; i < b->count; i++) {
		const struct part *c = &b->parts[i];
		double own = law_chunk_ns(l, c->tokens, c->before);
		seen += (alone - attention) * (double)c->tokens / (double)b->step.prefill_tokens + own;
		int64_t due = i + 1 == b->count ? total : llround((double)total * seen / alone);
		b->of[i]->prefill_ns += due - given;
		note_positions(w->band_ns[0], c->before, c->tokens, (double)(due - given) - (double)total * own / alone,
		               (double)total * own / alone);
		b->of[i]->cached_ns += (own - law_chunk_ns(l, c->tokens, c->before - b->of[i]->prior)) / alone * (double)total;
		given = due;
	}
}

/* Decode's part to the sequences: `by_context` ns of it by their contexts, the rest in equal parts. */
static void charge_decoders(struct world *w, struct replica *r, const struct batch_at_hand *b, int64_t total, double by_context) {
	double equal = ((double)total - by_context) / (double)b->step.decoders, seen = 0;
	int64_t given = 0;

	for (size_t i = 0; i < r->decoding.count; i++) {
		struct request *q = r->decoding.at[i];
		seen += equal + by_context * (double)(q->prompt + q->made - 1) / (double)b->step.context;
		int64_t due = i + 1 == r->decoding.count ? total : llround(seen);
		q->decode_ns += due - given;
		note_positions(w->band_ns[1], q->prompt + q->made - 1, 1, (double)(due - given), 0);
		given = due;
	}
}

/* The law's time of a batch: whole, its chunks alone, its decoders alone. */
struct times {
	double c, p, d;
};

static struct mix mix_of(const struct batch_at_hand *b) {
	return (struct mix){b->parts, b->count, b->step.decoders, b->step.context, b->step.decode_tokens, b->longest};
}

static struct mix chunks_of(const struct batch_at_hand *b) {
	return (struct mix){.chunks = b->parts, .chunk_count = b->count};
}

static struct mix decoders_of(const struct batch_at_hand *b) {
	return (struct mix){.decoders = b->step.decoders, .context = b->step.context, .longest = b->longest, .decode_ntok = b->step.decode_tokens};
}

static struct times times_of(const struct law *l, const struct batch_at_hand *b) {
	const struct mix both = mix_of(b), chunks = chunks_of(b), decoders = decoders_of(b);

	return (struct times){law_ns(l, &both), law_ns(l, &chunks), law_ns(l, &decoders)};
}

/* Prefill's part of the step under each rule. */
static void note_rules(struct world *w, const struct batch_at_hand *b, const struct times *t, double total) {
	const double parts[RULE_COUNT] = {(t->p + t->c - t->d) / 2, t->c * t->p / (t->p + t->d), t->p, t->c - t->d};

	for (int i = 0; i < RULE_COUNT; i++) {
		double share = b->count == 0 ? 0 : b->step.decoders == 0 ? 1 : parts[i] / t->c;
		w->rule_ns[i] += total * (share < 0 ? 0 : share > 1 ? 1 : share);
	}
}

static void charge(struct world *w, struct replica *r, struct batch_at_hand *b, const struct times *t) {
	const struct mix decoders = decoders_of(b);
	int64_t total = b->step.gpu_ns * w->shape->gpus;
	int64_t prefill = b->count == 0 ? 0 : b->step.decoders == 0 ? total : llround((double)total * (t->p + t->c - t->d) / (2 * t->c));

	if (b->count > 0) {
		charge_chunks(w, b, prefill, t->p);
	}
	if (b->step.decoders > 0) {
		/* As in a step of decoders alone. */
		double share = law_context_ns(&w->shape->law, &decoders) / t->d;
		charge_decoders(w, r, b, total - prefill, (double)(total - prefill) * (share < 1 ? share : 1));
	}
	b->step.prefill_ns = prefill;
	note_rules(w, b, t, (double)total);
	w->prefill_ns += prefill;
	w->decode_ns += total - prefill;
}

/* ---- a step ---- */

static void leave(struct world *w, struct replica *r, struct request *q, int64_t end_ns) {
	q->finish_ns = end_ns;
	scraped_finish(r, q);
	write_request(w, r, q);
	q->next = w->free;
	w->free = q;
}

/* The drafted tokens up to the first that is not accepted, and one more. */
static int64_t tokens_gained(struct world *w, const struct request *q) {
	int64_t gained = 1;

	while (gained <= w->shape->drafts && uniform(w) < w->shape->accepted) {
		gained++;
	}
	return gained < q->output - q->made ? gained : q->output - q->made;
}

/* Each decoder gets one more token, or those of its drafts; those with all of them leave. */
static void advance_decoders(struct world *w, struct replica *r, int64_t end_ns) {
	size_t kept = 0;

	for (size_t i = 0; i < r->decoding.count; i++) {
		struct request *q = r->decoding.at[i];
		int64_t gained = w->shape->drafts > 0 ? tokens_gained(w, q) : 1;
		q->made += gained;
		r->output_tokens += gained - 1; /* the step's line counted one */
		r->accepted += gained - 1;
		r->drafts++;
		scraped_tokens(r, q, gained, end_ns);
		if (q->made == q->output) {
			leave(w, r, q, end_ns);
		} else {
			r->decoding.at[kept++] = q;
		}
	}
	r->decoding.count = kept;
}

/* Requests with a complete prompt get their first token, those that were preempted a further one. */
static void advance_prompts(struct world *w, struct replica *r, const struct batch_at_hand *b, int64_t end_ns) {
	size_t done = 0;

	for (size_t i = 0; i < b->count; i++) {
		struct request *q = b->of[i];
		if (q->scheduled_ns == 0) {
			q->scheduled_ns = b->step.start_ns - 130000;
			scraped_schedule(r, q);
		}
		q->computed += b->parts[i].tokens;
		if (q->computed < q->target - q->prior) {
			break; /* only the last one can be cut */
		}
		done++;
		q->first_ns = q->made > 0 ? q->first_ns : end_ns;
		q->made++;
		scraped_tokens(r, q, 1, end_ns);
		if (q->made == q->output) {
			leave(w, r, q, end_ns);
		} else {
			append(&r->decoding, q);
		}
	}
	r->waiting.count -= done;
	memmove(r->waiting.at, r->waiting.at + done, r->waiting.count * sizeof *r->waiting.at);
}

/* The step's requests run until its end. */
static void scrape_step(struct world *w, struct replica *r, const struct batch_at_hand *b, int64_t end_ns) {
	const struct gauges_now g = {b->count + r->decoding.count, r->waiting.count - b->count,
	                             b->step.context + b->step.prefill_context + b->step.prefill_tokens};
	int64_t tokens = b->step.decoders;

	write_scrapes(w, r, end_ns, &g);
	for (size_t i = 0; i < b->count; i++) {
		const struct request *q = b->of[i];
		tokens += q->computed + b->parts[i].tokens == q->target - q->prior ? q->target : 0;
	}
	scraped_step(r, tokens);
}

/* Writes the step, and its requests get their tokens. */
static void end_step(struct world *w, struct replica *r, const struct batch_at_hand *b) {
	write_step(w, r, &b->step);
	int64_t end_ns = b->step.start_ns + b->step.gpu_ns, logged_ns = end_ns + (int64_t)within(w, 20e3, 80e3);
	scrape_step(w, r, b, logged_ns);
	r->first_ns = r->first_ns > 0 ? r->first_ns : b->step.start_ns;
	r->last_ns = end_ns;
	advance_decoders(w, r, logged_ns);
	advance_prompts(w, r, b, logged_ns);
}

/* Scrapes before a step. */
static void scrape_between(struct world *w, struct replica *r, int64_t now_ns) {
	const struct gauges_now decoding = {r->decoding.count, r->waiting.count, r->context}, idle = {0};

	write_scrapes(w, r, now_ns, r->decoding.count > 0 ? &decoding : &idle);
}

static void make_step(struct world *w, struct replica *r) {
	struct batch_at_hand b;

	scrape_between(w, r, r->now_ns);
	make_batch(w, r, &b);
	b.step.start_ns = r->now_ns;
	b.step.number = r->steps++;
	struct times t = times_of(&w->shape->law, &b);
	b.step.gpu_ns = duration_of(w, t.c);
	charge(w, r, &b, &t);
	end_step(w, r, &b);
	r->now_ns = b.step.start_ns + b.step.gpu_ns + (int64_t)within(w, 200e3, 600e3);
}

static void run_replica(struct world *w, int number) {
	struct replica r = {.number = number, .now_ns = START_NS + 60 * INT64_C(1000000000)};

	snprintf(r.name, sizeof r.name, "sim-%02d", number + 1);
	r.next_ns = arrival_after(w, &r, r.now_ns);
	open_replica(w, &r, START_NS);
	while (take_arrivals(w, &r), r.waiting.count + r.decoding.count > 0 || r.steps < w->shape->steps / w->shape->replicas) {
		if (r.waiting.count + r.decoding.count == 0) {
			r.now_ns = r.next_ns + 400000;
		} else {
			make_step(w, &r);
		}
	}
	close_replica(w, &r);
	free(r.waiting.at);
	free(r.decoding.at);
}

/* ---- ranks in lock-step ---- */

/* Times of one rank's batch beside those of the others. */
static struct times times_beside(const struct law *l, struct mix *mixes, size_t count, size_t i, const struct batch_at_hand *b) {
	struct times t = {.c = law_ranks_ns(l, mixes, count)};

	mixes[i] = chunks_of(b);
	t.p = law_ranks_ns(l, mixes, count);
	mixes[i] = decoders_of(b);
	t.d = law_ranks_ns(l, mixes, count);
	mixes[i] = mix_of(b);
	return t;
}

/* Ranks without work compute nothing and write no step. Clocks differ by some microseconds. */
static int64_t make_step_of_ranks(struct world *w, struct replica *r, size_t count, int64_t now_ns) {
	struct batch_at_hand b[RANKS_MAX];
	struct mix mixes[RANKS_MAX];
	struct times t[RANKS_MAX];
	int64_t gpu_ns = 0;

	for (size_t i = 0; i < count; i++) {
		scrape_between(w, &r[i], now_ns);
		make_batch(w, &r[i], &b[i]);
		mixes[i] = mix_of(&b[i]);
	}
	for (size_t i = 0; i < count; i++) {
		t[i] = times_beside(&w->shape->law, mixes, count, i, &b[i]);
	}
	gpu_ns = duration_of(w, t[0].c);
	for (size_t i = 0; i < count; i++) {
		if (r[i].waiting.count + r[i].decoding.count > 0) {
			b[i].step.start_ns = now_ns + (int64_t)within(w, 0, 40e3);
			b[i].step.gpu_ns = gpu_ns + (int64_t)within(w, 0, 40e3);
			b[i].step.number = r[i].steps++;
			charge(w, &r[i], &b[i], &t[i]);
			end_step(w, &r[i], &b[i]);
		}
	}
	return now_ns + gpu_ns + (int64_t)within(w, 300e3, 600e3);
}

static void run_ranks(struct world *w) {
	struct replica r[RANKS_MAX] = {{.number = 0}};
	size_t count = (size_t)w->shape->replicas;
	int64_t now_ns = START_NS + 60 * INT64_C(1000000000), next_ns;
	bool more = true;

	for (size_t i = 0; i < count; i++) {
		r[i].number = (int)i;
		r[i].now_ns = now_ns;
		snprintf(r[i].name, sizeof r[i].name, "sim-%02zu", i + 1);
		r[i].next_ns = arrival_after(w, &r[i], now_ns);
		open_replica(w, &r[i], START_NS);
	}
	while (more) {
		bool work = false;
		more = false;
		next_ns = INT64_MAX;
		for (size_t i = 0; i < count; i++) {
			r[i].now_ns = now_ns;
			take_arrivals(w, &r[i]);
			bool open = r[i].steps < w->shape->steps / w->shape->replicas;
			work |= r[i].waiting.count + r[i].decoding.count > 0;
			more |= open;
			next_ns = open && r[i].next_ns < next_ns ? r[i].next_ns : next_ns;
		}
		more |= work;
		now_ns = work ? make_step_of_ranks(w, r, count, now_ns) : more ? next_ns + 400000 : now_ns;
	}
	for (size_t i = 0; i < count; i++) {
		close_replica(w, &r[i]);
		free(r[i].waiting.at);
		free(r[i].decoding.at);
	}
}

static int list(void) {
	const struct shape *s;

	for (size_t i = 0; (s = shape_at(i)) != NULL; i++) {
		printf("%-9s %s\n", s->name, s->what);
	}
	return 0;
}

static void shape_as_drawn(uint64_t seed, struct shape *shape) {
	(void)seed, (void)shape;
}

static const struct {
	const char *name;
	void (*change)(uint64_t seed, struct shape *shape);
} kinds[] = {
	{"random", shape_as_drawn}, {"ranks", shape_ranks}, {"preempted", shape_preempted}, {"drafted", shape_drafted},
};

int main(int argc, char **argv) {
	struct shape random;
	struct world w = {.shape = argc > 1 ? shape_of(argv[1]) : NULL};

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		return list();
	}
	for (size_t i = 0; argc >= 4 && i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(argv[1], kinds[i].name) == 0) {
			shape_random(strtoull(argv[2], NULL, 10), &random);
			kinds[i].change(strtoull(argv[2], NULL, 10), &random);
			w.shape = &random;
		}
	}
	if (argc < 4 || argc > 5 || !w.shape || (argc == 5 && strcmp(argv[4], "--records") != 0)) {
		fprintf(stderr, "usage: simulate SHAPE|random|ranks|preempted|drafted SEED FOLDER [--records]; simulate --list\n");
		return 2;
	}
	w.random = strtoull(argv[2], NULL, 10);
	w.folder = argv[3];
	w.records_only = argc == 5;
	if (open_world(&w) < 0) {
		perror(w.folder);
		return 3;
	}
	if (w.shape->law.shared > 0) {
		run_ranks(&w);
	} else {
		for (int i = 0; i < w.shape->replicas; i++) {
			run_replica(&w, i);
		}
	}
	return close_world(&w) < 0 ? 3 : 0;
}
