#include "core/typo.h"

#include <string.h>

#define WORD_MAX 40

static int least(int a, int b) {
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
static int distance(const char *a, const char *b) {
	int rows[3][WORD_MAX + 1], la = (int)strlen(a), lb = (int)strlen(b);

	for (int j = 0; j <= lb; j++) {
		rows[0][j] = j;
	}
	for (int i = 1; i <= la; i++) {
		int *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
		now[0] = i;
		for (int j = 1; j <= lb; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
				now[j] = least(now[j], before[j - 2] + 1);
			}
		}
	}
	return rows[la % 3][lb];
}

void typo_init(struct typo *t, const char *word) {
	size_t len = strlen(word);

	*t = (struct typo){.word = len <= WORD_MAX ? word : "", .distance = 1 + (int)(len > 3 ? (len + 1) / 3 : 1)};
}

void typo_offer(struct typo *t, const char *candidate) {
	size_t len = strlen(t->word);

	if (len == 0 || strlen(candidate) > WORD_MAX) {
		return;
	}
	/* A prefix is always near. */
	int d = len > 1 && strncmp(t->word, candidate, len) == 0 ? 1 : distance(t->word, candidate);
	if (d < t->distance) {
		t->distance = d;
		t->nearest = candidate;
	}
}
