#include "attribute/evidence/join.h"

#include <stdlib.h>

#include "attribute/evidence/bought.h"
#include "attribute/evidence/left.h"
#include "attribute/evidence/repeats.h"
#include "core/exact.h"
#include "core/hash_index.h"

/* Tolerance for the clocks of two machines and the gateway's own work before and after. */
#define SLACK_NS (2 * NS_PER_SECOND)
/* At most this many records that agree in the compared fields are compared with each other. */
#define GROUP_MAX 1024
#define STORE_BYTES ((size_t)2 << 20)

enum side { SIDE_ENGINE, SIDE_GATEWAY };

/* What shows that a gateway's record is a duplicate, in addition to the compared fields. */
struct mention {
	int64_t number; /* of the record in the order of the evidence; 0: unknown */
	uint64_t id_hash; /* of the id as it was logged */
	uint32_t id_len;
	uint32_t part;
};

/* A request as it is compared; its id follows. */
struct joinable {
	int64_t from_ns, to_ns; /* first and last known instant */
	int64_t at_ns;          /* of its item */
	int64_t line;
	uint32_t file;
	uint32_t prompt_tokens, completion_tokens;
	name_id replica, model, tenant;
	uint32_t service;
	uint32_t side;
	uint32_t vendors; /* served by a vendor, unless an engine here has it */
	uint32_t id_len;
	struct mention mention;
};

struct join {
	struct evidence *evidence;
	struct names *names;
	struct join_report *report;
	int64_t from_ns, to_ns; /* the period that is reported on */
	enum join_stage stage;
	struct spool *by_id, *by_tokens, *patches, *unjoined, *left;
	struct joinable group[GROUP_MAX];
	size_t count;
	int64_t gateway_requests; /* so far */
};

/* ---- ids ---- */

static bool all_of(struct text t, const char *allowed) {
	for (size_t i = 0; i < t.len; i++) {
		if (!memchr(allowed, t.at[i], strlen(allowed))) {
			return false;
		}
	}
	return t.len > 0;
}

/* Without "-DIGITS" (the number of a choice) or "-" and 8 hexadecimal digits after 32 (added by an engine). */
static struct text without_suffix(struct text id) {
	size_t dash = id.len;

	while (dash > 0 && id.at[dash - 1] != '-') {
		dash--;
	}
	if (dash < 9) {
		return id;
	}
	struct text tail = text_cut(id, dash, id.len), head = text_cut(id, 0, dash - 1);
	bool choice = tail.len <= 2 && all_of(tail, "0123456789");
	bool addition = tail.len == 8 && head.len >= 32 && all_of(tail, "0123456789abcdef");
	return choice || addition ? head : id;
}

struct text join_id(struct text id) {
	static const struct text prefixes[] = {{"chatcmpl-", 9}, {"cmpl-", 5}, {"resp_", 5}, {"req-", 4}, {"req_", 4}};
	struct text rest = id;

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		text_skip(&rest, prefixes[i]);
	}
	rest = without_suffix(rest);
	return rest.len > 0 ? rest : id;
}

uint64_t attribution_join_part(const struct request *q, enum join_stage stage) {
	struct text id = stage == JOIN_BY_ID ? join_id(text_cut(q->id, 0, EVIDENCE_ID_MAX)) : T("");
	uint64_t tokens = hash_mix(hash_mix(0, evidence_count_of(q->prompt_tokens)), evidence_count_of(q->completion_tokens));

	return hash_spread(id.len > 0 ? text_hash(id) : tokens);
}

/* ---- orders ---- */

static int order_rest(const struct joinable *a, const struct joinable *b) {
	int by = exact_order(a->side, b->side);

	by = by != 0 ? by : exact_order(a->from_ns, b->from_ns);
	by = by != 0 ? by : exact_order(a->file, b->file);
	by = by != 0 ? by : exact_order(a->line, b->line);
	return by != 0 ? by : exact_order(a->replica, b->replica);
}

