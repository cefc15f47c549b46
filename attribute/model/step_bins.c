#include "attribute/model/step_bins.h"

#include <assert.h>
#include <stdlib.h>

#include "core/error.h"

const int bin_bits[BIN_TERMS] = {60, 50, 38, 46, 46, 42, 50};

#define TERM_LIMIT_LOG2 48 /* products of two, summed over 2^31 steps, fit 127 bits */
#define DURATION_SHIFT 3   /* 8 classes of duration per octave */

/* ---- kinds and keys ---- */

static uint64_t key_of(const struct bin_kind *k) {
	return (uint64_t)1 << 63 | (uint64_t)k->segment << 48 | (uint64_t)k->phases << 44 | (uint64_t)k->known << 40 |
	       (uint64_t)k->ntok << 32 | (uint64_t)k->attention << 24 | (uint64_t)k->context << 16 | k->duration;
}

struct bin_kind bin_kind_of(uint64_t key) {
	return (struct bin_kind){
		.segment = (uint8_t)(key >> 48),
		.phases = (uint8_t)(key >> 44 & 15),
		.known = (uint8_t)(key >> 40 & 15),
		.ntok = (uint8_t)(key >> 32),
		.attention = (uint8_t)(key >> 24),
		.context = (uint8_t)(key >> 16),
		.duration = (uint16_t)key,
	};
}

bool bin_key_is_valid(uint64_t key) {
	struct bin_kind k = bin_kind_of(key);

	return key_of(&k) == key && k.segment <= HINGE_COUNT && k.phases >= 1 && k.phases <= 3 && k.known <= 3 &&
	       k.ntok < 128 && k.attention <= 64 && k.context <= 64 && k.duration < BIN_DURATIONS;
}

/* 0, or 1 + the binary logarithm. */
static uint8_t octave(int64_t v) {
	return v > 0 ? (uint8_t)(64 - __builtin_clzll((uint64_t)v)) : 0;
}

/* 2^shift classes of equal width within an octave. */
static uint16_t fine_octave(int64_t v, int shift) {
	int top = 63 - __builtin_clzll((uint64_t)v);
	int64_t within = top >= shift ? v >> (top - shift) : v << (shift - top);

	return (uint16_t)((top << shift) + (int)(within & ((1 << shift) - 1)));
}

static uint8_t segment_of(int64_t ntok) {
	uint8_t s = 0;

	while (s < HINGE_COUNT && ntok > hinge_ntok[s]) {
		s++;
	}
	return s;
}

/*
 * The kind at `level`, from the kind at the level below: each level halves the classes of durations, the first three
 * those of A and K; then A and K count as known or not. At BIN_LEVELS durations no longer matter, and there are fewer
 * than BINS_MAX kinds.
 */
static struct bin_kind coarser(struct bin_kind k, unsigned level) {
	k.duration = (uint16_t)(k.duration >> 1);
	k.ntok = 0;
	k.attention = level > 3 ? k.attention > 0 : (uint8_t)(k.attention >> 1);
	k.context = level > 3 ? k.context > 0 : (uint8_t)(k.context >> 1);
	return k;
}

static uint64_t key_at(uint64_t key, unsigned from_level, unsigned to_level) {
	struct bin_kind kind = bin_kind_of(key);

	for (unsigned level = from_level + 1; level <= to_level; level++) {
		kind = coarser(kind, level);
	}
	return key_of(&kind);
}

static struct bin_kind kind_of(const struct batch *b, int64_t duration_ns, bool attention_known, bool context_known) {
	int64_t ntok = b->prefill_tokens + b->decode_tokens;

	return (struct bin_kind){
		.segment = segment_of(ntok),
		.phases = (uint8_t)((b->prefill_tokens > 0 ? PHASE_PREFILL : 0) | (b->decode_tokens > 0 ? PHASE_DECODE : 0)),
		.known = (uint8_t)((attention_known ? KNOWN_ATTENTION : 0) | (context_known ? KNOWN_CONTEXT : 0)),
		.ntok = (uint8_t)fine_octave(ntok, 1),
		.attention = octave(b->prefill_token_kv),
		.context = octave(b->decode_kv_tokens),
		.duration = fine_octave(duration_ns, DURATION_SHIFT),
	};
}

/* ---- the table ---- */

