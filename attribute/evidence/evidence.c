#include <stddef.h>
#include <stdlib.h>

#include "attribute/evidence/bought.h"
#include "core/exact.h"

struct text request_item_id(const struct request_item *r) {
	return (struct text){(const char *)(r + 1), r->id_len};
}

struct text request_item_billing(const struct request_item *r) {
	return (struct text){(const char *)(r + 1) + r->id_len, r->billing_len};
}

size_t item_stored_len(const struct item *item, size_t len) {
	const struct step_item *s = (const struct step_item *)item;

	if (item->kind != ITEM_STEP || s->prefill_gpu_ns != UNKNOWN || s->decode_gpu_ns != UNKNOWN) {
		return len;
	}
	bool prompts = s->prefill_requests != 0 || s->prefill_tokens != 0 || s->prefill_token_kv != 0 || s->prefill_kv_tokens != 0;

	return prompts ? offsetof(struct step_item, prefill_gpu_ns) : offsetof(struct step_item, prefill_requests);
}

size_t item_complete(struct item *item, size_t len) {
	struct step_item *s = (struct step_item *)item;

	if (item->kind != ITEM_STEP || len == sizeof *s) {
		return len;
	}
	if (len == offsetof(struct step_item, prefill_requests)) {
		s->prefill_requests = s->prefill_tokens = 0;
		s->prefill_token_kv = s->prefill_kv_tokens = 0;
	}
	s->prefill_gpu_ns = s->decode_gpu_ns = UNKNOWN;
	return sizeof *s;
}

static name_id tenant_of(const struct item *i) {
	switch (i->kind) {
	case ITEM_REQUEST:
		return ((const struct request_item *)i)->tenant;
	case ITEM_WINDOW:
		return ((const struct window_item *)i)->tenant;
	case ITEM_POWER:
		return ((const struct power_item *)i)->gpu;
	default:
		return 0;
	}
}

/* A record without tenant is less complete, and comes last. */
static int order_tenants(const struct names *n, name_id a, name_id b) {
	return a == 0 || b == 0 ? exact_order(a == 0, b == 0) : names_order(n, a, b);
}

/* The content of an item, byte for byte, without names, as their numbers depend on the order of arrival. */
static int order_said(const struct names *n, const struct item *a, size_t a_len, const struct item *b, size_t b_len) {
	size_t len = a_len < b_len ? a_len : b_len;
	int order = names_order(n, a->model, b->model);

	if (order == 0) {
		order = order_tenants(n, tenant_of(a), tenant_of(b));
	}
	if (order == 0) {
		order = memcmp((const char *)a + SAID_FROM, (const char *)b + SAID_FROM, len - SAID_FROM);
	}
	return order != 0 ? order : exact_order((int64_t)a_len, (int64_t)b_len);
}

static int compare(const void *context, const void *a_bytes, size_t a_len, const void *b_bytes, size_t b_len) {
	const struct item *a = a_bytes, *b = b_bytes;

	if (a->replica != b->replica) {
		return a->replica < b->replica ? -1 : 1;
	}
	int order = exact_order(a->at_ns, b->at_ns);
	if (order == 0) {
		order = (int)a->kind - (int)b->kind;
	}
	if (order == 0) {
		order = order_said(context, a, a_len, b, b_len);
	}
	if (order == 0) {
		order = exact_order(a->file, b->file);
	}
	return order != 0 ? order : exact_order(a->line, b->line);
}

static struct spool *items_new(struct names *names, unsigned lanes, size_t memory_bytes) {
	struct spool *s = spool_new(lanes, memory_bytes, compare, names);

	_Static_assert(offsetof(struct item, replica) == offsetof(struct spool_key, group) && offsetof(struct item, at_ns) == offsetof(struct spool_key, at),
	               "items begin with their key");
	spool_keyed(s);
	return s;
}

struct spool *evidence_spool(const struct evidence *e, size_t memory_bytes) {
	return items_new(e->names, 1, memory_bytes);
}

