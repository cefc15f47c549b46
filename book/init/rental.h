/* rental.h: rental prices of GPU-hours, suggested if no price was entered. */
#ifndef BOOK_RENTAL_H
#define BOOK_RENTAL_H

#include <stddef.h>

/* USD per GPU-hour, on demand. Prices are decimal texts, as fleet files have them. */
struct rental {
	const char *gpu;       /* name as in samples/gpus.json */
	const char *price;     /* the suggestion */
	const char *low, *high; /* cheapest and most expensive seller; NULL: one seller is known */
	const char *date;      /* of the source */
	const char *source;
};

/* The row of a GPU by the catalogue's name; NULL: none. */
const struct rental *rental_of(const char *gpu);
/* All rows. */
const struct rental *rental_all(size_t *count);

#endif
