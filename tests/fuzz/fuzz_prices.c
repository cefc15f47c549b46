/* Any bytes as a price catalogue: an error or a catalogue, lookups of names, and an unchanged copy. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "report/prices/prices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct prices *p) {
	struct price_search search;
	struct price_quote quote;

	for (size_t i = 0; i < p->model_count && i < 50; i++) {
		price_find(p, p->models[i].id, T("azure"), &search);
		price_at(&p->models[i], 0, 200000, SERVICE_BATCH, &quote);
	}
	price_find(p, T("Org/Some-Model-8B-Instruct-20260101"), T(""), &search);
}

static void read_back(const struct prices *p) {
	struct price_source source = {0};
	struct fault why;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct prices *again = prices_new();

	assert(out);
	prices_write(p, out);
	fclose(out);
	int error = prices_add_bytes(again, "again", (struct text){text, size}, &source, &why);
	assert(!error && again->model_count == p->model_count);
	for (size_t i = 0; i < p->model_count; i++) {
		assert(price_same(&p->models[i], &again->models[i]));
	}
	prices_free(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct text bytes = {(const char *)data, size};
	struct price_source source = {0};
	struct fault why;
	struct prices *p = prices_new();

	if (prices_add_bytes(p, "fuzz", bytes, &source, &why) == 0) {
		look_up(p);
		read_back(p);
	}
	prices_free(p);
	return 0;
}