struct evidence *evidence_new(struct names *names, unsigned lanes, size_t memory_bytes) {
	struct evidence *e = must_calloc(1, sizeof *e);

	e->names = names;
	e->lanes = must_calloc(lanes, sizeof *e->lanes);
	e->lane_count = lanes;
	e->spool = items_new(names, lanes, memory_bytes - memory_bytes / 8);
	e->power = items_new(names, lanes, memory_bytes / 8);
	e->gateway = items_new(names, lanes, memory_bytes / 8);
	e->growing = spool_new(lanes, memory_bytes / 8, growing_compare, NULL);
	e->bought = items_new(names, 1, memory_bytes / 8);
	e->other = names_id(names, T("(other)"));
	e->count_from_ns = INT64_MIN;
	e->count_to_ns = INT64_MAX;
	e->bought_from_ns = e->adopted_from_ns = INT64_MAX;
	e->bought_to_ns = e->adopted_to_ns = INT64_MIN;
	for (unsigned i = 0; i < lanes; i++) {
		e->lanes[i].work_from_ns = INT64_MAX;
		e->lanes[i].work_to_ns = INT64_MIN;
	}
	return e;
}

void evidence_free(struct evidence *e) {
	if (!e) {
		return;
	}
	for (unsigned i = 0; i < e->lane_count; i++) {
		free(e->lanes[i].buffer);
	}
	free(e->lanes);
	twice_free(e->twice);
	spool_free(e->spool);
	spool_free(e->power);
	spool_free(e->gateway);
	spool_free(e->growing);
	spool_free(e->bought);
	spool_free(e->patches);
	spool_free(e->left);
	free(e->only);
	free(e->bought_names);
	free(e->unrepeated);
	free(e->vendor_answers);
	free(e);
}

uint32_t evidence_count_of(int64_t n) {
	return n < 0 || n >= COUNT_UNKNOWN ? 0 : (uint32_t)n;
}

/*
 * The number of a name from a log. Beyond a maximum, a new name becomes "(other)", so that memory is bounded for any
 * log.
 */
static name_id name_of(struct evidence *e, struct evidence_lane *l, struct text t) {
	if (names_count(e->names) < EVIDENCE_NAMES_MAX) {
		return names_cached(&l->cache, e->names, t);
	}
	name_id known = names_find(e->names, t);

	l->beyond += known == 0 && t.len > 0;
	return known != 0 || t.len == 0 ? known : e->other;
}

static struct item head_of(struct evidence *e, struct evidence_lane *l, const struct record *r, enum item_kind kind,
                           int64_t at_ns) {
	return (struct item){
		.replica = name_of(e, l, r->replica),
		.model = name_of(e, l, r->model),
		.at_ns = at_ns,
		.line = r->line,
		.file = r->file,
		.kind = (uint8_t)kind,
	};
}

void evidence_watch(struct evidence *e, evidence_watcher *watcher, void *context) {
	e->watcher = watcher;
	e->watcher_context = context;
}

void evidence_only(struct evidence *e, name_id replica) {
	if (replica != 0) {
		e->only = must_realloc(e->only, (e->only_count + 1) * sizeof *e->only);
		e->only[e->only_count++] = replica;
	}
}

void evidence_only_watch(struct evidence *e) {
	e->only_watch = true;
}

static bool is_left_out(const struct evidence *e, name_id replica) {
	bool is = e->only_count > 0;

	for (size_t i = 0; i < e->only_count && is; i++) {
		is = e->only[i] != replica;
	}
	return is;
}

static bool is_gateway(const struct item *item, size_t len) {
	return item->kind == ITEM_REQUEST && len >= sizeof(struct request_item) && ((const struct request_item *)item)->gateway;
}