static struct text id_of(const struct joinable *j) {
	return (struct text){(const char *)(j + 1), j->id_len};
}

static int compare_ids(const void *context, const void *a, size_t a_len, const void *b, size_t b_len) {
	int by = text_compare(id_of(a), id_of(b));

	(void)context;
	(void)a_len;
	(void)b_len;
	return by != 0 ? by : order_rest(a, b);
}

static int order_tokens(const struct joinable *a, const struct joinable *b) {
	int by = exact_order(a->prompt_tokens, b->prompt_tokens);

	return by != 0 ? by : exact_order(a->completion_tokens, b->completion_tokens);
}

static int compare_tokens(const void *context, const void *a, size_t a_len, const void *b, size_t b_len) {
	int by = order_tokens(a, b);

	(void)context;
	(void)a_len;
	(void)b_len;
	return by != 0 ? by : order_rest(a, b);
}

/* ---- results for a record ---- */

static void note_first(struct place *first, const struct joinable *j) {
	if (first->line == 0 || j->file < first->file || (j->file == first->file && j->line < first->line)) {
		*first = (struct place){j->file, j->line};
	}
}

/* Stores the tenant of the request and its class of service, from a gateway. */
static int assign_tenant(struct join *j, const struct joinable *engine, name_id tenant, uint32_t service,
                       struct fault *why) {
	const struct tenant_patch patch = {
		.replica = engine->replica, .tenant = tenant,  .at_ns = engine->at_ns, .line = engine->line,
		.file = engine->file,       .service = service,
	};

	return tenant != 0 || service != SERVICE_STANDARD ? spool_add(j->patches, 0, &patch, sizeof patch, why) : 0;
}

/* Each record counts in the period in which it begins. */
static bool is_reported(const struct join *j, const struct joinable *r) {
	return r->at_ns >= j->from_ns && r->at_ns < j->to_ns;
}

static int leave_alone(struct join *j, const struct joinable *r, struct fault *why) {
	if (r->side == SIDE_GATEWAY && r->vendors) {
		const struct tenant_patch mark = {.replica = r->replica, .at_ns = r->at_ns, .line = r->line, .file = r->file};
		return spool_add(j->unjoined, 0, &mark, sizeof mark, why);
	}
	if (!is_reported(j, r)) {
		return 0;
	}
	if (r->side == SIDE_GATEWAY) {
		j->report->gateway_only++;
		j->report->gateway_only_tokens += (int64_t)r->prompt_tokens + r->completion_tokens;
		note_first(&j->report->first_gateway_only, r);
	} else if (r->tenant == 0) {
		j->report->engine_only++;
		note_first(&j->report->first_engine_only, r);
	}
	return 0;
}

static bool same_record(const struct joinable *a, const struct joinable *b) {
	return a->file == b->file && a->line == b->line;
}

/* ---- duplicates ---- */

/* Compares two of a group; their ids agree without prefixes and suffixes. If there is a number, to_ns is the finish. */
static bool same_request(const struct joinable *a, const struct joinable *b) {
	return a->mention.number != 0 && b->mention.number != 0 && a->replica == b->replica && a->to_ns == b->to_ns &&
	       a->mention.part == b->mention.part && a->mention.id_len == b->mention.id_len &&
	       a->mention.id_hash == b->mention.id_hash;
}

static void drop(struct join *j, size_t i) {
	memmove(&j->group[i], &j->group[i + 1], (--j->count - i) * sizeof *j->group);
}

/*
 * Is the next record of an id a repeat, as defined in repeats.h? Here records come by id, so that ids need not be
 * remembered (two hours of all gateways). Of two that begin together the first in the order of the evidence counts;
 * if that is the next one, the other leaves the group.
 */