static size_t hash(uint64_t key) {
	key = (key ^ key >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	key = (key ^ key >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return (size_t)(key >> 32);
}

/* The slot of a key, or the empty one for it. */
static struct step_bin *find(const struct step_bins *c, uint64_t key) {
	size_t mask = ((size_t)1 << c->slots_log2) - 1;
	size_t at = hash(key) & mask;

	while (c->slots[at].key != 0 && c->slots[at].key != key) {
		at = (at + 1) & mask;
	}
	return &c->slots[at];
}

static void rebuild(struct step_bins *c, unsigned slots_log2, unsigned level) {
	struct step_bins to = {.slots_log2 = slots_log2, .level = level};

	to.slots = must_calloc((size_t)1 << slots_log2, sizeof *to.slots);
	for (size_t i = 0; c->slots && i < (size_t)1 << c->slots_log2; i++) {
		if (c->slots[i].key != 0) {
			uint64_t key = key_at(c->slots[i].key, c->level, level);
			struct step_bin *slot = find(&to, key);
			to.count += slot->key == 0;
			slot->key = key;
			bin_join(slot, &c->slots[i]);
		}
	}
	free(c->slots);
	*c = to;
}

void bins_open(struct step_bins *c) {
	if (!c->slots) {
		rebuild(c, 6, c->level);
	}
}

/* The slot of a kind, created if there is none yet. `key` is of `level`. */
static struct step_bin *slot_of(struct step_bins *c, uint64_t key, unsigned level) {
	bins_open(c);
	while (level > c->level) {
		rebuild(c, c->slots_log2, c->level + 1);
	}
	for (;;) {
		uint64_t wanted = key_at(key, level, c->level);
		struct step_bin *slot = find(c, wanted);
		if (slot->key != 0) {
			return slot;
		}
		if (c->count == BINS_MAX) {
			assert(c->level < BIN_LEVELS);
			rebuild(c, c->slots_log2, c->level + 1);
		} else if ((size_t)c->count * 2 >= (size_t)1 << c->slots_log2) {
			rebuild(c, c->slots_log2 + 1, c->level);
		} else {
			slot->key = wanted;
			c->count++;
			return slot;
		}
	}
}

/* ---- adding ---- */

static bool scale_term(int64_t value, double inverse, int bits, int64_t *out) {
	/* One operation at a time, so that no compiler can fuse two with another rounding. */
	double scaled = (double)value * inverse;

	scaled *= (double)((int64_t)1 << bits);
	if (!(scaled >= 0 && scaled < (double)((int64_t)1 << TERM_LIMIT_LOG2))) {
		return false;
	}
	*out = (int64_t)(scaled + 0.5);
	return true;
}

static bool scale_terms(const struct batch *b, int64_t duration_ns, bool context_known, int64_t terms[BIN_TERMS]) {
	int64_t context = context_known ? b->decode_kv_tokens : b->decode_tokens;
	int64_t unequal = context_known ? b->decode_unequal_kv : 0, ntok = b->prefill_tokens + b->decode_tokens;
	const int64_t values[BIN_TERMS] = {
		1, ntok, b->prefill_token_kv, context, b->prefill_kv_tokens, unequal, tile_excess(ntok)};
	double inverse = 1 / (double)duration_ns;
	bool fits = true;

	for (int i = 0; i < BIN_TERMS; i++) {
		fits &= scale_term(values[i], inverse, bin_bits[i], &terms[i]);
	}
	return fits;
}

/* The part of decoding: most steps have one phase, and need no division. */
static int128 decode_of(int64_t tokens, int64_t decode_ntok, int64_t ntok) {
	return decode_ntok == 0 ? 0 : decode_ntok == ntok ? tokens : (int128)tokens * decode_ntok / ntok;
}

static void add_step(struct step_bin *c, const struct batch *b, int64_t duration_ns, const int64_t terms[BIN_TERMS]) {
	int64_t ntok = b->prefill_tokens + b->decode_tokens;
	int128 *sum = c->sums;

	c->decode_sum += decode_of(terms[1], b->decode_tokens, ntok);
	c->steps++;
	c->duration_us += duration_ns / 1000;
	for (int i = 0; i < BIN_TERMS; i++) {
		for (int j = i; j < BIN_TERMS; j++) {
			*sum++ += (int128)terms[i] * terms[j];
		}
	}
	for (int i = 0; i < BIN_TERMS; i++) {
		*sum++ += terms[i];
	}
}

bool bins_add_step(struct step_bins *c, const struct batch *b, int64_t duration_ns, bool attention_known, bool context_known) {
	int64_t terms[BIN_TERMS] = {0};

	if (duration_ns <= 0 || b->prefill_tokens < 0 || b->decode_tokens < 0 ||
	    b->prefill_tokens > INT32_MAX || b->decode_tokens > INT32_MAX || b->prefill_tokens + b->decode_tokens == 0 ||
	    !scale_terms(b, duration_ns, context_known, terms)) {
		return false;
	}
	struct bin_kind kind = kind_of(b, duration_ns, attention_known || b->prefill_tokens == 0,
	                                context_known || b->decode_tokens == 0);
	add_step(slot_of(c, key_of(&kind), 0), b, duration_ns, terms);
	return true;
}

void bin_join(struct step_bin *to, const struct step_bin *from) {
	to->steps += from->steps;
	to->duration_us += from->duration_us;
	to->decode_sum += from->decode_sum;
	for (int i = 0; i < BIN_SUMS; i++) {
		to->sums[i] += from->sums[i];
	}
}

void bins_add_bin(struct step_bins *c, const struct step_bin *bin, unsigned level) {
	bin_join(slot_of(c, bin->key, level), bin);
}

void bins_release(struct step_bins *c) {
	free(c->slots);
	*c = (struct step_bins){0};
}

static int by_key(const void *a, const void *b) {
	const struct step_bin *const *x = a;
	const struct step_bin *const *y = b;

	return ((*x)->key > (*y)->key) - ((*x)->key < (*y)->key);
}

const struct step_bin **bins_sorted(const struct step_bins *c) {
	const struct step_bin **list = must_alloc((c->count + 1) * sizeof *list);
	size_t used = 0;

	for (size_t i = 0; c->slots && i < (size_t)1 << c->slots_log2; i++) {
		if (c->slots[i].key != 0) {
			list[used++] = &c->slots[i];
		}
	}
	qsort(list, used, sizeof(struct step_bin *), by_key);
	return list;
}