static int add(struct evidence *e, unsigned lane, const struct item *item, size_t len, struct fault *why) {
	if (is_gateway(item, len) && e->only_watch) {
		return 0;
	}
	if (is_gateway(item, len)) {
		e->lanes[lane].has_gateway = true;
		bool grows = ((const struct request_item *)item)->server_id && ((const struct request_item *)item)->id_len > 0;
		return spool_add(grows ? e->growing : e->gateway, lane, item, len, why);
	}
	if (item->kind != ITEM_POWER) {
		engines_add(&e->lanes[lane].engines, item->replica, item->kind == ITEM_REQUEST);
	}
	if (item->kind == ITEM_STEP || item->kind == ITEM_WINDOW) {
		exact_widen(&e->lanes[lane].work_from_ns, &e->lanes[lane].work_to_ns, item->at_ns, item->at_ns);
	}
	if (is_left_out(e, item->replica)) {
		return 0;
	}
	if (e->watcher) {
		e->watcher(e->watcher_context, lane, item);
	}
	return e->only_watch ? 0 : spool_add(item->kind == ITEM_POWER ? e->power : e->spool, lane, item, item_stored_len(item, len), why);
}

/*
 * Tokens that a preempted request recomputes are prefill, though the log counts them as generation: one sequence
 * decodes less.
 */
static void compute_again(struct step_item *s) {
	int64_t again = (int64_t)s->decode_tokens - s->decode_requests + 1;

	if ((s->flags & STEP_MIXED_RECOMPUTE) == 0 || again <= 1 || s->decode_requests == 0 || s->prefill_tokens + again >= COUNT_UNKNOWN) {
		return;
	}
	s->again_tokens = (uint32_t)again;
	s->decode_requests--;
	s->decode_tokens = s->decode_requests;
	s->prefill_requests++;
	s->prefill_tokens += s->again_tokens;
	s->prefill_token_kv = s->prefill_kv_tokens = UNKNOWN;
}

static int keep_step(struct evidence *e, unsigned lane, const struct record *r, struct fault *why) {
	struct evidence_lane *l = &e->lanes[lane];
	const struct step *s = &r->step;
	struct step_item item;

	memset(&item, 0, sizeof item); /* items are compared byte by byte, padding too */
	item.head = head_of(e, l, r, ITEM_STEP, s->start_ns);
	item.duration_kind = (uint8_t)s->duration_kind;
	item.flags = (uint8_t)s->flags;
	item.prefill_requests = evidence_count_of(s->prefill_requests);
	item.prefill_tokens = evidence_count_of(s->prefill_tokens);
	item.decode_requests = evidence_count_of(s->decode_requests);
	item.decode_tokens = evidence_count_of(s->decode_tokens == UNKNOWN ? s->decode_requests : s->decode_tokens);
	item.index = s->index;
	item.duration_ns = s->gpu_ns;
	item.prefill_token_kv = item.prefill_tokens > 0 ? s->prefill_token_kv : 0;
	item.prefill_kv_tokens = item.prefill_tokens > 0 ? s->prefill_kv_tokens : 0;
	item.decode_kv_tokens = item.decode_requests > 0 ? s->decode_kv_tokens : 0;
	item.prefill_gpu_ns = s->prefill_gpu_ns;
	item.decode_gpu_ns = s->decode_gpu_ns;
	compute_again(&item);
	l->lacks_contexts |= item.prefill_token_kv == UNKNOWN || item.decode_kv_tokens == UNKNOWN;
	return add(e, lane, &item.head, sizeof item, why);
}

static int64_t first_known(const struct request *q) {
	const int64_t instants[] = {q->arrival_ns, q->scheduled_ns, q->first_token_ns, q->finish_ns};

	for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
		if (instants[i] != UNKNOWN) {
			return instants[i];
		}
	}
	return UNKNOWN;
}

/* An item followed by its id and its billing text, in the lane's buffer. */
static int add_request(struct evidence *e, unsigned lane, const struct request_item *item, struct text id, struct text billing,
                       struct fault *why) {
	struct evidence_lane *l = &e->lanes[lane];
	size_t len = sizeof *item + id.len + billing.len;

	if (l->room < len) {
		l->room = len + 64;
		l->buffer = must_realloc(l->buffer, l->room);
	}
	memcpy(l->buffer, item, sizeof *item);
	if (id.len > 0) {
		memcpy(l->buffer + sizeof *item, id.at, id.len);
	}
	if (billing.len > 0) {
		memcpy(l->buffer + sizeof *item + id.len, billing.at, billing.len);
	}
	return add(e, lane, (const struct item *)(void *)l->buffer, len, why);
}

