/* summaries.c: samples of names from parts of the evidence, packed and merged; and the decisions from them. */
#include <stdlib.h>

#include "attribute/servers/servers_private.h"
#include "core/exact.h"
#include "core/files/pack.h"

/* Only for conversion to items: nothing is stored. */
#define EVIDENCE_BYTES ((size_t)1 << 16)
/* All steps of a name, before the disk is used. */
#define WHOLE_BYTES ((size_t)8 << 20)

struct name_summaries {
	struct names *names;
	struct servers *servers;
	struct evidence *items;
	struct evidence *whole; /* of the name that is being separated */
	struct quality quality;
	size_t room;   /* steps in each sample, at most */
	size_t stored; /* steps in all samples; with more than `most` the room is found again */
	size_t most;
	struct gateways gateways; /* found when the first of them is read */
};

/* ---- from records ---- */

/* Room for the steps so far; those that follow can only make it less. */
static size_t room_so_far(const struct servers *s) {
	int64_t *counts = must_alloc((s->count + 1) * sizeof *counts);

	for (size_t i = 0; i < s->count; i++) {
		counts[i] = s->at[i].sample.all_steps;
	}
	size_t room = servers_room(counts, s->count);
	free(counts);
	return room;
}

static void lower_room(struct name_summaries *n) {
	struct servers *s = n->servers;

	n->room = room_so_far(s);
	n->stored = 0;
	for (size_t i = 0; i < s->count; i++) {
		sample_thin(&s->at[i].sample, n->room, servers_requests_room(n->room));
		n->stored += s->at[i].sample.step_count;
	}
	n->most = (n->stored > SERVERS_STEPS_ALL ? n->stored : SERVERS_STEPS_ALL) / 4 * 5;
}

static void add_item(void *summaries, unsigned lane, const struct item *item) {
	struct name_summaries *n = summaries;
	struct sample *one = &servers_of(n->servers, item->replica)->sample;

	(void)lane;
	n->stored -= one->step_count;
	sample_add_item(one, item, n->room, servers_requests_room(n->room));
	n->stored += one->step_count;
	if (n->stored > n->most) {
		lower_room(n);
	}
}

struct name_summaries *name_summaries_new(struct names *names) {
	struct name_summaries *n = must_calloc(1, sizeof *n);

	quality_init(&n->quality);
	n->names = names;
	n->room = SERVERS_STEPS_MOST;
	n->most = SERVERS_STEPS_ALL / 4 * 5;
	n->servers = servers_new(names, NULL, &n->quality);
	n->items = evidence_new(names, 1, EVIDENCE_BYTES);
	evidence_watch(n->items, add_item, n);
	evidence_only_watch(n->items);
	return n;
}

void name_summaries_free(struct name_summaries *n) {
	if (n) {
		evidence_free(n->items);
		servers_free(n->servers);
		quality_release(&n->quality);
		free(n);
	}
}

int name_summaries_add_record(struct name_summaries *n, const struct record *r, struct fault *why) {
	return evidence_add_record(n->items, 0, r, why);
}

/* ---- packed ---- */

enum { ITEM_COUNTS, ITEM_SAMPLED_STEP, ITEM_SAMPLED_REQUEST, ITEM_MARK, ITEM_SECOND, ITEM_WINDOW_AT, ITEM_DAY };

#define COUNTED 23
static void counts_of(struct sample *s, int64_t *at[COUNTED]) {
	int64_t *const members[COUNTED] = {
		(int64_t *)&s->most_hash, (int64_t *)&s->least_step_hash, (int64_t *)&s->least_request_hash,
		&s->first_step_ns, &s->last_step_ns, &s->first_request_ns, &s->last_request_ns, &s->first_window_ns, &s->last_window_ns,
		&s->all_steps, &s->all_requests, &s->all_whole, &s->all_windows, &s->all_counted, &s->step_prefill_ntok, &s->step_decode_ntok, &s->step_prompts, &s->prompt_ntok,
		&s->window_input_ntok, &s->window_output_ntok,
		(int64_t *)&s->loads[LOAD_STEPS].bound, (int64_t *)&s->loads[LOAD_REQUESTS].bound, (int64_t *)&s->loads[LOAD_WINDOWS].bound};

	memcpy(at, members, sizeof members);
}

