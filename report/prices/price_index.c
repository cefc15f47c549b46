/*
 * The index only leaves out models that cannot match: the caller tests those that it returns. Match rules are indexed
 * by the first bytes of the names that they can match; if a rule may match any name, its model is always returned.
 */
#include "report/prices/price_index.h"

#include <stdlib.h>

#include "core/hash_index.h"

#define PREFIX_BYTES 2
/* A rule with more different first bytes is tested with every name. */
#define PREFIXES_MAX 64

struct price_key {
	enum price_way way;
	uint32_t model;
	struct text text;
};

struct price_index {
	struct hash_index by;
	struct price_key *keys;
	size_t key_count, key_room;
	uint32_t *any; /* models with a match rule that may match any name */
	size_t any_count;
	size_t model_count; /* number of models in it */
};

/* Eight bytes at a time, without the bit in which capitals and small letters differ. */
static uint64_t hash_of(enum price_way way, struct text t) {
	uint64_t hash = hash_mix(0, (uint64_t)way + 1), word;

	for (; t.len > 0; t = text_cut(t, sizeof word, t.len)) {
		word = 0;
		memcpy(&word, t.at, t.len < sizeof word ? t.len : sizeof word);
		hash = hash_mix(hash, word & ~UINT64_C(0x2020202020202020));
	}
	return hash_spread(hash);
}

static void add(struct price_index *index, enum price_way way, struct text t, size_t model) {
	index->keys = must_grow(index->keys, index->key_count, &index->key_room, sizeof *index->keys, 1024);
	hash_index_add(&index->by, hash_of(way, t), (uint32_t)index->key_count);
	index->keys[index->key_count++] = (struct price_key){way, (uint32_t)model, t};
}

/* ---- match rules ---- */

/* First bytes of the names that a rule can match. */
struct prefixes {
	struct text at[PREFIXES_MAX];
	size_t count;
	bool any; /* any first byte */
};

static void add_prefix(struct prefixes *out, struct text t) {
	if (t.len < PREFIX_BYTES) {
		out->any = true;
		return;
	}
	t = text_cut(t, 0, PREFIX_BYTES);
	for (size_t i = 0; i < out->count; i++) {
		if (text_eq(out->at[i], t)) {
			return;
		}
	}
	out->any |= out->count == PREFIXES_MAX;
	if (!out->any) {
		out->at[out->count++] = t;
	}
}

static void find_prefixes(const struct match *m, struct prefixes *out);

/* All of its rules must match: those of the first one with a prefix are enough. */
static void find_prefixes_of_all(const struct match *m, struct prefixes *out) {
	for (size_t i = 0; i < m->count; i++) {
		struct prefixes one = {.count = 0};
		find_prefixes(m->any[i], &one);
		for (size_t k = 0; !one.any && k < one.count; k++) {
			add_prefix(out, one.at[k]);
		}
		if (!one.any) {
			return;
		}
	}
	out->any |= m->count > 0;
}

static void find_prefixes(const struct match *m, struct prefixes *out) {
	switch (m->op) {
	case MATCH_EQUALS:
	case MATCH_STARTS_WITH:
		add_prefix(out, m->text);
		return;
	case MATCH_OR:
		for (size_t i = 0; i < m->count; i++) {
			find_prefixes(m->any[i], out);
		}
		return;
	case MATCH_AND:
		find_prefixes_of_all(m, out);
		return;
	case MATCH_NEVER:
		return;
	default:
		out->any = true;
	}
}

static void add_rule(struct price_index *index, const struct match *m, size_t model) {
	struct prefixes found = {.count = 0};

	find_prefixes(m, &found);
	for (size_t i = 0; i < found.count && !found.any; i++) {
		add(index, PRICE_BY_PREFIX, found.at[i], model);
	}
	if (found.any) {
		index->any = must_realloc(index->any, (index->any_count + 1) * sizeof *index->any);
		index->any[index->any_count++] = (uint32_t)model;
	}
}

/* ---- names ---- */

