/* typo.h: suggests the word that may have been meant. */
#ifndef CORE_TYPO_H
#define CORE_TYPO_H

#include <stddef.h>

/* The nearest word so far. */
struct typo {
	const char *word;    /* what was typed */
	const char *nearest; /* NULL: none is near enough */
	int distance;
};

void typo_init(struct typo *t, const char *word);
/* Offers a word; of equal ones the first is kept. */
void typo_offer(struct typo *t, const char *candidate);

#endif