static void add_undated(struct undated *to, const struct undated *from) {
	if (from->count > 0 && (to->count == 0 || from->file < to->file || (from->file == to->file && from->line < to->line))) {
		to->file = from->file;
		to->line = from->line;
	}
	to->count += from->count;
}

int64_t evidence_beyond_names(const struct evidence *e) {
	int64_t all = 0;

	for (unsigned i = 0; i < e->lane_count; i++) {
		all += e->lanes[i].beyond;
	}
	return all;
}

struct undated evidence_undated(const struct evidence *e) {
	struct undated all = {0};

	for (unsigned i = 0; i < e->lane_count; i++) {
		add_undated(&all, &e->lanes[i].undated);
	}
	return all;
}

static int keep_request(struct evidence *e, unsigned lane, const struct record *r, struct fault *why) {
	struct evidence_lane *l = &e->lanes[lane];
	const struct request *q = &r->request;
	struct text id = text_cut(q->id, 0, EVIDENCE_ID_MAX), billing = text_cut(q->billing, 0, BILLING_TEXT_MAX);
	struct request_item item;

	if (first_known(q) == UNKNOWN) {
		add_undated(&l->undated, &(struct undated){1, r->file, r->line});
		return 0;
	}
	memset(&item, 0, sizeof item);
	item.head = head_of(e, l, r, ITEM_REQUEST, first_known(q));
	item.ok = q->ok;
	item.service = (uint8_t)q->service;
	item.exclusive = q->exclusive_times;
	item.gateway = q->gateway;
	item.server_id = q->server_id;
	item.cached_unknown = q->cached_unknown;
	item.billing_len = (uint32_t)billing.len;
	item.tenant = name_of(e, l, q->tenant);
	item.preemptions = evidence_count_of(q->preemptions);
	item.arrival_ns = q->arrival_ns;
	item.scheduled_ns = q->scheduled_ns;
	item.first_token_ns = q->first_token_ns;
	item.finish_ns = q->finish_ns;
	item.prompt_tokens = evidence_count_of(q->prompt_tokens);
	item.cached_tokens = evidence_count_of(q->cached_tokens);
	item.cache_write_tokens = evidence_count_of(q->cache_write_tokens);
	item.completion_tokens = evidence_count_of(q->completion_tokens);
	item.reasoning_tokens = evidence_count_of(q->reasoning_tokens);
	item.id_len = (uint32_t)id.len;
	name_id prefill = name_of(e, l, q->prefill_replica);
	if (prefill == 0 || prefill == item.head.replica) {
		return add_request(e, lane, &item, id, billing, why);
	}
	item.part = PART_DECODE;
	int rc = add_request(e, lane, &item, id, billing, why);
	item.part = PART_PREFILL;
	item.head.replica = prefill;
	return rc < 0 ? rc : add_request(e, lane, &item, id, billing, why);
}

static int keep_window(struct evidence *e, unsigned lane, const struct record *r, struct fault *why) {
	struct evidence_lane *l = &e->lanes[lane];
	const struct window *w = &r->window;
	struct window_item item;

	memset(&item, 0, sizeof item);
	item.head = head_of(e, l, r, ITEM_WINDOW, w->start_ns);
	item.input_is_computed = w->input_is_computed;
	item.cached_unknown = w->cached_unknown;
	item.tenant = name_of(e, l, w->tenant);
	item.end_ns = w->end_ns;
	item.input_tokens = w->input_tokens;
	item.cached_tokens = w->cached_tokens;
	item.output_tokens = w->output_tokens;
	item.requests = w->requests;
	item.prefill_gpu_ns = w->prefill_gpu_ns;
	item.decode_gpu_ns = w->decode_gpu_ns;
	item.running = w->running;
#define TAKE_COUNT(name) item.name = w->name;
	WINDOW_COUNTS(TAKE_COUNT)
	return add(e, lane, &item.head, sizeof item, why);
}

