#include "report/cells.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/files/pack.h"

bool cube_cell_same(const struct cube_cell *a, const struct cube_cell *b) {
	return a->slot_ns == b->slot_ns && a->rate_nano == b->rate_nano && a->replica == b->replica &&
	       a->model == b->model && a->tenant == b->tenant && a->pool == b->pool && a->kind == b->kind;
}

bool cube_cell_add(struct cube_cell *to, const struct cube_cell *from) {
	bool fits = exact_add(&to->gpu_ns, from->gpu_ns) && exact_add(&to->tokens, from->tokens) &&
	            exact_add(&to->requests, from->requests) && exact_add(&to->reasoning_tokens, from->reasoning_tokens) &&
	            exact_add(&to->cache_write_tokens, from->cache_write_tokens) &&
	            exact_add(&to->unknown_ntok, from->unknown_ntok) && exact_add(&to->spread_ns, from->spread_ns) &&
	            exact_add(&to->energy_mj, from->energy_mj) && exact_add(&to->metered_ns, from->metered_ns);

	for (int g = 0; g < GRADE_NONE; g++) {
		fits = fits && exact_add(&to->evidence_ns[g], from->evidence_ns[g]);
	}
	to->unlisted |= from->unlisted;
	to->revenue += from->revenue;
	to->fees += from->fees;
	return fits;
}

/* ---- numbers ---- */

void cell_numbers_release(struct cell_numbers *n) {
	free(n->at);
	hash_index_release(&n->by_value);
}

static uint32_t number_of(struct cell_numbers *n, int64_t value) {
	uint64_t hash = hash_mix(0, (uint64_t)value), at = hash;

	if (n->count > 0 && n->at[n->last].value == value) {
		return n->last;
	}
	while (hash_index_next(&n->by_value, hash, &at, &n->last)) {
		if (n->at[n->last].value == value) {
			return n->last;
		}
	}
	n->at = must_grow(n->at, n->count, &n->room, sizeof *n->at, 64);
	n->last = (uint32_t)n->count;
	n->at[n->count++] = (struct cell_number){.value = value};
	hash_index_add(&n->by_value, hash, n->last);
	return n->last;
}

/* ---- the packed form ---- */

/*
 * A head of flags, a mask of the amounts that are not 0, the key, and these amounts; all as varints, those that may be
 * negative with their sign in the lowest bit. The head is never 0: a 0 ends a chunk.
 */
enum {
	HEAD_CELL = 1,
	HEAD_UNLISTED = 2,
	HEAD_BORNE = 4,
	HEAD_BOUGHT = 8,
	HEAD_KIND = 16,   /* 3 bits */
	HEAD_GRADE = 128, /* 3 bits: the grade + 1 of all of its evidence, if that is its GPU time; 0: by amounts */
};

/* The amounts in the order of their bits: those that most cells have come first. */
enum {
	AMOUNT_GPU_NS, AMOUNT_TOKENS, AMOUNT_COST, AMOUNT_SPREAD, AMOUNT_REVENUE, AMOUNT_REQUESTS,
	AMOUNT_REVENUE_HIGH, AMOUNT_FEES, AMOUNT_FEES_HIGH, AMOUNT_REASONING, AMOUNT_CACHE_WRITE, AMOUNT_UNKNOWN,
	AMOUNT_ENERGY, AMOUNT_METERED, AMOUNT_EVIDENCE,
	AMOUNT_CHARGE = AMOUNT_EVIDENCE + GRADE_NONE,
	AMOUNTS = AMOUNT_CHARGE + CHARGE_KINDS * CHARGE_AMOUNTS,
};
_Static_assert(AMOUNTS <= 32 && ENTRY_KINDS <= 8 && GRADE_NONE < 8, "room in mask and head");
_Static_assert(sizeof(struct charge) == CHARGE_KINDS * CHARGE_AMOUNTS * sizeof(int64_t), "charges are one array");

/* A varint has at most 10 bytes; the head, the mask, six parts of the key, and the amounts. */
#define CELL_BYTES_MAX (10 * (8 + AMOUNTS))
#define CHUNK_BITS 16
#define CHUNK_BYTES ((size_t)1 << CHUNK_BITS)

static char *put(char *at, uint64_t n) {
	while (n >= 0x80) {
		*at++ = (char)(n | 0x80);
		n >>= 7;
	}
	*at++ = (char)n;
	return at;
}

