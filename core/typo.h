/* typo.h: the word that somebody may have meant. */
#ifndef CORE_TYPO_H
#define CORE_TYPO_H

#include <stddef.h>

/* The nearest so far of the words offered. */
struct typo {
	const char *word;    /* what was typed */
	const char *nearest; /* NULL: nothing is near enough */
	int distance;
};

void typo_init(struct typo *t, const char *word);
/* Offers a word; the first of equals stays. */
void typo_offer(struct typo *t, const char *candidate);

#endif