static void add_full_id(struct price_index *index, struct prices *p, const struct price_model *m, size_t model) {
	size_t len = m->provider.len + 1 + m->id.len;
	char *at = prices_alloc(p, len + 1);

	memcpy(at, m->provider.at, m->provider.len);
	at[m->provider.len] = '/';
	memcpy(at + m->provider.len + 1, m->id.at, m->id.len);
	add(index, PRICE_BY_FULL_ID, (struct text){at, len}, model);
}

static void add_model(struct price_index *index, struct prices *p, size_t model) {
	const struct price_model *m = &p->models[model];
	struct name lower;

	if (m->provider.len > 0 && m->id.len > 0) {
		add_full_id(index, p, m, model);
	}
	if (m->key.len > 0) {
		add(index, PRICE_BY_KEY, m->key, model);
	}
	add(index, PRICE_BY_ID, m->id, model);
	add(index, PRICE_BY_BASE, text_base(m->id), model);
	name_lower(&lower, m->id);
	struct text reduced = name_reduced(name_text(&lower));
	if (name_has_size(reduced)) {
		add(index, PRICE_BY_REDUCED, prices_keep(p, reduced), model);
	}
	name_lower(&lower, text_base(m->id));
	struct text undated = name_text(&lower);
	bool dated = name_without_date(&undated);
	add(index, dated ? PRICE_BY_DATED : PRICE_BY_UNDATED, prices_keep(p, undated), model);
	if (m->match) {
		add_rule(index, m->match, model);
	}
}

struct price_index *price_index_add(struct price_index *index, struct prices *p) {
	index = index ? index : must_calloc(1, sizeof *index);
	for (; index->model_count < p->model_count; index->model_count++) {
		add_model(index, p, index->model_count);
	}
	return index;
}

void price_index_free(struct price_index *index) {
	if (index) {
		hash_index_release(&index->by);
		free(index->keys);
		free(index->any);
		free(index);
	}
}

/* ---- lookup ---- */

static bool next(const struct price_index *index, enum price_way way, struct text name, struct price_cursor *at, uint32_t *model) {
	uint64_t hash = hash_of(way, name);
	uint32_t key;

	at->at = at->started ? at->at : hash;
	at->started = true;
	while (index && hash_index_next(&index->by, hash, &at->at, &key)) {
		const struct price_key *k = &index->keys[key];
		if (k->way == way && text_eq_nocase(k->text, name)) {
			*model = k->model;
			return true;
		}
	}
	return false;
}

const struct price_model *price_index_next(const struct prices *p, enum price_way way, struct text name, struct price_cursor *at) {
	uint32_t model;

	return next(p->index, way, name, at, &model) ? &p->models[model] : NULL;
}

static void mark(uint64_t *marks, uint32_t model) {
	marks[model / 64] |= UINT64_C(1) << model % 64;
}

static void mark_all(const struct price_index *index, enum price_way way, struct text name, uint64_t *marks) {
	struct price_cursor at = {0};
	uint32_t model;

	while (next(index, way, name, &at, &model)) {
		mark(marks, model);
	}
}

static void mark_named(const struct price_index *index, struct text name, uint64_t *marks) {
	struct text base = text_base(name);

	mark_all(index, PRICE_BY_BASE, base, marks);
	mark_all(index, PRICE_BY_PREFIX, text_cut(name, 0, name.len < PREFIX_BYTES ? name.len : PREFIX_BYTES), marks);
	mark_all(index, PRICE_BY_PREFIX, text_cut(base, 0, base.len < PREFIX_BYTES ? base.len : PREFIX_BYTES), marks);
	for (size_t i = 0; i < index->any_count; i++) {
		mark(marks, index->any[i]);
	}
}

void price_index_named(const struct prices *p, struct text name, price_model_sink *each, void *context) {
	size_t words = (p->model_count + 63) / 64;
	uint64_t *marks = must_calloc(words + 1, sizeof *marks);

	if (p->index) {
		mark_named(p->index, name, marks);
	}
	for (size_t w = 0; w < words; w++) {
		for (; marks[w] != 0; marks[w] &= marks[w] - 1) {
			each(context, &p->models[w * 64 + (size_t)__builtin_ctzll(marks[w])]);
		}
	}
	free(marks);
}