static const char *get(const char *at, uint64_t *out) {
	uint64_t got = (unsigned char)*at & 0x7f;

	for (unsigned shift = 7; (unsigned char)*at++ >= 0x80; shift += 7) {
		got |= (uint64_t)((unsigned char)*at & 0x7f) << shift;
	}
	*out = got;
	return at;
}

/* The grade + 1 of all of the evidence, if that is the GPU time; else 0. */
static unsigned grade_of(const struct cube_cell *c) {
	unsigned found = 0;

	for (unsigned g = 0; g < GRADE_NONE; g++) {
		if (c->evidence_ns[g] != 0) {
			if (found > 0 || c->evidence_ns[g] != c->gpu_ns) {
				return 0;
			}
			found = g + 1;
		}
	}
	return found;
}

static void gather(const struct cube_cell *c, unsigned grade, int64_t out[AMOUNTS]) {
	out[AMOUNT_GPU_NS] = c->gpu_ns;
	out[AMOUNT_TOKENS] = c->tokens;
	out[AMOUNT_COST] = c->cost_nano;
	out[AMOUNT_SPREAD] = c->spread_ns;
	out[AMOUNT_REVENUE] = (int64_t)c->revenue;
	/* what the sign of the lower half does not say */
	out[AMOUNT_REVENUE_HIGH] = (int64_t)((c->revenue - (int64_t)c->revenue) >> 64);
	out[AMOUNT_REQUESTS] = c->requests;
	out[AMOUNT_FEES] = (int64_t)c->fees;
	out[AMOUNT_FEES_HIGH] = (int64_t)((c->fees - (int64_t)c->fees) >> 64);
	out[AMOUNT_REASONING] = c->reasoning_tokens;
	out[AMOUNT_CACHE_WRITE] = c->cache_write_tokens;
	out[AMOUNT_UNKNOWN] = c->unknown_ntok;
	out[AMOUNT_ENERGY] = c->energy_mj;
	out[AMOUNT_METERED] = c->metered_ns;
	for (int g = 0; g < GRADE_NONE; g++) {
		out[AMOUNT_EVIDENCE + g] = grade > 0 ? 0 : c->evidence_ns[g];
	}
	memcpy(&out[AMOUNT_CHARGE], &c->charge, sizeof c->charge);
}

static void scatter(struct cube_cell *c, const int64_t in[AMOUNTS]) {
	c->gpu_ns = in[AMOUNT_GPU_NS];
	c->tokens = in[AMOUNT_TOKENS];
	c->cost_nano = in[AMOUNT_COST];
	c->spread_ns = in[AMOUNT_SPREAD];
	c->revenue = (int128)in[AMOUNT_REVENUE] + (int128)in[AMOUNT_REVENUE_HIGH] * ((int128)1 << 64);
	c->requests = in[AMOUNT_REQUESTS];
	c->fees = (int128)in[AMOUNT_FEES] + (int128)in[AMOUNT_FEES_HIGH] * ((int128)1 << 64);
	c->reasoning_tokens = in[AMOUNT_REASONING];
	c->cache_write_tokens = in[AMOUNT_CACHE_WRITE];
	c->unknown_ntok = in[AMOUNT_UNKNOWN];
	c->energy_mj = in[AMOUNT_ENERGY];
	c->metered_ns = in[AMOUNT_METERED];
	memcpy(c->evidence_ns, &in[AMOUNT_EVIDENCE], sizeof c->evidence_ns);
	memcpy(&c->charge, &in[AMOUNT_CHARGE], sizeof c->charge);
}

static char *pack(char *at, uint32_t slot, uint32_t rate, const struct cube_cell *c) {
	int64_t amounts[AMOUNTS];
	unsigned grade = grade_of(c);
	uint32_t mask = 0;

	gather(c, grade, amounts);
	for (unsigned i = 0; i < AMOUNTS; i++) {
		mask |= (uint32_t)(amounts[i] != 0) << i;
	}
	at = put(at, HEAD_CELL | (c->unlisted ? HEAD_UNLISTED : 0) | (c->borne ? HEAD_BORNE : 0) | (c->bought ? HEAD_BOUGHT : 0) |
	                 (unsigned)c->kind * HEAD_KIND | grade * HEAD_GRADE);
	at = put(put(put(at, mask), slot), rate);
	at = put(put(put(put(at, c->replica), c->model), c->tenant), c->pool);
	for (; mask != 0; mask &= mask - 1) {
		at = pack_i64(at, amounts[__builtin_ctz(mask)]);
	}
	return at;
}

