/* evidence_read.c: reads the evidence, each record once, with the tenants that gateways' logs report. */
#include <stdlib.h>

#include "attribute/evidence/evidence_private.h"
#include "attribute/evidence/repeats.h"
#include "core/exact.h"

struct evidence_reader {
	struct spool_reader *spool;
	char *last; /* the item returned last */
	size_t last_len, room; /* its length as it is stored */
	int64_t duplicates, count_from_ns, count_to_ns;
	/* repeats: NULL if they are not reported here */
	struct evidence *evidence;
	struct repeats *repeats;
	name_id replica; /* that of the last item; 0: none was read */
	bool looks, repeated; /* looks for repeats of the replica; has found one */
	/* tenants from gateways */
	struct spool_reader *patches; /* or NULL */
	struct tenant_patch patch;    /* the next one */
	bool has_patch, begun;        /* begun: the first patch was read */
	struct tenant_patch *here; /* all those of the last item's replica and instant */
	size_t here_count, here_room;
	name_id own_tenant; /* of the last item, as it was logged */
	uint8_t own_service;
};

int evidence_reading_of(struct evidence_reader **out, struct spool *spool, struct fault *why) {
	struct evidence_reader *r = must_calloc(1, sizeof *r);
	int rc = spool_reader_new(&r->spool, spool, why);

	evidence_count_duplicates(r, INT64_MIN, INT64_MAX);
	*out = r;
	return rc;
}

static int order_place(const struct tenant_patch *p, name_id replica, int64_t at_ns) {
	return p->replica != replica ? (p->replica < replica ? -1 : 1) : exact_order(p->at_ns, at_ns);
}

static int compare_patches(const void *context, const void *a_bytes, size_t a_len, const void *b_bytes, size_t b_len) {
	const struct tenant_patch *a = a_bytes, *b = b_bytes;
	int order = order_place(a, b->replica, b->at_ns);

	(void)context;
	(void)a_len;
	(void)b_len;
	order = order != 0 ? order : exact_order(a->file, b->file);
	order = order != 0 ? order : exact_order(a->line, b->line);
	order = order != 0 ? order : exact_order(a->tenant, b->tenant);
	return order != 0 ? order : exact_order(a->service, b->service);
}

#define PATCHES_BYTES ((size_t)1 << 20)

struct spool *tenant_patches_new(void) {
	return spool_new(1, PATCHES_BYTES, compare_patches, NULL);
}

void evidence_patch_tenants(struct evidence *e, struct spool *patches) {
	e->patches = patches;
}

int evidence_each_patch(struct evidence *e, tenant_sink *sink, void *context, struct fault *why) {
	struct spool_reader *reader;
	const void *bytes;
	size_t len;
	int got = 0, rc = e->patches ? spool_reader_new(&reader, e->patches, why) : 0;

	while (e->patches && rc >= 0 && (got = spool_next(reader, &bytes, &len, why)) > 0) {
		rc = sink(context, bytes, why);
	}
	if (e->patches) {
		spool_reader_free(reader);
	}
	return rc < 0 ? rc : got;
}

static int next_patch(struct evidence_reader *r, struct fault *why) {
	const void *bytes;
	size_t len;
	int got = spool_next(r->patches, &bytes, &len, why);

	r->begun = true;
	r->has_patch = got > 0;
	if (got > 0) {
		r->patch = *(const struct tenant_patch *)bytes;
	}
	return got < 0 ? got : 0;
}

/* Collects the patches of the last item's replica and instant. */
static int collect_here(struct evidence_reader *r, const struct item *i, struct fault *why) {
	int rc = 0;

	if (r->here_count > 0 && order_place(&r->here[0], i->replica, i->at_ns) == 0) {
		return 0;
	}
	r->here_count = 0;
	rc = r->begun ? 0 : next_patch(r, why);
	while (rc >= 0 && r->has_patch && order_place(&r->patch, i->replica, i->at_ns) <= 0) {
		if (order_place(&r->patch, i->replica, i->at_ns) == 0) {
			r->here = must_grow(r->here, r->here_count, &r->here_room, sizeof *r->here, 8);
			r->here[r->here_count++] = r->patch;
		}
		rc = next_patch(r, why);
	}
	return rc;
}

/* Sets tenant and class of service of the last item, a request. 1 or a negative error. */
static int patch_tenant(struct evidence_reader *r, struct fault *why) {
	struct request_item *q = (struct request_item *)(void *)r->last;
	int rc = collect_here(r, &q->head, why);

	r->own_tenant = q->tenant;
	r->own_service = q->service;
	for (size_t i = 0; i < r->here_count; i++) {
		if (r->here[i].file == q->head.file && r->here[i].line == q->head.line) {
			q->tenant = r->here[i].tenant != 0 ? r->here[i].tenant : q->tenant;
			q->service = r->here[i].service != SERVICE_STANDARD ? (uint8_t)r->here[i].service : q->service;
		}
	}
	return rc < 0 ? rc : 1;
}

/* Duplicates are recognised by what was logged. */
static void restore_tenant(struct evidence_reader *r) {
	struct item *last = (struct item *)(void *)r->last;

	if (r->patches && r->last_len > 0 && last->kind == ITEM_REQUEST) {
		((struct request_item *)last)->tenant = r->own_tenant;
		((struct request_item *)last)->service = r->own_service;
	}
}

int evidence_reader_new(struct evidence_reader **out, struct evidence *e, struct fault *why) {
	int rc = evidence_reading_of(out, e->spool, why);

	(*out)->evidence = e;
	(*out)->repeats = repeats_new();
	(*out)->looks = true;
	if (rc >= 0 && e->patches) {
		rc = spool_reader_new(&(*out)->patches, e->patches, why);
	}
	return rc;
}

