/* Steps under a roofline: 12 cells per decade of intensity, 16 of speed. Sums of integers, independent of the order. */
#include "report/roof.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/exact.h"
#include "core/sorted.h"

#define ACROSS 12 /* cells per decade */
#define UP 16

const char *const roof_kind_names[ROOF_KINDS] = {"prefill", "decode", "mixed"};

static int compare_cells(const void *a, const void *b) {
	const struct roof_cell *x = a, *y = b;
	const int32_t keys[][2] = {{x->steps == 0, y->steps == 0}, {x->group, y->group}, {x->kind, y->kind}, {x->x, y->x}, {x->y, y->y}};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (keys[i][0] != keys[i][1]) {
			return keys[i][0] < keys[i][1] ? -1 : 1;
		}
	}
	return 0;
}

static struct roof_cell *slot_of(const struct roof *r, const struct roof_cell *key) {
	uint64_t h = ((uint64_t)(uint32_t)key->group << 40 ^ (uint64_t)(uint16_t)key->kind << 32 ^ (uint64_t)(uint16_t)key->x << 16 ^ (uint64_t)(uint16_t)key->y) *
	             UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(h >> 20) & (r->room - 1);

	while (r->slots[at].steps != 0 &&
	       (r->slots[at].group != key->group || r->slots[at].kind != key->kind || r->slots[at].x != key->x || r->slots[at].y != key->y)) {
		at = (at + 1) & (r->room - 1);
	}
	return &r->slots[at];
}

static void grow(struct roof *r) {
	struct roof old = *r;

	r->room = old.room > 0 ? 2 * old.room : 256;
	r->slots = must_calloc(r->room, sizeof *r->slots);
	for (size_t i = 0; i < old.room; i++) {
		if (old.slots[i].steps != 0) {
			*slot_of(r, &old.slots[i]) = old.slots[i];
		}
	}
	free(old.slots);
}

static void add_cell(struct roof *r, const struct roof_cell *c) {
	if (2 * (r->count + 1) > r->room) {
		grow(r);
	}
	struct roof_cell *slot = slot_of(r, c);
	if (slot->steps == 0) {
		*slot = *c;
		r->count++;
	} else {
		exact_add(&slot->steps, c->steps);
		slot->gpu_ns += c->gpu_ns;
	}
}

void roof_add(struct roof *r, int32_t group, enum roof_kind kind, double intensity, double tflop_s, int64_t gpu_ns) {
	double x = floor(log10(intensity) * ACROSS), y = floor(log10(tflop_s) * UP);

	if (isfinite(x) && isfinite(y) && fabs(x) < INT16_MAX && fabs(y) < INT16_MAX) {
		add_cell(r, &(struct roof_cell){group, (int16_t)kind, (int16_t)x, (int16_t)y, 1, gpu_ns});
	}
}

void roof_put(struct roof *r, const struct roof_cell *c) {
	add_cell(r, c);
}

void roof_sort(struct roof *r) {
	sort_items(r->slots, r->room, sizeof *r->slots, compare_cells);
}

double roof_intensity(const struct roof_cell *c) {
	return pow(10, (c->x + 0.5) / ACROSS);
}

double roof_tflop_s(const struct roof_cell *c) {
	return pow(10, (c->y + 0.5) / UP);
}

void roof_release(struct roof *r) {
	free(r->slots);
	*r = (struct roof){0};
}
