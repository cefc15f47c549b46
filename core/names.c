#include "core/names.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/files/platform.h"

/* Bytes of names are kept in blocks of this size; a longer name has a separate block. */
#define BLOCK_BYTES (64 * 1024)

/*
 * Texts by number are kept in pages, each as large as all before it together, so that
 * they never move and a reader needs no lock: page 0 holds numbers 0 to 1023, page k
 * those from 1024 << (k - 1).
 */
#define PAGE_BITS 10
#define PAGES (32 - PAGE_BITS + 1)

struct block {
	struct block *next;
	char bytes[];
};

/* A slot of the hash table. Number 0 (the empty text) is never in it, so 0 is a free slot. */
struct place {
	uint32_t tag; /* upper half of the hash: distinguishes most others without reading their text */
	name_id id;
};

struct names {
	uint64_t seed; /* random, so that an attacker who writes the logs cannot make names collide */
	_Atomic(struct text *) pages[PAGES];
	_Atomic uint32_t count;
	pthread_mutex_t lock; /* guards everything below, and adding */
	struct place *places;
	uint32_t places_mask;
	struct block *blocks;
	size_t block_used, block_room; /* of the first block */
};

static uint64_t mix(uint64_t a, uint64_t b) {
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* text_hash is not suitable here: collisions can be constructed. */
static uint64_t hash_of(uint64_t seed, struct text t) {
	static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = seed ^ t.len, word;

	while (t.len >= sizeof word) {
		memcpy(&word, t.at, sizeof word);
		h = mix(h ^ word, seed ^ odd);
		t.at += sizeof word;
		t.len -= sizeof word;
	}
	word = 0;
	if (t.len > 0) {
		memcpy(&word, t.at, t.len);
	}
	return mix(mix(h ^ word, seed ^ odd), odd);
}

static unsigned page_of(name_id id, uint32_t *index) {
	if (id < 1u << PAGE_BITS) {
		*index = id;
		return 0;
	}
	unsigned top = 31u - (unsigned)__builtin_clz(id);

	*index = id - (1u << top);
	return top - PAGE_BITS + 1;
}

static size_t page_size(unsigned page) {
	return (size_t)1 << (page == 0 ? PAGE_BITS : PAGE_BITS + page - 1);
}

struct names *names_new(void) {
	struct names *n = must_calloc(1, sizeof *n);

	if (!platform_random(&n->seed, sizeof n->seed)) {
		/* Early at boot: falls back to the address of the table. */
		n->seed = mix((uint64_t)(uintptr_t)n, UINT64_C(0xd6e8feb86659fd93));
	}
	pthread_mutex_init(&n->lock, NULL);
	n->places_mask = 255;
	n->places = must_calloc(n->places_mask + 1ul, sizeof *n->places);
	struct text *page = must_calloc(page_size(0), sizeof *page);
	page[0] = T("");
	atomic_init(&n->pages[0], page);
	atomic_init(&n->count, 1);
	return n;
}

void names_free(struct names *n) {
	if (!n) {
		return;
	}
	for (unsigned i = 0; i < PAGES; i++) {
		free(atomic_load(&n->pages[i]));
	}
	for (struct block *b = n->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(n->places);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

/* A NUL-terminated copy that never moves. */
static struct text keep(struct names *n, struct text t) {
	size_t need = t.len + 1;

	if (!n->blocks || n->block_room - n->block_used < need) {
		size_t room = need > BLOCK_BYTES ? need : BLOCK_BYTES;
		struct block *b = must_alloc(sizeof *b + room);
		b->next = n->blocks;
		n->blocks = b;
		n->block_used = 0;
		n->block_room = room;
	}
	char *at = n->blocks->bytes + n->block_used;
	memcpy(at, t.at, t.len);
	at[t.len] = '\0';
	n->block_used += need;
	return (struct text){at, t.len};
}

/* The slot of a text, or the free slot for it. */
static struct place *find(const struct names *n, struct text t, uint64_t hash) {
	uint32_t tag = (uint32_t)(hash >> 32);

	for (uint32_t i = (uint32_t)hash;; i++) {
		struct place *p = &n->places[i & n->places_mask];
		if (p->id == 0 || (p->tag == tag && text_eq(names_text(n, p->id), t))) {
			return p;
		}
	}
}

static void grow(struct names *n) {
	uint32_t old_mask = n->places_mask;
	struct place *old = n->places;

	assert(old_mask < UINT32_MAX);
	n->places_mask = old_mask * 2 + 1;
	n->places = must_calloc(n->places_mask + 1ul, sizeof *n->places);
	for (size_t i = 0; i <= old_mask; i++) {
		if (old[i].id == 0) {
			continue;
		}
		uint32_t at = (uint32_t)hash_of(n->seed, names_text(n, old[i].id));
		while (n->places[at & n->places_mask].id != 0) {
			at++;
		}
		n->places[at & n->places_mask] = old[i];
	}
	free(old);
}

static name_id add(struct names *n, struct place *place, struct text t, uint64_t hash) {
	name_id id = atomic_load_explicit(&n->count, memory_order_relaxed);
	uint32_t index;
	unsigned number = page_of(id, &index);
	struct text *page = atomic_load_explicit(&n->pages[number], memory_order_relaxed);

	if (!page) {
		page = must_alloc(page_size(number) * sizeof *page);
		atomic_store_explicit(&n->pages[number], page, memory_order_release);
	}
	page[index] = keep(n, t);
	*place = (struct place){.tag = (uint32_t)(hash >> 32), .id = id};
	atomic_store_explicit(&n->count, id + 1, memory_order_release);
	if (id > n->places_mask / 4 * 3) {
		grow(n);
	}
	return id;
}

static name_id id_of(struct names *n, struct text t, uint64_t hash) {
	pthread_mutex_lock(&n->lock);
	struct place *place = find(n, t, hash);
	name_id id = place->id != 0 ? place->id : add(n, place, t, hash);
	pthread_mutex_unlock(&n->lock);
	return id;
}

name_id names_id(struct names *n, struct text t) {
	return t.len == 0 ? 0 : id_of(n, t, hash_of(n->seed, t));
}

name_id names_find(struct names *n, struct text t) {
	if (t.len == 0) {
		return 0;
	}
	pthread_mutex_lock(&n->lock);
	name_id id = find(n, t, hash_of(n->seed, t))->id;
	pthread_mutex_unlock(&n->lock);
	return id;
}

struct text names_text(const struct names *n, name_id id) {
	uint32_t index;
	unsigned number = page_of(id, &index);

	/* Every number comes from names_id, so its text was stored before. */
	assert(id < atomic_load_explicit(&n->count, memory_order_acquire));
	return atomic_load_explicit(&n->pages[number], memory_order_acquire)[index];
}

uint32_t names_count(const struct names *n) {
	return atomic_load_explicit(&n->count, memory_order_acquire);
}

static uint64_t eight_at(const char *at) {
	uint64_t bytes;

	memcpy(&bytes, at, sizeof bytes);
	return bytes;
}

/* From both ends of a text: cheap, as a slot that many texts share is only filled more often. */
static size_t slot_of(struct text t) {
	uint64_t ends = t.len;

	if (t.len >= 8) {
		ends += eight_at(t.at) ^ (eight_at(t.at + t.len - 8) * 3 >> 8);
	} else {
		ends += (uint64_t)(unsigned char)t.at[0] << 8 | (uint64_t)(unsigned char)t.at[t.len - 1] << 16;
	}
	return ends * UINT64_C(0x9e3779b97f4a7c15) >> (64 - NAMES_CACHED_LOG2);
}

/* Most names have 8 to 16 bytes: two words that overlap. */
static bool same_text(struct text a, struct text b) {
	if (a.len != b.len || a.len < 8 || a.len > 16) {
		return text_eq(a, b);
	}
	return eight_at(a.at) == eight_at(b.at) && eight_at(a.at + a.len - 8) == eight_at(b.at + b.len - 8);
}

name_id names_cached(struct names_cache *c, struct names *n, struct text t) {
	if (t.len == 0) {
		return 0;
	}
	size_t at = slot_of(t);
	struct cached_name *slot = &c->slot[at], *other = &c->slot[at ^ 1];

	if (same_text(slot->text, t)) {
		return slot->id;
	}
	if (same_text(other->text, t)) {
		return other->id;
	}
	*other = *slot;
	slot->id = names_id(n, t);
	slot->text = names_text(n, slot->id);
	return slot->id;
}