static bool is_repeat(struct join *j, const struct joinable *next) {
	for (size_t i = j->count; i-- > 0;) {
		const struct joinable *earlier = &j->group[i];
		if (earlier->side != next->side || next->from_ns - earlier->from_ns > REPEATS_WINDOW_NS) {
			return false;
		}
		if (same_request(earlier, next)) {
			bool comes_first = earlier->from_ns == next->from_ns && next->mention.number < earlier->mention.number;
			j->report->duplicates += is_reported(j, next);
			if (comes_first) {
				drop(j, i);
			}
			return !comes_first;
		}
	}
	return false;
}

/* ---- by id ---- */

/* Engines come first in a group. */
static size_t engines_in(const struct join *j) {
	size_t n = 0;

	while (n < j->count && j->group[n].side == SIDE_ENGINE) {
		n++;
	}
	return n;
}

static name_id tenant_in(const struct join *j, size_t from) {
	name_id tenant = 0;

	for (size_t i = from; i < j->count && tenant == 0; i++) {
		tenant = j->group[i].tenant;
	}
	return tenant;
}

static uint32_t service_in(const struct join *j, size_t from) {
	uint32_t service = SERVICE_STANDARD;

	for (size_t i = from; i < j->count && service == SERVICE_STANDARD; i++) {
		service = j->group[i].service;
	}
	return service;
}

/* Several choices of one request share its id: their tokens are not those of the gateway's record. */
static void check_tokens(struct join *j, size_t engines) {
	const struct joinable *engine = &j->group[0], *gateway = &j->group[engines];

	for (size_t i = 1; i < engines; i++) {
		if (!same_record(engine, &j->group[i])) {
			return;
		}
	}
	if (order_tokens(engine, gateway) != 0 && is_reported(j, gateway)) {
		j->report->differing++;
		note_first(&j->report->first_differing, gateway);
	}
}

static int join_ids(struct join *j, struct fault *why) {
	size_t engines = engines_in(j);
	bool joined = engines > 0 && engines < j->count;
	name_id tenant = tenant_in(j, engines);
	uint32_t service = service_in(j, engines);
	int rc = 0;

	if (joined) {
		for (size_t i = engines; i < j->count; i++) {
			j->report->by_id += is_reported(j, &j->group[i]);
		}
		check_tokens(j, engines);
	}
	for (size_t i = 0; i < (joined ? engines : j->count) && rc >= 0; i++) {
		rc = joined ? assign_tenant(j, &j->group[i], tenant, service, why)
		            : spool_add(j->by_tokens, 0, &j->group[i], sizeof j->group[i], why);
	}
	return rc;
}

/* ---- by tokens and instants ---- */

static bool fits(const struct join *j, const struct joinable *engine, const struct joinable *gateway) {
	struct text a = text_base(names_text(j->names, engine->model)), b = text_base(names_text(j->names, gateway->model));

	return engine->from_ns >= gateway->from_ns - SLACK_NS && engine->to_ns <= gateway->to_ns + SLACK_NS &&
	       (a.len == 0 || b.len == 0 || text_eq_nocase(a, b));
}

#define NONE SIZE_MAX

/* The request of an engine that alone matches a gateway's record, or NONE. */
static size_t only_fit(const struct join *j, size_t engines, size_t gateway) {
	size_t found = NONE;

	for (size_t i = 0; i < engines; i++) {
		if (!fits(j, &j->group[i], &j->group[gateway])) {
			continue;
		}
		if (found != NONE && !same_record(&j->group[found], &j->group[i])) {
			return NONE;
		}
		found = i;
	}
	return found;
}

