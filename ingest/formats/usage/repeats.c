#include "ingest/formats/usage/repeats.h"

#include <stdio.h>

static uint64_t mix(uint64_t hash, uint64_t value) {
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t content_of(const struct record *record) {
	const struct request *q = &record->request;
	const int64_t counts[] = {q->arrival_ns, q->prompt_tokens, q->cached_tokens, q->completion_tokens, q->cache_write_tokens,
	                          q->reasoning_tokens, q->service, q->ok};
	const struct text texts[] = {record->model, q->tenant, q->billing};
	uint64_t hash = 1;

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		hash = mix(hash, (uint64_t)counts[i]);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		hash = mix(hash, text_hash(texts[i]));
	}
	return hash | 1;
}

/* How often a record with this content has been read, with this one. */
static int64_t count_of(struct repeats *r, uint64_t hash) {
	for (size_t i = 0; i < REPEATS_KEPT; i++) {
		if (r->kept[i].hash == hash) {
			return ++r->kept[i].count;
		}
	}
	size_t place = r->used++ % REPEATS_KEPT;
	r->kept[place].hash = hash;
	r->kept[place].count = 1;
	return 1;
}

void repeats_number(struct repeats *r, struct record *record) {
	struct request *q = &record->request;

	if (q->id.len > 0 || q->finish_ns % NS_PER_SECOND != 0) {
		return;
	}
	if (q->finish_ns != r->at_ns) {
		*r = (struct repeats){.at_ns = q->finish_ns};
	}
	int64_t count = count_of(r, content_of(record));
	if (count > 1) {
		q->id = (struct text){r->id, (size_t)snprintf(r->id, sizeof r->id, "#%lld", (long long)count)};
	}
}