static size_t pack_counts(struct sample *s, const struct names *names, char *out) {
	int64_t *at[COUNTED];
	char *end = pack_i64(out, ITEM_COUNTS);

	counts_of(s, at);
	for (size_t i = 0; i < COUNTED; i++) {
		end = pack_i64(end, *at[i]);
	}
	end = pack_i64(end, s->cached_known | s->many_step_models << 1 | s->many_request_models << 2 | s->loads[LOAD_STEPS].drafted << 3 | s->sparse << 4);
	end = pack_text(end, names_text(names, s->step_model));
	return (size_t)(pack_text(end, names_text(names, s->request_model)) - out);
}

static bool unpack_counts(struct text *t, struct names *names, struct sample *s) {
	int64_t *at[COUNTED], flags = 0;
	struct text step_model, request_model;
	bool whole = true;

	counts_of(s, at);
	for (size_t i = 0; i < COUNTED; i++) {
		whole = whole && unpack_i64(t, at[i]);
	}
	if (!whole || !unpack_i64(t, &flags) || !unpack_text(t, &step_model) || !unpack_text(t, &request_model)) {
		return false;
	}
	s->cached_known = flags & 1;
	s->many_step_models = flags & 2;
	s->many_request_models = flags & 4;
	s->loads[LOAD_STEPS].drafted = flags & 8;
	s->sparse = flags & 16;
	s->step_model = names_id(names, step_model);
	s->request_model = names_id(names, request_model);
	return true;
}

/* Rows of numbers of one kind are packed together, column by column: many columns hardly change from row to row. */
#define ROWS_MOST 512
#define COLUMNS_MOST 7

static const struct kind {
	size_t columns;
	unsigned differences; /* the columns, as bits, of which the differences are packed */
} kinds[] = {
	[ITEM_SAMPLED_STEP] = {7, 1 << 1 | 1 << 3 | 1 << 5}, [ITEM_SAMPLED_REQUEST] = {5, 1 << 0}, [ITEM_MARK] = {3, 1 << 1},
	[ITEM_SECOND] = {6, 1 << 1}, [ITEM_WINDOW_AT] = {4, 1 << 0}, [ITEM_DAY] = {4, 1 << 1},
};

struct rows {
	int64_t kind, at[ROWS_MOST][COLUMNS_MOST];
	size_t count;
};

struct packing {
	struct text name;
	summary_sink *sink;
	void *context;
	struct fault *why;
	struct rows rows; /* that are not packed yet */
};

