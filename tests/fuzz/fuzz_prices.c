/* Any bytes as a price catalogue: an error or a catalogue, and names are looked up in it. */
#include <stddef.h>
#include <stdint.h>

#include "report/prices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct text bytes = {(const char *)data, size};
	struct price_source source = {0};
	struct price_search search;
	struct price_quote quote;
	struct fault why;
	struct prices *p = prices_new();

	if (prices_add_bytes(p, "fuzz", bytes, &source, &why) == 0) {
		for (size_t i = 0; i < p->model_count && i < 50; i++) {
			price_find(p, p->models[i].id, &search);
			price_at(&p->models[i], 0, 200000, true, &quote);
		}
		price_find(p, T("Org/Some-Model-8B-Instruct-20260101"), &search);
	}
	prices_free(p);
	return 0;
}