static int keep_power(struct evidence *e, unsigned lane, const struct record *r, struct fault *why) {
	struct evidence_lane *l = &e->lanes[lane];
	struct power_item item;

	memset(&item, 0, sizeof item);
	item.head = head_of(e, l, r, ITEM_POWER, r->power.at_ns);
	item.gpu = name_of(e, l, r->power.gpu);
	item.milliwatts = r->power.milliwatts;
	return add(e, lane, &item.head, sizeof item, why);
}

int evidence_add_record(struct evidence *e, unsigned lane, const struct record *r, struct fault *why) {
	static int (*const take[RECORD_KINDS])(struct evidence *, unsigned, const struct record *, struct fault *) = {
		[RECORD_STEP] = keep_step,
		[RECORD_REQUEST] = keep_request,
		[RECORD_WINDOW] = keep_window,
		[RECORD_POWER] = keep_power,
	};

	e->lanes[lane].relative_clock |= r->relative_clock;
	return take[r->kind](e, lane, r, why);
}

/* Which gateways' records count, from the records of all lanes. */
static struct gateways gateways_here(const struct evidence *e) {
	struct engines all = {.any = false};
	bool reported = false;

	for (unsigned i = 0; i < e->lane_count; i++) {
		const struct engines *l = &e->lanes[i].engines;
		if (l->any) {
			engines_add(&all, l->replica, l->requests);
			all.many |= l->many;
		}
		reported |= e->lanes[i].has_gateway;
	}
	return gateways_role(&all, reported);
}

void evidence_set_gateways(struct evidence *e, struct gateways gateways) {
	e->gateways = gateways;
}

static void note_bought(struct evidence *e, name_id replica) {
	if (e->bought_name_count == 0 || e->bought_names[e->bought_name_count - 1] != replica) { /* in the order of names, unless all are of one */
		e->bought_names = must_grow_by_count(e->bought_names, e->bought_name_count, sizeof *e->bought_names);
		e->bought_names[e->bought_name_count++] = replica;
	}
}

bool evidence_has_bought(const struct evidence *e, name_id replica) {
	for (size_t i = 0; i < e->bought_name_count; i++) {
		if (e->bought_names[i] == replica) {
			return true;
		}
	}
	return false;
}

void evidence_set_different(struct evidence *e, const struct server_pairs *different) {
	e->different = different;
}

const struct twice_pair *evidence_twice(const struct evidence *e, size_t *count) {
	*count = 0;
	return e->twice ? twice_found(e->twice, count) : NULL;
}

/* Compares the names of gateways, before the only replica adopts their requests. */
static int find_twice(struct evidence *e, struct fault *why) {
	struct evidence_reader *r;
	const struct item *item;
	int rc = evidence_reading_of(&r, e->gateway, why), got = 0;

	e->twice = twice_new();
	while (rc >= 0 && (got = evidence_next(r, &item, why)) > 0) {
		twice_add(e->twice, (const struct request_item *)item);
	}
	evidence_reader_free(r);
	twice_find(e->twice, e->names, e->different);
	return rc < 0 ? rc : got;
}

bool evidence_adopted_apart(const struct evidence *e) {
	int64_t from_ns = INT64_MAX, to_ns = INT64_MIN;

	for (unsigned i = 0; i < e->lane_count; i++) {
		exact_widen(&from_ns, &to_ns, e->lanes[i].work_from_ns, e->lanes[i].work_to_ns);
	}
	return from_ns <= to_ns && e->adopted_from_ns <= e->adopted_to_ns && (e->adopted_to_ns < from_ns || e->adopted_from_ns > to_ns);
}