static const char *unpack_key(const char *at, const struct cell_numbers *slots, const struct cell_numbers *rates, struct cube_cell *out) {
	uint64_t key[6];

	for (int i = 0; i < 6; i++) {
		at = get(at, &key[i]);
	}
	out->slot_ns = slots->at[key[0]].value;
	out->bucket_ns = slots->at[key[0]].bucket_ns;
	out->rate_nano = rates->at[key[1]].value;
	out->replica = (name_id)key[2];
	out->model = (name_id)key[3];
	out->tenant = (name_id)key[4];
	out->pool = (name_id)key[5];
	return at;
}

static const char *unpack(const char *at, const struct cell_numbers *slots, const struct cell_numbers *rates, struct cube_cell *out) {
	int64_t amounts[AMOUNTS] = {0};
	uint64_t head, mask, n;

	at = get(get(at, &head), &mask);
	at = unpack_key(at, slots, rates, out);
	for (; mask != 0; mask &= mask - 1) {
		at = get(at, &n);
		amounts[__builtin_ctzll(mask)] = (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
	}
	scatter(out, amounts);
	unsigned grade = (unsigned)(head / HEAD_GRADE % 8);
	if (grade > 0) {
		out->evidence_ns[grade - 1] = out->gpu_ns;
	}
	out->kind = (enum entry_kind)(head / HEAD_KIND % 8);
	out->unlisted = (head & HEAD_UNLISTED) != 0;
	out->borne = (head & HEAD_BORNE) != 0;
	out->bought = (head & HEAD_BOUGHT) != 0;
	return at;
}

/* ---- piles ---- */

void cell_pile_release(struct cell_pile *p) {
	for (size_t i = 0; i < p->chunk_count; i++) {
		free(p->chunks[i]);
	}
	free(p->chunks);
	*p = (struct cell_pile){.chunks = NULL};
}

uint32_t cell_pile_add(struct cell_pile *p, struct cell_numbers *slots, struct cell_numbers *rates, const struct cube_cell *c) {
	if (p->chunk_count == 0 || p->used + CELL_BYTES_MAX + 1 > CHUNK_BYTES) {
		p->chunks = must_grow(p->chunks, p->chunk_count, &p->chunk_room, sizeof *p->chunks, 16);
		p->chunks[p->chunk_count++] = must_alloc(CHUNK_BYTES);
		p->used = 0;
	}
	assert(p->chunk_count <= (size_t)1 << (32 - CHUNK_BITS));
	char *chunk = p->chunks[p->chunk_count - 1];
	uint32_t place = (uint32_t)((p->chunk_count - 1) << CHUNK_BITS | p->used);
	p->used = (size_t)(pack(chunk + p->used, number_of(slots, c->slot_ns), number_of(rates, c->rate_nano), c) - chunk);
	chunk[p->used] = 0;
	p->count++;
	return place;
}

static const char *at_place(const struct cell_pile *p, uint32_t place) {
	return p->chunks[place >> CHUNK_BITS] + (place & (CHUNK_BYTES - 1));
}

void cell_pile_read(const struct cell_pile *p, const struct cell_numbers *slots, const struct cell_numbers *rates, uint32_t place,
                    struct cube_cell *out) {
	unpack(at_place(p, place), slots, rates, out);
}

void cell_pile_drop(struct cell_pile *p, uint32_t place) {
	for (size_t i = place >> CHUNK_BITS; i-- > 0 && p->chunks[i];) {
		free(p->chunks[i]);
		p->chunks[i] = NULL;
	}
}

bool cell_pile_next(struct cell_pile_reader *r, const struct cell_numbers *slots, const struct cell_numbers *rates, struct cube_cell *out) {
	if (r->left == 0) {
		cell_pile_release(r->pile);
		return false;
	}
	if (*at_place(r->pile, r->place) == 0) {
		r->place = ((r->place >> CHUNK_BITS) + 1) << CHUNK_BITS;
		cell_pile_drop(r->pile, r->place);
	}
	const char *from = at_place(r->pile, r->place);
	r->place += (uint32_t)(unpack(from, slots, rates, out) - from);
	r->left--;
	return true;
}