static int join_tokens(struct join *j, struct fault *why) {
	size_t engines = engines_in(j), of[GROUP_MAX];
	uint16_t claims[GROUP_MAX] = {0};
	int rc = 0;

	for (size_t g = engines; g < j->count; g++) {
		of[g] = only_fit(j, engines, g);
		for (size_t i = 0; i < engines; i++) {
			claims[i] = (uint16_t)(claims[i] + fits(j, &j->group[i], &j->group[g]));
		}
	}
	for (size_t g = engines; g < j->count && rc >= 0; g++) {
		if (of[g] == NONE || claims[of[g]] != 1) {
			rc = leave_alone(j, &j->group[g], why);
			continue;
		}
		j->report->by_tokens += is_reported(j, &j->group[g]);
		for (size_t i = 0; i < engines && rc >= 0; i++) {
			if (same_record(&j->group[i], &j->group[of[g]])) {
				rc = assign_tenant(j, &j->group[i], j->group[g].tenant, j->group[g].service, why);
				claims[i] = UINT16_MAX;
			}
		}
	}
	for (size_t i = 0; i < engines && rc >= 0; i++) {
		if (claims[i] != UINT16_MAX && (i == 0 || !same_record(&j->group[i], &j->group[i - 1]))) {
			rc = leave_alone(j, &j->group[i], why);
		}
	}
	return rc;
}

/* ---- reading groups ---- */

static int64_t last_instant(const struct request_item *q) {
	return q->finish_ns != UNKNOWN ? q->finish_ns : q->first_token_ns != UNKNOWN ? q->first_token_ns : q->head.at_ns;
}

static struct mention mention_of(struct join *j, const struct request_item *q, enum side side) {
	struct text id = request_item_id(q);
	bool may_repeat = side == SIDE_GATEWAY && id.len > 0 && q->finish_ns != UNKNOWN;

	return (struct mention){may_repeat ? ++j->gateway_requests : 0, text_hash(id), (uint32_t)id.len, q->part};
}

static int keep(struct join *j, const struct request_item *q, enum side side, struct fault *why) {
	struct text id = join_id(request_item_id(q));
	char bytes[sizeof(struct joinable) + UINT16_MAX];
	const struct joinable r = {
		.from_ns = q->head.at_ns,
		.to_ns = last_instant(q),
		.at_ns = q->head.at_ns,
		.line = q->head.line,
		.file = q->head.file,
		.prompt_tokens = q->prompt_tokens,
		.completion_tokens = q->completion_tokens,
		.replica = q->head.replica,
		.model = q->head.model,
		.tenant = q->tenant,
		.service = q->service,
		.side = side,
		.vendors = side == SIDE_GATEWAY && bought_is_vendors(j->evidence, q),
		.id_len = (uint32_t)id.len,
		.mention = mention_of(j, q, side),
	};

	if (id.len == 0 || j->stage == JOIN_BY_TOKENS) {
		return spool_add(j->by_tokens, 0, &r, sizeof r, why);
	}
	memcpy(bytes, &r, sizeof r);
	memcpy(bytes + sizeof r, id.at, id.len);
	return spool_add(j->by_id, 0, bytes, sizeof r + id.len, why);
}

static int keep_all(struct join *j, struct evidence_reader *r, enum side side, struct fault *why) {
	const struct item *item;
	int got, rc = 0;

	while (rc >= 0 && (got = evidence_next(r, &item, why)) != 0) {
		rc = got < 0 ? got : item->kind == ITEM_REQUEST ? keep(j, (const struct request_item *)item, side, why) : 0;
	}
	if (side == SIDE_GATEWAY) {
		j->report->duplicates = evidence_duplicates(r);
	}
	evidence_reader_free(r);
	return rc;
}

static int collect(struct join *j, struct fault *why) {
	struct evidence_reader *r;
	int rc = evidence_reader_new(&r, j->evidence, why);

	rc = rc < 0 ? rc : keep_all(j, r, SIDE_ENGINE, why);
	rc = rc < 0 ? rc : evidence_gateway_reader_new(&r, j->evidence, why);
	if (rc >= 0) {
		evidence_count_duplicates(r, j->from_ns, j->to_ns);
		rc = keep_all(j, r, SIDE_GATEWAY, why);
	}
	return rc;
}

