/* diff.h: the rows of a comparison, for its page. Private to report/. */
#ifndef REPORT_DIFF_H
#define REPORT_DIFF_H

#include "core/text.h"
#include "report/statement.h"

enum { CAUSE_VOLUME, CAUSE_MIX, CAUSE_EFFICIENCY, CAUSE_PRICE, CAUSE_IDLE, DIFF_CAUSES };

/* A model, or all; causes sum to the change. */
struct diff_row {
	struct text model;
	int64_t before, after, cause[DIFF_CAUSES];
};

/* As a page: a waterfall from before to after, and a table of models by causes. */
void diff_page(struct text currency, const struct diff_row *total, const struct diff_row *models, size_t count, FILE *out);

#endif