static int64_t minus(int64_t a, int64_t b) {
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* What is subtracted from a number: the one before it in its column; of a step's start the last one's end; of a finish the first token. */
static int64_t base_of(const struct rows *r, size_t i, size_t column) {
	int64_t base = i > 0 && (kinds[r->kind].differences >> column & 1) ? r->at[i - 1][column] : 0;

	if (column == 1 && r->kind == ITEM_SAMPLED_STEP && i > 0) {
		return minus(base, minus(0, r->at[i - 1][0]));
	}
	return column == 1 && r->kind == ITEM_SAMPLED_REQUEST ? r->at[i][0] : base;
}

static int flush(struct packing *p) {
	char item[16 + ROWS_MOST * COLUMNS_MOST * 10], *end = pack_i64(item, p->rows.kind);
	const struct rows *r = &p->rows;

	if (r->count == 0) {
		return 0;
	}
	end = pack_i64(end, (int64_t)r->count);
	for (size_t c = 0; c < kinds[r->kind].columns; c++) {
		for (size_t i = 0; i < r->count; i++) {
			end = pack_i64(end, minus(r->at[i][c], base_of(r, i, c)));
		}
	}
	p->rows.count = 0;
	return p->sink(p->context, p->name, (struct text){item, (size_t)(end - item)}, p->why);
}

static int put(struct packing *p, int64_t kind, const int64_t *numbers) {
	int rc = p->rows.kind != kind || p->rows.count == ROWS_MOST ? flush(p) : 0;

	p->rows.kind = kind;
	memcpy(p->rows.at[p->rows.count++], numbers, kinds[kind].columns * sizeof *numbers);
	return rc;
}

static bool unpack_rows(struct text *t, int64_t kind, struct rows *r) {
	int64_t count = 0;
	bool whole = kind > ITEM_COUNTS && kind <= ITEM_DAY && unpack_i64(t, &count) && count > 0 && count <= ROWS_MOST;

	r->kind = kind;
	r->count = (size_t)count;
	for (size_t c = 0; whole && c < kinds[kind].columns; c++) {
		for (size_t i = 0; whole && i < r->count; i++) {
			whole = unpack_i64(t, &r->at[i][c]);
			r->at[i][c] = minus(r->at[i][c], minus(0, base_of(r, i, c)));
		}
	}
	return whole;
}

static int put_marks(struct packing *p, const struct sample *s) {
	int rc = 0;

	for (int64_t k = 0; k < MARK_KINDS; k++) {
		const struct marks *m = &s->marks[k];
		for (size_t i = 0; i < m->count && rc >= 0; i++) {
			rc = put(p, ITEM_MARK, (const int64_t[]){k, (int64_t)m->at[i], m->times[i]});
		}
	}
	return rc;
}

static int put_block(struct packing *p, int64_t kind, const struct load_block *b) {
	int rc = 0;

	for (int64_t i = 0; i < LOAD_BLOCK_SECONDS && rc >= 0; i++) {
		const struct load_bin *bin = &b->bins[i];
		if (bin->running_ms > 0 || bin->generated_mtok > 0 || bin->steps > 0) {
			rc = put(p, ITEM_SECOND, (const int64_t[]){kind, b->number * LOAD_BLOCK_SECONDS + i, bin->generated_mtok, bin->running_ms, bin->squares, bin->steps});
		}
	}
	return rc;
}

static int put_load(struct packing *p, int64_t kind, const struct load *l) {
	int rc = 0;

	for (size_t i = 0; i < l->count && rc >= 0; i++) {
		rc = put_block(p, kind, l->at[i]);
	}
	for (size_t i = 0; i < l->window_count && rc >= 0; i++) {
		const struct load_window *w = &l->windows[i];
		rc = put(p, ITEM_WINDOW_AT, (const int64_t[]){w->start_ns, w->end_ns, w->generated_mtok, w->running});
	}
	return rc;
}

static int put_days(struct packing *p, int64_t of_windows, const struct active_days *days) {
	int rc = 0;

	for (size_t i = 0; i < days->count && rc >= 0; i++) {
		rc = put(p, ITEM_DAY, (const int64_t[]){of_windows, days->at[i].day, days->at[i].first_ns, days->at[i].last_ns});
	}
	return rc;
}

static int put_sample(struct packing *p, const struct sample *s) {
	int rc = 0;

	for (size_t i = 0; i < s->step_count && rc >= 0; i++) {
		const struct id_step *x = &s->steps[i];
		rc = put(p, ITEM_SAMPLED_STEP, (const int64_t[]){x->duration_ns / ID_TICK_NS, (x->end_ns - x->duration_ns) / ID_TICK_NS, x->prefill_tokens, x->number, x->prompts, x->decoders, x->coarse});
	}
	for (size_t i = 0; i < s->request_count && rc >= 0; i++) {
		const struct id_request *r = &s->requests[i];
		rc = put(p, ITEM_SAMPLED_REQUEST, (const int64_t[]){r->first_ns, r->finish_ns, r->prompt_tokens, r->mark, r->completion_tokens});
	}
	for (int64_t k = 0; k < LOAD_KINDS && rc >= 0; k++) {
		rc = put_load(p, k, &s->loads[k]);
	}
	rc = rc < 0 ? rc : put_days(p, false, &s->request_days);
	rc = rc < 0 ? rc : put_days(p, true, &s->window_days);
	rc = rc < 0 ? rc : put_marks(p, s);
	return rc < 0 ? rc : flush(p);
}

/* In the order of names' texts: the order of numbers depends on the order of arrival. */
static void sort_names(struct name_summaries *n) {
	struct servers *s = n->servers;

	for (size_t i = 1; i < s->count; i++) {
		struct server one = s->at[i];
		size_t at = i;
		for (; at > 0 && names_order(n->names, one.sample.name, s->at[at - 1].sample.name) < 0; at--) {
			s->at[at] = s->at[at - 1];
		}
		s->at[at] = one;
	}
	for (size_t i = 0; i < s->count; i++) {
		s->of_name[s->at[i].sample.name] = i + 1;
	}
}

int name_summaries_each(struct name_summaries *n, summary_sink *sink, void *context, struct fault *why) {
	int rc = 0;

	sort_names(n);
	for (size_t i = 0; i < n->servers->count && rc >= 0; i++) {
		struct sample *s = &n->servers->at[i].sample;
		struct packing p = {.name = names_text(n->names, s->name), .sink = sink, .context = context, .why = why};
		char counts[2 * PACK_TEXT_MAX + 512];
		rc = sink(context, p.name, (struct text){counts, pack_counts(s, n->names, counts)}, why);
		rc = rc < 0 ? rc : put_sample(&p, s);
	}
	return rc;
}

static uint32_t u32(int64_t n) {
	return (uint32_t)(n & UINT32_MAX);
}

static bool put_second(struct sample *s, const int64_t *v) {
	if (v[0] < 0 || v[0] >= LOAD_KINDS || v[1] > INT64_MAX / NS_PER_SECOND || v[1] < INT64_MIN / NS_PER_SECOND) {
		return false;
	}
	load_put_bin(&s->loads[v[0]], v[1], &(struct load_bin){u32(v[2]), u32(v[3]), u32(v[4]), u32(v[5])});
	return true;
}

static bool put_day(struct sample *s, const int64_t *v) {
	if (v[2] > v[3] || v[2] < INT64_MIN / 2 || v[3] > INT64_MAX / 2) {
		return false;
	}
	active_put(v[0] ? &s->window_days : &s->request_days, &(struct active_day){v[1], v[2], v[3]});
	return true;
}

static bool put_mark(struct sample *s, const int64_t *v) {
	if (v[0] < 0 || v[0] >= MARK_KINDS || v[2] <= 0) {
		return false;
	}
	marks_add(&s->marks[v[0]], (uint64_t)v[1], v[2]);
	return true;
}

static bool put_step(struct sample *s, const int64_t *v) {
	int64_t duration_ns, start_ns, end_ns;

	if (__builtin_mul_overflow(v[0], ID_TICK_NS, &duration_ns) || __builtin_mul_overflow(v[1], ID_TICK_NS, &start_ns) ||
	    __builtin_add_overflow(start_ns, duration_ns, &end_ns)) {
		return false;
	}
	sample_put_step(s, &(struct id_step){end_ns, duration_ns, u32(v[2]), u32(v[3]), (uint16_t)v[4], (uint16_t)v[5], false, v[6] != 0});
	return true;
}

static bool put_row(struct sample *s, int64_t kind, const int64_t *v) {
	switch (kind) {
	case ITEM_SAMPLED_STEP:
		return put_step(s, v);
	case ITEM_SAMPLED_REQUEST:
		sample_put_request(s, &(struct id_request){v[0], v[1], u32(v[2]), u32(v[3]), u32(v[4])});
		return true;
	case ITEM_WINDOW_AT:
		load_put_window(&s->loads[LOAD_WINDOWS], &(struct load_window){v[0], v[1], v[2], v[3]});
		return true;
	default:
		return kind == ITEM_SECOND ? put_second(s, v) : kind == ITEM_DAY ? put_day(s, v) : put_mark(s, v);
	}
}

static bool read_rows(struct sample *s, int64_t kind, struct text *t) {
	struct rows rows;
	bool whole = unpack_rows(t, kind, &rows);

	for (size_t i = 0; whole && i < rows.count; i++) {
		whole = put_row(s, kind, rows.at[i]);
	}
	return whole;
}

static bool read_counts(struct name_summaries *n, struct sample *s, struct text *t) {
	struct sample part;

	sample_init(&part, s->name, 0);
	if (!unpack_counts(t, n->names, &part)) {
		return false;
	}
	sample_merge(s, &part);
	return true;
}

int name_summaries_read(struct name_summaries *n, struct text name, struct text item, struct fault *why) {
	struct sample *s = &servers_of(n->servers, names_id(n->names, name))->sample;
	int64_t kind;
	bool whole = unpack_i64(&item, &kind);

	whole = whole && (kind == ITEM_COUNTS ? read_counts(n, s, &item) : read_rows(s, kind, &item));
	return whole ? 0 : fault_set(why, ERROR_CONFIG, "a summary of names in map/ is damaged; remove the file and run its task again");
}

static struct gateways role_of_gateways(const struct servers *s) {
	struct engines all = {.any = false};

	for (size_t i = 0; i < s->count; i++) {
		engines_add(&all, s->at[i].sample.name, s->at[i].sample.all_requests > 0);
	}
	return gateways_role(&all, true);
}

int name_summaries_read_gateway(struct name_summaries *n, struct text name, struct text item, struct fault *why) {
	struct gateways *g = &n->gateways;

	*g = g->are == GATEWAYS_NONE ? role_of_gateways(n->servers) : *g;
	if (g->are == GATEWAYS_APART) {
		return 0;
	}
	return name_summaries_read(n, g->are == GATEWAYS_OF_ONE ? names_text(n->names, g->replica) : name, item, why);
}

size_t name_summaries_count(const struct name_summaries *n) {
	return n->servers->count;
}

/* ---- deciding ---- */

static void end_merges(struct name_summaries *n) {
	struct servers *s = n->servers;
	size_t room = room_so_far(s);

	sort_names(n);
	for (size_t i = 0; i < s->count; i++) {
		sample_end_merge(&s->at[i].sample, room, servers_requests_room(room));
	}
}

/* Steps that begin before the last one ended, as those of chains do. */
static bool may_be_several(const struct sample *s) {
	bool overlap = false;

	for (size_t i = 1; i < s->step_count && !overlap; i++) {
		overlap = s->steps[i].end_ns - s->steps[i].duration_ns < s->steps[i - 1].end_ns - CHAINS_OVERLAP_NS;
	}
	return overlap && !s->steps[0].coarse && s->all_requests + s->all_windows == 0;
}

int name_summaries_add_whole(struct name_summaries *n, const struct record *r, struct fault *why) {
	return evidence_add_record(n->whole, 0, r, why);
}

/* The samples of a name's servers in its place, if it has several. */
static int separate(struct name_summaries *n, size_t i, const struct replicas *replicas, struct fault *why) {
	const struct fleet none = {0};
	const struct servers_ask ask = {.evidence = n->whole, .replicas = replicas, .lanes = 1, .names = n->names, .fleet = &none, .each_alone = true};
	struct sample *one = &n->servers->at[i].sample;
	struct servers *s;
	struct quality ignored; /* found again where the name is attributed */
	int64_t duplicates = 0;

	quality_init(&ignored);
	int rc = servers_decide(&s, &ask, &ignored, why);
	if (rc >= 0 && servers_decide_again(s)) {
		name_id name = one->name;
		sample_release(one);
		sample_init(one, name, 0);
		evidence_watch(n->whole, add_item, n);
		rc = evidence_rewrite(n->whole, servers_apply, s, &duplicates, why);
	}
	servers_free(s);
	quality_release(&ignored);
	return rc;
}

int name_summaries_separate(struct name_summaries *n, name_reader *read, void *context, struct fault *why) {
	int rc = 0;

	end_merges(n);
	for (size_t i = 0, count = n->servers->count; i < count && rc >= 0; i++) {
		if (!may_be_several(&n->servers->at[i].sample)) {
			continue;
		}
		struct replicas *replicas = replicas_new(n->names, 1);
		n->whole = evidence_new(n->names, 1, WHOLE_BYTES);
		evidence_watch(n->whole, replicas_add_item, replicas);
		rc = read(context, n, names_text(n->names, n->servers->at[i].sample.name), why);
		rc = rc < 0 ? rc : evidence_seal(n->whole, why);
		rc = rc < 0 ? rc : separate(n, i, replicas, why);
		evidence_free(n->whole);
		replicas_free(replicas);
	}
	return rc;
}

int name_summaries_decide(struct name_summaries *n, const struct fleet *fleet, struct quality *quality, verdict_sink *sink, void *context,
                          struct fault *why) {
	struct servers *s = n->servers;
	int rc = 0;

	end_merges(n);
	s->fleet = fleet;
	s->quality = quality;
	servers_judge(s);
	for (size_t i = 0; i < s->count && rc >= 0; i++) {
		const struct server *one = &s->at[i];
		struct name_verdict v = {.name = one->sample.name, .with = one->with, .decision = one->decision, .named = one->named, .requests = one->requests, .step_model = one->step_model,
		                         .prefill = one->prefill, .engine = servers_engine(s, one), .shift_ns = one->shift_ns, .held = one->held, .dropped = one->dropped,
		                         .in_seconds = one->in_seconds, .has_steps = one->sample.all_steps + one->sample.all_windows > 0};
		char clock[DRIFT_BYTES_MAX];
		v.clock = (struct text){clock, one->drift ? drift_pack(one->drift, clock) : 0};
		bool changes = v.named != v.name || v.requests != 0 || v.step_model != 0 || v.prefill != 0 || v.engine != 0 || v.shift_ns != 0 || v.clock.len > 0 ||
		               v.held || v.dropped || v.in_seconds;
		rc = changes ? sink(context, &v, why) : 0;
	}
	return rc;
}

struct servers *servers_of_verdicts(struct names *names, const struct name_verdict *at, size_t count) {
	struct servers *s = servers_new(names, NULL, NULL);

	for (size_t i = 0; i < count; i++) {
		struct server *one = servers_of(s, at[i].name);
		one->named = at[i].named;
		one->requests = at[i].requests;
		one->step_model = at[i].step_model;
		one->prefill = at[i].prefill;
		one->engine = at[i].engine;
		one->shift_ns = at[i].shift_ns;
		one->drift = at[i].clock.len > 0 ? drift_unpack(at[i].clock) : NULL;
		one->held = at[i].held;
		one->dropped = at[i].dropped;
		one->in_seconds = at[i].in_seconds;
		one->sample.all_steps = at[i].has_steps;
		s->change = true;
	}
	return s;
}