/* Passes groups of equal records, one after the other, to `join`. */
static int in_groups(struct join *j, struct spool *spool, bool by_id, int (*join)(struct join *, struct fault *),
                     struct fault *why) {
	struct spool_reader *r;
	const void *bytes;
	size_t len;
	char id[UINT16_MAX];
	struct text last = {id, 0};
	int rc = spool_seal(spool, why), got = 0;

	rc = rc < 0 ? rc : spool_reader_new(&r, spool, why);
	if (rc < 0) {
		return rc;
	}
	j->count = 0;
	while (rc >= 0 && (got = spool_next(r, &bytes, &len, why)) > 0) {
		const struct joinable *next = bytes;
		bool alike = j->count > 0 && (by_id ? text_eq(last, id_of(next)) : order_tokens(&j->group[0], next) == 0);
		if (j->count > 0 && (!alike || j->count == GROUP_MAX)) {
			rc = join(j, why);
			j->count = 0;
		}
		if (by_id && is_repeat(j, next)) {
			continue;
		}
		j->group[j->count++] = *next;
		if (by_id) {
			last.len = next->id_len;
			memcpy(id, next + 1, next->id_len);
		}
	}
	if (rc >= 0 && got >= 0 && j->count > 0) {
		rc = join(j, why);
	}
	spool_reader_free(r);
	return rc < 0 ? rc : got;
}

/* Marks the records of a group in place of joining them by tokens. */
static int mark_left(struct join *j, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < j->count && rc >= 0; i++) {
		const struct joinable *r = &j->group[i];
		const struct tenant_patch mark = {.replica = r->replica, .at_ns = r->at_ns, .line = r->line, .file = r->file};
		rc = spool_add(j->left, 0, &mark, sizeof mark, why);
	}
	return rc;
}

static int join_rest(struct join *j, struct fault *why) {
	j->left = j->stage == JOIN_BY_ID ? tenant_patches_new() : NULL;
	int rc = in_groups(j, j->by_tokens, false, j->left ? mark_left : join_tokens, why);

	if (j->left) {
		left_set(j->evidence, j->left);
		rc = rc < 0 ? rc : spool_seal(j->left, why);
	}
	return rc;
}

int join_requests(struct evidence *e, struct names *names, int64_t from_ns, int64_t to_ns, enum join_stage stage,
                  struct join_report *report, struct fault *why) {
	struct join *j = must_calloc(1, sizeof *j);

	*report = (struct join_report){.by_id = 0};
	j->evidence = e;
	j->names = names;
	j->report = report;
	j->from_ns = from_ns;
	j->to_ns = to_ns;
	j->stage = stage;
	j->by_id = spool_new(1, STORE_BYTES, compare_ids, NULL);
	j->by_tokens = spool_new(1, STORE_BYTES, compare_tokens, NULL);
	j->patches = tenant_patches_new();
	j->unjoined = tenant_patches_new();
	int rc = collect(j, why);
	rc = rc < 0 ? rc : in_groups(j, j->by_id, true, join_ids, why);
	rc = rc < 0 ? rc : join_rest(j, why);
	rc = rc < 0 ? rc : spool_seal(j->patches, why);
	if (rc >= 0) {
		evidence_patch_tenants(e, j->patches);
		rc = evidence_set_unjoined(e, j->unjoined, why);
	} else {
		spool_free(j->patches);
		spool_free(j->unjoined);
	}
	spool_free(j->by_id);
	spool_free(j->by_tokens);
	free(j);
	return rc;
}

/* ---- reporting ---- */

static void report_trouble(struct quality *q, enum join_trouble what, int64_t count, const struct place *first) {
	quality_join_trouble(q, what, count, first->file, (uint64_t)first->line);
}

void join_report_counts(const struct join_report *r, struct quality *q) {
	q->duplicates += r->duplicates;
	q->joins.joined += r->by_id + r->by_tokens;
	q->joins.gateway_only_tokens += r->gateway_only_tokens;
	report_trouble(q, JOIN_GATEWAY_ONLY, r->gateway_only, &r->first_gateway_only);
	report_trouble(q, JOIN_ENGINE_ONLY, r->engine_only, &r->first_engine_only);
	report_trouble(q, JOIN_DIFFERING, r->differing, &r->first_differing);
}