/* Records of gateways become evidence of their own replicas, or, unless 0, of this one. */
static int adopt(struct evidence *e, name_id replica, struct fault *why) {
	struct evidence_reader *r;
	const struct item *item;
	int rc = evidence_reading_of(&r, e->gateway, why), got = 0;

	while (rc >= 0 && (got = evidence_next(r, &item, why)) > 0) {
		struct request_item q;
		memcpy(&q, item, sizeof q); /* padding too */
		q.gateway = false;
		q.adopted = true;
		q.head.replica = replica != 0 ? replica : q.head.replica;
		const struct request_item *whole = (const struct request_item *)item;
		if (twice_drops(e->twice, whole->head.replica)) {
			continue;
		}
		bool bought = bought_is_vendors(e, whole);
		if (bought) {
			note_bought(e, q.head.replica);
		}
		if (!bought && replica != 0 && q.head.at_ns != UNKNOWN) {
			exact_widen(&e->adopted_from_ns, &e->adopted_to_ns, q.head.at_ns, q.finish_ns != UNKNOWN ? q.finish_ns : q.head.at_ns);
		}
		rc = bought
		         ? bought_keep(e, item, evidence_item_len(r), why)
		         : add_request(e, 0, &q, request_item_id(whole), request_item_billing(whole), why);
	}
	evidence_reader_free(r);
	return rc < 0 ? rc : got;
}

int evidence_seal(struct evidence *e, struct fault *why) {
	int rc = growing_settle(e, why);

	rc = rc < 0 ? rc : spool_seal(e->gateway, why);
	e->gateways = e->gateways.are != GATEWAYS_NONE ? e->gateways : gateways_here(e);
	if (rc >= 0 && e->gateways.are == GATEWAYS_OF_ONE) {
		rc = find_twice(e, why);
	}
	if (rc >= 0 && (e->gateways.are == GATEWAYS_REPLICAS || e->gateways.are == GATEWAYS_OF_ONE)) {
		rc = adopt(e, e->gateways.replica, why);
	}
	rc = rc < 0 ? rc : spool_seal(e->spool, why);
	rc = rc < 0 ? rc : spool_seal(e->power, why);
	evidence_forget_repeats(e);
	return rc < 0 || evidence_has_gateway(e) ? rc : spool_seal(e->bought, why);
}

void evidence_set_vendors(struct evidence *e, vendor_test *is_vendors, void *vendors) {
	e->is_vendors = is_vendors;
	e->vendor_answers = e->vendor_answers ? e->vendor_answers : must_calloc(VENDOR_ANSWERS, sizeof *e->vendor_answers);
	e->vendors = vendors;
}

int evidence_set_unjoined(struct evidence *e, struct spool *unjoined, struct fault *why) {
	int rc = spool_seal(unjoined, why);

	rc = rc < 0 ? rc : bought_collect(e, unjoined, why);
	spool_free(unjoined);
	return rc < 0 ? rc : spool_seal(e->bought, why);
}

bool evidence_bought_period(const struct evidence *e, int64_t *from_ns, int64_t *to_ns) {
	*from_ns = e->bought_from_ns;
	*to_ns = e->bought_to_ns;
	return e->bought_from_ns <= e->bought_to_ns;
}

void evidence_set_period(struct evidence *e, int64_t from_ns, int64_t to_ns) {
	e->count_from_ns = from_ns;
	e->count_to_ns = to_ns;
}

int64_t evidence_repeated(const struct evidence *e) {
	return e->repeated;
}

bool evidence_has_gateway(const struct evidence *e) {
	return e->gateways.are == GATEWAYS_APART;
}

bool evidence_lacks_contexts(const struct evidence *e) {
	bool lacks = false;

	for (unsigned i = 0; i < e->lane_count; i++) {
		lacks |= e->lanes[i].lacks_contexts;
	}
	return lacks;
}

bool evidence_has_relative_clock(const struct evidence *e) {
	bool relative = false;

	for (unsigned i = 0; i < e->lane_count; i++) {
		relative |= e->lanes[i].relative_clock;
	}
	return relative;
}