void evidence_reader_seek(struct evidence_reader *r, name_id replica) {
	struct power_item first; /* the least of all kinds */
	struct tenant_patch patch;

	memset(&first, 0, sizeof first);
	first.head = (struct item){.replica = replica, .at_ns = INT64_MIN, .kind = ITEM_POWER};
	spool_reader_seek(r->spool, &first, sizeof first);
	if (r->patches) {
		memset(&patch, 0, sizeof patch);
		patch.replica = replica;
		patch.at_ns = INT64_MIN;
		spool_reader_seek(r->patches, &patch, sizeof patch);
	}
}

int evidence_reading_marks(struct evidence_reader *r, struct spool *marks, struct fault *why) {
	int rc = spool_reader_new(&r->patches, marks, why);

	return rc < 0 ? rc : next_patch(r, why);
}

bool evidence_is_marked(const struct evidence_reader *r) {
	const struct item *last = (const struct item *)(const void *)r->last;

	for (size_t i = 0; i < r->here_count; i++) {
		if (r->here[i].file == last->file && r->here[i].line == last->line) {
			return true;
		}
	}
	return false;
}

size_t evidence_item_len(const struct evidence_reader *r) {
	return item_complete((struct item *)(void *)r->last, r->last_len);
}

int evidence_bought_reader_new(struct evidence_reader **out, struct evidence *e, struct fault *why) {
	return evidence_reading_of(out, e->bought, why);
}

int evidence_gateway_reader_new(struct evidence_reader **out, struct evidence *e, struct fault *why) {
	return evidence_reading_of(out, e->gateway, why);
}

int evidence_power_reader_new(struct evidence_reader **out, struct evidence *e, struct fault *why) {
	return evidence_reading_of(out, e->power, why);
}

void evidence_reader_free(struct evidence_reader *r) {
	if (r) {
		spool_reader_free(r->spool);
		if (r->patches) {
			spool_reader_free(r->patches);
		}
		repeats_free(r->repeats);
		free(r->here);
		free(r->last);
		free(r);
	}
}

/* Is it the same record, wherever it was logged? */
static bool same(const char *a, size_t a_len, const void *b_bytes, size_t b_len) {
	const struct item *x = (const struct item *)(const void *)a, *y = b_bytes;

	return a_len == b_len && x->replica == y->replica && x->model == y->model && x->at_ns == y->at_ns &&
	       x->kind == y->kind && memcmp(a + SAID_FROM, (const char *)b_bytes + SAID_FROM, a_len - SAID_FROM) == 0;
}

static void count_duplicate(struct evidence_reader *r, const struct item *i) {
	r->duplicates += i->at_ns >= r->count_from_ns && i->at_ns < r->count_to_ns;
}

void evidence_forget_repeats(struct evidence *e) {
	free(e->unrepeated);
	e->unrepeated_count = names_count(e->names) + 1;
	e->unrepeated = must_calloc(e->unrepeated_count, sizeof *e->unrepeated);
}

/* A replica follows, or none (0): the one before was read as a whole. Several threads read, each its own replicas. */
static void next_replica(struct evidence_reader *r, name_id replica) {
	struct evidence *e = r->evidence;

	if (r->looks && !r->repeated && r->replica != 0 && r->replica < e->unrepeated_count) {
		atomic_store_explicit(&e->unrepeated[r->replica], true, memory_order_relaxed);
	}
	r->replica = replica;
	r->repeated = false;
	r->looks = replica >= e->unrepeated_count || !atomic_load_explicit(&e->unrepeated[replica], memory_order_relaxed);
}

/* Is it a request that another log reports with other fields? */
static bool is_repeat(struct evidence_reader *r, const struct item *i) {
	if (!r->repeats) {
		return false;
	}
	if (r->replica != i->replica) {
		next_replica(r, i->replica);
	}
	bool is = r->looks && i->kind == ITEM_REQUEST && repeats_seen(r->repeats, (const struct request_item *)(const void *)i);
	r->repeated |= is;
	return is;
}

/*
 * Steps without a number and windows of equal content at one instant are one record, reported twice. Power samples
 * that agree make no difference.
 */
int evidence_next(struct evidence_reader *r, const struct item **out, struct fault *why) {
	const void *item;
	size_t len;
	int got;

	restore_tenant(r);
	while ((got = spool_next(r->spool, &item, &len, why)) > 0) {
		if (r->last_len > 0 && same(r->last, r->last_len, item, len)) {
			count_duplicate(r, item);
			continue;
		}
		if (r->room < len) {
			r->room = len + 256;
			r->last = must_realloc(r->last, r->room);
		}
		memcpy(r->last, item, len);
		r->last_len = len;
		item_complete((struct item *)(void *)r->last, len);
		if (is_repeat(r, (const struct item *)(const void *)r->last)) {
			count_duplicate(r, (const struct item *)(const void *)r->last);
			continue;
		}
		*out = (const struct item *)(void *)r->last;
		return r->patches && (*out)->kind == ITEM_REQUEST ? patch_tenant(r, why) : 1;
	}
	if (got == 0 && r->repeats) {
		next_replica(r, 0);
	}
	return got;
}

void evidence_count_duplicates(struct evidence_reader *r, int64_t from_ns, int64_t to_ns) {
	r->count_from_ns = from_ns;
	r->count_to_ns = to_ns;
}

int64_t evidence_duplicates(const struct evidence_reader *r) {
	return r->duplicates;
}
